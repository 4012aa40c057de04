/* glm.c: PoissonRegressor, GammaRegressor, TweedieRegressor.
 *
 * Oracle   sklearn/linear_model/_glm/glm.py, scikit-learn 1.2 to 1.9.
 * Exact    eta = x @ coef_ + intercept_ within the bound of kernel/linear.c, e say; exp(eta) within
 *          a relative error of e + 2 ulp.
 * Why so   The link is decided by the parameters, as scikit-learn does when it fits: the pickled
 *          loss object has another class in every other version. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/linear_scores.h"

static mc_status link_is_log(const mc_value *est, bool *out, mc_error *err)
{
    const mc_bytes link = mc_attr_text(est, "link");
    double power = 0.0;
    if (!mc_bytes_is(mc_class_name(est), "TweedieRegressor") || mc_bytes_is(link, "log")) {
        *out = true;
        return MC_OK;
    }
    if (mc_bytes_is(link, "identity")) {
        *out = false;
        return MC_OK;
    }
    if (link.data != NULL && !mc_bytes_is(link, "auto")) {
        return mc_refuse(err, est,
                         "link: expected \"auto\", \"identity\" or \"log\", found \"%.*s\"",
                         MC_SHOW(link));
    }
    MC_TRY(mc_attr_number(est, "power", 0.0, &power, err));
    *out = power > 0.0;
    return MC_OK;
}

mc_status mc_lower_glm(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                       mc_answer *out, mc_error *err)
{
    mc_sym y;
    bool is_log = false;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(link_is_log(est, &is_log, err));
    MC_TRY(mc_linear_scores(to, est, x, &y, NULL, err));
    if (is_log)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_EXP, 0.0, 0.0, &y, err));
    return mc_answer_scores(to, &y, out, err);
}
