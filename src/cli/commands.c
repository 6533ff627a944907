/* Parsing is in two steps, because a value may stand before the command's words
 * ("--data-dir x key list") and only the command knows which of its own options take
 * one: first the words are found, stepping over the options that all commands have;
 * then everything is read with both tables at hand. */
#include "cli/commands.h"

#include "base/check.h"
#include "base/vec.h"
#include "cli/tables.h"

enum { WORDS_MAX = 2 };

static const struct option_row common_options[] = {
    { "data-dir", "DIR", 0, "./var", "where the database and the secret key are" },
    { "database", "URL", 0, NULL, "postgresql://… instead of the embedded database" },
    { "config", "FILE", 0, NULL, "configuration file (see `outrider config --sample`)" },
    { "set", "KEY=VALUE", OPTION_REPEATED, NULL, "sets a configuration key; any number of times" },
    { "help", NULL, 0, NULL, "explains the command" },
};

static const struct option_row account_option = {
    "account", "ID", 0, NULL, "the account; may be left out when there is only one"
};

static const struct option_row version_option = { "version", NULL, 0, NULL,
                                                  "prints the version" };

/* --- options by name --- */

static const struct option_row *find_in(const struct option_row *rows, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_of(rows[i].name)))
            return &rows[i];
    return NULL;
}

static const struct option_row *find_option(const struct command *command, struct str name) {
    const struct option_row *row = find_in(common_options, LENGTH(common_options), name);
    if (!row && command)
        row = find_in(command->options, command->n_options, name);
    if (!row && command && command->flags & COMMAND_ACCOUNT)
        row = find_in(&account_option, 1, name);
    if (!row && !command)
        row = find_in(&version_option, 1, name);
    return row;
}

static const struct given *last_given(const struct cli *cli, const struct option_row *option) {
    const struct given *list = cli->given.p;
    for (size_t i = cli->given.n; i-- > 0;)
        if (list[i].option == option)
            return &list[i];
    return NULL;
}

struct str cli_option(const struct cli *cli, const char *name) {
    const struct option_row *option = find_option(cli->command, str_of(name));
    ASSERT(option && option->value);
    const struct given *given = last_given(cli, option);
    return given ? given->value : str_of(option->fallback);
}

bool cli_flag(const struct cli *cli, const char *name) {
    const struct option_row *option = find_option(cli->command, str_of(name));
    ASSERT(option && !option->value);
    return last_given(cli, option) != NULL;
}

struct strs cli_option_list(const struct cli *cli, const char *name) {
    const struct option_row *option = find_option(cli->command, str_of(name));
    ASSERT(option && option->flags & OPTION_REPEATED);
    const struct given *given = cli->given.p;
    struct strs values = { 0 };
    for (size_t i = 0; i < cli->given.n; i++)
        if (given[i].option == option)
            strs_add(cli->ctx.arena, &values, given[i].value);
    return values;
}

/* --- step one: the command's words --- */

struct words {
    struct str list[WORDS_MAX];
    int at[WORDS_MAX]; /* positions in argv */
    size_t n;
};

/* The first words of the command line. Stops at an option that is not common: the
 * command stands before its own options. */
static struct words find_words(int argc, const char *const *argv) {
    struct words words = { 0 };
    for (int i = 1; i < argc && words.n < WORDS_MAX; i++) {
        struct str arg = str_of(argv[i]);
        if (!str_starts(arg, STR("-"))) {
            words.at[words.n] = i;
            words.list[words.n++] = arg;
            continue;
        }
        struct str name = str_sub(arg, 2, str_find(arg, '='));
        const struct option_row *option = find_option(NULL, name);
        if (!option || !str_starts(arg, STR("--")))
            break;
        if (option->value && str_find(arg, '=') == arg.n)
            i++;
    }
    return words;
}

/* How many of the words make up the command's; 0 when they are not its words. */
static size_t matching_words(const struct command *command, const struct words *words) {
    struct str rest = str_of(command->word), word;
    size_t n = 0;
    while (str_word(&rest, &word)) {
        if (n == words->n || !str_eq(word, words->list[n]))
            return 0;
        n++;
    }
    return n;
}

static size_t find_command(const struct words *words, const struct command **ret_command) {
    size_t longest = 0;
    *ret_command = NULL;
    for (size_t t = 0; t < command_tables_count; t++)
        for (size_t i = 0; i < command_tables[t]->n; i++) {
            size_t n = matching_words(&command_tables[t]->rows[i], words);
            if (n > longest) {
                longest = n;
                *ret_command = &command_tables[t]->rows[i];
            }
        }
    return longest;
}

/* "key" of "key create". */
static struct str group_of(const struct command *command) {
    struct str word = str_of(command->word);
    size_t space = str_find(word, ' ');
    return space == word.n ? STR_NONE : str_sub(word, 0, space);
}

static bool is_group(struct str word) {
    for (size_t t = 0; t < command_tables_count; t++)
        for (size_t i = 0; i < command_tables[t]->n; i++)
            if (str_is_set(word) && str_eq(word, group_of(&command_tables[t]->rows[i])))
                return true;
    return false;
}

/* --- step two: everything --- */

struct reading {
    struct cli *cli;
    int argc;
    const char *const *argv;
    int at;
    int skip[WORDS_MAX]; /* positions of the command's words */
    size_t n_skip;
    bool only_arguments; /* behind `--` */
};

static bool is_one_of(struct str choices, struct str value) {
    for (struct str choice; str_cut(&choices, '|', &choice);)
        if (str_eq(choice, value))
            return true;
    return false;
}

static enum rc add_given(struct cli *cli, const struct option_row *option, struct str value) {
    bool closed = option->value && str_find(str_of(option->value), '|') != strlen(option->value);
    if (closed && !is_one_of(str_of(option->value), value))
        return usage_error(cli, "--%s: '%.*s' must be one of %s", option->name, STR_FMT(value),
                           option->value);
    struct given *given = list_add(cli->ctx.arena, &cli->given, sizeof *given);
    *given = (struct given){ option, value };
    return OK;
}

static enum rc read_option(struct reading *reading, struct str arg) {
    struct cli *cli = reading->cli;
    size_t equals = str_find(arg, '=');
    struct str name = str_sub(arg, 2, equals);
    if (str_eq(arg, STR("-h")))
        name = STR("help");
    const struct option_row *option = find_option(cli->command, name);
    if (!option || (!str_starts(arg, STR("--")) && !str_eq(arg, STR("-h"))))
        return usage_error(cli, "unknown option %.*s", STR_FMT(str_sub(arg, 0, equals)));
    if (!option->value && equals != arg.n)
        return usage_error(cli, "--%s takes no value", option->name);
    if (!option->value)
        return add_given(cli, option, STR(""));
    if (equals != arg.n)
        return add_given(cli, option, str_sub(arg, equals + 1, arg.n));
    if (reading->at + 1 >= reading->argc)
        return usage_error(cli, "--%s needs a value: %s", option->name, option->value);
    return add_given(cli, option, str_of(reading->argv[++reading->at]));
}

static bool is_word_of_command(const struct reading *reading) {
    for (size_t i = 0; i < reading->n_skip; i++)
        if (reading->skip[i] == reading->at)
            return true;
    return false;
}

static enum rc read_all(struct reading *reading) {
    struct cli *cli = reading->cli;
    for (reading->at = 1; reading->at < reading->argc; reading->at++) {
        struct str arg = str_of(reading->argv[reading->at]);
        if (is_word_of_command(reading))
            continue;
        if (!reading->only_arguments && str_eq(arg, STR("--"))) {
            reading->only_arguments = true;
        } else if (reading->only_arguments || arg.n < 2 || arg.p[0] != '-') {
            strs_add(cli->ctx.arena, &cli->args, arg);
        } else {
            enum rc rc = read_option(reading, arg);
            if (rc)
                return rc;
        }
    }
    return OK;
}

static enum rc check_command(struct cli *cli) {
    const struct command *command = cli->command;
    if (cli->args.n < command->args_min)
        return usage_error(cli, "%s needs %s", command->word, command->arguments);
    if (cli->args.n > command->args_max)
        return usage_error(cli, "unexpected argument '%.*s'",
                           STR_FMT(cli->args.p[command->args_max]));
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option_row *option = &command->options[i];
        if (option->flags & OPTION_REQUIRED && !last_given(cli, option))
            return usage_error(cli, "%s needs --%s %s", command->word, option->name, option->value);
    }
    return OK;
}

static enum rc no_command(struct cli *cli, const struct words *words) {
    if (str_is_set(cli->group))
        return usage_error(cli, "'%.*s' needs one more word; `outrider %.*s --help` lists them",
                           STR_FMT(cli->group), STR_FMT(cli->group));
    if (words->n)
        return usage_error(cli, "unknown command '%.*s'; `outrider --help` lists all",
                           STR_FMT(words->list[0]));
    return usage_error(cli, "no command; `outrider --help` lists all");
}

enum rc cli_parse(struct cli *cli, int argc, const char *const *argv) {
    struct words words = find_words(argc, argv);
    struct reading reading = { .cli = cli, .argc = argc, .argv = argv };
    reading.n_skip = find_command(&words, &cli->command);
    if (!cli->command && words.n && is_group(words.list[0]))
        cli->group = words.list[0];
    memcpy(reading.skip, words.at, sizeof reading.skip);
    enum rc rc = read_all(&reading);
    cli->wants_help = cli_flag(cli, "help");
    cli->wants_version = !cli->command && cli_flag(cli, "version");
    if (cli->wants_help && (cli->command || !words.n || str_is_set(cli->group))) {
        ctx_clear_error(&cli->ctx);
        return OK;
    }
    if (cli->command)
        return rc ? rc : check_command(cli);
    if (rc == OK && cli->wants_version && !words.n)
        return OK;
    if (words.n)
        ctx_clear_error(&cli->ctx); /* an unknown option may be right behind a known command */
    return rc && !words.n ? rc : no_command(cli, &words);
}

/* --- help --- */

static void print_option(FILE *out, const struct option_row *option) {
    struct str name = str_of(option->name), value = str_of(option->value);
    size_t width = name.n + 2 + (value.p ? value.n + 1 : 0);
    fprintf(out, "  --%s%s%s%*s  %s", option->name, value.p ? " " : "", value.p ? value.p : "",
            width < 24 ? (int) (24 - width) : 0, "", option->doc);
    if (option->fallback)
        fprintf(out, " (default %s)", option->fallback);
    fputc('\n', out);
}

static void print_usage(FILE *out, const struct command *command) {
    fprintf(out, "usage: outrider %s", command->word);
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option_row *option = &command->options[i];
        bool required = option->flags & OPTION_REQUIRED;
        fprintf(out, " %s--%s%s%s%s%s", required ? "" : "[", option->name,
                option->value ? " " : "", option->value ? option->value : "",
                required ? "" : "]", option->flags & OPTION_REPEATED ? "…" : "");
    }
    if (command->flags & COMMAND_ACCOUNT)
        fprintf(out, " [--account ID]");
    fprintf(out, "%s%s\n\n", command->arguments ? " " : "",
            command->arguments ? command->arguments : "");
}

static void help_command(FILE *out, const struct command *command) {
    print_usage(out, command);
    fprintf(out, "%s.\n", command->summary);
    if (command->help)
        fprintf(out, "%s\n", command->help);
    if (command->n_options || command->flags & COMMAND_ACCOUNT)
        fprintf(out, "\nOptions:\n");
    for (size_t i = 0; i < command->n_options; i++)
        print_option(out, &command->options[i]);
    if (command->flags & COMMAND_ACCOUNT)
        print_option(out, &account_option);
}

static void list_commands(FILE *out, struct str group) {
    for (size_t t = 0; t < command_tables_count; t++)
        for (size_t i = 0; i < command_tables[t]->n; i++) {
            const struct command *command = &command_tables[t]->rows[i];
            if (!str_is_set(group) || str_eq(group, group_of(command)))
                fprintf(out, "  %-18s  %s\n", command->word, command->summary);
        }
}

void cli_help(const struct cli *cli, FILE *out) {
    if (cli->command) {
        help_command(out, cli->command);
    } else {
        fprintf(out, "usage: outrider COMMAND [options]\n\nCommands (`outrider COMMAND --help` says more):\n");
        list_commands(out, cli->group);
    }
    fprintf(out, "\nOptions of every command:\n");
    for (size_t i = 0; i < LENGTH(common_options); i++)
        print_option(out, &common_options[i]);
    if (!cli->command && !str_is_set(cli->group))
        print_option(out, &version_option);
}

/* --- the commands, in the order of the help --- */

const struct command_table *const command_tables[] = {
    &serve_commands,
    &account_commands,
    &import_commands,
    &export_commands,
    &privacy_commands,
    &exclusion_commands,
    &lead_commands,
    &mailbox_commands,
    &sequence_commands,
    &task_commands,
    &disposition_commands,
    &webhook_commands,
    &workflow_commands,
    &validate_commands,
    &database_commands,
    &describe_commands,
    &doctor_commands,
};
const size_t command_tables_count = LENGTH(command_tables);
