"""Does the first page look right to a salesperson? Forty searches over the sample data with
the first results that a person chose by reading the rows, and why in a word or two.

Names between the same brackets are equally good: any order of them will do.
"""
# runs with both search engines
import subprocess

import harness

# (why, search, groups of names from the first result on, titles that are never found)
PEOPLE = [
    # names
    ("the one", {"person_name": "Emeka Fontaine"}, [["Emeka Fontaine"]], []),
    ("last name first", {"person_name": "Fontaine, Emeka"}, [["Emeka Fontaine"]], []),
    ("swapped letters", {"person_name": "Emkea Fontaine"}, [["Emeka Fontaine"]], []),
    ("letter missing", {"person_name": "Emeka Fontane"}, [["Emeka Fontaine"]], []),
    ("two slips", {"person_name": "Emkea Fontane"}, [["Emeka Fontaine"]], []),
    ("apostrophe left out", {"person_name": "Monika OBrien"}, [["Monika O'Brien"]], []),
    ("accent typed", {"person_name": "Jürgen Lee"}, [["Jurgen Lee"]], []),
    ("particles", {"person_name": "van den berg", "person_titles": ["President", "CEO"]},
     [["Alejandro van den Berg", "Paolo van den Berg"]], []),
    ("hyphen left out", {"person_name": "Jean Pierre Lee"}, [["Jean-Pierre Lee"]], []),
    ("begun", {"person_name": "Jean-Pierre Le*", "company_names": ["Copper Grid"]}, [["Jean-Pierre Lee"]], []),
    ("two namesakes, the chief first", {"person_name": "Katarina Nakamura"},
     [["Katarina Nakamura|CTO"], ["Katarina Nakamura|Sales Development Representative"]], []),
    ("two namesakes, the reachable first", {"person_name": "Elif Nakamura"},
     [["Elif Nakamura|Marketing Manager", "Elif Nakamura|Gerente de Marketing"]], []),
    ("owners before chiefs before staff", {"person_name": "MacLeod"},
     [["Sofia MacLeod"], ["Emeka MacLeod", "Marie MacLeod"]], []),
    ("name and place", {"person_name": "Olivia Okafor", "person_locations": ["Oslo"]}, [["Olivia Okafor|VP Finance"]], []),
    # titles
    ("the title itself, then founders who are it, reachable ones first",
     {"person_titles": ["CEO"], "person_locations": ["Germany"]},
     [["Hans Kowalski", "Elif Gonzalez", "Jasmine Hussain"], ["Samuel Kowalski"], ["Jurgen Lee", "John Marino"],
      ["Beatriz Garcia", "Liam Green", "Hiro Reyes"], ["Marie Phillips"]], ["Executive Assistant to the CEO"]),
    ("spelled out is the same", {"person_titles": ["Chief Executive Officer"], "person_locations": ["Deutschland"]},
     [["Hans Kowalski", "Elif Gonzalez", "Jasmine Hussain"], ["Samuel Kowalski"]], ["Executive Assistant to the CEO"]),
    ("in German", {"person_titles": ["Geschäftsführer"], "person_locations": ["Berlin, Germany"]},
     [["Alejandro van den Berg", "Mateo Bauer"], ["Sebastian Khan"]], ["Chief Executive Officer"]),
    ("exact VP before SVP", {"person_titles": ["VP of Sales"], "person_locations": ["Canada"]},
     [["Fatima Baker"], ["Chloe Almeida"]], ["Sales Director", "Vertriebsleiter"]),
    ("abbreviated twice", {"person_titles": ["VP Eng"], "person_locations": ["London"]},
     [["Marta Green", "Amelia Lee"], ["Yusuf Green"], ["Alejandro Fontaine"]], ["Director of Engineering", "Head of Platform"]),
    ("several titles", {"person_titles": ["CFO", "VP Finance"], "person_locations": ["United States"]},
     [["Katarina Takahashi", "Arjun Nilsson", "Charlotte Wolf", "Zoe Brooks"]], ["Finance Manager"]),
    ("reachable first", {"person_titles": ["CIO"]},
     [["Diego Tran", "Pedro Baker", "Lucia Lee", "Yuki Ivanova", "Jack Diaz"], ["Tariq Ito"]], []),
    ("the short form finds the long one", {"person_titles": ["COO"], "company_names": ["Onyx Assurance"]},
     [["Malik Quinn"]], ["Operations Manager"]),
    ("general before associate", {"person_titles": ["General Counsel"], "person_locations": ["Netherlands", "Germany"]},
     [["Lars Sharma"], ["Carmen Lopes"]], ["Legal Counsel"]),
    ("senior is not plain", {"person_titles": ["Recruiter"], "person_locations": ["Berlin"]},
     [["Olivia Okafor"], ["Victor Dubois"]], ["Head of Talent Acquisition"]),
    ("begun title", {"person_titles": ["Chief Peo*"], "company_names": ["Hazel Solar"]}, [["Jana Novak"], ["Elena Baker"]], []),
    # who leads what
    ("leaders of a company", {"company_domains": ["hazelsolar.example"], "person_seniorities": ["Founder", "C-Suite"]},
     [["Malik Mehta"], ["Emily Hughes", "Yuki Ivanova", "Jana Novak"], ["Elena Baker"]], []),
    ("website pasted", {"company_domains": ["https://www.aurorastack.example/about"], "person_titles": ["CISO"]},
     [["Chidi Fischer", "Joao Perez"]], []),
    ("heads before directors before reps", {"company_names": ["Delta Telecom"], "person_departments": ["Revenue"],
                                           "person_keywords": ["sales"]},
     [["Jia Nowak"], ["Priya Weber"], ["Paul Jansen"], ["Amara Castillo"]], ["Senior Accountant"]),
    ("counsel before paralegals", {"company_names": ["copper grid"], "person_departments": ["Legal"]},
     [["Carmen Lopes"], ["Daniel Rossi"], ["Hiro Roux"], ["Alice Costa"]], []),
    ("product people", {"company_names": ["High Vault"], "person_titles": ["Product Manager"]},
     [["Fatima Wang", "Olivia Price"]], ["Product Designer"]),
    ("the boss of the town", {"person_locations": ["Oslo"]}, [["Mia Wong"], ["John Taylor", "Tomasz Weber"], ["Olivia Okafor"]], []),
    ("town with the country", {"person_locations": ["Buenos Aires, Argentina"], "person_seniorities": ["VP", "Head"]},
     [["Hans Gupta", "Aaliyah Torres", "John Aoki"], ["Hiro Costa"]], []),
    ("town and company", {"person_locations": ["Zurich"], "company_names": ["Aurora Cipher"], "person_seniorities": ["VP"]},
     [["Xavier Okafor", "Alice Nakamura", "Yuki Wang"]], []),
    ("a small shop's manager", {"company_locations": ["Germany"], "company_industries": ["Retail"],
                               "person_titles": ["Geschäftsführer"], "company_headcount": {"max": 200}},
     [["Alejandro van den Berg"]], []),
]
# the same for companies
COMPANIES = [
    ("the one", {"company_names": ["Aurora Stack"]}, [["Aurora Stack"]]),
    ("larger first", {"company_names": ["Aurora"]}, [["Aurora Stack"], ["Aurora Cipher"], ["Aurora Industries LLC"]]),
    ("legal form typed", {"company_names": ["Willow Grid Limited"]}, [["Willow Grid Ltd."]]),
    ("giants of an industry", {"company_industries": ["Renewable Energy Power Generation"]},
     [["Hazel Solar Inc."], ["North Wind GmbH"], ["Sequoia Solar"], ["Meridian Wind S.r.l."]]),
    ("what they do and where", {"company_keywords": ["freight"], "company_locations": ["Australia"]}, [["Lark Haulage"]]),
    ("technology and money", {"company_technologies": ["Ericsson"], "company_last_funding": {"min_date": "2023-01-01"}},
     [["Delta Telecom LLC"]]),
]


class JudgedTest(harness.ApiTest):
    @classmethod
    def prepare(cls, server):
        folder = server.folder / "sample"
        subprocess.run([harness.ROOT / "tools/sample", folder], check=True, capture_output=True)
        for kind in ("companies", "people"):
            server.cli("import", kind, folder / f"{kind}.csv")

    def test_there_are_forty(self):
        self.assertEqual(len(PEOPLE) + len(COMPANIES), 40)

    def judge(self, why, query, groups, shown):
        """`shown`: what each result is called; a name may go with a title behind a bar."""
        at = 0
        for group in groups:
            here = shown[at:at + len(group)]
            names = [told if told in group else told.split("|")[0] for told in here]
            self.assertEqual(sorted(names), sorted(group), f"{why}: {query} found {shown}")
            at += len(group)

    def test_people(self):
        for why, query, groups, never in PEOPLE:
            with self.subTest(why):
                results = self.api.post("/people/search", {"page_size": 100, **query}, expect=200).json["results"]
                self.judge(why, query, groups, [f"{row['name']}|{row['title']}" for row in results[:12]])
                self.assertFalse([row["title"] for row in results if row["title"] in never], query)

    def test_companies(self):
        for why, query, groups in COMPANIES:
            with self.subTest(why):
                results = self.api.post("/companies/search", {"page_size": 100, **query}, expect=200).json["results"]
                self.judge(why, query, groups, [row["name"] for row in results[:12]])
