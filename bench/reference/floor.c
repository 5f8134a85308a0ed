// Reference floor: what the kernel alone asks for one report. socket, connect, sendmsg(header + body), [half-close, wait for
// the peer's end of file,] close: one payload, hot in the cache; no counters, one report at a time. Back to back with an interval of
// 0; otherwise it sleeps until the next multiple of the interval, and that is all of its schedule. Prints one JSON line.
// Use: floor PATH REPORT_BYTES SECONDS written|confirmed INTERVAL_NS
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_BYTES = 10 };

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec * 1e-6; }

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void fail(const char *what) { perror(what); exit(1); }

static void send_all(int fd, struct iovec *parts, int count) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    size_t wanted = 0;
    for (int i = 0; i < count; i++) wanted += parts[i].iov_len;
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0) fail("sendmsg");
    if ((size_t)sent != wanted) { fprintf(stderr, "sendmsg: %zd bytes of %zu\n", sent, wanted); exit(1); }
}

static void report(const struct sockaddr_un *address, const char *body, size_t body_bytes, long number, int confirmed) {
    char header[HEADER_BYTES + 1], end;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) fail("socket");
    if (connect(fd, (const void *)address, sizeof *address)) fail("connect");
    snprintf(header, sizeof header, "\n\x08%08ld", number % 100000000);
    struct iovec parts[2] = {{header, HEADER_BYTES}, {(void *)body, body_bytes}};
    send_all(fd, parts, 2);
    if (confirmed) {
        if (shutdown(fd, SHUT_WR)) fail("shutdown");
        if (read(fd, &end, 1) != 0) { fprintf(stderr, "expected the peer's end of file\n"); exit(1); }
    }
    close(fd);
}

static void sleep_until(struct timespec *due, long interval_ns) {
    due->tv_nsec += interval_ns;
    due->tv_sec += due->tv_nsec / 1000000000;
    due->tv_nsec %= 1000000000;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, 0);
}

int main(int argc, char **argv) {
    if (argc != 6 || atol(argv[2]) <= HEADER_BYTES) {
        fprintf(stderr, "use: floor PATH REPORT_BYTES SECONDS written|confirmed INTERVAL_NS\n");
        return 2;
    }
    size_t body_bytes = strtoul(argv[2], 0, 10) - HEADER_BYTES;
    double limit = atof(argv[3]);
    int confirmed = strcmp(argv[4], "confirmed") == 0;
    long interval_ns = atol(argv[5]);
    char *body = malloc(body_bytes);
    for (size_t i = 0; i < body_bytes; i++) body[i] = rand();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double started = now(), elapsed;
    long reports = 0;
    do {
        if (interval_ns) sleep_until(&due, interval_ns);
        report(&address, body, body_bytes, reports++, confirmed);
        elapsed = now() - started;
    } while (elapsed < limit);
    getrusage(RUSAGE_SELF, &after);
    printf("{\"reports\": %ld, \"elapsed_seconds\": %.6f, \"user_seconds\": %.6f, \"system_seconds\": %.6f}\n", reports, elapsed,
           seconds(after.ru_utime) - seconds(before.ru_utime), seconds(after.ru_stime) - seconds(before.ru_stime));
    return 0;
}
