/* flight.c: who joins which load, and what everybody is told when it ends. */
#include "cache/flight.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cache/cache_log.h"
#include "cache/evict.h"
#include "cache/loader_threads.h"

/* Somebody who waits for a load: on the stack of a blocked thread, or on the heap with a callback.
 */
struct mc_waiter {
    TAILQ_ENTRY(mc_waiter) link;
    mc_acquired_fn *done; /* NULL: a thread is blocked */
    void *user;
    mc_model *model; /* the answer, a reference; NULL: see error */
    mc_error *error; /* of a blocked thread: borrowed, may be NULL */
    mc_status status;
    bool finished;
    bool is_request;     /* wants the model, whatever its generation: not a load or refresh */
    pthread_cond_t wake; /* of a blocked thread */
};

/* ------------------------------------------------------------------------------- joining ---- */

/* True if what the load will publish is not what the entry now stands for. */
static bool is_stale(const mc_load *load)
{
    return load->running &&
           (load->epoch != load->entry->epoch || strcmp(load->source, load->entry->source) != 0);
}

static mc_status create_load(mc_entry *entry, mc_load **out, mc_error *err)
{
    mc_load *load = mc_alloc(1, sizeof *load);
    if (load == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to load model \"%s\"",
                       entry->name);
    load->entry = entry;
    TAILQ_INIT(&load->waiters);
    *out = load;
    return MC_OK;
}

static mc_status start_locked(mc_cache *cache, mc_entry *entry, mc_error *err)
{
    MC_TRY(mc_loader_threads_ensure_locked(cache, err));
    MC_TRY(create_load(entry, &entry->load, err));
    mc_loader_threads_push_locked(cache, entry->load);
    return MC_OK;
}

mc_status mc_flight_join_locked(mc_cache *cache, mc_entry *entry, bool fresh, mc_load **out,
                                mc_error *err)
{
    if (entry->load == NULL) {
        MC_TRY(start_locked(cache, entry, err));
        *out = entry->load;
        return MC_OK;
    }
    if (is_stale(entry->load) || (fresh && entry->load->running)) { /* F2 */
        if (entry->next_load == NULL)
            MC_TRY(create_load(entry, &entry->next_load, err));
        *out = entry->next_load;
        return MC_OK;
    }
    cache->n_waits++;
    *out = entry->load;
    return MC_OK;
}

/* ------------------------------------------------------------------------------- waiting ---- */

static mc_status wait_for_wake(mc_cache *cache, mc_waiter *waiter, uint64_t deadline_ns)
{
    if (deadline_ns == MC_NO_DEADLINE) {
        (void)pthread_cond_wait(&waiter->wake, &cache->lock);
        return MC_OK;
    }
    const struct timespec until = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
                                   .tv_nsec = (long)(deadline_ns % 1000000000u)};
    return pthread_cond_timedwait(&waiter->wake, &cache->lock, &until) == ETIMEDOUT ? MC_E_DEADLINE
                                                                                    : MC_OK;
}

static mc_status init_condition(pthread_cond_t *condition, mc_error *err)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to wait");
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const int failed = pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (failed != 0)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to wait");
    return MC_OK;
}

mc_status mc_flight_add_waiter_locked(mc_load *load, mc_waiter *waiter, uint32_t max_waiters,
                                      mc_error *err)
{
    mc_entry *entry = load->entry;
    if (entry->n_waiters >= max_waiters) { /* F6 */
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                       "model \"%s\" is loading and %u requests wait for it already", entry->name,
                       entry->n_waiters);
    }
    TAILQ_INSERT_TAIL(&load->waiters, waiter, link);
    entry->n_waiters++;
    return MC_OK;
}

/* F5: the load goes on, for the next request. */
static mc_status give_up_locked(mc_load *load, mc_waiter *waiter, mc_error *err)
{
    TAILQ_REMOVE(&load->waiters, waiter, link);
    load->entry->n_waiters--;
    return mc_fail(err, MC_E_DEADLINE, MC_NO_OFFSET, "model \"%s\" is still loading",
                   load->entry->name);
}

mc_status mc_flight_wait_locked(mc_cache *cache, mc_load *load, uint64_t deadline_ns,
                                mc_model **out, mc_error *err)
{
    mc_waiter waiter = {.error = err, .is_request = deadline_ns != MC_NO_DEADLINE};
    MC_TRY(init_condition(&waiter.wake, err));
    waiter.status = mc_flight_add_waiter_locked(load, &waiter, cache->max_waiters, err);
    waiter.finished = waiter.status != MC_OK;
    while (!waiter.finished) {
        if (wait_for_wake(cache, &waiter, deadline_ns) != MC_OK && !waiter.finished) {
            waiter.status = give_up_locked(load, &waiter, err);
            waiter.finished = true;
        }
    }
    (void)pthread_cond_destroy(&waiter.wake);
    if (waiter.status == MC_OK)
        *out = waiter.model;
    return waiter.status;
}

mc_status mc_waiter_create(mc_acquired_fn *done, void *user, bool is_request, mc_waiter **out,
                           mc_error *err)
{
    MC_ASSERT(done != NULL);
    mc_waiter *waiter = mc_alloc(1, sizeof *waiter);
    if (waiter == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to wait for a load");
    waiter->done = done;
    waiter->user = user;
    waiter->is_request = is_request;
    *out = waiter;
    return MC_OK;
}

void mc_waiter_destroy(mc_waiter *waiter)
{
    mc_free(waiter);
}

/* -------------------------------------------------------------------------------- ending ---- */

void mc_flight_begin_locked(mc_load *load)
{
    const mc_entry *entry = load->entry;
    load->running = true;
    load->epoch = entry->epoch;
    load->generation = entry->generation + 1;
    load->start_ns = mc_now_ns();
    load->quantize = entry->settings.quantize;
    load->quantize_when = entry->settings.quantize_when;
    memcpy(load->version, entry->version, sizeof load->version);
    (void)snprintf(load->source, sizeof load->source, "%s", entry->source);
}

/* Tells the blocked threads, and moves those that are called back to `later`. The reference to
 * `model` goes to the first of them: after the answer only those who asked hold it.
 * @return true if somebody took it. */
static bool answer_locked(mc_load *load, mc_model *model, const mc_error *error,
                          mc_waiter_list *later)
{
    const bool has_waiters = !TAILQ_EMPTY(&load->waiters);
    const mc_waiter *first = TAILQ_FIRST(&load->waiters);
    for (mc_waiter *waiter = TAILQ_FIRST(&load->waiters), *next; waiter != NULL; waiter = next) {
        next = TAILQ_NEXT(waiter, link);
        load->entry->n_waiters--;
        waiter->model = model;
        if (model != NULL && waiter != first)
            mc_model_retain(model);
        if (waiter->done != NULL) {
            TAILQ_INSERT_TAIL(later, waiter, link);
            continue;
        }
        waiter->status = model != NULL ? MC_OK : error->status;
        if (model == NULL && waiter->error != NULL)
            *waiter->error = *error;
        waiter->finished = true;
        (void)pthread_cond_signal(&waiter->wake);
    }
    TAILQ_INIT(&load->waiters);
    return has_waiters;
}

/* F7: those who only want the model wait on, for the old source. */
static void move_requests_locked(mc_load *from, mc_load *to)
{
    for (mc_waiter *waiter = TAILQ_FIRST(&from->waiters), *next; waiter != NULL; waiter = next) {
        next = TAILQ_NEXT(waiter, link);
        if (!waiter->is_request)
            continue;
        TAILQ_REMOVE(&from->waiters, waiter, link);
        TAILQ_INSERT_TAIL(&to->waiters, waiter, link);
    }
}

/* The model that was dropped is the next load's; one that somebody asked for meanwhile reads the
 * source first, as it is by then. */
static void go_back_locked(mc_load *from, mc_load *to, bool reads_source)
{
    move_requests_locked(from, to);
    to->kept = from->kept;
    to->has_kept = from->has_kept;
    to->reads_kept = to->kept != NULL && !reads_source;
    (void)snprintf(to->dropped_source, sizeof to->dropped_source, "%s", from->dropped_source);
    from->kept = NULL;
}

static void call_back(mc_waiter_list *later, const mc_error *error)
{
    for (mc_waiter *waiter = TAILQ_FIRST(later), *next; waiter != NULL; waiter = next) {
        next = TAILQ_NEXT(waiter, link);
        waiter->done(waiter->user, waiter->model, waiter->model == NULL ? error : NULL);
        mc_free(waiter);
    }
}

/* How it ended, for the lines; copied, since the entry may change when the lock is given up. */
typedef struct outcome {
    uint64_t generation, bytes, load_ns;
    bool serves;     /* an older model stays published after a failure ... */
    bool goes_back;  /* ... or was dropped, and its source is loaded again: F7 */
    mc_model *drop;  /* reference to be released: replaced, or wanted by nobody */
    mc_model *model; /* what those who wait get, a reference, or NULL ... */
    mc_error error;  /* ... and why */
} outcome;

static void say(const mc_cache *cache, const mc_load *load, const outcome *end)
{
    const char *name = load->entry->name;
    if (end->model == NULL) {
        char text[1600];
        mc_cache_say(cache,
                     &(mc_event){.level = MC_LOG_ERROR, .event = "load_failed", .model = name},
                     "model %s not %s: %s", name,
                     end->serves      ? "refreshed, the one in memory keeps serving"
                     : end->goes_back ? "refreshed, the one before is read again"
                                      : "loaded",
                     mc_error_format(&end->error, text, sizeof text));
        return;
    }
    char size[MC_SIZE_TEXT];
    char generation[MC_SIZE_TEXT] = "";
    if (end->generation > 1)
        (void)snprintf(generation, sizeof generation, ", generation %llu",
                       (unsigned long long)end->generation);
    mc_cache_say(cache,
                 &(mc_event){.level = MC_LOG_INFO,
                             .event = "loaded",
                             .model = name,
                             .generation = end->generation,
                             .bytes = end->bytes,
                             .ns = end->load_ns},
                 "model %s loaded and cached: %s in %.1f ms%s", name,
                 mc_show_size(end->bytes, size), (double)end->load_ns / 1e6, generation);
}

/* F4: the name is gone, or stands for something else since. */
static bool is_removed(const mc_load *load)
{
    return load->entry->removed || load->epoch != load->entry->epoch;
}

/* A source that failed does not stay when another one serves: the next refresh reads that again. */
static void keep_good_source_locked(const mc_load *load, const mc_model *serving)
{
    mc_entry *entry = load->entry;
    const char *good = serving != NULL ? mc_model_describe(serving).source : load->dropped_source;
    if (good[0] == '\0' || strcmp(load->source, entry->source) != 0)
        return;
    if (mc_entry_set_source_locked(entry, NULL, good, NULL) != MC_OK)
        return; /* no memory for a copy: the new one stays, and refreshes say that it is broken */
}

static void fail_locked(mc_cache *cache, const mc_load *load, const mc_error *error, outcome *end)
{
    mc_entry *entry = load->entry;
    end->error = *error;
    end->serves = mc_entry_model_locked(entry) != NULL;
    end->goes_back = !end->serves && !load->reads_kept && load->dropped_source[0] != '\0' &&
                     (load->kept != NULL || strcmp(load->source, load->dropped_source) != 0);
    keep_good_source_locked(load, mc_entry_model_locked(entry));
    cache->load_failures++;
    entry->load_failures++;
    mc_entry_remember_locked(entry, error);
}

static void publish_locked(mc_cache *cache, const mc_load *load, mc_model *model, outcome *end)
{
    mc_entry *entry = load->entry;
    cache->loads++;
    entry->loads++;
    entry->generation = load->generation;
    entry->bytes = mc_model_bytes(model);
    entry->load_ns = mc_now_ns() - load->start_ns;
    entry->loads_ns += entry->load_ns;
    entry->published_ns = load->start_ns + entry->load_ns;
    entry->source_stamp = load->source_stamp;
    entry->hits_before = atomic_load_explicit(&entry->hits, memory_order_relaxed);
    if (entry->evicted_ns != 0) { /* asked for before it was gone: at once */
        mc_churn_note(&cache->churn, entry->published_ns,
                      load->start_ns > entry->evicted_ns ? load->start_ns - entry->evicted_ns : 0,
                      entry->load_ns);
    }
    entry->evicted_ns = 0;
    mc_entry_remember_locked(entry, NULL);
    mc_evict_touch(cache, entry);
    mc_model_retain(model); /* for end->model: keeps it while the lock is given up */
    end->drop = mc_cache_publish_locked(cache, entry, model);
    end->model = model;
    end->generation = entry->generation;
    end->bytes = entry->bytes;
    end->load_ns = entry->load_ns;
}

/* Everybody who came up to now is answered; who comes later starts anew or finds the model. */
static void answer_all(mc_cache *cache, mc_load *load, outcome *end, mc_waiter_list *later)
{
    mc_entry *entry = load->entry;
    mc_cache_lock(cache);
    const bool was_asked_for = entry->next_load != NULL; /* the source is to be read anew, F2 */
    if (end->goes_back && !was_asked_for && create_load(entry, &entry->next_load, NULL) != MC_OK)
        end->goes_back = false; /* no memory: the next request loads it */
    if (end->goes_back)
        go_back_locked(load, entry->next_load, was_asked_for);
    if (answer_locked(load, end->model, &end->error, later))
        end->model = NULL;
    (void)pthread_cond_broadcast(&cache->room);
    entry->load = entry->next_load; /* F1, F3 */
    entry->next_load = NULL;
    if (entry->load != NULL)
        mc_loader_threads_push_locked(cache, entry->load);
    mc_cache_unlock(cache);
}

void mc_flight_finish(mc_cache *cache, mc_load *load, mc_model *model, const mc_error *error)
{
    mc_waiter_list later = TAILQ_HEAD_INITIALIZER(later);
    outcome end = {0};

    mc_cache_lock(cache);
    if (is_removed(load)) {
        end.drop = model;
        (void)mc_fail(&end.error, MC_E_NOT_FOUND, MC_NO_OFFSET,
                      "model \"%s\" was removed while it was loading", load->entry->name);
    } else if (model == NULL)
        fail_locked(cache, load, error, &end);
    else
        publish_locked(cache, load, model, &end);
    mc_cache_unlock(cache);

    /* The line is written and the old memory is back before anybody is told. */
    mc_cache_drop_model(cache, end.drop);
    say(cache, load, &end);
    answer_all(cache, load, &end, &later);
    call_back(&later, &end.error);
    mc_model_release(end.model);
    mc_kept_destroy(load->kept);
    mc_free(load);
}
