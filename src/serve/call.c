/* call.c: how calls end, and which model they mean. */
#include "serve/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "serve/encode.h"
#include "serve/hot_path.h"

#define SAVE_MESSAGE \
    "{\"error\":{\"code\":\"busy\",\"message\":\"out of request memory\",\"where\":\"\"}}\n"

mc_step mc_call_answer(mc_call *call, const char *content_type)
{
    mc_answer *answer = &call->exchange->answer;
    answer->http = 200;
    answer->content_type = content_type;
    answer->body = (const char *)call->out.data;
    answer->body_size = call->out.size;
    return MC_STEP_ANSWER;
}

/* The header that goes with some statuses. */
static void add_header(mc_call *call, uint32_t http)
{
    mc_answer *answer = &call->exchange->answer;
    answer->extra_name = NULL;
    answer->quantized = NULL;
    if (http == 405) {
        answer->extra_name = "Allow";
        answer->extra_value = call->match.allow;
    } else if (http == 401) {
        answer->extra_name = "WWW-Authenticate";
        answer->extra_value = "Bearer";
    } else if (http == 503 || http == 429) {
        answer->extra_name = "Retry-After";
        answer->extra_value = "1";
    }
}

mc_step mc_call_fail(mc_call *call, mc_status status)
{
    mc_answer *answer = &call->exchange->answer;
    const uint32_t http = (uint32_t)mc_status_http(status);
    call->error.status = status;
    call->out.size = 0;
    answer->http = http;
    answer->content_type = "application/json";
    add_header(call, http);
    if (mc_encode_error(&call->out, &call->error, NULL) == MC_OK) {
        answer->body = (const char *)call->out.data;
        answer->body_size = call->out.size;
    } else {
        answer->body = SAVE_MESSAGE;
        answer->body_size = sizeof SAVE_MESSAGE - 1;
    }
    mc_log_print(call->server->options.log, MC_LOG_DEBUG, "%s %s: %u %s", call->exchange->verb_name,
                 call->exchange->path, http, call->error.message);
    return MC_STEP_ANSWER;
}

mc_step mc_call_refuse(mc_call *call, mc_status status, const char *format, ...)
{
    char message[MC_ERROR_MESSAGE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return mc_call_fail(call, mc_fail(&call->error, status, MC_NO_OFFSET, "%s", message));
}

/* ------------------------------------------------------------------------------- the name ---- */

typedef struct name_list {
    char text[240];
    size_t size;
    bool cut;
} name_list;

static void add_name(void *user, const mc_entry_info *info)
{
    name_list *list = user;
    const size_t left = sizeof list->text - list->size;
    const int n =
        snprintf(list->text + list->size, left, "%s%s", list->size == 0 ? "" : ", ", info->name);
    if (n < 0 || (size_t)n >= left) {
        list->text[list->size] = '\0';
        list->cut = true;
        return;
    }
    list->size += (size_t)n;
}

static mc_status no_default(mc_call *call)
{
    name_list list = {.size = 0};
    MC_HOT_PAUSE();
    mc_cache_list(call->server->options.cache, add_name, &list);
    MC_HOT_RESUME();
    return mc_fail(&call->error, MC_E_NOT_FOUND, MC_NO_OFFSET,
                   "no model is the default: use /models/NAME/predict, or start with --default "
                   "NAME. Models: %s%s",
                   list.size == 0 ? "none" : list.text, list.cut ? " ..." : "");
}

bool mc_is_broken(const mc_server_options *options, size_t at)
{
    mc_entry_info info;
    return mc_cache_info(options->cache, options->broken[at].name, &info, NULL) != MC_OK;
}

static mc_status check_broken(mc_call *call)
{
    const mc_server_options *options = &call->server->options;
    for (size_t i = 0; i < options->n_broken; i++)
        if (strcmp(options->broken[i].name, call->name) == 0 && mc_is_broken(options, i))
            return mc_fail(&call->error, MC_E_IO, MC_NO_OFFSET, "%s", options->broken[i].reason);
    return MC_OK;
}

mc_status mc_call_name(mc_call *call)
{
    const char *fallback = call->server->options.default_model;
    const mc_bytes name = call->match.name;
    if (name.size == 0) {
        if (fallback == NULL)
            return no_default(call);
        (void)snprintf(call->name, sizeof call->name, "%s", fallback);
    } else {
        memcpy(call->name, name.data, name.size); /* shorter than MC_NAME_MAX: router.h */
        call->name[name.size] = '\0';
    }
    return check_broken(call);
}

mc_status mc_call_key(mc_call *call)
{
    mc_cache *cache = call->server->options.cache;
    const mc_bytes detail = call->match.detail;
    if (call->match.route->handler == MC_HANDLER_PREDICT_LABEL)
        return mc_cache_find_label(cache, call->name, (const char *)detail.data, detail.size,
                                   call->key, &call->error);
    if (detail.size == 0 || call->match.route->handler == MC_HANDLER_LABEL ||
        !mc_cache_find_version(cache, call->name, (const char *)detail.data, detail.size,
                               call->key))
        memcpy(call->key, call->name, sizeof call->key);
    return MC_OK;
}

mc_status mc_call_prepare_wait(mc_call *call)
{
    if (call->await == NULL) {
        MC_HOT_PAUSE();
        const mc_status status =
            mc_await_create(&call->server->waits, call->exchange, &call->await);
        MC_HOT_RESUME();
        if (status != MC_OK)
            return mc_fail(&call->error, status, MC_NO_OFFSET, "no memory for a waiter");
    }
    mc_await_expect(call->await);
    return MC_OK;
}

mc_status mc_call_ask_peers(mc_call *call, const mc_peer_request *request, uint64_t wait_ns,
                            bool *wait)
{
    const mc_peers *peers = call->server->options.peers;
    *wait = false;
    call->spread = true;
    if (peers == NULL)
        return MC_OK;
    MC_TRY(mc_call_prepare_wait(call));
    const mc_status status =
        peers->ask(peers->user, request, mc_await_done, call->await, &call->error);
    call->pending = status == MC_E_PENDING;
    if (!call->pending) {
        mc_await_forget(call->await);
        return status;
    }
    *wait = mc_await_arm(call->await, mc_now_ns() + wait_ns);
    return *wait ? MC_OK : mc_call_end_wait(call);
}

mc_status mc_call_end_wait(mc_call *call)
{
    mc_model *model = NULL;
    const mc_status status = mc_await_take(call->await, &model, &call->error);
    mc_model_release(model);
    mc_await_drop(call->await);
    call->await = NULL;
    call->pending = false;
    return status;
}
