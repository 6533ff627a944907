#include "api/tables.h"
#include "base/vec.h"
#include "http/request.h"
#include "store/sequences.h"

static const struct field filter_rows[] = {
#define T struct sequence_filter
    F_STR(T, name, .max = SEQUENCE_NAME_MAX, .example = "outbound",
          .doc = "Only sequences whose name has this in it, without regard to case."),
    F_STR(T, status, .max = 100, .example = "active", .doc = "Only sequences with this status."),
    F_STR(T, created_by_user_id, .max = 100, .doc = "Only sequences that this user made."),
    F_STR(T, created_by_user_email, .max = 254, .example = "user@example.com",
          .doc = "Only sequences that the user with this email address made."),
#undef T
};
static const struct fields filter_fields
    = FIELDS("SequenceFilter", struct sequence_filter, filter_rows, .doc = "Filters of the list.");

struct listed {
    struct str id, name, status, created_by_user_id, created_by_user_email;
    struct opt_int created_at, updated_at;
    struct strs dynamic_fields_used;
    struct links *_links;
};

#define T struct listed
static const struct field listed_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "311d73f042157b352c724975970e4369dba30777",
         .doc = "Id of the sequence."),
    F_STR(T, name, .flags = FIELD_REQUIRED, .example = "Sample sequence", .doc = "Its name."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_sequence_statuses,
           .example = "active", .doc = "Leads can be added while it is active or paused."),
    F_ID(T, created_by_user_id, .doc = "The user who made it."),
    F_STR(T, created_by_user_email, .example = "user@example.com", .doc = "Their address."),
    F_TIME(T, created_at, .example = "2025-01-07T10:16:01Z", .doc = "When it was made."),
    F_TIME(T, updated_at, .example = "2025-01-07T10:16:01Z", .doc = "When it was changed last."),
    F_STRS(T, dynamic_fields_used, .flags = FIELD_ALWAYS, .example = "[\"first_name\"]",
           .doc = "Lead fields that its texts name."),
    F_OBJECT(T, _links, struct links, .flags = FIELD_REQUIRED, .of = &links_fields,
             .doc = "Links to related resources."),
};
#undef T
static const struct fields listed_fields
    = FIELDS("Sequence", struct listed, listed_rows, .doc = "A sequence.");

static const struct field sequences_rows[]
    = PAGE_ROWS("sequences", listed_fields, "The sequences of this page, oldest first.");
static const struct fields sequences_fields
    = FIELDS("SequencesResponse", struct page_answer, sequences_rows, .doc = "A page of sequences.");

/* The operation on a single one is to add leads; that is what a link can name. */
static struct listed listed_of(struct request *r, const struct sequence *s) {
    return (struct listed){
        .id = s->id, .name = s->name, .status = s->status,
        .created_by_user_id = s->created_by_user_id,
        .created_by_user_email = s->created_by_user_email,
        .created_at = s->created_at, .updated_at = s->updated_at,
        .dynamic_fields_used = s->dynamic_fields_used,
        ._links = self_link_to(r, arena_printf(r->ctx->arena, "/sequences/%.*s", STR_FMT(s->id))),
    };
}

static enum rc get_sequences(struct request *r) {
    struct sequence_filter filter = *(const struct sequence_filter *) r->query;
    struct page_of page;
    filter.kind = STR("sequence");
    enum rc rc = sequences_list(r->ctx, &filter, &r->page, &page);
    if (rc != OK)
        return rc;
    const struct sequence *s = page.items.p;
    struct listed *items = ARENA_ARRAY(r->ctx->arena, page.items.n + 1, struct listed);
    for (size_t i = 0; i < page.items.n; i++)
        items[i] = listed_of(r, &s[i]);
    page.items.p = items;
    return respond_items(r, &sequences_fields, &page);
}

static const struct route routes[] = {
    { GET, "/sequences", get_sequences, SCOPE_API, LIMIT_DEFAULT, ROUTE_PAGED,
      .query = &filter_fields, .reply = &sequences_fields, .tag = "Sequences",
      .summary = "List Sequences",
      .doc = "The sequences of the account, reply sequences left out. They are made in the "
             "dashboard, by its API, or with `outrider sequence apply`." },
};
const struct route_table sequence_routes = ROUTE_TABLE(routes);
