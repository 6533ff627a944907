#include "cli/cells.h"

#include "base/file.h"
#include "json/pretty.h"
#include "json/reader.h"
#include "json/writer.h"
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

enum rc cli_read_json(struct cli *cli, struct str path, size_t max, const struct fields *fields,
                      void *ret_object) {
    struct ctx *ctx = &cli->ctx;
    struct json_position at;
    struct str text;
    json_t *root;
    enum rc rc = file_read(ctx, path.p, max, &text);
    if (rc != OK)
        return rc;
    if (json_parse(ctx->arena, text, &root, &at) != OK)
        return fail(ctx, E_INVALID, "%s, line %zu, column %zu: %.*s", path.p, at.line, at.column,
                    STR_FMT(at.message));
    return json_read_fields(ctx, fields, root, STR(""), ret_object);
}

enum rc cli_print_json(struct cli *cli, const struct fields *fields, const void *object, size_t max) {
    struct buf plain = buf_on_heap(max), pretty = buf_on_heap(max);
    struct json_writer w = json_writer(&plain);
    json_fields(&w, fields, object);
    enum rc rc = json_pretty(cli->ctx.arena, buf_text(&plain), &pretty);
    if (rc == OK)
        (void) fwrite(pretty.p, 1, pretty.n, cli->out); /* the stream is checked at the end */
    else
        rc = fail(&cli->ctx, rc, "it has more than %zu bytes", max);
    buf_done(&plain);
    buf_done(&pretty);
    return rc;
}
