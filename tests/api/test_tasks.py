"""Tasks and calls: made by hand, listed, completed, skipped, put off and given away; calls
logged with what they do to their task, and their recordings."""
import calendar
import http.server
import threading
import time

import harness
from test_privacy import kept

TASKS = "/dashboard/api/tasks"
NOBODY = "01890000-0000-7000-8000-000000000000"
CSV = """First Name,Last Name,Email,LinkedIn URL,Company,Time Zone
Ann,Aa,ann@one.example,,One Ltd,Asia/Tokyo
Bob,Bb,bob@two.example,,Two Ltd,
"""


class TasksTest(harness.ApiTest):
    @classmethod
    def prepare(cls, server):
        path = server.folder / "contacts.csv"
        path.write_text(CSV, encoding="utf-8")
        assert server.line("import", "contacts", path, "--account", cls.account.id).startswith("imported 2,")
        server.cli("user", "add", "--account", cls.account.id, "--email", "rep@acme.example", "--first-name", "Rep",
                   "--last-name", "Two", "--role", "sales_rep")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bob = [one["id"] for one in cls.api.get("/contacts", expect=200).json["contacts"]]
        cls.user, cls.rep = cls.account.user_id, cls.user_id("rep@acme.example")

    @classmethod
    def user_id(cls, email):
        return cls.api.get("/users", query={"email": email}, expect=200).json["users"][0]["id"]

    def make(self, subject="Send a card", expect=201, **members):
        body = {"user_id": self.user, "subject": subject, **members}
        return self.admin.post(TASKS, body, expect=expect).json

    def get(self, task):
        return self.admin.get(f"{TASKS}/{task['id']}", expect=200).json

    def complete(self, task, body=None, expect=200):
        return self.api.post(f"/tasks/{task['id']}/complete", body, expect=expect).json

    def skip(self, task, expect=200):
        return self.api.post(f"/tasks/{task['id']}/skip", expect=expect).json

    def subjects(self, client=None, path="/tasks", **query):
        query = {"user_id": self.user, **query} if path == "/tasks" else query
        found = (client or (self.api if path == "/tasks" else self.admin)).get(path, query=query, expect=200).json
        return [task["subject"] for task in found["tasks"]]

    def activity(self, contact):
        return [one["event_type"] for one in self.api.get(f"/contacts/{contact}", expect=200).json["recent_activity"]]


class HandMadeTest(TasksTest):
    def test_all_members(self):
        made = self.make("All of it", type="phone_call", notes="Ask for Zo\u00eb", priority="high",
                         due_on="2026-02-26T09:53:28Z", contact_id=self.ann)
        listed = self.api.get("/tasks", query={"user_id": self.user, "keyword": "All of it"}, expect=200).json["tasks"]
        self.assertEqual(listed, [made])
        self.assertEqual({**made, "id": "", "created_at": "", "updated_at": ""}, {
            "id": "", "automatic": False, "type": "phone_call", "status": "scheduled", "priority": "high",
            "due_on": "2026-02-26T09:53:28Z", "finished_on": None, "subject": "All of it", "text": None,
            "notes": "Ask for Zo\u00eb", "sequence_key": None, "sequence_name": None, "stage_id": None,
            "lead_id": None, "user_id": self.user, "user_email": "acme@acme.example",
            "contact": {"id": self.ann, "name": "Ann Aa", "email": "ann@one.example"},
            "created_at": "", "updated_at": ""})
        self.assertEqual(self.get(made), made)

    def test_every_mistake_is_told(self):
        self.assertEqual(self.admin.post(TASKS, {}).codes, ["missing_field", "missing_field"])
        for member, value in [("user_id", NOBODY), ("contact_id", NOBODY), ("type", "fax"), ("priority", "urgent"),
                              ("subject", ""), ("due_on", "tomorrow"), ("user_id", self.other.user_id)]:
            with self.subTest(member, value=value):
                answer = self.admin.post(TASKS, {"user_id": self.user, "subject": "x", member: value})
                self.assert_error(answer, 400, "unsupported_value", pointer=f"/{member}")

    def test_completed_once(self):
        task = self.make("Complete me", contact_id=self.bob, notes="before")
        done = self.complete(task, {"notes": "Went well"})
        self.assertEqual((done["status"], done["notes"]), ("completed", "Went well"))
        self.assertIsNotNone(done["finished_on"])
        self.assertEqual(self.complete(task, {"notes": "again"}), done)
        self.assertEqual(self.complete(task), done)
        self.assertEqual(self.activity(self.bob).count("task_completed"), 1)
        self.assert_error(self.api.post(f"/tasks/{task['id']}/skip"), 400, "unsupported_value")
        notes = self.api.get(f"/contacts/{self.bob}", expect=200).json["recent_activity"][0]["notes"]
        self.assertEqual(notes, "Went well")

    def test_skipped_once(self):
        task = self.make("Skip me", contact_id=self.ann)
        skipped = self.skip(task)
        self.assertEqual(skipped["status"], "skipped")
        self.assertEqual(self.skip(task), skipped)
        self.assertEqual(self.activity(self.ann).count("task_skipped"), 1)
        self.assert_error(self.api.post(f"/tasks/{task['id']}/complete"), 400, "unsupported_value")

    def test_not_there(self):
        for word in ("complete", "skip"):
            self.assert_error(self.api.post(f"/tasks/{NOBODY}/{word}"), 404, "not_found")
            self.assert_error(self.stranger.post(f"/tasks/{self.make('Of one')['id']}/{word}"), 404, "not_found")
        self.assert_error(self.admin.patch(f"{TASKS}/{NOBODY}", {}), 404, "not_found")

    def test_a_body_may_be_wrong(self):
        task = self.make("Wrong body")
        for body in ({"set_lead_to_completed": "yes"}, {"notes": "x" * 10001}):
            answer = self.api.post(f"/tasks/{task['id']}/complete", body)
            self.assert_error(answer, 400, "unsupported_value", pointer=f"/{next(iter(body))}")
        self.assertEqual(self.get(task)["status"], "scheduled")

    def test_put_off_and_given_away(self):
        task = self.make("Move me")
        moved = self.admin.patch(f"{TASKS}/{task['id']}", {"due_on": "2031-01-01T00:00:00Z"}, expect=200).json
        self.assertEqual((moved["due_on"], moved["user_id"]), ("2031-01-01T00:00:00Z", self.user))
        moved = self.admin.patch(f"{TASKS}/{task['id']}", {"user_id": self.rep}, expect=200).json
        self.assertEqual((moved["due_on"], moved["user_email"]), ("2031-01-01T00:00:00Z", "rep@acme.example"))
        self.assertIn("Move me", self.subjects(user_id=self.rep))
        self.assertNotIn("Move me", self.subjects())
        for user in (NOBODY, self.other.user_id):
            self.assert_error(self.admin.patch(f"{TASKS}/{task['id']}", {"user_id": user}), 400, "unsupported_value",
                              pointer="/user_id")
        self.complete(task)
        self.assert_error(self.admin.patch(f"{TASKS}/{task['id']}", {"due_on": "2032-01-01T00:00:00Z"}), 409, "conflict")


class CommandTest(TasksTest):
    """On the files of a server that is stopped."""

    def task(self, *words, **options):
        return self.server.line("task", *words, "--account", self.account.id, **options).split("\t")

    def test_all_of_them(self):
        self.server.stop()
        id, status, type, due, user, subject = self.task(
            "add", "Send a\tcard", "--user", "acme@acme.example", "--due", "2026-02-26T09:30:00Z",
            "--contact", "ann@one.example")
        self.assertEqual((status, type, due, user, subject),
                         ("scheduled", "custom_task", "2026-02-26T09:30:00Z", "acme@acme.example", "Send a card"))
        self.assertEqual(self.task("snooze", id, "2031-01-02")[3], "2031-01-02T00:00:00Z")
        self.assertEqual(self.task("reassign", id, "rep@acme.example")[4], "rep@acme.example")
        self.assertEqual(self.task("complete", id, "--notes", "done")[1], "completed")
        other = self.task("add", "Other", "--user", "rep@acme.example")[0]
        self.assertEqual(self.task("skip", other)[1], "skipped")
        listed = self.server.cli("task", "list", "--user", "rep@acme.example", "--account", self.account.id).stdout
        self.assertEqual([line.split("\t")[0] for line in listed.splitlines()], [id, other])
        listed = self.server.cli("task", "list", "--status", "skipped", "--account", self.account.id).stdout
        self.assertEqual([line.split("\t")[0] for line in listed.splitlines()], [other])
        for words, code in [(("complete", other), 1), (("skip", NOBODY), 1), (("snooze", id, "soon"), 2),
                            (("snooze", id, "2031-01-02"), 1), (("reassign", id, "nobody@acme.example"), 1),
                            (("add", "x", "--user", "nobody@acme.example"), 1)]:
            with self.subTest(words):
                self.server.cli("task", *words, "--account", self.account.id, expect=code)


class ListTest(TasksTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make = lambda subject, **members: HandMadeTest.make(cls, subject, **members)
        make("One", contact_id=cls.ann, due_on="2026-01-01T00:00:00Z")
        make("Two", contact_id=cls.bob, type="phone_call", due_on="2030-01-01T00:00:00Z")
        HandMadeTest.complete(cls, make("Three", notes="About One"))
        make("Four", user_id=cls.rep)

    def test_filters(self):
        mine = ["One", "Two", "Three"]
        for query, found in [
                ({}, mine), ({"user_id": self.rep}, ["Four"]), ({"user_id": NOBODY}, []),
                ({"type": "phone_call"}, ["Two"]), ({"status": "scheduled"}, ["One", "Two"]),
                ({"status": "completed"}, ["Three"]), ({"automatic": "true"}, []), ({"automatic": "false"}, mine),
                ({"keyword": "one"}, ["One", "Three"]), ({"keyword": "bob"}, ["Two"]), ({"keyword": "%"}, []),
                ({"sequence_key": "0" * 40}, []), ({"message_opens": 0}, mine), ({"message_opens": 1}, []),
                ({"contact_local_time_from": 0, "contact_local_time_to": 23}, mine),
                ({"status": "scheduled", "type": "phone_call"}, ["Two"])]:
            with self.subTest(query):
                self.assertEqual(self.subjects(**query), found)

    def test_the_hour_where_the_contact_is(self):
        for _ in range(2):
            hour = time.gmtime().tm_hour
            tokyo = (hour + 9) % 24
            there = self.subjects(contact_local_time_from=tokyo, contact_local_time_to=tokyo)
            here = self.subjects(contact_local_time_from=hour, contact_local_time_to=hour)
            if time.gmtime().tm_hour == hour:
                break
        self.assertEqual(there, ["One"])
        self.assertEqual(here, ["Two", "Three"])

    def test_what_is_refused(self):
        self.assert_error(self.api.get("/tasks"), 400, "missing_field", parameter="user_id")
        for name, value in [("type", "fax"), ("status", "done"), ("automatic", "maybe"), ("message_opens", -1),
                            ("contact_local_time_from", 24), ("contact_local_time_to", -1), ("page[size]", 101),
                            ("page[after]", "x")]:
            with self.subTest(name):
                self.assert_error(self.api.get("/tasks", query={"user_id": self.user, name: value}), 400,
                                  "unsupported_value", parameter=name)

    def test_pages_keep_the_filters(self):
        first = self.api.get(f"/tasks?user_id={self.user}&page[size]=2", expect=200).json
        self.assertEqual([task["subject"] for task in first["tasks"]], ["One", "Two"])
        self.assertEqual(first["_links"]["self"]["href"], f"/tasks?page[size]=2&user_id={self.user}")
        second = self.api.get(first["_links"]["next"]["href"], expect=200).json
        self.assertEqual([task["subject"] for task in second["tasks"]], ["Three"])
        back = self.api.get(second["_links"]["prev"]["href"], expect=200).json
        self.assertEqual(back["tasks"], first["tasks"])

    def test_lists_of_all(self):
        everything = ["One", "Two", "Three", "Four"]
        for query, found in [({}, everything), ({"due_before": "2026-06-01T00:00:00Z"}, ["One"]),
                             ({"due_after": "2029-06-01T00:00:00Z"}, ["Two"]), ({"contact_id": self.ann}, ["One"]),
                             ({"user_id": self.rep}, ["Four"])]:
            with self.subTest(query):
                self.assertEqual(self.subjects(path=TASKS, **query), found)

    def test_statuses_and_types(self):
        statuses = self.api.get("/tasks/statuses", expect=200).json["statuses"]
        self.assertLessEqual({"scheduled", "completed", "skipped"}, set(statuses))
        types = self.api.get("/tasks/types", expect=200).json["types"]
        self.assertEqual(len(types), 10)
        self.assertLessEqual({"email", "phone_call", "custom_task", "linkedin_connect"}, set(types))

    def test_of_the_own_account_only(self):
        answer = self.stranger.get("/tasks", query={"user_id": self.user}, expect=200).json
        self.assertEqual(answer["tasks"], [])


class LeadTasksTest(TasksTest):
    """Tasks of leads in a running sequence. A day of the sequence takes 2 seconds."""
    settings = {"sequence.clock_scale": 43200, "sequence.tick_ms": 20}
    DAY_MS = 2000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.patch(f"/dashboard/api/users/{cls.user}/connections", {"dialer": True}, expect=200)
        cls.count = 0

    def lead(self, *stages):
        """A sequence of these stages with one lead, and its first task."""
        type(self).count += 1
        settings = {"senders": [{"user_id": self.user}]}
        body = {"name": f"Sequence {self.count}", "stages": list(stages), "settings": settings}
        sequence = self.admin.post("/dashboard/api/sequences", body, expect=201).json["id"]
        self.admin.post(f"/dashboard/api/sequences/{sequence}/launch", expect=200)
        body = {"leads": [{"email": f"lead{self.count}@x.example", "data": {"first_name": "Lea"}}]}
        answer = self.admin.post(f"/dashboard/api/sequences/{sequence}/leads", body, expect=200).json
        self.assertEqual(answer["total_added_to_sequence"], 1)
        return sequence, self.tasks(sequence, 1)[0]

    def tasks(self, sequence, count):
        def found():
            return self.api.get("/tasks", query={"user_id": self.user, "sequence_key": sequence}, expect=200) \
                .json["tasks"]
        self.server.wait_for(lambda: len(found()) >= count, f"{count} tasks")
        return found()

    def state(self, sequence):
        return self.admin.get(f"/dashboard/api/sequences/{sequence}/leads", expect=200).json["leads"][0]

    def ms(self, text):
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) * 1000

    STAGES = ({"type": "custom_task", "instructions": "Look first"}, {"type": "phone_call", "delay_days": 2})

    def test_completing_goes_on_from_now(self):
        sequence, task = self.lead(*self.STAGES)
        self.assertEqual((task["type"], task["status"], task["automatic"], task["sequence_key"], task["notes"]),
                         ("custom_task", "scheduled", False, sequence, "Look first"))
        self.assertEqual(task["contact"]["email"], f"lead{self.count}@x.example")
        done = self.complete(task)
        again = self.complete(task)
        self.assertEqual(done, again)
        first, second = self.tasks(sequence, 2)
        self.assertEqual((first["status"], second["type"], second["status"]), ("completed", "phone_call", "scheduled"))
        wait = self.ms(second["due_on"]) - self.ms(first["finished_on"])
        self.assertLess(abs(wait - 2 * self.DAY_MS), 2000)
        self.skip(second)
        self.server.wait_for(lambda: self.state(sequence)["status"] == "completed", "the end")

    def test_skipping_keeps_what_follows_in_time(self):
        sequence, task = self.lead(*self.STAGES)
        time.sleep(3)  # of which nothing is to be seen below
        self.skip(task)
        first, second = self.tasks(sequence, 2)
        wait = self.ms(second["due_on"]) - self.ms(first["due_on"])
        self.assertLess(abs(wait - 2 * self.DAY_MS), 1001)

    def test_skipping_what_is_overdue_counts_from_now(self):
        sequence, task = self.lead(*self.STAGES)
        time.sleep(3)  # which is to be seen below
        self.admin.patch(f"{TASKS}/{task['id']}", {"due_on": "2020-01-01T00:00:00Z"}, expect=200)
        self.assertEqual(self.state(sequence)["status"], "waiting_task")
        first = self.skip(task)
        second = self.tasks(sequence, 2)[1]
        wait = self.ms(second["due_on"]) - self.ms(first["finished_on"])
        self.assertLess(abs(wait - 2 * self.DAY_MS), 2000)

    def test_the_lead_may_be_completed_with_it(self):
        sequence, task = self.lead(*self.STAGES)
        self.complete(task, {"set_lead_to_completed": True})
        self.assertEqual(self.state(sequence)["status"], "completed")
        self.assertEqual(len(self.tasks(sequence, 1)), 1)

    def test_a_call_may_complete_both(self):
        slugs = {one["slug"]: one["id"] for one in self.api.get("/calls/dispositions", expect=200).json["dispositions"]}
        for slug, task_status, lead_status in (("busy", "scheduled", "waiting_task"),
                                               ("interested", "completed", "completed")):
            with self.subTest(slug):
                sequence, task = self.lead({"type": "phone_call"}, {"type": "custom_task", "delay_days": 300})
                body = {"from": "+12022243441", "to": "+12022243442", "duration": 1, "answered": True, "human": True,
                        "task_id": task["id"], "user_id": self.user, "disposition_id": slugs[slug]}
                self.api.post("/calls", body, expect=201)
                self.assertEqual(self.tasks(sequence, 1)[0]["status"], task_status)
                self.assertEqual(self.state(sequence)["status"], lead_status)

    def test_statistics(self):
        sequence, task = self.lead(*self.STAGES)
        self.skip(task)
        found = self.admin.get(f"/dashboard/api/sequences/{sequence}/statistics", expect=200).json
        self.assertEqual((found["sequence_id"], found["statuses"]), (sequence, {"active": 1}))
        self.assertEqual(found["events"], {"task_created": 1, "task_skipped": 1})
        self.assertEqual(found["leads"], {"task_created": 1, "task_skipped": 1})
        self.assertEqual([(one["index"], one["type"], one["events"]) for one in found["stages"]],
                         [(1, "custom_task", {"task_created": 1, "task_skipped": 1}), (2, "phone_call", {})])
        self.assert_error(self.stranger_admin().get(f"/dashboard/api/sequences/{sequence}/statistics"), 404, "not_found")

    def stranger_admin(self):
        client = self.server.client(self.other.admin_key)
        self.addCleanup(client.close)
        return client

    def test_a_removal_leaves_nothing_of_a_person(self):
        sequence, task = self.lead({"type": "phone_call", "variants": [{"text": "Ask {{first_name}}"}]})
        body = {"from": "+12022243441", "to": "+12022243442", "duration": 1, "answered": True, "human": True,
                "task_id": task["id"], "user_id": self.user, "transcription": "secret words", "notes": "secret note"}
        call = self.api.post("/calls", body, expect=201).json
        self.server.stop()
        self.server.cli("privacy", "remove", "--email", task["contact"]["email"])
        self.server.start()
        for client in (self.api, self.admin, self.stranger):
            client.close()
        after = self.get(task)
        self.assertEqual((after["status"], after["contact"], after["text"]), ("canceled", None, None))
        shown, = [one for one in self.api.get("/calls", expect=200).json["calls"] if one["id"] == call["id"]]
        self.assertEqual((shown["from"], shown["to"], shown["contact"], shown["transcription"], shown["notes"]),
                         ("", "", None, None, None))
        found = self.admin.get(f"/dashboard/api/sequences/{sequence}/statistics", expect=200).json
        self.assertEqual(found["events"]["call_logged"], 1)


class Recordings:
    """A server of files on loopback; counts who asks."""

    def __init__(self, files):
        self.asked, self.files = [], files
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                content = files.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class RecordingLimitTest(harness.ApiTest):
    settings = {"rate_limit.call_recording": 2}

    def test_so_many_an_hour(self):
        path = f"/calls/{NOBODY}/recording"
        for left in (1, 0):
            answer = self.api.get(path, expect=404)
            self.assertIn(f'"call-recording";r={left};', answer.headers["RateLimit"])
        answer = self.api.get(path)
        self.assert_error(answer, 429, "rate_limited")
        self.assertEqual(answer.json["_errors"][0]["detail"], "2 requests an hour are allowed.")
        self.assertTrue(3500 < int(answer.headers["Retry-After"]) <= 3600, answer.headers)
        self.api.get("/calls", expect=200)
        self.stranger.get(path, expect=404)


class WithRecordings(TasksTest):
    AUDIO = b"ID3" + bytes(range(256)) * 3000  # several parts

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dispositions = {one["slug"]: one for one in cls.api.get("/calls/dispositions", expect=200)
                            .json["dispositions"]}
        cls.files = Recordings({"/call.mp3": cls.AUDIO, "/page.html": b"<html>", "/empty.mp3": b"",
                                "/large.mp3": b"ID3" + bytes(10 * 1024 * 1024)})

    @classmethod
    def tearDownClass(cls):
        cls.files.close()
        super().tearDownClass()

    def call(self, task, expect=201, **members):
        body = {"from": "+351 21 123 4567", "to": "+1 202 224 3441", "duration": 5, "answered": True, "human": False,
                "task_id": task["id"], "user_id": self.user, **members}
        return self.api.post("/calls", body, expect=expect).json

    def recording(self, call):
        return self.api.get(f"/calls/{call['id']}/recording")


class CallsTest(WithRecordings):
    settings = {"webhook.allow_private": "true"}

    def test_all_members(self):
        task = self.make("Call Ann", type="phone_call", contact_id=self.ann)
        made = self.call(task, transcription="Hello?", notes="Rang twice",
                         disposition_id=self.dispositions["no_answer"]["id"])
        self.assertEqual({**made, "id": "", "start_date": ""}, {
            "id": "", "from": "+351 21 123 4567", "to": "+1 202 224 3441", "direction": "outgoing", "duration": 5,
            "answered": True, "human": False, "transcription": "Hello?", "transcript": None, "notes": "Rang twice",
            "recording_url": None, "disposition_id": self.dispositions["no_answer"]["id"],
            "disposition_name": "No answer", "task_id": task["id"], "user_id": self.user,
            "user_email": "acme@acme.example", "external": True, "start_date": "",
            "contact": {"id": self.ann, "name": "Ann Aa", "email": "ann@one.example"}})
        self.assertEqual(self.get(task)["status"], "scheduled")
        contact = self.api.get(f"/contacts/{self.ann}", expect=200).json
        self.assertIsNotNone(contact["last_contacted_at"])
        logged = next(one for one in contact["recent_activity"] if one["event_type"] == "call_logged")
        self.assertEqual((logged["description"], logged["notes"]), ("No answer", "Rang twice"))
        self.assert_error(self.recording(made), 404, "not_found")

    def test_dispositions(self):
        self.assertEqual(set(self.dispositions), {"no_answer", "no_answer_voicemail", "wrong_number", "busy",
                                                  "not_interested", "interested"})
        task = self.make("Complete by call", type="phone_call")
        self.call(task, disposition_id=self.dispositions["interested"]["id"])
        self.assertEqual(self.get(task)["status"], "completed")
        self.call(task, disposition_id=self.dispositions["interested"]["id"])
        task = self.make("Go on", type="phone_call")
        self.call(task, disposition_id=self.dispositions["busy"]["id"])
        self.assertEqual(self.get(task)["status"], "scheduled")

    def test_dispositions_are_edited(self):
        path = "/dashboard/api/dispositions"
        made = self.admin.post(path, {"name": "Call back", "slug": "call_back", "action": "next_stage"},
                               expect=201).json
        self.assertIn(made, self.api.get("/calls/dispositions", expect=200).json["dispositions"])
        changed = self.admin.patch(f"{path}/{made['id']}", {"action": "complete"}, expect=200).json
        self.assertEqual(changed, {**made, "action": "complete"})
        self.assert_error(self.admin.post(path, {"name": "x", "slug": "call_back", "action": "complete"}), 409, "conflict")
        self.assert_error(self.admin.patch(f"{path}/{made['id']}", {"slug": "busy"}), 409, "conflict")
        for slug in ("Call", "call back", "1", "_x", "\u00e9"):
            self.assert_error(self.admin.post(path, {"name": "x", "slug": slug, "action": "complete"}), 400,
                              "unsupported_value", pointer="/slug")
        call = self.call(self.make("Last of its kind"), disposition_id=made["id"])
        self.admin.delete(f"{path}/{made['id']}", expect=204)
        self.assert_error(self.admin.delete(f"{path}/{made['id']}"), 404, "not_found")
        self.assertNotIn(made["id"], str(self.api.get("/calls/dispositions", expect=200).json))
        shown = [one for one in self.api.get("/calls", expect=200).json["calls"] if one["id"] == call["id"]]
        self.assertEqual(shown[0]["disposition_name"], "Call back")
        self.assertEqual(len(self.stranger.get("/calls/dispositions", expect=200).json["dispositions"]), 6)

    def test_dispositions_by_command(self):
        def line(*words, expect=0):
            return self.server.cli("disposition", *words, "--account", self.other.id, expect=expect).stdout.strip()
        first = [row.split("\t")[1:] for row in line("list").splitlines()]
        self.assertEqual(first[0], ["no_answer", "next_stage", "No answer"])
        self.assertEqual(len(first), 6)
        made = line("add", "gatekeeper", "--name", "Talked to somebody else", "--action", "next_stage")
        id = made.split("\t")[0]
        self.assertEqual(made.split("\t")[1:], ["gatekeeper", "next_stage", "Talked to somebody else"])
        self.assertEqual(line("set", "gatekeeper", "--slug", "somebody_else", "--action", "complete"),
                         f"{id}\tsomebody_else\tcomplete\tTalked to somebody else")
        self.assertEqual(line("set", id, "--name", "Somebody else"), f"{id}\tsomebody_else\tcomplete\tSomebody else")
        self.assertIn({"id": id, "name": "Somebody else", "slug": "somebody_else", "action": "complete"},
                      self.stranger.get("/calls/dispositions", expect=200).json["dispositions"])
        for words, code in ((("add", "busy", "--name", "x", "--action", "complete"), 1),
                            (("add", "Not so", "--name", "x", "--action", "complete"), 1),
                            (("add", "x" * 51, "--name", "x", "--action", "complete"), 2),
                            (("add", "fine", "--name", "x", "--action", "dance"), 2),
                            (("add", "fine", "--name", "x"), 2), (("add", "fine", "--name", "", "--action", "complete"), 2),
                            (("set", "somebody_else", "--slug", "busy"), 1), (("set", "nobody", "--name", "x"), 1),
                            (("delete", "nobody"), 1)):
            line(*words, expect=code)
        line("delete", "somebody_else")
        self.assertEqual([row.split("\t")[1:] for row in line("list").splitlines()], first)

    def test_every_mistake_is_told(self):
        answer = self.api.post("/calls", {})
        self.assertEqual(answer.codes, ["missing_field"] * 7)
        task = self.make("Mistakes")
        for member, value in [("task_id", NOBODY), ("user_id", NOBODY), ("disposition_id", NOBODY), ("duration", -1),
                              ("duration", "5"), ("recording_url", "file:///etc/passwd"), ("answered", None),
                              ("from", "")]:
            with self.subTest(member, value=value):
                body = {"from": "+1", "to": "+2", "duration": 5, "answered": True, "human": False,
                        "task_id": task["id"], "user_id": self.user, member: value}
                answer = self.api.post("/calls", body)
                self.assert_error(answer, 400, "missing_field" if value is None else "unsupported_value",
                                  pointer=f"/{member}")

    def test_lists(self):
        task = self.make("For lists")
        ids = [self.call(task, to=f"+1 202 224 34{number}", user_id=user)["id"]
               for number, user in ((50, self.user), (51, self.rep), (52, self.rep))]
        find = lambda **query: [one["id"] for one in self.api.get("/calls", query=query, expect=200).json["calls"]
                                if one["id"] in ids]
        self.assertEqual(find(), ids[::-1])
        self.assertEqual(find(user_id=self.rep), [ids[2], ids[1]])
        self.assertEqual(find(to="+12022243451"), [ids[1]])
        self.assertEqual(find(**{"from": "+351211234567", "to": "+1 (202) 224-3452"}), [ids[2]])
        self.assertEqual(find(start_date_to="2020-01-01T00:00:00Z"), [])
        self.assertEqual(find(start_date_from="2020-01-01T00:00:00Z"), ids[::-1])
        first = self.api.get("/calls?page[size]=2", expect=200).json
        second = self.api.get(first["_links"]["next"]["href"], expect=200).json
        newest = [one["id"] for one in first["calls"] + second["calls"]]
        self.assertEqual(newest, sorted(newest, reverse=True))
        back = self.api.get(second["_links"]["prev"]["href"], expect=200).json
        self.assertEqual(back["calls"], first["calls"])
        self.assertEqual(self.stranger.get("/calls", expect=200).json["calls"], [])

    def test_a_recording_is_fetched_and_kept(self):
        call = self.call(self.make("Recorded"), recording_url=self.files.url + "/call.mp3")
        self.server.wait_for(lambda: self.recording(call).status == 200, "the recording")
        answer = self.recording(call)
        self.assertEqual(answer.body, self.AUDIO)
        self.assertEqual(answer.header("Content-Type"), "audio/mpeg")
        self.assert_error(self.stranger.get(f"/calls/{call['id']}/recording"), 404, "not_found")

    def test_what_is_no_recording(self):
        for name, status in (("/page.html", 404), ("/empty.mp3", 404), ("/large.mp3", 413)):
            with self.subTest(name):
                call = self.call(self.make("Refused"), recording_url=self.files.url + name)
                self.server.wait_for(lambda: "no recording:" in str(self.recording(call).json)
                                     or self.recording(call).status == 413, name)
                self.assertEqual(self.recording(call).status, status, str(self.recording(call)))


class RemovedRecordingsTest(WithRecordings):
    settings = {"webhook.allow_private": "true"}
    VOICE, PROFILE = b"the voice of somebody ", "https://www.linkedin.com/in/recorded-person"

    def is_stored(self):
        """In a file of the data directory; in a dump of PostgreSQL, which writes bytes as digits."""
        traces = (self.VOICE, self.VOICE.hex().encode())
        return any(trace in data for data in kept(self.server).values() for trace in traces)

    def test_a_removal_deletes_recordings(self):
        """Of the person's calls, by address and by profile; nobody else's."""
        path = self.server.folder / "recorded.csv"
        path.write_text(f"First Name,Last Name,Email,LinkedIn URL\nCid,Cc,,{self.PROFILE}\n", encoding="utf-8")
        self.server.line("import", "contacts", path, "--account", self.account.id)
        cid, = {one["id"] for one in self.api.get("/contacts", expect=200).json["contacts"]} - {self.ann, self.bob}
        self.files.files["/voice.mp3"] = b"ID3" + self.VOICE * 20000
        kept_one = self.call(self.make("Kept"), recording_url=self.files.url + "/call.mp3")
        removed = [self.call(self.make("Gone", contact_id=contact), recording_url=self.files.url + "/voice.mp3")
                   for contact in (self.ann, cid)]
        for call in (kept_one, *removed):
            self.server.wait_for(lambda call=call: self.recording(call).status == 200, "the recording")
        self.assertTrue(self.is_stored())
        for option, who in (("--email", "ann@one.example"), ("--linkedin-url", self.PROFILE)):
            self.assertTrue(self.is_stored())
            self.server.line("privacy", "remove", option, who)
        self.assertFalse(self.is_stored())
        for call in removed:
            answer = self.recording(call)
            self.assert_error(answer, 404, "not_found")
            self.assertNotIn("voice.mp3", str(answer.json))
        self.assertEqual(self.recording(kept_one).body, self.AUDIO)


class PrivateAddressTest(WithRecordings):
    def test_a_recording_is_on_a_public_address(self):
        call = self.call(self.make("Private"), recording_url=self.files.url + "/call.mp3")
        self.server.wait_for(lambda: "refused" in str(self.recording(call).json), "the refusal")
        self.assertEqual(self.files.asked, [])
