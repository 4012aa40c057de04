/* run_codes.c: numbers to codes, codes to blocks of indicators, and the way back from both.
 *
 * Oracle   sklearn/preprocessing/_discretization.py, _encoders.py, _label.py, sklearn/impute,
 *          scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: values are counted, compared and looked up. */
#include <math.h>
#include <string.h>

#include "image/steps.h"

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
    return mc_check_same_width(view, step, err);
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
    return mc_check_same_width(view, step, err);
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
    return mc_check_same_width(view, step, err);
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
    return mc_check_same_width(view, step, err);
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
