#include "base/rand.h"

#include <sodium.h>
#include <stdatomic.h>

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void rand_bytes(void *p, size_t n) {
    randombytes_buf(p, n);
}

uint32_t rand_below(uint32_t below) {
    return randombytes_uniform(below);
}

/* A millisecond and a 12-bit counter in one number that never repeats or goes
 * back: RFC 9562, section 6.2, method 1. When more than 4,096 ids are made in a
 * millisecond the counter carries into the time, which then runs ahead a little. */
static uint64_t next_tick(int64_t now_ms) {
    static _Atomic uint64_t last;
    uint64_t wanted = (uint64_t) now_ms << 12;
    uint64_t seen = atomic_load_explicit(&last, memory_order_relaxed);
    uint64_t tick;
    do {
        tick = wanted > seen ? wanted : seen + 1;
    } while (!atomic_compare_exchange_weak(&last, &seen, tick));
    return tick;
}

struct str uuid_new(struct arena *arena, int64_t now_ms) {
    uint64_t tick = next_tick(now_ms);
    uint64_t ms = tick >> 12;
    unsigned counter = (unsigned) (tick & 0xFFF);
    unsigned char random[8];
    rand_bytes(random, sizeof random);
    return arena_printf(arena, "%08llx-%04llx-7%03x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                        (unsigned long long) (ms >> 16), (unsigned long long) (ms & 0xFFFF),
                        counter, (random[0] & 0x3F) | 0x80, random[1], random[2], random[3],
                        random[4], random[5], random[6], random[7]);
}

bool uuid_is_valid(struct str text) {
    if (text.n != 36)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.p[i] != '-' : ascii_hex_value(text.p[i]) < 0)
            return false;
    }
    return true;
}

struct str rand_base62(struct arena *arena, size_t n) {
    char *text = arena_alloc(arena, n + 1);
    for (size_t i = 0; i < n; i++)
        text[i] = base62[rand_below(62)];
    return (struct str){ text, n };
}
