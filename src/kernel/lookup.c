/* lookup.c: sums of table rows, lines between points.
 *
 * Oracle   CategoricalNB._joint_log_likelihood (sklearn/naive_bayes.py);
 *          IsotonicRegression._transform (sklearn/isotonic.py), that is scipy's interp1d, which is
 *          numpy.interp for float64 and has lines of its own for float32.
 * Exact    Bit for bit.
 * Cost     O(d k) a row; O(log n) a value. */
#include "kernel/lookup.h"

#include <math.h>
#include <string.h>

size_t mc_category_sum(const double *x, size_t n_rows, const mc_category_values *by, double *out)
{
    const size_t k = by->k;
    memset(out, 0, n_rows * k * sizeof *out);
    for (size_t i = 0; i < n_rows * by->d; i++) {
        const size_t f = i % by->d;
        const double category = trunc(x[i]);
        if (!(category >= 0.0 && category < (double)(by->start[f + 1] - by->start[f])))
            return i;
        const double *values = by->values + (by->start[f] + (size_t)category) * k;
        double *sum = out + i / by->d * k;
        for (size_t j = 0; j < k; j++)
            sum[j] += values[j];
    }
    return n_rows * by->d;
}

/* How many of the points lie below `value`, or up to it. */
static size_t count_below(const mc_curve *curve, double value, bool or_equal)
{
    size_t low = 0, high = curve->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (curve->x[middle] < value || (or_equal && curve->x[middle] == value))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The point to the left counts where it is hit. */
static double on_line(const mc_curve *curve, double at)
{
    const double *x = curve->x, *y = curve->y;
    const size_t left = count_below(curve, at, true) - 1;
    if (left + 1 == curve->n || x[left] == at)
        return y[left];
    return (y[left + 1] - y[left]) / (x[left + 1] - x[left]) * (at - x[left]) + y[left];
}

/* A point that is hit ends the line from its left neighbour, except the first. */
static double on_line_in_float32(const mc_curve *curve, float at)
{
    size_t right = count_below(curve, (double)at, false);
    right = right < 1 ? 1 : right;
    const float x0 = (float)curve->x[right - 1], x1 = (float)curve->x[right];
    const float y0 = (float)curve->y[right - 1], y1 = (float)curve->y[right];
    const float slope = (y1 - y0) / (x1 - x0);
    const float rise = slope * (at - x0);
    return (double)(rise + y0);
}

void mc_curve_at(const mc_curve *curve, const double *at, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        if (curve->n == 1)
            out[i] = curve->y[0];
        else if (!(at[i] >= curve->x[0] && at[i] <= curve->x[curve->n - 1]))
            out[i] = (double)NAN;
        else
            out[i] =
                curve->in_float32 ? on_line_in_float32(curve, (float)at[i]) : on_line(curve, at[i]);
    }
}
