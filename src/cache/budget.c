/* budget.c: one counter that never passes its limit, and receipts for parts of it. */
#include "cache/budget.h"

#include <stdatomic.h>

#include "base/alloc.h"

struct mc_budget {
    _Atomic uint64_t references;
    _Atomic uint64_t used;
    _Atomic uint64_t limit; /* 0: none; changes are rare, and seen late */
};

struct mc_charge {
    mc_budget *budget; /* counted */
    mc_entry *entry;   /* counted */
    uint64_t held;     /* bytes taken from the budget */
    uint64_t resident; /* of these, bytes that the entry shows as resident */
};

mc_status mc_budget_create(uint64_t limit, mc_budget **out, mc_error *err)
{
    mc_budget *budget = mc_alloc(1, sizeof *budget);
    if (budget == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a budget");
    atomic_init(&budget->references, 1);
    atomic_init(&budget->limit, limit);
    *out = budget;
    return MC_OK;
}

void mc_budget_retain(mc_budget *budget)
{
    /* relaxed: the caller holds a reference, so the object cannot go meanwhile. */
    (void)atomic_fetch_add_explicit(&budget->references, 1, memory_order_relaxed);
}

void mc_budget_release(mc_budget *budget)
{
    /* acq_rel: pairs with itself: the last one frees after everybody else's last use. */
    if (budget != NULL &&
        atomic_fetch_sub_explicit(&budget->references, 1, memory_order_acq_rel) == 1)
        mc_free(budget);
}

bool mc_budget_take(mc_budget *budget, uint64_t size)
{
    const uint64_t set = mc_budget_limit(budget);
    const uint64_t limit = set == 0 ? UINT64_MAX : set;
    uint64_t used = atomic_load_explicit(&budget->used, memory_order_relaxed);
    do {
        if (used > limit || size > limit - used)
            return false;
        /* acquire: pairs with the release in mc_budget_give(): memory that was given back was
         * unmapped before we take its bytes. */
    } while (!atomic_compare_exchange_weak_explicit(&budget->used, &used, used + size,
                                                    memory_order_acquire, memory_order_relaxed));
    return true;
}

void mc_budget_give(mc_budget *budget, uint64_t size)
{
    /* release: pairs with the acquire in mc_budget_take(). */
    const uint64_t used = atomic_fetch_sub_explicit(&budget->used, size, memory_order_release);
    MC_ASSERT(used >= size);
}

uint64_t mc_budget_limit(const mc_budget *budget)
{
    return atomic_load_explicit(&budget->limit, memory_order_relaxed);
}

void mc_budget_set_limit(mc_budget *budget, uint64_t limit)
{
    atomic_store_explicit(&budget->limit, limit, memory_order_relaxed);
}

uint64_t mc_budget_used(const mc_budget *budget)
{
    return atomic_load_explicit(&budget->used, memory_order_relaxed);
}

uint64_t mc_budget_free(const mc_budget *budget)
{
    const uint64_t limit = mc_budget_limit(budget), used = mc_budget_used(budget);
    if (limit == 0)
        return UINT64_MAX;
    return used < limit ? limit - used : 0;
}

mc_status mc_charge_create(mc_budget *budget, mc_entry *entry, mc_charge **out, mc_error *err)
{
    mc_charge *charge = mc_alloc(1, sizeof *charge);
    if (charge == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a charge");
    mc_budget_retain(budget);
    mc_entry_retain(entry);
    charge->budget = budget;
    charge->entry = entry;
    *out = charge;
    return MC_OK;
}

bool mc_charge_grow(mc_charge *charge, uint64_t size)
{
    if (!mc_budget_take(charge->budget, size))
        return false;
    charge->held += size;
    return true;
}

uint64_t mc_charge_held(const mc_charge *charge)
{
    return charge->held;
}

void mc_charge_settle(mc_charge *charge, uint64_t bytes)
{
    MC_ASSERT(bytes <= charge->held);
    mc_budget_give(charge->budget, charge->held - bytes);
    charge->held = bytes;
    charge->resident = bytes;
    mc_entry_add_resident(charge->entry, bytes);
}

void mc_charge_destroy(mc_charge *charge)
{
    if (charge == NULL)
        return;
    mc_entry_sub_resident(charge->entry, charge->resident);
    mc_budget_give(charge->budget, charge->held);
    mc_entry_release(charge->entry);
    mc_budget_release(charge->budget);
    mc_free(charge);
}

void mc_charge_model_gone(void *charge, uint64_t bytes)
{
    (void)bytes; /* the charge knows what was taken, also before it was settled */
    mc_charge_destroy(charge);
}
