/* What the route and field tables say about the API, gathered for its two printed
 * forms, the OpenAPI document and docs/api.md. Private to http/. */
#ifndef HTTP_DESCRIPTION_H
#define HTTP_DESCRIPTION_H

#include "base/arena.h"
#include "http/router.h"

/* One status that an operation answers, other than success. */
struct answer {
    int status;
    struct str doc;
    const char *const *headers; /* ends with NULL; may be NULL */
    const char *header;         /* one more, of the route's own row; or NULL */
    const struct fields *body;  /* another one than the error object may have; or NULL */
    const char *shared;         /* name of the general answer that this is, unchanged; or NULL */
};

/* General answers: those that follow from a route's row by rule. */
struct general_answer {
    int status;
    const char *name; /* of its component in the OpenAPI document */
    bool (*applies)(const struct route *route);
    const char *doc;
    const char *const *headers;
};
const struct general_answer *general_answers(size_t *ret_n);

/* Response headers that are explained once. */
struct header_doc {
    const char *name;
    const char *type; /* of the JSON schema */
    bool required;    /* wherever a status names it */
    const char *example;
    const char *doc;
};
const struct header_doc *header_docs(size_t *ret_n);
/* NULL when the header is not one of them. */
const struct header_doc *header_doc_find(const char *name);

/* Everything but success, by status, the route's own rows and the general ones made
 * one: a list of struct answer. */
struct list route_answers(struct arena *arena, const struct route *route);

/* The route's own row for its success status, or NULL. */
const struct route_status *route_success_row(const struct route *route);
int route_success(const struct route *route);
bool route_is_idempotent(const struct route *route); /* takes Idempotency-Key */
int route_page_default(const struct route *route);
int route_page_max(const struct route *route);
bool route_has_json(const struct route *route); /* its success has a JSON body */

/* "getPeopleEnrichmentRequestsById" */
struct str operation_id(struct arena *arena, const struct route *route);
/* The doc, then what the row's columns mean: scope, limit. */
struct str operation_doc(struct arena *arena, const struct route *route);
/* "id" of "/users/{id}"; absent without one. */
struct str path_value_name(const struct route *route);

/* All routes of all tables in order: a list of pointers, as all lists of rows here. */
struct list all_routes(struct arena *arena, const struct route_table *const *tables, size_t n);
static inline const struct route *route_at(const struct list *routes, size_t i) {
    return ((const void *const *) routes->p)[i];
}

/* Schemas and closed lists that can be reached from the routes, each once, in the
 * order in which they are met. Two tables of one name are a programming error. */
struct vocabulary {
    struct arena *arena;
    struct list schemas; /* pointers to struct fields */
    struct list enums;   /* pointers to struct enum_values */
};
struct vocabulary vocabulary_of(struct arena *arena, const struct list *routes);
static inline const struct fields *schema_at(const struct vocabulary *v, size_t i) {
    return ((const void *const *) v->schemas.p)[i];
}
static inline const struct enum_values *enum_at(const struct vocabulary *v, size_t i) {
    return ((const void *const *) v->enums.p)[i];
}

/* The schema of every refusal. */
extern const struct fields error_response_fields;

#endif
