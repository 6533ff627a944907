/* The schema's history: sql/, embedded by tools/embed.c in the order of the numbers. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include "db/db.h"

extern const struct migration migrations[];
extern const size_t migrations_count;

#endif
