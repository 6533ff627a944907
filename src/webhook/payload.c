/* A shape is a list of parts; a part writes a few members. What shapes differ in is in the
 * table, what is said of a lead is read once. */
#include "webhook/payload.h"

#include "base/check.h"
#include "base/clock.h"
#include "json/members.h"
#include "json/reader.h"
#include "json/writer.h"

enum { BODY_MAX_BYTES = 8 * 1024 * 1024, PARTS_MAX = 10 };

/* --- what events hold --- */

struct said {
    struct str reply_id, from, subject, body, description, notes, snippet, last_message;
    struct strs to, cc, bcc, labels;
    struct str names; /* JSON object: address, display name */
    struct str type, title, direction, disposition, recording_url, additional_info;
    struct str call_from, call_to; /* of a call these are one text each */
    struct str lead; /* JSON object: instead of the event's */
    struct opt_int duration, sent_at;
};
#define T struct said
static const struct field said_rows[] = {
    F_ID(T, reply_id),
    F_STR(T, from),    F_STR(T, subject),     F_STR(T, body),        F_STR(T, description), F_STR(T, notes),
    F_STR(T, snippet), F_STR(T, last_message), F_STRS(T, to),        F_STRS(T, cc),         F_STRS(T, bcc),
    F_STRS(T, labels), F_JSON(T, names),      F_STR(T, type),        F_INT(T, sent_at),     F_JSON(T, additional_info),
    F_JSON(T, lead),
};
static const struct field call_rows[] = {
    F_STR(T, title),         F_STR(T, description),  F_STR(T, direction), F_STR(T, disposition),
    F_STR(T, recording_url), F_INT(T, duration),
    { .name = "from", .type = FIELD_STR, .offset = FIELD_OFFSET(T, call_from, struct str) },
    { .name = "to", .type = FIELD_STR, .offset = FIELD_OFFSET(T, call_to, struct str) },
};
#undef T
static const struct fields said_fields = FIELDS("EventSaid", struct said, said_rows);
static const struct fields call_fields = FIELDS("EventCall", struct said, call_rows);

struct snap_user {
    struct str first_name, last_name, email;
};
struct snap_sequence {
    struct str id, name, kind;
    struct opt_int start_at, end_at;
};
struct snap_stage {
    struct opt_int index, automatic;
    struct str type;
};
struct snap {
    struct str email, linkedin_url, dynamic_fields;
    struct snap_user *user;
    struct snap_sequence *sequence;
    struct snap_stage *stage;
};
#define T struct snap_user
static const struct field user_rows[] = { F_STR(T, first_name), F_STR(T, last_name), F_STR(T, email) };
#undef T
static const struct fields user_fields = FIELDS("SnapUser", struct snap_user, user_rows);
#define T struct snap_sequence
static const struct field sequence_rows[]
    = { F_STR(T, id), F_STR(T, name), F_STR(T, kind), F_INT(T, start_at), F_INT(T, end_at) };
#undef T
static const struct fields sequence_fields = FIELDS("SnapSequence", struct snap_sequence, sequence_rows);
#define T struct snap_stage
static const struct field stage_rows[] = { F_INT(T, index), F_STR(T, type), F_INT(T, automatic) };
#undef T
static const struct fields stage_fields = FIELDS("SnapStage", struct snap_stage, stage_rows);
#define T struct snap
static const struct field snap_rows[] = {
    F_STR(T, email),
    F_STR(T, linkedin_url),
    F_JSON(T, dynamic_fields),
    F_OBJECT(T, user, struct snap_user, .of = &user_fields),
    F_OBJECT(T, sequence, struct snap_sequence, .of = &sequence_fields),
    F_OBJECT(T, stage, struct snap_stage, .of = &stage_fields),
};
#undef T
static const struct fields snap_fields = FIELDS("Snapshot", struct snap, snap_rows);

/* What is sent to try a webhook out. */
static const char example_data[]
    = "{\"from\":\"jane.roe@sender.example\",\"to\":[\"john.doe@acme.example\"],\"cc\":[],\"bcc\":[],"
      "\"subject\":\"A test of this webhook\",\"body\":\"This is what a webhook is told when an email is sent.\"}";
static const char example_snapshot[]
    = "{\"email\":\"john.doe@acme.example\",\"linkedin_url\":\"https://www.linkedin.com/in/john-doe-example\","
      "\"dynamic_fields\":{\"first_name\":\"John\",\"last_name\":\"Doe\",\"company_name\":\"Acme\","
      "\"company_domain\":\"acme.example\",\"title\":\"Founder & CEO\"},\"user\":{\"first_name\":\"Jane\","
      "\"last_name\":\"Roe\",\"email\":\"jane.roe@sender.example\"},\"sequence\":{"
      "\"id\":\"a3f8b29c7d15e4f6b8c9a2e5d7f1b3c8e6f9a4b2\",\"name\":\"An example\",\"kind\":\"sequence\","
      "\"start_at\":1728644220000},\"stage\":{\"index\":1,\"type\":\"email\",\"automatic\":1}}";

/* --- writing --- */

struct payload {
    struct arena *arena;
    struct json_writer w;
    const struct webhook_event *event;
    struct said said;
    struct snap snap;
    struct list fields; /* struct json_member: the lead's data */
};

static void text(struct payload *p, const char *name, struct str value) {
    json_key(&p->w, str_of(name));
    json_str(&p->w, value);
}

static void texts(struct payload *p, const char *name, struct strs values) {
    json_key(&p->w, str_of(name));
    json_begin_array(&p->w);
    for (size_t i = 0; i < values.n; i++)
        json_str(&p->w, values.p[i]);
    json_end_array(&p->w);
}

static void begin(struct payload *p, const char *name) {
    json_key(&p->w, str_of(name));
    json_begin_object(&p->w);
}

static void end(struct payload *p) {
    json_end_object(&p->w);
}

static void time_z(struct payload *p, const char *name, struct opt_int at) {
    text(p, name, at.set ? time_iso(p->arena, at.v) : STR_NONE);
}

/* "2024-10-11T10:57:00+00:00" */
static void time_offset(struct payload *p, const char *name, struct opt_int at) {
    struct str z = time_iso(p->arena, at.v);
    text(p, name, arena_printf(p->arena, "%.*s+00:00", (int) (z.n - 1), z.p));
}

static void number(struct payload *p, const char *name, struct opt_int value) {
    json_key(&p->w, str_of(name));
    if (value.set)
        json_int(&p->w, value.v);
    else
        json_write_null(&p->w);
}

static struct str field_of(const struct payload *p, const char *name) {
    const struct json_member *m = p->fields.p;
    for (size_t i = 0; i < p->fields.n; i++)
        if (str_eq(m[i].name, str_of(name)) && m[i].type == JSON_MEMBER_TEXT)
            return m[i].text;
    return STR_NONE;
}

/* --- parts --- */

static void letter(struct payload *p, void (*write_time)(struct payload *, const char *, struct opt_int)) {
    struct said *s = &p->said;
    struct strs lead = { &p->snap.email, str_is_set(p->snap.email) ? 1 : 0 };
    text(p, "from", str_is_set(s->from) ? s->from : p->snap.user->email);
    texts(p, "to", s->to.p ? s->to : lead);
    texts(p, "cc", s->cc);
    texts(p, "bcc", s->bcc);
    write_time(p, "date", p->event->at);
    text(p, "subject", s->subject);
    text(p, "body", str_is_set(s->body) ? s->body : s->description);
}

static void part_letter(struct payload *p) {
    letter(p, time_z);
}

static void part_letter_in(struct payload *p) {
    letter(p, time_offset);
}

static void part_id(struct payload *p) {
    struct buf b = buf_in(p->arena, p->event->id.n + 1);
    for (size_t i = 0; i < p->event->id.n; i++)
        if (p->event->id.p[i] != '-')
            buf_char(&b, p->event->id.p[i]);
    text(p, "id", buf_text(&b));
}

static void part_linkedin(struct payload *p) {
    const struct said *s = &p->said;
    bool has_words = str_is_set(s->description) && !str_eq(s->description, s->subject);
    begin(p, "linkedin");
    text(p, "subject", s->subject);
    text(p, "description",
         has_words ? arena_printf(p->arena, "Message: \"%.*s\"", STR_FMT(s->description)) : s->subject);
    time_z(p, "date", p->event->at);
    end(p);
}

static void part_call(struct payload *p) {
    const struct said *s = &p->said;
    bool has_outcome = str_is_set(s->disposition);
    struct buf words = buf_in(p->arena, BODY_MAX_BYTES);
    if (has_outcome)
        buf_printf(&words, "Call disposition: %.*s\n", STR_FMT(s->description));
    if (str_is_set(s->recording_url))
        buf_printf(&words, "Call recording URL: %.*s\n", STR_FMT(s->recording_url));
    begin(p, "call");
    time_z(p, "date", p->event->at);
    text(p, "title", has_outcome ? arena_printf(p->arena, "%.*s | %.*s", STR_FMT(s->title), STR_FMT(s->description))
                                 : s->title);
    text(p, "description", buf_text(&words));
    text(p, "direction", s->direction);
    text(p, "disposition", s->disposition);
    text(p, "duration", s->duration.set ? time_iso_ms(p->arena, s->duration.v * SECOND_MS) : STR_NONE);
    text(p, "from", s->call_from);
    text(p, "to", s->call_to);
    text(p, "recording_url", s->recording_url);
    end(p);
}

static void part_task(struct payload *p) {
    begin(p, "task");
    text(p, "subject", p->said.subject);
    text(p, "user_notes", p->said.notes);
    time_offset(p, "date", p->event->at);
    end(p);
}

static void part_linkedin_url(struct payload *p) {
    text(p, "linkedin_url", p->snap.linkedin_url);
}

static void part_is_reply(struct payload *p) {
    json_key(&p->w, STR("is_reply"));
    json_bool(&p->w, true);
}

static void part_is_no_reply(struct payload *p) {
    json_key(&p->w, STR("is_reply"));
    json_bool(&p->w, false);
}

static bool in_reply_sequence(const struct payload *p) {
    return str_eq(p->snap.sequence->kind, STR("reply_sequence"));
}

static void part_labels(struct payload *p) {
    if (!in_reply_sequence(p))
        texts(p, "labels", p->said.labels);
}

static void part_user(struct payload *p) {
    begin(p, "user");
    text(p, "first_name", p->snap.user->first_name);
    text(p, "last_name", p->snap.user->last_name);
    text(p, "email", p->snap.user->email);
    end(p);
}

static const char *const usual_fields[]
    = { "first_name", "last_name", "company_name", "company_domain", "company_email_domain", "title",
        "simplified_title", "email", "city", "state", "country", "industry", "linkedin_url" };

static bool is_usual(struct str name) {
    for (size_t i = 0; i < LENGTH(usual_fields); i++)
        if (str_eq(name, str_of(usual_fields[i])))
            return true;
    return false;
}

/* What the lead's data does not say is said by the lead. */
static struct str usual_field(const struct payload *p, const char *name) {
    struct str known = field_of(p, name), email = p->snap.email;
    if (str_is_set(known))
        return known;
    if (strcmp(name, "email") == 0)
        return email;
    if (strcmp(name, "linkedin_url") == 0)
        return p->snap.linkedin_url;
    if (strcmp(name, "company_email_domain") == 0 && str_is_set(email))
        return str_sub(email, str_find_last(email, '@') + 1, email.n);
    return STR_NONE;
}

/* The usual ones first, then what else the lead has. */
static void write_fields(struct payload *p) {
    const struct json_member *m = p->fields.p;
    for (size_t i = 0; i < LENGTH(usual_fields); i++)
        text(p, usual_fields[i], usual_field(p, usual_fields[i]));
    for (size_t i = 0; i < p->fields.n; i++)
        if (m[i].type == JSON_MEMBER_TEXT && !is_usual(m[i].name) && !str_eq(m[i].name, STR("sender"))) {
            json_key(&p->w, m[i].name);
            json_str(&p->w, m[i].text);
        }
}

static void part_fields(struct payload *p) {
    begin(p, "dynamic_fields");
    write_fields(p);
    end(p);
}

static void part_fields_sender(struct payload *p) {
    begin(p, "dynamic_fields");
    write_fields(p);
    begin(p, "sender");
    text(p, "first_name", p->snap.user->first_name);
    text(p, "last_name", p->snap.user->last_name);
    end(p);
    end(p);
}

static void part_sequence(struct payload *p) {
    const struct snap_sequence *s = p->snap.sequence;
    begin(p, in_reply_sequence(p) ? "reply_sequence" : "sequence");
    if (!in_reply_sequence(p))
        text(p, "id", s->id);
    text(p, "name", s->name);
    time_z(p, "start_date", s->start_at);
    time_z(p, "end_date", s->end_at);
    end(p);
}

static void part_stage_index(struct payload *p) {
    begin(p, in_reply_sequence(p) ? "reply_sequence_stage" : "sequence_stage");
    number(p, "index", p->snap.stage->index);
    end(p);
}

static void part_stage(struct payload *p) {
    if (in_reply_sequence(p)) {
        part_stage_index(p);
        return;
    }
    begin(p, "sequence_stage");
    number(p, "index", p->snap.stage->index);
    text(p, "type", p->snap.stage->type);
    json_key(&p->w, STR("automatic"));
    json_bool(&p->w, p->snap.stage->automatic.v != 0);
    end(p);
}

static void part_contact(struct payload *p) {
    begin(p, "contact");
    text(p, "id", p->event->contact_id);
    end(p);
}

/* --- parts of workflows --- */

/* `"Ann" <a@x.example>`; ` <a@x.example>` where no name came with it. */
static void add_address(struct buf *b, const struct list *names, struct str address) {
    const struct json_member *m = names->p;
    struct str name = STR_NONE;
    for (size_t i = 0; i < names->n; i++)
        if (str_eq_nocase(m[i].name, address))
            name = m[i].text;
    if (str_is_set(name))
        buf_printf(b, "\"%.*s\"", STR_FMT(name));
    buf_printf(b, " <%.*s>", STR_FMT(address));
}

static void addresses(struct payload *p, const char *name, struct strs values) {
    struct list names = { 0 };
    struct buf b = buf_in(p->arena, BODY_MAX_BYTES);
    if (str_is_set(p->said.names) && json_members(p->arena, p->said.names, &names) != OK)
        names.n = 0; /* null: nobody had a name */
    for (size_t i = 0; i < values.n; i++) {
        if (i)
            buf_char(&b, ',');
        add_address(&b, &names, values.p[i]);
    }
    text(p, name, buf_text(&b));
}

static void part_email_message(struct payload *p) {
    struct said *s = &p->said;
    begin(p, "email_message");
    text(p, "id", str_is_set(s->reply_id) ? s->reply_id : p->event->id); /* of an example nothing else has one */
    addresses(p, "from", (struct strs){ &s->from, str_is_set(s->from) ? 1 : 0 });
    addresses(p, "to", s->to);
    addresses(p, "cc", s->cc);
    addresses(p, "bcc", s->bcc);
    text(p, "subject", s->subject);
    text(p, "snippet", s->snippet);
    text(p, "last_message", s->last_message);
    text(p, "body", s->body);
    texts(p, "tag", s->labels);
    time_offset(p, "date", p->event->at);
    end(p);
}

static void part_workflow_lead(struct payload *p) {
    static const char *const lead[] = { "email", "first_name", "last_name", "company_name", "company_domain" };
    if (str_is_set(p->said.lead)) {
        json_key(&p->w, STR("lead"));
        json_raw(&p->w, p->said.lead);
        return;
    }
    begin(p, "lead");
    for (size_t i = 0; i < LENGTH(lead); i++)
        text(p, lead[i], usual_field(p, lead[i]));
    end(p);
}

static void part_workflow_rest(struct payload *p) {
    begin(p, "sequence_stage");
    number(p, "index", p->snap.stage->index);
    time_z(p, "sending_date", p->said.sent_at);
    end(p);
    begin(p, "sequence");
    text(p, "key", p->snap.sequence->id);
    text(p, "name", p->snap.sequence->name);
    time_z(p, "start_date", p->snap.sequence->start_at);
    end(p);
    begin(p, "user");
    text(p, "email", p->snap.user->email);
    end(p);
    part_workflow_lead(p);
    if (str_is_set(p->said.additional_info)) {
        json_key(&p->w, STR("additional_info"));
        json_raw(&p->w, p->said.additional_info);
    }
}

/* --- shapes --- */

typedef void part(struct payload *p);

#define IN_SEQUENCE part_linkedin_url, part_is_no_reply, part_user, part_fields_sender, part_sequence, \
                    part_stage, part_contact
static const struct shape {
    const char *kind, *type; /* how the type begins; NULL: any */
    const struct fields *said;
    part *parts[PARTS_MAX];
} shapes[] = {
    { "email_sent", NULL, &said_fields, { part_letter, part_id, IN_SEQUENCE } },
    { "webhook_test", NULL, &said_fields, { part_letter, part_id, IN_SEQUENCE } },
    { "task_completed", "email", &said_fields, { part_letter, part_id, IN_SEQUENCE } },
    { "task_completed", "linkedin_", &said_fields, { part_id, part_linkedin, IN_SEQUENCE } },
    { "linkedin_done", NULL, &said_fields, { part_id, part_linkedin, IN_SEQUENCE } },
    { "call_logged", NULL, &call_fields, { part_id, part_call, IN_SEQUENCE } },
    { "task_completed", "custom_task", &said_fields, { part_id, part_task, IN_SEQUENCE } },
    { "email_replied", NULL, &said_fields,
      { part_letter_in, part_is_reply, part_id, part_linkedin_url, part_labels, part_fields, part_user,
        part_sequence, part_stage_index, part_contact } },
    { "email_out_of_office", NULL, &said_fields,
      { part_letter_in, part_is_reply, part_id, part_linkedin_url, part_labels, part_fields, part_user,
        part_sequence, part_stage_index, part_contact } },
    { "linkedin_replied", NULL, &said_fields,
      { part_is_reply, part_id, part_linkedin, part_linkedin_url, part_labels, part_fields, part_user,
        part_sequence, part_stage, part_contact } },
    { "workflow_pushed", NULL, &said_fields, { part_email_message, part_workflow_rest } },
};

static const struct shape *shape_of(const struct webhook_event *e, struct str type) {
    for (size_t i = 0; i < LENGTH(shapes); i++)
        if (str_eq(e->kind, str_of(shapes[i].kind))
            && (!shapes[i].type || str_starts(type, str_of(shapes[i].type))))
            return &shapes[i];
    return NULL;
}

/* --- reading --- */

struct typed {
    struct str type;
};
#define T struct typed
static const struct field typed_rows[] = { F_STR(T, type) };
#undef T
static const struct fields typed_fields = FIELDS("EventType", struct typed, typed_rows);

static enum rc read_snapshot(struct ctx *ctx, struct str json, struct payload *p) {
    json_t *root;
    struct json_position at;
    if (json_parse(ctx->arena, json, &root, &at) != OK
        || json_read_fields(ctx, &snap_fields, root, STR(""), &p->snap) != OK)
        return fail(ctx, E_DB, "the snapshot of an event is no such thing");
    if (str_is_set(p->snap.dynamic_fields) && json_members(ctx->arena, p->snap.dynamic_fields, &p->fields) != OK)
        p->fields.n = 0; /* null: not a lead's */
    if (!p->snap.user)
        p->snap.user = ARENA_NEW(ctx->arena, struct snap_user);
    if (!p->snap.sequence)
        p->snap.sequence = ARENA_NEW(ctx->arena, struct snap_sequence);
    if (!p->snap.stage)
        p->snap.stage = ARENA_NEW(ctx->arena, struct snap_stage);
    return OK;
}

static enum rc read_event(struct ctx *ctx, const struct webhook_event *e, struct payload *p,
                          const struct shape **ret_shape) {
    bool is_test = str_eq(e->kind, STR("webhook_test"));
    struct str data = is_test ? str_of(example_data) : e->data;
    struct str snapshot = is_test ? str_of(example_snapshot) : e->snapshot;
    struct typed typed = { STR_NONE };
    json_t *root;
    struct json_position at;
    if (!str_is_set(snapshot))
        return E_NOT_FOUND;
    if (json_parse(ctx->arena, data, &root, &at) != OK
        || json_read_fields(ctx, &typed_fields, root, STR(""), &typed) != OK)
        return fail(ctx, E_DB, "the data of an event is no object");
    *ret_shape = shape_of(e, typed.type);
    if (!*ret_shape)
        return E_UNSUPPORTED;
    if (json_read_fields(ctx, (*ret_shape)->said, root, STR(""), &p->said) != OK)
        return fail(ctx, E_DB, "the data of an event of kind %.*s does not fit", STR_FMT(e->kind));
    return read_snapshot(ctx, snapshot, p);
}

enum rc webhook_payload(struct ctx *ctx, const struct webhook_event *event, struct str *ret_body) {
    const struct shape *shape = NULL;
    struct payload p = { .arena = ctx->arena, .event = event };
    struct buf body = buf_in(ctx->arena, BODY_MAX_BYTES);
    enum rc rc = read_event(ctx, event, &p, &shape);
    if (rc != OK)
        return rc;
    p.w = json_writer(&body);
    json_begin_object(&p.w);
    for (size_t i = 0; i < PARTS_MAX && shape->parts[i]; i++)
        shape->parts[i](&p);
    json_end_object(&p.w);
    rc = buf_result(&body);
    if (rc == OK)
        *ret_body = buf_text(&body);
    return rc;
}
