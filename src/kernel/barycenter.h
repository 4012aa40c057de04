/* barycenter.h: a row as a weighted mean of its neighbours, and missing values filled from them. */
#ifndef MC_KERNEL_BARYCENTER_H
#define MC_KERNEL_BARYCENTER_H
#include "kernel/neighbor_sums.h"

/* Where the neighbours are (n, d), and where they are in the embedding (n, width). Borrowed. */
typedef struct mc_embedding {
    const double *rows, *placed;
    size_t d, width;
    double ridge; /* added to the diagonal, times the trace */
} mc_embedding;

/* Doubles of scratch that a row with k neighbours needs. */
static inline size_t mc_barycenter_scratch(size_t k)
{
    return k * (k + 1);
}

/* Weights of the neighbours of lists (n_rows, k each) that best make up x (n_rows, d), applied to
 * their places. out (n_rows, width + mc_barycenter_scratch(k)): scratch behind each row. */
void mc_barycenter(const mc_near_lists *lists, size_t k, const double *x, const mc_embedding *by,
                   double *out);

/* What KNNImputer fills with. Borrowed. */
typedef struct mc_donors {
    mc_narrow rows;       /* (n, d), NaN where missing; doubles are a form of it */
    const double *means;  /* (d): what a column without near donors is filled with */
    const uint8_t *valid; /* (d): 0 for columns that are missing in all rows: filled with 0 */
    size_t n, d, k;
    bool by_distance;   /* weights 1 / distance */
    bool skips_unknown; /* a donor at unknown distance weighs nothing */
} mc_donors;

/* out (n_rows, d + 2 k): x (n_rows, d) with its NaN filled, then scratch. distances (n_rows, n),
 * NaN where rows share no column. */
void mc_fill_from_donors(const mc_donors *by, const double *x, const double *distances,
                         size_t n_rows, double *out);
#endif
