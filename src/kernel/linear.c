/* linear.c: dense rows against weights.
 *
 * Oracle   X @ coef_.T + intercept_ (sklearn/linear_model/_base.py); sklearn.utils.extmath.softmax;
 *          sklearn/preprocessing/_data.py normalize.
 * Exact    mc_linear, mc_row_dot: within 4 d u (sum of |terms|), u = 2**-53: BLAS sums in another
 *          order. The order here is fixed by d (see sum_of_lanes), so a row alone or in any batch
 *          gives the same bits. softmax: measured against scipy's, which sums pairwise: 2 ulp for
 *          3 classes, 8 for 30, 14 for 100, 40 for 1,000. normalize, row_share, argmax: sums left
 *          to right.
 * Cost     One core of a Xeon at AVX2, GFLOP/s of two a product, ours and numpy 2 with OpenBLAS on
 *          one thread: 1 x 784 x 10: 24, 7; 256 x 30 x 1: 17, 6; 256 x 64 x 10: 22, 20;
 *          256 x 784 x 10: 22, 23; 64 x 784 x 100: 33, 44; 64 x 10000 x 20: 16, 29.
 * Why so   Partial sums in lanes vectorize without reassociation. Four vectors share the loads of
 *          a fifth: outputs that share a row, or rows that share an output. Texts give wide rows
 *          that are nearly all 0: their products are not computed, which a row of finite weights
 *          cannot tell (an infinite weight times 0 would be NaN). */
#include "kernel/linear.h"

#include <math.h>

#include "kernel/fused_narrow.h"

/* The same arithmetic in wider registers where the processor has them: no fused multiply-add, so
 * every clone gives the same bits. The choice is made before main(), where ThreadSanitizer's code
 * cannot run yet; clang 14 gives clones a name that other files do not find. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_CLONES
#endif
#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef double quad __attribute__((vector_size(32)));
typedef int64_t quad_mask __attribute__((vector_size(32)));
typedef double loose_quad __attribute__((vector_size(32), aligned(8), may_alias));

/* Quads never pass a call by value: compilers disagree on how. */
#define LOAD(x)       (*(const loose_quad *)(x))
#define LANES         8   /* two quads: lanes 0 to 3, and 4 to 7 */
#define TILE          4   /* vectors that share the loads of another */
#define SPARSE_FROM   512 /* columns; below, looking for zeros costs more than it saves */
#define MOST_NONZEROS 512 /* of a row that is computed without its zeros; and an eighth of it */

typedef struct weights {
    const double *w, *b; /* (k, d), (k); borrowed */
    size_t d, k;
    size_t stride;  /* from a row of the answer to the next */
    bool are_fused; /* by fused.h: of narrow weights */
} weights;

/* The order of every sum of products here: LANES partial sums over the whole groups of LANES, a
 * last group of four in lanes 0 to 3, (0 + 4 + 2 + 6) + (1 + 5 + 3 + 7) by halves, then what is
 * left, one by one. */
ALWAYS_INLINE double sum_of_lanes(const quad *low, const quad *high, const double *a,
                                  const double *b, size_t n)
{
    const quad half = *low + *high;
    double sum = (half[0] + half[2]) + (half[1] + half[3]);
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

ALWAYS_INLINE double dot(const double *a, const double *b, size_t d)
{
    quad low = {0}, high = {0};
    size_t i = 0;
    for (; i + LANES <= d; i += LANES) {
        low += LOAD(a + i) * LOAD(b + i);
        high += LOAD(a + i + 4) * LOAD(b + i + 4);
    }
    if (i + 4 <= d) {
        low += LOAD(a + i) * LOAD(b + i);
        i += 4;
    }
    return sum_of_lanes(&low, &high, a + i, b + i, d - i);
}

/* sum[t] = dot(a, b + t * d) for the TILE vectors from b on, bit for bit, with a loaded once. */
ALWAYS_INLINE void dot_tile(const double *a, const double *b, size_t d, double sum[TILE])
{
    const double *b1 = b + d, *b2 = b1 + d, *b3 = b2 + d;
    quad low0 = {0}, low1 = {0}, low2 = {0}, low3 = {0};
    quad high0 = {0}, high1 = {0}, high2 = {0}, high3 = {0};
    size_t i = 0;
    for (; i + LANES <= d; i += LANES) {
        const quad low = LOAD(a + i), high = LOAD(a + i + 4);
        low0 += low * LOAD(b + i);
        high0 += high * LOAD(b + i + 4);
        low1 += low * LOAD(b1 + i);
        high1 += high * LOAD(b1 + i + 4);
        low2 += low * LOAD(b2 + i);
        high2 += high * LOAD(b2 + i + 4);
        low3 += low * LOAD(b3 + i);
        high3 += high * LOAD(b3 + i + 4);
    }
    if (i + 4 <= d) {
        const quad low = LOAD(a + i);
        low0 += low * LOAD(b + i);
        low1 += low * LOAD(b1 + i);
        low2 += low * LOAD(b2 + i);
        low3 += low * LOAD(b3 + i);
        i += 4;
    }
    sum[0] = sum_of_lanes(&low0, &high0, a + i, b + i, d - i);
    sum[1] = sum_of_lanes(&low1, &high1, a + i, b1 + i, d - i);
    sum[2] = sum_of_lanes(&low2, &high2, a + i, b2 + i, d - i);
    sum[3] = sum_of_lanes(&low3, &high3, a + i, b3 + i, d - i);
}

/* Outputs in tiles for every row; the outputs that are left over take rows in tiles. */
ALWAYS_INLINE void dense_rows(const double *x, size_t n_rows, const weights *by, double *out)
{
    const size_t d = by->d, k = by->k;
    double sum[TILE];
    size_t j = 0;
    if (by->are_fused) {
        mc_fused_linear(x, n_rows, d, by->w, by->b, k, by->stride, out);
        return;
    }
    for (; j + TILE <= k; j += TILE) {
        for (size_t i = 0; i < n_rows; i++) {
            dot_tile(x + i * d, by->w + j * d, d, sum);
            for (size_t t = 0; t < TILE; t++)
                out[i * by->stride + j + t] = sum[t] + by->b[j + t];
        }
    }
    for (; j < k; j++) {
        size_t i = 0;
        for (; i + TILE <= n_rows; i += TILE) {
            dot_tile(by->w + j * d, x + i * d, d, sum);
            for (size_t t = 0; t < TILE; t++)
                out[(i + t) * by->stride + j] = sum[t] + by->b[j];
        }
        for (; i < n_rows; i++)
            out[i * by->stride + j] = dot(x + i * d, by->w + j * d, d) + by->b[j];
    }
}

/* Values of a row that are not 0, by column. */
typedef struct nonzeros {
    size_t n;
    uint32_t at[MOST_NONZEROS + 1];
    double value[MOST_NONZEROS + 1];
} nonzeros;

ALWAYS_INLINE void keep(nonzeros *found, const double *row, size_t column)
{
    found->at[found->n] = (uint32_t)column;
    found->value[found->n] = row[column];
    found->n += row[column] != 0.0;
}

/* False if there are more than `most`. Eight columns at a time, since most have none. */
ALWAYS_INLINE bool find_nonzeros(const double *row, size_t d, size_t most, nonzeros *found)
{
    const quad zero = {0};
    size_t i = 0;
    found->n = 0;
    for (; i + LANES <= d; i += LANES) {
        const quad_mask mask = (LOAD(row + i) != zero) | (LOAD(row + i + 4) != zero);
        if ((mask[0] | mask[1] | mask[2] | mask[3]) == 0)
            continue;
        if (found->n + LANES > most)
            return false;
        for (size_t j = i; j < i + LANES; j++)
            keep(found, row, j);
    }
    for (; i < d && found->n <= most; i++)
        keep(found, row, i);
    return found->n <= most;
}

/* The sum of dot() over the columns `at` (n, ascending) only: of `dense` (d) and `value` (n). */
static double dot_at(const double *dense, size_t d, const uint32_t *at, const double *value,
                     size_t n)
{
    const size_t in_lanes = d - d % 4;
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i < n && at[i] < in_lanes; i++)
        lane[at[i] % LANES] += dense[at[i]] * value[i];
    const quad half = LOAD(lane) + LOAD(lane + 4);
    double sum = (half[0] + half[2]) + (half[1] + half[3]);
    for (; i < n; i++)
        sum += dense[at[i]] * value[i];
    return sum;
}

static void sparse_row(const nonzeros *row, const weights *by, double *out)
{
    for (size_t j = 0; j < by->k; j++)
        out[j] = dot_at(by->w + j * by->d, by->d, row->at, row->value, row->n) + by->b[j];
}

/* Rows with few values that are not 0 on their own, the rows between them together. */
ALWAYS_INLINE void wide_rows(const double *x, size_t n_rows, const weights *by, double *out)
{
    const size_t d = by->d;
    const size_t most = d / 8 < MOST_NONZEROS ? d / 8 : MOST_NONZEROS;
    nonzeros row;
    size_t first = 0; /* of the rows not computed yet */
    for (size_t i = 0; i < n_rows; i++) {
        if (!find_nonzeros(x + i * d, d, most, &row))
            continue;
        dense_rows(x + first * d, i - first, by, out + first * by->stride);
        sparse_row(&row, by, out + i * by->stride);
        first = i + 1;
    }
    dense_rows(x + first * d, n_rows - first, by, out + first * by->stride);
}

WIDE_CLONES
void mc_linear(const double *x, size_t n_rows, size_t d, const double *w, const double *b, size_t k,
               double *out)
{
    const weights by = {w, b, d, k, k, false};
    if (d >= SPARSE_FROM)
        wide_rows(x, n_rows, &by, out);
    else
        dense_rows(x, n_rows, &by, out);
}

WIDE_CLONES
static void linear_part(const double *x, size_t n_rows, const weights *by, double *out)
{
    if (by->d >= SPARSE_FROM)
        wide_rows(x, n_rows, by, out);
    else
        dense_rows(x, n_rows, by, out);
}

/* Does wide_rows() compute it without its zeros? */
static bool is_sparse(const double *x, size_t d)
{
    nonzeros row;
    return d >= SPARSE_FROM &&
           find_nonzeros(x, d, d / 8 < MOST_NONZEROS ? d / 8 : MOST_NONZEROS, &row);
}

void mc_linear_narrow(const double *x, size_t n_rows, const mc_narrow *w, const double *b, size_t k,
                      double *scratch, double *out)
{
    const size_t d = w->n_cols, tile = mc_narrow_tile(d);
    if (n_rows == 1 && !is_sparse(x, d) && mc_fused_narrow_row(x, w, b, k, out))
        return;
    for (size_t j = 0; j < k; j += tile) {
        const size_t n = k - j < tile ? k - j : tile;
        const weights by = {scratch, b + j, d, n, k, true};
        mc_widen(w, j, n, scratch);
        linear_part(x, n_rows, &by, out + j);
    }
}

void mc_sparse_linear(const double *x, size_t n_rows, size_t d, const mc_sparse_weights *w,
                      const double *b, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < w->k; j++) {
            const size_t first = w->indptr[j], n = w->indptr[j + 1] - first;
            out[i * w->k + j] =
                dot_at(x + i * d, d, w->columns + first, w->values + first, n) + b[j];
        }
    }
}

WIDE_CLONES
void mc_row_dot(const double *x, const double *y, size_t n_rows, size_t d, double *out)
{
    for (size_t i = 0; i < n_rows; i++)
        out[i] = dot(x + i * d, y + i * d, d);
}

static double norm_of(const double *row, size_t d, mc_norm norm, double least)
{
    const bool is_signed = norm == MC_NORM_SIGNED_MAX;
    double sum = 0.0, largest = is_signed && d > 0 ? row[0] : 0.0;
    for (size_t j = 0; j < d; j++) {
        const double size = is_signed ? row[j] : fabs(row[j]);
        sum += norm == MC_NORM_L2 ? row[j] * row[j] : size;
        largest = size > largest ? size : largest;
    }
    const double value = norm == MC_NORM_L1 ? sum : norm == MC_NORM_L2 ? sqrt(sum) : largest;
    return (value < least && !is_signed) || value == 0.0 ? 1.0 : value;
}

void mc_normalize(const double *x, size_t n_rows, size_t d, mc_norm norm, double least, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double by = norm_of(x + i * d, d, norm, least);
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = x[i * d + j] / by;
    }
}

void mc_row_share(const double *x, size_t n_rows, size_t d, mc_zero_rule rule, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < d; j++)
            sum += x[i * d + j];
        const bool by_rule = sum == 0.0 && rule != MC_ZERO_DIVIDES;
        const double instead = rule == MC_ZERO_UNIFORM ? 1.0 / (double)d : 0.0;
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = by_rule ? instead : x[i * d + j] / sum;
    }
}

void mc_softmax(const double *x, size_t n_rows, size_t d, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double *row = x + i * d;
        double largest = row[0], sum = 0.0;
        for (size_t j = 1; j < d; j++)
            largest = row[j] > largest ? row[j] : largest;
        for (size_t j = 0; j < d; j++) {
            out[i * d + j] = exp(row[j] - largest);
            sum += out[i * d + j];
        }
        for (size_t j = 0; j < d; j++)
            out[i * d + j] /= sum;
    }
}

void mc_argmax(const double *x, size_t n_rows, size_t d, int32_t *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double *row = x + i * d;
        size_t best = 0;
        for (size_t j = 1; j < d && !isnan(row[best]); j++)
            if (row[j] > row[best] || isnan(row[j]))
                best = j;
        out[i] = (int32_t)best;
    }
}
