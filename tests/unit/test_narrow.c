/* test_narrow.c: numbers in fewer bits and back, each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "kernel/fused.h"
#include "kernel/kernels.h"
#include "kernel/linear.h"
#include "kernel/narrow.h"

/* What the bits of a binary float mean, by its definition. */
static double meaning(uint32_t bits, int fraction_bits, int bias)
{
    const uint32_t fraction = bits & ((1u << fraction_bits) - 1u);
    const int exponent = (int)(bits >> fraction_bits & (2u * (uint32_t)bias + 1u));
    const double sign = bits & 0x8000u ? -1.0 : 1.0;
    if (exponent == 2 * bias + 1)
        return fraction == 0 ? sign * (double)INFINITY : (double)NAN;
    if (exponent == 0)
        return sign * ldexp(fraction, 1 - bias - fraction_bits);
    return sign * ldexp((1u << fraction_bits) + fraction, exponent - bias - fraction_bits);
}

static void every_half_is_what_it_means(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= UINT16_MAX; bits++) {
        const double half = meaning(bits, 10, 15), brain = meaning(bits, 7, 127);
        const double got = mc_widen_f16((uint16_t)bits), other = mc_widen_bf16((uint16_t)bits);
        assert_true(isnan(half) ? isnan(got) : got == half && signbit(got) == signbit(half));
        assert_true(isnan(brain) ? isnan(other) : other == brain);
        if (!isnan(half))
            assert_int_equal(mc_narrow_f16(half), bits);
        if (!isnan(brain))
            assert_int_equal(mc_narrow_bf16(brain), bits);
    }
    assert_true(isnan(mc_widen_f16(mc_narrow_f16((double)NAN))));
    assert_true(isnan(mc_widen_bf16(mc_narrow_bf16((double)NAN))));
}

/* Between each two neighbours: the middle goes to the even one, what is beside it to the nearer. */
static void halves_round_to_the_nearest_even(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x7c00u; bits++) {
        const double low = meaning(bits, 10, 15);
        const double high = bits == 0x7bffu ? 65536.0 : meaning(bits + 1, 10, 15);
        const double middle = low + (high - low) / 2;
        const uint32_t even = bits + (bits & 1u);
        assert_int_equal(mc_narrow_f16(middle), even);
        assert_int_equal(mc_narrow_f16(-middle), even | 0x8000u);
        assert_int_equal(mc_narrow_f16(nextafter(middle, 0.0)), bits);
        assert_int_equal(mc_narrow_f16(nextafter(middle, 1e6)), bits + 1);
    }
    assert_int_equal(mc_narrow_f16(1e300), 0x7c00u);
    assert_int_equal(mc_narrow_f16(-(double)INFINITY), 0xfc00u);
    /* by way of a float it would be 1 + 2^-10: rounded twice */
    assert_int_equal(mc_narrow_f16(1.0 + 0x1p-11 + 0x1p-40), 0x3c01u);
    assert_int_equal(mc_narrow_f16(1.0 + 0x1p-11), 0x3c00u);
    assert_int_equal(mc_narrow_bf16(1.0 + 0x1p-8 + 0x1p-50), 0x3f81u);
    assert_int_equal(mc_narrow_bf16(0x1.ffp127), 0x7f80u);
}

static void bytes_round_and_stay_within(void **state)
{
    (void)state;
    assert_int_equal(mc_narrow_i8(2.5, 1.0, 0.0), 2);
    assert_int_equal(mc_narrow_i8(3.5, 1.0, 0.0), 4);
    assert_int_equal(mc_narrow_i8(-1000.0, 1.0, 0.0), -128);
    assert_int_equal(mc_narrow_i8(1e300, 1e-300, 0.0), 127);
    assert_int_equal(mc_narrow_i8(7.0, 0.0, 7.0), 0);
    for (int i = 0; i < 256; i++)
        assert_int_equal(mc_narrow_i8(i, 1.0, 128.0), i - 128);
}

#define ROWS  7u
#define COLS  37u /* not a multiple of any vector */
#define LINES 3u

static uint32_t random_bits(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

typedef struct matrix {
    uint8_t items[ROWS * COLS * 4];
    double columns[2 * COLS], lines[2 * LINES];
    float rows[ROWS];
} matrix;

static void fill(matrix *m)
{
    uint32_t seed = 7;
    for (size_t i = 0; i < sizeof m->items; i++)
        m->items[i] = (uint8_t)random_bits(&seed);
    for (size_t i = 3; i < sizeof m->items; i += 4)
        m->items[i] &= 0x3f; /* finite, as a float and as a half */
    for (size_t i = 0; i < 2 * COLS; i++)
        m->columns[i] = (double)random_bits(&seed) * 1e-5;
    for (size_t i = 0; i < 2 * LINES; i++)
        m->lines[i] = (double)random_bits(&seed) * 1e-3;
    for (size_t i = 0; i < ROWS; i++)
        m->rows[i] = (float)random_bits(&seed);
}

static double want_at(const mc_narrow *n, const matrix *m, size_t row, size_t column)
{
    const size_t at = row * COLS + column;
    const int8_t q = ((const int8_t *)m->items)[at];
    switch (n->form) {
    case MC_NARROW_F32: {
        float value = 0.0f;
        memcpy(&value, m->items + 4 * at, sizeof value);
        return (double)value;
    }
    case MC_NARROW_F16:
    case MC_NARROW_BF16: {
        uint16_t bits = 0;
        memcpy(&bits, m->items + 2 * at, sizeof bits);
        return n->form == MC_NARROW_F16 ? meaning(bits, 10, 15) * 0.25 : meaning(bits, 7, 127);
    }
    case MC_NARROW_I8:
    case MC_NARROW_NOT:
    case MC_N_NARROW_FORMS:
        break;
    }
    if (n->scales == MC_SCALES_BY_ROW)
        return q * (double)m->rows[row];
    if (n->scales == MC_SCALES_BY_COLUMN)
        return q * m->columns[column] + m->columns[COLS + column];
    return q * m->lines[row % LINES] + m->lines[LINES + row % LINES];
}

static void same(double got, double want)
{
    assert_true(isnan(want) ? isnan(got) : got == want);
}

/* Every part of every row, so that what vectors leave over begins everywhere. */
static void check_widening(mc_narrow n, const matrix *m)
{
    double all[ROWS * COLS], part[COLS];
    n.items = m->items;
    n.n_cols = COLS;
    n.power = 0.25;
    n.n_lines = LINES;
    mc_widen(&n, 0, ROWS, all);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLS; j++) {
            same(all[i * COLS + j], want_at(&n, m, i, j));
            same(mc_widen_at(&n, i, j), want_at(&n, m, i, j));
            mc_widen_part(&n, i, j, COLS - j, part);
            same(part[0], all[i * COLS + j]);
            same(part[COLS - j - 1], all[i * COLS + COLS - 1]);
        }
        mc_widen(&n, i, 1, part);
        for (size_t j = 0; j < COLS; j++)
            same(part[j], all[i * COLS + j]);
    }
}

static void widening_is_exact_everywhere(void **state)
{
    (void)state;
    static matrix m;
    fill(&m);
    check_widening((mc_narrow){.form = MC_NARROW_F32}, &m);
    check_widening((mc_narrow){.form = MC_NARROW_F16}, &m);
    check_widening((mc_narrow){.form = MC_NARROW_BF16}, &m);
    check_widening((mc_narrow){MC_NARROW_I8, MC_SCALES_BY_ROW, .by = m.rows}, &m);
    check_widening((mc_narrow){MC_NARROW_I8, MC_SCALES_BY_COLUMN, .by = m.columns}, &m);
    check_widening((mc_narrow){MC_NARROW_I8, MC_SCALES_BY_LINE, .by = m.lines}, &m);
}

/* Lines of whole vectors have a path of their own. */
static void lines_of_packed_rows(void **state)
{
    (void)state;
    static matrix m;
    double all[MC_PAIR_LANES * ROWS];
    fill(&m);
    const mc_narrow n = {MC_NARROW_I8,     MC_SCALES_BY_LINE,
                         .items = m.items, .n_cols = MC_PAIR_LANES,
                         .n_lines = LINES, .by = m.lines};
    for (size_t first = 0; first < ROWS; first++) {
        mc_widen(&n, first, ROWS - first, all);
        for (size_t i = 0; i < (ROWS - first) * MC_PAIR_LANES; i++)
            same(all[i], mc_widen_at(&n, first + i / MC_PAIR_LANES, i % MC_PAIR_LANES));
    }
}

/* Tiles change no bit: the answer is that of the widened matrix, summed as fused.h does. */
static void narrow_weights_are_the_widened_ones(void **state)
{
    (void)state;
    static matrix m;
    static double wide[ROWS * COLS], scratch[64 * COLS + 16 * COLS], x[9 * COLS];
    double want[9 * ROWS], got[9 * ROWS];
    const double bias[ROWS] = {1.0, -2.0, 3.0};
    fill(&m);
    const mc_narrow n = {MC_NARROW_I8, MC_SCALES_BY_COLUMN, .items = m.items, .n_cols = COLS,
                         .by = m.columns};
    mc_widen(&n, 0, ROWS, wide);
    for (size_t i = 0; i < 9 * COLS; i++)
        x[i] = sin((double)i);
    for (size_t rows = 1; rows <= 9; rows++) {
        mc_fused_linear(x, rows, COLS, wide, bias, ROWS, ROWS, want);
        mc_linear_narrow(x, rows, &n, bias, ROWS, scratch, got);
        assert_memory_equal(got, want, rows * ROWS * sizeof *got);
    }
}

#define D 5u
#define N 21u

static void narrow_pair_sums_are_the_wide_ones(void **state)
{
    (void)state;
    static uint16_t items[2 * D * MC_PAIR_LANES];
    static double rows[N * D], packed[2 * (D + 1) * MC_PAIR_LANES];
    double scratch[MC_PAIR_LANES * (D + 1 + 3)], x[3 * D], want[3 * N], got[3 * N];
    uint32_t seed = 3;
    for (size_t i = 0; i < N * D; i++)
        rows[i] = (double)(random_bits(&seed) % 1000u) / 8.0 + 1.0;
    for (size_t i = 0; i < 3 * D; i++)
        x[i] = (double)(i + 1) / 3.0;
    mc_pair_pack(MC_PAIR_DOT, rows, N, D, packed);
    for (size_t i = 0; i < MC_COUNT_OF(items); i++) {
        items[i] = mc_narrow_bf16(packed[i]);
        packed[i] = mc_widen_bf16(items[i]);
    }
    for (size_t j = 0; j < N; j++) /* the rounded rows, to be packed for each sum */
        for (size_t k = 0; k < D; k++)
            rows[j * D + k] = packed[(j / 16 * D + k) * 16 + j % 16];
    const mc_narrow n = {.form = MC_NARROW_BF16, .items = items, .n_cols = MC_PAIR_LANES};
    for (unsigned which = 0; which < MC_N_PAIR_SUMS; which++) {
        mc_pair_pack((mc_pair_sum)which, rows, N, D, packed);
        for (size_t n_rows = 1; n_rows <= 3; n_rows++) {
            mc_pair_sums((mc_pair_sum)which, x, n_rows, D, packed, N, want);
            mc_pair_sums_narrow((mc_pair_sum)which, x, n_rows, D, &n, N, scratch, got);
            if (which > MC_PAIR_SQUARES)
                assert_memory_equal(got, want, n_rows * N * sizeof *got);
            for (size_t i = 0; i < n_rows * N; i++) /* those two are of fused.h */
                assert_true(fabs(got[i] - want[i]) <= 1e-14 * fabs(want[i]));
        }
    }
}

/* A row alone takes another way, out of the registers. */
static void rows_alone_answer_as_in_batches(void **state)
{
    (void)state;
    static matrix m;
    static double scratch[64 * COLS + 16 * COLS];
    double x[3 * COLS], alone[ROWS], got[3 * ROWS];
    const double bias[ROWS] = {1.0, -2.0, 3.0};
    fill(&m);
    for (size_t i = 0; i < 3 * COLS; i++)
        x[i] = sin((double)i);
    for (int form = MC_NARROW_F32; form < MC_N_NARROW_FORMS; form++) {
        for (size_t d = 1; d <= COLS; d++) {
            const mc_narrow n = {.form = (mc_narrow_form)form,
                                 .scales = MC_SCALES_BY_ROW,
                                 .items = m.items,
                                 .n_cols = d,
                                 .power = 0.25,
                                 .by = m.rows};
            mc_linear_narrow(x, 3, &n, bias, ROWS, scratch, got);
            for (size_t i = 0; i < 3; i++) {
                mc_linear_narrow(x + i * d, 1, &n, bias, ROWS, scratch, alone);
                assert_memory_equal(alone, got + i * ROWS, sizeof alone);
            }
        }
    }
}

#define PACKED 37u /* three blocks */

static void rows_alone_meet_packed_rows_as_in_batches(void **state)
{
    (void)state;
    static matrix m;
    static uint8_t items[4 * 3 * D * MC_PAIR_LANES];
    double scratch[MC_PAIR_LANES * (D + 1 + 3)], x[3 * D], alone[PACKED], got[3 * PACKED];
    double lines[2 * D];
    fill(&m);
    for (size_t i = 0; i < sizeof items; i++)
        items[i] = m.items[i % sizeof m.items / 4 * 4 + i % 4];
    for (size_t i = 0; i < 2 * D; i++)
        lines[i] = sin((double)i);
    for (size_t i = 0; i < 3 * D; i++)
        x[i] = (double)(i + 1) / 3.0;
    for (int form = MC_NARROW_F32; form < MC_N_NARROW_FORMS; form++) {
        const mc_narrow n = {.form = (mc_narrow_form)form,
                             .scales = MC_SCALES_BY_LINE,
                             .items = items,
                             .n_cols = MC_PAIR_LANES,
                             .n_lines = D,
                             .power = 0.25,
                             .by = lines};
        for (int which = MC_PAIR_DOT; which < MC_N_PAIR_SUMS; which++) {
            for (size_t packed = 1; packed <= PACKED; packed++) {
                mc_pair_sums_narrow((mc_pair_sum)which, x, 3, D, &n, packed, scratch, got);
                for (size_t i = 0; i < 3; i++) {
                    mc_pair_sums_narrow((mc_pair_sum)which, x + i * D, 1, D, &n, packed, scratch,
                                        alone);
                    assert_memory_equal(alone, got + i * packed, packed * sizeof *alone);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_is_what_it_means),
        cmocka_unit_test(halves_round_to_the_nearest_even),
        cmocka_unit_test(bytes_round_and_stay_within),
        cmocka_unit_test(widening_is_exact_everywhere),
        cmocka_unit_test(lines_of_packed_rows),
        cmocka_unit_test(narrow_weights_are_the_widened_ones),
        cmocka_unit_test(narrow_pair_sums_are_the_wide_ones),
        cmocka_unit_test(rows_alone_answer_as_in_batches),
        cmocka_unit_test(rows_alone_meet_packed_rows_as_in_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
