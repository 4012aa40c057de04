/* ranks.h: how many thresholds of its column a number lies above. */
#ifndef MC_KERNEL_RANKS_H
#define MC_KERNEL_RANKS_H
#include "base/base.h"

/* Thresholds of a column: ranks are exact in float32. */
#define MC_RANKS_MOST (1u << 24)

/* out (n_rows, d): the number of thresholds of column j that are below x[i, j]; NaN stays NaN. With
 * t_0 < t_1 < ... those of the column, x <= t_k if and only if the rank is at most k: what trees
 * ask of a float64 they can ask of this float32. x           (n_rows, d) float64 thresholds  of
 * column j from starts[j] to starts[j + 1], at most MC_RANKS_MOST, ascending; where they do not
 * ascend, the answer is a number of that range starts      (d + 1), ascending Exact. Thread-safe.
 * O(n_rows * sum of log2 of their numbers). */
void mc_ranks(const double *x, size_t n_rows, size_t d, const double *thresholds,
              const uint32_t *starts, float *out);
#endif
