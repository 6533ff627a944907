/* Any text through the parser, into structs, out again and in once more: what was
 * written must parse, and must say the same. */
#include <jansson.h>
#include <stdint.h>

#include "base/check.h"
#include "base/ctx.h"
#include "json/reader.h"
#include "json/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX_BYTES = 8 * 1024 * 1024 };

static const struct str color_texts[] = { { "red", 3 }, { "green", 5 } };
static const struct enum_values colors = { "Color", color_texts, LENGTH(color_texts) };

struct node {
    struct str name, color, day, raw;
    struct opt_int n, at, at_ms;
    enum tri ok;
    struct strs texts;
    struct ints numbers;
    struct counts counts;
    struct node *inner;
    struct list nodes;
};

#define T struct node
static const struct fields node_fields;
static const struct field node_rows[] = {
    F_STR(T, name, .flags = FIELD_NULLABLE, .min = 1, .max = 20),
    F_ENUM(T, color, .values = &colors),
    F_DATE(T, day),
    F_JSON(T, raw),
    F_INT(T, n, .min = -100, .max = 1000),
    F_TIME(T, at),
    F_TIME_MS(T, at_ms),
    F_BOOL(T, ok),
    F_STRS(T, texts, .flags = FIELD_ALWAYS, .max = 5, .item_max = 7),
    F_INTS(T, numbers, .flags = FIELD_NULLABLE),
    F_COUNTS(T, counts),
    F_OBJECT(T, inner, struct node, .of = &node_fields),
    F_LIST(T, nodes, .of = &node_fields, .max = 100),
};
static const struct fields node_fields = FIELDS("Node", struct node, node_rows);

static struct str written(struct ctx *ctx, const struct node *node) {
    struct buf out = buf_in(ctx->arena, OUT_MAX_BYTES);
    struct json_writer w = json_writer(&out);
    json_fields(&w, &node_fields, node);
    ASSERT(buf_result(&out) == OK);
    return buf_text(&out);
}

static void read_and_write(struct ctx *ctx, json_t *root) {
    struct node node, again;
    if (json_read_fields(ctx, &node_fields, root, STR("/body"), &node) != OK) {
        ASSERT(ctx->problem_count > 0 && ctx->problem_count <= PROBLEMS_MAX);
        return;
    }
    ASSERT(ctx->problem_count == 0);
    struct str first = written(ctx, &node);
    struct json_position at;
    ASSERT(json_parse(ctx->arena, first, &root, &at) == OK);
    ASSERT(json_read_fields(ctx, &node_fields, root, STR_NONE, &again) == OK);
    ASSERT(str_eq(first, written(ctx, &again)));
}

static void each_field_as_text(struct ctx *ctx, struct str text) {
    for (size_t i = 0; i < node_fields.n; i++) {
        struct node node = { 0 };
        struct str reason = STR_NONE;
        if (field_from_text(ctx->arena, &node_rows[i], text, &node, &reason) != OK)
            ASSERT(reason.n > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    struct str text = { (const char *) data, size };
    struct json_position at = { 0 };
    json_t *root;
    if (json_parse(ctx.arena, text, &root, &at) == OK)
        read_and_write(&ctx, root);
    else
        ASSERT(at.offset <= size && at.line > 0 && at.column > 0 && at.message.n > 0);
    each_field_as_text(&ctx, text);
    arena_free(&ctx.arena);
    return 0;
}
