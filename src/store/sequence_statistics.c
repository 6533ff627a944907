#include "store/sequence_statistics.h"

#include "base/vec.h"
#include "db/db.h"
#include "store/events.h"
#include "store/queries.h"
#include "store/sequences.h"

#define T struct stage_statistics
static const struct field stage_rows[] = {
    F_ID(T, stage_id, .flags = FIELD_REQUIRED, .doc = "Id of the stage."),
    F_INT(T, index, .flags = FIELD_REQUIRED, .example = "1", .doc = "Its place, from 1."),
    F_ENUM(T, type, .flags = FIELD_REQUIRED, .values = &enum_stage_types, .doc = "What it does."),
    F_COUNTS(T, events, .flags = FIELD_ALWAYS, .example = "{\"email_sent\": 120}",
             .doc = "How often what happened."),
    F_COUNTS(T, leads, .flags = FIELD_ALWAYS, .example = "{\"email_sent\": 120}",
             .doc = "To how many leads."),
};
#undef T
static const struct fields stage_fields
    = FIELDS("StageStatistics", struct stage_statistics, stage_rows,
             .doc = "What became of a stage.");

#define T struct sequence_statistics
static const struct field statistics_rows[] = {
    F_ID(T, sequence_id, .flags = FIELD_REQUIRED, .doc = "Id of the sequence."),
    F_COUNTS(T, statuses, .flags = FIELD_ALWAYS, .example = "{\"active\": 80, \"replied\": 7}",
             .doc = "How many leads have which status."),
    F_COUNTS(T, events, .flags = FIELD_ALWAYS, .example = "{\"email_sent\": 200}",
             .doc = "How often what happened."),
    F_COUNTS(T, leads, .flags = FIELD_ALWAYS, .example = "{\"email_sent\": 120}",
             .doc = "To how many leads."),
    F_LIST(T, stages, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &stage_fields,
           .doc = "The same by stage, in their order."),
};
#undef T
const struct fields sequence_statistics_fields
    = FIELDS("SequenceStatistics", struct sequence_statistics, statistics_rows,
             .doc = "What became of a sequence.");

static const struct query statuses
    = { "sequence_lead_statuses",
        "SELECT status, count(*) FROM sequence_leads WHERE account_id = $1 AND sequence_id = $2 "
        "GROUP BY status ORDER BY status",
        NULL };
static const struct query kinds
    = { "sequence_event_kinds",
        "SELECT kind, count(*), count(DISTINCT lead_id) FROM events WHERE account_id = $1 "
        "AND sequence_id = $2 GROUP BY kind ORDER BY kind",
        NULL };

static const struct query *const queries[] = { &statuses, &kinds };
const struct query_table sequence_statistic_queries = QUERY_TABLE(queries);

/* The second column by the first, and the third into `more` unless it is NULL. */
static enum rc read_counts(struct ctx *ctx, const struct query *query, struct str sequence_id,
                           struct counts *counts, struct counts *more) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, query,
                          DB_ARGS(db_v_text(ctx->account_id), db_v_text(sequence_id)), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows)) {
        struct str key = db_text(rows, 0);
        counts_add(ctx->arena, counts, key, db_int(rows, 1));
        if (more)
            counts_add(ctx->arena, more, key, db_int(rows, 2));
    }
    return db_rows_close(rows);
}

/* Events of stages that are no more are in the totals alone. */
static void give(struct ctx *ctx, struct list *stages, const struct event_count *count) {
    struct stage_statistics *stage = stages->p;
    for (size_t i = 0; i < stages->n; i++) {
        if (!str_eq(stage[i].stage_id, count->stage_id))
            continue;
        counts_add(ctx->arena, &stage[i].events, count->kind, count->events.v);
        counts_add(ctx->arena, &stage[i].leads, count->kind, count->leads.v);
    }
}

static enum rc read_stages(struct ctx *ctx, const struct sequence *s, struct list *ret_stages) {
    const struct sequence_stage *stage = s->stages.p;
    struct list stages = { 0 }, counts = { 0 };
    for (size_t i = 0; i < s->stages.n; i++)
        *(struct stage_statistics *) list_add(ctx->arena, &stages, sizeof(struct stage_statistics))
            = (struct stage_statistics){ .stage_id = stage[i].id, .type = stage[i].type,
                                         .index = opt_int((int64_t) i + 1) };
    enum rc rc = events_count(ctx, s->id, &counts);
    const struct event_count *count = counts.p;
    for (size_t i = 0; rc == OK && i < counts.n; i++)
        give(ctx, &stages, &count[i]);
    if (rc == OK)
        *ret_stages = stages;
    return rc;
}

struct read_work {
    struct str id;
    struct sequence_statistics result;
};

static enum rc read_all(struct ctx *ctx, void *arg) {
    struct read_work *w = arg;
    struct sequence s;
    w->result = (struct sequence_statistics){ .sequence_id = w->id };
    enum rc rc = sequence_get(ctx, w->id, &s);
    if (rc == OK)
        rc = read_counts(ctx, &statuses, s.id, &w->result.statuses, NULL);
    if (rc == OK)
        rc = read_counts(ctx, &kinds, s.id, &w->result.events, &w->result.leads);
    return rc == OK ? read_stages(ctx, &s, &w->result.stages) : rc;
}

enum rc sequence_statistics_get(struct ctx *ctx, struct str sequence_id,
                                struct sequence_statistics *ret_statistics) {
    struct read_work work = { .id = sequence_id };
    enum rc rc = db_at_one_moment(ctx, read_all, &work);
    if (rc == OK)
        *ret_statistics = work.result;
    return rc;
}
