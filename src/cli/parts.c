/* parts.c: the guard, the model cache and the server, made as the configuration says. */
#include "cli/parts.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/refresh.h"
#include "serve/metrics.h"

#define PREDICTION_CACHE_AUTO ((uint64_t)64 << 20)

/* --------------------------------------------------------------------------------- guard ---- */

static const mc_listing *find_listing(const mc_daemon *d, const char *name)
{
    for (size_t i = 0; i < d->catalog.n; i++)
        if (strcmp(d->catalog.all[i]->name, name) == 0)
            return d->catalog.all[i];
    return NULL;
}

/* The model of /predict: the one asked for, else the only one, else none. */
static mc_status choose_default(const mc_daemon *d, const char **out, mc_error *err)
{
    const char *asked = mc_daemon_text(d, MC_PARAM_DEFAULT);
    *out = NULL;
    if (asked[0] != '\0') {
        if (find_listing(d, asked) == NULL)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                           "--default %s: no model of that name under the PATHs given", asked);
        *out = asked;
    } else if (d->catalog.n_names == 1) {
        *out = d->catalog.all[0]->name;
    }
    return MC_OK;
}

/* The folder that a PATH stands in, or the folder that it is. */
static mc_status add_root_of(mc_daemon *d, const char *path, mc_error *err)
{
    char folder[MC_PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    if (access(path, F_OK) == 0 && (slash == NULL || slash[1] != '\0') && size < sizeof folder) {
        (void)snprintf(folder, sizeof folder, "%s/.", path);
        if (access(folder, F_OK) == 0) /* a directory */
            return mc_guard_add_root(&d->guard, path, err);
    }
    (void)snprintf(folder, sizeof folder, "%.*s", (int)size, path);
    return mc_guard_add_root(&d->guard, slash == NULL ? "." : size == 0 ? "/" : folder, err);
}

mc_status mc_parts_guard(mc_daemon *d, mc_error *err)
{
    const mc_options *options = &d->config->options;
    for (size_t i = 0; i < options->n_roots; i++)
        MC_TRY(mc_guard_add_root(&d->guard, options->roots[i], err));
    for (size_t i = 0; options->n_roots == 0 && i < options->n_paths; i++)
        MC_TRY(add_root_of(d, options->paths[i], err));
    for (size_t i = 0; options->n_roots == 0 && i < d->config->n_models; i++) {
        const char *source = d->config->models[i].text[MC_MODEL_PARAM_SOURCE];
        if (source[0] != '\0')
            MC_TRY(add_root_of(d, source, err));
    }
    const char *tokens = options->text[MC_PARAM_ADMIN_TOKEN_FILE];
    return tokens[0] == '\0' ? MC_OK : mc_guard_read_tokens(&d->guard, tokens, err);
}

/* --------------------------------------------------------------------------------- cache ---- */

/* What --prediction-cache says: bytes, and whether every model uses them. */
static mc_status read_prediction_cache(mc_daemon *d, mc_cache_options *options, mc_error *err)
{
    const char *asked = mc_daemon_text(d, MC_PARAM_PREDICTION_CACHE);
    if (strcmp(asked, "off") == 0)
        return MC_OK;
    options->prediction_cache = PREDICTION_CACHE_AUTO;
    options->prediction_always = strcmp(asked, "auto") != 0;
    if (options->prediction_always && !mc_size_read(asked, &options->prediction_cache)) {
        return mc_fail(
            err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
            "--prediction-cache: expected a size such as 64M, auto or off, found \"%.60s\"", asked);
    }
    options->prediction_ttl_ms = mc_daemon_number(d, MC_PARAM_PREDICTION_TTL) * 1000u;
    return MC_OK;
}

/* What --image-dir says, or NULL: none. */
static const char *find_image_dir(const mc_daemon *d, char out[MC_PATH_MAX])
{
    const char *asked = mc_daemon_text(d, MC_PARAM_IMAGE_DIR);
    if (strcmp(asked, "off") == 0)
        return NULL;
    if (strcmp(asked, "auto") != 0)
        return asked;
    /* Before any thread: NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache != NULL && cache[0] == '/')
        (void)snprintf(out, MC_PATH_MAX, "%s/modelcached", cache);
    else if (home != NULL && home[0] == '/' && home[1] != '\0')
        (void)snprintf(out, MC_PATH_MAX, "%s/.cache/modelcached", home);
    else
        return NULL;
    return out;
}

static uint32_t hold_of(const mc_daemon *d)
{
    return (mc_daemon_number(d, MC_PARAM_HUGE_PAGES) ? MC_HOLD_LARGE_PAGES : 0) |
           (mc_daemon_number(d, MC_PARAM_PREFAULT) ? MC_HOLD_PREFAULT : 0) |
           (mc_daemon_number(d, MC_PARAM_MLOCK) ? MC_HOLD_LOCK : 0);
}

uint64_t mc_parts_budget(const mc_daemon *d)
{
    const uint64_t asked = mc_daemon_number(d, MC_PARAM_MEMORY_BUDGET);
    const uint64_t budget = asked != 0 ? asked : mc_memory_available() / 5 * 4;
    /* Without images each worker has models of its own. */
    return d->keeps_images ? budget : budget / mc_daemon_number(d, MC_PARAM_WORKERS);
}

mc_status mc_parts_cache(mc_daemon *d, mc_error *err)
{
    mc_cache_options options = {.struct_size = sizeof options,
                                .load_threads =
                                    (uint32_t)mc_daemon_number(d, MC_PARAM_LOAD_THREADS),
                                .room_wait_ms = mc_daemon_number(d, MC_PARAM_ROOM_WAIT),
                                .hold = hold_of(d),
                                .gate = mc_gate_ask,
                                .gate_user = &d->gate,
                                .event = mc_log_hook,
                                .log_user = &d->log,
                                .log_level = (mc_log_level)mc_daemon_number(d, MC_PARAM_LOG_LEVEL)};
    char images[MC_PATH_MAX];
    MC_TRY(read_prediction_cache(d, &options, err));
    const uint64_t n = mc_daemon_number(d, MC_PARAM_WORKERS);
    options.image_dir = find_image_dir(d, images);
    options.image_dir_limit = mc_daemon_number(d, MC_PARAM_IMAGE_DIR_LIMIT);
    options.prediction_cache /= n;
    d->keeps_images = options.image_dir != NULL;
    options.memory_budget = mc_parts_budget(d);
    mc_status status = MC_E_IO;
    if (d->keeps_images)
        status = mc_cache_create(&options, &d->cache, err);
    const bool is_asked = strcmp(mc_daemon_text(d, MC_PARAM_IMAGE_DIR), "auto") != 0;
    if (d->keeps_images && (status != MC_E_IO || is_asked))
        return status;
    if (d->keeps_images)
        mc_log_print(&d->log, MC_LOG_INFO, "no images are kept: %s", err->message);
    d->keeps_images = false;
    options.image_dir = NULL;
    options.memory_budget = mc_parts_budget(d);
    return mc_cache_create(&options, &d->cache, err);
}

/* -------------------------------------------------------------------------------- server ---- */

uint32_t mc_parts_threads(const mc_daemon *d)
{
    cpu_set_t cpus;
    if (mc_daemon_number(d, MC_PARAM_THREADS) != 0)
        return (uint32_t)mc_daemon_number(d, MC_PARAM_THREADS);
    const bool known = sched_getaffinity(0, sizeof cpus, &cpus) == 0;
    const uint32_t all = known && CPU_COUNT(&cpus) > 0 ? (uint32_t)CPU_COUNT(&cpus) : 1;
    const uint32_t n = (uint32_t)mc_daemon_number(d, MC_PARAM_WORKERS);
    return all / n > 0 ? all / n : 1;
}

/* mc_peers.ask. The mailbox is there before the first request. */
static mc_status ask_peers(void *user, const mc_peer_request *request, mc_acquired_fn *done,
                           void *done_user, mc_error *err)
{
    mc_daemon *d = user;
    mc_mailbox *box = atomic_load(&d->mailbox);
    if (box == NULL)
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "the worker has only just started");
    return mc_mailbox_ask(box, request, done, done_user, err);
}

static bool all_ready(void *user)
{
    const mc_daemon *d = user;
    return mc_worker_all_ready((void *)(uintptr_t)d->worker);
}

/* A mc_mail_fn. */
static mc_status apply_mail(void *user, const mc_peer_request *request, mc_acquired_fn *done,
                            void *done_user, mc_error *err)
{
    const mc_daemon *d = user;
    if (request->action == MC_PEER_REFRESH && request->source[0] == '\0')
        return mc_refresh_ask(user, request->name, done, done_user, err);
    if (request->action != MC_PEER_PUBLISH)
        return mc_peer_apply(d->cache, request, done, done_user, err);
    mc_server_publish(d->server);
    return MC_OK;
}

static void fill_peers(mc_daemon *d)
{
    d->peers = (mc_peers){.user = d,
                          .n_processes = d->worker->n_processes,
                          .process = d->worker->process,
                          .numbers = d->worker->numbers,
                          .shares_images = d->keeps_images,
                          .ask = ask_peers,
                          .all_ready = all_ready};
}

mc_engine_limits mc_parts_limits(const mc_daemon *d)
{
    return (mc_engine_limits){
        .max_connections = (uint32_t)mc_daemon_number(d, MC_PARAM_MAX_CONNECTIONS),
        .idle_timeout_s = (uint32_t)mc_daemon_number(d, MC_PARAM_IDLE_TIMEOUT),
        .read_timeout_s = (uint32_t)mc_daemon_number(d, MC_PARAM_READ_TIMEOUT),
        .max_body = mc_daemon_number(d, MC_PARAM_MAX_BODY)};
}

mc_status mc_parts_server(mc_daemon *d, mc_error *err)
{
    mc_server_options options = {.host = mc_daemon_text(d, MC_PARAM_HOST),
                                 .port = (uint16_t)mc_daemon_number(d, MC_PARAM_PORT),
                                 .n_threads = mc_parts_threads(d),
                                 .limits = mc_parts_limits(d),
                                 .request_memory = mc_daemon_number(d, MC_PARAM_REQUEST_MEMORY),
                                 .wait_ms =
                                     (uint32_t)mc_daemon_number(d, MC_PARAM_WAIT_TIMEOUT) * 1000u,
                                 .cache = d->cache,
                                 .broken = d->broken,
                                 .n_broken = d->n_broken,
                                 .guard = &d->guard,
                                 .refresh = mc_refresh_ask,
                                 .refresh_user = d,
                                 .log = &d->log};
    MC_TRY(choose_default(d, &options.default_model, err));
    if (d->worker != NULL) {
        fill_peers(d);
        options.listener = d->worker->listener;
        options.peers = &d->peers;
    }
    MC_TRY(mc_server_start(&options, &d->server, err));
    if (d->worker == NULL)
        return MC_OK;
    mc_mailbox *box = NULL;
    MC_TRY(mc_mailbox_start(d->worker->mail_fd, apply_mail, d, &box, err));
    atomic_store(&d->mailbox, box);
    return MC_OK;
}
