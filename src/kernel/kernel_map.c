/* kernel_map.c: kernels as functions of one sum.
 *
 * Oracle   sklearn/metrics/pairwise.py, sklearn/gaussian_process/kernels.py, powi() in
 *          svm/src/libsvm/svm.cpp, AdditiveChi2Sampler in sklearn/kernel_approximation.py.
 * Exact    The operations of the oracle in its order; exp, pow, sin, cos, cosh, log within 1 ulp of
 *          numpy's. A periodic kernel's sin() sees an argument rounded once: near a multiple of pi
 *          its answer is as far from exact as scikit-learn's. */
#include "kernel/kernel_map.h"

#include <math.h>

#include "kernel/gaussian.h"

#define PI 3.141592653589793

static double power_integer(double x, double exponent)
{
    double result = 1.0;
    for (int64_t left = (int64_t)exponent; left > 0; left /= 2) {
        if (left % 2 == 1)
            result *= x;
        x *= x;
    }
    return result;
}

/* numpy squares where the exponent is 2. */
static double power(double x, double exponent)
{
    return exponent == 2.0 ? x * x : pow(x, exponent);
}

static double matern_3_2(double square)
{
    const double k = sqrt(square) * sqrt(3.0);
    return (1.0 + k) * exp(-k);
}

static double matern_5_2(double square)
{
    const double k = sqrt(square) * sqrt(5.0);
    return (1.0 + k + k * k / 3.0) * exp(-k);
}

static double periodic(double square, double turn, double length_scale)
{
    const double wave = sin(turn * sqrt(square)) / length_scale;
    return exp(-2.0 * (wave * wave));
}

static double chi2_factor(double x, double interval, double order)
{
    return sqrt(2.0 * x * interval / cosh(PI * order * interval));
}

static inline __attribute__((always_inline)) double apply(mc_kernel_map which, double x, double a,
                                                          double b)
{
    switch (which) {
    case MC_MAP_SCALE:
        return x * a;
    case MC_MAP_OFFSET:
        return x + a;
    case MC_MAP_TANH:
        return tanh(x);
    case MC_MAP_POWER:
        return power(x, a);
    case MC_MAP_POWER_INTEGER:
        return power_integer(x, a);
    case MC_MAP_GAUSS:
        return exp(a * x);
    case MC_MAP_MATERN_1_2:
        return exp(-sqrt(x));
    case MC_MAP_MATERN_3_2:
        return matern_3_2(x);
    case MC_MAP_MATERN_5_2:
        return matern_5_2(x);
    case MC_MAP_MATERN:
        return mc_matern(x, a, b);
    case MC_MAP_RATIONAL:
        return pow(1.0 + x / a, -b);
    case MC_MAP_PERIODIC:
        return periodic(x, a, b);
    case MC_MAP_CHI2_ROOT:
        return sqrt(x * a);
    case MC_MAP_CHI2_COS:
        return x == 0.0 ? 0.0 : chi2_factor(x, a, b) * cos(b * (a * log(x)));
    case MC_MAP_CHI2_SIN:
        return x == 0.0 ? 0.0 : chi2_factor(x, a, b) * sin(b * (a * log(x)));
    case MC_N_KERNEL_MAPS:
        break;
    }
    return (double)NAN; /* `which` is below MC_N_KERNEL_MAPS */
}

void mc_kernel_map_apply(mc_kernel_map which, const double *x, size_t n, double a, double b,
                         double *out)
{
    switch (which) { /* a loop for each, so that the choice is made once */
#define LOOP(WHICH)                            \
    case WHICH:                                \
        for (size_t i = 0; i < n; i++)         \
            out[i] = apply(WHICH, x[i], a, b); \
        break;
        LOOP(MC_MAP_SCALE)
        LOOP(MC_MAP_OFFSET)
        LOOP(MC_MAP_TANH)
        LOOP(MC_MAP_POWER)
        LOOP(MC_MAP_POWER_INTEGER)
        LOOP(MC_MAP_GAUSS)
        LOOP(MC_MAP_MATERN_1_2)
        LOOP(MC_MAP_MATERN_3_2)
        LOOP(MC_MAP_MATERN_5_2)
        LOOP(MC_MAP_MATERN)
        LOOP(MC_MAP_RATIONAL)
        LOOP(MC_MAP_PERIODIC)
        LOOP(MC_MAP_CHI2_ROOT)
        LOOP(MC_MAP_CHI2_COS)
        LOOP(MC_MAP_CHI2_SIN)
#undef LOOP
    case MC_N_KERNEL_MAPS:
        break;
    }
}

double mc_kernel_map_of(mc_kernel_map which, double x, double a, double b)
{
    return apply(which, x, a, b);
}
