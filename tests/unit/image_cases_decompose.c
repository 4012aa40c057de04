/* image_cases_decompose.c: programs that iterate a row at a time. */
#include "image_cases_decompose.h"

#include "kernel/lars.h"
#include "kernel/nonnegative.h"
#include "kernel/sparse_code.h"
#include "kernel/topics.h"
#include "kernel/unary.h"

#define K         3
#define N_COLUMNS EVERYTHING_NUMBERS

/* The first K columns: what is behind them is scratch, and no answer. */
static void keep_answer(making *m, results *r, uint32_t buffer)
{
    const uint32_t first[K] = {0, 1, 2};
    keep(r, make_simple(m, MC_OP_SELECT, buffer, make_u32(m, K, first), K));
}

static uint32_t make_absolute(making *m, uint32_t x)
{
    mc_step step = step_of(MC_OP_UNARY);
    step.src = x;
    step.n[0] = MC_UNARY_ABSOLUTE;
    return make_step(m, step, N_COLUMNS);
}

/* Without its zeros, none of them below 0. */
static uint32_t make_rows(making *m, uint32_t x)
{
    mc_step step = step_of(MC_OP_CSR_CHECK_LEAST);
    step.src = make_simple(m, MC_OP_DENSE_TO_CSR, x, MC_NONE, N_COLUMNS);
    return make_step(m, step, N_COLUMNS);
}

static uint32_t make_gram(making *m)
{
    const double gram[K * K] = {2.0, 0.5, 0.25, 0.5, 1.0, 0.125, 0.25, 0.125, 1.5};
    return make_f64(m, K, K, gram);
}

/* In the order of coordinates, and in a drawn one. */
static void make_descents(making *m, results *r, uint32_t products)
{
    const uint32_t order[2 * K] = {2, 0, 1, 0, 2, 1};
    mc_step step = step_of(MC_OP_NMF_DESCEND);
    step.src = products;
    step.n[0] = 2;
    step.value[0] = 1e-4;
    step.array[0] = make_gram(m);
    keep(r, make_step(m, step, K));
    step.array[1] = make_u32(m, MC_COUNT_OF(order), order);
    keep(r, make_step(m, step, K));
}

/* Each kind of beta, and either rule to stop. */
static void make_updates(making *m, results *r, uint32_t x, uint32_t rows)
{
    const double h[N_COLUMNS * K] = {1.0, 0.5, 0.0, 0.25, 2.0, 1.0, 0.5, 0.75, 1.0, 2.0, 0.0, 0.5};
    const double sums[K] = {3.75, 3.25, 2.5}, betas[] = {2.0, 1.0, 0.5};
    for (size_t i = 0; i < MC_COUNT_OF(betas); i++) {
        const double numbers[MC_NMF_NUMBERS] = {betas[i], 1.0, 0.125, 0.25, 1e-4};
        mc_step step = step_of(MC_OP_NMF_MULTIPLY);
        step.src = x;
        step.flags = MC_STEP_FLOORS;
        step.n[0] = 20;
        step.n[1] = i == 1 ? MC_STOP_BY_CHANGE : MC_STOP_BY_ERROR;
        step.array[0] = make_f64(m, N_COLUMNS, K, h);
        step.array[1] = make_f64(m, 1, MC_NMF_NUMBERS, numbers);
        step.array[2] = betas[i] > 1.0 ? make_gram(m) : make_f64(m, 1, K, sums);
        keep_answer(m, r, make_step(m, step, K + MC_NONNEGATIVE_SCRATCH(K)));
        step.op = MC_OP_CSR_NMF_MULTIPLY;
        step.src = rows;
        if (betas[i] > 0.5)
            keep_answer(m, r, make_step(m, step, K + MC_NONNEGATIVE_SCRATCH(K)));
    }
}

static void make_topics(making *m, results *r, uint32_t x, uint32_t rows)
{
    const double words[N_COLUMNS * K] = {0.5, 0.25, 0.125, 0.25, 0.5, 0.25,
                                         0.1, 0.2,  0.3,   0.4,  0.1, 0.1};
    mc_step step = step_of(MC_OP_TOPICS);
    step.src = x;
    step.n[0] = 10;
    step.value[0] = 0.5;
    step.value[1] = 1e-3;
    step.array[0] = make_f64(m, N_COLUMNS, K, words);
    keep_answer(m, r, make_step(m, step, K + MC_TOPICS_SCRATCH(K)));
    step.op = MC_OP_CSR_TOPICS;
    step.src = rows;
    keep_answer(m, r, make_step(m, step, K + MC_TOPICS_SCRATCH(K)));
}

static void make_codes(making *m, results *r, uint32_t products, uint32_t length)
{
    mc_step step = step_of(MC_OP_PURSUE);
    step.src = products;
    step.n[0] = 2;
    step.value[0] = 1e-16;
    step.array[0] = make_gram(m);
    keep_answer(m, r, make_step(m, step, K + MC_PURSUIT_SCRATCH(K, 2)));
    for (uint32_t screening = MC_SCREEN_NOT; screening <= MC_SCREEN_ONCE; screening++) {
        step = step_of(MC_OP_LASSO_CODE);
        step.src = products;
        step.src2 = length;
        step.flags = screening == MC_SCREEN_ONCE ? MC_STEP_POSITIVE_CODE : 0;
        step.n[0] = 50;
        step.n[1] = screening;
        step.value[0] = 0.25;
        step.value[1] = 1e-8;
        step.array[0] = make_gram(m);
        keep_answer(m, r, make_step(m, step, K + MC_LASSO_SCRATCH(K)));
    }
}

/* Least angles, the lasso along the path, and only with positive coefficients. */
static void make_paths(making *m, results *r, uint32_t products)
{
    const uint16_t flags[] = {0, MC_STEP_LASSO, MC_STEP_LASSO | MC_STEP_POSITIVE_PATH};
    for (size_t i = 0; i < MC_COUNT_OF(flags); i++) {
        mc_step step = step_of(MC_OP_LARS_CODE);
        const uint32_t most = i == 0 ? 2 : K;
        step.src = products;
        step.flags = flags[i];
        step.n[0] = i == 0 ? 2 : 100;
        step.n[1] = N_COLUMNS;
        step.value[0] = i == 0 ? 0.0 : 0.01;
        step.array[0] = make_gram(m);
        keep_answer(m, r, make_step(m, step, K + MC_LARS_SCRATCH(K, most)));
    }
}

void make_group_decompose(making *m, results *r, uint32_t x)
{
    const double atoms[K * N_COLUMNS] = {1.0,  0.5, -1.0, 0.25, 0.0, -2.0,
                                         0.75, 1.0, 0.5,  0.5,  0.5, -0.5};
    const double zeros[K] = {0.0};
    mc_step step = step_of(MC_OP_LINEAR);
    step.src = x;
    step.array[0] = make_f64(m, K, N_COLUMNS, atoms);
    step.array[1] = make_f64(m, 1, K, zeros);
    const uint32_t products = make_step(m, step, K);
    step = step_of(MC_OP_ROW_DOT);
    step.src = step.src2 = x;
    const uint32_t length = make_step(m, step, 1), positive = make_absolute(m, x);
    make_descents(m, r, products);
    const uint32_t rows = make_rows(m, positive);
    make_updates(m, r, positive, rows);
    make_topics(m, r, positive, rows);
    make_codes(m, r, products, length);
    make_paths(m, r, products);
}
