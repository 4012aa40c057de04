/* run_density.c: steps on training rows that need more than a list: densities, barycenters, and
 * filling from donors.
 *
 * Oracle   stands with each kernel (kernel/tree_density.c, kernel/barycenter.c). */
#include "base/size.h"
#include "image/neighbor_steps.h"
#include "kernel/barycenter.h"
#include "kernel/tree_density.h"

/* --------------------------------------------------------------------------- densities ---- */

/* Array 5: log_atol, log_rtol, log_norm, log_total, log_count; weights of the nodes; radii of a
 * ball tree; logarithms of the rows' weights. */
#define N_SETTINGS 5

static bool has(const mc_step *step, unsigned flag)
{
    return (step->flags & flag) != 0;
}

mc_status mc_run_kernel_density(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_density by = {.width = 0.0};
    MC_TRY(mc_training_of(run, step, &by.tree, err));
    const double *numbers = mc_view_f64(run->view, step->array[5]);
    const double *behind = numbers + N_SETTINGS + by.tree.n_nodes;
    by.kernel = (mc_density_kernel)step->n[1];
    by.breadth_first = has(step, MC_STEP_BREADTH_FIRST);
    by.width = step->value[1];
    by.log_atol = numbers[0];
    by.log_rtol = numbers[1];
    by.log_norm = numbers[2];
    by.log_total = numbers[3];
    by.log_count = numbers[4];
    by.node_weights = numbers + N_SETTINGS;
    by.tree.radii = has(step, MC_STEP_BALL_TREE) ? behind : NULL;
    if (has(step, MC_STEP_WEIGHTED))
        by.log_weights = behind + (has(step, MC_STEP_BALL_TREE) ? by.tree.n_nodes : 0);
    mc_density_log(&by, mc_run_f64(run, step->src), run->n_rows, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_kernel_density(const mc_view *view, const mc_step *step, mc_error *err)
{
    const bool is_ball = has(step, MC_STEP_BALL_TREE);
    MC_TRY(mc_check_metric(view, step, err));
    MC_TRY(mc_check_tree(view, step, is_ball, err));
    MC_TRY(mc_check_that(view, step, step->n[1] < MC_N_DENSITY_KERNELS, "unknown kernel", err));
    const size_t n_nodes = mc_array_rows(view, step, 3);
    MC_TRY(mc_check_array(view, step, 5, MC_ARRAY_F64, 1,
                          N_SETTINGS + n_nodes * (is_ball ? 2 : 1) +
                              (has(step, MC_STEP_WEIGHTED) ? mc_n_training(view, step) : 0),
                          err));
    return mc_check_that(view, step,
                         mc_check_width(view, step->dst) == 1 + mc_density_scratch(n_nodes),
                         "its scratch is of another width", err);
}

/* ------------------------------------------------------------------------- barycenters ---- */

mc_status mc_run_barycenter(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_near_lists lists = mc_lists_of(run, step);
    const mc_image_array *placed = &run->view->arrays[step->array[1]];
    const double *rows = NULL, *places = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &rows, err));
    MC_TRY(mc_run_numbers(run, step, 1, &places, err));
    const mc_embedding by = {.rows = rows,
                             .placed = places,
                             .d = mc_run_width(run, step->src2),
                             .width = placed->n_cols,
                             .ridge = step->value[0]};
    mc_barycenter(&lists, step->n[0], mc_run_f64(run, step->src2), &by, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_barycenter(const mc_view *view, const mc_step *step, mc_error *err)
{
    size_t n = 0;
    MC_TRY(mc_check_lists(view, step, &n, err));
    MC_TRY(mc_check_numbers(view, step, 0, n, mc_check_width(view, step->src2), err));
    MC_TRY(mc_check_numbers(view, step, 1, n, SIZE_MAX, err));
    const mc_step *from = &view->steps[view->buffers[step->src].writer];
    const size_t k = step->n[0];
    MC_TRY(mc_check_that(
        view, step, (from->op == MC_OP_NEAREST || from->op == MC_OP_NEAREST_OF) && from->n[1] == k,
        "its lists are not all of this length", err));
    MC_TRY(mc_check_that(view, step, k <= UINT16_MAX, "too many neighbours", err));
    return mc_check_that(view, step,
                         mc_check_width(view, step->dst) ==
                             mc_array_cols(view, step, 1) + mc_barycenter_scratch(k),
                         "its scratch is of another width", err);
}

/* ------------------------------------------------------------------------------ donors ---- */

mc_status mc_run_fill_from_donors(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_donors by = {.rows = mc_view_narrow(run->view, step->array[0]),
                          .means = mc_view_f64(run->view, step->array[1]),
                          .valid = mc_view_array(run->view, step->array[2]),
                          .n = run->view->arrays[step->array[0]].n_rows,
                          .d = mc_run_width(run, step->src),
                          .k = step->n[0],
                          .by_distance = has(step, MC_STEP_BY_DISTANCE),
                          .skips_unknown = has(step, MC_STEP_SKIPS_UNKNOWN)};
    mc_fill_from_donors(&by, mc_run_f64(run, step->src), mc_run_f64(run, step->src2), run->n_rows,
                        mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_fill_from_donors(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src);
    MC_TRY(mc_check_numbers(view, step, 0, mc_check_width(view, step->src2), d, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, d, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_U8, d, 1, err));
    MC_TRY(mc_check_that(view, step, step->n[0] > 0, "no neighbours", err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == d + 2 * (size_t)step->n[0],
                         "its scratch is of another width", err);
}
