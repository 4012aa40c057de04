/* vec.c: growing by doubling, and a hash table with linear probing at most half full. */
#include "base/vec.h"

#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

void mc_vec_fini(mc_vec *vec)
{
    mc_free(vec->data);
    *vec = (mc_vec){0};
}

static mc_status grow(mc_vec *vec, size_t need, mc_error *err)
{
    size_t room = vec->room < 256 ? 256 : vec->room;
    while (room < need)
        if (!mc_mul_size(room, 2, &room))
            return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%zu bytes overflow", need);
    uint8_t *data = mc_realloc(vec->data, room, 1);
    if (data == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no %zu bytes to be had", room);
    vec->data = data;
    vec->room = room;
    return MC_OK;
}

mc_status mc_vec_append(mc_vec *vec, const void *data, size_t size, mc_error *err)
{
    size_t need = 0;
    if (!mc_add_size(vec->size, size, &need))
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%zu bytes overflow", size);
    if (need > vec->room)
        MC_TRY(grow(vec, need, err));
    if (size > 0 && data != NULL)
        memcpy(vec->data + vec->size, data, size);
    else if (size > 0)
        memset(vec->data + vec->size, 0, size);
    vec->size = need;
    return MC_OK;
}

mc_status mc_vec_align(mc_vec *vec, size_t to, mc_error *err)
{
    return mc_vec_append(vec, NULL, mc_round_up(vec->size, to) - vec->size, err);
}

void mc_intern_fini(mc_intern *table)
{
    mc_free(table->hashes);
    mc_free(table->ids);
    *table = (mc_intern){0};
}

bool mc_intern_find(const mc_intern *table, uint64_t hash, mc_intern_same *same,
                    const void *context, uint32_t *out_id)
{
    if (table->room == 0)
        return false;
    const size_t mask = table->room - 1;
    for (size_t at = hash & mask; table->ids[at] != 0; at = (at + 1) & mask) {
        if (table->hashes[at] == hash && same(context, table->ids[at] - 1)) {
            *out_id = table->ids[at] - 1;
            return true;
        }
    }
    return false;
}

static void put(mc_intern *table, uint64_t hash, uint32_t stored)
{
    const size_t mask = table->room - 1;
    size_t at = hash & mask;
    while (table->ids[at] != 0)
        at = (at + 1) & mask;
    table->ids[at] = stored;
    table->hashes[at] = hash;
}

static mc_status rehash(mc_intern *table, mc_error *err)
{
    mc_intern bigger = {.n = table->n, .room = table->room == 0 ? 64 : table->room * 2};
    bigger.hashes = mc_alloc(bigger.room, sizeof *bigger.hashes);
    bigger.ids = mc_alloc(bigger.room, sizeof *bigger.ids);
    if (bigger.hashes == NULL || bigger.ids == NULL) {
        mc_intern_fini(&bigger);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for %zu records",
                       table->n + 1);
    }
    for (size_t i = 0; i < table->room; i++)
        if (table->ids[i] != 0)
            put(&bigger, table->hashes[i], table->ids[i]);
    mc_intern_fini(table);
    *table = bigger;
    return MC_OK;
}

mc_status mc_intern_add(mc_intern *table, uint64_t hash, uint32_t id, mc_error *err)
{
    MC_ASSERT(id < UINT32_MAX);
    if (table->n * 2 >= table->room)
        MC_TRY(rehash(table, err));
    put(table, hash, id + 1);
    table->n++;
    return MC_OK;
}
