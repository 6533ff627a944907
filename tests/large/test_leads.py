"""kill -9 fifty times while a list of 20,000 leads is worked off: each has one result, and what
is charged is exact (tests/api/test_lead_lists.py)."""
import test_lead_lists as small


class ManyKillsTest(small.KillTest):
    domains = {f"d{n}.org": {} for n in range(500)}
    credits, count, kills, timeout_s = 60000, 20000, 50, 1800

    def pause(self, kill):
        return 0.02 * (kill % 10)
