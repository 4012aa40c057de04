/* image_cases_kernels.c: programs of kernels, support vectors and Gaussian processes. */
#include "image_cases_kernels.h"

#include "kernel/kernel_map.h"
#include "kernel/kernels.h"
#include "kernel/process_covariance.h"

#define N_FITTED  3
#define N_COLUMNS EVERYTHING_NUMBERS

/* Every sum with 3 fitted rows; the dot product is answered. */
static uint32_t make_sums(making *m, results *r, uint32_t x)
{
    const double rows[N_FITTED * N_COLUMNS] = {1.0, 0.5,  2.0, 0.25, 0.0, 1.0,
                                               3.0, 0.75, 4.0, 2.0,  1.0, 0.5};
    double packed[(N_COLUMNS + 1) * MC_PAIR_LANES];
    uint32_t dot = 0;
    mc_step step = step_of(MC_OP_PAIR_SUMS);
    step.src = x;
    for (step.n[0] = 0; step.n[0] < MC_N_PAIR_SUMS; step.n[0]++) {
        const mc_pair_sum which = (mc_pair_sum)step.n[0];
        mc_pair_pack(which, rows, N_FITTED, N_COLUMNS, packed);
        step.array[0] = make_f64(m, mc_pair_height(which, N_COLUMNS), MC_PAIR_LANES, packed);
        const uint32_t made = keep(r, make_step(m, step, N_FITTED));
        dot = which == MC_PAIR_DOT ? made : dot;
    }
    return dot;
}

static void make_maps(making *m, results *r, uint32_t k)
{
    mc_step step = step_of(MC_OP_KERNEL_MAP);
    step.src = k;
    step.value[0] = 2.0;
    step.value[1] = 3.0;
    for (step.n[0] = 0; step.n[0] < MC_N_KERNEL_MAPS; step.n[0]++)
        keep(r, make_step(m, step, N_FITTED));
    step = step_of(MC_OP_TIMES);
    step.src = step.src2 = k;
    keep(r, make_step(m, step, N_FITTED));
    step = step_of(MC_OP_CHECK_LEAST);
    step.src = k;
    step.value[0] = -1e300;
    keep(r, make_step(m, step, N_FITTED));
}

static void make_processes(making *m, results *r, uint32_t k)
{
    const double means[] = {0.5, 1.0, 2.0};
    const double lower[] = {2.0, 0.0, 0.0, 0.5, 1.0, 0.0, -1.0, 0.25, 4.0};
    mc_step step = step_of(MC_OP_CENTER_KERNEL);
    step.src = k;
    step.value[0] = 0.125;
    step.array[0] = make_f64(m, 1, N_FITTED, means);
    const uint32_t centred = keep(r, make_step(m, step, N_FITTED));
    keep(r, make_simple(m, MC_OP_SOLVE_LOWER, k, make_f64(m, N_FITTED, N_FITTED, lower), N_FITTED));
    step = step_of(MC_OP_LAPLACE_PROBA);
    step.src = centred;
    step.src2 = k;
    keep(r, make_step(m, step, N_FITTED));
}

/* 3 classes of 0, 2 and 1 support vectors. */
static void make_machines(making *m, results *r, uint32_t k)
{
    const double coef[] = {1.0, -0.5, 0.25, 0.5, 2.0, -1.0}, by_pair[] = {0.5, -0.25, 0.125};
    const uint32_t start[] = {0, 0, 2, 3}; /* the first class has none */
    mc_step step = step_of(MC_OP_SVM_DECIDE);
    step.src = k;
    step.n[0] = 3;
    step.array[0] = make_u32(m, 4, start);
    step.array[1] = make_f64(m, 2, N_FITTED, coef);
    step.array[2] = make_f64(m, 1, 3, by_pair);
    const uint32_t decisions = keep(r, make_step(m, step, 3));
    step = step_of(MC_OP_PAIR_VOTES);
    step.src = decisions;
    step.n[0] = 3;
    keep(r, make_step(m, step, 3));
    step.op = MC_OP_PAIR_SCORES;
    keep(r, make_step(m, step, 6));
    step.src2 = k;
    keep(r, make_step(m, step, 6));
    step = step_of(MC_OP_PAIR_PROBA);
    step.src = decisions;
    step.array[0] = step.array[1] = make_f64(m, 1, 3, by_pair);
    const uint32_t proba = keep(r, make_step(m, step, 3));
    step = step_of(MC_OP_COUPLE_PAIRS);
    step.src = proba;
    step.n[0] = 3;
    keep(r, make_step(m, step, 9));
}

static void make_sketches(making *m, results *r, uint32_t x)
{
    const uint32_t at[] = {1, 4, 0, 4};
    const double signs[] = {1.0, -1.0, -1.0, 1.0};
    mc_step step = step_of(MC_OP_COUNT_SKETCH);
    step.src = x;
    step.array[0] = make_u32(m, N_COLUMNS, at);
    step.array[1] = make_f64(m, 1, N_COLUMNS, signs);
    const uint32_t sketch = keep(r, make_step(m, step, 5));
    step = step_of(MC_OP_CONVOLVE);
    step.src = step.src2 = sketch;
    keep(r, make_step(m, step, 5));
}

void make_group_kernels(making *m, results *r, uint32_t x)
{
    const uint32_t k = make_sums(m, r, x);
    make_maps(m, r, k);
    make_processes(m, r, k);
    make_machines(m, r, k);
    make_sketches(m, r, x);
}

void make_covariance(making *m, uint32_t x)
{
    const uint32_t sources[] = {x, x};
    const uint32_t ops[] = {MC_COVARIANCE_NUMBER,
                            0,
                            0,
                            MC_COVARIANCE_SUM_OF,
                            MC_PAIR_SQUARES,
                            1,
                            MC_COVARIANCE_MAP,
                            MC_MAP_GAUSS,
                            0,
                            MC_COVARIANCE_PLUS,
                            0,
                            0,
                            MC_COVARIANCE_MAP,
                            MC_MAP_POWER_INTEGER,
                            0,
                            MC_COVARIANCE_NOISE,
                            0,
                            0,
                            MC_COVARIANCE_TIMES,
                            0,
                            0};
    const double numbers[] = {1.0, 0.0, 0.0, 0.0, -0.5, 0.0, 0.0,
                              0.0, 2.0, 0.0, 3.0, 0.0,  0.0, 0.0};
    const double scales[] = {1.0, 4.0};
    mc_step step = step_of(MC_OP_COVARIANCE);
    step.array[0] = make_u32(m, 2, sources);
    step.array[1] = make_array(m, MC_ARRAY_U32, ops, 7, MC_COVARIANCE_FIELDS);
    step.array[2] = make_f64(m, 7, MC_COVARIANCE_NUMBERS, numbers);
    step.array[3] = make_f64(m, 1, 2, scales);
    const mc_build_part parts[] = {
        {.buffer = x, .type = MC_VALUE_FLOAT, .table = MC_NONE},
        {.buffer = make_step(m, step, 2), .type = MC_VALUE_FLOAT, .table = MC_NONE, .name = "cov"}};
    make_method(m, MC_METHOD_PREDICT_COV, parts, 2);
}
