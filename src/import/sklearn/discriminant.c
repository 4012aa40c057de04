/* discriminant.c: QuadraticDiscriminantAnalysis.
 *
 * Oracle   sklearn/discriminant_analysis.py, scikit-learn 1.2 to 1.9. Both solvers of 1.9 leave the
 *          same attributes: rotations_ and scalings_ of each class.
 * Exact    Scores within the bound of kernel/density.c; probabilities with the error of softmax on
 *          top. Their logarithm is that of the probability up to 1.5, and a difference of
 *          logarithms from 1.6 on: a class far away has -inf there, a number here. */
#include <math.h>

#include "base/limits.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

typedef struct quadratic {
    const mc_value *est;
    size_t k, d;
    uint32_t *start;  /* (k + 1): columns of each class's projection */
    double *factors;  /* rotations_ * scalings_**-0.5, one class after the other */
    double *log_size; /* (k): log of the determinant */
} quadratic;

static mc_status item_array(mc_lowering *to, const mc_items *items, const char *name, size_t at,
                            mc_ndarray *out, double **out_numbers, mc_error *err)
{
    MC_TRY_IN(mc_ndarray_from_value(to->arena, items->at[at], out, err), err, "%s[%zu]", name, at);
    MC_TRY_IN(mc_ndarray_f64(to->arena, out, out_numbers, err), err, "%s[%zu]", name, at);
    return MC_OK;
}

/* Class c: rotation (d, rank) and scaling (rank) -> its part of `factors`. */
static mc_status add_class(mc_lowering *to, quadratic *q, const mc_items *rotations,
                           const mc_items *scalings, size_t c, mc_error *err)
{
    mc_ndarray rotation, scaling;
    double *r = NULL, *s = NULL, *logs = NULL;
    MC_TRY(item_array(to, rotations, "rotations_", c, &rotation, &r, err));
    MC_TRY(item_array(to, scalings, "scalings_", c, &scaling, &s, err));
    const size_t rank = scaling.n_items;
    if (rotation.n_dims != 2 || rotation.shape[0] != q->d || rotation.shape[1] != rank ||
        rank > q->d)
        return mc_refuse(err, q->est, "rotations_[%zu]: expected (%zu, %zu)", c, q->d, rank);
    double *factors = q->factors + q->d * q->start[c];
    q->start[c + 1] = q->start[c] + (uint32_t)rank;
    for (size_t i = 0; i < q->d; i++)
        for (size_t j = 0; j < rank; j++)
            factors[i * rank + j] = r[i * rank + j] * pow(s[j], -0.5);
    MC_TRY(mc_arena_new(to->arena, double, rank, &logs, err));
    for (size_t j = 0; j < rank; j++)
        logs[j] = log(s[j]);
    q->log_size[c] = mc_pairwise_sum(logs, rank);
    return MC_OK;
}

static mc_status open_quadratic(mc_lowering *to, const mc_value *est, size_t d, size_t k,
                                quadratic *out, mc_error *err)
{
    mc_items rotations, scalings;
    *out = (quadratic){.est = est, .k = k, .d = d};
    MC_TRY(mc_attr_items(to, est, "rotations_", &rotations, err));
    MC_TRY(mc_attr_items(to, est, "scalings_", &scalings, err));
    if (rotations.n != k || scalings.n != k || k == 0 || d > MC_LIMIT_WIDTH / k)
        return mc_refuse(err, est, "rotations_: %zu, scalings_: %zu, for %zu classes", rotations.n,
                         scalings.n, k);
    MC_TRY(mc_arena_new(to->arena, uint32_t, k + 1, &out->start, err));
    MC_TRY(mc_arena_new(to->arena, double, k *d *d, &out->factors, err));
    MC_TRY(mc_arena_new(to->arena, double, k, &out->log_size, err));
    for (size_t c = 0; c < k; c++)
        MC_TRY(add_class(to, out, &rotations, &scalings, c, err));
    return MC_OK;
}

/* Log posterior of each class, up to a constant. */
static mc_status scores(mc_lowering *to, const quadratic *q, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    mc_step step = MC_STEP_INIT(PROJECTED_SQUARES);
    const double *means = NULL, *priors = NULL;
    double *logs = NULL;
    MC_TRY(mc_attr_matrix(to, q->est, "means_", q->k, q->d, &means, NULL, NULL, err));
    MC_TRY(mc_attr_vector(to, q->est, "priors_", q->k, &priors, NULL, err));
    MC_TRY(mc_arena_new(to->arena, double, q->k, &logs, err));
    for (size_t c = 0; c < q->k; c++)
        logs[c] = log(priors[c]);
    MC_TRY(mc_build_f64(to->b, q->factors, q->start[q->k], q->d, &step.array[0], err));
    MC_TRY(mc_build_u32(to->b, q->start, q->k + 1, &step.array[1], err));
    MC_TRY(mc_build_f64(to->b, means, q->k, q->d, &step.array[2], err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, out, err));
    MC_TRY(mc_emit_dense_step(to, step, out, q->k, out, err));
    MC_TRY(mc_emit_add(to, out, q->log_size, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_SCALE, -0.5, 0.0, out, err));
    return mc_emit_add(to, out, logs, out, err);
}

static mc_status decision(mc_lowering *to, mc_sym y, mc_answer *out, mc_error *err)
{
    static const double DIFFERENCE[] = {-1.0, 1.0};
    if (y.n_cols != 2)
        return mc_answer_matrix(to, y, out, err);
    MC_TRY(mc_emit_linear(to, &y, DIFFERENCE, NULL, 1, &y, err));
    return mc_answer_scalar(to, y, out, err);
}

static mc_status proba(mc_lowering *to, const mc_value *est, mc_method method, mc_sym y,
                       mc_answer *out, mc_error *err)
{
    const bool is_log = method == MC_METHOD_PREDICT_LOG_PROBA;
    if (mc_version_of(to, est) >= 106) {
        MC_TRY(mc_emit_log_share(to, &y, MC_LOG_SHARE_SHIFTED, &y, err));
        if (!is_log)
            MC_TRY(mc_emit_unary(to, &y, MC_UNARY_EXP, 0.0, 0.0, &y, err));
    } else {
        MC_TRY(mc_emit_softmax(to, &y, &y, err));
        if (is_log)
            MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG, 0.0, 0.0, &y, err));
    }
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_quadratic_discriminant(mc_lowering *to, const mc_value *est, mc_method method,
                                          const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *classes = NULL;
    uint32_t table = 0;
    size_t k = 0;
    quadratic q;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA &&
        method != MC_METHOD_PREDICT_LOG_PROBA && method != MC_METHOD_DECISION_FUNCTION)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_need(est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &k, err));
    MC_TRY(open_quadratic(to, est, x->n_cols, k, &q, err));
    MC_TRY(scores(to, &q, x, &y, err));
    if (method == MC_METHOD_DECISION_FUNCTION)
        return decision(to, y, out, err);
    if (method != MC_METHOD_PREDICT)
        return proba(to, est, method, y, out, err);
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}
