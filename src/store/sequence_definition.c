#include "store/sequence_definition.h"

#include "base/check.h"

static const struct str stage_types[] = {
    { "email", 5 },
    { "linkedin_visit", 14 },
    { "linkedin_follow", 15 },
    { "linkedin_like_last_post", 23 },
    { "linkedin_connect", 16 },
    { "linkedin_message", 16 },
    { "linkedin_voice_message", 22 },
    { "linkedin_video_message", 22 },
    { "phone_call", 10 },
    { "custom_task", 11 },
};
const struct enum_values enum_stage_types = { "StageType", stage_types, LENGTH(stage_types) };

static const struct str kinds[] = { { "sequence", 8 }, { "reply_sequence", 14 } };
const struct enum_values enum_sequence_kinds = { "SequenceKind", kinds, LENGTH(kinds) };

static const struct str priorities[] = { { "low", 3 }, { "normal", 6 }, { "high", 4 } };
const struct enum_values enum_priorities
    = { "StagePriority", priorities, LENGTH(priorities) };

#define T struct sequence_variant
#define VARIANT_ROWS                                                                           \
    F_ID(T, id, .doc = "Kept when it is given, made when it is not."),                         \
    F_INT(T, weight, .min = 0, .max = 100, .example = "1",                                     \
          .doc = "Share of the leads; 0: nobody gets it any more."),                           \
    F_STR(T, subject, .max = 1000, .example = "{{company_name}} and us",                       \
          .doc = "Of an email. Absent: the thread of the stage before goes on."),              \
    F_STR(T, text, .max = SEQUENCE_TEXT_MAX, .example = "Hi {{first_name|there}},",            \
          .doc = "Plain text, a template."),                                                   \
    F_STR(T, html, .max = SEQUENCE_TEXT_MAX, .doc = "HTML of an email, a template.")
static const struct field variant_rows[] = { VARIANT_ROWS };
static const struct field variant_row_rows[] = {
    VARIANT_ROWS,
    F_ID(T, stage_id, .flags = FIELD_HIDDEN, .doc = "Whose variant."),
};
#undef T
static const struct fields variant_fields
    = FIELDS("StageVariant", struct sequence_variant, variant_rows,
             .doc = "What a stage says; of several each lead gets one.");
const struct fields sequence_variant_row_fields
    = FIELDS("StageVariantRow", struct sequence_variant, variant_row_rows, .doc = "The same.");

#define T struct sequence_stage
static const struct field stage_rows[] = {
    F_ID(T, id, .doc = "A UUID. Kept when it is given, made when it is not."),
    F_ENUM(T, type, .flags = FIELD_REQUIRED, .values = &enum_stage_types, .example = "email",
           .doc = "What is done."),
    F_BOOL(T, automatic, .example = "true",
           .doc = "False: a task for the user. Calls and custom tasks are never automatic."),
    F_INT(T, delay_days, .min = 0, .max = 365, .example = "3",
          .doc = "Days after the stage before was completed."),
    F_INT(T, delay_hours, .min = 0, .max = 23, .example = "0", .doc = "Hours beside the days."),
    F_ENUM(T, priority, .values = &enum_priorities, .example = "normal",
           .doc = "Of the task, and of the message among those that are due."),
    F_STR(T, instructions, .max = 10000, .doc = "For whoever does the task."),
    F_LIST(T, variants, .flags = FIELD_ALWAYS, .max = SEQUENCE_VARIANTS_MAX,
           .of = &variant_fields, .doc = "What it says."),
    F_STRS(T, attachments, .flags = FIELD_ALWAYS, .max = SEQUENCE_ATTACHMENTS_MAX,
           .item_max = 255, .doc = "Names of the sequence's attachments to send."),
};
#undef T
const struct fields sequence_stage_fields
    = FIELDS("SequenceStage", struct sequence_stage, stage_rows, .doc = "A touch.");

#define T struct sequence_attachment
static const struct field attachment_rows[] = {
    F_STR(T, name, .flags = FIELD_REQUIRED, .min = 1, .max = 255, .example = "brochure.pdf",
          .doc = "Name of the file."),
    F_STR(T, media_type, .flags = FIELD_REQUIRED, .min = 3, .max = 100,
          .example = "application/pdf", .doc = "What it is."),
    F_INT(T, size, .example = "48213", .doc = "Bytes; only in answers."),
    F_STR(T, content,
          .doc = "In base64. Absent: the stored file of this name; answers leave it out."),
};
#undef T
const struct fields sequence_attachment_fields
    = FIELDS("SequenceAttachment", struct sequence_attachment, attachment_rows,
             .doc = "A file that goes with messages.");

#define T struct sequence_definition
static const struct field definition_rows[] = {
    SEQUENCE_DEFINITION_ROWS,
    F_ID(T, created_by_user_id,
         .doc = "Whose it is, when it is made. Absent: the account's first admin."),
};
#undef T
const struct fields sequence_definition_fields
    = FIELDS("SequenceDefinition", struct sequence_definition, definition_rows,
             .doc = "A sequence as people write it.");
