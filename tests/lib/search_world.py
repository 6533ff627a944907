"""Made-up people and companies, random searches over them, and the answers: worked out
slowly and plainly from what was put in, never from what the program derives. So the data
has known normal forms only: plain words, titles of a table, places of a table.

    world = World(seed=1, people=500, companies=60)
    world.write(folder)              # people.jsonl, companies.jsonl
    query = world.random_query("people")
    total, keys = world.answer("people", query)

A row's key is the URL of its picture: the one member that no filter reads.
"""
import json
import random

SENIORITIES = ["Owner", "Founder", "C-Suite", "Partner", "VP", "Head", "Director", "Manager", "Senior", "Entry",
               "Intern", "Other"]
# title: its words when abbreviations are spelled out, seniority, departments
TITLES = {
    "CEO": ("chief executive officer", "C-Suite", ["Senior Leadership"]),
    "Chief Executive Officer": ("chief executive officer", "C-Suite", ["Senior Leadership"]),
    "CFO": ("chief financial officer", "C-Suite", ["Senior Leadership", "Finance"]),
    "Owner": ("owner", "Owner", ["Senior Leadership"]),
    "Founder": ("founder", "Founder", ["Senior Leadership"]),
    "Partner": ("partner", "Partner", []),
    "VP Sales": ("vice president sales", "VP", ["Revenue"]),
    "Vice President of Sales": ("vice president sales", "VP", ["Revenue"]),
    "Vice President": ("vice president", "VP", []),
    "Head of Marketing": ("head marketing", "Head", ["Marketing"]),
    "Product Owner": ("product owner", "Senior", ["Product"]),
    "Account Executive": ("account executive", "Entry", ["Revenue"]),
    "Senior Software Engineer": ("senior software engineer", "Senior", ["Engineering & Technical"]),
    "Software Engineer": ("software engineer", "Entry", ["Engineering & Technical"]),
    "Intern": ("intern", "Intern", []),
}
# wanted title: words that must be there, beginning of a further word
WANTED_TITLES = {
    **{title: (spelled, "") for title, (spelled, _, _) in TITLES.items()},
    "Sales": ("sales", ""), "VP": ("vice president", ""), "engineer": ("engineer", ""), "Executive": ("executive", ""),
    "Sales VP": ("sales vice president", ""), "VP Sal*": ("vice president", "sal"), "soft*": ("", "soft"),
    "Senior Soft*": ("senior", "soft"), "exec*": ("", "exec"), "Nothing Of The Kind": ("nothing of the kind", ""),
    "Executive Account": ("executive account", ""),
}
# city, region, country's code, country
PLACES = [("Austin", "Texas", "US", "United States"), ("Houston", "Texas", "US", "United States"),
          ("Toronto", "Ontario", "CA", "Canada"), ("Munich", "Bavaria", "DE", "Germany"), (None, "Bavaria", "DE", "Germany"),
          (None, None, "DE", "Germany"), (None, None, None, None)]
WHOLE_PLACES = [place for place in PLACES if all(place)]
WANTED_PLACES = {
    "Austin": {"city": "Austin"}, "Texas": {"region": "Texas"}, "Texas, United States": {"region": "Texas"},
    "United States": {"country": "US"}, "USA": {"country": "US"}, "Germany": {"country": "DE"},
    "Munich, Germany": {"city": "Munich"}, "Bavaria": {"region": "Bavaria"}, "Toronto, Ontario, Canada": {"city": "Toronto"},
    "Canada": {"country": "CA"}, "Atlantis": {"city": "Atlantis"},
}
FIRST = "anna anne hanna johanna jonas jonah maria mario marta liam noah emil otto ida".split()
LAST = "keller kessler berg bergen holm holmes lind lindt weber weiss".split()
WORDS = "cloud data database sales robot robotics energy bread software cargo ships".split()
NAMES = "anvil harbor lumen quartz willow ember".split()
SECOND = "works metrics robotics foods".split()
INDUSTRIES = ["Software Development", "Banking", "Retail", "Truck Transportation", "Higher Education"]
TYPES = ["Public Company", "Privately Held", "Non Profit"]
TECHNOLOGIES = ["Salesforce", "HubSpot", "Oracle", "Snowflake"]
STAGES = ["Seed", "Series A", "Series B"]
SIZES = [(10, "1-10 employees"), (50, "11-50 employees"), (200, "51-200 employees"), (500, "201-500 employees"),
         (1000, "501-1000 employees"), (5000, "1001-5000 employees"), (10000, "5001-10000 employees"),
         (10**9, "10001+ employees")]
BANDS = [(10**6, "$0-$1M"), (10**7, "$1M-$10M"), (5 * 10**7, "$10M-$50M"), (10**8, "$50M-$100M")]
PEOPLE_FACETS = ["person_seniorities", "person_departments", "person_locations", "company_industries", "company_sizes",
                 "company_locations", "company_revenue"]


def words(*texts):
    return {word for text in texts if text for word in text.lower().split()}


def fits_words(have, wanted, beginning=""):
    """Every wanted word is there, and a word that begins so."""
    return set(wanted.split()) <= have and (not beginning or any(word.startswith(beginning) for word in have))


def split_wanted(value):
    """"cloud da*": the words that must be there, and the beginning of one more."""
    parts = value.lower().split()
    if parts and parts[-1].endswith("*"):
        return " ".join(parts[:-1]), parts[-1][:-1]
    return " ".join(parts), ""


def distance(a, b):
    """Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours."""
    rows = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) + 1):
        for k in range(len(b) + 1):
            if i == 0 or k == 0:
                rows[i][k] = i + k
                continue
            rows[i][k] = min(rows[i - 1][k] + 1, rows[i][k - 1] + 1, rows[i - 1][k - 1] + (a[i - 1] != b[k - 1]))
            if i > 1 and k > 1 and a[i - 1] == b[k - 2] and a[i - 2] == b[k - 1]:
                rows[i][k] = min(rows[i][k], rows[i - 2][k - 2] + 1)
    return rows[-1][-1]


def band(bands, value):
    return next((name for limit, name in bands if value < limit), None)


class World:
    def __init__(self, seed, people, companies):
        self.rng = random.Random(seed)
        self.removed = set()  # name_keys of removed people
        self.companies = [self.make_company(n) for n in range(companies)]
        self.people = [self.make_person(n) for n in range(people)]

    # --- rows: what is imported, and with a leading underscore what a reader sees in it ---

    def maybe(self, share, value):
        return value() if self.rng.random() < share else None

    def some(self, values, most):
        return self.rng.sample(values, self.rng.randint(0, most))

    def place(self, row):
        row["city"], row["region"], row["country"], row["_country_name"] = self.rng.choice(PLACES)

    def text(self, most):
        return " ".join(self.rng.choice(WORDS) for _ in range(self.rng.randint(1, most)))

    def make_company(self, n):
        rng = self.rng
        by_domain = rng.random() < 0.7  # else by a name of its own
        name = f"{rng.choice(NAMES)} {rng.choice(SECOND) if by_domain else n}".title()
        row = {"logo_url": f"https://pictures.example/c{n}", "name": name,
               "domain": f"anvil{n}.com" if by_domain else None,
               "linkedin_url": self.maybe(0.4, lambda: f"https://www.linkedin.com/company/c-{n}") if by_domain else None,
               "industry": self.maybe(0.8, lambda: rng.choice(INDUSTRIES)),
               "estimated_number_of_employees": self.maybe(0.8, lambda: rng.choice([3, 10, 11, 50, 51, 300, 900, 4000, 20000])),
               "type": self.maybe(0.5, lambda: rng.choice(TYPES)), "overview": self.maybe(0.5, lambda: self.text(5)),
               "keywords": self.some(WORDS, 3), "technologies": self.some(TECHNOLOGIES, 2),
               "revenue": self.maybe(0.5, lambda: rng.choice([0, 999999, 1000000, 20000000, 60000000])),
               "founded_year": self.maybe(0.6, lambda: rng.randint(1990, 2020)),
               "total_funding": self.maybe(0.4, lambda: rng.choice([100000, 5000000, 40000000])),
               "latest_funding_stage": self.maybe(0.4, lambda: rng.choice(STAGES)),
               "latest_funding_date": self.maybe(0.4, lambda: f"20{rng.randint(18, 24)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"),
               "is_b2b": self.maybe(0.5, lambda: rng.random() < 0.5)}
        self.place(row)
        return self.read_company(row)

    @staticmethod
    def read_company(row):
        employees, revenue = row["estimated_number_of_employees"], row["revenue"]
        row["_words"] = words(row["name"])
        row["_keywords"] = words(row["industry"], row["overview"], *row["keywords"])
        row["_size"] = None if employees is None else next(name for limit, name in SIZES if employees <= limit)
        row["_revenue"] = None if revenue is None else band(BANDS, revenue)
        standing = [name for _, name in SIZES].index(row["_size"]) + 1 if row["_size"] else 0
        row["_rank"] = (standing, bool(row["domain"]) * 3 + bool(row["linkedin_url"]) * 2 + bool(row["industry"])
                        + bool(row["_country_name"]) + bool(row["overview"]))
        return row

    def make_person(self, n):
        rng = self.rng
        names = [rng.choice(FIRST), *([rng.choice(FIRST)] if rng.random() < 0.2 else []), rng.choice(LAST)]
        row = {"image_url": f"https://pictures.example/p{n}", "name": " ".join(names).title(),
               "title": self.maybe(0.9, lambda: rng.choice(list(TITLES))),
               "linkedin_url": f"https://www.linkedin.com/in/p-{n}",  # so that namesakes are not taken for one
               "email": self.maybe(0.5, lambda: f"p{n}@mail{n % 7}.com"),
               "headline": self.maybe(0.5, lambda: self.text(4)), "about": self.maybe(0.3, lambda: self.text(9)),
               "keywords": self.some(WORDS, 2), "_company": self.maybe(0.85, lambda: rng.choice(self.companies))}
        self.place(row)
        return self.read_person(row)

    @staticmethod
    def read_person(row):
        company = row["_company"]
        row["company_name"] = company["name"] if company else None
        row["company_domain"] = company["domain"] if company else None
        spelled, row["_seniority"], row["_departments"] = TITLES.get(row["title"], ("", None, []))
        row["_title"], row["_title_words"] = spelled, words(row["title"], spelled)
        row["_words"] = words(row["name"])
        row["_name"] = sorted(row["name"].lower().split())
        row["_keywords"] = words(row["title"], row["headline"], row["about"], *row["keywords"])
        standing = len(SENIORITIES) - SENIORITIES.index(row["_seniority"]) if row["_seniority"] else 0
        row["_rank"] = (standing, bool(row["email"]) * 3 + bool(row["linkedin_url"]) * 2 + bool(row["title"])
                        + bool(row["_country_name"]) + bool(company))
        return row

    def write(self, folder):
        for kind in ("companies", "people"):
            self.write_rows(folder / f"{kind}.jsonl", getattr(self, kind))

    @staticmethod
    def told(row):
        return {name: value for name, value in row.items() if name[0] != "_" and value not in (None, [])}

    def write_rows(self, path, rows):
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(self.told(row)) + "\n" for row in rows)

    # --- changes: rows are the same ones as before, so that an import finds them again. An
    # import takes nothing away, so what changes has a value before and after. It refuses
    # whoever has the name of a removed person of the same company, whatever else they have. ---

    @staticmethod
    def name_keys(row):
        """Where a name belongs: with the company's domain, and with its name."""
        company = row["_company"]
        places = [company[member] and company[member].lower() for member in ("domain", "name")] if company else []
        return [(tuple(row["_name"]), place) for place in places if place]

    def is_refused(self, row):
        return any(key in self.removed for key in self.name_keys(row)[:1])

    def remove(self, row):
        self.people.remove(row)
        self.removed.update(self.name_keys(row))

    def changed_people(self, old, new):
        """What an import brings of these rows: `old` are to be edited, `new` to be made.
        Returns its rows and the last line that it prints."""
        told, counts = [], {"imported": 0, "updated": 0, "rejected": 0}
        for row in old:
            edited = dict(row)
            self.edit_person(edited)
            told.append(edited)
            if self.is_refused(edited):
                counts["rejected"] += 1
                continue
            counts["updated"] += self.told(edited) != self.told(row)
            row.update(edited)
        for number in new:
            row = self.make_person(number)
            told.append(row)
            refused = self.is_refused(row)
            counts["rejected" if refused else "imported"] += 1
            self.people += [] if refused else [row]
        return told, ", ".join(f"{word} {count}" for word, count in counts.items())

    def edit_person(self, row):
        rng = self.rng
        row["name"] = rng.choice([row["name"], f"{rng.choice(FIRST)} {rng.choice(LAST)}".title()])
        row["title"], row["headline"] = rng.choice(list(TITLES)), self.text(4)
        row["_company"] = rng.choice(self.companies)
        row["city"], row["region"], row["country"], row["_country_name"] = rng.choice(WHOLE_PLACES)
        self.read_person(row)

    def edit_company(self, row):
        rng = self.rng
        row["industry"], row["latest_funding_stage"] = rng.choice(INDUSTRIES), rng.choice(STAGES)
        row["estimated_number_of_employees"] = rng.choice([3, 50, 900, 20000])
        row["revenue"] = rng.choice([0, 1000000, 60000000])
        row["city"], row["region"], row["country"], row["_country_name"] = rng.choice(WHOLE_PLACES)
        self.read_company(row)

    # --- searches ---

    def alternatives(self, values, most=3):
        return [self.rng.choice(values) for _ in range(self.rng.randint(1, most))]

    def with_error(self, word):
        """One letter wrong, missing, too many or swapped with the next; sometimes two."""
        for _ in range(self.rng.choice([1, 1, 1, 2])):
            at, letter = self.rng.randrange(len(word)), self.rng.choice("abeghlmnrsz")
            word = self.rng.choice([word[:at] + letter + word[at + 1:], word[:at] + word[at + 1:],
                                    word[:at] + letter + word[at:], word[:at] + word[at:at + 2][::-1] + word[at + 2:]]) or "x"
        return word

    def random_name(self):
        rng = self.rng
        if rng.random() < 0.5:
            parts = rng.choice(self.people)["name"].split()
            rng.shuffle(parts)
        else:
            parts = [rng.choice(FIRST), rng.choice(LAST)][:rng.randint(1, 2)]
        if rng.random() < 0.3:
            at = rng.randrange(len(parts))
            parts[at] = self.with_error(parts[at].lower())
        if rng.random() < 0.2:
            parts[-1] = parts[-1][:rng.randint(2, 4)] + "*"
        return " ".join(parts)

    def text_values(self):
        values = []
        for _ in range(self.rng.randint(1, 3)):
            value = self.text(2)
            values.append(value[:-2] + "*" if self.rng.random() < 0.2 else value)
        return values

    def random_range(self, values):
        ends = sorted(self.rng.choices(values, k=2))
        return {name: end for name, end in zip(("min", "max"), ends) if self.rng.random() < 0.7} or {"min": ends[0]}

    def company_filters(self):
        rng, query = self.rng, {}
        makers = {
            "company_names": lambda: self.alternatives([row["name"] for row in self.companies] + NAMES
                                                       + ["Anvil Wor*", "qua*"], 2),
            "company_domains": lambda: self.alternatives([f"https://www.anvil{n}.com/about" for n in range(len(self.companies))]
                                                         + ["anvil1.com", "no domain"], 4),
            "company_keywords": self.text_values,
            "company_industries": lambda: self.alternatives(INDUSTRIES),
            "company_sizes": lambda: self.alternatives([name for _, name in SIZES]),
            "company_types": lambda: self.alternatives(TYPES, 2),
            "company_locations": lambda: self.alternatives(list(WANTED_PLACES)),
            "company_focuses": lambda: ["b2b"],
            "company_revenue": lambda: self.alternatives([name for _, name in BANDS]),
            "company_technologies": lambda: self.alternatives(TECHNOLOGIES, 2),
            "company_headcount": lambda: self.random_range([5, 10, 11, 50, 300, 10000]),
            "company_annual_revenue": lambda: self.random_range([0, 999999, 1000000, 50000000]),
            "company_total_funding": lambda: self.random_range([0, 100000, 5000000, 10**9]),
            "company_founded_year": lambda: self.random_range([1990, 2000, 2010, 2020]),
            "company_last_funding": lambda: rng.choice([{"stages": self.alternatives(STAGES, 2)},
                                                        {"min_date": "2020-03-15"}, {"max_date": "2022-06-11"},
                                                        {"stages": ["Seed"], "min_date": "2019-01-01"}]),
        }
        for name in rng.sample(list(makers), rng.choice([1, 1, 2, 3])):
            query[name] = makers[name]()
        return query

    def random_query(self, kind):
        rng, query = self.rng, {}
        if kind == "companies":
            query = self.company_filters() if rng.random() < 0.95 else {}
        else:
            makers = {
                "person_name": self.random_name,
                "person_titles": lambda: self.alternatives(list(WANTED_TITLES)),
                "person_locations": lambda: self.alternatives(list(WANTED_PLACES)),
                "person_keywords": self.text_values,
                "person_seniorities": lambda: self.alternatives(SENIORITIES),
                "person_departments": lambda: self.alternatives(["Senior Leadership", "Revenue", "Finance", "Product"]),
            }
            for name in rng.sample(list(makers), rng.choice([0, 1, 1, 1, 2, 2, 3])):
                query[name] = makers[name]()
            if rng.random() < 0.4:
                query |= self.company_filters()
        query["page_size"] = rng.choice([1, 7, 30, 100])
        if rng.random() < 0.3:
            query["page"] = rng.choice([1, 2, 3, 50])
        return query

    # --- answers ---

    @staticmethod
    def in_place(row, wanted):
        return any(all(row[level] == name for level, name in WANTED_PLACES[place].items()) for place in wanted)

    @staticmethod
    def in_range(value, wanted):
        return value is not None and wanted.get("min", value) <= value <= wanted.get("max", value)

    @staticmethod
    def has_text(have, wanted):
        return any(fits_words(have, *split_wanted(value)) for value in wanted)

    def fits_company(self, row, query):
        funding = query.get("company_last_funding", {})
        dates = {end: funding[f"{end}_date"] for end in ("min", "max") if f"{end}_date" in funding}
        hosts = [value.split("/")[2] if "//" in value else value for value in query.get("company_domains", [])]
        tests = {
            "company_names": lambda wanted: self.has_text(row["_words"], wanted),
            "company_domains": lambda _: row["domain"] in [host.removeprefix("www.") for host in hosts],
            "company_keywords": lambda wanted: self.has_text(row["_keywords"], wanted),
            "company_industries": lambda wanted: row["industry"] in wanted,
            "company_sizes": lambda wanted: row["_size"] in wanted,
            "company_types": lambda wanted: row["type"] in wanted,
            "company_locations": lambda wanted: self.in_place(row, wanted),
            "company_focuses": lambda _: row["is_b2b"] is True,
            "company_revenue": lambda wanted: row["_revenue"] in wanted,
            "company_technologies": lambda wanted: bool(set(row["technologies"]) & set(wanted)),
            "company_headcount": lambda wanted: self.in_range(row["estimated_number_of_employees"], wanted),
            "company_annual_revenue": lambda wanted: self.in_range(row["revenue"], wanted),
            "company_total_funding": lambda wanted: self.in_range(row["total_funding"], wanted),
            "company_founded_year": lambda wanted: self.in_range(row["founded_year"], wanted),
            "company_last_funding": lambda _: (not funding.get("stages") or row["latest_funding_stage"] in funding["stages"])
            and (not dates or self.in_range(row["latest_funding_date"], dates)),
        }
        return all(tests[name](wanted) for name, wanted in query.items() if name in tests)

    def name_rule(self, query):
        """What a name must be like: a function of a person's words."""
        whole, beginning = split_wanted(query)
        known = set().union(*(row["_words"] for row in self.people))
        plain = lambda have: fits_words(have, whole, beginning)  # noqa: E731
        mistaken = {word for word in whole.split() if 4 <= len(word) <= 24 and word not in known}
        if not mistaken or len(mistaken) > 3 or len(whole.split()) > 8:
            return plain
        return lambda have: (fits_words(have, " ".join(set(whole.split()) - mistaken), beginning)
                             and all(any(distance(word, other) == 1 for other in have) for word in mistaken))

    def fits_person(self, row, query, name_rule):
        tests = {
            "person_name": lambda _: name_rule(row["_words"]),
            "person_titles": lambda wanted: any(fits_words(row["_title_words"], *WANTED_TITLES[title]) for title in wanted),
            "person_locations": lambda wanted: self.in_place(row, wanted),
            "person_keywords": lambda wanted: self.has_text(row["_keywords"], wanted),
            "person_seniorities": lambda wanted: row["_seniority"] in wanted,
            "person_departments": lambda wanted: bool(set(row["_departments"]) & set(wanted)),
        }
        if not all(tests[name](wanted) for name, wanted in query.items() if name in tests):
            return False
        asks_company = any(name.startswith("company_") for name in query)
        return not asks_company or (row["_company"] is not None and self.fits_company(row["_company"], query))

    def matching(self, kind, query):
        """All rows that match, best first."""
        if kind == "companies":
            rows = [row for row in self.companies if self.fits_company(row, query)]
            names = [name.lower().rstrip("*") for name in query.get("company_names", [])]
            tier = lambda row: row["name"].lower() in names  # noqa: E731
        else:
            rule = self.name_rule(query.get("person_name", ""))
            rows = [row for row in self.people if self.fits_person(row, query, rule)]
            name = sorted(query.get("person_name", "").lower().rstrip("*").split())  # "Anna Lind*": Anna Lind before Lindt
            titles = [WANTED_TITLES[title][0] for title in query.get("person_titles", []) if not WANTED_TITLES[title][1]]
            tier = lambda row: 2 * (row["_name"] == name) + (row["_title"] in titles and row["_title"] != "")  # noqa: E731
        place = {id(row): n for n, row in enumerate(getattr(self, kind))}
        return sorted(rows, key=lambda row: (-tier(row), tuple(-part for part in row["_rank"]), place[id(row)]))

    def answer(self, kind, query):
        """(total, keys of the page in order)"""
        rows = self.matching(kind, query)
        size, page = query.get("page_size", 5), query.get("page", 1)
        key = "image_url" if kind == "people" else "logo_url"
        return len(rows), [row[key] for row in rows[(page - 1) * size:page * size]]

    def facets(self, query):
        """Counts of people by facet and value."""
        rows = self.matching("people", query)
        counts = {name: {} for name in PEOPLE_FACETS}
        for row in rows:
            company = row["_company"] or {}
            had = {"person_seniorities": [row["_seniority"]], "person_departments": row["_departments"],
                   "person_locations": [row["_country_name"]], "company_industries": [company.get("industry")],
                   "company_sizes": [company.get("_size")], "company_locations": [company.get("_country_name")],
                   "company_revenue": [company.get("_revenue")]}
            for name, values in had.items():
                for value in filter(None, values):
                    counts[name][value] = counts[name].get(value, 0) + 1
        return counts
