/* Which reason the words and codes of a refusal give (bounce_rules.def). Pure, any thread. */
#ifndef REPLY_BOUNCE_REASON_H
#define REPLY_BOUNCE_REASON_H

#include "reply/inbound.h"

/* What had been said when the refusal came. */
enum refusal_stage { STAGE_UNKNOWN, STAGE_OF_HELLO, STAGE_OF_SENDER, STAGE_OF_RECIPIENT, STAGE_OF_DATA };

struct refusal {
    struct str text;      /* what the server said and the program that tells of it; one line */
    struct str folded;    /* the same by text_fold (data/text.h); absent: not looked at */
    struct str recipient; /* absent: not known */
    enum refusal_stage stage;
    int class, subject, detail; /* enhanced code, 0.0.0 when there is none */
    int code;             /* SMTP, 0 when there is none */
};

/* The first SMTP code and enhanced code in `text` ("550 5.1.1 no such user", "#5.1.1",
 * "550-5.1.1"), where `refusal` has none yet. */
void refusal_read_codes(struct refusal *refusal, struct str text);

/* "5.1.1 (permanent failure)" as its parts; false when it is no code, or 2.x.x. */
bool refusal_read_status(struct refusal *refusal, struct str status);

/* The stage that the text of a program tells ("in reply to RCPT TO", ">>> DATA" before "<<< 550"). */
enum refusal_stage refusal_stage_in(struct str text);

/* By whole phrases and codes that say one thing; UNDEFINED: none is there. */
enum bounce_reason refusal_sure_reason(const struct refusal *refusal);

/* By fewer words, and by those of other languages (reply/bounce_words.h). */
enum bounce_reason refusal_likely_reason(const struct refusal *refusal);

/* By numbers, the stage, the recipient's domain. */
enum bounce_reason refusal_bare_reason(const struct refusal *refusal);

#endif
