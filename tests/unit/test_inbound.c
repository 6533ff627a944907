/* Whole messages that came in: what kind they are, why, and whom a bounce is about. */
#include "test.h"

#include "base/buf.h"

#include "net/mime_read.h"
#include "reply/inbound.h"

static struct arena *arena;

static struct inbound read(const char *source) {
    struct inbound in;
    inbound_read(arena, str_of(source), &in);
    return in;
}

static void test_reply(void **state) {
    (void) state;
    struct inbound in = read("From: Bob <bob@b.example>\r\nTo: ann@a.example\r\nSubject: Re: x\r\nMessage-ID: <2@b.example>\r\n"
                             "In-Reply-To: <1@a.example>\r\nReferences: <0@a.example> <1@a.example>\r\n"
                             "Date: Fri, 29 Aug 2025 16:54:16 +0200\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
                             "--b\r\nContent-Type: text/plain\r\n\r\nYes.\r\n\r\nOn Fri, Ann <ann@a.example> wrote:\r\n> Hi\r\n"
                             "--b\r\nContent-Type: text/html\r\n\r\n<p>Yes.</p>\r\n--b--\r\n");
    assert_str(in.from.address, "bob@b.example");
    assert_str(in.from.name, "Bob");
    assert_str(in.subject, "Re: x");
    assert_str(in.message_id, "2@b.example");
    assert_str(in.in_reply_to.p[0], "1@a.example");
    assert_int_equal(in.references.n, 2);
    assert_true(in.date.set && in.date.v == 1756479256000 && in.date_offset_minutes == 120);
    assert_str(in.last_message, "Yes.");
    assert_str(in.snippet, "Yes.");
    assert_true(str_contains(in.text, STR("> Hi")));
    assert_int_equal(in.kind, INBOUND_PERSON);
    assert_false(str_is_set(in.outrider_id));
    in = read("");
    assert_str(in.from.address, "");
    assert_str(in.subject, "");
    assert_str(in.text, "");
    assert_int_equal(in.kind, INBOUND_PERSON);
}

static void test_body(void **state) {
    (void) state;
    static const struct {
        const char *source, *text;
    } cases[] = {
        { "Content-Type: text/html\n\n<p>a</p><p>b</p>", "a\n\nb" },
        { "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\n<p>a</p>\n--b--", "a" },
        { "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nThis is an HTML email.\n--b\nContent-Type: text/html\n\n<p>a</p>\n--b--", "a" },
        { "Content-Type: multipart/mixed; boundary=b\n\n--b\n\na\n--b\nContent-Disposition: attachment; filename=x.txt\n\nfile\n--b\n\nb\n--b--", "a\nb" },
        { "Content-Type: application/pdf\n\nx", "" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct inbound in = read(cases[i].source);
        if (!str_eq(str_trim(in.text), str_of(cases[i].text)))
            fail_case("%s: got '%.*s'", cases[i].source, STR_FMT(in.text));
    }
}

static void test_kinds(void **state) {
    (void) state;
    static const struct {
        const char *what, *source;
        enum inbound_kind kind;
        const char *rule;
    } cases[] = {
        { "person", "From: b@b.example\nSubject: Re: x\n\nI am out of the office this week, call me on Monday.", INBOUND_PERSON, NULL },
        { "person who writes of a ticket", "From: b@b.example\nSubject: Re: ticket #12\n\nPlease close it.", INBOUND_PERSON, NULL },
        { "person with a header that says no", "From: b@b.example\nAuto-Submitted: no\nSubject: Re: x\n\nYes.", INBOUND_PERSON, NULL },
        { "person through a list", "From: b@b.example\nList-Id: <l.b.example>\nPrecedence: list\nIn-Reply-To: <1@a.example>\n\nYes.", INBOUND_PERSON, NULL },
        { "person who accepts", "From: b@b.example\nSubject: Accepted: your offer\n\nYes.", INBOUND_PERSON, NULL },
        { "person who answers an automatic reply", "From: b@b.example\nSubject: Re: Automatic reply: x\n\nI am back.", INBOUND_PERSON, NULL },
        { "Outlook", "From: b@b.example\nSubject: Automatic reply: x\nX-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n\n"
          "I am out of the office until 5 May.", INBOUND_OUT_OF_OFFICE, "subject" },
        { "Outlook in German", "From: b@b.example\nSubject: Automatische Antwort: x\n\nIch bin im Urlaub.", INBOUND_OUT_OF_OFFICE, "subject" },
        { "header", "From: b@b.example\nAuto-Submitted: auto-replied\nSubject: Re: x\n\nJe suis absent.", INBOUND_OUT_OF_OFFICE, "header" },
        { "gone", "From: b@b.example\nAuto-Submitted: auto-replied\nSubject: Re: x\n\nBob is no longer with us.", INBOUND_OUT_OF_OFFICE, "header" },
        { "Apple", "From: b@b.example\nX-Apple-Criteria: {endDate=1}\nSubject: Re: x\n\nBye.", INBOUND_OUT_OF_OFFICE, "header" },
        { "French", "From: b@b.example\nSubject: Réponse automatique : x\n\nJe suis en congé.", INBOUND_OUT_OF_OFFICE, "subject" },
        { "Spanish", "From: b@b.example\nSubject: Respuesta automática: x\n\nEstoy de vacaciones.", INBOUND_OUT_OF_OFFICE, "subject" },
        { "Portuguese", "From: b@b.example\nSubject: Resposta automática: x\n\nEstou de férias.", INBOUND_OUT_OF_OFFICE, "subject" },
        { "Dutch", "From: b@b.example\nSubject: Automatisch antwoord: x\n\nIk ben op vakantie.", INBOUND_OUT_OF_OFFICE, "subject" },
        { "behind a mark", "From: b@b.example\nSubject: [EXTERNAL] Out of Office: x\n\nAway.", INBOUND_OUT_OF_OFFICE, "subject" },
        { "empty return path", "Return-Path: <>\nFrom: b@b.example\nSubject: x\n\nI am on vacation.", INBOUND_OUT_OF_OFFICE, "header" },
        { "suppressed, away", "From: b@b.example\nX-Auto-Response-Suppress: All\nSubject: x\nIn-Reply-To: <1@a.example>\n\n"
          "I am on annual\nleave until 5 May.", INBOUND_OUT_OF_OFFICE, "header" },
        { "ticket", "From: help@b.example\nAuto-Submitted: auto-generated\nSubject: [Ticket #12] x\n\nWe have received your request.",
          INBOUND_AUTO_REPLY, NULL },
        { "ticket as an answer", "From: help@b.example\nAuto-Submitted: auto-replied\nSubject: Re: x\n\nThank you for contacting us. Your ticket number is 1.",
          INBOUND_AUTO_REPLY, "header" },
        { "ticket without a header", "From: help@b.example\nSubject: Request received: x\n\nWe have received your request.",
          INBOUND_AUTO_REPLY, "subject" },
        { "newsletter", "From: n@b.example\nList-Unsubscribe: <mailto:u@b.example>\nPrecedence: bulk\nSubject: News\n\nBuy.", INBOUND_AUTO_REPLY, "header" },
        { "invitation", "From: b@b.example\nSubject: Accepted: x\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nBob has accepted.\n--b\n"
          "Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\n--b--", INBOUND_CALENDAR, "part" },
        { "invitation attached by a person", "From: b@b.example\nSubject: Re: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee you.\n--b\n"
          "Content-Type: text/calendar\nContent-Disposition: attachment; filename=i.ics\n\nBEGIN:VCALENDAR\n--b--", INBOUND_PERSON, NULL },
        { "challenge", "From: b@b.example\nSubject: Re: x\nX-Boxbe-RequestId: 1\n\nClick.", INBOUND_CHALLENGE, "header" },
        { "challenge in words", "From: b@b.example\nAuto-Submitted: auto-replied\nSubject: Re: x\n\nPlease prove that you are human.", INBOUND_CHALLENGE, "header" },
        { "read", "From: b@b.example\nSubject: Read: x\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nRead.\n--b--",
          INBOUND_RECEIPT, "report of reading" },
        { "delay in words", "From: MAILER-DAEMON@m.example\nSubject: Warning: message 1 delayed 24 hours\n\nThe message has not yet been delivered:\n"
          "  b@b.example\n  Delay reason: connection timed out\n", INBOUND_DELAY, "notice in words" },
        { "a person of a firm with such a name", "From: Ann at Bounce <ann@bounce.example>\nSubject: Re: x\nIn-Reply-To: <1@a.example>\n\n"
          "The parcel could not be delivered.", INBOUND_PERSON, NULL },
        { "a person's new mail about a refusal", "From: b@b.example\nSubject: Ihr Angebot wurde abgelehnt\n\n"
          "Guten Tag, Ihr Angebot wurde abgelehnt, es war zu teuer.", INBOUND_PERSON, NULL },
        { "a daemon's subject that is a text", "From: postmaster@m.example\nSubject: Ihre Nachricht wurde abgelehnt\n\n"
          "bob@b.example: 550 5.1.1 User unknown", INBOUND_BOUNCE, "bounce in words" },
        { "absence under our own subject about delays", "Return-Path: <>\nFrom: b@b.example\nSubject: Re: Vertraging in uw keten?\n"
          "In-Reply-To: <1@a.example>\nAuto-Submitted: auto-replied\n\nIk ben op vakantie.", INBOUND_OUT_OF_OFFICE, "header" },
        { "absence under a subject about delays", "Return-Path: <>\nFrom: b@b.example\nSubject: Afwezig, antwoord met vertraging\n"
          "Auto-Submitted: auto-replied\n\nIk ben op vakantie.", INBOUND_OUT_OF_OFFICE, NULL },
        { "absence that speaks of delays", "Return-Path: <>\nFrom: b@b.example\nSubject: Vertraging\n"
          "Auto-Submitted: auto-replied (vacation)\n\nI am away. No action is required on your part.", INBOUND_OUT_OF_OFFICE, "header" },
        { "a daemon's delay that is an answer", "Return-Path: <>\nFrom: MAILER-DAEMON@m.example\nSubject: Vertraging van uw bericht\n"
          "Auto-Submitted: auto-replied\n\nAan bob@b.example.", INBOUND_DELAY, "notice in words" },
        { "a delay with an empty return path", "Return-Path: <>\nFrom: mail@m.example\nSubject: Vertraging van uw bericht\n\n"
          "Aan bob@b.example.", INBOUND_DELAY, "notice in words" },
        { "a person about deliveries", "From: b@b.example\nSubject: Re: Delivery report\nIn-Reply-To: <1@a.example>\n\nThe parcel could not be delivered.",
          INBOUND_PERSON, NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct inbound in = read(cases[i].source);
        if (in.kind != cases[i].kind || (cases[i].rule && strcmp(in.rule, cases[i].rule) != 0))
            fail_case("%s: got %s by %s (%.*s)", cases[i].what, inbound_kind_word(in.kind), in.rule, STR_FMT(in.evidence));
    }
}

/* Each header alone, beside a subject and words that a person may write as well. */
static void test_headers_of_programs(void **state) {
    (void) state;
    static const struct {
        const char *header;
        enum inbound_kind kind; /* with words that say that somebody is away, and an answer's headers */
    } cases[] = {
        { "Auto-Submitted: auto-replied", INBOUND_OUT_OF_OFFICE },
        { "Auto-Submitted: auto-replied; owner-email=\"b@b.example\"", INBOUND_OUT_OF_OFFICE },
        { "Auto-Submitted: Auto-Replied (vacation)", INBOUND_OUT_OF_OFFICE },
        { "Auto-Submitted: auto-generated", INBOUND_OUT_OF_OFFICE },
        { "Auto-Submitted: auto-notified; owner-email=\"b@b.example\"", INBOUND_OUT_OF_OFFICE },
        { "Auto-Submitted: auto-something", INBOUND_OUT_OF_OFFICE },
        { "X-Autoreply: yes", INBOUND_OUT_OF_OFFICE },
        { "X-Autorespond: Re: x", INBOUND_OUT_OF_OFFICE },
        { "X-Autoresponder: 1", INBOUND_OUT_OF_OFFICE },
        { "X-AutoReply-From: b@b.example", INBOUND_OUT_OF_OFFICE },
        { "X-Mail-Autoreply: b@b.example", INBOUND_OUT_OF_OFFICE },
        { "X-Autogenerated: Reply", INBOUND_OUT_OF_OFFICE },
        { "X-POST-MessageClass: 9; Autoresponder", INBOUND_OUT_OF_OFFICE },
        { "X-FC-MachineGenerated: true", INBOUND_OUT_OF_OFFICE },
        { "Delivered-To: Autoresponder", INBOUND_OUT_OF_OFFICE },
        { "Precedence: auto_reply", INBOUND_OUT_OF_OFFICE },
        { "X-Precedence: auto_reply", INBOUND_OUT_OF_OFFICE },
        { "Preference: auto_reply", INBOUND_OUT_OF_OFFICE },
        { "X-MS-Exchange-Inbox-Rules-Loop: b@b.example", INBOUND_OUT_OF_OFFICE },
        { "X-Auto-Response-Suppress: OOF, AutoReply", INBOUND_OUT_OF_OFFICE },
        { "X-Apple-Criteria: { endDate = 1; }", INBOUND_OUT_OF_OFFICE },
        { "Auto-Submitted: no", INBOUND_PERSON },
        { "Auto-Submitted: no (a person)", INBOUND_PERSON },
        { "X-Autoreply: no", INBOUND_PERSON },
        { "X-Apple-Auto-Saved: 1", INBOUND_PERSON }, /* of what somebody wrote in Apple Mail */
        { "X-Mailer: Apple Mail (2.3774)", INBOUND_PERSON },
        { "X-Priority: 1", INBOUND_PERSON },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct inbound in = read(arena_printf(arena, "From: b@b.example\nSubject: Re: x\nIn-Reply-To: <1@a.example>\n%s\n\n"
                                              "I am out of the office until Monday.\n", cases[i].header).p);
        if (in.kind != cases[i].kind)
            fail_case("%s: got %s", cases[i].header, inbound_kind_word(in.kind));
    }
}

/* A person's words beside a header that also others' mail has. */
static void test_headers_that_do_not_decide(void **state) {
    (void) state;
    static const char *const cases[] = { "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply", "Precedence: list",
                                         "X-Loop: b@b.example", "List-Id: <l.b.example>", "X-Apple-Auto-Saved: 1",
                                         "Auto-Submitted: auto-forwarded", "Auto-Submitted: Auto-Forwarded; by=x" };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct inbound in = read(arena_printf(arena, "From: b@b.example\nSubject: Re: x\nIn-Reply-To: <1@a.example>\n%s\n\n"
                                              "Yes, send me your prices.\n", cases[i]).p);
        if (in.kind != INBOUND_PERSON)
            fail_case("%s: got %s", cases[i], inbound_kind_word(in.kind));
    }
}

/* "recipient reason hard status code" of each. */
static struct str shown(const struct inbound *in) {
    struct buf b = buf_in(arena, 10000);
    const struct bounce *bounce = in->bounces.p;
    buf_printf(&b, "%s", inbound_kind_word(in->kind));
    for (size_t i = 0; i < in->bounces.n; i++)
        buf_printf(&b, "; %.*s %s%s %.*s %d", STR_FMT(bounce[i].recipient), bounce_reason_word(bounce[i].reason),
                   bounce[i].is_hard ? "!" : "", STR_FMT(bounce[i].status), bounce[i].code);
    return buf_text(&b);
}

#define REPORT(action, status, diagnostic) \
    "From: MAILER-DAEMON@m.example\nTo: ann@a.example\nSubject: Undelivered Mail Returned to Sender\n" \
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nThis is the mail system.\n--b\n" \
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; m.example\n\nFinal-Recipient: rfc822; Bob@B.example\n" \
    "Action: " action "\nStatus: " status "\nRemote-MTA: dns; mx.b.example\nDiagnostic-Code: smtp; " diagnostic "\n--b\n" \
    "Content-Type: message/rfc822\n\nMessage-ID: <1@a.example>\nX-Outrider-Id: 0198\nTo: Bob <bob@b.example>\nSubject: x\n\nHi\n--b--\n"

static void test_bounces(void **state) {
    (void) state;
    static const struct {
        const char *source, *shown;
    } cases[] = {
        { REPORT("failed", "5.1.1", "550 5.1.1 <bob@b.example>: User unknown"), "bounce; bob@b.example user_unknown! 5.1.1 550" },
        { REPORT("failed", "5.0.0", "550-5.1.1 no such\n 550 5.1.1 user"), "bounce; bob@b.example user_unknown! 5.1.1 550" },
        { REPORT("failed", "5.2.2", "552 5.2.2 mailbox full"), "bounce; bob@b.example mailbox_full 5.2.2 552" },
        { REPORT("failed", "5.7.1", "550 5.7.1 blocked using zen.spamhaus.org"), "bounce; bob@b.example blocked 5.7.1 550" },
        { REPORT("failed", "5.1.1", "550 5.1.1 message rejected due to DMARC policy"), "bounce; bob@b.example auth_failure 5.1.1 550" },
        { REPORT("failed", "5.4.4", "550 host unknown"), "bounce; bob@b.example host_unknown! 5.4.4 550" },
        { REPORT("failed", "5.7.1", "550-5.7.1 likely suspicious due to the very low 550-5.7.1 reputation of the 550 5.7.1 sending IP"),
          "bounce; bob@b.example bad_reputation 5.7.1 550" },
        { REPORT("failed", "5.0.0", "550 : User unknown"), "bounce; bob@b.example filtered  550" },
        { REPORT("failed", "5.0.0", "550 <bob@b.example>: User unknown"), "bounce; bob@b.example user_unknown!  550" },
        { REPORT("failed", "5.0.0", "550 <bob@b.example>: Recipient address rejected."), "bounce; bob@b.example user_unknown!  550" },
        { REPORT("failed", "5.0.0", "550 Message expired, connection refused"), "bounce; bob@b.example expired  550" },
        { REPORT("failed", "5.1.6", "550 gone"), "bounce; bob@b.example has_moved! 5.1.6 550" },
        { REPORT("failed", "5.0.0", "554 Postfach: unbekannter Fehler"), "bounce; bob@b.example on_hold  554" },
        { REPORT("failed", "5.0.0", "554 Erreur inconnue pour le destinataire"), "bounce; bob@b.example on_hold  554" },
        { REPORT("failed", "5.0.0", "554 error desconocido del destinatario"), "bounce; bob@b.example on_hold  554" },
        { REPORT("failed", "5.0.0", "554 Inconnu, contactez-nous"), "bounce; bob@b.example on_hold  554" },
        { REPORT("failed", "5.0.0", "550 Fehler: unbekannter Empfaenger"), "bounce; bob@b.example user_unknown!  550" },
        { REPORT("failed", "5.0.0", "550 Empfaenger unbekannt, Fehler 12"), "bounce; bob@b.example user_unknown!  550" },
        { REPORT("failed", "5.0.0", "550 Error: no existe la cuenta"), "bounce; bob@b.example user_unknown!  550" },
        { REPORT("failed", "4.4.7", "message expired"), "bounce; bob@b.example expired 4.4.7 0" },
        { REPORT("failed", "5.3.4", "552 5.3.4 message too big for system"), "bounce; bob@b.example mesg_too_big 5.3.4 552" },
        { REPORT("failed", "5.0.0", "nothing that is known"), "bounce; bob@b.example on_hold  0" },
        { REPORT("delayed", "4.4.1", "connection timed out"), "delay; bob@b.example expired 4.4.1 0" },
        { REPORT("delayed", "4.1.1", "450 4.1.1 user unknown"), "delay; bob@b.example user_unknown 4.1.1 450" },
        { REPORT("delivered", "2.0.0", "250 ok"), "receipt; bob@b.example delivered  0" },
        { "From: MAILER-DAEMON@m.example\nTo: ann@a.example\nSubject: failure notice\n\nHi. This is the qmail-send program at m.example.\n"
          "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n<bob@b.example>:\n192.0.2.1 does not like recipient.\n"
          "Remote host said: 550 5.1.1 User unknown\nGiving up on 192.0.2.1.\n\n<eve@e.example>:\nRemote host said: 552 5.2.2 Mailbox full\n\n"
          "--- Below this line is a copy of the message.\n\nReturn-Path: <ann@a.example>\nMessage-ID: <1@a.example>\nX-Outrider-Id: 0198\nTo: bob@b.example\n\nHi\n",
          "bounce; bob@b.example user_unknown! 5.1.1 550; eve@e.example mailbox_full 5.2.2 552" },
        { "From: Mail Delivery System <Mailer-Daemon@m.example>\nTo: ann@a.example\nX-Failed-Recipients: bob@b.example\n"
          "Subject: Mail delivery failed: returning message to sender\n\nA message that you sent could not be delivered.\n\n  bob@b.example\n"
          "    host mx.b.example [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<bob@b.example>:\n    550 5.7.1 relaying denied\n\n"
          "------ This is a copy of the message, including all the headers. ------\n\nReceived: from x\nMessage-ID: <1@a.example>\nX-Outrider-Id: 0198\n",
          "bounce; bob@b.example no_relaying 5.7.1 550" },
        { "From: MAILER-DAEMON@m.example\nTo: ann@a.example\nSubject: Undeliverable\n\nThe message to bob@b.example could not be delivered. Mailbox is full.\n"
          "--- Original message ---\nMessage-ID: <1@a.example>\nX-Outrider-Id: 0198\nTo: bob@b.example\n",
          "bounce; bob@b.example mailbox_full  0" },
        { "From: fbl@f.example\nTo: ann@a.example\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nAbuse.\n--b\n"
          "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x\nOriginal-Rcpt-To: <bob@b.example>\n\n--b\n"
          "Content-Type: message/rfc822\n\nMessage-ID: <1@a.example>\nX-Outrider-Id: 0198\nTo: bob@b.example\n\nHi\n--b--",
          "complaint; bob@b.example feedback  0" },
        { "From: fbl@f.example\nTo: ann@a.example\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: auth-failure\n"
          "--b\nContent-Type: message/rfc822\n\nMessage-ID: <1@a.example>\nX-Outrider-Id: 0198\nTo: bob@b.example\n--b--", "receipt; bob@b.example feedback  0" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct inbound in = read(cases[i].source);
        struct str got = shown(&in);
        if (!str_eq(got, str_of(cases[i].shown)))
            fail_case("%s\ngot      %.*s\nexpected %s", cases[i].source, STR_FMT(got), cases[i].shown);
        assert_str(in.original.message_id, "1@a.example");
        assert_str(in.original.outrider_id, "0198");
    }
}

/* What hostile reports make: no more recipients than the limit, none without an address twice. */
static void test_many_recipients(void **state) {
    (void) state;
    struct buf b = buf_in(arena, 4 << 20);
    buf_str(&b, STR("From: MAILER-DAEMON@m.example\nContent-Type: message/delivery-status\n\n"));
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, "Final-Recipient: rfc822; b%d@b.example\nAction: failed\n\n", i);
    struct arena *own = arena_new();
    struct inbound in;
    inbound_read(own, buf_text(&b), &in);
    assert_int_equal(in.kind, INBOUND_BOUNCE);
    assert_true(in.bounces.n > 10 && in.bounces.n <= 100);
    arena_free(&own);
}

static int start(void **state) {
    (void) state;
    mime_start();
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
        cmocka_unit_test(test_reply),   cmocka_unit_test(test_body),           cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_headers_of_programs), cmocka_unit_test(test_headers_that_do_not_decide),
        cmocka_unit_test(test_bounces), cmocka_unit_test(test_many_recipients),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
