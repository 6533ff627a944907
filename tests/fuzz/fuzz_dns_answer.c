/* Any bytes as the answer of a DNS server. The first byte chooses the type that was asked
 * for; the name is the one in the corpus. */
#include "base/arena.h"
#include "base/check.h"
#include "net/dns_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct dns_answer *answer, enum dns_type type) {
    ASSERT(answer->n <= DNS_RECORDS_MAX);
    ASSERT((answer->state == DNS_FOUND) == (answer->n > 0));
    ASSERT(answer->ttl_s <= INT32_MAX);
    ASSERT(!str_is_set(answer->alias) || answer->state == DNS_NONE);
    for (size_t i = 0; (type == DNS_MX || type == DNS_SRV) && i < answer->n; i++) {
        struct str name = answer->records[i].name;
        ASSERT(str_is_set(name) && name.n < 1025);
        for (size_t j = 0; j < name.n; j++)
            ASSERT(name.p[j] > ' ' && name.p[j] < 127 && !ascii_is_upper(name.p[j]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size)
        return 0;
    struct arena *arena = arena_new();
    struct str message = { (const char *) data + 1, size - 1 };
    enum dns_type type = (enum dns_type) (data[0] % DNS_TYPES);
    struct dns_answer answer;
    if (dns_answer_read(arena, message, STR("a.org"), type, &answer) == OK)
        check_answer(&answer, type);
    arena_free(&arena);
    return 0;
}
