"""Imports whose rows meet in the database: rows of one file that are one person or one
company there, and companies that share a domain or a page."""
import json
import unittest

import harness


class ImportConflictsTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.remove)
        self.server.line("account", "create", "--name", "Acme")

    def imported(self, kind, *lines):
        path = self.server.folder / "rows.csv"
        path.write_text("\n".join(lines) + "\n")
        return self.server.line("import", kind, path)

    def exported(self, kind):
        return self.server.cli("export", kind).stdout.splitlines()

    def test_two_rows_that_are_one_person(self):
        self.imported("people", "name,linkedin_url,email",
                      "Ada King,https://www.linkedin.com/in/ada,ada@x.example")
        said = self.imported("people", "name,linkedin_url,email,title,headline",
                             "Ada King,https://www.linkedin.com/in/ada,,CEO,",
                             "Ada M King,,ada@x.example,,Mathematician")
        self.assertEqual(said, "imported 0, updated 2, rejected 0")
        header, row = self.exported("people")
        person = dict(zip(header.split(","), row.split(",")))
        self.assertEqual((person["title"], person["headline"], person["name"]),
                         ("CEO", "Mathematician", "Ada M King"))

    def test_two_rows_that_are_one_company(self):
        self.imported("companies", "name,linkedin_url,domain",
                      "Acme,https://www.linkedin.com/company/acme,acme.example")
        said = self.imported("companies", "name,linkedin_url,domain,overview,industry",
                             "Acme Group,https://www.linkedin.com/company/acme,,We make it,",
                             "Acme Holding,,acme.example,,Software Development")
        self.assertEqual(said, "imported 0, updated 2, rejected 0")
        header, row = self.exported("companies")
        company = dict(zip(header.split(","), row.split(",")))
        self.assertEqual((company["overview"], company["industry"], company["name"]),
                         ("We make it", "Software Development", "Acme Holding"))

    def test_columns_of_one_name(self):
        """Extra data is an object: each name is there once, or nothing reads it again."""
        lines = ["name,email,Note,Note", "Ada King,ada@x.example,one,two"]
        self.imported("people", *lines)
        self.assertEqual(self.imported("people", *lines), "imported 0, updated 0, rejected 0")
        exported = self.server.cli("export", "people", "--format", "jsonl").stdout
        self.assertEqual(json.loads(exported)["extra"], {"Note": "one", "Note (2)": "two"})
        path = self.server.folder / "people.jsonl"
        path.write_text(exported)
        self.assertEqual(self.server.line("import", "people", path), "imported 0, updated 0, rejected 0")

    def twice(self, *lines):
        """What is there after an import; a second one must change nothing."""
        self.assertEqual(self.imported("people", *lines), "imported 2, updated 0, rejected 0")
        self.assertEqual(self.imported("people", *lines), "imported 0, updated 0, rejected 0")
        return self.exported("companies")[1:]

    def test_people_of_two_pages_with_one_domain(self):
        companies = self.twice(
            "name,company_name,company_linkedin_url,company_domain",
            "Ada King,Acme,https://www.linkedin.com/company/acme,acme.example",
            "Bob Lee,Acme Cloud,https://www.linkedin.com/company/acme-cloud,acme.example")
        self.assertEqual(len(companies), 1)

    def test_people_of_one_page_with_two_domains(self):
        companies = self.twice(
            "name,company_name,company_linkedin_url,company_domain",
            "Ada King,Acme,https://www.linkedin.com/company/acme,acme.example",
            "Bob Lee,Acme,https://www.linkedin.com/company/acme,acme-labs.example")
        self.assertEqual(len(companies), 1)

    def test_people_whose_companies_turn_out_to_be_one(self):
        companies = self.twice(
            "name,company_name,company_linkedin_url,company_domain",
            "Ada King,Acme One,https://www.linkedin.com/company/acme,",
            "Bob Lee,Acme Two,,acme.example")
        self.assertEqual(len(companies), 2)
        said = self.imported("people", "name,company_name,company_linkedin_url,company_domain",
                             "Eve Ray,Acme,https://www.linkedin.com/company/acme,acme.example")
        self.assertEqual(said, "imported 1, updated 0, rejected 0")

    def test_people_whose_companies_are_one_in_the_database(self):
        self.imported("companies", "name,linkedin_url,domain",
                      "Acme,https://www.linkedin.com/company/acme,acme.example")
        said = self.imported("people", "name,company_name,company_linkedin_url,company_domain,"
                             "company_industry,company_overview",
                             "Ada King,Acme One,https://www.linkedin.com/company/acme,,"
                             "Software Development,",
                             "Bob Lee,Acme Two,,acme.example,,We make it")
        self.assertEqual(said, "imported 2, updated 0, rejected 0")
        header, row = self.exported("companies")
        company = dict(zip(header.split(","), row.split(",")))
        self.assertEqual((company["industry"], company["overview"]),
                         ("Software Development", "We make it"))


if __name__ == "__main__":
    unittest.main()
