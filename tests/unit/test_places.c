#include "test.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"
#include "data/csv.h"
#include "data/places.h"
#include "data/text.h"
#include "shared_data.h"

/* "city|region|country", with nothing where a level is absent. */
static struct str levels(struct arena *arena, const struct place *p) {
    return arena_printf(arena, "%.*s|%.*s|%.*s", STR_FMT(p->city), STR_FMT(p->region),
                        STR_FMT(p->country));
}

static void test_texts(void **state) {
    (void) state;
    static const struct {
        const char *text, *levels;
    } cases[] = {
        { "Saint Paul, Minnesota", "Saint Paul|Minnesota|US" },
        { "St. Paul, MN", "Saint Paul|Minnesota|US" },
        { "San Francisco, California, US", "San Francisco|California|US" },
        { "San Francisco, California, United States", "San Francisco|California|US" },
        { "San Francisco, CA", "San Francisco|California|US" },
        { "san francisco, ca, usa", "San Francisco|California|US" },
        { "San Francisco", "San Francisco|California|US" },
        { "SF Bay Area", "San Francisco|California|US" },
        { "San Francisco Bay Area", "San Francisco|California|US" },
        { "Greater Boston Area", "Boston|Massachusetts|US" },
        { "Denver Metropolitan Area", "Denver|Colorado|US" },
        { "Dallas-Fort Worth Metroplex", "Dallas|Texas|US" },
        { "Greater London, England, United Kingdom", "London|England|GB" },
        { "London Area, United Kingdom", "London|England|GB" },
        { "Greater Munich Metropolitan Area", "Munich|Bavaria|DE" },
        { "NYC", "New York|New York|US" },
        { "New York City, New York", "New York|New York|US" },
        { "New York, NY", "New York|New York|US" },
        { "New York, New York, United States", "New York|New York|US" },
        { "Washington, D.C.", "Washington|District of Columbia|US" },
        { "Washington, DC", "Washington|District of Columbia|US" },
        { "M\xC3\xBCnchen, Bayern, Deutschland", "Munich|Bavaria|DE" },
        { "Munich, BY, DE", "Munich|Bavaria|DE" },
        { "Dublin; Cork", "Dublin|Leinster|IE" },
        { "Columbus, Ohio; Detroit, Michigan", "Columbus|Ohio|US" },
        { "King of Prussia, Pennsylvania", "King of Prussia|Pennsylvania|US" },
        { "King of Prussia, Montgomery County, PA, USA", "King of Prussia|Pennsylvania|US" },
        { "Hamilton, Bermuda", "Hamilton||BM" },
        { "West Falls Church, Virginia[2]", "West Falls Church|Virginia|US" },
        { "Warmley, Bristol, United Kingdom", "Warmley|Bristol|GB" },
        { "S\xC3\xA3o Paulo, SP, Brasil", "S\xC3\xA3o Paulo|S\xC3\xA3o Paulo|BR" },
        { "Amsterdam, Noord-Holland, Nederland", "Amsterdam|North Holland|NL" },
        { "Amsterdam, Holland", "Amsterdam|North Holland|NL" },
        { "75001 Paris, France", "Paris|\xC3\x8Ele-de-France|FR" },
        { "1 Main Street, Springfield, IL 62701, USA", "Springfield|Illinois|US" },
        { "Dublin 2, Ireland", "Dublin|Leinster|IE" },
        /* one name, several places: the rest decides */
        { "Atlanta, Georgia", "Atlanta|Georgia|US" },
        { "Sandy Springs, Georgia", "Sandy Springs|Georgia|US" },
        { "Tbilisi, Georgia", "Tbilisi||GE" },
        { "Georgia, United States", "|Georgia|US" },
        { "Paris, Texas", "Paris|Texas|US" },
        { "Dublin, Ohio", "Dublin|Ohio|US" },
        { "Dublin, CA", "Dublin|California|US" },
        { "Toronto, CA", "Toronto|Ontario|CA" },
        { "Berlin, DE", "Berlin|Berlin|DE" },
        { "Wilmington, DE", "Wilmington|Delaware|US" },
        { "Bangalore, IN", "Bengaluru|Karnataka|IN" },
        { "Gary, IN", "Gary|Indiana|US" },
        { "Chennai, TN", "Chennai|Tamil Nadu|IN" },
        { "Hyderabad, Telangana", "Hyderabad|Telangana|IN" },
        { "Hyderabad, Pakistan", "Hyderabad|Sindh|PK" },
        { "Vancouver, Canada", "Vancouver|British Columbia|CA" },
        { "Vancouver, WA", "Vancouver|Washington|US" },
        { "Perth, WA", "Perth|Western Australia|AU" },
        { "Birmingham, AL", "Birmingham|Alabama|US" },
        { "Birmingham, UK", "Birmingham|England|GB" },
        { "London, ON", "London|Ontario|CA" },
        { "San Jose, Costa Rica", "San Jos\xC3\xA9||CR" },
        { "Portland, United States", "Portland||US" },
        { "Columbus, Georgia", "Columbus|Georgia|US" },
        /* countries and regions alone */
        { "Germany", "||DE" },
        { "U.S.", "||US" },
        { "UK", "||GB" },
        { "Deutschland", "||DE" },
        { "Espa\xC3\xB1" "a", "||ES" },
        { "Georgia", "||GE" },
        { "Minnesota", "|Minnesota|US" },
        { "New York", "|New York|US" },
        { "New York, United States", "|New York|US" },
        { "Bavaria, Germany", "|Bavaria|DE" },
        { "England, United Kingdom", "|England|GB" },
        { "Berlin, Germany", "Berlin|Berlin|DE" },
        { "Singapore", "||SG" },
        { "Singapore, Singapore", "Singapore||SG" },
        { "Hong Kong, China", "||HK" },
        { "Korea, Republic of", "||KR" },
        { "San Juan, Puerto Rico", "San Juan|Puerto Rico|US" },
        /* the other order */
        { "Germany, Berlin", "Berlin|Berlin|DE" },
        { "USA, California, San Jose", "San Jose|California|US" },
        { "Canada, Ontario", "|Ontario|CA" },
        { "Canada, Ontario, Toronto", "Toronto|Ontario|CA" },
        { "Germany - Berlin", "Berlin|Berlin|DE" },
        { "Whitefield, Bengaluru", "Bengaluru|Karnataka|IN" },
        { "Berlin, Germany (Remote)", "Berlin|Berlin|DE" },
        /* not known: as it came, and nothing added */
        { "Springfield", "Springfield||" },
        { "Foo", "Foo||" },
        { "Foo, Bar", "Foo|Bar|" },
        { "Foo, Germany", "Foo||DE" },
        { "Foo, Bar, Germany", "Foo|Bar|DE" },
        { "CA", "CA||" },
        { "in", "in||" },
        { "none", "||" },
        { "Remote", "||" },
        { "N/A", "||" },
        { "", "||" },
        { " , ,", "||" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct place place, again;
        place_parse(arena, str_of(cases[i].text), &place);
        if (!str_eq(levels(arena, &place), str_of(cases[i].levels)))
            print_error("case %s\n", cases[i].text);
        assert_str(levels(arena, &place), cases[i].levels);
        struct str shown = place_text(arena, &place);
        place_parse(arena, shown, &again); /* what is shown means the same */
        assert_str(levels(arena, &again), cases[i].levels);
    }
    arena_free(&arena);
}

static void test_cells(void **state) {
    (void) state;
    static const struct {
        const char *city, *region, *country, *levels;
    } cases[] = {
        { "Everett", "WA", NULL, "Everett|Washington|US" },
        { "Everett", "WA", "US", "Everett|Washington|US" },
        { "Perth", "WA", NULL, "Perth|Western Australia|AU" },
        { "Broome", "WA", "Australia", "Broome|Western Australia|AU" },
        { NULL, "WA", NULL, "|Washington|US" },
        { NULL, "Georgia", NULL, "|Georgia|US" },
        { NULL, NULL, "Georgia", "||GE" },
        { "Atlanta", "Georgia", "", "Atlanta|Georgia|US" },
        { "Washington", NULL, "United States", "Washington|District of Columbia|US" },
        { "Munich", NULL, "de", "Munich|Bavaria|DE" },
        { "M\xC3\xBCnchen", "Bayern", "Deutschland", "Munich|Bavaria|DE" },
        { "Dublin", NULL, NULL, "Dublin|Leinster|IE" },
        { "Springfield", NULL, NULL, "Springfield||" },
        { "London", "UK", NULL, "London|England|GB" },
        { "San Juan", "PR", NULL, "San Juan|Puerto Rico|US" },
        { "Hagatna", "GU", NULL, "Hagatna|Guam|US" },
        { "Lahore", "Punjab", NULL, "Lahore|Punjab|PK" },
        { "Foo", "Punjab", NULL, "Foo|Punjab|" },
        { "San Francisco, CA", NULL, NULL, "San Francisco|California|US" },
        { "Foo", "Bar", "Wakanda", "Foo|Bar|" },
        { "Paris", NULL, "Wakanda", "Paris||" },
        { "Paris", "Texass", NULL, "Paris|Texass|" },
        { "N/A", "-", "Germany", "||DE" },
        { NULL, NULL, NULL, "||" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct place place;
        place_parse_cells(arena, str_of(cases[i].city), str_of(cases[i].region),
                          str_of(cases[i].country), &place);
        assert_str(levels(arena, &place), cases[i].levels);
    }
    struct place place;
    place_parse_cells(arena, STR("Foo"), STR("Bar"), STR("Wakanda"), &place);
    assert_str(place_text(arena, &place), "Foo, Bar, Wakanda");
    place_parse_cells(arena, STR("Everett"), STR("WA"), STR_NONE, &place);
    assert_str(place_text(arena, &place), "Everett, Washington, United States");
    arena_free(&arena);
}

static void test_queries(void **state) {
    (void) state;
    static const struct {
        const char *text, *readings;
    } cases[] = {
        { "Minnesota", "|Minnesota|US" },
        { "Paris", "Paris||" },
        { "Georgia", "||GE; |Georgia|US" },
        { "New York", "|New York|US; New York||" },
        { "NYC", "New York||" },
        { "CA", "||CA; |California|US" },
        { "WA", "|Washington|US; |Western Australia|AU" },
        { "uk", "||GB" },
        { "M\xC3\xBCnchen", "Munich||" },
        { "Portland", "Portland||" },
        { "Berlin", "|Berlin|DE; Berlin||" },
        { "San Francisco, California, United States", "San Francisco|California|US" },
        { "San Francisco Bay Area", "San Francisco||" },
        { "Saint Joseph", "Saint Joseph||; St. Joseph||" },
        { "St. Louis", "St. Louis||" },
        { "Foo", "Foo||" },
        { "Remote", "Remote||" },
        { "Foo, Bar", "Foo|Bar|" },
        { "Punjab", "|Punjab|IN; |Punjab|PK" },
        { "  ", "" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct list readings = { 0 };
        struct buf all = buf_in(arena, 1000);
        place_parse_query(arena, str_of(cases[i].text), &readings);
        for (size_t k = 0; k < readings.n; k++) {
            buf_str(&all, k ? STR("; ") : STR(""));
            buf_str(&all, levels(arena, (const struct place *) readings.p + k));
        }
        assert_str(buf_text(&all), cases[i].readings);
    }
    arena_free(&arena);
}

static void test_countries(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    assert_str(country_name(STR("US")), "United States");
    assert_str(country_name(STR("us")), NULL);
    assert_str(country_name(STR("QQ")), NULL);
    assert_str(country_name(STR_NONE), NULL);
    assert_str(country_code(arena, STR("deu")), "DE");
    assert_str(country_code(arena, STR("\xC3\x96sterreich")), "AT");
    assert_str(country_code(arena, STR("br")), "BR");
    assert_str(country_code(arena, STR("Wakanda")), NULL);
    assert_str(country_code(arena, STR_NONE), NULL);
    arena_free(&arena);
}

struct names {
    struct arena *arena;
    struct map map; /* folded name -> alpha-2 code as text */
};

static void check_name(struct names *names, struct str name, const char *alpha2) {
    struct str key = text_fold(names->arena, name);
    assert_true(key.n > 0);
    const char *other = map_put(&names->map, key, (void *) (uintptr_t) alpha2);
    if (other && strcmp(other, alpha2) != 0)
        print_error("%.*s is %s and %s\n", STR_FMT(name), other, alpha2);
    assert_true(!other || strcmp(other, alpha2) == 0);
}

static void check_country(struct names *names, const char *alpha2, const char *name,
                          const char *others) {
    assert_str(country_code(names->arena, str_of(alpha2)), alpha2);
    check_name(names, str_of(name), alpha2);
    struct str rest = str_of(others);
    for (struct str other; rest.n && str_cut(&rest, '|', &other);)
        check_name(names, other, alpha2);
}

static void check_inside(struct arena *arena, const char *place, const char *region,
                         const char *country) {
    struct place parsed;
    place_parse_cells(arena, str_of(place), str_of(region), str_of(country), &parsed);
    assert_str(parsed.country, country);
    if (region[0])
        assert_str(parsed.region, region);
    assert_str(parsed.city, place);
}

/* No name means two countries; cities and regions lie in countries and regions that are
 * in the tables, under names that lead back to themselves. */
static void test_tables_agree(void **state) {
    (void) state;
    struct names names = { .arena = arena_new() };
    names.map = map_in(names.arena);
#define COUNTRY(alpha2, alpha3, name, others) check_country(&names, alpha2, name, others);
#include "data/countries.def"
#undef COUNTRY
#define REGION(country, name, code, others) \
    check_inside(names.arena, "Nowhere in Particular", name, country);
#include "data/regions.def"
#undef REGION
#define CITY(name, region, country, others) check_inside(names.arena, name, region, country);
#define CITY_SHARED(name, region, country, others) CITY(name, region, country, others)
#include "data/cities.def"
#undef CITY
#undef CITY_SHARED
    arena_free(&names.arena);
}

static struct reader *open_reader(const char *path, int *ret_fd) {
    struct reader *reader;
    struct str reason;
    *ret_fd = open_shared_data(path);
    assert_int_equal(reader_open(*ret_fd, READER_CSV, &reader, &reason), OK);
    return reader;
}

static void test_every_company_of_the_real_file_has_a_country(void **state) {
    (void) state;
    int fd;
    struct reader *reader = open_reader(SHARED_DATA "companies_sp500.csv", &fd);
    struct arena *arena = arena_new();
    struct row row;
    size_t without = 0, with_region = 0;
    for (; reader_next(reader, &row) == OK; arena_reset(arena)) {
        struct place place;
        place_parse(arena, row.cells[4].value, &place);
        without += !str_is_set(place.country);
        with_region += str_is_set(place.region);
        if (!str_is_set(place.country))
            assert_str(row.cells[4].value, "none");
        assert_int_equal(str_is_set(place.city), str_is_set(place.country));
    }
    assert_int_equal(without, 1);
    assert_true(with_region >= 495);
    arena_free(&arena);
    reader_close(&reader);
    close(fd);
}

static void test_every_person_of_the_real_file_is_in_the_us(void **state) {
    (void) state;
    int fd;
    struct reader *reader = open_reader(SHARED_DATA "people_us_congress_current.csv", &fd);
    struct arena *arena = arena_new();
    struct row row;
    size_t without = 0;
    for (; reader_next(reader, &row) == OK; arena_reset(arena)) {
        struct place place;
        place_parse_cells(arena, row.cells[10].value, row.cells[11].value, STR_NONE, &place);
        if (!str_is_set(place.country)) {
            without++;
            continue;
        }
        assert_str(place.country, "US");
        assert_true(place.region.n > 2);
    }
    assert_int_equal(without, 1); /* one row has no place at all */
    arena_free(&arena);
    reader_close(&reader);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_countries),
        cmocka_unit_test(test_tables_agree),
        cmocka_unit_test(test_every_company_of_the_real_file_has_a_country),
        cmocka_unit_test(test_every_person_of_the_real_file_is_in_the_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
