/* listener.h: the listening socket. */
#ifndef MC_LISTENER_H
#define MC_LISTENER_H
#include "base/base.h"

#define MC_URL_MAX 320

typedef struct mc_listener {
    int fd;
    bool loopback;        /* reachable from this machine only */
    char url[MC_URL_MAX]; /* "http://[::1]:5000": the address that was bound */
} mc_listener;

/* Binds the first address of `host` that can be had, and listens. Port 0 takes any free one.
 * @return MC_OK; MC_E_IO naming host, port and what the system said. */
MC_MUST_CHECK mc_status mc_listener_open(mc_listener *listener, const char *host, uint16_t port,
                                         mc_error *err);
/* As above, where others of our user that say the same may listen too: the system spreads
 * connections over all of them. */
MC_MUST_CHECK mc_status mc_listener_open_shared(mc_listener *listener, const char *host,
                                                uint16_t port, mc_error *err);
uint16_t mc_listener_port(const mc_listener *listener); /* that was bound */
void mc_listener_close(mc_listener *listener);          /* twice is fine */

/* Whether a name, as in a Host header without its port, means this machine only. */
bool mc_host_is_loopback(const char *host, size_t size);
#endif
