/* tfidf.c: sublinear counts, inverse document frequencies, norms. */
#include "kernel/tfidf.h"

#include <math.h>

/* As an array of the dtype would hold it. */
static inline double held(const mc_tfidf *how, double value)
{
    return how->float32 ? (double)(float)value : value;
}

static double log_of(const mc_tfidf *how, double value)
{
    return how->float32 ? (double)logf((float)value) : log(value);
}

/* Sums are double whatever the dtype; squares are of the dtype. */
static double norm_of(const mc_tfidf *how, const double *values, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double value = values[how->descending ? n - 1 - i : i];
        sum += how->norm == 1 ? fabs(value) : held(how, value * value);
    }
    return how->norm == 1 ? sum : sqrt(sum);
}

void mc_tfidf_weigh(const mc_tfidf *how, const mc_sparse_row *row, double *out)
{
    for (size_t i = 0; i < row->n; i++) {
        double value = held(how, row->values[i]);
        if (how->sublinear &&
            value != 0.0) /* -0.0 is no entry of the csr that scikit-learn makes */
            value = held(how, log_of(how, value) + 1.0);
        if (how->idf != NULL)
            value = held(how, value * how->idf[row->at[i]]);
        out[i] = value;
    }
    const double norm = how->norm == 0 ? 0.0 : norm_of(how, out, row->n);
    for (size_t i = 0; norm != 0.0 && i < row->n; i++)
        out[i] = held(how, out[i] / norm);
}
