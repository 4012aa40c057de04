/* acceptor.c: see acceptor.h. */
#include "serve/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define SWEEP_MS 250

static void accept_all(mc_acceptor *a)
{
    for (;;) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        const int fd = accept4(a->listener.fd, (struct sockaddr *)&address, &size,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            a->hand_over(a->user, fd, (struct sockaddr *)&address, size);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            const struct timespec pause = {.tv_nsec = 10000000}; /* until some connection ends */
            (void)nanosleep(&pause, NULL);
        }
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

static void *acceptor_main(void *user)
{
    mc_acceptor *a = user;
    struct pollfd polled[2] = {{.fd = a->listener.fd, .events = POLLIN},
                               {.fd = a->wake_fd, .events = POLLIN}};
    uint64_t swept_ns = mc_now_ns();
    for (;;) {
        const int n = poll(polled, 2, SWEEP_MS);
        if (n > 0 && polled[1].revents != 0)
            return NULL;
        if (n > 0 && polled[0].revents != 0)
            accept_all(a);
        if (atomic_load_explicit(&a->closing, memory_order_relaxed)) {
            mc_listener_close(&a->listener);
            polled[0].fd = -1;
        }
        const uint64_t now_ns = mc_now_ns();
        if (now_ns - swept_ns < (uint64_t)SWEEP_MS * 900000)
            continue;
        swept_ns = now_ns;
        mc_links_sweep(a->links, now_ns);
    }
}

void mc_acceptor_init(mc_acceptor *a, const mc_listener *listener, mc_links *links)
{
    *a = (mc_acceptor){.listener = *listener, .links = links};
    a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

mc_status mc_acceptor_start(mc_acceptor *a, mc_hand_over_fn *hand_over, void *user, mc_error *err)
{
    a->hand_over = hand_over;
    a->user = user;
    const int failed = pthread_create(&a->thread, NULL, acceptor_main, a);
    if (failed != 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "the acceptor thread cannot start: %s",
                       strerrordesc_np(failed));
    a->running = true;
    return MC_OK;
}

void mc_acceptor_close(mc_acceptor *a)
{
    atomic_store_explicit(&a->closing, true, memory_order_relaxed);
}

void mc_acceptor_stop(mc_acceptor *a)
{
    const uint64_t one = 1;
    if (a->running && write(a->wake_fd, &one, sizeof one) == sizeof one)
        (void)pthread_join(a->thread, NULL);
    a->running = false;
    mc_listener_close(&a->listener);
}

void mc_acceptor_fini(mc_acceptor *a)
{
    (void)close(a->wake_fd);
}
