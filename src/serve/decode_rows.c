/* decode_rows.c: typed slots, filled value by value. */
#include "serve/decode_rows.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/size.h"

void mc_rows_init(mc_rows *rows, mc_meter *meter)
{
    *rows = (mc_rows){.n_rows = 0};
    mc_buffer_init(&rows->numbers, meter);
    mc_buffer_init(&rows->cells, meter);
    mc_buffer_init(&rows->text, meter);
    mc_buffer_init(&rows->items, meter);
    mc_buffer_init(&rows->starts, meter);
    mc_buffer_init(&rows->entry_at, meter);
    mc_buffer_init(&rows->entries, meter);
    mc_buffer_init(&rows->order, meter);
    mc_buffer_init(&rows->marks, meter);
}

void mc_rows_fini(mc_rows *rows)
{
    mc_rows_trim(rows, 0);
}

void mc_rows_trim(mc_rows *rows, size_t keep)
{
    mc_buffer_trim(&rows->numbers, keep);
    mc_buffer_trim(&rows->cells, keep);
    mc_buffer_trim(&rows->text, keep);
    mc_buffer_trim(&rows->items, keep);
    mc_buffer_trim(&rows->starts, keep);
    mc_buffer_trim(&rows->entry_at, keep);
    mc_buffer_trim(&rows->entries, keep);
    mc_buffer_trim(&rows->order, keep);
    mc_buffer_trim(&rows->marks, keep);
}

size_t mc_rows_bytes(const mc_rows *rows)
{
    return rows->numbers.room + rows->cells.room + rows->text.room + rows->items.room +
           rows->starts.room + rows->entry_at.room + rows->entries.room + rows->order.room +
           rows->marks.room;
}

static bool only_numbers(const mc_row_schema *schema)
{
    if (schema->n_numbers != schema->n_columns)
        return false;
    for (size_t i = 0; schema->columns != NULL && i < schema->n_columns; i++)
        if (schema->columns[i].kind != MC_COLUMN_NUMBER || schema->columns[i].slot != i)
            return false;
    return true;
}

void mc_rows_begin(mc_rows *rows, const mc_row_schema *schema)
{
    rows->schema = *schema;
    rows->numbers.size = rows->cells.size = rows->text.size = rows->items.size = 0;
    rows->n_rows = rows->n_seen = rows->guess = 0;
    rows->starts.size = rows->entry_at.size = rows->entries.size = 0;
    rows->sparse = schema->n_columns > 0 && mc_schema_kind(schema, 0) == MC_COLUMN_SPARSE;
    rows->all_numbers = only_numbers(schema);
    rows->came_sparse = rows->has_integer = rows->has_truth = rows->has_other = false;
    rows->by_name = false;
    rows->row_numbers = NULL;
    rows->row_cells = NULL;
}

/* ----------------------------------------------------------------------------- refusals ---- */

MC_PRINTF(4, 0)
static mc_status fail(const mc_rows *rows, const char *place, mc_error *err, const char *format,
                      va_list args)
{
    char text[MC_ERROR_MESSAGE];
    (void)vsnprintf(text, sizeof text, format, args);
    return mc_fail(err, MC_E_BAD_INPUT, rows->n_rows, "row %zu%s: %s", rows->n_rows, place, text);
}

mc_status mc_rows_fail(const mc_rows *rows, mc_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const mc_status status = fail(rows, "", err, format, args);
    va_end(args);
    return status;
}

mc_status mc_rows_fail_at(const mc_rows *rows, size_t column, mc_error *err, const char *format,
                          ...)
{
    char place[MC_ERROR_CONTEXT + 64];
    const mc_column *at = rows->schema.columns == NULL ? NULL : &rows->schema.columns[column];
    if (at == NULL || at->name == NULL) {
        (void)snprintf(place, sizeof place, ", column %zu", column);
    } else {
        const mc_bytes name = {(const uint8_t *)at->name, at->name_size};
        (void)snprintf(place, sizeof place, ", column \"%.*s\" (%zu)", MC_SHOW(name), column);
    }
    va_list args;
    va_start(args, format);
    const mc_status status = fail(rows, place, err, format, args);
    va_end(args);
    return status;
}

/* -------------------------------------------------------------------------------- values ---- */

static int64_t n_entries(const mc_rows *rows)
{
    return (int64_t)(rows->entries.size / sizeof(double));
}

/* Notes where the row begins, and makes room to note where it ends. */
static mc_status open_sparse(mc_rows *rows, mc_error *err)
{
    rows->starts.size = rows->n_rows * sizeof(int64_t);
    MC_TRY(mc_buffer_reserve(&rows->starts, 2 * sizeof(int64_t), err));
    ((int64_t *)(void *)rows->starts.data)[rows->n_rows] = n_entries(rows);
    rows->starts.size += sizeof(int64_t);
    return MC_OK;
}

mc_status mc_rows_open(mc_rows *rows, mc_error *err)
{
    if (rows->n_rows == MC_LIMIT_ROWS)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "more than %zu rows in one request",
                       MC_LIMIT_ROWS);
    const size_t numbers_size = rows->schema.n_numbers * sizeof(double);
    const size_t cells_size = rows->schema.n_cells * sizeof(mc_cell);
    MC_TRY(mc_buffer_reserve(&rows->numbers, numbers_size, err));
    MC_TRY(mc_buffer_reserve(&rows->cells, cells_size, err));
    if (numbers_size > 0)
        rows->row_numbers = (double *)(void *)(rows->numbers.data + rows->numbers.size);
    if (cells_size > 0)
        rows->row_cells = (mc_cell *)(void *)(rows->cells.data + rows->cells.size);
    rows->numbers.size += numbers_size;
    rows->cells.size += cells_size;
    return rows->sparse ? open_sparse(rows, err) : MC_OK;
}

void mc_rows_close(mc_rows *rows)
{
    rows->n_rows++;
    if (rows->sparse) /* mc_rows_open() has reserved it */
        ((int64_t *)(void *)rows->starts.data)[rows->n_rows] = n_entries(rows);
}

static mc_status to_number(mc_rows *rows, size_t column, const mc_cell *value, double *slot,
                           mc_error *err)
{
    switch ((mc_cell_kind)value->kind) {
    case MC_CELL_NONE:
        *slot = __builtin_nan("");
        break;
    case MC_CELL_NUMBER:
        *slot = value->as.number;
        break;
    case MC_CELL_INTEGER:
    case MC_CELL_BOOL:
        *slot = (double)value->as.integer;
        break;
    case MC_CELL_STRING: {
        const mc_bytes text = {(const uint8_t *)value->as.text, value->size};
        return mc_rows_fail_at(rows, column, err, "expected a number, found the string \"%.*s\"",
                               MC_SHOW(text));
    }
    case MC_CELL_LIST:
    case MC_CELL_DICT:
        MC_ASSERT(false); /* mc_rows_put() is given single values */
    }
    return MC_OK;
}

/* An entry of the open sparse row; +0.0 is none. */
static mc_status put_entry(mc_rows *rows, size_t column, double value, mc_error *err)
{
    const int32_t at = (int32_t)column; /* below MC_LIMIT_COLUMNS */
    if (value == 0.0 && !signbit(value))
        return MC_OK;
    MC_TRY(mc_buffer_append(&rows->entry_at, &at, sizeof at, err));
    return mc_buffer_append(&rows->entries, &value, sizeof value, err);
}

static mc_status put_number(mc_rows *rows, size_t column, const mc_cell *value, mc_error *err)
{
    double number = 0.0;
    MC_TRY(to_number(rows, column, value, &number, err));
    if (rows->sparse)
        return put_entry(rows, column, number, err);
    rows->row_numbers[mc_schema_slot(&rows->schema, column)] = number;
    return MC_OK;
}

mc_status mc_rows_put_run(mc_rows *rows, size_t first, const double *values, size_t n,
                          mc_error *err)
{
    MC_ASSERT(rows->sparse);
    for (size_t i = 0; i < n; i++)
        MC_TRY(put_entry(rows, first + i, values[i], err));
    return MC_OK;
}

mc_status mc_rows_keep_text(mc_rows *rows, mc_cell *cell, mc_error *err)
{
    const size_t at = rows->text.size;
    MC_TRY(mc_buffer_append(&rows->text, cell->as.text, cell->size, err));
    cell->as.integer = (int64_t)at; /* R2 */
    return MC_OK;
}

static mc_status put_cell(mc_rows *rows, size_t column, const mc_cell *value, mc_error *err)
{
    mc_cell *slot = &rows->row_cells[mc_schema_slot(&rows->schema, column)];
    *slot = *value;
    return value->kind == MC_CELL_STRING ? mc_rows_keep_text(rows, slot, err) : MC_OK;
}

void mc_rows_put_nested(mc_rows *rows, const mc_cell *value)
{
    if (mc_schema_kind(&rows->schema, 0) == MC_COLUMN_CELL)
        rows->row_cells[mc_schema_slot(&rows->schema, 0)] = *value;
}

mc_status mc_rows_put(mc_rows *rows, size_t column, const mc_cell *value, mc_error *err)
{
    MC_ASSERT(column < rows->schema.n_columns);
    if (mc_schema_kind(&rows->schema, column) != MC_COLUMN_UNUSED) {
        rows->has_integer = rows->has_integer || value->kind == MC_CELL_INTEGER;
        rows->has_truth = rows->has_truth || value->kind == MC_CELL_BOOL;
        rows->has_other =
            rows->has_other || (value->kind != MC_CELL_INTEGER && value->kind != MC_CELL_BOOL);
    }
    switch (mc_schema_kind(&rows->schema, column)) {
    case MC_COLUMN_UNUSED:
        break;
    case MC_COLUMN_NUMBER:
    case MC_COLUMN_SPARSE:
        return put_number(rows, column, value, err);
    case MC_COLUMN_CELL:
        return put_cell(rows, column, value, err);
    }
    return MC_OK;
}

/* --------------------------------------------------------------------------------- names ---- */

static bool has_name(const mc_column *column, mc_bytes name)
{
    return column->name != NULL && column->name_size == name.size &&
           memcmp(column->name, name.data, name.size) == 0;
}

size_t mc_rows_find(mc_rows *rows, mc_bytes name)
{
    const mc_row_schema *schema = &rows->schema;
    if (!schema->has_names)
        return MC_NO_COLUMN;
    size_t found = rows->guess;
    if (found >= schema->n_columns || !has_name(&schema->columns[found], name)) {
        const char *text = name.size == 0 ? "" : (const char *)name.data;
        if (schema->find_column(schema->find_context, text, name.size, &found) != MC_OK)
            return MC_NO_COLUMN;
        MC_ASSERT(found < schema->n_columns);
    }
    rows->guess = found + 1;
    return found;
}

mc_status mc_rows_start_marks(mc_rows *rows, mc_error *err)
{
    size_t size = 0;
    const bool fits = mc_mul_size(rows->schema.n_columns, sizeof(uint64_t), &size);
    MC_ASSERT(fits); /* MC_LIMIT_COLUMNS */
    if (rows->marks.size < size) {
        MC_TRY(mc_buffer_reserve(&rows->marks, size - rows->marks.size, err));
        memset(rows->marks.data + rows->marks.size, 0, size - rows->marks.size);
        rows->marks.size = size;
    }
    rows->by_name = true;
    rows->mark++;
    rows->n_seen = rows->guess = 0;
    return MC_OK;
}

bool mc_rows_mark(mc_rows *rows, size_t column)
{
    uint64_t *mark = (uint64_t *)(void *)rows->marks.data + column;
    if (*mark == rows->mark)
        return false;
    *mark = rows->mark;
    rows->n_seen += mc_schema_kind(&rows->schema, column) == MC_COLUMN_UNUSED ? 0 : 1;
    return true;
}

size_t mc_rows_unmarked(const mc_rows *rows)
{
    const mc_row_schema *schema = &rows->schema;
    if (rows->n_seen == (rows->sparse ? schema->n_columns : schema->n_numbers + schema->n_cells))
        return MC_NO_COLUMN;
    const uint64_t *marks = (const uint64_t *)(const void *)rows->marks.data;
    for (size_t i = 0; i < schema->n_columns; i++)
        if (mc_schema_kind(schema, i) != MC_COLUMN_UNUSED && marks[i] != rows->mark)
            return i;
    return MC_NO_COLUMN;
}

/* -------------------------------------------------------------------------- sparse, finish ---- */

/* Puts `heap[at]` where it belongs below it: the largest first. */
static void sift(int64_t *heap, size_t at, size_t n)
{
    const int64_t item = heap[at];
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= item)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
}

/* Heapsort: in place, and O(n log n) whatever a request holds. */
static void sort(int64_t *items, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(items, i, n);
    for (size_t left = n; left > 1; left--) {
        const int64_t largest = items[0];
        items[0] = items[left - 1];
        items[left - 1] = largest;
        sift(items, 0, left - 1);
    }
}

static bool ascends(const int64_t *items, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (items[i - 1] >= items[i])
            return false;
    return true;
}

static mc_status refuse_twice(const mc_rows *rows, int64_t index, mc_error *err)
{
    return mc_rows_fail(rows, err, "index %lld occurs twice", (long long)index);
}

/* Each index is there once. */
static mc_status check_once(mc_rows *rows, const int64_t *indices, size_t n, mc_error *err)
{
    if (ascends(indices, n))
        return MC_OK;
    rows->order.size = 0;
    MC_TRY(mc_buffer_append(&rows->order, indices, n * sizeof *indices, err));
    int64_t *sorted = (int64_t *)(void *)rows->order.data;
    sort(sorted, n);
    for (size_t i = 1; i < n; i++)
        if (sorted[i - 1] == sorted[i])
            return refuse_twice(rows, sorted[i], err);
    return MC_OK;
}

static mc_status check_indices(const mc_rows *rows, const int64_t *indices, size_t n, mc_error *err)
{
    const size_t n_columns = rows->schema.n_columns;
    for (size_t i = 0; i < n; i++) {
        if (indices[i] < 0 || (uint64_t)indices[i] >= n_columns)
            return mc_rows_fail(rows, err, "expected indices below %zu, found %lld", n_columns,
                                (long long)indices[i]);
    }
    return MC_OK;
}

/* Into slots: 0.0 everywhere else. */
static mc_status spread(mc_rows *rows, const int64_t *indices, const double *values, size_t n,
                        mc_error *err)
{
    const mc_cell zero = {.kind = MC_CELL_NUMBER, .as.number = 0.0};
    for (size_t i = 0; i < rows->schema.n_columns; i++)
        MC_TRY(mc_rows_put(rows, i, &zero, err));
    MC_TRY(mc_rows_start_marks(rows, err));
    for (size_t i = 0; i < n; i++) {
        const mc_cell value = {.kind = MC_CELL_NUMBER, .as.number = values[i]};
        if (!mc_rows_mark(rows, (size_t)indices[i]))
            return refuse_twice(rows, indices[i], err);
        MC_TRY(mc_rows_put(rows, (size_t)indices[i], &value, err));
    }
    return MC_OK;
}

mc_status mc_rows_put_sparse(mc_rows *rows, const int64_t *indices, const double *values, size_t n,
                             mc_error *err)
{
    rows->came_sparse = rows->has_other = true;
    MC_TRY(check_indices(rows, indices, n, err));
    if (!rows->sparse)
        return spread(rows, indices, values, n, err);
    MC_TRY(check_once(rows, indices, n, err));
    for (size_t i = 0; i < n; i++) {
        const int32_t at = (int32_t)indices[i];
        MC_TRY(mc_buffer_append(&rows->entry_at, &at, sizeof at, err));
    }
    return mc_buffer_append(&rows->entries, values, n * sizeof *values, err);
}

/* R2: offsets become pointers. */
static void point(const mc_rows *rows, mc_cell *cells, size_t n)
{
    const char *text = rows->text.data == NULL ? "" : (const char *)rows->text.data;
    const mc_cell *items = (const mc_cell *)(const void *)rows->items.data;
    for (size_t i = 0; i < n; i++) {
        if (cells[i].kind == MC_CELL_STRING)
            cells[i].as.text = text + cells[i].as.integer;
        else if (cells[i].kind > MC_CELL_STRING) /* an empty one may have no items to point to */
            cells[i].as.items = cells[i].size == 0 ? NULL : items + cells[i].as.integer;
    }
}

void mc_rows_finish(mc_rows *rows, mc_input *out)
{
    mc_cell *cells = (mc_cell *)(void *)rows->cells.data;
    const size_t n_cells = rows->n_rows * rows->schema.n_cells;
    MC_ASSERT(rows->numbers.size ==
              rows->n_rows * rows->schema.n_numbers * sizeof(double)); /* R1 */
    MC_ASSERT(rows->cells.size == n_cells * sizeof(mc_cell));
    point(rows, cells, n_cells);
    point(rows, (mc_cell *)(void *)rows->items.data, rows->items.size / sizeof(mc_cell));
    *out = (mc_input){.layout = MC_LAYOUT_SLOTS,
                      .sparse = rows->came_sparse,
                      .integers = rows->has_integer && !rows->has_other,
                      .truths = rows->has_truth && !rows->has_integer && !rows->has_other &&
                                !rows->by_name,
                      .n_rows = rows->n_rows};
    out->as.slots.numbers = (const double *)(const void *)rows->numbers.data;
    out->as.slots.cells = cells;
    if (rows->sparse) {
        out->as.slots.rows =
            (mc_csr_data){.n_columns = rows->schema.n_columns,
                          .indptr = (const int64_t *)(const void *)rows->starts.data,
                          .indices = (const int32_t *)(const void *)rows->entry_at.data,
                          .data = (const double *)(const void *)rows->entries.data};
    }
}
