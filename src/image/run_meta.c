/* run_meta.c: estimators that put together what others answer.
 *
 * Oracle, Exact   see kernel/votes.c. */
#include "image/steps.h"
#include "kernel/votes.h"

/* The destination is one column wider than the source: the columns behind the first hold the order
 * of a row's values while it is worked out. */
mc_status mc_run_weighted_median(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const size_t n = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        double *row = out + i * width;
        row[0] = mc_weighted_median(x + i * n, n, mc_view_f64(run->view, step->array[0]), row + 1);
    }
    return MC_OK;
}

mc_status mc_check_weighted_median(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t n = mc_check_width(view, step->src);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, n, err));
    return mc_check_that(view, step, n > 0 && mc_check_width(view, step->dst) == n + 1,
                         "its destination is not one column wider than its source", err);
}
