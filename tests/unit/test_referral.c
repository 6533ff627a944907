/* Whom replies name: a table of sentences, and whom they must not name. */
#include "reply/referral.h"
#include "test.h"

static const struct {
    const char *text, *email, *first, *last, *title;
} rows[] = {
    /* English */
    { "Please contact Jane Roe (jane@example.com), she handles this.", "jane@example.com", "Jane", "Roe", NULL },
    { "Try Gareth Poole, gareth.poole@example.com, he heads facilities.", "gareth.poole@example.com", "Gareth", "Poole", NULL },
    { "Please reach out to our IT department, it@example.com.", "it@example.com", NULL, NULL, NULL },
    { "Best to get in touch with Neil, he looks after that side of things. neil@example.com", "neil@example.com", "Neil", NULL, NULL },
    { "sorry not me. try dave.holt@example.com", "dave.holt@example.com", "Dave", "Holt", NULL },
    { "You would need to talk to Monica in procurement.", NULL, "Monica", NULL, NULL },
    { "Please speak to Ms. Brandt instead: <a.brandt@example.com>", "a.brandt@example.com", NULL, "Brandt", NULL },
    { "My successor is Ivy Castell.", NULL, "Ivy", "Castell", NULL },
    { "I have sent your message along to our head of operations, Duncan Reeve.", NULL, "Duncan", "Reeve", "head of operations" },
    { "Hi Tom,\n\nmeet Jonas (cc'd), our head of IT.", NULL, "Jonas", NULL, NULL },
    { "Let me introduce you to Sam Hill, our procurement manager.", NULL, "Sam", "Hill", "procurement manager" },
    { "Please contact mailto:ana@example.com", "ana@example.com", NULL, NULL, NULL },
    { "You should contact Peter van der Berg at Northwind.", NULL, "Peter", "van der Berg", NULL },
    /* German */
    { "Bitte wenden Sie sich an Frau Lorenz, lorenz@example.de.", "lorenz@example.de", NULL, "Lorenz", NULL },
    { "Ihr neuer Ansprechpartner ist Herr Ott (ott@example.de).", "ott@example.de", NULL, "Ott", NULL },
    { "F\xC3\xBCr solche Anfragen ist unsere IT-Abteilung zust\xC3\xA4ndig, die Sie unter it@example.de erreichen.", "it@example.de", NULL, NULL, NULL },
    { "Bitte kontaktieren Sie meinen Nachfolger Ralf Becker.", NULL, "Ralf", "Becker", NULL },
    { "Ich habe Ihr Schreiben an unseren Einkaufsleiter Herrn Pohl \xC3\xBC" "bergeben.", NULL, NULL, "Pohl", "Einkaufsleiter" },
    /* French */
    { "Merci de vous adresser \xC3\xA0 Mme Collet, collet@example.fr, qui est en charge de ce sujet.", "collet@example.fr", NULL, "Collet", NULL },
    { "Contactez plut\xC3\xB4t mon successeur, Denis Aubry.", NULL, "Denis", "Aubry", NULL },
    { "Je vous pr\xC3\xA9sente Karim, notre directeur des achats.", NULL, "Karim", NULL, "directeur des achats" },
    /* Spanish */
    { "Por favor dir\xC3\xADjase a la Sra. Campos, campos@example.es, responsable de esta \xC3\xA1rea.", "campos@example.es", NULL, "Campos", NULL },
    { "El contacto correcto es Silvia, de marketing.", NULL, "Silvia", NULL, NULL },
    { "Tu mensaje se lo envi\xC3\xA9 a Marcos Vidal de sistemas.", NULL, "Marcos", "Vidal", NULL },
    /* Portuguese */
    { "Por favor contacte a Dra. Pires, pires@example.pt, respons\xC3\xA1vel por esta \xC3\xA1rea.", "pires@example.pt", NULL, "Pires", NULL },
    { "O contato correto \xC3\xA9 a Luana do marketing.", NULL, "Luana", NULL, NULL },
    { "J\xC3\xA1 enviei para o Ot\xC3\xA1vio (otavio@example.com.br) que cuida disso.", "otavio@example.com.br", "Ot\xC3\xA1vio", NULL, NULL },
    /* Dutch */
    { "Neem contact op met mevrouw Smit, smit@example.nl, zij is verantwoordelijk.", "smit@example.nl", NULL, "Smit", NULL },
    { "Mijn opvolger is Koen Mulder.", NULL, "Koen", "Mulder", NULL },
    { "Je kunt het beste met Wendy van marketing praten.", NULL, "Wendy", NULL, NULL },
    /* Nobody */
    { "", NULL, NULL, NULL, NULL },
    { "I'm not the right person for this.", NULL, NULL, NULL, NULL },
    { "Talk to procurement.", NULL, NULL, NULL, NULL },
    { "Please contact our HR Department.", NULL, NULL, NULL, NULL },
    { "Ich habe Ihre Mail an unsere IT weitergeleitet.", NULL, NULL, NULL, NULL },
    { "Das entscheidet bei uns die Zentrale in Hamburg.", NULL, NULL, NULL, NULL },
    { "Write to noreply@example.com", NULL, NULL, NULL, NULL },
    { "Please contact me@ or @example", NULL, NULL, NULL, NULL },
    { "Thanks, Tom! Please contact us on Monday.", NULL, NULL, NULL, NULL },
};

static struct str known_names[] = { { "Tom Fischer", 11 }, { "Ruth", 4 } };
static struct str known_addresses[] = { { "ruth@example.com", 16 }, { "tom@sender.example", 18 } };

static bool same(struct str actual, const char *expected) {
    return expected ? str_eq(actual, str_of(expected)) : !str_is_set(actual);
}

static struct referral find(struct arena *arena, const char *text) {
    struct referral_question question = {
        str_of(text), { known_addresses, LENGTH(known_addresses) }, { known_names, LENGTH(known_names) }
    };
    return reply_find_referral(arena, &question);
}

static void test_table(void **state) {
    (void) state;
    int faults = 0;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        struct referral found = find(arena, rows[i].text);
        bool right = same(found.email, rows[i].email) && same(found.first_name, rows[i].first)
                     && same(found.last_name, rows[i].last) && (!rows[i].title || same(found.title, rows[i].title));
        if (!right)
            print_error("\"%s\": got \"%.*s\", first \"%.*s\", last \"%.*s\", title \"%.*s\"\n", rows[i].text,
                        STR_FMT(found.email), STR_FMT(found.first_name), STR_FMT(found.last_name), STR_FMT(found.title));
        faults += !right;
        arena_free(&arena);
    }
    print_message("%zu sentences, %d wrong\n", LENGTH(rows), faults);
    assert_int_equal(faults, 0);
}

/* Neither the writer nor our user is whom the reply names. */
static void test_known_ones(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    assert_str(find(arena, "Write to Ruth@Example.com or to Ana, ana@example.com").email, "ana@example.com");
    assert_str(find(arena, "Tom, please talk to Ana Silva.").name, "Ana Silva");
    assert_str(find(arena, "Please write to ruth@example.com").email, NULL);
    assert_str(find(arena, "Adding Tom Fischer in cc.").name, NULL);
    assert_str(find(arena, "Hi Tom,\nI forwarded it to Ruth.").name, NULL);
    arena_free(&arena);
}

static void test_details(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct referral found = find(arena, "Please contact Jane Roe at Northwind, jane.roe@northwind.example.com.");
    assert_str(found.company, "Northwind");
    assert_str(found.domain, "northwind.example.com");
    assert_false(found.name_is_guessed);
    found = find(arena, "Please write to jane.roe@gmail.com");
    assert_str(found.name, "Jane Roe");
    assert_true(found.name_is_guessed);
    assert_str(found.domain, NULL);
    assert_str(found.phrase, "jane.roe@gmail.com");
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_known_ones),
        cmocka_unit_test(test_details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
