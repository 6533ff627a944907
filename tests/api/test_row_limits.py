"""Rows of the largest size: pages, exports and imports of many of them end well, in bounded
memory, and what is larger is refused with line and reason."""
import csv
import json
import pathlib

import harness

ROWS = 104
PAGE = 100
TOO_LONG = "the row is longer than 128 KiB"


def text_of(size, word):
    return (word * (size // len(word) + 1))[:size - 1] + "."


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def person(number, **values):
    return {"name": f"Max{number} Imal{number}", "email": f"max{number}@limit.example.com",
            "company_name": f"Company {number}", "company_domain": f"limit{number}.example", **values}


class RowLimitsTest(harness.ApiTest):
    timeout_s = 240
    longest = 88 * 1024

    @classmethod
    def prepare(cls, server):
        folder = server.folder
        companies = write(folder / "companies.jsonl", (
            {"name": f"Company {n}", "domain": f"limit{n}.example",
             "overview": text_of(cls.longest, "wide ")} for n in range(ROWS)))
        people = write(folder / "people.jsonl", (
            person(n, about=text_of(cls.longest, "long "), ) for n in range(ROWS)))
        cls.told = [server.line("import", "companies", companies), server.line("import", "people", people)]

    def load(self, kind, rows, expect=None):
        """The last line of an import, and (line, reason) of what it refused."""
        self.loaded = getattr(self, "loaded", 0) + 1
        path = write(self.server.folder / f"{self.id()}-{self.loaded}.jsonl", rows)
        said = self.server.line("import", kind, path)
        refused = pathlib.Path(f"{path}.rejected.csv")
        if not refused.exists():
            return said, []
        with open(refused, encoding="utf-8", newline="") as file:
            return said, [(int(row["line"]), row["reason"]) for row in csv.DictReader(file)]

    def exported(self, kind="people"):
        lines = self.server.cli("export", kind, "--format", "jsonl").stdout.splitlines()
        return {row["name"]: row for row in map(json.loads, lines)}

    def test_the_largest_rows_come_in(self):
        self.assertEqual(self.told, [f"imported {ROWS}, updated 0, rejected 0"] * 2)

    def test_larger_rows_are_refused(self):
        rows = [person(n + 1000, about=text_of(1_000_000, "huge ")) for n in range(3)]
        rows.insert(1, {"name": "Small One"})
        said, refused = self.load("people", rows)
        self.assertEqual(said, "imported 1, updated 0, rejected 3")
        self.assertEqual(refused, [(1, TOO_LONG), (3, TOO_LONG), (4, TOO_LONG)])

    def test_a_page_of_the_largest_people(self):
        search = {"person_keywords": ["long"], "page_size": PAGE}
        for _ in range(2):
            answer = self.api.post("/people/search", search, expect=200, judge=False)
            self.assertEqual(len(answer.json["results"]), PAGE)
            for one in answer.json["results"]:
                self.assertEqual((len(one["about"]), len(one["company"]["overview"])),
                                 (self.longest, self.longest))
        found = self.api.post("/companies/search", {"company_keywords": ["wide"], "page_size": PAGE},
                              expect=200, judge=False)
        self.assertEqual(len(found.json["results"]), PAGE)
        self.assertLess(self.server.memory_kb(), 512 * 1024)

    def test_an_export_of_the_largest_comes_back(self):
        for kind, column, form in (("people", "about", "csv"), ("companies", "overview", "jsonl")):
            path = self.server.folder / f"copy.{form}"
            path.write_text(self.server.cli("export", kind, "--format", form).stdout, encoding="utf-8")
            self.assertGreater(path.stat().st_size, ROWS * self.longest)
            self.assertEqual(self.server.line("import", kind, path), "imported 0, updated 0, rejected 0")
            self.assertEqual(sum(len(row.get(column, "")) == self.longest for row in self.exported(kind).values()),
                             ROWS)

    def test_short_rows_that_change_the_largest(self):
        rows = [person(n, title="Keeper") for n in range(ROWS)]
        self.assertEqual(self.load("people", rows), (f"imported 0, updated {ROWS}, rejected 0", []))
        self.assertEqual(self.load("people", rows), ("imported 0, updated 0, rejected 0", []))
        companies = [{"domain": f"limit{n}.example", "founded_year": 1999} for n in range(ROWS)]
        self.assertEqual(self.load("companies", companies), (f"imported 0, updated {ROWS}, rejected 0", []))
        self.server.cli("reindex")

    def test_rows_do_not_grow_without_end(self):
        """Not extra data, and not field by field."""
        for kind, row, first, columns in (
                ("people", {"name": "Grow Wing", "email": "grow@wing.example.com"}, "Grow Wing", "extra"),
                ("people", {"name": "Field Wing", "email": "field@wing.example.com"}, "Field Wing", "fields"),
                ("companies", {"name": "Growing AG", "domain": "growing.example"}, "Growing AG", "extra")):
            names = ["headline", "about", "current_position_description"] if columns == "fields" \
                else ["Note A", "Note B", "Note C"]
            with self.subTest(first):
                for name, new in zip(names[:2], (1, 0)):
                    said, refused = self.load(kind, [{**row, name: text_of(40_000, "note ")}])
                    self.assertEqual((said, refused), (f"imported {new}, updated {1 - new}, rejected 0", []))
                before = self.exported(kind)[first]
                said, refused = self.load(kind, [{**row, names[2]: text_of(40_000, "note ")}])
                self.assertEqual(said, "imported 0, updated 0, rejected 1")
                self.assertEqual(refused, [(1, "with what is known already it is longer than 96 KiB")])
                self.assertEqual(self.exported(kind)[first], before)

    def test_phone_numbers_of_a_person(self):
        def with_phones(name, first, count):
            numbers = (f"+4930{1000000 + n}" for n in range(first, first + count))
            return [{"name": name, "email": f"{name[:4]}@phones.example.com", "phone": ";".join(numbers)}]

        said, refused = self.load("people", with_phones("Many Phones", 0, 65))
        self.assertEqual((said, refused), ("imported 0, updated 0, rejected 1", [(1, "more than 64 phone numbers")]))
        for first, count, kept in ((0, 40, 40), (20, 30, 50), (45, 64, 64), (200, 3, 64)):
            self.load("people", with_phones("Some Phones", first, count))
            numbers = self.exported()["Some Phones"]["phone"].split("; ")
            self.assertEqual((len(numbers), len(set(numbers))), (kept, kept))
        again = write(self.server.folder / "phones.jsonl", [self.exported()["Some Phones"]])
        self.assertEqual(self.server.line("import", "people", again), "imported 0, updated 0, rejected 0")

    def test_people_do_not_make_their_company_grow_without_end(self):
        rows = [{"name": f"Pat Grower{n}", "company_domain": "grower.example",
                 field: text_of(40_000, "note ")}
                for n, field in enumerate(("company_overview", "company_logo_url", "company_latest_funding_stage"))]
        said, refused = self.load("people", rows)
        self.assertEqual(said, "imported 2, updated 0, rejected 1")
        self.assertEqual(refused, [(3, "the company is longer than 96 KiB with what is known already")])
