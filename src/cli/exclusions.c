/* exclusions import: a list from somewhere else, such as a CRM. */
#include "base/check.h"
#include "base/file.h"
#include "base/vec.h"
#include "cli/tables.h"
#include "data/urls.h"
#include "sequence/excluded.h"
#include "store/exclusions.h"

enum { FILE_MAX_BYTES = 32 * 1024 * 1024 };

struct import {
    struct cli *cli;
    struct new_exclusions by_kind[2];
    int64_t rejected;
};

/* One value: an address when it has an @, else a domain. */
static void take_line(struct import *im, struct str line, size_t number) {
    struct arena *arena = im->cli->ctx.arena;
    bool is_email = str_find(line, '@') < line.n;
    struct email email;
    struct domain domain;
    enum rc rc = is_email ? email_parse(arena, line, &email) : domain_parse(arena, line, &domain);
    if (rc != OK) {
        im->rejected++;
        fprintf(stderr, "line %zu: neither a domain nor an email address\n", number);
        return;
    }
    strs_add(arena, &im->by_kind[is_email ? EXCLUDED_EMAIL : EXCLUDED_DOMAIN].values,
             is_email ? email.address : domain.host);
}

static enum rc add(struct import *im, int64_t *imported) {
    for (size_t k = 0; k < LENGTH(im->by_kind); k++) {
        struct strs results = { 0 };
        const struct new_exclusions *added = &im->by_kind[k];
        enum rc rc = added->values.n ? exclusions_add(&im->cli->ctx, added, &results) : OK;
        if (rc == OK)
            rc = excluded_remove_leads(&im->cli->ctx, added->kind, added->values);
        if (rc != OK)
            return rc;
        for (size_t i = 0; i < results.n; i++)
            *imported += str_eq(results.p[i], exclusion_success);
    }
    return OK;
}

static enum rc exclusions_import(struct cli *cli) {
    struct str source = cli_option(cli, "source"), rest, line;
    struct import im = { .cli = cli };
    for (size_t k = 0; k < LENGTH(im.by_kind); k++)
        im.by_kind[k] = (struct new_exclusions){ .kind = (enum exclusion_kind) k,
                                                 .source = source, .reason = STR("import") };
    enum rc rc = file_read(&cli->ctx, cli->args.p[0].p, FILE_MAX_BYTES, &rest);
    if (rc != OK)
        return rc;
    for (size_t number = 1; str_cut(&rest, '\n', &line); number++) {
        line = str_trim(line);
        if (line.n)
            take_line(&im, line, number);
    }
    int64_t imported = 0;
    rc = add(&im, &imported);
    if (rc == OK)
        fprintf(cli->out, "imported %lld, updated 0, rejected %lld\n", (long long) imported,
                (long long) im.rejected);
    return rc;
}

static const struct option_row options[] = {
    { "source", "NAME", OPTION_REQUIRED, NULL,
      "where the list comes from, such as salesforce; the API does not delete these" },
};

static const struct command rows[] = {
    { "exclusions import", "FILE", 1, 1, COMMAND_DATABASE | COMMAND_ACCOUNT, options,
      LENGTH(options), exclusions_import, "Excludes the domains and addresses of a file",
      "One on each line. Their leads are removed from sequences at once." },
};
const struct command_table exclusion_commands = COMMAND_TABLE(rows);
