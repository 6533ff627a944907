/* What a reply, a bounce or a workflow excludes may be taken back, so other leads than its own are
 * removed for that when their time comes; until then it is shown that they will be. */
#include "sequence/lead_view.h"

#include "base/vec.h"
#include "sequence/excluded.h"

/* What a message does that is on its way, or may be, says more. */
static bool may_be_removed(const struct lead_state *lead) {
    static const enum lead_wait others[] = { WAIT_SENDING, WAIT_UNCERTAIN, WAIT_HELD };
    if (!str_is_set(lead->waits_for) || !str_is_set(lead->email) || lead->ignores_exclusions == YES)
        return false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (str_eq(lead->waits_for, enum_lead_waits.values[others[i]]))
            return false;
    return true;
}

static enum rc note_exclusions(struct ctx *ctx, struct lead_state *leads, size_t n) {
    struct strs emails = { 0 };
    struct map reasons;
    for (size_t i = 0; i < n; i++)
        if (may_be_removed(&leads[i]))
            strs_add(ctx->arena, &emails, leads[i].email);
    enum rc rc = excluded_among(ctx, emails, &reasons);
    for (size_t i = 0; rc == OK && i < n; i++)
        if (may_be_removed(&leads[i]) && map_get(&reasons, leads[i].email))
            lead_state_waits(&leads[i], WAIT_EXCLUDED);
    return rc;
}

enum rc lead_view_list(struct ctx *ctx, struct str sequence_id, const struct lead_filter *filter,
                       const struct page *page, struct page_of *ret_page) {
    enum rc rc = lead_states_list(ctx, sequence_id, filter, page, ret_page);
    return rc == OK ? note_exclusions(ctx, ret_page->items.p, ret_page->items.n) : rc;
}

enum rc lead_view_get(struct ctx *ctx, struct str id, struct lead_state *ret_lead) {
    struct lead_state lead = { .id = STR_NONE };
    enum rc rc = lead_state_get(ctx, id, &lead);
    if (rc == OK)
        rc = note_exclusions(ctx, &lead, 1);
    if (rc == OK)
        *ret_lead = lead;
    return rc;
}
