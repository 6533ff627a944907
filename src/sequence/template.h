/* Templates of messages. A text is parsed once into a program and rendered for many leads:
 *
 *   {{first_name}}             a field of the lead; missing or blank: nothing is rendered
 *   {{first_name|there}}       the same with a fallback, which may be empty
 *   {{sender.first_name}}      of the user and mailbox that write (template_sender_fields)
 *   {{#if title}}…{{else}}…{{/if}}   whether a field has a value; {{else}} may be left out
 *   {Hi|Hello}                 one of these, by the seed; nests
 *
 * Braces without a bar are plain text, as in style sheets; a backslash takes the meaning
 * from { | } and \. Names are letters, digits and '_', in lower case, as those of the API.
 *
 * Memory rule: a program lives on the arena it was parsed on and refers to the text.
 * Thread rule: immutable after parsing. */
#ifndef SEQUENCE_TEMPLATE_H
#define SEQUENCE_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/field.h"
#include "base/map.h"

struct template;

/* Gmail cuts off messages above 102 KB; a template is less. */
enum {
    TEMPLATE_MAX_BYTES = 100 * 1024,
    TEMPLATE_DEPTH_MAX = 8,    /* conditions and choices within each other */
    TEMPLATE_NODES_MAX = 5000, /* texts, fields, conditions, choices */
    TEMPLATE_NAME_MAX = 255,   /* characters of a field, as the API allows */
};

struct template_error {
    size_t offset;       /* in bytes, from 0 */
    size_t line, column; /* from 1; columns are characters */
    struct str message;  /* for people */
};

/* E_INVALID, or E_TOO_LARGE beyond a limit above, with *ret_error. */
MUST_USE enum rc template_parse(struct arena *arena, struct str text,
                                struct template **ret_template, struct template_error *ret_error);

/* A field that a template names. */
struct template_use {
    struct str name; /* those of the sender with "sender." before */
    bool is_sender;
    bool is_required; /* somewhere without a fallback and outside of a condition on itself */
};
/* List of struct template_use, each name once, in the order of the text. */
struct list template_uses(const struct template *template);

/* Whether a lead's field may have this name: letters, digits and '_' in lower case, a letter
 * first, at most TEMPLATE_NAME_MAX. */
bool template_is_field_name(struct str name);

/* The names of the sender's fields, without "sender.". */
extern const struct enum_values template_sender_fields;

enum template_form {
    TEMPLATE_PLAIN,  /* as it is */
    TEMPLATE_LINE,   /* a header or title: line breaks and controls become spaces */
    TEMPLATE_HTML,   /* values are escaped; what the author wrote is HTML already */
};

/* What is rendered with: maps from a name, as in struct template_use, to struct str. */
struct template_values {
    const struct map *values;
    const struct map *html; /* values that are HTML already (signatures) and win there; or NULL */
    uint64_t seed;          /* of template_seed: decides the choices */
};

/* Stable for ever: a message that is rendered again is the same. */
uint64_t template_seed(struct str lead_id, struct str stage_id);

/* Appends to `out`. E_NOT_FOUND when a required field has no value: its name is in
 * *ret_missing then and `out` is not to be used. E_TOO_LARGE when out's maximum is reached. */
MUST_USE enum rc template_render(const struct template *template, enum template_form form,
                                 const struct template_values *values, struct buf *out,
                                 struct str *ret_missing);

#endif
