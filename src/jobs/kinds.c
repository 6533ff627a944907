#include "base/check.h"
#include "base/clock.h"
#include "enrich/batch.h"
#include "enrich/lead_list.h"
#include "enrich/reveal.h"
#include "jobs/runner.h"
#include "sequence/call_log.h"
#include "sequence/connector.h"
#include "sequence/excluded.h"
#include "sequence/label_hook.h"
#include "sequence/mailbox_check.h"
#include "sequence/progress.h"
#include "sequence/states.h"
#include "sequence/webhook_notice.h"
#include "sequence/workflows.h"
#include "store/webhooks.h"

/* A provider that is down for a moment, then for an hour. */
static const int64_t reveal_retries[]
    = { 2 * SECOND_MS, 10 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 0 };

/* The database was away. */
static const int64_t batch_retries[] = { SECOND_MS, 5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS,
                                         10 * MINUTE_MS, HOUR_MS, 0 };

/* A recording is there some time after the call. */
static const int64_t recording_retries[]
    = { 5 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 0 };

/* After that a person is quicker. */
static const int64_t label_retries[] = { 5 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 0 };

/* Mailboxes may be refused for a day. */
static const int64_t notice_retries[] = { MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS, 0 };

const struct job_kind job_kinds[] = {
    { "reveal", reveal_job, NULL, NULL, reveal_retries,
      "Asks the provider for a person's unknown email and phone numbers." },
    { "people_enrichment", people_enrichment_job, enrichment_gave_up, NULL, batch_retries,
      "Works off a batch of people to enrich." },
    { "companies_enrichment", companies_enrichment_job, enrichment_gave_up, NULL, batch_retries,
      "Works off a batch of companies to enrich." },
    { CALL_RECORDING_JOB, call_recording_job, call_recording_gave_up, NULL, recording_retries,
      "Fetches the recording of a call and stores it." },
    { LABEL_HOOK_JOB, label_hook_job, label_hook_gave_up, workflows_wake, label_retries,
      "Asks the operator's endpoint for the label of a reply." },
    { MAILBOX_TEST_JOB, mailbox_test_job, NULL, NULL, batch_retries,
      "Tests a mailbox: logins, a message to itself, the domain's DNS." },
    { "sequence_settle", sequence_settle_job, NULL, NULL, batch_retries,
      "Brings a sequence to rest when its work in flight has ended." },
    { EXCLUDED_LEADS_JOB, excluded_leads_job, NULL, NULL, batch_retries,
      "Removes the leads of exclusions that were more than a request removes by itself." },
    { LINKEDIN_ACTION_JOB, linkedin_action_job, linkedin_action_gave_up, lead_wake_planner, batch_retries,
      "Tells the connector what to do on LinkedIn." },
    { "lead_list", lead_list_job, lead_list_gave_up, NULL, batch_retries,
      "Looks for the leads of a list and has their addresses validated." },
    { WEBHOOK_NOTICE_JOB, webhook_notice_job, NULL, NULL, notice_retries,
      "Tells the admins of an account that a webhook was disabled." },
};
const size_t job_kinds_count = LENGTH(job_kinds);
