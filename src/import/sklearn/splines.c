/* splines.c: SplineTransformer and KBinsDiscretizer.
 *
 * Oracle   sklearn/preprocessing/_polynomial.py, _discretization.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit, as kernel/spline.c; bins are counted. */
#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_tables.h"
#include "kernel/spline.h"

/* ------------------------------------------------------------------------------ splines ---- */

typedef struct splines {
    const mc_value *est;
    mc_items bases;
    size_t degree, n_knots, n_columns; /* of each feature */
    mc_spline_mode mode;
    bool is_sparse;
    double *knots; /* (features, n_knots) */
    double *ends;  /* (features, 2 + 4 n_columns) */
} splines;

static mc_status read_mode(const mc_value *est, mc_spline_mode *out, mc_error *err)
{
    static const char *const NAMES[MC_N_SPLINE_MODES] = {"constant", "linear", "continue", "error",
                                                         "periodic"};
    size_t at = 0;
    MC_TRY(mc_attr_choice(est, "extrapolation", NAMES, MC_COUNT_OF(NAMES), &at, err));
    *out = (mc_spline_mode)at;
    return MC_OK;
}

/* Knots of a basis; its coefficients must pick single splines: the rows of a unit matrix, the first
 * ones repeated if it is periodic. */
static mc_status read_basis(mc_lowering *to, const splines *s, size_t j, const double **out_knots,
                            size_t *out_n, size_t *out_columns, mc_error *err)
{
    const mc_value *basis = s->bases.at[j];
    const double *coefs = NULL;
    size_t n_rows = 0, n_cols = 0;
    const bool is_new = mc_value_attr(basis, "_t") != NULL; /* since scipy 1.17 */
    MC_TRY(mc_attr_vector(to, basis, is_new ? "_t" : "t", MC_ANY, out_knots, out_n, err));
    MC_TRY(mc_attr_matrix(to, basis, is_new ? "_c" : "c", MC_ANY, MC_ANY, &coefs, &n_rows, &n_cols,
                          err));
    bool is_unit = n_cols > 0 && *out_n >= 2 * s->degree + 2 && n_rows == *out_n - s->degree - 1;
    for (size_t i = 0; is_unit && i < n_rows * n_cols; i++)
        is_unit = coefs[i] == (i / n_cols % n_cols == i % n_cols ? 1.0 : 0.0);
    if (!is_unit)
        return mc_refuse(err, s->est, "bsplines_[%zu]: expected a basis with unit coefficients", j);
    *out_columns = n_cols;
    return MC_OK;
}

/* Values and slopes at the ends of a feature's range. `span` is the degree as scikit-learn counts
 * it by then: its loop over linear features of degree 0 or 1 raises it on the way. */
static void put_ends(const splines *s, const mc_spline *basis, size_t span, double *row)
{
    const size_t n = s->n_columns;
    const double low = basis->knots[span], high = basis->knots[basis->n_knots - span - 1];
    row[0] = low;
    row[1] = high;
    mc_spline_values(basis, low, false, false, row + 2);
    mc_spline_values(basis, low, false, true, row + 2 + n);
    mc_spline_values(basis, high, false, false, row + 2 + 2 * n);
    mc_spline_values(basis, high, false, true, row + 2 + 3 * n);
    const size_t n_ends = s->mode == MC_SPLINE_LINEAR && span <= 1 ? span + 1 : span;
    for (size_t i = 0; i < n; i++) {
        if (i >= n_ends)
            row[2 + i] = row[2 + n + i] = 0.0;
        /* A sparse slice [-0:] is the whole row. */
        if (i + n_ends < n && !(n_ends == 0 && s->is_sparse))
            row[2 + 2 * n + i] = row[2 + 3 * n + i] = 0.0;
    }
}

static mc_status read_bases(mc_lowering *to, splines *s, size_t n_features, mc_error *err)
{
    size_t span = s->degree;
    for (size_t j = 0; j < n_features; j++) {
        mc_spline basis = {.degree = s->degree};
        MC_TRY(read_basis(to, s, j, &basis.knots, &basis.n_knots, &basis.n_columns, err));
        if (j == 0) {
            s->n_knots = basis.n_knots;
            s->n_columns = basis.n_columns;
            MC_TRY(mc_arena_new(to->arena, double, n_features * s->n_knots, &s->knots, err));
            MC_TRY(
                mc_arena_new(to->arena, double, n_features *(2 + 4 * s->n_columns), &s->ends, err));
        }
        if (basis.n_knots != s->n_knots || basis.n_columns != s->n_columns ||
            basis.n_knots < 2 * span + 2)
            return mc_refuse(err, s->est, "bsplines_[%zu]: %zu knots, expected %zu", j,
                             basis.n_knots, s->n_knots);
        memcpy(s->knots + j * s->n_knots, basis.knots, s->n_knots * sizeof *s->knots);
        put_ends(s, &basis, span, s->ends + j * (2 + 4 * s->n_columns));
        if (s->mode == MC_SPLINE_LINEAR && span <= 1)
            span++;
    }
    return MC_OK;
}

static mc_status read_splines(mc_lowering *to, const mc_value *est, size_t n_features, splines *out,
                              mc_error *err)
{
    int64_t degree = 3;
    *out = (splines){.est = est};
    MC_TRY(mc_attr_integer(est, "degree", 3, &degree, err));
    if (degree < 0 || degree > MC_SPLINE_MAX_DEGREE)
        return mc_refuse(err, est, "degree: expected 0 to %u, found %lld", MC_SPLINE_MAX_DEGREE,
                         (long long)degree);
    out->degree = (size_t)degree;
    MC_TRY(read_mode(est, &out->mode, err));
    MC_TRY(mc_attr_bool(est, "sparse_output", false, &out->is_sparse, err));
    MC_TRY(mc_attr_items(to, est, "bsplines_", &out->bases, err));
    if (out->bases.n != n_features || n_features == 0)
        return mc_refuse(err, est, "attribute bsplines_: expected %zu items, found %zu", n_features,
                         out->bases.n);
    return read_bases(to, out, n_features, err);
}

/* Without a bias the last spline of each feature is left out. */
static mc_status drop_last(mc_lowering *to, const splines *s, mc_sym *y, mc_error *err)
{
    bool include_bias = true;
    uint32_t *kept = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_bool(s->est, "include_bias", true, &include_bias, err));
    if (include_bias)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, uint32_t, y->n_cols, &kept, err));
    for (size_t i = 0; i < y->n_cols; i++)
        if ((i + 1) % s->n_columns != 0)
            kept[n++] = (uint32_t)i;
    return mc_emit_columns(to, y, kept, n, y, err);
}

/* Does NaN become zeros? In sparse blocks scikit-learn clears the columns of the first feature
 * only, and gives the others the splines at the least value of the batch: there NaN is refused. */
static bool allows_missing(const splines *s, size_t n_features)
{
    const bool is_cleared =
        s->mode == MC_SPLINE_CONSTANT || s->mode == MC_SPLINE_LINEAR || n_features == 1;
    return mc_attr_is_text(s->est, "handle_missing", "zeros") && (is_cleared || !s->is_sparse);
}

/* Does it write the ends of the range into rows, which may be integers? */
static bool cuts_ends(const splines *s, const mc_sym *x)
{
    return s->is_sparse && x->type_as_input &&
           (s->mode == MC_SPLINE_CONSTANT || s->mode == MC_SPLINE_LINEAR);
}

/* No point of a period of nothing is a number up to 1.7, which only dense blocks take. */
static mc_status check_periods(mc_lowering *to, const splines *s, size_t n_features, mc_error *err)
{
    for (size_t j = 0; j < n_features; j++) {
        const double *ends = s->ends + j * (2 + 4 * s->n_columns);
        if (s->mode == MC_SPLINE_PERIODIC && s->is_sparse && !(ends[1] > ends[0]) &&
            mc_version_of(to, s->est) <= 107)
            return mc_refuse(err, s->est,
                             "bsplines_[%zu]: its period is 0, of which sparse_output has no "
                             "splines in scikit-learn before 1.8",
                             j);
    }
    return MC_OK;
}

/* Each column as the values of its B-splines. */
mc_status mc_lower_spline(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                          mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(SPLINE);
    splines s;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_splines(to, est, x->n_cols, &s, err));
    MC_TRY(check_periods(to, &s, x->n_cols, err));
    const bool allows_nan = allows_missing(&s, x->n_cols);
    step.n[0] = (uint32_t)s.degree;
    step.n[1] = s.mode;
    step.flags = (allows_nan ? MC_STEP_ALLOW_NAN : 0) |
                 (mc_version_of(to, est) <= 107 ? MC_STEP_BEFORE_1_8 : 0) |
                 (cuts_ends(&s, x) ? MC_STEP_ENDS_AS_ROWS : 0);
    MC_TRY(mc_build_f64(to->b, s.knots, x->n_cols, s.n_knots, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, s.ends, x->n_cols, 2 + 4 * s.n_columns, &step.array[1], err));
    MC_TRY(mc_emit_check(to, x, allows_nan ? MC_OR_NAN | MC_OR_INFINITY : MC_FINITE, &y, err));
    MC_TRY(mc_emit_step(to, step, &y, x->n_cols * s.n_columns, &y, err));
    y.sparse = s.is_sparse;
    y.sparse_as_input = false;
    MC_TRY(drop_last(to, &s, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* --------------------------------------------------------------------------------- bins ---- */

/* Edges of all features, one behind the other. */
typedef struct bins {
    size_t n_features;
    const double **edges; /* (n_features) */
    size_t *n_bins;       /* (n_features) */
    size_t n_all;         /* bins */
} bins;

static mc_status read_bins(mc_lowering *to, const mc_value *est, bins *out, mc_error *err)
{
    mc_items items;
    MC_TRY(mc_attr_items(to, est, "bin_edges_", &items, err));
    *out = (bins){.n_features = items.n};
    MC_TRY(mc_arena_new(to->arena, const double *, items.n, &out->edges, err));
    MC_TRY(mc_arena_new(to->arena, size_t, items.n, &out->n_bins, err));
    for (size_t j = 0; j < items.n; j++) {
        mc_ndarray array;
        double *edges = NULL;
        MC_TRY_IN(mc_ndarray_from_value(to->arena, items.at[j], &array, err), err,
                  "bin_edges_[%zu]", j);
        MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &edges, err), err, "bin_edges_[%zu]", j);
        if (array.n_items < 2)
            return mc_refuse(err, est, "bin_edges_[%zu]: expected two edges or more, found %zu", j,
                             array.n_items);
        out->edges[j] = edges;
        out->n_bins[j] = array.n_items - 1;
        out->n_all += array.n_items - 1;
    }
    return MC_OK;
}

/* The runs of array 0: n_bins[j] - `less` items for feature j. */
static mc_status put_runs(mc_lowering *to, const bins *b, size_t less, uint32_t *out_array,
                          mc_error *err)
{
    uint32_t *runs = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, b->n_features + 1, &runs, err));
    for (size_t j = 0; j < b->n_features; j++)
        runs[j + 1] = runs[j] + (uint32_t)(b->n_bins[j] - less);
    return mc_build_u32(to->b, runs, b->n_features + 1, out_array, err);
}

/* Up to 1.0 a value just below an edge is pushed over it: x + (1e-8 + 1e-5 |x|). */
static mc_status push(mc_lowering *to, mc_sym *x, mc_error *err)
{
    mc_sym both[2] = {*x, *x};
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_ABSOLUTE, 0.0, 0.0, &both[1], err));
    MC_TRY(mc_emit_unary(to, &both[1], MC_UNARY_SCALE, 1e-5, 0.0, &both[1], err));
    MC_TRY(mc_emit_unary(to, &both[1], MC_UNARY_OFFSET, 1e-8, 0.0, &both[1], err));
    return mc_emit_sum(to, both, 2, NULL, 1.0, x, err);
}

/* The number of each value's bin: how many inner edges it has passed. */
static mc_status emit_codes(mc_lowering *to, const bins *b, mc_sym *x, mc_error *err)
{
    mc_step step = MC_STEP_INIT(BINS);
    double *inner = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new(to->arena, double, b->n_all, &inner, err));
    for (size_t j = 0; j < b->n_features; j++)
        for (size_t i = 1; i < b->n_bins[j]; i++)
            inner[n++] = b->edges[j][i];
    MC_TRY(put_runs(to, b, 1, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, inner, 1, n, &step.array[1], err));
    return mc_emit_step(to, step, x, x->n_cols, x, err);
}

/* The middle of each code's bin. */
static mc_status emit_centers(mc_lowering *to, const bins *b, mc_sym *x, mc_error *err)
{
    mc_step step = MC_STEP_INIT(PICK);
    double *centers = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new(to->arena, double, b->n_all, &centers, err));
    for (size_t j = 0; j < b->n_features; j++)
        for (size_t i = 0; i < b->n_bins[j]; i++)
            centers[n++] = (b->edges[j][i + 1] + b->edges[j][i]) * 0.5;
    step.flags = MC_STEP_FROM_END;
    MC_TRY(put_runs(to, b, 0, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, centers, 1, n, &step.array[1], err));
    return mc_emit_step(to, step, x, x->n_cols, x, err);
}

static bool is_single(mc_lowering *to, const mc_value *est)
{
    mc_dtype_info dtype;
    const mc_value *value = mc_value_attr(est, "dtype");
    return !mc_value_is_none(value) &&
           mc_dtype_from_value(to->arena, value, &dtype, NULL) == MC_OK && dtype.kind == 'f' &&
           dtype.item_size == sizeof(float);
}

static mc_status bins_forth(mc_lowering *to, const mc_value *est, const bins *b, bool is_one_hot,
                            mc_sym *x, mc_error *err)
{
    mc_step step = MC_STEP_INIT(INDICATORS), narrow = MC_STEP_INIT(ROUND32);
    if (b->n_features != x->n_cols)
        return mc_refuse(err, est, "attribute bin_edges_: expected %zu arrays, found %zu",
                         x->n_cols, b->n_features);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, x, err));
    if (is_single(to, est))
        MC_TRY(mc_emit_step(to, narrow, x, x->n_cols, x, err));
    if (mc_version_of(to, est) <= 100)
        MC_TRY(push(to, x, err));
    MC_TRY(emit_codes(to, b, x, err));
    x->sparse_as_input = false;
    if (!is_one_hot)
        return MC_OK;
    step.src = x->buffer;
    MC_TRY(put_runs(to, b, 0, &step.array[0], err));
    MC_TRY(mc_emit_marks(to, step, b->n_all, x, err));
    x->sparse = mc_attr_is_text(est, "encode", "onehot");
    return MC_OK;
}

static mc_status bins_back(mc_lowering *to, const mc_value *est, const bins *b, bool is_one_hot,
                           mc_sym *x, mc_error *err)
{
    mc_step step = MC_STEP_INIT(BLOCK_ARGMAX);
    if (x->n_cols != (is_one_hot ? b->n_all : b->n_features))
        return mc_refuse(err, est, "its bins do not fit %zu columns", x->n_cols);
    if (is_one_hot) {
        step.flags = MC_STEP_REFUSE_ZEROS;
        MC_TRY(put_runs(to, b, 0, &step.array[0], err));
        MC_TRY(mc_emit_block_argmax(to, step, x, b->n_features, x, err));
    } else {
        MC_TRY(mc_emit_check(to, x, MC_FINITE, x, err));
    }
    MC_TRY(emit_centers(to, b, x, err));
    x->sparse = x->sparse_as_input = false;
    return MC_OK;
}

/* KBinsDiscretizer: the bin of each value, as a number or as indicators. */
mc_status mc_lower_bins(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                        mc_answer *out, mc_error *err)
{
    bins b;
    mc_sym y = *x;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    const bool is_one_hot = !mc_attr_is_text(est, "encode", "ordinal");
    MC_TRY(read_bins(to, est, &b, err));
    MC_TRY(method == MC_METHOD_TRANSFORM ? bins_forth(to, est, &b, is_one_hot, &y, err)
                                         : bins_back(to, est, &b, is_one_hot, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
