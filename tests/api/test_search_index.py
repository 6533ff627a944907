"""The search index: what is written is found at once, whoever wrote it and whatever happened
to the process or to the index's folder; meanwhile the database answers."""
import json
import random
import re
import shutil
import sqlite3
import subprocess
import threading

import harness


def csv(rows):
    """People as (name, title, company), with a profile that makes them who they are."""
    lines = ["Name,Title,Company,Website,LinkedIn"]
    for name, title, company in rows:
        slug = name.lower().replace(" ", "-")
        lines.append(f"{name},{title},{company},https://{company.lower()}.example.com,"
                     f"https://www.linkedin.com/in/{slug}")
    return "\n".join(lines) + "\n"


class IndexTest(harness.ApiTest):
    settings = {"search.engine": "index"}

    def setUp(self):
        self.number = 0

    def ready(self, server=None):
        server = server or self.server
        server.wait_for(lambda: server.metric("outrider_search_ready") == 1, "a ready index")

    def import_people(self, rows, server=None):
        server = server or self.server
        path = server.folder / "people.csv"
        path.write_text(csv(rows))
        server.cli("import", "people", path)

    def found(self, client=None, **filters):
        """Total and names of the first page."""
        answer = (client or self.api).post("/people/search", {"page_size": 100, **filters}, expect=200).json
        return answer["_pagination"]["total"], [person["name"] for person in answer["results"]]

    def from_index(self, server=None):
        return (server or self.server).metric("outrider_searches_total", '{engine="index"}')

    def sql(self, statement):
        if harness.ENGINE == "postgres":
            subprocess.run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement,
                            self.server.database.url], check=True, capture_output=True, timeout=60)
            return
        with sqlite3.connect(self.server.database.folder / "var/outrider.db", timeout=60) as connection:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute(statement)
        connection.close()

    def assert_from_index(self, search, server=None):
        """What `search` returns, which the index answered."""
        before = self.from_index(server)
        result = search()
        self.assertGreater(self.from_index(server), before, "the database answered")
        return result


class FollowingTest(IndexTest):
    def test_index_answers(self):
        self.ready()
        self.import_people([("Ada Index", "Engineer", "Indexco")])
        found = self.assert_from_index(lambda: self.found(person_name="Ada Index"))
        self.assertEqual(found, (1, ["Ada Index"]))

    def test_visible_at_once(self):
        """Each step by another process, and the very next search sees it."""
        self.ready()
        for n in range(8):
            name, last = f"Grace Step{n}", f"step{n}"
            self.import_people([(name, "Engineer", "Stepco")])
            self.assertEqual(self.found(person_name=last), (1, [name]))
            self.assertEqual(self.found(person_name=last, person_titles=["Admiral"]), (0, []))
            self.import_people([(name, "Admiral", "Stepco")])
            self.assertEqual(self.found(person_name=last, person_titles=["Admiral"]), (1, [name]))
            self.assertEqual(self.found(person_name=last, person_titles=["Engineer"]), (0, []))
            self.server.cli("privacy", "remove", "--linkedin-url",
                            f"https://www.linkedin.com/in/grace-{last}")
            self.assertEqual(self.found(person_name=last), (0, []))

    def test_company_values_of_people(self):
        """A filter that people carry and one that needs the company, before and after an edit."""
        self.ready()
        self.import_people([("Cara Carried", "Engineer", "Carryco")])
        path = self.server.folder / "companies.csv"
        for country, size in (("DE", "11-50"), ("FR", "51-200")):
            path.write_text("Name,Website,Country,Employees,Technologies\n"
                            f"Carryco,https://carryco.example.com,{country},{size.split('-')[0]},Salesforce\n")
            self.server.cli("import", "companies", path)
            for filters, total in (({"company_locations": [country]}, 1),
                                   ({"company_locations": ["IT"]}, 0),
                                   ({"company_sizes": [f"{size} employees"]}, 1),
                                   ({"company_technologies": ["Salesforce"]}, 1),
                                   ({"company_technologies": ["Salesforce"], "company_locations": [country]}, 1),
                                   ({"company_technologies": ["Salesforce"], "company_locations": ["IT"]}, 0),
                                   ({"company_domains": ["carryco.example.com"]}, 1)):
                with self.subTest(filters=filters):
                    self.assertEqual(self.found(person_name="carried", **filters)[0], total)

    def test_rows_as_they_are_now(self):
        """What a row shows, and what it shows of its company, also when nothing that the index
        holds has changed. The second of two same searches need not read the database."""
        self.ready()
        paths = {kind: self.server.folder / f"{kind}.csv" for kind in ("companies", "people")}
        for n in range(4):
            paths["companies"].write_text("Name,Website,Logo URL\n"
                                          f"Shownco,https://shownco.example,https://e.example.com/{n}.png\n")
            paths["people"].write_text("Name,Title,Company,Website,LinkedIn,Image URL\n"
                                       "Sara Shown,Engineer,Shownco,https://shownco.example,"
                                       f"https://www.linkedin.com/in/sara-shown,https://e.example.com/s{n}.png\n")
            for changed in ("people", "companies"):
                self.server.cli("import", changed, paths[changed])
                for _ in range(2):
                    answer = self.api.post("/people/search", {"person_name": "Sara Shown"}, expect=200).json
                    person = answer["results"][0]
                    self.assertEqual(person["image_url"], f"https://e.example.com/s{n}.png")
                    seen = n if changed == "companies" else n - 1
                    if seen >= 0:
                        self.assertEqual(person["company"]["logo_url"], f"https://e.example.com/{seen}.png")
                    answer = self.api.post("/companies/search", {"company_names": ["Shownco"]}, expect=200).json
                    self.assertEqual(answer["results"], [person["company"]])

    def test_removed_while_searching(self):
        """Nobody who was removed is in an answer to a question that came after."""
        self.ready()
        rows = [(f"Rita Removed{n}", "Engineer", "Goneco") for n in range(40)]
        self.import_people(rows)
        gone, faults = set(), []

        def search():
            client = self.server.client(self.account.key)
            while len(gone) < len(rows):
                known = set(gone)
                total, names = self.found(client, person_name="Rita")
                faults.extend(known & set(names))
                if total < len(names):
                    faults.append(f"{total} in all, {len(names)} on the page")
            client.close()

        threads = [threading.Thread(target=search) for _ in range(2)]
        for thread in threads:
            thread.start()
        for name, _, _ in rows:
            self.server.cli("privacy", "remove", "--linkedin-url",
                            f"https://www.linkedin.com/in/{name.lower().replace(' ', '-')}")
            gone.add(name)
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        self.api.close()  # of no use for long enough that the server may have closed it
        self.assertEqual(self.found(person_name="Rita"), (0, []))

    def test_a_commit_is_seen_as_a_whole(self):
        """Searches beside imports of one transaction each find all of it or nothing, and the
        counts beside a total are of the same moment."""
        self.ready()
        people = 900
        titles, faults, done = ("Software Engineer", "Accountant"), [], threading.Event()
        self.import_people([(f"Wanda Whole{n}", titles[0], "Wholeco") for n in range(people)])

        def search():
            client = self.server.client(self.account.key)
            query = {"company_names": ["Wholeco"], "facets": ["person_departments"], "page_size": 1}
            while not done.is_set():
                answer = client.post("/people/search", query, expect=200, judge=False).json
                counts = [entry["count"] for entry in answer["facets"]["person_departments"]]
                if counts != [people] or answer["_pagination"]["total"] != people:
                    faults.append((answer["_pagination"]["total"], counts))
                answer = client.post("/people/search", {"person_titles": titles[:1], "page_size": 1,
                                                        "company_names": ["Wholeco"]}, expect=200, judge=False).json
                if answer["_pagination"]["total"] not in (0, people):
                    faults.append(answer["_pagination"]["total"])
            client.close()

        threads = [threading.Thread(target=search) for _ in range(2)]
        for thread in threads:
            thread.start()
        for step in range(1, 7):
            self.import_people([(f"Wanda Whole{n}", titles[step % 2], "Wholeco") for n in range(people)])
        done.set()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])

    def test_database_does_not_answer_the_follower(self):
        """Then searches ask the database, the index stays open, and goes on afterwards."""
        self.ready()
        builds = self.server.metric("outrider_search_builds_total")
        opened = self.server.log_text().count("the search index is ready")
        self.sql("ALTER TABLE change_feed RENAME TO change_feed_away")
        self.import_people([("Hanna Hiccup", "Engineer", "Hiccupco")])
        self.assertEqual(self.found(person_name="Hiccup"), (1, ["Hanna Hiccup"]))
        self.server.wait_for(lambda: self.server.metric("outrider_search_ready") == 0, "not ready")
        self.import_people([("Hugo Hiccup", "Engineer", "Hiccupco")])
        self.assertEqual(self.found(person_name="Hiccup")[0], 2)
        self.sql("ALTER TABLE change_feed_away RENAME TO change_feed")
        self.ready()
        self.assertEqual(self.assert_from_index(lambda: self.found(person_name="Hiccup"))[0], 2)
        self.assertEqual(self.server.metric("outrider_search_builds_total"), builds)
        self.assertEqual(self.server.log_text().count("the search index is ready"), opened)

    def test_reindex_beside_the_server(self):
        self.ready()
        self.import_people([("Nora Reindex", "Engineer", "Indexco")])
        builds = self.server.metric("outrider_search_builds_total")
        self.server.cli("reindex")
        self.server.wait_for(lambda: self.server.metric("outrider_search_builds_total") > builds, "a build")
        self.assertEqual(self.found(person_name="Reindex"), (1, ["Nora Reindex"]))
        self.ready()
        self.assertEqual(self.assert_from_index(lambda: self.found(person_name="Reindex"))[0], 1)


class RestartTest(IndexTest):
    """Ends the server in many ways; one server, so the tests are numbered."""

    def folder(self):
        return self.server.database.folder / "var" / "search"

    def start(self):
        for client in (self.api, self.admin, self.stranger, self.nobody):
            client.close()
        self.server.start(index=False)

    def check_all(self, expected):
        """Every filter gives what was put in: at once, and once the index is ready."""
        for _ in range(2):
            self.assertEqual(self.found(person_titles=["Engineer"])[0], expected)
            self.assertEqual(self.found(company_domains=["restartco.example.com"])[0], expected)
            self.ready()
        totals = []

        def from_index():
            """A removal makes the index anew, and until then the database answers."""
            before = self.from_index()
            totals.append(self.found(person_titles=["Engineer"])[0])
            return self.from_index() > before
        self.server.wait_for(from_index, "an answer from the index")
        self.assertEqual(set(totals), {expected})

    def test_1_restart_keeps_the_index(self):
        self.import_people([(f"Otto Restart{n}", "Engineer", "Restartco") for n in range(20)])
        self.ready()
        self.server.stop()
        self.start()
        self.check_all(20)
        self.assertEqual(self.server.metric("outrider_search_builds_total"), 0)

    def test_2_changes_while_it_was_away(self):
        self.ready()
        self.server.stop()
        self.import_people([(f"Olga Away{n}", "Engineer", "Restartco") for n in range(5)])
        self.start()
        self.check_all(25)
        self.assertEqual(self.server.metric("outrider_search_builds_total"), 0)

    def doctor(self):
        """What it says about the index: (word, text). Other checks may fail here."""
        done = subprocess.run([str(harness.BINARY), "doctor", "--set=verify.probe=false",
                               "--set=verify.dns_servers=127.0.0.1:9", *self.server.common_options()],
                              text=True, capture_output=True, check=False, timeout=harness.COMMAND_S)
        return re.search(r"(?m)^(\w+) +search +(.*)$", done.stdout).groups()

    def test_3_doctor(self):
        self.ready()
        expected = self.found(person_titles=["Engineer"])[0]
        self.assertRegex(" ".join(self.doctor()), r"^ok index 0: \d+ people, .* in use by a server$")
        self.server.stop()
        self.assertRegex(" ".join(self.doctor()),
                         rf"^ok index 0: {expected} people, \d+ companies, \d+ files, .*up to date$")
        self.import_people([("Doris Doctor", "Surgeon", "Doctorco")])
        self.assertRegex(" ".join(self.doctor()), r"^ok .* reads what changed since$")
        manifest = self.folder() / "0/people/manifest"
        for path in (next(manifest.parent.glob("*.seg")), manifest):
            whole = path.read_bytes()
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
            self.assertRegex(" ".join(self.doctor()), r"^warning index 0 is damaged: ")
            path.write_bytes(whole)
        manifest.unlink()
        self.assertRegex(" ".join(self.doctor()), r"^warning index 0 is not there yet")
        self.start()
        self.server.cli("privacy", "remove", "--linkedin-url", "https://www.linkedin.com/in/doris-doctor")
        self.check_all(expected)

    def test_4_missing(self):
        self.server.stop()
        shutil.rmtree(self.folder())
        self.start()
        self.check_all(25)
        self.assertEqual(self.server.metric("outrider_search_builds_total"), 1)

    def test_5_damaged(self):
        """Any file of the index cut off, emptied, or with a byte changed."""
        moments = random.Random(4)
        for damage in ("cut", "empty", "flip", "flip", "garbage"):
            self.server.stop()
            files = sorted(path for path in self.folder().rglob("*")
                           if path.is_file() and path.stat().st_size)
            self.assertTrue(files)
            for path in files:
                data = bytearray(path.read_bytes())
                if damage == "cut":
                    data = data[:moments.randrange(len(data))]
                elif damage == "empty":
                    data = b""
                elif damage == "flip":
                    data[moments.randrange(len(data))] ^= 1 << moments.randrange(8)
                else:
                    data = moments.randbytes(len(data))
                path.write_bytes(data)
            self.start()
            with self.subTest(damage=damage):
                self.check_all(25)

    def test_5_damaged_behind_the_header(self):
        """What opening does not look at: who comes upon it first makes the index be built anew,
        and a search that does asks the database."""
        for _ in range(2):
            self.server.stop()
            files = sorted(self.folder().rglob("*.seg"))
            self.assertTrue(files)
            for path in files:
                data = bytearray(path.read_bytes())
                data[300] ^= 1
                path.write_bytes(data)
            self.start()
            self.ready()
            self.check_all(25)
            self.assertEqual(self.server.metric("outrider_search_builds_total"), 1)

    def test_6_another_database(self):
        """A restored backup is another history, also when it has gone on for as long."""
        if harness.ENGINE == "postgres":
            self.server.cli("backup", self.server.folder / "copy.db", expect=1)
            return
        copy = self.server.folder / "copy.db"
        self.server.cli("backup", copy)
        self.import_people([(f"Ines Later{n}", "Engineer", "Restartco") for n in range(3)])
        self.check_all(28)
        self.server.stop()
        self.server.cli("restore", copy)
        self.import_people([(f"Ivo Other{n}", "Engineer", "Restartco") for n in range(4)])
        self.start()
        self.check_all(29)
        self.assertEqual(self.found(person_name="Ines")[0], 0)


class KillTest(harness.unittest.TestCase):
    """kill -9 of the server while people are imported, changed and removed: afterwards the
    index answers what the database answers."""
    kills, steps = 5, 3

    QUESTIONS = ({}, {"person_titles": ["Engineer"]}, {"person_titles": ["Admiral"]},
                 {"company_names": ["Killco0"]}, {"company_domains": ["killco1.example.com"]},
                 {"person_name": "Kim"}, {"person_titles": ["Engineer"], "company_names": ["Killco2"]},
                 {"page": 3}, {"person_keywords": ["Engineer"], "page": 2})

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server({"rate_limit.default": 0, "rate_limit.people_search": 0,
                                     "search.engine": "index"})
        cls.oracle = harness.Server({**cls.server.settings, "search.engine": "sql"},
                                    database=cls.server.database)
        cls.account = cls.server.make_account("Acme")

    def answers(self, server):
        server.start()
        client = server.client(self.account.key)
        if server is self.server:
            server.wait_for(lambda: server.metric("outrider_search_ready") == 1, "a ready index")
        told = [client.post("/people/search", {"page_size": 20, **question}, expect=200).json
                for question in self.QUESTIONS]
        client.close()
        if server is self.server:
            self.assertGreaterEqual(server.metric("outrider_searches_total", '{engine="index"}'), len(told))
        return [(answer["_pagination"], [person["id"] for person in answer["results"]]) for answer in told]

    def write(self, moments):
        """One import of new and known people, or a removal; killed itself now and then."""
        path = self.server.folder / "kill.csv"
        people = [(f"Kim Killed{moments.randrange(400)}", moments.choice(("Engineer", "Admiral")),
                   f"Killco{moments.randrange(3)}") for _ in range(moments.randrange(1, 120))]
        path.write_text(csv(people))
        command = [str(harness.BINARY), "import", "people", str(path), *self.server.common_options()]
        if moments.random() < 0.3:
            slug = f"kim-killed{moments.randrange(400)}"
            command = [str(harness.BINARY), "privacy", "remove", "--linkedin-url",
                       f"https://www.linkedin.com/in/{slug}", *self.server.common_options()]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(0.15 if moments.random() < 0.3 else harness.COMMAND_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def test_same_answers_as_the_database(self):
        moments = random.Random(11)
        for number in range(self.kills):
            self.server.start()
            for _ in range(moments.randrange(1, self.steps + 1)):
                self.write(moments)
                if moments.random() < 0.3:
                    self.server.cli("reindex")
            self.server.kill() if moments.random() < 0.8 else self.server.stop()
            with self.subTest(kill=number):
                mine = self.answers(self.server)
                self.server.stop()
                theirs = self.answers(self.oracle)
                self.oracle.stop()
                self.assertEqual(mine, theirs, json.dumps(self.QUESTIONS))


class TwoServersTest(IndexTest):
    """PostgreSQL: what one server's process writes another one's search sees."""

    def test_both_see_everything(self):
        if harness.ENGINE != "postgres":
            return  # the embedded database has one server; its data directory is locked
        self.ready()
        second = harness.Server(self.server.settings, database=self.server.database)
        second.start()
        self.ready(second)
        other = second.client(self.account.key)
        for n in range(5):
            self.import_people([(f"Tess Twin{n}", "Engineer", "Twinco")])
            for client in (self.api, other):
                self.assertEqual(self.found(client, person_name=f"Twin{n}")[0], 1)
        self.assert_from_index(lambda: self.found(other, person_name="Tess"), second)
        other.close()
        second.stop()


if __name__ == "__main__":
    harness.unittest.main()
