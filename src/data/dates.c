/* A date is cut into numbers and words; the forms are told apart by where the year and a
 * month's name stand. */
#include "data/dates.h"

#include "base/check.h"
#include "data/text.h"

#define PARTS_MAX 3

static bool is_year(int64_t number) {
    return number >= 1000 && number <= 2100;
}

enum rc year_parse(struct str text, int64_t *ret_year) {
    for (size_t i = 0, n; i < text.n; i += n ? n : 1) {
        n = 0;
        while (i + n < text.n && ascii_is_digit(text.p[i + n]))
            n++;
        int64_t year;
        if (n == 4 && str_to_i64(str_sub(text, i, i + n), &year) == OK && is_year(year)) {
            *ret_year = year;
            return OK;
        }
    }
    return E_INVALID;
}

/* Folded beginnings that no other month shares, in the five languages. */
static const struct {
    struct str beginning;
    int month;
} months[] = {
    { STR("jan"), 1 },  { STR("ene"), 1 },  { STR("feb"), 2 },  { STR("fev"), 2 },
    { STR("mar"), 3 },  { STR("apr"), 4 },  { STR("avr"), 4 },  { STR("abr"), 4 },
    { STR("may"), 5 },  { STR("mai"), 5 },  { STR("jun"), 6 },  { STR("juin"), 6 },
    { STR("jul"), 7 },  { STR("juil"), 7 }, { STR("aug"), 8 },  { STR("aou"), 8 },
    { STR("ago"), 8 },  { STR("sep"), 9 },  { STR("set"), 9 },  { STR("oct"), 10 },
    { STR("okt"), 10 }, { STR("out"), 10 }, { STR("nov"), 11 }, { STR("dec"), 12 },
    { STR("dez"), 12 }, { STR("dic"), 12 },
};

static int month_of(struct str word) {
    for (size_t i = 0; i < LENGTH(months); i++)
        if (str_starts(word, months[i].beginning))
            return months[i].month;
    return 0;
}

struct parts {
    int64_t numbers[PARTS_MAX];
    size_t digits[PARTS_MAX];
    size_t n;
    int month;           /* by name; 0: none */
    char mark;           /* the first byte behind the first number */
};

static bool is_filler(struct str word) {
    static const struct str words[] = { STR("de"), STR("of"), STR("th"), STR("st"),
                                        STR("nd"), STR("rd"), STR("del") };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (str_eq(word, words[i]))
            return true;
    return false;
}

static bool add_number(struct parts *parts, struct str digits) {
    if (parts->n == PARTS_MAX || digits.n > 4
        || str_to_i64(digits, &parts->numbers[parts->n]) != OK)
        return false;
    parts->digits[parts->n++] = digits.n;
    return true;
}

static bool add_word(struct parts *parts, struct str word) {
    if (is_filler(word))
        return true;
    int month = month_of(word);
    if (!month || parts->month)
        return false;
    parts->month = month;
    return true;
}

/* Runs of digits and runs of letters of the folded words. */
static bool cut_parts(struct arena *arena, struct str text, struct parts *parts) {
    struct str rest = text_fold(arena, text);
    for (struct str word; str_word(&rest, &word);) {
        size_t digits = 0;
        while (digits < word.n && ascii_is_digit(word.p[digits]))
            digits++;
        if (digits && !add_number(parts, str_sub(word, 0, digits)))
            return false;
        if (digits < word.n && !add_word(parts, str_sub(word, digits, word.n)))
            return false;
    }
    return parts->n > 0;
}

static int days_in(int64_t year, int64_t month) {
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

struct date {
    int64_t year, month, day; /* month and day may be 0: not given */
};

static bool date_is_valid(const struct date *d) {
    if (!is_year(d->year) || d->month < 0 || d->month > 12 || d->day < 0)
        return false;
    return d->day == 0 || (d->month > 0 && d->day <= days_in(d->year, d->month));
}

/* With a month's name: the number of four digits is the year, the other one the day. */
static bool with_month_name(const struct parts *p, struct date *d) {
    size_t year = p->n == 2 && p->digits[0] == 4 ? 0 : p->n - 1;
    if (p->n > 2 || p->digits[year] != 4)
        return false;
    *d = (struct date){ p->numbers[year], p->month, p->n == 2 ? p->numbers[1 - year] : 0 };
    return p->n == 1 || d->day > 0;
}

/* Day and month in an order that only the numbers can tell, unless points part them. */
static bool day_and_month(const struct parts *p, struct date *d) {
    int64_t first = p->numbers[0], second = p->numbers[1];
    bool day_first = p->mark == '.' || first > 12 || first == second;
    if (!day_first && second <= 12)
        return false;
    *d = (struct date){ p->numbers[2], day_first ? second : first, day_first ? first : second };
    return d->month > 0 && d->day > 0;
}

static bool with_numbers(const struct parts *p, struct date *d) {
    if (p->digits[0] == 4) { /* 2015, 2015-06, 2015-06-30 */
        *d = (struct date){ p->numbers[0], p->n > 1 ? p->numbers[1] : 0,
                            p->n > 2 ? p->numbers[2] : 0 };
        return (p->n < 2 || d->month > 0) && (p->n < 3 || d->day > 0);
    }
    if (p->n == 2 && p->digits[1] == 4) { /* 06/2015 */
        *d = (struct date){ p->numbers[1], p->numbers[0], 0 };
        return d->month > 0;
    }
    return p->n == 3 && p->digits[2] == 4 && day_and_month(p, d);
}

/* "2015-06-30T12:00:00Z", "2015-06-30 12:00": without the time of day. */
static struct str without_time(struct str text) {
    bool is_iso = text.n > 10 && text.p[4] == '-' && text.p[7] == '-'
                  && (text.p[10] == 'T' || text.p[10] == ' ');
    return is_iso ? str_sub(text, 0, 10) : text;
}

enum rc date_parse(struct arena *arena, struct str text, struct str *ret_date) {
    struct parts parts = { 0 };
    struct date d = { 0 };
    struct str clean = without_time(text_clean(arena, text));
    if (!cut_parts(arena, clean, &parts))
        return E_INVALID;
    size_t mark = 0;
    while (mark < clean.n && ascii_is_digit(clean.p[mark]))
        mark++;
    parts.mark = mark < clean.n ? clean.p[mark] : 0;
    bool is_date = parts.month ? with_month_name(&parts, &d) : with_numbers(&parts, &d);
    if (!is_date || !date_is_valid(&d))
        return E_INVALID;
    if (d.day)
        *ret_date = arena_printf(arena, "%04d-%02d-%02d", (int) d.year, (int) d.month, (int) d.day);
    else if (d.month)
        *ret_date = arena_printf(arena, "%04d-%02d", (int) d.year, (int) d.month);
    else
        *ret_date = arena_printf(arena, "%04d", (int) d.year);
    return OK;
}

enum tri bool_parse(struct arena *arena, struct str text) {
    static const struct {
        struct str word;
        enum tri value;
    } words[] = {
        { STR("yes"), YES },  { STR("true"), YES }, { STR("1"), YES },    { STR("y"), YES },
        { STR("x"), YES },    { STR("t"), YES },    { STR("on"), YES },   { STR("ja"), YES },
        { STR("wahr"), YES }, { STR("oui"), YES },  { STR("vrai"), YES }, { STR("si"), YES },
        { STR("sim"), YES },  { STR("verdadero"), YES }, { STR("verdadeiro"), YES },
        { STR("no"), NO },    { STR("false"), NO }, { STR("0"), NO },     { STR("n"), NO },
        { STR("f"), NO },     { STR("off"), NO },   { STR("nein"), NO },  { STR("falsch"), NO },
        { STR("non"), NO },   { STR("faux"), NO },  { STR("nao"), NO },   { STR("falso"), NO },
    };
    struct str folded = text_fold(arena, text);
    for (size_t i = 0; i < LENGTH(words); i++)
        if (str_eq(folded, words[i].word))
            return words[i].value;
    return UNSET;
}
