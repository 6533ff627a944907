/* The validation engine alone, for tests and benchmarks: no database, no HTTP.
 *
 * validate KEY=VALUE... <commands: dns, port, helo, mail_from, sources, private, probe, scale,
 * reply_ms, connect_ms, dialogue_ms, address_ms, site_connections, site_per_minute, connections,
 * site_recipients, per_day, active, cache=FILE, end_ms, cancel_after_ms.
 * Each line of standard input is "QUEUE<TAB>ADDRESS" (0 to 9); a line for each answer goes to
 * standard output: JSON with queue, address and what was found. At the end a line with the
 * statistics, and one for each unmatched reply. With cancel_after_ms queue 0 is canceled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "verify/verify.h"

enum { QUEUES = 10, TAKE = 256, LINE_MAX_BYTES = 4096 };

struct line {
    int queue;
    char *address;
};

struct run {
    struct verify_engine *engine;
    struct verify_queue *queues[QUEUES];
    struct line *lines;
    size_t n, room;
    int64_t end_ms, cancel_after_ms, began_ms;
    int64_t kilobytes_before, kilobytes_most, bytes_queued; /* resident; of one queued address */
};

/* --- a cache in memory that may be kept in a file: "kind<TAB>key<TAB>expires<TAB>value" --- */

struct kept {
    char *key, *value;
    int64_t expires_at_ms;
    int kind;
};

static struct {
    struct map map;
    const char *path;
} memory;

static const char *cache_key(struct arena *arena, int kind, struct str key) {
    return arena_printf(arena, "%d\t%.*s", kind, STR_FMT(key)).p;
}

static void look_up(void *arg, struct arena *arena, struct verify_cache_entry *entries, size_t n) {
    (void) arg;
    for (size_t i = 0; i < n; i++) {
        struct kept *kept = map_get(&memory.map,
                                    str_of(cache_key(arena, (int) entries[i].kind, entries[i].key)));
        if (!kept || kept->expires_at_ms <= clock_now(&clock_system))
            continue;
        entries[i].value = arena_str(arena, str_of(kept->value));
        entries[i].expires_at_ms = kept->expires_at_ms;
    }
}

static void keep(struct arena *arena, const struct verify_cache_entry *entry) {
    const char *key = cache_key(arena, (int) entry->kind, entry->key);
    struct kept *kept = map_get(&memory.map, str_of(key));
    if (!kept) {
        kept = MEM_NEW(struct kept);
        kept->key = mem_strdup(key);
        map_put(&memory.map, str_of(kept->key), kept);
    }
    mem_free(kept->value);
    kept->value = mem_strdup(arena_cstr(arena, entry->value));
    kept->expires_at_ms = entry->expires_at_ms;
}

static void store(void *arg, const struct verify_cache_entry *entries, size_t n) {
    (void) arg;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < n; i++)
        keep(arena, &entries[i]);
    arena_free(&arena);
}

static void load_cache(void) {
    FILE *file = fopen(memory.path, "r");
    struct arena *arena = arena_new();
    char line[LINE_MAX_BYTES];
    while (file && fgets(line, sizeof line, file)) {
        struct str rest = str_trim(str_of(line)), part[3];
        struct verify_cache_entry entry = { .kind = CACHE_DOMAIN };
        int64_t kind = 0;
        for (int i = 0; i < 3; i++)
            ASSERT(str_cut(&rest, '\t', &part[i]));
        ASSERT(str_to_i64(part[0], &kind) == OK && str_to_i64(part[2], &entry.expires_at_ms) == OK);
        entry.kind = (enum verify_cache_kind) kind;
        entry.key = part[1];
        entry.value = rest;
        keep(arena, &entry);
    }
    if (file)
        fclose(file);
    arena_free(&arena);
}

static void end_cache(void) {
    FILE *file = memory.path ? fopen(memory.path, "w") : NULL;
    size_t at = 0;
    struct str key;
    void *value;
    while (map_next(&memory.map, &at, &key, &value)) {
        struct kept *kept = value;
        if (file)
            fprintf(file, "%s\t%lld\t%s\n", kept->key, (long long) kept->expires_at_ms, kept->value);
        mem_free(kept->value);
        mem_free(kept->key);
        mem_free(kept);
    }
    map_done(&memory.map);
    if (file)
        fclose(file);
}

/* --- options --- */

struct setting {
    const char *name;
    int64_t *number;
    struct str *text;
    struct strs *list;
};

static void set_list(struct arena *arena, struct strs *list, struct str value) {
    struct str part;
    list->p = ARENA_ARRAY(arena, 64, struct str);
    while (list->n < 64 && str_cut(&value, ',', &part))
        list->p[list->n++] = part;
}

static void set_option(struct arena *arena, const struct setting *settings, size_t n,
                       const char *argument) {
    struct str value = str_of(argument), name;
    ASSERT(str_cut(&value, '=', &name));
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(name, str_of(settings[i].name)))
            continue;
        if (settings[i].number)
            ASSERT(str_to_i64(value, settings[i].number) == OK);
        if (settings[i].text)
            *settings[i].text = value;
        if (settings[i].list)
            set_list(arena, settings[i].list, value);
        return;
    }
    fprintf(stderr, "unknown option %s\n", argument);
    exit(2);
}

/* --- lines --- */

static void read_lines(struct run *run) {
    char text[LINE_MAX_BYTES];
    while (fgets(text, sizeof text, stdin)) {
        if (run->n == run->room) {
            run->room = run->room ? run->room * 2 : 1024;
            run->lines = mem_resize(run->lines, run->room * sizeof *run->lines);
        }
        text[strcspn(text, "\n")] = '\0';
        ASSERT(text[0] >= '0' && text[0] <= '9' && text[1] == '\t');
        run->lines[run->n++] = (struct line){ text[0] - '0', mem_strdup(text + 2) };
    }
}

/* Resident memory of the process, now. */
static int64_t kilobytes(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long long total = 0, resident = 0;
    ASSERT(file && fscanf(file, "%lld %lld", &total, &resident) == 2);
    fclose(file);
    return resident * 4;
}

static void note_memory(struct run *run) {
    struct verify_stats s = verify_engine_stats(run->engine);
    int64_t now = kilobytes();
    run->kilobytes_most = now > run->kilobytes_most ? now : run->kilobytes_most;
    if (s.queued)
        run->bytes_queued = s.bytes / s.queued;
}

static void submit_lines(struct run *run) {
    for (size_t i = 0; i < run->n; i++) {
        struct verify_input input = { str_of(run->lines[i].address), i };
        while (verify_submit(run->queues[run->lines[i].queue], &input, 1) != 1)
            (void) verify_take(run->queues[run->lines[i].queue], NULL, 0, 10);
        if (i % 5000 == 0)
            note_memory(run);
    }
}

static void print_answer(const struct run *run, const struct verify_answer *a) {
    struct buf b = buf_on_heap((size_t) 1 << 16);
    const struct reason_facts *facts = reason_facts(a->verdict.reason);
    buf_json(&b, str_of(run->lines[a->tag].address));
    printf("{\"queue\":%d,\"address\":\"%.*s\",\"result\":\"%s\",\"catch_all\":%s,\"reason\":\"%s\","
           "\"detail\":\"%s\",\"provider\":\"%s\",\"code\":%d,\"enhanced\":\"%d.%d.%d\","
           "\"cached\":%s,\"role\":%s,\"ms\":%lld}\n",
           run->lines[a->tag].queue, (int) b.n, b.p, verify_result_name(a->verdict.result),
           a->verdict.catch_all ? "true" : "false", facts->word, facts->detail,
           provider_facts(a->provider)->name, a->reply_code, a->reply_enhanced[0],
           a->reply_enhanced[1], a->reply_enhanced[2], a->is_cached ? "true" : "false",
           a->marks.is_role ? "true" : "false", (long long) (monotonic_ms() - run->began_ms));
    buf_done(&b);
}

static bool take_all(struct run *run) {
    struct verify_answer answers[TAKE];
    bool more = false;
    for (int q = 0; q < QUEUES; q++) {
        size_t n = verify_take(run->queues[q], answers, TAKE, 2);
        for (size_t i = 0; i < n; i++)
            print_answer(run, &answers[i]);
        more |= verify_pending(run->queues[q]) > 0;
    }
    return more;
}

static void work(struct run *run) {
    bool canceled = !run->cancel_after_ms;
    while (note_memory(run), take_all(run) && monotonic_ms() - run->began_ms < run->end_ms) {
        if (!canceled && monotonic_ms() - run->began_ms >= run->cancel_after_ms) {
            verify_cancel(run->queues[0]);
            canceled = true;
        }
    }
}

static void print_stats(struct run *run) {
    struct arena *arena = arena_new();
    struct verify_stats s = verify_engine_stats(run->engine);
    printf("{\"stats\":{\"submitted\":%lld,\"deliverable\":%lld,\"risky\":%lld,\"unknown\":%lld,"
           "\"undeliverable\":%lld,\"cache_hits\":%lld,\"dns_queries\":%lld,\"connects\":%lld,"
           "\"recipients\":%lld,\"retries\":%lld,\"blocks\":%lld,\"unmatched\":%lld,"
           "\"kilobytes\":%lld,\"bytes_queued\":%lld,\"ms\":%lld}}\n",
           (long long) s.submitted, (long long) s.results[0], (long long) s.results[1],
           (long long) s.results[2], (long long) s.results[3], (long long) s.cache_hits,
           (long long) s.dns_queries, (long long) s.connects, (long long) s.recipients,
           (long long) s.retries, (long long) s.blocks, (long long) s.unmatched,
           (long long) (run->kilobytes_most - run->kilobytes_before), (long long) run->bytes_queued,
           (long long) (monotonic_ms() - run->began_ms));
    struct strs lines = verify_unmatched(run->engine, arena);
    for (size_t i = 0; i < lines.n; i++) {
        struct buf b = buf_in(arena, (size_t) 1 << 14);
        buf_json(&b, lines.p[i]);
        printf("{\"unmatched\":\"%.*s\"}\n", (int) b.n, b.p);
    }
    arena_free(&arena);
}

static void run_engine(struct run *run) {
    read_lines(run);
    run->began_ms = monotonic_ms();
    for (int q = 0; q < QUEUES; q++)
        run->queues[q] = verify_queue_new(run->engine, NULL, NULL);
    run->kilobytes_before = kilobytes();
    submit_lines(run);
    work(run);
    print_stats(run);
    for (int q = 0; q < QUEUES; q++)
        verify_queue_close(&run->queues[q]);
    for (size_t i = 0; i < run->n; i++)
        mem_free(run->lines[i].address);
    mem_free(run->lines);
}

int main(int argc, char **argv) {
    struct arena *arena = arena_new();
    struct verify_cache cache = { .look_up = look_up, .store = store, .secret = "tests" };
    struct verify_options o = { .lists = lists_new() };
    struct run run = { .end_ms = 60000 };
    struct str cache_path = STR_NONE;
    int64_t private = 0, probe = 1, bare = 0, scale_permille = 1000;
    const struct setting settings[] = {
        { "dns", NULL, NULL, &o.dns_servers }, { "port", &o.smtp_port, NULL, NULL },
        { "helo", NULL, &o.helo, NULL }, { "mail_from", NULL, &o.mail_from, NULL },
        { "sources", NULL, NULL, &o.source_addresses }, { "private", &private, NULL, NULL },
        { "probe", &probe, NULL, NULL }, { "bare", &bare, NULL, NULL }, { "scale_permille", &scale_permille, NULL, NULL },
        { "reply_ms", &o.reply_ms, NULL, NULL }, { "connect_ms", &o.connect_ms, NULL, NULL },
        { "dialogue_ms", &o.dialogue_ms, NULL, NULL }, { "address_ms", &o.address_ms, NULL, NULL },
        { "dns_timeout_ms", &o.dns_timeout_ms, NULL, NULL },
        { "site_connections", &o.site_connections, NULL, NULL },
        { "site_per_minute", &o.site_connects_per_minute, NULL, NULL },
        { "site_recipients", &o.site_recipients, NULL, NULL },
        { "connections", &o.connections_max, NULL, NULL }, { "per_day", &o.source_per_day, NULL, NULL },
        { "active", &o.active_max, NULL, NULL }, { "end_ms", &run.end_ms, NULL, NULL },
        { "cancel_after_ms", &run.cancel_after_ms, NULL, NULL }, { "cache", NULL, &cache_path, NULL },
    };
    for (int i = 1; i < argc; i++)
        set_option(arena, settings, LENGTH(settings), argv[i]);
    o.allow_private = private;
    o.probe = probe;
    o.bare_rejects = bare;
    o.retry_scale = (double) scale_permille / 1000;
    if (str_is_set(cache_path)) {
        memory.path = cache_path.p;
        load_cache();
        o.cache = &cache;
    }
    const char *reason = NULL;
    if (verify_engine_new(&o, &run.engine, &reason) != OK) {
        fprintf(stderr, "%s\n", reason);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    run_engine(&run);
    verify_engine_free(&run.engine);
    end_cache();
    lists_free((struct lists **) (uintptr_t) &o.lists);
    arena_free(&arena);
    return 0;
}
