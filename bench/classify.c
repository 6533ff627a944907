/* How many replies a second one core classifies: those of the gold set, over and over.
 * `make bench-classify`. */
#include "gold.h"

#include "base/clock.h"

enum { ROUNDS = 5, TIMES = 20 };

static size_t run(struct arena *arena, const struct list *replies) {
    const struct reply *reply = replies->p;
    size_t labelled = 0;
    for (size_t i = 0; i < replies->n * TIMES; i++) {
        labelled += reply_class_of(arena, &reply[i % replies->n]).label != LABEL_NONE;
        arena_reset(arena);
    }
    return labelled;
}

int main(void) {
    struct arena *kept = arena_new(), *arena = arena_new();
    struct list replies = gold_replies(kept);
    const struct reply *reply = replies.p;
    size_t bytes = 0;
    for (size_t i = 0; i < replies.n; i++)
        bytes += reply[i].text.n;
    int64_t best = INT64_MAX;
    size_t labelled = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = monotonic_us();
        labelled = run(arena, &replies);
        int64_t took = monotonic_us() - start;
        best = took < best ? took : best;
    }
    double each = (double) best / (double) (replies.n * TIMES);
    printf("%zu replies of %zu bytes on average, %zu %% labelled: %.1f us each, %.0f a second on one core\n",
           replies.n, bytes / replies.n, 100 * labelled / (replies.n * TIMES), each, 1e6 / each);
    arena_free(&arena);
    arena_free(&kept);
    return 0;
}
