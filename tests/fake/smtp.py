"""A scripted submission server on loopback, for what real ones do rarely.

    server = FakeSmtp({"mail": "451 4.3.0 later", "dot": ["", "250 taken"]})
    server.port, server.messages, server.lines, server.connections, server.close()

A script says for a step what is answered instead of the usual: a reply, "" to drop the
connection, a dict, or a list with one of these for each time (the last one stays). Steps:
banner, ehlo, starttls, auth (each line of it), mail, rcpt, data, dot, rset. A dict:
    reply       lines with \\n between; codes as written
    delay_s     before it
    when        a threading.Event that is awaited before it
    raw         bytes instead of a reply
    drop        ends the connection after it
`offers`: lines of the EHLO reply. `users`: {name: password}; `tokens`: {name: token}.
`reads`: bytes of a message after which the connection is dropped. TLS: `context`, and
`implicit` when it begins with it. A message whose dot was answered with 2xx is in
`messages`; one that came whole is in `whole`, whatever was answered. It says by whose `login`
it came, (name, password), and as which message of its connection, `nth`, from 0."""
import base64
import socket
import threading
import time

OFFERS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 100000", "AUTH PLAIN LOGIN XOAUTH2")
SOCKET_S = 120  # a net for what hangs


class Dropped(Exception):
    pass


class Conversation:
    def __init__(self, server, connection):
        self.server, self.connection = server, connection
        self.file = connection.makefile("rb")
        self.tls, self.sender, self.recipients = False, None, []
        self.login, self.taken = None, 0

    def start_tls(self):
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.file, self.tls = self.connection.makefile("rb"), True

    def say(self, step, usual):
        wanted = self.server.scripted(step, usual)
        if not isinstance(wanted, dict):
            wanted = {"reply": wanted}
        time.sleep(wanted.get("delay_s", 0))
        if "when" in wanted:
            wanted["when"].wait(SOCKET_S)
        reply = wanted.get("reply", usual)
        if reply == "" and "raw" not in wanted:
            raise Dropped
        self.connection.sendall(wanted["raw"] if "raw" in wanted
                                else reply.replace("\n", "\r\n").encode() + b"\r\n")
        if wanted.get("drop"):
            raise Dropped
        return reply

    def line(self):
        line = self.file.readline()
        if not line:
            raise Dropped
        self.server.lines.append(line.rstrip(b"\r\n").decode("utf-8", "replace"))
        return self.server.lines[-1]

    def run(self):
        if self.server.implicit:
            self.start_tls()
        self.say("banner", "220 fake ESMTP")
        while True:
            line = self.line()
            word = line.split(" ", 1)[0].lower()
            if word == "quit":
                return
            getattr(self, f"on_{word}", self.on_other)(line)

    def on_other(self, _line):
        self.say("other", "502 5.5.1 not known")

    def on_ehlo(self, _line):
        lines = ["fake", *self.server.offers]
        if self.server.context and not self.tls:
            lines.append("STARTTLS")
        self.say("ehlo", "\n".join(f"250{'-' if i + 1 < len(lines) else ' '}{line}"
                                   for i, line in enumerate(lines)))

    def on_starttls(self, _line):
        if self.say("starttls", "220 go ahead").startswith("2"):
            self.start_tls()

    def ask(self, text):
        self.say("auth", f"334 {text}")
        return base64.b64decode(self.line()).decode()

    def on_auth(self, line):
        _, mechanism, *rest = line.split(" ")
        name = secret = None
        if mechanism == "PLAIN":
            _, name, secret = base64.b64decode(rest[0]).decode().split("\0")
        elif mechanism == "LOGIN":
            name, secret = self.ask("VXNlcm5hbWU6"), self.ask("UGFzc3dvcmQ6")
        elif mechanism == "XOAUTH2":
            said = dict(part.split("=", 1) for part in base64.b64decode(rest[0]).decode().split("\1") if part)
            name, secret = said["user"], said["auth"].removeprefix("Bearer ")
        known = self.server.tokens if mechanism == "XOAUTH2" else self.server.users
        good = known.get(name) == secret
        if not good and mechanism == "XOAUTH2":
            self.connection.sendall(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")
            assert self.line() == ""
        self.login = (name, secret) if good else None
        self.say("auth", "235 2.7.0 welcome" if good else "535 5.7.8 no such login")

    def on_mail(self, line):
        if self.say("mail", "250 2.1.0 ok").startswith("2"):
            self.sender = line

    def on_rcpt(self, line):
        if self.say("rcpt", "250 2.1.5 ok").startswith("2"):
            self.recipients.append(line[line.index("<") + 1:line.index(">")])

    def on_rset(self, _line):
        self.sender, self.recipients = None, []
        self.say("rset", "250 2.0.0 ok")

    def on_data(self, _line):
        if not self.recipients:
            self.say("data", "554 5.5.1 no valid recipients")
            return
        if not self.say("data", "354 go ahead").startswith("3"):
            return
        taken = b""
        while True:
            line = self.file.readline()
            if not line:
                raise Dropped
            if line == b".\r\n":
                break
            taken += line[1:] if line.startswith(b".") else line
            if self.server.reads is not None and len(taken) > self.server.reads:
                self.say("reads", "")
        message = {"from": self.sender, "to": self.recipients, "bytes": taken, "login": self.login, "nth": self.taken}
        self.sender, self.recipients, self.taken = None, [], self.taken + 1
        self.server.whole.append(message)
        if self.say("dot", "250 2.0.0 taken").startswith("2"):
            self.server.messages.append(message)


class FakeSmtp:
    def __init__(self, script=None, *, offers=OFFERS, users=None, tokens=None, context=None,
                 implicit=False, reads=None):
        self.script = {step: list(said) if isinstance(said, list) else [said]
                       for step, said in (script or {}).items()}
        self.offers, self.users, self.tokens = offers, users or {}, tokens or {}
        self.context, self.implicit, self.reads = context, implicit, reads
        self.messages, self.whole, self.lines, self.connections = [], [], [], 0
        self.open, self.threads = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self.accept)
        self.acceptor.start()

    def scripted(self, step, usual):
        said = self.script.get(step)
        if not said:
            return usual
        return said.pop(0) if len(said) > 1 else said[0]

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(SOCKET_S)
            self.connections += 1
            self.open.append(connection)
            thread = threading.Thread(target=self.converse, args=(connection,))
            self.threads.append(thread)
            thread.start()

    def converse(self, connection):
        conversation = Conversation(self, connection)
        try:
            conversation.run()
        except (Dropped, OSError, ValueError):
            pass
        finally:
            conversation.file.close()
            conversation.connection.close()
            connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join()
