#include "sequence/recipient.h"

#include "base/check.h"
#include "base/clock.h"
#include "json/writer.h"
#include "sequence/links.h"
#include "sequence/progress.h"
#include "store/exclusions.h"
#include "store/messages.h"

/* Filters of mail servers follow links while a message arrives. */
#define PROGRAMS_MS (10 * SECOND_MS)
enum { DATA_MAX_BYTES = 4 * LINK_URL_MAX_BYTES + 100 };

static enum rc unsubscribe_work(struct ctx *ctx, void *arg) {
    const struct str *id = arg;
    struct message m = { .id = STR_NONE };
    struct strs results = { 0 };
    enum rc rc = message_get(ctx, *id, &m);
    if (rc != OK || !str_is_set(m.recipient))
        return rc;
    struct str email = m.recipient;
    const struct new_exclusions added
        = { EXCLUDED_EMAIL, { &email, 1 }, STR(EXCLUSION_OWN_SOURCE),
            .reason = STR("unsubscribed") };
    rc = exclusions_add(ctx, &added, &results);
    if (rc == OK && results.n && str_eq(results.p[0], exclusion_success))
        rc = message_record(ctx, &m, EVENT_EMAIL_UNSUBSCRIBED, STR_NONE);
    return rc == OK ? leads_end_address(ctx, email, LEAD_UNSUBSCRIBED, STR("unsubscribed")) : rc;
}

enum rc recipient_unsubscribes(struct ctx *ctx, struct str message_id) {
    return db_transact(ctx, unsubscribe_work, &message_id);
}

/* --- reading --- */

bool reader_is_program(struct str user_agent) {
    static const char *const words[] = {
        "bot", "crawl", "spider", "scan", "preview", "curl", "wget", "python", "java/", "okhttp",
        "go-http-client", "libwww", "httpclient", "headless", "barracuda", "mimecast", "proofpoint",
        "symantec", "bitdefender", "kaspersky", "trend micro", "safelinks", "skypeuripreview",
    };
    for (size_t i = 0; i < LENGTH(words); i++)
        for (size_t at = 0; at < user_agent.n; at++)
            if (str_starts_nocase(str_sub(user_agent, at, user_agent.n), str_of(words[i])))
                return true;
    return str_is_empty(str_trim(user_agent));
}

struct reading {
    struct str id, url, user_agent;
};

static struct str url_data(struct ctx *ctx, struct str url) {
    struct buf b = buf_in(ctx->arena, DATA_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    if (!str_is_set(url))
        return STR_NONE;
    json_begin_object(&w);
    json_key(&w, STR("url"));
    json_str(&w, url);
    json_end_object(&w);
    return buf_text(&b);
}

static enum rc read_work(struct ctx *ctx, void *arg) {
    const struct reading *r = arg;
    struct message m = { .id = STR_NONE };
    bool counted = false, is_click = str_is_set(r->url);
    enum rc rc = message_get(ctx, r->id, &m);
    if (rc != OK)
        return rc;
    bool is_early = !m.sent_at.set || ctx_now(ctx) - m.sent_at.v < PROGRAMS_MS;
    if (is_early || !str_is_set(m.recipient) || reader_is_program(r->user_agent))
        return OK;
    rc = message_count_one(ctx, m.id, is_click ? MESSAGE_CLICKS : MESSAGE_OPENS, &counted);
    if (rc != OK || !counted)
        return rc;
    return message_record(ctx, &m, is_click ? EVENT_EMAIL_CLICKED : EVENT_EMAIL_OPENED,
                          url_data(ctx, r->url));
}

enum rc recipient_reads(struct ctx *ctx, struct str message_id, struct str url, struct str user_agent) {
    struct reading reading = { message_id, url, user_agent };
    return db_transact(ctx, read_work, &reading);
}
