#include "data/labels.h"

#include "base/check.h"
#include "data/enums.h"

static const struct label_row rows[] = {
#define LABEL(name, text, title, info, doc) \
    { { text, sizeof(text) - 1 }, { title, sizeof(title) - 1 }, LABEL_INFO_##info, doc },
#include "data/labels.def"
#undef LABEL
};

static const struct str names[] = {
#define LABEL(name, text, title, info, doc) { text, sizeof(text) - 1 },
#include "data/labels.def"
#undef LABEL
};

const struct enum_values enum_labels = { "Label", names, LENGTH(names) };

const struct label_row *label_row(enum label label) {
    ASSERT(label < LABELS_COUNT);
    return &rows[label];
}

struct str label_name(enum label label) {
    return label < LABELS_COUNT ? rows[label].name : STR_NONE;
}

enum label label_of(struct str name) {
    int found = enum_index(&enum_labels, name);
    return found < 0 ? LABEL_NONE : (enum label) found;
}
