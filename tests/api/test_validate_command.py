"""`outrider validate` from outside: what it prints for which input, and its exit codes."""
import json
import os
import subprocess
import tempfile
import unittest

import harness


def validate(*words, stdin=""):
    """The program without a data directory: none is needed."""
    raw = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run([str(harness.BINARY), "validate", *words], input=raw, timeout=60,
                          check=False, capture_output=True,
                          env=dict(os.environ, **harness.sanitizer_options(harness.ROOT)))
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


class ValidateTest(unittest.TestCase):
    def lines(self, *words, stdin=""):
        done = validate(*words, stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [line.split("\t") for line in done.stdout.splitlines()]

    def test_arguments(self):
        self.assertEqual(self.lines("bob@acme-corp.com", "bob@@acme-corp.com", "bob@mailinator.com",
                                    "bob@acme.invalid", "--", "-bob@acme.test"), [
            ["bob@acme-corp.com", "unknown", "false", "unexpected_error"],
            ["bob@@acme-corp.com", "undeliverable", "false", "invalid_email"],
            ["bob@mailinator.com", "risky", "false", "low_quality"],
            ["bob@acme.invalid", "undeliverable", "false", "invalid_domain"],
            ["-bob@acme.test", "undeliverable", "false", "invalid_domain"]])

    def test_a_line_is_an_address(self):
        rows = self.lines("a\tb\n@acme-corp.com", "", " x@acme-corp.com")
        self.assertEqual([row[0] for row in rows], ["a?b?@acme-corp.com", "", " x@acme-corp.com"])
        self.assertEqual({row[3] for row in rows}, {"invalid_email"})

    def test_standard_input(self):
        rows = self.lines("-", stdin="  one@acme-corp.com \r\n\n\ttwo\nthree@acme-corp.com")
        self.assertEqual([row[:2] for row in rows], [
            ["one@acme-corp.com", "unknown"], ["two", "undeliverable"],
            ["three@acme-corp.com", "unknown"]])
        self.assertEqual(self.lines("-", stdin=""), [])
        rows = self.lines("-", stdin="\ufeffj\u00f6rg@acme-corp.com\n".encode("utf-16-le"))
        self.assertEqual(rows[0][:2], ["j\u00f6rg@acme-corp.com", "unknown"])

    def test_long_and_many_lines(self):
        long = "x" * 100000
        rows = self.lines("-", stdin=f"a@acme-corp.com\n{long}\n" + "b@acme-corp.com\n" * 20000)
        self.assertEqual([row[1] for row in rows[:3]], ["unknown", "undeliverable", "unknown"])
        self.assertEqual(len(rows), 20002)
        self.assertEqual(rows[1][0], long)
        done = validate("-", stdin="x" * 3000000)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("too long", done.stderr)
        done = validate("--json", "-", stdin='"' * 200000)
        self.assertEqual(len(json.loads(done.stdout)["address"]), 200000)

    def test_json(self):
        done = validate("--json", "Info@gmial.con", 'a"b@acme-corp.com')
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, second = map(json.loads, done.stdout.splitlines())
        self.assertEqual(first, {
            "address": "Info@gmial.con", "result": "unknown", "catch_all": False,
            "reason": "unexpected_error", "detail": "not_checked",
            "message": "only its form was checked, not its domain",
            "suggestion": "Info@gmail.com", "disposable": False, "role": True, "free": False})
        self.assertEqual((second["address"], second["reason"], second["detail"]),
                         ('a"b@acme-corp.com', "invalid_email", "quote"))
        self.assertIsNone(second["suggestion"])

    def test_csv(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write('Name,E-Mail Address,Other\n"B, Bob",bob@acme-corp.com,x@acme.test\n'
                       "Empty,,\nEve,eve@,\n")
            file.flush()
            found = self.lines("--csv", file.name)
            named = self.lines("--csv", file.name, "--column", "other")
            missing = validate("--csv", file.name, "--column", "Nothing")
        self.assertEqual([row[:2] for row in found], [["bob@acme-corp.com", "unknown"],
                                                      ["eve@", "undeliverable"]])
        self.assertEqual([row[0] for row in named], ["x@acme.test"])
        self.assertEqual((missing.returncode, missing.stdout), (2, ""))
        self.assertIn("Nothing", missing.stderr)
        done = validate("--csv", "-", stdin="a,b\n1,2\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--column", done.stderr)
        self.assertEqual(validate("--csv", "/nonexistent/x").returncode, 1)

    def test_usage(self):
        for words in ((), ("--csv", "x", "bob@acme-corp.com"), ("--column", "x", "bob@acme-corp.com")):
            with self.subTest(words=words):
                done = validate(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_lists_from_files(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("# ours\nAcme-Corp.com\n")
            file.flush()
            rows = self.lines("--set", f"verify.disposable_file={file.name}", "bob@x.acme-corp.com",
                              "bob@mailinator.com")
            self.assertEqual([row[1] for row in rows], ["risky", "unknown"])
            file.write("not a domain\n")
            file.flush()
            done = validate("--set", f"verify.disposable_file={file.name}", "bob@acme-corp.com")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"{file.name}, line 3", done.stderr)
        self.assertIn("disposable", done.stderr)
        done = validate("--set", "verify.role_file=/nonexistent/x", "bob@acme-corp.com")
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
