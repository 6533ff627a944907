"""GET /users: fields, filters, pages in both directions, and nobody else's."""
import harness

NAMES = ["Ann", "Bob", "Cid", "Dee", "Eve"]


class UsersTest(harness.ApiTest):
    @classmethod
    def prepare(cls, server):
        for name in NAMES:
            server.cli("user", "add", "--account", cls.account.id, "--email",
                       f"{name}@Example.COM", "--first-name", name, "--last-name", "O'Hara",
                       "--role", "sales_rep")

    def names(self, target):
        return [user["name"].split(" ")[0] for user in self.api.get(target, expect=200).json["users"]]

    def test_fields(self):
        answer = self.api.get("/users", expect=200).json
        self.assertEqual(len(answer["users"]), len(NAMES) + 1)
        self.assertEqual(answer["users"][0], {
            "id": self.account.user_id, "name": "Acme Admin", "email": "acme@acme.example",
            "status": "active", "role": "admin", "mailboxes": []})
        self.assertEqual(answer["users"][1]["email"], "ann@example.com")
        self.assertEqual(answer["_links"], {"self": {"href": "/users?page[size]=20"}})

    def test_filters(self):
        everyone = ["Acme", *NAMES]
        for query, names in [
                ("role=admin", ["Acme"]), ("role=sales_rep", NAMES), ("role=owner", []),
                ("status=active", everyone), ("status=revoked", []), ("role=", []),
                ("email=bob@example.com", ["Bob"]), ("email=BOB%40EXAMPLE.com", ["Bob"]),
                ("email=bob", []), ("email=' OR 1=1 --", []),
                ("role=admin&email=bob@example.com", []), ("unknown=1", everyone)]:
            with self.subTest(query):
                self.assertEqual(self.names("/users?" + query.replace(" ", "%20")), names)

    def test_pages_forwards_and_back(self):
        for filters, expected in (("", ["Acme", *NAMES]), ("&role=sales_rep", NAMES)):
            for size in (1, 2, 3, 5, 6, 7):
                with self.subTest(filters=filters, size=size):
                    self.walk(f"/users?page[size]={size}{filters}", size, expected)

    def walk(self, target, size, expected):
        pages = [expected[at:at + size] for at in range(0, len(expected), size)]
        for position, page in enumerate(pages):
            links = self.check_page(target, page)
            self.assertEqual("prev" in links, position > 0)
            self.assertEqual("next" in links, position < len(pages) - 1)
            target = links["next"]["href"] if "next" in links else links["self"]["href"]
        links = self.check_page(target, pages[-1])
        before = expected[:len(expected) - len(pages[-1])]
        while before:
            links = self.check_page(links["prev"]["href"], before[-size:])
            self.assertIn("next", links)
            before = before[:-size]
            self.assertEqual("prev" in links, bool(before))

    def check_page(self, target, expected):
        answer = self.api.get(target, expect=200).json
        self.assertEqual([user["name"].split(" ")[0] for user in answer["users"]], expected)
        again = self.api.get(answer["_links"]["self"]["href"], expect=200).json
        self.assertEqual(again, answer)
        return answer["_links"]

    def test_encoded_brackets(self):
        first = self.api.get("/users?page%5Bsize%5D=2", expect=200).json
        cursor = first["users"][-1]["id"]
        self.assertEqual(self.names(f"/users?page%5Bsize%5D=2&page%5Bafter%5D={cursor}"),
                         self.names(f"/users?page[size]=2&page[after]={cursor}"))

    def test_beyond_the_end(self):
        last = self.api.get("/users?page[size]=100", expect=200).json["users"][-1]["id"]
        answer = self.api.get(f"/users?page[after]={last}", expect=200).json
        self.assertEqual(answer["users"], [])
        self.assertEqual(list(answer["_links"]), ["self"])

    def test_wrong_pages(self):
        some = self.account.user_id
        for query, parameter in [
                ("page[size]=0", "page[size]"), ("page[size]=101", "page[size]"),
                ("page[size]=-1", "page[size]"), ("page[size]=x", "page[size]"),
                ("page[size]=", "page[size]"), ("page%5Bsize%5D=1.5", "page[size]"),
                ("page[after]=x", "page[after]"), ("page[before]=12", "page[before]"),
                (f"page[after]={some}&page[before]={some}", "page[before]")]:
            with self.subTest(query):
                answer = self.api.get("/users?" + query)
                self.assert_error(answer, 400, "unsupported_value", parameter=parameter)

    def test_all_that_is_wrong_is_told(self):
        answer = self.api.get(f"/users?page[size]=0&page[after]=x&email={'x' * 300}")
        self.assertEqual(answer.status, 400)
        parameters = {error["source"]["parameter"] for error in answer.json["_errors"]}
        self.assertEqual(parameters, {"page[size]", "page[after]", "email"})

    def test_of_the_own_account_only(self):
        answer = self.stranger.get("/users", expect=200).json
        self.assertEqual([user["id"] for user in answer["users"]], [self.other.user_id])
        cursor = self.account.user_id
        for query in (f"page[after]={cursor}", f"page[before]={cursor}", "email=ann@example.com"):
            users = self.stranger.get("/users?" + query, expect=200).json["users"]
            self.assertLessEqual({user["id"] for user in users}, {self.other.user_id})
