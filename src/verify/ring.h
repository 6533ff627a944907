/* Those who take turns: a ring that goes through their structs. The list is a pointer to the
 * one whose turn is next, NULL when there is none. */
#ifndef VERIFY_RING_H
#define VERIFY_RING_H

#include <stddef.h>

struct ring {
    struct ring *next, *prev; /* NULL: in no ring */
};

/* Its turn comes after all others'; nothing happens when it is in already. */
static inline void ring_add(struct ring **first, struct ring *node) {
    if (node->next)
        return;
    if (!*first) {
        node->next = node->prev = *first = node;
        return;
    }
    node->next = *first;
    node->prev = (*first)->prev;
    node->prev->next = node;
    (*first)->prev = node;
}

/* Nothing happens when it is in no ring. */
static inline void ring_leave(struct ring **first, struct ring *node) {
    if (!node->next)
        return;
    if (*first == node)
        *first = node->next == node ? NULL : node->next;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = NULL;
}

#endif
