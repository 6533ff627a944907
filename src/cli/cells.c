#include "cli/cells.h"

#include "store/sequences.h"

void cli_cell(struct cli *cli, struct str text, const char *end) {
    for (size_t i = 0; i < text.n; i++)
        (void) fputc((unsigned char) text.p[i] < ' ' ? ' ' : text.p[i], cli->out);
    (void) fputs(end, cli->out); /* the stream is checked at the end of the program */
}

enum rc cli_sequence_id(struct cli *cli, struct str *ret_id) {
    struct str word = cli->args.p[0];
    struct sequence s;
    enum rc rc = sequence_id_by_name(&cli->ctx, word, ret_id);
    if (rc != E_NOT_FOUND)
        return rc;
    rc = sequence_head(&cli->ctx, word, &s);
    if (rc == E_NOT_FOUND)
        return fail(&cli->ctx, rc, "the account has no sequence %.*s; `outrider sequence list` "
                    "shows all", STR_FMT(word));
    if (rc == OK)
        *ret_id = s.id;
    return rc;
}
