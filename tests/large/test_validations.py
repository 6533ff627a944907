"""kill -9 fifty times while 20,000 addresses are validated: each has one result and is paid
once (tests/api/test_email_validations.py)."""
import test_email_validations as small


class ManyKillsTest(small.KillTest):
    domains = {f"d{n}.org": {} for n in range(500)}
    credits, count, kills, timeout_s = 21000, 20000, 50, 1800
