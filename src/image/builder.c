/* builder.c: collects arrays, steps and methods; builder_schema.c the schema; finish.c places all.
 */
#include "image/builder.h"

#include <string.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/size.h"
#include "image/builder_state.h"

#define RESERVE_STEP ((size_t)1 << 20) /* bytes that the budget is asked for at once, at least */

mc_status mc_builder_create(mc_builder **out, mc_error *err)
{
    mc_builder *b = mc_alloc(1, sizeof *b);
    if (b == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a builder");
    const mc_image_buffer inputs[MC_N_INPUTS] = {{MC_BUFFER_F64, 0, MC_NONE, 0},
                                                 {MC_BUFFER_CELL, 0, MC_NONE, 0},
                                                 {MC_BUFFER_CSR, 0, MC_NONE, 0}};
    const mc_status status =
        mc_vec_append(&b->sections[MC_SECTION_BUFFERS], inputs, sizeof inputs, err);
    if (status != MC_OK) {
        mc_builder_destroy(b);
        return status;
    }
    *out = b;
    return MC_OK;
}

mc_status mc_builder_create_back(mc_builder *around, mc_builder **out, mc_error *err)
{
    MC_ASSERT(around->around == NULL);
    MC_TRY(mc_builder_create(out, err));
    (*out)->around = around;
    for (size_t i = 0; i < MC_N_SECTIONS; i++)
        (*out)->size_before[i] = around->sections[i].size;
    return MC_OK;
}

void mc_builder_destroy(mc_builder *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; b->around != NULL && !b->is_kept && i < MC_N_SECTIONS; i++)
        if (mc_section_is_shared(i))
            b->around->sections[i].size = b->size_before[i];
    for (size_t i = 0; i < MC_N_SECTIONS; i++)
        mc_vec_fini(&b->sections[i]);
    mc_vec_fini(&b->wanted);
    mc_intern_fini(&b->known_arrays);
    mc_intern_fini(&b->known_steps);
    mc_intern_fini(&b->known_texts);
    mc_free(b);
}

/* ------------------------------------------------------------------------------ arrays ---- */

static const size_t ITEM_SIZE[MC_N_ARRAY_TYPES] = {
    [MC_ARRAY_F64] = 8,  [MC_ARRAY_U32] = 4,        [MC_ARRAY_U8] = 1,  [MC_ARRAY_CELL] = 16,
    [MC_ARRAY_NODE] = 8, [MC_ARRAY_WIDE_NODE] = 16, [MC_ARRAY_F32] = 4, [MC_ARRAY_F16] = 2,
    [MC_ARRAY_BF16] = 2, [MC_ARRAY_I8] = 1,
};

size_t mc_array_item_size(uint32_t type)
{
    return type < MC_N_ARRAY_TYPES ? ITEM_SIZE[type] : 0;
}

typedef struct array_query {
    const mc_builder *b;
    const void *items;
    mc_image_array array;
} array_query;

static bool same_array(const void *context, uint32_t id)
{
    const array_query *query = context;
    const mc_vec *arrays = mc_builder_look(query->b, MC_SECTION_ARRAYS);
    const mc_image_array *known = (const mc_image_array *)(const void *)arrays->data + id;
    if (id >= arrays->size / sizeof *known)
        return false; /* of a way back that was given up */
    const size_t size = query->array.n_items * mc_array_item_size(query->array.type);
    return known->type == query->array.type && known->n_rows == query->array.n_rows &&
           known->n_cols == query->array.n_cols &&
           (size == 0 || memcmp(mc_builder_look(query->b, MC_SECTION_WEIGHTS)->data + known->at,
                                query->items, size) == 0);
}

void mc_build_budget(mc_builder *b, mc_reserve_fn *reserve, void *context)
{
    b->reserve = reserve;
    b->context = context;
}

mc_status mc_builder_reserve(mc_builder *b, size_t size, mc_error *err)
{
    b = mc_builder_store(b);
    if (b->reserve == NULL || size <= b->reserved)
        return MC_OK;
    MC_TRY(b->reserve(b->context, size - b->reserved, err));
    b->reserved = size;
    return MC_OK;
}

/* Numbers that a way back reads are its own: they may become narrow in another form than those of
 * the way forth (quantize_plan.c). All else is there once for both. */
static mc_intern *known_arrays(mc_builder *b, mc_array_type type)
{
    return type == MC_ARRAY_F64 ? &b->known_arrays : &mc_builder_store(b)->known_arrays;
}

/* Makes sure of room for `size` bytes more of weights. Small ones wait for others. */
static mc_status reserve_weights(mc_builder *b, size_t size, mc_error *err)
{
    size_t need = 0;
    if (!mc_add_size(mc_builder_look(b, MC_SECTION_WEIGHTS)->size, size, &need))
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%zu bytes overflow", size);
    return need < mc_builder_store(b)->reserved + RESERVE_STEP ? MC_OK
                                                               : mc_builder_reserve(b, need, err);
}

mc_status mc_build_array(mc_builder *b, mc_array_type type, const void *items, size_t n_rows,
                         size_t n_cols, uint32_t *out, mc_error *err)
{
    size_t n_items = 0, size = 0;
    if (n_rows > UINT32_MAX || n_cols > UINT32_MAX || !mc_mul_size(n_rows, n_cols, &n_items) ||
        !mc_mul_size(n_items, mc_array_item_size(type), &size))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "array of %zu x %zu items", n_rows, n_cols);
    array_query query = {b, items, {.n_items = n_items, .type = type}};
    query.array.n_rows = (uint32_t)n_rows;
    query.array.n_cols = (uint32_t)n_cols;
    const uint64_t hash = XXH3_64bits_withSeed(size == 0 ? "" : items, size, type);
    if (mc_intern_find(known_arrays(b, type), hash, same_array, &query, out))
        return MC_OK;
    mc_vec *weights = mc_builder_vec(b, MC_SECTION_WEIGHTS),
           *arrays = mc_builder_vec(b, MC_SECTION_ARRAYS);
    MC_TRY(mc_vec_align(weights, MC_IMAGE_ALIGN, err));
    query.array.at = weights->size;
    const uint32_t id = mc_u32_from_size(arrays->size / sizeof query.array);
    MC_TRY(reserve_weights(b, size, err));
    MC_TRY(mc_vec_append(weights, items, size, err));
    MC_TRY(mc_vec_append(arrays, &query.array, sizeof query.array, err));
    MC_TRY(mc_intern_add(known_arrays(b, type), hash, id, err));
    *out = id;
    return MC_OK;
}

mc_status mc_build_f64(mc_builder *b, const double *items, size_t n_rows, size_t n_cols,
                       uint32_t *out, mc_error *err)
{
    return mc_build_array(b, MC_ARRAY_F64, items, n_rows, n_cols, out, err);
}

mc_status mc_build_u32(mc_builder *b, const uint32_t *items, size_t n, uint32_t *out, mc_error *err)
{
    return mc_build_array(b, MC_ARRAY_U32, items, n, 1, out, err);
}

mc_status mc_build_cells(mc_builder *b, const mc_cell *cells, size_t n, uint32_t *out,
                         mc_error *err)
{
    mc_vec made = {0};
    mc_status status = MC_OK;
    for (size_t i = 0; i < n && status == MC_OK; i++) {
        mc_image_cell cell;
        status = mc_builder_add_cell(b, &cells[i], &cell, err);
        if (status == MC_OK)
            status = mc_vec_append(&made, &cell, sizeof cell, err);
    }
    if (status == MC_OK)
        status = mc_build_array(b, MC_ARRAY_CELL, made.data, n, 1, out, err);
    mc_vec_fini(&made);
    return status;
}

/* ------------------------------------------------------------------------------- steps ---- */

typedef struct step_query {
    const mc_builder *b;
    mc_step step;
    size_t width;
} step_query;

/* Equal but for the destination, which must have the same width. */
static bool same_step(const void *context, uint32_t id)
{
    const step_query *query = context;
    const mc_step *steps = (const mc_step *)(const void *)query->b->sections[MC_SECTION_STEPS].data;
    mc_step known = steps[id];
    const size_t width = mc_build_width(query->b, known.dst);
    known.dst = MC_NONE;
    /* Bit by bit: a value of -0.0 makes another step than 0.0, and a step has no padding.
     * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
    return width == query->width && memcmp(&known, &query->step, sizeof known) == 0;
}

mc_status mc_build_step(mc_builder *b, mc_step step, size_t width, uint32_t *out_buffer,
                        mc_error *err)
{
    mc_vec *steps = &b->sections[MC_SECTION_STEPS], *buffers = &b->sections[MC_SECTION_BUFFERS];
    const size_t n_steps = steps->size / sizeof step;
    if (n_steps >= MC_LIMIT_STEPS)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more than %zu steps", MC_LIMIT_STEPS);
    if (width > MC_LIMIT_WIDTH)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%s: %zu columns, at most %zu",
                       MC_OPS[step.op].name, width, MC_LIMIT_WIDTH);
    step.dst = MC_NONE;
    const step_query query = {b, step, width};
    const uint64_t hash = XXH3_64bits(&step, sizeof step);
    uint32_t id = 0;
    if (mc_intern_find(&b->known_steps, hash, same_step, &query, &id)) {
        *out_buffer = ((const mc_step *)(const void *)steps->data)[id].dst;
        return MC_OK;
    }
    id = (uint32_t)n_steps;
    const mc_image_buffer buffer = {MC_OPS[step.op].dst, (uint32_t)width, id, 0};
    step.dst = (uint32_t)(buffers->size / sizeof buffer);
    MC_TRY(mc_vec_append(buffers, &buffer, sizeof buffer, err));
    MC_TRY(mc_vec_append(steps, &step, sizeof step, err));
    MC_TRY(mc_intern_add(&b->known_steps, hash, id, err));
    *out_buffer = step.dst;
    return MC_OK;
}

mc_status mc_build_gather(mc_builder *b, const uint32_t *columns, size_t n, bool as_cells,
                          uint32_t *out_buffer, mc_error *err)
{
    mc_step step = MC_STEP_INIT(GATHER);
    MC_ASSERT(!b->sparse_input);
    if (as_cells)
        step.op = MC_OP_GATHER_CELLS;
    for (size_t i = 0; i < n; i++) {
        MC_ASSERT(columns[i] < b->n_columns);
        b->wanted.data[columns[i]] |= as_cells ? MC_WANTED_CELL : MC_WANTED_NUMBER;
    }
    step.src = 0;
    step.src2 = 1;
    MC_TRY(mc_build_u32(b, columns, n, &step.array[0], err));
    return mc_build_step(b, step, n, out_buffer, err);
}

size_t mc_build_width(const mc_builder *b, uint32_t buffer)
{
    return ((const mc_image_buffer *)(const void *)b->sections[MC_SECTION_BUFFERS].data)[buffer]
        .width;
}

mc_buffer_type mc_build_type(const mc_builder *b, uint32_t buffer)
{
    return (mc_buffer_type)((const mc_image_buffer *)(const void *)b->sections[MC_SECTION_BUFFERS]
                                .data)[buffer]
        .type;
}

mc_status mc_build_method(mc_builder *b, mc_method method, const mc_build_part *parts,
                          size_t n_parts, bool is_list, mc_error *err)
{
    mc_vec *section = &b->sections[MC_SECTION_PARTS];
    mc_image_method record = {.method = method, .is_list = is_list};
    record.parts.first = mc_u32_from_size(section->size / sizeof(mc_image_part));
    record.parts.n = mc_u32_from_size(n_parts);
    for (size_t i = 0; i < n_parts; i++) {
        mc_image_part part = {.buffer = parts[i].buffer,
                              .type = parts[i].type,
                              .flags = (parts[i].scalar ? MC_PART_SCALAR : 0) |
                                       (parts[i].sparse ? MC_PART_SPARSE : 0) |
                                       (parts[i].sparse_as_input ? MC_PART_SPARSE_AS_INPUT : 0) |
                                       parts[i].type_as_input,
                              .table = parts[i].table};
        if (parts[i].name != NULL) { /* kept with its NUL: it is handed out as a C string */
            const mc_bytes name = {(const uint8_t *)parts[i].name, strlen(parts[i].name) + 1};
            MC_TRY(mc_builder_add_text(b, name, &part.name, err));
            part.name.size--;
        }
        MC_TRY(mc_vec_append(section, &part, sizeof part, err));
    }
    MC_TRY(mc_builder_list_steps(b, &record, err));
    return mc_vec_append(&b->sections[MC_SECTION_METHODS], &record, sizeof record, err);
}
