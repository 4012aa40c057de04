/* booster.h: trees of gradient boosting libraries, and the links that they end in.
 *
 * The nodes are wide nodes (kernel/tree.h) that say more about what is missing:
 *   inner   left iff x <= threshold; NaN, and with MC_BOOST_ZERO |x| <= 1e-35, goes left iff
 *           MC_WIDE_NAN_LEFT
 *   category node (MC_WIDE_CATEGORY)   as.set is the first word of its set and, from bit 32, the
 *           number of words; int(x) in the set goes left, with MC_BOOST_SET_RIGHT right, anything
 *           else to the other side; NaN as above
 *
 * INVARIANTS, proved by the check of image/run_boosters.c:
 *   (B1) roots are below n_nodes, columns below the width of `out`.
 *   (B2) inner node i: i < left, left + 1 < n_nodes: a walk strictly increases and must end.
 *   (B3) feature < d; leaf < n_leaves; a set lies in `sets`.
 *   (B4) linear: its first n_leaves + 1 items ascend, the last is the number of coefficients; the
 *        features behind them are below d. */
#ifndef MC_KERNEL_BOOSTER_H
#define MC_KERNEL_BOOSTER_H
#include "kernel/tree.h"

#define MC_BOOST_ZERO      0x20000000u
#define MC_BOOST_SET_RIGHT 0x10000000u
#define MC_BOOST_FEATURE   0x0fffffffu

typedef struct mc_boost_forest {
    const mc_wide_node *nodes;
    const uint32_t *trees; /* (n_trees, 2): root, column of `out` */
    size_t n_trees;
    const double *values; /* (n_leaves, n_values) */
    size_t n_leaves, n_values;
    const uint32_t *sets;   /* words; NULL without category nodes */
    const uint32_t *linear; /* NULL, or (n_leaves + 1) first terms, then the terms' features */
    const double *coefs;    /* of the terms */
    bool is_float32;        /* every sum is rounded to float32 */
} mc_boost_forest;

/* out (n_rows, width) += leaf values, tree by tree in order.
 *   x         (n_rows, d) float64, C order
 *   n_values  1: to the tree's column; `width`: to all columns; with `linear` 2: the value, and the
 *             constant of a linear model that takes its place unless a feature of it is NaN
 * Thread-safe. O(n_rows * n_trees * depth). */
void mc_boost_sum(const mc_boost_forest *forest, const double *x, size_t n_rows, size_t d,
                  size_t width, double *out);

/* 1 / (1 + exp(-x)) and exp(x) of float32, as XGBoost's. */
float mc_boost_sigmoid(float x);
/* Softmax of rows of float32 values, in place of doubles: exp and shares in float32, their sum in
 * float64. d >= 1. */
void mc_boost_softmax(const double *x, size_t n_rows, size_t d, double *out);
/* out (n_rows, k) = bias + x (n_rows, d) @ w (d, k), each product and sum a float32, in the order
 * of the columns; NaN is left out. */
void mc_boost_linear(const double *x, size_t n_rows, size_t d, const double *w, const double *bias,
                     size_t k, double *out);
#endif
