/* The program, which ends itself as a power cut would: OUTRIDER_TEST_KILL="STEP PORT[,PORT]"
 * kills it before the STEPth of the calls below that come after the first connection to one of
 * the ports. So whoever runs it with 0, 1, 2 … comes upon every point at which a message that
 * is being sent can be left: what is written to files or to a database server, and each part of
 * the conversation with the mail server. Links src/main.c (Makefile). */
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PORTS = 4 };

static atomic_bool is_armed;
static atomic_long steps_left;
static _Thread_local bool is_sender; /* this thread talks to the mail server */

struct when {
    long step;
    long ports[PORTS];
    int n;
};

static struct when read_when(void) {
    struct when when = { .step = -1 };
    const char *text = getenv("OUTRIDER_TEST_KILL");
    char *rest = NULL;
    if (!text)
        return when;
    when.step = strtol(text, &rest, 10);
    while (*rest && when.n < PORTS)
        when.ports[when.n++] = strtol(rest + 1, &rest, 10);
    return when;
}

static void arm(const struct sockaddr *to) {
    const struct when when = read_when();
    struct sockaddr_in address = { 0 };
    if (to->sa_family != AF_INET || when.step < 0)
        return;
    memcpy(&address, to, sizeof address);
    for (int i = 0; i < when.n; i++) {
        if (when.ports[i] != ntohs(address.sin_port))
            continue;
        is_sender = true;
        if (!atomic_exchange(&is_armed, true))
            atomic_store(&steps_left, when.step);
    }
}

static void step(void) {
    if (atomic_load(&is_armed) && atomic_fetch_sub(&steps_left, 1) == 0)
        (void) raise(SIGKILL);
}

/* --- in place of the C library's --- */

int connect(int fd, const struct sockaddr *to, socklen_t n) {
    arm(to);
    return (int) syscall(SYS_connect, fd, to, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    step();
    return syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) {
    return pwrite(fd, p, n, at);
}

int fdatasync(int fd) {
    step();
    return (int) syscall(SYS_fdatasync, fd);
}

ssize_t send(int fd, const void *p, size_t n, int flags) {
    if (is_sender)
        step();
    return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

ssize_t recv(int fd, void *p, size_t n, int flags) {
    if (is_sender)
        step();
    return syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
}
