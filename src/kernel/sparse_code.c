/* sparse_code.c: matching pursuit and the lasso, on Gram matrices.
 *
 * Oracle   _gram_omp, sklearn/linear_model/_omp.py; enet_coordinate_descent_gram,
 *          sklearn/linear_model/_cd_fast.pyx, scikit-learn 1.2 to 1.9.
 * Exact    The same steps with the same rules to stop. Products enter with the error of their sums
 *          (kernel/linear.c), and the systems of the pursuit with that of kernel/solve.c times the
 *          condition of the chosen atoms; where two atoms fit equally well to the last bits, or a
 *          rule falls on the other side of its threshold, another BLAS would differ as well. */
#include "kernel/sparse_code.h"

#include <math.h>
#include <string.h>

#include "kernel/solve.h"

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void exchange(double *a, double *b)
{
    const double kept = *a;
    *a = *b;
    *b = kept;
}

/* ----------------------------------------------------------------------------- pursuit ---- */

/* Atoms in the order of choice, the others behind; all vectors go by place in it. */
typedef struct pursuit {
    const double *gram;
    size_t k, n, n_active;
    double least;
    double *order;  /* (k) atom at each place; doubles hold these exactly */
    double *target; /* (k) */
    double *left;   /* (k) products of the atoms with what is left of the row */
    double *code;   /* (n) of the chosen */
    double *factor; /* (n, n) Cholesky factor of the chosen atoms' Gram matrix */
} pursuit;

static double gram_at(const pursuit *p, size_t i, size_t j)
{
    return p->gram[(size_t)p->order[i] * p->k + (size_t)p->order[j]];
}

static size_t nearest(const double *left, size_t k)
{
    size_t best = 0;
    for (size_t i = 1; i < k; i++)
        if (fabs(left[i]) > fabs(left[best]))
            best = i;
    return best;
}

/* The factor's next row, for the atom at `place`; false if it depends on the chosen ones. */
static bool extend(const pursuit *p, size_t place)
{
    double *row = p->factor + p->n_active * p->n;
    for (size_t j = 0; j < p->n_active; j++)
        row[j] = gram_at(p, place, j);
    mc_solve_lower(p->factor, p->n_active, p->n, row);
    const double pivot = gram_at(p, place, place) - dot(row, row, p->n_active);
    if (p->n_active > 0 && pivot <= p->least)
        return false;
    row[p->n_active] = sqrt(pivot);
    return true;
}

/* The best code by the chosen atoms, and what they leave. */
static void solve_chosen(const pursuit *p)
{
    memcpy(p->code, p->target, p->n_active * sizeof *p->code);
    mc_cholesky_solve(p->factor, p->n_active, p->n, p->code);
    for (size_t i = 0; i < p->k; i++) {
        double explained = 0.0;
        for (size_t j = 0; j < p->n_active; j++)
            explained += gram_at(p, i, j) * p->code[j];
        p->left[i] = p->target[i] - explained;
    }
}

void mc_pursue(const double *gram, const double *target, size_t k, size_t n, double least,
               double *code, double *scratch)
{
    pursuit p = {.gram = gram, .k = k, .n = n, .least = least, .order = scratch};
    p.target = p.order + k;
    p.left = p.target + k;
    p.code = p.left + k;
    p.factor = p.code + n;
    for (size_t i = 0; i < k; i++)
        p.order[i] = (double)i;
    memcpy(p.target, target, k * sizeof *target);
    memcpy(p.left, target, k * sizeof *target);
    while (p.n_active < n) {
        const size_t place = nearest(p.left, k);
        if (place < p.n_active || p.left[place] * p.left[place] < least || !extend(&p, place))
            break;
        exchange(&p.order[p.n_active], &p.order[place]);
        exchange(&p.target[p.n_active], &p.target[place]);
        p.n_active++;
        solve_chosen(&p);
    }
    memset(code, 0, k * sizeof *code);
    for (size_t i = 0; i < p.n_active; i++)
        code[(size_t)p.order[i]] = p.code[i];
}

/* ------------------------------------------------------------------------------- lasso ---- */

typedef struct descent {
    const mc_lasso *by;
    const double *target;
    double length;
    double *code;    /* (k) */
    double *image;   /* (k) gram @ code */
    double *slope;   /* (k) target - image, when the gap was last asked */
    double *is_kept; /* (k) 1 for atoms that screening has not taken out */
} descent;

static void add_scaled(double *to, double by, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += by * from[i];
}

/* The duality gap, and the largest slope. */
static double duality_gap(const descent *d, double *out_slope)
{
    const mc_lasso *by = d->by;
    double largest = by->positive ? -(double)INFINITY : 0.0, sum = 0.0;
    for (size_t j = 0; j < by->k; j++) {
        d->slope[j] = d->target[j] - d->image[j];
        largest = fmax(largest, by->positive ? d->slope[j] : fabs(d->slope[j]));
        sum += fabs(d->code[j]);
    }
    *out_slope = largest;
    if (by->penalty == 0.0 && by->screening == MC_SCREEN_ONCE)
        return dot(d->slope, d->slope, by->k);
    const double along = dot(d->code, d->target, by->k);
    const double left = d->length + dot(d->code, d->image, by->k) - 2.0 * along;
    const double scale = largest > by->penalty ? by->penalty / largest : 1.0;
    const double primal = 0.5 * left + by->penalty * sum;
    return primal - (-0.5 * (scale * scale) * left + scale * (d->length - along));
}

/* Takes out the atoms that are 0 in every code within the gap (arXiv:1802.07481, equation 11). */
static void screen(const descent *d, double gap, double slope, bool is_first)
{
    const mc_lasso *by = d->by;
    const double radius = sqrt(2.0 * fabs(gap)) / by->penalty;
    for (size_t j = 0; j < by->k; j++) {
        const double square = by->gram[j * by->k + j];
        if (!is_first && by->screening == MC_SCREEN_ONCE && d->is_kept[j] == 0.0)
            continue;
        const double theta = d->slope[j] / fmax(by->penalty, slope);
        const bool keeps = square != 0.0 && (1.0 - fabs(theta)) / sqrt(square) <= radius;
        d->is_kept[j] = keeps ? 1.0 : 0.0;
        if (keeps || d->code[j] == 0.0)
            continue;
        add_scaled(d->image, -d->code[j], by->gram + j * by->k, by->k);
        d->code[j] = 0.0;
    }
}

static double shrunk(const mc_lasso *by, double value, double square)
{
    if (by->positive && value < 0.0)
        return 0.0;
    const double size = fmax(fabs(value) - by->penalty, 0.0);
    return (value == 0.0 ? 0.0 : copysign(1.0, value)) * size / square;
}

/* One coordinate: up to 1.7 it was taken out of the image and put back, later its change added. */
static double descend_one(const descent *d, size_t j)
{
    const mc_lasso *by = d->by;
    const double *row = by->gram + j * by->k;
    const double old = d->code[j];
    if (by->screening == MC_SCREEN_NOT) {
        if (old != 0.0)
            add_scaled(d->image, -old, row, by->k);
        d->code[j] = shrunk(by, d->target[j] - d->image[j], row[j]);
        if (d->code[j] != 0.0)
            add_scaled(d->image, d->code[j], row, by->k);
    } else {
        d->code[j] = shrunk(by, d->target[j] - d->image[j] + old * row[j], row[j]);
        if (d->code[j] != old)
            add_scaled(d->image, d->code[j] - old, row, by->k);
    }
    return fabs(d->code[j] - old);
}

/* One pass: is the largest change small beside the largest value? */
static bool descend_all(const descent *d)
{
    const mc_lasso *by = d->by;
    double change = 0.0, largest = 0.0;
    for (size_t j = 0; j < by->k; j++) {
        if (d->is_kept[j] == 0.0 || by->gram[j * by->k + j] == 0.0)
            continue;
        change = fmax(change, descend_one(d, j));
        largest = fmax(largest, fabs(d->code[j]));
    }
    if (by->screening == MC_SCREEN_NOT)
        return largest == 0.0 || change / largest < by->tol;
    return largest == 0.0 || change / largest <= by->tol;
}

void mc_lasso_descend(const mc_lasso *by, const double *target, double length, double *code,
                      double *scratch)
{
    const descent d = {by, target, length, code, scratch, scratch + by->k, scratch + 2 * by->k};
    const bool screens =
        by->screening == MC_SCREEN_AGAIN || (by->screening == MC_SCREEN_ONCE && by->penalty != 0.0);
    const double enough = by->tol * length;
    double slope = 0.0;
    memset(code, 0, by->k * sizeof *code);
    memset(d.image, 0, by->k * sizeof *d.image);
    for (size_t j = 0; j < by->k; j++)
        d.is_kept[j] = 1.0;
    if (by->screening != MC_SCREEN_NOT) {
        const double gap = duality_gap(&d, &slope);
        if (0.0 <= gap && gap <= enough)
            return;
        if (screens)
            screen(&d, gap, slope, true);
    }
    for (uint32_t i = 0; i < by->max_iter; i++) {
        if (!descend_all(&d))
            continue;
        const double gap = duality_gap(&d, &slope);
        if (by->screening == MC_SCREEN_NOT ? gap < enough : gap <= enough)
            return;
        if (screens)
            screen(&d, gap, slope, false);
    }
}
