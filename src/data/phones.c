/* The text is cut into number and extension, the number reduced to digits and the mark of
 * an international one, and the digits fitted to the lengths that a country has. */
#include "data/phones.h"

#include "base/buf.h"
#include "base/check.h"
#include "data/text.h"

#define DIGITS_MIN 4
#define DIGITS_MAX 20
#define E164_DIGITS_MAX 15
#define EXTENSION_MAX 7

struct plan {
    struct str country, code, trunk;
    size_t shortest, longest;
};

static const struct plan plans[] = {
#define PHONE(country, code, trunk, shortest, longest) \
    { STR(country), STR(code), STR(trunk), shortest, longest },
#include "data/phones.def"
#undef PHONE
};

static const struct plan *plan_of_country(struct str country) {
    for (size_t i = 0; i < LENGTH(plans); i++)
        if (str_eq_nocase(plans[i].country, country))
            return &plans[i];
    return NULL;
}

/* Where 0 is the trunk prefix no national number begins with it. In North America and the
 * Caribbean area code and exchange begin with 2 to 9. */
static bool is_possible(const struct plan *plan, struct str national) {
    if (national.n < plan->shortest || national.n > plan->longest
        || (str_eq(plan->trunk, STR("0")) && national.p[0] == '0'))
        return false;
    return !str_eq(plan->code, STR("1")) || (national.p[0] >= '2' && national.p[3] >= '2');
}

/* As it is, or else without the trunk prefix, where that makes it a possible number; else
 * absent. */
static struct str national_number(const struct plan *plan, struct str digits) {
    struct str without = str_sub(digits, plan->trunk.n, digits.n);
    if (is_possible(plan, digits))
        return digits;
    return str_starts(digits, plan->trunk) && is_possible(plan, without) ? without : STR_NONE;
}

static struct str e164(struct arena *arena, const struct plan *plan, struct str national) {
    if (!national.n || plan->code.n + national.n > E164_DIGITS_MAX)
        return STR_NONE;
    return arena_printf(arena, "+%.*s%.*s", STR_FMT(plan->code), STR_FMT(national));
}

/* Digits with their country code; countries that share a code are tried in turn. */
static struct str from_international(struct arena *arena, struct str digits) {
    for (size_t i = 0; i < LENGTH(plans); i++) {
        if (!str_starts(digits, plans[i].code))
            continue;
        struct str national =
            national_number(&plans[i], str_sub(digits, plans[i].code.n, digits.n));
        if (national.n)
            return e164(arena, &plans[i], national);
    }
    return STR_NONE;
}

static struct str from_national(struct arena *arena, const struct plan *plan, struct str digits) {
    struct str national = national_number(plan, digits);
    if (!national.n && str_starts(digits, plan->code)) /* "49 89 123456" without the plus */
        national = national_number(plan, str_sub(digits, plan->code.n, digits.n));
    return e164(arena, plan, national);
}

/* What is behind the prefix for calls abroad, or absent: 00 nearly everywhere, 011 in
 * North America, where no number begins with it. */
static struct str behind_exit_code(const struct plan *plan, struct str digits) {
    bool is_american = !plan || str_eq(plan->code, STR("1"));
    if (is_american && str_starts(digits, STR("011")) && digits.n > 11)
        return str_sub(digits, 3, digits.n);
    if (str_starts(digits, STR("00")))
        return str_sub(digits, 2, digits.n);
    return STR_NONE;
}

/* Cuts "ext. 12", "x12", ";ext=12", "#12" off the end. */
static struct str cut_extension(struct str *text) {
    static const struct str marks[] = { STR(";ext="),     STR("extension"), STR("ext."),
                                        STR("ext"),       STR("durchwahl"), STR("poste"),
                                        STR("ramal"),     STR("xt."),       STR("x"),
                                        STR("#") };
    size_t digits = 0;
    while (digits < text->n && ascii_is_digit(text->p[text->n - 1 - digits]))
        digits++;
    struct str before = str_trim(str_sub(*text, 0, text->n - digits));
    if (digits == 0 || digits > EXTENSION_MAX)
        return STR_NONE;
    for (size_t i = 0; i < LENGTH(marks); i++) {
        if (!str_ends_nocase(before, marks[i]))
            continue;
        struct str extension = str_sub(*text, text->n - digits, text->n);
        *text = str_trim(str_sub(before, 0, before.n - marks[i].n));
        while (text->n && (text->p[text->n - 1] == ',' || text->p[text->n - 1] == ';'))
            *text = str_trim(str_sub(*text, 0, text->n - 1));
        return extension;
    }
    return STR_NONE;
}

static struct str without_label(struct str text) {
    static const struct str labels[] = { STR("tel:"), STR("tel."), STR("phone:"), STR("fon:"),
                                         STR("mobile:"), STR("t:"), STR("p:"), STR("m:") };
    for (size_t i = 0; i < LENGTH(labels); i++)
        if (str_starts_nocase(text, labels[i]))
            return str_trim(str_sub(text, labels[i].n, text.n));
    return text;
}

static struct str first_number(struct str text) {
    size_t end = 0;
    while (end < text.n && text.p[end] != ',' && text.p[end] != ';')
        end++;
    return str_trim(str_sub(text, 0, end));
}

/* Signs that stand between digits, beside the ASCII ones: dashes, no-break hyphen, the
 * full-width plus. */
static bool is_between(uint32_t c) {
    return (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFF0B || c == 0xB7
           || (c < 0x80 && strchr(" ()-./+[]_'", (int) c) != NULL);
}

/* The digits, without a "(0)" behind a country code; absent when there is anything else. */
static struct str digits_of(struct arena *arena, struct str text, bool has_plus) {
    struct buf out = buf_in(arena, text.n + 1);
    while (text.n) {
        if (has_plus && (str_starts(text, STR("(0)")) || str_starts(text, STR("[0]"))))
            text = str_sub(text, 3, text.n);
        else if (ascii_is_digit(text.p[0])) {
            buf_char(&out, text.p[0]);
            text = str_sub(text, 1, text.n);
        } else if (!is_between(text_next(&text)))
            return STR_NONE;
    }
    return buf_text(&out);
}

enum rc phone_parse(struct arena *arena, struct str text, struct str country,
                    struct phone *ret_phone) {
    struct str rest = without_label(text_clean(arena, text));
    struct str extension = cut_extension(&rest);
    rest = first_number(rest);
    bool has_plus = str_starts(rest, STR("+")) || str_starts(rest, STR("(+"))
                    || str_starts(rest, STR("\xEF\xBC\x8B"));
    bool has_exit_code = str_starts(rest, STR("00"));
    struct str digits = digits_of(arena, rest, has_plus || has_exit_code);
    if (digits.n < DIGITS_MIN || digits.n > DIGITS_MAX)
        return E_INVALID;
    const struct plan *plan = plan_of_country(country);
    struct str abroad = has_plus ? digits : behind_exit_code(plan, digits);
    struct str number = STR_NONE;
    if (str_is_set(abroad))
        number = from_international(arena, abroad);
    else if (plan)
        number = from_national(arena, plan, digits);
    *ret_phone = (struct phone){ .number = number.n ? number : rest,
                                 .extension = extension,
                                 .is_international = number.n > 0 };
    return OK;
}

struct str phone_type(struct str word) {
    static const struct {
        const char *word, *type;
    } types[] = {
        { "mobile", "mobile" },  { "cell", "mobile" },     { "cellphone", "mobile" },
        { "direct", "direct" },  { "direct dial", "direct" }, { "office", "office" },
        { "work", "office" },    { "business", "office" }, { "company", "office" },
        { "main", "office" },    { "hq", "office" },       { "landline", "landline" },
        { "home", "landline" },  { "fixed", "landline" },  { "fixed line", "landline" },
    };
    struct str trimmed = str_trim(word);
    for (size_t i = 0; i < LENGTH(types); i++)
        if (str_eq_nocase(trimmed, str_of(types[i].word)))
            return str_of(types[i].type);
    return STR_NONE;
}
