"""Lead lists: start, poll, entries by page, adding, cancel, what they cost, restarts. The mail
servers are a farm of fake ones on loopback."""
import csv
import io
import json
import sqlite3
import subprocess
import time

import harness
import test_email_validations as validations

HEADER = "Name,Title,Company,Website,Industry,Email,LinkedIn URL,Mobile Phone,Country,Headline\n"
ROWS = (
    "Ada Byron,Chief Engineer,Engines Ltd,engines.org,Machinery,ok.ada@engines.org,"
    "https://www.linkedin.com/in/ada-byron,+44 20 7946 0101,United Kingdom,Builds engines\n"
    "Bo Diddley,Head of Music,Engines Ltd,engines.org,Machinery,no.bo@engines.org,"
    "https://www.linkedin.com/in/bo-diddley,,United Kingdom,\n"
    "Cy Silent,Clerk,Engines Ltd,engines.org,Machinery,,https://www.linkedin.com/in/cy-silent,,United Kingdom,\n"
    "Dina Other,Engineer,Pumps Inc,pumps.org,Machinery,ok.di@pumps.org,"
    "https://www.linkedin.com/in/di-other,,United States,\n")
ADA, BO, CY, DI = (f"https://www.linkedin.com/in/{name}" for name in ("ada-byron", "bo-diddley", "cy-silent", "di-other"))
NOBODY = "https://www.linkedin.com/in/nobody-at-all"
NOTHING = dict.fromkeys(("email", "person_id", "linkedin_url", "first_name", "last_name", "company_name",
                         "company_domain", "industry", "title", "email_validation_result"))


class LeadListTest(validations.ValidationTest):
    domains = {"engines.org": {}, "pumps.org": {}, "slow.org": {"accept": "all", "delay_s": {"banner": 30.0}}}

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(HEADER + ROWS, encoding="utf-8")
        said = server.line("import", "people", path)
        assert said == "imported 4, updated 0, rejected 0", said

    def sql(self, statement):
        if self.server.database.url:
            subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", statement, self.server.database.url],
                           check=True)
            return
        with sqlite3.connect(self.server.folder / "var/outrider.db", timeout=30) as database:
            database.execute(statement)
        database.close()

    def body(self, type, leads, **more):
        return {"type": type, "owner": "acme@acme.example", "shared": True, "leads": leads} | more

    def begin(self, type, leads, client=None, **more):
        """The address of a list that was started."""
        answer = (client or self.api).post("/lead-lists", self.body(type, leads, **more), expect=202)
        self.assertEqual(answer.json["status"], "queued")
        self.assertEqual(answer.json["leads"], [])
        self.assertEqual(answer.header("Location"), answer.json["_links"]["self"]["href"])
        return answer.header("Location")

    def end(self, href, client=None, query=None):
        until = time.monotonic() + 240
        while time.monotonic() < until:
            answer = (client or self.api).get(href, query=query, expect=200)
            if answer.json["status"] not in ("queued", "processing"):
                self.assertIsNone(answer.header("Retry-After"))
                return answer.json
            self.assertRegex(answer.header("Retry-After"), "^[1-9][0-9]?$")
            self.assertEqual(answer.json["leads"], [])
            time.sleep(0.05)
        self.fail(f"{href} did not end")

    def run_list(self, type, leads, client=None, **more):
        return self.end(self.begin(type, leads, client, **more), client)

    def buyer(self, credits, phone=0):
        account = self.server.make_account(f"Buyer{time.monotonic_ns()}")
        for kind, amount in (("email", credits), ("phone", phone)):
            if amount:
                self.server.cli("credits", "grant", kind, amount, "--account", account.id)
        client = self.server.client(account.key)
        self.addCleanup(client.close)
        client.owner = client.get("/users", expect=200).json["users"][0]["email"]
        return client

    def credits_left(self, client):
        return client.get("/account-info", expect=200).json["credits"]


class KindsTest(LeadListTest):
    def test_linkedin(self):
        client = self.buyer(20)
        answer = self.run_list("linkedin", [{"linkedin_url": url} for url in (ADA, BO, CY, NOBODY)], client,
                               owner=client.owner, name="Four")
        self.assertEqual([answer[key] for key in ("object", "name", "status", "shared", "visible", "owner", "type")],
                         ["lead_list", "Four", "completed", True, True, client.owner, "linkedin"])
        self.assertEqual(answer["options"], {"reveal_phone_numbers": False, "validate_email": True, "enrich": True})
        self.assertEqual(answer["progress"], {"leads": 4, "enriched": 4, "validating": 0})
        ada, bo, cy, nobody = answer["leads"]
        person = client.get("/people/find", query={"linkedin_url": ADA}, expect=200).json
        self.assertEqual(ada, {
            "id": ada["id"], "object": "lead_list_entry", "email": "ok.ada@engines.org", "person_id": person["id"],
            "linkedin_url": ADA, "first_name": "Ada", "last_name": "Byron", "company_name": "Engines Ltd",
            "company_domain": "engines.org", "industry": person["company"]["industry"], "title": "Chief Engineer",
            "email_validation_result": {"object": "email_validation_result", "email": "ok.ada@engines.org",
                                        "result": "deliverable", "catch_all": False},
            "data": {"headline": "Builds engines", "location": person["location"]}})
        self.assertEqual(bo["email_validation_result"]["result"], "undeliverable")
        self.assertEqual((cy["first_name"], cy["email"], cy["email_validation_result"]), ("Cy", None, None))
        self.assertEqual(nobody, NOTHING | {"id": nobody["id"], "object": "lead_list_entry", "linkedin_url": NOBODY,
                                            "data": {}})
        self.assertEqual(self.credits_left(client)["email"], 20 - 3 * 0.5 - 2 - 2)

    def test_email(self):
        client = self.buyer(20)
        leads = [{"email": "OK.ada@Engines.org"}, {"email": "ok.stranger@pumps.org", "first_name": "Stan", "title": "CEO",
                                                  "data": {"from": "fair"}}, {"email": "no address"}]
        answer = self.run_list("email", leads, client, owner=client.owner, visible=False)
        self.assertFalse(answer["visible"])
        ada, stranger, wrong = answer["leads"]
        self.assertEqual((ada["email"], ada["last_name"]), ("OK.ada@Engines.org", "Byron"))
        self.assertEqual((stranger["person_id"], stranger["first_name"], stranger["title"], stranger["data"]),
                         (None, "Stan", "CEO", {"sent": {"from": "fair"}}))
        self.assertEqual([entry["email_validation_result"]["result"] for entry in answer["leads"]],
                         ["deliverable", "deliverable", "undeliverable"])
        self.assertEqual(wrong["email_validation_result"]["email"], "no address")
        self.assertEqual(self.credits_left(client)["email"], 20 - 0.5 - 3)

    def test_titles(self):
        client = self.buyer(20)
        leads = [{"title": "chief engineer", "company_name": "Engines"}, {"title": "Engineer", "company_domain": "pumps.org"},
                 {"title": "Astronaut", "company_name": "Engines Ltd"}, {"title": "Engineer", "company_name": "Nowhere"}]
        for type in ("titles_and_company", "title_and_company"):
            answer = self.run_list(type, leads, client, owner=client.owner)
            self.assertEqual(answer["type"], type)
            self.assertEqual([entry["first_name"] for entry in answer["leads"]], ["Ada", "Dina", None, None])
            self.assertEqual(answer["leads"][2]["title"], "Astronaut")
        self.assertEqual(self.credits_left(client)["email"], 20 - 2 * 0.5 - 2 - 2 * 2)

    def test_options(self):
        client = self.buyer(20, 5)
        answer = self.run_list("linkedin", [{"linkedin_url": ADA}], client, owner=client.owner,
                               options={"reveal_phone_numbers": True})
        numbers = answer["leads"][0]["data"]["phone_numbers"]
        self.assertEqual([number["number"] for number in numbers], ["+442079460101"])
        self.assertEqual(self.credits_left(client), {"email": 20 - 0.5 - 1 - 1, "phone": 4})
        answer = self.run_list("email", [{"email": "ok.di@pumps.org"}], client, owner=client.owner,
                               options={"validate_email": False, "enrich": False})
        self.assertEqual(answer["leads"][0], NOTHING | {"id": answer["leads"][0]["id"], "object": "lead_list_entry",
                                                        "email": "ok.di@pumps.org", "data": {}})
        answer = self.run_list("email", [{"email": "ok.di@pumps.org"}], client, owner=client.owner,
                               options={"validate_email": False})
        self.assertEqual(answer["leads"][0]["last_name"], "Other")
        self.assertEqual(self.credits_left(client)["email"], 17.5 - 0.5)
        answer = self.run_list("email", [{"email": "ok.di@pumps.org"}], client, owner=client.owner,
                               options={"enrich": False})
        self.assertEqual(answer["leads"][0]["last_name"], None)
        self.assertEqual(answer["leads"][0]["email_validation_result"]["result"], "deliverable")
        self.assertEqual(self.credits_left(client)["email"], 17 - 1)

    def test_same_address_is_validated_once(self):
        client = self.buyer(2)
        leads = [{"email": email} for email in ("ok.x@pumps.org", "OK.X@pumps.org ", "ok.x@PUMPS.org")]
        href = self.begin("email", leads, client, owner=client.owner, options={"enrich": False})
        answer = self.end(href, client)
        self.assertEqual([entry["email_validation_result"]["result"] for entry in answer["leads"]], ["deliverable"] * 3)
        self.assertEqual(self.credits_left(client)["email"], 1)
        client.post(f"{href}/leads", {"leads": leads[:1]}, expect=200)
        answer = self.end(href, client)
        self.assertEqual(answer["leads"][3]["email_validation_result"]["result"], "deliverable")
        self.assertEqual(self.credits_left(client)["email"], 1)
        self.assertEqual(client.get("/email-validations", expect=200).json["email_validations"], [])


class FinderTest(LeadListTest):
    """Leads of the database whose addresses nobody told: guessed, and proved by the mail servers."""
    domains = {"found.org": {"accept": ["fay.finder"]}, "late.org": {"accept": ["gus.grey"], "greylist_s": 2},
               "all.org": {"accept": "all"}}

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text("Name,Company,Website,LinkedIn URL\n" + "".join(
            f"{name},Firm {n},{domain},linkedin.com/in/finder-{n}\n" for n, (name, domain) in enumerate(
                (("Fay Finder", "found.org"), ("Gus Grey", "late.org"), ("Al Any", "all.org")))), encoding="utf-8")
        server.cli("import", "people", path)

    def test_found(self):
        client = self.buyer(20)
        leads = [{"linkedin_url": f"https://www.linkedin.com/in/finder-{n}"} for n in (0, 1, 2, 0, 9)]
        answer = self.run_list("linkedin", leads, client, owner=client.owner)
        self.assertEqual(answer["status"], "completed")
        self.assertEqual([entry["email"] for entry in answer["leads"]],
                         ["fay.finder@found.org", "gus.grey@late.org", None, "fay.finder@found.org", None])
        self.assertEqual([(entry["email_validation_result"] or {}).get("result") for entry in answer["leads"]],
                         ["deliverable", "deliverable", None, "deliverable", None])
        self.assertEqual(self.credits_left(client)["email"], 20 - 3 * 0.5 - 2 - 2)


class FinderKillTest(LeadListTest):
    """kill -9 while entries wait for addresses; with PostgreSQL while another process works on
    the same list."""
    FIRMS = [f"Firm {letter}" for letter in "ABCDEFGHIJ"]
    NAMES = ("Ann Ash", "Ben Birch", "Cid Cole", "Dan Dale")
    domains = {f"firm-{n}.org": {"accept": ["ann.ash", "ben.birch", "cid.cole", "dan.dale"], "greylist_s": 2}
               for n in range(10)}
    KILLS = 4

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text("Name,Company,Website,LinkedIn URL\n" + "".join(
            f"{name},{firm},firm-{n}.org,{cls.url(n, name)}\n"
            for n, firm in enumerate(cls.FIRMS) for name in cls.NAMES), encoding="utf-8")
        server.cli("import", "people", path)

    @staticmethod
    def url(firm, name):
        return f"https://www.linkedin.com/in/{name.lower().replace(' ', '-')}-{firm}"

    def leads(self, client):
        """Starts a list of everybody; its address, and the addresses that will be found."""
        wanted = [(n, name) for name in self.NAMES for n in range(len(self.FIRMS))]
        href = self.begin("linkedin", [{"linkedin_url": self.url(n, name)} for n, name in wanted], client,
                          owner=client.owner)
        return href, [f"{name.lower().replace(' ', '.')}@firm-{n}.org" for n, name in wanted]

    def is_waiting(self, href, client):
        answer = client.get(href, expect=200).json
        self.assertIn(answer["status"], ("queued", "processing"))
        return answer["progress"]["enriched"] < answer["progress"]["leads"]

    def judge(self, href, emails, client):
        answer = self.end(href, client)
        self.assertEqual(answer["status"], "completed")
        self.assertEqual([entry["email"] for entry in answer["leads"]], emails)
        self.assertEqual([entry["email_validation_result"]["result"] for entry in answer["leads"]],
                         ["deliverable"] * len(emails))
        time.sleep(1.1)  # what another process charged shows within a second
        self.assertEqual(self.credits_left(client)["email"], 200 - 2.5 * len(emails))
        self.assertEqual(self.farm.all_faults(), [])

    def test_killed(self):
        client = self.buyer(200)
        href, emails = self.leads(client)
        for kill in range(self.KILLS):
            self.server.wait_for(lambda n=kill: len(self.farm.sessions) > 5 * n, "dialogues")
            self.assertTrue(self.is_waiting(href, client))
            self.server.kill()
            self.server.start()
            client.close()
            client = self.again(client)
        self.judge(href, emails, client)

    def again(self, old, server=None):
        client = (server or self.server).client(old.key)
        client.owner = old.owner
        self.addCleanup(client.close)
        return client


class SharedTest(FinderKillTest):
    """The list is one process's job, searches and validations are both processes'; each of them
    is killed once while the other goes on."""

    def test_killed(self):
        client = self.buyer(200)
        servers = [self.server]
        if harness.ENGINE == "postgres":
            servers.append(harness.Server(self.server.settings, database=self.server.database).start())
        href, emails = self.leads(client)
        for kill, server in enumerate(servers):
            self.server.wait_for(lambda n=kill: len(self.farm.sessions) > 5 + 10 * n, "dialogues")
            one = self.again(client, server)
            self.assertTrue(self.is_waiting(href, one))
            one.close()
            server.kill()
            if kill + 1 == len(servers):
                time.sleep(1)  # the others alone
            server.start()
        self.judge(href, emails, self.again(client))
        for server in servers[1:]:
            server.stop()


class RequestsTest(LeadListTest):
    def test_wrong_requests(self):
        good = self.body("linkedin", [{"linkedin_url": ADA}])
        for change, pointer, code in (
                ({"owner": None}, "/owner", "missing_field"), ({"shared": None}, "/shared", "missing_field"),
                ({"type": None}, "/type", "missing_field"), ({"leads": None}, "/leads", "missing_field"),
                ({"owner": "who@acme.example"}, "/owner", "unsupported_value"),
                ({"owner": "globex@globex.example"}, "/owner", "unsupported_value"),
                ({"type": "salesforce"}, "/type", "unsupported_value"), ({"leads": []}, "/leads", "unsupported_value"),
                ({"leads": [{"linkedin_url": ADA}, {"email": "a@pumps.org"}]}, "/leads/1/linkedin_url", "missing_field"),
                ({"type": "email"}, "/leads/0/email", "missing_field"),
                ({"leads": [{"linkedin_url": " "}]}, "/leads/0/linkedin_url", "missing_field"),
                ({"type": "titles_and_company", "leads": [{"title": "CEO"}]}, "/leads/0/company_name", "missing_field"),
                ({"type": "titles_and_company", "leads": [{"company_name": "A"}]}, "/leads/0/title", "missing_field"),
                ({"leads": [{"linkedin_url": ADA, "data": [1]}]}, "/leads/0/data", "unsupported_value"),
                ({"leads": [{"linkedin_url": ADA, "data": {"x": "y" * 8200}}]}, "/leads/0/data", "unsupported_value"),
                ({"options": {"enrich": False}}, "/options/enrich", "unsupported_value"),
                ({"options": {"validate_email": False}}, "/options/validate_email", "unsupported_value"),
                ({"options": {"enrich": "no"}}, "/options/enrich", "unsupported_value"),
                ({"name": ""}, "/name", "unsupported_value")):
            with self.subTest(change):
                body = {name: value for name, value in (good | change).items() if value is not None}
                self.assert_error(self.api.post("/lead-lists", body), 400, code, pointer=pointer)
        several = self.api.post("/lead-lists", self.body("email", [{}, {"email": " "}], owner="who@acme.example"))
        self.assertEqual([error["source"]["pointer"] for error in several.json["_errors"]],
                         ["/owner", "/leads/0/email", "/leads/1/email"])
        self.assert_error(self.api.get("/lead-lists/1"), 404, "not_found")
        self.assert_error(self.api.get("/lead-lists", query={"status": "done"}), 400, "unsupported_value",
                          parameter="status")

    def test_more_than_allowed(self):
        leads = [{"email": "a@pumps.org"}] * 10001
        answer = self.api.post("/lead-lists", self.body("email", leads), judge=False)
        self.assert_error(answer, 400, "unsupported_value", pointer="/leads")

    def test_owner(self):
        client = self.buyer(10)
        account = client.get("/account-info", expect=200).json["id"]
        for email in ("rep@x.example", "gone@x.example"):
            self.server.cli("user", "add", "--email", email, "--first-name", "A", "--last-name", "B", "--role",
                            "sales_rep", "--account", account)
        self.sql(f"UPDATE users SET status = 'revoked' WHERE account_id = '{account}' AND email = 'gone@x.example'")
        options = {"enrich": False, "validate_email": False}
        for sent, shown in (("Rep@X.example", "rep@x.example"), ("gone@x.example", client.owner)):
            body = self.body("email", [{"email": "a@pumps.org"}], owner=sent, options=options)
            self.assertEqual(client.post("/lead-lists", body, expect=202).json["owner"], shown)
        for query, owners in (({"owner_email": "REP@x.example"}, ["rep@x.example"]),
                              ({"owner_id": "nobody"}, []), ({}, [client.owner, "rep@x.example"])):
            rows = client.get("/lead-lists", query=query, expect=200).json["lead_lists"]
            self.assertEqual([row["owner"] for row in rows], owners)

    def test_owner_when_admins_are_revoked(self):
        client = self.buyer(10)
        account, first = client.get("/account-info", expect=200).json["id"], client.owner
        users = f"UPDATE users SET status = 'revoked' WHERE account_id = '{account}' AND email = "
        for email, role in (("second@x.example", "admin"), ("third@x.example", "admin"), ("rep@x.example", "sales_rep")):
            self.server.cli("user", "add", "--email", email, "--first-name", "A", "--last-name", "B", "--role", role,
                            "--account", account)
        options = {"enrich": False, "validate_email": False}
        body = self.body("email", [{"email": "a@pumps.org"}], options=options)
        for revoked, owner in ((first, "second@x.example"), ("rep@x.example", "second@x.example"),
                               ("second@x.example", "third@x.example")):
            self.sql(f"{users}'{revoked}'")
            for sent in (first, revoked):
                answer = client.post("/lead-lists", body | {"owner": sent}, expect=202)
                self.assertEqual(answer.json["owner"], owner)
        self.sql(f"{users}'third@x.example'")
        self.assert_error(client.post("/lead-lists", body | {"owner": first}), 400, "unsupported_value", pointer="/owner")

    def test_list(self):
        client = self.buyer(10)
        hrefs = [self.begin("email", [{"email": f"ok.{n}@pumps.org"}], client, owner=client.owner) for n in range(3)]
        for href in hrefs:
            self.end(href, client)
        page = client.get("/lead-lists", query={"page[size]": "2"}, expect=200).json
        self.assertEqual([row["url"] for row in page["lead_lists"]], hrefs[:0:-1])
        self.assertRegex(page["lead_lists"][0]["name"], "^Lead list 20")
        rest = client.get(page["_links"]["next"]["href"], expect=200).json
        self.assertEqual([row["_links"]["self"]["href"] for row in rest["lead_lists"]], hrefs[:1])
        for status, count in (("completed", 3), ("processing", 0)):
            rows = client.get("/lead-lists", query={"status": status}, expect=200).json["lead_lists"]
            self.assertEqual(len(rows), count)

    def test_pages(self):
        emails = [f"ok.{n:03}@pumps.org" for n in range(250)]
        href = self.begin("email", [{"email": email} for email in emails], options={"enrich": False,
                                                                                  "validate_email": False})
        answer, seen = self.end(href), []
        self.assertNotIn("prev", answer["_links"])
        while True:
            self.assertLessEqual(len(answer["leads"]), 100)
            seen += [entry["email"] for entry in answer["leads"]]
            if "next" not in answer["_links"]:
                break
            answer = self.api.get(answer["_links"]["next"]["href"], expect=200).json
        self.assertEqual(seen, emails)
        back = self.api.get(answer["_links"]["prev"]["href"], expect=200).json
        self.assertEqual(back["leads"][-1]["email"], "ok.199@pumps.org")


class AddTest(LeadListTest):
    def test_add(self):
        client = self.buyer(20)
        href = self.begin("linkedin", [{"linkedin_url": ADA}], client, owner=client.owner)
        self.end(href, client)
        answer = client.post(f"{href}/leads", {"type": "linkedin", "leads": [{"linkedin_url": DI}, {"linkedin_url": ADA}]},
                             expect=200).json
        self.assertEqual((answer["added"], answer["progress"]["leads"]), (2, 3))
        answer = self.end(href, client)
        self.assertEqual([entry["first_name"] for entry in answer["leads"]], ["Ada", "Dina", "Ada"])
        self.assertEqual([entry["email_validation_result"]["result"] for entry in answer["leads"]], ["deliverable"] * 3)
        self.assertEqual(self.credits_left(client)["email"], 20 - 2 * (0.5 + 1 + 1))
        for body, pointer, code in (({"leads": [{"email": "a@pumps.org"}]}, "/leads/0/linkedin_url", "missing_field"),
                                    ({"type": "email", "leads": [{"linkedin_url": DI}]}, "/type", "unsupported_value")):
            self.assert_error(client.post(f"{href}/leads", body), 400, code, pointer=pointer)

    def test_full(self):
        options = {"enrich": False, "validate_email": False}
        leads = [{"email": f"a{n}@pumps.org"} for n in range(10000)]
        href = self.begin("email", leads, options=options)
        for total in (20000, 30000, 40000, 50000):
            answer = self.api.post(f"{href}/leads", {"leads": leads}, expect=200).json
            self.assertEqual(answer["progress"]["leads"], total)
        self.assertEqual(self.api.post(f"{href}/leads", {"leads": leads[:9990]}, expect=200).json["added"], 9990)
        answer = self.api.post(f"{href}/leads", {"type": "email", "leads": leads[:11]}, expect=200).json
        self.assertEqual((answer["added"], answer["progress"]["leads"]), (10, 60000))
        self.assert_error(self.api.post(f"{href}/leads", {"leads": leads[:1]}), 409, "conflict")
        self.assertEqual(self.end(href)["progress"], {"leads": 60000, "enriched": 60000, "validating": 0})

    def test_canceled(self):
        client = self.buyer(20)
        href = self.begin("email", [{"email": "a@slow.org"}, {"email": "no address"}, {"email": "ok.di@pumps.org"}],
                          client, owner=client.owner)
        self.server.wait_for(lambda: self.credits_left(client)["email"] <= 20 - 0.5 - 2, "two results")
        answer = client.patch(href, {"status": "canceled"}, expect=200).json
        self.assertEqual(answer["status"], "canceled")
        self.assertNotIn("_errors", answer)
        results = [entry["email_validation_result"] for entry in answer["leads"]]
        self.assertEqual([result and result["result"] for result in results], [None, "undeliverable", "deliverable"])
        again = client.patch(href, {"status": "canceled"}, expect=200).json
        self.assertEqual(again["leads"], answer["leads"])
        self.assert_error(client.post(f"{href}/leads", {"leads": [{"email": "b@pumps.org"}]}), 409, "conflict")
        self.assertEqual(self.credits_left(client)["email"], 20 - 0.5 - 2)
        self.assert_error(client.patch(href, {"status": "done"}), 400, "unsupported_value", pointer="/status")


class CreditsTest(LeadListTest):
    def test_none(self):
        client = self.buyer(0)
        body = self.body("linkedin", [{"linkedin_url": ADA}], owner=client.owner)
        self.assert_error(client.post("/lead-lists", body), 402, "insufficient_credits")
        self.assertEqual(client.get("/lead-lists", expect=200).json["lead_lists"], [])

    def test_used_up_while_looking(self):
        client = self.buyer(2)
        answer = self.run_list("linkedin", [{"linkedin_url": url} for url in (ADA, NOBODY, DI, BO)], client,
                               owner=client.owner)
        self.assertEqual(answer["status"], "canceled")
        self.assertEqual([error["code"] for error in answer["_errors"]], ["insufficient_credits"])
        self.assertEqual([entry["email"] for entry in answer["leads"]], ["ok.ada@engines.org", None, None, None])
        self.assertEqual(answer["leads"][3]["linkedin_url"], BO)
        self.assertEqual(self.credits_left(client)["email"], 0.5)

    def test_used_up_while_validating(self):
        client = self.buyer(2)
        answer = self.run_list("email", [{"email": f"ok.{n}@pumps.org"} for n in range(3)], client, owner=client.owner,
                               options={"enrich": False})
        self.assertEqual(answer["status"], "canceled")
        self.assertEqual([error["code"] for error in answer["_errors"]], ["insufficient_credits"])
        results = [entry["email_validation_result"] for entry in answer["leads"]]
        self.assertEqual(sum(result is not None for result in results), 2)
        self.assertEqual(self.credits_left(client)["email"], 0)


class ImportTest(LeadListTest):
    FILE = ("Profile,Work Email,First Name,Last Name,Job Title,Company,Website,Mobile Phone,Fair,Score\n"
            f"{ADA},,,,,,,,Berlin,7\n"
            ",OK.Di@pumps.org,,,,,,+49 30 1234567,,\n"
            ",,Bo,Diddley,,Engines,,,,\n"
            ",,,,Clerk,,engines.org,,,\n"
            ",wrong address,,,,,,,,\n"
            ",,Ann,Alone,,,,,,\n"
            f"{ADA}/,,Ada,,,,,,,\n"
            ",ok.new@pumps.org,Nina,New,CTO,Pumps Inc,pumps.org,,,\n")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account_id = cls.api.get("/account-info", expect=200).json["id"]

    def load(self, name, *options, text=FILE, expect=0):
        path = self.server.folder / "leads.csv"
        path.write_text(text, encoding="utf-8")
        done = self.server.cli("import", "leads", path, "--list", name, "--account", self.account_id, *options,
                               expect=expect)
        return done.stderr if expect else done.stdout.strip().split("\n")[-1]

    def href(self, name):
        rows = self.api.get("/lead-lists", expect=200).json["lead_lists"]
        return next((row["url"] for row in rows if row["name"] == name), None)

    def export(self, name, *options):
        return self.server.cli("export", "leads", "--list", name, "--account", self.account_id, *options).stdout

    def test_import_and_export(self):
        self.assertEqual(self.load("Fair", "--dry-run"), "imported 5, updated 0, rejected 2")
        self.assertIsNone(self.href("Fair"))
        self.assertEqual(self.load("Fair", "--map", "Score=extra", "--reveal-phone-numbers"),
                         "imported 5, updated 0, rejected 2")
        rejected = (self.server.folder / "leads.csv.rejected.csv").read_text("utf-8")
        self.assertIn("6,\"Work Email: not an email address\"", rejected)
        self.assertIn("7,\"no profile, no email address, no name or title with a company\"", rejected)
        answer = self.end(self.href("Fair"))
        self.assertEqual((answer["type"], answer["owner"], answer["shared"]), ("adaptive", "acme@acme.example", True))
        self.assertTrue(answer["options"]["reveal_phone_numbers"])
        self.assertEqual([(entry["first_name"], entry["email"]) for entry in answer["leads"]],
                         [("Ada", "ok.ada@engines.org"), ("Dina", "ok.di@pumps.org"), ("Bo", "no.bo@engines.org"),
                          ("Cy", None), ("Nina", "ok.new@pumps.org")])
        self.assertEqual([entry["data"].get("sent") for entry in answer["leads"]],
                         [{"Fair": "Berlin", "Score": "7"}, {"Mobile Phone": "+49 30 1234567"}, None, None, None])
        self.assertEqual([(entry["email_validation_result"] or {}).get("result") for entry in answer["leads"]],
                         ["deliverable", "deliverable", "undeliverable", None, "deliverable"])
        before = self.credits_left(self.api)
        self.assertEqual(self.load("Fair"), "imported 0, updated 0, rejected 2")
        self.assertEqual(self.end(self.href("Fair"))["progress"]["leads"], 5)
        self.assertEqual(self.credits_left(self.api), before)
        rows = list(csv.DictReader(io.StringIO(self.export("Fair"))))
        self.assertEqual([row["first_name"] for row in rows], ["Ada", "Dina", "Bo", "Cy", "Nina"])
        self.assertEqual([row["email_validation_result"] for row in rows],
                         ["deliverable", "deliverable", "undeliverable", "", "deliverable"])
        self.assertEqual([row["mobile_phone"] for row in rows], ["+442079460101", "", "", "", ""])
        self.assertEqual(json.loads(rows[0]["extra"]), {"Fair": "Berlin", "Score": "7"})
        lines = [json.loads(line) for line in self.export("Fair", "--format", "jsonl").splitlines()]
        self.assertEqual(lines[1]["extra"], {"Mobile Phone": "+49 30 1234567"})
        self.assertEqual(self.load("Copy", text=self.export("Fair")), "imported 5, updated 0, rejected 0")
        self.end(self.href("Copy"))
        self.assertEqual(self.export("Copy").splitlines()[0], self.export("Fair").splitlines()[0])

    def test_into_a_list_of_the_api(self):
        href = self.begin("linkedin", [{"linkedin_url": ADA}], name="Ours")
        self.assertEqual(self.load("Ours"), "imported 0, updated 0, rejected 6")
        self.assertEqual(self.load("Ours", text=f"LinkedIn\n{ADA}\n{DI}\n"), "imported 1, updated 0, rejected 0")
        self.assertEqual([entry["first_name"] for entry in self.end(href)["leads"]], ["Ada", "Dina"])
        self.begin("email", [{"email": "a@slow.org"}], name="Ended")
        self.api.patch(self.href("Ended"), {"status": "canceled"}, expect=200)
        self.assertIn("was canceled", self.load("Ended", expect=1))

    def test_refused(self):
        self.assertIn("such user", self.load("New", "--owner", "who@acme.example", expect=1))
        self.assertIn("--list", self.load(" ", expect=2))
        self.assertIn("no such column", self.load("New", "--map", "Nothing=email", expect=1))
        self.assertIsNone(self.href("New"))
        self.assertIn("no list", self.server.cli("export", "leads", "--list", "None", "--account", self.account_id,
                                                 expect=1).stderr)


class KillTest(LeadListTest):
    """Half of the leads are people of the database, whose addresses are revealed."""
    domains = {f"d{n}.org": {} for n in range(100)}  # each has its own servers, and so its own limits
    credits, count, kills = 6000, 2000, 7

    @classmethod
    def email(cls, n):
        return f"{'ok.' if n % 3 else 'no.'}{n:05}@d{n % len(cls.domains)}.org"

    @classmethod
    def url(cls, n):
        return f"https://www.linkedin.com/in/lead-{n}"

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text("Name,Email,LinkedIn URL,Mobile Phone\n" + "".join(
            f"Lea Lead{n},{cls.email(n)},{cls.url(n)},{f'+49301234{n:05}' if n % 10 == 0 else ''}\n"
            for n in range(0, cls.count, 2)), encoding="utf-8")
        server.cli("import", "people", path)

    def entries(self, client, href):
        answer, entries = self.end(href, client), []
        self.assertEqual(answer["status"], "completed")
        while True:
            entries += answer["leads"]
            if "next" not in answer["_links"]:
                return entries
            answer = client.get(answer["_links"]["next"]["href"], expect=200).json

    def pause(self, kill):
        """Seconds: while leads are looked for, then while addresses are validated."""
        return 0.05 * kill

    def start_list(self):
        """The address of a list of all the leads, in requests of what one may have."""
        leads = [{"linkedin_url": self.url(n)} for n in range(self.count)]
        href = self.begin("linkedin", leads[:10000], options={"reveal_phone_numbers": True})
        for at in range(10000, self.count, 10000):
            self.api.post(f"{href}/leads", {"leads": leads[at:at + 10000]}, expect=200)
        return href

    def test_every_lead_once(self):
        href = self.start_list()
        for kill in range(self.kills):
            time.sleep(self.pause(kill))
            self.server.kill()
            self.server.start()
        client = self.server.client(self.account.key)  # the old connection is cut
        self.addCleanup(client.close)
        entries = self.entries(client, href)
        self.assertEqual([entry["linkedin_url"] for entry in entries], [self.url(n) for n in range(self.count)])
        for n, entry in enumerate(entries):
            found = n % 2 == 0
            self.assertEqual(entry["email"], self.email(n) if found else None)
            self.assertEqual(len(entry["data"].get("phone_numbers", [])), 1 if n % 10 == 0 else 0)
            result = entry["email_validation_result"]
            self.assertEqual(result and result["result"],
                             ("deliverable" if n % 3 else "undeliverable") if found else None)
        people = self.count // 2
        self.assertEqual(self.credits_left(client), {"email": self.credits - people * 2.5,
                                                     "phone": self.credits - self.count // 10})
