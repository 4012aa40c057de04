/* image_cases_neighbors.c: every step of run_neighbors.c and run_density.c. */
#include "image_cases_neighbors.h"

#include "image_cases.h"
#include "kernel/barycenter.h"
#include "kernel/neighbor_sums.h"
#include "kernel/neighbors.h"
#include "kernel/tree_density.h"

#define N 5u
static const double ROWS[N * EVERYTHING_NUMBERS] = {0.0,  1.0,  2.0, 0.5,  1.0, 0.0,  0.0,
                                                    0.25, -1.0, 2.0, 0.5,  1.0, 0.25, 0.0,
                                                    1.0,  1.0,  3.0, -1.0, 0.0, 2.0};

static mc_step asking(making *m, mc_op op, uint32_t x, mc_metric_id metric)
{
    mc_step step = step_of(op);
    step.src = x;
    step.array[0] = make_f64(m, N, EVERYTHING_NUMBERS, ROWS);
    step.n[0] = metric;
    step.n[1] = 2;
    step.value[0] = 3.0;
    step.value[1] = 2.5;
    return step;
}

/* Two leaves below a root; a ball tree if `is_ball`. */
static mc_step asking_tree(making *m, mc_op op, uint32_t x, bool is_ball)
{
    static const uint32_t ORDER[N] = {3, 1, 0, 4, 2};
    static const uint32_t NODES[] = {0, N, 0, 0, 2, 1, 2, N, 1};
    static const double BOUNDS[6 * EVERYTHING_NUMBERS] = {0.0, 0.0, 0.0,  0.25,
                                                          1.0, 0.0, -1.0, -1.0};
    static const double RADII[3] = {4.0, 2.0, 3.0};
    mc_step step = asking(m, op, x, MC_METRIC_EUCLIDEAN);
    step.flags = MC_STEP_INTROSORT;
    step.array[2] = make_u32(m, N, ORDER);
    step.array[3] = make_array(m, MC_ARRAY_U32, NODES, 3, MC_NODE_FIELDS);
    step.array[4] = make_f64(m, is_ball ? 3 : 6, EVERYTHING_NUMBERS, BOUNDS);
    if (is_ball)
        step.array[5] = make_f64(m, 1, 3, RADII);
    return step;
}

static void make_distances(making *m, results *r, uint32_t x)
{
    static const double MATRIX[16] = {2.0, 0.5, 0.0, 0.0, 0.5, 1.0, 0.0, 0.0,
                                      0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 1.0};
    for (uint32_t id = 0; id < MC_N_METRICS; id++) {
        mc_step step = asking(m, MC_OP_DISTANCES, x, (mc_metric_id)id);
        const mc_metric_needs needs = mc_metric_need((mc_metric_id)id);
        if (id == MC_METRIC_HAVERSINE)
            continue; /* of two columns */
        if (needs != MC_NEEDS_NOTHING)
            step.array[1] = make_f64(m, needs == MC_NEEDS_MATRIX ? 4 : 1, 4, MATRIX);
        keep(r, make_step(m, step, N));
    }
}

static void make_uses(making *m, results *r, uint32_t lists)
{
    static const double VALUES[N * N] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0};
    const uint32_t codes = make_u32(m, N, (const uint32_t[]){0, 2, 1, 0, 2});
    mc_step step = step_of(MC_OP_NEAR_VOTES);
    step.src = lists;
    step.array[0] = codes;
    step.array[1] = make_f64(m, 1, 3, VALUES);
    for (step.n[0] = 0; step.n[0] < MC_N_WEIGHTS; step.n[0]++)
        for (step.n[1] = 0; step.n[1] < MC_N_SUMS; step.n[1]++)
            keep(r, make_step(m, step, 3));
    step = step_of(MC_OP_NEAR_MEAN);
    step.src = lists;
    step.array[0] = make_f64(m, N, 2, VALUES);
    keep(r, make_step(m, step, 2));
    step = step_of(MC_OP_NEAR_SPREAD);
    step.src = lists;
    keep(r, make_step(m, step, N));
    step.flags = MC_STEP_AS_DISTANCES;
    keep(r, make_step(m, step, N));
    step.flags |= MC_STEP_ELSE_NAN;
    keep(r, make_step(m, step, N));
    step = step_of(MC_OP_NEAR_CELLS);
    step.src = lists;
    (void)make_step(m, step, 1);
    step.flags = MC_STEP_AS_DISTANCES;
    (void)make_step(m, step, 1);
    step = step_of(MC_OP_NEAR_OUTLIER);
    step.src = lists;
    step.array[0] = step.array[1] = make_f64(m, 1, N, VALUES);
    keep(r, make_step(m, step, 1));
    keep(r, make_simple(m, MC_OP_NEAR_PATH, lists, make_f64(m, N, N, VALUES), N));
}

/* Densities over both trees, of plain and of weighted rows; barycenters; filling from donors. */
static void make_beyond_lists(making *m, results *r, uint32_t x, uint32_t distances)
{
    static const double NUMBERS[5 + 3 + 3 + N] = {-9.0, -9.0, -1.0, 1.5, 1.5, 5.0,  2.0,
                                                  3.0,  4.0,  2.0,  3.0, 0.0, -0.5, 0.25};
    static const uint8_t VALID[EVERYTHING_NUMBERS] = {1, 1, 0, 1};
    for (unsigned flags = 0; flags < 8; flags++) {
        const bool is_ball = (flags & MC_STEP_BALL_TREE) != 0;
        const size_t n_numbers = (is_ball ? 11u : 8u) + (flags & MC_STEP_WEIGHTED ? N : 0u);
        mc_step step = asking_tree(m, MC_OP_KERNEL_DENSITY, x, is_ball);
        step.flags = (uint16_t)flags;
        step.n[1] = flags % MC_N_DENSITY_KERNELS;
        step.array[5] = make_f64(m, 1, n_numbers, NUMBERS);
        keep(r, make_step(m, step, 1 + mc_density_scratch(3)));
    }
    mc_step step = step_of(MC_OP_BARYCENTER);
    step.src = make_step(m, asking_tree(m, MC_OP_NEAREST, x, true), 1 + 2 * 2);
    step.src2 = x;
    step.n[0] = 2;
    step.value[0] = 0.125;
    step.array[0] = make_f64(m, N, EVERYTHING_NUMBERS, ROWS);
    step.array[1] = make_f64(m, N, 3, ROWS);
    keep(r, make_step(m, step, 3 + mc_barycenter_scratch(2)));
    step = step_of(MC_OP_FILL_FROM_DONORS);
    step.src = keep(r, make_simple(m, MC_OP_UNARY, x, MC_NONE, EVERYTHING_NUMBERS));
    step.src2 = distances;
    step.n[0] = 3;
    step.array[0] = make_f64(m, N, EVERYTHING_NUMBERS, ROWS);
    step.array[1] = make_f64(m, 1, EVERYTHING_NUMBERS, ROWS);
    step.array[2] = make_array(m, MC_ARRAY_U8, VALID, EVERYTHING_NUMBERS, 1);
    for (step.flags = 0; step.flags < 4; step.flags++)
        keep(r, make_step(m, step, EVERYTHING_NUMBERS + 2 * 3));
}

/* Rows, boxes and balls that no other step reads, so that quantization makes them narrow. */
static void make_narrow_ones(making *m, results *r, uint32_t x)
{
    static const double OWN[N * EVERYTHING_NUMBERS] = {
        [4] = 1.0, [5] = 2.0, [6] = 0.5, [9] = -1.0, [11] = 3.0, [16] = 1.5};
    static const double FURTHER[N * EVERYTHING_NUMBERS] = {[2] = 1.0, [8] = -2.0, [13] = 0.25};
    static const double AROUND[6 * EVERYTHING_NUMBERS] = {[1] = 0.5, [9] = -2.0, [14] = 1.0};
    static const double RADII[3] = {5.0, 3.0, 2.0};
    mc_step step = asking(m, MC_OP_NEAREST, x, MC_METRIC_BRAYCURTIS);
    step.flags = MC_STEP_MEASURES_WHOLE;
    step.array[0] = make_f64(m, N, EVERYTHING_NUMBERS, OWN);
    step.n[1] = N;
    keep(r, make_step(m, step, 1 + 2 * 2 * N));
    step = asking_tree(m, MC_OP_NEAREST, x, true);
    step.array[0] = make_f64(m, N, EVERYTHING_NUMBERS, FURTHER);
    step.array[4] = make_f64(m, 3, EVERYTHING_NUMBERS, AROUND);
    step.array[5] = make_f64(m, 1, 3, RADII);
    keep(r, make_step(m, step, 1 + 2 * 2));
}

void make_group_neighbors(making *m, results *r, uint32_t x)
{
    static const double NORMS[N] = {5.25, 1.0625, 6.25, 2.0625, 14.0};
    mc_step step = asking(m, MC_OP_NEAREST, x, MC_METRIC_EUCLIDEAN);
    step.array[5] = make_f64(m, 1, N, NORMS);
    make_uses(m, r, keep(r, make_step(m, step, 1 + 2 * 4)));
    step.op = MC_OP_WITHIN;
    keep(r, make_step(m, step, 1 + 2 * N));
    for (size_t ball = 0; ball < 2; ball++) {
        keep(r, make_step(m, asking_tree(m, MC_OP_NEAREST, x, ball == 1), 1 + 2 * 2));
        make_uses(m, r, make_step(m, asking_tree(m, MC_OP_WITHIN, x, ball == 1), 1 + 2 * N));
    }
    make_distances(m, r, x);
    const uint32_t distances = make_step(m, asking(m, MC_OP_DISTANCES, x, MC_METRIC_MANHATTAN), N);
    make_beyond_lists(m, r, x, distances);
    step = step_of(MC_OP_NEAREST_OF);
    step.src = distances;
    step.n[1] = 3;
    const uint32_t lists = make_step(m, step, 1 + 2 * 3);
    make_uses(m, r, lists);
    mc_step cut = step_of(MC_OP_SELECT), weighed = step_of(MC_OP_NEAR_WEIGHED);
    cut.src = lists;
    cut.array[0] = make_u32(m, 3, (const uint32_t[]){1, 2, 3});
    weighed.src = lists;
    weighed.src2 = make_step(m, cut, 3);
    make_uses(m, r, make_step(m, weighed, 1 + 2 * 3));
    mc_step first = step_of(MC_OP_NEAR_FIRST);
    first.src = lists;
    first.n[1] = 2;
    make_uses(m, r, make_step(m, first, 1 + 2 * 2));
    step.op = MC_OP_WITHIN_OF;
    step.value[1] = 4.0;
    make_uses(m, r, make_step(m, step, 1 + 2 * N));
    make_narrow_ones(m, r, x);
}
