"""What tests of sending share: mailboxes at a scripted server, sequences that write at once, and
messages as the management API shows them."""
import email
import email.policy
import time

ALWAYS = [{"day": day, "from": "00:00", "to": "24:00"} for day in
          ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")]
MESSAGES, SEQUENCES, MAILBOXES = (f"/dashboard/api/{what}" for what in ("messages", "sequences", "mailboxes"))
WAIT_S = 20
TEXT = "Hello {{first_name|there}}"


class Anybody(dict):
    """Users of a FakeSmtp: whoever has the right password."""

    def get(self, _name, _default=None):
        return "secret"  # FakeSmtp takes an empty one for none


class Sending:
    """Beside harness.ApiTest; `self.smtp_port` and, for looking, `self.imap` say where mail goes."""
    imap_port, count = 9, 0

    @classmethod
    def connect(cls, address, port, **more):
        return cls.admin.post(MAILBOXES, {
            "email": address, "user_id": cls.account.user_id, "password": "secret", "check": False,
            "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "imap_host": "127.0.0.1",
            "imap_port": cls.imap_port, "imap_security": "none", "gap_min_s": 0, "gap_max_s": 0, "ramp_start": 0,
            "daily_email_limit": 10000, **more}, expect=201).json["id"]

    def sequence(self, mailbox, *stages, **settings):
        Sending.count += 1
        stages = stages or ({"type": "email", "variants": [{"subject": "Hi", "text": TEXT}]},)
        body = {"name": f"Sending {Sending.count}", "stages": list(stages),
                "settings": {"senders": [{"user_id": self.account.user_id, "mailbox_id": mailbox}],
                             "windows": ALWAYS, **settings}}
        id = self.admin.post(SEQUENCES, body, expect=201).json["id"]
        self.admin.post(f"{SEQUENCES}/{id}/launch", expect=200)
        return id

    def add(self, sequence, *addresses, **overrides):
        leads = [{"email": address, "data": {"first_name": address.split("@")[0]},
                  **({"overrides": overrides} if overrides else {})} for address in addresses]
        answer = self.api.post(f"/sequences/{sequence}/leads", {"leads": leads}, expect=200).json
        assert answer["total_added_to_sequence"] == len(addresses), answer

    def messages(self, **filter):
        answer = self.admin.get(MESSAGES, query={"page[size]": 100, **filter}, expect=200).json
        return answer["messages"]

    def message(self, sequence, address, state=None, reason=None):
        """The one to that address; once it is in that state, for that reason."""
        deadline = time.monotonic() + WAIT_S
        while True:
            found = [m for m in self.messages(sequence_id=sequence) if m.get("recipient") == address]
            if found and state in (None, found[-1]["state"]) and reason in (None, found[-1].get("reason")):
                return found[-1]
            assert time.monotonic() < deadline, (state, found, self.server.log_tail())
            time.sleep(0.02)

    @staticmethod
    def parsed(message):
        return email.message_from_bytes(message["bytes"], policy=email.policy.default)
