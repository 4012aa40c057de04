/* unary.h: elementwise functions by number. */
#ifndef MC_KERNEL_UNARY_H
#define MC_KERNEL_UNARY_H
#include "base/base.h"

typedef enum mc_unary {
#define UNARY(NAME, numpy, expression) MC_UNARY_##NAME,
#include "kernel/unary.def"
#undef UNARY
    MC_N_UNARY
} mc_unary;

/* out[i] = f(x[i], a, b); `x` and `out` may be the same. `which` is below MC_N_UNARY. */
void mc_unary_apply(mc_unary which, const double *x, size_t n, double a, double b, double *out);

/* The function that numpy calls `name`, or MC_N_UNARY. */
mc_unary mc_unary_find(mc_bytes name);
#endif
