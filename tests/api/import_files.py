"""What the tests of imports share: writing files, importing them, reading exports."""
import csv
import json
import pathlib


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Files:
    """Writing a file for a server's commands, importing it, reading the export."""

    def __init__(self, server):
        self.server, self.number = server, 0

    def write(self, content, ending="csv"):
        self.number += 1
        path = self.server.folder / f"{id(self)}-{self.number}.{ending}"
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    def load(self, content, *options, kind="people", ending="csv"):
        """The last line of an import."""
        return self.server.line("import", kind, self.write(content, ending), *options)

    def rejected(self, content, *options, kind="people", ending="csv"):
        """(line, reason, row) of each rejected row."""
        path = self.write(content, ending)
        self.server.cli("import", kind, path, *options)
        refused = pathlib.Path(f"{path}.rejected.csv")
        return [(int(row["line"]), row["reason"], row["row"]) for row in rows_of(refused)] \
            if refused.exists() else []

    def people(self, kind="people"):
        """{name: row} of the export."""
        lines = self.server.cli("export", kind, "--format", "jsonl").stdout.splitlines()
        return {row["name"]: row for row in map(json.loads, lines)}


def counts(imported=0, updated=0, rejected=0):
    return f"imported {imported}, updated {updated}, rejected {rejected}"
