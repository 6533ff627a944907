/* The filters of a search as a table, and the expressions over tags that their values
 * stand for. A filter's values are alternatives; filters are combined with AND.
 *
 * A value is words, all of which must be there, in any order; the last one may end in `*`
 * and then is the beginning of a word (two letters or more); rows in which it is a whole
 * word still count as equal to what was wanted. Titles also mean what they
 * abbreviate and their level words in other languages, places all of their readings. */
#ifndef SEARCH_CONDITIONS_H
#define SEARCH_CONDITIONS_H

#include "base/ctx.h"
#include "search/expr.h"
#include "search/filters.h"

enum filter_shape {
    FILTER_TEXT,  /* struct str */
    FILTER_TEXTS, /* struct strs */
    FILTER_STAGES /* those of a struct last_funding * */
};

struct filter {
    const char *name;        /* JSON pointer into the request without the first slash */
    enum filter_shape shape; /* of the member at `offset` */
    size_t offset;
    const char *kind;        /* of the tags (search/tags.h); "" when they are of several */
    struct expr *(*make)(struct arena *arena, const struct filter *filter, struct str value);
    const struct enum_values *list;
};
struct filter_table {
    const struct filter *p;
    size_t n;
};
extern const struct filter_table people_filters;  /* members of struct people_search */
extern const struct filter_table company_filters; /* members of struct company_filters */

/* The values that `search` (the struct of the table) has for the filter. */
struct strs filter_values(struct arena *arena, const struct filter *filter, const void *search);

/* What one value asks; false for every row when it has no word. */
struct expr *filter_expr(struct arena *arena, const struct filter *filter, struct str value);

/* The tokens of all values of a search, with the other forms that titles and places stand for.
 * A title can be a hundred times its words: what is made ends with the value that is too much,
 * and is then of no use. Begins as zeros. */
struct budget {
    size_t tokens;
    const struct filter *exceeded; /* the one with which they are more than SEARCH_TOKENS_MAX */
};

/* Over the tags of people: everything but the company filters. Over those of companies. */
struct expr *people_expr(struct arena *arena, const struct people_search *search,
                         struct budget *budget);
struct expr *company_expr(struct arena *arena, const struct company_filters *filters,
                          struct budget *budget);

/* Words of a name (folded) that a typing error may be in; an error is taken for made in
 * those of `mistaken`: any word that is one error away counts (search/typos.h). Neither
 * when the name has more words than names have. */
struct strs name_words_for_typos(struct arena *arena, struct str name);
struct expr *name_expr(struct arena *arena, struct str name, struct strs mistaken);

#endif
