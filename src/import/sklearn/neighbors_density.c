/* neighbors_density.c: LocalOutlierFactor, KernelDensity, NearestCentroid, and the transformation
 * that NeighborhoodComponentsAnalysis learns.
 *
 * Oracle   sklearn/neighbors/_lof.py, _kde.py, _nearest_centroid.py, _nca.py; 1.2 to 1.9.
 * Exact    Local outlier factors as kernel/neighbor_sums.c, densities as kernel/tree_density.c.
 *          Centroids: labels but for ties that BLAS makes; scores within 16 d u (x.x + c.c).
 *          Components within the bound of kernel/linear.c. */
#include <math.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/neighbors_fit.h"
#include "kernel/tree_density.h"

static mc_status number_step(mc_lowering *to, mc_step step, const mc_sym *x, size_t width,
                             mc_sym *out, mc_error *err)
{
    uint32_t buffer = 0;
    step.src = x->buffer;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

/* ----------------------------------------------------------------- local outlier factor ---- */

static mc_status outlier_scores(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                                mc_error *err)
{
    mc_near_fit fit;
    mc_sym rows, lists;
    int64_t k = 0;
    const double *density = NULL, *distances = NULL;
    double *reach = NULL;
    size_t n_distances = 0;
    MC_TRY(mc_near_open(to, est, &fit, err));
    MC_TRY(mc_near_input(to, &fit, x, &rows, err));
    MC_TRY(mc_attr_integer(est, "n_neighbors_", 0, &k, err));
    MC_TRY(mc_emit_nearest(to, &fit, &rows, k, &lists, err));
    MC_TRY(mc_attr_vector(to, est, "_lrd", fit.n, &density, NULL, err));
    MC_TRY(mc_attr_matrix(to, est, "_distances_fit_X_", fit.n, MC_ANY, &distances, NULL,
                          &n_distances, err));
    if (n_distances < (size_t)k)
        return mc_refuse(err, est, "_distances_fit_X_: %zu distances a row, expected %lld",
                         n_distances, (long long)k);
    MC_TRY(mc_arena_new(to->arena, double, fit.n, &reach, err));
    for (size_t i = 0; i < fit.n; i++)
        reach[i] = distances[i * n_distances + (size_t)k - 1];
    mc_step step = MC_STEP_INIT(NEAR_OUTLIER);
    MC_TRY(mc_build_f64(to->b, reach, 1, fit.n, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, density, 1, fit.n, &step.array[1], err));
    return number_step(to, step, &lists, 1, out, err);
}

mc_status mc_lower_local_outlier_factor(mc_lowering *to, const mc_value *est, mc_method method,
                                        const mc_sym *x, mc_answer *out, mc_error *err)
{
    bool novelty = false;
    double offset = 0.0;
    uint32_t table = 0;
    mc_sym y;
    if (method == MC_METHOD_KNEIGHBORS || method == MC_METHOD_KNEIGHBORS_GRAPH)
        return mc_lower_nearest_neighbors(to, est, method, x, out, err);
    MC_TRY(mc_attr_bool(est, "novelty", false, &novelty, err));
    if (!novelty || (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION &&
                     method != MC_METHOD_SCORE_SAMPLES))
        return mc_no_method(err, est, method);
    MC_TRY(outlier_scores(to, est, x, &y, err));
    if (method == MC_METHOD_SCORE_SAMPLES)
        return mc_answer_scalar(to, y, out, err);
    MC_TRY(mc_attr_number(est, "offset_", -1.5, &offset, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_OFFSET, -offset, 0.0, &y, err));
    if (method == MC_METHOD_DECISION_FUNCTION)
        return mc_answer_scalar(to, y, out, err);
    MC_TRY(mc_emit_above(to, &y, 0.0, true, &y, err));
    MC_TRY(mc_emit_two_classes(to, -1, 1, &table, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* --------------------------------------------------------------------------- densities ---- */

/* What the walk over a tree of weighted rows needs to know. */
typedef struct weighted {
    mc_near_tree tree;
    const double *weights; /* (n), or NULL */
    double total;
} weighted;

static mc_status read_density_kernel(const mc_value *est, mc_density_kernel *out, mc_error *err)
{
    static const char *const NAMES[MC_N_DENSITY_KERNELS] = {
        [MC_DENSITY_GAUSSIAN] = "gaussian",
        [MC_DENSITY_TOPHAT] = "tophat",
        [MC_DENSITY_EPANECHNIKOV] = "epanechnikov",
        [MC_DENSITY_EXPONENTIAL] = "exponential",
        [MC_DENSITY_LINEAR] = "linear",
        [MC_DENSITY_COSINE] = "cosine"};
    size_t at = 0;
    MC_TRY(mc_attr_choice(est, "kernel", NAMES, MC_COUNT_OF(NAMES), &at, err));
    *out = (mc_density_kernel)at;
    return MC_OK;
}

/* numpy.sum of up to 2^7 items in sequence of lanes, halves above. */
static double sum_of(const double *items, size_t n)
{
    double lane[8] = {0}, sum = 0.0;
    const size_t in_lanes = n - n % 8;
    for (size_t i = 0; i < in_lanes; i++)
        lane[i % 8] += items[i];
    sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    for (size_t i = in_lanes; i < n; i++)
        sum += items[i];
    return sum;
}

static mc_status open_weighted(mc_lowering *to, const mc_value *est, weighted *out, mc_error *err)
{
    const mc_value *tree = NULL, *weights = NULL;
    mc_ndarray array;
    double *items = NULL;
    MC_TRY(mc_attr_need(est, "tree_", &tree, err));
    MC_TRY(mc_near_open_tree(to, est, tree, &out->tree, err));
    if (out->tree.metric.not_of_zero)
        return mc_refuse(err, est, "metric: a function of scipy that is not defined for every row");
    if (tree->as.object->state->as.items.n > 12) /* weights since 0.20 */
        MC_TRY(mc_near_state(est, tree, 12, &weights, err));
    out->weights = NULL;
    out->total = (double)out->tree.n;
    if (mc_value_is_none(weights))
        return MC_OK;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, weights, &array, err), err, "sample_weight");
    MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &items, err), err, "sample_weight");
    if (array.n_items != out->tree.n)
        return mc_refuse(err, est, "tree_: %zu weights of %zu rows", array.n_items, out->tree.n);
    out->weights = items;
    out->total = sum_of(items, array.n_items);
    return MC_OK;
}

/* Array 5 of KERNEL_DENSITY (image/run_density.c). */
static mc_status density_numbers(mc_lowering *to, const mc_value *est, const weighted *w,
                                 double log_norm, uint32_t *out, mc_error *err)
{
    const mc_near_tree *tree = &w->tree;
    double *numbers = NULL, atol = 0.0, rtol = 0.0;
    size_t n = 0;
    MC_TRY(mc_attr_number(est, "atol", 0.0, &atol, err));
    MC_TRY(mc_attr_number(est, "rtol", 0.0, &rtol, err));
    MC_TRY(mc_arena_new(to->arena, double, 5 + 2 * tree->n_nodes + tree->n, &numbers, err));
    numbers[n++] = log(atol * w->total);
    numbers[n++] = log(rtol);
    numbers[n++] = log_norm;
    numbers[n++] = log(w->total);
    numbers[n++] = log(w->total);
    for (size_t i = 0; i < tree->n_nodes; i++, n++) {
        const uint32_t *rows = tree->nodes + i * MC_NODE_FIELDS;
        numbers[n] = w->weights == NULL ? (double)(rows[1] - rows[0]) : 0.0;
        for (size_t j = rows[0]; w->weights != NULL && j < rows[1]; j++)
            numbers[n] += w->weights[tree->order[j]];
    }
    for (size_t i = 0; tree->radii != NULL && i < tree->n_nodes; i++)
        numbers[n++] = tree->radii[i];
    for (size_t i = 0; w->weights != NULL && i < tree->n; i++)
        numbers[n++] = log(w->weights[i]);
    return mc_build_f64(to->b, numbers, 1, n, out, err);
}

mc_status mc_lower_kernel_density(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    weighted w;
    mc_density_kernel kernel = MC_DENSITY_GAUSSIAN;
    double width = 0.0;
    bool breadth_first = true;
    mc_sym y;
    if (method != MC_METHOD_SCORE_SAMPLES)
        return mc_no_method(err, est, method);
    MC_TRY(read_density_kernel(est, &kernel, err));
    MC_TRY(mc_attr_number(est, mc_attr_has(est, "bandwidth_") ? "bandwidth_" : "bandwidth", 1.0,
                          &width, err));
    MC_TRY(mc_attr_bool(est, "breadth_first", true, &breadth_first, err));
    MC_TRY(open_weighted(to, est, &w, err));
    if (w.tree.d != x->n_cols)
        return mc_refuse(err, est, "tree_: fitted on %zu columns", w.tree.d);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    mc_step step = MC_STEP_INIT(KERNEL_DENSITY);
    for (size_t i = 0; i < 5; i++)
        step.array[i] = w.tree.array[i];
    step.n[0] = w.tree.metric.id;
    step.n[1] = kernel;
    step.value[0] = w.tree.metric.p;
    step.value[1] = width;
    step.flags = (uint16_t)((breadth_first ? MC_STEP_BREADTH_FIRST : 0) |
                            (w.tree.radii != NULL ? MC_STEP_BALL_TREE : 0) |
                            (w.weights != NULL ? MC_STEP_WEIGHTED : 0));
    MC_TRY(density_numbers(to, est, &w, mc_density_log_norm(kernel, width, w.tree.d),
                           &step.array[5], err));
    MC_TRY(number_step(to, step, &y, 1 + mc_density_scratch(w.tree.n_nodes), &y, err));
    MC_TRY(mc_emit_slice(to, &y, 0, 1, &y, err));
    return mc_answer_scalar(to, y, out, err);
}

/* --------------------------------------------------------------------------- centroids ---- */

typedef struct centroids {
    const double *at; /* (n, d) */
    size_t n, d;
    mc_near_metric metric;
    const double *priors; /* (n), or NULL: those of before 1.6, which are equal */
    const double *spread; /* (d), with priors */
    bool equal, euclidean;
} centroids;

static mc_status open_centroids(mc_lowering *to, const mc_value *est, size_t d, centroids *out,
                                mc_error *err)
{
    *out = (centroids){.d = d, .equal = true};
    MC_TRY(mc_attr_matrix(to, est, "centroids_", MC_ANY, d, &out->at, &out->n, NULL, err));
    MC_TRY(mc_near_metric_named(to, est, mc_attr_text(est, "metric"), NULL, d, &out->metric, err));
    out->euclidean = mc_attr_is_text(est, "metric", "euclidean");
    if (!mc_attr_has(est, "class_prior_"))
        return MC_OK;
    MC_TRY(mc_attr_vector(to, est, "class_prior_", out->n, &out->priors, NULL, err));
    MC_TRY(mc_attr_vector(to, est, "within_class_std_dev_", d, &out->spread, NULL, err));
    const double each = 1.0 / (double)out->n;
    for (size_t i = 0; i < out->n; i++) /* numpy.isclose */
        out->equal = out->equal && fabs(out->priors[i] - each) <= 1e-8 + 1e-5 * fabs(each);
    return MC_OK;
}

/* - squared distance + 2 log prior, in units of the spread within classes. */
static mc_status centroid_scores(mc_lowering *to, const centroids *c, const mc_sym *x, mc_sym *out,
                                 mc_error *err)
{
    double *units = NULL, *scaled = NULL, *add = NULL;
    mc_sym y;
    MC_TRY(mc_arena_new(to->arena, double, c->d, &units, err));
    MC_TRY(mc_arena_new(to->arena, double, c->n * c->d, &scaled, err));
    MC_TRY(mc_arena_new(to->arena, double, c->n, &add, err));
    for (size_t j = 0; j < c->d; j++)
        units[j] = c->spread[j] != 0.0 ? c->spread[j] : 1.0;
    for (size_t i = 0; i < c->n; i++) {
        add[i] = 2.0 * log(c->priors[i]);
        for (size_t j = 0; j < c->d; j++)
            scaled[i * c->d + j] = c->at[i * c->d + j] / units[j];
    }
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_divide(to, &y, units, &y, err));
    MC_TRY(mc_emit_distances(to, &c->metric, &y, scaled, c->n, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_SQUARE, 0.0, 0.0, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_NEGATIVE, 0.0, 0.0, &y, err));
    return mc_emit_add(to, &y, add, out, err);
}

/* Scores less the logarithm of the sum of their exponentials. */
static mc_status log_shares(mc_lowering *to, const mc_sym *scores, mc_sym *out, mc_error *err)
{
    static const double DIFFERENCE[] = {1.0, -1.0};
    mc_sym *columns = NULL, total;
    uint32_t *sources = NULL, buffer = 0;
    const size_t n = scores->n_cols;
    MC_TRY(mc_arena_new(to->arena, mc_sym, n, &columns, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &sources, err));
    for (size_t i = 0; i < n; i++) {
        MC_TRY(mc_emit_slice(to, scores, i, 1, &columns[i], err));
        sources[i] = columns[i].buffer;
    }
    mc_step step = MC_STEP_INIT(LOG_ADD_EXP);
    MC_TRY(mc_build_u32(to->b, sources, n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, 1, &buffer, err));
    total = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = 1};
    for (size_t i = 0; i < n; i++) {
        const mc_sym pair[2] = {columns[i], total};
        MC_TRY(mc_emit_sum(to, pair, 2, DIFFERENCE, 1.0, &columns[i], err));
    }
    return mc_emit_hstack(to, columns, n, false, out, err);
}

static mc_status centroid_label(mc_lowering *to, const mc_value *est, const centroids *c,
                                const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *classes = NULL;
    mc_near_metric metric = c->metric;
    uint32_t table = 0;
    size_t n = 0;
    mc_sym y;
    if (!c->equal) {
        MC_TRY(centroid_scores(to, c, x, &y, err));
    } else {
        if (metric.id == MC_METRIC_EUCLIDEAN)
            metric.id = MC_METRIC_SQEUCLIDEAN;
        MC_TRY(mc_emit_check(to, x, metric.id == MC_METRIC_NAN_EUCLIDEAN ? MC_OR_NAN : MC_FINITE,
                             &y, err));
        MC_TRY(mc_emit_distances(to, &metric, &y, c->at, c->n, &y, err));
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_NEGATIVE, 0.0, 0.0, &y, err));
    }
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    MC_TRY(mc_attr_need(est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &n, err));
    if (n != c->n)
        return mc_refuse(err, est, "classes_: expected %zu classes, found %zu", c->n, n);
    return mc_answer_labels(to, y, table, out, err);
}

mc_status mc_lower_nearest_centroid(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    static const double DIFFERENCE[] = {-1.0, 1.0};
    centroids c;
    mc_sym y;
    const bool scores = method == MC_METHOD_DECISION_FUNCTION ||
                        method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_PREDICT_LOG_PROBA;
    if (method != MC_METHOD_PREDICT && !scores)
        return mc_no_method(err, est, method);
    MC_TRY(open_centroids(to, est, x->n_cols, &c, err));
    if (method == MC_METHOD_PREDICT)
        return centroid_label(to, est, &c, x, out, err);
    if (c.priors == NULL || !c.euclidean)
        return mc_no_method(err, est, method);
    MC_TRY(centroid_scores(to, &c, x, &y, err));
    if (method == MC_METHOD_DECISION_FUNCTION) {
        if (c.n != 2)
            return mc_answer_matrix(to, y, out, err);
        MC_TRY(mc_emit_linear(to, &y, DIFFERENCE, NULL, 1, &y, err));
        return mc_answer_scalar(to, y, out, err);
    }
    /* Twice: of scores so huge that their sum is lost beside them, the first leaves zeros. */
    MC_TRY(log_shares(to, &y, &y, err));
    MC_TRY(log_shares(to, &y, &y, err));
    if (method == MC_METHOD_PREDICT_PROBA)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_EXP, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* -------------------------------------------------------------------------- components ---- */

mc_status mc_lower_neighborhood_components(mc_lowering *to, const mc_value *est, mc_method method,
                                           const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *components = NULL;
    size_t n = 0;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_matrix(to, est, "components_", MC_ANY, x->n_cols, &components, &n, NULL, err));
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_linear(to, &y, components, NULL, n, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
