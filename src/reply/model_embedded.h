/* The model in the binary, written by tools/embed.c from src/reply/model.bin. */
#ifndef REPLY_MODEL_EMBEDDED_H
#define REPLY_MODEL_EMBEDDED_H

#include <stddef.h>

extern const char *const reply_model;
extern const size_t reply_model_size;

#endif
