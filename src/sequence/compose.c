#include "sequence/compose.h"

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "json/members.h"
#include "net/mime.h"
#include "sequence/delivery.h"
#include "sequence/links.h"
#include "sequence/people.h"
#include "sequence/planner_private.h"
#include "sequence/render.h"
#include "store/messages.h"
#include "store/replies.h"
#include "store/services.h"

enum { ID_DIGITS = 32, BODY_MAX_BYTES = 4 * 1024 * 1024, REFERENCES_MAX = 20, HEADERS_MAX = 5, ID_MAX_BYTES = 900 };

/* One message while it is written. */
struct writing {
    struct ctx *ctx;
    const struct sequence_lead *lead;
    const struct sequence *sequence;
    const struct sequence_stage *stage;
    struct sender sender;
    struct map values, html_values;
    struct rendered said;
    struct message before; /* the last one of the lead; without an id: none */
    struct new_message to;
    struct mime_message mime;
    struct mime_header headers[HEADERS_MAX];
};

static struct str setting(const struct writing *w) {
    return w->sequence->settings->unsubscribe;
}

static struct str public_url(const struct writing *w) {
    return w->ctx->services->mail.public_url;
}

static const struct secrets *secrets_of(const struct writing *w) {
    return w->ctx->services->secrets;
}

/* --- who --- */

static enum rc find_sender(struct writing *w, const struct list *senders) {
    struct list known = senders ? *senders : (struct list){ 0 };
    struct str user = w->lead->user_id;
    enum rc rc = senders ? OK : senders_of_users(w->ctx, (struct strs){ &user, 1 }, &known);
    if (rc != OK)
        return rc;
    const struct sender *sender
        = str_is_set(w->lead->mailbox_id) ? sender_find(&known, user, w->lead->mailbox_id) : NULL;
    if (!sender)
        return fail(w->ctx, E_UNSUPPORTED, "the lead has no mailbox any more");
    w->sender = *sender;
    return OK;
}

static enum rc read_values(struct writing *w) {
    struct list members = { 0 };
    struct arena *arena = w->ctx->arena;
    enum rc rc = json_members(arena, w->lead->data, &members);
    const struct json_member *m = members.p;
    if (rc != OK)
        return fail(w->ctx, E_DB, "the data of a lead is no object");
    for (size_t i = 0; i < members.n; i++)
        people_add_field(arena, &w->values, m[i].name, m[i].text);
    people_add_field(arena, &w->values, STR("email"), w->lead->email);
    people_add_field(arena, &w->values, STR("linkedin_url"), w->lead->linkedin_url);
    people_add_sender(arena, &w->sender, &w->values, &w->html_values);
    return OK;
}

static struct str value_of(const struct writing *w, const char *name) {
    const struct str *value = map_get(&w->values, str_of(name));
    return value ? *value : STR_NONE;
}

static struct str name_of_lead(const struct writing *w) {
    struct str first = value_of(w, "first_name"), last = value_of(w, "last_name");
    if (str_is_set(first) && str_is_set(last))
        return arena_printf(w->ctx->arena, "%.*s %.*s", STR_FMT(first), STR_FMT(last));
    return str_is_set(first) ? first : last;
}

/* --- what it says --- */

static enum rc render_stage(struct writing *w, const struct sequence_stage *stage,
                            struct rendered *ret_said, struct str *ret_variant_id) {
    const struct sequence_variant *variant = variant_for(stage, w->lead->id);
    struct template_values values
        = { &w->values, &w->html_values, template_seed(w->lead->id, stage->id) };
    if (!variant || (!str_is_set(variant->text) && !str_is_set(variant->html)))
        return fail(w->ctx, E_UNSUPPORTED, "the stage says nothing");
    enum rc rc = render_variant(w->ctx, variant, &values, ret_said);
    if (rc == E_NOT_FOUND)
        return fail(w->ctx, rc, "the lead has no %.*s",
                    STR_FMT(ret_said->missing.n ? ret_said->missing.p[0] : STR("value")));
    if (rc == OK)
        *ret_variant_id = variant->id;
    return rc;
}

/* The subject of a thread that began with a task, outside of Outrider: what the stage that
 * began it says. Without "Re:", because there is nothing to refer to. */
static enum rc earlier_subject(struct writing *w, struct str *ret_subject) {
    const struct sequence_stage *stage = w->sequence->stages.p;
    struct str subject = STR_NONE;
    for (size_t i = 0; i < w->sequence->stages.n && &stage[i] != w->stage; i++) {
        struct rendered said = { .subject = STR_NONE };
        struct str variant_id;
        if (!variant_for(&stage[i], w->lead->id)
            || !str_is_set(variant_for(&stage[i], w->lead->id)->subject))
            continue;
        enum rc rc = render_stage(w, &stage[i], &said, &variant_id);
        if (rc != OK)
            return rc;
        subject = said.subject;
    }
    *ret_subject = str_is_set(subject) ? subject : STR("");
    return OK;
}

/* The first and the last of a long thread; RFC 5322, 3.6.4 lets what is between go. */
static struct str references_of(struct arena *arena, const struct message *before) {
    struct str all = str_is_set(before->refers_to)
                         ? arena_printf(arena, "%.*s <%.*s>", STR_FMT(before->refers_to),
                                        STR_FMT(before->message_id))
                         : arena_printf(arena, "<%.*s>", STR_FMT(before->message_id));
    struct str rest = all, word, first = STR_NONE;
    size_t n = 0;
    while (str_word(&rest, &word)) {
        first = n++ ? first : word;
        if (n == 2)
            all = str_sub(all, (size_t) (word.p - all.p), all.n);
    }
    for (; n > REFERENCES_MAX; n--)
        (void) str_cut(&all, ' ', &word);
    return n > 1 ? arena_printf(arena, "%.*s %.*s", STR_FMT(first), STR_FMT(all)) : all;
}

/* What others write, and stands between < and > in a header of ours. */
static bool is_message_id(struct str id) {
    for (size_t i = 0; i < id.n; i++)
        if ((unsigned char) id.p[i] <= ' ' || (unsigned char) id.p[i] >= 0x7F || id.p[i] == '<' || id.p[i] == '>')
            return false;
    return str_contains(id, STR("@")) && id.n <= ID_MAX_BYTES;
}

/* The reply that the lead goes on from, as if it were a message of ours. Of one whose id cannot be
 * told the message that it answered stands for it. */
static enum rc answered_reply(struct writing *w) {
    struct stored_reply reply = { .id = STR_NONE };
    struct message answered = { .id = STR_NONE };
    enum rc rc = reply_get(w->ctx, w->lead->reply_id, &reply);
    if (rc == OK)
        rc = message_get(w->ctx, reply.message_id, &answered);
    if (rc != OK)
        return rc == E_NOT_FOUND ? fail(w->ctx, E_UNSUPPORTED, "the reply is not there any more") : rc;
    w->before = answered;
    if (str_is_set(reply.subject))
        w->before.subject = reply.subject;
    if (!is_message_id(reply.header_id))
        return OK;
    w->before.message_id = reply.header_id;
    w->before.refers_to = references_of(w->ctx->arena, &answered);
    return OK;
}

static enum rc write_subject(struct writing *w) {
    struct message *m = &w->to.of;
    m->subject = w->said.subject;
    if (str_is_set(m->subject))
        return OK;
    enum rc rc = message_before(w->ctx, w->lead->id, &w->before);
    if (rc == E_NOT_FOUND && str_is_set(w->lead->reply_id))
        rc = answered_reply(w);
    if (rc == E_NOT_FOUND)
        return earlier_subject(w, &m->subject);
    if (rc != OK)
        return rc;
    struct str subject = w->before.subject;
    m->subject = str_starts_nocase(subject, STR("Re:"))
                     ? subject
                     : arena_printf(w->ctx->arena, "Re: %.*s", STR_FMT(subject));
    m->refers_to = references_of(w->ctx->arena, &w->before);
    return OK;
}

/* --- ids and links --- */

static struct str domain_of(struct str address) {
    return str_sub(address, str_find_last(address, '@') + 1, address.n);
}

static struct str message_id_of(const struct writing *w) {
    struct arena *arena = w->ctx->arena;
    struct str hash = secrets_hash(
        secrets_of(w), arena, "message-id",
        arena_printf(arena, "%.*s:%.*s", STR_FMT(w->lead->id), STR_FMT(w->stage->id)));
    struct buf b = buf_in(arena, 400);
    buf_hex(&b, str_sub(hash, 0, ID_DIGITS / 2));
    buf_printf(&b, "@%.*s", STR_FMT(domain_of(w->sender.from_address)));
    return buf_text(&b);
}

static struct str link_of(const struct writing *w, enum link_kind kind) {
    struct link_to to = { w->ctx->account_id, w->to.of.id, STR_NONE };
    return link_write(secrets_of(w), w->ctx->arena, public_url(w), kind, &to);
}

/* Where mail ends it all, for who has no public URL and for clients that only write. */
static struct str unsubscribe_address(const struct writing *w) {
    struct buf b = buf_in(w->ctx->arena, 1000);
    buf_str(&b, STR("mailto:"));
    buf_str(&b, w->sender.from_address);
    buf_str(&b, STR("?subject=unsubscribe"));
    return buf_text(&b);
}

static struct str unsubscribe_link(const struct writing *w) {
    return str_is_set(public_url(w)) ? link_of(w, LINK_UNSUBSCRIBE) : unsubscribe_address(w);
}

static void add_header(struct writing *w, const char *name, struct str value) {
    ASSERT(w->mime.n_headers < HEADERS_MAX);
    w->headers[w->mime.n_headers++] = (struct mime_header){ name, value };
}

static void add_list_headers(struct writing *w) {
    struct arena *arena = w->ctx->arena;
    struct str mail = unsubscribe_address(w), url = unsubscribe_link(w);
    bool has_url = str_is_set(public_url(w));
    if (!str_eq(setting(w), STR("header")) && !str_eq(setting(w), STR("header_and_link")))
        return;
    add_header(w, "List-Unsubscribe",
               has_url ? arena_printf(arena, "<%.*s>, <%.*s>", STR_FMT(url), STR_FMT(mail))
                       : arena_printf(arena, "<%.*s>", STR_FMT(mail)));
    if (str_starts(url, STR("https://")))
        add_header(w, "List-Unsubscribe-Post", STR("List-Unsubscribe=One-Click"));
}

static void add_headers(struct writing *w) {
    struct message *m = &w->to.of;
    w->mime.headers = w->headers;
    if (str_is_set(w->before.id)) {
        add_header(w, "In-Reply-To", arena_printf(w->ctx->arena, "<%.*s>", STR_FMT(w->before.message_id)));
        add_header(w, "References", m->refers_to);
    }
    add_list_headers(w);
    add_header(w, MESSAGE_ID_HEADER, m->id);
}

static bool wants_link(const struct writing *w) {
    return str_eq(setting(w), STR("link")) || str_eq(setting(w), STR("header_and_link"));
}

static struct str text_body(const struct writing *w) {
    struct buf b = buf_in(w->ctx->arena, BODY_MAX_BYTES);
    if (!str_is_set(w->said.text))
        return STR_NONE;
    buf_str(&b, w->said.text);
    if (wants_link(w)) {
        buf_str(&b, STR("\n\nUnsubscribe: "));
        buf_str(&b, unsubscribe_link(w));
        buf_char(&b, '\n');
    }
    return buf_text(&b);
}

/* What is put at the end stands before </body>, where there is one. */
static struct str html_body(const struct writing *w) {
    struct arena *arena = w->ctx->arena;
    struct buf b = buf_in(arena, BODY_MAX_BYTES), tail = buf_in(arena, BODY_MAX_BYTES);
    struct link_style style = { secrets_of(w), arena, public_url(w), w->ctx->account_id, w->to.of.id };
    if (!str_is_set(w->said.html))
        return STR_NONE;
    if (w->sequence->settings->track_clicks == YES && str_is_set(public_url(w)))
        links_track(&style, w->said.html, &b);
    else
        buf_str(&b, w->said.html);
    if (wants_link(w)) {
        buf_str(&tail, STR("<p style=\"font-size:small\"><a href=\""));
        buf_html(&tail, unsubscribe_link(w));
        buf_str(&tail, STR("\">Unsubscribe</a></p>\n"));
    }
    if (w->sequence->settings->track_opens == YES && str_is_set(public_url(w))) {
        buf_str(&tail, STR("<img src=\""));
        buf_html(&tail, link_of(w, LINK_OPEN));
        buf_str(&tail, STR("\" width=\"1\" height=\"1\" alt=\"\">\n"));
    }
    struct str html = buf_text(&b);
    size_t at = html.n;
    while (at > 0 && !str_starts_nocase(str_sub(html, at, html.n), STR("</body")))
        at--;
    at = at ? at : html.n;
    return arena_printf(arena, "%.*s%.*s%.*s", STR_FMT(str_sub(html, 0, at)), STR_FMT(buf_text(&tail)),
                        STR_FMT(str_sub(html, at, html.n)));
}

/* --- the whole --- */

static enum rc add_files(struct writing *w) {
    const struct sequence_attachment *known = w->sequence->attachments.p;
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < w->stage->attachments.n; i++) {
        struct mime_file file = { .name = w->stage->attachments.p[i] };
        for (size_t k = 0; k < w->sequence->attachments.n; k++)
            if (str_eq(known[k].name, file.name))
                file.media_type = known[k].media_type;
        rc = sequence_attachment_read(w->ctx, w->sequence->id, file.name, &file.content);
        *(struct mime_file *) list_add(w->ctx->arena, &w->mime.files, sizeof file) = file;
    }
    return rc == E_NOT_FOUND ? fail(w->ctx, E_UNSUPPORTED, "an attachment is missing") : rc;
}

static int64_t priority_of(const struct sequence_stage *stage) {
    return str_eq(stage->priority, STR("high")) ? 2 : str_eq(stage->priority, STR("low")) ? 0 : 1;
}

/* The id first, because links name it; a message that is written again keeps its own. */
static enum rc begin(struct writing *w, int64_t due_at) {
    struct message old = { .id = STR_NONE };
    enum rc rc = message_of_stage(w->ctx, w->lead->id, w->stage->id, &old);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    enum message_state state = rc == OK ? message_state_of(&old) : MESSAGE_CANCELED;
    bool is_over = state == MESSAGE_FAILED || (state == MESSAGE_CANCELED && !delivery_was_in_doubt(&old));
    if (!is_over)
        return E_CONFLICT;
    w->to.of = (struct message){
        .id = str_is_set(old.id) ? old.id : uuid_new(w->ctx->arena, ctx_now(w->ctx)),
        .lead_id = w->lead->id,
        .sequence_id = w->sequence->id,
        .stage_id = w->stage->id,
        .contact_id = w->lead->contact_id,
        .user_id = w->lead->user_id,
        .mailbox_id = w->lead->mailbox_id,
        .recipient = w->lead->email,
        .priority = opt_int(priority_of(w->stage)),
        .due_at = opt_int(due_at),
    };
    w->to.is_first = stage_is_first_mail(w->sequence, w->stage);
    return OK;
}

static enum rc write_mime(struct writing *w) {
    struct message *m = &w->to.of;
    m->message_id = message_id_of(w);
    w->mime.from = (struct mime_address){ value_of(w, "sender.name"), w->sender.from_address };
    w->mime.to = (struct mime_address){ name_of_lead(w), w->lead->email };
    w->mime.subject = m->subject;
    w->mime.message_id = m->message_id;
    w->mime.text = text_body(w);
    w->mime.html = html_body(w);
    w->to.body = str_is_set(w->said.text) ? w->said.text : w->said.html;
    add_headers(w);
    enum rc rc = mime_write(w->ctx->arena, &w->mime, &w->to.source);
    return rc == OK ? OK : fail(w->ctx, rc == E_INVALID ? E_UNSUPPORTED : rc, "the message cannot be written");
}

enum rc message_compose(struct ctx *ctx, const struct composing *what) {
    struct writing w
        = { .ctx = ctx, .lead = what->lead, .sequence = what->sequence, .stage = what->stage };
    w.values = map_in(ctx->arena);
    w.html_values = map_in(ctx->arena);
    if (str_is_empty(w.lead->email))
        return fail(ctx, E_UNSUPPORTED, "the lead has no address");
    enum rc rc = begin(&w, what->due_at);
    if (rc == OK)
        rc = find_sender(&w, what->senders);
    if (rc == OK)
        rc = read_values(&w);
    if (rc == OK)
        rc = render_stage(&w, w.stage, &w.said, &w.to.of.variant_id);
    if (rc == OK)
        rc = write_subject(&w);
    if (rc == OK)
        rc = add_files(&w);
    if (rc == OK)
        rc = write_mime(&w);
    return rc == OK ? message_queue(ctx, &w.to) : rc;
}
