/* distance_fused.c: squared euclidean distances of tiles, as the kernels of BLAS sum them.
 *
 * Oracle   sklearn/metrics/pairwise.py euclidean_distances, _argkmin: x.x - 2 x.y + y.y.
 * Exact    Within 8 d u (x.x + y.y); equal rows give 0. Up to MC_FUSED_COLUMNS columns each
 *          product is fused into its sum, from the first column to the last, with every instruction
 *          set: vectors stand across rows, never across columns. Up to 15 columns the bits are
 *          those of OpenBLAS on every x86-64 with FMA, up to 31 of most rows; measured against
 *          scikit-learn 1.2 to 1.9. */
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernel/distance.h"
#include "kernel/fused.h"
#include "kernel/linear.h"

#define FUSED_AT_ONCE 16u /* sums in registers: each is a chain, side by side they are vectors */
_Static_assert(MC_DISTANCE_TILE % FUSED_AT_ONCE == 0, "a tile is whole groups");

/* out (FUSED_AT_ONCE) = x @ columns, where row j of columns starts at columns + j * width: each
 * product fused into its sum, from the first column of x (d) to the last. */
typedef void fused_group_fn(const double *x, size_t d, const double *columns, size_t width,
                            double *out);

static void fused_group(const double *x, size_t d, const double *columns, size_t width, double *out)
{
    memset(out, 0, FUSED_AT_ONCE * sizeof *out);
    for (size_t j = 0; j < d; j++) {
        for (size_t i = 0; i < FUSED_AT_ONCE; i++) {
            const double y = columns[j * width + i]; /* NOLINT: fused_products() wrote them all */
            out[i] = fma(x[j], y, out[i]);           /* NOLINT */
        }
    }
}

/* The same in registers. The C library's fma() gives the same bits where there is no instruction.
 */
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void
fused_group_avx2(const double *x, size_t d, const double *columns, size_t width, double *out)
{
    __m256d a = _mm256_setzero_pd(), b = a, c = a, e = a;
    for (size_t j = 0; j < d; j++) {
        const __m256d value = _mm256_broadcast_sd(x + j);
        const double *row = columns + j * width;
        a = _mm256_fmadd_pd(value, _mm256_loadu_pd(row), a);
        b = _mm256_fmadd_pd(value, _mm256_loadu_pd(row + 4), b);
        c = _mm256_fmadd_pd(value, _mm256_loadu_pd(row + 8), c);
        e = _mm256_fmadd_pd(value, _mm256_loadu_pd(row + 12), e);
    }
    _mm256_storeu_pd(out, a);
    _mm256_storeu_pd(out + 4, b);
    _mm256_storeu_pd(out + 8, c);
    _mm256_storeu_pd(out + 12, e);
}
#endif

static fused_group_fn *fused_group_here(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return fused_group_avx2;
#endif
    return fused_group;
}

/* out (n_rows, n) = x.y for each row of x and of y (n <= MC_DISTANCE_TILE). */
__attribute__((noinline)) static void fused_products(const double *x, size_t n_rows, size_t d,
                                                     const double *y, size_t n, double *out)
{
    double turned[MC_FUSED_COLUMNS * MC_DISTANCE_TILE]; /* (d, n), padded to whole groups */
    double sums[FUSED_AT_ONCE];
    fused_group_fn *group = fused_group_here();
    const size_t width = (n + FUSED_AT_ONCE - 1) / FUSED_AT_ONCE * FUSED_AT_ONCE;
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j < d; j++)
            turned[j * width + i] = i < n ? y[i * d + j] : 0.0;
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t first = 0; first < n; first += FUSED_AT_ONCE) {
            const size_t wanted = n - first < FUSED_AT_ONCE ? n - first : FUSED_AT_ONCE;
            group(x + row * d, d, turned + first, width, sums);
            memcpy(out + row * n + first, sums, wanted * sizeof *sums);
        }
    }
}

static double fused_square(const double *x, size_t d)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum = fma(x[j], x[j], sum);
    return sum;
}

void mc_squared_norms(const double *x, size_t n, size_t d, double *out)
{
    if (d > MC_FUSED_COLUMNS) {
        mc_row_dot(x, x, n, d, out);
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = fused_square(x + i * d, d);
}

/* out (n_rows, n) of x.y becomes the distances. */
static void expand(const double *x_norms, size_t n_rows, const double *y_norms, size_t n,
                   double for_nan, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < n; j++) {
            const double square = x_norms[i] - 2.0 * out[i * n + j] + y_norms[j];
            const double least = isnan(square) ? for_nan : 0.0;
            out[i * n + j] = square > 0.0 ? square : least;
        }
    }
}

static const double ZEROS[MC_DISTANCE_TILE];

static void narrow_tile(const double *x, size_t n_rows, size_t d, const double *y, size_t n,
                        double for_nan, double *out)
{
    double norms[MC_DISTANCE_TILE], x_norms[MC_DISTANCE_TILE];
    mc_fused_norms(y, n, d, norms);
    mc_fused_linear(x, n_rows, d, y, ZEROS, n, n, out);
    for (size_t i = 0; i < n_rows; i += MC_DISTANCE_TILE) {
        const size_t rows = n_rows - i < MC_DISTANCE_TILE ? n_rows - i : MC_DISTANCE_TILE;
        mc_fused_norms(x + i * d, rows, d, x_norms);
        expand(x_norms, rows, norms, n, for_nan, out + i * n);
    }
}

void mc_sqeuclidean_tile(const double *x, size_t n_rows, size_t d, const double *y,
                         const double *y_norms, size_t n, double for_nan, double *out)
{
    MC_ASSERT(n <= MC_DISTANCE_TILE);
    if (y_norms == NULL) {
        narrow_tile(x, n_rows, d, y, n, for_nan, out);
        return;
    }
    if (d > MC_FUSED_COLUMNS)
        mc_linear(x, n_rows, d, y, ZEROS, n, out);
    else
        fused_products(x, n_rows, d, y, n, out);
    for (size_t i = 0; i < n_rows; i++) {
        double x_norm = 0.0;
        mc_squared_norms(x + i * d, 1, d, &x_norm);
        expand(&x_norm, 1, y_norms, n, for_nan, out + i * n);
    }
}
