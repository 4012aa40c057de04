/* linear_classifiers.c: classifiers that are nothing but scores and a rule: LinearSVC, Perceptron,
 * PassiveAggressiveClassifier, RidgeClassifier(CV).
 *
 * Oracle   LinearClassifierMixin, sklearn/linear_model/_base.py; _RidgeClassifierMixin,
 *          sklearn/linear_model/_ridge.py; scikit-learn 1.2 to 1.9.
 * Exact    Scores within the bound of kernel/linear.c; labels follow from them. */
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/linear_scores.h"

mc_status mc_lower_linear_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    return mc_linear_classifier(to, est, method, x, NULL, out, err);
}

/* Each column on its own: 1 where the score is above 0. Sparse if y was. */
static mc_status multilabel(mc_lowering *to, const mc_value *binarizer, const mc_sym *scores,
                            mc_answer *out, mc_error *err)
{
    mc_sym y;
    bool is_sparse = false;
    MC_TRY(mc_attr_bool(binarizer, "sparse_input_", false, &is_sparse, err));
    MC_TRY(mc_emit_unary(to, scores, MC_UNARY_ABOVE, 0.0, 0.0, &y, err));
    y.type = MC_VALUE_INT;
    y.sparse = is_sparse;
    return mc_answer_matrix(to, y, out, err);
}

/* Its classes are those of the binarizer; before 1.9 nowhere else. */
mc_status mc_lower_ridge_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *binarizer = NULL, *classes = NULL;
    mc_sym scores;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_need(est, "_label_binarizer", &binarizer, err));
    MC_TRY(mc_linear_scores(to, est, x, &scores, NULL, err));
    if (method == MC_METHOD_DECISION_FUNCTION)
        return mc_answer_scores(to, &scores, out, err);
    const mc_bytes type = mc_attr_text(binarizer, "y_type_");
    /* Up to 0.24 RidgeClassifierCV takes many labels, and answers with the one of the best score.
     */
    if (mc_version_of(to, est) >= 100 && type.size >= 10 &&
        memcmp(type.data, "multilabel", 10) == 0)
        return multilabel(to, binarizer, &scores, out, err);
    MC_TRY(mc_attr_need(binarizer, "classes_", &classes, err));
    return mc_answer_score_labels(to, est, classes, &scores, out, err);
}
