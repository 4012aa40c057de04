/* run_features.c: feature maps of numbers: powers, quantiles, polynomials, splines.
 *
 * Oracle   sklearn/preprocessing/_data.py, _polynomial.py, scikit-learn 1.2 to 1.9.
 * Exact    POWER and QUANTILE as kernel/column_map.c says, SPLINE as kernel/spline.c; all else bit
 *          for bit. */
#include <math.h>
#include <string.h>

#include "image/steps.h"
#include "kernel/column_map.h"
#include "kernel/spline.h"

/* ------------------------------------------------------------------- powers, quantiles ---- */

mc_status mc_run_power(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *x = mc_run_f64(run, step->src);
    const double *lambdas = mc_view_f64(run->view, step->array[0]);
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < width; j++, x++) {
            if ((step->flags & MC_STEP_POSITIVE) && *x <= 0.0) {
                return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                               "row %zu, column %zu: the Box-Cox transformation can only be "
                               "applied to positive data, found %.17g",
                               run->first_row + i, j, *x);
            }
            *out++ = mc_power_of((mc_power)step->n[0], *x, lambdas[j]);
        }
    }
    return MC_OK;
}

mc_status mc_check_power(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_POWERS, "unknown function", err));
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, mc_check_width(view, step->dst), err));
    return mc_check_same_width(view, step, err);
}

/* A zero that a sparse matrix does not store is not mapped. */
static bool is_absent(const mc_run *run, const mc_step *step, double x)
{
    if (step->flags & MC_STEP_NAN_ABSENT)
        return isnan(x);
    return x == 0.0 && ((step->flags & MC_STEP_ALL_ABSENT) ||
                        ((step->flags & MC_STEP_KEEP_ABSENT) && run->came_sparse));
}

mc_status mc_run_quantile(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const double *x = mc_run_f64(run, step->src);
    const size_t width = mc_run_width(run, step->dst);
    mc_quantiles column = {.references = mc_view_f64(run->view, step->array[2]),
                           .minus_references = mc_view_f64(run->view, step->array[3]),
                           .n = run->view->arrays[step->array[2]].n_items,
                           .kind = (mc_quantile_kind)step->n[1]};
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows * width; i++) {
        const size_t from = i % width * column.n;
        column.quantiles = mc_view_f64(run->view, step->array[0]) + from;
        column.minus_quantiles = mc_view_f64(run->view, step->array[1]) + from;
        out[i] = is_absent(run, step, x[i]) ? 0.0
                 : step->n[0] != 0          ? mc_quantile_back(&column, x[i])
                                            : mc_quantile_of(&column, x[i]);
    }
    return MC_OK;
}

mc_status mc_check_quantile(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_F64, 1, SIZE_MAX, err));
    const size_t n = mc_array_cols(view, step, 2);
    MC_TRY(mc_check_that(view, step, n > 0, "no references", err));
    MC_TRY(
        mc_check_that(view, step, step->n[1] < MC_N_QUANTILE_KINDS, "unknown distribution", err));
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, width, n, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, width, n, err));
    MC_TRY(mc_check_array(view, step, 3, MC_ARRAY_F64, 1, n, err));
    return mc_check_same_width(view, step, err);
}

/* -------------------------------------------------------------------------- polynomials ---- */

mc_status mc_run_polynomial(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *parents = mc_view_u32(run->view, step->array[0]);
    const uint32_t *factors = mc_view_u32(run->view, step->array[1]);
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, x += from, out += width) {
        for (size_t j = 0; j < width; j++) {
            const double factor = factors[j] == MC_NONE ? 1.0 : x[factors[j]];
            out[j] = parents[j] == MC_NONE ? factor : out[parents[j]] * factor;
        }
    }
    return MC_OK;
}

mc_status mc_check_polynomial(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst), from = mc_check_width(view, step->src);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, width, 1, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, width, 1, err));
    const uint32_t *parents = mc_view_u32(view, step->array[0]);
    const uint32_t *factors = mc_view_u32(view, step->array[1]);
    bool ok = true;
    for (size_t j = 0; j < width; j++)
        ok = ok && (parents[j] == MC_NONE || parents[j] < j) &&
             (factors[j] == MC_NONE || factors[j] < from);
    return mc_check_that(view, step, ok, "a term needs a column that is not there", err);
}

/* ------------------------------------------------------------------------------ splines ---- */

/* Row j of array 1: the range of feature j, then values and slopes of all its splines at the lower
 * end and at the upper end. */
typedef struct ends {
    const double *range, *low, *low_slope, *high, *high_slope;
} ends;

static ends ends_of(const mc_run *run, const mc_step *step, size_t j, size_t n)
{
    const double *row = mc_view_f64(run->view, step->array[1]) + j * (2 + 4 * n);
    return (ends){row, row + 2, row + 2 + n, row + 2 + 2 * n, row + 2 + 3 * n};
}

static void beyond_end(const mc_step *step, double distance, const double *value,
                       const double *slope, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = step->n[1] == MC_SPLINE_LINEAR ? value[i] + distance * slope[i] : value[i];
}

/* A period of nothing is NaN up to scikit-learn 1.7, and the point 0 from then on. */
static double wrapped(const mc_step *step, const mc_spline *s, double x)
{
    const bool has_period = s->knots[s->n_knots - s->degree - 1] > s->knots[s->degree];
    return has_period || !(step->flags & MC_STEP_BEFORE_1_8) ? mc_spline_wrap(s, x) : (double)NAN;
}

/* All splines of one feature at x. */
static void spline_block(const mc_run *run, const mc_step *step, const mc_spline *s, size_t j,
                         double x, double *out)
{
    if (isnan(x) && (step->flags & MC_STEP_ALLOW_NAN)) {
        memset(out, 0, s->n_columns * sizeof *out);
        return;
    }
    if (step->n[1] == MC_SPLINE_PERIODIC)
        x = wrapped(step, s, x);
    const ends end = ends_of(run, step, j, s->n_columns);
    const bool has_ends = step->n[1] == MC_SPLINE_CONSTANT || step->n[1] == MC_SPLINE_LINEAR;
    if (has_ends && x < end.range[0])
        beyond_end(step, x - end.range[0], end.low, end.low_slope, s->n_columns, out);
    else if (has_ends && x > end.range[1])
        beyond_end(step, x - end.range[1], end.high, end.high_slope, s->n_columns, out);
    else
        mc_spline_values(s, x, step->n[1] == MC_SPLINE_CONTINUE || step->n[1] == MC_SPLINE_PERIODIC,
                         false, out);
}

/* In sparse blocks scikit-learn puts the lower end in the place of what lies beyond the range; an
 * array of integers cuts it, perhaps to where there is no spline. */
static bool cut_end_leaves(const mc_run *run, const mc_step *step, const mc_spline *s, double x,
                           const double *range)
{
    const double low = s->knots[s->degree], high = s->knots[s->n_knots - s->degree - 1];
    const double cut = trunc(step->flags & MC_STEP_BEFORE_1_8 ? low : range[0]);
    return run->came_as_integers && (step->flags & MC_STEP_ENDS_AS_ROWS) &&
           (x < range[0] || x > range[1]) && (cut < low || cut > high);
}

static mc_status check_spline(const mc_run *run, const mc_step *step, const mc_spline *s, size_t i,
                              size_t j, double x, const double *out, mc_error *err)
{
    const size_t row = run->first_row + i;
    if (step->n[1] == MC_SPLINE_REFUSES && isnan(out[0])) {
        return mc_fail(err, MC_E_BAD_INPUT, row,
                       "row %zu, column %zu: %.17g is beyond the limits of the knots", row, j, x);
    }
    if (cut_end_leaves(run, step, s, x, ends_of(run, step, j, s->n_columns).range)) {
        return mc_fail(err, MC_E_BAD_INPUT, row,
                       "row %zu, column %zu: %.17g is beyond the knots, in whose place "
                       "scikit-learn puts their end, cut to an integer that is beyond them too; "
                       "give the row as floats",
                       row, j, x);
    }
    return MC_OK;
}

mc_status mc_run_spline(const mc_run *run, const mc_step *step, mc_error *err)
{
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *x = mc_run_f64(run, step->src);
    const mc_image_array *knots = &run->view->arrays[step->array[0]];
    mc_spline s = {.n_knots = knots->n_cols, .degree = step->n[0], .n_columns = width / from};
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < from; j++, x++, out += s.n_columns) {
            s.knots = mc_view_f64(run->view, step->array[0]) + j * s.n_knots;
            spline_block(run, step, &s, j, *x, out);
            MC_TRY(check_spline(run, step, &s, i, j, *x, out, err));
        }
    }
    return MC_OK;
}

mc_status mc_check_spline(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst), from = mc_check_width(view, step->src);
    MC_TRY(mc_check_that(view, step, from > 0 && width > 0 && width % from == 0,
                         "its features have as many columns each", err));
    MC_TRY(mc_check_that(view, step,
                         step->n[0] <= MC_SPLINE_MAX_DEGREE && step->n[1] < MC_N_SPLINE_MODES,
                         "unknown degree or extrapolation", err));
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, from, SIZE_MAX, err));
    MC_TRY(mc_check_that(view, step, mc_array_cols(view, step, 0) >= 2 * (size_t)step->n[0] + 2,
                         "too few knots", err));
    return mc_check_array(view, step, 1, MC_ARRAY_F64, from, 2 + 4 * (width / from), err);
}
