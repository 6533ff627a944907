/* Reads what is new in a folder, over an open IMAP connection. */
#ifndef SEQUENCE_INBOX_FOLDER_H
#define SEQUENCE_INBOX_FOLDER_H

#include "net/imap.h"
#include "store/mailboxes.h"

struct inbox_session {
    struct ctx *ctx; /* its arena is reset for each message */
    const struct mailbox *mailbox; /* on another arena, as all of this */
    struct imap *imap;
    struct str owner; /* of the mailbox's lease */
    bool leaves_out;  /* a message that the server does not give is passed over: it was asked often */
};

/* From where it was read before; a folder that was never read is taken up at its end. When the
 * server has numbered anew (UIDVALIDITY, RFC 3501, 2.3.1.1) the newest INBOX_RESYNC messages
 * are looked through again: what is known already is not stored twice. E_CANCELED: the lease
 * is somebody else's now, or the process stops; errors of net/imap.h and of the database. */
MUST_USE enum rc inbox_read_folder(const struct inbox_session *session, struct str folder);

enum { INBOX_RESYNC = 2000 };

#endif
