/* table.h: from a name to its entry, without a lock.
 *
 * An open-addressed hash table of pointers. Adding stores one pointer; growing builds a table of
 * twice the size beside the old and publishes it by one store. Old tables are kept until the end,
 * since somebody may be reading them: together they are smaller than the newest. Nothing is ever
 * taken out: an entry that is removed says so itself.
 *
 * Finding is *guarded* by atomics (any thread); adding is guarded by the cache lock. */
#ifndef MC_CACHE_TABLE_H
#define MC_CACHE_TABLE_H
#include "cache/entry.h"

typedef struct mc_table_slots mc_table_slots;

typedef struct mc_table {
    _Atomic(mc_table_slots *) slots; /* owned; NULL: nothing was added yet */
} mc_table;

void mc_table_fini(mc_table *table); /* on zeroed memory too; entries are not the table's */

/* The entry of that name, removed or not, or NULL. Lock-free, O(name_size). */
mc_entry *mc_table_find(const mc_table *table, const char *name, size_t name_size);

/* Makes room for one more. */
MC_MUST_CHECK mc_status mc_table_reserve_locked(mc_table *table, mc_error *err);
/* Adds an entry whose name is not in the table; room was reserved. */
void mc_table_add_locked(mc_table *table, mc_entry *entry);
#endif
