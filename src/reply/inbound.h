/* A message that came in, understood as far as that needs no account and no database: its text, what
 * is new in it, who and what it answers, whether a person wrote it, and if it is a bounce, whose and
 * why. docs/replies.md has the rules.
 *
 * inbound_read never fails: any bytes are a message. Its memory is bounded by base/limits.h. Pure,
 * any thread; mime_start once per process. */
#ifndef REPLY_INBOUND_H
#define REPLY_INBOUND_H

#include "base/arena.h"
#include "base/field.h"
#include "net/mime_read.h"

enum inbound_kind {
#define KIND(name, word, doc) INBOUND_##name,
#include "reply/inbound_kinds.def"
#undef KIND
    INBOUND_KINDS
};

/* Why a recipient did not get a message. */
enum bounce_reason {
#define REASON(name, word, group, doc) BOUNCE_##name,
#include "reply/bounce_reasons.def"
#undef REASON
    BOUNCE_REASONS
};

/* What follows from a reason; see bounce_reasons.def. */
enum bounce_group {
    BOUNCE_OF_ADDRESS, /* hard: there is no such mailbox, and no later try will find one */
    BOUNCE_OF_MAILBOX, /* soft: the mailbox or its server cannot take it now */
    BOUNCE_OF_SENDER,  /* soft: we, our server or what we wrote was refused */
    BOUNCE_OF_REPORT,  /* no bounce: delivered, a complaint */
};

struct bounce {
    struct str recipient;  /* address in lower case; absent: not told */
    enum bounce_reason reason;
    bool is_hard;          /* by reason, not by the first digit */
    struct str status;     /* enhanced code (RFC 3463) as told, "5.1.1"; absent: none */
    int code;              /* SMTP, 400 to 599; 0: none */
    struct str diagnostic; /* the words that the reason was taken from, one line */
    struct str remote;     /* the server that said them; absent: not told */
};

/* The message that a bounce, complaint or notice is about. */
struct inbound_original {
    struct str message_id;  /* without < and > */
    struct str outrider_id; /* MESSAGE_ID_HEADER: our message's own id */
    struct str recipient;   /* of its To */
    struct str subject;
};

struct inbound {
    const struct mime_read *message; /* its headers: mime_header */
    struct mime_address from;        /* the first of From, else of Sender; empty: none */
    struct str subject;              /* never absent */
    struct str message_id;           /* without < and >; absent: none */
    struct strs in_reply_to, references;
    struct opt_int date;             /* ms */
    int date_offset_minutes;         /* of the writer's clock */
    struct str outrider_id;          /* our own header, where the message itself has it */
    struct str text;                 /* of the body, all of it; never absent */
    struct str last_message;         /* what is new in it (reply/quotes.h) */
    struct str snippet;
    enum inbound_kind kind;
    const char *rule;                /* what decided the kind: "header auto-submitted" */
    struct str evidence;             /* the words that it was found in; absent: none */
    struct list bounces;             /* of struct bounce: of BOUNCE and COMPLAINT; of DELAY and
                                        RECEIPT, too, and never hard then */
    struct inbound_original original;
};

/* `source` lives as long as the arena. */
void inbound_read(struct arena *arena, struct str source, struct inbound *ret_inbound);

/* "out_of_office"; static storage. */
const char *inbound_kind_word(enum inbound_kind kind);

const char *bounce_reason_word(enum bounce_reason reason);
enum bounce_group bounce_reason_group(enum bounce_reason reason);

#endif
