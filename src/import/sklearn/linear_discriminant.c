/* linear_discriminant.c: LinearDiscriminantAnalysis, as a classifier and as a transformer.
 *
 * Oracle   sklearn/discriminant_analysis.py, scikit-learn 0.18 to 1.9: up to 0.20 its
 *          probabilities are one-vs-rest.
 * Exact    Scores and components within the bound of kernel/linear.c; probabilities
 *          with the error of softmax or expit on top. */
#include <float.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/linear_scores.h"

static mc_status proba(mc_lowering *to, const mc_value *est, const mc_sym *scores, mc_sym *out,
                       mc_error *err)
{
    if (mc_version_of(to, est) <= 20)
        return mc_proba_one_vs_rest(to, est, scores, out, err);
    if (scores->n_cols > 1)
        return mc_emit_softmax(to, scores, out, err);
    mc_sym p;
    MC_TRY(mc_emit_unary(to, scores, MC_UNARY_EXPIT, 0.0, 0.0, &p, err));
    return mc_emit_both_sides(to, &p, out, err);
}

/* predict_log_proba counts a probability of 0 as the smallest normal number. */
static mc_status proba_above_zero(mc_lowering *to, const mc_value *est, const mc_sym *scores,
                                  mc_sym *out, mc_error *err)
{
    mc_sym p;
    MC_TRY(proba(to, est, scores, &p, err));
    if (mc_version_of(to, est) < 24) {
        *out = p;
        return MC_OK;
    }
    return mc_emit_unary(to, &p, MC_UNARY_IF_ZERO, DBL_MIN, 0.0, out, err);
}

/* The first _max_components columns of scalings_, as weights. */
static mc_status components(mc_lowering *to, const mc_value *est, size_t d, const double **out,
                            size_t *out_n, mc_error *err)
{
    const double *scalings = NULL;
    double *weights = NULL;
    size_t rank = 0;
    int64_t most = 0;
    MC_TRY(mc_attr_matrix(to, est, "scalings_", d, MC_ANY, &scalings, NULL, &rank, err));
    MC_TRY(mc_attr_integer(est, "_max_components", INT64_MAX, &most, err));
    if (most < 0)
        return mc_refuse(err, est, "_max_components: expected a count, found %lld",
                         (long long)most);
    const size_t n = (uint64_t)most < rank ? (size_t)most : rank;
    MC_TRY(mc_arena_new(to->arena, double, d *n, &weights, err));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < n; j++)
            weights[j * d + i] = scalings[i * rank + j];
    *out = weights;
    *out_n = n;
    return MC_OK;
}

static mc_status transform(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_answer *out,
                           mc_error *err)
{
    const double *weights = NULL, *centre = NULL;
    size_t n = 0;
    mc_sym y;
    if (mc_attr_is_text(est, "solver", "lsqr"))
        return mc_no_method(err, est, MC_METHOD_TRANSFORM);
    MC_TRY(components(to, est, x->n_cols, &weights, &n, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    if (mc_attr_is_text(est, "solver", "svd")) {
        MC_TRY(mc_attr_vector(to, est, "xbar_", x->n_cols, &centre, NULL, err));
        MC_TRY(mc_emit_subtract(to, &y, centre, &y, err));
    } else if (!mc_attr_is_text(est, "solver", "eigen")) {
        return mc_refuse(err, est, "solver: expected \"svd\", \"lsqr\" or \"eigen\"");
    }
    MC_TRY(mc_emit_linear(to, &y, weights, NULL, n, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_linear_discriminant(mc_lowering *to, const mc_value *est, mc_method method,
                                       const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_cell *classes = NULL;
    size_t n = 0;
    if (method == MC_METHOD_TRANSFORM)
        return transform(to, est, x, out, err);
    if (method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_PREDICT_LOG_PROBA)
        MC_TRY(mc_attr_cells(to, est, "classes_", &classes, &n, err));
    if (n == 1) /* its scores are no matrix to add up: it raises */
        return mc_no_method(err, est, method);
    return mc_linear_classifier(to, est, method, x,
                                method == MC_METHOD_PREDICT_LOG_PROBA ? proba_above_zero : proba,
                                out, err);
}
