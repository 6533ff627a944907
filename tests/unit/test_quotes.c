/* What is new in a reply, in the styles of the usual clients and languages. */
#include "test.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "net/mime_read.h"
#include "reply/html_text.h"
#include "reply/quotes.h"

static struct arena *arena;

struct cut_case {
    const char *client, *text, *said;
};

static void check_cuts(const struct cut_case *cases, size_t n, bool is_html) {
    for (size_t i = 0; i < n; i++) {
        struct str text = str_of(cases[i].text);
        if (is_html)
            text = html_to_text(arena, text);
        struct str said = quotes_cut(arena, text);
        if (!str_eq(said, str_of(cases[i].said)))
            fail_case("%s\n%.*s\ngot      '%.*s'\nexpected '%s'", cases[i].client, STR_FMT(text), STR_FMT(said),
                      cases[i].said);
    }
}

static void test_clients(void **state) {
    (void) state;
    static const struct cut_case cases[] = {
        { "Gmail", "Yes, let us talk.\n\nOn Fri, Aug 29, 2025 at 2:54 PM Ann B <ann@a.example> wrote:\n\n> Hi Bob\n> are you there?\n",
          "Yes, let us talk." },
        { "Gmail, wrapped", "Yes.\n\nOn Fri, Aug 29, 2025 at 2:54 PM Ann Birgitta Longname\n<ann@a.example>\nwrote:\n\n> Hi\n", "Yes." },
        { "Gmail, bold", "Yes.\n\n*From:* Ann <ann@a.example>\n*Sent:* Friday\n*To:* Bob\n*Subject:* Re: x\n\nold\n", "Yes." },
        { "Gmail, inline", "On Fri, Aug 29, 2025 Ann <ann@a.example> wrote:\n> Price?\nTen.\n> When?\nMonday.\n", "Ten.\nMonday." },
        { "Gmail, forwarded", "See below.\n\n---------- Forwarded message ---------\nFrom: Ann <ann@a.example>\nDate: Fri\n\nold\n", "See below." },
        { "Outlook classic",
          "Not now.\n\nFrom: Ann B <ann@a.example>\nSent: Friday, August 29, 2025 2:54 PM\nTo: Bob <bob@b.example>\nCc: Eve\n"
          "Subject: RE: x\n\nHi Bob\n", "Not now." },
        { "Outlook classic, plain", "Not now.\n\n-----Original Message-----\nFrom: Ann\nSent: Friday\n\nHi\n", "Not now." },
        { "Outlook new", "Not now.\n________________________________\nFrom: Ann <ann@a.example>\nSent: Friday\nTo: Bob\nSubject: x\n\nHi\n",
          "Not now." },
        { "Outlook mobile", "Not now.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Ann\nSent: Friday\n"
          "To: Bob\nSubject: x\n\nHi\n", "Not now." },
        { "Outlook, long list of recipients", "No.\n\nFrom: Ann\nSent: Friday\nTo: A <a@a.example>;\n B <b@b.example>;\n C <c@c.example>\n"
          "Subject: x\n\nHi\n", "No." },
        { "Apple Mail", "Sure.\n\n> On Aug 29, 2025, at 2:54 PM, Ann <ann@a.example> wrote:\n> \n> Hi\n", "Sure." },
        { "iOS", "Sure.\n\nSent from my iPhone\n\n> On Aug 29, 2025, at 14:54, Ann <ann@a.example> wrote:\n> \n> \xEF\xBB\xBFHi\n", "Sure." },
        { "iOS, no-break space", "Sure.\n\nOn Aug 29, 2025, at 2:54\xE2\x80\xAFPM, Ann <ann@a.example> wrote:\n\nHi\n", "Sure." },
        { "Thunderbird", "On 29.08.2025 14:54, Ann wrote:\n> Hi\n\nI am below.\n\n-- \nBob\nCEO\n", "I am below." },
        { "Yahoo", "OK\n\nSent from Yahoo Mail on Android \n \n  On Fri, Aug 29, 2025 at 14:54, Ann<ann@a.example> wrote:   Hi\n", "OK" },
        { "Yahoo, own lines", "OK\n\n    On Friday, August 29, 2025 at 02:54:16 PM GMT+2, Ann <ann@a.example> wrote:  \n \n Hi\n", "OK" },
        { "Proton", "OK\n\nSent with Proton Mail secure email.\n\nOn Friday, August 29th, 2025 at 14:54, Ann <ann@a.example> wrote:\n\n> Hi\n", "OK" },
        { "Proton, old", "OK\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Friday, August 29th, 2025 at 14:54, Ann <ann@a.example> wrote:\n\n> Hi\n",
          "OK" },
        { "Android", "Ok\n\nOn Fri, 29 Aug 2025, 14:54 Ann, <ann@a.example> wrote:\n\n> Hi\n", "Ok" },
        { "Samsung", "Ok\n\n\nSent from my Galaxy\n\n\n-------- Original message --------\nFrom: Ann <ann@a.example>\nDate: 29/08/2025 14:54 (GMT+01:00)\nTo: Bob\nSubject: x\n\nHi\n", "Ok" },
        { "Zoho", "Ok\n\n\n\n---- On Fri, 29 Aug 2025 14:54:16 +0200 Ann <ann@a.example> wrote ---\n\nHi\n", "Ok" },
        { "GMX", "Ok\n\nGesendet: Freitag, 29. August 2025 um 14:54 Uhr\nVon: \"Ann\" <ann@a.example>\nAn: bob@b.example\nBetreff: x\n\nHi\n", "Ok" },
        { "Lotus Notes", "Ok\n\nFrom:        Ann/A\nTo:        Bob/B\nDate:        29.08.2025 14:54\nSubject:        x\n\nHi\n", "Ok" },
        { "QQ", "好的\n\n------------------ 原始邮件 ------------------\n发件人: \"Ann\" <ann@a.example>;\n", "好的" },
        { "ticket", "Ok\n\n##- Please type your reply above this line -##\n\nHi\n", "Ok" },
    };
    check_cuts(cases, LENGTH(cases), false);
}

static void test_languages(void **state) {
    (void) state;
    static const struct cut_case cases[] = {
        { "de", "Ja.\n\nAm 29.08.2025 um 14:54 schrieb Ann B <ann@a.example>:\n\nHallo\n", "Ja." },
        { "de, Apple", "Ja.\n\nVon meinem iPhone gesendet\n\n> Am 29.08.2025 um 14:54 schrieb Ann <ann@a.example>:\n> \n> Hallo\n", "Ja." },
        { "de, Gmail", "Ja.\n\nAm Fr., 29. Aug. 2025 um 14:54 Uhr schrieb Ann <ann@a.example>:\n\n> Hallo\n", "Ja." },
        { "de, Outlook", "Ja.\n\nVon: Ann <ann@a.example>\nGesendet: Freitag, 29. August 2025 14:54\nAn: Bob\nBetreff: AW: x\n\nHallo\n", "Ja." },
        { "de, old Outlook", "Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Ann\n\nHallo\n", "Ja." },
        { "fr", "Oui.\n\nLe ven. 29 août 2025 à 14:54, Ann <ann@a.example> a écrit\xC2\xA0:\n\n> Bonjour\n", "Oui." },
        { "fr, Outlook", "Oui.\n\nDe\xC2\xA0: Ann <ann@a.example>\nEnvoyé\xC2\xA0: vendredi 29 août 2025\nÀ\xC2\xA0: Bob\nObjet\xC2\xA0: x\n\nBonjour\n", "Oui." },
        { "fr, iOS", "Oui.\n\nEnvoyé de mon iPhone\n\n> Le 29 août 2025 à 14:54, Ann <ann@a.example> a écrit :\n> \n> Bonjour\n", "Oui." },
        { "es", "Sí.\n\nEl vie, 29 ago 2025 a las 14:54, Ann (<ann@a.example>) escribió:\n\n> Hola\n", "Sí." },
        { "es, Outlook", "Sí.\n\nDe: Ann <ann@a.example>\nEnviado: viernes, 29 de agosto de 2025\nPara: Bob\nAsunto: x\n\nHola\n", "Sí." },
        { "pt", "Sim.\n\nEm sex., 29 de ago. de 2025 às 14:54, Ann <ann@a.example> escreveu:\n\n> Olá\n", "Sim." },
        { "pt, Outlook", "Sim.\n\nDe: Ann\nEnviada em: sexta-feira\nPara: Bob\nAssunto: x\n\nOlá\n", "Sim." },
        { "nl", "Ja.\n\nOp vr 29 aug 2025 om 14:54 schreef Ann <ann@a.example>:\n\n> Hallo\n", "Ja." },
        { "nl, Outlook", "Ja.\n\nVan: Ann\nVerzonden: vrijdag\nAan: Bob\nOnderwerp: x\n\nHallo\n", "Ja." },
        { "it", "Sì.\n\nIl giorno ven 29 ago 2025 alle ore 14:54 Ann <ann@a.example> ha scritto:\n\n> Ciao\n", "Sì." },
        { "it, Outlook", "Sì.\n\nDa: Ann\nInviato: venerdì\nA: Bob\nOggetto: x\n\nCiao\n", "Sì." },
        { "pl", "Tak.\n\npt., 29 sie 2025 o 14:54 Ann <ann@a.example> napisał(a):\n\n> Hej\n", "Tak." },
        { "pl, Thunderbird", "W dniu 29.08.2025 o 14:54, Ann pisze:\n> Hej\nTak.\n", "Tak." },
        { "pl, Outlook", "Tak.\n\nOd: Ann\nWysłano: piątek\nDo: Bob\nTemat: x\n\nHej\n", "Tak." },
        { "sv", "Ja.\n\nDen fre 29 aug. 2025 kl 14:54 skrev Ann <ann@a.example>:\n\n> Hej\n", "Ja." },
        { "sv, Outlook", "Ja.\n\nFrån: Ann\nSkickat: den 29 augusti 2025\nTill: Bob\nÄmne: x\n\nHej\n", "Ja." },
        { "da", "Ja.\n\nDen fre. 29. aug. 2025 kl. 14.54 skrev Ann <ann@a.example>:\n\n> Hej\n", "Ja." },
        { "da, Outlook", "Ja.\n\nFra: Ann\nSendt: 29. august 2025\nTil: Bob\nEmne: x\n\nHej\n", "Ja." },
        { "no", "Ja.\n\nfre. 29. aug. 2025 kl. 14:54 skrev Ann <ann@a.example>:\n\n> Hei\n", "Ja." },
        { "fi", "Kyllä.\n\npe 29. elok. 2025 klo 14.54 Ann (ann@a.example) kirjoitti:\n\n> Hei\n", "Kyllä." },
        { "fi, Outlook", "Kyllä.\n\nLähettäjä: Ann\nLähetetty: perjantai\nVastaanottaja: Bob\nAihe: x\n\nHei\n", "Kyllä." },
        { "cs", "Ano.\n\npá 29. 8. 2025 v 14:54 odesílatel Ann <ann@a.example> napsal:\n\n> Ahoj\n", "Ano." },
        { "cs, Outlook", "Ano.\n\nOd: Ann\nOdesláno: pátek\nKomu: Bob\nPředmět: x\n\nAhoj\n", "Ano." },
        { "ja", "はい。\n\n2025年8月29日(金) 14:54 Ann <ann@a.example>:\n\n> こんにちは\n", "はい。" },
        { "ja, Outlook", "はい。\n\n差出人: Ann\n送信日時: 2025年8月29日\n宛先: Bob\n件名: x\n\nこんにちは\n", "はい。" },
        { "zh", "好的。\n\nAnn <ann@a.example> 于2025年8月29日周五 14:54写道：\n\n> 你好\n", "好的。" },
        { "zh, Outlook", "好的。\n\n发件人: Ann\n发送时间: 2025年8月29日\n收件人: Bob\n主题: x\n\n你好\n", "好的。" },
        { "ru", "Да.\n\nпт, 29 авг. 2025 г. в 14:54, Ann <ann@a.example>:\n\n> Привет\n", "Да." },
        { "ru, Mail.ru", "Да.\n\nПятница, 29 августа 2025, 14:54 +03:00 от Ann <ann@a.example>:\n\n> Привет\n", "Да." },
        { "ru, Yandex", "Да.\n\n29.08.2025, 14:54, \"Ann\" <ann@a.example>:\n\nПривет\n", "Да." },
        { "ru, Outlook", "Да.\n\nОт: Ann\nОтправлено: 29 августа 2025\nКому: Bob\nТема: x\n\nПривет\n", "Да." },
    };
    check_cuts(cases, LENGTH(cases), false);
}

static void test_signatures(void **state) {
    (void) state;
    static const struct cut_case cases[] = {
        { "mark", "Yes.\n\n-- \nBob\nCEO, B\n", "Yes." },
        { "mark without its space", "Yes.\n--\nBob\n", "Yes." },
        { "closing", "Hi Ann,\n\nWe are interested.\n\nBest regards,\nBob Miller\nCEO | B Ltd\n+1 555 0100\nwww.b.example\n", "We are interested." },
        { "closing and name in one line", "We are interested.\n\nThanks, Bob\n", "We are interested." },
        { "closing in German", "Guten Tag Frau B,\n\nwir haben Interesse.\n\nMit freundlichen Grüßen\nBob Müller\nGeschäftsführer\n", "wir haben Interesse." },
        { "closing in French", "Bonjour Ann,\n\nNous sommes intéressés.\n\nCordialement,\nBob\n", "Nous sommes intéressés." },
        { "closing in Spanish", "Hola Ann:\n\nNos interesa.\n\nUn saludo,\nBob\n", "Nos interesa." },
        { "closing in Dutch", "Beste Ann,\n\nGraag.\n\nMet vriendelijke groet,\nBob\n", "Graag." },
        { "a thank that says more", "We looked at it.\nThanks, but no.\n", "We looked at it.\nThanks, but no." },
        { "a question behind the closing", "Sure.\n\nThanks,\nBob\n\nWhen can you call?\n", "Sure.\n\nThanks,\nBob\n\nWhen can you call?" },
        { "a postscript", "Sure.\n\nBest,\nBob\n\nPS: write to Eve.\n", "Sure.\n\nBest,\nBob\n\nPS: write to Eve." },
        { "program", "Sure\n\nSent from my iPad\n", "Sure" },
        { "sent by hand", "Sent via DHL yesterday, did it arrive?\nRegards\nBob\n", "Sent via DHL yesterday, did it arrive?" },
        { "disclaimer", "No.\n\nThis email and any attachments are confidential and may be privileged.\nIf not for you, delete it.\n", "No." },
        { "closing, then disclaimer", "No.\n\nRegards\nBob\n\nCONFIDENTIALITY NOTICE: This is for whom it is for, and for nobody else at all.\n", "No." },
        { "banner", "CAUTION: This email originated from outside of the organization.\nDo not click.\n\nYes please.\n", "Yes please." },
        { "salutation in the sentence", "Hi Ann, yes.\n", "Hi Ann, yes." },
        { "salutation alone", "Hello!\n", "Hello!" },
        { "a list", "- one\n- two\n", "- one\n- two" },
        { "colon", "Call me at 10:\n+1 555\n", "Call me at 10:\n+1 555" },
        { "headers in prose", "From: Monday on I am here.\nCall then.\n", "From: Monday on I am here.\nCall then." },
    };
    check_cuts(cases, LENGTH(cases), false);
}

/* What would leave nothing leaves something. */
static void test_nothing_left(void **state) {
    (void) state;
    static const struct cut_case cases[] = {
        { "only a signature", "-- \nBob\n", "--\nBob" },
        { "only a program's line over a quote", "Sent from my iPhone\n\n> On Aug 29, 2025, Ann wrote:\n> unsubscribe\n", "Sent from my iPhone" },
        { "only a quote", "> Hi\n> there\n", "> Hi\n> there" },
        { "only a forwarded message", "-------- Forwarded Message --------\nSubject: x\n\nHi\n", "-------- Forwarded Message --------\nSubject: x\n\nHi" },
        { "only a closing", "Thanks,\nBob\n", "Thanks,\nBob" },
        { "nothing", "\n \n", "" },
    };
    check_cuts(cases, LENGTH(cases), false);
}

static void test_html(void **state) {
    (void) state;
    static const struct cut_case cases[] = {
        { "Gmail",
          "<div dir=\"ltr\">Yes.<br></div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Fri, Ann wrote:<br></div>"
          "<blockquote class=\"gmail_quote\" style=\"margin:0\">Hi</blockquote></div>", "Yes." },
        { "Gmail, inline",
          "<div class=\"gmail_quote\"><div class=\"gmail_attr\">On Fri, Ann wrote:</div><blockquote class=\"gmail_quote\">Price?</blockquote>"
          "<div>Ten.</div><blockquote class=\"gmail_quote\">When?</blockquote><div>Monday.</div></div>", "Ten.\nMonday." },
        { "Gmail, signature", "<div>Yes.</div><div><span class=\"gmail_signature_prefix\">-- </span><br><div class=\"gmail_signature\">Bob</div></div>", "Yes." },
        { "Gmail, indent", "<div>One</div><blockquote style=\"margin:0 0 0 40px;border:none;padding:0px\"><div>Two</div></blockquote>", "One\nTwo" },
        { "Yahoo", "<div>Yes.</div><div id=\"ydp1yahoo_quoted_1\" class=\"ydp1yahoo_quoted\"><div>On Fri, Ann wrote:</div><div>Hi</div></div>", "Yes." },
        { "Thunderbird", "<div class=\"moz-cite-prefix\">On 29.08.2025, Ann wrote:<br></div><blockquote type=\"cite\">Hi</blockquote><p>Yes.</p>", "Yes." },
        { "Outlook for Mac", "<div>Yes.</div><span id=\"OLK_SRC_BODY_SECTION\"><div>From: Ann</div><div>Hi</div></span>", "Yes." },
        { "Outlook on the web",
          "<div>Yes.</div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><b>From:</b> Ann</div><div>Hi</div>", "Yes." },
        { "Outlook on the web, appended", "<div>Yes.</div><div id=\"appendonsend\"></div><hr><div>Hi</div>", "Yes." },
        { "Outlook classic",
          "<div class=WordSection1><p class=MsoNormal>Yes.<o:p></o:p></p><p class=MsoNormal>Now.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'>"
          "<p class=MsoNormal><b>From:</b> Ann &lt;a@a.example&gt; <br><b>Sent:</b> Friday<br><b>To:</b> Bob<br><b>Subject:</b> x</p></div><p class=MsoNormal>Hi</p></div>",
          "Yes.\nNow." },
        { "Outlook mobile", "<div>Yes.</div><div id=\"ms-outlook-mobile-signature\">Get <a href=\"x\">Outlook for iOS</a></div><hr><div id=\"divRplyFwdMsg\">From: Ann</div>", "Yes." },
        { "Apple", "<body>Yes.<br><div><blockquote type=\"cite\"><div>On 29 Aug 2025, at 14:54, Ann wrote:</div><br>Hi</blockquote></div></body>", "Yes." },
        { "Proton", "<div>Yes.</div><div class=\"protonmail_signature_block\">Sent with Proton</div><div class=\"protonmail_quote\">On Fri, Ann wrote:<blockquote>Hi</blockquote></div>", "Yes." },
        { "GMX", "<div>Yes.<div name=\"quote\"><b>Gesendet:</b> Freitag<br><b>Von:</b> Ann</div></div>", "Yes." },
        { "Zoho", "<div>Yes.</div><div class=\"zmail_extra\"><div>---- On Fri Ann wrote ----</div>Hi</div>", "Yes." },
    };
    check_cuts(cases, LENGTH(cases), true);
}

static void test_html_text(void **state) {
    (void) state;
    static const struct {
        const char *html, *text;
    } cases[] = {
        { "a<br>b", "a\nb" },
        { "<p>a</p><p>b</p>", "a\n\nb" },
        { "<p class=MsoNormal>a</p><p class=MsoNormal>b</p>", "a\nb" },
        { "<div>a</div><div><br></div><div>b</div>", "a\n\nb" },
        { " a \n b<b>c</b> d ", "a bc d" },
        { "a&nbsp;b &amp; &uuml; &#8364; &lt;x&gt;", "a b & ü € <x>" },
        { "<a href=\"http://x.example\">here</a><img src=x alt=y>", "here" },
        { "<style>x</style><script>y</script><title>z</title>a", "a" },
        { "<div style=\"display:none\">preheader</div>a", "a" },
        { "<ul><li>one</li><li>two</li></ul>", "- one\n- two" },
        { "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc" },
        { "<pre>a\n b</pre>", "a\n b" },
        { "<div><blockquote>a<br>b<blockquote>c</blockquote></blockquote>d</div>", "> a\n> b\n>> c\nd" },
        { "<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b" },
        { "<div>a<hr>b</div>", "a\n________________________________\nb" },
        { "<b>unclosed <i>a", "unclosed a" },
        { "no markup", "no markup" },
        { "", "" },
        { "<!-- x -->a<![if !mso]>b", "ab" },
        { "\xC3\xBC", "ü" },
        { "<meta charset=iso-8859-1>\xC3\xBC", "ü" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str text = str_trim(html_to_text(arena, str_of(cases[i].html)));
        if (!str_eq(text, str_of(cases[i].text)))
            fail_case("%s\ngot      '%.*s'\nexpected '%s'", cases[i].html, STR_FMT(text), cases[i].text);
    }
}

/* Elements without an end, and attributes without number, end. */
static void test_html_limits(void **state) {
    (void) state;
    static const char *const again[] = { "<b>", "<blockquote>", "</i>", "<a b", "<table><tr><td>", "&amp;", "<p>x", "<!--", "<div>" };
    for (size_t i = 0; i < LENGTH(again); i++) {
        struct buf b = buf_in(arena, 3 << 20);
        while (b.n < 1 << 20)
            buf_str(&b, str_of(again[i]));
        size_t before = arena_used(arena);
        assert_true(utf8_is_valid(html_to_text(arena, buf_text(&b))));
        assert_true(arena_used(arena) - before < 8 << 20);
    }
}

static void test_snippet(void **state) {
    (void) state;
    static const struct {
        const char *text, *snippet;
    } cases[] = {
        { " one\n\n two\tthree ", "one two three" },
        { "", "" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_str(quotes_snippet(arena, str_of(cases[i].text)), cases[i].snippet);
    struct buf b = buf_in(arena, 10000);
    for (int i = 0; i < 100; i++)
        buf_str(&b, STR("wörd "));
    struct str snippet = quotes_snippet(arena, buf_text(&b));
    assert_true(str_ends(snippet, STR("wörd…")));
    assert_true(utf8_count(snippet) <= SNIPPET_CHARACTERS + 1 && utf8_count(snippet) > SNIPPET_CHARACTERS - 10);
    buf_clear(&b);
    for (int i = 0; i < 300; i++)
        buf_str(&b, STR("字"));
    snippet = quotes_snippet(arena, buf_text(&b));
    assert_int_equal(utf8_count(snippet), SNIPPET_CHARACTERS + 1);
    assert_true(utf8_is_valid(snippet));
}

static int start(void **state) {
    (void) state;
    arena = arena_new();
    return 0;
}

static int stop(void **state) {
    (void) state;
    arena_free(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),      cmocka_unit_test(test_languages),  cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_nothing_left), cmocka_unit_test(test_html_text),  cmocka_unit_test(test_html),
        cmocka_unit_test(test_html_limits),  cmocka_unit_test(test_snippet),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
