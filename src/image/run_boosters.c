/* run_boosters.c: trees of gradient boosting libraries, and the proof of B1 to B4 of
 * kernel/booster.h. */
#include <math.h>
#include <string.h>

#include "image/steps.h"
#include "kernel/booster.h"

static mc_boost_forest forest_of(const mc_view *view, const mc_step *step)
{
    return (mc_boost_forest){
        .nodes = mc_view_array(view, step->array[0]),
        .trees = mc_view_u32(view, step->array[1]),
        .n_trees = mc_array_rows(view, step, 1),
        .values = mc_view_f64(view, step->array[2]),
        .n_leaves = mc_array_rows(view, step, 2),
        .n_values = mc_array_cols(view, step, 2),
        .sets = step->array[3] == MC_NONE ? NULL : mc_view_u32(view, step->array[3]),
        .linear = step->array[4] == MC_NONE ? NULL : mc_view_u32(view, step->array[4]),
        .coefs = step->array[4] == MC_NONE ? NULL : mc_view_f64(view, step->array[5]),
        .is_float32 = (step->flags & MC_STEP_FLOAT32) != 0};
}

mc_status mc_run_boosted(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_boost_forest forest = forest_of(run->view, step);
    const size_t width = mc_run_width(run, step->dst), n = run->n_rows * width;
    double *out = mc_run_dst(run, step);
    if (step->src2 != MC_NONE)
        memcpy(out, run->buffers[step->src2], n * sizeof *out);
    else
        memset(out, 0, n * sizeof *out);
    mc_boost_sum(&forest, mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src),
                 width, out);
    for (size_t i = 0; step->value[0] != 1.0 && i < n; i++)
        out[i] /= step->value[0];
    return MC_OK;
}

/* B1 */
static mc_status check_trees(const mc_view *view, const mc_step *step, mc_error *err)
{
    const mc_boost_forest forest = forest_of(view, step);
    const size_t n_nodes = mc_array_rows(view, step, 0);
    bool fits = true;
    for (size_t i = 0; i < forest.n_trees; i++)
        fits = fits && forest.trees[2 * i] < n_nodes &&
               forest.trees[2 * i + 1] < mc_check_width(view, step->dst);
    return mc_check_that(view, step, fits, "a root or a column lies outside", err);
}

/* B2, B3 */
static bool node_fits(const mc_wide_node *node, size_t i, size_t n_nodes, size_t d, size_t n_leaves,
                      size_t n_words)
{
    const uint64_t first = (uint32_t)node->as.set, size = node->as.set >> 32;
    if (node->word == MC_WIDE_LEAF)
        return node->left < n_leaves;
    if ((node->word & MC_BOOST_FEATURE) >= d || node->left <= i || node->left >= n_nodes - 1)
        return false;
    return !(node->word & MC_WIDE_CATEGORY) || (first <= n_words && size <= n_words - first);
}

static mc_status check_nodes(const mc_view *view, const mc_step *step, mc_error *err)
{
    const mc_boost_forest forest = forest_of(view, step);
    const size_t n_nodes = mc_array_rows(view, step, 0), d = mc_check_width(view, step->src);
    const size_t n_words = step->array[3] == MC_NONE ? 0 : mc_array_rows(view, step, 3);
    for (size_t i = 0; i < n_nodes; i++) {
        if (!node_fits(&forest.nodes[i], i, n_nodes, d, forest.n_leaves, n_words))
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "image: node %zu of %zu: bad child, leaf, feature or set", i, n_nodes);
    }
    return MC_OK;
}

/* B4 */
static mc_status check_linear(const mc_view *view, const mc_step *step, mc_error *err)
{
    const mc_boost_forest forest = forest_of(view, step);
    const size_t n = forest.n_leaves, d = mc_check_width(view, step->src);
    if (forest.linear == NULL)
        return MC_OK;
    const size_t n_terms = mc_array_cols(view, step, 5), size = mc_array_rows(view, step, 4);
    bool fits = forest.n_values == 2 && size == n + 1 + n_terms;
    for (size_t i = 0; fits && i < n; i++)
        fits = forest.linear[i] <= forest.linear[i + 1];
    fits = fits && forest.linear[0] == 0 && forest.linear[n] == n_terms;
    for (size_t i = n + 1; fits && i < size; i++)
        fits = forest.linear[i] < d;
    return mc_check_that(view, step, fits, "the linear models of its leaves do not fit", err);
}

mc_status mc_check_boosted(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_WIDE_NODE, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, SIZE_MAX, 2, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_F64, SIZE_MAX, SIZE_MAX, err));
    if (step->array[3] != MC_NONE)
        MC_TRY(mc_check_array(view, step, 3, MC_ARRAY_U32, SIZE_MAX, 1, err));
    if (step->array[4] != MC_NONE) {
        MC_TRY(mc_check_array(view, step, 4, MC_ARRAY_U32, SIZE_MAX, 1, err));
        MC_TRY(mc_check_array(view, step, 5, MC_ARRAY_F64, 1, SIZE_MAX, err));
    }
    const size_t n_values = mc_array_cols(view, step, 2);
    MC_TRY(mc_check_that(
        view, step, step->array[4] != MC_NONE ? n_values == 2 : n_values == 1 || n_values == width,
        "leaves are neither of one value nor of one a column", err));
    MC_TRY(mc_check_that(view, step,
                         step->src2 == MC_NONE || mc_check_width(view, step->src2) == width,
                         "the sums begin with another width", err));
    MC_TRY(check_trees(view, step, err));
    MC_TRY(check_nodes(view, step, err));
    return check_linear(view, step, err);
}

/* What a sparse matrix leaves out is missing for XGBoost; its explicit zeros are lost by then. */
mc_status mc_run_absent_nan(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++)
        out[i] = run->came_sparse && x[i] == 0.0 ? (double)NAN : x[i];
    return MC_OK;
}

mc_status mc_check_absent_nan(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}

mc_status mc_run_softmax32(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_boost_softmax(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->dst),
                     mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_softmax32(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    return mc_check_that(view, step, width > 0 && mc_check_width(view, step->src) == width,
                         "source and destination differ in width", err);
}

mc_status mc_run_linear32(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_boost_linear(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src),
                    mc_view_f64(run->view, step->array[0]), mc_view_f64(run->view, step->array[1]),
                    mc_run_width(run, step->dst), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_linear32(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, mc_check_width(view, step->src), k, err));
    return mc_check_array(view, step, 1, MC_ARRAY_F64, 1, k, err);
}
