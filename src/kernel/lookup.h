/* lookup.h: answers that stand in a table: categories, and points of a curve. */
#ifndef MC_KERNEL_LOOKUP_H
#define MC_KERNEL_LOOKUP_H
#include "base/base.h"

/* Values of k classes for each category of each of d features: those of category c of feature f
 * stand in row start[f] + c of `values`. Borrowed. */
typedef struct mc_category_values {
    const double *values;  /* (start[d], k) */
    const uint32_t *start; /* (d + 1), ascending from 0 */
    size_t d, k;
} mc_category_values;
/* out (n_rows, k) = sum over the features, in their order, of the values of category x, which is
 * cut to an integer. Returns the index in x (n_rows, d) of the first that is no category, or
 * n_rows * d; `out` is unspecified then. */
size_t mc_category_sum(const double *x, size_t n_rows, const mc_category_values *by, double *out);

/* Points (x[i], y[i]) with ascending x; n >= 1. Borrowed. */
typedef struct mc_curve {
    const double *x, *y;
    size_t n;
    bool in_float32; /* x and y are float32, and so are the steps in between */
} mc_curve;
/* out[i] = y on the line between the neighbours of at[i]; NaN outside the points. One point is a
 * constant everywhere. */
void mc_curve_at(const mc_curve *curve, const double *at, size_t n, double *out);
#endif
