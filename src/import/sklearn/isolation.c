/* isolation.c: isolation forests.
 *
 * Oracle   sklearn/ensemble/_iforest.py, scikit-learn 0.18 to 1.9. Up to 0.20 a leaf of one row
 *          counts one step more.
 * Exact    Sums of path lengths in the order of the trees; within a few ulp: the logarithm and the
 *          power of two are the C library's. */
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/tree_ensemble.h"

/* The trees' own columns, or NULL where all trees see all of x in its order. */
static mc_status tree_columns(mc_lowering *to, const mc_value *est, size_t n_trees,
                              size_t n_features, const mc_tree_columns **out, mc_error *err)
{
    mc_items features;
    mc_tree_columns *columns = NULL;
    int64_t n = (int64_t)n_features;
    *out = NULL;
    MC_TRY(mc_attr_integer(est, "_max_features", n, &n, err));
    if (n == (int64_t)n_features)
        return MC_OK;
    MC_TRY(mc_attr_items(to, est, "estimators_features_", &features, err));
    if (features.n != n_trees)
        return mc_refuse(err, est, "estimators_features_: expected %zu items, found %zu", n_trees,
                         features.n);
    MC_TRY(mc_arena_new(to->arena, mc_tree_columns, n_trees, &columns, err));
    for (size_t i = 0; i < n_trees; i++)
        MC_TRY_IN(mc_tree_columns_of(to, features.at[i], n_features, &columns[i], err), err,
                  "estimators_features_[%zu]", i);
    *out = columns;
    return MC_OK;
}

/* Only here are sparse rows with NaN let through to trees. */
static unsigned way_of_nan(const mc_sym *x)
{
    if (x->sparse)
        return MC_STEP_NAN_GOES_RIGHT;
    return x->sparse_as_input ? MC_STEP_NAN_GOES_RIGHT | MC_STEP_IF_CAME_SPARSE : 0;
}

/* The sum of path lengths; since 1.6 x may hold NaN and infinities. */
static mc_status path_lengths(mc_lowering *to, const mc_value *est, const mc_items *trees,
                              const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_ensemble *compiled = NULL;
    mc_ensemble_plan plan = {.owner = est,
                             .trees = trees->at,
                             .n_trees = trees->n,
                             .rule = MC_LEAF_DEPTHS,
                             .version = mc_version_of(to, est)};
    const mc_ensemble_sum sum = {.width = 1, .divisor = 1.0};
    const unsigned allowed = mc_version_of(to, est) >= 106 ? MC_OR_NAN | MC_OR_INFINITY : MC_FINITE;
    MC_TRY(tree_columns(to, est, trees->n, x->n_cols, &plan.columns, err));
    MC_TRY(mc_ensemble_compile(to, &plan, x->n_cols, &compiled, err));
    return mc_emit_ensemble(to, compiled, x, allowed | way_of_nan(x), &sum, out, err);
}

/* -(2 ** -(length / usual length)); trees of one row have none, and score -0.5. */
static mc_status scores(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    mc_items trees;
    double n_rows = 0.0;
    const char *name = mc_attr_has(est, "_max_samples") ? "_max_samples" : "max_samples_";
    if (!mc_attr_has(est, name))
        return mc_refuse(err, est, "it has no attribute %s: is it fitted?", name);
    MC_TRY(mc_attr_number(est, name, 0.0, &n_rows, err));
    MC_TRY(mc_attr_items(to, est, "estimators_", &trees, err));
    MC_TRY(path_lengths(to, est, &trees, x, out, err));
    const unsigned version = mc_version_of(to, est);
    double usual = mc_isolation_path(n_rows, version);
    if (version <= 20) /* their mean first: a threshold is some training row's own score */
        MC_TRY(mc_emit_unary(to, out, MC_UNARY_OVER, (double)trees.n, 0.0, out, err));
    else
        usual *= (double)trees.n;
    if (usual != 0.0)
        return mc_emit_unary(to, out, MC_UNARY_MINUS_EXP2_MINUS, usual, 0.0, out, err);
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_SCALE, 0.0, 0.0, out, err));
    return mc_emit_unary(to, out, MC_UNARY_OFFSET, -0.5, 0.0, out, err);
}

/* 0.21 to 0.24 divide by 0 there, and call every row an inlier. */
static bool is_undefined(mc_lowering *to, const mc_value *est)
{
    double n_rows = 0.0;
    const unsigned version = mc_version_of(to, est);
    const char *name = mc_attr_has(est, "_max_samples") ? "_max_samples" : "max_samples_";
    return version >= 21 && version <= 24 &&
           mc_attr_number(est, name, 0.0, &n_rows, NULL) == MC_OK &&
           mc_isolation_path(n_rows, version) == 0.0;
}

/* Where the decision turns: at offset_ of the scores, and, up to 0.21, at a threshold of what is
 * left, which belongs to the outliers up to 0.19. */
typedef struct turn {
    double offset, threshold;
    bool or_equal;
} turn;

static mc_status turn_of(mc_lowering *to, const mc_value *est, turn *out, mc_error *err)
{
    const unsigned version = mc_version_of(to, est);
    *out = (turn){.offset = -0.5, .or_equal = version >= 20};
    if (version < 20)
        return mc_attr_number(est, "threshold_", 0.0, &out->threshold, err);
    if (!mc_attr_has(est, "offset_"))
        return mc_refuse(err, est, "it has no attribute offset_: is it fitted?");
    if (version < 22 && mc_attr_is_text(est, "behaviour", "old"))
        MC_TRY(mc_attr_number(est, "_threshold_", 0.0, &out->threshold, err));
    return mc_attr_number(est, "offset_", 0.0, &out->offset, err);
}

mc_status mc_lower_isolation_forest(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    turn at;
    uint32_t table = 0;
    const bool has_scores = mc_version_of(to, est) >= 20;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION &&
        !(method == MC_METHOD_SCORE_SAMPLES && has_scores))
        return mc_no_method(err, est, method);
    MC_TRY(scores(to, est, x, &y, err));
    if (is_undefined(to, est) && method != MC_METHOD_PREDICT)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_OFFSET, (double)NAN, 0.0, &y, err));
    if (method == MC_METHOD_SCORE_SAMPLES)
        return mc_answer_scalar(to, y, out, err);
    MC_TRY(turn_of(to, est, &at, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_OFFSET, -at.offset, 0.0, &y, err));
    if (method == MC_METHOD_DECISION_FUNCTION)
        return mc_answer_scalar(to, y, out, err);
    if (is_undefined(to, est))
        at.threshold = -(double)INFINITY;
    MC_TRY(mc_emit_above(to, &y, at.threshold, at.or_equal, &y, err));
    MC_TRY(mc_emit_two_classes(to, -1, 1, &table, err));
    return mc_answer_labels(to, y, table, out, err);
}
