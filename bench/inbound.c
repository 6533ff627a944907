/* How many messages a second come in: read, joined to the message of ours that they answer,
 * labelled, and stored with what follows, each durable in a transaction of its own, in one
 * thread; beside GMime alone on the same bytes, which is as little as any program could do.
 * The replies are those of the gold set, as mail programs send them: a text and an HTML part, and
 * below both what they answer. On the fixture of the tests, on both engines. `make bench-inbound`. */
#include <gmime/gmime.h>
#include <time.h>

#include "gold.h"
#include "sequence_world.h"

#include "reply/inbound.h"
#include "sequence/inbox_message.h"
#include "store/inboxes.h"

#define DOCUMENT                                                                                   \
    "{\"name\":\"Bench\",\"stages\":[{\"type\":\"email\",\"variants\":[{\"subject\":\"{{company_name}} and us\"," \
    "\"text\":\"Hi {{first_name}},\\n\\nI saw that you are looking for people in Porto. You will know how long "    \
    "that takes. Could we talk about it for ten minutes this week?\\n\\nAnn\"}]}]}"

enum { MESSAGES = 2000, LEASE_MS = 3600000 };

/* --- what comes in --- */

static void put_quoted(struct buf *b, struct str text) {
    buf_str(b, STR("\r\nOn Mon, 1 Sep 2025 at 10:00, Ann <ann@mail.acme.example> wrote:\r\n"));
    for (struct str line; str_cut(&text, '\n', &line);)
        buf_printf(b, "> %.*s\r\n", STR_FMT(line));
}

static struct str reply_to(struct arena *arena, const struct reply *t, const struct message *m, struct str body) {
    struct buf b = buf_in(arena, 4096);
    buf_printf(&b, "Received: from mx.example (mx.example [192.0.2.1]) by acme.example; Mon, 1 Sep 2025 12:00:00 +0000\r\n"
                   "From: Somebody <%.*s>\r\nTo: Ann <ann@mail.acme.example>\r\nSubject: %.*s\r\n"
                   "Date: Mon, 1 Sep 2025 12:00:00 +0000\r\nMessage-ID: <r.%.*s>\r\nIn-Reply-To: <%.*s>\r\n"
                   "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n",
               STR_FMT(m->recipient), STR_FMT(t->subject), STR_FMT(m->message_id), STR_FMT(m->message_id));
    buf_printf(&b, "\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%.*s\r\n", STR_FMT(t->text));
    put_quoted(&b, body);
    buf_printf(&b, "\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<div>%.*s</div><blockquote>%.*s"
                   "</blockquote>\r\n--b--\r\n", STR_FMT(t->text), STR_FMT(body));
    return buf_text(&b);
}

struct mail {
    struct str *sources;
    size_t n, bytes;
};

static const struct query body_of
    = { "body", "SELECT body FROM message_sources WHERE account_id = $1 AND message_id = $2", NULL };

static struct mail answer_all(struct world *w) {
    struct ctx *ctx = w->ctx;
    struct list texts = gold_replies(ctx->arena);
    struct mail mail = { arena_alloc(ctx->arena, MESSAGES * sizeof(struct str)), MESSAGES, 0 };
    for (size_t i = 0; i < MESSAGES; i++) {
        struct str email = arena_printf(ctx->arena, "lead%zu@d%zu.example", i, i % 500), body;
        const struct sequence_lead *lead
            = world_lead(w, email.p, "{\"first_name\":\"Amy\",\"company_name\":\"Birch\"}");
        struct message m = world_compose(w, lead, 0);
        assert_ok(ctx, db_get_text(ctx, &body_of, DB_ARGS(db_v_text(ctx->account_id), db_v_text(m.id)), &body));
        const struct reply *t = (const struct reply *) texts.p + i % texts.n;
        mail.sources[i] = reply_to(ctx->arena, t, &m, body);
        mail.bytes += mail.sources[i].n;
    }
    assert_ok(ctx, test_db_exec(ctx, "UPDATE messages SET state = 'sent', sent_at = 1756479256000"));
    return mail;
}

/* --- what is measured --- */

struct work {
    struct world *world;
    struct arena *arena;
    struct inbox_place place;
};

static void parse(struct work *work, struct str source) {
    (void) work; /* the library has its own memory */
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(source.p, source.n);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    assert_non_null(message);
    g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
}

static void understand(struct work *work, struct str source) {
    struct inbound in;
    inbound_read(work->arena, source, &in);
}

static void label(struct work *work, struct str source) {
    struct inbound in;
    inbound_read(work->arena, source, &in);
    struct reply reply = { .subject = in.subject, .text = in.last_message };
    (void) reply_class_of(work->arena, &reply);
}

static void receive(struct work *work, struct str source) {
    struct ctx *ctx = work->world->ctx;
    struct arena *kept = ctx->arena;
    struct inbound in;
    ctx->arena = work->arena;
    inbound_read(work->arena, source, &in);
    assert_ok(ctx, inbox_receive(ctx, &work->world->mailbox, &in, source, &work->place));
    work->place.next.uid_next.v++;
    ctx->arena = kept;
}

static const struct {
    const char *name;
    void (*run)(struct work *work, struct str source);
} steps[] = {
    { "GMime alone, parsed", parse },
    { "parsed, text, quotes, kind", understand },
    { "the same, and labelled", label },
    { "the same, and joined, stored, acted on", receive },
};

static double processor_us(void) {
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static void run(void **state) {
    struct world w;
    world_start(state, &w);
    world_sequence(&w, DOCUMENT);
    struct mail mail = answer_all(&w);
    struct inbox_lease lease = { STR("bench"), ctx_now(w.ctx), LEASE_MS };
    struct inbox inbox;
    struct work work = { &w, arena_new(), { lease.owner, STR("INBOX"), { opt_int(1), opt_int(1) } } };
    assert_ok(w.ctx, inbox_take(w.ctx, &lease, &inbox));
    printf("\n%s, %zu replies of %zu bytes on average\n\n| | a second | each | processor of this process |\n"
           "|---|---|---|---|\n",
           test_db_is_pg(*state) ? "PostgreSQL" : "SQLite", mail.n, mail.bytes / mail.n);
    for (size_t s = 0; s < LENGTH(steps); s++) {
        double processor = processor_us();
        int64_t began = monotonic_us();
        for (size_t i = 0; i < mail.n; i++) {
            steps[s].run(&work, mail.sources[i]);
            arena_reset(work.arena);
        }
        double each = (double) (monotonic_us() - began) / (double) mail.n;
        processor = (processor_us() - processor) / (double) mail.n;
        printf("| %s | %.0f | %.0f us | %.0f us |\n", steps[s].name, 1e6 / each, each, processor);
    }
    struct query count = { "count", "SELECT count(*) FROM replies", NULL };
    int64_t stored = 0;
    assert_ok(w.ctx, db_get_int(w.ctx, &count, DB_NO_ARGS, &stored));
    assert_int_equal(stored, mail.n);
    arena_free(&work.arena);
    world_done(&w);
}

int main(void) {
    const struct CMUnitTest both[] = { BOTH_ENGINES(run) };
    return cmocka_run_group_tests(both, NULL, NULL);
}
