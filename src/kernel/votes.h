/* votes.h: many estimators, one answer. Shapes as (rows, columns), C order. */
#ifndef MC_KERNEL_VOTES_H
#define MC_KERNEL_VOTES_H
#include "base/base.h"

/* The weighted median of x (n): of the values in ascending order the first at which the sum of the
 * weights (n) reaches half of their whole sum. Equal values keep their order, NaN is last. n >= 1.
 * `order` (n) is working space. */
double mc_weighted_median(const double *x, size_t n, const double *weights, double *order);
#endif
