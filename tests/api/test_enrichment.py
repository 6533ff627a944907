"""Enrichment batches: start, poll, results, cancel, what they cost."""
import time

import harness

PEOPLE = "Name,Title,Company,Website,Email\n" + "".join(
    f"Pat Number{n},Engineer,Batch Ltd,batch.example.com,pat{n}@batch.example.com\n" for n in range(300))


class EnrichmentTest(harness.ApiTest):
    rows = PEOPLE

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(cls.rows, encoding="utf-8")
        server.cli("import", "people", path)

    def wait(self, href, client=None):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            answer = (client or self.api).get(href, expect=200)
            if answer.json["status"] not in ("queued", "processing"):
                return answer
            self.assertEqual(answer.header("Retry-After"), "60")
            self.assertEqual(answer.json["results"], [])
            time.sleep(0.05)
        self.fail(f"{href} did not end")

    def start(self, leads, client=None, **options):
        answer = (client or self.api).post("/people/enrichment-requests", {"leads": leads, **options}, expect=202)
        self.assertIsInstance(answer.json["id"], int)
        self.assertEqual(answer.json["object"], "person_enrichment")
        self.assertEqual(answer.header("Location"), answer.json["_links"]["self"]["href"])
        return answer.header("Location")


class PeopleBatchTest(EnrichmentTest):
    def test_results_in_order_and_charges(self):
        self.server.cli("privacy", "remove", "--email", "pat9@batch.example.com")
        account = self.server.make_account("Buyer")
        self.server.cli("credits", "grant", "email", "10", "--account", account.id)
        buyer = self.server.client(account.key)
        leads = [{"email": "pat1@batch.example.com"}, {"email": "nobody@batch.example.com"},
                 {"email": "pat9@batch.example.com"}, {"title": "CEO"},
                 {"name": "Pat Number2", "company_domain": "example.com"},
                 {"email": "pat1@batch.example.com"}]
        answer = self.wait(self.start(leads, client=buyer, reveal_email=True), buyer).json
        self.assertEqual(answer["status"], "completed")
        self.assertEqual([r["status"] for r in answer["results"]],
                         ["enriched", "not_found", "gdpr_removed", "not_found", "enriched", "enriched"])
        self.assertEqual([r["result"] and r["result"]["email"] for r in answer["results"]],
                         ["pat1@batch.example.com", None, None, None, "pat2@batch.example.com",
                          "pat1@batch.example.com"])
        self.assertEqual(buyer.get("/account-info").json["credits"]["email"], 10 - 3)

    def test_pages(self):
        href = self.start([{"email": f"pat{n}@batch.example.com"} for n in range(20, 270)])
        answer = self.wait(href).json
        names = []
        while True:
            self.assertLessEqual(len(answer["results"]), 100)
            names += [result["result"]["name"] for result in answer["results"]]
            if "next" not in answer["_links"]:
                break
            answer = self.api.get(answer["_links"]["next"]["href"], expect=200).json
        self.assertEqual(names, [f"Pat Number{n}" for n in range(20, 270)])
        back = self.api.get(answer["_links"]["prev"]["href"], expect=200).json
        self.assertEqual(back["results"][-1]["result"]["name"], "Pat Number219")
        wrong = self.api.get(href, query={"page[after]": "x"})
        self.assert_error(wrong, 400, "unsupported_value", parameter="page[after]")

    def test_cancel(self):
        href = self.start([{"email": f"pat{n}@batch.example.com"} for n in range(3)])
        answer = self.api.patch(href, {"status": "canceled"}, expect=200).json
        self.assertIn(answer["status"], ("canceled", "completed"))
        again = self.api.patch(href, {"status": "canceled"}, expect=200).json
        self.assertEqual(again["status"], answer["status"])
        self.assert_error(self.api.patch(href, {"status": "done"}), 400, "unsupported_value", pointer="/status")

    def test_requests_are_checked(self):
        self.assert_error(self.api.post("/people/enrichment-requests", {}), 400, "missing_field", pointer="/leads")
        self.assert_error(self.api.post("/people/enrichment-requests", {"leads": []}), 400,
                          "unsupported_value", pointer="/leads")
        self.assert_error(self.api.post("/people/enrichment-requests", {"leads": [{"name": 1}]}), 400,
                          "unsupported_value", pointer="/leads/0/name")

    def test_only_the_account_sees_it(self):
        href = self.start([{"email": "pat3@batch.example.com"}])
        self.assert_error(self.stranger.get(href), 404, "not_found")
        self.assert_error(self.stranger.patch(href, {"status": "canceled"}), 404, "not_found")
        self.assert_error(self.api.get(href.replace("people", "companies")), 404, "not_found")
        self.assert_error(self.api.get("/people/enrichment-requests/999999"), 404, "not_found")
        self.assert_error(self.api.get("/people/enrichment-requests/x"), 404, "not_found")

    def test_credits_used_up_end_it_with_an_error(self):
        poor = self.server.make_account("Poor")
        self.server.cli("credits", "grant", "email", "0.5", "--account", poor.id)
        client = self.server.client(poor.key)
        leads = [{"email": f"pat{n}@batch.example.com"} for n in range(5)]
        href = client.post("/people/enrichment-requests", {"leads": leads}, expect=202).header("Location")
        answer = self.wait(href, client).json
        self.assertEqual(answer["status"], "error")
        self.assertEqual(answer["_errors"][0]["code"], "insufficient_credits")
        self.assertEqual([r["result"]["name"] for r in answer["results"]], ["Pat Number0"])
        self.assertEqual(client.get("/account-info").json["credits"]["email"], 0)

    def test_as_many_as_the_credits_suffice_for_in_order(self):
        """133 people of 1.5 credits each, a step and a third of one; what is paid for is free later."""
        account = self.server.make_account("Short")
        self.server.cli("credits", "grant", "email", "200", "--account", account.id)
        client = self.server.client(account.key)
        leads = [{"email": "nobody@batch.example.com"}]
        leads += [{"email": f"pat{n}@batch.example.com"} for n in range(20, 270)]
        answer = self.wait(self.start(leads, client, reveal_email=True), client).json
        self.assertEqual((answer["status"], answer["_errors"][0]["code"]), ("error", "insufficient_credits"))
        results = list(answer["results"])
        while "next" in answer["_links"]:
            answer = client.get(answer["_links"]["next"]["href"], expect=200).json
            results += answer["results"]
        self.assertEqual(results[0], {"status": "not_found", "result": None})
        self.assertEqual([r["result"]["email"] for r in results[1:]], [lead["email"] for lead in leads[1:134]])
        self.assertEqual(client.get("/account-info").json["credits"]["email"], 0.5)
        self.server.cli("credits", "grant", "email", "200", "--account", account.id)
        again = self.wait(self.start(leads, client, reveal_email=True), client).json
        self.assertEqual(again["status"], "completed")
        self.assertEqual(client.get("/account-info").json["credits"]["email"], 400 - 250 * 1.5)


class SharedCreditsTest(EnrichmentTest):
    def test_the_last_credits_are_spent_once(self):
        """Many batches at once of the same people, for whom the credits do not suffice; also when
        two processes share the database and one of them is killed."""
        servers = [self.server]
        if harness.ENGINE == "postgres":
            servers.append(harness.Server(self.server.settings, database=self.server.database).start())
        account = self.server.make_account("Shared")
        self.server.cli("credits", "grant", "email", "200", "--account", account.id)
        clients = [server.client(account.key) for server in servers]
        batches = []
        for turn in range(12):
            numbers = [(turn * 37 + k) % 300 for k in range(150)]
            leads = [{"email": f"pat{n}@batch.example.com"} for n in numbers]
            batches.append((self.start(leads, clients[turn % len(clients)], reveal_email=True), numbers))
        for server in servers[1:]:
            server.kill()
        paid = set()
        for href, numbers in batches:
            answer = self.wait(href, clients[0]).json
            names = [result["result"]["name"] for result in answer["results"]]
            while "next" in answer["_links"]:
                answer = clients[0].get(answer["_links"]["next"]["href"], expect=200).json
                names += [result["result"]["name"] for result in answer["results"]]
            self.assertEqual(names, [f"Pat Number{n}" for n in numbers[:len(names)]])
            self.assertEqual(answer["status"], "completed" if len(names) == len(numbers) else "error")
            for error in answer.get("_errors", []):
                self.assertEqual(error["code"], "insufficient_credits")
            paid.update(numbers[:len(names)])
        left = clients[0].get("/account-info").json["credits"]["email"]
        self.assertEqual(left, 200 - len(paid) * 1.5)
        self.assertLess(left, 1.5)


class CompaniesBatchTest(EnrichmentTest):
    def test_results(self):
        answer = self.api.post("/companies/enrichment-requests", {"companies": [
            {"domain": "batch.example.com"}, {"name": "Batch"}, {"domain": "nowhere.example.net"}]}, expect=202)
        answer = self.wait(answer.header("Location")).json
        self.assertEqual(answer["object"], "company_enrichment")
        self.assertEqual([(r["status"], r["result"] and r["result"]["name"]) for r in answer["results"]],
                         [("enriched", "Batch Ltd"), ("enriched", "Batch Ltd"), ("not_found", None)])

    def test_cancel(self):
        answer = self.api.post("/companies/enrichment-requests", {"companies": [{"name": "Batch"}]}, expect=202)
        answer = self.api.patch(answer.header("Location"), {"status": "canceled"}, expect=200)
        self.assertIn(answer.json["status"], ("canceled", "completed"))
