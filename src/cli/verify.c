/* Each list has a configuration key with a file's name; the engine's other options are
 * keys of the same names. */
#include "cli/verify.h"

#include "base/check.h"
#include "base/file.h"
#include "base/vec.h"

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

static struct strs words_of(struct arena *arena, struct str text) {
    struct strs words = { 0 };
    struct str part, word;
    while (str_cut(&text, ',', &part))
        while (str_word(&part, &word))
            strs_add(arena, &words, word);
    return words;
}

enum rc cli_verify_engine(struct cli *cli, const struct lists *lists,
                          const struct verify_cache *cache, struct verify_engine **ret_engine) {
    const struct verify_options options = {
        .lists = lists,
        .cache = cache,
        .clock = cli->ctx.clock,
        .dns_servers = cli->config.verify.dns_servers,
        .source_addresses = words_of(cli->ctx.arena, cli->config.verify.source_addresses),
        .helo = cli->config.verify.helo,
        .mail_from = cli->config.verify.mail_from,
        .probe = cli->config.verify.probe,
        .bare_rejects = cli->config.verify.bare_rejects,
        .allow_private = cli->config.verify.allow_private,
        .retry_scale = cli->config.verify.retry_scale,
        .smtp_port = cli->config.verify.smtp_port,
        .connections_max = cli->config.verify.connections,
        .source_per_day = cli->config.verify.source_per_day,
    };
    const char *reason = NULL;
    enum rc rc = verify_engine_new(&options, ret_engine, &reason);
    if (rc == E_INVALID)
        return usage_error(cli, "%s", reason);
    return rc == OK ? OK : fail(&cli->ctx, rc, "validation cannot start: %s", reason);
}
