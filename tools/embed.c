/* Writes texts as C source.
 * embed sql DIR > migrations.c: NNNN_name.sql, and NNNN_name.pg.sql where PostgreSQL needs
 * its own text (store/migrations.h).
 * embed lists DIR > lists.c: name.txt (verify/lists_embedded.h).
 * embed model FILE > reply_model.c: its bytes (reply/model_embedded.h). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_migration(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return n > 9 && strcmp(entry->d_name + n - 4, ".sql") == 0
           && (n < 8 || strcmp(entry->d_name + n - 7, ".pg.sql") != 0);
}

/* The file's bytes as numbers: no limit on literals, nothing to escape. */
static int write_bytes(const char *path, const char *symbol, int number) {
    FILE *in = fopen(path, "rb");
    if (!in)
        return 0;
    printf("static const char %s_%d[] = {", symbol, number);
    for (int c, column = 0; (c = getc(in)) != EOF; column++)
        printf("%s%d,", column % 24 ? "" : "\n", (signed char) c);
    printf("0};\n");
    fclose(in);
    return 1;
}

static int is_list(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return n > 4 && strcmp(entry->d_name + n - 4, ".txt") == 0;
}

static void write_lists(const char *folder, struct dirent **found, int n) {
    char path[4096];
    printf("#include \"verify/lists_embedded.h\"\n");
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
        write_bytes(path, "list", i);
    }
    printf("const struct embedded_list embedded_lists[] = {\n");
    for (int i = 0; i < n; i++)
        printf("{ \"%.*s\", list_%d, sizeof list_%d - 1 },\n",
               (int) strlen(found[i]->d_name) - 4, found[i]->d_name, i, i);
    printf("};\nconst size_t embedded_lists_count = %d;\n", n);
}

static void write_migrations(const char *folder, struct dirent **found, int n) {
    int *has_pg = calloc((size_t) n + 1, sizeof *has_pg);
    printf("#include \"store/migrations.h\"\n");
    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
        write_bytes(path, "sql", i);
        snprintf(path, sizeof path, "%s/%.*s.pg.sql", folder,
                 (int) strlen(found[i]->d_name) - 4, found[i]->d_name);
        has_pg[i] = write_bytes(path, "pg", i);
    }
    printf("const struct migration migrations[] = {\n");
    for (int i = 0; i < n; i++) {
        printf("{ %d, \"%.*s\", sql_%d, ", atoi(found[i]->d_name),
               (int) strlen(found[i]->d_name) - 4, found[i]->d_name, i);
        printf(has_pg[i] ? "pg_%d },\n" : "NULL },\n", i);
    }
    printf("};\nconst size_t migrations_count = %d;\n", n);
}

static int write_model(const char *path) {
    printf("#include \"reply/model_embedded.h\"\n");
    if (!write_bytes(path, "model", 0))
        return 0;
    /* without the NUL behind it, which goes with write_bytes */
    printf("const char *const reply_model = model_0;\n"
           "const size_t reply_model_size = sizeof model_0 - 1;\n");
    return 1;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "model") == 0)
        return write_model(argv[2]) ? 0 : 1;
    int lists = argc == 3 && strcmp(argv[1], "lists") == 0;
    struct dirent **found;
    int n = argc == 3 ? scandir(argv[2], &found, lists ? is_list : is_migration, alphasort) : -1;
    if (n < 0 || (!lists && strcmp(argv[1], "sql") != 0)) {
        fprintf(stderr, "usage: embed sql|lists DIR, embed model FILE\n");
        return 2;
    }
    if (lists)
        write_lists(argv[2], found, n);
    else
        write_migrations(argv[2], found, n);
    return 0;
}
