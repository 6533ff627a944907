"""What searches understand, explain and count."""
# runs with both search engines
import harness

PEOPLE = """Name,Title,Headline,Summary,Company,Website,Industry,Employees,Email,City,State,Country,Skills
John Whitaker,Chief Executive Officer,Building the cloud,,Anvil GmbH,anvil-one.com,Software Development,40,john@anvil-one.com,Berlin,,Germany,
Johanna Berg,VP Sales EMEA,,"Twenty years of selling software. Before that she studied in Lund and Uppsala, sailed around the world, and wrote two books about negotiations in the cloud and elsewhere, which have been translated into nine languages.",Anvil GmbH,anvil-one.com,Software Development,40,,Munich,Bavaria,Germany,negotiation
Joan Miller,Account Executive,,,Anvil GmbH,anvil-one.com,Software Development,40,,London,,United Kingdom,cloud computing; sales
Chloé Dupont,Directrice générale,,,Bakery SARL,bakery-two.fr,Retail,8,,Paris,,France,
Wei Chen,Software Engineer,,,,,,,,Shanghai,,China,databases
"""


class SearchTest(harness.ApiTest):
    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(PEOPLE, encoding="utf-8")
        said = server.line("import", "people", path)
        assert said == "imported 5, updated 0, rejected 0", said

    def search(self, rows="people", **body):
        return self.api.post(f"/{rows}/search", {"page_size": 50, **body}, expect=200).json

    def names(self, rows="people", **body):
        answer = self.search(rows, **body)
        self.assertEqual(answer["_pagination"]["total"], len(answer["results"]))
        self.assertNotIn("facets", answer)
        for row in answer["results"]:
            self.assertNotIn("_explain", row)
        return sorted(row["name"] for row in answer["results"])

    def test_beginnings_of_words(self):
        self.assertEqual(self.names(person_name="joh*"), ["Johanna Berg", "John Whitaker"])
        self.assertEqual(self.names(person_name="Joh* Berg"), [])  # only the last word may be begun
        self.assertEqual(self.names(person_name="berg JOH*"), ["Johanna Berg"])
        self.assertEqual(self.names(person_titles=["VP Sal*", "soft*"]), ["Johanna Berg", "Wei Chen"])
        self.assertEqual(self.names(person_keywords=["negot*", "data*"]), ["Johanna Berg", "Wei Chen"])
        self.assertEqual(self.names("companies", company_names=["Bak*"]), ["Bakery SARL"])
        self.assertEqual(self.names(person_name="*"), [])

    def test_names_with_typing_errors(self):
        for wanted in ("Jonh Whitaker", "John Whittaker", "Jhon Whitakre", "whitker"):
            self.assertEqual(self.names(person_name=wanted), ["John Whitaker"], wanted)
        self.assertEqual(self.names(person_name="Chole"), ["Chloé Dupont"])
        # Every word is somebody's: nothing is guessed, and other filters hide nobody's name.
        self.assertEqual(self.names(person_name="Joan Berg"), [])
        self.assertEqual(self.names(person_name="Joan", person_titles=["CEO"]), [])
        # Two errors in a word, or a word of three letters, are another name.
        for wanted in ("Jhonn Whitakre", "Wie Chen", "Xhhon"):
            self.assertEqual(self.names(person_name=wanted), [], wanted)

    def test_titles_mean_what_they_abbreviate(self):
        for wanted, found in (("CEO", ["Chloé Dupont", "John Whitaker"]), ("SVP", []),
                              ("Vice President", ["Johanna Berg"]), ("Vice President of Sales", ["Johanna Berg"]),
                              ("Chief Exec*", ["John Whitaker"])):
            self.assertEqual(self.names(person_titles=[wanted]), found, wanted)

    def explained(self, rows="people", **body):
        answer = self.search(rows, explain=True, **body)
        return {row["name"]: [(e["filter"], e["wanted"], e["field"], e["matched"]) for e in row["_explain"]]
                for row in answer["results"]}

    def test_explains(self):
        self.assertEqual(
            self.explained(person_titles=["Engineer", "CEO"], person_locations=["Germany", "Paris"],
                           person_seniorities=["C-Suite"], company_names=["Anvil"], company_sizes=["11-50 employees"],
                           company_headcount={"min": 10, "max": 50}, company_domains=["https://www.anvil-one.com"]),
            {"John Whitaker": [
                ("person_titles", "CEO", "title", "Chief Executive Officer"),
                ("person_locations", "Germany", "location", "Berlin, Berlin, Germany"),
                ("person_seniorities", "C-Suite", "seniority", "C-Suite"),
                ("company_names", "Anvil", "company.name", "Anvil GmbH"),
                ("company_domains", "https://www.anvil-one.com", "company.domain", "anvil-one.com"),
                ("company_sizes", "11-50 employees", "company.size", "11-50 employees"),
                ("company_headcount", "10 to 50", "company.estimated_number_of_employees", "40")]})

    def test_explains_texts(self):
        self.assertEqual(self.explained(person_keywords=["cloud"]), {
            "John Whitaker": [("person_keywords", "cloud", "headline", "Building the cloud")],
            "Johanna Berg": [("person_keywords", "cloud", "about",
                              "… two books about negotiations in the cloud and elsewhere, which have been translated into "
                              "nine languages.")],
            "Joan Miller": [("person_keywords", "cloud", "keywords", "cloud computing")]})
        # What only two fields together have is explained by both.
        self.assertEqual(self.explained(person_keywords=["executive building"])["John Whitaker"],
                         [("person_keywords", "executive building", "title", "Chief Executive Officer"),
                          ("person_keywords", "executive building", "headline", "Building the cloud")])
        self.assertEqual(self.explained(person_name="Jonh")["John Whitaker"],
                         [("person_name", "Jonh", "name", "John Whitaker")])

    def test_explains_companies(self):
        self.assertEqual(self.explained("companies", company_industries=["Retail", "Banking"],
                                        company_headcount={"max": 10}),
                         {"Bakery SARL": [("company_industries", "Retail", "industry", "Retail"),
                                          ("company_headcount", "at most 10", "estimated_number_of_employees", "8")]})
        self.assertEqual(self.explained(), {name: [] for name in self.names()})

    def facets(self, names, rows="people", **body):
        answer = self.search(rows, facets=names, page_size=1, **body)
        self.assertEqual(set(answer["facets"]), set(names))
        return {name: {entry["value"]: entry["count"] for entry in entries}
                for name, entries in answer["facets"].items()}

    def test_facets(self):
        names = ["person_seniorities", "person_departments", "person_job_functions", "person_locations",
                 "company_industries", "company_sizes", "company_locations", "company_revenue"]
        counts = self.facets(names)
        self.assertEqual(counts["person_locations"], {"Germany": 2, "United Kingdom": 1, "France": 1, "China": 1})
        self.assertEqual(counts["company_industries"], {"Software Development": 3, "Retail": 1})
        self.assertEqual(counts["company_sizes"], {"11-50 employees": 3, "1-10 employees": 1})
        self.assertEqual(counts["company_locations"], {})
        self.assertEqual(self.facets(names, person_locations=["Germany"])["person_locations"], {"Germany": 2})
        self.assertEqual(self.facets(names, person_locations=["Antarctica"]), {name: {} for name in names})
        self.assertEqual(self.facets(["company_sizes"], "companies"),
                         {"company_sizes": {"11-50 employees": 1, "1-10 employees": 1}})
        listed = self.search(facets=["person_locations", "person_locations"])["facets"]["person_locations"]
        self.assertEqual([entry["value"] for entry in listed], ["Germany", "China", "France", "United Kingdom"])

    def test_each_value_of_a_facet_is_one_of_its_filter(self):
        for name in ("person_seniorities", "person_departments", "person_job_functions", "person_locations",
                     "company_industries", "company_sizes"):
            counts = self.facets([name], person_keywords=["cloud"])[name]
            self.assertTrue(counts, name)
            for value, count in counts.items():
                found = self.search(person_keywords=["cloud"], **{name: [value]})
                self.assertEqual(found["_pagination"]["total"], count, f"{name}: {value}")

    def test_unknown_facets_are_refused(self):
        for rows, name in (("people", "person_names"), ("companies", "person_seniorities"), ("people", "")):
            answer = self.api.post(f"/{rows}/search", {"facets": ["company_sizes", name]})
            self.assert_error(answer, 400, "unsupported_value", pointer="/facets/1")
        self.assert_error(self.api.post("/people/search", {"facets": "company_sizes"}), 400, "unsupported_value")
        self.assert_error(self.api.post("/people/search", {"explain": "yes"}), 400, "unsupported_value")
