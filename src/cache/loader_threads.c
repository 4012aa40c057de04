/* loader_threads.c: a queue of loads and the few threads that serve it. */
#include "cache/loader_threads.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "cache/background.h"
#include "cache/cache_log.h"
#include "cache/drop.h"
#include "cache/flight.h"
#include "cache/room.h"

static mc_status read_until_it_fits(mc_cache *cache, mc_load *load, mc_model **out, mc_error *err)
{
    for (;;) {
        load->starts_over = false;
        const mc_status status = mc_background_read(cache, load, out, err);
        if (!load->starts_over || !mc_room_await_turn(cache, load))
            return status;
    }
}

static void run_load(mc_cache *cache, mc_load *load, bool may_begin)
{
    mc_error error = {0};
    mc_model *model = NULL;
    if (!may_begin)
        (void)mc_fail(&error, MC_E_BUSY, MC_NO_OFFSET, "the cache is being destroyed");
    else
        load->source_stamp = mc_source_stamp(load->source); /* before it is read: never too new */
    if (may_begin && read_until_it_fits(cache, load, &model, &error) != MC_OK)
        MC_ASSERT(error.status != MC_OK);
    mc_flight_finish(cache, load, model, &error);
}

/* Loads that wait for room do not count as running. */
static bool may_take_locked(const mc_cache *cache)
{
    return cache->stopping || (!TAILQ_EMPTY(&cache->queue) &&
                               cache->n_running < cache->max_load_threads + cache->n_parked);
}

/* Takes the next load from the queue, or NULL when the cache stops and the queue is empty. */
static mc_load *next_load_locked(mc_cache *cache)
{
    while (!may_take_locked(cache)) {
        cache->n_idle++; /* also while it unloads: then it takes what was queued meanwhile */
        const uint64_t idle_ns = mc_drop_idle_locked(cache);
        const uint64_t until_ns = idle_ns < cache->summary_due_ns ? idle_ns : cache->summary_due_ns;
        const struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                                       .tv_nsec = (long)(until_ns % 1000000000u)};
        if (!may_take_locked(cache))
            (void)pthread_cond_timedwait(&cache->work, &cache->lock, &until);
        cache->n_idle--;
        mc_cache_stats stats;
        if (mc_cache_summary_is_due_locked(cache, &stats)) {
            mc_cache_unlock(cache);
            mc_cache_say_summary(cache, &stats);
            mc_cache_lock(cache);
        }
    }
    mc_load *load = TAILQ_FIRST(&cache->queue);
    if (load != NULL)
        TAILQ_REMOVE(&cache->queue, load, link);
    return load;
}

static void *loader_thread(void *context)
{
    mc_cache *cache = context;
    (void)pthread_setname_np(pthread_self(), "mc-load");
    mc_cache_lock(cache);
    for (mc_load *load = NULL; (load = next_load_locked(cache)) != NULL;) {
        cache->n_running++;
        mc_flight_begin_locked(load);
        const bool may_begin = !cache->stopping && !load->entry->removed;
        mc_cache_unlock(cache);
        run_load(cache, load, may_begin);
        mc_cache_lock(cache);
        cache->n_running--;
    }
    mc_cache_unlock(cache);
    return NULL;
}

/* Signals are blocked while the thread is made, since it inherits the mask. */
static bool create_thread(mc_cache *cache, pthread_t *out)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool created = pthread_create(out, NULL, loader_thread, cache) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return created;
}

static void add_thread_locked(mc_cache *cache)
{
    const uint32_t most = cache->max_load_threads + cache->n_parked;
    if (cache->n_threads < most && cache->n_threads < MC_MAX_LOAD_THREADS &&
        create_thread(cache, &cache->threads[cache->n_threads]))
        cache->n_threads++;
}

mc_status mc_loader_threads_ensure_locked(mc_cache *cache, mc_error *err)
{
    if (cache->n_idle > 0 && TAILQ_EMPTY(&cache->queue))
        return MC_OK;
    add_thread_locked(cache);
    if (cache->n_threads == 0)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no thread to load models on");
    return MC_OK;
}

void mc_loader_threads_park_locked(mc_cache *cache)
{
    cache->n_parked++;
    if (TAILQ_EMPTY(&cache->queue))
        return; /* who comes finds an idle thread, or makes one */
    if (cache->n_idle == 0)
        add_thread_locked(cache); /* where there can be none they wait */
    (void)pthread_cond_signal(&cache->work);
}

void mc_loader_threads_unpark_locked(mc_cache *cache)
{
    cache->n_parked--;
}

void mc_loader_threads_push_locked(mc_cache *cache, mc_load *load)
{
    TAILQ_INSERT_TAIL(&cache->queue, load, link);
    (void)pthread_cond_signal(&cache->work);
}

void mc_loader_threads_stop(mc_cache *cache)
{
    mc_cache_lock(cache);
    cache->stopping = true;
    (void)pthread_cond_broadcast(&cache->work);
    const uint32_t n_threads = cache->n_threads;
    mc_cache_unlock(cache);
    for (uint32_t i = 0; i < n_threads; i++)
        (void)pthread_join(cache->threads[i], NULL);
}
