"""kill -9 two hundred times while messages are sent: a hundred times at each step in turn of what a
sender does from its first connection on (tests/support/killed_server.c), a hundred times at
random. Every lead gets every message once; what was in doubt is looked for in the folder of
sent messages, and was there, or is sent again; nothing is lost."""
import collections
import os
import random
import re
import signal
import subprocess
import sys
import time

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.imap import FakeImap  # noqa: E402  (the path is set above)
from fake.smtp import FakeSmtp  # noqa: E402
from lib.processes import sanitizer_options  # noqa: E402
from lib.sending import ALWAYS, Anybody, SEQUENCES, Sending  # noqa: E402

STEPS, RANDOM = 100, 100
# A killed process's lease holds a mailbox for half a minute on PostgreSQL: others go on.
MAILBOXES = 100 if harness.ENGINE == "postgres" else 8
LEADS, STAGES = 600, ("One", "Two")
DIE_S, END_S = 120, 300


class KilledSenderTest(Sending, harness.ApiTest):
    timeout_s = 1500
    # Three looks within a quarter of an hour are 4.5 seconds.
    settings = {"mail.allow_private": True, "sequence.tick_ms": 20, "sequence.senders": 2,
                "sequence.clock_scale": 200, "search.engine": "sql"}

    @classmethod
    def setUpClass(cls):
        cls.smtp = FakeSmtp({"dot": {"reply": "250 taken", "delay_s": 0.01}}, users=Anybody(anybody="secret"))
        cls.addClassCleanup(cls.smtp.close)
        # A provider files what it takes, whoever hears of that.
        cls.imap = FakeImap(lambda: [message["bytes"] for message in cls.smtp.whole])
        cls.addClassCleanup(cls.imap.close)
        super().setUpClass()
        cls.moments = random.Random(5)

    def switch(self, sequence, action, status):
        self.admin.post(f"{SEQUENCES}/{sequence}/{action}", expect=200)
        self.server.wait_for(lambda: self.admin.get(f"{SEQUENCES}/{sequence}").json["status"] == status, status)

    def prepare_leads(self):
        boxes = [self.connect(f"box{number}@acme.example", self.smtp.port, imap_port=self.imap.port)
                 for number in range(MAILBOXES)]
        stages = [{"type": "email", "variants": [{"subject": stage, "text": "Hello {{first_name}}"}]} for stage in STAGES]
        made = self.admin.post(SEQUENCES, {"name": "Killed", "stages": stages, "settings": {
            "senders": [{"user_id": self.account.user_id, "mailbox_id": box} for box in boxes],
            "windows": ALWAYS, "new_lead_share": 100}}, expect=201).json["id"]
        self.admin.post(f"{SEQUENCES}/{made}/launch", expect=200)
        # Each mailbox has sent something before: else nobody knows whether its server files copies.
        self.people = [f"p{number}@killed.example" for number in range(LEADS)]
        self.add(made, *self.people[:MAILBOXES])
        self.server.wait_for(lambda: len(self.smtp.messages) == MAILBOXES * len(STAGES), "the first messages")
        self.switch(made, "pause", "paused")
        for first in range(MAILBOXES, LEADS, 250):
            self.add(made, *self.people[first:min(first + 250, LEADS)])
        self.switch(made, "resume", "active")
        return made

    # --- kills ---

    def begin(self, kill=None):
        self.port = harness.free_port()
        program = harness.BUILD / "support/killed_server" if kill else harness.BINARY
        environment = {"OUTRIDER_TEST_KILL": kill} if kill else {}
        with open(self.server.log_path, "ab") as log:
            return subprocess.Popen(
                [str(program), "serve", "--listen", f"127.0.0.1:{self.port}", *self.server.common_options()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | sanitizer_options(harness.ROOT) | environment)

    def kill_at(self, step):
        process = self.begin(f"{step} {self.smtp.port},{self.imap.port}")
        try:
            code = process.wait(DIE_S)
        finally:
            process.kill()
        self.assertEqual(code, -signal.SIGKILL, self.server.log_tail())

    def kill_at_random(self):
        """Some time after so many lines were said to the mail server, or while it starts."""
        process, said = self.begin(), len(self.smtp.lines)
        said += self.moments.choice((0, self.moments.randrange(60)))
        until = time.monotonic() + DIE_S
        while len(self.smtp.lines) < said:
            self.assertIsNone(process.poll(), self.server.log_tail())
            self.assertLess(time.monotonic(), until, self.server.log_tail())
            time.sleep(0.001)
        time.sleep(self.moments.random() * self.moments.choice((0.01, 0.5)))
        self.assertIsNone(process.poll(), self.server.log_tail())
        process.kill()
        process.wait()

    # --- what came of it ---

    def arrived(self):
        """How often each lead got each message."""
        subjects = [re.search(rb"^Subject: (.*?)\r$", message["bytes"], re.M)[1].decode() for message in self.smtp.whole]
        return collections.Counter((message["to"][0], subject)
                                   for message, subject in zip(self.smtp.whole, subjects, strict=True))

    def all_messages(self, sequence):
        answer = self.admin.get("/dashboard/api/messages", query={"page[size]": 100, "sequence_id": sequence}).json
        found = answer["messages"]
        while "next" in answer["_links"]:
            answer = self.admin.get(answer["_links"]["next"]["href"], expect=200).json
            found += answer["messages"]
        return found

    def statistics(self, sequence):
        return self.admin.get(f"{SEQUENCES}/{sequence}/statistics", expect=200).json

    def test_killed(self):
        sequence = self.prepare_leads()
        self.server.kill()
        for number in range(max(STEPS, RANDOM)):
            if number < STEPS:
                self.kill_at(number)
            if number < RANDOM:
                self.kill_at_random()
        wanted = {(person, stage) for person in self.people for stage in STAGES}
        self.assertLess(len(self.smtp.whole), len(wanted), "there was nothing left to be killed at")
        self.admin.close()
        self.server.start(index=False)
        self.server.wait_for(lambda: self.statistics(sequence)["statuses"] == {"completed": LEADS},
                             "an end of all leads", END_S)
        self.assertEqual(self.statistics(sequence)["events"]["email_sent"], len(wanted))
        arrived = self.arrived()
        self.assertEqual({what: times for what, times in arrived.items() if times != 1}, {})
        self.assertEqual(set(arrived), wanted)
        messages = self.all_messages(sequence)
        self.assertEqual(collections.Counter(message["state"] for message in messages), {"sent": len(wanted)})
        # Both ways out of doubt were taken.
        found = sum(message.get("reply") == "found in the mailbox" for message in messages)
        again = sum(message["looks"] == 3 for message in messages)
        print(f"{STEPS} kills at steps, {RANDOM} at random: {found} found in the mailbox, {again} sent again")
        self.assertGreater(found, 0)
        self.assertGreater(again, 0)


if __name__ == "__main__":
    harness.unittest.main()
