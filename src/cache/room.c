/* room.c: one step of a load after the other, until it fits or is refused. */
#include "cache/room.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "cache/cache_log.h"
#include "cache/drop.h"
#include "cache/evict.h"
#include "cache/keep.h"
#include "cache/loader_threads.h"

/* Releases of models take no lock, and so tell nobody: who waits for room looks this often. */
#define LOOK_AGAIN_NS ((uint64_t)5 * 1000000u)

/* A step that does not fit, and what there is. */
typedef struct step {
    mc_cache *cache;
    mc_charge *charge;
    mc_load *load;
    uint64_t size, free, own; /* own: of the old generation, while it is published */
    mc_candidates found;
    mc_dropped gone;
    const char *event; /* that goes with it */
    mc_model *keep;    /* reference: is to be kept on a disk, without the lock */
} step;

/* ------------------------------------------------------------------------------- refusing ---- */

static mc_status over_budget(const step *s, mc_error *err)
{
    char need[MC_SIZE_TEXT], left[MC_SIZE_TEXT], limit[MC_SIZE_TEXT], more[MC_SIZE_TEXT];
    return mc_fail(err, MC_E_OVER_BUDGET, MC_NO_OFFSET,
                   "%s more are needed, %s of the budget of %s are free, and evicting all models "
                   "that nobody holds or pins (%zu) would free %s",
                   mc_show_size(s->size, need), mc_show_size(s->free, left),
                   mc_show_size(mc_budget_limit(s->cache->budget), limit), s->found.n,
                   mc_show_size(s->found.bytes, more));
}

static mc_status conflict(const step *s, mc_error *err)
{
    char need[MC_SIZE_TEXT], own[MC_SIZE_TEXT], limit[MC_SIZE_TEXT];
    return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET,
                   "%s more are needed, and the generation in memory, %s, stays until the new one "
                   "is ready: both do not fit the budget of %s; swap = drop-first unloads it first",
                   mc_show_size(s->size, need), mc_show_size(s->own, own),
                   mc_show_size(mc_budget_limit(s->cache->budget), limit));
}

static mc_status churning(const step *s, mc_error *err)
{
    return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                   "more models are in use than the budget holds: what is evicted is asked for "
                   "again at once; none that is in use is evicted for the next %.1f s",
                   (double)mc_churn_ends_in(&s->cache->churn) / 1e9);
}

static mc_status in_use(const step *s, mc_error *err)
{
    char need[MC_SIZE_TEXT], left[MC_SIZE_TEXT];
    return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                   "%s more are needed and %s are free: the rest is held by requests or taken by "
                   "other loads, and did not come back within %.1f s",
                   mc_show_size(s->size, need), mc_show_size(s->free, left),
                   (double)s->cache->room_wait_ns / 1e9);
}

/* -------------------------------------------------------------------------------- waiting ---- */

static void pause_locked(mc_cache *cache, uint64_t until_ns)
{
    const uint64_t soon_ns = mc_now_ns() + LOOK_AGAIN_NS;
    const uint64_t at_ns = until_ns < soon_ns ? until_ns : soon_ns;
    const struct timespec until = {.tv_sec = (time_t)(at_ns / 1000000000u),
                                   .tv_nsec = (long)(at_ns % 1000000000u)};
    (void)pthread_cond_timedwait(&cache->room, &cache->lock, &until);
}

static mc_status wait_locked(step *s, mc_error *err)
{
    mc_load *load = s->load;
    mc_cache *cache = s->cache;
    const uint64_t now_ns = mc_now_ns();
    if (load->room_deadline_ns == 0)
        load->room_deadline_ns = now_ns + cache->room_wait_ns;
    if (now_ns >= load->room_deadline_ns || cache->stopping)
        return in_use(s, err);
    if (!load->waits_for_room) {
        load->starts_over = cache->n_wait_for_room > 0 && mc_charge_held(s->charge) > 0; /* R5 */
        if (load->starts_over)
            return in_use(s, err);
        load->waits_for_room = true;
        cache->n_wait_for_room++;
        mc_loader_threads_park_locked(cache);
    }
    pause_locked(cache, load->room_deadline_ns);
    return MC_OK;
}

static void end_wait_locked(mc_cache *cache, mc_load *load)
{
    if (!load->waits_for_room)
        return;
    load->waits_for_room = false;
    cache->n_wait_for_room--;
    mc_loader_threads_unpark_locked(cache);
    (void)pthread_cond_broadcast(&cache->room);
}

bool mc_room_await_turn(mc_cache *cache, const mc_load *load)
{
    mc_cache_lock(cache);
    mc_loader_threads_park_locked(cache);
    while (cache->n_wait_for_room > 0 && !cache->stopping && mc_now_ns() < load->room_deadline_ns)
        pause_locked(cache, load->room_deadline_ns);
    mc_loader_threads_unpark_locked(cache);
    const bool may_begin = !cache->stopping && mc_now_ns() < load->room_deadline_ns;
    mc_cache_unlock(cache);
    return may_begin;
}

/* --------------------------------------------------------------------------------- making ---- */

static void evict_locked(step *s, mc_entry *victim)
{
    const uint64_t value = mc_evict_value_locked(victim);
    s->event = "evicted";
    s->gone = mc_drop_unheld_locked(s->cache, victim, MC_DROP_BUDGET);
    if (s->gone.model == NULL)
        return;
    victim->evicted_ns = mc_now_ns();
    if (value > atomic_load_explicit(&s->cache->clock, memory_order_relaxed))
        atomic_store_explicit(&s->cache->clock, value, memory_order_relaxed);
}

/* C1 of the model that is loaded. */
static bool would_be_wasted_locked(const step *s)
{
    const mc_entry *entry = s->load->entry;
    const uint64_t start_ns = s->load->start_ns;
    const uint64_t away_ns = start_ns > entry->evicted_ns ? start_ns - entry->evicted_ns : 0;
    return entry->evicted_ns != 0 && !mc_churn_is_calm(away_ns, entry->load_ns);
}

/* R2. */
static mc_status evict_least_locked(step *s, mc_error *err)
{
    mc_candidates found = s->found;
    if (would_be_wasted_locked(s) && mc_churn_guards(&s->cache->churn, mc_now_ns())) {
        found = mc_evict_find_locked(s->cache, s->load->entry, 0, true);
        if (s->size > s->free && s->size - s->free > found.bytes)
            return churning(s, err);
    }
    if (found.least != NULL) /* else memory was given back since it was asked for */
        evict_locked(s, found.least);
    return MC_OK;
}

/* R3. */
static void drop_own_locked(step *s)
{
    mc_entry *entry = s->load->entry;
    mc_model *model = mc_entry_model_locked(entry);
    const mc_model_info info = mc_model_describe(model);
    if (!s->load->has_kept) {
        s->load->has_kept = true;
        mc_model_retain(model);
        s->keep = model;
        return;
    }
    (void)snprintf(s->load->dropped_source, sizeof s->load->dropped_source, "%s", info.source);
    s->event = "dropped";
    s->gone = mc_drop_any_locked(s->cache, entry, MC_DROP_SWAP);
}

static mc_status step_locked(step *s, mc_error *err)
{
    const mc_entry *entry = s->load->entry;
    const uint64_t limit = mc_budget_limit(s->cache->budget);
    const bool drops_own = entry->settings.swap == MC_SWAP_DROP_FIRST;
    s->own = mc_entry_model_locked(entry) == NULL ? 0 : entry->bytes;
    s->free = mc_budget_free(s->cache->budget);
    s->found = mc_evict_find_locked(s->cache, entry, 0, false);
    const uint64_t gone = s->free + s->found.bytes; /* there once all were evicted */
    const uint64_t stays = mc_charge_held(s->charge) + s->found.stays;
    const uint64_t most = limit > stays ? limit - stays : 0; /* ... and requests have ended */
    if (s->size > most)
        return over_budget(s, err);
    if (s->size <= gone)
        return evict_least_locked(s, err);
    if (s->own > 0 && drops_own && s->size <= gone + s->own) {
        drop_own_locked(s);
        return MC_OK;
    }
    if (!drops_own && s->size > most - (s->own < most ? s->own : most))
        return conflict(s, err);
    return wait_locked(s, err);
}

/* Between two looks: what is to be dropped is written to a disk first. */
static void keep(const step *s)
{
    const char *name = s->load->entry->name;
    mc_error error;
    if (s->keep == NULL)
        return;
    if (mc_kept_create(s->keep, &s->load->kept, &error) != MC_OK)
        mc_cache_say(s->cache,
                     &(mc_event){.level = MC_LOG_WARN, .event = "not_kept", .model = name},
                     "model %s leaves memory for its next generation, and no disk has it: %s", name,
                     error.message);
    mc_model_release(s->keep);
}

mc_status mc_room_make(mc_cache *cache, mc_charge *charge, mc_load *load, uint64_t size,
                       mc_error *err)
{
    mc_status status = MC_OK;
    while (status == MC_OK && !mc_charge_grow(charge, size)) {
        step s = {.cache = cache, .charge = charge, .load = load, .size = size};
        mc_cache_lock(cache);
        status = step_locked(&s, err);
        mc_cache_unlock(cache);
        char why[MC_NAME_MAX + 64];
        (void)snprintf(why, sizeof why, ", for %s%s",
                       s.gone.name == load->entry->name ? "the next generation of " : "model ",
                       load->entry->name);
        mc_drop_finish(cache, &s.gone, s.event, why);
        keep(&s);
        if (status == MC_OK && s.gone.model == NULL && s.keep == NULL)
            (void)sched_yield(); /* a request is about to count it, or memory comes back */
    }
    if (load->waits_for_room) {
        mc_cache_lock(cache);
        end_wait_locked(cache, load);
        mc_cache_unlock(cache);
    }
    return status;
}
