/* node_arrays.h: loaders of arrays, dtypes, sparse matrices and bytes of a skops file. */
#ifndef MC_SKOPS_NODE_ARRAYS_H
#define MC_SKOPS_NODE_ARRAYS_H
#include "import/skops/maker.h"

mc_skops_fill mc_skops_fill_array;
mc_skops_fill mc_skops_fill_dtype;
mc_skops_fill mc_skops_fill_sparse;
mc_skops_fill mc_skops_fill_bytes;
mc_skops_fill mc_skops_fill_masked;
#endif
