"""`outrider doctor` against a DNS server and a mail server of the test."""
import re
import socket
import socketserver
import struct
import threading

import harness
import test_cli

A, PTR, MX = 1, 12, 15


def encode(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def decode(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode().lower())
        at += 1 + packet[at]
    return ".".join(labels), struct.unpack(">H", packet[at + 1:at + 3])[0], at + 5


class Dns(socketserver.ThreadingUDPServer):
    """Answers from a table {(name, type): [data]}; what is not there does not exist."""
    daemon_threads = True

    def __init__(self, records):
        self.records, self.silent = records, False
        super().__init__(("127.0.0.1", 0), DnsAnswer)


class DnsAnswer(socketserver.BaseRequestHandler):
    def handle(self):
        if self.server.silent:
            return
        query, reply = self.request
        name, kind, end = decode(query)
        records = self.server.records.get((name, kind), [])
        flags = 0x8180 if records else 0x8183
        answer = struct.pack(">HHHHHH", struct.unpack(">H", query[:2])[0], flags, 1, len(records), 0, 0)
        answer += query[12:end]
        for data in records:
            answer += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
        reply.sendto(answer, self.client_address)


class Mail(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, banner):
        self.banner, self.heard = banner, []
        super().__init__(("127.0.0.1", 0), MailAnswer)


class MailAnswer(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.server.banner)
        if self.server.banner:
            self.server.heard.append(self.rfile.readline())


class DoctorTest(test_cli.Case):
    def serve(self, server):
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def setUp(self):
        super().setUp()
        loopback = socket.inet_aton("127.0.0.1")
        self.dns = self.serve(Dns({
            ("good.example", MX): [struct.pack(">H", 20) + encode("worse.good.example"),
                                   struct.pack(">H", 10) + encode("mx.good.example")],
            ("mx.good.example", A): [loopback],
            ("noaddress.example", MX): [struct.pack(">H", 10) + encode("mx.noaddress.example")],
            ("out.good.example", A): [loopback],
            ("1.0.0.127.in-addr.arpa", PTR): [encode("OUT.good.example")],
            ("else.good.example", A): [loopback],
            ("far.good.example", A): [socket.inet_aton("192.0.2.1")],
            ("1.2.0.192.in-addr.arpa", PTR): [encode("far.good.example")],
        }))
        self.mail = self.serve(Mail(b"220 mx.good.example ready\r\n"))
        self.settings = {"verify.dns_servers": f"127.0.0.1:{self.dns.server_address[1]}",
                         "verify.smtp_port": self.mail.server_address[1],
                         "verify.helo": "out.good.example",
                         "verify.mail_from": "check@good.example"}

    def doctor(self, domain="good.example", **settings):
        """{check: (word, text)}, with the exit code held against the words."""
        merged = self.settings | {key.replace("__", "."): value for key, value in settings.items()}
        words = [f"--set={key}={value}" for key, value in merged.items()]
        done = test_cli.run("doctor", "--domain", domain, *self.server.database.options, *words)
        findings = dict((name, (word, text)) for word, name, text in
                        re.findall(r"(?m)^(ok|warning|FAILED) +(\w+(?: \w+)?) +(.*)$", done.stdout))
        failed = sum(word == "FAILED" for word, _text in findings.values())
        self.assertEqual(done.returncode, 1 if failed else 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, f"outrider: {failed} of {len(findings)} checks failed\n"
                         if failed else "")
        self.assertEqual(done.stdout.count(" -> "), sum(word != "ok" for word, _ in findings.values()))
        return findings

    def test_all_is_well(self):
        self.server.cli("account", "create", "--name", "Acme")
        found = self.doctor()
        for check in ("data directory", "database", "dns", "mail port", "mail name", "mail sender",
                      "mailboxes"):
            self.assertEqual(found[check][0], "ok", found)
        self.assertIn("mx.good.example", found["dns"][1])
        self.assertIn("220 mx.good.example ready", found["mail port"][1])
        self.assertEqual(self.mail.heard, [b"QUIT\r\n"])

    def test_nothing_is_made(self):
        found = self.doctor()
        self.assertEqual(found["data directory"][0], "warning")
        if test_cli.ON_SQLITE:
            self.assertEqual(found["database"][0], "warning")
            self.assertFalse(self.data_dir.exists())

    def test_dns(self):
        self.assertIn("no mail server", self.doctor("unknown.example")["dns"][1])
        self.assertIn("no address", self.doctor("noaddress.example")["dns"][1])
        self.dns.silent = True
        found = self.doctor()
        self.assertEqual(found["dns"], ("FAILED", "no answer about good.example"))
        self.assertEqual(found["mail port"][0], "warning")

    def test_mail_port(self):
        closed = harness.free_port()
        found = self.doctor(verify__smtp_port=closed)
        self.assertEqual(found["mail port"][0], "FAILED")
        self.assertIn("Connection refused", found["mail port"][1])
        found = self.doctor(verify__smtp_port=closed, verify__probe="false")
        self.assertEqual(found["mail port"][0], "warning")
        self.mail.banner = b"554 go\x1b[2J away\r\n"
        found = self.doctor()
        self.assertEqual(found["mail port"], ("FAILED", "mx.good.example answers: 554 go [2J away"))
        self.mail.banner = b""
        self.assertIn("says nothing", self.doctor()["mail port"][1])

    def test_mail_name(self):
        for name, word, text in (("plain", "FAILED", "not fully qualified"),
                                 ("gone.good.example", "FAILED", "has no address"),
                                 ("else.good.example", "FAILED", "whose reverse name is OUT.good.example"),
                                 ("far.good.example", "warning", "leave here from 127.0.0.1")):
            found = self.doctor(verify__helo=name)
            self.assertEqual(found["mail name"][0], word, found)
            self.assertIn(text, found["mail name"][1])

    def test_mail_sender(self):
        for sender, word, text in (("check", "FAILED", "there is no @"),
                                   ("check@unknown.example", "FAILED", "receives no mail"),
                                   ("check@[127.0.0.1]", "FAILED", "no address to send from"),
                                   ("check@out.good.example", "ok", "SPF")):
            found = self.doctor(verify__mail_from=sender)
            self.assertEqual(found["mail sender"][0], word, found)
            self.assertIn(text, found["mail sender"][1])
        found = self.doctor(verify__mail_from="check@unknown.example", verify__probe="false")
        self.assertEqual(found["mail sender"][0], "warning")

    def test_nobody_is_asked_without_name_and_sender(self):
        found = self.doctor(verify__helo="", verify__mail_from="")
        for check in ("mail name", "mail sender"):
            self.assertEqual(found[check][0], "warning")
            self.assertIn("no mail server is asked", found[check][1])

    def test_open_directory_and_damaged_database(self):
        self.server.cli("account", "create", "--name", "Acme")
        self.data_dir.chmod(0o755)
        self.assertEqual(self.doctor()["data directory"][0], "warning")
        self.data_dir.chmod(0o700)
        if test_cli.ON_SQLITE:
            for path in self.data_dir.glob("outrider.db-*"):
                path.unlink()
            path = self.data_dir / "outrider.db"
            content = path.read_bytes()
            path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
            self.assertEqual(self.doctor()["database"][0], "FAILED")
