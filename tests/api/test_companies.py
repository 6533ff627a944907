"""Companies: import, find, search with every kind of filter."""
# runs with both search engines
import json

import harness

COMPANIES = """Company,Website,LinkedIn,Industry,Employees,Revenue,Founded,Location,Technologies,Keywords,Total Funding,Latest Funding Stage,Latest Funding Date,Type,B2B
Acme Robotics Inc.,https://www.acme-robotics.example.com,https://www.linkedin.com/company/acme-robotics,Software Development,320,$12M,2011,"Austin, Texas, United States",Salesforce; HubSpot,robots; automation,$40M,Series B,2024-05-01,Privately Held,yes
Bäckerei Müller GmbH,baeckerei.example.de,,Restaurants,12,€900K,1954,"München, Bayern, Deutschland",,bread,,,,Privately Held,no
Globex Corporation,globex.example.org,linkedin.com/company/globex,Banking,25000,$15B,1980,"London, United Kingdom",Oracle,finance,,,,Public Company,yes
"""


class CompaniesTest(harness.ApiTest):
    @classmethod
    def prepare(cls, server):
        path = server.folder / "companies.csv"
        path.write_text(COMPANIES, encoding="utf-8")
        for expected in ("imported 3, updated 0, rejected 0", "imported 0, updated 0, rejected 0"):
            said = server.line("import", "companies", path)
            assert said == expected, said

    def names(self, **body):
        answer = self.api.post("/companies/search", {"page_size": 50, **body}, expect=200).json
        self.assertEqual(answer["object"], "company_search_result")
        self.assertEqual(answer["_pagination"]["total"], len(answer["results"]))
        return [company["name"] for company in answer["results"]]

    def test_find(self):
        for query in ({"domain": "example.com"}, {"domain": "https://acme-robotics.example.com/x"},
                      {"linkedin_url": "http://linkedin.com/company/Acme-Robotics/"}):
            company = self.api.get("/companies/find", query=query, expect=200).json
            self.assertEqual(company["name"], "Acme Robotics Inc.", query)
        self.assertEqual(company["size"], "201-500 employees")
        self.assertEqual(company["estimated_number_of_employees"], 320)
        self.assertEqual(company["revenue"], 12000000)
        self.assertEqual(company["estimated_revenue"], "$10M-$50M")
        self.assertEqual(company["technologies"], ["Salesforce", "HubSpot"])
        self.assertEqual(company["location_details"],
                         {"city": "Austin", "state": "Texas", "country": "United States"})
        self.assertEqual(company["latest_funding_stage"], "Series B")
        self.assertIs(company["is_b2b"], True)
        self.assertIsNone(company["is_b2c"])

    def test_json_lines_bring_nested_values(self):
        path = self.server.folder / "more.jsonl"
        path.write_text(json.dumps({
            "name": "Nested Ltd", "domain": "nested.example.net", "followers": "1,234", "sic_codes": [7372, 7371],
            "department_headcount": {"Engineering & Technical": 12, "Finance": 3},
            "job_function_headcount": {"Sales": 4},
            "locations": [{"address": "1 High Street, Leeds", "country": "United Kingdom", "is_primary": True}],
            "favourite_colour": "green"}) + "\n" + "{not json\n")
        said = self.server.line("import", "companies", path)
        self.assertEqual(said, "imported 1, updated 0, rejected 1")
        company = self.api.get("/companies/find", query={"domain": "example.net"}, expect=200).json
        self.assertEqual(company["department_headcount"], {"Engineering & Technical": 12, "Finance": 3})
        self.assertEqual(company["job_function_headcount"], {"Sales": 4})
        self.assertEqual(company["locations"][0]["country"], "United Kingdom")
        self.assertEqual((company["followers"], company["sic_codes"]), (1234, [7372, 7371]))
        self.assertNotIn("favourite_colour", company)

    def test_find_nothing(self):
        for query in ({"domain": "nowhere.example.net"}, {"domain": "no domain"},
                      {"linkedin_url": "https://linkedin.com/in/acme-robotics"}):
            self.assert_error(self.api.get("/companies/find", query=query), 404, "company_not_found")
        self.assert_error(self.api.get("/companies/find"), 400, "missing_field")

    def test_filters(self):
        acme, baker, globex = "Acme Robotics Inc.", "Bäckerei Müller GmbH", "Globex Corporation"
        cases = [
            ({"company_names": ["acme robotics"]}, [acme]),
            ({"company_names": ["BACKEREI MULLER"]}, [baker]),
            ({"company_domains": ["globex.example.org"]}, [globex]),
            ({"company_industries": ["Banking", "Restaurants"]}, [baker, globex]),
            ({"company_sizes": ["11-50 employees"]}, [baker]),
            ({"company_types": ["Public Company"]}, [globex]),
            ({"company_locations": ["Germany"]}, [baker]),
            ({"company_locations": ["Munich"]}, [baker]),
            ({"company_locations": ["Texas", "England"]}, [acme, globex]),
            ({"company_keywords": ["robots"]}, [acme]),
            ({"company_technologies": ["oracle"]}, [globex]),
            ({"company_focuses": ["b2b"]}, [acme, globex]),
            ({"company_revenue": ["$10B+"]}, [globex]),
            ({"company_headcount": {"min": 12, "max": 320}}, [acme, baker]),
            ({"company_annual_revenue": {"max": 1000000}}, [baker]),
            ({"company_total_funding": {"min": 1}}, [acme]),
            ({"company_founded_year": {"min": 1954, "max": 1980}}, [baker, globex]),
            ({"company_last_funding": {"stages": ["series b"], "min_date": "2024-05-01"}}, [acme]),
            ({"company_last_funding": {"max_date": "2024-04-30"}}, []),
            ({"company_names": ["acme"], "company_locations": ["Germany"]}, []),
        ]
        for body, expected in cases:
            self.assertEqual(sorted(self.names(**body)), sorted(expected), body)

    def test_technologies_whose_names_differ_in_a_sign(self):
        names = {"C": "Sign One Ltd", "C++": "Sign Two Ltd", "C#": "Sign Three Ltd", ".NET": "Sign Four Ltd",
                 "NET": "Sign Five Ltd", "Node.js": "Sign Six Ltd"}
        path = self.server.folder / "signs.csv"
        path.write_text("Company,Technologies\n" + "".join(f"{name},{one};Linux\n" for one, name in names.items()),
                        encoding="utf-8")
        self.server.cli("import", "companies", path)
        for one, name in names.items():
            for asked in {one, one.lower(), f" {one} "}:
                self.assertEqual(self.names(company_technologies=[asked]), [name], asked)
        self.assertEqual(self.names(company_technologies=["node js"]), ["Sign Six Ltd"])
        self.assertEqual(sorted(self.names(company_technologies=["c++", "c#"])), ["Sign Three Ltd", "Sign Two Ltd"])
        self.assertEqual(len(self.names(company_technologies=["linux"])), len(names))

    def test_wrong_values_are_pointed_at(self):
        answer = self.api.post("/companies/search", {
            "company_headcount": {"min": "many"}, "company_industries": ["Juggling"],
            "company_last_funding": {"min_date": "yesterday"}})
        self.assertEqual(answer.status, 400)
        self.assertEqual({error["source"]["pointer"] for error in answer.json["_errors"]},
                         {"/company_headcount/min", "/company_industries/0", "/company_last_funding/min_date"})
