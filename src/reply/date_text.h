/* A reply's words and numbers as the grammar of dates (reply/date_parse.h) reads them. */
#ifndef REPLY_DATE_TEXT_H
#define REPLY_DATE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define DATE_CLASSES(X)                                                                          \
    X(MONTH) X(WEEKDAY) X(NUMBER) X(ORDINAL) X(UNIT) X(HOLIDAY) X(SEASON) X(TODAY) X(TOMORROW)   \
    X(OVERMORROW) X(NEXT) X(THIS) X(COMING) X(WEEK_NUMBER) X(IN) X(FOR) X(EARLY) X(MID) X(LATE)  \
    X(UNTIL) X(FROM) X(SINCE) X(AFTER) X(BACK) X(AGAIN) X(REACH) X(AWAY) X(TO) X(AND) X(LEAD) X(LONE)     \
    X(ASK) X(FILL) X(NO) X(NOT) X(DAYTIME) X(COMMON)

enum date_class {
#define X(name) WORD_##name,
    DATE_CLASSES(X)
#undef X
    DATE_CLASSES_COUNT
};
_Static_assert(DATE_CLASSES_COUNT <= 64, "a set of them is 64 bits");

enum date_unit { UNIT_DAY, UNIT_WEEK, UNIT_WEEKEND, UNIT_MONTH, UNIT_QUARTER, UNIT_HALF, UNIT_YEAR };
enum date_holiday { CHRISTMAS, NEW_YEAR, EPIPHANY, EASTER, PENTECOST, THANKSGIVING };
enum { HALF_A = 100 /* "half a year" */ };

enum date_language { DATE_EN, DATE_DE, DATE_FR, DATE_ES, DATE_PT, DATE_NL, DATE_LANGUAGES };

struct date_token {
    struct str raw;
    struct str gap;   /* what is between it and the next one */
    uint64_t classes; /* bits by enum date_class */
    uint8_t values[DATE_CLASSES_COUNT];
    int number;       /* -1: a word */
    int digits;
    bool is_ordinal;  /* "14th" */
    bool ends;        /* its clause ends behind it */
};

struct date_text {
    struct date_token *p;
    size_t n;
    enum date_language language;
};

/* Addresses, links and numbers of more than four digits are words without a class. */
struct date_text date_text_read(struct arena *arena, struct str text, const char *language);

static inline bool date_is(const struct date_token *token, enum date_class class) {
    return token->classes >> class & 1;
}

/* DATE_LANGUAGES for none. */
enum date_language date_language_of(const char *name);
const char *date_language_name(enum date_language language);

#endif
