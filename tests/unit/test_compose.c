/* Messages as they are written, read back with GMime's parser: on both engines. */
#include "sequence_world.h"

#include <gmime/gmime.h>

#include "store/replies.h"

static const char *const plain
    = "{\"name\":\"S\",\"stages\":["
      "{\"type\":\"email\",\"variants\":[{\"subject\":\"Gr\\u00fc\\u00dfe, {{first_name}}\","
      "\"text\":\"Hi {{first_name}},\\n.\\nFrom {{sender.name}}\\n{{sender.signature}}\"}]},"
      "{\"type\":\"email\",\"delay_days\":1,\"variants\":[{\"text\":\"Again\"}]},"
      "{\"type\":\"email\",\"delay_days\":1,\"priority\":\"high\",\"variants\":[{\"text\":\"Third\"}]},"
      "{\"type\":\"email\",\"delay_days\":1,\"variants\":[{\"subject\":\"New\",\"text\":\"Other {{title}}\"}]}]}";

static GMimeMessage *parse(struct world *w, const struct message *m) {
    struct str source;
    assert_ok(w->ctx, message_source(w->ctx, m->id, &source));
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(source.p, source.n);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    assert_non_null(message);
    g_object_unref(parser);
    g_object_unref(stream);
    return message;
}

/* The header with its folds as spaces; absent without it. */
static struct str header(struct world *w, GMimeMessage *message, const char *name) {
    const char *value = g_mime_object_get_header(GMIME_OBJECT(message), name);
    struct buf b = buf_in(w->ctx->arena, 10000);
    struct str rest = str_of(value), word;
    while (value && str_word(&rest, &word)) {
        if (b.n)
            buf_char(&b, ' ');
        buf_str(&b, word);
    }
    return value ? buf_text(&b) : STR_NONE;
}

/* The text of a part, lines with LF. */
static struct str body(struct world *w, GMimeObject *part) {
    char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
    struct buf b = buf_in(w->ctx->arena, 100000);
    for (size_t i = 0; text[i]; i++)
        if (text[i] != '\r')
            buf_char(&b, text[i]);
    g_free(text);
    return buf_text(&b);
}

static void assert_lines(struct str source) {
    struct str rest = source, line;
    while (rest.n && str_cut(&rest, '\n', &line)) {
        assert_true(line.n >= 1 && line.n <= 999 && line.p[line.n - 1] == '\r');
        for (size_t i = 0; i + 1 < line.n; i++)
            assert_true((line.p[i] >= ' ' && line.p[i] <= '~') || line.p[i] == '\t');
    }
}

static void test_headers(void **state) {
    struct world w;
    struct str source;
    world_start(state, &w);
    world_sequence(&w, plain);
    const struct sequence_lead *lead
        = world_lead(&w, "bob@lead.example", "{\"first_name\":\"J\xc3\xb6rg\",\"last_name\":\"X\"}");
    struct message m = world_compose(&w, lead, 0);
    GMimeMessage *message = parse(&w, &m);
    assert_ok(w.ctx, message_source(w.ctx, m.id, &source));
    assert_lines(source);
    InternetAddressMailbox *from
        = INTERNET_ADDRESS_MAILBOX(internet_address_list_get_address(g_mime_message_get_from(message), 0));
    assert_string_equal(internet_address_get_name(INTERNET_ADDRESS(from)), "Ann M\xc3\xbcller, \"Sales\"");
    assert_string_equal(internet_address_mailbox_get_addr(from), "ann@mail.acme.example");
    InternetAddress *to = internet_address_list_get_address(g_mime_message_get_to(message), 0);
    assert_string_equal(internet_address_get_name(to), "J\xc3\xb6rg X");
    assert_string_equal(g_mime_message_get_subject(message), "Gr\xc3\xbc\xc3\x9f" "e, J\xc3\xb6rg");
    assert_str(m.subject, "Gr\xc3\xbc\xc3\x9f" "e, J\xc3\xb6rg");
    assert_str(m.message_id, g_mime_message_get_message_id(message));
    assert_true(str_ends(m.message_id, STR("@mail.acme.example")));
    assert_str(header(&w, message, "X-Outrider-Id"), m.id.p);
    assert_null(header(&w, message, "References").p);
    assert_null(header(&w, message, "Date").p);
    assert_str(header(&w, message, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    struct str list = header(&w, message, "List-Unsubscribe");
    assert_true(str_starts(list, STR("<https://o.example/unsubscribe/")));
    assert_true(str_ends(list, STR(">, <mailto:ann@mail.acme.example?subject=unsubscribe>")));
    assert_str(body(&w, g_mime_message_get_mime_part(message)),
               "Hi J\xc3\xb6rg,\n.\nFrom Ann M\xc3\xbcller, \"Sales\"\n-- \nAnn\n");
    assert_str(m.state, "queued");
    assert_int_equal(m.due_at.v, WORLD_START_MS);
    g_object_unref(message);
    world_done(&w);
}

static void set_sent(struct world *w, const struct message *m) {
    test_clock.ms += 1000;
    assert_ok(w->ctx, world_move(w, m->id, (struct message_move){ .from = MESSAGE_QUEUED, .to = MESSAGE_SENT,
                                                                 .sent_at = opt_int(test_clock.ms) }));
}

static void test_thread(void **state) {
    struct world w;
    world_start(state, &w);
    world_sequence(&w, plain);
    const struct sequence_lead *lead = world_lead(&w, "bob@lead.example", "{\"first_name\":\"Bob\",\"title\":\"T\"}");
    struct message m[4];
    for (size_t i = 0; i < LENGTH(m); i++) {
        m[i] = world_compose(&w, lead, i);
        set_sent(&w, &m[i]);
    }
    GMimeMessage *second = parse(&w, &m[1]), *third = parse(&w, &m[2]), *own = parse(&w, &m[3]);
    struct arena *arena = w.ctx->arena;
    assert_str(m[1].subject, "Re: Gr\xc3\xbc\xc3\x9f" "e, Bob");
    assert_str(m[2].subject, "Re: Gr\xc3\xbc\xc3\x9f" "e, Bob");
    assert_str(header(&w, second, "In-Reply-To"), arena_printf(arena, "<%.*s>", STR_FMT(m[0].message_id)).p);
    assert_str(header(&w, second, "References"), arena_printf(arena, "<%.*s>", STR_FMT(m[0].message_id)).p);
    assert_str(header(&w, third, "In-Reply-To"), arena_printf(arena, "<%.*s>", STR_FMT(m[1].message_id)).p);
    assert_str(header(&w, third, "References"),
               arena_printf(arena, "<%.*s> <%.*s>", STR_FMT(m[0].message_id), STR_FMT(m[1].message_id)).p);
    assert_int_equal(m[2].priority.v, 2);
    assert_str(m[3].subject, "New");
    assert_null(header(&w, own, "References").p);
    g_object_unref(second);
    g_object_unref(third);
    g_object_unref(own);
    world_done(&w);
}

/* A first email that a person wrote elsewhere: there is no thread to go on with. */
static void test_thread_elsewhere(void **state) {
    struct world w;
    world_start(state, &w);
    world_sequence(&w, plain);
    struct message m = world_compose(&w, world_lead(&w, "bob@lead.example", "{\"first_name\":\"Bob\"}"), 1);
    GMimeMessage *message = parse(&w, &m);
    assert_str(m.subject, "Gr\xc3\xbc\xc3\x9f" "e, Bob");
    assert_null(header(&w, message, "In-Reply-To").p);
    g_object_unref(message);
    world_done(&w);
}

static enum rc insert_reply(struct ctx *ctx, void *arg) {
    bool known;
    return reply_insert(ctx, arg, STR("source"), &known);
}

/* What a reply sequence says first answers the reply; of one without a usable id what that answered. */
static void test_thread_of_a_reply(void **state) {
    static const struct {
        const char *id, *subject, *in_reply_to, *references, *said;
    } cases[] = {
        { "their@id.example", "AW: Hello", "<their@id.example>", "<%s> <their@id.example>", "Re: AW: Hello" },
        { "their@id.example", "re: Hello", "<their@id.example>", "<%s> <their@id.example>", "re: Hello" },
        { "none:0a0b", "Hello", "<%s>", "<%s>", "Re: Hello" },
        { "their@id.example>\r\nX: y", NULL, "<%s>", "<%s>", "Re: Gr\xc3\xbc\xc3\x9f" "e, Bob" },
    };
    struct world w;
    world_start(state, &w);
    world_sequence(&w, plain);
    struct message first = world_compose(&w, world_lead(&w, "bob@lead.example", "{\"first_name\":\"Bob\"}"), 0);
    set_sent(&w, &first);
    const char *ours = arena_cstr(w.ctx->arena, first.message_id);
    world_sequence(&w, "{\"name\":\"T\",\"kind\":\"reply_sequence\",\"stages\":[{\"type\":\"email\","
                       "\"variants\":[{\"text\":\"Great\"}]}]}");
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_ok(w.ctx, test_db_exec(w.ctx, "DELETE FROM replies"));
        struct stored_reply reply = { .kind = STR("person"), .matched_by = STR("sender"), .mailbox_id = w.mailbox.id,
                                      .user_id = w.user.id, .message_id = first.id, .lead_id = first.lead_id,
                                      .sequence_id = first.sequence_id, .stage_id = first.stage_id,
                                      .header_id = str_of(cases[i].id), .subject = str_of(cases[i].subject),
                                      .dated_at = opt_int(test_clock.ms) };
        assert_ok(w.ctx, db_transact(w.ctx, insert_reply, &reply));
        struct str to = arena_printf(w.ctx->arena, "bob%zu@lead.example", i);
        struct sequence_lead lead = *world_lead(&w, to.p, "{}");
        lead.reply_id = reply.id;
        struct message m = world_compose(&w, &lead, 0);
        GMimeMessage *message = parse(&w, &m);
        assert_str(m.subject, cases[i].said);
        assert_str(header(&w, message, "In-Reply-To"), arena_printf(w.ctx->arena, cases[i].in_reply_to, ours).p);
        assert_str(header(&w, message, "References"), arena_printf(w.ctx->arena, cases[i].references, ours).p);
        g_object_unref(message);
    }
    world_done(&w);
}

static const char *const rich
    = "{\"name\":\"R\",\"settings\":{\"unsubscribe\":\"header_and_link\",\"track_opens\":true,"
      "\"track_clicks\":true},\"attachments\":[{\"name\":\"\\u00fcber uns.txt\",\"media_type\":\"text/plain\","
      "\"content\":\"LmEKAP8=\"}],\"stages\":[{\"type\":\"email\",\"attachments\":[\"\\u00fcber uns.txt\"],"
      "\"variants\":[{\"subject\":\"S\",\"text\":\"T https://a.example/?x=1\","
      "\"html\":\"<html><body><p>{{first_name}} <a class=b href=\\\"https://a.example/?x=1&amp;y=2\\\">a</a>"
      "<a href='mailto:x@y.example'>m</a></p></body></html>\"}]}]}";

static void test_rich(void **state) {
    struct world w;
    world_start(state, &w);
    world_sequence(&w, rich);
    struct message m = world_compose(&w, world_lead(&w, "bob@lead.example", "{\"first_name\":\"<Bob>\"}"), 0);
    GMimeMessage *message = parse(&w, &m);
    GMimeMultipart *mixed = GMIME_MULTIPART(g_mime_message_get_mime_part(message));
    GMimeMultipart *both = GMIME_MULTIPART(g_mime_multipart_get_part(mixed, 0));
    GMimePart *file = GMIME_PART(g_mime_multipart_get_part(mixed, 1));
    struct str text = body(&w, g_mime_multipart_get_part(both, 0));
    struct str html = body(&w, g_mime_multipart_get_part(both, 1));
    assert_int_equal(g_mime_multipart_get_count(mixed), 2);
    assert_int_equal(g_mime_multipart_get_count(both), 2);
    assert_string_equal(g_mime_part_get_filename(file), "\xc3\xbc" "ber uns.txt");
    GMimeStream *bytes = g_mime_stream_mem_new();
    (void) g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(file), bytes);
    GByteArray *content = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(bytes));
    assert_int_equal(content->len, 5);
    assert_memory_equal(content->data, ".a\n\0\xff", 5);
    g_object_unref(bytes);
    assert_true(str_starts(text, STR("T https://a.example/?x=1\n\nUnsubscribe: https://o.example/unsubscribe/")));
    assert_true(str_contains(html, STR("&lt;Bob&gt; <a class=b href=\"https://o.example/t/c/")));
    assert_true(str_contains(html, STR("?to=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D2\">a</a>")));
    assert_true(str_contains(html, STR("<a href='mailto:x@y.example'>m</a>")));
    assert_true(str_contains(html, STR("<img src=\"https://o.example/t/o/")));
    assert_true(str_ends(str_trim(html), STR("</body></html>")));
    g_object_unref(message);
    world_done(&w);
}

/* Without a public URL nothing leads to us; the address ends it. */
static void test_no_public_url(void **state) {
    struct world w;
    world_start(state, &w);
    w.services.mail.public_url = STR_NONE;
    world_sequence(&w, rich);
    struct message m = world_compose(&w, world_lead(&w, "bob@lead.example", "{\"first_name\":\"B\"}"), 0);
    GMimeMessage *message = parse(&w, &m);
    GMimeMultipart *mixed = GMIME_MULTIPART(g_mime_message_get_mime_part(message));
    struct str html = body(&w, g_mime_multipart_get_part(GMIME_MULTIPART(g_mime_multipart_get_part(mixed, 0)), 1));
    assert_str(header(&w, message, "List-Unsubscribe"), "<mailto:ann@mail.acme.example?subject=unsubscribe>");
    assert_null(header(&w, message, "List-Unsubscribe-Post").p);
    assert_false(str_contains(html, STR("<img")));
    assert_true(str_contains(html, STR("href=\"https://a.example/?x=1&amp;y=2\"")));
    assert_true(str_contains(html, STR("href=\"mailto:ann@mail.acme.example?subject=unsubscribe\"")));
    g_object_unref(message);
    world_done(&w);
}

/* One message for a lead and a stage; what was not sent is written anew under the same ids. */
static void test_once(void **state) {
    static const struct {
        enum message_state state;
        enum rc again;
    } cases[] = {
        { MESSAGE_QUEUED, E_CONFLICT }, { MESSAGE_SENDING, E_CONFLICT },   { MESSAGE_SENT, E_CONFLICT },
        { MESSAGE_HELD, E_CONFLICT },   { MESSAGE_UNCERTAIN, E_CONFLICT }, { MESSAGE_RETRY_WAIT, E_CONFLICT },
        { MESSAGE_CANCELED, OK },       { MESSAGE_FAILED, OK },
    };
    struct world w;
    world_start(state, &w);
    world_sequence(&w, plain);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct sequence_lead *lead
            = world_lead(&w, arena_printf(w.ctx->arena, "l%zu@lead.example", i).p, "{\"first_name\":\"B\"}");
        struct message m = world_compose(&w, lead, 0);
        if (cases[i].state != MESSAGE_QUEUED)
            assert_ok(w.ctx, world_move(&w, m.id, (struct message_move){ .from = MESSAGE_QUEUED, .to = cases[i].state,
                                                                        .reason = STR("x") }));
        assert_rc(w.ctx, world_try_compose(&w, lead, 0), cases[i].again);
        struct message then = world_message(&w, lead, 0);
        assert_true(str_eq(then.id, m.id) && str_eq(then.message_id, m.message_id));
        if (cases[i].again == OK) {
            assert_str(then.state, "queued");
            assert_null(then.reason.p);
        }
    }
    world_done(&w);
}

static void test_refusals(void **state) {
    struct world w;
    world_start(state, &w);
    world_sequence(&w, plain);
    const struct sequence_lead *lead = world_lead(&w, "bob@lead.example", "{\"first_name\":\" \"}");
    assert_rc(w.ctx, world_try_compose(&w, lead, 0), E_NOT_FOUND);
    assert_true(str_contains(w.ctx->err.text, STR("first_name")));
    struct sequence_lead other = *lead;
    other.data = STR("{\"first_name\":\"B\"}");
    other.email = STR_NONE;
    assert_rc(w.ctx, world_try_compose(&w, &other, 0), E_UNSUPPORTED);
    other.email = STR("bob@lead.example");
    other.mailbox_id = STR("0198f652-73a2-7d41-914e-e511382bb808");
    assert_rc(w.ctx, world_try_compose(&w, &other, 0), E_UNSUPPORTED);
    world_done(&w);
}

static enum rc forget_work(struct ctx *ctx, void *arg) {
    const char *const *keys = arg;
    return messages_forget(ctx, str_of(keys[0]), str_of(keys[1]));
}

/* What was not sent yet needs its bytes, however old they are. */
static void test_prune(void **state) {
    struct world w;
    struct str source;
    world_start(state, &w);
    world_sequence(&w, plain);
    const struct sequence_lead *lead = world_lead(&w, "bob@lead.example", "{\"first_name\":\"Bob\"}");
    struct message sent = world_compose(&w, lead, 0);
    set_sent(&w, &sent);
    struct message waits = world_compose(&w, lead, 1);
    assert_ok(w.ctx, message_sources_prune(w.ctx, WORLD_START_MS, 10));
    assert_ok(w.ctx, message_source(w.ctx, sent.id, &source));
    assert_ok(w.ctx, message_sources_prune(w.ctx, test_clock.ms + 1, 10));
    assert_rc(w.ctx, message_source(w.ctx, sent.id, &source), E_NOT_FOUND);
    assert_ok(w.ctx, message_source(w.ctx, waits.id, &source));
    assert_ok(w.ctx, message_get(w.ctx, sent.id, &sent)); /* what is known about it stays */
    world_done(&w);
}

static void test_forget(void **state) {
    struct world w;
    struct str source;
    world_start(state, &w);
    world_sequence(&w, plain);
    const struct sequence_lead *bob = world_lead(&w, "bob@lead.example", "{\"first_name\":\"Bob\"}");
    const struct sequence_lead *eve = world_lead(&w, "eve@lead.example", "{\"first_name\":\"Eve\"}");
    struct message m = world_compose(&w, bob, 0), sent = world_compose(&w, bob, 1), other = world_compose(&w, eve, 0);
    set_sent(&w, &sent);
    const char *keys[] = { "bob@lead.example", NULL };
    assert_ok(w.ctx, db_transact(w.ctx, forget_work, keys));
    struct message then = world_message(&w, bob, 0);
    assert_str(then.state, "canceled");
    assert_str(then.reason, "legal");
    assert_null(then.recipient.p);
    assert_null(then.subject.p);
    assert_rc(w.ctx, message_source(w.ctx, m.id, &source), E_NOT_FOUND);
    assert_str(world_message(&w, bob, 1).state, "sent");
    assert_null(world_message(&w, bob, 1).recipient.p);
    assert_rc(w.ctx, message_source(w.ctx, sent.id, &source), E_NOT_FOUND);
    assert_str(world_message(&w, eve, 0).recipient, "eve@lead.example");
    assert_ok(w.ctx, message_source(w.ctx, other.id, &source));
    /* By the profile of the contact alone. */
    assert_ok(w.ctx, test_db_exec(w.ctx, arena_printf(w.ctx->arena,
        "INSERT INTO contacts (account_id, id, email, linkedin_key, created_at, updated_at) "
        "VALUES ('%s', '%s', 'eve@lead.example', 'in/eve', 1, 1)", w.ctx->account_id.p, eve->contact_id.p).p));
    const char *profile[] = { NULL, "in/eve" };
    assert_ok(w.ctx, db_transact(w.ctx, forget_work, profile));
    assert_null(world_message(&w, eve, 0).recipient.p);
    assert_rc(w.ctx, message_source(w.ctx, other.id, &source), E_NOT_FOUND);
    world_done(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_headers),   BOTH_ENGINES(test_thread),        BOTH_ENGINES(test_thread_elsewhere),
        BOTH_ENGINES(test_thread_of_a_reply),
        BOTH_ENGINES(test_rich),      BOTH_ENGINES(test_no_public_url), BOTH_ENGINES(test_once),
        BOTH_ENGINES(test_refusals),  BOTH_ENGINES(test_prune),
        BOTH_ENGINES(test_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
