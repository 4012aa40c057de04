/* density.c: squared distances in the metric of a covariance.
 *
 * Oracle   _estimate_log_gaussian_prob (sklearn/mixture/_gaussian_mixture.py),
 *          QuadraticDiscriminantAnalysis._decision_function (sklearn/discriminant_analysis.py),
 *          GaussianNB._joint_log_likelihood (sklearn/naive_bayes.py), scipy's cdist mahalanobis.
 * Exact    mc_diagonal_log: bit for bit where numpy holds the rows in C order.
 *          mc_quadratic: bit for bit with scipy as it is built for x86-64.
 *          mc_projected_squares: each projection within 4 d u (sum of |terms|), u = 2**-53, because
 *          BLAS fuses its products; their squares are added in numpy's order.
 * Cost     O(d * columns) a row. The columns of a projection are worked on side by side, in the
 *          order of the features: no sum is cut, and all lanes are used. */
#include "kernel/density.h"

#include <math.h>
#include <string.h>

#include "kernel/special.h"

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE_CLONES __attribute__((target_clones("avx2", "default"))) /* see linear.c */
#else
#define WIDE_CLONES
#endif

typedef double loose_quad __attribute__((vector_size(32), aligned(8), may_alias));
#define QUAD(x)       (*(loose_quad *)(x))
#define CONST_QUAD(x) (*(const loose_quad *)(x))

/* One row against one group. */
typedef struct projection {
    const double *x, *mean, *w, *offsets; /* mean and offsets may be NULL */
    size_t d, n_columns;
} projection;

/* sum += value * w */
static inline void add_scaled(double value, const double *w, size_t n, double *sum)
{
    size_t j = 0;
    for (; j + 4 <= n; j += 4)
        QUAD(sum + j) += value * CONST_QUAD(w + j);
    for (; j < n; j++)
        sum[j] += value * w[j];
}

WIDE_CLONES
static void squares(const void *context, size_t at, size_t n, double *out)
{
    const projection *p = context;
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < p->d; i++) {
        const double value = p->mean == NULL ? p->x[i] : p->x[i] - p->mean[i];
        add_scaled(value, p->w + i * p->n_columns + at, n, out);
    }
    for (size_t j = 0; j < n; j++) {
        const double y = p->offsets == NULL ? out[j] : out[j] - p->offsets[at + j];
        out[j] = y * y;
    }
}

void mc_projected_squares(const double *x, size_t n_rows, const mc_projections *by, double *out)
{
    const size_t d = by->d;
    for (size_t g = 0; g < by->n_groups; g++) {
        const size_t first = by->start[g];
        projection p = {.mean = by->means == NULL ? NULL : by->means + g * d,
                        .w = by->w + d * first,
                        .offsets = by->offsets == NULL ? NULL : by->offsets + first,
                        .d = d,
                        .n_columns = by->start[g + 1] - first};
        for (size_t i = 0; i < n_rows; i++) {
            p.x = x + i * d;
            out[i * by->n_groups + g] = mc_pairwise_sum_of(squares, &p, p.n_columns);
        }
    }
}

/* One row against one diagonal Gaussian. */
typedef struct spread {
    const double *x, *mean, *variance;
} spread;

static void spread_terms(const void *context, size_t at, size_t n, double *out)
{
    const spread *s = context;
    for (size_t i = 0; i < n; i++) {
        const double difference = s->x[at + i] - s->mean[at + i];
        out[i] = difference * difference / s->variance[at + i];
    }
}

void mc_diagonal_log(const double *x, size_t n_rows, const mc_diagonal_gaussians *by, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < by->k; j++) {
            const spread s = {x + i * by->d, by->mean + j * by->d, by->variance + j * by->d};
            out[i * by->k + j] =
                by->constant[j] - 0.5 * mc_pairwise_sum_of(spread_terms, &s, by->d);
        }
    }
}

/* The order of scipy's C compiler: two lanes, then what is left. */
static double paired_dot(const double *a, const double *b, size_t n)
{
    double even = 0.0, odd = 0.0;
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        even += a[i] * b[i];
        odd += a[i + 1] * b[i + 1];
    }
    const double sum = even + odd;
    return i < n ? sum + a[i] * b[i] : sum;
}

/* paired_dot(row, by @ row), without a place for the product. */
static double quadratic_form(const double *row, const double *by, size_t d)
{
    double sum[2] = {0.0, 0.0}, rest = 0.0;
    for (size_t j = 0; j < d; j++) {
        const double term = row[j] * paired_dot(row, by + j * d, d);
        if (j + 1 == d && d % 2 == 1)
            rest = term;
        else
            sum[j % 2] += term;
    }
    return d % 2 == 1 ? sum[0] + sum[1] + rest : sum[0] + sum[1];
}

void mc_quadratic(const double *x, size_t n_rows, size_t d, const double *by, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double root = sqrt(quadratic_form(x + i * d, by, d));
        out[i] = root * root;
    }
}
