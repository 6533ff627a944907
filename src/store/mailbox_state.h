/* What befalls a mailbox: an event and the state it is in give the next state. The table is
 * in mailbox_state.c. A network error is no event: it says nothing about the mailbox. */
#ifndef STORE_MAILBOX_STATE_H
#define STORE_MAILBOX_STATE_H

#include "store/mailboxes.h"

enum mailbox_event {
    MAILBOX_CONNECTED,     /* somebody gave settings and secrets; its test is to come */
    MAILBOX_TAKEN,         /* the same, and wants no test */
    MAILBOX_TEST_PASSED,
    MAILBOX_TEST_FAILED,   /* of one that is being connected; says nothing of others */
    MAILBOX_PAUSED,
    MAILBOX_RESUMED,
    MAILBOX_DELETED,
    MAILBOX_REFUSED,       /* its servers refuse the password, over and over */
    MAILBOX_TOKEN_REVOKED, /* the provider says invalid_grant */
};

struct mailbox_state {
    struct str status, reason;
};

/* False when the event changes nothing in this state; *ret_next is then untouched. */
bool mailbox_state_next(struct mailbox_state from, enum mailbox_event event,
                        struct mailbox_state *ret_next);

/* Applies the event. `detail` (may be absent) says why, in words. OK also when the event
 * changes nothing. E_NOT_FOUND; MAILBOX_RESUMED gives E_CONFLICT with a problem where only a
 * test or a new connection helps. Transacts itself, unless inside db_transact. */
MUST_USE enum rc mailbox_event(struct ctx *ctx, struct str id, enum mailbox_event event,
                               struct str detail);

/* Its status, which stays as it is until the transaction ends. E_NOT_FOUND: somebody changes the
 * mailbox just now, or there is none. Inside db_transact. */
MUST_USE enum rc mailbox_status_shared(struct ctx *ctx, struct str id, struct str *ret_status);

/* A server of the mailbox ("smtp" or "imap") refused the login. The third refusal in a row, ten
 * minutes or more after the first, is MAILBOX_REFUSED: mail servers sometimes refuse what is right.
 * Those of one minute count as one. Transacts itself. */
MUST_USE enum rc mailbox_login_refused(struct ctx *ctx, struct str id, struct str server,
                                       struct str detail);
/* A login worked: refusals are forgotten that began with this server. Transacts itself. */
MUST_USE enum rc mailbox_login_worked(struct ctx *ctx, struct str id, struct str server);

/* The provider takes no more from the mailbox until `until_ms`: it said so (4.7.x, a quota).
 * Its state stays. Transacts itself. */
MUST_USE enum rc mailbox_throttle(struct ctx *ctx, struct str id, int64_t until_ms, struct str detail);

/* Keeps what a test found (list of struct mailbox_check). Inside db_transact. */
MUST_USE enum rc mailbox_checks_store(struct ctx *ctx, struct str id, struct list checks);

/* Of all accounts, for who runs the installation. */
struct mailbox_health {
    struct opt_int total, ailing; /* ailing: needs_reconnection */
    struct str one;               /* address of one that ails; absent without */
};
MUST_USE enum rc mailboxes_health(struct ctx *ctx, struct mailbox_health *ret_health);

/* --- OAuth --- */

/* True for one process at a time: it is to refresh the token until now + lease_ms, unless
 * the secret changed since `version`. Transacts itself. */
MUST_USE enum rc mailbox_refresh_claim(struct ctx *ctx, const struct mailbox *mailbox,
                                       int64_t lease_ms, bool *ret_mine);
/* Gives the claim back: nothing came of it, the next one may try. Transacts itself. */
MUST_USE enum rc mailbox_refresh_release(struct ctx *ctx, const struct mailbox *mailbox);
/* Stores tokens and gives the claim back. E_CONFLICT when somebody else changed the secret
 * since `mailbox` was read: then theirs counts. Transacts itself. */
MUST_USE enum rc mailbox_tokens_store(struct ctx *ctx, const struct mailbox *mailbox,
                                      const struct mailbox_secret *secret,
                                      struct opt_int expires_at);

#endif
