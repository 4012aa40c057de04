/* target.c: TransformedTargetRegressor.
 *
 * Oracle   TransformedTargetRegressor.predict, sklearn/compose/_target.py, scikit-learn 1.2 to 1.9.
 * Exact    As its regressor and its transformer. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* One column is 1-D again if y was 1-D in training. */
mc_status mc_lower_transformed_target(mc_lowering *to, const mc_value *est, mc_method method,
                                      const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *regressor = NULL, *transformer = NULL;
    mc_sym y;
    int64_t training_dim = 1;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_need(est, "regressor_", &regressor, err));
    MC_TRY(mc_attr_need(est, "transformer_", &transformer, err));
    MC_TRY(mc_attr_integer(est, "_training_dim", 1, &training_dim, err));
    MC_TRY_IN(mc_lower_one(to, regressor, method, x, &y, err), err, "regressor_");
    MC_TRY_IN(mc_lower_one(to, transformer, MC_METHOD_INVERSE_TRANSFORM, &y, &y, err), err,
              "transformer_");
    return training_dim == 1 && y.n_cols == 1 ? mc_answer_scalar(to, y, out, err)
                                              : mc_answer_matrix(to, y, out, err);
}
