/* test_row_iterations.c: kernels that iterate on one row end, whatever the row, and at the right
 * place: known answers, rows of zeros, atoms that depend on each other, numbers that overflow. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lars.h"
#include "kernel/mersenne.h"
#include "kernel/nonnegative.h"
#include "kernel/sparse_code.h"
#include "kernel/topics.h"

#define K 3u

static const double UNIT[K * K] = {1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0};
/* Atoms 0 and 1 are the same. */
static const double TWINS[K * K] = {1.0, 1.0, 0.5, 1.0, 1.0, 0.5, 0.5, 0.5, 1.0};
static const double ODD_ROWS[][K] = {
    {0.0, 0.0, 0.0},        {NAN, 1.0, 2.0},        {INFINITY, -INFINITY, 1.0},
    {1e300, -1e300, 1e300}, {5e-324, 0.0, -5e-324}, {2.0, 2.0, 1.0}};

static void assert_near(const double *got, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-14))
            fail_msg("number %zu of %zu: got %.17g, want %.17g", i, n, got[i], want[i]);
}

/* RandomState(7): permutation(10), and the 200th of them. */
static void permutations_are_numpys(void **state)
{
    (void)state;
    const uint32_t first[] = {8, 5, 0, 2, 1, 9, 7, 3, 6, 4},
                   last[] = {9, 6, 3, 8, 1, 7, 0, 2, 4, 5};
    uint32_t got[10];
    mc_mersenne m;
    mc_mersenne_seed(&m, 7);
    mc_mersenne_permute(&m, got, 10);
    assert_memory_equal(got, first, sizeof first);
    for (size_t i = 1; i < 200; i++)
        mc_mersenne_permute(&m, got, 10);
    assert_memory_equal(got, last, sizeof last);
    mc_mersenne_seed(&m, 5489);
    assert_int_equal(mc_mersenne_next(&m), UINT32_C(3499211612));
}

/* Orthonormal atoms: every code is known. */
static void codes_by_orthonormal_atoms(void **state)
{
    (void)state;
    const double target[K] = {3.0, -2.0, 0.5}, shrunk[K] = {2.0, -1.0, 0.0};
    const double two[K] = {3.0, -2.0, 0.0};
    double code[K], scratch[128];
    mc_pursue(UNIT, target, K, 2, DBL_EPSILON, code, scratch);
    assert_near(code, two, K);
    for (mc_screening s = MC_SCREEN_NOT; s <= MC_SCREEN_ONCE; s++) {
        const mc_lasso by = {
            .gram = UNIT, .k = K, .penalty = 1.0, .tol = 1e-8, .screening = s, .max_iter = 100};
        mc_lasso_descend(&by, target, 13.25, code, scratch);
        assert_near(code, shrunk, K);
    }
    const mc_lars by = {.gram = UNIT,
                        .k = K,
                        .n_features = 4,
                        .alpha = 0.25,
                        .lasso = true,
                        .max_iter = 100,
                        .max_active = K};
    mc_lars_code(&by, target, code, scratch);
    assert_near(code, shrunk, K);
}

static void positive_codes(void **state)
{
    (void)state;
    const double target[K] = {3.0, -2.0, 0.5}, want[K] = {2.0, 0.0, 0.0};
    double code[K], scratch[128];
    const mc_lasso by = {
        .gram = UNIT, .k = K, .penalty = 1.0, .tol = 1e-8, .positive = true, .max_iter = 100};
    mc_lasso_descend(&by, target, 13.25, code, scratch);
    assert_near(code, want, K);
    const mc_lars path = {.gram = UNIT,
                          .k = K,
                          .n_features = 4,
                          .alpha = 0.25,
                          .lasso = true,
                          .positive = true,
                          .max_iter = 100,
                          .max_active = K};
    mc_lars_code(&path, target, code, scratch);
    assert_near(code, want, K);
}

/* Half the rows make no sense: what counts is that each kernel comes back. */
static void odd_rows_end(void **state)
{
    (void)state;
    double code[K], scratch[128];
    for (size_t i = 0; i < MC_COUNT_OF(ODD_ROWS); i++) {
        const double *row = ODD_ROWS[i];
        mc_pursue(TWINS, row, K, K, DBL_EPSILON, code, scratch);
        for (mc_screening s = MC_SCREEN_NOT; s <= MC_SCREEN_ONCE; s++) {
            const mc_lasso by = {
                .gram = TWINS, .k = K, .penalty = 0.5, .tol = 1e-8, .screening = s, .max_iter = 50};
            mc_lasso_descend(&by, row, 9.0, code, scratch);
        }
        for (int flags = 0; flags < 4; flags++) {
            const mc_lars by = {.gram = TWINS,
                                .k = K,
                                .n_features = 4,
                                .lasso = (flags & 1) != 0,
                                .positive = flags == 3,
                                .max_iter = 50,
                                .max_active = K};
            mc_lars_code(&by, row, code, scratch);
        }
        assert_true(i > 0 || (code[0] == 0.0 && code[1] == 0.0 && code[2] == 0.0));
    }
}

/* Of two equal atoms the first is chosen, and the second adds nothing. */
static void pursuit_leaves_dependent_atoms(void **state)
{
    (void)state;
    const double target[K] = {2.0, 2.0, 1.0}, want[K] = {2.0, 0.0, 0.0};
    double code[K], scratch[128];
    mc_pursue(TWINS, target, K, K, DBL_EPSILON, code, scratch);
    assert_near(code, want, K);
}

static void factors_of_a_sum_of_parts(void **state)
{
    (void)state;
    const double target[K] = {3.0, -2.0, 0.5}, want[K] = {3.0, 0.0, 0.5};
    const uint32_t order[4 * K] = {2, 1, 0, 0, 1, 2, 1, 2, 0, 0, 1, 2};
    double w[K];
    mc_nonnegative_descent by = {.gram = UNIT, .k = K, .tol = 1e-4, .max_iter = 4};
    mc_nonnegative_descend(&by, target, w);
    assert_near(w, want, K);
    by.order = order;
    mc_nonnegative_descend(&by, target, w);
    assert_near(w, want, K);
}

/* The same row, with and without its zeros. */
static void sparse_rows_have_the_factors_of_dense_ones(void **state)
{
    (void)state;
    const double h[4 * 2] = {1.0, 0.5, 0.25, 2.0, 0.5, 1.0, 2.0, 0.125}, sums[2] = {3.75, 3.625};
    const double gram[4] = {5.3125, 1.75, 1.75, 5.265625}, x[4] = {3.0, 0.0, 0.0, 1.5};
    const double entries[2] = {3.0, 1.5};
    const uint32_t at[2] = {0, 3};
    const mc_sparse_row dense = {.at = NULL, .values = x, .n = 4};
    const mc_sparse_row sparse = {.at = at, .values = entries, .n = 2};
    for (int beta = 1; beta <= 2; beta++) {
        double w[2], other[2], scratch[MC_NONNEGATIVE_SCRATCH(2)];
        const mc_nonnegative_update by = {.h = h,
                                          .gram = gram,
                                          .sums = sums,
                                          .k = 2,
                                          .d = 4,
                                          .beta = beta,
                                          .gamma = 1.0,
                                          .tol = 1e-4,
                                          .floors = true,
                                          .max_iter = 100};
        mc_nonnegative_multiply(&by, &dense, w, scratch);
        mc_nonnegative_multiply(&by, &sparse, other, scratch);
        assert_near(other, w, 2);
        assert_true(w[0] > 0.0 && w[1] >= 0.0);
    }
}

static void document_without_words(void **state)
{
    (void)state;
    const double words[2 * 2] = {0.5, 0.25, 0.125, 0.75}, want[2] = {0.1, 0.1};
    const mc_topics by = {.words = words, .k = 2, .prior = 0.1, .tol = 1e-3, .max_iter = 100};
    const mc_sparse_row none = {NULL, NULL, 0};
    double shares[2], scratch[MC_TOPICS_SCRATCH(2)];
    mc_topics_infer(&by, &none, shares, scratch);
    assert_near(shares, want, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permutations_are_numpys),
        cmocka_unit_test(codes_by_orthonormal_atoms),
        cmocka_unit_test(positive_codes),
        cmocka_unit_test(odd_rows_end),
        cmocka_unit_test(pursuit_leaves_dependent_atoms),
        cmocka_unit_test(factors_of_a_sum_of_parts),
        cmocka_unit_test(sparse_rows_have_the_factors_of_dense_ones),
        cmocka_unit_test(document_without_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
