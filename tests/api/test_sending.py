"""Messages from a lead to a server: what goes out, once, and what becomes of it, whatever the
server answers."""
import re
import sys
import threading
import time

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.smtp import FakeSmtp  # noqa: E402  (the path is set above)
from lib.mail_servers import free_ports  # noqa: E402
from lib.sending import Anybody, MAILBOXES, MESSAGES, SEQUENCES, Sending  # noqa: E402


class SendingTest(Sending, harness.ApiTest):
    settings = {"mail.allow_private": True, "http.public_url": "https://o.example", "sequence.tick_ms": 50, "sequence.senders": 8}

    def smtp(self, script=None, **options):
        smtp = FakeSmtp(script, users=Anybody(anybody="secret"), **options)
        self.addCleanup(smtp.close)
        return smtp

    def start(self, script=None, **options):
        smtp = self.smtp(script, **options)
        SendingTest.boxes = getattr(SendingTest, "boxes", 0) + 1
        return smtp, self.connect(f"box{SendingTest.boxes}@acme.example", smtp.port)

    def test_a_message_as_it_arrives(self):
        smtp, box = self.start()
        sequence = self.sequence(box)
        self.add(sequence, "ann@lead.example")
        shown = self.message(sequence, "ann@lead.example", "sent")
        self.assertEqual(len(smtp.messages), 1)
        got, address = self.parsed(smtp.messages[0]), f"box{SendingTest.boxes}@acme.example"
        self.assertEqual((smtp.messages[0]["to"], got["From"].addresses[0].addr_spec), (["ann@lead.example"], address))
        self.assertEqual((got["Subject"], got.get_content()), ("Hi", "Hello ann\r\n"))
        self.assertEqual(got["Message-ID"], f"<{shown['message_id']}>")
        self.assertEqual(got["X-Outrider-Id"], shown["id"])
        self.assertLess(abs(got["Date"].datetime.timestamp() - time.time()), 300)
        self.assertRegex(got["List-Unsubscribe"], r"^<https://o\.example/unsubscribe/[\w-]{64}>, <mailto:box\d+@")
        self.assertIn("taken", shown["reply"])
        source = self.admin.get(f"{MESSAGES}/{shown['id']}/source", expect=200).body
        self.assertEqual(smtp.messages[0]["bytes"].split(b"\r\n", 1)[1], source)
        self.assertEqual(self.admin.get(f"{MESSAGES}/{shown['id']}", expect=200).json, shown)

    def test_one_connection_for_many(self):
        all_written = threading.Event()
        self.addCleanup(all_written.set)
        smtp, box = self.start({"banner": {"when": all_written, "reply": "220 at last"}})
        sequence = self.sequence(box)
        addresses = [f"a{number}@lead.example" for number in range(30)]
        self.add(sequence, *addresses)
        self.server.wait_for(lambda: len(self.messages(sequence_id=sequence)) == 30, "30 messages in the queue")
        all_written.set()
        self.server.wait_for(lambda: len(smtp.messages) == 30, "30 messages")
        self.assertEqual(sorted(message["to"][0] for message in smtp.messages), sorted(addresses))
        self.assertEqual(smtp.connections, 1)

    def test_a_mailbox_that_moved(self):
        """A connection that was kept leads to where it was."""
        before, box = self.start()
        sequence = self.sequence(box)
        self.add(sequence, "ann@moved.example")
        self.message(sequence, "ann@moved.example", "sent")
        after = self.smtp()
        self.connect(f"box{SendingTest.boxes}@acme.example", after.port)
        self.add(sequence, "bob@moved.example")
        self.message(sequence, "bob@moved.example", "sent")
        self.assertEqual([[message["to"] for message in smtp.messages] for smtp in (before, after)],
                         [[["ann@moved.example"]], [["bob@moved.example"]]])

    def test_a_thread(self):
        smtp, box = self.start()
        email = {"type": "email", "variants": [{"text": "More"}]}
        sequence = self.sequence(box, {"type": "email", "variants": [{"subject": "Hi", "text": "One"}]}, email, email)
        self.add(sequence, "ann@thread.example")
        self.server.wait_for(lambda: len(smtp.messages) == 3, "3 messages")
        one, two, three = map(self.parsed, smtp.messages)
        self.assertEqual([two["Subject"], three["Subject"]], ["Re: Hi", "Re: Hi"])
        self.assertEqual((two["In-Reply-To"], three["In-Reply-To"]), (one["Message-ID"], two["Message-ID"]))
        self.assertEqual(three["References"].split(), [one["Message-ID"], two["Message-ID"]])

    def outcome(self, script, state, reason=None, **options):
        smtp, box = self.start(script, **options)
        sequence = self.sequence(box)
        address = f"{state}{SendingTest.boxes}@outcome.example"
        self.add(sequence, address)
        message = self.message(sequence, address, state, reason)
        self.assertEqual(message.get("reason"), reason, message)
        return smtp, box, sequence, message

    def test_no_such_address(self):
        smtp, _, _, message = self.outcome({"rcpt": "550 5.1.1 no such user"}, "failed", "no_such_address")
        self.assertIn("550 5.1.1 no such user", message["detail"])
        excluded = self.api.get("/excluded-emails", expect=200).json["excluded_emails"]
        self.assertIn((message["recipient"], "bounced"), [(row["email"], row["excluded_reason"]) for row in excluded])
        self.assertEqual(smtp.whole, [])

    def test_refused(self):
        for step, reply in (("mail", "550 5.7.1 not from you"), ("dot", "554 5.7.1 spam"), ("data", "554 no")):
            _, _, _, message = self.outcome({step: reply}, "failed", "refused")
            self.assertTrue(message["detail"].startswith(f"{step}: 55"), message)

    def test_refused_for_the_moment(self):
        for step in ("rcpt", "data", "dot"):
            _, _, _, message = self.outcome({step: "451 4.3.0 later"}, "retry_wait", "retry")
            self.assertEqual(message["attempts"], 1)

    def test_throttled(self):
        _, box, _, message = self.outcome({"mail": "452 4.7.1 daily sending limit reached"}, "queued", "throttled")
        self.assertIn("throttled_until", self.admin.get(f"{MAILBOXES}/{box}", expect=200).json)
        self.assertEqual(message["attempts"], 0)

    def test_throttled_at_once(self):
        """Of a mailbox that is throttled nothing more is begun, not even what was waiting behind."""
        all_written = threading.Event()
        self.addCleanup(all_written.set)
        smtp, box = self.start({"banner": {"when": all_written, "reply": "220 at last"},
                                "mail": ["452 4.7.1 daily sending limit reached", "250 ok"]})
        sequence = self.sequence(box)
        self.add(sequence, *[f"t{number}@throttled.example" for number in range(3)])
        self.server.wait_for(lambda: len(self.messages(sequence_id=sequence)) == 3, "3 messages in the queue")
        all_written.set()
        self.server.wait_for(lambda: any(m.get("reason") == "throttled" for m in self.messages(sequence_id=sequence)),
                             "a refusal")
        self.assertEqual([m["state"] for m in self.messages(sequence_id=sequence)], ["queued"] * 3)
        self.assertEqual(smtp.whole, [])

    def test_no_server(self):
        box = self.connect("nobody@acme.example", free_ports(1)[0])
        sequence = self.sequence(box)
        self.add(sequence, "ann@gone.example")
        self.server.wait_for(lambda: self.message(sequence, "ann@gone.example").get("reason") == "network", "a try")
        self.assertEqual(self.message(sequence, "ann@gone.example")["state"], "queued")
        self.assertEqual(self.admin.get(f"{MAILBOXES}/{box}", expect=200).json["status"], "active")

    def test_dropped_after_the_dot_then_decided(self):
        for decision, state in (("sent", "sent"), ("drop", "canceled")):
            smtp, _, _, message = self.outcome({"dot": ""}, "uncertain", "no_answer")
            time.sleep(0.3)
            self.assertEqual(len(smtp.whole), 1)  # not sent again
            path = f"{MESSAGES}/{message['id']}/decision"
            self.assert_error(self.admin.post(path, {"decision": "perhaps"}), 400, "unsupported_value",
                              pointer="/decision")
            decided = self.admin.post(path, {"decision": decision}, expect=200).json
            self.assertEqual(decided["state"], state)
            self.assert_error(self.admin.post(path, {"decision": decision}), 409, "conflict")
            self.assertEqual(len(smtp.whole), 1)

    def test_decided_to_send_again(self):
        smtp, _, sequence, message = self.outcome({"dot": ["", "250 taken"]}, "uncertain", "no_answer")
        self.admin.post(f"{MESSAGES}/{message['id']}/decision", {"decision": "resend"}, expect=200)
        self.message(sequence, message["recipient"], "sent")
        first, second = smtp.whole
        self.assertEqual(first["bytes"], second["bytes"])  # the same Message-ID and Date

    def test_dropped_before_the_dot(self):
        smtp, _, _, message = self.outcome({"data": ""}, "queued", "network")
        self.assertEqual((smtp.whole, message["attempts"]), ([], 0))

    def test_a_server_that_ends_kept_connections(self):
        smtp, box = self.start({"mail": ["250 ok", "421 4.4.2 enough", "250 ok", "421 enough", "250 ok"]})
        sequence = self.sequence(box)
        self.add(sequence, *[f"k{number}@kept.example" for number in range(5)])
        self.server.wait_for(lambda: len(smtp.messages) == 5, "5 messages")
        self.assertEqual(len({message["to"][0] for message in smtp.messages}), 5)
        self.assertGreaterEqual(smtp.connections, 3)

    def test_gap_and_budget(self):
        smtp = self.smtp()
        box = self.connect("gap@acme.example", smtp.port, daily_email_limit=2)
        sequence = self.sequence(box, new_lead_share=100)
        self.add(sequence, *[f"b{number}@budget.example" for number in range(4)])
        self.server.wait_for(lambda: len(smtp.messages) == 2, "2 messages")
        time.sleep(0.5)
        self.assertEqual(len(smtp.messages), 2)
        self.admin.patch(f"{MAILBOXES}/{box}", {"gap_min_s": 3600, "gap_max_s": 3600}, expect=200)

    def test_excluded_meanwhile(self):
        """What became true after the message was written counts."""
        smtp, box = self.start()
        self.admin.post(f"{MAILBOXES}/{box}/pause", expect=200)
        self.admin.post(f"{MAILBOXES}/{box}/resume", expect=200)
        self.admin.patch(f"{MAILBOXES}/{box}", {"gap_min_s": 2, "gap_max_s": 2}, expect=200)
        sequence = self.sequence(box)
        self.add(sequence, *[f"x{number}@excluded.example" for number in range(3)])
        self.server.wait_for(lambda: len(smtp.messages) == 1, "the first message")
        self.api.post("/excluded-domains", {"excluded_domains": [{"domain": "excluded.example"}]}, expect=200)
        self.server.wait_for(lambda: len([m for m in self.messages(sequence_id=sequence)
                                          if m["state"] == "canceled"]) == 2, "two canceled", 20)
        self.assertEqual(len(smtp.messages), 1)

    def test_paused_sequence(self):
        smtp, box = self.start()
        self.admin.patch(f"{MAILBOXES}/{box}", {"gap_min_s": 2, "gap_max_s": 2}, expect=200)
        sequence = self.sequence(box)
        self.add(sequence, *[f"p{number}@paused.example" for number in range(2)])
        self.server.wait_for(lambda: len(smtp.messages) == 1, "the first message")
        self.admin.post(f"{SEQUENCES}/{sequence}/pause", expect=200)
        self.server.wait_for(lambda: self.admin.get(f"{SEQUENCES}/{sequence}").json["status"] == "paused", "a pause")
        self.server.wait_for(lambda: any(m.get("reason") == "sequence_paused"
                                         for m in self.messages(sequence_id=sequence)), "the reason", 20)
        self.assertEqual(len(smtp.messages), 1)
        self.admin.post(f"{SEQUENCES}/{sequence}/resume", expect=200)
        self.server.wait_for(lambda: len(smtp.messages) == 2, "the second message", 20)

    def one_waits(self, name, count=2):
        """A sequence of which one message was sent; the others wait for an hour."""
        smtp, box = self.start()
        self.admin.patch(f"{MAILBOXES}/{box}", {"gap_min_s": 3600, "gap_max_s": 3600}, expect=200)
        sequence = self.sequence(box)
        self.add(sequence, *[f"w{number}@{name}.example" for number in range(count)])
        self.server.wait_for(lambda: sorted(m["state"] for m in self.messages(sequence_id=sequence))
                             == ["queued"] * (count - 1) + ["sent"], "a message that waits")
        return sequence, [m["recipient"] for m in self.messages(sequence_id=sequence) if m["state"] == "queued"]

    def test_archived_sequence(self):
        sequence, _ = self.one_waits("archived")
        self.assertGreaterEqual(self.server.metric("outrider_messages", '{state="queued"}'), 1)
        self.admin.post(f"{SEQUENCES}/{sequence}/archive", expect=200)
        self.server.wait_for(lambda: self.admin.get(f"{SEQUENCES}/{sequence}").json["status"] == "archived", "its end")
        self.assertEqual(sorted((m["state"], m.get("reason")) for m in self.messages(sequence_id=sequence)),
                         [("canceled", "sequence_archived"), ("sent", None)])

    def test_excluded_while_it_waits(self):
        sequence, (address, domain, other) = self.one_waits("waits", 4)
        lead = {row["email"]: row["id"] for row in
                self.admin.get(f"{SEQUENCES}/{sequence}/leads", expect=200).json["leads"]}
        shown = lambda email: self.admin.get(f"/dashboard/api/leads/{lead[email]}", expect=200).json
        self.api.post("/excluded-emails", {"excluded_emails": [{"email": address}]}, expect=200)
        self.assertEqual((shown(address)["status"], shown(address)["reason"]), ("removed", "excluded_email"))
        self.assertEqual(self.message(sequence, address)["state"], "canceled")
        self.assertEqual(shown(domain)["waits_for"], "message")
        self.api.post("/excluded-domains", {"excluded_domains": [{"domain": domain.split("@")[1]}]}, expect=200)
        for email in (domain, other):
            self.assertEqual((shown(email)["status"], shown(email)["reason"]), ("removed", "excluded_domain"))
            self.assertEqual(self.message(sequence, email)["state"], "canceled")

    def test_excluded_by_what_another_sequence_found_out(self):
        """Nobody has the address: that may be taken back, so it waits for the lead's time."""
        sequence, (address, _) = self.one_waits("elsewhere", 3)
        lead, = [row["id"] for row in self.admin.get(f"{SEQUENCES}/{sequence}/leads", expect=200).json["leads"]
                 if row["email"] == address]
        _, box = self.start({"rcpt": "550 5.1.1 no such user"})
        other = self.sequence(box)
        body = {"leads": [{"email": address, "overrides": {
            "ignore_recently_contacted": True, "ignore_duplicate_leads_in_other_active_sequences": True}}]}
        self.admin.post(f"{SEQUENCES}/{other}/leads", body, expect=200)
        self.message(other, address, "failed", "no_such_address")
        shown = self.admin.get(f"/dashboard/api/leads/{lead}", expect=200).json
        self.assertEqual((shown["status"], shown["waits_for"]), ("active", "excluded"))
        self.assertIn("removed when its time comes", shown["waits_because"])
        listed = self.admin.get(f"{SEQUENCES}/{sequence}/leads", query={"email": address}, expect=200).json["leads"]
        self.assertEqual([row["waits_for"] for row in listed], ["excluded"])
        self.api.delete("/excluded-emails", {"excluded_emails": [{"email": address}]}, expect=200)
        self.assertEqual(self.admin.get(f"/dashboard/api/leads/{lead}", expect=200).json["waits_for"], "message")

    def test_a_mailbox_that_works_again(self):
        smtp, box = self.start()
        begins = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
        sequence = self.sequence(box, start_at=begins)
        self.add(sequence, "ann@again.example")
        self.admin.post(f"{MAILBOXES}/{box}/pause", expect=200)
        waits = lambda: [row.get("waits_for") for row in
                         self.admin.get(f"{SEQUENCES}/{sequence}/leads", expect=200).json["leads"]]
        self.server.wait_for(lambda: waits() == ["mailbox"], "a lead that waits for its mailbox")
        self.admin.post(f"{MAILBOXES}/{box}/resume", expect=200)
        self.server.wait_for(lambda: len(smtp.messages) == 1, "the message", 20)

    def test_others_see_nothing(self):
        smtp, box = self.start()
        sequence = self.sequence(box)
        self.add(sequence, "ann@isolated.example")
        id = self.message(sequence, "ann@isolated.example", "sent")["id"]
        stranger = self.server.client(self.other.admin_key)
        self.addCleanup(stranger.close)
        self.assertEqual(stranger.get(MESSAGES, expect=200).json["messages"], [])
        for path in ("", "/source"):
            self.assertEqual(stranger.get(f"{MESSAGES}/{id}{path}").status, 404)
        self.assertEqual(stranger.post(f"{MESSAGES}/{id}/decision", {"decision": "sent"}).status, 404)

    # --- links ---

    def sent_to(self, address, **settings):
        smtp, box = self.start()
        html = '<p>Hi <a href="https://a.example/x?y=1&amp;z=2">this</a></p>'
        sequence = self.sequence(box, {"type": "email", "variants": [{"subject": "Hi", "text": "T", "html": html}]},
                                 **settings)
        self.add(sequence, address)
        return sequence, self.message(sequence, address, "sent"), self.parsed(smtp.messages[0])

    def test_unsubscribing(self):
        sequence, message, got = self.sent_to("uma@leaves.example", unsubscribe="header_and_link")
        path = re.search(r"https://o\.example(/unsubscribe/[\w-]+)", got["List-Unsubscribe"])[1]
        self.assertIn(path, got.get_body(("plain",)).get_content())
        self.assertIn(path, got.get_body(("html",)).get_content())
        page = self.nobody.get(path, expect=200)
        self.assertIn(b"<form method=\"post\">", page.body)
        self.assertIn("form-action 'self'", page.header("Content-Security-Policy"))
        leads = self.api.post(f"/sequences/{self.sequence(self.connect('uma@acme.example', 9))}/leads",
                              {"leads": [{"email": "new@leaves.example"}]}, expect=200)
        self.assertEqual(leads.json["total_added_to_sequence"], 1)  # nothing happened by GET
        for _ in range(2):
            done = self.nobody.request("POST", path, b"List-Unsubscribe=One-Click", expect=200,
                                       headers={"Content-Type": "application/x-www-form-urlencoded"})
            self.assertIn(b"no more emails", done.body)
        other = self.sequence(self.connect("uma2@acme.example", 9))
        answer = self.api.post(f"/sequences/{other}/leads", {"leads": [{"email": "uma@leaves.example"}]},
                               expect=200).json
        self.assertEqual(len(answer["in_exclusion_list_and_skipped"]), 1)
        self.assertEqual(self.nobody.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status, 404)
        self.assertEqual(self.nobody.post("/unsubscribe/x").status, 404)

    def test_tracking(self):
        _, message, got = self.sent_to("tom@tracked.example", track_opens=True, track_clicks=True)
        html = got.get_body(("html",)).get_content()
        opened = re.search(r'https://o\.example(/t/o/[\w-]+)"', html)[1]
        click = re.search(r'https://o\.example(/t/c/[^"]+)"', html)[1].replace("&amp;", "&")
        person = {"User-Agent": "Mozilla/5.0 (X11) Firefox/140.0"}
        self.assertEqual(self.nobody.get(opened, headers=person, expect=200).header("Content-Type"), "image/gif")
        answer = self.nobody.get(click, headers=person, expect=302)
        self.assertEqual(answer.header("Location"), "https://a.example/x?y=1&z=2")
        # within seconds only programs read: nothing was counted
        shown = self.admin.get(f"{MESSAGES}/{message['id']}", expect=200).json
        self.assertEqual((shown["opens"], shown["clicks"]), (0, 0))
        self.assertEqual(self.nobody.get(click.replace("a.example", "b.example")).status, 404)
        self.assertEqual(self.nobody.get(click.split("?")[0]).status, 400)
        self.assertEqual(self.nobody.get(opened.replace("/o/", "/c/") + "?to=https%3A%2F%2Fa.example").status, 404)
