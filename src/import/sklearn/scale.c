/* scale.c: scalers, column by column.
 *
 * Oracle   sklearn/preprocessing/_data.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: subtract, divide, each rounded to float64 as numpy does. One fused
 *          multiply-add would be faster and differ in the last bit. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

mc_lower_fn mc_lower_standard_scaler;

/* x -> (x - mean_) / scale_, either half optional. */
mc_status mc_lower_standard_scaler(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *mean = NULL, *scale = NULL;
    mc_sym y;
    if (mc_attr_has(est, "mean_"))
        MC_TRY(mc_attr_vector(to, est, "mean_", x->n_cols, &mean, NULL, err));
    if (mc_attr_has(est, "scale_"))
        MC_TRY(mc_attr_vector(to, est, "scale_", x->n_cols, &scale, NULL, err));
    bool with_mean = true, with_std = true;
    MC_TRY(mc_attr_bool(est, "with_mean", true, &with_mean, err));
    MC_TRY(mc_attr_bool(est, "with_std", true, &with_std, err));
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN, &y, err));
    if (method == MC_METHOD_TRANSFORM) {
        if (with_mean && mean != NULL)
            MC_TRY(mc_emit_subtract(to, &y, mean, &y, err));
        if (with_std && scale != NULL)
            MC_TRY(mc_emit_divide(to, &y, scale, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    if (method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    if (with_std && scale != NULL)
        MC_TRY(mc_emit_multiply(to, &y, scale, &y, err));
    if (with_mean && mean != NULL)
        MC_TRY(mc_emit_add(to, &y, mean, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
