/* All lists of domains are one hash table from a name to the lists it is on, so that an
 * address costs one look-up for each label of its domain, however many lists there are. A
 * look-up that hits a domain above the address's own asks whether that is a public suffix:
 * an entry "dyn.example" there would else take everybody's domain with it. */
#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "net/host.h"
#include "verify/lists.h"
#include "verify/lists_embedded.h"
#include "verify/suggest.h"

enum { LINE_MAX_BYTES = 512, DOMAIN_LISTS = LIST_ROLE, FINAL_DIGITS_MAX = 2 };

struct slot {
    const char *p; /* NULL: free */
    uint32_t hash;
    uint8_t n;
    uint8_t marks; /* a bit for each list kind */
};

struct table {
    struct slot *slots;
    size_t mask;
};

struct lists {
    struct arena *arenas[LIST_KINDS]; /* each holds its list's entries */
    struct strs entries[LIST_KINDS];
    struct table domains, roles;
    struct suggest *suggest;
};

/* --- table --- */

static void table_new(struct table *table, size_t entries) {
    size_t capacity = 16;
    while (capacity < entries * 2)
        capacity *= 2;
    mem_free(table->slots);
    *table = (struct table){ mem_array(capacity, sizeof *table->slots), capacity - 1 };
}

/* The slot of `key`, or the free one where it belongs. */
static struct slot *table_slot(const struct table *table, struct str key, uint32_t hash) {
    size_t i = hash & table->mask;
    for (;; i = (i + 1) & table->mask) {
        struct slot *slot = &table->slots[i];
        if (!slot->p || (slot->hash == hash && slot->n == key.n
                         && memcmp(slot->p, key.p, key.n) == 0))
            return slot;
    }
}

static unsigned table_marks(const struct table *table, struct str key) {
    return table_slot(table, key, (uint32_t) str_hash(key))->marks;
}

static void table_add(struct table *table, struct str key, unsigned kind) {
    uint32_t hash = (uint32_t) str_hash(key);
    struct slot *slot = table_slot(table, key, hash);
    slot->p = key.p;
    slot->hash = hash;
    slot->n = (uint8_t) key.n; /* at most HOST_MAX_BYTES */
    slot->marks = (uint8_t) (slot->marks | 1u << kind);
}

static void rebuild(struct lists *lists) {
    size_t domains = 0;
    for (size_t kind = 0; kind < DOMAIN_LISTS; kind++)
        domains += lists->entries[kind].n;
    table_new(&lists->domains, domains);
    table_new(&lists->roles, lists->entries[LIST_ROLE].n);
    for (unsigned kind = 0; kind < LIST_KINDS; kind++) {
        struct strs entries = lists->entries[kind];
        for (size_t i = 0; kind != LIST_SUGGESTED && i < entries.n; i++)
            table_add(kind == LIST_ROLE ? &lists->roles : &lists->domains, entries.p[i], kind);
    }
    suggest_free(&lists->suggest);
    lists->suggest = suggest_new(lists->entries[LIST_SUGGESTED]);
}

/* --- reading --- */

/* What counts of a local part: letters and digits in lower case up to a "+", without up to
 * two digits at the end. *ret_n 0: nothing. */
static void role_key(struct str local, char ret_key[ADDRESS_LOCAL_MAX_BYTES], size_t *ret_n) {
    size_t n = 0, digits = 0;
    for (size_t i = 0; i < local.n && n < ADDRESS_LOCAL_MAX_BYTES && local.p[i] != '+'; i++)
        if (!strchr(".-_", local.p[i]))
            ret_key[n++] = ascii_lower(local.p[i]);
    while (digits < FINAL_DIGITS_MAX && digits < n && ascii_is_digit(ret_key[n - 1 - digits]))
        digits++;
    *ret_n = n - digits;
}

static bool read_role(struct arena *arena, struct str line, struct str *ret_entry) {
    char key[ADDRESS_LOCAL_MAX_BYTES];
    size_t n;
    if (line.n > ADDRESS_LOCAL_MAX_BYTES || str_find(line, '@') < line.n
        || str_find(line, ' ') < line.n || memchr(line.p, '\0', line.n))
        return false;
    role_key(line, key, &n);
    *ret_entry = arena_str(arena, (struct str){ key, n });
    return n > 0;
}

static bool read_domain(struct arena *arena, struct str line, struct str *ret_entry) {
    struct str host;
    if (line.n > LINE_MAX_BYTES || host_to_ascii(arena, line, &host) != HOST_OK)
        return false;
    *ret_entry = host.p == line.p ? arena_str(arena, host) : host;
    return true;
}

static enum rc read_list(struct arena *arena, enum list_kind kind, struct str text,
                         struct strs *ret_entries, size_t *ret_line) {
    struct strs entries = { 0 };
    struct str line, entry;
    for (size_t number = 1; str_cut(&text, '\n', &line); number++) {
        line = str_trim(str_sub(line, 0, str_find(line, '#')));
        if (!line.n)
            continue;
        bool ok = kind == LIST_ROLE ? read_role(arena, line, &entry)
                                    : read_domain(arena, line, &entry);
        if (!ok) {
            *ret_line = number;
            return E_INVALID;
        }
        strs_add(arena, &entries, entry);
    }
    *ret_entries = entries;
    return OK;
}

static enum rc set_list(struct lists *lists, enum list_kind kind, struct str text,
                        size_t *ret_line) {
    struct arena *arena = arena_new();
    struct strs entries;
    enum rc rc = read_list(arena, kind, text, &entries, ret_line);
    if (rc != OK) {
        arena_free(&arena);
        return rc;
    }
    arena_free(&lists->arenas[kind]);
    lists->arenas[kind] = arena;
    lists->entries[kind] = entries;
    return OK;
}

enum rc lists_replace(struct lists *lists, enum list_kind kind, struct str text,
                      size_t *ret_line) {
    enum rc rc = set_list(lists, kind, text, ret_line);
    if (rc == OK)
        rebuild(lists);
    return rc;
}

/* --- life --- */

static const char *const kind_names[LIST_KINDS] = {
    [LIST_DISPOSABLE] = "disposable", [LIST_ALLOWED] = "allowed",
    [LIST_FREE] = "free",             [LIST_SPECIAL_USE] = "special_use",
    [LIST_ROLE] = "role",             [LIST_SUGGESTED] = "suggested",
};

const char *list_kind_name(enum list_kind kind) {
    return kind_names[kind];
}

/* Imports know free providers too, from the same table. */
static const char free_text[] =
#define FREE_MAIL(domain) domain "\n"
#include "data/free_mail.def"
#undef FREE_MAIL
    ;

static struct str embedded_text(enum list_kind kind) {
    for (size_t i = 0; i < embedded_lists_count; i++)
        if (strcmp(embedded_lists[i].name, kind_names[kind]) == 0)
            return (struct str){ embedded_lists[i].text, embedded_lists[i].n };
    ASSERT(kind == LIST_FREE);
    return (struct str){ free_text, sizeof free_text - 1 };
}

struct lists *lists_new(void) {
    struct lists *lists = MEM_NEW(struct lists);
    for (unsigned kind = 0; kind < LIST_KINDS; kind++) {
        size_t line = 0;
        enum rc rc = set_list(lists, (enum list_kind) kind, embedded_text(kind), &line);
        ASSERT(rc == OK);
    }
    rebuild(lists);
    return lists;
}

void lists_free(struct lists **lists) {
    if (!*lists)
        return;
    for (size_t kind = 0; kind < LIST_KINDS; kind++)
        arena_free(&(*lists)->arenas[kind]);
    mem_free((*lists)->domains.slots);
    mem_free((*lists)->roles.slots);
    suggest_free(&(*lists)->suggest);
    mem_free(*lists);
    *lists = NULL;
}

/* --- asking --- */

#define MARK(kind) (1u << (kind))
/* Reserved domains are suffixes, and meant to be. */
#define OF_OWNERS (MARK(LIST_DISPOSABLE) | MARK(LIST_ALLOWED) | MARK(LIST_FREE))

static unsigned domain_marks(const struct lists *lists, struct str domain) {
    unsigned marks = table_marks(&lists->domains, domain);
    size_t dot = str_find(domain, '.');
    while (dot < domain.n) {
        domain = str_sub(domain, dot + 1, domain.n);
        unsigned above = table_marks(&lists->domains, domain);
        if ((above & OF_OWNERS) && host_is_public_suffix(domain))
            above &= ~OF_OWNERS;
        marks |= above;
        dot = str_find(domain, '.');
    }
    return marks;
}

static bool local_is_role(const struct lists *lists, const struct address *address) {
    char key[ADDRESS_LOCAL_MAX_BYTES];
    size_t n;
    role_key(address->local, key, &n);
    return n > 0 && table_marks(&lists->roles, (struct str){ key, n });
}

struct list_marks lists_marks(const struct lists *lists, const struct address *address) {
    unsigned marks = address->is_literal ? 0 : domain_marks(lists, address->domain);
    return (struct list_marks){
        .is_disposable = (marks & MARK(LIST_DISPOSABLE)) && !(marks & MARK(LIST_ALLOWED)),
        .is_free = marks & MARK(LIST_FREE),
        .is_special_use = marks & MARK(LIST_SPECIAL_USE),
        .is_role = local_is_role(lists, address),
    };
}

struct str lists_suggestion(const struct lists *lists, struct arena *arena,
                            const struct address *address) {
    unsigned known = MARK(LIST_ALLOWED) | MARK(LIST_FREE) | MARK(LIST_SPECIAL_USE);
    if (address->is_literal || (table_marks(&lists->domains, address->domain) & known))
        return STR_NONE;
    struct str domain = suggest_domain(lists->suggest, address->domain);
    if (!str_is_set(domain))
        return STR_NONE;
    return arena_printf(arena, "%.*s@%.*s", STR_FMT(address->local), STR_FMT(domain));
}
