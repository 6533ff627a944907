#include "net/sasl.h"

#include <sodium.h>

#include "base/buf.h"

struct str sasl_base64(struct arena *arena, struct str bytes) {
    size_t room = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_alloc(arena, room);
    (void) sodium_bin2base64(text, room, (const unsigned char *) bytes.p, bytes.n,
                             sodium_base64_VARIANT_ORIGINAL);
    return str_of(text);
}

struct str sasl_plain(struct arena *arena, struct str user, struct str password) {
    struct buf b = buf_in(arena, user.n + password.n + 2);
    buf_char(&b, '\0');
    buf_str(&b, user);
    buf_char(&b, '\0');
    buf_str(&b, password);
    return sasl_base64(arena, buf_text(&b));
}

struct str sasl_xoauth2(struct arena *arena, struct str user, struct str access_token) {
    return sasl_base64(arena, arena_printf(arena, "user=%.*s\1auth=Bearer %.*s\1\1", STR_FMT(user),
                                           STR_FMT(access_token)));
}
