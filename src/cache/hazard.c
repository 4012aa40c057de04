/* hazard.c: claim a slot, check again, count, leave. See hazard.h for how it works. */
#include "cache/hazard.h"

#include <sched.h>

#include "base/alloc.h"
#include "cache/test_points.h"

#ifdef MC_TEST_HOOKS
_Atomic(mc_test_point_fn *) mc_test_point_hook;
_Atomic bool mc_test_no_hazards;
#endif

#define SLOTS_SIZE (MC_HAZARD_SLOTS * sizeof(mc_hazard_slot))

mc_status mc_hazards_init(mc_hazards *hazards, mc_error *err)
{
    hazards->slots = mc_pages_alloc(SLOTS_SIZE);
    if (hazards->slots == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no %zu bytes for hazard slots",
                       SLOTS_SIZE);
    return MC_OK;
}

void mc_hazards_fini(mc_hazards *hazards)
{
    mc_pages_free(hazards->slots, SLOTS_SIZE);
    hazards->slots = NULL;
}

/* Where this thread looks first: the slot that it got last time. initial-exec: no lazy allocation
 * by the dynamic loader on a thread's first request. */
static _Thread_local uint32_t hint __attribute__((tls_model("initial-exec"))) = UINT32_MAX;

static uint32_t first_slot(void)
{
    static _Atomic uint32_t n_threads;
    if (hint == UINT32_MAX) /* relaxed: any spread of numbers will do */
        hint = atomic_fetch_add_explicit(&n_threads, 1, memory_order_relaxed) % MC_HAZARD_SLOTS;
    return hint;
}

/* Announces `model` in a free slot, or returns NULL when there is none. */
static mc_hazard_slot *announce(mc_hazards *hazards, mc_model *model)
{
    const uint32_t start = first_slot();
    for (uint32_t i = 0; i < MC_HAZARD_SLOTS; i++) {
        const uint32_t at = (start + i) % MC_HAZARD_SLOTS;
        mc_hazard_slot *slot = &hazards->slots[at];
        mc_model *expected = NULL;
        /* seq_cst: stands before read_again() below in the one order that also holds the writer's
         * replacement of the pointer and its look at the slots in mc_hazards_protect(). */
        if (atomic_compare_exchange_strong_explicit(&slot->model, &expected, model,
                                                    memory_order_seq_cst, memory_order_relaxed)) {
            hint = at;
            return slot;
        }
    }
    return NULL;
}

static void leave(mc_hazard_slot *slot)
{
    /* release: pairs with the load in mc_hazards_protect(); who sees the slot empty sees the
     * reference counted. */
    atomic_store_explicit(&slot->model, NULL, memory_order_release);
}

mc_model *mc_hazards_acquire(mc_hazards *hazards, mc_published_model *published)
{
    for (;;) {
        /* relaxed: only compared and announced, never followed before it is read again. */
        mc_model *model = atomic_load_explicit(published, memory_order_relaxed);
        if (model == NULL)
            return NULL;
        MC_TEST_POINT(MC_POINT_READ);
        mc_hazard_slot *slot = announce(hazards, model);
        if (slot == NULL)
            return NULL;
        /* read_again. seq_cst: after announce(); acquire: pairs with the exchange that publishes
         * (mc_entry_publish_locked), so the model's content is seen. */
        if (atomic_load_explicit(published, memory_order_seq_cst) == model) {
            MC_TEST_POINT(MC_POINT_PROTECTED);
            mc_model_retain(model);
            leave(slot);
            return model;
        }
        leave(slot);
    }
}

bool mc_hazards_protect(const mc_hazards *hazards, const mc_model *model)
{
    if (MC_TEST_NO_HAZARDS())
        return false;
    for (uint32_t i = 0; i < MC_HAZARD_SLOTS; i++) {
        /* seq_cst: after the exchange that took the pointer away; with announce() it forbids that
         * the reader misses the exchange and we miss the reader. acquire: pairs with leave(). */
        if (atomic_load_explicit(&hazards->slots[i].model, memory_order_seq_cst) == model)
            return true;
    }
    return false;
}

void mc_hazards_wait(const mc_hazards *hazards, const mc_model *model)
{
    while (mc_hazards_protect(hazards, model)) {
        MC_TEST_POINT(MC_POINT_WAITING);
        (void)sched_yield(); /* the reader may be preempted in its ten instructions */
    }
}
