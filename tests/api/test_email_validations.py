"""Email validations: start, poll, results by page, cancel, delete, one address at once, what
they cost, restarts. The mail servers are a farm of fake ones on loopback."""
import threading
import time

import harness
from fake.farm import Farm


class ValidationTest(harness.ApiTest):
    domains = {
        "good.org": {"accept": ["ann", "bob"]},
        "all.org": {"accept": "all"},
        "slow.org": {"accept": ["ann"], "delay_s": {"banner": 1.0}},
        "lease.org": {"accept": ["ann"], "delay_s": {"banner": 3.0}},
        "grey.org": {"accept": "all", "greylist_s": 3},
        "odd.org": {"accept": ["ann"], "replies": {"bob": "550 5.0.0 glorp frobnicates <BOB>, the zyzzyx 4x17 bob@odd.org"}},
    }
    options, timeout_s = {}, 600

    @classmethod
    def setUpClass(cls):
        cls.farm = Farm(cls.domains, {"null.org": {"mx": [[0, ""]]}})
        cls.addClassCleanup(cls.farm.close)
        cls.settings = {"verify.dns_servers": cls.farm.dns, "verify.smtp_port": cls.farm.port,
                        "verify.allow_private": True, "verify.helo": "probe.example.net",
                        "verify.mail_from": "check@example.net", "verify.probe": True,
                        "verify.retry_scale": 0.01, "verify.per_hour": 0, **cls.options}
        super().setUpClass()

    def start(self, emails, client=None):
        answer = (client or self.api).post("/email-validations", {"emails": [{"email": e} for e in emails]},
                                           expect=202)
        self.assertEqual(answer.json["object"], "email_validation")
        self.assertEqual(answer.json["status"], "queued")
        self.assertEqual(answer.json["results"], [])
        self.assertEqual(answer.header("Location"), answer.json["_links"]["self"]["href"])
        return answer.header("Location")

    def wait(self, href, client=None, query=None):
        until = time.monotonic() + 240
        while time.monotonic() < until:
            answer = (client or self.api).get(href, query=query, expect=200)
            if answer.json["status"] not in ("queued", "processing"):
                self.assertIsNone(answer.header("Retry-After"))
                return answer.json
            self.assertRegex(answer.header("Retry-After"), "^[1-9][0-9]?$")
            self.assertEqual(answer.json["results"], [])
            time.sleep(0.05)
        self.fail(f"{href} did not end")

    def buyer(self, credits):
        account = self.server.make_account(f"Buyer{time.monotonic_ns()}")
        if credits:
            self.server.cli("credits", "grant", "email", credits, "--account", account.id)
        client = self.server.client(account.key)
        self.addCleanup(client.close)
        return client

    def left(self, client):
        return client.get("/account-info", expect=200).json["credits"]["email"]


class BatchTest(ValidationTest):
    def test_verdicts(self):
        client = self.buyer(10)
        answer = self.wait(self.start(["ann@good.org", "Nobody@Good.org", "x@all.org", "x@null.org",
                                       "no address", "ANN@good.org"], client), client)
        self.assertEqual(answer["status"], "completed")
        self.assertEqual(answer["total"], 5)
        self.assertEqual([(row["email"], row["result"], row["catch_all"]) for row in answer["results"]],
                         [("ann@good.org", "deliverable", False), ("no address", "undeliverable", False),
                          ("Nobody@Good.org", "undeliverable", False), ("x@all.org", "risky", True),
                          ("x@null.org", "undeliverable", False)])
        for row in answer["results"]:
            self.assertEqual(set(row), {"object", "email", "result", "catch_all"})
        self.assertEqual(self.left(client), 5)

    def test_detail(self):
        href = self.start(["ann@good.org", "x@good.org"])
        rows = self.wait(href, query={"detail": "true"})["results"]
        self.assertEqual([row["reason"] for row in rows], ["accepted_email", "rejected_email"])
        self.assertEqual([row["detail"] for row in rows], ["accepted", "unknown_mailbox"])
        for row in rows:
            self.assertIn("provider", row)
            self.assertRegex(row["checked_at"], "^20[0-9-]{8}T[0-9:]{8}Z$")

    def test_pages(self):
        emails = [f"ok.person{n:03}@good.org" for n in range(250)]
        href = self.start(emails)
        answer, seen = self.wait(href), []
        self.assertNotIn("prev", answer["_links"])
        while True:
            self.assertLessEqual(len(answer["results"]), 100)
            seen += [row["email"] for row in answer["results"]]
            if "next" not in answer["_links"]:
                break
            answer = self.api.get(answer["_links"]["next"]["href"], expect=200).json
        self.assertEqual(seen, emails)
        back = self.api.get(answer["_links"]["prev"]["href"], expect=200).json
        self.assertEqual(back["results"][-1]["email"], "ok.person199@good.org")
        one = self.api.get(href, query={"page[size]": "1", "page[after]": "OK.person100@good.org"}, expect=200).json
        self.assertEqual(one["results"][0]["email"], "ok.person101@good.org")

    def test_wrong_requests(self):
        for body, pointer, code in (
                ({}, "/emails", "missing_field"), ({"emails": []}, "/emails", "unsupported_value"),
                ({"emails": [{"email": "a@good.org"}, {}]}, "/emails/1/email", "missing_field"),
                ({"emails": [{"email": "a@good.org"}, {"email": " "}]}, "/emails/1/email", "unsupported_value"),
                ({"emails": [{"email": "a" * 321}]}, "/emails/0/email", "unsupported_value")):
            with self.subTest(body):
                self.assert_error(self.api.post("/email-validations", body), 400, code, pointer=pointer)
        self.assert_error(self.api.get("/email-validations/1"), 404, "not_found")

    def test_blank_alone(self):
        answer = self.api.post("/email-validations/single", {"email": "\t "})
        self.assert_error(answer, 400, "unsupported_value", pointer="/email")

    def test_more_than_allowed(self):
        emails = [{"email": f"{n}@good.org"} for n in range(100001)]
        answer = self.api.post("/email-validations", {"emails": emails}, judge=False)
        self.assert_error(answer, 400, "unsupported_value", pointer="/emails")

    def test_out_of_credits(self):
        client = self.buyer(2)
        body = {"emails": [{"email": f"{n}@good.org"} for n in range(3)]}
        self.assert_error(client.post("/email-validations", body), 402, "insufficient_credits")
        self.assertEqual(self.left(client), 2)
        self.assert_error(self.buyer(0).post("/email-validations/single", {"email": "a@good.org"}),
                          402, "insufficient_credits")

    def test_cancel_keeps_results(self):
        href = self.start(["no address", "ann@slow.org"])
        until = time.monotonic() + 60
        while self.farm.sessions_of("slow.org") == [] and time.monotonic() < until:
            time.sleep(0.02)
        answer = self.api.patch(href, {"status": "canceled"}, expect=200).json
        self.assertEqual(answer["status"], "canceled")
        self.assertEqual([row["email"] for row in answer["results"]], ["no address"])
        again = self.api.patch(href, {"status": "canceled"}, expect=200).json
        self.assertEqual(again["results"], answer["results"])
        self.assert_error(self.api.patch(href, {"status": "done"}), 400, "unsupported_value", pointer="/status")

    def test_list_and_delete(self):
        client = self.buyer(10)
        hrefs = [self.start([f"{n}@good.org"], client) for n in range(3)]
        page = client.get("/email-validations", query={"page[size]": "2"}, expect=200).json
        self.assertEqual([row["_links"]["self"]["href"] for row in page["email_validations"]], hrefs[:0:-1])
        rest = client.get(page["_links"]["next"]["href"], expect=200).json
        self.assertEqual([row["_links"]["self"]["href"] for row in rest["email_validations"]], hrefs[:1])
        client.delete(hrefs[1], expect=204)
        self.assert_error(client.get(hrefs[1]), 404, "not_found")
        self.assert_error(client.delete(hrefs[1]), 404, "not_found")
        self.assertEqual(len(client.get("/email-validations", expect=200).json["email_validations"]), 2)

    def test_greylisted_is_tried_again(self):
        answer = self.wait(self.start(["one@grey.org"]))
        self.assertEqual(answer["results"][0]["result"], "risky")
        self.assertGreater(len(self.farm.sessions_of("grey.org")), 1)

    def test_a_lease_that_ran_out_unseen(self):
        """The one who has the block takes it again, and goes on with what is under way."""
        client = self.buyer(10)
        href = self.start(["ann@lease.org", "bob@lease.org"], client)
        self.server.wait_for(lambda: self.farm.sessions_of("lease.org"), "a dialogue")
        self.server.database.rows("UPDATE validation_blocks SET lease_until = 1")
        self.server.wait_for(lambda: self.server.database.rows(
            "SELECT 1 FROM validation_blocks WHERE lease_until = 1") == [], "a new lease")
        answer = self.wait(href, client)
        self.assertEqual([row["result"] for row in answer["results"]], ["deliverable", "undeliverable"])
        asked = [local for local, _ in self.farm.recipients_of("lease.org") if local in ("ann", "bob")]
        self.assertEqual(sorted(asked), ["ann", "bob"])
        self.assertEqual(self.left(client), 8)

    def test_metrics(self):
        """What an operator sees of the engine, replies that no rule knows included."""
        def seen(name, labels=""):
            return self.server.metric(f"outrider_verify_{name}", labels)
        names = [("results_total", '{result="deliverable"}'), ("recipients_total", ""), ("unmatched_total", "")]
        before = [seen(*name) for name in names]
        self.wait(self.start(["ann@odd.org", "bob@odd.org"]))
        for name, was in zip(names, before):
            self.assertGreater(seen(*name), was, name)
        self.assertEqual((seen("queued"), seen("blocks_total")), (0, 0))
        told = [line["reply"] for line in self.server.log_lines() if line["message"] == "no rule knows a mail server's reply"]
        self.assertEqual(told, ["other, 550, glorp frobnicates <address> the zyzzyx # <address>"])

    def test_small_one_does_not_wait_for_large_one(self):
        large = self.start([f"{n}@slow.org" for n in range(500)])
        self.assertEqual(self.wait(self.start(["ann@good.org"]))["results"][0]["result"], "deliverable")
        self.assertIn(self.api.get(large, expect=200).json["status"], ("queued", "processing"))
        self.api.patch(large, {"status": "canceled"}, expect=200)


class SingleTest(ValidationTest):
    def test_at_once(self):
        client = self.buyer(3)
        answer = client.post("/email-validations/single", {"email": "bob@good.org"}, expect=200).json
        self.assertEqual(answer, {"object": "email_validation_result", "email": "bob@good.org",
                                  "result": "deliverable", "catch_all": False})
        detailed = client.post("/email-validations/single", {"email": "BOB@good.org"},
                               query={"detail": "true"}, expect=200).json
        self.assertEqual(detailed["reason"], "accepted_email")
        self.assertEqual(self.left(client), 2)

    def test_many_at_once(self):
        client, answers = self.buyer(10), []

        def ask():
            one = self.server.client(client.key)
            answers.append(one.post("/email-validations/single", {"email": "many@all.org"}))
            one.close()
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([answer.status for answer in answers], [200] * 8)
        self.assertEqual(self.left(client), 9)


class LateTest(ValidationTest):
    options = {"reveal.timeout_ms": 100}

    def test_goes_on(self):
        client = self.buyer(2)
        late = client.post("/email-validations/single", {"email": "ann@slow.org"})
        self.assert_error(late, 408, "request_timeout")
        self.assertEqual(late.header("Retry-After"), "60")
        until = time.monotonic() + 60
        answer = late
        while answer.status == 408 and time.monotonic() < until:
            answer = client.post("/email-validations/single", {"email": "ann@slow.org"})
        self.assertEqual(answer.json["result"], "deliverable")
        self.assertEqual(self.left(client), 1)


class AllowanceTest(ValidationTest):
    options = {"verify.per_hour": 10}

    def test_what_is_not_covered_waits(self):
        first = self.start([f"{n}@good.org" for n in range(10)])
        self.assertEqual(self.wait(first)["status"], "completed")
        second = self.start(["ann@good.org"])
        time.sleep(1.5)
        self.assertEqual(self.api.get(second, expect=200).json["status"], "queued")


class OfflineTest(ValidationTest):
    options = {"verify.helo": "", "verify.mail_from": ""}

    def test_without_sender_no_server_is_asked(self):
        answer = self.wait(self.start(["ann@good.org", "x@null.org"]), query={"detail": "true"})
        self.assertEqual([(row["email"], row["result"]) for row in answer["results"]],
                         [("ann@good.org", "unknown"), ("x@null.org", "undeliverable")])
        self.assertEqual(self.farm.sessions, [])


class KillTest(ValidationTest):
    domains = {f"d{n}.org": {} for n in range(100)}  # each has its own servers, and so its own limits
    credits, count, kills = 3000, 2000, 4

    def test_every_address_once(self):
        emails = [f"{'ok.' if n % 2 else 'no.'}{n:05}@d{n % len(self.domains)}.org" for n in range(self.count)]
        href = self.start(emails)
        for _ in range(self.kills):
            time.sleep(0.3)
            self.server.kill()
            self.server.start()
        client = self.server.client(self.account.key)  # the old connection is cut
        self.addCleanup(client.close)
        answer, seen = self.wait(href, client, {"page[size]": "1000"}), []
        while True:
            seen += [(row["email"], row["result"]) for row in answer["results"]]
            if "next" not in answer["_links"]:
                break
            answer = client.get(answer["_links"]["next"]["href"], expect=200).json
        self.assertEqual(seen, sorted((e, "deliverable" if e.startswith("ok") else "undeliverable") for e in emails))
        self.assertEqual(self.left(client), self.credits - self.count)
