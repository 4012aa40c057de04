/* fused.h: sums of products of rows, each product fused into its sum: what narrow matrices are
 * computed with (narrow.h), which owe nothing to the order of scikit-learn's sums. */
#ifndef MC_KERNEL_FUSED_H
#define MC_KERNEL_FUSED_H
#include "base/base.h"

#define MC_FUSED_SIDE  ((size_t)4)  /* rows of a square of sums */
#define MC_FUSED_LANES ((size_t)16) /* as MC_PAIR_LANES */

/* One set of instructions. All of them give the same bits. */
typedef struct mc_fused {
    /* sums[4 * r + c] = x[r] . y[c] over d columns, for n = 1 or 4 rows of x and four of y. */
    void (*dots)(const double *const *x, size_t n, const double *const *y, size_t d, double *sums);
    /* sums[r] = x[r] . x[r] of four rows. */
    void (*squares)(const double *const *x, size_t d, double *sums);
    /* out (n, MC_FUSED_LANES) = sums over the d lines of block (d, MC_FUSED_LANES) of
     * x[i * d + line] * item, or of (x[i * d + line] - item)^2; line by line. */
    void (*lane_dots)(const double *x, size_t n, size_t d, const double *block, double *out);
    void (*lane_squares)(const double *x, size_t n, size_t d, const double *block, double *out);
} mc_fused;

/* The best that this processor has. */
const mc_fused *mc_fused_here(void);
/* Are these registers of 512 bits? */
bool mc_fused_is_wide(void);
/* All that it has, for tests: NULL from some `i` on; 0 is plain C. */
const mc_fused *mc_fused_at(size_t i);

/* out[i * stride + j] = x (n_rows, d) row i . w (k, d) row j + b[j]. A sum's bits depend on d and
 * its two rows alone, and are those of w . x. */
void mc_fused_linear(const double *x, size_t n_rows, size_t d, const double *w, const double *b,
                     size_t k, size_t stride, double *out);
/* out (n) = the same sum of each row of x (n, d) with itself. */
void mc_fused_norms(const double *x, size_t n, size_t d, double *out);
#endif
