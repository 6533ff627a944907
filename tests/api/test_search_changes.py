"""Imports, edits, removals, restarts and kill -9 in random order: after each step the searches
answer what the plain evaluator of tests/lib/search_world.py works out, totals, rows, their
order, and counts by facet. The index answers, and while it is not ready the database."""
import random
import subprocess
import time

import harness
from lib.search_world import PEOPLE_FACETS, World


class ChangesTest(harness.ApiTest):
    settings = {"search.engine": "index"}
    seed, rounds, counts, timeout_s = 20261123, 14, (150, 25), 600
    most = 25      # people that an import edits, and that it adds
    late_s = 0     # how old what a search tells may be; where so many change, up to a second
    wanted = {}    # how many rows were changed at least, how often the server was stopped and killed

    @classmethod
    def prepare(cls, server):
        cls.world = World(cls.seed, *cls.counts)
        cls.world.write(server.folder)
        for kind in ("companies", "people"):
            server.cli("import", kind, server.folder / f"{kind}.jsonl")

    # --- steps ---

    def write(self, kind, rows):
        path = self.server.folder / f"some-{kind}.jsonl"
        self.world.write_rows(path, rows)
        return ["import", kind, str(path)]

    def change_people(self):
        """Some who are there, and some new ones."""
        rows = self.moments.sample(self.world.people, self.moments.randint(0, self.most))
        new = range(self.number, self.number + self.moments.randint(1, self.most))
        self.number = new.stop
        told, summary = self.world.changed_people(rows, new)
        self.assertEqual(self.server.line(*self.write("people", told)), summary)
        self.count("rows", len(told))

    def change_companies(self):
        rows = self.moments.sample(self.world.companies, self.moments.randint(1, 6))
        for row in rows:
            self.world.edit_company(row)
        for person in self.world.people:
            self.world.read_person(person)
        self.server.cli(*self.write("companies", rows))
        self.count("rows", len(rows))

    def remove(self):
        for row in self.moments.sample(self.world.people, self.moments.randint(1, 3)):
            self.world.remove(row)
            self.server.cli("privacy", "remove", "--linkedin-url", row["linkedin_url"])
            self.count("rows", 1)

    def restart(self):
        self.close_clients()
        end = self.moments.choice([self.server.stop, self.server.kill])
        end()
        self.count(end.__name__, 1)
        if self.moments.random() < 0.5:
            self.moments.choice([self.change_people, self.change_companies, self.remove])()
        self.server.start(index=self.moments.random() < 0.5)

    def kill_beside_an_import(self):
        """The import goes on to its end."""
        told, summary = self.world.changed_people(self.moments.sample(self.world.people, self.most + 15), [])
        words = self.write("people", told)
        importing = subprocess.Popen([str(harness.BINARY), *words, *self.server.common_options()],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, text=True)
        for _ in range(self.moments.randint(0, 6)):
            self.api.post("/people/search", {}, expect=200, judge=False)
        self.close_clients()
        self.server.kill()
        printed, _ = importing.communicate(timeout=harness.COMMAND_S)
        self.assertEqual((importing.returncode, printed.strip().split("\n")[-1]), (0, summary))
        self.server.start(index=False)
        self.count("rows", len(told))
        self.count("kill", 1)

    def build_anew(self):
        self.server.cli("reindex")

    def count(self, what, n):
        self.done[what] = self.done.get(what, 0) + n

    def close_clients(self):
        for client in (self.api, self.admin, self.stranger, self.nobody):
            client.close()

    # --- comparing ---

    def same(self, kind, query, tell, expected, what):
        since, is_late, told = time.monotonic(), False, None
        while told != expected and not is_late:
            is_late = time.monotonic() - since >= self.late_s
            told = tell(self.api.post(f"/{kind}/search", query, expect=200, judge=False).json)
        self.assertEqual(told, expected, what)

    def compare(self, step):
        for kind, picture in (("people", "image_url"),) * 4 + (("companies", "logo_url"),) * 2:
            query = self.world.random_query(kind)
            self.same(kind, query, lambda answer: (answer["_pagination"]["total"],
                                                   [row[picture] for row in answer["results"]]),  # noqa: B023
                      self.world.answer(kind, query), f"{step}: {query}")
        query = self.world.random_query("people") | {"facets": PEOPLE_FACETS}
        self.same("people", query, lambda answer: {name: {entry["value"]: entry["count"] for entry in entries}
                                                   for name, entries in answer["facets"].items()},
                  self.world.facets(query), f"{step}: {query}")

    def test_in_random_order(self):
        self.moments, self.number, self.done = random.Random(self.seed), self.counts[0], {}
        steps = [self.change_people] * 5 + [self.change_companies] * 3 + [self.remove] * 3 \
            + [self.restart] * 2 + [self.kill_beside_an_import] + [self.build_anew]
        for number in range(self.rounds):
            step = self.moments.choice(steps)
            step()
            self.compare(f"step {number} of seed {self.seed}, {step.__name__}")
        self.server.wait_for(lambda: self.server.metric("outrider_search_ready") == 1, "a ready index")
        for what, least in self.wanted.items():
            self.assertGreaterEqual(self.done.get(what, 0), least, what)
        before = self.server.metric("outrider_searches_total", '{engine="index"}')
        for _ in range(5):
            self.compare("at the end")
        self.assertGreaterEqual(self.server.metric("outrider_searches_total", '{engine="index"}'), before + 35)


if __name__ == "__main__":
    harness.unittest.main()
