/* special.h: functions of scipy.special on one number, and sums in numpy's order. No state, no
 * failure: outside its domain a function gives NaN. */
#ifndef MC_KERNEL_SPECIAL_H
#define MC_KERNEL_SPECIAL_H
#include "base/base.h"

/* d/dx log gamma(x). x > 0; 0 gives -infinity, below 0 NaN. */
double mc_digamma(double x);

/* scipy.special.psi, which goes on below 0: NaN at whole numbers there, -infinity at 0. */
double mc_psi(double x);
/* scipy.special.gammaln: log |gamma(x)|. */
double mc_gammaln(double x);

/* numpy.i0: the modified Bessel function of order 0; infinite where exp(x) is, NaN at infinity. */
double mc_i0(double x);
/* scipy.special.boxcox(x, power), scipy.stats.yeojohnson(x, power). */
double mc_box_cox(double x, double power);
double mc_yeo_johnson(double x, double power);
/* numpy.logaddexp. */
double mc_log_add(double x, double y);

double mc_erf(double x);
/* 1 - erf(x), without the cancellation. */
double mc_erfc(double x);

/* Distribution function of the normal distribution, and its inverse: scipy.stats.norm.cdf, ppf. */
double mc_ndtr(double x);
double mc_ndtri(double p);

/* Sum of x (n) as numpy adds what lies side by side. */
double mc_pairwise_sum(const double *x, size_t n);

/* Writes terms `at` to at + n; n is at most 128. */
typedef void mc_terms_fn(const void *context, size_t at, size_t n, double *out);
/* Sum of n terms in the same order; each is asked for once, from the first to the last. */
double mc_pairwise_sum_of(mc_terms_fn *terms, const void *context, size_t n);

/* log(sum of exp(x)), x (n). n >= 1. */
double mc_log_sum_exp(const double *x, size_t n);

typedef enum mc_log_share_form {
    MC_LOG_SHARE_PLAIN,   /* x - logsumexp(x) */
    MC_LOG_SHARE_SHIFTED, /* s - log(sum of exp(s)), s = x - max x */
    MC_N_LOG_SHARES
} mc_log_share_form;
/* out (n) = log(exp(x) / sum of exp(x)). n >= 1. */
void mc_log_share(const double *x, size_t n, mc_log_share_form form, double *out);
#endif
