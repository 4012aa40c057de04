/* encoder_columns.h: what an encoder has learnt of one column. */
#ifndef MC_SKLEARN_ENCODER_COLUMNS_H
#define MC_SKLEARN_ENCODER_COLUMNS_H
#include "import/sklearn/lower.h"

#define MC_NO_CODE UINT32_MAX

/* Categories of one column as fitted, in the load arena. */
typedef struct mc_fitted_column {
    const mc_cell *cells;
    size_t n;
    char kind;              /* of their dtype, as numpy's */
    const int64_t *grouped; /* category -> code after grouping the infrequent, or NULL */
    size_t n_grouped;       /* n, or one less: a missing category, the last, is not grouped */
    uint32_t infrequent;    /* code of that group, or MC_NO_CODE */
    uint32_t dropped;       /* code that is dropped, or MC_NO_CODE */
    uint32_t n_codes;       /* before dropping */
} mc_fitted_column;

/* An item of categories_; no groups, nothing dropped. */
MC_MUST_CHECK mc_status mc_fitted_categories(mc_lowering *to, const mc_value *categories,
                                             mc_fitted_column *c, mc_error *err);
/* What `est` says about column j: its groups; what is dropped. */
MC_MUST_CHECK mc_status mc_fitted_grouping(mc_lowering *to, const mc_value *est, size_t j,
                                           mc_fitted_column *c, mc_error *err);
MC_MUST_CHECK mc_status mc_fitted_drop(mc_lowering *to, const mc_value *est, size_t j,
                                       mc_fitted_column *c, mc_error *err);
#endif
