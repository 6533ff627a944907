"""Webhooks: settings, what is told and signed, order, attempts, what is done with those that
fail, and that nothing is lost when a server is killed."""
import glob
import os
import pathlib
import subprocess
import threading
import time
from email.utils import formatdate

import harness
from lib.receiver import Http2Receiver, Receiver
from lib.sending import ALWAYS

WEBHOOKS, DELIVERIES = "/dashboard/api/webhooks", "/dashboard/api/webhooks/deliveries"
NOBODY = "01890000-0000-7000-8000-000000000000"
FOR_EVER = "2000-01-01T00:00:00Z"


def pg_path():
    """Debian keeps the programs of PostgreSQL apart."""
    return os.pathsep.join([os.environ["PATH"], *glob.glob("/usr/lib/postgresql/*/bin")])


class WebhooksTest(harness.ApiTest):
    settings = {"webhook.allow_networks": "127.0.0.1/32", "webhook.retry_scale": "0.001", "sequence.tick_ms": 100,
                "webhook.timeout_ms": 3000}
    count = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)

    def add(self, path, answer=None, **settings):
        if answer:
            self.receiver.answers[path] = answer
        body = {"url": self.receiver.url(path), **settings}
        made = self.admin.post(WEBHOOKS, body, expect=201).json
        self.addCleanup(self.admin.delete, f"{WEBHOOKS}/{made['id']}")
        return made

    def get(self, webhook):
        return self.admin.get(f"{WEBHOOKS}/{webhook['id']}", expect=200).json

    def change(self, webhook, expect=200, **changes):
        return self.admin.patch(f"{WEBHOOKS}/{webhook['id']}", changes, expect=expect).json

    def press(self, webhook, expect=202):
        return self.admin.post(f"{WEBHOOKS}/{webhook['id']}/test", expect=expect).json

    def delivery(self, delivery):
        return self.admin.get(f"{DELIVERIES}/{delivery['id']}", expect=200).json

    def ended(self, delivery, state):
        self.server.wait_for(lambda: self.delivery(delivery)["state"] == state, f"{state}: {self.delivery(delivery)}")
        return self.delivery(delivery)

    def wait_told(self, path, n=1):
        self.server.wait_for(lambda: len(self.receiver.of(path)) >= n, f"{n} at {path}")
        return self.receiver.of(path)

    def sequence(self, stages=1):
        """One of tasks, whose completion is an event each."""
        WebhooksTest.count += 1
        body = {"name": f"Tasks {WebhooksTest.count}",
                "stages": [{"type": "custom_task", "subject": f"Card {i}", "delay": {"amount": 0, "unit": "minutes"}}
                           for i in range(stages)],
                "settings": {"senders": [{"user_id": self.account.user_id}], "windows": ALWAYS}}
        id = self.admin.post("/dashboard/api/sequences", body, expect=201).json["id"]
        self.admin.post(f"/dashboard/api/sequences/{id}/launch", expect=200)
        return id

    def leads(self, sequence, n=1):
        WebhooksTest.count += 1
        leads = [{"email": f"lead{WebhooksTest.count}-{i}@x.example", "data": {"first_name": f"Lead {i}"}}
                 for i in range(n)]
        self.api.post(f"/sequences/{sequence}/leads", {"leads": leads}, expect=200)
        return [lead["email"] for lead in leads]

    def open_tasks(self, sequence):
        found = self.api.get("/tasks", query={"user_id": self.account.user_id, "page[size]": 100, "status": "scheduled"},
                             expect=200).json
        return [task for task in found["tasks"] if (task.get("sequence") or {}).get("id", sequence) == sequence]

    def complete(self, sequence, n=1):
        """Completes as many tasks as they come."""
        done = 0
        while done < n:
            self.server.wait_for(lambda: self.open_tasks(sequence), "a task")
            for task in self.open_tasks(sequence):
                self.api.post(f"/tasks/{task['id']}/complete", expect=200)
                done += 1


class SettingsTest(WebhooksTest):
    def test_all_members(self):
        made = self.add("/a", description="CRM", activities=["call", "email_sent"], replied_only=True, concurrency=3,
                        per_second=50, headers=[{"name": "X-Tenant", "value": "acme"}])
        self.assertRegex(made.pop("secret"), r"^whsec_[A-Za-z0-9+/]{43}=$")
        self.assertEqual(made, self.get(made))
        self.assertEqual(made["activities"], ["email_sent", "call"])
        self.assertEqual((made["enabled"], made["failures"], made["header_names"]), (True, 0, ["X-Tenant"]))
        self.assertIn(made, self.admin.get(WEBHOOKS, expect=200).json["webhooks"])
        self.assertNotIn("acme", self.admin.get(WEBHOOKS).body.decode())

    def test_changes(self):
        made = self.add("/b", concurrency=3)
        changed = self.change(made, concurrency=0, activities=[], headers=[], description="x")
        self.assertEqual((changed["concurrency"], changed["activities"], changed["url"]), (None, [], made["url"]))
        self.assertFalse(self.change(made, enabled=False)["enabled"])
        self.assertEqual(self.get(made)["disabled_reason"], "user")
        self.assertTrue(self.change(made, enabled=True)["enabled"])
        self.assertIsNone(self.get(made)["disabled_reason"])

    def test_refusals(self):
        bad = {"url": ["", "x", "ftp://x.example/", "http://u:p@x.example/", "http://10.0.0.1/", "http://0x0a000001/",
                       "http://[::ffff:10.0.0.1]/", "http://127.0.0.2/", "http://2130706434/", "http://localhost/", "http://LOCALHOST:80/", "http://x.localhost/",
                       "https://x.example/ y", "file:///etc/passwd", "http://169.254.169.254/latest"],
               "activities": [["nothing"], "email_sent"], "concurrency": [-1, 101, "2"], "per_second": [-1],
               "secret": ["whsec_", "whsec_%%%", "short"],
               "headers": [[{"name": "Host", "value": "x"}], [{"name": "webhook-id", "value": "x"}],
                           [{"name": "X Y", "value": "x"}], [{"name": "X", "value": "a\r\nB: c"}], [{"name": "X"}]]}
        for member, values in bad.items():
            for value in values:
                body = {"url": "https://x.example/", member: value}
                self.admin.post(WEBHOOKS, body, expect=400)
        self.assertEqual(self.admin.post(WEBHOOKS, {}, expect=400).codes, ["missing_field"])
        made = self.add("/c")
        self.assertEqual(self.change(made, expect=400, url="http://192.168.1.1/")["_errors"][0]["code"],
                         "unsupported_value")

    def test_of_another_account(self):
        made = self.add("/d")
        other = self.server.client(self.other.admin_key)
        path = f"{WEBHOOKS}/{made['id']}"
        for call in (lambda: other.get(path, expect=404), lambda: other.patch(path, {}, expect=404),
                     lambda: other.delete(path, expect=404), lambda: other.post(path + "/test", expect=404),
                     lambda: other.post(path + "/rotate-secret", expect=404),
                     lambda: other.post(path + "/replay", {"since": FOR_EVER}, expect=404)):
            call()
        self.assertEqual(other.get(WEBHOOKS).json["webhooks"], [])
        delivery = self.press(made)
        other.get(f"{DELIVERIES}/{delivery['id']}", expect=404)
        other.post(f"{DELIVERIES}/{delivery['id']}/replay", expect=404)
        self.assertEqual(other.get(DELIVERIES).json["deliveries"], [])
        self.api.get(WEBHOOKS, expect=403)

    def test_deleted(self):
        made = self.add("/e")
        self.admin.delete(f"{WEBHOOKS}/{made['id']}", expect=204)
        self.admin.get(f"{WEBHOOKS}/{made['id']}", expect=404)
        self.press(made, expect=404)

    def test_at_most_so_many(self):
        made = [self.add(f"/many{i}") for i in range(256)]
        self.admin.post(WEBHOOKS, {"url": self.receiver.url("/more")}, expect=409)
        self.admin.delete(f"{WEBHOOKS}/{made[7]['id']}", expect=204)
        self.add("/more")
        self.assertEqual(len(self.admin.get(WEBHOOKS).json["webhooks"]), 256)


class SealedTest(WebhooksTest):
    def test_a_secret_is_nowhere_in_the_open(self):
        body, headers = {"url": self.receiver.url("/sealed")}, {"Idempotency-Key": "once"}
        first = self.admin.post(WEBHOOKS, body, headers=headers, expect=201).json
        again = self.admin.post(WEBHOOKS, body, headers=headers, expect=201)
        self.assertEqual((again.json, again.header("Idempotency-Replayed")), (first, "true"))
        path = f"{WEBHOOKS}/{first['id']}/rotate-secret"
        new = [self.admin.post(path, headers=headers | {"Idempotency-Key": "twice"}, expect=200).json["secret"]
               for _ in range(2)]
        self.assertEqual(new[0], new[1])
        if harness.ENGINE == "sqlite":
            kept = b"".join(file.read_bytes() for file in (self.server.folder / "var").rglob("*.db*") if file.is_file())
        else:
            kept = subprocess.run(["pg_dump", "--data-only", self.server.database.url], capture_output=True, check=True,
                                  env=os.environ | {"PATH": pg_path()}).stdout
        self.assertIn(b"/sealed", kept)
        for secret in (first["secret"], new[0]):
            self.assertNotIn(secret.removeprefix("whsec_").encode(), kept)


class DeliveryTest(WebhooksTest):
    def test_the_test_button_goes_the_way_of_all(self):
        made = self.add("/test", headers=[{"name": "X-Tenant", "value": "acme"}, {"name": "X-Empty", "value": ""}],
                        activities=[])
        delivery = self.ended(self.press(made), "delivered")
        told, = self.receiver.of("/test")
        self.assertEqual(told.id, delivery["id"])
        self.assertTrue(told.is_signed_with(made["secret"]))
        self.assertLess(abs(int(told.timestamp) - time.time()), 60)
        self.assertEqual((told.headers["Content-Type"], told.headers["X-Tenant"], told.headers["X-Empty"]),
                         ("application/json", "acme", ""))
        self.assertEqual(told.json["subject"], "A test of this webhook")
        attempt, = delivery["attempt_log"]
        self.assertEqual((attempt["number"], attempt["status"], attempt["error"]), (1, 204, None))
        self.assertIn(f"webhook-id: {told.id}", attempt["request_head"])
        self.assertIn("X-Tenant: (hidden)", attempt["request_head"])
        self.assertNotIn("acme", attempt["request_head"])
        self.assertTrue(attempt["response_head"].startswith("HTTP/1.1 204"))
        self.assertIsNotNone(self.get(made)["delivered_at"])

    def test_rotation_signs_with_both(self):
        made = self.add("/rotate")
        new = self.admin.post(f"{WEBHOOKS}/{made['id']}/rotate-secret", expect=200).json["secret"]
        self.ended(self.press(made), "delivered")
        told = self.receiver.of("/rotate")[-1]
        self.assertTrue(told.is_signed_with(made["secret"]) and told.is_signed_with(new))
        newest = self.admin.post(f"{WEBHOOKS}/{made['id']}/rotate-secret", {"overlap_s": 0}, expect=200).json["secret"]
        self.ended(self.press(made), "delivered")
        told = self.receiver.of("/rotate")[-1]
        self.assertTrue(told.is_signed_with(newest))
        self.assertFalse(told.is_signed_with(made["secret"]) or told.is_signed_with(new))
        path = f"{WEBHOOKS}/{made['id']}/rotate-secret"
        for _ in range(4):
            self.admin.post(path, expect=200)
        self.admin.post(path, expect=409)

    def test_what_happens_is_told_to_who_wants_it(self):
        wants, other = self.add("/wants", activities=["task"]), self.add("/other", activities=["email_sent"])
        silent = self.add("/replied", activities=["task"], replied_only=True)
        sequence = self.sequence()
        email, = self.leads(sequence)
        self.complete(sequence)
        body = self.wait_told("/wants")[0].json
        self.assertEqual(list(body), ["id", "task", "linkedin_url", "is_reply", "user", "dynamic_fields", "sequence",
                                      "sequence_stage", "contact"])
        self.assertEqual(body["dynamic_fields"]["email"], email)
        self.assertEqual((body["sequence"]["id"], body["sequence_stage"]["type"]), (sequence, "custom_task"))
        listed = self.admin.get(DELIVERIES, query={"webhook_id": wants["id"]}).json["deliveries"]
        self.assertEqual([one["kind"] for one in listed], ["task_completed"])
        for one in (other, silent):
            self.assertEqual(self.admin.get(DELIVERIES, query={"webhook_id": one["id"]}).json["deliveries"], [])

    def test_attempts_until_it_is_taken(self):
        n = 3
        made = self.add("/third", lambda told: (204, {}) if len(self.receiver.of("/third")) >= n else (500, {"X-Why": "no"}))
        delivery = self.ended(self.press(made), "delivered")
        self.assertEqual(delivery["attempts"], n)
        self.assertEqual([a["status"] for a in delivery["attempt_log"]], [500, 500, 204])
        self.assertEqual([a["number"] for a in delivery["attempt_log"]], [1, 2, 3])
        first = delivery["attempt_log"][0]
        self.assertIn("X-Why: no", first["response_head"])
        self.assertEqual((first["response_body"], first["error"]), ("words", "it answered 500"))
        self.assertEqual(len({told.id for told in self.receiver.of("/third")}), 1)
        self.assertTrue(all(told.is_signed_with(made["secret"]) for told in self.receiver.of("/third")))

    def test_redirects_and_silence_are_failures(self):
        made = self.add("/moved", lambda _: (302, {"Location": self.receiver.url("/elsewhere")}))
        delivery = self.press(made)
        self.server.wait_for(lambda: self.delivery(delivery)["attempts"] >= 2)
        self.assertEqual(self.receiver.of("/elsewhere"), [])
        nobody = self.admin.post(WEBHOOKS, {"url": f"http://127.0.0.1:{harness.free_port()}/"}, expect=201).json
        delivery = self.press(nobody)
        self.server.wait_for(lambda: self.delivery(delivery)["attempts"] >= 2)
        self.assertIn("onnect", self.delivery(delivery)["attempt_log"][0]["error"])
        self.assertIsNotNone(self.get(nobody)["failing_since"])
        self.admin.delete(f"{WEBHOOKS}/{nobody['id']}", expect=204)

    def test_retry_after_is_honoured(self):
        """In seconds and as a date. An hour is 3.6 s here; without it the next try comes after 5 ms."""
        forms = {"/seconds": lambda: "3600", "/date": lambda: formatdate(time.time() + 3600, usegmt=True)}
        for path, asked in forms.items():
            def answer(_, path=path, asked=asked):
                return (204, {}) if len(self.receiver.of(path)) > 1 else (503, {"Retry-After": asked()})
            made = self.add(path, answer)
            self.ended(self.press(made), "delivered")
            first, second = self.receiver.of(path)
            self.assertGreaterEqual(second.at - first.at, 3.5, path)

    def test_at_most_so_many_at_a_time(self):
        """Two of twelve are there at once, whatever waits."""
        here, most, lock = [0], [0], threading.Lock()

        def answer(_):
            with lock:
                here[0] += 1
                most[0] = max(most[0], here[0])
            time.sleep(0.1)
            with lock:
                here[0] -= 1
            return (204, {})
        self.add("/two", answer, activities=["task"], concurrency=2)
        sequence = self.sequence()
        self.leads(sequence, 12)
        self.complete(sequence, 12)
        self.wait_told("/two", 12)
        self.assertEqual(most[0], 2)

    def test_at_most_so_many_a_second(self):
        self.add("/rate", activities=["task"], per_second=4)
        sequence = self.sequence()
        self.leads(sequence, 20)
        self.complete(sequence, 20)
        told = self.wait_told("/rate", 20)
        # Those of one second may come at once: twenty are five times four.
        self.assertGreaterEqual(told[-1].at - told[0].at, 3.5)

    def test_410_disables(self):
        made = self.add("/gone", lambda _: (410, {}))
        delivery = self.ended(self.press(made), "failed")
        self.assertEqual(delivery["attempts"], 1)
        self.server.wait_for(lambda: not self.get(made)["enabled"])
        self.assertEqual(self.get(made)["disabled_reason"], "gone")
        self.press(made, expect=409)
        self.admin.post(f"{DELIVERIES}/{delivery['id']}/replay", expect=409)
        # What happens meanwhile is kept, to be replayed.
        sequence = self.sequence()
        self.leads(sequence)
        self.complete(sequence)
        self.receiver.answers["/gone"] = lambda _: (200, {})
        self.change(made, enabled=True)
        answer = self.admin.post(f"{WEBHOOKS}/{made['id']}/replay", {"since": FOR_EVER}, expect=200).json
        self.assertEqual(answer, {"replayed": 2})
        self.wait_told("/gone", 3)
        self.assertEqual(self.receiver.of("/gone")[0].id, delivery["id"])
        self.ended(delivery, "delivered")

    def test_replayed_since(self):
        """What failed before that time stays."""
        made = self.add("/since", lambda _: (500, {}))
        first = self.press(made)
        self.change(made, enabled=False)
        self.ended(first, "failed")
        self.change(made, enabled=True)
        time.sleep(1)
        between = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        time.sleep(1)
        second = self.press(made)
        self.change(made, enabled=False)
        self.ended(second, "failed")
        self.receiver.answers["/since"] = lambda _: (204, {})
        self.change(made, enabled=True)
        answer = self.admin.post(f"{WEBHOOKS}/{made['id']}/replay", {"since": between}, expect=200).json
        self.assertEqual(answer, {"replayed": 1})
        self.ended(second, "delivered")
        self.assertEqual(self.delivery(first)["state"], "failed")

    def test_given_up_by_a_person_and_replayed(self):
        made = self.add("/never", lambda _: (500, {}))
        delivery = self.press(made)
        self.server.wait_for(lambda: self.delivery(delivery)["attempts"] >= 3)
        self.change(made, enabled=False)
        self.assertEqual(self.ended(delivery, "failed")["state"], "failed")
        self.receiver.answers["/never"] = lambda _: (204, {})
        self.change(made, enabled=True)
        self.admin.post(f"{DELIVERIES}/{delivery['id']}/replay", expect=202)
        again = self.ended(delivery, "delivered")
        self.assertGreaterEqual(again["attempts"], 4)
        listed = self.admin.get(DELIVERIES, query={"webhook_id": made["id"], "state": "delivered"}).json
        self.assertEqual([one["id"] for one in listed["deliveries"]], [delivery["id"]])
        self.admin.get(f"{DELIVERIES}/{NOBODY}", expect=404)
        self.admin.post(f"{DELIVERIES}/{NOBODY}/replay", expect=404)

    def test_in_order_for_each_lead(self):
        failed = set()

        def answer(told):
            if told.id in failed:
                return (204, {})
            failed.add(told.id)
            return (500, {})
        self.add("/order", answer, activities=["task"])
        sequence = self.sequence(stages=3)
        emails = self.leads(sequence, 4)
        self.complete(sequence, 12)
        self.wait_told("/order", 24)
        for email in emails:
            seen = [told.json["sequence_stage"]["index"] for told in self.receiver.of("/order")
                    if told.json["dynamic_fields"]["email"] == email]
            self.assertEqual(seen, [1, 1, 2, 2, 3, 3])

    def test_one_that_hangs_slows_no_other(self):
        self.add("/hangs", lambda _: None, activities=["task"])
        self.add("/swift", activities=["task"])
        sequence = self.sequence()
        self.leads(sequence, 60)
        begun = time.monotonic()
        self.complete(sequence, 60)
        self.wait_told("/swift", 60)
        self.assertGreaterEqual(len(self.receiver.of("/hangs")), 1)
        self.assertLess(len(self.receiver.of("/hangs")), 60)
        self.assertLess(time.monotonic() - begun, 60)

    def test_metrics(self):
        made = self.add("/counted")
        before = self.server.metric("outrider_webhook_attempts_total", '{result="delivered"}')
        self.ended(self.press(made), "delivered")
        self.assertGreater(self.server.metric("outrider_webhook_attempts_total", '{result="delivered"}'), before)


class TlsTest(WebhooksTest):
    @classmethod
    def setUpClass(cls):
        cert = harness.Server.make_certificate
        cls.folder = harness.tempfile.mkdtemp(dir=harness.TEMPORARY)
        cls.addClassCleanup(harness.shutil.rmtree, cls.folder, True)

        class Place:
            folder, tls_key = pathlib.Path(cls.folder), None
        place = Place()
        path = cert(place)
        cls.path, cls.key = path, place.tls_key
        cls.settings = {**cls.settings, "webhook.ca_file": path}
        super().setUpClass()
        cls.tls = Receiver(path, place.tls_key)
        cls.addClassCleanup(cls.tls.close)

    def test_certificates_are_judged(self):
        good = self.admin.post(WEBHOOKS, {"url": self.tls.url("/tls")}, expect=201).json
        self.ended(self.press(good), "delivered")
        self.assertTrue(self.tls.of("/tls")[0].is_signed_with(good["secret"]))
        self.admin.delete(f"{WEBHOOKS}/{good['id']}", expect=204)

    def test_http2_on_one_connection(self):
        receiver = Http2Receiver(self.path, self.key)
        self.addCleanup(receiver.close)
        made = self.admin.post(WEBHOOKS, {"url": f"https://127.0.0.1:{receiver.port}/h2"}, expect=201).json
        for _ in range(3):
            self.ended(self.press(made), "delivered")
        self.assertEqual((receiver.connections, receiver.requests), (1, 3))
        self.admin.delete(f"{WEBHOOKS}/{made['id']}", expect=204)


class TenTimesTest(WebhooksTest):
    """Three days are three seconds here."""
    settings = {**WebhooksTest.settings, "webhook.retry_scale": "0.00001"}

    def test_given_up_after_ten(self):
        made = self.add("/ten", lambda _: (500, {}))
        delivery = self.ended(self.press(made), "failed")
        self.assertEqual((delivery["attempts"], len(delivery["attempt_log"])), (10, 10))
        told = self.receiver.of("/ten")
        self.assertEqual((len(told), {one.id for one in told}), (10, {delivery["id"]}))
        self.assertTrue(all(one.is_signed_with(made["secret"]) for one in told))
        self.assertTrue(self.get(made)["enabled"])  # not for five days
        self.receiver.answers["/ten"] = lambda _: (204, {})
        self.admin.post(f"{DELIVERIES}/{delivery['id']}/replay", expect=202)
        self.assertEqual(self.ended(delivery, "delivered")["attempts"], 11)
        self.assertEqual(self.receiver.of("/ten")[-1].id, delivery["id"])


class KilledTest(WebhooksTest):
    def test_nothing_is_lost(self):
        self.add("/killed", activities=["task"])
        sequence = self.sequence()
        emails = set()
        for _ in range(3):
            emails.update(self.leads(sequence, 30))
            self.complete(sequence, 30)
            self.server.kill()
            self.server.start()
        self.server.wait_for(lambda: emails <= {told.json["dynamic_fields"]["email"] for told in self.receiver.of("/killed")},
                             "all")
        by_event = {}
        for told in self.receiver.of("/killed"):
            by_event.setdefault(told.json["id"], set()).add(told.id)
        self.assertEqual(len(by_event), 90)
        self.assertTrue(all(len(ids) == 1 for ids in by_event.values()))


class CommandsTest(harness.ApiTest):
    settings = {"webhook.allow_private": "true"}

    def test_a_life(self):
        self.server.stop()
        of = ["--account", self.account.id]
        id, secret = self.server.line("webhook", "add", "http://127.0.0.1:9/x", "--activities", "call,task", "--header",
                                      "X-A: b", *of).split("\t")
        self.assertRegex(secret, "^whsec_")
        self.server.cli("webhook", "add", "http://127.0.0.1:9/x", "--activities", "calls", *of, expect=2)
        self.server.cli("webhook", "add", "nowhere", *of, expect=1)
        self.assertIn("\tenabled\t", self.server.cli("webhook", "list", *of).stdout)
        self.assertNotEqual(self.server.line("webhook", "rotate", id, "--overlap", "60", *of), secret)
        delivery = self.server.line("webhook", "test", id, *of).split("\t")[0]
        self.assertIn("webhook_test\tpending", self.server.line("webhook", "deliveries", *of))
        self.server.cli("webhook", "disable", id, *of)
        self.assertIn("failed", self.server.line("webhook", "deliveries", "--state", "failed", *of))
        self.server.cli("webhook", "replay", delivery, *of, expect=1)
        self.server.cli("webhook", "enable", id, *of)
        self.assertEqual(self.server.line("webhook", "replay", delivery, *of), "1")
        self.assertEqual(self.server.line("webhook", "replay", id, "--since", "2020-01-01", *of), "0")
        self.server.cli("webhook", "delete", id, *of)
        self.assertEqual(self.server.cli("webhook", "list", *of).stdout, "")
        self.server.cli("webhook", "delete", id, *of, expect=1)
        self.server.start()


if __name__ == "__main__":
    harness.main()
