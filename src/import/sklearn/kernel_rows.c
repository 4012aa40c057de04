/* kernel_rows.c: kernels of a symbol with training rows, and the steps that they are made of.
 *
 * Oracle   pairwise_kernels() and the kernels of sklearn/metrics/pairwise.py, scikit-learn 1.2 to
 *          1.9.
 * Exact    As kernel/kernels.c and kernel/kernel_map.c state; cosine: rows of length 1 within 2
 *          ulp, then a dot product. A model fitted on float32 computes in float32 there, in float64
 *          here: within float32's precision of each other. */
#include "import/sklearn/kernel_rows.h"

#include <math.h>

#include "base/size.h"

/* ------------------------------------------------------------------------- fitted rows ---- */

static mc_status dense_of_sparse(mc_lowering *to, const mc_value *value, mc_fitted_rows *out,
                                 mc_error *err)
{
    mc_sparse sparse;
    double *rows = NULL;
    size_t n_items = 0;
    MC_TRY(mc_sparse_from_value(to->arena, value, &sparse, err));
    if (!mc_mul_size(sparse.n_rows, sparse.n_cols, &n_items))
        return mc_fail(err, MC_E_LIMIT, value->offset, "a sparse matrix too large to be filled");
    MC_TRY(mc_arena_new(to->arena, double, n_items, &rows, err));
    const size_t n_major = sparse.is_csc ? sparse.n_cols : sparse.n_rows;
    for (size_t i = 0; i < n_major; i++) {
        for (int64_t at = sparse.indptr[i]; at < sparse.indptr[i + 1]; at++) {
            const size_t j = (size_t)sparse.indices[at];
            rows[sparse.is_csc ? j * sparse.n_cols + i : i * sparse.n_cols + j] += sparse.data[at];
        }
    }
    *out = (mc_fitted_rows){.rows = rows, .n = sparse.n_rows, .d = sparse.n_cols};
    return MC_OK;
}

mc_status mc_attr_dense(mc_lowering *to, const mc_value *est, const char *name, size_t n, size_t d,
                        mc_fitted_rows *out, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_attr_need(est, name, &value, err));
    if (!mc_value_is_sparse(value))
        return mc_attr_matrix(to, est, name, n, d, &out->rows, &out->n, &out->d, err);
    MC_TRY_IN(dense_of_sparse(to, value, out, err), err, "attribute %s", name);
    if ((n != MC_ANY && out->n != n) || (d != MC_ANY && out->d != d))
        return mc_refuse(err, est, "attribute %s: found %zu x %zu, expected other counts", name,
                         out->n, out->d);
    return MC_OK;
}

mc_status mc_transposed(mc_lowering *to, const double *items, size_t k, size_t n,
                        const double **out, mc_error *err)
{
    double *made = NULL;
    MC_TRY(mc_arena_new(to->arena, double, k *n, &made, err)); /* as many as there are */
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            made[j * k + i] = items[i * n + j];
    *out = made;
    return MC_OK;
}

/* ------------------------------------------------------------------------------- steps ---- */

mc_status mc_emit_kernel_step(mc_lowering *to, mc_step step, const mc_sym *x, size_t width,
                              mc_sym *out, mc_error *err)
{
    mc_sym in;
    uint32_t buffer = 0;
    MC_TRY(mc_to_numbers(to, x, &in, err));
    step.src = in.buffer;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

mc_status mc_emit_pair_sums(mc_lowering *to, const mc_sym *x, mc_pair_sum which,
                            const mc_fitted_rows *fitted, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(PAIR_SUMS);
    const size_t n_lines = mc_pair_blocks(fitted->n) * mc_pair_height(which, fitted->d);
    double *packed = NULL;
    size_t n_items = 0;
    if (x->n_cols != fitted->d)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                       "rows of %zu columns, and fitted ones of %zu", x->n_cols, fitted->d);
    if (!mc_mul_size(n_lines, MC_PAIR_LANES, &n_items))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "too many fitted rows");
    MC_TRY(mc_arena_new(to->arena, double, n_items, &packed, err));
    mc_pair_pack(which, fitted->rows, fitted->n, fitted->d, packed);
    step.n[0] = which;
    MC_TRY(mc_build_f64(to->b, packed, n_lines, MC_PAIR_LANES, &step.array[0], err));
    return mc_emit_kernel_step(to, step, x, fitted->n, out, err);
}

mc_status mc_emit_kernel_map(mc_lowering *to, const mc_sym *x, mc_kernel_map which, double a,
                             double b, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(KERNEL_MAP);
    const mc_sym in = *x;
    step.n[0] = which;
    step.value[0] = a;
    step.value[1] = b;
    MC_TRY(mc_emit_kernel_step(to, step, x, x->n_cols, out, err));
    out->sparse = in.sparse;
    out->sparse_as_input = in.sparse_as_input;
    return MC_OK;
}

mc_status mc_emit_times(mc_lowering *to, const mc_sym *x, const mc_sym *y, mc_sym *out,
                        mc_error *err)
{
    mc_step step = MC_STEP_INIT(TIMES);
    mc_sym other;
    MC_TRY(mc_to_numbers(to, y, &other, err));
    step.src2 = other.buffer;
    return mc_emit_kernel_step(to, step, x, x->n_cols, out, err);
}

mc_status mc_emit_check_least(mc_lowering *to, const mc_sym *x, double least, bool or_equal,
                              mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CHECK_LEAST);
    const mc_sym in = *x;
    step.value[0] = least;
    step.flags = or_equal ? MC_STEP_OR_EQUAL : 0;
    MC_TRY(mc_emit_kernel_step(to, step, x, x->n_cols, out, err));
    out->sparse = in.sparse;
    out->sparse_as_input = in.sparse_as_input;
    return MC_OK;
}

/* --------------------------------------------------------------------- pairwise kernels ---- */

static mc_status cosine(mc_lowering *to, const mc_sym *x, const mc_fitted_rows *fitted, mc_sym *out,
                        mc_error *err)
{
    mc_sym y;
    double *rows = NULL;
    MC_TRY(mc_arena_new(to->arena, double, fitted->n * fitted->d, &rows, err));
    mc_normalize(fitted->rows, fitted->n, fitted->d, MC_NORM_L2, 10.0 * 0x1p-52, rows);
    const mc_fitted_rows unit = {.rows = rows, .n = fitted->n, .d = fitted->d};
    MC_TRY(mc_emit_normalize(to, x, MC_NORM_L2, &y, err));
    return mc_emit_pair_sums(to, &y, MC_PAIR_DOT, &unit, out, err);
}

/* gamma x.y + coef0 */
static mc_status bent_dot(mc_lowering *to, const mc_pairwise *kernel, double gamma, const mc_sym *x,
                          const mc_fitted_rows *fitted, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_emit_pair_sums(to, x, MC_PAIR_DOT, fitted, out, err));
    MC_TRY(mc_emit_kernel_map(to, out, MC_MAP_SCALE, gamma, 0.0, out, err));
    return mc_emit_kernel_map(to, out, MC_MAP_OFFSET, kernel->coef0, 0.0, out, err);
}

static mc_status exp_of(mc_lowering *to, mc_pair_sum which, double by, const mc_sym *x,
                        const mc_fitted_rows *fitted, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_emit_pair_sums(to, x, which, fitted, out, err));
    return mc_emit_kernel_map(to, out, MC_MAP_GAUSS, by, 0.0, out, err);
}

mc_status mc_emit_pairwise(mc_lowering *to, const mc_value *est, const mc_pairwise *kernel,
                           const mc_sym *x, const mc_fitted_rows *fitted, mc_sym *out,
                           mc_error *err)
{
    const mc_bytes metric = kernel->metric;
    const double gamma = isnan(kernel->gamma) ? 1.0 / (double)fitted->d : kernel->gamma;
    mc_sym y = *x;
    if (mc_bytes_is(metric, "linear"))
        return mc_emit_pair_sums(to, x, MC_PAIR_DOT, fitted, out, err);
    if (mc_bytes_is(metric, "cosine"))
        return cosine(to, x, fitted, out, err);
    if (mc_bytes_is(metric, "rbf"))
        return exp_of(to, MC_PAIR_EXPANDED, -gamma, x, fitted, out, err);
    if (mc_bytes_is(metric, "laplacian"))
        return exp_of(to, MC_PAIR_ABSOLUTE, -gamma, x, fitted, out, err);
    if (mc_bytes_is(metric, "poly") || mc_bytes_is(metric, "polynomial")) {
        MC_TRY(bent_dot(to, kernel, gamma, x, fitted, out, err));
        return mc_emit_kernel_map(to, out, MC_MAP_POWER, kernel->degree, 0.0, out, err);
    }
    if (mc_bytes_is(metric, "sigmoid")) {
        MC_TRY(bent_dot(to, kernel, gamma, x, fitted, out, err));
        return mc_emit_kernel_map(to, out, MC_MAP_TANH, 0.0, 0.0, out, err);
    }
    if (mc_bytes_is(metric, "additive_chi2") || mc_bytes_is(metric, "chi2"))
        MC_TRY(mc_emit_check_least(to, x, 0.0, false, &y, err));
    if (mc_bytes_is(metric, "additive_chi2"))
        return mc_emit_pair_sums(to, &y, MC_PAIR_CHI2, fitted, out, err);
    if (mc_bytes_is(metric, "chi2"))
        return exp_of(to, MC_PAIR_CHI2, isnan(kernel->gamma) ? 1.0 : kernel->gamma, &y, fitted, out,
                      err);
    return mc_refuse(err, est, "kernel: expected one of sklearn.metrics.pairwise, found \"%.*s\"",
                     MC_SHOW(metric));
}

mc_status mc_emit_any_kernel(mc_lowering *to, const mc_value *est, mc_pairwise named,
                             const mc_sym *x, const mc_fitted_rows *fitted, mc_sym *out,
                             mc_error *err)
{
    const mc_value *kernel = NULL;
    MC_TRY(mc_attr_need(est, "kernel", &kernel, err));
    if (mc_value_is(kernel, MC_KIND_OBJECT))
        return mc_emit_process_kernel(to, kernel, x, fitted, out, err);
    if (!mc_value_is(kernel, MC_KIND_TEXT)) {
        char type[160];
        return mc_refuse(err, est, "kernel: expected a name, found the function %s: it is not run",
                         mc_value_type_name(kernel, type, sizeof type));
    }
    named.metric = kernel->as.bytes;
    if (mc_bytes_is(named.metric, "chi2") && mc_version_of(to, est) <= 18)
        named.gamma = 1.0; /* its table of parameters had none for chi2 */
    return mc_emit_pairwise(to, est, &named, x, fitted, out, err);
}
