#include "net/http_client.h"

#include "base/buf.h"
#include "net/http_library.h"

struct transfer {
    const struct http_call *call;
    struct buf body;
    bool denied, connected; /* a socket was refused, was opened */
};

static size_t on_body(char *data, size_t size, size_t n, void *arg) {
    struct transfer *t = arg;
    buf_bytes(&t->body, data, size * n);
    return t->body.failed ? 0 : size * n;
}

/* Called with the resolved address, before the connection is made. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
    struct transfer *t = arg;
    const struct address_rules rules = { .allow_private = t->call->allow_private };
    curl_socket_t fd = http_library_socket(&rules, purpose, address);
    *(fd == CURL_SOCKET_BAD ? &t->denied : &t->connected) = true;
    return fd;
}

/* Called while it waits, too, about once a second. */
static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    const struct transfer *t = arg;
    (void) a, (void) b, (void) c, (void) d; /* bytes expected and moved */
    return t->call->stopping();
}

static struct curl_slist *header_list(const struct http_call *call) {
    struct curl_slist *list = NULL;
    if (str_is_set(call->body))
        list = curl_slist_append(list, call->body_type ? call->body_type : "Content-Type: application/json");
    for (const char *const *h = call->headers; h && *h; h++)
        list = curl_slist_append(list, *h);
    return list;
}

static void free_headers(void *list) {
    curl_slist_free_all(list);
}

static void set_options(CURL *curl, struct arena *arena, struct transfer *t) {
    const struct http_call *call = t->call;
    struct curl_slist *headers = header_list(call);
    arena_defer(arena, free_headers, headers);
    curl_easy_setopt(curl, CURLOPT_URL, arena_cstr(arena, call->url));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* the check must see the real peer */
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, call->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t);
    if (call->stopping) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    }
    if (str_is_set(call->body)) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) call->body.n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.p);
    }
}

static enum rc result(const struct transfer *t, CURLcode code) {
    if (t->denied)
        return E_DENIED;
    if (t->body.failed)
        return E_TOO_LARGE;
    switch (code) {
    case CURLE_OK: return OK;
    case CURLE_OPERATION_TIMEDOUT: return E_TIMEOUT;
    case CURLE_ABORTED_BY_CALLBACK: return E_CANCELED;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: /* also of an answer that is no HTTP */
        return t->connected ? E_IO : E_INVALID;
    default: return E_IO;
    }
}

enum rc http_call(struct arena *arena, const struct http_call *call,
                  struct http_reply *ret_reply, struct str *ret_reason) {
    http_library_start();
    CURL *curl = curl_easy_init();
    if (!curl) {
        *ret_reason = STR("libcurl cannot start");
        return E_IO;
    }
    struct transfer t = { .call = call, .body = buf_in(arena, call->answer_max) };
    set_options(curl, arena, &t);
    CURLcode code = curl_easy_perform(curl);
    enum rc rc = result(&t, code);
    if (rc == OK) {
        ret_reply->body = buf_text(&t.body);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_reply->status);
    } else {
        *ret_reason = t.denied ? STR("the address is not public")
                               : str_of(curl_easy_strerror(code));
    }
    curl_easy_cleanup(curl);
    return rc;
}
