/* Three readings of the same words: first what only names somebody else's title is cut
 * away, then functions and levels are looked for, each on its own copy, because "sales
 * director" is a function and a level in words that do not overlap while "account
 * executive" is both in the same ones. Rules say no more than their tables do; the code
 * only decides between them. */
#include "data/titles.h"

#include <pthread.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/enums.h"
#include "data/text.h"
#include "data/title_index.h"
#include "data/title_words.h"

enum { DEPARTMENTS_MAX = 32, FUNCTIONS_MAX = 256, LEVELS_MAX = 16 };

enum how { IS, IS_AND_WINS, IS_ALONE, IS_OTHERS, IS_NOTHING };

static const struct level_rule {
    enum how how;
    const char *level, *pattern;
} level_rules[] = {
#define LEVEL(level, pattern) { IS, level, pattern },
#define WINS(level, pattern)  { IS_AND_WINS, level, pattern },
#define ALONE(level, pattern) { IS_ALONE, level, pattern },
#define CUT(level, pattern)   { IS_OTHERS, level, pattern },
#define NOLEVEL(pattern)      { IS_NOTHING, "", pattern },
#include "data/title_levels.def"
};

enum when { ALWAYS, DEPARTMENT_UNKNOWN, ALL_UNKNOWN };

static const struct function_rule {
    enum when when;
    const char *function, *department, *pattern;
} function_rules[] = {
#define FUNCTION(function, pattern) { ALWAYS, function, NULL, pattern },
#define GENERAL(function, pattern)  { DEPARTMENT_UNKNOWN, function, NULL, pattern },
#define ROLE(function, pattern)     { ALL_UNKNOWN, function, NULL, pattern },
#define TOPIC(department, pattern)  { ALWAYS, NULL, department, pattern },
#define NOTHING(pattern)            { ALWAYS, NULL, NULL, pattern },
#include "data/title_functions.def"
};

static const struct place {
    const char *department, *function;
    bool chief;
} places[] = {
#define IN(department, function)    { department, function, false },
#define CHIEF(department, function) { department, function, true },
#include "data/title_departments.def"
};

/* Made at the first use, then immutable, for the life of the process. */
static struct title_index *level_index, *function_index;

static void make_indexes(void) {
    const char **patterns = mem_array(LENGTH(level_rules) + LENGTH(function_rules),
                                      sizeof *patterns);
    for (size_t i = 0; i < LENGTH(level_rules); i++)
        patterns[i] = level_rules[i].pattern;
    level_index = title_index_new(patterns, LENGTH(level_rules));
    for (size_t i = 0; i < LENGTH(function_rules); i++)
        patterns[i] = function_rules[i].pattern;
    function_index = title_index_new(patterns, LENGTH(function_rules));
    mem_free(patterns);
}

/* What has been found so far; indexes are those of the enumerations. */
struct findings {
    bool departments[DEPARTMENTS_MAX];
    bool functions[FUNCTIONS_MAX];
    bool levels[LEVELS_MAX];
    int winner; /* level that a WINS row decided for, or -1 */
};

static void set(bool *found, size_t max, const struct enum_values *list, const char *value) {
    int index = enum_index(list, str_of(value));
    ASSERT(index >= 0 && (size_t) index < max);
    found[index] = true;
}

static void set_department(struct findings *f, const char *department) {
    set(f->departments, DEPARTMENTS_MAX, &enum_departments, department);
}

static const char *department_of(const char *function) {
    for (size_t i = 0; i < LENGTH(places); i++)
        if (!places[i].chief && strcmp(places[i].function, function) == 0)
            return places[i].department;
    check_failed("a function without a department", __FILE__, __LINE__);
}

static void set_function(struct findings *f, const char *function) {
    set(f->functions, FUNCTIONS_MAX, &enum_job_functions, function);
    set_department(f, department_of(function));
}

static void set_level(struct findings *f, const struct level_rule *rule) {
    set(f->levels, LEVELS_MAX, &enum_seniorities, rule->level);
    if (rule->how == IS_AND_WINS && f->winner < 0)
        f->winner = enum_index(&enum_seniorities, str_of(rule->level));
}

static bool has_level(const struct findings *f, const char *level) {
    return f->winner < 0 && f->levels[enum_index(&enum_seniorities, str_of(level))];
}

static bool is_any(const bool *found, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (found[i])
            return true;
    return false;
}

/* "Assistant to the CEO", "former CEO": what follows in this part is not theirs. */
static void cut_others(struct title_words *levels, struct title_words *functions,
                       struct findings *f) {
    bool maybe[LENGTH(level_rules)] = { false };
    title_index_candidates(level_index, levels, maybe);
    size_t from, to;
    for (size_t i = 0; i < LENGTH(level_rules); i++) {
        const struct level_rule *rule = &level_rules[i];
        if (!maybe[i] || rule->how != IS_OTHERS || !title_find(levels, rule->pattern, &from, &to))
            continue;
        size_t end = to;
        while (end < levels->n && levels->part[end] == levels->part[from])
            end++;
        title_take(levels, from, end);
        title_take(functions, to, end);
        set_level(f, rule);
    }
}

static bool applies(const struct function_rule *rule, const struct findings *f) {
    if (rule->when == ALL_UNKNOWN)
        return !is_any(f->departments, DEPARTMENTS_MAX);
    if (rule->when == DEPARTMENT_UNKNOWN)
        return !f->departments[enum_index(&enum_departments,
                                          str_of(department_of(rule->function)))];
    return true;
}

static void find_functions(struct title_words *words, struct findings *f) {
    bool maybe[LENGTH(function_rules)] = { false };
    title_index_candidates(function_index, words, maybe);
    size_t from, to;
    for (size_t i = 0; i < LENGTH(function_rules); i++) {
        const struct function_rule *rule = &function_rules[i];
        while (maybe[i] && title_find(words, rule->pattern, &from, &to) && applies(rule, f)) {
            title_take(words, from, to);
            if (rule->function)
                set_function(f, rule->function);
            if (rule->department)
                set_department(f, rule->department);
        }
    }
}

static void find_levels(struct title_words *words, struct findings *f) {
    bool works = is_any(f->departments, DEPARTMENTS_MAX);
    bool maybe[LENGTH(level_rules)] = { false };
    title_index_candidates(level_index, words, maybe);
    size_t from, to;
    for (size_t i = 0; i < LENGTH(level_rules); i++) {
        const struct level_rule *rule = &level_rules[i];
        if (!maybe[i] || rule->how == IS_OTHERS || (rule->how == IS_ALONE && works))
            continue;
        while (title_find(words, rule->pattern, &from, &to)) {
            title_take(words, from, to);
            if (rule->how != IS_NOTHING)
                set_level(f, rule);
        }
    }
}

/* A chief of finance is in Finance and, as its executive, in Senior Leadership. */
static void add_executives(struct findings *f) {
    bool found = false;
    for (size_t i = 0; i < LENGTH(places); i++) {
        int index = enum_index(&enum_departments, str_of(places[i].department));
        if (places[i].chief && f->departments[index]) {
            set(f->functions, FUNCTIONS_MAX, &enum_job_functions, places[i].function);
            found = true;
        }
    }
    if (!found)
        set_function(f, "Executive");
}

static void add_leadership(struct findings *f) {
    if (has_level(f, "C-Suite"))
        add_executives(f);
    else if (has_level(f, "Owner") && !is_any(f->functions, FUNCTIONS_MAX))
        set_function(f, "Executive");
    if (has_level(f, "Founder"))
        set_function(f, "Founder");
    if (has_level(f, "C-Suite") || has_level(f, "Founder") || has_level(f, "Owner"))
        set_department(f, "Senior Leadership");
}

static struct strs values_of(struct arena *arena, const struct enum_values *list,
                             const bool *found) {
    struct strs values = { 0 };
    for (size_t i = 0; i < list->n; i++)
        if (found[i])
            strs_add(arena, &values, list->values[i]);
    return values;
}

static struct str seniority_of(const struct findings *f) {
    if (f->winner >= 0)
        return enum_seniorities.values[f->winner];
    for (size_t i = 0; i < enum_seniorities.n; i++)
        if (f->levels[i])
            return enum_seniorities.values[i];
    return enum_seniorities.values[enum_seniorities.n - 1];
}

struct title title_classify(struct arena *arena, struct str title) {
    ASSERT(enum_departments.n <= DEPARTMENTS_MAX && enum_job_functions.n <= FUNCTIONS_MAX);
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int failed = pthread_once(&once, make_indexes);
    ASSERT(!failed);
    struct arena *scratch = arena_new();
    struct title_words levels;
    title_words_read(scratch, title, &levels);
    struct title result = { 0 };
    if (levels.n) {
        struct title_words functions = levels;
        struct findings f = { .winner = -1 };
        cut_others(&levels, &functions, &f);
        find_functions(&functions, &f);
        find_levels(&levels, &f);
        add_leadership(&f);
        result.seniority = seniority_of(&f);
        result.departments = values_of(arena, &enum_departments, f.departments);
        result.job_functions = values_of(arena, &enum_job_functions, f.functions);
    }
    arena_free(&scratch);
    return result;
}

/* Keys. */

/* First word of what the person assists with, or n. */
static size_t find_assisted(const struct title_words *words) {
    size_t from, to;
    bool found = title_find(words, "assistant|secretary|aide|advisor|adviser|counselor to", &from,
                            &to);
    return found ? to : words->n;
}

static void put_key(struct buf *key, const struct title_words *words) {
    size_t assisted = find_assisted(words);
    unsigned glued = assisted < words->n ? words->part[assisted] : 256;
    bool glue = false;
    for (size_t i = 0; i < words->n; i++) {
        if (title_is_stop(words->w[i]))
            continue;
        if (key->n && !(glue && words->part[i] == glued))
            buf_char(key, ' ');
        buf_str(key, words->w[i]);
        glue = i >= assisted;
    }
    for (size_t i = 0; !key->n && i < words->n; i++) /* "VON" */
        buf_str(key, words->w[i]);
}

struct str title_key(struct arena *arena, struct str title) {
    struct arena *scratch = arena_new();
    struct title_words words;
    title_words_read(scratch, title, &words);
    struct buf key = buf_in(scratch, SIZE_MAX);
    put_key(&key, &words);
    struct str kept = arena_str(arena, buf_text(&key));
    arena_free(&scratch);
    return kept;
}

static const char *const translations[] = {
#define TRANSLATION(forms) forms,
#include "data/title_query.def"
};

static struct strs split_words(struct arena *arena, struct str text) {
    struct strs words = { 0 };
    for (struct str word; str_word(&text, &word);)
        strs_add(arena, &words, word);
    return words;
}

/* Where the words of `form` stand in a row, none of them covered; n when nowhere. */
static size_t find_form(struct strs words, struct strs form, const bool *covered) {
    for (size_t at = 0; at + form.n <= words.n; at++) {
        size_t i = 0;
        while (i < form.n && !covered[at + i] && str_eq(words.p[at + i], form.p[i]))
            i++;
        if (i == form.n)
            return at;
    }
    return words.n;
}

static void add_words(struct arena *arena, struct strs *list, struct strs more) {
    for (size_t i = 0; i < more.n; i++)
        strs_add(arena, list, more.p[i]);
}

static void add_key(struct arena *arena, struct list *keys, struct strs words) {
    *(struct strs *) list_add(arena, keys, sizeof words) = words;
}

/* The longest form of the row that the words have decides where the others go. */
static void translate(struct arena *arena, struct str row, struct strs words, bool *covered,
                      struct list *keys) {
    struct strs found = { 0 };
    size_t at = words.n;
    struct str rest = row;
    for (struct str text; str_cut(&rest, '|', &text);) {
        struct strs form = split_words(arena, text);
        size_t here = find_form(words, form, covered);
        if (here < words.n && form.n > found.n) {
            found = form;
            at = here;
        }
    }
    if (!found.n)
        return;
    for (size_t i = 0; i < found.n; i++)
        covered[at + i] = true;
    rest = row;
    for (struct str text; str_cut(&rest, '|', &text);) {
        struct strs form = split_words(arena, text), variant = { 0 };
        if (form.n == found.n && find_form(found, form, (bool[TITLE_WORDS_MAX]){ false }) == 0)
            continue;
        add_words(arena, &variant, (struct strs){ words.p, at });
        add_words(arena, &variant, form);
        add_words(arena, &variant,
                  (struct strs){ words.p + at + found.n, words.n - at - found.n });
        add_key(arena, keys, variant);
    }
}

void title_query_keys(struct arena *arena, struct str wanted, struct list *ret_keys) {
    struct strs words = split_words(arena, title_key(arena, wanted));
    *ret_keys = (struct list){ 0 };
    if (!words.n)
        return;
    add_key(arena, ret_keys, words);
    bool covered[TITLE_WORDS_MAX] = { false };
    for (size_t i = 0; i < LENGTH(translations); i++)
        translate(arena, str_of(translations[i]), words, covered, ret_keys);
}
