"""The clients for submission and IMAP (tests/support/mail): against Postfix and Dovecot, and
against a fake server that fails where real ones seldom do. What is asked each time is what the
failure means: may the message be sent again, or is its fate unknown?"""
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from fake.smtp import OFFERS, FakeSmtp  # noqa: E402  (the path is set above)
from lib.mail_servers import MailServers, make_certificate  # noqa: E402

BUILD = pathlib.Path(os.environ.get("OUTRIDER_TEST_BUILD", ROOT / "build/asan"))
SANITIZER = re.compile(r"Sanitizer|runtime error")
ANN, BOB = "ann@test.example", "bob@test.example"
SECRET = 'se"cr\\et'
MESSAGE = b"Message-ID: <1@test.example>\r\nSubject: x\r\n\r\nHello\r\n"


def mail(kind, *commands, **options):
    """The answers to the login and to each command that followed."""
    given = {"host": "127.0.0.1", "private": 1, "ms": 20000, **options}
    done = subprocess.run([BUILD / "support/mail", kind, *(f"{k}={v}" for k, v in given.items()), *commands],
                          capture_output=True, text=True, timeout=240, check=False)
    if done.returncode or SANITIZER.search(done.stderr):
        raise AssertionError(f"exit code {done.returncode}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.ca = make_certificate(cls.folder)
        cls.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.context.load_cert_chain(cls.ca, cls.folder / "key.pem")
        cls.message = cls.write("message", MESSAGE)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def write(cls, name, data):
        (cls.folder / name).write_bytes(data)
        return cls.folder / name

    def send(self, to=ANN, file=None, sender=BOB):
        return f"send:{sender}:{to}:{file or self.message}"


class FakeTest(Folder):
    def submit(self, *commands, server=None, script=None, offers=OFFERS, **options):
        server = server or FakeSmtp(script, offers=offers)
        self.addCleanup(server.close)
        self.server = server
        return mail("smtp", *commands, port=server.port, security=options.pop("security", "none"), **options)

    def test_refusals_at_each_step(self):
        for step, reply, rc, code in [
                ("mail", "451 4.3.0 later", "E_LIMIT", 451), ("mail", "550 5.7.1 no", "E_INVALID", 550),
                ("rcpt", "450 4.2.0 later", "E_LIMIT", 450), ("rcpt", "550 5.1.1 unknown", "E_INVALID", 550),
                ("data", "452 4.3.1 full", "E_LIMIT", 452), ("data", "554 5.5.0 no", "E_INVALID", 554),
                ("dot", "451 4.7.1 greylisted", "E_LIMIT", 451), ("dot", "552 5.2.2 quota", "E_INVALID", 552),
                ("dot", "550-5.7.26 a\n550 5.7.26 b", "E_INVALID", 550)]:
            for offers in (OFFERS, ("8BITMIME",)):
                with self.subTest(step=step, reply=reply, offers=offers):
                    later = "354 go ahead" if step == "data" else "250 ok"
                    _, refused, taken = self.submit(self.send(), self.send(), offers=offers,
                                                    script={step: [reply, later]})
                    self.assertEqual((refused["rc"], refused["step"], refused["code"], refused["unknown"]),
                                     (rc, step, code, False))
                    self.assertEqual(refused["reply"].replace("\r\n", "\n").strip(), reply)
                    self.assertEqual(taken["rc"], "OK", taken)
                    self.assertEqual([m["bytes"] for m in self.server.messages], [MESSAGE])
                    self.assertEqual(self.server.connections, 1)

    def test_a_connection_lost_after_the_final_dot_leaves_the_fate_unknown(self):
        for said in ("", {"raw": b"25", "drop": True}, {"raw": b"\xff\xfe\r\n"}, {"raw": b"250-half\r\n", "drop": True},
                     {"reply": "354 what", "drop": True}):
            with self.subTest(said):
                _, result = self.submit(self.send(), script={"dot": said})
                self.assertEqual((result["step"], result["unknown"], result["open"]), ("dot", True, False), result)
                self.assertEqual(len(self.server.whole), 1)

    def test_silence_after_the_final_dot_too(self):
        _, result = self.submit(self.send(), script={"dot": {"delay_s": 3, "reply": "250 ok"}}, ms=500)
        self.assertEqual((result["rc"], result["step"], result["unknown"]), ("E_TIMEOUT", "dot", True))

    def test_a_connection_lost_before_it_does_not(self):
        for step in ("mail", "rcpt", "data"):
            with self.subTest(step):
                _, result = self.submit(self.send(), script={step: ""})
                self.assertEqual((result["rc"], result["unknown"], result["open"]), ("E_IO", False, False))
                self.assertEqual(self.server.whole, [])

    def test_a_server_that_stops_reading_says_why(self):
        large = self.write("large", b"x" * 70 + b"\r\n" + b"y" * 98000)
        _, result = self.submit(self.send(file=large),
                                server=FakeSmtp({"reads": {"reply": "421 4.3.2 shutting down", "drop": True}}, reads=50))
        self.assertIn((result["rc"], result["unknown"]), [("E_LIMIT", False), ("E_IO", False)])
        self.assertEqual((result["step"], result["open"]), ("data", False))

    def test_421_ends_the_connection(self):
        for step in ("mail", "rcpt", "data", "dot"):
            with self.subTest(step):
                _, result = self.submit(self.send(), script={step: "421 4.7.0 too fast"})
                self.assertEqual((result["rc"], result["code"], result["open"], result["unknown"]),
                                 ("E_LIMIT", 421, False, False))

    def test_greetings(self):
        for said, rc in [("554 5.7.1 no", "E_INVALID"), ("421 4.3.2 busy", "E_LIMIT"), ("", "E_IO"),
                         ({"raw": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, "E_PROTO"),
                         ({"raw": b"2" * 5000}, "E_PROTO"), ({"raw": b"220 " + b"x" * 3000}, "E_PROTO")]:
            with self.subTest(said):
                result, = self.submit(script={"banner": said})
                self.assertEqual((result["rc"], result["step"], result["open"]), (rc, "greeting", False))

    def test_slow_servers(self):
        result, = self.submit(script={"banner": {"delay_s": 3, "reply": "220 ok"}}, ms=300)
        self.assertEqual((result["rc"], result["step"]), ("E_TIMEOUT", "greeting"))
        good, sent = self.submit(self.send(), script={"rcpt": {"delay_s": 0.3, "reply": "250 ok"}})
        self.assertEqual((good["rc"], sent["rc"]), ("OK", "OK"))

    def test_login(self):
        users = {ANN: SECRET}
        for offers in (["AUTH PLAIN LOGIN"], ["AUTH LOGIN"], ["AUTH PLAIN"]):
            for password, rc, code in ((SECRET, "OK", 235), ("wrong", "E_DENIED", 535)):
                with self.subTest(offers=offers, password=password):
                    result, = self.submit(server=FakeSmtp(offers=offers, users=users), user=ANN, password=password)
                    self.assertEqual((result["rc"], result["step"], result["code"]), (rc, "auth", code))
        for offers in ([], ["AUTH CRAM-MD5"]):
            result, = self.submit(server=FakeSmtp(offers=offers, users=users), user=ANN, password=SECRET)
            self.assertEqual((result["rc"], result["step"], result["code"]), ("E_UNSUPPORTED", "auth", 0))
        result, = self.submit(server=FakeSmtp({"auth": "454 4.7.0 later"}, users=users), user=ANN, password=SECRET)
        self.assertEqual(result["rc"], "E_LIMIT")

    def test_tokens(self):
        for token, rc, code in (("good", "OK", 235), ("old", "E_DENIED", 535)):
            result, = self.submit(server=FakeSmtp(tokens={ANN: "good"}), user=ANN, token=token)
            self.assertEqual((result["rc"], result["code"]), (rc, code))
        result, = self.submit(server=FakeSmtp(offers=["AUTH PLAIN"]), user=ANN, token="good")
        self.assertEqual((result["rc"], result["step"]), ("E_UNSUPPORTED", "auth"))

    def test_nothing_is_confessed_without_tls(self):
        result, = self.submit(server=FakeSmtp(users={ANN: SECRET}), user=ANN, password=SECRET, security="starttls")
        self.assertEqual((result["rc"], result["step"]), ("E_UNSUPPORTED", "starttls"))
        self.assertFalse([line for line in self.server.lines if line.startswith("AUTH")])

    def test_certificates(self):
        other = self.folder / "other"
        other.mkdir(exist_ok=True)
        for implicit, security in ((True, "tls"), (False, "starttls")):
            for host, ca, rc in (("127.0.0.1", self.ca, "OK"), ("localhost", self.ca, "OK"),
                                 ("127.0.0.1", make_certificate(other), "E_PROTO")):
                with self.subTest(security=security, host=host, rc=rc):
                    result, = self.submit(server=FakeSmtp(context=self.context, implicit=implicit), host=host,
                                          ca=ca, security=security)
                    self.assertEqual(result["rc"], rc, result)
                    if rc != "OK":
                        self.assertIn("certificate", result["reason"])
                        self.assertFalse([line for line in self.server.lines if "AUTH" in line])

    def test_a_certificate_for_another_name(self):
        folder = self.folder / "named"
        folder.mkdir(exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=mail.example", "-addext",
                        "subjectAltName=DNS:mail.example", "-keyout", folder / "key.pem", "-out",
                        folder / "cert.pem"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        for host in ("localhost", "127.0.0.1"):
            result, = self.submit(server=FakeSmtp(context=context, implicit=True), host=host, security="tls",
                                  ca=folder / "cert.pem")
            self.assertEqual((result["rc"], result["step"]), ("E_PROTO", "connect"))
            self.assertRegex(result["reason"], "certificate.*mismatch")

    def test_what_is_said_before_tls_is_not_believed(self):
        result, = self.submit(server=FakeSmtp({"starttls": {"raw": b"220 go\r\n250 injected\r\n"}},
                                              context=self.context), ca=self.ca, security="starttls")
        self.assertEqual((result["rc"], result["step"]), ("E_PROTO", "starttls"))

    def test_private_addresses_are_refused(self):
        server = FakeSmtp()
        self.addCleanup(server.close)
        for host in ("127.0.0.1", "localhost", "::1", "10.0.0.1"):
            result, = mail("smtp", host=host, port=server.port, security="none", private=0)
            self.assertEqual((result["rc"], result["step"]), ("E_UNSUPPORTED", "connect"), host)
        self.assertEqual(server.connections, 0)

    def test_nobody_listens_and_no_such_host(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            result, = mail("smtp", port=probe.getsockname()[1], security="none")
        self.assertEqual((result["rc"], result["step"]), ("E_IO", "connect"))
        result, = mail("smtp", host="no..name", port=25, security="none")
        self.assertEqual((result["rc"], result["step"]), ("E_NOT_FOUND", "connect"))

    def test_bytes_arrive_as_they_are(self):
        for sent, wanted in [(b".\r\n..\r\n.x\r\n", b".\r\n..\r\n.x\r\n"), (b"a\nb\rc\r\n", b"a\r\nb\r\nc\r\n"),
                             (b"no end", b"no end\r\n"), (b"\r\n.", b"\r\n.\r\n"), (b"\n.\n.", b"\r\n.\r\n.\r\n"),
                             ("größe\r\n".encode(), "größe\r\n".encode()), (b"\r\n" * 40000, b"\r\n" * 40000),
                             (b".\r\n" * 33000, b".\r\n" * 33000), (b"\0\r\n", b"\0\r\n")]:
            with self.subTest(sent[:20]):
                _, result = self.submit(self.send(file=self.write("bytes", sent)))
                self.assertEqual(result["rc"], "OK", result)
                self.assertEqual(self.server.messages[0]["bytes"], wanted)

    def test_what_the_server_does_not_offer(self):
        high = self.write("high", "Subject: ö\r\n\r\n".encode())
        for offers, command, rc in [
                (["SIZE 10"], self.send(), "E_TOO_LARGE"), (["SIZE 0"], self.send(), "OK"), (["SIZE"], self.send(), "OK"),
                ([], self.send(file=high), "E_UNSUPPORTED"), (["8BITMIME"], self.send(file=high), "OK"),
                (["8BITMIME"], self.send(to="jürgen@test.example"), "E_UNSUPPORTED"),
                (["SMTPUTF8", "8BITMIME"], self.send(to="jürgen@test.example"), "OK")]:
            with self.subTest(offers=offers, command=command):
                _, result = self.submit(command, offers=offers)
                self.assertEqual((result["rc"], len(self.server.messages)), (rc, int(rc == "OK")))
        self.assertIn(" SMTPUTF8", self.server.messages[0]["from"])

    def test_addresses_cannot_smuggle_commands(self):
        for to in ("a@b.example>\r\nRSET", "a b@c.example", "<a@b.example>", "", "a\tb@c.example"):
            with self.subTest(to):
                _, result = self.submit(self.send(to=to))
                self.assertEqual((result["rc"], result["code"]), ("E_INVALID", 0))
                self.assertFalse([line for line in self.server.lines if line.startswith(("MAIL", "RCPT"))])

    def test_all_recipients_or_none(self):
        for offers in (OFFERS, ()):
            _, result, after = self.submit(self.send(to=f"{ANN},{BOB}"), self.send(to=f"{ANN},{BOB}"), offers=offers,
                                           script={"rcpt": ["250 ok", "550 5.1.1 no", "250 ok"]})
            self.assertEqual((result["rc"], result["step"]), ("E_INVALID", "rcpt"))
            self.assertEqual(after["rc"], "OK")
            self.assertEqual([m["to"] for m in self.server.messages], [[ANN, BOB]])

    def test_a_server_that_speaks_out_of_turn(self):
        _, result = self.submit(self.send(), script={"mail": {"raw": b"250 ok\r\n250 ok\r\n250 ok\r\n250 more\r\n"}},
                                offers=())
        self.assertEqual(result["unknown"], False)
        self.assertEqual((result["rc"], len(self.server.messages)), ("E_PROTO", 0))

    def test_one_connection_for_many_messages(self):
        results = self.submit(*[self.send()] * 50)
        self.assertEqual({result["rc"] for result in results}, {"OK"})
        self.assertEqual((len(self.server.messages), self.server.connections), (50, 1))
        self.assertFalse([line for line in self.server.lines if line.startswith("RSET")])


class FakeImap(threading.Thread):
    """Says what it is told: for each line that comes the next bytes, with {tag} replaced."""

    def __init__(self, greeting, answers):
        super().__init__()
        self.answers, self.lines, self.greeting = answers, [], greeting
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        connection.settimeout(60)
        with connection, connection.makefile("rb") as file:
            connection.sendall(self.greeting)
            for answer in self.answers:
                line = file.readline()
                self.lines.append(line)
                tag = line.split(b" ")[0]
                connection.sendall(answer.replace(b"{tag}", tag))
            if self.answers and not self.answers[-1].endswith(b"stop"):
                self.lines += file.readlines()

    def close(self):
        self.listener.close()
        self.join()


class FakeImapTest(unittest.TestCase):
    CAPABLE = b"* OK [CAPABILITY IMAP4rev1 IDLE] hello\r\n"
    LOGIN = [b"{tag} OK in\r\n", b"* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK\r\n"]

    def ask(self, answers, *commands, greeting=CAPABLE, **options):
        server = FakeImap(greeting, answers)
        self.addCleanup(server.close)
        self.server = server
        return mail("imap", *commands, port=server.port, security="none", user="u", password='p"w',
                    **{"ms": 2000, **options})

    def test_logins(self):
        for answer, rc in [(b"{tag} OK\r\n", "OK"), (b"{tag} NO [AUTHENTICATIONFAILED] no\r\n", "E_DENIED"),
                           (b"{tag} NO [UNAVAILABLE] later\r\n", "E_LIMIT"), (b"{tag} BAD what\r\n", "E_DENIED"),
                           (b"stop", "E_IO"), (b"\0\0\r\n", "E_PROTO")]:
            with self.subTest(answer):
                result, = self.ask([answer, *self.LOGIN[1:]] if rc == "OK" else [answer])
                self.assertEqual(result["rc"], rc, result)
                self.assertIn(b'LOGIN "u" "p\\"w"', self.server.lines[0])

    def test_greetings(self):
        for greeting, rc in [(b"* BYE busy\r\n", "E_LIMIT"), (b"220 smtp\r\n", "E_PROTO"), (b"* NO x\r\n", "E_PROTO"),
                             (b"x" * 70000, "E_PROTO"), (b"* OK {99999999999}\r\n", "E_PROTO")]:
            with self.subTest(greeting[:20]):
                result, = self.ask([b"stop"], greeting=greeting)
                self.assertEqual(result["rc"], rc)

    def test_a_message_in_pieces_among_other_news(self):
        fetch = (b"* 9 EXISTS\r\n* 3 FETCH (FLAGS (\\Seen) UID 6)\r\n"
                 b"* 4 FETCH (UID 7 BODY[] {11}\r\nA: b\r\n\r\nc)\r FLAGS ())\r\n{tag} OK\r\n")
        _, result = self.ask([*self.LOGIN, fetch], "fetch:7")
        self.assertEqual((result["rc"], result["text"]), ("OK", "A: b\r\n\r\nc)\r"))
        _, result = self.ask([*self.LOGIN, b"* 3 FETCH (UID 6 BODY[] NIL)\r\n{tag} OK\r\n"], "fetch:7")
        self.assertEqual(result["rc"], "E_NOT_FOUND")

    def test_idle_notices_what_came_before_it_waited(self):
        _, result = self.ask([*self.LOGIN, b"* 5 EXISTS\r\n+ idling\r\n", b"o3 OK\r\n"], "idle:1000")
        self.assertEqual(result["rc"], "OK")
        _, result = self.ask([*self.LOGIN, b"+ idling\r\n* OK still here\r\n", b"o3 OK\r\n"], "idle:100")
        self.assertEqual(result["rc"], "E_TIMEOUT")
        _, result = self.ask([*self.LOGIN, b"+ idling\r\n* BYE\r\n"], "idle:1000")
        self.assertEqual(result["rc"], "E_IO")


class RealTest(Folder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.servers = MailServers({ANN: SECRET, BOB: "bob's"})
        cls.servers.__enter__()
        cls.ca = cls.servers.certificate

    @classmethod
    def tearDownClass(cls):
        cls.servers.close()
        super().tearDownClass()

    def smtp(self, *commands, **options):
        given = {"port": self.servers.smtps, "security": "tls", "ca": self.ca, "user": ANN, "password": SECRET}
        return mail("smtp", *commands, **{**given, **options})

    def imap(self, *commands, **options):
        given = {"port": self.servers.imaps, "security": "tls", "ca": self.ca, "user": ANN, "password": SECRET}
        return mail("imap", *commands, **{**given, **options})

    def test_submission(self):
        for options in ({}, {"port": self.servers.submission, "security": "starttls"}):
            results = self.smtp(self.send(sender=ANN), self.send(sender=ANN, to="nobody@test.example"),
                                self.send(sender=ANN, to=f"{ANN},{BOB}"), **options)
            self.assertEqual([(r["rc"], r["step"]) for r in results],
                             [("OK", "auth"), ("OK", "dot"), ("E_INVALID", "rcpt"), ("OK", "dot")])
            self.assertIn("5.1.1", results[2]["reply"])
        refused, = self.smtp(password="wrong")
        self.assertEqual((refused["rc"], refused["step"], refused["code"]), ("E_DENIED", "auth", 535))
        refused, = self.smtp(port=self.servers.submission, security="none")
        self.assertEqual(refused["rc"], "E_UNSUPPORTED")
        _, refused = self.smtp(self.send(sender=ANN, file=self.write("huge", b"x" * 10000001)))
        self.assertEqual(refused["rc"], "E_TOO_LARGE")

    def test_imap(self):
        id = "<find-me@test.example>"
        file = self.write("find", f"Message-ID: {id}\r\nSubject: ö\r\n\r\n.\r\nbody {{3}}\r\n".encode())
        self.assertEqual(self.smtp(self.send(sender=ANN, file=file))[1]["rc"], "OK")
        for options in ({}, {"port": self.servers.imap, "security": "starttls"}):
            for _ in range(600):
                login, folders, opened, found = self.imap("special:\\Sent", "select:INBOX",
                                                          f"find:Message-ID:{id}", **options)
                if found["numbers"]:
                    break
            self.assertEqual([login["rc"], folders["rc"], folders["text"], opened["rc"]], ["OK", "OK", "Sent", "OK"])
            self.assertEqual(sorted(folders["names"]), ["INBOX", "Sent", "Spam"])
            self.assertEqual(len(found["numbers"]), 1)
            _, _, fetched, none = self.imap("select:INBOX", f"fetch:{found['numbers'][0]}", "fetch:99999", **options)
            self.assertTrue(fetched["text"].endswith("\r\n\r\n.\r\nbody {3}\r\n"), fetched)
            self.assertEqual(none["rc"], "E_NOT_FOUND")

    def test_append(self):
        file = self.write("copy", b"Message-ID: <copy@test.example>\r\n\r\nx\r\n")
        answers = self.imap(f"append:Sent:\\Seen:{file}", "select:Sent", "find:Message-ID:<copy@test.example>",
                            f"append:Nowhere::{file}", "select:Nowhere", "select:Sent", "idle:200")
        self.assertEqual([answer["rc"] for answer in answers],
                         ["OK", "OK", "OK", "OK", "E_INVALID", "E_INVALID", "OK", "E_TIMEOUT"])
        self.assertEqual(len(answers[3]["numbers"]), 1)
        self.assertIn("TRYCREATE", answers[4]["said"])

    def test_refused(self):
        refused, = self.imap(password="wrong")
        self.assertEqual(refused["rc"], "E_DENIED")
        self.assertIn("AUTHENTICATIONFAILED", refused["said"])
        refused, = self.imap(host="localhost", ca=self.folder / "cert.pem")
        self.assertEqual(refused["rc"], "E_PROTO")
        self.assertIn("certificate", refused["said"])


del Folder
