"""200 searches over the made-up people of tools/sample, in six classes, the same for the same
files: what bench/search_http asks."""
import csv
import itertools
import random
import sys

CLASSES = ["selective", "broad", "many filters", "text", "deep page", "by company"]
COUNTS = [40, 40, 40, 40, 20, 20]
SENIORITIES = ["Owner", "Founder", "C-Suite", "VP", "Head", "Director", "Manager", "Senior", "Entry"]
DEPARTMENTS = ["Senior Leadership", "Engineering & Technical", "Revenue", "Marketing", "Operations",
               "Product", "Finance", "Human Resources"]
SIZES = ["1-10 employees", "11-50 employees", "51-200 employees", "201-500 employees",
         "501-1000 employees", "1001-5000 employees", "5001-10000 employees"]
COUNTRIES = ["United States", "United Kingdom", "Germany", "France", "India", "Canada", "Spain", "Brazil"]
CITIES = ["San Francisco", "Berlin", "London", "Austin", "Singapore", "Paris", "Lisbon", "Porto"]
INDUSTRIES = ["Software Development", "Financial Services", "Manufacturing", "Retail", "Insurance",
              "Hospitals and Health Care", "Construction", "Advertising Services"]
SAMPLE_ROWS = 20000


def rows(path, step):
    with open(path, encoding="utf-8", newline="") as file:
        return list(itertools.islice(csv.DictReader(file), 0, SAMPLE_ROWS * step, step))


class Maker:
    def __init__(self, folder, people):
        self.rng = random.Random(42)
        self.people = people
        self.rows = rows(f"{folder}/people.csv", max(1, people // SAMPLE_ROWS))
        self.companies = {row["Website"].replace("www.", ""): row for row in rows(f"{folder}/companies.csv", 1)}

    def one(self, values):
        return self.rng.choice(values)

    def some(self, values, n):
        return self.rng.sample(values, n)

    def person(self):
        return self.one(self.rows)

    def company(self):
        return self.one(list(self.companies.values()))

    def selective(self, i):
        p = self.person()
        domain = p["Company Website"].removeprefix("https://")
        return "people", [
            {"person_name": p["Full Name"]},
            {"person_name": p["Full Name"], "company_domains": [domain]},
            {"company_domains": [self.person()["Company Website"] for _ in range(20)] + [domain],
             "person_seniorities": self.some(SENIORITIES, 3)},
            {"company_names": [p["Company"]], "person_titles": ["manager", "director", "engineer"]},
            {"person_titles": [p["Job Title"]], "person_locations": [p["City"]],
             "company_names": [p["Company"]]},
        ][i % 5]

    def broad(self, i):
        return "people", [
            {"person_seniorities": [SENIORITIES[i // 8 + 3]]}, {"person_locations": [COUNTRIES[i // 8]]},
            {"person_departments": [DEPARTMENTS[i // 8]]}, {"company_industries": [INDUSTRIES[i // 8]]},
            {"company_sizes": [SIZES[i // 8]]}, {"person_locations": [CITIES[i // 8]]},
            {"company_locations": [COUNTRIES[i // 8]]}, {"person_keywords": [self.person()["Job Title"]]},
        ][i % 8]

    def many_filters(self, i):
        body = {"person_seniorities": self.some(SENIORITIES, 3), "person_departments": self.some(DEPARTMENTS, 3),
                "person_locations": self.some(COUNTRIES, 4), "company_industries": self.some(INDUSTRIES, 4)}
        if i % 2:
            body["company_sizes"] = self.some(SIZES, 2)
        if i % 3 == 0:
            body["person_titles"] = ["manager", "head of sales", "vp"]
        if i % 4 == 3:
            body["company_technologies"] = [self.company()["Technologies"].split("; ")[0]]
        return "people", body

    def text(self, i):
        p = self.person()
        first, last = p["First Name"], p["Last Name"]
        return "people", [
            {"person_titles": [self.person()["Job Title"] for _ in range(6)], "person_locations": [self.one(COUNTRIES)]},
            {"person_titles": [p["Job Title"]]}, {"person_name": first}, {"person_name": first[:3] + "*"},
            {"person_name": f"{first} {last[:2]}*"},
        ][i % 5]

    def deep_page(self, i):
        kind, body = self.broad(i) if i % 4 < 3 else ("people", {"person_titles": ["manager"]})
        return kind, body | {"page": 100 + self.rng.randrange(max(1, self.people // 100 // 30))}

    def by_company(self, i):
        c = self.company()
        size = {"min": 50, "max": 200}
        body = [{"company_technologies": [c["Technologies"].split("; ")[0]]},
                {"company_keywords": [c["Keywords"].split("; ")[0]]},
                {"company_industries": [c["Industry"]], "company_locations": [c["Country"]]},
                {"company_headcount": size, "company_founded_year": {"min": 2000}}][i % 4]
        if i % 2 == 0:
            return "companies", body
        return "people", body | {"person_seniorities": [self.one(SENIORITIES)]}


def make(folder, people, times=1):
    """(class, "people" or "companies", body) of each; `times` as many, which are others."""
    maker, made = Maker(folder, people), []
    for _ in range(times):
        for name, count in zip(CLASSES, COUNTS):
            for i in range(count):
                made.append((name, *getattr(maker, name.replace(" ", "_"))(i)))
    return made


if __name__ == "__main__":
    sys.exit("a module of bench/search_http")
