/* Any bytes as a reply; half of them as its subject, too. */
#include "base/check.h"
#include "base/utf8.h"
#include "reply/classify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *arena, const struct reply *reply) {
    struct reply_class class = reply_class_of(arena, reply);
    ASSERT(class.label == class.likeliest || class.label == LABEL_NONE);
    ASSERT(class.confidence > 0 && class.confidence <= 1);
    for (size_t i = 0; i < class.n_evidence; i++)
        ASSERT(utf8_is_valid(class.evidence[i].text) && class.evidence[i].weight > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    check(arena, &(struct reply){ .text = text });
    check(arena, &(struct reply){ .subject = str_sub(text, 0, size / 2),
                                  .text = str_sub(text, size / 2, size),
                                  .is_automatic = size & 1,
                                  .adds_people = size & 2 });
    arena_free(&arena);
    return 0;
}
