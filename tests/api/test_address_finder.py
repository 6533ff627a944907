"""Addresses that nobody told: guessed from names and known addresses, proved by asking the
company's mail servers, revealed and paid for as any other. The servers are a farm on loopback."""
import contextlib
import os
import sqlite3
import subprocess
import threading
import time

import harness
from fake.farm import Farm
from fake.provider import Provider
from test_people import PeopleTest

DOMAINS = {
    "learned.org": {"accept": ["jdoe", "jane.doe"]},
    "usual.org": {"accept": ["jane"]},
    "nobody.org": {"accept": []},
    "all.org": {"accept": "all"},
    "grey.org": {"accept": ["jane.doe"], "greylist_s": 3},
    "killed.org": {"accept": ["jane.doe"], "greylist_s": 3},
    "removed.org": {"accept": ["jane.doe", "jdoe"]},
    "slow.org": {"accept": ["jane.doe"], "delay_s": {"banner": 3.0}},
    "two.org": {"accept": ["jane.doe"], "delay_s": {"banner": 0.3}},
    "taken.org": {"accept": ["sam.lee", "slee"]},
    "full.org": {"replies": {"jane.doe": "452 4.2.2 mailbox full"}, "accept": ["jdoe"]},
    "blocked.org": {"rcpt": "550 5.7.1 your address is on our block list"},
    "joined.org": {"accept": ["juergen.vonderheide"]},
    "team.org": {"accept": ["ann.ash", "ben.birch", "cid.cole", "dan.dale", "eve.elm"]},
    "batch-grey.org": {"accept": ["jane.doe"], "greylist_s": 2},
    "batch-all.org": {"accept": "all"},
    "provided.org": {"accept": ["jane.doe"]},
    "away.org": {"accept": ["jane.doe"]},
    "told.org": {"accept": ["jane.doe"]},
    "off.org": {"accept": ["jane.doe"]},
    "untold.org": {"hosts": [{"name": "aspmx.l.google.com"}], "accept": ["jane.doe"],
                   "unknown": "550 5.7.1 blocked by policy"},
    "known.org": {"accept": ["jane.doe"]},
    "role.org": {"accept": ["post"]},
    "moved.org": {"accept": ["jane.doe"], "delay_s": {"banner": 3.0}},
    "claimed.org": {"accept": ["jane.doe"], "delay_s": {"banner": 3.0}},
    "namesake.org": {"accept": ["kim.park", "kpark"]},
    "own.org": {"accept": ["jane.doe", "jdoe"], "delay_s": {"banner": 3.0}},
    "other.org": {"accept": ["jane.doe", "jdoe"], "delay_s": {"banner": 3.0}},
    "contest.org": {"accept": ["ann.ash", "annash", "aash", "a.ash", "ben.birch", "cid.cole"], "delay_s": {"banner": 2.0}},
}
KNOWN = [("Bob Stone", "learned.org", "bstone"), ("Eve Adams", "learned.org", "eadams"),
         ("Sam Lee", "taken.org", "sam.lee"), ("Bob Stone", "contest.org", "bob.stone")]
TEAM = ["Ann Ash", "Ben Birch", "Cid Cole", "Dan Dale", "Eve Elm"]


def row(name, domain, local="", number=1):
    slug = f"{name.lower().replace(' ', '-')}-{domain.split('.')[0]}-{number}"
    email = f"{local}@{domain}" if local else ""
    return f"{name},Engineer,{domain.split('.')[0].title()} Inc,{domain},https://linkedin.com/in/{slug},{email},,,,,\n"


PEOPLE = ("Name,Title,Company,Website,LinkedIn URL,Email,Mobile Phone,City,State,Country,Skills\n"
          + "".join(row(name, domain, local) for name, domain, local in KNOWN)
          + "".join(row("Jane Doe", domain) for domain in [*DOMAINS, "null.org", "none.org"])
          + "".join(row(name, "team.org") for name in TEAM)
          + row("Sam Lee", "taken.org", number=2) + row("Иван Петров", "usual.org")
          + row("Jürgen von der Heide", "joined.org") + row("Jane Post", "role.org")
          + row("Kim Park", "namesake.org") + row("Kim Park", "namesake.org", number=2)
          + "".join(row(name, "contest.org") for name in TEAM[:3]) + row("Zed Zoo", "zoo.org"))


class FinderTest(PeopleTest):
    people, options, domains = PEOPLE, {}, {}

    @classmethod
    def setUpClass(cls):
        cls.farm = Farm({**DOMAINS, **cls.domains}, {"null.org": {"mx": [[0, ""]]}})
        cls.addClassCleanup(cls.farm.close)
        cls.settings = {"verify.dns_servers": cls.farm.dns, "verify.smtp_port": cls.farm.port,
                        "verify.allow_private": True, "verify.helo": "probe.example.net",
                        "verify.mail_from": "check@example.net", "verify.probe": True,
                        "verify.retry_scale": 0.01, "reveal.timeout_ms": 20000, **cls.options}
        super().setUpClass()

    def tearDown(self):
        self.assertEqual(self.farm.all_faults(), [])

    def who(self, domain, name="Jane Doe", number=1):
        slug = f"{name.lower().replace(' ', '-')}-{domain.split('.')[0]}-{number}"
        return {"linkedin_url": f"https://linkedin.com/in/{slug}", "reveal_email": "true"}

    def ask(self, domain, client=None, **of):
        return (client or self.api).get("/people/find", query=self.who(domain, **of))

    def found(self, domain, client=None, **of):
        """The email in the end, or None."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            answer = self.ask(domain, client, **of)
            if answer.status == 200:
                return answer.json.get("email")
            self.assert_error(answer, 408, "request_timeout")
            self.assertEqual(answer.header("Retry-After"), "60")
        self.fail(f"no answer about {domain}")

    def asked(self, domain, *names):
        """Which of these local parts the servers were asked for, in order, repetitions and all."""
        return [local for local, _ in self.farm.recipients_of(domain) if local in names]

    def wait_until_asked(self, domain):
        until = time.monotonic() + 60
        while not self.farm.sessions_of(domain):
            self.assertLess(time.monotonic(), until, f"nobody asked {domain}")
            time.sleep(0.02)

    def outcome(self, domain):
        """Of Jane Doe's search; None while it runs."""
        found = self.server.database.rows(
            "SELECT s.outcome FROM address_searches s JOIN people p ON p.id = s.person_id "
            f"WHERE p.linkedin_key = 'in/jane-doe-{domain.split('.')[0]}-1' AND s.outcome IS NOT NULL")
        return found[0][0] if found else None

    def ended(self, href):
        """A batch, when it has ended."""
        until = time.monotonic() + 120
        while (answer := self.api.get(href, expect=200).json)["status"] in ("queued", "processing"):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        return answer

    def batch(self, domain, names):
        leads = [{"linkedin_url": self.who(domain, name)["linkedin_url"]} for name in names]
        answer = self.api.post("/people/enrichment-requests", {"leads": leads, "reveal_email": True}, expect=202)
        return answer.header("Location")

    @contextlib.contextmanager
    def writing(self):
        """A transaction of SQLite, meanwhile nobody else writes."""
        database = sqlite3.connect(self.server.folder / "var/outrider.db", isolation_level=None, timeout=30)
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")
        database.close()

    def stored(self, domain):
        """Lines of an export that have an address of the domain."""
        said = self.server.cli("export", "people", "--format", "jsonl").stdout
        return [line for line in said.splitlines() if f"@{domain}" in line]


class FindTest(FinderTest):
    def test_learned_pattern(self):
        before = self.balance()
        self.assertEqual(self.found("learned.org"), "jdoe@learned.org")
        self.assertEqual(self.asked("learned.org", "jdoe", "jane.doe", "jane"), ["jdoe"])
        self.assertEqual(self.balance(), (before[0] - 1.5, before[1]))

    def test_usual_patterns_in_order(self):
        self.assertEqual(self.found("usual.org"), "jane@usual.org")
        self.assertEqual(self.asked("usual.org", "jane.doe", "jdoe", "jane", "j.doe"),
                         ["jane.doe", "jdoe", "jane"])

    def test_found_once_is_known(self):
        self.assertEqual(self.found("joined.org", name="Jürgen von der Heide"),
                         "juergen.vonderheide@joined.org")
        before, sessions = self.balance(), len(self.farm.sessions_of("joined.org"))
        answer = self.api.get("/people/find", query={"email": "juergen.vonderheide@joined.org"}, expect=200)
        self.assertEqual(answer.json["name"], "Jürgen von der Heide")
        self.assertEqual(self.found("joined.org", name="Jürgen von der Heide"),
                         "juergen.vonderheide@joined.org")
        self.assertEqual(self.balance(), before)
        self.assertEqual(len(self.farm.sessions_of("joined.org")), sessions)

    def test_another_account_pays_for_itself(self):
        self.assertEqual(self.found("two.org"), "jane.doe@two.org")
        account = self.server.make_account("Second")
        self.server.cli("credits", "grant", "email", "10", "--account", account.id)
        client = self.server.client(account.key)
        self.addCleanup(client.close)
        self.assertEqual(self.found("two.org", client), "jane.doe@two.org")
        self.assertEqual(client.get("/account-info").json["credits"]["email"], 8.5)

    def test_nothing_without_proof(self):
        for domain, asked in (("all.org", ["jane.doe"]), ("null.org", []), ("none.org", []),
                              ("full.org", ["jane.doe"]), ("blocked.org", ["jane.doe"])):
            with self.subTest(domain):
                before = self.balance()
                self.assertIsNone(self.found(domain))
                self.assertEqual(self.asked(domain, "jane.doe", "jdoe", "jane")[:1], asked)
                self.assertNotIn("jdoe", self.asked(domain, "jdoe"))
                self.assertEqual(self.balance(), (before[0] - 0.5, before[1]))

    def test_not_where_random_names_got_no_clear_answer(self):
        """Not even of a provider whose word is enough for a validation."""
        self.assertIsNone(self.found("untold.org"))
        self.assertEqual(self.asked("untold.org", "jane.doe", "jdoe"), ["jane.doe"])
        said = self.api.post("/email-validations/single", {"email": "jane.doe@untold.org"}, expect=200).json
        self.assertEqual(said["result"], "deliverable")

    def test_what_the_cache_knows_is_proof(self):
        self.api.post("/email-validations/single", {"email": "jane.doe@known.org"}, expect=200)
        self.assertEqual(self.found("known.org"), "jane.doe@known.org")
        self.assertEqual(self.asked("known.org", "jane.doe", "jdoe"), ["jane.doe"])

    def test_the_mailbox_of_a_role_is_nobodys(self):
        self.assertIsNone(self.found("role.org", name="Jane Post"))
        self.assertEqual(self.asked("role.org", "jane.post", "post"), ["jane.post", "post"])

    def test_a_bounded_number_of_guesses(self):
        self.assertIsNone(self.found("nobody.org"))
        asked = [local for local, _ in self.farm.recipients_of("nobody.org")]
        self.assertEqual(len(asked), len(set(asked)))
        self.assertLessEqual(len(asked), 8)
        self.assertIsNone(self.found("nobody.org"))
        self.assertEqual(len(self.farm.recipients_of("nobody.org")), len(asked))

    def test_a_name_that_no_address_has(self):
        self.assertIsNone(self.found("usual.org", name="Иван Петров"))

    def test_the_address_of_somebody_else_is_passed_over(self):
        self.assertEqual(self.found("taken.org", name="Sam Lee", number=2), "slee@taken.org")
        self.assertEqual(self.asked("taken.org", "sam.lee"), [])

    def test_an_address_that_fits_two_is_nobodys(self):
        for number in (1, 2):
            self.assertIsNone(self.found("namesake.org", name="Kim Park", number=number))
        self.assertEqual(self.farm.sessions_of("namesake.org"), [])

    def test_a_removed_address_is_not_found(self):
        self.server.cli("privacy", "remove", "--email", "jdoe@removed.org")
        self.assertIsNone(self.found("removed.org"))
        self.assertEqual(self.farm.sessions_of("removed.org"), [])

    def test_two_at_once(self):
        before, told = self.balance(), []
        client = self.server.client(self.api.key)
        self.addCleanup(client.close)
        threads = [threading.Thread(target=lambda c=c: told.append(self.found("provided.org", c)))
                   for c in (self.api, client)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(told, ["jane.doe@provided.org"] * 2)
        self.assertEqual(self.asked("provided.org", "jane.doe"), ["jane.doe"])
        self.assertEqual(self.balance(), (before[0] - 1.5, before[1]))


class LateTest(FinderTest):
    options = {"reveal.timeout_ms": 400}

    def test_greylisted(self):
        before = self.balance()
        answer = self.ask("grey.org")
        self.assert_error(answer, 408, "request_timeout")
        self.assertEqual(answer.header("Retry-After"), "60")
        self.assertEqual(self.balance(), before)
        self.assertEqual(self.found("grey.org"), "jane.doe@grey.org")
        self.assertEqual(self.balance(), (before[0] - 1.5, before[1]))

    def test_killed_in_the_middle(self):
        before = self.balance()
        self.assert_error(self.ask("killed.org"), 408, "request_timeout")
        self.wait_until_asked("killed.org")
        self.server.kill()
        self.server.start()
        self.api.close()
        self.assertEqual(self.found("killed.org"), "jane.doe@killed.org")
        self.assertEqual(self.balance(), (before[0] - 1.5, before[1]))

    def test_removed_in_the_middle(self):
        self.assert_error(self.ask("slow.org"), 408, "request_timeout")
        self.wait_until_asked("slow.org")
        self.server.cli("privacy", "remove", "--linkedin-url", self.who("slow.org")["linkedin_url"])
        session = self.farm.sessions_of("slow.org")[0]
        self.server.wait_for(lambda: session.ended, "the end of the dialogue")
        self.assert_error(self.ask("slow.org"), 451, "unavailable_for_legal_reasons")
        self.assertEqual(self.found("two.org"), "jane.doe@two.org")  # what comes later is stored
        self.assertEqual((len(self.stored("two.org")), self.stored("slow.org")), (1, []))


    def import_row(self, line):
        path = self.server.folder / "changed.csv"
        path.write_text(PEOPLE.splitlines()[0] + "\n" + line, encoding="utf-8")
        return self.server.line("import", "people", path)

    def changed_in_the_middle(self, domain, line, said):
        self.assert_error(self.ask(domain), 408, "request_timeout")
        self.wait_until_asked(domain)
        self.assertEqual(self.import_row(line), said)
        session = self.farm.sessions_of(domain)[0]
        self.assertIsNone(session.ended, "the import was too late")
        self.assertIsNone(self.found(domain))
        self.assertEqual(self.asked(domain, "jane.doe"), ["jane.doe"])

    def test_another_company_in_the_middle(self):
        slug = self.who("moved.org")["linkedin_url"]
        self.changed_in_the_middle(
            "moved.org", f"Jane Doe,Engineer,Elsewhere Inc,elsewhere.org,{slug},,,,,,\n",
            "imported 0, updated 1, rejected 0")
        self.assertEqual(self.stored("moved.org"), [])

    def test_the_persons_own_in_the_middle(self):
        """The address that is being asked for, or another one: there is nothing more to ask."""
        for domain, local, outcome in (("own.org", "jane.doe", "found"), ("other.org", "jd", "none")):
            with self.subTest(domain):
                self.assert_error(self.ask(domain), 408, "request_timeout")
                self.wait_until_asked(domain)
                self.assertEqual(self.import_row(row("Jane Doe", domain, local)), "imported 0, updated 1, rejected 0")
                session = self.farm.sessions_of(domain)[0]
                self.assertIsNone(session.ended, "the import was too late")
                self.server.wait_for(lambda: self.outcome(domain), "the end of the search", 60)
                self.assertEqual(self.outcome(domain), outcome)
                self.assertEqual(self.asked(domain, "jane.doe", "jdoe", "jane", "doe"), ["jane.doe"])
                self.assertEqual(self.found(domain), f"{local}@{domain}")

    def test_somebody_elses_in_the_middle(self):
        self.changed_in_the_middle(
            "claimed.org", row("Jane Doe", "claimed.org", "jane.doe", number=2),
            "imported 1, updated 0, rejected 0")
        self.assertEqual(len(self.stored("claimed.org")), 1)


class BatchTest(FinderTest):
    def test_enrichment(self):
        leads = [{"linkedin_url": self.who(domain, name)["linkedin_url"]} for domain, name in (
            *(("team.org", name) for name in TEAM), ("batch-grey.org", "Jane Doe"),
            ("batch-all.org", "Jane Doe"), ("null.org", "Jane Doe"))]
        before = self.balance()
        answer = self.api.post("/people/enrichment-requests", {"leads": leads, "reveal_email": True}, expect=202)
        answer = self.ended(answer.header("Location"))
        self.assertEqual(answer["status"], "completed")
        self.assertEqual([row["result"].get("email") for row in answer["results"]],
                         ["ann.ash@team.org", "ben.birch@team.org", "cid.cole@team.org", "dan.dale@team.org",
                          "eve.elm@team.org", "jane.doe@batch-grey.org", None, None])
        self.assertEqual(self.balance(), (before[0] - 8 * 0.5 - 6, before[1]))
        # The first found address told how the others are made.
        self.assertEqual([local for local, reply in self.farm.recipients_of("team.org")
                          if reply[0] != "2" and "." not in local and local in
                          ("aash", "bbirch", "ccole", "ddale", "eelm")], [])


class ContestTest(FinderTest):
    """Somebody gets an address at the very moment at which it is stored for somebody else."""

    @contextlib.contextmanager
    def holding(self, statement):
        """A transaction that did this and is committed at the end of the block."""
        if harness.ENGINE == "postgres":
            psql = subprocess.Popen(["psql", "-qX", "-v", "ON_ERROR_STOP=1", self.server.database.url],
                                    stdin=subprocess.PIPE, text=True)
            psql.stdin.write(f"BEGIN;\n{statement};\n")
            psql.stdin.flush()
            yield
            psql.communicate("COMMIT;\n")
            self.assertEqual(psql.returncode, 0)
            return
        with self.writing() as database:
            database.execute(statement)
            yield

    def test_neighbours_are_stored(self):
        href = self.batch("contest.org", TEAM[:3])
        self.server.wait_for(lambda: len(self.farm.sessions_of("contest.org")) >= 1, "a dialogue")
        with self.holding("UPDATE people SET stored_email = 'ann.ash@contest.org', "
                          "email_key = 'ann.ash@contest.org' WHERE name = 'Zed Zoo'"):
            self.server.wait_for(lambda: self.asked("contest.org", "cid.cole", "ben.birch"), "a question")
            time.sleep(1)  # it is found and waits to be stored
        emails = [row["result"].get("email") for row in self.ended(href)["results"]]
        self.assertEqual(emails[1:], ["ben.birch@contest.org", "cid.cole@contest.org"])
        self.assertIn(emails[0], ("annash@contest.org", "aash@contest.org", "a.ash@contest.org"))
        self.assertNotIn("could not be stored", self.server.log_text())


class AwayTest(FinderTest):
    """The database is away when what was found is to be stored."""
    NAMES = [f"Jane {a}{b}oe" for a in "BDKLMNPR" for b in "aeiou"]  # 40, and one who leads
    domains = {"crowd.org": {"accept": "all", "delay_s": {"banner": 4.0}},
               "again.org": {"accept": ["ann.ash", "ann", "ash", "annash", "aash", "a.ash", "anna", "ann_ash", "ash.ann"],
                             "delay_s": {"rcpt": 2.0}}}
    people = (PEOPLE + "".join(row(name, "crowd.org") for name in [*NAMES, "Jane Doe"])
              + row("Bob Stone", "again.org", "bob.stone") + row("Ann Ash", "again.org"))
    STORED = "could not be stored"

    @contextlib.contextmanager
    def away(self):
        """Nobody can write; on PostgreSQL, not even connect."""
        if harness.ENGINE == "sqlite":
            with self.writing():
                yield
            return
        name = self.server.database.name
        admin = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", os.environ["OUTRIDER_TEST_PG"], "-c"]
        subprocess.run([*admin, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"], check=True)
        subprocess.run([*admin, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"],
                       check=True, capture_output=True)
        yield
        subprocess.run([*admin, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"], check=True)

    def test_a_guess_after_one_that_was_taken(self):
        """It is the one that is stored in the end: nobody asks for a third."""
        self.server.allow_errors("")
        href, guesses = self.batch("again.org", ["Ann Ash"]), self.domains["again.org"]["accept"]
        self.server.wait_for(lambda: self.asked("again.org", *guesses), "a guess", 60)
        first = self.asked("again.org", *guesses)[0]
        self.server.database.rows(f"UPDATE people SET stored_email = '{first}@again.org', "
                                  f"email_key = '{first}@again.org' WHERE name = 'Zed Zoo'")
        self.server.wait_for(lambda: len(self.asked("again.org", *guesses)) == 2, "another guess", 60)
        second = self.asked("again.org", *guesses)[1]
        before = self.server.log_text().count(self.STORED)
        with self.away():
            self.server.wait_for(lambda: self.server.log_text().count(self.STORED) > before, "a try to store", 60)
        self.assertEqual([row["result"].get("email") for row in self.ended(href)["results"]],
                         [f"{second}@again.org"])
        self.assertEqual(set(self.asked("again.org", *guesses)), {first, second})

    def test_those_that_ended_together(self):
        """After some of them it is clear that it is not them."""
        self.server.allow_errors("address_searches")
        href = self.batch("crowd.org", [*self.NAMES, "Jane Doe"])
        held = "SELECT count(*) FROM address_searches WHERE lease_owner IS NOT NULL"
        self.server.wait_for(lambda: self.server.database.rows(held) == [["41"]], "a lease of all", 60)
        self.wait_until_asked("crowd.org")
        self.assertEqual([s.ended for s in self.farm.sessions_of("crowd.org")], [None])
        self.server.database.rows("ALTER TABLE address_searches RENAME TO away")
        self.server.wait_for(lambda: "could not be begun" in self.server.log_text().rpartition(self.STORED)[2]
                             and self.STORED in self.server.log_text(), "a try to store", 60)
        self.assertLessEqual(self.server.log_text().count(self.STORED), 3)
        self.server.database.rows("ALTER TABLE away RENAME TO address_searches")
        self.assertEqual({row["result"].get("email") for row in self.ended(href)["results"]}, {None})


class HurryTest(FinderTest):
    """Who is waited for goes before those who were wanted earlier, also when their search has
    begun: one connection at a time, so that they queue up."""
    NAMES = [f"{first} {last}" for first in ("Abe", "Bea", "Cal", "Dot", "Eli", "Flo", "Gil", "Hal")
             for last in ("Quill", "Reed", "Stark", "Twain", "Usher")]
    domains = {"busy.org": {"accept": [name.lower().replace(" ", ".") for name in NAMES],
                            "delay_s": {"rcpt": 0.3}}}
    people = (PEOPLE + row("Bob Stone", "busy.org", "bob.stone") + row("Amy Stone", "busy.org", "amy.stone")
              + "".join(row(name, "busy.org") for name in NAMES))
    options = {"verify.site_connections": 1, "reveal.timeout_ms": 100}

    def order(self):
        locals_ = [name.lower().replace(" ", ".") for name in self.NAMES]
        return self.asked("busy.org", *locals_)

    def test_those_who_are_waited_for(self):
        self.batch("busy.org", self.NAMES)
        self.server.wait_for(lambda: len(self.order()) >= 2, "the first ones")
        done = self.order()
        late = [name for name in self.NAMES if name.lower().replace(" ", ".") not in done][::9][:3]
        for name in late:
            self.assert_error(self.ask("busy.org", name=name), 408, "request_timeout")
        since = len(self.order())
        wanted = {name.lower().replace(" ", ".") for name in late}
        self.server.wait_for(lambda: wanted <= set(self.order()), "those who are waited for")
        self.assertLessEqual(max(self.order().index(local) for local in wanted), since + 10)


class CrowdTest(FinderTest):
    """Many who wait for what one shows of their domain leave room for those of others."""
    CROWD = 700
    NAMES = [f"Jane {a}{b}{c}oe" for a in "BDKLMNPRST" for b in "abcdefgh" for c in "klmnoprst"]  # 720
    domains = {"crowd.org": {"accept": ["jane.doe"], "greylist_s": 3600}, "lone.org": {"accept": ["jane.doe"]}}
    people = (PEOPLE + "".join(row(name, "crowd.org") for name in NAMES[:CROWD])
              + row("Jane Doe", "lone.org"))
    options = {"verify.retry_scale": 1, "reveal.timeout_ms": 100}

    def test_room_for_others(self):
        self.assert_error(self.ask("crowd.org", name=self.NAMES[0]), 408, "request_timeout")
        self.wait_until_asked("crowd.org")
        leads = [{"linkedin_url": self.who("crowd.org", name)["linkedin_url"]} for name in self.NAMES[1:self.CROWD]]
        leads.append({"linkedin_url": self.who("lone.org")["linkedin_url"]})
        self.api.post("/people/enrichment-requests", {"leads": leads, "reveal_email": True}, expect=202)
        self.wait_until_asked("lone.org")
        self.assertEqual(len(self.farm.sessions_of("crowd.org")), 1)


class OffTest(FinderTest):
    options = {"verify.probe": False}

    def test_nobody_is_asked(self):
        before = self.balance()
        self.assertIsNone(self.found("off.org"))
        self.assertEqual(self.farm.count, 0)
        self.assertEqual(self.balance(), (before[0] - 0.5, before[1]))


class SwitchedOffTest(OffTest):
    options = {"reveal.find_addresses": False}


class ProviderTest(FinderTest):
    """The provider is asked first, the mail servers when it does not know or is away."""

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.addClassCleanup(cls.provider.close)
        cls.options = {"reveal.provider_url": cls.provider.url, "reveal.allow_private": True}
        super().setUpClass()

    def test_what_it_tells_is_not_looked_for(self):
        self.provider.answers["Jane Doe"] = (200, {"email": "jd@told.org"})
        self.assertEqual(self.found("told.org"), "jd@told.org")
        self.assertEqual(self.farm.sessions_of("told.org"), [])

    def test_what_it_does_not_know_is_looked_for(self):
        self.provider.answers["Jane Doe"] = (404, {})
        self.assertEqual(self.found("provided.org"), "jane.doe@provided.org")

    def test_while_it_is_away(self):
        self.server.allow_errors("reveal provider answered 503")
        self.provider.answers["Jane Doe"] = (503, {})
        self.assertEqual(self.found("away.org"), "jane.doe@away.org")


class StopTest(FinderTest):
    """The end of the process does not wait for a provider that never answers."""

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.addClassCleanup(cls.provider.close)
        cls.options = {"reveal.provider_url": cls.provider.url, "reveal.allow_private": True,
                       "reveal.timeout_ms": 100}
        super().setUpClass()

    def test_stop(self):
        self.provider.hold()
        self.addCleanup(self.provider.release)
        self.assert_error(self.ask("told.org"), 408, "request_timeout")
        self.server.wait_for(lambda: self.provider.questions, "a question")
        self.server.stop()  # which has to end long before a provider's two minutes are over
        self.server.start()
        self.api.close()
        self.provider.answers["Jane Doe"] = (200, {"email": "jd@told.org"})
        self.provider.release()
        self.assertEqual(self.found("told.org"), "jd@told.org")
