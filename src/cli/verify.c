/* Each list has a configuration key with a file's name; the engine's other options are
 * keys of the same names. */
#include "cli/verify.h"

#include "base/file.h"
#include "cli/verify_options.h"

enum { LIST_MAX_BYTES = 16 * 1024 * 1024 }; /* of the arena; half a million domains */

static enum rc replace_list(struct cli *cli, struct lists *lists, enum list_kind kind,
                            struct str path) {
    struct str text;
    size_t line = 0;
    enum rc rc = file_read(&cli->ctx, path.p, LIST_MAX_BYTES, &text);
    if (rc == OK && lists_replace(lists, kind, text, &line) != OK)
        rc = fail(&cli->ctx, E_INVALID, "%s, line %zu: not an entry of the list '%s'", path.p, line,
                  list_kind_name(kind));
    return rc;
}

enum rc cli_lists(struct cli *cli, struct lists **ret_lists) {
    const struct str files[LIST_KINDS] = {
        [LIST_DISPOSABLE] = cli->config.verify.disposable_file,
        [LIST_ALLOWED] = cli->config.verify.allowed_file,
        [LIST_FREE] = cli->config.verify.free_file,
        [LIST_SPECIAL_USE] = cli->config.verify.special_use_file,
        [LIST_ROLE] = cli->config.verify.role_file,
        [LIST_SUGGESTED] = cli->config.verify.suggested_file,
    };
    struct lists *lists = lists_new();
    for (unsigned kind = 0; kind < LIST_KINDS; kind++) {
        enum rc rc = str_is_empty(files[kind])
                         ? OK
                         : replace_list(cli, lists, (enum list_kind) kind, files[kind]);
        if (rc != OK) {
            lists_free(&lists);
            return rc;
        }
    }
    *ret_lists = lists;
    return OK;
}

enum rc cli_verify_engine(struct cli *cli, const struct lists *lists,
                          const struct verify_cache *cache, struct verify_engine **ret_engine) {
    struct verify_options options = verify_options_of(&cli->config);
    options.lists = lists;
    options.cache = cache;
    options.logs_unmatched = cache != NULL; /* a server; the command has --unmatched */
    options.clock = cli->ctx.clock;
    const char *reason = NULL;
    enum rc rc = verify_engine_new(&options, ret_engine, &reason);
    if (rc == E_INVALID)
        return usage_error(cli, "%s", reason);
    return rc == OK ? OK : fail(&cli->ctx, rc, "validation cannot start: %s", reason);
}
