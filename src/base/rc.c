#include "base/rc.h"

#include "base/check.h"

struct rc_row {
    const char *name;
    const char *text;
    bool retry;
};

static const struct rc_row rows[RC_COUNT] = {
#define RC(name, text, retry) [name] = { #name, text, retry },
#include "base/rc.def"
#undef RC
};

const char *rc_text(enum rc rc) {
    ASSERT(rc < RC_COUNT);
    return rows[rc].text;
}

const char *rc_name(enum rc rc) {
    ASSERT(rc < RC_COUNT);
    return rows[rc].name;
}

bool rc_is_retryable(enum rc rc) {
    ASSERT(rc < RC_COUNT);
    return rows[rc].retry;
}
