/* Sequences as people write and run them. */
#include "dash/tables.h"
#include "http/request.h"
#include "sequence/definition.h"
#include "sequence/render.h"
#include "sequence/states.h"

static const struct field filter_rows[] = {
#define T struct sequence_filter
    F_STR(T, name, .max = SEQUENCE_NAME_MAX, .doc = "Only those with this in their name."),
    F_ENUM(T, status, .values = &enum_sequence_statuses, .doc = "Only those with this status."),
    F_ENUM(T, kind, .values = &enum_sequence_kinds, .doc = "Only those of this kind."),
    F_ID(T, created_by_user_id, .max = 100, .doc = "Only those that this user made."),
    F_STR(T, created_by_user_email, .max = 254, .doc = "Only those that this user made."),
#undef T
};
static const struct fields filter_fields
    = FIELDS("SequenceDetailsFilter", struct sequence_filter, filter_rows,
             .doc = "Filters of the list.");

/* What a list has of each: no stages, no settings. */
#define T struct sequence
static const struct field summary_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .doc = "Id of the sequence."),
    F_STR(T, name, .flags = FIELD_REQUIRED, .doc = "Its name."),
    F_ENUM(T, kind, .flags = FIELD_REQUIRED, .values = &enum_sequence_kinds, .doc = "Its kind."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_sequence_statuses,
           .doc = "Where it is."),
    F_ID(T, created_by_user_id, .doc = "Whose it is."),
    F_STR(T, created_by_user_email, .doc = "Their address."),
    F_TIME(T, created_at, .doc = "When it was made."),
    F_TIME(T, updated_at, .doc = "When it was changed last."),
    F_TIME(T, launched_at, .doc = "When it was launched first."),
    F_STRS(T, dynamic_fields_used, .flags = FIELD_ALWAYS, .doc = "Lead fields in its texts."),
};
#undef T
static const struct fields summary_fields
    = FIELDS("SequenceSummary", struct sequence, summary_rows, .doc = "A sequence in a list.");

static const struct field list_rows[]
    = PAGE_ROWS("sequences", summary_fields, "The sequences of this page, oldest first.");
static const struct fields list_fields
    = FIELDS("SequenceSummaryList", struct page_answer, list_rows, .doc = "A page of sequences.");

struct duplicate_request {
    struct str name;
};
static const struct field duplicate_rows[] = {
    F_STR(struct duplicate_request, name, .max = SEQUENCE_NAME_MAX, .example = "Outbound EMEA 2",
          .doc = "Name of the new one; absent: that of the old one with (copy) behind it."),
};
static const struct fields duplicate_fields
    = FIELDS("SequenceDuplicate", struct duplicate_request, duplicate_rows,
             .doc = "What the copy is called.");

static enum rc get_sequences(struct request *r) {
    struct page_of page;
    enum rc rc = sequences_list(r->ctx, r->query, &r->page, &page);
    return rc == OK ? respond_items(r, &list_fields, &page) : rc;
}

static enum rc respond_made(struct request *r, enum rc rc, const struct sequence *s) {
    if (rc != OK)
        return rc;
    response_header(r, "Location",
                    arena_printf(r->ctx->arena, "/dashboard/api/sequences/%.*s", STR_FMT(s->id)));
    return respond(r, 201, &sequence_fields, s);
}

static enum rc respond_sequence(struct request *r, enum rc rc, const struct sequence *s) {
    return rc == OK ? respond(r, 200, &sequence_fields, s) : rc;
}

static enum rc post_sequences(struct request *r) {
    struct sequence s;
    enum rc rc = sequence_create(r->ctx, r->body, &s);
    return respond_made(r, rc, &s);
}

static enum rc get_sequence(struct request *r) {
    struct sequence s;
    enum rc rc = sequence_get(r->ctx, r->path_id, &s);
    return respond_sequence(r, rc, &s);
}

static enum rc get_sequence_export(struct request *r) {
    struct sequence_definition definition;
    enum rc rc = sequence_export(r->ctx, r->path_id, &definition);
    return rc == OK ? respond(r, 200, &sequence_definition_fields, &definition) : rc;
}

static enum rc put_sequence(struct request *r) {
    struct sequence s;
    enum rc rc = sequence_replace(r->ctx, r->path_id, r->body, &s);
    return respond_sequence(r, rc, &s);
}

static enum rc delete_sequence(struct request *r) {
    enum rc rc = sequence_remove(r->ctx, r->path_id);
    return rc == OK ? respond_empty(r, 204) : rc;
}

static enum rc post_sequence_duplicate(struct request *r) {
    const struct duplicate_request *body = r->body;
    struct sequence s;
    enum rc rc = sequence_duplicate(r->ctx, r->path_id, body->name, &s);
    return respond_made(r, rc, &s);
}

static enum rc post_sequence_preview(struct request *r) {
    struct preview preview;
    enum rc rc = sequence_preview(r->ctx, r->path_id, r->body, &preview);
    return rc == OK ? respond(r, 200, &preview_fields, &preview) : rc;
}

static enum rc after_event(struct request *r, enum sequence_event event) {
    struct sequence s;
    enum rc rc = sequence_change(r->ctx, r->path_id, event, &s);
    return respond_sequence(r, rc, &s);
}

static enum rc post_sequence_launch(struct request *r) {
    return after_event(r, SEQUENCE_LAUNCH);
}

static enum rc post_sequence_pause(struct request *r) {
    return after_event(r, SEQUENCE_PAUSE);
}

static enum rc post_sequence_resume(struct request *r) {
    return after_event(r, SEQUENCE_RESUME);
}

static enum rc post_sequence_archive(struct request *r) {
    return after_event(r, SEQUENCE_ARCHIVE);
}

static const struct route_status make_statuses[] = {
    { 201, "The sequence, a draft.", "Location" },
    { 409, "conflict: another sequence has this name", NULL },
};
static const struct route_status copy_statuses[] = {
    { 201, "The sequence, a draft.", "Location" },
    { 404, "no such sequence", NULL },
    { 409, "conflict: another sequence has this name", NULL },
};
static const struct route_status one_statuses[] = { { 404, "no such sequence", NULL } };
static const struct route_status put_statuses[] = {
    { 404, "no such sequence", NULL },
    { 409, "conflict: another sequence has this name, or the state of this one does not allow it",
      NULL },
};
static const struct route_status delete_statuses[] = {
    { 204, "It is forgotten.", NULL },
    { 404, "no such sequence", NULL },
    { 409, "conflict: it is no draft", NULL },
};
static const struct route_status event_statuses[] = {
    { 404, "no such sequence", NULL },
    { 409, "conflict: its state does not allow it", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
#define WRITES COMMON, .body = &sequence_definition_fields, .reply = &sequence_fields, \
               .body_max = SEQUENCE_BODY_MAX_BYTES
#define EVENT COMMON, .reply = &sequence_fields, STATUSES(event_statuses)
#define PATH "/dashboard/api/sequences"
static const struct route routes[] = {
    { GET, PATH, get_sequences, COMMON, .flags = ROUTE_PAGED, .query = &filter_fields,
      .reply = &list_fields, .summary = "List sequences of any kind",
      .doc = "Without their stages and settings." },
    { POST, PATH, post_sequences, WRITES, .success = 201, STATUSES(make_statuses),
      .summary = "Create a sequence",
      .doc = "Everything that is wrong with it is told at once, each at its place." },
    { GET, PATH "/{id}", get_sequence, COMMON, .reply = &sequence_fields, STATUSES(one_statuses),
      .summary = "Show a sequence", .doc = "With its stages and settings; attachments without "
                                           "their content." },
    { PUT, PATH "/{id}", put_sequence, WRITES, STATUSES(put_statuses),
      .summary = "Replace a sequence",
      .doc = "Stages and variants that keep their id stay the same ones; without any id in the body "
             "those at the same place are meant. Stages that were "
             "launched keep id, type and place; others may follow. A draft, an active and a "
             "paused one can be replaced." },
    { DELETE, PATH "/{id}", delete_sequence, COMMON, .success = 204, STATUSES(delete_statuses),
      .summary = "Delete a draft", .doc = "What was launched is archived instead." },
    { GET, PATH "/{id}/export", get_sequence_export, COMMON, .reply = &sequence_definition_fields,
      STATUSES(one_statuses), .summary = "Export a sequence",
      .doc = "What creates or replaces it elsewhere, attachments included." },
    { POST, PATH "/{id}/duplicate", post_sequence_duplicate, COMMON, .success = 201,
      .body = &duplicate_fields, .reply = &sequence_fields, STATUSES(copy_statuses),
      .summary = "Duplicate a sequence", .doc = "The copy is a draft without leads." },
    { POST, PATH "/{id}/preview", post_sequence_preview, COMMON, .body = &preview_request_fields,
      .reply = &preview_fields, STATUSES(one_statuses), .summary = "Preview a stage",
      .doc = "Rendered as it would be sent to such a lead." },
    { POST, PATH "/{id}/launch", post_sequence_launch, EVENT, .summary = "Launch a sequence",
      .doc = "A draft becomes active. What it lacks is told at its place. Launching an active "
             "one changes nothing." },
    { POST, PATH "/{id}/pause", post_sequence_pause, EVENT, .summary = "Pause a sequence",
      .doc = "It is `pausing` until what is being sent has ended, then `paused`." },
    { POST, PATH "/{id}/resume", post_sequence_resume, EVENT, .summary = "Resume a sequence",
      .doc = "It must have what a launch needs. It is `resuming`, then `active`." },
    { POST, PATH "/{id}/archive", post_sequence_archive, EVENT, .summary = "Archive a sequence",
      .doc = "For good: it is `archiving` until what is being sent has ended, then `archived`." },
};
const struct route_table dash_sequence_routes = ROUTE_TABLE(routes);
