/* Each list has a configuration key with a file's name. */
#include "cli/lists.h"

#include "base/check.h"
#include "base/file.h"

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
