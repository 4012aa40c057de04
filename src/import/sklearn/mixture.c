/* mixture.c: GaussianMixture, BayesianGaussianMixture.
 *
 * Oracle   sklearn/mixture/_gaussian_mixture.py, _bayesian_mixture.py, _base.py, scikit-learn 1.2
 *          to 1.9.
 * Exact    Log probabilities within the bounds of kernel/density.c (full, tied) and kernel/linear.c
 *          (diag, spherical); the constants within a few ulp. Probabilities with the error of
 *          logsumexp and exp on top. Of rows of integers scikit-learn cuts the squared distances
 *          (full, tied) to integers since 1.7, and 1.7 log(2 pi) too: so do we. */
#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/centres_of.h"
#include "import/sklearn/emit.h"

typedef struct mixture {
    const mc_value *est;
    size_t k, d;
    const double *means;     /* (k, d) */
    const double *precision; /* precisions_cholesky_: of each component; tied: of all */
    size_t n_precision;      /* numbers in it of one component: d * d, d or 1 */
    bool is_tied, is_square, is_spherical;
    double *log_determinant; /* (k) */
} mixture;

static const double *precision_of(const mixture *m, size_t component)
{
    return m->precision + (m->is_tied ? 0 : component * m->n_precision);
}

/* Half the logarithm of the determinant of each component's precision. */
static mc_status log_determinants(mc_lowering *to, mixture *m, mc_error *err)
{
    const size_t n = m->is_spherical ? 1 : m->d, stride = m->is_square ? m->d + 1 : 1;
    MC_TRY(mc_arena_new(to->arena, double, m->k, &m->log_determinant, err));
    for (size_t c = 0; c < m->k; c++) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++)
            sum += log(precision_of(m, c)[i * stride]);
        m->log_determinant[c] = m->is_spherical ? (double)m->d * sum : sum;
    }
    return MC_OK;
}

static mc_status open_type(const mc_value *est, mixture *out, mc_error *err)
{
    const mc_bytes type = mc_attr_text(est, "covariance_type");
    const bool is_diagonal = mc_bytes_is(type, "diag");
    out->is_tied = mc_bytes_is(type, "tied");
    out->is_square = out->is_tied || mc_bytes_is(type, "full");
    out->is_spherical = mc_bytes_is(type, "spherical");
    if (!out->is_square && !out->is_spherical && !is_diagonal) {
        return mc_refuse(err, est,
                         "covariance_type: expected full, tied, diag or spherical, found \"%.*s\"",
                         MC_SHOW(type));
    }
    out->n_precision = out->is_square ? out->d * out->d : is_diagonal ? out->d : 1;
    return MC_OK;
}

static mc_status open_mixture(mc_lowering *to, const mc_value *est, size_t d, mixture *out,
                              mc_error *err)
{
    mc_ndarray array;
    double *precision = NULL;
    *out = (mixture){.est = est, .d = d};
    MC_TRY(open_type(est, out, err));
    MC_TRY(mc_attr_matrix(to, est, "means_", MC_ANY, d, &out->means, &out->k, NULL, err));
    MC_TRY(mc_attr_array(to, est, "precisions_cholesky_", &array, err));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &precision, err), err, "precisions_cholesky_");
    const size_t n_parts = out->is_tied ? 1 : out->k, n = out->n_precision;
    if (n_parts == 0 || n == 0 || array.n_items / n != n_parts || array.n_items % n != 0)
        return mc_refuse(err, est, "precisions_cholesky_: %zu numbers for %zu components of %zu",
                         array.n_items, n_parts, n);
    out->precision = precision;
    return log_determinants(to, out, err);
}

/* ----------------------------------------------------------------------- squared distances ---- */

/* |x @ P - mean @ P|**2 of each component, P the Cholesky factor (d, d) of its precision. */
static mc_status full_squares(mc_lowering *to, const mixture *m, const mc_sym *x, mc_sym *out,
                              mc_error *err)
{
    mc_step step = MC_STEP_INIT(PROJECTED_SQUARES);
    double *factors = NULL, *offsets = NULL;
    uint32_t *start = NULL;
    const size_t d = m->d, k = m->k;
    MC_TRY(mc_arena_new(to->arena, double, k *d *d, &factors, err));
    MC_TRY(mc_arena_new(to->arena, double, k *d, &offsets, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, k + 1, &start, err));
    for (size_t c = 0; c < k; c++) {
        const double *factor = precision_of(m, c), *mean = m->means + c * d;
        start[c + 1] = (uint32_t)((c + 1) * d);
        memcpy(factors + c * d * d, factor, d * d * sizeof *factor);
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j < d; j++)
                offsets[c * d + j] += mean[i] * factor[i * d + j];
    }
    MC_TRY(mc_build_f64(to->b, factors, k * d, d, &step.array[0], err));
    MC_TRY(mc_build_u32(to->b, start, k + 1, &step.array[1], err));
    MC_TRY(mc_build_f64(to->b, offsets, 1, k * d, &step.array[3], err));
    return mc_emit_dense_step(to, step, x, k, out, err);
}

/* sum of (x - mean)**2 * precision, multiplied out: one precision a feature, or one for all. */
static mc_status plain_squares(mc_lowering *to, const mixture *m, const mc_sym *x, mc_sym *out,
                               mc_error *err)
{
    const size_t d = m->d, k = m->k, n = m->n_precision;
    double *weights = NULL, *bias = NULL, *precisions = NULL;
    mc_sym parts[2];
    MC_TRY(mc_arena_new(to->arena, double, k *d, &weights, err));
    MC_TRY(mc_arena_new(to->arena, double, k, &bias, err));
    MC_TRY(mc_arena_new(to->arena, double, k *n, &precisions, err));
    for (size_t c = 0; c < k; c++) {
        double squares = 0.0;
        for (size_t j = 0; j < d; j++) {
            const double mean = m->means[c * d + j], root = m->precision[c * n + j % n];
            precisions[c * n + j % n] = root * root;
            weights[c * d + j] = -2.0 * (mean * (root * root));
            squares += n == 1 ? mean * mean : mean * mean * (root * root);
        }
        bias[c] = n == 1 ? squares * precisions[c] : squares;
    }
    MC_TRY(mc_emit_linear(to, x, weights, bias, k, &parts[0], err));
    MC_TRY(n == 1 ? mc_emit_row_square(to, x, &parts[1], err)
                  : mc_emit_unary(to, x, MC_UNARY_SQUARE, 0.0, 0.0, &parts[1], err));
    MC_TRY(mc_emit_linear(to, &parts[1], precisions, NULL, k, &parts[1], err));
    return mc_emit_sum(to, parts, 2, NULL, 1.0, out, err);
}

/* d log(2 pi) on top of x; 1.7 holds the logarithm in the type of the rows. */
static mc_status add_constant(mc_lowering *to, const mixture *m, const mc_sym *like, mc_sym *x,
                              mc_error *err)
{
    static const double LOG_TWO_PI = 1.8378770664093453;
    const double d = (double)m->d;
    mc_sym parts[2] = {*x};
    double *row = NULL;
    if (mc_version_of(to, m->est) != 107 || (like->type == MC_VALUE_FLOAT && !like->type_as_input))
        return mc_emit_unary(to, x, MC_UNARY_OFFSET, d * LOG_TWO_PI, 0.0, x, err);
    MC_TRY(mc_arena_new(to->arena, double, m->k, &row, err));
    for (size_t c = 0; c < m->k; c++)
        row[c] = LOG_TWO_PI;
    MC_TRY(mc_emit_constant(to, row, m->k, &parts[1], err));
    MC_TRY(mc_emit_as_type_of(to, like, &parts[1], &parts[1], err));
    MC_TRY(mc_emit_unary(to, &parts[1], MC_UNARY_SCALE, d, 0.0, &parts[1], err));
    return mc_emit_sum(to, parts, 2, NULL, 1.0, x, err);
}

/* Log of the density of each component. */
static mc_status log_density(mc_lowering *to, const mixture *m, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    MC_TRY(mc_emit_check(to, x, MC_FINITE, out, err));
    const mc_sym like = *out;
    MC_TRY(m->is_square ? full_squares(to, m, out, out, err) : plain_squares(to, m, out, out, err));
    if (m->is_square && mc_version_of(to, m->est) >= 107)
        MC_TRY(mc_emit_as_type_of(to, &like, out, out, err));
    MC_TRY(add_constant(to, m, &like, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_SCALE, -0.5, 0.0, out, err));
    return mc_emit_add(to, out, m->log_determinant, out, err);
}

/* --------------------------------------------------------------------------------- answers ---- */

/* `weighted`: log density + log weight of each component. */
static mc_status answers(mc_lowering *to, const mc_value *est, mc_method method,
                         const mc_sym *weighted, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method == MC_METHOD_SCORE_SAMPLES) {
        MC_TRY(mc_emit_log_sum_exp(to, weighted, &y, err));
        return mc_answer_scalar(to, y, out, err);
    }
    if (method == MC_METHOD_PREDICT) {
        MC_TRY(mc_emit_argmax(to, weighted, &y, err));
        return mc_answer_clusters(to, &y, weighted->n_cols, out, err);
    }
    if (method != MC_METHOD_PREDICT_PROBA)
        return mc_no_method(err, est, method);
    MC_TRY(mc_emit_log_share(to, weighted, MC_LOG_SHARE_PLAIN, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_EXP, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

static bool has_method(mc_method method)
{
    return method == MC_METHOD_PREDICT || method == MC_METHOD_PREDICT_PROBA ||
           method == MC_METHOD_SCORE_SAMPLES;
}

mc_status mc_lower_gaussian_mixture(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    mixture m;
    const double *weights = NULL;
    double *logs = NULL;
    mc_sym y;
    if (!has_method(method))
        return mc_no_method(err, est, method);
    MC_TRY(open_mixture(to, est, x->n_cols, &m, err));
    MC_TRY(mc_attr_vector(to, est, "weights_", m.k, &weights, NULL, err));
    MC_TRY(mc_arena_new(to->arena, double, m.k, &logs, err));
    for (size_t i = 0; i < m.k; i++)
        logs[i] = log(weights[i]);
    MC_TRY(log_density(to, &m, x, &y, err));
    MC_TRY(mc_emit_add(to, &y, logs, &y, err));
    return answers(to, est, method, &y, out, err);
}

/* ---------------------------------------------------------------------------------- Bayes ---- */

/* Expected logarithms of the weights: broken off a stick one after the other. */
static mc_status stick_weights(mc_lowering *to, const mixture *m, double *out, mc_error *err)
{
    mc_items pair;
    double *side[2] = {NULL, NULL}, before = 0.0;
    MC_TRY(mc_attr_items(to, m->est, "weight_concentration_", &pair, err));
    if (pair.n != 2)
        return mc_refuse(err, m->est, "weight_concentration_: expected a pair, found %zu items",
                         pair.n);
    for (size_t i = 0; i < 2; i++) {
        mc_ndarray array;
        MC_TRY_IN(mc_ndarray_from_value(to->arena, pair.at[i], &array, err), err,
                  "weight_concentration_[%zu]", i);
        MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &side[i], err), err,
                  "weight_concentration_[%zu]", i);
        if (array.n_items != m->k)
            return mc_refuse(err, m->est, "weight_concentration_[%zu]: %zu values for %zu", i,
                             array.n_items, m->k);
    }
    for (size_t i = 0; i < m->k; i++) {
        const double both = mc_digamma(side[0][i] + side[1][i]);
        out[i] = mc_digamma(side[0][i]) - both + before;
        before += mc_digamma(side[1][i]) - both;
    }
    return MC_OK;
}

static mc_status drawn_weights(mc_lowering *to, const mixture *m, double *out, mc_error *err)
{
    const double *concentration = NULL;
    MC_TRY(mc_attr_vector(to, m->est, "weight_concentration_", m->k, &concentration, NULL, err));
    const double all = mc_digamma(mc_pairwise_sum(concentration, m->k));
    for (size_t i = 0; i < m->k; i++)
        out[i] = mc_digamma(concentration[i]) - all;
    return MC_OK;
}

/* degrees_of_freedom_ and mean_precision_ have one value a component, or one for all. */
static mc_status per_component(mc_lowering *to, const mixture *m, const char *name,
                               const double **out, size_t *out_stride, mc_error *err)
{
    size_t n = 0;
    MC_TRY(mc_attr_vector(to, m->est, name, MC_ANY, out, &n, err));
    if (n != 1 && n != m->k)
        return mc_refuse(err, m->est, "%s: %zu values for %zu components", name, n, m->k);
    *out_stride = n == 1 ? 0 : 1;
    return MC_OK;
}

/* What the uncertainty about means and precisions subtracts, and adds again. */
static mc_status uncertainty(mc_lowering *to, const mixture *m, double *out_minus, double *out_plus,
                             mc_error *err)
{
    const double *freedom = NULL, *certainty = NULL, d = (double)m->d;
    size_t freedom_stride = 0, certainty_stride = 0;
    MC_TRY(per_component(to, m, "degrees_of_freedom_", &freedom, &freedom_stride, err));
    MC_TRY(per_component(to, m, "mean_precision_", &certainty, &certainty_stride, err));
    for (size_t i = 0; i < m->k; i++) {
        const double degrees = freedom[i * freedom_stride];
        double sum = 0.0;
        for (size_t j = 0; j < m->d; j++)
            sum += mc_digamma(0.5 * (degrees - (double)j));
        out_minus[i] = 0.5 * d * log(degrees);
        out_plus[i] = 0.5 * (d * log(2.0) + sum - d / certainty[i * certainty_stride]);
    }
    return MC_OK;
}

mc_status mc_lower_bayesian_mixture(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    mixture m;
    double *weights = NULL, *minus = NULL, *plus = NULL;
    mc_sym y;
    if (!has_method(method))
        return mc_no_method(err, est, method);
    MC_TRY(open_mixture(to, est, x->n_cols, &m, err));
    MC_TRY(mc_arena_new(to->arena, double, m.k, &weights, err));
    MC_TRY(mc_arena_new(to->arena, double, m.k, &minus, err));
    MC_TRY(mc_arena_new(to->arena, double, m.k, &plus, err));
    const mc_bytes prior = mc_attr_text(est, "weight_concentration_prior_type");
    if (mc_bytes_is(prior, "dirichlet_process"))
        MC_TRY(stick_weights(to, &m, weights, err));
    else if (mc_bytes_is(prior, "dirichlet_distribution"))
        MC_TRY(drawn_weights(to, &m, weights, err));
    else
        return mc_refuse(err, est, "weight_concentration_prior_type: \"%.*s\"", MC_SHOW(prior));
    MC_TRY(uncertainty(to, &m, minus, plus, err));
    MC_TRY(log_density(to, &m, x, &y, err));
    MC_TRY(mc_emit_subtract(to, &y, minus, &y, err));
    MC_TRY(mc_emit_add(to, &y, plus, &y, err));
    MC_TRY(mc_emit_add(to, &y, weights, &y, err));
    return answers(to, est, method, &y, out, err);
}
