/* What people write of a sequence: stages with their texts, attachments, settings. The same
 * field tables read the body of the API and the file of `outrider sequence apply`, and
 * write the answer and the export. Whether it makes sense is sequence/definition.h. */
#ifndef STORE_SEQUENCE_DEFINITION_H
#define STORE_SEQUENCE_DEFINITION_H

#include "base/field.h"
#include "store/sequence_settings.h"

enum {
    SEQUENCE_NAME_MAX = 200, /* characters */
    SEQUENCE_STAGES_MAX = 50,
    SEQUENCE_VARIANTS_MAX = 10, /* of a stage */
    SEQUENCE_TEXT_MAX = 100 * 1024, /* characters; templates have as many bytes at most */
    SEQUENCE_ATTACHMENTS_MAX = 20,
    /* All together, before they are encoded; many servers refuse messages above 10 MB. */
    SEQUENCE_ATTACHMENTS_MAX_BYTES = 5 * 1024 * 1024,
    /* All texts of a document; attachments in base64 and their JSON fit beside them. */
    SEQUENCE_BODY_MAX_BYTES = 12 * 1024 * 1024,
};

struct sequence_variant {
    struct str stage_id; /* of the row; not in JSON */
    struct str id;
    struct opt_int weight;
    struct str subject, text, html;
};

struct sequence_stage {
    struct str id;
    struct str type; /* enum_stage_types */
    enum tri automatic;
    struct opt_int delay_days, delay_hours;
    struct str priority; /* low, normal, high */
    struct str instructions;
    struct list variants;    /* of struct sequence_variant */
    struct strs attachments; /* names */
};

struct sequence_attachment {
    struct str name, media_type;
    struct opt_int size;
    struct str content; /* base64; absent: as it is stored */
};

#define SEQUENCE_DEFINITION                                           \
    struct str name, kind;                                            \
    struct list stages;      /* of struct sequence_stage */           \
    struct list attachments; /* of struct sequence_attachment */      \
    struct sequence_settings *settings

struct sequence_definition {
    SEQUENCE_DEFINITION;
    struct str created_by_user_id; /* only when it is made */
};
extern const struct fields sequence_definition_fields;
extern const struct fields sequence_stage_fields, sequence_variant_row_fields,
    sequence_attachment_fields;
extern const struct enum_values enum_stage_types, enum_sequence_kinds, enum_priorities;

/* Rows for T, a struct with SEQUENCE_DEFINITION. */
#define SEQUENCE_DEFINITION_ROWS                                                               \
    F_STR(T, name, .flags = FIELD_REQUIRED, .min = 1, .max = SEQUENCE_NAME_MAX,                \
          .example = "Outbound EMEA", .doc = "What people call it; no two have the same."),    \
    F_ENUM(T, kind, .values = &enum_sequence_kinds, .example = "sequence",                     \
           .doc = "A reply_sequence has only emails and runs inside a thread after a reply."), \
    F_LIST(T, stages, .flags = FIELD_ALWAYS, .max = SEQUENCE_STAGES_MAX,                       \
           .of = &sequence_stage_fields, .doc = "The touches, in their order."),               \
    F_LIST(T, attachments, .flags = FIELD_ALWAYS, .max = SEQUENCE_ATTACHMENTS_MAX,             \
           .of = &sequence_attachment_fields, .doc = "Files that stages may send."),           \
    F_OBJECT(T, settings, struct sequence_settings, .of = &sequence_settings_fields,           \
             .doc = "Who writes, when, and what ends it.")

#endif
