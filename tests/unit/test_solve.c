/* test_solve.c: factors multiply back, answers solve, refusals are said. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/solve.h"

#define N    9u
#define WIDE 14u

/* Numbers in [-0.5, 0.5), the same in every run. */
static void draw(double *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        x[i] = (double)(seed >> 11) * 0x1p-53 - 0.5;
    }
}

/* out (m, k) = a (m, n) @ b (n, k). */
static void multiply(const double *a, const double *b, size_t m, size_t n, size_t k, double *out)
{
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < k; j++) {
            out[i * k + j] = 0.0;
            for (size_t l = 0; l < n; l++)
                out[i * k + j] += a[i * n + l] * b[l * k + j];
        }
    }
}

static void transpose(const double *a, size_t m, size_t n, double *out)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            out[j * m + i] = a[i * n + j];
}

/* a a.T + 0.1 I: symmetric and positive definite. */
static void draw_positive(double *out, size_t n, uint64_t seed)
{
    double a[N * N], t[N * N];
    draw(a, n * n, seed);
    transpose(a, n, n, t);
    multiply(a, t, n, n, n, out);
    for (size_t i = 0; i < n; i++)
        out[i * n + i] += 0.1;
}

static void assert_near(const double *got, const double *want, size_t n, double within)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= within))
            fail_msg("number %zu of %zu: got %.17g, want %.17g", i, n, got[i], want[i]);
}

static void cholesky_solves(void **state)
{
    (void)state;
    double a[N * N], l[N * N], want[N], b[N];
    draw_positive(a, N, 1);
    draw(want, N, 2);
    multiply(a, want, N, N, 1, b);
    memcpy(l, a, sizeof l);
    assert_true(mc_cholesky(l, N, N));
    mc_cholesky_solve(l, N, N, b);
    assert_near(b, want, N, 1e-12);
    assert_true(l[1] == a[1]); /* the upper triangle is not written */
}

static void cholesky_heeds_leading_dimension(void **state)
{
    (void)state;
    double whole[N * N], part[4 * 4];
    draw_positive(whole, N, 3);
    for (size_t i = 0; i < 4; i++)
        memcpy(part + i * 4, whole + i * N, 4 * sizeof *part);
    assert_true(mc_cholesky(whole, 4, N));
    assert_true(mc_cholesky(part, 4, 4));
    for (size_t i = 0; i < 4; i++)
        assert_near(whole + i * N, part + i * 4, i + 1, 0.0);
}

static void cholesky_refuses(void **state)
{
    (void)state;
    double indefinite[4] = {1.0, 2.0, 2.0, 1.0}, singular[4] = {1.0, 1.0, 1.0, 1.0};
    double missing[1] = {NAN};
    assert_false(mc_cholesky(indefinite, 2, 2));
    assert_false(mc_cholesky(singular, 2, 2));
    assert_false(mc_cholesky(missing, 1, 1));
    assert_true(mc_cholesky(NULL, 0, 0));
}

static void triangles_solve(void **state)
{
    (void)state;
    const double lower[9] = {2.0, 9.0, 9.0, 1.0, 4.0, 9.0, 3.0, -1.0, 0.5};
    const double upper[9] = {2.0, 1.0, 3.0, 9.0, 4.0, -1.0, 9.0, 9.0, 0.5};
    const double want[3] = {1.0, -2.0, 3.0};
    double down[3] = {2.0, -7.0, 6.5}, across[3] = {9.0, -11.0, 1.5}, up[3] = {9.0, -11.0, 1.5};
    mc_solve_lower(lower, 3, 3, down);
    mc_solve_lower_transposed(lower, 3, 3, across);
    mc_solve_upper(upper, 3, 3, up);
    assert_near(down, want, 3, 0.0);
    assert_near(across, want, 3, 0.0);
    assert_near(up, want, 3, 0.0);
}

static void lu_solves_and_inverts(void **state)
{
    (void)state;
    double a[N * N], lu[N * N], inverse[N * N], unit[N * N], identity[N * N] = {0};
    double want[N], b[N];
    uint32_t pivots[N];
    draw(a, N * N, 4);
    a[0] = 0.0; /* needs an exchange */
    draw(want, N, 5);
    multiply(a, want, N, N, 1, b);
    memcpy(lu, a, sizeof lu);
    assert_true(mc_lu(lu, N, pivots));
    assert_true(pivots[0] != 0);
    mc_lu_solve(lu, pivots, N, b);
    assert_near(b, want, N, 1e-12);
    mc_lu_inverse(lu, pivots, N, inverse);
    multiply(a, inverse, N, N, N, unit);
    for (size_t i = 0; i < N; i++)
        identity[i * N + i] = 1.0;
    assert_near(unit, identity, N * N, 1e-12);
}

static void lu_says_determinant_and_singular(void **state)
{
    (void)state;
    double a[4] = {0.0, 2.0, -3.0, 5.0}, singular[4] = {1.0, 2.0, 2.0, 4.0};
    const double want = log(6.0);
    uint32_t pivots[2];
    assert_true(mc_lu(a, 2, pivots));
    const double got = mc_lu_log_determinant(a, 2);
    assert_near(&got, &want, 1, 1e-15);
    assert_false(mc_lu(singular, 2, pivots));
}

static void eigenvectors_are_right(void **state)
{
    (void)state;
    double a[N * N], kept[N * N], values[N], vectors[N * N], image[N];
    draw_positive(a, N, 6);
    memcpy(kept, a, sizeof kept);
    assert_true(mc_symmetric_eigen(a, N, values, vectors));
    for (size_t i = 0; i < N; i++) {
        double want[N];
        multiply(kept, vectors + i * N, N, N, 1, image);
        for (size_t j = 0; j < N; j++)
            want[j] = values[i] * vectors[i * N + j];
        assert_near(image, want, N, 1e-13);
        assert_true(i == 0 || values[i - 1] <= values[i]);
    }
    double missing[4] = {1.0, NAN, NAN, 1.0};
    assert_false(mc_symmetric_eigen(missing, 2, values, vectors));
}

static void pseudo_inverse_of_full_rank(void **state)
{
    (void)state;
    double a[N * WIDE], kept[N * WIDE], scratch[N * (N + 1)], inverse[WIDE * N];
    double unit[N * N], identity[N * N] = {0};
    draw(a, N * WIDE, 7);
    memcpy(kept, a, sizeof kept);
    assert_true(mc_pseudo_inverse(a, N, WIDE, scratch, inverse));
    multiply(kept, inverse, N, WIDE, N, unit);
    for (size_t i = 0; i < N; i++)
        identity[i * N + i] = 1.0;
    assert_near(unit, identity, N * N, 1e-12);
}

/* Two rows alike and one of zeros: a p a = a, p a p = p, both products symmetric. */
static void pseudo_inverse_of_less_rank(void **state)
{
    (void)state;
    double a[4 * WIDE], kept[4 * WIDE], scratch[4 * 5], p[WIDE * 4];
    double ap[16], pa[WIDE * WIDE], back[4 * WIDE], transposed[WIDE * WIDE];
    draw(a, 4 * WIDE, 8);
    memcpy(a + WIDE, a, WIDE * sizeof *a);
    memset(a + 2 * WIDE, 0, WIDE * sizeof *a);
    memcpy(kept, a, sizeof kept);
    assert_true(mc_pseudo_inverse(a, 4, WIDE, scratch, p));
    multiply(kept, p, 4, WIDE, 4, ap);
    multiply(ap, kept, 4, 4, WIDE, back);
    assert_near(back, kept, 4 * WIDE, 1e-13);
    multiply(p, kept, WIDE, 4, WIDE, pa);
    transpose(pa, WIDE, WIDE, transposed);
    assert_near(pa, transposed, WIDE * WIDE, 1e-13);
    transpose(ap, 4, 4, transposed);
    assert_near(ap, transposed, 16, 1e-13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cholesky_solves),
        cmocka_unit_test(cholesky_heeds_leading_dimension),
        cmocka_unit_test(cholesky_refuses),
        cmocka_unit_test(triangles_solve),
        cmocka_unit_test(lu_solves_and_inverts),
        cmocka_unit_test(lu_says_determinant_and_singular),
        cmocka_unit_test(eigenvectors_are_right),
        cmocka_unit_test(pseudo_inverse_of_full_rank),
        cmocka_unit_test(pseudo_inverse_of_less_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
