/* neighbors_fit.h: what an estimator of sklearn.neighbors was fitted on, and the steps that look
 * for neighbours in it. Shared by all families that ask training rows. */
#ifndef MC_SKLEARN_NEIGHBORS_FIT_H
#define MC_SKLEARN_NEIGHBORS_FIT_H
#include "import/sklearn/lower.h"
#include "kernel/neighbors.h"

/* A metric as read; the rows that it is applied to may have to be of norm 1. */
typedef struct mc_near_metric {
    mc_metric_id id;
    double p;
    const double *by;  /* arena, or NULL; mc_metric_need() says how many */
    bool unit_rows;    /* cosine: both rows are normalized first */
    bool through_dots; /* scikit-learn computes it as x.x - 2 x.y + y.y */
    bool searched;     /* brute force by ArgKmin, not by argpartition */
    bool of_truths;    /* of other values than 0 and 1 it depends on the version of scipy */
    bool not_of_zero;  /* so it does of training rows that are 0, or it is NaN */
} mc_near_metric;

/* As pairwise_distances() computes it, which asks scipy and not the metrics of trees. */
static inline void mc_near_as_scipy(mc_near_metric *metric)
{
    if (metric->id == MC_METRIC_BRAYCURTIS)
        metric->id = MC_METRIC_SUMMED_BRAYCURTIS;
}

/* A metric by its name, with the parameters of a dict (may be NULL), for rows of d columns. */
MC_MUST_CHECK mc_status mc_near_metric_named(mc_lowering *to, const mc_value *est, mc_bytes name,
                                             const mc_value *params, size_t d, mc_near_metric *out,
                                             mc_error *err);

/* A function of scipy.spatial.distance that is called for each pair of rows. */
MC_MUST_CHECK mc_status mc_near_metric_called(mc_lowering *to, const mc_value *est, mc_bytes name,
                                              const mc_value *params, size_t d, mc_near_metric *out,
                                              mc_error *err);

/* A KDTree or BallTree as read. Arrays live in the load arena. */
typedef struct mc_near_tree {
    mc_near_metric metric;
    size_t n, d, n_nodes;
    const uint32_t *order; /* (n) */
    const uint32_t *nodes; /* (n_nodes, MC_NODE_FIELDS) */
    const double *radii;   /* (n_nodes) of a ball tree, or NULL */
    uint32_t array[5];     /* of the steps that walk it */
} mc_near_tree;
MC_MUST_CHECK mc_status mc_near_open_tree(mc_lowering *to, const mc_value *est,
                                          const mc_value *tree, mc_near_tree *out, mc_error *err);

typedef enum mc_near_way {
    MC_NEAR_SEARCHED, /* NEAREST and WITHIN find them */
    MC_NEAR_MEASURED, /* all distances first, the least of them then */
    MC_NEAR_GIVEN     /* precomputed: x holds the distances */
} mc_near_way;

typedef struct mc_near_fit {
    const mc_value *est;
    mc_near_way way;
    mc_near_metric metric;
    size_t n, d; /* training rows, and their columns */
    bool allows_nan, is_tree;
    bool as_input; /* mc_near_input() was given rows that may be integers: not for ArgKmin */
    bool in_graph; /* mc_near_input() found the lists of a graph: x is these */
    unsigned version;
    uint32_t array[6]; /* of the steps NEAREST, WITHIN, DISTANCES */
} mc_near_fit;

/* Reads _fit_X, _fit_method, _tree, effective_metric_ and its parameters. */
MC_MUST_CHECK mc_status mc_near_open(mc_lowering *to, const mc_value *est, mc_near_fit *out,
                                     mc_error *err);
/* Arrays 0, 1 and 5 of a step that measures distances to the rows `at` (n, d) in no tree; MC_NONE
 * for the others. */
MC_MUST_CHECK mc_status mc_near_build_rows(mc_lowering *to, const mc_near_metric *metric,
                                           const double *at, size_t n, size_t d, uint32_t array[6],
                                           mc_error *err);
/* x as rows of these columns, checked as fit() would. */
MC_MUST_CHECK mc_status mc_near_input(mc_lowering *to, mc_near_fit *fit, const mc_sym *x,
                                      mc_sym *out, mc_error *err);
/* Says that `graph` (NUMBERS) holds the distances of these lists, and is 0 elsewhere. Estimators on
 * precomputed distances read lists that are `in_order`, the nearest first. */
MC_MUST_CHECK mc_status mc_near_note_graph(mc_lowering *to, const mc_sym *graph,
                                           const mc_sym *lists, bool in_order, mc_error *err);
/* Is x such a graph? If so, out = x with NaN where it stores nothing: a neighbour at distance 0 is
 * stored. */
MC_MUST_CHECK mc_status mc_near_stored(mc_lowering *to, const mc_sym *x, mc_sym *out,
                                       bool *is_graph, mc_error *err);
/* Lists of neighbours (kernel/neighbors.h) of rows that went through mc_near_input(). */
MC_MUST_CHECK mc_status mc_emit_nearest(mc_lowering *to, const mc_near_fit *fit, const mc_sym *x,
                                        int64_t k, mc_sym *out, mc_error *err);
MC_MUST_CHECK mc_status mc_emit_within(mc_lowering *to, const mc_near_fit *fit, const mc_sym *x,
                                       double radius, mc_sym *out, mc_error *err);

/* A matrix, dense or sparse, as (n, d) float64 in the load arena. */
MC_MUST_CHECK mc_status mc_near_rows(mc_lowering *to, const mc_value *value, const double **out,
                                     size_t *out_n, size_t *out_d, mc_error *err);
/* Distances of x to `rows` (n, x->n_cols): (n_rows, n). */
MC_MUST_CHECK mc_status mc_emit_distances(mc_lowering *to, const mc_near_metric *metric,
                                          const mc_sym *x, const double *rows, size_t n,
                                          mc_sym *out, mc_error *err);

/* Columns `first` to first + n of x. */
MC_MUST_CHECK mc_status mc_emit_slice(mc_lowering *to, const mc_sym *x, size_t first, size_t n,
                                      mc_sym *out, mc_error *err);

/* The state of a KDTree, BallTree or DistanceMetric: item `at` of its tuple. */
MC_MUST_CHECK mc_status mc_near_state(const mc_value *est, const mc_value *object, size_t at,
                                      const mc_value **out, mc_error *err);
/* The metric of a DistanceMetric object. */
MC_MUST_CHECK mc_status mc_near_metric_object(mc_lowering *to, const mc_value *est,
                                              const mc_value *object, size_t d, mc_near_metric *out,
                                              mc_error *err);
#endif
