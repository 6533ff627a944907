/* A domain is held against each large provider: the name before the first dot, and the
 * rest. One slip (a letter too many, too few, another, or two exchanged) in the name, or in
 * the rest, or one in each; two in long names. Short names are near to too many companies
 * (aol, aon, all), so there only exchanged letters count.
 *
 * Nearly no domain is a misspelling, so what matters is to be done with the others: two
 * slips change the length by two at most, and at most four of the letters that a domain is
 * made of. */
#include "base/mem.h"
#include "verify/suggest.h"

enum { NAME_SHORT = 4, NAME_LONG = 7, DOMAIN_MAX = 32, SLIPS_MAX = 2, FAR = 99 };

struct target {
    struct str domain, name, rest;
    uint64_t letters;
};

struct suggest {
    size_t n;
    struct target targets[];
};

/* A bit for each letter and digit; other bytes share one. */
static uint64_t letters_of(struct str s) {
    uint64_t letters = 0;
    for (size_t i = 0; i < s.n; i++)
        letters |= UINT64_C(1) << (ascii_is_lower(s.p[i])   ? s.p[i] - 'a'
                                   : ascii_is_digit(s.p[i]) ? 26 + s.p[i] - '0'
                                                            : 36);
    return letters;
}

static void split(struct str domain, struct str *ret_name, struct str *ret_rest) {
    size_t dot = str_find(domain, '.');
    *ret_name = str_sub(domain, 0, dot);
    *ret_rest = str_sub(domain, dot + 1, domain.n);
}

struct suggest *suggest_new(struct strs domains) {
    struct suggest *suggest
        = mem_alloc(sizeof *suggest + domains.n * sizeof suggest->targets[0]);
    for (size_t i = 0; i < domains.n; i++) {
        struct target *t = &suggest->targets[suggest->n];
        *t = (struct target){ .domain = domains.p[i], .letters = letters_of(domains.p[i]) };
        split(t->domain, &t->name, &t->rest);
        suggest->n += t->domain.n <= DOMAIN_MAX;
    }
    return suggest;
}

void suggest_free(struct suggest **suggest) {
    mem_free(*suggest);
    *suggest = NULL;
}

static int least(int a, int b, int c) {
    int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment; FAR when the lengths alone say more than SLIPS_MAX. */
static int slips(struct str a, struct str b) {
    int rows[3][DOMAIN_MAX + SLIPS_MAX + 1];
    if (a.n > b.n + SLIPS_MAX || b.n > a.n + SLIPS_MAX)
        return FAR;
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = (int) j;
    for (size_t i = 1; i <= a.n; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (int) i;
        for (size_t j = 1; j <= b.n; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a.p[i - 1] != b.p[j - 1]));
            bool exchanged = i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1];
            if (exchanged && two_above[j - 2] + 1 < row[j])
                row[j] = two_above[j - 2] + 1;
        }
    }
    return rows[a.n % 3][b.n];
}

static bool same_letters(struct str a, struct str b) {
    return a.n == b.n && letters_of(a) == letters_of(b);
}

static bool is_near(const struct target *t, struct str name, struct str rest) {
    int in_name = slips(name, t->name), in_rest = slips(rest, t->rest);
    if (in_rest == 0)
        return (in_name == 1 && (t->name.n > NAME_SHORT || same_letters(name, t->name)))
               || (in_name == 2 && t->name.n >= NAME_LONG && name.p[0] == t->name.p[0]);
    /* other countries have providers of the same name; a generic end is a slip */
    bool is_generic = str_eq(t->rest, STR("com")) || str_eq(t->rest, STR("net"))
                      || str_find(t->rest, '.') < t->rest.n;
    return is_generic && in_rest == 1
           && (in_name == 0 || (in_name == 1 && t->name.n > NAME_SHORT));
}

/* "gmailcom" */
static bool lacks_dot(const struct target *t, struct str domain) {
    return domain.n == t->name.n + t->rest.n && str_starts(domain, t->name)
           && str_ends(domain, t->rest);
}

/* Whether two slips could lead from one to the other. */
static bool may_be_near(const struct target *t, struct str domain, uint64_t letters) {
    if (domain.n + SLIPS_MAX < t->domain.n || t->domain.n + SLIPS_MAX < domain.n)
        return false;
    uint64_t changed = letters ^ t->letters;
    for (int i = 0; i < 2 * SLIPS_MAX; i++)
        changed &= changed - 1; /* without its lowest bit; 0 stays 0 */
    return changed == 0;
}

struct str suggest_domain(const struct suggest *suggest, struct str domain) {
    struct str name, rest, found = STR_NONE;
    if (domain.n > DOMAIN_MAX + SLIPS_MAX || domain.n < NAME_SHORT)
        return STR_NONE;
    uint64_t letters = letters_of(domain);
    split(domain, &name, &rest);
    for (size_t i = 0; i < suggest->n; i++) {
        const struct target *t = &suggest->targets[i];
        if (!may_be_near(t, domain, letters))
            continue;
        if (str_eq(domain, t->domain))
            return STR_NONE;
        bool near = name.n && (rest.n ? is_near(t, name, rest) : lacks_dot(t, domain));
        if (near && !str_is_set(found))
            found = t->domain;
    }
    return found;
}
