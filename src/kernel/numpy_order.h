/* numpy_order.h: sums, medians and quantiles in the order of operations of numpy, for values that
 * are compared with a threshold when a model is read. */
#ifndef MC_KERNEL_NUMPY_ORDER_H
#define MC_KERNEL_NUMPY_ORDER_H
#include "base/base.h"

/* numpy.add.reduce over `n` contiguous doubles: 0.0 if n is 0. */
double mc_numpy_sum(const double *x, size_t n);
/* numpy.mean: the sum over n; NaN if n is 0. */
double mc_numpy_mean(const double *x, size_t n);
/* numpy.median and numpy.quantile(method="linear") of `n` > 0 ascending values. */
double mc_numpy_median(const double *sorted, size_t n);
double mc_numpy_quantile(const double *sorted, size_t n, double q);
/* numpy.sort: ascending, NaN last. */
void mc_numpy_sort(double *x, size_t n);
#endif
