/* distance.c: metrics between two rows.
 *
 * Oracle   sklearn/metrics/_dist_metrics.pyx.tp, scikit-learn 1.2 to 1.9; for cosine and
 *          nan_euclidean sklearn/metrics/pairwise.py; for correlation, yule and the mahalanobis of
 *          brute force scipy's cdist.
 * Exact    Bit for bit where scikit-learn goes through DistanceMetric: sums from the first column
 *          to the last, each operation in its order; powers, sines and cosines are the C library's
 *          in both. correlation and paired_mahalanobis: those of every wheel of scipy for x86-64
 *          since 1.7; before, within 4 d u (sum of |terms|), u = 2**-53, as unit_cosine always.
 * Cost     O(d) a pair, mahalanobis O(d^2).
 * Why so   Sums in sequence cannot be vectorized, but those of four rows are independent of each
 *          other: mc_distances_reduced() keeps four in flight. */
#include "kernel/distance.h"

#include <math.h>
#include <string.h>

#include "kernel/linear.h"
#include "kernel/numpy_order.h"

typedef double pair_fn(const mc_metric *metric, const double *x, const double *y);

/* ------------------------------------------------------------------------------- sums ---- */

double mc_sqeuclidean(const double *x, const double *y, size_t d)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++) {
        const double step = x[j] - y[j];
        sum += step * step;
    }
    return sum;
}

static double squares(const mc_metric *metric, const double *x, const double *y)
{
    return mc_sqeuclidean(x, y, metric->d);
}

static double absolutes(const mc_metric *metric, const double *x, const double *y)
{
    double sum = 0.0;
    for (size_t j = 0; j < metric->d; j++)
        sum += fabs(x[j] - y[j]);
    return sum;
}

static double largest(const mc_metric *metric, const double *x, const double *y)
{
    double most = 0.0;
    for (size_t j = 0; j < metric->d; j++)
        most = fmax(most, fabs(x[j] - y[j]));
    return most;
}

static double powers(const mc_metric *metric, const double *x, const double *y)
{
    double sum = 0.0;
    for (size_t j = 0; j < metric->d; j++) {
        const double power = pow(fabs(x[j] - y[j]), metric->p);
        sum += metric->by == NULL ? power : metric->by[j] * power;
    }
    return sum;
}

static double weighted_powers(const mc_metric *metric, const double *x, const double *y)
{
    double sum = 0.0;
    for (size_t j = 0; j < metric->d; j++)
        sum += pow(metric->by[j] * fabs(x[j] - y[j]), metric->p);
    return sum;
}

static double scaled_squares(const mc_metric *metric, const double *x, const double *y)
{
    double sum = 0.0;
    for (size_t j = 0; j < metric->d; j++) {
        const double step = x[j] - y[j];
        sum += step * step / metric->by[j];
    }
    return sum;
}

static double mahalanobis(const mc_metric *metric, const double *x, const double *y)
{
    const size_t d = metric->d;
    double sum = 0.0;
    for (size_t i = 0; i < d; i++) {
        double product = 0.0;
        for (size_t j = 0; j < d; j++)
            product += metric->by[i * d + j] * (x[j] - y[j]);
        sum += product * (x[i] - y[i]);
    }
    return sum;
}

/* One row of the matrix with x - y, its columns in pairs as below. */
static double paired_row(const double *row, const double *x, const double *y, size_t d)
{
    double lane[2] = {0.0, 0.0};
    size_t j = 0;
    for (; j + 2 <= d; j += 2)
        for (size_t l = 0; l < 2; l++)
            lane[l] += row[j + l] * (x[j + l] - y[j + l]);
    const double sum = lane[0] + lane[1];
    return j < d ? sum + row[j] * (x[j] - y[j]) : sum;
}

/* The distance itself, as scipy's cdist computes it. */
static double paired_mahalanobis(const mc_metric *metric, const double *x, const double *y)
{
    const size_t d = metric->d;
    double lane[2] = {0.0, 0.0};
    size_t i = 0;
    for (; i + 2 <= d; i += 2)
        for (size_t l = 0; l < 2; l++)
            lane[l] += paired_row(metric->by + (i + l) * d, x, y, d) * (x[i + l] - y[i + l]);
    double sum = lane[0] + lane[1];
    if (i < d)
        sum += paired_row(metric->by + i * d, x, y, d) * (x[i] - y[i]);
    return sqrt(sum);
}

static double haversine(const mc_metric *metric, const double *x, const double *y)
{
    (void)metric;
    const double sin_0 = sin(0.5 * (x[0] - y[0])), sin_1 = sin(0.5 * (x[1] - y[1]));
    return sin_0 * sin_0 + cos(x[0]) * cos(y[0]) * sin_1 * sin_1;
}

static double present(double value)
{
    return isnan(value) ? 0.0 : value;
}

/* Sum of the squares of what is not NaN, as numpy.einsum adds them: two lanes, in groups of eight
 * the last pair first. */
static double square_of_present(const double *x, size_t d)
{
    double lane[2] = {0.0, 0.0};
    size_t j = 0;
    for (; j + 8 <= d; j += 8) {
        for (size_t k = 4; k-- > 0;)
            for (size_t l = 0; l < 2; l++)
                lane[l] += present(x[j + 2 * k + l]) * present(x[j + 2 * k + l]);
    }
    for (; j < d; j++)
        lane[j % 2] += present(x[j]) * present(x[j]);
    return lane[0] + lane[1];
}

/* numpy.clip(): NaN stays. */
static double not_negative(double x)
{
    return x < 0.0 ? 0.0 : x;
}

/* Squares over the columns that both rows have, scaled up to all columns. Through products, as
 * scikit-learn computes them: of columns that only one row has the squares are taken off again, by
 * a product with 0 and 1. A square that overflows leaves NaN, be the column in both or not. */
static double squares_present(const mc_metric *metric, const double *x, const double *y)
{
    double product = 0.0, only_x = 0.0, only_y = 0.0;
    size_t n = 0;
    for (size_t j = 0; j < metric->d; j++) {
        const bool in_x = !isnan(x[j]), in_y = !isnan(y[j]);
        product = in_x && in_y ? fma(x[j], y[j], product) : product;
        only_x += in_x ? x[j] * x[j] * (in_y ? 0.0 : 1.0) : 0.0;
        only_y += in_y ? y[j] * y[j] * (in_x ? 0.0 : 1.0) : 0.0;
        n += in_x && in_y;
    }
    const double all =
        -2.0 * product + square_of_present(x, metric->d) + square_of_present(y, metric->d);
    const double sum = not_negative(not_negative(all) - only_x - only_y);
    return n == 0 ? (double)NAN : sum / (double)n * (double)metric->d;
}

static double unit_cosine(const mc_metric *metric, const double *x, const double *y)
{
    double product = 0.0;
    mc_row_dot(x, y, 1, metric->d, &product);
    return fmin(fmax(1.0 - product, 0.0), 2.0);
}

/* scipy.spatial.distance.cosine() of two rows. */
static double called_cosine(const mc_metric *metric, const double *x, const double *y)
{
    double xy = 0.0, xx = 0.0, yy = 0.0;
    mc_row_dot(x, y, 1, metric->d, &xy);
    mc_row_dot(x, x, 1, metric->d, &xx);
    mc_row_dot(y, y, 1, metric->d, &yy);
    return fmin(fmax(1.0 - xy / sqrt(xx * yy), 0.0), 2.0);
}

/* Sum of the products of (x - x_mean) and (y - y_mean) as scipy's cdist adds them: even columns in
 * one lane, odd ones in the other, the last of an odd count at the end. */
static double paired_dot(const double *x, double x_mean, const double *y, double y_mean, size_t d)
{
    double lane[2] = {0.0, 0.0};
    size_t j = 0;
    for (; j + 2 <= d; j += 2)
        for (size_t l = 0; l < 2; l++)
            lane[l] += (x[j + l] - x_mean) * (y[j + l] - y_mean);
    const double sum = lane[0] + lane[1];
    return j < d ? sum + (x[j] - x_mean) * (y[j] - y_mean) : sum;
}

static double correlation(const mc_metric *metric, const double *x, const double *y)
{
    const size_t d = metric->d;
    const double x_mean = mc_numpy_mean(x, d), y_mean = mc_numpy_mean(y, d);
    const double xx = paired_dot(x, x_mean, x, x_mean, d);
    const double yy = paired_dot(y, y_mean, y, y_mean, d);
    const double cosine = paired_dot(x, x_mean, y, y_mean, d) / (sqrt(xx) * sqrt(yy));
    return 1.0 - (fabs(cosine) > 1.0 ? copysign(1.0, cosine) : cosine);
}

static double canberra(const mc_metric *metric, const double *x, const double *y)
{
    double sum = 0.0;
    for (size_t j = 0; j < metric->d; j++) {
        const double size = fabs(x[j]) + fabs(y[j]);
        if (size > 0.0)
            sum += fabs(x[j] - y[j]) / size;
    }
    return sum;
}

static double braycurtis(const mc_metric *metric, const double *x, const double *y)
{
    double apart = 0.0, size = 0.0;
    for (size_t j = 0; j < metric->d; j++) {
        apart += fabs(x[j] - y[j]);
        size += fabs(x[j]) + fabs(y[j]);
    }
    return size > 0.0 ? apart / size : 0.0;
}

static double summed_braycurtis(const mc_metric *metric, const double *x, const double *y)
{
    double apart = 0.0, size = 0.0;
    for (size_t j = 0; j < metric->d; j++) {
        apart += fabs(x[j] - y[j]);
        size += fabs(x[j] + y[j]);
    }
    return apart / size;
}

/* ------------------------------------------------------------------------------ counts ---- */

static double hamming(const mc_metric *metric, const double *x, const double *y)
{
    size_t n = 0;
    for (size_t j = 0; j < metric->d; j++)
        n += x[j] != y[j];
    return (double)n / (double)metric->d;
}

/* In how many columns both rows are true, and in how many they differ. */
typedef struct agreement {
    double both, differ, first_only;
} agreement;

static agreement compare(const mc_metric *metric, const double *x, const double *y)
{
    size_t both = 0, differ = 0, first_only = 0;
    for (size_t j = 0; j < metric->d; j++) {
        const bool a = x[j] != 0.0, b = y[j] != 0.0;
        both += a && b;
        differ += a != b;
        first_only += a && !b;
    }
    return (agreement){(double)both, (double)differ, (double)first_only};
}

static double matching(const mc_metric *metric, const double *x, const double *y)
{
    return compare(metric, x, y).differ / (double)metric->d;
}

static double jaccard(const mc_metric *metric, const double *x, const double *y)
{
    const agreement found = compare(metric, x, y);
    const double any = found.both + found.differ;
    return any == 0.0 ? 0.0 : found.differ / any;
}

static double dice(const mc_metric *metric, const double *x, const double *y)
{
    const agreement found = compare(metric, x, y);
    return found.differ / (2.0 * found.both + found.differ);
}

static double kulsinski(const mc_metric *metric, const double *x, const double *y)
{
    const agreement found = compare(metric, x, y);
    const double d = (double)metric->d;
    return (found.differ - found.both + d) / (found.differ + d);
}

static double rogerstanimoto(const mc_metric *metric, const double *x, const double *y)
{
    const double differ = compare(metric, x, y).differ;
    return 2.0 * differ / ((double)metric->d + differ);
}

static double russellrao(const mc_metric *metric, const double *x, const double *y)
{
    const double d = (double)metric->d;
    return (d - compare(metric, x, y).both) / d;
}

static double sokalsneath(const mc_metric *metric, const double *x, const double *y)
{
    const agreement found = compare(metric, x, y);
    return found.differ / (0.5 * found.both + found.differ);
}

static double yule(const mc_metric *metric, const double *x, const double *y)
{
    const agreement found = compare(metric, x, y);
    const double neither = (double)metric->d - found.both - found.differ;
    const double half = found.first_only * (found.differ - found.first_only);
    return half == 0.0 ? 0.0 : 2.0 * half / (found.both * neither + half);
}

/* ------------------------------------------------------------------------------- table ---- */

typedef enum form { FORM_PLAIN, FORM_SQUARE, FORM_POWER, FORM_HAVERSINE } form;

static const struct {
    pair_fn *reduced;
    form form;
    mc_metric_needs needs;
} TABLE[MC_N_METRICS] = {
    [MC_METRIC_EUCLIDEAN] = {squares, FORM_SQUARE, MC_NEEDS_NOTHING},
    [MC_METRIC_SQEUCLIDEAN] = {squares, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_MANHATTAN] = {absolutes, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_CHEBYSHEV] = {largest, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_MINKOWSKI] = {powers, FORM_POWER, MC_NEEDS_MAYBE_VECTOR},
    [MC_METRIC_WMINKOWSKI] = {weighted_powers, FORM_POWER, MC_NEEDS_VECTOR},
    [MC_METRIC_SEUCLIDEAN] = {scaled_squares, FORM_SQUARE, MC_NEEDS_VECTOR},
    [MC_METRIC_MAHALANOBIS] = {mahalanobis, FORM_SQUARE, MC_NEEDS_MATRIX},
    [MC_METRIC_PAIRED_MAHALANOBIS] = {paired_mahalanobis, FORM_PLAIN, MC_NEEDS_MATRIX},
    [MC_METRIC_HAVERSINE] = {haversine, FORM_HAVERSINE, MC_NEEDS_NOTHING},
    [MC_METRIC_NAN_EUCLIDEAN] = {squares_present, FORM_SQUARE, MC_NEEDS_NOTHING},
    [MC_METRIC_UNIT_COSINE] = {unit_cosine, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_CORRELATION] = {correlation, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_CANBERRA] = {canberra, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_BRAYCURTIS] = {braycurtis, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_HAMMING] = {hamming, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_MATCHING] = {matching, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_JACCARD] = {jaccard, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_DICE] = {dice, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_KULSINSKI] = {kulsinski, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_ROGERSTANIMOTO] = {rogerstanimoto, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_RUSSELLRAO] = {russellrao, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_SOKALSNEATH] = {sokalsneath, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_YULE] = {yule, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_CALLED_COSINE] = {called_cosine, FORM_PLAIN, MC_NEEDS_NOTHING},
    [MC_METRIC_SUMMED_BRAYCURTIS] = {summed_braycurtis, FORM_PLAIN, MC_NEEDS_NOTHING},
};

mc_metric_needs mc_metric_need(mc_metric_id id)
{
    return TABLE[id].needs;
}

double mc_distance_reduced(const mc_metric *metric, const double *x, const double *y)
{
    return TABLE[metric->id].reduced(metric, x, y);
}

double mc_distance_from_reduced(const mc_metric *metric, double reduced)
{
    switch (TABLE[metric->id].form) {
    case FORM_SQUARE:
        return sqrt(reduced);
    case FORM_POWER:
        return pow(reduced, 1.0 / metric->p);
    case FORM_HAVERSINE:
        return 2.0 * asin(sqrt(reduced));
    case FORM_PLAIN:
        break;
    }
    return reduced;
}

double mc_distance_to_reduced(const mc_metric *metric, double distance)
{
    switch (TABLE[metric->id].form) {
    case FORM_SQUARE:
        return distance * distance;
    case FORM_POWER:
        return pow(distance, metric->p);
    case FORM_HAVERSINE:
        return sin(0.5 * distance) * sin(0.5 * distance);
    case FORM_PLAIN:
        break;
    }
    return distance;
}

double mc_distance(const mc_metric *metric, const double *x, const double *y)
{
    return mc_distance_from_reduced(metric, mc_distance_reduced(metric, x, y));
}

/* ------------------------------------------------------------------------------- many ---- */

/* Four rows at a time, each summed as TERM(x[j] - y[j]) in its own order. */
#define FOUR_ROWS(name, TERM)                                                 \
    static void name(const double *x, const double *y, size_t d, double *out) \
    {                                                                         \
        const double *y1 = y + d, *y2 = y1 + d, *y3 = y2 + d;                 \
        double a = 0.0, b = 0.0, c = 0.0, e = 0.0;                            \
        for (size_t j = 0; j < d; j++) {                                      \
            a += TERM(x[j] - y[j]);                                           \
            b += TERM(x[j] - y1[j]);                                          \
            c += TERM(x[j] - y2[j]);                                          \
            e += TERM(x[j] - y3[j]);                                          \
        }                                                                     \
        out[0] = a;                                                           \
        out[1] = b;                                                           \
        out[2] = c;                                                           \
        out[3] = e;                                                           \
    }
#define SQUARE(step) ((step) * (step))
FOUR_ROWS(four_squares, SQUARE)
FOUR_ROWS(four_absolutes, fabs)

void mc_distances_reduced(const mc_metric *metric, const double *x, const double *y, size_t n,
                          double *out)
{
    pair_fn *reduced = TABLE[metric->id].reduced;
    const size_t d = metric->d;
    size_t i = 0;
    if (reduced == squares || reduced == absolutes)
        for (; i + 4 <= n; i += 4)
            (reduced == squares ? four_squares : four_absolutes)(x, y + i * d, d, out + i);
    for (; i < n; i++)
        out[i] = reduced(metric, x, y + i * d);
}
