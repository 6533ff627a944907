"""Time zones and calendars beside Python's zoneinfo, which reads the same data on its own:
every zone, on random times and around every change of its clock. The C functions are asked
through tests/support/calendar."""
import datetime
import os
import pathlib
import random
import subprocess
import unittest
import zoneinfo

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("OUTRIDER_TEST_BUILD", ROOT / "build/asan"))
EPOCH = datetime.datetime(1970, 1, 1)
UTC = datetime.timezone.utc
DAY, MINUTE = 86400, 60
FROM, TO = 1_577_836_800, 2_114_380_800  # 2020 to 2036: see src/data/zones.h


def ask(lines):
    done = subprocess.run([BUILD / "support/calendar"], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=True)
    assert not done.stderr, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == len(lines), (len(answers), len(lines))
    return answers


def offset(zone, second):
    return int(datetime.datetime.fromtimestamp(second, zone).utcoffset().total_seconds())


def utc_of(zone, local):
    """The instant at which the clock shows `local` first, or jumps over it."""
    wall = EPOCH + datetime.timedelta(seconds=local)
    instants = sorted({int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1)})
    for instant in instants:
        if instant + offset(zone, instant) == local:
            return instant
    low, high = instants
    before = offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
    return high


def changes(zone, first, last):
    """Seconds around which the zone's offset changes, found day by day."""
    known = offset(zone, first)
    for day in range(first, last, DAY):
        after = offset(zone, day + DAY)
        if after != known:
            low, high = day, day + DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == known else (low, middle)
            yield high
            known = after


def next_opening(calendar, at):
    """Of (zone, windows, holidays): the first opening that ends after `at`."""
    zone, windows, holidays = calendar
    today = (at + offset(zone, at)) // DAY
    for day in range(today - 1, today + 400):
        weekday = (day + 3) % 7
        if day in holidays or weekday not in {wanted for wanted, _, _ in windows}:
            continue
        openings = [(max(at, utc_of(zone, day * DAY + start * MINUTE)), utc_of(zone, day * DAY + end * MINUTE))
                    for wanted, start, end in windows if wanted == weekday]
        openings = [one for one in openings if one[0] < one[1]]
        if openings:
            return min(openings, key=lambda one: one[0])
    return None


def next_of_all(calendars, at):
    for _ in range(10000):
        openings = [next_opening(calendar, at) for calendar in calendars]
        if None in openings:
            return None
        begin = max(start for start, _ in openings)
        if begin == at:
            return at, min(end for _, end in openings)
        at = begin
    return None


class ZonesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.random = random.Random(20251123)
        cls.names = sorted(name for name in zoneinfo.available_timezones()
                           if "/" in name and not name.startswith(("posix/", "right/")) or name == "UTC")

    def compare(self, cases):
        """Of (line, expected)."""
        self.assertGreater(len(cases), 100)
        for (line, expected), answer in zip(cases, ask([line for line, _ in cases])):
            self.assertEqual(answer, expected, line)

    def test_every_zone_at_random_times(self):
        cases = []
        for name in self.names:
            zone = zoneinfo.ZoneInfo(name)
            for _ in range(3):
                second = self.random.randrange(FROM, TO)
                cases.append((f"local {name} {second * 1000 + 7}", str((second + offset(zone, second)) * 1000 + 7)))
                cases.append((f"utc {name} {second * 1000}", str(utc_of(zone, second) * 1000)))
        self.compare(cases)

    def test_around_every_change(self):
        cases, zones = [], 0
        for name in self.names[::25] + ["Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin",
                                       "Africa/Casablanca", "Asia/Gaza"]:
            zone = zoneinfo.ZoneInfo(name)
            found = list(changes(zone, 1_704_067_200, 1_704_067_200 + 3 * 366 * DAY))
            zones += bool(found)
            for change in found:
                for around in (-3601, -1801, -1, 0, 1, 900, 1800, 3599, 3600, 3601, 7201):
                    second = change + around
                    cases.append((f"local {name} {second * 1000}", str((second + offset(zone, second)) * 1000)))
                    local = change + offset(zone, change - 1) + around
                    cases.append((f"utc {name} {local * 1000}", str(utc_of(zone, local) * 1000)))
        self.assertGreater(zones, 10)
        self.compare(cases)

    def test_names_that_are_none(self):
        names = ["", "Europe", "Europe/Atlantis", "EST5EDT", "+02:00", "/etc/localtime", "../etc/passwd",
                 "Europe/../UTC", "utc/", "Z", "x" * 65, "UTC;1", "MST7", "Etc/GMT+15"]
        self.assertEqual(set(ask([f"local {name or '?'} 0" for name in names])), {"-"})


class CalendarsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.random = random.Random(7)
        cls.zones = ["Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC",
                     "Pacific/Auckland", "America/Sao_Paulo", "Africa/Casablanca"]

    def calendar(self, near):
        """A name for the program, and the same for the functions above."""
        name = self.random.choice(self.zones)
        windows = []
        for _ in range(self.random.randrange(1, 6)):
            start = self.random.randrange(0, 1439)
            windows.append((self.random.randrange(7), start, self.random.randrange(start + 1, 1441)))
        holidays = {near // DAY + self.random.randrange(30) for _ in range(self.random.randrange(4))}
        text = (f"{name};{','.join(f'{day}:{start}:{end}' for day, start, end in windows)};"
                f"{','.join(map(str, sorted(holidays)))}")
        return text, (zoneinfo.ZoneInfo(name), windows, holidays)

    def expected(self, opening):
        return f"{opening[0] * 1000} {opening[1] * 1000}" if opening else "-"

    def test_random_calendars(self):
        lines, expected, impossible = [], [], 0
        for number in range(80):
            at = self.random.randrange(FROM, TO)
            made = [self.calendar(at) for _ in range(1 + number % 2)]
            lines.append(f"next {at * 1000} {' '.join(text for text, _ in made)}")
            expected.append(self.expected(next_of_all([calendar for _, calendar in made], at)))
            impossible += expected[-1] == "-"
        for line, wanted, answer in zip(lines, expected, ask(lines)):
            self.assertEqual(answer, wanted, line)
        self.assertTrue(3 < impossible < 77, impossible)

    def test_on_days_when_the_clock_changes(self):
        lines, expected = [], []
        for name in self.zones:
            zone = zoneinfo.ZoneInfo(name)
            for change in list(changes(zone, 1_704_067_200, 1_704_067_200 + 2 * 366 * DAY)):
                day = (change + offset(zone, change - 1)) // DAY
                weekday = (day + 3) % 7
                for start, end in [(0, 1440), (120, 150), (90, 120), (150, 181), (60, 90), (0, 60), (119, 121)]:
                    calendar = zone, [(weekday, start, end)], set()
                    for at in (change - 7200, change - 1, change, change + 1800, change + 3600):
                        lines.append(f"next {at * 1000} {name};{weekday}:{start}:{end}")
                        expected.append(self.expected(next_opening(calendar, at)))
        self.assertGreater(len(lines), 200)
        for line, wanted, answer in zip(lines, expected, ask(lines)):
            self.assertEqual(answer, wanted, line)


if __name__ == "__main__":
    unittest.main()
