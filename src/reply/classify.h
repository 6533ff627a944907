/* What a reply means: one of the eight labels (data/labels.h) with how certain that is and
 * why, or none, and then a person decides. docs/classes.md says how it works and how well.
 *
 * Phrases that can be read (reply/class_phrases.h) and a small model (reply/model.h) add up to a
 * score for each label and for "none fits"; scores become probabilities.
 *
 * Pure, any thread; results live in the arena. Any bytes are accepted. */
#ifndef REPLY_CLASSIFY_H
#define REPLY_CLASSIFY_H

#include "reply/class_phrases.h"

struct reply {
    struct str subject; /* counts only for what machines write; may be absent */
    struct str text;    /* what is new in the message: without quotes, best without signature */
    bool is_automatic;  /* its headers say that a machine wrote it (RFC 3834) */
    bool adds_people;   /* it has recipients that the message it answers had not */
};

enum evidence_kind { EVIDENCE_PHRASE, EVIDENCE_MODEL, EVIDENCE_HEADER };

/* One thing that speaks for the label, the strongest first. */
struct evidence {
    enum evidence_kind kind;
    struct str text;    /* the words in the reply, folded */
    const char *rule;   /* of a phrase its pattern, of a header what it says; else NULL */
    double weight;
};

enum { EVIDENCE_MAX = 6 };

struct reply_class {
    enum label label;  /* LABEL_NONE: none fits, or `likeliest` is not certain enough */
    enum label likeliest;
    double confidence; /* of `likeliest`, 0 to 1 */
    double probabilities[REPLY_CLASSES]; /* by label, LABEL_NONE last; their sum is 1 */
    struct evidence evidence[EVIDENCE_MAX]; /* for `likeliest` */
    size_t n_evidence;
};

/* Less certain than this is no label. The two refusals together need more, and are none where
 * the reply may be interested: to stop a conversation by mistake costs more than to ask a person. */
extern const double reply_threshold;         /* any label */
extern const double reply_threshold_refusal; /* hard_no and not_interested */
double reply_threshold_of(enum label label);

struct reply_class reply_class_of(struct arena *arena, const struct reply *reply);

/* The scores by phrases and headers alone, which the model is trained on top of. */
void reply_phrase_scores(struct arena *arena, const struct reply *reply, double scores[REPLY_CLASSES]);

#endif
