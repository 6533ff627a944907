"""The gates themselves: each rule must refuse its sample and pass the remedy."""
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def load(name):
    path = str(ROOT / "tools" / name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


CHECK, LAYERS = load("check"), load("layers")

BAD = [  # rule, file, text
    ("banned", "src/net/a.c", "int f(char *p) {\n    return atoi(p);\n}\n"),
    ("banned", "src/net/a.c", "void f(char *p) {\n    free (p);\n}\n"),
    ("exit", "src/net/a.c", "void f(void) {\n    exit(1);\n}\n"),
    ("setjmp", "src/net/a.c", "void f(void) {\n    longjmp(b, 1);\n}\n"),
    ("words", "src/net/a.c", "static int prospect_count;\n"),
    ("left-undone", "src/net/a.c", "/* TODO: more */\n"),
    ("left-undone", "tests/unit/test_a.c", "// FIXME\n"),
    ("banner", "src/net/a.c", "/* ------ part two */\n"),
    ("restating", "src/net/a.c", "/* This function adds. */\n"),
    ("praise", "src/net/a.c", "/* A robust parser. */\n"),
    ("dead-code", "src/net/a.c", "/* count = 7; */\n"),
    ("dead-code", "src/net/a.c", "// call(x, y);\n"),
    ("space", "src/net/a.c", "int a; \n"),
    ("newline", "src/net/a.c", "int a;"),
    ("length", "src/net/a.c", "int a;\n" * 801),
    ("length", "src/net/a.h", "/* a */\n#ifndef NET_A_H\n#define NET_A_H\n" + "\n" * 120 + "#endif\n"),
    ("guard", "src/net/a.h", "/* a */\n#ifndef A_H\n#define A_H\n#endif\n"),
    ("contract", "src/net/a.h", "#ifndef NET_A_H\n#define NET_A_H\n#endif\n"),
    ("built-sql", "src/store/a.c", "void f(void) {\n    sql_add(sql, name);\n}\n"),
    ("built-sql", "src/store/a.c", "static const struct sql_part part = SQL_PART(name);\n"),
    ("built-sql", "src/store/a.c", "void f(void) {\n    db_query_built(c, s, a, &r);\n}\n"),
    ("query-table", "src/store/a.c", "void f(void) {\n    struct query q = { s, t };\n}\n"),
    ("goto", "src/net/a.c", "int f(void) {\nagain:\n    goto again;\n}\n"),
    ("goto", "src/net/a.c", "int f(void) {\n    goto a;\n    goto b;\na:\nb:\n    return 1;\n}\n"),
]
GOOD = [
    ("src/base/a.c", "int f(char *p) {\n    return atoi(p);\n}\n"),
    ("src/net/a.c", "/* allow(banned): the library's own block */\nvoid f(char *p) {\n"
                    "    /* allow(banned): the library's own block */\n    free(p);\n}\n"),
    ("src/net/a.c", 'const char *t = "call free(p) /* TODO */";\n'),
    ("src/net/a.c", "/* Frees with free(3): see system(3). */\nint run_time(int t);\n"),
    ("src/net/a.c", "int f(int n) {\n    if (n)\n        goto out;\n    n = 2;\nout:\n    return n;\n}\n"),
    ("src/store/a.c", 'void f(void) {\n    sql_add(sql, "x = ?", v);\n'
                      '    sql_add2(sql, "a", "b");\n}\n'),
    ("src/store/a.c", "void f(void) {\n    static const struct query q = { s, t };\n}\n"),
    ("src/main.c", "int main(void) {\n    exit(1);\n}\n"),
]


class CheckTest(unittest.TestCase):
    def rules(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True)
            path.write_text(text, "utf-8")
            CHECK.ROOT = pathlib.Path(folder)
            try:
                return [fault.split(": ")[1] for fault in CHECK.Source(path).check()]
            finally:
                CHECK.ROOT = ROOT

    def test_bad_lines_are_refused_by_their_rule(self):
        for rule, name, text in BAD:
            with self.subTest(rule=rule, text=text[:60]):
                self.assertEqual(set(self.rules(name, text)), {rule})

    def test_good_lines_pass(self):
        for name, text in GOOD:
            with self.subTest(name=name, text=text[:60]):
                self.assertEqual(self.rules(name, text), [])

    def test_an_exemption_needs_a_reason(self):
        text = "void f(char *p) {\n    free(p); /* allow(banned): */\n}\n"
        self.assertEqual(self.rules("src/net/a.c", text), ["banned"])


class LayersTest(unittest.TestCase):
    def test_direction(self):
        for path, text, wrong in [
            ("store/a.c", '#include "db/db.h"\n', False),
            ("store/a.c", '#include "store/b.h"\n', False),
            ("main.c", '#include "cli/a.h"\n', False),
            ("db/a.c", "#include <sqlite3.h>\n", False),
            ("db/a.c", '#include "store/b.h"\n', True),
            ("api/a.c", '#include "cli/b.h"\n', True),
            ("base/a.c", '#include "str.h"\n', True),
            ("store/a.c", "#include <sqlite3.h>\n", True),
            ("store/a.c", '#include "odd/b.h"\n', True),
            ("odd/a.c", '#include "base/b.h"\n', True),
        ]:
            with self.subTest(path=path, text=text):
                self.assertEqual(bool(list(LAYERS.faults_of(path, text))), wrong)


if __name__ == "__main__":
    unittest.main()
