#include "data/technologies.h"

#include "base/buf.h"
#include "base/limits.h"
#include "data/text.h"

static bool begins_word(struct str name, size_t at) {
    bool behind = at == 0 || name.p[at - 1] == ' ';
    return behind && at + 1 < name.n && ascii_is_alnum(name.p[at + 1]);
}

struct str technology_key(struct arena *arena, struct str name) {
    name = str_sub(name, 0, TEXT_FOLD_MAX_BYTES);
    struct buf spelled = buf_in(arena, name.n * strlen(" sharp "));
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c == '+')
            buf_str(&spelled, STR(" plus "));
        else if (c == '#')
            buf_str(&spelled, STR(" sharp "));
        else if (c == '.' && begins_word(name, i))
            buf_str(&spelled, STR(" dot "));
        else
            buf_char(&spelled, c);
    }
    return text_fold(arena, buf_text(&spelled));
}
