#include "store/sequence_settings.h"

#include "base/check.h"
#include "store/mailbox_settings.h"

static const struct str distributions[] = { { "even", 4 }, { "weighted", 8 } };
static const struct enum_values enum_distributions
    = { "SenderDistribution", distributions, LENGTH(distributions) };

static const struct str out_of_office[] = { { "pause", 5 }, { "stop", 4 }, { "ignore", 6 } };
static const struct enum_values enum_out_of_office
    = { "OutOfOfficeRule", out_of_office, LENGTH(out_of_office) };

static const struct str unsubscribe[]
    = { { "none", 4 }, { "header", 6 }, { "link", 4 }, { "header_and_link", 15 } };
static const struct enum_values enum_unsubscribe
    = { "UnsubscribeStyle", unsubscribe, LENGTH(unsubscribe) };

#define T struct sequence_sender
static const struct field sender_rows[] = {
    F_ID(T, user_id, .flags = FIELD_REQUIRED, .doc = "The user whom the lead belongs to."),
    F_ID(T, mailbox_id,
         .doc = "The user's mailbox that writes; may be left out where no stage is an email."),
    F_INT(T, weight, .min = 1, .max = 100, .example = "1",
          .doc = "Share of the leads, where the distribution is weighted."),
};
#undef T
static const struct fields sender_fields
    = FIELDS("SequenceSender", struct sequence_sender, sender_rows,
             .doc = "A user and mailbox that leads are given to.");

#define T struct sequence_settings
static const struct field settings_rows[] = {
    F_LIST(T, senders, .flags = FIELD_ALWAYS, .max = SEQUENCE_SENDERS_MAX, .of = &sender_fields,
           .doc = "Who writes. Each lead stays with one of them."),
    F_ENUM(T, distribution, .values = &enum_distributions, .example = "even",
           .doc = "How leads are given to senders."),
    F_BOOL(T, lead_time_zone, .example = "true",
           .doc = "Windows are in the lead's time zone where it is known."),
    F_STR(T, time_zone, .min = 1, .max = 64, .example = "Europe/Lisbon",
          .doc = "Time zone of the windows otherwise; absent: the account's."),
    F_LIST(T, windows, .min = 1, .max = SEQUENCE_WINDOWS_MAX, .of = &working_hours_fields,
           .doc = "When emails may be sent. At first Monday to Friday, 09:00 to 17:00."),
    F_STRS(T, holidays, .flags = FIELD_ALWAYS, .max = SEQUENCE_HOLIDAYS_MAX, .item_max = 10,
           .example = "[\"2025-12-25\"]", .doc = "Days on which nothing is sent."),
    F_TIME(T, start_at, .example = "2025-09-01T08:00:00Z", .doc = "Nothing happens before."),
    F_BOOL(T, stop_on_reply, .example = "true", .doc = "A reply ends the sequence for the lead."),
    F_BOOL(T, stop_on_domain_reply, .example = "false",
           .doc = "It also ends for leads of the same domain, unless anybody can have an address there."),
    F_BOOL(T, stop_on_bounce, .example = "true", .doc = "A bounce ends it for the lead."),
    F_ENUM(T, out_of_office, .values = &enum_out_of_office, .example = "pause",
           .doc = "What an out-of-office reply does."),
    F_INT(T, out_of_office_days, .min = 1, .max = 100, .example = "7",
          .doc = "Length of such a pause when the reply does not say when it ends."),
    F_BOOL(T, track_opens, .example = "false", .doc = "Whether opens are noticed."),
    F_BOOL(T, track_clicks, .example = "false", .doc = "Whether clicks are noticed."),
    F_ENUM(T, unsubscribe, .values = &enum_unsubscribe, .example = "header",
           .doc = "How a recipient can end it all."),
    F_INT(T, new_lead_share, .min = 0, .max = 100, .example = "50",
          .doc = "Percent of a mailbox's messages of a day that first stages may take."),
    F_INT(T, lead_limit, .min = 1, .max = 1000000, .example = "1000",
          .doc = "How many leads the sequence takes; absent: the account's limit alone."),
    F_INT(T, max_lateness_hours, .min = 1, .max = 720, .example = "24",
          .doc = "A stage that is due for longer, as after an outage, is planned anew."),
};
#undef T
const struct fields sequence_settings_fields
    = FIELDS("SequenceSettings", struct sequence_settings, settings_rows,
             .doc = "Who writes, when, and what ends it. What is left out has its usual value.");

static struct list usual_windows(struct arena *arena) {
    static const struct str days[]
        = { { "monday", 6 }, { "tuesday", 7 }, { "wednesday", 9 }, { "thursday", 8 }, { "friday", 6 } };
    struct working_hours *windows = ARENA_ARRAY(arena, LENGTH(days), struct working_hours);
    for (size_t i = 0; i < LENGTH(days); i++)
        windows[i] = (struct working_hours){ days[i], STR("09:00"), STR("17:00") };
    return (struct list){ windows, LENGTH(days) };
}

void sequence_settings_complete(struct arena *arena, struct sequence_settings *settings) {
    const struct sequence_settings usual = {
        .distribution = STR("even"),
        .lead_time_zone = YES,
        .windows = usual_windows(arena),
        .stop_on_reply = YES,
        .stop_on_domain_reply = NO,
        .stop_on_bounce = YES,
        .out_of_office = STR("pause"),
        .out_of_office_days = opt_int(7),
        .track_opens = NO,
        .track_clicks = NO,
        .unsubscribe = STR("header"),
        .new_lead_share = opt_int(50),
        .max_lateness_hours = opt_int(24),
    };
    for (size_t i = 0; i < LENGTH(settings_rows); i++)
        if (!field_is_set(&settings_rows[i], settings))
            field_copy(&settings_rows[i], settings, &usual);
}
