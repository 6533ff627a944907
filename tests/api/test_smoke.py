"""The server starts, answers, refuses strangers and stops."""
import harness


class SmokeTest(harness.ApiTest):
    def test_health(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.nobody.get(path).status, 200)

    def test_metrics(self):
        text = self.nobody.get("/metrics", expect=200).body.decode()
        self.assertRegex(text, r"(?m)^# TYPE \w+ (counter|gauge|histogram)$")

    def test_document(self):
        document = self.nobody.get("/openapi.json", expect=200).json
        self.assertEqual(document["openapi"][:3], "3.1")
        self.assertIn("/account-info", document["paths"])

    def test_keys(self):
        self.api.get("/account-info", expect=200)
        for key in (None, "x", self.account.key[:-1] + ("a" if self.account.key[-1] != "a" else "b")):
            answer = self.server.client(key).get("/account-info")
            self.assert_error(answer, 401, "unauthorized")

    def test_users(self):
        answer = self.api.get("/users", expect=200)
        self.assertEqual([user["id"] for user in answer.json["users"]], [self.account.user_id])

    def test_unknown_path_and_method(self):
        self.assertEqual(self.api.get("/nowhere").status, 404)
        answer = self.api.delete("/account-info")
        self.assertEqual(answer.status, 405)
        self.assertEqual(answer.header("Allow"), "GET, HEAD")

    def test_raw_keep_alive(self):
        with self.server.raw() as raw:
            for _ in range(2):
                raw.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertEqual(raw.answer()[0], 200)


class TlsTest(harness.ApiTest):
    tls = True

    def test_plain_redirects(self):
        self.api.get("/account-info", expect=200)
        with self.server.raw() as raw:
            raw.send("GET /users?a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            status, headers, _body = raw.answer()
        self.assertEqual(status, 301)
        self.assertRegex(headers["location"], r"^https://localhost(:\d+)?/users\?a=b$")


class StopTest(harness.ApiTest):
    def test_kill_loses_nothing(self):
        self.server.kill()
        self.server.start()
        self.server.client(self.account.key).get("/account-info", expect=200)
