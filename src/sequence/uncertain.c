/* That something is not in the folder of sent messages says nothing by itself: many servers
 * file nothing there. So what the mailbox is known to have sent is looked for in the same
 * way, and only where that is found does a message that is missing count as not sent. */
#include "sequence/uncertain.h"

#include "net/mime.h"
#include "sequence/mailbox_login.h"

struct looking {
    const struct delivery *d;
    struct imap *imap;
    struct str sent_folder; /* absent: there is none */
    struct str words;
};

/* E_NOT_FOUND when the folder has no message with that header. */
static enum rc find(struct looking *l, struct str folder, struct str header, struct str value) {
    struct imap_selected selected;
    struct ints uids = { 0 };
    enum rc rc = imap_select(l->imap, folder, true, &selected);
    if (rc == OK)
        rc = imap_search_header(l->imap, l->d->ctx->arena, header, value, &uids);
    return rc == OK && uids.n == 0 ? E_NOT_FOUND : rc;
}

static enum rc find_sent(struct looking *l, struct str message_id) {
    return str_is_set(l->sent_folder) ? find(l, l->sent_folder, STR("Message-ID"), message_id) : E_NOT_FOUND;
}

static enum rc find_anywhere(struct looking *l, const struct message *m) {
    enum rc rc = find_sent(l, m->message_id);
    if (rc == E_NOT_FOUND && str_is_set(l->sent_folder))
        rc = find(l, l->sent_folder, STR(MESSAGE_ID_HEADER), m->id);
    if (rc == E_NOT_FOUND) /* somebody has answered it */
        rc = find(l, STR("INBOX"), STR("In-Reply-To"), m->message_id);
    return rc;
}

static enum rc files_copies(struct looking *l, bool *ret_files) {
    struct strs known = { 0 };
    enum rc rc = mailbox_last_sent(l->d->ctx, l->d->mailbox_id, &known);
    *ret_files = false;
    for (size_t i = 0; rc == OK && !*ret_files && i < known.n; i++) {
        rc = find_sent(l, known.p[i]);
        *ret_files = rc == OK;
        rc = rc == E_NOT_FOUND ? OK : rc;
    }
    return rc;
}

static enum delivery_look look(struct looking *l, const struct message *m) {
    bool files = false;
    enum rc rc = find_anywhere(l, m);
    l->words = STR("found in the mailbox");
    if (rc == OK)
        return LOOK_FOUND;
    if (rc == E_NOT_FOUND)
        rc = files_copies(l, &files);
    if (rc != OK) {
        l->words = imap_said(l->imap);
        return LOOK_FAILED;
    }
    l->words = files ? STR("not in the folder of sent messages, where others are")
                     : STR("the server files no copies of what it sends, as far as it is known");
    return files ? LOOK_NOT_THERE : LOOK_NO_COPIES;
}

static enum rc open_mailbox(struct looking *l) {
    struct ctx *ctx = l->d->ctx;
    struct mailbox mailbox;
    struct mailbox_secret secret;
    struct list folders = { 0 };
    l->words = STR("the mailbox is not there any more");
    enum rc rc = mailbox_get(ctx, l->d->mailbox_id, &mailbox);
    if (rc == OK)
        rc = mailbox_credentials(ctx, &mailbox, &secret, &l->words);
    if (rc == OK)
        rc = mailbox_imap(ctx, &mailbox, &secret, &l->imap, &l->words);
    if (rc == OK)
        rc = imap_folders(l->imap, ctx->arena, &folders);
    if (rc == OK)
        l->sent_folder = imap_special(folders, STR("\\Sent"));
    return rc;
}

enum rc uncertain_look(const struct delivery *d, struct list messages) {
    const struct message *m = messages.p;
    struct looking l = { .d = d };
    bool is_open = messages.n && open_mailbox(&l) == OK;
    enum rc rc = OK;
    ctx_clear_error(d->ctx);
    for (size_t i = 0; rc == OK && i < messages.n; i++) {
        enum delivery_look found = is_open ? look(&l, &m[i]) : LOOK_FAILED;
        rc = delivery_looked(d, &m[i], found, l.words);
    }
    imap_close(&l.imap);
    return rc;
}
