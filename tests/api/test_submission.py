"""A sequence's messages through Postfix, with TLS and a login, into mailboxes of Dovecot: they
arrive as they were written, once; and what Postfix refuses is understood."""
import base64
import email
import email.policy
import sys

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from lib.mail_servers import MailServers  # noqa: E402  (the path is set above)
from lib.receiver import Receiver  # noqa: E402
from lib.sending import ALWAYS, SEQUENCES, Sending  # noqa: E402

SENDER, SECRET = "sam@sends.example", "open sesame"
PEOPLE = [f"p{number}@takes.example" for number in range(13)]
TEXT = ".\n..\nGrüße an {{first_name}} — 你好\n" + "a long line of words " * 60 + "\n.\n"
HTML = "<p>Grüße, <b>{{first_name}}</b></p>\n.\n<p>" + "x" * 1500 + "</p>"


class SubmissionTest(Sending, harness.ApiTest):
    settings = {"mail.allow_private": True, "sequence.tick_ms": 50, "sequence.senders": 2,
                "webhook.allow_networks": "127.0.0.1/32"}

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

    def test_all_that_a_message_can_have(self):
        """From an alias, with its user's signature, in both forms, and files."""
        own, alias = "own@sends.example", "Zoe@brand.example"
        box = self.connect(own, self.servers.submission, smtp_host="localhost", smtp_security="starttls",
                           smtp_user=SENDER, password=SECRET, aliases=["x@brand.example", alias], from_address=alias,
                           display_name="Zoë, of Brand", signature="-- \nZoë\nBrand & Co",
                           signature_html="<p>Zoë, <b>Brand &amp; Co</b></p>")
        files = {"Preise für alle.pdf": ("application/pdf", b"%PDF-1.4\r\n.\r\n\0\xff" + bytes(range(256)) * 700),
                 "notes.txt": ("text/plain", "Ein Blatt\n.\nPapier\n".encode())}
        body = {"name": "All of it", "attachments": [
            {"name": name, "media_type": type, "content": base64.b64encode(content).decode()}
            for name, (type, content) in files.items()],
            "stages": [{"type": "email", "attachments": list(files), "variants": [{
                "subject": "For {{first_name}}", "text": "Hi {{first_name}}\n{{sender.email}}\n{{sender.signature}}",
                "html": "<p>Hi</p>{{sender.signature}}"}]}],
            "settings": {"senders": [{"user_id": self.account.user_id, "mailbox_id": box}], "windows": ALWAYS}}
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.admin.post("/dashboard/api/webhooks", {"url": receiver.url("/told")}, expect=201)
        sequence = self.admin.post(SEQUENCES, body, expect=201).json["id"]
        self.admin.post(f"{SEQUENCES}/{sequence}/launch", expect=200)
        self.add(sequence, PEOPLE[12])
        shown = self.message(sequence, PEOPLE[12], "sent")
        got, = self.arrived(PEOPLE[12])
        sender, = got["From"].addresses
        self.assertEqual((sender.addr_spec, sender.display_name), (alias, "Zoë, of Brand"))
        self.assertEqual(got["Return-Path"], f"<{own}>")  # reports come where the mailbox is
        self.assertTrue(shown["message_id"].endswith("@brand.example"), shown)
        self.assertIn(f"<mailto:{alias}?subject=unsubscribe>", got["List-Unsubscribe"])
        self.assertEqual(got.get_body(("plain",)).get_content(),
                         f"Hi p12\n{alias}\n-- \nZoë\nBrand & Co\n")
        self.assertEqual(got.get_body(("html",)).get_content().strip(), "<p>Hi</p><p>Zoë, <b>Brand &amp; Co</b></p>")
        self.assertEqual({part.get_filename(): (part.get_content_type(), part.get_payload(decode=True))
                          for part in got.iter_attachments()}, files)
        sent, = [one for one in self.api.get(f"/contacts/email/{PEOPLE[12]}", expect=200).json["recent_activity"]
                 if one["event_type"] == "email_sent"]
        self.assertEqual(sent["description"], "For p12")
        self.server.wait_for(lambda: receiver.told, "the webhook")
        self.assertEqual(receiver.told[0].json["from"], alias)

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
