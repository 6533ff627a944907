/* Automatic LinkedIn stages: an HTTP endpoint that the operator configures
 * (sequence.linkedin_url) is told what to do, and tells later what came of it. A stage is a
 * task that nobody completes by hand and a job that tells it:
 *
 *   POST sequence.linkedin_url
 *   X-Outrider-Timestamp: seconds since 1970
 *   X-Outrider-Signature: v1=HMAC-SHA256 in hexadecimal over "TIMESTAMP.BODY", keyed with
 *                         sequence.linkedin_secret
 *   {"id", "type", "sequence_id", "stage_id", "lead_id", "subject", "text",
 *    "lead": {"email", "linkedin_url", "data"}, "user": {"id", "email"}}
 *
 * 2xx: it was taken; the result comes by POST /dashboard/api/linkedin-actions/{id}/result. 408,
 * 429 and 5xx: told again, for hours; anything else: it failed. The same id may come twice and
 * means the same action. */
#ifndef SEQUENCE_CONNECTOR_H
#define SEQUENCE_CONNECTOR_H

#include "sequence/planner_private.h"
#include "store/jobs.h"
#include "store/tasks.h"

#define LINKEDIN_ACTION_JOB "linkedin_action"

/* Whether an automatic stage is the connector's: it is about LinkedIn, and there is one. */
bool stage_is_action(const struct ctx *ctx, const struct sequence_stage *stage);

/* The functions of the job (jobs/kinds.c); its subject is the task. */
MUST_USE enum rc linkedin_action_job(struct ctx *ctx, const struct job *job);
MUST_USE enum rc linkedin_action_gave_up(struct ctx *ctx, const struct job *job);

struct action_result {
    struct str status; /* completed, failed */
    struct str reason; /* of a failed one */
};
extern const struct fields action_result_fields;

/* What came of it; the lead goes on, or is errored. OK, and nothing happens, when the same was
 * told before. Transacts itself. E_NOT_FOUND; E_CONFLICT with a problem when the task was
 * canceled, or ended in another way. */
MUST_USE enum rc linkedin_action_end(struct ctx *ctx, struct str task_id,
                                     const struct action_result *result, struct task *ret_task);

#endif
