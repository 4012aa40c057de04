/* frame.c: blocks of equal types side by side -> one matrix of numbers with its labels. */
#include "array/frame.h"

#include "base/size.h"

/* ---------------------------------------------------------------------------------- labels ---- */

/* RangeIndex: start, stop, step. */
static mc_status range_labels(mc_arena *arena, const mc_value *parts, mc_cell **out, size_t *out_n,
                              mc_error *err)
{
    int64_t at = 0, stop = 0, step = 1;
    MC_TRY(mc_integer_from_value(mc_dict_get(parts, "start"), &at, err));
    MC_TRY(mc_integer_from_value(mc_dict_get(parts, "stop"), &stop, err));
    MC_TRY(mc_integer_from_value(mc_dict_get(parts, "step"), &step, err));
    if (step != 1 || at < 0 || stop < at || stop > INT32_MAX)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "a RangeIndex (%lld, %lld, %lld)",
                       (long long)at, (long long)stop, (long long)step);
    const size_t n = (size_t)(stop - at);
    MC_TRY(mc_arena_new(arena, mc_cell, n, out, err));
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = at + (int64_t)i};
    *out_n = n;
    return MC_OK;
}

/* _new_Index(class, {"data": array} or the parts of a range). */
static mc_status index_labels(mc_arena *arena, const mc_value *index, mc_cell **out, size_t *out_n,
                              mc_error *err)
{
    char type[160];
    mc_ndarray array;
    const mc_value *arguments =
        mc_value_is(index, MC_KIND_OBJECT) ? index->as.object->arguments : NULL;
    if (!mc_value_is(arguments, MC_KIND_TUPLE) || arguments->as.items.n != 2 ||
        !mc_value_is(arguments->as.items.at[1], MC_KIND_DICT))
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "expected a pandas.Index, found %s",
                       mc_value_type_name(index, type, sizeof type));
    const mc_value *parts = arguments->as.items.at[1], *data = mc_dict_get(parts, "data");
    if (data == NULL)
        return range_labels(arena, parts, out, out_n, err);
    MC_TRY(mc_ndarray_from_value(arena, data, &array, err));
    if (array.n_dims != 1)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "an index of %zu dimensions",
                       array.n_dims);
    *out_n = array.n_items;
    return mc_ndarray_cells(arena, &array, out, err);
}

/* ---------------------------------------------------------------------------------- blocks ---- */

/* The values of a block and the columns that they are. */
typedef struct block {
    const mc_value *values, *places;
} block;

/* What a manager is made of, however it was pickled. */
typedef struct manager {
    const mc_value *const *axes; /* (n_axes): of a frame columns and rows, of a Series rows */
    size_t n_axes;
    mc_value *const *blocks; /* (n_blocks) */
    size_t n_blocks;
} manager;

static bool is_sequence(const mc_value *value)
{
    return mc_value_is(value, MC_KIND_LIST) || mc_value_is(value, MC_KIND_TUPLE);
}

/* Manager(blocks, axes); of a Series Manager(block, axis). */
static bool from_arguments(const mc_value *arguments, manager *out)
{
    if (!mc_value_is(arguments, MC_KIND_TUPLE) || arguments->as.items.n != 2)
        return false;
    mc_value *const *item = arguments->as.items.at;
    if (is_sequence(item[0]) && is_sequence(item[1])) {
        *out = (manager){(const mc_value *const *)item[1]->as.items.at, item[1]->as.items.n,
                         item[0]->as.items.at, item[0]->as.items.n};
        return true;
    }
    *out = (manager){(const mc_value *const *)&item[1], 1, &item[0], 1};
    return true;
}

/* The state (axes, values, items, {"0.14.1": {"axes": ..., "blocks": ...}}). */
static bool from_state(const mc_value *state, manager *out)
{
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n != 4)
        return false;
    const mc_value *parts = mc_dict_get(state->as.items.at[3], "0.14.1");
    const mc_value *axes = mc_dict_get(parts, "axes"), *blocks = mc_dict_get(parts, "blocks");
    if (!is_sequence(axes) || !is_sequence(blocks))
        return false;
    *out = (manager){(const mc_value *const *)axes->as.items.at, axes->as.items.n,
                     blocks->as.items.at, blocks->as.items.n};
    return true;
}

static mc_status read_manager(const mc_value *value, manager *out, mc_error *err)
{
    char type[160];
    const mc_value *held = mc_value_attr(value, "_mgr");
    if (held == NULL)
        held = mc_value_attr(value, "_data"); /* before 1.1 */
    if (!mc_value_is(held, MC_KIND_OBJECT)) {
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "expected a pandas.Series or DataFrame, found %s",
                       mc_value_type_name(value, type, sizeof type));
    }
    const mc_object *object = held->as.object;
    if (!from_state(object->state, out) && !from_arguments(object->arguments, out))
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "the blocks of %s",
                       mc_value_type_name(held, type, sizeof type));
    return MC_OK;
}

/* _unpickle_block(values, places, n_dims), or a dict. */
static mc_status read_block(const mc_value *value, block *out, mc_error *err)
{
    const mc_value *arguments =
        mc_value_is(value, MC_KIND_OBJECT) ? value->as.object->arguments : NULL;
    if (mc_value_is(value, MC_KIND_DICT))
        *out = (block){mc_dict_get(value, "values"), mc_dict_get(value, "mgr_locs")};
    else if (mc_value_is(arguments, MC_KIND_TUPLE) && arguments->as.items.n >= 2)
        *out = (block){arguments->as.items.at[0], arguments->as.items.at[1]};
    else
        *out = (block){NULL, NULL};
    return out->values != NULL && out->places != NULL
               ? MC_OK
               : mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "a block without values or places");
}

/* The columns of a block of n: a slice or an array. */
static mc_status read_places(mc_arena *arena, const mc_value *places, size_t n, size_t n_cols,
                             size_t **out, mc_error *err)
{
    mc_ndarray array;
    int64_t *items = NULL, first = 0, step = 1;
    const bool is_slice = mc_value_is_a(places, "builtins", "slice");
    if (is_slice) {
        const mc_value *parts = places->as.object->arguments;
        if (!mc_value_is(parts, MC_KIND_TUPLE) || parts->as.items.n != 3)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "a slice of no three numbers");
        MC_TRY(mc_integer_from_value(parts->as.items.at[0], &first, err));
        if (!mc_value_is_none(parts->as.items.at[2]))
            MC_TRY(mc_integer_from_value(parts->as.items.at[2], &step, err));
    } else {
        MC_TRY(mc_ndarray_from_value(arena, places, &array, err));
        MC_TRY(mc_ndarray_i64(arena, &array, &items, err));
        if (array.n_items != n)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "%zu places of %zu columns",
                           array.n_items, n);
    }
    if (first < 0 || first > INT32_MAX || step < -INT32_MAX || step > INT32_MAX)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "a slice out of range");
    MC_TRY(mc_arena_new(arena, size_t, n, out, err));
    for (size_t i = 0; i < n; i++) {
        const int64_t at = is_slice ? first + (int64_t)i * step : items[i];
        if (at < 0 || (uint64_t)at >= n_cols || n > n_cols)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "column %lld of %zu", (long long)at,
                           n_cols);
        (*out)[i] = (size_t)at;
    }
    return MC_OK;
}

/* The values of a block: (n, n_rows), or (n_rows). `n` columns are added to *n_cols. */
static mc_status block_array(mc_arena *arena, const block *b, const mc_frame *frame,
                             mc_ndarray *out, size_t *n_cols, mc_error *err)
{
    MC_TRY(mc_ndarray_from_value(arena, b->values, out, err));
    const bool is_flat = out->n_dims == 1;
    const size_t n = is_flat ? 1 : out->shape[0];
    if (out->n_dims < 1 || out->n_dims > 2 || out->shape[is_flat ? 0 : 1] != frame->n_rows ||
        n > frame->n_cols)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "a block of %zu items for %zu rows",
                       out->n_items, frame->n_rows);
    *n_cols += n;
    return MC_OK;
}

/* Rows of a block are columns of the frame; `taken` (n_cols) are those of blocks before it. */
static mc_status add_block(mc_arena *arena, const block *b, mc_frame *frame, bool *taken,
                           double *to, mc_error *err)
{
    mc_ndarray array;
    double *numbers = NULL;
    size_t *places = NULL, n = 0;
    MC_TRY(block_array(arena, b, frame, &array, &n, err));
    MC_TRY(mc_ndarray_f64(arena, &array, &numbers, err));
    MC_TRY(read_places(arena, b->places, n, frame->n_cols, &places, err));
    frame->is_whole = frame->is_whole && (array.dtype.kind == 'i' || array.dtype.kind == 'u');
    for (size_t j = 0; j < n; j++) {
        if (taken[places[j]])
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "column %zu is there twice",
                           places[j]);
        taken[places[j]] = true;
        for (size_t i = 0; i < frame->n_rows; i++)
            to[i * frame->n_cols + places[j]] = numbers[j * frame->n_rows + i];
    }
    return MC_OK;
}

/* Memory is taken only when the blocks are shown to have a column each for it. */
static mc_status read_blocks(mc_arena *arena, const manager *m, mc_frame *frame, mc_error *err)
{
    block *blocks = NULL;
    mc_ndarray array;
    double *values = NULL;
    bool *taken = NULL;
    size_t n_cols = 0, n_items = 0;
    MC_TRY(mc_arena_new(arena, block, m->n_blocks, &blocks, err));
    for (size_t i = 0; i < m->n_blocks; i++) {
        MC_TRY(read_block(m->blocks[i], &blocks[i], err));
        MC_TRY_IN(block_array(arena, &blocks[i], frame, &array, &n_cols, err), err, "block %zu", i);
    }
    if (n_cols != frame->n_cols || !mc_mul_size(frame->n_rows, n_cols, &n_items))
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "blocks of %zu columns, not %zu", n_cols,
                       frame->n_cols);
    MC_TRY(mc_arena_new(arena, double, n_items, &values, err));
    MC_TRY(mc_arena_new(arena, bool, n_cols, &taken, err));
    for (size_t i = 0; i < m->n_blocks; i++)
        MC_TRY_IN(add_block(arena, &blocks[i], frame, taken, values, err), err, "block %zu", i);
    frame->values = values;
    return MC_OK;
}

mc_status mc_frame_from_value(mc_arena *arena, const mc_value *value, mc_frame *out, mc_error *err)
{
    manager m = {0};
    mc_cell *rows = NULL, *columns = NULL;
    mc_frame frame = {.n_cols = 1, .is_whole = true};
    MC_TRY(read_manager(value, &m, err));
    if (m.n_axes < 1 || m.n_axes > 2)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "pandas: %zu axes", m.n_axes);
    MC_TRY_IN(index_labels(arena, m.axes[m.n_axes - 1], &rows, &frame.n_rows, err), err, "index");
    if (m.n_axes == 2)
        MC_TRY_IN(index_labels(arena, m.axes[0], &columns, &frame.n_cols, err), err, "columns");
    frame.rows = rows;
    frame.columns = columns;
    MC_TRY(read_blocks(arena, &m, &frame, err));
    *out = frame;
    return MC_OK;
}
