/* test_special.c: functions of scipy.special against scipy's answers, sums against numpy's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "kernel/special.h"

#define NOT  ((double)NAN)
#define INF  ((double)INFINITY)
#define MOST 4099

typedef struct value {
    const char *name;
    double (*function)(double);
    double x, answer;
} value;

typedef struct sum {
    const char *name;
    double (*function)(const double *, size_t);
    size_t n;
    double answer;
} sum;

/* clang-format off */
static const value VALUES[] = {
#define VALUE(name, x, answer) {#name, mc_##name, x, answer},
#define SUM(name, n, answer)
#include "special_values.def"
#undef VALUE
#undef SUM
};

static const sum SUMS[] = {
#define VALUE(name, x, answer)
#define SUM(name, n, answer) {#name, mc_##name, n, answer},
#include "special_values.def"
#undef VALUE
#undef SUM
};
/* clang-format on */

/* Another C library's exp and log may be a unit off. */
static bool is_close(double got, double want)
{
    if (!isfinite(want) || want == 0.0)
        return isnan(want) ? isnan(got) : got == want && !signbit(got) == !signbit(want);
    return fabs(got - want) <= 4.0 * (nextafter(fabs(want), INF) - fabs(want));
}

static void as_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(VALUES); i++) {
        const double got = VALUES[i].function(VALUES[i].x);
        if (!is_close(got, VALUES[i].answer))
            fail_msg("%s(%a): got %a, want %a", VALUES[i].name, VALUES[i].x, got, VALUES[i].answer);
    }
}

static void sums_in_numpys_order(void **state)
{
    static double terms[MOST];
    (void)state;
    for (size_t i = 0; i < MOST; i++)
        terms[i] = ((double)(i * 7919 % 1000) - 500.0) / 64.0 / 3.0;
    for (size_t i = 0; i < MC_COUNT_OF(SUMS); i++) {
        const bool is_exact = SUMS[i].function == mc_pairwise_sum;
        const double got = SUMS[i].function(terms, SUMS[i].n);
        if (is_exact ? got != SUMS[i].answer : !is_close(got, SUMS[i].answer))
            fail_msg("%s of %zu: got %a, want %a", SUMS[i].name, SUMS[i].n, got, SUMS[i].answer);
    }
}

static void infinite_terms(void **state)
{
    (void)state;
    assert_true(mc_log_sum_exp((const double[]){-INF, -INF}, 2) == -INF);
    assert_true(mc_log_sum_exp((const double[]){INF, -INF}, 2) == INF);
    assert_true(mc_log_sum_exp((const double[]){1.0, -INF}, 2) == 1.0);
    assert_true(isnan(mc_log_sum_exp((const double[]){NOT, 1.0}, 2)));
    assert_true(isnan(mc_log_sum_exp((const double[]){1.0, NOT, 2.0}, 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_scipy),
        cmocka_unit_test(sums_in_numpys_order),
        cmocka_unit_test(infinite_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
