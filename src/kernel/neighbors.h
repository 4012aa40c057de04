/* neighbors.h: the training rows nearest to a row, or within a radius of it.
 *
 * An answer is a list: one row of 1 + 2 * room doubles, [count, distances (room), indices (room)],
 * of which the first `count` of each half mean something. Indices are exact: below 2^32. */
#ifndef MC_KERNEL_NEIGHBORS_H
#define MC_KERNEL_NEIGHBORS_H
#include "kernel/distance.h"
#include "kernel/narrow.h"

/* How equal distances end up in order: which sort of scikit-learn is followed. */
typedef enum mc_near_sort {
    MC_NEAR_QUICKSORT, /* up to 1.8 */
    MC_NEAR_INTROSORT  /* since 1.9 */
} mc_near_sort;

#define MC_NODE_FIELDS 3 /* of a tree's node: first row, row behind its last, is it a leaf */
#define MC_NODE_DEPTH  40

/* What was fitted; everything is borrowed. Without a tree, `order` and what follows are NULL.
 *
 * INVARIANTS of a tree, proved by mc_check_nearest() and mc_check_within():
 *   (N1) n_nodes >= 1; first <= behind <= n for every node; order[i] < n for every row.
 *   (N2) node i that is no leaf has children 2 i + 1 and 2 i + 2, both below n_nodes. */
typedef struct mc_training {
    mc_metric metric;
    const double *rows;  /* (n, d); in a tree's order, not in that of training, if there is one */
    size_t n;            /* >= 1 */
    const double *norms; /* (n) squared norms: euclidean by mc_sqeuclidean_tile(); or NULL */
    const uint32_t *order;
    const uint32_t *nodes; /* (n_nodes, MC_NODE_FIELDS) */
    const double *bounds;  /* ball tree: (n_nodes, d) centres; else (2, n_nodes, d) boxes */
    const double *radii;   /* ball tree: (n_nodes); else NULL */
    size_t n_nodes;
    mc_near_sort sort;
    mc_narrow narrow;        /* the rows, if its form is one: then `rows` is not read */
    mc_narrow narrow_bounds; /* the same of `bounds` */
    bool by_norms;     /* narrow rows: as with `norms`, which are summed as the rows are widened */
    double *scratch;   /* narrow: (mc_narrow_tile(d) + 2, d); owned by the caller's thread */
    bool admits_equal; /* a tree's candidate as far as the farthest takes its place */
    bool lower_first;  /* without a tree: of equal distances the lower index comes first */
} mc_training;

/* The k nearest rows, nearest first. x (n_rows, d), k <= n, k <= room; room >= 2 k without a tree.
 * out (n_rows, 1 + 2 room). */
void mc_near_k(const mc_training *training, const double *x, size_t n_rows, size_t k, size_t room,
               double *out);
/* Rows at distance <= radius, in the order in which scikit-learn meets them. room >= n. */
void mc_near_within(const mc_training *training, const double *x, size_t n_rows, double radius,
                    size_t room, double *out);

/* distances (n_rows, n) of each row to all training rows. */
void mc_near_distances(const mc_training *training, const double *x, size_t n_rows, double *out);
/* As above, from distances (n_rows, n); of equal ones the lower index comes first. */
void mc_near_k_of(const double *distances, size_t n_rows, size_t n, size_t k, size_t room,
                  double *out);
void mc_near_within_of(const double *distances, size_t n_rows, size_t n, double radius, size_t room,
                       double *out);

/* Least and largest distance of x (d) to what lies in a node of the tree. */
void mc_near_reach(const mc_training *training, size_t node, const double *x, double *least,
                   double *most);

/* Sorts values and indices (n) by value, equal ones as scikit-learn leaves them. */
void mc_near_order(double *values, double *indices, size_t n, mc_near_sort sort);
#endif
