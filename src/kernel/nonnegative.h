/* nonnegative.h: a row as a sum of non-negative parts: w >= 0 with w @ h near x, h given.
 *
 * A row at a time: the rules that stop scikit-learn's iterations look at the whole batch, so its
 * answer for a row depends on the rows asked with it. These are its answers for a row alone. */
#ifndef MC_KERNEL_NONNEGATIVE_H
#define MC_KERNEL_NONNEGATIVE_H
#include "kernel/sparse_rows.h"

/* Coordinate descent from w = 0 on |x - w h|**2. All pointers are borrowed. */
typedef struct mc_nonnegative_descent {
    const double *gram;    /* (k, k) h h.T, what regularizes added on its diagonal */
    const uint32_t *order; /* (max_iter, k) coordinates in the order of each pass, or NULL: as they
                            * stand. Below k */
    size_t k;
    double tol; /* stops when a pass violates the conditions less than this share of the first's */
    uint32_t max_iter;
} mc_nonnegative_descent;
/* w (k) from target (k) = h x.T. O(max_iter k**2). */
void mc_nonnegative_descend(const mc_nonnegative_descent *by, const double *target, double *w);

typedef enum mc_nonnegative_stop {
    MC_STOP_BY_ERROR, /* NMF: every ten updates, by what the beta-divergence still loses */
    MC_STOP_BY_CHANGE /* MiniBatchNMF: after each update, by the change of w */
} mc_nonnegative_stop;

/* Multiplicative updates from w = sqrt(mean(x) / k) on the beta-divergence of x and w h. */
typedef struct mc_nonnegative_update {
    const double *h;    /* (d, k): transposed */
    const double *gram; /* (k, k) h h.T; read only if beta is 2 */
    const double *sums; /* (k) of h over the features; read only if beta is 1 */
    size_t k, d;
    double beta, gamma; /* gamma: power of each update */
    double l1, l2, tol; /* penalties on w; tol 0 never stops */
    mc_nonnegative_stop stop;
    bool floors; /* small products count as MC_NONNEGATIVE_LEAST; else only zeros do */
    uint32_t max_iter;
} mc_nonnegative_update;
/* beta, gamma, l1, l2 and tol as one array holds them. */
enum { MC_NMF_BETA, MC_NMF_GAMMA, MC_NMF_L1, MC_NMF_L2, MC_NMF_TOL, MC_NMF_NUMBERS };
#define MC_NONNEGATIVE_LEAST 0x1p-23 /* eps of float32: EPSILON in _nmf.py */

/* Numbers that mc_nonnegative_multiply() needs behind its answer. */
#define MC_NONNEGATIVE_SCRATCH(k) (3 * (k))
/* w (k) from a row x >= 0; scratch (MC_NONNEGATIVE_SCRATCH). x is dense if x->at is NULL: then it
 * has d values. Sparse rows only for beta 1 and 2. O(max_iter k x->n). */
void mc_nonnegative_multiply(const mc_nonnegative_update *by, const mc_sparse_row *x, double *w,
                             double *scratch);
#endif
