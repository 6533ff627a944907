"""POST /sequences/{id}/leads: what is refused, what is skipped and why, who gets whom, and
that nobody is added twice."""
import contextlib
import random
import sqlite3
import subprocess
import threading
import time

import harness
from lib import database

LIST = "/dashboard/api/sequences"
EMPTY = {"total": 0, "total_added_to_sequence": 0, "duplicate_emails": [], "duplicate_linkedin_urls": [],
         "in_exclusion_list_and_skipped": [], "recently_contacted_and_skipped": [],
         "already_in_sequence_and_skipped": [], "in_other_draft_sequences_and_skipped": [],
         "in_other_active_sequences_and_skipped": []}
PROFILE = "https://www.linkedin.com/in/"


def email_stage(text="Hello"):
    return {"type": "email", "variants": [{"subject": "Hi", "text": text}]}


class LeadsTest(harness.ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_admin = cls.server.client(cls.other.admin_key)
        cls.boxes = [cls.connect(f"box{number}@acme.example") for number in range(3)]
        cls.senders = [{"user_id": cls.account.user_id, "mailbox_id": box["id"]} for box in cls.boxes]
        cls.admin.patch(f"/dashboard/api/users/{cls.account.user_id}/connections",
                        {"dialer": True, "linkedin": True}, expect=200)
        cls.count = []

    @classmethod
    def tearDownClass(cls):
        cls.other_admin.close()
        super().tearDownClass()

    @classmethod
    def connect(cls, address, client=None, user=None):
        return (client or cls.admin).post("/dashboard/api/mailboxes", {
            "email": address, "user_id": user or cls.account.user_id, "password": "secret", "check": False,
            "smtp_host": "smtp.example.com", "imap_host": "imap.example.com"}, expect=201).json

    def sequence(self, *stages, launch=True, **settings):
        self.count.append(1)
        body = {"name": f"Sequence {len(self.count)}", "stages": list(stages or [email_stage()]),
                "settings": {"senders": self.senders, **settings}}
        id = self.admin.post(LIST, body, expect=201).json["id"]
        if launch:
            self.event(id, "launch")
        return id

    def event(self, id, event):
        return self.admin.post(f"{LIST}/{id}/{event}", expect=200).json

    def add(self, id, *leads, expect=200, client=None, path="/sequences", **settings):
        leads = [{"email": lead} if isinstance(lead, str) else lead for lead in leads]
        body = {"leads": leads, **({"settings": settings} if settings else {})}
        return (client or (self.admin if "dashboard" in path else self.api)).post(
            f"{path}/{id}/leads", body, expect=expect).json

    def added(self, id, *leads, **options):
        answer = self.add(id, *leads, **options)
        told = {name: value for name, value in answer.items() if value and not name.startswith("total")}
        return answer["total_added_to_sequence"], told

    def codes(self, id, *leads, **options):
        return [error["error_code"] for error in self.add(id, *leads, expect=422, **options)["validation_errors"]]

    def rows(self, statement):
        """What a SELECT finds, as texts, while the server runs."""
        if harness.ENGINE == "postgres":
            out = subprocess.run(["psql", "-qtAF\t", self.server.database.url, "-c", statement], check=True, text=True,
                                 capture_output=True).stdout
            return [tuple(line.split("\t")) for line in out.splitlines()]
        path = self.server.folder / "var/outrider.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return [tuple("" if value is None else str(value) for value in row)
                    for row in database.execute(statement)]

    def change(self, *statements):
        database.change(self.server, *statements)
        for client in (self.api, self.admin, self.other_admin, self.stranger):
            client.close()

    def restart(self):
        self.server.start()
        for client in (self.api, self.admin, self.other_admin, self.stranger):
            client.close()


class RequestTest(LeadsTest):
    def test_the_documented_example(self):
        id = self.sequence()
        self.api.post("/excluded-emails", {"excluded_emails": [{"email": "lead1@example.com"}]}, expect=200)
        answer = self.add(id, {"email": "lead1@example.com", "data": {"first_name": "John", "company_name": "Apple"}},
                          {"email": "lead2@example.org", "data": {"first_name": "Jane"},
                           "overrides": {"ignore_exclusion_list": True}},
                          leads_distribution="custom_mailboxes", mailboxes=["box1@acme.example"])
        self.assertEqual(answer, {**EMPTY, "total": 2, "total_added_to_sequence": 1,
                                  "in_exclusion_list_and_skipped": [{"email": "lead1@example.com"}]})

    def test_malformed_requests(self):
        id = self.sequence()
        good = {"email": "good@malformed.example"}
        fields = {f"f{number}": "x" for number in range(51)}
        cases = [
            ("/leads", {}), ("/leads", {"leads": {}}), ("/leads", {"leads": [good] * 251}),
            ("/leads/1", {"leads": [good, {}]}), ("/leads/0", {"leads": [{"email": "", "data": {}}]}),
            ("/leads/0/email", {"leads": [{"email": "nobody"}]}),
            ("/leads/0/linkedin_url", {"leads": [{"linkedin_url": "https://example.com/in/x"}]}),
            ("/leads/0/linkedin_url", {"leads": [{"linkedin_url": "https://www.linkedin.com/company/acme"}]}),
            ("/leads/0/data", {"leads": [{**good, "data": ["x"]}]}),
            ("/leads/0/data", {"leads": [{**good, "data": fields}]}),
            ("/leads/0/data/n", {"leads": [{**good, "data": {"n": 1}}]}),
            ("/leads/0/data/n", {"leads": [{**good, "data": {"n": "x" * 513}}]}),
            ("/leads/0/overrides/ignore_exclusion_list", {"leads": [{**good, "overrides": {
                "ignore_exclusion_list": "yes"}}]}),
            ("/settings/leads_distribution", {"leads": [good], "settings": {"leads_distribution": "random"}}),
            ("/settings/mailboxes", {"leads": [good], "settings": {"mailboxes": "x"}}),
        ]
        for name in ("FirstName", "first name", "3_letter_name", "_special_field", "", "x" * 256, "na-me"):
            cases.append(("/leads/0/data", {"leads": [{**good, "data": {name: "x"}}]}))
        for pointer, body in cases:
            with self.subTest(pointer):
                answer = self.api.post(f"/sequences/{id}/leads", body)
                self.assertEqual((answer.status, answer.json["_errors"][0]["source"]["pointer"]), (400, pointer),
                                 str(answer))
        self.assertEqual(self.added(id, good), (1, {}))

    def test_the_largest_request(self):
        id = self.sequence()
        data = {f"{'f' * 250}_{number:03}": "\u00fc" * 512 for number in range(50)}
        small = {f"{'f' * 250}_{number:03}": "x" * 512 for number in range(50)}
        self.assertEqual(self.added(id, {"email": "wide@largest.example", "data": data})[0], 1)
        quotes = dict(list({name: '"' * 512 for name in small}.items())[:30])
        for name, data in (("plain", small), ("quotes", quotes)):
            leads = [{"email": f"{name}{number}@largest.example", "data": data} for number in range(250)]
            self.assertEqual(self.added(id, *leads), (250, {}))

    def test_no_lead_at_all(self):
        self.assertEqual(self.add(self.sequence()), EMPTY)

    def test_unknown_sequences(self):
        mine = self.sequence()
        for id in ("0" * 40, "x", mine.upper()):
            self.assertEqual(self.api.post(f"/sequences/{id}/leads", {"leads": []}).status, 404)
        self.assertEqual(self.stranger.post(f"/sequences/{mine}/leads", {"leads": []}).status, 404)

    def test_null_values_are_absent(self):
        id = self.sequence(email_stage("{{title}}"))
        self.assertEqual(self.codes(id, {"email": "null@null.example", "data": {"title": None}}), ["missing_lead_field"])

    def test_the_same_idempotency_key_adds_once(self):
        id = self.sequence()
        body, headers = {"leads": [{"email": "once@key.example"}]}, {"Idempotency-Key": "once"}
        first = self.api.post(f"/sequences/{id}/leads", body, headers=headers, expect=200).json
        again = self.api.post(f"/sequences/{id}/leads", body, headers=headers, expect=200).json
        self.assertEqual(first["total_added_to_sequence"], 1)
        self.assertEqual(first, again)


class SkippingTest(LeadsTest):
    def test_twice_in_the_request(self):
        id = self.sequence()
        self.assertEqual(
            self.added(id, "a@twice.example", "A@Twice.example", "a@twice.example", "b@twice.example"),
            (2, {"duplicate_emails": ["A@Twice.example"]}))
        self.assertEqual(
            self.added(id, {"email": "c@twice.example", "linkedin_url": PROFILE + "ann"},
                       {"email": "d@twice.example", "linkedin_url": "linkedin.com/in/ANN/?x=1"}),
            (1, {"duplicate_linkedin_urls": ["linkedin.com/in/ANN/?x=1"]}))

    def test_already_in_the_sequence(self):
        id = self.sequence()
        lead = {"email": "in@already.example", "linkedin_url": PROFILE + "already"}
        self.assertEqual(self.added(id, lead), (1, {}))
        for again in ({"email": "IN@already.example"}, {"email": "new@already.example", "linkedin_url": PROFILE + "already"},
                      {**lead, "overrides": {"ignore_duplicate_leads_in_other_active_sequences": True,
                                             "ignore_duplicate_leads_in_other_draft_sequences": True,
                                             "ignore_exclusion_list": True, "ignore_recently_contacted": True}}):
            key = {name: again[name] for name in ("email", "linkedin_url") if name in again}
            self.assertEqual(self.added(id, again), (0, {"already_in_sequence_and_skipped": [key]}))

    def test_exclusions(self):
        id = self.sequence()
        self.api.post("/excluded-domains", {"excluded_domains": [{"domain": "excluded.example.com"},
                                                                {"domain": "example.co.uk"}]}, expect=200)
        self.api.post("/excluded-emails", {"excluded_emails": [{"email": "no@fine.example"}]}, expect=200)
        self.other_admin.post("/excluded-emails", {"excluded_emails": [{"email": "yes@fine.example"}]}, expect=200)
        out = ["x@excluded.example.com", "x@deep.excluded.example.com", "X@Sub.Example.co.uk", "No@Fine.example"]
        self.assertEqual(self.added(id, *out, "x@example.com", "x@notexample.co.uk", "yes@fine.example"), (
            3, {"in_exclusion_list_and_skipped": [{"email": email} for email in out]}))
        self.assertEqual(self.added(id, *({"email": email, "overrides": {"ignore_exclusion_list": True}}
                                          for email in out)), (4, {}))

    def test_other_sequences(self):
        first, second, draft = self.sequence(), self.sequence(), self.sequence(launch=False)
        self.added(first, {"email": "busy@other.example", "linkedin_url": PROFILE + "busy"})
        self.assertEqual(self.added(draft, "draft@other.example", path=LIST), (1, {}))
        told = {"in_other_active_sequences_and_skipped": [{"email": "busy@other.example"}],
                "in_other_draft_sequences_and_skipped": [{"email": "draft@other.example"}]}
        self.assertEqual(self.added(second, "busy@other.example", "draft@other.example"), (0, told))
        self.assertEqual(self.added(second, {"linkedin_url": PROFILE + "busy", "email": "z@other.example"})[0], 0)
        self.assertEqual(self.added(second, {"email": "busy@other.example", "overrides": {
            "ignore_duplicate_leads_in_other_draft_sequences": True}})[0], 0)
        self.event(first, "pause")
        self.server.wait_for(lambda: self.admin.get(f"{LIST}/{first}").json["status"] == "paused")
        self.assertEqual(self.added(second, "busy@other.example", "draft@other.example"), (0, told))
        self.assertEqual(self.added(second, {"email": "busy@other.example", "overrides": {
            "ignore_duplicate_leads_in_other_active_sequences": True}}, {"email": "draft@other.example", "overrides": {
                "ignore_duplicate_leads_in_other_draft_sequences": True}}), (2, {}))
        third, fourth = self.sequence(), self.sequence()
        self.added(third, "gone@other.example")
        self.event(third, "archive")
        self.server.wait_for(lambda: self.admin.get(f"{LIST}/{third}").json["status"] == "archived")
        self.assertEqual(self.added(fourth, "gone@other.example"), (1, {}))

    def test_recently_contacted(self):
        id, later = self.sequence(), self.sequence()
        self.added(id, "recent@contacted.example", "long@contacted.example")
        now = int(time.time() * 1000)
        self.change(*(f"UPDATE contacts SET last_contacted_at = {now - days * 86400000} "
                      f"WHERE email = '{name}@contacted.example'" for name, days in (("recent", 29), ("long", 31))))
        free = {"ignore_duplicate_leads_in_other_active_sequences": True}
        leads = [{"email": f"{name}@contacted.example", "overrides": free} for name in ("recent", "long")]
        self.assertEqual(self.added(later, *leads), (
            1, {"recently_contacted_and_skipped": [{"email": "recent@contacted.example"}]}))
        both = {"email": "recent@contacted.example", "overrides": {**free, "ignore_recently_contacted": True}}
        self.assertEqual(self.added(later, both), (1, {}))
        third = self.sequence()
        self.assertEqual(self.added(third, "recent@contacted.example"), (0, {
            "recently_contacted_and_skipped": [{"email": "recent@contacted.example"}],
            "in_other_active_sequences_and_skipped": [{"email": "recent@contacted.example"}]}))

    def test_who_was_removed_is_never_added(self):
        id, other = self.sequence(), self.sequence()
        self.added(id, {"email": "gone@removed.example", "linkedin_url": PROFILE + "removed",
                        "data": {"first_name": "Privatename"}})
        self.server.stop()
        self.server.cli("privacy", "remove", "--email", "gone@removed.example")
        self.restart()
        self.assertEqual(self.added(other, {"email": "gone@removed.example", "overrides": {
            "ignore_exclusion_list": True}}), (0, {"in_exclusion_list_and_skipped": [{"email": "gone@removed.example"}]}))
        self.assertEqual(self.rows("SELECT count(*) FROM contacts WHERE email = 'gone@removed.example' "
                                  "OR first_name = 'Privatename'"), [("0",)])
        self.assertEqual(self.rows("SELECT status, reason FROM sequence_leads WHERE data LIKE '%Privatename%' "
                                  "OR linkedin_key = 'in/removed'"), [])
        self.assertEqual(self.rows(f"SELECT status, reason, data FROM sequence_leads WHERE sequence_id = '{id}'"),
                         [("removed", "legal", "{}")])


class RefusingTest(LeadsTest):
    def test_status(self):
        draft = self.sequence(launch=False)
        self.assertEqual(self.codes(draft, "a@status.example"), ["invalid_sequence_status"])
        self.assertEqual(self.added(draft, "a@status.example", path=LIST), (1, {}))
        paused = self.sequence()
        self.event(paused, "pause")
        self.server.wait_for(lambda: self.admin.get(f"{LIST}/{paused}").json["status"] == "paused")
        self.assertEqual(self.added(paused, "b@status.example"), (1, {}))
        self.event(paused, "archive")
        self.server.wait_for(lambda: self.admin.get(f"{LIST}/{paused}").json["status"] == "archived")
        for path in ("/sequences", LIST):
            self.assertEqual(self.codes(paused, "c@status.example", path=path), ["invalid_sequence_status"])

    def test_reply_sequences(self):
        body = {"name": "Reply", "kind": "reply_sequence", "stages": [{"type": "email", "variants": [{"text": "x"}]}],
                "settings": {"senders": self.senders}}
        id = self.admin.post(LIST, body, expect=201).json["id"]
        self.event(id, "launch")
        self.assertEqual(self.codes(id, "a@reply.example"), ["other_validation_error"])

    def put(self, id, text, **options):
        document = self.admin.get(f"{LIST}/{id}", expect=200).json
        document["stages"][0]["variants"][0]["text"] = text
        return self.admin.put(f"{LIST}/{id}", document, **options)

    def test_texts_do_not_ask_for_what_leads_lack(self):
        id, draft = self.sequence(), self.sequence(launch=False)
        self.added(id, {"email": "a@lack.example", "data": {"title": "x"}}, {"email": "b@lack.example", "data": {
            "title": "y", "city": "  "}}, "c@lack.example")
        self.put(id, "{{title|}} {{#if city}}{{city}}{{/if}}", expect=200)
        for text, told in (("{{title}}", "1 leads in the sequence have no 'title'"),
                           ("{{city}}", "3 leads in the sequence have no 'city'")):
            self.assertEqual(self.put(id, text, expect=400).json["_errors"][0]["detail"], told)
        self.added(draft, "d@lack.example", path=LIST)
        self.put(draft, "{{title}}", expect=200)
        refused = self.admin.post(f"{LIST}/{draft}/launch", expect=400).json["_errors"]
        self.assertEqual([(error["source"]["pointer"], error["detail"]) for error in refused],
                         [("/stages", "1 leads in the sequence have no 'title'")])
        self.put(draft, "{{title|none}}", expect=200)
        self.event(draft, "launch")

    def test_missing_lead_fields(self):
        id = self.sequence(email_stage("{{it}} {{maybe|}} {{#if if}}{{if}}{{/if}}"), {"type": "linkedin_visit"})
        answer = self.add(id, {"email": "a@missing.example", "linkedin_url": PROFILE + "m1", "data": {"it": "x"}},
                          {"email": "b@missing.example", "data": {"it": " "}}, {"linkedin_url": PROFILE + "m2"}, expect=422)
        self.assertEqual(answer, {"validation_errors": [
            {"error_code": "missing_lead_field", "message": "Missing lead dynamic field 'it' on leads with indexes [1, 2]"},
            {"error_code": "missing_lead_field", "message": "Missing lead dynamic field 'email' on leads with indexes [2]"},
            {"error_code": "missing_lead_field",
             "message": "Missing lead dynamic field 'linkedin_url' on leads with indexes [1]"}]})
        self.assertEqual(self.added(id, {"email": "a@missing.example", "linkedin_url": PROFILE + "m1",
                                         "data": {"it": "x"}}), (1, {}))

    def test_limits(self):
        id = self.sequence(lead_limit=3)
        self.assertEqual(self.added(id, "a@limit.example", "b@limit.example"), (2, {}))
        answer = self.add(id, "c@limit.example", "d@limit.example", expect=422)["validation_errors"]
        self.assertEqual(answer, [{"error_code": "total_leads_exceed_limit",
                                   "message": "Number of leads 4 would exceed the per-sequence limit of 3"}])
        self.assertEqual(self.added(id, "a@limit.example", "c@limit.example")[0], 1)
        self.admin.patch("/dashboard/api/settings", {"sequence_lead_limit": 3}, expect=200)
        self.assertEqual(self.codes(id, "d@limit.example"), ["total_leads_exceed_limit", "max_leads_threshold_reached"])
        self.assertEqual(self.codes(self.sequence(), *(f"m{number}@limit.example" for number in range(4))),
                         ["max_leads_threshold_reached"])
        self.admin.patch("/dashboard/api/settings", {"sequence_lead_limit": 10000}, expect=200)

    def test_connections(self):
        path = f"/dashboard/api/users/{self.account.user_id}/connections"
        none = {"dialer": False, "linkedin": False, "voice_clone": False, "copywriter": False, "ai_credits": 0}
        all = {"dialer": True, "linkedin": True, "voice_clone": True, "copywriter": True, "ai_credits": 1}
        cases = [({"type": "phone_call"}, ["missing_feature_dialer"]),
                 ({"type": "linkedin_visit"}, ["missing_linkedin_account"]),
                 ({"type": "linkedin_visit", "automatic": False}, []),
                 ({"type": "linkedin_voice_message", "automatic": False}, []),
                 ({"type": "linkedin_voice_message"}, ["missing_linkedin_account", "missing_voice_clone",
                                                       "missing_feature_copywriter", "missing_ai_credits"]),
                 ({"type": "custom_task"}, [])]
        for number, (stage, codes) in enumerate(cases):
            with self.subTest(stage):
                self.assertEqual(self.admin.patch(path, all, expect=200).json, all)
                id = self.sequence(stage)
                self.assertEqual(self.admin.patch(path, none, expect=200).json, none)
                lead = {"linkedin_url": f"{PROFILE}connections{number}"}
                if codes:
                    self.assertEqual(self.codes(id, lead), codes)
                    draft = self.sequence(stage, launch=False)
                    refused = self.admin.post(f"{LIST}/{draft}/launch")
                    self.assertEqual({error["source"]["pointer"] for error in refused.json["_errors"]},
                                     {"/settings/senders"})
                    self.admin.patch(path, all, expect=200)
                self.assertEqual(self.added(id, lead), (1, {}))
        self.assertEqual(self.admin.get(path, expect=200).json, none)
        self.admin.patch(path, {"dialer": True, "linkedin": True}, expect=200)

    def test_senders_and_mailboxes(self):
        id = self.sequence(email_stage("{{sender.signature}}"), launch=False)
        self.assertEqual(self.codes(id, "a@sender.example", path=LIST), ["missing_sender_field"])
        id = self.sequence()
        custom = {"leads_distribution": "custom_mailboxes"}
        self.assertEqual(self.codes(id, "a@sender.example", **custom), ["mailbox_unusable"])
        self.assertEqual(self.codes(id, "a@sender.example", mailboxes=["no@acme.example", "box0@acme.example"], **custom),
                         ["mailbox_unusable"])
        self.connect("foreign@globex.example", self.other_admin, self.other.user_id)
        self.assertEqual(self.codes(id, "a@sender.example", mailboxes=["foreign@globex.example"], **custom),
                         ["mailbox_unusable"])
        pause = f"/dashboard/api/mailboxes/{self.boxes[0]['id']}/"
        self.admin.post(pause + "pause", expect=200)
        self.assertEqual(self.codes(id, "a@sender.example", mailboxes=["box0@acme.example"], **custom), ["mailbox_unusable"])
        self.assertEqual(self.added(id, "a@sender.example"), (1, {}))
        self.admin.post(pause + "resume", expect=200)
        self.assertEqual(self.added(id, "b@sender.example", mailboxes=["BOX0@acme.example"], **custom), (1, {}))
        only = self.sequence(senders=[self.senders[0]])
        self.admin.post(pause + "pause", expect=200)
        self.assertEqual(self.codes(only, "c@sender.example"), ["mailbox_unusable"])
        self.admin.post(pause + "resume", expect=200)

    def test_all_reasons_at_once(self):
        id = self.sequence(email_stage("{{a}} {{sender.signature}}"), lead_limit=1, launch=False)
        self.assertEqual(self.codes(id, "a@all.example", "b@all.example"), [
            "invalid_sequence_status", "total_leads_exceed_limit", "missing_lead_field", "missing_sender_field"])


class StoringTest(LeadsTest):
    def mailboxes_of(self, id):
        names = {box["id"]: number for number, box in enumerate(self.boxes)}
        return [names[row[0]] for row in self.rows(
            f"SELECT mailbox_id FROM sequence_leads WHERE sequence_id = '{id}' ORDER BY id")]

    def test_leads_become_contacts(self):
        id, second = self.sequence(), self.sequence()
        lead = {"email": "Ann.Lee@Contact.example", "linkedin_url": "linkedin.com/in/Ann-Lee", "data": {
            "first_name": "Ann", "last_name": "Lee", "title": "CTO", "time_zone": "Europe/Lisbon", "company_name": "C",
            "company_domain": "contact.example", "shoe_size": "41"}}
        self.added(id, lead, {"email": "bad@contact.example", "data": {"time_zone": "Mars/Base"}})
        self.added(second, {"email": "ann.lee@contact.example", "overrides": {
            "ignore_duplicate_leads_in_other_active_sequences": True}})
        self.assertEqual(
            self.rows("SELECT email, linkedin_url, linkedin_key, first_name, last_name, title, time_zone, company_name, "
                     "company_domain FROM contacts WHERE email LIKE '%contact.example' ORDER BY email"),
            [("ann.lee@contact.example", PROFILE + "ann-lee", "in/ann-lee", "Ann", "Lee", "CTO", "Europe/Lisbon", "C",
              "contact.example"), ("bad@contact.example", *[""] * 8)])
        rows = self.rows("SELECT l.data FROM sequence_leads l JOIN contacts c ON c.account_id = l.account_id "
                        "AND c.id = l.contact_id WHERE c.email = 'ann.lee@contact.example' ORDER BY l.id")
        self.assertEqual(len(rows), 2)
        self.assertIn('"shoe_size":"41"', rows[0][0].replace(": ", ":"))

    def test_even_and_stable(self):
        id = self.sequence()
        for number in range(3):
            self.added(id, *(f"even{number}.{k}@even.example" for k in range(5)))
        order = self.mailboxes_of(id)
        self.assertEqual([order.count(box) for box in range(3)], [5, 5, 5])
        self.assertEqual(order, order[:3] * 5)

    def test_weights(self):
        senders = [{**sender, "weight": weight} for sender, weight in zip(self.senders, (1, 2, 3), strict=True)]
        id = self.sequence(senders=senders, distribution="weighted")
        self.added(id, *(f"w{k}@weights.example" for k in range(12)))
        order = self.mailboxes_of(id)
        self.assertEqual([order.count(box) for box in range(3)], [2, 4, 6])

    def test_two_at_once_add_nobody_twice(self):
        id, other = self.sequence(), self.sequence()
        leads = [{"email": f"race{number}@race.example"} for number in range(100)]
        answers = []

        def add(target, seed):
            mixed = random.Random(seed).sample(leads, len(leads))
            client = self.server.client(self.account.key)
            answers.append((target, client.post(f"/sequences/{target}/leads", {"leads": mixed}, expect=200).json))
            client.close()

        threads = [threading.Thread(target=add, args=(target, seed)) for seed, target in enumerate((id, other) * 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 8)
        for target in (id, other):
            self.assertLessEqual(sum(answer["total_added_to_sequence"] for to, answer in answers if to == target), 100)
            rows = self.rows(f"SELECT count(*), count(DISTINCT email) FROM sequence_leads WHERE sequence_id = '{target}'")
            self.assertEqual(rows[0][0], rows[0][1])
        self.assertEqual(self.rows("SELECT count(*) FROM contacts WHERE email LIKE '%race.example'"), [("100",)])
        self.assertEqual(self.rows("SELECT count(DISTINCT email) FROM sequence_leads WHERE email LIKE '%race.example'"),
                         [("100",)])
        self.assertEqual(self.rows("SELECT count(*) FROM sequence_leads l LEFT JOIN contacts c ON c.account_id = "
                                   "l.account_id AND c.id = l.contact_id AND c.email = l.email "
                                   "WHERE l.email LIKE '%race.example' AND c.id IS NULL"), [("0",)])
        self.assertEqual(self.added(id, *(lead["email"] for lead in leads))[0], 0)

    def test_accounts_know_nothing_of_each_other(self):
        id = self.sequence()
        lead = {"email": "both@accounts.example", "linkedin_url": PROFILE + "both"}
        self.assertEqual(self.added(id, lead), (1, {}))
        box = self.connect("box@globex.example", self.other_admin, self.other.user_id)
        theirs = self.other_admin.post(LIST, {"name": "Theirs", "stages": [email_stage()], "settings": {"senders": [
            {"user_id": self.other.user_id, "mailbox_id": box["id"]}]}}, expect=201).json["id"]
        self.other_admin.post(f"{LIST}/{theirs}/launch", expect=200)
        self.assertEqual(self.added(theirs, lead, client=self.stranger), (1, {}))
        self.assertEqual(self.rows("SELECT count(*) FROM contacts WHERE email = 'both@accounts.example'"), [("2",)])

    def test_archiving_removes(self):
        id = self.sequence()
        self.added(id, "archived@archive.example")
        self.event(id, "archive")
        self.server.wait_for(lambda: self.admin.get(f"{LIST}/{id}").json["status"] == "archived")
        self.assertEqual(self.rows(f"SELECT status, reason FROM sequence_leads WHERE sequence_id = '{id}'"),
                         [("removed", "sequence_archived")])

    def test_deleting_a_draft(self):
        id = self.sequence(launch=False)
        self.added(id, "deleted@draft.example", path=LIST)
        self.admin.delete(f"{LIST}/{id}", expect=204)
        self.assertEqual(self.rows(f"SELECT count(*) FROM sequence_leads WHERE sequence_id = '{id}'"), [("0",)])
