/* view.h: an image's sections as typed arrays. Made from a block in a few additions; borrows it. */
#ifndef MC_IMAGE_VIEW_H
#define MC_IMAGE_VIEW_H
#include "image/layout.h"
#include "kernel/narrow.h"

typedef struct mc_view {
    const mc_image_header *header;
    const char *strings;
    const mc_image_column *columns; /* NULL: all alike; see mc_view_column() */
    const uint32_t *by_name;
    const mc_image_cell *cells;
    const mc_image_span *tables;
    const mc_image_method *methods;
    const mc_image_part *parts;
    const mc_image_buffer *buffers;
    const mc_step *steps;
    const uint32_t *step_list;
    const mc_image_array *arrays;
    const uint8_t *weights;
    const uint8_t *back; /* the image of inverse_transform; NULL if there is none */
    size_t strings_size, weights_size, back_size;
    uint32_t n_columns, n_by_name, n_cells, n_tables, n_methods, n_parts, n_buffers, n_steps,
        n_step_list, n_arrays;
    mc_column_kind alike; /* of columns without records */
} mc_view;

/* The block must hold I1 and I2. */
void mc_view_of(const uint8_t *block, mc_view *out);

/* Input column `at`, with or without a record. */
static inline mc_image_column mc_view_column(const mc_view *view, uint32_t at)
{
    return view->columns != NULL ? view->columns[at]
                                 : (mc_image_column){.slot = at, .kind = (uint32_t)view->alike};
}

/* First item of an array of a verified image. */
static inline const void *mc_view_array(const mc_view *view, uint32_t array)
{
    return view->weights + view->arrays[array].at;
}
static inline const double *mc_view_f64(const mc_view *view, uint32_t array)
{
    return (const double *)mc_view_array(view, array);
}
static inline const uint32_t *mc_view_u32(const mc_view *view, uint32_t array)
{
    return (const uint32_t *)mc_view_array(view, array);
}
/* A cell of the image; its text, if it is one, is borrowed from the image. */
static inline mc_cell mc_view_cell(const mc_view *view, const mc_image_cell *cell)
{
    mc_cell out = {.kind = cell->kind, .size = cell->size};
    if (cell->kind == MC_CELL_STRING)
        out.as.text = view->strings + cell->as.text_at;
    else
        out.as.integer = cell->as.integer; /* the same eight bytes as `number` */
    return out;
}
/* Numbers that may be narrow: are they, and what they are. */
static inline bool mc_view_is_narrow(const mc_view *view, uint32_t array)
{
    return view->arrays[array].type >= MC_ARRAY_F32;
}
mc_narrow mc_view_narrow(const mc_view *view, uint32_t id);
/* For arrays that a step may lack: NULL then. */
static inline const double *mc_view_f64_or_null(const mc_view *view, uint32_t array)
{
    return array == MC_NONE ? NULL : mc_view_f64(view, array);
}
#endif
