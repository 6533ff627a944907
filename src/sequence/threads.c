#include "sequence/threads.h"

#include "base/check.h"
#include "base/vec.h"
#include "data/text.h"
#include "data/urls.h"
#include "store/message_threads.h"

enum { PREFIX_MAX = 40 };

static const struct str names[] = {
    [THREAD_IN_REPLY_TO] = { "in_reply_to", 11 },
    [THREAD_REFERENCES] = { "references", 10 },
    [THREAD_OWN_HEADER] = { "own_header", 10 },
    [THREAD_REPORT] = { "report", 6 },
    [THREAD_REPORT_ADDRESS] = { "report_address", 14 },
    [THREAD_SENDER_SUBJECT] = { "sender_subject", 14 },
    [THREAD_SENDER] = { "sender", 6 },
    [THREAD_DOMAIN_SUBJECT] = { "domain_subject", 14 },
};

struct str thread_rule_name(enum thread_rule rule) {
    return names[rule];
}

bool thread_rule_proves(struct str rule_name) {
    for (size_t i = 0; i <= THREAD_REPORT; i++)
        if (str_eq(rule_name, names[i]))
            return true;
    return false;
}

struct finding {
    struct ctx *ctx;
    const struct mailbox *mailbox;
    const struct inbound *in;
    struct message *found;
};

/* --- by name --- */

static enum rc in_reply_to(const struct finding *f) {
    return message_named(f->ctx, f->in->in_reply_to, f->found);
}

static enum rc references(const struct finding *f) {
    return message_named(f->ctx, f->in->references, f->found);
}

static enum rc of_id(const struct finding *f, struct str id) {
    return str_is_set(id) ? message_get(f->ctx, id, f->found) : E_NOT_FOUND;
}

static enum rc own_header(const struct finding *f) {
    return of_id(f, f->in->outrider_id);
}

/* --- by whom --- */

/* "Re: AW: Offer", "Automatic reply: Offer" and "Offer" are about the same. */
static bool same_subject(struct arena *arena, struct str theirs, struct str ours) {
    struct str a = text_fold(arena, theirs), b = text_fold(arena, ours);
    if (str_is_empty(b) || !str_ends(a, b))
        return false;
    size_t before = a.n - b.n; /* folding takes the colon away */
    return before == 0
           || (before <= PREFIX_MAX && a.p[before - 1] == ' ' && str_find(theirs, ':') < theirs.n);
}

/* `subject` absent: whatever it is about. */
static enum rc first_about(const struct finding *f, struct list messages, struct str subject) {
    const struct message *m = messages.p;
    for (size_t i = 0; i < messages.n; i++)
        if (!str_is_set(subject) || same_subject(f->ctx->arena, subject, m[i].subject)) {
            *f->found = m[i];
            return OK;
        }
    return E_NOT_FOUND;
}

static enum rc to_address(const struct finding *f, struct str address, struct str subject) {
    struct email email;
    struct list sent = { 0 };
    if (!str_is_set(address) || email_parse(f->ctx->arena, address, &email) != OK)
        return E_NOT_FOUND;
    enum rc rc = messages_to(f->ctx, f->mailbox->id, email.address, &sent);
    return rc == OK ? first_about(f, sent, subject) : rc;
}

static enum rc sender_subject(const struct finding *f) {
    return to_address(f, f->in->from.address, f->in->subject);
}

static enum rc sender(const struct finding *f) {
    return to_address(f, f->in->from.address, STR_NONE);
}

static enum rc domain_subject(const struct finding *f) {
    struct str domain = email_company_domain(f->ctx->arena, f->in->from.address);
    struct list sent = { 0 };
    if (!str_is_set(domain))
        return E_NOT_FOUND;
    enum rc rc = messages_to_domain(f->ctx, f->mailbox->id, domain, &sent);
    return rc == OK ? first_about(f, sent, f->in->subject) : rc;
}

/* Reports come from machines: what they are about is inside of them. Some return only a few
 * headers. */
static enum rc report(const struct finding *f) {
    const struct inbound_original *original = &f->in->original;
    enum rc rc = of_id(f, original->outrider_id);
    if (rc == E_NOT_FOUND && str_is_set(original->message_id)) {
        struct str id = original->message_id;
        rc = message_named(f->ctx, (struct strs){ &id, 1 }, f->found);
    }
    if (rc == E_NOT_FOUND && !str_is_empty(original->subject))
        rc = to_address(f, original->recipient, original->subject);
    return rc;
}

static enum rc report_address(const struct finding *f) {
    const struct bounce *b = f->in->bounces.p;
    enum rc rc = E_NOT_FOUND;
    for (size_t i = 0; rc == E_NOT_FOUND && i < f->in->bounces.n; i++)
        rc = to_address(f, b[i].recipient, STR_NONE);
    return rc == E_NOT_FOUND && f->in->bounces.n ? to_address(f, f->in->original.recipient, STR_NONE) : rc;
}

static enum rc (*const rules[])(const struct finding *) = {
    [THREAD_IN_REPLY_TO] = in_reply_to,
    [THREAD_REFERENCES] = references,
    [THREAD_OWN_HEADER] = own_header,
    [THREAD_REPORT] = report,
    [THREAD_REPORT_ADDRESS] = report_address,
    [THREAD_SENDER_SUBJECT] = sender_subject,
    [THREAD_SENDER] = sender,
    [THREAD_DOMAIN_SUBJECT] = domain_subject,
};

bool thread_names(const struct inbound *in, const struct message *m) {
    const struct inbound_original *original = &in->original;
    return strs_have(in->in_reply_to, m->message_id) || strs_have(in->references, m->message_id)
           || str_eq(in->outrider_id, m->id) || str_eq(original->outrider_id, m->id)
           || str_eq(original->message_id, m->message_id);
}

enum rc thread_find(struct ctx *ctx, const struct mailbox *mailbox, const struct inbound *in,
                    struct thread *ret_thread) {
    struct message message = { .id = STR_NONE };
    const struct finding f = { ctx, mailbox, in, &message };
    for (size_t i = 0; i < LENGTH(rules); i++) {
        enum rc rc = rules[i](&f);
        if (rc == E_NOT_FOUND)
            continue;
        if (rc == OK)
            *ret_thread = (struct thread){ (enum thread_rule) i, message };
        return rc;
    }
    return E_NOT_FOUND;
}
