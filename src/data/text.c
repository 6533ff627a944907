/* Folding goes character by character (decompose, lower, classify), so that memory is
 * bounded by the output and no library call allocates; a final NFC pass puts back
 * together what decomposing took apart without being an accent (Hangul, kana voicing).
 * ASCII, which is nearly everything, takes none of these steps. */
#include "data/text.h"

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/vec.h"

enum {
    REPLACEMENT = 0xFFFD,
    DECOMPOSED_MAX = 32, /* Unicode promises at most 18 */
};

/* Letters that no decomposition turns into plain ones, after lower-casing. Texts of
 * no character: signs that decompose into letters that are no part of a word. */
static const struct spelling {
    ucs4_t c;
    const char *text;
} spellings[] = {
    { 0x00DF, "ss" }, { 0x00E6, "ae" }, { 0x00F0, "d" },  { 0x00F8, "o" },  { 0x00FE, "th" },
    { 0x0111, "d" },  { 0x0127, "h" },  { 0x0131, "i" },  { 0x0138, "k" },  { 0x0142, "l" },
    { 0x014B, "n" },  { 0x0153, "oe" }, { 0x0167, "t" },  { 0x0180, "b" },  { 0x0188, "c" },
    { 0x0192, "f" },  { 0x0199, "k" },  { 0x019A, "l" },  { 0x01B6, "z" },  { 0x01DD, "e" },
    { 0x01E5, "g" },  { 0x0247, "e" },  { 0x0249, "j" },  { 0x024D, "r" },  { 0x024F, "y" },
    { 0x0253, "b" },  { 0x0256, "d" },  { 0x0257, "d" },  { 0x0259, "e" },  { 0x025B, "e" },
    { 0x0268, "i" },  { 0x026B, "l" },  { 0x0289, "u" },  { 0x03C2, "\xCF\x83" },
    { 0x2120, "" },   { 0x2122, "" },
};

static const char *spelling_of(ucs4_t c) {
    for (size_t i = 0; i < LENGTH(spellings); i++)
        if (spellings[i].c == c)
            return spellings[i].text;
    return NULL;
}

uint32_t text_next(struct str *rest) {
    if (!rest->n)
        return 0;
    ucs4_t c = REPLACEMENT;
    size_t length = utf8_length(*rest);
    if (length)
        (void) u8_mbtouc(&c, (const uint8_t *) rest->p, length); /* cannot fail: well-formed */
    *rest = str_sub(*rest, length ? length : 1, rest->n);
    return c ? c : REPLACEMENT;
}

static void put(struct buf *b, ucs4_t c) {
    uint8_t bytes[4];
    int n = u8_uctomb(bytes, c, sizeof bytes);
    ASSERT(n > 0);
    buf_bytes(b, bytes, (size_t) n);
}

static bool is_apostrophe(ucs4_t c) {
    return c == '\'' || c == '`' || c == 0x00B4 || c == 0x2018 || c == 0x2019 || c == 0x02BC
           || c == 0x02B9 || c == 0x2032;
}

/* Voicing marks of kana are shared by two scripts and therefore look like accents. */
static bool is_accent(ucs4_t c) {
    if (c == 0x3099 || c == 0x309A)
        return false;
    const uc_script_t *script = uc_script(c);
    return uc_is_general_category(c, UC_MARK) && script
           && strcmp(script->name, "Inherited") == 0;
}

static bool is_word_char(ucs4_t c) {
    return uc_is_general_category(c, UC_LETTER) || uc_is_general_category(c, UC_NUMBER)
           || uc_is_general_category(c, UC_MARK);
}

static bool is_invisible(ucs4_t c) {
    return uc_is_general_category(c, UC_FORMAT) || (c >= 0xFE00 && c <= 0xFE0F);
}

/* What folding knows while it goes along the text. */
struct folding {
    struct buf out;
    bool parted;     /* a separator came behind the last word */
    bool apostrophe; /* and it was an apostrophe alone */
    bool composable; /* something beyond ASCII was written: NFC has to look at it */
};

static void fold_separator(struct folding *f, bool apostrophe) {
    f->apostrophe = apostrophe && !f->parted;
    f->parted = true;
}

static void fold_word_char(struct folding *f, ucs4_t c) {
    if (f->parted && f->out.n && !f->apostrophe)
        buf_char(&f->out, ' ');
    f->parted = f->apostrophe = false;
    c = uc_tolower(c);
    const char *spelled = c < 0x80 ? NULL : spelling_of(c);
    if (spelled)
        buf_str(&f->out, str_of(spelled));
    else
        put(&f->out, c);
    f->composable |= c >= 0x80;
}

static void fold_decomposed(struct folding *f, ucs4_t c) {
    if (is_accent(c) || is_invisible(c))
        return;
    if (is_word_char(c))
        fold_word_char(f, c);
    else
        fold_separator(f, is_apostrophe(c));
}

static void fold_char(struct folding *f, ucs4_t c) {
    if (c < 0x80) {
        if (ascii_is_alnum((char) c))
            fold_word_char(f, c);
        else
            fold_separator(f, is_apostrophe(c));
        return;
    }
    if (is_apostrophe(c)) { /* the acute accent alone decomposes into a space */
        fold_separator(f, true);
        return;
    }
    const char *spelled = spelling_of(c);
    if (spelled && !*spelled)
        return;
    ucs4_t parts[DECOMPOSED_MAX];
    size_t n = LENGTH(parts);
    const ucs4_t *same = u32_normalize(UNINORM_NFKD, &c, 1, parts, &n);
    ASSERT(same == parts);
    for (size_t i = 0; i < n; i++)
        fold_decomposed(f, parts[i]);
}

/* NFC may be longer in bytes than its input, but never more than three times. */
static struct str compose(struct arena *arena, struct str s) {
    size_t room = s.n * 3 + 4;
    uint8_t *composed = arena_alloc(arena, room + 1);
    size_t n = room;
    uint8_t *same = u8_normalize(UNINORM_NFC, (const uint8_t *) s.p, s.n, composed, &n);
    ASSERT(same == composed && n <= room);
    return (struct str){ (const char *) composed, n };
}

struct str text_fold(struct arena *arena, struct str s) {
    s = str_sub(s, 0, TEXT_FOLD_MAX_BYTES);
    struct folding f = { .out = buf_in(arena, TEXT_FOLD_MAX_BYTES * 18), .parted = true };
    for (ucs4_t c; (c = text_next(&s));)
        fold_char(&f, c);
    struct str folded = buf_text(&f.out);
    return f.composable && folded.n ? compose(arena, folded) : arena_str(arena, folded);
}

void text_words(struct arena *arena, struct str s, struct strs *words) {
    struct str rest = text_fold(arena, s);
    for (struct str word; str_word(&rest, &word);)
        strs_add(arena, words, word);
}

struct str text_clean(struct arena *arena, struct str s) {
    struct buf out = buf_in(arena, s.n * 3 + 1);
    bool parted = false, composable = false;
    for (ucs4_t c; (c = text_next(&s));) {
        if (uc_is_property_white_space(c)) {
            parted = out.n > 0;
            continue;
        }
        if (uc_is_general_category(c, UC_CONTROL) || is_invisible(c))
            continue;
        if (parted)
            buf_char(&out, ' ');
        parted = false;
        put(&out, c);
        composable |= c >= 0x80;
    }
    struct str clean = buf_text(&out);
    return composable ? compose(arena, clean) : arena_str(arena, clean);
}

struct str text_lower(struct arena *arena, struct str s) {
    struct str rest = text_clean(arena, s);
    struct buf out = buf_in(arena, rest.n * 3 + 1);
    for (ucs4_t c; (c = text_next(&rest));)
        put(&out, uc_tolower(c));
    return arena_str(arena, buf_text(&out));
}

static size_t letters_ahead(struct str rest) {
    size_t n = 0;
    for (ucs4_t c; n < 2 && (c = text_next(&rest)) && uc_is_general_category(c, UC_LETTER);)
        n++;
    return n;
}

static bool begins_word(ucs4_t before, struct str rest) {
    if (is_apostrophe(before))
        return letters_ahead(rest) >= 2;
    return !is_word_char(before);
}

struct str text_title_case(struct arena *arena, struct str s) {
    struct str rest = text_clean(arena, s);
    struct buf out = buf_in(arena, rest.n * 3 + 1);
    ucs4_t before = ' ';
    for (;;) {
        bool begins = begins_word(before, rest);
        ucs4_t c = text_next(&rest);
        if (!c)
            break;
        put(&out, begins ? uc_totitle(c) : uc_tolower(c));
        before = c;
    }
    return arena_str(arena, buf_text(&out));
}

enum text_case text_case_of(struct str s) {
    bool upper = false, lower = false;
    for (ucs4_t c; (c = text_next(&s));) {
        upper |= uc_is_upper(c);
        lower |= uc_is_lower(c);
    }
    if (upper && lower)
        return CASE_MIXED;
    if (upper)
        return CASE_UPPER;
    return lower ? CASE_LOWER : CASE_NONE;
}

bool text_list_has(const char *list, struct str word) {
    struct str rest = str_of(list);
    for (struct str one; word.n && str_word(&rest, &one);)
        if (str_eq(one, word))
            return true;
    return false;
}

bool text_is_east_asian(struct str word) {
    static const char *const scripts[] = { "Han", "Hangul", "Hiragana", "Katakana" };
    const uc_script_t *script = uc_script(text_next(&word));
    for (size_t i = 0; script && i < LENGTH(scripts); i++)
        if (strcmp(script->name, scripts[i]) == 0)
            return true;
    return false;
}
