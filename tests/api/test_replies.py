"""Conversations through Postfix and Dovecot: a sequence writes, a person (or their mail server)
answers through SMTP, the answer is fetched over IMAP, understood, and acted on."""
import datetime
import email
import email.policy
import email.utils
import imaplib
import smtplib
import ssl
import sys
import time
from email.message import EmailMessage

import harness
from test_privacy import traces

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.provider import Provider  # noqa: E402  (the path is set above)
from lib import database  # noqa: E402  (the path is set above)
from lib.mail_servers import MailServers  # noqa: E402  (the path is set above)
from lib.receiver import Receiver  # noqa: E402
from lib.sending import ALWAYS, MAILBOXES, Sending  # noqa: E402

SECRET = "open sesame"
SENDERS = [f"sam{number}@sends.example" for number in range(42)]
PEOPLE = [f"p{number}@takes.example" for number in range(66)]
MACHINE = "mailer-daemon@takes.example"
REPLIES = "/dashboard/api/replies"
YES = "Thanks for writing. This looks interesting, can we talk on Tuesday? Please send me your prices."
REPORT = """From: Mail Delivery System <{machine}>
To: {box}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: {id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"

--=_report
Content-Type: text/plain; charset=us-ascii

This is the mail system. Your message could not be delivered.

<{to}>: host mx.takes.example said: {said}

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.takes.example

Final-Recipient: rfc822; {to}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {said}

--=_report
Content-Type: message/rfc822

{message}
--=_report--
"""

COMPLAINT = """From: Abuse Desk <{machine}>
To: {box}
Subject: FW: An offer
Message-ID: {id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="=_report"

--=_report
Content-Type: text/plain; charset=us-ascii

This is an email abuse report for a message that we received.

--=_report
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Feedback/1.0
Version: 1
Original-Rcpt-To: {to}

--=_report
Content-Type: message/rfc822

{message}
--=_report--
"""


class RepliesTest(Sending, harness.ApiTest):
    settings = {"mail.allow_private": True, "sequence.tick_ms": 50, "sequence.senders": 2, "mail.readers": 3,
                "mail.poll_ms": 200, "webhook.allow_networks": "127.0.0.1/32"}
    used = 0

    @classmethod
    def setUpClass(cls):
        cls.servers = MailServers({user: SECRET for user in (*SENDERS, *PEOPLE, MACHINE)})
        cls.addClassCleanup(cls.servers.close)
        cls.servers.__enter__()
        cls.judge = Provider("text", otherwise=(200, {"label": None}))
        cls.addClassCleanup(cls.judge.close)
        cls.settings = cls.settings | {"mail.ca_file": cls.servers.certificate, "reply.hook_url": cls.judge.url,
                                       "reply.hook_token": "t0ken", "reply.hook_allow_private": True}
        super().setUpClass()

    # --- the outside ---

    def start(self, **settings):
        """A mailbox that is being read, with a sequence; an address to write to."""
        number = RepliesTest.used
        RepliesTest.used += 1
        box = self.connect(SENDERS[number], self.servers.submission, smtp_host="localhost", smtp_security="starttls",
                           smtp_user=SENDERS[number], password=SECRET, imap_host="localhost",
                           imap_port=self.servers.imaps, imap_security="tls", imap_user=SENDERS[number])
        stage = {"type": "email", "variants": [{"subject": "An offer", "text": "Dear {{first_name}}, ..."}]}
        later = {"type": "email", "delay_days": 3, "variants": [{"text": "Did you see this?"}]}
        self.server.wait_for(lambda: self.is_waited_in(SENDERS[number]), "the mailbox to be read")
        return SENDERS[number], self.sequence(box, stage, later, **settings)

    def is_waited_in(self, user):
        return (self.servers.folder_of(user) / "dovecot-uidlist").exists()

    def arrived(self, person):
        self.server.wait_for(lambda: self.servers.messages_of(person), f"a message for {person}")
        path, = self.servers.messages_of(person)
        return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)

    def answer(self, got, person, text, subject=None, **headers):
        message = EmailMessage()
        message["From"], message["To"] = f"Someone <{person}>", got["From"]
        message["Subject"] = subject if subject is not None else f"Re: {got['Subject']}"
        message["Date"], message["Message-ID"] = email.utils.formatdate(), email.utils.make_msgid()
        for name, value in headers.items():
            if value:
                message[name.replace("_", "-")] = value
        quoted = "".join(f"> {line}\n" for line in got.get_body(("plain",)).get_content().splitlines())
        message.set_content(f"{text}\n\nOn Mon, 3 Mar 2025 at 10:00, Sam <{got['From'].addresses[0].addr_spec}> wrote:\n{quoted}")
        return message

    def send(self, message, person):
        context = ssl.create_default_context(cafile=self.servers.certificate)
        with smtplib.SMTP("localhost", self.servers.submission) as smtp:
            smtp.starttls(context=context)
            smtp.login(person, SECRET)
            smtp.send_message(message, from_addr=person)

    def reply(self, sequence, person, text, **more):
        """Waits for the sequence's message, answers it."""
        self.add(sequence, person)
        got = self.arrived(person)
        headers = {"In_Reply_To": got["Message-ID"], "References": got["Message-ID"]} | more
        self.send(self.answer(got, person, text, **headers), person)

    # --- the inside ---

    def replies(self, sequence, count=1):
        path = f"{REPLIES}?sequence_id={sequence}"
        self.server.wait_for(lambda: len(self.admin.get(path, expect=200).json["replies"]) >= count, f"{count} replies")
        found = self.admin.get(path, expect=200).json["replies"]
        self.assertEqual(len(found), count, found)
        return found

    def lead(self, sequence, address):
        path = f"/dashboard/api/sequences/{sequence}/leads"
        return self.admin.get(path, query={"email": address}, expect=200).json["leads"][0]

    def excluded(self, address):
        rows = self.api.get("/excluded-emails", expect=200).json["excluded_emails"]
        return [row["excluded_reason"] for row in rows if row["email"] == address]

    def relabel(self, reply, label, **more):
        return self.admin.patch(f"{REPLIES}/{reply['id']}", {"label": label, **more}, expect=200).json

    # --- people ---

    def test_interested(self):
        sender, sequence = self.start()
        self.reply(sequence, PEOPLE[0], YES)
        got, = self.replies(sequence)
        self.assertEqual((got["kind"], got["matched_by"], got["label"]), ("person", "in_reply_to", "interested"), got)
        self.assertEqual((got["snippet"], "body" in got, "last_message" in got), (YES, False, False))
        whole = self.admin.get(f"{REPLIES}/{got['id']}", expect=200).json
        self.assertEqual(whole["last_message"], YES)
        self.assertIn("> Dear p0", whole["body"])
        self.assertEqual({**whole, **got}, whole)
        self.assertEqual((got["from_address"], got["from_name"], got["to_addresses"]), (PEOPLE[0], "Someone", [sender]))
        self.assertEqual(got["subject"], "Re: An offer")
        self.assertEqual(got["effects"], {"lead_ended": "replied", "lead_was": "active"})
        self.assertEqual(self.lead(sequence, PEOPLE[0])["status"], "replied")
        source = self.admin.get(f"{REPLIES}/{got['id']}/source", expect=200).body
        self.assertIn(b"Delivered-To", source)
        contact = self.api.get(f"/contacts/email/{PEOPLE[0]}", expect=200).json
        self.assertIn("email_replied", [entry["event_type"] for entry in contact["recent_activity"]], contact)

    def test_how_a_thread_is_told(self):
        for number, (rule, headers) in enumerate((
                ("references", {"In_Reply_To": None}),
                ("sender_subject", {"In_Reply_To": None, "References": None}),
                ("sender", {"In_Reply_To": None, "References": None, "subject": "Something else"}))):
            if number == 0:
                _, sequence = self.start()
            person = PEOPLE[1 + number]
            self.reply(sequence, person, YES, **headers)
            self.assertEqual(self.replies(sequence, number + 1)[0]["matched_by"], rule)
            self.assertEqual(self.lead(sequence, person)["status"], "replied")

    def test_a_colleague_answers(self):
        _, sequence = self.start(stop_on_domain_reply=True)
        self.add(sequence, PEOPLE[4], PEOPLE[5])
        got = self.arrived(PEOPLE[4])
        self.arrived(PEOPLE[5])
        self.send(self.answer(got, PEOPLE[6], YES), PEOPLE[6])
        reply, = self.replies(sequence)
        self.assertEqual((reply["matched_by"], reply["from_address"]), ("domain_subject", PEOPLE[6]))
        for person in PEOPLE[4:6]:
            self.assertEqual(self.lead(sequence, person)["status"], "replied")

    def test_strangers_are_not_kept(self):
        sender, sequence = self.start()
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = PEOPLE[7], sender, "Lunch?"
        message.set_content("At one?")
        self.send(message, PEOPLE[7])
        self.reply(sequence, PEOPLE[8], YES)
        self.replies(sequence)
        every = self.admin.get(REPLIES, query={"page[size]": 100}, expect=200).json["replies"]
        self.assertNotIn("Lunch?", [reply.get("subject") for reply in every])

    def test_hard_no_and_second_thoughts(self):
        _, sequence = self.start()
        self.reply(sequence, PEOPLE[9], "Stop writing to me. Remove me from your list immediately.")
        got, = self.replies(sequence)
        self.assertEqual((got["label"], got["effects"]["excluded_email"]), ("hard_no", PEOPLE[9]), got)
        self.assertEqual(self.excluded(PEOPLE[9]), ["hard_no"])
        path = f"{REPLIES}/{got['id']}"
        changed = self.admin.patch(path, {"label": "ooo", "return_on": "2036-01-07"}, expect=200).json
        self.assertEqual((changed["label"], changed["label_source"], changed["effects"]), ("ooo", "person", {"lead_paused": True}))
        self.assertEqual(self.excluded(PEOPLE[9]), [])
        lead = self.lead(sequence, PEOPLE[9])
        self.assertEqual((lead["status"], lead["reason"], lead["paused_until"][:10]), ("paused", "out_of_office", "2036-01-07"))
        again = self.admin.patch(path, {"label": "interested"}, expect=200).json
        self.assertEqual(again["effects"]["lead_ended"], "replied", again)
        self.assertEqual(self.lead(sequence, PEOPLE[9])["status"], "replied")
        self.assertNotIn("label", self.admin.patch(path, {"label": None}, expect=200).json)
        for wrong in ({"label": "nonsense"}, {"return_on": "2036-01-07"}, {"label": "ooo", "return_on": "soon"}):
            self.admin.patch(path, wrong, expect=400)
        self.admin.patch(f"{REPLIES}/0198f652-73a2-7d41-914e-e511382bb808", {"label": "ooo"}, expect=404)
        self.api.patch(path, {"label": "ooo"}, expect=403)

    # --- another judge ---

    def judged(self, sequence, person, text, *answers):
        """The reply once the endpoint was asked so often."""
        self.judge.answers[text] = list(answers)
        self.reply(sequence, person, text)
        self.server.wait_for(lambda: not self.judge.answers[text], "the questions")
        return self.replies(sequence)[0]["id"]

    def reply_with(self, id, label):
        got = {}

        def has_it():
            got.update(self.admin.get(f"{REPLIES}/{id}", expect=200).json)
            return got.get("label") == label
        self.server.wait_for(has_it, f"the label {label}")
        return got

    def unlabeled_flow(self):
        """A workflow for replies without a label, and how often it ran."""
        path = "/dashboard/api/workflows"
        flow = self.admin.post(path, {"name": "Look", "labels": ["unlabeled"],
                                      "actions": [{"type": "create_task", "subject": "Look"}]}, expect=201).json
        self.addCleanup(self.admin.delete, f"{path}/{flow['id']}", expect=204)
        self.admin.post(f"{path}/{flow['id']}/enable", expect=200)
        return lambda: len(self.admin.get(f"{path}/{flow['id']}/runs", expect=200).json["runs"])

    def test_another_judge(self):
        """Is asked what is not certain, and answers what would have been a label anyway."""
        self.server.allow_errors("reply hook answered 503")
        runs = self.unlabeled_flow()
        _, sequence = self.start()
        id = self.judged(sequence, PEOPLE[50], "Fine, number fifty.", (503, {}),
                         (200, {"label": "hard_no", "confidence": 900, "why": "who knows"}))
        got = self.reply_with(id, "hard_no")
        self.assertEqual((got["label_source"], got["confidence"], got["effects"]["excluded_email"]), ("hook", 900, PEOPLE[50]), got)
        self.assertEqual((self.excluded(PEOPLE[50]), runs()), (["hard_no"], 0))
        question = next(question for question in self.judge.questions if question["text"] == "Fine, number fifty.")
        labels = question.pop("labels")
        self.assertEqual(question, {"id": id, "subject": "Re: An offer", "text": "Fine, number fifty.",
                                    "from_address": PEOPLE[50]})
        self.assertIn("not_the_right_person", labels)
        self.assertEqual(set(self.judge.tokens), {"Bearer t0ken"})
        asked = len(self.judge.questions)
        self.reply(sequence, PEOPLE[51], YES)
        self.assertEqual(self.replies(sequence, 2)[0]["label"], "interested")
        self.assertEqual(len(self.judge.questions), asked)

    def test_another_judge_of_a_long_reply(self):
        """Hears the beginning."""
        _, sequence = self.start()
        lines = [f"Fine, line {number} of it, \"so\" to say." for number in range(3000)]
        self.reply(sequence, PEOPLE[59], "\n".join(lines))
        got, = self.replies(sequence)

        def heard():
            return [question["text"] for question in self.judge.questions if question["id"] == got["id"]]
        self.server.wait_for(heard, "the question")
        self.assertEqual(heard(), ["\n".join(lines)[:16384]])

    def test_another_judge_does_not_know(self):
        self.server.allow_errors("the answer cannot be read")
        runs = self.unlabeled_flow()
        for number, answer in enumerate(({"label": None}, {"label": "hard_no", "confidence": 690},
                                         {"label": "interested", "confidence": 499}, {"label": "maybe"}, {"confidence": 1000},
                                         ["interested"])):
            _, sequence = self.start()
            id = self.judged(sequence, PEOPLE[52 + number], f"Fine, number {number}.", (200, answer))
            self.server.wait_for(lambda: runs() == number + 1, f"the workflow for {answer}")  # noqa: B023
            self.assertNotIn("label", self.admin.get(f"{REPLIES}/{id}", expect=200).json, answer)

    def test_a_person_is_quicker_than_another_judge(self):
        _, sequence = self.start()
        text = "Fine, then."
        self.judge.hold()
        self.addCleanup(self.judge.release)
        self.judge.answers[text] = (200, {"label": "hard_no"})
        self.reply(sequence, PEOPLE[58], text)
        got, = self.replies(sequence)
        self.server.wait_for(lambda: text in [question["text"] for question in self.judge.questions], "the question")
        self.relabel(got, "interested")
        done = self.server.metric("outrider_jobs", '{status="done"}')
        self.judge.release()
        self.server.wait_for(lambda: self.server.metric("outrider_jobs", '{status="done"}') > done, "the answer")
        got = self.admin.get(f"{REPLIES}/{got['id']}", expect=200).json
        self.assertEqual((got["label"], got["label_source"], self.excluded(PEOPLE[58])), ("interested", "person", []))

    def test_what_is_shown(self):
        """Without what would move the cursor of a terminal or end a text."""
        _, sequence = self.start()
        self.reply(sequence, PEOPLE[26], "Yes\x07 please,\x1b[31m send\tit\x9c.", subject="Re: An\x08 offer")
        got = self.admin.get(f"{REPLIES}/{self.replies(sequence)[0]['id']}", expect=200).json
        self.assertEqual((got["last_message"], got["snippet"], got["subject"]),
                         ("Yes please,[31m send\tit.", "Yes please,[31m send it.", "Re: An offer"))

    # --- absences ---

    def test_out_of_office(self):
        _, sequence = self.start(out_of_office_days=9)
        self.reply(sequence, PEOPLE[10], "I am out of the office and have no access to my mail.",
                   subject="Automatic reply: An offer", Auto_Submitted="auto-replied")
        got, = self.replies(sequence)
        self.assertEqual((got["kind"], got["label"]), ("out_of_office", "ooo"), got)
        lead = self.lead(sequence, PEOPLE[10])
        self.assertEqual((lead["status"], lead["reason"]), ("paused", "out_of_office"))
        until = time.mktime(time.strptime(lead["paused_until"], "%Y-%m-%dT%H:%M:%SZ"))
        self.assertLess(abs(until - time.mktime(time.gmtime()) - 9 * 86400), 600)

    def test_rules_that_are_off(self):
        """What came is kept and labelled; the lead goes on."""
        away = {"subject": "Automatic reply: An offer", "Auto_Submitted": "auto-replied"}
        for number, (rules, text, headers, kind, status) in enumerate((
                ({"stop_on_reply": False}, YES, {}, "person", "active"),
                ({"out_of_office": "ignore"}, "I am out of the office.", away, "out_of_office", "active"),
                ({"out_of_office": "stop"}, "I am out of the office.", away, "out_of_office", "replied"))):
            with self.subTest(rules):
                _, sequence = self.start(**rules)
                self.reply(sequence, PEOPLE[60 + number], text, **headers)
                got, = self.replies(sequence)
                self.assertEqual((got["kind"], self.lead(sequence, PEOPLE[60 + number])["status"]), (kind, status), got)

    def test_a_bounce_that_does_not_stop(self):
        _, sequence = self.start(stop_on_bounce=False)
        self.add(sequence, PEOPLE[63])
        got = self.arrived(PEOPLE[63])
        self.bounce(got, PEOPLE[63], "550 5.1.1 User unknown")
        reply, = self.replies(sequence)
        self.assertEqual((reply["kind"], reply.get("effects", {}).get("lead_ended")), ("bounce", None), reply)
        self.assertEqual((self.lead(sequence, PEOPLE[63])["status"], self.excluded(PEOPLE[63])), ("active", []))

    def test_dates(self):
        _, sequence = self.start()
        today = datetime.date.today()
        back, later = today + datetime.timedelta(20), today + datetime.timedelta(14)
        self.reply(sequence, PEOPLE[19], f"I am out of the office and will be back on {back}.",
                   subject="Automatic reply: An offer", Auto_Submitted="auto-replied")
        self.assertEqual(self.replies(sequence)[0]["return_on"], str(back))
        self.assertEqual(self.lead(sequence, PEOPLE[19])["paused_until"][:10], str(back))
        self.reply(sequence, PEOPLE[20], "This is not a good time for us. Please get back to me in two weeks.")
        got = self.replies(sequence, 2)[0]
        self.assertEqual((got["label"], got["follow_up_on"]), ("asked_to_circle_back_later", str(later)), got)
        self.assertEqual(self.lead(sequence, PEOPLE[20])["status"], "replied")

    def test_referred(self):
        _, sequence = self.start()
        self.reply(sequence, PEOPLE[21], "I am not the right person for this. Please contact Ana Silva "
                                         "(ana.silva@takes.example), our head of purchasing.")
        got, = self.replies(sequence)
        self.assertEqual(got["label"], "not_the_right_person", got)
        self.assertEqual({key: got["referred"][key] for key in ("email", "first_name", "last_name")},
                         {"email": "ana.silva@takes.example", "first_name": "Ana", "last_name": "Silva"}, got)

    def test_unsubscribing_by_mail(self):
        _, sequence = self.start()
        self.reply(sequence, PEOPLE[23], "", subject="unsubscribe", In_Reply_To=None, References=None)
        self.replies(sequence)
        self.assertEqual(self.lead(sequence, PEOPLE[23])["status"], "unsubscribed")
        self.assertEqual(self.excluded(PEOPLE[23]), ["unsubscribed"])

    def test_own_mail_is_no_reply(self):
        """Two mailboxes of the account: what one sends to the other is no answer to it."""
        first, sequence = self.start()
        second, _ = self.start()
        self.add(sequence, second)
        got = self.arrived(second)
        self.send(self.answer(got, second, YES, In_Reply_To=got["Message-ID"]), second)
        reply, = self.replies(sequence)
        self.assertEqual((reply["from_address"], reply["to_addresses"]), (second, [first]))

    def test_copies_count_once(self):
        first, sequence = self.start()
        second, _ = self.start()
        self.add(sequence, PEOPLE[24])
        got = self.arrived(PEOPLE[24])
        message = self.answer(got, PEOPLE[24], YES, In_Reply_To=got["Message-ID"])
        message["Cc"] = second
        self.send(message, PEOPLE[24])
        self.server.wait_for(lambda: all(list(self.servers.folder_of(box).glob("*/*.*")) for box in (first, second)),
                             "two copies")
        self.add(sequence, PEOPLE[25])
        got = self.arrived(PEOPLE[25])
        self.send(self.answer(got, PEOPLE[25], YES, In_Reply_To=got["Message-ID"], Cc=second), PEOPLE[25])
        self.replies(sequence, 2)

    # --- all the way ---

    def test_a_conversation(self):
        """Sent, answered, fetched, labelled, ended, a workflow run, told to a webhook with its signature."""
        receiver = Receiver()
        self.addCleanup(receiver.close)
        hook = self.admin.post("/dashboard/api/webhooks", {"url": receiver.url("/told")}, expect=201).json
        actions = [{"type": "pause", "until": "any_date", "days": 5}, {"type": "send_json", "webhook_id": hook["id"]}]
        flow = self.admin.post("/dashboard/api/workflows", {"name": "Later", "labels": ["asked_to_circle_back_later"],
                                                            "actions": actions}, expect=201).json
        self.addCleanup(self.admin.delete, f"/dashboard/api/workflows/{flow['id']}", expect=204)
        self.addCleanup(self.admin.delete, f"/dashboard/api/webhooks/{hook['id']}", expect=204)
        self.admin.post(f"/dashboard/api/workflows/{flow['id']}/enable", expect=200)
        _, sequence = self.start()
        self.reply(sequence, PEOPLE[22], "This is not a good time for us. Please get back to me in two weeks.")
        later = str(datetime.date.today() + datetime.timedelta(14))
        got, = self.replies(sequence)
        lead = self.lead(sequence, PEOPLE[22])
        self.assertEqual((lead["status"], lead["reason"], lead["paused_until"][:10]), ("paused", "workflow", later), got)
        run, = self.admin.get(f"/dashboard/api/workflows/{flow['id']}/runs", expect=200).json["runs"]
        self.assertEqual([action["status"] for action in run["actions"]], ["done", "done"], run)
        self.server.wait_for(lambda: len(receiver.of("/told")) >= 3, "what is told")
        bodies = {"workflow" if "email_message" in told.json else "reply" if told.json["is_reply"] else "sent": told
                  for told in receiver.of("/told")}
        self.assertEqual(sorted(bodies), ["reply", "sent", "workflow"])
        for told in bodies.values():
            self.assertTrue(told.is_signed_with(hook["secret"]))
        flow_body = bodies["workflow"].json
        self.assertEqual(flow_body["additional_info"], {"follow_up_date": later})
        self.assertEqual((flow_body["lead"]["email"], flow_body["email_message"]["tag"]),
                         (PEOPLE[22], ["asked_to_circle_back_later"]))
        self.assertEqual(bodies["reply"].json["labels"], ["asked_to_circle_back_later"])

    def test_a_reply_sequence(self):
        """A workflow goes on in the thread of the reply, from the mailbox that got it; then it is answered."""
        receiver = Receiver()
        self.addCleanup(receiver.close)
        hook = self.admin.post("/dashboard/api/webhooks", {"url": receiver.url("/thread"), "activities": [
            "reply_sequence_email", "reply_sequence_reply"]}, expect=201).json
        self.addCleanup(self.admin.delete, f"/dashboard/api/webhooks/{hook['id']}", expect=204)
        sender, sequence = self.start()
        other, _ = self.start()  # another mailbox is the reply sequence's own
        boxes = {box["email"]: box["id"] for box in
                 self.admin.get(MAILBOXES, query={"page[size]": 100}, expect=200).json["mailboxes"]}
        stages = [{"type": "email", "variants": [{"text": "Great, {{first_name}}!"}]},
                  {"type": "email", "delay_days": 3, "variants": [{"text": "Still there?"}]}]
        going_on = self.admin.post("/dashboard/api/sequences", {
            "name": "Go on", "kind": "reply_sequence", "stages": stages, "settings": {
                "senders": [{"user_id": self.account.user_id, "mailbox_id": boxes[other]}], "windows": ALWAYS}},
            expect=201).json["id"]
        self.admin.post(f"/dashboard/api/sequences/{going_on}/launch", expect=200)
        actions = [{"type": "add_to_sequence", "sequence_id": going_on},
                   {"type": "add_to_sequence", "sequence_id": going_on, "whom": "referred"}]
        flow = self.admin.post("/dashboard/api/workflows", {"name": "Go on", "labels": ["interested"], "actions": actions,
                                                            "conditions": {"sequence_ids": [sequence]}}, expect=201).json
        self.addCleanup(self.admin.delete, f"/dashboard/api/workflows/{flow['id']}", expect=204)
        self.admin.post(f"/dashboard/api/workflows/{flow['id']}/enable", expect=200)
        self.add(sequence, PEOPLE[41])
        first = self.arrived(PEOPLE[41])
        answer = self.answer(first, PEOPLE[41], YES, In_Reply_To=first["Message-ID"])
        self.send(answer, PEOPLE[41])
        self.server.wait_for(lambda: len(self.servers.messages_of(PEOPLE[41])) == 2, "a message in the thread")
        run, = self.admin.get(f"/dashboard/api/workflows/{flow['id']}/runs", expect=200).json["runs"]
        self.assertEqual([(step["status"], "error" in step and step["error"]) for step in run["actions"]],
                         [("done", None), ("failed", "The reply names no address of somebody else")], run)
        mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                 for path in self.servers.messages_of(PEOPLE[41])]
        second, = [mail for mail in mails if mail["Message-ID"] != first["Message-ID"]]
        self.assertEqual((second["From"].addresses[0].addr_spec, second["Subject"]), (sender, "Re: An offer"))
        self.assertEqual((second["In-Reply-To"], second["References"]),
                         (answer["Message-ID"], f"{first['Message-ID']} {answer['Message-ID']}"))
        self.assertIn("Great, p41!", second.get_body(("plain",)).get_content())
        lead = self.lead(going_on, PEOPLE[41])
        self.assertEqual((lead["reply_id"], lead["mailbox_id"]), (run["reply_id"], boxes[sender]))
        self.send(self.answer(second, PEOPLE[41], YES, In_Reply_To=second["Message-ID"]), PEOPLE[41])
        self.replies(going_on)
        self.assertEqual(self.lead(going_on, PEOPLE[41])["status"], "replied")
        self.server.wait_for(lambda: len(receiver.of("/thread")) >= 2, "what is told")
        sent, back = sorted((told.json for told in receiver.of("/thread")), key=lambda told: told["is_reply"])
        for told, is_reply in ((sent, False), (back, True)):
            self.assertEqual((told["is_reply"], told["reply_sequence_stage"], "sequence" in told),
                             (is_reply, {"index": 1}, False))
            self.assertEqual(sorted(told["reply_sequence"]), ["end_date", "name", "start_date"])

    def test_admins_are_told_of_a_disabled_webhook(self):
        """From a mailbox of the account; an admin whose address does not work keeps it from nobody."""
        receiver = Receiver()
        self.addCleanup(receiver.close)
        receiver.answers["/gone/secret"] = lambda told: (410, {})
        for person, role in ((PEOPLE[42], "admin"), (PEOPLE[43], "sales_rep")):
            self.server.cli("user", "add", "--email", person, "--first-name", "Ada", "--last-name", "Min", "--role", role,
                            "--account", self.account.id)
        self.start()
        hook = self.admin.post("/dashboard/api/webhooks", {"url": receiver.url("/gone/secret")}, expect=201).json
        self.addCleanup(self.admin.delete, f"/dashboard/api/webhooks/{hook['id']}", expect=204)
        self.admin.post(f"/dashboard/api/webhooks/{hook['id']}/test")
        got = self.arrived(PEOPLE[42])
        self.assertEqual((got["Subject"], got["Auto-Submitted"]), ("A webhook was disabled", "auto-generated"))
        self.assertIn(got["From"].addresses[0].addr_spec, SENDERS)
        text = got.get_body(("plain",)).get_content()
        self.assertIn(f"The webhook {hook['id']} to 127.0.0.1:{receiver.port} was disabled: it answered that it is gone", text)
        self.assertNotIn("secret", text)
        self.assertEqual(self.admin.get(f"/dashboard/api/webhooks/{hook['id']}", expect=200).json["disabled_reason"], "gone")
        self.assertEqual(self.servers.messages_of(PEOPLE[43]), [])

    # --- reports ---

    def bounce(self, got, person, said="550 5.1.1 User unknown", returned=None, machine=MACHINE):
        """What is returned: the message, unless that is given as text."""
        box = got["From"].addresses[0].addr_spec
        report = REPORT.format(to=person, said=said, status=said.split()[1], machine=machine, box=box,
                               id=email.utils.make_msgid(), message=returned or got.as_string())
        self.send(email.message_from_string(report), machine)

    def test_forged_reports(self):
        """Anybody can write that an address does not exist."""
        _, sequence = self.start()
        self.add(sequence, *PEOPLE[32:36])
        mails = [self.arrived(person) for person in PEOPLE[32:36]]
        header = "From: {}\nTo: {}\nSubject: {}\n\nHello\n".format
        self.bounce(mails[0], PEOPLE[32], returned=header(mails[0]["From"], PEOPLE[32], "Something else"))
        self.bounce(mails[1], PEOPLE[33], returned=header(mails[1]["From"], PEOPLE[33], "Else"), machine=PEOPLE[33])
        for number in range(2):
            forged = self.replies(sequence, 2)[1 - number]
            self.assertEqual((forged["kind"], "bounce_class" in forged, forged.get("effects", {})), ("bounce", False, {}), forged)
            self.assertEqual(self.lead(sequence, PEOPLE[32 + number])["status"], "active")
        contact = self.api.get(f"/contacts/email/{PEOPLE[32]}", expect=200).json
        self.assertNotIn("email_bounced", [entry["event_type"] for entry in contact["recent_activity"]], contact)
        self.bounce(mails[2], PEOPLE[34], returned=header(mails[2]["From"], PEOPLE[34], "An offer"))
        self.assertEqual(self.replies(sequence, 3)[0]["bounce_class"], "hard")
        self.assertEqual(self.lead(sequence, PEOPLE[34])["status"], "bounced")
        id = self.message(sequence, PEOPLE[35])["id"]
        fortnight = 14 * 86400 * 1000
        database.change(self.server, f"UPDATE messages SET sent_at = sent_at - {fortnight} WHERE id = '{id}'")
        self.bounce(mails[3], PEOPLE[35])
        late = self.replies(sequence, 4)[0]
        self.assertEqual(("bounce_class" in late, self.lead(sequence, PEOPLE[35])["status"]), (False, "active"), late)
        self.assertEqual(sum(map(self.excluded, PEOPLE[32:36]), []), ["bounced"])

    def test_complaints(self):
        """By somebody who got the message, and by somebody who only says so (no id of ours, another subject)."""
        _, sequence = self.start()
        self.add(sequence, *PEOPLE[44:46])
        mails = [self.arrived(person) for person in PEOPLE[44:46]]
        forged = f"From: {mails[1]['From']}\nTo: {PEOPLE[45]}\nSubject: Something else\n\nHello\n"
        for number, returned in enumerate((mails[0].as_string(), forged)):
            text = COMPLAINT.format(machine=MACHINE, box=mails[number]["From"].addresses[0].addr_spec, message=returned,
                                    id=email.utils.make_msgid(), to=PEOPLE[44 + number])
            self.send(email.message_from_string(text), MACHINE)
            self.assertEqual(self.replies(sequence, number + 1)[0]["kind"], "complaint")
        leads = [self.lead(sequence, person) for person in PEOPLE[44:46]]
        self.assertEqual([(lead["status"], lead.get("reason")) for lead in leads],
                         [("unsubscribed", "complaint"), ("active", None)])
        self.assertEqual([self.excluded(person) for person in PEOPLE[44:46]], [["complaint"], []])

    def test_soft_bounces_are_forgotten(self):
        _, sequence = self.start()
        self.add(sequence, PEOPLE[36])
        got = self.arrived(PEOPLE[36])
        count = 0

        def bounces(times):
            nonlocal count
            for _ in range(times):
                self.bounce(got, PEOPLE[36], "452 4.2.2 Mailbox full")
                count += 1
                self.replies(sequence, count)
            return self.lead(sequence, PEOPLE[36])
        self.assertEqual(bounces(2)["status"], "active")
        month = 31 * 86400 * 1000
        database.change(self.server, f"UPDATE replies SET created_at = created_at - {month} WHERE sequence_id = '{sequence}'")
        self.assertEqual(bounces(2)["status"], "active")
        lead = bounces(1)
        self.assertEqual((lead["status"], lead["reason"]), ("errored", "soft_bounces"))
        self.admin.post(f"/dashboard/api/leads/{lead['id']}/retry", {}, expect=200)
        self.assertEqual(bounces(2)["status"], "active")
        self.send(self.answer(got, PEOPLE[36], "I received your request.", subject="[Ticket 1] An offer",
                              In_Reply_To=got["Message-ID"], Auto_Submitted="auto-generated"), PEOPLE[36])
        count += 1
        self.replies(sequence, count)
        self.assertEqual(bounces(2)["status"], "active")

    def test_bounces(self):
        _, sequence = self.start()
        self.add(sequence, *PEOPLE[11:14])
        mails = {person: self.arrived(person) for person in PEOPLE[11:14]}
        self.bounce(mails[PEOPLE[11]], PEOPLE[11], "550 5.1.1 User unknown")
        hard = self.replies(sequence)[0]
        self.assertEqual((hard["kind"], hard["bounce_class"], hard["matched_by"]), ("bounce", "hard", "report"), hard)
        self.assertEqual((hard["bounce"]["reason"], hard["bounce"]["status"]), ("user_unknown", "5.1.1"))
        self.assertEqual(self.lead(sequence, PEOPLE[11])["status"], "bounced")
        self.assertEqual(self.excluded(PEOPLE[11]), ["bounced"])
        self.admin.patch(f"{REPLIES}/{hard['id']}", {"label": "interested"}, expect=409)
        for number in range(3):
            self.bounce(mails[PEOPLE[12]], PEOPLE[12], "452 4.2.2 Mailbox full")
            soft = self.replies(sequence, 2 + number)[0]
            self.assertEqual((soft["bounce_class"], soft["bounce"]["reason"]), ("soft", "mailbox_full"), soft)
            lead = self.lead(sequence, PEOPLE[12])
            self.assertEqual(lead["status"], "active" if number < 2 else "errored", lead)
        self.assertEqual(lead["reason"], "soft_bounces")
        self.bounce(mails[PEOPLE[13]], PEOPLE[13], "554 5.7.1 Service unavailable; blocked using zen.spamhaus.org")
        ours = self.replies(sequence, 5)[0]
        self.assertEqual((ours["bounce_class"], self.lead(sequence, PEOPLE[13])["status"]), ("sender", "active"), ours)
        self.assertEqual(self.excluded(PEOPLE[12]) + self.excluded(PEOPLE[13]), [])

    # --- privacy ---

    def test_nothing_is_left_of_who_is_named(self):
        """Somebody whom one lead names, who answers in the place of another, and gets a copy."""
        who = "zyx.quorblax@unusual.example"
        receiver = Receiver()
        self.addCleanup(receiver.close)
        receiver.answers["/named"] = lambda told: (400, {"X-Told": "Quorblax"}) if b"uorblax" in told.body else (204, {})
        hook = self.admin.post("/dashboard/api/webhooks", {"url": receiver.url("/named")}, expect=201).json
        self.addCleanup(self.admin.delete, f"/dashboard/api/webhooks/{hook['id']}", expect=204)
        flow = self.admin.post("/dashboard/api/workflows", {"name": "Named", "labels": ["any", "unlabeled"], "actions": [
            {"type": "send_json", "webhook_id": hook["id"]}]}, expect=201).json
        self.addCleanup(self.admin.delete, f"/dashboard/api/workflows/{flow['id']}", expect=204)
        self.admin.post(f"/dashboard/api/workflows/{flow['id']}/enable", expect=200)
        _, sequence = self.start()
        self.reply(sequence, PEOPLE[38], f"I am not the right person for this. Please contact Zyx Quorblax ({who}).")
        self.add(sequence, *PEOPLE[39:41])
        for person, writer in ((PEOPLE[39], f"Zyx Quorblax <{who}>"), (PEOPLE[40], PEOPLE[40])):
            got = self.arrived(person)
            message = self.answer(got, person, YES, In_Reply_To=got["Message-ID"])
            if writer == person:
                message["Cc"] = f"Zyx Quorblax <{who}>"
            else:
                message.replace_header("From", writer)
            message.replace_header("Message-ID", f"<{person.split('@')[0]}.{who}>")
            self.send(message, person)
        self.replies(sequence, 3)
        self.server.wait_for(lambda: sum(b"uorblax" in told.body for told in receiver.of("/named")) >= 3, "what is told")
        self.assertNotEqual(traces(self.server), [])
        self.server.line("privacy", "remove", "--email", who)
        self.server.wait_for(lambda: not traces(self.server), "nothing of them")
        for reply in self.replies(sequence, 3):
            self.assertNotIn("snippet", reply)
            self.assertEqual(self.lead(sequence, PEOPLE[38])["status"], "replied")
        self.send(message, person)  # a copy
        self.send(self.answer(got, person, YES, In_Reply_To=got["Message-ID"]), person)
        self.replies(sequence, 4)
        self.assertEqual(traces(self.server), [])

    def test_who_was_removed_writes_again(self):
        """In the place of one lead, named by another, by name and company of a third: each lead stops."""
        who = "qwe.vonquibble@odd.example"
        path = self.server.folder / "removed.csv"
        path.write_text(f"Name,Title,Company,Website,Email\nQwe Vonquibble,Odd One,Oddities,odd.example,{who}\n", encoding="utf-8")
        self.server.cli("import", "people", path)
        path.unlink()
        self.server.line("privacy", "remove", "--email", who)
        _, sequence = self.start()
        self.add(sequence, *PEOPLE[46:49])
        texts = (YES, f"I am not the right person for this. Please contact Qwe Vonquibble ({who}).", YES)
        writers = (f"Qwe Vonquibble <{who}>", None, "Qwe Vonquibble <q@odd.example>")
        for person, text, writer in zip(PEOPLE[46:49], texts, writers):
            got = self.arrived(person)
            message = self.answer(got, person, text, In_Reply_To=got["Message-ID"])
            if writer:
                message.replace_header("From", writer)
            message.replace_header("Message-ID", f"<vonquibble.{person}>")
            for _ in range(1 if person == PEOPLE[48] else 2):  # a copy is no second reply
                self.send(message, person)
        replies = self.replies(sequence, 3)
        for reply in replies:
            for member in ("snippet", "from_address", "from_name", "subject", "evidence", "referred"):
                self.assertFalse(reply.get(member), reply)
        self.assertEqual(sorted(reply["label"] for reply in replies), ["interested", "interested", "not_the_right_person"])
        for person in PEOPLE[46:49]:
            self.assertEqual(self.lead(sequence, person)["status"], "replied")
        self.assertEqual(traces(self.server, [b"vonquibble"]), [])

    def test_who_was_removed_is_named_by_who_refuses(self):
        """The lead was not removed, and means what it says; nothing of the other one is kept."""
        who = "wex.plimmerthog@odd.example"
        path = self.server.folder / "removed.csv"
        path.write_text(f"Name,Title,Company,Website,Email\nWex Plimmerthog,Odd One,Oddities,odd.example,{who}\n", encoding="utf-8")
        self.server.cli("import", "people", path)
        path.unlink()
        self.server.line("privacy", "remove", "--email", who)
        _, sequence = self.start()
        no = f"Stop writing to me. Remove me from your list immediately.\n\nWex Plimmerthog, {who}"
        self.reply(sequence, PEOPLE[64], "", subject=" Unsubscribe ", Cc=f"Wex Plimmerthog <{who}>")
        self.reply(sequence, PEOPLE[65], no, subject=f"Re: {who}")
        for reply in self.replies(sequence, 2):
            self.assertEqual((reply.get("from_address"), reply.get("snippet")), (None, None), reply)
            self.assertIn(reply.get("subject"), (None, "unsubscribe"), reply)
        self.assertEqual([self.lead(sequence, person)["status"] for person in PEOPLE[64:66]], ["unsubscribed", "replied"])
        self.assertEqual([self.excluded(person) for person in PEOPLE[64:66]], [["unsubscribed"], ["hard_no"]])
        self.assertEqual(traces(self.server, [b"plimmerthog"]), [])

    # --- reading ---

    def test_nothing_is_read_twice_or_missed(self):
        _, sequence = self.start()
        self.reply(sequence, PEOPLE[14], YES)
        self.replies(sequence)
        self.add(sequence, PEOPLE[15])
        got = self.arrived(PEOPLE[15])
        self.server.kill()
        self.send(self.answer(got, PEOPLE[15], YES, In_Reply_To=got["Message-ID"]), PEOPLE[15])
        self.server.start()
        self.assertEqual(len(self.replies(sequence, 2)), 2)
        self.assertEqual(self.lead(sequence, PEOPLE[15])["status"], "replied")

    def test_a_mailbox_that_is_deleted_is_left(self):
        """Also while its server waits with us for news."""
        sender, sequence = self.start()
        self.reply(sequence, PEOPLE[37], YES)
        self.replies(sequence)
        box, = [box for box in self.admin.get(MAILBOXES, query={"page[size]": 100}, expect=200).json["mailboxes"]
                if box["email"] == sender]

        def left():
            return [line for line in (self.servers.folder / "dovecot.log").read_text("utf-8").splitlines()
                    if f"imap({sender})" in line and "Disconnected" in line]
        self.assertEqual(left(), [])
        self.admin.delete(f"{MAILBOXES}/{box['id']}", expect=204)
        self.server.wait_for(left, "the end of the connection")

    def test_numbered_anew(self):
        sender, sequence = self.start()
        self.reply(sequence, PEOPLE[16], YES)
        self.replies(sequence)
        self.server.stop()
        (self.servers.folder_of(sender) / "dovecot-uidlist").unlink()
        for path in self.servers.folder_of(sender).glob("dovecot.index*"):
            path.unlink()
        self.server.start()
        self.reply(sequence, PEOPLE[17], YES)
        self.assertEqual(len(self.replies(sequence, 2)), 2)

    def test_the_folder_for_spam(self):
        sender, sequence = self.start()
        self.add(sequence, PEOPLE[18])
        got = self.arrived(PEOPLE[18])
        context = ssl.create_default_context(cafile=self.servers.certificate)
        with imaplib.IMAP4_SSL("localhost", self.servers.imaps, ssl_context=context) as client:
            client.login(sender, SECRET)
            message = self.answer(got, PEOPLE[18], YES, In_Reply_To=got["Message-ID"])
            client.append("Spam", None, None, message.as_bytes())
        self.server.stop()  # it looks there when it connects, and every few minutes
        self.server.start()
        self.assertEqual(self.replies(sequence)[0]["from_address"], PEOPLE[18])


if __name__ == "__main__":
    harness.unittest.main()
