/* centres_of.h: centres of clusters, and the scores that rows have by them. */
#ifndef MC_SKLEARN_CENTRES_OF_H
#define MC_SKLEARN_CENTRES_OF_H
#include "import/sklearn/lower.h"

typedef struct mc_centres {
    const double *at;    /* (k, d), arena */
    const double *norms; /* (k): c.c as mc_row_dot() sums them, arena */
    size_t k, d;
} mc_centres;

/* An attribute of `est`: an array or a sparse matrix with `d` columns; k may be 0. */
MC_MUST_CHECK mc_status mc_centres_of(mc_lowering *to, const mc_value *est, const char *name,
                                      size_t d, mc_centres *out, mc_error *err);
/* (k, d) numbers that the caller has. */
MC_MUST_CHECK mc_status mc_centres_from(mc_lowering *to, const double *at, size_t k, size_t d,
                                        mc_centres *out, mc_error *err);

/* 2 x.c - c.c: the largest is that of the nearest centre. `x` is checked already. k >= 1. */
MC_MUST_CHECK mc_status mc_emit_nearness(mc_lowering *to, const mc_sym *x, const mc_centres *by,
                                         mc_sym *out, mc_error *err);
/* Euclidean distances to all centres. */
MC_MUST_CHECK mc_status mc_emit_centre_distances(mc_lowering *to, const mc_sym *x,
                                                 const mc_centres *by, mc_sym *out, mc_error *err);
/* Labels 0 to k - 1 as integers. */
MC_MUST_CHECK mc_status mc_answer_clusters(mc_lowering *to, const mc_sym *labels, size_t k,
                                           mc_answer *out, mc_error *err);
#endif
