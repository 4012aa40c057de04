/* engine.h: HTTP/1.1 as the rest of the room sees it. Only engine_*.c know which library does it.
 *
 * A request and its answer are one *exchange*. Its service is asked in this order, always on the
 * worker thread that owns the connection:
 *
 *   begin    the headers are in            -> READ the body, or ANSWER: the body is then drained
 *   body     the next bytes of the body    -> READ on, or ANSWER: the rest is then drained
 *   finish   the body is complete          -> ANSWER, or WAIT
 *   done     the answer left, or the client did. Comes exactly once for each begin
 *
 * After WAIT the connection is suspended: it holds no thread, and `finish` is called again after
 * mc_exchange_resume(), which any thread may call, once, also before finish has returned.
 *
 * Between the library's callback and the queued answer a warm exchange makes no allocation and
 * takes no lock, as long as its service does not: exchanges are recycled in a list of each worker.
 */
#ifndef MC_SERVE_ENGINE_H
#define MC_SERVE_ENGINE_H
#include "serve/listener.h"

typedef struct mc_engine mc_engine;
typedef struct mc_exchange mc_exchange;

typedef enum mc_verb { MC_VERB_GET = 0, MC_VERB_HEAD, MC_VERB_POST, MC_VERB_OTHER } mc_verb;

typedef enum mc_step {
    MC_STEP_READ = 0, /* go on with the body */
    MC_STEP_WAIT,     /* suspend, and call finish again once resumed */
    MC_STEP_ANSWER    /* `answer` is complete */
} mc_step;

#define MC_BODY_UNKNOWN UINT64_MAX /* chunked */

/* What goes back. All memory is borrowed until `done`. */
typedef struct mc_answer {
    uint32_t http; /* 200 */
    const char *content_type;
    const char *body;
    size_t body_size;
    const char *extra_name; /* one more header, or NULL: "Allow", "Retry-After" ... */
    const char *extra_value;
    const char *quantized; /* of whom this is the answer: X-Quantized; or NULL */
    bool close;            /* end the connection after it */
} mc_answer;

/* *Owned* by its worker thread, but for mc_exchange_resume(). */
struct mc_exchange {
    mc_verb verb;
    const char *verb_name; /* "PATCH"; borrowed until done */
    const char *path;      /* decoded, without the query; borrowed until done */
    uint64_t body_size;    /* declared; 0 when there is none; MC_BODY_UNKNOWN */
    uint64_t arrived_ns;   /* mc_now_ns() when the headers were in */
    uint32_t worker;       /* below mc_engine_options.n_workers: finds state of the thread */
    void *state;           /* the service's own; kept when the exchange is recycled */
    mc_answer answer;
};

typedef struct mc_service {
    void *user;
    /* A new exchange, once before its first use: allocates `state`. false: out of memory. */
    bool (*init)(void *user, mc_exchange *exchange);
    void (*fini)(void *user, mc_exchange *exchange);
    mc_step (*begin)(void *user, mc_exchange *exchange);
    mc_step (*body)(void *user, mc_exchange *exchange, const uint8_t *data, size_t size);
    mc_step (*finish)(void *user, mc_exchange *exchange);
    void (*done)(void *user, mc_exchange *exchange);
    /* The engine itself refuses the request, with or after begin: fill in the answer. */
    void (*refuse)(void *user, mc_exchange *exchange, mc_status status, const char *message);
} mc_service;

/* What may change while it runs: mc_engine_set_limits(). */
typedef struct mc_engine_limits {
    uint32_t max_connections; /* from 1 to MC_CONNECTIONS_MAX */
    uint32_t idle_timeout_s;  /* without a complete request head; also bounds slow heads */
    uint32_t read_timeout_s;  /* for a body, plus a second for each MC_BODY_RATE bytes of it */
    uint64_t max_body;
} mc_engine_limits;

typedef struct mc_engine_options {
    mc_listener listener; /* open; the engine owns it from the call of start on */
    uint32_t n_workers;   /* from 1 to MC_WORKERS_MAX */
    mc_engine_limits limits;
    mc_service service;
} mc_engine_options;

#define MC_WORKERS_MAX     1024
#define MC_CONNECTIONS_MAX 1000000
#define MC_BODY_RATE       65536               /* bytes a second below which a client is too slow */
#define MC_DRAIN_BYTES     ((uint64_t)1 << 20) /* read beyond max_body before hanging up */

/* Serves. @return MC_OK; MC_E_IO when a thread cannot start; MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_engine_start(const mc_engine_options *options, mc_engine **out,
                                        mc_error *err);
/* Holds for what comes from now on: connections that are open stay, and a request whose head is in
 * keeps the limits that it came with. */
void mc_engine_set_limits(mc_engine *engine, const mc_engine_limits *limits);
/* Open connections of one worker. */
uint32_t mc_engine_connections(const mc_engine *engine, uint32_t worker_at);

/* Listens no more: what is connected goes on, and is closed after the answer under way. */
void mc_engine_quiesce(mc_engine *engine);
/* Waits until no exchange is under way, at most `timeout_ms`. */
bool mc_engine_drain(mc_engine *engine, uint32_t timeout_ms);
/* Closes all. No connection may be suspended. NULL is fine. */
void mc_engine_stop(mc_engine *engine);

/* A header of the request, or NULL; the first of that name. Names compare without case. */
const char *mc_exchange_header(const mc_exchange *exchange, const char *name);
/* How many headers have that name. */
size_t mc_exchange_count_headers(const mc_exchange *exchange, const char *name);
void mc_exchange_resume(mc_exchange *exchange);
#endif
