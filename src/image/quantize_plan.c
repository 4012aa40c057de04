/* quantize_plan.c: reads the program for what each array is used as, then looks at its numbers.
 *
 * Why so   An array may serve several steps, of both programs: it is narrow only if all of them say
 *          the same of it.
 *          What a tree keeps about its rows must fit the rounded ones, so rows, bounds and radii
 *          are narrow together or not at all. */
#include "image/quantize_plan.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "image/builder_state.h"
#include "image/steps.h"
#include "kernel/distance.h"
#include "kernel/kernels.h"

/* -------------------------------------------------------------------------------- uses ---- */

static mc_quantize_use use_of(uint32_t op, size_t slot)
{
#define QUANTIZE(OP, SLOT, USE)             \
    if (op == MC_OP_##OP && slot == (SLOT)) \
        return MC_USE_##USE;
#include "image/quantize.def"
#undef QUANTIZE
    return MC_USE_OTHER;
}

/* Leaves of one number are a fiftieth of a forest, and cost a tenth of its speed. */
static bool are_few_leaves(const mc_view *program, const mc_step *step)
{
    const mc_image_array *nodes = &program->arrays[step->array[0]];
    const mc_image_array *leaves = &program->arrays[step->array[2]];
    return leaves->n_items * sizeof(double) < nodes->n_items * mc_array_item_size(nodes->type) / 4;
}

static mc_narrow_plan plan_of(const mc_view *program, const mc_step *step, size_t slot)
{
    mc_narrow_plan out = {.use = use_of(step->op, slot), .rows = MC_NONE};
    const bool has_radii =
        step->op == MC_OP_KERNEL_DENSITY && (step->flags & MC_STEP_BALL_TREE) != 0;
    const bool has_metric =
        step->op != MC_OP_FILL_FROM_DONORS && step->op != MC_OP_BARYCENTER; /* but neighbours */
    if (has_radii) /* among other numbers, where nothing measures them again */
        out.use = MC_USE_OTHER;
    if (out.use == MC_USE_LEAVES)
        out.use = are_few_leaves(program, step) ? MC_USE_OTHER : MC_USE_FINE;
    if (out.use == MC_USE_BOUNDS || out.use == MC_USE_NORMS_OR_RADII)
        out.rows = step->array[0];
    if (out.use == MC_USE_TRAINING && has_metric)
        out.is_compared = step->n[0] >= MC_METRIC_HAMMING && step->n[0] <= MC_METRIC_YULE;
    if (out.use == MC_USE_NORMS_OR_RADII && step->array[2] != MC_NONE)
        out.tree = step;
    if (out.use == MC_USE_LANES) {
        const size_t d = program->buffers[step->src].width;
        out.height = (uint32_t)mc_pair_height((mc_pair_sum)step->n[0], d);
        out.has_squares = step->n[0] == MC_PAIR_EXPANDED;
        out.n_packed = program->buffers[step->dst].width;
        if (d == 0)
            out.use = MC_USE_OTHER;
    }
    return out;
}

/* Do both say the same of an array? Trees over the same rows are the same tree. */
static bool agree(const mc_narrow_plan *a, const mc_narrow_plan *b)
{
    const mc_step *x = a->tree, *y = b->tree;
    const bool same_tree = x == y || (x != NULL && y != NULL && x->array[3] == y->array[3] &&
                                      x->array[4] == y->array[4]);
    return a->use == b->use && a->rows == b->rows && same_tree && a->height == b->height &&
           a->has_squares == b->has_squares && a->n_packed == b->n_packed;
}

static void note_use(mc_quantize_plan *plan, const mc_view *program, const mc_step *step,
                     size_t slot)
{
    mc_narrow_plan *known = &plan->arrays[step->array[slot]];
    const mc_image_array *array = &plan->view->arrays[step->array[slot]];
    mc_narrow_plan found = plan_of(program, step, slot);
    const bool numbers = array->type == MC_ARRAY_F64;
    if (found.use == MC_USE_CODES ? array->type != MC_ARRAY_U32 : !numbers)
        found.use = MC_USE_OTHER;
    if (known->use == MC_USE_NONE)
        *known = found;
    else if (!agree(known, &found))
        known->use = MC_USE_OTHER;
    known->is_compared = known->is_compared || found.is_compared;
}

/* Slots that a step does not use hold MC_NONE; what else is there was verified. */
static void note_uses(mc_quantize_plan *plan, const mc_view *program)
{
    for (uint32_t i = 0; i < program->n_steps; i++) {
        for (size_t slot = 0; slot < MC_STEP_ARRAYS; slot++)
            if (program->steps[i].array[slot] < plan->view->n_arrays)
                note_use(plan, program, &program->steps[i], slot);
    }
}

/* Takes back what one array of a step cannot follow; true if anything changed. */
static bool keep_together(mc_quantize_plan *plan, const mc_step *step)
{
    static const size_t SLOTS[] = {0, 4, 5};
    bool all = true, any = false;
    for (size_t i = 0; i < MC_COUNT_OF(SLOTS); i++) {
        const uint32_t id = step->array[SLOTS[i]];
        if (id == MC_NONE || use_of(step->op, SLOTS[i]) == MC_USE_OTHER)
            continue;
        const mc_quantize_use use = plan->arrays[id].use;
        all = all && use != MC_USE_OTHER;
        any = any || use != MC_USE_OTHER;
    }
    for (size_t i = 0; i < MC_COUNT_OF(SLOTS) && !all && any; i++)
        if (step->array[SLOTS[i]] != MC_NONE && use_of(step->op, SLOTS[i]) != MC_USE_OTHER)
            plan->arrays[step->array[SLOTS[i]]].use = MC_USE_OTHER;
    return !all && any;
}

static bool keep_program_together(mc_quantize_plan *plan, const mc_view *program)
{
    bool changed = false;
    for (uint32_t i = 0; i < program->n_steps; i++)
        if (use_of(program->steps[i].op, 0) == MC_USE_TRAINING)
            changed = keep_together(plan, &program->steps[i]) || changed;
    return changed;
}

/* Each round takes back at least one array. */
static void keep_trees_together(mc_quantize_plan *plan)
{
    bool changed = true;
    while (changed) {
        changed = keep_program_together(plan, plan->view);
        if (plan->back != NULL)
            changed = keep_program_together(plan, plan->back) || changed;
    }
}

/* ------------------------------------------------------------------------------- forms ---- */

typedef struct range {
    double least, most, size; /* of what is finite; size is the largest |value| */
    double least_row;         /* size of the smallest row of weights that is not 0; else size */
    double least_size;        /* the smallest |value| that is not 0 */
    bool all_finite, all_whole;
} range;

static void extend(range *of, double value)
{
    if (!isfinite(value)) {
        of->all_finite = false;
        return;
    }
    of->all_whole = of->all_whole && value == rint(value);
    of->least = fmin(of->least, value);
    of->most = fmax(of->most, value);
    of->size = fmax(of->size, fabs(value));
    if (value != 0.0)
        of->least_size = fmin(of->least_size, fabs(value));
}

static range no_range(void)
{
    return (range){.least = (double)INFINITY,
                   .most = -(double)INFINITY,
                   .least_size = (double)INFINITY,
                   .all_finite = true,
                   .all_whole = true};
}

static range range_of_row(const mc_view *view, uint32_t id, size_t row)
{
    const size_t n = view->arrays[id].n_cols;
    const double *items = mc_view_f64(view, id) + row * n;
    range out = no_range();
    for (size_t j = 0; j < n; j++)
        extend(&out, items[j]);
    return out;
}

/* Of weights, a row may be a column of the answer: however small beside others, bytes keep it. */
static range range_of(const mc_view *view, uint32_t id, mc_quantize_use use)
{
    range out = no_range();
    double least = (double)INFINITY;
    for (size_t i = 0; i < view->arrays[id].n_rows; i++) {
        const range row = range_of_row(view, id, i);
        out.all_finite = out.all_finite && row.all_finite;
        out.all_whole = out.all_whole && row.all_whole;
        out.least = fmin(out.least, row.least);
        out.most = fmax(out.most, row.most);
        out.size = fmax(out.size, row.size);
        out.least_size = fmin(out.least_size, row.least_size);
        least = row.size > 0.0 ? fmin(least, row.size) : least;
    }
    out.least_row = use == MC_USE_WEIGHT_ROWS ? fmin(least, out.size) : out.size;
    return out;
}

/* Where the largest number is smaller than this, floats would not be as exact as others are, and in
 * the end all of them 0. */
#define LEAST_SIZE 0x1p-100

/* Do floats that are at most `most` hold numbers of this size? */
static bool holds(const range *of, double most)
{
    return of->size <= most && (of->size == 0.0 || of->size > LEAST_SIZE);
}

/* Scales of rows of four numbers would take what bytes save; but F16 has one power of two for all
 * rows, and those far below others would be lost. */
static bool takes_bytes(const mc_image_array *array, mc_quantize_use use, const range *of)
{
    static const double HALVES_HOLD = 0x1p-29;
    const bool short_rows = use == MC_USE_WEIGHT_ROWS && array->n_cols <= 4;
    return of->all_finite && use != MC_USE_FINE &&
           !(short_rows && of->least_row >= of->size * HALVES_HOLD);
}

static mc_array_type type_for(const mc_quantize_plan *plan, uint32_t id, const range *of)
{
    const mc_image_array *array = &plan->view->arrays[id];
    const mc_quantize_use use = plan->arrays[id].use;
    static const double MOST_BF16 = 0x1.fep127;
    if (use == MC_USE_SINGLE)
        return of->size <= (double)FLT_MAX && of->least_size >= (double)FLT_MIN ? MC_ARRAY_F32
                                                                                : MC_ARRAY_F64;
    switch (plan->quantization) {
    case MC_QUANTIZE_F32:
        return holds(of, (double)FLT_MAX) ? MC_ARRAY_F32 : MC_ARRAY_F64;
    case MC_QUANTIZE_BF16:
        return holds(of, MOST_BF16) ? MC_ARRAY_BF16 : MC_ARRAY_F64;
    case MC_QUANTIZE_INT8:
        return takes_bytes(array, use, of) ? MC_ARRAY_I8 : MC_ARRAY_F16;
    case MC_QUANTIZE_F16:
        return MC_ARRAY_F16;
    case MC_QUANTIZE_NEVER:
    case MC_N_QUANTIZATIONS:
        break;
    }
    return MC_ARRAY_F64;
}

/* The power of two that brings the largest number just below 2^15. */
static uint32_t power_for(double size)
{
    const int exponent = size == 0.0 ? 0 : ilogb(size) - 14;
    return (uint32_t)(1023 + (exponent < -1022 ? -1022 : exponent));
}

static mc_status add_array(mc_quantize_plan *plan, mc_added_array array, const void *items,
                           size_t size, uint32_t *out_id, mc_error *err)
{
    array.at = plan->bytes.size;
    *out_id = plan->view->n_arrays + (uint32_t)(plan->added.size / sizeof array);
    MC_TRY(mc_vec_append(&plan->bytes, items, size, err));
    MC_TRY(mc_vec_align(&plan->bytes, sizeof(double), err));
    return mc_vec_append(&plan->added, &array, sizeof array, err);
}

static bool takes_whole_steps(const range *of)
{
    return of->all_whole && of->most - of->least <= 255.0 && of->size < 0x1p52;
}

/* 255 steps from the least to the most, with q 0 in the middle; steps of 1 where they are whole
 * numbers for which those are enough: pixels and counts come out exact. */
static void spread(const range *of, double *scale, double *offset)
{
    const bool none = of->least > of->most; /* no rows */
    *scale = none ? 0.0 : takes_whole_steps(of) ? 1.0 : of->most / 255.0 - of->least / 255.0;
    *offset = none ? 0.0 : *scale == 0.0 ? of->least : of->least + 128.0 * *scale;
}

/* Ranges of the columns, or of the lines that packed rows have in turn, without the lanes that fill
 * up the last block. */
static void ranges_of(const mc_quantize_plan *plan, uint32_t id, size_t n_lines, range *out)
{
    const mc_image_array *array = &plan->view->arrays[id];
    const double *items = mc_view_f64(plan->view, id);
    const size_t n = n_lines > 0 ? n_lines : array->n_cols;
    for (size_t i = 0; i < n; i++)
        out[i] = no_range();
    for (size_t i = 0; i < array->n_rows; i++) {
        for (size_t j = 0; j < array->n_cols; j++) {
            if (n_lines > 0 && i / n_lines * MC_PAIR_LANES + j >= plan->arrays[id].n_packed)
                break;
            extend(&out[n_lines > 0 ? i % n_lines : j], items[i * array->n_cols + j]);
        }
    }
}

static mc_status scales_of_columns(mc_quantize_plan *plan, uint32_t id, mc_error *err)
{
    mc_narrow_plan *to = &plan->arrays[id];
    const size_t lines = to->use == MC_USE_LANES ? to->height : 0;
    const size_t all = lines > 0 ? lines : plan->view->arrays[id].n_cols;
    const size_t n = all - (to->has_squares ? 1 : 0);
    mc_added_array added = {.type = MC_ARRAY_F64, .n_rows = 2, .n_cols = mc_u32_from_size(n)};
    if (lines > 0)
        added =
            (mc_added_array){.type = MC_ARRAY_F64, .n_rows = mc_u32_from_size(2 * n), .n_cols = 1};
    range *ranges = mc_alloc(all, sizeof *ranges);
    double *scales = mc_alloc(2 * n, sizeof *scales);
    mc_status status = MC_OK;
    if (ranges == NULL || scales == NULL) {
        status = mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for scales");
    } else {
        ranges_of(plan, id, lines, ranges);
        for (size_t i = 0; i < n; i++) {
            if (to->use == MC_USE_WEIGHT_COLUMNS)
                scales[i] = ranges[i].size / 127.0;
            else
                spread(&ranges[i], &scales[i], &scales[n + i]);
        }
        status = add_array(plan, added, scales, 2 * n * sizeof *scales, &to->scales, err);
    }
    mc_free(ranges);
    mc_free(scales);
    return status;
}

static mc_status scales_of_rows(mc_quantize_plan *plan, uint32_t id, mc_error *err)
{
    const size_t n = plan->view->arrays[id].n_rows;
    const mc_added_array added = {.type = MC_ARRAY_F32, .n_rows = mc_u32_from_size(n), .n_cols = 1};
    float *scales = mc_alloc(n, sizeof *scales);
    if (scales == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for scales");
    for (size_t i = 0; i < n; i++)
        scales[i] = (float)(range_of_row(plan->view, id, i).size / 127.0);
    const mc_status status =
        add_array(plan, added, scales, n * sizeof *scales, &plan->arrays[id].scales, err);
    mc_free(scales);
    return status;
}

/* Where floats would not do: as many lines as rows, and no offsets. Four times the room. */
static mc_status wide_scales_of_rows(mc_quantize_plan *plan, uint32_t id, mc_error *err)
{
    const size_t n = plan->view->arrays[id].n_rows;
    const mc_added_array added = {
        .type = MC_ARRAY_F64, .n_rows = mc_u32_from_size(2 * n), .n_cols = 1};
    double *scales = mc_alloc(2 * n, sizeof *scales);
    if (scales == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for scales");
    for (size_t i = 0; i < n; i++) {
        scales[i] = range_of_row(plan->view, id, i).size / 127.0;
        scales[n + i] = 0.0;
    }
    const mc_status status =
        add_array(plan, added, scales, 2 * n * sizeof *scales, &plan->arrays[id].scales, err);
    mc_free(scales);
    return status;
}

static mc_status scales_of(mc_quantize_plan *plan, uint32_t id, const range *of, mc_error *err)
{
    if (plan->arrays[id].use != MC_USE_WEIGHT_ROWS)
        return scales_of_columns(plan, id, err);
    return holds(of, (double)FLT_MAX) && of->least_row > LEAST_SIZE
               ? scales_of_rows(plan, id, err)
               : wide_scales_of_rows(plan, id, err);
}

/* Does its form hold every number of an array as it is? Of bytes: where each column takes steps
 * of 1. */
static bool is_exact(const mc_quantize_plan *plan, uint32_t id, const range *of)
{
    const mc_narrow_plan *to = &plan->arrays[id];
    const double *items = mc_view_f64(plan->view, id);
    const int power = (int)to->scales - 1023;
    bool exact = to->type != MC_ARRAY_I8 || takes_whole_steps(of);
    for (size_t i = 0; exact && i < plan->view->arrays[id].n_items; i++) {
        if (to->type == MC_ARRAY_F32)
            exact = (double)(float)items[i] == items[i];
        else if (to->type == MC_ARRAY_F16)
            exact = ldexp(mc_widen_f16(mc_narrow_f16(ldexp(items[i], -power))), power) == items[i];
        else if (to->type == MC_ARRAY_BF16)
            exact = mc_widen_bf16(mc_narrow_bf16(items[i])) == items[i];
    }
    return exact;
}

static mc_status choose(mc_quantize_plan *plan, uint32_t id, mc_error *err)
{
    mc_narrow_plan *to = &plan->arrays[id];
    const range of = range_of(plan->view, id, to->use);
    to->type = type_for(plan, id, &of);
    if (to->type == MC_ARRAY_F16)
        to->scales = power_for(of.size);
    if (to->is_compared && !is_exact(plan, id, &of)) {
        to->type = MC_ARRAY_F64;
        to->scales = 0;
    }
    return to->type == MC_ARRAY_I8 ? scales_of(plan, id, &of, err) : MC_OK;
}

static bool are_small(const mc_view *view, uint32_t id)
{
    const uint32_t *codes = mc_view_u32(view, id);
    uint32_t most = 0;
    for (size_t i = 0; i < view->arrays[id].n_items; i++)
        most = codes[i] > most ? codes[i] : most;
    return most <= UINT8_MAX;
}

/* What follows from the rows: bounds, norms, radii. */
static void follow_rows(mc_quantize_plan *plan)
{
    for (uint32_t id = 0; id < plan->view->n_arrays; id++) {
        mc_narrow_plan *to = &plan->arrays[id];
        if (to->use != MC_USE_BOUNDS && to->use != MC_USE_NORMS_OR_RADII)
            continue;
        if (!mc_plan_narrows(plan, to->rows)) {
            to->use = MC_USE_OTHER;
        } else if (to->use == MC_USE_BOUNDS) {
            to->type = plan->arrays[to->rows].type;
            to->scales = plan->arrays[to->rows].scales;
        }
    }
}

mc_status mc_quantize_plan_make(mc_quantize_plan *plan, mc_error *err)
{
    const mc_view *view = plan->view;
    plan->arrays = mc_alloc(view->n_arrays, sizeof *plan->arrays);
    if (plan->arrays == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to quantize");
    note_uses(plan, view);
    if (plan->back != NULL)
        note_uses(plan, plan->back);
    keep_trees_together(plan);
    for (uint32_t id = 0; id < view->n_arrays; id++) {
        mc_narrow_plan *to = &plan->arrays[id];
        const bool small = view->arrays[id].n_items < plan->least_items;
        to->type = view->arrays[id].type;
        if (to->use == MC_USE_CODES && !small && are_small(view, id))
            to->type = MC_ARRAY_U8;
        if (to->use >= MC_USE_WEIGHT_ROWS && to->use <= MC_USE_FINE && !small)
            MC_TRY(choose(plan, id, err));
    }
    follow_rows(plan);
    return MC_OK;
}

void mc_quantize_plan_fini(mc_quantize_plan *plan)
{
    mc_free(plan->arrays);
    mc_vec_fini(&plan->added);
    mc_vec_fini(&plan->bytes);
}
