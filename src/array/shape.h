/* shape.h: shapes and strides, checked. For those who build arrays: ndarray.c and joblib's reader.
 */
#ifndef MC_ARRAY_SHAPE_H
#define MC_ARRAY_SHAPE_H
#include "array/ndarray.h"

/* Sets n_dims, shape, strides and n_items of an array whose dtype is set already. `shape` is a
 * tuple of ints (or one int); `offset` is for messages. Proves that n_items * item_size fits
 * ptrdiff_t. */
MC_MUST_CHECK mc_status mc_ndarray_set_shape(mc_ndarray *array, const mc_value *shape,
                                             bool is_fortran, uint64_t offset, mc_error *err);

/* Bytes of the data of an array with its shape set; kind O has none. */
size_t mc_ndarray_byte_size(const mc_ndarray *array);

/* Runs of items at one stride that together are all items in C order. */
typedef struct mc_run {
    const uint8_t *at;
    ptrdiff_t stride; /* bytes */
    size_t n;
} mc_run;

/* A cursor over the runs of an array of any kind but O. *Owned*; borrows the array. */
typedef struct mc_runs {
    const mc_ndarray *array;
    size_t n_outer; /* leading dimensions that are stepped through */
    size_t index[MC_LIMIT_DIMENSIONS];
    mc_run next;
    bool done;
} mc_runs;

void mc_runs_init(mc_runs *runs, const mc_ndarray *array);
bool mc_runs_next(mc_runs *runs, mc_run *out); /* false: that was all */
#endif
