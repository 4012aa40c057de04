/* finish.c: the builder's second half: which steps each method needs, then measure and place.
 *
 * Why so   Importers lower every method on its own; steps that no method needs (a prefix tried and
 *          dropped) take no time when it predicts. Marks are kept per method by walking the
 *          steps backwards once: O(steps) a method. */
#include <string.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "base/size.h"
#include "image/builder_state.h"

static mc_step *steps_of(mc_builder *b)
{
    return (mc_step *)(void *)b->sections[MC_SECTION_STEPS].data;
}

static const mc_image_buffer *buffers_of(const mc_builder *b)
{
    return (const mc_image_buffer *)(const void *)b->sections[MC_SECTION_BUFFERS].data;
}

/* -------------------------------------------------------------------------------- slots ---- */

/* A column that anybody wants as a cell is kept as a cell: numbers are read from it too. */
static void assign_slots(mc_builder *b, uint32_t *n_numbers, uint32_t *n_cells)
{
    mc_image_column *columns = (mc_image_column *)(void *)b->sections[MC_SECTION_COLUMNS].data;
    *n_numbers = *n_cells = 0;
    for (size_t i = 0; i < b->n_columns; i++) {
        if (b->sparse_input) {
            columns[i].kind = MC_COLUMN_SPARSE;
            columns[i].slot = (uint32_t)i;
        } else if ((b->wanted.data[i] & MC_WANTED_CELL) ||
                   ((b->flags & MC_IMAGE_ANY_WIDTH) && b->wanted.data[i] != 0)) {
            columns[i].kind = MC_COLUMN_CELL;
            columns[i].slot = (*n_cells)++;
        } else if (b->wanted.data[i] & MC_WANTED_NUMBER) {
            columns[i].kind = MC_COLUMN_NUMBER;
            columns[i].slot = (*n_numbers)++;
        }
    }
    mc_image_buffer *buffers = (mc_image_buffer *)(void *)b->sections[MC_SECTION_BUFFERS].data;
    buffers[0].width = *n_numbers;
    buffers[1].width = *n_cells;
}

/* A gather of exactly the input's numbers, in order, need not copy. */
static void mark_aliases(mc_builder *b, uint32_t n_numbers)
{
    const mc_image_column *columns =
        (const mc_image_column *)(const void *)b->sections[MC_SECTION_COLUMNS].data;
    const mc_image_array *arrays =
        (const mc_image_array *)(const void *)b->sections[MC_SECTION_ARRAYS].data;
    mc_step *steps = steps_of(b);
    const size_t n_steps = b->sections[MC_SECTION_STEPS].size / sizeof *steps;
    for (size_t i = 0; i < n_steps; i++) {
        if (steps[i].op != MC_OP_GATHER)
            continue;
        const mc_image_array *array = &arrays[steps[i].array[0]];
        const uint32_t *wanted =
            (const uint32_t *)(const void *)(b->sections[MC_SECTION_WEIGHTS].data + array->at);
        bool same = array->n_items == n_numbers;
        for (size_t j = 0; same && j < array->n_items; j++)
            same = columns[wanted[j]].kind == MC_COLUMN_NUMBER && columns[wanted[j]].slot == j;
        if (same)
            steps[i].flags |= MC_STEP_ALIAS;
    }
}

/* ------------------------------------------------------------------------- needed steps ---- */

static void need(const mc_builder *b, uint8_t *needed, uint32_t buffer)
{
    const uint32_t writer = buffers_of(b)[buffer].writer;
    if (writer != MC_NONE)
        needed[writer] = 1;
}

static void need_sources(const mc_builder *b, uint8_t *needed, const mc_step *step)
{
    if (step->src != MC_NONE)
        need(b, needed, step->src);
    if (step->src2 != MC_NONE)
        need(b, needed, step->src2);
    if (!(MC_OPS[step->op].src & MC_STEP_MANY))
        return;
    const mc_image_array *array =
        (const mc_image_array *)(const void *)b->sections[MC_SECTION_ARRAYS].data + step->array[0];
    const uint32_t *sources =
        (const uint32_t *)(const void *)(b->sections[MC_SECTION_WEIGHTS].data + array->at);
    for (size_t i = 0; i < array->n_items; i++)
        need(b, needed, sources[i]);
}

static mc_status list_needed(mc_builder *b, mc_image_method *method, uint8_t *needed, mc_error *err)
{
    const mc_image_part *parts =
        (const mc_image_part *)(const void *)b->sections[MC_SECTION_PARTS].data;
    const size_t n_steps = b->sections[MC_SECTION_STEPS].size / sizeof(mc_step);
    mc_vec *list = &b->sections[MC_SECTION_STEP_LIST];
    for (uint32_t i = 0; i < method->parts.n; i++)
        need(b, needed, parts[method->parts.first + i].buffer);
    for (size_t i = n_steps; i-- > 0;)
        if (needed[i])
            need_sources(b, needed, &steps_of(b)[i]);
    method->steps.first = mc_u32_from_size(list->size / sizeof(uint32_t));
    method->steps.n = 0;
    for (uint32_t i = 0; i < n_steps; i++) {
        if (!needed[i])
            continue;
        MC_TRY(mc_vec_append(list, &i, sizeof i, err));
        method->steps.n++;
    }
    return MC_OK;
}

mc_status mc_builder_list_steps(mc_builder *b, mc_image_method *method, mc_error *err)
{
    uint8_t *needed = mc_alloc(b->sections[MC_SECTION_STEPS].size / sizeof(mc_step), 1);
    if (needed == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to list the steps");
    const mc_status status = list_needed(b, method, needed, err);
    mc_free(needed);
    return status;
}

/* -------------------------------------------------------------------- measure and place ---- */

static size_t measure(const mc_builder *b, mc_image_header *header)
{
    size_t at = mc_round_up(sizeof *header, MC_IMAGE_ALIGN);
    for (size_t i = 0; i < MC_N_SECTIONS; i++) {
        header->sections[i].at = at;
        header->sections[i].size = b->sections[i].size;
        at = mc_round_up(at + b->sections[i].size, MC_IMAGE_ALIGN);
    }
    return at;
}

size_t mc_build_size(const mc_builder *b)
{
    mc_image_header header;
    return measure(b, &header);
}

/* Empties the sections: at no time are the weights there twice. */
static void place(mc_builder *b, const mc_image_header *header, uint8_t *block)
{
    memcpy(block, header, sizeof *header);
    for (size_t i = 0; i < MC_N_SECTIONS; i++)
        mc_vec_take_out(&b->sections[i], block + header->sections[i].at);
    const XXH128_hash_t digest =
        XXH3_128bits(block + MC_IMAGE_DIGEST_FROM, header->size - MC_IMAGE_DIGEST_FROM);
    mc_image_header *placed = (mc_image_header *)(void *)block;
    placed->digest[0] = digest.low64;
    placed->digest[1] = digest.high64;
}

mc_status mc_builder_place(mc_builder *b, mc_image_header *header, mc_image *out, mc_error *err)
{
    header->size = measure(b, header);
    MC_TRY(mc_builder_reserve(b, header->size, err));
    uint8_t *block = mc_pages_alloc(header->size);
    if (block == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no %llu bytes for the image",
                       (unsigned long long)header->size);
    place(b, header, block);
    const mc_status status = mc_image_adopt(block, header->size, out, err);
    if (status != MC_OK)
        mc_pages_free(block, header->size);
    return status;
}

mc_status mc_build_finish(mc_builder *b, mc_method default_method, mc_image *out, mc_error *err)
{
    mc_image_header header = {.format = MC_IMAGE_FORMAT,
                              .order = MC_IMAGE_ORDER,
                              .flags = b->flags,
                              .default_method = default_method,
                              .estimator = b->estimator,
                              .sklearn_version = b->sklearn_version,
                              .importer = b->importer};
    memcpy(header.magic, MC_IMAGE_MAGIC, sizeof header.magic);
    assign_slots(b, &header.n_numbers, &header.n_cells);
    header.n_sparse = b->sparse_input ? mc_u32_from_size(b->n_columns) : 0;
    mark_aliases(b, header.n_numbers);
    return mc_builder_place(b, &header, out, err);
}
