"""What every API test stands on: real `outrider serve` processes, asked over sockets.

A test class derives from ApiTest and has a server of its own, on the engine that
tests/run chose. Before the server starts there are two accounts, `self.account` and
`self.other`, each with an admin user, a key for the API and one for administration;
`prepare` can import files. `self.api` is a client with the account's key.

    class UsersTest(ApiTest):
        settings = {"rate_limit.default": 0}

        def test_list(self):
            answer = self.api.get("/users", expect=200)

Each answer is held against the server's own OpenAPI document. When the class ends its
server must end with exit code 0, without a sanitizer's report and without a log line of
level error that no `server.allow_errors` announced.
"""
import dataclasses
import fcntl
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from lib.contract import Contract  # noqa: E402  (the path is set above)
from lib.processes import SANITIZER, sanitizer_options  # noqa: E402

BUILD = pathlib.Path(os.environ.get("OUTRIDER_TEST_BUILD", ROOT / "build/asan"))
BINARY = BUILD / "outrider"
ENGINE = os.environ.get("OUTRIDER_TEST_ENGINE", "sqlite")
SEARCH = os.environ.get("OUTRIDER_TEST_SEARCH")  # search.engine; empty: the default
TEMPORARY = os.environ.get("OUTRIDER_TEST_TEMPORARY")
DATA = ROOT.parent / "shared/data"
# Nets for what hangs, wide enough for a machine that is busy with other work.
START_S, STOP_S, ANSWER_S, COMMAND_S = 120, 60, 120, 300
_opened = []


def shared_file(name):
    """A file of ../shared/data; a test that needs it fails without it."""
    path = DATA / name
    if not path.exists():
        raise AssertionError(f"{path} is missing: this test reads the shared data")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Account:
    id: str
    user_id: str
    key: str        # scope api
    admin_key: str  # scope admin


class Answer:
    """Status, headers as sent, body; `json` parses on demand."""

    def __init__(self, method, target, response, body):
        self.method, self.target = method, target
        self.status, self.headers, self.body = response.status, response.msg, body

    def header(self, name):
        return self.headers.get(name)

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise AssertionError(f"not JSON: {self}") from None

    @property
    def codes(self):
        """The codes of an error answer, in their order."""
        return [error["code"] for error in self.json["_errors"]]

    def __str__(self):
        return f"{self.method} {self.target}: {self.status}\n{self.headers}{self.body[:2000]!r}"


class Client:
    """Asks one server with one key. Safe for several threads: each has its connection."""

    def __init__(self, server, key=None, tls=False):
        self.server, self.key, self.tls, self.local = server, key, tls, threading.local()

    def connection(self):
        """The thread's own, or a new one where the server ended that while nothing was asked."""
        kept = getattr(self.local, "connection", None)
        if kept and kept.sock and select.select([kept.sock], [], [], 0)[0]:
            self.close()
        if not getattr(self.local, "connection", None):
            if self.tls:
                context = ssl.create_default_context(cafile=self.server.tls_cert)
                self.local.connection = http.client.HTTPSConnection(
                    "localhost", self.server.tls_port, timeout=ANSWER_S, context=context)
            else:
                self.local.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.server.port, timeout=ANSWER_S)
        return self.local.connection

    def close(self):
        if getattr(self.local, "connection", None):
            self.local.connection.close()
            self.local.connection = None

    def request(self, method, target, body=None, *, query=None, headers=None, expect=None,
                judge=True):
        """`body`: None, bytes, or anything that JSON can hold. `query`: a dict or pairs.
        `expect`: the status that must come. `judge=False` leaves the document out."""
        if query:
            target += "?" + urllib.parse.urlencode(query, doseq=True, safe="[]")
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        try:
            connection = self.connection()
            connection.request(method, target, body, sent)
            response = connection.getresponse()
            answer = Answer(method, target, response, response.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if response.will_close:
            self.close()
        if expect is not None and answer.status != expect:
            raise AssertionError(f"expected {expect}, but {answer}\n{self.server.log_tail()}")
        if expect is None and answer.status >= 500:
            raise AssertionError(f"{answer}\n{self.server.log_tail()}")
        faults = self.server.contract.check(method, target, answer) if judge else []
        if faults:
            raise AssertionError("against /openapi.json:\n" + "\n".join(faults) + f"\n{answer}")
        return answer

    def get(self, target, **options):
        return self.request("GET", target, **options)

    def post(self, target, body=None, **options):
        return self.request("POST", target, body, **options)

    def put(self, target, body=None, **options):
        return self.request("PUT", target, body, **options)

    def patch(self, target, body=None, **options):
        return self.request("PATCH", target, body, **options)

    def delete(self, target, body=None, **options):
        return self.request("DELETE", target, body, **options)


class Raw:
    """A bare connection, for what a well-behaved client never sends."""

    def __init__(self, server, timeout_s=ANSWER_S):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def end(self):
        """No more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def all(self):
        """Everything until the server closes; TimeoutError when it does not."""
        told = self.rest
        try:
            while part := self.socket.recv(65536):
                told += part
        except ConnectionResetError:
            pass
        self.rest = b""
        return told

    def answer(self):
        """One answer: (status, {header in lower case: value}, body); None at the end."""
        while b"\r\n\r\n" not in self.rest:
            if not self._more():
                return None
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        size = int(headers.get("content-length", "0"))
        while len(self.rest) < size and self._more():
            pass
        body, self.rest = self.rest[:size], self.rest[size:]
        return int(first.split(" ")[1]), headers, body

    def _more(self):
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.rest += part
        return bool(part)


class Database:
    """A data directory, and a database on the engine of this run: empty, or a copy of another one
    that nobody uses, given as what `place` says of it."""
    number = 0

    def __init__(self, copied=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="api-", dir=TEMPORARY))
        self.options = ["--data-dir", str(self.folder / "var")]
        self.url = self.name = None
        if copied:
            shutil.copytree(pathlib.Path(copied["folder"]) / "var", self.folder / "var")
        if ENGINE == "postgres":
            Database.number += 1
            self.name = f"t{os.getpid()}_{Database.number}"
            self.url = self.pg("database", *([copied["name"]] if copied else [])).strip()
            self.options += ["--database", self.url]

    def place(self):
        return {"folder": str(self.folder), "name": self.name}

    def rows(self, statement, timeout_s=30):
        """What a statement says, or does, behind the server's back: texts in a list for each row."""
        if self.url:
            done = subprocess.run(["psql", "-AtqX", "-F\t", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url], text=True,
                                  check=True, capture_output=True)
            return [line.split("\t") for line in done.stdout.splitlines()]
        file = sqlite3.connect(self.folder / "var/outrider.db", isolation_level=None, timeout=timeout_s)
        found = [["" if cell is None else str(cell) for cell in row] for row in file.execute(statement)]
        file.close()
        return found

    def pg(self, *words):
        return subprocess.run([ROOT / "tests/pg", words[0], os.environ["OUTRIDER_TEST_PG"], self.name, *words[1:]],
                              text=True, check=True, capture_output=True).stdout

    def remove(self):
        if self.url:
            self.pg("drop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """One database and the processes on it: commands before the start, then `serve`."""

    def __init__(self, settings=None, tls=False, database=None):
        self.database = database or Database()
        self.folder = self.database.folder
        # Mail goes out where a test is about it: no test's mailbox is at a server elsewhere.
        self.settings = {"log.format": "json", "sequence.senders": 0, "mail.readers": 0, **({"search.engine": SEARCH} if SEARCH else {}),
                         **(settings or {})}
        self.log_path = self.folder / f"log-{id(self)}"
        self.allowed, self.process, self.port, self.tls_port = [], None, None, None
        self.environment = {}  # of the server's process, beside that of the tests
        self.tls_cert = self.make_certificate() if tls else None
        self.contract = None
        _opened.append(self)

    def common_options(self):
        sets = [f"--set={key}={str(value).lower() if isinstance(value, bool) else value}"
                for key, value in self.settings.items()]
        return self.database.options + sets

    def cli(self, *words, expect=0, stdin=None, timeout_s=COMMAND_S):
        """Runs a command to its end and returns it, with stdout and stderr as text."""
        command = [str(BINARY), *map(str, words), *self.common_options()]
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              timeout=timeout_s, env=dict(os.environ, **sanitizer_options(ROOT)))
        if done.returncode != expect or SANITIZER.search(done.stderr):
            raise AssertionError(f"{' '.join(map(str, words))}: exit code {done.returncode}, "
                                 f"expected {expect}\n{done.stdout}{done.stderr}")
        return done

    def line(self, *words):
        """The last line that a command prints."""
        return self.cli(*words).stdout.strip().split("\n")[-1]

    def make_account(self, name):
        account = self.line("account", "create", "--name", name)
        of = ["--account", account]
        user = self.line("user", "add", "--email", f"{name.lower()}@{name.lower()}.example", "--first-name",
                         name, "--last-name", "Admin", "--role", "admin", *of)
        key = self.line("key", "create", "--name", "test", "--scope", "api", *of)
        admin = self.line("key", "create", "--name", "admin", "--scope", "admin", *of)
        return Account(account, user, key, admin)

    def make_certificate(self):
        cert, self.tls_key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", self.tls_key, "-out", cert], check=True, capture_output=True)
        return str(cert)

    def start(self, *options, index=True):
        """Until /readyz answers 200 and, with `index`, the search index answers, if there is
        one. A port that somebody took meanwhile is replaced."""
        for _ in range(5):
            self.port = free_port()
            command = [str(BINARY), "serve", "--listen", f"127.0.0.1:{self.port}",
                       *self.common_options(), *options]
            if self.tls_cert:
                self.tls_port = free_port()
                command += ["--tls-cert", self.tls_cert, "--tls-key", str(self.tls_key),
                            "--tls-listen", f"127.0.0.1:{self.tls_port}"]
            with open(self.log_path, "ab") as log:
                begins = log.tell()
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                env=os.environ | sanitizer_options(ROOT) | self.environment)
            if self.wait_until_ready():
                break
            if b"in use" not in self.log_path.read_bytes()[begins:]:
                raise AssertionError(f"the server did not start\n{self.log_tail()}")
        if not self.contract:
            plain = Client(self, tls=bool(self.tls_cert))
            document = plain.request("GET", "/openapi.json", expect=200, judge=False).json
            self.contract = Contract(document, ENGINE, TEMPORARY)
            plain.close()
        if index and self.settings.get("search.engine") != "sql":
            self.wait_for(lambda: self.metric("outrider_search_ready") == 1, "a ready index")
        return self

    def wait_until_ready(self):
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                return False
            try:
                with Raw(self, 5) as raw:
                    raw.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    answer = raw.answer()
                if answer and answer[0] in (200, 301):
                    return True
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready after {START_S} s\n{self.log_tail()}")

    def client(self, key=None, tls=False):
        return Client(self, key, tls)

    def raw(self, timeout_s=ANSWER_S):
        return Raw(self, timeout_s)

    def allow_errors(self, pattern):
        """Log lines of level error that match are part of the test."""
        self.allowed.append(re.compile(pattern))

    def log_text(self):
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def log_lines(self):
        """The log as dicts; lines that are not JSON have the key `text` only."""
        for line in self.log_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                yield {"text": line}

    def log_tail(self, count=40):
        return "log of the server:\n" + "\n".join(self.log_text().splitlines()[-count:])

    def log_faults(self):
        if SANITIZER.search(self.log_text()):
            return [f"a sanitizer reported:\n{self.log_text()[-20000:]}"]
        return [f"an error in the log: {json.dumps(line)}" for line in self.log_lines()
                if line.get("level") == "error"
                and not any(allowed.search(json.dumps(line)) for allowed in self.allowed)]

    def metric(self, name, labels=""):
        """A number of /metrics; 0 when it is not there. `labels`: as written there."""
        plain = Client(self, tls=bool(self.tls_cert))
        text = plain.request("GET", "/metrics", expect=200, judge=False).body.decode()
        plain.close()
        found = re.search(rf"^{name}{re.escape(labels)} (-?[0-9.]+)$", text, re.M)
        return float(found[1]) if found else 0

    def wait_for(self, true, what="it", timeout_s=START_S):
        """Until true() is; AssertionError when that takes too long."""
        until = time.monotonic() + timeout_s
        while not true():
            if time.monotonic() > until:
                raise AssertionError(f"{what} did not happen\n{self.log_tail()}")
            time.sleep(0.02)

    def memory_kb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def kill(self):
        """As a power cut does to the process."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        """Ends the server as an operator does; AssertionError for whatever went wrong."""
        faults = []
        if self.process:
            self.process.terminate()
            try:
                code = self.process.wait(STOP_S)
                faults += [f"exit code {code} after SIGTERM"] if code else []
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                faults.append(f"still running {STOP_S} s after SIGTERM")
            self.process = None
        faults += self.log_faults()
        if faults:
            raise AssertionError("\n".join(faults) + "\n" + self.log_tail())

    def remove(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        self.database.remove()


def close_all():
    """Called by tests/lib/module.py at the end, whatever happened."""
    for server in _opened:
        server.remove()


NO_LIMITS = {"rate_limit.default": 0, "rate_limit.people_search": 0, "rate_limit.people_find": 0,
             "rate_limit.call_recording": 0}


def make_prepared(credits):
    """The accounts with which every class begins, in a database of their own."""
    database = Database()
    server = Server(NO_LIMITS, database=database)
    _opened.remove(server)  # other modules copy it until the run ends, which removes it
    accounts = [server.make_account(name) for name in ("Acme", "Globex")]
    for account in accounts:
        for kind in ("email", "phone"):
            server.cli("credits", "grant", kind, credits, "--account", account.id)
    return {"database": database.place(), "accounts": [dataclasses.asdict(account) for account in accounts]}


def prepared(credits):
    """Made by the first module that asks: a dozen commands for each class would be minutes of a run."""
    made = pathlib.Path(TEMPORARY) / f"prepared-{ENGINE}-{credits}.json"
    with open(made.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            text = json.dumps(make_prepared(credits))
            made.write_text(text, encoding="utf-8")
        return json.loads(made.read_text(encoding="utf-8"))


class ApiTest(unittest.TestCase):
    settings, tls, credits = {}, False, 1000
    maxDiff = None

    @classmethod
    def prepare(cls, server):
        """Commands to run before the server starts: imports, more accounts."""

    @classmethod
    def setUpClass(cls):
        start = prepared(cls.credits)
        cls.server = Server({**NO_LIMITS, **cls.settings}, tls=cls.tls, database=Database(start["database"]))
        cls.account, cls.other = (Account(**account) for account in start["accounts"])
        cls.prepare(cls.server)
        cls.server.start()
        cls.api = cls.server.client(cls.account.key, cls.tls)
        cls.admin = cls.server.client(cls.account.admin_key, cls.tls)
        cls.stranger = cls.server.client(cls.other.key, cls.tls)
        cls.nobody = cls.server.client(None, cls.tls)

    @classmethod
    def tearDownClass(cls):
        for client in (cls.api, cls.admin, cls.stranger, cls.nobody):
            client.close()
        cls.server.stop()

    def assert_error(self, answer, status, code, **source):
        """An error answer of one problem, with its place: pointer=, parameter= or header=."""
        self.assertEqual(answer.status, status, str(answer))
        self.assertEqual(answer.json["object"], "error")
        self.assertEqual(answer.codes, [code], str(answer))
        if source:
            self.assertEqual(answer.json["_errors"][0]["source"], source, str(answer))
