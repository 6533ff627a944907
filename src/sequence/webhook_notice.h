/* Tells an account's admins by email that a webhook was disabled because it failed. */
#ifndef SEQUENCE_WEBHOOK_NOTICE_H
#define SEQUENCE_WEBHOOK_NOTICE_H

#include "store/jobs.h"

/* The function of the job WEBHOOK_NOTICE_JOB (store/webhooks.h), whose subject is the webhook: writes
 * to each active admin from one of the account's mailboxes. Done when one of them could be written
 * to, and without a mailbox or an admin nobody is; tried again when no mailbox can send now. After a
 * crash somebody may get it twice. */
MUST_USE enum rc webhook_notice_job(struct ctx *ctx, const struct job *job);

#endif
