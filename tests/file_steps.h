/* For tests that stop a writer at each of its steps: the system calls of files, each of which
 * first calls the test's own step(). Included by one file of a program. */
#ifndef TESTS_FILE_STEPS_H
#define TESTS_FILE_STEPS_H

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void step(void);

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    step();
    return syscall(SYS_pwrite64, fd, p, n, at);
}

/* A process that ends loses nothing that it wrote, synced or not. */
int fsync(int fd) {
    (void) fd;
    step();
    return 0;
}

int rename(const char *from, const char *to) {
    step();
    return (int) syscall(SYS_rename, from, to);
}

#endif
