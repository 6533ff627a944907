/* The words of a mail server's answer in the form in which tables of phrases hold theirs: lower case,
 * one space between words, addresses as "@", URLs aside. What is in an address or a URL must not
 * count as words: "spam@..." is a mailbox, and the name of a filter in a link says nothing about a
 * block. Pure functions, any thread. */
#ifndef DATA_REPLY_WORDS_H
#define DATA_REPLY_WORDS_H

#include "base/str.h"

enum { REPLY_WORDS_MAX = 4096 };

struct reply_words {
    char text[REPLY_WORDS_MAX], urls[REPLY_WORDS_MAX];
    size_t n, urls_n;
};

/* What does not fit is left out. */
void reply_words_of(struct str text, struct reply_words *ret_words);

/* Whether the parts of `pattern` between its stars are in `text` in this order; "^" in front of it
 * and "$" behind it stand for begin and end. A pattern has a character at least. */
bool reply_phrase_matches(struct str text, struct str pattern);

#endif
