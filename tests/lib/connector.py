"""An endpoint for automatic LinkedIn stages: keeps what it is told, answers what a test wants."""
import http.server
import threading


class Connector:
    def __init__(self, secret):
        self.told, self.answers = [], []  # (headers, body); statuses, once each, then 202
        connector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802  (the name is http.server's)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                connector.told.append((dict(self.headers.items()), body))
                self.send_response(connector.answers.pop(0) if connector.answers else 202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.settings = {"sequence.linkedin_url": f"http://127.0.0.1:{self.server.server_address[1]}/do",
                         "sequence.linkedin_secret": secret, "sequence.linkedin_allow_private": True}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
