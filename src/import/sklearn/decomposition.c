/* decomposition.c: rows to components by products with matrices, and back.
 *
 * Oracle   sklearn/decomposition/{_base,_pca,_incremental_pca,_truncated_svd,_factor_analysis,
 *          _fastica,_sparse_pca}.py, scikit-learn 1.2 to 1.9.
 * Exact    Within the bound of kernel/linear.c; FactorAnalysis and the sparse PCAs solve their
 *          systems at load, with the error of kernel/solve.c. score_samples asks no precision
 *          matrix (features squared): with L the Cholesky factor of what scikit-learn inverts,
 *          its quadratic form is one of norms, |x|**2 / noise - |inv(L) C x|**2 / noise**2,
 *          within 8 (features) u |x|**2 / noise of the true value. scikit-learn's own loses
 *          digits where the components' variances differ much and whiten is set: 4.6e-6 in 31.8
 *          on unscaled wine, where this is right to 12 digits (checked against 60).
 * Float32  A model fitted on float32 rows answers them in float32 there, and here in float64:
 *          they agree to float32's accuracy. */
#include <float.h>
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/matrix.h"
#include "kernel/solve.h"

#define LOG_TWO_PI 1.8378770664093453

/* What the estimators of this file have in common. */
typedef struct components {
    const double *rows; /* (k, d) */
    const double *mean; /* (d), or NULL */
    size_t k, d;
} components;

static bool is_back(mc_method method)
{
    return method == MC_METHOD_INVERSE_TRANSFORM;
}

/* components_ and mean_: `x` has a column for each feature, or for each component on the way back.
 */
static mc_status read_components(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, components *out, mc_error *err)
{
    *out = (components){0};
    MC_TRY(mc_attr_matrix(to, est, "components_", is_back(method) ? x->n_cols : MC_ANY,
                          is_back(method) ? MC_ANY : x->n_cols, &out->rows, &out->k, &out->d, err));
    if (mc_attr_has(est, "mean_"))
        MC_TRY(mc_attr_vector(to, est, "mean_", out->d, &out->mean, NULL, err));
    return MC_OK;
}

static mc_status answer(mc_lowering *to, mc_sym value, mc_answer *out, mc_error *err)
{
    value.type = MC_VALUE_FLOAT;
    value.type_as_input = 0;
    return mc_answer_matrix(to, value, out, err);
}

/* (x - mean) @ weights.T, no mean if it is NULL. */
static mc_status project(mc_lowering *to, const mc_sym *x, const components *c,
                         const double *weights, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, out, err));
    if (c->mean != NULL)
        MC_TRY(mc_emit_subtract(to, out, c->mean, out, err));
    return mc_emit_linear(to, out, weights, NULL, c->k, out, err);
}

/* x @ rows + mean, the way back of most. */
static mc_status project_back(mc_lowering *to, const mc_sym *x, const components *c,
                              const double *rows, mc_answer *out, mc_error *err)
{
    const double *weights = NULL;
    mc_sym y;
    MC_TRY(mc_matrix_transposed(to, rows, c->k, c->d, &weights, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_linear(to, &y, weights, c->mean, c->d, &y, err));
    return answer(to, y, out, err);
}

/* out (k, d): row i of `rows` times by[i]. */
static mc_status scaled_rows(mc_lowering *to, const double *rows, size_t k, size_t d,
                             const double *by, double **out, mc_error *err)
{
    MC_TRY(mc_matrix_new(to, k, d, out, err));
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < d; j++)
            (*out)[i * d + j] = by[i] * rows[i * d + j];
    return MC_OK;
}

/* ------------------------------------------------------------------------ log-likelihood ---- */

/* log p(x) = -(quadratic + constant) / 2, where the quadratic form is the squared length of the
 * rows over their noise, less that of their image by `weights`. */
typedef struct gaussian {
    const double *noise;   /* (d) variances, or NULL: only the image counts, and is added */
    const double *weights; /* (k, d) */
    double constant;
} gaussian;

static mc_status squared_length(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    return mc_emit_row_dot(to, x, x, out, err);
}

static mc_status log_likelihood(mc_lowering *to, const mc_sym *x, const components *c,
                                const gaussian *g, mc_answer *out, mc_error *err)
{
    static const double HALVES[2] = {0.5, -0.5};
    mc_sym centred, image, parts[2];
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &centred, err));
    MC_TRY(mc_emit_subtract(to, &centred, c->mean, &centred, err));
    MC_TRY(mc_emit_linear(to, &centred, g->weights, NULL, c->k, &image, err));
    MC_TRY(squared_length(to, &image, &parts[0], err));
    if (g->noise != NULL) {
        MC_TRY(mc_emit_divide(to, &centred, g->noise, &parts[1], err));
        MC_TRY(mc_emit_row_dot(to, &parts[1], &centred, &parts[1], err));
        MC_TRY(mc_emit_sum(to, parts, 2, HALVES, 1.0, &parts[0], err));
    } else {
        MC_TRY(mc_emit_unary(to, &parts[0], MC_UNARY_SCALE, -0.5, 0.0, &parts[0], err));
    }
    MC_TRY(mc_emit_unary(to, &parts[0], MC_UNARY_OFFSET, -0.5 * g->constant, 0.0, &parts[0], err));
    return mc_answer_scalar(to, parts[0], out, err);
}

/* With w (k, d) and a noise for each feature: weights = inv(L) w / noise, where L L.T = diag(extra)
 * + (w / noise) w.T. Adds log det of the covariance to the constant; `is_definite` is false where
 * scikit-learn has no inverse either. */
static mc_status by_inversion_lemma(mc_lowering *to, const double *w, size_t k, size_t d,
                                    const double *extra, gaussian *g, bool *is_definite,
                                    mc_error *err)
{
    double *inner = NULL, *weights = NULL, *column = NULL;
    MC_TRY(mc_matrix_new(to, k, k, &inner, err));
    MC_TRY(mc_matrix_new(to, k, d, &weights, err));
    MC_TRY(mc_arena_new(to->arena, double, k, &column, err));
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < d; j++)
            weights[i * d + j] = w[i * d + j] / g->noise[j];
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            inner[i * k + j] = mc_dot(weights + i * d, w + j * d, d) + (i == j ? extra[i] : 0.0);
    *is_definite = mc_cholesky(inner, k, k);
    for (size_t i = 0; i < k; i++) /* det(cov) = det(noise) det(inner) / det(extra) */
        g->constant += 2.0 * log(inner[i * k + i]) - log(extra[i]);
    for (size_t j = 0; j < d; j++) {
        g->constant += log(g->noise[j]) + LOG_TWO_PI;
        for (size_t i = 0; i < k; i++)
            column[i] = weights[i * d + j];
        mc_solve_lower(inner, k, k, column);
        for (size_t i = 0; i < k; i++)
            weights[i * d + j] = column[i];
    }
    g->weights = weights;
    return MC_OK;
}

/* --------------------------------------------------------------------------------- PCA ---- */

/* Standard deviations by which `whiten` divides: floored since 1.5, at the eps of their dtype. */
static mc_status whitening(mc_lowering *to, const mc_value *est, size_t k, bool floored,
                           const double **out, mc_error *err)
{
    const double *variance = NULL;
    double *scale = NULL;
    mc_ndarray array;
    *out = NULL;
    bool whiten = false;
    MC_TRY(mc_attr_bool(est, "whiten", false, &whiten, err));
    if (!whiten)
        return MC_OK;
    MC_TRY(mc_attr_vector(to, est, "explained_variance_", k, &variance, NULL, err));
    MC_TRY(mc_attr_array(to, est, "explained_variance_", &array, err));
    MC_TRY(mc_arena_new(to->arena, double, k, &scale, err));
    const bool is_narrow = array.dtype.kind == 'f' && array.dtype.item_size == sizeof(float);
    const double least = !floored ? 0.0 : is_narrow ? (double)FLT_EPSILON : DBL_EPSILON;
    for (size_t i = 0; i < k; i++) {
        scale[i] = sqrt(variance[i]);
        scale[i] = scale[i] < least ? least : scale[i];
    }
    *out = scale;
    return MC_OK;
}

/* Up to 1.4 the mean goes first, and then its projection. */
static mc_status pca_transform(mc_lowering *to, const mc_value *est, const mc_sym *x,
                               const components *c, mc_answer *out, mc_error *err)
{
    const bool projects_mean = mc_version_of(to, est) >= 105;
    const double *scale = NULL;
    double *offset = NULL;
    mc_sym y;
    if (projects_mean && c->mean != NULL) {
        MC_TRY(mc_arena_new(to->arena, double, c->k, &offset, err));
        for (size_t i = 0; i < c->k; i++)
            offset[i] = -mc_dot(c->mean, c->rows + i * c->d, c->d);
        MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
        MC_TRY(mc_emit_linear(to, &y, c->rows, offset, c->k, &y, err));
    } else {
        MC_TRY(project(to, x, c, c->rows, &y, err));
    }
    MC_TRY(whitening(to, est, c->k, projects_mean, &scale, err));
    if (scale != NULL)
        MC_TRY(mc_emit_divide(to, &y, scale, &y, err));
    return answer(to, y, out, err);
}

static mc_status pca_back(mc_lowering *to, const mc_value *est, const mc_sym *x,
                          const components *c, mc_answer *out, mc_error *err)
{
    const double *scale = NULL;
    double *rows = NULL;
    MC_TRY(whitening(to, est, c->k, false, &scale, err));
    if (scale == NULL)
        return project_back(to, x, c, c->rows, out, err);
    MC_TRY(scaled_rows(to, c->rows, c->k, c->d, scale, &rows, err));
    return project_back(to, x, c, rows, out, err);
}

/* get_covariance() is w.T diag(over) w + noise: what the components explain over the noise. With
 * whiten scikit-learn scales them by their deviations first, and so does this. */
typedef struct probabilistic {
    double *w;    /* (k, d) */
    double *over; /* (k) */
    double *scale;
    double noise;
} probabilistic;

static mc_status read_probabilistic(mc_lowering *to, const mc_value *est, const components *c,
                                    probabilistic *out, mc_error *err)
{
    const double *variance = NULL, *scale = NULL;
    MC_TRY(mc_attr_vector(to, est, "explained_variance_", c->k, &variance, NULL, err));
    MC_TRY(mc_attr_number(est, "noise_variance_", 0.0, &out->noise, err));
    MC_TRY(whitening(to, est, c->k, false, &scale, err));
    MC_TRY(mc_arena_new(to->arena, double, c->k, &out->over, err));
    MC_TRY(mc_arena_new(to->arena, double, c->k, &out->scale, err));
    for (size_t i = 0; i < c->k; i++) {
        out->over[i] = fmax(variance[i] - out->noise, 0.0);
        out->scale[i] = scale == NULL ? 1.0 : scale[i];
    }
    return scaled_rows(to, c->rows, c->k, c->d, out->scale, &out->w, err);
}

/* Without noise and with all components the inverse is known: they are orthonormal. */
static mc_status without_noise(mc_lowering *to, const components *c, const probabilistic *p,
                               gaussian *g, mc_error *err)
{
    double *by = NULL, *weights = NULL;
    MC_TRY(mc_arena_new(to->arena, double, c->k, &by, err));
    for (size_t i = 0; i < c->k; i++) {
        by[i] = 1.0 / (sqrt(p->over[i]) * p->scale[i]);
        g->constant += LOG_TWO_PI - 2.0 * log(by[i]);
    }
    MC_TRY(scaled_rows(to, c->rows, c->k, c->d, by, &weights, err));
    g->weights = weights;
    return MC_OK;
}

static mc_status with_noise(mc_lowering *to, const components *c, const probabilistic *p,
                            gaussian *g, bool *is_definite, mc_error *err)
{
    double *noise = NULL, *extra = NULL;
    MC_TRY(mc_arena_new(to->arena, double, c->d, &noise, err));
    MC_TRY(mc_arena_new(to->arena, double, c->k, &extra, err));
    for (size_t j = 0; j < c->d; j++)
        noise[j] = p->noise;
    for (size_t i = 0; i < c->k; i++)
        extra[i] = 1.0 / p->over[i];
    g->noise = noise;
    return by_inversion_lemma(to, p->w, c->k, c->d, extra, g, is_definite, err);
}

/* Where the covariance has no inverse scikit-learn fails too: the method is not offered. */
static mc_status pca_score(mc_lowering *to, const mc_value *est, const mc_sym *x,
                           const components *c, mc_answer *out, mc_error *err)
{
    probabilistic p = {0};
    gaussian g = {0};
    bool is_definite = true;
    MC_TRY(read_probabilistic(to, est, c, &p, err));
    for (size_t i = 0; i < c->k; i++)
        is_definite = is_definite && p.over[i] > 0.0 && p.scale[i] > 0.0;
    if (!is_definite || c->mean == NULL || (p.noise == 0.0 && c->k != c->d))
        return mc_no_method(err, est, MC_METHOD_SCORE_SAMPLES);
    if (p.noise == 0.0)
        MC_TRY(without_noise(to, c, &p, &g, err));
    else
        MC_TRY(with_noise(to, c, &p, &g, &is_definite, err));
    if (!is_definite)
        return mc_no_method(err, est, MC_METHOD_SCORE_SAMPLES);
    return log_likelihood(to, x, c, &g, out, err);
}

mc_status mc_lower_pca(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                       mc_answer *out, mc_error *err)
{
    components c;
    const bool scores = method == MC_METHOD_SCORE_SAMPLES &&
                        mc_bytes_is(mc_class_name(est), "PCA"); /* not the incremental one */
    if (method != MC_METHOD_TRANSFORM && !is_back(method) && !scores)
        return mc_no_method(err, est, method);
    MC_TRY(read_components(to, est, method, x, &c, err));
    if (scores)
        return pca_score(to, est, x, &c, out, err);
    return is_back(method) ? pca_back(to, est, x, &c, out, err)
                           : pca_transform(to, est, x, &c, out, err);
}

/* ----------------------------------------------------------------------------- the others ---- */

mc_status mc_lower_truncated_svd(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    components c;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM && !is_back(method))
        return mc_no_method(err, est, method);
    MC_TRY(read_components(to, est, method, x, &c, err));
    if (is_back(method))
        return project_back(to, x, &c, c.rows, out, err);
    MC_TRY(project(to, x, &c, c.rows, &y, err));
    return answer(to, y, out, err);
}

/* mean_ is there unless whiten is False. */
mc_status mc_lower_fast_ica(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    const double *mixing = NULL;
    components c;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM && !is_back(method))
        return mc_no_method(err, est, method);
    MC_TRY(read_components(to, est, method, x, &c, err));
    if (is_back(method)) {
        MC_TRY(mc_attr_matrix(to, est, "mixing_", c.d, c.k, &mixing, NULL, NULL, err));
        MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
        MC_TRY(mc_emit_linear(to, &y, mixing, c.mean, c.d, &y, err));
    } else {
        MC_TRY(project(to, x, &c, c.rows, &y, err));
    }
    return answer(to, y, out, err);
}

/* (x - mean) @ w.T @ inv(I + w components.T), w = components / noise. */
static mc_status factor_transform(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                  const components *c, const double *noise, mc_answer *out,
                                  mc_error *err)
{
    double *w = NULL, *inner = NULL, *inverse = NULL;
    uint32_t *pivots = NULL;
    const double *weights = NULL;
    mc_sym y;
    MC_TRY(mc_matrix_new(to, c->k, c->d, &w, err));
    MC_TRY(mc_matrix_new(to, c->k, c->k, &inner, err));
    MC_TRY(mc_matrix_new(to, c->k, c->k, &inverse, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, c->k, &pivots, err));
    for (size_t i = 0; i < c->k; i++)
        for (size_t j = 0; j < c->d; j++)
            w[i * c->d + j] = c->rows[i * c->d + j] / noise[j];
    for (size_t i = 0; i < c->k; i++) {
        for (size_t j = 0; j < c->k; j++)
            inner[i * c->k + j] =
                mc_dot(w + i * c->d, c->rows + j * c->d, c->d) + (i == j ? 1.0 : 0.0);
    }
    if (!mc_lu(inner, c->k, pivots))
        return mc_refuse(err, est, "components_: I + W W.T is singular");
    mc_lu_inverse(inner, pivots, c->k, inverse);
    MC_TRY(mc_matrix_transposed(to, inverse, c->k, c->k, &weights, err));
    MC_TRY(project(to, x, c, w, &y, err));
    MC_TRY(mc_emit_linear(to, &y, weights, NULL, c->k, &y, err));
    return answer(to, y, out, err);
}

static mc_status factor_score(mc_lowering *to, const mc_value *est, const mc_sym *x,
                              const components *c, const double *noise, mc_answer *out,
                              mc_error *err)
{
    gaussian g = {.noise = noise};
    double *ones = NULL;
    bool is_definite = true;
    MC_TRY(mc_arena_new(to->arena, double, c->k, &ones, err));
    for (size_t i = 0; i < c->k; i++)
        ones[i] = 1.0;
    MC_TRY(by_inversion_lemma(to, c->rows, c->k, c->d, ones, &g, &is_definite, err));
    if (!is_definite)
        return mc_no_method(err, est, MC_METHOD_SCORE_SAMPLES);
    return log_likelihood(to, x, c, &g, out, err);
}

mc_status mc_lower_factor_analysis(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *noise = NULL;
    components c;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_SCORE_SAMPLES)
        return mc_no_method(err, est, method);
    MC_TRY(read_components(to, est, method, x, &c, err));
    if (c.mean == NULL)
        return mc_refuse(err, est, "it has no attribute mean_: is it fitted?");
    MC_TRY(mc_attr_vector(to, est, "noise_variance_", c.d, &noise, NULL, err));
    return method == MC_METHOD_TRANSFORM ? factor_transform(to, est, x, &c, noise, out, err)
                                         : factor_score(to, est, x, &c, noise, out, err);
}

/* weights (k, d) = inv(C C.T + alpha I) C: the ridge regression of a row on the components. */
static mc_status ridge_weights(mc_lowering *to, const components *c, double alpha,
                               const double **out, mc_error *err)
{
    double *inner = NULL, *weights = NULL, *column = NULL;
    const double *inverse = NULL;
    MC_TRY(mc_matrix_new(to, c->k, c->k, &inner, err));
    MC_TRY(mc_matrix_new(to, c->k, c->d, &weights, err));
    MC_TRY(mc_arena_new(to->arena, double, c->k, &column, err));
    for (size_t i = 0; i < c->k; i++) {
        for (size_t j = 0; j < c->k; j++)
            inner[i * c->k + j] =
                mc_dot(c->rows + i * c->d, c->rows + j * c->d, c->d) + (i == j ? alpha : 0.0);
    }
    if (!mc_cholesky(inner, c->k, c->k)) { /* scikit-learn asks the singular values then */
        MC_TRY(mc_matrix_pseudo_inverse(to, c->rows, c->k, c->d, &inverse, err));
        return mc_matrix_transposed(to, inverse, c->d, c->k, out, err);
    }
    for (size_t j = 0; j < c->d; j++) {
        for (size_t i = 0; i < c->k; i++)
            column[i] = c->rows[i * c->d + j];
        mc_cholesky_solve(inner, c->k, c->k, column);
        for (size_t i = 0; i < c->k; i++)
            weights[i * c->d + j] = column[i];
    }
    *out = weights;
    return MC_OK;
}

/* Before 0.22, and there by default, each component was divided by its length over the rows of the
 * call. A row alone is answered by its signs. */
static mc_status divides_by_rows(const mc_lowering *to, const mc_value *est, bool *out,
                                 mc_error *err)
{
    bool normalizes = false;
    *out = false;
    if (mc_version_of(to, est) >= 22) /* from 0.22 to 0.23 the parameter says "deprecated" */
        return MC_OK;
    MC_TRY(mc_attr_bool(est, "normalize_components", false, &normalizes, err));
    *out = !normalizes;
    return MC_OK;
}

mc_status mc_lower_sparse_pca(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *weights = NULL;
    double alpha = 0.0;
    bool divides = false;
    components c;
    mc_sym y;
    const bool has_back = mc_version_of(to, est) >= 102;
    if (method != MC_METHOD_TRANSFORM && !(is_back(method) && has_back))
        return mc_no_method(err, est, method);
    MC_TRY(divides_by_rows(to, est, &divides, err));
    MC_TRY(read_components(to, est, method, x, &c, err));
    if (is_back(method))
        return project_back(to, x, &c, c.rows, out, err);
    c.mean = divides ? NULL : c.mean;
    MC_TRY(mc_attr_number(est, "ridge_alpha", 0.01, &alpha, err));
    MC_TRY(ridge_weights(to, &c, alpha, &weights, err));
    MC_TRY(project(to, x, &c, weights, &y, err));
    if (divides)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_SIGN, 0.0, 0.0, &y, err));
    return answer(to, y, out, err);
}
