/* Line by line from the top. A quote mark takes its line away, so answers between quotes stay. A
 * line "... wrote:" over marked quotes goes as well; over anything else it ends what is new, as
 * separators and quoted headers do. Of what is left, the end is taken off as long as it is nothing
 * that a person wrote for this message: disclaimer, signature, program's line; then the salutation.
 *
 * A signature without its mark begins with a closing ("Best regards"), and what follows must look
 * like one: no question, no long sentence. */
#include "reply/quotes.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "reply/phrases.h"

enum {
    LINES_MAX = 20000,
    ATTRIBUTION_LINES = 4,
    ATTRIBUTION_BYTES = 400,
    HEADER_LINES = 12,
    HEADER_LABEL_BYTES = 40,
    HEADERS_NEEDED = 3,
    RULE_BYTES = 5,
    SIGNATURE_LINES = 16,
    SENTENCE_WORDS = 9,
    MOBILE_WORDS = 14,
    CLOSING_BYTES = 60,
    SALUTATION_WORDS = 6,
    SALUTATION_BYTES = 80,
};

enum header_kind {
    HEADER_FROM = 1,
    HEADER_SENT = 2,
    HEADER_TO = 4,
    HEADER_CC = 8,
    HEADER_SUBJECT = 16,
    HEADER_REPLY_TO = 32
};

#define ATTRIBUTION(begin, part)
#define SEPARATOR(words)
#define HEADER(kind, label)
#define MOBILE(begin)
#define BANNER(begin)
#define CLOSING(words)
#define DISCLAIMER(part)
#define SALUTATION(begin)

static const struct attribution {
    struct str begin, part;
} attributions[] = {
#undef ATTRIBUTION
#define ATTRIBUTION(begin, part) { STR(begin), STR(part) },
#include "reply/quotes.def"
#undef ATTRIBUTION
#define ATTRIBUTION(begin, part)
};

static const struct header {
    enum header_kind kind;
    struct str label;
} headers[] = {
#undef HEADER
#define HEADER(kind, label) { HEADER_##kind, STR(label) },
#include "reply/quotes.def"
#undef HEADER
#define HEADER(kind, label)
};

static const struct str separators[] = {
#undef SEPARATOR
#define SEPARATOR(words) STR(words),
#include "reply/quotes.def"
#undef SEPARATOR
#define SEPARATOR(words)
};

static const struct str mobiles[] = {
#undef MOBILE
#define MOBILE(begin) STR(begin),
#include "reply/quotes.def"
#undef MOBILE
#define MOBILE(begin)
};

static const struct str banners[] = {
#undef BANNER
#define BANNER(begin) STR(begin),
#include "reply/quotes.def"
#undef BANNER
#define BANNER(begin)
};

static const struct str closings[] = {
#undef CLOSING
#define CLOSING(words) STR(words),
#include "reply/quotes.def"
#undef CLOSING
#define CLOSING(words)
};

static const struct str disclaimers[] = {
#undef DISCLAIMER
#define DISCLAIMER(part) STR(part),
#include "reply/quotes.def"
#undef DISCLAIMER
#define DISCLAIMER(part)
};

static const struct str salutations[] = {
#undef SALUTATION
#define SALUTATION(begin) STR(begin),
#include "reply/quotes.def"
};

/* --- lines --- */

struct lines {
    struct str *p;
    size_t n;
};

static struct lines split(struct arena *arena, struct str text) {
    struct strs all = { 0 };
    struct str rest = text, line;
    while (rest.n && all.n < LINES_MAX && str_cut(&rest, '\n', &line))
        strs_add(arena, &all, line);
    return (struct lines){ all.p, all.n };
}

static bool is_blank(struct str line) {
    while (str_starts(line, STR("\xC2\xA0")) || (line.n && ascii_is_space(line.p[0])))
        line = str_sub(line, ascii_is_space(line.p[0]) ? 1 : 2, line.n);
    return !line.n;
}

static bool is_quoted(struct str line) {
    line = str_trim(line);
    return line.n && line.p[0] == '>';
}

/* A line of nothing but hyphens or underscores. */
static bool is_rule(struct str line) {
    line = str_trim(line);
    for (size_t i = 0; i < line.n; i++)
        if (!strchr("-_=*~#", line.p[i]) || !line.p[i])
            return false;
    return line.n >= RULE_BYTES;
}

static struct phrase_line folded(struct str line) {
    struct phrase_line f;
    f.n = 0;
    phrase_add(&f, line);
    return f;
}

static bool begins_with_one(struct str s, const struct str *phrases, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_starts(s, phrases[i]))
            return true;
    return false;
}

/* --- where the quote begins --- */

static bool is_separator(struct str line) {
    struct phrase_line f = folded(str_sub(line, 0, PHRASE_LINE_BYTES));
    struct str s = phrase_text(&f);
    bool has_marks = false;
    while (s.n && strchr("-_=#<>[|.", s.p[0]) && s.p[0]) {
        has_marks = true;
        s = str_trim(str_sub(s, 1, s.n));
    }
    for (size_t i = 0; i < LENGTH(separators); i++) {
        struct str behind = str_sub(s, separators[i].n, s.n);
        if (!str_starts(s, separators[i]))
            continue;
        if (has_marks || !behind.n || str_eq(behind, STR(":")) || str_contains(behind, STR("---")))
            return true;
    }
    return false;
}

static bool has_digit_or_at(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (ascii_is_digit(s.p[i]) || s.p[i] == '@')
            return true;
    return false;
}

static bool ends_attribution(struct str s) {
    return str_ends(s, STR(":")) || str_ends(s, STR("---")) || str_ends(s, STR("wrote"))
           || str_ends(s, STR(": >"));
}

/* "12. Mar. 2024, Ann <a@b.c>:", as some services write it in languages without a verb for it. */
static bool is_date_and_address(struct str s) {
    size_t digits = 0;
    for (size_t i = 0; i < s.n; i++)
        digits += ascii_is_digit(s.p[i]);
    return str_ends(s, STR(">:")) && str_contains(s, STR("@")) && digits >= 4;
}

static bool is_attribution_text(struct str s) {
    if (!ends_attribution(s) || !has_digit_or_at(s) || s.n > ATTRIBUTION_BYTES)
        return false;
    if (is_date_and_address(s))
        return true;
    while (s.n && (s.p[0] == '-' || s.p[0] == ' '))
        s = str_sub(s, 1, s.n);
    for (size_t i = 0; i < LENGTH(attributions); i++)
        if (str_starts(s, attributions[i].begin) && str_contains(s, attributions[i].part))
            return true;
    return false;
}

/* Yahoo on telephones writes the quote behind it: "On ... wrote:   Hello". */
static struct str up_to_quote(struct str line) {
    size_t colon = str_find_str(line, STR(":   "));
    return str_sub(line, 0, colon + 1);
}

/* How many lines from `at` are "On ... wrote:"; 0 for none. */
static size_t attribution_lines(struct lines lines, size_t at) {
    struct phrase_line f;
    f.n = 0;
    for (size_t n = 0; n < ATTRIBUTION_LINES && at + n < lines.n; n++) {
        if (is_blank(lines.p[at + n]) || is_quoted(lines.p[at + n]) || lines.p[at + n].n > ATTRIBUTION_BYTES)
            return 0;
        phrase_add(&f, up_to_quote(lines.p[at + n]));
        if (is_attribution_text(phrase_text(&f)))
            return n + 1;
    }
    return 0;
}

static unsigned header_kind(struct str line) {
    struct phrase_line f = folded(str_sub(line, 0, 2 * HEADER_LABEL_BYTES));
    struct str s = phrase_text(&f);
    size_t colon = str_find(s, ':');
    if (colon == s.n || colon > HEADER_LABEL_BYTES)
        return 0;
    struct str label = str_trim(str_sub(s, 0, colon));
    for (size_t i = 0; i < LENGTH(headers); i++)
        if (str_eq(label, headers[i].label))
            return headers[i].kind;
    return 0;
}

/* Quoted headers begin here: the writer or the date first, three kinds in a few lines. */
static bool begins_headers(struct lines lines, size_t at) {
    unsigned seen = header_kind(lines.p[at]);
    if (!(seen & (HEADER_FROM | HEADER_SENT)))
        return false;
    for (size_t i = at + 1; i < lines.n && i < at + HEADER_LINES; i++)
        seen |= header_kind(lines.p[i]);
    return (seen & HEADER_FROM) && __builtin_popcount(seen) >= HEADERS_NEEDED;
}

static size_t next_said(struct lines lines, size_t at) {
    while (at < lines.n && is_blank(lines.p[at]))
        at++;
    return at;
}

static bool is_signature_mark(struct str line) {
    return str_eq(line, STR("-- ")) || str_eq(line, STR("--")) || str_eq(line, STR("\xE2\x80\x94"));
}

/* The lines that stand, up to where only quotes follow. With `keeps_signature`, those behind "--"
 * as well. */
static struct lines own_lines(struct arena *arena, struct lines all, bool keeps_signature) {
    struct lines own = { ARENA_ARRAY(arena, all.n + 1, struct str), 0 };
    bool in_signature = false;
    for (size_t i = 0; i < all.n; i++) {
        struct str line = all.p[i];
        if (is_quoted(line)) {
            in_signature = false;
            continue;
        }
        if (is_separator(line) || begins_headers(all, i))
            break;
        size_t n = attribution_lines(all, i);
        size_t next = n ? next_said(all, i + n) : 0;
        if (n && !(next < all.n && is_quoted(all.p[next])))
            break;
        in_signature |= is_signature_mark(line) && !keeps_signature;
        if (!n && !in_signature)
            own.p[own.n++] = line;
        i += n ? n - 1 : 0;
    }
    return own;
}

/* --- what is added to every message --- */

static size_t words_in(struct str s) {
    struct str word;
    size_t n = 0;
    while (str_word(&s, &word))
        n++;
    return n;
}

static bool is_mobile(struct str line) {
    struct phrase_line f = folded(str_sub(line, 0, PHRASE_LINE_BYTES));
    return words_in(line) <= MOBILE_WORDS && str_find(line, '?') == line.n
           && begins_with_one(phrase_text(&f), mobiles, LENGTH(mobiles));
}

static bool drop_end(struct lines *lines) {
    size_t before = lines->n;
    while (lines->n
           && (is_blank(lines->p[lines->n - 1]) || is_rule(lines->p[lines->n - 1])
               || is_mobile(lines->p[lines->n - 1])))
        lines->n--;
    return lines->n < before;
}

/* Whether something is said in the lines before `end`. */
static bool says_something(struct lines lines, size_t end) {
    for (size_t i = 0; i < end; i++)
        if (!is_blank(lines.p[i]) && !is_rule(lines.p[i]))
            return true;
    return false;
}

static bool drop_disclaimer(struct lines *lines) {
    for (size_t i = 0; i < lines->n; i++) {
        struct phrase_line f = folded(str_sub(lines->p[i], 0, PHRASE_LINE_BYTES));
        struct str s = phrase_text(&f);
        while (s.n && !ascii_is_alnum(s.p[0]) && (unsigned char) s.p[0] < 0x80)
            s = str_sub(s, 1, s.n);
        if (begins_with_one(s, disclaimers, LENGTH(disclaimers)) && says_something(*lines, i)) {
            lines->n = i;
            return true;
        }
    }
    return false;
}

/* Only words that begin like names. */
static bool is_names(struct str s) {
    struct str word;
    while (str_word(&s, &word))
        if (ascii_is_lower(word.p[0]) || ascii_is_digit(word.p[0]))
            return false;
    return true;
}

static bool is_closing(struct str line) {
    struct phrase_line f = folded(str_sub(line, 0, PHRASE_LINE_BYTES));
    struct str s = phrase_text(&f);
    if (s.n > CLOSING_BYTES)
        return false;
    for (size_t i = 0; i < LENGTH(closings); i++) {
        if (!phrase_begins(s, closings[i]))
            continue;
        struct str behind = str_sub(s, closings[i].n, s.n);
        size_t marks = 0;
        while (marks < behind.n && strchr(",.!-;: ", behind.p[marks]) && behind.p[marks])
            marks++;
        struct str name = str_sub(behind, marks, behind.n);
        bool is_parted = marks > 1 || (marks && behind.p[0] != ' ') || str_contains(closings[i], STR(" "));
        if (!name.n)
            return true;
        /* the name as it is written is as long as it is in lower case */
        struct str written = str_trim(line);
        written = str_sub(written, written.n - (name.n < written.n ? name.n : written.n), written.n);
        if (is_parted && words_in(name) <= 3 && is_names(written))
            return true;
    }
    return false;
}

/* What follows a closing: names, titles, numbers, links. */
static bool is_signature(struct lines lines, size_t from) {
    size_t said = 0;
    for (size_t i = from; i < lines.n; i++) {
        struct str line = str_trim(lines.p[i]);
        bool ends = str_ends(line, STR(".")) || str_ends(line, STR("!"));
        said += !is_blank(line);
        if (said > SIGNATURE_LINES || str_contains(line, STR("?")) || str_starts_nocase(line, STR("PS"))
            || str_starts_nocase(line, STR("P.S")) || (ends && words_in(line) >= SENTENCE_WORDS))
            return false;
    }
    return true;
}

static bool drop_signature(struct lines *lines) {
    size_t from = lines->n > 3 * SIGNATURE_LINES ? lines->n - 3 * SIGNATURE_LINES : 0;
    for (size_t i = from; i < lines->n; i++)
        if (is_closing(lines->p[i]) && says_something(*lines, i) && is_signature(*lines, i + 1)) {
            lines->n = i;
            return true;
        }
    return false;
}

static bool is_salutation(struct str line) {
    struct phrase_line f = folded(str_sub(line, 0, PHRASE_LINE_BYTES));
    struct str s = phrase_text(&f), raw = str_trim(line);
    bool is_open = str_ends(s, STR(",")) || str_ends(s, STR(":")) || str_ends(s, STR("\xEF\xBC\x8C"));
    if (s.n > SALUTATION_BYTES || !s.n || str_contains(s, STR("?")) || words_in(s) > SALUTATION_WORDS)
        return false;
    if (str_find(s, ',') + 1 < s.n && !is_names(raw))
        return false;
    for (size_t i = 0; i < LENGTH(salutations); i++)
        if (phrase_begins(s, salutations[i]) && (is_open || is_names(raw)))
            return true;
    return false;
}

static void drop_lines(struct lines *lines, size_t n) {
    lines->p += n;
    lines->n -= n;
}

static void drop_begin(struct lines *lines) {
    drop_lines(lines, next_said(*lines, 0));
    if (!lines->n)
        return;
    struct phrase_line f = folded(str_sub(lines->p[0], 0, PHRASE_LINE_BYTES));
    if (begins_with_one(phrase_text(&f), banners, LENGTH(banners))) {
        while (lines->n && !is_blank(lines->p[0]))
            drop_lines(lines, 1);
        drop_lines(lines, next_said(*lines, 0));
    }
    if (lines->n && is_salutation(lines->p[0]))
        drop_lines(lines, 1);
}

/* Lines as a text, at most one empty line between two that are not. */
static struct str joined(struct arena *arena, struct lines lines, size_t max) {
    struct buf b = buf_in(arena, max + lines.n + 1);
    size_t blank = 0;
    for (size_t i = 0; i < lines.n; i++) {
        if (is_blank(lines.p[i])) {
            blank = 1;
            continue;
        }
        if (b.n)
            buf_str(&b, blank ? STR("\n\n") : STR("\n"));
        blank = 0;
        struct str line = lines.p[i];
        while (line.n && ascii_is_space(line.p[line.n - 1]))
            line.n--;
        buf_str(&b, line);
    }
    return str_trim(buf_text(&b));
}

struct str quotes_cut(struct arena *arena, struct str text) {
    struct lines all = split(arena, text);
    struct lines own = own_lines(arena, all, false), said = own;
    drop_begin(&said);
    while (drop_end(&said) || drop_disclaimer(&said) || drop_signature(&said))
        continue;
    struct str result = joined(arena, said, text.n);
    if (!result.n)
        result = joined(arena, own, text.n);
    if (!result.n)
        result = joined(arena, own_lines(arena, all, true), text.n);
    return result.n ? result : joined(arena, all, text.n);
}

struct str quotes_snippet(struct arena *arena, struct str text) {
    struct buf b = buf_in(arena, 8 * SNIPPET_CHARACTERS);
    size_t count = 0, end_of_word = 0;
    bool is_more = false;
    struct str rest = text, word;
    while (!is_more && str_word(&rest, &word)) {
        size_t before = b.n;
        if (b.n) {
            buf_char(&b, ' ');
            count++;
        }
        for (size_t n; word.n && count < SNIPPET_CHARACTERS; word = str_sub(word, n, word.n), count++) {
            n = utf8_length(word) ? utf8_length(word) : 1;
            buf_str(&b, str_sub(word, 0, n));
        }
        is_more = word.n > 0;
        end_of_word = is_more ? before : b.n;
    }
    if (!is_more)
        return buf_text(&b);
    /* a text without spaces is cut where it is */
    struct str cut = str_sub(buf_text(&b), 0, end_of_word > SNIPPET_CHARACTERS / 2 ? end_of_word : b.n);
    return arena_printf(arena, "%.*s…", STR_FMT(str_trim(cut)));
}
