/* A name becomes one to four forms of its first name and of its last, each with a share: how
 * many of those who have such a name write it so. Every way of making a local part is a
 * pattern, two forms and a style; its probability is the product of the four, where known
 * addresses of the company count WEIGHT times as much as the table. */
#include "data/local_parts.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/vec.h"
#include "data/text.h"

#define LOCAL_MAX_BYTES ((size_t) 64) /* RFC 5321, 4.5.3.1.1 */
#define LOCAL_MIN_BYTES ((size_t) 2)  /* a letter alone is nobody's */
#define PROBABLE        0.01          /* less is not guessed */
#define WEIGHT          3.0           /* of a known address against the whole table */

static const struct {
    const char *how;
    int permille;
} patterns[] = {
#define LOCAL_PATTERN(how, permille) { how, permille },
#include "data/local_patterns.def"
#undef LOCAL_PATTERN
};
_Static_assert(LENGTH(patterns) <= LOCAL_PATTERNS_MAX, "a vote for each");

/* How a name is built, and in how many of a hundred cases it takes which form. Estimates, but
 * for the first row; they decide the order only until the company's habit is known. */
enum build { SINGLE, PARTICLED, HYPHENED, SPACED, BUILDS };
static const int last_shares[BUILDS][NAME_FORMS] = {
    [SINGLE] = { [FORM_JOINED] = 100 },
    [PARTICLED] = { [FORM_JOINED] = 70, [FORM_LAST] = 25 },
    [HYPHENED] = { [FORM_KEPT] = 50, [FORM_JOINED] = 20, [FORM_FIRST] = 18, [FORM_LAST] = 10 },
    [SPACED] = { [FORM_FIRST] = 38, [FORM_JOINED] = 32, [FORM_LAST] = 28 },
};
static const int first_shares[BUILDS][NAME_FORMS] = {
    [SINGLE] = { [FORM_JOINED] = 100 },
    [PARTICLED] = { [FORM_JOINED] = 100 },
    [HYPHENED] = { [FORM_KEPT] = 48, [FORM_JOINED] = 30, [FORM_FIRST] = 20 },
    [SPACED] = { [FORM_FIRST] = 60, [FORM_JOINED] = 30, [FORM_LAST] = 8 },
};

/* Spellings that ASCII mail systems use beside the bare letter. */
static const struct {
    const char *letter, *spelled;
} spellings[] = {
    { "ä", "ae" }, { "ö", "oe" }, { "ü", "ue" }, { "Ä", "ae" }, { "Ö", "oe" }, { "Ü", "ue" },
    { "å", "aa" }, { "Å", "aa" }, { "ø", "oe" }, { "Ø", "oe" },
};
static const int style_shares[LETTER_STYLES] = { [STYLE_SPELLED] = 60, [STYLE_BARE] = 40 };

/* --- parts of a name --- */

/* One form of one part of the name; absent when there is no such form. */
struct form {
    struct str whole;
    char initials[4]; /* "j", "jp" of JOINED */
    double share;
};

struct part {
    struct form forms[NAME_FORMS];
    bool has_choice;
};

/* The name in one style. */
struct style {
    struct part first, last;
    struct str middle; /* absent when there is none */
};

struct name {
    struct style styles[LETTER_STYLES];
    bool has_choice; /* of the styles */
};

static struct str spell(struct arena *arena, struct str text) {
    struct buf b = buf_in(arena, 4096);
    while (text.n) {
        size_t i = 0;
        while (i < LENGTH(spellings) && !str_starts(text, str_of(spellings[i].letter)))
            i++;
        bool is_spelled = i < LENGTH(spellings);
        size_t n = is_spelled ? strlen(spellings[i].letter) : 1;
        buf_str(&b, is_spelled ? str_of(spellings[i].spelled) : str_sub(text, 0, 1));
        text = str_sub(text, n, text.n);
    }
    return b.failed ? STR_NONE : buf_text(&b);
}

static bool is_plain(struct str word) {
    for (size_t i = 0; i < word.n; i++)
        if (!ascii_is_alnum(word.p[i]))
            return false;
    return word.n > 0;
}

static struct str join(struct arena *arena, struct strs words, size_t from, size_t to,
                       const char *between) {
    struct buf b = buf_in(arena, 4096);
    for (size_t i = from; i < to; i++) {
        if (i > from)
            buf_str(&b, str_of(between));
        buf_str(&b, words.p[i]);
    }
    return b.failed ? STR_NONE : buf_text(&b);
}

static struct form form_of(struct str whole, double share) {
    struct form form = { .whole = whole, .share = share };
    if (!str_is_empty(whole))
        form.initials[0] = whole.p[0];
    return form;
}

static enum build build_of(struct str text, size_t particles, size_t words) {
    if (words - particles > 1)
        return str_find(text, '-') < text.n ? HYPHENED : SPACED;
    return particles ? PARTICLED : SINGLE;
}

/* False when a word has letters that ASCII does not have. */
static bool read_part(struct arena *arena, struct str text, bool is_last, struct part *part) {
    struct strs words = { 0 };
    text_words(arena, text, &words);
    for (size_t i = 0; i < words.n; i++)
        if (!is_plain(words.p[i]))
            return false;
    if (words.n == 0)
        return false;
    size_t at = 0; /* where the particles end */
    while (is_last && at + 1 < words.n && name_is_particle(words.p[at]))
        at++;
    const int *shares = (is_last ? last_shares : first_shares)[build_of(text, at, words.n)];
    const struct str whole[NAME_FORMS] = {
        [FORM_JOINED] = join(arena, words, 0, words.n, ""),
        [FORM_KEPT] = arena_printf(arena, "%.*s%.*s", STR_FMT(join(arena, words, 0, at, "")),
                                   STR_FMT(join(arena, words, at, words.n, "-"))),
        [FORM_FIRST] = join(arena, words, 0, at + 1, ""),
        [FORM_LAST] = words.p[words.n - 1],
    };
    for (int f = 0; f < NAME_FORMS; f++)
        if (shares[f])
            part->forms[f] = form_of(whole[f], shares[f] / 100.0);
    part->has_choice = words.n > 1;
    if (!is_last && words.n > 1) /* "jp.martin" */
        part->forms[FORM_JOINED].initials[1] = words.p[1].p[0];
    return true;
}

/* What is between first and last name in the full one, a single word. */
static struct str middle_of(struct arena *arena, const struct person_name *name) {
    struct strs all = { 0 }, first = { 0 }, last = { 0 };
    text_words(arena, name->full, &all);
    text_words(arena, name->first, &first);
    text_words(arena, name->last, &last);
    bool has_one = all.n == first.n + 1 + last.n && is_plain(all.p[first.n]);
    return has_one ? all.p[first.n] : STR_NONE;
}

static bool read_name(struct arena *arena, const struct person_name *name, struct name *ret_name) {
    static const bool is_spelled[LETTER_STYLES] = { [STYLE_SPELLED] = true };
    if (str_is_empty(name->first) || str_is_empty(name->last))
        return false;
    struct str middle = middle_of(arena, name);
    *ret_name = (struct name){ 0 };
    for (int s = 0; s < LETTER_STYLES; s++) {
        struct style *style = &ret_name->styles[s];
        struct str first = is_spelled[s] ? spell(arena, name->first) : name->first;
        struct str last = is_spelled[s] ? spell(arena, name->last) : name->last;
        if (!read_part(arena, first, false, &style->first)
            || !read_part(arena, last, true, &style->last))
            return false;
        style->middle = middle;
        ret_name->has_choice |= !str_eq(first, name->first) || !str_eq(last, name->last);
    }
    return true;
}

/* --- ways of making a local part --- */

struct way {
    size_t pattern;
    int first, last, style; /* forms */
    struct str text;
    double share;
};

/* The text of a letter of a pattern; absent when the name has none. */
static struct str letter_text(char letter, const struct form *first, const struct form *last,
                              const struct str *middle) {
    switch (letter) {
    case 'F': return first->whole;
    case 'f': return str_of(first->initials);
    case 'L': return last->whole;
    case 'l': return str_of(last->initials);
    case 'm': return str_sub(*middle, 0, 1);
    default:  return STR_NONE;
    }
}

/* False when the name lacks what the pattern asks for, or the text's length is no local part's. */
static bool make_text(struct arena *arena, const struct name *name, struct way *way) {
    const struct style *style = &name->styles[way->style];
    struct buf b = buf_in(arena, LOCAL_MAX_BYTES + 1);
    for (const char *c = patterns[way->pattern].how; *c; c++) {
        if (!ascii_is_alpha(*c)) {
            buf_char(&b, *c);
            continue;
        }
        struct str text = letter_text(*c, &style->first.forms[way->first],
                                      &style->last.forms[way->last], &style->middle);
        if (str_is_empty(text))
            return false;
        buf_str(&b, text);
    }
    way->text = b.failed ? STR_NONE : buf_text(&b);
    return !b.failed && way->text.n >= LOCAL_MIN_BYTES && way->text.n <= LOCAL_MAX_BYTES;
}

/* The share of one of several, by the table and by what is known. */
static double blend(double usual, int votes, int of) {
    return (WEIGHT * votes + usual) / (WEIGHT * of + 1);
}

static int sum(const int *votes, int n) {
    int all = 0;
    for (int i = 0; i < n; i++)
        all += votes[i];
    return all;
}

static double share_of(const struct local_habit *habit, const struct name *name,
                       const struct way *way) {
    const struct style *style = &name->styles[way->style];
    double share = blend(patterns[way->pattern].permille / 1000.0, habit->patterns[way->pattern],
                         habit->known);
    double first = style->first.forms[way->first].share, last = style->last.forms[way->last].share;
    share *= style->first.has_choice ? blend(first, habit->first_forms[way->first],
                                             sum(habit->first_forms, NAME_FORMS))
                                     : first;
    share *= style->last.has_choice ? blend(last, habit->last_forms[way->last],
                                            sum(habit->last_forms, NAME_FORMS))
                                    : last;
    if (name->has_choice)
        share *= blend(style_shares[way->style] / 100.0, habit->styles[way->style],
                       sum(habit->styles, LETTER_STYLES));
    return share;
}

/* Where the patterns do not use a part, its forms make the same text: it is one way, as likely
 * as all of them together. */
static void add_way(struct arena *arena, struct list *ways, const struct way *way) {
    struct way *known = ways->p;
    for (size_t i = 0; i < ways->n; i++)
        if (str_eq(known[i].text, way->text)) {
            bool is_better = way->share > known[i].share && way->pattern == known[i].pattern;
            double share = known[i].share + way->share;
            if (is_better)
                known[i] = *way;
            known[i].share = share;
            return;
        }
    *(struct way *) list_add(arena, ways, sizeof *way) = *way;
}

/* All of them, each text once; list of struct way. */
static struct list all_ways(struct arena *arena, const struct local_habit *habit,
                            const struct name *name) {
    struct list ways = { 0 };
    int styles = name->has_choice ? LETTER_STYLES : 1;
    for (int n = 0; n < (int) LENGTH(patterns) * NAME_FORMS * NAME_FORMS * styles; n++) {
        struct way way = { .first = n % NAME_FORMS, .last = n / NAME_FORMS % NAME_FORMS,
                           .style = n / (NAME_FORMS * NAME_FORMS) % styles,
                           .pattern = (size_t) (n / (NAME_FORMS * NAME_FORMS * styles)) };
        const struct style *style = &name->styles[way.style];
        if (!str_is_empty(style->first.forms[way.first].whole)
            && !str_is_empty(style->last.forms[way.last].whole)
            && make_text(arena, name, &way)) {
            way.share = share_of(habit, name, &way);
            add_way(arena, &ways, &way);
        }
    }
    return ways;
}

/* --- learning and guessing --- */

static const struct way *way_of(const struct list *ways, struct str local) {
    const struct way *way = ways->p;
    for (size_t i = 0; i < ways->n; i++)
        if (str_eq_nocase(way[i].text, local))
            return &way[i];
    return NULL;
}

static void vote(struct local_habit *habit, const struct name *name, const struct way *way) {
    const struct style *style = &name->styles[way->style];
    const char *how = patterns[way->pattern].how;
    habit->known++;
    habit->patterns[way->pattern]++;
    if (style->first.has_choice && strpbrk(how, "Ff"))
        habit->first_forms[way->first]++;
    if (style->last.has_choice && strchr(how, 'L'))
        habit->last_forms[way->last]++;
    if (name->has_choice)
        habit->styles[way->style]++;
}

bool local_habit_learn(struct local_habit *habit, const struct person_name *person,
                       struct str local) {
    static const struct local_habit none;
    struct arena *arena = arena_new();
    struct name name;
    const struct way *way = NULL;
    local = str_sub(local, 0, str_find(local, '+'));
    if (read_name(arena, person, &name)) {
        struct list ways = all_ways(arena, &none, &name);
        way = way_of(&ways, local);
        while (!way && local.n && ascii_is_digit(local.p[local.n - 1])) {
            local.n--;
            way = way_of(&ways, local);
        }
    }
    bool is_learned = way != NULL;
    if (is_learned)
        vote(habit, &name, way);
    arena_free(&arena);
    return is_learned;
}

/* Stable, so that the table's order decides between equals. */
static void sort(struct way *ways, size_t n) {
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k && ways[k].share > ways[k - 1].share; k--) {
            struct way kept = ways[k];
            ways[k] = ways[k - 1];
            ways[k - 1] = kept;
        }
}

struct strs local_guesses(struct arena *arena, const struct local_habit *habit,
                          const struct person_name *person) {
    struct arena *work = arena_new();
    struct strs guesses = { 0 };
    struct name name;
    if (read_name(work, person, &name)) {
        struct list ways = all_ways(work, habit, &name);
        struct way *way = ways.p;
        sort(way, ways.n);
        for (size_t i = 0; i < ways.n && guesses.n < LOCAL_GUESSES_MAX && way[i].share >= PROBABLE; i++)
            strs_add(arena, &guesses, arena_str(arena, way[i].text));
    }
    arena_free(&work);
    return guesses;
}
