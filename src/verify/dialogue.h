/* One connection to a mail server. Private to dialogue.c (what is said), wire.c (how bytes
 * go) and host.c (its list of those that wait). */
#ifndef VERIFY_DIALOGUE_H
#define VERIFY_DIALOGUE_H

#include "net/smtp_reply.h"
#include "net/stream.h"
#include "verify/site.h"

enum command { SAY_EHLO, SAY_HELO, SAY_STARTTLS, SAY_RSET, SAY_MAIL, SAY_RCPT, SAY_QUIT };

enum { COMMANDS_MAX = 4, OUT_MAX_BYTES = 4096 };

enum dialogue_state {
    D_RESOLVING,
    D_CONNECTING,
    D_GREETING,  /* waits for the banner */
    D_HELLO,     /* waits for the answer to EHLO or HELO */
    D_TLS_ASKED,
    D_TLS,       /* handshake */
    D_TALKING,
    D_QUITTING,
    D_CLOSED,
};

struct dialogue {
    struct dialogue *next, *prev; /* ring of all */
    struct dialogue *next_waiting;
    struct route *route;
    struct item *item; /* whom it asks for; NULL: none just now */
    enum dialogue_state state;
    struct stream stream;
    struct timer timer;
    int64_t ends_ms;             /* of the whole connection */
    unsigned char host, address; /* number of the MX host, and of its address */
    unsigned char said, answered, n_commands;
    unsigned char commands[COMMANDS_MAX];
    bool watches_writing;
    bool pipelines, offers_tls, offers_utf8, is_tls;
    bool in_mail, mail_refused;  /* a transaction is open; its MAIL was refused */
    bool null_sender;
    unsigned char hello;         /* SAY_EHLO or SAY_HELO */
    unsigned char in_transaction; /* recipients named in it */
    enum reply_meaning refusal;  /* of MAIL, while the answer to RCPT is still to come */
    bool any_failed, any_private, any_reached; /* of the hosts so far: DNS, address, tried */
    unsigned char worst;         /* enum probe_state of those that were tried */
    int refusal_code;
    int recipients, rejected;
    size_t in_n, in_room, out_n, out_at;
    char *in, *out;
};

/* A whole reply arrived. */
void dialogue_reply(struct verify_engine *e, struct dialogue *d, struct str lines);
/* Connected, or not; TLS agreed, or not. */
void dialogue_connected(struct verify_engine *e, struct dialogue *d, bool worked);
void dialogue_tls_done(struct verify_engine *e, struct dialogue *d, bool worked);
/* The connection ended, timed out, or what came is not SMTP. */
void dialogue_failed(struct verify_engine *e, struct dialogue *d, enum probe_state as);

/* --- wire.c --- */

/* Begins to connect to the address; false when that cannot even begin. */
bool wire_connect(struct verify_engine *e, struct dialogue *d, const struct sockaddr *to);
/* Queues text for sending; wire_flush sends it. */
void wire_say(struct dialogue *d, struct str text);
void wire_flush(struct verify_engine *e, struct dialogue *d);
void wire_start_tls(struct verify_engine *e, struct dialogue *d);
/* Waits for something no longer than `ms`, and not beyond the end of the dialogue. */
void wire_deadline(struct verify_engine *e, struct dialogue *d, int64_t ms);
void wire_close(struct verify_engine *e, struct dialogue *d);

#endif
