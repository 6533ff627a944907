"""A server is killed a hundred times while 100,000 deliveries are on their way: none is lost, and
what comes twice was being sent when it was killed, with the same webhook-id."""
import random
import subprocess
import time

import harness
from lib.receiver import Receiver

WEBHOOKS = "/dashboard/api/webhooks"


class KilledTest(harness.ApiTest):
    settings = {"webhook.allow_private": "true", "webhook.concurrency": 20, "search.engine": "sql"}
    # On PostgreSQL nobody takes over before the lease of the killed process is over.
    kills = 100 if harness.ENGINE == "sqlite" else 20
    events, leads, timeout_s = 100000, 5000, 1800

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receiver = Receiver()
        cls.receiver.keeps = False
        cls.addClassCleanup(cls.receiver.close)

    def setUp(self):
        self.seen, self.looked_at = {}, 0

    def record(self, n):
        engine = ["postgresql", self.server.database.url] if self.server.database.url else \
            ["sqlite", self.server.database.folder / "var"]
        subprocess.run([harness.BUILD / "support/webhooks", *engine, "record", self.account.id, str(n), str(self.leads)],
                       check=True, timeout=harness.COMMAND_S)

    def missing(self):
        new = self.receiver.told[self.looked_at:]
        self.looked_at += len(new)
        for id, at in new:
            self.seen.setdefault(id, []).append(at)
        return self.events - len(self.seen)

    def test_none_is_lost(self):
        self.admin.post(WEBHOOKS, {"url": self.receiver.url("/all")}, expect=201)
        self.server.stop()
        self.record(self.events)
        kills, chance = [], random.Random(6)
        while len(kills) < self.kills and self.missing():
            self.server.start()
            before = len(self.receiver.told)
            self.server.wait_for(lambda n=before: len(self.receiver.told) > n, "a delivery")
            time.sleep(chance.random() * 0.4)
            begin = time.monotonic()
            self.server.kill()
            time.sleep(0.1)  # what it had sent is still being read
            kills.append((begin, time.monotonic()))
        self.assertEqual(len(kills), self.kills, "all was delivered before the last kill")
        self.server.start()
        self.server.wait_for(lambda: not self.missing(), "the rest", timeout_s=self.timeout_s)
        self.server.wait_for(lambda: self.server.metric("outrider_webhook_waiting") == 0, "the log of the rest")
        self.judge(kills)

    def judge(self, kills):
        twice = 0
        for times in self.seen.values():
            twice += len(times) - 1
            for first, second in zip(times, times[1:]):
                self.assertTrue(any(first <= end and second >= begin for begin, end in kills),
                                "twice without a kill in between")
        # What was sent and not recorded: fewer than are held in memory of one webhook.
        self.assertLessEqual(twice, len(kills) * 512)
        print(f"{len(kills)} kills, {self.events} events, {twice} came twice")


if __name__ == "__main__":
    harness.main()
