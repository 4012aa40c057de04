/* search.c: GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV; and
 * FrozenEstimator, which hands on everything as well.
 *
 * Oracle   sklearn/model_selection/_search.py, sklearn/frozen/_frozen.py, scikit-learn 1.2 to 1.9.
 * Exact    As what they hold.
 * Why so   best_estimator_ does everything, whatever was searched and by how many metrics; what the
 *          search has recorded is not looked at. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

mc_status mc_lower_search(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                          mc_answer *out, mc_error *err)
{
    const mc_value *best = mc_value_attr(est, "best_estimator_");
    if (mc_value_is_none(best))
        return mc_refuse(err, est,
                         "it has no best_estimator_: expected one fitted with refit=True");
    if (method == MC_METHOD_PREDICT_STD || method == MC_METHOD_PREDICT_COV ||
        method == MC_METHOD_APPLY || method == MC_METHOD_KNEIGHBORS)
        return mc_no_method(err, est, method);
    MC_TRY_IN(mc_lower(to, best, method, x, out, err), err, "best_estimator_");
    return MC_OK;
}

mc_status mc_lower_frozen(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                          mc_answer *out, mc_error *err)
{
    const mc_value *inside = NULL;
    MC_TRY(mc_attr_need(est, "estimator", &inside, err));
    MC_TRY_IN(mc_lower(to, inside, method, x, out, err), err, "estimator");
    return MC_OK;
}
