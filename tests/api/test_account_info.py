"""GET /account-info: whose key it is, and what can be spent."""
import harness


class AccountInfoTest(harness.ApiTest):
    credits = "12.5"

    def test_fields(self):
        answer = self.api.get("/account-info", expect=200)
        self.assertEqual(answer.json, {"id": self.account.id, "name": "Acme",
                                       "credits": {"email": 12.5, "phone": 12.5}})
        self.assertEqual(answer.header("Content-Type"), "application/json")

    def test_each_key_sees_its_own(self):
        self.assertEqual(self.stranger.get("/account-info", expect=200).json["id"], self.other.id)
        self.assertEqual(self.admin.get("/account-info", expect=200).json["id"], self.account.id)

    def test_parameters_are_passed_over(self):
        self.api.get("/account-info?unknown=1&page[size]=x", expect=200)


class WithoutCreditsTest(harness.ApiTest):
    @classmethod
    def prepare(cls, server):
        cls.poor = server.make_account("Hooli")

    def test_zero(self):
        answer = self.server.client(self.poor.key).get("/account-info", expect=200)
        self.assertEqual(answer.json["credits"], {"email": 0, "phone": 0})


class LastUseTest(harness.ApiTest):
    def test_is_noted(self):
        """At the latest when the server stops; never by a refused request."""
        self.api.get("/account-info", expect=200)
        self.server.client(self.other.key[:-1] + "!").get("/account-info")
        self.server.stop()
        used = self.last_use(self.account)
        self.assertRegex(used["test"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(used["admin"], "-")
        self.assertEqual(self.last_use(self.other), {"test": "-", "admin": "-"})
        self.server.start()

    def last_use(self, account):
        lines = self.server.cli("key", "list", "--account", account.id).stdout.splitlines()
        return {line.split("\t")[5]: line.split("\t")[4] for line in lines}
