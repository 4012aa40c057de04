/* feature_maps.c: PowerTransformer, QuantileTransformer, PolynomialFeatures.
 *
 * Oracle   sklearn/preprocessing/_data.py, _polynomial.py, scikit-learn 1.2 to 1.9.
 * Exact    As kernel/column_map.c says; products bit for bit, in the order of dense rows
 *          (scikit-learn multiplies sparse rows the other way round: from degree 3 on within
 *          degree - 2 ulp). */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/neighbors_fit.h"
#include "kernel/column_map.h"

static bool is_way(mc_method method)
{
    return method == MC_METHOD_TRANSFORM || method == MC_METHOD_INVERSE_TRANSFORM;
}

/* ------------------------------------------------------------------------------- powers ---- */

static mc_status power_of(mc_lowering *to, const mc_value *est, bool forth, mc_power *out,
                          mc_error *err)
{
    const unsigned version = mc_version_of(to, est);
    if (mc_attr_is_text(est, "method", "box-cox")) {
        *out = forth            ? MC_POWER_BOX_COX
               : version >= 106 ? MC_POWER_BOX_COX_BACK_LOGS
                                : MC_POWER_BOX_COX_BACK;
        return MC_OK;
    }
    if (!mc_attr_is_text(est, "method", "yeo-johnson"))
        return mc_refuse(err, est, "method: expected yeo-johnson or box-cox, found \"%.*s\"",
                         MC_SHOW(mc_attr_text(est, "method")));
    *out = !forth           ? MC_POWER_YEO_JOHNSON_BACK
           : version >= 109 ? MC_POWER_YEO_JOHNSON_LOGS
                            : MC_POWER_YEO_JOHNSON;
    return MC_OK;
}

static mc_status emit_power(mc_lowering *to, const mc_value *est, bool forth, mc_sym *x,
                            mc_error *err)
{
    const double *lambdas = NULL;
    mc_power which = MC_POWER_YEO_JOHNSON;
    mc_step step = MC_STEP_INIT(POWER);
    MC_TRY(power_of(to, est, forth, &which, err));
    MC_TRY(mc_attr_vector(to, est, "lambdas_", x->n_cols, &lambdas, NULL, err));
    step.n[0] = which;
    step.flags = which == MC_POWER_BOX_COX ? MC_STEP_POSITIVE : 0;
    MC_TRY(mc_build_f64(to->b, lambdas, 1, x->n_cols, &step.array[0], err));
    return mc_emit_step(to, step, x, x->n_cols, x, err);
}

/* x -> its power, standardized if asked; and back. */
mc_status mc_lower_power(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                         mc_answer *out, mc_error *err)
{
    bool standardize = true;
    const mc_value *scaler = NULL;
    const bool forth = method == MC_METHOD_TRANSFORM;
    mc_sym y;
    if (!is_way(method))
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_bool(est, "standardize", true, &standardize, err));
    if (standardize)
        MC_TRY(mc_attr_need(est, "_scaler", &scaler, err));
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN, &y, err));
    if (forth)
        MC_TRY(emit_power(to, est, true, &y, err));
    if (standardize)
        MC_TRY(mc_lower_one(to, scaler, method, &y, &y, err));
    if (!forth)
        MC_TRY(emit_power(to, est, false, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* ---------------------------------------------------------------------------- quantiles ---- */

/* The tables of QUANTILE: columns as rows, and the same from the last to the first, negated. Up to
 * 0.23 quantiles may descend by a rounding error; numpy.interp's answer then depends on the row
 * asked before, and ours is the one for a row alone. */
static mc_status put_quantiles(mc_lowering *to, const mc_value *est, size_t n_cols, mc_step *step,
                               mc_error *err)
{
    const double *quantiles = NULL, *references = NULL;
    double *rows = NULL, *reversed = NULL, *back = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_vector(to, est, "references_", MC_ANY, &references, &n, err));
    MC_TRY(mc_attr_matrix(to, est, "quantiles_", n, n_cols, &quantiles, NULL, NULL, err));
    if (n == 0)
        return mc_refuse(err, est, "references_: expected values, found none");
    MC_TRY(mc_arena_new(to->arena, double, n *n_cols, &rows, err));
    MC_TRY(mc_arena_new(to->arena, double, n *n_cols, &reversed, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &back, err));
    for (size_t i = 0; i < n; i++) {
        back[i] = -references[n - 1 - i];
        for (size_t j = 0; j < n_cols; j++) {
            rows[j * n + i] = quantiles[i * n_cols + j];
            reversed[j * n + i] = -quantiles[(n - 1 - i) * n_cols + j];
        }
    }
    MC_TRY(mc_build_f64(to->b, rows, n_cols, n, &step->array[0], err));
    MC_TRY(mc_build_f64(to->b, reversed, n_cols, n, &step->array[1], err));
    MC_TRY(mc_build_f64(to->b, references, 1, n, &step->array[2], err));
    return mc_build_f64(to->b, back, 1, n, &step->array[3], err);
}

/* x -> its place among the quantiles of its column, and back. */
mc_status mc_lower_quantile(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(QUANTILE);
    mc_sym y;
    bool is_graph = false;
    if (!is_way(method))
        return mc_no_method(err, est, method);
    step.n[0] = method == MC_METHOD_INVERSE_TRANSFORM;
    step.n[1] = mc_attr_is_text(est, "output_distribution", "normal") ? MC_QUANTILE_NORMAL
                : mc_version_of(to, est) <= 20                        ? MC_QUANTILE_FIRST_UNIFORM
                                                                      : MC_QUANTILE_UNIFORM;
    if (step.n[1] != MC_QUANTILE_NORMAL &&
        !mc_attr_is_text(est, "output_distribution", "uniform")) {
        return mc_refuse(err, est,
                         "output_distribution: expected uniform or normal, found "
                         "\"%.*s\"",
                         MC_SHOW(mc_attr_text(est, "output_distribution")));
    }
    MC_TRY(put_quantiles(to, est, x->n_cols, &step, err));
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN, &y, err));
    step.flags = y.sparse ? MC_STEP_ALL_ABSENT : y.sparse_as_input ? MC_STEP_KEEP_ABSENT : 0;
    MC_TRY(mc_near_stored(to, x, &y, &is_graph, err));
    if (is_graph)
        step.flags = MC_STEP_NAN_ABSENT;
    MC_TRY(mc_emit_step(to, step, &y, x->n_cols, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* -------------------------------------------------------------------------- polynomials ---- */

/* Each term is an earlier term times a column. */
typedef struct terms {
    const mc_value *est;
    size_t n_features, lowest, highest; /* degrees */
    bool interaction_only, include_bias;
    uint32_t *parents, *factors; /* NULL: only counted */
    uint32_t *firsts; /* (n_degrees, n_features + 1): first terms of each; NULL: only counted */
    size_t n, n_degrees;
    size_t from; /* first term of the lowest degree above 1 that is kept */
} terms;

static mc_status read_degrees(const mc_value *est, terms *t, mc_error *err)
{
    int64_t lowest = 0, highest = 2;
    const mc_value *degree = mc_value_attr(est, "degree");
    if (mc_value_is(degree, MC_KIND_TUPLE) && degree->as.items.n == 2) {
        MC_TRY_IN(mc_integer_from_value(degree->as.items.at[0], &lowest, err), err, "degree[0]");
        MC_TRY_IN(mc_integer_from_value(degree->as.items.at[1], &highest, err), err, "degree[1]");
    } else {
        MC_TRY(mc_attr_integer(est, "degree", 2, &highest, err));
    }
    if (lowest < 0 || highest < lowest || highest > UINT16_MAX)
        return mc_refuse(err, est, "degree: expected 0 or more, ascending, found %lld to %lld",
                         (long long)lowest, (long long)highest);
    t->lowest = (size_t)lowest;
    t->highest = (size_t)highest;
    MC_TRY(mc_attr_bool(est, "interaction_only", false, &t->interaction_only, err));
    return mc_attr_bool(est, "include_bias", true, &t->include_bias, err);
}

static void add_term(terms *t, uint32_t parent, uint32_t factor)
{
    if (t->parents != NULL) {
        t->parents[t->n] = parent;
        t->factors[t->n] = factor;
    }
    t->n++;
}

/* The terms of the next degree: those of the last one from first[j] on, times column j. `first`
 * (n_features + 1) becomes that of the new degree. */
static mc_status next_degree(const mc_value *est, terms *t, uint32_t *first, mc_error *err)
{
    const uint32_t end = first[t->n_features];
    for (size_t j = 0; j < t->n_features; j++) {
        uint32_t from = t->interaction_only ? first[j + 1] : first[j];
        first[j] = (uint32_t)t->n;
        if (t->n + (end - from) > MC_LIMIT_WIDTH)
            return mc_refuse(err, est, "degree: it makes more than %zu columns", MC_LIMIT_WIDTH);
        for (; from < end; from++)
            add_term(t, from, (uint32_t)j);
    }
    first[t->n_features] = (uint32_t)t->n;
    return MC_OK;
}

static void keep_firsts(terms *t, const uint32_t *first)
{
    if (t->firsts != NULL)
        memcpy(t->firsts + t->n_degrees * (t->n_features + 1), first,
               (t->n_features + 1) * sizeof *first);
    t->n_degrees++;
}

static mc_status make_terms(mc_lowering *to, const mc_value *est, terms *t, mc_error *err)
{
    uint32_t *first = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, t->n_features + 1, &first, err));
    t->n = t->n_degrees = 0;
    if (t->include_bias)
        add_term(t, MC_NONE, MC_NONE);
    t->from = t->n;
    if (t->highest == 0)
        return MC_OK;
    for (size_t j = 0; j <= t->n_features; j++) {
        first[j] = (uint32_t)t->n;
        if (j < t->n_features)
            add_term(t, MC_NONE, (uint32_t)j);
    }
    keep_firsts(t, first);
    for (size_t degree = 2; degree <= t->highest; degree++) {
        if (degree == t->lowest)
            t->from = t->n;
        const size_t before = t->n;
        MC_TRY(next_degree(est, t, first, err));
        if (t->n == before)
            break; /* no products of more columns than there are */
        keep_firsts(t, first);
    }
    return MC_OK;
}

/* Without the terms of too low a degree. */
static mc_status keep_degrees(mc_lowering *to, const terms *t, mc_sym *y, mc_error *err)
{
    uint32_t *kept = NULL;
    size_t n = 0;
    if (t->lowest < 2)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, uint32_t, t->n, &kept, err));
    for (size_t i = 0; i < t->n; i++)
        if (i >= t->from || (i == 0 && t->include_bias))
            kept[n++] = (uint32_t)i;
    return mc_emit_columns(to, y, kept, n, y, err);
}

static mc_status emit_terms(mc_lowering *to, terms *t, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(POLYNOMIAL);
    MC_TRY(mc_arena_new(to->arena, uint32_t, t->n, &t->parents, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, t->n, &t->factors, err));
    MC_TRY(make_terms(to, t->est, t, err));
    MC_TRY(mc_build_u32(to->b, t->parents, t->n, &step.array[0], err));
    MC_TRY(mc_build_u32(to->b, t->factors, t->n, &step.array[1], err));
    return mc_emit_step(to, step, x, t->n, out, err);
}

/* The same on rows without their zeros: the places of the terms follow from where those of each
 * degree and first column begin. */
static mc_status emit_sparse_terms(mc_lowering *to, terms *t, const mc_sym *x, mc_sym *out,
                                   mc_error *err)
{
    mc_step step = MC_STEP_INIT(CSR_POLYNOMIAL);
    const size_t stride = t->n_features + 1, n_degrees = t->n_degrees;
    mc_sym in;
    size_t n = 0;
    if (!mc_mul_size(n_degrees, stride, &n))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "degree: %zu are too many", n_degrees);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &t->firsts, err));
    MC_TRY(make_terms(to, t->est, t, err));
    MC_TRY(mc_to_sparse(to, x, &in, err));
    step.src = in.buffer;
    step.n[0] = t->include_bias;
    step.flags = t->interaction_only ? MC_STEP_INTERACTIONS : 0;
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U32, t->firsts, n_degrees, stride, &step.array[0], err));
    *out = (mc_sym){.kind = MC_SYM_SPARSE,
                    .n_cols = t->n,
                    .sparse = in.sparse,
                    .sparse_as_input = in.sparse_as_input};
    return mc_build_step(to->b, step, t->n, &out->buffer, err);
}

/* More terms than these are mostly zeros. */
#define DENSE_TERMS ((size_t)16 * MC_WIDE)

/* From 0.21 to 1.0, degree 0 of csr rows has the columns themselves all the same, as degree 1. Rows
 * of a request that may come either way are then served dense alone: an answer has one width. */
static mc_status check_degree_0(mc_lowering *to, const mc_sym *x, terms *t, mc_sym *out,
                                mc_error *err)
{
    const unsigned version = mc_version_of(to, t->est);
    const bool has_columns = t->highest == 0 && version >= 21 && version <= 100;
    if (has_columns && x->sparse)
        t->highest = 1;
    else if (has_columns && x->sparse_as_input && x->kind == MC_SYM_SPARSE)
        return mc_refuse(err, t->est, "degree=0: before 1.1 sparse rows got their columns");
    else if (has_columns && x->sparse_as_input)
        return mc_emit_check(to, x, MC_FINITE | MC_STEP_DENSE_WIDTH, out, err);
    return mc_emit_check_sparse(to, x, MC_FINITE, out, err);
}

/* Products of columns up to a degree. */
mc_status mc_lower_polynomial(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    terms t = {.est = est, .n_features = x->n_cols};
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_degrees(est, &t, err));
    MC_TRY(check_degree_0(to, x, &t, &y, err));
    MC_TRY(make_terms(to, est, &t, err));
    const bool is_wide = y.kind == MC_SYM_SPARSE || t.n > DENSE_TERMS;
    MC_TRY(is_wide && t.n_degrees > 0 ? emit_sparse_terms(to, &t, &y, &y, err)
                                      : emit_terms(to, &t, &y, &y, err));
    MC_TRY(keep_degrees(to, &t, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
