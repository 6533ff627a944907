/* The test of a mailbox: logins for sending and receiving, a message to itself that has to
 * arrive, and what the world needs to believe its messages (SPF, DKIM, DMARC). Each thing
 * is a struct mailbox_check with what was found and what to do.
 *
 * What the first three say decides whether the mailbox can send; the DNS only warns. */
#ifndef SEQUENCE_MAILBOX_CHECK_H
#define SEQUENCE_MAILBOX_CHECK_H

#include "store/jobs.h"
#include "store/mailboxes.h"

/* Runs the test and keeps its result: the checks, and the state that follows. OK when it was
 * run, whatever it found; *ret_passed: the mailbox can send. E_NOT_FOUND; E_TIMEOUT when the
 * program stops; E_DB. Takes as long as mail does (services.mail.test_wait_ms at most, and
 * the servers' own time). */
MUST_USE enum rc mailbox_check(struct ctx *ctx, struct str id, bool *ret_passed);

/* The same as a job, whose subject is the mailbox's id. */
#define MAILBOX_TEST_JOB "mailbox_test"
enum rc mailbox_test_job(struct ctx *ctx, const struct job *job);

/* Asks for a test: soon a job runs it. E_NOT_FOUND. Transacts itself. */
MUST_USE enum rc mailbox_test(struct ctx *ctx, struct str id);
/* Whether a test waits or runs. */
MUST_USE enum rc mailbox_is_tested(struct ctx *ctx, struct str id, bool *ret_tested);

#endif
