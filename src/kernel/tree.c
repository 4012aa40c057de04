/* tree.c: walks compiled trees.
 *
 * Oracle   Tree._apply_dense (sklearn/tree/_tree.pyx), TreePredictor
 *          (sklearn/ensemble/_hist_gradient_boosting/_predictor.pyx), scikit-learn 1.9.1.
 * Exact    Same leaf for every input, NaN and infinities included; sums add the same doubles in the
 *          same order: bit for bit.
 * Cost     n_rows * n_trees * depth; see tree_walk.c.
 * Why so   Siblings are adjacent: one distance instead of two indices. A lone row walks many trees
 *          at once, many rows one tree. */
#include "kernel/tree.h"

#include <math.h>
#include <string.h>

#include "kernel/tree_walk.h"

#define LANES    MC_TREE_LANES
#define FEW_ROWS 16u

/* ------------------------------------------------------------------------- wide nodes ---- */

/* <uint8_t> x as scikit-learn's compiled code does it on x86-64: by way of int32. Codes above 255
 * and below 0 wrap, and beyond int32 the conversion gives 0x80000000: 0. */
static uint32_t category_of(double x)
{
    return x > -2147483649.0 && x < 2147483648.0 ? (uint32_t)(int32_t)x & 255u : 0;
}

static bool category_goes_left(const mc_forest *forest, const mc_category_set *set, double x,
                               bool nan_left)
{
    if (isnan(x) || (x < 0.0 && !forest->cuts_negatives))
        return nan_left;
    const uint32_t category = category_of(x), bit = 1u << (category & 31u);
    if (set->left[category >> 5] & bit)
        return true;
    return set->known[category >> 5] & bit ? false : nan_left;
}

/* The child of an inner node. */
static uint32_t step_wide(const mc_forest *forest, const mc_wide_node *node, const double *row)
{
    const double x = row[node->word & MC_WIDE_FEATURE];
    const bool nan_left = (node->word & MC_WIDE_NAN_LEFT) != 0 && !forest->nan_right;
    bool left = isnan(x) ? nan_left : x <= node->as.threshold;
    if (node->word & MC_WIDE_CATEGORY)
        left = category_goes_left(forest, &forest->sets[node->as.set], x, nan_left);
    return node->left + !left;
}

static uint32_t walk_wide(const mc_forest *forest, uint32_t at, const double *row)
{
    while (forest->wide[at].word != MC_WIDE_LEAF)
        at = step_wide(forest, &forest->wide[at], row);
    return at;
}

/* ------------------------------------------------------------------- rows and trees ---- */

static bool has_nan(const mc_forest *forest, const void *x, size_t n)
{
    const float *row = x;
    bool found = false;
    for (size_t i = 0; forest->wide == NULL && i < n; i++)
        found |= isnan(row[i]) != 0;
    return found;
}

/* Leaf nodes of rows first .. first + n in tree `tree`; n <= LANES. */
static void leaves_of_rows(const mc_forest *forest, const void *x, size_t first, size_t n, size_t d,
                           size_t tree, bool with_nan, uint32_t *at)
{
    for (size_t i = 0; i < n; i++)
        at[i] = forest->roots[tree];
    if (forest->wide == NULL)
        mc_tree_walk_here()(forest->nodes, forest->feature_bits, with_nan,
                            (const float *)x + first * d, d, n, at);
    for (size_t i = 0; forest->wide != NULL && i < n; i++)
        at[i] = walk_wide(forest, at[i], (const double *)x + (first + i) * d);
}

/* Leaf nodes of one row in trees first .. first + n; n <= LANES. */
static void leaves_of_trees(const mc_forest *forest, const void *x, size_t row, size_t d,
                            size_t first, size_t n, bool with_nan, uint32_t *at)
{
    memcpy(at, forest->roots + first, n * sizeof *at);
    if (forest->wide == NULL)
        mc_tree_walk_here()(forest->nodes, forest->feature_bits, with_nan,
                            (const float *)x + row * d, 0, n, at);
    for (size_t i = 0; forest->wide != NULL && i < n; i++)
        at[i] = walk_wide(forest, at[i], (const double *)x + row * d);
}

#define LEAF_CHUNK 64u /* narrow values of a leaf at a time */

/* What becomes of the leaves: their values are added, or their names are written. */
typedef struct leaf_use {
    const double *values; /* NULL: narrow ones, or names */
    const mc_narrow *narrow;
    const uint32_t *names;
    size_t n_values, width;
    double *out; /* (n_rows, width) */
} leaf_use;

static inline void add(const mc_forest *forest, double *sum, double value)
{
    *sum = forest->is_float32 ? (double)(float)(*sum + value) : *sum + value;
}

static void use_narrow(const mc_forest *forest, const leaf_use *use, double *out, size_t tree,
                       size_t leaf)
{
    double values[LEAF_CHUNK];
    if (use->n_values == 1) {
        add(forest, &out[use->width == 1 ? 0 : tree % use->width],
            mc_widen_at(use->narrow, leaf, 0));
        return;
    }
    for (size_t first = 0; first < use->n_values; first += LEAF_CHUNK) {
        const size_t left = use->n_values - first;
        const size_t n = left < LEAF_CHUNK ? left : LEAF_CHUNK;
        mc_widen_part(use->narrow, leaf, first, n, values);
        for (size_t j = 0; j < n; j++)
            add(forest, &out[first + j], values[j]);
    }
}

static inline void use_leaf(const mc_forest *forest, const leaf_use *use, size_t row, size_t tree,
                            uint32_t at)
{
    double *out = use->out + row * use->width;
    if (use->names != NULL) {
        out[tree] = (double)use->names[at];
        return;
    }
    const size_t leaf = forest->wide != NULL ? forest->wide[at].left : forest->nodes[at].as.leaf;
    if (use->narrow != NULL)
        use_narrow(forest, use, out, tree, leaf);
    else if (use->n_values == 1)
        add(forest, &out[use->width == 1 ? 0 : tree % use->width], use->values[leaf]);
    else
        for (size_t j = 0; j < use->n_values; j++)
            add(forest, &out[j], use->values[leaf * use->n_values + j]);
}

static void use_lone_row(const mc_forest *forest, const leaf_use *use, const void *x, size_t row,
                         size_t d, bool with_nan)
{
    uint32_t at[LANES];
    for (size_t tree = 0; tree < forest->n_trees; tree += LANES) {
        const size_t n = forest->n_trees - tree < LANES ? forest->n_trees - tree : LANES;
        leaves_of_trees(forest, x, row, d, tree, n, with_nan, at);
        for (size_t i = 0; i < n; i++)
            use_leaf(forest, use, row, tree + i, at[i]);
    }
}

/* Groups of rows go tree by tree, while its nodes are in the cache; a few rows, row by row. Each
 * row meets the trees in their order either way. */
static void use_leaves(const mc_forest *forest, const leaf_use *use, const void *x, size_t n_rows,
                       size_t d)
{
    uint32_t at[LANES];
    const bool with_nan = has_nan(forest, x, n_rows * d);
    const size_t n_grouped = d > MC_TREE_MOST_STRIDE     ? 0
                             : n_rows % LANES < FEW_ROWS ? n_rows - n_rows % LANES
                                                         : n_rows;
    for (size_t tree = 0; tree < forest->n_trees; tree++) {
        for (size_t first = 0; first < n_grouped; first += LANES) {
            const size_t n = n_grouped - first < LANES ? n_grouped - first : LANES;
            leaves_of_rows(forest, x, first, n, d, tree, with_nan, at);
            for (size_t i = 0; i < n; i++)
                use_leaf(forest, use, first + i, tree, at[i]);
        }
    }
    for (size_t row = n_grouped; row < n_rows; row++)
        use_lone_row(forest, use, x, row, d, with_nan);
}

void mc_forest_sum(const mc_forest *forest, const void *x, size_t n_rows, size_t d,
                   const double *values, size_t n_values, size_t width, double *out)
{
    const leaf_use use = {.values = values, .n_values = n_values, .width = width, .out = out};
    use_leaves(forest, &use, x, n_rows, d);
}

void mc_forest_sum_narrow(const mc_forest *forest, const void *x, size_t n_rows, size_t d,
                          const mc_narrow *values, size_t width, double *out)
{
    const leaf_use use = {.narrow = values, .n_values = values->n_cols, .width = width, .out = out};
    use_leaves(forest, &use, x, n_rows, d);
}

void mc_forest_apply(const mc_forest *forest, const void *x, size_t n_rows, size_t d,
                     const uint32_t *names, double *out)
{
    const leaf_use use = {.names = names, .width = forest->n_trees, .out = out};
    use_leaves(forest, &use, x, n_rows, d);
}

static uint32_t step_narrow(const mc_forest *forest, const mc_tree_node *node, uint32_t at,
                            const float *row)
{
    const uint32_t distance = node->word >> (forest->feature_bits + 1);
    const float x = row[node->word & ((1u << forest->feature_bits) - 1u)];
    const bool nan_left = (node->word >> forest->feature_bits & 1u) != 0 && !forest->nan_right;
    const bool left = isnan(x) ? nan_left : x <= node->as.threshold;
    return distance == 0 ? at : at + distance + !left;
}

/* The node after `at`, or `at` itself at a leaf. */
static uint32_t step_any(const mc_forest *forest, uint32_t at, const void *row)
{
    if (forest->wide == NULL)
        return step_narrow(forest, &forest->nodes[at], at, row);
    const mc_wide_node *node = &forest->wide[at];
    return node->word == MC_WIDE_LEAF ? at : step_wide(forest, node, row);
}

size_t mc_forest_path(const mc_forest *forest, const void *row, const uint32_t *names,
                      const uint32_t *starts, uint32_t *at)
{
    size_t n = 0;
    for (size_t tree = 0; tree < forest->n_trees; tree++) {
        uint32_t node = forest->roots[tree], last = UINT32_MAX;
        for (; node != last; n++) {
            if (at != NULL)
                at[n] = starts[tree] + names[node];
            last = node;
            node = step_any(forest, node, row);
        }
    }
    return n;
}
