/* tree_pack.h: trees as their makers stored them -> the node arrays of kernel/tree.h.
 *
 * HOW IT WORKS  Loaders fill mc_loose_node records, in any order. mc_pack_tree() walks them depth
 *               first into wide nodes: siblings adjacent, children behind their parent. When all
 *               trees are in, mc_pack_narrow() halves the nodes if x is float32 and feature and
 *               distance fit one word.
 *
 * A packing is *owned* by one loader thread. */
#ifndef MC_SKLEARN_TREE_PACK_H
#define MC_SKLEARN_TREE_PACK_H
#include "base/arena.h"
#include "base/vec.h"
#include "kernel/tree.h"

/* One node as its maker stored it. */
typedef struct mc_loose_node {
    union {
        double threshold;
        uint64_t set;
    } as;
    uint32_t left, right; /* in the same tree; left == MC_LOOSE_LEAF: a leaf */
    uint32_t word;        /* inner: as in mc_wide_node */
    uint32_t leaf;        /* leaf: its row of leaf values */
} mc_loose_node;
#define MC_LOOSE_LEAF UINT32_MAX

typedef struct mc_packing {
    mc_vec nodes;     /* (n_nodes) mc_wide_node */
    mc_vec names;     /* (n_nodes) uint32_t: number of the node in its own tree */
    mc_vec roots;     /* (n_trees) uint32_t */
    mc_vec values;    /* (n_leaves, n_values) double */
    mc_intern known;  /* rows of values, when equal ones are shared */
    size_t n_values;  /* doubles a leaf */
    bool share_equal; /* equal rows of values are one */
} mc_packing;

void mc_packing_init(mc_packing *packing, size_t n_values, bool share_equal);
void mc_packing_fini(mc_packing *packing);
size_t mc_packing_n_nodes(const mc_packing *packing);
size_t mc_packing_n_leaves(const mc_packing *packing);

/* A row (n_values) of leaf values; `out` is its number. */
MC_MUST_CHECK mc_status mc_pack_leaf(mc_packing *packing, const double *row, uint32_t *out,
                                     mc_error *err);

/* Appends the tree whose root is tree[0]. A child out of range, or one with two parents, is
 * MC_E_MALFORMED; nodes that the root does not reach are dropped. `scratch` is used, and not reset.
 * O(n). */
MC_MUST_CHECK mc_status mc_pack_tree(mc_packing *packing, const mc_loose_node *tree, size_t n,
                                     mc_arena *scratch, mc_error *err);

/* The largest float32 that is not above `threshold`: for every float32 x, x <= threshold is
 * x <= this. NaN stays NaN. */
float mc_pack_threshold(double threshold);

/* Bits that hold a feature below `n_features`: one of 8, 12, 16 ..., the forms of kernel/tree.c. */
uint32_t mc_pack_feature_bits(size_t n_features);

/* All nodes as narrow ones into `out` (n_nodes). False if a distance does not fit beside
 * `feature_bits`. There must be no category node. */
bool mc_pack_narrow(const mc_packing *packing, uint32_t feature_bits, mc_tree_node *out);
#endif
