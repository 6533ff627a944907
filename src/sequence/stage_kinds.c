#include "sequence/stage_kinds.h"

#include "base/check.h"

static const struct stage_kind kinds[] = {
    { "email", STAGE_MAY_BE_AUTOMATIC | STAGE_SAYS_SOMETHING | STAGE_NEEDS_TEXT | STAGE_IS_EMAIL },
    { "linkedin_visit", STAGE_MAY_BE_AUTOMATIC | STAGE_IS_LINKEDIN },
    { "linkedin_follow", STAGE_MAY_BE_AUTOMATIC | STAGE_IS_LINKEDIN },
    { "linkedin_like_last_post", STAGE_MAY_BE_AUTOMATIC | STAGE_IS_LINKEDIN },
    { "linkedin_connect", STAGE_MAY_BE_AUTOMATIC | STAGE_IS_LINKEDIN | STAGE_SAYS_SOMETHING },
    { "linkedin_message", STAGE_MAY_BE_AUTOMATIC | STAGE_IS_LINKEDIN | STAGE_SAYS_SOMETHING
                              | STAGE_NEEDS_TEXT },
    { "linkedin_voice_message", STAGE_MAY_BE_AUTOMATIC | STAGE_IS_LINKEDIN | STAGE_SAYS_SOMETHING },
    { "linkedin_video_message", STAGE_MAY_BE_AUTOMATIC | STAGE_IS_LINKEDIN | STAGE_SAYS_SOMETHING },
    { "phone_call", STAGE_SAYS_SOMETHING | STAGE_IS_CALL },
    { "custom_task", STAGE_SAYS_SOMETHING },
};

const struct stage_kind *stage_kind_of(struct str type) {
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (str_eq(type, str_of(kinds[i].type)))
            return &kinds[i];
    return NULL;
}
