/* isotonic.c: IsotonicRegression: lines between the points that it kept.
 *
 * Oracle   sklearn/isotonic.py, scikit-learn 0.18 to 1.9. Its f_ is not pickled, but made again of
 *          X_thresholds_ and y_thresholds_, which up to 0.23 are _necessary_X_ and _necessary_y_.
 * Exact    Bit for bit, float32 included. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* What lies outside of the points: moved to the end, NaN, or refused. */
static mc_status limit(mc_lowering *to, const mc_value *est, mc_sym *y, mc_step *step,
                       mc_error *err)
{
    const mc_bytes rule = mc_attr_text(est, "out_of_bounds");
    double low = 0.0, high = 0.0;
    if (mc_bytes_is(rule, "nan"))
        return MC_OK;
    if (mc_bytes_is(rule, "raise")) {
        step->flags |= MC_STEP_REFUSE_OUTSIDE;
        return MC_OK;
    }
    if (!mc_bytes_is(rule, "clip") || !mc_attr_has(est, "X_min_") || !mc_attr_has(est, "X_max_"))
        return mc_refuse(err, est, "out_of_bounds: expected nan, clip or raise, found \"%.*s\"",
                         MC_SHOW(rule));
    MC_TRY(mc_attr_number(est, "X_min_", 0.0, &low, err));
    MC_TRY(mc_attr_number(est, "X_max_", 0.0, &high, err));
    return mc_emit_unary(to, y, MC_UNARY_CLIP, low, high, y, err);
}

/* The points that the curve goes through. */
typedef struct points {
    double *x;
    const double *y;
    size_t n;
    bool is_float32;
} points;

static mc_status open_points(mc_lowering *to, const mc_value *est, points *out, mc_error *err)
{
    mc_ndarray array;
    const bool is_new = mc_attr_has(est, "X_thresholds_");
    const char *name = is_new ? "X_thresholds_" : "_necessary_X_";
    MC_TRY(mc_attr_array(to, est, name, &array, err));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &out->x, err), err, "attribute %s", name);
    out->n = array.n_items;
    out->is_float32 = array.dtype.item_size == sizeof(float);
    for (size_t i = 1; i < out->n; i++)
        if (!(out->x[i - 1] <= out->x[i]))
            return mc_refuse(err, est, "%s: value %zu is below the one before", name, i);
    if (out->n == 0)
        return mc_refuse(err, est, "%s: expected a point, found none", name);
    return mc_attr_vector(to, est, is_new ? "y_thresholds_" : "_necessary_y_", out->n, &out->y,
                          NULL, err);
}

/* Rows are rounded as the points are. Up to 0.20 nothing is refused. */
static mc_status checked(mc_lowering *to, const mc_value *est, const mc_sym *x, bool is_float32,
                         mc_sym *out, mc_error *err)
{
    const mc_step step = MC_STEP_INIT(ROUND32);
    const unsigned allowed = mc_version_of(to, est) <= 20 ? MC_OR_NAN | MC_OR_INFINITY : MC_FINITE;
    return is_float32 ? mc_emit_dense_step(to, step, x, 1, out, err)
                      : mc_emit_check(to, x, allowed, out, err);
}

mc_status mc_lower_isotonic(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(INTERPOLATE);
    points p;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    if (x->n_cols != 1)
        return mc_refuse(err, est, "expected one column, found %zu", x->n_cols);
    MC_TRY(open_points(to, est, &p, err));
    MC_TRY(checked(to, est, x, p.is_float32, &y, err));
    MC_TRY(limit(to, est, &y, &step, err));
    if (p.is_float32)
        step.flags |= MC_STEP_FLOAT32;
    MC_TRY(mc_build_f64(to->b, p.x, 1, p.n, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, p.y, 1, p.n, &step.array[1], err));
    MC_TRY(mc_emit_dense_step(to, step, &y, 1, &y, err));
    if (method == MC_METHOD_TRANSFORM && mc_attr_makes_frames(est))
        return mc_answer_matrix(to, y, out, err);
    return mc_answer_scalar(to, y, out, err);
}
