/* Plain loops over a fixed number of words, which compilers turn into the widest
 * instructions of a target. Each is compiled for three and chosen at the call: a test of
 * a constant of the C library costs nothing beside 8 KB. (Clones chosen by the loader
 * know no AVX-512 with VPOPCNTDQ in gcc 12 and do not start under sanitizers.) */
#include "search/words.h"

#include <string.h>

/* gcc vectorises only a part of this at -O2. */
#if defined(__OPTIMIZE__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#define BODY static inline __attribute__((always_inline))

/* Defines `name` as name_body compiled for each target; `answer` is return or nothing. */
#if defined(__x86_64__)
#define WIDE(type, name, answer, arguments, ...)                                          \
    __attribute__((target("avx512f,avx512vpopcntdq,popcnt"))) static type name##_512(     \
        __VA_ARGS__) {                                                                    \
        answer name##_body arguments;                                                     \
    }                                                                                     \
    __attribute__((target("avx2,popcnt"))) static type name##_256(__VA_ARGS__) {          \
        answer name##_body arguments;                                                     \
    }                                                                                     \
    static type name##_128(__VA_ARGS__) {                                                 \
        answer name##_body arguments;                                                     \
    }                                                                                     \
    type name(__VA_ARGS__) {                                                              \
        if (__builtin_cpu_supports("avx512vpopcntdq"))                                    \
            answer name##_512 arguments;                                                  \
        else if (__builtin_cpu_supports("avx2"))                                          \
            answer name##_256 arguments;                                                  \
        else                                                                              \
            answer name##_128 arguments;                                                  \
    }
#else
#define WIDE(type, name, answer, arguments, ...) \
    type name(__VA_ARGS__) {                     \
        answer name##_body arguments;            \
    }
#endif

BODY uint32_t words_and_body(uint64_t *out, const uint64_t *a, const uint64_t *b) {
    uint64_t n = 0;
    for (size_t i = 0; i < CHUNK_WORDS; i++) {
        uint64_t word = a[i] & b[i];
        out[i] = word;
        n += (uint64_t) __builtin_popcountll(word);
    }
    return (uint32_t) n;
}
WIDE(uint32_t, words_and, return, (out, a, b), uint64_t *out, const uint64_t *a, const uint64_t *b)

BODY uint32_t words_and_not_body(uint64_t *out, const uint64_t *a, const uint64_t *b) {
    uint64_t n = 0;
    for (size_t i = 0; i < CHUNK_WORDS; i++) {
        uint64_t word = a[i] & ~b[i];
        out[i] = word;
        n += (uint64_t) __builtin_popcountll(word);
    }
    return (uint32_t) n;
}
WIDE(uint32_t, words_and_not, return, (out, a, b), uint64_t *out, const uint64_t *a,
     const uint64_t *b)

BODY void words_or_body(uint64_t *out, const uint64_t *a) {
    for (size_t i = 0; i < CHUNK_WORDS; i++)
        out[i] |= a[i];
}
WIDE(void, words_or, , (out, a), uint64_t *out, const uint64_t *a)

BODY uint32_t words_count_body(const uint64_t *words) {
    uint64_t n = 0;
    for (size_t i = 0; i < CHUNK_WORDS; i++)
        n += (uint64_t) __builtin_popcountll(words[i]);
    return (uint32_t) n;
}
WIDE(uint32_t, words_count, return, (words), const uint64_t *words)

BODY uint32_t words_count_and_body(const uint64_t *a, const uint64_t *b) {
    uint64_t n = 0;
    for (size_t i = 0; i < CHUNK_WORDS; i++)
        n += (uint64_t) __builtin_popcountll(a[i] & b[i]);
    return (uint32_t) n;
}
WIDE(uint32_t, words_count_and, return, (a, b), const uint64_t *a, const uint64_t *b)

BODY void words_between_body(uint64_t *out, const int64_t *values, uint32_t n,
                             const int64_t bounds[2]) {
    memset(out, 0, CHUNK_WORDS * sizeof *out);
    int64_t min = bounds[0], max = bounds[1];
    for (uint32_t at = 0; at < n; at += 64) {
        uint64_t word = 0;
        uint32_t end = n - at < 64 ? n - at : 64;
        for (uint32_t i = 0; i < end; i++)
            word |= (uint64_t) (values[at + i] >= min && values[at + i] <= max) << i;
        out[at >> 6] = word;
    }
}
WIDE(void, words_between, , (out, values, n, bounds), uint64_t *out, const int64_t *values,
     uint32_t n, const int64_t bounds[2])

void words_below(uint64_t *out, uint32_t n) {
    memset(out, 0, CHUNK_WORDS * sizeof *out);
    memset(out, 0xff, n / 64 * sizeof *out);
    if (n % 64)
        out[n / 64] = ((uint64_t) 1 << n % 64) - 1;
}

uint32_t words_rank(const uint64_t *words, uint32_t position) {
    uint32_t n = 0;
    for (size_t i = 0; i < position / 64; i++)
        n += (uint32_t) __builtin_popcountll(words[i]);
    if (position % 64)
        n += (uint32_t) __builtin_popcountll(words[position / 64]
                                             & (((uint64_t) 1 << position % 64) - 1));
    return n;
}

uint32_t words_select(const uint64_t *words, uint32_t k) {
    size_t i = 0;
    for (uint32_t n; (n = (uint32_t) __builtin_popcountll(words[i])) <= k; i++)
        k -= n;
    uint64_t word = words[i];
    while (k--)
        word &= word - 1;
    return (uint32_t) (i * 64) + (uint32_t) __builtin_ctzll(word);
}

uint32_t words_next(const uint64_t *words, uint32_t position) {
    if (position >= CHUNK_ROWS)
        return CHUNK_ROWS;
    size_t i = position / 64;
    uint64_t word = words[i] & UINT64_MAX << position % 64;
    while (!word && ++i < CHUNK_WORDS)
        word = words[i];
    return word ? (uint32_t) (i * 64) + (uint32_t) __builtin_ctzll(word) : CHUNK_ROWS;
}

uint32_t words_ids(const uint64_t *words, uint16_t *ids) {
    uint32_t n = 0;
    for (size_t i = 0; i < CHUNK_WORDS; i++)
        for (uint64_t word = words[i]; word; word &= word - 1)
            ids[n++] = (uint16_t) (i * 64 + (size_t) __builtin_ctzll(word));
    return n;
}
