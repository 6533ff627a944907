/* What a server's answer means for a message, its lead and its mailbox. Pure functions, any
 * thread; a table. */
#ifndef SEQUENCE_FATE_H
#define SEQUENCE_FATE_H

#include "base/arena.h"
#include "net/smtp_client.h"

enum fate {
    FATE_SENT,
    FATE_RETRY,      /* refused for the moment: tried again in 15 minutes, 1 h, 4 h, a day */
    FATE_ADDRESS,    /* nobody has the address: the lead has bounced */
    FATE_REFUSED,    /* refused for what it says or whom it is from: the address is not to blame */
    FATE_IMPOSSIBLE, /* the server cannot take such a message */
    FATE_THROTTLED,  /* the provider takes nothing more from the mailbox for a while */
    FATE_NETWORK,    /* the server could not be reached, or broke off before it took anything */
    FATE_LOGIN,      /* it refuses the mailbox */
    FATE_UNKNOWN,    /* it may have taken it */
    FATES,
};
/* "sent", "retry", … */
const char *fate_name(enum fate fate);

enum fate fate_of(struct arena *arena, const struct smtp_result *result);

/* Of FATE_THROTTLED: for how long, as the server says or else an hour. */
int64_t fate_wait_ms(struct arena *arena, const struct smtp_result *result);

/* What the server said, in one line, with the step; never longer than 500 bytes. */
struct str fate_words(struct arena *arena, const struct smtp_result *result);

#endif
