/* The loop is epoll's; libcurl says which descriptors it watches and when it wants to be called
 * (curl_multi_socket_action), so a turn costs what is ready and not what is open. */
#include "net/http_multi.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/http_library.h"

enum { EVENTS = 256, HANDLES_KEPT = 256, ANSWER_READ_MAX = 64 * 1024, REST_MS = 1000, CONNECTIONS_KEPT = 1024 };

struct queue {
    struct http_post *first, *last;
};

struct http_lane {
    _Atomic int limit;
    /* The loop's. */
    int running;
    bool is_ready; /* among those whose turn may come */
    struct queue waiting;
    struct http_lane *next_ready;
};

struct http_multi {
    struct http_multi_options options;
    CURLM *curl;
    int epoll, bell;
    pthread_t thread;
    pthread_mutex_t lock; /* of the next three */
    struct queue inbox, done;
    bool stops;
    /* The loop's. */
    int64_t timer_at; /* monotonic_ms; -1: none */
    int running;
    struct http_lane *first_ready, *last_ready;
    CURL *idle[HANDLES_KEPT];
    size_t n_idle;
    struct queue finished; /* of this turn */
    struct http_post *all; /* that run or wait in lanes */
};

static void queue_add(struct queue *q, struct http_post *post) {
    post->next = NULL;
    if (q->last)
        q->last->next = post;
    else
        q->first = post;
    q->last = post;
}

static struct http_post *queue_take(struct queue *q) {
    struct http_post *post = q->first;
    if (post) {
        q->first = post->next;
        if (!q->first)
            q->last = NULL;
        post->next = NULL;
    }
    return post;
}

static void all_add(struct http_multi *m, struct http_post *post) {
    post->before = NULL;
    post->after = m->all;
    if (m->all)
        m->all->before = post;
    m->all = post;
}

static void all_remove(struct http_multi *m, struct http_post *post) {
    if (post->before)
        post->before->after = post->after;
    else
        m->all = post->after;
    if (post->after)
        post->after->before = post->before;
}

/* --- what libcurl calls --- */

static size_t on_head(char *data, size_t size, size_t n, void *arg) {
    struct http_post *post = arg;
    size_t bytes = size * n, room = HTTP_POST_HEAD_MAX - post->head.n;
    if (bytes >= 5 && memcmp(data, "HTTP/", 5) == 0) { /* also after an interim answer */
        buf_clear(&post->head);
        room = HTTP_POST_HEAD_MAX;
    }
    buf_bytes(&post->head, data, bytes < room ? bytes : room);
    return bytes;
}

/* Nobody needs a long answer: its status is known, so the rest is not waited for. */
static size_t on_body(char *data, size_t size, size_t n, void *arg) {
    struct http_post *post = arg;
    size_t bytes = size * n, room = HTTP_POST_ANSWER_MAX - post->answer.n;
    buf_bytes(&post->answer, data, bytes < room ? bytes : room);
    post->answer_bytes += bytes;
    return post->answer_bytes <= ANSWER_READ_MAX ? bytes : 0;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
    struct http_post *post = arg;
    curl_socket_t fd = http_library_socket(post->multi->options.rules, purpose, address);
    post->denied |= fd == CURL_SOCKET_BAD;
    return fd;
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *arg, void *known) {
    struct http_multi *m = arg;
    (void) curl; /* whose it is does not matter */
    if (what == CURL_POLL_REMOVE) {
        (void) epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL); /* fails when it was closed: gone, too */
        return 0;
    }
    struct epoll_event event = { .data.fd = fd };
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    int failed = epoll_ctl(m->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (!known)
        curl_multi_assign(m->curl, fd, m);
    return failed;
}

static int on_timer(CURLM *curl, long ms, void *arg) {
    struct http_multi *m = arg;
    (void) curl; /* m's */
    m->timer_at = ms < 0 ? -1 : monotonic_ms() + ms;
    return 0;
}

/* --- one post --- */

static CURL *handle_new(const struct http_multi *m) {
    CURL *curl = curl_easy_init();
    ASSERT(curl != NULL); /* memory */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* the rules must see the real peer */
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, m->options.agent);
    if (m->options.ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, m->options.ca_file);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
    return curl;
}

static void begin(struct http_multi *m, struct http_post *post) {
    CURL *curl = m->n_idle ? m->idle[--m->n_idle] : handle_new(m);
    post->multi = m;
    post->curl = curl;
    post->headers = NULL;
    post->denied = false;
    post->answer_bytes = 0;
    post->head = buf_on_heap(HTTP_POST_HEAD_MAX);
    post->answer = buf_on_heap(HTTP_POST_ANSWER_MAX);
    post->reason[0] = 0;
    post->began_ms = clock_now(&clock_system);
    post->began_us = monotonic_us();
    http_post_header(post, "Content-Type: application/json");
    http_post_header(post, "Expect:"); /* bodies are sent at once */
    post->begin(post);
    curl_easy_setopt(curl, CURLOPT_URL, post->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, (struct curl_slist *) post->headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) post->body.n);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post->body.p);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, post->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, post->connect_ms);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, post->reason);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, post);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, post);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, post);
    CURLMcode code = curl_multi_add_handle(m->curl, curl);
    ASSERT(code == CURLM_OK); /* memory, or a handle that is in it already */
    m->running++;
    post->lane->running++;
}

static enum rc result(const struct http_post *post, CURLcode code) {
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && post->answer_bytes > ANSWER_READ_MAX))
        return OK;
    if (post->denied)
        return E_DENIED;
    return code == CURLE_OPERATION_TIMEDOUT ? E_TIMEOUT : E_IO;
}

static void put_reason(struct http_post *post, const char *text) {
    size_t n = strlen(text);
    n = n < sizeof post->reason ? n : sizeof post->reason - 1;
    memmove(post->reason, text, n);
    post->reason[n] = 0;
}

static void give_reason(struct http_post *post, CURLcode code) {
    if (post->rc == OK)
        post->reason[0] = 0;
    else if (post->rc == E_DENIED)
        put_reason(post, "the address is not public");
    else if (!post->reason[0])
        put_reason(post, curl_easy_strerror(code));
}

/* Takes it out of libcurl, and keeps the handle for another. */
static void release(struct http_multi *m, struct http_post *post) {
    CURL *curl = post->curl;
    (void) curl_multi_remove_handle(m->curl, curl); /* it is in there */
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(post->headers);
    post->headers = NULL;
    post->curl = NULL;
    if (m->n_idle < HANDLES_KEPT)
        m->idle[m->n_idle++] = curl;
    else
        curl_easy_cleanup(curl);
    m->running--;
    post->lane->running--;
    post->took_ms = (monotonic_us() - post->began_us) / 1000;
}

static void finish(struct http_multi *m, struct http_post *post, CURLcode code) {
    post->rc = result(post, code);
    post->status = 0;
    if (post->rc == OK)
        curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &post->status);
    give_reason(post, code);
    release(m, post);
    all_remove(m, post);
    queue_add(&m->finished, post);
}

/* --- lanes --- */

static bool may_begin(const struct http_lane *lane) {
    return lane->waiting.first && lane->running < atomic_load(&lane->limit);
}

static void make_ready(struct http_multi *m, struct http_lane *lane) {
    if (lane->is_ready || !may_begin(lane))
        return;
    lane->is_ready = true;
    lane->next_ready = NULL;
    if (m->last_ready)
        m->last_ready->next_ready = lane;
    else
        m->first_ready = lane;
    m->last_ready = lane;
}

/* One of each lane in turn. */
static void begin_ready(struct http_multi *m) {
    while (m->first_ready && m->running < m->options.connections) {
        struct http_lane *lane = m->first_ready;
        m->first_ready = lane->next_ready;
        if (!m->first_ready)
            m->last_ready = NULL;
        lane->is_ready = false;
        if (may_begin(lane))
            begin(m, queue_take(&lane->waiting));
        make_ready(m, lane);
    }
}

/* --- the loop --- */

static bool take_inbox(struct http_multi *m) {
    (void) pthread_mutex_lock(&m->lock); /* fails only when misused, as do the others */
    struct queue inbox = m->inbox;
    bool goes_on = !m->stops;
    m->inbox = (struct queue){ NULL, NULL };
    (void) pthread_mutex_unlock(&m->lock);
    for (struct http_post *post = queue_take(&inbox); post; post = queue_take(&inbox)) {
        post->curl = NULL;
        all_add(m, post);
        queue_add(&post->lane->waiting, post);
        make_ready(m, post->lane);
    }
    return goes_on;
}

static void collect(struct http_multi *m) {
    int left = 0;
    for (const CURLMsg *msg = curl_multi_info_read(m->curl, &left); msg; msg = curl_multi_info_read(m->curl, &left)) {
        struct http_post *post = NULL;
        CURLcode code = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &post);
        ASSERT(post != NULL); /* set in begin */
        struct http_lane *lane = post->lane;
        finish(m, post, code);
        make_ready(m, lane);
    }
}

static void hand_over(struct http_multi *m) {
    if (!m->finished.first)
        return;
    (void) pthread_mutex_lock(&m->lock);
    if (m->done.last)
        m->done.last->next = m->finished.first;
    else
        m->done.first = m->finished.first;
    m->done.last = m->finished.last;
    (void) pthread_mutex_unlock(&m->lock);
    m->finished = (struct queue){ NULL, NULL };
    m->options.on_done(m->options.arg);
}

static int rest_ms(const struct http_multi *m) {
    if (m->timer_at < 0)
        return REST_MS;
    int64_t ms = m->timer_at - monotonic_ms();
    return ms < 0 ? 0 : ms < REST_MS ? (int) ms : REST_MS;
}

static void serve_events(struct http_multi *m) {
    struct epoll_event events[EVENTS];
    int running = 0, n = epoll_wait(m->epoll, events, EVENTS, rest_ms(m));
    uint64_t rings;
    for (int i = 0; i < n; i++) {
        unsigned e = events[i].events;
        int what = (e & EPOLLIN ? CURL_CSELECT_IN : 0) | (e & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                   | (e & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        if (events[i].data.fd == m->bell)
            (void) !read(m->bell, &rings, sizeof rings); /* only clears it */
        else
            (void) curl_multi_socket_action(m->curl, events[i].data.fd, what, &running); /* shows in posts */
    }
    if (m->timer_at >= 0 && monotonic_ms() >= m->timer_at) {
        m->timer_at = -1;
        (void) curl_multi_socket_action(m->curl, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static void *run(void *arg) {
    struct http_multi *m = arg;
    while (take_inbox(m)) {
        begin_ready(m);
        serve_events(m);
        collect(m);
        hand_over(m);
    }
    return NULL;
}

static void ring(const struct http_multi *m) {
    static const uint64_t one = 1;
    (void) !write(m->bell, &one, sizeof one); /* fails only when it is rung 2^64 times */
}

/* --- the outside --- */

static bool start_parts(struct http_multi *m) {
    http_library_start();
    m->curl = curl_multi_init();
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    m->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = m->bell };
    if (!m->curl || m->epoll < 0 || m->bell < 0 || epoll_ctl(m->epoll, EPOLL_CTL_ADD, m->bell, &event))
        return false;
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
    curl_multi_setopt(m->curl, CURLMOPT_PIPELINING, (long) CURLPIPE_MULTIPLEX);
    curl_multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, (long) CONNECTIONS_KEPT);
    return true;
}

static void free_parts(struct http_multi *m) {
    while (m->n_idle)
        curl_easy_cleanup(m->idle[--m->n_idle]);
    if (m->curl)
        curl_multi_cleanup(m->curl);
    if (m->epoll >= 0)
        (void) close(m->epoll);
    if (m->bell >= 0)
        (void) close(m->bell);
    mem_free(m);
}

struct http_multi *http_multi_start(const struct http_multi_options *options) {
    struct http_multi *m = MEM_NEW(struct http_multi);
    m->options = *options;
    m->timer_at = -1;
    (void) pthread_mutex_init(&m->lock, NULL); /* cannot fail on Linux */
    if (!start_parts(m)) {
        free_parts(m);
        return NULL;
    }
    thread_start(&m->thread, run, m);
    return m;
}

struct http_lane *http_lane_new(int limit) {
    struct http_lane *lane = MEM_NEW(struct http_lane);
    atomic_init(&lane->limit, limit);
    return lane;
}

void http_lane_limit(struct http_lane *lane, int limit) {
    atomic_store(&lane->limit, limit);
}

void http_lane_free(struct http_lane **lane) {
    if (*lane)
        ASSERT(!(*lane)->running && !(*lane)->waiting.first);
    mem_free(*lane);
    *lane = NULL;
}

void http_multi_send(struct http_multi *m, struct http_post *posts) {
    (void) pthread_mutex_lock(&m->lock);
    for (struct http_post *next = NULL, *post = posts; post; post = next) {
        next = post->next;
        queue_add(&m->inbox, post);
    }
    (void) pthread_mutex_unlock(&m->lock);
    ring(m);
}

struct http_post *http_multi_take(struct http_multi *m) {
    (void) pthread_mutex_lock(&m->lock);
    struct http_post *first = m->done.first;
    m->done = (struct queue){ NULL, NULL };
    (void) pthread_mutex_unlock(&m->lock);
    return first;
}

void http_post_header(struct http_post *post, const char *header) {
    struct curl_slist *list = curl_slist_append(post->headers, header);
    ASSERT(list != NULL); /* memory */
    post->headers = list;
}

void http_post_done(struct http_post *post) {
    buf_done(&post->head);
    buf_done(&post->answer);
}

/* On the caller's thread: the loop has ended. */
static void cancel_all(struct http_multi *m) {
    (void) take_inbox(m); /* what came last is canceled with the others */
    for (struct http_post *after = NULL, *post = m->all; post; post = after) {
        after = post->after;
        if (post->curl)
            release(m, post);
        post->lane->waiting = (struct queue){ NULL, NULL };
        post->lane->is_ready = false;
        post->rc = E_CANCELED;
        put_reason(post, "stopped");
        queue_add(&m->finished, post);
    }
    m->all = NULL;
    m->first_ready = m->last_ready = NULL;
    hand_over(m);
}

void http_multi_stop(struct http_multi *m) {
    (void) pthread_mutex_lock(&m->lock);
    m->stops = true;
    (void) pthread_mutex_unlock(&m->lock);
    ring(m);
    (void) pthread_join(m->thread, NULL); /* fails only when misused */
    cancel_all(m);
}

void http_multi_free(struct http_multi **multi) {
    if (!*multi)
        return;
    (void) pthread_mutex_destroy(&(*multi)->lock); /* fails only when it is held */
    free_parts(*multi);
    *multi = NULL;
}
