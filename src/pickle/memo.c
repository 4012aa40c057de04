/* memo.c: the memo's array and its hash table for far ids.
 *
 * INVARIANT  The array is looked at first, and an id that it covers is never put into the table: an
 *            id that was put far and later covered is overwritten in the array only. */
#include "pickle/memo.h"

#include <string.h>

#include "base/alloc.h"

#define DENSE_SLACK 1024u /* ids up to twice the puts plus this are near */
#define SPARSE_MIN  64u

void mc_memo_fini(mc_memo *memo)
{
    mc_free(memo->dense);
    mc_free(memo->sparse);
    *memo = (mc_memo){0};
}

/* The slot of `id`: its entry, or the free one where it belongs. */
static mc_memo_entry *sparse_slot(mc_memo_entry *entries, size_t room, uint64_t id)
{
    uint64_t hash = id * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
    size_t at = (size_t)hash & (room - 1);
    while (entries[at].value != NULL && entries[at].id != id)
        at = (at + 1) & (room - 1);
    return &entries[at];
}

static bool sparse_grow(mc_memo *memo)
{
    const size_t room = memo->sparse_room == 0 ? SPARSE_MIN : memo->sparse_room * 2;
    mc_memo_entry *entries = mc_alloc(room, sizeof *entries);
    if (entries == NULL)
        return false;
    for (size_t i = 0; i < memo->sparse_room; i++)
        if (memo->sparse[i].value != NULL)
            *sparse_slot(entries, room, memo->sparse[i].id) = memo->sparse[i];
    mc_free(memo->sparse);
    memo->sparse = entries;
    memo->sparse_room = room;
    return true;
}

static bool sparse_put(mc_memo *memo, uint64_t id, mc_value *value)
{
    if (memo->n_sparse * 2 >= memo->sparse_room && !sparse_grow(memo))
        return false;
    mc_memo_entry *slot = sparse_slot(memo->sparse, memo->sparse_room, id);
    if (slot->value == NULL) {
        memo->n_sparse++;
        memo->n++;
    }
    *slot = (mc_memo_entry){id, value};
    return true;
}

static mc_value *sparse_get(const mc_memo *memo, uint64_t id)
{
    return memo->n_sparse == 0 ? NULL : sparse_slot(memo->sparse, memo->sparse_room, id)->value;
}

static bool dense_grow(mc_memo *memo, size_t id)
{
    size_t room = memo->dense_room * 2;
    room = room < 64 ? 64 : room;
    room = room <= id ? id + 1 : room;
    mc_value **dense = mc_realloc(memo->dense, room, sizeof(mc_value *));
    if (dense == NULL)
        return false;
    memset(dense + memo->dense_room, 0, (room - memo->dense_room) * sizeof(mc_value *));
    memo->dense = dense;
    memo->dense_room = room;
    return true;
}

bool mc_memo_put(mc_memo *memo, uint64_t id, mc_value *value)
{
    if (id >= memo->dense_room) {
        if (id > memo->n * 2 + DENSE_SLACK)
            return sparse_put(memo, id, value);
        if (!dense_grow(memo, (size_t)id))
            return false;
    }
    if (memo->dense[id] == NULL && sparse_get(memo, id) == NULL)
        memo->n++;
    memo->dense[id] = value;
    return true;
}

mc_value *mc_memo_get(const mc_memo *memo, uint64_t id)
{
    if (id < memo->dense_room && memo->dense[id] != NULL)
        return memo->dense[id];
    return sparse_get(memo, id);
}
