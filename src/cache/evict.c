/* evict.c: who goes, and that nobody who holds it notices.
 *
 * Cost     O(resident models) a victim, under the cache lock.
 */
#include "cache/evict.h"

#include <sched.h>
#include <stdio.h>

#include "cache/cache_log.h"
#include "cache/drop.h"

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

/* What may go, and was not used since `before_ns`. */
static candidates find_candidates_locked(const mc_cache *cache, const mc_entry *loading,
                                         uint64_t before_ns)
{
    candidates found = {0};
    for (size_t i = 0; i < cache->n_resident; i++) {
        mc_entry *entry = cache->resident[i];
        if (!may_go_locked(entry, loading) ||
            atomic_load_explicit(&entry->used_ns, memory_order_relaxed) > before_ns)
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

mc_entry *mc_evict_find_locked(const mc_cache *cache, const mc_entry *loading, uint64_t idle_ns)
{
    const uint64_t now_ns = mc_now_ns();
    return find_candidates_locked(cache, loading, idle_ns < now_ns ? now_ns - idle_ns : 0).least;
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

static mc_status take_victim_locked(mc_cache *cache, const mc_entry *loading, uint64_t size,
                                    mc_dropped *out, mc_error *err)
{
    const uint64_t free_bytes = mc_budget_free(cache->budget);
    const candidates found = find_candidates_locked(cache, loading, UINT64_MAX);
    if (size > free_bytes && size - free_bytes > found.bytes)
        return refuse(cache, &found, size, free_bytes, err);
    *out = (mc_dropped){.model = NULL};
    if (found.least == NULL)
        return MC_OK; /* memory was given back since the caller asked */
    *out = mc_drop_unheld_locked(cache, found.least, MC_DROP_BUDGET);
    if (out->model != NULL &&
        found.least_value > atomic_load_explicit(&cache->clock, memory_order_relaxed))
        atomic_store_explicit(&cache->clock, found.least_value, memory_order_relaxed);
    return MC_OK;
}

mc_status mc_evict_make_room(mc_cache *cache, mc_charge *charge, const mc_entry *entry,
                             uint64_t size, mc_error *err)
{
    while (!mc_charge_grow(charge, size)) {
        mc_dropped gone = {.model = NULL};
        mc_cache_lock(cache);
        const mc_status status = take_victim_locked(cache, entry, size, &gone, err);
        mc_cache_unlock(cache);
        MC_TRY(status);
        char why[MC_NAME_MAX + 16];
        (void)snprintf(why, sizeof why, ", for model %s", entry->name);
        mc_drop_finish(cache, &gone, "evicted", why);
        if (gone.model == NULL)
            (void)sched_yield(); /* a request is about to count it, or memory comes back */
    }
    return MC_OK;
}
