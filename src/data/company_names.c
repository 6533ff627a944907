/* Accents are folded before forms are looked for, dotted letters are joined before that,
 * and forms are taken off until none is left: in any other order "Société Générale
 * S.A.", "Sociedade X, Lda." or "X GmbH & Co. KG" would keep a part of theirs, and a
 * second pass would change the key again. */
#include "data/company_names.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "data/text.h"

enum form_place { START, END, GLUED };

static const struct form {
    enum form_place where;
    struct str text;
} forms[] = {
#define FORM(where, text) { where, { text, sizeof(text) - 1 } },
#include "data/company_forms.def"
#undef FORM
};

/* "and" instead of the signs for it, so that folding does not drop them. */
static struct str spell_signs(struct arena *arena, struct str name) {
    struct buf out = buf_in(arena, TEXT_FOLD_MAX_BYTES * 5);
    name = str_sub(name, 0, TEXT_FOLD_MAX_BYTES);
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '&' || name.p[i] == '+')
            buf_str(&out, STR(" and "));
        else
            buf_char(&out, name.p[i]);
    }
    return buf_text(&out);
}

/* Words of the folded name; runs of single characters become one word. */
static struct strs words_of(struct arena *arena, struct str folded) {
    struct strs words = { 0 };
    bool joins = false;
    for (struct str word; str_word(&folded, &word);) {
        bool single = utf8_count(word) == 1;
        if (joins && single) {
            struct str *last = &words.p[words.n - 1];
            *last = arena_printf(arena, "%.*s%.*s", STR_FMT(*last), STR_FMT(word));
        } else {
            strs_add(arena, &words, word);
        }
        joins = single;
    }
    return words;
}

static size_t count_words(struct str text) {
    size_t n = 0;
    for (struct str word; str_word(&text, &word);)
        n++;
    return n;
}

/* Whether the words can begin or end with `form`, by one byte: most forms end here. */
static bool may_match(struct str form, bool at_start, const struct strs *words) {
    if (at_start)
        return words->p[0].p[0] == form.p[0];
    struct str last = words->p[words->n - 1];
    return last.p[last.n - 1] == form.p[form.n - 1];
}

/* Takes `form` off one end of the words, unless nothing would be left. */
static bool take_words(struct str form, bool at_start, struct strs *words) {
    if (!may_match(form, at_start, words))
        return false;
    size_t n = count_words(form);
    if (n >= words->n)
        return false;
    const struct str *at = at_start ? words->p : words->p + words->n - n;
    for (struct str word; str_word(&form, &word); at++)
        if (!str_eq(*at, word))
            return false;
    words->n -= n;
    if (at_start)
        words->p += n;
    return true;
}

static bool unglue(struct str *word, struct str form) {
    if (word->n <= form.n)
        return false;
    if (str_starts(*word, form))
        *word = str_sub(*word, form.n, word->n);
    else if (str_ends(*word, form))
        word->n -= form.n;
    else
        return false;
    return true;
}

static bool take_form(const struct form *form, struct strs *words) {
    if (form->where != GLUED)
        return take_words(form->text, form->where == START, words);
    return take_words(form->text, true, words) || take_words(form->text, false, words)
           || unglue(&words->p[0], form->text)
           || unglue(&words->p[words->n - 1], form->text);
}

/* One word that is no part of a name where it stands: "the" in front, "and" behind
 * ("Smith & Co" has lost its "co"). */
static bool take_filler(struct strs *words) {
    if (words->n < 2)
        return false;
    if (str_eq(words->p[0], STR("the"))) {
        words->p++;
        words->n--;
        return true;
    }
    if (!str_eq(words->p[words->n - 1], STR("and")))
        return false;
    words->n--;
    return true;
}

static bool take_any(struct strs *words) {
    if (take_filler(words))
        return true;
    for (size_t i = 0; i < LENGTH(forms); i++)
        if (take_form(&forms[i], words))
            return true;
    return false;
}

static struct str shorten(struct arena *arena, struct str folded) {
    struct strs words = words_of(arena, folded);
    while (words.n && take_any(&words))
        continue;
    struct buf key = buf_in(arena, folded.n);
    for (size_t i = 0; i < words.n; i++) {
        if (i)
            buf_char(&key, ' ');
        buf_str(&key, words.p[i]);
    }
    return arena_str(arena, buf_text(&key));
}

struct str company_name_key(struct arena *arena, struct str name) {
    struct str key = text_fold(arena, spell_signs(arena, name));
    /* A form taken off a run without spaces may leave single letters side by side. What
     * is joined may compose: a kana and the voicing mark behind it. */
    for (struct str shorter; !str_eq(shorter = text_fold(arena, shorten(arena, key)), key);)
        key = shorter;
    return key;
}
