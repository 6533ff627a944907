/* Sender and recipients go in one write where PIPELINING is offered (RFC 2920), DATA waits
 * for their replies: a server that has taken some of the recipients would otherwise want an
 * empty message for them. After a refusal RSET makes the connection fit for the next. */
#include "net/smtp_client.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "net/sasl.h"
#include "net/smtp_reply.h"

enum {
    QUIT_MS = 1000,
    CHUNK_BYTES = 32 * 1024,
    FAREWELL_MS = 2000, /* a server that closes early often says why */
};

struct smtp_client {
    struct peer *peer;
    int64_t reply_ms, body_ms;
    bool is_open, in_transaction;
    bool pipelines, eight_bit, utf8, starts_tls;
    bool plain, login, xoauth2;
    int64_t size_max; /* 0: not told */
};

static const char *const step_names[SMTP_STEPS] = {
    [SMTP_CONNECT] = "connect", [SMTP_GREETING] = "greeting", [SMTP_HELLO] = "hello",
    [SMTP_STARTTLS] = "starttls", [SMTP_AUTH] = "auth", [SMTP_MAIL] = "mail",
    [SMTP_RCPT] = "rcpt", [SMTP_DATA] = "data", [SMTP_DOT] = "dot",
};

const char *smtp_step_name(enum smtp_step step) {
    return step_names[step];
}

/* What one call works with. */
struct talk {
    struct smtp_client *client;
    struct arena *arena;
    struct smtp_result *result;
};

static enum rc failed(struct talk *t, enum rc rc, const char *reason) {
    t->result->rc = rc;
    if (!str_is_set(t->result->reason))
        t->result->reason = str_of(reason);
    return rc;
}

static enum rc broke(struct talk *t, enum rc rc) {
    static const char *const reasons[] = {
        [E_TIMEOUT] = "the server did not answer in time",
        [E_CANCELED] = "the program stops",
        [E_IO] = "the connection ended",
        [E_TOO_LARGE] = "the server's answer has no end",
    };
    t->client->is_open = false;
    return failed(t, rc == E_TOO_LARGE ? E_PROTO : rc, reasons[rc]);
}

/* --- replies --- */

/* The next reply into the result. OK whatever it says. */
static enum rc read_reply(struct talk *t, int64_t ms) {
    struct peer *peer = t->client->peer;
    size_t n = 0;
    t->result->code = 0;
    for (;;) {
        enum smtp_scan scan = smtp_reply_scan(peer_received(peer), &n);
        if (scan == SMTP_WHOLE)
            break;
        if (scan == SMTP_BROKEN) {
            t->client->is_open = false;
            return failed(t, E_PROTO, "what the server says is not SMTP");
        }
        enum rc rc = peer_receive(peer, ms, SMTP_REPLY_MAX_BYTES + 1);
        if (rc != OK)
            return broke(t, rc);
    }
    t->result->reply = arena_str(t->arena, str_sub(peer_received(peer), 0, n));
    t->result->code = smtp_reply_code(t->result->reply);
    peer_take(peer, n);
    if (t->result->code == 421) /* it closes now (RFC 5321, 3.8) */
        t->client->is_open = false;
    return OK;
}

static enum rc meaning(int code, enum smtp_step step) {
    if (code < 400)
        return OK;
    if (code < 500)
        return E_LIMIT;
    return step == SMTP_AUTH ? E_DENIED : E_INVALID;
}

/* The next reply, judged: OK only when its first digit is `wanted`. */
static enum rc expect(struct talk *t, int wanted, int64_t ms) {
    enum rc rc = read_reply(t, ms);
    if (rc == OK)
        rc = meaning(t->result->code, t->result->step);
    if (rc == OK && t->result->code / 100 != wanted) {
        t->client->is_open = false;
        return failed(t, E_PROTO, "the server answered something else than what was asked");
    }
    t->result->rc = rc;
    return rc;
}

/* A reply that nobody asked for would be taken for the answer to what follows. */
static enum rc say(struct talk *t, struct str line) {
    if (peer_received(t->client->peer).n) {
        t->client->is_open = false;
        return failed(t, E_PROTO, "the server speaks out of turn");
    }
    enum rc rc = peer_send(t->client->peer, line, t->client->reply_ms);
    return rc == OK ? OK : broke(t, rc);
}

static enum rc ask(struct talk *t, enum smtp_step step, struct str line, int wanted) {
    t->result->step = step;
    enum rc rc = say(t, line);
    return rc == OK ? expect(t, wanted, t->client->reply_ms) : rc;
}

/* --- login --- */

static void note_offers(struct smtp_client *c, struct str reply) {
    struct str mechanisms = smtp_reply_parameters(reply, STR("AUTH")), word;
    struct str size = str_trim(smtp_reply_parameters(reply, STR("SIZE")));
    c->pipelines = smtp_reply_offers(reply, STR("PIPELINING"));
    c->eight_bit = smtp_reply_offers(reply, STR("8BITMIME"));
    c->utf8 = smtp_reply_offers(reply, STR("SMTPUTF8"));
    c->starts_tls = smtp_reply_offers(reply, STR("STARTTLS"));
    c->plain = c->login = c->xoauth2 = false;
    while (str_word(&mechanisms, &word)) {
        c->plain |= str_eq_nocase(word, STR("PLAIN"));
        c->login |= str_eq_nocase(word, STR("LOGIN"));
        c->xoauth2 |= str_eq_nocase(word, STR("XOAUTH2"));
    }
    if (str_to_i64(size, &c->size_max) != OK || c->size_max < 0)
        c->size_max = 0;
}

static enum rc hello(struct talk *t, const struct smtp_options *options) {
    enum rc rc = ask(t, SMTP_HELLO, arena_printf(t->arena, "EHLO %.*s\r\n", STR_FMT(options->local_name)), 2);
    if (rc == OK)
        note_offers(t->client, t->result->reply);
    return rc;
}

static enum rc start_tls(struct talk *t, const struct smtp_options *options) {
    t->result->step = SMTP_STARTTLS;
    if (!t->client->starts_tls)
        return failed(t, E_UNSUPPORTED, "the server does not offer STARTTLS");
    enum rc rc = ask(t, SMTP_STARTTLS, STR("STARTTLS\r\n"), 2);
    if (rc != OK)
        return rc;
    rc = peer_start_tls(t->client->peer, t->arena, &t->result->reason);
    if (rc != OK) {
        t->result->code = 0;
        return failed(t, rc, "TLS failed");
    }
    return hello(t, options); /* what was offered in the clear counts no more (RFC 3207, 4.2) */
}

static struct str line_of(struct talk *t, const char *before, struct str encoded) {
    return arena_printf(t->arena, "%s%.*s\r\n", before, STR_FMT(encoded));
}

static enum rc auth_plain(struct talk *t, const struct smtp_options *o) {
    struct str secret = sasl_plain(t->arena, o->user, o->password);
    return ask(t, SMTP_AUTH, line_of(t, "AUTH PLAIN ", secret), 2);
}

static enum rc auth_login(struct talk *t, const struct smtp_options *o) {
    enum rc rc = ask(t, SMTP_AUTH, STR("AUTH LOGIN\r\n"), 3);
    if (rc == OK)
        rc = ask(t, SMTP_AUTH, line_of(t, "", sasl_base64(t->arena, o->user)), 3);
    return rc == OK ? ask(t, SMTP_AUTH, line_of(t, "", sasl_base64(t->arena, o->password)), 2) : rc;
}

/* A refusal comes as 334 with the reason in base64; an empty line gets the real reply. */
static enum rc auth_xoauth2(struct talk *t, const struct smtp_options *o) {
    struct str text = sasl_xoauth2(t->arena, o->user, o->access_token);
    t->result->step = SMTP_AUTH;
    enum rc rc = say(t, line_of(t, "AUTH XOAUTH2 ", text));
    if (rc == OK)
        rc = read_reply(t, t->client->reply_ms);
    if (rc == OK && t->result->code == 334)
        return ask(t, SMTP_AUTH, STR("\r\n"), 2);
    if (rc != OK)
        return rc;
    rc = meaning(t->result->code, SMTP_AUTH);
    return rc == OK ? OK : failed(t, rc, NULL);
}

static enum rc authenticate(struct talk *t, const struct smtp_options *o) {
    const struct smtp_client *c = t->client;
    if (!str_is_set(o->user))
        return OK;
    t->result->step = SMTP_AUTH;
    t->result->code = 0;
    if (str_is_set(o->access_token))
        return c->xoauth2 ? auth_xoauth2(t, o)
                          : failed(t, E_UNSUPPORTED, "the server does not offer XOAUTH2");
    if (c->plain)
        return auth_plain(t, o);
    return c->login ? auth_login(t, o)
                    : failed(t, E_UNSUPPORTED, "the server offers neither AUTH PLAIN nor LOGIN");
}

static enum rc log_in(struct talk *t, const struct smtp_options *options) {
    t->result->step = SMTP_GREETING;
    enum rc rc = expect(t, 2, options->reply_ms);
    if (rc == OK)
        rc = hello(t, options);
    if (rc == OK && options->peer.security == PEER_STARTTLS)
        rc = start_tls(t, options);
    return rc == OK ? authenticate(t, options) : rc;
}

enum rc smtp_open(const struct smtp_options *options, struct arena *arena,
                  struct smtp_client **ret_client, struct smtp_result *ret_result) {
    struct smtp_client *client = MEM_NEW(struct smtp_client);
    *client = (struct smtp_client){ .reply_ms = options->reply_ms, .body_ms = options->body_ms,
                                    .is_open = true };
    *ret_result = (struct smtp_result){ .step = SMTP_CONNECT };
    struct talk t = { client, arena, ret_result };
    enum rc rc = peer_open(&options->peer, arena, &client->peer, &ret_result->reason);
    rc = rc == OK ? log_in(&t, options) : failed(&t, rc, NULL);
    if (rc != OK) {
        smtp_close(&client);
        return rc;
    }
    *ret_client = client;
    return OK;
}

/* --- sending --- */

static bool has_high(struct str text) {
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char) text.p[i] >= 0x80)
            return true;
    return false;
}

static bool is_path(struct str address) {
    for (size_t i = 0; i < address.n; i++) {
        unsigned char c = (unsigned char) address.p[i];
        if (c <= ' ' || c == '<' || c == '>' || c == 0x7f)
            return false;
    }
    return utf8_is_valid(address);
}

struct needs {
    bool utf8, eight_bit;
};

static enum rc judge(struct talk *t, const struct smtp_message *m, struct needs *needs) {
    const struct smtp_client *c = t->client;
    bool fits = is_path(m->from) && m->to.n > 0;
    needs->utf8 = has_high(m->from);
    for (size_t i = 0; i < m->to.n; i++) {
        fits = fits && is_path(m->to.p[i]) && m->to.p[i].n;
        needs->utf8 |= has_high(m->to.p[i]);
    }
    needs->eight_bit = has_high(m->bytes);
    if (!fits)
        return failed(t, E_INVALID, "an address cannot be written in a command");
    if (needs->utf8 && !c->utf8)
        return failed(t, E_UNSUPPORTED, "the server takes no international addresses");
    if (needs->eight_bit && !c->eight_bit)
        return failed(t, E_UNSUPPORTED, "the server takes no 8-bit messages");
    if (c->size_max && (int64_t) m->bytes.n > c->size_max)
        return failed(t, E_TOO_LARGE, "the message is larger than the server takes");
    return OK;
}

static struct str mail_line(struct talk *t, const struct smtp_message *m, struct needs needs) {
    struct str size = t->client->size_max ? arena_printf(t->arena, " SIZE=%zu", m->bytes.n) : STR("");
    return arena_printf(t->arena, "MAIL FROM:<%.*s>%.*s%s%s\r\n", STR_FMT(m->from), STR_FMT(size),
                        needs.eight_bit || needs.utf8 ? " BODY=8BITMIME" : "",
                        needs.utf8 ? " SMTPUTF8" : "");
}

/* All replies are read even after a refusal; the first refusal is what is told. */
static enum rc envelope_pipelined(struct talk *t, const struct smtp_message *m, struct str mail) {
    struct buf b = buf_in(t->arena, mail.n + m->to.n * (SMTP_LINE_MAX_BYTES + 16));
    buf_str(&b, mail);
    for (size_t i = 0; i < m->to.n; i++)
        buf_printf(&b, "RCPT TO:<%.*s>\r\n", STR_FMT(m->to.p[i]));
    if (buf_result(&b) != OK)
        return failed(t, E_INVALID, "an address is too long");
    enum rc rc = say(t, buf_text(&b));
    struct smtp_result first = { .rc = rc };
    for (size_t i = 0; rc == OK && i <= m->to.n && t->client->is_open; i++) {
        t->result->step = i ? SMTP_RCPT : SMTP_MAIL;
        enum rc said = expect(t, 2, t->client->reply_ms);
        if (said != OK && first.rc == OK)
            first = *t->result;
    }
    if (first.rc != OK && rc == OK)
        *t->result = first;
    return t->result->rc;
}

static enum rc envelope(struct talk *t, const struct smtp_message *m, struct str mail) {
    if (t->client->pipelines)
        return envelope_pipelined(t, m, mail);
    enum rc rc = ask(t, SMTP_MAIL, mail, 2);
    for (size_t i = 0; rc == OK && i < m->to.n; i++)
        rc = ask(t, SMTP_RCPT, arena_printf(t->arena, "RCPT TO:<%.*s>\r\n", STR_FMT(m->to.p[i])), 2);
    return rc;
}

/* Lines end with CRLF, and a dot that begins one is doubled (RFC 5321, 4.5.2). */
struct stuffing {
    struct str rest;
    bool at_start; /* of a line */
};

static void stuff(struct stuffing *s, struct buf *out) {
    size_t i = 0;
    while (i < s->rest.n && out->n < CHUNK_BYTES) {
        char c = s->rest.p[i];
        if (c == '.' && s->at_start)
            buf_char(out, '.');
        s->at_start = c == '\n' || c == '\r';
        if (c == '\r' && i + 1 < s->rest.n && s->rest.p[i + 1] == '\n')
            i++;
        if (s->at_start)
            buf_str(out, STR("\r\n"));
        else
            buf_char(out, c);
        i++;
    }
    s->rest = str_sub(s->rest, i, s->rest.n);
}

/* The server ended the conversation while we wrote: what it said is worth more than that. */
static enum rc interrupted(struct talk *t, enum rc rc) {
    struct smtp_result said = { .step = SMTP_DATA };
    struct talk last = { t->client, t->arena, &said };
    if (rc == E_IO && read_reply(&last, FAREWELL_MS) == OK && said.code >= 400) {
        t->client->is_open = false;
        said.rc = meaning(said.code, SMTP_DATA);
        *t->result = said;
        return said.rc;
    }
    return broke(t, rc);
}

static enum rc write_body(struct talk *t, struct str bytes) {
    struct stuffing s = { bytes, true };
    struct buf out = buf_on_heap(CHUNK_BYTES + 8);
    enum rc rc = OK;
    while (rc == OK && s.rest.n) {
        buf_clear(&out);
        stuff(&s, &out);
        rc = peer_send(t->client->peer, buf_text(&out), t->client->body_ms);
    }
    if (rc == OK && !s.at_start)
        rc = peer_send(t->client->peer, STR("\r\n"), t->client->body_ms);
    buf_done(&out);
    return rc == OK ? OK : interrupted(t, rc);
}

/* From here on only a reply tells what became of it. */
static enum rc end_message(struct talk *t) {
    t->result->step = SMTP_DOT;
    t->result->code = 0;
    enum rc rc = peer_send(t->client->peer, STR(".\r\n"), t->client->reply_ms);
    rc = rc == OK ? expect(t, 2, 2 * t->client->reply_ms) : broke(t, rc);
    t->result->is_unknown = rc != OK && t->result->code < 400;
    return rc;
}

enum rc smtp_send(struct smtp_client *client, const struct smtp_message *message,
                  struct arena *arena, struct smtp_result *ret_result) {
    struct needs needs;
    *ret_result = (struct smtp_result){ .step = SMTP_MAIL };
    struct talk t = { client, arena, ret_result };
    enum rc rc = judge(&t, message, &needs);
    if (rc != OK)
        return rc;
    if (!client->is_open)
        return failed(&t, E_IO, "the connection ended");
    if (client->in_transaction) {
        rc = ask(&t, SMTP_MAIL, STR("RSET\r\n"), 2);
        if (rc != OK)
            return rc;
    }
    client->in_transaction = true;
    rc = envelope(&t, message, mail_line(&t, message, needs));
    if (rc == OK)
        rc = ask(&t, SMTP_DATA, STR("DATA\r\n"), 3);
    if (rc == OK)
        rc = write_body(&t, message->bytes);
    if (rc == OK)
        rc = end_message(&t);
    client->in_transaction = rc != OK;
    return rc;
}

bool smtp_is_open(const struct smtp_client *client) {
    return client->is_open;
}

void smtp_close(struct smtp_client **client) {
    if (!*client)
        return;
    if ((*client)->peer && (*client)->is_open)
        (void) !peer_send((*client)->peer, STR("QUIT\r\n"), QUIT_MS); /* a courtesy */
    peer_close(&(*client)->peer);
    mem_free(*client);
    *client = NULL;
}
