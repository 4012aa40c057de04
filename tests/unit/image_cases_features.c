/* image_cases_features.c: programs of powers, quantiles, polynomials, splines, bins and codes. */
#include "image_cases_features.h"

#include "kernel/column_map.h"

#define WIDTH EVERYTHING_NUMBERS

static void make_maps(making *m, results *r, uint32_t x)
{
    const double lambdas[WIDTH] = {0.5, 0.0, 2.0, -1.0}, references[] = {0.0, 0.5, 1.0};
    const double back[] = {-1.0, -0.5, 0.0};
    double quantiles[WIDTH * 3], reversed[WIDTH * 3];
    mc_step step = step_of(MC_OP_POWER);
    step.src = x;
    step.array[0] = make_f64(m, 1, WIDTH, lambdas);
    for (step.n[0] = 0; step.n[0] < MC_N_POWERS; step.n[0]++)
        keep(r, make_step(m, step, WIDTH));
    for (size_t i = 0; i < MC_COUNT_OF(quantiles); i++) {
        quantiles[i] = (double)(i % 3) * 2.0 - 1.0;
        reversed[i] = quantiles[i];
    }
    step = step_of(MC_OP_QUANTILE);
    step.src = x;
    step.array[0] = make_f64(m, WIDTH, 3, quantiles);
    step.array[1] = make_f64(m, WIDTH, 3, reversed);
    step.array[2] = make_f64(m, 1, 3, references);
    step.array[3] = make_f64(m, 1, 3, back);
    for (step.n[0] = 0; step.n[0] < 2; step.n[0]++)
        for (step.n[1] = 0; step.n[1] < 2; step.n[1]++)
            keep(r, make_step(m, step, WIDTH));
}

static void make_products(making *m, results *r, uint32_t x)
{
    const uint32_t parents[] = {MC_NONE, MC_NONE, 1, 2}, factors[] = {MC_NONE, 3, 0, 2};
    mc_step step = step_of(MC_OP_POLYNOMIAL);
    step.src = x;
    step.array[0] = make_u32(m, 4, parents);
    step.array[1] = make_u32(m, 4, factors);
    keep(r, make_step(m, step, 4));
}

/* Degree 1 on 4 knots: two splines a column. */
static void make_splines(making *m, results *r, uint32_t x)
{
    double knots[WIDTH * 4], ends[WIDTH * 10];
    mc_step step = step_of(MC_OP_SPLINE);
    for (size_t i = 0; i < MC_COUNT_OF(knots); i++)
        knots[i] = (double)(i % 4) * 100.0 - 150.0;
    for (size_t i = 0; i < MC_COUNT_OF(ends); i++)
        ends[i] = i % 10 == 0 ? -50.0 : i % 10 == 1 ? 50.0 : 0.25;
    step.src = x;
    step.n[0] = 1;
    step.array[0] = make_f64(m, WIDTH, 4, knots);
    step.array[1] = make_f64(m, WIDTH, 10, ends);
    for (step.n[1] = 0; step.n[1] < MC_N_SPLINE_MODES; step.n[1]++)
        if (step.n[1] != MC_SPLINE_REFUSES) /* it would refuse the rows of the tests */
            keep(r, make_step(m, step, WIDTH * 2));
}

/* Bins as codes, as indicators, and back. `out_codes` (n, WIDTH). */
static uint32_t make_codes(making *m, results *r, uint32_t x)
{
    const double edges[] = {0.0, 1.0, 0.5, 2.0},
                 centers[] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};
    const uint32_t edge_runs[] = {0, 1, 2, 3, 4}, runs[] = {0, 2, 4, 6, 8};
    mc_step step = step_of(MC_OP_BINS);
    step.src = x;
    step.array[0] = make_u32(m, WIDTH + 1, edge_runs);
    step.array[1] = make_f64(m, 1, 4, edges);
    const uint32_t codes = keep(r, make_step(m, step, WIDTH));
    step = step_of(MC_OP_INDICATORS);
    step.src = codes;
    step.array[0] = make_u32(m, WIDTH + 1, runs);
    const uint32_t indicators = keep(r, make_step(m, step, 8));
    step.op = MC_OP_BLOCK_ARGMAX;
    step.src = indicators;
    step.flags = MC_STEP_REFUSE_ZEROS;
    const uint32_t again = keep(r, make_step(m, step, WIDTH));
    step.op = MC_OP_CSR_INDICATORS;
    step.src = codes;
    step.flags = 0;
    step.src = make_step(m, step, 8);
    keep(r, make_simple(m, MC_OP_CSR_TO_DENSE, step.src, MC_NONE, 8));
    step.op = MC_OP_CSR_BLOCK_ARGMAX;
    keep(r, make_step(m, step, WIDTH));
    step.op = MC_OP_PICK;
    step.src = again;
    step.flags = MC_STEP_FROM_END | MC_STEP_WHOLE;
    step.array[1] = make_f64(m, 1, 8, centers);
    keep(r, make_step(m, step, WIDTH));
    return codes;
}

static void make_cells_of_codes(making *m, results *r, uint32_t codes)
{
    mc_cell cells[8];
    const uint32_t runs[] = {0, 2, 4, 6, 8};
    mc_step step = step_of(MC_OP_PICK_CELLS);
    for (size_t i = 0; i < MC_COUNT_OF(cells); i++)
        cells[i] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = (int64_t)i};
    const double pairs[WIDTH * 2] = {0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0};
    const double limits[WIDTH] = {2.0, 2.0, 2.0, 2.0};
    mc_step recode = step_of(MC_OP_RECODE);
    recode.src = codes;
    recode.array[0] = make_f64(m, WIDTH, 2, pairs);
    recode.array[1] = make_f64(m, 1, WIDTH, limits);
    step.src = keep(r, make_step(m, recode, WIDTH));
    step.array[0] = make_u32(m, WIDTH + 1, runs);
    step.array[1] = make_cells(m, 8, cells);
    const uint32_t picked = make_step(m, step, WIDTH);
    keep(r, make_simple(m, MC_OP_TO_NUMBERS, picked, MC_NONE, WIDTH));
}

static void make_imputer(making *m, results *r, uint32_t x)
{
    const uint32_t columns[WIDTH] = {0, 1, 2, 3}, sources[] = {x, x, x};
    const double none[WIDTH] = {1.0, 0.0, 0.0, 0.0};
    const uint32_t mask =
        make_simple(m, MC_OP_CONSTANT, MC_NONE, make_f64(m, 1, WIDTH, none), WIDTH);
    keep(r, make_simple(m, MC_OP_NO_OTHERS, mask, make_u32(m, WIDTH, columns), 2));
    mc_step step = step_of(MC_OP_CHOOSE);
    mc_step scan = step_of(MC_OP_ROW_SCAN);
    scan.src = x;
    for (scan.n[0] = 0; scan.n[0] < MC_N_SCANS; scan.n[0]++)
        keep(r, make_step(m, scan, WIDTH - (scan.n[0] == MC_SCAN_DIFFERENCE)));
    step.array[0] = make_u32(m, 3, sources);
    step.value[0] = -1.0;
    step.value[1] = 1.0;
    keep(r, make_step(m, step, WIDTH));
}

void make_group_features(making *m, results *r, uint32_t x)
{
    make_maps(m, r, x);
    make_products(m, r, x);
    make_splines(m, r, x);
    make_imputer(m, r, x);
    make_cells_of_codes(m, r, make_codes(m, r, x));
}
