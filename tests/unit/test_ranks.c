/* test_ranks.c: ranks among thresholds decide as the thresholds do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "kernel/ranks.h"

#define N_COLUMNS 5u
#define N_ROWS    ((size_t)19) /* two groups, and some rows more */

/* Columns of none, one, two, three and many; thresholds beside each other, and at both ends. */
static const uint32_t STARTS[N_COLUMNS + 1] = {0, 0, 1, 3, 6, 23};
static double thresholds[23] = {-0.0, -DBL_MIN / 4, 1.0, -INFINITY, 1e300, INFINITY};

static void fill(double *x)
{
    for (size_t i = 6; i < 23; i++)
        thresholds[i] = i == 6 ? -4.0 : nextafter(thresholds[i - 1] + (i % 3 == 0), INFINITY);
    for (size_t i = 0; i < N_ROWS * N_COLUMNS; i++) {
        const double near = thresholds[i * 7 % 23];
        const double edges[] = {near, nextafter(near, INFINITY), nextafter(near, -INFINITY), -near,
                                NAN};
        x[i] = edges[i * 3 % 5];
    }
}

static void ranks_decide_as_thresholds_do(void **state)
{
    (void)state;
    double x[N_ROWS * N_COLUMNS];
    float got[N_ROWS * N_COLUMNS];
    fill(x);
    mc_ranks(x, N_ROWS, N_COLUMNS, thresholds, STARTS, got);
    for (size_t i = 0; i < N_ROWS * N_COLUMNS; i++) {
        const size_t j = i % N_COLUMNS;
        assert_int_equal(isnan(x[i]) != 0, isnan(got[i]) != 0);
        for (uint32_t k = STARTS[j]; k < STARTS[j + 1]; k++)
            if ((x[i] <= thresholds[k]) != (got[i] <= (float)(k - STARTS[j])))
                fail_msg("%a, threshold %u of column %zu: %a, rank %g", x[i], k - STARTS[j], j,
                         thresholds[k], (double)got[i]);
    }
}

static void rows_are_the_same_alone(void **state)
{
    (void)state;
    double x[N_ROWS * N_COLUMNS];
    float together[N_ROWS * N_COLUMNS], alone[N_COLUMNS];
    fill(x);
    mc_ranks(x, N_ROWS, N_COLUMNS, thresholds, STARTS, together);
    for (size_t i = 0; i < N_ROWS; i++) {
        mc_ranks(x + i * N_COLUMNS, 1, N_COLUMNS, thresholds, STARTS, alone);
        assert_memory_equal(alone, together + i * N_COLUMNS, sizeof alone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_decide_as_thresholds_do),
        cmocka_unit_test(rows_are_the_same_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
