/* linear_regressors.c: regressors whose prediction is x @ coef_.T + intercept_.
 *
 * Oracle   LinearModel.predict, sklearn/linear_model/_base.py, scikit-learn 1.2 to 1.9, which
 *          LinearRegression, Ridge, Lasso, ElasticNet, Lars, OrthogonalMatchingPursuit, Huber,
 *          TheilSen, Quantile, BayesianRidge, ARD, LinearSVR, SGD and their CV forms share.
 * Exact    Within the bound of kernel/linear.c.
 * Why so   The answer is 1-D if coef_ is, and a matrix otherwise, even of one column: a model
 *          fitted on y of shape (n, 1) answers so. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/linear_scores.h"

mc_status mc_lower_linear_regressor(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    bool is_flat = false;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_linear_scores(to, est, x, &y, &is_flat, err));
    return is_flat ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}

/* SGDRegressor and PassiveAggressiveRegressor ravel whatever coef_ gives, as after sparsify(). */
mc_status mc_lower_flat_regressor(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_linear_scores(to, est, x, &y, NULL, err));
    return mc_answer_scores(to, &y, out, err);
}

/* RANSACRegressor: what it fitted on the inliers. */
mc_status mc_lower_ransac(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                          mc_answer *out, mc_error *err)
{
    const mc_value *inside = NULL;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_need(est, "estimator_", &inside, err));
    MC_TRY_IN(mc_lower(to, inside, method, x, out, err), err, "estimator_");
    return MC_OK;
}
