"""The model of the reply classifier is what tools/train_replies makes of the data in the tree."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("OUTRIDER_TEST_BUILD", ROOT / "build/asan"))
MODEL = ROOT / "src/reply/model.bin"


def verify(path):
    command = [ROOT / "tools/train_replies", "--verify", "--model", path,
               "--features", (BUILD / "support/reply_features").resolve()]
    return subprocess.run(command, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class ModelTest(unittest.TestCase):
    def test_training_again_gives_the_same_bytes(self):
        done = verify(MODEL)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_another_model_is_told_apart(self):
        stored = bytearray(MODEL.read_bytes())
        stored[-1] ^= 1
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder, "other.bin")
            other.write_bytes(stored)
            done = verify(other)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"1 of {len(stored)} bytes differ", done.stdout)


if __name__ == "__main__":
    unittest.main()
