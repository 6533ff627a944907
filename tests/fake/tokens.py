"""A provider's page for consents and its token endpoint (RFC 6749, sections 4.1 and 6; RFC 7636),
and what tells a mail server whose an access token is. Refresh tokens are replaced with each use;
an old one is refused. A code is good for one question of the client that it was made for."""
import base64
import hashlib
import http.server
import json
import threading
import urllib.parse


class Tokens:
    def __init__(self):
        self.lock = threading.Lock()
        self.refresh, self.access = {}, {}  # token -> user
        self.codes = {}  # code -> (user, what its page was asked with)
        self.count, self.expires_in, self.questions, self.fault = 0, 3600, [], None
        tokens = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                token = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)).get("access_token")
                user = tokens.access.get(token)
                self.answer(*((200, {"email": user}) if user else (400, {"error": "invalid_token"})))

            def do_POST(self):
                said = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(*tokens.exchange(dict(urllib.parse.parse_qsl(said)), self.headers["Content-Type"]))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def agree(self, url, user):
        """What a browser does in which the user agrees: where the page at the url sends it."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256", asked
        with self.lock:
            code = f"code/{len(self.codes)}+{asked['login_hint']}"
            self.codes[code] = user, asked
        return f"{asked['redirect_uri']}?" + urllib.parse.urlencode({"code": code, "state": asked["state"], "scope": "x"})

    def of_code(self, said):
        user, asked = self.codes.pop(said.get("code"), (None, {}))
        hashed = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        is_right = all(said.get(name) == asked.get(name) for name in ("client_id", "redirect_uri"))
        return user if is_right and challenge == asked.get("code_challenge") else None

    def of_refresh_token(self, said):
        return self.refresh.pop(said.get("refresh_token"), None)

    grants = {"authorization_code": of_code, "refresh_token": of_refresh_token}

    def exchange(self, said, content_type):
        with self.lock:
            self.questions.append(said | {"type": content_type})
            if self.fault:
                return self.fault
            user = self.grants.get(said.get("grant_type"), lambda *_: None)(self, said)
            if not user:
                return 400, {"error": "invalid_grant", "error_description": "Token has been revoked."}
            self.count += 1
            access, refresh = f"access-{self.count}", f"refresh-{self.count}"
            self.access[access], self.refresh[refresh] = user, user
            return 200, {"access_token": access, "refresh_token": refresh, "expires_in": self.expires_in,
                         "token_type": "Bearer"}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
