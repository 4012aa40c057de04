/* links.c: the open connections, and the clock that ends those that are too slow. */
#include "serve/links.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define LINGER_NS ((uint64_t)2000000000)

#define TOO_SLOW_BODY                                                                    \
    "{\"error\":{\"code\":\"too_slow\",\"message\":\"the body did not arrive in time\"," \
    "\"where\":\"--read-timeout\"}}\n"
static const char TOO_SLOW[] =
    "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\n"
    "Content-Length: 99\r\n\r\n" TOO_SLOW_BODY;
_Static_assert(sizeof TOO_SLOW_BODY - 1 == 99, "Content-Length above");

void mc_links_init(mc_links *links)
{
    *links = (mc_links){.first = NULL};
    (void)pthread_mutex_init(&links->lock, NULL);
}

void mc_links_fini(mc_links *links)
{
    MC_ASSERT(links->first == NULL);
    for (size_t i = 0; i < links->n_lingerers; i++)
        (void)close(links->lingerers[i].fd);
    (void)pthread_mutex_destroy(&links->lock);
}

mc_status mc_links_add(mc_links *links, int fd, uint64_t deadline_ns, mc_link **out)
{
    mc_link *link = mc_alloc(1, sizeof *link);
    if (link == NULL)
        return MC_E_NO_MEMORY;
    link->fd = fd;
    atomic_init(&link->deadline_ns, deadline_ns);
    atomic_init(&link->phase, MC_PHASE_HEAD);
    (void)pthread_mutex_lock(&links->lock);
    link->next = links->first;
    if (links->first != NULL)
        links->first->previous = link;
    links->first = link;
    links->n++;
    (void)pthread_mutex_unlock(&links->lock);
    *out = link;
    return MC_OK;
}

void mc_links_remove(mc_links *links, mc_link *link)
{
    (void)pthread_mutex_lock(&links->lock);
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        links->first = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    links->n--;
    (void)pthread_mutex_unlock(&links->lock);
    mc_free(link);
}

bool mc_link_enter(mc_link *link, mc_phase from, mc_phase to, uint64_t deadline_ns)
{
    int expected = (int)from;
    /* Relaxed: the phase decides who speaks on the socket, it publishes no memory. The deadline is
     * stored first, so that the sweep never judges the new phase by the old deadline. */
    atomic_store_explicit(&link->deadline_ns, deadline_ns, memory_order_relaxed);
    return atomic_compare_exchange_strong_explicit(&link->phase, &expected, (int)to,
                                                   memory_order_release, memory_order_relaxed);
}

static void linger_locked(mc_links *links, int fd)
{
    if (links->n_lingerers == MC_LINGERERS)
        return;
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return;
    links->lingerers[links->n_lingerers].fd = copy;
    links->lingerers[links->n_lingerers].until_ns = mc_now_ns() + LINGER_NS;
    links->n_lingerers++;
}

void mc_links_linger(mc_links *links, int fd)
{
    (void)pthread_mutex_lock(&links->lock);
    linger_locked(links, fd);
    (void)pthread_mutex_unlock(&links->lock);
}

void mc_links_refuse(mc_links *links, const mc_link *link, const char *answer, size_t size)
{
    /* A fresh answer always fits the socket's buffer; when it does not, the client is past help. */
    (void)send(link->fd, answer, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(link->fd, SHUT_WR);
    mc_links_linger(links, link->fd);
}

static void hang_up_locked(mc_links *links, mc_link *link)
{
    int phase = atomic_load_explicit(&link->phase, memory_order_acquire);
    if (phase != MC_PHASE_HEAD && phase != MC_PHASE_BODY)
        return;
    if (!atomic_compare_exchange_strong_explicit(&link->phase, &phase, MC_PHASE_ENDED,
                                                 memory_order_relaxed, memory_order_relaxed))
        return; /* the worker was faster: look again at the next sweep */
    if (phase == MC_PHASE_BODY) {
        (void)send(link->fd, TOO_SLOW, sizeof TOO_SLOW - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        linger_locked(links, link->fd);
        (void)shutdown(link->fd, SHUT_WR);
    }
    (void)shutdown(link->fd, phase == MC_PHASE_BODY ? SHUT_RD : SHUT_RDWR);
}

/* Reads and forgets. Returns false when the peer is done, or its time is up. */
static bool linger_on(int fd, uint64_t until_ns, uint64_t now_ns)
{
    char waste[8192];
    for (int i = 0; i < 512; i++) {
        const ssize_t got = recv(fd, waste, sizeof waste, MSG_DONTWAIT);
        if (got == 0)
            return false;
        if (got < 0)
            break;
    }
    return now_ns < until_ns;
}

void mc_links_sweep(mc_links *links, uint64_t now_ns)
{
    (void)pthread_mutex_lock(&links->lock);
    for (mc_link *at = links->first; at != NULL; at = at->next)
        if (now_ns > atomic_load_explicit(&at->deadline_ns, memory_order_relaxed))
            hang_up_locked(links, at);
    for (size_t i = 0; i < links->n_lingerers;) {
        if (linger_on(links->lingerers[i].fd, links->lingerers[i].until_ns, now_ns)) {
            i++;
            continue;
        }
        (void)close(links->lingerers[i].fd);
        links->lingerers[i] = links->lingerers[--links->n_lingerers];
    }
    (void)pthread_mutex_unlock(&links->lock);
}

void mc_links_end_idle(mc_links *links)
{
    (void)pthread_mutex_lock(&links->lock);
    for (mc_link *at = links->first; at != NULL; at = at->next)
        if (atomic_load_explicit(&at->phase, memory_order_relaxed) == MC_PHASE_HEAD)
            (void)shutdown(at->fd, SHUT_RD); /* what the kernel already holds is still read */
    (void)pthread_mutex_unlock(&links->lock);
}
