/* gaussian_process.c: GaussianProcessRegressor, and GaussianProcessClassifier by Laplace's method.
 *
 * Oracle   sklearn/gaussian_process/_gpr.py, _gpc.py and OneVsRestClassifier, OneVsOneClassifier of
 *          sklearn/multiclass.py, scikit-learn 1.2 to 1.9.
 * Exact    Means within the bound of kernel/linear.c for given kernel values. Variances are
 *          differences: k(x, x) - |v|^2 with v = inv(L_) k, off by up to n u cond(L_) k(x, x) there
 *          and here; near training rows little else may be left of them.
 * Unfitted     A regressor that was never fitted answers from its prior, for rows of any width
 * unless its kernel has a scale for each column. */
#include <math.h>

#include "import/sklearn/kernel_rows.h"

/* k(x, X_train_), of the kernel as it was fitted. */
static mc_status train_kernel(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                              mc_error *err)
{
    const mc_value *kernel = NULL;
    mc_fitted_rows fitted;
    MC_TRY(mc_attr_need(est, "kernel_", &kernel, err));
    MC_TRY(mc_attr_dense(to, est, "X_train_", MC_ANY, x->n_cols, &fitted, err));
    MC_TRY_IN(mc_emit_process_kernel(to, kernel, x, &fitted, out, err), err, "kernel_");
    return MC_OK;
}

/* inv(L_) k: what of a row the training rows explain. */
static mc_status explained(mc_lowering *to, const mc_value *est, const mc_sym *k, mc_sym *out,
                           mc_error *err)
{
    const double *lower = NULL;
    mc_step step = MC_STEP_INIT(SOLVE_LOWER);
    const size_t n = k->n_cols;
    MC_TRY(mc_attr_matrix(to, est, "L_", n, n, &lower, NULL, NULL, err));
    MC_TRY(mc_build_f64(to->b, lower, n, n, &step.array[0], err));
    return mc_emit_kernel_step(to, step, k, n, out, err);
}

/* k(x, x) - |v|^2 */
static mc_status variance(mc_lowering *to, const mc_value *est, const mc_sym *x, const mc_sym *v,
                          mc_sym *out, mc_error *err)
{
    static const double MINUS[] = {1.0, -1.0};
    const mc_value *kernel = NULL;
    mc_sym both[2];
    MC_TRY(mc_attr_need(est, "kernel_", &kernel, err));
    MC_TRY_IN(mc_emit_process_diagonal(to, kernel, x, &both[0], err), err, "kernel_");
    MC_TRY(mc_emit_row_dot(to, v, v, &both[1], err));
    return mc_emit_sum(to, both, 2, MINUS, 1.0, out, err);
}

/* ---------------------------------------------------------------------------- regression ---- */

typedef struct regression {
    const mc_value *est;
    const double *alpha;        /* (n, n_targets) */
    const double *mean, *scale; /* (n_targets): of the targets */
    size_t n_targets;
    mc_sym x, k;
} regression;

/* A number for each target; the attribute may be one number. */
static mc_status of_targets(mc_lowering *to, const regression *r, const char *name,
                            const char *old_name, double otherwise, const double **out,
                            mc_error *err)
{
    const double *given = &otherwise;
    double *made = NULL;
    size_t n = 1;
    const char *found = mc_attr_has(r->est, name) ? name : old_name;
    if (mc_attr_has(r->est, found))
        MC_TRY(mc_attr_vector(to, r->est, found, MC_ANY, &given, &n, err));
    if (n != 1 && n != r->n_targets)
        return mc_refuse(err, r->est, "attribute %s: expected %zu values, found %zu", found,
                         r->n_targets, n);
    MC_TRY(mc_arena_new(to->arena, double, r->n_targets, &made, err));
    for (size_t t = 0; t < r->n_targets; t++)
        made[t] = given[n == 1 ? 0 : t];
    *out = made;
    return MC_OK;
}

static mc_status read_regression(mc_lowering *to, regression *r, mc_error *err)
{
    mc_ndarray alpha;
    double *items = NULL;
    MC_TRY(mc_attr_array(to, r->est, "alpha_", &alpha, err));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &alpha, &items, err), err, "attribute alpha_");
    if (alpha.n_dims == 0 || alpha.n_dims > 2 || alpha.shape[0] != r->k.n_cols)
        return mc_refuse(err, r->est, "alpha_: expected %zu rows", r->k.n_cols);
    r->alpha = items;
    r->n_targets = alpha.n_dims == 2 ? alpha.shape[1] : 1;
    MC_TRY(of_targets(to, r, "_y_train_mean", "y_train_mean", 0.0, &r->mean, err));
    return of_targets(to, r, "_y_train_std", "y_train_std", 1.0, &r->scale, err);
}

static mc_status emit_mean(mc_lowering *to, const regression *r, mc_sym *out, mc_error *err)
{
    const double *weights = NULL;
    MC_TRY(mc_transposed(to, r->alpha, r->k.n_cols, r->n_targets, &weights, err));
    MC_TRY(mc_emit_linear(to, &r->k, weights, NULL, r->n_targets, out, err));
    MC_TRY(mc_emit_multiply(to, out, r->scale, out, err));
    return mc_emit_add(to, out, r->mean, out, err);
}

/* Squares of the units of the targets. */
static mc_status squared_scales(mc_lowering *to, const regression *r, const double **out,
                                mc_error *err)
{
    double *squares = NULL;
    MC_TRY(mc_arena_new(to->arena, double, r->n_targets, &squares, err));
    for (size_t t = 0; t < r->n_targets; t++)
        squares[t] = r->scale[t] * r->scale[t];
    *out = squares;
    return MC_OK;
}

/* sqrt of the variance, at least 0, in the unit of each target. */
static mc_status emit_deviation(mc_lowering *to, const regression *r, mc_sym *out, mc_error *err)
{
    const double *squares = NULL;
    uint32_t *zeros = NULL;
    mc_sym v;
    MC_TRY(explained(to, r->est, &r->k, &v, err));
    MC_TRY(variance(to, r->est, &r->x, &v, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_CLIP, 0.0, (double)INFINITY, out, err));
    MC_TRY(squared_scales(to, r, &squares, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, r->n_targets, &zeros, err));
    MC_TRY(mc_emit_columns(to, out, zeros, r->n_targets, out, err));
    MC_TRY(mc_emit_multiply(to, out, squares, out, err));
    return mc_emit_unary(to, out, MC_UNARY_SQRT, 0.0, 0.0, out, err);
}

static mc_status emit_covariance(mc_lowering *to, const regression *r, mc_sym *out, mc_error *err)
{
    const double *squares = NULL;
    const mc_value *kernel = NULL;
    mc_sym v;
    MC_TRY(mc_attr_need(r->est, "kernel_", &kernel, err));
    MC_TRY(explained(to, r->est, &r->k, &v, err));
    MC_TRY(squared_scales(to, r, &squares, err));
    return mc_emit_process_covariance(to, kernel, &r->x, &v, squares, r->n_targets, out, err);
}

/* Up to 1.0 all targets have one deviation, and with normalize_y none (scikit-learn raises). */
static bool one_for_all(mc_lowering *to, regression *r)
{
    if (r->n_targets == 1 || mc_version_of(to, r->est) > 100)
        return true;
    for (size_t t = 0; t < r->n_targets; t++)
        if (r->scale[t] != 1.0)
            return false;
    r->n_targets = 1;
    return true;
}

/* ----------------------------------------------------------------------------- the prior ---- */

/* One column for each target. */
static mc_status repeat(mc_lowering *to, const mc_sym *x, size_t n, mc_sym *out, mc_error *err)
{
    mc_sym *columns = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_sym, n, &columns, err));
    for (size_t t = 0; t < n; t++)
        columns[t] = *x;
    return mc_emit_hstack(to, columns, n, false, out, err);
}

/* 0 for rows that were checked: a sum of squares is 0 or more. */
static mc_status emit_zero(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_emit_row_dot(to, x, x, out, err));
    return mc_emit_unary(to, out, MC_UNARY_CLIP, 0.0, 0.0, out, err);
}

static mc_status prior_deviation(mc_lowering *to, const regression *r, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_emit_process_diagonal(to, mc_value_attr(r->est, "kernel"), &r->x, out, err));
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_SQRT, 0.0, 0.0, out, err));
    return repeat(to, out, r->n_targets, out, err);
}

static mc_status prior_covariance(mc_lowering *to, const regression *r, mc_sym *out, mc_error *err)
{
    mc_sym nothing;
    double *ones = NULL;
    MC_TRY(mc_arena_new(to->arena, double, r->n_targets, &ones, err));
    for (size_t t = 0; t < r->n_targets; t++)
        ones[t] = 1.0;
    MC_TRY(emit_zero(to, &r->x, &nothing, err));
    return mc_emit_process_covariance(to, mc_value_attr(r->est, "kernel"), &r->x, &nothing, ones,
                                      r->n_targets, out, err);
}

/* A regressor that was never fitted: mean 0, and the kernel's own variance. */
static mc_status answer_prior(mc_lowering *to, regression *r, mc_method method, mc_answer *out,
                              mc_error *err)
{
    mc_sym zero;
    int64_t n = 1;
    MC_TRY(mc_attr_integer(r->est, "n_targets", 1, &n, err)); /* since 1.3 */
    if (n < 1 || n > UINT16_MAX)
        return mc_refuse(err, r->est, "n_targets: %lld", (long long)n);
    r->n_targets = (size_t)n;
    MC_TRY(mc_answer_parts(to, method == MC_METHOD_PREDICT ? 1 : 2, out, err));
    out->is_list = false;
    MC_TRY(emit_zero(to, &r->x, &zero, err));
    MC_TRY(repeat(to, &zero, r->n_targets, &out->parts[0].value, err));
    out->parts[0].scalar = n == 1;
    if (method == MC_METHOD_PREDICT)
        return MC_OK;
    mc_answer_part *beside = &out->parts[1];
    if (method == MC_METHOD_PREDICT_COV) {
        beside->name = "cov";
        return prior_covariance(to, r, &beside->value, err);
    }
    beside->name = "std";
    beside->scalar = n == 1;
    return prior_deviation(to, r, &beside->value, err);
}

mc_status mc_lower_gaussian_process_regressor(mc_lowering *to, const mc_value *est,
                                              mc_method method, const mc_sym *x, mc_answer *out,
                                              mc_error *err)
{
    regression r = {.est = est};
    const bool with_std = method == MC_METHOD_PREDICT_STD;
    const bool with_cov = method == MC_METHOD_PREDICT_COV;
    if (method != MC_METHOD_PREDICT && !with_std && !with_cov)
        return mc_no_method(err, est, method);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &r.x, err));
    if (!mc_attr_has(est, "X_train_"))
        return answer_prior(to, &r, method, out, err);
    MC_TRY(train_kernel(to, est, &r.x, &r.k, err));
    MC_TRY(read_regression(to, &r, err));
    MC_TRY(mc_answer_parts(to, with_std || with_cov ? 2 : 1, out, err));
    out->is_list = false;
    MC_TRY(emit_mean(to, &r, &out->parts[0].value, err));
    out->parts[0].scalar = r.n_targets == 1;
    if ((with_std || with_cov) && !one_for_all(to, &r))
        return mc_no_method(err, est, method);
    if (with_std) {
        MC_TRY(emit_deviation(to, &r, &out->parts[1].value, err));
        out->parts[1].scalar = r.n_targets == 1;
        out->parts[1].name = "std";
    } else if (with_cov) {
        MC_TRY(emit_covariance(to, &r, &out->parts[1].value, err));
        out->parts[1].name = "cov";
    }
    return MC_OK;
}

/* ------------------------------------------------------------------------ classification ---- */

/* The latent mean of one binary classifier: k(x, X_train_) @ (y_train_ - pi_). */
static mc_status latent_mean(mc_lowering *to, const mc_value *est, const mc_sym *k, mc_sym *out,
                             mc_error *err)
{
    const double *y = NULL, *pi = NULL;
    double *weights = NULL;
    MC_TRY(mc_attr_vector(to, est, "y_train_", k->n_cols, &y, NULL, err));
    MC_TRY(mc_attr_vector(to, est, "pi_", k->n_cols, &pi, NULL, err));
    MC_TRY(mc_arena_new(to->arena, double, k->n_cols, &weights, err));
    for (size_t i = 0; i < k->n_cols; i++)
        weights[i] = y[i] - pi[i];
    return mc_emit_linear(to, k, weights, NULL, 1, out, err);
}

/* The latent mean, and the probability of the second class. */
static mc_status binary(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out_mean,
                        mc_sym *out_proba, mc_error *err)
{
    const double *roots = NULL;
    mc_sym k, v, var;
    mc_step step = MC_STEP_INIT(LAPLACE_PROBA);
    MC_TRY(train_kernel(to, est, x, &k, err));
    MC_TRY(latent_mean(to, est, &k, out_mean, err));
    MC_TRY(mc_attr_vector(to, est, "W_sr_", k.n_cols, &roots, NULL, err));
    MC_TRY(mc_emit_multiply(to, &k, roots, &v, err));
    MC_TRY(explained(to, est, &v, &v, err));
    MC_TRY(variance(to, est, x, &v, &var, err));
    step.src2 = var.buffer;
    return mc_emit_kernel_step(to, step, out_mean, 1, out_proba, err);
}

typedef struct classification {
    const mc_value *est;
    mc_items binaries;      /* of classes against the rest, or of pairs */
    mc_sym *means, *probas; /* arena, (binaries.n) each */
    size_t n_classes;
} classification;

static mc_status read_classification(mc_lowering *to, classification *c, const mc_sym *x,
                                     mc_error *err)
{
    const mc_value *inside = NULL;
    MC_TRY(mc_attr_need(c->est, "base_estimator_", &inside, err));
    mc_value **alone = NULL;
    if (c->n_classes == 2) {
        MC_TRY(mc_arena_new(to->arena, mc_value *, 1, &alone, err));
        alone[0] = mc_value_attr(c->est, "base_estimator_");
        c->binaries = (mc_items){.at = alone, .n = 1, .room = 1};
    } else {
        MC_TRY(mc_attr_items(to, inside, "estimators_", &c->binaries, err));
    }
    MC_TRY(mc_arena_new(to->arena, mc_sym, c->binaries.n, &c->means, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, c->binaries.n, &c->probas, err));
    for (size_t i = 0; i < c->binaries.n; i++)
        MC_TRY_IN(binary(to, c->binaries.at[i], x, &c->means[i], &c->probas[i], err), err,
                  "estimators_[%zu]", i);
    return MC_OK;
}

static bool is_pairwise(const classification *c)
{
    return c->n_classes > 2 && mc_attr_is_text(c->est, "multi_class", "one_vs_one");
}

/* One against one: votes, and probabilities where they tie. */
static mc_status pair_label(mc_lowering *to, const classification *c, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(PAIR_SCORES);
    mc_sym means, probas, scores;
    const size_t k = c->n_classes;
    if (c->binaries.n != k * (k - 1) / 2)
        return mc_refuse(err, c->est, "estimators_: %zu for %zu classes", c->binaries.n, k);
    MC_TRY(mc_emit_hstack(to, c->means, c->binaries.n, false, &means, err));
    MC_TRY(mc_emit_unary(to, &means, MC_UNARY_ABOVE, 0.0, 0.0, &means, err));
    MC_TRY(mc_emit_hstack(to, c->probas, c->binaries.n, false, &probas, err));
    step.src2 = means.buffer;
    step.n[0] = (uint32_t)k;
    step.flags = mc_version_of(to, c->est) <= 20 ? MC_STEP_SCALED : 0;
    MC_TRY(mc_emit_kernel_step(to, step, &probas, 2 * k, &scores, err));
    MC_TRY(mc_emit_first_columns(to, k, &scores, err));
    return mc_emit_argmax(to, &scores, out, err);
}

/* One against the rest: the most probable class; of those that tie the first, up to 1.7 the last.
 */
static mc_status rest_label(mc_lowering *to, const classification *c, mc_sym *out, mc_error *err)
{
    mc_sym probas;
    uint32_t *turned = NULL;
    const size_t k = c->n_classes;
    MC_TRY(mc_emit_hstack(to, c->probas, k, false, &probas, err));
    if (mc_version_of(to, c->est) >= 108)
        return mc_emit_argmax(to, &probas, out, err);
    MC_TRY(mc_arena_new(to->arena, uint32_t, k, &turned, err));
    for (size_t i = 0; i < k; i++)
        turned[i] = (uint32_t)(k - 1 - i);
    MC_TRY(mc_emit_columns(to, &probas, turned, k, &probas, err));
    MC_TRY(mc_emit_argmax(to, &probas, out, err));
    return mc_emit_map_label(to, out, turned, k, out, err);
}

static mc_status proba(mc_lowering *to, const classification *c, mc_answer *out, mc_error *err)
{
    mc_sym p;
    if (c->n_classes == 2) {
        MC_TRY(mc_emit_both_sides(to, &c->probas[0], &p, err));
    } else {
        MC_TRY(mc_emit_hstack(to, c->probas, c->n_classes, false, &p, err));
        const bool is_guarded = mc_version_of(to, c->est) >= 107;
        MC_TRY(mc_emit_row_share(to, &p, is_guarded ? MC_ZERO_STAYS : MC_ZERO_DIVIDES, &p, err));
    }
    return mc_answer_matrix(to, p, out, err);
}

static mc_status label(mc_lowering *to, const classification *c, mc_answer *out, mc_error *err)
{
    uint32_t table = 0;
    size_t n = 0;
    mc_sym found;
    if (c->n_classes == 2)
        MC_TRY(mc_emit_above(to, &c->means[0], 0.0, false, &found, err));
    else if (is_pairwise(c))
        MC_TRY(pair_label(to, c, &found, err));
    else
        MC_TRY(rest_label(to, c, &found, err));
    MC_TRY(mc_emit_classes(to, mc_value_attr(c->est, "classes_"), &table, &n, err));
    return mc_answer_labels(to, found, table, out, err);
}

mc_status mc_lower_gaussian_process_classifier(mc_lowering *to, const mc_value *est,
                                               mc_method method, const mc_sym *x, mc_answer *out,
                                               mc_error *err)
{
    classification c = {.est = est};
    mc_ndarray classes;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_array(to, est, "classes_", &classes, err));
    c.n_classes = classes.n_items;
    if (c.n_classes < 2 || c.n_classes > UINT16_MAX)
        return mc_refuse(err, est, "classes_: expected 2 to %d, found %zu", UINT16_MAX,
                         c.n_classes);
    if (method == MC_METHOD_PREDICT_PROBA && is_pairwise(&c))
        return mc_no_method(err, est, method);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(read_classification(to, &c, &y, err));
    if (!is_pairwise(&c) && c.n_classes > 2 && c.binaries.n != c.n_classes)
        return mc_refuse(err, est, "estimators_: %zu for %zu classes", c.binaries.n, c.n_classes);
    return method == MC_METHOD_PREDICT ? label(to, &c, out, err) : proba(to, &c, out, err);
}
