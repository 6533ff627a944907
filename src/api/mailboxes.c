/* What the public API shows of mailboxes; all else is the management API (dash/mailboxes.c). */
#include "api/tables.h"
#include "http/request.h"
#include "store/mailboxes.h"

static const struct field filter_rows[] = {
#define T struct mailbox_filter
    F_ENUM(T, status, .values = &mailbox_statuses, .example = "active",
           .doc = "Only mailboxes with this status."),
    F_ENUM(T, email_provider, .values = &mailbox_providers, .example = "google",
           .doc = "Only mailboxes at this provider."),
    F_STR(T, user_email, .max = 254, .example = "user@example.com",
          .doc = "Only the mailboxes of the user with this address."),
#undef T
};
static const struct fields filter_fields
    = FIELDS("MailboxFilter", struct mailbox_filter, filter_rows, .doc = "Filters of the list.");

struct mailbox_shown {
    struct str id, email, email_provider, status;
    struct opt_int daily_email_limit, created_at, updated_at;
    struct mailbox_user *user;
    struct links *_links;
};

#define T struct mailbox_shown
static const struct field mailbox_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "Id of the mailbox."),
    F_STR(T, email, .flags = FIELD_REQUIRED, .example = "ann@example.com", .doc = "Its address."),
    F_ENUM(T, email_provider, .flags = FIELD_REQUIRED, .values = &mailbox_providers,
           .example = "google", .doc = "Who runs it."),
    F_INT(T, daily_email_limit, .flags = FIELD_REQUIRED, .example = "50", .doc = "Messages a day."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &mailbox_statuses, .example = "active",
           .doc = "Whether it can send."),
    F_OBJECT(T, user, struct mailbox_user, .flags = FIELD_REQUIRED, .of = &mailbox_user_fields,
             .doc = "Whose mailbox it is."),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was connected."),
    F_TIME(T, updated_at, .flags = FIELD_REQUIRED, .doc = "When it last changed."),
    F_OBJECT(T, _links, struct links, .flags = FIELD_REQUIRED, .of = &links_fields,
             .doc = "Link to itself."),
};
#undef T
static const struct fields shown_fields
    = FIELDS("Mailbox", struct mailbox_shown, mailbox_rows, .doc = "What a user sends from.");

static const struct field mailboxes_rows[]
    = PAGE_ROWS("mailboxes", shown_fields, "The mailboxes of this page, oldest first.");
static const struct fields mailboxes_fields
    = FIELDS("MailboxesResponse", struct page_answer, mailboxes_rows, .doc = "A page of mailboxes.");

struct limit_input {
    struct opt_int daily_email_limit;
};

#define T struct limit_input
static const struct field limit_rows[] = {
    F_INT(T, daily_email_limit, .flags = FIELD_REQUIRED, .min = 0, .max = MAILBOX_LIMIT_MAX,
          .example = "50", .doc = "Messages a day, counting everything that is sent."),
};
#undef T
static const struct fields limit_fields
    = FIELDS("MailboxUpdate", struct limit_input, limit_rows, .doc = "The new limit.");

static struct mailbox_shown shown(struct request *r, const struct mailbox *mailbox) {
    return (struct mailbox_shown){
        .id = mailbox->id, .email = mailbox->email, .email_provider = mailbox->email_provider,
        .status = mailbox->status, .daily_email_limit = mailbox->daily_email_limit,
        .created_at = mailbox->created_at, .updated_at = mailbox->updated_at, .user = mailbox->user,
        ._links = self_link_to(r, arena_printf(r->ctx->arena, "/mailboxes/%.*s", STR_FMT(mailbox->id))),
    };
}

static enum rc get_mailboxes(struct request *r) {
    struct page_of page;
    enum rc rc = mailboxes_list(r->ctx, r->query, &r->page, &page);
    if (rc != OK)
        return rc;
    const struct mailbox *found = page.items.p;
    struct mailbox_shown *items = ARENA_ARRAY(r->ctx->arena, page.items.n + 1, struct mailbox_shown);
    for (size_t i = 0; i < page.items.n; i++)
        items[i] = shown(r, &found[i]);
    page.items.p = items;
    return respond_items(r, &mailboxes_fields, &page);
}

static enum rc patch_mailbox(struct request *r) {
    const struct limit_input *input = r->body;
    struct mailbox_settings changes = { .daily_email_limit = input->daily_email_limit };
    struct mailbox mailbox;
    enum rc rc = mailbox_change(r->ctx, r->path_id, &changes, &mailbox);
    if (rc != OK)
        return rc;
    struct mailbox_shown answer = shown(r, &mailbox);
    return respond(r, 200, &shown_fields, &answer);
}

static const struct route_status statuses[] = { { 404, "no such mailbox", NULL } };
static const struct route routes[] = {
    { GET, "/mailboxes", get_mailboxes, SCOPE_API, LIMIT_DEFAULT, ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .page_default = 20, .page_max = 20, .query = &filter_fields, .reply = &mailboxes_fields,
      .tag = "Mailboxes", .summary = "List mailboxes", .doc = "The mailboxes of the account." },
    { PATCH, "/mailboxes/{id}", patch_mailbox, SCOPE_API, LIMIT_DEFAULT, ROUTE_PATH_UUID,
      .body = &limit_fields, .reply = &shown_fields, .statuses = statuses, .n_statuses = LENGTH(statuses),
      .tag = "Mailboxes", .summary = "Update mailbox daily email limit",
      .doc = "Holds for the rest of this day as well: what was sent today counts." },
};
const struct route_table mailbox_routes = ROUTE_TABLE(routes);
