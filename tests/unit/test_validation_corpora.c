/* The published corpora: how far we agree with each is printed, and every disagreement is
 * one that docs/validation.md gives a reason for. */
#include <jansson.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "net/host.h"
#include "shared_data.h"
#include "data/text.h"
#include "verify/address.h"
#include "verify/verdict.h"

#define CORPORA SHARED_DATA "corpora/"

struct score {
    const char *corpus;
    int cases, agreed;
};

static void note(struct score *score, bool agrees, const char *format, ...) PRINTF_LIKE(3, 4);
static void note(struct score *score, bool agrees, const char *format, ...) {
    score->cases++;
    score->agreed += agrees;
    if (agrees)
        return;
    char text[2048];
    va_list args;
    va_start(args, format);
    (void) vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_message("%s: disagrees: %s\n", score->corpus, text);
}

/* Fails under `least` per thousand. */
static void conclude(const struct score *score, int least) {
    int share = score->agreed * 1000 / score->cases;
    print_message("%s: %d of %d agree, %d.%d %%\n", score->corpus, score->agreed, score->cases,
                  share / 10, share % 10);
    if (share < least)
        fail_case("%s: expected at least %d.%d %%", score->corpus, least / 10, least % 10);
}

/* Half a surrogate pair, which no UTF-8 has and jansson does not read, becomes U+FFFE,
 * which no text has either. */
static void replace_surrogates(char *p, size_t n) {
    for (size_t i = 0; i + 12 <= n; i++) {
        bool is_high = memcmp(p + i, "\\ud8", 4) == 0, is_low = memcmp(p + i, "\\udf", 4) == 0;
        if (is_high && memcmp(p + i + 6, "\\ud", 3) == 0)
            i += 11;
        else if (is_high || is_low)
            memcpy(p + i, "\\ufffe", 6);
    }
}

static json_t *load(const char *path) {
    json_error_t error;
    struct ctx ctx = test_ctx();
    struct str text;
    assert_int_equal(close(open_shared_data(path)), 0);
    assert_int_equal(file_read(&ctx, path, 4 << 20, &text), OK);
    char *p = arena_alloc(ctx.arena, text.n);
    memcpy(p, text.p, text.n);
    replace_surrogates(p, text.n);
    json_t *root = json_loadb(p, text.n, JSON_ALLOW_NUL, &error);
    if (!root)
        fail_case("%s: %s", path, error.text);
    arena_free(&ctx.arena);
    return root;
}

static struct str text_of(const json_t *object, const char *member) {
    const json_t *value = json_object_get(object, member);
    return json_is_string(value) ? (struct str){ json_string_value(value), json_string_length(value) }
                                 : STR_NONE;
}

/* Accepted for SMTP are the categories up to RFC 5321. */
static void test_isemail(void **state) {
    (void) state;
    struct score score = { .corpus = "isemail" };
    struct arena *arena = arena_new();
    json_t *root = load(CORPORA "isemail_original.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "tests"), i, test) {
        struct str text = text_of(test, "address"), category = text_of(test, "category");
        bool expected = str_eq(category, STR("ISEMAIL_VALID_CATEGORY"))
                        || str_eq(category, STR("ISEMAIL_DNSWARN"))
                        || str_eq(category, STR("ISEMAIL_RFC5321"));
        struct address address;
        enum address_fault fault = address_parse(arena, text, &address);
        note(&score, expected == (fault == ADDRESS_OK), "<%.*s> is %.*s, ours: %s", STR_FMT(text),
             STR_FMT(text_of(test, "diagnosis")), address_fault(fault)->word);
    }
    json_decref(root);
    arena_free(&arena);
    conclude(&score, 980);
}

/* The top-level domains of the case's options; all when it has none. */
static bool tld_is_allowed(const json_t *options, struct str domain) {
    const json_t *allow = json_object_get(json_object_get(options, "tlds"), "allow");
    size_t dot = str_find_last(domain, '.'), i;
    json_t *tld;
    if (!json_is_array(allow))
        return true;
    json_array_foreach(allow, i, tld)
        if (str_eq(str_sub(domain, dot + 1, domain.n), str_of(json_string_value(tld))))
            return true;
    return false;
}

/* What that validator takes is what can be sent to: no quoted local parts, no literals, no
 * domain of one label or with a number at its end, unless its options say so. */
static bool hapi_accepts(const json_t *options, enum address_fault fault,
                         const struct address *address) {
    if (json_is_true(json_object_get(options, "ignoreLength")))
        return fault == ADDRESS_OK || fault == FAULT_LOCAL_LENGTH || fault == FAULT_LENGTH;
    bool one_label = json_integer_value(json_object_get(options, "minDomainSegments")) == 1;
    return fault == ADDRESS_OK && !address->is_quoted && !address->is_literal
           && (!address->is_dotless || one_label) && !address->is_numeric
           && tld_is_allowed(options, address->domain);
}

static void test_hapi(void **state) {
    (void) state;
    struct score score = { .corpus = "hapijs/address" };
    struct arena *arena = arena_new();
    json_t *root = load(CORPORA "hapijs_address_email.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "valid"), i, test) {
        struct str text = text_of(test, "address");
        bool expected = json_is_true(json_object_get(test, "valid"));
        const json_t *options = json_object_get(test, "options");
        struct address address;
        enum address_fault fault = address_parse(arena, text, &address);
        note(&score, expected == hapi_accepts(options, fault, &address),
             "<%.*s> is %s, ours: %s", STR_FMT(text), expected ? "valid" : "invalid",
             address_fault(fault)->word);
    }
    json_decref(root);
    arena_free(&arena);
    conclude(&score, 980);
}

/* --- IdnaTestV2.txt --- */

/* "\u05D0" and "\x{1F600}" as UTF-8; false for half a surrogate pair. */
static bool unescape(struct arena *arena, struct str s, struct str *ret_text) {
    struct buf b = buf_in(arena, 65536);
    while (s.n) {
        bool is_u = str_starts(s, STR("\\u")), is_x = str_starts(s, STR("\\x{"));
        if (!is_u && !is_x) {
            buf_char(&b, s.p[0]);
            s = str_sub(s, 1, s.n);
            continue;
        }
        size_t from = is_u ? 2 : 3, to = is_u ? 6 : str_find(s, '}');
        unsigned c = 0;
        for (size_t i = from; i < to; i++)
            c = c * 16 + (unsigned) ascii_hex_value(s.p[i]);
        if (c >= 0xD800 && c < 0xE000)
            return false;
        if (c < 0x80) {
            buf_char(&b, (char) c);
        } else {
            if (c >= 0x10000)
                buf_char(&b, (char) (0xF0 | c >> 18));
            if (c >= 0x800)
                buf_char(&b, (char) (c >= 0x10000 ? 0x80 | (c >> 12 & 63) : 0xE0 | c >> 12));
            buf_char(&b, (char) (c >= 0x800 ? 0x80 | (c >> 6 & 63) : 0xC0 | c >> 6));
            buf_char(&b, (char) (0x80 | (c & 63)));
        }
        s = str_sub(s, is_u ? 6 : to + 1, s.n);
    }
    *ret_text = arena_str(arena, buf_text(&b));
    return true;
}

enum { SOURCE, TO_UNICODE, UNICODE_STATUS, TO_ASCII, ASCII_STATUS, COLUMNS };

/* Blank columns mean what the column before them says. */
static bool idna_columns(struct str line, struct str columns[COLUMNS]) {
    line = str_sub(line, 0, str_find(line, '#'));
    if (str_is_empty(str_trim(line)))
        return false;
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!str_cut(&line, ';', &columns[i]))
            return false;
        columns[i] = str_trim(columns[i]);
    }
    if (!columns[TO_UNICODE].n)
        columns[TO_UNICODE] = columns[SOURCE];
    if (!columns[TO_ASCII].n)
        columns[TO_ASCII] = columns[TO_UNICODE];
    if (!columns[ASCII_STATUS].n)
        columns[ASCII_STATUS] = columns[UNICODE_STATUS];
    for (size_t i = 0; i < COLUMNS; i++)
        if (str_eq(columns[i], STR("\"\"")))
            columns[i] = STR("");
    return true;
}

static void idna_case(struct arena *arena, struct score *score, struct str columns[COLUMNS]) {
    struct str source, expected, host = STR_NONE;
    bool is_valid = columns[ASCII_STATUS].n == 0 || str_eq(columns[ASCII_STATUS], STR("[]"));
    if (!unescape(arena, columns[SOURCE], &source)) {
        note(score, !is_valid, "%.*s", STR_FMT(columns[SOURCE]));
        return;
    }
    enum host_fault fault = host_to_ascii(arena, source, &host);
    bool agrees = (fault == HOST_OK) == is_valid;
    if (is_valid && fault == HOST_OK)
        agrees = unescape(arena, columns[TO_ASCII], &expected) && str_eq(host, expected);
    note(score, agrees, "%.*s is %.*s %.*s, ours: %d %.*s", STR_FMT(columns[SOURCE]),
         STR_FMT(columns[TO_ASCII]), STR_FMT(columns[ASCII_STATUS]), (int) fault, STR_FMT(host));
}

static void test_idna(void **state) {
    (void) state;
    struct score score = { .corpus = "IdnaTestV2" };
    struct arena *arena = arena_new();
    struct ctx ctx = test_ctx();
    struct str rest, line, columns[COLUMNS];
    int fd = open_shared_data(CORPORA "IdnaTestV2.txt");
    assert_int_equal(close(fd), 0);
    assert_int_equal(file_read(&ctx, CORPORA "IdnaTestV2.txt", 4 << 20, &rest), OK);
    while (str_cut(&rest, '\n', &line)) {
        if (idna_columns(line, columns))
            idna_case(arena, &score, columns);
        arena_reset(arena);
    }
    arena_free(&ctx.arena);
    arena_free(&arena);
    conclude(&score, 980);
}

/* --- replies --- */

/* The names that the corpora use where ours differ. */
static enum provider provider_named(struct str name) {
    static const struct {
        const char *name;
        enum provider provider;
    } others[] = {
        { "apple", PROVIDER_ICLOUD },      { "exchange-online", PROVIDER_MICROSOFT },
        { "web.de", PROVIDER_GMX },        { "messagelabs", PROVIDER_BROADCOM },
    };
    for (size_t i = 0; i < LENGTH(others); i++)
        if (str_eq(name, str_of(others[i].name)))
            return others[i].provider;
    for (unsigned p = PROVIDER_OTHER; p <= PROVIDER_IMPROVMX; p++)
        if (str_eq(name, str_of(provider_facts((enum provider) p)->name)))
            return (enum provider) p;
    return PROVIDER_OTHER;
}

static struct verdict verdict_of_reply(enum reply_meaning meaning, enum provider provider,
                                       bool every_mx) {
    struct address address = { .text = STR("bob@acme.com"), .local = STR("bob"),
                               .domain = STR("acme.com") };
    struct findings findings = {
        .address = &address, .domain = DOMAIN_HAS_MX, .probe = PROBE_ANSWERED, .reply = meaning,
        .every_mx = every_mx, .provider = provider,
    };
    return verdict_of(&findings);
}

static bool result_is(enum reply_meaning meaning, enum provider provider, const char *result) {
    struct verdict verdict = verdict_of_reply(meaning, provider, false);
    return strcmp(verify_result_name(verdict.result), result) == 0;
}

/* What the corpus says is to be done after one reply. */
static bool agrees_with_label(struct str label, struct str verdict, enum reply_meaning meaning,
                              enum provider provider) {
    enum reply_action action = reply_meaning_facts(meaning)->action;
    if (str_eq(label, STR("relay_denied")))
        return meaning == REPLY_RELAY_DENIED
               && verdict_of_reply(meaning, provider, true).result == RESULT_UNDELIVERABLE;
    if (str_eq(label, STR("accepted")))
        return meaning == REPLY_ACCEPTED;
    if (str_eq(label, STR("rcpt_rate_limited")))
        return meaning == REPLY_MAILBOX_BUSY;
    if (str_eq(label, STR("too_many_rcpt")))
        return action == ACTION_NEW_TRANSACTION;
    if (str_eq(verdict, STR("retry")))
        return (action == ACTION_RETRY_LATER || action == ACTION_NEXT_MX)
               && result_is(meaning, provider, "unknown");
    return strncmp(verify_result_name(verdict_of_reply(meaning, provider, false).result), verdict.p,
                   verdict.n) == 0;
}

static enum reply_meaning classify(struct arena *arena, struct str lines, enum provider provider) {
    struct reply reply;
    if (reply_parse(arena, lines, &reply) != OK)
        fail_case("%.*s: no reply", STR_FMT(lines));
    return reply_classify(&reply, STAGE_RCPT, provider);
}

static void test_labelled_replies(void **state) {
    (void) state;
    struct score score = { .corpus = "labelled replies" };
    struct arena *arena = arena_new();
    json_t *root = load(CORPORA "smtp_replies_labelled.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "cases"), i, test) {
        struct str text = text_of(test, "text"), enhanced = text_of(test, "enhanced");
        int code = (int) json_integer_value(json_object_get(test, "code"));
        struct str lines = arena_printf(arena, "%d %.*s %.*s\r\n", code, STR_FMT(enhanced),
                                        STR_FMT(text));
        enum provider provider = provider_named(text_of(test, "provider"));
        enum reply_meaning meaning = classify(arena, lines, provider);
        struct str label = text_of(test, "label"), verdict = text_of(test, "verdict");
        note(&score, agrees_with_label(label, verdict, meaning, provider),
             "<%.*s> is %.*s, ours: %s", STR_FMT(str_trim(lines)), STR_FMT(label),
             reply_meaning_facts(meaning)->name);
    }
    json_decref(root);
    arena_free(&arena);
    conclude(&score, 950);
}

/* The code stands in the text, or in one of two other members, or there is the status alone. */
static struct str bounce_lines(struct arena *arena, const json_t *test) {
    struct str text = text_of(test, "text"), code = text_of(test, "expect_code");
    struct str status = text_of(test, "expect_status");
    bool has_code = text.n > 4 && ascii_is_digit(text.p[0]) && ascii_is_digit(text.p[2])
                    && (text.p[3] == ' ' || text.p[3] == '-');
    if (has_code)
        return text;
    if (code.n == 3)
        return arena_printf(arena, "%.*s %.*s %.*s", STR_FMT(code), STR_FMT(status), STR_FMT(text));
    return arena_printf(arena, "%c50 %.*s %.*s", status.p[0], STR_FMT(status), STR_FMT(text));
}

/* Said about the sender, the message or the way, so never a reason to call a mailbox bad. */
static bool is_not_about_mailbox(struct str reason) {
    return text_list_has("authfailure badreputation blocked contenterror exceedlimit expired "
                         "mesgtoobig networkerror notcompliantrfc onhold policyviolation rejected "
                         "requireptr securityerror spamdetected speeding systemerror systemfull "
                         "toomanyconn undefined virusdetected", reason);
}

static void test_bounces(void **state) {
    (void) state;
    struct score score = { .corpus = "bounces" };
    struct arena *arena = arena_new();
    json_t *root = load(CORPORA "smtp_replies_bounces.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "cases"), i, test) {
        enum provider provider = provider_of_host(text_of(test, "remote_mta"));
        struct str lines = bounce_lines(arena, test), reason = text_of(test, "reason");
        struct str hint = text_of(test, "verdict_hint");
        enum reply_meaning meaning = classify(arena, lines, provider);
        const char *result = verify_result_name(verdict_of_reply(meaning, provider, false).result);
        bool agrees = str_starts(hint, STR("review")) ? strcmp(result, "deliverable") != 0
                      : str_contains(hint, STR("unless")) || str_contains(hint, STR(" if "))
                          ? strcmp(result, "unknown") == 0 || strcmp(result, "undeliverable") == 0
                          : str_eq(hint, str_of(result));
        note(&score, agrees, "<%.*s> is %.*s, ours: %s", STR_FMT(lines), STR_FMT(reason),
             reply_meaning_facts(meaning)->name);
        if (is_not_about_mailbox(reason) && strcmp(result, "undeliverable") == 0)
            fail_case("<%.*s> is %.*s and was called undeliverable", STR_FMT(lines), STR_FMT(reason));
    }
    json_decref(root);
    arena_free(&arena);
    conclude(&score, 950);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_isemail),
        cmocka_unit_test(test_hapi),
        cmocka_unit_test(test_idna),
        cmocka_unit_test(test_labelled_replies),
        cmocka_unit_test(test_bounces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
