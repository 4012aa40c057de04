/* column_map.h: maps of single values by fitted tables: power functions and quantiles. */
#ifndef MC_KERNEL_COLUMN_MAP_H
#define MC_KERNEL_COLUMN_MAP_H
#include "base/base.h"

typedef enum mc_power {
    MC_POWER_YEO_JOHNSON,      /* as numpy.power */
    MC_POWER_YEO_JOHNSON_LOGS, /* as expm1 and log1p */
    MC_POWER_YEO_JOHNSON_BACK,
    MC_POWER_BOX_COX,
    MC_POWER_BOX_COX_BACK,
    MC_POWER_BOX_COX_BACK_LOGS,
    MC_N_POWERS
} mc_power;

double mc_power_of(mc_power which, double x, double lambda);

/* numpy.interp: the value at x of the line through (xs, ys), `n` >= 1 points, xs ascending. Where
 * they descend by rounding: what numpy answers if it is asked for this x alone. x is no NaN. */
double mc_interpolate(double x, const double *xs, const double *ys, size_t n);

typedef enum mc_quantile_kind {
    MC_QUANTILE_UNIFORM = 0,
    MC_QUANTILE_NORMAL,
    MC_QUANTILE_FIRST_UNIFORM, /* up to 0.20: bounded like the normal */
    MC_N_QUANTILE_KINDS
} mc_quantile_kind;

/* One column of a QuantileTransformer: quantiles (n) of the data at references (n). The reversed
 * tables are the same, negated, from the last to the first. */
typedef struct mc_quantiles {
    const double *quantiles, *references;
    const double *minus_quantiles, *minus_references;
    size_t n;
    mc_quantile_kind kind;
} mc_quantiles;

double mc_quantile_of(const mc_quantiles *column, double x);
double mc_quantile_back(const mc_quantiles *column, double x);
#endif
