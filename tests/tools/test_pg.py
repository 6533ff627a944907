"""tests/pg finds the newest server that is installed, of whatever version."""
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def load():
    loader = importlib.machinery.SourceFileLoader("tests_pg", str(ROOT / "tests/pg"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tests_pg", loader))
    loader.exec_module(module)
    return module


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "postgresql"
        self.pg = load()
        self.pg.BINARIES = str(self.folder / "*/bin")

    def install(self, version, *programs):
        path = self.folder / version / "bin"
        path.mkdir(parents=True)
        for name in programs:
            (path / name).touch()

    def test_nothing_installed(self):
        with self.assertRaisesRegex(self.pg.Failed, "package postgresql$"):
            self.pg.program("initdb")

    def test_versions(self):
        self.install("9", "initdb", "psql")
        self.install("18", "psql")  # the client alone
        for version in ("15", "17"):
            self.install(version, "initdb", "pg_ctl", "psql")
            for name in ("initdb", "pg_ctl", "psql"):
                self.assertEqual(self.pg.program(name), f"{self.folder}/{version}/bin/{name}")

    def test_the_package_is_of_no_version(self):
        """Debian 12 has 15, Debian 13 has 17; `postgresql` is both."""
        words = (ROOT / "tools/packages").read_text(encoding="utf-8").split()
        self.assertEqual([word for word in words if word.startswith("postgresql")], ["postgresql"])


if __name__ == "__main__":
    unittest.main()
