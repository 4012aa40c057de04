/* image_cases_cluster.c: programs of mixtures, clusters, naive Bayes and isotonic regression. */
#include "image_cases_cluster.h"

#include "kernel/pool.h"
#include "kernel/special.h"

#define D EVERYTHING_NUMBERS

static void make_logarithms(making *m, results *r, uint32_t x)
{
    mc_step step = step_of(MC_OP_LOG_SHARE);
    step.src = x;
    for (step.n[0] = 0; step.n[0] < MC_N_LOG_SHARES; step.n[0]++)
        keep(r, make_step(m, step, D));
    keep(r, make_simple(m, MC_OP_LOG_SUM_EXP, x, MC_NONE, 1));
}

static void make_gaussians(making *m, results *r, uint32_t x)
{
    const double rows[3 * D] = {1.0, 0.5, 2.0, 0.25, 0.5, 1.0, 3.0, 0.75, 4.0, 2.0, 1.0, 0.5};
    const double square[D * D] = {2.0, 0.5, 0.0, 0.0, 0.5, 1.0, 0.0, 0.0,
                                  0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 1.0};
    const double three[] = {0.5, -1.0, 2.0};
    const uint32_t start[] = {0, 2, 3};
    mc_step step = step_of(MC_OP_PROJECTED_SQUARES);
    step.src = x;
    step.array[0] = make_f64(m, 3, D, rows);
    step.array[1] = make_u32(m, 3, start);
    step.array[2] = make_f64(m, 2, D, square);
    step.array[3] = make_f64(m, 1, 3, three);
    keep(r, make_step(m, step, 2));
    step.op = MC_OP_DIAGONAL_LOG;
    step.array[1] = step.array[0];
    step.array[2] = step.array[3];
    step.array[3] = MC_NONE;
    keep(r, make_step(m, step, 3));
    keep(r, make_simple(m, MC_OP_QUADRATIC, x, make_f64(m, D, D, square), 1));
}

static void make_centres(making *m, results *r, uint32_t x)
{
    const double norms[D] = {1.0, 2.0, 3.0, 4.0};
    const uint32_t children[2][2] = {{1, 2}, {4, 3}}; /* labels 0; 2, 1 */
    mc_step step = step_of(MC_OP_ROW_DOT);
    step.src = step.src2 = x;
    const uint32_t squared = make_step(m, step, 1);
    step = step_of(MC_OP_CENTRE_DISTANCE);
    step.src = x;
    step.src2 = squared;
    step.array[0] = make_f64(m, 1, D, norms);
    keep(r, make_step(m, step, D));
    step = step_of(MC_OP_BISECT);
    step.src = x;
    step.n[0] = 3;
    step.array[0] = make_array(m, MC_ARRAY_U32, children, 2, 2);
    keep(r, make_simple(m, MC_OP_ONE_HOT_LABEL, make_step(m, step, 1), MC_NONE, 3));
}

static void make_pools(making *m, results *r, uint32_t x)
{
    const uint32_t columns[D] = {3, 0, 2, 1}, start[] = {0, 3, 4};
    mc_step step = step_of(MC_OP_POOL);
    step.src = x;
    step.array[0] = make_u32(m, D, columns);
    step.array[1] = make_u32(m, 3, start);
    for (step.n[0] = 0; step.n[0] < MC_N_POOLINGS; step.n[0]++)
        keep(r, make_step(m, step, 2));
    step.op = MC_OP_SORT_GROUPS;
    step.n[0] = 0;
    keep(r, make_step(m, step, D));
}

static void make_tables(making *m, results *r, uint32_t x)
{
    const double values[] = {-0.5, -1.0, -2.0, -0.25, -0.125, -3.0, -4.0, -0.75};
    const double at[] = {-1.0, 0.5, 2.0};
    const uint32_t start[] = {0, 1, 4}, last_two[] = {1, 3};
    const uint32_t label = make_simple(m, MC_OP_ARGMAX, x, MC_NONE, 1);
    const uint32_t chosen = make_simple(m, MC_OP_ONE_HOT_LABEL, label, MC_NONE, D);
    const uint32_t last = make_simple(m, MC_OP_SELECT, chosen, make_u32(m, 2, last_two), 2);
    mc_step step = step_of(MC_OP_MULTIPLY);
    step.src = last;
    step.array[0] = make_f64(m, 1, 2, (const double[]){0.0, 1.0});
    const uint32_t categories = make_step(m, step, 2); /* 0, and 0 or 1 */
    step = step_of(MC_OP_CATEGORY_SUM);
    step.src = categories;
    step.array[0] = make_f64(m, 4, 2, values);
    step.array[1] = make_u32(m, 3, start);
    keep(r, make_step(m, step, 2));
    step = step_of(MC_OP_INTERPOLATE);
    step.src = x;
    step.array[0] = make_f64(m, 1, 3, at);
    step.array[1] = make_f64(m, 1, 3, values);
    for (step.flags = 0; step.flags <= MC_STEP_FLOAT32; step.flags++)
        keep(r, make_step(m, step, D));
    step.flags = MC_STEP_REFUSE_OUTSIDE;
    step.src = categories;
    keep(r, make_step(m, step, 2));
}

void make_group_cluster(making *m, results *r, uint32_t x)
{
    make_logarithms(m, r, x);
    make_gaussians(m, r, x);
    make_centres(m, r, x);
    make_pools(m, r, x);
    make_tables(m, r, x);
}
