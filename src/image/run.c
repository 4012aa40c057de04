/* run.c: the program interpreter: a method of an image on a batch of rows.
 *
 * HOW IT WORKS  Rows go through the program in blocks that fit the cache; each step computes a
 *               whole block. A row's answer depends on that row alone, never on the block: kernels
 *               sum in an order fixed by the model (row invariance).
 * Cost          O(n_rows * steps); no allocation once the workspace has grown, no lock, no I/O. */
#include <string.h>

#include "base/limits.h"
#include "base/size.h"
#include "image/image.h"
#include "image/input.h"
#include "image/steps.h"
#include "image/workspace.h"

static const size_t TYPE_SIZE[MC_N_BUFFER_TYPES] = {
    [MC_BUFFER_F64] = 8, [MC_BUFFER_F32] = 4, [MC_BUFFER_I32] = 4, [MC_BUFFER_CELL] = 16};

#define BLOCK_BYTES ((size_t)192 << 10) /* of all buffers: within a core's L2 */
#define BLOCK_ROWS  256u

typedef struct plan {
    mc_run run;
    const mc_image_method *method;
    const mc_input *asked; /* as it came */
    const mc_input *input; /* in slots */
    size_t block_rows;
} plan;

static const mc_image_method *find_method(const mc_view *view, mc_method method)
{
    for (uint32_t i = 0; i < view->n_methods; i++)
        if (view->methods[i].method == (uint32_t)method)
            return &view->methods[i];
    return NULL;
}

static const mc_step *step_at(const plan *p, uint32_t i)
{
    return &p->run.view->steps[p->run.view->step_list[p->method->steps.first + i]];
}

static size_t buffer_row(const mc_view *view, uint32_t buffer)
{
    return TYPE_SIZE[view->buffers[buffer].type] * view->buffers[buffer].width;
}

/* Adds a matrix to what a region must hold, with room to round it up. */
static mc_status add_rows(size_t *size, size_t rows, size_t row_bytes, mc_error *err)
{
    size_t bytes = 0;
    if (!mc_mul_size(rows, row_bytes, &bytes) || !mc_add_size(bytes, MC_IMAGE_ALIGN, &bytes) ||
        !mc_add_size(*size, bytes, size))
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                       "the batch needs more request memory than can be counted");
    return MC_OK;
}

/* Divides the block's memory among the destinations of the method's steps. */
static mc_status place_buffers(plan *p, size_t n_rows, mc_workspace *workspace, mc_error *err)
{
    const mc_view *view = p->run.view;
    size_t row_bytes = 0; /* at most 2^32 steps of 2^30 bytes */
    for (uint32_t i = 0; i < p->method->steps.n; i++)
        row_bytes += buffer_row(view, step_at(p, i)->dst);
    size_t rows = row_bytes == 0 ? BLOCK_ROWS : BLOCK_BYTES / row_bytes;
    rows = rows > BLOCK_ROWS ? BLOCK_ROWS : rows == 0 ? 1 : rows;
    p->block_rows = rows < n_rows ? rows : n_rows;

    const size_t table = mc_round_up(view->n_buffers * sizeof(void *), 64);
    size_t size = table;
    uint8_t *at = NULL;
    for (uint32_t i = 0; i < p->method->steps.n; i++)
        MC_TRY(add_rows(&size, p->block_rows, buffer_row(view, step_at(p, i)->dst), err));
    MC_TRY(mc_workspace_need(workspace, MC_REGION_BLOCK, size, &at, err));
    p->run.buffers = (void **)(void *)at;
    at += table;
    for (uint32_t i = 0; i < p->method->steps.n; i++) {
        const uint32_t dst = step_at(p, i)->dst;
        p->run.buffers[dst] = at;
        at += mc_round_up(p->block_rows * buffer_row(view, dst), 64);
    }
    return MC_OK;
}

static bool is_integer(mc_dtype dtype)
{
    return dtype == MC_DTYPE_I64 || dtype == MC_DTYPE_I32 || dtype == MC_DTYPE_U8;
}

/* Rows of a request (SLOTS) have no dtype: they count as floats. */
static bool came_as_integers(const mc_view *view, const mc_input *input)
{
    if (input->layout == MC_LAYOUT_DENSE)
        return is_integer(input->as.dense.dtype);
    if (input->layout != MC_LAYOUT_COLUMNS)
        return false;
    for (uint32_t i = 0; i < view->n_columns; i++) {
        if (view->columns[i].kind != MC_COLUMN_UNUSED &&
            !is_integer(input->as.columns.columns[i].dtype))
            return false;
    }
    return true;
}

static mc_part part_of(const mc_view *view, const mc_image_part *part, const mc_input *asked)
{
    const bool as_integers = (part->flags & MC_PART_TYPE_AS_INPUT) &&
                             came_as_integers(view, asked) && part->type == MC_VALUE_FLOAT;
    const bool came_sparse = asked->sparse || asked->layout == MC_LAYOUT_CSR;
    return (mc_part){
        .name = part->name.size == 0 ? NULL : view->strings + part->name.at,
        .type = as_integers ? MC_VALUE_INT : (mc_value_type)part->type,
        .scalar = (part->flags & MC_PART_SCALAR) != 0,
        .sparse = (part->flags & MC_PART_SPARSE) != 0 ||
                  ((part->flags & MC_PART_SPARSE_AS_INPUT) && came_sparse),
        .classes = part->table,
        .n_columns = view->buffers[part->buffer].width,
    };
}

/* The answer's parts, with room for all rows when they come in more than one block. */
static mc_status place_answer(const plan *p, size_t n_rows, mc_workspace *workspace,
                              mc_part **out_parts, mc_error *err)
{
    const mc_view *view = p->run.view;
    const mc_image_part *parts = &view->parts[p->method->parts.first];
    const size_t n_parts = p->method->parts.n;
    size_t size = mc_round_up(n_parts * sizeof(mc_part), 64);
    const bool in_blocks = n_rows > p->block_rows;
    for (size_t i = 0; in_blocks && i < n_parts; i++)
        MC_TRY(add_rows(&size, n_rows, buffer_row(view, parts[i].buffer), err));
    uint8_t *at = NULL;
    MC_TRY(mc_workspace_need(workspace, MC_REGION_ANSWER, size, &at, err));
    mc_part *made = (mc_part *)(void *)at;
    at += mc_round_up(n_parts * sizeof(mc_part), 64);
    for (size_t i = 0; i < n_parts; i++) {
        made[i] = part_of(view, &parts[i], p->asked);
        if (!in_blocks)
            continue;
        made[i].data = at;
        at += mc_round_up(n_rows * buffer_row(view, parts[i].buffer), 64);
    }
    *out_parts = made;
    return MC_OK;
}

static mc_status run_block(plan *p, size_t first, size_t n, mc_error *err)
{
    const mc_view *view = p->run.view;
    p->run.first_row = first;
    p->run.n_rows = n;
    /* Steps write none but their own dst: the input stays as it is behind these pointers. */
    p->run.buffers[0] = (void *)((uintptr_t)p->input->as.slots.numbers +
                                 first * view->header->n_numbers * sizeof(double));
    p->run.buffers[1] = (void *)((uintptr_t)p->input->as.slots.cells +
                                 first * view->header->n_cells * sizeof(mc_cell));
    for (uint32_t i = 0; i < p->method->steps.n; i++) {
        const mc_step *step = step_at(p, i);
        MC_TRY(MC_OPS[step->op].run(&p->run, step, err));
    }
    return MC_OK;
}

static void keep_block(const plan *p, mc_part *parts, size_t n_rows)
{
    const mc_view *view = p->run.view;
    for (uint32_t i = 0; i < p->method->parts.n; i++) {
        const uint32_t buffer = view->parts[p->method->parts.first + i].buffer;
        const size_t row = buffer_row(view, buffer);
        if (n_rows <= p->block_rows)
            parts[i].data = p->run.buffers[buffer];
        else if (row > 0) /* the input's own cells may be NULL where it has none */
            memcpy((uint8_t *)(uintptr_t)parts[i].data + p->run.first_row * row,
                   p->run.buffers[buffer], p->run.n_rows * row);
    }
}

mc_status mc_image_run(const mc_image *image, mc_method method, const mc_input *input,
                       mc_workspace *workspace, mc_output *out, mc_error *err)
{
    mc_view view;
    mc_view_of(image->block, &view);
    plan p = {.run = {.view = &view}, .method = find_method(&view, method)};
    if (p.method == NULL) {
        return mc_fail(err, MC_E_NO_METHOD, MC_NO_OFFSET, "%.*s has no %s",
                       (int)view.header->estimator.size, view.strings + view.header->estimator.at,
                       mc_method_name(method));
    }
    if (input->n_rows > MC_LIMIT_ROWS)
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "%zu rows, at most %zu a request",
                       input->n_rows, MC_LIMIT_ROWS);
    mc_input slots;
    mc_part *parts = NULL;
    MC_TRY(mc_input_to_slots(&view, input, workspace, &slots, err));
    p.asked = input;
    p.input = &slots;
    MC_TRY(place_buffers(&p, input->n_rows, workspace, err));
    MC_TRY(place_answer(&p, input->n_rows, workspace, &parts, err));
    for (size_t first = 0; first < input->n_rows; first += p.block_rows) {
        const size_t left = input->n_rows - first;
        MC_TRY(run_block(&p, first, left < p.block_rows ? left : p.block_rows, err));
        keep_block(&p, parts, input->n_rows);
    }
    *out = (mc_output){.n_rows = input->n_rows,
                       .n_parts = p.method->parts.n,
                       .list = p.method->is_list != 0,
                       .parts = parts};
    return MC_OK;
}
