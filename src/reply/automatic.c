#include "reply/automatic.h"

#include "base/check.h"
#include "reply/phrases.h"

enum { TEXT_LINES = 40 };

enum meaning {
    MEANING_NONE,
    MEANING_WEAK,
    MEANING_RECEIPT,
    MEANING_PROGRAM,
    MEANING_ANSWER,
    MEANING_AWAY,
    MEANING_CHALLENGE,
    MEANING_CALENDAR,
    MEANINGS
};

struct header_rule {
    const char *name;
    struct str part;
    enum meaning meaning;
};

struct word_rule {
    struct str words;
    enum meaning meaning;
};

#define HEADER(name, part, meaning)
#define BEGIN(words, meaning)
#define PART(words, meaning)
#define TEXT(words, meaning)

static const struct header_rule headers[] = {
#undef HEADER
#define HEADER(name, part, meaning) { name, STR(part), MEANING_##meaning },
#include "reply/automatic.def"
#undef HEADER
#define HEADER(name, part, meaning)
};

static const struct word_rule begins[] = {
#undef BEGIN
#define BEGIN(words, meaning) { STR(words), MEANING_##meaning },
#include "reply/automatic.def"
#undef BEGIN
#define BEGIN(words, meaning)
};

static const struct word_rule parts[] = {
#undef PART
#define PART(words, meaning) { STR(words), MEANING_##meaning },
#include "reply/automatic.def"
#undef PART
#define PART(words, meaning)
};

static const struct word_rule texts[] = {
#undef TEXT
#define TEXT(words, meaning) { STR(words), MEANING_##meaning },
#include "reply/automatic.def"
};

/* What was found, the strongest that there is. */
struct found {
    enum meaning meaning;
    const char *rule;
    struct str evidence;
};

static void note(struct found *found, enum meaning meaning, const char *rule, struct str evidence) {
    if (meaning > found->meaning)
        *found = (struct found){ meaning, rule, evidence };
}

static bool has_part(struct str value, struct str part) {
    for (size_t i = 0; i + part.n <= value.n; i++)
        if (str_starts_nocase(str_sub(value, i, value.n), part))
            return true;
    return false;
}

/* "no", also with a comment behind it (RFC 3834, 5). */
static bool says_no(struct str value) {
    return phrase_begins(value, STR("no")) || phrase_begins(value, STR("No"));
}

/* "auto-forwarded" is also "auto-": what a row above says of the value goes before. */
static bool is_said_above(size_t row, struct str value) {
    for (size_t i = 0; i < row; i++)
        if (strcmp(headers[i].name, headers[row].name) == 0 && has_part(value, headers[i].part))
            return true;
    return false;
}

static void read_headers(struct arena *arena, const struct inbound *in, struct found *found) {
    for (size_t i = 0; i < LENGTH(headers); i++) {
        if (headers[i].meaning <= found->meaning || !mime_has_header(in->message, headers[i].name))
            continue;
        struct str value = mime_header(arena, in->message, headers[i].name);
        if (!has_part(value, headers[i].part) || is_said_above(i, value) || says_no(value))
            continue;
        note(found, headers[i].meaning, "header", arena_printf(arena, "%s: %.*s", headers[i].name, STR_FMT(value)));
    }
}

/* Marks that a mail server puts before a subject: "[EXTERNAL] ". */
static struct str without_marks(struct str subject) {
    while (subject.n && subject.p[0] == '[' && str_find(subject, ']') < subject.n)
        subject = str_trim(str_sub(subject, str_find(subject, ']') + 1, subject.n));
    return subject;
}

static void read_subject(const struct inbound *in, struct found *found) {
    struct phrase_line f;
    f.n = 0;
    phrase_add(&f, str_sub(in->subject, 0, PHRASE_LINE_BYTES));
    struct str subject = phrase_text(&f), begin = without_marks(subject);
    for (size_t i = 0; i < LENGTH(begins); i++)
        if (str_starts(begin, begins[i].words)
            && (begins[i].words.p[begins[i].words.n - 1] == ':' || phrase_begins(begin, begins[i].words)))
            note(found, begins[i].meaning, "subject", in->subject);
    for (size_t i = 0; i < LENGTH(parts); i++)
        if (parts[i].meaning > found->meaning && str_contains(subject, parts[i].words))
            note(found, parts[i].meaning, "subject", in->subject);
}

/* The first words of the table that the text has; each line is read with the next. */
static enum meaning read_text(const struct inbound *in, struct str *ret_line) {
    struct str rest = in->last_message, line, next;
    enum meaning found = MEANING_NONE;
    for (int n = 0; n < TEXT_LINES && found < MEANING_AWAY && rest.n && str_cut(&rest, '\n', &line); n++) {
        struct phrase_line f;
        f.n = 0;
        phrase_add(&f, str_sub(line, 0, PHRASE_LINE_BYTES));
        struct str ahead = rest;
        if (ahead.n && str_cut(&ahead, '\n', &next))
            phrase_add(&f, str_sub(next, 0, PHRASE_LINE_BYTES));
        for (size_t i = 0; i < LENGTH(texts); i++)
            if (texts[i].meaning > found && str_contains(phrase_text(&f), texts[i].words)) {
                found = texts[i].meaning;
                *ret_line = str_trim(line);
            }
    }
    return found;
}

static bool has_calendar(const struct inbound *in) {
    const struct mime_part *part = in->message->parts.p;
    for (size_t i = 0; i < in->message->parts.n; i++)
        if (str_eq(part[i].media_type, STR("text/calendar")) && !part[i].is_attachment)
            return true;
    return false;
}

/* By what speaks for a program, and by what the text says then. */
enum said { SAID_NOTHING, SAID_RECEIPT, SAID_AWAY, SAID_CHALLENGE, SAIDS };

static const enum inbound_kind kinds[MEANINGS][SAIDS] = {
    [MEANING_NONE] = { INBOUND_PERSON, INBOUND_PERSON, INBOUND_PERSON, INBOUND_PERSON },
    [MEANING_WEAK] = { INBOUND_AUTO_REPLY, INBOUND_AUTO_REPLY, INBOUND_OUT_OF_OFFICE, INBOUND_CHALLENGE },
    [MEANING_RECEIPT] = { INBOUND_PERSON, INBOUND_AUTO_REPLY, INBOUND_PERSON, INBOUND_CHALLENGE },
    [MEANING_PROGRAM] = { INBOUND_AUTO_REPLY, INBOUND_AUTO_REPLY, INBOUND_OUT_OF_OFFICE, INBOUND_CHALLENGE },
    [MEANING_ANSWER] = { INBOUND_OUT_OF_OFFICE, INBOUND_AUTO_REPLY, INBOUND_OUT_OF_OFFICE, INBOUND_CHALLENGE },
    [MEANING_AWAY] = { INBOUND_OUT_OF_OFFICE, INBOUND_OUT_OF_OFFICE, INBOUND_OUT_OF_OFFICE, INBOUND_OUT_OF_OFFICE },
    [MEANING_CHALLENGE] = { INBOUND_CHALLENGE, INBOUND_CHALLENGE, INBOUND_CHALLENGE, INBOUND_CHALLENGE },
    [MEANING_CALENDAR] = { INBOUND_CALENDAR, INBOUND_CALENDAR, INBOUND_CALENDAR, INBOUND_CALENDAR },
};

static enum said said_of(enum meaning meaning) {
    return meaning == MEANING_AWAY        ? SAID_AWAY
           : meaning == MEANING_RECEIPT   ? SAID_RECEIPT
           : meaning == MEANING_CHALLENGE ? SAID_CHALLENGE
                                          : SAID_NOTHING;
}

/* Through a mailing list a person answers as well. */
static bool is_answer_through_list(const struct inbound *in, enum meaning meaning, enum said said) {
    return meaning == MEANING_WEAK && said == SAID_NOTHING && (in->in_reply_to.n || in->references.n);
}

void automatic_read(struct arena *arena, struct inbound *in) {
    struct found head = { MEANING_NONE, "nothing speaks against it", STR_NONE }, found;
    struct str line = STR_NONE;
    read_headers(arena, in, &head);
    if (has_calendar(in) && head.meaning < MEANING_ANSWER)
        head = (struct found){ MEANING_CALENDAR, "part", STR("text/calendar") };
    found = head;
    read_subject(in, &found);
    /* "Accepted: ..." without an invitation is what somebody wrote */
    if (found.meaning == MEANING_CALENDAR)
        found = head;
    enum said said = found.meaning ? said_of(read_text(in, &line)) : SAID_NOTHING;
    in->kind = kinds[found.meaning][said];
    if (is_answer_through_list(in, found.meaning, said))
        in->kind = INBOUND_PERSON;
    in->rule = found.rule;
    in->evidence = found.evidence;
}
