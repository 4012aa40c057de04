/* lightgbm.c: LGBMClassifier, LGBMRegressor, LGBMRanker, and Booster.
 *
 * Oracle   LightGBM 3.3 to 4.7: python-package/lightgbm/{sklearn,basic}.py, src/objective/.
 * Exact    Sums and labels bit for bit; links within a few ulp: exponentials are the C library's.
 * Why so   predict() stops at best_iteration if training was stopped early. LightGBM looks at the
 *          order of columns and never at their names, so none are asked for. */
#include "import/lightgbm/lightgbm.h"

#include <math.h>

#include "base/number.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/selection.h"

static bool is_booster(const mc_value *est)
{
    return mc_bytes_is(mc_class_name(est), "Booster");
}

static const mc_value *booster_of(const mc_value *est)
{
    return is_booster(est) ? est : mc_value_attr(est, "_Booster");
}

static mc_status read_booster(const mc_value *est, mc_lgbm *out, mc_error *err)
{
    const mc_value *booster = booster_of(est);
    const mc_value *text = mc_value_attr(booster, "_handle"); /* since 4.0 */
    if (!mc_value_is(text, MC_KIND_TEXT))
        text = mc_value_attr(booster, "handle");
    if (!mc_value_is(text, MC_KIND_TEXT))
        return mc_refuse(err, est, "it holds no booster: is it fitted?");
    return mc_lgbm_read(est, text->as.bytes, out, err);
}

mc_status mc_shape_lightgbm(mc_lowering *to, const mc_value *est, mc_shape *out, mc_error *err)
{
    mc_lgbm lgbm;
    (void)to;
    MC_TRY(read_booster(est, &lgbm, err));
    *out = (mc_shape){.n_features = lgbm.n_features};
    return MC_OK;
}

/* Iterations that predict() uses: all, unless training was stopped early. */
static mc_status rounds_of(const mc_value *est, size_t *out, mc_error *err)
{
    int64_t best = 0;
    MC_TRY(mc_attr_integer(booster_of(est), "best_iteration", 0, &best, err));
    *out = best > 0 ? (size_t)best : SIZE_MAX;
    return MC_OK;
}

/* feature_importances_: in how many nodes each feature splits, up to the best iteration. */
mc_status mc_lgbm_importances(mc_lowering *to, const mc_value *est, mc_importances *out,
                              mc_error *err)
{
    mc_lgbm lgbm;
    size_t n_rounds = 0;
    double *counts = NULL;
    const mc_bytes told = mc_attr_text(est, "importance_type");
    if (told.size > 0 && !mc_bytes_is(told, "split"))
        return mc_refuse(err, est, "importance_type: expected split, found \"%.*s\"",
                         MC_SHOW(told));
    MC_TRY(read_booster(est, &lgbm, err));
    MC_TRY(rounds_of(est, &n_rounds, err));
    MC_TRY(mc_arena_new(to->arena, double, lgbm.n_features, &counts, err));
    MC_TRY(mc_lgbm_count_splits(to, &lgbm, n_rounds, counts, err));
    *out =
        (mc_importances){.values = counts, .n_rows = 1, .n_cols = lgbm.n_features, .is_flat = true};
    return MC_OK;
}

/* ------------------------------------------------------------------------------------ links ----
 */

/* The number behind "name:" among the objective's words. */
static double option(mc_bytes objective, const char *name, double otherwise)
{
    mc_bytes word;
    const size_t n = mc_bytes_of(name).size;
    while (mc_lgbm_word(&objective, &word)) {
        double value = otherwise;
        if (word.size > n && mc_bytes_is((mc_bytes){word.data, n}, name) &&
            mc_parse_double((const char *)word.data + n, word.size - n, &value) == word.size - n)
            return value;
    }
    return otherwise;
}

static bool has_word(mc_bytes text, const char *wanted)
{
    mc_bytes word;
    while (mc_lgbm_word(&text, &word))
        if (mc_bytes_is(word, wanted))
            return true;
    return false;
}

static bool is_one_of(mc_bytes name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mc_bytes_is(name, names[i]))
            return true;
    return false;
}

/* 1 / (1 + exp(-scale x)) */
static mc_status sigmoid(mc_lowering *to, double scale, mc_sym *y, mc_error *err)
{
    if (scale != 1.0)
        MC_TRY(mc_emit_unary(to, y, MC_UNARY_SCALE, scale, 0.0, y, err));
    return mc_emit_unary(to, y, MC_UNARY_EXPIT, 0.0, 0.0, y, err);
}

static mc_status linked(mc_lowering *to, const mc_lgbm *lgbm, mc_sym *y, mc_error *err)
{
    static const char *const PLAIN[] = {"lambdarank", "rank_xendcg", "custom", "none"};
    static const char *const ROOTS[] = {"regression", "regression_l2", "regression_l1", "huber",
                                        "fair",       "quantile",      "mape"};
    static const char *const EXPONENTIAL[] = {"poisson", "gamma", "tweedie"};
    mc_bytes objective = {0}, name = {0};
    if (!mc_lgbm_line(lgbm->header, "objective", &objective))
        return MC_OK; /* trained with a function of the user's: raw values */
    mc_bytes rest = objective;
    (void)mc_lgbm_word(&rest, &name);
    if (is_one_of(name, PLAIN, MC_COUNT_OF(PLAIN)))
        return MC_OK;
    if (is_one_of(name, ROOTS, MC_COUNT_OF(ROOTS))) {
        return has_word(rest, "sqrt")
                   ? mc_emit_unary(to, y, MC_UNARY_SIGNED_SQUARE, 0.0, 0.0, y, err)
                   : MC_OK;
    }
    if (is_one_of(name, EXPONENTIAL, MC_COUNT_OF(EXPONENTIAL)))
        return mc_emit_unary(to, y, MC_UNARY_EXP, 0.0, 0.0, y, err);
    if (mc_bytes_is(name, "binary") || mc_bytes_is(name, "multiclassova"))
        return sigmoid(to, option(rest, "sigmoid:", 1.0), y, err);
    if (mc_bytes_is(name, "cross_entropy"))
        return sigmoid(to, 1.0, y, err);
    if (mc_bytes_is(name, "cross_entropy_lambda"))
        return mc_emit_unary(to, y, MC_UNARY_LOG1P_EXP, 0.0, 0.0, y, err);
    if (mc_bytes_is(name, "multiclass"))
        return mc_emit_softmax(to, y, y, err);
    return mc_refuse(err, lgbm->est, "objective: expected one of LightGBM's, found \"%.*s\"",
                     MC_SHOW(objective));
}

/* ---------------------------------------------------------------------------------- answers ----
 */

static mc_status labels(mc_lowering *to, const mc_value *est, const mc_sym *p, mc_answer *out,
                        mc_error *err)
{
    const mc_value *classes = mc_value_attr(mc_value_attr(est, "_le"), "classes_");
    uint32_t table = 0;
    size_t n = 0;
    mc_sym y;
    if (classes == NULL)
        MC_TRY(mc_attr_need(est, "_classes", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &n, err));
    if (n > p->n_cols)
        return mc_refuse(err, est, "_classes: %zu classes for %zu columns", n, p->n_cols);
    MC_TRY(mc_emit_argmax(to, p, &y, err));
    if (n < p->n_cols) { /* of one class the second column never wins; it is named all the same */
        uint32_t *map = NULL;
        MC_TRY(mc_arena_new(to->arena, uint32_t, p->n_cols, &map, err));
        for (size_t i = 0; i < p->n_cols; i++)
            map[i] = (uint32_t)(i < n ? i : n - 1);
        MC_TRY(mc_emit_map_label(to, &y, map, p->n_cols, &y, err));
    }
    return mc_answer_labels(to, y, table, out, err);
}

mc_status mc_lower_lightgbm(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    const bool is_classifier = mc_bytes_is(mc_class_name(est), "LGBMClassifier");
    size_t n_rounds = 0;
    mc_lgbm lgbm;
    mc_sym y;
    const bool is_raw = method == MC_METHOD_DECISION_FUNCTION; /* since 4.7, which knows this: */
    const bool has_raw = mc_value_attr(est, "_fitted_with_feature_names") != NULL;
    if (method != MC_METHOD_PREDICT &&
        !(is_classifier && (method == MC_METHOD_PREDICT_PROBA || (is_raw && has_raw))))
        return mc_no_method(err, est, method);
    MC_TRY(read_booster(est, &lgbm, err));
    if (x->n_cols != lgbm.n_features)
        return mc_refuse(err, est, "it was fitted on %zu features, and is given %zu",
                         lgbm.n_features, x->n_cols);
    MC_TRY(rounds_of(est, &n_rounds, err));
    MC_TRY(mc_lgbm_codes(to, &lgbm, x, &y, err));
    MC_TRY(mc_emit_check(to, &y, MC_OR_NAN | MC_OR_INFINITY, &y, err));
    MC_TRY(mc_lgbm_sums(to, &lgbm, n_rounds, is_raw, &y, &y, err));
    if (is_raw)
        return y.n_cols == 1 ? mc_answer_scalar(to, y, out, err)
                             : mc_answer_matrix(to, y, out, err);
    MC_TRY(linked(to, &lgbm, &y, err));
    if (is_classifier && y.n_cols == 1)
        MC_TRY(mc_emit_both_sides(to, &y, &y, err));
    if (is_classifier && method == MC_METHOD_PREDICT)
        return labels(to, est, &y, out, err);
    return y.n_cols == 1 ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}
