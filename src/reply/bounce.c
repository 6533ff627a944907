#include "reply/bounce.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/vec.h"
#include "data/text.h"
#include "reply/bounce_reason.h"

enum { DIAGNOSTIC_BYTES = 2000, GROUPS_MAX = 200 };

struct reading {
    struct arena *arena;
    struct inbound *in;
    struct list blocks;   /* of the text */
    struct str feedback;  /* "abuse" of a report (RFC 5965); absent: none */
    bool has_report, has_failed, has_delayed;
};

static const struct {
    struct str action;
    enum bounce_reason reason; /* UNDEFINED: what the diagnostic says */
} actions[] = {
    { STR("failed"), BOUNCE_UNDEFINED },     { STR("delayed"), BOUNCE_EXPIRED },
    { STR("delivered"), BOUNCE_DELIVERED },  { STR("relayed"), BOUNCE_DELIVERED },
    { STR("expanded"), BOUNCE_DELIVERED },
};

/* "550-5.2.1" in the middle: each line of a reply begins so. */
static bool is_line_code(struct str word) {
    bool begins = word.n >= 4 && ascii_is_digit(word.p[0]) && ascii_is_digit(word.p[1]) && ascii_is_digit(word.p[2])
                  && word.p[3] == '-';
    for (size_t i = 4; begins && i < word.n; i++)
        begins = ascii_is_digit(word.p[i]) || word.p[i] == '.';
    return begins;
}

/* "550 5.2.1", as the last line of several begins; the second is taken off *rest. */
static bool takes_last_code(struct str word, struct str *rest) {
    struct str ahead = *rest, next;
    bool is_code = word.n == 3 && (word.p[0] == '4' || word.p[0] == '5') && ascii_is_digit(word.p[1]);
    if (!is_code || !str_word(&ahead, &next) || next.n < 5 || next.p[0] != word.p[0] || next.p[1] != '.')
        return false;
    *rest = ahead;
    return true;
}

/* The codes that each line of a reply begins with stand in the first only, so that a phrase goes on
 * over the end of a line. Words that do not fit are left out. */
static struct str one_line(struct arena *arena, struct str s) {
    struct buf b = buf_in(arena, DIAGNOSTIC_BYTES);
    struct str word;
    bool has_lines = false;
    while (str_word(&s, &word)) {
        bool is_line = is_line_code(word);
        bool is_skipped = b.n && (is_line || (has_lines && takes_last_code(word, &s)));
        has_lines |= is_line;
        if (is_skipped || b.n + word.n + 1 > DIAGNOSTIC_BYTES)
            continue;
        if (b.n)
            buf_char(&b, ' ');
        buf_str(&b, word);
    }
    return buf_text(&b);
}

/* "dns; mx.a.example" without what it is. */
static struct str behind_type(struct str field) {
    size_t semicolon = str_find(field, ';');
    return semicolon < field.n && semicolon < 30 ? str_trim(str_sub(field, semicolon + 1, field.n)) : field;
}

/* --- one recipient --- */

static struct str block_text(const struct reading *r, struct str recipient) {
    const struct bounce_block *block = r->blocks.p;
    for (size_t i = 1; i < r->blocks.n; i++)
        if (str_eq(block[i].recipient, recipient))
            return block[i].text;
    return STR_NONE;
}

static struct str whole_text(const struct reading *r) {
    const struct bounce_block *block = r->blocks.p;
    struct buf b = buf_in(r->arena, 4096);
    for (size_t i = 0; i < r->blocks.n && b.n + block[i].text.n + 1 < b.max; i++) {
        buf_char(&b, ' ');
        buf_str(&b, block[i].text);
    }
    return buf_text(&b);
}

/* Where no line begins with a recipient, everything is said of the one that there is. */
static struct str said_of(const struct reading *r, struct str recipient) {
    return r->blocks.n > 1 || r->has_report ? block_text(r, recipient) : whole_text(r);
}

typedef enum bounce_reason judge_function(const struct refusal *refusal);

/* Whom to ask about what: the report's diagnostic (0) and what the text says of the recipient (1) with
 * all their words, then the whole text (2) by whole phrases only, since much of it is said to
 * everybody, then the numbers, then any word of the whole text and of the subject (3). */
static const struct {
    judge_function *judge;
    size_t text;
} steps[] = {
    { refusal_sure_reason, 0 },   { refusal_sure_reason, 1 }, { refusal_likely_reason, 0 },
    { refusal_likely_reason, 1 }, { refusal_sure_reason, 2 }, { refusal_bare_reason, 0 },
    { refusal_likely_reason, 2 }, { refusal_sure_reason, 3 }, { refusal_likely_reason, 3 },
};

static void judge(const struct reading *r, struct bounce *bounce, struct refusal *refusal) {
    struct str said[] = { one_line(r->arena, bounce->diagnostic),
                          one_line(r->arena, said_of(r, bounce->recipient)),
                          one_line(r->arena, whole_text(r)), one_line(r->arena, r->in->subject) };
    bounce->diagnostic = said[0].n ? said[0] : said[1].n ? said[1] : said[2];
    refusal->recipient = bounce->recipient;
    refusal->stage = refusal_stage_in(said[1]);
    if (!refusal->stage)
        refusal->stage = refusal_stage_in(said[2]);
    for (size_t i = 0; i < (said[0].n || said[1].n ? 2 : 3); i++)
        refusal_read_codes(refusal, said[i]);
    bounce->reason = bounce->diagnostic.n ? BOUNCE_ON_HOLD : BOUNCE_UNDEFINED;
    for (size_t i = 0; i < LENGTH(steps); i++) {
        bool is_bare = steps[i].judge == refusal_bare_reason;
        refusal->text = said[steps[i].text];
        refusal->folded = steps[i].judge == refusal_likely_reason ? text_fold(r->arena, refusal->text) : STR_NONE;
        enum bounce_reason reason = is_bare || refusal->text.n ? steps[i].judge(refusal) : BOUNCE_UNDEFINED;
        if (!reason)
            continue;
        bounce->reason = reason;
        if (!is_bare)
            bounce->diagnostic = refusal->text;
        break;
    }
    bounce->is_hard = bounce_reason_group(bounce->reason) == BOUNCE_OF_ADDRESS;
    bounce->code = refusal->code;
    if (refusal->class)
        bounce->status = arena_printf(r->arena, "%d.%d.%d", refusal->class, refusal->subject, refusal->detail);
}

static struct bounce *add(const struct reading *r, struct str recipient) {
    struct bounce *known = r->in->bounces.p;
    for (size_t i = 0; i < r->in->bounces.n; i++)
        if (str_eq(known[i].recipient, recipient))
            return &known[i];
    if (r->in->bounces.n >= BOUNCES_MAX)
        return NULL;
    struct bounce *bounce = list_add(r->arena, &r->in->bounces, sizeof *bounce);
    bounce->recipient = recipient;
    return bounce;
}

/* --- reports --- */

static enum bounce_reason action_of(struct str action) {
    for (size_t i = 0; i < LENGTH(actions); i++)
        if (str_starts_nocase(action, actions[i].action))
            return actions[i].reason;
    return BOUNCE_UNDEFINED;
}

static bool says_nothing(enum bounce_reason reason) {
    return reason == BOUNCE_UNDEFINED || reason == BOUNCE_ON_HOLD;
}

/* The fields of one recipient (RFC 3464, 2.3). Who the message was sent to is the original one;
 * where it was sent on to is of no use to who sent it. */
static void read_recipient(struct reading *r, struct list fields) {
    struct arena *arena = r->arena;
    struct str original = mime_field_find(arena, fields, "Original-Recipient");
    struct str final = mime_field_find(arena, fields, "Final-Recipient");
    struct str address = bounce_address(arena, behind_type(original));
    struct refusal refusal = { .code = 0 };
    if (!str_is_set(address))
        address = bounce_address(arena, behind_type(final));
    if (!str_is_set(address))
        address = bounce_address(arena, mime_field_find(arena, fields, "X-Actual-Recipient"));
    struct bounce *bounce = add(r, address);
    if (!bounce)
        return;
    bounce->diagnostic = mime_field_find(arena, fields, "Diagnostic-Code");
    if (str_starts_nocase(bounce->diagnostic, STR("smtp")))
        bounce->diagnostic = behind_type(bounce->diagnostic);
    bounce->remote = behind_type(mime_field_find(arena, fields, "Remote-MTA"));
    struct str status = mime_field_find(arena, fields, "Status");
    /* x.0.0 says nothing; the diagnostic may have more */
    if (refusal_read_status(&refusal, status) && !refusal.subject && !refusal.detail)
        refusal.class = 0;
    enum bounce_reason told = action_of(mime_field_find(arena, fields, "Action"));
    r->has_report = true;
    r->has_delayed |= told == BOUNCE_EXPIRED;
    judge(r, bounce, &refusal);
    r->has_failed |= !told;
    if (told == BOUNCE_DELIVERED || (told && says_nothing(bounce->reason)))
        bounce->reason = told;
    bounce->is_hard &= !told;
}

static bool has_field(struct list fields, const char *name) {
    const struct mime_field *field = fields.p;
    for (size_t i = 0; i < fields.n; i++)
        if (str_eq_nocase(field[i].name, str_of(name)))
            return true;
    return false;
}

static void read_groups(struct reading *r, struct str text) {
    struct list fields = { 0 };
    for (int i = 0; i < GROUPS_MAX && mime_fields(r->arena, &text, &fields); i++)
        if (has_field(fields, "Final-Recipient")
            || (has_field(fields, "Original-Recipient") && has_field(fields, "Action")))
            read_recipient(r, fields);
}

/* RFC 5965: who complained is named in the report, by some services in a header of their own. */
static void read_feedback(struct reading *r, struct str text) {
    struct list fields = { 0 };
    for (int i = 0; i < GROUPS_MAX && mime_fields(r->arena, &text, &fields); i++) {
        const struct mime_field *field = fields.p;
        struct str type = mime_field_find(r->arena, fields, "Feedback-Type");
        r->feedback = str_is_set(type) ? type : r->feedback;
        for (size_t k = 0; k < fields.n; k++) {
            bool is_recipient = str_eq_nocase(field[k].name, STR("Original-Rcpt-To"))
                                || str_eq_nocase(field[k].name, STR("Removal-Recipient"));
            struct str address = is_recipient ? bounce_address(r->arena, field[k].raw) : STR_NONE;
            if (str_is_set(address))
                (void) add(r, address); /* what it is follows for all */
        }
    }
}

static bool is_type(const struct mime_part *part, const char *type) {
    return str_eq(part->media_type, str_of(type));
}

/* Fields of a report, also where a program wrote them into a text. */
static void read_reports(struct reading *r) {
    const struct mime_part *part = r->in->message->parts.p;
    for (size_t i = 0; i < r->in->message->parts.n; i++) {
        if (is_type(&part[i], "message/feedback-report")) {
            r->feedback = STR("abuse");
            read_feedback(r, mime_part_text(r->arena, &part[i]));
        } else if (is_type(&part[i], "message/delivery-status")
                   || is_type(&part[i], "message/global-delivery-status")) {
            read_groups(r, mime_part_text(r->arena, &part[i]));
        }
    }
    size_t at = str_find_str(r->in->text, STR("Reporting-MTA:"));
    if (!r->has_report && str_contains(r->in->text, STR("Final-Recipient:")))
        read_groups(r, str_sub(r->in->text, at < r->in->text.n ? at : 0, r->in->text.n));
}

/* --- the other message --- */

static struct str first_recipient(struct arena *arena, struct list to) {
    const struct mime_address *a = to.p;
    return to.n ? bounce_address(arena, a[0].address) : STR_NONE;
}

static void take_original(struct reading *r, const struct mime_read *m) {
    struct inbound_original *o = &r->in->original;
    if (!str_is_set(o->message_id))
        o->message_id = m->message_id;
    if (!str_is_set(o->outrider_id))
        o->outrider_id = mime_header(r->arena, m, MESSAGE_ID_HEADER);
    if (!str_is_set(o->recipient))
        o->recipient = first_recipient(r->arena, m->to);
    if (!str_is_set(o->subject))
        o->subject = m->subject;
}

/* As a part, behind the text, or at least what the message answers. */
static void read_original(struct reading *r, struct str behind_text) {
    const struct mime_part *part = r->in->message->parts.p;
    for (size_t i = 0; i < r->in->message->parts.n; i++)
        if (part[i].message)
            take_original(r, part[i].message);
    if (behind_text.n)
        take_original(r, mime_read(r->arena, behind_text));
    struct inbound_original *o = &r->in->original;
    struct strs ids = r->in->in_reply_to.n ? r->in->in_reply_to : r->in->references;
    if (!str_is_set(o->message_id) && ids.n)
        o->message_id = ids.p[ids.n - 1];
}

/* --- text --- */

static bool is_own(const struct reading *r, struct str address) {
    const struct mime_address *to = r->in->message->to.p;
    for (size_t i = 0; i < r->in->message->to.n; i++)
        if (str_eq_nocase(to[i].address, address))
            return true;
    return str_eq_nocase(r->in->from.address, address);
}

static void add_judged(struct reading *r, struct str recipient) {
    struct refusal refusal = { .code = 0 };
    struct bounce *bounce = add(r, recipient);
    if (bounce && !str_is_set(bounce->diagnostic))
        judge(r, bounce, &refusal);
}

/* "postmaster@...", "support@...": whom to ask, not whom it was for. */
static bool is_helper(struct str address) {
    static const char *const names[] = { "postmaster", "mailer-daemon", "hostmaster", "abuse", "support", "helpdesk",
                                         "help", "noreply", "no-reply", "webmaster", "admin" };
    struct str local = str_sub(address, 0, str_find(address, '@'));
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq_nocase(local, str_of(names[i])))
            return true;
    return false;
}

/* The first address within the lines that is not of who got the bounce or who wrote it. */
static struct str named_within(const struct reading *r) {
    const struct bounce_block *block = r->blocks.p;
    struct str rest = r->blocks.n ? block[0].text : STR("");
    for (struct str a = bounce_find_address(r->arena, &rest); str_is_set(a); a = bounce_find_address(r->arena, &rest))
        if (!is_own(r, a) && !is_helper(a))
            return a;
    return STR_NONE;
}

/* Who is named: in a header of Exim and Gmail, in the text, in the original's To. */
static void read_text(struct reading *r) {
    const struct bounce_block *block = r->blocks.p;
    struct str failed = mime_header(r->arena, r->in->message, "X-Failed-Recipients"), one;
    for (struct str rest = failed; str_is_set(failed) && str_cut(&rest, ',', &one);) {
        struct str address = bounce_address(r->arena, one);
        if (str_is_set(address))
            add_judged(r, address);
    }
    for (size_t i = 1; !r->in->bounces.n && i < r->blocks.n; i++)
        if (!is_own(r, block[i].recipient) || r->blocks.n == 2)
            add_judged(r, block[i].recipient);
    for (size_t i = 1; r->in->bounces.n && !str_is_set(failed) && i < r->blocks.n; i++)
        if (!is_own(r, block[i].recipient))
            add_judged(r, block[i].recipient);
    if (!r->in->bounces.n && str_is_set(r->in->original.recipient))
        add_judged(r, r->in->original.recipient);
    else if (!r->in->bounces.n)
        add_judged(r, named_within(r));
}

static void set_all(struct reading *r, enum bounce_reason reason) {
    struct bounce *bounce = r->in->bounces.p;
    for (size_t i = 0; i < r->in->bounces.n; i++) {
        bounce[i].reason = reason;
        bounce[i].is_hard = false;
    }
}

/* --- kinds --- */

static bool conclude(struct inbound *in, enum inbound_kind kind, const char *rule, struct str evidence) {
    in->kind = kind;
    in->rule = rule;
    in->evidence = evidence;
    return true;
}

static bool conclude_complaint(struct reading *r, const char *rule, struct str evidence) {
    struct inbound *in = r->in;
    static const char *const headers[] = { "X-HmXmrOriginalRecipient", "X-Original-Recipient" };
    for (size_t i = 0; !in->bounces.n && i < LENGTH(headers); i++) {
        struct str address = mime_header(r->arena, in->message, headers[i]);
        if (str_is_set(address))
            (void) add(r, bounce_address(r->arena, address));
    }
    if (!in->bounces.n)
        (void) add(r, str_is_set(in->original.recipient) ? in->original.recipient
                                                         : bounce_address(r->arena, in->from.address));
    set_all(r, BOUNCE_FEEDBACK);
    return conclude(in, INBOUND_COMPLAINT, rule, evidence);
}

static bool conclude_report(struct reading *r) {
    if (r->has_failed)
        return conclude(r->in, INBOUND_BOUNCE, "delivery report", STR("failed"));
    if (r->has_delayed)
        return conclude(r->in, INBOUND_DELAY, "delivery report", STR("delayed"));
    return conclude(r->in, INBOUND_RECEIPT, "delivery report", STR("delivered"));
}

static bool conclude_sign(struct reading *r, enum bounce_sign sign, struct str evidence) {
    read_text(r);
    if (sign == SIGN_FAILED)
        return conclude(r->in, INBOUND_BOUNCE, "bounce in words", evidence);
    if (sign == SIGN_DONE)
        set_all(r, BOUNCE_DELIVERED);
    struct bounce *bounce = r->in->bounces.p;
    for (size_t i = 0; i < r->in->bounces.n; i++) {
        bounce[i].is_hard = false;
        if (says_nothing(bounce[i].reason))
            bounce[i].reason = BOUNCE_EXPIRED;
    }
    return conclude(r->in, sign == SIGN_DELAYED ? INBOUND_DELAY : INBOUND_RECEIPT, "notice in words", evidence);
}

static bool gives_reason(const struct inbound *in) {
    const struct bounce *b = in->bounces.p;
    for (size_t i = 0; i < in->bounces.n; i++)
        if (str_is_set(b[i].recipient) && !says_nothing(b[i].reason))
            return true;
    return false;
}

/* In words that no sign has. Nothing is left behind in `in` when it is none. */
static bool conclude_daemon(struct reading *r) {
    read_text(r);
    if (gives_reason(r->in))
        return conclude(r->in, INBOUND_BOUNCE, "bounce in words", str_trim(r->in->subject));
    r->in->bounces = (struct list){ 0 };
    r->in->original = (struct inbound_original){ .message_id = STR_NONE };
    return false;
}

/* Reports that say nothing of a person's will (RFC 6591, "not-spam"). */
static bool is_no_complaint(struct str feedback) {
    return str_starts_nocase(feedback, STR("auth-failure")) || str_starts_nocase(feedback, STR("not-spam"))
           || str_starts_nocase(feedback, STR("dmarc"));
}

bool bounce_read(struct arena *arena, struct inbound *in) {
    struct reading r = { .arena = arena, .in = in };
    struct str evidence = STR_NONE, behind = STR("");
    bool is_report = str_eq(in->message->media_type, STR("multipart/report"));
    enum bounce_sign sign = bounce_sign(arena, in, &evidence);
    const struct mime_part *part = in->message->parts.p;
    for (size_t i = 0; i < in->message->parts.n; i++)
        is_report |= str_starts(part[i].media_type, STR("message/feedback"))
                     || str_ends(part[i].media_type, STR("delivery-status"));
    bool is_daemon = !sign && !is_report && bounce_may_be(arena, in);
    if (!sign && !is_report && !is_daemon)
        return false;
    if (str_eq_nocase(in->message->report_type, STR("disposition-notification")))
        return conclude(in, INBOUND_RECEIPT, "report of reading", STR_NONE);
    r.blocks = bounce_blocks(arena, in->text, &behind);
    read_reports(&r);
    read_original(&r, behind);
    if (str_is_set(r.feedback) && is_no_complaint(r.feedback)) {
        (void) conclude_complaint(&r, "report of a check", r.feedback);
        in->kind = INBOUND_RECEIPT;
        return true;
    }
    if (str_is_set(r.feedback))
        return conclude_complaint(&r, "report of a complaint", r.feedback);
    if (r.has_report)
        return conclude_report(&r);
    if (sign == SIGN_COMPLAINT)
        return conclude_complaint(&r, "complaint in words", evidence);
    return sign ? conclude_sign(&r, sign, evidence) : is_daemon ? conclude_daemon(&r) : false;
}
