/* selection.h: which columns a fitted selector keeps. Masks (n_features) of 0 and 1 live in the
 * load arena. */
#ifndef MC_SKLEARN_SELECTION_H
#define MC_SKLEARN_SELECTION_H
#include "import/sklearn/lower.h"

typedef mc_status mc_mask_fn(mc_lowering *to, const mc_value *est, size_t n_features, uint8_t *mask,
                             mc_error *err);

/* SelectKBest, SelectPercentile, SelectFpr, SelectFdr, SelectFwe and GenericUnivariateSelect. */
MC_MUST_CHECK mc_status mc_univariate_mask(mc_lowering *to, const mc_value *est, size_t n_features,
                                           uint8_t *mask, mc_error *err);
MC_MUST_CHECK mc_status mc_model_mask(mc_lowering *to, const mc_value *est, size_t n_features,
                                      uint8_t *mask, mc_error *err);

/* What the importance_getter `path` ("auto", or dotted attribute names) finds in a fitted `est`: a
 * matrix (n_rows, n_cols), one row for one dimension (`is_flat`). */
typedef struct mc_importances {
    const double *values; /* C order */
    size_t n_rows, n_cols;
    bool is_flat;
    bool is_single;    /* float32: numpy rounds what it makes of them to that */
    bool sums_columns; /* numpy holds the columns contiguous: it adds them pairwise */
    double doubt;      /* how far a value may be from scikit-learn's; 0: it is the same */
} mc_importances;
MC_MUST_CHECK mc_status mc_importances_of(mc_lowering *to, const mc_value *est, mc_bytes path,
                                          mc_importances *out, mc_error *err);
/* An array, a matrix or a sparse one. */
MC_MUST_CHECK mc_status mc_importances_in(mc_lowering *to, const mc_value *value,
                                          mc_importances *out, mc_error *err);
/* Has `est` a coef_ that is worked out when it is asked for? */
bool mc_is_linear_machine(const mc_value *est);
MC_MUST_CHECK mc_status mc_machine_importances(mc_lowering *to, const mc_value *est,
                                               mc_importances *out, mc_error *err);

/* The same of boosting libraries' estimators, which work it out when they are asked. */
typedef mc_status mc_importances_fn(mc_lowering *to, const mc_value *est, mc_importances *out,
                                    mc_error *err);
mc_importances_fn mc_xgb_importances, mc_lgbm_importances, mc_cat_importances;

/* The places that are 1. */
MC_MUST_CHECK mc_status mc_mask_places(mc_lowering *to, const uint8_t *mask, size_t n,
                                       const uint32_t **out, size_t *out_n, mc_error *err);
/* 0, 1 ... n - 1 by descending value if `descending`, else ascending; equal values in their order,
 * NaN last. */
MC_MUST_CHECK mc_status mc_stable_order(mc_lowering *to, const double *values, size_t n,
                                        bool descending, const uint32_t **out, mc_error *err);
#endif
