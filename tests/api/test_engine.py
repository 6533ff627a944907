"""The engine: what happens to leads of a running sequence and when, what people do with them,
and why nothing happens. Days pass in a second."""
import contextlib
import hashlib
import hmac
import json
import sqlite3
import subprocess
import unittest

import harness
from lib.connector import Connector

LIST = "/dashboard/api/sequences"
LEADS = "/dashboard/api/leads"
DAY_MS = 1000  # of the server's sequences
GOES_ON = ("active", "waiting_task")  # the planner may have been there already


def call(**stage):
    return {"type": "phone_call", "variants": [{"text": "Ask {{first_name|them}}."}], **stage}


class World(harness.ApiTest):
    settings = {"sequence.clock_scale": 24 * 3600, "sequence.tick_ms": 20}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box = cls.admin.post("/dashboard/api/mailboxes", {
            "email": "box@acme.example", "user_id": cls.account.user_id, "password": "secret", "check": False,
            "smtp_host": "smtp.example.com", "imap_host": "imap.example.com"}, expect=201).json["id"]
        cls.admin.patch(f"/dashboard/api/users/{cls.account.user_id}/connections",
                        {"dialer": True, "linkedin": True}, expect=200)
        cls.count = 0

    def sequence(self, *stages, launch=True, **settings):
        type(self).count += 1
        senders = [{"user_id": self.account.user_id, "mailbox_id": self.box}]
        id = self.admin.post(LIST, {"name": f"Sequence {self.count}", "stages": list(stages),
                                    "settings": {"senders": senders, **settings}}, expect=201).json["id"]
        if launch:
            self.event(id, "launch")
        return id

    def event(self, id, event):
        return self.admin.post(f"{LIST}/{id}/{event}", expect=200).json

    def add(self, id, *emails, **data):
        leads = [{"email": f"{self.count}.{email}", "data": data} for email in emails]
        answer = self.admin.post(f"{LIST}/{id}/leads", {"leads": leads}, expect=200).json
        self.assertEqual(answer["total_added_to_sequence"], len(leads), answer)
        return [lead["id"] for lead in self.leads(id)]

    def leads(self, id, **query):
        return self.admin.get(f"{LIST}/{id}/leads", query=query, expect=200).json["leads"]

    def lead(self, id):
        return self.admin.get(f"{LEADS}/{id}", expect=200).json

    def change(self, id, what, body=None, expect=200):
        return self.admin.post(f"{LEADS}/{id}/{what}", body, expect=expect)

    def wait_until(self, id, **values):
        found = {}

        def is_there():
            found.update(self.lead(id))
            return all(found.get(name) == value for name, value in values.items())
        self.server.wait_for(is_there, f"{values} of {found}")
        return self.lead(id)

    def rows(self, statement):
        """What a SELECT finds, as texts, while the server runs."""
        if harness.ENGINE == "postgres":
            out = subprocess.run(["psql", "-qtAF\t", self.server.database.url, "-c", statement], check=True,
                                 text=True, capture_output=True).stdout
            return [tuple(line.split("\t")) for line in out.splitlines()]
        path = self.server.folder / "var/outrider.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return [tuple("" if value is None else str(value) for value in row)
                    for row in database.execute(statement)]

    def tasks(self, lead):
        return self.rows(f"SELECT type, status, body FROM tasks WHERE lead_id = '{lead}' ORDER BY id")


class EngineTest(World):
    # --- stages ---

    def test_manual_stage(self):
        id = self.sequence(call(delay_days=2, instructions="Kindly."))
        lead, = self.add(id, "ann@x.example", first_name="Ann")
        state = self.wait_until(lead, status="waiting_task", waits_for="task", stage_number=1)
        self.assertEqual((state["stages"], state["stage_type"], state["waits_because"]),
                         (1, "phone_call", "Its task is open"))
        self.assertNotIn("next_at", state)
        self.assertEqual(self.tasks(lead), [("phone_call", "scheduled", "Ask Ann.")])
        times = self.rows(f"SELECT due_at - created_at FROM sequence_leads WHERE id = '{lead}'")
        self.assertEqual(times, [(str(2 * DAY_MS),)])
        self.assertEqual(self.rows(f"SELECT t.due_at - l.due_at, t.notes FROM tasks t JOIN sequence_leads l "
                                   f"ON l.id = t.lead_id WHERE l.id = '{lead}'"), [("0", "Kindly.")])

    def test_completed_tasks_go_on(self):
        id = self.sequence(call(), {"type": "custom_task", "delay_days": 3}, {"type": "custom_task"})
        lead, = self.add(id, "ann@x.example")
        for number in (1, 2, 3):
            self.wait_until(lead, status="waiting_task", stage_number=number)
            task = self.rows(f"SELECT id FROM tasks WHERE lead_id = '{lead}' AND status = 'scheduled'")[0][0]
            if number == 3:
                self.assertEqual(self.rows(f"SELECT due_at - counts_from FROM sequence_leads WHERE id = '{lead}'"),
                                 [("0",)])
            self.api.post(f"/tasks/{task}/{'skip' if number == 2 else 'complete'}", expect=200)
        self.assertNotIn("waits_for", self.wait_until(lead, status="completed"))
        dues = [int(row[0]) for row in self.rows(f"SELECT due_at FROM tasks WHERE lead_id = '{lead}' ORDER BY id")]
        self.assertGreaterEqual(dues[1] - dues[0], 3 * DAY_MS)

    def test_linkedin_without_connector(self):
        id = self.sequence({"type": "linkedin_visit", "automatic": True})
        body = {"leads": [{"linkedin_url": "https://www.linkedin.com/in/engine-ann"}]}
        self.admin.post(f"{LIST}/{id}/leads", body, expect=200)
        lead, = [lead["id"] for lead in self.leads(id)]
        self.wait_until(lead, status="waiting_task")
        self.assertEqual(self.rows(f"SELECT type, automatic FROM tasks WHERE lead_id = '{lead}'"),
                         [("linkedin_visit", "0")])

    def test_every_type_by_hand(self):
        """Each of the ten is a task of its type with its words; each done, the next one follows."""
        says = [{"text": "For {{first_name}} of {{company_name|nobody}}."}]
        stages = [{"type": "email", "automatic": False, "variants": [{"subject": "To {{first_name}}", **says[0]}]},
                  {"type": "linkedin_visit"}, {"type": "linkedin_follow"}, {"type": "linkedin_like_last_post"},
                  {"type": "linkedin_connect", "variants": says}, {"type": "linkedin_message", "variants": says},
                  {"type": "linkedin_voice_message", "variants": says},
                  {"type": "linkedin_video_message", "variants": says}, {"type": "phone_call", "variants": says},
                  {"type": "custom_task", "variants": says}]
        for number, stage in enumerate(stages):
            stage.update(automatic=False, priority=("low", "normal", "high")[number % 3], instructions=f"Do {number}")
        id = self.sequence(*stages)
        body = {"leads": [{"email": "ten@x.example", "linkedin_url": "https://www.linkedin.com/in/engine-ten",
                           "data": {"first_name": "Tea"}}]}
        self.admin.post(f"{LIST}/{id}/leads", body, expect=200)
        lead, = [lead["id"] for lead in self.leads(id)]
        query = {"user_id": self.account.user_id, "sequence_key": id, "status": "scheduled"}
        for number, stage in enumerate(stages):
            self.wait_until(lead, status="waiting_task", stage_number=number + 1, stage_type=stage["type"])
            task, = self.api.get("/tasks", query=query, expect=200).json["tasks"]
            self.assertEqual([task[name] for name in ("type", "automatic", "priority", "notes", "text", "lead_id")],
                             [stage["type"], False, stage["priority"], f"Do {number}",
                              "For Tea of nobody." if "variants" in stage else None, lead])
            self.assertEqual(task["subject"] == "To Tea", stage["type"] == "email")
            self.api.post(f"/tasks/{task['id']}/complete", expect=200)
        self.wait_until(lead, status="completed")
        self.assertEqual({stage["type"] for stage in stages}, set(self.api.get("/tasks/types", expect=200).json["types"]))

    def test_draft_begins_at_launch(self):
        id = self.sequence(call(), launch=False)
        lead, = self.add(id, "ann@x.example")
        state = self.wait_until(lead, status="pending", waits_for="sequence")
        self.assertEqual(state["waits_because"], "The sequence is not active")
        self.event(id, "launch")
        self.wait_until(lead, status="waiting_task", stage_number=1)

    # --- a sequence that rests ---

    def test_sequence_pauses_and_resumes(self):
        id = self.sequence(call(delay_days=1))
        self.event(id, "pause")
        self.server.wait_for(lambda: self.admin.get(f"{LIST}/{id}").json["status"] == "paused", "the pause")
        lead, = self.add(id, "ann@x.example")
        self.wait_until(lead, waits_for="sequence")
        self.assertEqual(self.tasks(lead), [])
        self.event(id, "resume")
        self.wait_until(lead, status="waiting_task")

    def test_archive_cancels(self):
        id = self.sequence(call())
        lead, = self.add(id, "ann@x.example")
        self.wait_until(lead, status="waiting_task")
        self.event(id, "archive")
        state = self.wait_until(lead, status="removed", reason="sequence_archived")
        self.assertNotIn("waits_for", state)
        self.assertEqual([task[1] for task in self.tasks(lead)], ["canceled"])
        self.assert_error(self.change(lead, "retry", {}, expect=409), 409, "conflict")

    # --- what people do ---

    def test_pause_resume_remove_retry(self):
        id = self.sequence(call())
        lead, = self.add(id, "ann@x.example")
        self.wait_until(lead, status="waiting_task")
        self.assert_error(self.change(lead, "pause", {"until": "soon"}, expect=400), 400, "unsupported_value")
        state = self.change(lead, "pause", {}).json
        self.assertEqual((state["status"], state["reason"], state["waits_for"]), ("paused", "manual", "pause"))
        self.assertEqual([task[1] for task in self.tasks(lead)], ["canceled"])
        self.assertIn(self.change(lead, "resume").json["status"], GOES_ON)
        self.wait_until(lead, status="waiting_task")
        self.assertEqual([task[1] for task in self.tasks(lead)], ["canceled", "scheduled"])
        self.assertEqual(self.change(lead, "remove").json["reason"], "manual")
        self.assertEqual(self.change(lead, "remove").json["status"], "removed")
        self.assert_error(self.change(lead, "pause", {}, expect=409), 409, "conflict")
        self.assert_error(self.change(lead, "resume", expect=409), 409, "conflict")
        self.assertIn(self.change(lead, "retry", {}).json["status"], GOES_ON)
        self.wait_until(lead, status="waiting_task")
        self.assertEqual([task[1] for task in self.tasks(lead)], ["canceled", "canceled", "scheduled"])

    def test_pause_until(self):
        id = self.sequence(call())
        lead, = self.add(id, "ann@x.example")
        self.wait_until(lead, status="waiting_task")
        state = self.change(lead, "pause", {"until": "2001-01-01T00:00:00Z"}).json
        self.assertIn(state["status"], ("paused", "waiting_task", "active"))
        self.wait_until(lead, status="waiting_task")
        self.assertEqual([task[1] for task in self.tasks(lead)], ["canceled", "scheduled"])

    def test_excluded_meanwhile(self):
        id = self.sequence(call(delay_days=30))
        lead, = self.add(id, "ann@excluded.example")
        self.wait_until(lead, waits_for="delay")
        self.api.post("/excluded-domains", {"excluded_domains": [{"domain": "excluded.example"}]}, expect=200)
        self.assertEqual(self.lead(lead)["status"], "removed")
        self.assert_error(self.change(lead, "retry", {}, expect=409), 409, "conflict")
        self.assertEqual(self.change(lead, "retry", {"ignore_exclusion_list": True}).json["status"], "active")

    # --- lists ---

    def test_list(self):
        id = self.sequence(call())
        leads = self.add(id, "a@x.example", "b@x.example", "c@x.example")
        for lead in leads:
            self.wait_until(lead, status="waiting_task")
        self.change(leads[1], "remove")
        answer = self.admin.get(f"{LIST}/{id}/leads", query={"page[size]": 2}, expect=200).json
        self.assertEqual([lead["id"] for lead in answer["leads"]], leads[:2])
        self.assertEqual(answer["counts"], {"removed": 1, "waiting_task": 2})
        answer = self.admin.get(answer["_links"]["next"]["href"], expect=200).json
        self.assertEqual([lead["id"] for lead in answer["leads"]], leads[2:])
        self.assertEqual([lead["id"] for lead in self.leads(id, status="removed")], [leads[1]])
        self.assertEqual([lead["id"] for lead in self.leads(id, email=f"{self.count}.C@x.example")], [leads[2]])
        self.admin.get(f"{LIST}/{'0' * 40}/leads", expect=404)
        for what in ("pause", "resume", "remove", "retry"):
            body = {} if what in ("pause", "retry") else None
            self.change("0198c3a4-0000-7000-8000-000000000000", what, body, expect=404)
        self.admin.get(f"{LEADS}/0198c3a4-0000-7000-8000-000000000000", expect=404)

    def test_commands(self):
        id = self.sequence(call())
        lead, = self.add(id, "ann@x.example")
        self.wait_until(lead, status="waiting_task")
        if harness.ENGINE != "postgres":
            self.server.stop()  # the embedded file is one process's

        def line(*words, **options):
            return self.server.cli("lead", *words, "--account", self.account.id, **options).stdout.strip()
        try:
            cells = line("list", f"Sequence {self.count}").split("\t")
            self.assertEqual(cells[0], lead)
            self.assertEqual(cells[2:], ["waiting_task", "-", "1/1", "-", "task"])
            self.assertIn("Its task is open", line("show", lead))
            self.assertIn("\tpaused\tmanual\t", line("pause", lead, "--until", "2100-01-01T00:00:00Z"))
            self.assertEqual(line("list", id, "--status", "active"), "")
            self.assertIn(line("resume", lead).split("\t")[2], GOES_ON)
            self.assertIn("\tremoved\tmanual\t", line("remove", lead))
            line("pause", lead, expect=1)
            line("show", "nobody", expect=1)
            line("pause", lead, "--until", "soon", expect=2)
            self.assertIn(line("retry", lead, "--ignore-exclusions").split("\t")[2], GOES_ON)
        finally:
            if harness.ENGINE != "postgres":
                self.server.start()
                self.api.close()
                self.admin.close()


class ConnectorTest(World):
    @classmethod
    def setUpClass(cls):
        cls.connector = Connector("key")
        cls.settings = World.settings | cls.connector.settings
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.connector.close()

    def setUp(self):
        self.connector.told.clear()
        self.connector.answers.clear()

    def visit(self, name):
        id = self.sequence({"type": "linkedin_connect", "automatic": True,
                            "variants": [{"text": "Hello {{first_name}}"}]}, call(delay_days=1))
        body = {"leads": [{"linkedin_url": f"https://www.linkedin.com/in/{name}", "data": {"first_name": name}}]}
        self.admin.post(f"{LIST}/{id}/leads", body, expect=200)
        lead, = [lead["id"] for lead in self.leads(id)]
        return id, lead

    def told(self, count=1):
        self.server.wait_for(lambda: len(self.connector.told) >= count, "the connector to be told")
        return json.loads(self.connector.told[-1][1])

    def result(self, action, expect=200, **result):
        return self.admin.post(f"/dashboard/api/linkedin-actions/{action}/result", result, expect=expect)

    def test_done(self):
        _, lead = self.visit("connector-ann")
        told = self.told()
        self.assertEqual({name: told[name] for name in ("type", "lead_id", "text")},
                         {"type": "linkedin_connect", "lead_id": lead, "text": "Hello connector-ann"})
        self.assertEqual(told["lead"]["linkedin_url"], "https://www.linkedin.com/in/connector-ann")
        self.assertEqual(told["user"]["id"], self.account.user_id)
        headers, body = self.connector.told[0]
        signed = headers["X-Outrider-Timestamp"].encode() + b"." + body
        self.assertEqual(headers["X-Outrider-Signature"], "v1=" + hmac.new(b"key", signed, hashlib.sha256).hexdigest())
        self.wait_until(lead, status="active", waits_for="action")
        self.server.wait_for(lambda: self.tasks(lead)[0][1] == "in_progress", "the task to be in progress")
        self.assertEqual(self.result(told["id"], status="completed").json["status"], "completed")
        self.assertEqual(self.result(told["id"], status="completed").json["status"], "completed")
        self.assert_error(self.result(told["id"], status="failed", expect=409), 409, "conflict")
        self.wait_until(lead, status="waiting_task", stage_number=2)
        self.assertEqual(len(self.connector.told), 1)

    def test_its_task_is_not_for_people(self):
        _, lead = self.visit("connector-ida")
        told = self.told()
        query = {"user_id": self.account.user_id, "automatic": "true"}
        shown = {task["id"]: task for task in self.api.get("/tasks", query=query, expect=200).json["tasks"]}[told["id"]]
        self.assertEqual((shown["automatic"], shown["lead_id"]), (True, lead))
        for word in ("complete", "skip"):
            self.assert_error(self.api.post(f"/tasks/{told['id']}/{word}"), 400, "unsupported_value")
        self.wait_until(lead, status="active", waits_for="action", stage_number=1)
        self.result(told["id"], status="completed")
        self.wait_until(lead, status="waiting_task", stage_number=2)

    def test_every_type(self):
        """What may be automatic is told with its words, one after the other."""
        connections = f"/dashboard/api/users/{self.account.user_id}/connections"
        before = self.admin.get(connections, expect=200).json
        self.addCleanup(self.admin.patch, connections, before)
        self.admin.patch(connections, {"voice_clone": True, "copywriter": True, "ai_credits": 10}, expect=200)
        silent, says = ("visit", "follow", "like_last_post"), ("connect", "message", "voice_message", "video_message")
        id = self.sequence(*({"type": f"linkedin_{type}", "automatic": True} for type in silent),
                           *({"type": f"linkedin_{type}", "automatic": True, "variants": [{"text": "To {{first_name}}"}]}
                             for type in says))
        body = {"leads": [{"linkedin_url": "https://www.linkedin.com/in/connector-all", "data": {"first_name": "Al"}}]}
        self.admin.post(f"{LIST}/{id}/leads", body, expect=200)
        lead, = [lead["id"] for lead in self.leads(id)]
        for number, type in enumerate((*silent, *says)):
            told = self.told(number + 1)
            self.assertEqual((told["type"], told["text"], told["sequence_id"]),
                             (f"linkedin_{type}", "To Al" if type in says else None, id))
            self.result(told["id"], status="completed")
        self.wait_until(lead, status="completed")

    def test_failed_and_retried(self):
        _, lead = self.visit("connector-bob")
        told = self.told()
        self.result(told["id"], status="failed", reason="no_such_profile")
        state = self.wait_until(lead, status="errored", reason="no_such_profile")
        self.assertEqual(state["stage_number"], 1)
        self.change(lead, "retry", {})
        again = self.told(2)
        self.assertNotEqual(again["id"], told["id"])
        self.assertEqual(again["lead_id"], lead)

    def test_refused(self):
        self.connector.answers[:] = [422]
        _, lead = self.visit("connector-eve")
        self.wait_until(lead, status="errored", reason="connector_answered_422")

    def test_told_again(self):
        self.server.allow_errors("job failed")
        self.connector.answers[:] = [503]
        _, lead = self.visit("connector-dan")
        self.told(2)
        first, second = (json.loads(body) for _, body in self.connector.told)
        self.assertEqual(first, second)
        self.result(second["id"], status="completed")
        self.wait_until(lead, stage_number=2)

    def test_removed_meanwhile(self):
        _, lead = self.visit("connector-joe")
        told = self.told()
        self.change(lead, "remove")
        self.assert_error(self.result(told["id"], status="completed", expect=409), 409, "conflict")

    def test_nothing_of_users(self):
        id = self.sequence(call())
        lead, = self.add(id, "ann@x.example")
        self.wait_until(lead, status="waiting_task")
        (task,), = self.rows(f"SELECT id FROM tasks WHERE lead_id = '{lead}'")
        self.result(task, status="completed", expect=404)
        self.result("0198c3a4-0000-7000-8000-000000000000", status="completed", expect=404)


if __name__ == "__main__":
    unittest.main()
