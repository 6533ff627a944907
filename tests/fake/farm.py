#!/usr/bin/env python3
"""A farm of fake mail servers on 127.0.0.0/8 with the DNS that leads to them. No mail leaves
the machine, and none is taken: DATA is noted as a fault.

In a test: `farm = Farm({"good.org": {"accept": ["ann"]}})`, then `farm.dns` ("127.0.0.1:5300"),
`farm.port`, `farm.sessions` (what each connection said), `farm.close()`. As a program:
`farm.py SCRIPT.json` prints {"dns": …, "port": …} as a line, serves until its standard input
ends, and prints a summary. A script is {"domains": {…}, "zone": {…}, "latency_ms": 0,
"net": 40 (addresses begin with 127.40), "port": null (a free one)}.

A domain's behaviour, all optional:
    accept          local parts that exist, or "all" (a catch-all domain); also those that begin
                    with "ok." exist, those that begin with "no." do not
    replies         {local part: reply} instead of 250
    unknown         reply for those that do not exist ("550 5.1.1 <%s>: no such user")
    greylist_s      450 until so many seconds after the first try of (client, sender, recipient)
    hosts           number of MX hosts (1); or a list with a dict each that overrides the domain's
    share           name of another domain whose hosts this one uses
    dns             record set instead of MX and A (see fake/dns.py)
    banner, ehlo, mail, rcpt    reply instead of the usual one; "" drops the connection
    null_mail       the same for MAIL FROM:<>
    delay_s         before each reply; {"banner": 1.0} before one of them
    tls             "required": 530 before STARTTLS; "offered"; "broken": the handshake fails
    pipelining, smtputf8    offered (true, false)
    helo_only       EHLO is not known
    per_transaction, per_connection    recipients; more get 452 4.5.3
    raw             bytes (latin-1) instead of a banner: garbage, huge lines
    refuse          nothing listens
"""
import asyncio
import json
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from fake import dns  # noqa: E402  (the path is set above)

UNKNOWN = "550 5.1.1 <%s>: Recipient address rejected: User unknown"
KEEP_SESSIONS = 20000


class Session:
    """What was said in one connection."""

    def __init__(self, host, source):
        self.host, self.source = host, source
        self.lines, self.recipients, self.rejected = [], [], 0
        self.began, self.ended, self.tls, self.faults = time.monotonic(), None, False, []

    def said(self, word):
        return [line for line in self.lines if line.upper().startswith(word)]


class Smtp(asyncio.Protocol):
    def __init__(self, farm, host, script):
        self.farm, self.host, self.script = farm, host, script
        self.transport, self.session = None, None
        self.pending, self.waiting = b"", []
        self.sender, self.in_transaction, self.busy_until = None, 0, 0.0
        self.closed = False

    # life

    def connection_made(self, transport):
        self.transport = transport
        if self.session is None:
            self.session = Session(self.host, transport.get_extra_info("peername")[0])
            self.farm.opened(self.session)
            self.greet()

    def connection_lost(self, _error):
        self.closed = True
        self.farm.ended(self.session)

    def drop(self):
        self.closed = True
        self.transport.abort()

    # out

    def delay(self, stage):
        wanted = self.script.get("delay_s", 0)
        own = wanted.get(stage, 0) if isinstance(wanted, dict) else wanted
        return own + self.farm.latency_s

    def reply(self, stage, text, then=None):
        """Replies keep their order: each is sent no earlier than the one before."""
        loop = self.farm.loop
        at = max(loop.time() + self.delay(stage), self.busy_until)
        self.busy_until = at
        loop.call_at(at, self.send, text, then)

    def send(self, text, then):
        if self.closed:
            return
        if text == "":
            self.drop()
            return
        self.transport.write(text.replace("\n", "\r\n").encode() + b"\r\n")
        if then:
            then()

    def greet(self):
        blocked = self.farm.blocked.get(self.session.source)
        if blocked:
            self.reply("banner", blocked)
        elif "raw" in self.script:
            self.farm.loop.call_later(self.delay("banner"), self.transport.write,
                                      self.script["raw"].encode("latin-1"))
        else:
            self.reply("banner", self.script.get("banner", "220 fake ESMTP"))

    # in

    def data_received(self, data):
        lines = (self.pending + data).split(b"\n")
        self.pending = lines.pop()
        if len(lines) > 1 and not self.script.get("pipelining"):
            self.session.faults.append("pipelined without an offer")
        for line in lines:
            text = line.rstrip(b"\r").decode("utf-8", "replace")
            self.session.lines.append(text)
            word = text.split(" ", 1)[0].upper()
            getattr(self, f"on_{word.lower()}", self.on_other)(text)

    def on_other(self, text):
        self.session.faults.append(f"unexpected command: {text[:80]}")
        self.reply("other", "502 5.5.1 not known")

    def on_ehlo(self, text):
        if self.script.get("helo_only"):
            self.reply("ehlo", "502 5.5.1 not known")
            return
        offers = [word for word, key in (("PIPELINING", "pipelining"), ("SMTPUTF8", "smtputf8"))
                  if self.script.get(key)]
        if self.script.get("tls") and not self.session.tls:
            offers.append("STARTTLS")
        lines = ["fake greets " + text[5:], "SIZE 1000", *offers]
        usual = "\n".join(f"250{'-' if i + 1 < len(lines) else ' '}{line}" for i, line in enumerate(lines))
        self.reply("ehlo", self.script.get("ehlo", usual))

    def on_helo(self, _text):
        self.reply("ehlo", self.script.get("ehlo", "250 fake"))

    def on_starttls(self, _text):
        if not self.script.get("tls"):
            self.reply("tls", "502 5.5.1 not known")
            return
        self.reply("tls", "220 go ahead", self.change_to_tls)

    def change_to_tls(self):
        self.session.tls = True
        if self.script["tls"] == "broken":
            self.transport.write(b"this is no handshake\r\n" * 3)
            return
        asyncio.ensure_future(self.upgrade())

    async def upgrade(self):
        try:
            self.transport.pause_reading()
            self.transport = await self.farm.loop.start_tls(
                self.transport, self, self.farm.tls_context(), server_side=True)
        except (OSError, ssl.SSLError):
            self.closed = True

    def needs_tls(self):
        return self.script.get("tls") == "required" and not self.session.tls

    def on_mail(self, text):
        self.sender, self.in_transaction = text.split("<", 1)[-1].split(">")[0], 0
        reply = self.script.get("mail", "250 2.1.0 fine")
        if self.sender == "" and "null_mail" in self.script:
            reply = self.script["null_mail"]
        if self.needs_tls():
            reply = "530 5.7.0 Must issue a STARTTLS command first"
        if not reply.startswith("2"):
            self.sender = None
        self.reply("mail", reply)

    def on_rcpt(self, text):
        recipient = text.split("<", 1)[-1].rsplit(">", 1)[0]
        reply = self.judge(recipient)
        self.session.recipients.append((recipient, reply))
        self.session.rejected += reply.startswith("5")
        if self.session.rejected > 5:
            self.session.faults.append("more than five rejected recipients")
        self.reply("rcpt", reply)

    def judge(self, recipient):
        if self.sender is None:
            return "503 5.5.1 MAIL first"
        self.in_transaction += 1
        if (self.in_transaction > self.script.get("per_transaction", 1000)
                or len(self.session.recipients) >= self.script.get("per_connection", 1000)):
            return "452 4.5.3 Too many recipients"
        local, _, domain = recipient.rpartition("@")
        script = self.farm.domains.get(domain.lower())
        if script is None:
            return "550 5.7.1 relaying denied"
        script = {**script, **self.script.get("own", {})}
        if "rcpt" in script:
            return script["rcpt"]
        key = (self.session.source, self.sender, recipient)
        first = self.farm.first_seen.setdefault(key, time.monotonic())
        if time.monotonic() - first < script.get("greylist_s", 0):
            return "450 4.2.0 Greylisted, please try again later"
        if local in script.get("replies", {}):
            return script["replies"][local]
        accept = script.get("accept", [])
        known = accept == "all" or local in accept or local.startswith("ok.")
        if known and not (local.startswith("no.") and accept != "all"):
            return "250 2.1.5 fine"
        unknown = script.get("unknown", UNKNOWN)
        return unknown % recipient if "%s" in unknown else unknown

    def on_rset(self, _text):
        self.sender, self.in_transaction = None, 0
        self.reply("rset", "250 2.0.0 fine")

    def on_data(self, text):
        self.session.faults.append("DATA")
        self.on_other(text)

    def on_quit(self, _text):
        self.reply("quit", "221 2.0.0 bye", lambda: self.transport.close())


class Farm:
    def __init__(self, domains, zone=None, latency_ms=0, net=40, port=None):
        self.domains = {name.lower(): dict(script) for name, script in domains.items()}
        self.latency_s = latency_ms / 1000
        self.net, self.port = net, port
        self.sessions, self.count, self.open, self.most_open = [], 0, {}, {}
        self.recipients = self.faults = 0
        self.first_seen = {}
        self.blocked = {}  # client address -> banner that it gets
        self.hosts, self.next_address, self.context = {}, 0, None
        self.zone = dns.Zone(self.make_zone() | (zone or {}))
        self.loop, self.closers = asyncio.new_event_loop(), []
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()
        self.dns = f"127.0.0.1:{self.dns_port}"

    # addresses and names

    def new_address(self):
        self.next_address += 1
        n = self.next_address
        return f"127.{self.net}.{n // 250 % 250}.{n % 250 + 1}"

    def make_zone(self):
        names = {}
        for name, script in self.domains.items():
            names[name] = script.get("dns") or {"mx": self.make_hosts(name, script, names)}
        return names

    def make_hosts(self, name, script, names):
        if "share" in script:
            return [[10, host] for host, owner in self.host_names() if owner == script["share"]]
        hosts = script.get("hosts", 1)
        own = [{}] * hosts if isinstance(hosts, int) else hosts
        found = []
        for i, changes in enumerate(own):
            address, host = self.new_address(), changes.get("name", f"mx{i}.{name}")
            names[host] = {"a": [address]}
            self.hosts[address] = {**script, **changes, "own": changes, "name": host, "owner": name}
            found.append([10 * (i + 1), host])
        return found

    def host_names(self):
        return [(script["name"], script["owner"]) for script in self.hosts.values()]

    # life

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.start())
        ready.set()
        self.loop.run_forever()
        for close in self.closers:
            close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def start(self):
        self.dns_port, close = await dns.start(self.zone)
        self.closers.append(close)
        self.port = self.port or self.free_port()
        for address, script in self.hosts.items():
            if script.get("refuse"):
                continue
            server = await self.loop.create_server(
                lambda a=address, s=script: Smtp(self, a, s), address, self.port, backlog=256)
            self.closers.append(server.close)

    def free_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def tls_context(self):
        if not self.context:
            with tempfile.TemporaryDirectory() as folder:
                files = [f"{folder}/key.pem", f"{folder}/cert.pem"]
                subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=fake",
                                "-keyout", files[0], "-out", files[1]], check=True, capture_output=True)
                self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self.context.load_cert_chain(files[1], files[0])
        return self.context

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    # notes

    def opened(self, session):
        self.count += 1
        self.open[session.host] = self.open.get(session.host, 0) + 1
        self.most_open[session.host] = max(self.most_open.get(session.host, 0), self.open[session.host])
        if len(self.sessions) < KEEP_SESSIONS:
            self.sessions.append(session)

    def ended(self, session):
        session.ended = time.monotonic()
        self.open[session.host] -= 1
        self.recipients += len(session.recipients)
        self.faults += len(session.faults)

    def sessions_of(self, domain):
        """Connections in which a recipient of the domain was named, or to its own hosts."""
        own = {address for address, script in self.hosts.items() if script["owner"] == domain}
        return [s for s in self.sessions
                if s.host in own or any(r.endswith("@" + domain) for r, _ in s.recipients)]

    def recipients_of(self, domain):
        """(local part, reply) in the order in which they were named."""
        return [(r.rpartition("@")[0], reply) for s in self.sessions for r, reply in s.recipients
                if r.rpartition("@")[2].lower() == domain]

    def all_faults(self):
        return [fault for session in self.sessions for fault in session.faults]


def main(path):
    script = json.loads(pathlib.Path(path).read_text("utf-8"))
    farm = Farm(script["domains"], script.get("zone"), script.get("latency_ms", 0),
                script.get("net", 40), script.get("port"))
    print(json.dumps({"dns": farm.dns, "port": farm.port, "zone": farm.zone.names}), flush=True)
    sys.stdin.read()
    farm.close()
    print(json.dumps({"connections": farm.count, "recipients": farm.recipients,
                      "faults": farm.faults, "most_open": max(farm.most_open.values(), default=0),
                      "kinds": sorted({re.sub(r":.*", "", fault) for fault in farm.all_faults()})}))


if __name__ == "__main__":
    main(sys.argv[1])
