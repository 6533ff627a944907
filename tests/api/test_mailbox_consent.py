"""Mailboxes connected by a consent in a browser: what the provider is asked, what its answers do,
and which answers do not count."""
import sys
import urllib.parse

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.tokens import Tokens  # noqa: E402  (the path is set above)
from lib import database  # noqa: E402
from lib.mail_servers import MailServers  # noqa: E402

ANN, BOB, CID = "ann@good.example", "bob@good.example", "cid@good.example"
SECRET, PUBLIC = "open sesame", "https://outrider.example/base"
CONSENTS, CALLBACK = "/dashboard/api/mailbox-consents", "/oauth/callback"
SETTINGS = {"mail.allow_private": True, "mail.test_wait_ms": 60000, "verify.dns_servers": "127.0.0.1:9",
            "oauth.google_client_id": "client & co", "oauth.google_client_secret": "shh"}


def asked(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, strict_parsing=True))


class ConsentTest(harness.ApiTest):
    @classmethod
    def setUpClass(cls):
        cls.tokens = Tokens()
        cls.addClassCleanup(cls.tokens.close)
        cls.servers = MailServers({user: SECRET for user in (ANN, BOB, CID)},
                                  tokeninfo=cls.tokens.url + "/info?access_token=")
        cls.addClassCleanup(cls.servers.close)
        cls.servers.__enter__()
        cls.settings = SETTINGS | {
            "mail.ca_file": cls.servers.certificate, "http.public_url": PUBLIC + "/",
            "oauth.google_consent_url": "https://consent.example/auth?tenant=1",
            "oauth.google_token_url": cls.tokens.url + "/token"}
        super().setUpClass()

    def setUp(self):
        self.tokens.fault = None

    def body(self, email, **more):
        return {"email": email, "auth": "oauth_google", "user_id": self.account.user_id,
                "smtp_host": "localhost", "smtp_port": self.servers.submission, "smtp_security": "starttls",
                "imap_host": "localhost", "imap_port": self.servers.imaps, "imap_security": "tls"} | more

    def begin(self, email, **more):
        return self.admin.post(CONSENTS, self.body(email, **more), expect=201).json["url"]

    def come_back(self, url, status):
        """The provider's answer, as the browser brings it: the page that it gets."""
        self.assertTrue(url.startswith(PUBLIC + CALLBACK + "?"), url)
        page = self.nobody.get(url.removeprefix(PUBLIC), expect=status)
        self.assertEqual(page.header("Cache-Control"), "no-store")
        self.assertIn("default-src 'none'", page.header("Content-Security-Policy"))
        return page.body.decode()

    def answer(self, **said):
        return PUBLIC + CALLBACK + "?" + urllib.parse.urlencode(said)

    def box(self, email):
        """The mailbox once no test runs; None without it."""
        ids = [box["id"] for box in self.admin.get("/dashboard/api/mailboxes", expect=200).json["mailboxes"]
               if box["email"] == email]
        if not ids:
            return None
        path = f"/dashboard/api/mailboxes/{ids[0]}"
        self.server.wait_for(lambda: not self.admin.get(path, expect=200).json["testing"], "the end of the test")
        return self.admin.get(path, expect=200).json

    def revoke(self, box):
        """What the provider does with the tokens when the consent is taken back."""
        self.tokens.refresh.clear()
        database.change(self.server, f"UPDATE mailboxes SET token_expires_at = 0 WHERE id = '{box}'")
        self.admin.post(f"/dashboard/api/mailboxes/{box}/test", expect=202)

    def test_a_consent_connects(self):
        begun = self.admin.post(CONSENTS, self.body(ANN.upper(), signature="Ann"), expect=201).json
        self.assertRegex(begun["expires_at"], r"^20\d\d-")
        self.assertTrue(begun["url"].startswith("https://consent.example/auth?tenant=1&response_type=code&"))
        question = asked(begun["url"])
        self.assertRegex(question.pop("state"), r"^[\w-]{64}$")
        self.assertRegex(question.pop("code_challenge"), r"^[\w-]{43}$")
        self.assertEqual(question, {
            "tenant": "1", "response_type": "code", "code_challenge_method": "S256", "client_id": "client & co",
            "redirect_uri": PUBLIC + CALLBACK, "scope": "https://mail.google.com/", "login_hint": ANN,
            "access_type": "offline", "prompt": "consent"})
        self.assertIsNone(self.box(ANN), "nobody has agreed")
        back = self.tokens.agree(begun["url"], ANN)
        # who only looks whether the page is there (a scanner of links, say) answers nothing
        for _ in range(2):
            looked = self.nobody.request("HEAD", back.removeprefix(PUBLIC), judge=False, expect=200)
            self.assertEqual((looked.body, looked.header("Cache-Control")), (b"", "no-store"))
        self.assertIsNone(self.box(ANN))
        self.assertIn(f"<p>{ANN} is being tested now.</p>", self.come_back(back, 200))
        told = next(question for question in self.tokens.questions if question.get("code") == asked(back)["code"])
        self.assertRegex(told.pop("code_verifier"), r"^\w{43,128}$")
        self.assertEqual(told, {"grant_type": "authorization_code", "client_id": "client & co", "client_secret": "shh",
                                "code": asked(back)["code"], "redirect_uri": PUBLIC + CALLBACK,
                                "type": "application/x-www-form-urlencoded"})
        box = self.box(ANN)
        self.assertEqual((box["status"], box["auth"], box["signature"], box["user"]["id"]),
                         ("active", "oauth_google", "Ann", self.account.user_id), box["checks"])
        # the answer counts once
        before = len(self.tokens.questions)
        self.assertIn("answered already", self.come_back(back, 400))
        self.assertEqual(len(self.tokens.questions), before)
        for secret in (asked(back)["code"], asked(back)["state"], *self.tokens.access, *self.tokens.refresh):
            self.assertNotIn(secret, self.server.log_text())

    def test_a_mailbox_is_connected_anew(self):
        self.come_back(self.tokens.agree(self.begin(BOB, signature="Bob", aliases=["b@good.example"]), BOB), 200)
        box = self.box(BOB)
        self.assertEqual(box["status"], "active", box["checks"])
        path = f"/dashboard/api/mailboxes/{box['id']}"
        self.tokens.refresh.clear()
        self.tokens.access.clear()
        # a token that is still good would not be asked for again
        self.come_back(self.tokens.agree(self.begin(BOB), BOB), 200)
        self.assertEqual(self.box(BOB)["id"], box["id"])
        self.admin.patch(path, {"daily_email_limit": 17}, expect=200)
        self.revoke(box["id"])
        self.assertEqual(self.box(BOB)["reason"], "token_revoked")
        begun = self.admin.post(f"{path}/consent", expect=201).json["url"]
        self.assertEqual(asked(begun)["login_hint"], BOB)
        # its settings are those that it has when it is connected
        self.admin.patch(path, {"gap_min_s": 7}, expect=200)
        self.come_back(self.tokens.agree(begun, BOB), 200)
        again = self.box(BOB)
        for name in ("id", "signature", "aliases", "user", "smtp_host", "smtp_port", "imap_port", "created_at"):
            self.assertEqual(again[name], box[name])
        self.assertEqual((again["status"], again["reason"], again["daily_email_limit"], again["gap_min_s"]),
                         ("active", "ready", 17, 7), again["checks"])
        self.assertIsNone(again["detail"])

    def test_a_mailbox_that_changed_meanwhile(self):
        """A consent to connect anew makes nothing new of a mailbox."""
        for email, said, change in [
                ("gone@good.example", "not there any more",
                 lambda box: self.admin.delete(f"/dashboard/api/mailboxes/{box['id']}", expect=204)),
                ("word@good.example", "logs in otherwise",
                 lambda box: self.admin.post("/dashboard/api/mailboxes", self.body(
                     box["email"], auth="password", password=SECRET, check=False), expect=201))]:
            with self.subTest(said):
                page = self.come_back(self.tokens.agree(self.begin(email, check=False), CID), 200)
                self.assertIn(f"<p>{email} can be used.</p>", page)
                box = self.box(email)
                self.assertEqual((box["status"], box["reason"]), ("active", "unchecked"))
                begun = self.admin.post(f"/dashboard/api/mailboxes/{box['id']}/consent", expect=201).json["url"]
                change(box)
                then = self.box(email)
                self.assertIn(said, self.come_back(self.tokens.agree(begun, CID), 409))
                self.assertEqual(self.box(email), then)

    def test_who_does_not_own_it_connects_nothing(self):
        """The provider gives a token of whoever agreed; the mailbox's servers refuse it."""
        self.come_back(self.tokens.agree(self.begin("not-cid@good.example"), CID), 200)
        box = self.box("not-cid@good.example")
        self.assertEqual((box["status"], box["reason"]), ("inactive", "check_failed"))
        self.assertIn("mailbox consent", next(check for check in box["checks"] if check["name"] == "smtp")["advice"])

    def test_wrong_states(self):
        begun = self.begin(CID)
        back = asked(self.tokens.agree(begun, CID))
        state, before = back["state"], len(self.tokens.questions)
        flipped = [state[:i] + ("A" if state[i] != "A" else "B") + state[i + 1:] for i in (0, 21, 43, 63)]
        for wrong in ("", "x", "A" * 64, state[:-1], state + "A", state.swapcase(), *flipped):
            with self.subTest(wrong):
                self.assertIn("not begun here", self.come_back(self.answer(state=wrong, code=back["code"]), 400))
        self.come_back(self.answer(code=back["code"]), 400)
        self.assertEqual((len(self.tokens.questions), self.box(CID)), (before, None))
        # the one that it was is as good as before; the provider's other parameters say nothing
        self.come_back(self.answer(**back, iss="https://accounts.example", authuser="0"), 200)
        self.assertEqual(self.box(CID)["status"], "active")

    def test_a_code_of_another_consent(self):
        """Somebody's own code in another's browser (RFC 6749, section 10.12)."""
        own, others = (asked(self.tokens.agree(self.begin(email), CID)) for email in ("e@good.example", "f@good.example"))
        page = self.come_back(self.answer(state=others["state"], code=own["code"]), 403)
        self.assertIn("invalid_grant", page)
        self.assertIsNone(self.box("f@good.example"))

    def test_a_consent_that_took_too_long(self):
        back = self.tokens.agree(self.begin("late@good.example"), CID)
        database.change(self.server, "UPDATE mailbox_consents SET expires_at = expires_at - 600000")
        before = len(self.tokens.questions)
        self.come_back(back, 400)
        self.assertEqual((len(self.tokens.questions), self.box("late@good.example")), (before, None))
        # old ones go with the next, whichever account begins it
        other = self.server.client(self.other.admin_key)
        other.post(CONSENTS, self.body("late@other.example", user_id=self.other.user_id), expect=201)
        for _ in range(2):
            self.begin("late@good.example")
            database.change(self.server, "UPDATE mailbox_consents SET expires_at = 1")
        self.begin("late@good.example")
        self.assertEqual(self.server.database.rows("SELECT COUNT(*) FROM mailbox_consents"), [["1"]])

    def test_a_refusal(self):
        back = asked(self.tokens.agree(self.begin("no@good.example"), CID))
        page = self.come_back(self.answer(state=back["state"], error="access_denied",
                                          error_description="<script>no</script>" + "x" * 1000), 403)
        self.assertIn("access_denied: &lt;script&gt;", page)
        self.assertNotIn("<script>", page)
        self.assertLess(len(page), 2000)
        state = asked(self.begin("no@good.example"))["state"]
        page = self.come_back(self.answer(state=state, error="x" + 200 * "é"), 403)
        self.assertRegex(page, "says xé+</p>")
        # that was the answer
        self.come_back(self.answer(state=back["state"], code=back["code"]), 400)
        self.assertIsNone(self.box("no@good.example"))

    def test_a_token_endpoint_that_fails(self):
        for fault, status, said in [
                ((503, b"busy"), 502, "503"), ((200, b"{"), 502, "no JSON"),
                ((200, {"access_token": "only"}), 502, "no refresh token"), ((200, {"refresh_token": "only"}), 502, "200"),
                ((401, {"error": "invalid_client", "error_description": "<b>"}), 502, "invalid_client: &lt;b&gt;"),
                ((400, {"error": "invalid_grant"}), 403, "invalid_grant")]:
            with self.subTest(said):
                self.tokens.fault = None
                back = self.tokens.agree(self.begin("fault@good.example"), CID)
                self.tokens.fault = fault
                self.assertIn(said, self.come_back(back, status))
                self.tokens.fault = None
                self.come_back(back, 400)
        self.assertIn("no code", self.come_back(self.answer(state=asked(self.begin("fault@good.example"))["state"]), 502))
        self.assertIsNone(self.box("fault@good.example"))

    def test_a_user_who_left_meanwhile(self):
        rep = self.server.line("user", "add", "--email", "rep@acme.example", "--first-name", "R", "--last-name", "Rep",
                               "--role", "sales_rep", "--account", self.account.id)
        back = self.tokens.agree(self.begin("left@good.example", user_id=None, user_email="rep@acme.example"), CID)
        database.change(self.server, f"DELETE FROM users WHERE id = '{rep}'")
        self.assertIn("no such user", self.come_back(back, 409))
        self.assertIsNone(self.box("left@good.example"))

    def test_what_cannot_be_begun(self):
        for body, pointers in [
                ({}, {"/email", "/auth"}), (self.body("g@good.example", auth="password"), {"/auth"}),
                (self.body("g@good.example", auth="oauth_microsoft"), {"/auth"}),
                (self.body("g@good.example", user_id=None), {"/user_id"}),
                (self.body("g@good.example", user_id=self.other.user_id), {"/user_id"}),
                (self.body("g", smtp_port=0), {"/smtp_port"}), (self.body("g"), {"/email"}),
                (self.body("g@good.example", smtp_host="a b"), {"/smtp_host"})]:
            with self.subTest(body):
                answer = self.admin.post(CONSENTS, body)
                self.assertEqual(answer.status, 400, answer)
                self.assertEqual({error["source"]["pointer"] for error in answer.json["_errors"]}, pointers)
        box = self.admin.post("/dashboard/api/mailboxes", self.body(
            "pass@good.example", auth="password", password=SECRET, check=False), expect=201).json["id"]
        self.assert_error(self.admin.post(f"/dashboard/api/mailboxes/{box}/consent"), 409, "conflict")

    def test_the_command_line(self):
        email, of = "cli@good.example", ["--account", self.account.id]
        hosts = ["smtp_host=localhost", f"smtp_port={self.servers.smtps}", "smtp_security=tls", f"smtp_user={CID}",
                 "imap_host=localhost", f"imap_port={self.servers.imaps}", "imap_security=tls", f"imap_user={CID}"]
        self.server.cli("mailbox", "consent", email, *of, expect=1)
        self.server.cli("mailbox", "consent", email, *hosts, *of, expect=2)
        refused = self.server.cli("mailbox", "consent", email, *hosts, "--auth", "oauth_google", *of, expect=1)
        self.assertEqual(refused.stderr, "outrider: /user_id: The mailbox needs a user: user_id or user_email\n")
        url = self.server.line("mailbox", "consent", email, *hosts, "--auth", "oauth_google",
                               "--user", "acme@acme.example", *of)
        self.come_back(self.tokens.agree(url, CID), 200)
        box = self.box(email)
        self.assertIsNotNone(box)
        self.come_back(self.tokens.agree(self.server.line("mailbox", "consent", email, *of), CID), 200)
        self.assertEqual(self.box(email)["id"], box["id"])


class NowhereTest(harness.ApiTest):
    """A server that does not know its own address."""
    settings = SETTINGS

    def test_no_consent_is_begun(self):
        self.assert_error(self.admin.post(CONSENTS, {
            "email": ANN, "auth": "oauth_google", "user_id": self.account.user_id, "smtp_host": "localhost",
            "imap_host": "localhost"}), 409, "conflict")
