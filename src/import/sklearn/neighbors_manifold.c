/* neighbors_manifold.c: estimators that place, label or fill a row by its neighbours.
 *
 * Oracle   sklearn/manifold/_isomap.py, _locally_linear.py; sklearn/semi_supervised/
 *          _label_propagation.py; sklearn/impute/_knn.py; scikit-learn 1.2 to 1.9.
 * Exact    Isomap as the kernel PCA that it holds. Locally linear embedding and the imputer as
 *          kernel/barycenter.c. Label propagation within the bound of kernel/linear.c, the squared
 *          distances of its rbf kernel within that of kernel/distance.c. */
#include <math.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/neighbors_fit.h"
#include "kernel/barycenter.h"

static mc_status number_step(mc_lowering *to, mc_step step, const mc_sym *x, size_t width,
                             mc_sym *out, mc_error *err)
{
    uint32_t buffer = 0;
    step.src = x->buffer;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

/* Lists of the neighbours that the estimator in `attribute` finds for x. *out_rows: x as it was
 * asked; *out_k: how many, or 0 if all within its radius.
 * NOLINTNEXTLINE(readability-function-size): four things are answered */
static mc_status ask(mc_lowering *to, const mc_value *est, const char *attribute, bool by_radius,
                     const mc_sym *x, mc_near_fit *fit, mc_sym *out_rows, mc_sym *out,
                     int64_t *out_k, mc_error *err)
{
    const mc_value *inner = NULL;
    double radius = 0.0;
    MC_TRY(mc_attr_need(est, attribute, &inner, err));
    MC_TRY_IN(mc_near_open(to, inner, fit, err), err, "%s", attribute);
    MC_TRY_IN(mc_near_input(to, fit, x, out_rows, err), err, "%s", attribute);
    *out_k = 0;
    if (by_radius) {
        MC_TRY(mc_attr_number(inner, "radius", (double)NAN, &radius, err));
        if (isnan(radius))
            return mc_refuse(err, est, "radius: expected a number, found None");
        return mc_emit_within(to, fit, out_rows, radius, out, err);
    }
    MC_TRY(mc_attr_integer(inner, "n_neighbors", 5, out_k, err));
    return mc_emit_nearest(to, fit, out_rows, *out_k, out, err);
}

/* ----------------------------------------------------------------------------- manifold ---- */

mc_status mc_lower_isomap(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                          mc_answer *out, mc_error *err)
{
    mc_near_fit fit;
    mc_sym rows, y;
    int64_t k = 0;
    const double *path = NULL;
    const mc_value *projection = NULL;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    const bool by_radius = mc_value_is_none(mc_value_attr(est, "n_neighbors"));
    MC_TRY(ask(to, est, "nbrs_", by_radius, x, &fit, &rows, &y, &k, err));
    MC_TRY(mc_attr_matrix(to, est, "dist_matrix_", fit.n, fit.n, &path, NULL, NULL, err));
    mc_step step = MC_STEP_INIT(NEAR_PATH);
    MC_TRY(mc_build_f64(to->b, path, fit.n, fit.n, &step.array[0], err));
    MC_TRY(number_step(to, step, &y, fit.n, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_SQUARE, 0.0, 0.0, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_SCALE, -0.5, 0.0, &y, err));
    MC_TRY(mc_attr_need(est, "kernel_pca_", &projection, err));
    MC_TRY_IN(mc_lower_one(to, projection, MC_METHOD_TRANSFORM, &y, &y, err), err, "kernel_pca_");
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_locally_linear_embedding(mc_lowering *to, const mc_value *est, mc_method method,
                                            const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_near_fit fit;
    mc_sym rows, y;
    int64_t k = 0;
    const double *placed = NULL, *at = NULL;
    const mc_value *inner = NULL, *fitted = NULL;
    double ridge = 0.0;
    size_t width = 0, n = 0, d = 0;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(ask(to, est, "nbrs_", false, x, &fit, &rows, &y, &k, err));
    MC_TRY(mc_attr_need(est, "nbrs_", &inner, err));
    MC_TRY(mc_attr_need(inner, "_fit_X", &fitted, err));
    MC_TRY(mc_near_rows(to, fitted, &at, &n, &d, err));
    MC_TRY(mc_attr_matrix(to, est, "embedding_", n, MC_ANY, &placed, NULL, &width, err));
    MC_TRY(mc_attr_number(est, "reg", 1e-3, &ridge, err));
    if (n != fit.n || d != rows.n_cols || k > UINT16_MAX)
        return mc_refuse(err, est, "nbrs_: %lld neighbours of %zu rows", (long long)k, n);
    mc_step step = MC_STEP_INIT(BARYCENTER);
    step.src2 = rows.buffer;
    step.n[0] = (uint32_t)k;
    step.value[0] = ridge;
    MC_TRY(mc_build_f64(to->b, at, n, d, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, placed, n, width, &step.array[1], err));
    MC_TRY(number_step(to, step, &y, width + mc_barycenter_scratch((size_t)k), &y, err));
    MC_TRY(mc_emit_slice(to, &y, 0, width, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* --------------------------------------------------------------------- label propagation ---- */

/* The sum of the label distributions (n, n_classes) of all rows, weighted by the rbf kernel. */
static mc_status by_kernel(mc_lowering *to, const mc_value *est, const mc_sym *x,
                           const double *labels, size_t n, size_t n_classes, mc_sym *out,
                           mc_error *err)
{
    const mc_near_metric metric = {.id = MC_METRIC_SQEUCLIDEAN, .p = 2.0, .through_dots = true};
    const mc_value *fitted = NULL;
    const double *rows = NULL;
    double gamma = 20.0, *weights = NULL;
    size_t n_rows = 0, d = 0;
    mc_sym y;
    MC_TRY(mc_attr_need(est, "X_", &fitted, err));
    MC_TRY(mc_near_rows(to, fitted, &rows, &n_rows, &d, err));
    if (n_rows != n || d != x->n_cols)
        return mc_refuse(err, est, "X_: expected shape (%zu, %zu), found (%zu, %zu)", n, x->n_cols,
                         n_rows, d);
    MC_TRY(mc_attr_number(est, "gamma", 20.0, &gamma, err));
    MC_TRY(mc_arena_new(to->arena, double, n *n_classes, &weights, err));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n_classes; j++)
            weights[j * n + i] = labels[i * n_classes + j];
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_distances(to, &metric, &y, rows, n, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_SCALE, -gamma, 0.0, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_EXP, 0.0, 0.0, &y, err));
    return mc_emit_linear(to, &y, weights, NULL, n_classes, out, err);
}

static mc_status by_neighbors(mc_lowering *to, const mc_value *est, const mc_sym *x,
                              const double *labels, size_t n, size_t n_classes, mc_sym *out,
                              mc_error *err)
{
    mc_near_fit fit;
    mc_sym rows, y;
    int64_t k = 0;
    MC_TRY(ask(to, est, "nn_fit", false, x, &fit, &rows, &y, &k, err));
    if (fit.n != n)
        return mc_refuse(err, est, "nn_fit: expected %zu rows, found %zu", n, fit.n);
    mc_step step = MC_STEP_INIT(NEAR_MEAN);
    MC_TRY(mc_build_f64(to->b, labels, n, n_classes, &step.array[0], err));
    return number_step(to, step, &y, n_classes, out, err);
}

mc_status mc_lower_label_propagation(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    char text[160];
    const double *labels = NULL;
    const mc_value *classes = NULL, *kernel = mc_value_attr(est, "kernel");
    size_t n = 0, n_classes = 0, n_labels = 0;
    uint32_t table = 0;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_matrix(to, est, "label_distributions_", MC_ANY, MC_ANY, &labels, &n, &n_classes,
                          err));
    if (mc_value_is_text(kernel, "rbf"))
        MC_TRY(by_kernel(to, est, x, labels, n, n_classes, &y, err));
    else if (mc_value_is_text(kernel, "knn"))
        MC_TRY(by_neighbors(to, est, x, labels, n, n_classes, &y, err));
    else
        return mc_refuse(err, est, "kernel: expected \"rbf\" or \"knn\", found %s",
                         mc_value_type_name(kernel, text, sizeof text));
    MC_TRY(mc_emit_row_share(to, &y, MC_ZERO_DIVIDES, &y, err));
    if (method == MC_METHOD_PREDICT_PROBA)
        return mc_answer_matrix(to, y, out, err);
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    MC_TRY(mc_attr_need(est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &n_labels, err));
    if (n_labels != n_classes)
        return mc_refuse(err, est, "classes_: expected %zu classes, found %zu", n_classes,
                         n_labels);
    return mc_answer_labels(to, y, table, out, err);
}

/* ---------------------------------------------------------------------------- KNNImputer ---- */

typedef struct imputer {
    const mc_value *est;
    double *rows;  /* (n, d), NaN where missing */
    double *means; /* (d) */
    uint8_t *valid;
    size_t n, d;
    double marker; /* what counts as missing */
} imputer;

static mc_status open_imputer(mc_lowering *to, const mc_value *est, imputer *out, mc_error *err)
{
    const double *rows = NULL;
    *out = (imputer){.est = est};
    MC_TRY(mc_attr_number(est, "missing_values", (double)NAN, &out->marker, err));
    MC_TRY(mc_attr_matrix(to, est, "_fit_X", MC_ANY, MC_ANY, &rows, &out->n, &out->d, err));
    MC_TRY(mc_arena_new(to->arena, double, out->n * out->d, &out->rows, err));
    MC_TRY(mc_arena_new(to->arena, double, out->d, &out->means, err));
    MC_TRY(mc_arena_new(to->arena, uint8_t, out->d, &out->valid, err));
    for (size_t i = 0; i < out->n * out->d; i++)
        out->rows[i] = rows[i] == out->marker ? (double)NAN : rows[i];
    for (size_t j = 0; j < out->d; j++) {
        size_t n = 0;
        for (size_t i = 0; i < out->n; i++) {
            const double value = out->rows[i * out->d + j];
            out->means[j] += isnan(value) ? 0.0 : value;
            n += isnan(value) ? 0 : 1;
        }
        out->means[j] /= (double)n;
        out->valid[j] = n > 0;
    }
    return MC_OK;
}

/* x with NaN where it is missing. */
static mc_status marked(mc_lowering *to, const imputer *m, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    double *fill = NULL;
    if (isnan(m->marker))
        return mc_emit_check(to, x, MC_OR_NAN, out, err);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, out, err));
    MC_TRY(mc_arena_new(to->arena, double, m->d, &fill, err));
    for (size_t j = 0; j < m->d; j++)
        fill[j] = (double)NAN;
    mc_step step = MC_STEP_INIT(FILL_MISSING);
    step.value[0] = m->marker;
    MC_TRY(mc_build_f64(to->b, fill, 1, m->d, &step.array[0], err));
    return number_step(to, step, out, m->d, out, err);
}

static mc_status fill(mc_lowering *to, const imputer *m, const mc_sym *x, mc_sym *out,
                      mc_error *err)
{
    const mc_near_metric metric = {.id = MC_METRIC_NAN_EUCLIDEAN, .p = 2.0};
    const mc_value *weights = mc_value_attr(m->est, "weights");
    int64_t k = 0;
    mc_sym distances;
    const bool by_distance = mc_value_is_text(weights, "distance");
    if (!by_distance && !mc_value_is_none(weights) && !mc_value_is_text(weights, "uniform"))
        return mc_refuse(err, m->est, "weights: expected \"uniform\" or \"distance\"");
    if (!mc_attr_is_text(m->est, "metric", "nan_euclidean"))
        return mc_refuse(err, m->est, "metric: expected \"nan_euclidean\"");
    MC_TRY(mc_attr_integer(m->est, "n_neighbors", 5, &k, err));
    if (k < 1)
        return mc_refuse(err, m->est, "n_neighbors: %lld", (long long)k);
    k = (uint64_t)k > m->n ? (int64_t)m->n : k;
    MC_TRY(mc_emit_distances(to, &metric, x, m->rows, m->n, &distances, err));
    mc_step step = MC_STEP_INIT(FILL_FROM_DONORS);
    step.src2 = distances.buffer;
    step.n[0] = (uint32_t)k;
    step.flags = (uint16_t)((by_distance ? MC_STEP_BY_DISTANCE : 0) |
                            (mc_version_of(to, m->est) >= 106 ? MC_STEP_SKIPS_UNKNOWN : 0));
    MC_TRY(mc_build_f64(to->b, m->rows, m->n, m->d, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, m->means, 1, m->d, &step.array[1], err));
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U8, m->valid, m->d, 1, &step.array[2], err));
    return number_step(to, step, x, m->d + 2 * (size_t)k, out, err);
}

/* Columns that are answered: those with a value in training, unless empty ones are kept. */
static mc_status kept(mc_lowering *to, const imputer *m, const mc_sym *x, mc_sym *out,
                      mc_error *err)
{
    uint32_t *at = NULL;
    size_t n = 0;
    bool keeps_empty = false;
    MC_TRY(mc_attr_bool(m->est, "keep_empty_features", false, &keeps_empty, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, m->d, &at, err));
    for (size_t j = 0; j < m->d; j++)
        if (keeps_empty || m->valid[j])
            at[n++] = mc_u32_from_size(j);
    return mc_emit_columns(to, x, at, n, out, err);
}

mc_status mc_lower_knn_imputer(mc_lowering *to, const mc_value *est, mc_method method,
                               const mc_sym *x, mc_answer *out, mc_error *err)
{
    imputer m;
    mc_sym in, parts[2];
    bool adds_indicator = false;
    const mc_value *indicator = NULL;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(open_imputer(to, est, &m, err));
    if (m.d != x->n_cols)
        return mc_refuse(err, est, "_fit_X: %zu columns, expected %zu", m.d, x->n_cols);
    MC_TRY(marked(to, &m, x, &in, err));
    MC_TRY(fill(to, &m, &in, &parts[0], err));
    MC_TRY(kept(to, &m, &parts[0], &parts[0], err));
    MC_TRY(mc_attr_bool(est, "add_indicator", false, &adds_indicator, err));
    if (!adds_indicator)
        return mc_answer_matrix(to, parts[0], out, err);
    MC_TRY(mc_attr_need(est, "indicator_", &indicator, err));
    MC_TRY_IN(mc_lower_one(to, indicator, MC_METHOD_TRANSFORM, x, &parts[1], err), err,
              "indicator_");
    parts[1].sparse = parts[1].sparse_as_input = false;
    MC_TRY(mc_emit_hstack(to, parts, 2, false, &parts[0], err));
    return mc_answer_matrix(to, parts[0], out, err);
}
