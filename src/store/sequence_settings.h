/* Settings of a sequence: one field table that the row's JSON, the API, the file of
 * `outrider sequence apply` and the document share. */
#ifndef STORE_SEQUENCE_SETTINGS_H
#define STORE_SEQUENCE_SETTINGS_H

#include "base/arena.h"
#include "base/field.h"

/* A mailbox that leads are given to, with its user. */
struct sequence_sender {
    struct str user_id, mailbox_id;
    struct opt_int weight; /* with distribution "weighted" */
};

struct sequence_settings {
    struct list senders;        /* of struct sequence_sender */
    struct str distribution;    /* even, weighted */
    enum tri lead_time_zone;    /* windows are on the lead's clock where it is known */
    struct str time_zone;       /* else on this one; absent: the account's */
    struct list windows;        /* of struct working_hours (store/mailbox_settings.h) */
    struct strs holidays;       /* "2025-12-25" */
    struct opt_int start_at;
    enum tri stop_on_reply, stop_on_domain_reply, stop_on_bounce;
    struct str out_of_office;   /* pause, stop, ignore */
    struct opt_int out_of_office_days; /* of a pause whose end is not said */
    enum tri track_opens, track_clicks;
    struct str unsubscribe;     /* none, header, link, header_and_link */
    struct opt_int new_lead_share; /* percent of a mailbox's day; the rest is for follow-ups */
    struct opt_int lead_limit;
    struct opt_int max_lateness_hours; /* what is due for longer is planned anew */
};
extern const struct fields sequence_settings_fields;

enum { SEQUENCE_SENDERS_MAX = 200, SEQUENCE_WINDOWS_MAX = 28, SEQUENCE_HOLIDAYS_MAX = 400 };

/* Fills in what is absent. */
void sequence_settings_complete(struct arena *arena, struct sequence_settings *settings);

#endif
