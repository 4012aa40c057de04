/* evict.h: which models are worth the least, and may go.
 *
 * Value is GreedyDual-Size-Frequency (Cherkasova, "Improving WWW Proxies Performance with
 * Greedy-Dual-Size-Frequency Caching Policy", HPL-98-69R1, 1998):
 *
 *     value = clock at the last hit + uses x cost / size
 *
 *   uses   hits since the model was loaded, plus one; at most MC_EVICT_MAX_USES, so that a model
 *          that was once popular does not stay for ever
 *   cost   nanoseconds that its last load took: what a miss would cost again
 *   size   KiB that it is charged
 *   clock  the value of the last victim: it only rises, so what is not used ages
 *
 * A hit leaves the clock in the entry (two relaxed operations, no lock); values are computed when a
 * victim is looked for, which is rare. Pinned models, those that min_resident keeps, models
 * that somebody holds and models that are being refreshed are never victims. */
#ifndef MC_CACHE_EVICT_H
#define MC_CACHE_EVICT_H
#include "base/clock.h"
#include "cache/cache_state.h"

#define MC_EVICT_MAX_USES 4096u

/* What may go. */
typedef struct mc_candidates {
    mc_entry *least; /* of the lowest value, or NULL */
    uint64_t least_value;
    uint64_t bytes; /* of all that may go */
    size_t n;
    uint64_t stays; /* bytes of those that never go by themselves: pinned or kept */
} mc_candidates;

/* Looks at all resident models but `loading` (NULL: none). What was used within `idle_ns` may not
 * go, nor, if `calm`, what the churn guard protects. */
mc_candidates mc_evict_find_locked(mc_cache *cache, const mc_entry *loading, uint64_t idle_ns,
                                   bool calm);

/* The value of a resident entry. */
uint64_t mc_evict_value_locked(const mc_entry *entry);

/* Notes a hit: called for every request. */
static inline void mc_evict_touch(const mc_cache *cache, mc_entry *entry)
{
    /* relaxed, all of it: a clock that is seen late makes a model look a little older. The store
     * is left out when it would change nothing, so that the line stays shared between cores. */
    const uint64_t now = atomic_load_explicit(&cache->clock, memory_order_relaxed);
    if (atomic_load_explicit(&entry->used_at, memory_order_relaxed) != now)
        atomic_store_explicit(&entry->used_at, now, memory_order_relaxed);
    const uint64_t now_ns = mc_now_coarse_ns();
    if (atomic_load_explicit(&entry->used_ns, memory_order_relaxed) != now_ns)
        atomic_store_explicit(&entry->used_ns, now_ns, memory_order_relaxed);
}
#endif
