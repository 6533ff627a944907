/* privacy remove: a person who asks to be forgotten. */
#include "base/check.h"
#include "cli/tables.h"
#include "data/urls.h"
#include "db/db.h"
#include "store/people.h"
#include "store/removals.h"

struct removal {
    enum removal_kind kind;
    struct str key;       /* absent: an id that names nobody */
    struct person person;
    bool is_known;
};

static enum rc read_who(struct cli *cli, struct removal *r) {
    struct str url = cli_option(cli, "linkedin-url"), email = cli_option(cli, "email");
    struct str id = cli_option(cli, "person");
    if (str_is_set(url) + str_is_set(email) + str_is_set(id) != 1)
        return usage_error(cli, "give one of --linkedin-url, --email and --person");
    struct linkedin page;
    struct email parsed;
    if (str_is_set(id)) {
        r->kind = REMOVAL_ID;
        r->key = id;
        return OK;
    }
    if (str_is_set(url)) {
        if (linkedin_parse(cli->ctx.arena, url, &page) != OK || page.kind != LINKEDIN_PERSON)
            return usage_error(cli, "--linkedin-url: not the address of a person's profile");
        r->kind = REMOVAL_LINKEDIN;
        r->key = page.key;
        return OK;
    }
    if (email_parse(cli->ctx.arena, email, &parsed) != OK)
        return usage_error(cli, "--email: not an email address");
    r->kind = REMOVAL_EMAIL;
    r->key = parsed.address;
    return OK;
}

static enum rc look_up(struct ctx *ctx, struct removal *r) {
    enum rc rc = r->kind == REMOVAL_ID         ? person_get(ctx, r->key, &r->person)
                 : r->kind == REMOVAL_LINKEDIN ? person_by_linkedin(ctx, r->key, &r->person)
                                               : person_by_email(ctx, r->key, &r->person);
    r->is_known = rc == OK;
    return rc == E_NOT_FOUND ? OK : rc;
}

static enum rc remove_in_transaction(struct ctx *ctx, void *arg) {
    struct removal *r = arg;
    enum rc rc = look_up(ctx, r);
    if (rc == OK && r->is_known)
        rc = person_remove(ctx, &r->person);
    /* Also what was asked for, so that a later import of this person is refused. */
    return rc == OK ? removal_add(ctx, r->kind, r->key) : rc;
}

static enum rc privacy_remove(struct cli *cli) {
    struct removal removal = { 0 };
    enum rc rc = read_who(cli, &removal);
    if (rc == OK)
        rc = db_transact(&cli->ctx, remove_in_transaction, &removal);
    if (rc != OK)
        return rc;
    fprintf(cli->out, removal.is_known
                          ? "removed; later imports of this person are refused\n"
                          : "not in the database; later imports of this person are refused\n");
    return OK;
}

static const struct option_row options[] = {
    { "linkedin-url", "URL", 0, NULL, "the person's profile" },
    { "email", "ADDRESS", 0, NULL, "the person's address" },
    { "person", "ID", 0, NULL, "the person's id" },
};

static const struct command rows[] = {
    { "privacy remove", NULL, 0, 0, COMMAND_DATABASE | COMMAND_SERVICES, options, LENGTH(options), privacy_remove,
      "Deletes a person's data for good",
      "Leaves only keyed hashes, by which find answers 451 and imports refuse the person." },
};
const struct command_table privacy_commands = COMMAND_TABLE(rows);
