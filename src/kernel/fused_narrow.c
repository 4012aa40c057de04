/* fused_narrow.c: one row against narrow matrices, which are widened in registers.
 *
 * Exact    The bits of widening first (narrow.c) and summing then (fused.c): the same values in the
 *          same order. So a row alone, which comes here, answers as it does in any batch.
 * Cost     One core of a Xeon with AVX-512: an MLP of 16,000 weights 2.4 us a row, where float64
 *          takes 2.1; against 1,500 support vectors of 50 columns 6 us and 4.
 * Why so   What is widened for one row is read once: writing it down costs more than the sums.
 *          Two rows or more share it, and batches are faster from there on. */
#include "kernel/fused_narrow.h"

#include <string.h>

#include "kernel/fused_registers.h"

#if defined(__x86_64__)
#define WIDTH ((size_t)8)
#define SIDE  MC_FUSED_SIDE
#define LANES MC_FUSED_LANES

/* Eight items, or those of a mask, which are all that is read; and as doubles, before scales. */
#define LOAD_f32(p)     _mm256_loadu_ps(p)
#define LOAD_f16(p)     _mm_loadu_si128((const void *)(p))
#define LOAD_bf16(p)    LOAD_f16(p)
#define LOAD_i8(p)      _mm_loadl_epi64((const void *)(p))
#define SOME_f32(m, p)  _mm256_maskz_loadu_ps(m, p)
#define SOME_f16(m, p)  _mm_maskz_loadu_epi16(m, p)
#define SOME_bf16(m, p) SOME_f16(m, p)
#define SOME_i8(m, p)   _mm_maskz_loadu_epi8(m, p)
#define WIDE_f32(v)     _mm512_cvtps_pd(v)
#define WIDE_f16(v)     _mm512_cvtps_pd(_mm256_cvtph_ps(v))
#define WIDE_bf16(v) \
    _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16)))
#define WIDE_i8(v)     _mm512_cvtepi32_pd(_mm256_cvtepi8_epi32(v))
#define EIGHT(FORM, p) WIDE_##FORM(LOAD_##FORM(p))

/* sums (SIDE) = x . w[c], w[c] times by[c]. */
#define DOTS(FORM, TYPE)                                                                    \
    WITH_AVX512 static void dots_##FORM(const double *x, size_t d, const void *const *rows, \
                                        const double *by, double *sums)                     \
    {                                                                                       \
        const TYPE *const w[SIDE] = {rows[0], rows[1], rows[2], rows[3]};                   \
        __m512d_u sum[SIDE], times[SIDE], v;                                                \
        size_t i = 0;                                                                       \
        UNROLLED (c, SIDE) {                                                                \
            sum[c] = _mm512_setzero_pd();                                                   \
            times[c] = _mm512_set1_pd(by[c]);                                               \
        }                                                                                   \
        for (; i + WIDTH <= d; i += WIDTH) {                                                \
            const __m512d a = _mm512_loadu_pd(x + i);                                       \
            UNROLLED (c, SIDE) {                                                            \
                v = _mm512_mul_pd(EIGHT(FORM, w[c] + i), times[c]);                         \
                sum[c] = _mm512_fmadd_pd(a, v, sum[c]);                                     \
            }                                                                               \
        }                                                                                   \
        const __mmask8 left = (__mmask8)((1u << (d - i)) - 1u);                             \
        const __m512d a = _mm512_maskz_loadu_pd(left, x + i);                               \
        UNROLLED (c, SIDE) {                                                                \
            v = _mm512_mul_pd(WIDE_##FORM(SOME_##FORM(left, w[c] + i)), times[c]);          \
            sum[c] = _mm512_mask3_fmadd_pd(a, v, sum[c], left);                             \
        }                                                                                   \
        _mm256_storeu_pd(sums, mc_sums_of_eights(sum));                                     \
        _mm256_zeroupper();                                                                 \
    }
DOTS(f32, float)
DOTS(f16, uint16_t)
DOTS(bf16, uint16_t)
DOTS(i8, int8_t)

static const size_t SIZES[MC_N_NARROW_FORMS] = {
    [MC_NARROW_F32] = 4, [MC_NARROW_F16] = 2, [MC_NARROW_BF16] = 2, [MC_NARROW_I8] = 1};

static double scale_of_row(const mc_narrow *w, size_t row)
{
    if (w->form == MC_NARROW_I8)
        return (double)((const float *)w->by)[row];
    return w->form == MC_NARROW_F16 ? w->power : 1.0;
}

/* Weight rows j .. j + SIDE; where fewer are left, the last one again. */
static void four_sums(const double *x, const mc_narrow *w, size_t j, size_t k, double *sums)
{
    double by[SIDE];
    const void *rows[SIDE];
    for (size_t c = 0; c < SIDE; c++) {
        const size_t row = j + c < k ? j + c : k - 1;
        by[c] = scale_of_row(w, row);
        rows[c] = (const uint8_t *)w->items + row * w->n_cols * SIZES[w->form];
    }
    if (w->form == MC_NARROW_F32)
        dots_f32(x, w->n_cols, rows, by, sums);
    else if (w->form == MC_NARROW_F16)
        dots_f16(x, w->n_cols, rows, by, sums);
    else if (w->form == MC_NARROW_BF16)
        dots_bf16(x, w->n_cols, rows, by, sums);
    else
        dots_i8(x, w->n_cols, rows, by, sums);
}

bool mc_fused_narrow_row(const double *x, const mc_narrow *w, const double *b, size_t k,
                         double *out)
{
    double sums[SIDE];
    if (!mc_fused_is_wide() || (w->form == MC_NARROW_I8 && w->scales != MC_SCALES_BY_ROW))
        return false;
    for (size_t j = 0; j < k; j += SIDE) {
        four_sums(x, w, j, k, sums);
        for (size_t c = 0; c < SIDE && j + c < k; c++)
            out[j + c] = sums[c] + b[j + c];
    }
    return true;
}

/* ---------------------------------------------------------------------------------- lanes ---- */

#define ADD_DOT(a, v, sum)    _mm512_fmadd_pd(a, v, sum)
#define ADD_SQUARE(a, v, sum) _mm512_fmadd_pd(_mm512_sub_pd(a, v), _mm512_sub_pd(a, v), sum)

/* Scales and offsets of the lines of a block; step 0: the same of all. */
typedef struct block_lines {
    const double *times, *more;
    size_t step;
} block_lines;

/* Two blocks (d, LANES), whose sums wait for none of each other; their lines k are times[k * step]
 * * item + more[k * step]. out (2, LANES). */
#define BLOCK(NAME, FORM, TYPE, ADD)                                                            \
    WITH_AVX512 static void block_##NAME##_##FORM(const double *x, size_t d, const void *first, \
                                                  const void *second, const block_lines *lines, \
                                                  double *out)                                  \
    {                                                                                           \
        const TYPE *at[4] = {first, (const TYPE *)first + 8, second, (const TYPE *)second + 8}; \
        __m512d_u sum[4], v;                                                                    \
        UNROLLED (j, 4)                                                                         \
            sum[j] = _mm512_setzero_pd();                                                       \
        for (size_t k = 0; k < d; k++) {                                                        \
            const __m512d a = _mm512_set1_pd(x[k]);                                             \
            const __m512d by = _mm512_set1_pd(lines->times[k * lines->step]);                   \
            const __m512d offset = _mm512_set1_pd(lines->more[k * lines->step]);                \
            UNROLLED (j, 4) {                                                                   \
                v = _mm512_add_pd(_mm512_mul_pd(EIGHT(FORM, at[j] + k * LANES), by), offset);   \
                sum[j] = ADD(a, v, sum[j]);                                                     \
            }                                                                                   \
        }                                                                                       \
        UNROLLED (j, 4)                                                                         \
            _mm512_storeu_pd(out + 8 * j, sum[j]);                                              \
        _mm256_zeroupper();                                                                     \
    }
BLOCK(dots, f32, float, ADD_DOT)
BLOCK(dots, f16, uint16_t, ADD_DOT)
BLOCK(dots, bf16, uint16_t, ADD_DOT)
BLOCK(dots, i8, int8_t, ADD_DOT)
BLOCK(squares, f32, float, ADD_SQUARE)
BLOCK(squares, f16, uint16_t, ADD_SQUARE)
BLOCK(squares, bf16, uint16_t, ADD_SQUARE)
BLOCK(squares, i8, int8_t, ADD_SQUARE)

typedef void block_fn(const double *x, size_t d, const void *first, const void *second,
                      const block_lines *lines, double *out);

static block_fn *block_of(mc_narrow_form form, bool squares)
{
    switch (form) {
    case MC_NARROW_F32:
        return squares ? block_squares_f32 : block_dots_f32;
    case MC_NARROW_F16:
        return squares ? block_squares_f16 : block_dots_f16;
    case MC_NARROW_BF16:
        return squares ? block_squares_bf16 : block_dots_bf16;
    case MC_NARROW_I8:
        return squares ? block_squares_i8 : block_dots_i8;
    case MC_NARROW_NOT:
    case MC_N_NARROW_FORMS:
        break;
    }
    return NULL;
}

bool mc_fused_narrow_lanes(bool squares, const double *x, size_t d, const mc_narrow *packed,
                           size_t n, double *out)
{
    static const double NOTHING = 0.0;
    block_fn *block = block_of(packed->form, squares);
    const bool by_line = packed->form == MC_NARROW_I8;
    if (block == NULL || !mc_fused_is_wide() ||
        (by_line && (packed->scales != MC_SCALES_BY_LINE || packed->n_lines != d)))
        return false;
    const double power = packed->form == MC_NARROW_F16 ? packed->power : 1.0;
    const double *times = by_line ? packed->by : &power;
    const block_lines lines = {times, by_line ? times + d : &NOTHING, by_line};
    const size_t size = d * LANES * SIZES[packed->form];
    const uint8_t *items = packed->items;
    double sums[2 * LANES];
    for (size_t j = 0; j < n; j += 2 * LANES, items += 2 * size) {
        const size_t lanes = n - j < 2 * LANES ? n - j : 2 * LANES;
        block(x, d, items, lanes > LANES ? items + size : items, &lines, sums);
        memcpy(out + j, sums, lanes * sizeof *out);
    }
    return true;
}
#else
bool mc_fused_narrow_row(const double *x, const mc_narrow *w, const double *b, size_t k,
                         double *out)
{
    (void)x, (void)w, (void)b, (void)k, (void)out;
    return false;
}

bool mc_fused_narrow_lanes(bool squares, const double *x, size_t d, const mc_narrow *packed,
                           size_t n, double *out)
{
    (void)squares, (void)x, (void)d, (void)packed, (void)n, (void)out;
    return false;
}
#endif
