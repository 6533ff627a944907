"""Exclusion lists: add, list, delete, with a result for every value."""
import harness


class ExclusionsTest(harness.ApiTest):
    kinds = {"domain": ["one.example.com", "two.example.com", "three.example.com"],
             "email": ["a@one.example.com", "b@one.example.com", "c@one.example.com"]}

    def post(self, kind, values, client=None):
        body = {f"excluded_{kind}s": [{kind: value} for value in values]}
        return (client or self.api).post(f"/excluded-{kind}s", body)

    def remove(self, kind, values, client=None):
        body = {f"excluded_{kind}s": [{kind: value} for value in values]}
        return (client or self.api).delete(f"/excluded-{kind}s", body)

    def listed(self, kind, client=None):
        answer = (client or self.api).get(f"/excluded-{kind}s", expect=200).json
        return [item[kind] for item in answer[f"excluded_{kind}s"]]

    def test_add_list_delete(self):
        for kind, values in self.kinds.items():
            with self.subTest(kind):
                self.assertEqual(self.post(kind, values[:2]).json, dict.fromkeys(values[:2], "success"))
                self.assertEqual(self.post(kind, values[1:]).json,
                                 {values[1]: "duplicated", values[2]: "success"})
                self.assertEqual(self.listed(kind), sorted(values))
                item = self.api.get(f"/excluded-{kind}s").json[f"excluded_{kind}s"][0]
                self.assertEqual((item["source"], item["excluded_reason"]), ("amplemarket", "api"))
                self.assertRegex(item["date_added"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
                unknown = {"domain": "four.example.com", "email": "d@one.example.com"}[kind]
                self.assertEqual(self.remove(kind, values[:1] + [unknown]).json,
                                 {values[0]: "success", unknown: "not_found"})
                self.assertEqual(self.remove(kind, values[:1]).json, {values[0]: "not_found"})
                self.assertEqual(self.remove(kind, values[1:]).status, 200)
                self.assertEqual(self.listed(kind), [])

    def test_values_are_compared_in_their_normal_form(self):
        answer = self.post("domain", ["HTTPS://WWW.Bücher.example.com/x", "xn--bcher-kva.example.com"])
        self.assertEqual(answer.json, {"HTTPS://WWW.Bücher.example.com/x": "success",
                                       "xn--bcher-kva.example.com": "duplicated"})
        self.assertEqual(self.listed("domain"), ["xn--bcher-kva.example.com"])
        self.assertEqual(self.remove("domain", ["bücher.example.com"]).json, {"bücher.example.com": "success"})
        self.assertEqual(self.post("email", ["X@One.Example.com"]).json, {"X@One.Example.com": "success"})
        self.assertEqual(self.remove("email", ["x@one.example.com"]).json, {"x@one.example.com": "success"})

    def test_wrong_values_are_pointed_at_and_nothing_is_added(self):
        answer = self.post("email", ["ok@one.example.com", "not an address", "@"])
        self.assertEqual(answer.status, 400)
        self.assertEqual([error["source"]["pointer"] for error in answer.json["_errors"]],
                         ["/excluded_emails/1/email", "/excluded_emails/2/email"])
        self.assertEqual(self.listed("email"), [])
        self.assert_error(self.api.post("/excluded-emails", {}), 400, "missing_field", pointer="/excluded_emails")

    def test_links_and_pages(self):
        self.assertEqual(self.api.get("/excluded-domains").json["_links"],
                         {"self": {"href": "/excluded-domains?size=2000"}})
        values = sorted(f"p{number}.example.com" for number in range(5))
        self.post("domain", values)
        seen, href = [], "/excluded-domains?size=2"
        while href:
            answer = self.api.get(href, expect=200).json
            seen += [item["domain"] for item in answer["excluded_domains"]]
            self.assertLessEqual(len(answer["excluded_domains"]), 2)
            href = answer["_links"].get("next", {}).get("href")
        self.assertEqual(seen, values)
        self.remove("domain", values)

    def test_order_is_that_of_the_bytes(self):
        """On both engines: a dictionary would say _ - + 1."""
        for kind, values in (("email", [f"a{c}@z.example.com" for c in ("+b", "-b", ".b", "1", "_b", "b")]),
                             ("domain", ["a-b.example.com", "a.example.com", "a1.example.com", "ab.example.com"])):
            with self.subTest(kind):
                self.assertEqual(values, sorted(values))
                self.post(kind, values[::-1])
                self.assertEqual(self.listed(kind), values)
                for page, expected in (("page[after]", values[3:5]), ("page[before]", values[:2])):
                    answer = self.api.get(f"/excluded-{kind}s", expect=200,
                                          query={page: values[2], "page[size]": 2}).json
                    self.assertEqual([item[kind] for item in answer[f"excluded_{kind}s"]], expected)
                self.remove(kind, values)

    def test_accounts_do_not_see_each_other(self):
        self.post("domain", ["mine.example.com"])
        self.assertEqual(self.listed("domain", self.stranger), [])
        self.assertEqual(self.remove("domain", ["mine.example.com"], self.stranger).json,
                         {"mine.example.com": "not_found"})
        self.assertEqual(self.post("domain", ["mine.example.com"], self.stranger).json,
                         {"mine.example.com": "success"})
        self.assertEqual(self.remove("domain", ["mine.example.com"]).json, {"mine.example.com": "success"})
        self.assertEqual(self.listed("domain", self.stranger), ["mine.example.com"])

    def test_rows_of_a_crm_are_not_deleted_here(self):
        path = self.server.folder / "crm.csv"
        path.write_text("crm.example.com\nboss@crm.example.com\n\nnot a value\n")
        done = self.server.cli("exclusions", "import", path, "--source", "salesforce",
                               "--account", self.other.id)
        self.assertEqual(done.stdout.strip().split("\n")[-1], "imported 2, updated 0, rejected 1")
        for kind, value in (("domain", "crm.example.com"), ("email", "boss@crm.example.com")):
            self.assertEqual(self.remove(kind, [value], self.stranger).json, {value: "unsupported"})
        self.assertIn("salesforce", [item["source"] for item in
                                     self.stranger.get("/excluded-emails").json["excluded_emails"]])
