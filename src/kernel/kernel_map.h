/* kernel_map.h: elementwise functions of kernel methods, of sums over pairs of rows or of values.
 */
#ifndef MC_KERNEL_KERNEL_MAP_H
#define MC_KERNEL_KERNEL_MAP_H
#include "base/base.h"

typedef enum mc_kernel_map {
    MC_MAP_SCALE,  /* x * a */
    MC_MAP_OFFSET, /* x + a */
    MC_MAP_TANH,
    MC_MAP_POWER,         /* x ** a */
    MC_MAP_POWER_INTEGER, /* the same by squares, a whole and below 2**31: libsvm */
    MC_MAP_GAUSS,         /* exp(a x) */
    MC_MAP_MATERN_1_2,    /* Matern kernels of the squared distance x */
    MC_MAP_MATERN_3_2,
    MC_MAP_MATERN_5_2,
    MC_MAP_MATERN,    /* of nu = a, with b = mc_matern_factor(a) */
    MC_MAP_RATIONAL,  /* (1 + x / a) ** -b */
    MC_MAP_PERIODIC,  /* exp(-2 (sin(a sqrt(x)) / b)^2) */
    MC_MAP_CHI2_ROOT, /* steps 0 and b of AdditiveChi2Sampler, whose interval is a */
    MC_MAP_CHI2_COS,
    MC_MAP_CHI2_SIN,
    MC_N_KERNEL_MAPS
} mc_kernel_map;

/* out[i] = f(x[i], a, b); `x` and `out` may be the same. `which` is below MC_N_KERNEL_MAPS, and a
 * of POWER_INTEGER as said. */
void mc_kernel_map_apply(mc_kernel_map which, const double *x, size_t n, double a, double b,
                         double *out);
double mc_kernel_map_of(mc_kernel_map which, double x, double a, double b);
#endif
