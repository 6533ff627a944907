#include "net/smtp_reply.h"

/* Three digits from 200 to 599; 0 when they are none. */
static int code_of(struct str line) {
    if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || !ascii_is_digit(line.p[1])
        || !ascii_is_digit(line.p[2]))
        return 0;
    return (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
}

/* The first line, without its end, moved out of *rest; false when it is not whole. */
static bool cut_line(struct str *rest, struct str *ret_line) {
    size_t end = str_find(*rest, '\n');
    if (end == rest->n)
        return false;
    *ret_line = str_sub(*rest, 0, end > 0 && rest->p[end - 1] == '\r' ? end - 1 : end);
    *rest = str_sub(*rest, end + 1, rest->n);
    return true;
}

/* Whether a line that is not whole yet can still become one of a reply. */
static bool could_be_line(struct str start, int code) {
    if (start.n >= SMTP_LINE_MAX_BYTES || memchr(start.p, '\0', start.n))
        return false;
    for (size_t i = 0; i < start.n && i < 3; i++)
        if (!ascii_is_digit(start.p[i]))
            return false;
    int own = code_of(start);
    return start.n < 3 || (own && (!code || own == code));
}

enum smtp_scan smtp_reply_scan(struct str bytes, size_t *ret_n) {
    struct str rest = bytes, line;
    int code = 0;
    for (int lines = 0; cut_line(&rest, &line); lines++) {
        int own = code_of(line);
        bool goes_on = line.n > 3 && line.p[3] == '-';
        if (!own || (code && own != code) || lines == SMTP_LINES_MAX
            || line.n + 2 > SMTP_LINE_MAX_BYTES || memchr(line.p, '\0', line.n)
            || (line.n > 3 && line.p[3] != ' ' && !goes_on))
            return SMTP_BROKEN;
        code = own;
        size_t used = bytes.n - rest.n;
        if (used > SMTP_REPLY_MAX_BYTES)
            return SMTP_BROKEN;
        if (!goes_on) {
            *ret_n = used;
            return SMTP_WHOLE;
        }
    }
    return bytes.n > SMTP_REPLY_MAX_BYTES || !could_be_line(rest, code) ? SMTP_BROKEN : SMTP_MORE;
}

int smtp_reply_code(struct str reply) {
    return code_of(reply);
}

struct str smtp_reply_parameters(struct str reply, struct str keyword) {
    struct str line;
    for (bool first = true; cut_line(&reply, &line); first = false) {
        struct str rest = str_sub(line, 4, line.n), word;
        if (!first && str_word(&rest, &word) && str_eq_nocase(word, keyword))
            return rest;
    }
    return STR_NONE;
}

bool smtp_reply_offers(struct str reply, struct str keyword) {
    return str_is_set(smtp_reply_parameters(reply, keyword));
}
