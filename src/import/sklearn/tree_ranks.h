/* tree_ranks.h: trees that compare float64, as narrow nodes that compare ranks (kernel/ranks.h). */
#ifndef MC_SKLEARN_TREE_RANKS_H
#define MC_SKLEARN_TREE_RANKS_H
#include "import/sklearn/lower.h"
#include "import/sklearn/tree_pack.h"

/* Arrays of the step RANKS, in the image. */
typedef struct mc_rank_arrays {
    uint32_t thresholds, starts;
} mc_rank_arrays;
#define MC_NO_RANKS ((mc_rank_arrays){MC_NONE, MC_NONE})

/* All nodes as narrow ones into *nodes (n_nodes), their thresholds as ranks among those of the
 * image's arrays. *nodes is NULL, and the arrays MC_NO_RANKS, where that cannot be said of them
 * (category nodes, flags beside NaN's, NaN for a threshold, a distance that does not fit), or where
 * a search a column costs more than wide nodes do. O(n log n). */
MC_MUST_CHECK mc_status mc_place_ranked(mc_lowering *to, const mc_packing *packing,
                                        size_t n_features, mc_tree_node **nodes,
                                        mc_rank_arrays *out, mc_error *err);

/* buffer `x` (n, n_cols) of float64 -> buffer *out of ranks. */
MC_MUST_CHECK mc_status mc_emit_ranks(mc_lowering *to, const mc_rank_arrays *ranks, uint32_t x,
                                      size_t n_cols, uint32_t *out, mc_error *err);
#endif
