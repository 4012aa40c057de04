/* test_tree.c: packing of trees, walks at the edges of float32, and what verify refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "image/steps.h"
#include "import/sklearn/tree_pack.h"
#include "kernel/tree_walk.h"

#define LEAF(number)                                        \
    {                                                       \
        .left = MC_LOOSE_LEAF, .right = 0, .leaf = (number) \
    }
#define INNER(l, r, feature, t)                                           \
    {                                                                     \
        .as.threshold = (t), .left = (l), .right = (r), .word = (feature) \
    }

/* ----------------------------------------------------------------------------- helpers ---- */

typedef struct fixture {
    mc_packing packing;
    mc_arena scratch;
    mc_error err;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    mc_packing_init(&f.packing, 1, true);
    mc_arena_init(&f.scratch, (size_t)1 << 24, "test");
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mc_arena_fini(&f->scratch);
    mc_packing_fini(&f->packing);
    return 0;
}

static const mc_wide_node *wide_nodes(const fixture *f)
{
    return (const mc_wide_node *)(const void *)f->packing.nodes.data;
}

/* Leaf that one float32 value reaches in the packed, narrowed tree. */
static uint32_t leaf_of(const fixture *f, uint32_t bits, const mc_tree_node *nodes, float x)
{
    const uint32_t roots[] = {0};
    const uint32_t names[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    const mc_forest forest = {.nodes = nodes, .roots = roots, .n_trees = 1, .feature_bits = bits};
    double out = -1.0;
    assert_true(mc_packing_n_nodes(&f->packing) <= 8);
    mc_forest_apply(&forest, &x, 1, 1, names, &out);
    return nodes[(size_t)out].as.leaf;
}

/* ----------------------------------------------------------------------------- packing ---- */

static void siblings_are_adjacent_behind_their_parent(void **state)
{
    fixture *f = *state;
    /* scikit-learn's order: depth first. */
    const mc_loose_node tree[] = {INNER(1, 4, 0, 0.5),
                                  INNER(2, 3, 1, 0.25),
                                  LEAF(0),
                                  LEAF(1),
                                  INNER(5, 6, 2, 0.75),
                                  LEAF(2),
                                  LEAF(3)};
    assert_int_equal(mc_pack_tree(&f->packing, tree, 7, &f->scratch, &f->err), MC_OK);
    const uint32_t want_names[] = {0, 1, 4, 2, 3, 5, 6}, want_left[] = {1, 3, 5, 0, 1, 2, 3};
    const uint32_t *names = (const uint32_t *)(const void *)f->packing.names.data;
    assert_int_equal(mc_packing_n_nodes(&f->packing), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(names[i], want_names[i]);
        assert_int_equal(wide_nodes(f)[i].left, want_left[i]);
    }
}

static void second_tree_follows_the_first(void **state)
{
    fixture *f = *state;
    const mc_loose_node tree[] = {INNER(2, 1, 0, 1.0), LEAF(7), LEAF(8)};
    assert_int_equal(mc_pack_tree(&f->packing, tree, 3, &f->scratch, &f->err), MC_OK);
    assert_int_equal(mc_pack_tree(&f->packing, tree, 3, &f->scratch, &f->err), MC_OK);
    const uint32_t *roots = (const uint32_t *)(const void *)f->packing.roots.data;
    assert_int_equal(roots[0], 0);
    assert_int_equal(roots[1], 3);
    assert_int_equal(wide_nodes(f)[3].left, 4);
    assert_int_equal(wide_nodes(f)[4].left, 8);
    assert_int_equal(wide_nodes(f)[5].left, 7);
}

static void nodes_out_of_reach_are_dropped(void **state)
{
    fixture *f = *state;
    const mc_loose_node tree[] = {INNER(3, 1, 0, 1.0), LEAF(7), LEAF(9), LEAF(8)};
    assert_int_equal(mc_pack_tree(&f->packing, tree, 4, &f->scratch, &f->err), MC_OK);
    assert_int_equal(mc_packing_n_nodes(&f->packing), 3);
}

static void shared_and_cyclic_children_are_refused(void **state)
{
    fixture *f = *state;
    const mc_loose_node cycle[] = {INNER(1, 2, 0, 1.0), INNER(0, 2, 0, 1.0), LEAF(0)};
    const mc_loose_node shared[] = {INNER(1, 2, 0, 1.0), INNER(2, 3, 0, 1.0), LEAF(0), LEAF(1)};
    const mc_loose_node twins[] = {INNER(1, 1, 0, 1.0), LEAF(0)};
    const mc_loose_node beyond[] = {INNER(1, 3, 0, 1.0), LEAF(0), LEAF(1)};
    const mc_loose_node itself[] = {INNER(0, 1, 0, 1.0), LEAF(0)};
    assert_int_equal(mc_pack_tree(&f->packing, cycle, 3, &f->scratch, &f->err), MC_E_MALFORMED);
    assert_string_equal(f->err.message, "node 1: child 0 has two parents");
    assert_int_equal(mc_pack_tree(&f->packing, shared, 4, &f->scratch, &f->err), MC_E_MALFORMED);
    assert_int_equal(mc_pack_tree(&f->packing, twins, 2, &f->scratch, &f->err), MC_E_MALFORMED);
    assert_int_equal(mc_pack_tree(&f->packing, itself, 2, &f->scratch, &f->err), MC_E_MALFORMED);
    assert_int_equal(mc_pack_tree(&f->packing, beyond, 3, &f->scratch, &f->err), MC_E_MALFORMED);
    assert_string_equal(f->err.message, "node 0: child 3 of 3 nodes");
    assert_int_equal(mc_pack_tree(&f->packing, cycle, 0, &f->scratch, &f->err), MC_E_MALFORMED);
}

static void equal_leaves_are_one_by_bits(void **state)
{
    fixture *f = *state;
    const double rows[] = {0.25, 0.0, -0.0, 0.25, 0.0};
    const uint32_t want[] = {0, 1, 2, 0, 1};
    for (size_t i = 0; i < MC_COUNT_OF(rows); i++) {
        uint32_t got = 99;
        assert_int_equal(mc_pack_leaf(&f->packing, &rows[i], &got, &f->err), MC_OK);
        assert_int_equal(got, want[i]);
    }
    assert_int_equal(mc_packing_n_leaves(&f->packing), 3);
}

static void distances_that_do_not_fit_stay_wide(void **state)
{
    fixture *f = *state;
    mc_tree_node narrow[7];
    const mc_loose_node tree[] = {INNER(1, 2, 0, 0.0),
                                  INNER(3, 4, 0, 0.0),
                                  INNER(5, 6, 0, 0.0),
                                  LEAF(0),
                                  LEAF(1),
                                  LEAF(2),
                                  LEAF(3)};
    assert_int_equal(mc_pack_tree(&f->packing, tree, 7, &f->scratch, &f->err), MC_OK);
    assert_true(mc_pack_narrow(&f->packing, 29, narrow));  /* distances up to 3: two bits */
    assert_false(mc_pack_narrow(&f->packing, 30, narrow)); /* one bit */
    assert_false(mc_pack_narrow(&f->packing, 31, narrow));
}

static void features_take_one_of_few_widths(void **state)
{
    (void)state;
    assert_int_equal(mc_pack_feature_bits(1), 8);
    assert_int_equal(mc_pack_feature_bits(256), 8);
    assert_int_equal(mc_pack_feature_bits(257), 12);
    assert_int_equal(mc_pack_feature_bits(65536), 16);
    assert_int_equal(mc_pack_feature_bits(65537), 20);
}

/* -------------------------------------------------------------------------- thresholds ---- */

/* For a float64 threshold: every float32 around it is decided as in float64. */
static void check_threshold(double threshold)
{
    const float packed = mc_pack_threshold(threshold);
    float x = packed;
    for (int i = 0; i < 3; i++)
        x = nextafterf(x, -INFINITY);
    for (int i = 0; i < 7; i++) {
        if (((double)x <= threshold) != (x <= packed))
            fail_msg("threshold %a, packed %a: %a goes the other way", threshold, (double)packed,
                     (double)x);
        x = nextafterf(x, INFINITY);
    }
}

static void thresholds_decide_every_float32_alike(void **state)
{
    (void)state;
    const double edges[] = {0.0,       -0.0,     0.5,      0.1,          -0.1,
                            1.0 / 3.0, FLT_MIN,  -FLT_MIN, FLT_TRUE_MIN, -FLT_TRUE_MIN,
                            FLT_MAX,   -FLT_MAX, INFINITY, -INFINITY,    16777217.0};
    for (size_t i = 0; i < MC_COUNT_OF(edges); i++) {
        check_threshold(edges[i]);
        check_threshold(nextafter(edges[i], INFINITY));
        check_threshold(nextafter(edges[i], -INFINITY));
        check_threshold(edges[i] / 3.0);
        check_threshold((double)nextafterf((float)edges[i], INFINITY) / 2.0 + edges[i] / 2.0);
    }
    uint64_t bits = 88172645463325252u; /* xorshift: the whole range of exponents */
    for (int i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        const double sign = bits & 1 ? -1.0 : 1.0;
        check_threshold(sign * ldexp((double)(bits >> 12), (int)(bits % 300) - 200));
    }
}

static void nan_follows_the_flag_and_infinity_the_threshold(void **state)
{
    fixture *f = *state;
    mc_tree_node narrow[3];
    mc_loose_node tree[] = {INNER(1, 2, 0, INFINITY), LEAF(4), LEAF(5)};
    assert_int_equal(mc_pack_tree(&f->packing, tree, 3, &f->scratch, &f->err), MC_OK);
    assert_true(mc_pack_narrow(&f->packing, 0, narrow));
    assert_int_equal(leaf_of(f, 0, narrow, INFINITY), 4);
    assert_int_equal(leaf_of(f, 0, narrow, -INFINITY), 4);
    assert_int_equal(leaf_of(f, 0, narrow, NAN), 5);
    f->packing.nodes.size = f->packing.names.size = f->packing.roots.size = 0;
    tree[0].word |= MC_WIDE_NAN_LEFT;
    assert_int_equal(mc_pack_tree(&f->packing, tree, 3, &f->scratch, &f->err), MC_OK);
    assert_true(mc_pack_narrow(&f->packing, 0, narrow));
    assert_int_equal(leaf_of(f, 0, narrow, NAN), 4);
}

/* ------------------------------------------------------------------------------- walks ---- */

static void categories_wrap_as_uint8(void **state)
{
    (void)state;
    const mc_category_set set = {.left = {1u << 3 | 1u << 0}, .known = {1u << 3 | 1u << 4 | 1u}};
    const struct {
        double x, want_nan_left, want_nan_right;
    } rows[] = {{3.0, 1, 1}, {3.9, 1, 1},   {4.0, 2, 2},   {5.0, 1, 2},      {-1.0, 1, 2},
                {NAN, 1, 2}, {259.0, 1, 1}, {260.0, 2, 2}, {INFINITY, 1, 1}, {4294967299.0, 1, 1}};
    const uint32_t roots[] = {0}, names[] = {0, 1, 2};
    for (size_t i = 0; i < 2 * MC_COUNT_OF(rows); i++) {
        const bool nan_left = i % 2 == 0;
        const mc_wide_node nodes[] = {
            {.as.set = 0, .left = 1, .word = MC_WIDE_CATEGORY | (nan_left ? MC_WIDE_NAN_LEFT : 0)},
            {.left = 0, .word = MC_WIDE_LEAF},
            {.left = 1, .word = MC_WIDE_LEAF}};
        const mc_forest forest = {.wide = nodes, .sets = &set, .roots = roots, .n_trees = 1};
        double out = -1.0;
        mc_forest_apply(&forest, &rows[i / 2].x, 1, 1, names, &out);
        const double want = nan_left ? rows[i / 2].want_nan_left : rows[i / 2].want_nan_right;
        if (out != want)
            fail_msg("category %g, NaN %s: node %g, want %g", rows[i / 2].x,
                     nan_left ? "left" : "right", out, want);
    }
}

#define N_TREES    ((size_t)37) /* and N_ROWS: more than two registers, no multiple of them */
#define TREE_NODES ((size_t)63) /* full, of depth 5 */
#define N_ROWS     ((size_t)83)
#define N_COLUMNS  ((size_t)5)

typedef struct grove {
    mc_tree_node nodes[N_TREES * TREE_NODES];
    uint32_t roots[N_TREES];
    double values[64];
    float x[N_ROWS * N_COLUMNS];
    uint32_t bits;
} grove;

/* Full trees; every third node sends NaN left. */
static void plant(grove *g, uint32_t bits, bool with_nan)
{
    memset(g, 0, sizeof *g);
    g->bits = bits;
    for (size_t i = 0; i < N_TREES * TREE_NODES; i++) {
        const size_t at = i % TREE_NODES;
        const uint32_t feature = (uint32_t)((i * 7 + at) % N_COLUMNS);
        const bool is_leaf = at >= TREE_NODES / 2;
        if (is_leaf) {
            g->nodes[i].as.leaf = (uint32_t)(i * 13 % 64);
            continue;
        }
        g->nodes[i].word =
            (uint32_t)(at + 1) << (bits + 1) | (uint32_t)(i % 3 == 0) << bits | feature;
        g->nodes[i].as.threshold = (float)((i * 31) % 17) / 17.0f;
    }
    for (size_t i = 0; i < N_TREES; i++)
        g->roots[i] = (uint32_t)(i * TREE_NODES);
    for (size_t i = 0; i < 64; i++)
        g->values[i] = 1.0 / (double)(3 + i);
    for (size_t i = 0; i < N_ROWS * N_COLUMNS; i++)
        g->x[i] = with_nan && i % 4 == 0 ? NAN : (float)((i * 29) % 23) / 23.0f;
}

/* The sum of one row, said as plainly as it can be. */
static double plain_sum(const grove *g, const float *row)
{
    double sum = 0.0;
    for (size_t tree = 0; tree < N_TREES; tree++) {
        const mc_tree_node *node = &g->nodes[g->roots[tree]];
        while (node->word >> (g->bits + 1) != 0) {
            const float x = row[node->word & ((1u << g->bits) - 1)];
            const bool left = isnan(x) ? (node->word >> g->bits & 1) : x <= node->as.threshold;
            node += (node->word >> (g->bits + 1)) + !left;
        }
        sum += g->values[node->as.leaf];
    }
    return sum;
}

/* The same bits in every batch, in every form of node, with and without NaN. */
static void check_sums(uint32_t bits, bool with_nan)
{
    static grove g;
    double want[N_ROWS], got[N_ROWS];
    plant(&g, bits, with_nan);
    const mc_forest forest = {
        .nodes = g.nodes, .roots = g.roots, .n_trees = N_TREES, .feature_bits = bits};
    for (size_t i = 0; i < N_ROWS; i++)
        want[i] = plain_sum(&g, g.x + i * N_COLUMNS);
    for (size_t size = 1; size <= N_ROWS; size++) {
        memset(got, 0, sizeof got);
        for (size_t at = 0; at < N_ROWS; at += size) {
            const size_t n = N_ROWS - at < size ? N_ROWS - at : size;
            mc_forest_sum(&forest, g.x + at * N_COLUMNS, n, N_COLUMNS, g.values, 1, 1, got + at);
        }
        for (size_t i = 0; i < N_ROWS; i++) {
            if (got[i] != want[i])
                fail_msg("%u bits, batches of %zu, row %zu: %a, want %a", bits, size, i, got[i],
                         want[i]);
        }
    }
}

static void sums_are_row_invariant(void **state)
{
    (void)state;
    const uint32_t bits[] = {3, 8, 12, 16};
    for (size_t i = 0; i < MC_COUNT_OF(bits); i++) {
        check_sums(bits[i], false);
        check_sums(bits[i], true);
    }
}

/* The leaf node of one row from node `at` on. */
static uint32_t plain_leaf(const grove *g, uint32_t at, const float *row)
{
    while (g->nodes[at].word >> (g->bits + 1) != 0) {
        const mc_tree_node *node = &g->nodes[at];
        const float x = row[node->word & ((1u << g->bits) - 1)];
        const bool left = isnan(x) ? (node->word >> g->bits & 1) : x <= node->as.threshold;
        at += (node->word >> (g->bits + 1)) + !left;
    }
    return at;
}

/* `n` rows in one tree, or one row in `n` trees, by each form that this machine has. */
static void check_walks(const grove *g, bool with_nan, bool in_trees, size_t n)
{
    for (size_t form = 0; mc_tree_walk_at(form) != NULL; form++) {
        uint32_t at[MC_TREE_LANES];
        for (size_t i = 0; i < n; i++)
            at[i] = g->roots[in_trees ? i : 3];
        mc_tree_walk_at(form)(g->nodes, g->bits, with_nan, g->x, in_trees ? 0 : N_COLUMNS, n, at);
        for (size_t i = 0; i < n; i++) {
            const uint32_t want =
                plain_leaf(g, g->roots[in_trees ? i : 3], g->x + (in_trees ? 0 : i * N_COLUMNS));
            if (at[i] != want)
                fail_msg("form %zu, %u bits, %zu %s, %zu: node %u, want %u", form, g->bits, n,
                         in_trees ? "trees" : "rows", i, at[i], want);
        }
    }
}

static void all_forms_reach_the_same_leaves(void **state)
{
    (void)state;
    static grove g;
    const uint32_t bits[] = {3, 8, 12, 16};
    for (size_t i = 0; i < 2 * MC_COUNT_OF(bits); i++) {
        plant(&g, bits[i / 2], i % 2 != 0);
        for (size_t n = 1; n <= N_TREES; n++) {
            check_walks(&g, i % 2 != 0, true, n);
            check_walks(&g, i % 2 != 0, false, n);
        }
    }
    assert_non_null(mc_tree_walk_at(0));
}

/* ------------------------------------------------------------------------------ verify ---- */

/* A view of one FOREST step over hand-made arrays. */
typedef struct one_step {
    mc_view view;
    mc_image_array arrays[5];
    mc_image_buffer buffers[2];
    mc_step step;
    struct {
        mc_tree_node nodes[3];
        uint32_t roots[2], names[3];
        double values[2];
    } weights;
} one_step;

static void make_step(one_step *s)
{
    memset(s, 0, sizeof *s);
    const mc_tree_node nodes[3] = {
        {.as.threshold = 0.5f, .word = 1u << 2 | 1u}, {.as.leaf = 0}, {.as.leaf = 1}};
    memcpy(s->weights.nodes, nodes, sizeof nodes);
    s->arrays[0] =
        (mc_image_array){.at = 0, .n_items = 3, .type = MC_ARRAY_NODE, .n_rows = 3, .n_cols = 1};
    s->arrays[1] =
        (mc_image_array){.at = offsetof(one_step, weights.roots) - offsetof(one_step, weights),
                         .n_items = 1,
                         .type = MC_ARRAY_U32,
                         .n_rows = 1,
                         .n_cols = 1};
    s->arrays[2] =
        (mc_image_array){.at = offsetof(one_step, weights.values) - offsetof(one_step, weights),
                         .n_items = 2,
                         .type = MC_ARRAY_F64,
                         .n_rows = 2,
                         .n_cols = 1};
    s->arrays[3] =
        (mc_image_array){.at = offsetof(one_step, weights.names) - offsetof(one_step, weights),
                         .n_items = 3,
                         .type = MC_ARRAY_U32,
                         .n_rows = 3,
                         .n_cols = 1};
    s->buffers[0] = (mc_image_buffer){.type = MC_BUFFER_F32, .width = 2};
    s->buffers[1] = (mc_image_buffer){.type = MC_BUFFER_F64, .width = 1};
    const mc_step step = {.op = MC_OP_FOREST,
                          .src = 0,
                          .src2 = MC_NONE,
                          .dst = 1,
                          .array = {0, 1, 2, MC_NONE, MC_NONE, MC_NONE},
                          .n = {1, 0},
                          .value = {1.0, 0.0}};
    s->step = step;
    s->view = (mc_view){.arrays = s->arrays,
                        .buffers = s->buffers,
                        .weights = (const uint8_t *)&s->weights,
                        .weights_size = sizeof s->weights,
                        .n_arrays = 4,
                        .n_buffers = 2};
}

static mc_status check(const one_step *s)
{
    mc_error err = {0};
    return mc_check_forest(&s->view, &s->step, &err);
}

static void verify_refuses_what_a_walk_may_not_meet(void **state)
{
    (void)state;
    one_step s;
    make_step(&s);
    assert_int_equal(check(&s), MC_OK);
    s.weights.nodes[0].word = 2u << 2 | 1u; /* children 2 and 3 of 3 */
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.weights.nodes[2].word = 1u << 2; /* the last node has no room for children */
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.weights.nodes[0].word = UINT32_MAX; /* the largest distance */
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.buffers[0].width = 1; /* feature 1 of 1 */
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.weights.nodes[2].word = 1; /* a leaf with feature 1: walks read it as well */
    assert_int_equal(check(&s), MC_OK);
    s.weights.nodes[0].word = 1u << 2;
    s.buffers[0].width = 1;
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.weights.nodes[0].word = 1u << 2;
    s.buffers[0].width = 0; /* no columns at all */
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.weights.nodes[1].as.leaf = 2; /* of 2 */
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.weights.roots[0] = 3; /* of 3 */
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.step.n[0] = 31;
    assert_int_equal(check(&s), MC_E_MALFORMED);
    make_step(&s);
    s.buffers[1].width = 0;
    assert_int_equal(check(&s), MC_E_MALFORMED);
}

static void verify_wants_a_name_for_every_node(void **state)
{
    (void)state;
    one_step s;
    mc_error err = {0};
    make_step(&s);
    s.step.op = MC_OP_FOREST_APPLY;
    s.step.array[2] = MC_NONE;
    s.step.array[4] = 3;
    assert_int_equal(mc_check_forest_apply(&s.view, &s.step, &err), MC_OK);
    s.arrays[3].n_rows = 2;
    assert_int_equal(mc_check_forest_apply(&s.view, &s.step, &err), MC_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(siblings_are_adjacent_behind_their_parent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(second_tree_follows_the_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nodes_out_of_reach_are_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shared_and_cyclic_children_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_leaves_are_one_by_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(distances_that_do_not_fit_stay_wide, set_up, tear_down),
        cmocka_unit_test(features_take_one_of_few_widths),
        cmocka_unit_test(thresholds_decide_every_float32_alike),
        cmocka_unit_test_setup_teardown(nan_follows_the_flag_and_infinity_the_threshold, set_up,
                                        tear_down),
        cmocka_unit_test(categories_wrap_as_uint8),
        cmocka_unit_test(sums_are_row_invariant),
        cmocka_unit_test(all_forms_reach_the_same_leaves),
        cmocka_unit_test(verify_refuses_what_a_walk_may_not_meet),
        cmocka_unit_test(verify_wants_a_name_for_every_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
