/* scale.c: scalers, column by column, and the two that look at single values or rows.
 *
 * Oracle   sklearn/preprocessing/_data.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit on dense rows: each operation rounded to float64 in scikit-learn's order.
 *          One fused multiply-add would be faster and differ in the last bit. Sparse rows out of
 *          a step before are multiplied by 1 / scale_, as there; where the rows of the request
 *          may be sparse or dense, this divides: within 2 ulp. Normalizer: bit for bit on sparse
 *          rows, on dense ones within 2 ulp (l2: numpy sums pairwise). */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* An attribute (n_cols), NULL where the estimator was fitted without it: where `flag` is false. */
static mc_status fitted(mc_lowering *to, const mc_value *est, const char *flag, const char *name,
                        const mc_sym *x, const double **out, mc_error *err)
{
    bool is_wanted = true;
    *out = NULL;
    MC_TRY(mc_attr_bool(est, flag, true, &is_wanted, err));
    if (!is_wanted)
        return MC_OK;
    return mc_attr_vector(to, est, name, x->n_cols, out, NULL, err);
}

static bool is_scaling(mc_method method)
{
    return method == MC_METHOD_TRANSFORM || method == MC_METHOD_INVERSE_TRANSFORM;
}

/* y / scale as scikit-learn does it on rows that it holds as `x`. */
static mc_status divide(mc_lowering *to, const mc_sym *x, const double *scale, mc_sym *y,
                        mc_error *err)
{
    double *factor = NULL;
    if (!x->sparse)
        return mc_emit_divide(to, y, scale, y, err);
    MC_TRY(mc_arena_new(to->arena, double, x->n_cols, &factor, err));
    for (size_t i = 0; i < x->n_cols; i++)
        factor[i] = 1.0 / scale[i];
    return mc_emit_multiply(to, y, factor, y, err);
}

/* (x - center) / scale, or back: either may be NULL. */
static mc_status center_and_scale(mc_lowering *to, mc_method method, const mc_sym *x,
                                  const double *center, const double *scale, mc_answer *out,
                                  mc_error *err)
{
    mc_sym y;
    MC_TRY(mc_emit_check_sparse(to, x, MC_OR_NAN, &y, err));
    if (method == MC_METHOD_TRANSFORM) {
        if (center != NULL)
            MC_TRY(mc_emit_subtract(to, &y, center, &y, err));
        if (scale != NULL)
            MC_TRY(divide(to, x, scale, &y, err));
    } else {
        if (scale != NULL)
            MC_TRY(mc_emit_multiply(to, &y, scale, &y, err));
        if (center != NULL)
            MC_TRY(mc_emit_add(to, &y, center, &y, err));
    }
    y.type = MC_VALUE_FLOAT;
    y.type_as_input = 0;
    return mc_answer_matrix(to, y, out, err);
}

/* x -> (x - mean_) / scale_, either half optional. */
mc_status mc_lower_standard_scaler(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *mean = NULL, *scale = NULL;
    if (!is_scaling(method))
        return mc_no_method(err, est, method);
    MC_TRY(fitted(to, est, "with_mean", "mean_", x, &mean, err));
    MC_TRY(fitted(to, est, "with_std", "scale_", x, &scale, err));
    return center_and_scale(to, method, x, mean, scale, out, err);
}

/* x -> (x - center_) / scale_. */
mc_status mc_lower_robust_scaler(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *center = NULL, *scale = NULL;
    if (!is_scaling(method))
        return mc_no_method(err, est, method);
    MC_TRY(fitted(to, est, "with_centering", "center_", x, &center, err));
    MC_TRY(fitted(to, est, "with_scaling", "scale_", x, &scale, err));
    return center_and_scale(to, method, x, center, scale, out, err);
}

static mc_status clip_if_asked(mc_lowering *to, const mc_value *est, double low, double high,
                               mc_sym *y, mc_error *err)
{
    bool clip = false;
    MC_TRY(mc_attr_bool(est, "clip", false, &clip, err));
    return clip ? mc_emit_unary(to, y, MC_UNARY_CLIP, low, high, y, err) : MC_OK;
}

/* x -> x / scale_, clipped to [-1, 1] if asked (1.9). */
mc_status mc_lower_max_abs_scaler(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *scale = NULL;
    if (!is_scaling(method))
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_vector(to, est, "scale_", x->n_cols, &scale, NULL, err));
    MC_TRY(center_and_scale(to, method, x, NULL, scale, out, err));
    if (method == MC_METHOD_TRANSFORM)
        MC_TRY(clip_if_asked(to, est, -1.0, 1.0, &out->parts[0].value, err));
    return MC_OK;
}

/* x -> x * scale_ + min_, clipped to feature_range if asked. */
mc_status mc_lower_min_max_scaler(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *scale = NULL, *min = NULL, *range = NULL;
    mc_sym y;
    if (!is_scaling(method))
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_vector(to, est, "scale_", x->n_cols, &scale, NULL, err));
    MC_TRY(mc_attr_vector(to, est, "min_", x->n_cols, &min, NULL, err));
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN, &y, err));
    if (method == MC_METHOD_TRANSFORM) {
        MC_TRY(mc_attr_vector(to, est, "feature_range", 2, &range, NULL, err));
        MC_TRY(mc_emit_multiply(to, &y, scale, &y, err));
        MC_TRY(mc_emit_add(to, &y, min, &y, err));
        MC_TRY(clip_if_asked(to, est, range[0], range[1], &y, err));
    } else {
        MC_TRY(mc_emit_subtract(to, &y, min, &y, err));
        MC_TRY(mc_emit_divide(to, &y, scale, &y, err));
    }
    y.type = MC_VALUE_FLOAT;
    y.type_as_input = 0;
    return mc_answer_matrix(to, y, out, err);
}

/* Each row over its norm. */
mc_status mc_lower_normalizer(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    static const char *const NAMES[] = {"l1", "l2", "max"};
    static const mc_norm NORMS[] = {MC_NORM_L1, MC_NORM_L2, MC_NORM_MAX};
    mc_sym y;
    size_t at = 0;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_choice(est, "norm", NAMES, MC_COUNT_OF(NAMES), &at, err));
    const mc_norm norm = at == 2 && mc_version_of(to, est) <= 22 ? MC_NORM_SIGNED_MAX : NORMS[at];
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_normalize(to, &y, norm, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* x -> 1.0 if x > threshold else 0.0. */
mc_status mc_lower_binarizer(mc_lowering *to, const mc_value *est, mc_method method,
                             const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    double threshold = 0.0;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_number(est, "threshold", 0.0, &threshold, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_ABOVE, threshold, 0.0, &y, err));
    y.type = x->type; /* check_array keeps what are numbers */
    y.type_as_input = x->type_as_input;
    return mc_answer_matrix(to, y, out, err);
}
