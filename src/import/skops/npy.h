/* npy.h: an array in numpy's own format.
 *
 * Oracle   numpy/lib/format.py: versions 1.0, 2.0 and 3.0. Arrays of objects, which are pickles
 *          there, are refused; skops writes none. */
#ifndef MC_SKOPS_NPY_H
#define MC_SKOPS_NPY_H
#include "array/ndarray.h"

/* `out` borrows its data from `file`. */
MC_MUST_CHECK mc_status mc_npy_read(mc_bytes file, mc_arena *arena, mc_ndarray *out, mc_error *err);
#endif
