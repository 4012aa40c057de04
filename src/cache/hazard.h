/* hazard.h: taking a counted reference from a pointer that another thread may be dropping.
 *
 * HOW IT WORKS. Between reading the published pointer and counting itself as a holder, a reader
 * announces the pointer in a slot. Whoever drops the published reference first replaces the
 * pointer, then looks through the slots: as long as one names the old model, somebody may be about
 * to count it, and the reference must stay. Either the reader sees the new pointer (and tries
 * again), or the writer sees the slot (and waits): both orders are one total order (seq_cst).
 *
 * A slot is claimed and announced by one compare-and-swap, so readers register nowhere; a
 * thread-local hint makes that slot usually the thread's own cache line.
 *
 * LIMITATIONS. MC_HAZARD_SLOTS threads can be inside those ten instructions at a time; the next one
 * gets NULL and takes the locked way. Writers look at every slot: they are rare.
 *
 * mc_hazards is *guarded* by its atomics: any thread, no lock, no allocation. */
#ifndef MC_CACHE_HAZARD_H
#define MC_CACHE_HAZARD_H
#include <stdatomic.h>

#include "base/base.h"

#define MC_HAZARD_SLOTS 128u

typedef _Atomic(mc_model *) mc_published_model;

typedef struct mc_hazard_slot {
    mc_published_model model; /* announced, or NULL: free */
    char own_line[64 - sizeof(mc_published_model)];
} mc_hazard_slot;
_Static_assert(sizeof(mc_hazard_slot) == 64, "one cache line a slot");

typedef struct mc_hazards {
    mc_hazard_slot *slots; /* (MC_HAZARD_SLOTS) owned; pages, so aligned */
} mc_hazards;

MC_MUST_CHECK mc_status mc_hazards_init(mc_hazards *hazards, mc_error *err);
void mc_hazards_fini(mc_hazards *hazards); /* after init, or on zeroed memory */

/* One reference to the model that `published` points to. NULL when it points nowhere, or when every
 * slot is taken: then ask again under the lock that guards writes to `published`. Lock-free. */
mc_model *mc_hazards_acquire(mc_hazards *hazards, mc_published_model *published);

/* True while a reader may be about to count `model`, which is no longer published. After a false
 * answer the count of the model only falls. */
bool mc_hazards_protect(const mc_hazards *hazards, const mc_model *model);
/* Waits until they no longer do: as long as a reader needs for ten instructions. */
void mc_hazards_wait(const mc_hazards *hazards, const mc_model *model);
#endif
