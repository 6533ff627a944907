/* Whom a reply names instead of its writer: "please contact Jane Roe (jane@example.com), our
 * head of IT". For the labels introduction, not_the_right_person and
 * forwarded_to_the_right_person; in English, German, French, Spanish, Portuguese and Dutch
 * (reply/referral_words.def).
 *
 * Pure, any thread; results live in the arena. Any bytes are accepted. */
#ifndef REPLY_REFERRAL_H
#define REPLY_REFERRAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/field.h"

struct referral_question {
    struct str text;            /* what is new in the message, best without its signature */
    struct strs known_addresses; /* never the answer: of the writer, of our user and mailboxes */
    struct strs known_names;     /* the same by name: "Jane Roe", "Jane" */
};

/* Absent is what was not said. */
struct referral {
    struct str email;      /* in lower case */
    struct str name;       /* "Jane Roe", "Roe" */
    struct str first_name, last_name;
    struct str title;      /* "head of IT" */
    struct str company;
    struct str domain;     /* of the email, unless it is a free mail provider's */
    struct str phrase;     /* where it was read: a part of the text; absent: nobody is named */
    bool name_is_guessed;  /* from "jane.roe@…", as the text tells no name */
};

struct referral reply_find_referral(struct arena *arena, const struct referral_question *question);

#endif
