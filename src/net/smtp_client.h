/* Message submission (RFC 6409 over RFC 5321): logs in once and hands over one message after
 * the other. Blocking; for a thread with a mailbox of its own.
 *
 * What matters most is what a failure means: a message that was refused may be sent again,
 * one whose fate is unknown may not. The fate is unknown from the moment in which the final
 * dot is given to the network until a reply was read.
 *
 * Life cycle: smtp_open, smtp_send any number of times, smtp_close. One thread at a time. */
#ifndef NET_SMTP_CLIENT_H
#define NET_SMTP_CLIENT_H

#include "base/field.h"
#include "net/peer.h"

enum smtp_step {
    SMTP_CONNECT,  /* name, address, connection, TLS from the beginning */
    SMTP_GREETING,
    SMTP_HELLO,    /* EHLO */
    SMTP_STARTTLS,
    SMTP_AUTH,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,     /* the command, and the message until its last line */
    SMTP_DOT,      /* the final dot and the reply to it */
    SMTP_STEPS,
};
/* "connect", "greeting", … */
const char *smtp_step_name(enum smtp_step step);

struct smtp_options {
    struct peer_options peer;
    struct str local_name;   /* for EHLO: a host name or an address literal */
    struct str user;         /* absent: no login */
    struct str password;     /* PLAIN or LOGIN, what the server offers */
    struct str access_token; /* set: XOAUTH2 instead */
    int64_t reply_ms;        /* for each reply; that to the final dot gets the double */
    int64_t body_ms;         /* for sending the message's bytes */
};

/* OK: the server took it, or everything up to here went well. E_LIMIT: it said "not now"
 * (4xx). E_DENIED: it refused the login. E_INVALID: it refused something else for good (5xx).
 * E_UNSUPPORTED: it does not offer what is needed, or has no public address.
 * E_TOO_LARGE: larger than it takes. E_PROTO: no SMTP, no TLS, a wrong certificate.
 * E_NOT_FOUND: no such host. E_TIMEOUT, E_IO, E_CANCELED: the network, or we stop. */
struct smtp_result {
    enum rc rc;
    enum smtp_step step;
    int code;          /* of the server's reply; 0: there was none */
    struct str reply;  /* all its lines (verify/reply.h reads them); on the arena */
    struct str reason; /* in words, where there was no reply; on the arena */
    bool is_unknown;   /* whether the message was taken is not known */
};

struct smtp_client;

/* Connects and logs in. Returns result->rc; a client only with OK. */
MUST_USE enum rc smtp_open(const struct smtp_options *options, struct arena *arena,
                           struct smtp_client **ret_client, struct smtp_result *ret_result);

struct smtp_message {
    struct str from;      /* an address; empty: the null sender */
    struct strs to;       /* addresses; all of them are taken or nothing is sent */
    struct str bytes;     /* header and body; a bare LF or CR goes as CRLF */
};

/* Hands one message over. Addresses that are not ASCII need SMTPUTF8, bytes above 127 need
 * 8BITMIME: without the offer nothing is sent (E_UNSUPPORTED). E_INVALID without a code for
 * an address with characters that end a command. Returns result->rc. */
MUST_USE enum rc smtp_send(struct smtp_client *client, const struct smtp_message *message,
                           struct arena *arena, struct smtp_result *ret_result);

/* Whether another message can follow; false after the connection ended or told 421. */
bool smtp_is_open(const struct smtp_client *client);

/* Says QUIT when it can, does not wait for the answer, closes; nulls *client. Accepts NULL. */
void smtp_close(struct smtp_client **client);

#endif
