"""How mailboxes are read, with servers that behave as real ones do on their bad days, and hundreds of
them at a time. What replies mean is tests/api/test_replies.py."""
import pathlib
import sys

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.farm import Farm  # noqa: E402  (the path is set above)
from fake.imap_inboxes import DRAFTS, JUNK, SENT, FakeInboxes  # noqa: E402
from fake.smtp import FakeSmtp  # noqa: E402
from lib import database  # noqa: E402
from lib.processes import sanitizer_options  # noqa: E402
from lib.sending import ALWAYS, MAILBOXES, SEQUENCES, Anybody, Sending  # noqa: E402

REPLIES = "/dashboard/api/replies"
MANY, READERS, POLL_MS, MINUTE_MS, DAY_MS = 300, 3, 200, 60_000, 86_400_000
YES = "Thanks for writing. This looks interesting, can we talk on Tuesday? Please send me your prices."
REPORT = """From: Mail Delivery System <mailer-daemon@takes.example>
To: {box}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{id}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_r"

--=_r
Content-Type: text/plain

Your message could not be delivered.

--=_r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.takes.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 4.2.2
Diagnostic-Code: smtp; 452 4.2.2 Mailbox full

--=_r
{returned}
--=_r--
"""


class Inboxes(Sending):
    """What both classes share, beside harness.ApiTest."""
    timeout_s = 900
    settings = {"mail.allow_private": True, "sequence.tick_ms": 50, "sequence.senders": 4, "mail.readers": READERS,
                "mail.poll_ms": POLL_MS, "search.engine": "sql", "mail.keep_days": 30}
    made = 0

    @classmethod
    def setUpClass(cls):
        cls.smtp = FakeSmtp(users=Anybody(anybody="secret"))
        cls.addClassCleanup(cls.smtp.close)
        super().setUpClass()

    @classmethod
    def prepare(cls, server):
        """Memory that was given back counts no more."""
        options = sanitizer_options(harness.ROOT)["ASAN_OPTIONS"]
        server.environment["ASAN_OPTIONS"] = f"{options}:quarantine_size_mb=4"

    # --- the outside ---

    def inboxes(self, idles=lambda user: user.startswith("i")):
        server = FakeInboxes(idles)
        self.addCleanup(server.close)
        return server

    @classmethod
    def name(cls, prefix):
        Inboxes.made += 1
        return f"{prefix}{Inboxes.made}"

    def box(self, server, prefix="i"):
        """Address and id of a mailbox that is read there; `prefix` says whether with IDLE."""
        address = f"{self.name(prefix)}@sends.example"
        id = self.connect(address, self.smtp.port, imap_host="127.0.0.1", imap_port=server.port)
        self.addCleanup(self.admin.delete, f"{MAILBOXES}/{id}", expect=204)
        return address, id

    def read_box(self, server, prefix="i"):
        address, id = self.box(server, prefix)
        self.server.wait_for(lambda: server.looks[address] >= 2, "the mailbox to be read")
        return address, id

    def written_to(self, box, *people, subject="An offer", **settings):
        """A sequence whose message each of them got; the messages by recipient."""
        stages = ({"type": "email", "variants": [{"subject": subject, "text": "Dear {{first_name}}, ..."}]},
                  {"type": "email", "delay_days": 3, "variants": [{"text": "Did you see this?"}]})
        sequence = self.sequence(box, *stages, **settings)
        self.add(sequence, *people)
        return sequence, self.sent(*people)

    def sent(self, *people):
        def found():
            return {m["to"][0]: m for m in list(self.smtp.messages) if m["to"][0] in people}
        self.server.wait_for(lambda: len(found()) == len(people), f"{len(people)} messages")
        return {person: self.parsed(message) for person, message in found().items()}

    @classmethod
    def reply_to(cls, got, person, text=YES, **headers):
        """The bytes of an answer. A header that is None is left out."""
        usual = {"From": f"Someone <{person}>", "To": got["From"], "Subject": f"Re: {got['Subject']}",
                 "Message-ID": f"<{cls.name('r')}@takes.example>", "In-Reply-To": got["Message-ID"]}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in (usual | headers).items() if value]
        return ("\n".join(lines) + f"\n\n{text}\n").encode()

    # --- the inside ---

    def replies(self, sequence, count=1):
        path = f"{REPLIES}?sequence_id={sequence}"
        self.server.wait_for(lambda: len(self.admin.get(path, expect=200).json["replies"]) >= count, f"{count} replies")
        found = self.admin.get(path, expect=200).json["replies"]
        self.assertEqual(len(found), count, found)
        return found

    def every_reply(self):
        """Of the account, newest first."""
        path, found = f"{REPLIES}?page[size]=100", []
        while path:
            page = self.admin.get(path, expect=200).json
            found += page["replies"]
            path = page["_links"].get("next", {}).get("href")
        return found

    def mailbox(self, id):
        return self.admin.get(f"{MAILBOXES}/{id}", expect=200).json

    def threads(self):
        return len(list(pathlib.Path(f"/proc/{self.server.process.pid}/task").iterdir()))


class InboxesTest(Inboxes, harness.ApiTest):
    # --- hundreds ---

    def test_hundreds_of_mailboxes(self):
        """Half of them wait with their server, half are asked; while nothing, while a stop, and while a kill."""
        server = self.inboxes()
        self.read_box(server)
        threads, memory_kb = self.threads(), self.server.memory_kb()
        boxes = [self.box(server, "ip"[number % 2]) for number in range(MANY)]
        self.server.wait_for(lambda: all(server.looks[address] >= 2 for address, _ in boxes), "all to be read")
        self.assertEqual(server.connections, MANY + 1)
        self.assertEqual(self.threads(), threads)
        self.assertLess(self.server.memory_kb() - memory_kb, MANY * 600)  # of a sanitizer's, that is

        people = [f"{self.name('many')}@takes.example" for _ in range(MANY)]
        mails = self.many_written_to([id for _, id in boxes], people)

        def everybody_answers():
            for (address, _), person in zip(boxes, people):
                server.deliver(address, b"From: x@else.example\nSubject: Lunch?\nMessage-ID: <x@else.example>\n\nAt one?\n")
                server.deliver(address, self.reply_to(mails[person], person))

        def all_came(count):
            self.server.wait_for(lambda: len(server.fetched) >= count, f"{count} messages to be read", timeout_s=240)
            self.server.wait_for(lambda: len(self.from_many()) >= count, f"{count} replies", timeout_s=240)
            self.assertEqual(sorted(self.from_many()), sorted(people * (count // MANY)))

        everybody_answers()
        all_came(MANY)
        self.server.stop()
        everybody_answers()
        self.server.start()
        all_came(2 * MANY)
        self.assertEqual((len(server.fetched), set(server.fetched.values())), (2 * MANY, {1}))
        everybody_answers()
        self.server.wait_for(lambda: len(server.fetched) > 2 * MANY + 20, "some to be read")
        self.server.kill()
        self.server.start()
        all_came(3 * MANY)
        self.assertEqual(len(server.fetched), 3 * MANY)
        self.assertLessEqual(sum(count > 1 for count in server.fetched.values()), READERS)  # one each when it died

    def many_written_to(self, ids, people):
        for first in range(0, MANY, 100):
            senders = [{"user_id": self.account.user_id, "mailbox_id": id} for id in ids[first:first + 100]]
            sequence = self.admin.post(SEQUENCES, {
                "name": f"Many {first}", "stages": [{"type": "email", "variants": [{"subject": "Hi", "text": "Hello"}]}],
                "settings": {"senders": senders, "windows": ALWAYS}}, expect=201).json["id"]
            self.admin.post(f"{SEQUENCES}/{sequence}/launch", expect=200)
            self.add(sequence, *people[first:first + 100])
        return self.sent(*people)

    def from_many(self):
        """Who wrote the replies of that test, one entry for each."""
        return [writer for writer in (reply["from_address"] for reply in self.every_reply()) if writer.startswith("many")]

    def test_dead_servers_keep_nobody_elses_mail(self):
        """More mailboxes whose server takes connections and says nothing than there are readers."""
        dead, well = self.inboxes(), self.inboxes()
        address, id = self.read_box(well)
        sequence, mails = self.written_to(id, "dead1@takes.example", "dead2@takes.example")
        dead.silent = True
        for number in range(8):
            self.box(dead, "ip"[number % 2])
        self.server.wait_for(lambda: dead.connections >= 2, "readers that wait")
        for number, person in enumerate(mails):
            well.deliver(address, self.reply_to(mails[person], person))
            self.replies(sequence, number + 1)
        self.assertEqual(dead.connections, 2)

    def fail_twice(self, server, count):
        """So many mailboxes that nobody could read lately; now their server takes connections and says nothing."""
        server.drops = True
        ids = [self.box(server)[1] for _ in range(count)]
        failed = f"SELECT count(*) FROM inboxes WHERE failures >= 2 AND mailbox_id IN ({', '.join(map(repr, ids))})"
        self.server.wait_for(lambda: int(self.server.database.rows(failed)[0][0]) == count, "failures")
        server.silent, server.drops = True, False
        self.server.wait_for(lambda: server.connections, "a reader that waits")
        return ids

    def test_one_failure_is_no_doubt(self):
        """Whose connection broke once is not read after those whose server is silent."""
        dead, well = self.inboxes(), self.inboxes()
        address, id = self.read_box(well)
        sequence, mails = self.written_to(id, "once1@takes.example")
        self.fail_twice(dead, 6)
        well.cut()
        well.deliver(address, self.reply_to(mails["once1@takes.example"], "once1@takes.example"))
        path = f"{REPLIES}?sequence_id={sequence}"  # each of the six holds a reader for a minute
        self.server.wait_for(lambda: self.admin.get(path, expect=200).json["replies"], "the reply")

    def test_failures_outlast_a_stop(self):
        """Of who is being read, and of who waits for a reader."""
        dead = self.inboxes()
        ids = ", ".join(map(repr, self.fail_twice(dead, 2)))
        taken = f"SELECT count(owner) FROM inboxes WHERE mailbox_id IN ({ids})"
        self.server.wait_for(lambda: int(self.server.database.rows(taken)[0][0]) == 2, "both to be taken")
        before = self.failures(ids)
        self.server.stop()
        after = self.failures(ids)
        self.server.start()
        self.assertEqual(after, before)

    def failures(self, ids):
        rows = self.server.database.rows(f"SELECT failures FROM inboxes WHERE mailbox_id IN ({ids}) ORDER BY mailbox_id")
        return [int(row[0]) for row in rows]

    # --- servers on their bad days ---

    def test_reconnects_with_backoff(self):
        for prefix in "ip":
            server = self.inboxes()
            address, id = self.read_box(server, prefix)
            person = f"{self.name('back')}@takes.example"
            sequence, mails = self.written_to(id, person)
            server.drops = True
            server.cut()
            before = len(server.arrivals)
            self.server.wait_for(lambda: len(server.arrivals) >= before + 5, "tries")  # noqa: B023
            at = server.arrivals[before:]
            waits = [round(1000 * (later - sooner)) for sooner, later in zip(at, at[1:])]
            for number, wait in enumerate(waits[:4]):
                self.assertGreaterEqual(wait, POLL_MS * 2 ** number * 0.9, waits)
            server.deliver(address, self.reply_to(mails[person], person))
            server.drops = False
            self.assertEqual(self.replies(sequence)[0]["from_address"], person)
            self.assertEqual(self.mailbox(id)["status"], "active")

    def test_a_login_that_is_refused(self):
        """Over and over: the mailbox needs its owner, and its server is left alone until then."""
        server = self.inboxes()
        other, _ = self.read_box(server, "p")
        address, id = self.read_box(server, "p")
        sequence, mails = self.written_to(id, "refused1@takes.example")
        server.refuses.add(address)
        server.cut()
        for number in range(3):
            refused = server.refused[address]
            if number:
                aside = 6 * MINUTE_MS
                database.change(self.server, f"UPDATE mailboxes SET auth_failed_since = auth_failed_since - {aside}, "
                                             f"auth_failed_at = auth_failed_at - {aside} WHERE id = '{id}'",
                                f"UPDATE inboxes SET wake_at = 0 WHERE mailbox_id = '{id}' AND owner IS NULL")
            self.server.wait_for(lambda: server.refused[address] > refused, "a refusal")  # noqa: B023
        self.server.wait_for(lambda: self.mailbox(id)["status"] != "active", "the state")
        box = self.mailbox(id)
        self.assertEqual((box["status"], box["reason"]), ("needs_reconnection", "login_refused"))
        self.assertIn("AUTHENTICATIONFAILED", box["detail"])
        refused, looked = server.refused[address], server.looks[other]
        server.deliver(address, self.reply_to(mails["refused1@takes.example"], "refused1@takes.example"))
        self.server.wait_for(lambda: server.looks[other] > looked + 10, "others to be read")
        self.assertEqual(server.refused[address], refused)
        self.assertEqual(self.admin.get(f"{REPLIES}?sequence_id={sequence}", expect=200).json["replies"], [])
        server.refuses.clear()
        self.connect(address, self.smtp.port, imap_host="127.0.0.1", imap_port=server.port)
        self.assertEqual(self.replies(sequence)[0]["from_address"], "refused1@takes.example")

    def test_numbers_that_change(self):
        """UIDVALIDITY: what is known is not stored again, and what came meanwhile is not missed."""
        server = self.inboxes()
        for prefix in "ip":
            address, id = self.read_box(server, prefix)
            people = [f"{self.name('anew')}@takes.example" for _ in range(3)]
            sequence, mails = self.written_to(id, *people)
            for person in people[:2]:
                server.deliver(address, self.reply_to(mails[person], person))
            self.replies(sequence, 2)
            server.cut()
            server.number_anew(address, 8)
            server.deliver(address, self.reply_to(mails[people[2]], people[2]))
            self.assertEqual(sorted(r["from_address"] for r in self.replies(sequence, 3)), sorted(people))
            self.server.wait_for(lambda: server.fetched[address, "INBOX", 3], "the last")  # noqa: B023

    # --- what is a reply ---

    def test_sent_and_drafts_are_not_read(self):
        """Nor is a copy in INBOX of what the mailbox itself wrote."""
        server = self.inboxes()
        address, id = self.read_box(server)
        person = "sent1@takes.example"
        sequence, mails = self.written_to(id, person)
        own = self.reply_to(mails[person], address, From=address, To=person)
        for folder in (SENT, DRAFTS, "INBOX"):
            server.deliver(address, own.replace(b"Message-ID: <", b"Message-ID: <" + folder.encode()), folder)
            server.deliver(address, mails[person].as_bytes(), folder)
        server.deliver(address, self.reply_to(mails[person], person, text=f"{YES} I mean it."))
        self.assertIn("I mean it", self.replies(sequence)[0]["snippet"])
        self.assertEqual(server.opened, {"INBOX", JUNK})
        self.assertEqual(set(server.fetched), {(address, "INBOX", 3)})

    def test_the_rule_that_matched(self):
        """Every one, each with a message that only it fits."""
        server = self.inboxes()
        address, id = self.read_box(server)
        people = [f"{self.name('rule')}@{self.name('firm')}.example" for _ in range(8)]
        sequence, mails = self.written_to(id, *people)
        none = {"In-Reply-To": None}

        def reply(person, writer=None, **headers):
            return self.reply_to(mails[person], writer or person, **headers)

        def report(person, returned):
            return REPORT.format(box=address, to=person, id=f"{self.name('b')}@x.example", returned=returned).encode()
        headers = "Content-Type: text/rfc822-headers\n\nFrom: {}\nTo: {}\nSubject: An offer\nMessage-ID: {}\n"
        cases = (
            ("in_reply_to", reply(people[0], "else@where.example", Subject="Other")),
            ("references", reply(people[1], "else@where.example", References=f"<0@x.example> {mails[people[1]]['Message-ID']}",
                                 Subject="Other", **none)),
            ("own_header", reply(people[2], "else@where.example", Subject="Other", **none,
                                 **{"X-Outrider-Id": mails[people[2]]["X-Outrider-Id"]})),
            ("report", report(people[3], headers.format(address, people[3], mails[people[3]]["Message-ID"]))),
            ("report_address", report(people[4], "Content-Type: text/plain\n\nnothing")),
            ("sender_subject", reply(people[5], **none)),
            ("sender", reply(people[6], Subject="Something else", **none)),
            ("domain_subject", reply(people[7], f"colleague@{people[7].split('@')[1]}", **none)),
        )
        for number, (rule, message) in enumerate(cases):
            server.deliver(address, message)
            got = self.replies(sequence, number + 1)[0]
            self.assertEqual((got["matched_by"], self.admin.get(f"{REPLIES}/{got['id']}", expect=200).json["matched_by"]),
                             (rule, rule))
            answered = self.admin.get(f"{REPLIES}/{got['id']}", expect=200).json["message_id"]
            self.assertEqual(answered, self.message(sequence, people[number])["id"], rule)

    def test_bytes_are_kept_for_a_time(self):
        server = self.inboxes()
        address, id = self.read_box(server)
        sequence, mails = self.written_to(id, "kept1@takes.example", "kept2@takes.example")
        for number, person in enumerate(mails):
            server.deliver(address, self.reply_to(mails[person], person))
            self.replies(sequence, number + 1)
        new, old = self.replies(sequence, 2)
        for reply in (new, old):
            self.assertIn(YES.encode(), self.admin.get(f"{REPLIES}/{reply['id']}/source", expect=200).body)
        for days, reply in ((29, new), (31, old)):
            database.change(self.server, f"UPDATE reply_sources SET read_at = read_at - {days * DAY_MS} "
                                         f"WHERE reply_id = '{reply['id']}'")
        self.server.wait_for(lambda: self.admin.get(f"{REPLIES}/{old['id']}/source").status == 404, "its bytes to go")
        self.assertEqual(self.admin.get(f"{REPLIES}/{old['id']}", expect=200).json["last_message"], YES)
        self.assertIn(YES.encode(), self.admin.get(f"{REPLIES}/{new['id']}/source", expect=200).body)


class SharedInboxesTest(Inboxes, harness.ApiTest):
    """Several processes read from one PostgreSQL database. On SQLite there is one process."""
    MAILBOXES = 8

    def held(self):
        """How many mailboxes each process reads."""
        rows = self.server.database.rows("SELECT count(*) FROM inboxes WHERE owner IS NOT NULL GROUP BY owner ORDER BY 1")
        return [int(row[0]) for row in rows]

    def test_processes_share(self):
        """One that comes later gets its part, what it reads is nobody's twice, and who stays reads the rest."""
        server, count, shared = self.inboxes(), self.MAILBOXES, harness.ENGINE == "postgres"
        boxes = [self.read_box(server, "ip"[number % 2]) for number in range(count)]
        self.server.wait_for(lambda: self.held() == [count], "all to be read")
        another = harness.Server(self.server.settings, database=self.server.database) if shared else None
        if another:
            another.start()
            self.addCleanup(another.stop)
        self.server.wait_for(lambda: self.held() == ([count // 2] * 2 if shared else [count]), "shares")
        people = [f"{self.name('share')}@takes.example" for _ in boxes]
        sequences = [self.written_to(id, person) for (_, id), person in zip(boxes, people)]

        def everybody_answers(times):
            for (address, _), person, (sequence, mails) in zip(boxes, people, sequences):
                server.deliver(address, self.reply_to(mails[person], person))
                self.replies(sequence, times)
            self.assertEqual((len(server.fetched), set(server.fetched.values())), (times * count, {1}))
        everybody_answers(1)
        if another:
            another.stop()
        self.server.wait_for(lambda: self.held() == [count], "all to be read again")
        everybody_answers(2)


class BouncedAddressesTest(Inboxes, harness.ApiTest):
    """What a hard bounce says of an address, validations of the account say, too. Its server takes every name."""

    @classmethod
    def setUpClass(cls):
        cls.farm = Farm({"takes.org": {"accept": "all"}})
        cls.addClassCleanup(cls.farm.close)
        cls.settings = cls.settings | {
            "verify.dns_servers": cls.farm.dns, "verify.smtp_port": cls.farm.port, "verify.allow_private": True,
            "verify.helo": "probe.example.net", "verify.mail_from": "check@example.net", "verify.probe": True,
            "verify.retry_scale": 0.01}
        super().setUpClass()

    def validated(self, *emails, client=None):
        client = client or self.api
        href = client.post("/email-validations", {"emails": [{"email": e} for e in emails]}, expect=202).header("Location")
        self.server.wait_for(lambda: client.get(href, expect=200).json["status"] == "completed", "the validation")
        return href

    def results(self, href, client=None):
        rows = (client or self.api).get(f"{href}?detail=true", expect=200).json["results"]
        return {row["email"]: (row["result"], row["detail"]) for row in rows}

    def test_a_hard_bounce(self):
        gone, full, gone_bounced = "gone@takes.org", "full@takes.org", {"gone@takes.org": ("undeliverable", "bounced")}
        unclear = ("risky", "catch_all")
        server = self.inboxes()
        address, id = self.read_box(server)
        # Also where the sequence goes on.
        sequence, mails = self.written_to(id, gone, full, stop_on_bounce=False)
        before = self.validated("Gone@takes.org", full)
        self.assertEqual(self.results(before), {"Gone@takes.org": unclear, full: unclear})
        headers = "Content-Type: text/rfc822-headers\n\nTo: {}\nSubject: An offer\nMessage-ID: {}\n"
        for number, (person, status) in enumerate(((gone, "5.1.1"), (full, "4.2.2"))):
            report = REPORT.format(box=address, to=person, id=f"{self.name('b')}@x.example",
                                   returned=headers.format(person, mails[person]["Message-ID"]))
            said = {"5.1.1": "550 5.1.1 User unknown", "4.2.2": "452 4.2.2 Mailbox full"}[status]
            server.deliver(address, report.replace("4.2.2\n", f"{status}\n", 1).replace("452 4.2.2 Mailbox full", said).encode())
            self.assertEqual(self.replies(sequence, number + 1)[0]["bounce_class"], "hard" if person == gone else "soft")
        self.assertEqual(self.results(before), {"Gone@takes.org": gone_bounced[gone], full: unclear})
        later = self.validated(gone, full, "new@takes.org")
        self.assertEqual(self.results(later), gone_bounced | {full: unclear, "new@takes.org": unclear})
        theirs = self.validated(gone, client=self.stranger)
        self.assertEqual(self.results(theirs, self.stranger), {gone: unclear})
        server.deliver(address, self.reply_to(mails[gone], gone))
        self.replies(sequence, 3)
        self.assertEqual(self.results(self.validated(gone)), {gone: unclear})

    def test_a_refused_recipient(self):
        """While the message is sent."""
        smtp = FakeSmtp({"rcpt": "550 5.1.1 no such user"}, users=Anybody(anybody="secret"))
        self.addCleanup(smtp.close)
        server = self.inboxes()
        address = f"{self.name('i')}@sends.example"
        box = self.connect(address, smtp.port, imap_host="127.0.0.1", imap_port=server.port)
        sequence = self.sequence(box)
        self.add(sequence, "refused@takes.org")
        self.message(sequence, "refused@takes.org", "failed")
        self.assertEqual(self.results(self.validated("refused@takes.org")),
                         {"refused@takes.org": ("undeliverable", "bounced")})
        bounced = "SELECT count(*) FROM bounced_addresses WHERE key = 'refused@takes.org'"
        self.assertEqual(int(self.server.database.rows(bounced)[0][0]), 1)
        self.server.line("privacy", "remove", "--email", "refused@takes.org")
        self.assertEqual(int(self.server.database.rows(bounced)[0][0]), 0)


if __name__ == "__main__":
    harness.unittest.main()
