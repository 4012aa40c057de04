/* run_kernels.c: kernels between rows and training rows, and what is made of their values.
 *
 * Oracle   stands with each kernel (kernel/kernels.c, svm.c, kernel_map.c, gaussian.c, sketch.c).
 */
#include <string.h>

#include "image/steps.h"
#include "kernel/gaussian.h"
#include "kernel/kernel_map.h"
#include "kernel/kernels.h"
#include "kernel/process_covariance.h"
#include "kernel/sketch.h"
#include "kernel/solve.h"
#include "kernel/svm.h"

static mc_status same_width(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}

static mc_status same_widths(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step,
                         mc_check_width(view, step->src2) == mc_check_width(view, step->dst),
                         "second source and destination differ in width", err));
    return same_width(view, step, err);
}

/* ----------------------------------------------------------------------------- kernels ---- */

static mc_status narrow_sums(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_narrow packed = mc_view_narrow(run->view, step->array[0]);
    const size_t d = mc_run_width(run, step->src);
    void *scratch = NULL;
    MC_TRY(mc_run_room(run, MC_PAIR_LANES * (d + 1 + run->n_rows) * sizeof(double), &scratch, err));
    mc_pair_sums_narrow((mc_pair_sum)step->n[0], mc_run_f64(run, step->src), run->n_rows, d,
                        &packed, mc_run_width(run, step->dst), scratch, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_run_pair_sums(const mc_run *run, const mc_step *step, mc_error *err)
{
    if (mc_view_is_narrow(run->view, step->array[0]))
        return narrow_sums(run, step, err);
    mc_pair_sums((mc_pair_sum)step->n[0], mc_run_f64(run, step->src), run->n_rows,
                 mc_run_width(run, step->src), mc_view_f64(run->view, step->array[0]),
                 mc_run_width(run, step->dst), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_pair_sums(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_PAIR_SUMS, "unknown sum", err));
    const uint32_t id = step->array[0];
    const bool narrow = id < view->n_arrays && mc_view_is_narrow(view, id);
    const size_t d = mc_check_width(view, step->src);
    const size_t height = narrow ? d : mc_pair_height((mc_pair_sum)step->n[0], d);
    return mc_check_numbers(view, step, 0, mc_pair_blocks(mc_check_width(view, step->dst)) * height,
                            MC_PAIR_LANES, err);
}

mc_status mc_run_kernel_map(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_kernel_map_apply((mc_kernel_map)step->n[0], mc_run_f64(run, step->src),
                        run->n_rows * mc_run_width(run, step->dst), step->value[0], step->value[1],
                        mc_run_dst(run, step));
    return MC_OK;
}

/* Libsvm's power takes a whole exponent, and a Bessel function as many steps as its order. */
static bool is_parameter(mc_kernel_map which, double a)
{
    if (which == MC_MAP_MATERN)
        return a > 0.0 && a <= MC_BESSEL_MOST;
    return which != MC_MAP_POWER_INTEGER || (a >= 0.0 && a <= INT32_MAX && a == (double)(int32_t)a);
}

mc_status mc_check_kernel_map(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_KERNEL_MAPS, "unknown function", err));
    MC_TRY(mc_check_that(view, step, is_parameter((mc_kernel_map)step->n[0], step->value[0]),
                         "its parameter is out of range", err));
    return same_width(view, step, err);
}

mc_status mc_run_times(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const double *x = mc_run_f64(run, step->src), *y = mc_run_f64(run, step->src2);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++)
        out[i] = x[i] * y[i];
    return MC_OK;
}

mc_status mc_check_times(const mc_view *view, const mc_step *step, mc_error *err)
{
    return same_widths(view, step, err);
}

mc_status mc_run_center_kernel(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_center_kernel(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->dst),
                     mc_view_f64(run->view, step->array[0]), step->value[0], mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_center_kernel(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, mc_check_width(view, step->dst), err));
    return same_width(view, step, err);
}

/* A row of the triangle at a time, for all rows of the block: the sums of mc_solve_lower(). */
static mc_status solve_narrow(const mc_run *run, const mc_step *step, double *out, mc_error *err)
{
    const mc_narrow l = mc_view_narrow(run->view, step->array[0]);
    const size_t n = l.n_cols;
    void *scratch = NULL;
    MC_TRY(mc_run_room(run, n * sizeof(double), &scratch, err));
    for (size_t i = 0; i < n; i++) {
        mc_widen_part(&l, i, 0, i + 1, scratch);
        for (size_t row = 0; row < run->n_rows; row++)
            mc_solve_lower_at(scratch, i, out + row * n);
    }
    return MC_OK;
}

mc_status mc_run_solve_lower(const mc_run *run, const mc_step *step, mc_error *err)
{
    const size_t n = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    memcpy(out, mc_run_f64(run, step->src), run->n_rows * n * sizeof *out);
    if (mc_view_is_narrow(run->view, step->array[0]))
        return solve_narrow(run, step, out, err);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_solve_lower(mc_view_f64(run->view, step->array[0]), n, n, out + i * n);
    return MC_OK;
}

mc_status mc_check_solve_lower(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t n = mc_check_width(view, step->dst);
    MC_TRY(mc_check_numbers(view, step, 0, n, n, err));
    return same_width(view, step, err);
}

mc_status mc_run_check_least(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *x = mc_run_f64(run, step->src);
    const size_t width = mc_run_width(run, step->dst);
    const bool or_equal = (step->flags & MC_STEP_OR_EQUAL) != 0;
    run->buffers[step->dst] = run->buffers[step->src];
    for (size_t i = 0; i < run->n_rows * width; i++) {
        if (x[i] < step->value[0] || (or_equal && x[i] == step->value[0])) {
            return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i / width,
                           "row %zu, column %zu: found %.17g, must %s %.17g",
                           run->first_row + i / width, i % width, x[i],
                           or_equal ? "be above" : "not be below", step->value[0]);
        }
    }
    return MC_OK;
}

mc_status mc_check_check_least(const mc_view *view, const mc_step *step, mc_error *err)
{
    return same_width(view, step, err);
}

/* ----------------------------------------------------------------------------- classes ---- */

/* The most classes whose pairs, times 3, are counted without a thought. */
#define MOST_CLASSES 65535u

/* n0 classes, and a buffer of as many columns as they have pairs. */
static mc_status check_pairs(const mc_view *view, const mc_step *step, uint32_t pairs,
                             mc_error *err)
{
    const size_t k = step->n[0];
    return mc_check_that(
        view, step, k >= 2 && k <= MOST_CLASSES && mc_check_width(view, pairs) == mc_svm_pairs(k),
        "not a column a pair of classes", err);
}

mc_status mc_run_svm_decide(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_svm svm = {.start = mc_view_u32(run->view, step->array[0]),
                        .coef = mc_view_f64(run->view, step->array[1]),
                        .narrow = mc_view_narrow(run->view, step->array[1]),
                        .intercept = mc_view_f64(run->view, step->array[2]),
                        .n = mc_run_width(run, step->src),
                        .n_classes = step->n[0]};
    mc_svm_decide(&svm, mc_run_f64(run, step->src), run->n_rows, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_svm_decide(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = step->n[0], n = mc_check_width(view, step->src);
    MC_TRY(check_pairs(view, step, step->dst, err));
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, k + 1, 1, err));
    MC_TRY(mc_check_numbers(view, step, 1, k - 1, n, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_F64, 1, mc_svm_pairs(k), err));
    const uint32_t *start = mc_view_u32(view, step->array[0]);
    bool ascends = start[k] <= n;
    for (size_t i = 0; i < k; i++)
        ascends = ascends && start[i] <= start[i + 1];
    return mc_check_that(view, step, ascends, "its classes do not ascend within its values", err);
}

mc_status mc_run_pair_votes(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_pair_votes(mc_run_f64(run, step->src), run->n_rows, step->n[0], mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_pair_votes(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_pairs(view, step, step->src, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == step->n[0],
                         "not a column a class", err);
}

mc_status mc_run_pair_scores(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_pair_scores(mc_run_f64(run, step->src),
                   step->src2 == MC_NONE ? NULL : mc_run_f64(run, step->src2), run->n_rows,
                   (step->flags & MC_STEP_SCALED) != 0, step->n[0], mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_pair_scores(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_pairs(view, step, step->src, err));
    if (step->src2 != MC_NONE)
        MC_TRY(check_pairs(view, step, step->src2, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == 2 * (size_t)step->n[0],
                         "not two columns a class", err);
}

mc_status mc_run_pair_proba(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_pair_proba(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->dst),
                  mc_view_f64(run->view, step->array[0]), mc_view_f64(run->view, step->array[1]),
                  mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_pair_proba(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, width, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, width, err));
    return same_width(view, step, err);
}

mc_status mc_run_couple_pairs(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_couple_pairs(mc_run_f64(run, step->src), run->n_rows, step->n[0], mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_couple_pairs(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_pairs(view, step, step->src, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == 3 * (size_t)step->n[0],
                         "not three columns a class", err);
}

mc_status mc_run_laplace_proba(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_laplace_proba(mc_run_f64(run, step->src), mc_run_f64(run, step->src2),
                     run->n_rows * mc_run_width(run, step->dst), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_laplace_proba(const mc_view *view, const mc_step *step, mc_error *err)
{
    return same_widths(view, step, err);
}

/* -------------------------------------------------------------------------- covariance ---- */

mc_status mc_run_covariance(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *sources = mc_view_u32(run->view, step->array[0]);
    mc_covariance c = {.ops = mc_view_u32(run->view, step->array[1]),
                       .numbers = mc_view_f64(run->view, step->array[2]),
                       .scales = mc_view_f64(run->view, step->array[3]),
                       .n_ops = run->view->arrays[step->array[1]].n_rows,
                       .n_deep = mc_run_width(run, step->dst)};
    for (size_t i = 0; i < run->view->arrays[step->array[0]].n_rows; i++) {
        c.rows[i] =
            (mc_covariance_rows){mc_run_f64(run, sources[i]), mc_run_width(run, sources[i])};
    }
    mc_covariance_of(&c, run->n_rows, mc_run_dst(run, step));
    return MC_OK;
}

static bool is_covariance_op(const uint32_t *op, const double *number, size_t n_sources)
{
    if (op[0] == MC_COVARIANCE_SUM_OF)
        return op[1] < MC_N_PAIR_SUMS && op[2] < n_sources;
    if (op[0] == MC_COVARIANCE_MAP)
        return op[1] < MC_N_KERNEL_MAPS && is_parameter((mc_kernel_map)op[1], number[0]);
    return op[0] < MC_N_COVARIANCE_KINDS;
}

mc_status mc_check_covariance(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t n_sources = mc_array_rows(view, step, 0);
    MC_TRY(mc_check_that(view, step, n_sources > 0 && n_sources <= MC_COVARIANCE_SOURCES,
                         "no source, or too many", err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, SIZE_MAX, MC_COVARIANCE_FIELDS, err));
    const size_t n_ops = mc_array_rows(view, step, 1);
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_F64, n_ops, MC_COVARIANCE_NUMBERS, err));
    MC_TRY(mc_check_array(view, step, 3, MC_ARRAY_F64, 1, mc_check_width(view, step->dst), err));
    const uint32_t *op = mc_view_u32(view, step->array[1]);
    const double *number = mc_view_f64(view, step->array[2]);
    size_t depth = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < n_ops; i++) {
        ok = is_covariance_op(op, number, n_sources);
        const mc_stack_effect effect =
            ok ? mc_covariance_effect((mc_covariance_kind)op[0]) : (mc_stack_effect){0, 0};
        ok = ok && depth >= effect.takes;
        depth = ok ? depth - effect.takes + effect.leaves : depth;
        ok = ok && depth <= MC_COVARIANCE_DEPTH;
        op += MC_COVARIANCE_FIELDS;
        number += MC_COVARIANCE_NUMBERS;
    }
    return mc_check_that(view, step, ok && depth == 1, "its kernel is no program", err);
}

/* ---------------------------------------------------------------------------- sketches ---- */

mc_status mc_run_count_sketch(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_count_sketch(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src),
                    mc_view_u32(run->view, step->array[0]), mc_view_f64(run->view, step->array[1]),
                    mc_run_width(run, step->dst), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_count_sketch(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, d, 1, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, d, err));
    return mc_check_below(view, step, 0, (uint32_t)mc_check_width(view, step->dst), err);
}

mc_status mc_run_convolve(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_convolve(mc_run_f64(run, step->src), mc_run_f64(run, step->src2), run->n_rows,
                mc_run_width(run, step->dst), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_convolve(const mc_view *view, const mc_step *step, mc_error *err)
{
    return same_widths(view, step, err);
}
