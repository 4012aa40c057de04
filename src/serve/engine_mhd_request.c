/* engine_mhd_request.c: one request on libmicrohttpd: its head, its body, its answer.
 *
 * LIMITATIONS  The library queues no answer in mid-upload: an early answer drains the rest first,
 *          and a body that is too large or too slow is refused on the socket itself. It makes about
 *          eight small allocations for each answer; they are its own, our frames make none.
 *          A head over 4 KiB, or one that is no HTTP, it answers by itself, in HTML; with more than
 *          some 55 cookies it hangs up, with more than some 60 arguments in the URL it says nothing
 *          until --idle-timeout ends the connection.
 */
#include <strings.h>

#include "base/alloc.h"
#include "serve/engine_mhd.h"
#include "serve/framing.h"
#include "serve/hot_path.h"

/* Of the pool: what the library keeps of each header, cookie and argument beside its text, and an
 * answer's own head. */
#define VALUE_BYTES       ((size_t)64)
#define ANSWER_HEAD_BYTES ((size_t)320)

enum { WAIT_NONE = 0, WAIT_SUSPENDED, WAIT_RESUMED };

/* ---------------------------------------------------------------------------- exchanges ---- */

static uint64_t body_deadline(const mc_engine *engine, const mc_mhd_flight *f)
{
    const mc_exchange *x = &f->exchange;
    const uint64_t size = x->body_size == MC_BODY_UNKNOWN ? f->max_body : x->body_size;
    const uint32_t seconds = atomic_load_explicit(&engine->read_timeout_s, memory_order_relaxed);
    return x->arrived_ns + (seconds + size / MC_BODY_RATE) * MC_MHD_SECOND_NS;
}

static mc_mhd_flight *create_flight(mc_engine_worker *w)
{
    const mc_service *service = &w->engine->options.service;
    mc_mhd_flight *f = mc_alloc(1, sizeof *f);
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

void mc_mhd_destroy_flights(mc_engine_worker *w)
{
    const mc_service *service = &w->engine->options.service;
    while (w->spare != NULL) {
        mc_mhd_flight *f = w->spare;
        w->spare = f->next;
        service->fini(service->user, &f->exchange);
        mc_free(f);
    }
}

/* A spare exchange; a new one only while a worker warms up to its largest number at once. */
static mc_mhd_flight *take_flight(mc_engine_worker *w)
{
    mc_mhd_flight *f = w->spare;
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
    const mc_mhd_flight *f = (const mc_mhd_flight *)exchange;
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
    const mc_mhd_flight *f = (const mc_mhd_flight *)exchange;
    (void)MHD_get_connection_values(f->connection, MHD_HEADER_KIND, count_header, &count);
    return count.n;
}

/* -------------------------------------------------------------------------- one request ---- */

static enum MHD_Result queue_answer(mc_mhd_flight *f)
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
        if (answer->quantized != NULL)
            (void)MHD_add_response_header(response, "X-Quantized", answer->quantized);
        if (answer->close || atomic_load_explicit(&f->worker->engine->quiet, memory_order_relaxed))
            (void)MHD_add_response_header(response, "Connection", "close");
        result = MHD_queue_response(f->connection, answer->http, response);
        MHD_destroy_response(response);
    }
    MC_HOT_RESUME();
    return result;
}

/* Answers before the body was read: the library then ends the connection. */
static enum MHD_Result queue_early(mc_mhd_flight *f)
{
    mc_links_linger(&f->worker->engine->links, f->link->fd);
    (void)mc_link_enter(f->link, MC_PHASE_HEAD, MC_PHASE_BUSY, UINT64_MAX);
    f->exchange.answer.close = true;
    return queue_answer(f);
}

static void refuse_size(mc_mhd_flight *f)
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
    return size + n_values * VALUE_BYTES + ANSWER_HEAD_BYTES <= MC_MHD_POOL_BYTES;
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

static enum MHD_Result on_head(mc_engine_worker *w, struct MHD_Connection *connection,
                               const char *path, const char *verb, void **out)
{
    mc_engine *engine = w->engine;
    const mc_service *service = &engine->options.service;
    mc_link *link = link_of(connection);
    if (link != NULL && !answer_fits(connection)) {
        refuse_head(engine, link);
        return MHD_NO;
    }
    mc_mhd_flight *f = link == NULL ? NULL : take_flight(w);
    if (f == NULL)
        return MHD_NO;
    *out = f;
    f->connection = connection;
    f->link = link;
    f->body_seen = 0;
    f->max_body = atomic_load_explicit(&engine->max_body, memory_order_relaxed);
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
    if (x->body_size != MC_BODY_UNKNOWN && x->body_size > f->max_body) {
        refuse_size(f);
        return queue_early(f);
    }
    if (f->answered && x->body_size != 0 && mc_exchange_expects_continue(x))
        return queue_early(f);
    return mc_link_enter(f->link, MC_PHASE_HEAD, MC_PHASE_BODY, body_deadline(engine, f)) ? MHD_YES
                                                                                          : MHD_NO;
}

/* A chunked body went over the limit: its 413 waits for the end, unless that is too far away. */
static enum MHD_Result over_limit(mc_mhd_flight *f)
{
    mc_engine *engine = f->worker->engine;
    if (!f->too_large) {
        f->too_large = f->answered = true;
        refuse_size(f);
        f->exchange.answer.close = true;
    }
    if (f->body_seen - f->max_body <= MC_DRAIN_BYTES)
        return MHD_YES;
    static const char TOO_LARGE[] =
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    if (mc_link_enter(f->link, MC_PHASE_BODY, MC_PHASE_ENDED, UINT64_MAX))
        mc_links_refuse(&engine->links, f->link, TOO_LARGE, sizeof TOO_LARGE - 1);
    return MHD_NO;
}

static enum MHD_Result on_body(mc_mhd_flight *f, const char *data, size_t size)
{
    const mc_service *service = &f->worker->engine->options.service;
    f->body_seen += size;
    if (f->body_seen > f->max_body)
        return over_limit(f);
    if (!f->answered)
        f->answered = service->body(service->user, &f->exchange, (const uint8_t *)data, size) ==
                      MC_STEP_ANSWER;
    return MHD_YES;
}

/* Suspends, unless the resume came first. */
static void suspend(mc_mhd_flight *f)
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
    mc_mhd_flight *f = (mc_mhd_flight *)exchange;
    if (atomic_exchange_explicit(&f->wait, WAIT_RESUMED, memory_order_acq_rel) == WAIT_SUSPENDED)
        MHD_resume_connection(f->connection);
}

static enum MHD_Result on_end(mc_mhd_flight *f)
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

enum MHD_Result mc_mhd_on_request(void *user, struct MHD_Connection *connection, const char *path,
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

void mc_mhd_on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)connection;
    (void)why;
    mc_engine_worker *w = user;
    mc_mhd_flight *f = *state;
    if (f == NULL)
        return;
    const mc_service *service = &w->engine->options.service;
    service->done(service->user, &f->exchange);
    (void)mc_link_enter(f->link, MC_PHASE_BUSY, MC_PHASE_HEAD, mc_mhd_idle_deadline(w->engine));
    f->next = w->spare;
    w->spare = f;
    *state = NULL;
    (void)atomic_fetch_sub_explicit(&w->engine->n_flights, 1, memory_order_relaxed);
}
