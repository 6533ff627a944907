/* Connections to mail servers that were used a moment ago, for whoever sends from the same mailbox
 * next: a mailbox whose messages come one by one does not log in for each. Any thread. */
#ifndef SEQUENCE_KEPT_SMTP_H
#define SEQUENCE_KEPT_SMTP_H

#include "net/smtp_client.h"
#include "sequence/delivery.h"

struct kept_smtps;

struct kept_smtp {
    struct smtp_client *smtp; /* NULL: there is none */
    struct delivery_login login;
    int sent; /* messages over it */
};

struct kept_smtps *kept_smtps_new(void);
/* Closes all; nulls *kept. */
void kept_smtps_free(struct kept_smtps **kept);

/* The connection of the mailbox, which is the caller's then; without a client when there is none
 * that is young enough. */
struct kept_smtp kept_smtp_take(struct kept_smtps *kept, struct str mailbox_id);
/* Takes it over; closes it in its time. */
void kept_smtp_put(struct kept_smtps *kept, struct str mailbox_id, const struct kept_smtp *one);
/* Closes those that nobody took for a while. */
void kept_smtps_close_old(struct kept_smtps *kept);

#endif
