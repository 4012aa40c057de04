/* listener.c: the listening socket, and which names mean this machine. */
#include "serve/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

static bool address_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
    return false;
}

/* Writes the URL of what was bound: the port is the one that the system gave. */
static mc_status describe(mc_listener *listener, mc_error *err)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    char host[NI_MAXHOST / 4], port[NI_MAXSERV];
    if (getsockname(listener->fd, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "the bound address cannot be read back: %s",
                       strerrordesc_np(errno));
    const bool v6 = bound.ss_family == AF_INET6;
    listener->loopback = address_is_loopback((struct sockaddr *)&bound);
    (void)snprintf(listener->url, sizeof listener->url, v6 ? "http://[%s]:%s" : "http://%s:%s",
                   host, port);
    return MC_OK;
}

static int try_bind(const struct addrinfo *address, bool shared)
{
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int one = 1;
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0) &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    const int saved = errno;
    (void)close(fd);
    errno = saved;
    return -1;
}

static mc_status open_any(mc_listener *listener, const char *host, uint16_t port, bool shared,
                          mc_error *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    const int failed = getaddrinfo(host[0] == '\0' ? NULL : host, service, &hints, &found);
    if (failed != 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "host %s: %s", host, gai_strerror(failed));
    listener->fd = -1;
    for (const struct addrinfo *at = found; at != NULL && listener->fd < 0; at = at->ai_next)
        listener->fd = try_bind(at, shared);
    const int why = errno;
    freeaddrinfo(found);
    if (listener->fd < 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "cannot listen on %s port %u: %s", host, port,
                       strerrordesc_np(why));
    const mc_status status = describe(listener, err);
    if (status != MC_OK)
        mc_listener_close(listener);
    return status;
}

mc_status mc_listener_open(mc_listener *listener, const char *host, uint16_t port, mc_error *err)
{
    return open_any(listener, host, port, false, err);
}

mc_status mc_listener_open_shared(mc_listener *listener, const char *host, uint16_t port,
                                  mc_error *err)
{
    return open_any(listener, host, port, true, err);
}

uint16_t mc_listener_port(const mc_listener *listener)
{
    struct sockaddr_storage bound = {0};
    struct sockaddr_in v4;
    socklen_t size = sizeof bound;
    if (getsockname(listener->fd, (struct sockaddr *)&bound, &size) != 0)
        return 0;
    memcpy(&v4, &bound, sizeof v4); /* the port of IPv6 lies at the same place */
    return ntohs(v4.sin_port);
}

void mc_listener_close(mc_listener *listener)
{
    if (listener->fd >= 0)
        (void)close(listener->fd);
    listener->fd = -1;
}

static bool numeric_is_loopback(const char *text, bool in_brackets)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (!in_brackets && inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool mc_host_is_loopback(const char *host, size_t size)
{
    char text[INET6_ADDRSTRLEN + 1];
    const bool in_brackets = size >= 2 && host[0] == '[' && host[size - 1] == ']';
    if (in_brackets) {
        host++;
        size -= 2;
    }
    if (!in_brackets && size == 9 && strncasecmp(host, "localhost", 9) == 0)
        return true;
    if (size == 0 || size >= sizeof text)
        return false;
    memcpy(text, host, size);
    text[size] = '\0';
    return numeric_is_loopback(text, in_brackets);
}
