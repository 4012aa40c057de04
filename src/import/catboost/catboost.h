/* catboost.h: a model of CatBoost, read from what it saves itself as. */
#ifndef MC_IMPORT_CATBOOST_H
#define MC_IMPORT_CATBOOST_H
#include "import/boost/boost.h"
#include "import/file/document.h"

/* Right iff x > border. */
typedef struct mc_cat_split {
    uint32_t feature; /* column of the rows */
    float border;
    bool nan_right;
} mc_cat_split;

/* A node of a tree that is not oblivious: steps to its children, 0: a leaf lies there. */
typedef struct mc_cat_node {
    uint32_t split, left, right, leaf; /* leaf: first of its values */
} mc_cat_node;

typedef struct mc_cat {
    const mc_value *est; /* for messages */
    mc_cat_split *splits;
    size_t n_splits;
    const uint32_t *sizes; /* (n_trees) splits, or nodes, of each tree */
    size_t n_trees;
    const uint32_t *path;     /* oblivious: the splits of the trees, side by side */
    const mc_cat_node *nodes; /* or NULL: the nodes of the trees, side by side */
    size_t n_path;            /* of either */
    const double *values;     /* (n_values) leaf by leaf, `width` each */
    size_t n_values, width;
    double scale;
    const double *bias; /* (width) */
    size_t n_features;
    const mc_bytes *names;      /* (n_features) or NULL */
    mc_doc parameters, classes; /* how it was trained; its class_params */
    double threshold;           /* probability from which a binary label is the second */
} mc_cat;

/* `bytes` is a .cbm file or a JSON export; borrowed as long as the load. */
MC_MUST_CHECK mc_status mc_cat_read_binary(mc_lowering *to, const mc_value *est, mc_bytes bytes,
                                           mc_cat *out, mc_error *err);
MC_MUST_CHECK mc_status mc_cat_read_json(mc_lowering *to, const mc_value *est, mc_bytes bytes,
                                         mc_cat *out, mc_error *err);

/* scale * sum of leaf values + bias, (n, width). */
MC_MUST_CHECK mc_status mc_cat_sums(mc_lowering *to, const mc_cat *cat, const mc_sym *x,
                                    mc_sym *out, mc_error *err);
#endif
