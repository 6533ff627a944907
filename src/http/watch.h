/* Deadlines of connections. A thread looks through all of them every few milliseconds
 * and shuts the socket of a late one down, which wakes the library's thread that owns
 * it; nothing else is touched from here. A deadline is a point in time that the
 * owner sets, so dripping bytes do not move it.
 *
 * Life cycle: watch_new, watch_add / watch_remove per connection, watch_free when all
 * are removed. Thread rule: entries are set by their owner, everything is locked inside. */
#ifndef HTTP_WATCH_H
#define HTTP_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch;

/* What happens when the deadline has passed. */
enum watch_end {
    WATCH_NONE,    /* no deadline */
    WATCH_IDLE,    /* no more reading; also at once when watch_end_idle is called */
    WATCH_READING, /* no more reading: the owner wakes up and answers 408 */
    WATCH_CLOSING, /* neither reading nor writing */
};

struct watch_entry {
    struct watch_entry *prev, *next;
    int fd;
    _Atomic int64_t due; /* deadline and enum watch_end in one word; see watch_set */
};

/* Looks every `tick_ms`. */
struct watch *watch_new(int64_t tick_ms);
void watch_free(struct watch **watch);

/* `entry` with its fd set; the fd stays open until watch_remove has returned. */
void watch_add(struct watch *watch, struct watch_entry *entry);
void watch_remove(struct watch *watch, struct watch_entry *entry);

/* monotonic_ms() time; replaces the deadline that was set. */
void watch_set(struct watch_entry *entry, enum watch_end end, int64_t deadline_ms);

/* Ends the idle ones now. */
void watch_end_idle(struct watch *watch);
/* Calls `each` for every entry, with all locked out. */
void watch_each(struct watch *watch, void (*each)(struct watch_entry *entry));
/* Waits until there is no entry or the time has come; returns how many are left. */
size_t watch_wait_empty(struct watch *watch, int64_t deadline_ms);

#endif
