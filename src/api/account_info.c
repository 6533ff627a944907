/* GET /account-info: the cheapest call that shows whether a key works. It answers from
 * what the frame knows about the caller, so it asks the database for nothing. */
#include "api/tables.h"
#include "http/request.h"
#include "store/accounts.h"

struct info_credits {
    struct opt_int email, phone;
};

#define T struct info_credits
static const struct field credits_rows[] = {
    F_INT(T, email, .flags = FIELD_REQUIRED | FIELD_HALVES, .example = "99.5", .doc = "Email credits left."),
    F_INT(T, phone, .flags = FIELD_REQUIRED | FIELD_HALVES, .example = "20", .doc = "Phone credits left."),
};
#undef T
static const struct fields credits_fields
    = FIELDS("Credits", struct info_credits, credits_rows, .doc = "What the account can spend.");

struct account_info {
    struct str id, name;
    struct info_credits *credits;
};

#define T struct account_info
static const struct field info_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .doc = "Id of the account."),
    F_STR(T, name, .flags = FIELD_REQUIRED, .max = ACCOUNT_NAME_MAX, .example = "Example Inc.",
          .doc = "Name of the account."),
    F_OBJECT(T, credits, struct info_credits, .flags = FIELD_REQUIRED, .of = &credits_fields,
             .doc = "Credits left."),
};
#undef T
static const struct fields info_fields
    = FIELDS("AccountInfo", struct account_info, info_rows, .doc = "The account of the API key.");

/* As the frame read them a moment ago, unless something was spent since. */
static enum rc current_credits(struct request *r, struct credits *ret_credits) {
    if (r->caller->credits_version != credits_version())
        return credits_balance(r->ctx, ret_credits);
    *ret_credits = r->caller->credits;
    return OK;
}

static enum rc get_account_info(struct request *r) {
    struct credits now;
    enum rc rc = current_credits(r, &now);
    if (rc != OK)
        return rc;
    struct info_credits credits = { opt_int(now.halves[CREDIT_EMAIL]),
                                    opt_int(now.halves[CREDIT_PHONE]) };
    struct account_info info = { r->caller->account_id, r->caller->account_name, &credits };
    return respond(r, 200, &info_fields, &info);
}

static const struct route routes[] = {
    { GET, "/account-info", get_account_info, SCOPE_API, LIMIT_DEFAULT, .reply = &info_fields,
      .tag = "Account", .summary = "Get account details",
      .doc = "The account that the API key belongs to, and its credits. A change that was made "
             "elsewhere than in this server process shows within a second." },
};
const struct route_table account_info_routes = ROUTE_TABLE(routes);
