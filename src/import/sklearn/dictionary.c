/* dictionary.c: SparseCoder, DictionaryLearning and MiniBatchDictionaryLearning: rows by few atoms.
 *
 * Oracle   _sparse_encode and _BaseSparseCoding in sklearn/decomposition/_dict_learning.py,
 *          scikit-learn 1.2 to 1.9.
 * Exact    See kernel/sparse_code.c and lars.c. "threshold" is within the bound of kernel/linear.c.
 * Versions "lasso_cd" stops at a duality gap of 1e-4 of the row up to 1.7, of 1e-8 since 1.8, which
 *          screens atoms. inverse_transform is there since 1.7. */
#include <float.h>
#include <math.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/matrix.h"
#include "kernel/lars.h"
#include "kernel/sparse_code.h"

typedef struct coding {
    const double *atoms; /* (k, d) */
    size_t k, d;
    double alpha;
    size_t n_nonzero; /* of lars and omp */
    uint32_t max_iter;
    bool positive, split_sign;
} coding;

static const char *atoms_name(const mc_value *est)
{
    return mc_bytes_is(mc_class_name(est), "SparseCoder") && mc_attr_has(est, "dictionary")
               ? "dictionary"
               : "components_";
}

/* min(max(d / 10, 1), k) unless given. */
static mc_status read_n_nonzero(const mc_value *est, coding *c, mc_error *err)
{
    const size_t tenth = c->d / 10 > 1 ? c->d / 10 : 1;
    const size_t otherwise = tenth < c->k ? tenth : c->k;
    int64_t n = 0;
    MC_TRY(mc_attr_integer(est, "transform_n_nonzero_coefs", (int64_t)otherwise, &n, err));
    if (n < 1 || (uint64_t)n > (uint64_t)MC_LIMIT_ITERATIONS)
        return mc_refuse(err, est, "transform_n_nonzero_coefs: expected 1 to %u, found %lld",
                         MC_LIMIT_ITERATIONS, (long long)n);
    c->n_nonzero = (size_t)n;
    return MC_OK;
}

/* transform_alpha; else, since 1.2, the alpha of the fit; else 1. */
static mc_status read_alpha(const mc_lowering *to, const mc_value *est, double *out, mc_error *err)
{
    const bool is_own = mc_attr_has(est, "transform_alpha") || mc_version_of(to, est) <= 101;
    const char *name = is_own ? "transform_alpha" : "alpha";
    MC_TRY(mc_attr_number(est, name, 1.0, out, err));
    if (!(*out >= 0.0))
        return mc_refuse(err, est, "%s: expected 0 or more, found %g", name, *out);
    return MC_OK;
}

static mc_status read_coding(mc_lowering *to, const mc_value *est, size_t d, coding *out,
                             mc_error *err)
{
    int64_t max_iter = 0;
    *out = (coding){.d = d};
    MC_TRY(mc_attr_matrix(to, est, atoms_name(est), MC_ANY, d, &out->atoms, &out->k, NULL, err));
    MC_TRY(read_alpha(to, est, &out->alpha, err));
    MC_TRY(read_n_nonzero(est, out, err));
    MC_TRY(mc_attr_integer(est, "transform_max_iter", 1000, &max_iter, err));
    MC_TRY(mc_attr_bool(est, "positive_code", false, &out->positive, err));
    MC_TRY(mc_attr_bool(est, "split_sign", false, &out->split_sign, err));
    if (max_iter < 0 || max_iter > (int64_t)MC_LIMIT_ITERATIONS)
        return mc_refuse(err, est, "transform_max_iter: expected at most %u, found %lld",
                         MC_LIMIT_ITERATIONS, (long long)max_iter);
    out->max_iter = (uint32_t)max_iter;
    return MC_OK;
}

/* ------------------------------------------------------------------------------- codes ---- */

/* The code is in the step's first k columns, behind it is scratch. */
static mc_status emit_code(mc_lowering *to, mc_step step, const coding *c, size_t scratch,
                           mc_sym *out, mc_error *err)
{
    double *gram = NULL;
    uint32_t *first = NULL, buffer = 0;
    if (scratch > MC_LIMIT_WIDTH - c->k)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu atoms need too much memory a row", c->k);
    MC_TRY(mc_arena_new(to->arena, uint32_t, c->k, &first, err));
    for (size_t i = 0; i < c->k; i++)
        first[i] = (uint32_t)i;
    MC_TRY(mc_matrix_gram(to, c->atoms, c->k, c->d, &gram, err));
    MC_TRY(mc_build_f64(to->b, gram, c->k, c->k, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, c->k + scratch, &buffer, err));
    const mc_sym whole = {.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = c->k + scratch};
    return mc_emit_columns(to, &whole, first, c->k, out, err);
}

/* Products shrink towards 0 by alpha: x less what of it lies in [-alpha, alpha]. */
static mc_status emit_threshold(mc_lowering *to, const coding *c, const mc_sym *products,
                                mc_sym *out, mc_error *err)
{
    static const double LESS[2] = {1.0, -1.0};
    mc_sym parts[2] = {*products, *products};
    MC_TRY(mc_emit_unary(to, products, MC_UNARY_CLIP, -c->alpha, c->alpha, &parts[1], err));
    MC_TRY(mc_emit_sum(to, parts, 2, LESS, 1.0, out, err));
    return c->positive ? mc_emit_unary(to, out, MC_UNARY_CLIP, 0.0, (double)INFINITY, out, err)
                       : MC_OK;
}

static mc_status emit_pursuit(mc_lowering *to, const mc_value *est, const coding *c,
                              const mc_sym *products, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(PURSUE);
    mc_ndarray atoms;
    size_t square = 0;
    if (c->n_nonzero > c->k)
        return mc_refuse(err, est, "transform_n_nonzero_coefs: expected at most %zu atoms", c->k);
    if (!mc_mul_size(c->n_nonzero, c->n_nonzero, &square) || square > MC_LIMIT_WIDTH / 2)
        return mc_refuse(err, est, "transform_n_nonzero_coefs: %zu are too many", c->n_nonzero);
    step.src = products->buffer;
    step.n[0] = (uint32_t)c->n_nonzero;
    MC_TRY(mc_attr_array(to, est, atoms_name(est), &atoms, err));
    step.value[0] = atoms.dtype.item_size == sizeof(float) ? (double)FLT_EPSILON : DBL_EPSILON;
    return emit_code(to, step, c, MC_PURSUIT_SCRATCH(c->k, c->n_nonzero), out, err);
}

static mc_status emit_lasso(mc_lowering *to, const mc_value *est, const coding *c, const mc_sym *x,
                            const mc_sym *products, mc_sym *out, mc_error *err)
{
    const unsigned version = mc_version_of(to, est);
    mc_step step = MC_STEP_INIT(LASSO_CODE);
    mc_sym length;
    MC_TRY(mc_emit_row_dot(to, x, x, &length, err));
    step.src = products->buffer;
    step.src2 = length.buffer;
    step.flags = c->positive ? MC_STEP_POSITIVE_CODE : 0;
    step.n[0] = c->max_iter;
    step.n[1] = version < 108 ? MC_SCREEN_NOT : version == 108 ? MC_SCREEN_AGAIN : MC_SCREEN_ONCE;
    step.value[0] = c->alpha / (double)c->d * (double)c->d;
    step.value[1] = version < 108 ? 1e-4 : 1e-8;
    return emit_code(to, step, c, MC_LASSO_SCRATCH(c->k), out, err);
}

static mc_status emit_path(mc_lowering *to, const mc_value *est, const coding *c, bool lasso,
                           const mc_sym *products, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(LARS_CODE);
    const uint32_t max_iter = lasso ? c->max_iter : (uint32_t)c->n_nonzero;
    const size_t m = max_iter < c->k ? max_iter : c->k;
    size_t square = 0;
    if (!mc_mul_size(m, m, &square) || square > MC_LIMIT_WIDTH / 2)
        return mc_refuse(err, est, "%zu atoms are too many for a path", m);
    step.src = products->buffer;
    step.flags = (lasso ? MC_STEP_LASSO : 0) | (lasso && c->positive ? MC_STEP_POSITIVE_PATH : 0);
    step.n[0] = max_iter;
    step.n[1] = (uint32_t)c->d;
    step.value[0] = lasso ? c->alpha / (double)c->d : 0.0;
    return emit_code(to, step, c, MC_LARS_SCRATCH(c->k, m), out, err);
}

static mc_status emit_algorithm(mc_lowering *to, const mc_value *est, const coding *c,
                                const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_bytes name = mc_attr_text(est, "transform_algorithm");
    mc_sym products;
    MC_TRY(mc_emit_linear(to, x, c->atoms, NULL, c->k, &products, err));
    if (mc_bytes_is(name, "threshold"))
        return emit_threshold(to, c, &products, out, err);
    if (mc_bytes_is(name, "lasso_cd"))
        return emit_lasso(to, est, c, x, &products, out, err);
    if (mc_bytes_is(name, "lasso_lars"))
        return emit_path(to, est, c, true, &products, out, err);
    if (c->positive)
        return mc_refuse(err, est, "positive_code: \"%.*s\" has no positive code", MC_SHOW(name));
    if (mc_bytes_is(name, "lars"))
        return emit_path(to, est, c, false, &products, out, err);
    if (mc_bytes_is(name, "omp"))
        return emit_pursuit(to, est, c, &products, out, err);
    return mc_refuse(err, est, "transform_algorithm: \"%.*s\" is unknown", MC_SHOW(name));
}

/* [what is above 0, what is below]. */
static mc_status split_signs(mc_lowering *to, const mc_sym *code, mc_sym *out, mc_error *err)
{
    const double infinity = (double)INFINITY;
    mc_sym sides[2];
    MC_TRY(mc_emit_unary(to, code, MC_UNARY_CLIP, 0.0, infinity, &sides[0], err));
    MC_TRY(mc_emit_unary(to, code, MC_UNARY_CLIP, -infinity, 0.0, &sides[1], err));
    MC_TRY(mc_emit_unary(to, &sides[1], MC_UNARY_NEGATIVE, 0.0, 0.0, &sides[1], err));
    return mc_emit_hstack(to, sides, 2, false, out, err);
}

/* ---------------------------------------------------------------------------- methods ---- */

/* code @ atoms, the sides put together first. */
static mc_status back(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_answer *out,
                      mc_error *err)
{
    const double *atoms = NULL;
    double *weights = NULL;
    bool split = false;
    size_t k = 0, d = 0;
    mc_sym y;
    MC_TRY(mc_attr_bool(est, "split_sign", false, &split, err));
    MC_TRY(mc_attr_matrix(to, est, atoms_name(est), MC_ANY, MC_ANY, &atoms, &k, &d, err));
    if (x->n_cols != (split ? 2 * k : k))
        return mc_refuse(err, est, "%zu atoms, but codes of %zu columns", k, x->n_cols);
    MC_TRY(mc_matrix_new(to, d, x->n_cols, &weights, err));
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < x->n_cols; i++)
            weights[j * x->n_cols + i] = i < k ? atoms[i * d + j] : -atoms[(i - k) * d + j];
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_linear(to, &y, weights, NULL, d, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_sparse_coding(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    coding c;
    mc_sym in, y;
    if (method == MC_METHOD_INVERSE_TRANSFORM && mc_version_of(to, est) >= 107)
        return back(to, est, x, out, err);
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_coding(to, est, x->n_cols, &c, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &in, err));
    MC_TRY(emit_algorithm(to, est, &c, &in, &y, err));
    if (c.split_sign)
        MC_TRY(split_signs(to, &y, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
