/* density.h: how far a row lies from each of several normal distributions. Shapes as (rows,
 * columns), C order; sums in an order fixed by the shapes. */
#ifndef MC_KERNEL_DENSITY_H
#define MC_KERNEL_DENSITY_H
#include "base/base.h"

/* Projections, group by group: group g has the columns start[g] to start[g + 1] of its own matrix
 * (d, start[g + 1] - start[g]), which stands in `w` from d * start[g] on. All borrowed. */
typedef struct mc_projections {
    const double *w;       /* (d * start[n_groups]) */
    const double *means;   /* (n_groups, d), subtracted from the row first, or NULL */
    const double *offsets; /* (start[n_groups]), subtracted from the projection, or NULL */
    const uint32_t *start; /* (n_groups + 1), ascending from 0 */
    size_t d, n_groups;
} mc_projections;
/* out (n_rows, n_groups) = sum of squares of ((x - mean) @ w - offset) over the group's columns. */
void mc_projected_squares(const double *x, size_t n_rows, const mc_projections *by, double *out);

/* out (n_rows, k) = constant[j] - 0.5 * sum of (x - mean[j])**2 / variance[j]; x (n_rows, d),
 * mean and variance (k, d). */
typedef struct mc_diagonal_gaussians {
    const double *mean, *variance, *constant; /* borrowed */
    size_t d, k;
} mc_diagonal_gaussians;
void mc_diagonal_log(const double *x, size_t n_rows, const mc_diagonal_gaussians *by, double *out);

/* out (n_rows) = x @ by @ x.T; x (n_rows, d), by (d, d). Below 0 it is NaN, as the square of a
 * root is. */
void mc_quadratic(const double *x, size_t n_rows, size_t d, const double *by, double *out);
#endif
