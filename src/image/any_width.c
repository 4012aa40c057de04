/* any_width.c: models of rows of any width: what learnt nothing cannot say how wide its rows are.
 *
 * HOW IT WORKS  The program is built, stored and verified for rows of one column. Steps that treat
 *               every column alike (is_open_step) mean the same for any number of them: a batch of
 *               rows w wide runs on a copy of the table of buffers whose widths are w times as
 *               large, wherever a buffer depends on the row at all.
 * Cost          O(buffers) a batch, and a copy of the rows unless they are a matrix of doubles. */
#include "image/any_width.h"

#include <string.h>

#include "base/limits.h"
#include "base/size.h"
#include "image/input.h"
#include "image/workspace.h"

/* Steps for which a wider row is more of the same. */
static bool is_open_step(uint32_t op)
{
    switch (op) {
    case MC_OP_CHECK_FINITE:
    case MC_OP_ROUND32:
    case MC_OP_UNARY:
    case MC_OP_CUT:
    case MC_OP_NORMALIZE:
    case MC_OP_KERNEL_MAP:
    case MC_OP_CHECK_LEAST:
    case MC_OP_HSTACK:
    case MC_OP_SUM:
        return true;
    default:
        return false;
    }
}

/* Steps that make of a row, however wide, as many columns as ever. */
static bool is_closing_step(uint32_t op)
{
    return op == MC_OP_ROW_DOT || op == MC_OP_COVARIANCE;
}

/* Does step `step` read a buffer that widens? `widens` (n_buffers) says so of the earlier ones. */
static bool reads_wide(const mc_view *view, const mc_step *step, const uint8_t *widens)
{
    const mc_op_info *op = &MC_OPS[step->op];
    if (op->src & MC_STEP_MANY) {
        const uint32_t *sources = mc_view_u32(view, step->array[0]);
        for (size_t i = 0; i < mc_array_rows(view, step, 0); i++)
            if (widens[sources[i]])
                return true;
        return op->src2 != MC_BUFFER_NONE && step->src2 != MC_NONE && widens[step->src2];
    }
    return (op->src != MC_BUFFER_NONE && step->src != MC_NONE && widens[step->src]) ||
           (op->src2 != MC_BUFFER_NONE && step->src2 != MC_NONE && widens[step->src2]);
}

/* A step whose sources widen in part would mix rows of two widths. */
static bool reads_only_wide(const mc_view *view, const mc_step *step, const uint8_t *widens)
{
    if (!(MC_OPS[step->op].src & MC_STEP_MANY))
        return true;
    const uint32_t *sources = mc_view_u32(view, step->array[0]);
    for (size_t i = 0; i < mc_array_rows(view, step, 0); i++)
        if (!widens[sources[i]])
            return false;
    return true;
}

bool mc_open_is_possible(const mc_view *view, uint8_t *widens)
{
    memset(widens, 0, view->n_buffers);
    for (uint32_t i = 0; i < view->n_steps; i++) {
        const mc_step *step = &view->steps[i];
        if (step->op == MC_OP_GATHER) {
            widens[step->dst] = 1;
        } else if (step->op == MC_OP_GATHER_CELLS) {
            return false;
        } else if (reads_wide(view, step, widens)) {
            if (is_closing_step(step->op))
                continue;
            if (!is_open_step(step->op) || !reads_only_wide(view, step, widens))
                return false;
            widens[step->dst] = 1;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------ running ---- */

/* The first list says how wide the rows of a request are. */
static mc_status width_of_lists(const mc_input *input, size_t *out, mc_error *err)
{
    const mc_cell *cells = input->as.slots.cells;
    for (size_t i = 0; i < input->n_rows; i++) {
        if (cells[i].kind != MC_CELL_LIST)
            return mc_fail(err, MC_E_BAD_INPUT, i, "row %zu: expected a list of numbers", i);
        if (cells[i].size != cells[0].size)
            return mc_fail(err, MC_E_BAD_INPUT, i, "row %zu: expected %u values, found %u", i,
                           cells[0].size, cells[i].size);
    }
    *out = input->n_rows == 0 ? 1 : cells[0].size;
    return MC_OK;
}

static mc_status width_of(const mc_view *view, const mc_input *input, size_t *out, mc_error *err)
{
    *out = 1;
    if (view->header->n_cells == 0) /* no step reads of the rows: they may be anything */
        return MC_OK;
    switch (input->layout) {
    case MC_LAYOUT_SLOTS:
        MC_TRY(width_of_lists(input, out, err));
        break;
    case MC_LAYOUT_DENSE:
        *out = input->as.dense.n_columns;
        break;
    case MC_LAYOUT_COLUMNS:
        *out = input->as.columns.n_columns;
        break;
    case MC_LAYOUT_CSR:
        *out = input->as.csr.n_columns;
        break;
    }
    if (*out == 0 || *out > MC_LIMIT_COLUMNS)
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "expected 1 to %zu columns, found %zu",
                       MC_LIMIT_COLUMNS, *out);
    return MC_OK;
}

static mc_status widen(const mc_view *view, const uint8_t *widens, size_t width,
                       mc_image_buffer *out, mc_error *err)
{
    for (uint32_t i = 0; i < view->n_buffers; i++) {
        size_t wide = 0;
        out[i] = view->buffers[i];
        if (!widens[i])
            continue;
        if (!mc_mul_size(out[i].width, width, &wide) || wide > MC_LIMIT_WIDTH)
            return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "rows of %zu columns are too wide",
                           width);
        out[i].width = (uint32_t)wide;
    }
    return MC_OK;
}

static mc_status rows_of(const mc_input *input, size_t width, double *out, mc_error *err)
{
    if (input->layout != MC_LAYOUT_SLOTS)
        return mc_input_to_matrix(input, width, out, err);
    for (size_t i = 0; i < input->n_rows; i++) {
        const mc_column_data cells = {MC_DTYPE_CELL, sizeof(mc_cell),
                                      input->as.slots.cells[i].as.items};
        MC_TRY(mc_input_numbers(&cells, width, i, out + i * width, err));
    }
    return MC_OK;
}

mc_status mc_open_prepare(mc_view *view, const mc_input *input, mc_workspace *workspace,
                          mc_open_rows *out, mc_error *err)
{
    uint8_t *memory = NULL;
    size_t width = 0, size = 0;
    MC_TRY(width_of(view, input, &width, err));
    const size_t table = mc_round_up(view->n_buffers * sizeof(mc_image_buffer), 64);
    const size_t marks = mc_round_up(view->n_buffers, 64);
    if (!mc_mul_size(input->n_rows, width * sizeof(double), &size) ||
        !mc_add_size(size, table + marks, &size))
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "%zu rows overflow", input->n_rows);
    MC_TRY(mc_workspace_need(workspace, MC_REGION_INPUT, size, &memory, err));
    mc_image_buffer *buffers = (mc_image_buffer *)(void *)memory;
    uint8_t *widens = memory + table;
    double *rows = (double *)(void *)(memory + table + marks);
    const bool possible = mc_open_is_possible(view, widens);
    MC_ASSERT(possible); /* I11 */
    MC_TRY(widen(view, widens, width, buffers, err));
    if (view->header->n_cells > 0)
        MC_TRY(rows_of(input, width, rows, err));
    view->buffers = buffers;
    *out = (mc_open_rows){.rows = rows, .width = width};
    return MC_OK;
}
