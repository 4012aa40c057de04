/* sgd.c: SGDClassifier and SGDOneClassSVM.
 *
 * Oracle   sklearn/linear_model/_stochastic_gradient.py, scikit-learn 1.2 to 1.9.
 * Exact    Scores within the bound of kernel/linear.c. From the scores: modified_huber's
 *          probabilities bit for bit up to seven classes (numpy sums eight and more in another
 *          order), log_loss's: expit's error (kernel/unary.c), and a sum over the classes. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/linear_scores.h"

/* (clip(s, -1, 1) + 1) / 2; a row of zeros is shared equally in all versions. */
static mc_status proba_modified_huber(mc_lowering *to, const mc_value *est, const mc_sym *scores,
                                      mc_sym *out, mc_error *err)
{
    mc_sym p;
    (void)est;
    MC_TRY(mc_emit_unary(to, scores, MC_UNARY_CLIP, -1.0, 1.0, &p, err));
    MC_TRY(mc_emit_unary(to, &p, MC_UNARY_OFFSET, 1.0, 0.0, &p, err));
    MC_TRY(mc_emit_unary(to, &p, MC_UNARY_OVER, 2.0, 0.0, &p, err));
    return p.n_cols == 1 ? mc_emit_both_sides(to, &p, out, err)
                         : mc_emit_row_share(to, &p, MC_ZERO_UNIFORM, out, err);
}

/* "log" is what 1.2 still calls log_loss. */
static mc_proba_fn *proba_of(const mc_value *est)
{
    if (mc_attr_is_text(est, "loss", "log_loss") || mc_attr_is_text(est, "loss", "log"))
        return mc_proba_one_vs_rest;
    return mc_attr_is_text(est, "loss", "modified_huber") ? proba_modified_huber : NULL;
}

mc_status mc_lower_sgd_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    return mc_linear_classifier(to, est, method, x, proba_of(est), out, err);
}

/* decision_function is x @ coef_ - offset_; score_samples adds offset_ again, so that it has the
 * rounding of both. */
mc_status mc_lower_sgd_one_class(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *coef = NULL, *offset = NULL;
    mc_sym y, labels;
    uint32_t table = 0;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION &&
        method != MC_METHOD_SCORE_SAMPLES)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_vector(to, est, "coef_", x->n_cols, &coef, NULL, err));
    MC_TRY(mc_attr_vector(to, est, "offset_", 1, &offset, NULL, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_linear(to, &y, coef, NULL, 1, &y, err));
    MC_TRY(mc_emit_subtract(to, &y, offset, &y, err));
    if (method == MC_METHOD_DECISION_FUNCTION)
        return mc_answer_scalar(to, y, out, err);
    if (method == MC_METHOD_SCORE_SAMPLES) {
        MC_TRY(mc_emit_add(to, &y, offset, &y, err));
        return mc_answer_scalar(to, y, out, err);
    }
    MC_TRY(mc_emit_above(to, &y, 0.0, true, &labels, err));
    MC_TRY(mc_emit_two_classes(to, -1, 1, &table, err));
    return mc_answer_labels(to, labels, table, out, err);
}
