/* image_cases_meta.c: steps of run_meta.c and run_boosters.c. */
#include "image_cases_meta.h"

#include "kernel/booster.h"
#include "kernel/unary.h"

/* Column 0 beside 0.5, then column 1 in the set {1, 33} of two words; two trees of the same root.
 */
static uint32_t boosted(making *m, uint32_t x, uint32_t start, bool is_linear)
{
    static const mc_wide_node NODES[] = {
        {.as.threshold = 0.5, .left = 1, .word = MC_WIDE_NAN_LEFT | MC_BOOST_ZERO},
        {.as.set = (uint64_t)2 << 32,
         .left = 3,
         .word = 1u | MC_WIDE_CATEGORY | MC_BOOST_SET_RIGHT},
        {.left = 0, .word = MC_WIDE_LEAF},
        {.left = 1, .word = MC_WIDE_LEAF},
        {.left = 2, .word = MC_WIDE_LEAF}};
    static const uint32_t TREES[] = {0, 0, 0, 1}, SETS[] = {2, 2};
    static const uint32_t LINEAR[] = {0, 0, 1, 3, 2, 0, 3}; /* 3 leaves, 3 terms */
    static const double VALUES[] = {1.5, -2.0, 0.25, 4.0, 3.0, 0.125}, COEFS[] = {0.5, -1.0, 2.0};
    mc_step step = step_of(MC_OP_BOOSTED);
    step.src = x;
    step.src2 = start;
    step.value[0] = is_linear ? 1.0 : 2.0;
    step.flags = (uint16_t)(is_linear ? 0 : MC_STEP_FLOAT32);
    step.array[0] = make_array(m, MC_ARRAY_WIDE_NODE, NODES, MC_COUNT_OF(NODES), 1);
    step.array[1] = make_array(m, MC_ARRAY_U32, TREES, 2, 2);
    step.array[2] = make_f64(m, 3, 2, VALUES); /* linear: value and constant; else two columns */
    step.array[3] = make_u32(m, MC_COUNT_OF(SETS), SETS);
    if (is_linear) {
        step.array[4] = make_u32(m, MC_COUNT_OF(LINEAR), LINEAR);
        step.array[5] = make_f64(m, 1, MC_COUNT_OF(COEFS), COEFS);
    }
    return make_step(m, step, 2);
}

static void make_boosters(making *m, results *r, uint32_t x)
{
    static const double WEIGHTS[] = {1.0, 0.5, -1.0, 2.0, 0.25, 0.0, 3.0, -0.5},
                        BIAS[] = {0.5, -1.0};
    mc_step step = step_of(MC_OP_LINEAR32);
    step.src = x;
    step.array[0] = make_f64(m, EVERYTHING_NUMBERS, 2, WEIGHTS);
    step.array[1] = make_f64(m, 1, 2, BIAS);
    const uint32_t linear = keep(r, make_step(m, step, 2));
    keep(r, boosted(m, x, linear, false));
    keep(r, boosted(m, x, MC_NONE, true));
    keep(r, make_simple(m, MC_OP_ABSENT_NAN, x, MC_NONE, EVERYTHING_NUMBERS));
    keep(r, make_simple(m, MC_OP_SOFTMAX32, linear, MC_NONE, 2));
}

void make_group_meta(making *m, results *r, uint32_t x)
{
    static const double WEIGHTS[] = {0.5, 1.0, 0.25, 2.0};
    static const uint32_t FIRST[] = {0};
    const uint32_t median =
        make_simple(m, MC_OP_WEIGHTED_MEDIAN, x, make_f64(m, 1, EVERYTHING_NUMBERS, WEIGHTS),
                    EVERYTHING_NUMBERS + 1);
    keep(r, make_simple(m, MC_OP_SELECT, median, make_u32(m, 1, FIRST), 1));
    make_boosters(m, r, x);
}
