/* linear_bayes.c: BayesianRidge and ARDRegression, with the standard deviation of a prediction.
 *
 * Oracle   BayesianRidge.predict, ARDRegression.predict, sklearn/linear_model/_bayes.py,
 *          scikit-learn 1.2 to 1.9; that 1.8.0 does not centre and 1.9.1 does was read there.
 * Exact    Means within the bound of kernel/linear.c. std = sqrt(x S x' + 1 / alpha_): an absolute
 *          error below 8 d u (sum of |x_i S_ij x_j|) under the root, u = 2**-53.
 * Why so   Up to 1.8 the quadratic form takes x as it comes; since 1.9 X_offset_ is subtracted. */
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/linear_scores.h"

/* ARDRegression: sigma_ has only the columns whose lambda_ is below the threshold. */
static mc_status kept_columns(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                              mc_error *err)
{
    const double *lambda = NULL;
    double threshold = 0.0;
    uint32_t *kept = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_vector(to, est, "lambda_", x->n_cols, &lambda, NULL, err));
    MC_TRY(mc_attr_number(est, "threshold_lambda", 1e4, &threshold, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &kept, err));
    for (size_t j = 0; j < x->n_cols; j++)
        if (lambda[j] < threshold)
            kept[n++] = (uint32_t)j;
    return n == x->n_cols ? MC_OK : mc_emit_columns(to, x, kept, n, out, err);
}

/* (x @ sigma_) * x, summed; x @ sigma_ needs sigma_ transposed as weights. */
static mc_status quadratic_form(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                                mc_error *err)
{
    const double *sigma = NULL;
    double *weights = NULL;
    mc_sym y;
    const size_t d = x->n_cols;
    MC_TRY(mc_attr_matrix(to, est, "sigma_", d, d, &sigma, NULL, NULL, err));
    MC_TRY(mc_arena_new(to->arena, double, d *d, &weights, err));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            weights[j * d + i] = sigma[i * d + j];
    MC_TRY(mc_emit_linear(to, x, weights, NULL, d, &y, err));
    return mc_emit_row_dot(to, &y, x, out, err);
}

static mc_status deviation(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                           mc_error *err)
{
    const double *offset = NULL;
    double alpha = 0.0;
    mc_sym y;
    MC_TRY(mc_attr_number(est, "alpha_", (double)NAN, &alpha, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    if (mc_version_of(to, est) >= 109) {
        MC_TRY(mc_attr_vector(to, est, "X_offset_", x->n_cols, &offset, NULL, err));
        MC_TRY(mc_emit_subtract(to, &y, offset, &y, err));
    }
    if (mc_bytes_is(mc_class_name(est), "ARDRegression"))
        MC_TRY(kept_columns(to, est, &y, &y, err));
    MC_TRY(quadratic_form(to, est, &y, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_OFFSET, 1.0 / alpha, 0.0, &y, err));
    return mc_emit_unary(to, &y, MC_UNARY_SQRT, 0.0, 0.0, out, err);
}

mc_status mc_lower_bayesian_regressor(mc_lowering *to, const mc_value *est, mc_method method,
                                      const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym mean, std;
    /* In 0.18 there is no return_std, and no sigma_. */
    if (method != MC_METHOD_PREDICT &&
        (method != MC_METHOD_PREDICT_STD || !mc_attr_has(est, "sigma_")))
        return mc_no_method(err, est, method);
    MC_TRY(mc_linear_scores(to, est, x, &mean, NULL, err));
    if (method == MC_METHOD_PREDICT)
        return mc_answer_scores(to, &mean, out, err);
    MC_TRY(deviation(to, est, x, &std, err));
    MC_TRY(mc_answer_parts(to, 2, out, err));
    out->is_list = false;
    out->parts[0].value = mean;
    out->parts[1].value = std;
    out->parts[1].name = "std";
    out->parts[0].scalar = out->parts[1].scalar = true;
    return MC_OK;
}
