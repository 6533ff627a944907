"""Connecting mailboxes at Postfix and Dovecot: what a test finds, what becomes of the mailbox,
tokens and their refreshing, and settings that follow from an address."""
import concurrent.futures
import sys

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.farm import Farm  # noqa: E402  (the path is set above)
from fake.smtp import FakeSmtp  # noqa: E402
from fake.tokens import Tokens  # noqa: E402
from lib import database  # noqa: E402
from lib.mail_servers import MailServers  # noqa: E402

ANN, BOB, CID = "ann@good.example", "bob@poor.example", "cid@odd.example"
DEE, EVE, FAY = "dee@good.example", "eve@good.example", "fay@good.example"
SECRET = "open sesame"
ZONE = {
    "good.example": {"txt": ["google-site=1", "v=spf1 mx include:_spf.good.example -all"]},
    "default._domainkey.good.example": {"txt": ["v=DKIM1; p=abc"]},
    "_dmarc.good.example": {"txt": ["v=DMARC1; p=none"]},
    "poor.example": {"txt": ["v=spf1 -all", "v=spf1 mx -all"]},
    "odd.example": {"txt": ["v=spf1 +all"]},
    "_dmarc.odd.example": {"rcode": "servfail"},
    "hosted.example": {"mx": [[20, "alt.aspmx.l.google.com"], [10, "aspmx.l.google.com"]]},
    "office.example": {"mx": [[0, "office-example.mail.protection.outlook.com"]]},
    "_submissions._tcp.own.example": {"srv": [[10, 0, 4650, "b.own.example"], [0, 0, 465, "a.own.example"]]},
    "_imap._tcp.own.example": {"srv": [[0, 0, 143, "mail.own.example"]]},
    "_imaps._tcp.own.example": {"srv": [[0, 0, 0, ""]]},
    "_submissions._tcp.foreign.example": {"srv": [[0, 0, 465, "smtp.attacker.example"]]},
    "_imaps._tcp.foreign.example": {"srv": [[0, 0, 993, "imap.fastmail.com"]]},
}


class ConnectTest(harness.ApiTest):
    settings = {"mail.allow_private": True, "mail.test_wait_ms": 60000, "oauth.google_client_id": "client",
                "oauth.google_client_secret": "shh"}

    @classmethod
    def setUpClass(cls):
        cls.tokens, cls.farm = Tokens(), Farm({}, ZONE)
        cls.servers = MailServers({user: SECRET for user in (ANN, BOB, CID, DEE, EVE, FAY)},
                                  tokeninfo=cls.tokens.url + "/info?access_token=")
        cls.addClassCleanup(cls.tokens.close)
        cls.addClassCleanup(cls.farm.close)
        cls.addClassCleanup(cls.servers.close)
        cls.servers.__enter__()
        cls.settings = cls.settings | {"verify.dns_servers": cls.farm.dns, "mail.ca_file": cls.servers.certificate,
                                       "oauth.google_token_url": cls.tokens.url + "/token"}
        super().setUpClass()

    def body(self, email, **more):
        return {"email": email, "user_id": self.account.user_id, "password": SECRET,
                "smtp_host": "localhost", "smtp_port": self.servers.submission, "smtp_security": "starttls",
                "imap_host": "localhost", "imap_port": self.servers.imaps, "imap_security": "tls"} | more

    def finished(self, id):
        """The mailbox once no test runs."""
        path = f"/dashboard/api/mailboxes/{id}"
        self.server.wait_for(lambda: not self.admin.get(path, expect=200).json["testing"], "the end of the test")
        return self.admin.get(path, expect=200).json

    def connect(self, email, **more):
        return self.finished(self.admin.post("/dashboard/api/mailboxes", self.body(email, **more),
                                             expect=201).json["id"])

    def again_tested(self, id):
        self.admin.post(f"/dashboard/api/mailboxes/{id}/test", expect=202)
        return self.finished(id)

    def results(self, box):
        return {check["name"]: check["result"] for check in box["checks"]}

    def check(self, box, name):
        return next(check for check in box["checks"] if check["name"] == name)

    def test_a_good_one(self):
        started = self.admin.post("/dashboard/api/mailboxes", self.body(ANN), expect=201).json
        self.assertEqual(started["status"], "inactive")
        box = self.finished(started["id"])
        self.assertEqual((box["status"], box["reason"], box["email_provider"]), ("active", "ready", "other"))
        self.assertEqual(self.results(box), {"smtp": "ok", "imap": "ok", "delivery": "ok", "spf": "ok",
                                             "dkim": "warning", "dmarc": "ok"})
        self.assertIn("checked_at", box)
        message = self.servers.messages_of(ANN)[0].read_bytes()
        self.assertIn(b"Subject: Outrider tests this mailbox", message)
        self.assertRegex(message, rb"Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} 20\d\d \d\d:\d\d:\d\d \+0000")
        before = len(self.servers.messages_of(ANN))
        self.assertEqual(self.again_tested(box["id"])["status"], "active")
        self.assertEqual(len(self.servers.messages_of(ANN)), before + 1)

    def test_implicit_tls(self):
        box = self.connect(DEE, smtp_port=self.servers.smtps, smtp_security="tls", imap_port=self.servers.imap,
                           imap_security="starttls")
        self.assertEqual(box["status"], "active", box["checks"])

    def test_a_poor_domain_only_warns(self):
        box = self.connect(BOB)
        self.assertEqual(box["status"], "active")
        self.assertIn("2 SPF records", self.check(box, "spf")["detail"])
        self.assertIn("no DMARC", self.check(box, "dmarc")["detail"])
        self.assertIn("_dmarc.poor.example", self.check(box, "dmarc")["advice"])
        box = self.connect(CID)
        self.assertIn("+all", self.check(box, "spf")["detail"])
        self.assertIn("did not answer", self.check(box, "dmarc")["detail"])

    def test_a_wrong_password_then_the_right_one(self):
        box = self.connect(EVE, password="wrong")
        self.assertEqual((box["status"], box["reason"]), ("inactive", "check_failed"))
        self.assertEqual(self.results(box) | {"spf": "", "dkim": "", "dmarc": ""},
                         {"smtp": "failed", "imap": "failed", "delivery": "skipped", "spf": "", "dkim": "", "dmarc": ""})
        self.assertIn("535", self.check(box, "smtp")["detail"])
        self.assertIn("password", self.check(box, "smtp")["advice"])
        self.assertIn("535", box["detail"])
        self.assert_error(self.admin.post(f"/dashboard/api/mailboxes/{box['id']}/resume"), 409, "conflict")
        self.assertEqual(self.again_tested(box["id"])["status"], "inactive")
        again = self.connect(EVE)
        self.assertEqual((again["id"], again["status"]), (box["id"], "active"))
        # an active mailbox that is refused once stays active
        self.servers.set_password(EVE, "changed")
        refused = self.again_tested(box["id"])
        self.assertEqual((refused["status"], self.results(refused)["smtp"]), ("active", "failed"))
        self.assertRegex(refused["detail"], "535|AUTHENTICATIONFAILED")
        self.servers.set_password(EVE, SECRET)
        self.assertNotIn("detail", {k for k, v in self.again_tested(box["id"]).items() if v is not None})

    def test_the_network_is_no_reason_to_reconnect(self):
        box = self.connect("net@good.example", smtp_port=harness.free_port(), imap_port=harness.free_port())
        self.assertEqual((box["status"], box["reason"]), ("inactive", "check_failed"))
        self.assertIn("refused the connection", self.check(box, "smtp")["detail"])
        self.assertIn("port", self.check(box, "smtp")["advice"])
        box = self.connect("net@good.example", smtp_host="127.0.0.2")
        self.assertEqual(self.results(box)["smtp"], "failed")

    def test_words_that_are_not_utf_8(self):
        """What a server says is kept as far as it can be read."""
        fake = FakeSmtp({"auth": {"raw": b"535 5.7.8 Kennwort ung\xfcltig\x1b[2J\r\n"}})
        self.addCleanup(fake.close)
        box = self.connect("latin@good.example", smtp_host="127.0.0.1", smtp_port=fake.port, smtp_security="none",
                           imap_user=DEE)
        self.assertEqual((box["status"], box["reason"], self.results(box)["smtp"]),
                         ("inactive", "check_failed", "failed"))
        self.assertRegex(self.check(box, "smtp")["detail"], "Kennwort ung.ltig")
        # refusals count also while the other server takes the login
        self.assertEqual(self.results(box)["imap"], "ok")
        self.later(box, "reason = 'ready', status = 'active'")
        self.assertEqual(self.again_tested(box["id"])["status"], "active")
        self.later(box)
        refused = self.again_tested(box["id"])
        self.assertEqual((refused["status"], refused["reason"]), ("needs_reconnection", "login_refused"))
        self.assertRegex(refused["detail"], r"535 5\.7\.8 Kennwort ung.ltig \[2J$")

    def later(self, box, *more):
        """Ten minutes after what was refused last."""
        changes = ", ".join([f"{name} = {name} - 600000" for name in ("auth_failed_at", "auth_failed_since")] + [*more])
        database.change(self.server, f"UPDATE mailboxes SET {changes} WHERE id = '{box['id']}'")

    def test_a_server_that_refuses_the_message(self):
        for script, said in [({"dot": "552 5.2.2 over quota"}, "5.2.2"), ({"mail": "550 5.7.1 not you"}, "5.7.1"),
                             ({"dot": ""}, "the connection ended"), ({"data": "451 4.3.0 later"}, "4.3.0")]:
            fake = FakeSmtp(script, users={DEE: SECRET})
            self.addCleanup(fake.close)
            box = self.connect(f"fault{fake.port}@good.example", smtp_host="127.0.0.1", smtp_port=fake.port,
                               smtp_security="none", smtp_user=DEE, imap_user=DEE)
            self.assertEqual((box["status"], self.results(box)["delivery"]), ("inactive", "failed"))
            self.assertIn(said, self.check(box, "delivery")["detail"])

    def test_tokens(self):
        self.tokens.refresh["first"], self.tokens.expires_in = DEE, 3600
        # the user name at the servers is the mailbox's own address
        box = self.connect(DEE, auth="oauth_google", refresh_token="first", password="")
        self.assertEqual((box["status"], box["auth"]), ("active", "oauth_google"), box["checks"])
        self.assertEqual(self.tokens.questions[-1], {
            "grant_type": "refresh_token", "client_id": "client", "client_secret": "shh", "refresh_token": "first",
            "type": "application/x-www-form-urlencoded"})
        asked = len(self.tokens.questions)
        self.again_tested(box["id"])
        self.assertEqual(len(self.tokens.questions), asked, "the token is still good")
        self.tokens.expires_in = 299  # is refreshed five minutes before its end
        self.tokens.refresh["second"] = DEE
        self.connect(DEE, auth="oauth_google", refresh_token="second", password="")
        rotated = self.tokens.questions[-1]
        self.assertEqual(self.again_tested(box["id"])["status"], "active")
        self.assertNotEqual(self.tokens.questions[-1]["refresh_token"], rotated["refresh_token"])
        self.tokens.fault = (503, b"busy")
        self.assertEqual(self.again_tested(box["id"])["status"], "active")
        self.tokens.fault = None
        self.tokens.refresh.clear()
        refused = self.again_tested(box["id"])
        self.assertEqual((refused["status"], refused["reason"]), ("needs_reconnection", "token_revoked"))
        self.assertIn("invalid_grant", refused["detail"])
        # in the provider's words, cut off between two characters
        self.tokens.fault = (400, {"error": "invalid_grant", "error_description": "x" + 200 * "é"})
        refused = self.connect(DEE, auth="oauth_google", refresh_token="wrong", password="")
        self.tokens.fault = None
        self.assertEqual((refused["status"], refused["reason"]), ("needs_reconnection", "token_revoked"))
        self.assertRegex(refused["detail"], "xé+$")
        self.assert_error(self.admin.post(f"/dashboard/api/mailboxes/{box['id']}/resume"), 409, "conflict")
        self.tokens.refresh["third"] = DEE
        again = self.connect(DEE, auth="oauth_google", refresh_token="third", password="")
        self.assertEqual((again["id"], again["status"]), (box["id"], "active"))
        for token in ("first", "second", "third", *self.tokens.access):
            self.assertNotIn(token, self.server.log_text())

    def test_processes_refresh_one_after_the_other(self):
        """Each token is refreshed at once, each refresh token is good for one use: two processes
        that used the same one would lose the mailbox."""
        self.tokens.refresh["shared"], self.tokens.expires_in = FAY, 1
        box = self.connect(FAY, auth="oauth_google", refresh_token="shared", password="")
        self.assertEqual(box["status"], "active", box["checks"])
        asked, words = len(self.tokens.questions), ["--account", self.account.id]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            runs = [pool.submit(self.server.cli, "mailbox", "test", box["id"], *words) for _ in range(3)]
            for run in runs:
                self.assertIn("smtp\tok", run.result().stdout)
        used = [question["refresh_token"] for question in self.tokens.questions[asked:]]
        self.assertEqual((len(used), len(set(used))), (3, 3))
        self.assertEqual(self.admin.get(f"/dashboard/api/mailboxes/{box['id']}").json["status"], "active")
        self.tokens.expires_in = 3600

    def test_a_provider_without_a_client(self):
        box = self.connect("nobody@good.example", auth="oauth_microsoft", refresh_token="x")
        self.assertEqual(box["status"], "inactive")
        self.assertIn("oauth.microsoft_client_id", self.check(box, "smtp")["detail"])

    def test_settings_follow_from_the_address(self):
        def settings(email, **more):
            body = {"email": email, "user_id": self.account.user_id, "password": SECRET, "check": False} | more
            answer = self.admin.post("/dashboard/api/mailboxes", body)
            if answer.status != 201:
                return {error["source"]["pointer"] for error in answer.json["_errors"]}
            return tuple(answer.json[name] for name in (
                "email_provider", "smtp_host", "smtp_port", "smtp_security", "imap_host", "imap_port", "imap_security"))

        google = ("google", "smtp.gmail.com", 465, "tls", "imap.gmail.com", 993, "tls")
        for email, wanted in [
                ("x@gmail.com", google), ("x@hosted.example", google),
                ("x@office.example", ("outlook", "smtp.office365.com", 587, "starttls", "outlook.office365.com", 993, "tls")),
                ("x@web.de", ("other", "smtp.web.de", 587, "starttls", "imap.web.de", 993, "tls")),
                ("x@own.example", ("other", "a.own.example", 465, "tls", "mail.own.example", 143, "starttls")),
                ("x@foreign.example", {"/smtp_host"}), ("x@nothing.example", {"/smtp_host", "/imap_host"})]:
            with self.subTest(email):
                self.assertEqual(settings(email), wanted)
        self.assertEqual(settings("y@gmail.com", smtp_host="smtp.sendgrid.net")[0], "other_mixed")
        self.assertEqual(settings("z@foreign.example", smtp_host="s.x.example", imap_host="i.x.example")[0], "other")

    def test_command_line(self):
        words = ["--account", self.account.id, "--user", "acme@acme.example"]
        hosts = ["smtp_host=localhost", f"smtp_port={self.servers.smtps}", "smtp_security=tls",
                 "imap_host=localhost", f"imap_port={self.servers.imaps}", "imap_security=tls"]
        done = self.server.cli("mailbox", "connect", CID, *hosts, *words, stdin=SECRET)
        id, *checks = done.stdout.splitlines()
        self.assertEqual([line.split("\t")[:2] for line in checks][:3],
                         [["smtp", "ok"], ["imap", "ok"], ["delivery", "ok"]])
        self.assertEqual(self.admin.get(f"/dashboard/api/mailboxes/{id}").json["status"], "active")
        tested = self.server.cli("mailbox", "test", CID, *words[:2])
        self.assertEqual(tested.stdout.splitlines()[0].split("\t")[:2], ["smtp", "ok"])
        failed = self.server.cli("mailbox", "connect", CID, *hosts, *words, stdin="wrong", expect=1)
        self.assertIn("smtp\tfailed", failed.stdout)
        self.assertIn("cannot be used", failed.stderr)


class ArrivalTest(harness.ApiTest):
    """A message that was taken and does not arrive."""
    settings = {"mail.allow_private": True, "mail.test_wait_ms": 500, "verify.dns_servers": "127.0.0.1:9"}

    @classmethod
    def setUpClass(cls):
        cls.servers = MailServers({ANN: SECRET})
        cls.addClassCleanup(cls.servers.close)
        cls.servers.__enter__()
        cls.settings = cls.settings | {"mail.ca_file": cls.servers.certificate}
        super().setUpClass()

    def test_it_is_missed(self):
        fake = FakeSmtp(users={ANN: SECRET})
        self.addCleanup(fake.close)
        id = self.admin.post("/dashboard/api/mailboxes", {
            "email": ANN, "user_email": "acme@acme.example", "password": SECRET, "smtp_host": "127.0.0.1",
            "smtp_port": fake.port, "smtp_security": "none", "imap_host": "localhost",
            "imap_port": self.servers.imaps, "imap_security": "tls"}, expect=201).json["id"]
        path = f"/dashboard/api/mailboxes/{id}"
        self.server.wait_for(lambda: not self.admin.get(path, expect=200).json["testing"], "the end of the test")
        box = self.admin.get(path).json
        delivery = next(check for check in box["checks"] if check["name"] == "delivery")
        self.assertEqual((box["reason"], delivery["result"]), ("check_failed", "failed"))
        self.assertIn("did not arrive", delivery["detail"])
        self.assertEqual(len(fake.messages), 1)
