"""`outrider validate` from outside: what it prints for which input, in which order, and its
exit codes. DNS and mail servers are fakes on this machine."""
import json
import os
import pty
import subprocess
import sys
import tempfile
import unittest

import harness

sys.path.insert(0, str(harness.ROOT / "tests"))
from fake.farm import Farm  # noqa: E402  (the path is set above)

DOMAINS = {
    "good.org": {"accept": ["ann"]},
    "full.org": {"accept": [], "replies": {"ann": "552 5.2.2 mailbox full"}},
    "all.org": {"accept": "all"},
    "grey.org": {"accept": ["ann"], "greylist_s": 1},
    "blocked.org": {"banner": "554 5.7.1 your IP is on our block list"},
    "bare.org": {"accept": [], "replies": {"ann": "550 no"}},
    "mailinator.com": {"accept": "all"},
}
NAMED = {"verify.helo": "probe.example.net", "verify.mail_from": "check@example.net"}


class ValidateTest(unittest.TestCase):
    """No data directory: none is needed."""

    @classmethod
    def setUpClass(cls):
        cls.farm = Farm(DOMAINS)
        cls.addClassCleanup(cls.farm.close)

    def run_validate(self, *words, stdin="", named=False):
        settings = {"verify.dns_servers": self.farm.dns, "verify.smtp_port": self.farm.port,
                    "verify.allow_private": "true", "verify.retry_scale": "0.01",
                    **(NAMED if named else {})}
        given = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        done = subprocess.run([str(harness.BINARY), "validate", *given, *words], timeout=300,
                              input=stdin if isinstance(stdin, bytes) else stdin.encode(),
                              check=False, capture_output=True,
                              env=dict(os.environ, **harness.sanitizer_options(harness.ROOT)))
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def lines(self, *words, stdin="", named=True):
        done = self.run_validate(*words, stdin=stdin, named=named)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr if named else "", "")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def test_arguments(self):
        self.assertEqual(self.lines("ann@good.org", "bob@good.org", "x@all.org", "ann@full.org",
                                    "bob@@good.org", "x@mailinator.com",
                                    "x@nothere.org", "--", "-bob@x.invalid"), [
            ["ann@good.org", "deliverable", "false", "accepted_email"],
            ["bob@good.org", "undeliverable", "false", "rejected_email"],
            ["x@all.org", "risky", "true", "low_deliverability"],
            ["ann@full.org", "risky", "false", "low_deliverability"],
            ["bob@@good.org", "undeliverable", "false", "invalid_email"],
            ["x@mailinator.com", "risky", "false", "low_quality"],
            ["x@nothere.org", "undeliverable", "false", "invalid_domain"],
            ["-bob@x.invalid", "undeliverable", "false", "invalid_domain"]])
        self.assertEqual(self.farm.all_faults(), [])

    def test_a_block_is_no_verdict(self):
        done = self.run_validate("ann@blocked.org", named=True)
        self.assertEqual((done.returncode, done.stdout),
                         (0, "ann@blocked.org\tunknown\tfalse\tunavailable_smtp\n"))
        self.assertIn("refuse to talk to us", done.stderr)

    def test_order_is_that_of_the_input(self):
        addresses = ["ann@grey.org", "bob", "ann@good.org", "bob@good.org"]
        rows = self.lines("-", stdin="\n".join(addresses))
        self.assertEqual([row[0] for row in rows], addresses)
        self.assertEqual([row[1] for row in rows],
                         ["deliverable", "undeliverable", "deliverable", "undeliverable"])

    def test_without_a_name_no_server_is_asked(self):
        before = len(self.farm.sessions)
        done = self.run_validate("ann@good.org", "x@nothere.org", "bob", "x@mailinator.com")
        self.assertEqual(done.returncode, 0)
        self.assertIn("verify.helo", done.stderr)
        self.assertEqual([line.split("\t")[1:] for line in done.stdout.splitlines()], [
            ["unknown", "false", "unavailable_smtp"], ["undeliverable", "false", "invalid_domain"],
            ["undeliverable", "false", "invalid_email"], ["risky", "false", "low_quality"]])
        self.assertEqual(len(self.farm.sessions), before)

    def test_a_line_is_an_address(self):
        rows = self.lines("a\tb\n@good.org", "", " x@good.org")
        self.assertEqual([row[0] for row in rows], ["a?b?@good.org", "", " x@good.org"])
        self.assertEqual({row[3] for row in rows}, {"invalid_email"})

    def test_standard_input(self):
        rows = self.lines("-", stdin="  ann@good.org \r\n\n\ttwo\nbob@good.org")
        self.assertEqual([row[:2] for row in rows], [
            ["ann@good.org", "deliverable"], ["two", "undeliverable"],
            ["bob@good.org", "undeliverable"]])
        self.assertEqual(self.lines("-", stdin=""), [])
        rows = self.lines("-", stdin="\ufeffb\u00f6b@nothere.org\n".encode("utf-16-le"))
        self.assertEqual(rows[0][:2], ["b\u00f6b@nothere.org", "undeliverable"])

    def test_long_and_many_lines(self):
        long = "x" * 100000
        rows = self.lines("-", stdin=f"a@x.test\n{long}\n" + "b@y.test\n" * 100000)
        self.assertEqual({row[1] for row in rows}, {"undeliverable"})
        self.assertEqual(len(rows), 100002)
        self.assertEqual(rows[1][0], long)
        done = self.run_validate("-", stdin="x" * 3000000)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("too long", done.stderr)
        done = self.run_validate("--json", "-", stdin='"' * 200000)
        self.assertEqual(len(json.loads(done.stdout)["address"]), 200000)

    def test_progress_is_for_terminals(self):
        """A bar of the file's bytes, on stderr alone."""
        leader, follower = pty.openpty()
        with tempfile.TemporaryFile() as file:
            file.write(b"a@x.test\n" * 3000)
            file.seek(0)
            done = subprocess.run([str(harness.BINARY), "validate", "-"], stdin=file, timeout=300,
                                  stdout=subprocess.PIPE, stderr=follower, check=True)
        os.close(follower)
        shown = os.read(leader, 65536).decode()
        os.close(leader)
        self.assertEqual(done.stdout.count(b"\n"), 3000)
        self.assertIn("[##############################] 100%  3000 addresses", shown)
        self.assertIn("3000 undeliverable", shown)

    def test_json(self):
        done = self.run_validate("--json", "ann@good.org", "Info@gmial.con", 'a"b@good.org', named=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, second, third = map(json.loads, done.stdout.splitlines())
        self.assertRegex(first.pop("checked_at"), r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
        self.assertTrue(first.pop("reply").startswith("250"))
        self.assertEqual(first, {
            "address": "ann@good.org", "result": "deliverable", "catch_all": False,
            "reason": "accepted_email", "detail": "accepted",
            "message": "the server accepts mail for it and refuses other names",
            "suggestion": None, "disposable": False, "role": False, "free": False, "provider": None})
        self.assertEqual((second["suggestion"], second["role"], second["detail"], second["reply"]),
                         ("Info@gmail.com", True, "no_domain", None))
        self.assertEqual((third["address"], third["reason"], third["detail"]),
                         ('a"b@good.org', "invalid_email", "quote"))

    def test_csv(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write('Name,E-Mail Address,Other\n"B, Bob",bob@good.org,x@acme.test\n'
                       "Empty,,\nEve,eve@,\n")
            file.flush()
            found = self.lines("--csv", file.name)
            named = self.lines("--csv", file.name, "--column", "other")
            missing = self.run_validate("--csv", file.name, "--column", "Nothing")
        self.assertEqual([row[0] for row in found], ["bob@good.org", "eve@"])
        self.assertEqual([row[0] for row in named], ["x@acme.test"])
        self.assertEqual((missing.returncode, missing.stdout), (2, ""))
        self.assertIn("Nothing", missing.stderr)
        done = self.run_validate("--csv", "-", stdin="a,b\n1,2\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--column", done.stderr)
        self.assertEqual(self.run_validate("--csv", "/nonexistent/x").returncode, 1)

    def test_usage(self):
        for words in ((), ("--csv", "x", "bob@good.org"), ("--column", "x", "bob@good.org"),
                      ("--set", "verify.mail_from=nobody", "--set", "verify.helo=a.example.net",
                       "bob@good.org")):
            with self.subTest(words=words):
                done = self.run_validate(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)

    def test_source_addresses(self):
        self.lines("--set", "verify.source_addresses=127.0.0.9, 127.0.0.8", "ann@good.org",
                   "bob@good.org")
        self.assertIn(self.farm.sessions[-1].source, ("127.0.0.8", "127.0.0.9"))
        done = self.run_validate("--set", "verify.source_addresses=nonsense", "ann@good.org")
        self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_lists_from_files(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("# ours\nGood.org\n")
            file.flush()
            rows = self.lines("--set", f"verify.disposable_file={file.name}", "ann@good.org",
                              "x@mailinator.com")
            self.assertEqual([row[1:3] for row in rows], [["risky", "false"], ["risky", "true"]])
            self.assertEqual([row[3] for row in rows], ["low_quality", "low_deliverability"])
            file.write("not a domain\n")
            file.flush()
            done = self.run_validate("--set", f"verify.disposable_file={file.name}", "ann@good.org")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"{file.name}, line 3", done.stderr)
        self.assertIn("disposable", done.stderr)
        done = self.run_validate("--set", "verify.role_file=/nonexistent/x", "ann@good.org")
        self.assertEqual(done.returncode, 1)

    def test_bare_refusals(self):
        rows = self.lines("ann@bare.org")
        done = self.run_validate("--unmatched", "ann@bare.org", "ann@good.org", named=True)
        self.assertEqual(set(done.stderr.splitlines()), {"unmatched reply: other, 550, no"})
        strict = self.lines("--set", "verify.bare_rejects=true", "ann@bare.org")
        self.assertEqual((rows[0][1], strict[0][1]), ("unknown", "undeliverable"))


if __name__ == "__main__":
    unittest.main()
