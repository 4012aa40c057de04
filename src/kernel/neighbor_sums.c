/* neighbor_sums.c: votes, means and densities over lists of neighbours.
 *
 * Oracle   sklearn/neighbors/_classification.py, _regression.py, _base.py _get_weights, _lof.py;
 *          sklearn/manifold/_isomap.py transform; numpy's pairwise summation.
 * Exact    Bit for bit up to 128 neighbours: each sum in the order of numpy, which adds in sequence
 *          below 8 terms and in eight lanes from there. Above 128 numpy halves: within n u.
 * Cost     O(neighbours), votes by numpy.sum O(neighbours * classes). */
#include "kernel/neighbor_sums.h"

#include <math.h>
#include <string.h>

typedef struct list {
    size_t n;
    const double *distances, *indices;
} list;

static list list_at(const mc_near_lists *lists, size_t row)
{
    const double *at = lists->at + row * (1 + 2 * lists->room);
    return (list){(size_t)at[0], at + 1, at + 1 + lists->room};
}

static size_t index_at(const list *l, size_t i)
{
    return (size_t)l->indices[i];
}

/* A list's weights, without a place to keep them. */
typedef struct weighing {
    const double *distances;
    bool alike, given, zeros_alone;
} weighing;

static weighing weigh(const list *l, mc_near_weights weights)
{
    weighing made = {.distances = l->distances,
                     .alike = weights == MC_WEIGH_ALIKE,
                     .given = weights == MC_WEIGH_GIVEN};
    for (size_t i = 0; weights == MC_WEIGH_BY_DISTANCE && i < l->n; i++)
        made.zeros_alone = made.zeros_alone || isinf(1.0 / l->distances[i]);
    return made;
}

static inline double weight_at(const weighing *w, size_t i)
{
    if (w->alike)
        return 1.0;
    if (w->given)
        return w->distances[i];
    const double weight = 1.0 / w->distances[i];
    return w->zeros_alone ? (isinf(weight) ? 1.0 : 0.0) : weight;
}

/* -------------------------------------------------------------------------------- sums ---- */

#define LANES 8

/* A sum in the order of numpy, one term after the other. */
typedef struct lanes {
    double lane[LANES], sum;
    size_t n, seen;
} lanes;

static void lanes_add(lanes *to, double term)
{
    const size_t in_lanes = to->n - to->n % LANES, at = to->seen++;
    if (at >= in_lanes) {
        to->sum += term;
        return;
    }
    to->lane[at % LANES] += term;
    if (to->seen == in_lanes)
        to->sum = ((to->lane[0] + to->lane[1]) + (to->lane[2] + to->lane[3])) +
                  ((to->lane[4] + to->lane[5]) + (to->lane[6] + to->lane[7]));
}

/* The terms of a sum: the weight of neighbour i if it is of a class, times a value if there is. */
typedef struct terms {
    const list *neighbors;
    const weighing *weights;
    const mc_near_votes *votes; /* or NULL: of any class */
    uint32_t code;
    const mc_narrow *values; /* (n, width), of which `column` counts; or NULL: 1 */
    size_t column;
} terms;

static inline uint32_t code_of(const mc_near_votes *votes, size_t j)
{
    return votes->codes != NULL ? votes->codes[j] : votes->small_codes[j];
}

static inline double term_at(const terms *t, size_t i)
{
    const size_t j = index_at(t->neighbors, i);
    if (t->votes != NULL && code_of(t->votes, j) != t->code)
        return 0.0;
    const double weight = weight_at(t->weights, i);
    return t->values == NULL ? weight : mc_widen_at(t->values, j, t->column) * weight;
}

static double numpy_sum(const terms *t)
{
    lanes sum = {.n = t->neighbors->n};
    for (size_t i = 0; i < sum.n; i++)
        lanes_add(&sum, term_at(t, i));
    return sum.sum;
}

static double sum_in_order(const terms *t)
{
    double sum = 0.0;
    for (size_t i = 0; i < t->neighbors->n; i++)
        sum += term_at(t, i);
    return sum;
}

/* ------------------------------------------------------------------------------- votes ---- */

static void vote(const list *l, const mc_near_votes *votes, double *out)
{
    const weighing weights = weigh(l, votes->weights);
    terms t = {.neighbors = l, .weights = &weights, .votes = votes};
    if (l->n == 0) {
        memcpy(out, votes->empty, votes->n_classes * sizeof *out);
    } else if (votes->sum == MC_SUM_NUMPY) {
        for (; t.code < votes->n_classes; t.code++)
            out[t.code] = numpy_sum(&t);
    } else {
        memset(out, 0, votes->n_classes * sizeof *out);
        for (size_t i = 0; i < l->n; i++)
            out[code_of(votes, index_at(l, i))] += weight_at(&weights, i);
    }
}

void mc_near_vote(const mc_near_lists *lists, const mc_near_votes *votes, double *out)
{
    for (size_t row = 0; row < lists->n_rows; row++) {
        const list l = list_at(lists, row);
        vote(&l, votes, out + row * votes->n_classes);
    }
}

/* ------------------------------------------------------------------------------- means ---- */

/* numpy adds the rows of a matrix in sequence, and a single column in lanes. */
static void mean(const list *l, const mc_narrow *values, size_t width, mc_near_weights by,
                 double *out)
{
    const weighing weights = weigh(l, by);
    terms t = {.neighbors = l, .weights = &weights};
    const bool in_order = width > 1 && by == MC_WEIGH_ALIKE;
    const double total = by == MC_WEIGH_ALIKE ? (double)l->n : numpy_sum(&t);
    t.values = values;
    for (size_t j = 0; j < width; j++) {
        t.column = j;
        out[j] = (in_order ? sum_in_order(&t) : numpy_sum(&t)) / total; /* none: 0 / 0 */
    }
}

void mc_near_mean(const mc_near_lists *lists, const mc_narrow *values, size_t width,
                  mc_near_weights weights, double *out)
{
    for (size_t row = 0; row < lists->n_rows; row++) {
        const list l = list_at(lists, row);
        mean(&l, values, width, weights, out + row * width);
    }
}

void mc_near_spread(const mc_near_lists *lists, size_t n, bool distances, double elsewhere,
                    double *out)
{
    for (size_t i = 0; i < lists->n_rows * n; i++)
        out[i] = elsewhere;
    for (size_t row = 0; row < lists->n_rows; row++) {
        const list l = list_at(lists, row);
        for (size_t i = 0; i < l.n; i++)
            out[row * n + index_at(&l, i)] = 0.0;
        for (size_t i = 0; i < l.n; i++)
            out[row * n + index_at(&l, i)] += distances ? l.distances[i] : 1.0;
    }
}

/* -------------------------------------------------------------------- densities, paths ---- */

static double outlier(const list *l, const double *reach, const double *density)
{
    lanes reached = {.n = l->n}, ratios = {.n = l->n};
    for (size_t i = 0; i < l->n; i++)
        lanes_add(&reached, fmax(l->distances[i], reach[index_at(l, i)]));
    const double own = 1.0 / (reached.sum / (double)l->n + 1e-10);
    for (size_t i = 0; i < l->n; i++)
        lanes_add(&ratios, density[index_at(l, i)] / own);
    return -(ratios.sum / (double)l->n);
}

void mc_near_outlier(const mc_near_lists *lists, const double *reach, const double *density,
                     double *out)
{
    for (size_t row = 0; row < lists->n_rows; row++) {
        const list l = list_at(lists, row);
        out[row] = outlier(&l, reach, density);
    }
}

void mc_near_path(const mc_near_lists *lists, const mc_narrow *path, size_t n, double *scratch,
                  double *out)
{
    for (size_t row = 0; row < lists->n_rows; row++) {
        const list l = list_at(lists, row);
        double *to = out + row * n;
        for (size_t j = 0; j < n; j++)
            to[j] = (double)INFINITY;
        for (size_t i = 0; i < l.n; i++) {
            const double *from = scratch;
            if (path->form == MC_NARROW_NOT)
                from = (const double *)path->items + index_at(&l, i) * n;
            else
                mc_widen(path, index_at(&l, i), 1, scratch);
            for (size_t j = 0; j < n; j++)
                to[j] = fmin(to[j], l.distances[i] + from[j]);
        }
    }
}
