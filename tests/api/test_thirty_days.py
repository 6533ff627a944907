"""Thirty days of a sequence in a moment, judged send by send (tests/lib/thirty_days.py); the
same at length in tests/large. On a clock that the program moves, so nothing here waits."""
import subprocess
import unittest

import harness
from lib.processes import sanitizer_options
from lib.thirty_days import Days

LEADS, SEED = 90, 11


def live(leads, seed):
    """What happened in thirty days, on the engine of this run."""
    database = harness.Database()
    try:
        where = ["postgresql", database.url] if database.url else ["sqlite", database.folder]
        done = subprocess.run([harness.BINARY.parent / "support/thirty_days", *where, str(leads), str(seed)],
                              text=True, capture_output=True, check=False, timeout=harness.COMMAND_S * 10,
                              env=sanitizer_options(harness.ROOT))
        assert done.returncode == 0 and "ERROR" not in done.stderr, done.stderr
        return Days(done.stdout)
    finally:
        database.remove()


class ThirtyDaysTest(unittest.TestCase):
    def test_every_send(self):
        days = live(LEADS, SEED)
        self.assertEqual(list(days.faults()), [])
        self.assertEqual(len(days.leads), LEADS)
        # The world is lively enough that the rules were put to the test.
        for kind in ("reply", "exclude", "away", "task", "rest"):
            self.assertTrue(days.of(kind), kind)
        self.assertTrue({"sent", "retry", "no_answer"} <= {send["answer"] for send in days.sends})


class CheckerTest(unittest.TestCase):
    """The checker finds each kind of fault that is put into days that have none."""

    def test_finds(self):
        text = live(20, 3)
        self.assertEqual(list(text.faults()), [])
        for name, spoil in FAULTS.items():
            with self.subTest(name):
                days = Days("\n".join(text.texts))
                spoil(days)
                days.index()
                self.assertTrue(any(fault.startswith(name + ":") for fault in days.faults()), name)


def first_follow_up(days):
    return next(send for send in days.sends if days.position(send) == 2 and send["taken"])


def move(days, ms):
    first_follow_up(days)["at"] += ms


FAULTS = {
    "windows": lambda days: move(days, 12 * 3_600_000),
    "gaps": lambda days: days.sends[1].update(at=days.sends[0]["at"] + 1000, mailbox=days.sends[0]["mailbox"]),
    "budgets": lambda days: [box.update(limit=2, ramp_start=0) for box in days.mailboxes.values()],
    "shares": lambda days: [box.update(limit=1, ramp_start=0) for box in days.mailboxes.values()],
    "rests": lambda days: days.of("rest")[0].update(at=days.sends[0]["at"]),
    "stages_in_order": lambda days: move(days, -24 * 3_600_000),
    "threads": lambda days: first_follow_up(days).update(refers_to=""),
    "not_to_be_written_to": lambda days: days.lines.insert(
        days.lines.index(days.sends[0]), {"kind": "reply", "at": 0, "lead": days.sends[0]["lead"]}),
    "all_come_to_an_end": lambda days: days.ends[days.sends[0]["lead"]].update(status="pending", waits_for=""),
}


if __name__ == "__main__":
    unittest.main()
