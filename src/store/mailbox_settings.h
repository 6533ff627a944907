/* What people set of a mailbox: members and rows that several structs begin with, so that a
 * setting is declared once. */
#ifndef STORE_MAILBOX_SETTINGS_H
#define STORE_MAILBOX_SETTINGS_H

#include "base/field.h"

enum { MAILBOX_LIMIT_MAX = 10000, MAILBOX_LIMIT_DEFAULT = 50, MAILBOX_ALIASES_MAX = 20 };

/* What people set. Absent in a change: stays; an empty text forgets it. */
#define MAILBOX_SETTINGS                                                                     \
    struct str display_name, email_provider, smtp_host, smtp_security, smtp_user, imap_host, \
        imap_security, imap_user, from_address, signature, signature_html, time_zone;        \
    struct opt_int smtp_port, imap_port, daily_email_limit, ramp_start, ramp_step, gap_min_s, \
        gap_max_s;                                                                           \
    struct strs aliases;                                                                     \
    struct list working_hours /* of struct working_hours */

struct mailbox_settings {
    MAILBOX_SETTINGS;
};
extern const struct fields mailbox_settings_fields;
extern const struct enum_values mailbox_providers, mailbox_securities;

struct working_hours {
    struct str day, from, to; /* "monday", "09:00", "17:30"; to "24:00" */
};
extern const struct fields working_hours_fields;

/* Rows for T, a struct that begins with MAILBOX_SETTINGS. */
#define MAILBOX_SETTING_ROWS                                                                            \
    F_STR(T, display_name, .max = 200, .example = "Ann Example",                                \
          .doc = "Name in the From line. Empty: the user's."),                                  \
    F_ENUM(T, email_provider, .values = &mailbox_providers, .example = "other",                 \
           .doc = "Who runs the servers; other_mixed: sends and receives at different ones."),  \
    F_STR(T, smtp_host, .max = 253, .example = "smtp.example.com", .doc = "Server that takes messages."), \
    F_INT(T, smtp_port, .min = 1, .max = 65535, .example = "465", .doc = "Its port."),          \
    F_ENUM(T, smtp_security, .values = &mailbox_securities, .example = "tls",                           \
           .doc = "tls from the beginning, starttls, or none."),                                \
    F_STR(T, smtp_user, .max = 320, .example = "ann@example.com", .doc = "Login there."),       \
    F_STR(T, imap_host, .max = 253, .example = "imap.example.com", .doc = "Server that shows messages."), \
    F_INT(T, imap_port, .min = 1, .max = 65535, .example = "993", .doc = "Its port."),          \
    F_ENUM(T, imap_security, .values = &mailbox_securities, .example = "tls",                           \
           .doc = "tls from the beginning, starttls, or none."),                                \
    F_STR(T, imap_user, .max = 320, .example = "ann@example.com", .doc = "Login there."),       \
    F_STRS(T, aliases, .flags = FIELD_ALWAYS, .max = MAILBOX_ALIASES_MAX, .item_max = 254,              \
           .doc = "More addresses of the same mailbox."),                                       \
    F_STR(T, from_address, .max = 254, .example = "ann@brand.example",                          \
          .doc = "The alias that its messages are from. Empty: the mailbox's own address."),    \
    F_STR(T, signature, .max = 10000, .doc = "Signature as plain text."),                       \
    F_STR(T, signature_html, .max = 50000, .doc = "Signature as HTML."),                        \
    F_STR(T, time_zone, .min = 1, .max = 64, .example = "Europe/Berlin",                        \
          .doc = "Where the mailbox's day begins and ends."),                                   \
    F_LIST(T, working_hours, .flags = FIELD_ALWAYS, .max = 28, .of = &working_hours_fields,             \
           .doc = "When it may send; none: at any time."),                                      \
    F_INT(T, daily_email_limit, .min = 0, .max = MAILBOX_LIMIT_MAX, .example = "50",            \
          .doc = "Messages a day, counting everything that is sent."),                          \
    F_INT(T, ramp_start, .min = 0, .max = MAILBOX_LIMIT_MAX, .example = "10",                   \
          .doc = "Messages on the first day of the ramp-up; 0: none."),                         \
    F_INT(T, ramp_step, .min = 0, .max = MAILBOX_LIMIT_MAX, .example = "5",                     \
          .doc = "How many more on each following day."),                                       \
    F_INT(T, gap_min_s, .min = 0, .max = 86400, .example = "60",                                \
          .doc = "Least seconds between two messages."),                                        \
    F_INT(T, gap_max_s, .min = 0, .max = 86400, .example = "240",                               \
          .doc = "Most seconds; each gap is drawn between the two.")

#endif
