"""Sequences: written, judged, run and listed, over the management API and GET /sequences."""
import base64
import contextlib
import json
import re
import sqlite3
import subprocess

import harness

LIST = "/dashboard/api/sequences"
PDF = base64.b64encode(b"%PDF-1.4 nothing").decode()


def email(**changes):
    return {"type": "email", "variants": [{"subject": "Hi {{first_name|you}}", "text": "About {{company_name}}"}],
            **changes}


class SequenceTest(harness.ApiTest):
    """A user with an active mailbox, `sender`, and functions that all tests use."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_admin = cls.server.client(cls.other.admin_key)
        cls.mailbox = cls.connect(cls.admin, cls.account, "ann@acme.example")
        cls.admin.patch(f"/dashboard/api/users/{cls.account.user_id}/connections", {"dialer": True, "linkedin": True}, expect=200)
        cls.sender = {"user_id": cls.account.user_id, "mailbox_id": cls.mailbox["id"]}

    @classmethod
    def tearDownClass(cls):
        cls.other_admin.close()
        super().tearDownClass()

    @classmethod
    def connect(cls, client, account, address):
        return client.post("/dashboard/api/mailboxes", {
            "email": address, "user_id": account.user_id, "auth": "password", "password": "secret", "check": False,
            "smtp_host": "smtp.example.com", "imap_host": "imap.example.com",
            **cls.mailbox_settings}, expect=201).json

    mailbox_settings = {"signature": "-- Ann & Co", "signature_html": "<b>Ann</b>"}

    def make(self, name, client=None, expect=201, **members):
        return (client or self.admin).post(LIST, {"name": name, **members}, expect=expect).json

    def ready(self, name, **members):
        settings = {"senders": [self.sender], **members.pop("settings", {})}
        return self.make(name, stages=members.pop("stages", [email()]), settings=settings, **members)

    def get(self, id, **options):
        return self.admin.get(f"{LIST}/{id}", expect=200, **options).json

    def event(self, id, event, expect=200):
        return self.admin.post(f"{LIST}/{id}/{event}", expect=expect)

    def start(self):
        """After a stop: the server has another port."""
        self.server.start()
        for client in (self.api, self.admin):
            client.close()

    def wait_status(self, id, status):
        self.server.wait_for(lambda: self.get(id)["status"] == status, f"{status} of {id}")

    def pointers(self, answer):
        self.assertEqual(answer.status, 400, str(answer))
        return sorted(error["source"]["pointer"] for error in answer.json["_errors"])


class WritingTest(SequenceTest):
    def test_usual_values_are_filled_in(self):
        made = self.make("Usual", stages=[{"type": "email"}, {"type": "phone_call"}])
        self.assertRegex(made["id"], "^[0-9a-f]{40}$")
        self.assertEqual((made["status"], made["kind"]), ("draft", "sequence"))
        self.assertEqual(made["created_by_user_id"], self.account.user_id)
        self.assertEqual(made["created_by_user_email"], "acme@acme.example")
        self.assertEqual([stage["automatic"] for stage in made["stages"]], [True, False])
        self.assertEqual(made["settings"], {
            "senders": [], "distribution": "even", "lead_time_zone": True,
            "windows": [{"day": day, "from": "09:00", "to": "17:00"}
                        for day in ("monday", "tuesday", "wednesday", "thursday", "friday")],
            "holidays": [], "stop_on_reply": True, "stop_on_domain_reply": False, "stop_on_bounce": True,
            "out_of_office": "pause", "out_of_office_days": 7, "track_opens": False, "track_clicks": False,
            "unsubscribe": "header", "new_lead_share": 50, "max_lateness_hours": 24})
        self.assertEqual(self.get(made["id"]), made)

    def test_everything_that_is_written_is_read(self):
        stages = [
            email(delay_days=1, delay_hours=2, priority="high", automatic=False, instructions="Look first",
                  attachments=["a.pdf"], variants=[
                      {"weight": 3, "subject": "S {{a}}", "text": "T", "html": "<p>{{sender.signature}}</p>"},
                      {"weight": 0, "text": "\u00e9\u4e2d {x|y}"}]),
            {"type": "linkedin_visit"}, {"type": "linkedin_follow"}, {"type": "linkedin_like_last_post"},
            {"type": "linkedin_connect", "variants": [{"text": "Hello {{first_name}}"}]},
            {"type": "linkedin_message", "variants": [{"text": "Hello"}]},
            {"type": "linkedin_voice_message", "automatic": False}, {"type": "linkedin_video_message"},
            {"type": "phone_call", "variants": [{"text": "Script"}]}, {"type": "custom_task"}]
        settings = {
            "senders": [{**self.sender, "weight": 2}], "distribution": "weighted", "lead_time_zone": False,
            "time_zone": "Asia/Kolkata", "windows": [{"day": "sunday", "from": "00:00", "to": "24:00"}],
            "holidays": ["2030-12-25", "2031-01-01"], "start_at": "2030-01-01T08:00:00Z", "stop_on_reply": False,
            "stop_on_domain_reply": True, "stop_on_bounce": False, "out_of_office": "ignore",
            "out_of_office_days": 14, "track_opens": True, "track_clicks": True, "unsubscribe": "header_and_link",
            "new_lead_share": 0, "lead_limit": 10, "max_lateness_hours": 2}
        made = self.make("All of it", stages=stages, settings=settings, attachments=[
            {"name": "a.pdf", "media_type": "application/pdf", "content": PDF}])
        self.assertEqual(made["settings"], settings)
        self.assertEqual(made["attachments"], [{"name": "a.pdf", "media_type": "application/pdf", "size": 16}])
        for wanted, stage in zip(stages, made["stages"], strict=True):
            for name, value in wanted.items():
                if name != "variants":
                    self.assertEqual(stage[name], value)
            for given, variant in zip(wanted.get("variants", []), stage["variants"], strict=True):
                self.assertEqual({name: variant[name] for name in given}, given)
        self.assertEqual(made["dynamic_fields_used"], ["a", "first_name"])
        self.assertEqual(made["fields_required"], ["a", "first_name", "email", "linkedin_url"])
        self.assertEqual(made["sender_fields_required"], ["sender.signature"])

    def test_every_mistake_is_told_at_its_place(self):
        one = "01890000-0000-7000-8000-000000000000"
        never = "01890000-0000-7000-8000-00000000ffff"
        cases = {
            "/name": {"name": " "},
            "/kind": {"kind": "other"},
            "/created_by_user_id": {"created_by_user_id": never},
            "/stages/0/type": {"stages": [{"type": "fax"}]},
            "/stages/0/delay_hours": {"stages": [email(delay_hours=24)]},
            "/stages/0/priority": {"stages": [email(priority="urgent")]},
            "/stages/0/id": {"stages": [email(id="x")]},
            "/stages/1/id": {"stages": [email(id=one), email(id=one)]},
            "/stages/1/automatic": {"stages": [email(), {"type": "phone_call", "automatic": True}]},
            "/stages/0/variants": {"stages": [{"type": "linkedin_visit", "variants": [{"text": "x"}]}]},
            "/stages/0/variants/0": {"stages": [{"type": "custom_task", "variants": [{"html": "x"}]}]},
            "/stages/0/variants/1/text": {"stages": [email(variants=[{"text": "x"}, {"text": "a\n{{b"}])]},
            "/stages/0/variants/0/html": {"stages": [email(variants=[{"html": "{{sender.shoe}}"}])]},
            "/stages/0/variants/0/subject": {"stages": [email(variants=[{"subject": "a\nb", "text": "x"}])]},
            "/stages/0/variants/0/id": {"stages": [email(variants=[{"id": "1", "text": "x"}])]},
            "/stages/0/variants/1": {"stages": [email(variants=[{"id": one, "text": "x"}, {"id": one, "text": "y"}])]},
            "/stages/0/attachments/0": {"stages": [email(attachments=["no.pdf"])]},
            "/attachments/0/content": {"attachments": [{"name": "a", "media_type": "a/b", "content": "%"}]},
            "/attachments/0/name": {"attachments": [{"name": "../a", "media_type": "a/b", "content": PDF}]},
            "/attachments/0/media_type": {"attachments": [{"name": "a", "media_type": "a b/c", "content": PDF}]},
            "/settings/time_zone": {"settings": {"time_zone": "Europe/Atlantis"}},
            "/settings/windows": {"settings": {"windows": []}},
            "/settings/windows/0": {"settings": {"windows": [{"day": "monday", "from": "12:00", "to": "12:00"}]}},
            "/settings/windows/0/day": {"settings": {"windows": [{"day": "Mon", "from": "12:00", "to": "13:00"}]}},
            "/settings/holidays/0": {"settings": {"holidays": ["2025-02-30"]}},
            "/settings/senders/0/user_id": {"settings": {"senders": [{"user_id": never}]}},
            "/settings/senders/0/mailbox_id": {"settings": {"senders": [{**self.sender, "mailbox_id": never}]}},
            "/settings/senders/1": {"settings": {"senders": [self.sender, self.sender]}},
            "/settings/new_lead_share": {"settings": {"new_lead_share": 101}},
            "/settings/unsubscribe": {"settings": {"unsubscribe": "sometimes"}},
        }
        for pointer, members in cases.items():
            with self.subTest(pointer):
                answer = self.admin.post(LIST, {"name": "Wrong", "stages": [], **members})
                self.assertEqual(self.pointers(answer), [pointer])
        answer = self.admin.post(LIST, {"name": "Wrong", "kind": "reply_sequence", "stages": [
            email(variants=[{"subject": "x", "text": "{{", "weight": 0}]), {"type": "custom_task"}]})
        self.assertEqual(self.pointers(answer), [
            "/stages/0/variants", "/stages/0/variants/0/subject", "/stages/0/variants/0/text", "/stages/1/type"])
        self.assertEqual(self.admin.get(f"{LIST}?name=Wrong", expect=200).json["sequences"], [])

    def test_template_errors_say_where(self):
        answer = self.admin.post(LIST, {"name": "W", "stages": [email(variants=[{"text": "Hi\n\u00e9 {{Name}}"}])]})
        self.assertEqual(answer.json["_errors"][0]["detail"], 'Line 2, column 3: "Name" is not the name of a field')

    def test_names_are_unique_until_archived(self):
        first = self.make("Same")
        self.assertEqual(self.admin.post(LIST, {"name": " Same "}).status, 409)
        self.make("same")
        second = self.make("Different")
        answer = self.admin.put(f"{LIST}/{second['id']}", {"name": "Same"})
        self.assert_error(answer, 409, "conflict", pointer="/name")
        self.event(first["id"], "archive")
        self.wait_status(first["id"], "archived")
        self.make("Same")
        self.make("Same", client=self.other_admin)

    def test_replacing_a_draft(self):
        made = self.make("Draft", stages=[email(), {"type": "custom_task"}], attachments=[
            {"name": "a.pdf", "media_type": "application/pdf", "content": PDF},
            {"name": "b.pdf", "media_type": "application/pdf", "content": PDF}])
        first, second = made["stages"]
        changed = self.admin.put(f"{LIST}/{made['id']}", {
            "name": "Draft 2", "stages": [second, {"type": "phone_call"}, first],
            "attachments": [{"name": "b.pdf", "media_type": "text/plain"}]}, expect=200).json
        self.assertEqual([stage["type"] for stage in changed["stages"]], ["custom_task", "phone_call", "email"])
        self.assertEqual([changed["stages"][0]["id"], changed["stages"][2]["id"]], [second["id"], first["id"]])
        self.assertEqual(changed["attachments"], [{"name": "b.pdf", "media_type": "text/plain", "size": 16}])
        self.assertEqual(changed["created_at"], made["created_at"])
        answer = self.admin.put(f"{LIST}/{made['id']}", {"name": "x", "attachments": [
            {"name": "a.pdf", "media_type": "text/plain"}]})
        self.assertEqual(self.pointers(answer), ["/attachments/0/content"])

    def test_without_ids_places_count(self):
        body = {"name": "By place", "stages": [email(), {"type": "custom_task"}]}
        made = self.make(**body)
        again = self.admin.put(f"{LIST}/{made['id']}", body, expect=200).json
        self.assertEqual(again["stages"], made["stages"])

    def test_launched_stages_stay(self):
        made = self.ready("Launched", stages=[email(), {"type": "custom_task"}])
        self.event(made["id"], "launch")
        first, second = made["stages"]
        path = f"{LIST}/{made['id']}"
        fresh = {"type": "phone_call"}
        for stages, wrong in [([second, first], ["/stages/0", "/stages/1"]), ([first], ["/stages/1"]),
                              ([fresh, first, second], ["/stages/0", "/stages/1"]),
                              ([first, {**second, "type": "phone_call"}], ["/stages/1"])]:
            answer = self.admin.put(path, {**made, "stages": stages})
            self.assertEqual(self.pointers(answer), wrong)
        first["variants"][0]["text"] = "New words"
        changed = self.admin.put(path, {**made, "stages": [first, second, fresh]}, expect=200).json
        self.assertEqual(changed["status"], "active")
        self.assertEqual(changed["stages"][0], first)
        self.assertEqual(len(changed["stages"]), 3)

    def test_duplicating(self):
        made = self.ready("Original", attachments=[
            {"name": "a.pdf", "media_type": "application/pdf", "content": PDF}])
        self.event(made["id"], "launch")
        path = f"{LIST}/{made['id']}/duplicate"
        copy = self.admin.post(path, {}, expect=201).json
        self.assertEqual((copy["name"], copy["status"]), ("Original (copy)", "draft"))
        self.assertNotEqual(copy["stages"][0]["id"], made["stages"][0]["id"])
        self.assertEqual(copy["settings"], made["settings"])
        self.assertEqual(self.admin.post(path, {}).status, 409)
        third = self.admin.post(path, {"name": "Third"}, expect=201).json
        exported = self.admin.get(f"{LIST}/{third['id']}/export", expect=200).json
        self.assertEqual(exported["attachments"][0]["content"], PDF)

    def test_deleting(self):
        made = self.ready("To delete")
        self.admin.delete(f"{LIST}/{made['id']}", expect=204)
        self.assertEqual(self.admin.get(f"{LIST}/{made['id']}").status, 404)
        kept = self.ready("To keep")
        self.event(kept["id"], "launch")
        self.assertEqual(self.admin.delete(f"{LIST}/{kept['id']}").status, 409)

    def test_an_admin_key_is_needed(self):
        made = self.make("Guarded")
        for method, path in [("GET", LIST), ("POST", LIST), ("GET", f"{LIST}/{made['id']}"),
                             ("PUT", f"{LIST}/{made['id']}"), ("DELETE", f"{LIST}/{made['id']}"),
                             ("POST", f"{LIST}/{made['id']}/launch"), ("GET", "/dashboard/api/settings")]:
            self.assertEqual(self.api.request(method, path, {} if method != "GET" else None).status, 403)


class RunningTest(SequenceTest):
    def test_the_whole_way(self):
        made = self.ready("Whole way")
        id = made["id"]
        self.assertNotIn("launched_at", made)
        active = self.event(id, "launch").json
        self.assertEqual(active["status"], "active")
        self.assertIn("launched_at", active)
        self.assertEqual(self.event(id, "launch").json["status"], "active")
        self.assertEqual(self.event(id, "resume").json["status"], "active")
        self.assertIn(self.event(id, "pause").json["status"], ("pausing", "paused"))
        self.wait_status(id, "paused")
        self.assertEqual(self.event(id, "pause").json["status"], "paused")
        self.assertEqual(self.event(id, "launch", expect=409).codes, ["conflict"])
        self.assertIn(self.event(id, "resume").json["status"], ("resuming", "active"))
        self.wait_status(id, "active")
        self.assertEqual(self.get(id)["launched_at"], active["launched_at"])
        self.assertIn(self.event(id, "archive").json["status"], ("archiving", "archived"))
        self.wait_status(id, "archived")
        for event in ("launch", "pause", "resume"):
            self.assertEqual(self.event(id, event, expect=409).codes, ["conflict"])
        self.assertEqual(self.event(id, "archive").json["status"], "archived")
        answer = self.admin.put(f"{LIST}/{id}", {"name": "x"})
        self.assert_error(answer, 409, "conflict")

    def test_a_draft_is_not_paused_but_archived(self):
        id = self.make("Only a draft")["id"]
        for event in ("pause", "resume"):
            self.assertEqual(self.event(id, event, expect=409).codes, ["conflict"])
        self.event(id, "archive")
        self.wait_status(id, "archived")

    def test_what_a_launch_needs(self):
        off = self.connect(self.admin, self.account, "off@acme.example")
        self.admin.post(f"/dashboard/api/mailboxes/{off['id']}/pause", expect=200)
        night = self.connect(self.admin, self.account, "night@acme.example")
        self.admin.patch(f"/dashboard/api/mailboxes/{night['id']}", {
            "time_zone": "UTC", "working_hours": [{"day": "sunday", "from": "01:00", "to": "02:00"}]}, expect=200)
        senders = {"settings": {"senders": [self.sender]}}
        text = {"variants": [{"text": "x"}]}
        plain = {"stages": [email()]}
        cases = [
            (["/settings/senders", "/stages"], {}),
            (["/stages/0/variants"], {"stages": [{"type": "email"}], **senders}),
            (["/stages/0/variants/0/subject"], {"stages": [email(**text)], **senders}),
            (["/stages/0/variants/1/text"], {"stages": [email(variants=[
                {"subject": "s", "text": "t"}, {"subject": "s"}])], **senders}),
            (["/stages/0/variants"], {"stages": [{"type": "linkedin_message"}], **senders}),
            (["/settings/senders/0/mailbox_id"], {"settings": {"senders": [{
                "user_id": self.account.user_id}]}, **plain}),
            (["/settings/senders"], {"settings": {"senders": [{**self.sender, "mailbox_id": off["id"]}]}, **plain}),
            (["/settings/senders/0"], {"settings": {"senders": [{**self.sender, "mailbox_id": night["id"]}]},
                                       "stages": [email(variants=[{"subject": "s", "text": "{{sender.signature}}"}])],
                                       "unsigned": night}),
            (["/settings/windows"], {"settings": {"senders": [{**self.sender, "mailbox_id": night["id"]}],
                                                  "time_zone": "UTC"}, **plain}),
        ]
        for number, (pointers, members) in enumerate(cases):
            with self.subTest(pointers):
                unsigned = members.pop("unsigned", None)
                if unsigned:
                    self.admin.patch(f"/dashboard/api/mailboxes/{unsigned['id']}", {"signature": ""}, expect=200)
                    members["settings"]["windows"] = [{"day": "sunday", "from": "00:00", "to": "24:00"}]
                made = self.make(f"Lacking {number}", **members)
                answer = self.admin.post(f"{LIST}/{made['id']}/launch")
                self.assertEqual(self.pointers(answer), pointers)
                self.assertEqual(self.get(made["id"])["status"], "draft")

    def test_what_may_launch(self):
        cases = [
            {"stages": [{"type": "custom_task"}], "settings": {"senders": [{"user_id": self.account.user_id}]}},
            {"kind": "reply_sequence", "stages": [email(variants=[{"text": "x"}])],
             "settings": {"senders": [self.sender]}},
            {"stages": [email(), email(variants=[{"html": "<p>x"}])], "settings": {"senders": [self.sender]}},
            {"stages": [email(variants=[{"subject": "s", "text": "t"}, {"weight": 0}])],
             "settings": {"senders": [self.sender], "start_at": "2035-01-01T00:00:00Z"}},
        ]
        for number, members in enumerate(cases):
            made = self.make(f"Complete {number}", **members)
            self.assertEqual(self.event(made["id"], "launch").json["status"], "active")

    def test_preview(self):
        made = self.ready("Preview", stages=[
            email(variants=[{"subject": "For {{first_name|you}}\u00a0", "text": "{{company_name}} {a|b|c}",
                             "html": "<p>{{company_name}}</p>{{sender.signature}}"}]),
            {"type": "linkedin_visit"}])
        stage, silent = made["stages"]
        path = f"{LIST}/{made['id']}/preview"
        lead = {"email": "x@example.com", "data": {"company_name": "A & B", "nothing": None}}
        shown = self.admin.post(path, {"stage_id": stage["id"], "lead": lead}, expect=200).json
        self.assertEqual(shown["subject"], "For you\u00a0")
        self.assertIn(shown["text"], ("A & B a", "A & B b", "A & B c"))
        self.assertEqual(shown["html"], "<p>A &amp; B</p><b>Ann</b>")
        self.assertEqual((shown["missing"], shown["variant_id"]), ([], stage["variants"][0]["id"]))
        self.assertEqual(self.admin.post(path, {"stage_id": stage["id"], "lead": lead}).json, shown)
        lacking = self.admin.post(path, {"stage_id": stage["id"], "lead": {}}, expect=200).json
        self.assertEqual(lacking, {"variant_id": shown["variant_id"], "missing": ["company_name"]})
        self.assertEqual(self.admin.post(path, {"stage_id": silent["id"], "lead": {}}, expect=200).json,
                         {"missing": []})
        for body, pointer in [({"lead": {}}, "/stage_id"), ({"stage_id": "x", "lead": {}}, "/stage_id"),
                              ({"stage_id": stage["id"]}, "/lead"),
                              ({"stage_id": stage["id"], "variant_id": "x", "lead": lead}, "/variant_id"),
                              ({"stage_id": stage["id"], "user_id": "x", "lead": lead}, "/user_id"),
                              ({"stage_id": stage["id"], "lead": {"data": [1]}}, "/lead/data"),
                              ({"stage_id": stage["id"], "lead": {"data": {"a": 1}}}, "/lead/data/a")]:
            self.assertEqual(self.pointers(self.admin.post(path, body)), [pointer])

    def test_variants_by_weight(self):
        made = self.ready("Weights", stages=[email(variants=[
            {"subject": "a", "text": "a", "weight": 1}, {"subject": "b", "text": "b", "weight": 0},
            {"subject": "c", "text": "c", "weight": 3}])])
        shown = [self.admin.post(f"{LIST}/{made['id']}/preview", {
            "stage_id": made["stages"][0]["id"], "lead": {"email": f"lead{number}@example.com"}}).json["subject"]
            for number in range(120)]
        self.assertEqual(shown.count("b"), 0)
        self.assertTrue(15 <= shown.count("a") <= 45, shown.count("a"))

    def test_settings_of_the_account(self):
        path = "/dashboard/api/settings"
        usual = {"time_zone": "UTC", "recently_contacted_days": 30, "sequence_lead_limit": 10000}
        self.assertEqual(self.admin.get(path, expect=200).json, usual)
        changed = self.admin.patch(path, {"time_zone": "Asia/Tokyo"}, expect=200).json
        self.assertEqual(changed, {**usual, "time_zone": "Asia/Tokyo"})
        self.admin.patch(path, {"recently_contacted_days": 0}, expect=200)
        self.assertEqual(self.admin.get(path).json, {**changed, "recently_contacted_days": 0})
        self.assertEqual(self.other_admin.get(path).json, usual)
        for body, pointer in [({"time_zone": "Mars/Base"}, "/time_zone"),
                              ({"sequence_lead_limit": 0}, "/sequence_lead_limit")]:
            self.assertEqual(self.pointers(self.admin.patch(path, body)), [pointer])
        self.admin.patch(path, usual, expect=200)


class ListTest(SequenceTest):
    NAMES = ["Outbound EMEA", "outbound apac", "100% Inbound", "\u00c9t\u00e9 (Q3)", "Zz"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in cls.NAMES:
            cls.admin.post(LIST, {"name": name}, expect=201)
        cls.admin.post(LIST, {"name": "A reply", "kind": "reply_sequence"}, expect=201)

    def names(self, target):
        return [one["name"] for one in self.api.get(target, expect=200).json["sequences"]]

    def test_fields(self):
        answer = self.api.get("/sequences", expect=200).json
        first = answer["sequences"][0]
        self.assertEqual(sorted(first), ["_links", "created_at", "created_by_user_email", "created_by_user_id",
                                         "dynamic_fields_used", "id", "name", "status", "updated_at"])
        self.assertEqual(first["created_by_user_email"], "acme@acme.example")
        self.assertTrue(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["created_at"]))
        self.assertEqual(answer["_links"], {"self": {"href": "/sequences?page[size]=20"}})

    def test_filters(self):
        user = self.account.user_id
        for query, expected in [
                ("", self.NAMES), ("name=OUTBOUND", self.NAMES[:2]), ("name=bound e", self.NAMES[:1]),
                ("name=%25", [self.NAMES[2]]), ("name=_", []), ("name=%C3%A9T%C3%A9", [self.NAMES[3]]),
                ("name=(q3)", [self.NAMES[3]]), ("name=' OR 1=1 --", []), ("name=", self.NAMES),
                ("status=draft", self.NAMES), ("status=active", []), ("status=nothing", []),
                (f"created_by_user_id={user}", self.NAMES), ("created_by_user_id=x", []),
                ("created_by_user_email=ACME@acme.example", self.NAMES), ("created_by_user_email=x@x.example", []),
                ("name=zz&status=draft", ["Zz"]), ("kind=reply_sequence", self.NAMES)]:
            with self.subTest(query):
                self.assertEqual(self.names("/sequences?" + query.replace(" ", "%20")), expected)
        kinds = self.admin.get(f"{LIST}?kind=reply_sequence", expect=200).json["sequences"]
        self.assertEqual([one["name"] for one in kinds], ["A reply"])

    def test_pages(self):
        for size in (1, 2, 3, 5, 6):
            target, seen = f"/sequences?page[size]={size}&status=draft", []
            while target:
                answer = self.api.get(target, expect=200).json
                self.assertLessEqual(len(answer["sequences"]), size)
                seen += [one["name"] for one in answer["sequences"]]
                target = answer["_links"].get("next", {}).get("href")
            self.assertEqual(seen, self.NAMES)
            back = self.api.get(answer["_links"]["prev"]["href"], expect=200).json if "prev" in answer["_links"] else None
            if back:
                self.assertEqual(len(back["sequences"]), size)
        id = self.api.get("/sequences?page[size]=2").json["sequences"][-1]["id"]
        answer = self.api.get("/sequences?page[size]=2", expect=200).json
        self.assertEqual(answer["_links"]["next"]["href"], f"/sequences?page[size]=2&page[after]={id}")

    def test_nobody_elses(self):
        self.assertEqual(self.stranger.get("/sequences", expect=200).json["sequences"], [])
        mine = self.api.get("/sequences").json["sequences"][0]["id"]
        self.assertEqual(self.stranger.get(f"/sequences?page[after]={mine}", expect=200).json["sequences"], [])
        for method, path in [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/export"), ("POST", "/duplicate"),
                             ("POST", "/launch"), ("POST", "/archive")]:
            body = {"name": "x"} if method in ("PUT", "POST") else None
            self.assertEqual(self.other_admin.request(method, f"{LIST}/{mine}{path}", body).status, 404)


class TransientTest(SequenceTest):
    """Work in flight: a message that is being sent, which the tests write as the sender would."""

    def sql(self, statement):
        self.server.stop()
        if harness.ENGINE == "postgres":
            subprocess.run(["psql", "-q", self.server.database.url, "-c", statement], check=True)
        else:
            with contextlib.closing(sqlite3.connect(self.server.folder / "var/outrider.db")) as database:
                database.execute(statement)
                database.commit()
        self.start()

    def test_work_in_flight_ends_first(self):
        made = self.ready("In flight")
        id = made["id"]
        self.event(id, "launch")
        text = {name: f"'{name}'" for name in ("lead_id", "stage_id", "user_id", "mailbox_id", "message_id")}
        row = {**dict.fromkeys(("priority", "is_first", "due_at", "next_at", "attempts", "looks", "opens", "clicks",
                                "created_at", "updated_at"), "1"), **text, "account_id": f"'{self.account.id}'",
               "sequence_id": f"'{id}'", "id": "'in flight'", "state": "'sending'"}
        self.sql(f"INSERT INTO messages ({', '.join(row)}) VALUES ({', '.join(row.values())})")
        self.assertEqual(self.event(id, "pause").json["status"], "pausing")
        answer = self.admin.put(f"{LIST}/{id}", {"name": "x"})
        self.assert_error(answer, 409, "conflict")
        for event in ("resume", "archive"):
            self.event(id, event, expect=409)
        self.assertEqual(self.get(id)["status"], "pausing")
        self.server.kill()
        self.start()
        self.assertEqual(self.get(id)["status"], "pausing")
        self.sql("DELETE FROM messages WHERE id = 'in flight'")
        self.wait_status(id, "paused")

    def test_a_job_that_was_lost_is_made_again(self):
        made = self.ready("Lost")
        id = made["id"]
        self.event(id, "launch")
        self.sql(f"UPDATE sequences SET status = 'archiving' WHERE id = '{id}'")
        self.wait_status(id, "archived")


class FileTest(SequenceTest):
    @classmethod
    def cli(cls, *words, **options):
        return cls.server.cli("sequence", *words, "--account", cls.account.id, **options)

    def test_apply_and_export(self):
        self.server.stop()
        path = self.server.folder / "sequence.json"
        file = {"name": "From a file", "stages": [email(attachments=["a.pdf"]), {"type": "phone_call", "delay_days": 3}],
                "attachments": [{"name": "a.pdf", "media_type": "application/pdf", "content": PDF}],
                "settings": {"senders": [self.sender], "holidays": ["2030-01-01"], "track_opens": True}}
        path.write_text(json.dumps(file))
        self.assertEqual(self.cli("apply", path, "--dry-run").stdout, "would create From a file\n")
        self.assertNotIn("From a file", self.cli("list").stdout)
        self.assertEqual(self.cli("apply", path).stdout, "created From a file\n")
        exported = self.cli("export", "From a file").stdout
        self.assertEqual(json.loads(exported)["settings"]["track_opens"], True)
        # Written by hand, exported, applied, again: nothing changes any more.
        for text in (json.dumps(file), exported, exported):
            path.write_text(text)
            self.assertEqual(self.cli("apply", path).stdout, "updated From a file\n")
            self.assertEqual(self.cli("export", "From a file").stdout, exported)
        other = self.cli("apply", path, "--dry-run").stdout
        self.assertEqual(other, "would update From a file\n")
        self.assertEqual(self.cli("launch", "From a file").stdout, "active\n")
        self.assertEqual(self.cli("apply", path).stdout, "updated From a file\n")
        self.assertEqual(self.cli("pause", "From a file").stdout, "pausing\n")
        self.assertIn("pausing", self.cli("apply", path, expect=1).stderr)
        id = self.cli("list").stdout.split("\t")[0]
        self.start()
        self.wait_status(id, "paused")
        self.server.stop()
        self.assertEqual(self.cli("resume", id).stdout, "resuming\n")
        self.start()
        self.wait_status(id, "active")
        self.server.stop()
        self.assertEqual(self.cli("archive", id).stdout, "archiving\n")
        self.start()
        self.wait_status(id, "archived")

    def test_mistakes_are_told(self):
        self.server.stop()
        path = self.server.folder / "wrong.json"
        for text, wanted in [
                ("{", "line 1, column"), ("[]", "A JSON object is expected"), ("{}", "/name: Missing field"),
                ('{"name":"x","stages":[{"type":"email","variants":[{"text":"{{"}]}]}',
                 "/stages/0/variants/0/text: Line 1, column 1: {{ has no }}")]:
            path.write_text(text)
            for options in ((), ("--dry-run",)):
                self.assertIn(wanted, self.cli("apply", path, *options, expect=1).stderr)
        self.assertIn("no such file", self.cli("apply", "/nowhere", expect=1).stderr.lower())
        for command in ("export", "launch", "pause", "resume", "archive"):
            self.assertIn("no sequence nothing", self.cli(command, "nothing", expect=1).stderr)
        self.start()
