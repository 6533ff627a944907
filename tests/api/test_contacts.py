"""Contacts: imported and exported, listed, found by id and address; their numbers."""
import csv
import io

import harness

CSV = """First Name,Last Name,Email,Title,Company,Company Domain,LinkedIn URL,City,Country,Time Zone,Owner,Phone,Mobile Phone
Ann,Aa,Ann@One.example,Founder,One Ltd,one.example,https://www.linkedin.com/in/ann-aa,Lisbon,Portugal,Europe/Lisbon,acme@acme.example,+351 21 123 4567,+351 912 345 678
Bob,Bb,bob@two.example,,Two Ltd,,,,,Nowhere/Land,nobody@acme.example,+44 20 7946 0018,
Zo\u00eb,\u00c6r\u00f8,,,,,linkedin.com/in/zoe,,,,,,
"""
NOBODY = "01890000-0000-7000-8000-000000000000"


class WithContacts(harness.ApiTest):
    @classmethod
    def load(cls, server, name, text, *options):
        path = server.folder / name
        path.write_text(text, encoding="utf-8")
        return server.line("import", "contacts", path, "--account", cls.account.id, *options)


class ContactsTest(WithContacts):
    @classmethod
    def prepare(cls, server):
        said = cls.load(server, "contacts.csv", CSV)
        assert said == "imported 3, updated 0, rejected 0", said

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        found = cls.api.get("/contacts", expect=200).json["contacts"]
        cls.ann, cls.bob, cls.zoe = found

    def names(self, query, **options):
        return [one["first_name"] for one in self.api.get("/contacts", query=query, expect=200, **options)
                .json["contacts"]]

    def test_all_members(self):
        numbers = [{name: value for name, value in one.items() if name != "id"} for one in self.ann["phone_numbers"]]
        self.assertEqual(numbers, [
            {"object": "phone_number", "number": "+351211234567", "type": None, "source": "import",
             "is_wrong_number": False},
            {"object": "phone_number", "number": "+351912345678", "type": "mobile", "source": "import",
             "is_wrong_number": False}])
        self.assertEqual({**self.ann, "phone_numbers": [], "id": ""}, {
            "id": "", "name": "Ann Aa", "first_name": "Ann", "last_name": "Aa", "email": "ann@one.example",
            "linkedin_url": "https://www.linkedin.com/in/ann-aa", "title": "Founder",
            "location": "Lisbon, Lisbon, Portugal", "time_zone": "Europe/Lisbon", "company_name": "One Ltd",
            "company_domain": "one.example", "owner": "acme@acme.example", "last_contacted_at": None,
            "phone_numbers": [], "recent_activity": []})
        for member in ("title", "time_zone", "owner", "linkedin_url", "company_domain"):
            self.assertIsNone(self.bob[member], member)

    def test_one(self):
        for path in (f"/contacts/{self.ann['id']}", "/contacts/email/ann@one.example",
                     "/contacts/email/ANN%40one.example"):
            self.assertEqual(self.api.get(path, expect=200).json, self.ann)
        for path in (f"/contacts/{NOBODY}", "/contacts/x", "/contacts/email/x", "/contacts/email/no@one.example",
                     "/contacts/email/%00"):
            with self.subTest(path):
                self.assertIn(self.api.get(path).status, (400, 404))
        self.assert_error(self.api.get("/contacts/email/no@one.example"), 404, "not_found")

    def test_filters(self):
        ann, bob, zoe = self.ann["id"], self.bob["id"], self.zoe["id"]
        for query, names in [
                ({}, ["Ann", "Bob", "Zo\u00eb"]), ({"name": "ANN"}, ["Ann"]), ({"name": "n a"}, ["Ann"]),
                ({"name": "ZO\u00cb"}, ["Zo\u00eb"]), ({"name": "%"}, []), ({"name": ""}, ["Ann", "Bob", "Zo\u00eb"]),
                ({"email": "Bob@Two.example"}, ["Bob"]), ({"email": "x"}, []),
                ({"ids[]": [ann, zoe]}, ["Ann", "Zo\u00eb"]), ({"ids[]": [NOBODY]}, []),
                ({"ids[]": [ann, bob], "name": "bob"}, ["Bob"]),
                ({"ids[]": [ann], "email": "bob@two.example"}, [])]:
            with self.subTest(query):
                self.assertEqual(self.names(query), names)
        self.assertEqual(self.names({"ids": ann}), ["Ann"])

    def test_what_is_refused(self):
        for query, parameter in [({"account_id": "1"}, "account_id"), ({"ids[]": ["x"] * 51}, "ids"),
                                 ({"page[size]": 51}, "page[size]"), ({"page[after]": "x"}, "page[after]")]:
            with self.subTest(query):
                answer = self.api.get("/contacts", query=query)
                self.assertEqual(answer.status, 400)
                self.assertIn(parameter, answer.json["_errors"][0]["source"]["parameter"])

    def test_pages(self):
        first = self.api.get("/contacts?page[size]=2", expect=200).json
        self.assertEqual([one["id"] for one in first["contacts"]], [self.ann["id"], self.bob["id"]])
        self.assertNotIn("prev", first["_links"])
        second = self.api.get(first["_links"]["next"]["href"], expect=200).json
        self.assertEqual([one["id"] for one in second["contacts"]], [self.zoe["id"]])
        back = self.api.get(second["_links"]["prev"]["href"], expect=200).json["contacts"]
        self.assertEqual([one["id"] for one in back], [one["id"] for one in first["contacts"]])

    def test_of_the_own_account_only(self):
        self.assertEqual(self.stranger.get("/contacts", expect=200).json["contacts"], [])
        for path in (f"/contacts/{self.ann['id']}", "/contacts/email/ann@one.example"):
            self.assert_error(self.stranger.get(path), 404, "not_found")
        phone = self.ann["phone_numbers"][0]["id"]
        self.assert_error(self.stranger.post(f"/phone_numbers/{phone}/review", {"reason": "wrong_number"}), 404,
                          "not_found")

    def test_a_number_is_reviewed(self):
        phone = self.bob["phone_numbers"][0]["id"]
        said = self.api.post(f"/phone_numbers/{phone}/review",
                             {"reason": "wrong_number", "user_id": self.account.user_id}, expect=200).json
        self.assertEqual((said["id"], said["is_wrong_number"]), (phone, True))
        numbers = self.api.get(f"/contacts/{self.bob['id']}", expect=200).json["phone_numbers"]
        self.assertEqual([number["is_wrong_number"] for number in numbers], [True])


class ContactFilesTest(WithContacts):
    @classmethod
    def prepare(cls, server):
        assert cls.load(server, "contacts.csv", CSV) == "imported 3, updated 0, rejected 0"
        assert cls.load(server, "again.csv", CSV) == "imported 0, updated 0, rejected 0"
        said = cls.load(server, "more.csv", "Email,LinkedIn URL,Title,Company,Phone\n"
                        "ANN@one.example,,Chair,,+351 21 123 4567\n"          # one member
                        "bob@two.example,linkedin.com/in/bob,,,+44 20 7946 0099\n"  # a profile and a number
                        "zoe@three.example,linkedin.com/in/zoe,,,\n"          # an address, by the profile
                        "ann@one.example,linkedin.com/in/zoe,,,\n"            # of two
                        ",,Nobody,Four Ltd,\n"                                # of none
                        "not an address,,,,\n"
                        "dee@five.example,,,,\n")
        assert said == "imported 1, updated 3, rejected 3", said
        rejected = (server.folder / "more.csv.rejected.csv").read_text(encoding="utf-8")
        for reason in ("of two contacts", "neither email address nor LinkedIn profile", "not an email address"):
            assert reason in rejected, rejected
        cls.exported = server.cli("export", "contacts", "--account", cls.account.id).stdout
        path = server.folder / "other.csv"
        path.write_text(cls.exported, encoding="utf-8")
        said = server.line("import", "contacts", path, "--account", cls.other.id)
        assert said == "imported 4, updated 0, rejected 0", said
        cls.copied = server.cli("export", "contacts", "--account", cls.other.id).stdout
        cls.lines = server.cli("export", "contacts", "--account", cls.other.id, "--format", "jsonl").stdout
        server.cli("privacy", "remove", "--email", "ann@one.example")
        said = cls.load(server, "contacts.csv", CSV)
        assert said == "imported 0, updated 0, rejected 1", said

    def test_what_came_of_it(self):
        found = {one["email"]: one for one in self.api.get("/contacts", expect=200).json["contacts"]}
        self.assertEqual(set(found), {"bob@two.example", "zoe@three.example", "dee@five.example"})
        self.assertEqual(found["bob@two.example"]["linkedin_url"], "https://www.linkedin.com/in/bob")
        self.assertEqual([one["number"] for one in found["bob@two.example"]["phone_numbers"]], ["+442079460018", "+442079460099"])
        self.assertEqual(found["zoe@three.example"]["first_name"], "Zo\u00eb")

    def test_an_export_has_all(self):
        self.assertIn("ann@one.example", self.exported)
        self.assertIn("Chair", self.exported)
        self.assertIn("Europe/Lisbon", self.exported)
        self.assertIn("acme@acme.example", self.exported)
        self.assertIn("+351912345678", self.exported)
        self.assertEqual(len(self.lines.splitlines()), 4)
        self.assertIn('"time_zone":"Europe/Lisbon"', self.lines)

    def test_a_copy_is_the_same(self):
        """Exported, imported elsewhere, exported: but for the owners, who are users of the one account."""
        rows, copied = (list(csv.DictReader(io.StringIO(text))) for text in (self.exported, self.copied))
        self.assertEqual(len(rows), 4)
        owned = [row.pop("owner") for row in rows]
        self.assertIn("acme@acme.example", owned)
        self.assertEqual({row.pop("owner") for row in copied}, {""})
        self.assertEqual(copied, rows)

    def test_a_removal_leaves_nothing(self):
        self.assert_error(self.api.get("/contacts/email/ann@one.example"), 404, "not_found")
        self.assertEqual(len(self.stranger.get("/contacts", expect=200).json["contacts"]), 3)
