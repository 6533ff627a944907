/* The real files that tests read; they lie beside the project, and the tests run in its
 * top folder. */
#ifndef TESTS_SHARED_DATA_H
#define TESTS_SHARED_DATA_H

#include <fcntl.h>

#include "test.h"

#define SHARED_DATA "../shared/data/"

/* An open descriptor, which the caller closes. */
static inline int open_shared_data(const char *path) {
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        print_error("this test reads %s, which is not there\n", path);
    assert_true(fd >= 0);
    return fd;
}

#endif
