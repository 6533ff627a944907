"""Much data: an import of 200,000 people needs no more memory than a small one, and
everything is found afterwards."""
import pathlib
import resource
import subprocess

import harness

PEOPLE, COMPANIES = 200_000, 5_000
MEMORY_MAX_KB = 300_000
SENIORITIES = ["Owner", "Founder", "C-Suite", "Partner", "VP", "Head", "Director", "Manager", "Senior", "Entry",
               "Intern"]


class LargeImportTest(harness.ApiTest):
    timeout_s = 900

    @classmethod
    def prepare(cls, server):
        folder = pathlib.Path(server.folder) / "sample"
        subprocess.run([harness.ROOT / "tools/sample", folder, f"--people={PEOPLE}",
                        f"--companies={COMPANIES}"], check=True, capture_output=True)
        cls.told = [server.cli("import", kind, folder / f"{kind}.csv", timeout_s=400).stdout
                    for kind in ("companies", "people")]
        cls.peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    def test_everything_arrived(self):
        self.assertTrue(self.told[0].strip().endswith(f"imported {COMPANIES}, updated 0, rejected 0"), self.told[0])
        self.assertTrue(self.told[1].strip().endswith(f"imported {PEOPLE}, updated 0, rejected 0"), self.told[1])

    def test_memory_does_not_grow_with_the_file(self):
        self.assertLess(self.peak_kb, MEMORY_MAX_KB)

    def test_totals_are_exact(self):
        answer = self.api.post("/people/search", {"person_seniorities": SENIORITIES}, expect=200)
        self.assertGreater(answer.json["_pagination"]["total"], PEOPLE // 2)
