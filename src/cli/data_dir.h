/* The data directory: making it, and who may use it at the same time. One server and
 * any number of commands share it; restoring needs it alone. Only for the embedded
 * database: with PostgreSQL the processes meet in the database. */
#ifndef CLI_DATA_DIR_H
#define CLI_DATA_DIR_H

#include "base/ctx.h"

enum data_dir_use {
    DATA_DIR_COMMAND, /* beside a server and other commands */
    DATA_DIR_SERVER,  /* the one server */
    DATA_DIR_ALONE,   /* nobody else */
};

/* Held by the process until data_dir_release or its end, however it ends. */
struct data_dir_lock {
    int use_fd, server_fd; /* -1: not held */
};
#define DATA_DIR_UNLOCKED ((struct data_dir_lock){ -1, -1 })

/* Makes `path` (one level, readable by its owner alone) when it is missing. E_IO. */
MUST_USE enum rc data_dir_make(struct ctx *ctx, const char *path);

/* Does not wait: E_CONFLICT when somebody else's use forbids this one, with what to do
 * in ctx->err. */
MUST_USE enum rc data_dir_take(struct ctx *ctx, const char *path, enum data_dir_use use,
                               struct data_dir_lock *ret_lock);
void data_dir_release(struct data_dir_lock *lock);

#endif
