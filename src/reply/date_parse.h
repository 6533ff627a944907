/* The grammar of dates: what day or period begins at a token. */
#ifndef REPLY_DATE_PARSE_H
#define REPLY_DATE_PARSE_H

#include "reply/date_text.h"
#include "reply/dates.h"

struct date_reader {
    const struct date_token *p;
    size_t n;
    enum date_language language;
    int64_t today;    /* days since 1970 */
    bool month_first; /* how 03/04 is read */
    bool ahead;       /* a day without a year lies ahead; else it may have just passed */
};

struct date_span {
    size_t from, to;    /* tokens [from, to) */
    int64_t start, end; /* days since 1970, both inclusive */
    enum date_kind kind;
    bool is_range;      /* told with its two ends */
    bool is_lasting;    /* "for two weeks": from the message on, until `end` */
    bool is_edge;       /* "the end of March": an exact day although a period was told */
};

/* False when none begins there; *ret_span is untouched then. */
bool date_parse_at(const struct date_reader *reader, size_t at, struct date_span *ret_span);

/* Whether the text's own dates settle how 03/04 is read; *ret_month_first is untouched when not. */
bool date_order(const struct date_text *text, bool *ret_month_first);

#endif
