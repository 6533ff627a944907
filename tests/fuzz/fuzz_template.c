/* Any text as a template: parsing is bounded and repeatable, places of errors lie in the
 * text, a template with all its required fields renders, and one without the first does not. */
#include "base/check.h"
#include "base/vec.h"
#include "sequence/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str value = { "<v>\n", 4 };

static void check_error(struct str text, const struct template_error *error) {
    ASSERT(error->offset <= text.n && error->line >= 1 && error->column >= 1);
    ASSERT(error->message.n > 0);
}

static struct map required_values(struct arena *arena, const struct list *uses,
                                  struct str *ret_one) {
    struct map map = map_in(arena);
    const struct template_use *use = uses->p;
    for (size_t i = 0; i < uses->n; i++) {
        if (!use[i].is_required)
            continue;
        ASSERT(!map_put(&map, use[i].name, (void *) (uintptr_t) &value));
        *ret_one = use[i].name;
    }
    return map;
}

static void check_forms(struct arena *arena, const struct template *template, size_t size) {
    struct list uses = template_uses(template);
    struct str one = STR_NONE, missing = STR_NONE;
    struct map values = required_values(arena, &uses, &one);
    for (int form = TEMPLATE_PLAIN; form <= TEMPLATE_HTML; form++) {
        struct buf first = buf_in(arena, 4 * size + 100), second = buf_in(arena, 4 * size + 100);
        struct template_values with = { &values, NULL, size };
        enum rc rc = template_render(template, (enum template_form) form, &with, &first, &missing);
        ASSERT(rc == OK || rc == E_TOO_LARGE);
        ASSERT(template_render(template, (enum template_form) form, &with, &second, &missing) == rc);
        ASSERT(str_eq(buf_text(&first), buf_text(&second)));
        for (size_t i = 0; form == TEMPLATE_LINE && i < first.n; i++)
            ASSERT((unsigned char) first.p[i] >= 0x20);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    struct template *template;
    struct template_error error = { 0 };
    if (template_parse(arena, text, &template, &error) == OK)
        check_forms(arena, template, size);
    else
        check_error(text, &error);
    arena_free(&arena);
    return 0;
}
