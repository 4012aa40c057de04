/* centres.h: rows and the centres of clusters. Shapes as (rows, columns), C order. */
#ifndef MC_KERNEL_CENTRES_H
#define MC_KERNEL_CENTRES_H
#include "base/base.h"

/* out (n_rows, k) = sqrt(max(0, product + norm of the row + norm of the centre)):
 *   products (n_rows, k)  -2 x.c
 *   norms    (n_rows)     x.x
 *   centres  (k)          c.c */
void mc_centre_distances(const double *products, const double *norms, size_t n_rows,
                         const double *centres, size_t k, double *out);

/* A binary tree of n_nodes inner nodes. A child below n_nodes is an inner node, and comes after
 * its parent; a leaf with label l is written n_nodes + l. */
typedef struct mc_bisection {
    const uint32_t *children; /* (n_nodes, 2); borrowed */
    size_t n_nodes;
} mc_bisection;
/* out[i] = label that row i of scores (n_rows, 2 * n_nodes) reaches: at node t to the right where
 * scores[2 t + 1] > scores[2 t]. */
void mc_bisect(const double *scores, size_t n_rows, const mc_bisection *tree, int32_t *out);
#endif
