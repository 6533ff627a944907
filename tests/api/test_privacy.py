"""privacy remove, from outside: afterwards no file of the data directory holds a byte of the
person, whatever was asked about them before. On PostgreSQL a dump takes the place of the
files: what its pages keep is VACUUM's business."""
import sqlite3
import subprocess
import time
import unittest

import harness

WHO = {"email": "zyx.quorblax@unusual.example", "linkedin": "https://www.linkedin.com/in/quorblax-77",
       "name": "Zyx Quorblax", "phone": "+49 30 901820 4711"}
TRACES = (b"quorblax", b"901820")
HEADER = "Name,Title,Company,Website,Email,LinkedIn URL,Phone,Country,About\n"
ROWS = HEADER + "".join(
    f"Pat Number{n},Engineer,Firm {n % 40},firm{n % 40}.example,pat{n}@firm{n % 40}.example,"
    f"https://www.linkedin.com/in/pat-{n},,Germany,\n" for n in range(2000)) + (
    f"{WHO['name']},Keeper of Keys,Unusual Ltd,unusual.example,{WHO['email']},{WHO['linkedin']},"
    f"{WHO['phone']},Germany,Quorblax is one of a kind. {'x' * 6000} Quorblax!\n")


def kept(server):
    """Name and bytes of everything that the database keeps."""
    if harness.ENGINE == "postgres":
        dump = subprocess.run(["pg_dump", "--dbname", server.database.url], check=True, capture_output=True)
        return {"pg_dump": dump.stdout}
    return {path.name: bytes_of(path) for path in (server.folder / "var").rglob("*") if path.is_file()}


def bytes_of(path):
    """None of a file that a server deleted since it was listed."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def traces(server, words=TRACES):
    return [(name, trace.decode()) for name, data in kept(server).items() for trace in words
            if trace in data.lower()]


class PrivacyTest(harness.ApiTest):
    settings = {"jobs.workers": 1}

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(ROWS, encoding="utf-8")
        server.cli("import", "people", path)

    def start(self, leads):
        answer = self.api.post("/people/enrichment-requests", {"leads": leads, "reveal_email": True}, expect=202)
        return answer.header("Location")

    def wait(self, href):
        until = time.monotonic() + 60
        while self.api.get(href, expect=200).json["status"] in ("queued", "processing"):
            self.assertLess(time.monotonic(), until, f"{href} did not end")
            time.sleep(0.05)

    def remember_in_answers(self):
        """Idempotency answers: with the person, and with the address alone."""
        key = {"Idempotency-Key": "k1"}
        found = self.api.post("/people/search", {"person_name": WHO["name"]}, headers=key, expect=200)
        self.assertEqual(found.json["_pagination"]["total"], 1)
        body = {"excluded_emails": [{"email": WHO["email"]}]}
        self.api.post("/excluded-emails", body, headers={"Idempotency-Key": "k2"}, expect=200)
        self.api.delete("/excluded-emails", body, expect=200)
        self.api.post("/people/search", {"person_name": "Pat Number7"}, headers={"Idempotency-Key": "k3"},
                      expect=200)

    def lead_lists(self):
        """Lists that ended, with the person in one form each, and somebody else."""
        hrefs = []
        for type, form in (("email", {"email": WHO["email"].upper(), "first_name": WHO["name"], "data": WHO}),
                           ("linkedin", {"linkedin_url": WHO["linkedin"]}),
                           ("titles_and_company", {"title": "Keeper of Keys", "company_name": "Unusual"})):
            pat = {"email": "pat7@firm7.example", "linkedin_url": "https://www.linkedin.com/in/pat-7",
                   "title": "Engineer", "company_name": "Firm 7"}
            body = {"type": type, "owner": "acme@acme.example", "shared": True, "leads": [form, pat],
                    "options": {"reveal_phone_numbers": True}}
            hrefs.append(self.api.post("/lead-lists", body, expect=202).header("Location"))
            self.wait(hrefs[-1])
        return hrefs

    def leads(self):
        """The person, asked for in each form; found, and missed."""
        return [{"email": WHO["email"]}, {"linkedin_url": WHO["linkedin"] + "/"},
                {"name": WHO["name"], "title": "Keeper of Keys", "company_name": "Unusual"},
                {"name": WHO["name"], "title": "Astronaut", "company_domain": "unusual.example"}]

    def test_1_remove(self):
        """While a server runs on the same database, which goes on."""
        self.remember_in_answers()
        self.api.get("/people/find", query={"email": WHO["email"], "reveal_phone_numbers": "true"}, expect=200)
        batch = self.start(self.leads())
        self.wait(batch)
        canceled = self.start([{"email": f"pat{n}@firm0.example"} for n in range(20_000)] + self.leads())
        self.api.patch(canceled, {"status": "canceled"}, expect=200)
        for path, body in (("/email-validations", {"emails": [{"email": WHO["email"].upper()}]}),
                           ("/email-validations/single", {"email": WHO["email"]})):
            self.assertIn(self.api.post(path, body).status, (200, 202))
        while any(row["status"] in ("queued", "processing")
                  for row in self.api.get("/email-validations", expect=200).json["email_validations"]):
            time.sleep(0.02)
        lists = self.lead_lists()
        self.assertNotEqual(traces(self.server), [])
        said = self.server.line("privacy", "remove", "--email", WHO["email"])
        self.assertIn("removed", said)
        until = time.monotonic() + 60  # the server makes its search index anew
        clean = 0  # times in a row: a file that is renamed while it is looked for hides from one look
        while clean < 3 and time.monotonic() < until:
            clean = 0 if traces(self.server) else clean + 1
            time.sleep(0.05)
        self.assertEqual(traces(self.server), [])
        results = self.api.get(batch, expect=200).json["results"]
        self.assertEqual([result["status"] for result in results], ["gdpr_removed"] * 3 + ["not_found"])
        for href in lists:
            entries = self.api.get(href, expect=200).json["leads"]
            self.assertEqual([entry["email"] for entry in entries], [None, "pat7@firm7.example"])
            self.assertEqual([entry["person_id"] is None for entry in entries], [True, False])
        self.assertEqual(self.api.get("/people/find", query={"email": WHO["email"]}).status, 451)
        for name, total in ((WHO["name"], 0), ("Pat Number1999", 1)):
            found = self.api.post("/people/search", {"person_name": name}, expect=200)
            self.assertEqual(found.json["_pagination"]["total"], total)
        again = self.api.post("/people/search", {"person_name": "Pat Number7"},
                              headers={"Idempotency-Key": "k3"}, expect=200)
        self.assertEqual(again.header("Idempotency-Replayed"), "true")

    def test_2_what_a_running_batch_asks(self):
        """Of somebody who is in no row: only the batch names them."""
        others = [{"email": f"pat{n}@firm{n % 40}.example"} for n in range(20_000)]
        batch = self.start(others + self.leads())
        self.server.kill()  # in the middle: a graceful end may let the batch come to its end
        self.api.close()
        self.assertNotEqual(traces(self.server), [])
        for option in ("email", "linkedin-url"):
            who = WHO["email"] if option == "email" else WHO["linkedin"]
            self.assertIn("not in the database", self.server.line("privacy", "remove", f"--{option}", who))
        self.assertEqual(traces(self.server), [])
        self.server.start()
        self.api.patch(batch, {"status": "canceled"}, expect=200)


class RewriteTest(unittest.TestCase):
    def test_rewrite(self):
        """What an unsafe hand has left in the unused parts of the file."""
        server = harness.Server()
        server.make_account("Acme")
        if harness.ENGINE == "postgres":
            self.assertIn("VACUUM FULL", server.cli("privacy", "rewrite", expect=1).stderr)
            return
        file = sqlite3.connect(server.folder / "var/outrider.db")
        file.execute("PRAGMA secure_delete = OFF")
        for statement in ("CREATE TABLE scribble (a TEXT)", "INSERT INTO scribble VALUES ('Quorblax')",
                          "DELETE FROM scribble", "DROP TABLE scribble"):
            file.execute(statement)
            file.commit()
        file.close()
        self.assertNotEqual(traces(server), [])
        server.cli("privacy", "rewrite")
        self.assertEqual(traces(server), [])
