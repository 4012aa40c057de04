/* distance.h: the distance between two rows, in every metric that scikit-learn knows by name.
 *
 * A metric has a reduced form that orders rows as the distance does and costs less: the square for
 * the euclidean kind, the sum of powers for minkowski; searches compare reduced distances and
 * convert what they keep. Rows are (d) float64, contiguous. */
#ifndef MC_KERNEL_DISTANCE_H
#define MC_KERNEL_DISTANCE_H
#include "base/base.h"

typedef enum mc_metric_id {
    MC_METRIC_EUCLIDEAN,
    MC_METRIC_SQEUCLIDEAN,
    MC_METRIC_MANHATTAN,
    MC_METRIC_CHEBYSHEV,
    MC_METRIC_MINKOWSKI,          /* `p`; `by` (d) weights, or NULL */
    MC_METRIC_WMINKOWSKI,         /* as minkowski, the differences weighted before the power */
    MC_METRIC_SEUCLIDEAN,         /* `by` (d): variances */
    MC_METRIC_MAHALANOBIS,        /* `by` (d, d): inverse of the covariance */
    MC_METRIC_PAIRED_MAHALANOBIS, /* the same in the order of scipy's sums */
    MC_METRIC_HAVERSINE,          /* d = 2: latitude and longitude in radians */
    MC_METRIC_NAN_EUCLIDEAN,
    MC_METRIC_UNIT_COSINE, /* 1 - x.y, for rows of norm 1 */
    MC_METRIC_CORRELATION,
    MC_METRIC_CANBERRA,
    MC_METRIC_BRAYCURTIS,
    MC_METRIC_HAMMING,
    MC_METRIC_MATCHING, /* the rest: x != 0 against y != 0 */
    MC_METRIC_JACCARD,
    MC_METRIC_DICE,
    MC_METRIC_KULSINSKI,
    MC_METRIC_ROGERSTANIMOTO,
    MC_METRIC_RUSSELLRAO,
    MC_METRIC_SOKALSNEATH,
    MC_METRIC_YULE,
    MC_METRIC_SUMMED_BRAYCURTIS, /* as scipy: over |x + y|, not |x| + |y|; NaN where that is 0 */
    MC_METRIC_CALLED_COSINE,     /* 1 - x.y / sqrt(x.x y.y), of rows that are not 0 */
    MC_N_METRICS
} mc_metric_id;

/* What `by` of a metric holds: nothing, (d) perhaps, (d), or (d, d) values. */
typedef enum mc_metric_needs {
    MC_NEEDS_NOTHING,
    MC_NEEDS_MAYBE_VECTOR,
    MC_NEEDS_VECTOR,
    MC_NEEDS_MATRIX
} mc_metric_needs;
mc_metric_needs mc_metric_need(mc_metric_id id); /* id < MC_N_METRICS */

typedef struct mc_metric {
    mc_metric_id id;
    size_t d;
    double p;
    const double *by; /* borrowed; see mc_metric_id */
} mc_metric;

/* x, y (d). */
double mc_distance_reduced(const mc_metric *metric, const double *x, const double *y);
double mc_distance(const mc_metric *metric, const double *x, const double *y);
double mc_distance_from_reduced(const mc_metric *metric, double reduced);
double mc_distance_to_reduced(const mc_metric *metric, double distance);

/* out[j] = reduced distance of x (d) to row j of y (n, d): the same bits as one by one. */
void mc_distances_reduced(const mc_metric *metric, const double *x, const double *y, size_t n,
                          double *out);

/* Sum of (x - y)^2, from the first column to the last. */
double mc_sqeuclidean(const double *x, const double *y, size_t d);

/* Up to so many columns products are fused into their sums, as the kernels of BLAS do. */
#define MC_FUSED_COLUMNS 31u
/* out (n) = x.x for each row of x (n, d), summed as mc_sqeuclidean_tile() sums. */
void mc_squared_norms(const double *x, size_t n, size_t d, double *out);

/* Squared euclidean distances as BLAS users write them: (x.x - 2 x.y) + y.y, not below 0.
 *   x (n_rows, d), y (n, d), y_norms (n) of mc_squared_norms(), or NULL of rows that were narrow:
 *   all sums are those of fused.h then
 *   for_nan: what is answered where squares overflow to inf - inf: 0 as Cython's max(0, NaN) when
 *   neighbours are searched, NaN as numpy.maximum() in euclidean_distances()
 *   out (n_rows, n). n <= MC_DISTANCE_TILE. */
#define MC_DISTANCE_TILE 64u
void mc_sqeuclidean_tile(const double *x, size_t n_rows, size_t d, const double *y,
                         const double *y_norms, size_t n, double for_nan, double *out);
#endif
