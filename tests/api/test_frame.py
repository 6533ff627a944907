"""What every operation gets from the frame: keys, paths, errors, ids, limits, log."""
import concurrent.futures
import re
import time

import harness

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class KeysTest(harness.ApiTest):
    def ask(self, line):
        with self.server.raw() as raw:
            raw.send(f"GET /account-info HTTP/1.1\r\nHost: localhost\r\n{line}Connection: close\r\n\r\n")
            return raw.answer()

    def test_refused(self):
        key = self.account.key
        for line in ("", "Authorization: Bearer\r\n", "Authorization: Bearer \r\n",
                     f"Authorization: {key}\r\n", f"Authorization: Basic {key}\r\n",
                     f"Authorization: Token token={key}\r\n", f"Authorization: Bearer {key}x\r\n",
                     f"Authorization: Bearer {key[:-1]}\r\n", f"Authorization: Bearer {key} {key}\r\n",
                     f"Authorization: Bearer {key.swapcase()}\r\n", f"Authorization: Bearer '{key}'\r\n",
                     f"X-Api-Key: {key}\r\n", f"Authorization: Bearer outr_live_{'0' * 36}\r\n"):
            with self.subTest(line):
                status, headers, body = self.ask(line)
                self.assertEqual(status, 401)
                self.assertIn(b'"code":"unauthorized"', body)
                self.assertIn(b'"source":{"header":"Authorization"}', body)
                self.assertTrue(headers["www-authenticate"].startswith("Bearer"))

    def test_accepted(self):
        for scheme in ("Bearer", "bearer", "BEARER"):
            self.assertEqual(self.ask(f"authorization: {scheme} {self.account.key}\r\n")[0], 200)

    def test_every_operation_but_the_open_ones_needs_a_key(self):
        document = self.nobody.get("/openapi.json").json
        is_open = {"/healthz", "/readyz", "/metrics", "/openapi.json",
                   "/unsubscribe/{id}", "/t/o/{id}", "/t/c/{id}",  # signed, for who gets an email
                   "/oauth/callback"}  # the same, for who consents
        asked = 0
        for path, operations in document["paths"].items():
            target = re.sub(r"\{\w+\}", "0198f652-73a2-7d41-914e-e511382bb808", path)
            for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
                with self.subTest(f"{method} {path}"):
                    answer = self.nobody.request(method.upper(), target, judge=False)
                    self.assertEqual(answer.status != 401, path in is_open)
                    asked += 1
        self.assertGreater(asked, len(is_open))


class PathsTest(harness.ApiTest):
    def test_unknown(self):
        for path in ("/", "/nothing", "/users/", "//users", "/Users", "/users/x/y", "/account-info/",
                     "/users%2F", "/%2e%2e/users", "/users;x"):
            with self.subTest(path):
                for client in (self.api, self.nobody):
                    self.assert_error(client.get(path), 404, "not_found")
                self.assert_error(self.api.post(path, {}), 404, "not_found")

    def test_wrong_method(self):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            answer = self.api.request(method, "/users")
            self.assert_error(answer, 405, "method_not_allowed")
            self.assertEqual(answer.header("Allow"), "GET, HEAD")

    def test_head(self):
        answer = self.api.request("HEAD", "/users", judge=False)
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(int(answer.header("Content-Length")), len(self.api.get("/users").body))

    def test_encoded_path(self):
        self.api.get("/%75sers", expect=200, judge=False)

    def test_a_body_where_none_is_read(self):
        self.api.request("GET", "/account-info", b"not read", expect=200)


class RequestIdsTest(harness.ApiTest):
    def test_made(self):
        ids = [self.nobody.get(path).header("X-Request-Id") for path in ("/healthz", "/nothing") * 3]
        for one in ids:
            self.assertRegex(one, UUID)
        self.assertEqual(len(set(ids)), len(ids))

    def test_echoed(self):
        for sent, sane in (("abc-1.2_3", True), ("x" * 128, True), ("x" * 129, False),
                           ("a b", False), ("<script>", False), ('a"b', False)):
            with self.subTest(sent):
                answer = self.api.get("/account-info", headers={"X-Request-Id": sent}, expect=200)
                self.assertEqual(answer.header("X-Request-Id") == sent, sane)

    def test_errors_carry_it(self):
        answer = self.api.get("/nothing", headers={"X-Request-Id": "find-me"})
        error, = answer.json["_errors"]
        self.assertEqual(error["id"], "find-me-1")
        self.assertEqual(error["status"], "404")
        self.assertTrue(error["title"] and error["detail"])

    def test_refusals_of_the_transport_have_one(self):
        with self.server.raw() as raw:
            raw.send("GET /users HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n")
            status, headers, body = raw.answer()
        self.assertEqual(status, 400)
        self.assertRegex(headers["x-request-id"], UUID)
        self.assertIn(headers["x-request-id"].encode(), body)


class LogTest(harness.ApiTest):
    """One line a request, without what was asked for and without keys."""

    def line_of(self, request_id):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            lines = [line for line in self.server.log_lines() if line.get("request_id") == request_id]
            if lines:
                return lines
            self.nobody.get("/healthz")  # lines are written in batches, by later lines
            time.sleep(0.05)
        raise AssertionError(f"no line for {request_id}\n{self.server.log_tail()}")

    def test_fields(self):
        answer = self.api.get("/users?email=hidden@example.com", headers={"X-Request-Id": "log-1"})
        line, = self.line_of("log-1")
        for key, value in {"level": "info", "message": "request", "method": "GET", "path": "/users",
                           "route": "/users", "status": 200, "bytes": len(answer.body),
                           "account_id": self.account.id}.items():
            self.assertEqual(line[key], value)
        self.assertIsInstance(line["ms"], int)

    def test_no_secrets(self):
        self.api.get("/users?email=hidden@example.com", headers={"X-Request-Id": "log-2"})
        self.api.get("/nothing/hidden@example.com", headers={"X-Request-Id": "log-3"})
        self.line_of("log-3")
        text = self.server.log_text()
        self.assertNotIn("hidden", text)
        self.assertNotIn(self.account.key[10:40], text)

    def test_counted(self):
        before = self.count("/users", 200)
        for _ in range(3):
            self.api.get("/users", expect=200)
        self.assertEqual(self.count("/users", 200), before + 3)
        refused = self.count("/users", 401)
        self.nobody.get("/users")
        self.assertEqual(self.count("/users", 401), refused + 1)

    def count(self, route, status):
        text = self.nobody.get("/metrics", expect=200).body.decode()
        found = re.search(rf'(?m)^outrider_http_requests_total{{method="GET",route="{route}",'
                          rf'status="{status}"}} (\d+)$', text)
        return int(found[1]) if found else 0

    def test_metrics_are_well_formed(self):
        text = self.nobody.get("/metrics", expect=200).body.decode()
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+-]+)$')
        for name in ("outrider_http_request_duration_seconds_bucket", "outrider_db_queries_total",
                     "outrider_rate_limited_total", "process_resident_memory_bytes",
                     "# TYPE outrider_jobs gauge"):
            self.assertIn(name, text)


class LimitTest(harness.ApiTest):
    QUOTA, CLIENTS, ASKS = 200, 64, 5
    settings = {"rate_limit.default": QUOTA}

    def ask(self, _number):
        client = self.server.client(self.account.key)
        try:
            return [client.get("/account-info") for _ in range(self.ASKS)]
        finally:
            client.close()

    def test_exact_with_many_clients(self):
        with concurrent.futures.ThreadPoolExecutor(self.CLIENTS) as pool:
            answers = sum(pool.map(self.ask, range(self.CLIENTS)), [])
        passed = [answer for answer in answers if answer.status == 200]
        refused = [answer for answer in answers if answer.status == 429]
        self.assertEqual((len(passed), len(refused)),
                         (self.QUOTA, self.CLIENTS * self.ASKS - self.QUOTA))
        left = sorted(int(re.search(r";r=(\d+);", answer.header("RateLimit"))[1]) for answer in passed)
        self.assertEqual(left, list(range(self.QUOTA)))
        for answer in refused:
            self.assert_error(answer, 429, "rate_limited")
            self.assertIn(int(answer.header("Retry-After")), range(1, 61))
            self.assertRegex(answer.header("RateLimit"), r'^"default";r=0;t=\d+$')
            self.assertEqual(answer.header("RateLimit-Policy"), f'"default";q={self.QUOTA};w=60')
        self.stranger.get("/account-info", expect=200)
        self.nobody.get("/healthz", expect=200)
        self.assertIsNone(self.nobody.get("/healthz").header("RateLimit"))
        self.assert_error(self.nobody.get("/account-info"), 401, "unauthorized")


class UnlimitedTest(harness.ApiTest):
    def test_no_headers(self):
        answer = self.api.get("/account-info", expect=200)
        self.assertIsNone(answer.header("RateLimit"))
        self.assertIsNone(answer.header("RateLimit-Policy"))


class BodiesTest(harness.ApiTest):
    def post(self, body, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.api.post("/people/search", body, headers=names)

    def test_media_types(self):
        for media_type in ("application/json", "Application/JSON; charset=utf-8",
                           "application/vnd.amp+json", "application/vnd.amp+json;v=1"):
            self.assertEqual(self.post(b"{}", Content_Type=media_type).status, 200)
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json",
                           "application/json/x", ""):
            with self.subTest(media_type):
                answer = self.post(b"{}", Content_Type=media_type)
                self.assert_error(answer, 415, "unsupported_media_type", header="Content-Type")
        self.assertEqual(self.api.request("POST", "/people/search", b"{}").status, 415)

    def test_malformed(self):
        """With the place where reading stopped: behind what was not understood."""
        for body, line, column in ((b"{", 1, None), (b'{"page": 1,\n "page_size" 2}', 2, 15),
                                   (b'\n\n{"page": 01}', 3, None), (b'{"a": "\xff"}', 1, None),
                                   (b'{"page": 1} {}', 1, 14), (b'{"page": 1, "page": 2}', 1, None),
                                   (b'{"page": NaN}', 1, None), (b"[" * 20 + b"]" * 20, 1, None)):
            with self.subTest(body):
                answer = self.post(body, Content_Type="application/json")
                if answer.codes == ["content_too_large"]:  # nested too deep
                    self.assertTrue(body.startswith(b"[["))
                    continue
                self.assert_error(answer, 400, "malformed_json")
                told = re.match(r"Line (\d+), column (\d+): .", answer.json["_errors"][0]["detail"])
                self.assertEqual(int(told[1]), line)
                if column:
                    self.assertEqual(int(told[2]), column)

    def test_missing(self):
        self.assert_error(self.post(b"", Content_Type="application/json"), 400, "malformed_request")
        for body in (b"[]", b'"x"', b"7", b"null"):
            self.assertEqual(self.post(body, Content_Type="application/json").status, 400)

    def test_several_wrong_fields(self):
        answer = self.post({"page": 0, "page_size": "x", "person_titles": "ceo", "person_name": 7,
                            "person_seniorities": ["VP", "Boss", "Founder", 3], "unknown": {"a": [1]}})
        self.assertEqual(answer.status, 400)
        self.assertEqual(set(answer.codes), {"unsupported_value"})
        self.assertEqual(sorted(error["source"]["pointer"] for error in answer.json["_errors"]),
                         ["/page", "/page_size", "/person_name", "/person_seniorities/1",
                          "/person_seniorities/3", "/person_titles"])

    def test_unknown_fields_are_passed_over(self):
        self.assertEqual(self.post({"unknown": [1, {"a": None}], "page_size": 5}).status, 200)
