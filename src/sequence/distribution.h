/* Whose turn it is: an even, stable order of senders by their weights. */
#ifndef SEQUENCE_DISTRIBUTION_H
#define SEQUENCE_DISTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

/* The sender (0 to n-1) of the lead at `position`, which counts all leads from 0. Of as many
 * leads in a row as the weights sum to, each sender gets exactly its weight, spread over them.
 * `n` > 0, weights > 0. */
size_t sender_at(const int64_t *weights, size_t n, int64_t position);

#endif
