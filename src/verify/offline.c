/* Syntax, lists, suggestion, in this order. */
#include "verify/offline.h"

void verify_offline(const struct lists *lists, struct arena *arena, struct str text,
                    struct offline *ret_offline) {
    struct offline found = { .fault = ADDRESS_OK };
    found.fault = address_parse(arena, text, &found.address);
    if (found.fault == ADDRESS_OK) {
        found.marks = lists_marks(lists, &found.address);
        found.suggestion = lists_suggestion(lists, arena, &found.address);
    }
    *ret_offline = found;
}

struct findings offline_findings(const struct offline *offline) {
    return (struct findings){
        .fault = offline->fault,
        .address = offline->fault == ADDRESS_OK ? &offline->address : NULL,
        .is_special_use = offline->marks.is_special_use,
        .is_disposable = offline->marks.is_disposable,
    };
}
