/* matrix.h: small algebra at load: what a model's matrices become before a step multiplies by them.
 * Shapes as (rows, columns), C order; results live in the load arena. Sums run left to right. */
#ifndef MC_SKLEARN_MATRIX_H
#define MC_SKLEARN_MATRIX_H
#include "import/sklearn/lower.h"

/* Multiplications that one pseudo-inverse may cost: seconds of a load. */
#define MC_LIMIT_PSEUDO_INVERSE       ((size_t)1 << 32)
#define MC_LIMIT_PSEUDO_INVERSE_BYTES ((size_t)64 << 20)

/* (n_rows, n_cols) zeros. */
MC_MUST_CHECK mc_status mc_matrix_new(mc_lowering *to, size_t n_rows, size_t n_cols, double **out,
                                      mc_error *err);
/* out (n, m) = a (m, n).T */
MC_MUST_CHECK mc_status mc_matrix_transposed(mc_lowering *to, const double *a, size_t m, size_t n,
                                             const double **out, mc_error *err);
/* out (m, m) = a a.T of a (m, n): the Gram matrix of its rows. */
MC_MUST_CHECK mc_status mc_matrix_gram(mc_lowering *to, const double *a, size_t m, size_t n,
                                       double **out, mc_error *err);
/* out (n, m) = Moore-Penrose inverse of a (m, n). MC_E_LIMIT if it would take too long, or if the
 * matrix is not finite. */
MC_MUST_CHECK mc_status mc_matrix_pseudo_inverse(mc_lowering *to, const double *a, size_t m,
                                                 size_t n, const double **out, mc_error *err);

double mc_dot(const double *a, const double *b, size_t n);
#endif
