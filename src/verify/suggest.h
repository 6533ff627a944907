/* The large provider whose domain was probably meant. Part of lists.h, not called by
 * others. Immutable after suggest_new. */
#ifndef VERIFY_SUGGEST_H
#define VERIFY_SUGGEST_H

#include "base/field.h"
#include "base/str.h"

struct suggest;

/* The domains are borrowed. The caller owns the result. */
struct suggest *suggest_new(struct strs domains) __attribute__((returns_nonnull));

/* Sets *suggest to NULL; accepts NULL. */
void suggest_free(struct suggest **suggest);

/* The domain that `domain` (ASCII, lower case) is a misspelling of; absent when it is near
 * to none, or is one of them. */
struct str suggest_domain(const struct suggest *suggest, struct str domain);

#endif
