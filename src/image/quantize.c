/* quantize.c: writes the image that quantize_plan.c has planned.
 *
 * Cost     O(size); holds both images. Steps keep their arrays by number: narrow ones take the
 * place of wide ones, and scales come behind them all. */
#include "image/quantize.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "image/builder_state.h"
#include "image/quantize_plan.h"
#include "kernel/distance.h"
#include "kernel/kernels.h"
#include "kernel/neighbors.h"

static const char *const NAMES[MC_N_QUANTIZATIONS] = {
    [MC_QUANTIZE_NEVER] = "never", [MC_QUANTIZE_F32] = "f32",   [MC_QUANTIZE_F16] = "f16",
    [MC_QUANTIZE_BF16] = "bf16",   [MC_QUANTIZE_INT8] = "int8",
};

const char *mc_quantization_name(mc_quantization quantization)
{
    return (size_t)quantization < MC_N_QUANTIZATIONS ? NAMES[quantization] : "unknown";
}

mc_quantization mc_image_quantization(const mc_image *image)
{
    return (mc_quantization)((const mc_image_header *)(const void *)image->block)->quantization;
}

typedef struct writing {
    const mc_quantize_plan *plan;
    mc_builder *to;

} writing;

/* ------------------------------------------------------------------------------ arrays ---- */

/* Room for an array, zeroed; its items are at weights->data + record.at. */
static mc_status add(mc_builder *b, mc_image_array record, mc_error *err)
{
    mc_vec *weights = &b->sections[MC_SECTION_WEIGHTS];
    record.n_items = (uint64_t)record.n_rows * record.n_cols;
    MC_TRY(mc_vec_align(weights, MC_IMAGE_ALIGN, err));
    record.at = weights->size;
    MC_TRY(mc_vec_append(weights, NULL, record.n_items * mc_array_item_size(record.type), err));
    return mc_vec_append(&b->sections[MC_SECTION_ARRAYS], &record, sizeof record, err);
}

static mc_image_array *record_of(const mc_builder *b, uint32_t id)
{
    return (mc_image_array *)(void *)b->sections[MC_SECTION_ARRAYS].data + id;
}

static void *items_of(const mc_builder *b, uint32_t id)
{
    return b->sections[MC_SECTION_WEIGHTS].data + record_of(b, id)->at;
}

static mc_view view_of(const mc_builder *b)
{
    const mc_vec *arrays = &b->sections[MC_SECTION_ARRAYS];
    return (mc_view){.arrays = (const mc_image_array *)(const void *)arrays->data,
                     .weights = b->sections[MC_SECTION_WEIGHTS].data,
                     .n_arrays = (uint32_t)(arrays->size / sizeof(mc_image_array))};
}

/* Scale and offset of an item of an I8 array. */
static void scale_at(const mc_view *view, uint32_t id, size_t row, size_t column, double *scale,
                     double *offset)
{
    const mc_narrow narrow = mc_view_narrow(view, id);
    const double *by = narrow.by;
    size_t n = narrow.n_cols, at = column;
    if (narrow.scales == MC_SCALES_BY_ROW) {
        *scale = (double)((const float *)narrow.by)[row];
        *offset = 0.0;
        return;
    }
    if (narrow.scales == MC_SCALES_BY_LINE) {
        n = narrow.n_lines;
        at = row % n;
    }
    *scale = by[at];
    *offset = by[n + at];
}

static void narrow_item(const mc_view *view, uint32_t id, size_t row, size_t column, double value)
{
    const mc_image_array *array = &view->arrays[id];
    const size_t at = row * array->n_cols + column;
    void *items = (void *)(uintptr_t)(view->weights + array->at); /* ours, being written */
    double scale = 0.0, offset = 0.0;
    switch (array->type) {
    case MC_ARRAY_F32:
        ((float *)items)[at] = (float)value;
        break;
    case MC_ARRAY_F16:
        ((uint16_t *)items)[at] = mc_narrow_f16(ldexp(value, 1023 - (int)array->scales));
        break;
    case MC_ARRAY_BF16:
        ((uint16_t *)items)[at] = mc_narrow_bf16(value);
        break;
    default:
        scale_at(view, id, row, column, &scale, &offset);
        ((int8_t *)items)[at] = mc_narrow_i8(value, scale, offset);
    }
}

/* Of packed rows, the line of squares of each block is left out. */
static void narrow_items(const writing *w, uint32_t id)
{
    const mc_view view = view_of(w->to);
    const mc_narrow_plan *plan = &w->plan->arrays[id];
    const mc_image_array *from = &w->plan->view->arrays[id];
    const double *items = mc_view_f64(w->plan->view, id);
    size_t row = 0;
    for (size_t i = 0; i < from->n_rows; i++) {
        if (plan->has_squares && i % plan->height == plan->height - 1u)
            continue;
        for (size_t j = 0; j < from->n_cols; j++)
            narrow_item(&view, id, row, j, items[i * from->n_cols + j]);
        row++;
    }
}

static bool is_dropped(const mc_quantize_plan *plan, uint32_t id)
{
    const mc_narrow_plan *of = &plan->arrays[id];
    return of->use == MC_USE_NORMS_OR_RADII && of->tree == NULL;
}

static mc_status add_planned(const writing *w, uint32_t id, mc_error *err)
{
    const mc_image_array *from = &w->plan->view->arrays[id];
    const mc_narrow_plan *plan = &w->plan->arrays[id];
    mc_image_array record = {.type = plan->type,
                             .n_rows = from->n_rows,
                             .n_cols = from->n_cols,
                             .scales = mc_plan_narrows(w->plan, id) ? plan->scales : 0};
    if (is_dropped(w->plan, id))
        record.n_cols = 0;
    if (mc_plan_narrows(w->plan, id) && plan->has_squares)
        record.n_rows -= record.n_rows / plan->height;
    return add(w->to, record, err);
}

/* What is neither narrow nor dropped: copied; classes byte by byte. Cells lie where they lay. */
static void copy_items(const writing *w, uint32_t id)
{
    const mc_image_array *from = &w->plan->view->arrays[id], *to = record_of(w->to, id);
    uint8_t *items = items_of(w->to, id);
    const uint32_t *codes = mc_view_u32(w->plan->view, id);
    if (to->n_items == 0)
        return;
    if (from->type == to->type)
        memcpy(items, codes, to->n_items * mc_array_item_size(to->type));
    for (size_t i = 0; from->type != to->type && i < to->n_items; i++)
        items[i] = (uint8_t)codes[i];
}

/* First all places, then what is in them: numbers may follow scales that come later. */
static mc_status write_arrays(const writing *w, mc_error *err)
{
    const mc_added_array *added = (const mc_added_array *)(const void *)w->plan->added.data;
    const size_t n_added = w->plan->added.size / sizeof *added;
    const uint32_t n = w->plan->view->n_arrays;
    for (uint32_t id = 0; id < n; id++)
        MC_TRY(add_planned(w, id, err));
    for (uint32_t i = 0; i < n_added; i++) {
        const mc_image_array record = {
            .type = added[i].type, .n_rows = added[i].n_rows, .n_cols = added[i].n_cols};
        MC_TRY(add(w->to, record, err));
        memcpy(items_of(w->to, n + i), w->plan->bytes.data + added[i].at,
               record_of(w->to, n + i)->n_items * mc_array_item_size(record.type));
    }
    for (uint32_t id = 0; id < n; id++) {
        if (mc_plan_narrows(w->plan, id))
            narrow_items(w, id);
        else
            copy_items(w, id);
    }
    return MC_OK;
}

/* ------------------------------------------------------------------------------- radii ---- */

#define ABOUT 1.000000001 /* more than the rounding of a distance */

/* The balls of a tree around the rounded rows: centres are rounded as well. */
static mc_status measure_radii(const writing *w, uint32_t id, mc_error *err)
{
    const mc_view *from = w->plan->view, to = view_of(w->to);
    const mc_step *step = w->plan->arrays[id].tree;
    const mc_narrow rows = mc_view_narrow(&to, step->array[0]);
    const mc_narrow centres = mc_view_narrow(&to, step->array[4]);
    const uint32_t *nodes = mc_view_u32(from, step->array[3]);
    const mc_metric metric = {.id = (mc_metric_id)step->n[0],
                              .d = rows.n_cols,
                              .p = step->value[0],
                              .by = mc_view_f64_or_null(from, step->array[1])};
    double *radii = items_of(w->to, id);
    mc_vec scratch = {0};
    MC_TRY(mc_vec_append(&scratch, NULL, 2 * rows.n_cols * sizeof(double), err));
    double *row = (double *)(void *)scratch.data, *centre = row + rows.n_cols;
    for (size_t i = 0; i < to.arrays[id].n_items; i++) {
        const uint32_t *node = nodes + i * MC_NODE_FIELDS;
        mc_widen(&centres, i, 1, centre);
        radii[i] = 0.0;
        for (size_t at = node[0]; at < node[1]; at++) {
            mc_widen(&rows, at, 1, row);
            radii[i] = fmax(radii[i], mc_distance(&metric, row, centre) * ABOUT);
        }
    }
    mc_vec_fini(&scratch);
    return MC_OK;
}

/* ------------------------------------------------------------------------------- image ---- */

/* All but arrays and their bytes, and what is in the other builder. */
static mc_status copy_sections(const mc_view *view, mc_builder *to, mc_error *err)
{
    const uint8_t *block = (const uint8_t *)view->header;
    for (size_t i = 0; i < MC_N_SECTIONS; i++) {
        const bool strings = i == MC_SECTION_STRINGS && to->around == NULL;
        if (i == MC_SECTION_BACK || (mc_section_is_shared(i) && !strings))
            continue;
        to->sections[i].size = 0; /* a builder begins with buffers */
        MC_TRY(mc_vec_append(&to->sections[i], block + view->header->sections[i].at,
                             view->header->sections[i].size, err));
    }
    return MC_OK;
}

static mc_status copy_back(const mc_view *back, mc_builder *around, mc_error *err)
{
    mc_builder *to = NULL;
    mc_image_header header = *back->header;
    MC_TRY(mc_builder_create_back(around, &to, err));
    mc_status status = copy_sections(back, to, err);
    if (status == MC_OK)
        status = mc_builder_place_back(to, &header, err);
    mc_builder_destroy(to);
    return status;
}

static mc_status write_image(const mc_quantize_plan *plan, mc_builder *to, mc_image *out,
                             mc_error *err)
{
    const writing w = {.plan = plan, .to = to};
    MC_TRY(write_arrays(&w, err));
    for (uint32_t id = 0; id < plan->view->n_arrays; id++)
        if (plan->arrays[id].use == MC_USE_NORMS_OR_RADII && !is_dropped(plan, id))
            MC_TRY(measure_radii(&w, id, err));
    mc_image_header header = *plan->view->header;
    header.quantization = (uint8_t)plan->quantization;
    return mc_builder_place(to, &header, out, err);
}

static mc_status quantize(const mc_quantize_plan *plan, mc_builder *to, mc_image *out,
                          mc_error *err)
{
    MC_TRY(copy_sections(plan->view, to, err));
    if (plan->back != NULL)
        MC_TRY(copy_back(plan->back, to, err));
    return write_image(plan, to, out, err);
}

mc_status mc_image_quantize(const mc_image *from, mc_quantization quantization, size_t least_items,
                            mc_reserve_fn *reserve, void *context, mc_image *out, mc_error *err)
{
    mc_view view, back;
    mc_builder *to = NULL;
    mc_view_of(from->block, &view);
    if (view.header->quantization != MC_QUANTIZE_NEVER)
        return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET, "it is quantized already, to %s",
                       mc_quantization_name(mc_image_quantization(from)));
    if (view.back != NULL)
        mc_view_of(view.back, &back);
    mc_quantize_plan plan = {.view = &view,
                             .back = view.back != NULL ? &back : NULL,
                             .quantization = quantization,
                             .least_items = least_items};
    MC_TRY(mc_builder_create(&to, err));
    mc_build_budget(to, reserve, context);
    mc_status status = mc_quantize_plan_make(&plan, err);
    if (status == MC_OK)
        status = quantize(&plan, to, out, err);
    mc_quantize_plan_fini(&plan);
    mc_builder_destroy(to);
    return status;
}
