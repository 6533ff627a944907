/* HTML of a message as plain text, for reading and for cutting: lines break where a browser breaks
 * them, links and pictures are dropped, what is hidden is not shown. What a mail program marked as
 * quoted (html_marks.def) stands behind "> ", once for each level, and a signature that it marked
 * behind a line "-- ", so that reply/quotes.h finds both as in plain text.
 *
 * Any bytes are accepted; the first HTML_READ_MAX_BYTES are read. Any thread. */
#ifndef REPLY_HTML_TEXT_H
#define REPLY_HTML_TEXT_H

#include "base/arena.h"

struct str html_to_text(struct arena *arena, struct str html);

#endif
