/* serving.c: what of the catalogue the model cache is told.
 *
 * HOW IT WORKS  Each look lists the PATHs anew and compares with the last list. Nothing waits: a
 * load that is needed is started, and its end makes the next look, which finds its result. */
#include "cli/serving.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cli/watch.h"

#define MS_NS     ((uint64_t)1000000u)
#define SETTLE_NS (250 * MS_NS) /* as mc_watch_settle_ns(), without one */
#define EVENT_NS  (100 * MS_NS) /* from an event to the look: more may come */

/* ------------------------------------------------------------------------------- listing ---- */

/* A mc_policy_fn. */
static void policy_of(void *user, const char *name, mc_version_policy *policy)
{
    const mc_model_values *values = mc_config_model(user, name);
    mc_label_setting labels[MC_LABELS_MAX];
    size_t n = 0;
    *policy = (mc_version_policy){.latest = 1};
    if (values == NULL)
        return;
    /* Both were read before, when the section was. */
    MC_ASSERT(mc_version_policy_read(values->text[MC_MODEL_PARAM_VERSIONS], policy, NULL) == MC_OK);
    MC_ASSERT(mc_label_settings_read(values->text[MC_MODEL_PARAM_LABELS], labels, &n, NULL) ==
              MC_OK);
    for (size_t i = 0; i < n && policy->n_listed < MC_VERSIONS_LISTED; i++)
        memcpy(policy->listed[policy->n_listed++], labels[i].version, sizeof labels[i].version);
}

mc_status mc_serving_find(const mc_daemon *d, mc_catalog *out, bool *missing, mc_error *err)
{
    const mc_config *config = d->config;
    for (size_t i = 0; i < config->options.n_paths; i++) {
        const mc_status status = mc_catalog_add(out, config->options.paths[i], err);
        if (status != MC_OK && (status != MC_E_IO || missing == NULL))
            return status;
        if (status != MC_OK)
            *missing = true;
    }
    for (size_t i = 0; i < config->n_models; i++) {
        const mc_model_values *values = &config->models[i];
        if (values->text[MC_MODEL_PARAM_SOURCE][0] != '\0')
            MC_TRY(
                mc_catalog_add_source(out, values->name, values->text[MC_MODEL_PARAM_SOURCE], err));
    }
    mc_catalog_seal(out, policy_of, d->config);
    return MC_OK;
}

mc_status mc_serving_add(mc_daemon *d, const mc_listing *listing, mc_error *err)
{
    MC_TRY(mc_cache_add(d->cache, listing->key, NULL, listing->source, err));
    if (listing->version[0] == '\0' || !listing->latest)
        return MC_OK;
    return mc_cache_set_default(d->cache, listing->name, listing->version, err);
}

/* -------------------------------------------------------------------------------- loads ---- */

/* A mc_acquired_fn: the cache has logged how it ended; the main thread looks what is to be done. */
static void ended(void *user, mc_model *model, const mc_error *error)
{
    mc_daemon *d = user;
    const uint64_t one = 1;
    (void)error;
    mc_model_release(model);
    atomic_store_explicit(&d->serving.has_news, true, memory_order_release);
    if (write(d->loaded_fd, &one, sizeof one) != sizeof one)
        mc_log_print(&d->log, MC_LOG_ERROR, "eventfd: %s", strerrordesc_np(errno));
}

static void start_load(mc_daemon *d, const char *key, bool force)
{
    mc_error error;
    const mc_status status = mc_cache_load_async(d->cache, key, NULL, force, ended, d, &error);
    if (status != MC_OK && status != MC_E_PENDING)
        mc_log_print(&d->log, MC_LOG_ERROR, "%s", error.message);
}

static mc_change *find_change(mc_serving *s, const char *key)
{
    for (size_t i = 0; i < s->n_changes; i++)
        if (strcmp(s->changes[i].key, key) == 0)
            return &s->changes[i];
    mc_change *grown = mc_realloc(s->changes, s->n_changes + 1, sizeof *grown);
    if (grown == NULL)
        return NULL;
    s->changes = grown;
    mc_change *made = &grown[s->n_changes++];
    *made = (mc_change){.seen = 0};
    (void)snprintf(made->key, sizeof made->key, "%s", key);
    return made;
}

/* What is registered anew is read anew. */
static void drop_change(mc_serving *s, const char *key)
{
    for (size_t i = 0; i < s->n_changes; i++) {
        if (strcmp(s->changes[i].key, key) == 0) {
            s->changes[i] = s->changes[--s->n_changes];
            return;
        }
    }
}

static void look_again_in(mc_serving *s, uint64_t ns)
{
    const uint64_t at = mc_now_ns() + ns;
    if (at < s->look_at_ns)
        s->look_at_ns = at;
}

/* Whether a source may be read now: nobody writes it, and it has not been read like this before. */
static bool is_due(mc_daemon *d, const char *key, const char *source, bool at_once)
{
    mc_serving *s = &d->serving;
    const uint64_t stamp = mc_source_stamp(source), now = mc_now_ns();
    mc_change *change = find_change(s, key);
    if (change == NULL || stamp == 0)
        return false;
    if (!at_once && stamp == change->tried)
        return false;
    const bool writing = mc_watch_is_written(d->watch, source);
    if (stamp != change->seen || writing) {
        change->seen = stamp;
        change->seen_ns = now;
    }
    const uint64_t settle_ns = d->watch == NULL ? SETTLE_NS : mc_watch_settle_ns(d->watch);
    if (!at_once && (writing || now - change->seen_ns < settle_ns)) {
        look_again_in(s, settle_ns);
        return false;
    }
    change->tried = stamp;
    return true;
}

/* -------------------------------------------------------------------------------- files ---- */

typedef struct changed_models {
    mc_entry_info *all; /* (n), owned */
    size_t n;
} changed_models;

/* A mc_entry_fn: in memory, and made of what is not there any more. A file that is gone is no
 * reason to read it. */
static void collect_changed(void *user, const mc_entry_info *info)
{
    changed_models *changed = user;
    if (info->state != MC_STATE_READY)
        return;
    const uint64_t stamp = mc_source_stamp(info->source);
    if (stamp == 0 || stamp == info->source_stamp)
        return;
    mc_entry_info *grown = mc_realloc(changed->all, changed->n + 1, sizeof *grown);
    if (grown == NULL)
        return; /* the next look finds it */
    changed->all = grown;
    grown[changed->n++] = *info;
}

static void refresh_changed(mc_daemon *d, bool at_once)
{
    changed_models changed = {.n = 0};
    size_t n = 0;
    mc_cache_list(d->cache, collect_changed, &changed);
    for (size_t i = 0; i < changed.n; i++) {
        const mc_entry_info *info = &changed.all[i];
        if (!is_due(d, info->name, info->source, at_once))
            continue;
        start_load(d, info->name, true);
        n++;
    }
    if (n > 0 || at_once)
        mc_log_print(&d->log, MC_LOG_INFO, "%srefreshing %zu models whose files have changed",
                     at_once ? "SIGHUP: " : "", n);
    mc_free(changed.all);
}

/* ------------------------------------------------------------------------------- models ---- */

static bool is_in_memory(const mc_daemon *d, const char *key)
{
    mc_model *model = mc_cache_peek(d->cache, key);
    mc_model_release(model);
    return model != NULL;
}

static bool is_preloaded(const mc_daemon *d, const char *name)
{
    const mc_model_values *values = mc_config_model(d->config, name);
    return mc_daemon_number(d, MC_PARAM_PRELOAD) != 0 ||
           (values != NULL && values->number[MC_MODEL_PARAM_PRELOAD] != 0);
}

static void add_found(mc_daemon *d, const mc_listing *listing)
{
    mc_error error;
    if (mc_cache_add(d->cache, listing->key, NULL, listing->source, &error) != MC_OK) {
        mc_log_print(&d->log, MC_LOG_ERROR, "%s: %s", listing->source, error.message);
        return;
    }
    if (is_in_memory(d, listing->key))
        start_load(d, listing->key, true); /* from its new place */
    else if (is_preloaded(d, listing->name))
        start_load(d, listing->key, false);
}

/* Registers what was not known, or stands elsewhere now. */
static void add_new(mc_daemon *d, const mc_catalog_index *before, const mc_catalog *found)
{
    for (size_t i = 0; i < found->n; i++) {
        const mc_listing *listing = found->all[i];
        const mc_listing *known = mc_catalog_find(before, listing->key);
        const bool moved = known != NULL && strcmp(known->source, listing->source) != 0;
        if (listing->clash != NULL) {
            if (known == NULL || known->clash == NULL)
                mc_log_print(&d->log, MC_LOG_ERROR, "two files are named %s: %s and %s",
                             listing->key, listing->source, listing->clash);
        } else if (known == NULL || known->clash != NULL || moved) {
            mc_log_print(&d->log, MC_LOG_INFO, "model %s %s %s", listing->key,
                         moved ? "is now" : "found:", listing->source);
            add_found(d, listing);
        }
    }
}

/* The latest version becomes the default once it is in memory: one that cannot be loaded never
 * takes the place of one that can. */
static void move_default(mc_daemon *d, const mc_listing *latest, bool at_once)
{
    mc_versions_info info;
    mc_error error;
    const bool had =
        mc_cache_versions(d->cache, latest->name, &info) && info.set_default[0] != '\0';
    if (had && strcmp(info.set_default, latest->version) == 0)
        return;
    if (!had || is_in_memory(d, latest->key)) {
        if (mc_cache_set_default(d->cache, latest->name, latest->version, &error) != MC_OK)
            mc_log_print(&d->log, MC_LOG_ERROR, "%s", error.message);
    } else if (is_due(d, latest->key, latest->source, at_once)) {
        start_load(d, latest->key, false);
    }
}

/* Keeps a listing that is not found any more: true if it was taken over into `found`. */
static bool keep(mc_catalog *found, mc_listing *gone)
{
    mc_listing **all = mc_realloc(found->all, found->n + 1, sizeof(mc_listing *));
    if (all == NULL)
        return false;
    found->all = all;
    gone->latest = false;
    all[found->n++] = gone;
    return true;
}

/* Forgets what is gone, or is not served by the policy any more; what answers from memory, and a
 * version that is the default or has a label, stays, and is looked at again. */
static bool forget(mc_daemon *d, mc_listing *gone)
{
    mc_error error;
    if (gone->named || (gone->version[0] == '\0' && is_in_memory(d, gone->key))) {
        if (!gone->gone)
            mc_log_print(&d->log, MC_LOG_WARN, "%s is gone: what is in memory keeps serving",
                         gone->source);
        gone->gone = true;
        return false;
    }
    if (mc_cache_remove(d->cache, gone->key, &error) == MC_E_CONFLICT)
        return false;
    drop_change(&d->serving, gone->key);
    return true;
}

/* Listings that are kept move over to `found`; they stand behind those that were found. */
static void forget_gone(mc_daemon *d, const mc_catalog_index *now, mc_catalog *found)
{
    mc_catalog *known = &d->serving.known;
    for (size_t i = 0; i < known->n; i++) {
        mc_listing *listing = known->all[i];
        if (listing->clash == NULL && mc_catalog_find(now, listing->key) == NULL &&
            (d->serving.is_missing || !forget(d, listing)) && keep(found, listing))
            known->all[i] = NULL;
    }
}

/* Watches where the models are now. */
static void watch(mc_daemon *d, const mc_catalog *found)
{
    const mc_options *options = &d->config->options;
    mc_watch_begin(d->watch);
    for (size_t i = 0; i < options->n_paths; i++)
        mc_watch_add_path(d->watch, options->paths[i]);
    for (size_t i = 0; i < found->n; i++)
        mc_watch_add_source(d->watch, found->all[i]->source);
    if (mc_watch_end(d->watch))
        look_again_in(&d->serving, EVENT_NS);
}

/* The paths as they are now. One that cannot be listed is just being replaced, or a named file that
 * is gone: then nothing is forgotten. */
static bool list_paths(mc_daemon *d, mc_catalog *found)
{
    mc_error error;
    const bool was_missing = d->serving.is_missing;
    d->serving.is_missing = false;
    if (mc_serving_find(d, found, &d->serving.is_missing, &error) != MC_OK) {
        mc_log_print(&d->log, MC_LOG_ERROR, "what is served stays as it is: %s", error.message);
        mc_catalog_fini(found);
        return false;
    }
    if (d->serving.is_missing && !was_missing)
        mc_log_print(&d->log, MC_LOG_WARN, "%s: what it had stays as it is", error.message);
    return true;
}

/* Makes what was found what is known. False, with nothing changed: no memory to compare them. */
static bool take_over(mc_daemon *d, mc_catalog *found, bool at_once)
{
    mc_catalog_index before, now = {NULL, 0};
    const bool fits =
        mc_catalog_index_keys(&d->serving.known, &before) && mc_catalog_index_keys(found, &now);
    if (fits) {
        add_new(d, &before, found);
        refresh_changed(d, at_once);
        for (size_t i = 0; i < found->n; i++) {
            const mc_listing *at = found->all[i];
            if (at->latest && at->version[0] != '\0' && at->clash == NULL)
                move_default(d, at, at_once);
        }
        forget_gone(d, &now, found);
        mc_catalog_fini(&d->serving.known);
        d->serving.known = *found;
    } else {
        mc_log_print(&d->log, MC_LOG_ERROR, "no memory to look for models: all stays as it is");
    }
    mc_free(before.all);
    mc_free(now.all);
    return fits;
}

void mc_serving_look(mc_daemon *d, bool at_once)
{
    mc_catalog found = {.n = 0};
    const uint64_t begin_ns = mc_now_ns();
    d->serving.look_at_ns = UINT64_MAX;
    atomic_store_explicit(&d->serving.has_news, false, memory_order_release);
    if (d->watch != NULL)
        look_again_in(&d->serving, mc_watch_interval_ns(d->watch));
    if (!list_paths(d, &found))
        return;
    if (!take_over(d, &found, at_once)) {
        mc_catalog_fini(&found);
        return;
    }
    if (d->watch != NULL)
        watch(d, &found);
    d->serving.rest_until_ns = mc_now_ns() + 10 * (mc_now_ns() - begin_ns);
}

void mc_serving_event(mc_daemon *d)
{
    const uint64_t now = mc_now_ns(), rest = d->serving.rest_until_ns;
    if (d->watch != NULL && mc_watch_read(d->watch))
        look_again_in(&d->serving, rest > now + EVENT_NS ? rest - now : EVENT_NS);
}

void mc_serving_fini(mc_serving *serving)
{
    mc_catalog_fini(&serving->known);
    mc_free(serving->changes);
}

/* ------------------------------------------------------------------------------- labels ---- */

/* A label that moves when its version is loaded. */
typedef struct mover {
    mc_daemon *daemon;
    char name[MC_NAME_MAX];
    mc_label_setting to;
} mover;

static void say(const mc_daemon *d, const char *name, const mc_error *error)
{
    mc_log_print(&d->log, MC_LOG_ERROR, "model %s: %s", name, error->message);
}

/* A mc_acquired_fn. */
static void move_label(void *user, mc_model *model, const mc_error *error)
{
    mover *m = user;
    mc_error why;
    if (model != NULL && mc_cache_set_label(m->daemon->cache, m->name, m->to.label, m->to.version,
                                            true, &why) != MC_OK)
        say(m->daemon, m->name, &why);
    if (model == NULL)
        say(m->daemon, m->name, error);
    mc_free(m);
    mc_model_release(model);
}

static void load_and_move(mc_daemon *d, const char *name, const mc_label_setting *to)
{
    char key[MC_NAME_MAX];
    mc_error error;
    mover *m = mc_alloc(1, sizeof *m);
    if (m == NULL)
        return;
    *m = (mover){.daemon = d, .to = *to};
    (void)snprintf(m->name, sizeof m->name, "%s", name);
    if (!mc_cache_find_version(d->cache, name, to->version, strlen(to->version), key)) {
        (void)mc_fail(&error, MC_E_NOT_FOUND, MC_NO_OFFSET, "label %s: there is no version %s",
                      to->label, to->version);
        move_label(m, NULL, &error);
        return;
    }
    const mc_status status = mc_cache_load_async(d->cache, key, NULL, false, move_label, m, &error);
    if (status != MC_E_PENDING)
        move_label(m, status == MC_OK ? mc_cache_peek(d->cache, key) : NULL, &error);
}

static void set_label(mc_daemon *d, const char *name, const mc_label_setting *to, bool at_start)
{
    mc_error error;
    if (!at_start)
        load_and_move(d, name, to);
    else if (mc_cache_set_label(d->cache, name, to->label, to->version, false, &error) != MC_OK)
        say(d, name, &error);
}

static void divert(mc_daemon *d, const char *name, bool shadow, const char *was, const char *is)
{
    char target[MC_LABEL_MAX];
    uint32_t share = 0;
    mc_error error;
    const bool none = is[0] == '\0';
    if (strcmp(was, is) == 0)
        return;
    MC_ASSERT(mc_share_read(none ? was : is, &share, target, NULL) == MC_OK);
    if (mc_cache_divert(d->cache, name, shadow, target, none ? 0 : share, &error) != MC_OK)
        say(d, name, &error);
}

void mc_serving_label(mc_daemon *d, const mc_model_values *before, const mc_model_values *values)
{
    mc_label_setting labels[MC_LABELS_MAX];
    const char *name = values->name, *is = values->text[MC_MODEL_PARAM_LABELS];
    const char *was = before == NULL ? "" : before->text[MC_MODEL_PARAM_LABELS];
    size_t n = 0;
    MC_ASSERT(mc_label_settings_read(is, labels, &n, NULL) == MC_OK);
    for (size_t i = 0; i < n && strcmp(was, is) != 0; i++)
        set_label(d, name, &labels[i], before == NULL);
    static const mc_model_param_id SHARES[] = {MC_MODEL_PARAM_CANARY, MC_MODEL_PARAM_SHADOW};
    for (size_t i = 0; i < 2; i++)
        divert(d, name, SHARES[i] == MC_MODEL_PARAM_SHADOW,
               before == NULL ? "" : before->text[SHARES[i]], values->text[SHARES[i]]);
}
