/* numpy_order.c: sums, medians and quantiles as numpy rounds them.
 *
 * Oracle   numpy/_core/src/umath/loops_utils.h.src (pairwise sum), numpy/lib/_function_base_impl.py
 *          (_lerp, _median), numpy 1.23 to 2.4.
 * Exact    Bit for bit for contiguous float64.
 * Why so   Thresholds such as "mean" are compared with values that may equal them: one unit in the
 *          last place would select other columns.
 *
 * HOW IT WORKS  numpy adds fewer than 8 values in order, up to 128 in eight interleaved sums, and
 *               splits what is longer in two, the first half a multiple of 8. The depth of the
 *               recursion is the logarithm of the length. */
#include "kernel/numpy_order.h"

#include <math.h>
#include <stdlib.h>

#define LANES 8u
#define BLOCK 128u

static double sum_in_lanes(const double *x, size_t n)
{
    double r[LANES];
    size_t i = LANES;
    for (size_t k = 0; k < LANES; k++)
        r[k] = x[k];
    for (; i < n - n % LANES; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            r[k] += x[i + k];
    double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

static double sum_short(const double *x, size_t n)
{
    if (n >= LANES)
        return sum_in_lanes(x, n);
    double sum = -0.0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* Halves at most 64 times. NOLINTNEXTLINE(misc-no-recursion) */
static double pairwise(const double *x, size_t n)
{
    if (n <= BLOCK)
        return sum_short(x, n);
    size_t half = n / 2;
    half -= half % LANES;
    return pairwise(x, half) + pairwise(x + half, n - half);
}

double mc_numpy_sum(const double *x, size_t n)
{
    return 0.0 + pairwise(x, n);
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
