/* fetch.c: HTTP/1.1 with "Connection: close": what comes until the end is the answer. */
#include "cli/fetch.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/alloc.h"

#define SECONDS 10 /* of silence, until we give up */

typedef struct address {
    char host[256], port[16];
} address;

static mc_status read_url(const char *url, address *out, mc_error *err)
{
    const char *at = strncmp(url, "http://", 7) == 0 ? url + 7 : url;
    const size_t size = strcspn(at, "/");
    const char *end = at + size, *colon = memrchr(at, ':', size);
    const bool is_port = colon == NULL && size > 0 && strspn(at, "0123456789") == size;
    const char *port = is_port ? at : colon == NULL ? NULL : colon + 1;
    const char *host = is_port ? "127.0.0.1" : at;
    size_t n_host = is_port ? strlen(host) : (size_t)((colon == NULL ? end : colon) - at);
    if (n_host > 2 && host[0] == '[' && host[n_host - 1] == ']') { /* an IPv6 address */
        host++;
        n_host -= 2;
    }
    const size_t n_port = port == NULL ? 0 : (size_t)(end - port);
    if (n_host == 0 || n_host >= sizeof out->host || n_port >= sizeof out->port ||
        (end[0] == '/' && end[1] != '\0'))
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "expected http://HOST:PORT, HOST:PORT or PORT, found \"%.100s\"", url);
    (void)snprintf(out->host, sizeof out->host, "%.*s", (int)n_host, host);
    (void)snprintf(out->port, sizeof out->port, "%.*s", (int)n_port, port == NULL ? "" : port);
    if (n_port == 0)
        (void)snprintf(out->port, sizeof out->port, "5000");
    return MC_OK;
}

static int connect_one(const struct addrinfo *at)
{
    const struct timeval patience = {.tv_sec = SECONDS};
    const int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static mc_status open_link(const address *to, int *out, mc_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int failed = getaddrinfo(to->host, to->port, &hints, &found);
    *out = -1;
    if (failed != 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: %s", to->host, gai_strerror(failed));
    for (const struct addrinfo *at = found; at != NULL && *out < 0; at = at->ai_next)
        *out = connect_one(at);
    const int why = errno;
    freeaddrinfo(found);
    if (*out < 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s:%s: %s", to->host, to->port,
                       strerrordesc_np(why));
    return MC_OK;
}

static mc_status read_all(int fd, char **text, size_t *size, mc_error *err)
{
    size_t room = 0;
    for (;;) {
        if (room - *size < 2) {
            room = room == 0 ? (size_t)64 << 10 : room * 2;
            char *grown = room > 2 * MC_FETCH_BYTES ? NULL : mc_realloc(*text, room, 1);
            if (grown == NULL)
                return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "the answer is too large");
            *text = grown;
        }
        const ssize_t n = read(fd, *text + *size, room - *size - 1);
        if (n < 0)
            return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "no answer: %s", strerrordesc_np(errno));
        if (n == 0)
            break;
        *size += (size_t)n;
    }
    (*text)[*size] = '\0';
    return MC_OK;
}

static mc_status ask(int fd, const address *to, const char *path, char **text, mc_error *err)
{
    char head[512];
    size_t size = 0;
    const int n =
        snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n",
                 path, to->host, to->port);
    if (n < 0 || (size_t)n >= sizeof head || send(fd, head, (size_t)n, MSG_NOSIGNAL) != n)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s:%s does not listen", to->host, to->port);
    MC_TRY(read_all(fd, text, &size, err));
    const char *body = strstr(*text, "\r\n\r\n");
    if (strncmp(*text, "HTTP/1.1 200 ", 13) != 0 || body == NULL)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s:%s%s answers \"%.*s\"", to->host, to->port,
                       path, (int)strcspn(*text, "\r\n"), *text);
    body += 4;
    memmove(*text, body, size - (size_t)(body - *text) + 1);
    return MC_OK;
}

mc_status mc_fetch(const char *url, const char *path, char **out, mc_error *err)
{
    address to;
    int fd = -1;
    char *text = NULL;
    *out = NULL;
    MC_TRY(read_url(url, &to, err));
    MC_TRY(open_link(&to, &fd, err));
    const mc_status status = ask(fd, &to, path, &text, err);
    (void)close(fd);
    if (status == MC_OK)
        *out = text;
    else
        mc_free(text);
    return status;
}
