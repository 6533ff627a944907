/* Any bytes as a mail server's reply, in every stage and from every provider: the text is
 * printable UTF-8, the meaning is one that has facts, and before RCPT it is none about a
 * mailbox. */
#include "base/check.h"
#include "base/utf8.h"
#include "verify/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool may_come_before_recipient(enum reply_meaning meaning) {
    return meaning == REPLY_ACCEPTED || meaning == REPLY_BLOCKED || meaning == REPLY_BUSY
           || meaning == REPLY_NEEDS_TLS || meaning == REPLY_NEEDS_UTF8
           || meaning == REPLY_PROTOCOL;
}

static void check_reply(const struct reply *reply) {
    ASSERT(reply->code >= 200 && reply->code <= 599);
    ASSERT(utf8_is_valid(reply->text));
    for (size_t i = 0; i < reply->text.n; i++)
        ASSERT((unsigned char) reply->text.p[i] >= 0x20 && reply->text.p[i] != 0x7F);
    for (int stage = STAGE_CONNECT; stage <= STAGE_DATA; stage++)
        for (int provider = 0; provider <= PROVIDER_IMPROVMX; provider++) {
            enum reply_meaning meaning = reply_classify(reply, (enum reply_stage) stage,
                                                        (enum provider) provider);
            ASSERT(reply_meaning_facts(meaning)->name);
            ASSERT(stage >= STAGE_RCPT || may_come_before_recipient(meaning));
        }
    int seconds = reply_wait_seconds(reply);
    ASSERT(seconds >= 0 && seconds <= 24 * 3600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct reply reply;
    if (reply_parse(arena, (struct str){ (const char *) data, size }, &reply) == OK)
        check_reply(&reply);
    arena_free(&arena);
    return 0;
}
