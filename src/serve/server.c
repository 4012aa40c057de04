/* server.c: engine, router, guard, handlers and metrics, put together. */
#include "serve/server.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "serve/call.h"
#include "serve/hot_path.h"

#define KEEP_BYTES           ((size_t)64 << 10) /* of each buffer of a call, from request to request */
#define KEEP_WORKSPACE_BYTES ((size_t)4 << 20) /* of a thread's workspace */

/* ----------------------------------------------------------------------- life of a call ---- */

static bool call_init(void *user, mc_exchange *exchange)
{
    mc_server *server = user;
    mc_call *call = mc_alloc(1, sizeof *call);
    if (call == NULL)
        return false;
    call->server = server;
    call->exchange = exchange;
    mc_buffer_init(&call->out, &server->meter);
    mc_buffer_init(&call->held, &server->meter);
    if (mc_decode_create(&server->meter, &call->decode, NULL) != MC_OK) {
        mc_free(call);
        return false;
    }
    exchange->state = call;
    return true;
}

static void call_fini(void *user, mc_exchange *exchange)
{
    (void)user;
    mc_call *call = exchange->state;
    mc_await_drop(call->await);
    mc_decode_destroy(call->decode);
    mc_buffer_fini(&call->out);
    mc_buffer_fini(&call->held);
    mc_free(call);
}

/* Forgets the request, and gives memory back that only a large one needs. */
static void call_done(void *user, mc_exchange *exchange)
{
    mc_server *server = user;
    mc_call *call = exchange->state;
    mc_model_release(call->model);
    call->model = NULL;
    if (call->pending) { /* the client left: the callback still comes, and ends the waiter */
        mc_await_drop(call->await);
        call->await = NULL;
    }
    mc_decode_trim(call->decode, KEEP_BYTES);
    mc_buffer_trim(&call->out, KEEP_BYTES);
    mc_buffer_trim(&call->held, KEEP_BYTES);
    mc_desk *desk = &server->desks[exchange->worker];
    if (mc_workspace_bytes(desk->workspace) > KEEP_WORKSPACE_BYTES) {
        mc_workspace *fresh = NULL;
        if (mc_workspace_create(server->options.request_memory, &fresh, NULL) == MC_OK) {
            mc_workspace_destroy(desk->workspace);
            desk->workspace = fresh;
        }
    }
}

/* ------------------------------------------------------------------------------- steps ---- */

/* Ends a prediction once it is answered, and before the answer leaves: whoever has it finds it
 * counted, and the model given back. */
static mc_step counted(mc_call *call, mc_step step)
{
    const mc_exchange *exchange = call->exchange;
    if (step != MC_STEP_ANSWER || call->counted || call->match.route == NULL ||
        call->match.route->right != MC_RIGHT_PREDICT)
        return step;
    call->counted = true;
    /* A name that no model has must not become a series: clients choose it. */
    const bool known = exchange->answer.http != 404;
    const mc_sample sample = {.model = known ? call->name : "",
                              .version = call->version,
                              .protocol = "native",
                              .http = exchange->answer.http,
                              .duration_ns = mc_now_ns() - exchange->arrived_ns};
    mc_metrics_count(call->server->metrics, exchange->worker, &sample);
    call->version = "";
    mc_model_release(
        call->model); /* nothing of the answer lies in it: let it go before it leaves */
    call->model = NULL;
    return step;
}

static mc_status check_rights(mc_call *call)
{
    const mc_exchange *exchange = call->exchange;
    const mc_right right = call->match.route->right;
    if (right != MC_RIGHT_ADMIN)
        return MC_OK;
    const mc_visitor visitor = {.host = mc_exchange_header(exchange, "Host"),
                                .origin = mc_exchange_header(exchange, "Origin"),
                                .authorization = mc_exchange_header(exchange, "Authorization"),
                                .content_type = mc_exchange_header(exchange, "Content-Type"),
                                .has_body = exchange->body_size != 0};
    return mc_guard_check(call->server->options.guard, right, &visitor, &call->error);
}

static mc_step begin(void *user, mc_exchange *exchange)
{
    (void)user;
    mc_call *call = exchange->state;
    call->name[0] = call->key[0] = call->shadow[0] = '\0';
    call->version = "";
    call->pending = call->waited = call->counted = call->spread = false;
    call->match.route = NULL;
    const mc_status found = mc_route_find(exchange->verb, exchange->path, &call->match);
    if (found == MC_E_BAD_VERB)
        return mc_call_refuse(call, found, "%.60s takes %s, not %.20s", exchange->path,
                              call->match.allow, exchange->verb_name);
    if (found != MC_OK)
        return mc_call_refuse(call, found, "no route %.200s", exchange->path);
    const mc_status allowed = check_rights(call);
    if (allowed != MC_OK)
        return mc_call_fail(call, allowed);
    switch (call->match.route->right) {
    case MC_RIGHT_PREDICT:
        return counted(call, mc_predict_begin(call));
    case MC_RIGHT_ADMIN:
        return mc_admin_begin(call);
    case MC_RIGHT_READ:
        break;
    }
    return MC_STEP_READ;
}

static mc_step body(void *user, mc_exchange *exchange, const uint8_t *data, size_t size)
{
    (void)user;
    mc_call *call = exchange->state;
    switch (call->match.route->right) {
    case MC_RIGHT_PREDICT:
        return counted(call, mc_predict_body(call, data, size));
    case MC_RIGHT_ADMIN:
        return mc_admin_body(call, data, size);
    case MC_RIGHT_READ:
        break;
    }
    return MC_STEP_READ; /* a read has no use for a body */
}

static mc_step finish(void *user, mc_exchange *exchange)
{
    (void)user;
    mc_call *call = exchange->state;
    switch (call->match.route->right) {
    case MC_RIGHT_PREDICT:
        return counted(call, mc_predict_finish(call));
    case MC_RIGHT_ADMIN:
        return mc_admin_finish(call);
    case MC_RIGHT_READ:
        break;
    }
    return mc_info_finish(call);
}

static void refuse(void *user, mc_exchange *exchange, mc_status status, const char *message)
{
    (void)user;
    mc_call *call = exchange->state;
    (void)counted(call, mc_call_refuse(call, status, "%s", message));
}

/* ------------------------------------------------------------------------ start and stop ---- */

static mc_status start_engine(mc_server *server, mc_error *err)
{
    const mc_server_options *options = &server->options;
    mc_engine_options engine = {.n_workers = options->n_threads,
                                .limits = options->limits,
                                .service = {.user = server,
                                            .init = call_init,
                                            .fini = call_fini,
                                            .begin = begin,
                                            .body = body,
                                            .finish = finish,
                                            .done = call_done,
                                            .refuse = refuse}};
    if (options->listener != NULL)
        engine.listener = *options->listener;
    else
        MC_TRY(mc_listener_open(&engine.listener, options->host, options->port, err));
    (void)snprintf(server->url, sizeof server->url, "%s", engine.listener.url);
    options->guard->loopback = engine.listener.loopback;
    return mc_engine_start(&engine, &server->engine, err);
}

static mc_status make_desks(mc_server *server, mc_error *err)
{
    server->desks = mc_alloc(server->options.n_threads, sizeof *server->desks);
    if (server->desks == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for %u threads",
                       server->options.n_threads);
    for (uint32_t i = 0; i < server->options.n_threads; i++)
        MC_TRY(
            mc_workspace_create(server->options.request_memory, &server->desks[i].workspace, err));
    return mc_metrics_create(server->options.n_threads, server->options.peers, &server->metrics,
                             err);
}

mc_status mc_server_start(const mc_server_options *options, mc_server **out, mc_error *err)
{
    mc_server *server = mc_alloc(1, sizeof *server);
    if (server == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the server");
    server->options = *options;
    server->meter.limit = options->request_memory;
    mc_server_set_wait(server, options->wait_ms);
    mc_status status = make_desks(server, err);
    if (status == MC_OK)
        status = mc_awaits_start(&server->waits, err);
    server->waits_run = status == MC_OK;
    if (status == MC_OK)
        status = mc_shadow_create(options->cache, options->log, &server->shadow, err);
    if (status == MC_OK)
        status = start_engine(server, err);
    if (status != MC_OK) {
        mc_server_destroy(server);
        return status;
    }
    *out = server;
    return MC_OK;
}

const char *mc_server_url(const mc_server *server)
{
    return server->url;
}

void mc_server_set_ready(mc_server *server, bool ready)
{
    atomic_store_explicit(&server->ready, ready, memory_order_relaxed);
}

void mc_server_set_wait(mc_server *server, uint32_t wait_ms)
{
    atomic_store_explicit(&server->wait_ms, wait_ms, memory_order_relaxed);
}

void mc_server_set_limits(mc_server *server, const mc_engine_limits *limits)
{
    mc_engine_set_limits(server->engine, limits);
}

void mc_server_publish(mc_server *server)
{
    mc_info_publish(server);
}

uint64_t mc_server_requests(const mc_server *server)
{
    return mc_metrics_requests(server->metrics);
}

void mc_server_stop(mc_server *server, uint32_t timeout_ms)
{
    mc_server_set_ready(server, false);
    if (server->engine != NULL) {
        mc_engine_quiesce(server->engine);
        (void)mc_engine_drain(server->engine, timeout_ms);
        mc_awaits_stop(&server->waits); /* resumes whatever is left: the engine must find none */
        (void)mc_engine_drain(server->engine, 1000);
    }
    mc_engine_stop(server->engine);
    server->engine = NULL;
    mc_shadow_destroy(server->shadow); /* no request is left that could offer */
    server->shadow = NULL;
}

void mc_server_destroy(mc_server *server)
{
    if (server == NULL)
        return;
    mc_server_stop(server, 0);
    if (server->waits_run)
        mc_awaits_fini(&server->waits);
    for (uint32_t i = 0; server->desks != NULL && i < server->options.n_threads; i++)
        mc_workspace_destroy(server->desks[i].workspace);
    mc_free(server->desks);
    mc_metrics_destroy(server->metrics);
    mc_free(server);
}
