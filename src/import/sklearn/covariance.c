/* covariance.c: EllipticEnvelope, and mahalanobis() of every estimator of a covariance.
 *
 * Oracle   EmpiricalCovariance.mahalanobis (sklearn/covariance/_empirical_covariance.py),
 *          sklearn/covariance/_elliptic_envelope.py, scikit-learn 0.18 to 1.9.
 * Exact    Bit for bit from 0.20 on; with store_precision=False as far as the pseudo-inverse is. */
#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "kernel/solve.h"

/* precision_, or the pseudo-inverse of covariance_ where it was not stored. */
static mc_status precision(mc_lowering *to, const mc_value *est, size_t d, const double **out,
                           mc_error *err)
{
    const double *covariance = NULL;
    double *copy = NULL, *inverse = NULL, *scratch = NULL;
    bool is_stored = true;
    MC_TRY(mc_attr_bool(est, "store_precision", true, &is_stored, err));
    if (is_stored)
        return mc_attr_matrix(to, est, "precision_", d, d, out, NULL, NULL, err);
    MC_TRY(mc_attr_matrix(to, est, "covariance_", d, d, &covariance, NULL, NULL, err));
    MC_TRY(mc_arena_new(to->arena, double, d *d, &copy, err));
    MC_TRY(mc_arena_new(to->arena, double, d *d, &inverse, err));
    MC_TRY(mc_arena_new(to->arena, double, d *(d + 1), &scratch, err));
    memcpy(copy, covariance, d * d * sizeof *copy);
    if (!mc_pseudo_inverse(copy, d, d, scratch, inverse))
        return mc_refuse(err, est, "covariance_: it has no pseudo-inverse");
    *out = inverse;
    return MC_OK;
}

/* Up to 0.19: the root of the distance against that of a threshold, and no score_samples. */
static mc_status answer_before_020(mc_lowering *to, const mc_value *est, mc_method method, mc_sym y,
                                   mc_answer *out, mc_error *err)
{
    static const double ROOT = 0.33;
    double threshold = 0.0;
    uint32_t table = 0;
    if (method == MC_METHOD_SCORE_SAMPLES || !mc_attr_has(est, "threshold_"))
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_number(est, "threshold_", 0.0, &threshold, err));
    if (method == MC_METHOD_DECISION_FUNCTION) {
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_POWER, ROOT, 0.0, &y, err));
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_NEGATIVE, 0.0, 0.0, &y, err));
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_OFFSET, pow(threshold, ROOT), 0.0, &y, err));
        return mc_answer_scalar(to, y, out, err);
    }
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_NEGATIVE, 0.0, 0.0, &y, err));
    MC_TRY(mc_emit_above(to, &y, -threshold, true, &y, err));
    MC_TRY(mc_emit_two_classes(to, -1, 1, &table, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* `y`: squared distances. */
static mc_status answer(mc_lowering *to, const mc_value *est, mc_method method, mc_sym y,
                        mc_answer *out, mc_error *err)
{
    double offset = 0.0;
    uint32_t table = 0;
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_NEGATIVE, 0.0, 0.0, &y, err));
    if (method == MC_METHOD_SCORE_SAMPLES)
        return mc_answer_scalar(to, y, out, err);
    if (!mc_attr_has(est, "offset_"))
        return mc_refuse(err, est, "it has no attribute offset_: is it fitted?");
    MC_TRY(mc_attr_number(est, "offset_", 0.0, &offset, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_OFFSET, -offset, 0.0, &y, err));
    if (method == MC_METHOD_DECISION_FUNCTION)
        return mc_answer_scalar(to, y, out, err);
    MC_TRY(mc_emit_above(to, &y, 0.0, true, &y, err));
    MC_TRY(mc_emit_two_classes(to, -1, 1, &table, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* Squared distances from location_. */
static mc_status distances(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                           mc_error *err)
{
    mc_step step = MC_STEP_INIT(QUADRATIC);
    const double *location = NULL, *by = NULL;
    const size_t d = x->n_cols;
    mc_sym y;
    MC_TRY(mc_attr_vector(to, est, "location_", d, &location, NULL, err));
    MC_TRY(precision(to, est, d, &by, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_subtract(to, &y, location, &y, err));
    MC_TRY(mc_build_f64(to->b, by, d, d, &step.array[0], err));
    return mc_emit_dense_step(to, step, &y, 1, out, err);
}

mc_status mc_lower_covariance(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method != MC_METHOD_MAHALANOBIS)
        return mc_no_method(err, est, method);
    MC_TRY(distances(to, est, x, &y, err));
    return mc_answer_scalar(to, y, out, err);
}

mc_status mc_lower_elliptic_envelope(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method == MC_METHOD_MAHALANOBIS)
        return mc_lower_covariance(to, est, method, x, out, err);
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION &&
        method != MC_METHOD_SCORE_SAMPLES)
        return mc_no_method(err, est, method);
    MC_TRY(distances(to, est, x, &y, err));
    return mc_version_of(to, est) < 20 ? answer_before_020(to, est, method, y, out, err)
                                       : answer(to, est, method, y, out, err);
}
