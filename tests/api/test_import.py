"""Import and export from outside: every form of CSV and JSON lines, what is refused and why,
which row is whose, and that an export is a copy."""
import json
import os
import pathlib
import subprocess
import unittest

import harness
from import_files import Files, counts, rows_of
from lib.processes import sanitizer_options


class CommandTest(unittest.TestCase):
    """Commands alone: an empty database for each test, no server."""
    maxDiff = None

    def setUp(self):
        self.server = self.fresh()
        self.files = Files(self.server)

    def fresh(self):
        server = harness.Server()
        self.addCleanup(server.remove)
        return server


class FormsTest(CommandTest):
    def test_forms_of_csv(self):
        forms = [
            ("comma", b"Name,Job Title\nAnna Comma,CEO\n"),
            ("semicolon", b"Name;Job Title\nAnna Comma;CEO\n"),
            ("tab", b"Name\tJob Title\nAnna Comma\tCEO\n"),
            ("byte order mark", b"\xef\xbb\xbfName,Job Title\nAnna Comma,CEO\n"),
            ("CRLF", b"Name,Job Title\r\nAnna Comma,CEO\r\n"),
            ("no end of line", b"Name,Job Title\nAnna Comma,CEO"),
            ("blank lines", b"Name,Job Title\n\n\nAnna Comma,CEO\n\n"),
            ("quotes", b'"Name","Job Title"\n"Anna Comma","CEO"\n'),
            ("spaces", b" Name , Job Title \n  Anna Comma ,  CEO \n"),
            ("UTF-16", "Name,Job Title\nAnna Comma,CEO\n".encode("utf-16")),
            ("other names", b"full_name,POSITION\nAnna Comma,CEO\n"),
            ("parts of the name", b"First Name,Surname,Role\nAnna,Comma,CEO\n"),
        ]
        for number, (form, content) in enumerate(forms):
            with self.subTest(form):
                self.assertEqual(self.files.load(content), counts(imported=0 if number else 1))
                self.assertEqual({name: row["title"] for name, row in self.files.people().items()},
                                 {"Anna Comma": "CEO"})

    def test_letters_of_latin_1(self):
        self.assertEqual(self.files.load("Name;Stadt\nRenée Müller;Zürich\n".encode("latin-1")), counts(1))
        self.assertEqual(self.files.load("Name;Stadt\nRenée Müller;Zürich\n"), counts())
        self.assertEqual(self.files.people()["Renée Müller"]["city"], "Zurich")

    def test_quotes_hold_line_ends_separators_and_quotes(self):
        self.files.load('Name,Notes\n"Nora Newline","one, ""two""\nand three"\n')
        self.assertEqual(self.files.people()["Nora Newline"]["extra"], {"Notes": 'one, "two"\nand three'})

    def test_ragged_rows(self):
        refused = self.files.rejected("Name,About\nTom Short\nTim Ends,a,,\nTed Long,a,b\nTess Last,z\n")
        self.assertEqual([(line, row) for line, _, row in refused], [(4, "Ted Long,a,b")])
        self.assertIn("3 cells", refused[0][1])
        self.assertEqual(set(self.files.people()), {"Tom Short", "Tim Ends", "Tess Last"})

    def test_an_open_quote_refuses_its_row_only(self):
        refused = self.files.rejected('Name,About\nTom First,a\nTim Open,"b\nTess Last,c\n')
        self.assertEqual([line for line, _, _ in refused], [3])
        self.assertIn("quote", refused[0][1])
        self.assertEqual(set(self.files.people()), {"Tom First", "Tess Last"})

    def test_json_lines(self):
        content = ('{"name": "Jo Lines", "title": "CEO", "hobby": "chess", "n": [1, 2], "none": null}\n'
                   '{bad\n\n[1]\n{"Full Name": "Jim Lines"}\n')
        refused = self.files.rejected(content, ending="jsonl")
        self.assertEqual([(line, row) for line, _, row in refused], [(2, "{bad"), (4, "[1]")])
        people = self.files.people()
        self.assertEqual(set(people), {"Jo Lines", "Jim Lines"})
        self.assertEqual(people["Jo Lines"]["extra"], {"hobby": "chess", "n": "[1,2]"})
        self.assertEqual(self.files.load('{"name":"Kim Named"}\n', "--format", "jsonl", ending="txt"), counts(1))

    def test_lists_of_json_lines(self):
        content = '{"name": "Lia Lists", "keywords": ["robots", "sales"], "departments": ["Finance"]}\n'
        self.assertEqual(self.files.load(content, ending="jsonl"), counts(1))
        self.assertEqual(self.files.people()["Lia Lists"]["keywords"], "robots; sales")

    def test_columns_by_map(self):
        content = "Wer,Was,Wo\nUwe Beispiel,CEO,Bonn\n"
        self.assertEqual(self.files.load(content, "--map", "Wer=name", "--map", "Was=title"), counts(1))
        row = self.files.people()["Uwe Beispiel"]
        self.assertEqual((row["title"], row["extra"]), ("CEO", {"Wo": "Bonn"}))
        path = self.files.write(content)
        for wrong, said in (("Nirgends=title", "no such column"), ("Wer=no_field", "no field"), ("Wer", "Header=field")):
            self.assertIn(said, self.server.cli("import", "people", path, "--map", wrong, expect=1).stderr)

    def test_no_table_at_all(self):
        for content in (b"", b"\x00\x01\x02\x03" * 100):
            self.server.cli("import", "people", self.files.write(content), expect=1)
        self.server.cli("import", "people", self.server.folder / "not there.csv", expect=1)

    def test_dry_run_keeps_nothing(self):
        content = "Name,Email\nDora Dry,dora@dry.example.com\nBad Email,none at all\n"
        path = self.files.write(content)
        said = self.server.line("import", "people", path, "--dry-run")
        self.assertEqual(said, counts(1, rejected=1))
        self.assertEqual((self.files.people(), self.files.people("companies")), ({}, {}))
        self.assertEqual(self.server.line("import", "people", path), said)
        self.assertEqual(set(self.files.people()), {"Dora Dry"})

    def test_rejects_go_where_they_are_wanted(self):
        path, wanted = self.files.write("Name,Email\nBad Email,no address\n"), self.server.folder / "wanted.csv"
        done = self.server.cli("import", "people", path, "--rejects", wanted)
        self.assertIn(str(wanted), done.stderr)
        self.assertEqual([row["line"] for row in rows_of(wanted)], ["2"])
        self.assertFalse(pathlib.Path(f"{path}.rejected.csv").exists())


class RowsTest(CommandTest):
    """Which row is whose."""

    def test_refused_rows_say_line_and_reason(self):
        refused = self.files.rejected("Name,Email\nGood One,good@x.example.com\nBad One,not an address\n,b@x.example.com\n")
        self.assertEqual([(line, row) for line, _, row in refused],
                         [(3, "Bad One,not an address"), (4, ",b@x.example.com")])
        self.assertIn("Email", refused[0][1])
        self.assertIn("name", refused[1][1])
        self.assertEqual(set(self.files.people()), {"Good One"})

    def test_rows_that_are_there_twice(self):
        row = "Ada Double,ada@x.example.com,CEO\n"
        self.assertEqual(self.files.load("Name,Email,Title\n" + 3 * row), counts(1))
        self.assertEqual(self.files.load("Name,Email,Title\n" + row + row.replace("CEO", "CTO")), counts(updated=1))
        self.assertEqual(self.files.people()["Ada Double"]["title"], "CTO")

    def test_people_are_known_by_linkedin_email_or_name_and_company(self):
        head = "Name,LinkedIn URL,Email,Title,Company,Domain\n"
        first = ("Li Link,https://www.linkedin.com/in/li-link,,A,One,one.example.com\n"
                 "Em Mail,,em@one.example.com,A,One,one.example.com\n"
                 "Na Name,,,A,One,one.example.com\n")
        self.assertEqual(self.files.load(head + first), counts(3))
        again = ("Li Other,http://uk.linkedin.com/in/Li-Link/?x=1,,B,,\n"
                 "Em Other,,EM@one.example.com,B,,\n"
                 "NA NAME,,,B,Other name of it,https://www.one.example.com/about\n"
                 "Na Name,,,C,Two,two-inc.example.org\n")
        self.assertEqual(self.files.load(head + again), counts(1, updated=3))
        rows = self.files.server.cli("export", "people", "--format", "jsonl").stdout.splitlines()
        self.assertEqual(sorted(row["title"] for row in map(json.loads, rows)), ["B", "B", "B", "C"])
        self.assertEqual(self.files.load(head + again), counts())

    def test_an_email_of_somebody_else(self):
        head = "Name,LinkedIn URL,Email\n"
        self.files.load(head + "Ann One,linkedin.com/in/ann-one,ann@x.example.com\nBen Two,linkedin.com/in/ben-two,\n")
        refused = self.files.rejected(head + "Ben Two,linkedin.com/in/ben-two,ann@x.example.com\n")
        self.assertEqual((refused[0][0], refused[0][2]), (2, "Ben Two,linkedin.com/in/ben-two,ann@x.example.com"))
        self.assertIn("belongs to another person", refused[0][1])
        people = self.files.people()
        self.assertEqual(people["Ann One"]["email"], "ann@x.example.com")
        self.assertNotIn("email", people["Ben Two"])

    def test_what_a_row_does_not_say_stays(self):
        self.files.load("Name,Email,Title,City,Fruit\nKay Keeps,kay@x.example.com,CEO,London,apple\n")
        self.assertEqual(self.files.load("Name,Email,Title,Tree\nKay Keeps,kay@x.example.com,,oak\n"), counts(updated=1))
        row = self.files.people()["Kay Keeps"]
        self.assertEqual((row["title"], row["city"], row["extra"]), ("CEO", "London", {"Fruit": "apple", "Tree": "oak"}))

    def test_what_follows_from_a_row_does_not_replace_what_was_said(self):
        self.files.load("Company,Domain,Website,Size,Industry\n"
                        "Acme Inc,acme.example.com,https://www.acme.example.com/home,51-200 employees,Banking\n",
                        kind="companies")
        self.files.load("Domain,SIC,Employees\nacme.example.com,7372,9000\n", kind="companies")
        row = self.files.people("companies")["Acme Inc"]
        self.assertEqual((row["website"], row["size"], row["industry"], row["estimated_number_of_employees"]),
                         ("https://www.acme.example.com/home", "51-200 employees", "Banking", "9000"))

    def test_what_followed_from_a_row_makes_way(self):
        self.files.load("Domain,SIC,Employees\nplain-firm.example.org,7372,100\n", kind="companies")
        row = self.files.people("companies")["example.org"]
        self.assertEqual((row["size"], row["industry"]), ("51-200 employees", "Software Development"))
        self.files.load("Domain,SIC,Employees\nplain-firm.example.org,6022,9000\n", kind="companies")
        row = self.files.people("companies")["example.org"]
        self.assertEqual((row["size"], row["industry"]), ("5001-10000 employees", "Banking"))
        self.assertEqual(self.files.load("Name,Company,Domain\nPat Plain,Plain Firm,example.org\n"), counts(1))
        self.assertEqual(set(self.files.people("companies")), {"Plain Firm"})

    def test_industries_by_other_names_and_codes(self):
        cases = [("Industry", "Computer Software", "Software Development"), ("Industry", "banking", "Banking"),
                 ("SIC Code", "7372", "Software Development"), ("SIC Code", "0111", "Farming"),
                 ("NAICS Code", "522110", "Banking"), ("GICS Sector", "Utilities", "Utilities"),
                 ("Industry", "Juggling", None), ("SIC Code", "99999", None)]
        for number, (header, text, _) in enumerate(cases):
            self.files.load(f"Company,{header}\nFirm Number {number}x,{text}\n", kind="companies")
        rows = self.files.people("companies")
        self.assertEqual([rows[f"Firm Number {number}x"].get("industry") for number in range(len(cases))],
                         [wanted for _, _, wanted in cases])
        self.assertEqual(rows["Firm Number 6x"]["extra"], {"Industry": "Juggling"})
        self.files.load("Company,GICS Sector,Industry,SIC\nOwn Words,Utilities,Banking,7372\n", kind="companies")
        self.assertEqual(self.files.people("companies")["Own Words"]["industry"], "Banking")


COMPANIES = [
    {"name": "Full GmbH", "domain": "full.example.com", "linkedin_url": "https://www.linkedin.com/company/full",
     "overview": "Says \"all\",\nin two lines", "founded_year": "1999", "sic_codes": "7372; 7371", "type": "Public Company",
     "total_funding": "1000000", "latest_funding_stage": "Series B", "latest_funding_date": "2024-05-01",
     "keywords": "a; b", "estimated_number_of_employees": "320", "industry": "Banking", "city": "Berlin",
     "country": "DE", "technologies": "X; Y", "revenue": "12000000", "is_b2b": "true", "is_b2c": "false",
     "department_headcount": {"Sales": 3}, "locations": [{"address": "Street 1", "country": "Germany"}],
     "followers": "17", "Own column": "kept, too"},
    {"name": "Bare Ltd"},
]
PEOPLE = [
    {"name": "Fay Full", "title": "VP Sales", "headline": "Sells; \"much\"", "about": "One line",
     "linkedin_url": "https://www.linkedin.com/in/fay-full", "email": "fay@full.example.com",
     "city": "Minneapolis", "region": "Minnesota", "country": "US", "keywords": "x; y", "languages": ["English"],
     "experiences": [{"title": "Clerk", "company": "Old"}], "company_name": "Full GmbH",
     "company_domain": "full.example.com", "phone": "+1 612 727 5220", "mobile_phone": "+44 20 7946 0101; +44 20 7946 0102",
     "Bücher": "Größe \\ \u201cquoted\u201d", "n": 5},
    {"name": "Bo Bare"},
]


class CopyTest(CommandTest):
    """An export, imported into an empty database, exports the same."""

    def test_export_is_a_copy(self):
        for kind, rows in (("companies", COMPANIES), ("people", PEOPLE)):
            text = "".join(json.dumps(row) + "\n" for row in rows)
            self.assertEqual(self.files.load(text, kind=kind, ending="jsonl"), counts(2))
        full = self.files.people()["Fay Full"]
        self.assertEqual((full["phone"], full["mobile_phone"]), ("+16127275220", "+442079460101; +442079460102"))
        self.assertEqual(full["extra"], {"Bücher": "Größe \\ “quoted”", "n": "5"})
        company = self.files.people("companies")["Full GmbH"]
        self.assertEqual((json.loads(company["department_headcount"]), company["is_b2c"]), ({"Sales": 3}, "false"))
        for form in ("csv", "jsonl"):
            with self.subTest(form):
                self.check_copy(form)

    def check_copy(self, form):
        copy = Files(self.fresh())
        for kind in ("companies", "people"):
            text = self.server.cli("export", kind, "--format", form).stdout
            self.assertEqual(copy.load(text, kind=kind, ending=form), counts(2))
            self.assertEqual(copy.server.cli("export", kind, "--format", form).stdout, text)
            self.assertEqual(copy.load(text, kind=kind, ending=form), counts())
            self.assertEqual(self.files.load(text, kind=kind, ending=form), counts())


class MemoryTest(CommandTest):
    SMALL, LARGE = 1_000, 16_000

    def peak_kb(self, rows):
        server = self.fresh()
        path = Files(server).write("Name,Email,A,B,C,D,E,F,G,H\n" + "".join(
            f"Person Number{number},p{number}@memory.example.com,a,b,c,d,e,f,g,h\n" for number in range(rows)))
        options = sanitizer_options(harness.ROOT)
        # What the sanitizers keep of freed memory grows with the rows.
        options["ASAN_OPTIONS"] += ":quarantine_size_mb=1"
        options["TSAN_OPTIONS"] += ":flush_memory_ms=100"
        child = subprocess.Popen([harness.BINARY, "import", "people", path, *server.common_options()],
                                 stdout=subprocess.PIPE, text=True, env=dict(os.environ, **options))
        said = child.stdout.read()
        child.stdout.close()
        _, code, used = os.wait4(child.pid, 0)
        child.returncode = code
        self.assertEqual((code, said), (0, counts(rows) + "\n"))
        return used.ru_maxrss

    def test_memory_does_not_grow_with_the_file(self):
        small, large = self.peak_kb(self.SMALL), self.peak_kb(self.LARGE)
        self.assertLess(large, 1.5 * small, f"{self.SMALL} rows: {small} kB, {self.LARGE} rows: {large} kB")
