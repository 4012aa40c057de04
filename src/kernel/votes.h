/* votes.h: many estimators, one answer. Shapes as (rows, columns), C order. */
#ifndef MC_KERNEL_VOTES_H
#define MC_KERNEL_VOTES_H
#include "base/base.h"

/* One-versus-one: `labels` and `scores` are (n_rows, k (k - 1) / 2), a column a pair (0, 1), (0, 2)
 * ... in order; label 0 votes for the first of the pair, label 1 for the second, any other for
 * neither; positive scores are for the second. out (n_rows, k) = votes + s / (3 (|s| + 1)) with s
 * the sum of the scores for a class. */
void mc_pair_tally(const double *labels, const double *scores, size_t n_rows, size_t k,
                   double *out);

/* The weighted median of x (n): of the values in ascending order the first at which the sum of the
 * weights (n) reaches half of their whole sum. Equal values keep their order, NaN is last. n >= 1.
 * `order` (n) is working space. */
double mc_weighted_median(const double *x, size_t n, const double *weights, double *order);
#endif
