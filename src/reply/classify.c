#include "reply/classify.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "reply/model.h"

const double reply_threshold = 0.5;
const double reply_threshold_refusal = 0.7;

double reply_threshold_of(enum label label) {
    return label == LABEL_HARD_NO || label == LABEL_NOT_INTERESTED ? reply_threshold_refusal : reply_threshold;
}

/* A weight of a table in units of the scores; what adds up beyond the first phrases counts
 * less and less, so that long replies are not certain by their length. */
static const double unit = 0.9;
static const double soft_limit = 8;
/* With more of a chance than this that the reply is interested, a refusal is no label. */
static const double interest_possible = 0.06;

static const struct {
    double automatic; /* added to the score when a machine wrote */
    double adds;      /* and when people were added */
} priors[REPLY_CLASSES] = {
    [LABEL_INTERESTED] = { -5, 0 },
    [LABEL_HARD_NO] = { -3, 0 },
    [LABEL_INTRODUCTION] = { -4, 3 },
    [LABEL_NOT_INTERESTED] = { -5, 0 },
    [LABEL_OOO] = { 3, 0 },
    [LABEL_ASKED_TO_CIRCLE_BACK_LATER] = { -4, 0 },
    [LABEL_NOT_THE_RIGHT_PERSON] = { 0, 0 },
    [LABEL_FORWARDED_TO_THE_RIGHT_PERSON] = { -2, 1 },
    [LABEL_NONE] = { 1.5, 0 },
};

struct found {
    struct tokens tokens;
    struct phrase_matches in_text, in_subject;
};

/* For whom a match speaks: "not … a demo" is no wish for one. */
static enum label label_of_match(const struct phrase_match *match) {
    bool turned = match->negated && match->phrase->label == LABEL_INTERESTED;
    return turned ? LABEL_NOT_INTERESTED : match->phrase->label;
}

static double weight_of_match(const struct phrase_match *match) {
    double weight = match->phrase->weight;
    return match->negated && match->phrase->label == LABEL_INTERESTED ? weight / 3 : weight;
}

/* A subject is our own, except where a machine or its owner replaced it. */
static bool subject_counts(const struct phrase_match *match) {
    return match->phrase->label == LABEL_OOO && match->phrase->weight >= 4;
}

static struct found find(struct arena *arena, const struct reply *reply) {
    struct tokens tokens = reply_tokens(arena, reply->text);
    struct tokens subject = reply_tokens(arena, reply->subject);
    return (struct found){ tokens, class_phrases_find(arena, tokens), class_phrases_find(arena, subject) };
}

static double soften(double sum) {
    return sum <= soft_limit ? sum : soft_limit + 3 * log1p((sum - soft_limit) / 3);
}

static void score_phrases(const struct found *found, const struct reply *reply,
                          double scores[REPLY_CLASSES]) {
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        scores[i] = 0;
    for (size_t i = 0; i < found->in_text.n; i++)
        scores[label_of_match(&found->in_text.p[i])] += weight_of_match(&found->in_text.p[i]);
    for (size_t i = 0; i < found->in_subject.n; i++)
        if (subject_counts(&found->in_subject.p[i]))
            scores[LABEL_OOO] += found->in_subject.p[i].phrase->weight;
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        scores[i] = unit * soften(scores[i]) + (reply->is_automatic ? priors[i].automatic : 0)
                    + (reply->adds_people ? priors[i].adds : 0);
}

void reply_phrase_scores(struct arena *arena, const struct reply *reply, double scores[REPLY_CLASSES]) {
    struct found found = find(arena, reply);
    score_phrases(&found, reply, scores);
}

static void to_probabilities(const double scores[REPLY_CLASSES], double ret_probabilities[REPLY_CLASSES]) {
    double most = scores[0], sum = 0;
    for (size_t i = 1; i < REPLY_CLASSES; i++)
        most = fmax(most, scores[i]);
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        sum += ret_probabilities[i] = exp(scores[i] - most);
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        ret_probabilities[i] /= sum;
}

/* Which of the two refusals it is matters less than that it is one. */
static enum label decide(const struct reply_class *class) {
    const double *p = class->probabilities;
    bool refuses = class->likeliest == LABEL_HARD_NO || class->likeliest == LABEL_NOT_INTERESTED;
    bool certain = class->confidence >= reply_threshold;
    if (refuses)
        certain = certain && p[LABEL_HARD_NO] + p[LABEL_NOT_INTERESTED] >= reply_threshold_refusal
                  && p[LABEL_INTERESTED] <= interest_possible;
    return certain ? class->likeliest : LABEL_NONE;
}

static int by_weight(const void *a, const void *b) {
    const struct evidence *x = a, *y = b;
    return (x->weight < y->weight) - (x->weight > y->weight);
}

/* Keeps the strongest. */
static void add_evidence(struct reply_class *class, struct evidence evidence) {
    if (class->n_evidence < EVIDENCE_MAX)
        class->evidence[class->n_evidence++] = evidence;
    else if (evidence.weight > class->evidence[EVIDENCE_MAX - 1].weight)
        class->evidence[EVIDENCE_MAX - 1] = evidence;
    qsort(class->evidence, class->n_evidence, sizeof class->evidence[0], by_weight);
}

static struct str words_of(struct arena *arena, struct tokens tokens, size_t from, size_t to) {
    struct buf words = buf_in(arena, REPLY_TEXT_MAX_BYTES);
    for (size_t i = from; i < to; i++) {
        if (token_is_bound(tokens.p[i].word))
            continue;
        if (words.n)
            buf_char(&words, ' ');
        buf_str(&words, tokens.p[i].word);
    }
    return buf_text(&words);
}

static void explain_phrases(struct arena *arena, const struct found *found, struct reply_class *class) {
    for (size_t i = 0; i < found->in_text.n; i++) {
        const struct phrase_match *match = &found->in_text.p[i];
        if (label_of_match(match) == class->likeliest)
            add_evidence(class, (struct evidence){
                                    EVIDENCE_PHRASE, words_of(arena, found->tokens, match->from, match->to),
                                    match->phrase->pattern, unit * weight_of_match(match) });
    }
    for (size_t i = 0; i < found->in_subject.n; i++)
        if (class->likeliest == LABEL_OOO && subject_counts(&found->in_subject.p[i]))
            add_evidence(class, (struct evidence){ EVIDENCE_HEADER, STR("subject"),
                                                   found->in_subject.p[i].phrase->pattern,
                                                   unit * found->in_subject.p[i].phrase->weight });
}

static void explain_model(struct arena *arena, struct features features, struct reply_class *class) {
    static const double worth_showing = 0.2;
    for (size_t i = 0; i < features.n; i++) {
        const struct feature *feature = &features.p[i];
        double weight = model_weight(features, i, class->likeliest);
        bool bound = token_is_bound(feature->first) || token_is_bound(feature->second);
        if (feature->is_piece || bound || weight < worth_showing)
            continue;
        struct str text = str_is_set(feature->second)
                              ? arena_printf(arena, "%.*s %.*s", STR_FMT(feature->first), STR_FMT(feature->second))
                              : feature->first;
        add_evidence(class, (struct evidence){ EVIDENCE_MODEL, text, NULL, weight });
    }
}

struct reply_class reply_class_of(struct arena *arena, const struct reply *reply) {
    struct reply_class class = { .label = LABEL_NONE, .likeliest = LABEL_NONE };
    struct found found = find(arena, reply);
    struct features features = model_features(arena, found.tokens);
    double scores[REPLY_CLASSES];
    score_phrases(&found, reply, scores);
    model_score(features, scores);
    to_probabilities(scores, class.probabilities);
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        if (class.probabilities[i] > class.confidence) {
            class.confidence = class.probabilities[i];
            class.likeliest = (enum label) i;
        }
    class.label = decide(&class);
    explain_phrases(arena, &found, &class);
    explain_model(arena, features, &class);
    if (reply->is_automatic && priors[class.likeliest].automatic > 0)
        add_evidence(&class, (struct evidence){ EVIDENCE_HEADER, STR("automatic"), "written by a machine",
                                                priors[class.likeliest].automatic });
    if (reply->adds_people && priors[class.likeliest].adds > 0)
        add_evidence(&class, (struct evidence){ EVIDENCE_HEADER, STR("recipients"), "people were added",
                                                priors[class.likeliest].adds });
    return class;
}
