/* thresholds.c: two classes, told apart at a threshold that was set or tuned; and classifiers that
 * taught themselves: both hand on everything else.
 *
 * Oracle   sklearn/model_selection/_classification_threshold.py, sklearn/utils/_response.py,
 *          sklearn/semi_supervised/_self_training.py, scikit-learn 1.2 to 1.9.
 * Exact    As the estimator; a score equal to the threshold is the positive class.
 * Why so   The positive class of a tuned threshold is that of the score it was tuned for: an
 *          argument of the scorer, else the default that scikit-learn's function has. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/meta_ask.h"
#include "kernel/category.h"

/* ------------------------------------------------------------------------ the positive class ----
 */

/* Functions of sklearn.metrics whose pos_label is 1 unless they are told otherwise. */
static bool has_positive_one(mc_bytes function)
{
    static const char *const NAMES[] = {
        "average_precision_score", "f1_score",        "fbeta_score",
        "jaccard_score",           "precision_score", "recall_score"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++)
        if (mc_bytes_is(function, NAMES[i]))
            return true;
    return false;
}

/* _BaseScorer._get_pos_label(); *out is false where it is None. */
static mc_status positive_of_scorer(mc_lowering *to, const mc_value *scorer, mc_cell *out,
                                    bool *out_has, mc_error *err)
{
    const mc_value *given =
        mc_dict_get_bytes(mc_value_attr(scorer, "_kwargs"), mc_bytes_of("pos_label"));
    const mc_value *function = mc_value_attr(scorer, "_score_func");
    *out_has = false;
    if (given != NULL) {
        *out_has = !mc_value_is_none(given);
        return *out_has ? mc_cell_from_value(to->arena, given, out, err) : MC_OK;
    }
    if (mc_value_is(function, MC_KIND_GLOBAL) && has_positive_one(function->as.global->name)) {
        *out = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = 1};
        *out_has = true;
    }
    return MC_OK;
}

/* Which of the two classes is the positive one; by default the second. */
static mc_status positive_class(mc_lowering *to, const mc_value *est, const mc_cell *classes,
                                uint32_t *out, mc_error *err)
{
    mc_cell label = {0};
    bool has = mc_attr_has(est, "pos_label");
    *out = 1;
    if (mc_bytes_is(mc_class_name(est), "TunedThresholdClassifierCV")) {
        MC_TRY_IN(positive_of_scorer(to, mc_value_attr(est, "_curve_scorer"), &label, &has, err),
                  err, "_curve_scorer");
    } else if (has) {
        MC_TRY_IN(mc_cell_from_value(to->arena, mc_value_attr(est, "pos_label"), &label, err), err,
                  "pos_label");
    }
    if (!has)
        return MC_OK;
    for (uint32_t i = 0; i < 2; i++) {
        *out = i;
        if (mc_cell_compare(&classes[i], &label) == 0)
            return MC_OK;
    }
    return mc_no_method(err, est, MC_METHOD_PREDICT); /* it raises ValueError */
}

/* -------------------------------------------------------------------------------- thresholds ----
 */

/* The score of the positive class, and the threshold that "auto" means for it. */
static mc_status score_of(mc_lowering *to, const mc_value *est, const mc_value *inside,
                          const mc_sym *x, uint32_t positive, mc_sym *out, double *out_usual,
                          mc_error *err)
{
    static const mc_method AUTO[2] = {MC_METHOD_PREDICT_PROBA, MC_METHOD_DECISION_FUNCTION};
    mc_method wanted[2] = {AUTO[0], AUTO[1]}, used = AUTO[0];
    mc_answer_part part = {0};
    if (mc_attr_is_text(est, "response_method", "decision_function"))
        wanted[0] = AUTO[1];
    MC_TRY(mc_ask_first(to, inside, wanted, x, &part, &used, err));
    *out = part.value;
    *out_usual = used == MC_METHOD_PREDICT_PROBA ? 0.5 : 0.0;
    if (out->n_cols != (used == MC_METHOD_PREDICT_PROBA ? 2u : 1u))
        return mc_refuse(err, est, "%s: expected two classes, found %zu columns",
                         mc_method_name(used), out->n_cols);
    if (used == MC_METHOD_PREDICT_PROBA)
        return mc_emit_column(to, out, positive, out, err);
    return positive == 0 ? mc_emit_unary(to, out, MC_UNARY_NEGATIVE, 0.0, 0.0, out, err) : MC_OK;
}

static mc_status threshold_labels(mc_lowering *to, const mc_value *est, const mc_value *inside,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    const bool is_tuned = mc_bytes_is(mc_class_name(est), "TunedThresholdClassifierCV");
    const char *name = is_tuned ? "best_threshold_" : "threshold";
    const mc_cell *classes = NULL;
    size_t n = 0;
    uint32_t positive = 1, table = 0;
    double threshold = 0.0;
    mc_sym y;
    MC_TRY(mc_classes_known_to(to, inside, x, &classes, &n, err));
    if (n == 1) /* it raises ValueError; its probabilities are asked for elsewhere */
        return mc_no_method(err, est, MC_METHOD_PREDICT);
    if (n != 2)
        return mc_refuse(err, est, "expected two classes, found %zu", n);
    MC_TRY(positive_class(to, est, classes, &positive, err));
    MC_TRY(score_of(to, est, inside, x, positive, &y, &threshold, err));
    if (is_tuned && !mc_attr_has(est, name))
        return mc_refuse(err, est, "it has no attribute %s: is it fitted?", name);
    if (!mc_attr_is_text(est, name, "auto"))
        MC_TRY(mc_attr_number(est, name, threshold, &threshold, err));
    MC_TRY(mc_emit_above(to, &y, threshold, true, &y, err));
    const uint32_t map[2] = {1 - positive, positive};
    MC_TRY(mc_emit_map_label(to, &y, map, 2, &y, err));
    MC_TRY(mc_build_classes(to->b, classes, 2, &table, err));
    return mc_answer_labels(to, y, table, out, err);
}

static bool is_of_classifier(mc_method method)
{
    return method == MC_METHOD_PREDICT || method == MC_METHOD_PREDICT_PROBA ||
           method == MC_METHOD_PREDICT_LOG_PROBA || method == MC_METHOD_DECISION_FUNCTION;
}

mc_status mc_lower_threshold(mc_lowering *to, const mc_value *est, mc_method method,
                             const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *inside = mc_value_attr(est, "estimator_");
    if (!is_of_classifier(method))
        return mc_no_method(err, est, method);
    if (inside == NULL) /* FixedThresholdClassifier takes a fitted one as it is */
        MC_TRY(mc_attr_need(est, "estimator", &inside, err));
    if (method == MC_METHOD_PREDICT)
        return threshold_labels(to, est, inside, x, out, err);
    MC_TRY_IN(mc_lower(to, inside, method, x, out, err), err, "estimator_");
    return MC_OK;
}

/* ----------------------------------------------------------------------------- self-training ----
 */

mc_status mc_lower_self_training(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *inside = mc_value_attr(est, "estimator_");
    mc_sym checked;
    if (!is_of_classifier(method))
        return mc_no_method(err, est, method);
    if (inside == NULL) /* up to 1.5 */
        MC_TRY(mc_attr_need(est, "base_estimator_", &inside, err));
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN | MC_OR_INFINITY, &checked, err));
    MC_TRY_IN(mc_lower(to, inside, method, &checked, out, err), err, "estimator_");
    return MC_OK;
}
