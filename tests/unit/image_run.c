/* image_run.c: the property of mc_image_verify(): what it accepts can be run with any input. */
#include "image_run.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "image/layout.h"
#include "image/quantize.h"

#define WORKSPACE_LIMIT ((size_t)1 << 20)
#define MAX_ROWS        3
#define MANY_COLUMNS    ((size_t)1 << 20)

void image_fix_digest(uint8_t *block, size_t size)
{
    if (size < sizeof(mc_image_header))
        return;
    const XXH128_hash_t digest =
        XXH3_128bits(block + MC_IMAGE_DIGEST_FROM, size - MC_IMAGE_DIGEST_FROM);
    memcpy(block + offsetof(mc_image_header, digest), &digest.low64, 8);
    memcpy(block + offsetof(mc_image_header, digest) + 8, &digest.high64, 8);
}

static double number_of(size_t i)
{
    const double numbers[] = {0.0,  -1.5, (double)NAN,      1e300, (double)INFINITY, 2.0,
                              -0.0, 0.25, -(double)INFINITY};
    return numbers[i * 7 % MC_COUNT_OF(numbers)];
}

static mc_cell cell_of(size_t i)
{
    switch (i * 5 % 6) {
    case 0:
        return (mc_cell){.kind = MC_CELL_STRING, .size = 3, .as.text = "red"};
    case 1:
        return (mc_cell){.kind = MC_CELL_NUMBER, .as.number = number_of(i)};
    case 2:
        return (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = 1};
    case 3:
        return (mc_cell){.kind = MC_CELL_NONE};
    case 4:
        return (mc_cell){.kind = MC_CELL_BOOL, .as.integer = 1};
    default:
        return (mc_cell){.kind = MC_CELL_STRING};
    }
}

/* The same for sparse rows, whose columns must ascend within the part's. */
static double look_at_rows(const mc_part *part, size_t n_rows)
{
    double sum = 0.0;
    MC_ASSERT(part->data == NULL);
    MC_ASSERT(part->indptr[0] == 0);
    for (size_t i = 0; i < n_rows; i++) {
        for (int64_t j = part->indptr[i]; j < part->indptr[i + 1]; j++) {
            MC_ASSERT(part->indices[j] >= 0);
            MC_ASSERT((size_t)part->indices[j] < part->n_columns);
            MC_ASSERT(j == part->indptr[i] || part->indices[j - 1] < part->indices[j]);
            sum += part->values[j];
        }
    }
    return sum;
}

static double look_at_scalar(const mc_cell *cell)
{
    double sum = 0.0;
    MC_ASSERT(cell->kind <= MC_CELL_STRING);
    for (size_t k = 0; cell->kind == MC_CELL_STRING && k < cell->size; k++)
        sum += cell->as.text[k];
    return cell->kind == MC_CELL_NUMBER ? cell->as.number : sum;
}

/* Lists of neighbours, terms of a document, dicts of names: what is in them are no lists. */
static double look_at_cell(const mc_cell *cell)
{
    double sum = 0.0;
    if (cell->kind <= MC_CELL_STRING)
        return look_at_scalar(cell);
    MC_ASSERT(cell->kind <= MC_CELL_DICT);
    const size_t n = (size_t)cell->size * (cell->kind == MC_CELL_DICT ? 2 : 1);
    for (size_t k = 0; k < n; k++)
        sum += look_at_scalar(&cell->as.items[k]);
    return sum;
}

/* Sums what the answer holds, so that each byte of it is read; the caller keeps the sum. */
static double look_at(const mc_model *model, const mc_output *output)
{
    double sum = 0.0;
    for (size_t i = 0; i < output->n_parts; i++) {
        const mc_part *part = &output->parts[i];
        size_t n_classes = 0;
        if (part->type == MC_VALUE_LABEL)
            (void)mc_model_classes(model, part->classes, &n_classes);
        sum += part->name == NULL ? 0.0 : (double)strlen(part->name);
        if (part->indptr != NULL) {
            sum += look_at_rows(part, output->n_rows);
            continue;
        }
        for (size_t j = 0; j < output->n_rows * part->n_columns; j++) {
            if (part->type == MC_VALUE_LABEL) {
                const int32_t label = ((const int32_t *)part->data)[j];
                MC_ASSERT(label >= 0);
                MC_ASSERT((size_t)label < n_classes);
            } else if (part->type == MC_VALUE_CELL) {
                sum += look_at_cell((const mc_cell *)part->data + j);
            } else {
                sum += ((const double *)part->data)[j];
            }
        }
    }
    return sum;
}

static void predict(const mc_model *model, const mc_input *input)
{
    const uint32_t methods = mc_model_describe(model).methods;
    mc_workspace *workspace = NULL;
    MC_ASSERT(mc_workspace_create(WORKSPACE_LIMIT, &workspace, NULL) == MC_OK);
    volatile double seen = 0.0;
    for (size_t i = 0; i < MC_N_METHODS; i++) {
        mc_output output;
        const bool is_backwards = i == MC_METHOD_INVERSE_TRANSFORM && mc_model_inverse(model);
        if (!(methods >> i & 1u) || is_backwards)
            continue; /* the way back is asked with rows of its own columns */
        const mc_status status =
            mc_model_predict(model, (mc_method)i, input, workspace, &output, NULL);
        MC_ASSERT(status == MC_OK || status == MC_E_BAD_INPUT || status == MC_E_BUSY);
        if (status == MC_OK)
            seen = seen + look_at(model, &output);
    }
    MC_ASSERT(mc_workspace_bytes(workspace) <= WORKSPACE_LIMIT);
    mc_workspace_destroy(workspace);
}

/* Entries in no order, some of one column; one row has none. */
static void predict_sparse(const mc_model *model, size_t n_rows, size_t seed)
{
    const size_t width = mc_model_describe(model).n_columns;
    int64_t indptr[MAX_ROWS + 1] = {0};
    int32_t indices[MAX_ROWS * 4];
    double values[MAX_ROWS * 4];
    for (size_t i = 0; i < n_rows; i++) {
        indptr[i + 1] = indptr[i] + (i == 1 || width == 0 ? 0 : 4);
        for (int64_t j = indptr[i]; j < indptr[i + 1]; j++) {
            indices[j] = (int32_t)(((size_t)j * 5 + seed) * 7 % width);
            values[j] = number_of((size_t)j + seed);
        }
    }
    mc_input input = {
        .layout = MC_LAYOUT_CSR, .n_rows = n_rows, .as.csr = {width, indptr, indices, values}};
    predict(model, &input);
    if (width == 0 || mc_model_column(model, 0).kind != MC_COLUMN_SPARSE)
        return;
    input.layout = MC_LAYOUT_SLOTS;
    input.as.slots.rows = (mc_csr_data){width, indptr, indices, values};
    predict(model, &input);
}

static void predict_slots(const mc_model *model, size_t n_rows, size_t seed)
{
    const mc_model_info info = mc_model_describe(model);
    if (info.n_columns > 0 && mc_model_column(model, 0).kind == MC_COLUMN_SPARSE)
        return;
    double *numbers = mc_alloc(n_rows * info.n_numbers, sizeof *numbers);
    mc_cell *cells = mc_alloc(n_rows * info.n_cells, sizeof *cells);
    MC_ASSERT(numbers != NULL && cells != NULL);
    for (size_t i = 0; i < n_rows * info.n_numbers; i++)
        numbers[i] = number_of(i + seed);
    for (size_t i = 0; i < n_rows * info.n_cells; i++)
        cells[i] = cell_of(i + seed);
    const mc_input input = {.layout = MC_LAYOUT_SLOTS,
                            .n_rows = n_rows,
                            .as.slots = {.numbers = numbers, .cells = cells}};
    predict(model, &input);
    mc_free(numbers);
    mc_free(cells);
}

/* Small numbers only: what a model answers gladly. */
static void predict_dense(const mc_model *model, size_t n_rows)
{
    const size_t width = mc_model_describe(model).n_columns;
    double *numbers = mc_alloc(n_rows * width, sizeof *numbers);
    MC_ASSERT(numbers != NULL);
    for (size_t i = 0; i < n_rows * width; i++)
        numbers[i] = (double)(i % 4) / 2.0;
    const mc_input input = {.layout = MC_LAYOUT_DENSE,
                            .n_rows = n_rows,
                            .as.dense = {.data = numbers,
                                         .dtype = MC_DTYPE_F64,
                                         .n_columns = width,
                                         .row_stride = (ptrdiff_t)(8 * width),
                                         .column_stride = 8}};
    predict(model, &input);
    mc_free(numbers);
}

/* Rows of integers, which some steps treat as such; the second is all zeros. */
static void predict_integers(const mc_model *model, size_t n_rows)
{
    const size_t width = mc_model_describe(model).n_columns;
    int64_t *numbers = mc_alloc(n_rows * width, sizeof *numbers);
    MC_ASSERT(numbers != NULL);
    for (size_t i = 0; i < n_rows * width; i++)
        numbers[i] = i / (width == 0 ? 1 : width) == 1 ? 0 : (int64_t)(i % 3) - 1;
    const mc_input input = {.layout = MC_LAYOUT_DENSE,
                            .n_rows = n_rows,
                            .as.dense = {.data = numbers,
                                         .dtype = MC_DTYPE_I64,
                                         .n_columns = width,
                                         .row_stride = (ptrdiff_t)(8 * width),
                                         .column_stride = 8}};
    predict(model, &input);
    mc_free(numbers);
}

static void use_model(const mc_model *model)
{
    size_t n = 0, at = 0;
    const mc_column *columns = mc_model_columns(model, &n);
    if (n > MANY_COLUMNS)
        return; /* as few bytes can announce */
    for (size_t i = 0; columns != NULL && i < n; i++)
        if (columns[i].name != NULL)
            MC_ASSERT(mc_model_find_column(model, columns[i].name, columns[i].name_size, &at) !=
                          MC_OK ||
                      at < n);
    for (size_t n_rows = 0; n_rows <= MAX_ROWS; n_rows += n_rows == 1 ? 2 : 1) {
        predict_slots(model, n_rows, 0);
        predict_slots(model, n_rows, 2);
        predict_sparse(model, n_rows, 0);
        predict_sparse(model, n_rows, 3);
        predict_dense(model, n_rows);
        predict_integers(model, n_rows);
    }
}

/* A copy with the right digest, if mc_image_verify() accepts it. */
static bool adopt(const uint8_t *block, size_t size, mc_image *out, mc_error *err)
{
    uint8_t *pages = mc_pages_alloc(size == 0 ? 1 : size);
    MC_ASSERT(pages != NULL);
    if (size > 0)
        memcpy(pages, block, size);
    image_fix_digest(pages, size);
    const mc_status status = mc_image_adopt(pages, size, out, err);
    MC_ASSERT(status == MC_OK || status == MC_E_MALFORMED || status == MC_E_TRUNCATED ||
              status == MC_E_UNSUPPORTED);
    if (status != MC_OK)
        mc_pages_free(pages, size == 0 ? 1 : size);
    return status == MC_OK;
}

bool image_quantize_and_run(const uint8_t *block, size_t size, mc_quantization form)
{
    mc_image wide, narrow;
    mc_error err = {0};
    if (!adopt(block, size, &wide, &err))
        return false;
    const mc_status status = mc_image_quantize(&wide, form, 1, NULL, NULL, &narrow, &err);
    MC_ASSERT(status == MC_OK || status == MC_E_CONFLICT);
    mc_image_close(&wide);
    if (status == MC_OK) {
        MC_ASSERT(image_run_all(narrow.block, narrow.size, &err));
        mc_image_close(&narrow);
    }
    return status == MC_OK;
}

bool image_run_all(const uint8_t *block, size_t size, mc_error *err)
{
    const mc_model_identity identity = {.name = "", .version = "", .source = ""};
    mc_image image;
    mc_model *model = NULL;
    if (!adopt(block, size, &image, err))
        return false;
    MC_ASSERT(mc_model_create(&image, &identity, &model, NULL) == MC_OK);
    use_model(model);
    if (mc_model_inverse(model) != NULL)
        use_model(mc_model_inverse(model));
    mc_model_release(model);
    return true;
}
