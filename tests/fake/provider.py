"""An endpoint that the operator configures and the server asks with JSON: a provider of emails and
phone numbers (reveal.provider_url), a judge of replies (reply.hook_url). It answers when it is let:
`hold` makes questions wait, `release` answers them."""
import http.server
import json
import threading


class Provider:
    def __init__(self, key="name", otherwise=(404, {})):
        """Answers by the question's member `key`: (status, body), or a list of them for one after
        the other."""
        self.answers, self.questions, self.tokens = {}, [], []
        self.free = threading.Event()
        self.free.set()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                provider.questions.append(question)
                provider.tokens.append(self.headers["Authorization"])
                provider.free.wait(60)
                answer = provider.answers.get(question[key], otherwise)
                status, body = answer.pop(0) if isinstance(answer, list) else answer
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/lookup"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def hold(self):
        self.free.clear()

    def release(self):
        self.free.set()

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
