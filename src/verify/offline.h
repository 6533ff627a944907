/* The stage that needs no network: syntax, lists, suggestion. What the other stages and the
 * verdict begin with. More than a million addresses a second and core.
 *
 * Any thread; the lists are shared, the arena is the caller's. */
#ifndef VERIFY_OFFLINE_H
#define VERIFY_OFFLINE_H

#include "verify/lists.h"
#include "verify/verdict.h"

struct offline {
    enum address_fault fault;
    struct address address;  /* when there is no fault */
    struct list_marks marks;
    struct str suggestion;   /* absent when there is none */
};

/* `text` is the address alone; its slices are used as address_parse says. */
void verify_offline(const struct lists *lists, struct arena *arena, struct str text,
                    struct offline *ret_offline);

/* Findings with everything that is known by now, to be completed by DNS and probe; they
 * point at *offline. verdict_of(them) is the verdict when nothing more is asked. */
struct findings offline_findings(const struct offline *offline);

#endif
