/* boosting.c: gradient boosting of regression trees.
 *
 * Oracle   sklearn/ensemble/_gb.py, _gradient_boosting.pyx, up to 1.3 _gb_losses.py; scikit-learn
 *          0.18 to 1.9.
 * Exact    Sums of learning_rate * leaf value bit for bit, in the order of the trees; where they
 *          begin, and probabilities, within a few ulp: logarithms and exponentials are the C
 *          library's. An init_ with float32 coefficients is run in float32 by scikit-learn, whose
 *          sums BLAS orders: within one rounding of the share. A multinomial beginning is centred
 *          as one product with a matrix: within 1e-14 of scikit-learn's geometric mean. */
#include <float.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/tree_ensemble.h"

typedef struct boosting {
    const mc_value *est;
    mc_items trees; /* (n_iterations, n_columns), C order */
    size_t n_columns;
    bool is_classifier, is_exponential;
    unsigned version;
} boosting;

static mc_status open_boosting(mc_lowering *to, const mc_value *est, boosting *out, mc_error *err)
{
    mc_ndarray trees;
    *out = (boosting){.est = est, .version = mc_version_of(to, est)};
    MC_TRY(mc_attr_array(to, est, "estimators_", &trees, err));
    if (trees.dtype.kind != 'O' || trees.n_dims != 2 || trees.n_items == 0) {
        return mc_refuse(err, est,
                         "estimators_: expected a matrix of trees, found %zu items of "
                         "%zu dimensions",
                         trees.n_items, trees.n_dims);
    }
    MC_TRY(mc_attr_items(to, est, "estimators_", &out->trees, err));
    out->n_columns = trees.shape[1];
    out->is_classifier = mc_bytes_is(mc_class_name(est), "GradientBoostingClassifier");
    out->is_exponential = mc_attr_is_text(est, "loss", "exponential");
    return MC_OK;
}

/* ----------------------------------------------------------------- where the sums begin ---- */

/* log(p) - mean of log(p): (I - 1/K) log(p). */
static mc_status centre(mc_lowering *to, const mc_sym *logs, mc_sym *out, mc_error *err)
{
    const size_t n = logs->n_cols;
    double *weights = NULL;
    MC_TRY(mc_arena_new(to->arena, double, n *n, &weights, err));
    for (size_t i = 0; i < n * n; i++)
        weights[i] = (i / n == i % n ? 1.0 : 0.0) - 1.0 / (double)n;
    return mc_emit_linear(to, logs, weights, NULL, n, out, err);
}

/* Shares as raw values; the bounds keep logarithms finite. */
static mc_status link_shares(mc_lowering *to, const boosting *gb, const mc_sym *shares, mc_sym *out,
                             mc_error *err)
{
    static const uint32_t SECOND[] = {1};
    const double eps = gb->version >= 108 ? DBL_EPSILON : (double)FLT_EPSILON;
    mc_sym p = *shares;
    if (p.n_cols != (gb->n_columns == 1 ? 2 : gb->n_columns))
        return mc_refuse(err, gb->est, "init_: it answers %zu shares for %zu trees an iteration",
                         p.n_cols, gb->n_columns);
    if (gb->n_columns == 1)
        MC_TRY(mc_emit_columns(to, &p, SECOND, 1, &p, err));
    MC_TRY(mc_emit_unary(to, &p, MC_UNARY_CLIP, eps, 1.0 - eps, &p, err));
    if (gb->n_columns > 1) {
        MC_TRY(mc_emit_unary(to, &p, MC_UNARY_LOG, 0.0, 0.0, out, err));
        return gb->version >= 104 ? centre(to, out, out, err) : MC_OK;
    }
    MC_TRY(mc_emit_unary(to, &p, MC_UNARY_LOGIT, 0.0, 0.0, out, err));
    return gb->is_exponential ? mc_emit_unary(to, out, MC_UNARY_SCALE, 0.5, 0.0, out, err) : MC_OK;
}

/* x as float32, in a float64 buffer. */
static mc_status round_to_float32(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ROUND32);
    MC_TRY(mc_to_numbers(to, x, out, err));
    step.src = out->buffer;
    return mc_build_step(to->b, step, out->n_cols, &out->buffer, err);
}

/* A logistic regression that was fitted on float32 answers float32 shares. */
static bool is_float32_logistic(mc_lowering *to, const mc_value *est)
{
    mc_ndarray coef;
    const mc_bytes name = mc_class_name(est);
    return (mc_bytes_is(name, "LogisticRegression") || mc_bytes_is(name, "LogisticRegressionCV")) &&
           mc_attr_has(est, "coef_") && mc_attr_array(to, est, "coef_", &coef, NULL) == MC_OK &&
           coef.dtype.kind == 'f' && coef.dtype.item_size == 4;
}

/* 1 / (1 + exp(-z)) with each result rounded to float32: near 1 the logarithm of 1 - p shows every
 * one of these roundings, and a share that became 1 is clipped far from where it came from. */
static mc_status float32_shares(mc_lowering *to, const mc_value *init, const mc_sym *x, mc_sym *out,
                                mc_error *err)
{
    mc_sym z;
    MC_TRY(mc_lower_one(to, init, MC_METHOD_DECISION_FUNCTION, x, &z, err));
    MC_TRY(round_to_float32(to, &z, &z, err));
    MC_TRY(mc_emit_unary(to, &z, MC_UNARY_NEGATIVE, 0.0, 0.0, &z, err));
    MC_TRY(mc_emit_unary(to, &z, MC_UNARY_EXP, 0.0, 0.0, &z, err));
    MC_TRY(mc_emit_unary(to, &z, MC_UNARY_CLIP, 0.0, FLT_MAX, &z, err));
    MC_TRY(round_to_float32(to, &z, &z, err));
    MC_TRY(mc_emit_unary(to, &z, MC_UNARY_OFFSET, 1.0, 0.0, &z, err));
    MC_TRY(round_to_float32(to, &z, &z, err));
    MC_TRY(mc_emit_unary(to, &z, MC_UNARY_RECIPROCAL, 0.0, 0.0, &z, err));
    MC_TRY(round_to_float32(to, &z, &z, err));
    return mc_emit_both_sides(to, &z, out, err);
}

/* init_ is asked with x as float32, like the trees. */
static mc_status begin_sums(mc_lowering *to, const boosting *gb, const mc_sym *x, mc_sym *out,
                            mc_error *err)
{
    mc_sym rounded, start;
    const mc_value *init = NULL;
    MC_TRY(mc_attr_need(gb->est, "init_", &init, err));
    MC_TRY(round_to_float32(to, x, &rounded, err));
    const mc_method method = gb->is_classifier ? MC_METHOD_PREDICT_PROBA : MC_METHOD_PREDICT;
    const bool in_float32 =
        gb->is_classifier && gb->n_columns == 1 && is_float32_logistic(to, init);
    MC_TRY_IN(in_float32 ? float32_shares(to, init, &rounded, &start, err)
                         : mc_lower_one(to, init, method, &rounded, &start, err),
              err, "init_");
    if (gb->is_classifier)
        return link_shares(to, gb, &start, out, err);
    *out = start;
    return MC_OK;
}

/* Up to 0.20 the sums begin with what init_ predicts as it is, and init_ is one of these: the
 * attribute that holds its constant, one value a column of trees. */
static const char *old_start_of(const mc_value *init)
{
    static const char *const STARTS[][2] = {{"MeanEstimator", "mean"},
                                            {"QuantileEstimator", "quantile"},
                                            {"LogOddsEstimator", "prior"},
                                            {"ScaledLogOddsEstimator", "prior"},
                                            {"PriorProbabilityEstimator", "priors"},
                                            {"ZeroEstimator", NULL}};
    const mc_bytes name = mc_class_name(init);
    for (size_t i = 0; i < MC_COUNT_OF(STARTS); i++)
        if (mc_bytes_is(name, STARTS[i][0]))
            return STARTS[i][1] == NULL ? "" : STARTS[i][1];
    return NULL;
}

static mc_status begin_with_row(mc_lowering *to, const boosting *gb, const mc_value *init,
                                const char *attribute, const double **out, mc_error *err)
{
    double *zeros = NULL;
    if (attribute[0] != '\0')
        return mc_attr_vector(to, init, attribute, gb->n_columns, out, NULL, err);
    MC_TRY(mc_arena_new(to->arena, double, gb->n_columns, &zeros, err));
    *out = zeros;
    return MC_OK;
}

static mc_status compile_trees(mc_lowering *to, const boosting *gb, const mc_sym *x,
                               const mc_ensemble **out, mc_error *err)
{
    mc_ensemble_plan plan = {
        .owner = gb->est, .trees = gb->trees.at, .n_trees = gb->trees.n, .rule = MC_LEAF_SCALED};
    MC_TRY(mc_attr_number(gb->est, "learning_rate", 0.1, &plan.scale, err));
    MC_TRY(mc_ensemble_compile(to, &plan, x->n_cols, out, err));
    if ((*out)->n_outputs != 1 || (*out)->n_classes != 1)
        return mc_refuse(err, gb->est, "its trees hold %zu values a leaf, expected one",
                         (*out)->n_outputs * (*out)->n_classes);
    return MC_OK;
}

static mc_status raw_sums(mc_lowering *to, const boosting *gb, const mc_sym *x, mc_sym *out,
                          mc_error *err)
{
    const mc_ensemble *compiled = NULL;
    mc_sym start;
    mc_ensemble_sum sum = {.width = gb->n_columns, .divisor = 1.0};
    MC_TRY(compile_trees(to, gb, x, &compiled, err));
    const mc_value *init = mc_value_attr(gb->est, "init_");
    const char *old_start = gb->version <= 20 ? old_start_of(init) : NULL;
    if (old_start != NULL) {
        MC_TRY_IN(begin_with_row(to, gb, init, old_start, &sum.row, err), err, "init_");
    } else if (!mc_attr_is_text(gb->est, "init_", "zero")) {
        MC_TRY(begin_sums(to, gb, x, &start, err));
        sum.start = &start;
    }
    return mc_emit_ensemble(to, compiled, x, MC_FINITE, &sum, out, err);
}

/* ----------------------------------------------------------------------------- answers ---- */

static mc_status shares(mc_lowering *to, const boosting *gb, const mc_sym *raw, mc_sym *out,
                        mc_error *err)
{
    mc_sym z = *raw;
    if (gb->n_columns > 1)
        return mc_emit_softmax(to, &z, out, err);
    if (gb->is_exponential)
        MC_TRY(mc_emit_unary(to, &z, MC_UNARY_SCALE, 2.0, 0.0, &z, err));
    MC_TRY(mc_emit_unary(to, &z, MC_UNARY_EXPIT, 0.0, 0.0, &z, err));
    return mc_emit_both_sides(to, &z, out, err);
}

/* Since 1.4 the raw values decide, 0 for the second class; before, the larger share did, the first
 * one on ties (exponential loss excepted). */
static mc_status labels(mc_lowering *to, const boosting *gb, const mc_sym *raw, mc_answer *out,
                        mc_error *err)
{
    const mc_value *classes = NULL;
    uint32_t table = 0;
    size_t n = 0;
    mc_sym y;
    MC_TRY(mc_attr_need(gb->est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &n, err));
    if (n != (gb->n_columns == 1 ? 2 : gb->n_columns))
        return mc_refuse(err, gb->est, "classes_: %zu classes for %zu trees an iteration", n,
                         gb->n_columns);
    if (gb->version < 104 && !gb->is_exponential) {
        MC_TRY(shares(to, gb, raw, &y, err));
        MC_TRY(mc_emit_argmax(to, &y, &y, err));
    } else if (gb->n_columns == 1) {
        MC_TRY(mc_emit_above(to, raw, 0.0, true, &y, err));
    } else {
        MC_TRY(mc_emit_argmax(to, raw, &y, err));
    }
    return mc_answer_labels(to, y, table, out, err);
}

/* The leaves, as floats; (n, n_iterations, K) flattened. Missing values pass as the trees say. */
static mc_status leaves(mc_lowering *to, const boosting *gb, const mc_sym *x, mc_answer *out,
                        mc_error *err)
{
    const mc_ensemble *compiled = NULL;
    mc_sym y;
    MC_TRY(compile_trees(to, gb, x, &compiled, err));
    MC_TRY(
        mc_emit_ensemble_leaves(to, compiled, x, mc_tree_allows(to, gb->trees.at[0], x), &y, err));
    y.type = MC_VALUE_FLOAT;
    return mc_answer_matrix(to, y, out, err);
}

static mc_status classifier_method(mc_lowering *to, const boosting *gb, mc_method method,
                                   const mc_sym *raw, mc_answer *out, mc_error *err)
{
    mc_sym y = *raw;
    if (method == MC_METHOD_PREDICT)
        return labels(to, gb, raw, out, err);
    if (method == MC_METHOD_DECISION_FUNCTION)
        return gb->n_columns == 1 ? mc_answer_scalar(to, y, out, err)
                                  : mc_answer_matrix(to, y, out, err);
    MC_TRY(shares(to, gb, raw, &y, err));
    if (method == MC_METHOD_PREDICT_LOG_PROBA)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_gradient_boosting(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    boosting gb;
    mc_sym raw;
    const bool has_scores = method == MC_METHOD_PREDICT_PROBA ||
                            method == MC_METHOD_PREDICT_LOG_PROBA ||
                            method == MC_METHOD_DECISION_FUNCTION;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_APPLY &&
        !(has_scores && mc_bytes_is(mc_class_name(est), "GradientBoostingClassifier")))
        return mc_no_method(err, est, method);
    MC_TRY(open_boosting(to, est, &gb, err));
    if (method == MC_METHOD_APPLY)
        return leaves(to, &gb, x, out, err);
    MC_TRY(raw_sums(to, &gb, x, &raw, err));
    return gb.is_classifier ? classifier_method(to, &gb, method, &raw, out, err)
                            : mc_answer_scalar(to, raw, out, err);
}
