"""The farm of fake mail servers that the benchmarks of validation ask: DOMAINS domains with a
mail server each, 50 ms before every reply, pipelining offered by nine in ten; one in ten
greylists (one second; SCALE makes the first retry come after 1.08 s), one in five is a
catch-all. A local part that begins with "ok." exists, one with "no." does not. Three
processes play the servers, the last one also the DNS."""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOMAINS, FARMS, LATENCY_MS, GREYLIST_S = 2000, 3, 50, 1.0
SCALE = 0.003  # of the delays before another try


def script(number):
    kind = {}
    if number % 10 == 0:
        kind["greylist_s"] = GREYLIST_S
    if number % 5 == 1:
        kind["accept"] = "all"
    kind["pipelining"] = number % 10 != 3
    return kind


def addresses(count, mark=""):
    """Seven in ten exist."""
    return [f"{'ok' if i % 10 < 7 else 'no'}.{mark}{i}@d{i % DOMAINS}.farm.org" for i in range(count)]


def start_farms(folder):
    """Each farm has its own addresses; the last one started serves the names of all. Returns
    the processes, the DNS server's address and the port of the mail servers."""
    farms, zone, port = [], {}, None
    for i in reversed(range(FARMS)):
        path = pathlib.Path(folder) / f"{i}.json"
        given = {"domains": {f"d{n}.farm.org": script(n) for n in range(i, DOMAINS, FARMS)},
                 "latency_ms": LATENCY_MS, "net": 40 + i, "zone": zone, "port": port}
        path.write_text(json.dumps(given), "utf-8")
        farm = subprocess.Popen([sys.executable, ROOT / "tests/fake/farm.py", path],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        told = json.loads(farm.stdout.readline())
        zone, port = told["zone"], told["port"]
        farms.append(farm)
    return farms, told["dns"], port


def stop(farm):
    out, _ = farm.communicate("")
    return json.loads(out)


def right(row):
    """Catch-all domains take every name; elsewhere the local part says what it is."""
    local, _, domain = row["address"].partition("@")
    if int(domain[1:].split(".")[0]) % 5 == 1:
        return row["result"] == "risky" and row["catch_all"]
    return row["result"] == ("deliverable" if local.startswith("ok.") else "undeliverable")
