/* What speaks against the request as a whole: each is an error with the API's code. */
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/urls.h"
#include "sequence/add_leads_private.h"
#include "sequence/connections_check.h"
#include "sequence/people.h"
#include "sequence/stage_kinds.h"
#include "store/account_settings.h"
#include "store/senders.h"

enum { MESSAGE_MAX_BYTES = 64 * 1024 };

void add_lead_error(struct adding *a, const char *code, struct str message) {
    *(struct lead_error *) list_add(a->ctx->arena, &a->errors.validation_errors,
                                    sizeof(struct lead_error))
        = (struct lead_error){ str_of(code), message };
}

size_t added_count(const struct adding *a) {
    size_t n = 0;
    for (size_t i = 0; i < a->candidates.n; i++)
        n += is_added(candidate_at(a, i));
    return n;
}

/* --- who writes --- */

static bool has_email(const struct adding *a) {
    const struct sequence_stage *stage = a->sequence.stages.p;
    for (size_t i = 0; i < a->sequence.stages.n; i++)
        if (stage_kind_of(stage[i].type)->flags & STAGE_IS_EMAIL)
            return true;
    return false;
}

static void add_to_pool(struct adding *a, const struct sender *sender, int64_t weight) {
    *(const struct sender **) list_add(a->ctx->arena, &a->pool.senders, sizeof sender) = sender;
    ints_add(a->ctx->arena, &a->pool.weights, weight);
}

static bool is_usable(const struct sender *sender, bool writes) {
    return sender->is_user_active
           && (str_is_set(sender->mailbox_id) ? sender->is_mailbox_active : !writes);
}

/* Senders that cannot write are passed over as long as another one can. */
static enum rc find_own(struct adding *a) {
    const struct sequence_settings *settings = a->sequence.settings;
    const struct sequence_sender *s = settings->senders.p;
    struct strs ids = { 0 };
    struct list *known = ARENA_NEW(a->ctx->arena, struct list);
    bool writes = has_email(a), weighted = str_eq(settings->distribution, STR("weighted"));
    for (size_t i = 0; i < settings->senders.n; i++)
        if (!strs_have(ids, s[i].user_id))
            strs_add(a->ctx->arena, &ids, s[i].user_id);
    enum rc rc = senders_of_users(a->ctx, ids, known);
    for (size_t i = 0; rc == OK && i < settings->senders.n; i++) {
        const struct sender *sender = sender_find(known, s[i].user_id, s[i].mailbox_id);
        if (sender && is_usable(sender, writes))
            add_to_pool(a, sender, weighted && s[i].weight.set ? s[i].weight.v : 1);
    }
    if (rc == OK && !a->pool.senders.n)
        add_lead_error(a, "mailbox_unusable",
                       STR("None of the sequence's senders can be used at the moment"));
    return rc;
}

static struct strs lower_addresses(struct adding *a, struct strs mailboxes) {
    struct strs emails = { 0 };
    for (size_t i = 0; i < mailboxes.n; i++) {
        struct email email;
        bool good = email_parse(a->ctx->arena, mailboxes.p[i], &email) == OK;
        strs_add(a->ctx->arena, &emails, good ? email.address : mailboxes.p[i]);
    }
    return emails;
}

static const struct sender *with_mailbox(const struct list *senders, struct str email) {
    const struct sender *s = senders->p;
    for (size_t i = 0; i < senders->n; i++)
        if (str_eq(s[i].mailbox_email, email))
            return &s[i];
    return NULL;
}

/* What was asked for by name is used or refused. */
static enum rc find_custom(struct adding *a, struct strs mailboxes) {
    struct strs emails = lower_addresses(a, mailboxes);
    struct list *known = ARENA_NEW(a->ctx->arena, struct list);
    enum rc rc = senders_of_mailboxes(a->ctx, emails, known);
    for (size_t i = 0; rc == OK && i < emails.n; i++) {
        const struct sender *sender = with_mailbox(known, emails.p[i]);
        if (sender && is_usable(sender, true))
            add_to_pool(a, sender, 1);
        else
            add_lead_error(a, "mailbox_unusable",
                           arena_printf(a->ctx->arena, "The mailbox %.*s %s", STR_FMT(mailboxes.p[i]),
                                        sender ? "cannot be used at the moment" : "is not connected"));
    }
    if (rc == OK && !emails.n)
        add_lead_error(a, "mailbox_unusable", STR("No mailbox was named"));
    return rc;
}

enum rc pool_find(struct adding *a) {
    const struct add_leads_settings *settings = a->add->request->settings;
    bool custom = settings && str_eq(settings->leads_distribution, STR("custom_mailboxes"));
    return custom ? find_custom(a, settings->mailboxes) : find_own(a);
}

/* --- the sequence --- */

static void check_status(struct adding *a) {
    enum sequence_status status = sequence_status_of(&a->sequence);
    bool good = status == SEQUENCE_ACTIVE || status == SEQUENCE_PAUSED
                || (status == SEQUENCE_DRAFT && a->add->to_drafts);
    if (!good)
        add_lead_error(a, "invalid_sequence_status",
                       arena_printf(a->ctx->arena, "The sequence is %.*s: it takes no leads",
                                    STR_FMT(a->sequence.status)));
    if (str_eq(a->sequence.kind, STR("reply_sequence")) && !str_is_set(a->add->reply_id))
        add_lead_error(a, "other_validation_error",
                       STR("A reply sequence runs inside a thread: leads come to it by a reply"));
}

static enum rc check_limits(struct adding *a) {
    struct account_settings account;
    enum rc rc = account_settings_get(a->ctx, &account);
    if (rc != OK)
        return rc;
    long long total = a->leads_before + (int64_t) added_count(a);
    const struct opt_int own = a->sequence.settings->lead_limit;
    if (own.set && total > own.v)
        add_lead_error(a, "total_leads_exceed_limit",
                       arena_printf(a->ctx->arena,
                                    "Number of leads %lld would exceed the per-sequence limit of %lld",
                                    total, (long long) own.v));
    if (total > account.sequence_lead_limit.v)
        add_lead_error(a, "max_leads_threshold_reached",
                       arena_printf(a->ctx->arena,
                                    "Number of leads %lld would exceed the account-wide limit of %lld "
                                    "for each sequence",
                                    total, (long long) account.sequence_lead_limit.v));
    return OK;
}

/* --- fields --- */

static void check_field(struct adding *a, struct str name) {
    struct buf indexes = buf_in(a->ctx->arena, MESSAGE_MAX_BYTES);
    for (size_t i = 0; i < a->candidates.n; i++)
        if (!str_is_set(candidate_value(candidate_at(a, i), name)))
            buf_printf(&indexes, "%s%zu", indexes.n ? ", " : "", i);
    if (indexes.n)
        add_lead_error(a, "missing_lead_field",
                       arena_printf(a->ctx->arena,
                                    "Missing lead dynamic field '%.*s' on leads with indexes [%.*s]",
                                    STR_FMT(name), STR_FMT(buf_text(&indexes))));
}

static void check_sender_field(struct adding *a, struct str name) {
    const struct sender **sender = a->pool.senders.p;
    struct buf users = buf_in(a->ctx->arena, MESSAGE_MAX_BYTES);
    for (size_t i = 0; i < a->pool.senders.n; i++) {
        struct map values = map_in(a->ctx->arena), html = map_in(a->ctx->arena);
        people_add_sender(a->ctx->arena, sender[i], &values, &html);
        if (!map_get(&values, name))
            buf_printf(&users, "%s%.*s", users.n ? ", " : "", STR_FMT(sender[i]->user_email));
    }
    if (users.n)
        add_lead_error(a, "missing_sender_field",
                       arena_printf(a->ctx->arena, "Missing sender field '%.*s' of %.*s",
                                    STR_FMT(name), STR_FMT(buf_text(&users))));
}

static enum rc check_connections(struct adding *a) {
    const struct sender **sender = a->pool.senders.p;
    struct strs users = { 0 };
    struct list missing = { 0 };
    int64_t leads = (int64_t) added_count(a), n = (int64_t) a->pool.senders.n;
    for (size_t i = 0; i < a->pool.senders.n; i++)
        if (!strs_have(users, sender[i]->user_id))
            strs_add(a->ctx->arena, &users, sender[i]->user_id);
    if (!n)
        return OK;
    enum rc rc = connections_check(a->ctx, &a->sequence.stages, users, (leads + n - 1) / n, &missing);
    const struct missing_connection *m = missing.p;
    for (size_t i = 0; rc == OK && i < missing.n; i++)
        add_lead_error(a, m[i].code, m[i].message);
    return rc;
}

enum rc adding_validate(struct adding *a) {
    check_status(a);
    enum rc rc = check_limits(a);
    for (size_t i = 0; i < a->sequence.fields_required.n; i++)
        check_field(a, a->sequence.fields_required.p[i]);
    for (size_t i = 0; i < a->sequence.sender_fields_required.n; i++)
        check_sender_field(a, a->sequence.sender_fields_required.p[i]);
    return rc == OK ? check_connections(a) : rc;
}
