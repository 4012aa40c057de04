/* run_features.c: feature maps: powers, quantiles, polynomials, splines, bins, and the way back
 * from codes and blocks of indicators.
 *
 * Oracle   sklearn/preprocessing/_data.py, _polynomial.py, _discretization.py, _encoders.py,
 *          _label.py, scikit-learn 1.2 to 1.9.
 * Exact    POWER and QUANTILE as kernel/column_map.c says, SPLINE as kernel/spline.c; all else bit
 *          for bit. */
#include <math.h>
#include <string.h>

#include "image/steps.h"
#include "kernel/column_map.h"
#include "kernel/spline.h"

static mc_status same_width(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}

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
    return same_width(view, step, err);
}

/* A zero that a sparse matrix does not store is not mapped. */
static bool is_absent(const mc_run *run, const mc_step *step, double x)
{
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
    return same_width(view, step, err);
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

/* All splines of one feature at x. */
static void spline_block(const mc_run *run, const mc_step *step, const mc_spline *s, size_t j,
                         double x, double *out)
{
    if (isnan(x) && (step->flags & MC_STEP_ALLOW_NAN)) {
        memset(out, 0, s->n_columns * sizeof *out);
        return;
    }
    if (step->n[1] == MC_SPLINE_PERIODIC)
        x = mc_spline_wrap(s, x);
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
            if (step->n[1] == MC_SPLINE_REFUSES && isnan(out[0])) {
                return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                               "row %zu, column %zu: %.17g is beyond the limits of the knots",
                               run->first_row + i, j, *x);
            }
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

/* --------------------------------------------------------------------------------- bins ---- */

/* array 0 (width + 1) are the places in array `of` where each column's run begins and ends. */
static mc_status check_runs(const mc_view *view, const mc_step *step, size_t n_runs, size_t n_items,
                            mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, n_runs + 1, 1, err));
    const uint32_t *runs = mc_view_u32(view, step->array[0]);
    bool ascends = runs[n_runs] <= n_items;
    for (size_t j = 0; j < n_runs; j++)
        ascends = ascends && runs[j] <= runs[j + 1];
    return mc_check_that(view, step, ascends, "its runs do not ascend within their values", err);
}

/* How many of `edges` are not above x: numpy.searchsorted(side="right"). */
static size_t count_not_above(double x, const double *edges, size_t n)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (edges[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

mc_status mc_run_bins(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *runs = mc_view_u32(run->view, step->array[0]);
    const double *edges = mc_view_f64(run->view, step->array[1]);
    const double *x = mc_run_f64(run, step->src);
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        for (size_t j = 0; j < width; j++)
            *out++ = (double)count_not_above(*x++, edges + runs[j], runs[j + 1] - runs[j]);
    return MC_OK;
}

mc_status mc_check_bins(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, SIZE_MAX, err));
    MC_TRY(
        check_runs(view, step, mc_check_width(view, step->src), mc_array_cols(view, step, 1), err));
    return same_width(view, step, err);
}

mc_status mc_run_indicators(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *runs = mc_view_u32(run->view, step->array[0]);
    const double *x = mc_run_f64(run, step->src);
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    memset(out, 0, run->n_rows * width * sizeof *out);
    for (size_t i = 0; i < run->n_rows; i++, out += width) {
        for (size_t j = 0; j < from; j++, x++)
            if (*x >= 0.0 && *x < (double)(runs[j + 1] - runs[j]))
                out[runs[j] + (size_t)*x] = 1.0;
    }
    return MC_OK;
}

mc_status mc_check_indicators(const mc_view *view, const mc_step *step, mc_error *err)
{
    return check_runs(view, step, mc_check_width(view, step->src), mc_check_width(view, step->dst),
                      err);
}

/* --------------------------------------------------------------------------- ways back ---- */

static mc_status no_category(const mc_run *run, size_t row, size_t block, mc_error *err)
{
    return mc_fail(err, MC_E_BAD_INPUT, run->first_row + row,
                   "row %zu: block %zu of the columns holds no category", run->first_row + row,
                   block);
}

mc_status mc_run_block_argmax(const mc_run *run, const mc_step *step, mc_error *err)
{
    const uint32_t *runs = mc_view_u32(run->view, step->array[0]);
    const double *x = mc_run_f64(run, step->src);
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, x += from) {
        for (size_t j = 0; j < width; j++) {
            size_t best = runs[j];
            double sum = 0.0;
            for (size_t k = runs[j]; k < runs[j + 1]; k++) {
                sum += x[k];
                best = x[k] > x[best] ? k : best;
            }
            if (sum == 0.0 && (step->flags & MC_STEP_REFUSE_ZEROS))
                return no_category(run, i, j, err);
            *out++ =
                (double)(sum == 0.0 && (step->flags & MC_STEP_ZEROS_LAST) ? runs[j + 1] - runs[j]
                                                                          : best - runs[j]);
        }
    }
    return MC_OK;
}

mc_status mc_check_block_argmax(const mc_view *view, const mc_step *step, mc_error *err)
{
    return check_runs(view, step, mc_check_width(view, step->dst), mc_check_width(view, step->src),
                      err);
}

/* Place of item x of run j: as numpy's astype(int64), negative ones from the end on if allowed. */
static mc_status pick(const mc_run *run, const mc_step *step, size_t row, size_t j, double x,
                      size_t *out, mc_error *err)
{
    const uint32_t *runs = mc_view_u32(run->view, step->array[0]);
    const double n = (double)(runs[j + 1] - runs[j]), whole = trunc(x);
    const double at = whole < 0.0 && (step->flags & MC_STEP_FROM_END) ? whole + n : whole;
    if (!(at >= 0.0 && at < n) || ((step->flags & MC_STEP_WHOLE) && whole != x)) {
        return mc_fail(err, MC_E_BAD_INPUT, run->first_row + row,
                       "row %zu, column %zu: expected a code below %.0f, found %.17g",
                       run->first_row + row, j, n, x);
    }
    *out = runs[j] + (size_t)at;
    return MC_OK;
}

mc_status mc_run_pick(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *x = mc_run_f64(run, step->src);
    const double *values = mc_view_f64(run->view, step->array[1]);
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < width; j++) {
            size_t at = 0;
            MC_TRY(pick(run, step, i, j, *x++, &at, err));
            *out++ = values[at];
        }
    }
    return MC_OK;
}

mc_status mc_check_pick(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, SIZE_MAX, err));
    MC_TRY(
        check_runs(view, step, mc_check_width(view, step->src), mc_array_cols(view, step, 1), err));
    return same_width(view, step, err);
}

mc_status mc_run_pick_cells(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *x = mc_run_f64(run, step->src);
    const mc_image_cell *cells = mc_view_array(run->view, step->array[1]);
    const size_t width = mc_run_width(run, step->dst);
    mc_cell *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < width; j++) {
            size_t at = 0;
            MC_TRY(pick(run, step, i, j, *x++, &at, err));
            *out++ = mc_view_cell(run->view, &cells[at]);
        }
    }
    return MC_OK;
}

mc_status mc_check_pick_cells(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_CELL, SIZE_MAX, 1, err));
    MC_TRY(
        check_runs(view, step, mc_check_width(view, step->src), mc_array_rows(view, step, 1), err));
    return same_width(view, step, err);
}

/* ------------------------------------------------------------------------------ recode ---- */

/* The place of a code: that of the first special code that it equals, else its own. */
static bool recode(double x, const double *pairs, size_t n_pairs, double limit, double *out)
{
    for (size_t k = 0; k < n_pairs; k++, pairs += 2) {
        if (x == pairs[0] || (isnan(x) && isnan(pairs[0]))) {
            *out = pairs[1];
            return !isnan(pairs[1]);
        }
    }
    const double whole = trunc(x);
    *out = whole < 0.0 ? whole + limit : whole;
    return *out >= 0.0 && *out < limit;
}

mc_status mc_run_recode(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *pairs = mc_view_f64(run->view, step->array[0]);
    const double *limits = mc_view_f64(run->view, step->array[1]);
    const size_t width = mc_run_width(run, step->dst);
    const size_t n_pairs = run->view->arrays[step->array[0]].n_cols / 2;
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < width; j++, x++, out++) {
            if (!recode(*x, pairs + j * n_pairs * 2, n_pairs, limits[j], out)) {
                return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                               "row %zu, column %zu: expected a code below %.0f, found %.17g",
                               run->first_row + i, j, limits[j], *x);
            }
        }
    }
    return MC_OK;
}

mc_status mc_check_recode(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, width, SIZE_MAX, err));
    MC_TRY(mc_check_that(view, step, mc_array_cols(view, step, 0) % 2 == 0, "half a pair", err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_F64, 1, width, err));
    return same_width(view, step, err);
}

/* ------------------------------------------------------------------------------ imputers ---- */

mc_status mc_run_no_others(const mc_run *run, const mc_step *step, mc_error *err)
{
    const uint32_t *columns = mc_view_u32(run->view, step->array[0]);
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, x += from, out += width) {
        for (size_t j = 0; j < width; j++)
            out[j] = x[j];
        for (size_t j = width; j < from; j++) {
            if (x[j] > 0.0) {
                return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                               "row %zu, column %u: a missing value, and training saw none",
                               run->first_row + i, columns[j]);
            }
        }
    }
    return MC_OK;
}

mc_status mc_check_no_others(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t from = mc_check_width(view, step->src);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, from, 1, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) <= from,
                         "its source is narrower than its destination", err);
}

mc_status mc_run_choose(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const uint32_t *sources = mc_view_u32(run->view, step->array[0]);
    const double *chosen = mc_run_f64(run, sources[0]), *x = mc_run_f64(run, sources[1]);
    const double *otherwise = mc_run_f64(run, sources[2]);
    const double low = step->value[0], high = step->value[1];
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++) {
        const double within = x[i] < low ? low : x[i] > high ? high : x[i];
        out[i] = chosen[i] != 0.0 ? within : otherwise[i];
    }
    return MC_OK;
}

mc_status mc_check_choose(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, mc_array_rows(view, step, 0) == 3, "it needs three sources",
                         err));
    const uint32_t *sources = mc_view_u32(view, step->array[0]);
    bool ok = true;
    for (size_t i = 0; i < 3; i++)
        ok = ok && mc_check_width(view, sources[i]) == mc_check_width(view, step->dst);
    return mc_check_that(view, step, ok, "its sources differ in width", err);
}

/* ------------------------------------------------------------------------------ row scans ---- */

/* numpy.sort: ascending, NaN last. Rows are short; insertion keeps it simple and stable. */
static void sort_row(double *row, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const double value = row[i];
        size_t at = i;
        while (at > 0 && !isnan(value) && (isnan(row[at - 1]) || row[at - 1] > value)) {
            row[at] = row[at - 1];
            at--;
        }
        row[at] = value;
    }
}

/* By its least and greatest value, NaN apart; a row that hardly spreads by 1. */
static void scale_row(mc_scan which, const double *x, size_t n, double *out)
{
    double least = (double)NAN, most = (double)NAN;
    for (size_t j = 0; j < n; j++) {
        const double value = which == MC_SCAN_MAX_ABS ? fabs(x[j]) : x[j];
        least = fmin(least, value);
        most = fmax(most, value);
    }
    double spread = which == MC_SCAN_MAX_ABS ? most : most - least;
    if (spread < 10.0 * 0x1p-52)
        spread = 1.0;
    const double scale = 1.0 / spread, shift = 0.0 - least * scale;
    for (size_t j = 0; j < n; j++)
        out[j] = which == MC_SCAN_MAX_ABS ? x[j] / spread : x[j] * scale + shift;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0.0;
    size_t n_there = 0;
    for (size_t j = 0; j < n; j++) {
        sum += isnan(x[j]) ? 0.0 : x[j];
        n_there += isnan(x[j]) ? 0u : 1u;
    }
    return sum / (double)n_there;
}

/* Mean 0 and deviation 1. zscore() leaves NaN where the row holds one or does not vary; scale()
 * leaves NaN out, and takes the mean away a second time for what rounding left of it. */
static void standardize_row(mc_scan which, const double *x, size_t n, double *out)
{
    double mean = mean_of(x, n), squares = 0.0;
    size_t n_there = 0;
    bool has_nan = false, varies = false;
    for (size_t j = 0; j < n; j++) {
        out[j] = x[j] - mean;
        has_nan = has_nan || isnan(x[j]);
        varies = varies || x[j] != x[0];
        squares += isnan(out[j]) ? 0.0 : out[j] * out[j];
        n_there += isnan(out[j]) ? 0u : 1u;
    }
    double deviation = sqrt(squares / (double)n_there);
    if (which == MC_SCAN_Z)
        deviation = has_nan || !varies ? (double)NAN : deviation;
    else if (deviation < 10.0 * 0x1p-52)
        deviation = 1.0;
    mean = which == MC_SCAN_Z ? 0.0 : mean_of(out, n);
    for (size_t j = 0; j < n; j++)
        out[j] = (out[j] - mean) / deviation;
}

static void scan_row(mc_scan which, const double *x, size_t n, double *out)
{
    if (which == MC_SCAN_MIN_MAX || which == MC_SCAN_MAX_ABS) {
        scale_row(which, x, n, out);
        return;
    }
    if (which == MC_SCAN_SCALED || which == MC_SCAN_Z) {
        standardize_row(which, x, n, out);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        if (which == MC_SCAN_DIFFERENCE)
            out[j] = x[j + 1] - x[j];
        else if (which == MC_SCAN_SORTED || j == 0)
            out[j] = x[j];
        else
            out[j] = which == MC_SCAN_SUM ? out[j - 1] + x[j] : out[j - 1] * x[j];
    }
    if (which == MC_SCAN_SORTED)
        sort_row(out, n);
}

mc_status mc_run_row_scan(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const size_t from = mc_run_width(run, step->src), width = mc_run_width(run, step->dst);
    const double *x = mc_run_f64(run, step->src);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        scan_row((mc_scan)step->n[0], x + i * from, width, out + i * width);
    return MC_OK;
}

mc_status mc_check_row_scan(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t less = step->n[0] == MC_SCAN_DIFFERENCE;
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_SCANS, "unknown function", err));
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst) + less,
                         "source and destination do not fit", err);
}
