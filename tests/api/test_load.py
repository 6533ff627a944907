"""64 clients at once, reading and writing: no 5xx, no lost write, memory flat, limits exact.
Short here; tests/large runs it for a minute."""
import collections
import concurrent.futures
import random
import threading
import time

import harness

CLIENTS = 64
# A small quarantine, or freed memory would look like growth in the sanitizer's builds.
SMALL_QUARANTINE = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=4:thread_local_quarantine_size_kb=64"}
PEOPLE = "Name,Title,Company,Website,Email,Location\n" + "".join(
    f"Kim Number{n},{title},Load Ltd,load.example.com,kim{n}@load.example.com,\"{place}\"\n"
    for n, (title, place) in enumerate([("Engineer", "Austin, Texas, United States"),
                                        ("Sales Manager", "Berlin, Germany")] * 150))


class Worker(threading.Thread):
    def __init__(self, client, number, until):
        super().__init__(daemon=True)
        self.client, self.number, self.until = client, number, until
        self.random = random.Random(number)
        self.expected, self.counts, self.fault = set(), collections.Counter(), None

    def search(self):
        total = self.client.post("/people/search", {"person_titles": ["engineer"], "page_size": 10,
                                                    "person_locations": ["Texas"]}, judge=False)
        assert total.status == 200 and total.json["_pagination"]["total"] == 150, str(total)

    def find(self):
        number = self.random.randrange(300)
        found = self.client.get(f"/people/find?email=kim{number}@load.example.com", judge=False)
        assert found.status == 200 and found.json["name"] == f"Kim Number{number}", str(found)

    def exclude(self):
        domain = f"d{self.counts['exclude']}-{self.number}.example.com"
        answer = self.client.post("/excluded-domains", {"excluded_domains": [{"domain": domain}]}, judge=False)
        assert answer.status == 200 and answer.json == {domain: "success"}, str(answer)
        self.expected.add(domain)

    def include(self):
        if not self.expected:
            return
        domain = self.random.choice(sorted(self.expected))
        answer = self.client.delete("/excluded-domains", {"excluded_domains": [{"domain": domain}]}, judge=False)
        assert answer.status == 200 and answer.json == {domain: "success"}, str(answer)
        self.expected.remove(domain)

    def users(self):
        assert self.client.get("/users", judge=False).status == 200

    def account(self):
        assert self.client.get("/account-info", judge=False).status == 200

    def batch(self):
        leads = [{"email": f"kim{self.random.randrange(300)}@load.example.com"} for _ in range(3)]
        answer = self.client.post("/people/enrichment-requests", {"leads": leads}, judge=False)
        assert answer.status == 202, str(answer)

    def run(self):
        kinds = ([self.search] * 4 + [self.find] * 5 + [self.exclude] * 3 + [self.include]
                 + [self.users] * 2 + [self.account] * 3 + [self.batch])
        try:
            while time.monotonic() < self.until:
                kind = self.random.choice(kinds)
                kind()
                self.counts[kind.__name__] += 1
        except BaseException as fault:  # told by the test
            self.fault = fault
        self.client.close()


class LoadTest(harness.ApiTest):
    seconds = 8
    timeout_s = 900

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(PEOPLE, encoding="utf-8")
        server.cli("import", "people", path)
        server.environment = SMALL_QUARANTINE

    def listed(self):
        found, answer = set(), self.api.get("/excluded-domains", expect=200).json
        while True:
            found.update(item["domain"] for item in answer["excluded_domains"])
            if "next" not in answer["_links"]:
                return found
            answer = self.api.get(answer["_links"]["next"]["href"], expect=200).json

    def wait_for_batches(self):
        """The last batch: those before it were begun before it."""
        answer = self.api.post("/people/enrichment-requests", {"leads": [{"email": "kim1@load.example.com"}]})
        until = time.monotonic() + 60
        while time.monotonic() < until:
            batch = self.api.get(answer.header("Location"), expect=200).json
            if batch["status"] == "completed":
                return
            time.sleep(0.05)
        self.fail("the batches were not worked off")

    def test_mixed_load(self):
        until = time.monotonic() + self.seconds
        workers = [Worker(self.server.client(self.account.key), number, until) for number in range(CLIENTS)]
        for worker in workers:
            worker.start()
        time.sleep(self.seconds / 2)
        warm_kb = self.server.memory_kb()
        for worker in workers:
            worker.join(self.seconds + 60)
        self.assertEqual([str(worker.fault) for worker in workers if worker.fault], [])
        self.assertLess(self.server.memory_kb(), warm_kb * 1.2 + 16 * 1024, "memory grows")
        counts = sum((worker.counts for worker in workers), collections.Counter())
        self.assertEqual(set(counts), {"search", "find", "exclude", "include", "users", "account", "batch"})
        self.assertEqual(self.listed(), set().union(*(worker.expected for worker in workers)))
        self.wait_for_batches()


class RateLimitTest(harness.ApiTest):
    """Of 128 requests at once 50 pass, also when two processes share the database."""
    settings = {"rate_limit.default": 50}

    def test_exact(self):
        servers = [self.server]
        if harness.ENGINE == "postgres":
            servers.append(harness.Server(self.server.settings, database=self.server.database).start())
        clients = [servers[n % len(servers)].client(self.account.key) for n in range(CLIENTS)]

        def ask(client):
            answers = [client.get("/account-info", judge=False) for _ in range(2)]
            client.close()
            return [answer.status for answer in answers]

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            statuses = collections.Counter(status for told in pool.map(ask, clients) for status in told)
        self.assertEqual(statuses, {200: 50, 429: 2 * CLIENTS - 50})
        for server in servers[1:]:
            server.stop()
