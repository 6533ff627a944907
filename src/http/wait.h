/* Requests that wait for something slow (request_wait): their connections are
 * suspended, a few threads look at them when they are due. Private to http/. */
#ifndef HTTP_WAIT_H
#define HTTP_WAIT_H

struct app;
struct call;
struct waiters;

struct waiters *waiters_new(struct app *app);
/* Looks at every request that waits once more and answers it; when this returns none
 * waits, and none will. */
void waiters_drain(struct waiters *waiters);
/* After waiters_drain. Nulls *waiters. Accepts NULL. */
void waiters_free(struct waiters **waiters);

/* Takes a call over from the thread that handled it; its exchange is suspended. While
 * draining it is ended at once. */
void waiters_add(struct waiters *waiters, struct call *c);

#endif
