// Reference receiver: accepts on a unix stream socket, reads each connection to its end, closes it. One epoll loop, nothing kept.
// Every sender of the bench is measured against this one.
// On SIGTERM or SIGINT it prints one JSON line; `first_byte_ns` is CLOCK_MONOTONIC when the first report's first bytes were read.
// Use: sink PATH
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 4096, EVENTS = 256, BUFFER_BYTES = 1 << 20 };

static volatile sig_atomic_t stopping;
static void on_signal(int number) { (void)number; stopping = 1; }

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec * 1e-6; }

static long long monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int listen_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) { fprintf(stderr, "%s: too long for a unix socket\n", path); exit(2); }
    strcpy(address.sun_path, path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (void *)&address, sizeof address) || listen(listener, BACKLOG)) { perror(path); exit(1); }
    return listener;
}

static void watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) { perror("epoll_ctl"); exit(1); }
}

int main(int argc, char **argv) {
    if (argc != 2) { fprintf(stderr, "use: sink PATH\n"); return 2; }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    int listener = listen_on(argv[1]), epoll = epoll_create1(0);
    watch(epoll, listener);
    static char buffer[BUFFER_BYTES];
    struct epoll_event events[EVENTS];
    unsigned long connections = 0, bytes = 0;
    long long first_byte_ns = 0;
    while (!stopping) {
        int ready = epoll_wait(epoll, events, EVENTS, 200);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd, peer;
            if (fd == listener) {
                while ((peer = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) watch(epoll, peer);
                continue;
            }
            ssize_t got = read(fd, buffer, sizeof buffer);
            if (got > 0) {
                bytes += got;
                if (!first_byte_ns) first_byte_ns = monotonic_ns();
            } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
                close(fd);
                connections += 1;
            }
        }
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"connections\": %lu, \"bytes\": %lu, \"first_byte_ns\": %lld, \"user_seconds\": %.6f, \"system_seconds\": %.6f}\n",
           connections, bytes, first_byte_ns, seconds(used.ru_utime), seconds(used.ru_stime));
    return 0;
}
