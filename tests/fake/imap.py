"""An IMAP server on loopback whose folder of sent messages is what a mail server took.

    imap = FakeImap(lambda: [bytes, ...])     # the messages in Sent, as they are now
    imap.port, imap.searches, imap.close()

Takes any login, knows the folders INBOX, which is empty, and Sent, and searches headers;
nothing else."""
import email
import email.policy
import re
import socketserver
import threading

CAPABILITIES = "IMAP4rev1 SPECIAL-USE"


class Conversation(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.folder = None
        self.say(f"* OK [CAPABILITY {CAPABILITIES}] fake")
        try:
            while line := self.rfile.readline():
                tag, word, rest = (*line.decode().strip().split(" ", 2), "")[:3]
                getattr(self, f"on_{word.lower()}", self.on_other)(tag, rest)
        except OSError:
            pass  # a client that was killed

    def on_other(self, tag, _rest):
        self.say(f"{tag} BAD not known")

    def on_capability(self, tag, _rest):
        self.say(f"* CAPABILITY {CAPABILITIES}\r\n{tag} OK done")

    def on_login(self, tag, _rest):
        self.say(f"{tag} OK welcome")

    def on_logout(self, tag, _rest):
        self.say(f"* BYE\r\n{tag} OK done")

    def on_list(self, tag, _rest):
        self.say(f'* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\HasNoChildren \\Sent) "/" Sent\r\n{tag} OK done')

    def on_examine(self, tag, rest):
        self.folder = rest.strip('"')
        self.say(f"* {len(self.server.of(self.folder))} EXISTS\r\n{tag} OK [READ-ONLY] done")

    def on_uid(self, tag, rest):
        name, value = re.fullmatch(r'SEARCH HEADER "([^"]+)" "([^"]*)"', rest).groups()
        found = [str(uid) for uid, message in enumerate(self.server.of(self.folder), 1)
                 if value in message.get(name, "")]
        self.server.searches += 1
        self.say(f"* SEARCH {' '.join(found)}\r\n{tag} OK done")


class FakeImap(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 100

    def __init__(self, sent):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.sent, self.known, self.searches = sent, [], 0
        self.port = self.server_address[1]
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self.thread.start()

    def of(self, folder):
        """Headers of its messages; each is parsed once."""
        if folder != "Sent":
            return []
        with self.lock:
            for text in self.sent()[len(self.known):]:
                self.known.append(email.message_from_bytes(text.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n",
                                                           policy=email.policy.compat32))
            return list(self.known)

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join()
