/* forest.c: decision trees, alone and as the mean of many.
 *
 * Oracle   sklearn/tree/_classes.py, sklearn/ensemble/_forest.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: leaf values are added in the order of estimators_, then divided by their
 *          number, as one thread of scikit-learn does. Shares of up to 1.3: see tree_load.c.
 * Why so   A single tree is a forest of one whose sum begins with -0.0, the only start that leaves
 *          every value as it is. */
#include "base/limits.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/tree_ensemble.h"

static bool is_classifier(const mc_value *est)
{
    const mc_bytes name = mc_class_name(est);
    const size_t n = sizeof "Classifier" - 1;
    return name.size >= n && mc_bytes_is((mc_bytes){name.data + name.size - n, n}, "Classifier");
}

static bool has_method(const mc_value *est, mc_method method)
{
    return method == MC_METHOD_PREDICT || method == MC_METHOD_APPLY ||
           method == MC_METHOD_DECISION_PATH ||
           (is_classifier(est) &&
            (method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_PREDICT_LOG_PROBA));
}

/* Trees of one estimator, and what their input may hold. */
typedef struct ensemble {
    mc_ensemble_plan plan;
    unsigned allowed;
    bool is_single;
} ensemble;

/* Up to 1.3 leaves hold class weights: predict_proba() divides them, and so does each tree of a
 * forest; predict() of a single tree compares them as they are. */
static mc_leaf_rule leaf_rule(const mc_lowering *to, const mc_value *est, bool is_single,
                              mc_method method)
{
    const bool in_shares = mc_version_of(to, est) >= 104 || !is_classifier(est);
    const bool as_stored = is_single && method == MC_METHOD_PREDICT;
    return in_shares || as_stored ? MC_LEAF_VALUES : MC_LEAF_SHARES;
}

static mc_status sum_trees(mc_lowering *to, const ensemble *e, const mc_ensemble *compiled,
                           const mc_sym *x, mc_sym *out, mc_error *err)
{
    const size_t width = compiled->n_outputs * compiled->n_classes;
    double *start = NULL;
    if (e->is_single) {
        MC_TRY(mc_arena_new(to->arena, double, width, &start, err));
        for (size_t j = 0; j < width; j++)
            start[j] = -0.0;
    }
    const mc_ensemble_sum sum = {.row = start, .width = width, .divisor = (double)e->plan.n_trees};
    return mc_emit_ensemble(to, compiled, x, e->allowed, &sum, out, err);
}

/* ----------------------------------------------------------------------- decision_path ---- */

/* Before which column the nodes of each tree begin, and how many there are in all. */
static mc_status node_starts(mc_lowering *to, const ensemble *e, uint32_t **out, mc_error *err)
{
    uint32_t *starts = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, e->plan.n_trees + 1, &starts, err));
    for (size_t i = 0; i < e->plan.n_trees; i++) {
        int64_t count = 0;
        MC_TRY(mc_attr_integer(mc_value_attr(e->plan.trees[i], "tree_"), "node_count", 0, &count,
                               err));
        if (count < 1 || count > (int64_t)MC_LIMIT_WIDTH)
            return mc_refuse(err, e->plan.owner, "tree %zu has %lld nodes", i, (long long)count);
        n += (size_t)count;
        if (n > MC_LIMIT_WIDTH)
            return mc_no_method(err, e->plan.owner, MC_METHOD_DECISION_PATH);
        starts[i + 1] = (uint32_t)n;
    }
    *out = starts;
    return MC_OK;
}

/* Up to 1.7, NaN goes where a comparison says in Tree.decision_path(), to the right, though apply()
 * and predict() knew better. */
static mc_status answer_paths(mc_lowering *to, const ensemble *e, const mc_ensemble *compiled,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    uint32_t *starts = NULL;
    double *columns = NULL;
    const size_t n = e->plan.n_trees + 1;
    mc_sym y;
    const bool nan_right = mc_version_of(to, e->plan.owner) < 108;
    MC_TRY(node_starts(to, e, &starts, err));
    MC_TRY(mc_emit_ensemble_paths(to, compiled, x, e->allowed, nan_right, starts, &y, err));
    if (e->is_single)
        return mc_answer_matrix(to, y, out, err);
    MC_TRY(mc_answer_parts(to, 2, out, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &columns, err));
    for (size_t i = 0; i < n; i++)
        columns[i] = starts[i];
    out->parts[0].value = y;
    out->parts[1].name = "n_nodes_ptr";
    out->is_list = false;
    MC_TRY(mc_emit_constant(to, columns, n, &out->parts[1].value, err));
    out->parts[1].value.type = MC_VALUE_INT;
    return MC_OK;
}

static mc_status lower_ensemble(mc_lowering *to, ensemble *e, mc_method method, const mc_sym *x,
                                mc_answer *out, mc_error *err)
{
    const mc_value *est = e->plan.owner;
    const mc_ensemble *compiled = NULL;
    mc_sym y;
    e->plan.rule = leaf_rule(to, est, e->is_single, method);
    MC_TRY(mc_ensemble_compile(to, &e->plan, x->n_cols, &compiled, err));
    if (method == MC_METHOD_APPLY) {
        MC_TRY(mc_emit_ensemble_leaves(to, compiled, x, e->allowed, &y, err));
        return e->is_single ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
    }
    if (method == MC_METHOD_DECISION_PATH)
        return answer_paths(to, e, compiled, x, out, err);
    const mc_tree_answer shape = {est, compiled->n_outputs, compiled->n_classes};
    MC_TRY(sum_trees(to, e, compiled, x, &y, err));
    if (!is_classifier(est))
        return mc_answer_tree_values(to, &shape, &y, out, err);
    return method == MC_METHOD_PREDICT
               ? mc_answer_tree_labels(to, &shape, &y, out, err)
               : mc_answer_tree_shares(to, &shape, &y, method == MC_METHOD_PREDICT_LOG_PROBA, out,
                                       err);
}

mc_status mc_lower_decision_tree(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_value **self = NULL;
    if (!has_method(est, method))
        return mc_no_method(err, est, method);
    MC_TRY(mc_arena_new(to->arena, mc_value *, 1, &self, err));
    self[0] = (mc_value *)(uintptr_t)est; /* only read */
    ensemble e = {.plan = {.owner = est, .trees = self, .n_trees = 1},
                  .allowed = mc_tree_allows(to, est, x),
                  .is_single = true};
    return lower_ensemble(to, &e, method, x, out, err);
}

/* The trees of a forest. Forests take missing values since 1.4, as their first tree says. */
static mc_status open_forest(mc_lowering *to, const mc_value *est, const mc_sym *x, ensemble *out,
                             mc_error *err)
{
    mc_items trees;
    MC_TRY(mc_attr_items(to, est, "estimators_", &trees, err));
    if (trees.n == 0)
        return mc_refuse(err, est, "estimators_: expected at least one tree, found none");
    *out = (ensemble){.plan = {.owner = est, .trees = trees.at, .n_trees = trees.n}};
    if (mc_version_of(to, est) >= 104)
        out->allowed = mc_tree_allows(to, trees.at[0], x);
    return MC_OK;
}

mc_status mc_lower_forest(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                          mc_answer *out, mc_error *err)
{
    ensemble e;
    if (!has_method(est, method))
        return mc_no_method(err, est, method);
    MC_TRY(open_forest(to, est, x, &e, err));
    return lower_ensemble(to, &e, method, x, out, err);
}

/* transform: the leaves, one-hot encoded. */
mc_status mc_lower_trees_embedding(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    ensemble e;
    const mc_value *encoder = NULL;
    if (method != MC_METHOD_APPLY && method != MC_METHOD_TRANSFORM &&
        method != MC_METHOD_DECISION_PATH)
        return mc_no_method(err, est, method);
    MC_TRY(open_forest(to, est, x, &e, err));
    if (method == MC_METHOD_DECISION_PATH)
        return lower_ensemble(to, &e, method, x, out, err);
    MC_TRY(lower_ensemble(to, &e, MC_METHOD_APPLY, x, out, err));
    if (method == MC_METHOD_APPLY)
        return MC_OK;
    const mc_sym leaves = out->parts[0].value;
    MC_TRY(mc_attr_need(est, "one_hot_encoder_", &encoder, err));
    return mc_lower(to, encoder, MC_METHOD_TRANSFORM, &leaves, out, err);
}
