/* selection_importance.c: coef_ and feature_importances_ of fitted estimators.
 *
 * Oracle   sklearn/feature_selection/_base.py (_get_feature_importances), tree/_tree.pyx
 *          (compute_feature_importances), ensemble/_forest.py, _gb.py, _weight_boosting.py
 *          (feature_importances_), scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: importances are added node by node, tree by tree, and over columns in
 *          numpy's order. */
#include <string.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/selection.h"
#include "kernel/numpy_order.h"

/* Fields of the nodes of one tree. */
typedef struct nodes {
    size_t n, n_features;
    const int64_t *left, *right, *feature;
    const double *impurity, *weight;
} nodes;

/* --------------------------------------------------------------------------- one tree ---- */

static mc_status integers(mc_arena *arena, const mc_ndarray *array, const char *name,
                          const int64_t **out, mc_error *err)
{
    mc_ndarray field;
    int64_t *items = NULL;
    MC_TRY(mc_ndarray_field(array, name, &field, err));
    MC_TRY_IN(mc_ndarray_i64(arena, &field, &items, err), err, "field %s", name);
    *out = items;
    return MC_OK;
}

static mc_status numbers(mc_arena *arena, const mc_ndarray *array, const char *name,
                         const double **out, mc_error *err)
{
    mc_ndarray field;
    double *items = NULL;
    MC_TRY(mc_ndarray_field(array, name, &field, err));
    MC_TRY_IN(mc_ndarray_f64(arena, &field, &items, err), err, "field %s", name);
    *out = items;
    return MC_OK;
}

static mc_status read_nodes(mc_lowering *to, const mc_value *est, nodes *out, mc_error *err)
{
    mc_ndarray array;
    const mc_value *tree = NULL;
    MC_TRY(mc_attr_need(est, "tree_", &tree, err));
    const mc_value *found = mc_value_attr(tree, "nodes");
    MC_TRY_IN(mc_ndarray_from_value(to->arena, found, &array, err), err, "nodes");
    out->n = array.n_items;
    MC_TRY(integers(to->arena, &array, "left_child", &out->left, err));
    MC_TRY(integers(to->arena, &array, "right_child", &out->right, err));
    MC_TRY(integers(to->arena, &array, "feature", &out->feature, err));
    MC_TRY(numbers(to->arena, &array, "impurity", &out->impurity, err));
    return numbers(to->arena, &array, "weighted_n_node_samples", &out->weight, err);
}

static bool is_node(const nodes *tree, int64_t at)
{
    return at >= 0 && (uint64_t)at < tree->n;
}

/* What the splits of a tree gained, by feature (n_features), over the weight of its root. */
static mc_status tree_gains(mc_lowering *to, const mc_value *est, size_t n_features, double *gains,
                            size_t *out_n_nodes, mc_error *err)
{
    nodes tree = {0};
    MC_TRY(read_nodes(to, est, &tree, err));
    memset(gains, 0, n_features * sizeof *gains);
    for (size_t i = 0; i < tree.n; i++) {
        const int64_t left = tree.left[i], right = tree.right[i], feature = tree.feature[i];
        if (left == -1)
            continue;
        if (!is_node(&tree, left) || !is_node(&tree, right) || feature < 0 ||
            (uint64_t)feature >= n_features)
            return mc_refuse(err, est, "node %zu has a child or a feature that is not there", i);
        gains[feature] += tree.weight[i] * tree.impurity[i] -
                          tree.weight[left] * tree.impurity[left] -
                          tree.weight[right] * tree.impurity[right];
    }
    for (size_t j = 0; j < n_features && tree.n > 0; j++)
        gains[j] /= tree.weight[0];
    *out_n_nodes = tree.n;
    return MC_OK;
}

static void normalize(double *values, size_t n)
{
    const double sum = mc_numpy_sum(values, n);
    for (size_t j = 0; j < n && sum > 0.0; j++)
        values[j] /= sum;
}

/* --------------------------------------------------------------------------- ensembles ---- */

/* A sum of the importances of trees. */
typedef struct adding {
    double *total, *tree; /* (n_features) */
    size_t n_features, n_trees;
    bool normalizes_each;
} adding;

static mc_status start(mc_lowering *to, const mc_value *est, adding *out, mc_error *err)
{
    if (!mc_features_of(to, est, &out->n_features) || out->n_features > MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "no attribute n_features_in_ says how many importances it has");
    MC_TRY(mc_arena_new(to->arena, double, out->n_features, &out->total, err));
    return mc_arena_new(to->arena, double, out->n_features, &out->tree, err);
}

/* Adds a tree, unless it is a single leaf and those are left out. */
static mc_status add_tree(mc_lowering *to, const mc_value *est, double weight, bool with_stumps,
                          adding *a, mc_error *err)
{
    size_t n_nodes = 0;
    MC_TRY(tree_gains(to, est, a->n_features, a->tree, &n_nodes, err));
    if (n_nodes <= 1 && !with_stumps)
        return MC_OK;
    if (a->normalizes_each)
        normalize(a->tree, a->n_features);
    for (size_t j = 0; j < a->n_features; j++)
        a->total[j] += weight * a->tree[j];
    a->n_trees++;
    return MC_OK;
}

/* The mean over the trees, as shares of its sum. */
static void average(adding *a)
{
    for (size_t j = 0; j < a->n_features && a->n_trees > 0; j++)
        a->total[j] /= (double)a->n_trees;
    if (a->n_trees == 0)
        return;
    const double sum = mc_numpy_sum(a->total, a->n_features);
    for (size_t j = 0; j < a->n_features; j++)
        a->total[j] /= sum;
}

static mc_status of_mean(mc_lowering *to, const mc_value *est, adding *a, mc_error *err)
{
    mc_items trees;
    MC_TRY(mc_attr_items(to, est, "estimators_", &trees, err));
    for (size_t i = 0; i < trees.n; i++)
        MC_TRY_IN(add_tree(to, trees.at[i], 1.0, false, a, err), err, "estimators_[%zu]", i);
    average(a);
    return MC_OK;
}

/* A single tree, stumps included. */
static mc_status of_tree(mc_lowering *to, const mc_value *est, adding *a, mc_error *err)
{
    return add_tree(to, est, 1.0, true, a, err);
}

static mc_status of_weights(mc_lowering *to, const mc_value *est, adding *a, mc_error *err)
{
    mc_items trees;
    const double *weights = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_items(to, est, "estimators_", &trees, err));
    MC_TRY(mc_attr_vector(to, est, "estimator_weights_", MC_ANY, &weights, &n, err));
    if (n < trees.n)
        return mc_refuse(err, est, "estimator_weights_: expected %zu values, found %zu", trees.n,
                         n);
    for (size_t i = 0; i < trees.n; i++)
        MC_TRY_IN(add_tree(to, trees.at[i], weights[i], true, a, err), err, "estimators_[%zu]", i);
    const double sum = mc_numpy_sum(weights, n);
    for (size_t j = 0; j < a->n_features; j++)
        a->total[j] /= sum;
    return MC_OK;
}

typedef mc_status importance_fn(mc_lowering *to, const mc_value *est, adding *a, mc_error *err);

static const struct {
    const char *class_name;
    importance_fn *add;
    bool normalizes_each;
} MODELS[] = {
    {"DecisionTreeClassifier", of_tree, true},     {"DecisionTreeRegressor", of_tree, true},
    {"ExtraTreeClassifier", of_tree, true},        {"ExtraTreeRegressor", of_tree, true},
    {"RandomForestClassifier", of_mean, true},     {"RandomForestRegressor", of_mean, true},
    {"ExtraTreesClassifier", of_mean, true},       {"ExtraTreesRegressor", of_mean, true},
    {"RandomTreesEmbedding", of_mean, true},       {"GradientBoostingClassifier", of_mean, false},
    {"GradientBoostingRegressor", of_mean, false}, {"AdaBoostClassifier", of_weights, true},
    {"AdaBoostRegressor", of_weights, true},
};

static const struct {
    const char *class_name;
    mc_importances_fn *read;
} BOOSTERS[] = {
    {"XGBClassifier", mc_xgb_importances},      {"XGBRegressor", mc_xgb_importances},
    {"XGBRFClassifier", mc_xgb_importances},    {"XGBRFRegressor", mc_xgb_importances},
    {"LGBMClassifier", mc_lgbm_importances},    {"LGBMRegressor", mc_lgbm_importances},
    {"CatBoostClassifier", mc_cat_importances}, {"CatBoostRegressor", mc_cat_importances},
};

static mc_status tree_importances(mc_lowering *to, const mc_value *est, mc_importances *out,
                                  mc_error *err)
{
    for (size_t i = 0; i < MC_COUNT_OF(MODELS); i++) {
        if (!mc_bytes_is(mc_class_name(est), MODELS[i].class_name))
            continue;
        adding a = {.normalizes_each = MODELS[i].normalizes_each};
        MC_TRY(start(to, est, &a, err));
        MC_TRY(MODELS[i].add(to, est, &a, err));
        *out = (mc_importances){
            .values = a.total, .n_rows = 1, .n_cols = a.n_features, .is_flat = true};
        return MC_OK;
    }
    for (size_t i = 0; i < MC_COUNT_OF(BOOSTERS); i++)
        if (mc_bytes_is(mc_class_name(est), BOOSTERS[i].class_name))
            return BOOSTERS[i].read(to, est, out, err);
    return mc_refuse(err, est,
                     "its importances are not known here: it has neither coef_ nor "
                     "feature_importances_");
}

/* -------------------------------------------------------------------------- attributes ---- */

static mc_status from_sparse(mc_lowering *to, const mc_value *value, mc_importances *out,
                             mc_error *err)
{
    mc_sparse sparse;
    double *dense = NULL;
    size_t n_items = 0;
    MC_TRY(mc_sparse_from_value(to->arena, value, &sparse, err));
    if (!mc_mul_size(sparse.n_rows, sparse.n_cols, &n_items))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more importances than memory");
    MC_TRY(mc_arena_new(to->arena, double, n_items, &dense, err));
    const size_t n_major = sparse.is_csc ? sparse.n_cols : sparse.n_rows;
    for (size_t i = 0; i < n_major; i++) {
        for (int64_t at = sparse.indptr[i]; at < sparse.indptr[i + 1]; at++) {
            const size_t minor = (size_t)sparse.indices[at];
            const size_t row = sparse.is_csc ? minor : i, column = sparse.is_csc ? i : minor;
            dense[row * sparse.n_cols + column] += sparse.data[at];
        }
    }
    *out = (mc_importances){.values = dense, .n_rows = sparse.n_rows, .n_cols = sparse.n_cols};
    return MC_OK;
}

mc_status mc_importances_in(mc_lowering *to, const mc_value *value, mc_importances *out,
                            mc_error *err)
{
    mc_ndarray array;
    double *items = NULL;
    if (mc_value_is_sparse(value))
        return from_sparse(to, value, out, err);
    MC_TRY(mc_ndarray_from_value(to->arena, value, &array, err));
    if (array.n_dims == 0 || array.n_dims > 2)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "expected a vector or a matrix, found %zu dimensions", array.n_dims);
    MC_TRY(mc_ndarray_f64(to->arena, &array, &items, err));
    const bool is_flat = array.n_dims == 1;
    *out = (mc_importances){
        .values = items,
        .n_rows = is_flat ? 1 : array.shape[0],
        .n_cols = array.shape[array.n_dims - 1],
        .is_flat = is_flat,
        .is_single = array.dtype.kind == 'f' && array.dtype.item_size < sizeof(double),
        .sums_columns = !is_flat && array.dtype.kind != 'O' &&
                        array.strides[0] == (ptrdiff_t)array.dtype.item_size && array.shape[1] > 1};
    return MC_OK;
}

static const mc_value *step_named(const mc_value *pipeline, mc_bytes name)
{
    const mc_value *steps = mc_value_attr(pipeline, "steps");
    if (!mc_value_is(steps, MC_KIND_LIST))
        return NULL;
    for (size_t i = 0; i < steps->as.items.n; i++) {
        const mc_value *step = steps->as.items.at[i];
        if (mc_value_is(step, MC_KIND_TUPLE) && step->as.items.n >= 2 &&
            mc_value_is(step->as.items.at[0], MC_KIND_TEXT) &&
            mc_bytes_equal(step->as.items.at[0]->as.bytes, name))
            return step->as.items.at[1];
    }
    return NULL;
}

/* The part of `path` before its next dot; `path` becomes the rest. */
static mc_bytes next_name(mc_bytes *path)
{
    size_t n = 0;
    while (n < path->size && path->data[n] != '.')
        n++;
    const mc_bytes name = {path->data, n};
    const size_t skipped = n < path->size ? n + 1 : n;
    path->data += skipped;
    path->size -= skipped;
    return name;
}

static const mc_value *attribute(const mc_value *est, mc_bytes name)
{
    char text[64];
    if (name.size >= sizeof text)
        return NULL;
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    return mc_value_attr(est, text);
}

mc_status mc_importances_of(mc_lowering *to, const mc_value *est, mc_bytes path,
                            mc_importances *out, mc_error *err)
{
    const mc_value *at = est;
    if (mc_bytes_is(path, "auto")) {
        path = mc_bytes_of(mc_attr_has(est, "coef_") || mc_is_linear_machine(est)
                               ? "coef_"
                               : "feature_importances_");
    }
    while (path.size > 0) {
        const mc_bytes name = next_name(&path);
        const mc_value *found = NULL;
        if (mc_bytes_is(name, "named_steps"))
            found = step_named(at, next_name(&path));
        else
            found = attribute(at, name);
        if (found == NULL && path.size == 0 && mc_bytes_is(name, "feature_importances_"))
            return tree_importances(to, at, out, err);
        if (found == NULL && path.size == 0 && mc_bytes_is(name, "coef_") &&
            mc_is_linear_machine(at))
            return mc_machine_importances(to, at, out, err);
        if (mc_value_is_none(found))
            return mc_refuse(err, at, "importance_getter: it has no %.*s here", MC_SHOW(name));
        at = found;
    }
    MC_TRY_IN(mc_importances_in(to, at, out, err), err, "importances");
    return MC_OK;
}
