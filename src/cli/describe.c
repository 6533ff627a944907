/* Commands that print what the program's tables hold. */
#include "base/check.h"
#include "cli/commands.h"
#include "cli/tables.h"

enum { LINE_MAX_BYTES = 8192 };

static const char *type_text(struct cli *cli, const struct config_key *key) {
    switch (key->type) {
    case CONFIG_BOOL:
        return "true or false";
    case CONFIG_INT:
        return arena_printf(cli->ctx.arena, "%lld to %lld", (long long) key->min,
                            (long long) key->max).p;
    case CONFIG_REAL:
        return "number";
    case CONFIG_TEXT:
        return "text";
    case CONFIG_ADDRESSES:
        return "list of ip:port";
    case CONFIG_CHOICE:
        break;
    }
    struct buf b = buf_in(cli->ctx.arena, LINE_MAX_BYTES);
    for (size_t i = 0; key->choices[i]; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", key->choices[i]);
    return arena_cstr(cli->ctx.arena, buf_text(&b));
}

/* verify.smtp_port = 2525
 *     1 to 65535; default 25; set by --set. Port of … */
static void print_key(struct cli *cli, const struct config_key *key) {
    static const char *const sources[] = { [FROM_FILE] = "; set in the file",
                                           [FROM_ENVIRONMENT] = "; set in the environment",
                                           [FROM_OPTION] = "; set by --set" };
    struct buf b = buf_in(cli->ctx.arena, LINE_MAX_BYTES);
    config_print_value(&b, &cli->config, key);
    const char *source = sources[cli->config.source[key - config_keys]];
    fprintf(cli->out, "%s = %.*s\n    %s; default %s%s. %s\n", key->name, STR_FMT(buf_text(&b)),
            type_text(cli, key), *key->fallback ? key->fallback : "empty", source ? source : "",
            key->doc);
}

static void print_sample(struct cli *cli) {
    struct str section = STR("");
    fprintf(cli->out, "; Configuration of Outrider: every key with its default, commented out.\n"
                      "; Use it with --config FILE.\n");
    for (size_t i = 0; i < config_keys_count; i++) {
        struct str name = str_of(config_keys[i].name);
        size_t dot = str_find(name, '.');
        struct str own = str_sub(name, 0, dot);
        if (!str_eq(own, section))
            fprintf(cli->out, "\n[%.*s]\n", STR_FMT(own));
        section = own;
        fprintf(cli->out, "; %s (%s)\n;%s = %s\n", config_keys[i].doc,
                type_text(cli, &config_keys[i]), name.p + dot + 1, config_keys[i].fallback);
    }
}

static enum rc config(struct cli *cli) {
    if (cli_flag(cli, "sample")) {
        print_sample(cli);
        return OK;
    }
    for (size_t i = 0; i < config_keys_count; i++)
        print_key(cli, &config_keys[i]);
    return OK;
}

static const struct option_row config_options[] = {
    { "sample", NULL, 0, NULL, "prints a configuration file with every key at its default" },
};

static const struct command rows[] = {
    { "config", NULL, 0, 0, 0, config_options, LENGTH(config_options), config,
      "Prints every configuration key with its value, default and meaning", NULL },
};
const struct command_table describe_commands = COMMAND_TABLE(rows);
