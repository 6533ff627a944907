/* What requests to a webhook are made of, with its secrets opened: never changed, so that the
 * loop's thread reads it while a newer one is there already. Counted by one thread. */
#ifndef WEBHOOK_PROFILE_H
#define WEBHOOK_PROFILE_H

#include "net/http_multi.h"
#include "store/webhook_queues.h"

struct webhook_profile;

/* One of whoever asks; E_NOT_FOUND when the webhook is deleted. */
MUST_USE enum rc webhook_profile_new(struct ctx *ctx, const struct webhook_queue *queue,
                                     struct webhook_profile **ret_profile);
struct webhook_profile *webhook_profile_keep(struct webhook_profile *profile);
/* Wipes it when nobody has it any more. Nulls *profile; accepts NULL. */
void webhook_profile_free(struct webhook_profile **profile);

const char *webhook_profile_url(const struct webhook_profile *profile);
int64_t webhook_profile_version(const struct webhook_profile *profile);

/* Adds all headers of a request, signed now; appends to `log` what of it may be shown. */
void webhook_profile_headers(const struct webhook_profile *profile, struct http_post *post, struct str id,
                             struct buf *log);

#endif
