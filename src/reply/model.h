/* The model beside the phrases (reply/class_phrases.h): multinomial logistic regression over the
 * words, pairs of words and pieces of words of a reply, trained by tools/train_replies on
 * the train part of tests/data/replies. It adds to the scores of the phrases, so it learnt
 * what they do not say.
 *
 * Features are hashed into REPLY_BUCKETS; a weight is one signed byte. The file model.bin is
 * embedded in the binary. Pure, any thread. */
#ifndef REPLY_MODEL_H
#define REPLY_MODEL_H

#include <stdint.h>

#include "reply/class_phrases.h"

enum { REPLY_BUCKETS = 16384 };

struct feature {
    uint16_t bucket;
    struct str first, second; /* the words that made it; second absent for one word */
    bool is_piece;            /* of the word: too short to show */
};

struct features {
    struct feature *p; /* each bucket once */
    size_t n;
};

struct features model_features(struct arena *arena, struct tokens tokens);

/* Adds the model's scores to those of the classes, LABEL_NONE last. */
void model_score(struct features features, double scores[REPLY_CLASSES]);

/* How much the feature speaks for the class, in units of the scores. */
double model_weight(struct features features, size_t feature, enum label label);

#endif
