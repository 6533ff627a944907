"""Fails for each operation of the OpenAPI document that no API test got a success from:
routes.py FOLDER ENGINE, after a run of the API suite."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from lib.contract import operations  # noqa: E402  (the path is set above)


def main(folder, engine):
    folder = pathlib.Path(folder)
    document = folder / f"openapi-{engine}.json"
    if not document.exists():
        print(f"no test asked a server on {engine}")
        return 1
    hits = [json.loads(line) for notes in folder.glob(f"hits-{engine}-*.jsonl")
            for line in notes.read_text("utf-8").splitlines()]
    succeeded = {(method, path) for method, path, status in hits if 200 <= status < 400}
    missing = sorted(set(operations(json.loads(document.read_text("utf-8")))) - succeeded)
    for method, path in missing:
        statuses = sorted({hit[2] for hit in hits if (hit[0], hit[1]) == (method, path)})
        print(f"{method} {path}: no test got a success from it (seen: {statuses or 'never called'})")
    print(f"{len(hits)} requests to {len(succeeded)} operations, {len(missing)} never with success")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
