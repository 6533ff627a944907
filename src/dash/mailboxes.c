/* Mailboxes with everything but their secrets. */
#include "dash/tables.h"
#include "http/request.h"
#include "sequence/mailbox_check.h"
#include "sequence/mailbox_setup.h"
#include "store/mailbox_state.h"

static const struct field filter_rows[] = {
#define T struct mailbox_filter
    F_ENUM(T, status, .values = &mailbox_statuses, .doc = "Only mailboxes with this status."),
    F_ENUM(T, email_provider, .values = &mailbox_providers, .doc = "Only mailboxes at this provider."),
    F_STR(T, user_email, .max = 254, .doc = "Only the mailboxes of the user with this address."),
#undef T
};
static const struct fields filter_fields
    = FIELDS("MailboxDetailsFilter", struct mailbox_filter, filter_rows, .doc = "Filters of the list.");

static const struct field list_rows[]
    = PAGE_ROWS("mailboxes", mailbox_fields, "The mailboxes of this page, oldest first.");
static const struct fields list_fields
    = FIELDS("MailboxDetailsList", struct page_answer, list_rows, .doc = "A page of mailboxes.");

static enum rc get_mailboxes(struct request *r) {
    struct page_of page;
    enum rc rc = mailboxes_list(r->ctx, r->query, &r->page, &page);
    return rc == OK ? respond_items(r, &list_fields, &page) : rc;
}

/* With whether a test is under way. */
static enum rc respond_with(struct request *r, int status, struct mailbox *mailbox) {
    bool tested = false;
    enum rc rc = mailbox_is_tested(r->ctx, mailbox->id, &tested);
    mailbox->testing = tri_of(tested);
    return rc == OK ? respond(r, status, &mailbox_fields, mailbox) : rc;
}

static enum rc respond_mailbox(struct request *r, int status) {
    struct mailbox mailbox;
    enum rc rc = mailbox_get(r->ctx, r->path_id, &mailbox);
    return rc == OK ? respond_with(r, status, &mailbox) : rc;
}

static enum rc get_mailbox(struct request *r) {
    return respond_mailbox(r, 200);
}

static enum rc post_mailboxes(struct request *r) {
    struct mailbox mailbox;
    enum rc rc = mailbox_setup(r->ctx, r->body, true, &mailbox);
    if (rc != OK)
        return rc;
    response_header(r, "Location",
                    arena_printf(r->ctx->arena, "/dashboard/api/mailboxes/%.*s", STR_FMT(mailbox.id)));
    return respond_with(r, 201, &mailbox);
}

static enum rc patch_mailbox(struct request *r) {
    struct mailbox mailbox;
    enum rc rc = mailbox_change(r->ctx, r->path_id, r->body, &mailbox);
    return rc == OK ? respond_with(r, 200, &mailbox) : rc;
}

static enum rc after_event(struct request *r, enum mailbox_event event) {
    enum rc rc = mailbox_event(r->ctx, r->path_id, event, STR_NONE);
    return rc == OK ? respond_mailbox(r, 200) : rc;
}

static enum rc post_mailbox_pause(struct request *r) {
    return after_event(r, MAILBOX_PAUSED);
}

static enum rc post_mailbox_resume(struct request *r) {
    return after_event(r, MAILBOX_RESUMED);
}

static enum rc post_mailbox_test(struct request *r) {
    enum rc rc = mailbox_test(r->ctx, r->path_id);
    return rc == OK ? respond_mailbox(r, 202) : rc;
}

static enum rc delete_mailbox(struct request *r) {
    enum rc rc = mailbox_event(r->ctx, r->path_id, MAILBOX_DELETED, STR_NONE);
    return rc == OK ? respond_empty(r, 204) : rc;
}

static const struct route_status connect_statuses[]
    = { { 201, "The mailbox.", "Location" } };
static const struct route_status one_statuses[] = { { 404, "no such mailbox", NULL } };
static const struct route_status resume_statuses[] = {
    { 404, "no such mailbox", NULL },
    { 409, "conflict: it is not paused; a test or a new connection helps", NULL },
};
static const struct route_status test_statuses[] = {
    { 202, "The mailbox, while it is tested.", NULL },
    { 404, "no such mailbox", NULL },
};
static const struct route_status delete_statuses[] = {
    { 204, "It sends no more, and its password is forgotten.", NULL },
    { 404, "no such mailbox", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
#define ONE COMMON, .flags = ROUTE_PATH_UUID, .reply = &mailbox_fields
static const struct route routes[] = {
    { GET, "/dashboard/api/mailboxes", get_mailboxes, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &list_fields, .summary = "List mailboxes with their settings",
      .doc = "Everything but passwords and tokens." },
    { POST, "/dashboard/api/mailboxes", post_mailboxes, COMMON, .success = 201,
      .body = &mailbox_setup_fields, .reply = &mailbox_fields, STATUSES(connect_statuses),
      .summary = "Connect a mailbox",
      .doc = "Servers that are not given are found by the address. A test follows, which decides "
             "whether the mailbox becomes active. One of this address that is there already is "
             "connected anew and keeps its id." },
    { GET, "/dashboard/api/mailboxes/{id}", get_mailbox, ONE, STATUSES(one_statuses),
      .summary = "Show a mailbox", .doc = "Its settings, its state and what the last test found." },
    { PATCH, "/dashboard/api/mailboxes/{id}", patch_mailbox, ONE, .body = &mailbox_settings_fields,
      STATUSES(one_statuses), .summary = "Change settings of a mailbox",
      .doc = "What is not given stays; an empty text forgets a setting that may be absent." },
    { DELETE, "/dashboard/api/mailboxes/{id}", delete_mailbox, COMMON, .flags = ROUTE_PATH_UUID,
      .success = 204, STATUSES(delete_statuses), .summary = "Delete a mailbox",
      .doc = "Follow-ups of what it sent are not moved to another mailbox." },
    { POST, "/dashboard/api/mailboxes/{id}/test", post_mailbox_test, ONE, .success = 202,
      STATUSES(test_statuses), .summary = "Test a mailbox",
      .doc = "Logs in for sending and receiving, sends a message to itself and waits for it, and "
             "looks at SPF, DKIM and DMARC. GET tells when it is over (testing) and what was found "
             "(checks)." },
    { POST, "/dashboard/api/mailboxes/{id}/pause", post_mailbox_pause, ONE, STATUSES(one_statuses),
      .summary = "Pause a mailbox", .doc = "It sends nothing until it is resumed." },
    { POST, "/dashboard/api/mailboxes/{id}/resume", post_mailbox_resume, ONE,
      STATUSES(resume_statuses), .summary = "Resume a mailbox", .doc = "Ends a pause." },
};
const struct route_table dash_mailbox_routes = ROUTE_TABLE(routes);
