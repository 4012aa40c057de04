/* evict.c: who goes, and that nobody who holds it notices.
 *
 * Cost     O(resident models) a victim, under the cache lock.
 */
#include "cache/evict.h"

#include <sched.h>

#include "cache/cache_log.h"
#include "cache/test_points.h"

uint64_t mc_evict_value_locked(const mc_entry *entry)
{
    const uint64_t hits =
        atomic_load_explicit(&entry->hits, memory_order_relaxed) - entry->hits_before;
    const uint64_t uses = hits < MC_EVICT_MAX_USES ? hits + 1 : MC_EVICT_MAX_USES;
    const uint64_t longest = UINT64_MAX / 2 / MC_EVICT_MAX_USES; /* 26 days: keeps the sum whole */
    const uint64_t cost = entry->load_ns < longest ? entry->load_ns : longest;
    return atomic_load_explicit(&entry->used_at, memory_order_relaxed) +
           uses * cost / (entry->bytes / 1024 + 1);
}

static bool may_go_locked(const mc_entry *entry, const mc_entry *loading)
{
    return entry != loading && !entry->pinned && entry->load == NULL &&
           !mc_model_is_shared(mc_entry_model_locked(entry));
}

typedef struct candidates {
    mc_entry *least; /* of the lowest value, or NULL */
    uint64_t least_value;
    uint64_t bytes; /* of all that may go */
    size_t n;
} candidates;

static candidates find_candidates_locked(const mc_cache *cache, const mc_entry *loading)
{
    candidates found = {0};
    for (size_t i = 0; i < cache->n_resident; i++) {
        mc_entry *entry = cache->resident[i];
        if (!may_go_locked(entry, loading))
            continue;
        const uint64_t value = mc_evict_value_locked(entry);
        if (found.least == NULL || value < found.least_value) {
            found.least = entry;
            found.least_value = value;
        }
        found.bytes += entry->bytes;
        found.n++;
    }
    return found;
}

/* Hides the victim's model, and shows it again if a request got hold of it in that instant: then it
 * is in use and stays (NULL). Requests that see nothing meanwhile wait for the lock and find it. */
static mc_model *take_model_locked(mc_cache *cache, mc_entry *victim)
{
    mc_model *model = mc_cache_publish_locked(cache, victim, NULL);
    if (!mc_hazards_protect(&cache->hazards, model) && !mc_model_is_shared(model))
        return model;
    mc_model *nothing = mc_cache_publish_locked(cache, victim, model);
    MC_ASSERT(nothing == NULL);
    MC_TEST_POINT(MC_POINT_SPARED);
    return NULL;
}

static mc_status refuse(const mc_cache *cache, const candidates *found, uint64_t size,
                        uint64_t free_bytes, mc_error *err)
{
    char need[MC_SIZE_TEXT];
    char left[MC_SIZE_TEXT];
    char limit[MC_SIZE_TEXT];
    char more[MC_SIZE_TEXT];
    return mc_fail(err, MC_E_OVER_BUDGET, MC_NO_OFFSET,
                   "%s more are needed, %s of the budget of %s are free, and evicting all models "
                   "that nobody holds or pins (%zu) would free %s",
                   mc_show_size(size, need), mc_show_size(free_bytes, left),
                   mc_show_size(mc_budget_limit(cache->budget), limit), found->n,
                   mc_show_size(found->bytes, more));
}

typedef struct victim {
    mc_model *model;  /* the reference that was published; NULL: look again */
    const char *name; /* the entry's: lives as long as the cache */
    uint64_t bytes;
} victim;

static mc_status take_victim_locked(mc_cache *cache, const mc_entry *loading, uint64_t size,
                                    victim *out, mc_error *err)
{
    const uint64_t free_bytes = mc_budget_free(cache->budget);
    const candidates found = find_candidates_locked(cache, loading);
    if (size > free_bytes && size - free_bytes > found.bytes)
        return refuse(cache, &found, size, free_bytes, err);
    *out = (victim){0};
    if (found.least == NULL)
        return MC_OK; /* memory was given back since the caller asked */
    out->name = found.least->name;
    out->bytes = found.least->bytes;
    out->model = take_model_locked(cache, found.least);
    if (out->model == NULL)
        return MC_OK;
    cache->evictions++;
    found.least->evictions++;
    if (found.least_value > atomic_load_explicit(&cache->clock, memory_order_relaxed))
        atomic_store_explicit(&cache->clock, found.least_value, memory_order_relaxed);
    return MC_OK;
}

mc_status mc_evict_make_room(mc_cache *cache, mc_charge *charge, const mc_entry *entry,
                             uint64_t size, mc_error *err)
{
    while (!mc_charge_grow(charge, size)) {
        victim gone = {0};
        mc_cache_lock(cache);
        const mc_status status = take_victim_locked(cache, entry, size, &gone, err);
        mc_cache_unlock(cache);
        MC_TRY(status);
        if (gone.model == NULL) {
            (void)sched_yield(); /* a request is about to count it, or memory comes back */
            continue;
        }
        mc_model_release(gone.model); /* the last reference: unmaps, and then gives bytes back */
        char text[MC_SIZE_TEXT];
        mc_cache_say(
            cache,
            &(mc_event){
                .level = MC_LOG_INFO, .event = "evicted", .model = gone.name, .bytes = gone.bytes},
            "model %s evicted: %s, for model %s", gone.name, mc_show_size(gone.bytes, text),
            entry->name);
    }
    return MC_OK;
}
