/* spline.h: the B-splines of a basis at one point. No state, no failure. */
#ifndef MC_KERNEL_SPLINE_H
#define MC_KERNEL_SPLINE_H
#include "base/base.h"

#define MC_SPLINE_MAX_DEGREE 40u /* scratch on the stack */

/* A basis: `knots` (n_knots) ascending, degree <= MC_SPLINE_MAX_DEGREE, n_knots >= 2 degree + 2.
 * It has n_knots - degree - 1 splines, written to n_columns: those beyond are added from the first
 * column on again (periodic bases). n_columns >= 1. */
typedef struct mc_spline {
    const double *knots;
    size_t n_knots, degree, n_columns;
} mc_spline;

/* out (n_columns) = value of each spline at x, or its derivative. Outside of the base interval NaN,
 * or with `extrapolate` the nearest polynomials continued. NaN gives NaN. */
void mc_spline_values(const mc_spline *spline, double x, bool extrapolate, bool derivative,
                      double *out);

/* x moved by whole periods into [knots[degree], knots[n_knots - degree - 1]): numpy's remainder. */
double mc_spline_wrap(const mc_spline *spline, double x);
#endif
