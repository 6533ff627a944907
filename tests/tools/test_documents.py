"""What the documents say about packages, settings and commands must be so."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("dist/*")]


def text(path):
    return (ROOT / path).read_text("utf-8")


class DocumentsTest(unittest.TestCase):
    def test_each_package_has_its_reason(self):
        packages = {name for line in text("tools/packages").splitlines() if not line.startswith("#")
                    for name in line.split(":")[1].split()}
        reasons = set(re.findall(r"[a-z0-9][a-z0-9+.-]+", text("docs/dependencies.md")))
        self.assertGreater(len(packages), 20)
        self.assertEqual(packages - reasons, set())

    def test_readme_is_short(self):
        self.assertLessEqual(len(text("README.md").splitlines()), 150)

    def test_settings_exist(self):
        keys = set(re.findall(r'"([a-z]+(?:_[a-z]+)*\.[a-z_]+)"', text("src/cli/config_keys.c")))
        sections = "|".join({key.split(".")[0] for key in keys})
        self.assertGreater(len(keys), 20)
        for document in DOCUMENTS:
            named = set(re.findall(rf"\b(?:{sections})\.[a-z]+(?:_[a-z]+)*\b(?![./(])", document.read_text()))
            wrong = {name for name in named - keys
                     if name.split(".")[1] not in ("c", "h", "md", "py", "db", "key", "lock")}
            self.assertEqual(wrong, set(), document.name)

    def test_commands_exist(self):
        words = set(re.findall(r'(?m)^    \{ "([a-z]+(?: [a-z]+)?)", ',
                               "".join(path.read_text() for path in (ROOT / "src/cli").glob("*.c"))))
        self.assertIn("serve", words)
        for document in DOCUMENTS:
            for named in re.findall(r"\boutrider ([a-z]+)( [a-z]+)?", document.read_text()):
                first = named[0]
                if first in {word.split()[0] for word in words if " " in word}:
                    self.assertIn(first + named[1], words, document.name)


if __name__ == "__main__":
    unittest.main()
