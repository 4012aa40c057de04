/* run_dense.c: arithmetic steps on float64 rows, and labels from scores.
 *
 * Oracle   stands with each kernel (kernel/linear.c, kernel/unary.c).
 * Exact    SUBTRACT, ADD, MULTIPLY, DIVIDE, SUM, SCATTER and all labels: bit for bit, in the order
 *          written. */
#include <math.h>
#include <string.h>

#include "image/steps.h"
#include "kernel/linear.h"
#include "kernel/narrow.h"
#include "kernel/unary.h"

#define INT64_LIMIT 0x1p63

/* x OP row vector: one function pair a step. */
#define VECTOR_STEP(name, OP)                                                          \
    mc_status mc_run_##name(const mc_run *run, const mc_step *step, mc_error *err)     \
    {                                                                                  \
        (void)err;                                                                     \
        const double *x = mc_run_f64(run, step->src);                                  \
        const double *by = mc_view_f64(run->view, step->array[0]);                     \
        const size_t width = mc_run_width(run, step->dst);                             \
        double *out = mc_run_dst(run, step);                                           \
        for (size_t i = 0; i < run->n_rows; i++)                                       \
            for (size_t j = 0; j < width; j++)                                         \
                out[i * width + j] = x[i * width + j] OP by[j];                        \
        return MC_OK;                                                                  \
    }                                                                                  \
    mc_status mc_check_##name(const mc_view *view, const mc_step *step, mc_error *err) \
    {                                                                                  \
        const size_t width = mc_check_width(view, step->dst);                          \
        MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, width, err));            \
        return mc_check_same_width(view, step, err);                                   \
    }
VECTOR_STEP(subtract, -)
VECTOR_STEP(add, +)
VECTOR_STEP(multiply, *)
VECTOR_STEP(divide, /)

mc_status mc_run_unary(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_unary_apply((mc_unary)step->n[0], mc_run_f64(run, step->src),
                   run->n_rows * mc_run_width(run, step->dst), step->value[0], step->value[1],
                   mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_unary(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_UNARY, "unknown function", err));
    return mc_check_same_width(view, step, err);
}

mc_status mc_run_normalize(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_normalize(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->dst),
                 (mc_norm)step->n[0], mc_run_least_norm(run, step), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_normalize(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] >= MC_NORM_L1 && step->n[0] <= MC_NORM_SIGNED_MAX,
                         "unknown norm", err));
    return mc_check_same_width(view, step, err);
}

/* What a function of integers makes of them where the row of numbers `x` cannot tell: numpy's
 * integers wrap around, and have no fractions. */
static mc_status check_whole(const mc_run *run, const double *x, size_t width, mc_error *err)
{
    for (size_t i = 0; i < run->n_rows * width; i++) {
        if (!(fabs(x[i]) < 0x1p53) || x[i] != trunc(x[i])) {
            return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i / width,
                           "row %zu, column %zu: of integers numpy makes an integer, and %g is not "
                           "one that is exact here; give the row as floats",
                           run->first_row + i / width, i % width, x[i]);
        }
    }
    return MC_OK;
}

/* What CUT makes of a value. */
typedef enum cut {
    CUT_NOTHING,
    CUT_WHOLE, /* towards 0 */
    CUT_COUNT, /* the same of what comes of true and false, where x / 0 is 0 */
    CUT_TRUTH, /* is it not 0? */
    CUT_HALF   /* the nearest number of 16 bits, in which numpy computes of true and false */
} cut;

static cut cut_of(const mc_run *run, const mc_step *step)
{
    const unsigned by_rows =
        MC_STEP_CUT_AS_ROWS | MC_STEP_CUT_TRUTHS | MC_STEP_CUT_COUNTS | MC_STEP_CUT_HALF;
    if (!(step->flags & by_rows))
        return CUT_WHOLE;
    if (run->came_as_integers)
        return step->flags & MC_STEP_CUT_AS_ROWS ? CUT_WHOLE : CUT_NOTHING;
    if (!run->came_as_truths)
        return CUT_NOTHING;
    return step->flags & MC_STEP_CUT_TRUTHS   ? CUT_TRUTH
           : step->flags & MC_STEP_CUT_COUNTS ? CUT_COUNT
           : step->flags & MC_STEP_CUT_HALF   ? CUT_HALF
                                              : CUT_NOTHING;
}

static double cut_value(cut how, double x)
{
    switch (how) {
    case CUT_TRUTH:
        return x != 0.0 ? 1.0 : 0.0;
    case CUT_COUNT:
        return isfinite(x) ? trunc(x) : 0.0;
    case CUT_HALF:
        return mc_widen_f16(mc_narrow_f16(x));
    case CUT_WHOLE:
        return trunc(x);
    case CUT_NOTHING:
        break;
    }
    return x;
}

/* What numpy makes of floats that are written into an array of integers: of what none can hold,
 * whatever the processor does, which is refused where the rows decide. */
mc_status mc_run_cut(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *x = mc_run_f64(run, step->src);
    const size_t width = mc_run_width(run, step->dst);
    const cut how = cut_of(run, step);
    const bool by_rows = how == CUT_WHOLE && (step->flags & MC_STEP_CUT_AS_ROWS);
    double *out = mc_run_dst(run, step);
    if (how == CUT_NOTHING) {
        run->buffers[step->dst] = run->buffers[step->src];
        return MC_OK;
    }
    if (by_rows && (step->flags & MC_STEP_CUT_WHOLE))
        MC_TRY(check_whole(run, x, width, err));
    for (size_t i = 0; i < run->n_rows * width; i++) {
        if (by_rows && !(fabs(x[i]) < INT64_LIMIT)) {
            return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i / width,
                           "row %zu, column %zu: %g has no integer of 64 bits, and scikit-learn "
                           "answers integers with integers; give the row as floats",
                           run->first_row + i / width, i % width, x[i]);
        }
        out[i] = cut_value(how, x[i]);
    }
    return MC_OK;
}

mc_status mc_check_cut(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_same_width(view, step, err);
}

mc_status mc_run_row_share(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_row_share(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->dst),
                 (mc_zero_rule)step->n[0], mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_row_share(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] <= MC_ZERO_STAYS, "unknown rule", err));
    return mc_check_same_width(view, step, err);
}

mc_status mc_run_softmax(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_softmax(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->dst),
               mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_softmax(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->src) > 0, "no column", err));
    return mc_check_same_width(view, step, err);
}

static mc_status linear_narrow(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_narrow w = mc_view_narrow(run->view, step->array[0]);
    const double *bias = NULL;
    void *scratch = NULL;
    MC_TRY(mc_run_numbers(run, step, 1, &bias, err));
    MC_TRY(mc_run_room(run, mc_narrow_tile(w.n_cols) * w.n_cols * sizeof(double), &scratch, err));
    mc_linear_narrow(mc_run_f64(run, step->src), run->n_rows, &w, bias,
                     mc_run_width(run, step->dst), scratch, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_run_linear(const mc_run *run, const mc_step *step, mc_error *err)
{
    if (mc_view_is_narrow(run->view, step->array[0]))
        return linear_narrow(run, step, err);
    const double *bias = NULL;
    MC_TRY(mc_run_numbers(run, step, 1, &bias, err));
    mc_linear(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src),
              mc_view_f64(run->view, step->array[0]), bias, mc_run_width(run, step->dst),
              mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_linear(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->dst);
    MC_TRY(mc_check_numbers(view, step, 0, k, mc_check_width(view, step->src), err));
    return mc_check_numbers(view, step, 1, 1, k, err);
}

mc_status mc_run_sparse_linear(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_sparse_weights w = {.indptr = mc_view_u32(run->view, step->array[1]),
                                 .columns = mc_view_u32(run->view, step->array[2]),
                                 .values = mc_view_f64(run->view, step->array[3]),
                                 .k = mc_run_width(run, step->dst)};
    mc_sparse_linear(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src), &w,
                     mc_view_f64(run->view, step->array[0]), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_sparse_linear(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, k, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, k + 1, 1, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, 3, MC_ARRAY_F64, 1, mc_array_rows(view, step, 2), err));
    MC_TRY(mc_check_below(view, step, 2, (uint32_t)mc_check_width(view, step->src), err));
    const uint32_t *indptr = mc_view_u32(view, step->array[1]);
    bool ascends = indptr[k] <= mc_array_rows(view, step, 2);
    for (size_t j = 0; j < k; j++)
        ascends = ascends && indptr[j] <= indptr[j + 1];
    return mc_check_that(view, step, ascends, "its rows do not ascend within its values", err);
}

mc_status mc_run_row_dot(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_row_dot(mc_run_f64(run, step->src), mc_run_f64(run, step->src2), run->n_rows,
               mc_run_width(run, step->src), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_row_dot(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->src2),
                         "its sources differ in width", err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == 1, "it gives one column",
                         err);
}

mc_status mc_run_sum(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *sources = mc_view_u32(run->view, step->array[0]);
    const double *weights = mc_view_f64_or_null(run->view, step->array[1]);
    const size_t n_sources = run->view->arrays[step->array[0]].n_items;
    const size_t n = run->n_rows * mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < n_sources; i++) {
        const double *x = mc_run_f64(run, sources[i]);
        for (size_t j = 0; j < n; j++)
            out[j] += weights == NULL ? x[j] : weights[i] * x[j];
    }
    for (size_t j = 0; j < n; j++)
        out[j] /= step->value[0];
    return MC_OK;
}

/* All sources are as wide as the destination. */
static mc_status check_sources(const mc_view *view, const mc_step *step, mc_error *err)
{
    const uint32_t *sources = mc_view_u32(view, step->array[0]);
    const size_t n = mc_array_rows(view, step, 0);
    for (size_t i = 0; i < n; i++) {
        MC_TRY(mc_check_that(view, step,
                             mc_check_width(view, sources[i]) == mc_check_width(view, step->dst),
                             "its sources differ in width", err));
    }
    return MC_OK;
}

mc_status mc_check_sum(const mc_view *view, const mc_step *step, mc_error *err)
{
    if (step->array[1] != MC_NONE)
        MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, mc_array_rows(view, step, 0), err));
    return check_sources(view, step, err);
}

/* numpy.logaddexp: the larger plus what the smaller adds to it. */
static double log_add_exp(double a, double b)
{
    const double distance = a - b;
    if (a == b)
        return a + 0.6931471805599453;
    if (distance > 0.0)
        return a + log1p(exp(-distance));
    return distance <= 0.0 ? b + log1p(exp(distance)) : distance; /* the last: NaN */
}

mc_status mc_run_log_add_exp(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *sources = mc_view_u32(run->view, step->array[0]);
    const size_t n_sources = run->view->arrays[step->array[0]].n_items;
    const size_t n = run->n_rows * mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t j = 0; j < n; j++) {
        double sum = -INFINITY;
        for (size_t i = 0; i < n_sources; i++)
            sum = log_add_exp(sum, mc_run_f64(run, sources[i])[j]);
        out[j] = sum - step->value[0];
    }
    return MC_OK;
}

mc_status mc_check_log_add_exp(const mc_view *view, const mc_step *step, mc_error *err)
{
    return check_sources(view, step, err);
}

mc_status mc_run_scatter(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *to = mc_view_u32(run->view, step->array[0]);
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    memset(out, 0, run->n_rows * width * sizeof *out);
    for (size_t i = 0; i < run->n_rows; i++)
        for (size_t j = 0; j < from; j++)
            out[i * width + to[j]] = x[i * from + j];
    return MC_OK;
}

mc_status mc_check_scatter(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, mc_check_width(view, step->src), 1, err));
    return mc_check_below(view, step, 0, (uint32_t)mc_check_width(view, step->dst), err);
}

/* ------------------------------------------------------------------------------ labels ---- */

mc_status mc_run_argmax(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_argmax(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src),
              run->buffers[step->dst]);
    return MC_OK;
}

mc_status mc_check_argmax(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(
        view, step, mc_check_width(view, step->src) > 0 && mc_check_width(view, step->dst) == 1,
        "it needs a column, and gives one", err);
}

mc_status mc_run_above(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const double *x = mc_run_f64(run, step->src);
    const bool or_equal = (step->flags & MC_STEP_OR_EQUAL) != 0;
    int32_t *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++)
        out[i] = x[i] > step->value[0] || (or_equal && x[i] == step->value[0]);
    return MC_OK;
}

mc_status mc_check_above(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_same_width(view, step, err);
}

mc_status mc_run_one_hot_label(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const int32_t *label = run->buffers[step->src];
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    memset(out, 0, run->n_rows * width * sizeof *out);
    for (size_t i = 0; i < run->n_rows; i++)
        out[i * width + (size_t)label[i]] = 1.0;
    return MC_OK;
}

mc_status mc_check_one_hot_label(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == 1 &&
                             mc_label_bound(view, step->src) <= mc_check_width(view, step->dst),
                         "a label may lie outside", err);
}

mc_status mc_run_map_label(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const int32_t *label = run->buffers[step->src];
    const uint32_t *map = mc_view_u32(run->view, step->array[0]);
    int32_t *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++)
        out[i] = (int32_t)map[label[i]];
    return MC_OK;
}

mc_status mc_check_map_label(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_below(view, step, 0, INT32_MAX, err));
    MC_TRY(mc_check_that(view, step,
                         mc_label_bound(view, step->src) <= mc_array_rows(view, step, 0),
                         "a label may lie outside", err));
    return mc_check_same_width(view, step, err);
}

mc_status mc_run_label_value(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const int32_t *label = run->buffers[step->src];
    const double *values = mc_view_f64(run->view, step->array[0]);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++)
        out[i] = values[label[i]];
    return MC_OK;
}

mc_status mc_check_label_value(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, SIZE_MAX, err));
    MC_TRY(mc_check_that(view, step,
                         mc_label_bound(view, step->src) <= mc_array_cols(view, step, 0),
                         "a label may lie outside", err));
    return mc_check_same_width(view, step, err);
}
