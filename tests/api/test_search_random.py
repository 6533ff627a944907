"""Random searches over random data against the plain evaluator of tests/lib/search_world.py:
the same totals, the same rows, in the same order; the same counts by facet."""
# runs with both search engines
import harness
from lib.search_world import PEOPLE_FACETS, World

SEED, PEOPLE, COMPANIES, SEARCHES = 20250829, 600, 80, 400


class RandomSearchTest(harness.ApiTest):
    seed, counts, searches = SEED, (PEOPLE, COMPANIES), SEARCHES

    @classmethod
    def prepare(cls, server):
        cls.world = World(cls.seed, *cls.counts)
        cls.world.write(server.folder)
        for kind, count in (("companies", cls.counts[1]), ("people", cls.counts[0])):
            said = server.line("import", kind, server.folder / f"{kind}.jsonl")
            assert said == f"imported {count}, updated 0, rejected 0", said

    def ask(self, kind, query):
        answer = self.api.post(f"/{kind}/search", query, expect=200, judge=False).json
        key = "image_url" if kind == "people" else "logo_url"
        return answer["_pagination"]["total"], [row[key] for row in answer["results"]]

    def compare(self, kind, count):
        """Returns how many searches found some rows, but not all."""
        told, every = 0, len(getattr(self.world, kind))
        for number in range(count):
            query = self.world.random_query(kind)
            expected = self.world.answer(kind, query)
            self.assertEqual(self.ask(kind, query), expected, f"search {number} of seed {self.seed}: {query}")
            told += 0 < expected[0] < every
        return told

    def test_people(self):
        self.assertGreater(self.compare("people", self.searches), self.searches // 3)

    def test_companies(self):
        self.assertGreater(self.compare("companies", self.searches // 4), self.searches // 16)

    def test_facets(self):
        for _ in range(self.searches // 10):
            query = self.world.random_query("people") | {"facets": PEOPLE_FACETS}
            shown = self.api.post("/people/search", query, expect=200, judge=False).json["facets"]
            counts = {name: {entry["value"]: entry["count"] for entry in entries} for name, entries in shown.items()}
            self.assertEqual(counts, self.world.facets(query), f"seed {self.seed}: {query}")
            for name, entries in shown.items():
                order = [(-entry["count"], entry["value"]) for entry in entries]
                self.assertEqual(order, sorted(order), f"{name}: {query}")
