"""Connections to mail servers that are kept from turn to turn: for the same mailbox and the same login
only, whatever the server does to them meanwhile, and however many mailboxes there are."""
import sys

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.smtp import FakeSmtp  # noqa: E402  (the path is set above)
from lib.sending import Anybody, Sending  # noqa: E402

KEPT_MAX = 64  # src/sequence/kept_smtp.c
GAP_S = 1      # so each message has a turn of its own


class KeptConnectionsTest(Sending, harness.ApiTest):
    settings = {"mail.allow_private": True, "sequence.tick_ms": 50, "sequence.senders": 8}

    def smtp(self, script=None, users=None):
        smtp = FakeSmtp(script, users=users or Anybody(anybody="secret"))
        self.addCleanup(smtp.close)
        return smtp

    def send(self, smtp, name, count):
        """So many messages from one mailbox, one by one; as they came."""
        box = self.connect(f"{name}@acme.example", smtp.port, gap_min_s=GAP_S, gap_max_s=GAP_S)
        people = [f"p{number}@{name}.example" for number in range(count)]
        self.add(self.sequence(box), *people)
        self.server.wait_for(lambda: len(smtp.whole) >= count, f"{count} messages", 60)
        self.assertEqual(sorted(message["to"][0] for message in smtp.whole), people)
        return smtp.whole

    def test_kept(self):
        messages = self.send(self.smtp(), "kept", 6)
        self.assertGreater(max(message["nth"] for message in messages), 0)

    def closed(self, name, reply):
        smtp = self.smtp({"dot": [{"reply": reply, "drop": True}, "250 taken"]})
        messages = self.send(smtp, name, 2)
        self.assertEqual([message["nth"] for message in messages], [0, 0])
        self.assertEqual(smtp.connections, 2)

    def test_the_server_closes_an_idle_one(self):
        self.closed("closes", "250 taken")

    def test_the_server_says_so_before(self):
        self.closed("says", "250 taken\n421 4.4.2 idle for too long")

    def test_a_changed_password(self):
        """The connection that was made with the old one is not used any more."""
        smtp = self.smtp(users={"changed@acme.example": "secret"})
        box = self.connect("changed@acme.example", smtp.port)
        sequence = self.sequence(box)
        self.add(sequence, "one@changed.example")
        self.server.wait_for(lambda: len(smtp.messages) == 1, "the first message")
        smtp.users["changed@acme.example"] = "another"
        self.assertEqual(self.connect("changed@acme.example", smtp.port, password="another"), box)
        self.add(sequence, "two@changed.example")
        self.server.wait_for(lambda: len(smtp.messages) == 2, "the second message")
        self.assertEqual([message["login"] for message in smtp.messages],
                         [("changed@acme.example", "secret"), ("changed@acme.example", "another")])

    def test_more_mailboxes_than_are_kept(self):
        smtp, count = self.smtp(), KEPT_MAX + 6
        boxes = [self.connect(f"m{number}@many.example", smtp.port, gap_min_s=GAP_S, gap_max_s=GAP_S)
                 for number in range(count)]
        for number, box in enumerate(boxes):
            self.add(self.sequence(box), *(f"{who}{number}@lead.example" for who in ("a", "b")))
        self.server.wait_for(lambda: len(smtp.messages) == 2 * count, "all messages", 120)
        self.assertEqual(sorted(message["to"][0] for message in smtp.whole),
                         sorted(f"{who}{number}@lead.example" for who in ("a", "b") for number in range(count)))
        for message in smtp.messages:
            self.assertIn(f"<{message['login'][0]}>", message["from"])
            self.assertEqual(message["login"][0].split("@")[0][1:], message["to"][0].split("@")[0][1:])
