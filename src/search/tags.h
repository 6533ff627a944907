/* Tags: what the search knows of a row. Every value that a filter can ask for becomes
 * one token of [a-z0-9_], so that every engine (FTS5, PostgreSQL, the index) matches
 * the same strings and no engine's tokeniser has a say. The first letters are the kind;
 * the rest is the folded value with everything but letters and digits as _xx.
 *
 * Derived: when the rules here change, TAGS_VERSION is raised and every row's tags are
 * made again (`outrider reindex`). */
#ifndef SEARCH_TAGS_H
#define SEARCH_TAGS_H

#include "base/buf.h"
#include "store/companies.h"
#include "store/people.h"

#define TAGS_VERSION 3

/* Kinds, as their prefix: none begins with another, so that the beginning of a token is of
 * one kind as well. People and companies have tables of their own. */
#define TAG_NAME       "n" /* a word of the person's name */
#define TAG_TITLE      "t" /* a word of the title, as written and spelled out */
#define TAG_SENIORITY  "s" /* number in enum_seniorities */
#define TAG_DEPARTMENT "d"
#define TAG_FUNCTION   "f"
#define TAG_COUNTRY    "lc" /* ISO 3166-1 alpha-2 */
#define TAG_REGION     "lr"
#define TAG_CITY       "ly"
#define TAG_KEYWORD    "k" /* a word of keywords, headline, about, title, overview */
#define TAG_COMPANY    "w" /* a word of the company's name */
#define TAG_INDUSTRY   "i"
#define TAG_SIZE       "z"
#define TAG_TYPE       "y"
#define TAG_TECHNOLOGY "x"
#define TAG_FOCUS      "b" /* b2b, b2c */
#define TAG_REVENUE    "r" /* number of the band in enum_revenue_bands */
#define TAG_STAGE      "g" /* latest funding stage */
#define TAG_DOMAIN     "o" /* the company's registrable domain */
/* Whole keys, hashed: what comes first in an answer. */
#define TAG_NAME_KEY    "hn"
#define TAG_TITLE_KEY   "ht"
#define TAG_COMPANY_KEY "hw"
/* In front of a company's tag that the index gives its people too; never in the database. */
#define TAG_COPIED "c"

/* One token: prefix and encoded value. `value` is folded here. */
struct str tag_text(struct arena *arena, const char *prefix, struct str value);
/* The same for a number (a position in a closed list). */
struct str tag_number(struct arena *arena, const char *prefix, int number);
/* The same for a value that is in its one form already, such as a domain. */
struct str tag_exact(struct arena *arena, const char *prefix, struct str value);
/* A technology: "C", "C++" and "C#" are three (data/technologies.h). */
struct str tag_technology(struct arena *arena, struct str name);
/* The hash of a whole key; keys of any length give tokens of one length. */
struct str tag_key(struct arena *arena, const char *prefix, struct str key);

/* How the values of a member become tags of one kind. */
enum tag_how {
    TAG_BY_WORDS,
    TAG_BY_WORDS_OF_EACH, /* of a list */
    TAG_BY_VALUE,
    TAG_BY_EACH_TECHNOLOGY, /* tag_technology */
    TAG_BY_EXACT_VALUE, /* tag_exact */
    TAG_BY_KEY,         /* tag_key */
    TAG_BY_NUMBER,      /* in a closed list */
    TAG_BY_NUMBERS,
    TAG_BY_B2B, /* a truth, as "b2b" or "b2c" */
    TAG_BY_B2C,
};

/* A member of struct person or company that makes tags. */
struct tag_source {
    const char *kind;
    enum tag_how how;
    size_t offset;
    const char *field; /* of the row, as the API or the import calls what it is about */
    size_t shown;      /* the member (struct str) that people read instead; or `offset` */
    const struct enum_values *list; /* by number */
};
struct tag_sources {
    const struct tag_source *p;
    size_t n;
};
extern const struct tag_sources person_tag_sources, company_tag_sources;

/* The values of a member, and the tags that one of them makes (appended). */
struct strs tag_source_values(struct arena *arena, const struct tag_source *source,
                              const void *row);
void tag_source_tags(struct arena *arena, const struct tag_source *source, struct str value,
                     struct strs *tags);

/* What stands for the values in `shown`; absent when nothing but they does. */
struct str tag_source_shown(const struct tag_source *source, const void *row);

/* All tags of a row, each once, parted by spaces. */
struct str person_tags(struct arena *arena, const struct person *person);
struct str company_tags(struct arena *arena, const struct company *company);

/* Static rank, best highest: how much a salesperson gains from seeing the row early.
 * People: seniority, then completeness, then how fresh the row is (its updated_at, in
 * steps of 30 days). Companies: size, then the same. */
int64_t person_rank(const struct person *person);
int64_t company_rank(const struct company *company);

/* Sets tags and rank of a row that is to be stored, whoever changed it; updated_at is set. */
void person_index(struct arena *arena, struct person *person);
void company_index(struct arena *arena, struct company *company);

#endif
