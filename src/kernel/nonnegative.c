/* nonnegative.c: non-negative parts of a row, by coordinate descent or multiplicative updates.
 *
 * Oracle   sklearn/decomposition/_cdnmf_fast.pyx; _fit_coordinate_descent,
 *          _multiplicative_update_w, _beta_divergence, _fit_multiplicative_update and
 *          MiniBatchNMF._solve_W in _nmf.py, scikit-learn 1.2 to 1.9.
 * Exact    The same iteration with the same rules to stop. Bit for bit it is not: BLAS sums the
 *          products that enter it in another order, numpy has its own pow and log. What differs
 *          is carried on by at most max_iter contractions: measured below 1e-9 of the largest
 *          weight, unless a rule to stop falls on the other side of its threshold, as it could
 *          with any BLAS.
 * Why so   h lies transposed, so that what belongs to a feature is one run of memory, and
 *          features that are 0 cost nothing where they add nothing (beta 1: texts). */
#include "kernel/nonnegative.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------- descent ---- */

/* One pass over the coordinates: how far it found the conditions of a minimum violated. */
static double descend_once(const mc_nonnegative_descent *by, const uint32_t *order,
                           const double *target, double *w)
{
    double violation = 0.0;
    for (size_t s = 0; s < by->k; s++) {
        const size_t t = order == NULL ? s : order[s];
        const double *row = by->gram + t * by->k;
        double gradient = -target[t];
        for (size_t r = 0; r < by->k; r++)
            gradient += row[r] * w[r];
        const double projected = w[t] == 0.0 && gradient > 0.0 ? 0.0 : gradient;
        violation += fabs(projected);
        if (row[t] != 0.0) {
            const double moved = w[t] - gradient / row[t];
            w[t] = moved > 0.0 ? moved : 0.0;
        }
    }
    return violation;
}

void mc_nonnegative_descend(const mc_nonnegative_descent *by, const double *target, double *w)
{
    double first = 0.0;
    memset(w, 0, by->k * sizeof *w);
    for (size_t i = 0; i < by->max_iter; i++) {
        const uint32_t *order = by->order == NULL ? NULL : by->order + i * by->k;
        const double violation = descend_once(by, order, target, w);
        if (i == 0)
            first = violation;
        if (first == 0.0 || violation / first <= by->tol)
            return;
    }
}

/* ---------------------------------------------------------------------------- updates ---- */

typedef struct work {
    double *w, *target, *numerator, *denominator; /* (k) each */
} work;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add_scaled(double *to, double by, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += by * from[i];
}

/* numpy's x ** p, which does not call pow() for these. */
static double power(double x, double p)
{
    if (p == -1.0)
        return 1.0 / x;
    if (p == 0.0)
        return 1.0;
    if (p == 0.5)
        return sqrt(x);
    if (p == 1.0)
        return x;
    return p == 2.0 ? x * x : pow(x, p);
}

static double floored(const mc_nonnegative_update *by, double product)
{
    const bool is_small = by->floors ? product < MC_NONNEGATIVE_LEAST : product == 0.0;
    return is_small ? MC_NONNEGATIVE_LEAST : product;
}

/* x * (w h) ** (beta - 2). */
static double weighted(const mc_nonnegative_update *by, double x, double product)
{
    const double safe = by->beta < 2.0 ? floored(by, product) : product;
    if (by->beta == 1.0)
        return x / safe;
    if (by->beta == 0.0) {
        const double inverse = 1.0 / safe;
        return inverse * inverse * x;
    }
    return power(safe, by->beta - 2.0) * x;
}

/* What h has for value i of the row. */
static const double *part_of(const mc_nonnegative_update *by, const mc_sparse_row *x, size_t i)
{
    return by->h + (x->at == NULL ? i : x->at[i]) * by->k;
}

/* The fraction for beta 2, where target = h x.T does not change. */
static void quadratic_fraction(const mc_nonnegative_update *by, const work *at)
{
    memcpy(at->numerator, at->target, by->k * sizeof *at->numerator);
    for (size_t i = 0; i < by->k; i++)
        at->denominator[i] = dot(by->gram + i * by->k, at->w, by->k);
}

/* Kullback-Leibler. NMF keeps its denominator from update to update and adds the penalty each time
 * anew: scikit-learn adds in place to what it means to reuse. MiniBatchNMF starts afresh. */
static void logarithmic_fraction(const mc_nonnegative_update *by, const mc_sparse_row *x,
                                 const work *at)
{
    for (size_t i = 0; i < by->k && by->l1 > 0.0; i++)
        at->target[i] = (by->stop == MC_STOP_BY_ERROR ? at->target[i] : by->sums[i]) + by->l1;
    memset(at->numerator, 0, by->k * sizeof *at->numerator);
    memcpy(at->denominator, at->target, by->k * sizeof *at->denominator);
    for (size_t j = 0; j < x->n; j++) {
        if (x->values[j] == 0.0)
            continue;
        const double *h = part_of(by, x, j);
        add_scaled(at->numerator, weighted(by, x->values[j], dot(at->w, h, by->k)), h, by->k);
    }
}

static void general_fraction(const mc_nonnegative_update *by, const double *x, const work *at)
{
    memset(at->numerator, 0, by->k * sizeof *at->numerator);
    memset(at->denominator, 0, by->k * sizeof *at->denominator);
    for (size_t j = 0; j < by->d; j++) {
        const double *h = by->h + j * by->k;
        const double product = dot(at->w, h, by->k);
        const double below = by->beta < 1.0 ? floored(by, product) : product;
        add_scaled(at->numerator, weighted(by, x[j], product), h, by->k);
        add_scaled(at->denominator, power(below, by->beta - 1.0), h, by->k);
    }
}

/* w *= (numerator / denominator) ** gamma; |the change| / |w| comes back. */
static double update_once(const mc_nonnegative_update *by, const mc_sparse_row *x, const work *at)
{
    const double l1 = by->l1 > 0.0 && by->beta != 1.0 ? by->l1 : 0.0; /* beta 1 has it already */
    double moved = 0.0, size = 0.0;
    if (by->beta == 2.0)
        quadratic_fraction(by, at);
    else if (by->beta == 1.0)
        logarithmic_fraction(by, x, at);
    else
        general_fraction(by, x->values, at);
    for (size_t i = 0; i < by->k; i++) {
        const double old = at->w[i];
        double below = at->denominator[i] + l1;
        if (by->l2 > 0.0)
            below += by->l2 * old;
        below = below == 0.0 ? MC_NONNEGATIVE_LEAST : below;
        at->w[i] = old * power(at->numerator[i] / below, by->gamma);
        moved += (at->w[i] - old) * (at->w[i] - old);
        size += at->w[i] * at->w[i];
    }
    return sqrt(moved) / sqrt(size);
}

/* ------------------------------------------------------------------------- divergence ---- */

/* Sums over the features whose value is above the least, and over all. */
typedef struct sums {
    double logs, ratios, values, powers, crosses; /* above */
    double squares, products;                     /* all */
} sums;

static void add_feature(const mc_nonnegative_update *by, double x, double product, sums *s)
{
    const double beta = by->beta;
    if (beta == 2.0) {
        s->squares += (x - product) * (x - product);
        return;
    }
    if (beta != 1.0 && beta != 0.0)
        s->products += power(product, beta);
    if (!(x > MC_NONNEGATIVE_LEAST))
        return;
    const double safe = product < MC_NONNEGATIVE_LEAST ? MC_NONNEGATIVE_LEAST : product;
    if (beta == 1.0 || beta == 0.0) {
        s->ratios += x / safe;
        s->logs += beta == 1.0 ? x * log(x / safe) : log(x / safe);
        s->values += x;
    } else {
        s->powers += power(x, beta);
        s->crosses += x * power(safe, beta - 1.0);
    }
}

/* |x - w h|**2 / 2 of a sparse row, as scikit-learn has it: the zeros are never looked at. */
static double sparse_square(const mc_nonnegative_update *by, const mc_sparse_row *x, const work *at)
{
    double square = dot(x->values, x->values, x->n);
    for (size_t i = 0; i < by->k; i++)
        square += at->w[i] * (dot(by->gram + i * by->k, at->w, by->k) - 2.0 * at->target[i]);
    return square / 2.0;
}

static double divergence(const mc_nonnegative_update *by, const mc_sparse_row *x, const work *at)
{
    const double beta = by->beta;
    double result = 0.0;
    sums s = {0};
    if (beta == 2.0 && x->at != NULL)
        return sqrt(2.0 * sparse_square(by, x, at));
    for (size_t j = 0; j < x->n; j++) {
        if (beta == 1.0 && x->values[j] == 0.0)
            continue;
        add_feature(by, x->values[j], dot(at->w, part_of(by, x, j), by->k), &s);
    }
    if (beta == 2.0)
        result = s.squares / 2.0;
    else if (beta == 1.0)
        result = s.logs + (dot(at->w, by->sums, by->k) - s.values);
    else if (beta == 0.0)
        result = s.ratios - (double)by->d - s.logs;
    else
        result = (s.powers - beta * s.crosses + s.products * (beta - 1.0)) / (beta * (beta - 1.0));
    return sqrt(2.0 * (result < 0.0 ? 0.0 : result));
}

/* target is h x.T for beta 2, the denominator for beta 1. */
static void start(const mc_nonnegative_update *by, const mc_sparse_row *x, const work *at)
{
    double sum = 0.0;
    memset(at->target, 0, by->k * sizeof *at->target);
    if (by->beta == 1.0)
        memcpy(at->target, by->sums, by->k * sizeof *at->target);
    for (size_t j = 0; j < x->n; j++) {
        if (by->beta == 2.0)
            add_scaled(at->target, x->values[j], part_of(by, x, j), by->k);
        sum += x->values[j];
    }
    for (size_t i = 0; i < by->k; i++)
        at->w[i] = sqrt(sum / (double)by->d / (double)by->k);
}

void mc_nonnegative_multiply(const mc_nonnegative_update *by, const mc_sparse_row *x, double *w,
                             double *scratch)
{
    const work at = {w, scratch, scratch + by->k, scratch + 2 * by->k};
    const bool by_error = by->stop == MC_STOP_BY_ERROR;
    start(by, x, &at);
    const double first = by_error ? divergence(by, x, &at) : 0.0;
    double last = first;
    for (uint32_t i = 1; i <= by->max_iter; i++) {
        const double change = update_once(by, x, &at);
        if (!by_error && by->tol > 0.0 && change <= by->tol)
            return;
        for (size_t r = 0; r < by->k && by_error && by->beta < 1.0; r++)
            w[r] = w[r] < DBL_EPSILON ? 0.0 : w[r];
        if (!by_error || !(by->tol > 0.0) || i % 10 != 0)
            continue;
        const double error = divergence(by, x, &at);
        if ((last - error) / first < by->tol)
            return;
        last = error;
    }
}
