"""No account sees or touches what another one owns, on any route: every operation that
`outrider routes` prints stands in one of the tables here, so a new one must be added."""
# runs with both search engines
import json
import sys
import time

import harness
from test_tasks import Recordings
from lib.connector import Connector

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.smtp import FakeSmtp  # noqa: E402  (the path is set above)
from lib import database  # noqa: E402
from lib.sending import ALWAYS, Anybody  # noqa: E402

PEOPLE = """Name,Title,Company,Domain,Email,Mobile Phone
Ada Byron,Engineer,Engines Ltd,engines.example.com,ada@engines.example.com,+44 20 7946 0101
Bo Diddley,Musician,Engines Ltd,engines.example.com,bo@engines.example.com,
"""

# Of the sequence whose stages are shown.
STAGE = "01890000-0000-7000-8000-0000000000aa"

# Operations with an id: whose it is (a name of IsolationTest.ids), and a body that the
# owner could send.
OWNED = {
    "POST /phone_numbers/{id}/review": ("phone", {"reason": "wrong_number"}),
    "GET /people/enrichment-requests/{id}": ("people batch", None),
    "PATCH /people/enrichment-requests/{id}": ("people batch", {"status": "canceled"}),
    "GET /companies/enrichment-requests/{id}": ("companies batch", None),
    "PATCH /companies/enrichment-requests/{id}": ("companies batch", {"status": "canceled"}),
    "GET /email-validations/{id}": ("validation", None),
    "PATCH /email-validations/{id}": ("validation", {"status": "canceled"}),
    "DELETE /email-validations/{id}": ("validation to delete", None),
    "PATCH /mailboxes/{id}": ("mailbox", {"daily_email_limit": 7}),
    "GET /dashboard/api/mailboxes/{id}": ("mailbox", None),
    "PATCH /dashboard/api/mailboxes/{id}": ("mailbox", {"signature": "Ann"}),
    "POST /dashboard/api/mailboxes/{id}/consent": ("mailbox with tokens", None),
    "POST /dashboard/api/mailboxes/{id}/test": ("mailbox", None),
    "POST /dashboard/api/mailboxes/{id}/pause": ("mailbox", None),
    "POST /dashboard/api/mailboxes/{id}/resume": ("mailbox", None),
    "DELETE /dashboard/api/mailboxes/{id}": ("mailbox to delete", None),
    "GET /dashboard/api/sequences/{id}": ("sequence", None),
    "PUT /dashboard/api/sequences/{id}": ("sequence", {"name": "Acme's own", "stages": [{"type": "custom_task"}]}),
    "GET /dashboard/api/sequences/{id}/export": ("sequence", None),
    "POST /dashboard/api/sequences/{id}/preview": ("sequence", {"stage_id": STAGE, "lead": {}}),
    "POST /sequences/{id}/leads": ("sequence to pause", {"leads": []}),
    "POST /dashboard/api/sequences/{id}/leads": ("sequence to pause", {"leads": []}),
    "GET /dashboard/api/users/{id}/connections": ("user", None),
    "PATCH /dashboard/api/users/{id}/connections": ("user", {"dialer": True}),
    "POST /dashboard/api/sequences/{id}/duplicate": ("sequence", {"name": "Acme's copy"}),
    "DELETE /dashboard/api/sequences/{id}": ("sequence to delete", None),
    "POST /dashboard/api/sequences/{id}/launch": ("sequence to launch", None),
    "POST /dashboard/api/sequences/{id}/pause": ("sequence to pause", None),
    "POST /dashboard/api/sequences/{id}/resume": ("sequence to resume", None),
    "POST /dashboard/api/sequences/{id}/archive": ("sequence to archive", None),
    "GET /contacts/{id}": ("contact", None),
    "GET /contacts/email/{email}": ("contact's address", None),
    "GET /dashboard/api/sequences/{id}/leads": ("sequence", None),
    "GET /dashboard/api/leads/{id}": ("lead", None),
    "POST /dashboard/api/leads/{id}/pause": ("lead", {}),
    "POST /dashboard/api/leads/{id}/resume": ("lead", None),
    "POST /dashboard/api/leads/{id}/retry": ("lead", {}),
    "POST /dashboard/api/leads/{id}/remove": ("lead to remove", None),
    "GET /dashboard/api/sequences/{id}/statistics": ("sequence", None),
    "GET /calls/{id}/recording": ("call", None),
    "POST /tasks/{id}/complete": ("task to complete", {"notes": "done"}),
    "POST /tasks/{id}/skip": ("task to skip", None),
    "GET /dashboard/api/tasks/{id}": ("task", None),
    "PATCH /dashboard/api/tasks/{id}": ("task", {"due_on": "2031-01-01T00:00:00Z"}),
    "PATCH /dashboard/api/dispositions/{id}": ("disposition", {"name": "Only of Acme"}),
    "DELETE /dashboard/api/dispositions/{id}": ("disposition to delete", None),
    "POST /dashboard/api/linkedin-actions/{id}/result": ("LinkedIn action", {"status": "completed"}),
    "GET /dashboard/api/messages/{id}": ("message", None),
    "GET /dashboard/api/messages/{id}/source": ("message", None),
    "POST /dashboard/api/messages/{id}/decision": ("message", {"decision": "drop"}),
    "GET /dashboard/api/replies/{id}": ("reply", None),
    "GET /dashboard/api/replies/{id}/source": ("reply", None),
    "PATCH /dashboard/api/replies/{id}": ("reply", {"label": "interested"}),
    "GET /dashboard/api/workflows/{id}": ("workflow", None),
    "PATCH /dashboard/api/workflows/{id}": ("workflow", {"name": "Only of Acme"}),
    "DELETE /dashboard/api/workflows/{id}": ("workflow to delete", None),
    "POST /dashboard/api/workflows/{id}/enable": ("workflow", None),
    "POST /dashboard/api/workflows/{id}/disable": ("workflow", None),
    "GET /dashboard/api/workflows/{id}/runs": ("workflow", None),
    "POST /dashboard/api/workflows/{id}/test": ("workflow", {"label": "ooo"}),
    "GET /dashboard/api/webhooks/{id}": ("webhook", None),
    "PATCH /dashboard/api/webhooks/{id}": ("webhook", {"description": "Only of Acme"}),
    "DELETE /dashboard/api/webhooks/{id}": ("webhook to delete", None),
    "POST /dashboard/api/webhooks/{id}/rotate-secret": ("webhook", None),
    "POST /dashboard/api/webhooks/{id}/test": ("webhook", None),
    "POST /dashboard/api/webhooks/{id}/replay": ("webhook", {"since": "2030-01-01T00:00:00Z"}),
    "GET /dashboard/api/webhooks/deliveries/{id}": ("delivery", None),
    "POST /dashboard/api/webhooks/deliveries/{id}/replay": ("delivery", None),
    "GET /lead-lists/{id}": ("lead list", None),
    "PATCH /lead-lists/{id}": ("lead list", {"status": "canceled"}),
    "POST /lead-lists/{id}/leads": ("open lead list", {"leads": [{"email": "ada@engines.example.com"}]}),
}

# An id that has the right form and was never given.
UUID = "01890000-0000-7000-8000-000000000000"
NEVER_GIVEN = {"phone": UUID, "user": UUID, "people batch": "987654321", "companies batch": "987654321",
               "validation": UUID, "validation to delete": UUID, "mailbox": UUID, "mailbox with tokens": UUID,
               "LinkedIn action": UUID,
               "mailbox to delete": UUID, "contact": UUID, "contact's address": "nobody@never.example",
               "call": UUID, "task": UUID, "task to complete": UUID, "task to skip": UUID,
               "disposition": UUID, "disposition to delete": UUID, "lead": UUID,
               "lead to remove": UUID, "lead list": UUID, "open lead list": UUID, "message": UUID,
               "webhook": UUID, "webhook to delete": UUID, "delivery": UUID, "reply": UUID,
               "workflow": UUID, "workflow to delete": UUID,
               **{name: "0" * 40 for name in ("sequence", *(f"sequence to {word}" for word in (
                   "delete", "launch", "pause", "resume", "archive")))}}

# Operations that show rows of the account: texts that the owner sees and nobody else, or
# names in IsolationTest.ids.
LISTS = {
    "GET /account-info": ["Acme"],
    "GET /users": ["admin of acme"],
    "GET /excluded-domains": ["only-acme.example.com"],
    "GET /excluded-emails": ["boss@only-acme.example.com"],
    "GET /email-validations": ["validation"],
    "GET /mailboxes": ["mailbox", "box1@acme.example"],
    "GET /dashboard/api/mailboxes": ["mailbox", "box1@acme.example"],
    "GET /sequences": ["sequence", "Acme's own"],
    "GET /dashboard/api/sequences": ["sequence", "Acme's own"],
    "GET /lead-lists": ["lead list"],
    "GET /contacts": ["contact", "contact's address"],
    "GET /calls": ["call", "task of the call"],
    "GET /calls/dispositions": ["disposition"],
    "GET /tasks": ["task", "Only of Acme"],
    "GET /dashboard/api/tasks": ["task", "Only of Acme"],
    "GET /dashboard/api/messages": ["message"],
    "GET /dashboard/api/replies": ["reply"],
    "GET /dashboard/api/workflows": ["workflow"],
    "GET /dashboard/api/webhooks": ["webhook"],
    "GET /dashboard/api/webhooks/deliveries": ["delivery"],
}

# Lists that want a parameter: the owner's. Their links tell again what was asked.
QUERIES = {"GET /tasks": {"user_id": "user"}}

# Operations on values: body, what the owner of such a value is told, what others are told.
VALUES = {
    "POST /excluded-domains": ({"excluded_domains": [{"domain": "only-acme.example.com"}]},
                               "duplicated", "success"),
    "POST /excluded-emails": ({"excluded_emails": [{"email": "boss@only-acme.example.com"}]},
                              "duplicated", "success"),
    "DELETE /excluded-domains": ({"excluded_domains": [{"domain": "only-acme.example.com"}]},
                                 "success", "not_found"),
    "DELETE /excluded-emails": ({"excluded_emails": [{"email": "boss@only-acme.example.com"}]},
                                "success", "not_found"),
}

# Operations that start something of the account's own.
STARTS = {
    "POST /people/enrichment-requests": {"leads": [{"email": "ada@engines.example.com"}]},
    "POST /companies/enrichment-requests": {"companies": [{"domain": "engines.example.com"}]},
    "POST /email-validations": {"emails": [{"email": "no address"}]},
    "POST /lead-lists": {"type": "email", "owner": "user@both.example", "shared": True,
                         "leads": [{"email": "ada@engines.example.com"}]},
    "POST /dashboard/api/mailboxes": {"email": "box@both.example", "password": "secret",
                                      "smtp_host": "127.0.0.1", "imap_host": "127.0.0.1",
                                      "check": False},
    "POST /dashboard/api/mailbox-consents": {"email": "other@both.example", "auth": "oauth_google", "user_id": "USER",
                                             "smtp_host": "127.0.0.1", "imap_host": "127.0.0.1"},
    "POST /dashboard/api/sequences": {"name": "of both"},
    "POST /dashboard/api/tasks": {"user_id": "USER", "subject": "of both"},
    "POST /dashboard/api/webhooks": {"url": "http://127.0.0.1:9/", "activities": []},
    "POST /dashboard/api/workflows": {"name": "of both", "labels": ["ooo"], "actions": [{"type": "exclude_email"}]},
    "POST /dashboard/api/dispositions": {"name": "x", "slug": "of_both", "action": "complete"},
    "POST /calls": {"from": "+1 202 224 3441", "to": "+1 202 224 3442", "duration": 1, "answered": True,
                    "human": True, "task_id": "TASK", "user_id": "USER"},
}

# Operations on the one thing of its kind that each account has.
SETTINGS = {
    "GET /dashboard/api/settings": None,
    "PATCH /dashboard/api/settings": {"recently_contacted_days": 7},
}

# Operations on all things of a kind at once.
ALL = {"POST /dashboard/api/workflows/order"}

# People and companies are shared by all accounts of the installation; what an account has
# paid for is its own. Query, body.
SHARED = {
    "GET /people/find": ({"email": "ada@engines.example.com"}, None),
    "POST /people/search": (None, {"person_titles": ["engineer"]}),
    "GET /companies/find": ({"domain": "engines.example.com"}, None),
    "POST /companies/search": (None, {"company_names": ["engines"]}),
}

# Operations that tell about what they are given, and show nothing that anybody owns.
ANSWERS = {"POST /email-validations/single", "GET /tasks/statuses", "GET /tasks/types"}

# Signed for one message each: test_sending.py.
LINKS = {"GET /unsubscribe/{id}", "POST /unsubscribe/{id}", "GET /t/o/{id}", "GET /t/c/{id}"}
# Its state is signed for one consent: test_mailbox_consent.py.
CONSENT = {"GET /oauth/callback"}
PUBLIC = {"GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json"} | LINKS | CONSENT

TABLES = (OWNED, LISTS, VALUES, STARTS, SETTINGS, ALL, SHARED, ANSWERS, PUBLIC)


class IsolationTest(harness.ApiTest):
    connector = Connector("key")
    # Nobody is at the name server: a mailbox's test asks it.
    settings = {"verify.dns_servers": "127.0.0.1:9", "webhook.allow_private": "true", "mail.allow_private": True,
                "sequence.senders": 1, "http.public_url": "https://outrider.example",
                "oauth.google_client_id": "client", **connector.settings}

    @classmethod
    def prepare(cls, server):
        path = server.folder / "people.csv"
        path.write_text(PEOPLE, encoding="utf-8")
        said = server.line("import", "people", path)
        assert said == "imported 2, updated 0, rejected 0", said
        path.write_text("Name,Email\nCleo Carr,cleo@only-acme.example.com\n", encoding="utf-8")
        said = server.line("import", "contacts", path, "--account", cls.account.id)
        assert said == "imported 1, updated 0, rejected 0", said
        for account in (cls.account, cls.other):
            server.cli("user", "add", "--email", "user@both.example", "--first-name", "Both", "--last-name", "User",
                       "--role", "sales_rep", "--account", account.id)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.routes = [line.split()[:3] for line in cls.server.cli("routes").stdout.splitlines()]
        revealed = cls.api.get("/people/find", query={"email": "ada@engines.example.com",
                                                      "reveal_phone_numbers": "true"}, expect=200)
        cls.ids = {"phone": revealed.json["phone_numbers"][0]["id"], "user": cls.account.user_id}
        for kind in ("people", "companies"):
            started = cls.api.post(f"/{kind}/enrichment-requests", STARTS[f"POST /{kind}/enrichment-requests"],
                                   expect=202)
            cls.ids[f"{kind} batch"] = str(started.json["id"])
        for name in ("validation", "validation to delete"):
            cls.ids[name] = cls.api.post("/email-validations", STARTS["POST /email-validations"],
                                         expect=202).json["id"]
        for name in ("lead list", "open lead list"):
            cls.ids[name] = cls.api.post("/lead-lists", STARTS["POST /lead-lists"], expect=202).json["id"]
        contact = cls.api.get("/contacts", expect=200).json["contacts"][0]
        cls.ids |= {"contact": contact["id"], "contact's address": contact["email"]}
        cls.stranger_admin = cls.server.client(cls.other.admin_key)
        cls.make_tasks()
        for number, name in enumerate(("mailbox", "mailbox to delete"), 1):
            body = STARTS["POST /dashboard/api/mailboxes"] | {"email": f"box{number}@acme.example",
                                                             "user_id": cls.account.user_id}
            cls.ids[name] = cls.admin.post("/dashboard/api/mailboxes", body, expect=201).json["id"]
        body = STARTS["POST /dashboard/api/mailboxes"] | {"email": "tokens@acme.example", "auth": "oauth_google",
                                                          "user_id": cls.account.user_id, "refresh_token": "secret"}
        cls.ids["mailbox with tokens"] = cls.admin.post("/dashboard/api/mailboxes", body, expect=201).json["id"]
        for name in NEVER_GIVEN:
            if name.startswith("sequence"):
                cls.ids[name] = cls.make_sequence("Acme's own" if name == "sequence" else name)
        leads = {"leads": [{"email": f"{name}@leads.example"} for name in ("stays", "goes")]}
        path = f"/dashboard/api/sequences/{cls.ids['sequence']}/leads"
        cls.admin.post(path, leads, expect=200)
        found = [lead["id"] for lead in cls.admin.get(path, expect=200).json["leads"]]
        cls.ids["lead"], cls.ids["lead to remove"] = found
        for event, name in [("launch", "pause"), ("launch", "resume"), ("pause", "resume")]:
            cls.admin.post(f"/dashboard/api/sequences/{cls.ids[f'sequence to {name}']}/{event}", expect=200)
        cls.server.wait_for(lambda: cls.admin.get("/dashboard/api/sequences/" + cls.ids["sequence to resume"])
                            .json["status"] == "paused", "the pause")
        cls.ids["LinkedIn action"] = cls.start_action()
        cls.ids["message"] = cls.make_message()
        cls.ids["reply"] = cls.make_reply()
        for name in ("workflow", "workflow to delete"):
            body = STARTS["POST /dashboard/api/workflows"] | {"name": name}
            cls.ids[name] = cls.admin.post("/dashboard/api/workflows", body, expect=201).json["id"]
        for name in ("webhook", "webhook to delete"):
            cls.ids[name] = cls.admin.post("/dashboard/api/webhooks", STARTS["POST /dashboard/api/webhooks"],
                                           expect=201).json["id"]
        cls.ids["delivery"] = cls.admin.post(f"/dashboard/api/webhooks/{cls.ids['webhook']}/test", expect=202).json["id"]

    @classmethod
    def make_message(cls):
        """One about which somebody has to decide."""
        smtp = FakeSmtp({"dot": ""}, users=Anybody(anybody="secret"))
        cls.addClassCleanup(smtp.close)
        box = cls.admin.post("/dashboard/api/mailboxes", STARTS["POST /dashboard/api/mailboxes"] | {
            "email": "writer@acme.example", "user_id": cls.account.user_id, "smtp_port": smtp.port,
            "smtp_security": "none"}, expect=201).json["id"]
        sender = {"user_id": cls.account.user_id, "mailbox_id": box}
        id = cls.admin.post("/dashboard/api/sequences", {
            "name": "writes", "stages": [{"type": "email", "variants": [{"subject": "Hi", "text": "Hi"}]}],
            "settings": {"senders": [sender], "windows": ALWAYS}}, expect=201).json["id"]
        cls.admin.post(f"/dashboard/api/sequences/{id}/launch", expect=200)
        cls.api.post(f"/sequences/{id}/leads", {"leads": [{"email": "written@leads.example"}]}, expect=200)

        def uncertain():
            query = {"state": "uncertain"}
            return cls.admin.get("/dashboard/api/messages", query=query, expect=200).json["messages"]
        cls.server.wait_for(uncertain, "an uncertain message")
        return uncertain()[0]["id"]

    @classmethod
    def make_reply(cls):
        message = cls.admin.get(f"/dashboard/api/messages/{cls.ids['message']}", expect=200).json
        id, source = "01890000-0000-7000-8000-00000000000a", "Subject: Re: Hi"
        owned = {"account_id": cls.account.id, "message_id": message["id"], "kind": "person", "matched_by": "sender",
                 "header_id": "x@leads.example", "dated_at": 1, "created_at": 1, "updated_at": 1} | {
                     name: message[name] for name in ("mailbox_id", "user_id", "lead_id", "sequence_id", "stage_id")}
        kept = database.insert("reply_sources", account_id=cls.account.id, reply_id=id, read_at=int(time.time() * 1000), source=source)
        if harness.ENGINE != "postgres":
            kept = kept.replace(f"'{source}'", f"CAST('{source}' AS BLOB)")
        database.change(cls.server, database.insert("replies", id=id, **owned), kept)
        return id

    @classmethod
    def make_tasks(cls):
        """Tasks, dispositions, and a call with a recording."""
        cls.files = Recordings({"/call.mp3": b"ID3 recorded"})
        cls.tasks = {}
        for account, client in ((cls.account, cls.admin), (cls.other, cls.stranger_admin)):
            body = {"user_id": account.user_id, "subject": "of each"}
            cls.tasks[account.id] = client.post("/dashboard/api/tasks", body, expect=201).json["id"]
        task = STARTS["POST /dashboard/api/tasks"] | {"user_id": cls.account.user_id, "subject": "Only of Acme"}
        for name in ("task", "task to complete", "task to skip", "task of the call"):
            cls.ids[name] = cls.admin.post("/dashboard/api/tasks", task, expect=201).json["id"]
        for name in ("disposition", "disposition to delete"):
            body = {"name": name, "slug": name.replace(" ", "_"), "action": "complete"}
            cls.ids[name] = cls.admin.post("/dashboard/api/dispositions", body, expect=201).json["id"]
        call = STARTS["POST /calls"] | {"task_id": cls.ids["task of the call"], "user_id": cls.account.user_id,
                                        "recording_url": cls.files.url + "/call.mp3"}
        cls.ids["call"] = cls.api.post("/calls", call, expect=201).json["id"]
        cls.server.wait_for(lambda: cls.api.get(f"/calls/{cls.ids['call']}/recording").status == 200, "the recording")

    @classmethod
    def start_action(cls):
        cls.admin.patch(f"/dashboard/api/users/{cls.account.user_id}/connections", {"linkedin": True}, expect=200)
        id = cls.make_sequence("of actions", "linkedin_visit")
        cls.admin.post(f"/dashboard/api/sequences/{id}/launch", expect=200)
        cls.admin.post(f"/dashboard/api/sequences/{id}/leads",
                       {"leads": [{"linkedin_url": "https://www.linkedin.com/in/isolated"}]}, expect=200)
        cls.server.wait_for(lambda: cls.connector.told, "an action")
        return json.loads(cls.connector.told[0][1])["id"]

    @classmethod
    def make_sequence(cls, name, type="custom_task"):
        body = {"name": name, "stages": [{"id": STAGE, "type": type}],
                "settings": {"senders": [{"user_id": cls.account.user_id}]}}
        return cls.admin.post("/dashboard/api/sequences", body, expect=201).json["id"]

    @classmethod
    def tearDownClass(cls):
        cls.stranger_admin.close()
        cls.files.close()
        cls.connector.close()
        super().tearDownClass()

    def keys(self, name):
        """The owner's client and the stranger's, with keys of the scope that the route wants."""
        scope = next(scope for method, path, scope in self.routes if f"{method} {path}" == name)
        return (self.admin, self.stranger_admin) if scope == "admin" else (self.api, self.stranger)

    def setUp(self):
        for name, (body, _, _) in VALUES.items():
            if name.startswith("POST"):
                self.api.post(name.split()[1], body, expect=200)

    def ask(self, client, name, *, id=None, body=None, query=None, headers=None):
        method, path = name.split()
        return client.request(method, path.replace("{id}", id or "1").replace("{email}", id or "1"), body, query=query, headers=headers)

    def test_every_route_stands_in_one_table(self):
        names = {f"{method} {path}" for method, path, _ in self.routes}
        self.assertGreater(len(names), 20)
        for name in sorted(names):
            self.assertEqual(sum(name in table for table in TABLES), 1, f"{name}: add it to a table")
            self.assertEqual("{" in name and name not in LINKS, name in OWNED, f"{name}: a route with an id belongs into OWNED")
        listed = {name for table in TABLES for name in table}
        self.assertEqual(listed - names, set(), "no such routes")
        scopes = {f"{method} {path}" for method, path, scope in self.routes if scope == "-"}
        self.assertEqual(scopes, PUBLIC)

    def test_ids_of_others_are_as_if_they_were_never_given(self):
        for name, (kind, body) in OWNED.items():
            with self.subTest(name):
                own, stranger = self.keys(name)
                foreign = self.ask(stranger, name, id=self.ids[kind], body=body)
                self.assert_error(foreign, 404, "not_found")
                never = self.ask(stranger, name, id=NEVER_GIVEN[kind], body=body)
                errors = [dict(answer.json["_errors"][0], id=None) for answer in (foreign, never)]
                self.assertEqual(json.dumps(errors[0]).replace(self.ids[kind], "ID"),
                                 json.dumps(errors[1]).replace(NEVER_GIVEN[kind], "ID"))
                owner = self.ask(own, name, id=self.ids[kind], body=body)
                self.assertIn(owner.status, (200, 201, 202, 204), f"the owner is refused: {owner}")

    def test_ids_of_no_form_are_not_found(self):
        for name, (_, body) in OWNED.items():
            for id in ("x", "0", "-1", "%00", "%27", "99999999999999999999999", "a" * 300):
                with self.subTest(name, id=id[:30]):
                    answer = self.ask(self.keys(name)[0], name, id=id, body=body)
                    self.assertIn(answer.status, (400, 404), str(answer))

    def test_lists_show_the_own_rows_only(self):
        self.server.cli("user", "add", "--email", "rep@acme.example", "--first-name", "admin of acme",
                        "--last-name", "Rep", "--role", "sales_rep", "--account", self.account.id)
        for name, texts in LISTS.items():
            with self.subTest(name):
                owner, stranger = self.keys(name)
                query = {key: self.ids[kind] for key, kind in QUERIES.get(name, {}).items()}
                own = self.ask(owner, name, query=query).body.decode()
                texts = [self.ids.get(text, text) for text in texts]
                self.assertEqual([text for text in texts if text not in own], [], "the owner does not see them")
                theirs = self.ask(stranger, name, query=query).body.decode()
                if query:
                    theirs = json.dumps({key: value for key, value in json.loads(theirs).items() if key != "_links"})
                self.assertEqual([text for text in texts if text in theirs], [])
                self.assertNotIn(self.account.id, theirs)
                self.assertNotIn(self.account.user_id, theirs)

    def test_values_of_others_are_not_there(self):
        for name, (body, mine, theirs) in VALUES.items():
            with self.subTest(name):
                self.setUp()
                self.ask(self.stranger, name.replace("POST", "DELETE"), body=body)
                told = self.ask(self.stranger, name, body=body).json
                self.assertEqual(list(told.values()), [theirs])
                told = self.ask(self.api, name, body=body).json
                self.assertEqual(list(told.values()), [mine])

    def test_settings_are_each_accounts_own(self):
        for name, body in SETTINGS.items():
            if body:
                owner, stranger = self.keys(name)
                before = self.ask(stranger, name.replace("PATCH", "GET")).json
                changed = self.ask(owner, name, body=body).json
                self.assertEqual(changed, before | body)
                self.assertEqual(self.ask(stranger, name.replace("PATCH", "GET")).json, before)

    def test_the_order_of_others_workflows_is_theirs(self):
        path = "/dashboard/api/workflows"
        ids = [workflow["id"] for workflow in self.admin.get(path, expect=200).json["workflows"]]
        self.stranger_admin.post(f"{path}/order", {"ids": ids}, expect=400)
        self.admin.post(f"{path}/order", {"ids": ids[::-1]}, expect=200)

    def test_what_one_has_paid_for_the_other_has_not(self):
        for name, (query, body) in SHARED.items():
            with self.subTest(name):
                answer = self.ask(self.stranger, name, query=query, body=body)
                self.assertEqual(answer.status, 200)
                self.assertIn(b"Engines Ltd", answer.body)
                for private in (self.ids["phone"], "7946", "2079460101", "ada@"):
                    self.assertNotIn(private.encode(), answer.body)

    def test_an_idempotency_key_of_another_account_is_another_key(self):
        for name, body in STARTS.items():
            with self.subTest(name):
                headers = {"Idempotency-Key": f"the same for both {name}"}
                bodies = [self.of_account(body | {"user_id": "USER"} if "mailboxes" in name else body, account)
                          for account in (self.account, self.other)]
                answers = [self.ask(client, name, body=own, headers=headers).json
                           for client, own in list(zip(self.keys(name), bodies)) * 2]
                ids = [answer.get("id") or answer["url"] for answer in answers]
                self.assertEqual(ids[:2], ids[2:])
                self.assertNotEqual(ids[0], ids[1])

    def of_account(self, body, account):
        own = {"USER": account.user_id, "TASK": self.tasks[account.id]}
        return {key: own.get(value, value) if isinstance(value, str) else value for key, value in body.items()}

    def test_without_a_key_nothing_is_answered(self):
        wrong = self.server.client(self.account.key[:-1] + ("A" if self.account.key[-1] != "A" else "B"))
        for method, path, scope in self.routes:
            with self.subTest(f"{method} {path}"):
                for client in (self.nobody, wrong):
                    answer = self.ask(client, f"{method} {path}", body={} if method != "GET" else None)
                    if f"{method} {path}" in LINKS | CONSENT:
                        self.assertIn(answer.status, (400, 404))
                    elif scope == "-":
                        self.assertEqual(answer.status, 200)
                    else:
                        self.assert_error(answer, 401, "unauthorized")
        wrong.close()

    def test_a_key_for_the_api_does_not_administer(self):
        for method, path, scope in self.routes:
            with self.subTest(f"{method} {path}"):
                name = f"{method} {path}"
                body = {} if method != "GET" else None
                refused = self.ask(self.api, name, body=body, id="none").status == 403
                self.assertEqual(refused, scope == "admin")
                self.assertNotIn(self.ask(self.admin, name, body=body, id="none").status, (401, 403))
