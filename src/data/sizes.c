/* A number is read as digits and a power of ten, never as floating point: "1.2M" is 12
 * with exponent 5. */
#include "data/sizes.h"

#include "base/check.h"
#include "data/enums.h"
#include "data/text.h"

#define DIGITS_MAX 18

/* Words that stand for a power of ten, folded. "Billion" is the English one. */
static const struct {
    struct str word;
    int exponent;
} powers[] = {
    { STR("k"), 3 },          { STR("thousand"), 3 },   { STR("thousands"), 3 },
    { STR("tsd"), 3 },        { STR("tausend"), 3 },    { STR("mil"), 3 },
    { STR("mille"), 3 },      { STR("mila"), 3 },       { STR("m"), 6 },
    { STR("mm"), 6 },         { STR("mn"), 6 },         { STR("mln"), 6 },
    { STR("mio"), 6 },        { STR("mill"), 6 },       { STR("million"), 6 },
    { STR("millions"), 6 },   { STR("millionen"), 6 },  { STR("millon"), 6 },
    { STR("millones"), 6 },   { STR("milhao"), 6 },     { STR("milhoes"), 6 },
    { STR("mi"), 6 },         { STR("milioni"), 6 },    { STR("milione"), 6 },
    { STR("b"), 9 },          { STR("bn"), 9 },         { STR("bln"), 9 },
    { STR("billion"), 9 },    { STR("billions"), 9 },   { STR("mrd"), 9 },
    { STR("md"), 9 },         { STR("mds"), 9 },        { STR("milliarde"), 9 },
    { STR("milliarden"), 9 }, { STR("milliard"), 9 },   { STR("milliards"), 9 },
    { STR("miliardi"), 9 },   { STR("bilhao"), 9 },     { STR("bilhoes"), 9 },
    { STR("bi"), 9 },         { STR("t"), 12 },         { STR("tn"), 12 },
    { STR("trillion"), 12 },  { STR("billones"), 12 },  { STR("lakh"), 5 },
    { STR("lakhs"), 5 },      { STR("lac"), 5 },        { STR("crore"), 7 },
    { STR("crores"), 7 },     { STR("cr"), 7 },
};

static const struct str currencies[] = {
    STR("usd"), STR("us"),  STR("eur"),  STR("euro"), STR("euros"), STR("gbp"), STR("chf"),
    STR("cad"), STR("aud"), STR("nzd"),  STR("jpy"),  STR("cny"),   STR("rmb"), STR("inr"),
    STR("rs"),  STR("brl"), STR("r"),    STR("mxn"),  STR("sek"),   STR("nok"), STR("dkk"),
    STR("kr"),  STR("pln"), STR("czk"),  STR("huf"),  STR("ils"),   STR("sgd"), STR("hkd"),
    STR("zar"), STR("krw"), STR("aed"),  STR("dollar"), STR("dollars"), STR("pounds"),
    STR("fr"),  STR("c"),   STR("a"),    STR("ca"),   STR("au"),    STR("year"), STR("per"),
    STR("annual"), STR("revenue"), STR("p"), STR("j"), STR("jahr"), STR("reais"),
};

static const struct str people_words[] = {
    STR("employees"), STR("employee"), STR("people"), STR("persons"), STR("staff"),
    STR("mitarbeiter"), STR("mitarbeitende"), STR("beschaftigte"), STR("employes"),
    STR("salaries"), STR("empleados"), STR("funcionarios"), STR("colaboradores"),
    STR("headcount"), STR("fte"), STR("members"), STR("followers"), STR("or"), STR("more"),
    STR("about"), STR("approx"), STR("approximately"), STR("ca"), STR("circa"), STR("over"),
    STR("than"), STR("professionals"), STR("workers"),
};

struct words {
    const struct str *p;
    size_t n;
};

static bool has_word(struct words words, struct str word) {
    for (size_t i = 0; i < words.n; i++)
        if (str_eq(words.p[i], word))
            return true;
    return false;
}

static int power_of(struct str word) {
    for (size_t i = 0; i < LENGTH(powers); i++)
        if (str_eq(powers[i].word, word))
            return powers[i].exponent;
    return 0;
}

/* Everything around the digits: words for powers add up ("mil millones" is 10^9). False
 * when there is a word that is neither a power nor passed over. */
static bool read_words(struct arena *arena, struct str text, struct words passed, int *exponent) {
    struct str rest = text_fold(arena, text);
    for (struct str word; str_word(&rest, &word);) {
        int power = power_of(word);
        if (!power && !has_word(passed, word))
            return false;
        *exponent += power;
    }
    return true;
}

/* Length of one separator at the beginning of `s` that can stand inside a number: point,
 * comma, apostrophe, space, no-break space (plain, narrow, thin). 0: none. */
static size_t separator_length(struct str s) {
    static const struct str wide[] = { STR("\xC2\xA0"), STR("\xE2\x80\xAF"), STR("\xE2\x80\x89"),
                                       STR("\xE2\x80\x99") };
    if (s.n && strchr(".,' ", s.p[0]))
        return 1;
    for (size_t i = 0; i < LENGTH(wide); i++)
        if (str_starts(s, wide[i]))
            return wide[i].n;
    return 0;
}

static size_t digits_at(struct str s) {
    size_t n = 0;
    while (n < s.n && ascii_is_digit(s.p[n]))
        n++;
    return n;
}

/* The digits of a number and its separators. */
struct number {
    int64_t digits;
    int n;                /* digits in all */
    size_t separators;
    char last_separator;  /* first byte */
    bool mixed;           /* the last separator differs from those before */
    size_t last_group;    /* digits behind the last separator */
    bool groups_of_three; /* all groups but the first */
    size_t length;        /* bytes of the text */
};

static bool add_digits(struct number *number, struct str digits) {
    for (size_t i = 0; i < digits.n; i++) {
        if (number->n++ == DIGITS_MAX)
            return false;
        number->digits = number->digits * 10 + (digits.p[i] - '0');
    }
    number->last_group = digits.n;
    return true;
}

/* `text` begins with a digit. */
static bool read_number(struct str text, struct number *number) {
    *number = (struct number){ .groups_of_three = true, .length = digits_at(text) };
    if (!add_digits(number, str_sub(text, 0, number->length)))
        return false;
    for (;;) {
        struct str rest = str_sub(text, number->length, text.n);
        size_t separator = separator_length(rest);
        size_t digits = digits_at(str_sub(rest, separator, rest.n));
        if (!separator || !digits)
            return true;
        if (number->separators) { /* the group before is not the last */
            number->groups_of_three &= number->last_group == 3;
            number->mixed |= rest.p[0] != number->last_separator;
        }
        number->separators++;
        number->last_separator = rest.p[0];
        if (!add_digits(number, str_sub(rest, separator, separator + digits)))
            return false;
        number->length += separator + digits;
    }
}

/* How many of the digits are behind the decimal separator; -1: no number at all. */
static int decimals_of(const struct number *n, bool has_power) {
    if (!n->separators)
        return 0;
    bool can_be_decimal = n->last_separator == '.' || n->last_separator == ',';
    bool is_thousands = n->last_group == 3 && n->groups_of_three && !n->mixed
                        && !(has_power && n->separators == 1 && n->last_separator == '.');
    if (is_thousands)
        return 0;
    bool is_decimal = can_be_decimal && n->groups_of_three && (n->separators == 1 || n->mixed);
    return is_decimal ? (int) n->last_group : -1;
}

static bool scale(int64_t *value, int exponent) {
    for (; exponent > 0; exponent--)
        if (__builtin_mul_overflow(*value, 10, value))
            return false;
    for (; exponent < 0; exponent++)
        *value /= 10;
    return true;
}

static size_t first_digit(struct str text) {
    size_t at = 0;
    while (at < text.n && !ascii_is_digit(text.p[at]))
        at++;
    return at;
}

/* The one number in `text`, with the words around it. */
static enum rc parse_amount(struct arena *arena, struct str text, struct words passed,
                            int64_t *ret_value) {
    struct number number;
    size_t at = first_digit(text);
    struct str before = str_trim(str_sub(text, 0, at));
    struct str from = str_sub(text, at, text.n);
    bool is_negative = (before.n && before.p[before.n - 1] == '-') || str_starts(before, STR("-"))
                       || str_starts(before, STR("("));
    if (at == text.n || is_negative || !read_number(from, &number))
        return E_INVALID;
    int exponent = 0;
    if (!read_words(arena, before, passed, &exponent)
        || !read_words(arena, str_sub(from, number.length, from.n), passed, &exponent))
        return E_INVALID;
    int decimals = decimals_of(&number, exponent > 0);
    int64_t value = number.digits;
    if (decimals < 0 || exponent > 12 || !scale(&value, exponent - decimals))
        return E_INVALID;
    *ret_value = value;
    return OK;
}

enum rc count_parse(struct arena *arena, struct str text, int64_t *ret_count) {
    return parse_amount(arena, text_clean(arena, text),
                        (struct words){ people_words, LENGTH(people_words) }, ret_count);
}

enum rc money_parse(struct arena *arena, struct str text, int64_t *ret_amount) {
    return parse_amount(arena, text_clean(arena, text),
                        (struct words){ currencies, LENGTH(currencies) }, ret_amount);
}

/* The last of each band, smallest first, in the order of enum_company_sizes. */
static const int64_t band_ends[] = { 10, 50, 200, 500, 1000, 5000, 10000, INT64_MAX };

static size_t band_of(int64_t employees) {
    size_t band = 0;
    while (employees > band_ends[band])
        band++;
    return band;
}

struct str company_size_of(int64_t employees) {
    ASSERT(LENGTH(band_ends) == enum_company_sizes.n);
    return employees > 0 ? enum_company_sizes.values[band_of(employees)] : STR_NONE;
}

/* Splits "51-200", "51 to 200", "51 – 200"; false when it is no range. */
static bool split_range(struct str text, struct str *ret_low, struct str *ret_high) {
    static const struct str marks[] = { STR(" to "),  STR("\xE2\x80\x93"), STR("\xE2\x80\x94"),
                                        STR("-"),     STR(" bis "),        STR(" a "),
                                        STR(" \xC3\xA0 "), STR("..."),     STR(" and ") };
    for (size_t i = 0; i < LENGTH(marks); i++) {
        size_t at = str_find_str(text, marks[i]);
        if (at == text.n || first_digit(text) > at)
            continue;
        *ret_low = str_sub(text, 0, at);
        *ret_high = str_sub(text, at + marks[i].n, text.n);
        return first_digit(*ret_high) < ret_high->n;
    }
    return false;
}

/* Ranges of others meet ours at 50 or 51: the lower end may be the last of the band below. */
static struct str band_of_range(int64_t low, int64_t high) {
    if (high < low || high <= 0)
        return STR_NONE;
    bool within = band_of(low) == band_of(high) || band_of(low + 1) == band_of(high);
    return within ? company_size_of(high) : STR_NONE;
}

static bool is_alone(struct str folded) {
    static const struct str words[] = {
        STR("self employed"), STR("myself only"), STR("just me"), STR("freelance"),
        STR("freelancer"), STR("solo"), STR("selbststandig"), STR("autonomo"),
    };
    return has_word((struct words){ words, LENGTH(words) }, folded);
}

struct str company_size_parse(struct arena *arena, struct str text) {
    struct str clean = text_clean(arena, text), low_text, high_text;
    int64_t low, high;
    if (is_alone(text_fold(arena, clean)))
        return enum_company_sizes.values[0];
    if (split_range(clean, &low_text, &high_text)) {
        if (count_parse(arena, low_text, &low) != OK || count_parse(arena, high_text, &high) != OK)
            return STR_NONE;
        return band_of_range(low, high);
    }
    if (count_parse(arena, clean, &low) != OK)
        return STR_NONE;
    bool is_open = str_find(clean, '+') < clean.n || str_starts(clean, STR(">"));
    return company_size_of(is_open && low == band_ends[LENGTH(band_ends) - 2] ? low + 1 : low);
}
