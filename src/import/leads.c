#include "import/leads.h"

#include "base/vec.h"
#include "db/db.h"
#include "store/lead_entries.h"

struct leads_work {
    const struct lead_list *into;
    struct lead_row *rows;
    size_t n;
};

static void reject(struct lead_row *row, struct str reason) {
    row->result = ROW_REJECTED;
    row->reason = reason;
}

/* The leads that the list's type takes; *ret_at are their rows. */
static struct list leads_of(struct ctx *ctx, const struct leads_work *w, const struct lead_list *list,
                            struct ints *ret_at) {
    enum lead_type type = lead_type_of(list->type);
    struct list leads = { 0 };
    for (size_t i = 0; i < w->n; i++) {
        struct lead_row *row = &w->rows[i];
        row->result = ROW_UNCHANGED;
        if (lead_lacks(type, &row->lead)) {
            reject(row, type == LEADS_ADAPTIVE
                            ? STR("no profile, no email address, no name or title with a company")
                            : STR("what leads of the list's type need is missing"));
            continue;
        }
        *(struct lead *) list_add(ctx->arena, &leads, sizeof row->lead) = row->lead;
        ints_add(ctx->arena, ret_at, (int64_t) i);
    }
    return leads;
}

/* Those that are not in the list, in the order of the rows; *at becomes their rows. */
static enum rc leave_out_known(struct ctx *ctx, struct str list_id, struct list *leads,
                               struct ints *at) {
    struct ints fresh = { 0 };
    if (leads->n == 0)
        return OK;
    enum rc rc = lead_entries_new(ctx, list_id, *leads, &fresh);
    struct lead *lead = leads->p;
    for (size_t i = 0; rc == OK && i < fresh.n; i++) {
        lead[i] = lead[fresh.p[i]];
        at->p[i] = at->p[fresh.p[i]];
    }
    leads->n = at->n = fresh.n;
    return rc;
}

static enum rc write_leads(struct ctx *ctx, void *arg) {
    const struct leads_work *w = arg;
    struct lead_list list;
    struct ints at = { 0 };
    size_t added = 0;
    enum rc rc = lead_list_named(ctx, w->into->name, &list);
    bool is_new = rc == E_NOT_FOUND;
    if (rc != OK && !is_new)
        return rc;
    if (is_new) {
        list = *w->into;
        list.id = STR(""); /* nobody is in it */
    }
    struct list leads = leads_of(ctx, w, &list, &at);
    rc = leave_out_known(ctx, list.id, &leads, &at);
    if (rc == OK && leads.n && is_new) {
        added = leads.n;
        rc = lead_list_create(ctx, w->into, leads, &list);
    } else if (rc == OK && leads.n) {
        rc = lead_list_add(ctx, list.id, leads, &list, &added);
    }
    if (rc == E_CONFLICT)
        return fail(ctx, rc, "the list %.*s was canceled", STR_FMT(list.name));
    if (rc == E_CREDITS)
        return fail(ctx, rc, "the account has not enough email credits for a single lead");
    for (size_t i = 0; i < at.n; i++) {
        struct lead_row *row = &w->rows[at.p[i]];
        if (i < added)
            row->result = ROW_NEW;
        else
            reject(row, STR("the list is full"));
    }
    return rc == E_LIMIT ? OK : rc;
}

enum rc import_leads(struct ctx *ctx, const struct lead_list *into, struct lead_row *rows,
                     size_t n) {
    return db_transact(ctx, write_leads, &(struct leads_work){ into, rows, n });
}
