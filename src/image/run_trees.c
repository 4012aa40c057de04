/* run_trees.c: the steps of tree ensembles, and the proof of T1 to T5 of kernel/tree.h. */
#include <string.h>

#include "image/steps.h"
#include "kernel/sparse_rows.h"
#include "kernel/tree.h"

static mc_forest forest_of(const mc_run *run, const mc_step *step)
{
    return (mc_forest){.nodes = mc_view_array(run->view, step->array[0]),
                       .roots = mc_view_u32(run->view, step->array[1]),
                       .n_trees = run->view->arrays[step->array[1]].n_items,
                       .feature_bits = step->n[0]};
}

/* As forest_of(), for wide nodes; `sets_at` is the array slot of the category sets. */
static mc_forest wide_forest_of(const mc_run *run, const mc_step *step, size_t sets_at)
{
    mc_forest forest = forest_of(run, step);
    forest.wide = mc_view_array(run->view, step->array[0]);
    forest.nodes = NULL;
    forest.cuts_negatives = (step->flags & MC_STEP_CUTS_NEGATIVES) != 0;
    if (step->array[sets_at] != MC_NONE)
        forest.sets = mc_view_array(run->view, step->array[sets_at]);
    return forest;
}

/* Where the sums begin: src2, else array 3, else 0. */
static void start_sums(const mc_run *run, const mc_step *step)
{
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    if (step->src2 != MC_NONE) {
        memcpy(out, run->buffers[step->src2], run->n_rows * width * sizeof *out);
        return;
    }
    memset(out, 0, run->n_rows * width * sizeof *out);
    const double *start = mc_view_f64_or_null(run->view, step->array[3]);
    for (size_t i = 0; start != NULL && i < run->n_rows; i++)
        memcpy(out + i * width, start, width * sizeof *out);
}

static mc_status sum_forest(const mc_run *run, const mc_step *step, const mc_forest *forest)
{
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    start_sums(run, step);
    const mc_narrow values = mc_view_narrow(run->view, step->array[2]);
    if (values.form == MC_NARROW_NOT) {
        mc_forest_sum(forest, run->buffers[step->src], run->n_rows, mc_run_width(run, step->src),
                      values.items, values.n_cols, width, out);
    } else {
        mc_forest_sum_narrow(forest, run->buffers[step->src], run->n_rows,
                             mc_run_width(run, step->src), &values, width, out);
    }
    for (size_t i = 0; i < run->n_rows * width; i++)
        out[i] /= step->value[0];
    return MC_OK;
}

mc_status mc_run_forest(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_forest forest = forest_of(run, step);
    forest.is_float32 = (step->flags & MC_STEP_FLOAT32) != 0;
    return sum_forest(run, step, &forest);
}

mc_status mc_run_wide_forest(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_forest forest = wide_forest_of(run, step, 4);
    return sum_forest(run, step, &forest);
}

/* T1 */
static mc_status check_roots(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t n_nodes = mc_array_rows(view, step, 0);
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_that(view, step, n_nodes <= INT32_MAX, "too many nodes", err));
    return mc_check_below(view, step, 1, (uint32_t)n_nodes, err);
}

/* T2, T3, T4 */
static mc_status check_nodes(const mc_view *view, const mc_step *step, size_t n_leaves,
                             mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_NODE, SIZE_MAX, 1, err));
    MC_TRY(check_roots(view, step, err));
    MC_TRY(mc_check_that(view, step, step->n[0] < 31, "too many feature bits", err));
    const mc_tree_node *nodes = mc_view_array(view, step->array[0]);
    const size_t n_nodes = mc_array_rows(view, step, 0), d = mc_check_width(view, step->src);
    const uint32_t bits = step->n[0], mask = (1u << bits) - 1u;
    for (size_t i = 0; i < n_nodes; i++) {
        const size_t distance = nodes[i].word >> (bits + 1);
        const bool ok = (nodes[i].word & mask) < d &&
                        (distance == 0 ? nodes[i].as.leaf < n_leaves : distance + 1 < n_nodes - i);
        if (!ok) {
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "image: node %zu of %zu: bad child, "
                           "leaf or feature",
                           i, n_nodes);
        }
    }
    return MC_OK;
}

/* T2 to T5 */
static mc_status check_wide_nodes(const mc_view *view, const mc_step *step, size_t n_leaves,
                                  size_t sets_at, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_WIDE_NODE, SIZE_MAX, 1, err));
    MC_TRY(check_roots(view, step, err));
    size_t n_sets = 0;
    if (step->array[sets_at] != MC_NONE) {
        MC_TRY(mc_check_array(view, step, sets_at, MC_ARRAY_U32, SIZE_MAX,
                              sizeof(mc_category_set) / 4, err));
        n_sets = mc_array_rows(view, step, sets_at);
    }
    const mc_wide_node *nodes = mc_view_array(view, step->array[0]);
    const size_t n_nodes = mc_array_rows(view, step, 0), d = mc_check_width(view, step->src);
    for (size_t i = 0; i < n_nodes; i++) {
        const mc_wide_node *node = &nodes[i];
        bool ok = node->left < n_leaves;
        if (node->word != MC_WIDE_LEAF) {
            ok = node->left > i && (size_t)node->left + 1 < n_nodes &&
                 (node->word & MC_WIDE_FEATURE) < d &&
                 (!(node->word & MC_WIDE_CATEGORY) || node->as.set < n_sets);
        }
        if (!ok) {
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "image: wide node %zu of %zu: bad "
                           "child, leaf, feature or set",
                           i, n_nodes);
        }
    }
    return MC_OK;
}

static mc_status check_sums(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    MC_TRY(mc_check_numbers(view, step, 2, SIZE_MAX, SIZE_MAX, err));
    const size_t n_values = mc_array_cols(view, step, 2);
    MC_TRY(mc_check_that(view, step, width > 0 && (n_values == width || n_values == 1),
                         "leaf values are not as wide as the answer", err));
    if (step->array[3] != MC_NONE)
        MC_TRY(mc_check_array(view, step, 3, MC_ARRAY_F64, 1, width, err));
    return mc_check_that(view, step,
                         step->src2 == MC_NONE || mc_check_width(view, step->src2) == width,
                         "the sums begin in another width", err);
}

mc_status mc_check_forest(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_sums(view, step, err));
    return check_nodes(view, step, mc_array_rows(view, step, 2), err);
}

mc_status mc_check_wide_forest(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_sums(view, step, err));
    return check_wide_nodes(view, step, mc_array_rows(view, step, 2), 4, err);
}

mc_status mc_run_forest_apply(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_forest forest = forest_of(run, step);
    mc_forest_apply(&forest, run->buffers[step->src], run->n_rows, mc_run_width(run, step->src),
                    mc_view_u32(run->view, step->array[4]), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_run_wide_apply(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_forest forest = wide_forest_of(run, step, 5);
    mc_forest_apply(&forest, run->buffers[step->src], run->n_rows, mc_run_width(run, step->src),
                    mc_view_u32(run->view, step->array[4]), mc_run_dst(run, step));
    return MC_OK;
}

static mc_status check_names(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 4, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_that(view, step, mc_array_rows(view, step, 4) == mc_array_rows(view, step, 0),
                         "not a name a node", err));
    return mc_check_that(view, step,
                         mc_array_rows(view, step, 1) == mc_check_width(view, step->dst),
                         "not a column a tree", err);
}

mc_status mc_check_forest_apply(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_nodes(view, step, SIZE_MAX, err)); /* leaf values are not read */
    return check_names(view, step, err);
}

mc_status mc_check_wide_apply(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_wide_nodes(view, step, SIZE_MAX, 5, err));
    return check_names(view, step, err);
}

/* --------------------------------------------------------------------------------- paths ---- */

static mc_status path_of_row(const mc_run *run, const mc_step *step, const mc_forest *forest,
                             const void *row, mc_sparse_row *out, mc_error *err)
{
    const uint32_t *starts = mc_view_u32(run->view, step->array[2]);
    const uint32_t *names = mc_view_u32(run->view, step->array[4]);
    const size_t n = mc_forest_path(forest, row, names, starts, NULL);
    void *memory = NULL;
    MC_TRY(mc_run_room(run, n * (sizeof(double) + sizeof(uint32_t)), &memory, err));
    double *values = memory;
    uint32_t *at = (uint32_t *)(void *)(values + n);
    (void)mc_forest_path(forest, row, names, starts, at);
    for (size_t i = 0; i < n; i++)
        values[i] = 1.0;
    *out = (mc_sparse_row){at, values, n};
    return MC_OK;
}

mc_status mc_run_forest_path(const mc_run *run, const mc_step *step, mc_error *err)
{
    const bool is_wide = step->op == MC_OP_WIDE_PATH;
    mc_forest forest = is_wide ? wide_forest_of(run, step, 5) : forest_of(run, step);
    const size_t row = mc_run_width(run, step->src) * (is_wide ? sizeof(double) : sizeof(float));
    const uint8_t *x = run->buffers[step->src];
    mc_sparse_row *out = run->buffers[step->dst];
    forest.nan_right = (step->flags & MC_STEP_NAN_RIGHT) != 0;
    for (size_t i = 0; i < run->n_rows; i++)
        MC_TRY(path_of_row(run, step, &forest, x + i * row, &out[i], err));
    return MC_OK;
}

mc_status mc_run_wide_path(const mc_run *run, const mc_step *step, mc_error *err)
{
    return mc_run_forest_path(run, step, err);
}

/* The left child of node i, or 0 at a leaf. */
static size_t left_of(const mc_view *view, const mc_step *step, size_t i)
{
    if (step->op == MC_OP_FOREST_PATH) {
        const mc_tree_node *nodes = mc_view_array(view, step->array[0]);
        const size_t distance = nodes[i].word >> (step->n[0] + 1);
        return distance == 0 ? 0 : i + distance;
    }
    const mc_wide_node *node = (const mc_wide_node *)mc_view_array(view, step->array[0]) + i;
    return node->word == MC_WIDE_LEAF ? 0 : node->left;
}

/* Names of the nodes first .. behind, a tree, lie below n and ascend from parent to child. */
static bool names_ascend(const mc_view *view, const mc_step *step, size_t first, size_t behind,
                         uint32_t n)
{
    const uint32_t *names = mc_view_u32(view, step->array[4]);
    for (size_t i = first; i < behind; i++) {
        const size_t left = left_of(view, step, i);
        if (names[i] >= n || (left != 0 && (left + 1 >= behind || names[left] <= names[i] ||
                                            names[left + 1] <= names[i])))
            return false;
    }
    return true;
}

/* The columns of a row ascend and are below the answer's width: trees lie behind each other. */
static mc_status check_path(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t n_nodes = mc_array_rows(view, step, 0), n_trees = mc_array_rows(view, step, 1);
    const uint32_t *roots = mc_view_u32(view, step->array[1]);
    MC_TRY(mc_check_array(view, step, 4, MC_ARRAY_U32, n_nodes, 1, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_U32, n_trees + 1, 1, err));
    const uint32_t *starts = mc_view_u32(view, step->array[2]);
    bool ok = starts[0] == 0 && starts[n_trees] == mc_check_width(view, step->dst);
    for (size_t t = 0; ok && t < n_trees; t++) {
        const size_t behind = t + 1 < n_trees ? roots[t + 1] : n_nodes;
        ok = starts[t] <= starts[t + 1] && roots[t] < behind &&
             names_ascend(view, step, roots[t], behind, starts[t + 1] - starts[t]);
    }
    return mc_check_that(view, step, ok, "names of nodes do not ascend, tree by tree", err);
}

mc_status mc_check_forest_path(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_nodes(view, step, SIZE_MAX, err));
    return check_path(view, step, err);
}

mc_status mc_check_wide_path(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_wide_nodes(view, step, SIZE_MAX, 5, err));
    return check_path(view, step, err);
}
