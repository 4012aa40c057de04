/* engine_mhd.c: the engine on libmicrohttpd 0.9.75: its threads and connections; requests are
 * engine_mhd_request.c. The two alone include the library's header.
 *
 * HOW IT WORKS  One listener-less daemon per worker thread, each with its own epoll set. The
 *          acceptor thread takes connections off the listening socket and hands each to the worker
 *          that has the fewest; the same thread sweeps slow ones (links.h).
 * Why so   The library's own thread pool lets its threads race for connections and spreads them
 *          badly (30 and 2 of 32 on two workers when measured). Its default pool of 32 KiB a
 *          connection costs 330 MB for 10,000 idle ones; ours of 4 KiB costs 50 MB, hence bodies
 *          come in pieces of at most 3 KiB.
 */
#include "serve/engine_mhd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "serve/framing.h"

/* -------------------------------------------------------------------------- connections ---- */

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    mc_engine_worker *w = user;
    mc_engine *engine = w->engine;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const int fd =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        mc_link *link = NULL;
        if (mc_links_add(&engine->links, fd, mc_mhd_idle_deadline(engine), &link) != MC_OK)
            (void)shutdown(fd, SHUT_RDWR); /* no memory: on_request() never comes */
        *context = link;
        return;
    }
    if (*context != NULL)
        mc_links_remove(&engine->links, *context);
    (void)atomic_fetch_sub_explicit(&w->n_links, 1, memory_order_relaxed);
}

static size_t unescape(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return mc_url_unescape(text);
}

static mc_engine_worker *least_loaded(mc_engine *engine)
{
    mc_engine_worker *best = &engine->workers[0];
    for (uint32_t i = 1; i < engine->options.n_workers; i++) {
        if (atomic_load_explicit(&engine->workers[i].n_links, memory_order_relaxed) <
            atomic_load_explicit(&best->n_links, memory_order_relaxed))
            best = &engine->workers[i];
    }
    return best;
}

uint32_t mc_engine_connections(const mc_engine *engine, uint32_t worker_at)
{
    return atomic_load_explicit(&engine->workers[worker_at].n_links, memory_order_relaxed);
}

static uint32_t count_connections(const mc_engine *engine)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < engine->options.n_workers; i++)
        n += mc_engine_connections(engine, i);
    return n;
}

static void hand_over(void *user, int fd, const struct sockaddr *address, socklen_t size)
{
    mc_engine *engine = user;
    const int one = 1;
    if (count_connections(engine) >=
        atomic_load_explicit(&engine->max_connections, memory_order_relaxed)) {
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    mc_engine_worker *w = least_loaded(engine);
    (void)atomic_fetch_add_explicit(&w->n_links, 1, memory_order_relaxed);
    if (MHD_add_connection(w->daemon, fd, address, size) != MHD_YES) /* it has closed fd */
        (void)atomic_fetch_sub_explicit(&w->n_links, 1, memory_order_relaxed);
}

/* ------------------------------------------------------------------------ start and stop ---- */

static mc_status start_worker(mc_engine *engine, uint32_t index, mc_error *err)
{
    mc_engine_worker *w = &engine->workers[index];
    w->engine = engine;
    w->index = index;
    w->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
            MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO,
        0, NULL, NULL, mc_mhd_on_request, w, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MC_MHD_POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MC_CONNECTIONS_MAX + 1, /* hand_over() counts */
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_NOTIFY_COMPLETED, mc_mhd_on_completed, w,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, w, MHD_OPTION_UNESCAPE_CALLBACK, unescape,
        NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (w->daemon == NULL)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "worker %u cannot start: %s", index,
                       strerrordesc_np(errno));
    return MC_OK;
}

static mc_status start_threads(mc_engine *engine, mc_error *err)
{
    for (uint32_t i = 0; i < engine->options.n_workers; i++)
        MC_TRY(start_worker(engine, i, err));
    return mc_acceptor_start(&engine->acceptor, hand_over, engine, err);
}

mc_status mc_engine_start(const mc_engine_options *options, mc_engine **out, mc_error *err)
{
    MC_ASSERT(options->n_workers > 0 && options->n_workers <= MC_WORKERS_MAX);
    mc_engine *engine = mc_alloc(1, sizeof *engine);
    mc_engine_worker *workers = mc_alloc(options->n_workers, sizeof *workers);
    if (engine == NULL || workers == NULL) {
        mc_listener listener = options->listener;
        mc_listener_close(&listener);
        mc_free(engine);
        mc_free(workers);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for %u workers",
                       options->n_workers);
    }
    engine->options = *options;
    mc_engine_set_limits(engine, &options->limits);
    engine->workers = workers;
    mc_links_init(&engine->links);
    mc_acceptor_init(&engine->acceptor, &options->listener, &engine->links);
    *out = engine; /* before the threads: the first request may come at once */
    const mc_status status = start_threads(engine, err);
    if (status != MC_OK) {
        mc_engine_stop(engine);
        *out = NULL;
    }
    return status;
}

void mc_engine_set_limits(mc_engine *engine, const mc_engine_limits *limits)
{
    atomic_store_explicit(&engine->max_connections, limits->max_connections, memory_order_relaxed);
    atomic_store_explicit(&engine->idle_timeout_s, limits->idle_timeout_s, memory_order_relaxed);
    atomic_store_explicit(&engine->read_timeout_s, limits->read_timeout_s, memory_order_relaxed);
    atomic_store_explicit(&engine->max_body, limits->max_body, memory_order_relaxed);
}

void mc_engine_quiesce(mc_engine *engine)
{
    atomic_store_explicit(&engine->quiet, true, memory_order_relaxed);
    mc_acceptor_close(&engine->acceptor);
    mc_links_end_idle(&engine->links);
}

bool mc_engine_drain(mc_engine *engine, uint32_t timeout_ms)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    const uint64_t until_ns = mc_now_ns() + timeout_ms * (uint64_t)1000000;
    while (atomic_load_explicit(&engine->n_flights, memory_order_relaxed) > 0) {
        if (mc_now_ns() > until_ns)
            return false;
        (void)nanosleep(&pause, NULL);
        mc_links_end_idle(&engine->links);
    }
    return true;
}

void mc_engine_stop(mc_engine *engine)
{
    if (engine == NULL)
        return;
    mc_acceptor_stop(&engine->acceptor);
    for (uint32_t i = 0; i < engine->options.n_workers; i++) {
        if (engine->workers[i].daemon != NULL)
            MHD_stop_daemon(engine->workers[i].daemon);
        mc_mhd_destroy_flights(&engine->workers[i]);
    }
    mc_links_fini(&engine->links);
    mc_acceptor_fini(&engine->acceptor);
    mc_free(engine->workers);
    mc_free(engine);
}
