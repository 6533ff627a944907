"""Documents that the program prints are kept in the tree, and are those that it prints."""
import difflib
import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("OUTRIDER_TEST_BUILD", ROOT / "build/asan"))

# File, the words that print it.
GOLDEN = [("docs/api.md", ["openapi", "--format", "markdown"])]


class GoldenTest(unittest.TestCase):
    def test_kept_documents_are_what_the_program_prints(self):
        for name, words in GOLDEN:
            with self.subTest(name):
                printed = subprocess.run([BUILD / "outrider", *words], text=True, check=True,
                                         capture_output=True).stdout
                kept = (ROOT / name).read_text("utf-8")
                difference = list(difflib.unified_diff(kept.split("\n"), printed.split("\n"), name, "printed",
                                                       lineterm="", n=1))
                refresh = f"build/outrider {' '.join(words)} > {name}"
                self.assertFalse(difference, f"refresh it with: {refresh}\n" + "\n".join(difference[:40]))


if __name__ == "__main__":
    unittest.main()
