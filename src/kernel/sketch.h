/* sketch.h: count sketches, and the convolution that multiplies them. */
#ifndef MC_KERNEL_SKETCH_H
#define MC_KERNEL_SKETCH_H
#include "base/base.h"

/* out (n_rows, n): out[at[j]] += sign[j] * x[j] for each of the d columns, in order. at below n. */
void mc_count_sketch(const double *x, size_t n_rows, size_t d, const uint32_t *at,
                     const double *sign, size_t n, double *out);

/* out (n_rows, n) = circular convolution of x and y (n_rows, n): out[(i + j) % n] is the sum of
 * x[i] * y[j]. `out` is neither of them. */
void mc_convolve(const double *x, const double *y, size_t n_rows, size_t n, double *out);
#endif
