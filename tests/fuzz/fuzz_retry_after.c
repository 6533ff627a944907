/* Any text as Retry-After: a wait is neither negative nor without an end. */
#include "base/check.h"
#include "net/retry_after.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t wait = 0;
    if (retry_after_read((struct str){ (const char *) data, size }, INT64_C(1700000000000), &wait) == OK)
        ASSERT(wait >= 0 && wait <= RETRY_AFTER_MAX_MS);
    return 0;
}
