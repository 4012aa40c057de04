/* test_linear.c: the order of sums, row invariance, ties, NaN and rows of zeros. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/linear.h"

#define N_ROWS 1000u

static const size_t BATCHES[] = {1, 2, 7, 64, 1000};

/* Numbers of both signs and of many magnitudes, the same in every run. */
static double next_number(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const double unit = (double)(*seed >> 11) * 0x1p-53 - 0.5;
    return ldexp(unit, (int)(*seed >> 3 & 31) - 16);
}

static double *numbers(size_t n, uint64_t seed)
{
    double *x = test_malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = next_number(&seed);
    return x;
}

/* Every third row holds few values that are not 0. */
static void make_sparse_rows(double *x, size_t n_rows, size_t d)
{
    for (size_t i = 0; i < n_rows; i += 3) {
        for (size_t j = 0; j < d; j++)
            x[i * d + j] *= (i + j * j) % 37 == 0 ? 1.0 : 0.0;
    }
}

/* The order that linear.c promises, one number at a time. */
static double sum_in_order(const double *a, const double *b, size_t d)
{
    double lane[8] = {0};
    size_t i = 0;
    for (; i < d - d % 4; i++)
        lane[i % 8] += a[i] * b[i];
    double sum =
        ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    for (; i < d; i++)
        sum += a[i] * b[i];
    return sum;
}

static void assert_same_bits(const double *got, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof *got) != 0)
            fail_msg("number %zu of %zu: got %a, want %a", i, n, got[i], want[i]);
}

static void check_order(size_t n_rows, size_t d, size_t k)
{
    double *x = numbers(n_rows * d, d), *w = numbers(k * d, k), *b = numbers(k, 7);
    double *got = numbers(n_rows * k, 0), *want = numbers(n_rows * k, 0);
    make_sparse_rows(x, n_rows, d);
    mc_linear(x, n_rows, d, w, b, k, got);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < k; j++)
            want[i * k + j] = sum_in_order(x + i * d, w + j * d, d) + b[j];
    assert_same_bits(got, want, n_rows * k);
    double *const all[] = {x, w, b, got, want};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        test_free(all[i]);
}

static void sums_have_the_promised_order(void **state)
{
    (void)state;
    for (size_t d = 0; d < 40; d++)
        for (size_t k = 1; k <= 9; k++)
            check_order(11, d, k);
    for (size_t d = 509; d < 530; d++)
        check_order(9, d, 6);
    check_order(5, 5000, 5);
}

/* Weights that are mostly 0, given as such: the bits of the same weights written out. */
static void check_sparse_weights(size_t n_rows, size_t d, size_t k)
{
    double *x = numbers(n_rows * d, d), *w = numbers(k * d, k), *b = numbers(k, 7);
    double *got = numbers(n_rows * k, 0), *want = numbers(n_rows * k, 0);
    double *values = numbers(k * d, 0);
    uint32_t *indptr = test_calloc(k + 1, sizeof *indptr);
    uint32_t *columns = test_calloc(k * d + 1, sizeof *columns);
    make_sparse_rows(w, k, d);
    for (size_t j = 0; j < k; j++) {
        indptr[j + 1] = indptr[j];
        for (size_t i = 0; i < d; i++) {
            if (w[j * d + i] == 0.0)
                continue;
            columns[indptr[j + 1]] = (uint32_t)i;
            values[indptr[j + 1]++] = w[j * d + i];
        }
    }
    const mc_sparse_weights sparse = {indptr, columns, values, k};
    mc_linear(x, n_rows, d, w, b, k, want);
    mc_sparse_linear(x, n_rows, d, &sparse, b, got);
    assert_same_bits(got, want, n_rows * k);
    void *const all[] = {x, w, b, got, want, values, indptr, columns};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        test_free(all[i]);
}

static void sparse_weights_give_the_same_bits(void **state)
{
    (void)state;
    for (size_t d = 1; d < 60; d++)
        check_sparse_weights(3, d, 7);
    check_sparse_weights(7, 1001, 6);
}

/* 4 d u (sum of |terms|), against sums in long double. */
static void sums_are_within_the_bound(void **state)
{
    (void)state;
    static const size_t WIDTHS[] = {1, 3, 8, 30, 784, 4001};
    const double zero = 0.0;
    for (size_t t = 0; t < sizeof WIDTHS / sizeof *WIDTHS; t++) {
        const size_t d = WIDTHS[t];
        double *x = numbers(d, 1), *w = numbers(d, 2), got = 0.0;
        long double want = 0.0L, size = 0.0L;
        for (size_t i = 0; i < d; i++) {
            want += (long double)x[i] * (long double)w[i];
            size += fabsl((long double)x[i] * (long double)w[i]);
        }
        mc_linear(x, 1, d, w, &zero, 1, &got);
        assert_true(fabsl((long double)got - want) <= 4.0L * (long double)d * 0x1p-53L * size);
        test_free(x);
        test_free(w);
    }
}

typedef void rows_fn(const double *x, size_t n_rows, size_t d, double *out);

static const double *weights_of_rows, *bias_of_rows;

static void linear_of_five(const double *x, size_t n_rows, size_t d, double *out)
{
    mc_linear(x, n_rows, d, weights_of_rows, bias_of_rows, 5, out);
}

static void dot_with_itself(const double *x, size_t n_rows, size_t d, double *out)
{
    mc_row_dot(x, x, n_rows, d, out);
}

/* A row's numbers are the same bits in batches of any size, at any place. */
static void check_invariance(rows_fn *apply, size_t d, size_t width)
{
    double *x = numbers(N_ROWS * d, d + width);
    double *want = numbers(N_ROWS * width, 0), *got = numbers(N_ROWS * width, 1);
    make_sparse_rows(x, N_ROWS, d);
    apply(x, N_ROWS, d, want);
    for (size_t t = 0; t < sizeof BATCHES / sizeof *BATCHES; t++) {
        for (size_t i = 0; i < N_ROWS; i += BATCHES[t]) {
            const size_t n = N_ROWS - i < BATCHES[t] ? N_ROWS - i : BATCHES[t];
            apply(x + i * d, n, d, got + i * width);
        }
        assert_same_bits(got, want, N_ROWS * width);
    }
    test_free(x);
    test_free(want);
    test_free(got);
}

static void rows_do_not_depend_on_their_batch(void **state)
{
    (void)state;
    static const size_t WIDTHS[] = {1, 2, 4, 5, 13, 64, 600};
    double *w = numbers(5 * 600, 3), *b = numbers(5, 4);
    weights_of_rows = w;
    bias_of_rows = b;
    for (size_t t = 0; t < sizeof WIDTHS / sizeof *WIDTHS; t++) {
        check_invariance(linear_of_five, WIDTHS[t], 5);
        check_invariance(dot_with_itself, WIDTHS[t], 1);
        check_invariance(mc_softmax, WIDTHS[t], WIDTHS[t]);
    }
    test_free(w);
    test_free(b);
}

static void softmax_keeps_its_sum_at_the_ends_of_the_scale(void **state)
{
    (void)state;
    const double scores[3][3] = {
        {1000.0, -1000.0, 1000.0}, {-(double)INFINITY, -5000.0, -5000.0}, {0.0, (double)NAN, 1.0}};
    double p[3][3];
    mc_softmax(&scores[0][0], 3, 3, &p[0][0]);
    const double want[6] = {0.5, 0.0, 0.5, 0.0, 0.5, 0.5};
    assert_same_bits(&p[0][0], want, 6);
    for (size_t j = 0; j < 3; j++)
        assert_true(isnan(p[2][j]));
}

static void argmax_takes_the_first_maximum_and_nan_before_all(void **state)
{
    (void)state;
    const double nan = (double)NAN, low = -(double)INFINITY;
    const double rows[][3] = {{1, 1, 1},   {0, 2, 2},     {low, low, low}, {5, nan, 9},
                              {9, 5, nan}, {nan, nan, 1}, {-0.0, 0.0, -1}};
    const int32_t want[] = {0, 1, 0, 1, 2, 0, 0};
    int32_t got[7];
    mc_argmax(&rows[0][0], 7, 3, got);
    assert_memory_equal(got, want, sizeof want);
}

static void rows_that_sum_to_zero_follow_the_rule(void **state)
{
    (void)state;
    const double rows[][2] = {{0, 0}, {1, -1}, {1, 3}};
    double out[3][2];
    mc_row_share(&rows[0][0], 3, 2, MC_ZERO_UNIFORM, &out[0][0]);
    assert_same_bits(&out[0][0], (const double[]){0.5, 0.5, 0.5, 0.5, 0.25, 0.75}, 6);
    mc_row_share(&rows[0][0], 3, 2, MC_ZERO_STAYS, &out[0][0]);
    assert_same_bits(&out[0][0], (const double[]){0, 0, 0, 0, 0.25, 0.75}, 6);
    mc_row_share(&rows[0][0], 3, 2, MC_ZERO_DIVIDES, &out[0][0]);
    assert_true(isnan(out[0][0]) && isnan(out[0][1]));
    assert_true(isinf(out[1][0]) && out[1][0] > 0.0 && isinf(out[1][1]) && out[1][1] < 0.0);
    assert_same_bits(out[2], (const double[]){0.25, 0.75}, 2);
}

static void a_norm_of_zero_counts_as_one(void **state)
{
    (void)state;
    const double rows[][2] = {{0, 0}, {3, -4}};
    double out[2][2];
    mc_normalize(&rows[0][0], 2, 2, MC_NORM_L2, 0.0, &out[0][0]);
    assert_same_bits(&out[0][0], (const double[]){0, 0, 3.0 / 5.0, -4.0 / 5.0}, 4);
    mc_normalize(&rows[0][0], 2, 2, MC_NORM_L1, 0.0, &out[0][0]);
    assert_same_bits(&out[0][0], (const double[]){0, 0, 3.0 / 7.0, -4.0 / 7.0}, 4);
    mc_normalize(&rows[0][0], 2, 2, MC_NORM_MAX, 0.0, &out[0][0]);
    assert_same_bits(&out[0][0], (const double[]){0, 0, 3.0 / 4.0, -1.0}, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_have_the_promised_order),
        cmocka_unit_test(sparse_weights_give_the_same_bits),
        cmocka_unit_test(sums_are_within_the_bound),
        cmocka_unit_test(rows_do_not_depend_on_their_batch),
        cmocka_unit_test(softmax_keeps_its_sum_at_the_ends_of_the_scale),
        cmocka_unit_test(argmax_takes_the_first_maximum_and_nan_before_all),
        cmocka_unit_test(rows_that_sum_to_zero_follow_the_rule),
        cmocka_unit_test(a_norm_of_zero_counts_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
