/* Reading of the configuration. Whatever the source, a value goes through set_value,
 * so that a bad one is refused in the same words everywhere. The default is read the
 * same way: a default that does not fit its own limits is caught by the tests. */
#include "cli/config.h"
#include "net/address.h"

#include <arpa/inet.h>
#include <ini.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/file.h"
#include "base/utf8.h"
#include "base/vec.h"

enum { FILE_MAX_BYTES = 256 * 1024, VALUE_MAX_BYTES = 4096 };

/* Where a value came from, for messages: "--set", "environment", "etc/outrider.ini". */
struct origin {
    enum config_source source;
    const char *text;
};

static void *member_of(struct config *config, const struct config_key *key) {
    return (char *) config + key->offset;
}

static const struct config_key *find_key(struct str name) {
    for (size_t i = 0; i < config_keys_count; i++)
        if (str_eq(name, str_of(config_keys[i].name)))
            return &config_keys[i];
    return NULL;
}

/* --- one reader per type: NULL, or what the value should be --- */

static const char *read_bool(struct str text, bool *value) {
    bool yes = str_eq(text, STR("true"));
    if (!yes && !str_eq(text, STR("false")))
        return "true or false";
    *value = yes;
    return NULL;
}

static const char *read_int(struct ctx *ctx, const struct config_key *key, struct str text,
                            int64_t *value) {
    int64_t n;
    if (str_to_i64(text, &n) == OK && n >= key->min && n <= key->max) {
        *value = n;
        return NULL;
    }
    return arena_printf(ctx->arena, "a whole number from %lld to %lld", (long long) key->min,
                        (long long) key->max).p;
}

/* Digits with at most one point: strtod alone would take "inf", "0x1p3" and spaces. */
static const char *read_real(struct ctx *ctx, struct str text, double *value) {
    static const char expected[] = "a number such as 0.5 or 60, not negative";
    size_t digits = 0, points = 0;
    for (size_t i = 0; i < text.n; i++) {
        digits += ascii_is_digit(text.p[i]);
        points += text.p[i] == '.';
    }
    if (digits == 0 || points > 1 || digits + points != text.n || digits > 15)
        return expected;
    *value = strtod(arena_cstr(ctx->arena, text), NULL);
    return NULL;
}

static const char *read_choice(struct ctx *ctx, const struct config_key *key, struct str text,
                               int *value) {
    struct buf expected = buf_in(ctx->arena, VALUE_MAX_BYTES);
    for (int i = 0; key->choices[i]; i++) {
        if (str_eq(text, str_of(key->choices[i]))) {
            *value = i;
            return NULL;
        }
        buf_printf(&expected, "%s%s", i ? ", " : "one of ", key->choices[i]);
    }
    return arena_cstr(ctx->arena, buf_text(&expected));
}

static bool address_is_valid(struct ctx *ctx, struct str text) {
    size_t colon = str_find_last(text, ':');
    struct str host = str_sub(text, 0, colon), port = str_sub(text, colon + 1, text.n);
    int64_t number;
    if (str_to_i64(port, &number) != OK || number < 1 || number > 65535)
        return false;
    struct in6_addr parsed;
    if (str_starts(host, STR("[")) && str_ends(host, STR("]"))) {
        struct str inside = str_sub(host, 1, host.n - 1);
        return inet_pton(AF_INET6, arena_cstr(ctx->arena, inside), &parsed) == 1;
    }
    return inet_pton(AF_INET, arena_cstr(ctx->arena, host), &parsed) == 1;
}

static bool ip_is_valid(struct ctx *ctx, struct str text) {
    const char *ip = arena_cstr(ctx->arena, text);
    struct in6_addr parsed;
    return inet_pton(AF_INET, ip, &parsed) == 1 || inet_pton(AF_INET6, ip, &parsed) == 1;
}

static bool network_is_valid(struct ctx *ctx, struct str text) {
    struct address_network network;
    (void) ctx; /* needs no memory */
    return address_network_read(text, &network) == OK;
}

static const struct list_type {
    bool (*is_valid)(struct ctx *ctx, struct str word);
    const char *expected;
} list_types[] = {
    [CONFIG_ADDRESSES] = { address_is_valid, "a list of ip:port, for example 192.0.2.1:53, [2001:db8::1]:53" },
    [CONFIG_IPS] = { ip_is_valid, "a list of IP addresses, for example 192.0.2.1, 2001:db8::1" },
    [CONFIG_NETWORKS] = { network_is_valid, "a list of networks, for example 10.1.0.0/16, 2001:db8::/32" },
};

static const char *read_list(struct ctx *ctx, const struct config_key *key, struct str text,
                             struct strs *value) {
    const struct list_type *type = &list_types[key->type];
    struct strs list = { 0 };
    for (struct str part; str_cut(&text, ',', &part);)
        for (struct str word; str_word(&part, &word);) {
            if (!type->is_valid(ctx, word))
                return type->expected;
            strs_add(ctx->arena, &list, word);
        }
    *value = list;
    return NULL;
}

static const char *read_text(struct str text, struct str *value) {
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char) text.p[i] < ' ' || text.p[i] == 0x7F)
            return "text without control characters";
    if (!utf8_is_valid(text))
        return "UTF-8 text";
    *value = text;
    return NULL;
}

static const char *read_value(struct ctx *ctx, const struct config_key *key, struct str text,
                              void *member) {
    switch (key->type) {
    case CONFIG_BOOL:
        return read_bool(text, member);
    case CONFIG_INT:
        return read_int(ctx, key, text, member);
    case CONFIG_REAL:
        return read_real(ctx, text, member);
    case CONFIG_TEXT:
        return read_text(text, member);
    case CONFIG_CHOICE:
        return read_choice(ctx, key, text, member);
    case CONFIG_ADDRESSES:
    case CONFIG_IPS:
    case CONFIG_NETWORKS:
        return read_list(ctx, key, text, member);
    }
    check_failed("config type has a reader", __FILE__, __LINE__);
}

static enum rc set_value(struct ctx *ctx, struct config *config, const struct config_key *key,
                         struct str text, struct origin origin) {
    struct str kept = arena_str(ctx->arena, str_trim(text));
    if (kept.n > VALUE_MAX_BYTES)
        return fail(ctx, E_INVALID, "%s (%s): longer than %d bytes", key->name, origin.text,
                    VALUE_MAX_BYTES);
    const char *expected = read_value(ctx, key, kept, member_of(config, key));
    if (expected && key->secret)
        return fail(ctx, E_INVALID, "%s (%s): must be %s", key->name, origin.text, expected);
    if (expected)
        return fail(ctx, E_INVALID, "%s (%s): '%.*s' must be %s", key->name, origin.text,
                    STR_FMT(kept), expected);
    config->source[key - config_keys] = origin.source;
    return OK;
}

static enum rc set_named(struct ctx *ctx, struct config *config, struct str name, struct str text,
                         struct origin origin) {
    const struct config_key *key = find_key(name);
    if (!key)
        return fail(ctx, E_INVALID, "%.*s (%s): there is no such key; `outrider config` lists all",
                    STR_FMT(name), origin.text);
    return set_value(ctx, config, key, text, origin);
}

/* --- the file --- */

struct ini_reading {
    struct ctx *ctx;
    struct config *config;
    struct origin origin;
    enum rc rc;
    bool seen[CONFIG_KEYS_MAX];
};

/* Called by inih for each pair; 0 stops nothing, so later ones are passed over. inih
 * gives the continued lines of a value as further pairs: they are refused as repeated. */
static int on_pair(void *user, const char *section, const char *name, const char *value) {
    struct ini_reading *reading = user;
    struct ctx *ctx = reading->ctx;
    if (reading->rc != OK)
        return 0;
    struct str full = arena_printf(ctx->arena, "%s%s%s", section, *section ? "." : "", name);
    const struct config_key *key = find_key(full);
    if (key && reading->seen[key - config_keys])
        reading->rc = fail(ctx, E_INVALID, "%s (%s): given twice", key->name, reading->origin.text);
    else
        reading->rc = set_named(ctx, reading->config, full, str_of(value), reading->origin);
    if (key)
        reading->seen[key - config_keys] = true;
    return reading->rc == OK;
}

/* inih cuts long lines in pieces, stops at a NUL, and reads on behind a broken
 * [section] as if it were not there: each would change the meaning without a word. */
static enum rc check_lines(struct ctx *ctx, const char *name, struct str text) {
    if (str_find(text, '\0') != text.n)
        return fail(ctx, E_INVALID, "%s: holds a NUL byte", name);
    size_t number = 0, max = (size_t) ini_max_line - 3; /* CR, LF, NUL */
    for (struct str line; str_cut(&text, '\n', &line);) {
        number++;
        if (line.n > max)
            return fail(ctx, E_INVALID, "%s: line %zu is longer than %zu bytes", name, number, max);
        if (str_starts(str_trim(line), STR("[")) && str_find(line, ']') == line.n)
            return fail(ctx, E_INVALID, "%s: line %zu: [section] without its ]", name, number);
    }
    return OK;
}

enum rc config_read_ini(struct ctx *ctx, const char *name, struct str text,
                        struct config *config) {
    enum rc rc = check_lines(ctx, name, text);
    if (rc)
        return rc;
    struct ini_reading reading = { ctx, config, { FROM_FILE, name }, OK, { 0 } };
    int line = ini_parse_string(arena_cstr(ctx->arena, text), on_pair, &reading);
    if (reading.rc)
        return reading.rc;
    if (line)
        return fail(ctx, E_INVALID, "%s: line %d is neither [section], key = value nor a comment",
                    name, line);
    return OK;
}

/* --- the environment --- */

/* OUTRIDER_RATE_LIMIT_DEFAULT for rate_limit.default */
static struct str variable_of(struct ctx *ctx, struct str key_name) {
    struct buf b = buf_in(ctx->arena, VALUE_MAX_BYTES);
    buf_str(&b, STR("OUTRIDER_"));
    for (size_t i = 0; i < key_name.n; i++)
        buf_char(&b, key_name.p[i] == '.' ? '_' : ascii_upper(key_name.p[i]));
    return buf_text(&b);
}

/* True when the variable begins like those of one of our sections. */
static bool is_in_a_section(struct ctx *ctx, struct str variable) {
    for (size_t i = 0; i < config_keys_count; i++) {
        struct str name = str_of(config_keys[i].name);
        struct str section = str_sub(name, 0, str_find(name, '.') + 1);
        if (str_starts(variable, variable_of(ctx, section)))
            return true;
    }
    return false;
}

static enum rc read_variable(struct ctx *ctx, struct config *config, struct str entry) {
    size_t equals = str_find(entry, '=');
    struct str variable = str_sub(entry, 0, equals);
    struct str value = str_sub(entry, equals + 1, entry.n);
    struct origin origin = { FROM_ENVIRONMENT, arena_cstr(ctx->arena, variable) };
    for (size_t i = 0; i < config_keys_count; i++)
        if (str_eq(variable, variable_of(ctx, str_of(config_keys[i].name))))
            return set_value(ctx, config, &config_keys[i], value, origin);
    if (!is_in_a_section(ctx, variable))
        return OK;
    return fail(ctx, E_INVALID, "%s (environment): there is no such key; `outrider config` lists all",
                origin.text);
}

static enum rc read_environment(struct ctx *ctx, struct config *config,
                                const char *const *environment) {
    for (; environment && *environment; environment++) {
        struct str entry = str_of(*environment);
        if (!str_starts(entry, STR("OUTRIDER_")))
            continue;
        enum rc rc = read_variable(ctx, config, entry);
        if (rc)
            return rc;
    }
    return OK;
}

/* --- all of it --- */

static void set_defaults(struct ctx *ctx, struct config *config) {
    for (size_t i = 0; i < config_keys_count; i++) {
        const struct config_key *key = &config_keys[i];
        enum rc rc = set_value(ctx, config, key, str_of(key->fallback),
                               (struct origin){ FROM_DEFAULT, "default" });
        ASSERT(rc == OK);
    }
}

static enum rc read_settings(struct ctx *ctx, struct config *config,
                             const struct config_from *from) {
    for (size_t i = 0; i < from->n_settings; i++) {
        struct str setting = from->settings[i];
        size_t equals = str_find(setting, '=');
        if (equals == setting.n)
            return fail(ctx, E_INVALID, "--set: expected key=value");
        enum rc rc = set_named(ctx, config, str_trim(str_sub(setting, 0, equals)),
                               str_sub(setting, equals + 1, setting.n),
                               (struct origin){ FROM_OPTION, "--set" });
        if (rc)
            return rc;
    }
    return OK;
}

enum rc config_load(struct ctx *ctx, const struct config_from *from, struct config *ret_config) {
    struct config config = { 0 };
    set_defaults(ctx, &config);
    enum rc rc = OK;
    struct str text;
    if (from->file)
        rc = file_read(ctx, from->file, FILE_MAX_BYTES, &text);
    if (from->file && rc == OK)
        rc = config_read_ini(ctx, from->file, text, &config);
    if (rc == OK)
        rc = read_environment(ctx, &config, from->environment);
    if (rc == OK)
        rc = read_settings(ctx, &config, from);
    if (rc == OK)
        *ret_config = config;
    return rc;
}

/* --- printing --- */

static void print_list(struct buf *b, const struct strs *list) {
    for (size_t i = 0; i < list->n; i++) {
        buf_str(b, i ? STR(", ") : STR(""));
        buf_str(b, list->p[i]);
    }
}

void config_print_value(struct buf *b, const struct config *config, const struct config_key *key) {
    const void *member = (const char *) config + key->offset;
    if (key->secret) {
        buf_str(b, ((const struct str *) member)->n ? STR("(set)") : STR(""));
        return;
    }
    switch (key->type) {
    case CONFIG_BOOL:
        buf_str(b, *(const bool *) member ? STR("true") : STR("false"));
        break;
    case CONFIG_INT:
        buf_i64(b, *(const int64_t *) member);
        break;
    case CONFIG_REAL:
        buf_printf(b, "%.15g", *(const double *) member);
        break;
    case CONFIG_TEXT:
        buf_str(b, *(const struct str *) member);
        break;
    case CONFIG_CHOICE:
        buf_str(b, str_of(key->choices[*(const int *) member]));
        break;
    case CONFIG_ADDRESSES:
    case CONFIG_IPS:
    case CONFIG_NETWORKS:
        print_list(b, member);
        break;
    }
}
