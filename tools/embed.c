/* Writes the C source of the migrations: embed DIR > migrations.c
 * Reads NNNN_name.sql, and NNNN_name.pg.sql where PostgreSQL needs its own text. */
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

int main(int argc, char **argv) {
    struct dirent **found;
    int n = argc == 2 ? scandir(argv[1], &found, is_migration, alphasort) : -1;
    if (n < 0) {
        fprintf(stderr, "usage: embed DIR\n");
        return 2;
    }
    int *has_pg = calloc((size_t) n + 1, sizeof *has_pg);
    printf("#include \"store/migrations.h\"\n");
    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], found[i]->d_name);
        write_bytes(path, "sql", i);
        snprintf(path, sizeof path, "%s/%.*s.pg.sql", argv[1],
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
    return 0;
}
