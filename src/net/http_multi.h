/* Many HTTP posts at a time, on one event loop over libcurl: HTTP/1.1 and HTTP/2, connections
 * kept, TLS verified, redirects not followed. For thousands a second to peers of which some are
 * slow or hang. Every connection is judged by address rules when the name was resolved.
 *
 * Posts go through lanes: a lane has so many at a time and keeps the others waiting, so a
 * peer that hangs holds no more than its lane.
 *
 * Life cycle: http_multi_start, lanes, posts, http_multi_stop. All calls from any thread, but a
 * lane's and a post's owner sees to their lives. */
#ifndef NET_HTTP_MULTI_H
#define NET_HTTP_MULTI_H

#include "base/buf.h"
#include "net/address.h"

struct http_multi;
struct http_lane;

struct http_multi_options {
    const struct address_rules *rules; /* outlive it */
    const char *ca_file;   /* authorities beside the machine's; NULL: none */
    const char *agent;     /* User-Agent */
    int connections;       /* at a time, in all */
    void (*on_done)(void *arg); /* something is done: on the loop's thread, to ring a bell */
    void *arg;
};

enum { HTTP_POST_HEAD_MAX = 4096, HTTP_POST_ANSWER_MAX = 1024, HTTP_POST_REASON_MAX = 256 };

struct http_post {
    /* The caller's, unchanged until it is done. */
    struct http_lane *lane;
    const char *url; /* of web_url_read (net/web_url.h) */
    struct str body;
    long timeout_ms, connect_ms; /* timeout_ms: the whole, from when its turn has come */
    /* Its turn has come: adds headers by http_post_header. On the loop's thread. */
    void (*begin)(struct http_post *post);
    void *context;
    /* The result, when it is done. */
    enum rc rc;   /* OK for any status; E_DENIED: no allowed address; E_TIMEOUT; E_CANCELED: stopped; E_IO */
    long status;
    char reason[HTTP_POST_REASON_MAX]; /* unless OK: in words */
    struct buf head, answer; /* on the heap: the answer's head, cut off; its body, the beginning */
    int64_t began_ms, took_ms; /* began_ms since 1970 */
    /* The loop's. */
    struct http_post *next, *before, *after;
    void *curl, *headers;
    struct http_multi *multi;
    size_t answer_bytes;
    int64_t began_us;
    bool denied;
};

/* NULL when libcurl or epoll cannot start. */
struct http_multi *http_multi_start(const struct http_multi_options *options);
/* Ends what runs and waits: those posts are done, with E_CANCELED, and can be taken. Nothing is
 * sent any more. */
void http_multi_stop(struct http_multi *multi);
/* After http_multi_stop. Nulls *multi; accepts NULL. */
void http_multi_free(struct http_multi **multi);

/* With `limit` posts at a time. */
struct http_lane *http_lane_new(int limit);
void http_lane_limit(struct http_lane *lane, int limit);
/* When no post is in it. Nulls *lane; accepts NULL. */
void http_lane_free(struct http_lane **lane);

/* The posts, linked by `next`, in this order within a lane. Theirs are the loop's until they
 * are done. */
void http_multi_send(struct http_multi *multi, struct http_post *posts);
/* Those that are done, linked by `next`; NULL: none. */
struct http_post *http_multi_take(struct http_multi *multi);
/* "Name: value", copied. Inside `begin`. */
void http_post_header(struct http_post *post, const char *header);
/* Frees what the result holds. */
void http_post_done(struct http_post *post);

#endif
