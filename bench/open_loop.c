/* open_loop.c: asks one server for predictions at a fixed rate, and tells how long answers took.
 *
 *   open_loop PORT PATH BODY RATE SECONDS CONNECTIONS
 *
 * RATE is in requests a second; 0: each connection sends as soon as it has its answer. Prints:
 *   RESULT answered refused micros p50_us p99_us p999_us max_us late_us cpu_micros
 *
 * HOW IT WORKS. Request i is due at start + i / RATE, whatever became of those before it, and is
 * sent on a connection that is free, or on the first that becomes so. Its time counts from when it
 * was due: a server that stands still for 10 ms makes all requests of those 10 ms late, and it
 * shows. late_us is how much later than due the median request was sent: the generator's own share.
 *
 * LIMITATIONS. HTTP/1.1 with Content-Length only; one thread, which waits by polling.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 1024
#define MAX_ANSWERS     20000000u
#define ANSWER_SIZE     16384

typedef struct connection {
    int fd;
    uint64_t due_ns; /* of the request under way */
    size_t size;     /* of what came of its answer */
    char answer[ANSWER_SIZE];
} connection;

typedef struct run {
    int epoll_fd;
    connection *all;
    connection *free[MAX_CONNECTIONS];
    size_t n, n_free;
    char request[8192];
    size_t request_size;
    uint64_t start_ns, end_ns, step_ns; /* step_ns 0: closed loop */
    uint64_t n_sent, n_answered, n_refused;
    uint32_t *times_us, *late_us; /* (MAX_ANSWERS) */
} run;

static void fail(const char *what)
{
    fprintf(stderr, "open_loop: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void open_connection(run *r, connection *c, int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int one = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("connect");
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
        fail("epoll_ctl");
    r->free[r->n_free++] = c;
}

static void send_next(run *r, uint64_t now)
{
    connection *c = r->free[--r->n_free];
    c->due_ns = r->step_ns == 0 ? now : r->start_ns + r->n_sent * r->step_ns;
    c->size = 0;
    if (r->n_sent < MAX_ANSWERS)
        r->late_us[r->n_sent] = (uint32_t)((now - c->due_ns) / 1000u);
    if (write(c->fd, r->request, r->request_size) != (ssize_t)r->request_size)
        fail("write");
    r->n_sent++;
}

/* True once the whole answer is there. */
static bool is_whole(connection *c)
{
    c->answer[c->size] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n");
    if (end == NULL)
        return false;
    const char *length = strcasestr(c->answer, "\r\ncontent-length:");
    if (length == NULL || length > end)
        fail("an answer without Content-Length");
    const size_t head = (size_t)(end - c->answer) + 4;
    return c->size >= head + strtoul(length + 17, NULL, 10);
}

static void receive(run *r, connection *c)
{
    const ssize_t n = read(c->fd, c->answer + c->size, sizeof c->answer - 1 - c->size);
    if (n <= 0) {
        if (n < 0 && errno == EAGAIN)
            return;
        fail("read");
    }
    c->size += (size_t)n;
    if (!is_whole(c))
        return;
    r->n_refused += strncmp(c->answer + 9, "200", 3) != 0;
    if (r->n_answered < MAX_ANSWERS)
        r->times_us[r->n_answered] = (uint32_t)((now_ns() - c->due_ns) / 1000u);
    r->n_answered++;
    r->free[r->n_free++] = c;
}

static void let_run(run *r)
{
    struct epoll_event events[64];
    for (;;) {
        const uint64_t now = now_ns();
        const bool is_over = now >= r->end_ns;
        while (!is_over && r->n_free > 0 &&
               (r->step_ns == 0 || r->start_ns + r->n_sent * r->step_ns <= now))
            send_next(r, now);
        if (is_over && r->n_free == r->n)
            return;
        const int n = epoll_wait(r->epoll_fd, events, 64, 0); /* a sleep would be imprecise */
        for (int i = 0; i < n; i++)
            receive(r, events[i].data.ptr);
    }
}

static int compare(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static uint32_t at_share(const uint32_t *sorted, uint64_t n, double share)
{
    return n == 0 ? 0 : sorted[(uint64_t)((double)(n - 1) * share)];
}

static void report(run *r)
{
    struct rusage used;
    const uint64_t n = r->n_answered < MAX_ANSWERS ? r->n_answered : MAX_ANSWERS;
    const uint64_t micros = (now_ns() - r->start_ns) / 1000u;
    (void)getrusage(RUSAGE_SELF, &used);
    qsort(r->times_us, n, sizeof *r->times_us, compare);
    qsort(r->late_us, n, sizeof *r->late_us, compare);
    printf("RESULT %llu %llu %llu %u %u %u %u %u %lld\n", (unsigned long long)r->n_answered,
           (unsigned long long)r->n_refused, (unsigned long long)micros,
           at_share(r->times_us, n, 0.5), at_share(r->times_us, n, 0.99),
           at_share(r->times_us, n, 0.999), at_share(r->times_us, n, 1),
           at_share(r->late_us, n, 0.5),
           (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
               used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    static run r;
    if (argc != 7) {
        fprintf(stderr, "usage: open_loop PORT PATH BODY RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    const int port = (int)strtol(argv[1], NULL, 10);
    const double rate = strtod(argv[4], NULL);
    r.n = strtoul(argv[6], NULL, 10);
    r.n = r.n < 1 ? 1 : r.n > MAX_CONNECTIONS ? MAX_CONNECTIONS : r.n;
    r.request_size = (size_t)snprintf(r.request, sizeof r.request,
                                      "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                      "Content-Length: %zu\r\n\r\n%s",
                                      argv[2], strlen(argv[3]), argv[3]);
    if (r.request_size >= sizeof r.request)
        fail("the body is too long");
    r.all = calloc(r.n, sizeof *r.all);
    r.times_us = calloc(MAX_ANSWERS, sizeof *r.times_us);
    r.late_us = calloc(MAX_ANSWERS, sizeof *r.late_us);
    r.epoll_fd = epoll_create1(0);
    if (r.all == NULL || r.times_us == NULL || r.late_us == NULL || r.epoll_fd < 0)
        fail("start");
    for (size_t i = 0; i < r.n; i++)
        open_connection(&r, &r.all[i], port);
    r.step_ns = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
    r.start_ns = now_ns();
    r.end_ns = r.start_ns + (uint64_t)(strtod(argv[5], NULL) * 1e9);
    let_run(&r);
    report(&r);
    return 0;
}
