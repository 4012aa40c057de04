/* neighbor_steps.h: what the steps on training rows share. Used by run_neighbors.c and
 * run_density.c. */
#ifndef MC_IMAGE_NEIGHBOR_STEPS_H
#define MC_IMAGE_NEIGHBOR_STEPS_H
#include "image/steps.h"
#include "kernel/neighbor_sums.h"
#include "kernel/neighbors.h"

/* How many neighbours a list of this width has room for. */
static inline size_t mc_room_of(size_t width)
{
    return (width - 1) / 2;
}
/* Training rows of a step: array 0. */
static inline size_t mc_n_training(const mc_view *view, const mc_step *step)
{
    return mc_array_rows(view, step, 0);
}

/* What the step looks among; with scratch in the block's heap where rows or bounds are narrow. */
MC_MUST_CHECK mc_status mc_training_of(const mc_run *run, const mc_step *step, mc_training *out,
                                       mc_error *err);
mc_near_lists mc_lists_of(const mc_run *run, const mc_step *step);

/* Arrays 0 and 1, and the metric n0. */
MC_MUST_CHECK mc_status mc_check_metric(const mc_view *view, const mc_step *step, mc_error *err);
/* Arrays 2 to 4: N1 and N2 of kernel/neighbors.h. */
MC_MUST_CHECK mc_status mc_check_tree(const mc_view *view, const mc_step *step, bool is_ball,
                                      mc_error *err);
/* The source holds lists; how many training rows they can name. */
MC_MUST_CHECK mc_status mc_check_lists(const mc_view *view, const mc_step *step, size_t *out_n,
                                       mc_error *err);
#endif
