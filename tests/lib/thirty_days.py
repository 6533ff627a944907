"""Judges thirty days of a sequence (tests/support/thirty_days.c) by what was printed of them:
every send against windows, gaps, budgets, order, delays, threads and those who are not to be
written to. Knows nothing of the code that planned them; time zones are Python's."""
import collections
import datetime
import json
import zoneinfo

HOLIDAYS = {datetime.date(2025, 10, 21)}
OPENS, CLOSES = datetime.time(9), datetime.time(17)
NEW_LEAD_SHARE = 60
END = 1760335200000 + 30 * 86_400_000
LATELY = 8 * 86_400_000  # a pause of five days, a weekend, and a day
UTC = datetime.timezone.utc


def local(zone, ms):
    return datetime.datetime.fromtimestamp(ms / 1000, UTC).astimezone(zoneinfo.ZoneInfo(zone))


class Days:
    def __init__(self, text):
        self.texts = text.splitlines()
        self.lines = [json.loads(line) for line in self.texts]
        self.mailboxes = {line["id"]: line for line in self.of("mailbox")}
        self.stages = {line["id"]: line for line in self.of("stage")}
        self.leads = {line["id"]: line for line in self.of("lead")}
        self.ends = {line["id"]: line for line in self.of("end")}
        self.sends = self.of("send")
        self.index()

    def index(self):
        """Again, after somebody changed the lines."""
        self.by_lead = collections.defaultdict(list)
        for line in self.lines:
            if "at" in line and line.get("lead"):
                self.by_lead[line["lead"]].append(line)

    def of(self, kind):
        return [line for line in self.lines if line["kind"] == kind]

    def position(self, line):
        return self.stages[line["stage"]]["position"]

    def faults(self):
        found = []
        for rule in (self.windows, self.gaps, self.budgets, self.shares, self.rests, self.stages_in_order, self.threads,
                     self.not_to_be_written_to, self.all_come_to_an_end):
            found += [f"{rule.__name__}: {fault}" for fault in rule()]
        return found

    # --- mailboxes ---

    def windows(self):
        for send in self.sends:
            at = local(self.leads[send["lead"]]["data"]["time_zone"], send["at"])
            if at.weekday() > 4 or not OPENS <= at.time() < CLOSES or at.date() in HOLIDAYS:
                yield f"{at} {send}"

    def gaps(self):
        last = {}
        for send in self.sends:
            before = last.get(send["mailbox"])
            if before is not None and send["at"] - before < 1000 * self.mailboxes[send["mailbox"]]["gap_min_s"]:
                yield f"{send['at'] - before} ms before {send}"
            last[send["mailbox"]] = send["at"]

    def limit(self, mailbox, day):
        if not mailbox["ramp_start"]:
            return mailbox["limit"]
        since = local(mailbox["zone"], self.first_day).date()
        return min(mailbox["limit"], mailbox["ramp_start"] + (day - since).days * mailbox["ramp_step"])

    @property
    def first_day(self):
        return 1760335200000  # when the mailboxes were connected

    def budgets(self):
        days = collections.Counter()
        for send in self.sends:
            if send["taken"]:
                days[send["mailbox"], local(self.mailboxes[send["mailbox"]]["zone"], send["at"]).date()] += 1
        for (id, day), n in days.items():
            if n > self.limit(self.mailboxes[id], day):
                yield f"{n} from {id} on {day}, the limit is {self.limit(self.mailboxes[id], day)}"

    def shares(self):
        days = collections.Counter()
        for send in self.sends:
            if send["taken"] and self.position(send) == 0:
                days[send["mailbox"], local(self.mailboxes[send["mailbox"]]["zone"], send["at"]).date()] += 1
        for (id, day), n in days.items():
            share = -(-self.limit(self.mailboxes[id], day) * NEW_LEAD_SHARE // 100)
            if n > share:
                yield f"{n} new leads from {id} on {day}, not more than {share}"

    def rests(self):
        begins = [line["at"] for line in self.of("rest")]
        ends = [line["at"] for line in self.of("go_on")]
        for send in self.sends:
            if any(begin <= send["at"] < end for begin, end in zip(begins, ends, strict=True)):
                yield f"while the sequence was paused: {send}"

    # --- leads ---

    def stages_in_order(self):
        for id, lines in self.by_lead.items():
            done, counts_from = -1, None
            for line in lines:
                if line["kind"] not in ("send", "task"):
                    continue
                position = self.position(line)
                if position != done + 1:
                    yield f"{id}: stage {position} behind {done}: {line}"
                delay = self.stages[line["stage"]]["delay_ms"]
                if line["kind"] == "task":
                    if line["due"] < counts_from + delay:
                        yield f"{id}: a task too early: {line}"
                    counts_from = line["at"] if line["done"] else line["due"]
                    done = position
                else:
                    if counts_from is not None and line["at"] < counts_from + delay:
                        yield f"{id}: {counts_from + delay - line['at']} ms too early: {line}"
                    if line["taken"]:
                        counts_from, done = line["at"], position

    def threads(self):
        for id, lines in self.by_lead.items():
            sends = [line for line in lines if line["kind"] == "send"]
            if len({send["mailbox"] for send in sends}) > 1:
                yield f"{id}: from several mailboxes"
            ids = {}
            for send in sends:
                if ids.setdefault(send["stage"], send["message_id"]) != send["message_id"]:
                    yield f"{id}: another Message-ID for {send}"
            taken = [send for send in sends if send["taken"]]
            for before, send in zip([None, *taken], taken):
                expected = f"<{before['message_id']}>" if before else ""
                if not (send["refers_to"].endswith(expected) if before else send["refers_to"] == ""):
                    yield f"{id}: does not refer to {expected}: {send}"

    def not_to_be_written_to(self):
        for id, lines in self.by_lead.items():
            ended, away_until = None, None
            for line in lines:
                if line["kind"] in ("reply", "exclude"):
                    ended = ended or line["kind"]
                elif line["kind"] == "away":
                    away_until = line["until"]
                elif line["kind"] == "send":
                    if ended:
                        yield f"{id}: after {ended}: {line}"
                    if away_until and line["at"] < away_until:
                        yield f"{id}: while away: {line}"
                    if line["answer"] == "no_such_address":
                        ended = "bounce"

    def all_come_to_an_end(self):
        emails = sum(stage["type"] == "email" for stage in self.stages.values())
        for id, end in self.ends.items():
            lines = self.by_lead[id]
            kinds = {line["kind"] for line in lines}
            taken = [line for line in lines if line["kind"] == "send" and line["taken"]]
            bounced = any(line.get("answer") == "no_such_address" for line in lines)
            if end["status"] == "completed":
                fine = len(taken) == emails and not bounced
            elif end["status"] == "replied":
                fine = "reply" in kinds
            elif end["status"] == "removed":
                fine = end["reason"].startswith("excluded") and ("exclude" in kinds or bounced)
            elif end["status"] == "bounced":
                fine = bounced
            else:  # still on its way: something happened lately
                fine = end["waits_for"] and lines and lines[-1]["at"] > END - LATELY
            if not fine:
                yield f"{id}: {end}"
