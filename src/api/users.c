#include "api/tables.h"
#include "http/request.h"
#include "store/users.h"

static const struct field filter_rows[] = {
#define T struct user_filter
    F_STR(T, status, .max = 100, .example = "active", .doc = "Only users with this status."),
    F_STR(T, role, .max = 100, .example = "sales_rep", .doc = "Only users with this role."),
    F_STR(T, email, .max = 254, .example = "user@example.com",
          .doc = "Only the user with this email address."),
#undef T
};
static const struct fields filter_fields
    = FIELDS("UserFilter", struct user_filter, filter_rows, .doc = "Filters of the list.");

static const struct field users_rows[]
    = PAGE_ROWS("users", user_fields, "The users of this page, oldest first.");
static const struct fields users_fields
    = FIELDS("UsersResponse", struct page_answer, users_rows, .doc = "A page of users.");

static enum rc get_users(struct request *r) {
    struct page_of page;
    enum rc rc = users_list(r->ctx, r->query, &r->page, &page);
    return rc == OK ? respond_items(r, &users_fields, &page) : rc;
}

static const struct route routes[] = {
    { GET, "/users", get_users, SCOPE_API, LIMIT_DEFAULT, ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &users_fields, .tag = "Users", .summary = "List users",
      .doc = "The users of the account. A filter that no user fits gives an empty list." },
};
const struct route_table user_routes = ROUTE_TABLE(routes);
