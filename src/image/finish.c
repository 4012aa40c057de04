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
static mc_column_kind kind_of(const mc_builder *b, size_t column)
{
    const uint8_t wanted = b->wanted.data[column];
    if (b->sparse_input)
        return MC_COLUMN_SPARSE;
    if ((wanted & MC_WANTED_CELL) || ((b->flags & MC_IMAGE_ANY_WIDTH) && wanted != 0))
        return MC_COLUMN_CELL;
    return wanted & MC_WANTED_NUMBER ? MC_COLUMN_NUMBER : MC_COLUMN_UNUSED;
}

/* Columns that are all alike need no records: a million of a vocabulary would cost more than it. */
static bool are_alike(const mc_builder *b)
{
    if ((b->flags & MC_IMAGE_HAS_NAMES) || b->n_columns == 0)
        return false;
    const mc_column_kind first = kind_of(b, 0);
    bool alike = first != MC_COLUMN_UNUSED;
    for (size_t i = 1; alike && i < b->n_columns; i++)
        alike = kind_of(b, i) == first;
    return alike;
}

/* Of the records of columns, which are made at the end, unless they have names. */
static size_t columns_size(const mc_builder *b)
{
    const size_t made = b->sections[MC_SECTION_COLUMNS].size;
    return made > 0 || are_alike(b) ? made : b->n_columns * sizeof(mc_image_column);
}

static mc_status assign_slots(mc_builder *b, mc_image_header *header, mc_error *err)
{
    mc_vec *section = &b->sections[MC_SECTION_COLUMNS];
    mc_image_buffer *buffers = (mc_image_buffer *)(void *)b->sections[MC_SECTION_BUFFERS].data;
    const size_t size = columns_size(b);
    uint32_t n_of[] = {[MC_COLUMN_UNUSED] = 0,
                       [MC_COLUMN_NUMBER] = 0,
                       [MC_COLUMN_CELL] = 0,
                       [MC_COLUMN_SPARSE] = 0};
    MC_TRY(mc_vec_append(section, NULL, size - section->size, err)); /* names made all, or none */
    mc_image_column *columns = (mc_image_column *)(void *)section->data;
    for (size_t i = 0; i < b->n_columns; i++) {
        const mc_column_kind kind = kind_of(b, i);
        if (size > 0)
            columns[i].kind = kind;
        if (size > 0 && kind != MC_COLUMN_UNUSED)
            columns[i].slot = n_of[kind];
        n_of[kind]++;
    }
    header->n_numbers = buffers[0].width = n_of[MC_COLUMN_NUMBER];
    header->n_cells = buffers[1].width = n_of[MC_COLUMN_CELL];
    header->n_sparse = n_of[MC_COLUMN_SPARSE];
    return MC_OK;
}

/* Is this column's number the one of slot `at`? */
static bool has_slot(const mc_builder *b, uint32_t column, size_t at)
{
    const mc_vec *section = &b->sections[MC_SECTION_COLUMNS];
    const mc_image_column *columns = (const mc_image_column *)(const void *)section->data;
    return section->size == 0
               ? column == at
               : columns[column].kind == MC_COLUMN_NUMBER && columns[column].slot == at;
}

/* A gather of exactly the input's numbers, in order, need not copy. */
static void mark_aliases(mc_builder *b, uint32_t n_numbers)
{
    const mc_image_array *arrays =
        (const mc_image_array *)(const void *)mc_builder_look(b, MC_SECTION_ARRAYS)->data;
    mc_step *steps = steps_of(b);
    const size_t n_steps = b->sections[MC_SECTION_STEPS].size / sizeof *steps;
    for (size_t i = 0; i < n_steps; i++) {
        if (steps[i].op != MC_OP_GATHER)
            continue;
        const mc_image_array *array = &arrays[steps[i].array[0]];
        const uint32_t *wanted =
            (const uint32_t *)(const void *)(mc_builder_look(b, MC_SECTION_WEIGHTS)->data +
                                             array->at);
        bool same = array->n_items == n_numbers;
        for (size_t j = 0; same && j < array->n_items; j++)
            same = has_slot(b, wanted[j], j);
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
        (const mc_image_array *)(const void *)mc_builder_look(b, MC_SECTION_ARRAYS)->data +
        step->array[0];
    const uint32_t *sources =
        (const uint32_t *)(const void *)(mc_builder_look(b, MC_SECTION_WEIGHTS)->data + array->at);
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

/* Of the sections from `first` up to `end`. */
static size_t measure_some(const mc_builder *b, mc_image_header *header, size_t at, size_t first,
                           size_t end)
{
    for (size_t i = first; i < end; i++) {
        header->sections[i].at = at;
        header->sections[i].size = i == MC_SECTION_COLUMNS ? columns_size(b) : b->sections[i].size;
        at = mc_round_up(at + header->sections[i].size, MC_IMAGE_ALIGN);
    }
    return at;
}

static size_t measure(const mc_builder *b, mc_image_header *header)
{
    return measure_some(b, header, mc_round_up(sizeof *header, MC_IMAGE_ALIGN), 0, MC_N_SECTIONS);
}

size_t mc_build_size(const mc_builder *b)
{
    mc_image_header header;
    return measure(b, &header);
}

/* The way back learns where the image around it has what both read. */
static void place_shared(uint8_t *block)
{
    const mc_image_header *around = (const mc_image_header *)(const void *)block;
    const uint64_t at = around->sections[MC_SECTION_BACK].at;
    mc_image_header *back = (mc_image_header *)(void *)(block + at);
    if (around->sections[MC_SECTION_BACK].size == 0)
        return;
    back->size = around->size - at;
    back->quantization = around->quantization;
    for (size_t i = 0; i < MC_N_SECTIONS; i++) {
        if (mc_section_is_shared(i)) {
            back->sections[i].at = around->sections[i].at - at;
            back->sections[i].size = around->sections[i].size;
        }
    }
}

/* Empties the sections: at no time are the weights there twice. */
static void place(mc_builder *b, const mc_image_header *header, uint8_t *block)
{
    memcpy(block, header, sizeof *header);
    for (size_t i = 0; i < MC_N_SECTIONS; i++)
        mc_vec_take_out(&b->sections[i], block + header->sections[i].at);
    place_shared(block);
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

mc_status mc_builder_place_back(mc_builder *back, mc_image_header *header, mc_error *err)
{
    mc_vec *to = &back->around->sections[MC_SECTION_BACK];
    const size_t first = mc_round_up(sizeof *header, MC_IMAGE_ALIGN);
    const size_t size = measure_some(back, header, first, 0, MC_SECTION_STRINGS);
    MC_ASSERT(to->size == 0);
    header->sections[MC_SECTION_BACK].size = 0;
    header->digest[0] = header->digest[1] = 0;
    MC_TRY(mc_vec_append(to, NULL, size, err));
    memcpy(to->data, header, sizeof *header);
    for (size_t i = 0; i < MC_SECTION_STRINGS; i++)
        if (back->sections[i].size > 0)
            memcpy(to->data + header->sections[i].at, back->sections[i].data,
                   back->sections[i].size);
    back->is_kept = true;
    return MC_OK;
}

static mc_status make_header(mc_builder *b, mc_method default_method, mc_image_header *out,
                             mc_error *err)
{
    *out = (mc_image_header){.format = MC_IMAGE_FORMAT,
                             .order = MC_IMAGE_ORDER,
                             .flags = b->flags,
                             .default_method = default_method,
                             .estimator = b->estimator,
                             .sklearn_version = b->sklearn_version,
                             .importer = b->importer};
    memcpy(out->magic, MC_IMAGE_MAGIC, sizeof out->magic);
    MC_TRY(assign_slots(b, out, err));
    mark_aliases(b, out->n_numbers);
    return MC_OK;
}

mc_status mc_build_finish(mc_builder *b, mc_method default_method, mc_image *out, mc_error *err)
{
    mc_image_header header;
    MC_TRY(make_header(b, default_method, &header, err));
    mc_intern_fini(&b->known_arrays); /* nothing is looked up any more */
    mc_intern_fini(&b->known_steps);
    mc_intern_fini(&b->known_texts);
    return mc_builder_place(b, &header, out, err);
}

mc_status mc_build_back(mc_builder *back, mc_error *err)
{
    mc_image_header header;
    MC_TRY(make_header(back, MC_METHOD_INVERSE_TRANSFORM, &header, err));
    return mc_builder_place_back(back, &header, err);
}
