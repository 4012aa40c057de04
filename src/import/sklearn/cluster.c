/* cluster.c: clusters that are known by their centres.
 *
 * Oracle   sklearn/cluster/_kmeans.py, _birch.py, _affinity_propagation.py, _mean_shift.py,
 *          scikit-learn 1.2 to 1.9.
 * Exact    predict: the nearest centre by 2 x.c - c.c, as there; a row whose two nearest are as far
 *          within 4 d u (|x.c| + c.c), u = 2**-53, may get the other. transform: within the bound
 *          of kernel/centres.c.
 * Why so   Written with 2 x.c - c.c the nearest centre is a linear classifier: the same kernel, and
 *          rows without their zeros for nothing. The factor 2 and the sign are exact. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/centres_of.h"
#include "import/sklearn/emit.h"

/* ----------------------------------------------------------------------------- centres ---- */

mc_status mc_centres_from(mc_lowering *to, const double *at, size_t k, size_t d, mc_centres *out,
                          mc_error *err)
{
    double *norms = NULL;
    MC_TRY(mc_arena_new(to->arena, double, k, &norms, err));
    mc_row_dot(at, at, k, d, norms);
    *out = (mc_centres){.at = at, .norms = norms, .k = k, .d = d};
    return MC_OK;
}

/* AffinityPropagation fitted on sparse rows has picked some of them. */
static mc_status written_out(mc_lowering *to, const mc_value *value, double **out, size_t *out_rows,
                             size_t *out_cols, mc_error *err)
{
    mc_sparse m;
    size_t n = 0;
    MC_TRY(mc_sparse_from_value(to->arena, value, &m, err));
    if (m.is_csc || !mc_mul_size(m.n_rows, m.n_cols, &n))
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "expected a CSR matrix, found a CSC one of %zu x %zu", m.n_rows, m.n_cols);
    MC_TRY(mc_arena_new(to->arena, double, n, out, err));
    for (size_t i = 0; i < m.n_rows; i++)
        for (int64_t at = m.indptr[i]; at < m.indptr[i + 1]; at++)
            (*out)[i * m.n_cols + (size_t)m.indices[at]] += m.data[at];
    *out_rows = m.n_rows;
    *out_cols = m.n_cols;
    return MC_OK;
}

mc_status mc_centres_of(mc_lowering *to, const mc_value *est, const char *name, size_t d,
                        mc_centres *out, mc_error *err)
{
    const mc_value *value = NULL;
    mc_ndarray array;
    double *at = NULL;
    size_t k = 0, n_cols = d;
    MC_TRY(mc_attr_need(est, name, &value, err));
    if (mc_value_is_sparse(value)) {
        MC_TRY_IN(written_out(to, value, &at, &k, &n_cols, err), err, "attribute %s", name);
    } else {
        MC_TRY(mc_attr_array(to, est, name, &array, err));
        MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &at, err), err, "attribute %s", name);
        k = array.n_dims == 2 ? array.shape[0] : SIZE_MAX;
        n_cols = array.n_dims == 2 ? array.shape[1] : 0;
    }
    if (k > MC_LIMIT_WIDTH || (n_cols != d && k != 0))
        return mc_refuse(err, est, "%s: expected a matrix with %zu columns", name, d);
    return mc_centres_from(to, at, k, d, out, err);
}

mc_status mc_emit_nearness(mc_lowering *to, const mc_sym *x, const mc_centres *by, mc_sym *out,
                           mc_error *err)
{
    double *weights = NULL, *bias = NULL;
    MC_TRY(mc_arena_new(to->arena, double, by->k * by->d, &weights, err));
    MC_TRY(mc_arena_new(to->arena, double, by->k, &bias, err));
    for (size_t i = 0; i < by->k * by->d; i++)
        weights[i] = 2.0 * by->at[i];
    for (size_t i = 0; i < by->k; i++)
        bias[i] = -by->norms[i];
    return mc_emit_linear(to, x, weights, bias, by->k, out, err);
}

/* x.x of each row. */
static mc_status row_norms(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    double *ones = NULL;
    mc_sym squares;
    if (x->kind != MC_SYM_SPARSE)
        return mc_emit_row_dot(to, x, x, out, err);
    MC_TRY(mc_arena_new(to->arena, double, x->n_cols, &ones, err));
    for (size_t i = 0; i < x->n_cols; i++)
        ones[i] = 1.0;
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_SQUARE, 0.0, 0.0, &squares, err));
    return mc_emit_linear(to, &squares, ones, NULL, 1, out, err);
}

mc_status mc_emit_centre_distances(mc_lowering *to, const mc_sym *x, const mc_centres *by,
                                   mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CENTRE_DISTANCE);
    double *weights = NULL;
    mc_sym products, norms;
    MC_TRY(mc_arena_new(to->arena, double, by->k * by->d, &weights, err));
    for (size_t i = 0; i < by->k * by->d; i++)
        weights[i] = -2.0 * by->at[i];
    MC_TRY(mc_emit_linear(to, x, weights, NULL, by->k, &products, err));
    MC_TRY(row_norms(to, x, &norms, err));
    step.src2 = norms.buffer;
    MC_TRY(mc_build_f64(to->b, by->norms, 1, by->k, &step.array[0], err));
    return mc_emit_dense_step(to, step, &products, by->k, out, err);
}

mc_status mc_answer_clusters(mc_lowering *to, const mc_sym *labels, size_t k, mc_answer *out,
                             mc_error *err)
{
    int64_t *numbers = NULL;
    uint32_t table = 0;
    MC_TRY(mc_arena_new(to->arena, int64_t, k, &numbers, err));
    for (size_t i = 0; i < k; i++)
        numbers[i] = (int64_t)i;
    MC_TRY(mc_emit_int_classes(to, numbers, k, &table, err));
    return mc_answer_labels(to, *labels, table, out, err);
}

/* -------------------------------------------------------------------------- estimators ---- */

static mc_status nearest(mc_lowering *to, const mc_value *est, const mc_sym *x,
                         const mc_centres *by, mc_sym *out, mc_error *err)
{
    if (by->k == 0)
        return mc_refuse(err, est, "it has no centre");
    MC_TRY(mc_emit_nearness(to, x, by, out, err));
    return mc_emit_argmax(to, out, out, err);
}

mc_status mc_lower_k_means(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                           mc_answer *out, mc_error *err)
{
    mc_centres centres;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_centres_of(to, est, "cluster_centers_", x->n_cols, &centres, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    if (method == MC_METHOD_TRANSFORM) {
        MC_TRY(mc_emit_centre_distances(to, &y, &centres, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(nearest(to, est, &y, &centres, &y, err));
    return mc_answer_clusters(to, &y, centres.k, out, err);
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Labels -> the sorted ones, and where each stands among them. */
static mc_status distinct(mc_lowering *to, const int64_t *labels, size_t n, int64_t **out,
                          size_t *out_n, uint32_t **out_map, mc_error *err)
{
    int64_t *sorted = NULL;
    uint32_t *map = NULL;
    size_t n_sorted = 0;
    MC_TRY(mc_arena_new(to->arena, int64_t, n, &sorted, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &map, err));
    memcpy(sorted, labels, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    for (size_t i = 0; i < n; i++)
        if (n_sorted == 0 || sorted[n_sorted - 1] != sorted[i])
            sorted[n_sorted++] = sorted[i];
    for (size_t i = 0; i < n; i++) {
        const int64_t *found = bsearch(&labels[i], sorted, n_sorted, sizeof *sorted, by_value);
        MC_ASSERT(found != NULL);
        map[i] = (uint32_t)(found - sorted);
    }
    *out = sorted;
    *out_n = n_sorted;
    *out_map = map;
    return MC_OK;
}

/* The label of the nearest subcluster: the global clustering of the subclusters is in the labels.
 */
mc_status mc_lower_birch(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                         mc_answer *out, mc_error *err)
{
    mc_centres centres;
    mc_sym y;
    const int64_t *labels = NULL;
    int64_t *sorted = NULL;
    uint32_t *map = NULL, table = 0;
    size_t n_sorted = 0;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_centres_of(to, est, "subcluster_centers_", x->n_cols, &centres, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    if (method == MC_METHOD_TRANSFORM) {
        MC_TRY(mc_emit_centre_distances(to, &y, &centres, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(mc_attr_integers(to, est, "subcluster_labels_", centres.k, &labels, NULL, err));
    MC_TRY(distinct(to, labels, centres.k, &sorted, &n_sorted, &map, err));
    MC_TRY(nearest(to, est, &y, &centres, &y, err));
    MC_TRY(mc_emit_map_label(to, &y, map, centres.k, &y, err));
    MC_TRY(mc_emit_int_classes(to, sorted, n_sorted, &table, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* AffinityPropagation that did not converge has no centre, and calls every row -1. */
static mc_status always_minus_one(mc_lowering *to, const mc_sym *x, mc_answer *out, mc_error *err)
{
    static const int64_t LABEL[] = {-1};
    double *zeros = NULL;
    uint32_t table = 0;
    mc_sym y;
    MC_TRY(mc_arena_new(to->arena, double, x->n_cols, &zeros, err));
    MC_TRY(mc_emit_linear(to, x, zeros, NULL, 1, &y, err));
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    MC_TRY(mc_emit_int_classes(to, LABEL, 1, &table, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* AffinityPropagation, MeanShift. The former has no centres when fitted on affinities. */
mc_status mc_lower_nearest_centre(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_centres centres;
    mc_sym y;
    if (method != MC_METHOD_PREDICT || mc_attr_is_text(est, "affinity", "precomputed"))
        return mc_no_method(err, est, method);
    MC_TRY(mc_centres_of(to, est, "cluster_centers_", x->n_cols, &centres, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    if (centres.k == 0)
        return always_minus_one(to, &y, out, err);
    MC_TRY(nearest(to, est, &y, &centres, &y, err));
    return mc_answer_clusters(to, &y, centres.k, out, err);
}
