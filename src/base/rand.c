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

/* Random bytes for ids from a reserve of the thread: every request makes an id, and a
 * system call for each would cost more than the rest of it. Keys are made without. */
static void spare_bytes(unsigned char *p, size_t n) {
    static _Thread_local unsigned char reserve[512];
    static _Thread_local size_t left;
    if (left < n) {
        rand_bytes(reserve, sizeof reserve);
        left = sizeof reserve;
    }
    left -= n;
    memcpy(p, reserve + left, n);
}

struct str uuid_new(struct arena *arena, int64_t now_ms) {
    enum { TEXT_BYTES = 36 };
    static const char digits[] = "0123456789abcdef";
    uint64_t tick = next_tick(now_ms);
    unsigned char bytes[16];
    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char) (tick >> (52 - 8 * i));
    bytes[6] = (unsigned char) (0x70 | (tick >> 8 & 0x0F));
    bytes[7] = (unsigned char) tick;
    spare_bytes(bytes + 8, 8);
    bytes[8] = (unsigned char) ((bytes[8] & 0x3F) | 0x80);
    char *text = arena_alloc(arena, TEXT_BYTES + 1);
    for (size_t i = 0, at = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = digits[bytes[i] >> 4];
        text[at++] = digits[bytes[i] & 0x0F];
    }
    return (struct str){ text, TEXT_BYTES };
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
