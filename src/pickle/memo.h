/* memo.h: the pickle's memo: id -> value, for any ids a hostile file may choose.
 *
 * Ids that are near the number of puts so far lie in an array, the others in a hash table: memory
 * is O(puts), whatever the ids. Ids of real pickles are 0, 1, 2 ... and never leave the array. */
#ifndef MC_PICKLE_MEMO_H
#define MC_PICKLE_MEMO_H
#include "pickle/graph.h"

typedef struct mc_memo_entry {
    uint64_t id;
    mc_value *value; /* NULL: free */
} mc_memo_entry;

typedef struct mc_memo {
    mc_value **dense; /* owned (dense_room); NULL: absent */
    size_t dense_room;
    mc_memo_entry *sparse; /* owned (sparse_room), open addressing, a power of two */
    size_t sparse_room, n_sparse;
    size_t n; /* distinct ids, which is what MEMOIZE counts */
} mc_memo;

/* A memo of all zeros is empty. */
void mc_memo_fini(mc_memo *memo);
/* False when memory ran out. O(1) amortized. */
MC_MUST_CHECK bool mc_memo_put(mc_memo *memo, uint64_t id, mc_value *value);
mc_value *mc_memo_get(const mc_memo *memo, uint64_t id); /* NULL if absent */
#endif
