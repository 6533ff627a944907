/* Calls as rows, with their recordings. What a call does to its task is sequence/call_log.h.
 * Scoped to the account of ctx. */
#ifndef STORE_CALLS_H
#define STORE_CALLS_H

#include "base/ctx.h"
#include "store/pages.h"
#include "store/tasks.h"

enum {
    CALL_NUMBER_MAX = 50,             /* characters */
    CALL_TRANSCRIPTION_MAX = 200000,
    CALL_DURATION_MAX = 24 * 60 * 60, /* seconds */
    /* 40 minutes at 32 kbit/s. Reading one takes a few times as much of a request's memory. */
    RECORDING_MAX_BYTES = 10 * 1024 * 1024,
};

struct call_log {
    struct str id, from, to, transcription, notes, recording_url, direction;
    struct str disposition_id, disposition_name, task_id, user_id, user_email;
    struct opt_int duration, start_date;
    enum tri answered, human;
    enum tri external;    /* always: calls are made elsewhere and logged here */
    struct str transcript; /* JSON array; never known here */
    struct contact_ref *contact;
    struct str contact_id, lead_id;
    struct str recording_type, recording_error; /* see sql/0013_calls.sql */
};
extern const struct fields call_fields;

/* Inside db_transact. `call` has all but what is joined: names and addresses. */
MUST_USE enum rc call_insert(struct ctx *ctx, const struct call_log *call);
/* E_NOT_FOUND when the account has no such call. */
MUST_USE enum rc call_get(struct ctx *ctx, struct str id, struct call_log *ret_call);

/* Filters of a list; an absent one does not filter. */
struct call_filter {
    struct str user_id, from, to; /* numbers, in any form */
    struct opt_int start_date_from, start_date_to; /* ms, both ends included */
};
/* One page, newest first; the cursor is the id. List of struct call_log. */
MUST_USE enum rc calls_list(struct ctx *ctx, const struct call_filter *filter,
                            const struct page *page, struct page_of *ret_page);

/* Stores the recording (at most RECORDING_MAX_BYTES) with its media type, or why there is
 * none. OK and nothing happens when the call has no recording_url any more. Inside
 * db_transact. */
MUST_USE enum rc recording_store(struct ctx *ctx, struct str call_id, struct str media_type,
                                 struct str content);
MUST_USE enum rc recording_failed(struct ctx *ctx, struct str call_id, struct str why);
/* E_NOT_FOUND: the call has none. */
MUST_USE enum rc recording_read(struct ctx *ctx, struct str call_id, struct str *ret_content);

/* Forgets, in all accounts, who was called, what was said, and the recordings. Before
 * contacts and leads are forgotten; inside db_transact. */
MUST_USE enum rc calls_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

#endif
