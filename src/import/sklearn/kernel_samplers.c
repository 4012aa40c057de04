/* kernel_samplers.c: RBFSampler, SkewedChi2Sampler, AdditiveChi2Sampler, PolynomialCountSketch:
 * features whose products approximate a kernel.
 *
 * Oracle   sklearn/kernel_approximation.py, scikit-learn 1.2 to 1.9.
 * Exact    Products within the bound of kernel/linear.c; what cos() makes of them is as far off as
 *          its argument. AdditiveChi2Sampler: the same operations, within 4 ulp. The sketch: see
 *          kernel/sketch.c. */
#include <math.h>

#include "import/sklearn/kernel_rows.h"
#include "kernel/sketch.h"

/* cos(x @ random_weights_ + random_offset_) * scale */
static mc_status waves(mc_lowering *to, const mc_value *est, const mc_sym *x, double scale,
                       mc_answer *out, mc_error *err)
{
    const double *random = NULL, *weights = NULL, *offset = NULL;
    size_t k = 0;
    mc_sym y;
    MC_TRY(mc_attr_matrix(to, est, "random_weights_", x->n_cols, MC_ANY, &random, NULL, &k, err));
    MC_TRY(mc_attr_vector(to, est, "random_offset_", k, &offset, NULL, err));
    MC_TRY(mc_transposed(to, random, x->n_cols, k, &weights, err));
    MC_TRY(mc_emit_linear(to, x, weights, offset, k, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_COS, 0.0, 0.0, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_SCALE, scale, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_rbf_sampler(mc_lowering *to, const mc_value *est, mc_method method,
                               const mc_sym *x, mc_answer *out, mc_error *err)
{
    double n = 0.0;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_number(est, "n_components", 100.0, &n, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    return waves(to, est, &y, sqrt(2.0 / n), out, err);
}

mc_status mc_lower_skewed_chi2_sampler(mc_lowering *to, const mc_value *est, mc_method method,
                                       const mc_sym *x, mc_answer *out, mc_error *err)
{
    double n = 0.0, skewedness = 0.0;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_number(est, "n_components", 100.0, &n, err));
    MC_TRY(mc_attr_number(est, "skewedness", 1.0, &skewedness, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_check_least(to, &y, -skewedness, true, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_OFFSET, skewedness, 0.0, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG, 0.0, 0.0, &y, err));
    return waves(to, est, &y, sqrt(2.0) / sqrt(n), out, err);
}

/* sample_interval_ was an attribute up to 1.2 or 1.3, then _sample_interval; now it is found. */
static mc_status sample_interval(const mc_value *est, int64_t n_steps, double *out, mc_error *err)
{
    static const double DEFAULTS[] = {0.8, 0.5, 0.4};
    if (mc_attr_has(est, "sample_interval"))
        return mc_attr_number(est, "sample_interval", 0.0, out, err);
    if (n_steps < 1 || n_steps > 3)
        return mc_refuse(err, est, "sample_interval: None for sample_steps=%lld",
                         (long long)n_steps);
    *out = DEFAULTS[n_steps - 1];
    return MC_OK;
}

/* [root, cos 1, sin 1, cos 2, sin 2 ...], each as wide as x; zeros stay zeros, so sparse rows
 * stay sparse. */
mc_status mc_lower_additive_chi2_sampler(mc_lowering *to, const mc_value *est, mc_method method,
                                         const mc_sym *x, mc_answer *out, mc_error *err)
{
    static const int64_t MOST_STEPS = 10000;
    int64_t n_steps = 0;
    double interval = 0.0;
    mc_sym y, *parts = NULL;
    size_t n = 0;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_integer(est, "sample_steps", 2, &n_steps, err));
    if (n_steps < 1 || n_steps > MOST_STEPS)
        return mc_refuse(err, est, "sample_steps: expected 1 to %lld, found %lld",
                         (long long)MOST_STEPS, (long long)n_steps);
    MC_TRY(sample_interval(est, n_steps, &interval, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    const mc_sym like = y;
    MC_TRY(mc_emit_check_least(to, &y, 0.0, false, &y, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, 2 * (size_t)n_steps, &parts, err));
    MC_TRY(mc_emit_kernel_map(to, &y, MC_MAP_CHI2_ROOT, interval, 0.0, &parts[n++], err));
    for (int64_t j = 1; j < n_steps; j++) {
        const double order = (double)j;
        MC_TRY(mc_emit_kernel_map(to, &y, MC_MAP_CHI2_COS, interval, order, &parts[n++], err));
        MC_TRY(mc_emit_kernel_map(to, &y, MC_MAP_CHI2_SIN, interval, order, &parts[n++], err));
    }
    mc_sym all;
    for (size_t i = 0; i < n; i++) /* zeros_like(X) */
        MC_TRY(mc_emit_as_type_of(to, &like, &parts[i], &parts[i], err));
    MC_TRY(mc_emit_hstack(to, parts, n, y.sparse, &all, err));
    all.sparse_as_input = y.sparse_as_input;
    all.type = like.type;
    all.type_as_input = like.type_as_input;
    return mc_answer_matrix(to, all, out, err);
}

/* sqrt(gamma) x, and sqrt(coef0) behind it if there is one. */
static mc_status sketched_rows(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                               mc_error *err)
{
    double gamma = 1.0, coef0 = 0.0;
    mc_sym parts[2];
    MC_TRY(mc_attr_number(est, "gamma", 1.0, &gamma, err));
    MC_TRY(mc_attr_number(est, "coef0", 0.0, &coef0, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_SCALE, sqrt(gamma), 0.0, out, err));
    if (coef0 == 0.0)
        return MC_OK;
    const double last = sqrt(coef0);
    parts[0] = *out;
    MC_TRY(mc_emit_constant(to, &last, 1, &parts[1], err));
    return mc_emit_hstack(to, parts, 2, false, out, err);
}

static mc_status sketch(mc_lowering *to, const mc_value *est, const int64_t *at,
                        const double *signs, const mc_sym *x, size_t width, mc_sym *out,
                        mc_error *err)
{
    uint32_t *columns = NULL;
    mc_step step = MC_STEP_INIT(COUNT_SKETCH);
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &columns, err));
    for (size_t j = 0; j < x->n_cols; j++) {
        if (at[j] < 0 || (uint64_t)at[j] >= width)
            return mc_refuse(err, est, "indexHash_: %lld of %zu", (long long)at[j], width);
        columns[j] = (uint32_t)at[j];
    }
    MC_TRY(mc_build_u32(to->b, columns, x->n_cols, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, signs, 1, x->n_cols, &step.array[1], err));
    return mc_emit_kernel_step(to, step, x, width, out, err);
}

/* The convolution of `degree` sketches. */
mc_status mc_lower_polynomial_count_sketch(mc_lowering *to, const mc_value *est, mc_method method,
                                           const mc_sym *x, mc_answer *out, mc_error *err)
{
    const int64_t *at = NULL;
    const double *signs = NULL;
    int64_t width = 0;
    size_t n_at = 0, degree = 0;
    mc_sym y, all, one;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_integer(est, "n_components", 100, &width, err));
    MC_TRY(sketched_rows(to, est, x, &y, err));
    MC_TRY(mc_attr_matrix(to, est, "bitHash_", MC_ANY, y.n_cols, &signs, &degree, NULL, err));
    MC_TRY(mc_attr_integers(to, est, "indexHash_", MC_ANY, &at, &n_at, err));
    if (width < 1 || degree < 1 || n_at != degree * y.n_cols)
        return mc_refuse(err, est, "indexHash_: expected %zu x %zu items, found %zu", degree,
                         y.n_cols, n_at);
    MC_TRY(sketch(to, est, at, signs, &y, (size_t)width, &all, err));
    for (size_t i = 1; i < degree; i++) {
        mc_step step = MC_STEP_INIT(CONVOLVE);
        MC_TRY(
            sketch(to, est, at + i * y.n_cols, signs + i * y.n_cols, &y, (size_t)width, &one, err));
        step.src2 = all.buffer; /* `one` has as many values that are not 0 as x: it goes first */
        MC_TRY(mc_emit_kernel_step(to, step, &one, (size_t)width, &all, err));
    }
    return mc_answer_matrix(to, all, out, err);
}
