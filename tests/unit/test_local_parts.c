/* Local parts guessed from names, without knowledge and with it. */
#include "test.h"

#include "base/buf.h"
#include "base/vec.h"
#include "data/local_parts.h"

static struct strs guess(struct arena *arena, const struct local_habit *habit, const char *full) {
    struct person_name name = name_parse(arena, str_of(full));
    return local_guesses(arena, habit, &name);
}

/* The first `n` of them with spaces between. */
static struct str first_of(struct arena *arena, struct strs guesses, size_t n) {
    struct buf b = buf_in(arena, 4096);
    for (size_t i = 0; i < guesses.n && i < n; i++) {
        if (i)
            buf_char(&b, ' ');
        buf_str(&b, guesses.p[i]);
    }
    return buf_text(&b);
}

static void check(struct arena *arena, const struct local_habit *habit, const char *name,
                  const char *expected) {
    struct strs guesses = guess(arena, habit, name);
    size_t n = 1;
    for (const char *c = expected; *c; c++)
        n += *c == ' ';
    struct str got = first_of(arena, guesses, n);
    if (!str_eq(got, str_of(expected)))
        fail_case("%s: expected \"%s\", got \"%.*s\"", name, expected, STR_FMT(got));
}

static void test_usual(void **state) {
    (void) state;
    static const struct {
        const char *name, *first; /* what is tried first, in order; "": nothing is */
    } cases[] = {
        { "Jane Doe", "jane.doe jdoe jane j.doe" },
        { "JANE DOE", "jane.doe jdoe jane j.doe" },
        { "Doe, Jane", "jane.doe jdoe jane j.doe" },
        { "Dr. Jane Doe, PhD", "jane.doe jdoe jane j.doe" },
        { "Jane Doe-Smith", "jane.doe-smith jdoe-smith jane jane.doesmith" },
        { "Hans Müller", "hans.mueller hans.muller hmueller hans" },
        { "Jürgen Groß", "juergen.gross jgross jurgen.gross juergen" },
        { "Björn Ödegård", "bjoern.oedegaard bjorn.odegard boedegaard bodegard" },
        { "Søren Kierkegård", "soeren.kierkegaard soren.kierkegard skierkegaard skierkegard" },
        { "Åsa Öberg", "aasa.oeberg asa.oberg aoeberg aoberg" },
        { "Łukasz Żółć", "lukasz.zolc lzolc lukasz l.zolc" },
        { "Zoë Kravitz", "zoe.kravitz zkravitz zoe z.kravitz" },
        { "François Hollande", "francois.hollande fhollande francois f.hollande" },
        { "José Núñez", "jose.nunez jnunez jose j.nunez" },
        { "Gabriel García López", "gabriel.garcia gabriel.garcialopez gabriel.lopez gabriel" },
        { "María del Carmen Ruiz", "maria.ruiz mruiz maria m.ruiz" },
        { "José da Silva Santos", "jose.santos jsantos jose j.santos" },
        { "Luís de Camões", "luis.decamoes ldecamoes luis.camoes luis" },
        { "João dos Santos", "joao.dossantos jdossantos joao.santos joao" },
        { "Pieter van der Berg", "pieter.vanderberg pvanderberg pieter.berg pieter" },
        { "Vincent van Gogh", "vincent.vangogh vvangogh vincent.gogh vincent" },
        { "Ludwig van Beethoven", "ludwig.vanbeethoven lvanbeethoven ludwig.beethoven ludwig" },
        { "Ursula von der Leyen", "ursula.vonderleyen uvonderleyen ursula.leyen ursula" },
        { "Juan de la Cruz", "juan.delacruz jdelacruz juan.cruz juan" },
        { "Charles de Gaulle", "charles.degaulle cdegaulle charles.gaulle charles" },
        { "Marine Le Pen", "marine.lepen mlepen marine.pen marine" },
        { "Mohammed bin Salman", "mohammed.binsalman mbinsalman mohammed.salman mohammed" },
        { "Omar Al Fayed", "omar.alfayed oalfayed omar.fayed omar" },
        { "Shaquille O'Neal", "shaquille.oneal soneal shaquille s.oneal" },
        { "Shaquille O’Neal", "shaquille.oneal soneal shaquille s.oneal" },
        { "Gabriele D'Annunzio", "gabriele.dannunzio gdannunzio gabriele g.dannunzio" },
        { "Ronald McDonald", "ronald.mcdonald rmcdonald ronald r.mcdonald" },
        { "Seán Ó Briain", "sean.briain sbriain sean s.briain" },
        { "Jean-Pierre Martin", "jean-pierre.martin jmartin jeanpierre.martin jean.martin" },
        { "Jean Pierre Martin", "jean.martin jmartin jean j.martin" },
        { "Jean-Claude van Damme", "jean-claude.vandamme jvandamme jeanclaude.vandamme jean.vandamme" },
        { "Anna Müller-Lüdenscheidt", "anna.mueller-luedenscheidt anna anna.muller-ludenscheidt amueller-luedenscheidt" },
        { "Ana-Maria Müller-Weiß", "ana-maria.mueller-weiss amueller-weiss ana-maria ana-maria.muller-weiss" },
        { "Karl-Theodor zu Guttenberg", "karl-theodor.zuguttenberg kzuguttenberg karltheodor.zuguttenberg karl.zuguttenberg" },
        { "Annegret Kramp-Karrenbauer", "annegret.kramp-karrenbauer akramp-karrenbauer annegret annegret.krampkarrenbauer" },
        { "Helena Bonham Carter", "helena.carter hcarter helena h.carter" },
        { "Amy Jean Klobuchar", "amy.klobuchar aklobuchar amy a.klobuchar" },
        { "John F. Kennedy", "john.kennedy jkennedy john j.kennedy" },
        { "J. Edgar Hoover", "j.hoover jhoover jedgar.hoover jehoover" },
        { "J. K. Rowling", "j.rowling jrowling jk.rowling jkrowling" },
        { "Martin Luther King Jr.", "martin.king mking martin m.king" },
        { "Robert Downey, Jr.", "robert.downey rdowney robert r.downey" },
        { "Nguyễn Văn An", "nguyen.vanan nvanan nguyen.an nguyen" },
        { "Bo Li", "bo.li bli bo b.li" },
        { "Xi Jinping", "xi.jinping xjinping xi x.jinping" },
        { "Ágnes Szűcs", "agnes.szucs aszucs agnes a.szucs" },
        { "Jiří Dvořák", "jiri.dvorak jdvorak jiri j.dvorak" },
        { "Ştefan Çelik", "stefan.celik scelik stefan s.celik" },
        { "Gül Özdemir", "guel.oezdemir gul.ozdemir goezdemir gozdemir" },
        { "İbrahim Yılmaz", "ibrahim.yilmaz iyilmaz ibrahim i.yilmaz" },
        { "Ðorđe Petrović", "dorde.petrovic dpetrovic dorde d.petrovic" },
        { "Þór Jónsson", "thor.jonsson tjonsson thor t.jonsson" },
        { "Óscar Ibáñez", "oscar.ibanez oibanez oscar o.ibanez" },
        { "Noël Étienne", "noel.etienne netienne noel n.etienne" },
        { "Renée O'Connor-Müller", "renee.oconnor-mueller renee renee.oconnor-muller renee.oconnor" },
        { "Siobhán Ní Dhomhnaill", "siobhan.dhomhnaill sdhomhnaill siobhan s.dhomhnaill" },
        { "Ingrid Bergman 🚀", "ingrid.bergman ibergman ingrid i.bergman" },
        { "Max Mustermann (er/ihm)", "max.mustermann mmustermann max m.mustermann" },
        { "Ana | Sales", "" },
        { "Иван Петров", "" },
        { "Γιώργος Παπαδόπουλος", "" },
        { "王 小明", "" },
        { "田中 太郎", "" },
        { "Madonna", "" },
        { "Mr Smith", "" },
    };
    struct arena *arena = arena_new();
    const struct local_habit none = { 0 };
    for (size_t i = 0; i < LENGTH(cases); i++)
        check(arena, &none, cases[i].name, cases[i].first);
    arena_free(&arena);
}

static void test_what_holds_for_all(void **state) {
    (void) state;
    static const char *const names[] = {
        "Jane Doe", "Anna Müller-Lüdenscheidt", "Jean-Claude van Damme", "J. K. Rowling", "Bo Li",
        "Wolfeschlegelsteinhausenbergerdorff Hubert-Blaine-Wolfeschlegelsteinhausenbergerdorff",
    };
    struct arena *arena = arena_new();
    const struct local_habit none = { 0 };
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct strs guesses = guess(arena, &none, names[i]);
        assert_in_range(guesses.n, 1, LOCAL_GUESSES_MAX);
        for (size_t k = 0; k < guesses.n; k++) {
            assert_in_range(guesses.p[k].n, 2, 64);
            for (size_t c = 0; c < guesses.p[k].n; c++)
                assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_", guesses.p[k].p[c]));
            for (size_t other = 0; other < k; other++)
                assert_false(str_eq(guesses.p[k], guesses.p[other]));
        }
    }
    arena_free(&arena);
}

struct known {
    const char *name, *local;
};

static void learn(struct arena *arena, struct local_habit *habit, const struct known *known) {
    for (; known->name; known++) {
        struct person_name name = name_parse(arena, str_of(known->name));
        if (!local_habit_learn(habit, &name, str_of(known->local)))
            fail_case("nothing learned from %s, %s", known->name, known->local);
    }
}

/* One address decides the order; the usual ones follow while they are likely. */
static void test_learned(void **state) {
    (void) state;
    static const struct {
        struct known known[5];
        const char *name, *first;
    } cases[] = {
        { { { "Bob Stone", "bstone" } }, "Jane Doe", "jdoe jane.doe" },
        { { { "Bob Stone", "bob.stone" } }, "Jane Doe", "jane.doe jdoe" },
        { { { "Bob Stone", "bob" } }, "Jane Doe", "jane jane.doe" },
        { { { "Bob Stone", "stone" } }, "Jane Doe", "doe jane.doe" },
        { { { "Bob Stone", "stoneb" } }, "Jane Doe", "doej jane.doe" },
        { { { "Bob Stone", "stone.bob" } }, "Jane Doe", "doe.jane jane.doe" },
        { { { "Bob Stone", "stone.b" } }, "Jane Doe", "doe.j jane.doe" },
        { { { "Bob Stone", "bob_stone" } }, "Jane Doe", "jane_doe jane.doe" },
        { { { "Bob Stone", "b-stone" } }, "Jane Doe", "j-doe jane.doe" },
        { { { "Bob Stone", "bs" } }, "Jane Doe", "jd jane.doe" },
        { { { "Bob Stone", "BStone" } }, "Jane Doe", "jdoe jane.doe" },
        { { { "Bob Stone", "bstone2" } }, "Jane Doe", "jdoe jane.doe" },
        { { { "Bob Stone", "bstone+news" } }, "Jane Doe", "jdoe jane.doe" },
        { { { "Bob J. Stone", "bob.j.stone" } }, "Jane Ann Doe", "jane.a.doe jane.doe" },
        { { { "Bob J. Stone", "bjs" } }, "Jane Ann Doe", "jad jane.doe" },
        /* who has no middle name cannot have such an address */
        { { { "Bob J. Stone", "bob.j.stone" } }, "Jane Doe", "jane.doe jdoe" },
        /* the majority */
        { { { "Bob Stone", "bstone" }, { "Eve Adams", "eve.adams" }, { "Al Roth", "aroth" } },
          "Jane Doe", "jdoe jane.doe" },
        /* how the letters are written */
        { { { "Jörg Weiß", "jorg.weiss" } }, "Hans Müller", "hans.muller hans.mueller" },
        { { { "Jörg Weiß", "joerg.weiss" } }, "Hans Müller", "hans.mueller hans.muller" },
        /* what is taken of double names and particles */
        { { { "Ana Pérez Gómez", "ana.gomez" } }, "Gabriel García López", "gabriel.lopez" },
        { { { "Ana Pérez Gómez", "aperez" }, { "Eva Gómez Ruiz", "egomez" } },
          "Gabriel García López", "ggarcia" },
        { { { "Jan de Boer", "jboer" } }, "Pieter van der Berg", "pberg pvanderberg" },
        { { { "Eva Wolf-Bauer", "eva.wolf" } }, "Anna Meyer-Landrut", "anna.meyer" },
        { { { "Jean-Luc Picard", "jl.picard" } }, "Marc-Antoine Petit", "ma.petit" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct local_habit habit = { 0 };
        learn(arena, &habit, cases[i].known);
        check(arena, &habit, cases[i].name, cases[i].first);
    }
    arena_free(&arena);
}

/* Ten of ten: what is not the habit is hardly tried any more. */
static void test_plain_habit(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct local_habit habit = { 0 };
    for (int i = 0; i < 10; i++)
        learn(arena, &habit, (const struct known[]){ { "Bob Stone", "bstone" }, { 0 } });
    struct strs guesses = guess(arena, &habit, "Jane Doe");
    assert_str(first_of(arena, guesses, 9), "jdoe jane.doe");
    arena_free(&arena);
}

static void test_what_says_nothing(void **state) {
    (void) state;
    static const struct known cases[] = {
        { "Bob Stone", "info" },  { "Bob Stone", "bobby" }, { "Bob Stone", "" },
        { "Bob Stone", "+" },     { "Bob Stone", "123" },   { "Bob Stone", "stonebobx" },
        { "Madonna", "madonna" }, { "Иван Петров", "ivan" }, { "Bob Stone", "bstone@x.org" },
    };
    struct arena *arena = arena_new();
    const struct local_habit none = { 0 };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct local_habit habit = { 0 };
        struct person_name name = name_parse(arena, str_of(cases[i].name));
        assert_false(local_habit_learn(&habit, &name, str_of(cases[i].local)));
        assert_memory_equal(&habit, &none, sizeof none);
    }
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),       cmocka_unit_test(test_what_holds_for_all),
        cmocka_unit_test(test_learned),     cmocka_unit_test(test_plain_habit),
        cmocka_unit_test(test_what_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
