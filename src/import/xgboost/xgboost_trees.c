/* xgboost_trees.c: the trees, or the linear model, of a booster of XGBoost.
 *
 * Oracle   XGBoost 1.7 to 3.2: src/tree/tree_model.cc, src/tree/multi_target_tree_model.cc,
 *          src/gbm/{gbtree,gblinear}.cc.
 * Exact    See kernel/booster.c. x < t of float32 values is x <= the next float32 below t.
 * Why so   dart weighs each tree: predict() multiplies its leaf, inplace_predict() what the leaf
 *          has added to the beginning of the sum. Both are known when the model is read. */
#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/xgboost/xgboost.h"

/* Versions since when sums begin with the base score. */
#define BEGINS_FIRST      103u
#define DART_BEGINS_FIRST 104u
#define MOST_CATEGORIES   16777216.0 /* float32 knows no larger whole numbers one by one */

/* One tree's lists, (n) each. */
typedef struct tree {
    size_t n;
    const double *left, *right, *feature, *condition, *nan_left;
    const double *split_type; /* NULL: all numerical */
    const double *base_weights, *leaf_weights;
    size_t n_base_weights, n_leaf_weights;
    const double *categories, *category_nodes, *category_segments, *category_sizes;
    size_t n_categories, n_category_nodes;
} tree;

typedef struct loading {
    const mc_xgb *xgb;
    mc_boost boost;
    const double *drop_weights; /* dart: (n_trees), or NULL */
    size_t n_drop_weights;
    bool in_place;
    bool names_leaves; /* a leaf's value is its number in the tree, which has a column of its own */
} loading;

/* A list of numbers; an absent one has none. */
static bool numbers(const mc_doc *doc, const char *name, const double **out, size_t *out_n)
{
    const mc_doc *found = mc_doc_get(doc, name);
    *out = NULL;
    *out_n = 0;
    if (found == NULL || found->kind != MC_DOC_NUMBERS)
        return false;
    *out = found->as.numbers;
    *out_n = found->n;
    return true;
}

static mc_status read_tree(const mc_xgb *xgb, const mc_doc *doc, tree *out, mc_error *err)
{
    const struct {
        const char *name;
        const double **to;
    } lists[] = {{"left_children", &out->left},
                 {"right_children", &out->right},
                 {"split_indices", &out->feature},
                 {"split_conditions", &out->condition},
                 {"default_left", &out->nan_left}};
    size_t n = 0, n_sizes = 0, n_segments = 0;
    *out = (tree){0};
    for (size_t i = 0; i < MC_COUNT_OF(lists); i++) {
        if (!numbers(doc, lists[i].name, lists[i].to, &n) || (i > 0 && n != out->n) || n == 0 ||
            n >= MC_LOOSE_LEAF)
            return mc_refuse(err, xgb->est, "%s: %zu items for %zu nodes", lists[i].name, n,
                             out->n);
        out->n = n;
    }
    if (numbers(doc, "split_type", &out->split_type, &n) && n != out->n)
        out->split_type = NULL;
    (void)numbers(doc, "base_weights", &out->base_weights, &out->n_base_weights);
    (void)numbers(doc, "leaf_weights", &out->leaf_weights, &out->n_leaf_weights);
    (void)numbers(doc, "categories", &out->categories, &out->n_categories);
    (void)numbers(doc, "categories_nodes", &out->category_nodes, &out->n_category_nodes);
    (void)numbers(doc, "categories_segments", &out->category_segments, &n_segments);
    (void)numbers(doc, "categories_sizes", &out->category_sizes, &n_sizes);
    if (n_segments != out->n_category_nodes || n_sizes != out->n_category_nodes)
        return mc_refuse(err, xgb->est, "categories_nodes: %zu nodes, %zu segments, %zu sizes",
                         out->n_category_nodes, n_segments, n_sizes);
    return MC_OK;
}

/* ------------------------------------------------------------------------------ categories ---- */

/* The categories of node i go right. */
static mc_status read_set(loading *load, const tree *t, size_t i, uint64_t *out, mc_error *err)
{
    size_t k = 0;
    uint32_t *words = NULL;
    double most = -1.0;
    while (k < t->n_category_nodes && t->category_nodes[k] != (double)i)
        k++;
    const double first = k < t->n_category_nodes ? t->category_segments[k] : -1.0;
    const double n = k < t->n_category_nodes ? t->category_sizes[k] : 0.0;
    if (!(first >= 0.0 && n >= 0.0 && first + n <= (double)t->n_categories))
        return mc_refuse(err, load->xgb->est, "node %zu: its categories lie outside", i);
    const double *categories = t->categories + (size_t)first;
    for (size_t j = 0; j < (size_t)n; j++) {
        if (!(categories[j] >= 0.0 && categories[j] < MOST_CATEGORIES))
            return mc_refuse(err, load->xgb->est, "node %zu: category %g", i, categories[j]);
        most = fmax(most, categories[j]);
    }
    const size_t n_words = (size_t)(most + 1.0) / 32 + 1;
    MC_TRY(mc_arena_new(&load->boost.scratch, uint32_t, n_words, &words, err));
    for (size_t j = 0; j < (size_t)n; j++)
        words[(size_t)categories[j] / 32] |= 1u << ((size_t)categories[j] & 31u);
    return mc_boost_add_set(&load->boost, words, n_words, out, err);
}

/* ----------------------------------------------------------------------------------- nodes ---- */

/* x < t as x <= what this gives: of -inf nothing is below. */
static double last_below(double t)
{
    const float bound = (float)t;
    return isinf(bound) && bound < 0.0f ? (double)NAN : (double)nextafterf(bound, -INFINITY);
}

static double weighed(const loading *load, size_t at, size_t group, double value)
{
    const float leaf = (float)value, start = (float)load->xgb->margins[group];
    if (load->drop_weights == NULL)
        return (double)leaf;
    const bool from_start = load->in_place && load->xgb->version >= DART_BEGINS_FIRST;
    const float added = from_start ? (start + leaf) - start : leaf;
    return (double)(added * (float)load->drop_weights[at]);
}

/* A leaf of one value, or of one a group. */
static mc_status leaf_node(loading *load, const tree *t, size_t i, size_t at, size_t group,
                           mc_loose_node *out, mc_error *err)
{
    const size_t width = load->boost.packing.n_values;
    const double *from = t->condition + i, number = (double)i;
    double *row = NULL;
    out->left = MC_LOOSE_LEAF;
    if (load->names_leaves)
        return mc_pack_leaf(&load->boost.packing, &number, &out->leaf, err);
    if (width > 1 && t->n_leaf_weights > 0) { /* since 3.1 leaves have numbers of their own */
        if (!(t->right[i] >= 0.0) ||
            (t->right[i] + 1.0) * (double)width > (double)t->n_leaf_weights)
            return mc_refuse(err, load->xgb->est, "node %zu: leaf %g", i, t->right[i]);
        from = t->leaf_weights + (size_t)t->right[i] * width;
    } else if (width > 1) {
        if (t->n_base_weights != t->n * width)
            return mc_refuse(err, load->xgb->est, "base_weights: %zu values for %zu nodes",
                             t->n_base_weights, t->n);
        from = t->base_weights + i * width;
    }
    MC_TRY(mc_arena_new(&load->boost.scratch, double, width, &row, err));
    for (size_t j = 0; j < width; j++)
        row[j] = weighed(load, at, width > 1 ? j : group, from[j]);
    return mc_pack_leaf(&load->boost.packing, row, &out->leaf, err);
}

static mc_status inner_node(loading *load, const tree *t, size_t i, mc_loose_node *out,
                            mc_error *err)
{
    const double n = (double)t->n;
    if (!(t->left[i] >= 0.0 && t->left[i] < n && t->right[i] >= 0.0 && t->right[i] < n &&
          t->feature[i] >= 0.0 && t->feature[i] < (double)load->xgb->n_features))
        return mc_refuse(err, load->xgb->est, "node %zu: children %g and %g, feature %g", i,
                         t->left[i], t->right[i], t->feature[i]);
    *out = (mc_loose_node){.as.threshold = last_below(t->condition[i]),
                           .left = (uint32_t)t->left[i],
                           .right = (uint32_t)t->right[i],
                           .word = (uint32_t)t->feature[i]};
    if (t->nan_left[i] != 0.0)
        out->word |= MC_WIDE_NAN_LEFT;
    if (t->split_type == NULL || t->split_type[i] == 0.0)
        return MC_OK;
    out->word |= MC_WIDE_CATEGORY | MC_BOOST_SET_RIGHT;
    return read_set(load, t, i, &out->as.set, err);
}

static mc_status add_tree(loading *load, const mc_doc *doc, size_t at, double group, mc_error *err)
{
    tree t;
    mc_loose_node *nodes = NULL;
    mc_arena_reset(&load->boost.scratch);
    if (!(group >= 0.0 && group < (double)load->xgb->n_groups))
        return mc_refuse(err, load->xgb->est, "tree_info[%zu]: %g of %zu groups", at, group,
                         load->xgb->n_groups);
    MC_TRY(read_tree(load->xgb, doc, &t, err));
    MC_TRY(mc_arena_new(&load->boost.scratch, mc_loose_node, t.n, &nodes, err));
    for (size_t i = 0; i < t.n; i++) {
        if (t.left[i] == -1.0)
            MC_TRY(leaf_node(load, &t, i, at, (size_t)group, &nodes[i], err));
        else
            MC_TRY(inner_node(load, &t, i, &nodes[i], err));
    }
    return mc_boost_add_tree(&load->boost, nodes, t.n,
                             load->names_leaves ? (uint32_t)at : (uint32_t)group, err);
}

/* ---------------------------------------------------------------------------------- rounds ---- */

/* Values of a leaf: its size_leaf_vector, if the trees have one value a target. */
static size_t leaf_width(const mc_xgb *xgb, const mc_doc *trees)
{
    double size = 1.0;
    if (trees->n == 0 || trees->kind != MC_DOC_LIST)
        return 1;
    const mc_doc *parameters = mc_doc_get(&trees->as.members[0].value, "tree_param");
    if (!mc_doc_number(mc_doc_get(parameters, "size_leaf_vector"), &size) || size <= 1.0)
        return 1;
    return xgb->n_groups;
}

/* Trees of one group in one round. Before 1.6 only the configuration in a pickle says it. */
static double parallel_trees(const mc_xgb *xgb, const mc_doc *model)
{
    double parallel = 1.0;
    const mc_doc *booster = mc_doc_get(&xgb->config, "gradient_booster");
    const mc_doc *inner = mc_doc_get(booster, "gbtree"); /* of dart */
    const mc_doc *trained = mc_doc_get(inner != NULL ? inner : booster, "gbtree_train_param");
    if (!mc_doc_number(mc_doc_get(mc_doc_get(model, "gbtree_model_param"), "num_parallel_tree"),
                       &parallel))
        (void)mc_doc_number(mc_doc_get(trained, "num_parallel_tree"), &parallel);
    return parallel >= 1.0 ? parallel : 1.0;
}

/* Trees of the first n_rounds rounds. */
static mc_status trees_of(const mc_xgb *xgb, const mc_doc *model, size_t n_trees, size_t width,
                          size_t n_rounds, size_t *out, mc_error *err)
{
    const double *ends = NULL;
    size_t n = 0;
    double at = (double)n_trees;
    *out = n_trees;
    if (n_rounds == SIZE_MAX)
        return MC_OK;
    if (numbers(model, "iteration_indptr", &ends, &n) && n > 0) {
        at = ends[n_rounds < n ? n_rounds : n - 1];
    } else {
        at = (double)n_rounds * parallel_trees(xgb, model) *
             (width > 1 ? 1.0 : (double)xgb->n_groups);
    }
    if (!(at >= 0.0))
        return mc_refuse(err, xgb->est, "iteration_indptr: %g", at);
    if (at < (double)n_trees)
        *out = (size_t)at;
    return MC_OK;
}

/* Trees of the first n_rounds rounds; *out_n is how many. */
static mc_status add_trees(loading *load, const mc_doc *model, size_t n_rounds, size_t *out_n,
                           mc_error *err)
{
    const mc_doc *trees = mc_doc_get(model, "trees");
    const double *groups = NULL;
    size_t n_groups = 0;
    if (trees == NULL || (trees->n > 0 && trees->kind != MC_DOC_LIST) ||
        !numbers(model, "tree_info", &groups, &n_groups) || n_groups != trees->n)
        return mc_refuse(err, load->xgb->est, "its trees are not a list with their groups");
    if (load->drop_weights != NULL && load->n_drop_weights < trees->n)
        return mc_refuse(err, load->xgb->est, "weight_drop: %zu weights for %zu trees",
                         load->n_drop_weights, trees->n);
    const size_t width = leaf_width(load->xgb, trees);
    MC_TRY(trees_of(load->xgb, model, trees->n, width, n_rounds, out_n, err));
    for (size_t i = 0; i < *out_n; i++)
        MC_TRY_IN(add_tree(load, &trees->as.members[i].value, i, groups[i], err), err, "trees[%zu]",
                  i);
    return MC_OK;
}

/* Before, the trees were added first, and then to where the sums begin. */
static mc_status begin_at_last(mc_lowering *to, const mc_xgb *xgb, mc_sym *y, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ROUND32);
    const size_t width = y->n_cols;
    MC_TRY(mc_emit_add(to, y, xgb->margins, y, err));
    step.src = y->buffer;
    step.flags = MC_OR_NAN | MC_OR_INFINITY;
    MC_TRY(mc_build_step(to->b, step, width, &y->buffer, err));
    return MC_OK;
}

static mc_status tree_sums(mc_lowering *to, loading *load, const mc_doc *model, size_t n_rounds,
                           const mc_sym *x, mc_sym *out, mc_error *err)
{
    const unsigned first = load->drop_weights == NULL ? BEGINS_FIRST : DART_BEGINS_FIRST;
    const bool is_late = load->xgb->version < first, is_sum = !load->names_leaves;
    mc_boost_sums sums = {.start = is_late || !is_sum ? NULL : load->xgb->margins,
                          .width = load->xgb->n_groups,
                          .divisor = 1.0,
                          .is_float32 = true,
                          .from_float32 = true};
    const mc_doc *trees = mc_doc_get(model, "trees");
    size_t n = 0;
    mc_boost_init(&load->boost, to, load->xgb->n_features,
                  trees == NULL || !is_sum ? 1 : leaf_width(load->xgb, trees));
    mc_status status = add_trees(load, model, n_rounds, &n, err);
    if (status == MC_OK && !is_sum && n == 0)
        status = mc_refuse(err, load->xgb->est, "it has no trees");
    if (!is_sum)
        sums.width = n;
    if (status == MC_OK)
        status = mc_boost_emit(to, &load->boost, &sums, x, out, err);
    if (status == MC_OK && is_late && is_sum)
        status = begin_at_last(to, load->xgb, out, err);
    mc_boost_fini(&load->boost);
    return status;
}

/* --------------------------------------------------------------------------------- boosters ----
 */

/* bias and start of each group, then a weight a feature. All groups begin with the first one's base
 * score, those of 3.1 that have one each too. */
static mc_status linear_sums(mc_lowering *to, const mc_xgb *xgb, const mc_doc *model,
                             const mc_sym *x, mc_sym *out, mc_error *err)
{
    const double *weights = NULL;
    double *bias = NULL;
    size_t n = 0;
    mc_step step = MC_STEP_INIT(LINEAR32);
    if (!numbers(model, "weights", &weights, &n) || n != (xgb->n_features + 1) * xgb->n_groups)
        return mc_refuse(err, xgb->est, "weights: %zu for %zu features and %zu groups", n,
                         xgb->n_features, xgb->n_groups);
    MC_TRY(mc_arena_new(to->arena, double, xgb->n_groups, &bias, err));
    for (size_t i = 0; i < xgb->n_groups; i++)
        bias[i] =
            (double)((float)weights[xgb->n_features * xgb->n_groups + i] + (float)xgb->margins[0]);
    MC_TRY(mc_to_numbers(to, x, out, err));
    step.src = out->buffer;
    MC_TRY(mc_build_f64(to->b, weights, xgb->n_features, xgb->n_groups, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, bias, 1, xgb->n_groups, &step.array[1], err));
    MC_TRY(mc_build_step(to->b, step, xgb->n_groups, &out->buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = out->buffer, .n_cols = xgb->n_groups};
    return MC_OK;
}

static mc_bytes booster_name(const mc_xgb *xgb)
{
    return mc_xgb_text(mc_doc_get(mc_doc_get(&xgb->learner, "gradient_booster"), "name"));
}

/* The model of a booster of trees; dart keeps it one level deeper, beside its weights. */
static mc_status tree_model(const mc_xgb *xgb, loading *load, const mc_doc **out, mc_error *err)
{
    const mc_doc *booster = mc_doc_get(&xgb->learner, "gradient_booster");
    const mc_bytes name = booster_name(xgb);
    if (mc_bytes_is(name, "dart")) {
        (void)numbers(booster, "weight_drop", &load->drop_weights, &load->n_drop_weights);
        booster = mc_doc_get(booster, "gbtree");
        if (xgb->version < 100) {
            return mc_refuse(err, xgb->est,
                             "booster: dart of before 1.0 draws the trees that it leaves out each "
                             "time it predicts");
        }
    } else if (!mc_bytes_is(name, "gbtree")) {
        return mc_refuse(err, xgb->est,
                         "booster: expected gbtree, dart or gblinear, found "
                         "\"%.*s\"",
                         MC_SHOW(name));
    }
    *out = mc_doc_get(booster, "model");
    return MC_OK;
}

mc_status mc_xgb_sums(mc_lowering *to, const mc_xgb *xgb, size_t n_rounds, bool in_place,
                      const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_doc *model = mc_doc_get(mc_doc_get(&xgb->learner, "gradient_booster"), "model");
    loading load = {.xgb = xgb, .in_place = in_place};
    if (mc_bytes_is(booster_name(xgb), "gblinear"))
        return linear_sums(to, xgb, model, x, out, err);
    MC_TRY(tree_model(xgb, &load, &model, err));
    return tree_sums(to, &load, model, n_rounds, x, out, err);
}

mc_status mc_xgb_leaves(mc_lowering *to, const mc_xgb *xgb, size_t n_rounds, const mc_sym *x,
                        mc_sym *out, mc_error *err)
{
    const mc_doc *model = NULL;
    loading load = {.xgb = xgb, .names_leaves = true};
    MC_TRY(tree_model(xgb, &load, &model, err));
    return tree_sums(to, &load, model, n_rounds, x, out, err);
}
