/* image_cases_meta.c: steps of run_meta.c. */
#include "image_cases_meta.h"

#include "kernel/unary.h"

/* The four numbers of a row as three pairs: the labels and scores of three classes. */
static uint32_t pairs(making *m, uint32_t x)
{
    static const uint32_t THREE[] = {0, 1, 2};
    const uint32_t scores =
        make_simple(m, MC_OP_SELECT, x, make_u32(m, MC_COUNT_OF(THREE), THREE), 3);
    mc_step step = step_of(MC_OP_UNARY);
    step.src = scores;
    step.n[0] = MC_UNARY_ABOVE;
    const uint32_t labels = make_step(m, step, 3);
    step = step_of(MC_OP_PAIR_TALLY);
    step.src = labels;
    step.src2 = scores;
    return make_step(m, step, 3);
}

void make_group_meta(making *m, results *r, uint32_t x)
{
    static const double WEIGHTS[] = {0.5, 1.0, 0.25, 2.0};
    static const uint32_t FIRST[] = {0};
    keep(r, pairs(m, x));
    const uint32_t median =
        make_simple(m, MC_OP_WEIGHTED_MEDIAN, x, make_f64(m, 1, EVERYTHING_NUMBERS, WEIGHTS),
                    EVERYTHING_NUMBERS + 1);
    keep(r, make_simple(m, MC_OP_SELECT, median, make_u32(m, 1, FIRST), 1));
}
