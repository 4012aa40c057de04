/* table.c: open addressing, linear probing, at most half full. */
#include "cache/table.h"

#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

struct mc_table_slots {
    mc_table_slots *older; /* owned: tables that this one replaced */
    size_t n_entries;      /* guarded by the cache lock */
    size_t mask;           /* immutable: number of slots - 1, the number a power of two */
    _Atomic(mc_entry *) slots[];
};

#define FIRST_SIZE ((size_t)16)

void mc_table_fini(mc_table *table)
{
    mc_table_slots *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
    while (slots != NULL) {
        mc_table_slots *older = slots->older;
        mc_free(slots);
        slots = older;
    }
    atomic_store_explicit(&table->slots, NULL, memory_order_relaxed);
}

static bool is_named(const mc_entry *entry, uint64_t hash, const char *name, size_t name_size)
{
    return entry->hash == hash && entry->name_size == name_size &&
           memcmp(entry->name, name, name_size) == 0;
}

mc_entry *mc_table_find(const mc_table *table, const char *name, size_t name_size)
{
    /* acquire: pairs with the store in mc_table_reserve_locked(). */
    const mc_table_slots *slots = atomic_load_explicit(&table->slots, memory_order_acquire);
    if (slots == NULL)
        return NULL;
    const uint64_t hash = mc_entry_hash(name, name_size);
    for (size_t at = hash & slots->mask;; at = (at + 1) & slots->mask) { /* ends: half is free */
        /* acquire: pairs with the store in put(). */
        mc_entry *entry = atomic_load_explicit(&slots->slots[at], memory_order_acquire);
        if (entry == NULL || is_named(entry, hash, name, name_size))
            return entry;
    }
}

static void put(mc_table_slots *slots, mc_entry *entry)
{
    size_t at = entry->hash & slots->mask;
    while (atomic_load_explicit(&slots->slots[at], memory_order_relaxed) != NULL)
        at = (at + 1) & slots->mask;
    /* release: pairs with the load in mc_table_find(): whoever sees the entry sees its name. */
    atomic_store_explicit(&slots->slots[at], entry, memory_order_release);
    slots->n_entries++;
}

static mc_table_slots *larger(mc_table_slots *old)
{
    const size_t n = old == NULL ? FIRST_SIZE : (old->mask + 1) * 2;
    size_t size = 0;
    if (!mc_mul_size(n, sizeof(_Atomic(mc_entry *)), &size) ||
        !mc_add_size(size, sizeof(mc_table_slots), &size))
        return NULL;
    mc_table_slots *slots = mc_alloc(1, size);
    if (slots == NULL)
        return NULL;
    slots->older = old;
    slots->mask = n - 1;
    for (size_t i = 0; old != NULL && i <= old->mask; i++) {
        mc_entry *entry = atomic_load_explicit(&old->slots[i], memory_order_relaxed);
        if (entry != NULL)
            put(slots, entry);
    }
    return slots;
}

mc_status mc_table_reserve_locked(mc_table *table, mc_error *err)
{
    mc_table_slots *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
    if (slots != NULL && (slots->n_entries + 1) * 2 <= slots->mask + 1)
        return MC_OK;
    slots = larger(slots);
    if (slots == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a larger table of names");
    /* release: pairs with the load in mc_table_find(). */
    atomic_store_explicit(&table->slots, slots, memory_order_release);
    return MC_OK;
}

void mc_table_add_locked(mc_table *table, mc_entry *entry)
{
    mc_table_slots *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
    MC_ASSERT(slots != NULL);
    MC_ASSERT(slots->n_entries < slots->mask);
    put(slots, entry);
}
