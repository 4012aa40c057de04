/* server.h: the daemon's HTTP side: give it a model cache, and it serves.
 *
 * *Guarded*: any thread may call anything but start and stop, which belong to the owner. */
#ifndef MC_SERVER_H
#define MC_SERVER_H
#include "serve/engine.h"
#include "serve/guard.h"
#include "serve/listener.h"
#include "serve/log.h"
#include "serve/peers.h"

typedef struct mc_server mc_server;

/* A name that cannot be served, and why: shown as `failed`. Two files of one stem, for example. */
typedef struct mc_broken {
    char name[MC_NAME_MAX];
    char reason[MC_ERROR_MESSAGE];
} mc_broken;

typedef struct mc_server_options {
    const char *host;
    uint16_t port;
    uint32_t n_threads;
    mc_engine_limits limits;
    size_t request_memory;     /* bytes that requests hold together */
    uint32_t wait_ms;          /* for a model to load, when the request gives no timeout */
    mc_cache *cache;           /* borrowed: outlives the server */
    const char *default_model; /* of /predict and /refresh; NULL: none. Borrowed */
    const mc_broken *broken;   /* (n_broken), borrowed */
    size_t n_broken;
    mc_guard *guard;             /* borrowed; start fills in `loopback` */
    const mc_log *log;           /* borrowed */
    const mc_listener *listener; /* open, copied: instead of host and port. NULL: none */
    const mc_peers *peers;       /* borrowed; NULL: this process is alone */
    /* mc_cache_load_async(force) of a name, without a source, that looks for new versions first;
     * NULL: there are none to look for */
    mc_status (*refresh)(void *user, const char *name, mc_acquired_fn *done, void *done_user,
                         mc_error *err);
    void *refresh_user;
} mc_server_options;

/* Listens. /healthz answers 200 from now on, /readyz 503 until mc_server_set_ready(). */
MC_MUST_CHECK mc_status mc_server_start(const mc_server_options *options, mc_server **out,
                                        mc_error *err);
const char *mc_server_url(const mc_server *server);
void mc_server_set_ready(mc_server *server, bool ready);
void mc_server_set_wait(mc_server *server, uint32_t wait_ms); /* instead of options.wait_ms */
void mc_server_set_limits(mc_server *server, const mc_engine_limits *limits);
void mc_server_publish(mc_server *server); /* MC_PEER_PUBLISH: its numbers, for the others */
uint64_t mc_server_requests(const mc_server *server); /* predictions answered so far */

/* Not ready, listens no more, ends what waits, lets what is under way finish (at most
 * `timeout_ms`), and stops. The memory goes with mc_server_destroy(), once no callback of the model
 * cache can come any more. */
void mc_server_stop(mc_server *server, uint32_t timeout_ms);
void mc_server_destroy(mc_server *server); /* NULL is fine */
#endif
