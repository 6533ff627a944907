/* Calls that were made elsewhere and are logged here: what they do to the task and its lead,
 * and how their recordings come in. */
#ifndef SEQUENCE_CALL_LOG_H
#define SEQUENCE_CALL_LOG_H

#include "store/calls.h"
#include "store/jobs.h"

#define CALL_RECORDING_JOB "call_recording"

struct call_input {
    struct str from, to, task_id, user_id, transcription, recording_url, disposition_id, notes;
    struct opt_int duration;
    enum tri answered, human;
};
extern const struct fields call_input_fields;

/* Logs the call for the task's contact. With a disposition whose action is `complete` the
 * task and its lead are completed. A recording is fetched afterwards, by a job. Transacts
 * itself. E_INVALID with problems: task, user or disposition is not the account's, or the
 * recording's address is none. */
MUST_USE enum rc call_log(struct ctx *ctx, const struct call_input *input,
                          struct call_log *ret_call);

/* The function of the job and of its giving up (jobs/kinds.c). An address that is not public
 * is refused, more than RECORDING_MAX_BYTES and what is no audio as well. */
MUST_USE enum rc call_recording_job(struct ctx *ctx, const struct job *job);
MUST_USE enum rc call_recording_gave_up(struct ctx *ctx, const struct job *job);

#endif
