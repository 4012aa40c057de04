/* drop.c: taking a model away from requests, or leaving it to them. */
#include "cache/drop.h"

#include <stdio.h>

#include "base/clock.h"
#include "cache/cache_log.h"
#include "cache/evict.h"
#include "cache/keep.h"
#include "cache/test_points.h"

static const mc_dropped NOTHING = {.model = NULL};

const char *mc_drop_name(mc_drop why)
{
    static const char *const NAMES[] = {"budget", "idle", "pressure", "drop-first", "unload"};
    _Static_assert(MC_COUNT_OF(NAMES) == MC_N_DROPS, "a name for each reason");
    const size_t at = (size_t)why;
    return at < MC_COUNT_OF(NAMES) ? NAMES[at] : "unknown";
}

/* A refresh that found no room may find it now: it is not remembered any more. */
static void forget_lack_of_room_locked(mc_entry *entry)
{
    const mc_status why = entry->failure;
    if (why == MC_E_CONFLICT || why == MC_E_BUSY || why == MC_E_OVER_BUDGET)
        entry->failed_ns = 0;
}

static mc_dropped note_locked(mc_cache *cache, mc_entry *entry, mc_model *model, mc_drop why)
{
    forget_lack_of_room_locked(entry);
    cache->drops[why]++;
    entry->drops[why]++;
    return (mc_dropped){.model = model, .name = entry->name, .bytes = entry->bytes};
}

mc_dropped mc_drop_unheld_locked(mc_cache *cache, mc_entry *entry, mc_drop why)
{
    mc_model *model = mc_cache_publish_locked(cache, entry, NULL);
    if (!mc_hazards_protect(&cache->hazards, model) && !mc_model_is_shared(model))
        return note_locked(cache, entry, model, why);
    mc_model *nothing = mc_cache_publish_locked(cache, entry, model);
    MC_ASSERT(nothing == NULL);
    MC_TEST_POINT(MC_POINT_SPARED);
    return NOTHING;
}

mc_dropped mc_drop_any_locked(mc_cache *cache, mc_entry *entry, mc_drop why)
{
    mc_model *model = mc_cache_publish_locked(cache, entry, NULL);
    return model == NULL ? NOTHING : note_locked(cache, entry, model, why);
}

void mc_drop_finish(mc_cache *cache, const mc_dropped *dropped, const char *event, const char *text)
{
    if (dropped->model == NULL)
        return;
    char size[MC_SIZE_TEXT];
    mc_hazards_wait(&cache->hazards, dropped->model);
    const bool is_held = mc_model_is_shared(dropped->model);
    mc_model_release(dropped->model); /* the last reference: unmaps, and then gives bytes back */
    const mc_event facts = {
        .level = MC_LOG_INFO, .event = event, .model = dropped->name, .bytes = dropped->bytes};
    mc_cache_say(cache, &facts, "model %s %s: %s%s%s", dropped->name, event,
                 mc_show_size(dropped->bytes, size), text,
                 is_held ? ", given back when the last request in flight ends" : "");
}

/* ---------------------------------------------------------------------------------- idle ---- */

/* When a resident entry is to leave: it is asked again then, since it may have been used. */
static uint64_t due_ns_locked(mc_entry *entry, uint64_t now_ns)
{
    const uint64_t idle_ns = mc_ns_of_ms(entry->settings.idle_unload_ms);
    if (entry->load != NULL || mc_model_is_shared(mc_entry_model_locked(entry)))
        atomic_store_explicit(&entry->used_ns, now_ns, memory_order_relaxed); /* it is in use */
    const uint64_t used_ns = atomic_load_explicit(&entry->used_ns, memory_order_relaxed);
    return idle_ns < UINT64_MAX - used_ns ? used_ns + idle_ns : UINT64_MAX;
}

static mc_entry *find_idle_locked(mc_cache *cache, uint64_t *next_ns)
{
    const uint64_t now_ns = mc_now_ns();
    *next_ns = UINT64_MAX;
    mc_keep_mark_locked(cache);
    for (size_t i = 0; i < cache->n_resident; i++) {
        mc_entry *entry = cache->resident[i];
        if (entry->settings.idle_unload_ms == 0 || entry->pinned || entry->kept)
            continue;
        const uint64_t due_ns = due_ns_locked(entry, now_ns);
        if (due_ns <= now_ns)
            return entry;
        if (due_ns < *next_ns)
            *next_ns = due_ns;
    }
    return NULL;
}

uint64_t mc_drop_idle_locked(mc_cache *cache)
{
    uint64_t next_ns = UINT64_MAX;
    mc_entry *entry = NULL;
    while (cache->n_idle_settings > 0 && (entry = find_idle_locked(cache, &next_ns)) != NULL) {
        const mc_dropped dropped = mc_drop_unheld_locked(cache, entry, MC_DROP_IDLE);
        mc_cache_unlock(cache);
        mc_drop_finish(cache, &dropped, "idle", ", unloaded");
        mc_cache_lock(cache);
    }
    return next_ns;
}

/* ------------------------------------------------------------------------------ pressure ---- */

uint64_t mc_cache_shed(mc_cache *cache, uint64_t bytes, uint64_t idle_ms)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    uint64_t n_given = 0;
    while (n_given < bytes) {
        mc_cache_lock(cache);
        mc_entry *entry = mc_evict_find_locked(cache, NULL, mc_ns_of_ms(idle_ms), false).least;
        const mc_dropped dropped =
            entry == NULL ? NOTHING : mc_drop_unheld_locked(cache, entry, MC_DROP_PRESSURE);
        mc_cache_unlock(cache);
        if (entry == NULL)
            break;
        mc_drop_finish(cache, &dropped, "shed", ", memory is short");
        n_given += dropped.model == NULL ? 0 : dropped.bytes;
    }
    return n_given;
}
