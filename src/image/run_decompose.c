/* run_decompose.c: steps that iterate a row at a time, for decompositions.
 *
 * Their answers stand in the first columns of dst; what is behind is scratch of the row, which no
 * other step reads for its value (a SELECT follows).
 *
 * Oracle   stands with each kernel (kernel/nonnegative.c, topics.c, sparse_code.c, lars.c). */
#include <math.h>

#include "base/limits.h"
#include "image/steps.h"
#include "kernel/lars.h"
#include "kernel/nonnegative.h"
#include "kernel/sparse_code.h"
#include "kernel/topics.h"

static mc_status check_iterations(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step, step->n[0] <= MC_LIMIT_ITERATIONS, "too many iterations", err);
}

/* ---------------------------------------------------------------- non-negative factors ---- */

mc_status mc_run_nmf_descend(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const size_t k = mc_run_width(run, step->dst);
    const mc_nonnegative_descent by = {
        .gram = mc_view_f64(run->view, step->array[0]),
        .order = step->array[1] == MC_NONE ? NULL : mc_view_u32(run->view, step->array[1]),
        .k = k,
        .tol = step->value[0],
        .max_iter = step->n[0]};
    const double *target = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_nonnegative_descend(&by, target + i * k, out + i * k);
    return MC_OK;
}

mc_status mc_check_nmf_descend(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->dst);
    MC_TRY(check_iterations(view, step, err));
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->src) == k,
                         "source and destination differ in width", err));
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, k, k, err));
    if (step->array[1] == MC_NONE)
        return MC_OK;
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, (size_t)step->n[0] * k, 1, err));
    return mc_check_below(view, step, 1, (uint32_t)k, err);
}

static mc_status update_of(const mc_run *run, const mc_step *step, mc_nonnegative_update *out,
                           mc_error *err)
{
    const double *h = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &h, err));
    const double *numbers = mc_view_f64(run->view, step->array[1]);
    const double *third = mc_view_f64(run->view, step->array[2]);
    *out = (mc_nonnegative_update){.h = h,
                                   .gram = third,
                                   .sums = third,
                                   .k = mc_run_width(run, step->dst) / 4,
                                   .d = mc_run_width(run, step->src),
                                   .beta = numbers[MC_NMF_BETA],
                                   .gamma = numbers[MC_NMF_GAMMA],
                                   .l1 = numbers[MC_NMF_L1],
                                   .l2 = numbers[MC_NMF_L2],
                                   .tol = numbers[MC_NMF_TOL],
                                   .stop = (mc_nonnegative_stop)step->n[1],
                                   .floors = (step->flags & MC_STEP_FLOORS) != 0,
                                   .max_iter = step->n[0]};
    return MC_OK;
}

mc_status mc_run_nmf_multiply(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_nonnegative_update by;
    MC_TRY(update_of(run, step, &by, err));
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, out += mc_run_width(run, step->dst)) {
        const mc_sparse_row row = {.at = NULL, .values = x + i * by.d, .n = by.d};
        mc_nonnegative_multiply(&by, &row, out, out + by.k);
    }
    return MC_OK;
}

mc_status mc_run_csr_nmf_multiply(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_nonnegative_update by;
    MC_TRY(update_of(run, step, &by, err));
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, out += mc_run_width(run, step->dst))
        mc_nonnegative_multiply(&by, &x[i], out, out + by.k);
    return MC_OK;
}

_Static_assert(MC_NONNEGATIVE_SCRATCH(1) == 3, "dst is the answer and three times its width");

mc_status mc_check_nmf_multiply(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src), width = mc_check_width(view, step->dst);
    MC_TRY(check_iterations(view, step, err));
    MC_TRY(mc_check_that(view, step, width % 4 == 0 && step->n[1] <= MC_STOP_BY_CHANGE,
                         "unknown rule, or no room for scratch", err));
    MC_TRY(mc_check_numbers(view, step, 0, d, width / 4, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, MC_NMF_NUMBERS, err));
    const double beta = mc_view_f64(view, step->array[1])[MC_NMF_BETA];
    return mc_check_array(view, step, 2, MC_ARRAY_F64, beta == 2.0 ? width / 4 : 1, width / 4, err);
}

mc_status mc_check_csr_nmf_multiply(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_nmf_multiply(view, step, err));
    const double beta = mc_view_f64(view, step->array[1])[MC_NMF_BETA];
    return mc_check_that(view, step, beta == 1.0 || beta == 2.0, "sparse rows, and such a beta",
                         err);
}

mc_status mc_run_csr_check_least(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    run->buffers[step->dst] = run->buffers[step->src];
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < x[i].n; j++) {
            if (x[i].values[j] < step->value[0]) {
                return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                               "row %zu, column %u: found %.17g, must not be below %.17g",
                               run->first_row + i, x[i].at[j], x[i].values[j], step->value[0]);
            }
        }
    }
    return MC_OK;
}

mc_status mc_check_csr_check_least(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}

/* ------------------------------------------------------------------------------ topics ---- */

static mc_status topics_of(const mc_run *run, const mc_step *step, mc_topics *out, mc_error *err)
{
    *out = (mc_topics){.k = mc_run_width(run, step->dst) / 3,
                       .prior = step->value[0],
                       .tol = step->value[1],
                       .max_iter = step->n[0]};
    return mc_run_numbers(run, step, 0, &out->words, err);
}

/* The words that occur are found once, not at each update. */
mc_status mc_run_topics(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_topics by;
    MC_TRY(topics_of(run, step, &by, err));
    const size_t d = mc_run_width(run, step->src);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, x += d, out += 3 * by.k) {
        uint32_t *at = NULL;
        double *values = NULL;
        const size_t n = mc_sparse_count(x, d);
        MC_TRY(mc_run_entries(run, n, &at, &values, err));
        mc_sparse_gather(x, d, at, values);
        const mc_sparse_row counts = {at, values, n};
        mc_topics_infer(&by, &counts, out, out + by.k);
    }
    return MC_OK;
}

mc_status mc_run_csr_topics(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_topics by;
    MC_TRY(topics_of(run, step, &by, err));
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, out += 3 * by.k)
        mc_topics_infer(&by, &x[i], out, out + by.k);
    return MC_OK;
}

_Static_assert(MC_TOPICS_SCRATCH(1) == 2, "dst is three times the answer");

mc_status mc_check_topics(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    MC_TRY(check_iterations(view, step, err));
    MC_TRY(mc_check_that(view, step, width % 3 == 0, "no room for scratch", err));
    return mc_check_numbers(view, step, 0, mc_check_width(view, step->src), width / 3, err);
}

mc_status mc_check_csr_topics(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_topics(view, step, err);
}

/* ------------------------------------------------------------------------------- codes ---- */

/* dst holds `width` numbers for each row; gram is square. */
static mc_status check_code(const mc_view *view, const mc_step *step, size_t width, mc_error *err)
{
    const size_t k = mc_check_width(view, step->src);
    MC_TRY(check_iterations(view, step, err));
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->dst) == width,
                         "no room for code and scratch", err));
    return mc_check_numbers(view, step, 0, k, k, err);
}

mc_status mc_run_pursue(const mc_run *run, const mc_step *step, mc_error *err)
{
    const size_t k = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *gram = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &gram, err));
    const double *target = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_pursue(gram, target + i * k, k, step->n[0], step->value[0], out + i * width,
                  out + i * width + k);
    return MC_OK;
}

mc_status mc_check_pursue(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->src), n = step->n[0];
    MC_TRY(mc_check_that(view, step, n >= 1 && n <= k, "it chooses none, or more than all", err));
    MC_TRY(mc_check_that(view, step, step->value[0] >= 0.0, "it has no least product", err));
    return check_code(view, step, k + MC_PURSUIT_SCRATCH(k, n), err);
}

mc_status mc_run_lasso_code(const mc_run *run, const mc_step *step, mc_error *err)
{
    const size_t k = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *gram = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &gram, err));
    const mc_lasso by = {.gram = gram,
                         .k = k,
                         .penalty = step->value[0],
                         .tol = step->value[1],
                         .positive = (step->flags & MC_STEP_POSITIVE_CODE) != 0,
                         .screening = (mc_screening)step->n[1],
                         .max_iter = step->n[0]};
    const double *target = mc_run_f64(run, step->src), *length = mc_run_f64(run, step->src2);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_lasso_descend(&by, target + i * k, length[i], out + i * width, out + i * width + k);
    return MC_OK;
}

mc_status mc_check_lasso_code(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->src);
    MC_TRY(mc_check_that(view, step,
                         step->n[1] <= MC_SCREEN_ONCE && mc_check_width(view, step->src2) == 1,
                         "unknown screening, or not one length a row", err));
    return check_code(view, step, k + MC_LASSO_SCRATCH(k), err);
}

static uint32_t most_active(const mc_step *step, size_t k)
{
    return step->n[0] < k ? step->n[0] : (uint32_t)k;
}

mc_status mc_run_lars_code(const mc_run *run, const mc_step *step, mc_error *err)
{
    const size_t k = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *gram = NULL;
    MC_TRY(mc_run_numbers(run, step, 0, &gram, err));
    const mc_lars by = {.gram = gram,
                        .k = k,
                        .n_features = step->n[1],
                        .alpha = step->value[0],
                        .lasso = (step->flags & MC_STEP_LASSO) != 0,
                        .positive = (step->flags & MC_STEP_POSITIVE_PATH) != 0,
                        .max_iter = step->n[0],
                        .max_active = most_active(step, k)};
    const double *target = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_lars_code(&by, target + i * k, out + i * width, out + i * width + k);
    return MC_OK;
}

/* A path that ends below 0 would never end. */
mc_status mc_check_lars_code(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->src), m = most_active(step, k);
    MC_TRY(mc_check_that(view, step, step->value[0] >= 0.0 && step->n[1] > 0,
                         "an end below 0, or no features", err));
    return check_code(view, step, k + MC_LARS_SCRATCH(k, m), err);
}
