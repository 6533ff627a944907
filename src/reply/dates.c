/* Each day or period that the text names gets a part from the words around it: a return, an
 * end, a beginning, an absence. What was wished for picks the part that says most about it. */
#include "reply/dates.h"

#include "base/check.h"
#include "base/clock.h"
#include "reply/date_parse.h"

enum {
    REACH = 5,            /* words around a date that say what it is */
    HORIZON = 731,        /* days */
    AMERICAS_MINUTES = -210,
};

enum part {
    PART_PLAIN,
    PART_AWAY,   /* plain, and the clause tells of an absence */
    PART_RETURN,
    PART_END,    /* the last day of something */
    PART_AFTER,
    PART_START,
    PART_PAST,   /* or no day at all */
    PARTS
};

/* How much a part says about the wish; 0: nothing. */
static const int worth[PARTS][2] = {
    [PART_PLAIN] = { [DATE_OF_RETURN] = 1, [DATE_OF_FOLLOW_UP] = 3 },
    [PART_AWAY] = { [DATE_OF_RETURN] = 2, [DATE_OF_FOLLOW_UP] = 1 },
    [PART_RETURN] = { [DATE_OF_RETURN] = 5, [DATE_OF_FOLLOW_UP] = 3 },
    [PART_END] = { [DATE_OF_RETURN] = 4, [DATE_OF_FOLLOW_UP] = 2 },
    [PART_AFTER] = { [DATE_OF_RETURN] = 3, [DATE_OF_FOLLOW_UP] = 3 },
    [PART_START] = { [DATE_OF_RETURN] = 0, [DATE_OF_FOLLOW_UP] = 3 },
    [PART_PAST] = { 0, 0 },
};

static bool has(const struct date_reader *r, size_t at, enum date_class class) {
    return date_is(&r->p[at], class);
}

/* Whether a word of the class is among the next ones behind the span, in its clause. */
static bool is_behind(const struct date_reader *r, const struct date_span *span, enum date_class class) {
    for (size_t at = span->to; at < span->to + REACH && at < r->n && !r->p[at - 1].ends; at++) {
        if (has(r, at, class))
            return true;
        if (r->p[at].number >= 0 || has(r, at, WORD_MONTH) || has(r, at, WORD_NOT))
            return false;
    }
    return false;
}

static bool is_before(const struct date_reader *r, size_t at, size_t reach, enum date_class class) {
    for (size_t i = 0; i < reach && at > 0 && !r->p[at - 1].ends; i++)
        if (has(r, --at, class))
            return true;
    return false;
}

/* "Back from", "available from", "from … on I am there again". */
static bool is_return_from(const struct date_reader *r, const struct date_span *span, size_t from) {
    return is_behind(r, span, WORD_AGAIN) || is_before(r, from, 3, WORD_BACK)
           || (is_before(r, from, 3, WORD_REACH) && !is_before(r, from, REACH, WORD_NOT));
}

/* The nearest word in front that says something decides. "Not back until" is a return. */
static enum part part_of_words_before(const struct date_reader *r, const struct date_span *span, size_t *ret_at) {
    size_t at = span->from;
    bool is_parted = false;
    for (size_t i = 0; i < REACH && at > 0 && !r->p[at - 1].ends; i++) {
        at--;
        *ret_at = at;
        is_parted = is_parted || str_contains(r->p[at].gap, STR(","));
        if (r->p[at].number >= 0)
            break;
        if (has(r, at, WORD_UNTIL))
            return is_before(r, at, 3, WORD_BACK) ? PART_RETURN : PART_END;
        if (has(r, at, WORD_BACK))
            return PART_RETURN;
        bool near = i < 3 && span->kind != DATE_RELATIVE; /* else it is "the day after tomorrow" */
        if (near && has(r, at, WORD_SINCE) && i < 2 && !has(r, at, WORD_FROM))
            return PART_PAST;
        if (near && has(r, at, WORD_AFTER) && !is_parted) /* not "after the holidays, early September" */
            return PART_AFTER;
        if (near && has(r, at, WORD_FROM) && is_before(r, at, 2, WORD_AFTER))
            return PART_AFTER; /* "después del verano" */
        if (near && has(r, at, WORD_FROM))
            return is_return_from(r, span, at) ? PART_RETURN : PART_START;
        bool within = at > 0 && has(r, at - 1, WORD_UNTIL); /* "tot en met" */
        if ((has(r, at, WORD_AND) && !within) || has(r, at, WORD_MONTH))
            break;
    }
    *ret_at = span->from;
    return PART_PLAIN;
}

static bool clause_has(const struct date_reader *r, const struct date_span *span, enum date_class class) {
    for (size_t at = span->from; at > 0 && !r->p[at - 1].ends;)
        if (has(r, --at, class))
            return true;
    for (size_t at = span->to; at < r->n && !r->p[at - 1].ends; at++)
        if (has(r, at, class))
            return true;
    return false;
}

/* "Monday to Friday, 9 to 5": when somebody works. */
static bool is_of_every_week(const struct date_reader *r, const struct date_span *span) {
    return span->is_range && span->kind == DATE_WEEKDAY && !clause_has(r, span, WORD_AWAY)
           && !is_before(r, span->from, REACH, WORD_BACK);
}

static enum part part_of(const struct date_reader *r, const struct date_span *span, size_t *ret_from) {
    *ret_from = span->from;
    if (span->is_lasting)
        return PART_RETURN;
    if (is_of_every_week(r, span))
        return PART_PAST;
    enum part part = part_of_words_before(r, span, ret_from);
    if (span->is_range)
        return part == PART_RETURN && !is_before(r, span->from, REACH, WORD_FROM) && !clause_has(r, span, WORD_AWAY)
                   ? PART_RETURN : PART_END;
    if (part == PART_PLAIN && is_behind(r, span, WORD_AGAIN))
        return PART_RETURN;
    if (part == PART_PLAIN && is_behind(r, span, WORD_UNTIL) && span->to < r->n && has(r, span->to, WORD_UNTIL))
        return PART_END; /* "12 août inclus" */
    if (part == PART_PLAIN && clause_has(r, span, WORD_AWAY))
        return PART_AWAY;
    return part;
}

/* The day that the part of the span stands for. */
static int64_t day_of_part(const struct date_reader *r, const struct date_span *span, enum part part,
                           enum date_wish wish) {
    bool exact = span->kind != DATE_PERIOD || span->is_edge;
    if (wish == DATE_OF_RETURN && span->kind == DATE_PERIOD && span->start <= r->today)
        return span->end + 1; /* "this week" */
    switch (part) {
    case PART_END:
        return exact || span->is_range ? span->end + 1 : span->start;
    case PART_AFTER:
        return span->end + 1;
    case PART_AWAY:
        return wish == DATE_OF_RETURN ? span->end + 1 : span->start;
    default:
        return span->start;
    }
}

static int rank_of(const struct date_reader *r, const struct date_span *span, enum part part, enum date_wish wish) {
    int rank = 4 * worth[part][wish];
    if (rank && wish == DATE_OF_FOLLOW_UP && clause_has(r, span, WORD_ASK))
        rank += 8;
    return rank;
}

static struct str phrase_of(const struct date_reader *r, size_t from, size_t to) {
    const char *start = r->p[from].raw.p;
    struct str last = r->p[to - 1].raw;
    return (struct str){ start, (size_t) (last.p + last.n - start) };
}

static bool is_month_first(const struct date_text *text, int offset_minutes) {
    bool month_first = false;
    bool english = text->language == DATE_EN || text->language == DATE_LANGUAGES;
    if (date_order(text, &month_first))
        return month_first;
    return english && offset_minutes <= AMERICAS_MINUTES;
}

static struct str iso_of(struct arena *arena, int64_t day) {
    return str_sub(time_iso(arena, day * DAY_MS), 0, 10);
}

struct reply_date reply_find_date(struct arena *arena, const struct date_question *question) {
    struct reply_date found = { .kind = DATE_NONE };
    struct date_text text = date_text_read(arena, question->text, question->language);
    int64_t local = question->sent_ms + question->offset_minutes * MINUTE_MS;
    struct date_reader r = { text.p, text.n, text.language, local / DAY_MS - (local % DAY_MS < 0),
                             is_month_first(&text, question->offset_minutes),
                             question->wish == DATE_OF_FOLLOW_UP };
    int64_t best = 0;
    int best_rank = 0;
    for (size_t at = 0; at < r.n; at++) {
        struct date_span span;
        if (!date_parse_at(&r, at, &span))
            continue;
        size_t from;
        enum part part = part_of(&r, &span, &from);
        int64_t day = day_of_part(&r, &span, part, question->wish);
        int rank = rank_of(&r, &span, part, question->wish);
        bool fits = day > r.today && day <= r.today + HORIZON;
        if (fits && rank && (rank > best_rank || (rank == best_rank && day > best))) {
            best = day;
            best_rank = rank;
            found = (struct reply_date){ span.kind, iso_of(arena, day), phrase_of(&r, from, span.to) };
        }
        at = span.to - 1;
    }
    return found;
}
