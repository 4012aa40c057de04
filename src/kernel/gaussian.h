/* gaussian.h: what Gaussian processes need beyond sums of pairs. */
#ifndef MC_KERNEL_GAUSSIAN_H
#define MC_KERNEL_GAUSSIAN_H
#include "base/base.h"

/* Modified Bessel function of the second kind, of real order nu from 0 to MC_BESSEL_MOST at x > 0;
 * infinity where it overflows and at 0, NaN for other orders. O(nu + 1). */
#define MC_BESSEL_MOST 1000.0
double mc_bessel_k(double nu, double x);

/* The Matern kernel of any nu at a squared distance; `factor` is 2^(1 - nu) / gamma(nu). */
double mc_matern(double square, double nu, double factor);
double mc_matern_factor(double nu);

/* out[i] = probability of the second class: the mean[i] of a latent value of variance var[i],
 * through a logistic function that is approximated by five error functions. */
void mc_laplace_proba(const double *mean, const double *var, size_t n, double *out);
#endif
