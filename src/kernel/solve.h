/* solve.h: small dense linear systems. Square matrices are (n, n) in C order, row i at a + i * ld.
 *
 * All functions work in the caller's memory. They are *owned* by one thread for the call; none
 * fails except by saying that a matrix has no such factor. Shapes as (rows, columns). */
#ifndef MC_KERNEL_SOLVE_H
#define MC_KERNEL_SOLVE_H
#include "base/base.h"

/* a = L L.T, in place: reads and writes the lower triangle, the upper keeps what it had. False if
 * `a` is not positive definite: what is in it then is unspecified. O(n**3). */
MC_MUST_CHECK bool mc_cholesky(double *a, size_t n, size_t ld);

/* Triangular systems, in place: b (n) becomes the answer. The diagonal must hold no 0, or the
 * answer has infinities. O(n**2). */
void mc_solve_lower(const double *l, size_t n, size_t ld, double *b);            /* L x = b */
void mc_solve_lower_transposed(const double *l, size_t n, size_t ld, double *b); /* L.T x = b */
void mc_solve_upper(const double *u, size_t n, size_t ld, double *b);            /* U x = b */
/* The i-th step of mc_solve_lower(), of row i (i + 1) of L. */
void mc_solve_lower_at(const double *row, size_t i, double *b);

/* L L.T x = b: both of the above. */
void mc_cholesky_solve(const double *l, size_t n, size_t ld, double *b);

/* P a = L U by partial pivoting, in place: L below the diagonal with ones on it, U above; row i was
 * exchanged with row pivots[i] (n). False if a pivot is exactly 0. O(n**3). */
MC_MUST_CHECK bool mc_lu(double *a, size_t n, uint32_t *pivots);
/* a x = b by the factors of mc_lu(), in place. */
void mc_lu_solve(const double *lu, const uint32_t *pivots, size_t n, double *b);
/* out (n, n) = inverse of the matrix that mc_lu() factored. */
void mc_lu_inverse(const double *lu, const uint32_t *pivots, size_t n, double *out);
/* log |det| from the factors. */
double mc_lu_log_determinant(const double *lu, size_t n);

/* Eigenvalues of the symmetric `a`, which is destroyed, ascending; row i of vectors (n, n) belongs
 * to values[i]. Jacobi's rotations: O(n**3) a sweep, at most MC_SOLVE_SWEEPS of them. False if they
 * did not suffice, as happens with NaN. */
MC_MUST_CHECK bool mc_symmetric_eigen(double *a, size_t n, double *values, double *vectors);

/* Singular values of a (m, n), m <= n, by rotating its rows until they are orthogonal: afterwards
 * row i of `a` is values[i] times a right singular vector, and rotations (m, m) times the old `a`
 * is the new one. In no order. False as above. O(m**2 n) a sweep. */
MC_MUST_CHECK bool mc_orthogonalize_rows(double *a, size_t m, size_t n, double *values,
                                         double *rotations);

/* out (n, m) = Moore-Penrose inverse of a (m, n), m <= n; a is destroyed, scratch is (m, m + 1).
 * Singular values up to max(m, n) * 2**-52 times the largest count as 0, as in scipy. False as
 * above. */
MC_MUST_CHECK bool mc_pseudo_inverse(double *a, size_t m, size_t n, double *scratch, double *out);

#define MC_SOLVE_SWEEPS 60 /* Jacobi's method needs about ten */
#endif
