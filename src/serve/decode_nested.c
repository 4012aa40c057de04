/* decode_nested.c: lists and objects inside a row, bottom up. */
#include "serve/decode_nested.h"

#include <xxhash.h>

#include "base/size.h"

#define FEW_KEYS 8 /* compared with each other */

void mc_nested_init(mc_nested *nested, mc_meter *meter)
{
    *nested = (mc_nested){.depth = 0};
    mc_buffer_init(&nested->open, meter);
    mc_buffer_init(&nested->slots, meter);
}

void mc_nested_trim(mc_nested *nested, size_t keep)
{
    mc_buffer_trim(&nested->open, keep);
    mc_buffer_trim(&nested->slots, keep);
}

size_t mc_nested_bytes(const mc_nested *nested)
{
    return nested->open.room + nested->slots.room;
}

void mc_nested_begin(mc_nested *nested)
{
    nested->open.size = 0;
    nested->depth = 0;
}

static size_t n_open(const mc_nested *nested)
{
    return nested->open.size / sizeof(mc_cell);
}

void mc_nested_open(mc_nested *nested, bool is_dict)
{
    MC_ASSERT(nested->depth < MC_COUNT_OF(nested->levels));
    nested->levels[nested->depth].first = n_open(nested);
    nested->levels[nested->depth].is_dict = is_dict;
    nested->depth++;
}

mc_status mc_nested_put(mc_nested *nested, mc_rows *rows, const mc_cell *value, mc_error *err)
{
    mc_cell kept = *value;
    if (kept.kind == MC_CELL_STRING)
        MC_TRY(mc_rows_keep_text(rows, &kept, err));
    return mc_buffer_append(&nested->open, &kept, sizeof kept, err);
}

/* ------------------------------------------------------------------------- keys that recur ---- */

static mc_bytes key_of(const mc_rows *rows, const mc_cell *pair)
{
    return (mc_bytes){rows->text.data == NULL ? (const uint8_t *)"" /* all keys are empty */
                                              : rows->text.data + pair->as.integer,
                      pair->size};
}

/* The pair among the first `n` that has this key, or `n`. */
static size_t find_few(const mc_rows *rows, const mc_cell *pairs, size_t n, mc_bytes key)
{
    for (size_t i = 0; i < n; i++)
        if (mc_bytes_equal(key_of(rows, &pairs[2 * i]), key))
            return i;
    return n;
}

/* As find_few(), by a table of `n_slots` (a power of two) pair numbers + 1; adds the key as pair
 * `n`. Its address seeds the hash: nobody outside can choose keys that meet in one slot. */
static size_t find_many(const mc_rows *rows, const mc_cell *pairs, size_t n, mc_bytes key,
                        uint32_t *slots, size_t n_slots)
{
    size_t at = XXH3_64bits_withSeed(key.data, key.size, (uintptr_t)slots) & (n_slots - 1);
    for (; slots[at] != 0; at = (at + 1) & (n_slots - 1))
        if (mc_bytes_equal(key_of(rows, &pairs[2 * (size_t)(slots[at] - 1)]), key))
            return slots[at] - 1;
    slots[at] = (uint32_t)n + 1;
    return n;
}

static mc_status make_slots(mc_nested *nested, size_t n_pairs, size_t *out_n, mc_error *err)
{
    size_t n = 32;
    while (n < 2 * n_pairs)
        n *= 2;
    nested->slots.size = 0;
    MC_TRY(mc_buffer_reserve(&nested->slots, n * sizeof(uint32_t), err));
    memset(nested->slots.data, 0, n * sizeof(uint32_t));
    *out_n = n;
    return MC_OK;
}

/* Leaves one pair a key; *n_pairs is how many remain. */
static mc_status unite_keys(mc_nested *nested, const mc_rows *rows, mc_cell *pairs, size_t *n_pairs,
                            mc_error *err)
{
    const bool few = *n_pairs <= FEW_KEYS;
    size_t n_slots = 0, n = 0;
    if (!few)
        MC_TRY(make_slots(nested, *n_pairs, &n_slots, err));
    uint32_t *slots = (uint32_t *)(void *)nested->slots.data;
    for (size_t i = 0; i < *n_pairs; i++) {
        const mc_bytes key = key_of(rows, &pairs[2 * i]);
        const size_t found =
            few ? find_few(rows, pairs, n, key) : find_many(rows, pairs, n, key, slots, n_slots);
        if (found == n)
            pairs[2 * n++] = pairs[2 * i];
        pairs[2 * found + 1] = pairs[2 * i + 1];
    }
    *n_pairs = n;
    return MC_OK;
}

/* ------------------------------------------------------------------------------------ close ----
 */

mc_status mc_nested_close(mc_nested *nested, mc_rows *rows, bool *out_done, mc_error *err)
{
    MC_ASSERT(nested->depth > 0);
    nested->depth--;
    const size_t first = nested->levels[nested->depth].first;
    const bool is_dict = nested->levels[nested->depth].is_dict;
    mc_cell *cells = (mc_cell *)(void *)nested->open.data;
    if (first > 0) /* there may be no memory yet: NULL + 0 is undefined */
        cells += first;
    size_t n = n_open(nested) - first;
    if (is_dict) {
        n /= 2;
        MC_TRY(unite_keys(nested, rows, cells, &n, err));
    }
    if (n > UINT32_MAX)
        return mc_rows_fail(rows, err, "a list or an object of %zu values", n);
    const mc_cell made = {.kind = is_dict ? MC_CELL_DICT : MC_CELL_LIST,
                          .size = mc_u32_from_size(n),
                          .as.integer = (int64_t)(rows->items.size / sizeof made)};
    MC_TRY(mc_buffer_append(&rows->items, cells, n * (is_dict ? 2 : 1) * sizeof made, err));
    nested->open.size = first * sizeof made;
    *out_done = nested->depth == 0;
    if (!*out_done)
        return mc_buffer_append(&nested->open, &made, sizeof made, err);
    mc_rows_put_nested(rows, &made);
    return MC_OK;
}
