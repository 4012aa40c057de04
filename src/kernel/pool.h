/* pool.h: one number out of each group of columns. Shapes as (rows, columns), C order. */
#ifndef MC_KERNEL_POOL_H
#define MC_KERNEL_POOL_H
#include "base/base.h"

typedef enum mc_pooling {
    MC_POOL_MEAN,
    MC_POOL_SUM,
    MC_POOL_PRODUCT,
    MC_POOL_LARGEST,
    MC_POOL_SMALLEST,
    MC_POOL_RANGE,    /* largest - smallest */
    MC_POOL_VARIANCE, /* divided by the number of columns */
    MC_POOL_DEVIATION,
    MC_N_POOLINGS
} mc_pooling;

/* Group g has the columns columns[start[g]] ... columns[start[g + 1] - 1], at least one. Borrowed.
 */
typedef struct mc_groups {
    const uint32_t *columns, *start; /* (start[n_groups]), (n_groups + 1) */
    size_t n_groups;
} mc_groups;

/* out (n_rows, n_groups) from x (n_rows, d). */
void mc_pool(const double *x, size_t n_rows, size_t d, const mc_groups *groups, mc_pooling how,
             double *out);

/* out (n_rows, start[n_groups]) = the columns of each group, ascending by value; no NaN in x. */
void mc_sort_groups(const double *x, size_t n_rows, size_t d, const mc_groups *groups, double *out);

/* Does numpy make integers of true and false for it, other than the largest of them? */
static inline bool mc_pooling_counts(mc_pooling how)
{
    return how == MC_POOL_SUM || how == MC_POOL_PRODUCT;
}
#endif
