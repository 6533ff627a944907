/* A field (data/headers.h) with a rule of its own is a row of `person_setters` or
 * `company_setters`; the others are read by the resource's table. Fields of people whose
 * name begins with "company_" are those of the company. What several columns make
 * together (name, place) is collected and put together at the end. A value that does not
 * fit its field is kept as extra data; only an email address that is none refuses the
 * row, because it is what the row is known by. */
#include "import/rows.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/vec.h"
#include "data/bands.h"
#include "data/dates.h"
#include "data/enums.h"
#include "data/industries.h"
#include "data/phones.h"
#include "data/places.h"
#include "data/sizes.h"
#include "data/text.h"
#include "data/urls.h"
#include "data/zones.h"
#include "import/derive.h"
#include "json/members.h"
#include "json/reader.h"
#include "json/unite.h"
#include "json/writer.h"

/* What a row is made of before its parts are put together. */
struct parts {
    struct arena *arena;
    struct person *person;   /* NULL when companies are imported */
    struct company *company;
    struct str first, last, full;
    struct place_cells {
        struct str city, region, country, text;
    } person_place, company_place;
    struct str sector;         /* an industry in wide terms */
    struct list phones;        /* of struct raw_phone */
    struct buf extra;          /* members of the JSON object, without its brackets */
    struct str exported_extra; /* what the extra data of an export was */
    struct str refusal;        /* why the row is refused, with E_DENIED */
    bool is_lead;              /* takes lead_columns alone */
};

struct raw_phone {
    struct str number, type;
};

/* Takes one cell's value, which is not empty. E_INVALID: it does not fit. Anything else:
 * the row is refused for it, as `refuse` says or else for what the code means. */
typedef enum rc setter(struct parts *parts, struct str value);

struct field_setter {
    const char *field;
    setter *set;
};

static enum rc refuse(struct parts *p, struct str reason) {
    p->refusal = reason;
    return E_DENIED;
}

/* A cell that means "nothing". */
static bool is_nothing(struct str value) {
    static const char *const words[] = { "n/a", "na", "-", "--", "none", "null", "unknown", "?" };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (str_eq_nocase(value, str_of(words[i])))
            return true;
    return value.n == 0;
}

/* --- extra data --- */

static void keep_extra(struct parts *parts, struct str header, struct str value) {
    struct buf *b = &parts->extra;
    if (b->n)
        buf_char(b, ',');
    buf_char(b, '"');
    buf_json(b, header);
    buf_str(b, STR("\":\""));
    buf_json(b, value);
    buf_char(b, '"');
}

/* --- people --- */

static enum rc p_name(struct parts *p, struct str value) {
    p->full = value;
    return OK;
}

static enum rc p_first(struct parts *p, struct str value) {
    p->first = value;
    return OK;
}

static enum rc p_last(struct parts *p, struct str value) {
    p->last = value;
    return OK;
}

static enum rc p_linkedin(struct parts *p, struct str value) {
    struct linkedin page;
    if (linkedin_parse(p->arena, value, &page) != OK || page.kind != LINKEDIN_PERSON)
        return E_INVALID;
    p->person->linkedin_url = page.url;
    p->person->linkedin_key = page.key;
    return OK;
}

static enum rc p_email(struct parts *p, struct str value) {
    struct email email;
    if (email_parse(p->arena, value, &email) != OK)
        return refuse(p, STR("not an email address"));
    p->person->stored_email = email.address;
    p->person->email_key = email.address;
    return OK;
}

/* One number, or several with semicolons between them. */
static void add_phone(struct parts *p, struct str value, struct str type) {
    struct str rest = value, number;
    while (str_cut(&rest, ';', &number)) {
        struct raw_phone *phone = list_add(p->arena, &p->phones, sizeof *phone);
        *phone = (struct raw_phone){ str_trim(number), type };
    }
}

#define PHONE_SETTER(name, word)                              \
    static enum rc name(struct parts *p, struct str value) { \
        add_phone(p, value, STR(word));                       \
        return OK;                                            \
    }
PHONE_SETTER(p_mobile, "mobile")
PHONE_SETTER(p_office, "office")
PHONE_SETTER(p_landline, "landline")

static enum rc p_phone(struct parts *p, struct str value) {
    add_phone(p, value, STR_NONE);
    return OK;
}

#define PLACE_SETTER(name, place, part)                       \
    static enum rc name(struct parts *p, struct str value) { \
        p->place.part = value;                                \
        return OK;                                            \
    }
PLACE_SETTER(p_city, person_place, city)
PLACE_SETTER(p_region, person_place, region)
PLACE_SETTER(p_country, person_place, country)
PLACE_SETTER(p_location, person_place, text)
PLACE_SETTER(c_city, company_place, city)
PLACE_SETTER(c_region, company_place, region)
PLACE_SETTER(c_country, company_place, country)
PLACE_SETTER(c_location, company_place, text)

/* Counts only for a person without a title, which says it better (import/derive.c). */
static enum rc p_seniority(struct parts *p, struct str value) {
    int at = enum_index_nocase(&enum_seniorities, value);
    if (at < 0)
        return E_INVALID;
    p->person->seniority = enum_seniorities.values[at];
    return OK;
}

static enum rc add_enums(struct parts *p, const struct enum_values *list, struct str value,
                         struct strs *values) {
    struct str rest = value, part;
    while (str_cut(&rest, ';', &part)) {
        int at = enum_index_nocase(list, str_trim(part));
        if (at < 0)
            return E_INVALID;
        strs_add(p->arena, values, list->values[at]);
    }
    return OK;
}

static enum rc p_departments(struct parts *p, struct str value) {
    return add_enums(p, &enum_departments, value, &p->person->departments);
}

static enum rc p_functions(struct parts *p, struct str value) {
    return add_enums(p, &enum_job_functions, value, &p->person->job_functions);
}

/* --- companies --- */

static enum rc c_linkedin(struct parts *p, struct str value) {
    struct linkedin page;
    if (linkedin_parse(p->arena, value, &page) != OK || page.kind != LINKEDIN_COMPANY)
        return E_INVALID;
    p->company->linkedin_url = page.url;
    p->company->linkedin_key = page.key;
    return OK;
}

static enum rc c_domain(struct parts *p, struct str value) {
    struct domain domain;
    if (domain_parse(p->arena, value, &domain) != OK)
        return E_INVALID;
    if (!domain_is_free_mail(&domain))
        p->company->domain = domain.registrable;
    return OK;
}

static enum rc c_website(struct parts *p, struct str value) {
    enum rc rc = c_domain(p, value);
    if (rc != OK)
        return rc;
    p->company->website = str_contains(value, STR("://"))
                              ? arena_str(p->arena, value)
                              : arena_printf(p->arena, "https://%.*s", STR_FMT(value));
    return OK;
}

/* A name that is not the API's own is kept as it was, too: it may say more. */
static enum rc c_industry(struct parts *p, struct str value) {
    struct str industry = industry_parse(p->arena, value);
    if (!str_is_set(industry))
        return E_INVALID;
    p->company->industry = industry;
    return str_eq_nocase(industry, value) ? OK : E_INVALID;
}

/* Counts when nothing better is known: "GICS Sector" beside "GICS Sub-Industry". There is
 * no field for a sector itself. */
static enum rc c_sector(struct parts *p, struct str value) {
    p->sector = industry_parse(p->arena, value);
    return E_INVALID;
}

/* Self-reported; a number in this column is no exact count. */
static enum rc c_size(struct parts *p, struct str value) {
    struct str band = company_size_parse(p->arena, value);
    if (!str_is_set(band))
        return E_INVALID;
    p->company->size = band;
    return OK;
}

/* A count, or only a band. */
static enum rc c_employees(struct parts *p, struct str value) {
    int64_t count;
    if (count_parse(p->arena, value, &count) != OK)
        return c_size(p, value);
    p->company->estimated_number_of_employees = opt_int(count);
    bool is_open = str_find(value, '+') < value.n; /* "10,000+" is more than 10,000 */
    return is_open ? c_size(p, value) : OK; /* else the band follows (import/derive.c) */
}

#define MONEY_SETTER(name, member)                                \
    static enum rc name(struct parts *p, struct str value) {     \
        int64_t amount;                                           \
        if (money_parse(p->arena, value, &amount) != OK)                    \
            return E_INVALID;                                     \
        p->company->member = opt_int(amount);                     \
        return OK;                                                \
    }
MONEY_SETTER(c_revenue, revenue)
MONEY_SETTER(c_funding, total_funding)

static enum rc c_founded(struct parts *p, struct str value) {
    int64_t year;
    if (year_parse(value, &year) != OK)
        return E_INVALID;
    p->company->founded_year = opt_int(year);
    return OK;
}

/* A band of ours, or an amount that falls in one. */
static enum rc c_revenue_text(struct parts *p, struct str value) {
    if (enum_index(&enum_revenue_bands, value) < 0)
        return c_revenue(p, value);
    p->company->estimated_revenue = value;
    return OK;
}

static enum rc c_type(struct parts *p, struct str value) {
    int at = enum_index_nocase(&enum_company_types, value);
    if (at < 0)
        return E_INVALID;
    p->company->type = enum_company_types.values[at];
    return OK;
}

static enum rc c_funding_date(struct parts *p, struct str value) {
    return date_parse(p->arena, value, &p->company->latest_funding_date);
}

#define BOOL_SETTER(name, member)                                  \
    static enum rc name(struct parts *p, struct str value) {      \
        p->company->member = bool_parse(p->arena, value);          \
        return p->company->member == UNSET ? E_INVALID : OK;       \
    }
BOOL_SETTER(c_b2b, is_b2b)
BOOL_SETTER(c_b2c, is_b2c)

static const struct field_setter person_setters[] = {
    { "name", p_name },           { "first_name", p_first },
    { "last_name", p_last },      { "linkedin_url", p_linkedin },
    { "email", p_email },         { "phone", p_phone },
    { "mobile_phone", p_mobile }, { "work_phone", p_office },
    { "home_phone", p_landline }, { "other_phone", p_phone },
    { "city", p_city },           { "region", p_region },
    { "country", p_country },     { "location", p_location },
    { "seniority", p_seniority }, { "departments", p_departments },
    { "job_functions", p_functions },
};

static const struct field_setter company_setters[] = {
    { "linkedin_url", c_linkedin },
    { "domain", c_domain },
    { "website", c_website },
    { "industry", c_industry },
    { "sector", c_sector },
    { "estimated_number_of_employees", c_employees },
    { "size", c_size },
    { "revenue", c_revenue },
    { "estimated_revenue", c_revenue_text },
    { "type", c_type },
    { "total_funding", c_funding },
    { "founded_year", c_founded },
    { "latest_funding_date", c_funding_date },
    { "is_b2b", c_b2b },
    { "is_b2c", c_b2c },
    { "city", c_city },
    { "region", c_region },
    { "country", c_country },
    { "location", c_location },
};

static setter *find_setter(const struct field_setter *setters, size_t n, struct str field) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(setters[i].field), field))
            return setters[i].set;
    return NULL;
}

/* Lists are parted by semicolons, or by commas when there is no semicolon. */
static enum rc set_list(struct arena *arena, const struct field *field, struct str value,
                        void *object) {
    char separator = str_find(value, ';') < value.n ? ';' : ',';
    struct str rest = value, part, reason;
    while (str_cut(&rest, separator, &part)) {
        part = str_trim(part);
        enum rc rc = part.n ? field_from_text(arena, field, part, object, &reason) : OK;
        if (rc != OK)
            return rc;
    }
    return OK;
}

/* Headcounts, locations and other structured values come as JSON, in a cell or as a
 * member of a JSON line. */
static enum rc set_json(struct arena *arena, const struct fields *fields,
                        const struct field *field, struct str value, void *object) {
    if (field->type == FIELD_JSON && !str_starts(value, STR("[")))
        return E_INVALID; /* experiences, educations, languages are lists */
    struct str text = arena_printf(arena, "{\"%s\":%.*s}", field->name, STR_FMT(value));
    struct field readable = *field;
    readable.flags &= ~FIELD_HIDDEN; /* that is for the API: an import may say it */
    struct fields alone = { .name = field->name, .size = fields->size, .rows = &readable, .n = 1 };
    void *read = arena_alloc(arena, alone.size);
    struct ctx reports = { .arena = arena, .clock = &clock_system }; /* nobody asks for them */
    json_t *root;
    struct json_position at;
    if (json_parse(arena, text, &root, &at) != OK
        || json_read_fields(&reports, &alone, root, STR(""), read) != OK)
        return E_INVALID;
    field_copy(field, object, read);
    return OK;
}

static enum rc set_count(struct arena *arena, const struct field *field, struct str value,
                         void *object) {
    int64_t count;
    if (count_parse(arena, value, &count) != OK)
        return E_INVALID;
    *(struct opt_int *) (void *) ((char *) object + field->offset) = opt_int(count);
    return OK;
}

/* By the table. A field that only other columns name (other_email) is extra data. */
static enum rc set_plain(struct parts *p, const struct fields *fields, struct str name,
                         struct str value, void *object) {
    const struct field *field = field_find(fields, name);
    if (!field)
        return E_INVALID;
    struct str reason;
    switch (field->type) {
    case FIELD_STRS:
    case FIELD_INTS:
        return str_starts(value, STR("["))
                   ? set_json(p->arena, fields, field, value, object)
                   : set_list(p->arena, field, text_clean(p->arena, value), object);
    case FIELD_COUNTS:
    case FIELD_LIST:
    case FIELD_JSON: return set_json(p->arena, fields, field, value, object);
    case FIELD_INT: return set_count(p->arena, field, value, object);
    default:
        return field_from_text(p->arena, field, text_clean(p->arena, value), object, &reason);
    }
}

static enum rc set_company(struct parts *p, struct str field, struct str value) {
    setter *set = find_setter(company_setters, LENGTH(company_setters), field);
    return set ? set(p, value) : set_plain(p, &company_fields, field, value, p->company);
}

static enum rc set_person(struct parts *p, struct str field, struct str value) {
    setter *set = find_setter(person_setters, LENGTH(person_setters), field);
    if (set)
        return set(p, value);
    if (str_starts(field, STR("company_")))
        return set_company(p, str_sub(field, strlen("company_"), field.n), value);
    return set_plain(p, &person_fields, field, value, p->person);
}

/* --- rows --- */

/* The column `extra` of an export is an object whose members are extra data. */
static bool take_exported_extra(struct parts *p, struct str value) {
    struct str object = json_flatten(p->arena, value);
    if (str_is_set(object))
        p->exported_extra = object;
    return str_is_set(object);
}

/* The column's header; with its number when earlier columns have the same, because names
 * in an object are there once. */
static struct str extra_name(struct arena *arena, const struct column_map *map, size_t column) {
    struct str header = map->columns.p[column];
    size_t nth = 1;
    for (size_t i = 0; i < column; i++)
        nth += str_eq(map->columns.p[i], header);
    return nth == 1 ? header : arena_printf(arena, "%.*s (%zu)", STR_FMT(header), nth);
}

/* What a lead has members for. */
static bool is_of_lead(struct str field) {
    static const char *const lead_columns[]
        = { "name", "first_name", "last_name", "title", "linkedin_url", "email", "company_name",
            "company_domain", "company_website", "company_industry" };
    for (size_t i = 0; i < LENGTH(lead_columns); i++)
        if (str_eq(field, str_of(lead_columns[i])))
            return true;
    return false;
}

static enum rc take_cell(struct parts *p, const struct column_map *map, const struct cell *cell) {
    struct str header = map->columns.p[cell->column];
    struct str field = map->fields.p[cell->column];
    struct str value = arena_str(p->arena, cell->value); /* the reader's row does not stay */
    if (str_eq(header, STR("extra")) && take_exported_extra(p, value))
        return OK;
    bool is_extra = !str_is_set(field) || (p->is_lead && !is_of_lead(field));
    enum rc rc = is_extra    ? E_INVALID
                 : p->person        ? set_person(p, field, value)
                                    : set_company(p, field, value);
    if (rc == E_INVALID) {
        keep_extra(p, extra_name(p->arena, map, cell->column), value);
        return OK;
    }
    return rc;
}

static enum rc take_cells(struct parts *p, const struct column_map *map, const struct row *row,
                          struct str *ret_reason) {
    for (size_t i = 0; i < row->n; i++) {
        if (is_nothing(row->cells[i].value))
            continue;
        enum rc rc = take_cell(p, map, &row->cells[i]);
        if (rc != OK) {
            struct str why = str_is_set(p->refusal) ? p->refusal : str_of(rc_text(rc));
            *ret_reason = arena_printf(p->arena, "%.*s: %.*s",
                                       STR_FMT(map->columns.p[row->cells[i].column]), STR_FMT(why));
            return E_INVALID;
        }
    }
    return OK;
}

static void put_place(struct arena *arena, const struct place_cells *cells,
                      struct place *ret_place) {
    bool apart = str_is_set(cells->city) || str_is_set(cells->region)
                 || str_is_set(cells->country);
    if (apart)
        place_parse_cells(arena, cells->city, cells->region, cells->country, ret_place);
    else if (str_is_set(cells->text))
        place_parse(arena, cells->text, ret_place);
}

static void put_person_place(struct parts *p) {
    struct place place = { 0 };
    put_place(p->arena, &p->person_place, &place);
    p->person->city = place.city;
    p->person->region = place.region;
    p->person->country = place.country;
    if (str_is_set(p->person_place.text))
        p->person->location = text_clean(p->arena, p->person_place.text);
    else
        p->person->location = place_text(p->arena, &place);
}

static void put_company_place(struct parts *p) {
    struct place place = { 0 };
    put_place(p->arena, &p->company_place, &place);
    p->company->city = place.city;
    p->company->region = place.region;
    p->company->country = place.country;
    if (str_is_set(p->company_place.text))
        p->company->location = text_clean(p->arena, p->company_place.text);
    else
        p->company->location = place_text(p->arena, &place);
}

static void put_name(struct parts *p) {
    p->person->first_name = p->first;
    p->person->last_name = p->last;
    if (!str_is_set(p->first) && !str_is_set(p->last))
        p->person->name = p->full;
}

/* Numbers are read in the person's country, which is known only when all cells are. */
static enum rc put_phones(struct parts *p, struct list *ret_phones, struct str *ret_reason) {
    const struct raw_phone *raw = p->phones.p;
    for (size_t i = 0; i < p->phones.n; i++) {
        struct phone phone;
        if (phone_parse(p->arena, raw[i].number, p->person->country, &phone) != OK)
            continue;
        struct phone_number *number = list_add(p->arena, ret_phones, sizeof *number);
        number->number = phone.number;
        number->type = raw[i].type;
        number->source = STR("import");
    }
    if (ret_phones->n <= PHONE_NUMBERS_MAX)
        return OK;
    *ret_reason = arena_printf(p->arena, "more than %d phone numbers", PHONE_NUMBERS_MAX);
    return E_INVALID;
}

/* Of a column and a member of `extra` with one name the column counts. */
static enum rc put_extra(struct parts *p, struct str *ret_extra, struct str *ret_reason) {
    struct str extra = p->exported_extra;
    if (p->extra.n) {
        struct str own = arena_printf(p->arena, "{%.*s}", STR_FMT(buf_text(&p->extra)));
        extra = str_is_set(extra) ? json_unite(p->arena, extra, own) : own;
    }
    bool lost = (p->extra.n || str_is_set(p->exported_extra)) && !str_is_set(extra);
    if (lost || buf_result(&p->extra) != OK) {
        *ret_reason = STR("the columns that have no field here hold too much");
        return E_INVALID;
    }
    *ret_extra = extra;
    return OK;
}

/* What a row needs to be matched, and its sector's industry when neither it nor its codes
 * tell a better one. The rest is derived when the row has been merged: here it would pass
 * for something that the row says. */
static void finish_company(struct parts *p) {
    struct company whole = *p->company;
    derive_company(p->arena, &whole);
    p->company->name_key = whole.name_key;
    if (!str_is_set(whole.industry))
        p->company->industry = p->sector;
}

static struct parts parts_on(struct arena *arena) {
    return (struct parts){ .arena = arena, .extra = buf_in(arena, 2 * IMPORT_ROW_MAX_BYTES) };
}

enum rc person_row_of(struct arena *arena, const struct column_map *map, const struct row *row,
                      struct person_row *ret_row, struct str *ret_reason) {
    struct person_row result = { 0 };
    struct parts p = parts_on(arena);
    p.person = &result.person;
    p.company = &result.company;
    enum rc rc = take_cells(&p, map, row, ret_reason);
    if (rc != OK)
        return rc;
    put_name(&p);
    put_person_place(&p);
    put_company_place(&p);
    derive_person(arena, &result.person);
    if (str_is_empty(result.person.name_key)) {
        *ret_reason = STR("the row has no name");
        return E_INVALID;
    }
    rc = put_phones(&p, &result.phones, ret_reason);
    if (rc == OK)
        rc = put_extra(&p, &result.person.extra, ret_reason);
    if (rc != OK)
        return rc;
    finish_company(&p);
    *ret_row = result;
    return OK;
}

enum rc company_row_of(struct arena *arena, const struct column_map *map, const struct row *row,
                       struct company_row *ret_row, struct str *ret_reason) {
    struct company_row result = { 0 };
    struct parts p = parts_on(arena);
    p.company = &result.company;
    enum rc rc = take_cells(&p, map, row, ret_reason);
    if (rc != OK)
        return rc;
    put_company_place(&p);
    rc = put_extra(&p, &result.company.extra, ret_reason);
    if (rc != OK)
        return rc;
    finish_company(&p);
    if (str_is_empty(result.company.name_key)) {
        *ret_reason = STR("the row has neither name nor domain");
        return E_INVALID;
    }
    *ret_row = result;
    return OK;
}

enum rc lead_row_of(struct arena *arena, const struct column_map *map, const struct row *row,
                    struct lead_row *ret_row, struct str *ret_reason) {
    struct parts p = parts_on(arena);
    struct person person = { 0 };
    struct company company = { 0 };
    struct str extra = STR_NONE;
    p.person = &person;
    p.company = &company;
    p.is_lead = true;
    enum rc rc = take_cells(&p, map, row, ret_reason);
    if (rc == OK)
        rc = put_extra(&p, &extra, ret_reason);
    if (rc == OK && extra.n > LEAD_DATA_MAX_BYTES)
        rc = E_INVALID;
    if (rc == E_INVALID && !str_is_set(*ret_reason))
        *ret_reason = STR("the columns that have no field here hold too much");
    if (rc != OK)
        return rc;
    put_name(&p);
    derive_person(arena, &person);
    *ret_row = (struct lead_row){ .lead = {
        .linkedin_url = person.linkedin_url, .email = person.stored_email,
        .first_name = person.first_name, .last_name = person.last_name, .title = person.title,
        .company_name = company.name, .company_domain = company.domain,
        .industry = company.industry, .data = extra } };
    return OK;
}

/* The member of the extra data whose name, folded, is `name`. */
static struct str extra_member(struct arena *arena, struct str extra, struct str name) {
    struct list members = { 0 };
    if (!str_is_set(extra) || json_members(arena, extra, &members) != OK)
        return STR_NONE;
    const struct json_member *m = members.p;
    for (size_t i = 0; i < members.n; i++)
        if (m[i].type == JSON_MEMBER_TEXT && str_eq(text_fold(arena, m[i].name), name))
            return m[i].text;
    return STR_NONE;
}

static struct str zone_of(struct arena *arena, struct str extra) {
    struct str zone = extra_member(arena, extra, STR("time zone"));
    if (!str_is_set(zone))
        zone = extra_member(arena, extra, STR("timezone"));
    return str_is_set(zone) && zone_exists(zone) ? zone : STR_NONE;
}

static struct str owner_of(struct arena *arena, struct str extra) {
    struct str owner = extra_member(arena, extra, STR("owner"));
    struct email email;
    return str_is_set(owner) && email_parse(arena, owner, &email) == OK ? email.address : STR_NONE;
}

enum rc contact_row_of(struct arena *arena, const struct column_map *map, const struct row *row,
                       struct contact_row *ret_row, struct str *ret_reason) {
    struct parts p = parts_on(arena);
    struct person person = { 0 };
    struct company company = { 0 };
    struct contact_row result = { 0 };
    struct str extra = STR_NONE;
    p.person = &person;
    p.company = &company;
    enum rc rc = take_cells(&p, map, row, ret_reason);
    if (rc == OK)
        rc = put_extra(&p, &extra, ret_reason);
    if (rc != OK)
        return rc;
    put_name(&p);
    put_person_place(&p);
    derive_person(arena, &person);
    if (!str_is_set(person.email_key) && !str_is_set(person.linkedin_key)) {
        *ret_reason = STR("the row has neither email address nor LinkedIn profile");
        return E_INVALID;
    }
    result.contact = (struct contact){
        .email = person.email_key, .linkedin_url = person.linkedin_url,
        .linkedin_key = person.linkedin_key, .first_name = person.first_name,
        .last_name = person.last_name, .title = person.title, .location = person.location,
        .time_zone = zone_of(arena, extra), .company_name = company.name,
        .company_domain = company.domain, .owner = owner_of(arena, extra) };
    rc = put_phones(&p, &result.phones, ret_reason);
    if (rc == OK)
        *ret_row = result;
    return rc;
}
