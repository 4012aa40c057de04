/* impute.h: what imputers share: what counts as missing, and where it is. */
#ifndef MC_SKLEARN_IMPUTE_H
#define MC_SKLEARN_IMPUTE_H
#include "import/sklearn/lower.h"

/* What counts as missing. */
typedef struct mc_missing {
    mc_cell cell;  /* missing_values */
    bool is_nan;   /* NaN, None or pandas.NA */
    bool on_cells; /* fitted on objects */
} mc_missing;

MC_MUST_CHECK mc_status mc_missing_of(mc_lowering *to, const mc_value *est, mc_missing *out,
                                      mc_error *err);
/* 1 where a column of `at` (n) is missing: numbers, or cells if missing->on_cells. */
MC_MUST_CHECK mc_status mc_emit_missing(mc_lowering *to, const mc_missing *missing, const mc_sym *x,
                                        const uint32_t *at, size_t n, mc_sym *out, mc_error *err);
/* With add_indicator, the columns of indicator_ of `in` behind y. */
MC_MUST_CHECK mc_status mc_append_indicator(mc_lowering *to, const mc_value *est,
                                            const mc_missing *missing, const mc_sym *in, mc_sym *y,
                                            mc_error *err);
#endif
