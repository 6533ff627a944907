/* How long one answer takes to write and one request to read: our writer over field
 * tables beside jansson's dump of the same data, and the parser with the tables
 * behind it. Times are the best of ROUNDS, in microseconds. `make bench-json`. */
#include <jansson.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "json/reader.h"
#include "json/writer.h"

enum { ROUNDS = 20, TIMES = 200, PEOPLE = 30, EMAILS = 100000, OUT_MAX = 8 * 1024 * 1024 };

struct company {
    struct str id, name, linkedin_url, website, industry, size, location;
    struct opt_int employees, founded_year;
    struct strs keywords;
    enum tri is_b2b;
};

struct person {
    struct str id, name, first_name, last_name, linkedin_url, title, headline, location;
    struct opt_int updated_at;
    struct strs departments;
    struct company *company;
};

struct answer {
    struct list results;
    struct opt_int total;
};

#define T struct company
static const struct field company_rows[] = {
    F_OBJECT_NAME("company"),
    F_ID(T, id), F_STR(T, name), F_STR(T, linkedin_url), F_STR(T, website),
    F_STR(T, industry), F_STR(T, size), F_STR(T, location), F_INT(T, employees),
    F_INT(T, founded_year), F_STRS(T, keywords, .flags = FIELD_ALWAYS),
    F_BOOL(T, is_b2b, .flags = FIELD_NULLABLE),
};
#undef T
static const struct fields company_fields = FIELDS("Company", struct company, company_rows);

#define T struct person
static const struct field person_rows[] = {
    F_OBJECT_NAME("person"),
    F_ID(T, id), F_STR(T, name), F_STR(T, first_name), F_STR(T, last_name),
    F_STR(T, linkedin_url), F_STR(T, title), F_STR(T, headline, .flags = FIELD_NULLABLE),
    F_STR(T, location), F_TIME(T, updated_at), F_STRS(T, departments),
    F_OBJECT(T, company, struct company, .of = &company_fields),
};
#undef T
static const struct fields person_fields = FIELDS("Person", struct person, person_rows);

#define T struct answer
static const struct field answer_rows[] = {
    F_OBJECT_NAME("person_search_result"),
    F_LIST(T, results, .of = &person_fields, .flags = FIELD_REQUIRED),
    F_INT(T, total),
};
#undef T
static const struct fields answer_fields = FIELDS("Answer", struct answer, answer_rows);

struct entry {
    struct str email;
};
struct request {
    struct list emails;
};
static const struct field entry_rows[]
    = { F_STR(struct entry, email, .flags = FIELD_REQUIRED, .max = 254) };
static const struct fields entry_fields = FIELDS("Entry", struct entry, entry_rows);
static const struct field request_rows[]
    = { F_LIST(struct request, emails, .of = &entry_fields, .min = 1, .max = EMAILS) };
static const struct fields request_fields = FIELDS("Request", struct request, request_rows);

static struct company *made_company(struct arena *arena, int i) {
    static struct str keywords[] = { { "sales", 5 }, { "outreach", 8 }, { "software", 8 } };
    struct company *c = ARENA_NEW(arena, struct company);
    *c = (struct company){
        .id = arena_printf(arena, "0198f652-73a2-7d41-914e-e51138%06d", i),
        .name = arena_printf(arena, "Example Company %d GmbH", i),
        .linkedin_url = arena_printf(arena, "https://www.linkedin.com/company/example-%d", i),
        .website = arena_printf(arena, "https://www.example-%d.com", i),
        .industry = STR("Software Development"), .size = STR("201-500 employees"),
        .location = STR("San Francisco, California, United States"),
        .employees = opt_int(200 + i), .founded_year = opt_int(1990 + i),
        .keywords = { keywords, LENGTH(keywords) }, .is_b2b = YES,
    };
    return c;
}

static struct answer made_answer(struct arena *arena) {
    static struct str departments[] = { { "Senior Leadership", 17 }, { "Revenue", 7 } };
    struct person *people = ARENA_ARRAY(arena, PEOPLE, struct person);
    for (int i = 0; i < PEOPLE; i++)
        people[i] = (struct person){
            .id = arena_printf(arena, "84d31ab0-bac0-46ea-9a8b-b87211%06d", i),
            .name = i % 3 ? arena_printf(arena, "Josephine Doe%d", i)
                          : arena_printf(arena, "Jos\xC3\xA9 Mu\xC3\xB1oz%d", i),
            .first_name = STR("Josephine"), .last_name = arena_printf(arena, "Doe%d", i),
            .linkedin_url = arena_printf(arena, "https://www.linkedin.com/in/person-%d", i),
            .title = STR("Vice President of \"Revenue\" Operations"),
            .headline = i % 2 ? STR("Helping teams sell | Speaker | Mentor") : STR_NONE,
            .location = STR("San Francisco, California, United States"),
            .updated_at = opt_int(1756479256000 + i),
            .departments = { departments, LENGTH(departments) },
            .company = made_company(arena, i),
        };
    return (struct answer){ { people, PEOPLE }, opt_int(123456) };
}

static void write_once(struct buf *out, const struct answer *answer) {
    buf_clear(out);
    struct json_writer w = json_writer(out);
    json_fields(&w, &answer_fields, answer);
    ASSERT(buf_result(out) == OK);
}

static int64_t time_writer(struct buf *out, const struct answer *answer) {
    int64_t start = monotonic_us();
    for (int i = 0; i < TIMES; i++)
        write_once(out, answer);
    return monotonic_us() - start;
}

static int64_t time_jansson(char *out, size_t size, const json_t *tree) {
    int64_t start = monotonic_us();
    for (int i = 0; i < TIMES; i++)
        ASSERT(json_dumpb(tree, out, size, JSON_COMPACT) > 0);
    return monotonic_us() - start;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void bench_writing(void) {
    struct arena *arena = arena_new();
    struct answer answer = made_answer(arena);
    struct buf out = buf_on_heap(OUT_MAX);
    write_once(&out, &answer);
    json_t *tree = NULL;
    struct json_position at;
    ASSERT(json_parse(arena, buf_text(&out), &tree, &at) == OK);
    char *dumped = arena_alloc(arena, out.n);
    size_t n = json_dumpb(tree, dumped, out.n, JSON_COMPACT);
    ASSERT(str_eq((struct str){ dumped, n }, buf_text(&out))); /* the same bytes */
    int64_t ours = INT64_MAX, theirs = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        ours = least(ours, time_writer(&out, &answer));
        theirs = least(theirs, time_jansson(dumped, n, tree));
    }
    printf("write an answer of %zu bytes: %.1f us, jansson's dump %.1f us, ratio %.1f\n", n,
           (double) ours / TIMES, (double) theirs / TIMES, (double) theirs / (double) ours);
    buf_done(&out);
    arena_free(&arena);
}

/* {"emails":[{"email":"person-0@example-0.com"},…]} */
static void fill_request(struct buf *text) {
    buf_str(text, STR("{\"emails\":["));
    for (int i = 0; i < EMAILS; i++)
        buf_printf(text, "%s{\"email\":\"person-%d@example-%d.com\"}", i ? "," : "", i, i % 5000);
    buf_str(text, STR("]}"));
}

static void bench_reading(void) {
    struct buf text = buf_on_heap(OUT_MAX);
    fill_request(&text);
    int64_t best_parse = INT64_MAX, best_read = INT64_MAX;
    for (int round = 0; round < ROUNDS / 4; round++) {
        struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
        json_t *root = NULL;
        struct json_position at;
        struct request request;
        int64_t start = monotonic_us();
        ASSERT(json_parse(ctx.arena, buf_text(&text), &root, &at) == OK);
        int64_t parsed = monotonic_us();
        ASSERT(json_read_fields(&ctx, &request_fields, root, STR_NONE, &request) == OK);
        int64_t read = monotonic_us();
        ASSERT(request.emails.n == EMAILS);
        best_parse = least(best_parse, parsed - start);
        best_read = least(best_read, read - parsed);
        arena_free(&ctx.arena);
    }
    printf("read a request of %zu bytes, %d addresses: parse %.1f ms, fields %.1f ms\n", text.n,
           EMAILS, (double) best_parse / 1000, (double) best_read / 1000);
    buf_done(&text);
}

int main(void) {
    bench_writing();
    bench_reading();
    return 0;
}
