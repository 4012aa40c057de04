/* narrow.h: matrices of doubles kept in fewer bits, and the way back.
 *
 * A kernel reads such a matrix a few rows at a time, as doubles in a scratch that stays in the
 * cache, and then computes as ever: what is narrow is what is stored, never a sum. */
#ifndef MC_KERNEL_NARROW_H
#define MC_KERNEL_NARROW_H
#include <math.h>
#include <string.h>

#include "base/base.h"

typedef enum mc_narrow_form {
    MC_NARROW_NOT = 0, /* doubles */
    MC_NARROW_F32,
    MC_NARROW_F16, /* IEEE binary16, times one power of two for the whole matrix */
    MC_NARROW_BF16,
    MC_NARROW_I8, /* -128 .. 127, times a scale, plus an offset where there is one */
    MC_N_NARROW_FORMS
} mc_narrow_form;

/* How the scales of MC_NARROW_I8 lie over the matrix. */
typedef enum mc_narrow_scales {
    MC_SCALES_NONE = 0,
    MC_SCALES_BY_ROW,    /* floats (n_rows) */
    MC_SCALES_BY_COLUMN, /* doubles (2, n_cols): scales, offsets */
    MC_SCALES_BY_LINE    /* doubles (2, n_lines): row r has those of line r % n_lines */
} mc_narrow_scales;

/* A matrix (n_rows, n_cols), C order; everything is borrowed. */
typedef struct mc_narrow {
    mc_narrow_form form;
    mc_narrow_scales scales;
    const void *items;
    size_t n_cols;
    size_t n_lines; /* BY_LINE; >= 1 */
    double power;   /* F16 */
    const void *by; /* the scales; NULL without */
} mc_narrow;

/* Rows first .. first + n as doubles: out (n, n_cols). Each value is exactly what is stored. A
 * value's bits depend on nothing but its place: not on `first`, not on the processor. */
void mc_widen(const mc_narrow *from, size_t first, size_t n, double *out);
/* `n` values of a row, from `column` on: out (n), the same bits. */
void mc_widen_part(const mc_narrow *from, size_t row, size_t column, size_t n, double *out);
/* One of these values, bit for bit. */
double mc_widen_at(const mc_narrow *from, size_t row, size_t column);

/* Nearest value of the form, of two equally near the even one; what is too large becomes infinity,
 * NaN stays NaN. */
uint16_t mc_narrow_f16(double value);
uint16_t mc_narrow_bf16(double value);
/* Nearest q of q * scale + offset, within -128 .. 127; 0 where scale is 0. `value` is finite. */
int8_t mc_narrow_i8(double value, double scale, double offset);

static inline double mc_widen_f16(uint16_t bits)
{
    const uint64_t size = bits & 0x7fffu;
    const uint64_t high = (uint64_t)(bits & 0x8000u) << 48 | (size < 0x7c00u ? 0 : 0x7ffULL << 52);
    const uint64_t wide = size << 42 | high;
    double value = 0.0;
    memcpy(&value, &wide, sizeof value);
    return size < 0x7c00u ? value * 0x1p1008 : value; /* another exponent bias; exact */
}
static inline double mc_widen_bf16(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float value = 0.0f;
    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

/* Rows of a tile of `n_cols` columns, in fours: about what fits the first cache. */
size_t mc_narrow_tile(size_t n_cols);
#endif
