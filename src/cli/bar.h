/* The bar of long commands, for people: "[####....]  50%". */
#ifndef CLI_BAR_H
#define CLI_BAR_H

#include <stdint.h>
#include <stdio.h>

/* Goes back to the begin of the line and draws `done` of `total`; nothing but that when the
 * total is not known (0 or less). */
void cli_bar(FILE *out, int64_t done, int64_t total);

#endif
