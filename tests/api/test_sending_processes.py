"""Several processes send from one PostgreSQL database, and one that loses its hold of a mailbox while
it sends: each message comes once. On SQLite there is one process."""
import collections
import signal
import sys
import threading

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.imap import FakeImap  # noqa: E402  (the path is set above)
from fake.smtp import FakeSmtp  # noqa: E402
from lib.sending import Anybody, SEQUENCES, Sending  # noqa: E402

ON_POSTGRES = harness.ENGINE == "postgres"


class ProcessesTest(Sending, harness.ApiTest):
    # Three looks within a quarter of an hour are 4.5 seconds.
    settings = {"mail.allow_private": True, "sequence.tick_ms": 20, "sequence.senders": 3,
                "sequence.clock_scale": 200}

    def smtp(self, script=None):
        smtp = FakeSmtp(script, users=Anybody(anybody="secret"))
        self.addCleanup(smtp.close)
        return smtp

    def another(self):
        server = harness.Server(self.server.settings, database=self.server.database).start()
        self.addCleanup(server.stop)
        return server

    def statistics(self, sequence):
        return self.admin.get(f"{SEQUENCES}/{sequence}/statistics", expect=200).json

    def each_once(self, smtp, wanted):
        got = collections.Counter((message["to"][0], self.parsed(message)["Subject"]) for message in smtp.whole)
        self.assertEqual({what: times for what, times in got.items() if times != 1}, {})
        self.assertEqual(set(got), wanted)

    def test_many_at_once(self):
        """Six mailboxes, two stages, three processes that plan and send at the same time."""
        begins = threading.Event()
        smtp = self.smtp({"banner": {"reply": "220 at last", "when": begins}, "dot": {"reply": "250 taken", "delay_s": 0.01}})
        self.addCleanup(begins.set)
        for _ in range(2 if ON_POSTGRES else 0):
            self.another()
        boxes = [self.connect(f"many{number}@acme.example", smtp.port) for number in range(6)]
        stages = ({"type": "email", "variants": [{"subject": "One", "text": "x"}]},
                  {"type": "email", "variants": [{"subject": "Two", "text": "x"}]})
        sequence = self.sequence(boxes[0], *stages, new_lead_share=100, senders=[
            {"user_id": self.account.user_id, "mailbox_id": box} for box in boxes])
        people = [f"m{number}@many.example" for number in range(150)]
        self.add(sequence, *people)
        holders = "SELECT count(owner), count(DISTINCT owner) FROM mailbox_queues"
        held = lambda: [int(cell) for cell in self.server.database.rows(holders)[0]]
        # Each process sends from three at a time, so six mailboxes are at two processes at least.
        self.server.wait_for(lambda: held()[0] == (6 if ON_POSTGRES else 3), "mailboxes that are held")
        self.assertGreaterEqual(held()[1], 2 if ON_POSTGRES else 1)
        begins.set()
        self.server.wait_for(lambda: self.statistics(sequence)["statuses"] == {"completed": len(people)}, "the end", 90)
        self.each_once(smtp, {(person, stage) for person in people for stage in ("One", "Two")})
        self.assertEqual(self.statistics(sequence)["events"]["email_sent"], 2 * len(people))

    def loses_its_hold(self, imap_port):
        """The process waits for the answer to the final dot, is frozen, and its hold of the mailbox runs
        out; another one goes on; then the first one hears the answer."""
        answered = threading.Event()
        smtp = self.smtp({"dot": [{"reply": "250 taken", "when": answered}, "250 taken"]})
        self.addCleanup(answered.set)
        port = imap_port(smtp)
        sequence = self.sequence(self.connect(f"hold{smtp.port}@acme.example", smtp.port, imap_port=port))
        people = [f"h{number}@hold{smtp.port}.example" for number in range(3)]
        self.add(sequence, *people)
        self.server.wait_for(lambda: smtp.whole, "a message")
        if ON_POSTGRES:
            other, process = self.another(), self.server.process
            process.send_signal(signal.SIGSTOP)
            self.addCleanup(process.send_signal, signal.SIGCONT)
            self.server.database.rows("UPDATE mailbox_queues SET lease_until = 1")  # half a minute passes
            other.wait_for(lambda: len(smtp.messages) >= 2, "the others' messages")
            process.send_signal(signal.SIGCONT)
        answered.set()
        self.server.wait_for(lambda: [m["state"] for m in self.messages(sequence_id=sequence)] == ["sent"] * 3,
                             "the end of all")
        self.each_once(smtp, {(person, "Hi") for person in people})
        self.assertEqual(self.statistics(sequence)["events"]["email_sent"], 3)

    def test_a_hold_that_is_lost(self):
        """Where nobody could look for the message: that it was taken is believed to who heard it."""
        self.loses_its_hold(lambda smtp: 9)

    def test_a_hold_that_is_lost_and_the_message_found(self):
        def files(smtp):
            imap = FakeImap(lambda: [message["bytes"] for message in smtp.whole])
            self.addCleanup(imap.close)
            return imap.port
        self.loses_its_hold(files)


if __name__ == "__main__":
    harness.unittest.main()
