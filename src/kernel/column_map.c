/* column_map.c: power functions and quantiles.
 *
 * Oracle   PowerTransformer and QuantileTransformer, sklearn/preprocessing/_data.py,
 *          scikit-learn 1.2 to 1.9; scipy.special.boxcox, inv_boxcox; scipy.stats.yeojohnson
 *          (from 1.9 on); numpy.interp; scipy.stats.norm.
 * Exact    Powers: the same operations; pow, expm1 and log1p are the C library's, within 1 ulp
 *          each. Quantiles to uniform: bit for bit. To normal: ndtri and ndtr of
 *          kernel/special.c. */
#include "kernel/column_map.h"

#include <float.h>
#include <math.h>

#include "kernel/special.h"

#define BOUNDS_THRESHOLD 1e-7
#define LARGEST_LOG      709.78

/* ------------------------------------------------------------------------------- powers ---- */

static double yeo_johnson(double x, double lambda)
{
    if (x >= 0.0)
        return fabs(lambda) < DBL_EPSILON ? log1p(x) : (pow(x + 1.0, lambda) - 1.0) / lambda;
    return fabs(lambda - 2.0) > DBL_EPSILON ? -(pow(-x + 1.0, 2.0 - lambda) - 1.0) / (2.0 - lambda)
                                            : -log1p(-x);
}

static double yeo_johnson_logs(double x, double lambda)
{
    if (x >= 0.0)
        return fabs(lambda) < DBL_EPSILON ? log1p(x) : expm1(lambda * log1p(x)) / lambda;
    return fabs(lambda - 2.0) > DBL_EPSILON ? -expm1((2.0 - lambda) * log1p(-x)) / (2.0 - lambda)
                                            : -log1p(-x);
}

static double yeo_johnson_back(double x, double lambda)
{
    if (x >= 0.0)
        return fabs(lambda) < DBL_EPSILON ? exp(x) - 1.0
                                          : pow(x * lambda + 1.0, 1.0 / lambda) - 1.0;
    return fabs(lambda - 2.0) > DBL_EPSILON
               ? 1.0 - pow(-(2.0 - lambda) * x + 1.0, 1.0 / (2.0 - lambda))
               : 1.0 - exp(-x);
}

static double box_cox(double x, double lambda)
{
    const double log_x = log(x);
    if (fabs(lambda) < 1e-19)
        return log_x;
    if (lambda * log_x < LARGEST_LOG)
        return expm1(lambda * log_x) / lambda;
    return copysign(1.0, lambda) * exp(lambda * log_x - log(fabs(lambda))) - 1.0 / lambda;
}

static double box_cox_back(double x, double lambda)
{
    return lambda == 0.0 ? exp(x) : pow(x * lambda + 1.0, 1.0 / lambda);
}

static double box_cox_back_logs(double x, double lambda)
{
    if (lambda == 0.0)
        return exp(x);
    if (lambda * x < 1.79e308)
        return exp(log1p(lambda * x) / lambda);
    return exp((log(copysign(1.0, lambda) * (x + 1.0 / lambda)) + log(fabs(lambda))) / lambda);
}

double mc_power_of(mc_power which, double x, double lambda)
{
    static double (*const FUNCTIONS[MC_N_POWERS])(double, double) = {
        yeo_johnson, yeo_johnson_logs, yeo_johnson_back, box_cox, box_cox_back, box_cox_back_logs};
    return FUNCTIONS[which](x, lambda);
}

/* ---------------------------------------------------------------------------- quantiles ---- */

#define NEAR 8u /* numpy's LIKELY_IN_CACHE_SIZE */

/* Where numpy looks for x, of `n` > 4 points: it first tries about the second one. In `*low` and
 * `*high` the range that is left, which is empty where a try hits. */
static void first_tries(double x, const double *xs, size_t n, size_t *low, size_t *high)
{
    if (x < xs[1]) {
        *low = *high = x < xs[0] ? 0 : 1;
    } else if (x < xs[2]) {
        *low = *high = 2;
    } else if (x < xs[3]) {
        *low = *high = 3;
    } else {
        *low = 3;
        *high = 1 + NEAR < n && x < xs[1 + NEAR] ? 1 + NEAR : n;
    }
}

/* The last point that is not above x, which lies within. Where xs descend by rounding several
 * points are: the answer is numpy's for an x that is asked first. */
static size_t point_below(double x, const double *xs, size_t n)
{
    size_t low = 1, high = n;
    if (n <= 4) {
        while (low < n && x >= xs[low])
            low++;
        return low - 1;
    }
    first_tries(x, xs, n, &low, &high);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (x >= xs[middle])
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? 0 : low - 1;
}

double mc_interpolate(double x, const double *xs, const double *ys, size_t n)
{
    if (n == 1 || x < xs[0])
        return ys[0];
    if (x > xs[n - 1])
        return ys[n - 1];
    const size_t at = point_below(x, xs, n);
    if (at == n - 1 || xs[at] == x)
        return ys[at];
    const double slope = (ys[at + 1] - ys[at]) / (xs[at + 1] - xs[at]);
    double y = slope * (x - xs[at]) + ys[at];
    if (isnan(y)) {
        y = slope * (x - xs[at + 1]) + ys[at + 1];
        if (isnan(y) && ys[at] == ys[at + 1])
            y = ys[at];
    }
    return y;
}

/* The quantile of a normal distribution, within what its inverse can tell apart. */
static double normal_quantile(double p)
{
    const double smallest = BOUNDS_THRESHOLD - DBL_EPSILON;
    const double low = mc_ndtri(smallest), high = mc_ndtri(1.0 - smallest), x = mc_ndtri(p);
    return x < low ? low : x > high ? high : x;
}

/* A uniform share, within the same bounds. */
static double bounded_share(double p)
{
    const double smallest = BOUNDS_THRESHOLD - DBL_EPSILON;
    return p < smallest ? smallest : p > 1.0 - smallest ? 1.0 - smallest : p;
}

double mc_quantile_of(const mc_quantiles *c, double x)
{
    const double first = c->quantiles[0], last = c->quantiles[c->n - 1];
    const bool is_exact = c->kind == MC_QUANTILE_UNIFORM;
    if (isnan(x))
        return x;
    double y = 0.5 * (mc_interpolate(x, c->quantiles, c->references, c->n) -
                      mc_interpolate(-x, c->minus_quantiles, c->minus_references, c->n));
    if (is_exact ? x == last : x + BOUNDS_THRESHOLD > last)
        y = 1.0;
    if (is_exact ? x == first : x - BOUNDS_THRESHOLD < first)
        y = 0.0;
    return is_exact ? y : c->kind == MC_QUANTILE_NORMAL ? normal_quantile(y) : bounded_share(y);
}

double mc_quantile_back(const mc_quantiles *c, double x)
{
    const double p = c->kind == MC_QUANTILE_NORMAL ? mc_ndtr(x) : x;
    const bool is_exact = c->kind == MC_QUANTILE_UNIFORM;
    if (isnan(p))
        return p;
    if (is_exact ? p == 0.0 : p - BOUNDS_THRESHOLD < 0.0)
        return c->quantiles[0];
    if (is_exact ? p == 1.0 : p + BOUNDS_THRESHOLD > 1.0)
        return c->quantiles[c->n - 1];
    return mc_interpolate(p, c->references, c->quantiles, c->n);
}
