/* tree_walk.h: many walks through narrow nodes at once, in the widest registers there are. */
#ifndef MC_KERNEL_TREE_WALK_H
#define MC_KERNEL_TREE_WALK_H
#include "kernel/tree.h"

/* Walks at a time: their cache misses overlap. */
#define MC_TREE_LANES 64u

/* Columns of x that rows of a group may lie apart. */
#define MC_TREE_MOST_STRIDE ((size_t)1 << 24)

/* at (MC_TREE_LANES): from the node where each walk begins to the leaf that it reaches. Walk i asks
 * the row at `row + i * stride`, stride <= MC_TREE_MOST_STRIDE; T1 to T3 of tree.h hold for the
 * nodes and for each row's width. `with_nan`: a value may be NaN. Walks from `n` on, n > 0, are not
 * made; at[n .. MC_TREE_LANES) is garbage then. */
typedef void mc_tree_walk_fn(const mc_tree_node *nodes, uint32_t feature_bits, bool with_nan,
                             const float *row, size_t stride, size_t n, uint32_t *at);

/* What this machine has, plainest first, for tests; NULL from the end on. All agree. */
mc_tree_walk_fn *mc_tree_walk_at(size_t i);

/* The fastest of them. */
mc_tree_walk_fn *mc_tree_walk_here(void);
#endif
