/* What running batches ask of people who were removed. Done items hold no questions any
 * more (store/enrichments.c), so only those that wait are read, a page at a time. */
#include "base/vec.h"
#include "data/urls.h"
#include "db/db.h"
#include "enrich/batch.h"
#include "search/match.h"
#include "store/removals.h"

enum { PAGE_ITEMS = 500 };

/* One page of the items of one batch. */
struct page_work {
    int64_t id;
    struct list items;   /* of struct enrichment_item */
    struct list removed; /* those of them that ask for a removed person */
};

/* What the items are known by, a list for each kind; an item without has none there. */
struct item_keys {
    struct strs linkedin, email, name;
};

static struct str linkedin_key_of(struct arena *arena, struct str url) {
    struct linkedin parsed;
    bool good = str_is_set(url) && linkedin_parse(arena, url, &parsed) == OK;
    return good && parsed.kind == LINKEDIN_PERSON ? parsed.key : STR_NONE;
}

static struct str email_key_of(struct arena *arena, struct str email) {
    struct email parsed;
    return str_is_set(email) && email_parse(arena, email, &parsed) == OK ? parsed.address
                                                                         : STR_NONE;
}

static enum rc add_keys(struct ctx *ctx, const struct enrichment_item *item,
                        struct item_keys *keys) {
    struct person_query q;
    enum rc rc = enrichment_input_read(ctx, item, &person_enrichment_input_fields, &q);
    if (rc != OK)
        return rc;
    struct str domain = str_is_set(q.company_domain) ? domain_key(ctx->arena, q.company_domain)
                                                     : STR_NONE;
    strs_add(ctx->arena, &keys->linkedin, linkedin_key_of(ctx->arena, q.linkedin_url));
    strs_add(ctx->arena, &keys->email, email_key_of(ctx->arena, q.email));
    strs_add(ctx->arena, &keys->name,
             removal_name_key(ctx->arena, q.name, q.company_name, domain));
    return OK;
}

/* Adds the items whose keys of this kind are those of a removal. */
static enum rc add_removed(struct ctx *ctx, struct page_work *work, enum removal_kind kind,
                           struct strs keys) {
    struct ints at;
    enum rc rc = removals_among(ctx, kind, keys, &at);
    struct enrichment_item *items = work->items.p;
    for (size_t i = 0; rc == OK && i < at.n; i++) {
        struct enrichment_item *item = &items[at.p[i]];
        if (str_is_set(item->status))
            continue; /* by another of its keys */
        item->status = STR("gdpr_removed");
        *(struct enrichment_item *) list_add(ctx->arena, &work->removed, sizeof *item) = *item;
    }
    return rc;
}

static enum rc forget_in_transaction(struct ctx *ctx, void *arg) {
    const struct page_work *work = arg;
    return enrichment_items_done(ctx, work->id, work->removed);
}

static enum rc forget_page(struct ctx *ctx, struct page_work *work) {
    struct item_keys keys = { 0 };
    struct enrichment_item *items = work->items.p;
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < work->items.n; i++)
        rc = add_keys(ctx, &items[i], &keys);
    if (rc == OK)
        rc = add_removed(ctx, work, REMOVAL_LINKEDIN, keys.linkedin);
    if (rc == OK)
        rc = add_removed(ctx, work, REMOVAL_EMAIL, keys.email);
    if (rc == OK)
        rc = add_removed(ctx, work, REMOVAL_NAME, keys.name);
    return rc == OK && work->removed.n ? db_transact(ctx, forget_in_transaction, work) : rc;
}

static enum rc forget_batch(struct ctx *ctx, int64_t id) {
    enum rc rc = OK;
    bool more = true;
    for (int64_t from = 0; rc == OK && more;) {
        /* Each page on an arena of its own: a batch has up to 100,000 items. */
        struct ctx page = *ctx;
        page.arena = arena_new();
        struct page_work work = { .id = id };
        rc = enrichment_pending(&page, id, from, PAGE_ITEMS, &work.items);
        more = rc == OK && work.items.n > 0;
        if (more) {
            const struct enrichment_item *items = work.items.p;
            from = items[work.items.n - 1].position.v + 1;
            rc = forget_page(&page, &work);
        }
        if (rc != OK)
            (void) fail(ctx, rc, "%.*s", STR_FMT(page.err.text)); /* copies the text */
        arena_free(&page.arena);
    }
    return rc;
}

enum rc enrichments_forget_removed(struct ctx *ctx) {
    struct list batches = { 0 };
    enum rc rc = enrichments_running(ctx, ENRICH_PEOPLE, &batches);
    const struct enrichment_ref *batch = batches.p;
    struct ctx inner = *ctx;
    for (size_t i = 0; rc == OK && i < batches.n; i++) {
        inner.account_id = batch[i].account_id;
        rc = forget_batch(&inner, batch[i].id);
    }
    ctx->err = inner.err;
    return rc;
}
