/* What the files of sequence/add_leads*.c share; private to them. */
#ifndef SEQUENCE_ADD_LEADS_PRIVATE_H
#define SEQUENCE_ADD_LEADS_PRIVATE_H

#include "sequence/add_leads.h"
#include "store/contacts.h"
#include "store/sequences.h"

/* A lead of the request. */
struct candidate {
    const struct lead_input *input;
    struct str email;        /* normal form; absent without one */
    struct strs domains;     /* of the address: itself, then those it is part of */
    struct str linkedin_url, linkedin_key;
    struct list members;     /* of struct json_member: its data, texts only */
    bool has_null;           /* something in the data is null, and so not among the members */
    bool repeated;           /* somebody before it in the request is the same */
    bool skipped;            /* by a check against what is stored */
    const struct contact *contact; /* NULL: nobody has made one yet */
};

/* Who may get leads. */
struct pool {
    struct list senders;  /* of const struct sender * */
    struct ints weights;  /* of each */
};

struct adding {
    struct ctx *ctx;
    const struct add_leads *add;
    struct list candidates; /* of struct candidate */
    struct sequence sequence;
    int64_t leads_before;   /* that the sequence ever got */
    struct pool pool;
    struct opt_int first_at; /* when the planner looks at the first of them */
    struct add_leads_result result;
    struct lead_errors errors;
};

static inline struct candidate *candidate_at(const struct adding *a, size_t i) {
    return (struct candidate *) a->candidates.p + i;
}
static inline bool is_added(const struct candidate *c) {
    return !c->repeated && !c->skipped;
}
size_t added_count(const struct adding *a);

/* Reads and judges the request; finds those that are in it twice. E_INVALID with problems. */
MUST_USE enum rc candidates_read(struct adding *a);
/* The value of a field of the lead; absent without one, or when it is blank. */
struct str candidate_value(const struct candidate *c, struct str name);

/* Marks those that what is stored speaks against, and finds the contacts of the others. In the
 * transaction. */
MUST_USE enum rc candidates_check(struct adding *a);

/* Appends why the request as a whole cannot be completed. In the transaction, behind
 * pool_find. */
MUST_USE enum rc adding_validate(struct adding *a);
/* Who writes: the sequence's senders or the mailboxes that the request names. */
MUST_USE enum rc pool_find(struct adding *a);

void add_lead_error(struct adding *a, const char *code, struct str message);

#endif
