/* vec.c: growing by doubling, and a hash table with linear probing at most half full. */
#include "base/vec.h"

#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

/* From here on the bytes are pages of their own: mc_vec_take_out() gives them back in pieces. */
#define PAGES_FROM ((size_t)1 << 20)
/* From here on it grows by a quarter: pages are moved, not copied, and addresses are spared. */
#define SPARING_FROM ((size_t)256 << 20)

void mc_vec_fini(mc_vec *vec)
{
    if (vec->room >= PAGES_FROM)
        mc_pages_free(vec->data, vec->room);
    else
        mc_free(vec->data);
    *vec = (mc_vec){0};
}

static uint8_t *to_pages(const mc_vec *vec, size_t room)
{
    uint8_t *pages = mc_pages_alloc(room);
    if (pages == NULL)
        return NULL;
    if (vec->size > 0)
        memcpy(pages, vec->data, vec->size);
    mc_free(vec->data);
    return pages;
}

static uint8_t *with_room(mc_vec *vec, size_t room)
{
    if (room < PAGES_FROM)
        return mc_realloc(vec->data, room, 1);
    if (vec->room < PAGES_FROM)
        return to_pages(vec, room);
    return mc_pages_resize(vec->data, vec->room, room);
}

static mc_status grow(mc_vec *vec, size_t need, mc_error *err)
{
    size_t room = vec->room < 256 ? 256 : vec->room;
    while (room < need)
        if (!mc_add_size(room, room < SPARING_FROM ? room : room / 4, &room))
            return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%zu bytes overflow", need);
    uint8_t *data = with_room(vec, room);
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

void mc_vec_take_out(mc_vec *vec, void *to)
{
    for (size_t at = 0; at < vec->size; at += PAGES_FROM) {
        const size_t left = vec->size - at;
        memcpy((uint8_t *)to + at, vec->data + at, left < PAGES_FROM ? left : PAGES_FROM);
        if (vec->room >= PAGES_FROM && left >= PAGES_FROM)
            mc_pages_forget(vec->data + at, PAGES_FROM);
    }
    mc_vec_fini(vec);
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
