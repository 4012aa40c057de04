/* test_kernels.c: sums over pairs of rows, sketches, and what libsvm makes of kernel values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "kernel/kernel_map.h"
#include "kernel/kernels.h"
#include "kernel/sketch.h"
#include "kernel/svm.h"

#define MOST_ROWS    37
#define MOST_COLUMNS 9

/* Numbers without a pattern, above 0 so that chi2 is at home, and some zeros. */
static void fill(double *x, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = seed % 7 == 0 ? 0.0 : (double)(seed >> 8) / 1e6;
    }
}

static void assert_same_bits(const double *got, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof *got) != 0)
            fail_msg("value %zu: got %a, want %a", i, got[i], want[i]);
}

/* Every count of fitted rows, so every length of a last block; one row at a time and all at once.
 */
static void sums_are_those_of_the_pairs(void **state)
{
    (void)state;
    static double x[5 * MOST_COLUMNS], rows[MOST_ROWS * MOST_COLUMNS];
    static double packed[3 * (MOST_COLUMNS + 1) * MC_PAIR_LANES];
    static double got[5 * MOST_ROWS], want[5 * MOST_ROWS];
    fill(x, MC_COUNT_OF(x), 1);
    fill(rows, MC_COUNT_OF(rows), 2);
    for (size_t which = 0; which < MC_N_PAIR_SUMS; which++) {
        for (size_t n = 1; n <= MOST_ROWS; n++) {
            const size_t d = 1 + n % MOST_COLUMNS;
            mc_pair_pack((mc_pair_sum)which, rows, n, d, packed);
            for (size_t i = 0; i < 5 * n; i++)
                want[i] = mc_pair_sum_of((mc_pair_sum)which, x + i / n * d, rows + i % n * d, d);
            mc_pair_sums((mc_pair_sum)which, x, 5, d, packed, n, got);
            assert_same_bits(got, want, 5 * n);
            mc_pair_sums((mc_pair_sum)which, x + 3 * d, 1, d, packed, n, got);
            assert_same_bits(got, want + 3 * n, n);
        }
    }
}

static void sums_of_known_rows(void **state)
{
    (void)state;
    const double x[] = {1.0, 0.0, 3.0}, y[] = {2.0, 0.0, 1.0};
    assert_true(mc_pair_sum_of(MC_PAIR_DOT, x, y, 3) == 5.0);
    assert_true(mc_pair_sum_of(MC_PAIR_SQUARES, x, y, 3) == 5.0);
    assert_true(mc_pair_sum_of(MC_PAIR_EXPANDED, x, y, 3) == 5.0);
    assert_true(mc_pair_sum_of(MC_PAIR_ABSOLUTE, x, y, 3) == 3.0);
    assert_true(mc_pair_sum_of(MC_PAIR_CHI2, x, y, 3) == -(1.0 / 3.0 + 1.0)); /* 0 / 0 is skipped */
}

static void whole_powers(void **state)
{
    (void)state;
    assert_true(mc_kernel_map_of(MC_MAP_POWER_INTEGER, -3.0, 3.0, 0.0) == -27.0);
    assert_true(mc_kernel_map_of(MC_MAP_POWER_INTEGER, 1.5, 5.0, 0.0) == 7.59375);
    assert_true(mc_kernel_map_of(MC_MAP_POWER_INTEGER, 0.0, 0.0, 0.0) == 1.0);
}

static void a_kernel_is_centred(void **state)
{
    (void)state;
    const double k[] = {1.0, 2.0, 6.0}, columns[] = {0.5, 1.0, 1.5};
    const double want[] = {1.0 - 0.5 - 3.0 + 10.0, 2.0 - 1.0 - 3.0 + 10.0, 6.0 - 1.5 - 3.0 + 10.0};
    double got[3];
    mc_center_kernel(k, 1, 3, columns, 10.0, got);
    assert_same_bits(got, want, 3);
}

/* (2 + 3 z) (5 + 7 z^2) modulo z^3 - 1 is 10 + 15 z + 14 z^2 + 21. */
static void a_convolution_wraps(void **state)
{
    (void)state;
    const double x[] = {2.0, 3.0, 0.0}, y[] = {5.0, 0.0, 7.0}, want[] = {31.0, 15.0, 14.0};
    const uint32_t at[] = {1, 0, 1};
    const double signs[] = {1.0, -1.0, 1.0}, sketch[] = {-3.0, 2.0, 0.0};
    double got[3];
    mc_convolve(x, y, 1, 3, got);
    assert_same_bits(got, want, 3);
    mc_count_sketch(x, 1, 3, at, signs, 3, got);
    assert_true(got[0] == sketch[0] && got[1] == sketch[1] && got[2] == sketch[2]);
}

/* ---------------------------------------------------------------------------- support vectors */

static void decisions_are_summed_by_class(void **state)
{
    (void)state;
    const double coef[] = {1.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.0, -8.0},
                 k[] = {1.0, 10.0, 100.0, 1e3};
    const double intercept[] = {0.5, 0.25, 0.125};
    const uint32_t start[] = {0, 1, 3, 4}; /* of 1, 2 and 1 support vectors */
    const mc_svm svm = {
        .start = start, .coef = coef, .intercept = intercept, .n = 4, .n_classes = 3};
    const double want[] = {1.0 - 20.0 + 300.0 + 0.5, 5.0 - 4e3 + 0.25, -60.0 + 700.0 - 8e3 + 0.125};
    double got[3];
    mc_svm_decide(&svm, k, 1, got);
    assert_same_bits(got, want, 3);
}

/* predict gives a decision of 0 to the second class, decision_function to the first. */
static void ties_go_as_in_scikit_learn(void **state)
{
    (void)state;
    const double zeros[] = {0.0, 0.0, 0.0}, other[] = {0.0, 1.0, 0.0};
    double votes[3], scores[6];
    mc_pair_votes(zeros, 1, 3, votes);
    assert_true(votes[0] == 0.0 && votes[1] == 1.0 && votes[2] == 2.0);
    mc_pair_scores(zeros, NULL, 1, false, 3, scores);
    assert_true(scores[0] == 2.0 && scores[1] == 1.0 && scores[2] == 0.0);
    mc_pair_scores(zeros, other, 1, false, 3, scores);
    assert_true(scores[0] == 1.0 && scores[1] == 1.0 && scores[2] == 1.0);
}

static void scores_stay_within_a_third_of_votes(void **state)
{
    (void)state;
    const double confidences[] = {1.0, -2.0, 4.0}; /* of (0, 1), (0, 2), (1, 2) */
    double scores[6];
    mc_pair_scores(confidences, NULL, 1, false, 3, scores);
    assert_true(scores[0] == 1.0 + 1.0 / 6.0);  /* -1 + 2 = 1; won against 2 */
    assert_true(scores[1] == 1.0 - 3.0 / 12.0); /* 1 - 4 = -3; won against 0 */
    assert_true(scores[2] == 1.0 + 2.0 / 9.0);  /* -2 + 4 = 2; won against 1 */
}

/* Up to 0.20: the largest sum of the row becomes almost half a vote. */
static void old_scores_are_scaled_by_the_row(void **state)
{
    (void)state;
    const double confidences[] = {1.0, -2.0, 4.0}, zeros[] = {0.0, 0.0, 0.0};
    const double scale = (0.5 - 0x1p-52) / 3.0; /* sums 1, -3, 2 */
    double scores[6];
    mc_pair_scores(confidences, NULL, 1, true, 3, scores);
    assert_true(scores[0] == 1.0 + scale && scores[1] == 1.0 - 3.0 * scale);
    assert_true(scores[2] == 1.0 + 2.0 * scale);
    mc_pair_scores(zeros, NULL, 1, true, 3, scores);
    assert_true(scores[0] == 2.0 && scores[1] == 1.0 && scores[2] == 0.0);
}

static void pair_probabilities_keep_off_the_edge(void **state)
{
    (void)state;
    const double decisions[] = {1e6, -1e6, 0.0}, a[] = {-1.0, -1.0, -1.0}, b[] = {0.0, 0.0, 0.0};
    const double want[] = {1.0 - 1e-7, 1e-7, 0.5};
    double got[3];
    mc_pair_proba(decisions, 1, 3, a, b, got);
    assert_same_bits(got, want, 3);
}

/* Two classes are coupled as well, and what is near enough to the start stays there. */
static void coupling_stops_early(void **state)
{
    (void)state;
    const double near = 0.5004, far = 0.9;
    double p[6];
    mc_couple_pairs(&near, 1, 2, p);
    assert_true(p[0] == 0.5 && p[1] == 0.5);
    mc_couple_pairs(&far, 1, 2, p);
    assert_true(p[0] != 0.9); /* a sigmoid would say so */
    assert_true(fabs(p[0] - 0.9) < 0.005);
    assert_true(fabs(p[0] + p[1] - 1.0) < 1e-15);
}

/* Pairs that agree with each other give back what they came from, to the error it stops at. */
static void coupling_agrees_with_its_pairs(void **state)
{
    (void)state;
    const double want[] = {0.5, 0.25, 0.15, 0.1};
    double proba[6], got[12];
    size_t pair = 0;
    for (size_t i = 0; i < 4; i++)
        for (size_t j = i + 1; j < 4; j++)
            proba[pair++] = want[i] / (want[i] + want[j]);
    mc_couple_pairs(proba, 1, 4, got);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(got[i] - want[i]) < 0.005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_the_pairs),
        cmocka_unit_test(sums_of_known_rows),
        cmocka_unit_test(whole_powers),
        cmocka_unit_test(a_kernel_is_centred),
        cmocka_unit_test(a_convolution_wraps),
        cmocka_unit_test(decisions_are_summed_by_class),
        cmocka_unit_test(ties_go_as_in_scikit_learn),
        cmocka_unit_test(scores_stay_within_a_third_of_votes),
        cmocka_unit_test(old_scores_are_scaled_by_the_row),
        cmocka_unit_test(pair_probabilities_keep_off_the_edge),
        cmocka_unit_test(coupling_stops_early),
        cmocka_unit_test(coupling_agrees_with_its_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
