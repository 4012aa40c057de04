/* ada_boost.c: AdaBoost of decision trees, and of anything else.
 *
 * Oracle   sklearn/ensemble/_weight_boosting.py, scikit-learn 1.2 to 1.9.
 * Exact    Votes are added bit for bit in the order of the estimators; their divisor, the sum of
 *          the weights, within 1 ulp (numpy adds it in another order); SAMME.R and probabilities
 *          within a few ulp: logarithms and exponentials are the C library's. A regressor's
 *          median is one of its estimators' values (kernel/votes.c).
 * Why so   What a tree contributes depends on the leaf alone, so it is worked out when the model
 *          is read: an ensemble of trees is one forest. Others are asked one by one. */
#include <float.h>
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/meta_ask.h"
#include "import/sklearn/tree_ensemble.h"

typedef struct ada {
    const mc_value *est;
    mc_items trees; /* estimators_, of whatever kind */
    size_t n_classes;
    bool is_real;          /* SAMME.R */
    const double *weights; /* (trees.n) */
    double sum_of_weights;
} ada;

/* Decision trees that know all classes? */
static bool is_forest(const ada *a)
{
    for (size_t i = 0; i < a->trees.n; i++) {
        int64_t n_classes = 0;
        const mc_bytes name = mc_class_name(a->trees.at[i]);
        if ((!mc_bytes_is(name, "DecisionTreeClassifier") &&
             !mc_bytes_is(name, "ExtraTreeClassifier")) ||
            mc_attr_integer(a->trees.at[i], "n_classes_", 0, &n_classes, NULL) != MC_OK ||
            n_classes != (int64_t)a->n_classes)
            return false;
    }
    return true;
}

static mc_status open_ada(mc_lowering *to, const mc_value *est, ada *out, mc_error *err)
{
    int64_t n_classes = 0;
    size_t n = 0;
    *out = (ada){.est = est};
    MC_TRY(mc_attr_items(to, est, "estimators_", &out->trees, err));
    MC_TRY(mc_attr_integer(est, "n_classes_", 0, &n_classes, err));
    if (out->trees.n == 0 || n_classes < 1 || n_classes > (int64_t)MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "%zu estimators for %lld classes", out->trees.n,
                         (long long)n_classes);
    out->n_classes = (size_t)n_classes;
    out->is_real = mc_attr_is_text(est, "algorithm", "SAMME.R");
    MC_TRY(mc_attr_vector(to, est, "estimator_weights_", MC_ANY, &out->weights, &n, err));
    if (n < out->trees.n)
        return mc_refuse(err, est, "estimator_weights_: expected %zu values, found %zu",
                         out->trees.n, n);
    for (size_t i = 0; i < n; i++) /* those of estimators that were never fitted are 0 */
        out->sum_of_weights += out->weights[i];
    return MC_OK;
}

/* What an estimator adds to the classes that it does not choose; up to 1.2 nothing. */
static mc_status misses(mc_lowering *to, const ada *a, const double **out, mc_error *err)
{
    double *miss = NULL;
    MC_TRY(mc_arena_new(to->arena, double, a->trees.n, &miss, err));
    const bool is_symmetric = mc_version_of(to, a->est) >= 103;
    for (size_t i = 0; is_symmetric && i < a->trees.n; i++)
        miss[i] = -1.0 / (double)(a->n_classes - 1) * a->weights[i];
    *out = miss;
    return MC_OK;
}

static mc_status forest_sums(mc_lowering *to, const ada *a, const double *miss, const mc_sym *x,
                             mc_sym *out, mc_error *err)
{
    const mc_ensemble *compiled = NULL;
    const mc_ensemble_plan plan = {.owner = a->est,
                                   .trees = a->trees.at,
                                   .n_trees = a->trees.n,
                                   .rule = a->is_real ? MC_LEAF_LOGARITHMS : MC_LEAF_VOTES,
                                   .hit = a->weights,
                                   .miss = miss};
    MC_TRY(mc_ensemble_compile(to, &plan, x->n_cols, &compiled, err));
    if (compiled->n_outputs != 1 || compiled->n_classes != a->n_classes)
        return mc_refuse(err, a->est, "its trees hold %zu values a leaf",
                         compiled->n_outputs * compiled->n_classes);
    const mc_ensemble_sum sum = {.width = a->n_classes, .divisor = a->sum_of_weights};
    return mc_emit_ensemble(to, compiled, x, MC_FINITE, &sum, out, err);
}

/* hit where the estimator chooses the class, else miss. */
static mc_status vote(mc_lowering *to, const ada *a, const mc_cell *classes, size_t i, double miss,
                      const mc_sym *x, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_ask_classes(to, a->trees.at[i], x, classes, a->n_classes, out, err));
    MC_TRY(mc_emit_one_hot_label(to, out, a->n_classes, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_SCALE, a->weights[i], 0.0, out, err));
    return mc_emit_unary(to, out, MC_UNARY_IF_ZERO, miss, 0.0, out, err);
}

/* (K - 1) (log p - mean of log p), as one product with a matrix. */
static mc_status logarithms(mc_lowering *to, const ada *a, size_t i, const mc_sym *x, mc_sym *out,
                            mc_error *err)
{
    const size_t n = a->n_classes;
    double *weights = NULL;
    MC_TRY(mc_lower_one(to, a->trees.at[i], MC_METHOD_PREDICT_PROBA, x, out, err));
    if (out->n_cols != n)
        return mc_refuse(err, a->est, "expected %zu probabilities, found %zu", n, out->n_cols);
    MC_TRY(mc_arena_new(to->arena, double, n *n, &weights, err));
    for (size_t k = 0; k < n * n; k++)
        weights[k] = (double)(n - 1) * ((k / n == k % n ? 1.0 : 0.0) - 1.0 / (double)n);
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_CLIP, DBL_EPSILON, INFINITY, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_LOG, 0.0, 0.0, out, err));
    return mc_emit_linear(to, out, weights, NULL, n, out, err);
}

static mc_status sums_of_any(mc_lowering *to, const ada *a, const double *miss, const mc_sym *x,
                             mc_sym *out, mc_error *err)
{
    const mc_value *labels = NULL;
    const mc_cell *classes = NULL;
    mc_sym *parts = NULL, checked;
    size_t n = 0;
    MC_TRY(mc_attr_need(a->est, "classes_", &labels, err));
    MC_TRY_IN(mc_cells_of(to, labels, &classes, &n, err), err, "classes_");
    if (n != a->n_classes)
        return mc_refuse(err, a->est, "classes_: expected %zu classes, found %zu", a->n_classes, n);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &checked, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, a->trees.n, &parts, err));
    for (size_t i = 0; i < a->trees.n; i++) {
        MC_TRY_IN(a->is_real ? logarithms(to, a, i, &checked, &parts[i], err)
                             : vote(to, a, classes, i, miss[i], &checked, &parts[i], err),
                  err, "estimators_[%zu]", i);
    }
    return mc_emit_sum(to, parts, a->trees.n, NULL, a->sum_of_weights, out, err);
}

static mc_status decision(mc_lowering *to, const ada *a, const mc_sym *x, mc_sym *out,
                          mc_error *err)
{
    static const double DIFFERENCE[] = {-1.0, 1.0};
    const double *miss = NULL;
    MC_TRY(misses(to, a, &miss, err));
    MC_TRY(is_forest(a) ? forest_sums(to, a, miss, x, out, err)
                        : sums_of_any(to, a, miss, x, out, err));
    return a->n_classes == 2 ? mc_emit_linear(to, out, DIFFERENCE, NULL, 1, out, err) : MC_OK;
}

static mc_status shares(mc_lowering *to, const ada *a, const mc_sym *score, mc_sym *out,
                        mc_error *err)
{
    mc_sym both[2] = {*score, *score};
    if (a->n_classes > 2) {
        const double divisor = (double)(a->n_classes - 1);
        MC_TRY(mc_emit_unary(to, score, MC_UNARY_OVER, divisor, 0.0, out, err));
        return mc_emit_softmax(to, out, out, err);
    }
    MC_TRY(mc_emit_unary(to, score, MC_UNARY_SCALE, -0.5, 0.0, &both[0], err));
    MC_TRY(mc_emit_unary(to, score, MC_UNARY_SCALE, 0.5, 0.0, &both[1], err));
    MC_TRY(mc_emit_hstack(to, both, 2, false, out, err));
    return mc_emit_softmax(to, out, out, err);
}

/* SAMME up to 0.21: the mean of the estimators' own probabilities. */
static mc_status mean_shares(mc_lowering *to, const ada *a, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    mc_sym *parts = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_sym, a->trees.n, &parts, err));
    for (size_t i = 0; i < a->trees.n; i++) {
        MC_TRY_IN(mc_lower_one(to, a->trees.at[i], MC_METHOD_PREDICT_PROBA, x, &parts[i], err), err,
                  "estimators_[%zu]", i);
        if (parts[i].n_cols != a->n_classes)
            return mc_refuse(err, a->est, "expected %zu probabilities, found %zu", a->n_classes,
                             parts[i].n_cols);
    }
    return mc_emit_sum(to, parts, a->trees.n, a->weights, a->sum_of_weights, out, err);
}

/* Probabilities up to 0.21: exp(sums / (K - 1)), shared out. */
static mc_status first_shares(mc_lowering *to, const ada *a, const mc_sym *x, mc_sym *out,
                              mc_error *err)
{
    const double factor = 1.0 / (double)(a->n_classes - 1);
    mc_sym checked;
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &checked, err));
    if (!a->is_real)
        MC_TRY(mean_shares(to, a, &checked, out, err));
    else
        MC_TRY(is_forest(a) ? forest_sums(to, a, NULL, x, out, err)
                            : sums_of_any(to, a, NULL, x, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_SCALE, factor, 0.0, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_EXP, 0.0, 0.0, out, err));
    return mc_emit_row_share(to, out, MC_ZERO_STAYS, out, err);
}

static mc_status labels(mc_lowering *to, const ada *a, const mc_sym *score, mc_answer *out,
                        mc_error *err)
{
    const mc_value *classes = NULL;
    uint32_t table = 0;
    size_t n = 0;
    mc_sym y;
    MC_TRY(mc_attr_need(a->est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &n, err));
    if (n != a->n_classes)
        return mc_refuse(err, a->est, "classes_: expected %zu classes, found %zu", a->n_classes, n);
    MC_TRY(n == 2 ? mc_emit_above(to, score, 0.0, false, &y, err)
                  : mc_emit_argmax(to, score, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* The scores of the only class: 0 of the type of the rows since 1.6; the sum of the votes up
 * to 1.2. In between SAMME divides by 0, which raises. */
static mc_status only_score(mc_lowering *to, const ada *a, mc_method method, const mc_sym *x,
                            mc_sym *out, mc_error *err)
{
    const unsigned version = mc_version_of(to, a->est);
    const double score = version < 103 && !a->is_real ? 1.0 : 0.0;
    mc_sym checked;
    if (!a->is_real && version >= 103 && version < 106)
        return mc_no_method(err, a->est, method);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &checked, err));
    MC_TRY(mc_emit_first_columns(to, 1, &checked, err));
    MC_TRY(mc_emit_unary(to, &checked, MC_UNARY_SCALE, 0.0, 0.0, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_IF_ZERO, score, 0.0, out, err)); /* -0 too */
    out->type_as_input = version >= 106 ? checked.type_as_input : 0;
    return MC_OK;
}

static mc_status answer_only_class(mc_lowering *to, const ada *a, mc_method method, const mc_sym *x,
                                   mc_answer *out, mc_error *err)
{
    const double certain = method == MC_METHOD_PREDICT_PROBA ? 1.0 : 0.0;
    mc_sym y;
    if (method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_PREDICT_LOG_PROBA) {
        MC_TRY(mc_emit_constant(to, &certain, 1, &y, err)); /* it does not look at the rows */
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(only_score(to, a, method, x, &y, err));
    return method == MC_METHOD_PREDICT ? labels(to, a, &y, out, err)
                                       : mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_ada_boost(mc_lowering *to, const mc_value *est, mc_method method,
                             const mc_sym *x, mc_answer *out, mc_error *err)
{
    ada a;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA &&
        method != MC_METHOD_PREDICT_LOG_PROBA && method != MC_METHOD_DECISION_FUNCTION)
        return mc_no_method(err, est, method);
    MC_TRY(open_ada(to, est, &a, err));
    if (a.n_classes == 1)
        return answer_only_class(to, &a, method, x, out, err);
    const bool asks_shares =
        method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_PREDICT_LOG_PROBA;
    const bool is_first = mc_version_of(to, est) <= 21;
    if (!asks_shares || !is_first)
        MC_TRY(decision(to, &a, x, &y, err));
    if (method == MC_METHOD_PREDICT)
        return labels(to, &a, &y, out, err);
    if (method == MC_METHOD_DECISION_FUNCTION)
        return a.n_classes == 2 ? mc_answer_scalar(to, y, out, err)
                                : mc_answer_matrix(to, y, out, err);
    MC_TRY(is_first ? first_shares(to, &a, x, &y, err) : shares(to, &a, &y, &y, err));
    if (method == MC_METHOD_PREDICT_LOG_PROBA)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* -------------------------------------------------------------------------------- regressors ----
 */

static bool is_tree_regressor(const mc_value *est)
{
    int64_t n_outputs = 0;
    const mc_bytes name = mc_class_name(est);
    return (mc_bytes_is(name, "DecisionTreeRegressor") ||
            mc_bytes_is(name, "ExtraTreeRegressor")) &&
           mc_attr_integer(est, "n_outputs_", 0, &n_outputs, NULL) == MC_OK && n_outputs == 1;
}

/* Trees as one forest with a column a tree. */
static mc_status tree_values(mc_lowering *to, const mc_value *est, const mc_items *trees,
                             const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_ensemble *compiled = NULL;
    const mc_ensemble_plan plan = {
        .owner = est, .trees = trees->at, .n_trees = trees->n, .rule = MC_LEAF_VALUES};
    const mc_ensemble_sum sum = {.width = trees->n, .divisor = 1.0};
    MC_TRY(mc_ensemble_compile(to, &plan, x->n_cols, &compiled, err));
    if (compiled->n_outputs != 1 || compiled->n_classes != 1)
        return mc_refuse(err, est, "its trees hold %zu values a leaf, expected one",
                         compiled->n_outputs * compiled->n_classes);
    return mc_emit_ensemble(to, compiled, x, MC_FINITE, &sum, out, err);
}

/* predict() of each, side by side. */
static mc_status values_of_all(mc_lowering *to, const mc_value *est, const mc_items *all,
                               const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_sym *parts = NULL, checked;
    bool is_forest = true;
    for (size_t i = 0; i < all->n; i++)
        is_forest = is_forest && is_tree_regressor(all->at[i]);
    if (is_forest)
        return tree_values(to, est, all, x, out, err);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &checked, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, all->n, &parts, err));
    for (size_t i = 0; i < all->n; i++) {
        MC_TRY_IN(mc_ask_numbers(to, all->at[i], MC_METHOD_PREDICT, &checked, &parts[i], NULL, err),
                  err, "estimators_[%zu]", i);
        MC_TRY(mc_to_numbers(to, &parts[i], &parts[i], err));
    }
    return mc_emit_hstack(to, parts, all->n, false, out, err);
}

mc_status mc_lower_ada_boost_regressor(mc_lowering *to, const mc_value *est, mc_method method,
                                       const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_items all;
    const double *weights = NULL;
    size_t n = 0;
    mc_sym y;
    mc_step step = MC_STEP_INIT(WEIGHTED_MEDIAN);
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_items(to, est, "estimators_", &all, err));
    MC_TRY(mc_attr_vector(to, est, "estimator_weights_", MC_ANY, &weights, &n, err));
    if (all.n == 0 || n < all.n)
        return mc_refuse(err, est, "estimator_weights_: %zu values for %zu estimators", n, all.n);
    MC_TRY(values_of_all(to, est, &all, x, &y, err));
    if (y.n_cols != all.n)
        return mc_refuse(err, est, "%zu values a row of %zu estimators", y.n_cols, all.n);
    step.src = y.buffer;
    MC_TRY(mc_build_f64(to->b, weights, 1, all.n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, all.n + 1, &y.buffer, err));
    y = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = y.buffer, .n_cols = all.n + 1};
    MC_TRY(mc_emit_column(to, &y, 0, &y, err));
    return mc_answer_scalar(to, y, out, err);
}
