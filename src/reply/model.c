#include "reply/model.h"

#include <math.h>

#include "base/check.h"
#include "reply/model_embedded.h"

/* model.bin: an int32 (little endian) with the weight of one unit in millionths, the bias of
 * each class as int32 in units, then the weights by bucket and class. */
enum {
    HEAD_BYTES = 4 * (1 + REPLY_CLASSES),
    PIECE_MIN = 3, /* bytes of a piece of a word */
    PIECE_MAX = 5,
    WORD_MAX = 24, /* bytes; of longer words the beginning */
};

struct collector {
    struct features features;
    uint64_t seen[REPLY_BUCKETS / 64];
};

static uint32_t hash_bytes(uint32_t hash, struct str s) {
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (unsigned char) s.p[i]) * 16777619U;
    return hash;
}

static void add(struct collector *c, uint32_t hash, struct feature feature) {
    hash ^= hash >> 15;
    hash *= 0x2C1B3C6DU;
    hash ^= hash >> 12;
    size_t bucket = hash % REPLY_BUCKETS;
    uint64_t bit = UINT64_C(1) << (bucket & 63);
    if (c->seen[bucket / 64] & bit)
        return;
    c->seen[bucket / 64] |= bit;
    feature.bucket = (uint16_t) bucket;
    c->features.p[c->features.n++] = feature;
}

static void add_pieces(struct collector *c, struct str word) {
    char padded[WORD_MAX + 2];
    size_t n = word.n < WORD_MAX ? word.n : WORD_MAX;
    padded[0] = '_';
    memcpy(padded + 1, word.p, n);
    padded[n + 1] = '_';
    for (size_t length = PIECE_MIN; length <= PIECE_MAX; length++)
        for (size_t at = 0; at + length <= n + 2; at++)
            add(c, hash_bytes(0x9E3779B9U, (struct str){ padded + at, length }),
                (struct feature){ .first = word, .is_piece = true });
}

struct features model_features(struct arena *arena, struct tokens tokens) {
    struct collector c = { 0 };
    size_t most = 2 * tokens.n + 1;
    for (size_t i = 0; i < tokens.n; i++)
        most += 3 * (tokens.p[i].word.n < WORD_MAX ? tokens.p[i].word.n : WORD_MAX);
    c.features.p = ARENA_ARRAY(arena, most < REPLY_BUCKETS ? most : REPLY_BUCKETS, struct feature);
    for (size_t i = 0; i < tokens.n; i++) {
        struct str word = tokens.p[i].word;
        bool is_word = !token_is_bound(word);
        if (is_word)
            add(&c, hash_bytes(0x811C9DC5U, word), (struct feature){ .first = word });
        if (is_word && word.n && word.p[0] != '@')
            add_pieces(&c, word);
        if (i + 1 < tokens.n) {
            uint32_t hash = hash_bytes(hash_bytes(0x1234567U, word), STR(" "));
            add(&c, hash_bytes(hash, tokens.p[i + 1].word),
                (struct feature){ .first = word, .second = tokens.p[i + 1].word });
        }
    }
    return c.features;
}

static int32_t head_number(size_t i) {
    uint32_t value = 0;
    for (size_t k = 4; k-- > 0;)
        value = value << 8 | (unsigned char) reply_model[4 * i + k];
    return (int32_t) value;
}

static double unit(void) {
    return head_number(0) / 1e6;
}

static int weight_of(size_t bucket, size_t class) {
    return (signed char) reply_model[HEAD_BYTES + bucket * REPLY_CLASSES + class];
}

void model_score(struct features features, double scores[REPLY_CLASSES]) {
    ASSERT(reply_model_size == HEAD_BYTES + (size_t) REPLY_BUCKETS * REPLY_CLASSES);
    int sums[REPLY_CLASSES] = { 0 };
    for (size_t i = 0; i < features.n; i++)
        for (size_t class = 0; class < REPLY_CLASSES; class++)
            sums[class] += weight_of(features.p[i].bucket, class);
    double length = features.n ? sqrt((double) features.n) : 1;
    for (size_t class = 0; class < REPLY_CLASSES; class++)
        scores[class] += unit() * (sums[class] / length + head_number(1 + class));
}

double model_weight(struct features features, size_t feature, enum label label) {
    return unit() * weight_of(features.p[feature].bucket, label) / sqrt((double) features.n);
}
