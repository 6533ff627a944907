/* Bytes of a dialogue: connecting, buffers, TLS, readiness. Buffers exist while there is
 * something in them, so an idle dialogue costs its struct. */
#include "base/check.h"
#include "base/mem.h"
#include "verify/dialogue.h"

enum { IN_FIRST_BYTES = 1024 };

static void watch(struct verify_engine *e, struct dialogue *d, bool for_writing) {
    if (d->watches_writing == for_writing)
        return;
    d->watches_writing = for_writing;
    engine_watch(e, d->stream.fd, d, for_writing);
}

static void timed_out(void *arg, struct timer *timer) {
    struct dialogue *d = (struct dialogue *) (void *) ((char *) timer - offsetof(struct dialogue, timer));
    dialogue_failed(arg, d, PROBE_TIMEOUT);
}

void wire_deadline(struct verify_engine *e, struct dialogue *d, int64_t ms) {
    int64_t at = e->now_ms + ms;
    timer_set(&e->timers, &d->timer, at < d->ends_ms ? at : d->ends_ms, timed_out);
}

static const struct sockaddr *source_of(struct verify_engine *e, const struct dialogue *d,
                                        sa_family_t family) {
    for (size_t i = 0; i < e->n_sources; i++) {
        struct source *source = &e->sources[(d->route->site->source + i) % e->n_sources];
        if (source->address.ss_family == family)
            return (const struct sockaddr *) &source->address;
    }
    return NULL;
}

bool wire_connect(struct verify_engine *e, struct dialogue *d, const struct sockaddr *to) {
    struct stream_to peer = { .to = to, .from = source_of(e, d, to->sa_family) };
    if (stream_connect(&d->stream, &peer) != OK)
        return false;
    d->watches_writing = true;
    engine_watch(e, d->stream.fd, d, true);
    return true;
}

void wire_close(struct verify_engine *e, struct dialogue *d) {
    if (d->stream.fd >= 0) {
        engine_unwatch(e, d->stream.fd);
        stream_close(&d->stream);
    }
    mem_free(d->in);
    mem_free(d->out);
    d->in = d->out = NULL;
    d->in_n = d->in_room = d->out_n = d->out_at = 0;
}

void wire_say(struct dialogue *d, struct str text) {
    if (!d->out)
        d->out = mem_alloc(OUT_MAX_BYTES);
    ASSERT(d->out_n + text.n <= OUT_MAX_BYTES); /* a round is at most four short lines */
    memcpy(d->out + d->out_n, text.p, text.n);
    d->out_n += text.n;
}

void wire_flush(struct verify_engine *e, struct dialogue *d) {
    while (d->out_at < d->out_n) {
        size_t n = 0;
        enum stream_result result = stream_send(&d->stream, d->out + d->out_at, d->out_n - d->out_at, &n);
        if (result == STREAM_DONE) {
            d->out_at += n;
            continue;
        }
        if (result == STREAM_AGAIN)
            watch(e, d, true);
        /* a closed connection is noticed when reading, after what the server said last */
        return;
    }
    mem_free(d->out);
    d->out = NULL;
    d->out_n = d->out_at = 0;
    watch(e, d, d->stream.wants_write);
}

void wire_start_tls(struct verify_engine *e, struct dialogue *d) {
    const char *host = arena_cstr(e->scratch, d->route->hosts[d->host]);
    enum stream_result result = stream_start_tls(&d->stream, host);
    if (result == STREAM_AGAIN)
        watch(e, d, d->stream.wants_write);
    else
        dialogue_tls_done(e, d, result == STREAM_DONE);
}

/* Hands over what is whole; false when the dialogue went over to something else. */
static bool read_replies(struct verify_engine *e, struct dialogue *d) {
    size_t at = 0;
    while (at < d->in_n) {
        size_t n = 0;
        enum smtp_scan scan = smtp_reply_scan((struct str){ d->in + at, d->in_n - at }, &n);
        if (scan == SMTP_MORE)
            break;
        if (scan == SMTP_BROKEN) {
            dialogue_failed(e, d, PROBE_BROKEN);
            return false;
        }
        struct str lines = arena_str(e->scratch, (struct str){ d->in + at, n });
        enum dialogue_state before = d->state;
        at += n;
        if (before == D_TLS_ASKED && at < d->in_n) {
            dialogue_failed(e, d, PROBE_BROKEN); /* what was sent in clear must not be taken for TLS */
            return false;
        }
        dialogue_reply(e, d, lines);
        if (d->state == D_CLOSED || d->state == D_TLS || d->state < D_GREETING)
            return d->state == D_TLS;
    }
    memmove(d->in, d->in + at, d->in_n - at);
    d->in_n -= at;
    return true;
}

static bool make_room(struct dialogue *d) {
    if (d->in_n < d->in_room)
        return true;
    if (d->in_room >= SMTP_REPLY_MAX_BYTES * 2)
        return false;
    d->in_room = d->in_room ? d->in_room * 2 : IN_FIRST_BYTES;
    d->in = mem_resize(d->in, d->in_room);
    return true;
}

static void read_all(struct verify_engine *e, struct dialogue *d) {
    while (d->state >= D_GREETING && d->state != D_TLS && d->state != D_CLOSED) {
        size_t n = 0;
        if (!make_room(d)) {
            dialogue_failed(e, d, PROBE_BROKEN);
            return;
        }
        enum stream_result result = stream_read(&d->stream, d->in + d->in_n, d->in_room - d->in_n, &n);
        if (result == STREAM_CLOSED) {
            dialogue_failed(e, d, PROBE_BROKEN);
            return;
        }
        if (result == STREAM_AGAIN) {
            watch(e, d, d->out_n || d->stream.wants_write);
            return;
        }
        d->in_n += n;
        if (!read_replies(e, d))
            return;
    }
    d->in_n = 0;
}

void dialogue_ready(struct verify_engine *e, struct dialogue *d, bool readable, bool writable) {
    if (d->state == D_CONNECTING && (readable || writable)) {
        bool worked = stream_connected(&d->stream) == OK;
        if (worked)
            watch(e, d, false);
        dialogue_connected(e, d, worked);
    } else if (d->state == D_TLS) {
        wire_start_tls(e, d);
    } else if (d->state >= D_GREETING && d->state != D_CLOSED) {
        if (writable && d->out_n)
            wire_flush(e, d);
        read_all(e, d);
    }
}
