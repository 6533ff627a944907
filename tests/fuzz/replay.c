/* Runs a fuzz target over its corpus: replay FILE|FOLDER... Each input is given whole
 * and cut off at up to CUTS places, because the end of the input is where parsers
 * read too far. Prints how many inputs ran; none is a failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 64 };

/* In a block of exactly its size, so that the sanitizer sees one byte too many. */
static void run_once(const uint8_t *data, size_t size) {
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact)
        abort();
    memcpy(exact, data, size);
    (void) LLVMFuzzerTestOneInput(exact, size); /* always 0 by libFuzzer's contract */
    free(exact);
}

static int replay_file(const char *path, size_t size) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size + 1);
    if (!file || !data || fread(data, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    run_once(data, size);
    for (size_t i = 1, last = size; i < CUTS; i++) {
        size_t cut = size * i / CUTS;
        if (cut != last)
            run_once(data, cut);
        last = cut;
    }
    free(data);
    return 1;
}

static int replay(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) {
        fprintf(stderr, "%s: not found\n", path);
        exit(1);
    }
    if (!S_ISDIR(info.st_mode))
        return replay_file(path, (size_t) info.st_size);
    struct dirent **found;
    int count = scandir(path, &found, NULL, alphasort), done = 0;
    for (int i = 0; i < count; i++) {
        char name[4096];
        int length = snprintf(name, sizeof name, "%s/%s", path, found[i]->d_name);
        if (found[i]->d_name[0] != '.' && length > 0 && (size_t) length < sizeof name)
            done += replay(name);
        free(found[i]);
    }
    if (count >= 0)
        free(found);
    return done;
}

int main(int argc, char **argv) {
    int done = 0;
    for (int i = 1; i < argc; i++)
        done += replay(argv[i]);
    printf("%d inputs\n", done);
    return done == 0;
}
