#include "data/reply_words.h"

static bool ends_token(char c) {
    return ascii_is_space(c) || strchr("<>()[]\"',;", c) != NULL;
}

static void add_word(char *p, size_t *n, struct str s) {
    if (*n && p[*n - 1] == ' ' && s.n && s.p[0] == ' ')
        s.n = 0;
    for (size_t i = 0; i < s.n && *n < REPLY_WORDS_MAX; i++)
        p[(*n)++] = ascii_lower(s.p[i]);
}

/* A run without brackets, quotation marks and spaces. */
static void add_token(struct reply_words *words, struct str token) {
    bool is_url = str_starts_nocase(token, STR("http:")) || str_starts_nocase(token, STR("https:"))
                  || str_starts_nocase(token, STR("www.")) || str_starts_nocase(token, STR("//"));
    if (is_url)
        add_word(words->urls, &words->urls_n, token);
    else if (str_find(token, '@') < token.n)
        add_word(words->text, &words->n,
                 token.p[token.n - 1] == ':' ? STR("@:") : STR("@"));
    else
        add_word(words->text, &words->n, token);
}

void reply_words_of(struct str text, struct reply_words *ret_words) {
    ret_words->n = ret_words->urls_n = 0;
    while (text.n) {
        size_t n = 0;
        while (n < text.n && !ends_token(text.p[n]))
            n++;
        if (n) {
            add_token(ret_words, str_sub(text, 0, n));
        } else {
            n = 1;
            add_word(ret_words->text, &ret_words->n, str_sub(text, 0, 1));
        }
        text = str_sub(text, n, text.n);
    }
}

bool reply_phrase_matches(struct str text, struct str pattern) {
    bool at_begin = pattern.p[0] == '^', at_end = pattern.p[pattern.n - 1] == '$';
    struct str part;
    pattern = str_sub(pattern, at_begin, pattern.n - at_end);
    for (bool first = true; str_cut(&pattern, '*', &part); first = false) {
        size_t at = str_find_str(text, part);
        if (at + part.n > text.n || (at_begin && first && at > 0))
            return false;
        text = str_sub(text, at + part.n, text.n);
    }
    return !at_end || !str_trim(text).n;
}
