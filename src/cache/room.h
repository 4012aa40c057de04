/* room.h: room under the budget for a load: who is evicted, who waits, who is refused.
 *
 * A load asks in steps, while its source streams in (mc_grant_fn). What is free is granted by one
 * atomic operation. For a step that does not fit, the first of these rules that applies is heeded,
 * and then it is tried again:
 *
 *   (R1) What can never fit is refused and evicts nobody: beside pinned and kept models (keep.h)
 * the budget is too small. MC_E_OVER_BUDGET; or MC_E_CONFLICT when only the own old generation is
 *        in the way, which stays until the new one is published (swap = keep).
 *   (R2) If evicting all that may go would make room, the least valuable goes. Not what the churn
 *        guard protects (churn.h): then MC_E_BUSY.
 *   (R3) If dropping the own old generation would make room, and the model's swap is drop-first, it
 *        is written to a disk (kept.h) and dropped: requests that come now wait for the new one.
 *        If that fails, the old one is read again, for those requests too (flight.h, F7).
 *   (R4) Else the rest is on its way: requests hold it, it drains, or other loads have taken it.
 * The load waits, altogether room_wait_ms at most, and then ends with MC_E_BUSY. (R5) Loads do not
 * wait for each other: one that holds something and would wait while another one waits gives it
 * back, and starts over when that one is done.
 *
 * A load that waits keeps its thread and leaves its turn to others: loader_threads.h. */
#ifndef MC_CACHE_ROOM_H
#define MC_CACHE_ROOM_H
#include "cache/flight.h"

/* Grows `charge`, the receipt of `load`, by `size` bytes; may wait. Takes the cache lock. When R5
 * sets load->starts_over, the load must give up what it holds, and call mc_room_await_turn(). */
MC_MUST_CHECK mc_status mc_room_make(mc_cache *cache, mc_charge *charge, mc_load *load,
                                     uint64_t size, mc_error *err);
/* @return true: read the source again; false: its time is over, what mc_room_make() said stands. */
MC_MUST_CHECK bool mc_room_await_turn(mc_cache *cache, const mc_load *load);
#endif
