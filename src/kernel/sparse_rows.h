/* sparse_rows.h: rows without their zeros. Shapes as (rows, columns).
 *
 * A row is a run of columns, ascending, each once, and as many values; a value may be 0.0. Rows may
 * share columns with each other: who makes a row out of another one borrows what stays the same.
 * Kernels take rows one by one and write where the caller has made room, so a row costs its values,
 * however wide it is. */
#ifndef MC_KERNEL_SPARSE_ROWS_H
#define MC_KERNEL_SPARSE_ROWS_H
#include "kernel/linear.h"
#include "kernel/narrow.h"
#include "kernel/unary.h"

typedef struct mc_sparse_row {
    const uint32_t *at;   /* (n) columns, ascending; borrowed */
    const double *values; /* (n); borrowed */
    size_t n;
} mc_sparse_row;

/* Do the columns ascend, each once? */
bool mc_sparse_is_settled(const uint32_t *at, size_t n);
/* Sorts (column, value) pairs by column, stable, and adds up the values of equal columns in the
 * order they came. `spare_at` and `spare_values` (n) are scratch. Returns how many are left, from
 * `at` and `values` on. O(n log n). */
size_t mc_sparse_settle(uint32_t *at, double *values, size_t n, uint32_t *spare_at,
                        double *spare_values);

/* out (d): the row with its zeros. */
void mc_sparse_scatter(const mc_sparse_row *row, size_t d, double *out);

/* How many of x (d) are not +0.0; -0.0 counts. */
size_t mc_sparse_count(const double *x, size_t d);
/* Those, with their columns; at, values (mc_sparse_count()). */
void mc_sparse_gather(const double *x, size_t d, uint32_t *at, double *values);

/* out (k) = row @ w (d, k) + b (k): weights feature by feature, so that a value touches one run of
 * them. Sums in ascending order of the columns, b last. */
void mc_sparse_row_linear(const mc_sparse_row *row, const double *w, const double *b, size_t k,
                          double *out);

/* The same for narrow weights. scratch (k). */
void mc_sparse_row_linear_narrow(const mc_sparse_row *row, const mc_narrow *w, const double *b,
                                 size_t k, double *scratch, double *out);

/* Weights of which most are 0, feature by feature: feature at[i] has values[indptr[i] ..
 * indptr[i + 1]) for the outputs `outputs`, k of them in all. Borrowed. */
typedef struct mc_feature_weights {
    const uint32_t *at;     /* (n) features that have weights, ascending */
    const uint32_t *indptr; /* (n + 1) */
    const uint32_t *outputs;
    const double *values;
    size_t n, k;
} mc_feature_weights;
/* As mc_sparse_row_linear() with these weights written out. O(entries * log n). */
void mc_sparse_row_sparse_linear(const mc_sparse_row *row, const mc_feature_weights *w,
                                 const double *b, double *out);

/* Sum of (x - y)^2 over the columns that either of them has, ascending. O(entries). */
double mc_sparse_squares(const mc_sparse_row *x, const mc_sparse_row *y);

/* First of the ascending `columns` (n) that is not below `column`; n if there is none. */
size_t mc_sparse_lower_bound(const uint32_t *columns, size_t n, uint32_t column);

/* Norm of a row, 1.0 where mc_normalize() says so. Adds up in the order of the columns. */
double mc_sparse_norm(const mc_sparse_row *row, mc_norm norm, double least);
#endif
