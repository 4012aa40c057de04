/* neighbor_sums.h: what is made of lists of neighbours (see neighbors.h). Each function takes
 * `lists` (n_rows, 1 + 2 room); indices in them are below the rows of `codes`, `values` and so on.
 */
#ifndef MC_KERNEL_NEIGHBOR_SUMS_H
#define MC_KERNEL_NEIGHBOR_SUMS_H
#include "kernel/narrow.h"

typedef struct mc_near_lists {
    const double *at;
    size_t n_rows, room;
} mc_near_lists;

typedef enum mc_near_weights {
    MC_WEIGH_ALIKE,
    MC_WEIGH_BY_DISTANCE, /* 1 / distance; if a distance is 0, those count alone */
    MC_WEIGH_GIVEN,       /* they stand in the place of the distances */
    MC_N_WEIGHTS
} mc_near_weights;

/* How the weights of a class are added up: in the order of the list, or as numpy.sum does. */
typedef enum mc_near_sum { MC_SUM_IN_ORDER, MC_SUM_NUMPY, MC_N_SUMS } mc_near_sum;

/* out (n_rows, n_classes) = sum of the weights of the neighbours of each class.
 *   codes (n) below n_classes. An empty list gives `empty` (n_classes) */
typedef struct mc_near_votes {
    const uint32_t *codes;
    const uint8_t *small_codes; /* instead of `codes`, which is NULL then */
    const double *empty;        /* or NULL: no list is empty */
    size_t n_classes;
    mc_near_weights weights;
    mc_near_sum sum;
} mc_near_votes;
void mc_near_vote(const mc_near_lists *lists, const mc_near_votes *votes, double *out);

/* out (n_rows, width) = weighted mean of the neighbours' rows of values (n, width); an empty list
 * gives NaN. */
void mc_near_mean(const mc_near_lists *lists, const mc_narrow *values, size_t width,
                  mc_near_weights weights, double *out);

/* out (n_rows, n) = distance, or 1, in the columns of the neighbours, else `elsewhere`; their sum
 * where a list names a row more than once, as it does when all distances overflow. */
void mc_near_spread(const mc_near_lists *lists, size_t n, bool distances, double elsewhere,
                    double *out);

/* out (n_rows) = - mean over the neighbours of reach_density[j] / density of the row: what
 * LocalOutlierFactor calls score_samples. reach (n) distance of row j to its k-th neighbour,
 * density (n). */
void mc_near_outlier(const mc_near_lists *lists, const double *reach, const double *density,
                     double *out);

/* out (n_rows, n) = least over the neighbours j of distance + path (n, n) of j. scratch (n), of
 * narrow paths. */
void mc_near_path(const mc_near_lists *lists, const mc_narrow *path, size_t n, double *scratch,
                  double *out);
#endif
