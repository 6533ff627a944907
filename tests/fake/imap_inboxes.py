"""An IMAP server on loopback with an inbox for everybody who logs in, in one thread however many
there are.

    server = FakeInboxes(idles=lambda user: user.startswith("i"))
    server.deliver(user, bytes, folder="INBOX"); server.port; server.close()

Folders: INBOX, Junk, Sent, Drafts. Who `idles` is offered IDLE, and told of what is delivered
meanwhile. It counts what it was asked:
    logins[user], looks[user]    logins that were taken; folders that were opened
    fetched[user, folder, uid]   how often a whole message was given
    opened                       folders that anybody opened
    arrivals                     when connections came (time.monotonic)
    connections                  that are open now
It can be made to behave badly, now or for what comes next:
    refuses   users whose login is refused; how often: refused[user]
    silent    True: connections are taken and never spoken to
    drops     True: they are ended at once
    cut()     ends all that are open
Others' numbers for the same messages: number_anew(user, validity)."""
import asyncio
import collections
import contextlib
import re
import threading
import time

JUNK, SENT, DRAFTS = "Junk", "Sent", "Drafts"
FOLDERS = (("INBOX", ""), (JUNK, "\\Junk"), (SENT, "\\Sent"), (DRAFTS, "\\Drafts"))


class Folder:
    def __init__(self):
        self.validity, self.next, self.messages = 7, 1, {}

    def add(self, message):
        self.messages[self.next] = message
        self.next += 1

    def number_anew(self, validity):
        messages, self.validity, self.next, self.messages = self.messages.values(), validity, 1, {}
        for message in messages:
            self.add(message)


class Conversation:
    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.user, self.name, self.idling, self.told = None, None, False, 0

    def say(self, *lines):
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())

    @property
    def folder(self):
        return self.server.folders[self.user, self.name]

    @property
    def capabilities(self):
        idles = self.user is not None and self.server.idles(self.user)
        return "IMAP4rev1 SPECIAL-USE" + (" IDLE" if idles else "")

    async def run(self):
        self.say("* OK fake")
        while line := await self.reader.readline():
            if self.idling:
                self.idling = False
                self.say(f"{self.tag} OK done")
                continue
            self.tag, word, rest = (*line.decode().strip().split(" ", 2), "")[:3]
            answer = getattr(self, f"on_{word.lower()}", None)
            if answer is None:
                self.say(f"{self.tag} BAD not known")
            elif answer(rest) is not None:
                return
            await self.writer.drain()

    def done(self, *lines):
        self.say(*lines)
        self.tell()
        self.say(f"{self.tag} OK done")

    def tell(self):
        """What came since it was told last."""
        if self.name and self.told != len(self.folder.messages):
            self.told = len(self.folder.messages)
            self.say(f"* {self.told} EXISTS")

    def on_capability(self, _rest):
        self.done(f"* CAPABILITY {self.capabilities}")

    def on_login(self, rest):
        user = re.match(r'"([^"]+)"', rest)[1]
        if user in self.server.refuses:
            self.server.refused[user] += 1
            self.say(f"{self.tag} NO [AUTHENTICATIONFAILED] wrong password")
            return
        self.user = user
        self.server.logins[user] += 1
        self.done()

    def on_logout(self, _rest):
        self.done("* BYE")
        return "the end"

    def on_list(self, _rest):
        self.done(*(f'* LIST (\\HasNoChildren {flag}) "/" {name}' for name, flag in FOLDERS))

    def on_examine(self, rest):
        self.name = rest.strip('"')
        self.told = len(self.folder.messages)
        self.server.opened.add(self.name)
        self.server.looks[self.user] += 1
        self.done(f"* {len(self.folder.messages)} EXISTS", f"* OK [UIDVALIDITY {self.folder.validity}] .",
                  f"* OK [UIDNEXT {self.folder.next}] .")

    def on_uid(self, rest):
        if by_uid := re.fullmatch(r"SEARCH UID (\d+):(\d+)", rest):
            first, last = map(int, by_uid.groups())
            return self.search([uid for uid in self.folder.messages if first <= uid <= last])
        if by_place := re.fullmatch(r"SEARCH (\d+):\*", rest):
            return self.search(list(self.folder.messages)[int(by_place[1]) - 1:])
        uid, part, most = re.fullmatch(r"FETCH (\d+) \(UID BODY\.PEEK\[(HEADER|)\]<0\.(\d+)>\)", rest).groups()
        return self.fetch(int(uid), part, int(most))

    def search(self, uids):
        self.done(f"* SEARCH {' '.join(map(str, uids))}".rstrip())

    def fetch(self, uid, part, most):
        message = self.folder.messages[uid]
        if part:
            message = message.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n"
        else:
            self.server.fetched[self.user, self.name, uid] += 1
        place = list(self.folder.messages).index(uid) + 1
        self.writer.write(f"* {place} FETCH (UID {uid} BODY[{part}]<0> {{{len(message[:most])}}}\r\n".encode()
                          + message[:most] + b")\r\n")
        self.done()

    def on_idle(self, _rest):
        self.idling = True
        self.say("+ waiting")
        self.tell()


class FakeInboxes:
    def __init__(self, idles=lambda _user: False):
        self.idles, self.refuses, self.silent, self.drops = idles, set(), False, False
        self.folders = collections.defaultdict(Folder)
        self.logins, self.looks, self.refused, self.fetched = (collections.Counter() for _ in range(4))
        self.opened, self.arrivals, self.conversations = set(), [], set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.call(self.listen())

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    async def converse(self, reader, writer):
        self.arrivals.append(time.monotonic())
        conversation = Conversation(self, reader, writer)
        self.conversations.add(conversation)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if self.silent:
                await reader.read()
            elif not self.drops:
                await conversation.run()
        self.conversations.discard(conversation)
        writer.close()

    @property
    def connections(self):
        return len(self.conversations)

    async def listen(self):
        self.server = await asyncio.start_server(self.converse, "127.0.0.1", 0, backlog=1000)
        self.port = self.server.sockets[0].getsockname()[1]

    def cut(self):
        async def end():
            for conversation in self.conversations:
                conversation.writer.transport.abort()
        self.call(end())

    def deliver(self, user, message, folder="INBOX"):
        async def add():
            self.folders[user, folder].add(message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
            for conversation in self.conversations:
                if conversation.user == user and conversation.name == folder and conversation.idling:
                    conversation.tell()
        self.call(add())

    def number_anew(self, user, validity, folder="INBOX"):
        """As a server does after it has lost its numbers: others for the same messages."""
        async def renumber():
            self.folders[user, folder].number_anew(validity)
        self.call(renumber())

    def close(self):
        async def end():
            self.server.close()
            while self.conversations:
                for conversation in self.conversations:
                    conversation.writer.transport.abort()
                await asyncio.sleep(0.01)
        self.call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
