/* engine_mhd.c: the engine on libmicrohttpd 0.9.75, the one file that includes its header.
 *
 * HOW IT WORKS  One listener-less daemon per worker thread, each with its own epoll set. The
 *          acceptor thread takes connections off the listening socket and hands each to the worker
 *          that has the fewest; the same thread sweeps slow ones (links.h). The library calls
 *          on_request() once for a head, once for each piece of a body, once at its end.
 * Why so   The library's own thread pool lets its threads race for connections and spreads them
 *          badly (30 and 2 of 32 on two workers when measured). Its default pool of 32 KiB a
 *          connection costs 330 MB for 10,000 idle ones; ours of 4 KiB costs 50 MB, hence bodies
 *          come in pieces of at most 3 KiB.
 * LIMITATIONS  The library queues no answer in mid-upload: an early answer drains the rest first,
 *          and a body that is too large or too slow is refused on the socket itself. It makes about
 *          eight small allocations for each answer; they are its own, our frames make none.
 *          A head over 4 KiB, or one that is no HTTP, it answers by itself, in HTML; with more than
 *          some 55 cookies it hangs up, with more than some 60 arguments in the URL it says nothing
 *          until --idle-timeout ends the connection.
 */
#include "serve/engine.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "serve/acceptor.h"
#include "serve/framing.h"
#include "serve/hot_path.h"
#include "serve/links.h"

#define POOL_BYTES ((size_t)4096)
/* Of the pool: what the library keeps of each header, cookie and argument beside its text, and an
 * answer's own head. */
#define VALUE_BYTES       ((size_t)64)
#define ANSWER_HEAD_BYTES ((size_t)320)
#define SECOND_NS         ((uint64_t)1000000000)

/* The state of one exchange that only the engine sees. */
typedef struct flight {
    mc_exchange exchange; /* first: the two are one object */
    struct flight *next;  /* in the worker's list of spare ones */
    struct worker *worker;
    struct MHD_Connection *connection;
    mc_link *link;
    uint64_t body_seen; /* bytes */
    bool answered;      /* the answer is known; what still comes is drained */
    bool too_large;
    _Atomic int wait; /* see mc_exchange_resume() */
} flight;

enum { WAIT_NONE = 0, WAIT_SUSPENDED, WAIT_RESUMED };

typedef struct worker {
    mc_engine *engine; /* borrowed */
    struct MHD_Daemon *daemon;
    flight *spare; /* owned by the worker's thread */
    uint32_t index;
    _Atomic uint32_t n_links; /* open, and handed over but not yet seen */
} worker;

struct mc_engine {
    mc_engine_options options;
    mc_links links;
    mc_acceptor acceptor;
    _Atomic bool quiet;
    _Atomic uint32_t n_flights; /* exchanges under way */
    worker *workers;            /* (n_workers), owned */
};

/* ---------------------------------------------------------------------------- exchanges ---- */

static uint64_t idle_deadline(const mc_engine *engine)
{
    return mc_now_ns() + engine->options.idle_timeout_s * SECOND_NS;
}

static uint64_t body_deadline(const mc_engine *engine, const mc_exchange *exchange)
{
    const uint64_t size =
        exchange->body_size == MC_BODY_UNKNOWN ? engine->options.max_body : exchange->body_size;
    return exchange->arrived_ns +
           (engine->options.read_timeout_s + size / MC_BODY_RATE) * SECOND_NS;
}

static flight *create_flight(worker *w)
{
    const mc_service *service = &w->engine->options.service;
    flight *f = mc_alloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->worker = w;
    f->exchange.worker = w->index;
    if (!service->init(service->user, &f->exchange)) {
        mc_free(f);
        return NULL;
    }
    return f;
}

static void destroy_flights(worker *w)
{
    const mc_service *service = &w->engine->options.service;
    while (w->spare != NULL) {
        flight *f = w->spare;
        w->spare = f->next;
        service->fini(service->user, &f->exchange);
        mc_free(f);
    }
}

/* A spare exchange; a new one only while a worker warms up to its largest number at once. */
static flight *take_flight(worker *w)
{
    flight *f = w->spare;
    if (f == NULL) {
        MC_HOT_PAUSE();
        f = create_flight(w);
        MC_HOT_RESUME();
        return f;
    }
    w->spare = f->next;
    return f;
}

static mc_link *link_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

const char *mc_exchange_header(const mc_exchange *exchange, const char *name)
{
    const flight *f = (const flight *)exchange;
    return MHD_lookup_connection_value(f->connection, MHD_HEADER_KIND, name);
}

typedef struct header_count {
    const char *name;
    size_t n;
} header_count;

static enum MHD_Result count_header(void *user, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    (void)kind;
    (void)value;
    header_count *count = user;
    if (strcasecmp(name, count->name) == 0)
        count->n++;
    return MHD_YES;
}

size_t mc_exchange_count_headers(const mc_exchange *exchange, const char *name)
{
    header_count count = {.name = name};
    const flight *f = (const flight *)exchange;
    (void)MHD_get_connection_values(f->connection, MHD_HEADER_KIND, count_header, &count);
    return count.n;
}

/* -------------------------------------------------------------------------- one request ---- */

static enum MHD_Result queue_answer(flight *f)
{
    const mc_answer *answer = &f->exchange.answer;
    MC_HOT_PAUSE();
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body_size, (void *)(uintptr_t)answer->body, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_NO;
    if (response != NULL) {
        (void)MHD_add_response_header(response, "Content-Type", answer->content_type);
        if (answer->extra_name != NULL)
            (void)MHD_add_response_header(response, answer->extra_name, answer->extra_value);
        if (answer->close || atomic_load_explicit(&f->worker->engine->quiet, memory_order_relaxed))
            (void)MHD_add_response_header(response, "Connection", "close");
        result = MHD_queue_response(f->connection, answer->http, response);
        MHD_destroy_response(response);
    }
    MC_HOT_RESUME();
    return result;
}

/* Answers before the body was read: the library then ends the connection. */
static enum MHD_Result queue_early(flight *f)
{
    mc_links_linger(&f->worker->engine->links, f->link->fd);
    (void)mc_link_enter(f->link, MC_PHASE_HEAD, MC_PHASE_BUSY, UINT64_MAX);
    f->exchange.answer.close = true;
    return queue_answer(f);
}

static void refuse_size(flight *f)
{
    const mc_service *service = &f->worker->engine->options.service;
    service->refuse(service->user, &f->exchange, MC_E_TOO_LARGE,
                    "the body is over --max-body: send smaller batches, or raise it");
}

/* The answer's head is written into what the request's head has left of the connection's pool;
 * where that is too little, the library would hang up without a word. */
static bool answer_fits(struct MHD_Connection *connection)
{
    const enum MHD_ValueKind all = MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND;
    const size_t n_values = (size_t)MHD_get_connection_values(connection, all, NULL, NULL);
    const size_t size =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
    return size + n_values * VALUE_BYTES + ANSWER_HEAD_BYTES <= POOL_BYTES;
}

static void refuse_head(mc_engine *engine, mc_link *link)
{
    static const char REFUSAL[] =
        "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/json\r\n"
        "Content-Length: 92\r\nConnection: close\r\n\r\n"
        "{\"error\":{\"code\":\"too_large\",\"message\":\"the request's headers are over 3.5 KB\","
        "\"where\":\"\"}}\n";
    if (mc_link_enter(link, MC_PHASE_HEAD, MC_PHASE_ENDED, UINT64_MAX))
        mc_links_refuse(&engine->links, link, REFUSAL, sizeof REFUSAL - 1);
}

static enum MHD_Result on_head(worker *w, struct MHD_Connection *connection, const char *path,
                               const char *verb, void **out)
{
    mc_engine *engine = w->engine;
    const mc_service *service = &engine->options.service;
    mc_link *link = link_of(connection);
    if (link != NULL && !answer_fits(connection)) {
        refuse_head(engine, link);
        return MHD_NO;
    }
    flight *f = link == NULL ? NULL : take_flight(w);
    if (f == NULL)
        return MHD_NO;
    *out = f;
    f->connection = connection;
    f->link = link;
    f->body_seen = 0;
    f->answered = f->too_large = false;
    atomic_store_explicit(&f->wait, WAIT_NONE, memory_order_relaxed);
    mc_exchange *x = &f->exchange;
    x->verb = mc_verb_of(verb);
    x->verb_name = verb;
    x->path = path;
    x->arrived_ns = mc_now_ns();
    x->body_size = mc_exchange_declared_size(x);
    x->answer = (mc_answer){.http = 200, .content_type = "application/json"};
    (void)atomic_fetch_add_explicit(&engine->n_flights, 1, memory_order_relaxed);

    f->answered = service->begin(service->user, x) == MC_STEP_ANSWER;
    if (!mc_exchange_framing_is_sound(x)) {
        service->refuse(service->user, x, MC_E_BAD_REQUEST,
                        "expected one Content-Length, or Transfer-Encoding: chunked, and one Host");
        return queue_early(f);
    }
    if (x->body_size != MC_BODY_UNKNOWN && x->body_size > engine->options.max_body) {
        refuse_size(f);
        return queue_early(f);
    }
    if (f->answered && x->body_size != 0 && mc_exchange_expects_continue(x))
        return queue_early(f);
    return mc_link_enter(f->link, MC_PHASE_HEAD, MC_PHASE_BODY, body_deadline(engine, x)) ? MHD_YES
                                                                                          : MHD_NO;
}

/* A chunked body went over the limit: its 413 waits for the end, unless that is too far away. */
static enum MHD_Result over_limit(flight *f)
{
    mc_engine *engine = f->worker->engine;
    if (!f->too_large) {
        f->too_large = f->answered = true;
        refuse_size(f);
        f->exchange.answer.close = true;
    }
    if (f->body_seen - engine->options.max_body <= MC_DRAIN_BYTES)
        return MHD_YES;
    static const char TOO_LARGE[] =
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    if (mc_link_enter(f->link, MC_PHASE_BODY, MC_PHASE_ENDED, UINT64_MAX))
        mc_links_refuse(&engine->links, f->link, TOO_LARGE, sizeof TOO_LARGE - 1);
    return MHD_NO;
}

static enum MHD_Result on_body(flight *f, const char *data, size_t size)
{
    const mc_service *service = &f->worker->engine->options.service;
    f->body_seen += size;
    if (f->body_seen > f->worker->engine->options.max_body)
        return over_limit(f);
    if (!f->answered)
        f->answered = service->body(service->user, &f->exchange, (const uint8_t *)data, size) ==
                      MC_STEP_ANSWER;
    return MHD_YES;
}

/* Suspends, unless the resume came first. */
static void suspend(flight *f)
{
    MHD_suspend_connection(f->connection);
    int expected = WAIT_NONE;
    /* Pairs with the exchange in mc_exchange_resume(): exactly one of the two resumes. */
    if (!atomic_compare_exchange_strong_explicit(&f->wait, &expected, WAIT_SUSPENDED,
                                                 memory_order_acq_rel, memory_order_acquire))
        MHD_resume_connection(f->connection);
}

void mc_exchange_resume(mc_exchange *exchange)
{
    flight *f = (flight *)exchange;
    if (atomic_exchange_explicit(&f->wait, WAIT_RESUMED, memory_order_acq_rel) == WAIT_SUSPENDED)
        MHD_resume_connection(f->connection);
}

static enum MHD_Result on_end(flight *f)
{
    const mc_service *service = &f->worker->engine->options.service;
    if (atomic_load_explicit(&f->wait, memory_order_acquire) == WAIT_NONE &&
        !mc_link_enter(f->link, MC_PHASE_BODY, MC_PHASE_BUSY, UINT64_MAX))
        return MHD_NO;
    /* Whoever resumed it has done so: it may wait once more, for somebody else. */
    atomic_store_explicit(&f->wait, WAIT_NONE, memory_order_release);
    if (!f->answered && service->finish(service->user, &f->exchange) == MC_STEP_WAIT) {
        MC_HOT_PAUSE();
        suspend(f);
        MC_HOT_RESUME();
        return MHD_YES;
    }
    f->answered = true;
    return queue_answer(f);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path,
                                  const char *verb, const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    (void)version;
    enum MHD_Result result;
    MC_HOT_ENTER();
    if (*state == NULL) {
        result = on_head(user, connection, path, verb, state);
    } else if (*data_size > 0) {
        result = on_body(*state, data, *data_size);
        *data_size = 0;
    } else {
        MC_HOT_REQUEST();
        result = on_end(*state);
    }
    MC_HOT_LEAVE();
    return result;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)connection;
    (void)why;
    worker *w = user;
    flight *f = *state;
    if (f == NULL)
        return;
    const mc_service *service = &w->engine->options.service;
    service->done(service->user, &f->exchange);
    (void)mc_link_enter(f->link, MC_PHASE_BUSY, MC_PHASE_HEAD, idle_deadline(w->engine));
    f->next = w->spare;
    w->spare = f;
    *state = NULL;
    (void)atomic_fetch_sub_explicit(&w->engine->n_flights, 1, memory_order_relaxed);
}

/* -------------------------------------------------------------------------- connections ---- */

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    worker *w = user;
    mc_engine *engine = w->engine;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const int fd =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        mc_link *link = NULL;
        if (mc_links_add(&engine->links, fd, idle_deadline(engine), &link) != MC_OK)
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

static worker *least_loaded(mc_engine *engine)
{
    worker *best = &engine->workers[0];
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
    if (count_connections(engine) >= engine->options.max_connections) {
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    worker *w = least_loaded(engine);
    (void)atomic_fetch_add_explicit(&w->n_links, 1, memory_order_relaxed);
    if (MHD_add_connection(w->daemon, fd, address, size) != MHD_YES) /* it has closed fd */
        (void)atomic_fetch_sub_explicit(&w->n_links, 1, memory_order_relaxed);
}

/* ------------------------------------------------------------------------ start and stop ---- */

static mc_status start_worker(mc_engine *engine, uint32_t index, mc_error *err)
{
    worker *w = &engine->workers[index];
    w->engine = engine;
    w->index = index;
    w->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
            MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO,
        0, NULL, NULL, on_request, w, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, engine->options.max_connections + 1,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_NOTIFY_COMPLETED, on_completed, w,
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
    worker *workers = mc_alloc(options->n_workers, sizeof *workers);
    if (engine == NULL || workers == NULL) {
        mc_listener listener = options->listener;
        mc_listener_close(&listener);
        mc_free(engine);
        mc_free(workers);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for %u workers",
                       options->n_workers);
    }
    engine->options = *options;
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
        destroy_flights(&engine->workers[i]);
    }
    mc_links_fini(&engine->links);
    mc_acceptor_fini(&engine->acceptor);
    mc_free(engine->workers);
    mc_free(engine);
}
