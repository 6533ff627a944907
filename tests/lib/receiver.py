"""Somebody who is told by webhooks: an HTTP(S) server on loopback that keeps every request, and
answers as its path was told to. Verifies signatures by the letter of Standard Webhooks."""
import base64
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import struct
import threading
import time


def signature(secret, id, timestamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Told:
    """A request."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body, self.at = path, headers, body, time.monotonic()
        self.id, self.timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp")
        self.signatures = headers.get("webhook-signature", "").split(" ")

    @property
    def json(self):
        return json.loads(self.body)

    def is_signed_with(self, secret):
        return signature(secret, self.id, self.timestamp, self.body) in self.signatures


class Receiver:
    """`answers[path]`: a function of the Told that returns (status, headers), or None to hang
    until the receiver is closed; 204 without one."""

    def __init__(self, cert=None, key=None):
        self.told, self.answers, self.lock, self.closed = [], {}, threading.Lock(), threading.Event()
        self.keeps = True  # False: only when what came, for very many
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                told = Told(self.path, self.headers, body)
                with outer.lock:
                    outer.told.append(told if outer.keeps else (told.id, told.at))
                found = outer.answers.get(self.path, lambda _: (204, {}))(told)
                if found is None:
                    outer.closed.wait()
                    self.close_connection = True
                    return
                status, headers = found
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", "5")
                self.end_headers()
                if status != 204:
                    self.wfile.write(b"words")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 1024

            def handle_error(self, *_):
                pass  # a peer that was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def of(self, path):
        with self.lock:
            return [told for told in self.told if told.path == path]

    def close(self):
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()


class Http2Receiver:
    """Takes every request with 204, by HTTP/2 (RFC 9113) and nothing else; counts them and the
    connections."""
    PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    HEADERS, SETTINGS, END_STREAM, ACK, END_HEADERS = 1, 4, 1, 1, 4
    NO_CONTENT = b"\x89"  # :status 204 of the static table (RFC 7541, appendix A)

    def __init__(self, cert, key):
        self.connections = self.requests = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.set_alpn_protocols(["h2"])
        self.listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        def frame(kind, flags, stream, payload=b""):
            peer.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload)
        with peer, peer.makefile("rb") as stream_in:
            if stream_in.read(len(self.PREFACE)) != self.PREFACE:
                return
            frame(self.SETTINGS, 0, 0)
            while len(head := stream_in.read(9)) == 9:
                kind, flags = head[3], head[4]
                stream = struct.unpack(">I", head[5:])[0]
                stream_in.read(int.from_bytes(head[:3], "big"))
                if kind == self.SETTINGS and not flags & self.ACK:
                    frame(self.SETTINGS, self.ACK, 0)
                if stream and kind <= self.HEADERS and flags & self.END_STREAM:
                    self.requests += 1
                    frame(self.HEADERS, self.END_STREAM | self.END_HEADERS, stream, self.NO_CONTENT)

    def close(self):
        self.listener.close()
