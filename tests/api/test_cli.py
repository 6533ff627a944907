"""The command line from outside: exit codes, what goes to which stream, accounts, keys,
configuration, backups, and what happens while a server runs."""
import os
import re
import signal
import sqlite3
import stat
import subprocess
import tempfile
import threading
import unittest

import harness

KEY = re.compile(r"\Aoutr_live_[0-9A-Za-z]{36}\n\Z")
UUID = re.compile(r"\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\n\Z")
ON_SQLITE = harness.ENGINE == "sqlite"


def run(*words, environment=None, stdout=subprocess.PIPE):
    """The program without any option of the harness."""
    return subprocess.run([str(harness.BINARY), *map(str, words)], text=True, stdout=stdout,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, check=False,
                          env=dict(os.environ, **harness.sanitizer_options(harness.ROOT),
                                   **(environment or {})))


class Case(unittest.TestCase):
    """A database for each test; no server unless the test starts one."""

    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.remove)

    @property
    def data_dir(self):
        return self.server.folder / "var"

    def lines(self, *words):
        return self.server.cli(*words).stdout.splitlines()

    def made(self, *words):
        """Runs a command that prints one id."""
        done = self.server.cli(*words)
        self.assertRegex(done.stdout, UUID)
        self.assertEqual(done.stderr, "")
        return done.stdout.strip()


class UsageTest(unittest.TestCase):
    def test_usage_errors(self):
        cases = [
            ([], "no command"),
            (["bogus"], "unknown command 'bogus'"),
            (["key"], "'key' needs one more word"),
            (["key", "bogus"], "'key' needs one more word"),
            (["key", "list", "--odd"], "unknown option --odd"),
            (["key", "create"], "needs --name"),
            (["key", "create", "--name"], "--name needs a value"),
            (["key", "create", "--name", "x", "--scope", "root"], "must be one of api|admin"),
            (["key", "revoke"], "needs ID"),
            (["key", "revoke", "a", "b"], "unexpected argument 'b'"),
            (["credits", "grant", "email"], "needs"),
            (["user", "add", "--email", "a@b.example"], "needs --first-name"),
            (["serve", "--tls-cert", "x"], "go together"),
            (["serve", "--listen", "127.0.0.1"], "ADDR:PORT"),
            (["serve", "--listen", "127.0.0.1:99999"], "ADDR:PORT"),
            (["serve", "--listen", "127.0.0.1:-1"], "ADDR:PORT"),
            (["serve", "--tls-listen", "[::1]:x"], "ADDR:PORT"),
            (["config", "--set", "verify.prob=true"], "verify.prob"),
            (["config", "--set", "verify.probe=perhaps"], "verify.probe"),
            (["config", "--set", "verify.probe"], "key=value"),
            (["config", "--database", "mysql://h/d", "--set", "log.level=loud"], "log.level"),
        ]
        for words, message in cases:
            with self.subTest(words=words):
                done = run(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(message, done.stderr)

    def test_failures(self):
        for words, message in ((["config", "--config", "/nonexistent/x"], "/nonexistent/x"),
                               (["account", "list", "--data-dir", "/dev/null"], "/dev/null")):
            with self.subTest(words=words):
                done = run(*words)
                self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
                self.assertIn(message, done.stderr)

    def test_help_of_every_command(self):
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        commands = re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)?)  +[A-Z]", done.stdout)
        self.assertIn("serve", commands)
        self.assertIn("key create", commands)
        for command in commands:
            with self.subTest(command=command):
                done = run(*command.split(), "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith(f"usage: outrider {command}"), done.stdout)

    def test_version(self):
        done = run("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"\Aoutrider \d+\.\d+\.\d+\n\Z")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = run("config", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write", done.stderr)


class ConfigTest(unittest.TestCase):
    def value(self, text, key):
        return re.search(rf"(?m)^{re.escape(key)} = (.*)$", text)[1]

    def test_priority(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
            file.write("[rate_limit]\ndefault = 1\npeople_find = 1\npeople_search = 1\n")
            file.flush()
            done = run("config", "--config", file.name, "--set", "rate_limit.people_search=3",
                       environment={"OUTRIDER_RATE_LIMIT_PEOPLE_FIND": "2",
                                    "OUTRIDER_RATE_LIMIT_PEOPLE_SEARCH": "2"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for key, value in (("rate_limit.default", "1"), ("rate_limit.people_find", "2"),
                           ("rate_limit.people_search", "3"), ("reveal.timeout_ms", "20000")):
            self.assertEqual(self.value(done.stdout, key), value)

    def test_environment_is_judged(self):
        done = run("config", environment={"OUTRIDER_VERIFY_PROBE": "perhaps"})
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("OUTRIDER_VERIFY_PROBE", done.stderr)

    def test_sample_is_every_key_at_its_default(self):
        sample = run("config", "--sample").stdout
        plain = run("config").stdout
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
            file.write(re.sub(r"(?m)^;(\w+ = .*)$", r"\1", sample))
            file.flush()
            done = run("config", "--config", file.name)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        keys = re.findall(r"(?m)^([a-z_.]+) = ", plain)
        self.assertGreater(len(keys), 20)
        self.assertEqual(done.stdout.count("set in the file"), len(keys))
        for key in keys:
            self.assertEqual(self.value(done.stdout, key), self.value(plain, key), key)

    def test_passwords_are_never_printed(self):
        url = "postgresql://user:h%75sh-hush@127.0.0.1:1/d"
        for words in (["config"], ["account", "list"], ["migrate"], ["doctor", "--domain", "invalid."]):
            with self.subTest(words=words), tempfile.TemporaryDirectory() as folder:
                common = ["--data-dir", folder, "--set", "verify.dns_servers=127.0.0.1:9"]
                for extra, environment in ((["--database", url], None), (["--database", url + "/%zz"], None),
                                           ([], {"OUTRIDER_DATABASE_URL": url})):
                    done = run(*words, *common, *extra, environment=environment)
                    self.assertNotRegex(done.stdout + done.stderr, "h(u|%75)sh")
                    self.assertEqual(done.returncode, 0 if words == ["config"] else 1)


class AccountTest(Case):
    def test_account_is_chosen(self):
        done = self.server.cli("key", "create", "--name", "x", expect=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("outrider account create", done.stderr)
        first = self.made("account", "create", "--name", "First")
        self.assertRegex(self.server.cli("key", "create", "--name", "one").stdout, KEY)
        second = self.made("account", "create", "--name", "Second\tof two")
        done = self.server.cli("key", "create", "--name", "x", expect=2)
        self.assertEqual(done.stdout, "")
        self.assertIn("--account", done.stderr)
        self.server.cli("key", "create", "--name", "two", "--account", second)
        self.assertEqual([line.split("\t")[-1] for line in self.lines("key", "list", "--account", second)],
                         ["two"])
        missing = self.server.cli("key", "list", "--account", first[:-1] + "!", expect=1)
        self.assertIn("there is no account", missing.stderr)
        self.assertEqual([line.split("\t")[::2] for line in self.lines("account", "list")],
                         [[first, "First"], [second, "Second of two"]])

    def test_users(self):
        self.made("account", "create", "--name", "Acme")
        add = ["user", "add", "--first-name", "Ada", "--last-name", "Example", "--role", "admin"]
        user = self.made(*add, "--email", "Ada@Example.com")
        done = self.server.cli(*add, "--email", "ada@example.com", expect=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("ada@example.com", done.stderr.lower())
        self.server.cli(*add, "--email", "not-an-address", expect=1)
        self.assertEqual(self.lines("user", "list"),
                         [f"{user}\tada@example.com\tadmin\tactive\tAda Example"])

    def test_keys(self):
        self.made("account", "create", "--name", "Acme")
        done = self.server.cli("key", "create", "--name", "ci", "--scope", "admin")
        self.assertRegex(done.stdout, KEY)
        self.assertEqual(done.stderr, "")
        key = done.stdout.strip()
        listed = self.server.cli("key", "list").stdout
        self.assertNotIn(key[10:], listed)
        identity, scope, state, _made, used, name = listed.strip().split("\t")
        self.assertEqual((scope, state, used, name), ("admin", "live", "-", "ci"))
        self.server.cli("key", "revoke", identity)
        self.server.cli("key", "revoke", identity)
        self.assertEqual(self.lines("key", "list")[0].split("\t")[2], "revoked")
        self.assertIn("has no key", self.server.cli("key", "revoke", "nobody", expect=1).stderr)
        if ON_SQLITE:
            kept = b"".join(path.read_bytes() for path in self.data_dir.iterdir() if path.is_file())
            self.assertNotIn(key[10:].encode(), kept)

    def test_credits(self):
        self.made("account", "create", "--name", "Acme")
        self.assertEqual(self.lines("credits", "show"), ["email\t0", "phone\t0"])
        for kind, amount in (("email", "0.5"), ("email", "10"), ("phone", "3.5")):
            self.assertEqual(self.server.cli("credits", "grant", kind, amount).stdout, "")
        for kind, amount in (("email", "0"), ("email", "-1"), ("email", "0.3"), ("email", "1e3"),
                             ("email", ""), ("email", "99999999999999999999"), ("fax", "1")):
            with self.subTest(kind=kind, amount=amount):
                self.assertEqual(run("credits", "grant", *self.server.database.options, "--", kind, amount).returncode, 2)
        self.assertEqual(self.lines("credits", "show"), ["email\t10.5", "phone\t3.5"])


class DatabaseTest(Case):
    def test_data_directory_is_private(self):
        self.made("account", "create", "--name", "Acme")
        self.assertEqual(stat.S_IMODE(self.data_dir.stat().st_mode), 0o700)
        for path in self.data_dir.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)

    def test_migrate(self):
        self.assertRegex(self.server.cli("migrate", "--dry-run").stdout, r"\A[1-9]\d* pending\n\Z")
        self.assertRegex(self.server.cli("migrate").stdout, r"\A[1-9]\d* applied\n\Z")
        self.assertEqual(self.server.cli("migrate").stdout, "0 applied\n")

    def test_backup_and_restore(self):
        self.made("account", "create", "--name", "Kept")
        copy = self.server.folder / "copy.db"
        if not ON_SQLITE:
            self.assertIn("pg_dump", self.server.cli("backup", copy, expect=1).stderr)
            self.assertIn("pg_restore", self.server.cli("restore", copy, expect=1).stderr)
            return
        done = self.server.cli("backup", copy)
        self.assertEqual(done.stdout, "")
        self.assertIn("secret.key", done.stderr)
        self.assertEqual(stat.S_IMODE(copy.stat().st_mode) & 0o077, 0)
        self.server.cli("backup", copy, expect=1)
        self.made("account", "create", "--name", "Lost")
        self.server.cli("restore", copy)
        self.assertEqual([line.split("\t")[2] for line in self.lines("account", "list")], ["Kept"])
        aside, = self.data_dir.glob("before-restore-*/outrider.db")
        self.server.cli("restore", aside)
        self.assertEqual(len(self.lines("account", "list")), 2)
        self.assertFalse((self.data_dir / "restoring").exists())

    def test_restore_refuses_what_is_no_backup(self):
        self.made("account", "create", "--name", "Kept")
        bad = self.server.folder / "bad.db"
        copy = self.server.folder / "copy.db"
        if ON_SQLITE:
            self.server.cli("backup", copy)
            whole = bytearray(copy.read_bytes())
            damaged = bytes(whole[:8192] + b"\xff" * 4096 + whole[12288:])
            other = self.server.folder / "other.db"
            with sqlite3.connect(other) as connection:
                connection.execute("CREATE TABLE x (y)")
            contents = [b"no database", b"", damaged, bytes(whole[:len(whole) // 2]), other.read_bytes()]
        else:
            contents = [b"no database"]
        for content in contents:
            bad.write_bytes(content)
            done = self.server.cli("restore", bad, expect=1)
            self.assertEqual(done.stdout, "")
        self.assertEqual([line.split("\t")[2] for line in self.lines("account", "list")], ["Kept"])
        self.assertEqual([path.name for path in self.data_dir.glob("*restor*")], [])

    def test_interrupted_restore(self):
        """As a power cut leaves it: the database moved aside, the copy not yet in place."""
        if not ON_SQLITE:
            return
        self.made("account", "create", "--name", "Kept")
        copy = self.server.folder / "copy.db"
        self.server.cli("backup", copy)
        (self.data_dir / "restoring").mkdir()
        (self.data_dir / "restoring/outrider.db").write_bytes(b"half")
        self.assertEqual(len(self.lines("account", "list")), 1)
        (self.data_dir / "outrider.db").rename(self.data_dir / "elsewhere.db")
        for words in (["account", "list"], ["serve", "--listen", "127.0.0.1:0"], ["migrate"]):
            self.assertIn("interrupted", self.server.cli(*words, expect=1).stderr)
        self.assertFalse((self.data_dir / "outrider.db").exists())
        self.server.cli("restore", copy)
        self.assertEqual(len(self.lines("account", "list")), 1)
        self.assertFalse((self.data_dir / "restoring").exists())

    def test_newer_database_is_refused(self):
        self.made("account", "create", "--name", "Acme")
        self.sql("INSERT INTO migrations (number, name, applied_at) VALUES (9999, 'x', 0)")
        for words in (["account", "list"], ["migrate"]):
            done = self.server.cli(*words, expect=1)
            self.assertIn("newer", done.stderr)

    def test_older_database(self):
        """SQLite: a copy, then up to date. PostgreSQL: refused until `migrate`."""
        if not ON_SQLITE:
            self.server.cli("migrate")
            self.sql("DELETE FROM migrations WHERE number > 1")
            done = self.server.cli("account", "list", expect=1)
            self.assertIn("outrider migrate", done.stderr)
            return
        self.data_dir.mkdir(mode=0o700)
        with sqlite3.connect(self.data_dir / "outrider.db") as connection:
            connection.executescript((harness.ROOT / "sql/0001_init.sql").read_text())
            connection.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                               " applied_at INTEGER NOT NULL) STRICT")
            connection.execute("INSERT INTO migrations VALUES (1, '0001_init', 0)")
            connection.execute("INSERT INTO accounts (id, name, created_at) VALUES ('a', 'Old', 0)")
        connection.close()
        done = self.server.cli("account", "list")
        self.assertEqual(done.stdout.split("\t")[2], "Old\n")
        self.assertIn("before-migration-", done.stderr)
        copy, = self.data_dir.glob("before-migration-*.db")
        with sqlite3.connect(copy) as connection:
            self.assertEqual(connection.execute("SELECT max(number) FROM migrations").fetchone(), (1,))
        connection.close()
        self.assertEqual(self.server.cli("migrate").stdout, "0 applied\n")

    def sql(self, statement):
        if ON_SQLITE:
            with sqlite3.connect(self.data_dir / "outrider.db") as connection:
                connection.execute(statement)
            connection.close()
            return
        subprocess.run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement,
                        self.server.database.url], check=True, capture_output=True, timeout=30)


class ServeTest(Case):
    def setUp(self):
        super().setUp()
        self.account = self.server.make_account("Acme")

    def test_commands_beside_a_server(self):
        self.server.start()
        key = self.server.line("key", "create", "--name", "late")
        self.server.client(key).get("/account-info", expect=200)
        self.server.cli("credits", "grant", "email", "1")
        if ON_SQLITE:
            copy = self.server.folder / "copy.db"
            self.server.cli("backup", copy)
            done = self.server.cli("restore", copy, expect=1)
            self.assertIn("stop it first", done.stderr)
            self.server.client(key).get("/account-info", expect=200)
        self.server.stop()
        self.assertEqual(stat.S_IMODE((self.data_dir / "secret.key").stat().st_mode), 0o600)

    def test_second_server(self):
        self.server.start()
        if ON_SQLITE:
            done = self.server.cli("serve", "--listen", "127.0.0.1:0", expect=1)
            self.assertIn("another server", done.stderr)
        else:
            second = harness.Server(database=self.server.database)
            second.start()
            second.client(self.account.key).get("/account-info", expect=200)
            second.stop()
        self.server.client(self.account.key).get("/account-info", expect=200)
        self.server.stop()

    def start_on_any_port(self):
        """A server on port 0: the process, and the line in which it says where."""
        command = [str(harness.BINARY), "serve", "--listen", "127.0.0.1:0",
                   *self.server.database.options]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   env=dict(os.environ, **harness.sanitizer_options(harness.ROOT)))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        timer = threading.Timer(30, process.kill)
        timer.start()
        self.addCleanup(timer.cancel)
        for line in process.stderr:
            if "listening" in line:
                return process, line
        raise AssertionError("the server ended without saying where it listens")

    def test_port_0_and_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                process, line = self.start_on_any_port()
                self.server.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", line)[1])
                with self.server.raw() as raw:
                    raw.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    self.assertEqual(raw.answer()[0], 200)
                process.send_signal(number)
                out, _err = process.communicate(timeout=30)
                self.assertEqual((process.returncode, out), (0, ""))

    def test_address_in_use(self):
        self.server.start()
        other = harness.Server()
        self.addCleanup(other.remove)
        done = other.cli("serve", "--listen", f"127.0.0.1:{self.server.port}", expect=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("in use", done.stderr)
        self.server.stop()

    def test_key_file_that_others_can_read(self):
        (self.data_dir).mkdir(exist_ok=True)
        path = self.data_dir / "secret.key"
        path.write_text("outrider-key-1 " + "5a" * 32 + "\n")
        path.chmod(0o644)
        done = self.server.cli("serve", "--listen", "127.0.0.1:0", expect=1)
        self.assertIn("chmod 600", done.stderr)
        self.assertNotIn("5a5a", done.stderr)

    def test_routes_and_document(self):
        routes = [line.split()[:2] for line in self.lines("routes")]
        self.assertIn(["GET", "/account-info"], routes)
        done = self.server.cli("openapi")
        self.server.start()
        self.assertEqual(done.stdout, self.server.client().get("/openapi.json", expect=200).body.decode())
        self.server.stop()


if __name__ == "__main__":
    unittest.main()
