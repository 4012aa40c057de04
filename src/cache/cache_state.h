/* cache_state.h: what a cache consists of; for the files of this room only.
 *
 * One lock, mc_cache.lock, guards all that is rare: registering, loading, waiting, unloading,
 * evicting. It is held for short, bounded work only: never while a loader reads, a model is mapped
 * or unmapped, a line is logged or a callback runs, and never by a thread of idle priority. A hit
 * never takes it. */
#ifndef MC_CACHE_STATE_H
#define MC_CACHE_STATE_H
#include <pthread.h>
#include <sys/queue.h>

#include "cache/budget.h"
#include "cache/cache.h"
#include "cache/churn.h"
#include "cache/entry.h"
#include "cache/hazard.h"
#include "cache/prediction.h"
#include "cache/table.h"

#define MC_CACHE_MAGIC      0x4d436163u
#define MC_MAX_LOAD_THREADS 64u

typedef TAILQ_HEAD(mc_load_queue, mc_load) mc_load_queue;

struct mc_cache {
    /* immutable */
    uint32_t magic;
    uint32_t max_load_threads;
    uint32_t max_waiters;
    unsigned hold; /* MC_HOLD_* */
    uint64_t retry_after_ns;
    uint64_t summary_ns; /* between summary lines */
    mc_loader loader;
    mc_gate_fn *gate; /* may be NULL */
    void *gate_user;
    mc_log_fn *log;     /* may be NULL */
    mc_event_fn *event; /* instead of it; may be NULL */
    void *log_user;
    _Atomic mc_log_level log_level; /* changes are rare, and seen late */
    mc_budget *budget;              /* counted; guarded by its atomics */
    mc_predictions *predictions;    /* owned; guards itself; NULL: there is no prediction cache */

    /* guarded by their own atomics; the table is added to under the lock */
    mc_hazards hazards;
    mc_table table;
    _Atomic uint64_t clock; /* of eviction: see evict.h; raised under the lock */

    pthread_mutex_t lock;
    /* guarded by the lock */
    mc_entry **by_name;  /* (n_entries) owned; every entry ever added, by name */
    mc_entry **resident; /* (n_resident) owned; entries with a published model, in no order */
    size_t n_entries, n_resident;
    mc_entry **members; /* (n_resident) owned; scratch of keep.c */
    size_t capacity;    /* of all three */
    uint64_t loads, load_failures, n_waits;
    uint64_t drops[MC_N_DROPS];
    size_t n_min_settings;  /* entries that name a min_resident */
    size_t n_idle_settings; /* entries that leave memory when they are not used */
    mc_churn churn;
    uint64_t room_wait_ns;    /* a load waits for room so long, altogether */
    uint32_t n_wait_for_room; /* loads */
    pthread_cond_t room;      /* signalled when memory may have come back */
    mc_load_queue queue;      /* loads that no thread has taken yet */
    pthread_cond_t work;      /* signalled when the queue grows or the cache stops */
    pthread_t threads[MC_MAX_LOAD_THREADS];
    uint32_t n_threads, n_idle;
    uint32_t n_running, n_parked; /* loads that threads have taken; of these, that wait for room */
    bool stopping;
    uint64_t summary_due_ns;
    uint64_t summary_hits; /* as of the last summary line */
};

static inline void mc_cache_lock(mc_cache *cache)
{
    MC_ASSERT(pthread_mutex_lock(&cache->lock) == 0);
}

static inline void mc_cache_unlock(mc_cache *cache)
{
    MC_ASSERT(pthread_mutex_unlock(&cache->lock) == 0);
}

/* Registers a name, or gives one that exists a new source (and version, unless it is NULL). */
MC_MUST_CHECK mc_status mc_cache_add_entry_locked(mc_cache *cache, const char *name,
                                                  const char *version, const char *source,
                                                  mc_error *err);

/* Copies a struct that an older or newer program made, of `given_size` bytes by its own word, into
 * the `size` bytes of `out`: what is missing is 0, what is unknown here must be 0. */
MC_MUST_CHECK mc_status mc_read_sized(const char *what, const void *given, size_t given_size,
                                      void *out, size_t size, mc_error *err);

/* The entry of that name; one that is not registered, but can be configured, if there is none. */
MC_MUST_CHECK mc_status mc_cache_find_or_make_locked(mc_cache *cache, const char *name,
                                                     mc_entry **out, mc_error *err);

/* Puts `model` (the caller's reference) in the place of what `entry` publishes, keeps the list of
 * residents, and hands back the old reference or NULL: for mc_cache_drop_model(). */
MC_MUST_CHECK mc_model *mc_cache_publish_locked(mc_cache *cache, mc_entry *entry, mc_model *model);

/* Releases a reference that was published once, when no reader is about to count it. Unmaps the
 * model if nobody holds it. Without the lock. NULL is fine. */
void mc_cache_drop_model(mc_cache *cache, mc_model *model);

/* Index in by_name of the first name that is not below `name`. O(log n_entries). */
size_t mc_cache_position_locked(const mc_cache *cache, const char *name);

/* The numbers of mc_cache_statistics(). O(n_entries). */
mc_cache_stats mc_cache_statistics_locked(const mc_cache *cache);
/* True, with the numbers, once every summary_ns if there were hits since. */
bool mc_cache_summary_is_due_locked(mc_cache *cache, mc_cache_stats *out);
#endif
