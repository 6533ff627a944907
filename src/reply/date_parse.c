/* One function for each form; date_parse_at tries them in turn, the longest forms first. */
#include "reply/date_parse.h"

#include "base/check.h"
#include "data/text.h"
#include "reply/date_calendar.h"

enum {
    YEAR_MIN = 1990,
    YEAR_MAX = 2100,
    JUST_PASSED = 120, /* days; an absence notice may be older than what it says */
    FILL_MAX = 3,
};

static bool is_at(const struct date_reader *r, size_t at, enum date_class class) {
    return at < r->n && date_is(&r->p[at], class);
}

static int value_at(const struct date_reader *r, size_t at, enum date_class class) {
    return r->p[at].values[class];
}

/* Whether the next token is in the same clause. */
static bool goes_on(const struct date_reader *r, size_t at) {
    return at + 1 < r->n && !r->p[at].ends;
}

static bool is_number(const struct date_reader *r, size_t at, int most) {
    return at < r->n && r->p[at].number >= 1 && r->p[at].number <= most && r->p[at].digits <= 2;
}

static bool is_year(const struct date_reader *r, size_t at) {
    return at < r->n && r->p[at].digits == 4 && r->p[at].number >= YEAR_MIN && r->p[at].number <= YEAR_MAX;
}

static char sign_after(const struct date_reader *r, size_t at) {
    return r->p[at].gap.n ? r->p[at].gap.p[0] : '\0';
}

/* Behind the tokens that only fill, within the clause. */
static size_t skip_fill(const struct date_reader *r, size_t at) {
    for (int i = 0; i < FILL_MAX && is_at(r, at, WORD_FILL) && goes_on(r, at); i++)
        at++;
    return at;
}

/* The class of the token in front, those that fill left out. */
static bool follows(const struct date_reader *r, size_t at, enum date_class class) {
    for (int i = 0; i <= FILL_MAX && at > 0 && !r->p[at - 1].ends; i++) {
        at--;
        if (date_is(&r->p[at], class))
            return true;
        if (!date_is(&r->p[at], WORD_FILL))
            return false;
    }
    return false;
}

static int64_t year_of(int64_t day) {
    return calendar_from_days(day).year;
}

/* A day without its year: the next one, or the one that just passed. */
static int64_t place(const struct date_reader *r, int month, int day) {
    int64_t from = r->ahead ? r->today + 1 : r->today - JUST_PASSED;
    int64_t year = year_of(from);
    int64_t found = day_of(year, month, day);
    return found >= from ? found : day_of(year + 1, month, day);
}

static bool set_day(const struct date_reader *r, struct date_span *span, int64_t year, int month, int day) {
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year ? year : 2024, month))
        return false;
    span->start = span->end = year ? day_of(year, month, day) : place(r, month, day);
    span->kind = DATE_DAY;
    return true;
}

static bool is_loose_number(const struct date_reader *r, size_t at) {
    char sign = at ? sign_after(r, at - 1) : ' ';
    bool joined = at && r->p[at - 1].gap.n == 1 && r->p[at - 1].number >= 0
                  && (sign == '/' || sign == '-' || sign == '.' || sign == '+');
    return !joined;
}

/* "terug op 6-7", "6-7 weer terug": a day and month as the Dutch write them, not "6-7 weken". */
static bool is_dutch_pair(const struct date_reader *r, size_t at) {
    if (r->language != DATE_NL || sign_after(r, at) != '-')
        return false;
    bool again = goes_on(r, at + 1) && (is_at(r, at + 2, WORD_AGAIN) || is_at(r, at + 2, WORD_TO));
    bool led = follows(r, at, WORD_UNTIL) || follows(r, at, WORD_FROM) || follows(r, at, WORD_BACK);
    return again || (led && r->p[at + 1].ends);
}

/* "12/03/2026", "12.3.", "12-03-2026", "2026-03-12". */
static bool parse_numeric(const struct date_reader *r, size_t at, struct date_span *span) {
    if (at + 1 >= r->n || r->p[at].number < 0 || r->p[at + 1].number < 0 || !is_loose_number(r, at))
        return false;
    char sign = sign_after(r, at);
    struct str gap = r->p[at].gap, gap2 = r->p[at + 1].gap;
    bool close = gap.n == 1 || (gap.n == 2 && sign == '.' && gap.p[1] == ' ');
    if (!close || (sign != '/' && sign != '.' && sign != '-'))
        return false;
    bool has_third = at + 2 < r->n && r->p[at + 2].number >= 0 && sign_after(r, at + 1) == sign
                     && (gap2.n == 1 || (gap2.n == 2 && sign == '.'));
    int a = r->p[at].number, b = r->p[at + 1].number, c = has_third ? r->p[at + 2].number : 0;
    if (is_year(r, at) && has_third && r->p[at + 2].digits <= 2) {
        span->to = at + 3;
        return set_day(r, span, a, b, c);
    }
    if (r->p[at].digits > 2 || r->p[at + 1].digits > 2 || (a == 24 && b == 7 && !has_third))
        return false;
    has_third = has_third && (is_year(r, at + 2) || r->p[at + 2].digits == 2);
    bool told = follows(r, at, WORD_UNTIL) || follows(r, at, WORD_FROM) || follows(r, at, WORD_BACK)
                || follows(r, at, WORD_LEAD) || follows(r, at, WORD_WEEKDAY) || follows(r, at, WORD_TO);
    bool dotted = sign == '.' && gap2.n && gap2.p[0] == '.';
    if (!has_third && sign != '/' && !dotted && !(told && sign == '.') && !is_dutch_pair(r, at))
        return false;
    bool month_first = sign == '/' ? (b > 12 || (a <= 12 && r->month_first)) : b > 12;
    int64_t year = has_third ? (is_year(r, at + 2) ? c : 2000 + c) : 0;
    span->to = at + 2 + has_third;
    return month_first ? set_day(r, span, year, a, b) : set_day(r, span, year, b, a);
}

/* A year behind a month, quarter or season: its number, "next year", "of this year"; 0 for
 * none. Moves *at behind it. */
static int64_t parse_year(const struct date_reader *r, size_t *at) {
    if (!*at || r->p[*at - 1].ends)
        return 0;
    size_t next = skip_fill(r, *at);
    if (is_year(r, next)) {
        *at = next + 1;
        return r->p[next].number;
    }
    bool before = is_at(r, next, WORD_NEXT) || is_at(r, next, WORD_COMING), is_this = is_at(r, next, WORD_THIS);
    size_t unit = before || is_this ? next + 1 : next;
    if (!is_at(r, unit, WORD_UNIT) || value_at(r, unit, WORD_UNIT) != UNIT_YEAR)
        return 0;
    bool behind = goes_on(r, unit) && is_at(r, unit + 1, WORD_COMING);
    if (!before && !is_this && !behind)
        return 0;
    *at = unit + 1 + behind;
    return year_of(r->today) + !is_this;
}

/* "12 March 2026", "12. März", "le 12 mars", "12 de marzo de 2026", "14th of June". */
static bool parse_day_month(const struct date_reader *r, size_t at, struct date_span *span) {
    if (!is_number(r, at, 31) || !goes_on(r, at) || !is_loose_number(r, at) || sign_after(r, at) == ':')
        return false;
    size_t month = skip_fill(r, at + 1);
    if (!is_at(r, month, WORD_MONTH))
        return false;
    span->to = month + 1;
    int64_t year = parse_year(r, &span->to);
    return set_day(r, span, year, value_at(r, month, WORD_MONTH), r->p[at].number);
}

/* "March 12th, 2026"; English only, in others a number behind a month is something else. */
static bool parse_month_day(const struct date_reader *r, size_t at, struct date_span *span) {
    bool english = r->language == DATE_EN || r->language == DATE_LANGUAGES;
    if (!english || !is_at(r, at, WORD_MONTH) || !goes_on(r, at))
        return false;
    size_t day = skip_fill(r, at + 1);
    if (!is_number(r, day, 31) || sign_after(r, day) == ':' || sign_after(r, day) == '%')
        return false;
    span->to = day + 1;
    int64_t year = r->p[day].ends ? 0 : parse_year(r, &span->to);
    return set_day(r, span, year, value_at(r, at, WORD_MONTH), r->p[day].number);
}

/* "the 14th", "le 15", "el 15", "am 15.": of the month in which that day comes next. */
static bool parse_lone_day(const struct date_reader *r, size_t at, struct date_span *span) {
    char sign = is_number(r, at, 31) ? sign_after(r, at) : '%';
    if (sign == '%' || sign == ':' || sign == '/' || sign == '-' || !is_loose_number(r, at))
        return false;
    bool dotted = r->language != DATE_DE || sign == '.';
    bool lone = at && date_is(&r->p[at - 1], WORD_LONE) && !r->p[at - 1].ends && dotted;
    bool counted = goes_on(r, at) && (r->p[at + 1].classes == 0 || is_at(r, at + 1, WORD_UNIT) || is_at(r, at + 1, WORD_SEASON));
    if (!r->p[at].is_ordinal && (!lone || counted))
        return false;
    if (r->p[at].is_ordinal && goes_on(r, at) && r->p[at + 1].classes == 0 && !lone && sign == ' ')
        return false; /* "the 3rd floor" */
    int64_t month = unit_start(r->today, UNIT_MONTH);
    for (int i = 0; i < 3; i++, month = add_months(month, 1)) {
        struct calendar_day date = calendar_from_days(month);
        if (r->p[at].number > days_in_month(date.year, date.month))
            continue;
        span->start = span->end = month + r->p[at].number - 1;
        if (span->start > r->today)
            break;
    }
    span->kind = DATE_OF_MONTH;
    span->to = at + 1;
    return span->start > r->today;
}

static bool parse_plain_day(const struct date_reader *r, size_t at, struct date_span *span) {
    return parse_numeric(r, at, span) || parse_day_month(r, at, span) || parse_month_day(r, at, span)
           || parse_lone_day(r, at, span);
}

/* The weekday alone: the next one; "next Friday" is next week's in English and Dutch. */
static bool parse_weekday_alone(const struct date_reader *r, size_t at, struct date_span *span) {
    bool short_word = r->p[at].raw.n < 3;
    bool ordinal = is_at(r, at, WORD_ORDINAL) && goes_on(r, at) && is_at(r, at + 1, WORD_UNIT);
    bool stops = short_word || ordinal || follows(r, at, WORD_SINCE) || (at && date_is(&r->p[at - 1], WORD_NO) && !r->p[at - 1].ends);
    if (stops)
        return false;
    int weekday = value_at(r, at, WORD_WEEKDAY);
    int64_t day = r->today + (weekday - weekday_of_day(r->today) + 6) % 7 + 1;
    bool next = at && date_is(&r->p[at - 1], WORD_NEXT) && (r->language == DATE_EN || r->language == DATE_NL);
    if (next)
        day = unit_after(r->today, UNIT_WEEK, 1) + weekday - 1;
    span->start = span->end = day;
    span->kind = DATE_WEEKDAY;
    span->to = at + 1 + (goes_on(r, at) && is_at(r, at + 1, WORD_COMING));
    return true;
}

/* A day in any form, its weekday in front or not. */
static bool parse_day(const struct date_reader *r, size_t at, struct date_span *span) {
    if (!is_at(r, at, WORD_WEEKDAY))
        return parse_plain_day(r, at, span);
    size_t next = at + 1;
    for (int i = 0; i < 3 && goes_on(r, next - 1); i++, next++) {
        if (parse_plain_day(r, next, span))
            return true;
        if (!is_at(r, next, WORD_FILL))
            break;
    }
    return parse_weekday_alone(r, at, span);
}

/* Behind what stands between the two days of a range; 0 when they are none. */
static size_t after_connector(const struct date_reader *r, size_t at) {
    struct str gap = r->p[at - 1].gap;
    bool dash = str_contains(gap, STR("-")) || str_contains(gap, STR("\xE2\x80\x93")) || str_contains(gap, STR("\xE2\x80\x94"));
    if (dash)
        return at;
    if (at >= r->n || r->p[at - 1].ends)
        return 0;
    size_t next = at;
    bool found = false;
    for (; next < at + 4 && next < r->n; next++) {
        bool connects = is_at(r, next, WORD_TO) || is_at(r, next, WORD_AND) || is_at(r, next, WORD_UNTIL);
        if (!connects && !(found && is_at(r, next, WORD_FILL)))
            break;
        found = found || connects;
        if (!goes_on(r, next))
            return 0;
    }
    return found ? next : 0;
}

/* "3 to 14 August", "vom 7. bis 18. Juli", "May 5 to 9", "22/12 a 05/01", "Thu and Fri". */
static bool parse_range(const struct date_reader *r, size_t at, struct date_span *span) {
    struct date_span first = { .to = at + 1 }, last = { 0 };
    bool whole = parse_day(r, at, &first);
    bool bare = !whole || first.kind == DATE_OF_MONTH;
    if (!whole && !is_number(r, at, 31))
        return false;
    size_t next = after_connector(r, first.to);
    if (!next)
        return false;
    bool ends = parse_day(r, next, &last);
    if (ends && bare && last.kind != DATE_DAY && !(whole && last.kind == DATE_OF_MONTH))
        return false;
    bool same_month = whole && first.kind == DATE_DAY && is_number(r, next, 31) && (!ends || last.kind == DATE_OF_MONTH);
    if (same_month) {
        struct calendar_day date = calendar_from_days(first.start);
        last.to = next + 1;
        if (r->p[next].number < date.day || !set_day(r, &last, date.year, date.month, r->p[next].number))
            return false;
        int64_t year = parse_year(r, &last.to);
        if (year)
            (void) set_day(r, &last, year, date.month, r->p[next].number); /* was valid without */
    } else if (!ends)
        return false;
    if (last.kind == DATE_WEEKDAY && whole)
        last.start = last.end = first.start + (last.start - first.start + 70) % 7;
    *span = (struct date_span){ at, last.to, whole ? first.start : last.start, last.end, last.kind, true, false, false };
    return true;
}

static void set_period(struct date_span *span, int64_t start, int64_t next) {
    span->start = start;
    span->end = next - 1;
    span->kind = DATE_PERIOD;
}

/* A unit of which only its month within the year is known: the next one, or that of `year`. */
static void set_months(const struct date_reader *r, struct date_span *span, int64_t year, int month, int months) {
    int64_t own = year ? year : year_of(r->today);
    int64_t start = day_of(own, month, 1);
    bool gone = r->ahead ? start <= r->today : add_months(start, months) <= r->today;
    if (!year && gone)
        start = day_of(own + 1, month, 1);
    set_period(span, start, add_months(start, months));
}

/* What ends may have begun: "after the summer", told in summer, is this one. */
static struct date_reader reader_at(const struct date_reader *r, size_t at) {
    struct date_reader own = *r;
    own.ahead = r->ahead && !follows(r, at, WORD_AFTER) && !follows(r, at, WORD_LATE);
    return own;
}

static bool stands_alone(const struct date_reader *r, size_t at) {
    if (at && date_is(&r->p[at - 1], WORD_AND) && ascii_is_lower(r->p[at].raw.p[0]))
        return false; /* "and may be late" */
    return at && !r->p[at - 1].ends && (date_is(&r->p[at - 1], WORD_LEAD) || follows(r, at, WORD_LEAD));
}

/* "in March", "March 2026", "next spring". */
static bool parse_month(const struct date_reader *r, size_t at, struct date_span *span) {
    bool month = is_at(r, at, WORD_MONTH), season = is_at(r, at, WORD_SEASON);
    if ((!month && !season) || is_at(r, at, WORD_NUMBER))
        return false;
    span->to = at + 1;
    int64_t year = parse_year(r, &span->to);
    bool coming = !year && goes_on(r, at) && is_at(r, at + 1, WORD_COMING);
    bool alone = at == 0 || r->p[at - 1].ends ? !goes_on(r, at) : stands_alone(r, at);
    if (!alone && !year && !coming)
        return false;
    span->to += coming;
    int first = month ? value_at(r, at, WORD_MONTH) : value_at(r, at, WORD_SEASON);
    struct date_reader own = reader_at(r, at);
    set_months(&own, span, year, first, month ? 1 : 3);
    return true;
}

/* A quarter or half by its number. */
static bool set_part(const struct date_reader *r, struct date_span *span, int number, enum date_unit unit) {
    int months = unit == UNIT_HALF ? 6 : 3;
    number = unit == UNIT_HALF && number == 4 ? 2 : number; /* "the last half" */
    if (number < 1 || number > 12 / months)
        return false;
    int64_t year = parse_year(r, &span->to);
    struct date_reader own = reader_at(r, span->from);
    set_months(&own, span, year, (number - 1) * months + 1, months);
    return true;
}

/* "Q3", "H2 2026", "third quarter", "3. Quartal", "second half of October". */
static bool parse_quarter(const struct date_reader *r, size_t at, struct date_span *span) {
    struct str raw = r->p[at].raw;
    if (raw.n == 1 && !r->p[at].gap.n && at + 1 < r->n && r->p[at + 1].digits == 1) {
        char letter = ascii_lower(raw.p[0]);
        bool quarter = letter == 'q' || (letter == 't' && r->language == DATE_FR);
        span->to = at + 2;
        return (quarter || letter == 'h' || letter == 's')
               && set_part(r, span, r->p[at + 1].number, quarter ? UNIT_QUARTER : UNIT_HALF);
    }
    int number = is_at(r, at, WORD_ORDINAL) ? value_at(r, at, WORD_ORDINAL) : is_number(r, at, 4) ? r->p[at].number : 0;
    bool counted = number && goes_on(r, at) && is_at(r, at + 1, WORD_UNIT)
                   && (is_at(r, at, WORD_ORDINAL) || r->p[at].is_ordinal || sign_after(r, at) == '.');
    enum date_unit unit = counted ? (enum date_unit) value_at(r, at + 1, WORD_UNIT) : UNIT_DAY;
    if (unit != UNIT_QUARTER && unit != UNIT_HALF)
        return false;
    span->to = at + 2;
    size_t month = r->p[at + 1].ends ? r->n : skip_fill(r, at + 2);
    if (unit == UNIT_HALF && is_at(r, month, WORD_MONTH)) {
        span->to = month + 1;
        set_months(r, span, parse_year(r, &span->to), value_at(r, month, WORD_MONTH), 1);
        span->start += number == 1 ? 0 : 15;
        return true;
    }
    return set_part(r, span, number, unit);
}

/* "KW 34", "week 34". */
static bool parse_week(const struct date_reader *r, size_t at, struct date_span *span) {
    bool week = is_at(r, at, WORD_WEEK_NUMBER) && goes_on(r, at) && is_number(r, at + 1, 53) && !r->p[at + 1].is_ordinal;
    if (!week || (goes_on(r, at + 1) && (is_at(r, at + 2, WORD_UNIT) || is_at(r, at + 2, WORD_MONTH))))
        return false;
    int64_t year = year_of(r->today), start = iso_week(year, r->p[at + 1].number);
    if (start + 6 < r->today)
        start = iso_week(year + 1, r->p[at + 1].number);
    set_period(span, start, start + 7);
    span->to = at + 2;
    return true;
}

/* "next week", "semaine prochaine", "semana que vem", "this week". */
static bool parse_unit(const struct date_reader *r, size_t at, struct date_span *span) {
    bool before = is_at(r, at, WORD_NEXT) || is_at(r, at, WORD_COMING), is_this = is_at(r, at, WORD_THIS);
    size_t unit = before || is_this ? skip_fill(r, at + 1) : at;
    if (!is_at(r, unit, WORD_UNIT) || (unit > at && r->p[at].ends))
        return false;
    enum date_unit kind = (enum date_unit) value_at(r, unit, WORD_UNIT);
    bool behind = goes_on(r, unit) && is_at(r, unit + 1, WORD_COMING);
    bool que = goes_on(r, unit) && str_eq_nocase(r->p[unit + 1].raw, STR("que")) && goes_on(r, unit + 1)
               && text_list_has("vem viene entra", r->p[unit + 2].raw);
    if ((!before && !is_this && !behind && !que) || kind == UNIT_DAY)
        return false;
    span->to = unit + 1 + behind + 2 * (size_t) que;
    if (is_this) {
        set_period(span, r->today, unit_after(r->today, kind, 1));
        return true;
    }
    set_period(span, unit_after(r->today, kind, 1), unit_after(r->today, kind, 2));
    return true;
}

/* A number in digits or words, "a couple of", "the next few"; 0 for none. Moves *at behind. */
static int parse_count(const struct date_reader *r, size_t *at) {
    int count = 0;
    size_t next = *at;
    for (size_t i = 0; i < 5 && next < r->n; i++, next++) {
        bool digits = is_number(r, next, 99) && !r->p[next].is_ordinal, word = is_at(r, next, WORD_NUMBER);
        if (count == HALF_A && word)
            continue; /* "half a year" */
        if (digits || word)
            count = digits ? r->p[next].number : value_at(r, next, WORD_NUMBER);
        else if (is_at(r, next, WORD_UNIT))
            break;
        else if (!is_at(r, next, WORD_FILL) && !is_at(r, next, WORD_NEXT) && !is_at(r, next, WORD_COMING))
            return 0;
        if (!goes_on(r, next))
            return 0;
    }
    *at = next;
    return count;
}

/* "in two weeks", "dans 15 jours", "for the next three months". */
static bool parse_lapse(const struct date_reader *r, size_t at, struct date_span *span) {
    bool lasts = is_at(r, at, WORD_FOR) && !is_at(r, at, WORD_IN);
    bool starts = is_at(r, at, WORD_IN) || is_at(r, at, WORD_FOR) || is_at(r, at, WORD_NEXT) || is_at(r, at, WORD_COMING);
    if (!starts || !goes_on(r, at))
        return false;
    size_t unit = at + 1;
    int count = parse_count(r, &unit);
    if (!count || !is_at(r, unit, WORD_UNIT))
        return false;
    enum date_unit kind = (enum date_unit) value_at(r, unit, WORD_UNIT);
    static const int days[] = { [UNIT_DAY] = 1, [UNIT_WEEK] = 7, [UNIT_WEEKEND] = 7 };
    static const int months[] = { [UNIT_MONTH] = 1, [UNIT_QUARTER] = 3, [UNIT_HALF] = 6, [UNIT_YEAR] = 12 };
    bool half = count == HALF_A;
    if (half && kind != UNIT_YEAR && kind != UNIT_HALF)
        return false;
    int64_t day = kind <= UNIT_WEEKEND ? r->today + count * days[kind]
                                       : add_months(r->today, half ? 6 : count * months[kind]);
    span->start = span->end = day;
    span->kind = DATE_RELATIVE;
    span->is_lasting = lasts || is_at(r, at, WORD_NEXT) || is_at(r, at, WORD_COMING);
    span->to = unit + 1;
    return true;
}

static bool parse_near(const struct date_reader *r, size_t at, struct date_span *span) {
    int days = is_at(r, at, WORD_TOMORROW) ? 1 : is_at(r, at, WORD_OVERMORROW) ? 2 : is_at(r, at, WORD_TODAY) ? 0 : -1;
    bool stops = days < 0 || (at && !r->p[at - 1].ends
                              && (date_is(&r->p[at - 1], WORD_NO) || date_is(&r->p[at - 1], WORD_DAYTIME)));
    if (stops)
        return false;
    /* "day after tomorrow", "après-demain", "pasado mañana" */
    size_t before = at ? at - 1 : 0;
    if (before && is_at(r, before, WORD_FILL))
        before--;
    bool after = days == 1 && at && !r->p[at - 1].ends && (is_at(r, before, WORD_AFTER) || is_at(r, before, WORD_SINCE));
    span->start = span->end = r->today + days + after;
    span->kind = DATE_RELATIVE;
    span->to = at + 1;
    return true;
}

static bool parse_holiday(const struct date_reader *r, size_t at, struct date_span *span) {
    if (!is_at(r, at, WORD_HOLIDAY))
        return false;
    enum date_holiday holiday = (enum date_holiday) value_at(r, at, WORD_HOLIDAY);
    int64_t year = year_of(r->today), day = holiday_of(year, holiday);
    day = day >= r->today ? day : holiday_of(year + 1, holiday);
    bool two_days = holiday == CHRISTMAS || holiday == EASTER || holiday == PENTECOST;
    span->start = day;
    span->end = day + two_days;
    span->kind = DATE_HOLIDAY;
    span->to = at + 1;
    return true;
}

/* "early", "mid" or "end of" a period; of a bare unit its own one ("end of the month"), of
 * which the beginning is the next one's. */
static bool parse_edge(const struct date_reader *r, size_t at, struct date_span *span) {
    bool early = is_at(r, at, WORD_EARLY), mid = is_at(r, at, WORD_MID), late = is_at(r, at, WORD_LATE);
    if ((!early && !mid && !late) || !goes_on(r, at))
        return false;
    size_t next = skip_fill(r, at + 1);
    struct date_span period = { 0 };
    bool found = parse_quarter(r, next, &period) || parse_unit(r, next, &period) || parse_month(r, next, &period);
    if (!found && is_at(r, next, WORD_UNIT) && value_at(r, next, WORD_UNIT) != UNIT_DAY) {
        enum date_unit unit = (enum date_unit) value_at(r, next, WORD_UNIT);
        set_period(&period, unit_after(r->today, unit, early), unit_after(r->today, unit, early + 1));
        period.end -= unit == UNIT_WEEK ? 2 : 0;
        period.to = next + 1;
        int64_t year = unit == UNIT_YEAR ? parse_year(r, &period.to) : 0;
        if (year)
            set_period(&period, day_of(year, 1, 1), day_of(year + 1, 1, 1));
        found = true;
    }
    if (!found)
        return false;
    int64_t middle = period.start + (period.end - period.start) / 2;
    *span = period;
    if (mid)
        span->start = middle - (period.end - period.start > 27 && period.end - period.start < 31
                                    ? middle - period.start - 14 : 0);
    if (late)
        span->start = period.end;
    span->is_edge = late;
    span->end = early ? period.start : mid ? span->start : period.end;
    return true;
}

bool date_parse_at(const struct date_reader *reader, size_t at, struct date_span *ret_span) {
    static bool (*const forms[])(const struct date_reader *, size_t, struct date_span *) = {
        parse_range, parse_day, parse_edge, parse_quarter, parse_week,
        parse_lapse, parse_unit, parse_month, parse_near, parse_holiday,
    };
    for (size_t i = 0; i < LENGTH(forms); i++) {
        struct date_span span = { .from = at, .to = at + 1 };
        if (!forms[i](reader, at, &span))
            continue;
        span.from = at;
        *ret_span = span;
        return true;
    }
    return false;
}

bool date_order(const struct date_text *text, bool *ret_month_first) {
    for (size_t i = 0; i + 1 < text->n; i++) {
        const struct date_token *a = &text->p[i], *b = &text->p[i + 1];
        bool pair = a->number > 0 && b->number > 0 && a->digits <= 2 && b->digits <= 2 && str_eq(a->gap, STR("/"));
        if (!pair || (a->number > 12) == (b->number > 12) || a->number > 31 || b->number > 31)
            continue;
        *ret_month_first = b->number > 12;
        return true;
    }
    return false;
}
