#include "sequence/reply_label.h"

#include "base/vec.h"
#include "reply/classify.h"
#include "sequence/reply_effects.h"
#include "sequence/workflows.h"

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
    reply->label_source = enum_label_sources.values[by_rule ? LABELED_BY_RULES : LABELED_BY_MODEL];
    reply->confidence = opt_int((int64_t) (class.confidence * 1000));
    for (size_t i = 0; i < class.n_evidence; i++)
        strs_add(ctx->arena, &reply->evidence, class.evidence[i].text);
}

enum rc reply_label_settle(struct ctx *ctx, struct stored_reply *reply) {
    enum rc rc = reply_effects_apply(ctx, reply);
    if (rc == OK)
        rc = reply_label_store(ctx, reply);
    return rc == OK ? workflows_run(ctx, reply) : rc;
}

/* --- by a person --- */

struct relabeling {
    struct str id;
    const struct reply_relabel *relabel;
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
        rc = reply_effects_undo(ctx, &reply);
    if (rc != OK)
        return rc;
    reply.label = w->relabel->label;
    reply.label_source = enum_label_sources.values[LABELED_BY_PERSON];
    reply.confidence = opt_int(1000);
    reply.evidence = (struct strs){ 0 };
    if (str_is_set(w->relabel->return_on))
        reply.return_on = w->relabel->return_on;
    if (str_is_set(w->relabel->follow_up_on))
        reply.follow_up_on = w->relabel->follow_up_on;
    rc = reply_label_settle(ctx, &reply);
    return rc == OK ? reply_get(ctx, w->id, w->reply) : rc;
}

enum rc reply_relabel(struct ctx *ctx, struct str id, const struct reply_relabel *relabel,
                      struct stored_reply *ret_reply) {
    struct relabeling relabeling = { id, relabel, ret_reply };
    enum rc rc = db_transact(ctx, relabel_work, &relabeling);
    if (rc == OK)
        workflows_wake(ctx);
    return rc;
}
