/* JSON Schema (2020-12, as OpenAPI 3.1 has it) of field tables. Private to http/. */
#ifndef HTTP_OPENAPI_SCHEMA_H
#define HTTP_OPENAPI_SCHEMA_H

#include "http/description.h"
#include "json/writer.h"

/* The schema of one field, as an object. */
void openapi_field(struct json_writer *w, const struct field *field);
/* The members of components/schemas. */
void openapi_schemas(struct json_writer *w, const struct vocabulary *v);

/* {"$ref":"#/components/<section>/<name>"} */
void openapi_ref(struct json_writer *w, const char *section, const char *name);
/* "name": "value" */
void openapi_member(struct json_writer *w, const char *name, const char *value);

#endif
