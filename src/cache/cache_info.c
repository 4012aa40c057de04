/* cache_info.c: what a cache tells about itself: entries, numbers, the summary line. */
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cache/cache_log.h"
#include "cache/cache_state.h"
#include "cache/versions.h"

const char *mc_model_state_name(mc_model_state state)
{
    static const char *const NAMES[] = {"registered", "loading", "ready",
                                        "draining",   "gone",    "failed"};
    _Static_assert(MC_COUNT_OF(NAMES) == MC_STATE_FAILED + 1, "a name for each state");
    const size_t at = (size_t)state;
    return at < MC_COUNT_OF(NAMES) ? NAMES[at] : "unknown";
}

mc_status mc_cache_info(mc_cache *cache, const char *name, mc_entry_info *out, mc_error *err)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    mc_entry *entry = mc_table_find(&cache->table, name, strlen(name));
    mc_status status = MC_E_NOT_FOUND;
    if (entry != NULL)
        entry = mc_versions_chosen(entry);
    mc_cache_lock(cache);
    if (entry != NULL && !entry->removed) {
        mc_entry_describe_locked(entry, out);
        status = MC_OK;
    }
    mc_cache_unlock(cache);
    if (status != MC_OK)
        return mc_fail(err, status, MC_NO_OFFSET, "no model is called \"%.*s\"", MC_NAME_MAX, name);
    return MC_OK;
}

uint64_t mc_source_stamp(const char *source)
{
    struct stat info;
    if (stat(source, &info) != 0)
        return 0;
    const uint64_t facts[] = {info.st_dev,
                              info.st_ino,
                              (uint64_t)info.st_size,
                              (uint64_t)info.st_mtim.tv_sec,
                              (uint64_t)info.st_mtim.tv_nsec,
                              (uint64_t)info.st_ctim.tv_sec,
                              (uint64_t)info.st_ctim.tv_nsec};
    const uint64_t stamp = mc_entry_hash((const char *)facts, sizeof facts);
    return stamp != 0 ? stamp : 1;
}

/* Copies the first entry that comes after `name`. */
static bool next_info(mc_cache *cache, const char *name, mc_entry_info *out)
{
    bool found = false;
    mc_cache_lock(cache);
    for (size_t at = mc_cache_position_locked(cache, name); at < cache->n_entries && !found; at++) {
        const mc_entry *entry = cache->by_name[at];
        if (entry->removed || strcmp(entry->name, name) == 0)
            continue;
        mc_entry_describe_locked(entry, out);
        found = true;
    }
    mc_cache_unlock(cache);
    return found;
}

void mc_cache_list(mc_cache *cache, mc_entry_fn *fn, void *user)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    mc_entry_info info = {0};
    char after[MC_NAME_MAX] = ""; /* no name is empty, so the first one comes after it */
    while (next_info(cache, after, &info)) {
        memcpy(after, info.name, sizeof after);
        fn(user, &info);
    }
}

mc_cache_stats mc_cache_statistics_locked(const mc_cache *cache)
{
    mc_cache_stats stats = {.memory_budget = mc_budget_limit(cache->budget),
                            .memory_used = mc_budget_used(cache->budget),
                            .n_ready = cache->n_resident,
                            .loads = cache->loads,
                            .load_failures = cache->load_failures,
                            .single_flight_waits = cache->n_waits,
                            .wasted_loads = cache->churn.n_waste};
    memcpy(stats.drops, cache->drops, sizeof stats.drops);
    for (size_t i = 0; i < cache->n_entries; i++) {
        const mc_entry *entry = cache->by_name[i];
        stats.n_models += entry->removed ? 0 : 1;
        /* Removed names count too: the totals never fall. */
        stats.hits += atomic_load_explicit(&entry->hits, memory_order_relaxed);
        stats.misses += atomic_load_explicit(&entry->misses, memory_order_relaxed);
    }
    return stats;
}

mc_cache_stats mc_cache_statistics(mc_cache *cache)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    mc_cache_lock(cache);
    mc_cache_stats stats = mc_cache_statistics_locked(cache);
    mc_cache_unlock(cache);
    mc_predictions_add_stats(cache->predictions, &stats);
    if (cache->loader.add_stats != NULL)
        cache->loader.add_stats(cache->loader.user, &stats);
    return stats;
}

bool mc_cache_summary_is_due_locked(mc_cache *cache, mc_cache_stats *out)
{
    const uint64_t now_ns = mc_now_ns();
    if (now_ns < cache->summary_due_ns)
        return false;
    cache->summary_due_ns = now_ns + cache->summary_ns;
    *out = mc_cache_statistics_locked(cache);
    const bool has_news = out->hits != cache->summary_hits;
    cache->summary_hits = out->hits;
    return has_news;
}
