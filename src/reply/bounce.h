/* Messages about another message: bounces, notices of delay and of delivery, complaints. Reports in
 * the form of RFC 3464 and RFC 5965 are read by their fields, all others by their words
 * (bounce_signs.def, bounce_rules.def). */
#ifndef REPLY_BOUNCE_H
#define REPLY_BOUNCE_H

#include "reply/inbound.h"

/* True when `in` is one: its kind, rule, evidence, bounces and original are filled in then. What is
 * said to a recipient is judged by words first; a recipient of whom nothing is said has what is said
 * of the whole. */
bool bounce_read(struct arena *arena, struct inbound *in);

/* --- parts of it --- */

enum { BOUNCES_MAX = 100 };

enum bounce_sign { SIGN_NONE, SIGN_FAILED, SIGN_DELAYED, SIGN_DONE, SIGN_COMPLAINT };

/* What sender, subject and words say together; *ret_evidence: the line that says so. */
enum bounce_sign bounce_sign(struct arena *arena, const struct inbound *in, struct str *ret_evidence);

/* Whether a daemon sent it that wants no answer: a bounce, if its words give a reason, whatever its
 * subject says. */
bool bounce_may_be(struct arena *arena, const struct inbound *in);

/* What is said of one recipient in a text; `recipient` is absent in the first, which is said of all
 * or of none. */
struct bounce_block {
    struct str recipient, text;
};

/* The blocks of a bounce's text, and what stands behind the line that begins the other message. */
struct list bounce_blocks(struct arena *arena, struct str text, struct str *ret_original);

/* The first address in *rest, in lower case, which moves behind it; absent: none. */
struct str bounce_find_address(struct arena *arena, struct str *rest);

/* "rfc822; <Ann@A.example>", "Ann@A.example" as the address in lower case; absent when it is none. */
struct str bounce_address(struct arena *arena, struct str field);

#endif
