/* frame.h: Series, DataFrame and Index of pandas, rebuilt from a graph.
 *
 * Oracle   pandas/core/internals/managers.py, pandas/_libs/internals.pyx (__reduce__, __getstate__,
 *          _unpickle_block), pandas/core/indexes/base.py (_new_Index), pandas 1.0 to 2.3.
 * Exact    Labels and numbers as they were; what holds no numbers is refused.
 *
 * Everything lives in the load arena that is given. Immutable. */
#ifndef MC_ARRAY_FRAME_H
#define MC_ARRAY_FRAME_H
#include "array/ndarray.h"

typedef struct mc_frame {
    const mc_cell *rows;    /* (n_rows) labels */
    const mc_cell *columns; /* (n_cols) labels; of a Series NULL */
    const double *values;   /* (n_rows, n_cols), C order */
    size_t n_rows, n_cols;
    bool is_whole; /* all of integers */
} mc_frame;

/* A Series, as one column, or a DataFrame. MC_E_UNSUPPORTED if it is neither, or of extension
 * types; MC_E_MALFORMED if its parts do not fit. */
MC_MUST_CHECK mc_status mc_frame_from_value(mc_arena *arena, const mc_value *value, mc_frame *out,
                                            mc_error *err);
#endif
