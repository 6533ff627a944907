#include "json/check.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/utf8.h"

/* Longest reason: a closed list that is short enough to be printed. */
enum { REASON_MAX_BYTES = 4096, LISTED_VALUES_MAX = 16, QUOTED_BYTES_MAX = 80 };

static const char *const type_names[] = {
    [FIELD_STR] = "a text",
    [FIELD_ID] = "a text",
    [FIELD_ENUM] = "a text",
    [FIELD_INT] = "an integer",
    [FIELD_TIME] = "a time such as \"2025-08-29T14:54:16Z\"",
    [FIELD_TIME_MS] = "a time such as \"2025-08-29T14:54:16.145Z\"",
    [FIELD_DATE] = "a date such as \"2025-08-29\"",
    [FIELD_BOOL] = "true or false",
    [FIELD_STRS] = "a list of texts",
    [FIELD_INTS] = "a list of integers",
    [FIELD_COUNTS] = "an object whose values are integers",
    [FIELD_OBJECT] = "an object",
    [FIELD_LIST] = "a list of objects",
    [FIELD_JSON] = "JSON",
};

struct str wrong_type(struct arena *arena, const struct field *field) {
    return arena_printf(arena, "%s must be %s", field->name, type_names[field->type]);
}

/* "name must have at most 200 characters"; `what` follows the number. */
static struct str out_of_range(struct arena *arena, const struct field *field, const char *verb,
                               const char *what) {
    long long min = field->min, max = field->max;
    bool upper = field_has_max(field), lower = field_has_min(field) && (min != 0 || !*what);
    if (upper && lower)
        return arena_printf(arena, "%s must %s %lld to %lld%s", field->name, verb, min, max, what);
    return arena_printf(arena, "%s must %s %s %lld%s", field->name, verb,
                        upper ? "at most" : "at least", upper ? max : min, what);
}

static bool in_range(const struct field *field, int64_t value) {
    return !(field_has_min(field) && value < field->min) && !(field_has_max(field) && value > field->max);
}

/* Characters are counted only where the bytes do not settle it: a text has at least a
 * character per four bytes and at most one per byte. */
static bool length_fits(const struct field *field, struct str text) {
    int64_t bytes = (int64_t) text.n;
    bool surely = in_range(field, bytes) && in_range(field, (bytes + 3) / 4);
    return surely || in_range(field, (int64_t) utf8_count(text));
}

/* The client's own text, cut at a character's end. */
static struct str quoted(struct str text) {
    size_t n = 0;
    while (n < text.n) {
        size_t length = utf8_length(str_sub(text, n, text.n));
        length = length ? length : 1;
        if (n + length > QUOTED_BYTES_MAX)
            break;
        n += length;
    }
    return str_sub(text, 0, n);
}

static bool is_listed(const struct enum_values *values, struct str text) {
    for (size_t i = 0; i < values->n; i++)
        if (str_eq(values->values[i], text))
            return true;
    return false;
}

static struct str not_listed(struct arena *arena, const struct field *field, struct str text) {
    const struct enum_values *values = field->values;
    struct buf b = buf_in(arena, REASON_MAX_BYTES);
    struct str shown = quoted(text);
    buf_printf(&b, "%s does not support \"%.*s%s\"", field->name, STR_FMT(shown),
               shown.n < text.n ? "…" : "");
    for (size_t i = 0; values->n <= LISTED_VALUES_MAX && i < values->n; i++) {
        buf_str(&b, i ? STR(", ") : STR("; one of "));
        buf_str(&b, values->values[i]);
    }
    return buf_text(&b);
}

struct str check_text(struct arena *arena, const struct field *field, struct str text) {
    if (!length_fits(field, text))
        return out_of_range(arena, field, "have", " characters");
    if (field->values && !is_listed(field->values, text))
        return not_listed(arena, field, text);
    return STR_NONE;
}

struct str check_item(struct arena *arena, const struct field *field, struct str text) {
    if (field->item_max && text.n > (size_t) field->item_max
        && utf8_count(text) > (size_t) field->item_max)
        return arena_printf(arena, "An element of %s must have at most %lld characters",
                            field->name, (long long) field->item_max);
    if (field->values && !is_listed(field->values, text))
        return not_listed(arena, field, text);
    return STR_NONE;
}

struct str check_int(struct arena *arena, const struct field *field, int64_t value) {
    return in_range(field, value) ? STR_NONE : out_of_range(arena, field, "be", "");
}

struct str check_items(struct arena *arena, const struct field *field, size_t n) {
    if (in_range(field, (int64_t) n))
        return STR_NONE;
    if (field_has_max(field) && (int64_t) n > field->max) /* the API's own words */
        return arena_printf(arena, "Number of %s exceeds %lld limit", field->name,
                            (long long) field->max);
    return arena_printf(arena, "%s must have at least %lld item%s", field->name,
                        (long long) field->min, field->min == 1 ? "" : "s");
}

struct str check_time(struct arena *arena, const struct field *field, struct str text,
                      int64_t *ret_ms) {
    return time_parse(text, ret_ms) == OK ? STR_NONE : wrong_type(arena, field);
}

struct str check_date(struct arena *arena, const struct field *field, struct str text) {
    int64_t ms;
    bool fits = text.n == sizeof "2025-08-29" - 1 && time_parse(text, &ms) == OK;
    return fits ? STR_NONE : wrong_type(arena, field);
}
