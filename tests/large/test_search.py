"""Ten thousand random searches (tests/api/test_search_random.py) over five worlds."""
# runs with both search engines
import test_search_random as small


class FirstWorldTest(small.RandomSearchTest):
    seed, counts, searches, timeout_s = 1, (900, 120), 1600, 600


class SecondWorldTest(small.RandomSearchTest):
    seed, counts, searches, timeout_s = 2, (900, 20), 1600, 600


class ThirdWorldTest(small.RandomSearchTest):
    seed, counts, searches, timeout_s = 3, (1500, 300), 1600, 600


class FourthWorldTest(small.RandomSearchTest):
    seed, counts, searches, timeout_s = 4, (100, 40), 1600, 600


class FifthWorldTest(small.RandomSearchTest):
    seed, counts, searches, timeout_s = 5, (2500, 200), 1600, 600
