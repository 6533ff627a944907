"""The header Idempotency-Key: a POST that is sent again is not done again."""
import concurrent.futures
import http.client
import time

import harness


class IdempotencyTest(harness.ApiTest):
    settings = {"http.idempotency_lock_ms": 1000}

    def post(self, key, domains, client=None, path="/excluded-domains"):
        return (client or self.api).post(path, {"excluded_domains": [{"domain": name} for name in domains]},
                                         headers={"Idempotency-Key": key})

    def test_replay(self):
        first = self.post("one", ["replay.example"])
        self.assertIsNone(first.header("Idempotency-Replayed"))
        for _ in range(3):
            again = self.post("one", ["replay.example"])
            self.assertEqual((again.status, again.body), (first.status, first.body))
            self.assertEqual(again.header("Idempotency-Replayed"), "true")
            self.assertEqual(again.header("Content-Type"), "application/json")
        fresh = self.post("other", ["replay.example"])
        self.assertNotEqual(fresh.body, first.body)  # duplicated

    def test_survives_a_restart(self):
        first = self.post("restart", ["restart.example"])
        self.server.kill()
        self.api.close()
        self.server.start()
        again = self.post("restart", ["restart.example"])
        self.assertEqual(again.body, first.body)
        self.assertEqual(again.header("Idempotency-Replayed"), "true")

    def test_reused(self):
        self.post("reused", ["a.example"])
        self.assert_error(self.post("reused", ["b.example"]), 422, "idempotency_key_reused")
        self.assert_error(self.api.post("/people/search", {}, headers={"Idempotency-Key": "reused"}), 422,
                          "idempotency_key_reused")
        self.assertLess(self.post("reused", ["a.example"], self.stranger).status, 300)

    def test_wrong_keys(self):
        for key in ("", "x" * 256, "a\tb", "\xe9"):
            with self.subTest(key):
                self.assert_error(self.post(key, ["wrong.example"]), 400, "unsupported_value",
                                  header="Idempotency-Key")
        self.assertLess(self.post("x" * 255, ["wrong.example"]).status, 300)

    def test_only_requests_that_ran_are_kept(self):
        headers = {"Idempotency-Key": "bad"}
        self.assertEqual(self.api.post("/excluded-domains", {}, headers=headers).status, 400)
        self.assertLess(self.post("bad", ["kept.example"]).status, 300)

    def test_at_the_same_time(self):
        """Of many requests with one key one is done; the others wait or get its answer."""
        def ask(_number):
            client = self.server.client(self.account.key)
            try:
                return self.post("crowd", ["crowd.example"], client)
            finally:
                client.close()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, range(16)))
        done = [answer for answer in answers if answer.status < 300]
        self.assertEqual(len([a for a in done if not a.header("Idempotency-Replayed")]), 1)
        self.assertEqual({answer.body for answer in done}, {done[0].body})
        for answer in answers:
            if answer.status >= 300:
                self.assert_error(answer, 409, "idempotency_key_in_use")
                self.assertEqual(answer.header("Retry-After"), "1")


class CrashTest(harness.ApiTest):
    """Killed while it writes: each request can be sent again until it is answered, and
    afterwards has one answer."""
    settings = {"http.idempotency_lock_ms": 1000}
    REQUESTS, CLIENTS = 200, 8

    def post(self, number):
        client = self.server.client(self.account.key)
        try:
            return client.post("/excluded-domains", {"excluded_domains": [{"domain": f"d{number}.example"}]},
                               headers={"Idempotency-Key": f"crash-{number}"})
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()

    def post_until_answered(self, number):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            answer = self.post(number)
            if answer.status != 409:
                return answer
            time.sleep(0.1)
        raise AssertionError("the key is held for ever")

    def test_kill(self):
        with concurrent.futures.ThreadPoolExecutor(self.CLIENTS) as pool:
            asked = [pool.submit(self.post, number) for number in range(self.REQUESTS)]
            asked[self.REQUESTS // 10].result()
            self.server.kill()
            before = [future.result() for future in asked]
            self.assertIn(None, before)
            self.server.start()
            after = list(pool.map(self.post_until_answered, range(self.REQUESTS)))
            again = list(pool.map(self.post_until_answered, range(self.REQUESTS)))
        for old, new, newest in zip(before, after, again):
            self.assertLess(new.status, 300, str(new))
            self.assertEqual(newest.body, new.body)
            self.assertEqual(newest.header("Idempotency-Replayed"), "true")
            if old:
                self.assertEqual(new.body, old.body)
