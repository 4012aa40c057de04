/* run_cluster.c: steps of mixtures, clusters, naive Bayes and isotonic regression.
 *
 * Oracle   stands with each kernel: kernel/special.c, density.c, centres.c, pool.c, lookup.c.
 * Exact    As there. */
#include "image/steps.h"
#include "kernel/centres.h"
#include "kernel/density.h"
#include "kernel/lookup.h"
#include "kernel/pool.h"
#include "kernel/special.h"

static mc_status check_one_column(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step, mc_check_width(view, step->dst) == 1, "it gives one column",
                         err);
}

/* Array `at` holds the n + 1 beginnings of n runs: 0, ascending, ends at `end`. */
static mc_status check_runs(const mc_view *view, const mc_step *step, size_t at, size_t n,
                            size_t end, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, at, MC_ARRAY_U32, n + 1, 1, err));
    const uint32_t *start = mc_view_u32(view, step->array[at]);
    bool ascends = start[0] == 0 && start[n] == end;
    for (size_t i = 0; i < n; i++)
        ascends = ascends && start[i] <= start[i + 1];
    return mc_check_that(view, step, ascends, "its runs do not ascend to the end", err);
}

/* ------------------------------------------------------------------------- logarithms ---- */

mc_status mc_run_log_sum_exp(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const size_t width = mc_run_width(run, step->src);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        out[i] = mc_log_sum_exp(x + i * width, width);
    return MC_OK;
}

mc_status mc_check_log_sum_exp(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->src) > 0, "no column", err));
    return check_one_column(view, step, err);
}

mc_status mc_run_log_share(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const size_t width = mc_run_width(run, step->src);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_log_share(x + i * width, width, (mc_log_share_form)step->n[0], out + i * width);
    return MC_OK;
}

mc_status mc_check_log_share(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->src);
    MC_TRY(mc_check_that(view, step, width > 0 && width == mc_check_width(view, step->dst),
                         "no column, or source and destination differ in width", err));
    return mc_check_that(view, step, step->n[0] < MC_N_LOG_SHARES, "unknown form", err);
}

/* --------------------------------------------------------------------------- Gaussians ---- */

mc_status mc_run_projected_squares(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *w = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &w, err));
    const mc_projections by = {.w = w,
                               .start = mc_view_u32(run->view, step->array[1]),
                               .means = mc_view_f64_or_null(run->view, step->array[2]),
                               .offsets = mc_view_f64_or_null(run->view, step->array[3]),
                               .d = mc_run_width(run, step->src),
                               .n_groups = mc_run_width(run, step->dst)};
    mc_projected_squares(mc_run_f64(run, step->src), run->n_rows, &by, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_projected_squares(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src), n_groups = mc_check_width(view, step->dst);
    MC_TRY(mc_check_numbers(view, step, 0, SIZE_MAX, d, err));
    const size_t n_columns = mc_array_rows(view, step, 0);
    MC_TRY(check_runs(view, step, 1, n_groups, n_columns, err));
    if (step->array[2] != MC_NONE)
        MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_F64, n_groups, d, err));
    return step->array[3] == MC_NONE
               ? MC_OK
               : mc_check_array(view, step, 3, MC_ARRAY_F64, 1, n_columns, err);
}

mc_status mc_run_diagonal_log(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *mean = NULL, *variance = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &mean, err));
    MC_TRY(mc_run_numbers(run, step, 1, &variance, err));
    const mc_diagonal_gaussians by = {.mean = mean,
                                      .variance = variance,
                                      .constant = mc_view_f64(run->view, step->array[2]),
                                      .d = mc_run_width(run, step->src),
                                      .k = mc_run_width(run, step->dst)};
    mc_diagonal_log(mc_run_f64(run, step->src), run->n_rows, &by, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_diagonal_log(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src), k = mc_check_width(view, step->dst);
    MC_TRY(mc_check_numbers(view, step, 0, k, d, err));
    MC_TRY(mc_check_numbers(view, step, 1, k, d, err));
    return mc_check_array(view, step, 2, MC_ARRAY_F64, 1, k, err);
}

mc_status mc_run_quadratic(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *matrix = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &matrix, err));
    mc_quadratic(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src), matrix,
                 mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_quadratic(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src);
    MC_TRY(mc_check_numbers(view, step, 0, d, d, err));
    return check_one_column(view, step, err);
}

/* ---------------------------------------------------------------------------- clusters ---- */

mc_status mc_run_centre_distance(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_centre_distances(mc_run_f64(run, step->src), mc_run_f64(run, step->src2), run->n_rows,
                        mc_view_f64(run->view, step->array[0]), mc_run_width(run, step->dst),
                        mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_centre_distance(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, k, err));
    return mc_check_that(
        view, step, mc_check_width(view, step->src) == k && mc_check_width(view, step->src2) == 1,
        "it needs a product for each centre, and one norm", err);
}

mc_status mc_run_bisect(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_bisection tree = {mc_view_u32(run->view, step->array[0]),
                               mc_run_width(run, step->src) / 2};
    mc_bisect(mc_run_f64(run, step->src), run->n_rows, &tree, run->buffers[step->dst]);
    return MC_OK;
}

mc_status mc_check_bisect(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, SIZE_MAX, 2, err));
    const size_t n_nodes = mc_array_rows(view, step, 0);
    const uint32_t *children = mc_view_u32(view, step->array[0]);
    bool descends = n_nodes > 0 && step->n[0] <= INT32_MAX &&
                    mc_check_width(view, step->src) == 2 * n_nodes &&
                    mc_check_width(view, step->dst) == 1;
    for (size_t i = 0; descends && i < 2 * n_nodes; i++)
        descends = children[i] < n_nodes ? children[i] > i / 2
                                         : children[i] - n_nodes < (size_t)step->n[0];
    return mc_check_that(view, step, descends, "its nodes are no tree over the scores", err);
}

static mc_groups groups_of(const mc_view *view, const mc_step *step)
{
    return (mc_groups){.columns = mc_view_u32(view, step->array[0]),
                       .start = mc_view_u32(view, step->array[1]),
                       .n_groups = mc_array_rows(view, step, 1) - 1};
}

/* Groups of columns of the source, none of them empty. */
static mc_status check_groups(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_below(view, step, 0, (uint32_t)mc_check_width(view, step->src), err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, SIZE_MAX, 1, err));
    const size_t n = mc_array_rows(view, step, 1);
    MC_TRY(mc_check_that(view, step, n > 0, "no groups", err));
    MC_TRY(check_runs(view, step, 1, n - 1, mc_array_rows(view, step, 0), err));
    const uint32_t *start = mc_view_u32(view, step->array[1]);
    bool filled = true;
    for (size_t i = 0; i + 1 < n; i++)
        filled = filled && start[i] < start[i + 1];
    return mc_check_that(view, step, filled, "a group is empty", err);
}

mc_status mc_run_pool(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_groups groups = groups_of(run->view, step);
    mc_pool(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src), &groups,
            (mc_pooling)step->n[0], mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_pool(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_POOLINGS, "unknown function", err));
    MC_TRY(check_groups(view, step, err));
    return mc_check_that(view, step,
                         mc_check_width(view, step->dst) == mc_array_rows(view, step, 1) - 1,
                         "it gives one column a group", err);
}

mc_status mc_run_sort_groups(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_groups groups = groups_of(run->view, step);
    mc_sort_groups(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src), &groups,
                   mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_sort_groups(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_groups(view, step, err));
    return mc_check_that(view, step,
                         mc_check_width(view, step->dst) == mc_array_rows(view, step, 0),
                         "it gives every column of its groups", err);
}

/* ------------------------------------------------------------------------------ tables ---- */

mc_status mc_run_category_sum(const mc_run *run, const mc_step *step, mc_error *err)
{
    const size_t d = mc_run_width(run, step->src);
    const double *x = mc_run_f64(run, step->src);
    const double *values = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &values, err));
    const mc_category_values by = {.values = values,
                                   .start = mc_view_u32(run->view, step->array[1]),
                                   .d = d,
                                   .k = mc_run_width(run, step->dst)};
    const size_t bad = mc_category_sum(x, run->n_rows, &by, mc_run_dst(run, step));
    if (bad == run->n_rows * d)
        return MC_OK;
    const size_t row = run->first_row + bad / d, column = bad % d;
    return mc_fail(err, MC_E_BAD_INPUT, row,
                   "row %zu, column %zu: %g is none of the categories 0 to %u", row, column, x[bad],
                   by.start[column + 1] - by.start[column] - 1);
}

mc_status mc_check_category_sum(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src), k = mc_check_width(view, step->dst);
    MC_TRY(mc_check_numbers(view, step, 0, SIZE_MAX, k, err));
    return check_runs(view, step, 1, d, mc_array_rows(view, step, 0), err);
}

mc_status mc_run_interpolate(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_curve curve = {.x = mc_view_f64(run->view, step->array[0]),
                            .y = mc_view_f64(run->view, step->array[1]),
                            .n = mc_array_cols(run->view, step, 0),
                            .in_float32 = (step->flags & MC_STEP_FLOAT32) != 0};
    const double *at = mc_run_f64(run, step->src);
    const size_t n = run->n_rows * mc_run_width(run, step->dst);
    const double low = curve.x[0], high = curve.x[curve.n - 1];
    for (size_t i = 0; (step->flags & MC_STEP_REFUSE_OUTSIDE) != 0 && i < n; i++) {
        const size_t row = run->first_row + i / mc_run_width(run, step->dst);
        if (curve.n > 1 && (at[i] < low || at[i] > high))
            return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu: %.17g is not within %.17g and %.17g",
                           row, at[i], low, high);
    }
    mc_curve_at(&curve, at, n, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_interpolate(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, SIZE_MAX, err));
    const size_t n = mc_array_cols(view, step, 0);
    MC_TRY(mc_check_that(view, step, n > 0, "no point", err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, n, err));
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}
