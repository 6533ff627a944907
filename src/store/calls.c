#include "store/calls.h"

#include "base/buf.h"
#include "base/check.h"
#include "data/phones.h"
#include "db/sql.h"
#include "store/forget.h"
#include "store/queries.h"
#include "store/tasks_private.h"

enum { PART_BYTES = 256 * 1024 };

static const struct str directions[] = { { "incoming", 8 }, { "outgoing", 8 } };
static const struct enum_values enum_directions
    = { "CallDirection", directions, LENGTH(directions) };

#define T struct call_log
static const struct field call_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-76db-7505-8923-201bf75736eb",
         .doc = "Id of the call."),
    F_STR(T, from, .flags = FIELD_REQUIRED, .example = "+1 123456789", .doc = "Who called."),
    F_STR(T, to, .flags = FIELD_REQUIRED, .example = "+1 123456789", .doc = "Who was called."),
    F_ENUM(T, direction, .values = &enum_directions, .example = "outgoing",
           .doc = "incoming or outgoing."),
    F_INT(T, duration, .flags = FIELD_REQUIRED, .example = "5", .doc = "Seconds."),
    F_BOOL(T, answered, .flags = FIELD_REQUIRED, .example = "true",
           .doc = "Whether anything answered."),
    F_BOOL(T, human, .flags = FIELD_REQUIRED, .example = "false",
           .doc = "Whether a person did."),
    F_STR(T, transcription, .flags = FIELD_NULLABLE, .doc = "What was said."),
    F_JSON(T, transcript, .flags = FIELD_NULLABLE, .doc = "The same by speaker; not known here."),
    F_STR(T, notes, .flags = FIELD_NULLABLE, .doc = "What the user noted."),
    F_STR(T, recording_url, .flags = FIELD_NULLABLE, .example = "https://example.com/call.mp3",
          .doc = "Where the recording was."),
    F_ID(T, disposition_id, .flags = FIELD_NULLABLE, .doc = "How it ended."),
    F_STR(T, disposition_name, .flags = FIELD_NULLABLE, .example = "No answer",
          .doc = "Name of the disposition."),
    F_ID(T, task_id, .flags = FIELD_REQUIRED, .doc = "Its task."),
    F_ID(T, user_id, .flags = FIELD_REQUIRED, .doc = "Who made it."),
    F_STR(T, user_email, .flags = FIELD_NULLABLE, .example = "user@example.com",
          .doc = "Their address."),
    F_BOOL(T, external, .flags = FIELD_REQUIRED, .example = "true",
           .doc = "Made elsewhere and logged here."),
    F_TIME(T, start_date, .flags = FIELD_REQUIRED, .example = "2025-08-29T14:54:16Z",
           .doc = "When it began."),
    F_OBJECT(T, contact, struct contact_ref, .flags = FIELD_NULLABLE, .of = &contact_ref_fields,
             .doc = "Who was called."),
    F_ID(T, contact_id, .flags = FIELD_HIDDEN),
    F_ID(T, lead_id, .flags = FIELD_HIDDEN),
    F_STR(T, recording_type, .flags = FIELD_HIDDEN),
    F_STR(T, recording_error, .flags = FIELD_HIDDEN),
};
#undef T
const struct fields call_fields
    = FIELDS("Call", struct call_log, call_rows, .doc = "A telephone call.");

static const struct query insert
    = { "call_insert",
        "INSERT INTO calls (account_id, id, user_id, task_id, contact_id, lead_id, from_number, "
        "to_number, from_key, to_key, direction, duration, answered, human, transcription, notes, "
        "disposition_id, recording_url, start_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, "
        "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        NULL };
#define CALLS(contact)                                                                        \
    "SELECT k.id, k.from_number AS \"from\", k.to_number AS \"to\", k.direction, "            \
    "k.duration, k.answered, k.human, k.transcription, k.notes, k.recording_url, "            \
    "k.disposition_id, d.name AS disposition_name, k.task_id, k.user_id, "                    \
    "u.email AS user_email, 1 AS external, k.start_at AS start_date, k.contact_id, k.lead_id, " \
    "k.recording_type, k.recording_error, " contact " END AS contact FROM calls k "           \
    "LEFT JOIN contacts c ON c.account_id = k.account_id AND c.id = k.contact_id "            \
    "LEFT JOIN users u ON u.account_id = k.account_id AND u.id = k.user_id "                  \
    "LEFT JOIN dispositions d ON d.account_id = k.account_id AND d.id = k.disposition_id "    \
    "WHERE k.account_id = "
#define CALLS_SQLITE CALLS(CONTACT_REF("json_object"))
#define CALLS_PG     CALLS(CONTACT_REF("json_build_object") "::text")
#define ONE "$1 AND k.id = $2"
static const struct query get = { "call_get", CALLS_SQLITE ONE, CALLS_PG ONE };
#define FILTERS                                                        \
    "(CAST($4 AS TEXT) IS NULL OR k.user_id = $4) "                    \
    "AND (CAST($5 AS TEXT) IS NULL OR k.from_key = $5) "               \
    "AND (CAST($6 AS TEXT) IS NULL OR k.to_key = $6) "                 \
    "AND (CAST($7 AS BIGINT) IS NULL OR k.start_at >= $7) "            \
    "AND (CAST($8 AS BIGINT) IS NULL OR k.start_at <= $8) "
/* Newest first: what comes after a cursor is older; an empty one is before all. */
#define NEXT "$3 AND (k.id < $1 OR $1 = '') AND " FILTERS "ORDER BY k.id DESC LIMIT $2"
#define PREV "$3 AND k.id > $1 AND " FILTERS "ORDER BY k.id LIMIT $2"
static const struct query list_after = { "calls_after", CALLS_SQLITE NEXT, CALLS_PG NEXT };
static const struct query list_before = { "calls_before", CALLS_SQLITE PREV, CALLS_PG PREV };

static const struct query delete_parts
    = { "recording_delete", "DELETE FROM call_recordings WHERE account_id = $1 AND call_id = $2",
        NULL };
static const struct query insert_part
    = { "recording_insert",
        "INSERT INTO call_recordings (account_id, call_id, part, content) VALUES ($1, $2, $3, $4)",
        NULL };
static const struct query set_recording
    = { "recording_set",
        "UPDATE calls SET recording_type = $3, recording_error = $4 "
        "WHERE account_id = $1 AND id = $2 AND recording_url IS NOT NULL",
        NULL };
static const struct query parts
    = { "recording_parts",
        "SELECT content FROM call_recordings WHERE account_id = $1 AND call_id = $2 ORDER BY part",
        NULL };
#define FORGET_RECORDINGS(column)                                                            \
    "DELETE FROM call_recordings WHERE (account_id, call_id) IN (SELECT k.account_id, k.id " \
    "FROM calls k WHERE (k.account_id, k." column ") IN "
#define FORGET(whose)                                                                        \
    "UPDATE calls SET contact_id = NULL, from_number = '', to_number = '', from_key = '', "  \
    "to_key = '', transcription = NULL, notes = NULL, recording_url = NULL, "                \
    "recording_type = NULL, recording_error = NULL WHERE " whose
static const struct query forget_recordings
    = { "calls_forget_recordings",
        FORGET_RECORDINGS("contact_id") "(SELECT account_id, id FROM contacts "
                                        "WHERE email = $1 OR linkedin_key = $2))",
        NULL };
static const struct query forget_lead_recordings
    = { "calls_forget_lead_recordings",
        FORGET_RECORDINGS("lead_id") "(SELECT account_id, id FROM sequence_leads "
                                     "WHERE email = $1 OR linkedin_key = $2))",
        NULL };
static const struct query forget_contacts
    = { "calls_forget_contacts", FORGET(FORGET_CONTACTS), NULL };
static const struct query forget_leads = { "calls_forget_leads", FORGET(FORGET_LEADS), NULL };

static const struct query *const queries[]
    = { &insert,        &get,   &list_after,        &list_before,            &delete_parts,    &insert_part,
        &set_recording, &parts, &forget_recordings, &forget_lead_recordings, &forget_contacts, &forget_leads };
const struct query_table call_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* E.164 where that can be told, so that a number is found in any form. */
static struct str number_key(struct arena *arena, struct str number) {
    struct phone phone;
    return phone_parse(arena, number, STR_NONE, &phone) == OK ? phone.number : number;
}

enum rc call_insert(struct ctx *ctx, const struct call_log *c) {
    struct str from = number_key(ctx->arena, c->from), to = number_key(ctx->arena, c->to);
    return db_exec(
        ctx, &insert,
        DB_ARGS(ACCOUNT, db_v_text(c->id), db_v_text(c->user_id), db_v_text(c->task_id),
                db_v_text(c->contact_id), db_v_text(c->lead_id), db_v_text(c->from),
                db_v_text(c->to), db_v_text(from), db_v_text(to), db_v_text(c->direction),
                db_v_opt(c->duration), db_v_tri(c->answered), db_v_tri(c->human),
                db_v_text(c->transcription), db_v_text(c->notes), db_v_text(c->disposition_id),
                db_v_text(c->recording_url), db_v_opt(c->start_date), db_v_int(ctx_now(ctx))),
        NULL);
}

enum rc call_get(struct ctx *ctx, struct str id, struct call_log *ret_call) {
    struct call_log found = { 0 };
    enum rc rc = db_get(ctx, &get, DB_ARGS(ACCOUNT, db_v_text(id)), &call_fields, &found);
    if (rc == OK)
        *ret_call = found;
    return rc;
}

static struct db_value number_filter(struct arena *arena, struct str number) {
    return str_is_empty(number) ? db_v_null(DB_KIND_TEXT) : db_v_text(number_key(arena, number));
}

enum rc calls_list(struct ctx *ctx, const struct call_filter *f, const struct page *page,
                   struct page_of *ret_page) {
    static const struct page_queries pages
        = { &list_after, &list_before, &call_fields, offsetof(struct call_log, id) };
    return page_read(ctx, &pages, page,
                     DB_ARGS(ACCOUNT, db_v_text(f->user_id), number_filter(ctx->arena, f->from),
                             number_filter(ctx->arena, f->to), db_v_opt(f->start_date_from),
                             db_v_opt(f->start_date_to)),
                     ret_page);
}

/* --- recordings --- */

static enum rc set(struct ctx *ctx, struct str call_id, struct str type, struct str why,
                   bool *ret_is_there) {
    int64_t changed = 0;
    enum rc rc = db_exec(ctx, &delete_parts, DB_ARGS(ACCOUNT, db_v_text(call_id)), NULL);
    if (rc == OK)
        rc = db_exec(ctx, &set_recording,
                     DB_ARGS(ACCOUNT, db_v_text(call_id), db_v_text(type), db_v_text(why)),
                     &changed);
    *ret_is_there = changed > 0;
    return rc;
}

enum rc recording_store(struct ctx *ctx, struct str call_id, struct str media_type,
                        struct str content) {
    ASSERT(content.n <= RECORDING_MAX_BYTES);
    bool is_there = false;
    enum rc rc = set(ctx, call_id, media_type, STR_NONE, &is_there);
    for (size_t at = 0, part = 0; rc == OK && is_there && at < content.n; at += PART_BYTES, part++)
        rc = db_exec(ctx, &insert_part,
                     DB_ARGS(ACCOUNT, db_v_text(call_id), db_v_int((int64_t) part),
                             db_v_blob(str_sub(content, at, at + PART_BYTES))),
                     NULL);
    return rc;
}

enum rc recording_failed(struct ctx *ctx, struct str call_id, struct str why) {
    bool is_there;
    return set(ctx, call_id, STR_NONE, why, &is_there);
}

enum rc recording_read(struct ctx *ctx, struct str call_id, struct str *ret_content) {
    struct db_rows *rows;
    struct buf content = buf_in(ctx->arena, RECORDING_MAX_BYTES);
    enum rc rc = db_query(ctx, &parts, DB_ARGS(ACCOUNT, db_v_text(call_id)), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        buf_str(&content, db_text(rows, 0));
    rc = db_rows_close(rows);
    if (rc == OK)
        rc = buf_result(&content);
    if (rc != OK)
        return rc;
    *ret_content = buf_text(&content);
    return content.n ? OK : E_NOT_FOUND;
}

enum rc calls_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    static const struct query *const all[]
        = { &forget_recordings, &forget_lead_recordings, &forget_contacts, &forget_leads };
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < LENGTH(all); i++)
        rc = db_exec(ctx, all[i], DB_ARGS(db_v_text(email), db_v_text(linkedin_key)), NULL);
    return rc;
}
