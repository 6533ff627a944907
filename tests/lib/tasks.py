"""What tests/run can run. A task is one process; it yields one result per test in it."""
import dataclasses
import json
import os
import pathlib
import re

from . import processes

UNIT_TIMEOUT_S = 600
FUZZ_TIMEOUT_S = 600
MODULE_TIMEOUT_S = 1800
GATE_TIMEOUT_S = 2400
ENGINES = ("sqlite", "postgres")
# A line of a test module that is to run with both values of search.engine.
BOTH_SEARCHES = "# runs with both search engines"

# They stop at nothing, so that all faults are seen at once.
MAKE = ["make", "-s", "-k", f"-j{os.cpu_count()}"]
# Name, command.
GATES = [
    ("tidy", [*MAKE, "gate-tidy"]),
    ("clang", [*MAKE, "gate-clang"]),
    ("gcc", [*MAKE, "gate-gcc"]),
    ("cppcheck", [*MAKE, "gate-cppcheck"]),
    ("layers", ["tools/layers"]),
    ("check", ["tools/check"]),
]


@dataclasses.dataclass
class Result:
    name: str
    ok: bool
    output: str = ""
    fatal: bool = False  # the process failed, not a test in it
    seconds: float = 0


@dataclasses.dataclass
class Setup:
    root: pathlib.Path
    build: pathlib.Path
    word: str
    temporary: pathlib.Path
    environment: dict = dataclasses.field(default_factory=dict)

    def run(self, command, name, timeout_s, **environment):
        mark = re.sub(r"\W", "_", f"{self.temporary.name}_{name}")
        return processes.run(command, mark, timeout_s, {**self.environment, **environment}, self.root)


class Task:
    needs_postgres = False

    def __init__(self, name, words=""):
        self.name, self.words = name, words

    def may_match(self, word):
        return word in self.name or word in self.words


class Unit(Task):
    """A cmocka binary, read as TAP (version 12)."""
    needs_postgres = True  # some do; the cluster's address is in OUTRIDER_TEST_PG

    def __init__(self, source, build):
        super().__init__(f"unit/{source.stem}", source.read_text("utf-8"))
        self.binary = build / "unit" / source.stem

    def run(self, setup):
        if not self.binary.exists():
            return [Result(self.name, False, f"{self.binary} has not been built", True)]
        done = setup.run([self.binary], self.name, UNIT_TIMEOUT_S, CMOCKA_MESSAGE_OUTPUT="TAP")
        results, told = [], []
        for line in done.output.split("\n"):
            verdict = re.match(r"(not )?ok \d+ - (\S+)", line)
            if verdict:
                results.append(Result(f"{self.name}.{verdict[2]}", not verdict[1], "\n".join(told)))
                told = []
            else:
                told.append(line)
        return results + self.fate(done, results, told)

    def fate(self, done, results, told):
        """What befell the process as a whole, where no test's verdict says it."""
        planned = re.search(r"^1\.\.(\d+)$", done.output, re.M)
        fault = done.fault
        if not fault and (not planned or int(planned[1]) != len(results)):
            fault = f"{len(results)} verdicts of {planned[1] if planned else 'an unknown number'}"
        if not fault and done.code != 0 and all(result.ok for result in results):
            fault = f"exit code {done.code}"
        if not fault:
            failed = next((result for result in results if not result.ok), None)
            if failed:  # cmocka tells the reason after the verdict
                failed.output = done.output
            return []
        return [Result(self.name, False, f"{fault}\n" + "\n".join(told), True)]


class Fuzz(Task):
    """A fuzz target over its corpus."""

    def __init__(self, source, build):
        super().__init__(f"fuzz/{source.stem}")
        self.binary = build / "fuzz" / source.stem
        self.corpus = source.parent / "corpus" / source.stem.removeprefix("fuzz_")

    def run(self, setup):
        if not self.corpus.is_dir():
            return [Result(self.name, False, f"{self.corpus} is missing")]
        done = setup.run([self.binary, self.corpus], self.name, FUZZ_TIMEOUT_S)
        fault = done.fault or (f"exit code {done.code}" if done.code else "")
        return [Result(self.name, not fault, f"{fault}\n{done.output}")]


class Gate(Task):
    def __init__(self, name, command):
        super().__init__(f"gate/{name}")
        self.command = command

    def run(self, setup):
        done = setup.run(self.command, self.name, GATE_TIMEOUT_S)
        fault = f"exit code {done.code}" if done.code else ""
        return [Result(self.name, not fault, f"{' '.join(self.command)}: {fault}\n{done.output}")]


class Module(Task):
    """A Python test module in a process of its own (tests/lib/module.py), with one engine."""

    def __init__(self, source, kind, engine, search=""):
        variant = ",".join(filter(None, (engine, search)))
        name = f"{kind}/{source.stem}" + (f"[{variant}]" if variant else "")
        super().__init__(name, source.read_text("utf-8"))
        self.source, self.engine, self.search = source, engine, search
        self.needs_postgres = engine == "postgres"

    def run(self, setup):
        results_file = setup.temporary / (re.sub(r"\W", "_", self.name) + ".results")
        done = setup.run(
            ["python3", "tests/lib/module.py", self.source, results_file], self.name,
            MODULE_TIMEOUT_S, OUTRIDER_TEST_ENGINE=self.engine, OUTRIDER_TEST_BUILD=str(setup.build),
            OUTRIDER_TEST_SEARCH=self.search,
            OUTRIDER_TEST_WORD="" if setup.word in self.name else setup.word)
        results = []
        if results_file.exists():
            for line in results_file.read_text("utf-8").splitlines():
                told = json.loads(line)
                results.append(Result(f"{self.name}.{told['name']}", told["ok"], told["output"],
                                      seconds=told["seconds"]))
        fault = done.fault
        if not fault and done.code:
            fault = f"exit code {done.code}"
        if not fault and not results and not setup.word:
            fault = "no test in it"
        if fault:
            results.append(Result(self.name, False, f"{fault}\n{done.output}", True))
        return results


class Routes(Task):
    """Fails for every operation that no API test called (tests/lib/routes.py)."""

    def __init__(self, engine):
        super().__init__(f"api/test_every_route_is_hit[{engine}]")
        self.engine = engine

    def run(self, setup):
        done = setup.run(["python3", "tests/lib/routes.py", setup.temporary, self.engine],
                         self.name, UNIT_TIMEOUT_S)
        return [Result(self.name, done.code == 0 and not done.fault, done.output)]


def sources(setup, pattern):
    return sorted(setup.root.glob(pattern))


def find_gates(setup):
    found = [Gate(name, command) for name, command in GATES]
    return found + [Module(source, "tools", "") for source in sources(setup, "tests/tools/test_*.py")]


def find_unit(setup):
    """Programs in C, and modules that drive one of tests/support against fake peers."""
    found = [Unit(source, setup.build) for source in sources(setup, "tests/unit/test_*.c")]
    return found + [Module(source, "unit", "") for source in sources(setup, "tests/unit/test_*.py")]


def searches(source):
    """The search engines that the module is run with; the program's default has no name."""
    return ("", "sql") if BOTH_SEARCHES in source.read_text("utf-8") else ("",)


def find_modules(setup, kind):
    return [Module(source, kind, engine, search) for source in sources(setup, f"tests/{kind}/test_*.py")
            for engine in ENGINES for search in searches(source)]


FINDERS = {
    "unit": find_unit,
    "fuzz": lambda setup: [Fuzz(s, setup.build) for s in sources(setup, "tests/fuzz/fuzz_*.c")],
    "gates": find_gates,
    "api": lambda setup: find_modules(setup, "api"),
    "large": lambda setup: find_modules(setup, "large"),
}


def last(_setup, kinds):
    """Tasks that judge what the others did."""
    return [Routes(engine) for engine in ENGINES] if "api" in kinds else []
