/* test_neighbors.c: trees find what brute force finds; sorts sort; lists hide what they held. */
#include "kernel/neighbors.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/near_heap.h"

#define D       2u
#define N       60u
#define N_NODES 15u /* four levels */

static uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* A tree over whole numbers: halves of the rows as they come, boxes or balls around them. */
typedef struct planted {
    double rows[N * D], bounds[2 * N_NODES * D], radii[N_NODES];
    uint32_t order[N], nodes[N_NODES * MC_NODE_FIELDS];
    mc_training brute, tree;
} planted;

static void bound_node(planted *p, size_t node, bool is_ball)
{
    const uint32_t *span = p->nodes + node * MC_NODE_FIELDS;
    double *low = p->bounds + node * D, *high = p->bounds + (N_NODES + node) * D;
    for (size_t j = 0; j < D; j++) {
        low[j] = (double)INFINITY;
        high[j] = -(double)INFINITY;
        for (size_t i = span[0]; i < span[1]; i++) {
            low[j] = fmin(low[j], p->rows[i * D + j]);
            high[j] = fmax(high[j], p->rows[i * D + j]);
        }
    }
    for (size_t i = span[0]; is_ball && i < span[1]; i++) /* around its lower corner */
        p->radii[node] = fmax(p->radii[node], sqrt(mc_sqeuclidean(low, p->rows + i * D, D)));
}

static void plant(planted *p, bool is_ball, uint32_t seed)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < N; i++) {
        p->order[i] = (uint32_t)i;
        p->rows[i * D] = (double)(i / 8); /* the tree divides by the first column */
        p->rows[i * D + 1] = (double)(draw(&seed) % 6);
    }
    p->nodes[1] = N;
    for (size_t i = 0; i < N_NODES; i++) {
        uint32_t *node = p->nodes + i * MC_NODE_FIELDS;
        node[2] = 2 * i + 2 >= N_NODES;
        if (node[2] == 0) {
            uint32_t *left = p->nodes + (2 * i + 1) * MC_NODE_FIELDS;
            left[0] = node[0];
            left[1] = left[MC_NODE_FIELDS] = node[0] + (node[1] - node[0]) / 2;
            left[MC_NODE_FIELDS + 1] = node[1];
        }
        bound_node(p, i, is_ball);
    }
    p->brute = (mc_training){
        .metric = {.id = MC_METRIC_EUCLIDEAN, .d = D, .p = 2.0}, .rows = p->rows, .n = N};
    p->tree = p->brute;
    p->tree.order = p->order;
    p->tree.nodes = p->nodes;
    p->tree.bounds = p->bounds;
    p->tree.radii = is_ball ? p->radii : NULL;
    p->tree.n_nodes = N_NODES;
}

static double query[D];
static const double *ask_at(uint32_t *seed)
{
    query[0] = (double)(draw(seed) % 20) / 2.0 - 1.0;
    query[1] = (double)(draw(seed) % 16) / 2.0 - 1.0;
    return query;
}

static void trees_find_the_nearest(void **state)
{
    (void)state;
    planted p;
    uint32_t seed = 1;
    double brute[1 + 4 * N], tree[1 + 2 * N];
    for (size_t round = 0; round < 200; round++) {
        const size_t k = 1 + draw(&seed) % N;
        plant(&p, round % 2 == 1, seed);
        const double *x = ask_at(&seed);
        mc_near_k(&p.brute, x, 1, k, 2 * k, brute);
        mc_near_k(&p.tree, x, 1, k, k, tree);
        assert_true(tree[0] == (double)k);
        for (size_t i = 0; i < k; i++) { /* the rows may differ where distances are equal */
            assert_true(tree[1 + i] == brute[1 + i]);
            const double *row = p.rows + (size_t)tree[1 + k + i] * D;
            assert_true(tree[1 + i] == sqrt(mc_sqeuclidean(x, row, D)));
        }
    }
}

static void trees_find_all_within(void **state)
{
    (void)state;
    planted p;
    uint32_t seed = 7;
    double brute[1 + 2 * N], tree[1 + 2 * N];
    for (size_t round = 0; round < 200; round++) {
        plant(&p, round % 2 == 1, seed);
        const double *x = ask_at(&seed);
        const double radius = (double)(draw(&seed) % 12) / 2.0;
        mc_near_within(&p.brute, x, 1, radius, N, brute);
        mc_near_within(&p.tree, x, 1, radius, N, tree);
        assert_true(tree[0] == brute[0]);
        const size_t n = (size_t)tree[0];
        mc_near_order(tree + 1 + N, tree + 1, n, MC_NEAR_INTROSORT); /* by index */
        for (size_t i = 0; i < n; i++) {
            assert_true(tree[1 + N + i] == brute[1 + N + i]);
            assert_true(tree[1 + i] == brute[1 + i]);
        }
        for (size_t i = n; i < N; i++) /* nothing of before is left behind the list */
            assert_true(tree[1 + i] == 0.0 && tree[1 + N + i] == 0.0);
    }
}

static void sorts_keep_pairs_together(void **state)
{
    (void)state;
    uint32_t seed = 3;
    double values[300], indices[300], was[300];
    for (size_t round = 0; round < 400; round++) {
        const size_t n = draw(&seed) % 300;
        const uint32_t kinds = 1 + draw(&seed) % 50;
        for (size_t i = 0; i < n; i++) {
            was[i] = values[i] = (double)(draw(&seed) % kinds);
            indices[i] = (double)i;
        }
        mc_near_order(values, indices, n, round % 2 == 0 ? MC_NEAR_QUICKSORT : MC_NEAR_INTROSORT);
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            assert_true(i == 0 || values[i - 1] <= values[i]);
            assert_true(values[i] == was[(size_t)indices[i]]);
            sum += indices[i];
        }
        assert_true(sum == (double)(n * (n > 0 ? n - 1 : 0) / 2));
    }
}

/* scikit-learn's own permutations of equal values: its two sorts, on the same 20 items. */
static void equal_values_move_as_there(void **state)
{
    (void)state;
    static const double ITEMS[20] = {1, 0, 1, 2, 0, 1, 2, 2, 0, 1, 1, 0, 2, 1, 0, 2, 1, 0, 0, 2};
    static const uint8_t QUICK[20] = {18, 1,  4,  8, 14, 17, 11, 10, 0, 2,
                                      5,  13, 16, 9, 19, 7,  15, 3,  6, 12},
                         INTRO[20] = {1,  18, 17, 4, 14, 8, 11, 0,  16, 13,
                                      10, 9,  5,  2, 12, 7, 6,  15, 3,  19};
    for (int sort = MC_NEAR_QUICKSORT; sort <= MC_NEAR_INTROSORT; sort++) {
        double values[20], indices[20];
        for (size_t i = 0; i < 20; i++) {
            values[i] = ITEMS[i];
            indices[i] = (double)i;
        }
        mc_near_order(values, indices, 20, (mc_near_sort)sort);
        for (size_t i = 0; i < 20; i++)
            assert_true(indices[i] == (double)(sort == MC_NEAR_QUICKSORT ? QUICK : INTRO)[i]);
    }
}

/* Of equal candidates the first stays; up to scikit-learn 1.0 the last. */
static void heaps_choose_among_equals(void **state)
{
    (void)state;
    for (int admits = 0; admits < 2; admits++) {
        double values[1], indices[1];
        const mc_near_heap heap = {values, indices, 1, admits == 1};
        mc_near_heap_start(&heap, (double)INFINITY);
        for (size_t i = 0; i < 3; i++)
            mc_near_heap_push(&heap, 5.0, (double)i);
        assert_true(indices[0] == (admits == 1 ? 2.0 : 0.0));
    }
}

static void lower_indices_first_of_distances(void **state)
{
    (void)state;
    const double distances[] = {2.0, 1.0, (double)NAN, 1.0, 2.0, 2.0, 0.5};
    double out[1 + 2 * 7];
    mc_near_k_of(distances, 1, 7, 4, 7, out);
    const double want[] = {6.0, 1.0, 3.0, 0.0};
    for (size_t i = 0; i < 4; i++)
        assert_true(out[1 + 7 + i] == want[i]);
    mc_near_k_of(distances, 1, 7, 7, 7, out);
    assert_true(out[1 + 7 + 6] == 2.0 && isnan(out[1 + 6])); /* NaN is the farthest */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_find_the_nearest),
        cmocka_unit_test(trees_find_all_within),
        cmocka_unit_test(sorts_keep_pairs_together),
        cmocka_unit_test(equal_values_move_as_there),
        cmocka_unit_test(heaps_choose_among_equals),
        cmocka_unit_test(lower_indices_first_of_distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
