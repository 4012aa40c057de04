/* votes.c: many estimators, one answer.
 *
 * Oracle   AdaBoostRegressor's _get_median_predict(), sklearn/ensemble/_weight_boosting.py,
 *          scikit-learn 1.2 to 1.9.
 * Exact    One of the values, the one that scikit-learn takes: its sums of weights in ascending
 *          order of the values. Among equal values numpy's sort keeps no order from 17 on, which
 *          can only matter where half of the weights is reached to the last bit. */
#include "kernel/votes.h"

#include <math.h>
#include <string.h>

/* Is value a of the row before value b? NaN is behind all numbers. */
static bool is_before(const double *x, size_t a, size_t b)
{
    if (x[a] < x[b] || (!isnan(x[a]) && isnan(x[b])))
        return true;
    if (x[a] > x[b] || (isnan(x[a]) && !isnan(x[b])))
        return false;
    return a < b;
}

/* Shell's sort: no second array, no recursion; the place decides between equals. Places are held as
 * doubles, because so is the space that a step has for them. */
static void sort_row(const double *x, size_t n, double *order)
{
    size_t gap = 1;
    for (size_t i = 0; i < n; i++)
        order[i] = (double)i;
    while (gap < n / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < n; i++) {
            const double moved = order[i];
            size_t at = i;
            for (; at >= gap && is_before(x, (size_t)moved, (size_t)order[at - gap]); at -= gap)
                order[at] = order[at - gap];
            order[at] = moved;
        }
    }
}

double mc_weighted_median(const double *x, size_t n, const double *weights, double *order)
{
    double whole = 0.0;
    sort_row(x, n, order);
    for (size_t i = 0; i < n; i++)
        whole += weights[(size_t)order[i]];
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += weights[(size_t)order[i]];
        if (sum >= 0.5 * whole)
            return x[(size_t)order[i]];
    }
    return x[(size_t)order[0]]; /* NaN among the weights: argmax of no truth is the first */
}
