/* linear.c: dense rows against weights.
 *
 * Oracle   X @ coef_.T + intercept_ (sklearn/linear_model/_base.py); sklearn.utils.extmath.softmax;
 *          sklearn/preprocessing/_data.py normalize.
 * Exact    mc_linear: within 4 d u (sum of |terms|), u = 2**-53: BLAS sums in another order. The
 *          order here is fixed by d: LANES partial sums, then a tree. softmax: within 8 ulp of
 *          scipy's for d <= 1000. normalize, row_share, argmax: sums left to right.
 * Why so   Partial sums in an array vectorize without reassociation, so that every row, alone or in
 *          any batch, is summed alike. */
#include "kernel/linear.h"

#include <math.h>

#define LANES 8

static double dot(const double *a, const double *b, size_t d)
{
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= d; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] += a[i + j] * b[i + j];
    for (size_t j = 0; i < d; i++, j++)
        lane[j] += a[i] * b[i];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}

void mc_linear(const double *x, size_t n_rows, size_t d, const double *w, const double *b, size_t k,
               double *out)
{
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < k; j++)
            out[i * k + j] = dot(x + i * d, w + j * d, d) + b[j];
}

void mc_row_dot(const double *x, const double *y, size_t n_rows, size_t d, double *out)
{
    for (size_t i = 0; i < n_rows; i++)
        out[i] = dot(x + i * d, y + i * d, d);
}

static double norm_of(const double *row, size_t d, mc_norm norm)
{
    double sum = 0.0, largest = 0.0;
    for (size_t j = 0; j < d; j++) {
        const double size = fabs(row[j]);
        sum += norm == MC_NORM_L2 ? row[j] * row[j] : size;
        largest = size > largest ? size : largest;
    }
    const double value = norm == MC_NORM_L1 ? sum : norm == MC_NORM_L2 ? sqrt(sum) : largest;
    return value == 0.0 ? 1.0 : value;
}

void mc_normalize(const double *x, size_t n_rows, size_t d, mc_norm norm, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double by = norm_of(x + i * d, d, norm);
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = x[i * d + j] / by;
    }
}

void mc_row_share(const double *x, size_t n_rows, size_t d, mc_zero_rule rule, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < d; j++)
            sum += x[i * d + j];
        const bool by_rule = sum == 0.0 && rule != MC_ZERO_DIVIDES;
        const double instead = rule == MC_ZERO_UNIFORM ? 1.0 / (double)d : 0.0;
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = by_rule ? instead : x[i * d + j] / sum;
    }
}

void mc_softmax(const double *x, size_t n_rows, size_t d, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double *row = x + i * d;
        double largest = row[0], sum = 0.0;
        for (size_t j = 1; j < d; j++)
            largest = row[j] > largest ? row[j] : largest;
        for (size_t j = 0; j < d; j++) {
            out[i * d + j] = exp(row[j] - largest);
            sum += out[i * d + j];
        }
        for (size_t j = 0; j < d; j++)
            out[i * d + j] /= sum;
    }
}

void mc_argmax(const double *x, size_t n_rows, size_t d, int32_t *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double *row = x + i * d;
        size_t best = 0;
        for (size_t j = 1; j < d && !isnan(row[best]); j++)
            if (row[j] > row[best] || isnan(row[j]))
                best = j;
        out[i] = (int32_t)best;
    }
}
