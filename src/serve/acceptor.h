/* acceptor.h: the thread that takes connections off the listening socket, and sweeps slow ones.
 *
 * *Owned* by the thread that starts and stops it, but for `closing`, which is atomic; the listener
 * is the acceptor thread's while that runs. */
#ifndef MC_ACCEPTOR_H
#define MC_ACCEPTOR_H
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "serve/links.h"
#include "serve/listener.h"

/* A new connection, from the acceptor thread: `fd` is the callee's from now on. */
typedef void mc_hand_over_fn(void *user, int fd, const struct sockaddr *address, socklen_t size);

typedef struct mc_acceptor {
    mc_listener listener;
    mc_links *links; /* borrowed */
    mc_hand_over_fn *hand_over;
    void *user; /* borrowed */
    pthread_t thread;
    bool running;
    int wake_fd; /* eventfd: ends the thread */
    _Atomic bool closing;
} mc_acceptor;

/* Takes the open listener over. */
void mc_acceptor_init(mc_acceptor *acceptor, const mc_listener *listener, mc_links *links);

/* @return MC_OK; MC_E_IO where the system gives no thread */
MC_MUST_CHECK mc_status mc_acceptor_start(mc_acceptor *acceptor, mc_hand_over_fn *hand_over,
                                          void *user, mc_error *err);

/* No more connections, soon: the thread goes on sweeping. Any thread may call it. */
void mc_acceptor_close(mc_acceptor *acceptor);

/* Ends the thread, if it runs, and closes the listener. */
void mc_acceptor_stop(mc_acceptor *acceptor);
void mc_acceptor_fini(mc_acceptor *acceptor);
#endif
