/* loader_threads.h: the threads that loads run on.
 *
 * They are created when there is work, up to max_load_threads, and stay until the cache is
 * destroyed. Each takes a load from the queue, has it read by a thread of idle priority
 * (background.h), and publishes what comes of it. While they wait they also write the summary
 * line. They block signals: those are the program's. */
#ifndef MC_CACHE_LOADER_THREADS_H
#define MC_CACHE_LOADER_THREADS_H
#include "cache/cache_state.h"

/* Makes sure that a thread will take one more load; creates one if all are busy and there may be
 * more. MC_E_NO_MEMORY when there is none at all. */
MC_MUST_CHECK mc_status mc_loader_threads_ensure_locked(mc_cache *cache, mc_error *err);
/* A load that waits for room leaves its turn to another one, on another thread, if need be a new
 * one: loads that fit are not held up. At most MC_MAX_LOAD_THREADS - 1 do so at a time. */
void mc_loader_threads_park_locked(mc_cache *cache);
void mc_loader_threads_unpark_locked(mc_cache *cache);
void mc_loader_threads_push_locked(mc_cache *cache, mc_load *load);
/* Waits for loads in flight; those that have not begun fail. Afterwards there are no threads. */
void mc_loader_threads_stop(mc_cache *cache);
#endif
