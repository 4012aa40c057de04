/* function_rows.c: functions of a row: running sums, norms, one number of all its values; and those
 * that look a value up among given ones.
 *
 * Oracle   The function of that name of numpy, scipy.special, scipy.stats or sklearn.preprocessing.
 * Exact    Sorts, running sums and products, counts bit for bit; softmax as kernel/linear.c; sums
 *          and what is made of them to n * 2^-53 * sum|x|, because numpy adds pairwise. */
#include "import/sklearn/function_call.h"

#include <math.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "kernel/numpy_order.h"
#include "kernel/pool.h"

/* ----------------------------------------------------------------------------- along the row ----
 */

static mc_status emit_scan(mc_lowering *to, mc_call *c, mc_scan which, double axis, mc_sym *x,
                           mc_error *err)
{
    static const char *const KNOWN[] = {"axis", NULL};
    mc_step step = MC_STEP_INIT(ROW_SCAN);
    const bool counts = which == MC_SCAN_SUM || which == MC_SCAN_PRODUCT;
    const mc_sym like = *x;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, axis, err));
    step.n[0] = which;
    if (which == MC_SCAN_DIFFERENCE && x->n_cols == 0)
        return MC_OK;
    MC_TRY(mc_emit_step(to, step, x, x->n_cols - (which == MC_SCAN_DIFFERENCE), x, err));
    if (which == MC_SCAN_DIFFERENCE && (like.type_as_input & MC_PART_BOOLS_STAY)) {
        mc_step differs = MC_STEP_INIT(CUT); /* of true and false: are they not the same? */
        differs.flags = MC_STEP_CUT_TRUTHS;
        MC_TRY(mc_emit_step(to, differs, x, x->n_cols, x, err));
    }
    x->type_as_input = counts ? mc_type_counts(like.type_as_input) : like.type_as_input;
    x->sparse = x->sparse_as_input = false;
    return MC_OK;
}

static mc_status emit_cumsum(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan(to, c, MC_SCAN_SUM, 0.0, x, err);
}

static mc_status emit_cumprod(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan(to, c, MC_SCAN_PRODUCT, 0.0, x, err);
}

static mc_status emit_sort(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan(to, c, MC_SCAN_SORTED, -1.0, x, err);
}

static mc_status emit_diff(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan(to, c, MC_SCAN_DIFFERENCE, -1.0, x, err);
}

/* ------------------------------------------------------- functions of scipy, scikit-learn ---- */

static mc_status emit_softmax(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 0.0, err));
    return mc_emit_softmax(to, x, x, err);
}

static mc_status emit_normalize(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"norm", "axis", "copy", NULL};
    const mc_value *given = mc_call_argument(c, "norm");
    mc_norm norm = MC_NORM_L2;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 1.0, err));
    if (mc_value_is_text(given, "l1"))
        norm = MC_NORM_L1;
    else if (mc_value_is_text(given, "max"))
        norm = MC_NORM_MAX;
    else if (given != NULL && !mc_value_is_text(given, "l2"))
        return mc_refuse(err, c->est, "kw_args: norm: expected l1, l2 or max");
    MC_TRY(mc_emit_check(to, x, MC_FINITE, x, err));
    return mc_emit_normalize(to, x, norm, x, err);
}

static mc_status emit_binarize(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"threshold", "copy", NULL};
    double threshold = 0.0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_number(c, "threshold", 0.0, &threshold, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, x, err));
    const uint32_t as_input = x->type_as_input;
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_ABOVE, threshold, 0.0, x, err));
    x->type_as_input = as_input;
    return MC_OK;
}

static mc_status emit_dummy_feature(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"value", NULL};
    double value = 1.0;
    mc_sym both[2];
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_number(c, "value", 1.0, &value, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &both[1], err));
    MC_TRY(mc_emit_constant(to, &value, 1, &both[0], err));
    const bool sparse_as_input = x->sparse_as_input;
    both[1].type_as_input = 0;
    MC_TRY(mc_emit_hstack(to, both, 2, x->sparse, x, err));
    x->sparse_as_input = sparse_as_input;
    return MC_OK;
}

static mc_status emit_scan_scaled(mc_lowering *to, mc_call *c, mc_scan which, mc_sym *x,
                                  mc_error *err)
{
    static const char *const KNOWN[] = {"axis", "copy", NULL};
    mc_step step = MC_STEP_INIT(ROW_SCAN);
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 0.0, err));
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN, x, err));
    step.n[0] = which;
    MC_TRY(mc_emit_dense_step(to, step, x, x->n_cols, x, err));
    x->type_as_input = 0;
    return MC_OK;
}

static mc_status emit_minmax_scale(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan_scaled(to, c, MC_SCAN_MIN_MAX, x, err);
}

static mc_status emit_maxabs_scale(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan_scaled(to, c, MC_SCAN_MAX_ABS, x, err);
}

static mc_status emit_scale(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan_scaled(to, c, MC_SCAN_SCALED, x, err);
}

static mc_status emit_zscore(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    MC_TRY(emit_scan(to, c, MC_SCAN_Z, 0.0, x, err));
    x->type_as_input = 0;
    return MC_OK;
}

static mc_status emit_log_softmax(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 0.0, err));
    return mc_emit_log_share(to, x, MC_LOG_SHARE_SHIFTED, x, err);
}

/* check_array() itself, for dense rows. */
static mc_status emit_check_array(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"force_all_finite", "ensure_all_finite", "copy", NULL};
    const mc_value *finite = mc_call_argument(c, "ensure_all_finite");
    unsigned allowed = MC_FINITE;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    if (finite == NULL)
        finite = mc_call_argument(c, "force_all_finite"); /* up to 1.5 */
    if (mc_value_is_text(finite, "allow-nan"))
        allowed = MC_OR_NAN;
    else if (mc_value_is(finite, MC_KIND_BOOL) && finite->as.integer == 0)
        allowed = MC_OR_NAN | MC_OR_INFINITY;
    else if (finite != NULL && !mc_value_is(finite, MC_KIND_BOOL))
        return mc_refuse(err, c->est,
                         "kw_args: ensure_all_finite: expected True, False, allow-nan");
    const uint32_t as_input = x->type_as_input;
    MC_TRY(mc_emit_check(to, x, allowed, x, err));
    x->type_as_input = as_input;
    x->sparse = x->sparse_as_input = false;
    return MC_OK;
}

/* --------------------------------------------------------------------- one number of a row ---- */

/* How each value is changed before they are pooled, and the result after: unary.def, or none. */
static const struct {
    const char *name;
    mc_pooling how;
    mc_unary before, after;
    double a; /* of `before` */
    bool keeps_integers, is_truth;
} REDUCTIONS[] = {
    {"mean", MC_POOL_MEAN, MC_N_UNARY, MC_N_UNARY, 0.0, false, false},
    {"sum", MC_POOL_SUM, MC_N_UNARY, MC_N_UNARY, 0.0, true, false},
    {"prod", MC_POOL_PRODUCT, MC_N_UNARY, MC_N_UNARY, 0.0, true, false},
    {"max", MC_POOL_LARGEST, MC_N_UNARY, MC_N_UNARY, 0.0, true, false},
    {"amax", MC_POOL_LARGEST, MC_N_UNARY, MC_N_UNARY, 0.0, true, false},
    {"min", MC_POOL_SMALLEST, MC_N_UNARY, MC_N_UNARY, 0.0, true, false},
    {"amin", MC_POOL_SMALLEST, MC_N_UNARY, MC_N_UNARY, 0.0, true, false},
    {"ptp", MC_POOL_RANGE, MC_N_UNARY, MC_N_UNARY, 0.0, true, false},
    {"var", MC_POOL_VARIANCE, MC_N_UNARY, MC_N_UNARY, 0.0, false, false},
    {"std", MC_POOL_DEVIATION, MC_N_UNARY, MC_N_UNARY, 0.0, false, false},
    {"nansum", MC_POOL_SUM, MC_UNARY_IF_NAN, MC_N_UNARY, 0.0, true, false},
    {"nanprod", MC_POOL_PRODUCT, MC_UNARY_IF_NAN, MC_N_UNARY, 1.0, true, false},
    {"norm", MC_POOL_SUM, MC_UNARY_SQUARE, MC_UNARY_SQRT, 0.0, false, false},
    {"count_nonzero", MC_POOL_SUM, MC_UNARY_UNEQUAL, MC_N_UNARY, 0.0, false, false},
    {"any", MC_POOL_LARGEST, MC_UNARY_UNEQUAL, MC_N_UNARY, 0.0, false, true},
    {"all", MC_POOL_SMALLEST, MC_UNARY_UNEQUAL, MC_N_UNARY, 0.0, false, true},
};

static size_t reduction_of(const mc_call *c)
{
    size_t i = 0;
    while (i < MC_COUNT_OF(REDUCTIONS) && !mc_bytes_is(c->name, REDUCTIONS[i].name))
        i++;
    return i;
}

/* Columns of a row as one group of a POOL step. */
static mc_status pool(mc_lowering *to, mc_pooling how, mc_sym *x, mc_error *err)
{
    const uint32_t start[] = {0, mc_u32_from_size(x->n_cols)};
    mc_step step = MC_STEP_INIT(POOL);
    uint32_t *columns = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &columns, err));
    for (size_t i = 0; i < x->n_cols; i++)
        columns[i] = (uint32_t)i;
    step.n[0] = how;
    MC_TRY(mc_build_u32(to->b, columns, x->n_cols, &step.array[0], err));
    MC_TRY(mc_build_u32(to->b, start, 2, &step.array[1], err));
    return mc_emit_dense_step(to, step, x, 1, x, err);
}

static mc_status read_keepdims(mc_call *c, mc_error *err)
{
    const mc_value *keeps = mc_call_argument(c, "keepdims");
    bool on = false;
    if (!mc_value_is_none(keeps))
        MC_TRY_IN(mc_bool_from_value(keeps, &on, err), err, "argument keepdims");
    c->is_flat = !on;
    return MC_OK;
}

static mc_status emit_reduction(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", "keepdims", NULL};
    const size_t at = reduction_of(c);
    const uint32_t as_input = x->type_as_input;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 0.0, err));
    MC_TRY(read_keepdims(c, err));
    if (x->n_cols == 0)
        return mc_call_unknown(c, err);
    if (REDUCTIONS[at].before != MC_N_UNARY)
        MC_TRY(mc_emit_unary(to, x, REDUCTIONS[at].before, REDUCTIONS[at].a, 0.0, x, err));
    MC_TRY(pool(to, REDUCTIONS[at].how, x, err));
    if (REDUCTIONS[at].after != MC_N_UNARY)
        MC_TRY(mc_emit_unary(to, x, REDUCTIONS[at].after, 0.0, 0.0, x, err));
    x->type_as_input = !REDUCTIONS[at].keeps_integers          ? 0
                       : mc_pooling_counts(REDUCTIONS[at].how) ? mc_type_counts(as_input)
                                                               : as_input;
    x->sparse = x->sparse_as_input = false;
    if (REDUCTIONS[at].before == MC_UNARY_UNEQUAL)
        x->type = REDUCTIONS[at].is_truth ? MC_VALUE_BOOL : MC_VALUE_INT;
    return MC_OK;
}

static mc_status emit_log_sum(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", "keepdims", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_by_row(c, 0.0, err));
    MC_TRY(read_keepdims(c, err));
    if (x->n_cols == 0)
        return mc_call_unknown(c, err);
    return mc_emit_log_sum_exp(to, x, x, err);
}

/* --------------------------------------------------------------------- among sorted edges ---- */

/* The numbers (n) that an argument lists. */
static mc_status listed_numbers(mc_lowering *to, const mc_call *c, const char *name, double **out,
                                size_t *out_n, mc_error *err)
{
    mc_ndarray array;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, mc_call_argument(c, name), &array, err), err,
              "argument %s of %.*s", name, MC_SHOW(c->name));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &array, out, err), err, "argument %s of %.*s", name,
              MC_SHOW(c->name));
    *out_n = array.n_items;
    return MC_OK;
}

/* 1 where x, which is a number, is not below the edge, else 0. */
static mc_status not_below(mc_lowering *to, const mc_sym *x, double edge, mc_sym *out,
                           mc_error *err)
{
    if (edge > (double)-INFINITY)
        return mc_emit_unary(to, x, MC_UNARY_ABOVE, nextafter(edge, (double)-INFINITY), 0.0, out,
                             err);
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_ABOVE, (double)INFINITY, 0.0, out, err));
    return mc_emit_unary(to, out, MC_UNARY_LOGICAL_NOT, 0.0, 0.0, out, err);
}

/* As count_edges() of rows of any width, for which there is no table of the columns' edges. */
static mc_status count_each_edge(mc_lowering *to, const mc_sym *x, const double *edges, size_t n,
                                 mc_sym *out, mc_error *err)
{
    mc_sym *terms = NULL, y;
    double *ones = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_sym, n, &terms, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &ones, err));
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_IF_NAN, (double)INFINITY, 0.0, &y, err));
    for (size_t i = 0; i < n; i++) {
        ones[i] = 1.0;
        MC_TRY(not_below(to, &y, edges[i], &terms[i], err));
    }
    MC_TRY(mc_emit_sum(to, terms, n, ones, 1.0, out, err));
    out->sparse = out->sparse_as_input = false;
    out->type_as_input = 0;
    return MC_OK;
}

#define MOST_STEPS ((size_t)256) /* of a table whose every edge is one */

/* How many of the ascending `edges` (n) are not above each value; NaN is above all. */
static mc_status count_edges(mc_lowering *to, const mc_sym *x, const double *edges, size_t n,
                             mc_sym *out, mc_error *err)
{
    if (to->any_width && n > 0 && n <= MOST_STEPS)
        return count_each_edge(to, x, edges, n, out, err);
    mc_step step = MC_STEP_INIT(BINS);
    uint32_t *runs = NULL;
    double *all = NULL;
    size_t n_all = 0;
    mc_sym y;
    if (!mc_mul_size(n, x->n_cols, &n_all))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu edges of %zu columns", n, x->n_cols);
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols + 1, &runs, err));
    MC_TRY(mc_arena_new(to->arena, double, n_all, &all, err));
    for (size_t j = 0; j < x->n_cols; j++) {
        runs[j + 1] = mc_u32_from_size((j + 1) * n);
        for (size_t i = 0; i < n; i++)
            all[j * n + i] = edges[i];
    }
    MC_TRY(mc_build_u32(to->b, runs, x->n_cols + 1, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, all, 1, n_all, &step.array[1], err));
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_IF_NAN, (double)INFINITY, 0.0, &y, err));
    MC_TRY(mc_emit_dense_step(to, step, &y, x->n_cols, out, err));
    out->sparse = out->sparse_as_input = false;
    out->type_as_input = 0;
    return MC_OK;
}

/* The edges that are not above x are then those that were below it. */
static mc_status step_up(const mc_call *c, double *edges, size_t n, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (isinf(edges[i]))
            return mc_refuse(err, c->est, "kw_args: %.*s: expected finite numbers, found %g",
                             MC_SHOW(c->name), edges[i]);
        edges[i] = nextafter(edges[i], (double)INFINITY);
    }
    return MC_OK;
}

static mc_status ascending(const mc_call *c, double *edges, size_t n, bool *out_was_falling,
                           mc_error *err)
{
    bool rises = true, falls = true;
    for (size_t i = 0; i < n; i++) {
        if (isnan(edges[i]))
            return mc_refuse(err, c->est, "kw_args: %.*s of not-a-number", MC_SHOW(c->name));
        rises = rises && (i == 0 || edges[i - 1] <= edges[i]);
        falls = falls && (i == 0 || edges[i - 1] >= edges[i]);
    }
    if (!rises && !falls)
        return mc_refuse(err, c->est, "kw_args: bins: expected an order, found none");
    *out_was_falling = !rises;
    for (size_t i = 0; !rises && i < n / 2; i++) {
        const double kept = edges[i];
        edges[i] = edges[n - 1 - i];
        edges[n - 1 - i] = kept;
    }
    return MC_OK;
}

static mc_status emit_digitize(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"bins", "right", NULL};
    double *edges = NULL, right = 0.0;
    size_t n = 0;
    bool falls = false;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_number(c, "right", 0.0, &right, err));
    MC_TRY(listed_numbers(to, c, "bins", &edges, &n, err));
    MC_TRY(ascending(c, edges, n, &falls, err));
    if (right != 0.0)
        MC_TRY(step_up(c, edges, n, err));
    MC_TRY(count_edges(to, x, edges, n, x, err));
    if (falls)
        MC_TRY(mc_emit_unary(to, x, MC_UNARY_FROM, (double)n, 0.0, x, err));
    x->type = MC_VALUE_INT;
    x->type_as_input = 0;
    return MC_OK;
}

/* Those not above less those below are those that are equal. */
static mc_status emit_isin(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"test_elements", "assume_unique", "invert", "kind", NULL};
    static const double SIGNS[] = {1.0, -1.0};
    double *edges = NULL, inverted = 0.0;
    size_t n = 0;
    bool falls = false;
    mc_sym counts[2];
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_call_number(c, "invert", 0.0, &inverted, err));
    MC_TRY(listed_numbers(to, c, "test_elements", &edges, &n, err));
    mc_numpy_sort(edges, n);
    MC_TRY(ascending(c, edges, n, &falls, err));
    MC_TRY(count_edges(to, x, edges, n, &counts[0], err));
    MC_TRY(step_up(c, edges, n, err));
    MC_TRY(count_edges(to, x, edges, n, &counts[1], err));
    MC_TRY(mc_emit_sum(to, counts, 2, SIGNS, 1.0, x, err));
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_LOGICAL_NOT, 0.0, 0.0, x, err));
    if (inverted == 0.0)
        MC_TRY(mc_emit_unary(to, x, MC_UNARY_LOGICAL_NOT, 0.0, 0.0, x, err));
    x->type = MC_VALUE_BOOL;
    return MC_OK;
}

/* -------------------------------------------------------------------------------- which one ----
 */

const mc_function *mc_function_of_rows(const mc_call *c)
{
    static const mc_function TABLE[] = {
        {"numpy", "cumsum", emit_cumsum, false},
        {"numpy", "cumprod", emit_cumprod, false},
        {"numpy", "sort", emit_sort, false},
        {"numpy", "diff", emit_diff, false},
        {"numpy", "digitize", emit_digitize, false},
        {"numpy", "isin", emit_isin, false},
        {"numpy.linalg", "norm", emit_reduction, false},
        {"scipy.special", "softmax", emit_softmax, false},
        {"scipy.special", "log_softmax", emit_log_softmax, false},
        {"scipy.special", "logsumexp", emit_log_sum, false},
        {"sklearn.preprocessing", "normalize", emit_normalize, false},
        {"sklearn.preprocessing", "binarize", emit_binarize, false},
        {"sklearn.preprocessing", "minmax_scale", emit_minmax_scale, false},
        {"sklearn.preprocessing", "maxabs_scale", emit_maxabs_scale, false},
        {"sklearn.preprocessing", "scale", emit_scale, false},
        {"scipy.stats", "zscore", emit_zscore, false},
        {"sklearn.preprocessing", "add_dummy_feature", emit_dummy_feature, false},
        {"sklearn.utils.validation", "check_array", emit_check_array, false},
    };
    static const mc_function REDUCTION = {"numpy", "", emit_reduction, false};
    const mc_function *found = mc_function_find(TABLE, MC_COUNT_OF(TABLE), c);
    if (found != NULL || !mc_bytes_is(c->module, "numpy"))
        return found;
    return reduction_of(c) < MC_COUNT_OF(REDUCTIONS) && !mc_bytes_is(c->name, "norm") ? &REDUCTION
                                                                                      : NULL;
}
