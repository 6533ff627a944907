"""kill -9 at random moments, again and again: of an import, of a server that works off
batches, of a server whose clients write and spend. Nothing is lost, nothing is done twice,
credits are exact. `kills` is small here; tests/large kills fifty times."""
import http.client
import json
import random
import subprocess
import threading
import time

import harness

PEOPLE = 300


def people_csv():
    return "Name,Title,Company,Website,Email\n" + "".join(
        f"Pat Number{n},Engineer,Batch Ltd,batch.example.com,pat{n}@batch.example.com\n" for n in range(PEOPLE))


class ImportCrashTest(harness.unittest.TestCase):
    kills, people, companies = 6, 3000, 300
    timeout_s = 900
    kept_out = ("id", "created_at", "updated_at")  # differ from one database to the other

    @classmethod
    def setUpClass(cls):
        cls.killed, cls.calm = harness.Server(), harness.Server()
        cls.folder = cls.killed.folder / "sample"
        subprocess.run([harness.ROOT / "tools/sample", cls.folder, f"--people={cls.people}",
                        f"--companies={cls.companies}"], check=True, capture_output=True)
        cls.moments = random.Random(7)

    def file(self, kind):
        return self.folder / f"{kind}.csv"

    def command(self, server, kind):
        return [str(harness.BINARY), "import", kind, str(self.file(kind)), *server.common_options()]

    def kill_import(self, kind, duration_s):
        """True when the import was still running."""
        process = subprocess.Popen(self.command(self.killed, kind), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(self.moments.uniform(0.02, duration_s))
            return False
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True

    def exported(self, server, kind):
        lines = server.cli("export", kind, "--format", "jsonl").stdout.splitlines()
        rows = []
        for line in lines:
            row = json.loads(line)
            rows.append(json.dumps({key: value for key, value in row.items() if key not in self.kept_out},
                                   sort_keys=True))
        return sorted(rows)

    def test_killed_imports_lose_and_double_nothing(self):
        hits = 0
        for kind, share in (("companies", 1), ("people", 2)):
            began = time.monotonic()
            self.calm.cli("import", kind, self.file(kind), timeout_s=200)
            duration_s = time.monotonic() - began
            hits += sum(self.kill_import(kind, duration_s) for _ in range(self.kills * share // 3))
            self.killed.cli("import", kind, self.file(kind), timeout_s=200)
            again = self.killed.line("import", kind, self.file(kind))
            self.assertIn("imported 0, updated 0,", again)
            self.assertEqual(self.exported(self.killed, kind), self.exported(self.calm, kind))
        self.assertGreater(hits, self.kills // 3)


class ServerCrashTest(harness.ApiTest):
    kills = 6
    timeout_s = 900
    settings = {"http.idempotency_lock_ms": 1000}

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(people_csv(), encoding="utf-8")
        server.cli("import", "people", path)
        cls.moments = random.Random(11)

    def kill_and_start(self):
        self.server.kill()
        self.server.start()
        self.api.close()

    def balance(self, client):
        return client.get("/account-info", expect=200).json["credits"]["email"]

    def buyer(self, name):
        """An account of its own, so that the tests do not pay for each other's people."""
        account = self.server.make_account(name)
        self.server.cli("credits", "grant", "email", 10000, "--account", account.id)
        return self.server.client(account.key)

    def wait(self, client, href):
        until = time.monotonic() + 120
        while time.monotonic() < until:
            answer = client.get(href, expect=200).json
            if answer["status"] not in ("queued", "processing"):
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{href} did not end")

    def results(self, client, answer):
        results = answer["results"]
        while "next" in answer["_links"]:
            answer = client.get(answer["_links"]["next"]["href"], expect=200).json
            results += answer["results"]
        return results


class BatchCrashTest(ServerCrashTest):
    def killed_batches(self, client, size):
        """Where each of the batches is, and the people it asks for: the server was killed a moment
        after each was accepted."""
        batches = []
        for _ in range(self.kills):
            numbers = self.moments.choices(range(PEOPLE), k=size)
            leads = [{"email": f"pat{n}@batch.example.com"} for n in numbers]
            answer = client.post("/people/enrichment-requests", {"leads": leads, "reveal_email": True},
                                 expect=202)
            batches.append((answer.header("Location"), numbers))
            time.sleep(self.moments.uniform(0, 0.25))
            self.kill_and_start()
            client.close()
        return batches

    def test_killed_batches_are_done_once(self):
        client = self.buyer("Batches")
        before, asked = self.balance(client), set()
        for href, numbers in self.killed_batches(client, 250):
            asked.update(numbers)
            answer = self.wait(client, href)
            self.assertEqual(answer["status"], "completed")
            names = [result["result"]["name"] for result in self.results(client, answer)]
            self.assertEqual(names, [f"Pat Number{n}" for n in numbers])
        self.assertEqual(self.balance(client), before - len(asked) * 1.5)

    def test_the_last_credits_are_spent_once(self):
        """Killed batches of an account that cannot pay for all of them: each has its first people,
        and what was charged is what is there."""
        account = self.server.make_account("Short")
        self.server.cli("credits", "grant", "email", 200, "--account", account.id)
        client, paid = self.server.client(account.key), set()
        for href, numbers in self.killed_batches(client, 150):
            answer = self.wait(client, href)
            names = [result["result"]["name"] for result in self.results(client, answer)]
            self.assertEqual(names, [f"Pat Number{n}" for n in numbers[:len(names)]])
            self.assertEqual(answer["status"], "completed" if len(names) == len(numbers) else "error")
            for error in answer.get("_errors", []):
                self.assertEqual(error["code"], "insufficient_credits")
            paid.update(numbers[:len(names)])
        self.assertEqual(self.balance(client), 200 - len(paid) * 1.5)
        self.assertLess(self.balance(client), 1.5)


class Stubborn(threading.Thread):
    """A client that repeats what was cut off until it is answered."""

    def __init__(self, test, client, number):
        super().__init__(daemon=True)
        self.test, self.client, self.number = test, client, number
        self.stopping, self.fault = threading.Event(), None
        self.excluded, self.found, self.batches = {}, set(), {}

    def ask(self, method, target, body=None, **options):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                answer = self.client.request(method, target, body, judge=False, **options)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            if answer.status != 409:  # the claim of a killed request runs out
                return answer
            time.sleep(0.1)
        raise AssertionError(f"{method} {target} was never answered")

    def exclude(self, turn):
        email = f"gone{turn}@client{self.number}.example.com"
        body = {"excluded_emails": [{"email": email}]}
        key = {"Idempotency-Key": f"exclude-{self.number}-{turn}"}
        answer = self.ask("POST", "/excluded-emails", body, headers=key)
        # A crash between the commit and the storing of the answer: it ran twice.
        assert answer.status == 200 and answer.json[email] in ("success", "duplicated"), str(answer)
        self.excluded[email] = (body, key, answer.body)

    def find(self, turn):
        number = (self.number * 31 + turn * 7) % PEOPLE
        answer = self.ask("GET", f"/people/find?email=pat{number}@batch.example.com&reveal_email=true")
        assert answer.status == 200 and answer.json["email"], str(answer)
        self.found.add(number)

    def start_batch(self, turn):
        number = (self.number * 31 + turn * 11) % PEOPLE
        body = {"leads": [{"email": f"pat{number}@batch.example.com"}]}
        key = {"Idempotency-Key": f"batch-{self.number}-{turn}"}
        answer = self.ask("POST", "/people/enrichment-requests", body, headers=key)
        assert answer.status == 202, str(answer)
        self.batches[answer.header("Location")] = number

    def run(self):
        turn = 0
        try:
            while not self.stopping.is_set():
                (self.exclude, self.find, self.start_batch)[turn % 3](turn)
                turn += 1
        except BaseException as fault:  # told by the test
            self.fault = fault
        self.client.close()


class ClientsCrashTest(ServerCrashTest):
    def listed(self, client):
        found, answer = set(), client.get("/excluded-emails", expect=200).json
        while True:
            found.update(item["email"] for item in answer["excluded_emails"])
            if "next" not in answer["_links"]:
                return found
            answer = client.get(answer["_links"]["next"]["href"], expect=200).json

    def test_clients_lose_and_pay_nothing_twice(self):
        client = self.buyer("Clients")
        before = self.balance(client)
        threads = [Stubborn(self, client, number) for number in range(6)]
        for thread in threads:
            thread.start()
        for _ in range(self.kills):
            time.sleep(self.moments.uniform(0.05, 0.6))
            self.kill_and_start()
        for thread in threads:
            thread.stopping.set()
        for thread in threads:
            thread.join(90)
        client.close()
        self.assertEqual([str(thread.fault) for thread in threads if thread.fault], [])
        excluded = {email: kept for thread in threads for email, kept in thread.excluded.items()}
        self.assertGreater(len(excluded), self.kills)
        self.assertEqual(set(excluded) - self.listed(client), set())
        for body, key, told in list(excluded.values())[::10]:
            again = client.post("/excluded-emails", body, headers=key, expect=200)
            self.assertEqual((again.body, again.header("Idempotency-Replayed")), (told, "true"))
        revealed = set().union(*(thread.found for thread in threads))
        batches = {href: number for thread in threads for href, number in thread.batches.items()}
        for href in batches:
            self.assertEqual(self.wait(client, href)["status"], "completed")
        found = revealed | set(batches.values())
        self.assertEqual(self.balance(client), before - len(revealed) - len(found) * 0.5)
