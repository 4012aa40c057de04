/* ada_boost.c: AdaBoost of decision trees.
 *
 * Oracle   sklearn/ensemble/_weight_boosting.py AdaBoostClassifier, scikit-learn 1.2 to 1.9.
 * Exact    Votes are added bit for bit in the order of the trees; their divisor, the sum of the
 *          weights, within 1 ulp (numpy adds it in another order); SAMME.R and probabilities within
 *          a few ulp: logarithms and exponentials are the C library's.
 * Why so   What a tree contributes depends on the leaf alone, so it is worked out when the model is
 *          read: the whole ensemble is one forest. Other base estimators are refused. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/tree_ensemble.h"

mc_lower_fn mc_lower_ada_boost;

typedef struct ada {
    const mc_value *est;
    mc_items trees;
    size_t n_classes;
    const double *weights; /* (trees.n) */
    double sum_of_weights;
} ada;

static mc_status check_trees(const ada *a, mc_error *err)
{
    for (size_t i = 0; i < a->trees.n; i++) {
        int64_t n_classes = 0;
        const mc_bytes name = mc_class_name(a->trees.at[i]);
        if (!mc_bytes_is(name, "DecisionTreeClassifier") &&
            !mc_bytes_is(name, "ExtraTreeClassifier"))
            return mc_refuse(err, a->est, "estimators_[%zu]: expected a decision tree, found %.*s",
                             i, MC_SHOW(name));
        MC_TRY(mc_attr_integer(a->trees.at[i], "n_classes_", 0, &n_classes, err));
        if (n_classes != (int64_t)a->n_classes)
            return mc_refuse(err, a->est, "estimators_[%zu]: %lld classes, expected %zu", i,
                             (long long)n_classes, a->n_classes);
    }
    return MC_OK;
}

static mc_status open_ada(mc_lowering *to, const mc_value *est, ada *out, mc_error *err)
{
    int64_t n_classes = 0;
    size_t n = 0;
    *out = (ada){.est = est};
    MC_TRY(mc_attr_items(to, est, "estimators_", &out->trees, err));
    MC_TRY(mc_attr_integer(est, "n_classes_", 0, &n_classes, err));
    if (out->trees.n == 0 || n_classes < 2 || n_classes > (int64_t)MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "%zu estimators for %lld classes", out->trees.n,
                         (long long)n_classes);
    out->n_classes = (size_t)n_classes;
    MC_TRY(check_trees(out, err));
    MC_TRY(mc_attr_vector(to, est, "estimator_weights_", MC_ANY, &out->weights, &n, err));
    if (n < out->trees.n)
        return mc_refuse(err, est, "estimator_weights_: expected %zu values, found %zu",
                         out->trees.n, n);
    for (size_t i = 0; i < n; i++) /* those of estimators that were never fitted are 0 */
        out->sum_of_weights += out->weights[i];
    return MC_OK;
}

/* What a tree adds to the classes that it does not choose; up to 1.2 nothing. */
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

static mc_status decision(mc_lowering *to, const ada *a, const mc_sym *x, mc_sym *out,
                          mc_error *err)
{
    static const double DIFFERENCE[] = {-1.0, 1.0};
    const mc_ensemble *compiled = NULL;
    const bool is_real = mc_attr_is_text(a->est, "algorithm", "SAMME.R");
    mc_ensemble_plan plan = {.owner = a->est,
                             .trees = a->trees.at,
                             .n_trees = a->trees.n,
                             .rule = is_real ? MC_LEAF_LOGARITHMS : MC_LEAF_VOTES,
                             .hit = a->weights};
    MC_TRY(misses(to, a, &plan.miss, err));
    MC_TRY(mc_ensemble_compile(to, &plan, x->n_cols, &compiled, err));
    if (compiled->n_outputs != 1 || compiled->n_classes != a->n_classes)
        return mc_refuse(err, a->est, "its trees hold %zu values a leaf",
                         compiled->n_outputs * compiled->n_classes);
    const mc_ensemble_sum sum = {.width = a->n_classes, .divisor = a->sum_of_weights};
    MC_TRY(mc_emit_ensemble(to, compiled, x, MC_FINITE, &sum, out, err));
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

mc_status mc_lower_ada_boost(mc_lowering *to, const mc_value *est, mc_method method,
                             const mc_sym *x, mc_answer *out, mc_error *err)
{
    ada a;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA &&
        method != MC_METHOD_PREDICT_LOG_PROBA && method != MC_METHOD_DECISION_FUNCTION)
        return mc_no_method(err, est, method);
    MC_TRY(open_ada(to, est, &a, err));
    MC_TRY(decision(to, &a, x, &y, err));
    if (method == MC_METHOD_PREDICT)
        return labels(to, &a, &y, out, err);
    if (method == MC_METHOD_DECISION_FUNCTION)
        return a.n_classes == 2 ? mc_answer_scalar(to, y, out, err)
                                : mc_answer_matrix(to, y, out, err);
    MC_TRY(shares(to, &a, &y, &y, err));
    if (method == MC_METHOD_PREDICT_LOG_PROBA)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
