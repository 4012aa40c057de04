/* unary.c: one loop a line of unary.def.
 *
 * Oracle   numpy's ufuncs of the same name; scipy.special.expit.
 * Exact    + - * / sqrt, floor ... rint, sign, comparisons: bit for bit. Functions of libm: glibc
 *          2.36 against numpy 2.4.6 on 200,000 doubles each: 1 ulp for exp, log, log1p and expm1,
 *          2 for tanh, 0 against scipy's expit; the others are compared in test_unary. */
#include "kernel/unary.h"

#include <math.h>

#include "kernel/booster.h"
#include "kernel/special.h"

/* numpy.floor_divide of doubles: of what fmod leaves, which is exact. By 0 that itself was the
 * answer before numpy 1.20 (`former`). */
static double floor_divided(double a, double b, bool former)
{
    const double rest = fmod(a, b);
    if (b == 0.0)
        return former ? rest : a / b;
    double whole = (a - rest) / b;
    if (rest != 0.0 && (b < 0.0) != (rest < 0.0))
        whole -= 1.0;
    if (whole == 0.0)
        return copysign(0.0, a / b);
    const double down = floor(whole);
    return whole - down > 0.5 ? down + 1.0 : down;
}

/* numpy.remainder of doubles: it has the sign of b. */
static double modulo(double a, double b)
{
    const double rest = fmod(a, b);
    if (b == 0.0)
        return rest;
    if (rest == 0.0)
        return copysign(0.0, b);
    return (b < 0.0) != (rest < 0.0) ? rest + b : rest;
}

typedef void unary_fn(const double *x_in, size_t n, double a, double b, double *out);

#define UNARY(NAME, numpy, expression)                                                      \
    static void apply_##NAME(const double *x_in, size_t n, double a, double b, double *out) \
    {                                                                                       \
        (void)a;                                                                            \
        (void)b;                                                                            \
        for (size_t i = 0; i < n; i++) {                                                    \
            const double x = x_in[i];                                                       \
            out[i] = (expression);                                                          \
        }                                                                                   \
    }
#include "kernel/unary.def"
#undef UNARY

static unary_fn *const FUNCTIONS[MC_N_UNARY] = {
#define UNARY(NAME, numpy, expression) apply_##NAME,
#include "kernel/unary.def"
#undef UNARY
};

static const char *const NUMPY_NAMES[MC_N_UNARY] = {
#define UNARY(NAME, numpy, expression) numpy,
#include "kernel/unary.def"
#undef UNARY
};

void mc_unary_apply(mc_unary which, const double *x, size_t n, double a, double b, double *out)
{
    FUNCTIONS[which](x, n, a, b, out);
}

mc_unary mc_unary_find(mc_bytes name)
{
    for (size_t i = 0; i < MC_N_UNARY; i++)
        if (NUMPY_NAMES[i] != NULL && mc_bytes_is(name, NUMPY_NAMES[i]))
            return (mc_unary)i;
    return mc_bytes_is(name, "abs") ? MC_UNARY_ABSOLUTE : MC_N_UNARY;
}
