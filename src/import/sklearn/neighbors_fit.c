/* neighbors_fit.c: training rows and trees, read and laid down.
 *
 * Oracle   sklearn/neighbors/_base.py KNeighborsMixin, RadiusNeighborsMixin, scikit-learn 1.2 to
 *          1.9: which of ArgKmin, pairwise_distances or a tree answers decides how distances round
 *          and in what order equal ones come.
 * Why so   The rows of a tree are laid down in the tree's order: a leaf is one run of memory. */
#include "import/sklearn/neighbors_fit.h"

#include <math.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/kernel_rows.h"
#include "kernel/linear.h"
#include "kernel/neighbors.h"

typedef struct rows {
    const double *at; /* (n, d), arena */
    size_t n, d;
    char kind; /* of the dtype */
    bool sparse;
} rows;

/* ------------------------------------------------------------------------ training rows ---- */

static mc_status sparse_rows(mc_lowering *to, const mc_value *value, rows *out, mc_error *err)
{
    mc_sparse from;
    size_t n = 0;
    MC_TRY(mc_sparse_from_value(to->arena, value, &from, err));
    if (!mc_mul_size(from.n_rows, from.n_cols, &n))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu training rows of %zu columns",
                       from.n_rows, from.n_cols);
    *out = (rows){.n = from.n_rows, .d = from.n_cols, .kind = 'f', .sparse = true};
    double *at = NULL;
    MC_TRY(mc_arena_new(to->arena, double, n, &at, err));
    const size_t n_major = from.is_csc ? from.n_cols : from.n_rows;
    for (size_t i = 0; i < n_major; i++) {
        for (int64_t k = from.indptr[i]; k < from.indptr[i + 1]; k++) {
            const size_t j = (size_t)from.indices[k];
            at[from.is_csc ? j * out->d + i : i * out->d + j] += from.data[k];
        }
    }
    out->at = at;
    return MC_OK;
}

static mc_status dense_rows(mc_lowering *to, const mc_value *value, rows *out, mc_error *err)
{
    mc_ndarray array;
    const double *at = NULL;
    MC_TRY(mc_ndarray_from_value(to->arena, value, &array, err));
    if (array.n_dims != 2)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "expected a matrix, found %zu dimensions", array.n_dims);
    MC_TRY(mc_attr_f64(to, &array, &at, err));
    *out = (rows){.at = at, .n = array.shape[0], .d = array.shape[1], .kind = array.dtype.kind};
    return MC_OK;
}

static mc_status read_rows(mc_lowering *to, const mc_value *value, rows *out, mc_error *err)
{
    MC_TRY_IN(mc_value_is_sparse(value) ? sparse_rows(to, value, out, err)
                                        : dense_rows(to, value, out, err),
              err, "training rows");
    if (out->n == 0 || out->n >= UINT32_MAX)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "%zu training rows", out->n);
    return MC_OK;
}

mc_status mc_near_rows(mc_lowering *to, const mc_value *value, const double **out, size_t *out_n,
                       size_t *out_d, mc_error *err)
{
    rows from;
    MC_TRY(read_rows(to, value, &from, err));
    *out = from.at;
    *out_n = from.n;
    *out_d = from.d;
    return MC_OK;
}

/* Are these rows that the metric is the same of in every scipy? */
static mc_status check_rows(const mc_value *est, const mc_near_metric *metric, const rows *from,
                            mc_error *err)
{
    for (size_t i = 0; (metric->of_truths || metric->not_of_zero) && i < from->n; i++) {
        bool truths = true, zero = true;
        for (size_t j = 0; j < from->d; j++) {
            const double x = from->at[i * from->d + j];
            truths = truths && (x == 0.0 || x == 1.0);
            zero = zero && x == 0.0;
        }
        if ((metric->of_truths && !truths) || (metric->not_of_zero && zero)) {
            return mc_refuse(
                err, est,
                "metric: a function of scipy, whose answer for row %zu of what it learnt, "
                "%s, depends on its version",
                i, metric->not_of_zero ? "which is 0" : "which is not of 0 and 1");
        }
    }
    return MC_OK;
}

static mc_status unit_rows(mc_lowering *to, const double *at, size_t n, size_t d,
                           const double **out, mc_error *err)
{
    const size_t n_items = n * d;
    double *made = NULL;
    MC_TRY(mc_arena_new(to->arena, double, n_items, &made, err));
    mc_normalize(at, n, d, MC_NORM_L2, 0.0, made);
    *out = made;
    return MC_OK;
}

static mc_status norms_of(mc_lowering *to, const double *at, size_t n, size_t d, uint32_t *out,
                          mc_error *err)
{
    double *norms = NULL;
    MC_TRY(mc_arena_new(to->arena, double, n, &norms, err));
    mc_squared_norms(at, n, d, norms);
    return mc_build_f64(to->b, norms, 1, n, out, err);
}

mc_status mc_near_build_rows(mc_lowering *to, const mc_near_metric *metric, const double *at,
                             size_t n, size_t d, uint32_t array[6], mc_error *err)
{
    const bool square = mc_metric_need(metric->id) == MC_NEEDS_MATRIX;
    for (size_t i = 0; i < 6; i++)
        array[i] = MC_NONE;
    if (metric->unit_rows)
        MC_TRY(unit_rows(to, at, n, d, &at, err));
    if (metric->by != NULL)
        MC_TRY(mc_build_f64(to->b, metric->by, square ? d : 1, d, &array[1], err));
    if (metric->through_dots)
        MC_TRY(norms_of(to, at, n, d, &array[5], err));
    return mc_build_f64(to->b, at, n, d, &array[0], err);
}

/* ------------------------------------------------------------------------------- trees ---- */

static mc_status state_array(mc_lowering *to, const mc_value *est, const mc_value *tree, size_t at,
                             mc_ndarray *out, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_near_state(est, tree, at, &value, err));
    MC_TRY_IN(mc_ndarray_from_value(to->arena, value, out, err), err, "state of the tree, item %zu",
              at);
    return MC_OK;
}

static mc_status node_field(mc_lowering *to, const mc_ndarray *nodes, const char *name,
                            int64_t **out, mc_error *err)
{
    mc_ndarray field;
    MC_TRY(mc_ndarray_field(nodes, name, &field, err));
    return mc_ndarray_i64(to->arena, &field, out, err);
}

static mc_status read_nodes(mc_lowering *to, const mc_value *est, const mc_value *tree,
                            mc_near_tree *out, mc_error *err)
{
    static const char *const FIELDS[MC_NODE_FIELDS] = {"idx_start", "idx_end", "is_leaf"};
    mc_ndarray nodes, radius;
    uint32_t *made = NULL;
    double *radii = NULL;
    MC_TRY(state_array(to, est, tree, 2, &nodes, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, nodes.n_items * MC_NODE_FIELDS, &made, err));
    for (size_t f = 0; f < MC_NODE_FIELDS; f++) {
        int64_t *values = NULL;
        MC_TRY(node_field(to, &nodes, FIELDS[f], &values, err));
        for (size_t i = 0; i < nodes.n_items; i++) {
            if (values[i] < 0 || values[i] > (int64_t)out->n)
                return mc_refuse(err, est, "node %zu of its tree: %s is %lld", i, FIELDS[f],
                                 (long long)values[i]);
            made[i * MC_NODE_FIELDS + f] = (uint32_t)values[i];
        }
    }
    MC_TRY(mc_ndarray_field(&nodes, "radius", &radius, err));
    MC_TRY(mc_ndarray_f64(to->arena, &radius, &radii, err));
    out->n_nodes = nodes.n_items;
    out->nodes = made;
    out->radii = radii;
    return MC_OK;
}

/* Array 0: the rows in the order of the leaves. */
static mc_status read_order(mc_lowering *to, const mc_value *est, const mc_value *tree,
                            const rows *from, mc_near_tree *out, mc_error *err)
{
    mc_ndarray indices;
    int64_t *order = NULL;
    uint32_t *names = NULL;
    double *sorted = NULL;
    MC_TRY(state_array(to, est, tree, 1, &indices, err));
    MC_TRY(mc_ndarray_i64(to->arena, &indices, &order, err));
    if (indices.n_items != from->n)
        return mc_refuse(err, est, "its tree orders %zu of %zu rows", indices.n_items, from->n);
    MC_TRY(mc_arena_new(to->arena, uint32_t, from->n, &names, err));
    MC_TRY(mc_arena_new(to->arena, double, from->n * from->d, &sorted, err));
    for (size_t i = 0; i < from->n; i++) {
        if (order[i] < 0 || (uint64_t)order[i] >= from->n)
            return mc_refuse(err, est, "its tree names row %lld", (long long)order[i]);
        names[i] = (uint32_t)order[i];
        for (size_t j = 0; j < from->d; j++)
            sorted[i * from->d + j] = from->at[names[i] * from->d + j];
    }
    out->order = names;
    return mc_build_f64(to->b, sorted, from->n, from->d, &out->array[0], err);
}

/* Array 4: boxes, or centres. */
static mc_status read_bounds(mc_lowering *to, const mc_value *est, const mc_value *tree,
                             mc_near_tree *out, mc_error *err)
{
    mc_ndarray bounds;
    double *values = NULL;
    MC_TRY(state_array(to, est, tree, 3, &bounds, err));
    if (bounds.n_dims != 3 || bounds.shape[0] < 1 || bounds.shape[0] > 2 ||
        bounds.shape[1] != out->n_nodes || bounds.shape[2] != out->d)
        return mc_refuse(err, est, "its tree has bounds of %zu dimensions for %zu nodes",
                         bounds.n_dims, out->n_nodes);
    if (bounds.shape[0] == 2)
        out->radii = NULL;
    MC_TRY(mc_ndarray_f64(to->arena, &bounds, &values, err));
    MC_TRY(
        check_rows(est, &out->metric, &(rows){.at = values, .n = out->n_nodes, .d = out->d}, err));
    return mc_build_f64(to->b, values, bounds.shape[0] * out->n_nodes, out->d, &out->array[4], err);
}

mc_status mc_near_open_tree(mc_lowering *to, const mc_value *est, const mc_value *tree,
                            mc_near_tree *out, mc_error *err)
{
    const mc_value *part = NULL;
    rows from;
    MC_TRY(mc_near_state(est, tree, 0, &part, err));
    MC_TRY(read_rows(to, part, &from, err));
    MC_TRY(mc_near_state(est, tree, 11, &part, err));
    *out = (mc_near_tree){.n = from.n, .d = from.d, .array = {MC_NONE, MC_NONE, MC_NONE}};
    MC_TRY(mc_near_metric_object(to, est, part, from.d, &out->metric, err));
    MC_TRY(check_rows(est, &out->metric, &from, err));
    const bool square = mc_metric_need(out->metric.id) == MC_NEEDS_MATRIX;
    if (out->metric.by != NULL)
        MC_TRY(
            mc_build_f64(to->b, out->metric.by, square ? from.d : 1, from.d, &out->array[1], err));
    MC_TRY(read_order(to, est, tree, &from, out, err));
    MC_TRY(mc_build_u32(to->b, out->order, from.n, &out->array[2], err));
    MC_TRY(read_nodes(to, est, tree, out, err));
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U32, out->nodes, out->n_nodes, MC_NODE_FIELDS,
                          &out->array[3], err));
    return read_bounds(to, est, tree, out, err);
}

static mc_status open_tree(mc_lowering *to, const mc_value *est, mc_near_fit *fit, mc_error *err)
{
    const mc_value *value = NULL;
    mc_near_tree tree;
    MC_TRY(mc_attr_need(est, "_tree", &value, err));
    MC_TRY(mc_near_open_tree(to, est, value, &tree, err));
    fit->metric = tree.metric;
    fit->n = tree.n;
    fit->d = tree.d;
    fit->is_tree = true;
    for (size_t i = 0; i < 5; i++)
        fit->array[i] = tree.array[i];
    return tree.radii == NULL
               ? MC_OK
               : mc_build_f64(to->b, tree.radii, 1, tree.n_nodes, &fit->array[5], err);
}

/* ------------------------------------------------------------------------- brute force ---- */

/* effective_metric_ of an estimator that asks all its rows. */
static mc_status read_metric(mc_lowering *to, const mc_value *est, size_t d, mc_near_metric *out,
                             mc_error *err)
{
    char text[160];
    const mc_value *metric = mc_value_attr(est, "effective_metric_");
    const mc_value *params = mc_value_attr(est, "effective_metric_params_");
    if (mc_value_is(metric, MC_KIND_TEXT))
        return mc_near_metric_named(to, est, metric->as.bytes, params, d, out, err);
    if (mc_value_is(metric, MC_KIND_OBJECT))
        return mc_near_metric_object(to, est, metric, d, out, err);
    if (mc_value_is(metric, MC_KIND_GLOBAL) &&
        mc_bytes_is(metric->as.global->module, "scipy.spatial.distance"))
        return mc_near_metric_called(to, est, metric->as.global->name, params, d, out, err);
    return mc_refuse(err, est, "metric: expected a metric of scikit-learn or scipy, found %s",
                     mc_value_type_name(metric, text, sizeof text));
}

/* ArgKmin came with 1.1, took sparse rows from 1.2 on, and gave their euclidean distances up again
 * in 1.4. */
static bool is_searched(const mc_near_fit *fit, const rows *from)
{
    const bool takes_rows =
        !from->sparse ? fit->version >= 101
                      : fit->version >= 102 && (fit->version < 104 || !fit->metric.through_dots);
    return takes_rows && fit->metric.searched && from->kind == 'f';
}

static mc_status open_brute(mc_lowering *to, const mc_value *est, mc_near_fit *fit, mc_error *err)
{
    const mc_value *value = NULL;
    rows from;
    MC_TRY(mc_attr_need(est, "_fit_X", &value, err));
    MC_TRY(read_rows(to, value, &from, err));
    fit->n = from.n;
    fit->d = from.d;
    if (mc_attr_is_text(est, "effective_metric_", "precomputed")) {
        fit->way = MC_NEAR_GIVEN;
        return MC_OK;
    }
    MC_TRY(read_metric(to, est, from.d, &fit->metric, err));
    MC_TRY(check_rows(est, &fit->metric, &from, err));
    fit->allows_nan = fit->metric.id == MC_METRIC_NAN_EUCLIDEAN && fit->version >= 103;
    if (!is_searched(fit, &from)) {
        fit->way = MC_NEAR_MEASURED;
        mc_near_as_scipy(&fit->metric);
    }
    return mc_near_build_rows(to, &fit->metric, from.at, from.n, from.d, fit->array, err);
}

mc_status mc_near_open(mc_lowering *to, const mc_value *est, mc_near_fit *out, mc_error *err)
{
    mc_near_fit fit = {.est = est, .version = mc_version_of(to, est)};
    for (size_t i = 0; i < 6; i++)
        fit.array[i] = MC_NONE;
    MC_TRY(mc_attr_is_text(est, "_fit_method", "brute") ? open_brute(to, est, &fit, err)
                                                        : open_tree(to, est, &fit, err));
    *out = fit;
    return MC_OK;
}
