/* npy.h: an array in numpy's own format.
 *
 * Oracle   numpy/lib/format.py: versions 1.0, 2.0 and 3.0, written by Python 2 or 3. */
#ifndef MC_IMPORT_NPY_H
#define MC_IMPORT_NPY_H
#include "array/ndarray.h"
#include "base/reader.h"

/* Reads the header: dtype, shape and strides of `out`. The reader is left at the data, which for an
 * array of objects is a pickle of the array. */
MC_MUST_CHECK mc_status mc_npy_read_header(mc_reader *reader, mc_arena *arena, mc_ndarray *out,
                                           mc_error *err);

/* A whole file; `out` borrows its data from it. Objects are refused: skops writes none. */
MC_MUST_CHECK mc_status mc_npy_read(mc_bytes file, mc_arena *arena, mc_ndarray *out, mc_error *err);
#endif
