/* Any bytes as a reply in which a date is looked for; the first bytes choose the moment, the
 * writer's zone and what is wished for. */
#include "base/check.h"
#include "base/clock.h"
#include "reply/dates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 3, HORIZON_DAYS = 735 };

static void check(struct arena *arena, const struct date_question *question) {
    struct reply_date found = reply_find_date(arena, question);
    if (found.kind == DATE_NONE) {
        ASSERT(!str_is_set(found.date) && !str_is_set(found.phrase));
        return;
    }
    int64_t ms;
    ASSERT(time_parse(found.date, &ms) == OK && found.date.n == 10);
    ASSERT(ms > question->sent_ms - DAY_MS && ms < question->sent_ms + HORIZON_DAYS * DAY_MS);
    ASSERT(found.phrase.n && found.phrase.p >= question->text.p
           && found.phrase.p + found.phrase.n <= question->text.p + question->text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD)
        return 0;
    struct arena *arena = arena_new();
    struct date_question question = {
        .text = { (const char *) data + HEAD, size - HEAD },
        .sent_ms = (data[0] * INT64_C(256) + data[1]) * DAY_MS / 2,
        .offset_minutes = (data[2] - 128) * 5,
    };
    check(arena, &question);
    question.wish = DATE_OF_FOLLOW_UP;
    question.language = data[2] & 1 ? "de" : "en";
    check(arena, &question);
    arena_free(&arena);
    return 0;
}
