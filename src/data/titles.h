/* Job titles: what level somebody has, where they work and at what, in the API's closed
 * lists (data/enums.h), by the rules in title_levels.def, title_functions.def,
 * title_departments.def and title_words.def. English, German, French, Spanish and
 * Portuguese. Judged as a salesperson would: an assistant to a chief executive officer
 * is no chief, a product owner owns nothing, an account executive is no executive.
 *
 * Pure, any thread; results live in the arena, level texts are static. */
#ifndef DATA_TITLES_H
#define DATA_TITLES_H

#include "base/arena.h"
#include "base/field.h"
#include "base/str.h"

/* Raised with every change of a rule: rows classified under another version are to be
 * classified again. */
#define TITLE_RULES_VERSION 1

struct title {
    struct str seniority;       /* one of enum_seniorities; "Other" when nothing is known;
                                   absent without a title */
    struct strs departments;    /* of enum_departments, in its order; empty when unknown */
    struct strs job_functions;  /* of enum_job_functions, in its order; empty when unknown */
};

/* Of several levels in a title the highest one counts, in the order of the list: Owner,
 * Founder, C-Suite, Partner, … ("Co-Founder & CEO" is a Founder, and in Senior
 * Leadership as both). Work without a level in the title ("Software Engineer") is Entry. */
struct title title_classify(struct arena *arena, struct str title);

/* For matching titles: folded, abbreviations spelled out ("SVP Eng" and "Senior Vice
 * President of Engineering" are the same), without joining words, gender marks, noise,
 * level numbers, team and company. What somebody is assistant to becomes one word, so
 * that "Assistant to the CEO" does not have the words of a chief executive officer. */
struct str title_key(struct arena *arena, struct str title);

/* The keys that a wanted title stands for, each as its words (struct strs), its own
 * first: a person has the title when their title_key has all words of one of them.
 * Besides its own words these are only translations of level words (title_query.def),
 * never related work. Empty when the title has no word. */
void title_query_keys(struct arena *arena, struct str wanted, struct list *ret_keys);

#endif
