/* meta_ask.h: what estimators made of estimators ask of those inside them. */
#ifndef MC_SKLEARN_META_ASK_H
#define MC_SKLEARN_META_ASK_H
#include "import/sklearn/lower.h"

/* `method` of `est` on `x` as one matrix of numbers: labels as the numbers that they are (texts are
 * refused), several outputs side by side. *out_flat (may be NULL): it is 1-D in scikit-learn. */
MC_MUST_CHECK mc_status mc_ask_numbers(mc_lowering *to, const mc_value *est, mc_method method,
                                       const mc_sym *x, mc_sym *out, bool *out_flat, mc_error *err);
/* An answer as numbers, as above. */
MC_MUST_CHECK mc_status mc_answer_as_numbers(mc_lowering *to, const mc_answer *answer, mc_sym *out,
                                             mc_error *err);

/* The class table of a label part as cells, in the load arena. */
MC_MUST_CHECK mc_status mc_class_cells(mc_lowering *to, uint32_t table, const mc_cell **out,
                                       size_t *out_n, mc_error *err);
/* An array of labels as cells. */
MC_MUST_CHECK mc_status mc_cells_of(mc_lowering *to, const mc_value *value, const mc_cell **out,
                                    size_t *out_n, mc_error *err);
/* classes_ of a fitted classifier, whatever it is made of; MC_E_NO_METHOD if predict() gives
 * numbers: a regressor. */
MC_MUST_CHECK mc_status mc_classes_known_to(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                            const mc_cell **out, size_t *out_n, mc_error *err);
/* predict() of `est` as indices into `classes` (n). */
MC_MUST_CHECK mc_status mc_ask_classes(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                       const mc_cell *classes, size_t n, mc_sym *out,
                                       mc_error *err);
/* out[i] = index of known[i] in `classes` (n); refuses one that is not there. */
MC_MUST_CHECK mc_status mc_match_classes(mc_lowering *to, const mc_value *est, const mc_cell *known,
                                         size_t n_known, const mc_cell *classes, size_t n,
                                         const uint32_t **out, mc_error *err);

/* The first of two methods that `est` has. */
MC_MUST_CHECK mc_status mc_ask_first(mc_lowering *to, const mc_value *est,
                                     const mc_method wanted[2], const mc_sym *x,
                                     mc_answer_part *out, mc_method *out_used, mc_error *err);
/* _predict_binary() of sklearn/multiclass.py, (n, 1): a regressor's value, a decision, or the
 * probability of the second class. */
MC_MUST_CHECK mc_status mc_ask_binary_score(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                            mc_sym *out, mc_error *err);
/* _threshold_for_binary_predict(): 0 for a classifier with decisions, else 0.5. */
MC_MUST_CHECK mc_status mc_binary_threshold(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                            double *out, mc_error *err);
/* Has `est` this method? Other failures than its absence are answered as such. */
MC_MUST_CHECK mc_status mc_offers(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, bool *out, mc_error *err);

/* Up to version `last` a method was there if base_estimator, which is not fitted, has it: not so a
 * StackingClassifier, at the end of pipelines and searches too. True for later versions. */
bool mc_template_offers(const mc_lowering *to, const mc_value *est, unsigned last);

/* Column `at` of x. */
MC_MUST_CHECK mc_status mc_emit_column(mc_lowering *to, const mc_sym *x, size_t at, mc_sym *out,
                                       mc_error *err);
#endif
