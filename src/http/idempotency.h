/* The Idempotency-Key of a POST request around its handler. Private to http/. */
#ifndef HTTP_IDEMPOTENCY_H
#define HTTP_IDEMPOTENCY_H

#include "http/call.h"

/* OK: the handler may run (the key is claimed, or there is none), or, with
 * c->is_answered, the stored answer was put in place of it. E_INVALID, E_CONFLICT with
 * the problem. */
MUST_USE enum rc idempotent_begin(struct call *c);

/* Stores the answer under the key, or gives the key back when the same request may
 * well be answered otherwise next time. */
void idempotent_end(struct call *c);

#endif
