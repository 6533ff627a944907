#include "search/checksum.h"

#include <string.h>

enum { POLYNOMIAL_BYTES = 256 };

static uint32_t of_byte(uint32_t byte) {
    for (int bit = 0; bit < 8; bit++)
        byte = byte >> 1 ^ (byte & 1 ? UINT32_C(0x82F63B78) : 0);
    return byte;
}

static uint32_t by_table(uint32_t crc, const unsigned char *p, size_t n) {
    uint32_t table[POLYNOMIAL_BYTES];
    for (uint32_t i = 0; i < POLYNOMIAL_BYTES; i++)
        table[i] = of_byte(i);
    for (size_t i = 0; i < n; i++)
        crc = crc >> 8 ^ table[(crc ^ p[i]) & 0xff];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc,
                                                                 const unsigned char *p,
                                                                 size_t n) {
    uint64_t wide = crc;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t) wide;
    for (; n; p++, n--)
        crc = __builtin_ia32_crc32qi(crc, *p);
    return crc;
}
#endif

uint32_t checksum(uint32_t crc, const void *p, size_t n) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~by_instruction(~crc, p, n);
#endif
    return ~by_table(~crc, p, n);
}
