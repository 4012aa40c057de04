/* any_width.c: models of rows of any width: what learnt nothing cannot say how wide its rows are.
 *
 * HOW IT WORKS  The program is built, stored and verified for rows of one column. Steps that treat
 *               every column alike (is_open_step) mean the same for any number of them: a batch of
 *               rows w wide runs on a copy of the table of buffers whose widths are w times as
 *               large, wherever a buffer depends on the row at all.
 * Why entries   64 sparse rows of a million columns are 512 MB with their zeros. Where all steps
 * make zeros of zeros, the program runs on the values alone, one behind the other and with zeros
 * after the last, and each answer stands where its value stood. Cost          O(buffers) a batch,
 * and a copy of the rows unless they are a matrix of doubles. */
#include "image/any_width.h"

#include <math.h>
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

/* --------------------------------------------------------------------------- entries alone ---- */

#define WIDE 4096u /* columns; narrower rows are as well kept whole */

/* Does the step make zeros of zeros, whatever else is in the row, and pay them no heed? */
static bool leaves_zeros(const mc_step *step)
{
    const double zero = 0.0;
    double made = 1.0;
    switch (step->op) {
    case MC_OP_GATHER:
    case MC_OP_CHECK_FINITE:
    case MC_OP_ROUND32:
    case MC_OP_CUT:
    case MC_OP_NORMALIZE:
        return true;
    case MC_OP_UNARY:
        mc_unary_apply((mc_unary)step->n[0], &zero, 1, step->value[0], step->value[1], &made);
        return made == 0.0 && !signbit(made);
    default:
        return false;
    }
}

/* Are entries enough for the method, and shown as entries? */
static bool takes_entries(const mc_view *view, const mc_image_method *method, const uint8_t *widens)
{
    for (uint32_t i = 0; i < method->steps.n; i++) {
        const mc_step *step = &view->steps[view->step_list[method->steps.first + i]];
        if (!leaves_zeros(step) || !widens[step->dst])
            return false;
    }
    for (uint32_t i = 0; i < method->parts.n; i++) {
        const mc_image_part *part = &view->parts[method->parts.first + i];
        if (!(part->flags & (MC_PART_SPARSE | MC_PART_SPARSE_AS_INPUT)) ||
            view->buffers[part->buffer].type != MC_BUFFER_F64 || !widens[part->buffer])
            return false;
    }
    return true;
}

/* Entries of all rows, and of the row that has most. */
static mc_status count_entries(const mc_csr_data *csr, size_t n_rows, size_t *out, size_t *out_most,
                               mc_error *err)
{
    *out = *out_most = 0;
    for (size_t i = 0; i < n_rows; i++) {
        if (csr->indptr[i] < 0 || csr->indptr[i + 1] < csr->indptr[i])
            return mc_fail(err, MC_E_BAD_INPUT, i, "row %zu: indptr is not ascending", i);
        const size_t n = (size_t)(csr->indptr[i + 1] - csr->indptr[i]);
        *out += n; /* they are in memory: no overflow */
        *out_most = n > *out_most ? n : *out_most;
    }
    return MC_OK;
}

/* What a batch is copied to: entries of all rows, of one more for sorting, and rows of their
 * values. */
typedef struct entry_room {
    double *values, *rows;
    uint32_t *at;
    mc_sparse_row *entries;
    size_t n, most, width;
} entry_room;

static mc_status make_entry_room(const mc_input *input, size_t taken, mc_workspace *workspace,
                                 entry_room *out, uint8_t **out_memory, mc_error *err)
{
    size_t cells = 0, size = 0;
    MC_TRY(count_entries(&input->as.csr, input->n_rows, &out->n, &out->most, err));
    out->width = out->most < input->as.csr.n_columns ? out->most + 1 : input->as.csr.n_columns;
    const size_t entries = (out->n + out->most) * (sizeof(double) + sizeof(uint32_t));
    if (!mc_mul_size(input->n_rows, out->width * sizeof(double), &cells) ||
        !mc_add_size(cells, entries + taken + input->n_rows * sizeof(mc_sparse_row), &size))
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "%zu rows overflow", input->n_rows);
    MC_TRY(mc_workspace_need(workspace, MC_REGION_INPUT, size, out_memory, err));
    out->entries = (mc_sparse_row *)(void *)(*out_memory + taken);
    out->rows = (double *)(void *)(out->entries + input->n_rows);
    out->values = out->rows + input->n_rows * out->width;
    out->at = (uint32_t *)(void *)(out->values + out->n + out->most);
    return MC_OK;
}

static mc_status take_entries(const mc_csr_data *csr, size_t n_rows, entry_room *room,
                              mc_error *err)
{
    double *values = room->values, *row = room->rows;
    uint32_t *at = room->at;
    for (size_t i = 0; i < n_rows; i++, row += room->width) {
        size_t n = (size_t)(csr->indptr[i + 1] - csr->indptr[i]);
        for (size_t j = 0; j < n; j++) {
            const int32_t index = csr->indices[csr->indptr[i] + (int64_t)j];
            if (index < 0 || (size_t)index >= csr->n_columns)
                return mc_fail(err, MC_E_BAD_INPUT, i, "row %zu: index %d, expected 0 to %zu", i,
                               index, csr->n_columns - 1);
            at[j] = (uint32_t)index;
            values[j] = csr->data[csr->indptr[i] + (int64_t)j];
        }
        if (!mc_sparse_is_settled(at, n))
            n = mc_sparse_settle(at, values, n, room->at + room->n, room->values + room->n);
        room->entries[i] = (mc_sparse_row){at, values, n};
        memset(row, 0, room->width * sizeof *row);
        if (n > 0)
            memcpy(row, values, n * sizeof *row);
        at += n;
        values += n;
    }
    return MC_OK;
}

/* ---------------------------------------------------------------------------- whole rows ---- */

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

/* Room of the workspace for the rows of a batch, behind the buffers of their width. */
static mc_status whole_rows(const mc_view *view, const mc_input *input, size_t width, size_t taken,
                            mc_workspace *workspace, mc_open_rows *out, uint8_t **out_memory,
                            mc_error *err)
{
    size_t size = 0;
    if (!mc_mul_size(input->n_rows, width * sizeof(double), &size) ||
        !mc_add_size(size, taken, &size))
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "%zu rows overflow", input->n_rows);
    MC_TRY(mc_workspace_need(workspace, MC_REGION_INPUT, size, out_memory, err));
    double *rows = (double *)(void *)(*out_memory + taken);
    if (view->header->n_cells > 0)
        MC_TRY(rows_of(input, width, rows, err));
    *out = (mc_open_rows){.rows = rows, .width = width};
    return MC_OK;
}

static mc_status entry_rows(const mc_input *input, size_t taken, mc_workspace *workspace,
                            mc_open_rows *out, uint8_t **out_memory, mc_error *err)
{
    entry_room room = {0};
    MC_TRY(make_entry_room(input, taken, workspace, &room, out_memory, err));
    MC_TRY(take_entries(&input->as.csr, input->n_rows, &room, err));
    *out = (mc_open_rows){.rows = room.rows,
                          .width = room.width,
                          .entries = room.entries,
                          .n_columns = input->as.csr.n_columns};
    return MC_OK;
}

mc_status mc_open_prepare(mc_view *view, const mc_image_method *method, const mc_input *input,
                          mc_workspace *workspace, mc_open_rows *out, mc_error *err)
{
    uint8_t *memory = NULL, *widens = NULL;
    size_t width = 0;
    MC_TRY(width_of(view, input, &width, err));
    const size_t table = mc_round_up(view->n_buffers * sizeof(mc_image_buffer), 64);
    const size_t taken = table + mc_round_up(view->n_buffers, 64);
    MC_TRY(mc_workspace_need(workspace, MC_REGION_INPUT, taken, &widens, err));
    bool possible = mc_open_is_possible(view, widens);
    MC_ASSERT(possible); /* I11 */
    const bool by_entries = input->layout == MC_LAYOUT_CSR && width > WIDE &&
                            view->header->n_cells > 0 && takes_entries(view, method, widens);
    MC_TRY(by_entries ? entry_rows(input, taken, workspace, out, &memory, err)
                      : whole_rows(view, input, width, taken, workspace, out, &memory, err));
    possible = mc_open_is_possible(view, memory + table); /* the first marks may be gone */
    MC_ASSERT(possible);
    mc_image_buffer *buffers = (mc_image_buffer *)(void *)memory;
    MC_TRY(widen(view, memory + table, out->width, buffers, err));
    view->buffers = buffers;
    return MC_OK;
}
