/* cache.c: the verbs of modelcache.h: add, load, refresh, unload, acquire.
 *
 * A hit is: find the name (table.c), take a reference (hazard.c), count. No lock, no allocation.
 * All else takes the cache lock, and what is long happens on loader threads (flight.c). */
#include "cache/cache.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cache/cache_log.h"
#include "cache/cache_state.h"
#include "cache/drop.h"
#include "cache/evict.h"
#include "cache/flight.h"
#include "cache/keep.h"
#include "cache/loader_threads.h"
#include "cache/versions.h"

#define BUSY_RETRY_NS ((uint64_t)100 * 1000000u)

/* ------------------------------------------------------------------------------- helpers ---- */

static mc_entry *find_itself(const mc_cache *cache, const char *name)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    MC_ASSERT(name != NULL);
    return mc_table_find(&cache->table, name, strlen(name));
}

/* The entry of that name, or of the version that answers for it. */
static mc_entry *find(const mc_cache *cache, const char *name)
{
    mc_entry *entry = find_itself(cache, name);
    return entry == NULL ? NULL : mc_versions_chosen(entry);
}

/* Likewise for a prediction: the canary has its share. */
static mc_entry *find_to_predict(const mc_cache *cache, const char *name)
{
    mc_entry *entry = find_itself(cache, name);
    return entry == NULL ? NULL : mc_versions_take_turn(entry);
}

static mc_status unknown(const char *name, mc_error *err)
{
    return mc_fail(err, MC_E_NOT_FOUND, MC_NO_OFFSET, "no model is called \"%.*s\"", MC_NAME_MAX,
                   name);
}

static void count(_Atomic uint64_t *counter)
{
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); /* relaxed: a statistic */
}

/* Locks if the name is not removed meanwhile. */
static bool lock_if_known(mc_cache *cache, const mc_entry *entry)
{
    mc_cache_lock(cache);
    if (!entry->removed)
        return true;
    mc_cache_unlock(cache);
    return false;
}

/* Finds a name and locks the cache. On any result but MC_OK the lock is not held. */
static mc_status lock_entry(mc_cache *cache, const char *name, mc_entry **out, mc_error *err)
{
    mc_entry *entry = find(cache, name);
    if (entry == NULL || !lock_if_known(cache, entry)) {
        (void)unknown(name, err);
        return MC_E_NOT_FOUND;
    }
    *out = entry;
    return MC_OK;
}

/* ---------------------------------------------------------------------------- registering ---- */

static mc_status apply_settings_locked(mc_cache *cache, mc_entry *entry,
                                       const mc_model_settings *settings, mc_error *err)
{
    cache->n_idle_settings -= entry->settings.idle_unload_ms != 0 ? 1 : 0;
    cache->n_idle_settings += settings->idle_unload_ms != 0 ? 1 : 0;
    cache->n_min_settings -= entry->settings.min_resident != 0 ? 1 : 0;
    cache->n_min_settings += settings->min_resident != 0 ? 1 : 0;
    entry->kept = false;
    char old_set[MC_NAME_MAX];
    memcpy(old_set, entry->settings.resident_set, sizeof old_set);
    entry->settings = *settings;
    mc_keep_agree_locked(cache, settings->resident_set);
    if (strcmp(old_set, settings->resident_set) != 0)
        mc_keep_agree_locked(cache, old_set);
    entry->pinned = settings->pin;
    (void)pthread_cond_broadcast(&cache->work); /* models may be idle by now: look again */
    return mc_predictions_share(cache->predictions, entry->name,
                                100u - settings->prediction_withheld, err);
}

/* The entry that a version belongs to, or NULL. */
static mc_entry *find_base(const mc_cache *cache, const char *name)
{
    const char *at = strchr(name, '@');
    return at == NULL ? NULL : mc_table_find(&cache->table, name, (size_t)(at - name));
}

static mc_status add_locked(mc_cache *cache, const char *name, const char *version,
                            const char *source, mc_error *err)
{
    const mc_entry *known = find_itself(cache, name), *base = find_base(cache, name);
    if (known != NULL && mc_versions_chosen(find_itself(cache, name)) != known)
        return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET,
                       "model \"%s\" has versions: say which one, as in %s@1", name, name);
    MC_TRY(mc_cache_add_entry_locked(cache, name, version, source, err));
    if (known == NULL && base != NULL)
        return apply_settings_locked(cache, find_itself(cache, name), &base->settings, err);
    return MC_OK;
}

/* `version` NULL: as it was. */
static mc_status add(mc_cache *cache, const char *name, const char *version, const char *source,
                     mc_error *err)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    const char *at = strchr(name, '@');
    MC_TRY(mc_entry_check_key(name, err));
    if (at != NULL)
        version = at + 1;
    if (version != NULL && version[0] != '\0')
        MC_TRY(mc_entry_check_name("version", version, err));
    mc_cache_lock(cache);
    const mc_status status = add_locked(cache, name, version, source, err);
    mc_cache_unlock(cache);
    return status;
}

mc_status mc_cache_add(mc_cache *cache, const char *name, const char *version, const char *source,
                       mc_error *err)
{
    return add(cache, name, version == NULL ? "" : version, source, err);
}

static mc_status pinned(const mc_entry *entry, const char *verb, mc_error *err)
{
    return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET, "model \"%s\" is pinned: unpin it to %s it",
                   entry->name, verb);
}

mc_status mc_cache_pin(mc_cache *cache, const char *name, bool is_pinned, mc_error *err)
{
    mc_entry *entry = NULL;
    MC_TRY(lock_entry(cache, name, &entry, err));
    entry->pinned = is_pinned;
    mc_cache_unlock(cache);
    const char *event = is_pinned ? "pinned" : "unpinned";
    mc_cache_say(cache, &(mc_event){.level = MC_LOG_INFO, .event = event, .model = name},
                 "model %s %s", name, event);
    return MC_OK;
}

/* What is said of NAME is said of its versions, which stand side by side in the list of names. */
static mc_status configure_versions_locked(mc_cache *cache, const mc_entry *base,
                                           const mc_model_settings *settings, mc_error *err)
{
    char first[MC_NAME_MAX + 1];
    const int size = snprintf(first, sizeof first, "%s@", base->name);
    for (size_t at = mc_cache_position_locked(cache, first);
         at < cache->n_entries && strncmp(cache->by_name[at]->name, first, (size_t)size) == 0; at++)
        MC_TRY(apply_settings_locked(cache, cache->by_name[at], settings, err));
    return MC_OK;
}

mc_status mc_cache_configure(mc_cache *cache, const char *name, const mc_model_settings *settings,
                             mc_error *err)
{
    mc_model_settings known;
    mc_entry *entry = NULL;
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    MC_TRY(mc_entry_check_name("model name", name, err));
    MC_TRY(mc_read_sized("settings", settings, settings->struct_size, &known, sizeof known, err));
    known.resident_set[MC_NAME_MAX - 1] = '\0';
    if (known.resident_set[0] != '\0')
        MC_TRY(mc_entry_check_name("resident_set", known.resident_set, err));
    if (known.prediction_withheld > 100)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "prediction_withheld: expected a percentage, found %u",
                       known.prediction_withheld);
    mc_cache_lock(cache);
    mc_status status = mc_cache_find_or_make_locked(cache, name, &entry, err);
    if (status == MC_OK)
        status = apply_settings_locked(cache, entry, &known, err);
    if (status == MC_OK)
        status = configure_versions_locked(cache, entry, &known, err);
    mc_cache_unlock(cache);
    return status;
}

mc_status mc_cache_unload(mc_cache *cache, const char *name, mc_error *err)
{
    mc_entry *entry = NULL;
    MC_TRY(lock_entry(cache, name, &entry, err));
    mc_dropped dropped = {.model = NULL};
    const mc_status status = entry->pinned ? pinned(entry, "unload", err) : MC_OK;
    if (status == MC_OK)
        dropped = mc_drop_any_locked(cache, entry, MC_DROP_UNLOAD);
    mc_cache_unlock(cache);
    mc_drop_finish(cache, &dropped, "unloaded", "");
    return status;
}

static mc_status check_removal_locked(const mc_cache *cache, const mc_entry *entry, mc_error *err)
{
    const mc_entry *base = find_base(cache, entry->name);
    if (entry->pinned)
        return pinned(entry, "remove", err);
    if (base != NULL && mc_versions_use_locked(base, entry)) {
        return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET,
                       "version \"%s\" is the default, or has a label: move that first",
                       entry->name);
    }
    return MC_OK;
}

mc_status mc_cache_remove(mc_cache *cache, const char *name, mc_error *err)
{
    mc_entry *entry = NULL;
    MC_TRY(lock_entry(cache, name, &entry, err));
    mc_dropped dropped = {.model = NULL};
    const mc_status status = check_removal_locked(cache, entry, err);
    if (status == MC_OK) {
        dropped = mc_drop_any_locked(cache, entry, MC_DROP_UNLOAD);
        mc_entry_remember_locked(entry, NULL);
        entry->removed = true;
        entry->epoch++;
    }
    mc_cache_unlock(cache);
    mc_drop_finish(cache, &dropped, "removed", "");
    return status;
}

/* -------------------------------------------------------------------------------- loading ---- */

/* Locks the entry that a load or refresh is for, registering it when a source is given. A model in
 * memory that came from another source does not answer for this one: *force becomes true. */
static mc_status lock_for_load(mc_cache *cache, const char *name, const char *source, bool *force,
                               mc_entry **out, mc_error *err)
{
    if (source == NULL)
        return lock_entry(cache, name, out, err);
    const mc_entry *known = find(cache, name);
    if (known != NULL) {
        mc_cache_lock(cache);
        *force = *force || strcmp(known->source, source) != 0;
        mc_cache_unlock(cache);
    }
    MC_TRY(add(cache, name, NULL, source, err));
    return lock_entry(cache, name, out, err);
}

static void say_cached(const mc_cache *cache, const char *name)
{
    mc_cache_say(cache, &(mc_event){.level = MC_LOG_INFO, .event = "already_cached", .model = name},
                 "model %s already cached", name);
}

static mc_status load_and_wait(mc_cache *cache, const char *name, const char *source, bool force,
                               mc_error *err)
{
    mc_entry *entry = NULL;
    mc_load *load = NULL;
    mc_model *model = NULL;
    MC_TRY(lock_for_load(cache, name, source, &force, &entry, err));
    const bool is_cached = !force && mc_entry_model_locked(entry) != NULL;
    mc_status status = MC_OK;
    if (!is_cached) {
        status = mc_flight_join_locked(cache, entry, force, &load, err);
        if (status == MC_OK)
            status = mc_flight_wait_locked(cache, load, MC_NO_DEADLINE, &model, err);
    }
    mc_cache_unlock(cache);
    if (is_cached)
        say_cached(cache, name);
    mc_model_release(model);
    return status;
}

mc_status mc_cache_load(mc_cache *cache, const char *name, const char *source, mc_error *err)
{
    return load_and_wait(cache, name, source, false, err);
}

mc_status mc_cache_refresh(mc_cache *cache, const char *name, mc_error *err)
{
    return load_and_wait(cache, name, NULL, true, err);
}

/* Joins or starts a load and leaves `waiter` there: MC_E_PENDING, or why not. */
static mc_status join_async_locked(mc_cache *cache, mc_entry *entry, bool fresh, mc_waiter *waiter,
                                   mc_error *err)
{
    mc_load *load = NULL;
    MC_TRY(mc_flight_join_locked(cache, entry, fresh, &load, err));
    MC_TRY(mc_flight_add_waiter_locked(load, waiter, cache->max_waiters, err));
    return MC_E_PENDING;
}

mc_status mc_cache_load_async(mc_cache *cache, const char *name, const char *source, bool force,
                              mc_acquired_fn *done, void *user, mc_error *err)
{
    mc_entry *entry = NULL;
    mc_waiter *waiter = NULL;
    MC_TRY(mc_waiter_create(done, user, false, &waiter, err));
    mc_status status = lock_for_load(cache, name, source, &force, &entry, err);
    if (status == MC_OK) {
        if (force || mc_entry_model_locked(entry) == NULL)
            status = join_async_locked(cache, entry, force, waiter, err);
        mc_cache_unlock(cache);
    }
    if (status == MC_OK)
        say_cached(cache, name);
    if (status != MC_E_PENDING)
        mc_waiter_destroy(waiter);
    return status;
}

/* ------------------------------------------------------------------------------ acquiring ---- */

static void say_use(const mc_cache *cache, const mc_entry *entry, bool is_hit)
{
    if (mc_cache_logs(cache, MC_LOG_DEBUG)) {
        mc_cache_say(cache,
                     &(mc_event){.level = MC_LOG_DEBUG,
                                 .event = is_hit ? "hit" : "miss",
                                 .model = entry->name},
                     is_hit ? "cache hit: %s" : "cache miss: %s (loading)", entry->name);
    }
}

/* The way of a hit: no lock, no allocation. */
static mc_model *acquire_ready(mc_cache *cache, mc_entry *entry)
{
    mc_model *model = mc_hazards_acquire(&cache->hazards, &entry->published);
    if (model == NULL)
        return NULL;
    count(&entry->hits);
    mc_evict_touch(cache, entry);
    say_use(cache, entry, true);
    return model;
}

static mc_model *retain_published_locked(const mc_entry *entry)
{
    mc_model *model = mc_entry_model_locked(entry);
    if (model != NULL)
        mc_model_retain(model);
    return model;
}

/* A request that saw nothing ready looks again under the lock: an eviction may have changed its
 * mind. If there is a model after all, it is a hit; else a miss, which is counted and logged. */
static mc_status acquire_missed(mc_cache *cache, mc_entry *entry, mc_model **out, mc_error *err)
{
    mc_cache_lock(cache);
    const bool is_removed = entry->removed;
    mc_model *model = is_removed ? NULL : retain_published_locked(entry);
    mc_cache_unlock(cache);
    if (is_removed)
        return unknown(entry->name, err);
    *out = model;
    count(model != NULL ? &entry->hits : &entry->misses);
    say_use(cache, entry, model != NULL);
    return MC_OK;
}

/* A load that failed a moment ago is not tried again at once: its reason is the answer. Unless
 * somebody forced another try, which is under way: then that one decides. */
static mc_status check_failure_locked(const mc_cache *cache, const mc_entry *entry, mc_error *err)
{
    if (entry->failure == MC_OK || entry->load != NULL)
        return MC_OK;
    const uint64_t age_ns = mc_now_ns() - entry->failed_ns;
    const uint64_t own_ms = entry->settings.retry_after_ms;
    uint64_t retry_after_ns = own_ms == 0 ? cache->retry_after_ns : mc_ns_of_ms(own_ms);
    if (entry->failure == MC_E_BUSY && retry_after_ns > BUSY_RETRY_NS)
        retry_after_ns = BUSY_RETRY_NS; /* no fault of the file: room may be there any moment */
    if (age_ns >= retry_after_ns)
        return MC_OK;
    if (entry->last_error == NULL)
        return mc_fail(err, entry->failure, MC_NO_OFFSET, "%s", mc_status_text(entry->failure));
    if (err != NULL)
        *err = *entry->last_error;
    return mc_fail_in(err, entry->failure, "the last load, %.1f s ago; the next try is in %.1f s",
                      (double)age_ns / 1e9, (double)(retry_after_ns - age_ns) / 1e9);
}

static mc_status wait_locked(mc_cache *cache, mc_entry *entry, uint32_t timeout_ms, mc_model **out,
                             mc_error *err)
{
    mc_load *load = NULL;
    if (entry->removed)
        return unknown(entry->name, err);
    *out = retain_published_locked(entry);
    if (*out != NULL)
        return MC_OK;
    MC_TRY(check_failure_locked(cache, entry, err));
    MC_TRY(mc_flight_join_locked(cache, entry, false, &load, err));
    const uint64_t deadline_ns = mc_now_ns() + (uint64_t)timeout_ms * 1000000u;
    return mc_flight_wait_locked(cache, load, deadline_ns, out, err);
}

mc_status mc_cache_acquire(mc_cache *cache, const char *name, uint32_t timeout_ms, mc_model **out,
                           bool *hit, mc_error *err)
{
    mc_entry *entry = find_to_predict(cache, name);
    if (entry == NULL)
        return unknown(name, err);
    mc_model *model = acquire_ready(cache, entry);
    if (model == NULL)
        MC_TRY(acquire_missed(cache, entry, &model, err));
    const bool is_hit = model != NULL;
    if (!is_hit) {
        mc_cache_lock(cache);
        const mc_status status = wait_locked(cache, entry, timeout_ms, &model, err);
        mc_cache_unlock(cache);
        MC_TRY(status);
    }
    *out = model;
    if (hit != NULL)
        *hit = is_hit;
    return MC_OK;
}

mc_model *mc_cache_peek(mc_cache *cache, const char *name)
{
    mc_entry *entry = find(cache, name);
    if (entry == NULL)
        return NULL;
    mc_cache_lock(cache);
    mc_model *model = entry->removed ? NULL : retain_published_locked(entry);
    mc_cache_unlock(cache);
    return model;
}

static mc_status pend_locked(mc_cache *cache, mc_entry *entry, mc_waiter *waiter, mc_model **out,
                             mc_error *err)
{
    if (entry->removed)
        return unknown(entry->name, err);
    *out = retain_published_locked(entry);
    if (*out != NULL)
        return MC_OK;
    MC_TRY(check_failure_locked(cache, entry, err));
    return join_async_locked(cache, entry, false, waiter, err);
}

mc_status mc_cache_acquire_async(mc_cache *cache, const char *name, mc_acquired_fn *done,
                                 void *user, mc_model **out, mc_error *err)
{
    mc_entry *entry = find_to_predict(cache, name);
    if (entry == NULL)
        return unknown(name, err);
    mc_model *model = acquire_ready(cache, entry);
    if (model == NULL)
        MC_TRY(acquire_missed(cache, entry, &model, err));
    if (model != NULL) {
        *out = model;
        return MC_OK;
    }
    mc_waiter *waiter = NULL;
    MC_TRY(mc_waiter_create(done, user, true, &waiter, err));
    mc_cache_lock(cache);
    const mc_status status = pend_locked(cache, entry, waiter, &model, err);
    mc_cache_unlock(cache);
    if (status != MC_E_PENDING)
        mc_waiter_destroy(waiter);
    if (status == MC_OK)
        *out = model;
    return status;
}
