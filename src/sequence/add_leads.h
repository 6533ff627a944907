/* Adding leads to a sequence (guide "Add leads to a Sequence"): every check and the insert
 * are one transaction that holds the sequence, so two callers never add somebody twice. */
#ifndef SEQUENCE_ADD_LEADS_H
#define SEQUENCE_ADD_LEADS_H

#include "base/ctx.h"
#include "base/field.h"

enum { ADD_LEADS_MAX = 250, LEAD_FIELDS_MAX = 50, LEAD_VALUE_MAX = 512 /* characters */ };
/* As many leads with as many fields of the longest names and values, and their JSON. */
#define ADD_LEADS_BODY_MAX_BYTES ((size_t) 10 * 1024 * 1024)

struct lead_overrides {
    enum tri ignore_recently_contacted, ignore_exclusion_list,
        ignore_duplicate_leads_in_other_draft_sequences,
        ignore_duplicate_leads_in_other_active_sequences;
};

struct lead_input {
    struct str email, linkedin_url;
    struct str data; /* JSON object */
    struct lead_overrides *overrides;
};

struct add_leads_settings {
    struct str leads_distribution; /* sequence_senders, custom_mailboxes */
    struct strs mailboxes;
};

struct add_leads_request {
    struct list leads; /* of struct lead_input */
    struct add_leads_settings *settings;
};
extern const struct fields add_leads_request_fields;

struct lead_key {
    struct str email, linkedin_url; /* as they were sent */
};

struct add_leads_result {
    struct opt_int total, total_added_to_sequence;
    struct strs duplicate_emails, duplicate_linkedin_urls;
    /* of struct lead_key */
    struct list in_exclusion_list_and_skipped, recently_contacted_and_skipped,
        already_in_sequence_and_skipped, in_other_draft_sequences_and_skipped,
        in_other_active_sequences_and_skipped;
};
extern const struct fields add_leads_result_fields;

/* Why nothing was added. */
struct lead_error {
    struct str error_code, message;
};
struct lead_errors {
    struct list validation_errors; /* of struct lead_error */
};
extern const struct fields lead_errors_fields;

struct add_leads {
    struct str sequence_id;
    const struct add_leads_request *request;
    bool to_drafts; /* a draft takes leads, too */
    struct str reply_id; /* a reply sequence takes leads by their reply alone; absent otherwise */
};

/* E_NOT_FOUND without the sequence; E_INVALID with problems when the request is malformed
 * (400), without problems when it cannot be completed: ret_errors says why (422). A lead
 * that several checks skip is in the list of each. Somebody who was removed for privacy is
 * as if excluded, whatever is overridden. Transacts itself. */
MUST_USE enum rc leads_add(struct ctx *ctx, const struct add_leads *add,
                           struct add_leads_result *ret_result, struct lead_errors *ret_errors);

#endif
