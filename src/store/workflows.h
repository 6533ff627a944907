/* Workflows as rows: what happens when a reply gets a label. What may be written is
 * sequence/workflow_check.h, what they do sequence/workflows.h. Scoped to the account of ctx. */
#ifndef STORE_WORKFLOWS_H
#define STORE_WORKFLOWS_H

#include "base/ctx.h"
#include "base/field.h"

enum {
    WORKFLOWS_MAX = 100, /* of an account: each reply looks at all that are enabled */
    WORKFLOW_NAME_MAX = 100,
    WORKFLOW_ACTIONS_MAX = 20,
    WORKFLOW_VALUES_MAX = 100, /* of a condition */
    WORKFLOW_VALUE_MAX = 200,
    WORKFLOW_DAYS_MAX = 365,
};

/* All that are given hold; of a list one is enough. */
struct workflow_conditions {
    struct strs sequence_ids, user_ids, mailbox_ids, sender_domains, text_contains;
    enum tri first_reply;
};

/* Which members an action has depends on its type: sequence/workflow_check.h. */
struct workflow_action {
    struct str type, sequence_id, lead_list_id, webhook_id, user_id, task_type;
    struct str whom;  /* lead, referred */
    struct str until; /* return_date, follow_up_date, any_date */
    struct opt_int days;
    struct str reason, subject, notes, priority;
};

#define WORKFLOW_DEFINITION                 \
    struct str name;                        \
    struct strs labels;                     \
    struct workflow_conditions *conditions; \
    struct list actions; /* of struct workflow_action */ \
    struct str repeat

/* What people write of one; for a change, what is absent stays. */
struct workflow_definition {
    WORKFLOW_DEFINITION;
};

struct workflow {
    WORKFLOW_DEFINITION;
    struct str id, status;
    struct opt_int position, created_at, updated_at;
};
extern const struct fields workflow_fields, workflow_action_fields;
/* Of struct workflow_definition: a new one, a change, and what an export writes. */
extern const struct fields workflow_create_fields, workflow_change_fields;
extern const struct enum_values enum_workflow_labels, enum_workflow_actions, enum_workflow_repeats,
    enum_workflow_statuses, enum_workflow_whom, enum_workflow_until;

/* Position in enum_workflow_actions. */
enum workflow_action_type {
    WORKFLOW_EXCLUDE_EMAIL,
    WORKFLOW_EXCLUDE_DOMAIN,
    WORKFLOW_PAUSE,
    WORKFLOW_ADD_TO_SEQUENCE,
    WORKFLOW_CREATE_TASK,
    WORKFLOW_ADD_TO_LEAD_LIST,
    WORKFLOW_REPLACE_LEAD,
    WORKFLOW_SEND_JSON,
    WORKFLOW_ACTION_TYPES,
};
enum workflow_action_type workflow_action_type(const struct workflow_action *action);

/* All, in the order in which they run. List of struct workflow. */
MUST_USE enum rc workflows_list(struct ctx *ctx, struct list *ret_workflows);
/* Only those that are enabled. */
MUST_USE enum rc workflows_enabled(struct ctx *ctx, struct list *ret_workflows);
/* E_NOT_FOUND when the account has no such one, or has deleted it. */
MUST_USE enum rc workflow_get(struct ctx *ctx, struct str id, struct workflow *ret_workflow);
MUST_USE enum rc workflow_id_by_name(struct ctx *ctx, struct str name, struct str *ret_id);

/* --- inside db_transact --- */

/* As workflow_get; nobody else changes it until the transaction ends. */
MUST_USE enum rc workflow_lock(struct ctx *ctx, struct str id, struct workflow *ret_workflow);
/* Behind all others, as a draft; gives it its id. E_CONFLICT with a problem: another one has the
 * name, or there are too many. */
MUST_USE enum rc workflow_insert(struct ctx *ctx, const struct workflow_definition *definition,
                                 struct str *ret_id);
/* Writes all of its definition. E_CONFLICT as above. */
MUST_USE enum rc workflow_update(struct ctx *ctx, const struct workflow *workflow);
MUST_USE enum rc workflow_set_status(struct ctx *ctx, struct str id, bool is_enabled);
/* Its runs stay. */
MUST_USE enum rc workflow_delete(struct ctx *ctx, struct str id);
/* They run in this order from now on; all ids of the account, each once: else E_INVALID with a
 * problem at /ids. */
MUST_USE enum rc workflows_order(struct ctx *ctx, struct strs ids);

#endif
