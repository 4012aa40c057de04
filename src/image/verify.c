/* verify.c: proves I1 to I12 of layout.h for bytes nobody vouches for.
 *
 * Cost     O(size), no recursion but one step into `back`; allocates marks for models of any
 *          width only.
 * Why so   Parse, verify, trust: the interpreter and the kernels check nothing again, so whatever
 *          they rely on must be proved here, by number. */
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/size.h"
#include "image/any_width.h"
#include "image/builder_state.h"
#include "image/image.h"
#include "image/steps.h"

static mc_status bad(mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "image: %s", what);
}

bool mc_image_is_magic(const uint8_t *data, size_t size)
{
    return size >= 8 && memcmp(data, MC_IMAGE_MAGIC, 8) == 0;
}

/* I1 */
static mc_status verify_header(const uint8_t *block, size_t size, mc_error *err)
{
    const mc_image_header *header = (const mc_image_header *)(const void *)block;
    if (size < sizeof *header)
        return mc_fail(err, MC_E_TRUNCATED, size, "image: need %zu bytes of header, found %zu",
                       sizeof *header, size);
    if (!mc_image_is_magic(block, size))
        return bad(err, "it does not begin with the magic word");
    if (header->format != MC_IMAGE_FORMAT)
        return mc_fail(err, MC_E_UNSUPPORTED, 8, "image: format %u, this program reads %u",
                       header->format, MC_IMAGE_FORMAT);
    if (header->order != MC_IMAGE_ORDER)
        return bad(err, "written on a machine of the other byte order");
    if (header->size != size)
        return mc_fail(err, MC_E_TRUNCATED, size, "image: %" PRIu64 " bytes announced, %zu found",
                       header->size, size);
    return MC_OK;
}

static mc_status verify_digest(const uint8_t *block, size_t size, mc_error *err)
{
    const mc_image_header *header = (const mc_image_header *)(const void *)block;
    const XXH128_hash_t digest =
        XXH3_128bits(block + MC_IMAGE_DIGEST_FROM, size - MC_IMAGE_DIGEST_FROM);
    if (digest.low64 != header->digest[0] || digest.high64 != header->digest[1])
        return bad(err, "the digest is not that of the content");
    return MC_OK;
}

static const size_t RECORD_SIZE[MC_N_SECTIONS] = {
    [MC_SECTION_STRINGS] = 1,
    [MC_SECTION_COLUMNS] = sizeof(mc_image_column),
    [MC_SECTION_BY_NAME] = sizeof(uint32_t),
    [MC_SECTION_CELLS] = sizeof(mc_image_cell),
    [MC_SECTION_TABLES] = sizeof(mc_image_span),
    [MC_SECTION_METHODS] = sizeof(mc_image_method),
    [MC_SECTION_PARTS] = sizeof(mc_image_part),
    [MC_SECTION_BUFFERS] = sizeof(mc_image_buffer),
    [MC_SECTION_STEPS] = sizeof(mc_step),
    [MC_SECTION_STEP_LIST] = sizeof(uint32_t),
    [MC_SECTION_ARRAYS] = sizeof(mc_image_array),
    [MC_SECTION_WEIGHTS] = 1,
    [MC_SECTION_BACK] = 1,
};

/* Sections of bytes: longer than what a uint32_t counts. */
static bool is_bytes(size_t section)
{
    return section == MC_SECTION_WEIGHTS || section == MC_SECTION_STRINGS ||
           section == MC_SECTION_BACK;
}

/* I2 */
static mc_status verify_sections(const uint8_t *block, size_t size, mc_error *err)
{
    const mc_image_header *header = (const mc_image_header *)(const void *)block;
    for (size_t i = 0; i < MC_N_SECTIONS; i++) {
        const uint64_t at = header->sections[i].at, n = header->sections[i].size;
        const bool lies_inside = at <= size && n <= size - at && at % MC_IMAGE_ALIGN == 0;
        if (!lies_inside || n % RECORD_SIZE[i] != 0 ||
            (!is_bytes(i) && n / RECORD_SIZE[i] >= UINT32_MAX))
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "image: section %zu does not lie in the block", i);
    }
    return MC_OK;
}

static bool text_ok(const mc_view *view, uint64_t at, uint64_t size)
{
    return at <= view->strings_size && size <= view->strings_size - at;
}

static bool run_ok(mc_image_span run, uint32_t n)
{
    return run.first <= n && run.n <= n - run.first;
}

static mc_status verify_cells(const mc_view *view, const mc_image_cell *cells, size_t n,
                              mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (cells[i].kind > MC_CELL_STRING)
            return bad(err, "unknown kind of cell");
        if (cells[i].kind == MC_CELL_STRING && !text_ok(view, cells[i].as.text_at, cells[i].size))
            return bad(err, "the text of a cell lies outside the strings"); /* I3 */
    }
    return MC_OK;
}

/* I3, I4. A slot without a column would keep what the request before it left there. */
static mc_status verify_columns(const mc_view *view, mc_error *err)
{
    uint32_t n_of[] = {[MC_COLUMN_UNUSED] = 0,
                       [MC_COLUMN_NUMBER] = 0,
                       [MC_COLUMN_CELL] = 0,
                       [MC_COLUMN_SPARSE] = 0};
    const uint32_t n_sparse = view->header->n_sparse;
    if (view->columns == NULL)
        n_of[view->alike] = view->n_columns;
    if (view->n_columns > MC_LIMIT_COLUMNS)
        return bad(err, "too many input columns");
    for (uint32_t i = 0; view->columns != NULL && i < view->n_columns; i++) {
        const mc_image_column *column = &view->columns[i];
        if (column->kind > MC_COLUMN_SPARSE ||
            (column->kind != MC_COLUMN_UNUSED && column->slot != n_of[column->kind]++) ||
            !text_ok(view, column->name.at, column->name.size))
            return bad(err, "an input column has no valid slot or name");
    }
    if (n_of[MC_COLUMN_NUMBER] != view->header->n_numbers ||
        n_of[MC_COLUMN_CELL] != view->header->n_cells || n_of[MC_COLUMN_SPARSE] != n_sparse ||
        (n_sparse > 0 && n_sparse != view->n_columns))
        return bad(err, "not as many input columns as slots");
    return MC_OK;
}

/* I3, I4 */
static mc_status verify_schema(const mc_view *view, mc_error *err)
{
    const mc_image_header *header = view->header;
    const mc_image_text texts[] = {header->estimator, header->sklearn_version, header->importer};
    for (size_t i = 0; i < MC_COUNT_OF(texts); i++)
        if (!text_ok(view, texts[i].at, texts[i].size))
            return bad(err, "a text of the header lies outside the strings");
    MC_TRY(verify_columns(view, err));
    const bool has_names = (header->flags & MC_IMAGE_HAS_NAMES) != 0;
    if (header->flags & ~MC_IMAGE_FLAGS || header->quantization >= MC_N_QUANTIZATIONS)
        return bad(err, "unknown flags");
    if (mc_image_row_kind(header->flags) != MC_ROW_COLUMNS && (view->n_columns != 1 || has_names))
        return bad(err, "rows that are one value, and not one column");
    if (view->n_by_name != (has_names ? view->n_columns : 0))
        return bad(err, "not as many column names as columns");
    for (uint32_t i = 0; i < view->n_by_name; i++)
        if (view->by_name[i] >= view->n_columns)
            return bad(err, "the order of the names names no column");
    MC_TRY(verify_cells(view, view->cells, view->n_cells, err));
    for (uint32_t i = 0; i < view->n_tables; i++)
        if (!run_ok(view->tables[i], view->n_cells))
            return bad(err, "a class table lies outside the cells");
    return MC_OK;
}

/* I12 */
static bool scales_ok(const mc_view *view, const mc_image_array *array)
{
    if (array->type >= MC_ARRAY_F32 && view->header->quantization == MC_QUANTIZE_NEVER)
        return false;
    if (array->type == MC_ARRAY_F16)
        return array->scales > 0 && array->scales < 2047;
    if (array->type != MC_ARRAY_I8)
        return array->scales == 0;
    if (array->scales >= view->n_arrays)
        return false;
    const mc_image_array *by = &view->arrays[array->scales];
    if (by->type == MC_ARRAY_F32)
        return by->n_rows == array->n_rows && by->n_cols == 1;
    return by->type == MC_ARRAY_F64 &&
           ((by->n_rows == 2 && by->n_cols == array->n_cols && by->n_cols != 1) ||
            (by->n_cols == 1 && by->n_rows >= 2 && by->n_rows % 2 == 0));
}

/* I5. One behind the other, so that all the cells in them together are O(size). */
static mc_status verify_arrays(const mc_view *view, bool in_full, mc_error *err)
{
    size_t free_from = 0;
    for (uint32_t i = 0; i < view->n_arrays; i++) {
        const mc_image_array *array = &view->arrays[i];
        size_t n_items = 0, size = 0;
        if (array->type >= MC_N_ARRAY_TYPES ||
            !mc_mul_size(array->n_rows, array->n_cols, &n_items) || n_items != array->n_items ||
            !mc_mul_size(n_items, mc_array_item_size(array->type), &size) ||
            array->at % MC_IMAGE_ALIGN != 0 || array->at < free_from ||
            array->at > view->weights_size || size > view->weights_size - array->at)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "image: array %u does not lie in the weights", i);
        if (!scales_ok(view, array))
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "image: array %u has no scales, or is narrow where none is", i);
        free_from = array->at + size;
        if (array->type == MC_ARRAY_CELL && in_full)
            MC_TRY(verify_cells(view, mc_view_array(view, i), n_items, err));
    }
    return MC_OK;
}

static bool is_buffer(const mc_view *view, uint32_t buffer, uint32_t type, uint32_t below)
{
    return buffer < below && buffer < view->n_buffers && view->buffers[buffer].type == type;
}

/* I6: sources listed in array 0 */
static mc_status verify_many(const mc_view *view, const mc_step *step, uint32_t type, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, SIZE_MAX, 1, err));
    const uint32_t *sources = mc_view_u32(view, step->array[0]);
    for (size_t i = 0; i < mc_array_rows(view, step, 0); i++)
        MC_TRY(mc_check_that(view, step, is_buffer(view, sources[i], type, step->dst),
                             "a listed source is no earlier buffer of its type", err));
    return MC_OK;
}

/* I6, I7 */
static mc_status verify_step(const mc_view *view, uint32_t at, bool in_full, mc_error *err)
{
    const mc_step *step = &view->steps[at];
    if (step->op >= MC_N_OPS)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "image: step %u: unknown op %u", at,
                       step->op);
    const mc_op_info *op = &MC_OPS[step->op];
    const uint32_t src = op->src & ~MC_STEP_MANY;
    MC_TRY(mc_check_that(view, step,
                         step->dst == at + MC_N_INPUTS &&
                             is_buffer(view, step->dst, op->dst, UINT32_MAX) &&
                             view->buffers[step->dst].writer == at,
                         "its destination is no buffer of its own", err));
    if (op->src & MC_STEP_MANY)
        MC_TRY(verify_many(view, step, src, err));
    else if (src != MC_BUFFER_NONE)
        MC_TRY(mc_check_that(view, step, is_buffer(view, step->src, src, step->dst),
                             "its source is no earlier buffer of its type", err));
    const uint32_t src2 = op->src2 & ~MC_STEP_MAYBE;
    const bool is_absent = (op->src2 & MC_STEP_MAYBE) && step->src2 == MC_NONE;
    if (src2 != MC_BUFFER_NONE && !is_absent)
        MC_TRY(mc_check_that(view, step, is_buffer(view, step->src2, src2, step->dst),
                             "its second source is no earlier buffer of its type", err));
    return in_full ? op->check(view, step, err) : MC_OK;
}

/* I4, I6, I7 */
static mc_status verify_program(const mc_view *view, bool in_full, mc_error *err)
{
    if (view->n_buffers < MC_N_INPUTS || view->n_buffers - MC_N_INPUTS != view->n_steps)
        return bad(err, "not a buffer a step");
    if (view->buffers[0].type != MC_BUFFER_F64 || view->buffers[1].type != MC_BUFFER_CELL ||
        view->buffers[0].width != view->header->n_numbers ||
        view->buffers[1].width != view->header->n_cells ||
        view->buffers[MC_SPARSE_INPUT].type != MC_BUFFER_CSR ||
        view->buffers[MC_SPARSE_INPUT].width != view->header->n_sparse)
        return bad(err, "the first buffers are not the input's numbers, cells and sparse rows");
    for (uint32_t i = 0; i < view->n_buffers; i++) {
        if (view->buffers[i].type == MC_BUFFER_NONE || view->buffers[i].type >= MC_N_BUFFER_TYPES ||
            view->buffers[i].width > MC_LIMIT_WIDTH)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "image: buffer %u is not valid", i);
    }
    for (uint32_t i = 0; i < view->n_steps; i++)
        MC_TRY(verify_step(view, i, in_full, err));
    return MC_OK;
}

/* Is `step` among the ascending ids of a method? */
static bool listed(const uint32_t *list, uint32_t n, uint32_t step)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (list[middle] < step)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && list[low] == step;
}

static bool written(const mc_view *view, const mc_image_method *method, uint32_t buffer)
{
    return buffer < MC_N_INPUTS || listed(view->step_list + method->steps.first, method->steps.n,
                                          view->buffers[buffer].writer);
}

/* I8 */
static mc_status verify_list(const mc_view *view, const mc_image_method *method, mc_error *err)
{
    const uint32_t *list = view->step_list + method->steps.first;
    for (uint32_t i = 0; i < method->steps.n; i++) {
        if (list[i] >= view->n_steps || (i > 0 && list[i] <= list[i - 1]))
            return bad(err, "the steps of a method are not ascending");
        const mc_step *step = &view->steps[list[i]];
        bool ok = (step->src == MC_NONE || MC_OPS[step->op].src == MC_BUFFER_NONE ||
                   (MC_OPS[step->op].src & MC_STEP_MANY) || written(view, method, step->src)) &&
                  (step->src2 == MC_NONE || MC_OPS[step->op].src2 == MC_BUFFER_NONE ||
                   written(view, method, step->src2));
        if (MC_OPS[step->op].src & MC_STEP_MANY) {
            const uint32_t *sources = mc_view_u32(view, step->array[0]);
            for (size_t j = 0; ok && j < mc_array_rows(view, step, 0); j++)
                ok = written(view, method, sources[j]);
        }
        if (!ok)
            return bad(err, "a method lacks a step that it needs");
    }
    return MC_OK;
}

/* A part's name is handed out as a C string: a NUL stands behind it. */
static bool part_name_ok(const mc_view *view, mc_image_text name)
{
    return name.size == 0 || (text_ok(view, name.at, (uint64_t)name.size + 1) &&
                              view->strings[name.at + name.size] == '\0');
}

/* I9 */
static mc_status verify_part(const mc_view *view, const mc_image_method *method,
                             const mc_image_part *part, mc_error *err)
{
    static const uint32_t BUFFER_OF[] = {[MC_VALUE_FLOAT] = MC_BUFFER_F64,
                                         [MC_VALUE_INT] = MC_BUFFER_F64,
                                         [MC_VALUE_BOOL] = MC_BUFFER_F64,
                                         [MC_VALUE_LABEL] = MC_BUFFER_I32,
                                         [MC_VALUE_CELL] = MC_BUFFER_CELL};
    const bool is_sparse = part->type <= MC_VALUE_BOOL && !(part->flags & MC_PART_SCALAR) &&
                           is_buffer(view, part->buffer, MC_BUFFER_CSR, UINT32_MAX);
    const bool of_pairs = part->type == MC_VALUE_FLOAT && part->flags == 0 &&
                          is_buffer(view, part->buffer, MC_BUFFER_PAIRS, UINT32_MAX);
    if (part->type >= MC_COUNT_OF(BUFFER_OF) ||
        (!is_sparse && !of_pairs &&
         !is_buffer(view, part->buffer, BUFFER_OF[part->type], UINT32_MAX)) ||
        !written(view, method, part->buffer) || !part_name_ok(view, part->name))
        return bad(err, "an answer shows no buffer that its method writes");
    if ((part->flags & MC_PART_SCALAR) && view->buffers[part->buffer].width != 1)
        return bad(err, "an answer of one value a row is wider than 1");
    if (part->type == MC_VALUE_LABEL &&
        (part->table >= view->n_tables ||
         mc_label_bound(view, part->buffer) > view->tables[part->table].n))
        return bad(err, "a class table does not cover the labels");
    return MC_OK;
}

static mc_status verify_methods(const mc_view *view, mc_error *err)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < view->n_methods; i++) {
        const mc_image_method *method = &view->methods[i];
        if (method->method >= MC_N_METHODS || (seen & 1u << method->method) ||
            !run_ok(method->steps, view->n_step_list) || !run_ok(method->parts, view->n_parts) ||
            method->parts.n == 0)
            return bad(err, "a method is unknown, there twice, or its runs lie outside");
        seen |= 1u << method->method;
        MC_TRY(verify_list(view, method, err));
        for (uint32_t j = 0; j < method->parts.n; j++)
            MC_TRY(verify_part(view, method, &view->parts[method->parts.first + j], err));
    }
    if (view->header->default_method >= MC_N_METHODS ||
        !(seen & 1u << view->header->default_method))
        return bad(err, "the default method is not among its methods");
    return MC_OK;
}

/* I11 */
static mc_status verify_open(const mc_view *view, mc_error *err)
{
    if (!(view->header->flags & MC_IMAGE_ANY_WIDTH))
        return MC_OK;
    uint8_t *widens = mc_alloc(view->n_buffers, 1);
    if (widens == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to verify an image");
    const bool possible =
        mc_image_row_kind(view->header->flags) == MC_ROW_LIST && mc_open_is_possible(view, widens);
    mc_free(widens);
    return possible ? MC_OK : bad(err, "its rows have any width, and a step needs one");
}

/* I3, I4, I6 to I9, I11 */
static mc_status verify_records(const mc_view *view, bool in_full, mc_error *err)
{
    MC_TRY(verify_schema(view, err));
    MC_TRY(verify_program(view, in_full, err));
    MC_TRY(verify_open(view, err));
    return verify_methods(view, err);
}

/* I10: what it shares is where the image around it has it, and the rest lies in `back`. */
static mc_status verify_shared(const mc_view *forth, mc_error *err)
{
    const uint64_t at = (uint64_t)(forth->back - (const uint8_t *)forth->header);
    const mc_image_header *header = (const mc_image_header *)(const void *)forth->back;
    for (size_t i = 0; i < MC_N_SECTIONS; i++) {
        const uint64_t from = header->sections[i].at, n = header->sections[i].size;
        const bool is_shared =
            from == forth->header->sections[i].at - at && n == forth->header->sections[i].size;
        const bool lies_inside = from <= forth->back_size && n <= forth->back_size - from;
        if (mc_section_is_shared(i) ? !is_shared : !lies_inside)
            return bad(err, "a section is not where the image around it has it");
    }
    if (header->quantization != forth->header->quantization || header->digest[0] != 0 ||
        header->digest[1] != 0)
        return bad(err, "another quantization than the image around it, or a digest of its own");
    return MC_OK;
}

/* I10 */
static mc_status verify_back(const mc_view *forth, bool in_full, mc_error *err)
{
    mc_view back;
    const size_t at = (size_t)(forth->back - (const uint8_t *)forth->header);
    const size_t size = (size_t)forth->header->size - at;
    if (forth->back_size < sizeof(mc_image_header))
        return bad(err, "it has no header");
    MC_TRY(verify_header(forth->back, size, err));
    MC_TRY(verify_sections(forth->back, size, err));
    MC_TRY(verify_shared(forth, err));
    mc_view_of(forth->back, &back);
    MC_TRY(verify_records(&back, in_full, err));
    if (back.back != NULL || back.n_methods != 1 ||
        back.methods[0].method != MC_METHOD_INVERSE_TRANSFORM)
        return bad(err, "the way back offers more than inverse_transform");
    for (uint32_t i = 0; i < forth->n_methods; i++)
        if (forth->methods[i].method == MC_METHOD_INVERSE_TRANSFORM)
            return bad(err, "inverse_transform is there twice");
    return MC_OK;
}

/* I1 to I12 */
static mc_status verify(const uint8_t *block, size_t size, bool in_full, mc_error *err)
{
    mc_view view;
    MC_TRY(verify_header(block, size, err));
    if (in_full)
        MC_TRY(verify_digest(block, size, err));
    MC_TRY(verify_sections(block, size, err));
    mc_view_of(block, &view);
    MC_TRY(verify_arrays(&view, in_full, err));
    MC_TRY(verify_records(&view, in_full, err));
    if (view.back != NULL)
        MC_TRY_IN(verify_back(&view, in_full, err), err, "the way back");
    return MC_OK;
}

mc_status mc_image_verify(const uint8_t *block, size_t size, mc_error *err)
{
    return verify(block, size, true, err);
}

mc_status mc_image_verify_outline(const uint8_t *block, size_t size, mc_error *err)
{
    return verify(block, size, false, err);
}
