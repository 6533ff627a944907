#include "sequence/reply_label.h"

#include "base/vec.h"
#include "reply/classify.h"
#include "reply/dates.h"
#include "reply/referral.h"
#include "sequence/label_hook.h"
#include "sequence/reply_claims.h"
#include "sequence/reply_effects.h"
#include "sequence/workflows.h"
#include "store/workflow_runs.h"

static bool adds_people(const struct inbound *in, const struct message *m) {
    const struct mime_address *copy = in->message->cc.p;
    for (size_t i = 0; i < in->message->cc.n; i++)
        if (!str_eq_nocase(copy[i].address, m->recipient))
            return true;
    return false;
}

static bool takes_label(const struct stored_reply *reply) {
    return str_eq(reply->kind, str_of(inbound_kind_word(INBOUND_PERSON)))
           || str_eq(reply->kind, str_of(inbound_kind_word(INBOUND_OUT_OF_OFFICE)));
}

/* --- what the label carries --- */

static struct str find_date(struct ctx *ctx, const struct inbound *in, enum date_wish wish) {
    const struct date_question question = { .text = in->last_message,
                                            .sent_ms = in->date.set ? in->date.v : ctx_now(ctx),
                                            .offset_minutes = in->date_offset_minutes, .wish = wish };
    return reply_find_date(ctx->arena, &question).date;
}

static void find_return(struct ctx *ctx, const struct inbound *in, struct stored_reply *reply) {
    reply->return_on = find_date(ctx, in, DATE_OF_RETURN);
}

static void find_follow_up(struct ctx *ctx, const struct inbound *in, struct stored_reply *reply) {
    reply->follow_up_on = find_date(ctx, in, DATE_OF_FOLLOW_UP);
}

static void find_referred(struct ctx *ctx, const struct inbound *in, struct stored_reply *reply) {
    struct referral_question question = { .text = in->last_message };
    const struct mime_address *to = in->message->to.p;
    strs_add(ctx->arena, &question.known_addresses, in->from.address);
    strs_add(ctx->arena, &question.known_names, in->from.name);
    for (size_t i = 0; i < in->message->to.n; i++) {
        strs_add(ctx->arena, &question.known_addresses, to[i].address);
        strs_add(ctx->arena, &question.known_names, to[i].name);
    }
    struct referral found = reply_find_referral(ctx->arena, &question);
    if (!str_is_set(found.phrase))
        return;
    reply->referred = ARENA_NEW(ctx->arena, struct referred_person);
    *reply->referred = (struct referred_person){
        .email = found.email, .first_name = found.first_name, .last_name = found.last_name,
        .title = found.title, .company_name = found.company, .company_domain = found.domain,
    };
}

static void (*const find_info[])(struct ctx *, const struct inbound *, struct stored_reply *) = {
    [LABEL_INFO_RETURN_DATE] = find_return,
    [LABEL_INFO_FOLLOW_UP_DATE] = find_follow_up,
    [LABEL_INFO_THIRD_PARTY] = find_referred,
};

static void add_info(struct ctx *ctx, enum label label, const struct inbound *in, struct stored_reply *reply) {
    enum label_info info = label == LABEL_NONE ? LABEL_INFO_NOTHING : label_row(label)->info;
    if (find_info[info])
        find_info[info](ctx, in, reply);
    if (label == LABEL_INTRODUCTION) /* somebody is brought in */
        find_referred(ctx, in, reply);
}

void reply_label_find(struct ctx *ctx, const struct inbound *in, const struct message *m,
                      struct stored_reply *reply) {
    const struct reply text = { .subject = in->subject, .text = in->last_message,
                                .is_automatic = in->kind == INBOUND_OUT_OF_OFFICE,
                                .adds_people = adds_people(in, m) };
    if (!takes_label(reply))
        return;
    struct reply_class class = reply_class_of(ctx->arena, &text);
    bool by_rule = class.n_evidence && class.evidence[0].kind != EVIDENCE_MODEL;
    reply->label = label_name(class.label);
    if (class.label != LABEL_NONE)
        reply->label_source = enum_label_sources.values[by_rule ? LABELED_BY_RULES : LABELED_BY_MODEL];
    reply->confidence = opt_int((int64_t) (class.confidence * 1000));
    for (size_t i = 0; i < class.n_evidence; i++)
        strs_add(ctx->arena, &reply->evidence, class.evidence[i].text);
    add_info(ctx, class.label, in, reply);
}

enum rc reply_label_settle(struct ctx *ctx, struct stored_reply *reply, enum event_kind told) {
    enum rc rc = reply_effects_apply(ctx, reply, told);
    if (rc == OK)
        rc = reply_label_store(ctx, reply);
    if (rc != OK || !takes_label(reply))
        return rc;
    return label_hook_decides(ctx, reply) ? label_hook_ask(ctx, reply) : workflows_run(ctx, reply);
}

/* --- by somebody else --- */

static bool set_date(struct str *date, struct str said) {
    bool is_new = str_is_set(said) && !str_eq(said, *date);
    if (is_new)
        *date = said;
    return is_new;
}

static bool lacks_info(const struct stored_reply *reply) {
    enum label label = label_of(reply->label);
    enum label_info info = label == LABEL_NONE ? LABEL_INFO_NOTHING : label_row(label)->info;
    return (info == LABEL_INFO_RETURN_DATE && !str_is_set(reply->return_on))
           || (info == LABEL_INFO_FOLLOW_UP_DATE && !str_is_set(reply->follow_up_on))
           || ((info == LABEL_INFO_THIRD_PARTY || label == LABEL_INTRODUCTION) && !reply->referred);
}

/* Looks in the message, while it is kept, for what the new label carries and the old one did not. */
static enum rc find_new_info(struct ctx *ctx, struct stored_reply *reply) {
    struct str source = STR_NONE;
    struct inbound in;
    enum rc rc = lacks_info(reply) ? reply_source(ctx, reply->id, &source) : E_NOT_FOUND;
    if (rc == OK) {
        inbound_read(ctx->arena, source, &in);
        add_info(ctx, label_of(reply->label), &in, reply);
    }
    return rc == E_NOT_FOUND ? OK : rc;
}

/* What workflows did for a label goes with it; with other dates alone it stays. */
enum rc reply_label_change(struct ctx *ctx, const struct reply_relabel *relabel, struct stored_reply *reply) {
    enum event_kind told = reply_event(reply);
    bool is_new_label = !str_eq(reply->label, relabel->label), was_open = !str_is_set(reply->label_source);
    bool returns = set_date(&reply->return_on, relabel->return_on);
    bool is_new = set_date(&reply->follow_up_on, relabel->follow_up_on) || returns || is_new_label || was_open;
    reply->label = relabel->label;
    reply->label_source = enum_label_sources.values[relabel->by];
    reply->confidence = relabel->confidence;
    reply->evidence = (struct strs){ 0 };
    if (!is_new) /* somebody agrees */
        return reply_label_store(ctx, reply);
    enum rc rc = is_new_label ? find_new_info(ctx, reply) : OK;
    if (rc == OK)
        rc = reply_claims_release(ctx, reply->id, is_new_label);
    if (rc == OK && is_new_label)
        rc = workflow_runs_take_back(ctx, reply->id);
    return rc == OK ? reply_label_settle(ctx, reply, told) : rc;
}

struct relabeling {
    struct str id;
    struct reply_relabel relabel;
    struct stored_reply *reply;
};

static enum rc check(struct ctx *ctx, const struct stored_reply *reply) {
    return takes_label(reply) ? OK
                              : problem(ctx, E_CONFLICT, "conflict",
                                        "Only what people write has a label: this is %.*s",
                                        STR_FMT(reply->kind));
}

static enum rc relabel_work(struct ctx *ctx, void *arg) {
    const struct relabeling *w = arg;
    struct stored_reply reply;
    enum rc rc = reply_lock(ctx, w->id, &reply);
    if (rc == OK)
        rc = check(ctx, &reply);
    if (rc == OK)
        rc = reply_label_change(ctx, &w->relabel, &reply);
    return rc == OK ? reply_get(ctx, w->id, w->reply) : rc;
}

enum rc reply_relabel(struct ctx *ctx, struct str id, const struct reply_relabel *relabel,
                      struct stored_reply *ret_reply) {
    struct relabeling relabeling = { id, *relabel, ret_reply };
    relabeling.relabel.by = LABELED_BY_PERSON;
    relabeling.relabel.confidence = opt_int(1000);
    enum rc rc = db_transact(ctx, relabel_work, &relabeling);
    if (rc == OK)
        workflows_wake(ctx);
    return rc;
}
