"""A sequence's messages through Postfix, with TLS and a login, into mailboxes of Dovecot: they
arrive as they were written, once; and what Postfix refuses is understood."""
import email
import email.policy
import sys

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from lib.mail_servers import MailServers  # noqa: E402  (the path is set above)
from lib.sending import Sending  # noqa: E402

SENDER, SECRET = "sam@sends.example", "open sesame"
PEOPLE = [f"p{number}@takes.example" for number in range(12)]
TEXT = ".\n..\nGrüße an {{first_name}} — 你好\n" + "a long line of words " * 60 + "\n.\n"
HTML = "<p>Grüße, <b>{{first_name}}</b></p>\n.\n<p>" + "x" * 1500 + "</p>"


class SubmissionTest(Sending, harness.ApiTest):
    settings = {"mail.allow_private": True, "sequence.tick_ms": 50, "sequence.senders": 2}

    @classmethod
    def setUpClass(cls):
        cls.servers = MailServers({user: SECRET for user in (SENDER, *PEOPLE)})
        cls.addClassCleanup(cls.servers.close)
        cls.servers.__enter__()
        cls.settings = cls.settings | {"mail.ca_file": cls.servers.certificate}
        super().setUpClass()

    def start(self, address, port, security, **more):
        box = self.connect(address, port, smtp_host="localhost", smtp_security=security, smtp_user=SENDER,
                           password=more.pop("password", SECRET), **more)
        stage = {"type": "email", "variants": [{"subject": "Grüße, {{first_name}}", "text": TEXT, "html": HTML}]}
        return box, self.sequence(box, stage)

    def arrived(self, person):
        self.server.wait_for(lambda: self.servers.messages_of(person), f"a message for {person}")
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in self.servers.messages_of(person)]

    def test_arrive(self):
        for security, port, people in (("starttls", self.servers.submission, PEOPLE[:5]),
                                       ("tls", self.servers.smtps, PEOPLE[5:10])):
            address = f"{security}@sends.example"
            _, sequence = self.start(address, port, security)
            self.add(sequence, *people)
            for person in people:
                name = person.split("@")[0]
                shown = self.message(sequence, person, "sent")
                got, = self.arrived(person)
                with self.subTest(security=security, person=person):
                    self.assertTrue(any("with ESMTPSA" in line for line in got.get_all("Received")))
                    self.assertEqual((got["Return-Path"], got["From"].addresses[0].addr_spec), (f"<{address}>", address))
                    self.assertEqual((got["To"].addresses[0].addr_spec, got["Subject"]), (person, f"Grüße, {name}"))
                    self.assertEqual(got["Message-ID"], f"<{shown['message_id']}>")
                    self.assertEqual(got.get_body(("plain",)).get_content(), TEXT.replace("{{first_name}}", name))
                    self.assertEqual(got.get_body(("html",)).get_content().rstrip("\n"),
                                     HTML.replace("{{first_name}}", name))
                    self.assertIn("queued as", shown["reply"])

    def test_nobody_has_the_address(self):
        _, sequence = self.start("wrong@sends.example", self.servers.submission, "starttls")
        self.add(sequence, "nobody@takes.example", PEOPLE[10])
        message = self.message(sequence, "nobody@takes.example", "failed")
        self.assertEqual(message["reason"], "no_such_address", message)
        self.message(sequence, PEOPLE[10], "sent")  # over the same connection
        self.assertEqual(len(self.arrived(PEOPLE[10])), 1)

    def test_refused_login(self):
        box, sequence = self.start("denied@sends.example", self.servers.smtps, "tls", password="wrong")
        self.add(sequence, PEOPLE[11])
        message = self.message(sequence, PEOPLE[11], "queued", "login")
        self.assertIn("535", message["detail"])
        self.assertEqual(self.servers.messages_of(PEOPLE[11]), [])
        self.assertIn("535", self.admin.get(f"/dashboard/api/mailboxes/{box}", expect=200).json["detail"])


if __name__ == "__main__":
    harness.unittest.main()
