/* The test message goes out over the mailbox's own server and is looked for by its
 * Message-ID where the mailbox receives, in the inbox and among junk. */
#include "sequence/mailbox_check.h"

#include <poll.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/rand.h"
#include "base/vec.h"
#include "data/urls.h"
#include "net/mime.h"
#include "sequence/mail_dns.h"
#include "sequence/mailbox_login.h"
#include "store/mailbox_state.h"
#include "store/services.h"
#include "verify/reply.h"

enum { LOOK_FIRST_MS = 100, LOOK_LAST_MS = 4000, MESSAGE_MAX_BYTES = 4096, DETAIL_MAX_BYTES = 500 };

struct test {
    struct ctx *ctx;
    const struct job *job; /* NULL: not as one */
    struct mailbox mailbox;
    struct mailbox_secret secret;
    const struct mail_provider *provider; /* NULL: not in the table */
    struct str domain;
    struct smtp_client *smtp; /* NULL: the login did not work */
    struct imap *imap;
    struct str message;       /* as it arrived */
    struct list checks;       /* of struct mailbox_check */
    bool failed;
};

static void add(struct test *t, struct mailbox_check check) {
    struct mailbox_check *row = list_add(t->ctx->arena, &t->checks, sizeof *row);
    *row = check;
    t->failed |= str_eq(check.result, STR("failed"));
}

static void add_failed(struct test *t, struct str name, struct str detail, struct str advice) {
    add(t, (struct mailbox_check){ name, STR("failed"), str_sub(detail, 0, DETAIL_MAX_BYTES), advice });
}

static bool stopping(const struct test *t) {
    return t->ctx->services->jobs_stopping && t->ctx->services->jobs_stopping();
}

/* --- logins --- */

/* What to do, by what kind of failure it is. */
static struct str advice_of(const struct test *t, enum rc rc, bool is_smtp) {
    const char *of_provider = t->provider ? t->provider->advice : "";
    switch (rc) {
    case E_DENIED:
        if (!str_eq(t->mailbox.auth, STR("password")))
            return STR("let the mailbox's owner agree once more (outrider mailbox consent), as this address; "
                       "IMAP and SMTP AUTH must be on for it");
        return *of_provider ? str_of(of_provider)
                            : STR("check user name and password; some providers want a password for programs");
    case E_NOT_FOUND: return is_smtp ? STR("check smtp_host") : STR("check imap_host");
    case E_PROTO: return STR("check port and security; a private authority goes into mail.ca_file");
    case E_UNSUPPORTED: return STR("check host, port and security; mail.allow_private allows private addresses");
    case E_TIMEOUT:
    case E_IO:
    case E_LIMIT: return STR("check host and port, or test again later");
    default: return STR("see what the server said");
    }
}

/* The server's words without line breaks. */
static struct str said(struct arena *arena, const struct smtp_result *result) {
    struct reply reply;
    if (result->code && reply_parse(arena, result->reply, &reply) == OK && reply.class)
        return arena_printf(arena, "%s: %d %d.%d.%d %.*s", smtp_step_name(result->step), reply.code, reply.class,
                            reply.subject, reply.detail, STR_FMT(reply.text));
    if (result->code && reply_parse(arena, result->reply, &reply) == OK)
        return arena_printf(arena, "%s: %d %.*s", smtp_step_name(result->step), reply.code, STR_FMT(reply.text));
    return arena_printf(arena, "%s: %.*s", smtp_step_name(result->step), STR_FMT(result->reason));
}

static void check_smtp(struct test *t) {
    struct smtp_result result = { 0 };
    struct arena *arena = t->ctx->arena;
    enum rc rc = mailbox_smtp(t->ctx, &t->mailbox, &t->secret, &t->smtp, &result);
    if (rc != OK) {
        add_failed(t, STR("smtp"), said(arena, &result), advice_of(t, rc, true));
        return;
    }
    add(t, (struct mailbox_check){ STR("smtp"), STR("ok"),
                                   arena_printf(arena, "%.*s takes the login", STR_FMT(t->mailbox.smtp_host)), STR_NONE });
}

static void check_imap(struct test *t) {
    struct str reason = STR_NONE;
    enum rc rc = mailbox_imap(t->ctx, &t->mailbox, &t->secret, &t->imap, &reason);
    if (rc != OK) {
        add_failed(t, STR("imap"), reason, advice_of(t, rc, false));
        return;
    }
    add(t, (struct mailbox_check){ STR("imap"), STR("ok"),
                                   arena_printf(t->ctx->arena, "%.*s takes the login", STR_FMT(t->mailbox.imap_host)), STR_NONE });
}

/* --- the message to itself --- */

static struct str message_of(struct test *t, struct str message_id) {
    struct buf b = buf_in(t->ctx->arena, MESSAGE_MAX_BYTES);
    struct str date = mime_date(t->ctx->arena, ctx_now(t->ctx));
    buf_printf(&b, "From: <%.*s>\r\nTo: <%.*s>\r\nSubject: Outrider tests this mailbox\r\n",
               STR_FMT(t->mailbox.email), STR_FMT(t->mailbox.email));
    buf_printf(&b, "Date: %.*s\r\nMessage-ID: <%.*s>\r\n", STR_FMT(date), STR_FMT(message_id));
    buf_str(&b, STR("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
                    "Auto-Submitted: auto-generated\r\n\r\n"
                    "This message tests whether the mailbox can send and receive. Delete it if you like.\r\n"));
    return buf_text(&b);
}

/* Looks into one folder once. */
static enum rc look(struct test *t, struct str folder, struct str message_id) {
    struct imap_selected selected;
    struct ints uids = { 0 };
    enum rc rc = imap_select(t->imap, folder, true, &selected);
    if (rc == OK)
        rc = imap_search_header(t->imap, t->ctx->arena, STR("Message-ID"), message_id, &uids);
    if (rc == OK && uids.n == 0)
        return E_NOT_FOUND;
    const struct imap_want want = { uids.n ? uids.p[uids.n - 1] : 0, IMAP_MESSAGE, MIME_MAX_BYTES };
    return rc == OK ? imap_fetch(t->imap, t->ctx->arena, &want, &t->message) : rc;
}

/* E_NOT_FOUND: not in time. *ret_junk: where it was found. */
static enum rc wait_for_message(struct test *t, struct str message_id, bool *ret_junk) {
    int64_t until = monotonic_ms() + t->ctx->services->mail.test_wait_ms;
    struct list folders = { 0 };
    enum rc rc = imap_folders(t->imap, t->ctx->arena, &folders);
    struct str junk = imap_special(folders, STR("\\Junk"));
    int pause_ms = LOOK_FIRST_MS;
    *ret_junk = false;
    while (rc == OK) {
        rc = look(t, STR("INBOX"), message_id);
        if (rc == E_NOT_FOUND && str_is_set(junk)) {
            rc = look(t, junk, message_id);
            *ret_junk = rc == OK;
        }
        if (rc != E_NOT_FOUND)
            return rc;
        if (stopping(t))
            return E_CANCELED;
        if (monotonic_ms() >= until)
            return E_NOT_FOUND;
        (void) poll(NULL, 0, pause_ms);
        pause_ms = pause_ms < LOOK_LAST_MS ? 2 * pause_ms : LOOK_LAST_MS;
        rc = OK;
    }
    return rc;
}

static void found(struct test *t, enum rc rc, bool is_junk) {
    const struct str name = STR("delivery");
    if (rc == OK && is_junk)
        add(t, (struct mailbox_check){ name, STR("warning"), STR("the message to itself arrived as junk"),
                                       STR("see to SPF, DKIM and DMARC before you send to others") });
    else if (rc == OK)
        add(t, (struct mailbox_check){ name, STR("ok"), STR("the message to itself arrived"), STR_NONE });
    else if (rc == E_NOT_FOUND)
        add_failed(t, name, STR("the message to itself was taken but did not arrive in time"),
                   STR("look for it in the mailbox; smtp and imap may be of different accounts"));
    else
        add_failed(t, name, arena_printf(t->ctx->arena, "the message was sent; looking for it failed: %.*s",
                                         STR_FMT(imap_said(t->imap))), STR("test again later"));
}

static void check_delivery(struct test *t) {
    struct arena *arena = t->ctx->arena;
    struct smtp_result result;
    bool is_junk = false;
    if (!t->smtp || !t->imap) {
        add(t, (struct mailbox_check){ STR("delivery"), STR("skipped"), STR("a login did not work"), STR_NONE });
        return;
    }
    struct str id = arena_printf(arena, "test.%.*s@%.*s", STR_FMT(uuid_new(arena, ctx_now(t->ctx))), STR_FMT(t->domain));
    struct smtp_message message = { t->mailbox.email, { &t->mailbox.email, 1 }, message_of(t, id) };
    enum rc rc = smtp_send(t->smtp, &message, arena, &result);
    if (rc != OK)
        add_failed(t, STR("delivery"), said(arena, &result), STR("the provider refuses what this mailbox sends"));
    else
        found(t, wait_for_message(t, id, &is_junk), is_junk);
}

/* --- the whole --- */

static void check_dns(struct test *t) {
    struct arena *arena = t->ctx->arena;
    const struct resolver resolver = mailbox_resolver(t->ctx);
    add(t, mail_check_spf(&resolver, arena, t->domain, t->provider));
    add(t, mail_check_dkim(&resolver, arena, t->domain, t->provider, t->message));
    add(t, mail_check_dmarc(&resolver, arena, t->domain));
}

static enum rc store_work(struct ctx *ctx, void *arg) {
    const struct test *t = arg;
    const struct mailbox_check *checks = t->checks.p;
    struct str why = STR_NONE;
    for (size_t i = 0; i < t->checks.n && !str_is_set(why); i++)
        if (str_eq(checks[i].result, STR("failed")))
            why = checks[i].detail;
    enum rc rc = t->job ? job_still_mine(ctx, t->job) : OK;
    if (rc == OK)
        rc = mailbox_checks_store(ctx, t->mailbox.id, t->checks);
    return rc == OK ? mailbox_event(ctx, t->mailbox.id, t->failed ? MAILBOX_TEST_FAILED : MAILBOX_TEST_PASSED, why)
                    : rc;
}

static void run(struct test *t) {
    struct str reason = STR_NONE;
    const struct resolver resolver = mailbox_resolver(t->ctx);
    size_t at = str_find_last(t->mailbox.email, '@');
    t->domain = str_sub(t->mailbox.email, at + 1, t->mailbox.email.n);
    t->provider = mail_provider_of_server(t->mailbox.smtp_host);
    if (!t->provider)
        t->provider = mail_provider_find(&resolver, t->ctx->arena, t->domain);
    enum rc rc = mailbox_credentials(t->ctx, &t->mailbox, &t->secret, &reason);
    if (rc == OK) {
        check_smtp(t);
        check_imap(t);
    } else {
        add_failed(t, STR("smtp"), arena_printf(t->ctx->arena, "no token: %.*s", STR_FMT(reason)), advice_of(t, rc, true));
    }
    check_delivery(t);
    check_dns(t);
}

static enum rc test_once(struct ctx *ctx, struct str id, const struct job *job, bool *ret_passed) {
    struct test t = { .ctx = ctx, .job = job };
    enum rc rc = mailbox_get(ctx, id, &t.mailbox);
    if (rc != OK)
        return rc;
    run(&t);
    smtp_close(&t.smtp);
    imap_close(&t.imap);
    if (stopping(&t))
        return E_TIMEOUT; /* what failed may have failed because of that */
    rc = db_transact(ctx, store_work, &t);
    if (rc == OK)
        *ret_passed = !t.failed;
    return rc;
}

enum rc mailbox_check(struct ctx *ctx, struct str id, bool *ret_passed) {
    return test_once(ctx, id, NULL, ret_passed);
}

/* --- as a job --- */

enum rc mailbox_test_job(struct ctx *ctx, const struct job *job) {
    bool passed;
    enum rc rc = test_once(ctx, job->subject, job, &passed);
    return rc == E_NOT_FOUND ? OK : rc; /* deleted meanwhile */
}

static enum rc test_work(struct ctx *ctx, void *arg) {
    const struct str *id = arg;
    struct mailbox mailbox;
    enum rc rc = mailbox_get(ctx, *id, &mailbox);
    return rc == OK ? job_enqueue(ctx, MAILBOX_TEST_JOB, *id, STR("{}")) : rc;
}

enum rc mailbox_test(struct ctx *ctx, struct str id) {
    enum rc rc = db_transact(ctx, test_work, &id);
    if (rc == OK && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    return rc;
}

enum rc mailbox_is_tested(struct ctx *ctx, struct str id, bool *ret_tested) {
    struct job job = { 0 };
    enum rc rc = job_by_subject(ctx, MAILBOX_TEST_JOB, id, &job);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    *ret_tested = rc == OK && (str_eq(job.status, STR("queued")) || str_eq(job.status, STR("running")));
    return OK;
}
