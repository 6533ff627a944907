#include "test.h"

#include <stdio.h>

#include "base/buf.h"
#include "data/names.h"
#include "data/text.h"

struct parsed {
    const char *text, *full, *first, *last, *generation;
};

static void check(struct person_name name, const struct parsed *expected) {
    assert_str(name.full, expected->full);
    assert_str(name.first, expected->first);
    assert_str(name.last, expected->last);
    assert_str(name.generation, expected->generation);
}

static void test_parse(void **state) {
    (void) state;
    static const struct parsed cases[] = {
        { "", NULL, NULL, NULL, NULL },
        { " -- ", NULL, NULL, NULL, NULL },
        { "🚀🚀", NULL, NULL, NULL, NULL },
        { "Amy Klobuchar", "Amy Klobuchar", "Amy", "Klobuchar", NULL },
        /* case */
        { "AMY KLOBUCHAR", "Amy Klobuchar", "Amy", "Klobuchar", NULL },
        { "john mcdonald", "John McDonald", "John", "McDonald", NULL },
        { "RONALD MACDONALD", "Ronald MacDonald", "Ronald", "MacDonald", NULL },
        { "emmanuel macron", "Emmanuel Macron", "Emmanuel", "Macron", NULL },
        { "MOLLY O'NEIL", "Molly O'Neil", "Molly", "O'Neil", NULL },
        { "shaquille o’neal", "Shaquille O’Neal", "Shaquille", "O’Neal", NULL },
        { "PIETER VAN DER BERG", "Pieter van der Berg", "Pieter", "van der Berg", NULL },
        { "Pieter van der Berg", "Pieter van der Berg", "Pieter", "van der Berg", NULL },
        { "juan de la cruz", "Juan de la Cruz", "Juan", "de la Cruz", NULL },
        { "Monica De La Cruz", "Monica De La Cruz", "Monica", "De La Cruz", NULL },
        { "Chris Van Hollen", "Chris Van Hollen", "Chris", "Van Hollen", NULL },
        { "MARIE-CLAUDE O'BRIEN-MCGEE", "Marie-Claude O'Brien-McGee", "Marie-Claude",
          "O'Brien-McGee", NULL },
        { "MARINE LE PEN", "Marine Le Pen", "Marine", "Le Pen", NULL },
        { "JEAN DUPONT", "Jean Dupont", "Jean", "Dupont", NULL },
        { "Jean DUPONT", "Jean Dupont", "Jean", "Dupont", NULL },
        { "jean Dupont", "Jean Dupont", "Jean", "Dupont", NULL },
        { "AJ McLean", "AJ McLean", "AJ", "McLean", NULL },
        { "JP SMITH", "JP Smith", "JP", "Smith", NULL },
        { "BO JACKSON", "Bo Jackson", "Bo", "Jackson", NULL },
        { "ÉMILE ZOLA", "Émile Zola", "Émile", "Zola", NULL },
        { "Rosa L. DeLauro", "Rosa L. DeLauro", "Rosa", "DeLauro", NULL },
        /* courtesy titles */
        { "Dr. Jane Doe", "Jane Doe", "Jane", "Doe", NULL },
        { "Dr.Jane Doe", "Jane Doe", "Jane", "Doe", NULL },
        { "Prof. Dr. med. Hans Müller", "Hans Müller", "Hans", "Müller", NULL },
        { "Dr.-Ing. Karl Weiß", "Karl Weiß", "Karl", "Weiß", NULL },
        { "Mr Smith", "Smith", NULL, "Smith", NULL },
        { "The Hon. Nancy Pelosi", "Nancy Pelosi", "Nancy", "Pelosi", NULL },
        { "Sen. Amy Klobuchar", "Amy Klobuchar", "Amy", "Klobuchar", NULL },
        { "Rep. Ro Khanna", "Ro Khanna", "Ro", "Khanna", NULL },
        { "Senator Amy Klobuchar", "Amy Klobuchar", "Amy", "Klobuchar", NULL },
        { "Sra. Carmen Ortega", "Carmen Ortega", "Carmen", "Ortega", NULL },
        { "Mme Claire Petit", "Claire Petit", "Claire", "Petit", NULL },
        { "Frau Dr. Angela Merkel", "Angela Merkel", "Angela", "Merkel", NULL },
        { "Major Garrett", "Major Garrett", "Major", "Garrett", NULL },
        { "Major John Smith", "John Smith", "John", "Smith", NULL },
        { "Hon", "Hon", "Hon", NULL, NULL },
        { "Sen. Klobuchar", "Klobuchar", NULL, "Klobuchar", NULL },
        { "Shri Thanedar", "Shri Thanedar", "Shri", "Thanedar", NULL },
        { "Grace Meng", "Grace Meng", "Grace", "Meng", NULL },
        { "Michael T. McCaul", "Michael T. McCaul", "Michael", "McCaul", NULL },
        /* what is also a given name, or an initial */
        { "Rag Sharma", "Rag Sharma", "Rag", "Sharma", NULL },
        { "Rag. Rossi", "Rossi", NULL, "Rossi", NULL },
        { "Rag. Mario Rossi", "Mario Rossi", "Mario", "Rossi", NULL },
        { "Imam Hidayat", "Imam Hidayat", "Imam", "Hidayat", NULL },
        { "Maj Lindström", "Maj Lindström", "Maj", "Lindström", NULL },
        { "Maj. John Smith", "John Smith", "John", "Smith", NULL },
        { "Dr. C. Everett Koop", "C. Everett Koop", "C. Everett", "Koop", NULL },
        { "Dr. H. Jones", "H. Jones", "H.", "Jones", NULL },
        { "Dr. h. c. Hans Maier", "Hans Maier", "Hans", "Maier", NULL },
        { "Dr. h.c. Hans Maier", "Hans Maier", "Hans", "Maier", NULL },
        { "DR. H. C. HANS MAIER", "Hans Maier", "Hans", "Maier", NULL },
        { "Dr. Phil McGraw", "Phil McGraw", "Phil", "McGraw", NULL },
        { "Dr. phil. Hans Maier", "Hans Maier", "Hans", "Maier", NULL },
        { "Dr. rer. nat. Eva Maier", "Eva Maier", "Eva", "Maier", NULL },
        /* degrees and generations */
        { "John Smith Jr.", "John Smith", "John", "Smith", "jr" },
        { "Sanford D. Bishop, Jr.", "Sanford D. Bishop", "Sanford", "Bishop", "jr" },
        { "William R. Timmons IV", "William R. Timmons", "William", "Timmons", "iv" },
        { "John Smith, PhD, MBA", "John Smith", "John", "Smith", NULL },
        { "John Smith Ph.D.", "John Smith", "John", "Smith", NULL },
        { "JOHN SMITH MD", "John Smith", "John", "Smith", NULL },
        { "Jane Doe, CPA", "Jane Doe", "Jane", "Doe", NULL },
        { "Jane Doe MA", "Jane Doe", "Jane", "Doe", NULL },
        { "Jack Ma", "Jack Ma", "Jack", "Ma", NULL },
        { "JACK MA", "Jack Ma", "Jack", "Ma", NULL },
        { "Linh Do", "Linh Do", "Linh", "Do", NULL },
        { "Jane Doe, XYZQ", "Jane Doe", "Jane", "Doe", NULL },
        { "Jane Doe, Esq.", "Jane Doe", "Jane", "Doe", NULL },
        { "Thomas Braun M.Eng.", "Thomas Braun", "Thomas", "Braun", NULL },
        /* asides, symbols, tails */
        { "Robert C. \"Bobby\" Scott", "Robert C. Scott", "Robert", "Scott", NULL },
        { "Robert 'Bob' Smith", "Robert Smith", "Robert", "Smith", NULL },
        { "Robert “Bob” Smith", "Robert Smith", "Robert", "Smith", NULL },
        { "James (Jim) Moylan", "James Moylan", "James", "Moylan", NULL },
        { "Jane Doe (She/Her)", "Jane Doe", "Jane", "Doe", NULL },
        { "Jane Doe 🚀", "Jane Doe", "Jane", "Doe", NULL },
        { "👩‍💻 Jane ✨ Doe", "Jane Doe", "Jane", "Doe", NULL },
        { "Jane Doe | CEO at Acme", "Jane Doe", "Jane", "Doe", NULL },
        { "Jane Doe - We are hiring", "Jane Doe", "Jane", "Doe", NULL },
        { "Jane Doe • 2nd", "Jane Doe", "Jane", "Doe", NULL },
        { "(Bob)", "(Bob)", "(Bob)", NULL, NULL },
        /* order and splitting */
        { "Klobuchar, Amy", "Amy Klobuchar", "Amy", "Klobuchar", NULL },
        { "KLOBUCHAR, AMY JEAN", "Amy Jean Klobuchar", "Amy", "Klobuchar", NULL },
        { "van der Berg, Pieter", "Pieter van der Berg", "Pieter", "van der Berg", NULL },
        { "Bishop, Jr., Sanford D.", "Sanford D. Bishop", "Sanford", "Bishop", "jr" },
        { "Smith, Dr. John, MBA", "John Smith", "John", "Smith", NULL },
        { "Madonna", "Madonna", "Madonna", NULL, NULL },
        { "J. Edgar Hoover", "J. Edgar Hoover", "J. Edgar", "Hoover", NULL },
        { "J. K. Rowling", "J. K. Rowling", "J. K.", "Rowling", NULL },
        { "J.K. Rowling", "J.K. Rowling", "J.K.", "Rowling", NULL },
        { "J.Smith", "J. Smith", "J.", "Smith", NULL },
        { "John F. Kennedy", "John F. Kennedy", "John", "Kennedy", NULL },
        { "Gabriel García Márquez", "Gabriel García Márquez", "Gabriel", "García Márquez", NULL },
        { "José Ortega y Gasset", "José Ortega y Gasset", "José", "Ortega y Gasset", NULL },
        { "Maria dos Santos", "Maria dos Santos", "Maria", "dos Santos", NULL },
        { "Ludwig van Beethoven", "Ludwig van Beethoven", "Ludwig", "van Beethoven", NULL },
        { "Van Morrison", "Van Morrison", "Van", "Morrison", NULL },
        { "de la Cruz", "de la Cruz", NULL, "de la Cruz", NULL },
        { "VAN DER BERG", "van der Berg", NULL, "van der Berg", NULL },
        { "Mohammed bin Salman", "Mohammed bin Salman", "Mohammed", "bin Salman", NULL },
        { "Jill St. John", "Jill St. John", "Jill", "St. John", NULL },
        { "田中 太郎", "田中 太郎", "太郎", "田中", NULL },
        { "Алексей НАВАЛЬНЫЙ", "Алексей Навальный", "Алексей", "Навальный", NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        check(name_parse(arena, str_of(cases[i].text)), &cases[i]);
    }
    arena_free(&arena);
}

static void test_of_parts(void **state) {
    (void) state;
    static const struct {
        const char *first, *last;
        struct parsed expected;
    } cases[] = {
        { "AMY", "KLOBUCHAR", { "", "Amy Klobuchar", "Amy", "Klobuchar", NULL } },
        { "Mary Ann", "Smith", { "", "Mary Ann Smith", "Mary Ann", "Smith", NULL } },
        { "Dr. Jane", "Doe, PhD", { "", "Jane Doe", "Jane", "Doe", NULL } },
        { "Debbie", "Wasserman Schultz",
          { "", "Debbie Wasserman Schultz", "Debbie", "Wasserman Schultz", NULL } },
        { "Sanford", "Bishop, Jr.", { "", "Sanford Bishop", "Sanford", "Bishop", "jr" } },
        { "James (Jim)", "Moylan", { "", "James Moylan", "James", "Moylan", NULL } },
        { "", "Smith", { "", "Smith", NULL, "Smith", NULL } },
        { "Jane", "", { "", "Jane", "Jane", NULL, NULL } },
        { "", "", { "", NULL, NULL, NULL, NULL } },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++)
        check(name_of_parts(arena, str_of(cases[i].first), str_of(cases[i].last)),
              &cases[i].expected);
    arena_free(&arena);
}

static void test_key(void **state) {
    (void) state;
    static const char *const cases[][2] = {
        { "Amy Klobuchar", "amy klobuchar" },
        { "Sen. KLOBUCHAR, Amy", "amy klobuchar" },
        { "Zoë O'Neil-Ångström, PhD", "angstrom oneil zoe" },
        { "John Smith Jr.", "john smith" },
        { "", "" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_str(name_key(arena, str_of(cases[i][0])), cases[i][1]);
    arena_free(&arena);
}

static void test_match(void **state) {
    (void) state;
    static const struct {
        const char *a, *b;
        enum name_match expected;
    } cases[] = {
        { "Amy Klobuchar", "amy KLOBUCHAR", NAME_SAME },
        { "Klobuchar Amy", "Amy Klobuchar", NAME_SAME },
        { "Dr. Amy Klobuchar, JD", "Klobuchar, Amy", NAME_SAME },
        { "Nydia Velazquez", "Nydia Velázquez", NAME_SAME },
        { "Molly ONeil", "Molly O'Neil", NAME_SAME },
        { "John Smith Jr.", "John Smith Jr", NAME_SAME },
        { "Jonh Doe", "John Doe", NAME_ALIKE },
        { "Amy Klobucher", "Amy Klobuchar", NAME_ALIKE },
        { "Amy Klobuchr", "Amy Klobuchar", NAME_ALIKE },
        { "Amy Kllobuchar", "Amy Klobuchar", NAME_ALIKE },
        { "Bob Smith", "Robert Smith", NAME_ALIKE },
        { "Steve Smith", "Steven Smith", NAME_ALIKE },
        { "Erik Smith", "Eric Smith", NAME_ALIKE },
        { "A. Klobuchar", "Amy Klobuchar", NAME_ALIKE },
        { "Amy K.", "Amy Klobuchar", NAME_ALIKE },
        { "Amy J. Klobuchar", "Amy Klobuchar", NAME_ALIKE },
        { "Amy J. Klobuchar", "Amy Jean Klobuchar", NAME_ALIKE },
        { "Robert C. \"Bobby\" Scott", "Bob Scott", NAME_ALIKE },
        { "Maria De Souza", "Maria DeSouza", NAME_ALIKE },
        { "Jean Luc Picard", "Jeanluc Picard", NAME_ALIKE },
        { "John Smith", "John Smith III", NAME_ALIKE },
        { "Amy Klobuchar", "Tina Smith", NAME_DIFFERENT },
        { "John Smith", "Jane Smith", NAME_DIFFERENT },
        { "John Smith", "Joan Smith", NAME_DIFFERENT },
        { "Maria Lopez", "Mario Lopez", NAME_DIFFERENT },
        { "Daniel Costa", "Daniele Costa", NAME_DIFFERENT },
        { "Julio Diaz", "Julia Diaz", NAME_DIFFERENT },
        { "Dean Miller", "Sean Miller", NAME_DIFFERENT },
        { "Robert Char", "Robert Uchar", NAME_DIFFERENT },
        { "Robert Char", "Robert Hcar", NAME_ALIKE },
        { "Alexander Reed", "Alexandra Reed", NAME_DIFFERENT },
        { "Lisa Brown", "Beth Brown", NAME_DIFFERENT },
        { "Kim Lee", "Jim Lee", NAME_DIFFERENT },
        { "Tim Cook", "Tom Cook", NAME_DIFFERENT },
        { "John Smith Jr.", "John Smith Sr.", NAME_DIFFERENT },
        { "John A. Smith", "John B. Smith", NAME_DIFFERENT },
        { "John Smith", "John", NAME_DIFFERENT },
        { "Amy Jean Klobuchar", "Amy Klobuchar", NAME_DIFFERENT },
        { "J. S.", "John Smith", NAME_DIFFERENT },
        { "Dr. H. Jones", "Dr. C. Jones", NAME_DIFFERENT },
        { "Dr. H. Jones", "Dr. Harry Jones", NAME_ALIKE },
        { "Rag Sharma", "Sharma", NAME_DIFFERENT },
        { "田中 太", "田中 太郎", NAME_DIFFERENT },
        { "황보 민", "황보 민수", NAME_DIFFERENT },
        { "А. Навальный", "Алексей Навальный", NAME_ALIKE },
        { "Jon Smyth", "John Smith", NAME_DIFFERENT },
        { "Jonh Smyth", "John Smith", NAME_DIFFERENT },
        { "Madonna", "Madona", NAME_DIFFERENT },
        { "Smith", "John Smith", NAME_DIFFERENT },
        { "David Li", "David Lu", NAME_DIFFERENT },
        { "James Bob", "James Robert", NAME_DIFFERENT },
        { "", "", NAME_DIFFERENT },
        { "", "John Smith", NAME_DIFFERENT },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str a = str_of(cases[i].a), b = str_of(cases[i].b);
        if (names_match(a, b) != cases[i].expected
            || names_match(b, a) != cases[i].expected)
            test_fail("'%s' and '%s': %d, expected %d", cases[i].a, cases[i].b,
                      (int) names_match(a, b), (int) cases[i].expected);
    }
}

/* Columns 2 to 4 of a CSV row: full, first and last name. */
static struct str csv_field(struct arena *arena, struct str *rest) {
    struct buf out = buf_in(arena, 1024);
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->n && (quoted || rest->p[i] != ','); i++) {
        if (rest->p[i] != '"')
            buf_char(&out, rest->p[i]);
        else if (quoted && i + 1 < rest->n && rest->p[i + 1] == '"')
            buf_char(&out, rest->p[i++]);
        else
            quoted = !quoted;
    }
    *rest = str_sub(*rest, i + 1, rest->n);
    return buf_text(&out);
}

struct congress {
    struct str full[600];
    size_t n, last_wrong, first_wrong;
};

static void check_row(struct arena *arena, struct str line, struct congress *all) {
    (void) csv_field(arena, &line);
    struct str full = csv_field(arena, &line);
    struct str first = csv_field(arena, &line), last = csv_field(arena, &line);
    struct person_name name = name_parse(arena, full);
    all->last_wrong += !str_eq(name.last, last);
    /* Where the file's first name is the one that the full name uses. */
    all->first_wrong += str_starts(full, first) && !str_starts(name.first, first);
    all->full[all->n++] = full;
    struct person_name parts = name_of_parts(arena, first, last);
    assert_str(parts.last, arena_cstr(arena, last));
    assert_int_equal(names_match(full, full), NAME_SAME);
}

static void test_real_names(void **state) {
    (void) state;
    FILE *file = fopen("../shared/data/people_us_congress_current.csv", "r");
    if (!file)
        test_fail("../shared/data/people_us_congress_current.csv is missing: "
                  "run the tests beside it");
    struct arena *arena = arena_new();
    struct congress *all = ARENA_NEW(arena, struct congress);
    char line[2048];
    assert_non_null(fgets(line, sizeof line, file));
    while (all->n < LENGTH(all->full) && fgets(line, sizeof line, file))
        check_row(arena, arena_str(arena, str_of(line)), all);
    (void) fclose(file); /* only read */
    assert_int_equal(all->n, 537);
    /* Names like "Debbie Wasserman Schultz" cannot be told from "Katie Boyd Britt". */
    if (all->last_wrong > 9 || all->first_wrong > 2)
        test_fail("%zu last and %zu first names are split otherwise than in the file",
                  all->last_wrong, all->first_wrong);
    /* 537 different persons: nobody may pass for somebody else. */
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = i + 1; k < all->n; k++)
            if (names_match(all->full[i], all->full[k]) != NAME_DIFFERENT)
                test_fail("'%.*s' passes for '%.*s'", STR_FMT(all->full[i]),
                          STR_FMT(all->full[k]));
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_of_parts),
        cmocka_unit_test(test_key),   cmocka_unit_test(test_match),
        cmocka_unit_test(test_real_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
