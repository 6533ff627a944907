/* libxml2's HTML parser tells of elements and text as they come, and no tree is built. Its stack of
 * open elements is looked through for every end that has no beginning, so the parser is stopped at
 * a depth that no message has, and its attributes cost the square of their number, so it is given
 * a bounded piece.
 *
 * Breaks are counted while they come and written before the next character: one for a block, two
 * for a paragraph, one for each <br>. So a line has its quote marks of the moment when it begins. */
#include "reply/html_text.h"

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"

enum { DEPTH_MAX = 1000, QUOTES_MAX = 20, BREAKS_MAX = 3 };

enum shape { INLINE, BLOCK, PARAGRAPH, BREAK, RULE, ITEM, CELL, PREFORMATTED, QUOTED, SKIPPED };

static const struct {
    const char *name;
    enum shape shape;
} shapes[] = {
    { "div", BLOCK },        { "p", PARAGRAPH },     { "br", BREAK },        { "td", CELL },
    { "tr", BLOCK },         { "table", BLOCK },     { "th", CELL },         { "blockquote", QUOTED },
    { "li", ITEM },          { "ul", BLOCK },        { "ol", BLOCK },        { "hr", RULE },
    { "pre", PREFORMATTED }, { "style", SKIPPED },   { "script", SKIPPED },  { "title", SKIPPED },
    { "head", SKIPPED },     { "h1", PARAGRAPH },    { "h2", PARAGRAPH },    { "h3", PARAGRAPH },
    { "h4", PARAGRAPH },     { "h5", PARAGRAPH },    { "h6", PARAGRAPH },    { "dl", BLOCK },
    { "dt", BLOCK },         { "dd", BLOCK },        { "center", BLOCK },    { "address", BLOCK },
    { "article", BLOCK },    { "section", BLOCK },   { "header", BLOCK },    { "footer", BLOCK },
    { "noscript", SKIPPED }, { "template", SKIPPED }, { "textarea", SKIPPED }, { "select", SKIPPED },
    { "svg", SKIPPED },      { "object", SKIPPED },  { "fieldset", BLOCK },  { "form", BLOCK },
};

enum meaning { MEANING_NONE, MEANING_QUOTE, MEANING_QUOTE_ON, MEANING_SIGNATURE, MEANING_HIDDEN, MEANING_PLAIN };

static const struct mark {
    const char *attribute;
    struct str part;
    enum meaning meaning;
} marks[] = {
#define MARK(attribute, part, meaning) { attribute, STR(part), MEANING_##meaning },
#include "reply/html_marks.def"
#undef MARK
};

/* What ends with an element. */
struct open {
    enum shape shape;
    bool hides, preserves;
    unsigned char quotes; /* levels that it or what is in it began */
};

struct html {
    struct buf out;
    xmlParserCtxtPtr parser;
    struct open open[DEPTH_MAX + 1]; /* [0] is what is around the document */
    size_t depth, hidden, preserved, quotes;
    size_t breaks; /* to be written before the next character */
    bool wants_space, has_text;
};

/* --- writing --- */

static void wants_breaks(struct html *h, size_t at_least) {
    if (h->breaks < at_least)
        h->breaks = at_least;
    h->wants_space = false;
}

static void begin_line(struct html *h) {
    for (size_t i = 0; h->has_text && i < h->breaks; i++) {
        if (i > 0)
            for (size_t k = 0; k < h->quotes; k++)
                buf_char(&h->out, '>');
        buf_char(&h->out, '\n');
    }
    if (!h->has_text || h->breaks) {
        for (size_t i = 0; i < h->quotes; i++)
            buf_char(&h->out, '>');
        if (h->quotes)
            buf_char(&h->out, ' ');
        h->wants_space = false;
    }
    h->has_text = true;
    h->breaks = 0;
}

static void write_text(struct html *h, struct str s) {
    begin_line(h);
    if (h->wants_space)
        buf_char(&h->out, ' ');
    h->wants_space = false;
    buf_str(&h->out, s);
}

static bool takes_nbsp(struct str s) {
    return str_starts(s, STR("\xC2\xA0"));
}

static void take_text(struct html *h, struct str s) {
    while (s.n) {
        size_t n = 0;
        bool is_break = h->preserved && s.p[0] == '\n';
        while (n < s.n && !ascii_is_space(s.p[n]) && !takes_nbsp(str_sub(s, n, s.n)))
            n++;
        if (n)
            write_text(h, str_sub(s, 0, n));
        else if (h->preserved && s.p[0] == ' ')
            write_text(h, STR(" "));
        else if (is_break)
            wants_breaks(h, h->breaks + 1 < BREAKS_MAX ? h->breaks + 1 : BREAKS_MAX);
        else
            h->wants_space = !h->breaks && h->has_text;
        s = str_sub(s, n ? n : takes_nbsp(s) ? 2 : 1, s.n);
    }
}

/* --- elements --- */

static enum shape shape_of(const char *name) {
    for (size_t i = 0; i < LENGTH(shapes); i++)
        if (strcmp(shapes[i].name, name) == 0)
            return shapes[i].shape;
    return INLINE;
}

static bool has_part(struct str value, struct str part) {
    for (size_t i = 0; i + part.n <= value.n; i++)
        if (str_starts_nocase(str_sub(value, i, value.n), part))
            return true;
    return false;
}

/* Of an attribute that names, the whole value or a word of it that ends so. */
static bool is_marked_by(const struct mark *mark, struct str name, struct str value) {
    if (!str_eq(name, str_of(mark->attribute)))
        return false;
    if (str_eq(name, STR("name")))
        return str_eq_nocase(value, mark->part);
    return has_part(str_sub(value, 0, 500), mark->part);
}

static enum meaning meaning_of(const xmlChar **attributes) {
    for (; attributes && attributes[0]; attributes += 2) {
        struct str name = str_of((const char *) attributes[0]);
        struct str value = str_of((const char *) attributes[1]);
        for (size_t i = 0; value.n && i < LENGTH(marks); i++)
            if (is_marked_by(&marks[i], name, value))
                return marks[i].meaning;
    }
    return MEANING_NONE;
}

static bool has_class(const xmlChar **attributes, const char *part) {
    for (; attributes && attributes[0]; attributes += 2)
        if (strcmp((const char *) attributes[0], "class") == 0 && attributes[1]
            && strstr((const char *) attributes[1], part))
            return true;
    return false;
}

static void begin_quote(struct html *h, struct open *in) {
    if (h->quotes >= QUOTES_MAX)
        return;
    wants_breaks(h, 1);
    h->quotes++;
    in->quotes++;
}

static void apply_shape(struct html *h, enum shape shape, const xmlChar **attributes) {
    bool is_tight = has_class(attributes, "MsoNormal") || has_class(attributes, "MsoPlainText");
    switch (shape) {
    case PARAGRAPH:
        wants_breaks(h, is_tight ? 1 : 2);
        break;
    case BREAK:
        wants_breaks(h, h->breaks + 1 < BREAKS_MAX ? h->breaks + 1 : BREAKS_MAX);
        break;
    case RULE:
        wants_breaks(h, 1);
        write_text(h, STR("________________________________"));
        wants_breaks(h, 1);
        break;
    case ITEM:
        wants_breaks(h, 1);
        write_text(h, STR("-"));
        h->wants_space = true;
        break;
    case CELL:
        h->wants_space = !h->breaks && h->has_text;
        break;
    case BLOCK:
    case PREFORMATTED:
    case QUOTED:
        wants_breaks(h, 1);
        break;
    case INLINE:
    case SKIPPED:
        break;
    }
}

static void apply_meaning(struct html *h, enum meaning meaning, struct open *open) {
    if (meaning == MEANING_QUOTE)
        begin_quote(h, open);
    if (meaning == MEANING_QUOTE_ON)
        begin_quote(h, open - 1);
    if (meaning == MEANING_SIGNATURE && !h->quotes && h->has_text) {
        wants_breaks(h, 1);
        write_text(h, STR("-- "));
        wants_breaks(h, 1);
    }
}

static void on_start(void *user, const xmlChar *name, const xmlChar **attributes) {
    struct html *h = user;
    if (h->depth >= DEPTH_MAX) {
        xmlStopParser(h->parser);
        return;
    }
    struct open *open = &h->open[++h->depth];
    enum meaning meaning = meaning_of(attributes);
    *open = (struct open){ .shape = shape_of((const char *) name) };
    open->hides = open->shape == SKIPPED || meaning == MEANING_HIDDEN;
    open->preserves = open->shape == PREFORMATTED;
    h->hidden += open->hides;
    h->preserved += open->preserves;
    if (h->hidden)
        return;
    apply_meaning(h, meaning, open);
    apply_shape(h, open->shape, attributes);
    if (open->shape == QUOTED && meaning != MEANING_PLAIN && meaning != MEANING_QUOTE)
        begin_quote(h, open);
}

static void on_end(void *user, const xmlChar *name) {
    struct html *h = user;
    (void) name; /* the parser closes in order */
    if (!h->depth)
        return;
    struct open *open = &h->open[h->depth--];
    bool breaks = open->shape != INLINE && open->shape != BREAK && open->shape != CELL
                  && open->shape != SKIPPED;
    if (!h->hidden && (breaks || open->quotes))
        wants_breaks(h, open->shape == PARAGRAPH && h->breaks ? h->breaks : 1);
    h->hidden -= open->hides;
    h->preserved -= open->preserves;
    h->quotes -= open->quotes;
}

static void on_text(void *user, const xmlChar *text, int n) {
    struct html *h = user;
    if (!h->hidden && n > 0)
        take_text(h, (struct str){ (const char *) text, (size_t) n });
}

/* "<![if !mso]>" and its end, which Word writes and the parser takes for text. */
static struct str without_conditions(struct arena *arena, struct str html) {
    size_t at = str_find_str(html, STR("<!["));
    if (at == html.n)
        return html;
    struct buf b = buf_in(arena, html.n);
    while (at < html.n) {
        buf_str(&b, str_sub(html, 0, at));
        html = str_sub(html, at, html.n);
        html = str_sub(html, str_find(html, '>') + 1, html.n);
        at = str_find_str(html, STR("<!["));
    }
    buf_str(&b, html);
    return buf_text(&b);
}

static void start_parser(void) {
    xmlInitParser();
}

struct str html_to_text(struct arena *arena, struct str html) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void) pthread_once(&once, start_parser); /* fails for no reason but a wrong argument */
    struct html *h = ARENA_NEW(arena, struct html);
    h->out = buf_in(arena, MIME_TEXT_MAX_BYTES);
    html = without_conditions(arena, str_sub(html, 0, HTML_READ_MAX_BYTES));
    if (!html.n)
        return buf_text(&h->out);
    h->parser = htmlCreateMemoryParserCtxt(html.p, (int) html.n);
    if (!h->parser)
        return buf_text(&h->out);
    *h->parser->sax = (xmlSAXHandler){ .startElement = on_start,
                                       .endElement = on_end,
                                       .characters = on_text,
                                       .ignorableWhitespace = on_text };
    h->parser->userData = h;
    htmlCtxtUseOptions(h->parser, HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET
                                      | HTML_PARSE_IGNORE_ENC | HTML_PARSE_NOIMPLIED);
    (void) xmlSwitchEncoding(h->parser, XML_CHAR_ENCODING_UTF8);
    (void) htmlParseDocument(h->parser); /* whatever it thinks of it, it told what it found */
    htmlFreeParserCtxt(h->parser);
    return buf_text(&h->out);
}
