#include "sequence/inbox_message.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/hmac.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "data/urls.h"
#include "reply/addresses.h"
#include "sequence/delivery.h"
#include "sequence/reply_effects.h"
#include "sequence/reply_label.h"
#include "store/bounced_addresses.h"
#include "store/message_threads.h"
#include "store/removals.h"
#include "store/reply_addresses.h"

/* Rows are shown whole; what is longer is in the message's source. */
enum { BODY_MAX_BYTES = 256 * 1024, TEXT_MAX_BYTES = 2000 };

/* --- by the headers --- */

static bool is_own(const struct mailbox *mailbox, struct str address) {
    if (str_eq_nocase(address, mailbox->email))
        return true;
    for (size_t i = 0; i < mailbox->aliases.n; i++)
        if (str_eq_nocase(address, mailbox->aliases.p[i]))
            return true;
    return false;
}

static bool is_machine(const struct inbound *in) {
    static const char *const names[]
        = { "mailer-daemon", "postmaster", "mail-daemon", "maildaemon", "bounce", "mdaemon" };
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_starts_nocase(in->from.address, str_of(names[i])))
            return true;
    return str_is_empty(in->from.address) || str_starts_nocase(in->message->media_type, STR("multipart/report"))
           || (in->kind != INBOUND_PERSON && in->kind != INBOUND_OUT_OF_OFFICE);
}

enum rc inbox_interest(struct ctx *ctx, const struct mailbox *mailbox, const struct inbound *in,
                       enum inbox_interest *ret_interest) {
    struct thread thread;
    struct message own;
    struct str id = in->message_id;
    *ret_interest = INBOX_OTHER;
    if (is_own(mailbox, in->from.address)) /* a copy of what the mailbox has sent */
        return OK;
    enum rc rc = message_named(ctx, (struct strs){ &id, str_is_empty(id) ? 0 : 1 }, &own);
    if (rc != E_NOT_FOUND) /* what a mailbox of the account has sent to this one */
        return rc;
    rc = thread_find(ctx, mailbox, in, &thread);
    if (rc == OK)
        *ret_interest = INBOX_THREAD;
    else if (rc == E_NOT_FOUND && is_machine(in))
        *ret_interest = INBOX_PERHAPS;
    return rc == E_NOT_FOUND ? OK : rc;
}

/* What came, and where. */
struct receiving {
    const struct mailbox *mailbox;
    const struct inbound *in;
    struct str source;
    const struct inbox_place *place;
};

/* --- the row --- */

/* Without control characters (C0, DEL, C1) but for those of lines: nobody means them, and a
 * terminal would do what they say. */
static struct str shown(struct ctx *ctx, struct str text) {
    struct str rest = text;
    struct buf b = buf_in(ctx->arena, text.n + 1);
    while (rest.n) {
        unsigned char c = (unsigned char) rest.p[0], next = rest.n > 1 ? (unsigned char) rest.p[1] : 0;
        bool is_c1 = c == 0xC2 && next >= 0x80 && next < 0xA0; /* as UTF-8 has them */
        bool is_control = (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7F;
        if (!is_c1 && !is_control)
            buf_char(&b, (char) c);
        rest = str_sub(rest, is_c1 ? 2 : 1, rest.n);
    }
    return str_is_set(text) ? buf_text(&b) : text;
}

static struct strs addresses(struct ctx *ctx, struct list of) {
    const struct mime_address *a = of.p;
    struct strs found = { 0 };
    for (size_t i = 0; i < of.n && found.n < 100; i++)
        strs_add(ctx->arena, &found, utf8_cut(a[i].address, TEXT_MAX_BYTES));
    return found;
}

/* Of one without a Message-ID: made of its bytes, which cannot be read back from it. */
static struct str header_id(struct ctx *ctx, const struct inbound *in, struct str source) {
    unsigned char mac[HMAC_BYTES];
    struct buf b = buf_in(ctx->arena, 100);
    if (!str_is_empty(in->message_id))
        return utf8_cut(in->message_id, TEXT_MAX_BYTES);
    hmac_sha256(STR("reply"), &source, 1, mac);
    buf_str(&b, STR("none:"));
    buf_hex(&b, (struct str){ (const char *) mac, sizeof mac });
    return buf_text(&b);
}

static struct str normal_form(struct ctx *ctx, struct str address) {
    struct email email;
    return email_parse(ctx->arena, address, &email) == OK ? email.address : utf8_cut(address, TEXT_MAX_BYTES);
}

static const enum bounce_class class_of_group[] = {
    [BOUNCE_OF_ADDRESS] = BOUNCED_HARD,
    [BOUNCE_OF_MAILBOX] = BOUNCED_SOFT,
    [BOUNCE_OF_SENDER] = BOUNCED_SENDER,
};

/* Servers try for five days, some for seven; a report that comes later tells nothing of the
 * address as it is now. */
#define BOUNCE_MAX_AGE_MS (14 * DAY_MS)

static bool is_in_time(const struct ctx *ctx, const struct message *m) {
    int64_t sent_at = m->sent_at.set ? m->sent_at.v : m->dated_at.set ? m->dated_at.v : m->updated_at.v;
    return ctx_now(ctx) - sent_at <= BOUNCE_MAX_AGE_MS;
}

/* Of several recipients the one that the message went to. Without a class nothing follows. */
static void set_bounce(struct ctx *ctx, const struct inbound *in, const struct message *m,
                       struct stored_reply *reply) {
    const struct bounce *all = in->bounces.p, *b = all;
    bool is_other = true; /* somebody to whom the recipient's mail is passed on */
    for (size_t i = 0; i < in->bounces.n; i++)
        if (str_eq_nocase(all[i].recipient, m->recipient)) {
            b = &all[i];
            is_other = false;
        }
    if (in->bounces.n == 0)
        return;
    reply->bounce = ARENA_NEW(ctx->arena, struct reply_bounce);
    *reply->bounce = (struct reply_bounce){
        .recipient = utf8_cut(b->recipient, TEXT_MAX_BYTES),
        .reason = str_of(bounce_reason_word(b->reason)),
        .status = utf8_cut(b->status, TEXT_MAX_BYTES),
        .diagnostic = utf8_cut(b->diagnostic, TEXT_MAX_BYTES),
    };
    enum bounce_group group = bounce_reason_group(b->reason);
    bool counts = thread_rule_proves(reply->matched_by) && is_in_time(ctx, m);
    if (in->kind != INBOUND_BOUNCE || group == BOUNCE_OF_REPORT || !counts)
        return;
    enum bounce_class class = class_of_group[group];
    class = class == BOUNCED_HARD && is_other && str_is_set(b->recipient) ? BOUNCED_SOFT : class;
    reply->bounce_class = enum_bounce_classes.values[class];
}

static struct stored_reply row_of(struct ctx *ctx, const struct receiving *r, const struct thread *thread) {
    const struct message *m = &thread->message;
    const struct inbound *in = r->in;
    struct stored_reply reply = {
        .kind = str_of(inbound_kind_word(in->kind)),
        .kind_rule = in->rule ? str_of(in->rule) : STR_NONE,
        .matched_by = thread_rule_name(thread->rule),
        .mailbox_id = r->mailbox->id, .user_id = m->user_id,
        .message_id = m->id, .lead_id = m->lead_id, .sequence_id = m->sequence_id,
        .stage_id = m->stage_id, .contact_id = m->contact_id,
        .header_id = header_id(ctx, in, r->source),
        .from_address = normal_form(ctx, in->from.address),
        .from_name = utf8_cut(shown(ctx, in->from.name), TEXT_MAX_BYTES),
        .to_addresses = addresses(ctx, in->message->to),
        .cc_addresses = addresses(ctx, in->message->cc),
        .subject = utf8_cut(shown(ctx, in->subject), TEXT_MAX_BYTES),
        .snippet = shown(ctx, in->snippet),
        .last_message = utf8_cut(shown(ctx, in->last_message), BODY_MAX_BYTES),
        .body = utf8_cut(shown(ctx, in->text), BODY_MAX_BYTES),
        .dated_at = in->date.set ? in->date : opt_int(ctx_now(ctx)),
    };
    set_bounce(ctx, in, m, &reply);
    return reply;
}

/* --- receiving --- */

static void add_one(struct ctx *ctx, struct str text, struct strs *all) {
    addresses_add(ctx->arena, text, REPLY_ADDRESSES_MAX, all);
}

/* Of headers all that were read of them, whatever the limit for texts is. */
static void add_all(struct ctx *ctx, struct list addresses, struct strs *all) {
    const struct mime_address *a = addresses.p;
    for (size_t i = 0; i < addresses.n; i++)
        addresses_add(ctx->arena, a[i].address, SIZE_MAX, all);
}

/* HTML beside the plain text that was read: also what only a link or a hidden part of it has. */
static void add_html(struct ctx *ctx, const struct mime_read *m, struct strs *all) {
    const struct mime_part *part = m->parts.p;
    for (size_t i = 0; i < m->parts.n; i++)
        if (str_eq(part[i].media_type, STR("text/html")) && !part[i].is_attachment) {
            add_one(ctx, mime_part_text(ctx->arena, &part[i]), all);
            return;
        }
}

/* The addresses that its row and its bytes have, so that a removal finds it: those of the headers
 * From, Sender, Reply-To, To and Cc (MIME_ADDRESSES_MAX of each), then up to REPLY_ADDRESSES_MAX
 * in all with the report, the subject, the text and the first HTML. Not read are other headers,
 * attached files and messages, and what HTML writes as entities. */
static struct strs addresses_of(struct ctx *ctx, const struct inbound *in, const struct stored_reply *reply) {
    struct strs all = { 0 };
    const struct bounce *b = in->bounces.p;
    add_all(ctx, in->message->from, &all);
    add_all(ctx, in->message->sender, &all);
    add_all(ctx, in->message->reply_to, &all);
    add_all(ctx, in->message->to, &all);
    add_all(ctx, in->message->cc, &all);
    addresses_add(ctx->arena, reply->from_address, SIZE_MAX, &all);
    if (reply->referred)
        addresses_add(ctx->arena, reply->referred->email, SIZE_MAX, &all);
    for (size_t i = 0; i < in->bounces.n; i++) {
        add_one(ctx, b[i].recipient, &all);
        add_one(ctx, b[i].diagnostic, &all);
    }
    add_one(ctx, in->subject, &all);
    add_one(ctx, in->text, &all);
    add_html(ctx, in->message, &all);
    return all;
}

/* Who was removed is told by an address, or by name and company, as who wrote it or whom it names. */
static enum rc find_removed(struct ctx *ctx, const struct stored_reply *reply, struct strs addresses, bool *ret_is) {
    static const struct referred_person nobody = { .email = { NULL, 0 } };
    const struct referred_person *p = reply->referred ? reply->referred : &nobody;
    struct str sender = reply->from_address, name = arena_printf(ctx->arena, "%.*s %.*s", STR_FMT(p->first_name), STR_FMT(p->last_name));
    struct str domain = str_sub(sender, str_find_last(sender, '@') + 1, sender.n);
    struct str keys[] = { removal_name_key(ctx->arena, reply->from_name, STR_NONE, domain),
                          removal_name_key(ctx->arena, str_trim(name), p->company_name, p->company_domain),
                          removal_name_key(ctx->arena, str_trim(name), p->company_name, STR_NONE) };
    struct ints by_address = { 0 }, by_name = { 0 };
    enum rc rc = removals_among(ctx, REMOVAL_EMAIL, addresses, &by_address);
    if (rc == OK)
        rc = removals_among(ctx, REMOVAL_NAME, (struct strs){ keys, LENGTH(keys) }, &by_name);
    *ret_is = by_address.n || by_name.n;
    return rc;
}

/* What stops the lead, and no words: nobody can say which of them are about whom. The subject that is
 * a command names nobody. */
static void strip(struct receiving *r, struct stored_reply *reply) {
    r->source = STR("");
    reply->subject = reply_unsubscribes(reply) ? STR(REPLY_UNSUBSCRIBE_SUBJECT) : STR_NONE;
    reply->from_address = reply->from_name = reply->snippet = STR_NONE;
    reply->last_message = reply->body = STR_NONE;
    reply->to_addresses = reply->cc_addresses = reply->evidence = (struct strs){ 0 };
    reply->referred = NULL;
    reply->bounce = NULL;
}

/* What it proves of an address, whatever the sequence does about it. */
static enum rc note_address(struct ctx *ctx, const struct inbound *in, const struct thread *thread,
                            const struct stored_reply *reply) {
    if (str_eq(reply->bounce_class, enum_bounce_classes.values[BOUNCED_HARD]))
        return bounced_address_note(ctx, thread->message.recipient);
    bool is_written = in->kind == INBOUND_PERSON || in->kind == INBOUND_OUT_OF_OFFICE;
    return is_written ? bounced_address_forget(ctx, reply->from_address) : OK;
}

static enum rc store(struct ctx *ctx, const struct receiving *receiving, const struct thread *thread) {
    struct receiving r = *receiving;
    struct stored_reply reply = row_of(ctx, &r, thread);
    struct str id = reply.header_id, hidden = reply_hidden_id(ctx, id);
    bool known = false, is_about_removed = false;
    reply_label_find(ctx, r.in, &thread->message, &reply);
    struct strs named = addresses_of(ctx, r.in, &reply);
    enum rc rc = find_removed(ctx, &reply, named, &is_about_removed);
    if (is_about_removed) {
        strip(&r, &reply);
        reply.header_id = hidden;
        named.n = 0;
    }
    if (rc == OK) /* a copy may be in the other form, where somebody was removed between the two */
        rc = reply_is_known(ctx, is_about_removed ? id : hidden, &known);
    if (rc == OK && !known)
        rc = reply_insert(ctx, &reply, r.source, &known);
    if (rc == OK && !known && thread_names(r.in, &thread->message))
        rc = delivery_proven(ctx, thread->message.id);
    if (rc != OK || known)
        return rc;
    rc = reply_addresses_store(ctx, reply.id, named);
    if (rc == OK && !is_about_removed)
        rc = note_address(ctx, r.in, thread, &reply);
    return rc == OK ? reply_label_settle(ctx, &reply, EVENT_KINDS) : rc;
}

static enum rc receive_work(struct ctx *ctx, void *arg) {
    const struct receiving *r = arg;
    struct thread thread;
    enum rc rc = removals_hold(ctx);
    if (rc == OK)
        rc = inbox_hold(ctx, r->mailbox->id, r->place->owner);
    if (rc == OK)
        rc = thread_find(ctx, r->mailbox, r->in, &thread);
    if (rc == OK && !str_is_set(thread.message.recipient)) /* who got it was removed for privacy */
        rc = E_NOT_FOUND;
    if (rc == OK)
        rc = store(ctx, r, &thread);
    if (rc == E_NOT_FOUND)
        rc = OK;
    return rc == OK ? folder_position_set(ctx, r->mailbox->id, r->place->folder, &r->place->next) : rc;
}

enum rc inbox_receive(struct ctx *ctx, const struct mailbox *mailbox, const struct inbound *in,
                      struct str source, const struct inbox_place *place) {
    struct receiving receiving = { mailbox, in, source, place };
    return db_transact(ctx, receive_work, &receiving);
}
