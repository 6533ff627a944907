/* "Die Absenderadresse existiert nicht" and "Das Postfach existiert nicht" differ only in what they are
 * about, and the second alone is hard: so a predicate counts with a noun near it, and what is both, as
 * a sender's address, is the sender's. */
#include "reply/bounce_words.h"

#include "base/check.h"

enum { BEFORE_BYTES = 90, BEHIND_BYTES = 60 };

enum noun { NO_NOUN, SENDER, RECIPIENT, SERVER, DOMAIN, NOUNS };
enum meaning { FULL, UNKNOWN, CLOSED, MEANINGS };

enum side { BEFORE, BEHIND };

struct noun_row {
    enum noun noun;
    bool is_whole;
    struct str word;
};

struct other_row {
    enum side side;
    struct str word;
};

struct says_row {
    enum meaning meaning;
    struct str words;
};

struct alone_row {
    enum bounce_reason reason;
    struct str words;
};

#define NOUN(noun, word)
#define WORD(noun, word)
#define OTHER(side, word)
#define SAYS(meaning, words)
#define ALONE(reason, words)

static const struct noun_row nouns[] = {
#undef NOUN
#undef WORD
#define NOUN(noun, word) { noun, false, STR(word) },
#define WORD(noun, word) { noun, true, STR(word) },
#include "reply/bounce_words.def"
#undef NOUN
#undef WORD
#define NOUN(noun, word)
#define WORD(noun, word)
};

static const struct other_row others[] = {
#undef OTHER
#define OTHER(side, word) { side, STR(word) },
#include "reply/bounce_words.def"
#undef OTHER
#define OTHER(side, word)
};

static const struct says_row predicates[] = {
#undef SAYS
#define SAYS(meaning, words) { meaning, STR(words) },
#include "reply/bounce_words.def"
#undef SAYS
#define SAYS(meaning, words)
};

static const struct alone_row alone[] = {
#undef ALONE
#define ALONE(reason, words) { BOUNCE_##reason, STR(words) },
#include "reply/bounce_words.def"
};

static const enum bounce_reason reasons[MEANINGS][NOUNS] = {
    [FULL] = { [RECIPIENT] = BOUNCE_MAILBOX_FULL, [SERVER] = BOUNCE_SYSTEM_FULL, [DOMAIN] = BOUNCE_MAILBOX_FULL },
    [UNKNOWN] = { [RECIPIENT] = BOUNCE_USER_UNKNOWN, [SENDER] = BOUNCE_REJECTED, [DOMAIN] = BOUNCE_HOST_UNKNOWN },
    [CLOSED] = { [RECIPIENT] = BOUNCE_SUSPEND, [SENDER] = BOUNCE_REJECTED, [SERVER] = BOUNCE_BLOCKED,
                 [DOMAIN] = BOUNCE_SUSPEND },
};

static bool is_word_start(struct str text, size_t at) {
    return at == 0 || text.p[at - 1] == ' ';
}

static bool is_word_end(struct str text, size_t at) {
    return at >= text.n || text.p[at] == ' ';
}

/* Where the words stand from `from` on; text.n when nowhere. */
static size_t find_words(struct str text, struct str words, size_t from) {
    bool is_open = words.n && words.p[words.n - 1] == '*';
    struct str part = str_sub(words, 0, words.n - is_open);
    while (from < text.n) {
        size_t at = from + str_find_str(str_sub(text, from, text.n), part);
        if (at >= text.n || (is_word_start(text, at) && (is_open || is_word_end(text, at + part.n))))
            return at < text.n ? at : text.n;
        from = at + 1;
    }
    return text.n;
}

static enum noun noun_at(struct str text, size_t at) {
    struct str rest = str_sub(text, at, text.n);
    for (size_t i = 0; i < LENGTH(nouns); i++)
        if (str_starts(rest, nouns[i].word)
            && (!nouns[i].is_whole || (is_word_start(text, at) && is_word_end(text, at + nouns[i].word.n))))
            return nouns[i].noun;
    return NO_NOUN;
}

/* "absenderadresse", "adresse de l expediteur": a sender's within the next words is the sender's. */
static enum noun of_sender(struct str text, size_t at, size_t end, enum noun noun) {
    enum { NEAR_BYTES = 30 };
    size_t from = at > NEAR_BYTES ? at - NEAR_BYTES : 0, to = end < at + NEAR_BYTES ? end : at + NEAR_BYTES;
    if (noun == SERVER)
        return noun;
    for (size_t i = from; i < to; i++)
        if (noun_at(text, i) == SENDER)
            return SENDER;
    return noun;
}

static enum noun noun_near(struct str text, size_t at, size_t end) {
    size_t from = at > BEFORE_BYTES ? at - BEFORE_BYTES : 0, to = end + BEHIND_BYTES < text.n ? end + BEHIND_BYTES : text.n;
    for (size_t i = at; i-- > from;)
        if (noun_at(text, i))
            return of_sender(text, i, at, noun_at(text, i));
    for (size_t i = end; i < to; i++)
        if (noun_at(text, i))
            return of_sender(text, i, to, noun_at(text, i));
    return NO_NOUN;
}

static bool is_other(enum side side, struct str word) {
    for (size_t i = 0; i < LENGTH(others); i++)
        if (others[i].side == side && str_eq(others[i].word, word))
            return true;
    return false;
}

static struct str word_before(struct str text, size_t at) {
    size_t end = at ? at - 1 : 0, from = end;
    while (from && !is_word_start(text, from))
        from--;
    return str_sub(text, from, end);
}

/* "unbekannter Fehler", "erreur inconnue": an adjective of something else. One that stands before its
 * noun is inflected: "Empfaenger unbekannt, Fehler 550" is about the recipient. */
static bool is_of_other(struct str text, size_t at, const struct says_row *row) {
    if (row->meaning != UNKNOWN || str_find(row->words, ' ') < row->words.n)
        return false;
    bool is_open = row->words.p[row->words.n - 1] == '*';
    size_t stem = at + row->words.n - is_open, end = stem + str_find(str_sub(text, stem, text.n), ' ');
    struct str behind = str_trim(str_sub(text, end, text.n));
    bool can_stand_before = !is_open || end > stem;
    return is_other(BEFORE, word_before(text, at))
           || (can_stand_before && is_other(BEHIND, str_sub(behind, 0, str_find(behind, ' '))));
}

static enum bounce_reason reason_of(struct str text, const struct says_row *row) {
    for (size_t at = find_words(text, row->words, 0); at < text.n; at = find_words(text, row->words, at + 1)) {
        if (is_of_other(text, at, row))
            continue;
        enum bounce_reason reason = reasons[row->meaning][noun_near(text, at, at + row->words.n)];
        if (reason)
            return reason;
    }
    return BOUNCE_UNDEFINED;
}

enum bounce_reason bounce_words_reason(struct str folded) {
    enum bounce_reason reason = BOUNCE_UNDEFINED;
    for (size_t i = 0; i < LENGTH(alone); i++)
        if (find_words(folded, alone[i].words, 0) < folded.n)
            return alone[i].reason;
    for (size_t i = 0; !reason && i < LENGTH(predicates); i++)
        reason = reason_of(folded, &predicates[i]);
    return reason;
}
