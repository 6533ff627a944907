"""Workflows: made, judged, ordered, enabled; what each action does for a reply, what the log says
of it, and what webhooks are told, held against the documented bodies."""
import json
import uuid

import harness
from lib import database
from lib.receiver import Receiver
from lib.sending import ALWAYS

WORKFLOWS, SEQUENCES = "/dashboard/api/workflows", "/dashboard/api/sequences"
NOBODY = "01890000-0000-7000-8000-000000000000"
REPLIED_AT, SENT_AT = 1574858266000, 1574840266000  # 2019-11-27T12:37:46Z, 07:37:46Z
LEAD = {"first_name": "John", "last_name": "Doe", "company_name": "Company", "company_domain": "company.example"}
JANE = {"email": "jane.doe@company.example", "first_name": "Jane", "last_name": "Doe"}
TASK = {"type": "create_task", "subject": "Look"}


class WorkflowsTest(harness.ApiTest):
    settings = {"webhook.allow_networks": "127.0.0.1/32", "sequence.tick_ms": 100}
    count = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)

    def workflow(self, *actions, expect=201, **members):
        WorkflowsTest.count += 1
        body = {"name": f"Workflow {self.count}", "labels": ["ooo"], "actions": list(actions) or [TASK], **members}
        made = self.admin.post(WORKFLOWS, body, expect=expect)
        if expect == 201:
            self.addCleanup(self.admin.delete, f"{WORKFLOWS}/{made.json['id']}")
        return made.json

    def get(self, workflow, expect=200):
        return self.admin.get(f"{WORKFLOWS}/{workflow['id']}", expect=expect).json

    def try_out(self, workflow, expect=200, **test):
        return self.admin.post(f"{WORKFLOWS}/{workflow['id']}/test", test, expect=expect).json

    def runs(self, workflow, **query):
        return self.admin.get(f"{WORKFLOWS}/{workflow['id']}/runs", query=query, expect=200).json["runs"]

    @classmethod
    def sequence(cls, name):
        body = {"name": name, "stages": [{"type": "custom_task", "subject": f"Card {i}"} for i in range(3)],
                "settings": {"senders": [{"user_id": cls.account.user_id}], "windows": ALWAYS}}
        made = cls.admin.post(SEQUENCES, body, expect=201).json
        cls.admin.post(f"{SEQUENCES}/{made['id']}/launch", expect=200)
        return made


class SettingsTest(WorkflowsTest):
    def test_all_members(self):
        sequence = self.sequence("All members")["id"]
        made = self.workflow({"type": "pause", "until": "any_date", "days": 3}, TASK, labels=["ooo", "any"],
                             repeat="every_time",
                             conditions={"sequence_ids": [sequence], "user_ids": [self.account.user_id],
                                         "sender_domains": ["Www.Company.Example"], "text_contains": ["back"],
                                         "first_reply": True})
        self.assertEqual((made["status"], made["repeat"], made["labels"]), ("draft", "every_time", ["ooo", "any"]))
        self.assertEqual(made["conditions"]["sender_domains"], ["company.example"])
        self.assertEqual(made["actions"], [{"type": "pause", "until": "any_date", "days": 3}, TASK])
        self.assertEqual(self.get(made), made)
        self.assertIn(made, self.admin.get(WORKFLOWS, expect=200).json["workflows"])

    def test_changes(self):
        made = self.workflow()
        path = f"{WORKFLOWS}/{made['id']}"
        changed = self.admin.patch(path, {"name": "Other", "actions": [{"type": "exclude_email"}]}, expect=200).json
        self.assertEqual((changed["name"], changed["labels"], changed["actions"]),
                         ("Other", ["ooo"], [{"type": "exclude_email"}]))
        for status, word in (("enabled", "enable"), ("enabled", "enable"), ("draft", "disable")):
            self.assertEqual(self.admin.post(f"{path}/{word}", expect=200).json["status"], status)
        self.admin.patch(path, {"name": self.workflow()["name"]}, expect=409)
        self.admin.delete(path, expect=204)
        for call in (self.admin.get, self.admin.delete):
            call(path, expect=404)
        self.admin.patch(path, {}, expect=404)
        for word in ("enable", "disable"):
            self.admin.post(f"{path}/{word}", expect=404)

    def test_order(self):
        made = [self.workflow() for _ in range(3)]
        listed = [one["id"] for one in self.admin.get(WORKFLOWS).json["workflows"]]
        self.assertEqual(listed[-3:], [one["id"] for one in made])
        turned = self.admin.post(f"{WORKFLOWS}/order", {"ids": listed[::-1]}, expect=200).json["workflows"]
        self.assertEqual([one["id"] for one in turned], listed[::-1])
        self.assertEqual([one["position"] for one in turned], list(range(1, len(listed) + 1)))
        for ids in (listed[1:], listed[:-1] + [NOBODY], listed[:-1] + listed[:1]):
            answer = self.admin.post(f"{WORKFLOWS}/order", {"ids": ids})
            self.assert_error(answer, 400, "unsupported_value", pointer="/ids")

    def test_every_mistake_is_told_at_its_place(self):
        answer = self.admin.post(WORKFLOWS, {
            "name": " ", "labels": ["ooo"], "conditions": {"user_ids": [NOBODY], "sender_domains": ["no domain"]},
            "actions": [{"type": "pause"}, {"type": "send_json"}, {"type": "exclude_email", "days": 2},
                        {"type": "send_json", "webhook_id": NOBODY}]}, expect=400)
        self.assertEqual(sorted(error["source"]["pointer"] for error in answer.json["_errors"]), [
            "/actions/0/until", "/actions/1/webhook_id", "/actions/2/days", "/actions/3/webhook_id",
            "/conditions/sender_domains/0", "/conditions/user_ids/0", "/name"])
        self.assertEqual(self.admin.post(WORKFLOWS, {}, expect=400).codes, ["missing_field"] * 3)

    def test_of_another_account(self):
        made = self.workflow()
        other = self.server.client(self.other.admin_key)
        path = f"{WORKFLOWS}/{made['id']}"
        for call in (lambda: other.get(path, expect=404), lambda: other.patch(path, {}, expect=404),
                     lambda: other.delete(path, expect=404), lambda: other.get(path + "/runs", expect=404),
                     lambda: other.post(path + "/test", {"label": "ooo"}, expect=404),
                     lambda: other.post(path + "/enable", expect=404)):
            call()
        self.assertEqual(other.get(WORKFLOWS).json["workflows"], [])
        answer = other.post(WORKFLOWS, {"name": "x", "labels": ["ooo"], "actions": [
            {"type": "add_to_sequence", "sequence_id": self.sequence("Of one account")["id"]}]})
        self.assert_error(answer, 400, "unsupported_value", pointer="/actions/0/sequence_id")
        self.api.get(WORKFLOWS, expect=403)


class CommandTest(WorkflowsTest):
    def test_files(self):
        path, of = self.server.folder / "workflow.json", ("--account", self.account.id)
        definition = {"name": "From a file", "labels": ["hard_no"], "conditions": {"text_contains": ["stop"]},
                      "actions": [{"type": "exclude_email", "reason": "asked"}], "repeat": "once_per_lead"}
        path.write_text(json.dumps(definition), encoding="utf-8")
        lines = [self.server.line("workflow", "apply", path, *of, *more)
                 for more in (["--dry-run"], [], ["--dry-run"], [])]
        self.assertEqual(lines, [f"{word} From a file" for word in
                                 ("would create", "created", "would update", "updated")])
        self.assertEqual(json.loads(self.server.cli("workflow", "export", "From a file", *of).stdout), definition)
        self.assertEqual(self.server.line("workflow", "enable", "From a file", *of), "enabled")
        self.server.line("workflow", "apply", path, *of)
        id, status, repeat, name = self.server.line("workflow", "list", *of).split("\t")
        self.assertEqual((status, repeat, name), ("enabled", "once_per_lead", "From a file"))
        self.assertEqual(self.server.line("workflow", "disable", id, *of), "draft")
        path.write_text(json.dumps({**definition, "actions": [{"type": "pause"}]}), encoding="utf-8")
        self.assertIn("/actions/0/until", self.server.cli("workflow", "apply", path, *of, expect=1).stderr)
        self.server.cli("workflow", "export", "Nobody's", *of, expect=1)
        self.admin.delete(f"{WORKFLOWS}/{id}", expect=204)


class RunsTest(WorkflowsTest):
    """For replies that are rows of the database, each of a lead of its own."""

    # Each name is a reply.
    REPLIES = {
        "interested": {},
        "ooo": {"return_on": "2023-01-01"},
        "asked_to_circle_back_later": {"follow_up_on": "2023-01-01"},
        "not_the_right_person": {"referred": json.dumps(JANE)},
        "forwarded_to_the_right_person": {},
        "hard_no": {}, "not_interested": {}, "introduction": {},
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source, cls.target = cls.sequence("Source"), cls.sequence("Target")
        leads = [{"email": f"{label}@company.example", "data": LEAD} for label in cls.REPLIES]
        cls.api.post(f"/sequences/{cls.source['id']}/leads", {"leads": leads}, expect=200)
        listed = cls.admin.get(f"{SEQUENCES}/{cls.source['id']}/leads", expect=200).json["leads"]
        cls.leads = {lead["email"].split("@")[0]: lead for lead in listed}
        cls.replies = {label: str(uuid.uuid4()) for label in cls.REPLIES}
        database.change(cls.server, *[row for label in cls.REPLIES for row in cls.rows(label)])
        for client in (cls.api, cls.admin):
            client.close()

    @classmethod
    def rows(cls, label):
        stage = cls.source["stages"][2]["id"]
        message, lead = str(uuid.uuid4()), cls.leads[label]
        common = {"account_id": cls.account.id, "lead_id": lead["id"], "sequence_id": cls.source["id"],
                  "stage_id": stage, "user_id": cls.account.user_id, "mailbox_id": NOBODY,
                  "contact_id": lead["contact_id"], "created_at": 1, "updated_at": 1}
        yield database.insert("messages", id=message, state="sent", message_id=f"{label}@x.example", priority=1,
                              is_first=1, due_at=1, next_at=1, attempts=0, looks=0, opens=0, clicks=0,
                              sent_at=SENT_AT, **common)
        yield database.insert("replies", id=cls.replies[label], kind="person", matched_by="in_reply_to",
                              message_id=message, header_id=f"{label}-reply@x.example",
                              from_address=lead["email"], from_name="Sender",
                              to_addresses='["r1@seller.example","r2@seller.example"]',
                              cc_addresses='["cc@seller.example"]', subject="The subject of the message",
                              snippet="A short snippet of the email message.",
                              last_message="A processed version of the message.",
                              body="The original email message body.", dated_at=REPLIED_AT, label=label,
                              **cls.REPLIES[label], **common)

    def webhook(self, path):
        made = self.admin.post("/dashboard/api/webhooks", {"url": self.receiver.url(path), "activities": []},
                               expect=201).json
        self.addCleanup(self.admin.delete, f"/dashboard/api/webhooks/{made['id']}")
        return made

    def told(self, path, n=1):
        self.server.wait_for(lambda: len(self.receiver.of(path)) >= n, f"{n} at {path}")
        return self.receiver.of(path)

    def lead(self, label):
        return self.admin.get(f"/dashboard/api/leads/{self.leads[label]['id']}", expect=200).json

    # --- what webhooks are told ---

    def expected(self, label, **more):
        email = f"{label}@company.example"
        return {
            "email_message": {
                "id": None, "from": f'"Sender" <{email}>', "to": " <r1@seller.example>, <r2@seller.example>",
                "cc": " <cc@seller.example>", "bcc": "", "subject": "The subject of the message",
                "snippet": "A short snippet of the email message.",
                "last_message": "A processed version of the message.",
                "body": "The original email message body.", "tag": [label], "date": "2019-11-27T12:37:46+00:00"},
            "sequence_stage": {"index": 3, "sending_date": "2019-11-27T07:37:46Z"},
            "sequence": {"key": self.source["id"], "name": "Source", "start_date": self.lead(label)["created_at"]},
            "user": {"email": "acme@acme.example"}, "lead": {"email": email, **LEAD}, **more}

    def pushed(self, label):
        webhook = self.webhook(f"/{label}")
        run = self.try_out(self.workflow({"type": "send_json", "webhook_id": webhook["id"]}),
                           reply_id=self.replies[label])
        step, = run["actions"]
        self.assertEqual((run["status"], step["status"], step["input"]),
                         ("done", "done", {"webhook_id": webhook["id"]}))
        told, = self.told(f"/{label}")
        self.assertTrue(told.is_signed_with(webhook["secret"]))
        self.assertEqual(told.json["email_message"]["id"], self.replies[label])
        body = told.json
        body["email_message"]["id"] = None
        return body

    def test_documented_bodies(self):
        third = {"third_party_email": "not_the_right_person@company.example",
                 **{f"third_party_{name}": value for name, value in LEAD.items()}}
        nobody = {f"third_party_{name}": None for name in ("email", *LEAD)}
        cases = {
            "interested": {}, "hard_no": {}, "not_interested": {}, "introduction": {},
            "ooo": {"additional_info": {"return_date": "2023-01-01"}},
            "asked_to_circle_back_later": {"additional_info": {"follow_up_date": "2023-01-01"}},
            "not_the_right_person": {"lead": {"email": JANE["email"], **LEAD, "first_name": "Jane"},
                                     "additional_info": third},
            "forwarded_to_the_right_person": {"additional_info": nobody},
        }
        for label, more in cases.items():
            with self.subTest(label):
                body, expected = self.pushed(label), self.expected(label, **more)
                self.assertEqual(json.dumps(body), json.dumps(expected))  # in the same order

    def test_an_example_is_really_told(self):
        webhook = self.webhook("/example")
        before = self.api.get("/excluded-emails", expect=200)
        made = self.workflow({"type": "exclude_email"}, {"type": "send_json", "webhook_id": webhook["id"]},
                             {"type": "replace_lead"})
        run = self.try_out(made, label="not_the_right_person")
        self.assertEqual([step["status"] for step in run["actions"]], ["shown", "done", "shown"])
        self.assertEqual((run["status"], run["is_test"], run["reply_id"]), ("shown", True, None))
        body = self.told("/example")[0].json
        self.assertEqual((body["lead"]["first_name"], body["additional_info"]["third_party_first_name"]), ("Jane", "John"))
        self.assertEqual(list(body), list(self.expected("ooo", additional_info={})))
        self.assertEqual(self.api.get("/excluded-emails", expect=200).body, before.body)

    def test_a_webhook_that_is_disabled(self):
        webhook = self.webhook("/disabled")
        made = self.workflow({"type": "send_json", "webhook_id": webhook["id"]}, TASK)
        self.admin.patch(f"/dashboard/api/webhooks/{webhook['id']}", {"enabled": False}, expect=200)
        run = self.try_out(made, reply_id=self.replies["ooo"])
        self.assertEqual([step["status"] for step in run["actions"]], ["failed", "done"])
        self.assertIn("disabled", run["actions"][0]["error"])
        self.assertEqual((run["status"], self.receiver.of("/disabled")), ("failed", []))

    # --- what the actions do ---

    def test_actions(self):
        made = self.workflow({"type": "exclude_email", "reason": "asked"},
                             {"type": "add_to_sequence", "sequence_id": self.target["id"]},
                             {"type": "create_task", "subject": "Ring", "days": 2},
                             {"type": "pause", "days": 3})
        run = self.try_out(made, reply_id=self.replies["hard_no"])
        excluded, added, task, paused = run["actions"]
        self.assertEqual(excluded["output"], {"result": "success"})
        self.assertEqual((added["status"], added["error"]), ("failed", "They are excluded"))
        self.assertEqual(self.admin.get(f"/dashboard/api/tasks/{task['output']['task_id']}").json["subject"], "Ring")
        self.assertEqual((paused["status"], self.lead("hard_no")["status"]), ("done", "paused"))
        self.assertEqual(run["input"]["from"], "hard_no@company.example")
        self.assertEqual(self.runs(made), [run])

    def test_the_lead_is_replaced(self):
        run = self.try_out(self.workflow({"type": "replace_lead"}), reply_id=self.replies["not_the_right_person"])
        self.assertEqual(run["actions"][0]["error"], None)
        old = self.lead("not_the_right_person")
        self.assertEqual((old["status"], old["reason"]), ("removed", "replaced"))
        leads = self.admin.get(f"{SEQUENCES}/{self.source['id']}/leads", expect=200).json["leads"]
        self.assertIn(JANE["email"], [lead["email"] for lead in leads])

    def test_the_log(self):
        made = self.workflow(TASK)
        for label in ("ooo", "interested", "ooo"):
            self.try_out(made, reply_id=self.replies[label])
        self.assertEqual([run["label"] for run in self.runs(made)], ["ooo", "interested", "ooo"])
        self.assertEqual(len(self.runs(made, reply_id=self.replies["ooo"])), 2)
        self.assertEqual(len(self.runs(made, lead_id=self.leads["interested"]["id"])), 1)
        self.assertEqual(self.runs(made, status="failed"), [])
        page = self.admin.get(f"{WORKFLOWS}/{made['id']}/runs", query={"page[size]": 2}, expect=200).json
        self.assertEqual(len(page["runs"]), 2)
        self.assertEqual(len(self.admin.get(page["_links"]["next"]["href"], expect=200).json["runs"]), 1)
        self.assertGreaterEqual(self.server.metric("outrider_workflow_runs_total", '{result="done"}'), 3)

    def test_what_a_test_needs(self):
        made = self.workflow()
        for body in ({}, {"label": "ooo", "reply_id": self.replies["ooo"]}, {"reply_id": NOBODY}, {"label": "any"}):
            self.try_out(made, expect=400, **body)
        self.try_out({"id": NOBODY}, expect=404, label="ooo")


if __name__ == "__main__":
    harness.main()
