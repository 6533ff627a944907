/* What companies make of a person's name before the @ ("jane.doe", "jdoe"): learned from
 * addresses that are known, else what is usual. A guess is a guess: whether there is such a
 * mailbox, and whose it is, is not known here.
 *
 * Pure, any thread; results live in the arena. Table: local_patterns.def. */
#ifndef DATA_LOCAL_PARTS_H
#define DATA_LOCAL_PARTS_H

#include "base/arena.h"
#include "base/field.h"
#include "data/names.h"

enum {
    LOCAL_PATTERNS_MAX = 32,
    LOCAL_GUESSES_MAX = 8, /* what is asked of one company's servers for one person */
};

/* Which part of a name of several words is taken. */
enum name_form {
    FORM_JOINED, /* "vanderberg", "garcialopez", "jeanpierre" */
    FORM_KEPT,   /* with its hyphens: "muller-ludenscheidt" */
    FORM_FIRST,  /* "garcia", "muller", "jean" */
    FORM_LAST,   /* "lopez", "berg": without particles */
    NAME_FORMS,
};

/* How letters beyond ASCII are written. */
enum letter_style {
    STYLE_SPELLED, /* "mueller", "soerensen" */
    STYLE_BARE,    /* "muller", "sorensen" */
    LETTER_STYLES,
};

/* How many of a company's known addresses are made in which way. Zeroed: none is known.
 * Forms and styles count only where the name leaves a choice. */
struct local_habit {
    int patterns[LOCAL_PATTERNS_MAX];
    int first_forms[NAME_FORMS], last_forms[NAME_FORMS], styles[LETTER_STYLES];
    int known; /* addresses that follow a pattern */
};

/* Adds what the local part of a known address says. One that has nothing to do with the name
 * ("info", a nickname) says nothing; digits behind a name, and what follows a plus, do not
 * count. False then. */
bool local_habit_learn(struct local_habit *habit, const struct person_name *person,
                       struct str local);

/* The likeliest local parts first, at most LOCAL_GUESSES_MAX, each once, in lower-case ASCII.
 * What fewer than one in a hundred has is left out: where a habit is plain, little else is
 * left. None for a name that lacks first or last name, or has letters that ASCII has nothing
 * for (Cyrillic, Han). */
struct strs local_guesses(struct arena *arena, const struct local_habit *habit,
                          const struct person_name *person);

#endif
