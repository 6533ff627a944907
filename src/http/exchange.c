/* Answers live in the exchange's own buffer, which the library reads while it sends:
 * one response object and its headers are all that is allocated per request. The
 * buffers are kept from request to request unless one was unusually large. */
#include "http/exchange.h"

#include "base/check.h"
#include "base/log.h"
#include "http/framing.h"

/* A connection that waits for its next request keeps at most this much per buffer. */
enum { KEEP_BYTES = 64 * 1024 };

void exchange_init(struct exchange *e, _Atomic int *answering) {
    *e = (struct exchange){
        .answering = answering,
        .body = buf_on_heap(SIZE_MAX), /* the gate has judged the size */
        .out = buf_on_heap(SIZE_MAX),
        .text = buf_on_heap(SIZE_MAX),
    };
}

void exchange_free(struct exchange *e) {
    buf_done(&e->body);
    buf_done(&e->out);
    buf_done(&e->text);
}

void exchange_begin(struct exchange *e, struct MHD_Connection *library, const char *method,
                    const char *target) {
    e->library = library;
    e->message.method = str_of(method);
    e->message.is_head = str_eq(e->message.method, STR("HEAD"));
    if (e->message.is_head)
        e->message.method = STR("GET"); /* the library leaves the body out */
    e->message.target = str_of(target);
    atomic_store_explicit(&e->state, EXCHANGE_READING, memory_order_relaxed);
}

static void empty(struct buf *b) {
    if (b->capacity > KEEP_BYTES)
        buf_done(b);
    else
        buf_clear(b);
}

void exchange_end(struct exchange *e) {
    if (e->response)
        MHD_destroy_response(e->response);
    e->response = NULL;
    e->suspended = e->handled = e->has_begun_body = e->drops_body = false;
    e->data = NULL;
    empty(&e->body);
    empty(&e->out);
    empty(&e->text);
}

static const char *terminated(struct buf *b, struct str s) {
    buf_clear(b);
    buf_str(b, s);
    buf_char(b, '\0');
    return buf_text(b).p;
}

static void add_header(struct exchange *e, const char *name, struct str value) {
    ASSERT(str_find(value, '\r') == value.n && str_find(value, '\n') == value.n);
    if (MHD_add_response_header(e->response, name, terminated(&e->text, value)) != MHD_YES)
        log_warn(NULL, "response header is empty or has a tab, ignoring", LOG_C("name", name));
}

static void build(struct exchange *e, const struct http_answer *answer) {
    buf_clear(&e->out);
    buf_str(&e->out, answer->body);
    struct str body = buf_text(&e->out);
    e->status = answer->status;
    e->response = MHD_create_response_from_buffer(body.n, (void *) body.p, MHD_RESPMEM_PERSISTENT);
    ASSERT(e->response);
    if (answer->content_type)
        add_header(e, MHD_HTTP_HEADER_CONTENT_TYPE, str_of(answer->content_type));
    for (size_t i = 0; i < answer->n_headers; i++)
        add_header(e, answer->headers[i].name, answer->headers[i].value);
}

/* From any thread. Once resumed, the exchange is the library's again. The count keeps
 * server_stop from stopping the library between the two. */
static void answer_suspended(struct exchange *e, const struct http_answer *answer) {
    _Atomic int *answering = e->answering;
    atomic_fetch_add(answering, 1);
    int state = EXCHANGE_SUSPENDED;
    if (atomic_compare_exchange_strong(&e->state, &state, EXCHANGE_ANSWERING)) {
        build(e, answer);
        atomic_store(&e->state, EXCHANGE_ANSWERED);
        MHD_resume_connection(e->library);
    } else {
        ASSERT(state == EXCHANGE_CUT);
    }
    atomic_fetch_sub(answering, 1);
}

void exchange_answer(struct exchange *e, const struct http_answer *answer) {
    if (atomic_load(&e->state) != EXCHANGE_RUNNING) {
        answer_suspended(e, answer);
        return;
    }
    build(e, answer);
    atomic_store(&e->state, EXCHANGE_ANSWERED);
}

void exchange_suspend(struct exchange *e) {
    ASSERT(atomic_load(&e->state) == EXCHANGE_RUNNING);
    e->suspended = true;
    MHD_suspend_connection(e->library);
    atomic_store(&e->state, EXCHANGE_SUSPENDED);
}

void exchange_cut(struct exchange *e) {
    int state = EXCHANGE_SUSPENDED;
    if (atomic_compare_exchange_strong(&e->state, &state, EXCHANGE_CUT))
        MHD_resume_connection(e->library);
}

enum MHD_Result exchange_queue(struct exchange *e) {
    enum MHD_Result queued = MHD_queue_response(e->library, (unsigned) e->status, e->response);
    MHD_destroy_response(e->response); /* the library holds its own reference */
    e->response = NULL;
    return queued;
}

const struct http_message *exchange_message(const struct exchange *e) {
    return &e->message;
}

struct str exchange_header(const struct exchange *e, const char *name) {
    if (str_eq_nocase(str_of(name), STR("cookie")))
        name = FRAMING_COOKIE;
    const char *value = MHD_lookup_connection_value(e->library, MHD_HEADER_KIND, name);
    return value ? str_trim(str_of(value)) : STR_NONE;
}

void exchange_set_data(struct exchange *e, void *data) {
    e->data = data;
}

void *exchange_data(const struct exchange *e) {
    return e->data;
}
