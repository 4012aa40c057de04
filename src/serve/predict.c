/* predict.c: the native prediction protocol (contract section 3).
 *
 * A hit reads the body straight into the model's slots as it comes. A miss starts the load at once
 * and keeps the body aside meanwhile: which slots there are is known only when the model is, and
 * the body may name a shorter deadline. No thread waits; the connection is suspended.
 *
 * inverse_transform takes rows of another width, and "method" may stand behind the rows: where a
 * model has a way back, a JSON body is kept until it is known which rows it holds. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "serve/call.h"
#include "serve/encode.h"
#include "serve/hot_path.h"
#include "serve/json_push.h"
#include "serve/media.h"

/* No Content-Type, and the one that `curl -d` sends, are read as JSON. */
static mc_status find_kind(mc_call *call)
{
    const char *type = mc_exchange_header(call->exchange, "Content-Type");
    if (type == NULL || mc_media_is(type, "application/json") ||
        mc_media_is(type, "application/x-www-form-urlencoded"))
        call->kind = MC_BODY_JSON;
    else if (mc_media_is(type, "text/csv"))
        call->kind = MC_BODY_CSV;
    else if (mc_media_is(type, "application/x-ndjson"))
        call->kind = MC_BODY_NDJSON;
    else {
        return mc_fail(&call->error, MC_E_BAD_MEDIA_TYPE, MC_NO_OFFSET,
                       "expected application/json, text/csv or application/x-ndjson, found %.100s",
                       type);
    }
    return MC_OK;
}

/* The model is here: its version must be the one asked for, and reading can begin. */
static mc_status take_model(mc_call *call)
{
    const mc_model_info info = mc_model_describe(call->model);
    call->version = info.version;
    if (call->match.route->handler == MC_HANDLER_PREDICT_VERSION &&
        !mc_bytes_is(call->match.detail, info.version)) {
        return mc_fail(&call->error, MC_E_NOT_FOUND, MC_NO_OFFSET,
                       "model %s has no version %.*s; it serves version \"%s\"", call->name,
                       MC_SHOW(call->match.detail), info.version);
    }
    const mc_row_schema schema = mc_row_schema_of(call->model);
    mc_decode_begin(call->decode, &schema, call->kind);
    call->may_go_back = call->kind == MC_BODY_JSON && mc_model_inverse(call->model) != NULL;
    call->unread = MC_OK;
    return MC_OK;
}

static mc_status acquire(mc_call *call)
{
    mc_cache *cache = call->server->options.cache;
    MC_TRY(mc_call_prepare_wait(call));
    const mc_status status = mc_cache_acquire_async(cache, call->key, mc_await_done, call->await,
                                                    &call->model, &call->error);
    call->pending = status == MC_E_PENDING;
    if (!call->pending)
        mc_await_forget(call->await);
    return call->pending ? MC_OK : status;
}

mc_step mc_predict_begin(mc_call *call)
{
    mc_status status = mc_call_name(call);
    if (status == MC_OK)
        status = mc_call_key(call);
    if (status == MC_OK && call->match.detail.size == 0 &&
        !mc_cache_take_shadow(call->server->options.cache, call->name, call->shadow))
        call->shadow[0] = '\0';
    if (status == MC_OK)
        status = acquire(call); /* before the body's type: each request counts as hit or miss */
    if (status == MC_OK)
        status = find_kind(call);
    if (status == MC_OK && !call->pending)
        status = take_model(call);
    return status == MC_OK ? MC_STEP_READ : mc_call_fail(call, status);
}

/* Reads a piece of the body as rows of the model; a failure waits until the whole body is known if
 * these may be rows of the way back. */
static mc_status feed(mc_call *call, const uint8_t *data, size_t size)
{
    if (call->unread == MC_OK)
        call->unread = mc_decode_feed(call->decode, data, size, &call->error);
    return call->may_go_back ? MC_OK : call->unread;
}

mc_step mc_predict_body(mc_call *call, const uint8_t *data, size_t size)
{
    mc_status status = MC_OK;
    if (call->pending || call->may_go_back || call->shadow[0] != '\0')
        status = mc_buffer_append(&call->held, data, size, &call->error);
    if (status == MC_OK && !call->pending)
        status = feed(call, data, size);
    return status == MC_OK ? MC_STEP_READ : mc_call_fail(call, status);
}

/* -------------------------------------------------------------------------- after a miss ---- */

/* Moves `json` to the value of a key at the top of a JSON body that was not read to its end;
 * MC_JSON_END where there is none. What is wrong with the body is said later, by the decoder. */
static mc_json_token peek_value(mc_json *json, mc_bytes body, const char *key)
{
    mc_json_token token = MC_JSON_MORE;
    bool named = false;
    mc_json_begin(json, false);
    mc_json_feed(json, body.data, body.size);
    while (mc_json_next(json, &token, NULL) == MC_OK && token != MC_JSON_END &&
           token != MC_JSON_MORE) {
        if (named)
            return token;
        named = token == MC_JSON_KEY && json->depth == 1 && mc_bytes_is(json->text, key);
    }
    return MC_JSON_END;
}

/* The value of "timeout" in a body, or -1. */
static double peek_timeout(mc_json *json, mc_bytes body)
{
    return peek_value(json, body, "timeout") == MC_JSON_NUMBER ? json->number : -1.0;
}

static bool peek_inverse(mc_json *json, mc_bytes body)
{
    return peek_value(json, body, "method") == MC_JSON_STRING &&
           mc_bytes_is(json->text, mc_method_name(MC_METHOD_INVERSE_TRANSFORM));
}

static uint64_t deadline_of(mc_call *call)
{
    double seconds = -1.0;
    if (call->kind == MC_BODY_JSON) {
        mc_json json;
        mc_json_init(&json, &call->server->meter);
        seconds = peek_timeout(&json, (mc_bytes){call->held.data, call->held.size});
        mc_json_fini(&json);
    }
    const double most =
        (double)atomic_load_explicit(&call->server->wait_ms, memory_order_relaxed) * 1e-3;
    if (!(seconds >= 0.0 && seconds < most))
        seconds = most;
    return call->exchange->arrived_ns + (uint64_t)(seconds * 1e9);
}

/* Reads the body that was kept aside, now that the waiting is over. */
static mc_status read_held(mc_call *call)
{
    const mc_status got = mc_await_take(call->await, &call->model, &call->error);
    mc_await_drop(call->await);
    call->await = NULL;
    call->pending = false;
    MC_TRY(got);
    MC_TRY(take_model(call));
    return feed(call, call->held.data, call->held.size);
}

/* Does the body that was kept ask for the way back? */
static bool asks_for_inverse(mc_call *call)
{
    mc_json json;
    mc_json_init(&json, &call->server->meter);
    const bool found = peek_inverse(&json, (mc_bytes){call->held.data, call->held.size});
    mc_json_fini(&json);
    return found;
}

/* The whole body is there: its request, read again as rows of the way back if it asks for that. */
static mc_status end_reading(mc_call *call, mc_predict_request *out)
{
    mc_status status = call->unread;
    if (status == MC_OK)
        status = mc_decode_end(call->decode, out, &call->error);
    const bool back =
        call->may_go_back &&
        (status == MC_OK ? out->method == MC_METHOD_INVERSE_TRANSFORM : asks_for_inverse(call));
    if (!back)
        return status;
    const mc_row_schema schema = mc_row_schema_of(mc_model_inverse(call->model));
    mc_decode_begin(call->decode, &schema, call->kind);
    MC_TRY(mc_decode_feed(call->decode, call->held.data, call->held.size, &call->error));
    return mc_decode_end(call->decode, out, &call->error);
}

/* ------------------------------------------------------------------------------ answering ---- */

static mc_status choose_method(const mc_predict_request *request, mc_method *out, mc_error *err)
{
    const char *asked = request->return_std ? "return_std" : "return_cov";
    *out = request->method;
    if (request->return_std && request->return_cov)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "expected at most one of return_std and return_cov, found both");
    if (!request->return_std && !request->return_cov)
        return MC_OK;
    if (request->method != MC_METHOD_DEFAULT && request->method != MC_METHOD_PREDICT)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "%s goes with predict, not %s", asked,
                       mc_method_name(request->method));
    *out = request->return_std ? MC_METHOD_PREDICT_STD : MC_METHOD_PREDICT_COV;
    return MC_OK;
}

/* The model cache has said "cache hit" or "cache miss"; this says what came of it. */
static void log_answer(const mc_call *call, mc_method method, size_t n_rows)
{
    const mc_log *log = call->server->options.log;
    if (!mc_log_wants(log, MC_LOG_DEBUG))
        return;
    if (method == MC_METHOD_DEFAULT)
        method = mc_model_describe(call->model).default_method;
    const mc_event facts = {.level = MC_LOG_DEBUG,
                            .event = "answered",
                            .model = call->name,
                            .generation = mc_model_describe(call->model).generation,
                            .ns = mc_now_ns() - call->exchange->arrived_ns};
    mc_log_tell(log, &facts, "answered: %s %s, %zu row%s, %.3f ms", call->name,
                mc_method_name(method), n_rows, n_rows == 1 ? "" : "s", (double)facts.ns / 1e6);
}

/* Which header says what the prediction cache knew; none where it was not asked. */
static void tell_hits(mc_call *call, const mc_row_hits *hits)
{
    mc_answer *answer = &call->exchange->answer;
    if (!hits->asked)
        return;
    answer->extra_name = "X-Cache";
    answer->extra_value = hits->misses == 0 ? "hit" : hits->hits == 0 ? "miss" : "partial";
}

static void tell_quantization(mc_call *call)
{
    const mc_quantization quantized = mc_model_describe(call->model).quantized;
    if (quantized != MC_QUANTIZE_NEVER)
        call->exchange->answer.quantized = mc_quantization_name(quantized);
}

static mc_status predict(mc_call *call)
{
    mc_predict_request request;
    mc_output output;
    mc_method method = MC_METHOD_DEFAULT;
    mc_workspace *workspace = call->server->desks[call->exchange->worker].workspace;
    MC_TRY(end_reading(call, &request));
    MC_TRY(choose_method(&request, &method, &call->error));
    if (request.timeout_s >= 0.0 &&
        (double)(mc_now_ns() - call->exchange->arrived_ns) * 1e-9 > request.timeout_s)
        return mc_fail(&call->error, MC_E_DEADLINE, MC_NO_OFFSET,
                       "the timeout of %g s passed before the prediction began", request.timeout_s);
    mc_row_hits hits;
    MC_TRY(mc_cache_predict(call->server->options.cache, call->model, method, &request.input,
                            workspace, &output, &hits, &call->error));
    tell_hits(call, &hits);
    tell_quantization(call);
    const mc_class_tables tables = mc_class_tables_of(call->model);
    MC_TRY(mc_encode_answer(&call->out, &tables, &output, &call->error));
    log_answer(call, method, request.input.n_rows);
    return MC_OK;
}

/* Comes twice for a miss that is not over yet: to wait, and again when the waiter says so. */
static bool must_wait(mc_call *call)
{
    if (!call->pending || call->waited)
        return false;
    call->waited = true;
    return mc_await_arm(call->await, deadline_of(call));
}

static void offer_to_shadow(mc_call *call)
{
    MC_HOT_PAUSE(); /* a share of the requests of a model that asks for it */
    mc_shadow_offer(call->server->shadow, call->name, call->shadow, call->model, call->kind,
                    (mc_bytes){call->held.data, call->held.size});
    MC_HOT_RESUME();
}

mc_step mc_predict_finish(mc_call *call)
{
    mc_status status = MC_OK;
    if (call->pending) {
        MC_HOT_PAUSE();
        const bool wait = must_wait(call);
        if (!wait)
            status = read_held(call);
        MC_HOT_RESUME();
        if (wait)
            return MC_STEP_WAIT;
    }
    if (status == MC_OK)
        status = predict(call);
    if (status == MC_OK && call->shadow[0] != '\0')
        offer_to_shadow(call);
    return status == MC_OK ? mc_call_answer(call, "application/json") : mc_call_fail(call, status);
}
