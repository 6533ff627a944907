"""A scripted DNS server on loopback, UDP and TCP, with as much of RFC 1035 as mail needs.

A zone is a dict: name -> record set, all lower case without final dot:
    {"a.org": {"mx": [[10, "mx.a.org"]], "ttl": 300},
     "mx.a.org": {"a": ["127.1.0.1"]},
     "a.org": {"txt": ["v=spf1 -all"]}, "_imaps._tcp.a.org": {"srv": [[0, 1, 993, "imap.a.org"]]},
     "b.org": {"cname": "a.org"}, "c.org": {"mx": [[0, ""]]},         # null MX
     "d.org": {"rcode": "servfail"}, "e.org": {"silent": true},       # never answers
     "f.org": {"first": ["servfail"], "mx": [...]},                   # fails once, then answers
     "g.org": {"tcp": true, ...}, "h.org": {"raw": "hex of an answer's records"}}
What is in no zone is NXDOMAIN."""
import asyncio
import ipaddress
import struct

TYPES = {"a": 1, "cname": 5, "soa": 6, "mx": 15, "txt": 16, "aaaa": 28, "srv": 33}
RCODES = {"noerror": 0, "formerr": 1, "servfail": 2, "nxdomain": 3, "refused": 5}


def encode_name(name):
    parts = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def record(owner, kind, ttl, data):
    return encode_name(owner) + struct.pack("!HHIH", TYPES[kind], 1, ttl, len(data)) + data


def text_parts(text):
    """A text in parts of at most 255 bytes."""
    data = text.encode()
    return b"".join(bytes([len(data[at:at + 255])]) + data[at:at + 255]
                    for at in range(0, max(len(data), 1), 255))


def decode_question(message):
    at, parts = 12, []
    while message[at]:
        parts.append(message[at + 1:at + 1 + message[at]].decode("ascii", "replace"))
        at += 1 + message[at]
    kind = struct.unpack("!H", message[at + 1:at + 3])[0]
    return ".".join(parts).lower(), kind, message[12:at + 5]


class Zone:
    def __init__(self, names):
        self.names, self.asked = names, []

    def records_of(self, name, kind):
        """(rcode, answers) of a name, following aliases inside the zone."""
        answers = []
        for _ in range(9):
            entry = self.names.get(name)
            if entry is None:
                return "nxdomain", answers
            ttl = entry.get("ttl", 300)
            if "cname" in entry:
                answers.append(record(name, "cname", ttl, encode_name(entry["cname"])))
                if entry.get("alone"):  # the server does not follow it
                    return "noerror", answers
                name = entry["cname"]
                continue
            if kind == TYPES["mx"]:
                answers += [record(name, "mx", ttl, struct.pack("!H", preference) + encode_name(host))
                            for preference, host in entry.get("mx", [])]
            if kind == TYPES["srv"]:
                answers += [record(name, "srv", ttl, struct.pack("!3H", *numbers) + encode_name(target))
                            for *numbers, target in entry.get("srv", [])]
            if kind == TYPES["txt"]:
                answers += [record(name, "txt", ttl, text_parts(text)) for text in entry.get("txt", [])]
            for word in ("a", "aaaa"):
                if kind == TYPES[word]:
                    answers += [record(name, word, ttl, ipaddress.ip_address(text).packed)
                                for text in entry.get(word, [])]
            return "noerror", answers
        return "servfail", []

    def answer(self, query, over_tcp):
        """The reply's bytes, or None for silence."""
        name, kind, question = decode_question(query)
        self.asked.append((name, kind))
        entry = self.names.get(name, {})
        fault = entry["first"].pop(0) if entry.get("first") else entry.get("rcode")
        if entry.get("silent") or fault == "silent":
            return None
        rcode, answers = (fault, []) if fault else self.records_of(name, kind)
        flags = 0x8180 | RCODES[rcode]
        if entry.get("tcp") and not over_tcp:
            flags, answers = flags | 0x0200, []
        authority = b""
        if not answers and rcode in ("noerror", "nxdomain"):
            soa = encode_name("ns.fake") + encode_name("admin.fake") + struct.pack(
                "!5I", 1, 3600, 600, 86400, entry.get("negative_ttl", 60))
            authority = record("fake", "soa", 600, soa)
        body = bytes.fromhex(entry["raw"]) if "raw" in entry else b"".join(answers)
        count = entry.get("raw_count", 1) if "raw" in entry else len(answers)
        head = query[:2] + struct.pack("!5H", flags, 1, count, 1 if authority else 0, 0)
        return head + question + body + authority


class Udp(asyncio.DatagramProtocol):
    def __init__(self, zone):
        self.zone, self.transport = zone, None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        reply = self.zone.answer(data, False)
        if reply is not None:
            self.transport.sendto(reply, peer)


async def serve_tcp(zone, reader, writer):
    try:
        while True:
            length = struct.unpack("!H", await reader.readexactly(2))[0]
            reply = zone.answer(await reader.readexactly(length), True)
            if reply is not None:
                writer.write(struct.pack("!H", len(reply)) + reply)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def start(zone, address="127.0.0.1"):
    """Serves the zone on a free port; returns the port and what closes it."""
    loop = asyncio.get_running_loop()
    tcp = await asyncio.start_server(lambda r, w: serve_tcp(zone, r, w), address, 0)
    port = tcp.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(lambda: Udp(zone), local_addr=(address, port))

    def close():
        tcp.close()
        udp.close()
    return port, close
