/* Links that messages carry: to end it all, and, where a sequence tracks, to notice that a
 * message was opened or a link in it followed. Each names a message and is signed under the
 * installation's key, so nobody can make one up, nor lead a link of ours to a place that
 * the message did not name. A consent's state (sequence/mailbox_consent.h) is a token alike.
 *
 * Pure functions of their arguments and the key; any thread. */
#ifndef SEQUENCE_LINKS_H
#define SEQUENCE_LINKS_H

#include "base/buf.h"
#include "store/secrets.h"

enum link_kind { LINK_UNSUBSCRIBE, LINK_OPEN, LINK_CLICK, LINK_CONSENT };

/* What a link stands for. */
struct link_to {
    struct str account_id, id; /* of the message or the consent, both UUIDs */
    struct str url;            /* LINK_CLICK: where it leads; else absent */
};

/* Longest URL that is followed for a click; longer ones stay as they are. */
enum { LINK_URL_MAX_BYTES = 2000, LINK_TOKEN_BYTES = 64 };

/* LINK_TOKEN_BYTES characters that need no escaping in a URL. */
struct str link_token(const struct secrets *secrets, struct arena *arena, enum link_kind kind,
                      const struct link_to *to);

/* "https://outrider.example.com/unsubscribe/TOKEN" for a kind that messages carry, of LINK_CLICK
 * with "?to=" and the URL. */
struct str link_write(const struct secrets *secrets, struct arena *arena, struct str public_url,
                      enum link_kind kind, const struct link_to *to);

/* The message or consent that a token was made for, into `to`, whose url is what came with a
 * LINK_CLICK, decoded, else absent. E_INVALID, and `to` stays as it is, when the token was not
 * made by link_token for this kind and URL. */
MUST_USE enum rc link_read(const struct secrets *secrets, struct arena *arena, enum link_kind kind,
                           struct str token, struct link_to *to);

/* Copies HTML to `out` with every link to http(s) in the href of an <a> replaced by one of
 * LINK_CLICK. Anything else, also what is no proper HTML, stays byte for byte. */
struct link_style {
    const struct secrets *secrets;
    struct arena *arena;
    struct str public_url, account_id, message_id;
};
void links_track(const struct link_style *style, struct str html, struct buf *out);

#endif
