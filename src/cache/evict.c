/* evict.c: who may go, and who is worth the least.
 *
 * Cost     O(resident models) a look, under the cache lock.
 */
#include "cache/evict.h"

#include "cache/keep.h"

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

static bool is_kept(const mc_entry *entry)
{
    return entry->pinned || entry->kept;
}

static bool may_go_locked(const mc_entry *entry)
{
    return !is_kept(entry) && entry->load == NULL &&
           !mc_model_is_shared(mc_entry_model_locked(entry));
}

static bool is_long_unused(const mc_entry *entry, uint64_t now_ns, uint64_t idle_ns, bool calm)
{
    const uint64_t used_ns = atomic_load_explicit(&entry->used_ns, memory_order_relaxed);
    const uint64_t unused_ns = now_ns > used_ns ? now_ns - used_ns : 0;
    return unused_ns >= idle_ns && (!calm || mc_churn_is_calm(unused_ns, entry->load_ns));
}

mc_candidates mc_evict_find_locked(mc_cache *cache, const mc_entry *loading, uint64_t idle_ns,
                                   bool calm)
{
    mc_candidates found = {.least = NULL};
    const uint64_t now_ns = mc_now_ns();
    mc_keep_mark_locked(cache);
    for (size_t i = 0; i < cache->n_resident; i++) {
        mc_entry *entry = cache->resident[i];
        if (entry == loading)
            continue;
        found.stays += is_kept(entry) ? entry->bytes : 0;
        if (!may_go_locked(entry) || !is_long_unused(entry, now_ns, idle_ns, calm))
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
