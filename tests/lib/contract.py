"""Holds every answer against the server's own OpenAPI document, and notes which
operations were called."""
import json
import os
import pathlib
import re

from .schema import Judge

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


def operations(document):
    """{(METHOD, path template): operation}"""
    return {(method.upper(), path): item[method] for path, item in document["paths"].items()
            for method in METHODS if method in item}


def template_pattern(path):
    parts = re.split(r"(\{[^}]+\})", path)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))


class Contract:
    def __init__(self, document, engine, folder):
        self.document, self.judge = document, Judge(document)
        # A path without parameters is asked first: /people/find before /people/{id}.
        self.operations = sorted(
            ((method, template_pattern(path), path, operation)
             for (method, path), operation in operations(document).items()),
            key=lambda row: row[2].count("{"))
        self.notes = None
        if folder:
            base = pathlib.Path(folder)
            (base / f"openapi-{engine}.json").write_text(json.dumps(document), "utf-8")
            self.notes = base / f"hits-{engine}-{os.getpid()}.jsonl"

    def operation(self, method, path):
        for row in self.operations:
            if row[0] == method and row[1].fullmatch(path):
                return row[2], row[3]
        return None, None

    def check(self, method, target, answer):
        """What is wrong with the answer, as a list of sentences."""
        template, operation = self.operation(method, target.split("?")[0])
        if operation is None:
            return [] if answer.status in (404, 405, 400, 401, 413, 414, 429) \
                else [f"no such operation in the document, but it answered {answer.status}"]
        self.note(method, template, answer.status)
        documented = operation["responses"].get(str(answer.status), operation["responses"].get("default"))
        if documented is None:
            return [f"{method} {template}: the status {answer.status} is not documented"]
        if "$ref" in documented:
            documented = self.judge.resolve(documented["$ref"])
        return [f"{method} {template}, {answer.status}: {fault}"
                for fault in self.faults_of_answer(documented, answer)]

    def faults_of_answer(self, documented, answer):
        kind = (answer.header("Content-Type") or "").split(";")[0].strip()
        content = documented.get("content", {})
        faults = [f"the header {name} is missing" for name, header in documented.get("headers", {}).items()
                  if header.get("required") and answer.header(name) is None]
        if not content:
            return faults + (["has a body, the document names none"] if answer.body else [])
        if kind not in content and f"{kind.split('/')[0]}/*" not in content:
            return faults + [f"the media type {kind!r} is not documented"]
        if kind == "application/json":
            faults += self.judge.faults(content[kind].get("schema", True), answer.json)
        return faults

    def note(self, method, template, status):
        if self.notes:
            with open(self.notes, "a", encoding="utf-8") as file:
                file.write(json.dumps([method, template, status]) + "\n")
