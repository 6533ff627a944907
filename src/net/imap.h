/* A blocking IMAP client (RFC 3501), as much of it as a mailbox is checked and looked
 * through with. What servers say is read by net/imap_parse.h, which an event loop can use as
 * well; this is only the order in which things are said.
 *
 * Life cycle: imap_open, commands, imap_close. One thread at a time. Every command returns
 * OK; E_DENIED: the login was refused; E_INVALID: the server said NO or BAD, with its words
 * in imap_said; E_NOT_FOUND: no such message; E_UNSUPPORTED; or what peer.h returns. After
 * anything from peer.h the connection is of no more use. */
#ifndef NET_IMAP_H
#define NET_IMAP_H

#include "base/field.h"
#include "net/peer.h"

struct imap_options {
    struct peer_options peer;
    struct str user;
    struct str password;
    struct str access_token; /* set: AUTHENTICATE XOAUTH2 instead */
    int64_t reply_ms;        /* for each response */
    size_t response_max;     /* bytes, literals included: the largest message that is fetched */
};

struct imap;

/* Connects and logs in. *ret_reason on `arena`: what went wrong, in words. */
MUST_USE enum rc imap_open(const struct imap_options *options, struct arena *arena,
                           struct imap **ret_imap, struct str *ret_reason);
/* LOGOUT when it can, without waiting; nulls *imap. Accepts NULL. */
void imap_close(struct imap **imap);

/* Whether the server can do this ("IDLE", "SPECIAL-USE"). */
bool imap_can(const struct imap *imap, struct str capability);
/* What the server said to the command that failed last; good until the next one. */
struct str imap_said(const struct imap *imap);

struct imap_folder {
    struct str name; /* as the server writes it (modified UTF-7), for imap_select */
    struct strs flags; /* "\\Sent", "\\Noselect" */
};
/* All folders. List of struct imap_folder on `arena`. */
MUST_USE enum rc imap_folders(struct imap *imap, struct arena *arena, struct list *ret_folders);
/* The folder of a special use ("\\Sent", "\\Junk"; RFC 6154), or else one with a usual name
 * for it. Absent when there is none. */
struct str imap_special(struct list folders, struct str use);

struct imap_selected {
    int64_t exists, uid_validity, uid_next;
};
/* Opens a folder; `read_only`: EXAMINE, nothing is marked as seen. */
MUST_USE enum rc imap_select(struct imap *imap, struct str folder, bool read_only,
                             struct imap_selected *ret_selected);

/* UIDs of the messages whose header field `name` holds `value`, ascending as the server
 * gives them. */
MUST_USE enum rc imap_search_header(struct imap *imap, struct arena *arena, struct str name,
                                    struct str value, struct ints *ret_uids);

/* UIDs from `from` up to `to`, both included, ascending. */
MUST_USE enum rc imap_search_range(struct imap *imap, struct arena *arena, int64_t from, int64_t to,
                                   struct ints *ret_uids);
/* UIDs of the messages at places `from` (1 is the oldest) to the last, ascending. */
MUST_USE enum rc imap_search_last(struct imap *imap, struct arena *arena, int64_t from,
                                  struct ints *ret_uids);

struct imap_want {
    int64_t uid;
    enum { IMAP_MESSAGE, IMAP_HEADER } part;
    int64_t max; /* bytes from its beginning */
};

/* The message or its headers, not marked as seen. On `arena`. */
MUST_USE enum rc imap_fetch(struct imap *imap, struct arena *arena, const struct imap_want *want,
                            struct str *ret_message);

/* Puts a message into a folder. `flags`: "\\Seen"; may be empty. */
MUST_USE enum rc imap_append(struct imap *imap, struct str folder, struct str flags,
                             struct str message);

/* Waits until something happens in the open folder, at most `ms` (below 29 minutes, RFC 2177).
 * E_TIMEOUT when nothing did: then the connection is still good. */
MUST_USE enum rc imap_idle(struct imap *imap, int64_t ms);

/* The same in steps, for one thread that watches many: after imap_idle_begin the connection's
 * imap_fd is readable when something may have happened, and imap_idle_news, which does not
 * wait, tells whether it did. imap_idle_end before any other command. *ret_news: a message has come since
 * the folder was opened. */
MUST_USE enum rc imap_idle_begin(struct imap *imap, bool *ret_news);
int imap_fd(const struct imap *imap);
MUST_USE enum rc imap_idle_news(struct imap *imap, bool *ret_news);
MUST_USE enum rc imap_idle_end(struct imap *imap);

#endif
