/* answer.c: the parts of an answer, collected block by block.
 *
 * HOW IT WORKS  One block: dense parts are the block's buffers themselves. More: each block's rows
 *               are copied behind those before it. How long sparse rows are is known when all are
 *               there: until then they wait in a heap, and then they are put one behind the other.
 */
#include "image/answer.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

static const size_t TYPE_SIZE[MC_N_BUFFER_TYPES] = {
    [MC_BUFFER_F64] = 8, [MC_BUFFER_F32] = 4, [MC_BUFFER_I32] = 4, [MC_BUFFER_CELL] = 16};

size_t mc_buffer_row(const mc_view *view, uint32_t buffer, size_t n_batch)
{
    const mc_image_buffer *at = &view->buffers[buffer];
    if (at->type == MC_BUFFER_PAIRS) /* does not wrap: MC_LIMIT_ROWS, MC_LIMIT_WIDTH */
        return sizeof(double) * at->width * n_batch;
    return at->type == MC_BUFFER_CSR ? sizeof(mc_sparse_row) : TYPE_SIZE[at->type] * at->width;
}

mc_status mc_add_rows(size_t *size, size_t rows, size_t row_bytes, mc_error *err)
{
    size_t bytes = 0;
    if (!mc_mul_size(rows, row_bytes, &bytes) || !mc_add_size(bytes, MC_IMAGE_ALIGN, &bytes) ||
        !mc_add_size(*size, bytes, size))
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                       "the batch needs more request memory than can be counted");
    return MC_OK;
}

/* ------------------------------------------------------------------------------- parts ---- */

static bool is_integer(mc_dtype dtype)
{
    return dtype == MC_DTYPE_I64 || dtype == MC_DTYPE_I32 || dtype == MC_DTYPE_U8;
}

bool mc_came_as_integers(const mc_view *view, const mc_input *input)
{
    if (input->layout == MC_LAYOUT_DENSE)
        return is_integer(input->as.dense.dtype);
    if (input->layout != MC_LAYOUT_COLUMNS)
        return input->layout == MC_LAYOUT_SLOTS && input->integers;
    const bool is_open = (view->header->flags & MC_IMAGE_ANY_WIDTH) != 0;
    for (uint32_t i = 0; i < input->as.columns.n_columns; i++) {
        if (mc_view_column(view, is_open ? 0 : i).kind != MC_COLUMN_UNUSED &&
            !is_integer(input->as.columns.columns[i].dtype))
            return false;
    }
    return true;
}

bool mc_came_as_truths(const mc_input *input)
{
    return input->layout == MC_LAYOUT_DENSE ? input->as.dense.dtype == MC_DTYPE_BOOL
                                            : input->layout == MC_LAYOUT_SLOTS && input->truths;
}

/* How numbers are shown, which may be as what the rows came as. */
static mc_value_type type_of(const mc_view *view, const mc_image_part *part, const mc_input *asked)
{
    if (part->type != MC_VALUE_FLOAT)
        return (mc_value_type)part->type;
    if ((part->flags & MC_PART_TYPE_AS_INPUT) && mc_came_as_integers(view, asked))
        return MC_VALUE_INT;
    if (!mc_came_as_truths(asked))
        return MC_VALUE_FLOAT;
    return part->flags & MC_PART_BOOLS_STAY    ? MC_VALUE_BOOL
           : part->flags & MC_PART_BOOLS_COUNT ? MC_VALUE_INT
                                               : MC_VALUE_FLOAT;
}

static mc_part part_of(const mc_view *view, const mc_image_part *part, const mc_input *asked)
{
    const mc_image_buffer *buffer = &view->buffers[part->buffer];
    const bool of_pairs = buffer->type == MC_BUFFER_PAIRS;
    const bool came_sparse = asked->sparse || asked->layout == MC_LAYOUT_CSR;
    return (mc_part){
        .name = part->name.size == 0 ? NULL : view->strings + part->name.at,
        .type = type_of(view, part, asked),
        .scalar = (part->flags & MC_PART_SCALAR) != 0,
        .sparse = (part->flags & MC_PART_SPARSE) != 0 ||
                  ((part->flags & MC_PART_SPARSE_AS_INPUT) && came_sparse),
        .classes = part->table,
        .n_columns = of_pairs ? asked->n_rows * buffer->width : buffer->width,
        .n_deep = of_pairs ? buffer->width : 0,
    };
}

/* How a part's rows get from the block to the answer. */
typedef enum way {
    WAY_COPY,    /* a dense buffer, as it is */
    WAY_SPARSE,  /* sparse rows, shown as such */
    WAY_SCATTER, /* sparse rows, shown with their zeros */
} way;

static way way_of(const mc_view *view, uint32_t buffer, const mc_part *part)
{
    if (view->buffers[buffer].type != MC_BUFFER_CSR)
        return WAY_COPY;
    return part->sparse ? WAY_SPARSE : WAY_SCATTER;
}

static uint32_t buffer_of(const mc_view *view, const mc_answer_room *answer, size_t part)
{
    return view->parts[answer->method->parts.first + part].buffer;
}

/* Bytes that a part's row takes in the region of answers. */
static size_t row_bytes(const mc_view *view, const mc_answer_room *answer, uint32_t buffer,
                        const mc_part *part)
{
    if (way_of(view, buffer, part) == WAY_SCATTER)
        return part->n_columns * sizeof(double);
    return answer->in_blocks ? mc_buffer_row(view, buffer, answer->n_rows) : 0;
}

/* Room for the parts and the rows of each; `table` is the size of what stands before the rows. */
static mc_status place_rows(const mc_run *run, const mc_input *asked, size_t table,
                            mc_answer_room *out, mc_error *err)
{
    const mc_view *view = run->view;
    const mc_image_part *parts = &view->parts[out->method->parts.first];
    const size_t n = out->method->parts.n;
    size_t size = table;
    uint8_t *at = NULL;
    for (size_t i = 0; i < n; i++) {
        const mc_part part = part_of(view, &parts[i], asked);
        MC_TRY(mc_add_rows(&size, out->n_rows, row_bytes(view, out, parts[i].buffer, &part), err));
    }
    MC_TRY(mc_workspace_need(run->workspace, MC_REGION_ANSWER, size, &at, err));
    out->parts = (mc_part *)(void *)at;
    out->rows = (const mc_sparse_row **)(void *)(at + n * sizeof(mc_part));
    at += table;
    for (size_t i = 0; i < n; i++) {
        mc_part *part = &out->parts[i];
        *part = part_of(view, &parts[i], asked);
        out->rows[i] = NULL;
        const size_t row = row_bytes(view, out, parts[i].buffer, part);
        if (way_of(view, parts[i].buffer, part) == WAY_SPARSE)
            out->rows[i] = (const mc_sparse_row *)(void *)at;
        else if (row > 0)
            part->data = at;
        at += mc_round_up(out->n_rows * row, 64);
    }
    return MC_OK;
}

mc_status mc_answer_place(const mc_run *run, const mc_image_method *method, const mc_input *asked,
                          bool in_blocks, mc_answer_room *out, mc_error *err)
{
    mc_answer_room made = {.method = method, .n_rows = asked->n_rows, .in_blocks = in_blocks};
    const size_t table =
        mc_round_up(method->parts.n * (sizeof(mc_part) + sizeof(mc_sparse_row *)), 64);
    mc_workspace_reset(run->workspace, MC_HEAP_ANSWER);
    MC_TRY(place_rows(run, asked, table, &made, err));
    *out = made;
    return MC_OK;
}

/* ------------------------------------------------------------------------------ blocks ---- */

static void scatter(const mc_run *run, const mc_sparse_row *rows, const mc_part *part)
{
    double *out = (double *)(uintptr_t)part->data + run->first_row * part->n_columns;
    for (size_t i = 0; i < run->n_rows; i++)
        mc_sparse_scatter(&rows[i], part->n_columns, out + i * part->n_columns);
}

/* Copies rows out of the block's heap, which the next block empties. */
static mc_status keep_rows(const mc_run *run, const mc_sparse_row *rows, mc_sparse_row *out,
                           mc_error *err)
{
    for (size_t i = 0; i < run->n_rows; i++) {
        const size_t n = rows[i].n;
        void *memory = NULL;
        MC_TRY(mc_workspace_room(run->workspace, MC_HEAP_ANSWER,
                                 n * (sizeof(double) + sizeof(uint32_t)), &memory, err));
        double *values = memory;
        uint32_t *at = (uint32_t *)(void *)(values + n);
        if (n > 0) { /* the rows of a request may point to nothing */
            memcpy(values, rows[i].values, n * sizeof *values);
            memcpy(at, rows[i].at, n * sizeof *at);
        }
        out[i] = (mc_sparse_row){at, values, n};
    }
    return MC_OK;
}

/* Integers go through the program as doubles, which tell those below 2**53 apart. */
static mc_status check_integers(const mc_run *run, const double *x, size_t width, mc_error *err)
{
    for (size_t i = 0; i < run->n_rows * width; i++) {
        if (!(fabs(x[i]) < 0x1p53)) {
            return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i / width,
                           "row %zu, column %zu: scikit-learn answers integers with integers, and "
                           "those from 2**53 on are not exact here; give the row as floats",
                           run->first_row + i / width, i % width);
        }
    }
    return MC_OK;
}

static mc_status keep_part(const mc_answer_room *answer, const mc_run *run, size_t i, mc_error *err)
{
    mc_part *part = &answer->parts[i];
    const uint32_t buffer = buffer_of(run->view, answer, i);
    const void *block = run->buffers[buffer];
    const size_t row = mc_buffer_row(run->view, buffer, answer->n_rows);
    const mc_image_part *made = &run->view->parts[answer->method->parts.first + i];
    if ((made->flags & MC_PART_TYPE_AS_INPUT) && part->type == MC_VALUE_INT &&
        run->view->buffers[buffer].type == MC_BUFFER_F64)
        MC_TRY(check_integers(run, block, part->n_columns, err));
    switch (way_of(run->view, buffer, part)) {
    case WAY_COPY:
        if (!answer->in_blocks)
            part->data = block;
        else if (row > 0) /* the input's own cells may be NULL where it has none */
            memcpy((uint8_t *)(uintptr_t)part->data + run->first_row * row, block,
                   run->n_rows * row);
        break;
    case WAY_SCATTER:
        if (part->n_columns > 0)
            scatter(run, block, part);
        break;
    case WAY_SPARSE:
        if (!answer->in_blocks)
            answer->rows[i] = block;
        else
            MC_TRY(keep_rows(run, block,
                             (mc_sparse_row *)(uintptr_t)answer->rows[i] + run->first_row, err));
        break;
    }
    return MC_OK;
}

mc_status mc_answer_keep(const mc_answer_room *answer, const mc_run *run, mc_error *err)
{
    for (size_t i = 0; i < answer->method->parts.n; i++)
        MC_TRY(keep_part(answer, run, i, err));
    return MC_OK;
}

/* ------------------------------------------------------------------------------ finish ---- */

static size_t count_entries(const mc_sparse_row *rows, size_t n_rows)
{
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++)
        n += rows[i].n;
    return n;
}

/* Lays the rows of a part one behind the other from `at` on; returns where the next may begin. */
static uint8_t *lay_rows(const mc_sparse_row *rows, size_t n_rows, mc_part *part, uint8_t *at)
{
    const size_t n = count_entries(rows, n_rows);
    MC_ASSERT(at != NULL); /* room for indptr[0] is there even if no row is */
    double *values = (double *)(void *)at;
    int64_t *indptr = (int64_t *)(void *)(values + n);
    int32_t *indices = (int32_t *)(void *)(indptr + n_rows + 1);
    part->values = values;
    part->indptr = indptr;
    part->indices = indices;
    indptr[0] = 0;
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < rows[i].n; j++) {
            *values++ = rows[i].values[j];
            *indices++ = (int32_t)rows[i].at[j]; /* below MC_LIMIT_WIDTH */
        }
        indptr[i + 1] = indptr[i] + (int64_t)rows[i].n;
    }
    return at + mc_round_up((size_t)((uint8_t *)indices - at), 64);
}

/* Parts of rows that ran as their entries (any_width.c): each value where its entry was. */
static mc_status put_entries(const mc_answer_room *answer, const mc_run *run, mc_error *err)
{
    const mc_open_rows *open = &run->open;
    for (size_t i = 0; i < answer->method->parts.n; i++) {
        mc_part *part = &answer->parts[i];
        const double *values = part->data;
        void *memory = NULL; /* one more: of no rows there is no part without rows */
        MC_TRY(mc_workspace_room(run->workspace, MC_HEAP_ANSWER,
                                 (answer->n_rows + 1) * sizeof(mc_sparse_row), &memory, err));
        mc_sparse_row *rows = memory;
        for (size_t row = 0; row < answer->n_rows; row++, values += open->width)
            rows[row] = (mc_sparse_row){open->entries[row].at, values, open->entries[row].n};
        answer->rows[i] = rows;
        part->data = NULL;
        part->n_columns = open->n_columns;
    }
    return MC_OK;
}

mc_status mc_answer_finish(const mc_answer_room *answer, const mc_run *run, mc_output *out,
                           mc_error *err)
{
    const size_t n_parts = answer->method->parts.n;
    size_t size = 0;
    uint8_t *at = NULL;
    if (run->open.entries != NULL)
        MC_TRY(put_entries(answer, run, err));
    for (size_t i = 0; i < n_parts; i++) {
        if (answer->rows[i] == NULL)
            continue;
        MC_TRY(mc_add_rows(&size, count_entries(answer->rows[i], answer->n_rows),
                           sizeof(double) + sizeof(int32_t), err));
        MC_TRY(mc_add_rows(&size, answer->n_rows + 1, sizeof(int64_t), err));
    }
    if (size > 0)
        MC_TRY(mc_workspace_need(run->workspace, MC_REGION_SPARSE, size, &at, err));
    for (size_t i = 0; i < n_parts; i++)
        if (answer->rows[i] != NULL)
            at = lay_rows(answer->rows[i], answer->n_rows, &answer->parts[i], at);
    *out = (mc_output){.n_rows = answer->n_rows,
                       .n_parts = n_parts,
                       .list = answer->method->is_list != 0,
                       .parts = answer->parts};
    return MC_OK;
}
