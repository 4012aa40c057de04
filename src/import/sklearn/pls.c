/* pls.c: partial least squares, canonical correlation: one centred and scaled product a method.
 *
 * Oracle   sklearn/cross_decomposition/_pls.py, scikit-learn 1.2 to 1.9.
 * Exact    Within the bound of kernel/linear.c.
 * Versions predict divides by _x_std up to 1.4, coef_ already has since 1.5. 1.2 keeps _coef_, and
 *          answers a column where 1.3 and later answer a vector; before 1.2 coef_ stood the other
 *          way round, before 1.1 the intercept was the mean of the targets, and before 0.24 these
 *          means and deviations were public. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/matrix.h"

/* (d) under the private name, or the public one of old. */
static mc_status statistic(mc_lowering *to, const mc_value *est, const char *name,
                           const char *old_name, size_t d, const double **out, mc_error *err)
{
    const bool is_old = !mc_attr_has(est, name) && mc_attr_has(est, old_name);
    return mc_attr_vector(to, est, is_old ? old_name : name, d, out, NULL, err);
}

static mc_status mean_of(mc_lowering *to, const mc_value *est, size_t d, const double **out,
                         mc_error *err)
{
    return statistic(to, est, "_x_mean", "x_mean_", d, out, err);
}

static mc_status deviation_of(mc_lowering *to, const mc_value *est, size_t d, const double **out,
                              mc_error *err)
{
    return statistic(to, est, "_x_std", "x_std_", d, out, err);
}

static mc_status centred(mc_lowering *to, const mc_value *est, const mc_sym *x, bool scaled,
                         mc_sym *out, mc_error *err)
{
    const double *mean = NULL, *deviation = NULL;
    MC_TRY(mean_of(to, est, x->n_cols, &mean, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, out, err));
    MC_TRY(mc_emit_subtract(to, out, mean, out, err));
    if (!scaled)
        return MC_OK;
    MC_TRY(deviation_of(to, est, x->n_cols, &deviation, err));
    return mc_emit_divide(to, out, deviation, out, err);
}

/* ((x - mean) / deviation) @ rotations. */
static mc_status transform(mc_lowering *to, const mc_value *est, const mc_sym *x, bool by_svd,
                           mc_answer *out, mc_error *err)
{
    const double *rotations = NULL, *weights = NULL;
    size_t k = 0;
    mc_sym y;
    MC_TRY(mc_attr_matrix(to, est, by_svd ? "x_weights_" : "x_rotations_", x->n_cols, MC_ANY,
                          &rotations, NULL, &k, err));
    MC_TRY(mc_matrix_transposed(to, rotations, x->n_cols, k, &weights, err));
    MC_TRY(centred(to, est, x, true, &y, err));
    MC_TRY(mc_emit_linear(to, &y, weights, NULL, k, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* (x @ loadings.T) * deviation + mean. */
static mc_status back(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_answer *out,
                      mc_error *err)
{
    const double *loadings = NULL, *mean = NULL, *deviation = NULL;
    size_t d = 0;
    mc_sym y;
    MC_TRY(mc_attr_matrix(to, est, "x_loadings_", MC_ANY, x->n_cols, &loadings, &d, NULL, err));
    MC_TRY(mean_of(to, est, d, &mean, err));
    MC_TRY(deviation_of(to, est, d, &deviation, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_linear(to, &y, loadings, NULL, d, &y, err));
    MC_TRY(mc_emit_multiply(to, &y, deviation, &y, err));
    MC_TRY(mc_emit_add(to, &y, mean, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* (targets, d), however the version keeps it. */
static mc_status coefficients(mc_lowering *to, const mc_value *est, unsigned version, size_t d,
                              const double **out, size_t *out_k, mc_error *err)
{
    const double *coef = NULL;
    const bool is_private = mc_attr_has(est, "_coef_"); /* 1.1 and 1.2 */
    const char *name = is_private ? "_coef_" : "coef_";
    if (is_private || version >= 102)
        return mc_attr_matrix(to, est, name, MC_ANY, d, out, out_k, NULL, err);
    MC_TRY(mc_attr_matrix(to, est, name, d, MC_ANY, &coef, NULL, out_k, err));
    return mc_matrix_transposed(to, coef, d, *out_k, out, err);
}

static mc_status predict(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_answer *out,
                         mc_error *err)
{
    const unsigned version = mc_version_of(to, est);
    const double *coef = NULL, *intercept = NULL;
    bool is_flat = false;
    size_t k = 0;
    mc_sym y;
    MC_TRY(coefficients(to, est, version, x->n_cols, &coef, &k, err));
    if (mc_attr_has(est, "intercept_"))
        MC_TRY(mc_attr_vector(to, est, "intercept_", k, &intercept, NULL, err));
    else
        MC_TRY(statistic(to, est, "_y_mean", "y_mean_", k, &intercept, err));
    MC_TRY(mc_attr_bool(est, "_predict_1d", false, &is_flat, err));
    MC_TRY(centred(to, est, x, version < 105, &y, err));
    MC_TRY(mc_emit_linear(to, &y, coef, intercept, k, &y, err));
    return is_flat ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_pls(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                       mc_answer *out, mc_error *err)
{
    const bool by_svd = mc_bytes_is(mc_class_name(est), "PLSSVD");
    if (method == MC_METHOD_TRANSFORM)
        return transform(to, est, x, by_svd, out, err);
    if (method == MC_METHOD_INVERSE_TRANSFORM && !by_svd)
        return back(to, est, x, out, err);
    if (method == MC_METHOD_PREDICT && !by_svd)
        return predict(to, est, x, out, err);
    return mc_no_method(err, est, method);
}
