#include "test.h"

#include <stdio.h>

#include "base/buf.h"
#include "data/enums.h"
#include "data/titles.h"

static const struct expected {
    const char *title, *seniority, *departments, *functions;
} examples[] = {
#define TITLE(title, seniority, departments, functions) \
    { title, seniority, departments, functions },
#include "titles.def"
};

static struct str listed(struct arena *arena, struct strs list) {
    struct buf out = buf_in(arena, 4096);
    for (size_t i = 0; i < list.n; i++) {
        if (i)
            buf_str(&out, STR("; "));
        buf_str(&out, list.p[i]);
    }
    return arena_str(arena, buf_text(&out));
}

static size_t check_title(struct arena *arena, const struct expected *e) {
    struct title title = title_classify(arena, str_of(e->title));
    struct str departments = listed(arena, title.departments);
    struct str functions = listed(arena, title.job_functions);
    bool good = str_eq(title.seniority, str_of(e->seniority))
                && str_eq(departments, str_of(e->departments))
                && str_eq(functions, str_of(e->functions));
    if (!good)
        print_error("'%s'\n  got      %.*s | %.*s | %.*s\n  expected %s | %s | %s\n", e->title,
                    STR_FMT(title.seniority), STR_FMT(departments), STR_FMT(functions),
                    e->seniority, e->departments, e->functions);
    return !good;
}

static void test_examples(void **state) {
    (void) state;
    assert_true(LENGTH(examples) >= 250);
    size_t wrong = 0;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(examples); i++)
        wrong += check_title(arena, &examples[i]);
    arena_free(&arena);
    assert_int_equal(wrong, 0);
}

static void test_absent(void **state) {
    (void) state;
    static const char *const none[] = { NULL, "", "  ", "-- / --", "🚀" };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(none); i++) {
        struct title title = title_classify(arena, str_of(none[i]));
        assert_null(title.seniority.p);
        assert_int_equal(title.departments.n + title.job_functions.n, 0);
        assert_str(title_key(arena, str_of(none[i])), "");
        struct list keys;
        title_query_keys(arena, str_of(none[i]), &keys);
        assert_int_equal(keys.n, 0);
    }
    arena_free(&arena);
}

/* All titles of a row have the first one as their key. */
static void test_keys(void **state) {
    (void) state;
    static const char *const rows[][6] = {
        { "vice president sales", "VP Sales", "V.P. of Sales", "Vice President, Sales",
          "Vice-President of Sales", "vp  SALES" },
        { "senior vice president engineering", "SVP of Eng", "S.V.P. Engineering",
          "Senior Vice President of Engineering", "Sr. VP Eng" },
        { "executive vice president", "EVP", "Executive Vice President", "E.V.P." },
        { "chief executive officer", "CEO", "C.E.O.", "Chief Executive Officer", "ceo" },
        { "chief technology officer", "CTO", "Chief Technical Officer" },
        { "chief operating officer", "COO", "Chief Operations Officer" },
        { "founder chief executive officer", "Founder & CEO", "Founder/CEO", "Founder and CEO",
          "Founder, CEO", "Founder | CEO at Acme" },
        { "senior manager", "Sr Mgr", "Sr. Manager", "Snr. Mgr.", "Senior Manager" },
        { "director operations", "Dir. of Ops", "Director of Operations", "Director, Ops" },
        { "marketing director", "Mktg Dir", "Marketing Director", "Mktg. Dir." },
        { "human resources manager", "HR Mgr", "H.R. Manager", "Human Resources Manager" },
        { "information technology director", "IT Director", "I.T. Director",
          "Information Technology Dir" },
        { "research development engineer", "R&D Engineer", "R & D Engr",
          "Research and Development Engineer" },
        { "software engineer", "Software Engineer II", "Software Eng", "Software Engineer III",
          "SW Engr", "Software Engineer (m/w/d)" },
        { "senior software engineer", "Senior Software Engineer - Platform Team",
          "Sr. Software Engineer, Growth Team", "Sr Software Eng (f/m/x)" },
        { "sales", "Sales Ninja", "Sales Rockstar", "Sales (m/f/d)" },
        { "vertriebsmitarbeiter", "Vertriebsmitarbeiter (m/w/d)", "Vertriebsmitarbeiter (w/m/x)",
          "Vertriebsmitarbeiter m/w/d" },
        { "head sales", "Head of Sales", "Head of Sales @ Acme GmbH", "Head of Sales at Acme" },
        { "sales development representative", "SDR", "Sales Development Rep" },
        { "directeur marketing", "Directeur du marketing", "Directeur Marketing (H/F)" },
        { "responsable ingenierie", "Responsable de l’ingénierie", "Responsable ingénierie" },
        { "geschaftsfuhrer", "Geschäftsführer", "GESCHÄFTSFÜHRER", "Geschaeftsfuehrer", "GF" },
        { "assistant chiefexecutiveofficer", "Assistant to the CEO",
          "Assistant to the Chief Executive Officer", "Asst. to CEO" },
        { "senator mn", "Senator for MN" },
        { "editor large", "Editor at Large" },
        { "ninja", "Ninja" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(rows); i++)
        for (size_t k = 0; k < LENGTH(rows[i]) && rows[i][k]; k++)
            assert_str(title_key(arena, str_of(rows[i][k])), rows[i][0]);
    for (size_t i = 0; i < LENGTH(examples); i++) {
        struct str key = title_key(arena, str_of(examples[i].title));
        assert_str(title_key(arena, key), arena_cstr(arena, key));
    }
    arena_free(&arena);
}

static bool has_words(struct arena *arena, struct str key, struct strs words) {
    for (size_t i = 0; i < words.n; i++) {
        struct str padded = arena_printf(arena, " %.*s ", STR_FMT(key));
        if (!str_contains(padded, arena_printf(arena, " %.*s ", STR_FMT(words.p[i]))))
            return false;
    }
    return words.n > 0;
}

static bool finds(struct arena *arena, const char *wanted, const char *title) {
    struct list keys;
    title_query_keys(arena, str_of(wanted), &keys);
    struct str key = title_key(arena, str_of(title));
    const struct strs *sets = keys.p;
    for (size_t i = 0; i < keys.n; i++)
        if (has_words(arena, key, sets[i]))
            return true;
    return false;
}

static void test_query(void **state) {
    (void) state;
    static const struct {
        const char *wanted, *title;
        bool found;
    } cases[] = {
        { "VP Sales", "Vice President of Sales", true },
        { "vice president sales", "SVP Sales EMEA", true },
        { "CEO", "Founder & Chief Executive Officer", true },
        { "CEO", "Assistant to the CEO", false },
        { "CEO", "Executive Assistant to the CEO and CFO", false },
        { "assistant to the CEO", "Assistant to the Chief Executive Officer", true },
        { "CEO", "Directeur Général", true },
        { "senator", "Senator for MN", true },
        { "Senator", "Representative for MN district 5", false },
        { "Marketing Director", "Directrice marketing", true },
        { "Director Marketing", "Diretora de Marketing", true },
        { "Geschäftsführer", "Managing Director", true },
        { "managing director", "Geschäftsführerin", true },
        { "managing director", "Directeur marketing", false },
        { "Intern", "Praktikant", true },
        { "Stagiaire marketing", "Marketing Intern", true },
        { "Owner", "Inhaberin", true },
        { "founder", "Co-Founder", true },
        { "co-founder", "Founder", false },
        { "Vice President", "President", false },
        { "Sales Manager", "Gerente Sales", true },
        { "Sales Manager", "Sales Director", false },
        { "Tax Specialist", "Finance Intern - Tax", false },
        { "Tax Specialist", "VP Tax Reporting", false },
        { "CTO", "Head of Engineering", false },
        { "marketing manager", "Content Marketing Manager", true },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (finds(arena, cases[i].wanted, cases[i].title) != cases[i].found)
            test_fail("'%s' %s '%s'", cases[i].wanted,
                      cases[i].found ? "does not find" : "finds", cases[i].title);
    struct list keys;
    title_query_keys(arena, STR("V.P. of Sales"), &keys);
    assert_str(listed(arena, ((struct strs *) keys.p)[0]), "vice; president; sales");
    arena_free(&arena);
}

/* The rule tables speak the API's words, and leave hardly any of them unused. */

#define LEVEL(level, pattern) level,
#define WINS(level, pattern) level,
#define ALONE(level, pattern) level,
#define CUT(level, pattern) level,
#define NOLEVEL(pattern)
static const char *const levels_used[] = {
#include "data/title_levels.def"
};

#define FUNCTION(function, pattern) function,
#define GENERAL(function, pattern) function,
#define ROLE(function, pattern) function,
#define TOPIC(department, pattern)
#define NOTHING(pattern)
static const char *const functions_used[] = {
#include "data/title_functions.def"
};
#undef FUNCTION
#undef GENERAL
#undef ROLE
#undef TOPIC
#undef NOTHING
#define FUNCTION(function, pattern)
#define GENERAL(function, pattern)
#define ROLE(function, pattern)
#define TOPIC(department, pattern) department,
#define NOTHING(pattern)
static const char *const topics_used[] = {
#include "data/title_functions.def"
};

static const struct {
    const char *department, *function;
    bool chief;
} places[] = {
#define IN(department, function) { department, function, false },
#define CHIEF(department, function) { department, function, true },
#include "data/title_departments.def"
};

static void check_values(const struct enum_values *list, const char *const *used, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (enum_index(list, str_of(used[i])) < 0)
            test_fail("'%s' is no %s", used[i], list->name);
}

static size_t uses_of(struct str function) {
    size_t n = 0;
    for (size_t i = 0; i < LENGTH(functions_used); i++)
        n += str_eq(str_of(functions_used[i]), function);
    for (size_t i = 0; i < LENGTH(places); i++)
        n += places[i].chief && str_eq(str_of(places[i].function), function);
    return n;
}

static void test_tables(void **state) {
    (void) state;
    check_values(&enum_seniorities, levels_used, LENGTH(levels_used));
    check_values(&enum_job_functions, functions_used, LENGTH(functions_used));
    check_values(&enum_departments, topics_used, LENGTH(topics_used));
    bool department[64] = { false };
    for (size_t i = 0; i < enum_job_functions.n; i++) {
        struct str function = enum_job_functions.values[i];
        size_t homes = 0;
        for (size_t k = 0; k < LENGTH(places); k++) {
            if (places[k].chief || !str_eq(str_of(places[k].function), function))
                continue;
            homes++;
            department[enum_index(&enum_departments, str_of(places[k].department))] = true;
        }
        assert_int_equal(homes, 1);
        /* "Executive" and "Founder" follow from the level. */
        if (!uses_of(function) && !str_eq(function, STR("Executive"))
            && !str_eq(function, STR("Founder")))
            test_fail("no title gets the function '%.*s'", STR_FMT(function));
    }
    for (size_t i = 0; i < enum_departments.n; i++)
        assert_true(department[i]);
}

/* Column 5 of the file, which has commas inside quotes before it in some rows. */
static struct str job_title(struct str line) {
    size_t at = str_find_str(line, STR(",Senator for "));
    if (at == line.n)
        at = str_find_str(line, STR(",Representative for "));
    line = str_sub(line, at + 1, line.n);
    return str_sub(line, 0, str_find(line, ','));
}

static void test_real_titles(void **state) {
    (void) state;
    FILE *file = fopen("../shared/data/people_us_congress_current.csv", "r");
    if (!file)
        test_fail("../shared/data/people_us_congress_current.csv is missing: "
                  "run the tests beside it");
    struct arena *arena = arena_new();
    char line[2048];
    size_t rows = 0, senators = 0;
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        struct str title = job_title(str_of(line));
        assert_true(title.n > 0);
        struct title found = title_classify(arena, title);
        assert_str(found.seniority, "Other"); /* no sales representatives among them */
        assert_int_equal(found.departments.n, 0);
        assert_int_equal(found.job_functions.n, 0);
        senators += finds(arena, "senator", arena_cstr(arena, title));
        rows++;
    }
    (void) fclose(file); /* only read */
    arena_free(&arena);
    assert_int_equal(rows, 537);
    assert_true(senators >= 99 && senators <= 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples), cmocka_unit_test(test_absent),
        cmocka_unit_test(test_keys),     cmocka_unit_test(test_query),
        cmocka_unit_test(test_tables),   cmocka_unit_test(test_real_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
