/* tree.h: decision trees, compiled: which leaf does a row reach, and sums over many trees.
 *
 * Two node forms. mc_tree_node (8 bytes) serves trees whose x is float32: the threshold is the
 * largest float32 not above scikit-learn's float64 one, which decides every float32 x alike.
 * mc_wide_node (16 bytes) compares float64 and knows category sets.
 *
 * INVARIANTS, proved by the checks of image/run_trees.c:
 *   (T1) every root is below n_nodes, which is below 2**31.
 *   (T2) inner node i: i < its left child, and the right one, left + 1, is below n_nodes. Children
 *        lie after their parent: a walk strictly increases and must end.
 *   (T3) feature < width of x: of inner nodes, and of narrow leaves too, which a walk in a group
 *        compares again while it waits for the others.
 *   (T4) leaf: its number is below n_leaves.
 *   (T5) category node: its set is below n_sets.
 */
#ifndef MC_KERNEL_TREE_H
#define MC_KERNEL_TREE_H
#include "kernel/narrow.h"

/* word, from bit 0: feature (feature_bits), NaN goes left (1 bit), distance from this node to its
 * left child (the rest). Distance 0: a leaf. */
typedef struct mc_tree_node {
    union {
        float threshold; /* inner: go left iff x <= threshold */
        uint32_t leaf;   /* leaf: its number */
    } as;
    uint32_t word;
} mc_tree_node;
_Static_assert(sizeof(mc_tree_node) == 8, "eight nodes per 64-byte cache line");

#define MC_WIDE_NAN_LEFT 0x80000000u
#define MC_WIDE_CATEGORY 0x40000000u
#define MC_WIDE_FEATURE  0x3fffffffu
typedef struct mc_wide_node {
    union {
        double threshold;
        uint64_t set; /* category node: index of its set */
    } as;
    uint32_t left; /* inner: left child, the right one is left + 1. Leaf: its number */
    uint32_t word; /* inner: feature and flags. Leaf: MC_WIDE_LEAF */
} mc_wide_node;
#define MC_WIDE_LEAF UINT32_MAX
_Static_assert(sizeof(mc_wide_node) == 16, "four nodes per 64-byte cache line");

/* 256 categories that go left, and 256 that were known in training. */
typedef struct mc_category_set {
    uint32_t left[8], known[8];
} mc_category_set;

typedef struct mc_forest {
    const mc_tree_node *nodes; /* one of the two is NULL */
    const mc_wide_node *wide;
    const mc_category_set *sets; /* wide only; may be NULL without category nodes */
    const uint32_t *roots;       /* (n_trees) */
    size_t n_trees;
    uint32_t feature_bits; /* of mc_tree_node.word */
    bool nan_right;        /* mc_forest_path() only: NaN goes right, whatever its node says */
    bool cuts_negatives;   /* wide only: to a byte, as any other category; else they are missing */
    bool is_float32;       /* every sum is rounded to float32 */
} mc_forest;

/* out (n_rows, width): adds leaf values, tree by tree in order.
 *   x       (n_rows, d) float32 (nodes) or float64 (wide)
 *   values  (n_leaves, n_values): n_values == width, or 1: tree t adds to column t % width
 * Thread-safe. O(n_rows * n_trees * depth). */
void mc_forest_sum(const mc_forest *forest, const void *x, size_t n_rows, size_t d,
                   const double *values, size_t n_values, size_t width, double *out);

/* The same for narrow values. */
void mc_forest_sum_narrow(const mc_forest *forest, const void *x, size_t n_rows, size_t d,
                          const mc_narrow *values, size_t width, double *out);

/* out (n_rows, n_trees) = names (n_nodes) of the leaf's node. */
void mc_forest_apply(const mc_forest *forest, const void *x, size_t n_rows, size_t d,
                     const uint32_t *names, double *out);

/* Columns starts[tree] + names[node] of the nodes that a row passes in each tree, leaves included.
 * Writes them to `at` unless it is NULL; returns how many there are. */
size_t mc_forest_path(const mc_forest *forest, const void *row, const uint32_t *names,
                      const uint32_t *starts, uint32_t *at);
#endif
