/* sparse_code.h: a row as a sum of few atoms of a dictionary, given only its products with them.
 *
 * Everywhere: gram (k, k) holds the products of the atoms with each other, target (k) those of the
 * row with the atoms; code (k) is the answer, written in full; scratch is the caller's. */
#ifndef MC_KERNEL_SPARSE_CODE_H
#define MC_KERNEL_SPARSE_CODE_H
#include "base/base.h"

/* Orthogonal matching pursuit: the atom nearest to what is left, n times, 1 <= n <= k. Squares of
 * products, and of what an atom adds, up to `least` end it: scikit-learn's eps of gram's dtype. */
#define MC_PURSUIT_SCRATCH(k, n) (3 * (k) + (n) + (n) * (n))
/* O(n k n). */
void mc_pursue(const double *gram, const double *target, size_t k, size_t n, double least,
               double *code, double *scratch);

typedef enum mc_screening {
    MC_SCREEN_NOT,   /* up to 1.7 */
    MC_SCREEN_AGAIN, /* 1.8: atoms that cannot matter are skipped, and looked at again */
    MC_SCREEN_ONCE   /* since 1.9: and stay out */
} mc_screening;

/* The lasso by coordinate descent. */
typedef struct mc_lasso {
    const double *gram; /* (k, k), borrowed */
    size_t k;
    double penalty, tol; /* on the sum of |code|; duality gap over the row's squared length */
    bool positive;
    mc_screening screening;
    uint32_t max_iter;
} mc_lasso;

#define MC_LASSO_SCRATCH(k) (3 * (k))
/* `length` is the row's squared. O(max_iter k**2). */
void mc_lasso_descend(const mc_lasso *by, const double *target, double length, double *code,
                      double *scratch);
#endif
