/* run_ranks.c: rows as ranks among the thresholds of trees, and the proof of what mc_ranks() asks.
 */
#include "image/steps.h"
#include "kernel/ranks.h"

mc_status mc_run_ranks(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_ranks(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src),
             mc_view_f64(run->view, step->array[0]), mc_view_u32(run->view, step->array[1]),
             run->buffers[step->dst]);
    return MC_OK;
}

/* Ascending, from 0 to the number of thresholds, and none too far from the one before it. */
mc_status mc_check_ranks(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src);
    MC_TRY(mc_check_same_width(view, step, err));
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, SIZE_MAX, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, d + 1, 1, err));
    const uint32_t *starts = mc_view_u32(view, step->array[1]);
    bool fits = starts[0] == 0 && starts[d] == mc_array_cols(view, step, 0);
    for (size_t j = 0; fits && j < d; j++)
        fits = starts[j] <= starts[j + 1] && starts[j + 1] - starts[j] <= MC_RANKS_MOST;
    return mc_check_that(view, step, fits, "thresholds of its columns lie outside", err);
}
