/* numpy_order.c: sums, medians and quantiles as numpy rounds them.
 *
 * Oracle   numpy/lib/_function_base_impl.py (_lerp, _median), numpy 1.23 to 2.4; sums as special.c.
 * Exact    Bit for bit for contiguous float64.
 * Why so   Thresholds such as "mean" are compared with values that may equal them: one unit in the
 *          last place would select other columns. */
#include "kernel/numpy_order.h"

#include <math.h>
#include <stdlib.h>

#include "kernel/special.h"

double mc_numpy_sum(const double *x, size_t n)
{
    return 0.0 + mc_pairwise_sum(x, n); /* of zeros alone, +0 */
}

double mc_numpy_mean(const double *x, size_t n)
{
    return mc_numpy_sum(x, n) / (double)n;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y))
        return (isnan(x) != 0) - (isnan(y) != 0);
    return (x > y) - (x < y);
}

void mc_numpy_sort(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_value);
}

double mc_numpy_median(const double *sorted, size_t n)
{
    if (isnan(sorted[n - 1]))
        return (double)NAN;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0;
}

double mc_numpy_quantile(const double *sorted, size_t n, double q)
{
    const double at = (double)(n - 1) * q;
    if (isnan(sorted[n - 1]))
        return (double)NAN;
    if (!(at < (double)(n - 1)))
        return sorted[n - 1];
    if (at < 0.0)
        return sorted[0];
    const size_t below = (size_t)at;
    const double t = at - (double)below;
    const double a = sorted[below], b = sorted[below + 1];
    return t >= 0.5 ? b - (b - a) * (1.0 - t) : a + (b - a) * t;
}
