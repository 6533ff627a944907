/* Names of technologies for matching: "node.js", "Node JS" are one, "C", "C++" and "C#" are
 * three, and ".NET" is not the word "net".
 *
 * Pure, any thread; results live in the arena. */
#ifndef DATA_TECHNOLOGIES_H
#define DATA_TECHNOLOGIES_H

#include "base/arena.h"
#include "base/str.h"

/* Folded (data/text.h), with "+" as "plus", "#" as "sharp", and a dot that begins a word as
 * "dot". Idempotent. Empty when nothing is left. */
struct str technology_key(struct arena *arena, struct str name);

#endif
