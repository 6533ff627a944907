/* A sequence is written whole: its stages and variants are taken out and put in again with
 * the ids they have, each kind in one statement. */
#include "store/sequences.h"

#include <sodium.h>

#include "base/check.h"
#include "base/vec.h"
#include "data/enums.h"
#include "data/text.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/queries.h"

enum { ID_DIGITS = 40, JSON_MAX_BYTES = 2 * SEQUENCE_BODY_MAX_BYTES };

static const struct str statuses[]
    = { [SEQUENCE_DRAFT] = { "draft", 5 },         [SEQUENCE_ACTIVE] = { "active", 6 },
        [SEQUENCE_PAUSING] = { "pausing", 7 },     [SEQUENCE_PAUSED] = { "paused", 6 },
        [SEQUENCE_RESUMING] = { "resuming", 8 },   [SEQUENCE_ARCHIVING] = { "archiving", 9 },
        [SEQUENCE_ARCHIVED] = { "archived", 8 } };
const struct enum_values enum_sequence_statuses = { "SequenceStatus", statuses, LENGTH(statuses) };

#define T struct sequence
static const struct field sequence_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "311d73f042157b352c724975970e4369dba30777",
         .doc = "Id of the sequence."),
    SEQUENCE_DEFINITION_ROWS,
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_sequence_statuses,
           .example = "active", .doc = "Where it is."),
    F_ID(T, created_by_user_id, .doc = "Whose it is."),
    F_STR(T, created_by_user_email, .doc = "Their address."),
    F_TIME(T, created_at, .doc = "When it was made."),
    F_TIME(T, updated_at, .doc = "When it was changed last."),
    F_TIME(T, launched_at, .doc = "When it was launched first."),
    F_STRS(T, dynamic_fields_used, .flags = FIELD_ALWAYS,
           .doc = "Fields of the lead that its texts name."),
    F_STRS(T, fields_required, .flags = FIELD_ALWAYS,
           .doc = "Those of them that every lead must have."),
    F_STRS(T, sender_fields_required, .flags = FIELD_ALWAYS,
           .doc = "Fields that every sender must have."),
};
#undef T
const struct fields sequence_fields
    = FIELDS("SequenceDetails", struct sequence, sequence_rows,
             .doc = "A sequence with its stages and settings.");

static enum sequence_status status_of(struct str name) {
    int status = enum_index(&enum_sequence_statuses, name);
    ASSERT(status >= 0); /* the table has a CHECK */
    return (enum sequence_status) status;
}

enum sequence_status sequence_status_of(const struct sequence *sequence) {
    return status_of(sequence->status);
}

enum sequence_status sequence_row_status(const struct sequence_row *row) {
    return status_of(row->status);
}

bool sequence_id_is_valid(struct str text) {
    for (size_t i = 0; i < text.n; i++)
        if (ascii_hex_value(text.p[i]) < 0 || ascii_is_upper(text.p[i]))
            return false;
    return text.n == ID_DIGITS;
}

/* --- reading --- */

#define HEAD                                                                               \
    "s.id, s.name, s.kind, s.status, s.created_by_user_id, u.email AS created_by_user_email, " \
    "s.created_at, s.updated_at, s.launched_at, s.fields_used AS dynamic_fields_used, "    \
    "s.fields_required, s.sender_fields_required"
#define SEQUENCES                                                                          \
    " FROM sequences s LEFT JOIN users u ON u.account_id = s.account_id "                  \
    "AND u.id = s.created_by_user_id WHERE s.account_id = "
#define FILTERS(find)                                                                      \
    "(CAST($4 AS TEXT) IS NULL OR s.status = $4) "                                         \
    "AND (CAST($5 AS TEXT) IS NULL OR s.created_by_user_id = $5) "                         \
    "AND (CAST($6 AS TEXT) IS NULL OR u.email = $6) "                                      \
    "AND (CAST($7 AS TEXT) IS NULL OR " find "(s.name_key, $7) > 0) "                      \
    "AND (CAST($8 AS TEXT) IS NULL OR s.kind = $8) "
#define AFTER(find)                                                                        \
    "SELECT " HEAD SEQUENCES "$3 AND s.id > $1 AND " FILTERS(find) "ORDER BY s.id LIMIT $2"
#define BEFORE(find)                                                                       \
    "SELECT " HEAD SEQUENCES "$3 AND s.id < $1 AND " FILTERS(find) "ORDER BY s.id DESC LIMIT $2"

static const struct query list_after = { "sequences_after", AFTER("instr"), AFTER("strpos") };
static const struct query list_before = { "sequences_before", BEFORE("instr"), BEFORE("strpos") };
static const struct query head
    = { "sequence_head", "SELECT " HEAD SEQUENCES "$1 AND s.id = $2", NULL };
static const struct query lock
    = { "sequence_lock", "SELECT " HEAD SEQUENCES "$1 AND s.id = $2",
        "SELECT " HEAD SEQUENCES "$1 AND s.id = $2 FOR UPDATE OF s" };
#define ROW                                                                                   \
    "SELECT s.status, s.settings, (SELECT a.time_zone FROM account_settings a "               \
    "WHERE a.account_id = s.account_id) AS account_zone FROM sequences s "                    \
    "WHERE s.account_id = $1 AND s.id = $2"
static const struct query row_shared
    = { "sequence_row_shared", ROW, ROW " FOR SHARE OF s SKIP LOCKED" };
static const struct query settings_of
    = { "sequence_settings", "SELECT settings FROM sequences WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query stages_of
    = { "sequence_stages",
        "SELECT id, type, automatic, delay_days, delay_hours, priority, instructions, attachments "
        "FROM sequence_stages WHERE account_id = $1 AND sequence_id = $2 ORDER BY position",
        NULL };
static const struct query variants_of
    = { "sequence_variants",
        "SELECT stage_id, id, weight, subject, plain AS text, html FROM sequence_variants "
        "WHERE account_id = $1 AND sequence_id = $2 ORDER BY stage_id, position",
        NULL };
static const struct query attachments_of
    = { "sequence_attachments",
        "SELECT name, media_type, size FROM sequence_attachments "
        "WHERE account_id = $1 AND sequence_id = $2 ORDER BY name",
        NULL };
static const struct query content_of
    = { "sequence_attachment_content",
        "SELECT content FROM sequence_attachments "
        "WHERE account_id = $1 AND sequence_id = $2 AND name = $3",
        NULL };
static const struct query id_by_name
    = { "sequence_id_by_name",
        "SELECT id FROM sequences WHERE account_id = $1 AND name = $2 AND status <> 'archived'",
        NULL };
static const struct query unsettled
    = { "sequences_unsettled",
        "SELECT account_id, id FROM sequences "
        "WHERE status IN ('pausing', 'resuming', 'archiving')",
        NULL };

/* --- writing --- */

static const struct query insert
    = { "sequence_insert",
        "INSERT INTO sequences (account_id, id, name, name_key, kind, status, created_by_user_id, "
        "settings, fields_used, fields_required, sender_fields_required, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, 'draft', $6, $7, $8, $9, $10, $11, $11) "
        "ON CONFLICT DO NOTHING",
        NULL };
static const struct query name_is_taken
    = { "sequence_name_is_taken",
        "SELECT count(*) FROM sequences WHERE account_id = $1 AND name = $2 AND id <> $3 "
        "AND status <> 'archived'",
        NULL };
static const struct query update
    = { "sequence_update",
        "UPDATE sequences SET name = $3, name_key = $4, settings = $5, fields_used = $6, "
        "fields_required = $7, sender_fields_required = $8, updated_at = $9 "
        "WHERE account_id = $1 AND id = $2",
        NULL };
#define OF_SEQUENCE(table) "DELETE FROM " table " WHERE account_id = $1 AND sequence_id = $2"
static const struct query delete_stages
    = { "sequence_delete_stages", OF_SEQUENCE("sequence_stages"), NULL };
static const struct query delete_variants
    = { "sequence_delete_variants", OF_SEQUENCE("sequence_variants"), NULL };
static const struct query delete_attachments
    = { "sequence_delete_attachments", OF_SEQUENCE("sequence_attachments"), NULL };
static const struct query delete_unlisted
    = { "sequence_delete_unlisted_attachments",
        OF_SEQUENCE("sequence_attachments") " AND name NOT IN (SELECT value FROM json_each($3))",
        OF_SEQUENCE("sequence_attachments")
        " AND name NOT IN (SELECT json_array_elements_text($3::json))" };
static const struct query delete_row
    = { "sequence_delete", "DELETE FROM sequences WHERE account_id = $1 AND id = $2", NULL };
#define STAGES(position, automatic, from)                                                       \
    "INSERT INTO sequence_stages (account_id, sequence_id, id, position, type, automatic, "     \
    "delay_days, delay_hours, priority, instructions, attachments) SELECT $1, $2, "             \
    "s.value ->> 'id', " position ", s.value ->> 'type', " automatic ", "                       \
    "CAST(s.value ->> 'delay_days' AS BIGINT), CAST(s.value ->> 'delay_hours' AS BIGINT), "     \
    "s.value ->> 'priority', s.value ->> 'instructions', s.value ->> 'attachments' FROM " from
static const struct query insert_stages
    = { "sequence_insert_stages", STAGES("s.key", "s.value ->> 'automatic'", "json_each($3) s"),
        STAGES("s.key - 1", "CAST(CAST(s.value ->> 'automatic' AS BOOLEAN) AS INTEGER)",
               "json_array_elements($3::json) WITH ORDINALITY AS s (value, key)") };
#define VARIANTS(position, from)                                                                \
    "INSERT INTO sequence_variants (account_id, sequence_id, stage_id, id, position, weight, "  \
    "subject, plain, html) SELECT $1, $2, s.value ->> 'id', v.value ->> 'id', " position ", "    \
    "CAST(v.value ->> 'weight' AS BIGINT), v.value ->> 'subject', v.value ->> 'text', "         \
    "v.value ->> 'html' FROM " from
static const struct query insert_variants
    = { "sequence_insert_variants",
        VARIANTS("v.key", "json_each($3) s, json_each(s.value, '$.variants') v"),
        VARIANTS("v.key - 1", "json_array_elements($3::json) AS s (value), "
                 "json_array_elements(s.value -> 'variants') WITH ORDINALITY AS v (value, key)") };
static const struct query put_attachment
    = { "sequence_put_attachment",
        "INSERT INTO sequence_attachments (account_id, sequence_id, name, media_type, size, content) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, sequence_id, name) "
        "DO UPDATE SET media_type = excluded.media_type, size = excluded.size, "
        "content = excluded.content",
        NULL };
static const struct query retype_attachment
    = { "sequence_retype_attachment",
        "UPDATE sequence_attachments SET media_type = $4 "
        "WHERE account_id = $1 AND sequence_id = $2 AND name = $3",
        NULL };
static const struct query copy_attachments
    = { "sequence_copy_attachments",
        "INSERT INTO sequence_attachments (account_id, sequence_id, name, media_type, size, content) "
        "SELECT account_id, $3, name, media_type, size, content FROM sequence_attachments "
        "WHERE account_id = $1 AND sequence_id = $2",
        NULL };
static const struct query set_status
    = { "sequence_set_status",
        "UPDATE sequences SET status = $4, updated_at = $5, launched_at = "
        "CASE WHEN launched_at IS NULL AND $4 = 'active' THEN $5 ELSE launched_at END "
        "WHERE account_id = $1 AND id = $2 AND status = $3",
        NULL };
static const struct query work_count
    = { "sequence_work_count",
        /* First what an index of what is open holds, then which of that. */
        "SELECT count(*) FROM messages WHERE account_id = $1 "
        "AND state IN ('claimed', 'sending', 'uncertain') AND state <> 'uncertain' AND sequence_id = $2",
        NULL };

static const struct query *const queries[]
    = { &list_after,        &list_before,     &head,             &lock,
        &settings_of,       &stages_of,       &variants_of,      &attachments_of,
        &content_of,        &id_by_name,      &unsettled,        &insert,
        &name_is_taken,     &update,          &delete_stages,    &delete_variants,
        &delete_attachments, &delete_unlisted, &delete_row,      &insert_stages,
        &insert_variants,   &put_attachment,  &retype_attachment, &copy_attachments,
        &set_status,        &work_count,      &row_shared };
const struct query_table sequence_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

enum rc sequences_list(struct ctx *ctx, const struct sequence_filter *filter,
                       const struct page *page, struct page_of *ret_page) {
    static const struct page_queries pages
        = { &list_after, &list_before, &sequence_fields, offsetof(struct sequence, id) };
    struct str name = str_is_empty(filter->name) ? STR_NONE : text_lower(ctx->arena, filter->name);
    struct str email = str_is_set(filter->created_by_user_email)
                           ? text_lower(ctx->arena, filter->created_by_user_email)
                           : STR_NONE;
    return page_read(ctx, &pages, page,
                     DB_ARGS(ACCOUNT, db_v_text(filter->status),
                             db_v_text(filter->created_by_user_id), db_v_text(email),
                             db_v_text(name), db_v_text(filter->kind)),
                     ret_page);
}

enum rc sequence_head(struct ctx *ctx, struct str id, struct sequence *ret_sequence) {
    struct sequence found = { 0 };
    enum rc rc = db_get(ctx, &head, DB_ARGS(ACCOUNT, db_v_text(id)), &sequence_fields, &found);
    if (rc == OK)
        *ret_sequence = found;
    return rc;
}

enum rc sequence_lock(struct ctx *ctx, struct str id, struct sequence *ret_sequence) {
    struct sequence found = { 0 };
    enum rc rc = db_get(ctx, &lock, DB_ARGS(ACCOUNT, db_v_text(id)), &sequence_fields, &found);
    if (rc == OK)
        *ret_sequence = found;
    return rc;
}

#define T struct sequence_row
static const struct field row_rows[] = { F_STR(T, status), F_STR(T, settings), F_STR(T, account_zone) };
#undef T
static const struct fields row_fields
    = FIELDS("SequenceRow", struct sequence_row, row_rows, .doc = "A sequence as it is stored.");

enum rc sequence_row_shared(struct ctx *ctx, struct str id, struct sequence_row *ret_row) {
    struct sequence_row row = { .status = STR_NONE };
    enum rc rc = db_get(ctx, &row_shared, DB_ARGS(ACCOUNT, db_v_text(id)), &row_fields, &row);
    if (rc == OK)
        *ret_row = row;
    return rc;
}

enum rc sequence_lock_outline(struct ctx *ctx, struct str id, struct sequence *ret_sequence) {
    struct sequence s;
    struct db_args of = DB_ARGS(ACCOUNT, db_v_text(id));
    enum rc rc = sequence_lock(ctx, id, &s);
    if (rc == OK)
        rc = db_get(ctx, &settings_of, of, &sequence_fields, &s);
    if (rc == OK)
        rc = db_list(ctx, &stages_of, of, &sequence_stage_fields, &s.stages);
    if (rc != OK)
        return rc;
    sequence_settings_complete(ctx->arena, s.settings);
    *ret_sequence = s;
    return OK;
}

/* Variants come in the order of stages' ids, so each stage's are one run. */
static void give_variants(struct list *stages, const struct list *variants) {
    struct sequence_stage *stage = stages->p;
    struct sequence_variant *variant = variants->p;
    for (size_t i = 0; i < variants->n; i++) {
        size_t k = 0;
        while (k < stages->n && !str_eq(stage[k].id, variant[i].stage_id))
            k++;
        ASSERT(k < stages->n);
        if (!stage[k].variants.n)
            stage[k].variants.p = &variant[i];
        stage[k].variants.n++;
    }
}

enum rc sequence_get(struct ctx *ctx, struct str id, struct sequence *ret_sequence) {
    struct sequence s;
    struct list variants = { 0 };
    struct db_args of = DB_ARGS(ACCOUNT, db_v_text(id));
    enum rc rc = sequence_head(ctx, id, &s);
    if (rc == OK)
        rc = db_get(ctx, &settings_of, of, &sequence_fields, &s);
    if (rc == OK)
        rc = db_list(ctx, &stages_of, of, &sequence_stage_fields, &s.stages);
    if (rc == OK)
        rc = db_list(ctx, &variants_of, of, &sequence_variant_row_fields, &variants);
    if (rc == OK)
        rc = db_list(ctx, &attachments_of, of, &sequence_attachment_fields, &s.attachments);
    if (rc != OK)
        return rc;
    give_variants(&s.stages, &variants);
    sequence_settings_complete(ctx->arena, s.settings);
    *ret_sequence = s;
    return OK;
}

static struct str base64(struct arena *arena, struct str bytes) {
    size_t room = sodium_base64_ENCODED_LEN(bytes.n, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_alloc(arena, room);
    (void) sodium_bin2base64(text, room, (const unsigned char *) bytes.p, bytes.n,
                             sodium_base64_VARIANT_ORIGINAL); /* returns text */
    return str_of(text);
}

enum rc sequence_settings_read(struct ctx *ctx, struct str id, struct sequence_settings *ret_settings) {
    struct sequence s = { .settings = NULL };
    enum rc rc = db_get(ctx, &settings_of, DB_ARGS(ACCOUNT, db_v_text(id)), &sequence_fields, &s);
    if (rc != OK)
        return rc;
    ASSERT(s.settings); /* the column is NOT NULL */
    sequence_settings_complete(ctx->arena, s.settings);
    *ret_settings = *s.settings;
    return OK;
}

enum rc sequence_attachment_read(struct ctx *ctx, struct str id, struct str name,
                                 struct str *ret_content) {
    return db_get_text(ctx, &content_of, DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(name)), ret_content);
}

enum rc sequence_read_contents(struct ctx *ctx, struct sequence *sequence) {
    struct sequence_attachment *a = sequence->attachments.p;
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < sequence->attachments.n; i++) {
        struct str content = STR("");
        rc = sequence_attachment_read(ctx, sequence->id, a[i].name, &content);
        a[i].content = base64(ctx->arena, content);
    }
    return rc;
}

enum rc sequence_id_by_name(struct ctx *ctx, struct str name, struct str *ret_id) {
    return db_get_text(ctx, &id_by_name, DB_ARGS(ACCOUNT, db_v_text(name)), ret_id);
}

/* --- writing --- */

static struct db_value settings_json(struct ctx *ctx, const struct sequence *s) {
    struct buf text = buf_in(ctx->arena, JSON_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_fields(&w, &sequence_settings_fields, s->settings);
    return db_v_text(buf_text(&text));
}

static enum rc stages_json(struct ctx *ctx, const struct list *stages, struct str *ret_json) {
    struct buf text = buf_in(ctx->arena, JSON_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < stages->n; i++)
        json_fields(&w, &sequence_stage_fields, (const struct sequence_stage *) stages->p + i);
    json_end_array(&w);
    *ret_json = buf_text(&text);
    enum rc rc = buf_result(&text);
    return rc == OK ? OK : fail(ctx, rc, "the texts of a sequence are too large");
}

/* Decoded in place of a copy: what is no base64 was refused before. */
static enum rc write_attachment(struct ctx *ctx, struct str id,
                                const struct sequence_attachment *a) {
    struct db_value of = db_v_text(id), name = db_v_text(a->name);
    if (!str_is_set(a->content))
        return db_exec(ctx, &retype_attachment,
                       DB_ARGS(ACCOUNT, of, name, db_v_text(a->media_type)), NULL);
    unsigned char *bytes = arena_alloc(ctx->arena, a->content.n + 1);
    size_t n = 0;
    if (sodium_base642bin(bytes, a->content.n + 1, a->content.p, a->content.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return fail(ctx, E_INVALID, "an attachment is not base64");
    struct str content = { (const char *) bytes, n };
    return db_exec(ctx, &put_attachment,
                   DB_ARGS(ACCOUNT, of, name, db_v_text(a->media_type), db_v_int((int64_t) n),
                           db_v_blob(content)),
                   NULL);
}

static enum rc write_attachments(struct ctx *ctx, const struct sequence *s) {
    const struct sequence_attachment *a = s->attachments.p;
    struct strs names = { 0 };
    for (size_t i = 0; i < s->attachments.n; i++)
        strs_add(ctx->arena, &names, a[i].name);
    enum rc rc = db_exec(ctx, &delete_unlisted,
                         DB_ARGS(ACCOUNT, db_v_text(s->id), sql_texts(ctx->arena, names)), NULL);
    for (size_t i = 0; rc == OK && i < s->attachments.n; i++)
        rc = write_attachment(ctx, s->id, &a[i]);
    return rc;
}

static enum rc write_parts(struct ctx *ctx, const struct sequence *s) {
    struct str json;
    struct db_args of = DB_ARGS(ACCOUNT, db_v_text(s->id));
    enum rc rc = stages_json(ctx, &s->stages, &json);
    if (rc == OK)
        rc = db_exec(ctx, &delete_variants, of, NULL);
    if (rc == OK)
        rc = db_exec(ctx, &delete_stages, of, NULL);
    struct db_args stages = DB_ARGS(ACCOUNT, db_v_text(s->id), db_v_text(json));
    if (rc == OK)
        rc = db_exec(ctx, &insert_stages, stages, NULL);
    if (rc == OK)
        rc = db_exec(ctx, &insert_variants, stages, NULL);
    return rc == OK ? write_attachments(ctx, s) : rc;
}

static enum rc check_name(struct ctx *ctx, const struct sequence *s) {
    int64_t taken = 0;
    enum rc rc = db_get_int(ctx, &name_is_taken,
                            DB_ARGS(ACCOUNT, db_v_text(s->name), db_v_text(s->id)), &taken);
    return rc == OK && taken ? E_CONFLICT : rc;
}

enum rc sequence_insert(struct ctx *ctx, const struct sequence *s) {
    int64_t changes = 0;
    struct arena *arena = ctx->arena;
    enum rc rc = db_exec(ctx, &insert,
                         DB_ARGS(ACCOUNT, db_v_text(s->id), db_v_text(s->name),
                                 db_v_text(text_lower(arena, s->name)), db_v_text(s->kind),
                                 db_v_text(s->created_by_user_id), settings_json(ctx, s),
                                 sql_texts(arena, s->dynamic_fields_used),
                                 sql_texts(arena, s->fields_required),
                                 sql_texts(arena, s->sender_fields_required),
                                 db_v_int(ctx_now(ctx))),
                         &changes);
    if (rc == OK && changes == 0)
        rc = E_CONFLICT;
    return rc == OK ? write_parts(ctx, s) : rc;
}

enum rc sequence_update(struct ctx *ctx, const struct sequence *s) {
    struct arena *arena = ctx->arena;
    enum rc rc = check_name(ctx, s);
    if (rc == OK)
        rc = db_exec(ctx, &update,
                     DB_ARGS(ACCOUNT, db_v_text(s->id), db_v_text(s->name),
                             db_v_text(text_lower(arena, s->name)), settings_json(ctx, s),
                             sql_texts(arena, s->dynamic_fields_used),
                             sql_texts(arena, s->fields_required),
                             sql_texts(arena, s->sender_fields_required), db_v_int(ctx_now(ctx))),
                     NULL);
    return rc == OK ? write_parts(ctx, s) : rc;
}

enum rc sequence_copy_contents(struct ctx *ctx, struct str from, struct str to) {
    return db_exec(ctx, &copy_attachments, DB_ARGS(ACCOUNT, db_v_text(from), db_v_text(to)), NULL);
}

enum rc sequence_delete(struct ctx *ctx, struct str id) {
    static const struct query *const deletes[]
        = { &delete_attachments, &delete_variants, &delete_stages, &delete_row };
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < LENGTH(deletes); i++)
        rc = db_exec(ctx, deletes[i], DB_ARGS(ACCOUNT, db_v_text(id)), NULL);
    return rc;
}

enum rc sequence_set_status(struct ctx *ctx, struct str id, enum sequence_status from,
                            enum sequence_status to) {
    int64_t changes = 0;
    enum rc rc = db_exec(ctx, &set_status,
                         DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(statuses[from]),
                                 db_v_text(statuses[to]), db_v_int(ctx_now(ctx))),
                         &changes);
    return rc == OK && changes == 0 ? E_CONFLICT : rc;
}

enum rc sequence_work_count(struct ctx *ctx, struct str id, int64_t *ret_n) {
    return db_get_int(ctx, &work_count, DB_ARGS(ACCOUNT, db_v_text(id)), ret_n);
}

#define T struct sequence_ref
static const struct field ref_rows[] = {
    F_ID(T, account_id, .doc = "Account of the sequence."),
    F_ID(T, id, .doc = "Its id."),
};
#undef T
static const struct fields ref_fields
    = FIELDS("SequenceRef", struct sequence_ref, ref_rows, .doc = "A sequence of any account.");

enum rc sequences_unsettled(struct ctx *ctx, struct list *ret_refs) {
    struct list refs = { 0 };
    enum rc rc = db_list(ctx, &unsettled, DB_NO_ARGS, &ref_fields, &refs);
    if (rc == OK)
        *ret_refs = refs;
    return rc;
}
