/* Words before numbers: the numbers are often those of the program that gave up, or 5.0.0, or of a
 * filter that answers everything with 5.7.1. The table is long, so a phrase is only looked for when
 * its first two characters are in the text. */
#include "reply/bounce_reason.h"

#include "base/check.h"
#include "data/reply_words.h"
#include "reply/bounce_words.h"

enum { ALL = -1, PAIRS = 65536 };

struct phrase_rule {
    enum bounce_reason reason;
    struct str phrase;
};

struct status_rule {
    int class, subject, detail;
    enum bounce_reason reason;
};

struct coded_rule {
    struct str service, code;
    enum bounce_reason reason;
};

struct code_rule {
    int code;
    enum bounce_reason reason;
};

#define RULE(reason, phrase)
#define LIKELY(reason, phrase)
#define SURE(class, subject, detail, reason)
#define STATUS(class, subject, detail, reason)
#define CODE(code, reason)
#define CODED(service, code, reason)
#define URL(reason, part)
#define DOMAIN(domain, reason)

static const struct phrase_rule rules[] = {
#undef RULE
#define RULE(reason, phrase) { BOUNCE_##reason, STR(phrase) },
#include "reply/bounce_rules.def"
#undef RULE
#define RULE(reason, phrase)
};

static const struct phrase_rule likely_rules[] = {
#undef LIKELY
#define LIKELY(reason, phrase) { BOUNCE_##reason, STR(phrase) },
#include "reply/bounce_rules.def"
#undef LIKELY
#define LIKELY(reason, phrase)
};

static const struct status_rule sure_rules[] = {
#undef SURE
#define SURE(class, subject, detail, reason) { class, subject, detail, BOUNCE_##reason },
#include "reply/bounce_rules.def"
#undef SURE
#define SURE(class, subject, detail, reason)
};

static const struct status_rule status_rules[] = {
#undef STATUS
#define STATUS(class, subject, detail, reason) { class, subject, detail, BOUNCE_##reason },
#include "reply/bounce_rules.def"
#undef STATUS
#define STATUS(class, subject, detail, reason)
};

static const struct code_rule code_rules[] = {
#undef CODE
#define CODE(code, reason) { code, BOUNCE_##reason },
#include "reply/bounce_rules.def"
#undef CODE
#define CODE(code, reason)
};

static const struct phrase_rule url_rules[] = {
#undef URL
#define URL(reason, part) { BOUNCE_##reason, STR(part) },
#include "reply/bounce_rules.def"
#undef URL
#define URL(reason, part)
};

static const struct phrase_rule domain_rules[] = {
#undef DOMAIN
#define DOMAIN(domain, reason) { BOUNCE_##reason, STR(domain) },
#include "reply/bounce_rules.def"
#undef DOMAIN
#define DOMAIN(domain, reason)
};

static const struct coded_rule coded_rules[] = {
#undef CODED
#define CODED(service, code, reason) { STR(service), STR(code), BOUNCE_##reason },
#include "reply/bounce_rules.def"
};

/* --- codes --- */

static int take_digits(struct str *s, size_t most) {
    int value = 0;
    size_t n = 0;
    while (n < most && n < s->n && ascii_is_digit(s->p[n]))
        value = 10 * value + (s->p[n++] - '0');
    bool is_whole = n && !(n < s->n && ascii_is_digit(s->p[n]));
    *s = str_sub(*s, n, s->n);
    return is_whole ? value : -1;
}

static bool take_dot(struct str *s) {
    bool is_there = s->n && s->p[0] == '.';
    *s = str_sub(*s, is_there, s->n);
    return is_there;
}

/* RFC 3463, 2; what goes on like an address or a version is none. */
static bool take_status(struct str s, struct refusal *refusal) {
    int class = take_digits(&s, 1), subject = take_dot(&s) ? take_digits(&s, 3) : -1;
    int detail = subject >= 0 && take_dot(&s) ? take_digits(&s, 3) : -1;
    bool ends = !s.n || !(ascii_is_alnum(s.p[0]) || (s.p[0] == '.' && s.n > 1 && ascii_is_digit(s.p[1])));
    if (detail < 0 || !ends || (class != 4 && class != 5))
        return false;
    refusal->class = class;
    refusal->subject = subject;
    refusal->detail = detail;
    return true;
}

bool refusal_read_status(struct refusal *refusal, struct str status) {
    return take_status(str_trim(status), refusal);
}

static bool begins_number(struct str text, size_t at) {
    char before = at ? text.p[at - 1] : ' ';
    return (text.p[at] == '4' || text.p[at] == '5') && !ascii_is_alnum(before)
           && !strchr(".:/@_=", before);
}

void refusal_read_codes(struct refusal *refusal, struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        if (!begins_number(text, i))
            continue;
        struct str s = str_sub(text, i, text.n);
        int code = take_digits(&s, 3);
        bool ends = !s.n || strchr(" -:>)]\"'", s.p[0]);
        if (!refusal->code && code >= 400 && code < 560 && ends)
            refusal->code = code;
        if (!refusal->class)
            (void) take_status(str_sub(text, i, text.n), refusal); /* most numbers are none */
    }
}

/* --- words --- */

static void note_pairs(struct str text, unsigned char *pairs) {
    memset(pairs, 0, PAIRS / 8);
    for (size_t i = 0; i + 1 < text.n; i++) {
        size_t pair = (size_t) (unsigned char) text.p[i] << 8 | (unsigned char) text.p[i + 1];
        pairs[pair / 8] |= (unsigned char) (1U << pair % 8);
    }
}

static bool may_match(struct str phrase, const unsigned char *pairs) {
    size_t pair = (size_t) (unsigned char) phrase.p[0] << 8 | (unsigned char) phrase.p[1];
    return phrase.p[0] == '^' || phrase.p[1] == '*' || pairs[pair / 8] >> pair % 8 & 1;
}

static enum bounce_reason by_phrase(const struct phrase_rule *table, size_t n, struct str text,
                                    const unsigned char *pairs) {
    for (size_t i = 0; i < n; i++)
        if (may_match(table[i].phrase, pairs) && reply_phrase_matches(text, table[i].phrase))
            return table[i].reason;
    return BOUNCE_UNDEFINED;
}

static enum bounce_reason by_status(const struct status_rule *table, size_t n, const struct refusal *r) {
    for (size_t i = 0; r->class && i < n; i++)
        if ((!table[i].class || table[i].class == r->class) && table[i].subject == r->subject
            && (table[i].detail == ALL || table[i].detail == r->detail))
            return table[i].reason;
    return BOUNCE_UNDEFINED;
}

static enum bounce_reason by_code(int code) {
    for (size_t i = 0; i < LENGTH(code_rules); i++)
        if (code_rules[i].code == code)
            return code_rules[i].reason;
    return BOUNCE_UNDEFINED;
}

static enum bounce_reason by_service(struct str text) {
    for (size_t i = 0; i < LENGTH(coded_rules); i++)
        if (str_contains(text, coded_rules[i].service) && str_contains(text, coded_rules[i].code))
            return coded_rules[i].reason;
    return BOUNCE_UNDEFINED;
}

/* --- stages --- */

static const struct {
    struct str name;
    enum refusal_stage stage;
} commands[] = {
    { STR("rcpt to"), STAGE_OF_RECIPIENT }, { STR("mail from"), STAGE_OF_SENDER },
    { STR("end of data"), STAGE_OF_DATA },  { STR("data"), STAGE_OF_DATA },
    { STR("pipelined data"), STAGE_OF_DATA }, { STR("helo"), STAGE_OF_HELLO },
    { STR("ehlo"), STAGE_OF_HELLO },        { STR("initial connection"), STAGE_OF_HELLO },
};

static enum refusal_stage stage_behind(struct str text, size_t at) {
    struct str s = str_sub(text, at, text.n);
    for (size_t i = 0; i < LENGTH(commands); i++)
        if (str_starts_nocase(s, commands[i].name))
            return commands[i].stage;
    return STAGE_UNKNOWN;
}

/* Where one of these stands, a command follows. */
static size_t before_command(struct str s) {
    static const struct str befores[] = { STR("in reply to "), STR("server after "), STR("response to "),
                                          STR("following "), STR("did not like our "), STR("error after ") };
    for (size_t i = 0; i < LENGTH(befores); i++)
        if (str_starts_nocase(s, befores[i]))
            return befores[i].n;
    return 0;
}

enum refusal_stage refusal_stage_in(struct str text) {
    enum refusal_stage sent = STAGE_UNKNOWN;
    for (size_t i = 0; i < text.n; i++) {
        struct str s = str_sub(text, i, text.n);
        size_t n = before_command(s);
        if (n && stage_behind(s, n))
            return stage_behind(s, n);
        if (str_starts(s, STR(">>> ")))
            sent = stage_behind(s, 4);
        if (sent && (str_starts(s, STR("<<< 4")) || str_starts(s, STR("<<< 5"))))
            return sent;
    }
    return STAGE_UNKNOWN;
}

/* --- reasons --- */

/* A mailbox has a limit of its own (x.2.3). An unknown user after the message was taken is the work
 * of a filter behind the server: the server itself had accepted the recipient. */
static enum bounce_reason refined(enum bounce_reason reason, const struct refusal *r) {
    bool is_named = r->subject == 1 && r->detail == 1;
    if (reason == BOUNCE_MESSAGE_TOO_BIG && r->subject == 2 && r->detail == 3)
        return BOUNCE_EXCEED_LIMIT;
    return reason == BOUNCE_USER_UNKNOWN && r->stage == STAGE_OF_DATA && !is_named ? BOUNCE_FILTERED : reason;
}

enum bounce_reason refusal_sure_reason(const struct refusal *refusal) {
    struct reply_words words;
    unsigned char pairs[PAIRS / 8];
    reply_words_of(refusal->text, &words);
    struct str text = { words.text, words.n }, urls = { words.urls, words.urls_n };
    note_pairs(text, pairs);
    if (by_service(text))
        return by_service(text);
    enum bounce_reason reason = by_phrase(rules, LENGTH(rules), text, pairs);
    note_pairs(urls, pairs);
    if (!reason)
        reason = by_phrase(url_rules, LENGTH(url_rules), urls, pairs);
    if (!reason)
        reason = by_status(sure_rules, LENGTH(sure_rules), refusal);
    return refined(reason, refusal);
}

enum bounce_reason refusal_likely_reason(const struct refusal *refusal) {
    struct reply_words words;
    unsigned char pairs[PAIRS / 8];
    reply_words_of(refusal->text, &words);
    struct str text = { words.text, words.n };
    enum bounce_reason reason = bounce_words_reason(refusal->folded);
    note_pairs(text, pairs);
    return reason ? reason : refined(by_phrase(likely_rules, LENGTH(likely_rules), text, pairs), refusal);
}

static enum bounce_reason by_domain(struct str recipient) {
    struct str domain = str_sub(recipient, str_find_last(recipient, '@') + 1, recipient.n);
    for (size_t i = 0; i < LENGTH(domain_rules); i++)
        if (str_eq(domain, domain_rules[i].phrase))
            return domain_rules[i].reason;
    return BOUNCE_UNDEFINED;
}

/* Who is refused for good before the recipient was named is us. */
enum bounce_reason refusal_bare_reason(const struct refusal *refusal) {
    enum bounce_reason reason = by_status(sure_rules, LENGTH(sure_rules), refusal);
    if (!reason)
        reason = by_status(status_rules, LENGTH(status_rules), refusal);
    if (!reason)
        reason = by_code(refusal->code);
    if (!reason)
        reason = by_domain(refusal->recipient);
    if (refusal->code < 500 && refusal->class != 5)
        return reason;
    return refusal->stage == STAGE_OF_SENDER  ? BOUNCE_REJECTED
           : refusal->stage == STAGE_OF_HELLO ? BOUNCE_BLOCKED
                                              : reason;
}
