/* Replies: what came back from leads and about messages to them, as rows, and their bytes.
 * How they are read is sequence/inbox.h, what follows from them sequence/reply_effects.h.
 * Scoped to the account of ctx; what writes is called inside db_transact unless it says
 * otherwise. */
#ifndef STORE_REPLIES_H
#define STORE_REPLIES_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/pages.h"

/* Whom somebody names who is not the right person. */
struct referred_person {
    struct str email, first_name, last_name, title, company_name, company_domain;
};
extern const struct fields referred_person_fields;

/* What a report says of a message that did not arrive. */
struct reply_bounce {
    struct str recipient, reason, status, diagnostic;
};
extern const struct fields reply_bounce_fields;

/* What it changed, as people are shown it: of each an id or a word, absent when it did not. What can be
 * taken back is in store/reply_claims.h. */
struct reply_effects {
    struct str lead_ended;     /* the status that it gave to its lead */
    struct str lead_was;       /* the status before */
    struct str excluded_email; /* that it put on the list */
    enum tri lead_paused;
};
extern const struct fields reply_effects_fields;

struct stored_reply {
    struct str id, kind, kind_rule, matched_by;
    struct str mailbox_id, user_id, message_id, lead_id, sequence_id, stage_id, contact_id;
    struct str header_id, from_address, from_name;
    struct strs to_addresses, cc_addresses;
    struct str subject, snippet, last_message, body;
    struct opt_int dated_at, created_at, updated_at;
    struct str label, label_source;
    struct opt_int confidence; /* of 1000 */
    struct strs evidence;
    struct str return_on, follow_up_on; /* ISO dates */
    struct referred_person *referred;
    struct str bounce_class; /* enum_bounce_classes; absent: no bounce */
    struct reply_bounce *bounce;
    struct reply_effects *effects;
};
extern const struct fields stored_reply_fields;
extern const struct enum_values enum_label_sources, enum_bounce_classes;
enum bounce_class {
    BOUNCED_HARD,   /* no later try would arrive */
    BOUNCED_SOFT,   /* the recipient's side cannot take it now */
    BOUNCED_SENDER, /* refused for what we are or say: nothing is wrong with the address */
};
enum label_source { LABELED_BY_RULES, LABELED_BY_MODEL, LABELED_BY_HOOK, LABELED_BY_PERSON };

/* Stores it with its bytes; gives it its id. *ret_known: a mailbox of the account had it already, nothing
 * was stored. */
MUST_USE enum rc reply_insert(struct ctx *ctx, struct stored_reply *reply, struct str source,
                              bool *ret_known);
/* What stands for the header_id of a reply whose words are not kept: a Message-ID may have its writer's
 * address or name. It is the same for a copy, and nobody can tell the Message-ID by it. */
struct str reply_hidden_id(struct ctx *ctx, struct str header_id);
/* Whether the account has one with this header_id, in this form. */
MUST_USE enum rc reply_is_known(struct ctx *ctx, struct str header_id, bool *ret_known);
/* Stores its label, dates, referred person and effects. */
MUST_USE enum rc reply_label_store(struct ctx *ctx, const struct stored_reply *reply);

/* E_NOT_FOUND when the account has no such reply. */
MUST_USE enum rc reply_get(struct ctx *ctx, struct str id, struct stored_reply *ret_reply);
/* The same, and nobody else changes it until the transaction ends. */
MUST_USE enum rc reply_lock(struct ctx *ctx, struct str id, struct stored_reply *ret_reply);
/* Its bytes; E_NOT_FOUND when they are kept no more. */
MUST_USE enum rc reply_source(struct ctx *ctx, struct str id, struct str *ret_source);

/* Filters of a list; an absent one does not filter. */
struct reply_filter {
    struct str sequence_id, lead_id, mailbox_id, kind, label;
    enum tri unlabeled; /* YES: people's replies without a label: somebody has to decide */
};
/* One page, newest first; the cursor is the id. List of struct stored_reply, without body and
 * last_message. */
MUST_USE enum rc replies_list(struct ctx *ctx, const struct reply_filter *filter,
                              const struct page *page, struct page_of *ret_page);

/* How many soft bounces of the lead came after `since_ms`, after the last thing that came from
 * its address by a person or a program (mail arrives), and after somebody retried the lead. */
MUST_USE enum rc replies_soft_bounces(struct ctx *ctx, struct str lead_id, int64_t since_ms,
                                      int64_t *ret_n);

/* Empties, in all accounts, the replies of and about somebody. Before contacts and leads are
 * forgotten. */
MUST_USE enum rc replies_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

/* Hides the header_id of the replies that a query gives (account_id, id, header_id). Inside db_transact. */
MUST_USE enum rc replies_hide_ids(struct ctx *ctx, const struct query *which, struct db_args args);

/* Forgets up to `limit` sources of all accounts that were read before. Transacts itself. */
MUST_USE enum rc reply_sources_prune(struct ctx *ctx, int64_t before, int64_t limit);

#endif
