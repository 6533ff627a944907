/* Any bytes as a reply that names somebody, alone and with half of them as somebody known. */
#include "base/check.h"
#include "base/utf8.h"
#include "reply/referral.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *arena, const struct referral_question *question) {
    struct referral found = reply_find_referral(arena, question);
    struct str all[] = { found.email, found.name, found.first_name, found.last_name, found.domain };
    for (size_t i = 0; i < LENGTH(all); i++)
        ASSERT(utf8_is_valid(all[i]));
    bool any = str_is_set(found.email) || str_is_set(found.name);
    ASSERT(any == str_is_set(found.phrase) || !any);
    if (str_is_set(found.phrase))
        ASSERT(found.phrase.p >= question->text.p
               && found.phrase.p + found.phrase.n <= question->text.p + question->text.n);
    for (size_t i = 0; i < question->known_addresses.n; i++)
        ASSERT(!str_eq_nocase(found.email, question->known_addresses.p[i]) || !found.email.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    struct referral_question question = { .text = text };
    check(arena, &question);
    struct str known = str_sub(text, 0, size / 2);
    question.known_addresses = question.known_names = (struct strs){ &known, 1 };
    check(arena, &question);
    arena_free(&arena);
    return 0;
}
