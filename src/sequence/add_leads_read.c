/* The request of leads_add: its field tables, normal forms, and who is in it twice. */
#include "base/check.h"
#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "data/urls.h"
#include "json/members.h"
#include "sequence/add_leads_private.h"
#include "sequence/excluded.h"
#include "sequence/template.h"

#define T struct lead_overrides
static const struct field override_rows[] = {
    F_BOOL(T, ignore_recently_contacted, .example = "false",
           .doc = "Adds the lead although it was contacted recently."),
    F_BOOL(T, ignore_exclusion_list, .example = "false",
           .doc = "Adds the lead although it is excluded."),
    F_BOOL(T, ignore_duplicate_leads_in_other_draft_sequences, .example = "false",
           .doc = "Adds the lead although it is in another draft sequence."),
    F_BOOL(T, ignore_duplicate_leads_in_other_active_sequences, .example = "false",
           .doc = "Adds the lead although it is in another active or paused sequence."),
};
#undef T
static const struct fields override_fields
    = FIELDS("LeadOverrides", struct lead_overrides, override_rows,
             .doc = "Checks that are not made for a lead.");

#define T struct lead_input
static const struct field lead_rows[] = {
    F_STR(T, email, .max = 320, .example = "lead@target.example.com",
          .doc = "Address; this or linkedin_url is needed."),
    F_STR(T, linkedin_url, .max = 2048, .example = "https://www.linkedin.com/in/example",
          .doc = "LinkedIn profile."),
    F_JSON(T, data, .example = "{\"first_name\":\"John\",\"company_name\":\"Apple\"}",
           .doc = "An object of up to 50 fields: names of lowercase letters, digits and underscores "
                  "that begin with a letter, at most 255 characters; values are texts of at most 512."),
    F_OBJECT(T, overrides, struct lead_overrides, .of = &override_fields,
             .doc = "Checks that are not made."),
};
#undef T
static const struct fields lead_fields
    = FIELDS("SequenceLead", struct lead_input, lead_rows, .doc = "A lead to add.");

static const struct str distributions[] = { { "sequence_senders", 16 }, { "custom_mailboxes", 16 } };
static const struct enum_values enum_distributions
    = { "LeadsDistribution", distributions, LENGTH(distributions) };

#define T struct add_leads_settings
static const struct field settings_rows[] = {
    F_ENUM(T, leads_distribution, .values = &enum_distributions, .example = "sequence_senders",
           .doc = "Who gets the leads: the sequence's senders, or the mailboxes named here."),
    F_STRS(T, mailboxes, .max = SEQUENCE_SENDERS_MAX, .item_max = 320,
           .example = "[\"my_sales_mailbox@example.com\"]",
           .doc = "Addresses of connected mailboxes; only read with custom_mailboxes."),
};
#undef T
static const struct fields settings_fields
    = FIELDS("AddLeadsSettings", struct add_leads_settings, settings_rows,
             .doc = "How the leads are given to senders.");

#define T struct add_leads_request
static const struct field request_rows[] = {
    F_LIST(T, leads, .flags = FIELD_REQUIRED, .min = 0, .max = ADD_LEADS_MAX, .of = &lead_fields,
           .doc = "The leads."),
    F_OBJECT(T, settings, struct add_leads_settings, .of = &settings_fields,
             .doc = "For all of them."),
};
#undef T
const struct fields add_leads_request_fields
    = FIELDS("SequenceAddLeads", struct add_leads_request, request_rows, .doc = "Leads to add.");

/* --- one lead --- */

static void refuse(struct adding *a, size_t at, const char *member, const char *text) {
    (void) bad_field(a->ctx, arena_printf(a->ctx->arena, "/leads/%zu%s", at, member),
                     "unsupported_value", "%s", text); /* counted in the problems */
}

static void read_email(struct adding *a, size_t at, struct candidate *c) {
    struct email email;
    if (str_is_empty(str_trim(c->input->email)))
        return;
    if (email_parse(a->ctx->arena, c->input->email, &email) != OK) {
        refuse(a, at, "/email", "Not an email address");
        return;
    }
    c->email = email.address;
    c->domains = excluding_domains(a->ctx->arena, &email);
}

static void read_profile(struct adding *a, size_t at, struct candidate *c) {
    struct linkedin page;
    if (str_is_empty(str_trim(c->input->linkedin_url)))
        return;
    if (linkedin_parse(a->ctx->arena, c->input->linkedin_url, &page) != OK
        || page.kind != LINKEDIN_PERSON) {
        refuse(a, at, "/linkedin_url", "Not a LinkedIn profile");
        return;
    }
    c->linkedin_url = page.url;
    c->linkedin_key = page.key;
}

static void read_member(struct adding *a, size_t at, struct candidate *c,
                        const struct json_member *m) {
    if (!template_is_field_name(m->name))
        refuse(a, at, "/data",
               "Names of fields have lowercase letters, numbers and underscores, begin with a letter, "
               "and have at most 255 characters");
    else if (m->type == JSON_MEMBER_OTHER || utf8_count(m->text) > LEAD_VALUE_MAX)
        refuse(a, at, arena_printf(a->ctx->arena, "/data/%.*s", STR_FMT(m->name)).p,
               "Values of fields are texts of at most 512 characters");
    else if (m->type == JSON_MEMBER_NULL)
        c->has_null = true;
    else
        *(struct json_member *) list_add(a->ctx->arena, &c->members, sizeof *m) = *m;
}

static void read_data(struct adding *a, size_t at, struct candidate *c) {
    struct list members = { 0 };
    if (!str_is_set(c->input->data))
        return;
    if (json_members(a->ctx->arena, c->input->data, &members) != OK) {
        refuse(a, at, "/data", "data must be an object");
        return;
    }
    if (members.n > LEAD_FIELDS_MAX) {
        refuse(a, at, "/data", "A lead has at most 50 data fields");
        return;
    }
    const struct json_member *m = members.p;
    for (size_t i = 0; i < members.n; i++)
        read_member(a, at, c, &m[i]);
}

struct str candidate_value(const struct candidate *c, struct str name) {
    const struct json_member *m = c->members.p;
    if (str_eq(name, STR("email")))
        return c->email;
    if (str_eq(name, STR("linkedin_url")))
        return c->linkedin_url;
    for (size_t i = 0; i < c->members.n; i++)
        if (str_eq(m[i].name, name))
            return str_is_empty(str_trim(m[i].text)) ? STR_NONE : m[i].text;
    return STR_NONE;
}

/* --- all of them --- */

/* Whether somebody before has the key; `text` as it was sent is then told once. */
static bool is_repeated(struct adding *a, struct map *seen, struct str key, struct str text,
                        struct strs *told) {
    static char once, twice;
    if (!str_is_set(key))
        return false;
    const void *before = map_get(seen, key);
    if (before == &once)
        strs_add(a->ctx->arena, told, text);
    (void) map_put(seen, key, before ? &twice : &once); /* `before` is known */
    return before != NULL;
}

static void find_repeated(struct adding *a) {
    struct map emails = map_in(a->ctx->arena), profiles = map_in(a->ctx->arena);
    for (size_t i = 0; i < a->candidates.n; i++) {
        struct candidate *c = candidate_at(a, i);
        bool email = is_repeated(a, &emails, c->email, c->input->email, &a->result.duplicate_emails);
        bool profile = is_repeated(a, &profiles, c->linkedin_key, c->input->linkedin_url,
                                   &a->result.duplicate_linkedin_urls);
        c->repeated = email || profile;
    }
}

enum rc candidates_read(struct adding *a) {
    const struct lead_input *input = a->add->request->leads.p;
    size_t before_it = a->ctx->problem_count;
    for (size_t i = 0; i < a->add->request->leads.n && a->ctx->problem_count < PROBLEMS_MAX; i++) {
        struct candidate *c = list_add(a->ctx->arena, &a->candidates, sizeof *c);
        size_t before_lead = a->ctx->problem_count;
        c->input = &input[i];
        read_email(a, i, c);
        read_profile(a, i, c);
        read_data(a, i, c);
        if (!str_is_set(c->email) && !str_is_set(c->linkedin_key)
            && a->ctx->problem_count == before_lead)
            (void) bad_field(a->ctx, arena_printf(a->ctx->arena, "/leads/%zu", i), "missing_field",
                             "A lead needs an email or a linkedin_url"); /* counted */
    }
    if (a->ctx->problem_count != before_it)
        return E_INVALID;
    find_repeated(a);
    a->result.total = opt_int((int64_t) a->candidates.n);
    return OK;
}
