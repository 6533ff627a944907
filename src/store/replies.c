#include "store/replies.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/rand.h"
#include "data/labels.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/forget.h"
#include "store/queries.h"
#include "store/secrets.h"
#include "store/services.h"

enum { OBJECT_MAX_BYTES = 64 * 1024 };
#define HIDDEN "hidden:" /* header_id: a hash is behind it */

static const struct str sources[] = { [LABELED_BY_RULES] = { "rules", 5 },
                                      [LABELED_BY_MODEL] = { "model", 5 },
                                      [LABELED_BY_HOOK] = { "hook", 4 },
                                      [LABELED_BY_PERSON] = { "person", 6 } };
const struct enum_values enum_label_sources = { "LabelSource", sources, LENGTH(sources) };

static const struct str classes[] = { [BOUNCED_HARD] = { "hard", 4 },
                                      [BOUNCED_SOFT] = { "soft", 4 },
                                      [BOUNCED_SENDER] = { "sender", 6 } };
const struct enum_values enum_bounce_classes = { "BounceClass", classes, LENGTH(classes) };

#define T struct referred_person
static const struct field referred_rows[] = {
    F_STR(T, email, .example = "ana@example.com", .doc = "Address."),
    F_STR(T, first_name, .example = "Ana", .doc = "First name."),
    F_STR(T, last_name, .example = "Silva", .doc = "Last name."),
    F_STR(T, title, .example = "Head of Purchasing", .doc = "Title."),
    F_STR(T, company_name, .example = "Example Ltd", .doc = "Company."),
    F_STR(T, company_domain, .example = "example.com", .doc = "Its domain."),
};
#undef T
const struct fields referred_person_fields
    = FIELDS("ReferredPerson", struct referred_person, referred_rows,
             .doc = "Whom a reply names as the right person.");

#define T struct reply_bounce
static const struct field bounce_rows[] = {
    F_STR(T, recipient, .example = "lead@example.com", .doc = "Who did not get it."),
    F_STR(T, reason, .example = "no_such_user", .doc = "Why, in one word."),
    F_STR(T, status, .example = "5.1.1", .doc = "Enhanced status code."),
    F_STR(T, diagnostic, .doc = "What the server said."),
};
#undef T
const struct fields reply_bounce_fields
    = FIELDS("ReplyBounce", struct reply_bounce, bounce_rows,
             .doc = "What a report says of a message that did not arrive.");

#define T struct reply_effects
static const struct field effect_rows[] = {
    F_STR(T, lead_ended, .example = "replied", .doc = "The status that it gave to its lead."),
    F_STR(T, lead_was, .example = "active", .doc = "The status before."),
    F_STR(T, excluded_email, .doc = "The address that it put on the exclusion list."),
    F_BOOL(T, lead_paused, .doc = "It paused its lead."),
};
#undef T
const struct fields reply_effects_fields
    = FIELDS("ReplyEffects", struct reply_effects, effect_rows, .doc = "What a reply did.");

#define T struct stored_reply
static const struct field reply_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "Id of the reply."),
    F_STR(T, kind, .flags = FIELD_REQUIRED, .example = "person", .doc = "What sort of message it is."),
    F_STR(T, kind_rule, .example = "header auto-submitted", .doc = "What that was told by."),
    F_STR(T, matched_by, .flags = FIELD_REQUIRED, .example = "in_reply_to",
          .doc = "How its message was found."),
    F_ID(T, mailbox_id, .flags = FIELD_REQUIRED, .doc = "The mailbox that got it."),
    F_ID(T, user_id, .flags = FIELD_REQUIRED, .doc = "Whose message it belongs to."),
    F_ID(T, message_id, .flags = FIELD_REQUIRED, .doc = "The message that it belongs to."),
    F_ID(T, lead_id, .flags = FIELD_REQUIRED, .doc = "The lead."),
    F_ID(T, sequence_id, .flags = FIELD_REQUIRED, .doc = "The sequence."),
    F_ID(T, stage_id, .flags = FIELD_REQUIRED, .doc = "The stage of the message."),
    F_ID(T, contact_id, .doc = "The contact; absent when they were removed."),
    F_STR(T, header_id, .flags = FIELD_HIDDEN),
    F_STR(T, from_address, .example = "lead@example.com", .doc = "Who wrote it."),
    F_STR(T, from_name, .doc = "Their name, as they write it."),
    F_STRS(T, to_addresses, .doc = "To whom."),
    F_STRS(T, cc_addresses, .doc = "Who got a copy."),
    F_STR(T, subject, .doc = "Its subject."),
    F_STR(T, snippet, .doc = "How it begins."),
    F_STR(T, last_message, .doc = "What is new in it, without quotes and signature; not in lists."),
    F_STR(T, body, .doc = "All of it, as plain text; not in lists."),
    F_TIME(T, dated_at, .flags = FIELD_REQUIRED, .doc = "When it was written."),
    F_ENUM(T, label, .values = &enum_labels, .example = "interested",
           .doc = "What it means; absent when nothing is certain enough."),
    F_ENUM(T, label_source, .values = &enum_label_sources, .example = "model",
           .doc = "Who said so."),
    F_INT(T, confidence, .example = "912", .doc = "How certain that is, of 1000."),
    F_STRS(T, evidence, .doc = "What speaks for the label."),
    F_DATE(T, return_on, .example = "2026-01-07", .doc = "The day when they are back."),
    F_DATE(T, follow_up_on, .example = "2026-04-01", .doc = "The day from which to write again."),
    F_OBJECT(T, referred, struct referred_person, .of = &referred_person_fields,
             .doc = "Whom to write to instead."),
    F_ENUM(T, bounce_class, .values = &enum_bounce_classes, .example = "hard",
           .doc = "Of a bounce: hard when no later try would arrive, soft when it may, sender when "
                  "the address is not to blame."),
    F_OBJECT(T, bounce, struct reply_bounce, .of = &reply_bounce_fields,
             .doc = "Of a bounce: why it did not arrive."),
    F_OBJECT(T, effects, struct reply_effects, .of = &reply_effects_fields,
             .doc = "What it did."),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was read."),
    F_TIME(T, updated_at, .flags = FIELD_REQUIRED, .doc = "When its label was changed last."),
};
#undef T
const struct fields stored_reply_fields
    = FIELDS("Reply", struct stored_reply, reply_rows,
             .doc = "What came back from a lead, or about a message to it.");

/* --- queries --- */

static const struct query insert
    = { "reply_insert",
        "INSERT INTO replies (account_id, id, kind, kind_rule, matched_by, mailbox_id, user_id, "
        "message_id, lead_id, sequence_id, stage_id, contact_id, header_id, from_address, "
        "from_name, to_addresses, cc_addresses, subject, snippet, last_message, body, dated_at, "
        "bounce_class, bounce, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
        "$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $25) "
        "ON CONFLICT (account_id, header_id) DO NOTHING",
        NULL };
static const struct query put_source
    = { "reply_put_source",
        "INSERT INTO reply_sources (account_id, reply_id, read_at, source) VALUES ($1, $2, $3, $4)",
        NULL };
static const struct query set_label
    = { "reply_label_store",
        "UPDATE replies SET label = $3, label_source = $4, confidence = $5, evidence = $6, "
        "return_on = $7, follow_up_on = $8, referred = $9, effects = $10, updated_at = $11 "
        "WHERE account_id = $1 AND id = $2",
        NULL };
#define SELECT(texts)                                                                          \
    "SELECT id, kind, kind_rule, matched_by, mailbox_id, user_id, message_id, lead_id, "       \
    "sequence_id, stage_id, contact_id, header_id, from_address, from_name, to_addresses, "    \
    "cc_addresses, subject, snippet, " texts "dated_at, label, label_source, "                 \
    "confidence, evidence, return_on, follow_up_on, referred, bounce_class, bounce, effects, " \
    "created_at, updated_at FROM replies WHERE account_id = "
#define ONE SELECT("last_message, body, ") "$1 AND id = $2"
static const struct query get = { "reply_get", ONE, NULL };
static const struct query lock = { "reply_lock", ONE, ONE " FOR UPDATE" };
#define FILTERS                                                  \
    "(CAST($4 AS TEXT) IS NULL OR sequence_id = $4) "            \
    "AND (CAST($5 AS TEXT) IS NULL OR lead_id = $5) "            \
    "AND (CAST($6 AS TEXT) IS NULL OR mailbox_id = $6) "         \
    "AND (CAST($7 AS TEXT) IS NULL OR kind = $7) "               \
    "AND (CAST($8 AS TEXT) IS NULL OR label = $8) "              \
    "AND (CAST($9 AS BIGINT) = 0 OR (kind = 'person' AND label IS NULL)) "
/* Newest first: what comes after a cursor is older; an empty one is before all. */
static const struct query list_after
    = { "replies_after",
        SELECT("") "$3 AND (id < $1 OR $1 = '') AND " FILTERS "ORDER BY id DESC LIMIT $2", NULL };
static const struct query list_before
    = { "replies_before", SELECT("") "$3 AND id > $1 AND " FILTERS "ORDER BY id LIMIT $2", NULL };
static const struct query source_of
    = { "reply_source",
        "SELECT source FROM reply_sources WHERE account_id = $1 AND reply_id = $2", NULL };
static const struct query soft_bounces
    = { "replies_soft_bounces",
        "SELECT count(*) FROM replies WHERE account_id = $1 AND lead_id = $2 "
        "AND bounce_class = 'soft' AND created_at > $3 "
        "AND created_at > (SELECT coalesce(max(created_at), 0) FROM replies WHERE account_id = $1 "
        "AND lead_id = $2 AND kind IN ('person', 'out_of_office', 'auto_reply')) "
        "AND created_at > (SELECT coalesce(max(at), 0) FROM events WHERE account_id = $1 "
        "AND lead_id = $2 AND kind = 'lead_retried')",
        NULL };
static const struct query known
    = { "reply_is_known", "SELECT count(*) FROM replies WHERE account_id = $1 AND header_id = $2", NULL };
static const struct query hide
    = { "reply_hide_id", "UPDATE replies SET header_id = $3 WHERE account_id = $1 AND id = $2", NULL };
#define HEADERS_OF(whose) "SELECT account_id, id, header_id FROM replies WHERE " whose
static const struct query contacts_headers
    = { "replies_contacts_headers", HEADERS_OF(FORGET_CONTACTS), NULL };
static const struct query leads_headers = { "replies_leads_headers", HEADERS_OF(FORGET_LEADS), NULL };
static const struct query writers_headers
    = { "replies_writers_headers", HEADERS_OF("from_address = $1"), NULL };
#define FORGET_SOURCES(whose)                                     \
    "DELETE FROM reply_sources WHERE (account_id, reply_id) IN "  \
    "(SELECT account_id, id FROM replies WHERE " whose ")"
#define FORGET(whose)                                                                           \
    "UPDATE replies SET contact_id = NULL, from_address = NULL, from_name = NULL, "             \
    "to_addresses = NULL, cc_addresses = NULL, subject = NULL, snippet = NULL, "                \
    "last_message = NULL, body = NULL, evidence = NULL, referred = NULL, bounce = NULL, "       \
    "effects = NULL WHERE " whose
static const struct query forget_contact_sources
    = { "replies_forget_contact_sources", FORGET_SOURCES(FORGET_CONTACTS), NULL };
static const struct query forget_lead_sources
    = { "replies_forget_lead_sources", FORGET_SOURCES(FORGET_LEADS), NULL };
static const struct query forget_contacts
    = { "replies_forget_contacts", FORGET(FORGET_CONTACTS), NULL };
static const struct query forget_leads = { "replies_forget_leads", FORGET(FORGET_LEADS), NULL };
/* Somebody else's lead may have been answered by a colleague. */
static const struct query forget_writer_sources
    = { "replies_forget_writer_sources", FORGET_SOURCES("from_address = $1"), NULL };
static const struct query forget_writer
    = { "replies_forget_writer", FORGET("from_address = $1"), NULL };
static const struct query prune
    = { "reply_sources_prune",
        "DELETE FROM reply_sources WHERE (account_id, reply_id) IN (SELECT account_id, reply_id "
        "FROM reply_sources WHERE read_at < $1 ORDER BY read_at LIMIT $2)",
        NULL };

static const struct query *const queries[]
    = { &insert,       &put_source,   &set_label,             &get,
        &lock,         &list_after,   &list_before,           &source_of,
        &soft_bounces, &prune,        &forget_contact_sources, &forget_lead_sources,
        &forget_contacts, &forget_leads, &forget_writer_sources, &forget_writer,
        &known,        &hide,         &contacts_headers,      &leads_headers,
        &writers_headers };
const struct query_table reply_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* --- writing --- */

/* Of an object that is not there: NULL. */
static struct db_value object(struct ctx *ctx, const struct fields *fields, const void *value) {
    if (!value)
        return db_v_text(STR_NONE);
    struct buf b = buf_in(ctx->arena, OBJECT_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_fields(&w, fields, value);
    return db_v_text(buf_result(&b) == OK ? buf_text(&b) : STR_NONE);
}

struct str reply_hidden_id(struct ctx *ctx, struct str header_id) {
    struct buf b = buf_in(ctx->arena, 100);
    ASSERT(ctx->services && ctx->services->secrets);
    buf_str(&b, STR(HIDDEN));
    buf_hex(&b, secrets_hash(ctx->services->secrets, ctx->arena, "header_id", header_id));
    return buf_text(&b);
}

enum rc reply_is_known(struct ctx *ctx, struct str header_id, bool *ret_known) {
    int64_t n = 0;
    enum rc rc = db_get_int(ctx, &known, DB_ARGS(ACCOUNT, db_v_text(header_id)), &n);
    *ret_known = n > 0;
    return rc;
}

enum rc reply_insert(struct ctx *ctx, struct stored_reply *r, struct str source, bool *ret_known) {
    struct db_value now = db_v_int(ctx_now(ctx));
    int64_t changes = 0;
    r->id = uuid_new(ctx->arena, now.i);
    r->created_at = r->updated_at = opt_int(now.i);
    enum rc rc = db_exec(ctx, &insert,
                         DB_ARGS(ACCOUNT, db_v_text(r->id), db_v_text(r->kind), db_v_text(r->kind_rule),
                                 db_v_text(r->matched_by), db_v_text(r->mailbox_id), db_v_text(r->user_id),
                                 db_v_text(r->message_id), db_v_text(r->lead_id),
                                 db_v_text(r->sequence_id), db_v_text(r->stage_id),
                                 db_v_text(r->contact_id), db_v_text(r->header_id),
                                 db_v_text(r->from_address), db_v_text(r->from_name),
                                 sql_texts(ctx->arena, r->to_addresses),
                                 sql_texts(ctx->arena, r->cc_addresses), db_v_text(r->subject),
                                 db_v_text(r->snippet), db_v_text(r->last_message), db_v_text(r->body),
                                 db_v_int(r->dated_at.v), db_v_text(r->bounce_class),
                                 object(ctx, &reply_bounce_fields, r->bounce), now),
                         &changes);
    *ret_known = rc == OK && changes == 0;
    if (rc != OK || *ret_known)
        return rc;
    return db_exec(ctx, &put_source, DB_ARGS(ACCOUNT, db_v_text(r->id), now, db_v_blob(source)), NULL);
}

enum rc reply_label_store(struct ctx *ctx, const struct stored_reply *r) {
    return db_exec(ctx, &set_label,
                   DB_ARGS(ACCOUNT, db_v_text(r->id), db_v_text(r->label), db_v_text(r->label_source),
                           db_v_opt(r->confidence), sql_texts(ctx->arena, r->evidence),
                           db_v_text(r->return_on), db_v_text(r->follow_up_on),
                           object(ctx, &referred_person_fields, r->referred),
                           object(ctx, &reply_effects_fields, r->effects), db_v_int(ctx_now(ctx))),
                   NULL);
}

/* --- reading --- */

static enum rc read_one(struct ctx *ctx, const struct query *query, struct str id,
                        struct stored_reply *ret_reply) {
    struct stored_reply found = { 0 };
    enum rc rc = db_get(ctx, query, DB_ARGS(ACCOUNT, db_v_text(id)), &stored_reply_fields, &found);
    if (rc == OK)
        *ret_reply = found;
    return rc;
}

enum rc reply_get(struct ctx *ctx, struct str id, struct stored_reply *ret_reply) {
    return read_one(ctx, &get, id, ret_reply);
}

enum rc reply_lock(struct ctx *ctx, struct str id, struct stored_reply *ret_reply) {
    return read_one(ctx, &lock, id, ret_reply);
}

enum rc reply_source(struct ctx *ctx, struct str id, struct str *ret_source) {
    return db_get_text(ctx, &source_of, DB_ARGS(ACCOUNT, db_v_text(id)), ret_source);
}

enum rc replies_list(struct ctx *ctx, const struct reply_filter *f, const struct page *page,
                     struct page_of *ret_page) {
    static const struct page_queries pages
        = { &list_after, &list_before, &stored_reply_fields, offsetof(struct stored_reply, id) };
    return page_read(ctx, &pages, page,
                     DB_ARGS(ACCOUNT, db_v_text(f->sequence_id), db_v_text(f->lead_id),
                             db_v_text(f->mailbox_id), db_v_text(f->kind), db_v_text(f->label),
                             db_v_int(f->unlabeled == YES)),
                     ret_page);
}

enum rc replies_soft_bounces(struct ctx *ctx, struct str lead_id, int64_t since_ms, int64_t *ret_n) {
    return db_get_int(ctx, &soft_bounces, DB_ARGS(ACCOUNT, db_v_text(lead_id), db_v_int(since_ms)), ret_n);
}

/* --- forgetting --- */

struct headed {
    struct str account_id, id, header_id;
};
static const struct field headed_rows[]
    = { F_ID(struct headed, account_id), F_ID(struct headed, id), F_STR(struct headed, header_id) };
static const struct fields headed_fields
    = FIELDS("ReplyHeader", struct headed, headed_rows, .doc = "A reply and its Message-ID.");

enum rc replies_hide_ids(struct ctx *ctx, const struct query *which, struct db_args args) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, which, args, &headed_fields, &found);
    const struct headed *r = found.p;
    for (size_t i = 0; rc == OK && i < found.n; i++)
        if (!str_starts(r[i].header_id, STR(HIDDEN)))
            rc = db_exec(ctx, &hide,
                         DB_ARGS(db_v_text(r[i].account_id), db_v_text(r[i].id),
                                 db_v_text(reply_hidden_id(ctx, r[i].header_id))),
                         NULL);
    return rc;
}

enum rc replies_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    struct db_args both = DB_ARGS(db_v_text(email), db_v_text(linkedin_key)), writer = DB_ARGS(db_v_text(email));
    static const struct query *const by_both[]
        = { &forget_contact_sources, &forget_lead_sources, &forget_contacts, &forget_leads };
    static const struct query *const by_writer[] = { &forget_writer_sources, &forget_writer };
    enum rc rc = replies_hide_ids(ctx, &contacts_headers, both);
    if (rc == OK)
        rc = replies_hide_ids(ctx, &leads_headers, both);
    if (rc == OK && str_is_set(email))
        rc = replies_hide_ids(ctx, &writers_headers, writer);
    for (size_t i = 0; rc == OK && i < LENGTH(by_both); i++)
        rc = db_exec(ctx, by_both[i], both, NULL);
    for (size_t i = 0; rc == OK && i < LENGTH(by_writer) && str_is_set(email); i++)
        rc = db_exec(ctx, by_writer[i], writer, NULL);
    return rc;
}

struct pruning {
    int64_t before, limit;
};

static enum rc prune_work(struct ctx *ctx, void *arg) {
    const struct pruning *p = arg;
    return db_exec(ctx, &prune, DB_ARGS(db_v_int(p->before), db_v_int(p->limit)), NULL);
}

enum rc reply_sources_prune(struct ctx *ctx, int64_t before, int64_t limit) {
    struct pruning pruning = { before, limit };
    return db_transact(ctx, prune_work, &pruning);
}
