/* emit.c: steps on symbols: arithmetic and labels. */
#include "import/sklearn/emit.h"

#include <string.h>

#include "base/size.h"
#include "import/sklearn/emit_sparse.h"

/* Norms of dense rows below it count as 1: 10 units in the last place, _handle_zeros_in_scale(). */
#define SMALLEST_NORM (10.0 * 0x1p-52)

static mc_sym numbers(uint32_t buffer, size_t n_cols)
{
    return (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = n_cols};
}

mc_status mc_emit_step(mc_lowering *to, mc_step step, const mc_sym *x, size_t width, mc_sym *out,
                       mc_error *err)
{
    mc_sym in;
    uint32_t buffer = 0;
    MC_TRY(mc_to_numbers(to, x, &in, err));
    step.src = in.buffer;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = numbers(buffer, width);
    out->sparse = in.sparse;
    out->sparse_as_input = in.sparse_as_input;
    return MC_OK;
}

uint16_t mc_cut_as(uint32_t as_input)
{
    return (uint16_t)((as_input & MC_PART_TYPE_AS_INPUT ? MC_STEP_CUT_AS_ROWS : 0) |
                      (as_input & MC_PART_BOOLS_STAY ? MC_STEP_CUT_TRUTHS : 0) |
                      (as_input & MC_PART_BOOLS_COUNT ? MC_STEP_CUT_COUNTS : 0));
}

mc_status mc_emit_as_type_of(mc_lowering *to, const mc_sym *like, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    const mc_value_type type = like->type;
    const uint32_t as_input = type == MC_VALUE_FLOAT ? like->type_as_input : 0;
    mc_step step = MC_STEP_INIT(CUT);
    *out = *x;
    if (type == MC_VALUE_BOOL) {
        MC_TRY(mc_emit_unary(to, x, MC_UNARY_LOGICAL_NOT, 0.0, 0.0, out, err));
        MC_TRY(mc_emit_unary(to, out, MC_UNARY_LOGICAL_NOT, 0.0, 0.0, out, err));
    } else if (type == MC_VALUE_INT || as_input != 0) {
        step.flags = mc_cut_as(as_input);
        MC_TRY(mc_emit_step(to, step, x, x->n_cols, out, err));
    }
    out->type = type;
    out->type_as_input = as_input;
    return MC_OK;
}

/* -------------------------------------------------------------------------- arithmetic ---- */

static mc_status vector_step(mc_lowering *to, mc_op op, const mc_sym *x, const double *values,
                             mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ADD);
    step.op = (uint16_t)op;
    MC_TRY(mc_build_f64(to->b, values, 1, x->n_cols, &step.array[0], err));
    if (x->kind != MC_SYM_SPARSE || (op != MC_OP_MULTIPLY && op != MC_OP_DIVIDE))
        return mc_emit_step(to, step, x, x->n_cols, out, err);
    step.op = op == MC_OP_MULTIPLY ? MC_OP_CSR_MULTIPLY : MC_OP_CSR_DIVIDE;
    return mc_sparse_step(to, step, x, out, err);
}

mc_status mc_emit_subtract(mc_lowering *to, const mc_sym *x, const double *values, mc_sym *out,
                           mc_error *err)
{
    return vector_step(to, MC_OP_SUBTRACT, x, values, out, err);
}

mc_status mc_emit_add(mc_lowering *to, const mc_sym *x, const double *values, mc_sym *out,
                      mc_error *err)
{
    return vector_step(to, MC_OP_ADD, x, values, out, err);
}

mc_status mc_emit_multiply(mc_lowering *to, const mc_sym *x, const double *values, mc_sym *out,
                           mc_error *err)
{
    return vector_step(to, MC_OP_MULTIPLY, x, values, out, err);
}

mc_status mc_emit_divide(mc_lowering *to, const mc_sym *x, const double *values, mc_sym *out,
                         mc_error *err)
{
    return vector_step(to, MC_OP_DIVIDE, x, values, out, err);
}

mc_status mc_emit_unary(mc_lowering *to, const mc_sym *x, mc_unary which, double a, double b,
                        mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(UNARY);
    step.n[0] = which;
    step.value[0] = a;
    step.value[1] = b;
    if (x->kind != MC_SYM_SPARSE || !mc_keeps_zero(which, a, b))
        return mc_emit_step(to, step, x, x->n_cols, out, err);
    step.op = MC_OP_CSR_UNARY;
    return mc_sparse_step(to, step, x, out, err);
}

mc_status mc_emit_normalize(mc_lowering *to, const mc_sym *x, mc_norm norm, mc_sym *out,
                            mc_error *err)
{
    mc_step step = MC_STEP_INIT(NORMALIZE);
    step.n[0] = norm;
    step.value[0] = x->sparse ? 0.0 : SMALLEST_NORM;
    step.flags = !x->sparse && x->sparse_as_input ? MC_STEP_NORM_AS_ROWS : 0;
    if (x->kind == MC_SYM_SPARSE) {
        step.op = MC_OP_CSR_NORMALIZE;
        return mc_sparse_step(to, step, x, out, err);
    }
    return mc_emit_step(to, step, x, x->n_cols, out, err);
}

mc_status mc_emit_linear(mc_lowering *to, const mc_sym *x, const double *w, const double *b,
                         size_t k, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(LINEAR);
    if (b == NULL) {
        double *zeros = NULL;
        MC_TRY(mc_arena_new(to->arena, double, k, &zeros, err));
        b = zeros;
    }
    MC_TRY(mc_build_f64(to->b, b, 1, k, &step.array[1], err));
    if (x->kind == MC_SYM_SPARSE) {
        uint32_t buffer = 0;
        step.op = MC_OP_CSR_LINEAR;
        step.src = x->buffer;
        MC_TRY(mc_build_by_feature(to, w, k, x->n_cols, &step.array[0], err));
        MC_TRY(mc_build_step(to->b, step, k, &buffer, err));
        *out = numbers(buffer, k);
        return MC_OK;
    }
    MC_TRY(mc_build_f64(to->b, w, k, x->n_cols, &step.array[0], err));
    MC_TRY(mc_emit_step(to, step, x, k, out, err));
    out->sparse = out->sparse_as_input = false;
    return MC_OK;
}

mc_status mc_emit_row_dot(mc_lowering *to, const mc_sym *x, const mc_sym *y, mc_sym *out,
                          mc_error *err)
{
    mc_step step = MC_STEP_INIT(ROW_DOT);
    mc_sym other;
    MC_TRY(mc_to_numbers(to, y, &other, err));
    step.src2 = other.buffer;
    MC_TRY(mc_emit_step(to, step, x, 1, out, err));
    out->sparse = false;
    return MC_OK;
}

mc_status mc_emit_row_square(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CUT);
    const bool may_be_truths = (x->type_as_input & MC_PART_BOOLS_STAY) != 0;
    step.flags = MC_STEP_CUT_TRUTHS;
    MC_TRY(mc_emit_row_dot(to, x, x, out, err));
    return may_be_truths ? mc_emit_step(to, step, out, 1, out, err) : MC_OK;
}

mc_status mc_emit_softmax(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_step step = MC_STEP_INIT(SOFTMAX);
    return mc_emit_step(to, step, x, x->n_cols, out, err);
}

mc_status mc_emit_row_share(mc_lowering *to, const mc_sym *x, mc_zero_rule rule, mc_sym *out,
                            mc_error *err)
{
    mc_step step = MC_STEP_INIT(ROW_SHARE);
    step.n[0] = rule;
    return mc_emit_step(to, step, x, x->n_cols, out, err);
}

mc_status mc_emit_both_sides(mc_lowering *to, const mc_sym *p, mc_sym *out, mc_error *err)
{
    mc_sym sides[2];
    MC_TRY(mc_to_numbers(to, p, &sides[1], err));
    MC_TRY(mc_emit_unary(to, p, MC_UNARY_COMPLEMENT, 0.0, 0.0, &sides[0], err));
    return mc_emit_hstack(to, sides, 2, false, out, err);
}

mc_status mc_emit_sum(mc_lowering *to, const mc_sym *x, size_t n, const double *weights,
                      double divisor, mc_sym *out, mc_error *err)
{
    MC_ASSERT(n > 0);
    uint32_t *sources = NULL, buffer = 0;
    const size_t width = x[0].n_cols;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &sources, err));
    for (size_t i = 0; i < n; i++) {
        mc_sym part;
        MC_TRY(mc_to_numbers(to, &x[i], &part, err));
        if (part.n_cols != width)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "parts of a sum have %zu and %zu columns", width, part.n_cols);
        sources[i] = part.buffer;
    }
    mc_step step = MC_STEP_INIT(SUM);
    step.value[0] = divisor;
    MC_TRY(mc_build_u32(to->b, sources, n, &step.array[0], err));
    if (weights != NULL)
        MC_TRY(mc_build_f64(to->b, weights, 1, n, &step.array[1], err));
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = numbers(buffer, width);
    return MC_OK;
}

mc_status mc_emit_scatter(mc_lowering *to, const mc_sym *x, const uint32_t *at, size_t width,
                          mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(SCATTER);
    if (x->kind == MC_SYM_SPARSE)
        return mc_sparse_spread(to, x, at, width, out, err);
    MC_TRY(mc_build_u32(to->b, at, x->n_cols, &step.array[0], err));
    return mc_emit_step(to, step, x, width, out, err);
}

mc_status mc_emit_constant(mc_lowering *to, const double *row, size_t width, mc_sym *out,
                           mc_error *err)
{
    mc_step step = MC_STEP_INIT(CONSTANT);
    uint32_t buffer = 0;
    MC_TRY(mc_build_f64(to->b, row, 1, width, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = numbers(buffer, width);
    return MC_OK;
}

mc_status mc_emit_log_sum_exp(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_step step = MC_STEP_INIT(LOG_SUM_EXP);
    return mc_emit_step(to, step, x, 1, out, err);
}

mc_status mc_emit_log_share(mc_lowering *to, const mc_sym *x, mc_log_share_form form, mc_sym *out,
                            mc_error *err)
{
    mc_step step = MC_STEP_INIT(LOG_SHARE);
    step.n[0] = form;
    return mc_emit_step(to, step, x, x->n_cols, out, err);
}

mc_status mc_emit_dense_step(mc_lowering *to, mc_step step, const mc_sym *x, size_t width,
                             mc_sym *out, mc_error *err)
{
    MC_TRY(mc_emit_step(to, step, x, width, out, err));
    out->sparse = out->sparse_as_input = false;
    return MC_OK;
}

/* ------------------------------------------------------------------------------ labels ---- */

static mc_status label_step(mc_lowering *to, mc_step step, uint32_t src, size_t width, mc_sym *out,
                            mc_error *err)
{
    uint32_t buffer = 0;
    step.src = src;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_LABELS, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

mc_status mc_emit_argmax(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_step step = MC_STEP_INIT(ARGMAX);
    mc_sym in;
    MC_TRY(mc_to_numbers(to, x, &in, err));
    return label_step(to, step, in.buffer, 1, out, err);
}

mc_status mc_emit_above(mc_lowering *to, const mc_sym *x, double threshold, bool or_equal,
                        mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ABOVE);
    mc_sym in;
    MC_TRY(mc_to_numbers(to, x, &in, err));
    step.value[0] = threshold;
    step.flags = or_equal ? MC_STEP_OR_EQUAL : 0;
    return label_step(to, step, in.buffer, in.n_cols, out, err);
}

static mc_status need_labels(const mc_sym *labels, mc_error *err)
{
    return labels->kind == MC_SYM_LABELS
               ? MC_OK
               : mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "numbers are used as labels");
}

mc_status mc_emit_map_label(mc_lowering *to, const mc_sym *labels, const uint32_t *map, size_t n,
                            mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(MAP_LABEL);
    MC_TRY(need_labels(labels, err));
    MC_TRY(mc_build_u32(to->b, map, n, &step.array[0], err));
    return label_step(to, step, labels->buffer, labels->n_cols, out, err);
}

mc_status mc_emit_one_hot_label(mc_lowering *to, const mc_sym *labels, size_t width, mc_sym *out,
                                mc_error *err)
{
    mc_step step = MC_STEP_INIT(ONE_HOT_LABEL);
    uint32_t buffer = 0;
    MC_TRY(need_labels(labels, err));
    step.src = labels->buffer;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = numbers(buffer, width);
    return MC_OK;
}

mc_status mc_emit_classes(mc_lowering *to, const mc_value *classes, uint32_t *out_table,
                          size_t *out_n, mc_error *err)
{
    mc_ndarray array;
    mc_cell *cells = NULL;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, classes, &array, err), err, "classes");
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &cells, err), err, "classes");
    *out_n = array.n_items;
    return mc_build_classes(to->b, cells, array.n_items, out_table, err);
}

mc_status mc_emit_int_classes(mc_lowering *to, const int64_t *labels, size_t n, uint32_t *out_table,
                              mc_error *err)
{
    mc_cell *cells = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_cell, n, &cells, err));
    for (size_t i = 0; i < n; i++)
        cells[i] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = labels[i]};
    return mc_build_classes(to->b, cells, n, out_table, err);
}

mc_status mc_emit_two_classes(mc_lowering *to, int64_t first, int64_t second, uint32_t *out_table,
                              mc_error *err)
{
    const mc_cell labels[2] = {{.kind = MC_CELL_INTEGER, .as.integer = first},
                               {.kind = MC_CELL_INTEGER, .as.integer = second}};
    return mc_build_classes(to->b, labels, 2, out_table, err);
}
