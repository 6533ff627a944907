/* Company names for matching: "The Coca-Cola Company", "Coca-Cola Co." and "COCA COLA
 * CO" are one company. The domain stays the real key of a company; this one finds it
 * when only a name is given.
 *
 * Pure, any thread; results live in the arena. */
#ifndef DATA_COMPANY_NAMES_H
#define DATA_COMPANY_NAMES_H

#include "base/arena.h"
#include "base/str.h"

/* Folded (data/text.h), "&" and "+" spelled "and", dotted letters joined ("S.A.R.L." ->
 * "sarl", "A. O. Smith" -> "ao smith"), leading "the" and the legal forms of many
 * countries taken off both ends (data/company_forms.def) as long as a word remains.
 * Idempotent. Empty only when the name has neither letter nor digit. */
struct str company_name_key(struct arena *arena, struct str name);

#endif
