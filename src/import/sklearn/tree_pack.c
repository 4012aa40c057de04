/* tree_pack.c: depth first into wide nodes, then into narrow ones. */
#include "import/sklearn/tree_pack.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

void mc_packing_init(mc_packing *packing, size_t n_values, bool share_equal)
{
    *packing = (mc_packing){.n_values = n_values, .share_equal = share_equal};
}

void mc_packing_fini(mc_packing *packing)
{
    mc_vec_fini(&packing->nodes);
    mc_vec_fini(&packing->names);
    mc_vec_fini(&packing->roots);
    mc_vec_fini(&packing->values);
    mc_intern_fini(&packing->known);
}

size_t mc_packing_n_nodes(const mc_packing *packing)
{
    return packing->nodes.size / sizeof(mc_wide_node);
}

size_t mc_packing_n_leaves(const mc_packing *packing)
{
    return packing->values.size / (packing->n_values * sizeof(double));
}

/* ------------------------------------------------------------------------------ leaves ---- */

typedef struct wanted_row {
    const mc_packing *packing;
    const double *row;
} wanted_row;

/* Bits, not values: -0.0 and 0.0 stay two leaves. */
static bool same_row(const void *context, uint32_t id)
{
    const wanted_row *wanted = context;
    const size_t size = wanted->packing->n_values * sizeof(double);
    return memcmp(wanted->packing->values.data + id * size, wanted->row, size) == 0;
}

static mc_status add_leaf(mc_packing *packing, const double *row, uint32_t *out, mc_error *err)
{
    const size_t n = mc_packing_n_leaves(packing);
    if (n >= UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more than %u leaves", UINT32_MAX);
    MC_TRY(mc_vec_append(&packing->values, row, packing->n_values * sizeof *row, err));
    *out = (uint32_t)n;
    return MC_OK;
}

mc_status mc_pack_leaf(mc_packing *packing, const double *row, uint32_t *out, mc_error *err)
{
    if (!packing->share_equal)
        return add_leaf(packing, row, out, err);
    const wanted_row wanted = {packing, row};
    const uint64_t hash = XXH3_64bits(row, packing->n_values * sizeof *row);
    if (mc_intern_find(&packing->known, hash, same_row, &wanted, out))
        return MC_OK;
    MC_TRY(add_leaf(packing, row, out, err));
    return mc_intern_add(&packing->known, hash, *out, err);
}

/* ------------------------------------------------------------------------------- nodes ---- */

/* The walk: order[i] is the node that stands at place i; places below n_placed are taken. todo
 * holds places whose node is not written yet, the next one last. */
typedef struct walk {
    const mc_loose_node *tree;
    size_t n, n_placed, n_todo;
    uint32_t *order, *todo; /* scratch (n) */
    bool *seen;             /* scratch (n) */
} walk;

static mc_status place_child(walk *w, uint32_t parent, uint32_t child, mc_error *err)
{
    if (child >= w->n)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "node %u: child %u of %zu nodes", parent,
                       child, w->n);
    if (w->seen[child])
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "node %u: child %u has two parents",
                       parent, child);
    w->seen[child] = true;
    w->order[w->n_placed++] = child;
    return MC_OK;
}

/* A node's children take the next two places; what is below the left one follows at once, so that
 * a step to the left often stays in the cache line. Breadth first, a lone row takes a third longer.
 */
static mc_status place_children(walk *w, size_t base, uint32_t at, mc_wide_node *out, mc_error *err)
{
    const mc_loose_node *node = &w->tree[w->order[at]];
    const uint32_t left = (uint32_t)w->n_placed;
    out->as.set = node->as.set;
    out->word = node->word;
    out->left = (uint32_t)base + left;
    MC_TRY(place_child(w, w->order[at], node->left, err));
    MC_TRY(place_child(w, w->order[at], node->right, err));
    w->todo[w->n_todo++] = left + 1;
    w->todo[w->n_todo++] = left;
    return MC_OK;
}

/* Each node is placed once at most: (n) places suffice everywhere. */
static mc_status place_nodes(walk *w, size_t base, mc_wide_node *out, mc_error *err)
{
    w->order[0] = 0;
    w->todo[0] = 0;
    w->seen[0] = true;
    w->n_placed = w->n_todo = 1;
    while (w->n_todo > 0) {
        const uint32_t at = w->todo[--w->n_todo];
        const mc_loose_node *node = &w->tree[w->order[at]];
        if (node->left == MC_LOOSE_LEAF)
            out[at] = (mc_wide_node){.left = node->leaf, .word = MC_WIDE_LEAF};
        else
            MC_TRY(place_children(w, base, at, &out[at], err));
    }
    return MC_OK;
}

mc_status mc_pack_tree(mc_packing *packing, const mc_loose_node *tree, size_t n, mc_arena *scratch,
                       mc_error *err)
{
    const size_t base = mc_packing_n_nodes(packing);
    const uint32_t root = (uint32_t)base;
    walk w = {.tree = tree, .n = n};
    if (n == 0)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "a tree without nodes");
    if (n >= UINT32_MAX - base)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more than %u tree nodes", UINT32_MAX);
    MC_TRY(mc_arena_new_raw(scratch, uint32_t, n, &w.order, err));
    MC_TRY(mc_arena_new_raw(scratch, uint32_t, n, &w.todo, err));
    MC_TRY(mc_arena_new(scratch, bool, n, &w.seen, err));
    MC_TRY(mc_vec_append(&packing->nodes, NULL, n * sizeof(mc_wide_node), err));
    mc_wide_node *nodes = (mc_wide_node *)(void *)packing->nodes.data;
    MC_TRY(place_nodes(&w, base, nodes + base, err));
    packing->nodes.size = (base + w.n_placed) * sizeof *nodes;
    MC_TRY(mc_vec_append(&packing->names, w.order, w.n_placed * sizeof *w.order, err));
    return mc_vec_append(&packing->roots, &root, sizeof root, err);
}

/* -------------------------------------------------------------------------- narrow form ---- */

float mc_pack_threshold(double threshold)
{
    const float nearest = (float)threshold;
    return (double)nearest > threshold ? nextafterf(nearest, -INFINITY) : nearest;
}

uint32_t mc_pack_feature_bits(size_t n_features)
{
    uint32_t bits = 8;
    while (bits < 60 && n_features > (size_t)1 << bits)
        bits += 4;
    return bits;
}

bool mc_pack_narrow(const mc_packing *packing, uint32_t feature_bits, mc_tree_node *out)
{
    const mc_wide_node *nodes = (const mc_wide_node *)(const void *)packing->nodes.data;
    const size_t n = mc_packing_n_nodes(packing);
    if (feature_bits > 30)
        return false;
    const uint32_t too_far = 1u << (31 - feature_bits);
    for (size_t i = 0; i < n; i++) {
        const mc_wide_node *node = &nodes[i];
        if (node->word == MC_WIDE_LEAF) {
            out[i].as.leaf = node->left;
            out[i].word = 0;
            continue;
        }
        const uint32_t distance = node->left - (uint32_t)i;
        const uint32_t nan_left = (node->word & MC_WIDE_NAN_LEFT) != 0;
        if (distance >= too_far)
            return false;
        out[i].as.threshold = mc_pack_threshold(node->as.threshold);
        out[i].word = (node->word & MC_WIDE_FEATURE) | nan_left << feature_bits |
                      distance << (feature_bits + 1);
    }
    return true;
}
