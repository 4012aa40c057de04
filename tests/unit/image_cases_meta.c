/* image_cases_meta.c: steps of run_meta.c, run_boosters.c and run_combinations.c. */
#include "image_cases_meta.h"

#include <math.h>

#include "kernel/booster.h"
#include "kernel/combination.h"
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

/* Two groups: a category and a mark; a mark alone. Of NaN, a digest. */
static void make_combinations(making *m, results *r)
{
    const double CATEGORIES[] = {3.0, -7.0}, NANS[] = {(double)NAN, (double)NAN};
    static const uint32_t COLUMNS[] = {0, 1};
    static const uint32_t PROGRAM[] = {
        1, 1, 2, 2, 0, 1u | MC_MARK_NAN, 0x3f000000u, 0, 1, 1, 1, 1u | MC_MARK_EQUAL, 7u};
    static const uint32_t KEYS[] = {1, 5, 1, 9, 0, 0};
    static const double VALUES[] = {0.5, 1.0, -1.0, 2.0, 3.0, 4.0, 0.25, 8.0};
    mc_step numbers = step_of(MC_OP_CONSTANT), cells = step_of(MC_OP_TO_CELLS);
    mc_step hash = step_of(MC_OP_CATEGORY_HASH), step = step_of(MC_OP_COMBINE);
    numbers.array[0] = make_f64(m, 1, 2, CATEGORIES);
    cells.src = make_step(m, numbers, 2);
    cells.n[0] = MC_CELL_NUMBER;
    hash.src = make_step(m, cells, 2);
    hash.array[0] = make_u32(m, 2, COLUMNS);
    step.src = keep(r, make_step(m, hash, 2));
    step.array[0] = make_u32(m, MC_COUNT_OF(PROGRAM), PROGRAM);
    step.array[1] = make_array(m, MC_ARRAY_U32, KEYS, 3, 2);
    step.array[2] = make_f64(m, 1, MC_COUNT_OF(VALUES), VALUES);
    keep(r, make_step(m, step, 3));
    mc_step digest = step_of(MC_OP_DIGEST_COUNTS);
    numbers.array[0] = make_f64(m, 1, 2, NANS);
    cells.src = make_step(m, numbers, 2);
    digest.src = make_step(m, cells, 2);
    digest.array[0] = make_u32(m, 2, COLUMNS);
    keep(r, make_step(m, digest, 5));
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
    make_combinations(m, r);
}
