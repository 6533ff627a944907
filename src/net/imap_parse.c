#include "net/imap_parse.h"

#include "base/check.h"

/* The size in "…{123}" or "…{123+}" at the end of a line without its end; -1 without one. */
static int64_t literal_of(struct str line) {
    if (line.n < 3 || line.p[line.n - 1] != '}')
        return -1;
    size_t open = str_find_last(line, '{');
    struct str digits = str_sub(line, open + 1, line.n - 1);
    int64_t n;
    if (open == line.n)
        return -1;
    if (str_ends(digits, STR("+")))
        digits.n--;
    for (size_t i = 0; i < digits.n; i++)
        if (!ascii_is_digit(digits.p[i]))
            return -1;
    return str_to_i64(digits, &n) == OK ? n : -1;
}

/* A line from `from` on: its length without and with its end; false when it is not whole. */
static bool line_at(struct str bytes, size_t from, size_t *ret_text, size_t *ret_all) {
    struct str rest = str_sub(bytes, from, bytes.n);
    size_t end = str_find(rest, '\n');
    if (end == rest.n)
        return false;
    *ret_text = end > 0 && rest.p[end - 1] == '\r' ? end - 1 : end;
    *ret_all = end + 1;
    return true;
}

enum imap_scan imap_response_scan(struct str bytes, size_t max, size_t *ret_n) {
    size_t at = 0, text, all;
    for (int literals = 0; literals <= IMAP_LITERALS_MAX; literals++) {
        if (!line_at(bytes, at, &text, &all))
            return bytes.n - at > IMAP_LINE_MAX_BYTES || bytes.n > max ? IMAP_BROKEN : IMAP_MORE;
        if (all > IMAP_LINE_MAX_BYTES || at + all > max)
            return IMAP_BROKEN;
        int64_t literal = literal_of(str_sub(bytes, at, at + text));
        at += all;
        if (literal < 0) {
            *ret_n = at;
            return IMAP_WHOLE;
        }
        if (literal > (int64_t) (max - at))
            return IMAP_BROKEN;
        at += (size_t) literal;
        if (at > bytes.n)
            return IMAP_MORE;
    }
    return IMAP_BROKEN;
}

/* --- values --- */

struct parser {
    struct arena *arena;
    struct str rest;
    int values; /* made so far */
};

static void skip_spaces(struct parser *p) {
    while (p->rest.n && p->rest.p[0] == ' ')
        p->rest = str_sub(p->rest, 1, p->rest.n);
}

static bool ends_atom(char c) {
    return c == ' ' || c == '(' || c == ')' || c == '\r' || c == '\n' || c == '"';
}

/* Brackets belong to an atom with all that is between them: BODY[HEADER.FIELDS (TO CC)]<0>. */
static enum rc read_atom(struct parser *p, struct imap_value *v) {
    size_t n = 0;
    for (bool inside = false; n < p->rest.n; n++) {
        char c = p->rest.p[n];
        if (c == '\r' || c == '\n' || (!inside && ends_atom(c)))
            break;
        inside = c == '[' || (inside && c != ']');
    }
    *v = (struct imap_value){ .type = IMAP_ATOM, .text = str_sub(p->rest, 0, n) };
    if (str_eq_nocase(v->text, STR("NIL")))
        v->type = IMAP_NIL;
    p->rest = str_sub(p->rest, n, p->rest.n);
    return n ? OK : E_PROTO;
}

static enum rc read_quoted(struct parser *p, struct imap_value *v) {
    size_t n = 0, i = 1, end = 1;
    while (end < p->rest.n && p->rest.p[end] != '"' && p->rest.p[end] != '\n')
        end += p->rest.p[end] == '\\' && end + 1 < p->rest.n ? 2 : 1;
    char *text = arena_alloc(p->arena, end);
    while (i < p->rest.n && p->rest.p[i] != '"' && p->rest.p[i] != '\n') {
        i += p->rest.p[i] == '\\' && i + 1 < p->rest.n;
        text[n++] = p->rest.p[i++];
    }
    if (i >= p->rest.n || p->rest.p[i] != '"')
        return E_PROTO;
    *v = (struct imap_value){ .type = IMAP_STRING, .text = { text, n } };
    p->rest = str_sub(p->rest, i + 1, p->rest.n);
    return OK;
}

/* "{3}\r\nabc"; false when that is not what follows. */
static bool read_literal(struct parser *p, struct imap_value *v) {
    size_t text, all;
    if (!line_at(p->rest, 0, &text, &all))
        return false;
    struct str head = str_sub(p->rest, 0, text);
    int64_t n = literal_of(head);
    if (n < 0 || str_find_last(head, '{') != 0 || (size_t) n > p->rest.n - all)
        return false;
    *v = (struct imap_value){ .type = IMAP_STRING, .text = str_sub(p->rest, all, all + (size_t) n) };
    p->rest = str_sub(p->rest, all + (size_t) n, p->rest.n);
    return true;
}

/* An open list: its items come one behind the other in memory when it is closed. */
struct open_list {
    struct imap_value *items;
    size_t n, room;
};

static struct imap_value *add_item(struct parser *p, struct open_list *list) {
    if (list->n == list->room) {
        size_t room = list->room ? list->room * 2 : 4;
        struct imap_value *items = ARENA_ARRAY(p->arena, room, struct imap_value);
        if (list->n)
            memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->room = room;
    }
    p->values++;
    return &list->items[list->n++];
}

static enum rc read_simple(struct parser *p, struct imap_value *v) {
    if (p->rest.p[0] == '"')
        return read_quoted(p, v);
    if (p->rest.p[0] == '{' && read_literal(p, v))
        return OK;
    return read_atom(p, v);
}

static enum rc read_values(struct parser *p, struct open_list *ret_top) {
    struct open_list open[IMAP_DEPTH_MAX + 1] = { { 0 } };
    int depth = 0;
    for (skip_spaces(p); p->rest.n && p->rest.p[0] != '\r' && p->rest.p[0] != '\n'; skip_spaces(p)) {
        char c = p->rest.p[0];
        if (p->values >= IMAP_VALUES_MAX || (c == '(' && depth == IMAP_DEPTH_MAX)
            || (c == ')' && depth == 0))
            return E_PROTO;
        if (c == '(') {
            open[++depth] = (struct open_list){ 0 };
        } else if (c == ')') {
            struct imap_value *list = add_item(p, &open[depth - 1]);
            *list = (struct imap_value){ .type = IMAP_LIST, .items = open[depth].items, .n = open[depth].n };
            depth--;
        } else {
            enum rc rc = read_simple(p, add_item(p, &open[depth]));
            if (rc != OK)
                return rc;
        }
        if (c == '(' || c == ')')
            p->rest = str_sub(p->rest, 1, p->rest.n);
    }
    *ret_top = open[0];
    return depth == 0 ? OK : E_PROTO;
}

/* --- responses --- */

static struct str cut_word(struct str *rest) {
    size_t end = str_find(*rest, ' ');
    struct str word = str_sub(*rest, 0, end);
    *rest = str_sub(*rest, end + (end < rest->n), rest->n);
    return word;
}

static struct str without_end(struct str text) {
    while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    return text;
}

static bool is_status(struct str name) {
    static const struct str names[] = { { "OK", 2 }, { "NO", 2 }, { "BAD", 3 }, { "BYE", 3 }, { "PREAUTH", 7 } };
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq_nocase(name, names[i]))
            return true;
    return false;
}

static void read_status(struct str rest, struct imap_response *r) {
    size_t end = str_find(rest, ']');
    if (rest.n && rest.p[0] == '[' && end < rest.n) {
        r->code = str_sub(rest, 1, end);
        rest = str_trim(str_sub(rest, end + 1, rest.n));
    }
    r->text = rest;
}

/* The name of what follows, or a number and then the name. */
static void read_name(struct str *rest, struct imap_response *r) {
    struct str line = *rest, word;
    size_t end = 0;
    while (end < line.n && !ends_atom(line.p[end]))
        end++;
    word = str_sub(line, 0, end);
    *rest = str_sub(line, end, line.n);
    if (r->number < 0 && str_to_i64(word, &r->number) == OK && r->number >= 0) {
        *rest = str_sub(*rest, rest->n && rest->p[0] == ' ', rest->n);
        read_name(rest, r);
        return;
    }
    r->name = word;
}

enum rc imap_response_parse(struct arena *arena, struct str response, struct imap_response *ret_response) {
    struct imap_response r = { .number = -1 };
    struct str rest = response;
    if (str_starts(rest, STR("+"))) {
        r.kind = IMAP_CONTINUE;
        r.text = str_trim(without_end(str_sub(rest, 1, rest.n)));
        *ret_response = r;
        return OK;
    }
    struct str tag = cut_word(&rest);
    r.kind = str_eq(tag, STR("*")) ? IMAP_UNTAGGED : IMAP_TAGGED;
    r.tag = r.kind == IMAP_TAGGED ? tag : STR_NONE;
    read_name(&rest, &r);
    if (str_is_empty(tag) || str_is_empty(r.name) || (r.kind == IMAP_TAGGED && !is_status(r.name)))
        return E_PROTO;
    if (r.number < 0 && is_status(r.name)) {
        read_status(str_trim(without_end(rest)), &r);
        *ret_response = r;
        return OK;
    }
    struct parser p = { arena, rest, 0 };
    struct open_list top = { 0 };
    enum rc rc = read_values(&p, &top);
    if (rc != OK)
        return rc;
    r.values = top.items;
    r.n = top.n;
    *ret_response = r;
    return OK;
}

const struct imap_value *imap_find(const struct imap_value *values, size_t n, struct str name, bool prefix) {
    for (size_t i = 0; i + 1 < n; i += 2)
        if (values[i].type == IMAP_ATOM
            && (prefix ? str_starts_nocase(values[i].text, name) : str_eq_nocase(values[i].text, name)))
            return &values[i + 1];
    return NULL;
}

bool imap_has(const struct imap_value *list, struct str atom) {
    for (size_t i = 0; list->type == IMAP_LIST && i < list->n; i++)
        if (str_eq_nocase(list->items[i].text, atom))
            return true;
    return false;
}
