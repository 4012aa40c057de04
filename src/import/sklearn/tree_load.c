/* tree_load.c: sklearn.tree._tree.Tree -> loose nodes and leaf rows.
 *
 * Oracle   sklearn/tree/_tree.pyx (the pickled form), tree/_classes.py (predict_proba),
 *          ensemble/_iforest.py (path lengths), scikit-learn 1.2 to 1.9.
 * Exact    Leaf values bit for bit; shares too, if their sum has at most 7 terms or is exact (class
 *          counts without weights): numpy adds longer sums in another order. Path lengths use our
 *          logarithm: within 1 ulp of it. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/tree_ensemble.h"

#define EULER_GAMMA 0.5772156649015329 /* numpy.euler_gamma */

/* One tree, by field. Columns live in the scratch arena. */
typedef struct tree_arrays {
    size_t n;
    const int64_t *left, *right, *feature, *nan_left, *n_samples; /* nan_left may be NULL */
    const double *threshold, *values;
    const uint32_t *depth; /* MC_LEAF_DEPTHS only; root 1 */
} tree_arrays;

typedef struct loading {
    const mc_ensemble_plan *plan;
    mc_packing packing;
    mc_arena scratch; /* of one tree */
    size_t n_features, n_outputs, n_classes;
    size_t tree_at;
    double *row; /* load arena, one leaf */
} loading;

/* ------------------------------------------------------------------------- fields ---- */

/* A field that we do not know may change what a split means, as categorical ones will. */
static mc_status check_fields(const mc_ndarray *nodes, mc_error *err)
{
    static const char *const KNOWN[] = {"left_child",
                                        "right_child",
                                        "feature",
                                        "threshold",
                                        "impurity",
                                        "n_node_samples",
                                        "weighted_n_node_samples",
                                        "missing_go_to_left"};
    for (size_t i = 0; i < nodes->dtype.n_fields; i++) {
        const mc_bytes name = nodes->dtype.fields[i].name;
        bool is_known = false;
        for (size_t k = 0; k < MC_COUNT_OF(KNOWN); k++)
            is_known = is_known || mc_bytes_is(name, KNOWN[k]);
        if (!is_known)
            return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                           "nodes have a field %.*s, whose meaning is unknown", MC_SHOW(name));
    }
    return MC_OK;
}

static mc_status read_integers(mc_arena *scratch, const mc_ndarray *nodes, const char *name,
                               const int64_t **out, mc_error *err)
{
    mc_ndarray field;
    int64_t *items = NULL;
    MC_TRY(mc_ndarray_field(nodes, name, &field, err));
    MC_TRY_IN(mc_ndarray_i64(scratch, &field, &items, err), err, "field %s", name);
    *out = items;
    return MC_OK;
}

static mc_status read_nodes(mc_arena *scratch, const mc_ndarray *nodes, tree_arrays *out,
                            mc_error *err)
{
    mc_ndarray field;
    double *threshold = NULL;
    MC_TRY(check_fields(nodes, err));
    out->n = nodes->n_items;
    MC_TRY(read_integers(scratch, nodes, "left_child", &out->left, err));
    MC_TRY(read_integers(scratch, nodes, "right_child", &out->right, err));
    MC_TRY(read_integers(scratch, nodes, "feature", &out->feature, err));
    MC_TRY(mc_ndarray_field(nodes, "threshold", &field, err));
    MC_TRY_IN(mc_ndarray_f64(scratch, &field, &threshold, err), err, "field threshold");
    out->threshold = threshold;
    if (mc_ndarray_has_field(nodes, "missing_go_to_left"))
        MC_TRY(read_integers(scratch, nodes, "missing_go_to_left", &out->nan_left, err));
    return MC_OK;
}

/* values (n, n_outputs, n_classes): the same shape in all trees. */
static mc_status read_values(loading *load, const mc_value *value, tree_arrays *out, mc_error *err)
{
    mc_ndarray array;
    double *items = NULL;
    MC_TRY_IN(mc_ndarray_from_value(&load->scratch, value, &array, err), err, "values");
    if (array.n_dims != 3 || array.shape[0] != out->n) {
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                       "values: expected 3 dimensions and %zu nodes, found %zu and %zu", out->n,
                       array.n_dims, array.n_dims == 0 ? 0 : array.shape[0]);
    }
    if (load->n_outputs == 0) {
        load->n_outputs = array.shape[1];
        load->n_classes = array.shape[2];
    }
    if (load->n_outputs == 0 || load->n_outputs != array.shape[1] || load->n_classes == 0 ||
        load->n_classes != array.shape[2]) {
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                       "values: %zu outputs of %zu values, expected %zu of %zu", array.shape[1],
                       array.shape[2], load->n_outputs, load->n_classes);
    }
    MC_TRY_IN(mc_ndarray_f64(&load->scratch, &array, &items, err), err, "values");
    out->values = items;
    return MC_OK;
}

/* scikit-learn numbers children after their parents; one pass suffices. */
static mc_status read_depths(mc_arena *scratch, tree_arrays *tree, mc_error *err)
{
    uint32_t *depth = NULL;
    MC_TRY(mc_arena_new(scratch, uint32_t, tree->n, &depth, err));
    depth[0] = 1;
    for (size_t i = 0; i < tree->n; i++) {
        const int64_t children[2] = {tree->left[i], tree->right[i]};
        for (size_t k = 0; children[0] != -1 && k < 2; k++) {
            if (children[k] <= (int64_t)i || (uint64_t)children[k] >= tree->n)
                return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "node %zu: child %lld of %zu", i,
                               (long long)children[k], tree->n);
            depth[children[k]] = depth[i] + 1;
        }
    }
    tree->depth = depth;
    return MC_OK;
}

/* ------------------------------------------------------------------------- leaves ---- */

double mc_isolation_path(double n, unsigned version)
{
    if (n <= 1.0)
        return version <= 20 ? 1.0 : 0.0;
    if (version <= 18)
        return 2.0 * (log(n) + 0.5772156649) - 2.0 * (n - 1.0) / n;
    if (n == 2.0 && version > 20)
        return 1.0;
    return 2.0 * (log(n - 1.0) + EULER_GAMMA) - 2.0 * (n - 1.0) / n;
}

static void share_row(double *row, size_t n_outputs, size_t n_classes)
{
    for (size_t k = 0; k < n_outputs; k++, row += n_classes) {
        double sum = 0.0;
        for (size_t j = 0; j < n_classes; j++)
            sum += row[j];
        for (size_t j = 0; j < n_classes; j++)
            row[j] /= sum == 0.0 ? 1.0 : sum;
    }
}

static void vote_row(double *row, size_t n, double hit, double miss)
{
    size_t best = 0;
    for (size_t j = 1; j < n; j++)
        best = row[j] > row[best] ? j : best;
    for (size_t j = 0; j < n; j++)
        row[j] = j == best ? hit : miss;
}

static void logarithm_row(double *row, size_t n)
{
    double sum = 0.0;
    share_row(row, 1, n);
    for (size_t j = 0; j < n; j++) {
        row[j] = log(row[j] < DBL_EPSILON ? DBL_EPSILON : row[j]);
        sum += row[j];
    }
    for (size_t j = 0; j < n; j++)
        row[j] = (double)(n - 1) * (row[j] - 1.0 / (double)n * sum);
}

static void fill_row(loading *load, const tree_arrays *tree, size_t node)
{
    const size_t n = load->packing.n_values;
    if (load->plan->rule == MC_LEAF_DEPTHS) {
        load->row[0] = tree->depth[node] +
                       mc_isolation_path((double)tree->n_samples[node], load->plan->version) - 1.0;
        return;
    }
    memcpy(load->row, tree->values + node * n, n * sizeof *load->row);
    if (load->plan->rule == MC_LEAF_SHARES)
        share_row(load->row, load->n_outputs, load->n_classes);
    if (load->plan->rule == MC_LEAF_VOTES)
        vote_row(load->row, n, load->plan->hit[load->tree_at], load->plan->miss[load->tree_at]);
    if (load->plan->rule == MC_LEAF_LOGARITHMS)
        logarithm_row(load->row, n);
    for (size_t j = 0; load->plan->rule == MC_LEAF_SCALED && j < n; j++)
        load->row[j] *= load->plan->scale;
}

/* -------------------------------------------------------------------------- nodes ---- */

static mc_status inner_node(const tree_arrays *tree, size_t i, const mc_tree_columns *columns,
                            mc_loose_node *out, mc_error *err)
{
    const uint64_t feature = (uint64_t)tree->feature[i];
    if (feature >= columns->n)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "node %zu: feature %lld of %zu", i,
                       (long long)tree->feature[i], columns->n);
    const uint32_t column = columns->at == NULL ? (uint32_t)feature : columns->at[feature];
    const bool nan_left = tree->nan_left != NULL && tree->nan_left[i] != 0;
    /* Whatever is out of range here stays so for mc_pack_tree(). */
    out->left = (uint64_t)tree->left[i] < tree->n ? (uint32_t)tree->left[i] : MC_LOOSE_LEAF - 1;
    out->right = (uint64_t)tree->right[i] < tree->n ? (uint32_t)tree->right[i] : MC_LOOSE_LEAF - 1;
    out->as.threshold = tree->threshold[i];
    out->word = column | (nan_left ? MC_WIDE_NAN_LEFT : 0);
    return MC_OK;
}

static mc_status pack_arrays(loading *load, const tree_arrays *tree, const mc_tree_columns *columns,
                             mc_error *err)
{
    mc_loose_node *nodes = NULL;
    MC_TRY(mc_arena_new_raw(&load->scratch, mc_loose_node, tree->n, &nodes, err));
    for (size_t i = 0; i < tree->n; i++) {
        if (tree->left[i] != -1) {
            MC_TRY(inner_node(tree, i, columns, &nodes[i], err));
            continue;
        }
        fill_row(load, tree, i);
        nodes[i].left = MC_LOOSE_LEAF;
        MC_TRY(mc_pack_leaf(&load->packing, load->row, &nodes[i].leaf, err));
    }
    return mc_pack_tree(&load->packing, nodes, tree->n, &load->scratch, err);
}

static mc_status start_packing(mc_lowering *to, loading *load, mc_error *err)
{
    const size_t n = load->plan->rule == MC_LEAF_DEPTHS ? 1 : load->n_outputs * load->n_classes;
    if (n > MC_LIMIT_WIDTH)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu values a leaf", n);
    load->packing.n_values = n;
    return mc_arena_new(to->arena, double, n, &load->row, err);
}

static mc_status load_tree(mc_lowering *to, loading *load, size_t at, mc_error *err)
{
    mc_ndarray nodes;
    tree_arrays tree = {0};
    char type[160];
    const mc_value *value = mc_value_attr(load->plan->trees[at], "tree_");
    load->tree_at = at;
    if (!mc_value_is(value, MC_KIND_OBJECT) || !mc_bytes_is(mc_class_name(value), "Tree"))
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "tree_: expected a Tree, found %s",
                       mc_value_type_name(value, type, sizeof type));
    MC_TRY_IN(mc_ndarray_from_value(&load->scratch, mc_value_attr(value, "nodes"), &nodes, err),
              err, "nodes");
    MC_TRY_IN(read_nodes(&load->scratch, &nodes, &tree, err), err, "nodes");
    if (tree.n == 0)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "a tree without nodes");
    MC_TRY(read_values(load, mc_value_attr(value, "values"), &tree, err));
    if (load->plan->rule == MC_LEAF_DEPTHS) {
        MC_TRY(read_integers(&load->scratch, &nodes, "n_node_samples", &tree.n_samples, err));
        MC_TRY(read_depths(&load->scratch, &tree, err));
    }
    if (at == 0)
        MC_TRY(start_packing(to, load, err));
    const mc_tree_columns all = {NULL, load->n_features};
    const mc_tree_columns *columns = load->plan->columns;
    return pack_arrays(load, &tree, columns == NULL ? &all : &columns[at], err);
}

/* ----------------------------------------------------------------------- ensemble ---- */

static mc_status load_trees(mc_lowering *to, loading *load, mc_ensemble *out, mc_error *err)
{
    for (size_t i = 0; i < load->plan->n_trees; i++) {
        mc_arena_reset(&load->scratch);
        MC_TRY_IN(load_tree(to, load, i, err), err, "tree %zu", i);
    }
    MC_TRY(mc_ensemble_place(to, &load->packing, load->n_features, true, out, err));
    out->n_outputs = load->n_outputs;
    out->n_classes = load->n_classes;
    return MC_OK;
}

/* Class shares and path lengths repeat; boosted and mean values hardly do. */
static bool repeats(const mc_ensemble_plan *plan)
{
    return plan->rule != MC_LEAF_SCALED;
}

static mc_status compile(mc_lowering *to, const mc_ensemble_plan *plan, size_t n_features,
                         mc_ensemble **out, mc_error *err)
{
    loading load = {.plan = plan, .n_features = n_features};
    MC_TRY(mc_arena_new(to->arena, mc_ensemble, 1, out, err));
    mc_packing_init(&load.packing, 1, repeats(plan));
    mc_arena_init(&load.scratch, to->arena->limit, to->arena->name);
    const mc_status status = load_trees(to, &load, *out, err);
    mc_arena_fini(&load.scratch);
    mc_packing_fini(&load.packing);
    return status;
}

mc_status mc_ensemble_compile(mc_lowering *to, const mc_ensemble_plan *plan, size_t n_features,
                              const mc_ensemble **out, mc_error *err)
{
    uint32_t ids[4] = {0};
    mc_ensemble *made = NULL;
    const uint32_t tag = 0x54524545u + (uint32_t)plan->rule; /* "TREE" */
    _Static_assert(sizeof made <= sizeof ids, "a pointer is remembered as ids");
    if (plan->n_trees == 0)
        return mc_refuse(err, plan->owner, "no trees");
    if (mc_memo_find(to, plan->owner, tag, ids)) {
        memcpy(&made, ids, sizeof made);
        *out = made;
        return MC_OK;
    }
    MC_TRY(compile(to, plan, n_features, &made, err));
    memcpy(ids, &made, sizeof made);
    *out = made;
    return mc_memo_add(to, plan->owner, tag, ids, err);
}
