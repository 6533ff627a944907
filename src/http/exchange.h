/* Inside of the transport: one request on its way through libmicrohttpd. A connection
 * has one exchange that is used again for each of its requests, with its buffers.
 * Used by http/server.c alone; what the rest of the program sees is http/server.h. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "http/server.h"

enum exchange_state {
    EXCHANGE_READING,   /* the body is coming in */
    EXCHANGE_RUNNING,   /* inside the app's handle */
    EXCHANGE_SUSPENDED,
    EXCHANGE_ANSWERING, /* another thread is inside exchange_answer */
    EXCHANGE_ANSWERED,
    EXCHANGE_CUT,       /* suspended for longer than the drain's deadline */
};

struct exchange {
    struct MHD_Connection *library;
    _Atomic int *answering; /* server's count of threads that are about to resume */
    struct http_message message;
    _Atomic int state;
    bool suspended; /* exchange_suspend was called; read by the library's thread alone */
    bool handled;   /* the app has seen it, so it gets `done` */
    bool has_begun_body, drops_body; /* of the request that is being read */
    struct buf body, out;
    struct buf text; /* header values with their NUL */
    struct MHD_Response *response;
    int status;
    void *data;
};

void exchange_init(struct exchange *e, _Atomic int *answering);
void exchange_free(struct exchange *e);

/* The head is there. Slices of the library's memory, alive until exchange_end. */
void exchange_begin(struct exchange *e, struct MHD_Connection *library, const char *method,
                    const char *target);

/* Gives the answer to the library. */
enum MHD_Result exchange_queue(struct exchange *e);

/* Cuts a suspended one off: the library is told to go on and finds it so. */
void exchange_cut(struct exchange *e);

/* Ready for the next request of the connection. */
void exchange_end(struct exchange *e);

#endif
