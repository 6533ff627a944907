/* What a mail server's answer means. The text of a reply is worth as much as its numbers:
 * a third of real refusals carry no enhanced code, and 5.7.1 stands for an unknown mailbox
 * with some and for a blocked sender with most. The rules are a table (reply_rules.def).
 *
 * Pure functions, any thread. Reading from the wire is not done here. */
#ifndef VERIFY_REPLY_H
#define VERIFY_REPLY_H

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"
#include "verify/provider.h"

#define REPLY_MAX_BYTES ((size_t) 16 * 1024) /* of all lines; more is not judged */

struct reply {
    int code;              /* 200 to 599 */
    int class, subject, detail; /* enhanced code (RFC 3463), 0.0.0 when there is none */
    struct str text;       /* lines joined by one space, without codes; printable */
};

/* All lines of one reply, "550-5.1.1 no\r\n550 5.1.1 such user\r\n", to its parts; bare LF
 * and a missing end of line are taken. The enhanced code counts only right behind the basic
 * one and with the same first digit. E_PROTO when the lines are no reply (RFC 5321, 4.2). */
MUST_USE enum rc reply_parse(struct arena *arena, struct str lines, struct reply *ret_reply);

/* What had been said when the reply came. */
enum reply_stage { STAGE_CONNECT, STAGE_HELLO, STAGE_TLS, STAGE_MAIL, STAGE_RCPT, STAGE_DATA };

enum reply_meaning {
    REPLY_ACCEPTED,         /* 250, 251 */
    REPLY_CANNOT_VERIFY,    /* 252 */
    REPLY_USER_UNKNOWN,
    REPLY_DISABLED,         /* the mailbox exists and is closed */
    REPLY_FULL,
    REPLY_MAILBOX_BUSY,     /* it exists and gets too much mail just now */
    REPLY_NO_MAIL,          /* the domain takes no mail: 556, x.1.10 */
    REPLY_RELAY_DENIED,     /* this server does not serve the domain */
    REPLY_GREYLISTED,
    REPLY_BUSY,             /* the server cannot just now */
    REPLY_MANY_RECIPIENTS,  /* one transaction or connection each */
    REPLY_NEEDS_TLS,        /* 530 STARTTLS first */
    REPLY_NEEDS_UTF8,       /* it does not take an international local part */
    REPLY_BLOCKED,          /* we are refused: address, sender, name, reputation, rate */
    REPLY_POLICY,           /* refused without saying whether the mailbox exists */
    REPLY_PROTOCOL,         /* it did not understand us */
    REPLY_BARE,             /* 550 or its like, with nothing behind it that a rule knows */
    REPLY_UNMATCHED,        /* any other refusal that no rule knows */
};

/* What the prober does next; what the verdict is when that leads nowhere is in verdict.h. */
enum reply_action {
    ACTION_DONE,            /* the reply answers the question */
    ACTION_NEXT_MX,         /* the next host, then as RETRY_LATER */
    ACTION_NEW_TRANSACTION, /* at once: alone in a transaction, then in a connection */
    ACTION_START_TLS,       /* at once */
    ACTION_RETRY_LATER,     /* same host set, sender, recipient and source address */
    ACTION_STOP_SITE,       /* nothing more to this MX site for a while: the breaker */
};

struct reply_meaning_facts {
    const char *name; /* "user_unknown" */
    enum reply_action action;
};

/* Never NULL. */
const struct reply_meaning_facts *reply_meaning_facts(enum reply_meaning meaning);

/* What the reply means for the recipient. Before RCPT nothing is said about one, so a
 * refusal then is BLOCKED, BUSY, NEEDS_TLS, NEEDS_UTF8 or PROTOCOL. */
enum reply_meaning reply_classify(const struct reply *reply, enum reply_stage stage,
                                  enum provider provider);

/* Seconds that the text asks to wait ("Greylisted for 300 seconds", "Retry in 5 minutes"),
 * at most a day; 0 when it names none. */
int reply_wait_seconds(const struct reply *reply);

#endif
