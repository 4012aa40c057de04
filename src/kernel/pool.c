/* pool.c: numpy's reductions over groups of columns.
 *
 * Oracle   AgglomerationTransform.transform (sklearn/cluster/_feature_agglomeration.py), which
 *          calls numpy.bincount for means and else the function on x[:, group]. That is a matrix in
 *          Fortran order: numpy adds its columns from the first to the last.
 * Exact    Bit for bit for batches of two rows and more (one row numpy sums pairwise).
 * Cost     O(d) a row; sorting O(d log d) in place, by a heap: no scratch, no bad case. */
#include "kernel/pool.h"

#include <math.h>

/* One group of one row. */
typedef struct members {
    const double *row;
    const uint32_t *columns;
    size_t n;
} members;

static double sum_of(const members *m)
{
    double sum = 0.0;
    for (size_t i = 0; i < m->n; i++)
        sum += m->row[m->columns[i]];
    return sum;
}

static double product_of(const members *m)
{
    double product = 1.0;
    for (size_t i = 0; i < m->n; i++)
        product *= m->row[m->columns[i]];
    return product;
}

/* NaN if one of them is. */
static double largest_of(const members *m)
{
    double largest = m->row[m->columns[0]];
    for (size_t i = 1; i < m->n; i++) {
        const double value = m->row[m->columns[i]];
        largest = value > largest || isnan(value) ? value : largest;
    }
    return largest;
}

static double smallest_of(const members *m)
{
    double smallest = m->row[m->columns[0]];
    for (size_t i = 1; i < m->n; i++) {
        const double value = m->row[m->columns[i]];
        smallest = value < smallest || isnan(value) ? value : smallest;
    }
    return smallest;
}

static double variance_of(const members *m)
{
    const double mean = sum_of(m) / (double)m->n;
    double sum = 0.0;
    for (size_t i = 0; i < m->n; i++) {
        const double difference = m->row[m->columns[i]] - mean;
        sum += difference * difference;
    }
    return sum / (double)m->n;
}

static double pooled(const members *m, mc_pooling how)
{
    switch (how) {
    case MC_POOL_MEAN:
        return sum_of(m) / (double)m->n;
    case MC_POOL_SUM:
        return sum_of(m);
    case MC_POOL_PRODUCT:
        return product_of(m);
    case MC_POOL_LARGEST:
        return largest_of(m);
    case MC_POOL_SMALLEST:
        return smallest_of(m);
    case MC_POOL_RANGE:
        return largest_of(m) - smallest_of(m);
    case MC_POOL_VARIANCE:
        return variance_of(m);
    case MC_POOL_DEVIATION:
        return sqrt(variance_of(m));
    case MC_N_POOLINGS:
        break;
    }
    return (double)NAN;
}

static members members_of(const mc_groups *groups, size_t g, const double *row)
{
    const size_t first = groups->start[g];
    return (members){row, groups->columns + first, groups->start[g + 1] - first};
}

void mc_pool(const double *x, size_t n_rows, size_t d, const mc_groups *groups, mc_pooling how,
             double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t g = 0; g < groups->n_groups; g++) {
            const members m = members_of(groups, g, x + i * d);
            out[i * groups->n_groups + g] = pooled(&m, how);
        }
    }
}

/* Lets the value at `at` sink in the heap of n. */
static void sink(double *heap, size_t n, size_t at)
{
    const double value = heap[at];
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && heap[child + 1] > heap[child])
            child++;
        if (!(heap[child] > value))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = value;
}

static void sort(double *values, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sink(values, n, i);
    for (size_t left = n; left-- > 1;) {
        const double largest = values[0];
        values[0] = values[left];
        values[left] = largest;
        sink(values, left, 0);
    }
}

void mc_sort_groups(const double *x, size_t n_rows, size_t d, const mc_groups *groups, double *out)
{
    const size_t width = groups->start[groups->n_groups];
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < width; j++)
            out[i * width + j] = x[i * d + groups->columns[j]];
        for (size_t g = 0; g < groups->n_groups; g++)
            sort(out + i * width + groups->start[g], groups->start[g + 1] - groups->start[g]);
    }
}
