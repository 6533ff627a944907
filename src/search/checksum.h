/* CRC-32C (RFC 3720, appendix B.4), for files that must be refused when a bit of them
 * changed. No library of the build has it; three lines of hardware or a table do. */
#ifndef SEARCH_CHECKSUM_H
#define SEARCH_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Of `n` bytes that follow others whose checksum is `crc`; 0 to begin with. */
uint32_t checksum(uint32_t crc, const void *p, size_t n);

#endif
