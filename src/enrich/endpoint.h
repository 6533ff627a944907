/* An HTTP endpoint of the operator's that answers a question: JSON there and back. What it says is
 * foreign; whoever asks takes of it only what has their own form. */
#ifndef ENRICH_ENDPOINT_H
#define ENRICH_ENDPOINT_H

#include "base/ctx.h"
#include "base/field.h"

struct endpoint {
    const char *name;      /* for errors: "reveal provider" */
    struct str url, token; /* token: sent as a bearer token; absent: none */
    bool allow_private;    /* it may have a loopback or private address */
    bool may_not_know;     /* 404 is an answer: none */
    long timeout_ms;
    const struct fields *question, *answer;
};

/* Posts `question` (of endpoint->question; 128 KB of JSON at most) and reads 200's body into
 * *ret_answer (of endpoint->answer), which is as it was when the endpoint does not know. On the
 * arena. E_TOO_LARGE; E_PROTO: 200, but no such answer; E_TIMEOUT, also when the process is to end;
 * E_IO for any other status; else as http_call. For a job's thread: it waits. */
MUST_USE enum rc endpoint_ask(struct ctx *ctx, const struct endpoint *endpoint, const void *question,
                              void *ret_answer);

#endif
