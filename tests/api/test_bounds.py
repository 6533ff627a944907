"""The largest requests that the limits let through: answered or refused, never the end of
the server, whose arenas abort at 64 MiB because a limit would be missing."""
import json
import time

import harness

LEADS = 100_000
ROWS = "Name,Title,Company,Website,Email\n" + "".join(
    f"Pat Number{n},Engineer,Batch Ltd,batch.example.com,pat{n}@batch.example.com\n" for n in range(50))


class BoundsTest(harness.ApiTest):
    timeout_s = 600

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(ROWS, encoding="utf-8")
        server.cli("import", "people", path)

    def cancel(self, answer):
        ended = self.api.patch(answer.header("Location"), {"status": "canceled"}, expect=200)
        self.assertEqual(ended.json["status"], "canceled")

    def start_batch(self, leads, expect=202):
        return self.api.post("/people/enrichment-requests", {"leads": leads}, expect=expect, judge=False)

    def test_100_000_leads(self):
        answer = self.start_batch([{"email": f"lead{n}@batch.example.com"} for n in range(LEADS)])
        self.cancel(answer)

    def test_one_lead_too_many(self):
        answer = self.start_batch([{"email": f"{n}@example.com"} for n in range(LEADS + 1)], expect=400)
        self.assert_error(answer, 400, "unsupported_value", pointer="/leads")

    def test_100_000_leads_with_long_values(self):
        """Close to the route's 32 MiB, with characters that grow when they are written as JSON
        inside of JSON."""
        for filler in ("\"\\" * 8, "\x01" * 5):
            lead = dict.fromkeys(("name", "title", "company_name", "linkedin_url", "company_domain",
                                  "email"), filler)
            item = json.dumps(lead, ensure_ascii=False, separators=(",", ":")).encode()
            count = min(LEADS, (32 * 1024 * 1024 - 20) // (len(item) + 1))
            body = b'{"leads":[' + b",".join([item] * count) + b"]}"
            self.assertGreater(len(body), 24 * 1024 * 1024)
            answer = self.api.post("/people/enrichment-requests", body, expect=202, judge=False,
                                   headers={"Content-Type": "application/json"})
            self.cancel(answer)

    def test_bodies_that_are_too_large(self):
        """Refused by their length, before they are sent."""
        for path, limit in (("/people/enrichment-requests", 32 * 1024 * 1024), ("/people/search", 128 * 1024),
                            ("/companies/search", 128 * 1024)):
            with self.subTest(path), self.server.raw() as raw:
                raw.send(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
                         f"Authorization: Bearer {self.account.key}\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {limit + 1}\r\n\r\n")
                self.assertEqual(raw.answer()[0], 413)

    def test_searches_of_many_words(self):
        """As many words as a body of a search can hold: within the limit they are answered, else
        the filter is named with which they are too many."""
        def words(count, letters):
            return [" ".join(letters[(n + m) % len(letters)] for m in range(count)) for n in range(1000)]
        letters = [a + b for a in "bcdfghj" for b in "klmnpq"]
        levels = [f"CEO VP CTO CFO {n}" for n in range(1000)]  # each stands for dozens of forms
        searches = [
            (None, {"person_keywords": words(20, "abcdefghij")}),
            (None, {"person_titles": ["Software Engineer", "VP Sales"] * 500}),
            (None, {"company_technologies": ["x" * 100 + str(n) for n in range(1000)]}),
            (None, {"person_keywords": [f"w{n}" for n in range(1000)],
                    "person_titles": [f"w{n}" for n in range(1000)],
                    "company_names": [f"w{n}" for n in range(1000)],
                    "company_domains": [f"w{n}.com" for n in range(1000)]}),
            ("/person_keywords", {"person_keywords": words(20, "abcdefghij")[1:] + [" ".join(["a"] * 21)]}),
            ("/person_titles", {"person_titles": words(40, ["ab", "cd", "ef"])}),
            ("/person_keywords", {"person_keywords": words(31, "東京都渋谷区本町")}),
            ("/person_titles", {"person_titles": levels}),
            ("/company_keywords", {"person_keywords": words(15, "abcdefghij"),
                                   "company_keywords": words(15, "abcdefghij")}),
            ("/company_names", {"company_names": words(30, ["ab", "cd", "ef"])}),
            (None, {"person_keywords": [f"{letter}a*" for letter in letters[:40]]}),
            ("/person_keywords", {"person_keywords": [f"{letter}a*" for letter in letters[:41]]}),
        ]
        for pointer, search in searches:
            body = json.dumps(search, ensure_ascii=False, separators=(",", ":")).encode()
            paths = ["/people/search"]
            if not any(name.startswith("person") for name in search):
                paths.append("/companies/search")
            for path in paths:
                with self.subTest(path, pointer=pointer, size=len(body)):
                    answer = self.api.post(path, body, headers={"Content-Type": "application/json"},
                                           expect=400 if pointer else 200)
                    if pointer:
                        self.assert_error(answer, 400, "unsupported_value", pointer=pointer)
                    else:
                        self.assertEqual(len(answer.json["results"]), answer.json["_pagination"]["total"])

    def test_100_000_exclusions(self):
        """As long as 8 MiB allow; deleted at once, before PostgreSQL has statistics of them."""
        body = {"excluded_domains": [{"domain": f"{n:06}" + "x" * 45 + ".example.com"}
                                     for n in range(100_000)]}
        text = json.dumps(body, separators=(",", ":")).encode()
        self.assertGreater(len(text), 7_500_000)
        for method, result in (("POST", "success"), ("POST", "duplicated"), ("DELETE", "success"),
                               ("DELETE", "not_found")):
            with self.subTest(f"{method}: {result}"):
                answer = self.api.request(method, "/excluded-domains", text, expect=200, judge=False,
                                          headers={"Content-Type": "application/json"})
                self.assertEqual(set(answer.json.values()), {result})
                self.assertEqual(len(answer.json), 100_000)

    def test_exclusions_that_are_none(self):
        body = {"excluded_domains": [{"domain": f"no domain {n}"} for n in range(100_000)]}
        answer = self.api.post("/excluded-domains", body, expect=400, judge=False)
        self.assertEqual(len(answer.json["_errors"]), 50)

    def test_bodies_without_a_key_take_no_memory(self):
        size, sockets = 32 * 1024 * 1024, []
        before = self.server.memory_kb()
        for authorization in ("", f"Authorization: Bearer {self.account.key[:-1]}x\r\n"):
            raw = self.server.raw(60)
            self.addCleanup(raw.socket.close)
            raw.send("POST /people/enrichment-requests HTTP/1.1\r\nHost: localhost\r\n"
                     f"Content-Type: application/json\r\n{authorization}Content-Length: {size}\r\n\r\n")
            raw.send(b" " * (size - 1))
            sockets.append(raw)
        self.assertLess(self.server.memory_kb() - before, 24 * 1024)
        for raw in sockets:
            raw.send(b" ")
            self.assertEqual(raw.answer()[0], 401)
