/* links.h: the open connections, and a clock that ends those that are too slow.
 *
 * The HTTP library times out silence only; a client that sends a byte a second would stay for ever.
 * So every connection carries a deadline, which the acceptor thread's sweep enforces: for the next
 * complete head (which also ends idle connections), then for the whole body.
 *
 * A link is *owned* by its worker thread but for `phase` and `deadline_ns`, which are atomic; the
 * list is *guarded* by its lock, which is taken when a connection comes or goes and by the sweep,
 * never for a request. A socket is closed only after its link left the list, so that the sweep
 * never touches a number that the system gave to someone else. */
#ifndef MC_LINKS_H
#define MC_LINKS_H
#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

typedef enum mc_phase {
    MC_PHASE_HEAD = 0, /* waiting for a request, or in its head */
    MC_PHASE_BODY,     /* the body is coming */
    MC_PHASE_BUSY,     /* being answered */
    MC_PHASE_ENDED     /* the sweep has hung up */
} mc_phase;

typedef struct mc_link {
    struct mc_link *next, *previous;
    int fd; /* borrowed from the HTTP library */
    _Atomic uint64_t deadline_ns;
    _Atomic int phase; /* mc_phase */
} mc_link;

#define MC_LINGERERS 64

typedef struct mc_links {
    pthread_mutex_t lock; /* guards all below */
    mc_link *first;
    size_t n;
    /* Our own copies of sockets that were answered before their body was read: reading on for a
     * moment keeps the kernel from resetting the connection under the answer. */
    struct {
        int fd;
        uint64_t until_ns;
    } lingerers[MC_LINGERERS];
    size_t n_lingerers;
} mc_links;

void mc_links_init(mc_links *links);
void mc_links_fini(mc_links *links); /* closes what lingers; no link may be left */

MC_MUST_CHECK mc_status mc_links_add(mc_links *links, int fd, uint64_t deadline_ns, mc_link **out);
void mc_links_remove(mc_links *links, mc_link *link); /* frees it */

/* Moves a link from one phase to another; false when the sweep was faster. */
bool mc_link_enter(mc_link *link, mc_phase from, mc_phase to, uint64_t deadline_ns);

/* Sends a complete answer past the HTTP library, for states in which it can queue none: nothing of
 * an answer may have been sent. The caller then ends the connection. */
void mc_links_refuse(mc_links *links, const mc_link *link, const char *answer, size_t size);
/* Reads the socket for a moment after the HTTP library has closed it. */
void mc_links_linger(mc_links *links, int fd);

/* Hangs up on links whose deadline has passed, the ones in a body with a 408; and reads what
 * lingers. Called by one thread, a few times a second. */
void mc_links_sweep(mc_links *links, uint64_t now_ns);
/* No more requests: ends the reading side of the links that wait for one. */
void mc_links_end_idle(mc_links *links);
#endif
