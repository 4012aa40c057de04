/* neighbors.c: brute force and trees.
 *
 * Oracle   sklearn/metrics/_pairwise_distances_reduction/_argkmin.pyx.tp (brute force), and
 *          sklearn/neighbors/_binary_tree.pxi.tp with _kd_tree.pyx.tp and _ball_tree.pyx.tp.
 * Exact    Trees: the same rows in the same order with the same bits, equal distances included: the
 *          walk visits nodes and rows in scikit-learn's order. Brute force the same, except for the
 *          euclidean metric: distances come through x.x - 2 x.y + y.y, which no two BLAS round
 *          alike, within 8 d u (x.x + y.y) of the squared distance.
 * Cost     Brute force O(n d) a row; the training rows stream through the cache once per
 *          TILE_ROWS rows asked. Trees O(log n) leaves a row where they pay.
 * Why so   argpartition decides between equal distances by the instructions of the processor: where
 *          scikit-learn uses it, mc_near_k_of() takes the lower index. */
#include "kernel/neighbors.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/near_heap.h"

/* Rows asked together, with MC_DISTANCE_TILE training rows; of narrow ones fewer, so that what is
 * widened serves more rows. */
#define TILE_ROWS   16u
#define NARROW_ROWS 32u
#define TILE_PAIRS  (TILE_ROWS * MC_DISTANCE_TILE)

typedef struct list {
    double *count, *distances, *indices;
} list;

static list list_at(double *out, size_t row, size_t room)
{
    double *at = out + row * (1 + 2 * room);
    return (list){at, at + 1, at + 1 + room};
}

/* What is not used of a list never shows what was there before. */
static void blank_rest(list l, size_t room)
{
    const size_t n = (size_t)*l.count;
    memset(l.distances + n, 0, (room - n) * sizeof *l.distances);
    memset(l.indices + n, 0, (room - n) * sizeof *l.indices);
}

static size_t rows_together(const mc_training *t, size_t n_rows)
{
    const size_t most = t->narrow.form == MC_NARROW_NOT ? TILE_ROWS : NARROW_ROWS;
    return n_rows < most ? n_rows : most;
}

/* Training rows of a tile: for `n_rows` rows asked, whose pairs are at most TILE_PAIRS. */
static size_t tile_for(const mc_training *t, size_t n_rows)
{
    const size_t most = n_rows <= TILE_ROWS ? MC_DISTANCE_TILE : TILE_PAIRS / NARROW_ROWS;
    if (t->narrow.form == MC_NARROW_NOT)
        return most;
    const size_t narrow = mc_narrow_tile(t->metric.d);
    return narrow < most ? narrow : most;
}

/* Rows first .. first + n, at most tile_for(): valid until the next ones. */
static const double *rows_of(const mc_training *t, size_t first, size_t n)
{
    if (t->narrow.form == MC_NARROW_NOT)
        return t->rows + first * t->metric.d;
    mc_widen(&t->narrow, first, n, t->scratch);
    return t->scratch;
}

/* Reduced distances of the rows asked (at most rows_together()) to n training rows from `first` on.
 * `for_nan`: see mc_sqeuclidean_tile(). */
static void tile(const mc_training *t, const double *x, size_t n_rows, size_t first, size_t n,
                 double for_nan, double *out)
{
    const size_t d = t->metric.d;
    const double *rows = rows_of(t, first, n);
    if (t->norms != NULL || t->by_norms) {
        const double *norms = t->norms == NULL ? NULL : t->norms + first;
        mc_sqeuclidean_tile(x, n_rows, d, rows, norms, n, for_nan, out);
        return;
    }
    for (size_t i = 0; i < n_rows; i++)
        mc_distances_reduced(&t->metric, x + i * d, rows, n, out + i * n);
}

/* ------------------------------------------------------------------------- brute force ---- */

/* numpy's order without ties: NaN behind all infinities, as an infinity of an index n further on.
 */
static void push_pair(const mc_near_heap *heap, double distance, size_t index, size_t n)
{
    if (isnan(distance))
        mc_near_pairs_push(heap, (double)INFINITY, (double)(index + n));
    else
        mc_near_pairs_push(heap, distance, (double)index);
}

/* The indices that went into push_pair(). */
static void fold_indices(double *indices, size_t k, size_t n)
{
    for (size_t j = 0; j < k; j++)
        indices[j] -= indices[j] >= (double)n ? (double)n : 0.0;
}

/* What ArgKmin does with the heap of a thread: its content passes through another one. */
static void finish_brute(const mc_training *t, const mc_near_heap *from, const mc_near_heap *to)
{
    if (t->lower_first) { /* these are distances */
        mc_near_sort_pairs(from->values, from->indices, from->k);
        fold_indices(from->indices, from->k, t->n);
        memcpy(to->values, from->values, from->k * sizeof *to->values);
        memcpy(to->indices, from->indices, from->k * sizeof *to->indices);
        return;
    }
    mc_near_heap_start(to, DBL_MAX);
    for (size_t i = 0; i < from->k; i++)
        mc_near_heap_push(to, from->values[i], from->indices[i]);
    mc_near_order(to->values, to->indices, to->k, t->sort);
    for (size_t i = 0; i < to->k; i++)
        to->values[i] = mc_distance_from_reduced(&t->metric, fmax(to->values[i], 0.0));
}

static void start_brute(const mc_training *t, const mc_near_heap *heap)
{
    mc_near_heap_start(heap, t->lower_first ? (double)INFINITY : DBL_MAX);
    for (size_t i = 0; t->lower_first && i < heap->k; i++)
        heap->indices[i] = 2.0 * (double)t->n;
}

static void push_brute(const mc_training *t, const mc_near_heap *heap, double reduced, size_t index)
{
    if (!t->lower_first) {
        mc_near_heap_push(heap, reduced, (double)index);
        return;
    }
    const double distance = mc_distance_from_reduced(&t->metric, reduced < 0.0 ? 0.0 : reduced);
    push_pair(heap, distance, index, t->n);
}

/* NaN counted as the largest until now. */
static void show_nan(const mc_training *t, const double *x, size_t k, list l)
{
    for (size_t j = 0; j < k; j++)
        if (isinf(l.distances[j]))
            l.distances[j] = mc_distance(&t->metric, x, rows_of(t, (size_t)l.indices[j], 1));
}

static void brute_nearest(const mc_training *t, const double *x, size_t n_rows, size_t k,
                          size_t room, double *out)
{
    double found[TILE_PAIRS];
    const size_t most = tile_for(t, n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        const list l = list_at(out, i, room);
        start_brute(t, &(mc_near_heap){l.distances + k, l.indices + k, k, false});
    }
    for (size_t first = 0; first < t->n; first += most) {
        const size_t n = t->n - first < most ? t->n - first : most;
        tile(t, x, n_rows, first, n, 0.0, found);
        for (size_t i = 0; i < n_rows; i++) {
            const list l = list_at(out, i, room);
            const mc_near_heap heap = {l.distances + k, l.indices + k, k, false};
            for (size_t j = 0; j < n; j++)
                push_brute(t, &heap, found[i * n + j], first + j);
        }
    }
    for (size_t i = 0; i < n_rows; i++) {
        const list l = list_at(out, i, room);
        *l.count = (double)k;
        finish_brute(t, &(mc_near_heap){l.distances + k, l.indices + k, k, false},
                     &(mc_near_heap){l.distances, l.indices, k, false});
        if (t->lower_first)
            show_nan(t, x + i * t->metric.d, k, l);
    }
}

static void add(list l, double distance, size_t index)
{
    const size_t at = (size_t)*l.count;
    l.distances[at] = distance;
    l.indices[at] = (double)index;
    *l.count += 1.0;
}

static void brute_within(const mc_training *t, const double *x, size_t n_rows, double radius,
                         size_t room, double *out)
{
    double found[TILE_PAIRS];
    const size_t together = tile_for(t, n_rows);
    const double most = mc_distance_to_reduced(&t->metric, radius);
    for (size_t i = 0; i < n_rows; i++)
        *list_at(out, i, room).count = 0.0;
    for (size_t first = 0; first < t->n; first += together) {
        const size_t n = t->n - first < together ? t->n - first : together;
        tile(t, x, n_rows, first, n, 0.0, found);
        for (size_t i = 0; i < n_rows; i++) {
            const list l = list_at(out, i, room);
            for (size_t j = 0; j < n; j++)
                if (found[i * n + j] <= most)
                    add(l, mc_distance_from_reduced(&t->metric, found[i * n + j]), first + j);
        }
    }
}

void mc_near_distances(const mc_training *t, const double *x, size_t n_rows, double *out)
{
    double found[TILE_PAIRS];
    const size_t step = rows_together(t, n_rows), most = tile_for(t, step);
    for (size_t row = 0; row < n_rows; row += step) {
        const size_t rows = n_rows - row < step ? n_rows - row : step;
        for (size_t first = 0; first < t->n; first += most) {
            const size_t n = t->n - first < most ? t->n - first : most;
            tile(t, x + row * t->metric.d, rows, first, n, (double)NAN, found);
            for (size_t i = 0; i < rows; i++) {
                for (size_t j = 0; j < n; j++)
                    out[(row + i) * t->n + first + j] =
                        mc_distance_from_reduced(&t->metric, found[i * n + j]);
            }
        }
    }
}

/* ------------------------------------------------------------------------------- trees ---- */

/* What a column adds to the least and to the largest distance to a box. */
static double below_and_above(double low, double high)
{
    return 0.5 * ((low + fabs(low)) + (high + fabs(high)));
}

static double power(double step, double p)
{
    return step == 0.0 ? 0.0 : pow(step, p);
}

static double norm_power(const mc_metric *metric)
{
    return metric->id == MC_METRIC_EUCLIDEAN   ? 2.0
           : metric->id == MC_METRIC_MANHATTAN ? 1.0
           : metric->id == MC_METRIC_CHEBYSHEV ? (double)INFINITY
                                               : metric->p;
}

/* Row `at` of the bounds: valid until the next of the same `place`, 0 or 1. */
static const double *bound_of(const mc_training *t, size_t at, size_t place)
{
    const size_t d = t->metric.d;
    if (t->narrow_bounds.form == MC_NARROW_NOT)
        return t->bounds + at * d;
    double *out = t->scratch + (mc_narrow_tile(d) + place) * d;
    mc_widen(&t->narrow_bounds, at, 1, out);
    return out;
}

/* Least reduced distance of x to the box of a node. */
static double least_to_box(const mc_training *t, size_t node, const double *x)
{
    const size_t d = t->metric.d;
    const double *low = bound_of(t, node, 0), *high = bound_of(t, t->n_nodes + node, 1);
    const double p = norm_power(&t->metric);
    double sum = 0.0;
    for (size_t j = 0; j < d; j++) {
        const double step = below_and_above(low[j] - x[j], x[j] - high[j]);
        sum = isinf(p) ? fmax(sum, step) : sum + power(step, p);
    }
    return sum;
}

/* Least and largest distance of x to the box of a node. */
static void reach_of_box(const mc_training *t, size_t node, const double *x, double *least,
                         double *most)
{
    const size_t d = t->metric.d;
    const double *low = bound_of(t, node, 0), *high = bound_of(t, t->n_nodes + node, 1);
    const double p = norm_power(&t->metric);
    double near = 0.0, far = 0.0;
    for (size_t j = 0; j < d; j++) {
        const double a = low[j] - x[j], b = x[j] - high[j];
        const double step = below_and_above(a, b), size = fmax(fabs(a), fabs(b));
        near = isinf(p) ? fmax(near, step) : near + power(step, p);
        far = isinf(p) ? fmax(far, size) : far + power(size, p);
    }
    *least = isinf(p) ? near : pow(near, 1.0 / p);
    *most = isinf(p) ? far : pow(far, 1.0 / p);
}

static double least_reduced(const mc_training *t, size_t node, const double *x)
{
    if (t->radii == NULL)
        return least_to_box(t, node, x);
    const double centre = mc_distance(&t->metric, x, bound_of(t, node, 0));
    return mc_distance_to_reduced(&t->metric, fmax(0.0, centre - t->radii[node]));
}

void mc_near_reach(const mc_training *t, size_t node, const double *x, double *least, double *most)
{
    if (t->radii == NULL) {
        reach_of_box(t, node, x, least, most);
        return;
    }
    const double centre = mc_distance(&t->metric, x, bound_of(t, node, 0));
    *least = fmax(0.0, centre - t->radii[node]);
    *most = centre + t->radii[node];
}

/* Calls DO with `j` and `reduced` for each row of a node, in its order. */
#define EACH_ROW(t, node, x, DO)                                                   \
    do {                                                                           \
        double found[MC_DISTANCE_TILE];                                            \
        const uint32_t *bounds_ = (t)->nodes + (node)*MC_NODE_FIELDS;              \
        const size_t most_ = tile_for(t, 1);                                       \
        for (size_t at_ = bounds_[0]; at_ < bounds_[1]; at_ += most_) {            \
            const size_t n_ = bounds_[1] - at_ < most_ ? bounds_[1] - at_ : most_; \
            mc_distances_reduced(&(t)->metric, x, rows_of(t, at_, n_), n_, found); \
            for (size_t k_ = 0; k_ < n_; k_++) {                                   \
                const size_t j = (t)->order[at_ + k_];                             \
                const double reduced = found[k_];                                  \
                DO;                                                                \
            }                                                                      \
        }                                                                          \
    } while (0)

static bool is_leaf(const mc_training *t, size_t node)
{
    return t->nodes[node * MC_NODE_FIELDS + 2] != 0;
}

typedef struct visit {
    size_t node;
    double least; /* reduced */
} visit;

/* Depth first, the nearer child first; whether a child is worth it is asked when its turn comes.
 * NOLINTNEXTLINE(readability-function-size): the loops of EACH_ROW count as nesting */
static void walk_nearest(const mc_training *t, const double *x, const mc_near_heap *heap)
{
    visit stack[MC_NODE_DEPTH];
    size_t n = 0;
    stack[n++] = (visit){0, least_reduced(t, 0, x)};
    while (n > 0) {
        const visit now = stack[--n];
        if (now.least > heap->values[0])
            continue;
        if (is_leaf(t, now.node)) {
            EACH_ROW(t, now.node, x, mc_near_heap_push(heap, reduced, (double)j));
            continue;
        }
        const size_t left = 2 * now.node + 1;
        const visit a = {left, least_reduced(t, left, x)};
        const visit b = {left + 1, least_reduced(t, left + 1, x)};
        const bool left_first = a.least <= b.least;
        stack[n++] = left_first ? b : a;
        stack[n++] = left_first ? a : b;
    }
}

static void tree_nearest(const mc_training *t, const double *x, size_t k, list l)
{
    const mc_near_heap heap = {l.distances, l.indices, k, t->admits_equal};
    mc_near_heap_start(&heap, (double)INFINITY);
    walk_nearest(t, x, &heap);
    mc_near_order(heap.values, heap.indices, k, t->sort);
    for (size_t i = 0; i < k; i++)
        heap.values[i] = mc_distance_from_reduced(&t->metric, heap.values[i]);
    *l.count = (double)k;
}

/* NOLINTNEXTLINE(readability-function-size): as above */
static void tree_within(const mc_training *t, const double *x, double radius, list l)
{
    const double reduced_radius = mc_distance_to_reduced(&t->metric, radius);
    size_t stack[MC_NODE_DEPTH], n = 0;
    *l.count = 0.0;
    stack[n++] = 0;
    while (n > 0) {
        const size_t node = stack[--n];
        double least = 0.0, most = 0.0;
        mc_near_reach(t, node, x, &least, &most);
        if (least > radius)
            continue;
        if (most <= radius) {
            EACH_ROW(t, node, x, add(l, mc_distance_from_reduced(&t->metric, reduced), j));
        } else if (is_leaf(t, node)) {
            EACH_ROW(t, node, x,
                     if (reduced <= reduced_radius)
                         add(l, mc_distance_from_reduced(&t->metric, reduced), j));
        } else {
            stack[n++] = 2 * node + 2;
            stack[n++] = 2 * node + 1;
        }
    }
}

/* -------------------------------------------------------------------------------- both ---- */

static void blank_rests(double *out, size_t n_rows, size_t room)
{
    for (size_t i = 0; i < n_rows; i++)
        blank_rest(list_at(out, i, room), room);
}

void mc_near_k(const mc_training *t, const double *x, size_t n_rows, size_t k, size_t room,
               double *out)
{
    const size_t d = t->metric.d, width = 1 + 2 * room, step = rows_together(t, n_rows);
    for (size_t i = 0; t->order != NULL && i < n_rows; i++)
        tree_nearest(t, x + i * d, k, list_at(out, i, room));
    for (size_t i = 0; t->order == NULL && i < n_rows; i += step)
        brute_nearest(t, x + i * d, n_rows - i < step ? n_rows - i : step, k, room,
                      out + i * width);
    blank_rests(out, n_rows, room);
}

void mc_near_within(const mc_training *t, const double *x, size_t n_rows, double radius,
                    size_t room, double *out)
{
    const size_t d = t->metric.d, width = 1 + 2 * room, step = rows_together(t, n_rows);
    for (size_t i = 0; t->order != NULL && i < n_rows; i++)
        tree_within(t, x + i * d, radius, list_at(out, i, room));
    for (size_t i = 0; t->order == NULL && i < n_rows; i += step)
        brute_within(t, x + i * d, n_rows - i < step ? n_rows - i : step, radius, room,
                     out + i * width);
    blank_rests(out, n_rows, room);
}

/* NaN, which nan_euclidean gives rows that share no column, counts as the largest. */
void mc_near_k_of(const double *distances, size_t n_rows, size_t n, size_t k, size_t room,
                  double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const list l = list_at(out, i, room);
        const mc_near_heap heap = {l.distances, l.indices, k, false};
        for (size_t j = 0; j < k; j++) {
            l.distances[j] = (double)INFINITY;
            l.indices[j] = 2.0 * (double)n;
        }
        for (size_t j = 0; j < n; j++)
            push_pair(&heap, distances[i * n + j], j, n);
        mc_near_sort_pairs(l.distances, l.indices, k);
        fold_indices(l.indices, k, n);
        for (size_t j = 0; j < k; j++)
            l.distances[j] = distances[i * n + (size_t)l.indices[j]];
        *l.count = (double)k;
    }
    blank_rests(out, n_rows, room);
}

void mc_near_within_of(const double *distances, size_t n_rows, size_t n, double radius, size_t room,
                       double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const list l = list_at(out, i, room);
        *l.count = 0.0;
        for (size_t j = 0; j < n; j++)
            if (distances[i * n + j] <= radius)
                add(l, distances[i * n + j], j);
    }
    blank_rests(out, n_rows, room);
}
