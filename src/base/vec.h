/* vec.h: a growable run of bytes for builders, and a table that finds equal records again.
 *
 * Both are *owned*. Growth doubles: O(content). Freed by fini. */
#ifndef MC_VEC_H
#define MC_VEC_H
#include "base/base.h"

typedef struct mc_vec {
    uint8_t *data; /* owned */
    size_t size, room;
} mc_vec;

void mc_vec_fini(mc_vec *vec);
/* Appends `size` bytes (zeros when `data` is NULL). */
MC_MUST_CHECK mc_status mc_vec_append(mc_vec *vec, const void *data, size_t size, mc_error *err);
/* Copies all of it, and gives memory back while it does: at no time are both there. Leaves it
 * empty.
 */
void mc_vec_take_out(mc_vec *vec, void *to);
/* Appends zeros up to a multiple of `to`, a power of two. */
MC_MUST_CHECK mc_status mc_vec_align(mc_vec *vec, size_t to, mc_error *err);

/* Open addressing: hash -> candidates' ids; the caller compares. */
typedef struct mc_intern {
    uint64_t *hashes; /* owned, (room) */
    uint32_t *ids;    /* owned, (room); id + 1, 0 is free */
    size_t n, room;
} mc_intern;

void mc_intern_fini(mc_intern *table);
/* Is record `id` the one that is looked for? */
typedef bool mc_intern_same(const void *context, uint32_t id);
/* Finds a record of this hash; false if there is none. */
bool mc_intern_find(const mc_intern *table, uint64_t hash, mc_intern_same *same,
                    const void *context, uint32_t *out_id);
MC_MUST_CHECK mc_status mc_intern_add(mc_intern *table, uint64_t hash, uint32_t id, mc_error *err);
#endif
