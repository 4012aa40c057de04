/* test_gaussian.c: Bessel functions, Matern kernels and the integral of a classifier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "kernel/gaussian.h"
#include "kernel/kernel_map.h"

/* Order, argument, and mpmath 1.3's besselk() with 40 digits. */
static const double BESSEL[][3] = {
    {0.0, 1e-09, 20.839197352604824},      {0.0, 0.1, 2.4270690247020164},
    {0.0, 1.9999, 0.11390786025689362},    {0.0, 2.0001, 0.11387988708044136},
    {0.0, 10.0, 1.778006231616765e-05},    {0.0, 300.0, 3.7236948548891435e-132},
    {0.3, 0.01, 6.8901026382927695},       {0.3, 1.0, 0.43507602420880204},
    {0.3, 2.0, 0.11603697434811926},       {0.3, 2.0001, 0.11602263341811271},
    {0.3, 3.5, 0.019823927203346404},      {0.3, 50.0, 3.413208199536853e-23},
    {0.5, 1e-09, 39633.27293642684},       {0.5, 0.1, 3.58616683879726},
    {0.5, 1.9999, 0.11995276520158332},    {0.5, 2.0001, 0.11992278075848944},
    {0.5, 10.0, 1.799347809370518e-05},    {0.5, 300.0, 3.725244139654486e-132},
    {1.0, 0.01, 99.97389411829624},        {1.0, 1.0, 0.6019072301972346},
    {1.0, 2.0, 0.13986588181652243},       {1.0, 2.0001, 0.1398475004688114},
    {1.0, 3.5, 0.022239392925923834},      {1.0, 50.0, 3.4441022267175555e-23},
    {1.2, 1e-09, 66547003231.58705},       {1.2, 0.1, 16.57326577474655},
    {1.2, 1.9999, 0.1529405936105797},     {1.2, 2.0001, 0.15289927484337446},
    {1.2, 10.0, 1.9043949198383363e-05},   {1.2, 300.0, 3.732627566628051e-132},
    {2.0, 0.01, 19999.50006838941},        {2.0, 1.0, 1.6248388986351774},
    {2.0, 2.0, 0.2537597545660559},        {2.0, 2.0001, 0.2537203955238306},
    {2.0, 3.5, 0.032307121699467825},      {2.0, 50.0, 3.547931838858198e-23},
    {3.7, 1e-09, 5.407355460734742e+34},   {3.7, 0.1, 135700.95509144964},
    {3.7, 1.9999, 1.482293978663211},      {3.7, 2.0001, 1.4816510024646317},
    {3.7, 10.0, 3.39793859017359e-05},     {3.7, 300.0, 3.8094884119422045e-132},
    {7.5, 0.01, 1.693659545375877e+20},    {7.5, 1.0, 162997.85982942858},
    {7.5, 2.0, 803.8651133529054},         {7.5, 2.0001, 803.5516896134491},
    {7.5, 3.5, 8.942550160794179},         {7.5, 50.0, 5.946280808272195e-23},
    {12.0, 1e-09, 8.174960639999994e+118}, {12.0, 0.1, 8.173102926621693e+22},
    {12.0, 1.9999, 18242568.872983094},    {12.0, 2.0001, 18220362.589863528},
    {12.0, 10.0, 0.010278998056493335},    {12.0, 300.0, 4.731707753575984e-132},
    {20.0, 0.01, 6.377698248601133e+62},   {20.0, 1.0, 6.294369360424535e+22},
    {20.0, 2.0, 5.770856852700241e+16},    {20.0, 2.0001, 5.76505876936645e+16},
    {20.0, 3.5, 713857897923.7405},        {20.0, 50.0, 1.7061483797220352e-21},
};

static void assert_near(double got, double want, double relative, const char *what)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("%s: got %.17g, want %.17g", what, got, want);
}

static void bessel_is_mpmaths(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(BESSEL); i++)
        assert_near(mc_bessel_k(BESSEL[i][0], BESSEL[i][1]), BESSEL[i][2], 2e-14, "K");
}

static void bessel_at_its_ends(void **state)
{
    (void)state;
    assert_true(isinf(mc_bessel_k(1.0, 0.0)));
    assert_true(isinf(mc_bessel_k(20.0, 1e-16))); /* it overflows, as scipy's does */
    assert_true(mc_bessel_k(1.0, 800.0) == 0.0);
    assert_true(isnan(mc_bessel_k(1.0, (double)NAN)));
    assert_true(isnan(mc_bessel_k(1e18, 1.0))); /* it would count so far */
    assert_true(isnan(mc_bessel_k(-1.0, 1.0)));
}

/* nu of a half, three and five halves have closed forms; many halves come near the Gauss kernel. */
static void matern_meets_its_closed_forms(void **state)
{
    (void)state;
    static const mc_kernel_map CLOSED[] = {MC_MAP_MATERN_1_2, MC_MAP_MATERN_3_2, MC_MAP_MATERN_5_2};
    for (size_t i = 0; i < MC_COUNT_OF(CLOSED); i++) {
        const double nu = 0.5 + (double)i, factor = mc_matern_factor(nu);
        for (double square = 1e-4; square < 200.0; square *= 3.0)
            assert_near(mc_kernel_map_of(MC_MAP_MATERN, square, nu, factor),
                        mc_kernel_map_of(CLOSED[i], square, 0.0, 0.0), 1e-13, "Matern");
    }
    const double many = mc_matern(1.5, 100.0, mc_matern_factor(100.0));
    assert_near(many, mc_kernel_map_of(MC_MAP_GAUSS, 1.5, -0.5, 0.0), 1e-2, "nu of 100");
}

/* At a distance of 0 scikit-learn puts a distance of 2**-52. */
static void matern_is_1_at_0(void **state)
{
    (void)state;
    for (double nu = 0.3; nu < 15.0; nu += 0.7)
        assert_near(mc_matern(0.0, nu, mc_matern_factor(nu)), 1.0, 2e-5, "Matern at 0");
}

/* The approximation is within 1e-5 of the integral; scikit-learn's numbers for two of them. */
static void laplace_probabilities(void **state)
{
    (void)state;
    const double mean[] = {0.0, 1.0, -1.0, 40.0}, var[] = {0.5, 0.25, 0.25, 1e-3};
    double got[4];
    mc_laplace_proba(mean, var, 4, got);
    assert_true(fabs(got[0] - 0.5) < 1e-8); /* the terms weigh 0.99999999 together */
    assert_true(fabs(got[1] + got[2] - 1.0) < 2e-8);
    assert_true(fabs(got[1] - 0.7206768802985835) < 1e-11);
    assert_true(fabs(got[3] - 0.9999999900003331) < 1e-11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bessel_is_mpmaths),
        cmocka_unit_test(bessel_at_its_ends),
        cmocka_unit_test(matern_meets_its_closed_forms),
        cmocka_unit_test(matern_is_1_at_0),
        cmocka_unit_test(laplace_probabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
