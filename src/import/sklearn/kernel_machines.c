/* kernel_machines.c: KernelRidge, KernelPCA, KernelCenterer and Nystroem: kernels with the fitted
 * rows, times a matrix.
 *
 * Oracle   sklearn/kernel_ridge.py, decomposition/_kernel_pca.py, preprocessing/_data.py,
 *          kernel_approximation.py, scikit-learn 1.2 to 1.9.
 * Exact    Kernels as kernel_rows.c states, products within the bound of kernel/linear.c. */
#include <math.h>

#include "import/sklearn/kernel_rows.h"

static bool is_precomputed(const mc_value *est)
{
    return mc_attr_is_text(est, "kernel", "precomputed");
}

/* gamma, degree and coef0 as attributes, which a kernel by name takes what it knows of. */
static mc_status parameters(const mc_value *est, const char *gamma, double degree, double coef0,
                            mc_pairwise *out, mc_error *err)
{
    *out = (mc_pairwise){.gamma = (double)NAN};
    MC_TRY(mc_attr_number(est, gamma, (double)NAN, &out->gamma, err));
    MC_TRY(mc_attr_number(est, "degree", degree, &out->degree, err));
    return mc_attr_number(est, "coef0", coef0, &out->coef0, err);
}

/* x @ w for w (n, k). */
static mc_status product(mc_lowering *to, const mc_sym *x, const double *w, size_t n, size_t k,
                         mc_sym *out, mc_error *err)
{
    const double *weights = NULL;
    MC_TRY(mc_transposed(to, w, n, k, &weights, err));
    return mc_emit_linear(to, x, weights, NULL, k, out, err);
}

/* kernel(x, X_fit_) @ dual_coef_, of one target or of many. */
mc_status mc_lower_kernel_ridge(mc_lowering *to, const mc_value *est, mc_method method,
                                const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_pairwise named;
    mc_fitted_rows fitted;
    mc_ndarray dual;
    double *coef = NULL;
    mc_sym y;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_array(to, est, "dual_coef_", &dual, err));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &dual, &coef, err), err, "attribute dual_coef_");
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    if (!is_precomputed(est)) {
        MC_TRY(parameters(est, "gamma", 3.0, 1.0, &named, err));
        MC_TRY(mc_attr_dense(to, est, "X_fit_", MC_ANY, x->n_cols, &fitted, err));
        MC_TRY(mc_emit_any_kernel(to, est, named, &y, &fitted, &y, err));
    }
    const size_t k = dual.n_dims == 2 ? dual.shape[1] : 1;
    if (dual.n_dims == 0 || dual.n_dims > 2 || dual.shape[0] != y.n_cols)
        return mc_refuse(err, est, "dual_coef_: expected %zu rows", y.n_cols);
    MC_TRY(product(to, &y, coef, y.n_cols, k, &y, err));
    return dual.n_dims == 1 ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}

static mc_status center(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    const double *columns = NULL;
    mc_step step = MC_STEP_INIT(CENTER_KERNEL);
    MC_TRY(mc_attr_vector(to, est, "K_fit_rows_", x->n_cols, &columns, NULL, err));
    MC_TRY(mc_attr_number(est, "K_fit_all_", (double)NAN, &step.value[0], err));
    MC_TRY(mc_build_f64(to->b, columns, 1, x->n_cols, &step.array[0], err));
    return mc_emit_kernel_step(to, step, x, x->n_cols, out, err);
}

mc_status mc_lower_kernel_centerer(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(center(to, est, &y, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* Eigenvalues and eigenvectors were called lambdas_ and alphas_ up to 0.24. */
static mc_status scaled_vectors(mc_lowering *to, const mc_value *est, size_t n, const double **out,
                                size_t *out_k, mc_error *err)
{
    const bool is_old = mc_value_attr(est, "eigenvalues_") == NULL;
    const double *values = NULL, *vectors = NULL;
    double *scaled = NULL;
    size_t k = 0;
    MC_TRY(mc_attr_vector(to, est, is_old ? "lambdas_" : "eigenvalues_", MC_ANY, &values, &k, err));
    MC_TRY(mc_attr_matrix(to, est, is_old ? "alphas_" : "eigenvectors_", n, k, &vectors, NULL, NULL,
                          err));
    MC_TRY(mc_arena_new(to->arena, double, n *k, &scaled, err));
    const bool zeros_stay = mc_version_of(to, est) >= 21; /* before, they were divided by 0 */
    for (size_t at = 0; at < n * k; at++) {
        const double value = values[at % k];
        scaled[at] = value == 0.0 && zeros_stay ? 0.0 : vectors[at] / sqrt(value);
    }
    *out = scaled;
    *out_k = k;
    return MC_OK;
}

/* gamma_ is there since 1.3; before, a gamma that is None was 1 / columns of either space. */
static mc_status pca_kernel(mc_lowering *to, const mc_value *est, const char *rows, const mc_sym *x,
                            mc_sym *out, mc_error *err)
{
    mc_pairwise named;
    mc_fitted_rows fitted;
    *out = *x;
    if (is_precomputed(est))
        return MC_OK;
    MC_TRY(parameters(est, mc_attr_has(est, "gamma_") ? "gamma_" : "gamma", 3.0, 1.0, &named, err));
    MC_TRY(mc_attr_dense(to, est, rows, MC_ANY, x->n_cols, &fitted, err));
    return mc_emit_any_kernel(to, est, named, x, &fitted, out, err);
}

/* In 0.23 and until 0.24.1 alpha was added to K[i, i] of row i: a row alone gets it at 0. */
static mc_status add_alpha_by_place(mc_lowering *to, const mc_value *est, mc_sym *k, mc_error *err)
{
    double *first = NULL;
    double alpha = 1.0;
    const unsigned version = mc_version_of(to, est);
    if (version != 23 && (version != 24 || mc_attr_is_text(est, "_sklearn_version", "0.24.2")))
        return MC_OK;
    MC_TRY(mc_attr_number(est, "alpha", 1.0, &alpha, err));
    MC_TRY(mc_arena_new(to->arena, double, k->n_cols, &first, err));
    first[0] = alpha;
    return mc_emit_add(to, k, first, k, err);
}

static mc_status inverse_transform(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                   mc_answer *out, mc_error *err)
{
    const double *dual = NULL;
    size_t d = 0;
    mc_sym y;
    bool is_fitted = false;
    MC_TRY(mc_attr_bool(est, "fit_inverse_transform", false, &is_fitted, err));
    if (!is_fitted)
        return mc_no_method(err, est, MC_METHOD_INVERSE_TRANSFORM);
    MC_TRY(mc_to_numbers(to, x, &y, err));
    MC_TRY(pca_kernel(to, est, "X_transformed_fit_", &y, &y, err));
    MC_TRY(mc_attr_matrix(to, est, "dual_coef_", y.n_cols, MC_ANY, &dual, NULL, &d, err));
    MC_TRY(add_alpha_by_place(to, est, &y, err));
    MC_TRY(product(to, &y, dual, y.n_cols, d, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_kernel_pca(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *centerer = NULL;
    const double *vectors = NULL;
    size_t k = 0;
    mc_sym y;
    if (method == MC_METHOD_INVERSE_TRANSFORM)
        return inverse_transform(to, est, x, out, err);
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_need(est, "_centerer", &centerer, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(pca_kernel(to, est, "X_fit_", &y, &y, err));
    MC_TRY(center(to, centerer, &y, &y, err));
    MC_TRY(scaled_vectors(to, est, y.n_cols, &vectors, &k, err));
    MC_TRY(product(to, &y, vectors, y.n_cols, k, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* Parameters of a kernel by name: kernel_params, over which the attributes go. */
static mc_status nystroem_parameters(const mc_value *est, mc_pairwise *out, mc_error *err)
{
    static const char *const NAMES[] = {"gamma", "degree", "coef0"};
    const mc_value *given = mc_value_attr(est, "kernel_params");
    mc_pairwise found = {.gamma = (double)NAN, .degree = 3.0, .coef0 = 1.0};
    double *const into[] = {&found.gamma, &found.degree, &found.coef0};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++) {
        const mc_value *value = mc_dict_get(given, NAMES[i]);
        if (!mc_value_is_none(value))
            MC_TRY_IN(mc_number_from_value(value, into[i], err), err, "kernel_params[\"%s\"]",
                      NAMES[i]);
        MC_TRY(mc_attr_number(est, NAMES[i], *into[i], into[i], err));
    }
    *out = found;
    return MC_OK;
}

/* kernel(x, components_) @ normalization_.T */
mc_status mc_lower_nystroem(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    mc_pairwise named;
    mc_fitted_rows fitted;
    const double *weights = NULL;
    size_t k = 0;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    if (!is_precomputed(est)) {
        MC_TRY(nystroem_parameters(est, &named, err));
        MC_TRY(mc_attr_dense(to, est, "components_", MC_ANY, x->n_cols, &fitted, err));
        MC_TRY(mc_emit_any_kernel(to, est, named, &y, &fitted, &y, err));
    }
    MC_TRY(mc_attr_matrix(to, est, "normalization_", MC_ANY, y.n_cols, &weights, &k, NULL, err));
    MC_TRY(mc_emit_linear(to, &y, weights, NULL, k, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
