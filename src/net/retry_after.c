#include "net/retry_after.h"

#include "base/clock.h"
#include "net/http_library.h"

enum { TEXT_MAX = 64 };

/* Digits, and perhaps a part behind a point: some servers send one. */
static enum rc seconds(struct str text, int64_t *ret_wait_ms) {
    struct str rest = text, whole = STR_NONE;
    int64_t n = 0;
    bool has_point = str_find(text, '.') < text.n, has_more = false;
    (void) str_cut(&rest, '.', &whole); /* there is a part in front of any separator */
    if (has_point && str_is_empty(rest))
        return E_INVALID;
    for (size_t i = 0; has_point && i < rest.n; i++) {
        if (!ascii_is_digit(rest.p[i]))
            return E_INVALID;
        has_more |= rest.p[i] != '0';
    }
    for (size_t i = 0; i < whole.n; i++) {
        if (!ascii_is_digit(whole.p[i]))
            return E_INVALID;
        if (n <= RETRY_AFTER_MAX_MS / SECOND_MS)
            n = n * 10 + (whole.p[i] - '0');
    }
    if (str_is_empty(whole))
        return E_INVALID;
    n += has_more;
    *ret_wait_ms = n < RETRY_AFTER_MAX_MS / SECOND_MS ? n * SECOND_MS : RETRY_AFTER_MAX_MS;
    return OK;
}

/* All three forms of RFC 9110, section 5.6.7. They begin with the name of a day. */
static enum rc date(struct str text, int64_t now_ms, int64_t *ret_wait_ms) {
    char copy[TEXT_MAX];
    if (text.n >= sizeof copy || str_is_empty(text) || !ascii_is_alpha(text.p[0]))
        return E_INVALID;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    int64_t at = (int64_t) curl_getdate(copy, NULL), now = now_ms / SECOND_MS; /* -1: no date, and past */
    if (at <= now)
        return E_INVALID;
    *ret_wait_ms = at - now < RETRY_AFTER_MAX_MS / SECOND_MS ? at * SECOND_MS - now_ms : RETRY_AFTER_MAX_MS;
    return OK;
}

enum rc retry_after_read(struct str text, int64_t now_ms, int64_t *ret_wait_ms) {
    struct str trimmed = str_trim(text);
    if (trimmed.n && ascii_is_digit(trimmed.p[0]))
        return seconds(trimmed, ret_wait_ms);
    return date(trimmed, now_ms, ret_wait_ms);
}
