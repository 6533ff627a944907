"""Thirty days of 1,000 leads over three mailboxes and two time zones, judged send by send."""
import time
import unittest

from test_thirty_days import live

LEADS = 1000


class LargeThirtyDaysTest(unittest.TestCase):
    timeout_s = 1500  # on PostgreSQL on a busy machine

    def test_every_send(self):
        began = time.monotonic()
        days = live(LEADS, 2)
        print(f"{LEADS} leads, {len(days.sends)} sends in {time.monotonic() - began:.1f} s")
        self.assertEqual(list(days.faults()), [])
        self.assertEqual(len(days.leads), LEADS)


if __name__ == "__main__":
    unittest.main()
