/* linear_scores.h: x @ coef_.T + intercept_, and the answers that linear classifiers make of it.
 * Shared by the families of linear models. */
#ifndef MC_SKLEARN_LINEAR_SCORES_H
#define MC_SKLEARN_LINEAR_SCORES_H
#include "import/sklearn/lower.h"

/* `x` checked (finite numbers), then coef_ and intercept_ applied: one column an output. coef_ may
 * be a vector, a matrix or a sparse matrix; intercept_ a number or one a row of coef_. *out_flat
 * (may be NULL): coef_ is a vector. */
MC_MUST_CHECK mc_status mc_linear_scores(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                         mc_sym *out, bool *out_flat, mc_error *err);

/* Scores as decision_function() answers them: one column is 1-D. */
MC_MUST_CHECK mc_status mc_answer_scores(mc_lowering *to, const mc_sym *scores, mc_answer *out,
                                         mc_error *err);
/* Labels of `classes`: one column: above 0 is the second class; else the first maximum. */
MC_MUST_CHECK mc_status mc_answer_score_labels(mc_lowering *to, const mc_value *est,
                                               const mc_value *classes, const mc_sym *scores,
                                               mc_answer *out, mc_error *err);
/* Probabilities, or their logarithm when `method` is predict_log_proba. */
MC_MUST_CHECK mc_status mc_answer_proba(mc_lowering *to, mc_method method, const mc_sym *proba,
                                        mc_answer *out, mc_error *err);

/* Scores -> probabilities, one column a class. */
typedef mc_status mc_proba_fn(mc_lowering *to, const mc_value *est, const mc_sym *scores,
                              mc_sym *out, mc_error *err);
/* A classifier with classes_, coef_ and intercept_. `proba` NULL: it has no predict_proba. */
MC_MUST_CHECK mc_status mc_linear_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                                             const mc_sym *x, mc_proba_fn *proba, mc_answer *out,
                                             mc_error *err);

/* LinearClassifierMixin._predict_proba_lr: expit of each score, then shares of the row. */
mc_proba_fn mc_proba_one_vs_rest;
#endif
