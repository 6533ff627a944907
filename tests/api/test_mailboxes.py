"""Mailboxes: what the public API shows and changes, what the management API and the command
line set up, and that no secret is ever shown."""
import harness

PASSWORD = "correct horse battery staple"


def setup(email, user_id, **more):
    return {"email": email, "user_id": user_id, "password": PASSWORD, "smtp_host": "smtp.acme.example",
            "imap_host": "imap.acme.example", "check": False, **more}


class MailboxesTest(harness.ApiTest):
    settings = {"verify.dns_servers": "127.0.0.1:9"}  # nobody there

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boxes = [cls.admin.post("/dashboard/api/mailboxes", setup(f"Box{n}@Acme.example", cls.account.user_id,
                                    email_provider="google" if n % 2 else "other"), expect=201).json
                     for n in range(3)]

    def one(self, name, **more):
        return self.admin.post("/dashboard/api/mailboxes",
                               setup(f"{name}@one.example", self.account.user_id, **more), expect=201).json

    def test_public_form(self):
        box = self.boxes[0]
        shown = next(shown for shown in self.api.get("/mailboxes", expect=200).json["mailboxes"]
                     if shown["id"] == box["id"])
        self.assertEqual(shown, {
            "id": box["id"], "email": "box0@acme.example", "email_provider": "other",
            "daily_email_limit": 50, "status": "active",
            "user": {"id": self.account.user_id, "name": "Acme Admin", "email": "acme@acme.example"},
            "created_at": box["created_at"], "updated_at": box["updated_at"],
            "_links": {"self": {"href": f"/mailboxes/{box['id']}"}}})

    def test_filters(self):
        paused = self.one("paused-for-filter")
        self.admin.post(f"/dashboard/api/mailboxes/{paused['id']}/pause", expect=200)
        for query, wanted in [("status=inactive", [paused["id"]]), ("status=needs_reconnection", []),
                              ("email_provider=google", [self.boxes[1]["id"]]),
                              ("user_email=nobody@acme.example", []), ("email_provider=outlook", [])]:
            with self.subTest(query):
                found = self.api.get(f"/mailboxes?{query}", expect=200).json["mailboxes"]
                self.assertEqual([box["id"] for box in found if box["id"] in
                                  [paused["id"], *(box["id"] for box in self.boxes)]], wanted)
        found = self.api.get("/mailboxes?user_email=ACME@acme.example&page[size]=1", expect=200).json
        self.assertEqual([box["id"] for box in found["mailboxes"]], [self.boxes[0]["id"]])
        self.assertIn("next", found["_links"])
        for query, parameter in [("status=asleep", "status"), ("email_provider=aol", "email_provider"),
                                 ("page[size]=21", "page[size]"), ("page[after]=x", "page[after]")]:
            with self.subTest(query):
                self.assert_error(self.api.get(f"/mailboxes?{query}"), 400, "unsupported_value",
                                  parameter=parameter)

    def test_pages(self):
        ids, target = [], "/mailboxes?page[size]=2"
        while target:
            answer = self.api.get(target, expect=200).json
            ids += [box["id"] for box in answer["mailboxes"]]
            target = answer["_links"].get("next", {}).get("href")
        self.assertEqual(ids[:3], [box["id"] for box in self.boxes])
        self.assertEqual(len(ids), len(set(ids)))

    def test_daily_limit(self):
        box = self.one("limit")
        changed = self.api.patch(f"/mailboxes/{box['id']}", {"daily_email_limit": 120}, expect=200).json
        self.assertEqual((changed["id"], changed["daily_email_limit"]), (box["id"], 120))
        for value in (-1, 10001, "5", 1.5, True):
            with self.subTest(value):
                self.assert_error(self.api.patch(f"/mailboxes/{box['id']}", {"daily_email_limit": value}),
                                  400, "unsupported_value", pointer="/daily_email_limit")
        self.assert_error(self.api.patch(f"/mailboxes/{box['id']}", {}), 400, "missing_field",
                          pointer="/daily_email_limit")
        details = self.admin.get(f"/dashboard/api/mailboxes/{box['id']}", expect=200).json
        self.assertEqual(details["daily_email_limit"], 120)

    def test_users_show_their_mailboxes(self):
        user = self.api.get("/users?email=acme@acme.example", expect=200).json["users"][0]
        self.assertEqual(user["mailboxes"][:3], [{"id": box["id"], "email": box["email"]}
                                                 for box in self.boxes])

    def test_settings_have_defaults_and_change(self):
        box = self.one("settings", smtp_port=587)
        self.assertEqual([box[name] for name in (
            "smtp_port", "smtp_security", "smtp_user", "imap_port", "imap_security", "imap_user",
            "time_zone", "aliases", "working_hours", "auth", "reason")],
            [587, "starttls", "settings@one.example", 993, "tls", "settings@one.example", "UTC", [], [],
             "password", "unchecked"])
        changes = {"time_zone": "Europe/Berlin", "aliases": ["a@one.example"], "signature": "Ann\n",
                   "working_hours": [{"day": "monday", "from": "09:00", "to": "17:30"}],
                   "gap_min_s": 30, "gap_max_s": 30, "display_name": "Änn", "ramp_start": 5, "ramp_step": 2}
        path = f"/dashboard/api/mailboxes/{box['id']}"
        changed = self.admin.patch(path, changes, expect=200).json
        self.assertEqual({name: changed[name] for name in changes}, changes)
        self.assertEqual(changed["smtp_host"], "smtp.acme.example")
        emptied = self.admin.patch(path, {"aliases": [], "working_hours": [], "signature": "", "display_name": ""},
                                   expect=200).json
        self.assertEqual((emptied["aliases"], emptied["working_hours"]), ([], []))
        self.assertNotIn("signature", emptied)
        self.assertEqual(emptied["time_zone"], "Europe/Berlin")

    def test_an_alias_to_write_from(self):
        box = self.one("from", aliases=["a@one.example", "b@one.example"], from_address="B@one.example")
        self.assertEqual(box["from_address"], "B@one.example")
        path = f"/dashboard/api/mailboxes/{box['id']}"
        self.assert_error(self.admin.patch(path, {"aliases": ["a@one.example"]}), 400, "unsupported_value",
                          pointer="/from_address")
        again = self.admin.post("/dashboard/api/mailboxes",
                                setup("from@one.example", self.account.user_id, aliases=["a@one.example"]))
        self.assert_error(again, 400, "unsupported_value", pointer="/from_address")
        changed = self.admin.patch(path, {"aliases": [], "from_address": ""}, expect=200).json
        self.assertNotIn("from_address", changed)

    def test_an_alias_to_write_from_when_it_is_connected_again(self):
        """What is not given stays, so what is given is judged together with it."""
        brand, other = "brand@one.example", "other@one.example"

        def connect(name, **more):
            return self.admin.post("/dashboard/api/mailboxes",
                                   setup(f"{name}@one.example", self.account.user_id, **more))

        box = self.one("again", aliases=[other, brand])
        again = self.one("again", from_address=brand)
        self.assertEqual([again[name] for name in ("id", "aliases", "from_address")], [box["id"], [other, brand], brand])
        self.assert_error(connect("again", from_address="x@one.example"), 400, "unsupported_value",
                          pointer="/from_address")
        self.assert_error(connect("again", aliases=[other]), 400, "unsupported_value", pointer="/from_address")
        self.assertEqual(self.admin.get(f"/dashboard/api/mailboxes/{box['id']}").json["from_address"], brand)
        # there are no settings of a deleted one, or of none
        self.one("again", display_name="Ann", daily_email_limit=7, ramp_start=3,
                 working_hours=[{"day": "monday", "from": "09:00", "to": "17:30"}])
        self.admin.delete(f"/dashboard/api/mailboxes/{box['id']}", expect=204)
        self.assert_error(connect("again", from_address=brand), 400, "unsupported_value", pointer="/from_address")
        self.assert_error(self.admin.get(f"/dashboard/api/mailboxes/{box['id']}"), 404, "not_found")
        self.assertEqual(self.server.database.rows(
            f"SELECT COUNT(*) FROM mailboxes WHERE id = '{box['id']}' AND ramp_since IS NULL"), [["1"]])
        anew = self.one("again", aliases=[other])
        self.assertEqual([anew.get(name) for name in ("id", "aliases", "from_address", "display_name",
                                                      "daily_email_limit", "ramp_start", "working_hours")],
                         [box["id"], [other], None, None, 50, 0, []])
        for more in ({}, {"aliases": [other]}):
            self.assert_error(connect("never", from_address=brand, **more), 400, "unsupported_value",
                              pointer="/from_address")
        self.assertNotIn("never@one.example", self.api.get("/mailboxes", expect=200).body.decode())

    def test_a_ramp_up_begins_when_it_is_switched_on(self):
        box = self.one("ramp")
        path = f"/dashboard/api/mailboxes/{box['id']}"
        self.server.wait_for(lambda: self.admin.patch(path, {"ramp_start": 5}, expect=200).json["ramp_since"]
                             > box["ramp_since"] or not self.admin.patch(path, {"ramp_start": 0}, expect=200),
                             "a later second")
        since = self.admin.get(path).json["ramp_since"]
        self.assertEqual(self.admin.patch(path, {"ramp_start": 6, "ramp_step": 1}, expect=200).json["ramp_since"],
                         since)

    def test_settings_that_do_not_fit_are_refused(self):
        path = f"/dashboard/api/mailboxes/{self.boxes[0]['id']}"
        hours = {"day": "monday", "from": "09:00", "to": "17:30"}
        for changes, pointer in [
                ({"gap_min_s": 300, "gap_max_s": 299}, "/gap_max_s"), ({"gap_max_s": 1}, "/gap_max_s"),
                ({"time_zone": "Europe/Nowhere"}, "/time_zone"), ({"time_zone": "EST5EDT"}, "/time_zone"),
                ({"aliases": ["none"]}, "/aliases/0"), ({"smtp_port": 0}, "/smtp_port"),
                ({"smtp_security": "ssl"}, "/smtp_security"), ({"display_name": "a\r\nb"}, "/display_name"),
                ({"smtp_user": "a\tb"}, "/smtp_user"),
                ({"from_address": "x@one.example"}, "/from_address"),
                ({"from_address": "x@one.example", "aliases": ["y@one.example"]}, "/from_address"),
                ({"smtp_host": "a..b"}, "/smtp_host"), ({"imap_host": "a b"}, "/imap_host"), ({"working_hours": [hours | {"day": "mon"}]},
                                                        "/working_hours/0/day"),
                ({"working_hours": [hours, hours | {"to": "24:01"}]}, "/working_hours/1"),
                ({"working_hours": [hours | {"to": "08:00"}]}, "/working_hours/0")]:
            with self.subTest(changes):
                self.assert_error(self.admin.patch(path, changes), 400, "unsupported_value", pointer=pointer)

    def test_what_is_missing_is_told_at_once(self):
        answer = self.admin.post("/dashboard/api/mailboxes", {"email": "x@nowhere.invalid"})
        self.assertEqual(answer.status, 400)
        self.assertEqual({error["source"]["pointer"] for error in answer.json["_errors"]},
                         {"/user_id", "/password", "/smtp_host", "/imap_host"})
        answer = self.admin.post("/dashboard/api/mailboxes",
                                 setup("x@one.example", self.other.user_id))
        self.assert_error(answer, 400, "unsupported_value", pointer="/user_id")

    def test_pause_resume_delete_and_connect_again(self):
        box = self.one("life")
        path = f"/dashboard/api/mailboxes/{box['id']}"

        def state(answer):
            return answer.json["status"], answer.json["reason"]

        for _ in range(2):
            self.assertEqual(state(self.admin.post(f"{path}/pause", expect=200)), ("inactive", "paused"))
        for _ in range(2):
            self.assertEqual(state(self.admin.post(f"{path}/resume", expect=200)), ("active", "ready"))
        self.admin.delete(path, expect=204)
        for again in (self.admin.get(path), self.admin.delete(path), self.admin.post(f"{path}/resume"),
                      self.api.patch(f"/mailboxes/{box['id']}", {"daily_email_limit": 1})):
            self.assert_error(again, 404, "not_found")
        self.assertNotIn(box["id"], self.api.get("/mailboxes", expect=200).body.decode())
        self.assertNotIn(box["id"], self.api.get("/users", expect=200).body.decode())
        self.assertEqual(self.one("life")["id"], box["id"])

    def test_no_secret_is_shown(self):
        self.one("secret", imap_password=PASSWORD + "2")
        shown = [self.api.get("/mailboxes", expect=200), self.admin.get("/dashboard/api/mailboxes", expect=200),
                 self.admin.get(f"/dashboard/api/mailboxes/{self.boxes[0]['id']}", expect=200)]
        for answer in shown:
            self.assertNotIn(PASSWORD, answer.body.decode())
        self.assertNotIn(PASSWORD, self.server.log_text())
        for path in self.server.folder.rglob("outrider.db*"):
            self.assertNotIn(PASSWORD.encode(), path.read_bytes(), path)

    def test_the_management_api_wants_an_admin_key(self):
        for answer in (self.api.get("/dashboard/api/mailboxes"),
                       self.api.post("/dashboard/api/mailboxes", setup("y@one.example", self.account.user_id))):
            self.assert_error(answer, 403, "forbidden")

    def test_command_line(self):
        def mailbox(*words, expect=0, stdin=None):
            return self.server.cli("mailbox", *words, "--account", self.account.id, expect=expect, stdin=stdin)

        hosts = ["smtp_host=smtp.cli.example", "imap_host=imap.cli.example"]
        id = mailbox("connect", "Cli@Cli.example", *hosts, "--user", "acme@acme.example", "--unchecked",
                     stdin=PASSWORD + "\nrest").stdout.strip()
        lines = [line.split("\t") for line in mailbox("list").stdout.splitlines()]
        self.assertIn([id, "cli@cli.example", "active", "unchecked", "other", "50", "acme@acme.example"], lines)
        mailbox("set", id, "daily_email_limit=9", 'aliases=["c@cli.example"]', "signature=a=b")
        shown = self.admin.get(f"/dashboard/api/mailboxes/{id}", expect=200).json
        self.assertEqual((shown["daily_email_limit"], shown["aliases"], shown["signature"]),
                         (9, ["c@cli.example"], "a=b"))
        mailbox("pause", "cli@cli.example")
        self.assertEqual(self.admin.get(f"/dashboard/api/mailboxes/{id}").json["reason"], "paused")
        mailbox("resume", id)
        mailbox("delete", id)
        self.assert_error(self.admin.get(f"/dashboard/api/mailboxes/{id}"), 404, "not_found")
        file = self.server.folder / "password"
        file.write_text(PASSWORD + "\r\n")
        self.assertEqual(mailbox("connect", "cli@cli.example", *hosts, "--user", "acme@acme.example",
                                 "--unchecked", "--password-file", file).stdout.strip(), id)
        for words, expect, said in [
                (["set", id, "colour=red"], 2, "no setting colour"), (["set", id, "smtp_port"], 2, "NAME=VALUE"),
                (["set", id, "smtp_port=x"], 2, "smtp_port"), (["set", id, "aliases=a"], 2, "JSON array"),
                (["set", id, "gap_max_s=1"], 1, "gap_max_s"), (["pause", "x@y.example"], 1, "no mailbox"),
                (["connect", "a@b.example", "--user", "acme@acme.example"], 2, "standard input")]:
            with self.subTest(words):
                self.assertIn(said, mailbox(*words, expect=expect).stderr)
