/* fused.c: sums of fused products, in the widest registers there are.
 *
 * Oracle   The sums themselves: within d u (sum of |terms|), u = 2**-53, and of half the roundings
 *          of linear.c.
 * Exact    Dots: eight partial sums, lane l of the columns l, l + 8, ..., each product fused into
 *          its lane, then ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). Lanes of blocks: line by line.
 *          fma() is one rounding by definition, so registers of 512 and 256 bits and the C library
 *          give the same bits.
 * Cost     Squares of 4 x 4 sums of 64 columns in the first cache, GFLOP/s of two a product, one
 *          core of a Xeon: AVX-512 55, AVX2 41, where linear.c has 30. Without FMA (processors
 *          before 2013) the C library computes each product on its own: tens of times slower.
 * Why so   float64 models sum as linear.c does for good: their answers never change. Narrow ones
 *          have been rounded anyway, and must not be slower for having to be widened. */
#include "kernel/fused.h"

#include "kernel/fused_registers.h"
#include <math.h>
#include <string.h>

#define WIDTH ((size_t)8) /* partial sums of a dot */
#define SIDE  MC_FUSED_SIDE
#define LANES MC_FUSED_LANES

/* ------------------------------------------------------------------------------ plain C ---- */

static double sum_of(const double *lane)
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static void plain_dots(const double *const *x, size_t n, const double *const *y, size_t d,
                       double *sums)
{
    for (size_t r = 0; r < n; r++) {
        for (size_t c = 0; c < SIDE; c++) {
            double lane[WIDTH] = {0};
            for (size_t i = 0; i < d; i++)
                lane[i % WIDTH] = fma(x[r][i], y[c][i], lane[i % WIDTH]);
            sums[r * SIDE + c] = sum_of(lane);
        }
    }
}

static void plain_squares(const double *const *x, size_t d, double *sums)
{
    for (size_t r = 0; r < SIDE; r++) {
        double lane[WIDTH] = {0};
        for (size_t i = 0; i < d; i++)
            lane[i % WIDTH] = fma(x[r][i], x[r][i], lane[i % WIDTH]);
        sums[r] = sum_of(lane);
    }
}

static void plain_lane_dots(const double *x, size_t n, size_t d, const double *block, double *out)
{
    memset(out, 0, n * LANES * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < d; k++) {
            for (size_t j = 0; j < LANES; j++)
                out[i * LANES + j] = fma(x[i * d + k], block[k * LANES + j], out[i * LANES + j]);
        }
    }
}

static void plain_lane_squares(const double *x, size_t n, size_t d, const double *block,
                               double *out)
{
    memset(out, 0, n * LANES * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < d; k++) {
            for (size_t j = 0; j < LANES; j++) {
                const double apart = x[i * d + k] - block[k * LANES + j];
                out[i * LANES + j] = fma(apart, apart, out[i * LANES + j]);
            }
        }
    }
}

#if defined(__x86_64__)
/* --------------------------------------------------------------------------------- AVX2 ---- */

/* The lanes of a last group of `left` columns, which are read, and the others, which stay. */
WITH_FMA static INLINE __m256i those_left(size_t left, size_t from)
{
    static const int64_t MASK[2 * WIDTH] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const void *)(MASK + WIDTH - left + from));
}

WITH_FMA static INLINE __m256d add_some(__m256d sum, const double *x, const double *y, __m256i mask)
{
    const __m256d product =
        _mm256_fmadd_pd(_mm256_maskload_pd(x, mask), _mm256_maskload_pd(y, mask), sum);
    return _mm256_blendv_pd(sum, product, _mm256_castsi256_pd(mask));
}

WITH_FMA static INLINE void fma_row(const double *x, const double *const *y, size_t d, double *sums)
{
    const double *y0 = y[0], *y1 = y[1], *y2 = y[2], *y3 = y[3];
    __m256d low[SIDE], high[SIDE];
    size_t i = 0;
    UNROLLED (c, SIDE)
        low[c] = high[c] = _mm256_setzero_pd();
    for (; i + WIDTH <= d; i += WIDTH) {
        const __m256d a = _mm256_loadu_pd(x + i), b = _mm256_loadu_pd(x + i + 4);
        low[0] = _mm256_fmadd_pd(a, _mm256_loadu_pd(y0 + i), low[0]);
        high[0] = _mm256_fmadd_pd(b, _mm256_loadu_pd(y0 + i + 4), high[0]);
        low[1] = _mm256_fmadd_pd(a, _mm256_loadu_pd(y1 + i), low[1]);
        high[1] = _mm256_fmadd_pd(b, _mm256_loadu_pd(y1 + i + 4), high[1]);
        low[2] = _mm256_fmadd_pd(a, _mm256_loadu_pd(y2 + i), low[2]);
        high[2] = _mm256_fmadd_pd(b, _mm256_loadu_pd(y2 + i + 4), high[2]);
        low[3] = _mm256_fmadd_pd(a, _mm256_loadu_pd(y3 + i), low[3]);
        high[3] = _mm256_fmadd_pd(b, _mm256_loadu_pd(y3 + i + 4), high[3]);
    }
    const __m256i left = those_left(d - i, 0), more = those_left(d - i, 4);
    UNROLLED (c, SIDE) {
        if (i < d) {
            low[c] = add_some(low[c], x + i, y[c] + i, left);
            high[c] = add_some(high[c], x + i + 4, y[c] + i + 4, more);
        }
        low[c] = _mm256_add_pd(low[c], high[c]);
    }
    _mm256_storeu_pd(sums, mc_sums_of_fours(low));
}

WITH_FMA static void fma_dots(const double *const *x, size_t n, const double *const *y, size_t d,
                              double *sums)
{
    for (size_t r = 0; r < n; r++)
        fma_row(x[r], y, d, sums + r * SIDE);
    _mm256_zeroupper(); /* SSE code runs slowly behind what is left there */
}

WITH_FMA static void fma_squares(const double *const *x, size_t d, double *sums)
{
    __m256d four[SIDE];
    UNROLLED (r, SIDE) {
        __m256d low = _mm256_setzero_pd(), high = low;
        size_t i = 0;
        for (; i + WIDTH <= d; i += WIDTH) {
            const __m256d a = _mm256_loadu_pd(x[r] + i), b = _mm256_loadu_pd(x[r] + i + 4);
            low = _mm256_fmadd_pd(a, a, low);
            high = _mm256_fmadd_pd(b, b, high);
        }
        if (i < d) {
            low = add_some(low, x[r] + i, x[r] + i, those_left(d - i, 0));
            high = add_some(high, x[r] + i + 4, x[r] + i + 4, those_left(d - i, 4));
        }
        four[r] = _mm256_add_pd(low, high);
    }
    _mm256_storeu_pd(sums, mc_sums_of_fours(four));
    _mm256_zeroupper();
}

/* TERM(a, b, sum): a is a value of the row, as often as there is room. */
#define FMA_LANES(NAME, TERM)                                                                      \
    WITH_FMA static void fma_lane_##NAME(const double *x, size_t n, size_t d, const double *block, \
                                         double *out)                                              \
    {                                                                                              \
        for (; n > 0; n--, x += d, out += LANES) {                                                 \
            __m256d sum[4];                                                                        \
            UNROLLED (j, 4)                                                                        \
                sum[j] = _mm256_setzero_pd();                                                      \
            for (size_t k = 0; k < d; k++) {                                                       \
                const __m256d a = _mm256_broadcast_sd(x + k);                                      \
                UNROLLED (j, 4)                                                                    \
                    sum[j] = TERM(a, _mm256_loadu_pd(block + k * LANES + 4 * j), sum[j]);          \
            }                                                                                      \
            UNROLLED (j, 4)                                                                        \
                _mm256_storeu_pd(out + 4 * j, sum[j]);                                             \
        }                                                                                          \
        _mm256_zeroupper();                                                                        \
    }
#define SQUARE_256(a, b, sum) _mm256_fmadd_pd(_mm256_sub_pd(a, b), _mm256_sub_pd(a, b), sum)
FMA_LANES(dots, _mm256_fmadd_pd)
FMA_LANES(squares, SQUARE_256)

/* ------------------------------------------------------------------------------- AVX-512 ---- */

WITH_AVX512 static INLINE void avx512_row(const double *x, const double *const *y, size_t d,
                                          double *sums)
{
    __m512d_u sum[SIDE];
    size_t i = 0;
    UNROLLED (c, SIDE)
        sum[c] = _mm512_setzero_pd();
    for (; i + WIDTH <= d; i += WIDTH) {
        const __m512d a = _mm512_loadu_pd(x + i);
        UNROLLED (c, SIDE)
            sum[c] = _mm512_fmadd_pd(a, _mm512_loadu_pd(y[c] + i), sum[c]);
    }
    const __mmask8 left = (__mmask8)((1u << (d - i)) - 1u);
    const __m512d a = _mm512_maskz_loadu_pd(left, x + i);
    UNROLLED (c, SIDE) {
        sum[c] = _mm512_mask3_fmadd_pd(a, _mm512_maskz_loadu_pd(left, y[c] + i), sum[c], left);
    }
    _mm256_storeu_pd(sums, mc_sums_of_eights(sum));
}

WITH_AVX512 static INLINE void avx512_square(const double *const *x, const double *const *y,
                                             size_t d, double *sums)
{
    __m512d_u sum[SIDE][SIDE], b[SIDE];
    size_t i = 0;
    UNROLLED (r, SIDE)
        UNROLLED (c, SIDE)
            sum[r][c] = _mm512_setzero_pd();
    for (; i + WIDTH <= d; i += WIDTH) {
        UNROLLED (c, SIDE)
            b[c] = _mm512_loadu_pd(y[c] + i);
        UNROLLED (r, SIDE) {
            const __m512d a = _mm512_loadu_pd(x[r] + i);
            UNROLLED (c, SIDE)
                sum[r][c] = _mm512_fmadd_pd(a, b[c], sum[r][c]);
        }
    }
    const __mmask8 left = (__mmask8)((1u << (d - i)) - 1u);
    UNROLLED (c, SIDE)
        b[c] = _mm512_maskz_loadu_pd(left, y[c] + i);
    UNROLLED (r, SIDE) {
        const __m512d a = _mm512_maskz_loadu_pd(left, x[r] + i);
        UNROLLED (c, SIDE)
            sum[r][c] = _mm512_mask3_fmadd_pd(a, b[c], sum[r][c], left);
        _mm256_storeu_pd(sums + r * SIDE, mc_sums_of_eights(sum[r]));
    }
}

WITH_AVX512 static void avx512_dots(const double *const *x, size_t n, const double *const *y,
                                    size_t d, double *sums)
{
    if (n == SIDE)
        avx512_square(x, y, d, sums);
    else
        avx512_row(x[0], y, d, sums);
    _mm256_zeroupper();
}

WITH_AVX512 static void avx512_squares(const double *const *x, size_t d, double *sums)
{
    __m512d_u sum[SIDE];
    size_t i = 0;
    UNROLLED (r, SIDE)
        sum[r] = _mm512_setzero_pd();
    for (; i + WIDTH <= d; i += WIDTH) {
        UNROLLED (r, SIDE) {
            const __m512d a = _mm512_loadu_pd(x[r] + i);
            sum[r] = _mm512_fmadd_pd(a, a, sum[r]);
        }
    }
    const __mmask8 left = (__mmask8)((1u << (d - i)) - 1u);
    UNROLLED (r, SIDE) {
        const __m512d a = _mm512_maskz_loadu_pd(left, x[r] + i);
        sum[r] = _mm512_mask3_fmadd_pd(a, a, sum[r], left);
    }
    _mm256_storeu_pd(sums, mc_sums_of_eights(sum));
    _mm256_zeroupper();
}

/* Four rows at a time, whose sums wait for none of each other. */
#define AVX512_LANES(NAME, TERM)                                                            \
    WITH_AVX512 static void avx512_lane_##NAME(const double *x, size_t n, size_t d,         \
                                               const double *block, double *out)            \
    {                                                                                       \
        for (; n >= SIDE; n -= SIDE, x += SIDE * d, out += SIDE * LANES) {                  \
            __m512d_u low[SIDE], high[SIDE];                                                \
            UNROLLED (r, SIDE)                                                              \
                low[r] = high[r] = _mm512_setzero_pd();                                     \
            for (size_t k = 0; k < d; k++) {                                                \
                const __m512d left = _mm512_loadu_pd(block + k * LANES);                    \
                const __m512d right = _mm512_loadu_pd(block + k * LANES + 8);               \
                UNROLLED (r, SIDE) {                                                        \
                    const __m512d a = _mm512_set1_pd(x[r * d + k]);                         \
                    low[r] = TERM(a, left, low[r]);                                         \
                    high[r] = TERM(a, right, high[r]);                                      \
                }                                                                           \
            }                                                                               \
            UNROLLED (r, SIDE) {                                                            \
                _mm512_storeu_pd(out + r * LANES, low[r]);                                  \
                _mm512_storeu_pd(out + r * LANES + 8, high[r]);                             \
            }                                                                               \
        }                                                                                   \
        fma_lane_##NAME(x, n, d, block, out); /* and nothing is left in the upper halves */ \
    }
#define SQUARE_512(a, b, sum) _mm512_fmadd_pd(_mm512_sub_pd(a, b), _mm512_sub_pd(a, b), sum)
AVX512_LANES(dots, _mm512_fmadd_pd)
AVX512_LANES(squares, SQUARE_512)
#endif

/* --------------------------------------------------------------------------------- which ---- */

static const mc_fused SETS[] = {
    {plain_dots, plain_squares, plain_lane_dots, plain_lane_squares},
#if defined(__x86_64__)
    {fma_dots, fma_squares, fma_lane_dots, fma_lane_squares},
    {avx512_dots, avx512_squares, avx512_lane_dots, avx512_lane_squares},
#endif
};

static size_t n_sets(void)
{
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 1;
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    return wide ? 3 : 2;
#else
    return 1;
#endif
}

const mc_fused *mc_fused_at(size_t i)
{
    return i < n_sets() ? &SETS[i] : NULL;
}

bool mc_fused_is_wide(void)
{
    return n_sets() == 3;
}

const mc_fused *mc_fused_here(void)
{
    return &SETS[n_sets() - 1];
}

/* ------------------------------------------------------------------------------ matrices ---- */

/* Rows of a matrix from `first` on; where fewer are left, the last one again. */
static void rows_from(const double *items, size_t first, size_t n, size_t d, const double **rows)
{
    for (size_t i = 0; i < SIDE; i++)
        rows[i] = items + (first + i < n ? first + i : n - 1) * d;
}

/* Outputs that are left over take rows in fours, so that what is computed twice is little. */
static void last_outputs(const mc_fused *by, const double *x, size_t n_rows, size_t d,
                         const double *w, const double *b, size_t stride, double *out)
{
    double sums[SIDE];
    const double *rows[SIDE];
    for (size_t i = 0; i < n_rows; i += SIDE) {
        rows_from(x, i, n_rows, d, rows);
        by->dots(&w, 1, rows, d, sums);
        for (size_t r = 0; r < SIDE && i + r < n_rows; r++)
            out[(i + r) * stride] = sums[r] + *b;
    }
}

void mc_fused_linear(const double *x, size_t n_rows, size_t d, const double *w, const double *b,
                     size_t k, size_t stride, double *out)
{
    const mc_fused *by = mc_fused_here();
    double sums[SIDE * SIDE];
    const double *rows[SIDE], *outputs[SIDE];
    size_t j = 0;
    for (; j + SIDE <= k || (n_rows == 1 && j < k); j += SIDE) {
        rows_from(w, j, k, d, outputs);
        for (size_t i = 0; i < n_rows;) {
            const size_t n = n_rows - i < SIDE ? 1 : SIDE;
            rows_from(x, i, n_rows, d, rows);
            by->dots(rows, n, outputs, d, sums);
            for (size_t r = 0; r < n; r++, i++)
                for (size_t c = 0; c < SIDE && j + c < k; c++)
                    out[i * stride + j + c] = sums[r * SIDE + c] + b[j + c];
        }
    }
    for (; j < k; j++)
        last_outputs(by, x, n_rows, d, w + j * d, b + j, stride, out + j);
}

void mc_fused_norms(const double *x, size_t n, size_t d, double *out)
{
    const mc_fused *by = mc_fused_here();
    double sums[SIDE];
    const double *rows[SIDE];
    for (size_t i = 0; i < n; i += SIDE) {
        rows_from(x, i, n, d, rows);
        by->squares(rows, d, sums);
        memcpy(out + i, sums, (n - i < SIDE ? n - i : SIDE) * sizeof *sums);
    }
}
