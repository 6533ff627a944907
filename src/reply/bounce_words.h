/* Why a message was refused, by words of other languages than English (bounce_words.def): German,
 * French, Spanish, Portuguese, Italian, Dutch, some of Polish and the Nordic ones. Not a phrase for
 * each wording, but what is said of what: "the mailbox", "the sender", "is unknown", "is full".
 *
 * Pure, any thread. */
#ifndef REPLY_BOUNCE_WORDS_H
#define REPLY_BOUNCE_WORDS_H

#include "reply/inbound.h"

/* `folded` as text_fold gives it (data/text.h). UNDEFINED: it says nothing that is known. */
enum bounce_reason bounce_words_reason(struct str folded);

#endif
