/* lars.h: least angle regression of a row on the atoms of a dictionary, given only products. */
#ifndef MC_KERNEL_LARS_H
#define MC_KERNEL_LARS_H
#include "base/base.h"

typedef struct mc_lars {
    const double *gram; /* (k, k) products of the atoms, borrowed */
    size_t k;
    size_t n_features;   /* of the row: correlations count relative to it */
    double alpha;        /* where the path ends */
    bool lasso;          /* atoms whose coefficient would change its sign leave */
    bool positive;       /* only coefficients above 0 */
    uint32_t max_iter;   /* steps of the path */
    uint32_t max_active; /* min(max_iter, k) */
} mc_lars;

/* Numbers that mc_lars_code() needs behind its answer: m is max_active. */
#define MC_LARS_SCRATCH(k, m) (4 * (k) + 5 * (m) + (m) * (m))
/* code (k) from target (k), the row's products with the atoms. O(max_iter k m). */
void mc_lars_code(const mc_lars *by, const double *target, double *code, double *scratch);
#endif
