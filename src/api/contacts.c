/* Contacts: list, one by id or address, with what happened lately. */
#include "api/tables.h"
#include "data/urls.h"
#include "http/request.h"
#include "store/contact_details.h"

struct contacts_query {
    struct strs ids;
    struct str name, email, account_id;
};

#define T struct contacts_query
static const struct field query_rows[] = {
    F_STRS(T, ids, .max = CONTACT_IDS_MAX, .item_max = 100,
           .doc = "Only the contacts with these ids."),
    F_STR(T, name, .max = 200, .example = "ann",
          .doc = "Only contacts whose name has this in it, without regard to case."),
    F_STR(T, email, .max = 254, .example = "ann@example.com",
          .doc = "Only the contact with this address."),
    F_STR(T, account_id, .max = 100, .doc = "No accounts are held: refused."),
};
#undef T
static const struct fields query_fields
    = FIELDS("ContactFilter", struct contacts_query, query_rows, .doc = "Filters of the list.");

static const struct field contacts_rows[]
    = PAGE_ROWS("contacts", contact_details_fields, "The contacts of this page, oldest first.");
static const struct fields contacts_fields
    = FIELDS("ContactsResponse", struct page_answer, contacts_rows, .doc = "A page of contacts.");

/* One that is no address is nobody's. */
static struct str normal_form(struct ctx *ctx, struct str text) {
    struct email email;
    return email_parse(ctx->arena, text, &email) == OK ? email.address : text;
}

static enum rc get_contacts(struct request *r) {
    const struct contacts_query *q = r->query;
    struct page_of page;
    if (!str_is_empty(q->account_id))
        return bad_parameter(r->ctx, "account_id", "unsupported_value", "No accounts are held.");
    struct contact_filter filter = { .ids = q->ids, .name = q->name };
    if (!str_is_empty(q->email))
        filter.email = normal_form(r->ctx, q->email);
    enum rc rc = contacts_list(r->ctx, &filter, &r->page, &page);
    return rc == OK ? respond_items(r, &contacts_fields, &page) : rc;
}

static enum rc get_contact(struct request *r) {
    struct contact_details contact;
    enum rc rc = contact_details(r->ctx, r->path_id, &contact);
    return rc == OK ? respond(r, 200, &contact_details_fields, &contact) : rc;
}

static enum rc get_contact_email(struct request *r) {
    struct contact_details contact;
    enum rc rc = contact_details_by_email(r->ctx, normal_form(r->ctx, r->path_id), &contact);
    return rc == OK ? respond(r, 200, &contact_details_fields, &contact) : rc;
}

static const struct route_status one_statuses[] = { { 404, "no such contact", NULL } };
#define COMMON .scope = SCOPE_API, .limit = LIMIT_DEFAULT, .tag = "Contacts"
#define ONE COMMON, .reply = &contact_details_fields, .statuses = one_statuses, \
            .n_statuses = LENGTH(one_statuses)
static const struct route routes[] = {
    { GET, "/contacts", get_contacts, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .page_default = 20, .page_max = 50, .query = &query_fields, .reply = &contacts_fields,
      .summary = "Retrieve contacts", .doc = "All filters hold together." },
    { GET, "/contacts/{id}", get_contact, ONE, .flags = ROUTE_PATH_UUID,
      .summary = "Retrieve contact", .doc = "With what happened lately." },
    { GET, "/contacts/email/{email}", get_contact_email, ONE,
      .summary = "Retrieve contact by email", .doc = "Without regard to case." },
};
const struct route_table contact_routes = ROUTE_TABLE(routes);
