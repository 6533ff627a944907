/* Numbers that name the sender decide at once. Else the words are brought to one form
 * (data/reply_words.h) and held against the table of phrases, then the URLs, then the numbers
 * against the table of codes. */
#include "base/buf.h"
#include "base/check.h"
#include "data/reply_words.h"
#include "verify/reply.h"

/* --- reading --- */

static int digit(char c) {
    return ascii_is_digit(c) ? c - '0' : -1;
}

/* Up to three digits and what ends them; -1 when there is none. */
static int take_number(struct str *s) {
    int value = -1;
    size_t i = 0;
    for (; i < 3 && i < s->n && ascii_is_digit(s->p[i]); i++)
        value = (value < 0 ? 0 : value) * 10 + digit(s->p[i]);
    *s = str_sub(*s, i, s->n);
    return value;
}

static bool take_char(struct str *s, char c) {
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_sub(*s, 1, s->n);
    return true;
}

/* RFC 2034, 4: class "." subject "." detail, alone. "5.7.1.100" is an address. */
static bool take_enhanced(struct str *line, int basic_class, struct reply *reply) {
    struct str s = *line;
    int class = take_number(&s), subject = -1, detail = -1;
    if (class == basic_class && take_char(&s, '.'))
        subject = take_number(&s);
    if (subject >= 0 && take_char(&s, '.'))
        detail = take_number(&s);
    bool ends = !s.n || !(ascii_is_alnum(s.p[0]) || s.p[0] == '.');
    if (detail < 0 || !ends)
        return false;
    *line = s;
    if (!reply->class) {
        reply->class = class;
        reply->subject = subject;
        reply->detail = detail;
    }
    return true;
}

static void append_printable(struct buf *b, struct str s) {
    s = str_trim(s);
    if (b->n && s.n)
        buf_char(b, ' ');
    buf_printable(b, s);
}

/* One line; its code, or -1. */
static int read_line(struct str line, struct reply *reply, struct buf *text) {
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    int code = line.n >= 3 ? take_number(&line) : -1;
    if (code < 200 || code > 599 || (line.n && line.p[0] != ' ' && line.p[0] != '-'))
        return -1;
    line = str_trim(str_sub(line, 1, line.n));
    (void) take_enhanced(&line, code / 100, reply); /* there may be none */
    append_printable(text, line);
    return code;
}

enum rc reply_parse(struct arena *arena, struct str lines, struct reply *ret_reply) {
    struct reply reply = { 0 };
    struct str line;
    lines = str_sub(lines, 0, REPLY_MAX_BYTES);
    /* a byte that is not UTF-8 takes one, so the text is never longer */
    struct buf text = buf_in(arena, REPLY_MAX_BYTES + 1);
    while (str_cut(&lines, '\n', &line)) {
        if (!str_trim(line).n && !str_is_set(lines))
            break;
        int code = read_line(line, &reply, &text);
        if (code < 0 || (reply.code && code / 100 != reply.code / 100))
            return E_PROTO;
        reply.code = code;
    }
    if (!reply.code)
        return E_PROTO;
    reply.text = buf_text(&text);
    *ret_reply = reply;
    return OK;
}

/* --- rules --- */

#define PROVIDER_ANY ((enum provider) -1)
enum { ALL = -1, NONE = 0 };

struct phrase_rule {
    enum provider provider;
    int code;
    enum reply_meaning meaning;
    struct str phrase;
};

struct code_rule {
    enum provider provider;
    int code, subject, detail;
    enum reply_meaning meaning;
};

#define FIRST(code, subject, detail, meaning)
#define RULE(provider, code, meaning, phrase)
#define URL(code, meaning, part)
#define CODE(provider, code, subject, detail, meaning)

static const struct code_rule first_rules[] = {
#undef FIRST
#define FIRST(code, subject, detail, meaning) \
    { PROVIDER_ANY, code, subject, detail, REPLY_##meaning },
#include "verify/reply_rules.def"
#undef FIRST
#define FIRST(code, subject, detail, meaning)
};

static const struct phrase_rule phrase_rules[] = {
#undef RULE
#define RULE(provider, code, meaning, phrase) \
    { PROVIDER_##provider, code, REPLY_##meaning, STR(phrase) },
#include "verify/reply_rules.def"
#undef RULE
#define RULE(provider, code, meaning, phrase)
};

static const struct phrase_rule url_rules[] = {
#undef URL
#define URL(code, meaning, part) { PROVIDER_ANY, code, REPLY_##meaning, STR(part) },
#include "verify/reply_rules.def"
#undef URL
#define URL(code, meaning, part)
};

static const struct code_rule code_rules[] = {
#undef CODE
#define CODE(provider, code, subject, detail, meaning) \
    { PROVIDER_##provider, code, subject, detail, REPLY_##meaning },
#include "verify/reply_rules.def"
};

static bool code_matches(int wanted, int code) {
    return wanted == 0 || wanted == code || wanted == code / 100;
}

static const struct phrase_rule *find_phrase(const struct phrase_rule *rules, size_t n,
                                             struct str text, int code, enum provider provider) {
    for (size_t i = 0; text.n && i < n; i++)
        if ((rules[i].provider == PROVIDER_ANY || rules[i].provider == provider)
            && code_matches(rules[i].code, code) && reply_phrase_matches(text, rules[i].phrase))
            return &rules[i];
    return NULL;
}

static const struct code_rule *find_code(const struct code_rule *rules, size_t n,
                                         const struct reply *reply, enum provider provider) {
    int subject = reply->class ? reply->subject : NONE, detail = reply->class ? reply->detail : NONE;
    for (size_t i = 0; i < n; i++)
        if ((rules[i].provider == PROVIDER_ANY || rules[i].provider == provider)
            && code_matches(rules[i].code, reply->code)
            && (rules[i].subject == ALL || rules[i].subject == subject)
            && (rules[i].detail == ALL || rules[i].detail == detail))
            return &rules[i];
    return NULL;
}

static enum reply_meaning of_refusal(const struct reply *reply, enum provider provider) {
    struct reply_words words;
    const struct code_rule *code = find_code(first_rules, LENGTH(first_rules), reply, provider);
    if (code)
        return code->meaning;
    reply_words_of(reply->text, &words);
    const struct phrase_rule *phrase
        = find_phrase(phrase_rules, LENGTH(phrase_rules), (struct str){ words.text, words.n },
                      reply->code, provider);
    if (!phrase)
        phrase = find_phrase(url_rules, LENGTH(url_rules),
                             (struct str){ words.urls, words.urls_n }, reply->code, provider);
    if (phrase)
        return phrase->meaning;
    code = find_code(code_rules, LENGTH(code_rules), reply, provider);
    return code ? code->meaning : REPLY_UNMATCHED;
}

/* --- meaning --- */

static const struct {
    struct reply_meaning_facts facts;
    enum reply_meaning before_rcpt; /* a refusal, when no recipient had been named */
} meanings[] = {
    [REPLY_ACCEPTED] = { { "accepted", ACTION_DONE }, REPLY_ACCEPTED },
    [REPLY_CANNOT_VERIFY] = { { "cannot_verify", ACTION_DONE }, REPLY_ACCEPTED },
    [REPLY_USER_UNKNOWN] = { { "user_unknown", ACTION_DONE }, REPLY_BLOCKED },
    [REPLY_DISABLED] = { { "disabled", ACTION_DONE }, REPLY_BLOCKED },
    [REPLY_FULL] = { { "full", ACTION_DONE }, REPLY_BUSY },
    [REPLY_MAILBOX_BUSY] = { { "mailbox_busy", ACTION_RETRY_LATER }, REPLY_BUSY },
    [REPLY_NO_MAIL] = { { "no_mail", ACTION_DONE }, REPLY_BLOCKED },
    [REPLY_RELAY_DENIED] = { { "relay_denied", ACTION_NEXT_MX }, REPLY_BLOCKED },
    [REPLY_GREYLISTED] = { { "greylisted", ACTION_RETRY_LATER }, REPLY_BUSY },
    [REPLY_BUSY] = { { "busy", ACTION_NEXT_MX }, REPLY_BUSY },
    [REPLY_MANY_RECIPIENTS] = { { "many_recipients", ACTION_NEW_TRANSACTION }, REPLY_BUSY },
    [REPLY_NEEDS_TLS] = { { "needs_tls", ACTION_START_TLS }, REPLY_NEEDS_TLS },
    [REPLY_NEEDS_UTF8] = { { "needs_utf8", ACTION_DONE }, REPLY_NEEDS_UTF8 },
    [REPLY_BLOCKED] = { { "blocked", ACTION_STOP_SITE }, REPLY_BLOCKED },
    [REPLY_POLICY] = { { "policy", ACTION_RETRY_LATER }, REPLY_BLOCKED },
    [REPLY_PROTOCOL] = { { "protocol", ACTION_NEXT_MX }, REPLY_PROTOCOL },
    [REPLY_BARE] = { { "bare", ACTION_RETRY_LATER }, REPLY_BLOCKED },
    [REPLY_UNMATCHED] = { { "unmatched", ACTION_RETRY_LATER }, REPLY_BLOCKED },
};

const struct reply_meaning_facts *reply_meaning_facts(enum reply_meaning meaning) {
    return &meanings[(size_t) meaning < LENGTH(meanings) ? meaning : REPLY_UNMATCHED].facts;
}

enum reply_meaning reply_classify(const struct reply *reply, enum reply_stage stage,
                                  enum provider provider) {
    bool named = stage == STAGE_RCPT || stage == STAGE_DATA;
    if (reply->code / 100 == 2)
        return !named || reply->code == 250 || reply->code == 251 ? REPLY_ACCEPTED
                                                                  : REPLY_CANNOT_VERIFY;
    if (reply->code / 100 == 3)
        return REPLY_PROTOCOL;
    enum reply_meaning meaning = of_refusal(reply, provider);
    return named ? meaning : meanings[meaning].before_rcpt;
}

/* --- waiting --- */

static const struct {
    struct str unit;
    int seconds;
} units[] = {
    { STR("seconds"), 1 }, { STR("second"), 1 }, { STR("secs"), 1 }, { STR("sec"), 1 },
    { STR("minutes"), 60 }, { STR("minute"), 60 }, { STR("mins"), 60 }, { STR("min"), 60 },
    { STR("hours"), 3600 }, { STR("hour"), 3600 }, { STR("hrs"), 3600 }, { STR("hr"), 3600 },
    { STR("s"), 1 }, { STR("m"), 60 }, { STR("h"), 3600 },
};

enum { DAY_SECONDS = 24 * 3600 };

/* The unit that `s` begins with, as a word of its own, in seconds; 0 for none. */
static int unit_seconds(struct str s) {
    if (s.n && (s.p[0] == ' ' || s.p[0] == '-'))
        s = str_sub(s, 1, s.n);
    for (size_t i = 0; i < LENGTH(units); i++)
        if (str_starts_nocase(s, units[i].unit)
            && (s.n == units[i].unit.n || !ascii_is_alnum(s.p[units[i].unit.n])))
            return units[i].seconds;
    return 0;
}

int reply_wait_seconds(const struct reply *reply) {
    struct str s = reply->text;
    for (size_t i = 0; i < s.n; i++) {
        bool begins = ascii_is_digit(s.p[i]) && (i == 0 || !(ascii_is_alnum(s.p[i - 1])
                                                             || s.p[i - 1] == '.'));
        if (!begins)
            continue;
        int64_t value = 0;
        size_t end = i;
        for (; end < s.n && ascii_is_digit(s.p[end]); end++)
            value = value < DAY_SECONDS ? value * 10 + digit(s.p[end]) : value;
        int64_t seconds = value * unit_seconds(str_sub(s, end, s.n));
        if (seconds > 0)
            return (int) (seconds < DAY_SECONDS ? seconds : DAY_SECONDS);
        i = end - 1;
    }
    return 0;
}
