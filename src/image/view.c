/* view.c: section table -> typed pointers, and the table of steps. */
#include "image/view.h"

#include <math.h>

#include "image/steps.h"

const mc_op_info MC_OPS[MC_N_OPS] = {
#define STEP(NAME, name, src, src2, dst, text) \
    {#NAME, MC_BUFFER_##src, MC_BUFFER_##src2, MC_BUFFER_##dst, mc_run_##name, mc_check_##name},
#include "image/steps.def"
#undef STEP
};

static const void *section(const uint8_t *block, mc_section which)
{
    return block + ((const mc_image_header *)(const void *)block)->sections[which].at;
}

static uint32_t records(const mc_image_header *header, mc_section which, size_t record)
{
    return (uint32_t)(header->sections[which].size / record);
}

static mc_narrow with_scales(const mc_view *view, const mc_image_array *array, mc_narrow out)
{
    const mc_image_array *by = &view->arrays[array->scales];
    out.by = view->weights + by->at;
    out.n_lines = by->n_rows / 2;
    out.scales = by->type == MC_ARRAY_F32 ? MC_SCALES_BY_ROW
                 : by->n_cols == 1        ? MC_SCALES_BY_LINE
                                          : MC_SCALES_BY_COLUMN;
    /* (2, 1): of one column, or of one line: both mean the same */
    return out;
}

mc_narrow mc_view_narrow(const mc_view *view, uint32_t id)
{
    const mc_image_array *array = &view->arrays[id];
    mc_narrow out = {.items = view->weights + array->at, .n_cols = array->n_cols};
    if (array->type == MC_ARRAY_F32)
        out.form = MC_NARROW_F32;
    if (array->type == MC_ARRAY_BF16)
        out.form = MC_NARROW_BF16;
    if (array->type == MC_ARRAY_F16) {
        out.form = MC_NARROW_F16;
        out.power = ldexp(1.0, (int)array->scales - 1023);
    }
    if (array->type != MC_ARRAY_I8)
        return out;
    out.form = MC_NARROW_I8;
    return with_scales(view, array, out);
}

void mc_view_of(const uint8_t *block, mc_view *out)
{
    const mc_image_header *header = (const mc_image_header *)(const void *)block;
    *out = (mc_view){
        .header = header,
        .strings = section(block, MC_SECTION_STRINGS),
        .by_name = section(block, MC_SECTION_BY_NAME),
        .cells = section(block, MC_SECTION_CELLS),
        .tables = section(block, MC_SECTION_TABLES),
        .methods = section(block, MC_SECTION_METHODS),
        .parts = section(block, MC_SECTION_PARTS),
        .buffers = section(block, MC_SECTION_BUFFERS),
        .steps = section(block, MC_SECTION_STEPS),
        .step_list = section(block, MC_SECTION_STEP_LIST),
        .arrays = section(block, MC_SECTION_ARRAYS),
        .weights = section(block, MC_SECTION_WEIGHTS),
        .strings_size = header->sections[MC_SECTION_STRINGS].size,
        .weights_size = header->sections[MC_SECTION_WEIGHTS].size,
        .back_size = header->sections[MC_SECTION_BACK].size,
        .n_columns = records(header, MC_SECTION_COLUMNS, sizeof(mc_image_column)),
        .n_by_name = records(header, MC_SECTION_BY_NAME, sizeof(uint32_t)),
        .n_cells = records(header, MC_SECTION_CELLS, sizeof(mc_image_cell)),
        .n_tables = records(header, MC_SECTION_TABLES, sizeof(mc_image_span)),
        .n_methods = records(header, MC_SECTION_METHODS, sizeof(mc_image_method)),
        .n_parts = records(header, MC_SECTION_PARTS, sizeof(mc_image_part)),
        .n_buffers = records(header, MC_SECTION_BUFFERS, sizeof(mc_image_buffer)),
        .n_steps = records(header, MC_SECTION_STEPS, sizeof(mc_step)),
        .n_step_list = records(header, MC_SECTION_STEP_LIST, sizeof(uint32_t)),
        .n_arrays = records(header, MC_SECTION_ARRAYS, sizeof(mc_image_array)),
    };
    if (out->back_size > 0)
        out->back = section(block, MC_SECTION_BACK);
    if (out->n_columns > 0) {
        out->columns = section(block, MC_SECTION_COLUMNS);
        return;
    }
    out->n_columns = header->n_numbers + header->n_cells + header->n_sparse; /* I4: one of them */
    out->alike = header->n_numbers > 0 ? MC_COLUMN_NUMBER
                 : header->n_cells > 0 ? MC_COLUMN_CELL
                                       : MC_COLUMN_SPARSE;
}
