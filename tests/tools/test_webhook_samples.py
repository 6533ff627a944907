"""The samples of docs/webhooks.md that verify a signature: a genuine request passes, a forged, an
old and a differently signed one do not, in each language."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"subject":"Grüße","n":1}\n'.encode()


def samples():
    text = (ROOT / "docs/webhooks.md").read_text("utf-8")
    return dict(re.findall(r"(?ms)^```(\w+) verify\n(.*?)^```", text))


def headers(secret=SECRET, body=BODY, at=None, more=""):
    at = str(int(time.time()) if at is None else at)
    mac = hmac.new(base64.b64decode(secret[6:]), f"msg_1.{at}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": "msg_1", "webhook-timestamp": at,
            "webhook-signature": more + "v1," + base64.b64encode(mac).decode()}


def by_shell(code, head, body):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "body.json").write_bytes(body)
        told = subprocess.run(["bash", "-eu", "-c", code], cwd=folder, text=True, check=True, capture_output=True,
                              env=os.environ | {"ID": head["webhook-id"], "TIMESTAMP": head["webhook-timestamp"],
                                                "SIGNATURE": head["webhook-signature"], "SECRET": SECRET}).stdout
    return told.strip() == "valid"


def by_python(code, head, body):
    names = {}
    exec(code, names)  # pylint: disable=exec-used
    return names["is_genuine"](head, body, SECRET)


def by_node(code, head, body):
    code += f"\nconsole.log(isGenuine({json.dumps(head)}, Buffer.from('{body.hex()}', 'hex'), '{SECRET}'));"
    return subprocess.run(["node", "-e", code], text=True, check=True, capture_output=True).stdout.strip() == "true"


class SamplesTest(unittest.TestCase):
    def test_each_language(self):
        other = "whsec_" + base64.b64encode(b"x" * 32).decode()
        found = samples()
        self.assertEqual(set(found), {"sh", "python", "js"})
        for name, run in (("sh", by_shell), ("python", by_python), ("js", by_node)):
            with self.subTest(name):
                self.assertTrue(run(found[name], headers(), BODY))
                self.assertTrue(run(found[name], headers(more="v1,AAAA v1a,BBBB "), BODY))
                self.assertFalse(run(found[name], headers(), BODY + b" "))
                self.assertFalse(run(found[name], headers(secret=other), BODY))
                if name != "sh":  # that one says nothing about time
                    self.assertFalse(run(found[name], headers(at=int(time.time()) - 301), BODY))


if __name__ == "__main__":
    unittest.main()
