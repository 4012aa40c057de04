/* admin.c: load, refresh, unload, pin, unpin, flush. The guard has let the call in (guard.h).
 *
 * load and refresh wait for the loader with the connection suspended, as a miss does; the answer
 * comes when the new model serves, or when it is clear that it will not. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "serve/call.h"
#include "serve/encode.h"
#include "serve/hot_path.h"
#include "serve/print.h"
#include "serve/version_labels.h"

#define ADMIN_BODY_BYTES ((size_t)16 << 10)
#define MC_LOAD_WAIT_NS  ((uint64_t)3600 * 1000000000u) /* whoever asks for a load waits for it */

/* Labels may be new; versions must be there. */
static bool names_unknown_version(const mc_call *call)
{
    return call->match.detail.size > 0 && call->match.route->handler != MC_HANDLER_LABEL &&
           strcmp(call->key, call->name) == 0;
}

mc_step mc_admin_begin(mc_call *call)
{
    mc_status status = mc_call_name(call);
    if (status == MC_OK)
        status = mc_call_key(call);
    if (status == MC_OK && names_unknown_version(call))
        status = mc_fail(&call->error, MC_E_NOT_FOUND, MC_NO_OFFSET, "model %s has no version %.*s",
                         call->name, MC_SHOW(call->match.detail));
    return status == MC_OK ? MC_STEP_READ : mc_call_fail(call, status);
}

mc_step mc_admin_body(mc_call *call, const uint8_t *data, size_t size)
{
    if (size > ADMIN_BODY_BYTES - call->held.size)
        return mc_call_refuse(call, MC_E_TOO_LARGE, "the body of an admin call is over %zu bytes",
                              ADMIN_BODY_BYTES);
    const mc_status status = mc_buffer_append(&call->held, data, size, &call->error);
    return status == MC_OK ? MC_STEP_READ : mc_call_fail(call, status);
}

/* {"source": PATH} of a load; "" when the body names none. */
static mc_status read_source(mc_call *call, char out[MC_PATH_MAX])
{
    json_error_t why;
    out[0] = '\0';
    if (call->held.size == 0)
        return MC_OK;
    json_t *body = json_loadb((const char *)call->held.data, call->held.size, 0, &why);
    const json_t *source = json_object_get(body, "source");
    const char *path = json_string_value(source);
    mc_status status = MC_OK;
    if (!json_is_object(body)) {
        status = mc_fail(&call->error, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                         "expected {\"source\": PATH} or no body: %s",
                         body == NULL ? why.text : "found another JSON value");
    } else if (source != NULL && path == NULL) {
        status =
            mc_fail(&call->error, MC_E_BAD_REQUEST, MC_NO_OFFSET, "expected \"source\" to be text");
    } else if (path != NULL) {
        status = mc_guard_source(call->server->options.guard, path, out, &call->error);
    }
    json_decref(body);
    return status;
}

/* load or refresh: MC_E_PENDING while the loader is at it. */
static mc_status start_load(mc_call *call, bool force)
{
    char source[MC_PATH_MAX];
    MC_TRY(read_source(call, source));
    MC_TRY(mc_call_prepare_wait(call));
    const mc_server_options *options = &call->server->options;
    const bool looks = force && source[0] == '\0' && options->refresh != NULL;
    const mc_status status =
        looks ? options->refresh(options->refresh_user, call->key, mc_await_done, call->await,
                                 &call->error)
              : mc_cache_load_async(options->cache, call->key, source[0] == '\0' ? NULL : source,
                                    force, mc_await_done, call->await, &call->error);
    call->pending = status == MC_E_PENDING;
    if (!call->pending)
        mc_await_forget(call->await);
    return status;
}

static mc_status run(mc_call *call)
{
    mc_cache *cache = call->server->options.cache;
    const mc_handler handler = call->match.route->handler;
    if (handler == MC_HANDLER_LOAD || handler == MC_HANDLER_REFRESH)
        return start_load(call, handler == MC_HANDLER_REFRESH);
    if (handler == MC_HANDLER_UNLOAD)
        return mc_cache_unload(cache, call->key, &call->error);
    if (handler == MC_HANDLER_PIN || handler == MC_HANDLER_UNPIN)
        return mc_cache_pin(cache, call->key, handler == MC_HANDLER_PIN, &call->error);
    MC_ASSERT(handler == MC_HANDLER_FLUSH);
    mc_entry_info info; /* a name that is not registered is an error */
    MC_TRY(mc_cache_info(cache, call->key, &info, &call->error));
    mc_cache_flush(cache, call->key);
    return MC_OK;
}

/* {"model", "state", "generation", "bytes"}, and "version" where it is one of several. */
static mc_status write_answer(mc_call *call)
{
    mc_entry_info info;
    mc_error *err = &call->error;
    MC_TRY(mc_cache_info(call->server->options.cache, call->key, &info, err));
    MC_TRY(mc_print(&call->out, err, "{\"model\":"));
    const size_t size = mc_key_name_size(info.name);
    MC_TRY(mc_encode_text(&call->out, info.name, size, err));
    if (info.name[size] != '\0')
        MC_TRY(mc_print(&call->out, err, ",\"version\":\"%s\"", info.version));
    return mc_print(&call->out, err, ",\"state\":\"%s\",\"generation\":%llu,\"bytes\":%llu}\n",
                    mc_model_state_name(info.state), (unsigned long long)info.generation,
                    (unsigned long long)info.bytes);
}

/* The first time runs the call; the second, after a wait, ends the load that it started. */
static mc_status do_here(mc_call *call, bool *wait)
{
    *wait = false;
    if (call->match.route->handler == MC_HANDLER_LABEL)
        return mc_label_set(call);
    mc_status status = call->waited ? MC_E_PENDING : run(call);
    if (status == MC_E_PENDING && !call->waited)
        *wait = mc_await_arm(call->await, mc_now_ns() + MC_LOAD_WAIT_NS);
    call->waited = true;
    if (*wait)
        return MC_OK;
    if (status == MC_E_PENDING)
        status = mc_call_end_wait(call);
    return status;
}

static mc_status ask_others(mc_call *call, bool *wait)
{
    static const mc_peer_action ACTIONS[] = {
        [MC_HANDLER_LOAD] = MC_PEER_LOAD,     [MC_HANDLER_REFRESH] = MC_PEER_REFRESH,
        [MC_HANDLER_UNLOAD] = MC_PEER_UNLOAD, [MC_HANDLER_PIN] = MC_PEER_PIN,
        [MC_HANDLER_UNPIN] = MC_PEER_UNPIN,   [MC_HANDLER_FLUSH] = MC_PEER_FLUSH,
        [MC_HANDLER_LABEL] = MC_PEER_LABEL};
    mc_peer_request request = {.action = ACTIONS[call->match.route->handler]};
    const bool labels = request.action == MC_PEER_LABEL;
    const char *version = NULL;
    (void)snprintf(request.name, sizeof request.name, "%s", labels ? call->name : call->key);
    if (labels)
        MC_TRY(mc_label_read(call, request.label, request.version, &version));
    if (version == NULL)
        request.version[0] = '\0';
    const bool loads = request.action == MC_PEER_LOAD || request.action == MC_PEER_REFRESH;
    if (loads)
        MC_TRY(read_source(call, request.source));
    return mc_call_ask_peers(call, &request, MC_LOAD_WAIT_NS, wait);
}

/* That of a label is written where it was set. */
static mc_status answer(mc_call *call)
{
    return call->match.route->handler == MC_HANDLER_LABEL ? MC_OK : write_answer(call);
}

/* Here first: what fails here is asked of nobody else. */
static mc_status go_on(mc_call *call, bool *wait)
{
    if (call->spread) {
        *wait = false;
        MC_TRY(mc_call_end_wait(call));
        return answer(call);
    }
    MC_TRY(do_here(call, wait));
    if (!*wait)
        MC_TRY(ask_others(call, wait));
    return *wait ? MC_OK : answer(call);
}

mc_step mc_admin_finish(mc_call *call)
{
    bool wait = false;
    MC_HOT_PAUSE(); /* nothing here is on the hot path */
    const mc_status status = go_on(call, &wait);
    MC_HOT_RESUME();
    if (wait)
        return MC_STEP_WAIT;
    return status == MC_OK ? mc_call_answer(call, "application/json") : mc_call_fail(call, status);
}
