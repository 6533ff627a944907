/* jansson recurses for every level and allocates for every value, so what bounds both
 * is checked on the text first. The count needs no grammar: outside strings every
 * value but the first stands behind one of "[ { , :". */
#include "json/reader.h"

#include <jansson.h>
#include <pthread.h>

#include "base/limits.h"
#include "base/mem.h"

/* jansson asks that its allocator and hash seed are set before its first use. */
static void prepare_library(void) {
    json_set_alloc_funcs(mem_alloc, mem_free);
    json_object_seed(0);
}

/* The byte behind the string that begins at `i`, or the end of the text. */
static size_t skip_string(struct str text, size_t i) {
    for (i++; i < text.n && text.p[i] != '"'; i++)
        if (text.p[i] == '\\')
            i++;
    return i < text.n ? i + 1 : text.n;
}

struct scan {
    int depth;
    size_t elements;
};

static const char *count_byte(struct scan *scan, char c) {
    switch (c) {
    case '{':
    case '[':
        if (++scan->depth > JSON_DEPTH_MAX)
            return "nested too deeply";
        break;
    case '}':
    case ']':
        scan->depth--;
        return NULL;
    case ',':
    case ':':
        break;
    default:
        return NULL;
    }
    return ++scan->elements > JSON_ELEMENTS_MAX ? "too many elements" : NULL;
}

/* What limit is passed at *ret_offset, or NULL. */
static const char *passed_limit(struct str text, size_t *ret_offset) {
    struct scan scan = { 0 };
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] == '"') {
            i = skip_string(text, i);
            continue;
        }
        const char *limit = count_byte(&scan, text.p[i]);
        if (limit) {
            *ret_offset = i;
            return limit;
        }
        i++;
    }
    return NULL;
}

static struct json_position position_at(struct str text, size_t offset) {
    struct json_position at = { .line = 1, .column = 1, .offset = offset };
    for (size_t i = 0; i < offset; i++) {
        unsigned char c = (unsigned char) text.p[i];
        if (c == '\n') {
            at.line++;
            at.column = 1;
        } else if ((c & 0xC0) != 0x80) { /* the bytes that continue a character */
            at.column++;
        }
    }
    return at;
}

/* jansson's words, but for those that speak of its own flags. */
static struct str syntax_message(struct arena *arena, const json_error_t *error) {
    switch (json_error_code(error)) {
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return STR("the character U+0000 is not accepted");
    default:
        return arena_str(arena, str_of(error->text));
    }
}

static void drop_tree(void *tree) {
    json_decref(tree);
}

enum rc json_parse(struct arena *arena, struct str text, json_t **ret_root,
                   struct json_position *ret_at) {
    static pthread_once_t prepared = PTHREAD_ONCE_INIT;
    (void) pthread_once(&prepared, prepare_library); /* fails for a bad control only */
    size_t offset = 0;
    const char *limit = passed_limit(text, &offset);
    if (limit) {
        *ret_at = position_at(text, offset);
        ret_at->message = str_of(limit);
        return E_TOO_LARGE;
    }
    json_error_t error;
    json_t *root = json_loadb(text.p ? text.p : "", text.n,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root) {
        size_t at = error.position > 0 ? (size_t) error.position : 0;
        *ret_at = position_at(text, at < text.n ? at : text.n);
        ret_at->message = syntax_message(arena, &error);
        return E_INVALID;
    }
    arena_defer(arena, drop_tree, root);
    *ret_root = root;
    return OK;
}
