/* impute.c: SimpleImputer and MissingIndicator, on numbers or on mixed values.
 *
 * Oracle   sklearn/impute/_base.py, up to 0.21 preprocessing/imputation.py; scikit-learn 0.18 to
 *          1.9.
 * Exact    Bit for bit: values are copied.
 * Null     A JSON null counts as missing whichever of None and NaN the imputer looks for. */
#include "import/sklearn/impute.h"

#include <math.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "kernel/category.h"

/* Imputer, up to 0.21: numbers only, whatever they are. */
static bool is_first_imputer(const mc_value *est)
{
    return mc_bytes_is(mc_class_name(est), "Imputer");
}

mc_status mc_missing_of(mc_lowering *to, const mc_value *est, mc_missing *out, mc_error *err)
{
    const mc_value *value = mc_value_attr(est, "missing_values");
    *out = (mc_missing){.is_nan = true};
    if (value == NULL)
        return MC_OK;
    MC_TRY_IN(mc_cell_from_value(to->arena, value, &out->cell, err), err,
              "attribute missing_values");
    out->is_nan = out->cell.kind == MC_CELL_NONE || mc_cell_is_nan(&out->cell);
    if (is_first_imputer(est) && mc_value_is_text(value, "NaN")) { /* it says NaN by its name */
        out->is_nan = true;
        return MC_OK;
    }
    out->on_cells = out->cell.kind == MC_CELL_STRING || out->cell.kind == MC_CELL_NONE;
    return MC_OK;
}

static double marker_number(const mc_missing *missing)
{
    return missing->cell.kind == MC_CELL_NUMBER ? missing->cell.as.number
                                                : (double)missing->cell.as.integer;
}

/* True if the imputer was fitted on an object array. */
static bool fitted_on_objects(mc_lowering *to, const mc_value *est)
{
    mc_dtype_info dtype;
    const mc_value *fit_dtype = mc_value_attr(est, "_fit_dtype");
    return !mc_value_is_none(fit_dtype) &&
           mc_dtype_from_value(to->arena, fit_dtype, &dtype, NULL) == MC_OK && dtype.kind == 'O';
}

/* The input as the imputer looks at it. */
static mc_status read_input(mc_lowering *to, const mc_missing *missing, const mc_sym *x,
                            mc_sym *out, mc_error *err)
{
    if (missing->on_cells)
        return mc_to_cells(to, x, out, err);
    return mc_emit_check(to, x, missing->is_nan ? MC_OR_NAN : MC_FINITE, out, err);
}

/* 1 where a column of `at` is missing. */
mc_status mc_emit_missing(mc_lowering *to, const mc_missing *missing, const mc_sym *x,
                          const uint32_t *at, size_t n, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(IS_MISSING);
    uint32_t buffer = 0;
    step.src = x->buffer;
    step.flags = missing->is_nan ? MC_STEP_MISSING_NAN : 0;
    MC_TRY(mc_build_u32(to->b, at, n, &step.array[0], err));
    if (missing->on_cells) {
        step.op = MC_OP_CELLS_MISSING;
        if (!missing->is_nan)
            MC_TRY(mc_build_cells(to->b, &missing->cell, 1, &step.array[1], err));
    } else if (!missing->is_nan) {
        step.value[0] = marker_number(missing);
    }
    MC_TRY(mc_build_step(to->b, step, n, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = n, .type = MC_VALUE_BOOL};
    return MC_OK;
}

/* Was the imputer fitted on float32, by a version that fills with what it was fitted on? */
static bool fills_with_floats(mc_lowering *to, const mc_value *est)
{
    mc_dtype_info dtype;
    const mc_value *fill = mc_value_attr(est, "_fill_dtype");
    return !mc_value_is_none(fill) && mc_dtype_from_value(to->arena, fill, &dtype, NULL) == MC_OK &&
           dtype.kind == 'f' && dtype.item_size == sizeof(float);
}

/* The values to fill with, rounded as the imputer rounds them. */
static mc_status fill_values(mc_lowering *to, const mc_value *est, const mc_cell **out,
                             size_t *out_n, mc_error *err)
{
    const mc_cell *statistics = NULL;
    mc_cell *rounded = NULL;
    MC_TRY(mc_attr_cells(to, est, "statistics_", &statistics, out_n, err));
    *out = statistics;
    if (!fills_with_floats(to, est))
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, mc_cell, *out_n, &rounded, err));
    for (size_t i = 0; i < *out_n; i++) {
        rounded[i] = statistics[i];
        if (rounded[i].kind == MC_CELL_NUMBER)
            rounded[i].as.number = (double)(float)rounded[i].as.number;
    }
    *out = rounded;
    return MC_OK;
}

/* Every column of x with its fill value (n_cols) where it is missing. */
static mc_status emit_fill(mc_lowering *to, const mc_missing *missing, const mc_sym *x,
                           const mc_cell *fill, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(FILL_MISSING);
    uint32_t buffer = 0;
    step.src = x->buffer;
    step.flags = missing->is_nan ? MC_STEP_MISSING_NAN : 0;
    if (missing->on_cells) {
        step.op = MC_OP_FILL_CELLS;
        MC_TRY(mc_build_cells(to->b, fill, x->n_cols, &step.array[0], err));
        if (!missing->is_nan)
            MC_TRY(mc_build_cells(to->b, &missing->cell, 1, &step.array[1], err));
    } else {
        double *numbers = NULL;
        MC_TRY(mc_arena_new(to->arena, double, x->n_cols, &numbers, err));
        for (size_t i = 0; i < x->n_cols; i++) {
            numbers[i] = fill[i].kind == MC_CELL_NUMBER ? fill[i].as.number
                         : fill[i].kind == MC_CELL_NONE ? (double)NAN
                                                        : (double)fill[i].as.integer;
        }
        MC_TRY(mc_build_f64(to->b, numbers, 1, x->n_cols, &step.array[0], err));
        if (!missing->is_nan)
            step.value[0] = marker_number(missing);
    }
    MC_TRY(mc_build_step(to->b, step, x->n_cols, &buffer, err));
    mc_sym made = *x;
    made.buffer = buffer;
    *out = made;
    return MC_OK;
}

/* The columns that stay: those that training saw empty are dropped, unless they are kept by option.
 */
static mc_status kept_columns(mc_lowering *to, const mc_value *est, const mc_cell *statistics,
                              size_t n, const uint32_t **out, size_t *out_n, mc_error *err)
{
    bool keep_empty = false;
    uint32_t *kept = NULL;
    MC_TRY(mc_attr_bool(est, "keep_empty_features", false, &keep_empty, err));
    const bool is_constant = mc_attr_is_text(est, "strategy", "constant");
    const bool keeps_all = keep_empty || (is_constant && mc_version_of(to, est) < 107);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &kept, err));
    *out_n = 0;
    for (uint32_t i = 0; i < n; i++)
        if (keeps_all || (!mc_cell_is_nan(&statistics[i]) && statistics[i].kind != MC_CELL_NONE))
            kept[(*out_n)++] = i;
    *out = kept;
    return MC_OK;
}

static mc_status keep_columns(mc_lowering *to, const mc_value *est, const mc_cell *statistics,
                              mc_sym *x, mc_error *err)
{
    const uint32_t *kept = NULL;
    size_t n = 0;
    MC_TRY(kept_columns(to, est, statistics, x->n_cols, &kept, &n, err));
    return n == x->n_cols ? MC_OK : mc_emit_columns(to, x, kept, n, x, err);
}

/* Columns that an indicator shows. */
static mc_status indicator_columns(mc_lowering *to, const mc_value *indicator, const uint32_t **out,
                                   size_t *out_n, size_t n_cols, mc_error *err)
{
    const int64_t *features = NULL;
    uint32_t *at = NULL;
    MC_TRY(mc_attr_integers(to, indicator, "features_", MC_ANY, &features, out_n, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, *out_n, &at, err));
    for (size_t i = 0; i < *out_n; i++) {
        if (features[i] < 0 || (uint64_t)features[i] >= n_cols)
            return mc_refuse(err, indicator, "features_[%zu] is %lld, of %zu columns", i,
                             (long long)features[i], n_cols);
        at[i] = (uint32_t)features[i];
    }
    *out = at;
    return MC_OK;
}

mc_status mc_append_indicator(mc_lowering *to, const mc_value *est, const mc_missing *missing,
                              const mc_sym *in, mc_sym *y, mc_error *err)
{
    bool add = false;
    const mc_value *indicator = NULL;
    const uint32_t *at = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_bool(est, "add_indicator", false, &add, err));
    if (!add)
        return MC_OK;
    mc_sym both[2] = {*y};
    MC_TRY(mc_attr_need(est, "indicator_", &indicator, err));
    MC_TRY(indicator_columns(to, indicator, &at, &n, in->n_cols, err));
    MC_TRY(mc_emit_missing(to, missing, in, at, n, &both[1], err));
    const bool sparse_as_input = y->sparse_as_input;
    MC_TRY(mc_emit_hstack(to, both, 2, y->sparse, y, err));
    y->sparse_as_input = sparse_as_input;
    return MC_OK;
}

/* The kind of the numbers that it was fitted on, which later versions hold on their own. */
static mc_status fill_kind(mc_lowering *to, const mc_value *est, char *out, mc_error *err)
{
    mc_ndarray learnt;
    mc_dtype_info dtype;
    const mc_value *fill = mc_value_attr(est, "_fill_dtype");
    if (!mc_value_is_none(fill) && mc_dtype_from_value(to->arena, fill, &dtype, NULL) == MC_OK) {
        *out = dtype.kind;
        return MC_OK;
    }
    MC_TRY(mc_attr_array(to, est, "statistics_", &learnt, err));
    *out = learnt.dtype.kind;
    return MC_OK;
}

/* What is filled in has the type of the rows: integers are cut to it, since 1.4 refused where a
 * constant was learnt as a float. */
static mc_status keep_integers(mc_lowering *to, const mc_value *est, const mc_sym *in, mc_sym *y,
                               mc_error *err)
{
    char kind = 0;
    const bool is_constant = mc_attr_is_text(est, "strategy", "constant");
    if (!in->type_as_input || y->kind != MC_SYM_NUMBERS ||
        (!is_constant && !mc_attr_is_text(est, "strategy", "most_frequent")))
        return MC_OK;
    MC_TRY(fill_kind(to, est, &kind, err));
    if (is_constant && kind == 'f' && mc_version_of(to, est) >= 104)
        return mc_emit_check(to, y, MC_OR_NAN | MC_OR_INFINITY | MC_STEP_NO_INTEGERS, y, err);
    const mc_sym filled = *y;
    return mc_emit_as_type_of(to, in, &filled, y, err);
}

/* -------------------------------------------------------------------------------- the way back
 * ----
 */

/* 1 where a column was missing, of all columns. One that was dropped must have been: elsewhere
 * scikit-learn takes the next column for it, in all rows of the batch. */
static mc_status was_missing(mc_lowering *to, const mc_sym *shown, const uint32_t *at, size_t n,
                             const bool *is_kept, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CHECK_LEAST);
    double *spared = NULL;
    MC_TRY(mc_arena_new(to->arena, double, n, &spared, err));
    for (size_t j = 0; j < n; j++)
        spared[j] = is_kept[j] ? 1.0 : 0.0;
    step.value[0] = 1.0;
    MC_TRY(mc_emit_unary(to, shown, MC_UNARY_LOGICAL_NOT, 0.0, 0.0, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_LOGICAL_NOT, 0.0, 0.0, out, err));
    MC_TRY(mc_emit_scatter(to, out, at, n, out, err));
    MC_TRY(mc_emit_add(to, out, spared, out, err));
    MC_TRY(mc_emit_step(to, step, out, n, out, err));
    return mc_emit_subtract(to, out, spared, out, err);
}

static mc_status last_columns(mc_lowering *to, const mc_sym *x, size_t n, mc_sym *out,
                              mc_error *err)
{
    uint32_t *at = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    for (size_t i = 0; i < n; i++)
        at[i] = mc_u32_from_size(x->n_cols - n + i);
    return mc_emit_columns(to, x, at, n, out, err);
}

/* inverse_transform: what was filled in is missing again. scikit-learn passes over a column that
 * every row of the batch misses; it means those that were dropped, and so do we: one row alone is
 * answered as among others, where scikit-learn raises IndexError. */
static mc_status answer_back(mc_lowering *to, const mc_value *est, const mc_missing *missing,
                             const mc_cell *statistics, size_t n, const mc_sym *x, mc_answer *out,
                             mc_error *err)
{
    const mc_value *indicator = NULL;
    const uint32_t *kept = NULL, *at = NULL;
    size_t n_kept = 0, n_at = 0;
    bool *is_kept = NULL;
    double *markers = NULL;
    mc_step step = MC_STEP_INIT(CHOOSE);
    mc_sym all, shown, parts[3], y = {.kind = MC_SYM_NUMBERS, .n_cols = n};
    MC_TRY(mc_attr_need(est, "indicator_", &indicator, err));
    MC_TRY(indicator_columns(to, indicator, &at, &n_at, n, err));
    MC_TRY(kept_columns(to, est, statistics, n, &kept, &n_kept, err));
    if (x->n_cols != n_kept + n_at)
        return mc_refuse(err, est, "inverse_transform of %zu columns, expected %zu", x->n_cols,
                         n_kept + n_at);
    MC_TRY(mc_arena_new(to->arena, bool, n, &is_kept, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &markers, err));
    for (size_t i = 0; i < n_kept; i++)
        is_kept[kept[i]] = true;
    for (size_t j = 0; j < n; j++)
        markers[j] = missing->is_nan ? (double)NAN : marker_number(missing);
    MC_TRY(mc_to_numbers(to, x, &all, err));
    MC_TRY(last_columns(to, &all, n_at, &shown, err));
    MC_TRY(mc_emit_first_columns(to, n_kept, &all, err));
    MC_TRY(was_missing(to, &shown, at, n, is_kept, &parts[0], err));
    MC_TRY(mc_emit_constant(to, markers, n, &parts[1], err));
    MC_TRY(mc_emit_scatter(to, &all, kept, n, &parts[2], err));
    step.value[0] = -(double)INFINITY;
    step.value[1] = (double)INFINITY;
    const uint32_t sources[3] = {parts[0].buffer, parts[1].buffer, parts[2].buffer};
    MC_TRY(mc_build_u32(to->b, sources, 3, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, n, &y.buffer, err));
    return mc_answer_matrix(to, y, out, err);
}

/* Texts are not taken back: scikit-learn makes floats of all columns, and raises. */
static bool has_way_back(const mc_value *est, const mc_missing *missing)
{
    bool add = false;
    return mc_attr_bool(est, "add_indicator", false, &add, NULL) == MC_OK && add &&
           missing->cell.kind != MC_CELL_STRING;
}

mc_status mc_lower_simple_imputer(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_missing missing;
    const mc_cell *statistics = NULL;
    size_t n = 0;
    int64_t axis = 0;
    mc_sym in, y;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_integer(est, "axis", 0, &axis, err));
    if (axis != 0)
        return mc_refuse(err, est, "axis: expected 0, found %lld: it learnt nothing",
                         (long long)axis);
    MC_TRY(mc_missing_of(to, est, &missing, err));
    missing.on_cells = missing.on_cells || fitted_on_objects(to, est);
    MC_TRY(fill_values(to, est, &statistics, &n, err));
    if (method == MC_METHOD_INVERSE_TRANSFORM)
        return has_way_back(est, &missing)
                   ? answer_back(to, est, &missing, statistics, n, x, out, err)
                   : mc_no_method(err, est, method);
    if (n != x->n_cols)
        return mc_refuse(err, est, "attribute statistics_: expected %zu values, found %zu",
                         x->n_cols, n);
    for (size_t i = 0; i < n; i++) /* a text among numbers: it was fitted on objects */
        missing.on_cells = missing.on_cells || statistics[i].kind == MC_CELL_STRING;
    MC_TRY(read_input(to, &missing, x, &in, err));
    if (!mc_attr_is_text(est, "strategy", "most_frequent") &&
        !mc_attr_is_text(est, "strategy", "constant"))
        in.type_as_input = 0; /* means and medians make floats of integers */
    MC_TRY(emit_fill(to, &missing, &in, statistics, &y, err));
    MC_TRY(keep_columns(to, est, statistics, &y, err));
    MC_TRY(keep_integers(to, est, &in, &y, err));
    MC_TRY(mc_append_indicator(to, est, &missing, &in, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* The mask of the columns `at`; a value missing in another one is refused. */
static mc_status mask_of_known(mc_lowering *to, const mc_missing *missing, const mc_sym *x,
                               const uint32_t *at, size_t n, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(NO_OTHERS);
    uint32_t *order = NULL;
    bool *is_known = NULL;
    size_t n_all = n;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n + x->n_cols, &order, err));
    MC_TRY(mc_arena_new(to->arena, bool, x->n_cols, &is_known, err));
    for (size_t i = 0; i < n; i++) {
        order[i] = at[i];
        is_known[at[i]] = true;
    }
    for (uint32_t j = 0; j < x->n_cols; j++)
        if (!is_known[j])
            order[n_all++] = j;
    MC_TRY(mc_emit_missing(to, missing, x, order, n_all, out, err));
    MC_TRY(mc_build_u32(to->b, order, n_all, &step.array[0], err));
    MC_TRY(mc_emit_step(to, step, out, n, out, err));
    out->type = MC_VALUE_BOOL;
    return MC_OK;
}

mc_status mc_lower_missing_indicator(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_missing missing;
    mc_sym in, y;
    const uint32_t *at = NULL;
    size_t n = 0;
    bool refuses_new = true;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_bool(est, "error_on_new", true, &refuses_new, err));
    MC_TRY(mc_missing_of(to, est, &missing, err));
    MC_TRY(indicator_columns(to, est, &at, &n, x->n_cols, err));
    MC_TRY(read_input(to, &missing, x, &in, err));
    const bool only_known = mc_attr_is_text(est, "features", "missing-only");
    MC_TRY(refuses_new && only_known ? mask_of_known(to, &missing, &in, at, n, &y, err)
                                     : mc_emit_missing(to, &missing, &in, at, n, &y, err));
    const mc_value *sparse = mc_value_attr(est, "sparse");
    y.sparse = mc_value_is(sparse, MC_KIND_BOOL) ? sparse->as.integer != 0 : in.sparse;
    y.sparse_as_input = mc_value_is(sparse, MC_KIND_TEXT) && in.sparse_as_input;
    return mc_answer_matrix(to, y, out, err);
}
