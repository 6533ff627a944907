/* Randomness and identifiers. Unpredictable (getrandom through libsodium), so fit
 * for keys; tests that need repeatable data bring their own generator. */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

void rand_bytes(void *p, size_t n);

/* 0 … below-1, without modulo bias. `below` > 0. */
uint32_t rand_below(uint32_t below);

/* A UUID version 7 (RFC 9562, section 5.7) in its 36-character text form. Ids made
 * by one process sort in the order in which they were made. */
struct str uuid_new(struct arena *arena, int64_t now_ms);

/* True for the 36-character form, any version, hexadecimal in either case. */
bool uuid_is_valid(struct str text);

/* `n` characters of [0-9A-Za-z], each uniform. */
struct str rand_base62(struct arena *arena, size_t n);

#endif
