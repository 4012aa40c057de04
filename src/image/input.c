/* input.c: dense matrices, columns and sparse rows -> slots, or sparse rows. Every conversion to
 * float64 is exact but for int64 beyond 2**53, which rounds to nearest as numpy's astype does. */
#include "image/input.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

static double number_at(const void *data, mc_dtype dtype)
{
    double f64 = 0.0;
    float f32 = 0.0f;
    int64_t i64 = 0;
    int32_t i32 = 0;
    uint8_t u8 = 0;
    mc_cell cell;
    switch (dtype) {
    case MC_DTYPE_F64:
        memcpy(&f64, data, sizeof f64);
        return f64;
    case MC_DTYPE_F32:
        memcpy(&f32, data, sizeof f32);
        return (double)f32;
    case MC_DTYPE_I64:
        memcpy(&i64, data, sizeof i64);
        return (double)i64;
    case MC_DTYPE_I32:
        memcpy(&i32, data, sizeof i32);
        return (double)i32;
    case MC_DTYPE_U8:
    case MC_DTYPE_BOOL:
        memcpy(&u8, data, sizeof u8);
        return (double)u8;
    case MC_DTYPE_CELL:
        memcpy(&cell, data, sizeof cell);
        return cell.kind == MC_CELL_NUMBER ? cell.as.number
               : cell.kind == MC_CELL_NONE ? (double)NAN
                                           : (double)cell.as.integer;
    }
    return (double)NAN;
}

static mc_cell cell_at(const void *data, mc_dtype dtype)
{
    mc_cell cell = {.kind = MC_CELL_NUMBER};
    int64_t i64 = 0;
    int32_t i32 = 0;
    uint8_t u8 = 0;
    if (dtype == MC_DTYPE_CELL) {
        memcpy(&cell, data, sizeof cell);
    } else if (dtype == MC_DTYPE_I64) {
        memcpy(&i64, data, sizeof i64);
        cell = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = i64};
    } else if (dtype == MC_DTYPE_I32) {
        memcpy(&i32, data, sizeof i32);
        cell = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = i32};
    } else if (dtype == MC_DTYPE_BOOL || dtype == MC_DTYPE_U8) {
        memcpy(&u8, data, sizeof u8);
        cell = (mc_cell){.kind = dtype == MC_DTYPE_BOOL ? MC_CELL_BOOL : MC_CELL_INTEGER,
                         .as.integer = u8};
    } else {
        cell.as.number = number_at(data, dtype);
    }
    return cell;
}

/* Where the slots of a converted batch lie. */
typedef struct slots {
    double *numbers;
    mc_cell *cells;
    size_t n_numbers, n_cells, n_rows;
} slots;

static mc_status make_slots(const mc_view *view, size_t n_rows, mc_workspace *workspace, slots *out,
                            mc_error *err)
{
    size_t numbers = 0, cells = 0;
    *out = (slots){
        .n_numbers = view->header->n_numbers, .n_cells = view->header->n_cells, .n_rows = n_rows};
    if (!mc_mul_size(n_rows, out->n_numbers * sizeof(double), &numbers) ||
        !mc_mul_size(n_rows, out->n_cells * sizeof(mc_cell), &cells))
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "%zu rows overflow", n_rows);
    uint8_t *memory = NULL;
    numbers = mc_round_up(numbers, 64);
    MC_TRY(mc_workspace_need(workspace, MC_REGION_INPUT, numbers + cells, &memory, err));
    out->numbers = (double *)(void *)memory;
    out->cells = (mc_cell *)(void *)(memory + numbers);
    return MC_OK;
}

mc_status mc_input_not_a_number(size_t row, size_t column, const mc_cell *cell, mc_error *err)
{
    if (cell->kind != MC_CELL_STRING)
        return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu, column %zu: expected a number, found %s",
                       row, column, cell->kind == MC_CELL_LIST ? "a list" : "an object");
    return mc_fail(err, MC_E_BAD_INPUT, row,
                   "row %zu, column %zu: expected a number, found the text \"%.*s\"", row, column,
                   (int)(cell->size > 80 ? 80 : cell->size), cell->as.text);
}

static mc_status number_from(const uint8_t *item, mc_dtype dtype, size_t row, size_t column,
                             double *out, mc_error *err)
{
    mc_cell cell = {.kind = MC_CELL_NUMBER};
    if (dtype == MC_DTYPE_CELL)
        memcpy(&cell, item, sizeof cell);
    if (cell.kind >= MC_CELL_STRING)
        return mc_input_not_a_number(row, column, &cell, err);
    *out = number_at(item, dtype);
    return MC_OK;
}

static mc_status put_numbers(const mc_view *view, uint32_t at, const mc_column_data *data,
                             const slots *to, mc_error *err)
{
    double *out = to->numbers + mc_view_column(view, at).slot;
    const uint8_t *item = data->data;
    for (size_t row = 0; row < to->n_rows; row++, item += data->stride, out += to->n_numbers)
        MC_TRY(number_from(item, data->dtype, row, at, out, err));
    return MC_OK;
}

static mc_status put_column(const mc_view *view, uint32_t at, const mc_column_data *data,
                            const slots *to, mc_error *err)
{
    const mc_image_column column = mc_view_column(view, at);
    if (column.kind == MC_COLUMN_NUMBER)
        return put_numbers(view, at, data, to, err);
    const uint8_t *item = data->data;
    for (size_t row = 0; column.kind == MC_COLUMN_CELL && row < to->n_rows; row++) {
        to->cells[row * to->n_cells + column.slot] = cell_at(item, data->dtype);
        item += data->stride;
    }
    return MC_OK;
}

static mc_status check_columns(const mc_view *view, size_t found, mc_error *err)
{
    if (found != view->n_columns)
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "expected %u columns, found %zu",
                       view->n_columns, found);
    return MC_OK;
}

/* Column `i` of rows that came dense or as columns. */
static mc_column_data column_of(const mc_input *input, size_t i)
{
    if (input->layout == MC_LAYOUT_COLUMNS)
        return input->as.columns.columns[i];
    return (mc_column_data){input->as.dense.dtype, input->as.dense.row_stride,
                            (const uint8_t *)input->as.dense.data +
                                (ptrdiff_t)i * input->as.dense.column_stride};
}

static mc_status put_columns(const mc_view *view, const mc_input *input, const slots *to,
                             mc_error *err)
{
    for (uint32_t i = 0; i < view->n_columns; i++) {
        const mc_column_data column = column_of(input, i);
        MC_TRY(put_column(view, i, &column, to, err));
    }
    return MC_OK;
}

static mc_status not_ascending(mc_error *err, size_t row)
{
    return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu: indptr is not ascending", row);
}

static mc_status no_column(const mc_view *view, mc_error *err, size_t row, int32_t index)
{
    return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu: index %d, expected 0 to %u", row, index,
                   view->n_columns - 1);
}

static mc_status put_csr(const mc_view *view, const mc_input *input, const slots *to, mc_error *err)
{
    memset(to->numbers, 0, to->n_rows * to->n_numbers * sizeof(double));
    for (size_t i = 0; i < to->n_rows * to->n_cells; i++)
        to->cells[i] = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = 0.0};
    for (size_t row = 0; row < to->n_rows; row++) {
        if (input->as.csr.indptr[row] < 0 ||
            input->as.csr.indptr[row + 1] < input->as.csr.indptr[row])
            return not_ascending(err, row);
        for (int64_t i = input->as.csr.indptr[row]; i < input->as.csr.indptr[row + 1]; i++) {
            const int32_t index = input->as.csr.indices[i];
            if (index < 0 || (size_t)index >= view->n_columns)
                return no_column(view, err, row, index);
            const mc_image_column column = mc_view_column(view, (uint32_t)index);
            if (column.kind == MC_COLUMN_NUMBER) /* duplicates add up, as in scipy */
                to->numbers[row * to->n_numbers + column.slot] += input->as.csr.data[i];
            else if (column.kind == MC_COLUMN_CELL)
                to->cells[row * to->n_cells + column.slot].as.number += input->as.csr.data[i];
        }
    }
    return MC_OK;
}

/* Row-major float64 whose columns are exactly the number slots needs no copy. */
static bool is_slots_already(const mc_view *view, const mc_input *input)
{
    if (input->layout != MC_LAYOUT_DENSE || input->as.dense.dtype != MC_DTYPE_F64 ||
        view->header->n_numbers != view->n_columns || input->as.dense.column_stride != 8 ||
        input->as.dense.row_stride != (ptrdiff_t)(8 * (size_t)view->n_columns) ||
        (uintptr_t)input->as.dense.data % 8 != 0)
        return false;
    for (uint32_t i = 0; view->columns != NULL && i < view->n_columns; i++)
        if (view->columns[i].slot != i)
            return false;
    return true;
}

static size_t width_of(const mc_input *input)
{
    return input->layout == MC_LAYOUT_DENSE     ? input->as.dense.n_columns
           : input->layout == MC_LAYOUT_COLUMNS ? input->as.columns.n_columns
                                                : input->as.csr.n_columns;
}

mc_status mc_input_to_slots(const mc_view *view, const mc_input *input, mc_workspace *workspace,
                            mc_input *out, mc_error *err)
{
    if (input->layout != MC_LAYOUT_SLOTS)
        MC_TRY(check_columns(view, width_of(input), err));
    if (input->layout == MC_LAYOUT_SLOTS || view->header->n_sparse > 0) {
        *out = *input;
        return MC_OK;
    }
    *out = (mc_input){.layout = MC_LAYOUT_SLOTS, .n_rows = input->n_rows};
    if (input->n_rows == 0)
        return MC_OK; /* and there may be no data to point to */
    if (is_slots_already(view, input)) {
        out->as.slots.numbers = input->as.dense.data;
        return MC_OK;
    }
    slots to;
    MC_TRY(make_slots(view, input->n_rows, workspace, &to, err));
    if (input->layout == MC_LAYOUT_CSR)
        MC_TRY(put_csr(view, input, &to, err));
    else
        MC_TRY(put_columns(view, input, &to, err));
    out->as.slots.numbers = to.numbers;
    out->as.slots.cells = to.cells;
    return MC_OK;
}

/* --------------------------------------------------------------------- rows of any width ---- */

mc_status mc_input_numbers(const mc_column_data *values, size_t n, size_t row, double *out,
                           mc_error *err)
{
    const uint8_t *item = values->data;
    for (size_t j = 0; j < n; j++, item += values->stride)
        MC_TRY(number_from(item, values->dtype, row, j, &out[j], err));
    return MC_OK;
}

static mc_status csr_to_matrix(const mc_csr_data *csr, size_t n_rows, size_t width, double *out,
                               mc_error *err)
{
    memset(out, 0, n_rows * width * sizeof *out);
    for (size_t row = 0; row < n_rows; row++) {
        if (csr->indptr[row] < 0 || csr->indptr[row + 1] < csr->indptr[row])
            return not_ascending(err, row);
        for (int64_t i = csr->indptr[row]; i < csr->indptr[row + 1]; i++) {
            const int32_t index = csr->indices[i];
            if (index < 0 || (size_t)index >= width)
                return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu: index %d, expected 0 to %zu",
                               row, index, width - 1);
            out[row * width + (size_t)index] += csr->data[i];
        }
    }
    return MC_OK;
}

mc_status mc_input_to_matrix(const mc_input *input, size_t width, double *out, mc_error *err)
{
    if (input->layout == MC_LAYOUT_CSR)
        return csr_to_matrix(&input->as.csr, input->n_rows, width, out, err);
    for (size_t j = 0; j < width; j++) {
        const mc_column_data column = column_of(input, j);
        const uint8_t *item = column.data;
        for (size_t row = 0; row < input->n_rows; row++, item += column.stride)
            MC_TRY(number_from(item, column.dtype, row, j, &out[row * width + j], err));
    }
    return MC_OK;
}

/* ------------------------------------------------------------------------- sparse rows ---- */

/* Entries of a row whose columns do not ascend: copied, sorted, and added up as scipy does. */
static mc_status settle(const mc_run *run, mc_sparse_row *row, mc_error *err)
{
    uint32_t *at = NULL, *spare_at = NULL;
    double *values = NULL, *spare = NULL;
    MC_TRY(mc_run_entries(run, row->n, &at, &values, err));
    MC_TRY(mc_run_entries(run, row->n, &spare_at, &spare, err));
    memcpy(at, row->at, row->n * sizeof *at);
    memcpy(values, row->values, row->n * sizeof *values);
    *row = (mc_sparse_row){at, values, mc_sparse_settle(at, values, row->n, spare_at, spare)};
    return MC_OK;
}

static mc_status csr_row(const mc_run *run, const mc_csr_data *csr, size_t row, mc_sparse_row *out,
                         mc_error *err)
{
    const int64_t first = csr->indptr[row], end = csr->indptr[row + 1];
    if (first < 0 || end < first)
        return not_ascending(err, row);
    *out = (mc_sparse_row){.n = (size_t)(end - first)};
    if (out->n == 0)
        return MC_OK;
    /* None is negative when this is done, and then both types read the same numbers. */
    out->at = (const uint32_t *)csr->indices + first;
    out->values = csr->data + first;
    for (size_t i = 0; i < out->n; i++)
        if (out->at[i] >= run->view->n_columns)
            return no_column(run->view, err, row, (int32_t)out->at[i]);
    return mc_sparse_is_settled(out->at, out->n) ? MC_OK : settle(run, out, err);
}

/* Values that are wholly 0 are not there. */
static mc_status dense_row(const mc_run *run, const mc_input *input, size_t row, mc_sparse_row *out,
                           mc_error *err)
{
    mc_row_maker maker;
    MC_TRY(mc_row_begin(run, &maker, err));
    for (uint32_t i = 0; i < run->view->n_columns; i++) {
        const mc_column_data column = column_of(input, i);
        const uint8_t *item = (const uint8_t *)column.data + (ptrdiff_t)row * column.stride;
        double value = 0.0;
        MC_TRY(number_from(item, column.dtype, row, i, &value, err));
        if (value != 0.0 || signbit(value)) /* as mc_sparse_gather() */
            MC_TRY(mc_row_add(&maker, i, value, err));
    }
    return mc_row_end(&maker, out, err);
}

mc_status mc_input_rows(const mc_run *run, const mc_input *input, mc_error *err)
{
    const mc_csr_data *csr = input->layout == MC_LAYOUT_SLOTS ? &input->as.slots.rows
                             : input->layout == MC_LAYOUT_CSR ? &input->as.csr
                                                              : NULL;
    mc_sparse_row *out = run->buffers[MC_SPARSE_INPUT];
    for (size_t i = 0; i < run->n_rows; i++) {
        const size_t row = run->first_row + i;
        MC_TRY(csr != NULL ? csr_row(run, csr, row, &out[i], err)
                           : dense_row(run, input, row, &out[i], err));
    }
    return MC_OK;
}
