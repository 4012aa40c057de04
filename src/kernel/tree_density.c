/* tree_density.c: kernel density estimates.
 *
 * Oracle   sklearn/neighbors/_binary_tree.pxi.tp kernel_density, scikit-learn 1.2 to 1.9.
 * Exact    The same operations in the same order, so the same bits where exp and log are those of
 *          the C library that scikit-learn runs on. That matters far from all rows: there the
 *          answer is what the bounds of the nodes leave behind when they are taken off again.
 * Cost     O(n) a row without tolerances; with them as few nodes as they need.
 * Why so   Bounds are kept as logarithms; a node's two bounds and its place in the queue take four
 *          doubles of the row's scratch. */
#include "kernel/tree_density.h"

#include <math.h>

#define PI 3.14159265358979323846

/* ----------------------------------------------------------------------------- kernels ---- */

static double log_kernel(const mc_density *by, double distance)
{
    const double h = by->width;
    switch (by->kernel) {
    case MC_DENSITY_GAUSSIAN:
        return -0.5 * (distance * distance) / (h * h);
    case MC_DENSITY_EXPONENTIAL:
        return -distance / h;
    case MC_DENSITY_TOPHAT:
        return distance < h ? 0.0 : -(double)INFINITY;
    case MC_DENSITY_EPANECHNIKOV:
        return distance < h ? log(1.0 - (distance * distance) / (h * h)) : -(double)INFINITY;
    case MC_DENSITY_LINEAR:
        return distance < h ? log(1.0 - distance / h) : -(double)INFINITY;
    case MC_DENSITY_COSINE:
    case MC_N_DENSITY_KERNELS:
        break;
    }
    return distance < h ? log(cos(0.5 * PI * distance / h)) : -(double)INFINITY;
}

/* lgamma() leaves the sign in a variable of the process. */
static double log_gamma(double x)
{
    int sign = 0;
    return lgamma_r(x, &sign);
}

/* Logarithms of the volume of a ball, and of the surface of the ball of one dimension more. */
static double log_volume(double d)
{
    return 0.5 * d * log(PI) - log_gamma(0.5 * d + 1.0);
}

static double log_surface(double d)
{
    return log(2.0 * PI) + log_volume(d - 1.0);
}

/* The cosine kernel integrates to a series. */
static double cosine_series(size_t d)
{
    double sum = 0.0, term = 2.0 / PI;
    for (size_t k = 1; k <= d; k += 2) {
        sum += term;
        term *=
            -((double)d - (double)k) * ((double)d - (double)k - 1.0) * ((2.0 / PI) * (2.0 / PI));
    }
    return log(sum); /* cppcheck-suppress invalidFunctionArg ; d >= 1: it is not 0 */
}

double mc_density_log_norm(mc_density_kernel kernel, double width, size_t n_dimensions)
{
    const double d = (double)n_dimensions;
    double norm = 0.0;
    switch (kernel) {
    case MC_DENSITY_GAUSSIAN:
        norm = 0.5 * d * log(2.0 * PI);
        break;
    case MC_DENSITY_TOPHAT:
        norm = log_volume(d);
        break;
    case MC_DENSITY_EPANECHNIKOV:
        norm = log_volume(d) + log(2.0 / (d + 2.0));
        break;
    case MC_DENSITY_EXPONENTIAL:
        norm = log_surface(d - 1.0) + log_gamma(d);
        break;
    case MC_DENSITY_LINEAR:
        norm = log_volume(d) - log(d + 1.0);
        break;
    case MC_DENSITY_COSINE:
    case MC_N_DENSITY_KERNELS:
        norm = cosine_series(n_dimensions) + log_surface(d - 1.0);
        break;
    }
    return -norm - d * log(width);
}

/* -------------------------------------------------------------------------- logarithms ---- */

static double log_add(double a, double b)
{
    const double most = fmax(a, b);
    return isinf(most) && most < 0.0 ? most : most + log(exp(a - most) + exp(b - most));
}

static double log_subtract(double a, double b)
{
    return a <= b ? -(double)INFINITY : a + log(1.0 - exp(b - a));
}

/* Bounds on a sum: the least that it can be, and how much more. */
typedef struct bounds {
    double least, spread;
} bounds;

static bool is_leaf(const mc_density *by, size_t node)
{
    return by->tree.nodes[node * MC_NODE_FIELDS + 2] != 0;
}

/* May the walk stop at these bounds? */
static bool close_enough(const mc_density *by, bounds b)
{
    return by->log_norm + b.spread <= log_add(by->log_atol, by->log_rtol + by->log_norm + b.least);
}

/* As above for a node, whose spread counts as if all nodes were as wide. */
static bool node_close_enough(const mc_density *by, bounds b, size_t node)
{
    return by->log_norm + b.spread - log(by->node_weights[node]) + by->log_total <=
           log_add(by->log_atol, by->log_rtol + by->log_norm + b.least);
}

/* Rows at .. at + *n, in the tree's order: valid until the next ones. Of narrow rows `*n` may
 * become less: a tile. */
static const double *rows_of(const mc_training *t, size_t at, size_t *n)
{
    const size_t tile = mc_narrow_tile(t->metric.d);
    if (t->narrow.form == MC_NARROW_NOT)
        return t->rows + at * t->metric.d;
    *n = *n < tile ? *n : tile;
    mc_widen(&t->narrow, at, *n, t->scratch);
    return t->scratch;
}

static double add_leaf(const mc_density *by, size_t node, const double *x, double sum)
{
    const mc_training *t = &by->tree;
    const uint32_t *within = t->nodes + node * MC_NODE_FIELDS;
    for (size_t first = within[0], n = 0; first < within[1]; first += n) {
        n = within[1] - first;
        const double *rows = rows_of(t, first, &n);
        for (size_t i = 0; i < n; i++) {
            const double distance = mc_distance(&t->metric, x, rows + i * t->metric.d);
            const double term = log_kernel(by, distance);
            const double *weights = by->log_weights;
            sum = log_add(sum, weights == NULL ? term : term + weights[t->order[first + i]]);
        }
    }
    return sum;
}

/* Logarithms of the least and of the most that a node can add, and its distance. */
static bounds node_reach(const mc_density *by, size_t node, const double *x, double *least_distance)
{
    double near = 0.0, far = 0.0;
    mc_near_reach(&by->tree, node, x, &near, &far);
    *least_distance = near;
    const double weight = log(by->node_weights[node]);
    return (bounds){weight + log_kernel(by, far), weight + log_kernel(by, near)};
}

/* ----------------------------------------------------------------------- breadth first ---- */

/* Nodes by distance, the nearest on top; equal ones as scikit-learn's NodeHeap moves them. */
typedef struct queue {
    double *distance, *node;
    size_t n;
} queue;

static void exchange(queue *q, size_t i, size_t j)
{
    const double distance = q->distance[i], node = q->node[i];
    q->distance[i] = q->distance[j];
    q->node[i] = q->node[j];
    q->distance[j] = distance;
    q->node[j] = node;
}

static void push(queue *q, double distance, size_t node)
{
    size_t i = q->n++;
    q->distance[i] = distance;
    q->node[i] = (double)node;
    for (size_t parent = 0; i > 0; i = parent) {
        parent = (i - 1) / 2;
        if (q->distance[parent] <= q->distance[i])
            return;
        exchange(q, i, parent);
    }
}

static size_t pop(queue *q)
{
    const size_t top = (size_t)q->node[0];
    q->n--;
    q->distance[0] = q->distance[q->n];
    q->node[0] = q->node[q->n];
    for (size_t i = 0, child = 1; child < q->n; child = 2 * i + 1) {
        if (child + 1 < q->n && !(q->distance[child] <= q->distance[child + 1]))
            child++;
        if (!(q->distance[child] <= q->distance[i]))
            break;
        exchange(q, i, child);
        i = child;
    }
    return top;
}

/* Takes the bounds of a node off all bounds and puts those of its children there. */
static void split(const mc_density *by, size_t node, const double *x, double *least, double *spread,
                  queue *q, bounds *all)
{
    double distance[2];
    bounds child[2];
    for (size_t i = 0; i < 2; i++) {
        child[i] = node_reach(by, 2 * node + 1 + i, x, &distance[i]);
        least[2 * node + 1 + i] = child[i].least;
        spread[2 * node + 1 + i] = child[i].spread;
    }
    all->least = log_subtract(all->least, least[node]);
    all->spread = log_subtract(all->spread, spread[node]);
    for (size_t i = 0; i < 2; i++) {
        all->least = log_add(all->least, child[i].least);
        all->spread = log_add(all->spread, child[i].spread);
        push(q, distance[i], 2 * node + 1 + i);
    }
}

static double breadth_first(const mc_density *by, const double *x, double *scratch)
{
    const size_t n = by->tree.n_nodes;
    double *least = scratch, *spread = scratch + n, near = 0.0, far = 0.0;
    queue q = {scratch + 2 * n, scratch + 3 * n, 0};
    mc_near_reach(&by->tree, 0, x, &near, &far);
    bounds all = {.least = by->log_total + log_kernel(by, far)};
    all.spread = log_subtract(by->log_total + log_kernel(by, near), all.least);
    least[0] = all.least;
    spread[0] = all.spread;
    push(&q, near, 0);
    while (q.n > 0) {
        const size_t node = pop(&q);
        if (node_close_enough(by, (bounds){least[node], spread[node]}, node))
            continue;
        if (close_enough(by, all))
            break;
        if (!is_leaf(by, node)) {
            split(by, node, x, least, spread, &q, &all);
            continue;
        }
        all.least = log_subtract(all.least, least[node]);
        all.spread = log_subtract(all.spread, spread[node]);
        all.least = add_leaf(by, node, x, all.least);
    }
    return log_add(all.least, all.spread - log(2.0));
}

/* ------------------------------------------------------------------------- depth first ---- */

typedef struct visit {
    size_t node;
    bounds own;
} visit;

static double depth_first(const mc_density *by, const double *x)
{
    visit stack[MC_NODE_DEPTH];
    size_t n = 0;
    double near = 0.0, far = 0.0;
    mc_near_reach(&by->tree, 0, x, &near, &far);
    bounds all = {.least = by->log_total + log_kernel(by, far)};
    all.spread = log_subtract(by->log_total + log_kernel(by, near), all.least);
    stack[n++] = (visit){0, all};
    while (n > 0) {
        const visit now = stack[--n];
        if (node_close_enough(by, now.own, now.node) || close_enough(by, all))
            continue;
        bounds child[2];
        const bool leaf = is_leaf(by, now.node);
        for (size_t i = 0; !leaf && i < 2; i++) {
            child[i] = node_reach(by, 2 * now.node + 1 + i, x, &near);
            child[i].spread = log_subtract(child[i].spread, child[i].least);
        }
        all.least = log_subtract(all.least, now.own.least);
        if (leaf) {
            all.spread = log_subtract(all.spread, now.own.spread);
            all.least = add_leaf(by, now.node, x, all.least);
            continue;
        }
        all.least = log_add(log_add(all.least, child[0].least), child[1].least);
        all.spread = log_subtract(all.spread, now.own.spread);
        all.spread = log_add(log_add(all.spread, child[0].spread), child[1].spread);
        stack[n++] = (visit){2 * now.node + 2, child[1]};
        stack[n++] = (visit){2 * now.node + 1, child[0]};
    }
    return log_add(all.least, all.spread - log(2.0));
}

void mc_density_log(const mc_density *by, const double *x, size_t n_rows, double *out)
{
    const size_t d = by->tree.metric.d, width = 1 + mc_density_scratch(by->tree.n_nodes);
    for (size_t i = 0; i < n_rows; i++) {
        double *row = out + i * width;
        for (size_t j = 1; j < width; j++)
            row[j] = 0.0; /* scratch never shows what was there before */
        const double sum =
            by->breadth_first ? breadth_first(by, x + i * d, row + 1) : depth_first(by, x + i * d);
        row[0] = sum + by->log_norm - by->log_count;
    }
}
