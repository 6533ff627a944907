/* The phrases by which a reply is classified, in tables that can be read
 * (reply/class_phrases_en.def and its like), and where they occur in a text.
 *
 * A pattern is words with one space between, in the form of reply/tokens.h:
 *   word|other   one of them             word~   a word that begins so
 *   %list        a word of that LIST     ?word   may be missing
 *   *            up to three words       **      up to seven
 * Nothing reaches over the end of a clause but ^^ ^ $ $$ themselves.
 *
 * The tables are parsed once, at the first use. Any thread; results live in the arena. */
#ifndef REPLY_CLASS_PHRASES_H
#define REPLY_CLASS_PHRASES_H

#include "data/labels.h"
#include "reply/tokens.h"

/* What a phrase can speak for: a label, or that none fits. */
enum { REPLY_CLASSES = LABELS_COUNT + 1 };

struct phrase {
    enum label label; /* LABEL_NONE: that none fits */
    int weight;       /* of 1 to 9; 0 only hides what it contains */
    const char *language;
    const char *pattern;
};

struct phrase_match {
    const struct phrase *phrase;
    size_t from, to; /* tokens [from, to) */
    bool negated;    /* one of the three words before says no */
};

struct phrase_matches {
    struct phrase_match *p;
    size_t n;
};

/* Every phrase that occurs, each once, in the order of the table; without those that a
 * longer occurrence of another contains. */
struct phrase_matches class_phrases_find(struct arena *arena, struct tokens tokens);

/* The tables, for their test. */
const struct phrase *class_phrases_all(size_t *ret_n);

#endif
