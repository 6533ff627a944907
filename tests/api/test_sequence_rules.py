"""What the settings of sequences and mailboxes do, seen from outside: when a message would go out and
why not now, whose turn it is, and what a recipient does with it. Times are Python's."""
import datetime
import re
import sys
import threading
import zoneinfo

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.smtp import FakeSmtp  # noqa: E402  (the path is set above)
from lib import database  # noqa: E402
from lib.sending import Anybody, MAILBOXES, MESSAGES, SEQUENCES, Sending  # noqa: E402

UTC = datetime.timezone.utc
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FOLLOW_UP = {"type": "email", "variants": [{"text": "Again"}]}
FIRST = {"type": "email", "variants": [{"subject": "Hi", "text": "Hello {{first_name|there}}"}]}


def zone_by_day():
    """Where it is day now, so that no day ends while a test runs."""
    for name in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        zone = zoneinfo.ZoneInfo(name)
        if 5 <= datetime.datetime.now(zone).hour < 20:
            return name, zone
    raise AssertionError("it is night everywhere")


def text_of(at):
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_changes(zone, count=2):
    """The next days in the zone that have 23 or 25 hours."""
    day, found = datetime.datetime.now(zone).date() + datetime.timedelta(3), []
    while len(found) < count:
        begins, ends = (datetime.datetime.combine(when, datetime.time(), zone)
                        for when in (day, day + datetime.timedelta(1)))
        if begins.utcoffset() != ends.utcoffset():
            found.append(day)
        day += datetime.timedelta(1)
    return found


def first_instant(day, hour, minute, zone):
    """Of that time on the wall: the first of two, and behind an hour that is jumped over."""
    at = datetime.datetime.combine(day, datetime.time(hour, minute), zone)
    back = at.astimezone(UTC).astimezone(zone)
    return at if back.time() == at.time() else datetime.datetime.combine(day, datetime.time(3), zone)


class RulesTest(Sending, harness.ApiTest):
    settings = {"mail.allow_private": True, "http.public_url": "https://o.example", "sequence.tick_ms": 50,
                "sequence.senders": 4}
    boxes = 0

    def box(self, script=None, **settings):
        smtp = FakeSmtp(script, users=Anybody(anybody="secret"))
        self.addCleanup(smtp.close)
        RulesTest.boxes += 1
        return smtp, self.connect(f"box{RulesTest.boxes}@rules.example", smtp.port, **settings)

    def lead(self, sequence, address):
        path = f"{SEQUENCES}/{sequence}/leads"
        return self.admin.get(path, query={"email": address}, expect=200).json["leads"][0]

    def waits(self, sequence, address, what):
        """The lead, once it waits for that."""
        found = {}

        def is_so():
            found.update(self.lead(sequence, address))
            return found.get("waits_for") == what
        self.server.wait_for(is_so, f"{what}: {found}")
        return found

    def one(self, address, box, *stages, data=None, **settings):
        """A sequence with one lead."""
        sequence = self.sequence(box, *(stages or (FIRST,)), **settings)
        self.api.post(f"/sequences/{sequence}/leads", {"leads": [{"email": address, "data": data or {}}]}, expect=200)
        return sequence


class WhenTest(RulesTest):
    def test_holidays(self):
        smtp, box = self.box()
        name, zone = zone_by_day()
        today = datetime.datetime.now(zone).date()
        days = [str(today + datetime.timedelta(n)) for n in (0, 1, 3)]
        sequence = self.one("ann@holiday.example", box, time_zone=name, holidays=days)
        opens = datetime.datetime.combine(today + datetime.timedelta(2), datetime.time(), zone)
        self.assertEqual(self.waits(sequence, "ann@holiday.example", "window")["next_at"], text_of(opens))
        other = self.one("bob@holiday.example", box, time_zone=name, holidays=days[1:])
        self.message(other, "bob@holiday.example", "sent")
        self.assertEqual([message["to"] for message in smtp.messages], [["bob@holiday.example"]])

    def test_windows_where_the_lead_is(self):
        """The zone of the lead's data, else of its contact, else the sequence's, else the account's."""
        _, box = self.box()
        day = datetime.datetime.now(UTC).date() + datetime.timedelta(4)
        windows = [{"day": DAYS[day.weekday()], "from": "09:30", "to": "17:00"}]
        self.one("known@zone.example", box, data={"time_zone": "Asia/Kolkata"}, windows=windows)
        self.admin.patch("/dashboard/api/settings", {"time_zone": "America/Sao_Paulo"}, expect=200)
        free = {"ignore_duplicate_leads_in_other_active_sequences": True}
        for address, data, settings, zone in (
                ("a@zone.example", {"time_zone": "Australia/Sydney"}, {"time_zone": "Europe/Paris"}, "Australia/Sydney"),
                ("known@zone.example", {}, {"time_zone": "Europe/Paris"}, "Asia/Kolkata"),
                ("b@zone.example", {}, {"time_zone": "Europe/Paris"}, "Europe/Paris"),
                ("c@zone.example", {}, {}, "America/Sao_Paulo"),
                ("d@zone.example", {"time_zone": "Australia/Sydney"}, {"lead_time_zone": False}, "America/Sao_Paulo")):
            with self.subTest(address):
                sequence = self.sequence(box, FIRST, **settings | {"windows": windows})
                self.api.post(f"/sequences/{sequence}/leads", {"leads": [
                    {"email": address, "data": data, "overrides": free}]}, expect=200)
                opens = datetime.datetime.combine(day, datetime.time(9, 30), zoneinfo.ZoneInfo(zone))
                self.assertEqual(self.waits(sequence, address, "window")["next_at"], text_of(opens))
        self.admin.patch("/dashboard/api/settings", {"time_zone": "UTC"}, expect=200)

    def test_the_hours_of_the_mailbox(self):
        day = datetime.datetime.now(UTC).date() + datetime.timedelta(4)
        hours = [{"day": DAYS[day.weekday()], "from": "13:15", "to": "14:00"}]
        _, box = self.box(time_zone="America/New_York", working_hours=hours)
        sequence = self.one("ann@hours.example", box)
        opens = datetime.datetime.combine(day, datetime.time(13, 15), zoneinfo.ZoneInfo("America/New_York"))
        self.assertEqual(self.waits(sequence, "ann@hours.example", "window")["next_at"], text_of(opens))

    def test_when_clocks_change(self):
        """On days of 23 and of 25 hours; the window begins within the hour that is not there, or is there twice."""
        _, box = self.box()
        for name in ("Europe/Berlin", "America/New_York", "Australia/Sydney"):
            zone = zoneinfo.ZoneInfo(name)
            for number, day in enumerate(clock_changes(zone)):
                for hour, minute in ((0, 0), (1, 30), (2, 30), (9, 0)):
                    with self.subTest(name, day=day, hour=hour):
                        before = datetime.datetime.combine(day - datetime.timedelta(1), datetime.time(12), zone)
                        address = f"{name.split('/')[1].lower()}{number}.{hour}@clock.example"
                        windows = [{"day": DAYS[day.weekday()], "from": f"{hour:02}:{minute:02}", "to": "11:00"}]
                        sequence = self.one(address, box, time_zone=name, windows=windows, start_at=text_of(before))
                        self.assertEqual(self.waits(sequence, address, "window")["next_at"],
                                         text_of(first_instant(day, hour, minute, zone)))

    def test_the_beginning(self):
        _, box = self.box()
        begins = text_of(datetime.datetime.now(UTC) + datetime.timedelta(40))
        sequence = self.one("ann@begins.example", box, start_at=begins)
        self.assertEqual(self.waits(sequence, "ann@begins.example", "start")["next_at"], begins)


class HowManyTest(RulesTest):
    def all_wait(self, sequence, wanted):
        """For what the leads wait, once it is so."""
        found = []

        def is_so():
            leads = self.admin.get(f"{SEQUENCES}/{sequence}/leads", expect=200).json["leads"]
            found[:] = sorted(lead.get("waits_for") or lead["status"] for lead in leads)
            return found == sorted(wanted)
        self.server.wait_for(is_so, f"{wanted}, not {found}")
        return self.admin.get(f"{SEQUENCES}/{sequence}/leads", expect=200).json["leads"]

    def next_day(self, zone):
        return text_of(datetime.datetime.combine(datetime.datetime.now(zone).date() + datetime.timedelta(1),
                                                 datetime.time(), zone))

    def test_so_many_a_day(self):
        name, zone = zone_by_day()
        smtp, box = self.box(time_zone=name, daily_email_limit=2)
        sequence = self.sequence(box, FIRST, new_lead_share=100)
        self.add(sequence, *(f"b{number}@many.example" for number in range(5)))
        leads = self.all_wait(sequence, ["completed"] * 2 + ["budget"] * 3)
        self.assertEqual({lead.get("next_at") for lead in leads}, {None, self.next_day(zone)})
        self.assertEqual(len(smtp.messages), 2)
        # A second sequence has the same mailbox's day.
        other = self.one("ann@many.example", box, new_lead_share=100)
        self.waits(other, "ann@many.example", "budget")

    def test_the_first_day_of_a_ramp_up(self):
        name, _ = zone_by_day()
        smtp, box = self.box(time_zone=name, ramp_start=3, ramp_step=2)
        sequence = self.sequence(box, FIRST, new_lead_share=100)
        self.add(sequence, *(f"r{number}@ramp.example" for number in range(5)))
        self.all_wait(sequence, ["completed"] * 3 + ["budget"] * 2)
        self.assertEqual(len(smtp.messages), 3)

    def test_the_share_of_new_leads(self):
        """A quarter of four; the rest of the day is for follow-ups."""
        name, zone = zone_by_day()
        smtp, box = self.box(time_zone=name, daily_email_limit=4)
        sequence = self.sequence(box, FIRST, FOLLOW_UP, FOLLOW_UP, new_lead_share=25)
        self.add(sequence, *(f"s{number}@share.example" for number in range(4)))
        leads = self.all_wait(sequence, ["completed"] + ["share"] * 3)
        self.assertEqual({lead.get("next_at") for lead in leads}, {None, self.next_day(zone)})
        self.assertEqual([self.parsed(message)["Subject"] for message in smtp.messages], ["Hi", "Re: Hi", "Re: Hi"])

    def test_who_was_written_to_lately(self):
        _, box = self.box()
        sequence, other = self.one("ann@lately.example", box), self.sequence(box)
        self.message(sequence, "ann@lately.example", "sent")
        lead = {"email": "ann@lately.example", "overrides": {"ignore_duplicate_leads_in_other_active_sequences": True}}
        add = lambda: self.api.post(f"/sequences/{other}/leads", {"leads": [lead]}, expect=200).json
        self.assertEqual(add()["recently_contacted_and_skipped"], [{"email": "ann@lately.example"}])
        self.admin.patch("/dashboard/api/settings", {"recently_contacted_days": 0}, expect=200)
        self.assertEqual(add()["total_added_to_sequence"], 1)
        self.admin.patch("/dashboard/api/settings", {"recently_contacted_days": 30}, expect=200)


class OutcomeTest(RulesTest):
    def test_a_bounce_that_does_not_stop(self):
        smtp, box = self.box({"rcpt": ["550 5.1.1 no such user", "250 ok"]})
        sequence = self.one("ann@bounces.example", box, FIRST, {**FIRST, "variants": [{"subject": "Two", "text": "x"}]},
                            stop_on_bounce=False)
        self.server.wait_for(lambda: self.lead(sequence, "ann@bounces.example")["status"] == "completed", "the end")
        self.assertEqual([self.parsed(message)["Subject"] for message in smtp.messages], ["Two"])
        self.assertEqual([m["state"] for m in self.messages(sequence_id=sequence)], ["failed", "sent"])
        excluded = self.api.get("/excluded-emails", expect=200).json["excluded_emails"]
        self.assertNotIn("ann@bounces.example", [row["email"] for row in excluded])

    def test_what_a_message_does_is_shown(self):
        answered = threading.Event()
        for what, script in (("sending", {"dot": {"reply": "250 taken", "when": answered}}),
                             ("retry", {"dot": "451 4.3.0 later"}), ("uncertain", {"dot": ""})):
            _, box = self.box(script)
            self.addCleanup(answered.set)  # before the server closes
            address = f"{what}@shown.example"
            shown = self.waits(self.one(address, box), address, what)
            self.assertTrue(shown["waits_because"], shown)


class ReadingTest(RulesTest):
    PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}

    def some_time_ago(self, message):
        """Filters of mail servers read while a message arrives; this one arrived a minute ago."""
        database.change(self.server, f"UPDATE messages SET sent_at = sent_at - 60000 WHERE id = '{message['id']}'")
        for client in (self.api, self.admin, self.nobody):
            client.close()

    def test_opens_and_clicks(self):
        html = '<p><a href="https://a.example/x?y=1&amp;z=2">this</a> <a href="https://b.example/">that</a></p>'
        smtp, box = self.box()
        sequence = self.one("tom@reads.example", box, {"type": "email", "variants": [
            {"subject": "Hi", "text": "T", "html": html}]}, {"type": "custom_task"}, track_opens=True, track_clicks=True)
        message = self.message(sequence, "tom@reads.example", "sent")
        self.waits(sequence, "tom@reads.example", "task")
        got = self.parsed(smtp.messages[0]).get_body(("html",)).get_content()
        opened = re.search(r'https://o\.example(/t/o/[\w-]+)"', got)[1]
        clicks = [link.replace("&amp;", "&") for link in re.findall(r'https://o\.example(/t/c/[^"]+)"', got)]
        self.assertEqual(len(clicks), 2)
        self.some_time_ago(message)
        for program in ("", "curl/8.5.0", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
                        "Mozilla/5.0 BarracudaCentral", "Mozilla/5.0 (compatible; Mimecast)"):
            self.nobody.get(opened, headers={"User-Agent": program}, expect=200)
            self.nobody.get(clicks[0], headers={"User-Agent": program}, expect=302)
        for link, status in ((opened, 200), (clicks[0], 302)):  # no person sends HEAD
            self.nobody.request("HEAD", link, headers=self.PERSON, judge=False, expect=status)
        shown = lambda: self.admin.get(f"{MESSAGES}/{message['id']}", expect=200).json
        self.assertEqual((shown()["opens"], shown()["clicks"]), (0, 0))
        for _ in range(2):
            self.nobody.get(opened, headers=self.PERSON, expect=200)
        for click, target in zip(clicks, ("https://a.example/x?y=1&z=2", "https://b.example/"), strict=True):
            self.assertEqual(self.nobody.get(click, headers=self.PERSON, expect=302).header("Location"), target)
        self.assertEqual((shown()["opens"], shown()["clicks"]), (2, 2))
        contact = self.api.get("/contacts/email/tom@reads.example", expect=200).json
        kinds = [one["event_type"] for one in contact["recent_activity"]]
        self.assertEqual((kinds.count("email_opened"), kinds.count("email_clicked")), (2, 2))
        tasks = lambda opens: [task["contact"]["email"] for task in self.api.get("/tasks", query={
            "user_id": self.account.user_id, "message_opens": opens}, expect=200).json["tasks"]]
        self.assertIn("tom@reads.example", tasks(2))
        self.assertNotIn("tom@reads.example", tasks(3))
        self.assertEqual(self.lead(sequence, "tom@reads.example")["status"], "waiting_task")  # nothing follows

    def test_ways_to_unsubscribe(self):
        smtp, box = self.box()
        stage = {"type": "email", "variants": [{"subject": "Hi", "text": "T", "html": "<p>T</p>"}]}
        for style, header, link in (("header", True, False), ("link", False, True), ("header_and_link", True, True),
                                    ("none", False, False)):
            with self.subTest(style):
                address = f"{style.replace('_', '.')}@ways.example"
                self.message(self.one(address, box, stage, unsubscribe=style), address, "sent")
                got = self.parsed(smtp.messages[-1])
                self.assertEqual(["List-Unsubscribe" in got, "List-Unsubscribe-Post" in got], [header, header])
                for form in ("plain", "html"):
                    text = got.get_body((form,)).get_content()
                    self.assertEqual("https://o.example/unsubscribe/" in text, link, text)

    def test_unsubscribing_ends_all(self):
        smtp, box = self.box()
        first = self.one("uma@reads.example", box, FIRST, {**FOLLOW_UP, "delay_days": 3}, unsubscribe="header")
        message = self.message(first, "uma@reads.example", "sent")
        second = self.sequence(box, {**FIRST, "delay_days": 3})
        leads = {"leads": [{"email": "uma@reads.example", "overrides": {
            "ignore_duplicate_leads_in_other_active_sequences": True, "ignore_recently_contacted": True}}]}
        self.api.post(f"/sequences/{second}/leads", leads, expect=200)
        got = self.parsed(smtp.messages[0])
        self.assertEqual(got["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        path = re.search(r"https://o\.example(/unsubscribe/[\w-]+)", got["List-Unsubscribe"])[1]
        self.nobody.get(path, headers=self.PERSON, expect=200)
        self.assertEqual(self.lead(first, "uma@reads.example")["status"], "active")
        self.nobody.request("POST", path, b"List-Unsubscribe=One-Click", expect=200,
                            headers={"Content-Type": "application/x-www-form-urlencoded"})
        excluded = [(row["email"], row["excluded_reason"])
                    for row in self.api.get("/excluded-emails", expect=200).json["excluded_emails"]]
        self.assertIn(("uma@reads.example", "unsubscribed"), excluded)
        for sequence in (first, second):
            lead = self.lead(sequence, "uma@reads.example")
            self.assertEqual((lead["status"], lead.get("next_at")), ("unsubscribed", None))
        self.assertEqual(self.messages(sequence_id=second), [])
        contact = self.api.get("/contacts/email/uma@reads.example", expect=200).json
        self.assertIn("email_unsubscribed", [one["event_type"] for one in contact["recent_activity"]])
        self.assertEqual(message["state"], "sent")


if __name__ == "__main__":
    harness.unittest.main()
