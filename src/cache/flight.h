/* flight.h: single flight: any number of requests for a missing model, one load.
 *
 * mc_load is one load of one entry: *guarded* by the cache lock, but for what its loader thread
 * owns while `running`. Rules, each with a test:
 *   (F1) An entry has at most one load running. Requests join it and share what comes of it.
 *   (F2) Who asks for a fresh load (refresh) while one runs gets a second one, which begins after
 *        it. So does everybody who comes after the entry's source was replaced.
 *   (F3) Loads of an entry end in the order in which they began: none publishes over a later one.
 *   (F4) A load that began before its name was removed publishes nothing.
 *   (F5) A waiter who gives up leaves the load alone.
 *   (F6) At most max_waiters wait for an entry. Asynchronous ones hold no thread.
 *   (F7) If a load fails for which the model in memory was dropped (swap = drop-first), that one is
 *        read again: as it was kept (kept.h), or else from its source, where that is another.
 *        Requests wait for it. */
#ifndef MC_CACHE_FLIGHT_H
#define MC_CACHE_FLIGHT_H
#include "cache/cache_state.h"
#include "cache/kept.h"

typedef struct mc_waiter mc_waiter;
typedef TAILQ_HEAD(mc_waiter_list, mc_waiter) mc_waiter_list;

struct mc_load {
    TAILQ_ENTRY(mc_load) link; /* in mc_cache.queue while queued */
    mc_entry *entry;           /* borrowed: lives as long as the cache */
    mc_waiter_list waiters;
    uint64_t epoch; /* of the entry when it began */
    bool running;
    /* owned by the loader thread while running; what to read is copied when it begins */
    uint64_t generation;
    uint64_t start_ns;
    uint64_t source_stamp;
    uint64_t room_deadline_ns; /* of waiting for room; 0: it has not waited yet. See room.h */
    bool waits_for_room;       /* guarded by the cache lock */
    bool starts_over;
    char dropped_source[MC_PATH_MAX]; /* of what was dropped for it (R3); "": nothing was */
    mc_kept *kept;                    /* that model itself, owned; NULL: no disk had room for it */
    bool has_kept;                    /* ... or it was tried */
    bool reads_kept;                  /* not the source: F7 */
    mc_quantization quantize;
    mc_quantize_when quantize_when;
    char version[MC_NAME_MAX];
    char source[MC_PATH_MAX];
};

/* Finds or starts the load that answers a request made now. `fresh`: one that has not begun yet. */
MC_MUST_CHECK mc_status mc_flight_join_locked(mc_cache *cache, mc_entry *entry, bool fresh,
                                              mc_load **out, mc_error *err);

#define MC_NO_DEADLINE UINT64_MAX
/* Waits for the load, until `deadline_ns` of mc_now_ns(); a request (F7) has one. The lock is given
 * up meanwhile, and held again on return. `*out` is a reference. */
MC_MUST_CHECK mc_status mc_flight_wait_locked(mc_cache *cache, mc_load *load, uint64_t deadline_ns,
                                              mc_model **out, mc_error *err);

/* A waiter that is called back. `is_request`: any generation answers it (F7). Created without the
 * lock; destroyed only if it never joined. */
MC_MUST_CHECK mc_status mc_waiter_create(mc_acquired_fn *done, void *user, bool is_request,
                                         mc_waiter **out, mc_error *err);
void mc_waiter_destroy(mc_waiter *waiter); /* NULL is fine */
/* Takes the waiter on MC_OK. */
MC_MUST_CHECK mc_status mc_flight_add_waiter_locked(mc_load *load, mc_waiter *waiter,
                                                    uint32_t max_waiters, mc_error *err);

/* For the loader threads: notes what to read. */
void mc_flight_begin_locked(mc_load *load);
/* Publishes `model` (takes the reference) or remembers `error` (when `model` is NULL), answers
 * everybody who waits, starts the load that was asked for meanwhile, frees `load`. Takes the lock.
 * Called once for each load, by a loader thread. */
void mc_flight_finish(mc_cache *cache, mc_load *load, mc_model *model, const mc_error *error);
#endif
