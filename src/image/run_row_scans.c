/* run_row_scans.c: functions of a whole row: sorted, summed up, scaled by its own spread.
 *
 * Oracle   numpy.sort, cumsum, cumprod, diff; sklearn/preprocessing/_data.py minmax_scale(),
 *          maxabs_scale(), scale(axis=1); scipy.stats.zscore, as FunctionTransformer calls them.
 * Exact    Sums run from left to right; all else bit for bit. */
#include <math.h>

#include "image/steps.h"

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
