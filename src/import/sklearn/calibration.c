/* calibration.c: CalibratedClassifierCV: the mean of classifiers whose scores are calibrated.
 *
 * Oracle   sklearn/calibration.py _CalibratedClassifier, _SigmoidCalibration, _TemperatureScaling,
 *          scikit-learn 1.2 to 1.9.
 * Exact    Scores as the classifiers'; means bit for bit in the order of calibrated_classifiers_;
 *          sigmoids and temperatures within a few ulp: exponentials and logarithms are the C
 *          library's. Isotonic calibrators are IsotonicRegression's.
 * Why so   Whether scores are decisions or probabilities is what the classifier has, and decides
 *          what a temperature divides: scikit-learn looks at the values of the whole batch instead,
 *          and sees the same, unless decisions of all rows happen to be shares. */
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/meta_ask.h"

typedef struct calibrated {
    const mc_value *est; /* the CalibratedClassifierCV: its version counts */
    const mc_cell *classes;
    size_t n_classes;
} calibrated;

/* The scores of one classifier: decisions, else probabilities; one column for two classes. */
static mc_status scores_of(mc_lowering *to, const calibrated *c, const mc_value *inside,
                           const mc_sym *x, mc_sym *out, mc_method *out_used, mc_error *err)
{
    static const mc_method WANTED[2] = {MC_METHOD_DECISION_FUNCTION, MC_METHOD_PREDICT_PROBA};
    mc_answer_part part = {0};
    MC_TRY(mc_ask_first(to, inside, WANTED, x, &part, out_used, err));
    *out = part.value;
    /* Up to 1.3 the classes of the whole count, then those that this classifier was shown. */
    const size_t n = mc_version_of(to, c->est) < 104 ? c->n_classes : out->n_cols;
    if (*out_used == MC_METHOD_PREDICT_PROBA && n == 2 && out->n_cols == 2)
        return mc_emit_column(to, out, 1, out, err);
    return MC_OK;
}

/* 1 / (1 + exp(a x + b)) */
static mc_status sigmoid(mc_lowering *to, const mc_value *calibrator, const mc_sym *x, mc_sym *out,
                         mc_error *err)
{
    const mc_value *value = NULL;
    double a = 0.0, b = 0.0;
    MC_TRY(mc_attr_need(calibrator, "a_", &value, err));
    MC_TRY(mc_attr_need(calibrator, "b_", &value, err));
    MC_TRY(mc_attr_number(calibrator, "a_", 0.0, &a, err));
    MC_TRY(mc_attr_number(calibrator, "b_", 0.0, &b, err));
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_SCALE, a, 0.0, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_OFFSET, b, 0.0, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_NEGATIVE, 0.0, 0.0, out, err));
    return mc_emit_unary(to, out, MC_UNARY_EXPIT, 0.0, 0.0, out, err);
}

static mc_status calibrate(mc_lowering *to, const mc_value *calibrator, const mc_sym *x,
                           mc_sym *out, mc_error *err)
{
    if (mc_bytes_is(mc_class_name(calibrator), "_SigmoidCalibration"))
        return sigmoid(to, calibrator, x, out, err);
    return mc_lower_one(to, calibrator, MC_METHOD_PREDICT, x, out, err);
}

/* ------------------------------------------------------------------------- one calibrator a class
 * ---- */

/* Each score calibrated, put at its class; then shares of the row, or the other side of one. */
static mc_status class_by_class(mc_lowering *to, const calibrated *c, const mc_value *inside,
                                const mc_items *calibrators, const mc_sym *x, mc_sym *scores,
                                mc_sym *out, mc_error *err)
{
    const mc_cell *known = NULL;
    const uint32_t *at = NULL;
    mc_sym *parts = NULL;
    size_t n = 0;
    MC_TRY(mc_classes_known_to(to, inside, x, &known, &n, err));
    MC_TRY(mc_match_classes(to, inside, known, n, c->classes, c->n_classes, &at, err));
    n = n < scores->n_cols ? n : scores->n_cols;
    n = n < calibrators->n ? n : calibrators->n;
    if (n == 0 || (c->n_classes == 2 && n != 1))
        return mc_refuse(err, c->est, "%zu calibrators for %zu scores", calibrators->n,
                         scores->n_cols);
    MC_TRY(mc_arena_new(to->arena, mc_sym, n, &parts, err));
    for (size_t i = 0; i < n; i++) {
        MC_TRY(mc_emit_column(to, scores, i, &parts[i], err));
        MC_TRY_IN(calibrate(to, calibrators->at[i], &parts[i], &parts[i], err), err,
                  "calibrators[%zu]", i);
    }
    if (c->n_classes == 2)
        return mc_emit_both_sides(to, &parts[0], out, err);
    MC_TRY(mc_emit_hstack(to, parts, n, false, out, err));
    MC_TRY(mc_emit_scatter(to, out, at, c->n_classes, out, err));
    return mc_emit_row_share(to, out, MC_ZERO_UNIFORM, out, err);
}

/* -------------------------------------------------------------------------- one temperature ----
 */

/* softmax(beta * logits): logarithms of probabilities, or decisions; of two classes [-x, x]. */
static mc_status temperature(mc_lowering *to, const mc_value *calibrator, mc_method used,
                             const mc_sym *scores, mc_sym *out, mc_error *err)
{
    double beta = 1.0;
    const mc_value *value = NULL;
    mc_sym sides[2] = {*scores, *scores};
    MC_TRY(mc_attr_need(calibrator, "beta_", &value, err));
    MC_TRY(mc_attr_number(calibrator, "beta_", 1.0, &beta, err));
    *out = *scores;
    if (used == MC_METHOD_PREDICT_PROBA) {
        if (scores->n_cols == 1)
            MC_TRY(mc_emit_both_sides(to, scores, out, err));
        MC_TRY(mc_emit_unary(to, out, MC_UNARY_OFFSET, 1e-12, 0.0, out, err));
        MC_TRY(mc_emit_unary(to, out, MC_UNARY_LOG, 0.0, 0.0, out, err));
    } else if (scores->n_cols == 1) {
        MC_TRY(mc_emit_unary(to, scores, MC_UNARY_NEGATIVE, 0.0, 0.0, &sides[0], err));
        MC_TRY(mc_emit_hstack(to, sides, 2, false, out, err));
    }
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_SCALE, beta, 0.0, out, err));
    return mc_emit_softmax(to, out, out, err);
}

/* ----------------------------------------------------------------------------------- answers ----
 */

/* predict_proba() of a _CalibratedClassifier; what exceeds 1 by a rounding is 1. */
static mc_status shares_of(mc_lowering *to, const calibrated *c, const mc_value *one,
                           const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_value *inside = mc_value_attr(one, "estimator");
    const char *name = mc_attr_has(one, "calibrators") ? "calibrators" : "calibrators_";
    mc_items calibrators;
    mc_sym scores;
    mc_method used = MC_METHOD_PREDICT;
    if (inside == NULL)
        inside = mc_value_attr(one, "base_estimator");
    MC_TRY(mc_attr_items(to, one, name, &calibrators, err));
    MC_TRY(scores_of(to, c, inside, x, &scores, &used, err));
    if (calibrators.n == 0)
        return mc_refuse(err, c->est, "%s: expected at least one, found none", name);
    if (mc_attr_is_text(one, "method", "temperature"))
        MC_TRY(temperature(to, calibrators.at[0], used, &scores, out, err));
    else
        MC_TRY(class_by_class(to, c, inside, &calibrators, x, &scores, out, err));
    if (out->n_cols != c->n_classes)
        return mc_refuse(err, c->est, "%zu probabilities for %zu classes", out->n_cols,
                         c->n_classes);
    return mc_emit_unary(to, out, MC_UNARY_CLIP, -INFINITY, 1.0, out, err);
}

mc_status mc_lower_calibrated(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    calibrated c = {.est = est};
    mc_items all;
    mc_sym *parts = NULL, y;
    uint32_t table = 0;
    const mc_value *classes = NULL;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_items(to, est, "calibrated_classifiers_", &all, err));
    MC_TRY(mc_attr_need(est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &c.n_classes, err));
    MC_TRY(mc_class_cells(to, table, &c.classes, &c.n_classes, err));
    if (all.n == 0 || c.n_classes == 0)
        return mc_refuse(err, est, "%zu calibrated classifiers for %zu classes", all.n,
                         c.n_classes);
    MC_TRY(mc_arena_new(to->arena, mc_sym, all.n, &parts, err));
    for (size_t i = 0; i < all.n; i++)
        MC_TRY_IN(shares_of(to, &c, all.at[i], x, &parts[i], err), err,
                  "calibrated_classifiers_[%zu]", i);
    MC_TRY(mc_emit_sum(to, parts, all.n, NULL, (double)all.n, &y, err));
    if (method == MC_METHOD_PREDICT_PROBA)
        return mc_answer_matrix(to, y, out, err);
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}
