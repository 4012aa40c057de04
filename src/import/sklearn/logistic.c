/* logistic.c: LogisticRegression, LogisticRegressionCV.
 *
 * Oracle   LogisticRegression.predict_proba, sklearn/linear_model/_logistic.py, scikit-learn
 *          0.18 to 1.9; the boundaries between versions were read in 0.18.2, 0.19.2, 0.20.4,
 *          0.21.3, 0.24.2, 1.2.2, 1.3.2, 1.4.2, 1.5.2, 1.6.1, 1.7.2, 1.8.0 and 1.9.1.
 * Exact    Probabilities: the scores' error (kernel/linear.c) plus that of expit
 *          (kernel/unary.c) or of softmax (kernel/linear.c).
 * Why so   Up to 0.19 one score is always one-vs-rest. Up to 1.7 the parameter multi_class
 *          chooses between one-vs-rest and softmax, and with softmax and two classes the one
 *          score s stands for [-s, s], so that the probability is expit(2 s). From 1.8 on two
 *          classes are always expit(s), more are softmax. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/linear_scores.h"

static bool solver_is_one_vs_rest(const mc_lowering *to, const mc_value *est)
{
    return mc_attr_is_text(est, "solver", "liblinear") ||
           (mc_version_of(to, est) <= 105 && mc_attr_is_text(est, "solver", "newton-cholesky"));
}

static bool is_one_of(mc_bytes text, const char *first, const char *second)
{
    return mc_bytes_is(text, first) || mc_bytes_is(text, second);
}

static mc_status is_one_vs_rest(mc_lowering *to, const mc_value *est, bool is_binary, bool *out,
                                mc_error *err)
{
    const mc_bytes choice = mc_attr_text(est, "multi_class");
    const bool is_new = mc_version_of(to, est) >= 108;
    const bool is_auto = choice.data == NULL || is_one_of(choice, "auto", "deprecated");
    const bool is_ovr = is_one_of(choice, "ovr", "warn");
    if (!is_new && !is_auto && !is_ovr && !mc_bytes_is(choice, "multinomial")) {
        return mc_refuse(err, est,
                         "multi_class: expected \"auto\", \"ovr\" or \"multinomial\", found "
                         "\"%.*s\"",
                         MC_SHOW(choice));
    }
    if (is_new)
        *out = is_binary;
    else if (mc_version_of(to, est) < 20)
        *out = is_ovr || is_binary;
    else
        *out = is_ovr || (is_auto && (is_binary || solver_is_one_vs_rest(to, est)));
    return MC_OK;
}

static mc_status proba_softmax(mc_lowering *to, const mc_sym *scores, mc_sym *out, mc_error *err)
{
    mc_sym sides[2] = {*scores, *scores}, both = *scores;
    if (scores->n_cols == 1) {
        MC_TRY(mc_emit_unary(to, scores, MC_UNARY_NEGATIVE, 0.0, 0.0, &sides[0], err));
        MC_TRY(mc_emit_hstack(to, sides, 2, false, &both, err));
    }
    return mc_emit_softmax(to, &both, out, err);
}

static mc_status proba(mc_lowering *to, const mc_value *est, const mc_sym *scores, mc_sym *out,
                       mc_error *err)
{
    bool one_vs_rest = false;
    MC_TRY(is_one_vs_rest(to, est, scores->n_cols == 1, &one_vs_rest, err));
    return one_vs_rest ? mc_proba_one_vs_rest(to, est, scores, out, err)
                       : proba_softmax(to, scores, out, err);
}

mc_status mc_lower_logistic(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    return mc_linear_classifier(to, est, method, x, proba, out, err);
}
