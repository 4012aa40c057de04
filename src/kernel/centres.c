/* centres.c: distances to centres, and the way down a tree of centres.
 *
 * Oracle   euclidean_distances (sklearn/metrics/pairwise.py);
 *          BisectingKMeans._predict_recursive (sklearn/cluster/_bisect_k_means.py).
 * Exact    The square of a distance is within 8 d u (x.x + c.c), u = 2**-53, because BLAS sums the
 *          products in another order; a row that equals a centre has the distance 0 here and a
 *          remainder of that size in scikit-learn. The walk: as the scores say. */
#include "kernel/centres.h"

#include <math.h>

void mc_centre_distances(const double *products, const double *norms, size_t n_rows,
                         const double *centres, size_t k, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < k; j++) {
            const double square = products[i * k + j] + norms[i] + centres[j];
            out[i * k + j] = sqrt(square < 0.0 ? 0.0 : square);
        }
    }
}

void mc_bisect(const double *scores, size_t n_rows, const mc_bisection *tree, int32_t *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double *row = scores + i * 2 * tree->n_nodes;
        size_t at = 0;
        while (at < tree->n_nodes) /* ends: children come after their parent */
            at = tree->children[2 * at + (row[2 * at + 1] > row[2 * at] ? 1 : 0)];
        out[i] = (int32_t)(at - tree->n_nodes);
    }
}
