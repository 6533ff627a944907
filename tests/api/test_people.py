"""People: find one, search many, reveal, review; what each costs and to whom it shows."""
# runs with both search engines
import sqlite3
import subprocess
import threading
import time

import harness
from fake.provider import Provider

PEOPLE = """Name,Title,Company,Website,LinkedIn URL,Email,Mobile Phone,City,State,Country,Skills
Ada Byron,Chief Executive Officer,Engines Ltd,https://www.engines.example.com,https://linkedin.com/in/ada-byron,ada@engines.example.com,+44 20 7946 0101,London,,United Kingdom,computing; mathematics
Robert Vance,VP Sales,Engines Ltd,engines.example.com,https://www.linkedin.com/in/bobvance/,robert@engines.example.com,+1 212 555 0142,New York,NY,USA,
Grace Hopper,Software Engineer,Compilers Inc,compilers.example.org,,grace@compilers.example.org,,Arlington,VA,USA,compilers
John Smith,Account Executive,Twins AG,twins.example.net,https://linkedin.com/in/john-smith-1,,,Zurich,,Switzerland,
John Smith,Sales Manager,Twins AG,twins.example.net,https://linkedin.com/in/john-smith-2,,,Zurich,,Switzerland,
Mia Silent,Head of Marketing,Quiet GmbH,quiet.example.de,https://linkedin.com/in/mia-silent,,,Berlin,,Germany,
Noa Gone,Director of Finance,Quiet GmbH,quiet.example.de,https://linkedin.com/in/noa-gone,noa@quiet.example.de,,Berlin,,Germany,
"""


class PeopleTest(harness.ApiTest):
    people = PEOPLE

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(cls.people, encoding="utf-8")
        said = server.line("import", "people", path)
        assert said == f"imported {len(cls.people.splitlines()) - 1}, updated 0, rejected 0", said

    def balance(self, key=None):
        client = self.server.client(key) if key else self.api
        credits = client.get("/account-info", expect=200).json["credits"]
        return credits["email"], credits["phone"]

    def find(self, **query):
        return self.api.get("/people/find", query=query)

    def search(self, **body):
        return self.api.post("/people/search", body, expect=200).json

    def names(self, **body):
        return [person["name"] for person in self.search(page_size=100, **body)["results"]]


class FindTest(PeopleTest):
    def test_every_form_finds_her(self):
        forms = [
            {"linkedin_url": "https://www.linkedin.com/in/ada-byron"},
            {"linkedin_url": "http://uk.linkedin.com/in/Ada-Byron/?trk=x"},
            {"email": "ADA@engines.example.com"},
            {"name": "Ada Byron", "title": "CEO", "company_name": "Engines"},
            {"name": "Byron Ada", "title": "Chief Executive Officer", "company_domain": "example.com"},
            {"name": "Ada Byorn", "title": "CEO", "company_name": "Engines Limited"},
            {"name": "Ada Byron", "company_domain": "https://www.example.com/about"},
        ]
        for form in forms:
            answer = self.find(**form)
            self.assertEqual(answer.status, 200, f"{form}: {answer}")
            self.assertEqual(answer.json["name"], "Ada Byron", form)
            self.assertEqual(answer.json["company"]["name"], "Engines Ltd")
            self.assertNotIn("email", answer.json)
            self.assertNotIn("phone_numbers", answer.json)

    def test_nicknames_count_but_other_people_do_not(self):
        self.assertEqual(self.find(name="Bob Vance", company_name="Engines Ltd").json["name"], "Robert Vance")
        for form in ({"name": "Ada Vance", "company_name": "Engines Ltd"},
                     {"name": "Ada Byron", "company_name": "Compilers"},
                     {"name": "Robert Vance", "title": "Software Engineer", "company_name": "Engines"},
                     {"linkedin_url": "https://linkedin.com/in/nobody"}, {"email": "x@y.example.com"}):
            self.assert_error(self.find(**form), 404, "person_not_found")

    def test_two_people_of_one_name_are_nobody_unless_the_title_tells(self):
        self.assert_error(self.find(name="John Smith", company_name="Twins"), 404, "person_not_found")
        found = self.find(name="John Smith", title="Sales Manager", company_name="Twins AG")
        self.assertEqual(found.json["linkedin_url"], "https://www.linkedin.com/in/john-smith-2")

    def test_incomplete_questions_are_refused(self):
        for form in ({}, {"name": "Ada Byron"}, {"title": "CEO"}, {"company_name": "Engines"}):
            answer = self.find(**form)
            self.assert_error(answer, 400, "missing_field")
            self.assertIn("parameter", answer.json["_errors"][0]["source"])
        answer = self.find(email="ada@engines.example.com", reveal_email="perhaps")
        self.assert_error(answer, 400, "unsupported_value")
        self.assertEqual(answer.json["_errors"][0]["source"], {"parameter": "reveal_email"})


class ChargeTest(PeopleTest):
    def test_found_once_in_a_day_revealed_once_for_ever(self):
        who = {"email": "ada@engines.example.com"}
        email, phone = self.balance()
        self.find(**who)
        self.assertEqual(self.balance(), (email - 0.5, phone))
        self.find(**who)
        self.find(linkedin_url="https://linkedin.com/in/ada-byron")
        self.assertEqual(self.balance(), (email - 0.5, phone))
        for _ in range(2):
            shown = self.find(reveal_email="true", **who).json
            self.assertEqual(shown["email"], "ada@engines.example.com")
            self.assertNotIn("phone_numbers", shown)
        self.assertEqual(self.balance(), (email - 1.5, phone))
        for _ in range(2):
            shown = self.find(reveal_phone_numbers="true", **who).json
            self.assertEqual([number["number"] for number in shown["phone_numbers"]], ["+442079460101"])
            self.assertEqual(shown["phone_numbers"][0]["type"], "mobile")
        self.assertEqual(self.balance(), (email - 1.5, phone - 1))

    def test_another_account_pays_for_itself(self):
        mine, theirs = self.balance(), self.balance(self.other.key)
        self.server.client(self.other.key).get(
            "/people/find", query={"email": "grace@compilers.example.org", "reveal_email": "true"}, expect=200)
        self.assertEqual(self.balance(), mine)
        self.assertEqual(self.balance(self.other.key), (theirs[0] - 1.5, theirs[1]))

    def test_concurrent_requests_pay_once(self):
        email, phone = self.balance()
        who = {"email": "robert@engines.example.com", "reveal_email": "true", "reveal_phone_numbers": "true"}
        threads = [threading.Thread(target=self.find, kwargs=who) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.balance(), (email - 1.5, phone - 1))

    def test_searching_is_free(self):
        before = self.balance()
        self.search(person_name="Ada Byron")
        self.assertEqual(self.balance(), before)


class PoorTest(PeopleTest):
    def test_without_credits_nothing_is_shown_and_nothing_charged(self):
        poor = self.server.make_account("Poor")
        self.server.cli("credits", "grant", "email", "1", "--account", poor.id)
        client = self.server.client(poor.key)
        query = {"email": "ada@engines.example.com", "reveal_email": "true"}
        answer = client.get("/people/find", query=query)
        self.assert_error(answer, 402, "insufficient_credits")
        self.assertNotIn(b"ada@", answer.body)
        self.assertEqual(client.get("/account-info").json["credits"], {"email": 1, "phone": 0})
        client.get("/people/find", query={"email": "ada@engines.example.com"}, expect=200)
        self.assertEqual(client.get("/account-info").json["credits"], {"email": 0.5, "phone": 0})


class SearchTest(PeopleTest):
    def test_filters(self):
        cases = [
            ({"person_name": "byron"}, ["Ada Byron"]),
            ({"person_name": "Byron, Ada"}, ["Ada Byron"]),
            ({"person_titles": ["CEO"]}, ["Ada Byron"]),
            ({"person_titles": ["vice president of sales"]}, ["Robert Vance"]),
            ({"person_titles": ["engineer", "CEO"]}, ["Ada Byron", "Grace Hopper"]),
            ({"person_locations": ["New York"]}, ["Robert Vance"]),
            ({"person_locations": ["United States"]}, ["Robert Vance", "Grace Hopper"]),
            ({"person_locations": ["Virginia", "UK"]}, ["Ada Byron", "Grace Hopper"]),
            ({"person_locations": ["London, United Kingdom"]}, ["Ada Byron"]),
            ({"person_seniorities": ["C-Suite"]}, ["Ada Byron"]),
            ({"person_seniorities": ["VP", "Head"]}, ["Robert Vance", "Mia Silent"]),
            ({"person_departments": ["Marketing"]}, ["Mia Silent"]),
            ({"person_keywords": ["mathematics"]}, ["Ada Byron"]),
            ({"company_names": ["ENGINES LIMITED"]}, ["Ada Byron", "Robert Vance"]),
            ({"company_domains": ["https://quiet.example.de/x"]}, ["Mia Silent", "Noa Gone"]),
            ({"company_names": ["Quiet"], "person_titles": ["Director"]}, ["Noa Gone"]),
            ({"company_names": ["Quiet"], "person_titles": ["CEO"]}, []),
            ({"person_name": "!!!"}, []),
            ({"person_titles": []}, None),
        ]
        everybody = self.names()
        self.assertEqual(len(everybody), 7)
        for body, expected in cases:
            found = self.names(**body)
            self.assertEqual(sorted(found), sorted(everybody if expected is None else expected), body)

    def test_totals_and_pages_are_exact(self):
        whole = self.names()
        pages = []
        for page in range(1, 5):
            answer = self.search(page=page, page_size=2)
            self.assertEqual(answer["_pagination"],
                             {"page": page, "page_size": 2, "total_pages": 4, "total": 7})
            pages += [person["name"] for person in answer["results"]]
        self.assertEqual(pages, whole)
        beyond = self.search(page=900, page_size=2)
        self.assertEqual((beyond["results"], beyond["_pagination"]["total"]), ([], 7))
        self.assertEqual(self.search()["_pagination"]["page_size"], 5)

    def test_better_matches_come_first(self):
        self.assertEqual(self.names()[0], "Ada Byron")
        exact = self.names(person_titles=["Sales Manager", "Account Executive", "VP Sales"])
        self.assertEqual(exact[0], "Robert Vance")

    def test_nothing_private_shows(self):
        body = self.api.post("/people/search", {"page_size": 100}).body
        for private in (b"@", b"555 0142", b"+1212", b"7946"):
            self.assertNotIn(private, body)

    def test_wrong_values_are_pointed_at(self):
        answer = self.api.post("/people/search", {
            "person_seniorities": ["VP", "Boss"], "company_sizes": ["tiny"], "page": 0, "page_size": 101,
            "person_name": 7, "person_titles": "CEO", "unknown": 1})
        self.assertEqual(answer.status, 400)
        pointers = {error["source"]["pointer"]: error["code"] for error in answer.json["_errors"]}
        self.assertEqual(pointers, dict.fromkeys(
            ["/person_seniorities/1", "/company_sizes/0", "/page", "/page_size", "/person_name",
             "/person_titles"], "unsupported_value"))

    def test_filters_over_data_that_is_not_held_are_refused(self):
        answer = self.api.post("/people/search", {"news": {"a": 1}, "job_openings": {"titles": ["x"]}})
        self.assertEqual(answer.status, 400)
        self.assertEqual([error["source"]["pointer"] for error in answer.json["_errors"]],
                         ["/news", "/job_openings"])


class ReviewTest(PeopleTest):
    def test_only_who_paid_may_review_and_only_they_see_it(self):
        query = {"email": "ada@engines.example.com", "reveal_phone_numbers": "true"}
        number = self.find(**query).json["phone_numbers"][0]
        self.assertFalse(number["is_wrong_number"])
        path = f"/phone_numbers/{number['id']}/review"
        other = self.server.client(self.other.key)
        self.assert_error(other.post(path, {"reason": "wrong_number"}), 404, "not_found")
        answer = self.api.post(path, {"reason": "wrong_number", "user_id": self.account.user_id}, expect=200)
        self.assertTrue(answer.json["is_wrong_number"])
        self.assertTrue(self.find(**query).json["phone_numbers"][0]["is_wrong_number"])
        theirs = other.get("/people/find", query=query, expect=200).json
        self.assertFalse(theirs["phone_numbers"][0]["is_wrong_number"])
        self.assert_error(self.api.post(path, {"reason": "rude"}), 400, "unsupported_value")
        self.assert_error(self.api.post(path, {}), 400, "missing_field")
        self.assert_error(self.api.post("/phone_numbers/none/review", {"reason": "wrong_number"}), 404, "not_found")


class RemovalTest(PeopleTest):
    def test_removed_people_are_gone_for_good(self):
        self.find(email="noa@quiet.example.de", reveal_email="true")
        said = self.server.line("privacy", "remove", "--email", "Noa@quiet.example.de")
        self.assertEqual(said, "removed; later imports of this person are refused")
        for form in ({"email": "noa@quiet.example.de"}, {"linkedin_url": "https://linkedin.com/in/noa-gone"},
                     {"name": "Noa Gone", "company_domain": "quiet.example.de"},
                     {"name": "Noa Gone", "company_name": "Quiet GmbH"}):
            self.assert_error(self.find(**form), 451, "unavailable_for_legal_reasons")
        self.assertEqual(self.names(person_name="Noa"), [])
        self.assertEqual(len(self.names()), 6)
        path = self.server.folder / "people.csv"
        self.assertEqual(self.server.line("import", "people", path), "imported 0, updated 0, rejected 1")
        rejected = (self.server.folder / "people.csv.rejected.csv").read_text()
        self.assertIn("8,", rejected)
        self.assertIn("privacy", rejected)

    def test_somebody_who_is_not_there_can_be_removed_too(self):
        said = self.server.line("privacy", "remove", "--linkedin-url", "linkedin.com/in/future-person")
        self.assertEqual(said, "not in the database; later imports of this person are refused")
        path = self.server.folder / "future.csv"
        path.write_text("Name,LinkedIn\nFuture Person,https://www.linkedin.com/in/future-person/\n")
        self.assertEqual(self.server.line("import", "people", path), "imported 0, updated 0, rejected 1")
        self.assert_error(self.find(linkedin_url="linkedin.com/in/future-person"), 451,
                          "unavailable_for_legal_reasons")


class ProviderTest(PeopleTest):
    people = PEOPLE + "".join(
        f"{name},Engineer,Quiet GmbH,quiet.example.de,https://linkedin.com/in/{name.lower().replace(' ', '-')}"
        ",,,Berlin,,Germany,\n"
        for name in ("Una Formless", "Ida Nothing", "Eve Other", "Zoe Erased", "Pia Poison"))

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.addClassCleanup(cls.provider.close)
        cls.settings = {"reveal.provider_url": cls.provider.url, "reveal.allow_private": True,
                        "reveal.timeout_ms": 700}
        super().setUpClass()

    def test_slow_lookup_times_out_and_goes_on(self):
        self.provider.answers["Mia Silent"] = (200, {
            "email": "mia@quiet.example.de", "phone_numbers": [{"number": "+49 30 23125 000", "type": "direct"}]})
        self.provider.hold()
        who = {"linkedin_url": "https://linkedin.com/in/mia-silent", "reveal_email": "true"}
        before = self.balance()
        answer = self.find(**who)
        self.assert_error(answer, 408, "request_timeout")
        self.assertEqual(answer.header("Retry-After"), "60")
        self.assertEqual(answer.json["_errors"][0]["title"], "Request timeout")
        self.assertEqual(self.balance(), before)
        self.provider.release()
        answer = self.until(lambda: self.find(**who), lambda answer: answer.status == 200)
        self.assertEqual(answer.json["email"], "mia@quiet.example.de")
        self.assertEqual(self.balance(), (before[0] - 1.5, before[1]))
        questions = [q for q in self.provider.questions if q["name"] == "Mia Silent"]
        self.assertEqual(len(questions), 1)
        self.assertEqual(questions[0]["company_domain"], "example.de")
        shown = self.find(reveal_phone_numbers="true", **who).json
        self.assertEqual([n["type"] for n in shown["phone_numbers"]], ["direct"])

    def test_nothing_found_is_an_answer(self):
        who = {"name": "John Smith", "title": "Sales Manager", "company_name": "Twins", "reveal_email": "true"}
        answer = self.until(lambda: self.find(**who), lambda answer: answer.status == 200)
        self.assertNotIn("email", answer.json)

    def count(self, query):
        database = self.server.database
        if database.url:
            return int(subprocess.run(["psql", "-qAt", "-c", query, database.url], check=True, text=True,
                                      capture_output=True).stdout)
        with sqlite3.connect(database.folder / "var/outrider.db") as connection:
            return connection.execute(query).fetchone()[0]

    def test_removed_while_the_provider_is_asked(self):
        who = {"linkedin_url": "https://linkedin.com/in/john-smith-1", "reveal_phone_numbers": "true"}
        self.provider.answers["John Smith"] = (200, {"phone_numbers": [{"number": "+493023125111"}]})
        self.provider.hold()
        self.assert_error(self.find(**who), 408, "request_timeout")
        self.server.line("privacy", "remove", "--linkedin-url", who["linkedin_url"])
        self.provider.release()
        self.until(lambda: (self.find(**who), self.count("SELECT count(*) FROM jobs WHERE finished_at IS NULL")),
                   lambda seen: seen[1] == 0)
        self.assert_error(self.find(**who), 451, "unavailable_for_legal_reasons")
        self.assertEqual(self.count("SELECT count(*) FROM phone_numbers WHERE number = '+493023125111'"), 0)

    def execute(self, statement):
        """Changes the database; for what no interface does."""
        database = self.server.database
        if database.url:
            subprocess.run(["psql", "-qAt", "-c", statement, database.url], check=True, capture_output=True)
            return
        with sqlite3.connect(database.folder / "var/outrider.db") as connection:
            connection.execute(statement)

    def reveal(self, name, **answer):
        """The answer when the provider knows this about a person of the file."""
        self.provider.answers[name] = (200, answer)
        who = {"linkedin_url": "https://linkedin.com/in/" + name.lower().replace(" ", "-"),
               "reveal_email": "true", "reveal_phone_numbers": "true"}
        return self.until(lambda: self.find(**who), lambda answer: answer.status == 200).json

    def test_what_the_provider_sends_is_brought_into_form(self):
        completeness = "SELECT rank / 4096 FROM people WHERE name = 'Una Formless'"  # search/tags.c
        before = self.count(completeness)
        shown = self.reveal("Una Formless", email="Una <UNA@Quiet.Example.DE>", phone_numbers=[
            {"number": "030 23125 001", "type": "Mobile"}, {"number": "+49 (0)30 23125-001", "type": "office"},
            {"number": "call me"}, {"number": "12"}, {"number": "+1 212 555 0100", "type": "fax"},
            {"number": "0049 30 23125 002", "type": "WORK"}])
        self.assertEqual(shown["email"], "una@quiet.example.de")
        numbers = [(n["number"], n.get("type")) for n in shown["phone_numbers"]]
        self.assertEqual(sorted(numbers), [("+12125550100", None), ("+493023125001", "mobile"),
                                           ("+493023125002", "office")])
        self.assertEqual(self.count(completeness), before + 3)
        self.assertEqual(self.find(email="una@quiet.example.de").json["name"], "Una Formless")

    def test_what_is_no_address_and_no_number_is_not_kept(self):
        shown = self.reveal("Ida Nothing", email="nobody at example", phone_numbers=[{"number": "+999 1234567"}])
        self.assertNotIn("email", shown)
        self.assertNotIn("phone_numbers", shown)
        self.assertEqual(self.count("SELECT count(*) FROM phone_numbers WHERE number LIKE '%1234567'"), 0)

    def test_the_address_of_another_person_is_not_kept(self):
        shown = self.reveal("Eve Other", email="ada@engines.example.com",
                            phone_numbers=[{"number": "+493023125333"}])
        self.assertNotIn("email", shown)
        self.assertEqual([n["number"] for n in shown["phone_numbers"]], ["+493023125333"])

    def test_nothing_is_kept_of_whom_the_address_says_was_removed(self):
        self.server.cli("privacy", "remove", "--email", "was.removed@quiet.example.de")
        shown = self.reveal("Zoe Erased", email="Was.Removed@quiet.example.de",
                            phone_numbers=[{"number": "+493023125444"}])
        self.assertNotIn("email", shown)
        self.assertNotIn("phone_numbers", shown)
        self.assertEqual(self.count("SELECT count(*) FROM people WHERE stored_email LIKE 'was.removed%'"), 0)
        self.assertEqual(self.count("SELECT count(*) FROM phone_numbers WHERE number = '+493023125444'"), 0)

    def test_a_lookup_that_ends_the_process_is_not_made_for_ever(self):
        self.server.allow_errors("the process ended 8 times while this job ran")
        self.provider.hold()
        self.addCleanup(self.provider.release)
        who = {"linkedin_url": "https://linkedin.com/in/pia-poison", "reveal_email": "true"}
        asked = lambda: [q for q in self.provider.questions if q["name"] == "Pia Poison"]  # noqa: E731
        self.assert_error(self.find(**who), 408, "request_timeout")
        for lives in range(1, 9):
            self.until(lambda: time.sleep(0.2), lambda _: len(asked()) == lives)
            self.server.kill()
            self.execute("UPDATE jobs SET lease_until = 0 WHERE status = 'running'")  # time passes
            self.server.start()
            self.api.close()
        self.until(lambda: self.find(**who), lambda answer: answer.status == 200)
        self.assertEqual(len(asked()), 8)
        self.assertEqual(self.count("SELECT count(*) FROM jobs WHERE status = 'failed' AND last_error = "
                                    "'the process ended 8 times while this job ran'"), 1)

    def until(self, ask, good):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            answer = ask()
            if good(answer):
                return answer
        self.fail(f"never came: {answer}")
