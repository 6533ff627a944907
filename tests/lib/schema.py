"""Judges a value by a JSON Schema, as far as OpenAPI 3.1 documents of ours use it.

An object with `properties` is closed unless it says otherwise: an answer with a member
that the document does not name is a fault. A keyword that is not known here is one too,
so that nothing passes by being overlooked."""
import re

ANNOTATIONS = {"description", "title", "example", "examples", "default", "deprecated",
               "readOnly", "writeOnly", "$comment"}
TYPES = {
    "object": lambda v: isinstance(v, dict), "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str), "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
FORMATS = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "date": r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])",
    "date-time": r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z",
    "email": r"[^@\s]+@[^@\s]+", "uri": r"[a-z][a-z0-9+.-]*:\S*",
    "int32": None, "int64": None, "float": None, "double": None,
}


def same(a, b):
    return a == b and isinstance(a, bool) == isinstance(b, bool)


class Judge:
    """faults(schema, value) lists what is wrong, each with the path of the place."""

    def __init__(self, document):
        self.document = document

    def resolve(self, reference):
        if not reference.startswith("#/"):
            raise KeyError(f"{reference}: only references inside of the document")
        node = self.document
        for part in reference[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def faults(self, schema, value, at=""):
        if schema is True:
            return []
        if schema is False:
            return [f"{at or '/'}: nothing may stand here"]
        found = []
        for keyword, wanted in schema.items():
            check = getattr(self, "check_" + keyword.strip("$"), None)
            if check:
                found += check(wanted, value, at, schema)
            elif keyword not in ANNOTATIONS:
                found.append(f"{at or '/'}: the schema's keyword {keyword} is not known")
        return found

    def check_ref(self, wanted, value, at, _schema):
        return self.faults(self.resolve(wanted), value, at)

    def check_type(self, wanted, value, at, _schema):
        names = wanted if isinstance(wanted, list) else [wanted]
        if any(TYPES[name](value) for name in names):
            return []
        return [f"{at or '/'}: {value!r:.80} is not {' or '.join(names)}"]

    def check_enum(self, wanted, value, at, _schema):
        return [] if any(same(value, one) for one in wanted) else \
            [f"{at or '/'}: {value!r:.80} is not one of {wanted!r:.200}"]

    def check_const(self, wanted, value, at, _schema):
        return [] if same(value, wanted) else [f"{at or '/'}: {value!r:.80} is not {wanted!r}"]

    def check_format(self, wanted, value, at, _schema):
        if wanted not in FORMATS:
            return [f"{at or '/'}: the format {wanted} is not known"]
        pattern = FORMATS[wanted]
        if not pattern or not isinstance(value, str) or re.fullmatch(pattern, value):
            return []
        return [f"{at or '/'}: {value!r:.80} is no {wanted}"]

    def check_pattern(self, wanted, value, at, _schema):
        ok = not isinstance(value, str) or re.search(wanted, value)
        return [] if ok else [f"{at or '/'}: {value!r:.80} does not match {wanted}"]

    def check_properties(self, wanted, value, at, schema):
        if not isinstance(value, dict):
            return []
        found = []
        for name, part in value.items():
            if name in wanted:
                found += self.faults(wanted[name], part, f"{at}/{name}")
            elif "additionalProperties" not in schema:
                found.append(f"{at}/{name}: the document does not name this member")
        return found

    def check_additionalProperties(self, wanted, value, at, schema):
        if not isinstance(value, dict):
            return []
        named = schema.get("properties", {})
        return [fault for name, part in value.items() if name not in named
                for fault in self.faults(wanted, part, f"{at}/{name}")]

    def check_required(self, wanted, value, at, _schema):
        if not isinstance(value, dict):
            return []
        return [f"{at}/{name}: is missing" for name in wanted if name not in value]

    def check_items(self, wanted, value, at, _schema):
        if not isinstance(value, list):
            return []
        return [fault for i, part in enumerate(value)
                for fault in self.faults(wanted, part, f"{at}/{i}")]

    def check_uniqueItems(self, wanted, value, at, _schema):
        doubled = wanted and isinstance(value, list) and len({repr(v) for v in value}) < len(value)
        return [f"{at or '/'}: has an element twice"] if doubled else []

    def check_allOf(self, wanted, value, at, _schema):
        return [fault for part in wanted for fault in self.faults(part, value, at)]

    def check_anyOf(self, wanted, value, at, _schema):
        tried = [self.faults(part, value, at) for part in wanted]
        return [] if any(not faults for faults in tried) else min(tried, key=len)

    def check_oneOf(self, wanted, value, at, _schema):
        tried = [self.faults(part, value, at) for part in wanted]
        fitting = sum(not faults for faults in tried)
        if fitting == 1:
            return []
        return min(tried, key=len) if not fitting else [f"{at or '/'}: fits {fitting} of oneOf"]


def _bound(keyword, measure, wrong, says):
    def check(_self, wanted, value, at, _schema):
        size = measure(value)
        return [f"{at or '/'}: {size} {says} {wanted}"] if size is not None and wrong(size, wanted) else []
    setattr(Judge, "check_" + keyword, check)


def _number(value):
    return value if TYPES["number"](value) else None


def _length(kind):
    return lambda value: len(value) if isinstance(value, kind) else None


for _keyword, _measure in (("imum", _number), ("Length", _length(str)), ("Items", _length(list)),
                           ("Properties", _length(dict))):
    _bound("min" + _keyword, _measure, lambda size, wanted: size < wanted, "is less than")
    _bound("max" + _keyword, _measure, lambda size, wanted: size > wanted, "is more than")
