#include "cli/bar.h"

enum { WIDTH = 30 };

void cli_bar(FILE *out, int64_t done, int64_t total) {
    fputc('\r', out);
    if (total <= 0)
        return;
    done = done < 0 ? 0 : done < total ? done : total;
    int filled = (int) (done * WIDTH / total);
    fprintf(out, "[%.*s%.*s] %3lld%%  ", filled, "##############################", WIDTH - filled,
            "..............................", (long long) (done * 100 / total));
}
