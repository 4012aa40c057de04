/* lars.c: least angle regression, and the lasso along its path, for one row.
 *
 * Oracle   _lars_path_solver with a Gram matrix and no path kept, sklearn/linear_model/
 *          _least_angle.py; cholesky_delete and min_pos in sklearn/utils/arrayfuncs.pyx,
 *          scikit-learn 1.2 to 1.9.
 * Exact    The same steps in the same order, the tests against float32's eps and tiny included.
 *          Sums run in another order than BLAS's, and the factor carries that through the path:
 *          within the condition of the active atoms times 2**-53 of scikit-learn, unless two atoms
 *          would enter or leave at the same place of the path to the last bits.
 * How      Atoms have places: the active ones first, in order of entry. scikit-learn moves rows of
 *          its Gram matrix; here an atom's place is looked up. Where several coefficients reach 0
 *          at exactly the same place scikit-learn fails, and here the last of them leaves. */
#include "kernel/lars.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/solve.h"

#define TOLERANCE   0x1p-23 /* eps of float32: alphas this close are equal */
#define TINY        ((double)FLT_MIN)
#define DEGENERATE  1e-7 /* a pivot below it: the atom depends on the active ones */
#define MAX_JITTERS 64   /* doublings of 2**-52 until any factor is well conditioned */

typedef struct path {
    const mc_lars *by;
    size_t n_active;
    double *coef, *last; /* (k) by atom: now, and a step ago */
    double *cov;         /* (k) by place, of the inactive: correlation with what is left */
    double *order;       /* (k) atom at each place */
    double *slope;       /* (k) by place, of the inactive: how fast cov falls */
    double *factor;      /* (m, m) Cholesky factor of the active atoms' Gram matrix */
    double *sign, *direction, *active, *zero_at, *diagonal; /* (m) by place */
    double alpha, last_alpha;
} path;

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

static const double *gram_row(const path *p, size_t place)
{
    return p->by->gram + (size_t)p->order[place] * p->by->k;
}

static double gram_at(const path *p, size_t i, size_t j)
{
    return gram_row(p, i)[(size_t)p->order[j]];
}

/* The place of the largest correlation. n_active < k. */
static size_t most_correlated(const path *p)
{
    size_t best = p->n_active;
    for (size_t i = best + 1; i < p->by->k; i++) {
        const double a = p->by->positive ? p->cov[i] : fabs(p->cov[i]);
        const double b = p->by->positive ? p->cov[best] : fabs(p->cov[best]);
        if (a > b)
            best = i;
    }
    return best;
}

/* ------------------------------------------------------------------------------- atoms ---- */

/* Makes the atom at `place` active; false, with its correlation forgotten, if it depends on the
 * active ones. It keeps its new place even then, as in scikit-learn. */
static bool enter(path *p, size_t place)
{
    const size_t at = p->n_active;
    double *row = p->factor + at * p->by->max_active;
    p->sign[at] = p->by->positive || p->cov[place] > 0.0 ? 1.0 : p->cov[place] < 0.0 ? -1.0 : 0.0;
    exchange(&p->cov[place], &p->cov[at]);
    exchange(&p->order[place], &p->order[at]);
    for (size_t j = 0; j < at; j++)
        row[j] = gram_at(p, at, j);
    mc_solve_lower(p->factor, at, p->by->max_active, row);
    row[at] = fmax(sqrt(fabs(gram_at(p, at, at) - dot(row, row, at))), DBL_EPSILON);
    if (row[at] < DEGENERATE) {
        p->cov[at] = 0.0;
        exchange(&p->cov[place], &p->cov[at]);
        return false;
    }
    p->active[at] = p->order[at];
    p->n_active++;
    return true;
}

/* BLAS's rotg: what turns (a, b) into (r, 0), r >= 0. */
static void make_rotation(double *a, double *b, double *c, double *s)
{
    const double r = hypot(*a, *b);
    *c = r == 0.0 ? 1.0 : *a / r;
    *s = r == 0.0 ? 0.0 : *b / r;
    *a = r;
    *b = 0.0;
}

/* Takes row and column `out` from the factor of n rows. */
static void remove_from_factor(path *p, size_t out, size_t n)
{
    const size_t ld = p->by->max_active;
    double c = 1.0, s = 0.0;
    for (size_t i = out; i + 1 < n; i++)
        memcpy(p->factor + i * ld, p->factor + (i + 1) * ld, (i + 2) * sizeof *p->factor);
    for (size_t i = out; i + 1 < n; i++) {
        double *row = p->factor + i * ld;
        make_rotation(&row[i], &row[i + 1], &c, &s);
        for (size_t j = i + 1; j + 1 < n; j++) {
            double *other = p->factor + j * ld;
            const double x = other[i], y = other[i + 1];
            other[i] = c * x + s * y;
            other[i + 1] = c * y - s * x;
        }
    }
}

/* The active atom at `out` leaves; its correlation is worked out anew. */
static void leave(path *p, size_t out, const double *target)
{
    remove_from_factor(p, out, p->n_active);
    p->n_active--;
    for (size_t i = out; i < p->n_active; i++) {
        exchange(&p->order[i], &p->order[i + 1]);
        p->active[i] = p->active[i + 1];
        p->sign[i] = p->sign[i + 1];
    }
    const size_t atom = (size_t)p->order[p->n_active];
    p->cov[p->n_active] = target[atom] - dot(gram_row(p, p->n_active), p->coef, p->by->k);
}

/* --------------------------------------------------------------------------- direction ---- */

static double solve_signs(const path *p)
{
    memcpy(p->direction, p->sign, p->n_active * sizeof *p->direction);
    mc_cholesky_solve(p->factor, p->n_active, p->by->max_active, p->direction);
    return dot(p->direction, p->sign, p->n_active);
}

/* An ill-conditioned factor gets more and more on its diagonal, for this direction only. */
static double solve_with_jitter(const path *p)
{
    const size_t step = p->by->max_active + 1;
    double scale = NAN, jitter = DBL_EPSILON;
    for (size_t i = 0; i < p->n_active; i++)
        p->diagonal[i] = p->factor[i * step];
    for (size_t tries = 0; tries < MAX_JITTERS && !isfinite(scale); tries++) {
        for (size_t i = 0; i < p->n_active; i++)
            p->factor[i * step] += jitter;
        const double sum = solve_signs(p);
        scale = 1.0 / sqrt(sum < DBL_EPSILON ? DBL_EPSILON : sum);
        jitter *= 2.0;
    }
    for (size_t i = 0; i < p->n_active; i++)
        p->factor[i * step] = p->diagonal[i];
    return scale;
}

/* The direction that makes equal angles with the active atoms; its scale comes back. */
static double find_direction(const path *p)
{
    double scale = 1.0 / sqrt(solve_signs(p));
    if (p->n_active == 1 && p->direction[0] == 0.0) {
        p->direction[0] = 1.0;
        return 1.0;
    }
    if (!isfinite(scale))
        scale = solve_with_jitter(p);
    for (size_t i = 0; i < p->n_active; i++)
        p->direction[i] *= scale;
    return scale;
}

/* How fast the inactive correlations fall, rounded to 15 decimals as numpy.around does. */
static void find_slopes(const path *p)
{
    for (size_t i = p->n_active; i < p->by->k; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < p->n_active; j++)
            sum += gram_at(p, j, i) * p->direction[j];
        p->slope[i] = rint(sum * 1e15) / 1e15;
    }
}

static double least_positive(double least, double value)
{
    return 0.0 < value && value < least ? value : least;
}

/* How far until another atom is as correlated as the active ones, or nothing is left. */
static double distance_to_entry(const path *p, double largest, double scale)
{
    double rising = DBL_MAX, falling = DBL_MAX;
    for (size_t i = p->n_active; i < p->by->k; i++) {
        rising = least_positive(rising, (largest - p->cov[i]) / (scale - p->slope[i] + TINY));
        falling = least_positive(falling, (largest + p->cov[i]) / (scale + p->slope[i] + TINY));
    }
    const double nearest = fmin(rising, largest / scale);
    return p->by->positive ? nearest : fmin(nearest, falling);
}

/* How far until a coefficient is 0, and the last place where that is so. */
static double distance_to_zero(const path *p, size_t *out_place)
{
    double nearest = DBL_MAX;
    for (size_t i = 0; i < p->n_active; i++) {
        p->zero_at[i] = -p->coef[(size_t)p->active[i]] / (p->direction[i] + TINY);
        nearest = least_positive(nearest, p->zero_at[i]);
    }
    *out_place = 0;
    for (size_t i = 0; i < p->n_active; i++)
        if (p->zero_at[i] == nearest)
            *out_place = i;
    return nearest;
}

/* -------------------------------------------------------------------------------- path ---- */

/* Moves all coefficients; true if an atom changed its sign, and under the lasso left. */
static bool move(path *p, double largest, double scale, const double *target)
{
    size_t place = 0;
    double distance = distance_to_entry(p, largest, scale);
    const double zero_at = distance_to_zero(p, &place);
    const bool drops = zero_at < distance;
    if (drops)
        p->sign[place] = -p->sign[place];
    if (drops && p->by->lasso)
        distance = zero_at;
    p->last_alpha = p->alpha;
    memcpy(p->last, p->coef, p->by->k * sizeof *p->coef);
    memset(p->coef, 0, p->by->k * sizeof *p->coef);
    for (size_t i = 0; i < p->n_active; i++) {
        const size_t atom = (size_t)p->active[i];
        p->coef[atom] = p->last[atom] + distance * p->direction[i];
    }
    for (size_t i = p->n_active; i < p->by->k; i++)
        p->cov[i] -= distance * p->slope[i];
    if (drops && p->by->lasso)
        leave(p, place, target);
    return drops;
}

/* The path went beyond its end: back to it, between the last two points. */
static void step_back(path *p, bool has_moved)
{
    if (!(fabs(p->alpha - p->by->alpha) > TOLERANCE) || !has_moved)
        return;
    const double share = (p->last_alpha - p->by->alpha) / (p->last_alpha - p->alpha);
    for (size_t i = 0; i < p->by->k; i++)
        p->coef[i] = p->last[i] + share * (p->coef[i] - p->last[i]);
}

static void start(path *p, const mc_lars *by, const double *target, double *code, double *scratch)
{
    const size_t k = by->k, m = by->max_active;
    *p = (path){.by = by, .coef = code, .last = scratch, .cov = scratch + k};
    p->order = p->cov + k;
    p->slope = p->order + k;
    p->sign = p->slope + k;
    p->direction = p->sign + m;
    p->active = p->direction + m;
    p->zero_at = p->active + m;
    p->diagonal = p->zero_at + m;
    p->factor = p->diagonal + m;
    memset(p->coef, 0, k * sizeof *p->coef);
    memset(p->last, 0, k * sizeof *p->last);
    memcpy(p->cov, target, k * sizeof *target);
    for (size_t i = 0; i < k; i++)
        p->order[i] = (double)i;
}

/* One turn of scikit-learn's loop; false where the path ends. */
static bool advance(path *p, const double *target, uint32_t *n_iter, bool *drops)
{
    const size_t place = p->n_active < p->by->k ? most_correlated(p) : p->n_active;
    const double found = place < p->by->k ? p->cov[place] : 0.0;
    const double largest = p->by->positive ? found : fabs(found);
    p->alpha = largest / (double)p->by->n_features;
    if (p->alpha <= p->by->alpha + TOLERANCE) {
        step_back(p, *n_iter > 0);
        return false;
    }
    if (*n_iter >= p->by->max_iter || p->n_active >= p->by->k)
        return false;
    if (!*drops && !enter(p, place))
        return true; /* once an atom: each forgets a correlation */
    if (p->by->lasso && *n_iter > 0 && p->last_alpha < p->alpha)
        return false; /* rounding has overtaken the path */
    const double scale = find_direction(p);
    find_slopes(p);
    *drops = move(p, largest, scale, target);
    ++*n_iter;
    return true;
}

void mc_lars_code(const mc_lars *by, const double *target, double *code, double *scratch)
{
    path p;
    uint32_t n_iter = 0;
    bool drops = false;
    start(&p, by, target, code, scratch);
    while (advance(&p, target, &n_iter, &drops))
        ;
}
