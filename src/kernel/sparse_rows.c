/* sparse_rows.c: rows without their zeros.
 *
 * Oracle   scipy/sparse/sparsetools/csr.h (csr_matvec, csr_matvecs, csr_sum_duplicates), scipy
 *          1.16; sklearn/utils/sparsefuncs_fast.pyx (inplace_csr_row_normalize_l1, _l2), 1.9.1.
 * Exact    Products bit for bit as scipy's of a sparse row whose columns ascend and dense
 *          weights: one sum an output, from 0.0 on, in the order of the columns. Against a dense
 *          row of scikit-learn's: within the bound of kernel/linear.c. Norms bit for bit. */
#include "kernel/sparse_rows.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------ settle ---- */

#define SHORT_RUN 16

bool mc_sparse_is_settled(const uint32_t *at, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (at[i - 1] >= at[i])
            return false;
    return true;
}

/* Insertion sort of entries [first, last). */
static void sort_run(uint32_t *at, double *values, size_t first, size_t last)
{
    for (size_t i = first + 1; i < last; i++) {
        const uint32_t column = at[i];
        const double value = values[i];
        size_t j = i;
        for (; j > first && at[j - 1] > column; j--) {
            at[j] = at[j - 1];
            values[j] = values[j - 1];
        }
        at[j] = column;
        values[j] = value;
    }
}

/* Merges the sorted [first, middle) and [middle, last) into the same places of `to_*`. */
static void merge(const uint32_t *at, const double *values, const size_t bounds[3], uint32_t *to_at,
                  double *to_values)
{
    size_t left = bounds[0], right = bounds[1];
    for (size_t i = bounds[0]; i < bounds[2]; i++) {
        const bool takes_left =
            left < bounds[1] && (right == bounds[2] || at[left] <= at[right]); /* stable */
        const size_t from = takes_left ? left++ : right++;
        to_at[i] = at[from];
        to_values[i] = values[from];
    }
}

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Runs of 16 by insertion, then merged bottom-up between the two halves of memory. */
static void sort_entries(uint32_t *at, double *values, size_t n, uint32_t *spare_at,
                         double *spare_values)
{
    uint32_t *from_at = at, *to_at = spare_at;
    double *from = values, *to = spare_values;
    for (size_t i = 0; i < n; i += SHORT_RUN)
        sort_run(at, values, i, least(i + SHORT_RUN, n));
    for (size_t run = SHORT_RUN; run < n; run *= 2) {
        for (size_t i = 0; i < n; i += 2 * run) {
            const size_t bounds[3] = {i, least(i + run, n), least(i + 2 * run, n)};
            merge(from_at, from, bounds, to_at, to);
        }
        uint32_t *const swapped_at = from_at;
        double *const swapped = from;
        from_at = to_at;
        from = to;
        to_at = swapped_at;
        to = swapped;
    }
    if (from_at != at) {
        memcpy(at, from_at, n * sizeof *at);
        memcpy(values, from, n * sizeof *values);
    }
}

static size_t add_up(uint32_t *at, double *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && at[kept - 1] == at[i]) {
            values[kept - 1] += values[i];
        } else {
            at[kept] = at[i];
            values[kept++] = values[i];
        }
    }
    return kept;
}

size_t mc_sparse_settle(uint32_t *at, double *values, size_t n, uint32_t *spare_at,
                        double *spare_values)
{
    sort_entries(at, values, n, spare_at, spare_values);
    return add_up(at, values, n);
}

/* --------------------------------------------------------------------- dense and sparse ---- */

void mc_sparse_scatter(const mc_sparse_row *row, size_t d, double *out)
{
    memset(out, 0, d * sizeof *out);
    for (size_t i = 0; i < row->n; i++)
        out[row->at[i]] = row->values[i];
}

/* All bits 0: -0.0 stays an entry, because what follows may tell it from 0.0. */
static inline bool is_absent(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits == 0;
}

size_t mc_sparse_count(const double *x, size_t d)
{
    size_t n = 0;
    for (size_t j = 0; j < d; j++)
        n += is_absent(x[j]) ? 0 : 1;
    return n;
}

void mc_sparse_gather(const double *x, size_t d, uint32_t *at, double *values)
{
    size_t n = 0;
    for (size_t j = 0; j < d; j++) {
        if (is_absent(x[j]))
            continue;
        at[n] = (uint32_t)j;
        values[n++] = x[j];
    }
}

/* ---------------------------------------------------------------------------- products ---- */

void mc_sparse_row_linear(const mc_sparse_row *row, const double *w, const double *b, size_t k,
                          double *out)
{
    if (k == 1) { /* most models of texts: the sum stays in a register */
        double sum = 0.0;
        for (size_t i = 0; i < row->n; i++)
            sum += row->values[i] * w[row->at[i]];
        out[0] = sum + b[0];
        return;
    }
    memset(out, 0, k * sizeof *out);
    for (size_t i = 0; i < row->n; i++) {
        const double *of_feature = w + row->at[i] * k;
        for (size_t j = 0; j < k; j++)
            out[j] += row->values[i] * of_feature[j];
    }
    for (size_t j = 0; j < k; j++)
        out[j] += b[j];
}

void mc_sparse_row_linear_narrow(const mc_sparse_row *row, const mc_narrow *w, const double *b,
                                 size_t k, double *scratch, double *out)
{
    memset(out, 0, k * sizeof *out);
    for (size_t i = 0; i < row->n; i++) {
        if (k == 1)
            scratch[0] = mc_widen_at(w, row->at[i], 0);
        else
            mc_widen_part(w, row->at[i], 0, k, scratch);
        for (size_t j = 0; j < k; j++)
            out[j] += row->values[i] * scratch[j];
    }
    for (size_t j = 0; j < k; j++)
        out[j] += b[j];
}

size_t mc_sparse_lower_bound(const uint32_t *columns, size_t n, uint32_t column)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (columns[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void mc_sparse_row_sparse_linear(const mc_sparse_row *row, const mc_feature_weights *w,
                                 const double *b, double *out)
{
    memset(out, 0, w->k * sizeof *out);
    for (size_t i = 0, from = 0; i < row->n; i++) {
        from += mc_sparse_lower_bound(w->at + from, w->n - from, row->at[i]);
        if (from == w->n || w->at[from] != row->at[i])
            continue;
        for (uint32_t j = w->indptr[from]; j < w->indptr[from + 1]; j++)
            out[w->outputs[j]] += row->values[i] * w->values[j];
    }
    for (size_t j = 0; j < w->k; j++)
        out[j] += b[j];
}

/* As k_function() of svm/src/libsvm/svm.cpp walks through two rows: bit for bit the sum over all
 * columns, for a column that neither has adds 0. */
double mc_sparse_squares(const mc_sparse_row *x, const mc_sparse_row *y)
{
    double sum = 0.0;
    size_t i = 0, j = 0;
    while (i < x->n && j < y->n) {
        const uint32_t of_x = x->at[i], of_y = y->at[j];
        const double a = of_x <= of_y ? x->values[i] : 0.0, b = of_y <= of_x ? y->values[j] : 0.0;
        sum += (a - b) * (a - b);
        i += of_x <= of_y;
        j += of_y <= of_x;
    }
    for (; i < x->n; i++)
        sum += x->values[i] * x->values[i];
    for (; j < y->n; j++)
        sum += y->values[j] * y->values[j];
    return sum;
}

double mc_sparse_norm(const mc_sparse_row *row, mc_norm norm, double least_norm)
{
    double sum = 0.0, largest = 0.0;
    for (size_t i = 0; i < row->n; i++) {
        const double size = fabs(row->values[i]);
        sum += norm == MC_NORM_L2 ? row->values[i] * row->values[i] : size;
        largest = size > largest ? size : largest;
    }
    const double value = norm == MC_NORM_L1 ? sum : norm == MC_NORM_L2 ? sqrt(sum) : largest;
    return value < least_norm || value == 0.0 ? 1.0 : value;
}
