/* privacy remove: a person who asks to be forgotten. The rows go in one transaction; what
 * else may hold the person's data is then gone through in steps, so that a server on the
 * same database goes on. Killed in between, the command does the rest when it is run again. */
#include "base/check.h"
#include "base/vec.h"
#include "cli/database.h"
#include "cli/tables.h"
#include "data/urls.h"
#include "db/db.h"
#include "enrich/batch.h"
#include "search/follow.h"
#include "store/changes.h"
#include "store/contacts.h"
#include "store/idempotency.h"
#include "store/messages.h"
#include "store/people.h"
#include "store/removals.h"
#include "store/validations.h"

struct removal {
    enum removal_kind kind;
    struct str key;       /* absent: an id that names nobody */
    struct person person;
    struct list numbers; /* of struct phone_number: the person's */
    bool is_known;
};

/* Of a phone number: fewer digits are in any text. */
enum { NUMBER_MIN = 7 };

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
    r->numbers = (struct list){ 0 };
    struct strs ids = { 0 };
    strs_add(ctx->arena, &ids, r->person.id);
    return rc == E_NOT_FOUND ? OK : rc == OK ? phone_numbers_of(ctx, ids, &r->numbers) : rc;
}

static void add_word(struct ctx *ctx, struct strs *words, struct str word) {
    if (!str_is_empty(word))
        strs_add(ctx->arena, words, word);
}

/* What a stored answer that shows the person has in it. All of these are in lower case. */
static struct strs words_of(struct ctx *ctx, const struct removal *r) {
    struct strs words = { 0 };
    if (r->kind != REMOVAL_ID)
        add_word(ctx, &words, r->key);
    if (!r->is_known)
        return words;
    add_word(ctx, &words, r->person.id);
    add_word(ctx, &words, r->person.linkedin_key);
    add_word(ctx, &words, r->person.email_key);
    const struct phone_number *number = r->numbers.p;
    for (size_t i = 0; i < r->numbers.n; i++)
        if (number[i].number.n >= NUMBER_MIN)
            add_word(ctx, &words, number[i].number);
    return words;
}

/* Accounts may work with somebody who never was among the people. */
static enum rc forget_contacts(struct ctx *ctx, const struct removal *r) {
    struct str email = r->kind == REMOVAL_EMAIL ? r->key : STR_NONE;
    struct str profile = r->kind == REMOVAL_LINKEDIN ? r->key : STR_NONE;
    enum rc rc = messages_forget(ctx, email, profile);
    if (rc == OK && r->is_known)
        rc = messages_forget(ctx, r->person.email_key, r->person.linkedin_key);
    if (rc == OK)
        rc = contacts_forget(ctx, email, profile);
    return rc == OK && r->is_known
               ? contacts_forget(ctx, r->person.email_key, r->person.linkedin_key)
               : rc;
}

static enum rc remove_in_transaction(struct ctx *ctx, void *arg) {
    struct removal *r = arg;
    enum rc rc = removals_begin(ctx);
    if (rc == OK)
        rc = look_up(ctx, r);
    if (rc == OK && r->is_known)
        rc = person_remove(ctx, &r->person);
    if (rc == OK && r->kind == REMOVAL_EMAIL)
        rc = validations_forget(ctx, STR_NONE, r->key);
    if (rc == OK && r->is_known && str_is_set(r->person.email_key))
        rc = validations_forget(ctx, STR_NONE, r->person.email_key);
    if (rc == OK)
        rc = forget_contacts(ctx, r);
    /* Also what was asked for, so that a later import of this person is refused. */
    return rc == OK ? removal_add(ctx, r->kind, r->key) : rc;
}

/* The words of the removed are in the indexes' files, too: servers that run make theirs anew,
 * of others nothing is kept. */
static enum rc forget_in_indexes(struct cli *cli) {
    enum rc rc = changes_new_origin(&cli->ctx);
    return rc == OK ? follower_discard(&cli->ctx, cli_search_folder(cli)) : rc;
}

static enum rc privacy_remove(struct cli *cli) {
    struct removal removal = { 0 };
    enum rc rc = read_who(cli, &removal);
    if (rc == OK)
        rc = db_transact(&cli->ctx, remove_in_transaction, &removal);
    if (rc == OK)
        rc = idempotency_forget(&cli->ctx, words_of(&cli->ctx, &removal));
    if (rc == OK)
        rc = enrichments_forget_removed(&cli->ctx);
    if (rc == OK)
        rc = removals_erase(&cli->ctx);
    if (rc == OK)
        rc = forget_in_indexes(cli);
    if (rc != OK)
        return rc;
    fprintf(cli->out, removal.is_known
                          ? "removed; later imports of this person are refused\n"
                          : "not in the database; later imports of this person are refused\n");
    return OK;
}

static enum rc privacy_rewrite(struct cli *cli) {
    enum rc rc = db_rewrite(&cli->ctx);
    if (rc == OK)
        fprintf(cli->out, "rewritten; nothing removed is left in the database's files\n");
    return rc;
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
    { "privacy rewrite", NULL, 0, 0, COMMAND_DATABASE, NULL, 0, privacy_rewrite,
      "Writes the database file anew, without its unused parts",
      "After removals, when it suits: few of them leave a trace there. Writing waits meanwhile." },
};
const struct command_table privacy_commands = COMMAND_TABLE(rows);
