/* naive_bayes.c: the five naive Bayes classifiers.
 *
 * Oracle   sklearn/naive_bayes.py, scikit-learn 1.2 to 1.9.
 * Exact    Joint log likelihoods: GaussianNB as kernel/density.c, CategoricalNB bit for bit, the
 *          others within the bound of kernel/linear.c. Log probabilities have the error of
 *          logsumexp (kernel/special.c) on top, probabilities that of exp.
 * Why so   Multinomial, complement and Bernoulli likelihoods are linear in the counts, so that
 *          documents cost only their words. */
#include <math.h>

#include "base/limits.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* A classifier whose likelihoods are to be worked out. */
typedef struct bayes {
    const mc_value *est;
    const double *prior; /* (n_columns), or its logarithm */
    size_t n_classes;
    size_t n_columns; /* n_classes; up to 0.24 one class has a second column, which none is in */
    uint32_t table;   /* class table */
} bayes;

/* Joint log likelihoods (n_rows, n_columns) of checked rows. */
typedef mc_status likelihood_fn(mc_lowering *to, const bayes *b, const mc_sym *x, mc_sym *out,
                                mc_error *err);

static mc_status open_bayes(mc_lowering *to, const mc_value *est, bayes *out, mc_error *err)
{
    const bool is_gaussian = mc_bytes_is(mc_class_name(est), "GaussianNB");
    const char *name = is_gaussian ? "class_prior_" : "class_log_prior_";
    const mc_value *classes = NULL;
    *out = (bayes){.est = est};
    MC_TRY(mc_attr_need(est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &out->table, &out->n_classes, err));
    MC_TRY(mc_attr_vector(to, est, name, MC_ANY, &out->prior, &out->n_columns, err));
    const bool is_only = out->n_classes == 1 && out->n_columns == 2 && !is_gaussian;
    if (out->n_classes == 0 || (out->n_columns != out->n_classes && !is_only))
        return mc_refuse(err, est, "%s: %zu values for %zu classes", name, out->n_columns,
                         out->n_classes);
    return MC_OK;
}

static mc_status label(mc_lowering *to, const bayes *b, mc_sym y, mc_answer *out, mc_error *err)
{
    static const uint32_t ONLY[] = {0};
    if (b->n_columns > b->n_classes)
        MC_TRY(mc_emit_columns(to, &y, ONLY, 1, &y, err));
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, b->table, out, err);
}

static mc_status classify(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                          likelihood_fn *likelihood, mc_answer *out, mc_error *err)
{
    bayes b;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA &&
        method != MC_METHOD_PREDICT_LOG_PROBA &&
        (method != MC_METHOD_PREDICT_JOINT_LOG_PROBA || mc_version_of(to, est) < 102))
        return mc_no_method(err, est, method);
    MC_TRY(open_bayes(to, est, &b, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    MC_TRY(likelihood(to, &b, &y, &y, err));
    if (method == MC_METHOD_PREDICT)
        return label(to, &b, y, out, err);
    if (method == MC_METHOD_PREDICT_JOINT_LOG_PROBA)
        return mc_answer_matrix(to, y, out, err);
    MC_TRY(mc_emit_log_share(to, &y, MC_LOG_SHARE_PLAIN, &y, err));
    if (method == MC_METHOD_PREDICT_PROBA)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_EXP, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* ---------------------------------------------------------------------------- Gaussian ---- */

static mc_status gaussian(mc_lowering *to, const bayes *b, const mc_sym *x, mc_sym *out,
                          mc_error *err)
{
    mc_step step = MC_STEP_INIT(DIAGONAL_LOG);
    const double *mean = NULL, *variance = NULL;
    double *constant = NULL, *log_prior = NULL;
    const size_t d = x->n_cols, k = b->n_columns;
    const char *name = mc_attr_has(b->est, "var_") ? "var_" : "sigma_"; /* before 1.0 */
    MC_TRY(mc_attr_matrix(to, b->est, "theta_", k, d, &mean, NULL, NULL, err));
    MC_TRY(mc_attr_matrix(to, b->est, name, k, d, &variance, NULL, NULL, err));
    MC_TRY(mc_arena_new(to->arena, double, k, &constant, err));
    MC_TRY(mc_arena_new(to->arena, double, k, &log_prior, err));
    double *logs = NULL;
    MC_TRY(mc_arena_new(to->arena, double, d, &logs, err));
    for (size_t c = 0; c < k; c++) {
        for (size_t j = 0; j < d; j++)
            logs[j] = log(2.0 * 3.141592653589793 * variance[c * d + j]);
        constant[c] = -0.5 * mc_pairwise_sum(logs, d);
        log_prior[c] = log(b->prior[c]);
    }
    MC_TRY(mc_build_f64(to->b, mean, k, d, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, variance, k, d, &step.array[1], err));
    MC_TRY(mc_build_f64(to->b, constant, 1, k, &step.array[2], err));
    MC_TRY(mc_emit_dense_step(to, step, x, k, out, err));
    return mc_emit_add(to, out, log_prior, out, err);
}

mc_status mc_lower_gaussian_nb(mc_lowering *to, const mc_value *est, mc_method method,
                               const mc_sym *x, mc_answer *out, mc_error *err)
{
    return classify(to, est, method, x, gaussian, out, err);
}

/* ------------------------------------------------------------------------------ counts ---- */

static mc_status feature_logs(mc_lowering *to, const bayes *b, size_t d, const double **out,
                              mc_error *err)
{
    return mc_attr_matrix(to, b->est, "feature_log_prob_", b->n_columns, d, out, NULL, NULL, err);
}

static mc_status multinomial(mc_lowering *to, const bayes *b, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    const double *logs = NULL;
    MC_TRY(feature_logs(to, b, x->n_cols, &logs, err));
    return mc_emit_linear(to, x, logs, b->prior, b->n_columns, out, err);
}

mc_status mc_lower_multinomial_nb(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    return classify(to, est, method, x, multinomial, out, err);
}

/* Classes have equal weight, except one on its own. */
static mc_status complement(mc_lowering *to, const bayes *b, const mc_sym *x, mc_sym *out,
                            mc_error *err)
{
    const double *logs = NULL;
    MC_TRY(feature_logs(to, b, x->n_cols, &logs, err));
    const double *prior = b->n_classes == 1 ? b->prior : NULL;
    return mc_emit_linear(to, x, logs, prior, b->n_columns, out, err);
}

mc_status mc_lower_complement_nb(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    return classify(to, est, method, x, complement, out, err);
}

/* A feature that is absent counts too: all as if absent, then what presence changes. */
static mc_status bernoulli(mc_lowering *to, const bayes *b, const mc_sym *x, mc_sym *out,
                           mc_error *err)
{
    const double *logs = NULL;
    double *weights = NULL, *absent = NULL, *bias = NULL, threshold = 0.0;
    const size_t d = x->n_cols, k = b->n_columns;
    mc_sym is_there = *x;
    MC_TRY(feature_logs(to, b, d, &logs, err));
    MC_TRY(mc_arena_new(to->arena, double, k *d, &weights, err));
    MC_TRY(mc_arena_new(to->arena, double, d, &absent, err));
    MC_TRY(mc_arena_new(to->arena, double, k, &bias, err));
    for (size_t c = 0; c < k; c++) {
        for (size_t j = 0; j < d; j++) {
            absent[j] = log(1.0 - exp(logs[c * d + j]));
            weights[c * d + j] = logs[c * d + j] - absent[j];
        }
        bias[c] = b->prior[c] + mc_pairwise_sum(absent, d);
    }
    if (mc_attr_has(b->est, "binarize")) {
        MC_TRY(mc_attr_number(b->est, "binarize", 0.0, &threshold, err));
        MC_TRY(mc_emit_unary(to, x, MC_UNARY_ABOVE, threshold, 0.0, &is_there, err));
    }
    return mc_emit_linear(to, &is_there, weights, bias, k, out, err);
}

mc_status mc_lower_bernoulli_nb(mc_lowering *to, const mc_value *est, mc_method method,
                                const mc_sym *x, mc_answer *out, mc_error *err)
{
    return classify(to, est, method, x, bernoulli, out, err);
}

/* -------------------------------------------------------------------------- categories ---- */

/* feature_log_prob_[f] (n_columns, n_categories) of each feature, one row a category. */
typedef struct category_table {
    double *values;  /* (start[d], n_columns) */
    uint32_t *start; /* (d + 1) */
} category_table;

static mc_status open_features(mc_lowering *to, const bayes *b, size_t d, mc_ndarray **out,
                               category_table *table, mc_error *err)
{
    mc_items items;
    mc_ndarray *arrays = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_items(to, b->est, "feature_log_prob_", &items, err));
    if (items.n != d)
        return mc_refuse(err, b->est, "feature_log_prob_: %zu arrays for %zu features", items.n, d);
    MC_TRY(mc_arena_new(to->arena, mc_ndarray, d, &arrays, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, d + 1, &table->start, err));
    for (size_t f = 0; f < d; f++) {
        MC_TRY_IN(mc_ndarray_from_value(to->arena, items.at[f], &arrays[f], err), err,
                  "feature_log_prob_[%zu]", f);
        if (arrays[f].n_dims != 2 || arrays[f].shape[0] != b->n_columns ||
            arrays[f].shape[1] > MC_LIMIT_WIDTH || (n += arrays[f].shape[1]) > MC_LIMIT_WIDTH)
            return mc_refuse(err, b->est, "feature_log_prob_[%zu]: expected (%zu, categories)", f,
                             b->n_columns);
        table->start[f + 1] = (uint32_t)n;
    }
    *out = arrays;
    return mc_arena_new(to->arena, double, n * b->n_columns, &table->values, err);
}

static mc_status category_values(mc_lowering *to, const bayes *b, size_t d, category_table *out,
                                 mc_error *err)
{
    mc_ndarray *arrays = NULL;
    MC_TRY(open_features(to, b, d, &arrays, out, err));
    for (size_t f = 0; f < d; f++) {
        double *logs = NULL;
        const size_t n = arrays[f].shape[1];
        double *values = out->values + out->start[f] * b->n_columns;
        MC_TRY_IN(mc_ndarray_f64(to->arena, &arrays[f], &logs, err), err, "feature_log_prob_[%zu]",
                  f);
        for (size_t c = 0; c < b->n_columns; c++)
            for (size_t i = 0; i < n; i++)
                values[i * b->n_columns + c] = logs[c * n + i];
    }
    return MC_OK;
}

static mc_status categorical(mc_lowering *to, const bayes *b, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    mc_step step = MC_STEP_INIT(CATEGORY_SUM);
    category_table table = {0};
    const size_t d = x->n_cols;
    MC_TRY(category_values(to, b, d, &table, err));
    MC_TRY(mc_build_f64(to->b, table.values, table.start[d], b->n_columns, &step.array[0], err));
    MC_TRY(mc_build_u32(to->b, table.start, d + 1, &step.array[1], err));
    MC_TRY(mc_emit_dense_step(to, step, x, b->n_columns, out, err));
    return mc_emit_add(to, out, b->prior, out, err);
}

mc_status mc_lower_categorical_nb(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    return classify(to, est, method, x, categorical, out, err);
}
