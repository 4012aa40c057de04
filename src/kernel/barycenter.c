/* barycenter.c: local linear reconstruction, and filling from donors.
 *
 * Oracle   sklearn/manifold/_locally_linear.py barycenter_weights; sklearn/impute/_knn.py.
 * Exact    Barycenters: within 2**-50 times the condition of the neighbours' Gram matrix, which
 *          LAPACK factors in another order. Donors: which rows give is the same, except between
 *          equal distances, where argpartition decides by the instructions of the processor and
 *          the lower index is taken here; means within k u.
 * Cost     O(k^2 d + k^3) a row; O(n k) a missing value. */
#include "kernel/barycenter.h"

#include <math.h>
#include <string.h>

#include "kernel/near_heap.h"
#include "kernel/solve.h"

/* gram (k, k) = products of the neighbours' differences from x, with the ridge. */
static void gram_of(const double *indices, size_t k, const double *x, const mc_embedding *by,
                    double *gram)
{
    const size_t d = by->d;
    double trace = 0.0;
    for (size_t i = 0; i < k; i++) {
        const double *a = by->rows + (size_t)indices[i] * d;
        for (size_t j = 0; j <= i; j++) {
            const double *b = by->rows + (size_t)indices[j] * d;
            double sum = 0.0;
            for (size_t c = 0; c < d; c++)
                sum += (a[c] - x[c]) * (b[c] - x[c]);
            gram[i * k + j] = sum;
        }
        trace += gram[i * k + i];
    }
    for (size_t i = 0; i < k; i++)
        gram[i * k + i] += trace > 0.0 ? by->ridge * trace : by->ridge;
}

void mc_barycenter(const mc_near_lists *lists, size_t k, const double *x, const mc_embedding *by,
                   double *out)
{
    const size_t width = by->width;
    for (size_t row = 0; row < lists->n_rows; row++) {
        double *to = out + row * (width + mc_barycenter_scratch(k));
        double *gram = to + width, *weights = gram + k * k, sum = 0.0;
        const double *indices = lists->at + row * (1 + 2 * lists->room) + 1 + lists->room;
        memset(to, 0, (width + mc_barycenter_scratch(k)) * sizeof *to);
        gram_of(indices, k, x + row * by->d, by, gram);
        for (size_t i = 0; i < k; i++)
            weights[i] = 1.0;
        if (!mc_cholesky(gram, k, k))
            weights[0] = (double)NAN; /* scikit-learn raises: the answer shows that there is none */
        mc_cholesky_solve(gram, k, k, weights);
        for (size_t i = 0; i < k; i++)
            sum += weights[i];
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < width; j++)
                to[j] += by->placed[(size_t)indices[i] * width + j] * (weights[i] / sum);
    }
}

/* ------------------------------------------------------------------------------ donors ---- */

static double donor_value(const mc_donors *by, size_t row, size_t column)
{
    if (by->rows.form == MC_NARROW_NOT)
        return ((const double *)by->rows.items)[row * by->d + column];
    return mc_widen_at(&by->rows, row, column);
}

/* The nearest rows that have a value in the column. NaN is behind all infinities, as in numpy's
 * order: an infinity of an index n further on. */
static size_t find_donors(const mc_donors *by, size_t column, const double *distances,
                          const mc_near_heap *heap, bool *out_known)
{
    size_t n = 0;
    *out_known = false;
    for (size_t i = 0; i < heap->k; i++) {
        heap->values[i] = (double)INFINITY;
        heap->indices[i] = 2.0 * (double)by->n;
    }
    for (size_t i = 0; i < by->n; i++) {
        if (isnan(donor_value(by, i, column)))
            continue;
        n++;
        *out_known = *out_known || !isnan(distances[i]);
        if (isnan(distances[i]))
            mc_near_pairs_push(heap, (double)INFINITY, (double)(i + by->n));
        else
            mc_near_pairs_push(heap, distances[i], (double)i);
    }
    mc_near_sort_pairs(heap->values, heap->indices, heap->k);
    for (size_t i = 0; i < heap->k; i++)
        heap->indices[i] -= heap->indices[i] >= (double)by->n ? (double)by->n : 0.0;
    return n < heap->k ? n : heap->k;
}

static double weight_of(const mc_donors *by, double distance, bool zeros_alone)
{
    if (isnan(distance) && (by->by_distance || by->skips_unknown))
        return 0.0;
    if (!by->by_distance)
        return 1.0;
    return zeros_alone ? (isinf(1.0 / distance) ? 1.0 : 0.0) : 1.0 / distance;
}

static double filled(const mc_donors *by, size_t column, const double *distances,
                     const mc_near_heap *heap)
{
    bool known = false, zeros_alone = false;
    const size_t n = find_donors(by, column, distances, heap, &known);
    double sum = 0.0, total = 0.0;
    if (!known)
        return by->means[column];
    for (size_t i = 0; i < n; i++)
        zeros_alone = zeros_alone || isinf(1.0 / distances[(size_t)heap->indices[i]]);
    for (size_t i = 0; i < n; i++) {
        const size_t donor = (size_t)heap->indices[i];
        const double weight = weight_of(by, distances[donor], zeros_alone);
        sum += donor_value(by, donor, column) * weight;
        total += weight;
    }
    return total == 0.0 ? sum : sum / total; /* numpy.ma.average() leaves its numerator there */
}

void mc_fill_from_donors(const mc_donors *by, const double *x, const double *distances,
                         size_t n_rows, double *out)
{
    for (size_t row = 0; row < n_rows; row++) {
        double *to = out + row * (by->d + 2 * by->k);
        const mc_near_heap heap = {to + by->d, to + by->d + by->k, by->k, false};
        for (size_t j = 0; j < by->d; j++) {
            const double value = x[row * by->d + j];
            if (!by->valid[j])
                to[j] = 0.0;
            else
                to[j] = isnan(value) ? filled(by, j, distances + row * by->n, &heap) : value;
        }
        memset(to + by->d, 0, 2 * by->k * sizeof *to);
    }
}
