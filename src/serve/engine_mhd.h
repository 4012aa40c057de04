/* engine_mhd.h: what engine_mhd.c and engine_mhd_request.c share: the state of the engine on
 * libmicrohttpd, and the library's calls that carry a request. Nothing else includes it. */
#ifndef MC_ENGINE_MHD_H
#define MC_ENGINE_MHD_H
#include <microhttpd.h>

#include "base/clock.h"
#include "serve/acceptor.h"
#include "serve/engine.h"
#include "serve/links.h"

#define MC_MHD_POOL_BYTES ((size_t)4096) /* of each connection */
#define MC_MHD_SECOND_NS  ((uint64_t)1000000000)

/* The state of one exchange that only the engine sees. */
typedef struct mc_mhd_flight {
    mc_exchange exchange;       /* first: the two are one object */
    struct mc_mhd_flight *next; /* in the worker's list of spare ones */
    struct mc_engine_worker *worker;
    struct MHD_Connection *connection;
    mc_link *link;
    uint64_t body_seen; /* bytes */
    uint64_t max_body;  /* when its head was in */
    bool answered;      /* the answer is known; what still comes is drained */
    bool too_large;
    _Atomic int wait; /* see mc_exchange_resume() */
} mc_mhd_flight;

typedef struct mc_engine_worker {
    mc_engine *engine; /* borrowed */
    struct MHD_Daemon *daemon;
    mc_mhd_flight *spare; /* owned by the worker's thread */
    uint32_t index;
    _Atomic uint32_t n_links; /* open, and handed over but not yet seen */
} mc_engine_worker;

struct mc_engine {
    mc_engine_options options; /* its limits are those of the start: see below */
    _Atomic uint32_t max_connections, idle_timeout_s, read_timeout_s;
    _Atomic uint64_t max_body;
    mc_links links;
    mc_acceptor acceptor;
    _Atomic bool quiet;
    _Atomic uint32_t n_flights; /* exchanges under way */
    mc_engine_worker *workers;  /* (n_workers), owned */
};

static inline uint64_t mc_mhd_idle_deadline(const mc_engine *engine)
{
    return mc_now_ns() +
           atomic_load_explicit(&engine->idle_timeout_s, memory_order_relaxed) * MC_MHD_SECOND_NS;
}

/* MHD_AccessHandlerCallback: `user` is the worker; called once for a head, once for each piece of a
 * body, once at its end. */
enum MHD_Result mc_mhd_on_request(void *user, struct MHD_Connection *connection, const char *path,
                                  const char *verb, const char *version, const char *data,
                                  size_t *data_size, void **state);
/* MHD_RequestCompletedCallback: `user` is the worker. */
void mc_mhd_on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why);
/* Frees the worker's spare exchanges; its thread has ended. */
void mc_mhd_destroy_flights(mc_engine_worker *w);
#endif
