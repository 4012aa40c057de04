/* reload.c: what changes while a daemon runs. */
#include "cli/reload.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/parts.h"
#include "cli/serving.h"

/* -------------------------------------------------------------------------------- models ---- */

/* A mc_acquired_fn. */
static void refreshed(void *user, mc_model *model, const mc_error *error)
{
    const mc_daemon *d = user;
    char text[1024];
    if (model == NULL)
        mc_log_print(&d->log, MC_LOG_ERROR, "refresh: %s",
                     mc_error_format(error, text, sizeof text));
    mc_model_release(model);
}

static void refresh(mc_daemon *d, const char *name)
{
    mc_error error;
    const mc_status status = mc_cache_load_async(d->cache, name, NULL, true, refreshed, d, &error);
    if (status != MC_OK && status != MC_E_PENDING)
        refreshed(d, NULL, &error);
}

/* ------------------------------------------------------------------------------- sections ---- */

static bool same_values(const mc_model_values *a, const mc_model_values *b)
{
    for (size_t id = 0; id < MC_N_MODEL_PARAMS; id++)
        if (strcmp(a->text[id], b->text[id]) != 0)
            return false;
    return true;
}

static mc_status configure(mc_daemon *d, const mc_model_values *values, mc_error *err)
{
    const mc_model_settings settings = mc_model_values_settings(values);
    return mc_cache_configure(d->cache, values->name, &settings, err);
}

/* The file names another source than before: it is registered, and read if the model is in use. At
 * start the catalogue does that. */
static mc_status change_source(mc_daemon *d, const mc_model_values *before,
                               const mc_model_values *now, mc_error *err)
{
    const char *source = now->text[MC_MODEL_PARAM_SOURCE];
    const char *old = before == NULL ? "" : before->text[MC_MODEL_PARAM_SOURCE];
    if (strcmp(source, old) == 0)
        return MC_OK;
    if (source[0] == '\0')
        return mc_cache_remove(d->cache, now->name, err);
    MC_TRY(mc_cache_add(d->cache, now->name, NULL, source, err));
    mc_model *model = mc_cache_peek(d->cache, now->name);
    if (model != NULL)
        refresh(d, now->name);
    mc_model_release(model);
    return MC_OK;
}

/* A section that is gone leaves the defaults, and takes its source along. */
static mc_status drop_section(mc_daemon *d, const mc_model_values *gone, mc_error *err)
{
    mc_model_values values;
    mc_model_values_init(&values, gone->name);
    MC_TRY(configure(d, &values, err));
    return change_source(d, gone, &values, err);
}

mc_status mc_reload_models(mc_daemon *daemon, const mc_config *before, mc_error *err)
{
    const mc_config *now = daemon->config;
    MC_TRY(mc_gate_set(&daemon->gate, now, err));
    for (size_t i = 0; i < now->n_models; i++) {
        const mc_model_values *values = &now->models[i];
        mc_model_values none;
        mc_model_values_init(&none, values->name);
        const mc_model_values *old = before == NULL ? NULL : mc_config_model(before, values->name);
        if (old != NULL && same_values(old, values))
            continue; /* what was pinned by hand since stays so */
        MC_TRY(configure(daemon, values, err));
        if (before != NULL) {
            MC_TRY(change_source(daemon, old, values, err));
            mc_serving_label(daemon, old == NULL ? &none : old, values);
        }
    }
    for (size_t i = 0; before != NULL && i < before->n_models; i++)
        if (mc_config_model(now, before->models[i].name) == NULL)
            MC_TRY(drop_section(daemon, &before->models[i], err));
    return MC_OK;
}

/* -------------------------------------------------------------------------------- options ---- */

static void apply_live(mc_daemon *d)
{
    const mc_log_level level = (mc_log_level)mc_daemon_number(d, MC_PARAM_LOG_LEVEL);
    atomic_store_explicit(&d->log.level, level, memory_order_relaxed);
    atomic_store_explicit(&d->log.json, mc_daemon_number(d, MC_PARAM_LOG_FORMAT) == 1,
                          memory_order_relaxed);
    atomic_store_explicit(&d->log_limit.rate, (uint32_t)mc_daemon_number(d, MC_PARAM_LOG_RATE),
                          memory_order_relaxed);
    mc_cache_set_log_level(d->cache, level);
    mc_cache_set_limits(d->cache, mc_parts_budget(d), mc_daemon_number(d, MC_PARAM_ROOM_WAIT));
    const mc_engine_limits limits = mc_parts_limits(d);
    mc_server_set_limits(d->server, &limits);
    mc_server_set_wait(d->server, (uint32_t)mc_daemon_number(d, MC_PARAM_WAIT_TIMEOUT) * 1000u);
}

static bool same_list(const char *const *a, size_t n_a, const char *const *b, size_t n_b)
{
    if (n_a != n_b)
        return false;
    for (size_t i = 0; i < n_a; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool same_option(const mc_options *a, const mc_options *b, mc_param_id id)
{
    if (id == MC_PARAM_PATH)
        return same_list(a->paths, a->n_paths, b->paths, b->n_paths);
    if (id == MC_PARAM_MODEL_ROOT)
        return same_list(a->roots, a->n_roots, b->roots, b->n_roots);
    return strcmp(a->text[id], b->text[id]) == 0;
}

static void say_changes(const mc_daemon *d, const mc_config *before)
{
    const mc_options *was = &before->options, *is = &d->config->options;
    for (size_t i = 0; i < MC_N_PARAMS; i++) {
        const mc_param_id id = (mc_param_id)i;
        if (same_option(was, is, id))
            continue;
        if (mc_param_is_live(id)) {
            mc_log_print(&d->log, MC_LOG_INFO, "configuration: %s is now %s", MC_PARAMS[id].name,
                         is->text[id]);
        } else {
            mc_log_print(&d->log, MC_LOG_WARN, "configuration: %s has changed: it takes a restart",
                         MC_PARAMS[id].name);
        }
    }
}

/* -------------------------------------------------------------------------------- SIGHUP ---- */

/* A mc_complain_fn. */
static void complain(void *user, const char *problem)
{
    const mc_daemon *d = user;
    mc_log_print(&d->log, MC_LOG_ERROR, "configuration not reloaded: %s", problem);
}

static void discard(mc_config *config)
{
    mc_config_fini(config);
    mc_free(config);
}

static bool read_again(mc_daemon *d)
{
    mc_error error;
    mc_config *before = d->config, *now = mc_alloc(1, sizeof *now);
    if (now == NULL)
        return false;
    if (mc_config_read(now, d->n_arguments, d->arguments, environ, complain, d) != MC_OK) {
        discard(now);
        return false;
    }
    d->config = now;
    apply_live(d);
    say_changes(d, before);
    if (mc_reload_models(d, before, &error) != MC_OK)
        mc_log_print(&d->log, MC_LOG_ERROR, "configuration: %s", error.message);
    if (before != &d->boot) /* the server borrows from the first one */
        discard(before);
    return true;
}

void mc_reload(mc_daemon *daemon)
{
    if (daemon->boot.file == NULL || read_again(daemon))
        mc_serving_look(daemon, true);
}
