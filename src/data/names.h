/* Names of persons: cleaned for showing, split, and compared. "Dr. KLOBUCHAR, amy jean,
 * Esq." is shown as "Amy Jean Klobuchar", first name Amy, last name Klobuchar.
 *
 * Pure, any thread; results live in the arena. Tables: names.def, nicknames.def. */
#ifndef DATA_NAMES_H
#define DATA_NAMES_H

#include "base/arena.h"
#include "base/str.h"

/* Absent parts have p == NULL. */
struct person_name {
    struct str full;       /* in reading order, middle names included */
    struct str first;      /* with what follows an initial: "J. Edgar" */
    struct str last;       /* with its particles: "van der Berg" */
    struct str generation; /* taken off the name: "jr", "sr", "ii", "iii", "iv", "v" */
};

/* A full name as people write them. Taken off: courtesy titles and ranks in front,
 * degrees and generations behind, asides in brackets or quotes, emoji, and what follows
 * a bar, a bullet, an @ or a dash between spaces. "Last, First" is turned round. A name
 * written in one case gets its capitals ("AMY O'NEIL", "john mcdonald"); in a mixed one
 * only words of one case do. A single word is a first name, behind a courtesy title a
 * last name. Of three words without particles the middle one is a middle name, unless
 * the last two are common Spanish or Portuguese family names. Han, kana and Hangul names
 * of two words begin with the family name. All parts absent when no letter is left. */
struct person_name name_parse(struct arena *arena, struct str full);

/* The same for a name that comes in two columns; where it is split is kept. */
struct person_name name_of_parts(struct arena *arena, struct str first, struct str last);

/* Whether a folded word belongs to the word behind it: "van", "de", "al". */
bool name_is_particle(struct str word);

/* For exact matching in any order: the folded words of `full`, cleaned as above, sorted,
 * with one space between. The generation is no part of it. */
struct str name_key(struct arena *arena, struct str full);

enum name_match {
    NAME_DIFFERENT,
    NAME_ALIKE, /* might be the same person; the caller needs more to be sure */
    NAME_SAME,  /* the same words, in any order, and the same generation */
};

/* Compares two full names. ALIKE: at least one word of two or more letters is the same,
 * and each other word has a partner at its place that is
 *  - a nickname or another spelling of it (Bob, Robert; Erik, Eric), but in a last name;
 *  - its initial;
 *  - one typing error away (a letter wrong, missing, too many, or two swapped), in words
 *    of four letters or more, once in a name; two common first names ("Joan", "John";
 *    "Maria", "Mario") are never each other's typing error;
 * or the two differ only in spaces ("De Souza", "DeSouza") or in one having a
 * generation. The only word that needs no partner is a middle initial. */
enum name_match names_match(struct str a, struct str b);

#endif
