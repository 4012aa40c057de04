/* test_unary.c: each line of unary.def against numpy's answers, at the edges of float64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "kernel/unary.h"

#define NOT ((double)NAN)
#define INF ((double)INFINITY)

static const double VALUES[] = {
#define GIVEN(...) __VA_ARGS__
#define ANSWERS(...)
#include "unary_values.def"
#undef GIVEN
#undef ANSWERS
};
#define N_VALUES MC_COUNT_OF(VALUES)

typedef struct answers {
    const char *name;
    mc_unary which;
    double a, b;
    uint64_t ulps;
    double values[N_VALUES];
} answers;

/* clang-format off */
static const answers TABLE[] = {
#define ANSWERS(name, a, b, ulps, ...) {#name, MC_UNARY_##name, a, b, ulps, {__VA_ARGS__}},
#include "unary_values.def"
#undef ANSWERS
};
/* clang-format on */

/* Doubles between two that are neither NaN nor of different sign. */
static uint64_t distance(double x, double y)
{
    uint64_t a = 0, b = 0;
    memcpy(&a, &x, sizeof a);
    memcpy(&b, &y, sizeof b);
    return a > b ? a - b : b - a;
}

static bool is_close(double got, double want, uint64_t ulps)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want);
    return !signbit(got) == !signbit(want) && distance(got, want) <= ulps;
}

static void assert_answers(const answers *want, const double *got)
{
    for (size_t i = 0; i < N_VALUES; i++)
        if (!is_close(got[i], want->values[i], want->ulps))
            fail_msg("%s(%a): got %a, want %a", want->name, VALUES[i], got[i], want->values[i]);
}

static void as_numpy(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(TABLE); i++) {
        double out[N_VALUES];
        mc_unary_apply(TABLE[i].which, VALUES, N_VALUES, TABLE[i].a, TABLE[i].b, out);
        assert_answers(&TABLE[i], out);
    }
}

static void in_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(TABLE); i++) {
        double x[N_VALUES];
        memcpy(x, VALUES, sizeof x);
        mc_unary_apply(TABLE[i].which, x, N_VALUES, TABLE[i].a, TABLE[i].b, x);
        assert_answers(&TABLE[i], x);
    }
}

static void every_function_is_in_the_table(void **state)
{
    (void)state;
    for (size_t which = 0; which < MC_N_UNARY; which++) {
        bool found = false;
        for (size_t i = 0; i < MC_COUNT_OF(TABLE); i++)
            found = found || TABLE[i].which == (mc_unary)which;
        if (!found)
            fail_msg("make_unary_values.py asks numpy nothing for line %zu of unary.def", which);
    }
}

static void names_are_numpys(void **state)
{
    (void)state;
    assert_int_equal(mc_unary_find(mc_bytes_of("log1p")), MC_UNARY_LOG1P);
    assert_int_equal(mc_unary_find(mc_bytes_of("absolute")), MC_UNARY_ABSOLUTE);
    assert_int_equal(mc_unary_find(mc_bytes_of("abs")), MC_UNARY_ABSOLUTE);
    assert_int_equal(mc_unary_find(mc_bytes_of("log1")), MC_N_UNARY);
    assert_int_equal(mc_unary_find(mc_bytes_of("")), MC_N_UNARY);
    assert_int_equal(mc_unary_find(mc_bytes_of("CLIP")), MC_N_UNARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_numpy),
        cmocka_unit_test(in_place),
        cmocka_unit_test(every_function_is_in_the_table),
        cmocka_unit_test(names_are_numpys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
