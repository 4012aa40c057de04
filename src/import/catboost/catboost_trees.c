/* catboost_trees.c: the trees of a model of CatBoost.
 *
 * Oracle   CatBoost 1.2: catboost/libs/model/cpu/{quantization.h,evaluator_impl.cpp}.
 * Exact    Leaves and sums bit for bit: float32 values against float32 borders, float64 sums tree
 *          by tree, then one product and one sum.
 * Why so   The leaf of an oblivious tree is a number whose bit k says on which side of split k the
 *          row lies. As nodes it has 2^depth leaves, whose values the model stores all the same. */
#include <math.h>

#include "import/catboost/catboost.h"
#include "import/sklearn/emit.h"

#define MOST_SPLITS 16u /* of an oblivious tree; CatBoost's limit too */

typedef struct loading {
    const mc_cat *cat;
    mc_boost boost;
} loading;

static mc_status leaf_node(loading *load, size_t first, mc_loose_node *out, mc_error *err)
{
    const mc_cat *cat = load->cat;
    if (first > cat->n_values || cat->n_values - first < cat->width)
        return mc_refuse(err, cat->est, "leaf value %zu of %zu", first, cat->n_values);
    out->left = MC_LOOSE_LEAF;
    return mc_pack_leaf(&load->boost.packing, cat->values + first, &out->leaf, err);
}

static mc_status inner_node(const loading *load, uint32_t split, mc_loose_node *out, mc_error *err)
{
    if (split >= load->cat->n_splits) {
        return mc_refuse(err, load->cat->est,
                         "split %u of %zu: splits on texts or embeddings are not supported", split,
                         load->cat->n_splits);
    }
    const mc_cat_split *s = &load->cat->splits[split];
    out->as.threshold = (double)s->border;
    out->word = s->feature | (s->nan_right ? 0u : MC_WIDE_NAN_LEFT);
    return MC_OK;
}

/* Level by level: node i has the children 2 i + 1 and 2 i + 2, and stands for the bits of i + 1
 * behind its first, the split of the root being the first of them. */
static mc_status add_oblivious(loading *load, const uint32_t *path, size_t depth, size_t *first,
                               mc_error *err)
{
    mc_loose_node *nodes = NULL;
    if (depth > MOST_SPLITS)
        return mc_refuse(err, load->cat->est, "a tree of %zu splits", depth);
    const size_t n_leaves = (size_t)1 << depth, n = 2 * n_leaves - 1;
    if (n_leaves > (load->cat->n_values - *first) / load->cat->width)
        return mc_refuse(err, load->cat->est, "leaf values of %zu trees are missing",
                         load->cat->n_trees);
    MC_TRY(mc_arena_new(&load->boost.scratch, mc_loose_node, n, &nodes, err));
    for (size_t level = 0, i = 0; level < depth; level++) {
        for (size_t end = ((size_t)2 << level) - 1; i < end; i++) {
            nodes[i].left = (uint32_t)(2 * i + 1);
            nodes[i].right = (uint32_t)(2 * i + 2);
            MC_TRY(inner_node(load, path[level], &nodes[i], err));
        }
    }
    for (size_t i = n_leaves - 1; i < n; i++) {
        size_t leaf = 0; /* the root's split is bit 0 */
        for (size_t bit = 0; bit < depth; bit++)
            leaf |= ((i + 1) >> (depth - 1 - bit) & 1u) << bit;
        MC_TRY(leaf_node(load, *first + leaf * load->cat->width, &nodes[i], err));
    }
    *first += n_leaves * load->cat->width;
    return mc_boost_add_tree(&load->boost, nodes, n, 0, err);
}

/* The children of node `at` of n. Steps of 0 lead to a leaf of the node's own, which is put behind
 * the nodes: at *n_nodes, which rises. */
static mc_status add_children(loading *load, const mc_cat_node *from, size_t at, size_t n,
                              mc_loose_node *nodes, size_t *n_nodes, mc_error *err)
{
    const uint32_t steps[2] = {from->left, from->right};
    uint32_t children[2];
    for (size_t side = 0; side < 2; side++) {
        children[side] = (uint32_t)at + steps[side];
        if (steps[side] == 0) {
            children[side] = (uint32_t)*n_nodes;
            MC_TRY(leaf_node(load, from->leaf, &nodes[(*n_nodes)++], err));
        } else if (steps[side] >= n - at) {
            return mc_refuse(err, load->cat->est, "node %zu of %zu: a child %u behind it", at, n,
                             steps[side]);
        }
    }
    nodes[at].left = children[0];
    nodes[at].right = children[1];
    return inner_node(load, from->split, &nodes[at], err);
}

static mc_status add_nodes(loading *load, const mc_cat_node *from, size_t n, mc_error *err)
{
    mc_loose_node *nodes = NULL;
    size_t n_nodes = n;
    if (n > UINT32_MAX / 4)
        return mc_refuse(err, load->cat->est, "a tree of %zu nodes", n);
    MC_TRY(mc_arena_new(&load->boost.scratch, mc_loose_node, 2 * n, &nodes, err));
    for (size_t i = 0; i < n; i++) {
        if (from[i].left == 0 && from[i].right == 0)
            MC_TRY(leaf_node(load, from[i].leaf, &nodes[i], err));
        else
            MC_TRY(add_children(load, &from[i], i, n, nodes, &n_nodes, err));
    }
    return mc_boost_add_tree(&load->boost, nodes, n_nodes, 0, err);
}

static mc_status add_trees(loading *load, mc_error *err)
{
    const mc_cat *cat = load->cat;
    size_t at = 0, first = 0;
    for (size_t i = 0; i < cat->n_trees; i++) {
        mc_arena_reset(&load->boost.scratch);
        if (cat->sizes[i] > cat->n_path - at || (cat->nodes != NULL && cat->sizes[i] == 0))
            return mc_refuse(err, cat->est, "tree %zu: %u of %zu splits", i, cat->sizes[i],
                             cat->n_path - at);
        MC_TRY_IN(cat->nodes != NULL
                      ? add_nodes(load, cat->nodes + at, cat->sizes[i], err)
                      : add_oblivious(load, cat->path + at, cat->sizes[i], &first, err),
                  err, "tree %zu", i);
        at += cat->sizes[i];
    }
    return MC_OK;
}

mc_status mc_cat_sums(mc_lowering *to, const mc_cat *cat, const mc_sym *x, mc_sym *out,
                      mc_error *err)
{
    const mc_boost_sums sums = {.width = cat->width, .divisor = 1.0};
    loading load = {.cat = cat};
    mc_boost_init(&load.boost, to, cat->n_features + cat->n_extra, cat->width);
    mc_status status = add_trees(&load, err);
    if (status == MC_OK)
        status = mc_boost_emit(to, &load.boost, &sums, x, out, err);
    mc_boost_fini(&load.boost);
    MC_TRY(status);
    if (cat->scale != 1.0)
        MC_TRY(mc_emit_unary(to, out, MC_UNARY_SCALE, cat->scale, 0.0, out, err));
    return mc_emit_add(to, out, cat->bias, out, err);
}
