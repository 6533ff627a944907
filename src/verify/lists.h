/* Lists of domains and local parts: disposable domains, free providers, reserved domains,
 * role names, and the big providers that misspelled domains are near to. Those in the
 * binary are made from src/verify/lists/; each can be replaced by a text.
 *
 * Life cycle: lists_new, lists_replace where wanted, then shared by all threads and not
 * changed any more; lists_free by the owner. */
#ifndef VERIFY_LISTS_H
#define VERIFY_LISTS_H

#include "base/arena.h"
#include "base/rc.h"
#include "verify/address.h"

enum list_kind {
    LIST_DISPOSABLE,  /* domains that give away addresses for a short time */
    LIST_ALLOWED,     /* domains that are never disposable, asked first */
    LIST_FREE,        /* domains where anybody gets a mailbox for nothing */
    LIST_SPECIAL_USE, /* domains that never receive mail (RFC 6761 and kin) */
    LIST_ROLE,        /* local parts that stand for a function, not a person */
    LIST_SUGGESTED,   /* domains that are worth a suggestion */
    LIST_KINDS,
};

struct lists;

/* With the embedded lists. The caller owns it. */
struct lists *lists_new(void) __attribute__((returns_nonnull));

/* Sets *lists to NULL; accepts NULL. */
void lists_free(struct lists **lists);

/* Puts the entries of `text` in the place of a list: one on a line, any case, "#" begins a
 * comment, international domains in either form. E_INVALID with the number of the first
 * line that is no domain (or no local part) in *ret_line; the list is unchanged then. */
MUST_USE enum rc lists_replace(struct lists *lists, enum list_kind kind, struct str text,
                               size_t *ret_line);

/* Name for configuration and messages: "disposable", "special_use". */
const char *list_kind_name(enum list_kind kind);

struct list_marks {
    bool is_disposable, is_free, is_special_use, is_role;
};

/* Domains match with all below them, but an entry that is a public suffix matches itself
 * alone. Of a role name what stands behind "+" does not count. Literals match nothing. */
struct list_marks lists_marks(const struct lists *lists, const struct address *address);

/* The whole address with the domain that was probably meant ("bob@gmail.com" for
 * "bob@gmial.com"), on the arena; absent when the domain is known or near to none. */
struct str lists_suggestion(const struct lists *lists, struct arena *arena,
                            const struct address *address);

#endif
