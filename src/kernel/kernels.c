/* kernels.c: sums over pairs of rows.
 *
 * Oracle   sklearn/metrics/pairwise.py and _pairwise_fast.pyx (euclidean_distances,
 *          additive_chi2), scipy's cdist (sqeuclidean, cityblock), svm/src/libsvm/svm.cpp
 *          (k_function).
 * Exact    Each sum runs over the columns from left to right, in every lane and for every batch.
 *          SQUARES, ABSOLUTE, CHI2 are so in scipy, in Cython and in libsvm on sparse rows: bit
 *          for bit. DOT and EXPANDED, and SQUARES against libsvm on dense rows, are BLAS there:
 *          within 2 d u (sum of |terms|), u = 2**-53; for EXPANDED the terms are |x|^2 + 2 |x.y|
 *          + |y|^2. mc_center_kernel: sums left to right, numpy in pairs: 2 n u (sum of
 *          |terms|).
 * Cost     O(n d) a row. A model of 1,700 support vectors by 50 columns, on a busy core at AVX2,
 *          ns a support vector and row with all that follows: rbf 25, poly 20, linear 9;
 *          scikit-learn's libsvm 130, 21 and 25 in batches of 256, and 100 to 140 for a row on
 *          its own.
 * Why so   Lanes are training rows, so a pair's sum needs no reassociation to be vectorized. */
#include "kernel/kernels.h"

#include <math.h>
#include <string.h>

#include "kernel/fused_narrow.h"

/* As in linear.c: no fused multiply-add, so every clone gives the same bits. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_CLONES
#endif

typedef double quad __attribute__((vector_size(32)));
typedef int64_t quad_bits __attribute__((vector_size(32)));
typedef double loose_quad __attribute__((vector_size(32), aligned(8), may_alias));

#define LOAD(x)     (*(const loose_quad *)(x))
#define SIZE_OF(x)  ((quad)((quad_bits)(x)&INT64_MAX))
#define WHERE(c, x) ((quad)((quad_bits)(x) & (c)))

static double dot_of(const double *x, const double *y, size_t d)
{
    double sum = 0.0;
    for (size_t k = 0; k < d; k++)
        sum += x[k] * y[k];
    return sum;
}

void mc_pair_pack(mc_pair_sum which, const double *rows, size_t n, size_t d, double *out)
{
    const size_t height = mc_pair_height(which, d);
    memset(out, 0, mc_pair_blocks(n) * height * MC_PAIR_LANES * sizeof *out);
    for (size_t j = 0; j < n; j++) {
        double *lane = out + j / MC_PAIR_LANES * height * MC_PAIR_LANES + j % MC_PAIR_LANES;
        for (size_t k = 0; k < d; k++)
            lane[k * MC_PAIR_LANES] = rows[j * d + k];
        if (height > d)
            lane[d * MC_PAIR_LANES] = dot_of(rows + j * d, rows + j * d, d);
    }
}

typedef struct pairs {
    const double *x, *packed; /* borrowed */
    size_t n_rows, d, n, height;
    double *out;
} pairs;

/* One row with one block; TERM is of the quads a (the row's value, four times) and b. A block is
 * read by all rows while it is in the first cache. */
#define PAIR_LOOP(NAME, TERM)                                                        \
    WIDE_CLONES static void sums_##NAME(const pairs *p)                              \
    {                                                                                \
        const quad zero = {0};                                                       \
        const double *block = p->packed;                                             \
        (void)zero;                                                                  \
        for (size_t j = 0; j < p->n; j += MC_PAIR_LANES) {                           \
            const size_t left = p->n - j < MC_PAIR_LANES ? p->n - j : MC_PAIR_LANES; \
            for (size_t i = 0; i < p->n_rows; i++) {                                 \
                const double *row = p->x + i * p->d, *at = block;                    \
                quad sum[4] = {{0}, {0}, {0}, {0}};                                  \
                for (size_t k = 0; k < p->d; k++, at += MC_PAIR_LANES) {             \
                    const quad a = {row[k], row[k], row[k], row[k]};                 \
                    quad b = LOAD(at);                                               \
                    sum[0] += (TERM);                                                \
                    b = LOAD(at + 4);                                                \
                    sum[1] += (TERM);                                                \
                    b = LOAD(at + 8);                                                \
                    sum[2] += (TERM);                                                \
                    b = LOAD(at + 12);                                               \
                    sum[3] += (TERM);                                                \
                }                                                                    \
                memcpy(p->out + i * p->n + j, sum, left * sizeof(double));           \
            }                                                                        \
            block += p->height * MC_PAIR_LANES;                                      \
        }                                                                            \
    }
PAIR_LOOP(dot, a *b)
PAIR_LOOP(squares, (a - b) * (a - b))
PAIR_LOOP(absolute, SIZE_OF(a - b))
PAIR_LOOP(chi2, WHERE(a + b != zero, (a - b) * (a - b) / (a + b)))

/* |x|^2 - 2 x.y + |y|^2 of what is x.y so far. */
static double expanded(double dot, double x_square, double y_square)
{
    const double sum = (-2.0 * dot + x_square) + y_square;
    return sum < 0.0 ? 0.0 : sum;
}

static void expand(const pairs *p)
{
    for (size_t i = 0; i < p->n_rows; i++) {
        const double square = dot_of(p->x + i * p->d, p->x + i * p->d, p->d);
        double *out = p->out + i * p->n;
        for (size_t j = 0; j < p->n; j++) {
            const double *block = p->packed + j / MC_PAIR_LANES * p->height * MC_PAIR_LANES;
            out[j] = expanded(out[j], square, block[p->d * MC_PAIR_LANES + j % MC_PAIR_LANES]);
        }
    }
}

void mc_pair_sums(mc_pair_sum which, const double *x, size_t n_rows, size_t d, const double *packed,
                  size_t n, double *out)
{
    const pairs p = {x, packed, n_rows, d, n, mc_pair_height(which, d), out};
    if (which == MC_PAIR_SQUARES) {
        sums_squares(&p);
    } else if (which == MC_PAIR_ABSOLUTE) {
        sums_absolute(&p);
    } else if (which == MC_PAIR_CHI2) {
        sums_chi2(&p);
        for (size_t i = 0; i < n_rows * n; i++)
            out[i] = -out[i];
    } else {
        sums_dot(&p);
        if (which == MC_PAIR_EXPANDED)
            expand(&p);
    }
}

/* The line of |y|^2 behind a block, as mc_pair_pack() sums it. */
static void add_squares(double *block, size_t d)
{
    double *line = block + d * MC_PAIR_LANES;
    memset(line, 0, MC_PAIR_LANES * sizeof *line);
    for (size_t k = 0; k < d; k++)
        for (size_t i = 0; i < MC_PAIR_LANES; i++)
            line[i] += block[k * MC_PAIR_LANES + i] * block[k * MC_PAIR_LANES + i];
}

_Static_assert(MC_PAIR_LANES == MC_FUSED_LANES, "a block is one of fused.h");

/* Dots and squares: no step asks for a square of the row that must go with them. */
static void fused_sums(mc_pair_sum which, const double *x, size_t n_rows, size_t d,
                       const mc_narrow *packed, size_t n, double *scratch, double *out)
{
    const mc_fused *by = mc_fused_here();
    double *sums = scratch + (d + 1) * MC_PAIR_LANES;
    if (n_rows == 1 && mc_fused_narrow_lanes(which == MC_PAIR_SQUARES, x, d, packed, n, out))
        return;
    for (size_t j = 0; j < n; j += MC_PAIR_LANES) {
        const size_t lanes = n - j < MC_PAIR_LANES ? n - j : MC_PAIR_LANES;
        mc_widen(packed, j / MC_PAIR_LANES * d, d, scratch);
        (which == MC_PAIR_DOT ? by->lane_dots : by->lane_squares)(x, n_rows, d, scratch, sums);
        for (size_t i = 0; i < n_rows; i++)
            memcpy(out + i * n + j, sums + i * MC_PAIR_LANES, lanes * sizeof *out);
    }
}

void mc_pair_sums_narrow(mc_pair_sum which, const double *x, size_t n_rows, size_t d,
                         const mc_narrow *packed, size_t n, double *scratch, double *out)
{
    double *sums = scratch + (d + 1) * MC_PAIR_LANES;
    if (which == MC_PAIR_DOT || which == MC_PAIR_SQUARES) {
        fused_sums(which, x, n_rows, d, packed, n, scratch, out);
        return;
    }
    for (size_t j = 0; j < n; j += MC_PAIR_LANES) {
        const size_t lanes = n - j < MC_PAIR_LANES ? n - j : MC_PAIR_LANES;
        mc_widen(packed, j / MC_PAIR_LANES * d, d, scratch);
        if (which == MC_PAIR_EXPANDED)
            add_squares(scratch, d);
        mc_pair_sums(which, x, n_rows, d, scratch, lanes, n_rows == 1 ? out + j : sums);
        for (size_t i = 0; n_rows > 1 && i < n_rows; i++)
            memcpy(out + i * n + j, sums + i * lanes, lanes * sizeof *out);
    }
}

double mc_pair_sum_of(mc_pair_sum which, const double *x, const double *y, size_t d)
{
    double sum = 0.0;
    if (which == MC_PAIR_DOT)
        return dot_of(x, y, d);
    if (which == MC_PAIR_EXPANDED)
        return expanded(dot_of(x, y, d), dot_of(x, x, d), dot_of(y, y, d));
    for (size_t k = 0; k < d; k++) {
        const double apart = x[k] - y[k], both = x[k] + y[k];
        if (which == MC_PAIR_SQUARES)
            sum += apart * apart;
        else if (which == MC_PAIR_ABSOLUTE)
            sum += fabs(apart);
        else if (both != 0.0)
            sum += apart * apart / both;
    }
    return which == MC_PAIR_CHI2 ? -sum : sum;
}

void mc_center_kernel(const double *k, size_t n_rows, size_t n, const double *columns, double all,
                      double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < n; j++)
            sum += k[i * n + j];
        const double mean = sum / (double)n;
        for (size_t j = 0; j < n; j++)
            out[i * n + j] = ((k[i * n + j] - columns[j]) - mean) + all;
    }
}
