/* builder.c: collects schema, arrays and steps; finish.c places them. */
#include "image/builder.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/size.h"
#include "image/any_width.h"
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

void mc_builder_destroy(mc_builder *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < MC_N_SECTIONS; i++)
        mc_vec_fini(&b->sections[i]);
    mc_vec_fini(&b->wanted);
    mc_intern_fini(&b->known_arrays);
    mc_intern_fini(&b->known_steps);
    mc_intern_fini(&b->known_texts);
    mc_free(b);
}

/* ------------------------------------------------------------------------------- texts ---- */

typedef struct text_query {
    const mc_builder *b;
    mc_bytes text;
} text_query;

/* Texts are interned by where they start, so the id is the offset; sizes are compared by content.
 */
static bool same_text(const void *context, uint32_t id)
{
    const text_query *query = context;
    const mc_vec *strings = &query->b->sections[MC_SECTION_STRINGS];
    return query->text.size <= strings->size - id &&
           memcmp(strings->data + id, query->text.data, query->text.size) == 0;
}

static mc_status add_text(mc_builder *b, mc_bytes text, mc_image_text *out, mc_error *err)
{
    mc_vec *strings = &b->sections[MC_SECTION_STRINGS];
    const uint64_t hash = text.size == 0 ? 0 : XXH3_64bits(text.data, text.size);
    const text_query query = {b, text};
    uint32_t at = 0;
    if (text.size > UINT32_MAX - 1 - strings->size)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more than 4 GiB of texts");
    if (text.size > 0 && !mc_intern_find(&b->known_texts, hash, same_text, &query, &at)) {
        at = (uint32_t)strings->size;
        MC_TRY(mc_vec_append(strings, text.data, text.size, err));
        MC_TRY(mc_intern_add(&b->known_texts, hash, at, err));
    }
    *out = (mc_image_text){at, (uint32_t)text.size};
    return MC_OK;
}

static mc_status to_image_cell(mc_builder *b, const mc_cell *cell, mc_image_cell *out,
                               mc_error *err)
{
    *out = (mc_image_cell){.kind = cell->kind};
    switch ((mc_cell_kind)cell->kind) {
    case MC_CELL_NONE:
        break;
    case MC_CELL_NUMBER:
        out->as.number = cell->as.number;
        break;
    case MC_CELL_INTEGER:
    case MC_CELL_BOOL:
        out->as.integer = cell->as.integer;
        break;
    case MC_CELL_STRING: {
        mc_image_text text;
        const mc_bytes bytes = {(const uint8_t *)cell->as.text, cell->size};
        MC_TRY(add_text(b, bytes, &text, err));
        out->size = text.size;
        out->as.text_at = text.at;
        break;
    }
    case MC_CELL_LIST:
    case MC_CELL_DICT:
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "a list or a dict as a fitted value");
    }
    return MC_OK;
}

/* ------------------------------------------------------------------------------ schema ---- */

typedef struct name_row {
    mc_bytes name;
    uint32_t column;
} name_row;

static int by_name(const void *a, const void *b)
{
    return mc_bytes_compare(((const name_row *)a)->name, ((const name_row *)b)->name);
}

static mc_status add_order(mc_builder *b, size_t n, const mc_bytes *names, mc_error *err)
{
    name_row *rows = mc_alloc(n, sizeof *rows);
    if (rows == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for %zu names", n);
    for (size_t i = 0; i < n; i++)
        rows[i] = (name_row){names[i], (uint32_t)i};
    qsort(rows, n, sizeof *rows, by_name);
    mc_status status = MC_OK;
    for (size_t i = 0; i < n && status == MC_OK; i++) {
        if (i > 0 && mc_bytes_equal(rows[i - 1].name, rows[i].name)) {
            status = mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "two columns named \"%.*s\"",
                             MC_SHOW(rows[i].name));
        } else {
            status = mc_vec_append(&b->sections[MC_SECTION_BY_NAME], &rows[i].column,
                                   sizeof rows[i].column, err);
        }
    }
    mc_free(rows);
    return status;
}

mc_status mc_build_columns(mc_builder *b, size_t n, const mc_bytes *names, bool extra_columns,
                           mc_error *err)
{
    MC_ASSERT(b->n_columns == 0);
    if (n > MC_LIMIT_COLUMNS)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu input columns, at most %zu", n,
                       MC_LIMIT_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        mc_image_column column = {.kind = MC_COLUMN_UNUSED};
        if (names != NULL)
            MC_TRY(add_text(b, names[i], &column.name, err));
        MC_TRY(mc_vec_append(&b->sections[MC_SECTION_COLUMNS], &column, sizeof column, err));
    }
    MC_TRY(mc_vec_append(&b->wanted, NULL, n, err));
    if (names != NULL)
        MC_TRY(add_order(b, n, names, err));
    b->n_columns = n;
    b->flags =
        (names != NULL ? MC_IMAGE_HAS_NAMES : 0) | (extra_columns ? MC_IMAGE_EXTRA_COLUMNS : 0);
    return MC_OK;
}

void mc_build_row_kind(mc_builder *b, mc_row_kind row)
{
    MC_ASSERT(row == MC_ROW_COLUMNS || b->n_columns == 1);
    b->flags = (b->flags & ~(3u << MC_IMAGE_ROW_SHIFT)) | (uint32_t)row << MC_IMAGE_ROW_SHIFT;
}

void mc_build_any_width(mc_builder *b)
{
    mc_build_row_kind(b, MC_ROW_LIST);
    b->flags |= MC_IMAGE_ANY_WIDTH;
}

mc_status mc_build_is_open(const mc_builder *b, bool *out, mc_error *err)
{
    const mc_vec *buffers = &b->sections[MC_SECTION_BUFFERS];
    const mc_vec *steps = &b->sections[MC_SECTION_STEPS];
    const mc_view view = {
        .steps = (const mc_step *)(const void *)steps->data,
        .arrays = (const mc_image_array *)(const void *)b->sections[MC_SECTION_ARRAYS].data,
        .weights = b->sections[MC_SECTION_WEIGHTS].data,
        .n_steps = mc_u32_from_size(steps->size / sizeof(mc_step)),
        .n_buffers = mc_u32_from_size(buffers->size / sizeof(mc_image_buffer))};
    uint8_t *widens = mc_alloc(view.n_buffers, 1);
    if (widens == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to look at the steps");
    *out = mc_open_is_possible(&view, widens);
    mc_free(widens);
    return MC_OK;
}

uint32_t mc_build_sparse_input(mc_builder *b)
{
    mc_image_buffer *buffers = (mc_image_buffer *)(void *)b->sections[MC_SECTION_BUFFERS].data;
    b->sparse_input = true;
    buffers[MC_SPARSE_INPUT].width = mc_u32_from_size(b->n_columns);
    return MC_SPARSE_INPUT;
}

mc_status mc_build_identity(mc_builder *b, mc_bytes estimator, mc_bytes sklearn_version,
                            const char *importer, mc_error *err)
{
    MC_TRY(add_text(b, estimator, &b->estimator, err));
    MC_TRY(add_text(b, sklearn_version, &b->sklearn_version, err));
    return add_text(b, mc_bytes_of(importer), &b->importer, err);
}

mc_status mc_build_classes(mc_builder *b, const mc_cell *labels, size_t n, uint32_t *out_table,
                           mc_error *err)
{
    mc_vec *cells = &b->sections[MC_SECTION_CELLS], *tables = &b->sections[MC_SECTION_TABLES];
    const mc_image_span added = {mc_u32_from_size(cells->size / sizeof(mc_image_cell)),
                                 mc_u32_from_size(n)};
    for (size_t i = 0; i < n; i++) {
        mc_image_cell cell;
        MC_TRY(to_image_cell(b, &labels[i], &cell, err));
        MC_TRY(mc_vec_append(cells, &cell, sizeof cell, err));
    }
    const mc_image_span *runs = (const mc_image_span *)(const void *)tables->data;
    const size_t size = n * sizeof(mc_image_cell);
    const uint8_t *added_cells = cells->data + added.first * sizeof(mc_image_cell);
    for (uint32_t i = 0; i < tables->size / sizeof *runs; i++) {
        const uint8_t *known_cells = cells->data + runs[i].first * sizeof(mc_image_cell);
        if (runs[i].n == n && (n == 0 || memcmp(known_cells, added_cells, size) == 0)) {
            cells->size -= size; /* known already */
            *out_table = i;
            return MC_OK;
        }
    }
    *out_table = (uint32_t)(tables->size / sizeof *runs);
    return mc_vec_append(tables, &added, sizeof added, err);
}

static mc_image_span run_of(const mc_builder *b, uint32_t table)
{
    const mc_vec *tables = &b->sections[MC_SECTION_TABLES];
    MC_ASSERT(table < tables->size / sizeof(mc_image_span));
    return ((const mc_image_span *)(const void *)tables->data)[table];
}

size_t mc_build_n_classes(const mc_builder *b, uint32_t table)
{
    return run_of(b, table).n;
}

mc_status mc_build_class(const mc_builder *b, uint32_t table, size_t at, mc_arena *arena,
                         mc_cell *out, mc_error *err)
{
    const mc_image_span run = run_of(b, table);
    const mc_image_cell *cells =
        (const mc_image_cell *)(const void *)b->sections[MC_SECTION_CELLS].data;
    MC_ASSERT(at < run.n);
    const mc_image_cell *from = &cells[run.first + at];
    *out = (mc_cell){.kind = from->kind, .size = from->size};
    if (from->kind != MC_CELL_STRING) {
        out->as.integer = from->as.integer; /* the same bytes as `number` */
        return MC_OK;
    }
    return mc_arena_copy(arena,
                         (const char *)b->sections[MC_SECTION_STRINGS].data + from->as.text_at,
                         from->size, &out->as.text, err);
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
    const mc_image_array *known =
        (const mc_image_array *)(const void *)query->b->sections[MC_SECTION_ARRAYS].data + id;
    const size_t size = query->array.n_items * mc_array_item_size(query->array.type);
    return known->type == query->array.type && known->n_rows == query->array.n_rows &&
           known->n_cols == query->array.n_cols &&
           (size == 0 || memcmp(query->b->sections[MC_SECTION_WEIGHTS].data + known->at,
                                query->items, size) == 0);
}

void mc_build_budget(mc_builder *b, mc_reserve_fn *reserve, void *context)
{
    b->reserve = reserve;
    b->context = context;
}

mc_status mc_builder_reserve(mc_builder *b, size_t size, mc_error *err)
{
    if (b->reserve == NULL || size <= b->reserved)
        return MC_OK;
    MC_TRY(b->reserve(b->context, size - b->reserved, err));
    b->reserved = size;
    return MC_OK;
}

/* Makes sure of room for `size` bytes more of weights. Small ones wait for others. */
static mc_status reserve_weights(mc_builder *b, size_t size, mc_error *err)
{
    size_t need = 0;
    if (!mc_add_size(b->sections[MC_SECTION_WEIGHTS].size, size, &need))
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%zu bytes overflow", size);
    return need < b->reserved + RESERVE_STEP ? MC_OK : mc_builder_reserve(b, need, err);
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
    if (mc_intern_find(&b->known_arrays, hash, same_array, &query, out))
        return MC_OK;
    mc_vec *weights = &b->sections[MC_SECTION_WEIGHTS], *arrays = &b->sections[MC_SECTION_ARRAYS];
    MC_TRY(mc_vec_align(weights, MC_IMAGE_ALIGN, err));
    query.array.at = weights->size;
    const uint32_t id = mc_u32_from_size(arrays->size / sizeof query.array);
    MC_TRY(reserve_weights(b, size, err));
    MC_TRY(mc_vec_append(weights, items, size, err));
    MC_TRY(mc_vec_append(arrays, &query.array, sizeof query.array, err));
    MC_TRY(mc_intern_add(&b->known_arrays, hash, id, err));
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
        status = to_image_cell(b, &cells[i], &cell, err);
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
                                       (parts[i].type_as_input ? MC_PART_TYPE_AS_INPUT : 0),
                              .table = parts[i].table};
        if (parts[i].name != NULL) { /* kept with its NUL: it is handed out as a C string */
            const mc_bytes name = {(const uint8_t *)parts[i].name, strlen(parts[i].name) + 1};
            MC_TRY(add_text(b, name, &part.name, err));
            part.name.size--;
        }
        MC_TRY(mc_vec_append(section, &part, sizeof part, err));
    }
    MC_TRY(mc_builder_list_steps(b, &record, err));
    return mc_vec_append(&b->sections[MC_SECTION_METHODS], &record, sizeof record, err);
}

mc_status mc_build_back(mc_builder *b, const mc_image *back, mc_error *err)
{
    MC_ASSERT(b->sections[MC_SECTION_BACK].size == 0);
    return mc_vec_append(&b->sections[MC_SECTION_BACK], back->block, back->size, err);
}
