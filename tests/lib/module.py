"""Runs one test module: module.py FILE RESULTS. Writes one JSON line per test to RESULTS.
Each test has a time limit of its own; a test that is skipped counts as failed."""
import faulthandler
import importlib.util
import json
import os
import pathlib
import signal
import sys
import time
import traceback
import unittest

TEST_TIMEOUT_S = 300
sys.dont_write_bytecode = True


class TimeLimit(BaseException):
    """Not an Exception, so that no test's own handler takes it."""


def too_late(_number, frame):
    raise TimeLimit("still running after its time limit, at\n"
                    + "".join(traceback.format_stack(frame)[-6:]))


class Recorder(unittest.TestResult):
    def __init__(self, file):
        super().__init__()
        self.file, self.bad, self.began = file, {}, 0

    def write(self, name, ok, output, seconds=0.0):
        self.file.write(json.dumps({"name": name, "ok": ok, "output": output, "seconds": seconds}) + "\n")
        self.file.flush()

    @staticmethod
    def name_of(test):
        return ".".join(test.id().split(".")[-2:]) if isinstance(test, unittest.TestCase) else str(test)

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        signal.alarm(getattr(test, "timeout_s", TEST_TIMEOUT_S))

    def note(self, test, text):
        name = self.name_of(test)
        self.bad.setdefault(name, []).append(text)
        if not isinstance(test, unittest.TestCase):  # setUpClass, tearDownClass
            self.write(name, False, text)

    def addError(self, test, err):
        self.note(test, self._exc_info_to_string(err, test))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note(test, f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        self.note(test, f"skipped: {reason}")

    def addExpectedFailure(self, test, err):
        self.note(test, "an expected failure is a failure")

    def addUnexpectedSuccess(self, test):
        self.note(test, "marked as failing, but passes")

    def stopTest(self, test):
        signal.alarm(0)
        name = self.name_of(test)
        said = self.bad.get(name, [])
        self.write(name, not said, "\n".join(said), time.monotonic() - self.began)
        super().stopTest(test)




def load(path):
    tests = pathlib.Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(path.parent), str(tests / "api"), str(tests)]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def main(path, results):
    faulthandler.enable()
    signal.signal(signal.SIGALRM, too_late)
    module = load(pathlib.Path(path).resolve())
    loader = unittest.TestLoader()
    word = os.environ.get("OUTRIDER_TEST_WORD", "")
    if word:
        loader.testNamePatterns = [f"*{word}*"]
    suite = loader.loadTestsFromModule(module)
    with open(results, "w", encoding="utf-8") as file:
        recorder = Recorder(file)
        suite.run(recorder)
    closing = getattr(sys.modules.get("harness"), "close_all", None)
    if closing:
        closing()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
