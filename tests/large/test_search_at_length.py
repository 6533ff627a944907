"""Imports, edits, removals, restarts and kill -9 in random order (tests/api/test_search_changes.py)
at length: more than ten thousand rows changed in five worlds."""
import test_search_changes as changes


class FewCompaniesTest(changes.ChangesTest):
    seed, rounds, counts, timeout_s = 1, 100, (600, 8), 1500
    wanted = {"rows": 1500, "stop": 2, "kill": 6}


class ManyCompaniesTest(changes.ChangesTest):
    seed, rounds, counts, timeout_s = 2, 100, (900, 200), 1500
    late_s = 1
    wanted = {"rows": 1500, "stop": 2, "kill": 6}


class SingleRowsTest(changes.ChangesTest):
    seed, rounds, counts, most, timeout_s = 3, 150, (300, 40), 3, 1500
    wanted = {"rows": 500, "stop": 2, "kill": 6}


class LargeImportsTest(changes.ChangesTest):
    seed, rounds, counts, most, timeout_s = 4, 100, (1500, 150), 120, 1500
    late_s = 1
    wanted = {"rows": 4500, "stop": 2, "kill": 6}


class MiddlingImportsTest(changes.ChangesTest):
    seed, rounds, counts, most, timeout_s = 5, 100, (2500, 60), 60, 1500
    late_s = 1
    wanted = {"rows": 2500, "stop": 2, "kill": 6}
