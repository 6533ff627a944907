"""Running a child so that it cannot hang, hide a sanitizer's report or leave anything behind."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

MARK = "OUTRIDER_TEST_TASK"
SANITIZER = re.compile(r"ERROR: (?:Address|Leak|Undefined\w*)Sanitizer|runtime error:"
                       r"|WARNING: ThreadSanitizer|ERROR: libFuzzer")


class Finished:
    """How a child ended. `fault` is empty, or why that counts as a failure."""

    def __init__(self, code, output, fault):
        self.code, self.output, self.fault = code, output, fault


def sanitizer_options(root):
    return {
        "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:abort_on_error=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "LSAN_OPTIONS": "report_objects=1",
        "TSAN_OPTIONS": "halt_on_error=0:second_deadlock_stack=1",
    }


def left_over(mark):
    """Process ids that carry the mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            zombie = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except (OSError, IndexError):
            continue
        if wanted in environment.split(b"\0") and not zombie:
            found.append(int(entry.name))
    return found


def name_of(pid):
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        return command.decode("utf-8", "replace").strip()
    except OSError:
        return "?"


def end_left_over(mark, grace_s=2.0):
    """Names of processes that outlived their test, which are ended. A child that is just
    exiting gets a moment."""
    until = time.monotonic() + grace_s
    while left_over(mark) and time.monotonic() < until:
        time.sleep(0.05)
    names = []
    for pid in left_over(mark):
        names.append(f"{pid} {name_of(pid)}")
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return names


def run(command, mark, timeout_s, environment, cwd):
    """Runs `command` to its end or to the time limit; all of its output in one text."""
    complete = dict(os.environ, **sanitizer_options(cwd), **environment, **{MARK: mark})
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"):
        complete.pop(name, None)
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen([str(part) for part in command], cwd=cwd, env=complete,
                                 stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        fault = ""
        try:
            child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            fault = f"still running after {timeout_s} s"
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        names = end_left_over(mark, 0.0 if fault else 2.0)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if names and not fault:
        fault = "left processes behind: " + "; ".join(names)
    if not fault and SANITIZER.search(text):
        fault = "a sanitizer reported"
    if not fault and child.returncode < 0:
        fault = f"ended by signal {signal.Signals(-child.returncode).name}"
    return Finished(child.returncode, text, fault)
