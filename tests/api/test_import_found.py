"""What is imported is found: real files, and what searches read made again."""
# runs with both search engines
import shutil
import sqlite3
import subprocess

import harness
from import_files import Files, counts, rows_of

STATES = {"MN": "Minnesota", "CA": "California", "TX": "Texas", "VT": "Vermont", "WY": "Wyoming"}


class RealFilesTest(harness.ApiTest):
    """The files of ../shared/data, without flags."""
    files = {"companies": ("companies_sp500.csv", 503), "people": ("people_us_congress_current.csv", 537)}

    @classmethod
    def prepare(cls, server):
        cls.told = []
        for kind, (name, _) in cls.files.items():
            shutil.copy(harness.shared_file(name), server.folder / name)
            cls.told.append(server.line("import", kind, server.folder / name))
        cls.people = rows_of(server.folder / cls.files["people"][0])
        cls.companies = rows_of(server.folder / cls.files["companies"][0])

    def total(self, path, **body):
        return self.api.post(path, {"page_size": 1, **body}, expect=200).json["_pagination"]["total"]

    def test_all_rows_come_in_and_a_second_time_nothing_changes(self):
        self.assertEqual(self.told, [counts(503), counts(537)])
        before = [self.server.cli("export", kind).stdout for kind in self.files]
        for kind, (name, _) in self.files.items():
            self.assertEqual(self.server.line("import", kind, self.server.folder / name), counts())
            self.assertFalse((self.server.folder / f"{name}.rejected.csv").exists())
        self.assertEqual([self.server.cli("export", kind).stdout for kind in self.files], before)

    def test_the_senators_of_minnesota(self):
        answer = self.api.post("/people/search", {"person_titles": ["senator"],
                                                  "person_locations": ["Minnesota"]}, expect=200).json
        self.assertEqual({person["name"] for person in answer["results"]}, {"Amy Klobuchar", "Tina Smith"})
        self.assertEqual(answer["_pagination"], {"page": 1, "page_size": 5, "total_pages": 1, "total": 2})
        self.assertEqual({person["company"]["name"] for person in answer["results"]}, {"United States Senate"})

    def test_totals_are_those_of_the_file(self):
        self.assertEqual(self.total("/people/search"), len(self.people))
        for title in ("Senator", "Representative"):
            held = [row for row in self.people if row["Job Title"].startswith(title)]
            self.assertGreater(len(held), 90)
            self.assertEqual(self.total("/people/search", person_titles=[title.lower()]), len(held), title)
            for short, state in STATES.items():
                self.assertEqual(self.total("/people/search", person_titles=[title], person_locations=[state]),
                                 sum(row["State"] == short for row in held), f"{title}, {state}")
        self.assertEqual(self.total("/people/search", company_domains=["senate.gov"]),
                         sum("senate.gov" in row["Organization Website"] for row in self.people))

    def test_find_charges_half_a_credit_once(self):
        def credits():
            return self.api.get("/account-info").json["credits"]

        who = {"name": "Amy Klobuchar", "title": "Senator", "company_domain": "senate.gov"}
        before = credits()
        for _ in range(2):
            found = self.api.get("/people/find", query=who, expect=200).json
            self.assertEqual((found["name"], found["title"]), ("Amy Klobuchar", "Senator for MN"))
            self.assertEqual(found["location"], "Minneapolis, Minnesota, United States")
            self.assertEqual(credits(), {"email": before["email"] - 0.5, "phone": before["phone"]})
        self.assert_error(self.api.get("/people/find", query=who | {"name": "Amy Nobody"}), 404, "person_not_found")
        self.assertEqual(credits()["email"], before["email"] - 0.5)

    def test_companies_are_found(self):
        senate = self.api.get("/companies/find", query={"domain": "https://www.senate.gov/"}, expect=200).json
        self.assertEqual((senate["name"], senate["website"]), ("United States Senate", "https://www.senate.gov"))
        for state in ("Minnesota", "Texas"):
            self.assertEqual(self.total("/companies/search", company_locations=[state]),
                             sum(row["Headquarters Location"].endswith(f", {state}") for row in self.companies))
        self.assertEqual(self.total("/companies/search", company_names=["3M"]), 1)
        self.assertEqual(self.total("/companies/search", company_founded_year={"min": 1902, "max": 1902}),
                         sum(row["Founded"].startswith("1902") for row in self.companies))

    def test_companies_have_industries(self):
        names = {row["Security"] for row in self.companies}
        industries = {}
        for page in range(1, 7):
            answer = self.api.post("/companies/search", {"page": page, "page_size": 100}, expect=200).json
            industries |= {company["name"]: company["industry"] for company in answer["results"]}
        self.assertEqual([name for name, industry in industries.items() if name in names and not industry], [])
        wanted = {"Adobe Inc.": "Software Development", "Advanced Micro Devices": "Semiconductor Manufacturing",
                  "AbbVie": "Biotechnology Research", "Aflac": "Insurance Carriers"}
        self.assertEqual({name: industries[name] for name in wanted}, wanted)
        self.assertEqual(self.total("/companies/search", company_industries=["Insurance Carriers"]),
                         sum(industry == "Insurance Carriers" for industry in industries.values()))

    def test_columns_without_a_field_are_kept(self):
        kept = Files(self.server).people()["Amy Klobuchar"]["extra"]
        self.assertEqual(kept, {"Bioguide ID": "K000367", "Profile URL": "https://www.klobuchar.senate.gov",
                                "District Phone": "612-727-5220", "Party": "Democrat", "Term End": "2031-01-03"})
        kept = Files(self.server).people("companies")["3M"]["extra"]
        self.assertEqual((kept["Symbol"], kept["GICS Sub-Industry"]), ("MMM", "Industrial Conglomerates"))

    def test_what_is_imported_is_found_at_once(self):
        files, body = Files(self.server), {"person_name": "Zacharias Latecomer"}
        for number in range(1, 4):
            path = files.write(f"Name,Email\nZacharias Latecomer,z{number}@late.example.com\n")
            self.assertEqual(self.server.line("import", "people", path), counts(1))
            self.assertEqual(self.total("/people/search", **body), number)
        for number in range(1, 4):
            self.server.cli("privacy", "remove", "--email", f"z{number}@late.example.com")
        self.assertEqual(self.total("/people/search", **body), 0)


class ReindexTest(harness.ApiTest):
    @classmethod
    def prepare(cls, server):
        Files(server).load("Name,Title,Company\nRita Index,VP Sales,Engines Ltd\nRolf Index,Clerk,Engines Ltd\n")

    def sql(self, statement):
        if self.server.database.url:
            subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", statement, self.server.database.url],
                           check=True)
            return
        with sqlite3.connect(self.server.folder / "var/outrider.db", timeout=30) as database:
            database.execute(statement)
        database.close()

    def total(self, path, body):
        return self.api.post(path, body, expect=200).json["_pagination"]["total"]

    def test_what_searches_read_is_made_again(self):
        searches = [("/people/search", {"person_titles": ["vice president of sales"]}),
                    ("/people/search", {"person_seniorities": ["VP"]}),
                    ("/people/search", {"company_names": ["engines"], "person_name": "Index"}),
                    ("/companies/search", {"company_names": ["engines"]})]
        totals = [self.total(*search) for search in searches]
        self.assertEqual(totals, [1, 1, 2, 1])
        self.api.close()
        self.server.stop()
        self.sql("UPDATE people SET tags = 'x', seniority = NULL, title_key = NULL")
        self.sql("UPDATE companies SET tags = 'x'")
        self.server.start()
        self.assertEqual([self.total(*search) for search in searches], [0, 0, 0, 0])
        self.assertEqual(self.server.line("reindex"), "people 2, companies 1")
        self.assertEqual([self.total(*search) for search in searches], totals)
