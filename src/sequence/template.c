/* Two passes. The first pairs braces and finds out which of them have a bar, so that the
 * second, a recursive descent, knows what a brace is when it meets it: both are linear. What
 * an escaped character takes is a text node of its own, so that nothing is copied. */
#include "sequence/template.h"

#include "base/check.h"
#include "base/utf8.h"
#include "base/vec.h"

static const struct str sender_fields[] = {
    { "first_name", 10 }, { "last_name", 9 }, { "name", 4 }, { "email", 5 }, { "signature", 9 },
};
const struct enum_values template_sender_fields
    = { "SenderField", sender_fields, LENGTH(sender_fields) };

static const struct str sender_prefix = { "sender.", 7 };

enum node_kind { NODE_TEXT, NODE_FIELD, NODE_IF, NODE_CHOICE };

struct node {
    enum node_kind kind;
    struct node *next;
    struct str text;     /* NODE_TEXT: itself; NODE_FIELD and NODE_IF: the name */
    struct str fallback; /* NODE_FIELD; absent: a value is required */
    struct list parts;   /* of struct node *, firsts of lists: NODE_IF has two, NODE_CHOICE more */
    uint64_t number;     /* NODE_CHOICE: which of the template's choices */
};

struct template {
    struct node *first;
    struct list uses; /* of struct template_use */
};

enum mark { MARK_NONE, MARK_OPEN, MARK_BAR, MARK_CLOSE };

/* The names that the conditions around ask for. */
struct condition {
    struct str name;
    const struct condition *outer;
};

struct parser {
    struct arena *arena;
    struct str text;
    size_t at;
    uint8_t *marks; /* enum mark, for each byte */
    size_t nodes;
    int depth;
    uint64_t choices;
    const struct condition *conditions;
    struct map used; /* name to struct template_use */
    struct list uses;
    struct template_error *error;
    enum rc rc; /* not OK: error is filled in */
};

/* --- errors --- */

static void fail_at(struct parser *p, enum rc rc, size_t offset, struct str message) {
    if (p->rc != OK)
        return;
    size_t line = 1, begin = 0;
    for (size_t i = 0; i < offset; i++)
        if (p->text.p[i] == '\n') {
            line++;
            begin = i + 1;
        }
    size_t column = utf8_count(str_sub(p->text, begin, offset)) + 1;
    *p->error = (struct template_error){ offset, line, column, message };
    p->rc = rc;
}

/* --- braces --- */

static bool is_at(struct str text, size_t at, const char *two) {
    return at + 1 < text.n && text.p[at] == two[0] && text.p[at + 1] == two[1];
}

/* "{{" opens a tag; of three braces the first stands alone. */
static bool opens_tag(struct str text, size_t at) {
    return is_at(text, at, "{{") && !is_at(text, at + 1, "{{");
}

/* Behind the tag that begins at `at`, or 0 when it does not end. */
static size_t end_of_tag(struct str text, size_t at) {
    for (size_t i = at + 2; i + 1 < text.n; i++)
        if (is_at(text, i, "}}"))
            return i + 2;
    return 0;
}

static bool is_escape(struct str text, size_t at) {
    return text.p[at] == '\\' && at + 1 < text.n && memchr("{|}\\", text.p[at + 1], 4);
}

/* An open brace while they are paired; `marks` has them as MARK_NONE until they turn out
 * to be a choice. */
struct brace {
    size_t at;
    struct ints bars;
};

static void mark_choice(struct parser *p, const struct brace *brace, size_t close) {
    p->marks[brace->at] = MARK_OPEN;
    for (size_t i = 0; i < brace->bars.n; i++)
        p->marks[brace->bars.p[i]] = MARK_BAR;
    p->marks[close] = MARK_CLOSE;
}

static void pair_brace(struct parser *p, struct list *open, size_t at) {
    struct brace *top = open->n ? (struct brace *) open->p + open->n - 1 : NULL;
    char c = p->text.p[at];
    if (c == '{') {
        *(struct brace *) list_add(p->arena, open, sizeof *top) = (struct brace){ .at = at };
    } else if (c == '|' && top) {
        ints_add(p->arena, &top->bars, (int64_t) at);
    } else if (c == '}' && top) {
        if (top->bars.n)
            mark_choice(p, top, at);
        open->n--;
    }
}

static void pair_braces(struct parser *p) {
    struct list open = { 0 };
    p->marks = arena_alloc(p->arena, p->text.n + 1);
    for (size_t at = 0; at < p->text.n; at++) {
        if (is_escape(p->text, at)) {
            at++;
        } else if (opens_tag(p->text, at)) {
            size_t end = end_of_tag(p->text, at);
            if (!end)
                return; /* the second pass says so */
            at = end - 1;
        } else {
            pair_brace(p, &open, at);
        }
    }
}

/* --- nodes --- */

static struct node *add_node(struct parser *p, struct node ***end, enum node_kind kind) {
    struct node *node = ARENA_NEW(p->arena, struct node);
    if (++p->nodes > TEMPLATE_NODES_MAX)
        fail_at(p, E_TOO_LARGE, p->at, STR("The template has too many parts"));
    node->kind = kind;
    **end = node;
    *end = &node->next;
    return node;
}

static void add_text(struct parser *p, struct node ***end, size_t from, size_t to) {
    if (from < to)
        add_node(p, end, NODE_TEXT)->text = str_sub(p->text, from, to);
}

static bool is_under_condition(const struct parser *p, struct str name) {
    for (const struct condition *c = p->conditions; c; c = c->outer)
        if (str_eq(c->name, name))
            return true;
    return false;
}

static void note_use(struct parser *p, struct str name, bool is_required) {
    struct template_use *use = map_get(&p->used, name);
    if (!use) {
        use = ARENA_NEW(p->arena, struct template_use);
        *use = (struct template_use){ name, str_starts(name, sender_prefix), false };
        (void) map_put(&p->used, name, use); /* it was not there */
        *(struct template_use **) list_add(p->arena, &p->uses, sizeof use) = use;
    }
    use->is_required = use->is_required || is_required;
}

/* --- tags --- */

bool template_is_field_name(struct str name) {
    bool good = name.n > 0 && name.n <= TEMPLATE_NAME_MAX && ascii_is_lower(name.p[0]);
    for (size_t i = 0; good && i < name.n; i++)
        good = ascii_is_lower(name.p[i]) || ascii_is_digit(name.p[i]) || name.p[i] == '_';
    return good;
}

static bool is_sender_field(struct str name) {
    for (size_t i = 0; i < LENGTH(sender_fields); i++)
        if (str_eq(name, sender_fields[i]))
            return true;
    return false;
}

static bool check_name(struct parser *p, struct str name, size_t at) {
    bool of_sender = str_starts(name, sender_prefix);
    struct str part = of_sender ? str_sub(name, sender_prefix.n, name.n) : name;
    if (of_sender ? is_sender_field(part) : template_is_field_name(part))
        return true;
    struct str shown = str_sub(name, 0, 40);
    fail_at(p, E_INVALID, at,
            of_sender ? arena_printf(p->arena, "Senders have no field \"%.*s\"", STR_FMT(part))
                      : arena_printf(p->arena, "\"%.*s\" is not the name of a field",
                                     STR_FMT(shown)));
    return false;
}

enum stop { STOP_END, STOP_BAR, STOP_CLOSE, STOP_ELSE, STOP_ENDIF };

static enum stop parse_list(struct parser *p, struct node **ret_first);

static bool enter(struct parser *p) {
    if (++p->depth > TEMPLATE_DEPTH_MAX)
        fail_at(p, E_TOO_LARGE, p->at, STR("Conditions and choices are nested too deeply"));
    return p->rc == OK;
}

/* Behind {{#if name}}, which stood at `begin`. */
static void parse_if(struct parser *p, struct node *node, size_t begin) {
    struct node **parts = ARENA_ARRAY(p->arena, 2, struct node *);
    struct condition condition = { node->text, p->conditions };
    node->parts = (struct list){ parts, 2 };
    if (!enter(p))
        return;
    p->conditions = &condition;
    enum stop stop = parse_list(p, &parts[0]);
    p->conditions = condition.outer;
    if (stop == STOP_ELSE && p->rc == OK)
        stop = parse_list(p, &parts[1]);
    if (stop != STOP_ENDIF)
        fail_at(p, E_INVALID, begin, STR("{{#if}} has no {{/if}}"));
    p->depth--;
}

static void parse_field(struct parser *p, struct node ***end, struct str inside, size_t begin) {
    size_t bar = str_find(inside, '|');
    struct str name = str_trim(str_sub(inside, 0, bar));
    struct str fallback = bar < inside.n ? str_trim(str_sub(inside, bar + 1, inside.n)) : STR_NONE;
    if (!check_name(p, name, begin))
        return;
    struct node *node = add_node(p, end, NODE_FIELD);
    node->text = name;
    node->fallback = fallback;
    note_use(p, name, !str_is_set(fallback) && !is_under_condition(p, name));
}

static void parse_condition(struct parser *p, struct node ***end, struct str name, size_t begin) {
    if (!check_name(p, name, begin))
        return;
    struct node *node = add_node(p, end, NODE_IF);
    node->text = name;
    note_use(p, name, false);
    parse_if(p, node, begin);
}

/* True when the list ends here: *ret_stop says why. */
static bool parse_tag(struct parser *p, struct node ***end, enum stop *ret_stop) {
    size_t begin = p->at, behind = end_of_tag(p->text, begin);
    if (!behind) {
        fail_at(p, E_INVALID, begin, STR("{{ has no }}"));
        return false;
    }
    struct str inside = str_trim(str_sub(p->text, begin + 2, behind - 2));
    p->at = behind;
    if (str_eq(inside, STR("else")) || str_eq(inside, STR("/if"))) {
        *ret_stop = inside.p[0] == 'e' ? STOP_ELSE : STOP_ENDIF;
        return true;
    }
    if (str_starts(inside, STR("#if ")))
        parse_condition(p, end, str_trim(str_sub(inside, 4, inside.n)), begin);
    else
        parse_field(p, end, inside, begin);
    return false;
}

/* --- choices --- */

static void parse_choice(struct parser *p, struct node ***end) {
    size_t begin = p->at++;
    struct node *node = add_node(p, end, NODE_CHOICE);
    node->number = p->choices++;
    enum stop stop = STOP_BAR;
    if (!enter(p))
        return;
    while (stop == STOP_BAR && p->rc == OK) {
        struct node *first = NULL;
        stop = parse_list(p, &first);
        *(struct node **) list_add(p->arena, &node->parts, sizeof first) = first;
    }
    if (stop != STOP_CLOSE)
        fail_at(p, E_INVALID, begin, STR("{{#if}} and {{/if}} are not within the same braces"));
    p->depth--;
}

/* True when the list ends at this mark. */
static bool parse_mark(struct parser *p, struct node ***end, enum mark mark, enum stop *ret_stop) {
    if (mark == MARK_OPEN) {
        parse_choice(p, end);
        return false;
    }
    p->at++;
    *ret_stop = mark == MARK_BAR ? STOP_BAR : STOP_CLOSE;
    return true;
}

/* --- lists --- */

/* The end of the plain text that begins at p->at. */
static size_t end_of_text(const struct parser *p) {
    size_t at = p->at;
    while (at < p->text.n && !p->marks[at] && !opens_tag(p->text, at) && !is_escape(p->text, at))
        at++;
    return at;
}

static void parse_text(struct parser *p, struct node ***end) {
    size_t to = end_of_text(p);
    add_text(p, end, p->at, to);
    p->at = to;
    if (to < p->text.n && is_escape(p->text, to)) {
        add_text(p, end, to + 1, to + 2);
        p->at = to + 2;
    }
}

static enum stop parse_list(struct parser *p, struct node **ret_first) {
    struct node **end = ret_first;
    enum stop stop = STOP_END;
    bool is_over = false;
    while (!is_over && p->rc == OK && p->at < p->text.n) {
        if (p->marks[p->at])
            is_over = parse_mark(p, &end, (enum mark) p->marks[p->at], &stop);
        else if (opens_tag(p->text, p->at))
            is_over = parse_tag(p, &end, &stop);
        else
            parse_text(p, &end);
    }
    return stop;
}

/* The uses as an array of structs instead of pointers. */
static struct list flat_uses(struct parser *p) {
    struct template_use **use = p->uses.p;
    struct list flat = { 0 };
    for (size_t i = 0; i < p->uses.n; i++)
        *(struct template_use *) list_add(p->arena, &flat, sizeof **use) = *use[i];
    return flat;
}

enum rc template_parse(struct arena *arena, struct str text, struct template **ret_template,
                       struct template_error *ret_error) {
    struct parser p = { .arena = arena, .text = text, .used = map_in(arena), .error = ret_error };
    struct node *first = NULL;
    if (text.n > TEMPLATE_MAX_BYTES) {
        *ret_error = (struct template_error){ TEMPLATE_MAX_BYTES, 1, 1,
                                              STR("The template is longer than 100 KB") };
        return E_TOO_LARGE;
    }
    pair_braces(&p);
    enum stop stop = parse_list(&p, &first);
    if (stop != STOP_END)
        fail_at(&p, E_INVALID, p.at - (stop == STOP_ELSE ? 8 : 7),
                STR("There is no {{#if}} before this"));
    if (p.rc != OK)
        return p.rc;
    *ret_template = ARENA_NEW(arena, struct template);
    **ret_template = (struct template){ first, flat_uses(&p) };
    return OK;
}

struct list template_uses(const struct template *template) {
    return template->uses;
}

/* --- rendering --- */

struct rendering {
    const struct template_values *values;
    enum template_form form;
    struct buf *out;
    struct str missing;
};

/* splitmix64: neighbouring numbers give unrelated ones. */
static uint64_t mixed(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t template_seed(struct str lead_id, struct str stage_id) {
    return mixed(str_hash(lead_id)) ^ str_hash(stage_id);
}

static struct str value_of(const struct rendering *r, struct str name) {
    const struct str *value = map_get(r->values->values, name);
    return value && !str_is_empty(str_trim(*value)) ? *value : STR_NONE;
}

static void put_line(struct buf *out, struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char) text.p[i];
        buf_char(out, c < 0x20 || c == 0x7F ? ' ' : text.p[i]);
    }
}

/* What the author wrote. */
static void put_own(struct rendering *r, struct str text) {
    if (r->form == TEMPLATE_LINE)
        put_line(r->out, text);
    else
        buf_str(r->out, text);
}

static void put_value(struct rendering *r, struct str value) {
    if (r->form == TEMPLATE_HTML)
        buf_html(r->out, value);
    else
        put_own(r, value);
}

/* Of a value that is HTML; absent in other forms. */
static const struct str *html_of(const struct rendering *r, struct str name) {
    return r->form == TEMPLATE_HTML && r->values->html ? map_get(r->values->html, name) : NULL;
}

static void render_field(struct rendering *r, const struct node *node) {
    struct str value = value_of(r, node->text);
    const struct str *html = html_of(r, node->text);
    if (html)
        buf_str(r->out, *html);
    else if (str_is_set(value))
        put_value(r, value);
    else if (str_is_set(node->fallback))
        put_own(r, node->fallback);
    else if (!str_is_set(r->missing))
        r->missing = node->text;
}

static const struct node *part(const struct node *node, size_t i) {
    return ((struct node *const *) node->parts.p)[i];
}

static const struct node *chosen(const struct rendering *r, const struct node *node) {
    uint64_t draw = mixed(r->values->seed + node->number);
    return part(node, (size_t) (draw % node->parts.n));
}

static void render_list(struct rendering *r, const struct node *node) {
    for (; node && !r->out->failed; node = node->next)
        switch (node->kind) {
        case NODE_TEXT: put_own(r, node->text); break;
        case NODE_FIELD: render_field(r, node); break;
        case NODE_IF: render_list(r, part(node, !str_is_set(value_of(r, node->text)))); break;
        case NODE_CHOICE: render_list(r, chosen(r, node)); break;
        }
}

enum rc template_render(const struct template *template, enum template_form form,
                        const struct template_values *values, struct buf *out,
                        struct str *ret_missing) {
    struct rendering r = { values, form, out, STR_NONE };
    render_list(&r, template->first);
    if (str_is_set(r.missing)) {
        *ret_missing = r.missing;
        return E_NOT_FOUND;
    }
    return buf_result(out);
}
