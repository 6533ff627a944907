/* Commands that print what the program's tables hold. */
#include "base/check.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/tables.h"
#include "http/openapi.h"
#include "http/router.h"

enum { LINE_MAX_BYTES = 8192, DOCUMENT_MAX_BYTES = 8 * 1024 * 1024 };

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
    case CONFIG_IPS:
        return "list of IP addresses";
    case CONFIG_NETWORKS:
        return "list of networks";
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

/* --- the API --- */

static enum rc routes(struct cli *cli) {
    static const char *const scopes[] = { [SCOPE_NONE] = "-", [SCOPE_API] = "api",
                                          [SCOPE_ADMIN] = "admin" };
    for (size_t t = 0; t < cli->program->n_routes; t++)
        for (size_t i = 0; i < cli->program->routes[t]->n; i++) {
            const struct route *route = &cli->program->routes[t]->rows[i];
            fprintf(cli->out, "%-6s %-40s %-5s %s\n", method_name(route->method), route->path,
                    scopes[route->scope], route->summary ? route->summary : "");
        }
    return OK;
}

static enum rc openapi(struct cli *cli) {
    const struct program *program = cli->program;
    struct buf b = buf_in(cli->ctx.arena, DOCUMENT_MAX_BYTES);
    if (str_eq(cli_option(cli, "format"), STR("json")))
        openapi_write(&b, program->routes, program->n_routes, OUTRIDER_VERSION);
    else
        docs_write(&b, program->routes, program->n_routes);
    if (buf_result(&b) != OK)
        return fail(&cli->ctx, E_TOO_LARGE, "the document is larger than %d bytes",
                    DOCUMENT_MAX_BYTES);
    (void) fwrite(b.p, 1, b.n, cli->out); /* the stream is checked at the end of the program */
    return OK;
}

static const struct option_row openapi_options[] = {
    { "format", "json|markdown", 0, "json", "OpenAPI 3.1, or the same to read" },
};

static const struct option_row config_options[] = {
    { "sample", NULL, 0, NULL, "prints a configuration file with every key at its default" },
};

static const struct command rows[] = {
    { "config", NULL, 0, 0, 0, config_options, LENGTH(config_options), config,
      "Prints every configuration key with its value, default and meaning", NULL },
    { "routes", NULL, 0, 0, 0, NULL, 0, routes,
      "Prints every operation of the API with the scope that its key needs", NULL },
    { "openapi", NULL, 0, 0, 0, openapi_options, LENGTH(openapi_options), openapi,
      "Prints the description of the API, as GET /openapi.json answers it", NULL },
};
const struct command_table describe_commands = COMMAND_TABLE(rows);
