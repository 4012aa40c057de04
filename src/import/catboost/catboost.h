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

/* Columns that are made of categories: see kernel/combination.h, whose groups they become. */
typedef struct mc_cat_group {
    const uint32_t *categories, *marks; /* (n_categories) columns; (n_marks, 2) */
    size_t n_categories, n_marks;
    uint64_t *keys; /* (n_keys) ascending */
    double *values; /* (n_out, n_keys + 1) */
    size_t n_keys, n_out;
} mc_cat_group;

typedef struct mc_cat {
    const mc_value *est; /* for messages */
    mc_cat_split *splits;
    size_t n_splits, most_splits; /* most: room for them */
    const uint32_t *sizes;        /* (n_trees) splits, or nodes, of each tree */
    size_t n_trees;
    const uint32_t *path;     /* oblivious: the splits of the trees, side by side */
    const mc_cat_node *nodes; /* or NULL: the nodes of the trees, side by side */
    size_t n_path;            /* of either */
    const double *values;     /* (n_values) leaf by leaf, `width` each */
    size_t n_values, width;
    double scale;
    const double *bias; /* (width) */
    size_t n_features;
    /* Columns by number among features of a kind: (n_features), UINT32_MAX where there is none. */
    const uint32_t *floats, *categories;
    const bool *nan_right; /* (n_features), of floats by number */
    bool has_categories;   /* then the three above are there */
    mc_cat_group *groups;
    size_t n_groups, n_extra;   /* extra: columns of all groups, behind the features */
    const mc_bytes *names;      /* (n_features) or NULL */
    mc_doc parameters, classes; /* how it was trained; its class_params */
    double threshold;           /* probability from which a binary label is the second */
} mc_cat;

/* `bytes` is a .cbm file or a JSON export; borrowed as long as the load. */
MC_MUST_CHECK mc_status mc_cat_read_binary(mc_lowering *to, const mc_value *est, mc_bytes bytes,
                                           mc_cat *out, mc_error *err);
MC_MUST_CHECK mc_status mc_cat_read_json(mc_lowering *to, const mc_value *est, mc_bytes bytes,
                                         mc_cat *out, mc_error *err);

/* x of n_features, numbers as float32 values -> x of n_features + n_extra numbers. */
MC_MUST_CHECK mc_status mc_cat_combine(mc_lowering *to, const mc_cat *cat, const mc_sym *x,
                                       mc_sym *out, mc_error *err);

/* scale * sum of leaf values + bias, (n, width), of what mc_cat_combine() gives. */
MC_MUST_CHECK mc_status mc_cat_sums(mc_lowering *to, const mc_cat *cat, const mc_sym *x,
                                    mc_sym *out, mc_error *err);
#endif
