/* The day that a reply names: when somebody who is away comes back, or when somebody wants
 * to be asked again. Absolute days in all usual forms, ranges, weekdays, "in two weeks",
 * "next quarter", weeks by number, Christmas and Easter; in English, German, French,
 * Spanish, Portuguese and Dutch (reply/date_words.def).
 *
 * Everything is relative to the day on which the message was written where it was written.
 * An end that is told ("until", "bis einschließlich", the end of a range) means the day after
 * it. A time of which only the month, quarter or season is known means its first day. What lies
 * before the message, or more than two years after it, is no date.
 *
 * Pure, any thread; results live in the arena. Any bytes are accepted. */
#ifndef REPLY_DATES_H
#define REPLY_DATES_H

#include "base/arena.h"
#include "base/str.h"

enum date_wish {
    DATE_OF_RETURN,    /* label ooo */
    DATE_OF_FOLLOW_UP, /* label asked_to_circle_back_later */
};

enum date_kind {
    DATE_NONE,
    DATE_DAY,      /* with its month, "12 March", "12/03" */
    DATE_OF_MONTH, /* a day alone, "the 14th" */
    DATE_WEEKDAY,
    DATE_RELATIVE, /* "tomorrow", "in two weeks" */
    DATE_PERIOD,   /* a week, month, quarter, season or year */
    DATE_HOLIDAY,
};

struct date_question {
    struct str text;        /* what is new in the message */
    int64_t sent_ms;        /* when it was written */
    int offset_minutes;     /* of the writer's clock to UTC */
    const char *language;   /* "de", if known from elsewhere; the text's own words count first */
    enum date_wish wish;
};

struct reply_date {
    enum date_kind kind;
    struct str date;   /* "2025-08-18"; absent when kind is DATE_NONE */
    struct str phrase; /* where it was read: a part of the text */
};

/* 03/04 is April 3rd but for English of a clock of the Americas (three and a half hours and more
 * behind UTC), unless another date of the text can be read in one way only. */
struct reply_date reply_find_date(struct arena *arena, const struct date_question *question);

/* "en", "de", "fr", "es", "pt" or "nl" by the commonest words of the text; NULL when there
 * are none. Static storage. */
const char *reply_language(struct arena *arena, struct str text);

#endif
