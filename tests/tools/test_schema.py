"""The judge of answers: each keyword must be able to say no."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from lib.contract import Contract  # noqa: E402  (the path is set above)
from lib.schema import Judge  # noqa: E402

CASES = [  # schema, values that fit, values that do not
    ({"type": "string"}, ["", "a"], [1, None, [], True]),
    ({"type": ["integer", "null"]}, [1, None], [1.5, True, "1"]),
    ({"type": "number", "minimum": 1, "maximum": 3}, [1, 2.5, 3], [0.9, 4, "2"]),
    ({"enum": ["a", 1]}, ["a", 1], ["b", True]),
    ({"const": "person"}, ["person"], ["Person", None]),
    ({"type": "string", "minLength": 1, "maxLength": 2}, ["a", "ab"], ["", "abc"]),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
     [[1], [1, 2]], [[], [1, 2, 3], ["1"]]),
    ({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
     [{"a": 1}], [{}, {"a": "1"}, {"a": 1, "b": 2}]),
    ({"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "integer"}},
     [{"a": "x", "b": 1}], [{"b": "x"}]),
    ({"type": "object", "additionalProperties": False}, [{}], [{"a": 1}]),
    ({"format": "uuid", "type": "string"}, ["0197b5c4-7c2e-7d3a-9c1e-0123456789ab"], ["x"]),
    ({"format": "date-time", "type": "string"}, ["2025-08-29T14:54:16Z"], ["2025-08-29", "now"]),
    ({"pattern": "^a+$"}, ["aa"], ["b"]),
    ({"$ref": "#/components/schemas/N"}, [1], ["1"]),
    ({"oneOf": [{"type": "integer"}, {"type": "number", "maximum": 1.5}]}, [7, 0.5], [1, "x"]),
    ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, [7, "x"], [None]),
    ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, [1, 2], [0, 3]),
    ({"unheardOf": 1}, [], [1]),
    ({"format": "unheard-of"}, [], ["x"]),
]
DOCUMENT = {
    "components": {"schemas": {"N": {"type": "integer"}}},
    "paths": {"/people/find": {"get": {"responses": {
        "200": {"content": {"application/json": {"schema": {"type": "integer"}}}},
        "204": {"description": "nothing"}}}},
        "/people/{id}": {"get": {"responses": {"404": {
            "content": {"application/json": {"schema": {"type": "string"}}}}}}}},
}


class Answer:
    def __init__(self, status, body, kind="application/json"):
        self.status, self.body, self.json, self.kind = status, repr(body).encode(), body, kind

    def header(self, _name):
        return self.kind


class SchemaTest(unittest.TestCase):
    def test_each_keyword(self):
        judge = Judge(DOCUMENT)
        for schema, good, bad in CASES:
            for value in good:
                with self.subTest(schema=schema, fits=value):
                    self.assertEqual(judge.faults(schema, value), [])
            for value in bad:
                with self.subTest(schema=schema, does_not_fit=value):
                    self.assertNotEqual(judge.faults(schema, value), [])


class ContractTest(unittest.TestCase):
    def test_answers(self):
        contract = Contract(DOCUMENT, "sqlite", None)
        for path, answer, fault in [
            ("/people/find?a=b", Answer(200, 7), False),
            ("/people/find", Answer(200, "7"), True),
            ("/people/find", Answer(200, 7, "text/plain"), True),
            ("/people/find", Answer(201, 7), True),
            ("/people/find", Answer(204, 7), True),
            ("/people/7", Answer(404, "x"), False),
            ("/nowhere", Answer(404, {}), False),
            ("/nowhere", Answer(200, {}), True),
        ]:
            with self.subTest(path=path, status=answer.status, body=answer.json):
                self.assertEqual(bool(contract.check("GET", path, answer)), fault)


if __name__ == "__main__":
    unittest.main()
