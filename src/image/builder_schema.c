/* builder_schema.c: the builder's texts, columns, identity and class tables. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/size.h"
#include "image/any_width.h"
#include "image/builder_state.h"

/* ------------------------------------------------------------------------------- texts ---- */

typedef struct text_query {
    const mc_builder *b;
    mc_bytes text;
} text_query;

/* Texts are interned by where they start, so the id is the offset; sizes are compared by content.
 * Of a way back that was given up, ids may be left that lie beyond the end. */
static bool same_text(const void *context, uint32_t id)
{
    const text_query *query = context;
    const mc_vec *strings = mc_builder_look(query->b, MC_SECTION_STRINGS);
    return id <= strings->size && query->text.size <= strings->size - id &&
           memcmp(strings->data + id, query->text.data, query->text.size) == 0;
}

mc_status mc_builder_add_text(mc_builder *b, mc_bytes text, mc_image_text *out, mc_error *err)
{
    mc_vec *strings = mc_builder_vec(b, MC_SECTION_STRINGS);
    mc_intern *known = &mc_builder_store(b)->known_texts;
    const uint64_t hash = text.size == 0 ? 0 : XXH3_64bits(text.data, text.size);
    const text_query query = {b, text};
    uint32_t at = 0;
    if (text.size > UINT32_MAX - 1 - strings->size)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more than 4 GiB of texts");
    if (text.size > 0 && !mc_intern_find(known, hash, same_text, &query, &at)) {
        at = (uint32_t)strings->size;
        MC_TRY(mc_vec_append(strings, text.data, text.size, err));
        MC_TRY(mc_intern_add(known, hash, at, err));
    }
    *out = (mc_image_text){at, (uint32_t)text.size};
    return MC_OK;
}

mc_status mc_builder_add_cell(mc_builder *b, const mc_cell *cell, mc_image_cell *out, mc_error *err)
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
        MC_TRY(mc_builder_add_text(b, bytes, &text, err));
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
    for (size_t i = 0; names != NULL && i < n; i++) { /* others get records when they need them */
        mc_image_column column = {.kind = MC_COLUMN_UNUSED};
        MC_TRY(mc_builder_add_text(b, names[i], &column.name, err));
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
        .arrays = (const mc_image_array *)(const void *)mc_builder_look(b, MC_SECTION_ARRAYS)->data,
        .weights = mc_builder_look(b, MC_SECTION_WEIGHTS)->data,
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
    MC_TRY(mc_builder_add_text(b, estimator, &b->estimator, err));
    MC_TRY(mc_builder_add_text(b, sklearn_version, &b->sklearn_version, err));
    return mc_builder_add_text(b, mc_bytes_of(importer), &b->importer, err);
}

mc_status mc_build_classes(mc_builder *b, const mc_cell *labels, size_t n, uint32_t *out_table,
                           mc_error *err)
{
    mc_vec *cells = &b->sections[MC_SECTION_CELLS], *tables = &b->sections[MC_SECTION_TABLES];
    const mc_image_span added = {mc_u32_from_size(cells->size / sizeof(mc_image_cell)),
                                 mc_u32_from_size(n)};
    for (size_t i = 0; i < n; i++) {
        mc_image_cell cell;
        MC_TRY(mc_builder_add_cell(b, &labels[i], &cell, err));
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
    return mc_arena_copy(
        arena, (const char *)mc_builder_look(b, MC_SECTION_STRINGS)->data + from->as.text_at,
        from->size, &out->as.text, err);
}
