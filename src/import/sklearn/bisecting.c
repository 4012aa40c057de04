/* bisecting.c: BisectingKMeans: down the tree in which the clusters were split.
 *
 * Oracle   sklearn/cluster/_bisect_k_means.py, scikit-learn 1.2 to 1.9.
 * Exact    As cluster.c: at each node the nearer of the two centres.
 * Why so   All nodes are scored at once, in one product, and the walk compares: the tree of the
 *          usual ten clusters has nine nodes. */
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/centres_of.h"
#include "import/sklearn/emit.h"

typedef struct split {
    const mc_value *est;
    const double *mean;     /* (d) added to each centre, or NULL */
    size_t d, n_clusters;   /* */
    double *centres;        /* (2 (n_clusters - 1), d): left and right of each inner node */
    uint32_t *children;     /* (n_clusters - 1, 2): see kernel/centres.h */
    const mc_value **nodes; /* (n_clusters - 1): inner nodes in the order they are met */
    size_t n_nodes;
} split;

static mc_status node_centre(mc_lowering *to, const split *s, const mc_value *node, double *out,
                             mc_error *err)
{
    mc_ndarray array;
    double *centre = NULL;
    MC_TRY(mc_attr_array(to, node, "center", &array, err));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &centre, err), err, "attribute center");
    if (array.n_items != s->d)
        return mc_refuse(err, s->est, "_bisecting_tree: expected centres of %zu values, found %zu",
                         s->d, array.n_items);
    const bool is_float32 = array.dtype.item_size == sizeof(float);
    for (size_t i = 0; i < s->d; i++) {
        const double sum = s->mean == NULL ? centre[i] : centre[i] + s->mean[i];
        out[i] = is_float32 ? (double)(float)sum : sum;
    }
    return MC_OK;
}

/* One side of node `at`: an inner node gets the next place, a leaf is its label. */
static mc_status add_child(mc_lowering *to, split *s, size_t at, size_t side, mc_error *err)
{
    const mc_value *child = mc_value_attr(s->nodes[at], side == 0 ? "left" : "right");
    const size_t n_inner = s->n_clusters - 1, place = 2 * at + side;
    int64_t label = -1;
    if (!mc_value_is(child, MC_KIND_OBJECT))
        return mc_refuse(err, s->est, "_bisecting_tree: a node has one child");
    MC_TRY(node_centre(to, s, child, s->centres + place * s->d, err));
    if (!mc_value_is_none(mc_value_attr(child, "left"))) {
        if (s->n_nodes == n_inner)
            return mc_refuse(err, s->est, "_bisecting_tree: more than %zu leaves", s->n_clusters);
        s->children[place] = (uint32_t)s->n_nodes;
        s->nodes[s->n_nodes++] = child;
        return MC_OK;
    }
    MC_TRY(mc_attr_integer(child, "label", -1, &label, err));
    if (label < 0 || (uint64_t)label >= s->n_clusters)
        return mc_refuse(err, s->est, "_bisecting_tree: label %lld of %zu", (long long)label,
                         s->n_clusters);
    s->children[place] = (uint32_t)(n_inner + (size_t)label);
    return MC_OK;
}

/* Breadth first, so that children come after their parent. */
static mc_status open_tree(mc_lowering *to, split *s, const mc_value *root, mc_error *err)
{
    const size_t n_inner = s->n_clusters - 1;
    MC_TRY(mc_arena_new(to->arena, double, 2 * n_inner * s->d, &s->centres, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, 2 * n_inner, &s->children, err));
    MC_TRY(mc_arena_new(to->arena, const mc_value *, n_inner, &s->nodes, err));
    s->nodes[s->n_nodes++] = root;
    for (size_t at = 0; at < s->n_nodes; at++) {
        MC_TRY(add_child(to, s, at, 0, err));
        MC_TRY(add_child(to, s, at, 1, err));
    }
    return s->n_nodes == n_inner
               ? MC_OK
               : mc_refuse(err, s->est, "_bisecting_tree: expected %zu inner nodes, found %zu",
                           n_inner, s->n_nodes);
}

static mc_status walk(mc_lowering *to, split *s, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(BISECT);
    mc_centres centres;
    mc_sym scores;
    uint32_t buffer = 0;
    MC_TRY(mc_centres_from(to, s->centres, 2 * s->n_nodes, s->d, &centres, err));
    MC_TRY(mc_emit_nearness(to, x, &centres, &scores, err));
    step.src = scores.buffer;
    step.n[0] = mc_u32_from_size(s->n_clusters);
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U32, s->children, s->n_nodes, 2, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, 1, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_LABELS, .buffer = buffer, .n_cols = 1};
    return MC_OK;
}

mc_status mc_lower_bisecting_k_means(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    split s = {.est = est, .d = x->n_cols};
    const mc_value *root = NULL;
    mc_centres centres;
    mc_sym y;
    if (method == MC_METHOD_TRANSFORM)
        return mc_lower_k_means(to, est, method, x, out, err);
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_centres_of(to, est, "cluster_centers_", s.d, &centres, err));
    s.n_clusters = centres.k;
    MC_TRY(mc_attr_need(est, "_bisecting_tree", &root, err));
    if (s.n_clusters < 2)
        return mc_lower_k_means(to, est, method, x, out, err);
    if (mc_attr_has(est, "_X_mean"))
        MC_TRY(mc_attr_vector(to, est, "_X_mean", s.d, &s.mean, NULL, err));
    MC_TRY(open_tree(to, &s, root, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    MC_TRY(walk(to, &s, &y, &y, err));
    return mc_answer_clusters(to, &y, s.n_clusters, out, err);
}
