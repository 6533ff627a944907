#include "sequence/fate.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "verify/reply.h"

enum { WORDS_MAX_BYTES = 500 };

static const char *const names[FATES] = {
    [FATE_SENT] = "sent",           [FATE_RETRY] = "retry",           [FATE_ADDRESS] = "no_such_address",
    [FATE_REFUSED] = "refused",     [FATE_IMPOSSIBLE] = "impossible", [FATE_THROTTLED] = "throttled",
    [FATE_NETWORK] = "network",     [FATE_LOGIN] = "login",           [FATE_UNKNOWN] = "no_answer",
};

const char *fate_name(enum fate fate) {
    return names[fate];
}

/* By what the reply means: for the moment (4xx), and for good (5xx). */
static const struct {
    enum reply_meaning meaning;
    enum fate for_now, for_good;
} meanings[] = {
    { REPLY_USER_UNKNOWN, FATE_RETRY, FATE_ADDRESS },
    { REPLY_DISABLED, FATE_RETRY, FATE_ADDRESS },
    { REPLY_NO_MAIL, FATE_RETRY, FATE_ADDRESS },
    { REPLY_FULL, FATE_RETRY, FATE_RETRY },
    { REPLY_MAILBOX_BUSY, FATE_RETRY, FATE_RETRY },
    { REPLY_GREYLISTED, FATE_RETRY, FATE_RETRY },
    { REPLY_BUSY, FATE_RETRY, FATE_RETRY },
    { REPLY_MANY_RECIPIENTS, FATE_RETRY, FATE_RETRY },
    { REPLY_BLOCKED, FATE_THROTTLED, FATE_REFUSED },
    { REPLY_NEEDS_UTF8, FATE_IMPOSSIBLE, FATE_IMPOSSIBLE },
};

static enum reply_stage stage_of(enum smtp_step step) {
    switch (step) {
    case SMTP_MAIL: return STAGE_MAIL;
    case SMTP_RCPT: return STAGE_RCPT;
    default: return STAGE_DATA;
    }
}

static bool is_rate(const struct reply *reply) {
    static const char *const words[] = { "rate limit", "quota", "too many messages", "daily limit",
                                         "sending limit", "too many emails" };
    for (size_t i = 0; i < LENGTH(words); i++)
        for (size_t k = 0; k < reply->text.n; k++)
            if (str_starts_nocase(str_sub(reply->text, k, reply->text.n), str_of(words[i])))
                return true;
    return false;
}

static enum fate by_reply(struct arena *arena, const struct smtp_result *result) {
    struct reply reply;
    if (reply_parse(arena, result->reply, &reply) != OK)
        return result->code < 500 ? FATE_RETRY : FATE_REFUSED;
    enum reply_meaning meaning = reply_classify(&reply, stage_of(result->step), PROVIDER_OTHER);
    bool is_own = result->step == SMTP_MAIL || (reply.subject == 7 && meaning != REPLY_GREYLISTED);
    if (reply.code < 500 && (is_rate(&reply) || (is_own && meaning == REPLY_BLOCKED)))
        return FATE_THROTTLED;
    for (size_t i = 0; i < LENGTH(meanings); i++)
        if (meanings[i].meaning == meaning)
            return reply.code < 500 ? meanings[i].for_now : meanings[i].for_good;
    return reply.code < 500 ? FATE_RETRY : FATE_REFUSED;
}

enum fate fate_of(struct arena *arena, const struct smtp_result *result) {
    if (result->rc == OK)
        return FATE_SENT;
    if (result->is_unknown)
        return FATE_UNKNOWN;
    bool has_begun = result->step >= SMTP_MAIL;
    if (!has_begun)
        return result->rc == E_DENIED ? FATE_LOGIN : FATE_NETWORK;
    if (result->code == 0)
        return result->rc == E_UNSUPPORTED || result->rc == E_TOO_LARGE || result->rc == E_INVALID
                   ? FATE_IMPOSSIBLE
                   : FATE_NETWORK;
    if (result->code == 530 || result->code == 535)
        return FATE_LOGIN;
    return result->code == 421 ? FATE_NETWORK : by_reply(arena, result);
}

int64_t fate_wait_ms(struct arena *arena, const struct smtp_result *result) {
    struct reply reply;
    int64_t wait_s = reply_parse(arena, result->reply, &reply) == OK ? reply_wait_seconds(&reply) : 0;
    return wait_s ? wait_s * SECOND_MS : HOUR_MS;
}

struct str fate_words(struct arena *arena, const struct smtp_result *result) {
    struct reply reply;
    struct str said = result->reason;
    if (result->code && reply_parse(arena, result->reply, &reply) == OK)
        said = reply.class ? arena_printf(arena, "%d %d.%d.%d %.*s", reply.code, reply.class, reply.subject,
                                          reply.detail, STR_FMT(reply.text))
                           : arena_printf(arena, "%d %.*s", reply.code, STR_FMT(reply.text));
    struct str words = arena_printf(arena, "%s: %.*s", smtp_step_name(result->step), STR_FMT(said));
    return utf8_cut(words, WORDS_MAX_BYTES);
}
