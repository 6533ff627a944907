/* Replies as the classifier sees them, for tools/train_replies: reads lines of JSON with
 * `subject` and `text`, writes for each the scores of the phrases, a bar, and the buckets of
 * the model's features. With --label it writes the label and its confidence instead. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "reply/classify.h"
#include "reply/model.h"

static struct str member(const json_t *row, const char *name) {
    return str_of(json_string_value(json_object_get(row, name)));
}

static void print_features(struct arena *arena, const struct reply *reply) {
    double scores[REPLY_CLASSES];
    reply_phrase_scores(arena, reply, scores);
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        printf("%.4f ", scores[i]);
    printf("|");
    struct features features = model_features(arena, reply_tokens(arena, reply->text));
    for (size_t i = 0; i < features.n; i++)
        printf(" %d", features.p[i].bucket);
    printf("\n");
}

static void print_label(struct arena *arena, const struct reply *reply) {
    struct reply_class class = reply_class_of(arena, reply);
    printf("%.*s %.*s %.3f", STR_FMT(label_name(class.label)), STR_FMT(label_name(class.likeliest)),
           class.confidence);
    for (size_t i = 0; i < class.n_evidence; i++)
        printf(" [%.*s: %s %.1f]", STR_FMT(class.evidence[i].text),
               class.evidence[i].rule ? class.evidence[i].rule : "model", class.evidence[i].weight);
    printf("\n");
}

int main(int argc, char **argv) {
    bool label = argc > 1 && strcmp(argv[1], "--label") == 0;
    static char line[65536];
    struct arena *arena = arena_new();
    while (fgets(line, sizeof line, stdin)) {
        json_t *row = json_loads(line, 0, NULL);
        if (!row)
            return 1;
        struct reply reply = { .subject = member(row, "subject"), .text = member(row, "text") };
        (label ? print_label : print_features)(arena, &reply);
        json_decref(row);
        arena_reset(arena);
    }
    arena_free(&arena);
    return 0;
}
