/* Looks for messages whose fate is not known, where the mailbox files what it sends and where
 * answers arrive: by Message-ID and by our own header (relays may replace the former). */
#ifndef SEQUENCE_UNCERTAIN_H
#define SEQUENCE_UNCERTAIN_H

#include "sequence/delivery.h"

/* Looks once for each of them (list of struct message) and stores what came of it. A mailbox
 * that cannot be read now is asked again later; a failure here is of the database. */
MUST_USE enum rc uncertain_look(const struct delivery *d, struct list messages);

#endif
