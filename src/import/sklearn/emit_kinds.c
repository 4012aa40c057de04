/* emit_kinds.c: what a symbol is made of: numbers, cells, sparse rows, parts side by side. */
#include <string.h>

#include "base/size.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/emit_sparse.h"

/* PARTS never hold PARTS: what calls itself through them does so once. */
/* NOLINTBEGIN(misc-no-recursion) */
static mc_status close_parts(mc_lowering *to, const mc_sym *x, bool cells, mc_sym *out,
                             mc_error *err);

mc_status mc_to_numbers(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    uint32_t buffer = 0;
    const mc_sym in = *x; /* `out` may be `x` */
    const size_t n_cols = x->n_cols;
    switch (x->kind) {
    case MC_SYM_NUMBERS:
        *out = *x;
        return MC_OK;
    case MC_SYM_INPUT:
        MC_TRY(mc_build_gather(to->b, x->columns, n_cols, false, &buffer, err));
        break;
    case MC_SYM_CELLS: {
        mc_step step = MC_STEP_INIT(TO_NUMBERS);
        step.src = x->buffer;
        MC_TRY(mc_build_step(to->b, step, n_cols, &buffer, err));
        break;
    }
    case MC_SYM_PARTS:
        /* Wide ones are held sparse, and get their zeros here. */
        MC_TRY(close_parts(to, x, false, out, err));
        return out->kind == MC_SYM_SPARSE ? mc_sparse_to_numbers(to, out, out, err) : MC_OK;
    case MC_SYM_SPARSE:
        return mc_sparse_to_numbers(to, x, out, err);
    case MC_SYM_LABELS:
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "labels are used as numbers");
    }
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = n_cols};
    out->sparse = in.sparse;
    out->sparse_as_input = in.sparse_as_input;
    out->type_as_input = in.type_as_input;
    return MC_OK;
}

mc_status mc_to_cells(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    static const uint32_t KIND_OF[] = {[MC_VALUE_FLOAT] = MC_CELL_NUMBER,
                                       [MC_VALUE_INT] = MC_CELL_INTEGER,
                                       [MC_VALUE_BOOL] = MC_CELL_BOOL};
    uint32_t buffer = 0;
    const size_t n_cols = x->n_cols;
    if (x->kind == MC_SYM_CELLS) {
        *out = *x;
        return MC_OK;
    }
    if (x->kind == MC_SYM_PARTS)
        return close_parts(to, x, true, out, err);
    if (x->kind == MC_SYM_SPARSE)
        return mc_sparse_to_cells(to, x, out, err);
    if (x->kind == MC_SYM_INPUT) {
        MC_TRY(mc_build_gather(to->b, x->columns, n_cols, true, &buffer, err));
    } else if (x->kind == MC_SYM_NUMBERS) {
        mc_step step = MC_STEP_INIT(TO_CELLS);
        step.src = x->buffer;
        step.n[0] = x->type <= MC_VALUE_BOOL ? KIND_OF[x->type] : MC_CELL_NUMBER;
        MC_TRY(mc_build_step(to->b, step, n_cols, &buffer, err));
    } else {
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "labels are used as features");
    }
    *out = (mc_sym){.kind = MC_SYM_CELLS, .buffer = buffer, .n_cols = n_cols};
    return MC_OK;
}

static mc_status input_columns(mc_lowering *to, const mc_sym *x, const uint32_t *at, size_t n,
                               mc_sym *out, mc_error *err)
{
    uint32_t *columns = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &columns, err));
    for (size_t i = 0; i < n; i++)
        columns[i] = x->columns[at[i]];
    mc_sym made = *x;
    made.columns = columns;
    made.n_cols = n;
    *out = made;
    return MC_OK;
}

/* Columns of an open stack: each stays a column of its part. */
static mc_status part_columns(mc_lowering *to, const mc_sym *x, const uint32_t *at, size_t n,
                              mc_sym *out, mc_error *err)
{
    mc_sym *made = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_sym, n, &made, err));
    for (size_t i = 0; i < n; i++) {
        size_t part = 0;
        uint32_t local = at[i];
        while (local >= x->parts[part].n_cols)
            local -= (uint32_t)x->parts[part++].n_cols;
        MC_TRY(mc_emit_columns(to, &x->parts[part], &local, 1, &made[i], err));
    }
    return mc_emit_hstack(to, made, n, x->sparse, out, err);
}

mc_status mc_emit_columns(mc_lowering *to, const mc_sym *x, const uint32_t *at, size_t n,
                          mc_sym *out, mc_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] >= x->n_cols)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "column %u of %zu", at[i], x->n_cols);
    if (to->any_width) /* of one column, but the rows may have more */
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "no attribute n_features_in_ says how wide its input is");
    if (x->kind == MC_SYM_INPUT)
        return input_columns(to, x, at, n, out, err);
    if (x->kind == MC_SYM_PARTS)
        return part_columns(to, x, at, n, out, err);
    if (x->kind == MC_SYM_SPARSE)
        return mc_sparse_columns(to, x, at, n, out, err);
    if (x->kind == MC_SYM_LABELS)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "columns of labels are selected");
    mc_step step = MC_STEP_INIT(SELECT);
    if (x->kind == MC_SYM_CELLS)
        step.op = MC_OP_SELECT_CELLS;
    step.src = x->buffer;
    uint32_t buffer = 0;
    MC_TRY(mc_build_u32(to->b, at, n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, n, &buffer, err));
    mc_sym made = *x;
    made.buffer = buffer;
    made.n_cols = n;
    *out = made;
    return MC_OK;
}

/* What numpy makes of columns of both types. */
static mc_value_type common_type(mc_value_type a, mc_value_type b)
{
    if (a == b)
        return a;
    return a == MC_VALUE_FLOAT || b == MC_VALUE_FLOAT ? MC_VALUE_FLOAT : MC_VALUE_INT;
}

/* Stacks `n` symbols, none of them open, all made cells or all made numbers. */
static mc_status stack_dense(mc_lowering *to, const mc_sym *x, size_t n, bool cells, mc_sym *out,
                             mc_error *err)
{
    uint32_t *sources = NULL, buffer = 0;
    size_t width = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &sources, err));
    for (size_t i = 0; i < n; i++) {
        mc_sym part;
        MC_TRY(cells ? mc_to_cells(to, &x[i], &part, err) : mc_to_numbers(to, &x[i], &part, err));
        sources[i] = part.buffer;
        if (!mc_add_size(width, part.n_cols, &width))
            return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "too many columns");
    }
    mc_step step = MC_STEP_INIT(HSTACK);
    if (cells)
        step.op = MC_OP_HSTACK_CELLS;
    MC_TRY(mc_build_u32(to->b, sources, n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out =
        (mc_sym){.kind = cells ? MC_SYM_CELLS : MC_SYM_NUMBERS, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

/* Would the stack be worth holding as sparse rows? */
static bool stays_sparse(const mc_sym *x, size_t n, bool sparse)
{
    size_t width = 0;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        any = any || x[i].kind == MC_SYM_SPARSE;
        width = x[i].n_cols > SIZE_MAX - width ? SIZE_MAX : width + x[i].n_cols;
    }
    return any && (sparse || width > MC_WIDE);
}

/* What the type of the rows makes of parts of which some have it and some have their own. */
static uint32_t common_as_input(const mc_sym *x, size_t n)
{
    uint32_t every = MC_TYPE_STAYS, any = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t own = x[i].type == MC_VALUE_INT    ? MC_TYPE_COUNTS
                             : x[i].type == MC_VALUE_BOOL ? MC_TYPE_STAYS
                                                          : x[i].type_as_input;
        any |= x[i].type_as_input;
        if (own & MC_PART_BOOLS_COUNT)
            every = mc_type_counts(every);
        every &= own & MC_PART_BOOLS_STAY ? own | MC_PART_BOOLS_COUNT : own;
    }
    return any != 0 ? every : 0;
}

/* As cells, as sparse rows, or as numbers, typed as numpy would. */
static mc_status stack(mc_lowering *to, const mc_sym *x, size_t n, bool cells, bool sparse,
                       mc_sym *out, mc_error *err)
{
    mc_value_type type = n > 0 ? x[0].type : MC_VALUE_FLOAT;
    for (size_t i = 0; i < n; i++)
        type = common_type(type, x[i].type);
    MC_TRY(!cells && stays_sparse(x, n, sparse) ? mc_sparse_hstack(to, x, n, out, err)
                                                : stack_dense(to, x, n, cells, out, err));
    out->type_as_input = cells ? 0 : common_as_input(x, n);
    out->type = type;
    return MC_OK;
}

static mc_status close_parts(mc_lowering *to, const mc_sym *x, bool cells, mc_sym *out,
                             mc_error *err)
{
    const mc_sym in = *x;
    MC_TRY(stack(to, in.parts, in.n_parts, cells, in.sparse, out, err));
    out->sparse = in.sparse;
    out->sparse_as_input = in.sparse_as_input;
    return MC_OK;
}

/* NOLINTEND(misc-no-recursion) */

mc_status mc_close_parts(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    return close_parts(to, x, false, out, err);
}

/* Appends `x`, or its parts, to `parts`: PARTS never hold PARTS. */
static size_t flatten(const mc_sym *x, mc_sym *parts, size_t at)
{
    if (x->kind != MC_SYM_PARTS) {
        parts[at] = *x;
        return at + 1;
    }
    memcpy(parts + at, x->parts, x->n_parts * sizeof *x->parts);
    return at + x->n_parts;
}

static mc_status open_parts(mc_lowering *to, const mc_sym *x, size_t n, mc_sym *out, mc_error *err)
{
    size_t n_parts = 0, n_cols = 0, at = 0;
    mc_sym *parts = NULL;
    for (size_t i = 0; i < n; i++) {
        n_parts += x[i].kind == MC_SYM_PARTS ? x[i].n_parts : 1;
        n_cols += x[i].n_cols;
    }
    MC_TRY(mc_arena_new(to->arena, mc_sym, n_parts, &parts, err));
    for (size_t i = 0; i < n; i++)
        at = flatten(&x[i], parts, at);
    *out = (mc_sym){.kind = MC_SYM_PARTS, .parts = parts, .n_parts = n_parts, .n_cols = n_cols};
    return MC_OK;
}

mc_status mc_emit_first_columns(mc_lowering *to, size_t n, mc_sym *x, mc_error *err)
{
    uint32_t *at = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    for (size_t i = 0; i < n; i++)
        at[i] = (uint32_t)i;
    return mc_emit_columns(to, x, at, n, x, err);
}

mc_status mc_emit_hstack(mc_lowering *to, const mc_sym *x, size_t n, bool sparse, mc_sym *out,
                         mc_error *err)
{
    bool cells = false, open = false;
    for (size_t i = 0; i < n; i++) {
        cells = cells || x[i].kind == MC_SYM_CELLS;
        open = open || x[i].kind == MC_SYM_INPUT || x[i].kind == MC_SYM_PARTS;
    }
    if (n == 1)
        *out = x[0];
    else if (open && !cells && !sparse)
        MC_TRY(open_parts(to, x, n, out, err));
    else
        MC_TRY(stack(to, x, n, cells && !sparse, sparse, out, err)); /* sparse rows hold numbers */
    out->sparse = sparse;
    out->sparse_as_input = false;
    return MC_OK;
}

mc_status mc_emit_settled(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_sym in, parts = *x;
    uint32_t buffer = 0, *widths = NULL;
    if (x->kind == MC_SYM_INPUT)
        MC_TRY(open_parts(to, x, 1, &parts, err));
    MC_TRY(mc_to_cells(to, &parts, &in, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, parts.n_parts, &widths, err));
    for (size_t i = 0; i < parts.n_parts; i++)
        widths[i] = mc_u32_from_size(parts.parts[i].n_cols);
    mc_step step = MC_STEP_INIT(SETTLE);
    step.src = in.buffer;
    MC_TRY(mc_build_u32(to->b, widths, parts.n_parts, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, in.n_cols, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_CELLS,
                    .buffer = buffer,
                    .n_cols = in.n_cols,
                    .sparse = x->sparse,
                    .sparse_as_input = x->sparse_as_input};
    return MC_OK;
}

mc_status mc_emit_check(mc_lowering *to, const mc_sym *x, unsigned allowed, mc_sym *out,
                        mc_error *err)
{
    mc_step step = MC_STEP_INIT(CHECK_FINITE);
    step.flags = (uint16_t)allowed;
    const mc_sym in = *x;
    MC_TRY(mc_emit_step(to, step, x, x->n_cols, out, err));
    out->type = in.type;
    out->type_as_input = in.type_as_input;
    return MC_OK;
}

/* Two codes a column. */
mc_status mc_emit_check_truths(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(PICK);
    uint32_t *runs = NULL;
    double *values = NULL;
    const size_t n = x->n_cols;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n + 1, &runs, err));
    MC_TRY(mc_arena_new(to->arena, double, 2 * n, &values, err));
    for (size_t j = 0; j < n; j++)
        values[2 * j + 1] = 1.0;
    for (size_t j = 0; j <= n; j++)
        runs[j] = mc_u32_from_size(2 * j);
    step.flags = MC_STEP_WHOLE;
    MC_TRY(mc_build_u32(to->b, runs, n + 1, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, values, 1, 2 * n, &step.array[1], err));
    return mc_emit_step(to, step, x, n, out, err);
}
