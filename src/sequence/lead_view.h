/* Leads as people see them (store/lead_states.h), with what only this module knows: who was
 * excluded meanwhile and will be removed for that. */
#ifndef SEQUENCE_LEAD_VIEW_H
#define SEQUENCE_LEAD_VIEW_H

#include "store/lead_states.h"

/* As lead_states_list and lead_state_get. */
MUST_USE enum rc lead_view_list(struct ctx *ctx, struct str sequence_id, const struct lead_filter *filter,
                                const struct page *page, struct page_of *ret_page);
MUST_USE enum rc lead_view_get(struct ctx *ctx, struct str id, struct lead_state *ret_lead);

#endif
