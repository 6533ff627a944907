/* Unicode text for matching and for showing, over libunistring. Everything that is
 * compared (names, titles, places, company names) goes through text_fold, so that two
 * spellings of one word are one byte string.
 *
 * Pure functions, any thread; results live in the arena. Any bytes are accepted:
 * what is not well-formed UTF-8 counts as U+FFFD. Absent and empty give empty. */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/field.h"
#include "base/str.h"

/* One word is one run of letters and digits, words are parted by one space:
 *  - compatibility forms unfolded (NFKD: full width, ligatures, styled letters), then
 *    recomposed (NFC);
 *  - lower case (full folding: the German sharp s becomes "ss", the final sigma sigma);
 *  - accents removed, letters with strokes and joined letters spelled with plain ones
 *    (o-slash "o", barred l "l", ae, oe, thorn "th", eth "d"); marks of scripts that
 *    need them (Devanagari, Thai, kana voicing) are kept;
 *  - an apostrophe between two letters disappears ("O'Neil" and "ONeil" are the same);
 *    every other sign, symbol and emoji parts words.
 * Idempotent. Scripts without spaces give one word per run. Only the first
 * TEXT_FOLD_MAX_BYTES take part. NUL-terminated behind its end. */
struct str text_fold(struct arena *arena, struct str s);

/* The words of text_fold(s), in order, appended to *words. */
void text_words(struct arena *arena, struct str s, struct strs *words);

/* For showing: well-formed UTF-8 in NFC, white space of any kind collapsed to one space
 * and trimmed, control and invisible formatting characters removed. */
struct str text_clean(struct arena *arena, struct str s);

/* text_clean in lower case: for finding a text inside of another without regard to case.
 * Accents and signs count. */
struct str text_lower(struct arena *arena, struct str s);

/* text_clean with each word's first letter in title case and the others in lower case.
 * Words also begin behind a hyphen, a dot or a slash, and behind an apostrophe that two
 * or more letters follow ("d'alene" -> "D'Alene", "john's" -> "John's"). */
struct str text_title_case(struct arena *arena, struct str s);

/* How the letters of `s` are written, ASCII or not; digits and signs do not count. */
enum text_case { CASE_NONE, CASE_LOWER, CASE_UPPER, CASE_MIXED };
enum text_case text_case_of(struct str s);

/* Whether the space-separated `list` of a table has `word`; never for an empty word. */
bool text_list_has(const char *list, struct str word);

/* Whether the word begins with a Han, kana or Hangul character: those have no initials, and
 * a name of one of them is whole. */
bool text_is_east_asian(struct str word);

/* Takes the first character off *rest: its code point (U+FFFD for an ill-formed byte);
 * 0 at the end. A NUL inside the text is returned as U+FFFD. */
uint32_t text_next(struct str *rest);

#endif
