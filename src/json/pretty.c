#include "json/pretty.h"

#include <jansson.h>

#include "json/reader.h"

static int append(const char *text, size_t n, void *out) {
    buf_bytes(out, text, n);
    return 0;
}

enum rc json_pretty(struct arena *arena, struct str json, struct buf *out) {
    json_t *root;
    struct json_position at;
    enum rc rc = json_parse(arena, json, &root, &at);
    if (rc == OK && json_dump_callback(root, append, out, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0)
        rc = E_INVALID;
    buf_char(out, '\n');
    return rc == OK ? buf_result(out) : rc;
}
