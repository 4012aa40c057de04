/* test_fused.c: every set of instructions gives the bits of the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "kernel/fused.h"

#define MOST_COLUMNS 41u
#define ROWS         9u

/* Of all sizes, so that another order of a sum gives other bits. */
static double value_of(size_t i)
{
    return sin((double)i * 1.7) * pow(10.0, (double)(i * 7 % 13) - 6.0);
}

static double dot_of(const double *x, const double *y, size_t d)
{
    double lane[8] = {0};
    for (size_t i = 0; i < d; i++)
        lane[i % 8] = fma(x[i], y[i], lane[i % 8]);
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static void dots_are_the_same_everywhere(void **state)
{
    (void)state;
    static double items[8][MOST_COLUMNS];
    const double *const x[4] = {items[0], items[1], items[2], items[3]};
    const double *const y[4] = {items[4], items[5], items[6], items[7]};
    for (size_t i = 0; i < 8 * MOST_COLUMNS; i++)
        items[i / MOST_COLUMNS][i % MOST_COLUMNS] = value_of(i);
    for (size_t set = 0; mc_fused_at(set) != NULL; set++) {
        for (size_t d = 0; d <= MOST_COLUMNS; d++) {
            double square[16], row[4], self[4];
            mc_fused_at(set)->dots(x, 4, y, d, square);
            mc_fused_at(set)->dots(x + 1, 1, y, d, row);
            mc_fused_at(set)->squares(x, d, self);
            for (size_t i = 0; i < 16; i++)
                assert_true(square[i] == dot_of(x[i / 4], y[i % 4], d));
            for (size_t i = 0; i < 4; i++) {
                assert_true(row[i] == square[4 + i]);
                assert_true(self[i] == dot_of(x[i], x[i], d));
            }
        }
    }
}

static void lanes_are_the_same_everywhere(void **state)
{
    (void)state;
    static double x[ROWS * MOST_COLUMNS], block[MOST_COLUMNS * MC_FUSED_LANES];
    double dots[ROWS * MC_FUSED_LANES], squares[ROWS * MC_FUSED_LANES];
    for (size_t i = 0; i < ROWS * MOST_COLUMNS; i++)
        x[i] = value_of(i);
    for (size_t i = 0; i < MOST_COLUMNS * MC_FUSED_LANES; i++)
        block[i] = value_of(i + 1000);
    for (size_t set = 0; mc_fused_at(set) != NULL; set++) {
        for (size_t n = 1; n <= ROWS; n++) {
            mc_fused_at(set)->lane_dots(x, n, MOST_COLUMNS, block, dots);
            mc_fused_at(set)->lane_squares(x, n, MOST_COLUMNS, block, squares);
            for (size_t i = 0; i < n * MC_FUSED_LANES; i++) {
                const double *row = x + i / MC_FUSED_LANES * MOST_COLUMNS;
                double dot = 0.0, square = 0.0;
                for (size_t k = 0; k < MOST_COLUMNS; k++) {
                    const double item = block[k * MC_FUSED_LANES + i % MC_FUSED_LANES];
                    dot = fma(row[k], item, dot);
                    square = fma(row[k] - item, row[k] - item, square);
                }
                assert_true(dots[i] == dot);
                assert_true(squares[i] == square);
            }
        }
    }
}

/* Rows alone, together, and more outputs than fours: each sum is that of its two rows. */
static void matrices_do_not_matter(void **state)
{
    (void)state;
    static double x[ROWS * MOST_COLUMNS], w[ROWS * MOST_COLUMNS];
    double bias[ROWS], out[ROWS * (ROWS + 1)], norms[ROWS];
    for (size_t i = 0; i < ROWS * MOST_COLUMNS; i++) {
        x[i] = value_of(i);
        w[i] = value_of(i + 3000);
        bias[i % ROWS] = value_of(i + 5000);
    }
    for (size_t n = 1; n <= ROWS; n++) {
        for (size_t k = 1; k <= ROWS; k++) {
            mc_fused_linear(x, n, MOST_COLUMNS, w, bias, k, ROWS + 1, out);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < k; j++)
                    assert_true(out[i * (ROWS + 1) + j] ==
                                dot_of(w + j * MOST_COLUMNS, x + i * MOST_COLUMNS, MOST_COLUMNS) +
                                    bias[j]);
        }
        mc_fused_norms(x, n, MOST_COLUMNS, norms);
        for (size_t i = 0; i < n; i++)
            assert_true(norms[i] ==
                        dot_of(x + i * MOST_COLUMNS, x + i * MOST_COLUMNS, MOST_COLUMNS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_are_the_same_everywhere),
        cmocka_unit_test(lanes_are_the_same_everywhere),
        cmocka_unit_test(matrices_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
