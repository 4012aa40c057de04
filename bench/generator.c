/* generator.c: asks one server for predictions, as fast as it answers, from one thread.
 *
 *   generator PORT CONNECTIONS SECONDS BODIES
 *
 * BODIES holds a request body a line; each request sends the next one. Prints one line:
 *   RESULT requests micros broken refused cpu_micros
 *
 * HOW IT WORKS. Every connection has one request under way. In a fixed round the generator waits
 * for a connection's answer and sends its next request: two system calls a request, no epoll.
 *
 * Why so. wrk is the usual choice. Against nginx here it used all of its core (211,000 requests/s),
 * so the figure was its own and not nginx's. A generator must be cheaper than what it measures.
 *
 * LIMITATIONS. HTTP/1.1 with Content-Length only. It measures rates, not latencies: in a closed
 * loop with a saturated server a latency is the number of connections over the rate.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 1024
#define MAX_REQUESTS    65536
#define ANSWER_SIZE     16384
#define TIMEOUT_S       20

typedef struct request {
    char *text;
    size_t size;
} request;

typedef struct counts {
    uint64_t answered, broken, refused;
} counts;

static request requests[MAX_REQUESTS];
static size_t n_requests;
static int connections[MAX_CONNECTIONS]; /* -1: closed */

static void fail(const char *what)
{
    fprintf(stderr, "generator: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void read_requests(const char *path, int port)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail(path);
    while (n_requests < MAX_REQUESTS && fgets(line, sizeof line, file) != NULL) {
        request *next = &requests[n_requests++];
        line[strcspn(line, "\n")] = '\0';
        const int size = asprintf(&next->text,
                                  "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                                  "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                  port, strlen(line), line);
        if (size < 0)
            fail("memory");
        next->size = (size_t)size;
    }
    fclose(file);
    if (n_requests == 0)
        fail("no bodies");
}

static int open_connection(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    return fd;
}

/* Bytes of the whole answer, once its headers are there; 0 before. */
static size_t answer_size(const char *answer)
{
    const char *blank = strstr(answer, "\r\n\r\n");
    const char *length = strcasestr(answer, "\r\ncontent-length:");
    if (blank == NULL || length == NULL || length > blank)
        return 0;
    return (size_t)(blank + 4 - answer) + strtoul(length + 17, NULL, 10);
}

/* Reads one answer. False when the connection broke before its end. */
static bool read_answer(int fd, char *answer)
{
    size_t size = 0;
    for (;;) {
        const ssize_t n = recv(fd, answer + size, ANSWER_SIZE - 1 - size, 0);
        if (n <= 0)
            return false;
        size += (size_t)n;
        answer[size] = '\0';
        const size_t whole = answer_size(answer);
        if (whole != 0 && size >= whole)
            return true;
    }
}

/* Sends the next request on a connection; opens it again if the server closed it. */
static void send_next(int at, int port)
{
    static size_t next;
    const request *it = &requests[next++ % n_requests];
    if (connections[at] < 0)
        connections[at] = open_connection(port);
    if (send(connections[at], it->text, it->size, MSG_NOSIGNAL) != (ssize_t)it->size) {
        close(connections[at]);
        connections[at] = -1;
    }
}

static void take_answer(int at, counts *out)
{
    static char answer[ANSWER_SIZE];
    if (connections[at] < 0 || !read_answer(connections[at], answer)) {
        out->broken++;
    } else {
        out->answered++;
        out->refused += strncmp(answer, "HTTP/1.1 200", 12) != 0;
        if (strcasestr(answer, "connection: close") == NULL)
            return;
    }
    close(connections[at]);
    connections[at] = -1;
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static uint64_t cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    counts total = {0};
    if (argc != 5) {
        fputs("usage: generator PORT CONNECTIONS SECONDS BODIES\n", stderr);
        return 2;
    }
    const int port = (int)strtol(argv[1], NULL, 10);
    const int n = (int)strtol(argv[2], NULL, 10);
    const uint64_t duration_us = strtoul(argv[3], NULL, 10) * 1000000u;
    if (n < 1 || n > MAX_CONNECTIONS)
        fail("connections");
    read_requests(argv[4], port);
    for (int i = 0; i < n; i++) {
        connections[i] = -1;
        send_next(i, port);
    }

    const uint64_t start_us = now_us(), start_cpu_us = cpu_us();
    while (now_us() - start_us < duration_us) {
        for (int i = 0; i < n; i++) {
            take_answer(i, &total);
            send_next(i, port);
        }
    }
    printf("RESULT %ju %ju %ju %ju %ju\n", (uintmax_t)total.answered,
           (uintmax_t)(now_us() - start_us), (uintmax_t)total.broken, (uintmax_t)total.refused,
           (uintmax_t)(cpu_us() - start_cpu_us));
    return 0;
}
