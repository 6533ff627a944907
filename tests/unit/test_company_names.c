#include "test.h"

#include <stdio.h>

#include "data/company_names.h"
#include "data/text.h"

/* Every name of a row has the same key; rows have different keys. */
static const char *const same[][7] = {
    { "coca cola", "The Coca-Cola Company", "Coca-Cola Co.", "COCA COLA CO", "coca-cola, Inc" },
    { "acme", "Acme, Inc.", "ACME Corporation", "Acme L.L.C.", "Acme Co., Ltd.",
      "Acme Pty Ltd", "ACME (Pty) Ltd." },
    { "siemens", "Siemens AG", "Siemens Aktiengesellschaft", "SIEMENS A.G." },
    { "muller", "Müller GmbH & Co. KG", "Muller GmbH", "MÜLLER G.m.b.H.", "Müller GmbH + Co KG",
      "Müller UG (haftungsbeschränkt)" },
    { "societe generale", "Société Générale S.A.", "SOCIETE GENERALE SA" },
    { "dupont et fils", "Dupont et Fils S.A.R.L.", "Dupont et Fils SARL", "DUPONT ET FILS sarl" },
    { "novo nordisk", "Novo Nordisk A/S", "Novo Nordisk AS" },
    { "nokia", "Nokia Oyj", "Oy Nokia Ab" },
    { "volvo cars", "Volvo Cars AB", "Volvo Cars AB (publ)" },
    { "eni", "Eni S.p.A.", "ENI SpA" },
    { "inditex", "Inditex, S.A.", "INDITEX, S.A.U." },
    { "cemex", "CEMEX, S.A.B. de C.V.", "Cemex S.A. de C.V." },
    { "padaria lisboa", "Padaria Lisboa, Lda.", "Padaria Lisboa Unipessoal Lda", "Padaria Lisboa Ltda." },
    { "philips", "Philips N.V.", "Philips B.V." },
    { "トヨタ自動車", "トヨタ自動車株式会社", "株式会社トヨタ自動車", "㈱トヨタ自動車", "株式会社 トヨタ自動車" },
    { "삼성전자", "삼성전자 주식회사", "주식회사삼성전자", "(주)삼성전자" },
    { "ромашка", "ООО «Ромашка»", "Ромашка, ООО" },
    { "cd projekt", "CD Projekt Spółka Akcyjna", "CD Projekt S.A." },
    { "kowalski", "Kowalski Sp. z o.o.", "Kowalski sp. z.o.o.", "Kowalski Sp. z o.o. sp.k." },
    { "johnson and johnson", "Johnson & Johnson", "Johnson and Johnson Inc" },
    { "smith", "Smith & Co", "Smith and Company, Ltd" },
    { "ao smith", "A. O. Smith", "A.O. Smith Corp", "AO Smith" },
    { "at and t", "AT&T Inc.", "AT & T" },
    { "loreal", "L'Oréal", "L’OREAL S.A." },
    { "petronas", "Petronas Sdn. Bhd.", "Petronas Berhad" },
    { "bank mandiri", "PT Bank Mandiri Tbk", "PT. Bank Mandiri, Tbk" },
};

static void test_same(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(same); i++)
        for (size_t k = 0; k < LENGTH(same[i]) && same[i][k]; k++)
            assert_str(company_name_key(arena, str_of(same[i][k])), same[i][0]);
    arena_free(&arena);
}

static void test_kept(void **state) {
    (void) state;
    static const struct {
        const char *name, *key;
    } cases[] = {
        { "", "" },
        { "!!!", "" },
        { "The Limited", "limited" },
        { "The Company", "company" },
        { "The", "the" },
        { "AG", "ag" },
        { "Co. Ltd.", "co" },
        { "S.A.R.L.", "sarl" },
        { "株式会社", "株式会社" },
        { "Goldman Sachs Group", "goldman sachs group" },
        { "Deutsche Bank", "deutsche bank" },
        { "Visage Partners", "visage partners" },
        { "Corpus Media", "corpus media" },
        { "Inc Magazine", "inc magazine" },
        { "AB InBev", "ab inbev" },
        { "3M", "3m" },
        { "United States Senate", "united states senate" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_str(company_name_key(arena, str_of(cases[i].name)), cases[i].key);
    assert_str(company_name_key(arena, STR_NONE), "");
    arena_free(&arena);
}

/* On hard-wired names, and on the second column of a real list of 503 companies. */
static void check_idempotent(struct arena *arena, struct str name) {
    struct str key = company_name_key(arena, name);
    struct str again = company_name_key(arena, key);
    if (!str_eq(key, again))
        test_fail("'%.*s' gives '%.*s', then '%.*s'", STR_FMT(name), STR_FMT(key),
                  STR_FMT(again));
}

static void test_idempotent(void **state) {
    (void) state;
    static const char *const odd[] = { "株式会社A B", "a inc b ltd c", "The The Co and Co and",
                                       "x.y.z s.a. s.a.", "\xEF\xBD\xB6\x01\xEF\xBE\x9E", "& Co", "+", "주 株 有 and" };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(odd); i++)
        check_idempotent(arena, str_of(odd[i]));
    for (size_t i = 0; i < LENGTH(same); i++)
        for (size_t k = 0; k < LENGTH(same[i]) && same[i][k]; k++)
            check_idempotent(arena, str_of(same[i][k]));

    FILE *file = fopen("../shared/data/companies_sp500.csv", "r");
    if (!file)
        test_fail("../shared/data/companies_sp500.csv is missing: run the tests beside it");
    char line[1024];
    size_t rows = 0;
    while (fgets(line, sizeof line, file)) {
        struct str rest = str_of(line), symbol, name = STR_NONE;
        assert_true(str_cut(&rest, ',', &symbol) && str_cut(&rest, ',', &name));
        check_idempotent(arena, name);
        struct str key = company_name_key(arena, name);
        assert_true(key.n > 0 && key.n <= name.n + 8);
        rows++;
    }
    (void) fclose(file); /* only read */
    assert_int_equal(rows, 504);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_idempotent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
