/* Two kinds of marks are looked for: addresses, and runs of words with a capital in a sentence
 * that sends the reader to somebody. The one with the most around it that names a person wins;
 * an address takes the name beside it, and a name the only address of its sentence. */
#include "reply/referral.h"

#include "base/check.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "data/names.h"
#include "data/text.h"
#include "data/urls.h"
#include "reply/addresses.h"
#include "reply/dates.h"

enum {
    TEXT_MAX_BYTES = 8192, /* what is behind takes no part */
    WORDS_MAX = 2000,
    NAME_WORDS_MAX = 4,
    TITLE_WORDS_MAX = 6,
    NEAR = 3, /* words between a name and its address */
};

enum word_class { CLASS_CUE, CLASS_TO, CLASS_HONORIFIC, CLASS_OUR, CLASS_ROLE, CLASS_GREETING, CLASS_PARTICLE,
                  CLASS_PLACE, CLASS_LOCAL, CLASS_NEVER, CLASS_OTHER };

static const struct {
    enum word_class class;
    const char *words;
} lists[] = {
#define WORDS(class, words) { CLASS_##class, words },
#include "reply/referral_words.def"
#undef WORDS
};

struct piece {
    struct str raw;    /* without the signs around it */
    struct str folded;
    bool is_email;
    struct email email;
    unsigned sentence;
    bool comma;        /* a comma, a bracket or a dash follows */
    bool starts;       /* its sentence */
    bool is_capital;
};

struct pieces {
    struct piece *p;
    size_t n;
    bool is_german;    /* where every noun has a capital */
};

/* Somebody who may be meant. */
struct candidate {
    size_t from, to;   /* the name's words, "Mr" included; empty: an address alone */
    size_t address;    /* its word; WORDS_MAX: none */
    bool is_formal;    /* begins with "Mr" */
    bool is_near;      /* its address */
    int score;
};

static bool in_class(struct str folded, enum word_class class) {
    for (size_t i = 0; i < LENGTH(lists); i++)
        if (lists[i].class == class && text_list_has(lists[i].words, folded))
            return true;
    return false;
}

static bool is(const struct pieces *pieces, size_t at, enum word_class class) {
    return at < pieces->n && in_class(pieces->p[at].folded, class);
}

static bool is_sign(char c) {
    return strchr(".,;:!?()[]{}<>\"'*_-/|", c) != NULL && c;
}

static bool starts_with_capital(struct str raw) {
    struct str rest = raw, first = { raw.p, utf8_length(raw) };
    (void) text_next(&rest); /* only to see whether one is there */
    return first.n && text_case_of(first) == CASE_UPPER;
}

/* What follows the trimmed word, up to the next one. */
static void judge_end(struct piece *piece, struct str tail, bool *ends) {
    bool initial = piece->raw.n == 1 || in_class(piece->folded, CLASS_HONORIFIC);
    for (size_t i = 0; i < tail.n; i++) {
        *ends = *ends || tail.p[i] == '!' || tail.p[i] == '?' || tail.p[i] == ';' || (tail.p[i] == '.' && !initial);
        piece->comma = piece->comma || strchr(",)(:<>-", tail.p[i]);
    }
}

static void add_word(struct arena *arena, struct pieces *pieces, struct str run, bool *ends) {
    size_t from = 0, to = run.n;
    while (from < to && is_sign(run.p[from]))
        from++;
    while (to > from && is_sign(run.p[to - 1]))
        to--;
    if (pieces->n && from && strchr("(<[-", run.p[0]))
        pieces->p[pieces->n - 1].comma = true;
    if (from == to || pieces->n == WORDS_MAX)
        return;
    struct piece *last = pieces->n ? &pieces->p[pieces->n - 1] : NULL;
    struct piece *piece = &pieces->p[pieces->n++];
    piece->raw = str_sub(run, from, to);
    if (piece->raw.p[0] == '@' || piece->raw.p[0] == '+')
        piece->raw = str_sub(piece->raw, 1, piece->raw.n);
    piece->folded = text_fold(arena, piece->raw);
    piece->is_email = address_in(arena, run, &piece->email);
    piece->starts = !last || *ends;
    piece->sentence = last ? last->sentence + *ends : 0;
    piece->is_capital = starts_with_capital(piece->raw);
    *ends = false;
    judge_end(piece, str_sub(run, to, run.n), ends);
}

static struct pieces read_pieces(struct arena *arena, struct str text) {
    text = str_sub(text, 0, TEXT_MAX_BYTES);
    size_t most = text.n / 2 + 2;
    struct pieces pieces = { ARENA_ARRAY(arena, most < WORDS_MAX ? most : WORDS_MAX, struct piece), 0, false };
    const char *language = reply_language(arena, text);
    pieces.is_german = language && strcmp(language, "de") == 0;
    bool ends = false;
    struct str rest = text;
    for (struct str line; str_is_set(rest) && str_cut(&rest, '\n', &line);) {
        ends = ends || str_is_empty(str_trim(line));
        size_t first = pieces.n;
        for (struct str word; str_word(&line, &word);)
            add_word(arena, &pieces, word, &ends);
        ends = ends || (pieces.n > first && is(&pieces, first, CLASS_GREETING));
    }
    return pieces;
}

/* Whether a word of it is no name: "IT-Abteilung". */
static bool has_other_word(struct str folded) {
    for (struct str word; str_word(&folded, &word);)
        if (in_class(word, CLASS_OTHER) || in_class(word, CLASS_ROLE) || in_class(word, CLASS_HONORIFIC)
            || in_class(word, CLASS_GREETING) || in_class(word, CLASS_CUE))
            return true;
    return false;
}

static bool is_name_word(const struct pieces *pieces, size_t at) {
    if (at >= pieces->n)
        return false;
    const struct piece *piece = &pieces->p[at];
    bool letters = piece->folded.n > 1;
    for (size_t i = 0; i < piece->raw.n; i++)
        letters = letters && !ascii_is_digit(piece->raw.p[i]) && piece->raw.p[i] != '@' && piece->raw.p[i] != '/';
    bool short_capitals = piece->raw.n <= 3 && text_case_of(piece->raw) == CASE_UPPER;
    return letters && piece->is_capital && !short_capitals && !piece->is_email
           && !has_other_word(piece->folded);
}

/* The end of the name that begins there; `at` itself when none does. */
static size_t end_of_name(const struct pieces *pieces, size_t at) {
    if (!is_name_word(pieces, at))
        return at;
    size_t end = at + 1;
    for (size_t next = end; next < pieces->n && next < at + NAME_WORDS_MAX; next++) {
        if (pieces->p[next - 1].comma || pieces->p[next].starts)
            break;
        if (is_name_word(pieces, next))
            end = next + 1;
        else if (!is(pieces, next, CLASS_PARTICLE))
            break;
    }
    return end;
}

static bool sentence_has(const struct pieces *pieces, size_t at, enum word_class class) {
    for (size_t i = 0; i < pieces->n; i++)
        if (pieces->p[i].sentence == pieces->p[at].sentence && is(pieces, i, class))
            return true;
    return false;
}

static bool is_known_name(struct arena *arena, const struct referral_question *question, struct str name) {
    struct str key = text_fold(arena, name);
    for (size_t i = 0; i < question->known_names.n; i++) {
        struct str known = text_fold(arena, question->known_names.p[i]), rest = known, first = STR_NONE;
        if (str_eq(known, key) || (str_word(&rest, &first) && str_eq(first, key)))
            return true;
    }
    return false;
}

static bool is_known_address(const struct referral_question *question, struct str email) {
    for (size_t i = 0; i < question->known_addresses.n; i++)
        if (str_eq_nocase(question->known_addresses.p[i], email))
            return true;
    return false;
}

static struct str raw_of(const struct pieces *pieces, size_t from, size_t to) {
    const char *start = pieces->p[from].raw.p;
    struct str last = pieces->p[to - 1].raw;
    return (struct str){ start, (size_t) (last.p + last.n - start) };
}

/* Of "no-reply" "noreply". */
static struct str local_key(struct arena *arena, const struct email *email) {
    struct str rest = text_fold(arena, email->local), word;
    struct buf key = buf_in(arena, TEXT_MAX_BYTES);
    while (str_word(&rest, &word))
        buf_str(&key, word);
    return buf_text(&key);
}

static bool is_usable_address(struct arena *arena, const struct referral_question *question,
                              const struct piece *piece) {
    return piece->is_email && !is_known_address(question, piece->email.address)
           && !in_class(local_key(arena, &piece->email), CLASS_NEVER);
}

/* "neil@" is Neil's, wherever it stands. */
static bool bears_name(struct arena *arena, const struct pieces *pieces, size_t address, const struct candidate *name) {
    struct str first = pieces->p[name->from + name->is_formal].folded;
    return first.n > 2 && str_starts(local_key(arena, &pieces->p[address].email), first);
}

/* The usable address beside a name, else one that bears it, else one of its sentence. */
static size_t address_of(struct arena *arena, const struct referral_question *question,
                         const struct pieces *pieces, struct candidate *name) {
    size_t found = WORDS_MAX;
    for (size_t i = 0; i < pieces->n; i++) {
        if (!is_usable_address(arena, question, &pieces->p[i]))
            continue;
        bool same = pieces->p[i].sentence == pieces->p[name->from].sentence;
        bool near = i >= name->to ? i - name->to < NEAR : name->from - i <= NEAR;
        name->is_near = (same && near) || bears_name(arena, pieces, i, name);
        if (name->is_near)
            return i;
        if (!same)
            continue;
        found = i;
    }
    return found;
}

/* Whether the words make a title: one of them, or the end of one, is a role. */
static bool has_role(const struct pieces *pieces, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        struct str rest = pieces->p[i].folded;
        for (struct str word; str_word(&rest, &word);)
            if (in_class(word, CLASS_ROLE) || str_ends(word, STR("leiter")) || str_ends(word, STR("leiterin")))
                return true;
    }
    return false;
}

/* "our head of IT, Jane" or "Jane, our head of IT". */
static struct str title_of(const struct pieces *pieces, const struct candidate *c) {
    size_t to = c->from, from = to;
    while (from > 0 && to - from < TITLE_WORDS_MAX && !pieces->p[from].starts
           && pieces->p[from].sentence == pieces->p[c->from].sentence && !is(pieces, from - 1, CLASS_OUR))
        from--;
    bool begun = from > 0 && is(pieces, from - 1, CLASS_OUR);
    if (begun && from < to && has_role(pieces, from, to))
        return raw_of(pieces, from, to);
    from = c->to;
    bool comma = from > 0 && from < pieces->n && pieces->p[from - 1].comma;
    if (comma && pieces->p[from].is_email)
        from++;
    if (from >= pieces->n || !is(pieces, from, CLASS_OUR) || pieces->p[from].sentence != pieces->p[c->to - 1].sentence)
        return STR_NONE;
    to = ++from;
    while (to < pieces->n && to - from < TITLE_WORDS_MAX && !pieces->p[to].starts && !pieces->p[to].is_email
           && (to == from || !pieces->p[to - 1].comma))
        to++;
    return to > from && has_role(pieces, from, to) ? raw_of(pieces, from, to) : STR_NONE;
}

static int score_name(const struct pieces *pieces, const struct candidate *c) {
    size_t before = c->from - (c->from > 0 && !pieces->p[c->from].starts);
    bool led = before < c->from && (is(pieces, before, CLASS_TO) || is(pieces, before, CLASS_OUR)
                                    || is(pieces, before, CLASS_ROLE) || is(pieces, before, CLASS_CUE));
    led = led || str_is_set(title_of(pieces, c));
    bool cue = sentence_has(pieces, c->from, CLASS_CUE), whole = c->to - c->from > 1;
    bool has_address = c->address < WORDS_MAX;
    bool weak = pieces->p[c->from].starts && !c->is_near && !c->is_formal;
    bool german = pieces->is_german && !c->is_formal && !whole && !c->is_near
                  && !(before < c->from && (is(pieces, before, CLASS_TO) || is(pieces, before, CLASS_ROLE)));
    if (!cue && !has_address)
        return 0;
    return (2 * cue + 2 * led + whole + 2 * c->is_formal + 3 * has_address - 3 * weak - 4 * german);
}

static void consider(struct candidate *best, const struct candidate *candidate) {
    if (candidate->score > best->score)
        *best = *candidate;
}

static void consider_names(struct arena *arena, const struct referral_question *question,
                           const struct pieces *pieces, struct candidate *best) {
    for (size_t at = 0; at < pieces->n; at++) {
        size_t end = end_of_name(pieces, at);
        if (end == at)
            continue;
        struct candidate c = { .from = at, .to = end, .address = WORDS_MAX };
        bool greets = at && pieces->p[at].sentence == 0 && sentence_has(pieces, at, CLASS_GREETING)
                      && is(pieces, 0, CLASS_GREETING) && at < NAME_WORDS_MAX;
        if (!greets && !is_known_name(arena, question, raw_of(pieces, at, end))) {
            c.is_formal = at && is(pieces, at - 1, CLASS_HONORIFIC);
            c.from -= c.is_formal;
            c.address = address_of(arena, question, pieces, &c);
            c.score = score_name(pieces, &c);
            consider(best, &c);
        }
        at = end - 1;
    }
}

static void consider_addresses(struct arena *arena, const struct referral_question *question,
                               const struct pieces *pieces, struct candidate *best) {
    for (size_t at = 0; at < pieces->n; at++) {
        if (!is_usable_address(arena, question, &pieces->p[at]))
            continue;
        bool shared = in_class(local_key(arena, &pieces->p[at].email), CLASS_LOCAL);
        bool alone = best->address != at; /* else the name has it */
        struct candidate c = { .from = at, .to = at, .address = at, .score = 5 - shared };
        if (alone)
            consider(best, &c);
    }
}

/* "Jane Roe at Example Ltd". */
static struct str company_of(const struct pieces *pieces, const struct candidate *c) {
    size_t at = c->to;
    bool told = at < pieces->n && !pieces->p[at - 1].comma && !pieces->p[at].starts && is(pieces, at, CLASS_PLACE);
    size_t end = told ? end_of_name(pieces, at + 1) : at + 1;
    return told && end > at + 1 ? raw_of(pieces, at + 1, end) : STR_NONE;
}

/* "jane.roe@" is Jane Roe. */
static void guess_name(struct arena *arena, struct referral *referral) {
    struct str local = str_sub(referral->email, 0, str_find(referral->email, '@'));
    size_t dot = str_find(local, '.');
    struct str first = str_sub(local, 0, dot), last = str_sub(local, dot + 1, local.n);
    bool fine = dot > 1 && last.n > 1 && dot < local.n;
    for (size_t i = 0; i < local.n; i++)
        fine = fine && (i == dot || ascii_is_alpha(local.p[i]) || local.p[i] == '-');
    if (!fine || in_class(first, CLASS_LOCAL) || in_class(last, CLASS_LOCAL))
        return;
    referral->first_name = text_title_case(arena, first);
    referral->last_name = text_title_case(arena, last);
    referral->name = arena_printf(arena, "%.*s %.*s", STR_FMT(referral->first_name), STR_FMT(referral->last_name));
    referral->name_is_guessed = true;
}

static void set_name(struct arena *arena, const struct pieces *pieces, const struct candidate *c,
                     struct referral *referral) {
    struct person_name name = name_parse(arena, raw_of(pieces, c->from + c->is_formal, c->to));
    bool last_alone = c->is_formal && !str_is_set(name.last);
    referral->name = name.full;
    referral->first_name = last_alone ? STR_NONE : name.first;
    referral->last_name = last_alone ? name.first : name.last;
    referral->title = title_of(pieces, c);
    referral->company = company_of(pieces, c);
}

struct referral reply_find_referral(struct arena *arena, const struct referral_question *question) {
    struct referral found = { .name_is_guessed = false };
    struct pieces pieces = read_pieces(arena, question->text);
    struct candidate best = { .score = 3, .address = WORDS_MAX };
    consider_names(arena, question, &pieces, &best);
    consider_addresses(arena, question, &pieces, &best);
    if (best.score == 3)
        return found;
    size_t from = best.from, to = best.to > best.from ? best.to : best.from + 1;
    if (best.address < WORDS_MAX) {
        const struct email *email = &pieces.p[best.address].email;
        found.email = email->address;
        found.domain = domain_is_free_mail(&email->domain) ? STR_NONE : email->domain.host;
        from = best.address < from ? best.address : from;
        to = best.address >= to ? best.address + 1 : to;
    }
    if (best.to > best.from)
        set_name(arena, &pieces, &best, &found);
    else
        guess_name(arena, &found);
    found.phrase = raw_of(&pieces, from, to);
    return found;
}
