/* tree.c: walks compiled trees.
 *
 * Oracle   Tree._apply_dense (sklearn/tree/_tree.pyx), TreePredictor
 *          (sklearn/ensemble/_hist_gradient_boosting/_predictor.pyx), scikit-learn 1.9.1.
 * Exact    Same leaf for every input, NaN and infinities included; sums add the same doubles in the
 *          same order: bit for bit.
 * Cost     n_rows * n_trees * depth; a group of rows walks one tree together, so that their cache
 *          misses overlap, and a lone row walks a group of trees.
 * Why so   Siblings are adjacent: one distance instead of two indices, and the branch is an add. */
#include "kernel/tree.h"

#include <math.h>

#define GROUP 8 /* walks in flight together */

static inline uint32_t step_node(const mc_tree_node *nodes, uint32_t at, const float *row,
                                 uint32_t bits)
{
    const uint32_t word = nodes[at].word;
    const float x = row[word & ((1u << bits) - 1u)];
    const uint32_t nan_left = word >> bits & 1u;
    const uint32_t right = isnan(x) ? nan_left ^ 1u : !(x <= nodes[at].as.threshold);
    return at + (word >> (bits + 1)) + right;
}

static inline bool is_leaf(const mc_tree_node *nodes, uint32_t at, uint32_t bits)
{
    return nodes[at].word >> (bits + 1) == 0;
}

/* <uint8_t> x as scikit-learn's compiled code does it on x86-64: by way of int32. Codes above 255
 * wrap, and beyond int32 the conversion gives 0x80000000: 0. */
static uint32_t category_of(double x)
{
    return x < 2147483648.0 ? (uint32_t)x & 255u : 0;
}

static bool category_goes_left(const mc_category_set *set, double x, bool nan_left)
{
    if (isnan(x) || x < 0.0)
        return nan_left;
    const uint32_t category = category_of(x), bit = 1u << (category & 31u);
    if (set->left[category >> 5] & bit)
        return true;
    return set->known[category >> 5] & bit ? false : nan_left;
}

static uint32_t walk_wide(const mc_forest *forest, uint32_t at, const double *row)
{
    for (const mc_wide_node *node = &forest->wide[at]; node->word != MC_WIDE_LEAF;
         node = &forest->wide[at]) {
        const double x = row[node->word & MC_WIDE_FEATURE];
        const bool nan_left = (node->word & MC_WIDE_NAN_LEFT) != 0;
        bool left = isnan(x) ? nan_left : x <= node->as.threshold;
        if (node->word & MC_WIDE_CATEGORY)
            left = category_goes_left(&forest->sets[node->as.set], x, nan_left);
        at = node->left + !left;
    }
    return at;
}

/* Leaf nodes of `n` walks (at most GROUP); walk i reads rows[i] from roots[i]. */
static void walk_group(const mc_forest *forest, const float *const *rows, const uint32_t *roots,
                       size_t n, uint32_t *at)
{
    const mc_tree_node *nodes = forest->nodes;
    const uint32_t bits = forest->feature_bits;
    bool moving = true;
    for (size_t i = 0; i < n; i++)
        at[i] = roots[i];
    while (moving) {
        moving = false;
        for (size_t i = 0; i < n; i++) {
            if (!is_leaf(nodes, at[i], bits)) {
                at[i] = step_node(nodes, at[i], rows[i], bits);
                moving = true;
            }
        }
    }
}

/* Leaf nodes of rows first .. first + n in tree `tree`. */
static void leaves_of_rows(const mc_forest *forest, const void *x, size_t first, size_t n, size_t d,
                           size_t tree, uint32_t *at)
{
    const float *rows[GROUP];
    uint32_t roots[GROUP];
    for (size_t i = 0; i < n; i++) {
        if (forest->wide != NULL) {
            at[i] = walk_wide(forest, forest->roots[tree], (const double *)x + (first + i) * d);
            continue;
        }
        rows[i] = (const float *)x + (first + i) * d;
        roots[i] = forest->roots[tree];
    }
    if (forest->wide == NULL)
        walk_group(forest, rows, roots, n, at);
}

/* Leaf nodes of one row in trees first .. first + n. */
static void leaves_of_trees(const mc_forest *forest, const void *row, size_t first, size_t n,
                            uint32_t *at)
{
    const float *rows[GROUP];
    for (size_t i = 0; i < n; i++) {
        if (forest->wide != NULL)
            at[i] = walk_wide(forest, forest->roots[first + i], row);
        rows[i] = row;
    }
    if (forest->wide == NULL)
        walk_group(forest, rows, forest->roots + first, n, at);
}

static inline void add_leaf(const mc_forest *forest, const double *values, size_t n_values,
                            size_t width, size_t tree, uint32_t at, double *out)
{
    const size_t leaf = forest->wide != NULL ? forest->wide[at].left : forest->nodes[at].as.leaf;
    if (n_values == 1)
        out[tree % width] += values[leaf];
    else
        for (size_t j = 0; j < n_values; j++)
            out[j] += values[leaf * n_values + j];
}

static void sum_one_row(const mc_forest *forest, const void *row, const double *values,
                        size_t n_values, size_t width, double *out)
{
    uint32_t at[GROUP];
    for (size_t tree = 0; tree < forest->n_trees; tree += GROUP) {
        const size_t n = forest->n_trees - tree < GROUP ? forest->n_trees - tree : GROUP;
        leaves_of_trees(forest, row, tree, n, at);
        for (size_t i = 0; i < n; i++)
            add_leaf(forest, values, n_values, width, tree + i, at[i], out);
    }
}

void mc_forest_sum(const mc_forest *forest, const void *x, size_t n_rows, size_t d,
                   const double *values, size_t n_values, size_t width, double *out)
{
    if (n_rows == 1) {
        sum_one_row(forest, x, values, n_values, width, out);
        return;
    }
    uint32_t at[GROUP];
    for (size_t tree = 0; tree < forest->n_trees; tree++) {
        for (size_t first = 0; first < n_rows; first += GROUP) {
            const size_t n = n_rows - first < GROUP ? n_rows - first : GROUP;
            leaves_of_rows(forest, x, first, n, d, tree, at);
            for (size_t i = 0; i < n; i++)
                add_leaf(forest, values, n_values, width, tree, at[i], out + (first + i) * width);
        }
    }
}

void mc_forest_apply(const mc_forest *forest, const void *x, size_t n_rows, size_t d,
                     const uint32_t *names, double *out)
{
    uint32_t at[GROUP];
    for (size_t tree = 0; tree < forest->n_trees; tree++) {
        for (size_t first = 0; first < n_rows; first += GROUP) {
            const size_t n = n_rows - first < GROUP ? n_rows - first : GROUP;
            leaves_of_rows(forest, x, first, n, d, tree, at);
            for (size_t i = 0; i < n; i++)
                out[(first + i) * forest->n_trees + tree] = (double)names[at[i]];
        }
    }
}
