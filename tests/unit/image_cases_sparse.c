/* image_cases_sparse.c: programs over rows without their zeros. */
#include "image_cases_sparse.h"

#include "kernel/linear.h"
#include "kernel/unary.h"

static uint32_t make_select(making *m, uint32_t x)
{
    const uint32_t from[] = {0, 3, 3}, to[] = {2, 0, 1};
    mc_step select = step_of(MC_OP_CSR_SELECT);
    select.src = x;
    select.array[0] = make_u32(m, 3, from);
    select.array[1] = make_u32(m, 3, to);
    return make_step(m, select, 3);
}

static uint32_t make_numbered(making *m, mc_op op, uint32_t x, uint32_t n, size_t width)
{
    mc_step step = step_of(op);
    step.src = x;
    step.n[0] = n;
    return make_step(m, step, width);
}

/* x (n_rows, d) times two outputs. */
static uint32_t make_product(making *m, uint32_t x, size_t d)
{
    const double weights[] = {1.0, -1.0, 0.5, 0.25, 2.0, 0.0, -0.75, 4.0, 3.0, 8.0};
    const double bias[] = {0.5, -0.5};
    mc_step linear = step_of(MC_OP_CSR_LINEAR);
    linear.src = x;
    linear.array[0] = make_f64(m, d, 2, weights);
    linear.array[1] = make_f64(m, 1, 2, bias);
    return make_step(m, linear, 2);
}

/* The same with most of the weights 0. */
static uint32_t make_sparse_product(making *m, uint32_t x)
{
    const uint32_t features[] = {0, 1, 3}, indptr[] = {0, 2, 3, 4}, outputs[] = {0, 1, 1, 1};
    const double values[] = {-1.0, 2.0, 0.5, 4.0}, bias[] = {0.25, 0.0};
    mc_step linear = step_of(MC_OP_CSR_SPARSE_LINEAR);
    linear.src = x;
    linear.array[0] = make_f64(m, 1, 2, bias);
    linear.array[1] = make_u32(m, 4, indptr);
    linear.array[2] = make_u32(m, 4, outputs);
    linear.array[3] = make_f64(m, 1, 4, values);
    linear.array[4] = make_u32(m, 3, features);
    return make_step(m, linear, 2);
}

/* Squared distances to three rows, one of them without entries. */
static uint32_t make_squares(making *m, uint32_t x)
{
    const uint32_t indptr[] = {0, 2, 2, 3}, columns[] = {0, 3, 1};
    const double values[] = {1.5, -2.0, 0.25};
    mc_step step = step_of(MC_OP_CSR_PAIR_SQUARES);
    step.src = x;
    step.array[0] = make_u32(m, 4, indptr);
    step.array[1] = make_u32(m, 3, columns);
    step.array[2] = make_f64(m, 1, 3, values);
    return make_step(m, step, 3);
}

/* Up to the third degree: 1, the columns, ten products of two, twenty of three. */
static uint32_t make_terms(making *m, uint32_t x, bool interactions)
{
    const uint32_t all[] = {1, 2, 3, 4, 5, 5, 9, 12, 14, 15, 15, 25, 31, 34, 35};
    const uint32_t once[] = {0, 1, 2, 3, 4, 4, 7, 9, 10, 10, 10, 13, 14, 14, 14};
    mc_step step = step_of(MC_OP_CSR_POLYNOMIAL);
    step.src = x;
    step.n[0] = interactions ? 0 : 1;
    step.flags = interactions ? MC_STEP_INTERACTIONS : 0;
    step.array[0] = make_array(m, MC_ARRAY_U32, interactions ? once : all, 3, 5);
    const size_t width = interactions ? 14 : 35;
    return make_simple(m, MC_OP_CSR_TO_DENSE, make_step(m, step, width), MC_NONE, width);
}

void make_group_sparse(making *m, results *r, uint32_t x)
{
    const double by[] = {2.0, 0.5, -1.0, 3.0};
    const uint32_t sparse = make_simple(m, MC_OP_DENSE_TO_CSR, x, MC_NONE, 4);
    mc_step check = step_of(MC_OP_CSR_CHECK);
    check.src = sparse;
    check.flags = MC_STEP_ALLOW_NAN | MC_STEP_ALLOW_INFINITY;
    const uint32_t checked = make_step(m, check, 4);
    const uint32_t scaled = make_simple(m, MC_OP_CSR_MULTIPLY, checked, make_f64(m, 1, 4, by), 4);
    const uint32_t shared = make_simple(m, MC_OP_CSR_DIVIDE, scaled, make_f64(m, 1, 4, by), 4);
    const uint32_t root = make_numbered(
        m, MC_OP_CSR_UNARY, make_numbered(m, MC_OP_CSR_UNARY, shared, MC_UNARY_SQUARE, 4),
        MC_UNARY_SQRT, 4);
    const uint32_t unit = make_numbered(m, MC_OP_CSR_NORMALIZE, root, MC_NORM_L2, 4);
    const uint32_t sides[] = {unit, make_select(m, scaled)};
    const uint32_t both = make_simple(m, MC_OP_CSR_HSTACK, MC_NONE, make_u32(m, 2, sides), 7);
    keep(r, make_simple(m, MC_OP_CSR_TO_DENSE, both, MC_NONE, 7));
    keep(r, make_terms(m, scaled, false));
    keep(r, make_terms(m, scaled, true));
    keep(r, make_product(m, shared, 4));
    keep(r, make_sparse_product(m, shared));
    keep(r, make_squares(m, shared));
}

static uint32_t start_sparse(making *m, size_t n_columns)
{
    if (m->status == MC_OK)
        m->status = mc_build_columns(m->b, n_columns, NULL, false, &m->err);
    if (m->status == MC_OK)
        m->status =
            mc_build_identity(m->b, mc_bytes_of("Pipeline"), mc_bytes_of("1.9.1"), "test", &m->err);
    return m->status == MC_OK ? mc_build_sparse_input(m->b) : 0;
}

void make_sparse_model(making *m)
{
    const double by[] = {1.0, 2.0, 3.0, 4.0, 5.0};
    const uint32_t x = start_sparse(m, SPARSE_MODEL_COLUMNS);
    const uint32_t checked = make_simple(m, MC_OP_CSR_CHECK, x, MC_NONE, 5);
    const uint32_t scaled = make_simple(m, MC_OP_CSR_MULTIPLY, checked, make_f64(m, 1, 5, by), 5);
    const mc_build_part parts[] = {
        {.buffer = scaled, .type = MC_VALUE_FLOAT, .sparse_as_input = true, .table = MC_NONE},
        {.buffer = scaled, .type = MC_VALUE_INT, .sparse = true, .table = MC_NONE},
        {.buffer = make_product(m, scaled, 5), .type = MC_VALUE_FLOAT, .table = MC_NONE},
        {.buffer = make_sparse_product(m, scaled), .type = MC_VALUE_FLOAT, .table = MC_NONE}};
    make_method(m, MC_METHOD_TRANSFORM, &parts[0], 1);
    make_method(m, MC_METHOD_APPLY, &parts[1], 1);
    make_method(m, MC_METHOD_DECISION_FUNCTION, &parts[2], 1);
    make_method(m, MC_METHOD_PREDICT, &parts[3], 1);
}

void make_widest(making *m)
{
    const uint32_t from[] = {0, (uint32_t)WIDEST_COLUMNS - 1}, to[] = {1, 0};
    const uint32_t x = start_sparse(m, WIDEST_COLUMNS);
    mc_step select = step_of(MC_OP_CSR_SELECT);
    select.src = x;
    select.array[0] = make_u32(m, 2, from);
    select.array[1] = make_u32(m, 2, to);
    const mc_build_part part = {.buffer = make_step(m, select, 2),
                                .type = MC_VALUE_FLOAT,
                                .sparse = true,
                                .table = MC_NONE};
    make_method(m, MC_METHOD_PREDICT, &part, 1);
}
