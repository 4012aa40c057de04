/* special.h: functions of scipy.special on one number, and sums in numpy's order. No state, no
 * failure: outside its domain a function gives NaN. */
#ifndef MC_KERNEL_SPECIAL_H
#define MC_KERNEL_SPECIAL_H
#include "base/base.h"

/* d/dx log gamma(x). x > 0; 0 gives -infinity, below 0 NaN. */
double mc_digamma(double x);

double mc_erf(double x);
/* 1 - erf(x), without the cancellation. */
double mc_erfc(double x);

/* Distribution function of the normal distribution, and its inverse: scipy.stats.norm.cdf, ppf. */
double mc_ndtr(double x);
double mc_ndtri(double p);

/* Sum of x (n) as numpy adds what lies side by side. */
double mc_pairwise_sum(const double *x, size_t n);

/* log(sum of exp(x)), x (n). n >= 1. */
double mc_log_sum_exp(const double *x, size_t n);
#endif
