/* tree_ensemble.h: many trees as one step. Fitted tree_ objects -> arrays of the image -> steps.
 *
 * An ensemble is compiled once for an object and a leaf rule, however many methods use it. */
#ifndef MC_SKLEARN_TREE_ENSEMBLE_H
#define MC_SKLEARN_TREE_ENSEMBLE_H
#include "import/sklearn/lower.h"
#include "import/sklearn/tree_ranks.h"

/* What stands in a leaf. */
typedef enum mc_leaf_rule {
    MC_LEAF_VALUES, /* tree_.value */
    MC_LEAF_SHARES, /* tree_.value over the sum of its output: class counts up to 1.3 */
    MC_LEAF_SCALED, /* scale * tree_.value: boosting */
    MC_LEAF_DEPTHS, /* path length to the leaf and on: isolation */
    MC_LEAF_VOTES,  /* hit[tree] for the class with the largest value, miss[tree] for the others */
    MC_LEAF_LOGARITHMS /* (K - 1) (log p - mean of log p) of the shares p: SAMME.R */
} mc_leaf_rule;

/* Columns of x that a tree was fitted on. */
typedef struct mc_tree_columns {
    const uint32_t *at; /* arena */
    size_t n;
} mc_tree_columns;

typedef struct mc_ensemble_plan {
    const mc_value *owner;  /* the compiled ensemble is remembered by it and the rule */
    mc_value *const *trees; /* (n_trees) fitted decision trees */
    size_t n_trees;
    const mc_tree_columns *columns; /* (n_trees), or NULL: all of x */
    mc_leaf_rule rule;
    double scale;
    const double *hit, *miss; /* (n_trees), MC_LEAF_VOTES only */
    unsigned version;         /* MC_LEAF_DEPTHS only: see mc_isolation_path() */
} mc_ensemble_plan;

typedef struct mc_ensemble {
    uint32_t nodes, roots, values, sets; /* arrays of the image; sets may be MC_NONE */
    const uint32_t *names;               /* (n_nodes) arena: what apply answers */
    size_t n_nodes, n_trees;
    size_t n_outputs, n_classes; /* a leaf is (n_outputs, n_classes): the most of any output */
    uint32_t feature_bits;
    bool is_wide, is_float32; /* node form; is x rounded to float32? */
    mc_rank_arrays ranks;     /* of narrow nodes that do not compare float32 */
    bool cuts_negatives;      /* as of mc_forest */
} mc_ensemble;

MC_MUST_CHECK mc_status mc_ensemble_compile(mc_lowering *to, const mc_ensemble_plan *plan,
                                            size_t n_features, const mc_ensemble **out,
                                            mc_error *err);

/* The arrays of a packing, narrow if they fit: of ranks, unless `is_float32`. `sets` (n_sets) may
 * be NULL. */
MC_MUST_CHECK mc_status mc_ensemble_place(mc_lowering *to, const mc_packing *packing,
                                          size_t n_features, bool is_float32, mc_ensemble *out,
                                          mc_error *err);

/* What the sums of leaf values begin with and are divided by. */
typedef struct mc_ensemble_sum {
    const mc_sym *start; /* NULL, or numbers of `width` columns */
    const double *row;   /* NULL, or (width): the same for all rows */
    size_t width;
    double divisor;
} mc_ensemble_sum;

/* `allowed` as of mc_emit_check(). */
MC_MUST_CHECK mc_status mc_emit_ensemble(mc_lowering *to, const mc_ensemble *ensemble,
                                         const mc_sym *x, unsigned allowed,
                                         const mc_ensemble_sum *sum, mc_sym *out, mc_error *err);
/* The leaf of each tree, (n_rows, n_trees), as integers. */
MC_MUST_CHECK mc_status mc_emit_ensemble_leaves(mc_lowering *to, const mc_ensemble *ensemble,
                                                const mc_sym *x, unsigned allowed, mc_sym *out,
                                                mc_error *err);

/* The nodes that a row passes, (n_rows, starts[n_trees]), as sparse rows of ones. starts
 * (n_trees + 1): before which column the nodes of a tree begin; `nan_right` as of mc_forest. */
MC_MUST_CHECK mc_status mc_emit_ensemble_paths(mc_lowering *to, const mc_ensemble *ensemble,
                                               const mc_sym *x, unsigned allowed, bool nan_right,
                                               const uint32_t *starts, mc_sym *out, mc_error *err);

/* An item of estimators_features_: columns of an x of `n_features`. */
MC_MUST_CHECK mc_status mc_tree_columns_of(mc_lowering *to, const mc_value *value,
                                           size_t n_features, mc_tree_columns *out, mc_error *err);

/* Has the tree or forest a criterion whose splits knew missing values before 1.9? */
bool mc_forest_knows_nan(const mc_value *forest);
/* What predict() of a fitted decision tree, given a dense x, lets pass: MC_OR_NAN or MC_FINITE. */
unsigned mc_tree_allows(const mc_lowering *to, const mc_value *tree, const mc_sym *x);

/* -- answers of trees and forests from the sums (n_rows, n_outputs * n_classes) of ensemble */
typedef struct mc_tree_answer {
    const mc_value *est; /* with classes_ */
    size_t n_outputs, n_classes;
} mc_tree_answer;
MC_MUST_CHECK mc_status mc_answer_tree_labels(mc_lowering *to, const mc_tree_answer *shape,
                                              const mc_sym *sums, mc_answer *out, mc_error *err);
MC_MUST_CHECK mc_status mc_answer_tree_shares(mc_lowering *to, const mc_tree_answer *shape,
                                              const mc_sym *sums, bool as_log, mc_answer *out,
                                              mc_error *err);
MC_MUST_CHECK mc_status mc_answer_tree_values(mc_lowering *to, const mc_tree_answer *shape,
                                              const mc_sym *sums, mc_answer *out, mc_error *err);

/* 2 (log(n - 1) + gamma) - 2 (n - 1) / n: the mean path length of n rows in an isolation tree. */
double mc_isolation_path(double n, unsigned version);
#endif
