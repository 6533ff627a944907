/* Whether a person or a program answered (automatic.def): headers first, then the subject, and the
 * text to say which kind it is. Words of the text alone decide nothing, since people say as well that
 * they are away. */
#ifndef REPLY_AUTOMATIC_H
#define REPLY_AUTOMATIC_H

#include "reply/inbound.h"

/* Fills in kind, rule and evidence of `in`, whose text has been cut; a person when nothing speaks
 * against it. */
void automatic_read(struct arena *arena, struct inbound *in);

#endif
