/* boost.h: what the importers of gradient boosting libraries share: trees -> steps.
 *
 * A mc_boost is *owned* by one loader thread; its growing parts are freed by mc_boost_fini(). */
#ifndef MC_IMPORT_BOOST_H
#define MC_IMPORT_BOOST_H
#include "import/sklearn/lower.h"
#include "import/sklearn/tree_pack.h"
#include "kernel/booster.h"

typedef struct mc_boost {
    mc_packing packing;
    mc_vec columns; /* (n_trees) uint32_t: the column that a tree adds to */
    mc_vec sets;    /* uint32_t: words of category sets */
    bool has_linear;
    mc_vec first_term, features, coefs; /* of leaves with linear models, see kernel/booster.h */
    size_t n_features;
    mc_arena scratch; /* of one tree: reset before each */
} mc_boost;

void mc_boost_init(mc_boost *boost, const mc_lowering *to, size_t n_features, size_t n_values);
void mc_boost_fini(mc_boost *boost);

/* Splits for mc_pack_tree(). `set` is (n_words), bit b of word w category 32 w + b. */
MC_MUST_CHECK mc_status mc_boost_add_set(mc_boost *boost, const uint32_t *set, size_t n_words,
                                         uint64_t *out, mc_error *err);
MC_MUST_CHECK mc_status mc_boost_add_tree(mc_boost *boost, const mc_loose_node *nodes, size_t n,
                                          uint32_t column, mc_error *err);

/* Sums of leaf values (n, width) of numbers x, beginning with row `start` (width; NULL: 0). */
typedef struct mc_boost_sums {
    const double *start;
    size_t width;
    double divisor;
    bool is_float32;   /* each sum is rounded */
    bool from_float32; /* each number of x is a float32, or NaN */
} mc_boost_sums;

/* The trees, placed in the image, and the steps that sum them: FOREST where its nodes can say what
 * these do, else BOOSTED. */
MC_MUST_CHECK mc_status mc_boost_emit(mc_lowering *to, const mc_boost *boost,
                                      const mc_boost_sums *sums, const mc_sym *x, mc_sym *out,
                                      mc_error *err);
#endif
