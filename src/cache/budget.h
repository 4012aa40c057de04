/* budget.h: the promise that resident models, loads in flight and draining models stay below a
 * number of bytes, and the receipt (charge) of each load and each model for its part.
 *
 * mc_budget is *guarded* by its atomics, and counted: it outlives the cache as long as a model is
 * held that was charged to it. mc_charge is *owned*: by the load that it was created for, later by
 * the model that came out of it. Neither takes a lock, so that the last release of a model, which
 * may happen on any thread, never waits. */
#ifndef MC_CACHE_BUDGET_H
#define MC_CACHE_BUDGET_H
#include "base/base.h"
#include "cache/entry.h"

typedef struct mc_budget mc_budget;

/* @param limit  bytes; 0: no limit. `*out` is one reference. */
MC_MUST_CHECK mc_status mc_budget_create(uint64_t limit, mc_budget **out, mc_error *err);
void mc_budget_retain(mc_budget *budget);
void mc_budget_release(mc_budget *budget); /* NULL is fine */

/* Takes `size` bytes, or nothing and returns false: it never takes used beyond the limit. */
MC_MUST_CHECK bool mc_budget_take(mc_budget *budget, uint64_t size);
void mc_budget_give(mc_budget *budget, uint64_t size);

uint64_t mc_budget_limit(const mc_budget *budget); /* 0: no limit */
/* Another limit. What is used beyond a lower one stays until it is given back: until then nothing
 * is taken. */
void mc_budget_set_limit(mc_budget *budget, uint64_t limit);
uint64_t mc_budget_used(const mc_budget *budget);
uint64_t mc_budget_free(const mc_budget *budget); /* UINT64_MAX without a limit */

typedef struct mc_charge mc_charge;

/* An empty charge that retains `budget` and `entry`. */
MC_MUST_CHECK mc_status mc_charge_create(mc_budget *budget, mc_entry *entry, mc_charge **out,
                                         mc_error *err);
/* Takes more, or returns false. */
MC_MUST_CHECK bool mc_charge_grow(mc_charge *charge, uint64_t size);
uint64_t mc_charge_held(const mc_charge *charge);
/* The load is over: gives back all but `bytes` (at most what is held), which from now on count as
 * resident memory of the entry. */
void mc_charge_settle(mc_charge *charge, uint64_t bytes);
/* Gives everything back, after the memory itself. NULL is fine. */
void mc_charge_destroy(mc_charge *charge);
/* The same as an mc_model_gone: `charge` is the owner of a model. */
void mc_charge_model_gone(void *charge, uint64_t bytes);
#endif
