/* The configuration file: any text is accepted or refused with a message. */
#include "base/check.h"
#include "cli/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    struct config config;
    enum rc rc = config_load(&ctx, &(struct config_from){ 0 }, &config);
    ASSERT(rc == OK);
    rc = config_read_ini(&ctx, "fuzz", (struct str){ (const char *) data, size }, &config);
    ASSERT(rc == OK || (rc == E_INVALID && ctx.err.text.n > 0));
    for (size_t i = 0; rc == OK && i < config_keys_count; i++) {
        struct buf b = buf_in(ctx.arena, 64 * 1024);
        config_print_value(&b, &config, &config_keys[i]);
        ASSERT(buf_result(&b) == OK);
    }
    arena_free(&ctx.arena);
    return 0;
}
