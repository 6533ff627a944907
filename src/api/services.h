/* What handlers share beside the database: made by `outrider serve`, immutable while
 * it runs, reached as request->services. */
#ifndef API_SERVICES_H
#define API_SERVICES_H

#include <stdint.h>

struct secrets;

struct services {
    const struct secrets *secrets; /* the key file: hashes of removals, sealed texts */
    int64_t reveal_timeout_ms;     /* how long GET /people/find waits for an address */
};

#endif
