/* narrow.c: doubles in fewer bits.
 *
 * Oracle   IEEE 754 for binary16 and binary32, rounding to nearest, ties to even; bfloat16 as the
 *          upper half of binary32, rounded the same way (numpy.float16 and ml_dtypes.bfloat16 give
 *          the same bits).
 * Exact    Widening is exact for F32, F16 and BF16; for I8 it is two roundings, of q * scale and
 *          of the sum with the offset, in every path. Rounding is from the double itself, not by
 *          way of a float, which would round twice.
 * Cost     Widening, AVX2, one core, out of the first cache: about 1 ns a quad of doubles.
 * Why so   AVX-512, AVX2 and F16C are asked for when they run, so that one program serves every
 *          x86-64; elsewhere plain C gives the same bits. */
#include "kernel/narrow.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define WITH_AVX2 __attribute__((target("avx2,f16c")))
#endif

#define TILE_DOUBLES 2048u /* 16 KiB: with bytes and sums in the first cache */
#define LEAST_TILE   16u
#define MOST_TILE    64u
#define WIDE         2048u /* columns: there scratch grows with them, and tiles are small */

size_t mc_narrow_tile(size_t n_cols)
{
    const size_t rows = n_cols == 0 ? MOST_TILE : TILE_DOUBLES / n_cols;
    const size_t least = n_cols > WIDE ? 4 : LEAST_TILE;
    return rows < least ? least : rows > MOST_TILE ? MOST_TILE : rows / 4 * 4;
}

/* ----------------------------------------------------------------------------- one value ---- */

/* The bits of the float with `bits` bits behind the point and this exponent bias. */
static uint32_t narrow_float(double value, unsigned bits, int bias)
{
    const double size = fabs(value);
    const int least = 1 - bias; /* exponent of the smallest normal number */
    const uint32_t infinity = (2u * (uint32_t)bias + 1u) << bits;
    const uint32_t sign = signbit(value) ? infinity + (1u << bits) : 0;
    int exponent = 0;
    if (isnan(value))
        return sign | infinity | 1u << (bits - 1);
    if (isinf(value))
        return sign | infinity;
    if (size < ldexp(1.0, least)) /* a carry makes the smallest normal number: its bits follow */
        return sign | (uint32_t)rint(ldexp(size, (int)bits - least));
    const double fraction = frexp(size, &exponent); /* in [0.5, 1) */
    if (exponent - 1 > bias)
        return sign | infinity;
    const uint32_t rounded = (uint32_t)rint(ldexp(fraction, (int)bits + 1));
    const uint32_t found = ((uint32_t)(exponent - 1 + bias) << bits) + rounded - (1u << bits);
    return sign | (found > infinity ? infinity : found);
}

uint16_t mc_narrow_f16(double value)
{
    return (uint16_t)narrow_float(value, 10, 15);
}

uint16_t mc_narrow_bf16(double value)
{
    return (uint16_t)narrow_float(value, 7, 127);
}

int8_t mc_narrow_i8(double value, double scale, double offset)
{
    if (scale == 0.0)
        return 0;
    const double q = rint((value - offset) / scale);
    return (int8_t)(q < -128.0 ? -128.0 : q > 127.0 ? 127.0 : q);
}

/* ----------------------------------------------------------------------------- many values ---- */

static void widen_f32(const float *items, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (double)items[i];
}

static void plain_f16(const uint16_t *items, size_t n, double power, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = mc_widen_f16(items[i]) * power;
}

static void plain_bf16(const uint16_t *items, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = mc_widen_bf16(items[i]);
}

/* `step` 0: one scale and one offset for all. */
static void plain_i8(const int8_t *items, size_t n, const double *scales, const double *offsets,
                     size_t step, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (double)items[i] * scales[i * step] + offsets[i * step];
}

#if defined(__x86_64__)
/* Asked once: the instruction is slow in virtual machines. clang 14 knows no "f16c" in
 * __builtin_cpu_supports(). */
static bool ask_f16c(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

static bool has_avx2(void)
{
    static _Atomic int known; /* relaxed: whoever asks gets the same. 0: not yet; 1: no; 2: yes */
    int f16c = atomic_load_explicit(&known, memory_order_relaxed);
    if (f16c == 0) {
        f16c = ask_f16c() ? 2 : 1;
        atomic_store_explicit(&known, f16c, memory_order_relaxed);
    }
    return f16c == 2 && __builtin_cpu_supports("avx2");
}

WITH_AVX2 static void avx2_f16(const uint16_t *items, size_t n, double power, double *out)
{
    const __m256d by = _mm256_set1_pd(power);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 wide = _mm256_cvtph_ps(_mm_loadu_si128((const void *)(items + i)));
        const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(wide));
        const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(wide, 1));
        _mm256_storeu_pd(out + i, _mm256_mul_pd(low, by));
        _mm256_storeu_pd(out + i + 4, _mm256_mul_pd(high, by));
    }
    for (; i + 4 <= n; i += 4) {
        const __m128 wide = _mm_cvtph_ps(_mm_loadl_epi64((const void *)(items + i)));
        _mm256_storeu_pd(out + i, _mm256_mul_pd(_mm256_cvtps_pd(wide), by));
    }
    _mm256_zeroupper(); /* SSE code runs slowly behind what is left there */
    plain_f16(items + i, n - i, power, out + i);
}

WITH_AVX2 static void avx2_bf16(const uint16_t *items, size_t n, double *out)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)(items + i)));
        const __m256 wide = _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
        _mm256_storeu_pd(out + i, _mm256_cvtps_pd(_mm256_castps256_ps128(wide)));
        _mm256_storeu_pd(out + i + 4, _mm256_cvtps_pd(_mm256_extractf128_ps(wide, 1)));
    }
    for (; i + 4 <= n; i += 4) {
        const __m128i bits = _mm_cvtepu16_epi32(_mm_loadl_epi64((const void *)(items + i)));
        const __m128 wide = _mm_castsi128_ps(_mm_slli_epi32(bits, 16));
        _mm256_storeu_pd(out + i, _mm256_cvtps_pd(wide));
    }
    _mm256_zeroupper(); /* SSE code runs slowly behind what is left there */
    plain_bf16(items + i, n - i, out + i);
}

WITH_AVX2 static void avx2_f32(const float *items, size_t n, double *out)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        _mm256_storeu_pd(out + i, _mm256_cvtps_pd(_mm_loadu_ps(items + i)));
    _mm256_zeroupper(); /* SSE code runs slowly behind what is left there */
    widen_f32(items + i, n - i, out + i);
}

WITH_AVX2 static __m256d four_of(const int8_t *items)
{
    int32_t four = 0;
    memcpy(&four, items, sizeof four);
    return _mm256_cvtepi32_pd(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(four)));
}

WITH_AVX2 static void avx2_i8(const int8_t *items, size_t n, const double *scales,
                              const double *offsets, size_t step, double *out)
{
    const __m256d scale = _mm256_set1_pd(scales[0]), offset = _mm256_set1_pd(offsets[0]);
    size_t i = 0;
    for (; step == 0 && i + 4 <= n; i += 4)
        _mm256_storeu_pd(out + i, _mm256_add_pd(_mm256_mul_pd(four_of(items + i), scale), offset));
    for (; step != 0 && i + 4 <= n; i += 4) {
        const __m256d product = _mm256_mul_pd(four_of(items + i), _mm256_loadu_pd(scales + i));
        _mm256_storeu_pd(out + i, _mm256_add_pd(product, _mm256_loadu_pd(offsets + i)));
    }
    _mm256_zeroupper(); /* SSE code runs slowly behind what is left there */
    plain_i8(items + i, n - i, scales + i * step, offsets + i * step, step, out + i);
}
/* Rows `first` .. + n of MC_SCALES_BY_LINE, whose rows are short: whole fours. */
WITH_AVX2 static void avx2_lines(const mc_narrow *from, size_t first, size_t n, double *out)
{
    const double *scales = from->by, *offsets = scales + from->n_lines;
    const int8_t *items = (const int8_t *)from->items + first * from->n_cols;
    size_t line = first % from->n_lines;
    for (size_t i = 0; i < n; i++) {
        const __m256d scale = _mm256_set1_pd(scales[line]), offset = _mm256_set1_pd(offsets[line]);
        for (size_t j = 0; j < from->n_cols; j += 4, items += 4, out += 4)
            _mm256_storeu_pd(out, _mm256_add_pd(_mm256_mul_pd(four_of(items), scale), offset));
        line = line + 1 == from->n_lines ? 0 : line + 1;
    }
    _mm256_zeroupper();
}

/* Bytes eight at a time; the rest as above. Halves gain nothing from the wider registers. */
#define WITH_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))
#define FROM_WIDE   64u /* items: below, a row is too short for the wider registers to pay */

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}

WITH_AVX512 static void avx512_i8(const int8_t *items, size_t n, const double *scales,
                                  const double *offsets, size_t step, double *out)
{
    __m512d scale = _mm512_set1_pd(scales[0]), offset = _mm512_set1_pd(offsets[0]);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256i whole = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(items + i)));
        if (step != 0) {
            scale = _mm512_loadu_pd(scales + i);
            offset = _mm512_loadu_pd(offsets + i);
        }
        const __m512d product = _mm512_mul_pd(_mm512_cvtepi32_pd(whole), scale);
        _mm512_storeu_pd(out + i, _mm512_add_pd(product, offset));
    }
    _mm256_zeroupper();
    avx2_i8(items + i, n - i, scales + i * step, offsets + i * step, step, out + i);
}

/* Rows of columns with scales of their own: one call for a tile. */
WITH_AVX512 static void avx512_columns(const mc_narrow *from, size_t first, size_t n, double *out)
{
    const size_t d = from->n_cols, whole = d - d % 8;
    const double *scales = from->by, *offsets = scales + d;
    const int8_t *items = (const int8_t *)from->items + first * d;
    const __mmask8 left = (__mmask8)((1u << (d - whole)) - 1u);
    for (size_t i = 0; i < n; i++, items += d, out += d) {
        for (size_t j = 0; j < whole; j += 8) {
            const __m256i eight = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(items + j)));
            const __m512d product =
                _mm512_mul_pd(_mm512_cvtepi32_pd(eight), _mm512_loadu_pd(scales + j));
            _mm512_storeu_pd(out + j, _mm512_add_pd(product, _mm512_loadu_pd(offsets + j)));
        }
        const __m256i rest = _mm256_cvtepi8_epi32(_mm_maskz_loadu_epi8(left, items + whole));
        const __m512d product =
            _mm512_mul_pd(_mm512_cvtepi32_pd(rest), _mm512_maskz_loadu_pd(left, scales + whole));
        _mm512_mask_storeu_pd(out + whole, left,
                              _mm512_add_pd(product, _mm512_maskz_loadu_pd(left, offsets + whole)));
    }
    _mm256_zeroupper();
}
#define avx512_f16  avx2_f16
#define avx512_bf16 avx2_bf16
#define avx512_f32  avx2_f32

#define WIDEN(form, n, ...)                           \
    ((n) >= FROM_WIDE && has_avx512() ? avx512_##form \
     : has_avx2()                     ? avx2_##form   \
                                      : plain_##form)(__VA_ARGS__)
#else
#define WIDEN(form, n, ...) plain_##form(__VA_ARGS__)
#endif
#define plain_f32 widen_f32

static const double NOTHING = 0.0;

/* The scale and the offset of column 0 of a row; `*step` to those of the next one. */
static double scale_of(const mc_narrow *from, size_t row, const double **scales,
                       const double **offsets, size_t *step)
{
    const double *by = from->by;
    *step = from->scales == MC_SCALES_BY_COLUMN;
    *offsets = &NOTHING;
    if (from->scales == MC_SCALES_BY_ROW)
        return (double)((const float *)from->by)[row];
    const size_t n = from->scales == MC_SCALES_BY_COLUMN ? from->n_cols : from->n_lines;
    const size_t at = from->scales == MC_SCALES_BY_COLUMN ? 0 : row % n;
    *scales = by + at;
    *offsets = by + n + at;
    return by[at];
}

void mc_widen_part(const mc_narrow *from, size_t row, size_t column, size_t n, double *out)
{
    const size_t at = row * from->n_cols + column;
    const double *scales = NULL, *offsets = NULL;
    size_t step = 0;
    if (n == 0)
        return;
    switch (from->form) {
    case MC_NARROW_F32:
        WIDEN(f32, n, (const float *)from->items + at, n, out);
        break;
    case MC_NARROW_F16:
        WIDEN(f16, n, (const uint16_t *)from->items + at, n, from->power, out);
        break;
    case MC_NARROW_BF16:
        WIDEN(bf16, n, (const uint16_t *)from->items + at, n, out);
        break;
    case MC_NARROW_I8: {
        const double scale = scale_of(from, row, &scales, &offsets, &step);
        WIDEN(i8, n, (const int8_t *)from->items + at, n, step == 0 ? &scale : scales + column,
              offsets + column * step, step, out);
        break;
    }
    case MC_NARROW_NOT:
    case MC_N_NARROW_FORMS:
        memcpy(out, (const double *)from->items + at, n * sizeof *out);
    }
}

void mc_widen(const mc_narrow *from, size_t first, size_t n, double *out)
{
    const size_t d = from->n_cols;
    if (from->form != MC_NARROW_I8) { /* rows lie one behind the other, and so do doubles */
        mc_widen_part(from, first, 0, n * d, out);
        return;
    }
#if defined(__x86_64__)
    if (from->scales == MC_SCALES_BY_LINE && d % 4 == 0 && has_avx2()) {
        avx2_lines(from, first, n, out);
        return;
    }
    if (from->scales == MC_SCALES_BY_COLUMN && has_avx512()) {
        avx512_columns(from, first, n, out);
        return;
    }
#endif
    for (size_t i = 0; i < n; i++)
        mc_widen_part(from, first + i, 0, d, out + i * d);
}

double mc_widen_at(const mc_narrow *from, size_t row, size_t column)
{
    const size_t at = row * from->n_cols + column;
    const double *scales = NULL, *offsets = NULL;
    size_t step = 0;
    double scale = 0.0;
    switch (from->form) {
    case MC_NARROW_F32:
        return (double)((const float *)from->items)[at];
    case MC_NARROW_F16:
        return mc_widen_f16(((const uint16_t *)from->items)[at]) * from->power;
    case MC_NARROW_BF16:
        return mc_widen_bf16(((const uint16_t *)from->items)[at]);
    case MC_NARROW_I8:
        scale = scale_of(from, row, &scales, &offsets, &step);
        return (double)((const int8_t *)from->items)[at] * (step == 0 ? scale : scales[column]) +
               offsets[column * step];
    case MC_NARROW_NOT:
    case MC_N_NARROW_FORMS:
        break;
    }
    return ((const double *)from->items)[at];
}
