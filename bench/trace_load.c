/* trace_load.c: asks a server for one model after the other, as a file says, over many connections.
 *
 *   trace_load PORT CONNECTIONS PROBE TRACE BODIES
 *
 * TRACE: a line a request, "NAME KIND"; BODIES: line KIND (from 0) is the body for models of that
 * kind. Each connection takes the next line when its last answer has come. One more connection asks
 * for the model PROBE (kind 0), which is always in memory, all the time: its times tell what hits
 * feel of the misses of others. Prints "RESULT answered refused micros" and "PROBE n p50 p99 max"
 * (in microseconds), "ALL n p50 p99 max". */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINES  1000000
#define MAX_KINDS  16
#define MAX_PROBES 10000000

static char *names[MAX_LINES], *bodies[MAX_KINDS];
static int kinds[MAX_LINES], port;
static uint32_t took_us[MAX_LINES], *probe_us;
static size_t n_lines, n_kinds, n_probes;
static atomic_size_t next_line, n_refused;
static atomic_bool over;
static const char *probe;

static uint64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int dial(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail("connect");
    return fd;
}

/* One answer, head and body; true if its status is 200. */
static bool read_answer(int fd)
{
    static _Thread_local char answer[65536];
    size_t n = 0, want = 0;
    while (want == 0 || n < want) {
        const ssize_t got = read(fd, answer + n, sizeof answer - 1 - n);
        if (got <= 0)
            fail("read");
        n += (size_t)got;
        answer[n] = '\0';
        const char *end = strstr(answer, "\r\n\r\n");
        const char *length = strcasestr(answer, "content-length:");
        if (want == 0 && end != NULL && length != NULL)
            want = (size_t)(end + 4 - answer) + strtoul(length + 15, NULL, 10);
    }
    return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

static uint32_t ask(int fd, const char *name, int kind, bool *ok)
{
    char request[8192];
    const int n = snprintf(request, sizeof request,
                           "POST /models/%s/predict HTTP/1.1\r\nHost: x\r\nContent-Type: "
                           "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                           name, strlen(bodies[kind]), bodies[kind]);
    const uint64_t start = now_us();
    if (write(fd, request, (size_t)n) != n)
        fail("write");
    *ok = read_answer(fd);
    return (uint32_t)(now_us() - start);
}

static void *follow_trace(void *unused)
{
    const int fd = dial();
    (void)unused;
    for (size_t i; (i = atomic_fetch_add(&next_line, 1)) < n_lines;) {
        bool ok = false;
        took_us[i] = ask(fd, names[i], kinds[i], &ok);
        if (!ok)
            atomic_fetch_add(&n_refused, 1);
    }
    (void)close(fd);
    return NULL;
}

static void *ask_probe(void *unused)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    const int fd = dial();
    (void)unused;
    while (!atomic_load(&over) && n_probes < MAX_PROBES) {
        bool ok = false;
        probe_us[n_probes++] = ask(fd, probe, 0, &ok);
        if (!ok)
            atomic_fetch_add(&n_refused, 1);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void show(const char *what, uint32_t *times, size_t n)
{
    qsort(times, n, sizeof *times, ascending);
    (void)printf("%s %zu %u %u %u\n", what, n, times[n / 2], times[n * 99 / 100], times[n - 1]);
}

static void read_lines(const char *trace, const char *path)
{
    char line[4096], name[256];
    FILE *from = fopen(trace, "r");
    while (from != NULL && n_lines < MAX_LINES && fgets(line, sizeof line, from) != NULL) {
        if (sscanf(line, "%255s %d", name, &kinds[n_lines]) == 2)
            names[n_lines++] = strdup(name);
    }
    FILE *texts = fopen(path, "r");
    while (texts != NULL && n_kinds < MAX_KINDS && fgets(line, sizeof line, texts) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        bodies[n_kinds++] = strdup(line);
    }
    if (n_lines == 0 || n_kinds == 0)
        fail("trace");
}

int main(int argc, char **argv)
{
    pthread_t threads[256], prober;
    if (argc != 6)
        return 2;
    port = atoi(argv[1]);
    const int n = atoi(argv[2]) < 256 ? atoi(argv[2]) : 256;
    probe = argv[3];
    read_lines(argv[4], argv[5]);
    probe_us = calloc(MAX_PROBES, sizeof *probe_us);
    const uint64_t start = now_us();
    (void)pthread_create(&prober, NULL, ask_probe, NULL);
    for (int i = 0; i < n; i++)
        (void)pthread_create(&threads[i], NULL, follow_trace, NULL);
    for (int i = 0; i < n; i++)
        (void)pthread_join(threads[i], NULL);
    atomic_store(&over, true);
    (void)pthread_join(prober, NULL);
    (void)printf("RESULT %zu %zu %llu\n", n_lines, atomic_load(&n_refused),
                 (unsigned long long)(now_us() - start));
    show("PROBE", probe_us, n_probes);
    show("ALL", took_us, n_lines);
    return 0;
}
