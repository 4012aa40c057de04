/* linear.h: rows against weights, and what is done with scores. Shapes as (rows, columns), C order.
 */
#ifndef MC_KERNEL_LINEAR_H
#define MC_KERNEL_LINEAR_H
#include "kernel/narrow.h"

/* out (n_rows, k) = x (n_rows, d) @ w (k, d).T + b (k). A row with few values that are not 0 costs
 * only these; weights are taken to be finite there. */
void mc_linear(const double *x, size_t n_rows, size_t d, const double *w, const double *b, size_t k,
               double *out);

/* The same for narrow weights (k, d), with the sums of fused.h. scratch (mc_narrow_tile(d), d). */
void mc_linear_narrow(const double *x, size_t n_rows, const mc_narrow *w, const double *b, size_t k,
                      double *scratch, double *out);

/* Weights of which most are 0: row j has values[indptr[j] .. indptr[j + 1]) at these columns,
 * ascending. Borrowed. */
typedef struct mc_sparse_weights {
    const uint32_t *indptr, *columns; /* (k + 1), (n) */
    const double *values;             /* (n) */
    size_t k;
} mc_sparse_weights;
/* As mc_linear() with these weights written out; columns are below d. */
void mc_sparse_linear(const double *x, size_t n_rows, size_t d, const mc_sparse_weights *w,
                      const double *b, double *out);

/* out (n_rows) = sum over the columns of x (n_rows, d) * y (n_rows, d). */
void mc_row_dot(const double *x, const double *y, size_t n_rows, size_t d, double *out);

typedef enum mc_norm {
    MC_NORM_L1 = 1,
    MC_NORM_L2,
    MC_NORM_MAX,       /* the largest size */
    MC_NORM_SIGNED_MAX /* the largest value: what scikit-learn up to 0.22 takes for the above */
} mc_norm;
/* out = x / norm of its row; a norm of 0, or below `least`, counts as 1. */
void mc_normalize(const double *x, size_t n_rows, size_t d, mc_norm norm, double least,
                  double *out);

typedef enum mc_zero_rule { MC_ZERO_DIVIDES, MC_ZERO_UNIFORM, MC_ZERO_STAYS } mc_zero_rule;
/* out = x / sum of its row; what a sum of 0 gives is the rule. */
void mc_row_share(const double *x, size_t n_rows, size_t d, mc_zero_rule rule, double *out);

/* out = exp(x - max) / sum. d >= 1. */
void mc_softmax(const double *x, size_t n_rows, size_t d, double *out);

/* out[i] = column of the first maximum of row i; NaN counts as the maximum, as in numpy. d >= 1. */
void mc_argmax(const double *x, size_t n_rows, size_t d, int32_t *out);
#endif
