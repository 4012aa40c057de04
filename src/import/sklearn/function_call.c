/* function_call.c: functions that compute each row from itself.
 *
 * Oracle   The function of that name of numpy, scipy.special or sklearn.preprocessing.
 * Exact    Elementwise functions as kernel/unary.c states; sorts, choices of columns, running sums
 *          and products bit for bit; softmax as kernel/linear.c; sums and what is made of them to
 *          n * 2^-53 * sum|x|, because numpy adds pairwise. What mixes rows is refused. */
#include "import/sklearn/function_call.h"

#include <math.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "kernel/numpy_order.h"
#include "kernel/pool.h"

static mc_status unknown_function(const mc_call *c, mc_error *err)
{
    return mc_refuse(err, c->est,
                     "func: %.*s.%.*s cannot be served; use a numpy function such as numpy.log1p",
                     MC_SHOW(c->module), MC_SHOW(c->name));
}

/* --------------------------------------------------------------------------- arguments ---- */

const mc_value *mc_call_argument(const mc_call *c, const char *name)
{
    const mc_value *value = mc_dict_get(c->arguments[0], name);
    return value != NULL ? value : mc_dict_get(c->arguments[1], name);
}

mc_status mc_call_knows(const mc_call *c, const char *const *known, mc_error *err)
{
    for (size_t k = 0; k < MC_COUNT_OF(c->arguments); k++) {
        if (!mc_value_is(c->arguments[k], MC_KIND_DICT))
            continue;
        const mc_items *items = &c->arguments[k]->as.items;
        for (size_t i = 0; i + 1 < items->n; i += 2) {
            bool found = false;
            for (size_t j = 0; known[j] != NULL; j++)
                found = found || mc_value_is_text(items->at[i], known[j]);
            if (!found)
                return mc_refuse(err, c->est, "kw_args: %.*s with an argument that is not known",
                                 MC_SHOW(c->name));
        }
    }
    return MC_OK;
}

static mc_status number_argument(const mc_call *c, const char *name, const char *old_name,
                                 double otherwise, double *out, mc_error *err)
{
    const mc_value *value = mc_call_argument(c, name);
    if (value == NULL && old_name != NULL)
        value = mc_call_argument(c, old_name);
    *out = otherwise;
    if (!mc_value_is_none(value))
        MC_TRY_IN(mc_number_from_value(value, out, err), err, "argument %s of %.*s", name,
                  MC_SHOW(c->name));
    return MC_OK;
}

/* `axis` must be the columns: 1 or -1. `otherwise` if it is not given. */
static mc_status axis_is_columns(const mc_call *c, double otherwise, mc_error *err)
{
    double axis = otherwise;
    MC_TRY(number_argument(c, "axis", NULL, otherwise, &axis, err));
    return axis == 1.0 || axis == -1.0
               ? MC_OK
               : mc_refuse(err, c->est, "kw_args: %.*s mixes the rows of a batch unless axis is 1",
                           MC_SHOW(c->name));
}

/* ------------------------------------------------------------------- functions of numpy ---- */

static mc_status emit_clip(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"a_min", "a_max", "min", "max", NULL};
    double low = 0.0, high = 0.0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(number_argument(c, "a_min", "min", -(double)INFINITY, &low, err));
    MC_TRY(number_argument(c, "a_max", "max", (double)INFINITY, &high, err));
    const bool as_input = x->type_as_input;
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_CLIP, low, high, x, err));
    x->type_as_input = as_input && low == rint(low) && high == rint(high);
    return MC_OK;
}

static mc_status emit_round(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"decimals", NULL};
    double decimals = 0.0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(number_argument(c, "decimals", NULL, 0.0, &decimals, err));
    if (fabs(decimals) > 22.0) /* 10**22 is the last exact power */
        return mc_refuse(err, c->est, "kw_args: decimals: expected -22 to 22, found %g", decimals);
    if (decimals == 0.0)
        return mc_emit_unary(to, x, MC_UNARY_RINT, 0.0, 0.0, x, err);
    double scale = 1.0;
    for (int i = 0; i < (int)fabs(decimals); i++)
        scale *= 10.0;
    return mc_emit_unary(to, x, decimals > 0.0 ? MC_UNARY_ROUND_SCALED : MC_UNARY_ROUND_TENS, scale,
                         0.0, x, err);
}

static mc_status emit_nan_to_num(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"nan", "posinf", "neginf", "copy", NULL};
    double nan = 0.0, high = 0.0, low = 0.0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(number_argument(c, "nan", NULL, 0.0, &nan, err));
    MC_TRY(number_argument(c, "posinf", NULL, 0x1.fffffffffffffp1023, &high, err));
    MC_TRY(number_argument(c, "neginf", NULL, -0x1.fffffffffffffp1023, &low, err));
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_IF_INFINITE, high, low, x, err));
    return mc_emit_unary(to, x, MC_UNARY_IF_NAN, nan, 0.0, x, err);
}

static mc_status emit_nothing(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"copy", "order", NULL};
    (void)to;
    (void)x;
    return mc_call_knows(c, KNOWN, err);
}

static mc_status emit_scan(mc_lowering *to, const mc_call *c, mc_scan which, double axis, mc_sym *x,
                           mc_error *err)
{
    static const char *const KNOWN[] = {"axis", NULL};
    mc_step step = MC_STEP_INIT(ROW_SCAN);
    const bool as_input = x->type_as_input;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(axis_is_columns(c, axis, err));
    step.n[0] = which;
    if (which == MC_SCAN_DIFFERENCE && x->n_cols == 0)
        return MC_OK;
    MC_TRY(mc_emit_step(to, step, x, x->n_cols - (which == MC_SCAN_DIFFERENCE), x, err));
    x->type_as_input = as_input;
    x->sparse = x->sparse_as_input = false;
    return MC_OK;
}

static mc_status emit_cumsum(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan(to, c, MC_SCAN_SUM, 0.0, x, err);
}

static mc_status emit_cumprod(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan(to, c, MC_SCAN_PRODUCT, 0.0, x, err);
}

static mc_status emit_sort(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan(to, c, MC_SCAN_SORTED, -1.0, x, err);
}

static mc_status emit_diff(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    return emit_scan(to, c, MC_SCAN_DIFFERENCE, -1.0, x, err);
}

static mc_status reversed(mc_lowering *to, mc_sym *x, mc_error *err)
{
    uint32_t *at = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &at, err));
    for (size_t i = 0; i < x->n_cols; i++)
        at[i] = (uint32_t)(x->n_cols - 1 - i);
    return mc_emit_columns(to, x, at, x->n_cols, x, err);
}

static mc_status emit_flip(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(axis_is_columns(c, 0.0, err));
    return reversed(to, x, err);
}

static mc_status emit_fliplr(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    return reversed(to, x, err);
}

/* The columns that an argument lists, negative ones from the end. */
static mc_status listed_columns(mc_lowering *to, const mc_call *c, const char *name,
                                const mc_sym *x, uint32_t **out, size_t *out_n, mc_error *err)
{
    mc_ndarray array;
    int64_t *at = NULL;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, mc_call_argument(c, name), &array, err), err,
              "argument %s of %.*s", name, MC_SHOW(c->name));
    MC_TRY(mc_ndarray_i64(to->arena, &array, &at, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, array.n_items, out, err));
    for (size_t i = 0; i < array.n_items; i++) {
        const int64_t place = at[i] < 0 ? at[i] + (int64_t)x->n_cols : at[i];
        if (place < 0 || (uint64_t)place >= x->n_cols)
            return mc_refuse(err, c->est, "kw_args: %s: column %lld of %zu", name, (long long)at[i],
                             x->n_cols);
        (*out)[i] = (uint32_t)place;
    }
    *out_n = array.n_items;
    return array.n_dims == 1 ? MC_OK : mc_refuse(err, c->est, "kw_args: %s: expected a list", name);
}

static mc_status emit_take(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", "indices", NULL};
    uint32_t *at = NULL;
    size_t n = 0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(axis_is_columns(c, 0.0, err));
    MC_TRY(listed_columns(to, c, "indices", x, &at, &n, err));
    return mc_emit_columns(to, x, at, n, x, err);
}

static mc_status emit_delete(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", "obj", NULL};
    uint32_t *at = NULL, *kept = NULL;
    bool *is_deleted = NULL;
    size_t n = 0, n_kept = 0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(axis_is_columns(c, 0.0, err));
    MC_TRY(listed_columns(to, c, "obj", x, &at, &n, err));
    MC_TRY(mc_arena_new(to->arena, bool, x->n_cols, &is_deleted, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &kept, err));
    for (size_t i = 0; i < n; i++)
        is_deleted[at[i]] = true;
    for (uint32_t j = 0; j < x->n_cols; j++)
        if (!is_deleted[j])
            kept[n_kept++] = j;
    return mc_emit_columns(to, x, kept, n_kept, x, err);
}

/* ------------------------------------------------------- functions of scipy, scikit-learn ---- */

static mc_status emit_softmax(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"axis", NULL};
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(axis_is_columns(c, 0.0, err));
    return mc_emit_softmax(to, x, x, err);
}

static mc_status emit_normalize(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"norm", "axis", "copy", NULL};
    const mc_value *given = mc_call_argument(c, "norm");
    mc_norm norm = MC_NORM_L2;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(axis_is_columns(c, 1.0, err));
    if (mc_value_is_text(given, "l1"))
        norm = MC_NORM_L1;
    else if (mc_value_is_text(given, "max"))
        norm = MC_NORM_MAX;
    else if (given != NULL && !mc_value_is_text(given, "l2"))
        return mc_refuse(err, c->est, "kw_args: norm: expected l1, l2 or max");
    MC_TRY(mc_emit_check(to, x, MC_FINITE, x, err));
    return mc_emit_normalize(to, x, norm, x, err);
}

static mc_status emit_binarize(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"threshold", "copy", NULL};
    double threshold = 0.0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(number_argument(c, "threshold", NULL, 0.0, &threshold, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, x, err));
    const bool as_input = x->type_as_input;
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_ABOVE, threshold, 0.0, x, err));
    x->type_as_input = as_input;
    return MC_OK;
}

static mc_status emit_dummy_feature(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"value", NULL};
    double value = 1.0;
    mc_sym both[2];
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(number_argument(c, "value", NULL, 1.0, &value, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &both[1], err));
    MC_TRY(mc_emit_constant(to, &value, 1, &both[0], err));
    const bool sparse_as_input = x->sparse_as_input;
    both[1].type_as_input = false;
    MC_TRY(mc_emit_hstack(to, both, 2, x->sparse, x, err));
    x->sparse_as_input = sparse_as_input;
    return MC_OK;
}

/* check_array() itself, for dense rows. */
static mc_status emit_check_array(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
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
    const bool as_input = x->type_as_input;
    MC_TRY(mc_emit_check(to, x, allowed, x, err));
    x->type_as_input = as_input;
    x->sparse = x->sparse_as_input = false;
    return MC_OK;
}

/* --------------------------------------------------------------------- one number of a row ---- */

static const struct {
    const char *name;
    mc_pooling how;
    bool keeps_integers;
} REDUCTIONS[] = {
    {"mean", MC_POOL_MEAN, false},    {"sum", MC_POOL_SUM, true},
    {"prod", MC_POOL_PRODUCT, true},  {"max", MC_POOL_LARGEST, true},
    {"amax", MC_POOL_LARGEST, true},  {"min", MC_POOL_SMALLEST, true},
    {"amin", MC_POOL_SMALLEST, true}, {"ptp", MC_POOL_RANGE, true},
    {"var", MC_POOL_VARIANCE, false}, {"std", MC_POOL_DEVIATION, false},
};

static const mc_value *keeps_dimensions(const mc_call *c)
{
    return mc_call_argument(c, "keepdims");
}

static bool is_reduction(const mc_call *c, size_t *out)
{
    for (size_t i = 0; mc_bytes_is(c->module, "numpy") && i < MC_COUNT_OF(REDUCTIONS); i++) {
        *out = i;
        if (mc_bytes_is(c->name, REDUCTIONS[i].name))
            return true;
    }
    return false;
}

bool mc_call_is_flat(const mc_call *c)
{
    size_t which = 0;
    const mc_value *keeps = keeps_dimensions(c);
    return is_reduction(c, &which) && !(mc_value_is(keeps, MC_KIND_BOOL) && keeps->as.integer != 0);
}

static mc_status emit_reduction(mc_lowering *to, const mc_call *c, size_t which, mc_sym *x,
                                mc_error *err)
{
    static const char *const KNOWN[] = {"axis", "keepdims", NULL};
    const uint32_t start[] = {0, mc_u32_from_size(x->n_cols)};
    mc_step step = MC_STEP_INIT(POOL);
    uint32_t *columns = NULL;
    const bool as_input = x->type_as_input;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(axis_is_columns(c, 0.0, err));
    if (x->n_cols == 0)
        return unknown_function(c, err);
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &columns, err));
    for (size_t i = 0; i < x->n_cols; i++)
        columns[i] = (uint32_t)i;
    step.n[0] = REDUCTIONS[which].how;
    MC_TRY(mc_build_u32(to->b, columns, x->n_cols, &step.array[0], err));
    MC_TRY(mc_build_u32(to->b, start, 2, &step.array[1], err));
    MC_TRY(mc_emit_dense_step(to, step, x, 1, x, err));
    x->type_as_input = as_input && REDUCTIONS[which].keeps_integers;
    x->sparse = x->sparse_as_input = false;
    return MC_OK;
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

/* How many of the ascending `edges` (n) are not above each value; NaN is above all. */
static mc_status count_edges(mc_lowering *to, const mc_sym *x, const double *edges, size_t n,
                             mc_sym *out, mc_error *err)
{
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
    out->sparse = out->sparse_as_input = out->type_as_input = false;
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

static mc_status emit_digitize(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"bins", "right", NULL};
    double *edges = NULL, right = 0.0;
    size_t n = 0;
    bool falls = false;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(number_argument(c, "right", NULL, 0.0, &right, err));
    MC_TRY(listed_numbers(to, c, "bins", &edges, &n, err));
    MC_TRY(ascending(c, edges, n, &falls, err));
    if (right != 0.0)
        MC_TRY(step_up(c, edges, n, err));
    MC_TRY(count_edges(to, x, edges, n, x, err));
    if (falls)
        MC_TRY(mc_emit_unary(to, x, MC_UNARY_FROM, (double)n, 0.0, x, err));
    x->type = MC_VALUE_INT;
    x->type_as_input = false;
    return MC_OK;
}

/* Those not above less those below are those that are equal. */
static mc_status emit_isin(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {"test_elements", "assume_unique", "invert", "kind", NULL};
    static const double SIGNS[] = {1.0, -1.0};
    double *edges = NULL, inverted = 0.0;
    size_t n = 0;
    bool falls = false;
    mc_sym counts[2];
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(number_argument(c, "invert", NULL, 0.0, &inverted, err));
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

typedef mc_status call_fn(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err);

static const struct {
    const char *package, *name;
    call_fn *emit;
} FUNCTIONS[] = {
    {"numpy", "clip", emit_clip},
    {"numpy", "round", emit_round},
    {"numpy", "around", emit_round},
    {"numpy", "round_", emit_round},
    {"numpy", "nan_to_num", emit_nan_to_num},
    {"numpy", "conjugate", emit_nothing},
    {"numpy", "conj", emit_nothing},
    {"numpy", "real", emit_nothing},
    {"numpy", "copy", emit_nothing},
    {"numpy", "array", emit_nothing},
    {"numpy", "asarray", emit_nothing},
    {"numpy", "asanyarray", emit_nothing},
    {"numpy", "ascontiguousarray", emit_nothing},
    {"numpy", "asfortranarray", emit_nothing},
    {"numpy", "atleast_2d", emit_nothing},
    {"numpy", "cumsum", emit_cumsum},
    {"numpy", "cumprod", emit_cumprod},
    {"numpy", "sort", emit_sort},
    {"numpy", "diff", emit_diff},
    {"numpy", "flip", emit_flip},
    {"numpy", "fliplr", emit_fliplr},
    {"numpy", "take", emit_take},
    {"numpy", "delete", emit_delete},
    {"numpy", "digitize", emit_digitize},
    {"numpy", "isin", emit_isin},
    {"scipy.special", "softmax", emit_softmax},
    {"sklearn.preprocessing", "normalize", emit_normalize},
    {"sklearn.preprocessing", "binarize", emit_binarize},
    {"sklearn.utils.validation", "check_array", emit_check_array},
    {"sklearn.preprocessing", "add_dummy_feature", emit_dummy_feature},
};

/* ------------------------------------------------------------------------------- ufuncs ---- */

/* Functions of one value beside those of unary.def that numpy names. */
static const struct {
    const char *name;
    mc_unary which;
} SPECIAL[] = {
    {"sinc", MC_UNARY_SINC},   {"expit", MC_UNARY_EXPIT}, {"logit", MC_UNARY_LOGIT_EXACT},
    {"erf", MC_UNARY_ERF},     {"erfc", MC_UNARY_ERFC},   {"ndtr", MC_UNARY_NDTR},
    {"ndtri", MC_UNARY_NDTRI}, {"exp10", MC_UNARY_EXP10}, {"gammaln", MC_UNARY_GAMMALN},
    {"psi", MC_UNARY_PSI},     {"digamma", MC_UNARY_PSI},
};

/* f(constant, x), as functools.partial makes it. `whole`: integers stay so with a whole constant.
 */
static const struct {
    const char *name;
    mc_unary which;
    bool keeps_integers, is_truth;
} WITH_CONSTANT[] = {
    {"add", MC_UNARY_OFFSET, true, false},
    {"subtract", MC_UNARY_FROM, true, false},
    {"multiply", MC_UNARY_SCALE, true, false},
    {"divide", MC_UNARY_DIVIDES, false, false},
    {"true_divide", MC_UNARY_DIVIDES, false, false},
    {"float_power", MC_UNARY_RAISES, false, false},
    {"power", MC_UNARY_RAISES, true, false},
    {"maximum", MC_UNARY_MAXIMUM, true, false},
    {"minimum", MC_UNARY_MINIMUM, true, false},
    {"fmax", MC_UNARY_FMAX, true, false},
    {"fmin", MC_UNARY_FMIN, true, false},
    {"hypot", MC_UNARY_HYPOT, false, false},
    {"arctan2", MC_UNARY_ANGLE, false, false},
    {"copysign", MC_UNARY_SIGNED_AS, false, false},
    {"greater", MC_UNARY_BELOW, false, true},
    {"less", MC_UNARY_ABOVE, false, true},
    {"xlogy", MC_UNARY_TIMES_LOG, false, false},
    {"xlog1py", MC_UNARY_TIMES_LOG1P, false, false},
};

static mc_status with_constant(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    double constant = 0.0;
    MC_TRY(mc_call_knows(c, KNOWN, err));
    if (c->before.n != 1)
        return mc_refuse(err, c->est, "func: %.*s of more than two values", MC_SHOW(c->name));
    MC_TRY_IN(mc_number_from_value(c->before.at[0], &constant, err), err,
              "the first argument of %.*s", MC_SHOW(c->name));
    const bool is_whole = mc_value_is(c->before.at[0], MC_KIND_INT);
    for (size_t i = 0; i < MC_COUNT_OF(WITH_CONSTANT); i++) {
        if (!mc_bytes_is(c->name, WITH_CONSTANT[i].name))
            continue;
        const bool as_input = x->type_as_input;
        MC_TRY(mc_emit_unary(to, x, WITH_CONSTANT[i].which, constant, 0.0, x, err));
        x->type_as_input = as_input && is_whole && WITH_CONSTANT[i].keeps_integers;
        if (WITH_CONSTANT[i].is_truth)
            x->type = MC_VALUE_BOOL;
        return MC_OK;
    }
    return unknown_function(c, err);
}

/* Ufuncs that give integers for integers in every numpy from 1.23 on. */
static bool keeps_integers(mc_unary which)
{
    return which == MC_UNARY_IDENTITY || which == MC_UNARY_NEGATIVE || which == MC_UNARY_ABSOLUTE ||
           which == MC_UNARY_SIGN || which == MC_UNARY_SQUARE;
}

static mc_status emit_ufunc(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    static const char *const KNOWN[] = {NULL};
    mc_unary which = mc_unary_find(c->name);
    const bool as_input = x->type_as_input;
    for (size_t i = 0; i < MC_COUNT_OF(SPECIAL); i++)
        if (mc_bytes_is(c->name, SPECIAL[i].name))
            which = SPECIAL[i].which;
    if (which == MC_N_UNARY)
        return unknown_function(c, err);
    MC_TRY(mc_call_knows(c, KNOWN, err));
    MC_TRY(mc_emit_unary(to, x, which, 0.0, 0.0, x, err));
    if (which >= MC_UNARY_ISNAN && which <= MC_UNARY_LOGICAL_NOT)
        x->type = MC_VALUE_BOOL;
    x->type_as_input = as_input && keeps_integers(which);
    return MC_OK;
}

/* Is `module` the package or in it? */
static bool is_in(mc_bytes module, const char *package)
{
    const mc_bytes name = mc_bytes_of(package);
    const mc_bytes start = {module.data, module.size < name.size ? module.size : name.size};
    return mc_bytes_equal(start, name) &&
           (module.size == name.size || module.data[name.size] == '.');
}

mc_status mc_emit_call(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err)
{
    const bool is_ufunc = mc_bytes_is(c->module, "numpy") || is_in(c->module, "scipy.special") ||
                          is_in(c->module, "numpy.core") || is_in(c->module, "numpy.lib");
    if (is_in(c->module, "numpy.lib.scimath") || is_in(c->module, "numpy.linalg"))
        return unknown_function(c, err);
    size_t which = 0;
    const bool reduces = is_reduction(c, &which) && c->before.n == 0;
    const bool is_unary =
        is_ufunc && !reduces && c->before.n == 0 && mc_unary_find(c->name) != MC_N_UNARY;
    if (x->kind != MC_SYM_SPARSE || !is_unary) /* mc_emit_unary() decides whether zeros stay */
        MC_TRY(mc_to_numbers(to, x, x, err));
    if (reduces)
        return emit_reduction(to, c, which, x, err);
    for (size_t i = 0; i < MC_COUNT_OF(FUNCTIONS); i++) {
        if (!is_in(c->module, FUNCTIONS[i].package) || !mc_bytes_is(c->name, FUNCTIONS[i].name))
            continue;
        return c->before.n == 0 ? FUNCTIONS[i].emit(to, c, x, err) : unknown_function(c, err);
    }
    if (!is_ufunc)
        return unknown_function(c, err);
    return c->before.n > 0 ? with_constant(to, c, x, err) : emit_ufunc(to, c, x, err);
}
