/* run.c: the program interpreter: a method of an image on a batch of rows.
 *
 * HOW IT WORKS  Rows go through the program in blocks that fit the cache; each step computes a
 *               whole block. A row's answer depends on that row alone, never on the block: kernels
 *               sum in an order fixed by the model (row invariance). What has no size before it
 *               runs, sparse rows, lies in the block's heap, which is emptied before each block.
 *               Values of pairs of rows, a covariance, are the exception: there the batch is one
 *               block, and a value depends on its two rows alone.
 * Cost          O(n_rows * steps); no allocation once the workspace has grown, no lock, no I/O. */
#include "base/limits.h"
#include "base/size.h"
#include "image/answer.h"
#include "image/any_width.h"
#include "image/image.h"
#include "image/input.h"
#include "image/steps.h"

#define BLOCK_BYTES ((size_t)192 << 10) /* of all buffers: within a core's L2 */
#define BLOCK_ROWS  256u

typedef struct plan {
    mc_run run;
    const mc_image_method *method;
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

/* Are there values of pairs of rows? Then all the rows must be there at once. */
static bool has_pairs(const plan *p)
{
    for (uint32_t i = 0; i < p->method->steps.n; i++)
        if (p->run.view->buffers[step_at(p, i)->dst].type == MC_BUFFER_PAIRS)
            return true;
    return false;
}

/* Divides the block's memory among the destinations of the method's steps. */
static mc_status place_buffers(plan *p, size_t n_rows, mc_error *err)
{
    const mc_view *view = p->run.view;
    const size_t input_row = view->header->n_sparse > 0 ? sizeof(mc_sparse_row) : 0;
    size_t row_bytes = input_row; /* may wrap for pairs of rows, whose block is the batch */
    for (uint32_t i = 0; i < p->method->steps.n; i++)
        row_bytes += mc_buffer_row(view, step_at(p, i)->dst, n_rows);
    size_t rows = row_bytes == 0 ? BLOCK_ROWS : BLOCK_BYTES / row_bytes;
    rows = rows > BLOCK_ROWS ? BLOCK_ROWS : rows == 0 ? 1 : rows;
    p->block_rows = rows < n_rows && !has_pairs(p) ? rows : n_rows;

    const size_t table = mc_round_up(view->n_buffers * sizeof(void *), 64);
    size_t size = table;
    uint8_t *at = NULL;
    MC_TRY(mc_add_rows(&size, p->block_rows, input_row, err));
    for (uint32_t i = 0; i < p->method->steps.n; i++)
        MC_TRY(mc_add_rows(&size, p->block_rows, mc_buffer_row(view, step_at(p, i)->dst, n_rows),
                           err));
    MC_TRY(mc_workspace_need(p->run.workspace, MC_REGION_BLOCK, size, &at, err));
    p->run.buffers = (void **)(void *)at;
    p->run.buffers[0] = p->run.buffers[1] = NULL; /* until the block: see run_block() */
    at += table;
    p->run.buffers[MC_SPARSE_INPUT] = at;
    at += mc_round_up(p->block_rows * input_row, 64);
    for (uint32_t i = 0; i < p->method->steps.n; i++) {
        const uint32_t dst = step_at(p, i)->dst;
        p->run.buffers[dst] = at;
        at += mc_round_up(p->block_rows * mc_buffer_row(view, dst, n_rows), 64);
    }
    return MC_OK;
}

static mc_status run_block(plan *p, size_t first, size_t n, mc_error *err)
{
    const mc_view *view = p->run.view;
    p->run.first_row = first;
    p->run.n_rows = n;
    mc_workspace_reset(p->run.workspace, MC_HEAP_BLOCK);
    if (view->header->n_sparse > 0) {
        MC_TRY(mc_input_rows(&p->run, p->input, err));
    } else {
        /* Steps write none but their own dst: the input stays as it is behind these pointers. */
        p->run.buffers[0] = (void *)((uintptr_t)p->input->as.slots.numbers +
                                     first * view->header->n_numbers * sizeof(double));
        p->run.buffers[1] = (void *)((uintptr_t)p->input->as.slots.cells +
                                     first * view->header->n_cells * sizeof(mc_cell));
    }
    for (uint32_t i = 0; i < p->method->steps.n; i++) {
        const mc_step *step = step_at(p, i);
        MC_TRY(MC_OPS[step->op].run(&p->run, step, err));
    }
    return MC_OK;
}

mc_status mc_image_run(const mc_image *image, mc_method method, const mc_input *input,
                       mc_workspace *workspace, mc_output *out, mc_error *err)
{
    mc_view view;
    mc_view_of(image->block, &view);
    plan p = {.run = {.view = &view,
                      .workspace = workspace,
                      .patterns = image->patterns,
                      .came_sparse = input->sparse || input->layout == MC_LAYOUT_CSR,
                      .came_as_integers = mc_came_as_integers(&view, input),
                      .came_as_truths = mc_came_as_truths(input)},
              .method = find_method(&view, method)};
    if (p.method == NULL) {
        return mc_fail(err, MC_E_NO_METHOD, MC_NO_OFFSET, "%.*s has no %s",
                       (int)view.header->estimator.size, view.strings + view.header->estimator.at,
                       mc_method_name(method));
    }
    if (input->n_rows > MC_LIMIT_ROWS)
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "%zu rows, at most %zu a request",
                       input->n_rows, MC_LIMIT_ROWS);
    mc_input slots = {.layout = MC_LAYOUT_SLOTS, .n_rows = input->n_rows};
    mc_answer_room answer;
    if (view.header->flags & MC_IMAGE_ANY_WIDTH)
        MC_TRY(mc_open_prepare(&view, p.method, input, workspace, &p.run.open, err));
    else
        MC_TRY(mc_input_to_slots(&view, input, workspace, &slots, err));
    p.input = &slots;
    MC_TRY(place_buffers(&p, input->n_rows, err));
    MC_TRY(mc_answer_place(&p.run, p.method, input, input->n_rows > p.block_rows, &answer, err));
    for (size_t first = 0; first < input->n_rows; first += p.block_rows) {
        const size_t left = input->n_rows - first;
        MC_TRY(run_block(&p, first, left < p.block_rows ? left : p.block_rows, err));
        MC_TRY(mc_answer_keep(&answer, &p.run, err));
    }
    return mc_answer_finish(&answer, &p.run, out, err);
}
