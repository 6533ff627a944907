/* What tasks.c and tasks_list.c read of a task: columns of struct task, up to WHERE. */
#ifndef STORE_TASKS_PRIVATE_H
#define STORE_TASKS_PRIVATE_H

/* The name of a contact c, NULL without one. */
#define CONTACT_NAME \
    "nullif(trim(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, '')), '')"
#define CONTACT_REF(object) \
    "CASE WHEN c.id IS NOT NULL THEN " object "('id', c.id, 'name', " CONTACT_NAME ", 'email', c.email)"
#define TASK_SELECT(contact)                                                                  \
    "SELECT t.id, t.user_id, u.email AS user_email, t.automatic, t.type, t.status, "          \
    "t.priority, t.due_at AS due_on, t.finished_at AS finished_on, t.subject, t.body AS text, "       \
    "t.notes, t.lead_id, t.stage_id, t.contact_id, t.sequence_id AS sequence_key, "           \
    "s.name AS sequence_name, t.created_at, t.updated_at, " contact " END AS contact "        \
    "FROM tasks t LEFT JOIN contacts c ON c.account_id = t.account_id AND c.id = t.contact_id " \
    "LEFT JOIN users u ON u.account_id = t.account_id AND u.id = t.user_id "                  \
    "LEFT JOIN sequences s ON s.account_id = t.account_id AND s.id = t.sequence_id WHERE "
#define TASK_SELECT_SQLITE TASK_SELECT(CONTACT_REF("json_object"))
#define TASK_SELECT_PG     TASK_SELECT(CONTACT_REF("json_build_object") "::text")

#endif
