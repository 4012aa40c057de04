/* test_image_verify.c: each invariant of image/layout.h broken on its own, then every byte: what
 * verify accepts must run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "image/encoder.h"
#include "image/steps.h"
#include "image_cases.h"
#include "image_cases_sparse.h"
#include "image_run.h"
#include "kernel/kernels.h"
#include "kernel/process_covariance.h"
#include "kernel/text_options.h"

/* A copy of an image that may be written to, at an address that is aligned as pages are. */
typedef struct copy {
    uint8_t *block;
    size_t size;
    mc_image_header *header;
    mc_view view;
} copy;

static copy copy_of(make_image_fn *make)
{
    mc_image image;
    mc_error err = {0};
    if (image_make(make, &image, &err) != MC_OK)
        fail_msg("%s", err.message);
    copy c = {.block = mc_pages_alloc(image.size), .size = image.size};
    assert_non_null(c.block);
    memcpy(c.block, image.block, image.size);
    mc_image_close(&image);
    c.header = (mc_image_header *)(void *)c.block;
    mc_view_of(c.block, &c.view);
    return c;
}

static void drop(copy *c)
{
    mc_pages_free(c->block, c->size);
}

/* The view's arrays are read-only; these are the same bytes of the copy, to be broken. */
#define MUTABLE(type, pointer) ((type *)(uintptr_t)(pointer))

static mc_step *find_step(const copy *c, mc_op op)
{
    uint32_t i = 0;
    while (i < c->view.n_steps && c->view.steps[i].op != op)
        i++;
    if (i == c->view.n_steps)
        fail_msg("image_cases.c makes no step %s", MC_OPS[op].name);
    return MUTABLE(mc_step, &c->view.steps[i]);
}

static mc_image_buffer *buffer_of(const copy *c, uint32_t buffer)
{
    return MUTABLE(mc_image_buffer, &c->view.buffers[buffer]);
}

static void *items_of(const copy *c, const mc_step *step, size_t at)
{
    return MUTABLE(void, mc_view_array(&c->view, step->array[at]));
}

/* Verify refuses the copy, digest made right, with a message that holds `what`. */
static void refused(copy *c, const char *what)
{
    mc_error err = {0};
    if (image_run_all(c->block, c->size, &err))
        fail_msg("accepted; expected: %s", what);
    if (strstr(err.message, what) == NULL)
        fail_msg("got: %s\nwant: %s", err.message, what);
}

static void accepted(copy *c)
{
    mc_error err = {0};
    if (!image_run_all(c->block, c->size, &err))
        fail_msg("%s", err.message);
}

/* ------------------------------------------------------------------------- as it is made ---- */

static void every_op_is_in_the_image_of_everything(void **state)
{
    (void)state;
    copy c = copy_of(make_everything);
    for (size_t op = 0; op < MC_N_OPS; op++)
        (void)find_step(&c, (mc_op)op);
    accepted(&c);
    drop(&c);
}

/* ------------------------------------------------------------------------------ I1 to I5 ---- */

static mc_status verify_as_is(const copy *c, size_t size, mc_error *err)
{
    return mc_image_verify(c->block, size, err);
}

static void i1_header(void **state)
{
    (void)state;
    mc_error err = {0};
    copy c = copy_of(make_classifier);
    assert_int_equal(verify_as_is(&c, sizeof(mc_image_header) - 1, &err), MC_E_TRUNCATED);
    assert_int_equal(verify_as_is(&c, 0, &err), MC_E_TRUNCATED);
    assert_int_equal(verify_as_is(&c, c.size - 64, &err), MC_E_TRUNCATED);
    assert_non_null(strstr(err.message, "bytes announced"));
    c.block[c.size - 1] ^= 1; /* padding counts too */
    assert_int_equal(verify_as_is(&c, c.size, &err), MC_E_MALFORMED);
    assert_non_null(strstr(err.message, "digest"));
    c.header->order = 0x04030201u;
    refused(&c, "other byte order");
    c.header->format = MC_IMAGE_FORMAT + 1;
    refused(&c, "this program reads");
    c.header->magic[0] = 'X';
    refused(&c, "magic word");
    drop(&c);
}

static void i2_sections(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_N_SECTIONS; i++) {
        const uint64_t wrong_at[] = {UINT64_MAX, UINT64_MAX - 63, 1, 8};
        for (size_t j = 0; j < MC_COUNT_OF(wrong_at); j++) {
            copy c = copy_of(make_classifier);
            c.header->sections[i].at = wrong_at[j];
            refused(&c, "does not lie in the block");
            drop(&c);
        }
        copy c = copy_of(make_classifier);
        c.header->sections[i].size = c.size - c.header->sections[i].at + 1;
        refused(&c, "does not lie in the block");
        drop(&c);
    }
    copy c = copy_of(make_classifier);
    c.header->sections[MC_SECTION_STEPS].size--;
    refused(&c, "section 7 does not lie in the block");
    drop(&c);
}

static void i3_texts_and_runs(void **state)
{
    (void)state;
    copy c = copy_of(make_classifier);
    c.header->estimator.size = (uint32_t)c.view.strings_size + 1;
    refused(&c, "a text of the header");
    drop(&c);
    c = copy_of(make_classifier);
    MUTABLE(mc_image_column, c.view.columns)[1].name.at = UINT32_MAX;
    refused(&c, "no valid slot or name");
    drop(&c);
    c = copy_of(make_classifier);
    MUTABLE(uint32_t, c.view.by_name)[0] = 3;
    refused(&c, "names no column");
    drop(&c);
    c = copy_of(make_classifier);
    c.header->flags = 0;
    refused(&c, "not as many column names");
    drop(&c);
    c = copy_of(make_classifier);
    MUTABLE(mc_image_cell, c.view.cells)[2].as.text_at = UINT64_MAX;
    refused(&c, "text of a cell");
    MUTABLE(mc_image_cell, c.view.cells)[2].kind = MC_CELL_STRING + 1;
    refused(&c, "unknown kind of cell");
    drop(&c);
    c = copy_of(make_classifier);
    MUTABLE(mc_image_span, c.view.tables)[0].first = 1;
    refused(&c, "class table lies outside");
    drop(&c);
    c = copy_of(make_classifier);
    MUTABLE(mc_image_method, c.view.methods)[1].parts = (mc_image_span){UINT32_MAX, 2};
    refused(&c, "runs lie outside");
    drop(&c);
}

static void i4_slots(void **state)
{
    (void)state;
    copy c = copy_of(make_everything);
    mc_image_column *columns = MUTABLE(mc_image_column, c.view.columns);
    columns[1].slot = 0; /* two columns in one slot: slot 1 keeps what was there */
    refused(&c, "no valid slot or name");
    drop(&c);
    c = copy_of(make_everything);
    c.header->n_cells = 3;
    buffer_of(&c, 1)->width = 3;
    refused(&c, "not as many input columns as slots");
    drop(&c);
    c = copy_of(make_everything);
    buffer_of(&c, 0)->width = 5;
    refused(&c, "the first buffers");
    drop(&c);
    c = copy_of(make_everything);
    buffer_of(&c, 1)->type = MC_BUFFER_F64;
    refused(&c, "the first buffers");
    drop(&c);
}

/* Sparse input: all columns or none. */
static void i4_sparse_rows(void **state)
{
    (void)state;
    copy c = copy_of(make_sparse_model);
    accepted(&c);
    assert_null(c.view.columns); /* all alike */
    assert_int_equal(c.view.n_columns, SPARSE_MODEL_COLUMNS);
    c.header->n_sparse = SPARSE_MODEL_COLUMNS - 1;
    refused(&c, "the first buffers");
    c.header->n_sparse = UINT32_MAX;
    refused(&c, "too many input columns");
    c.header->n_sparse = SPARSE_MODEL_COLUMNS;
    c.header->n_numbers = buffer_of(&c, 0)->width = 2;
    refused(&c, "not as many input columns as slots");
    c.header->n_numbers = buffer_of(&c, 0)->width = 0;
    buffer_of(&c, MC_SPARSE_INPUT)->width++;
    refused(&c, "the first buffers");
    buffer_of(&c, MC_SPARSE_INPUT)->width--;
    buffer_of(&c, MC_SPARSE_INPUT)->type = MC_BUFFER_F64;
    refused(&c, "the first buffers");
    drop(&c);
    c = copy_of(make_sparse_model);
    mc_image_part *parts = MUTABLE(mc_image_part, c.view.parts);
    parts[0].flags |= MC_PART_SCALAR;
    refused(&c, "shows no buffer");
    parts[0].flags &= ~MC_PART_SCALAR;
    parts[0].type = MC_VALUE_CELL;
    refused(&c, "shows no buffer");
    drop(&c);
    c = copy_of(make_everything); /* a program that reads slots, and columns that have none */
    mc_image_column *columns = MUTABLE(mc_image_column, c.view.columns);
    for (uint32_t i = 0; i < EVERYTHING_COLUMNS; i++) {
        columns[i].kind = MC_COLUMN_SPARSE;
        columns[i].slot = i;
    }
    c.header->n_numbers = c.header->n_cells = 0;
    c.header->n_sparse = EVERYTHING_COLUMNS;
    buffer_of(&c, 0)->width = buffer_of(&c, 1)->width = 0;
    buffer_of(&c, MC_SPARSE_INPUT)->width = EVERYTHING_COLUMNS;
    refused(&c, "it reads a column without a slot");
    columns[4].kind = MC_COLUMN_UNUSED;
    c.header->n_sparse--;
    refused(&c, "no valid slot or name");
    for (uint32_t i = 5; i < EVERYTHING_COLUMNS; i++)
        columns[i].slot--;
    refused(&c, "not as many input columns as slots"); /* all are sparse, or none */
    columns[4].kind = MC_COLUMN_SPARSE + 1;
    refused(&c, "no valid slot or name");
    drop(&c);
}

static void i5_arrays(void **state)
{
    (void)state;
    const struct {
        uint64_t at, n_items;
        uint32_t type, n_rows, n_cols;
    } wrong[] = {{64, 3, MC_ARRAY_F64, 1, 3}, /* on top of the one before */
                 {UINT64_MAX - 63, 3, MC_ARRAY_F64, 1, 3},
                 {65, 3, MC_ARRAY_F64, 1, 3},
                 {128, 3, MC_N_ARRAY_TYPES, 1, 3},
                 {128, 4, MC_ARRAY_F64, 1, 3},
                 {128, 0, MC_ARRAY_F64, 0x10000, 0},
                 {128, 1ull << 62, MC_ARRAY_F64, 1u << 31, 1u << 31}};
    for (size_t i = 0; i < MC_COUNT_OF(wrong); i++) {
        copy c = copy_of(make_classifier);
        mc_image_array *array = MUTABLE(mc_image_array, &c.view.arrays[2]);
        assert_int_equal(array->at, 128);
        array->at = wrong[i].at;
        array->n_items = wrong[i].n_items;
        array->type = wrong[i].type;
        array->n_rows = wrong[i].n_rows;
        array->n_cols = wrong[i].n_cols;
        refused(&c,
                wrong[i].n_cols == 0 ? "type and shape" : "array 2 does not lie in the weights");
        drop(&c);
    }
}

/* ------------------------------------------------------------------------------------ I6 ---- */

static void i6_buffers(void **state)
{
    (void)state;
    copy c = copy_of(make_classifier);
    mc_step *divide = find_step(&c, MC_OP_DIVIDE);
    divide->src = divide->dst; /* reads itself */
    refused(&c, "no earlier buffer");
    divide->src = UINT32_MAX - 1;
    refused(&c, "no earlier buffer");
    divide->src = 1; /* cells */
    refused(&c, "no earlier buffer");
    divide->src = MC_N_INPUTS;
    divide->op = MC_N_OPS;
    refused(&c, "unknown op");
    drop(&c);

    /* The same steps in another order: the numbers of the buffers still ascend, but LINEAR would
     * read what DIVIDE writes after it. */
    c = copy_of(make_classifier);
    mc_step *linear = find_step(&c, MC_OP_LINEAR);
    divide = find_step(&c, MC_OP_DIVIDE);
    const mc_step swapped = *divide;
    *divide = *linear;
    *linear = swapped;
    buffer_of(&c, divide->dst)->writer = (uint32_t)(divide - c.view.steps);
    buffer_of(&c, linear->dst)->writer = (uint32_t)(linear - c.view.steps);
    refused(&c, "no buffer of its own");
    drop(&c);

    c = copy_of(make_classifier);
    divide = find_step(&c, MC_OP_DIVIDE);
    divide->dst--; /* two writers */
    refused(&c, "no buffer of its own");
    drop(&c);
    c = copy_of(make_classifier);
    buffer_of(&c, 3)->type = MC_N_BUFFER_TYPES;
    refused(&c, "buffer 3 is not valid");
    buffer_of(&c, 3)->type = MC_BUFFER_F64;
    buffer_of(&c, 3)->width = UINT32_MAX;
    refused(&c, "buffer 3 is not valid");
    c.header->sections[MC_SECTION_BUFFERS].size -= sizeof(mc_image_buffer);
    refused(&c, "not a buffer a step");
    drop(&c);

    c = copy_of(make_everything);
    mc_step *sum = find_step(&c, MC_OP_SUM);
    ((uint32_t *)items_of(&c, sum, 0))[1] = sum->dst;
    refused(&c, "a listed source");
    drop(&c);
}

/* ------------------------------------------------------------------------------------ I7 ---- */

/* One way to make one step of the image of everything wrong. */
typedef struct wrong_step {
    mc_op op;
    const char *want;
    size_t array; /* whose item `item` becomes `value`; SIZE_MAX: n[0] does */
    size_t item;
    uint32_t value;
} wrong_step;

static void i7_items_and_parameters(void **state)
{
    (void)state;
    const wrong_step wrong[] = {
        {MC_OP_GATHER, "must be below 6", 0, 1, 6},
        {MC_OP_GATHER, "an alias of other columns", 0, 1, 0},
        {MC_OP_GATHER_CELLS, "a column of numbers as cells", 0, 0, 2},
        {MC_OP_SELECT, "must be below 4", 0, 0, 4},
        {MC_OP_SELECT_CELLS, "must be below 2", 0, 0, 2},
        {MC_OP_TO_CELLS, "unknown kind of cell", SIZE_MAX, 0, MC_CELL_STRING},
        {MC_OP_TO_CELLS, "unknown kind of cell", SIZE_MAX, 0, MC_CELL_NONE},
        {MC_OP_COMBINE, "do not fit", 0, 0, 2},          /* categories of a group */
        {MC_OP_COMBINE, "do not fit", 0, 1, UINT32_MAX}, /* its marks */
        {MC_OP_COMBINE, "do not fit", 0, 2, UINT32_MAX}, /* its keys */
        {MC_OP_COMBINE, "do not fit", 0, 3, UINT32_MAX}, /* its columns */
        {MC_OP_COMBINE, "do not fit", 0, 4, 2},          /* column of a category */
        {MC_OP_COMBINE, "do not fit", 0, 5, 2},          /* column of a mark */
        {MC_OP_COMBINE, "do not fit", 1, 2, 0},          /* keys that descend */
        {MC_OP_SETTLE, "do not add up", 0, 0, 3},
        {MC_OP_UNARY, "unknown function", SIZE_MAX, 0, UINT32_MAX},
        {MC_OP_NORMALIZE, "unknown norm", SIZE_MAX, 0, 0},
        {MC_OP_ROW_SHARE, "unknown rule", SIZE_MAX, 0, 3},
        {MC_OP_SPARSE_LINEAR, "must be below 4", 2, 1, 4},
        {MC_OP_SPARSE_LINEAR, "do not ascend", 1, 1, 4},
        {MC_OP_SPARSE_LINEAR, "do not ascend", 1, 2, 4},
        {MC_OP_SCATTER, "must be below 6", 0, 3, 6},
        {MC_OP_PAIR_SUMS, "unknown sum", SIZE_MAX, 0, UINT32_MAX},
        {MC_OP_KERNEL_MAP, "unknown function", SIZE_MAX, 0, UINT32_MAX},
        {MC_OP_SVM_DECIDE, "not a column a pair", SIZE_MAX, 0, 4},
        {MC_OP_SVM_DECIDE, "do not ascend", 0, 1, 3},
        {MC_OP_SVM_DECIDE, "do not ascend", 0, 3, 4},
        {MC_OP_PAIR_VOTES, "not a column a pair", SIZE_MAX, 0, 0},
        {MC_OP_PAIR_SCORES, "not a column a pair", SIZE_MAX, 0, 1},
        {MC_OP_COUPLE_PAIRS, "not a column a pair", SIZE_MAX, 0, 2},
        {MC_OP_COUNT_SKETCH, "must be below 5", 0, 1, 5},
        {MC_OP_COVARIANCE, "no program", 1, 4, MC_N_PAIR_SUMS},
        {MC_OP_COVARIANCE, "no program", 1, 5, 2},                    /* source 2 of 2 */
        {MC_OP_COVARIANCE, "no program", 1, 18, MC_COVARIANCE_NOISE}, /* two are left */
        {MC_OP_CSR_SELECT, "must be below 4", 0, 2, 4},
        {MC_OP_CSR_SELECT, "must be below 3", 1, 0, 3},
        {MC_OP_CSR_SELECT, "columns do not ascend", 0, 2, 1},
        {MC_OP_CSR_UNARY, "unknown function", SIZE_MAX, 0, UINT32_MAX},
        {MC_OP_CSR_NORMALIZE, "unknown norm", SIZE_MAX, 0, 0},
        {MC_OP_CSR_SPARSE_LINEAR, "must be below 2", 2, 1, 2},
        {MC_OP_CSR_SPARSE_LINEAR, "must be below 4", 4, 2, 4},
        {MC_OP_CSR_SPARSE_LINEAR, "do not ascend", 1, 1, 4},
        {MC_OP_CSR_SPARSE_LINEAR, "do not ascend", 1, 3, 5},
        {MC_OP_CSR_SPARSE_LINEAR, "do not ascend", 4, 0, 2},
        {MC_OP_CSR_PAIR_SQUARES, "do not ascend", 0, 1, 4},
        {MC_OP_CSR_PAIR_SQUARES, "do not ascend", 0, 3, 4},
        {MC_OP_TEXT_COUNT, "options of no vectorizer", 0, 0, MC_N_TEXT_OPS},
        {MC_OP_TEXT_COUNT, "options of no vectorizer", 0, MC_TEXT_OPS, MC_N_ANALYZERS},
        {MC_OP_TEXT_COUNT, "options of no vectorizer", 0, MC_TEXT_OPS + 1, 0},
        {MC_OP_TEXT_COUNT, "options of no vectorizer", 0, MC_TEXT_OPS + 2, 0},
        {MC_OP_TEXT_COUNT, "a pattern of no tokens", 1, 0, 0},
        {MC_OP_TEXT_COUNT, "a pattern of no tokens", 1, 10, UINT32_MAX}, /* negated */
        {MC_OP_TEXT_COUNT, "a table of tokens", 2, 0, 2},
        {MC_OP_TEXT_COUNT, "a table of tokens", 4, 1, 7},
        {MC_OP_TFIDF, "unknown norm", SIZE_MAX, 0, 3},
        {MC_OP_HASH_FEATURES, "unknown kind of features", SIZE_MAX, 0, 3},
        {MC_OP_TOKEN_DICT, "values of no kind", SIZE_MAX, 0, MC_CELL_STRING},
        {MC_OP_DICT_COLUMNS, "unknown dtype", SIZE_MAX, 0, 3},
        {MC_OP_LOG_SHARE, "unknown form", SIZE_MAX, 0, 2},
        {MC_OP_PROJECTED_SQUARES, "do not ascend", 1, 0, 1},
        {MC_OP_PROJECTED_SQUARES, "do not ascend", 1, 1, 4},
        {MC_OP_BISECT, "no tree over the scores", 0, 0, 0}, /* a node in itself */
        {MC_OP_BISECT, "no tree over the scores", 0, 2, 5}, /* label 3 of 3 */
        {MC_OP_BISECT, "no tree over the scores", SIZE_MAX, 0, 2},
        {MC_OP_POOL, "unknown function", SIZE_MAX, 0, UINT32_MAX},
        {MC_OP_POOL, "must be below 4", 0, 1, 4},
        {MC_OP_POOL, "a group is empty", 1, 1, 0},
        {MC_OP_POOL, "do not ascend", 1, 2, 3},
        {MC_OP_CATEGORY_SUM, "do not ascend", 1, 1, 5},
        {MC_OP_MAP_LABEL, "must be below", 0, 0, UINT32_MAX},
        {MC_OP_MAP_LABEL, "a label may lie outside", 0, 0, 3}, /* ONE_HOT_LABEL behind it */
        {MC_OP_IS_MISSING, "must be below 4", 0, 0, 4},
        {MC_OP_CELLS_MISSING, "must be below 2", 0, 0, 2},
        {MC_OP_ONE_HOT, "of a column lie outside", 2, 1, 7},  /* n of column 0 */
        {MC_OP_ONE_HOT, "of a column lie outside", 2, 6, 2},  /* column 1 begins in column 0 */
        {MC_OP_ONE_HOT, "of a column lie outside", 2, 11, 4}, /* n_out of column 1 */
        {MC_OP_ORDINAL, "a code has no value", 2, 3, 4},      /* unknown_code of column 0 */
        {MC_OP_ORDINAL, "a code has no value", 1, 5, 4},
        {MC_OP_FOREST, "node", SIZE_MAX, 0, 0},
        {MC_OP_FOREST, "too many feature bits", SIZE_MAX, 0, 31},
        {MC_OP_FOREST, "must be below 5", 1, 1, 5},
        {MC_OP_FOREST, "node 1 of 5", 0, 2, 3}, /* leaf */
        {MC_OP_FOREST, "node 1 of 5", 0, 3, 7}, /* feature: walks look at it in leaves, too */
        {MC_OP_FOREST, "node 0 of 5", 0, 1, 4 | 1u << 4}, /* feature of an inner node */
        {MC_OP_WIDE_FOREST, "must be below 5", 1, 0, 5},
        {MC_OP_WIDE_FOREST, "wide node 1 of 5", 0, 4, 1}, /* set */
        {MC_OP_WIDE_FOREST, "wide node 1 of 5", 0, 6, 4}, /* left */
        {MC_OP_WIDE_FOREST, "wide node 0 of 5", 0, 3, 4}, /* feature */
    };
    for (size_t i = 0; i < MC_COUNT_OF(wrong); i++) {
        copy c = copy_of(make_everything);
        mc_step *step = find_step(&c, wrong[i].op);
        if (wrong[i].array == SIZE_MAX)
            step->n[0] = wrong[i].value;
        else
            ((uint32_t *)items_of(&c, step, wrong[i].array))[wrong[i].item] = wrong[i].value;
        refused(&c, wrong[i].want);
        drop(&c);
    }
}

/* Metrics without numbers, brute force without a tree or without norms. */
static bool asks_rows(const mc_step *step)
{
    return step->op == MC_OP_NEAREST || step->op == MC_OP_WITHIN || step->op == MC_OP_DISTANCES;
}

/* Each array of each step, missing or of another type; each width one more than it is. */
static void i7_arrays_and_widths(void **state)
{
    (void)state;
    copy c = copy_of(make_everything);
    for (uint32_t i = 0; i < c.view.n_steps; i++) {
        mc_step *step = MUTABLE(mc_step, &c.view.steps[i]);
        for (size_t j = 0; j < MC_STEP_ARRAYS; j++) {
            const uint32_t array = step->array[j];
            const bool is_optional =
                (step->op == MC_OP_SUM && j == 1) || (step->op == MC_OP_FILL_CELLS && j == 1) ||
                (step->op == MC_OP_FOREST && j == 3) || step->op == MC_OP_WIDE_FOREST ||
                step->op == MC_OP_WIDE_APPLY || (step->op == MC_OP_WIDE_PATH && j == 5) ||
                (step->op == MC_OP_NEAR_VOTES && j == 1) ||
                (step->op == MC_OP_PROJECTED_SQUARES && j >= 2) ||
                (step->op == MC_OP_NMF_DESCEND && j == 1) || (step->op == MC_OP_TFIDF && j == 0) ||
                (step->op == MC_OP_BOOSTED && (j == 3 || j == 4)) ||
                (asks_rows(step) && (j == 1 || j == 2 || j == 5));
            if (array == MC_NONE)
                continue;
            step->array[j] = c.view.n_arrays;
            refused(&c, "");
            step->array[j] = MC_NONE;
            if (!is_optional)
                refused(&c, "is not of the type and shape it needs");
            step->array[j] = array;
        }
        mc_image_buffer *buffer = buffer_of(&c, step->dst);
        const mc_op_info *op = &MC_OPS[step->op];
        buffer->width++;
        if (op->src != MC_BUFFER_I32 && step->op != MC_OP_ONE_HOT)
            refused(&c, "");
        buffer->width--;
    }
    accepted(&c);
    drop(&c);
}

/* ------------------------------------------------------------------------------ I8 and I9 ---- */

static void i8_lists(void **state)
{
    (void)state;
    copy c = copy_of(make_classifier);
    uint32_t *list = MUTABLE(uint32_t, c.view.step_list);
    mc_image_method *methods = MUTABLE(mc_image_method, c.view.methods);
    list[1] = list[0];
    refused(&c, "not ascending");
    list[1] = UINT32_MAX;
    refused(&c, "not ascending");
    list[1] = 1;
    methods[0].steps.first++;
    methods[0].steps.n--;
    refused(&c, "lacks a step");
    methods[0].steps.first--; /* all but the last, which writes the answer */
    refused(&c, "shows no buffer that its method writes");
    methods[0].steps.n++;
    methods[1].method = MC_N_METHODS;
    refused(&c, "unknown, there twice");
    methods[1].method = methods[0].method;
    refused(&c, "unknown, there twice");
    methods[1].method = MC_METHOD_DECISION_FUNCTION;
    c.header->default_method = MC_METHOD_TRANSFORM;
    refused(&c, "default method");
    c.header->default_method = MC_METHOD_DEFAULT;
    refused(&c, "default method");
    drop(&c);
}

/* Values of pairs of rows are shown as such, and read by no step. */
static void i9_pairs(void **state)
{
    (void)state;
    copy c = copy_of(make_everything);
    mc_image_part *part = MUTABLE(mc_image_part, c.view.parts) + c.view.n_parts - 1;
    const uint32_t pairs = part->buffer;
    assert_int_equal(c.view.buffers[pairs].type, MC_BUFFER_PAIRS);
    for (uint32_t flag = 1; flag <= MC_PART_TYPE_AS_INPUT; flag *= 2) {
        part->flags = flag;
        refused(&c, "shows no buffer");
    }
    part->flags = 0;
    part->type = MC_VALUE_INT;
    refused(&c, "shows no buffer");
    part->type = MC_VALUE_FLOAT;
    mc_step *step = MUTABLE(mc_step, c.view.steps) + c.view.buffers[pairs].writer;
    const uint32_t ops = step->array[1];
    uint32_t *op = (uint32_t *)(uintptr_t)mc_view_u32(&c.view, ops);
    const uint32_t first = op[0];
    for (uint32_t kind = MC_COVARIANCE_MAP; kind <= MC_N_COVARIANCE_KINDS; kind++) {
        op[0] = kind; /* takes what is not there yet, or is unknown */
        refused(&c, "its kernel is no program");
    }
    op[0] = first;
    drop(&c);
}

static void i9_parts(void **state)
{
    (void)state;
    copy c = copy_of(make_everything);
    mc_image_part *parts = MUTABLE(mc_image_part, c.view.parts);
    const mc_image_part label = parts[1], floats = parts[0];
    assert_int_equal(label.type, MC_VALUE_LABEL);
    for (uint32_t type = 0; type <= MC_VALUE_CELL + 1; type++) {
        parts[1].type = type;
        if (type != MC_VALUE_LABEL)
            refused(&c, "shows no buffer");
    }
    parts[1] = label;
    parts[1].table = c.view.n_tables;
    refused(&c, "does not cover");
    parts[1].table = MC_NONE;
    refused(&c, "does not cover");
    parts[1] = label;
    MUTABLE(mc_image_span, c.view.tables)[0].n = 2; /* MAP_LABEL writes 0 to 2 */
    refused(&c, "does not cover");
    MUTABLE(mc_image_span, c.view.tables)[0].n = 3;
    parts[1].name.size--; /* not behind a NUL any more */
    refused(&c, "shows no buffer");
    parts[1].name = (mc_image_text){(uint32_t)c.view.strings_size - 1, 1};
    refused(&c, "shows no buffer");
    parts[1] = label;
    parts[0].flags |= MC_PART_SCALAR;
    refused(&c, "wider than 1");
    parts[0] = floats;
    parts[0].buffer = c.view.n_buffers;
    refused(&c, "shows no buffer");
    parts[0] = floats;
    accepted(&c);
    drop(&c);
}

/* ----------------------------------------------------------------------------- every byte ---- */

/* Returns how many of the changed images were accepted; all of these ran. */
static size_t change_every_byte(make_image_fn *make)
{
    static const uint8_t CHANGES[] = {0x01, 0x80, 0xff};
    copy c = copy_of(make);
    size_t n_accepted = 0;
    for (size_t i = 0; i < c.size; i++)
        for (size_t j = 0; j < MC_COUNT_OF(CHANGES); j++) {
            c.block[i] ^= CHANGES[j];
            n_accepted += image_run_all(c.block, c.size, NULL);
            c.block[i] ^= CHANGES[j];
        }
    drop(&c);
    return n_accepted;
}

/* ------------------------------------------------------------------------------------- I10 ---- */

/* Borrows the copy's bytes. */
static copy back_of(const copy *c)
{
    copy back = {.block = MUTABLE(uint8_t, c->view.back), .size = c->view.back_size};
    back.header = (mc_image_header *)(void *)back.block;
    mc_view_of(back.block, &back.view);
    return back;
}

static void i10_the_way_back(void **state)
{
    (void)state;
    copy c = copy_of(make_both_ways);
    copy back = back_of(&c);
    accepted(&c);
    mc_image_method *method = MUTABLE(mc_image_method, back.view.methods);
    method->method = back.header->default_method = MC_METHOD_TRANSFORM;
    refused(&c, "offers more than inverse_transform");
    method->method = back.header->default_method = MC_METHOD_INVERSE_TRANSFORM;
    back.header->sections[MC_SECTION_BACK] = back.header->sections[MC_SECTION_STEPS];
    back.header->sections[MC_SECTION_BACK].size = 8;
    refused(&c, "offers more than inverse_transform");
    back.header->sections[MC_SECTION_BACK].size = 0;
    MUTABLE(mc_image_method, &c.view.methods[1])->method = MC_METHOD_INVERSE_TRANSFORM;
    refused(&c, "inverse_transform is there twice");
    drop(&c);
}

static void i10_the_way_back_is_verified(void **state)
{
    (void)state;
    copy c = copy_of(make_both_ways);
    copy back = back_of(&c);
    MUTABLE(mc_step, back.view.steps)[1].src = 77;
    refused(&c, "its source is no earlier buffer of its type");
    drop(&c);
    c = copy_of(make_both_ways);
    back = back_of(&c);
    back.header->size--;
    refused(&c, "bytes announced");
    drop(&c);
    c = copy_of(make_both_ways);
    c.header->sections[MC_SECTION_BACK].size = sizeof(mc_image_header) - 1;
    refused(&c, "it has no header");
    drop(&c);
}

/* What is shared is where the image around it has it; the rest, where `back` is. */
static void i10_sections_of_the_way_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_N_SECTIONS; i++) {
        copy c = copy_of(make_both_ways);
        copy back = back_of(&c);
        back.header->sections[i].at =
            mc_section_is_shared(i) ? 0 : back.header->sections[MC_SECTION_WEIGHTS].at;
        back.header->sections[i].size = 0;
        refused(&c, "is not where the image around it has it");
        drop(&c);
    }
    copy c = copy_of(make_both_ways);
    copy back = back_of(&c);
    back.header->quantization = MC_QUANTIZE_F16;
    refused(&c, "another quantization");
    back.header->quantization = MC_QUANTIZE_NEVER;
    back.header->digest[1] = 1;
    refused(&c, "a digest of its own");
    drop(&c);
}

/* Texts and arrays that both ways read are there once, and a way back that is given up leaves
 * nothing. */
static void i10_both_ways_share(void **state)
{
    (void)state;
    copy c = copy_of(make_both_ways), forth = copy_of(make_classifier);
    copy back = back_of(&c);
    assert_ptr_equal(back.view.strings, c.view.strings);
    assert_ptr_equal(back.view.weights, c.view.weights);
    assert_true(c.view.n_arrays <= forth.view.n_arrays + 1);
    assert_true(c.view.strings_size <= forth.view.strings_size + strlen("leftright"));
    drop(&forth);
    drop(&c);
}

/* Runs take time with the size of an image, and so does their number: of large ones each change is
 * made to some fields, to others than the change before it. The stride is odd, so that records of
 * 16 fields are broken in each of them. */
#define MOST_FIELDS 300u

/* Aligned fields of 32 bits become what is near them, and the edges. */
static size_t change_every_field(make_image_fn *make)
{
    copy c = copy_of(make);
    size_t n_accepted = 0;
    uint32_t *fields = (uint32_t *)(void *)c.block;
    const size_t n = c.size / 4;
    const size_t stride = n <= MOST_FIELDS ? 1 : (n / MOST_FIELDS) | 1u;
    for (size_t i = 0; i < n; i++) {
        const uint32_t old = fields[i];
        const uint32_t changes[] = {0, 1, 2, old + 1, old - 1, old * 2, INT32_MAX, UINT32_MAX};
        for (size_t j = 0; j < MC_COUNT_OF(changes); j++) {
            if ((i + j) % stride != 0 || changes[j] == old)
                continue;
            fields[i] = changes[j];
            n_accepted += image_run_all(c.block, c.size, NULL);
        }
        fields[i] = old;
    }
    drop(&c);
    return n_accepted;
}

static void whatever_is_accepted_runs(void **state)
{
    (void)state;
    assert_true(change_every_byte(make_classifier) > 100);
    assert_true(change_every_field(make_classifier) > 100);
    assert_true(change_every_field(make_sparse_model) > 20);
    assert_true(change_every_field(make_everything) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_is_in_the_image_of_everything),
        cmocka_unit_test(i1_header),
        cmocka_unit_test(i2_sections),
        cmocka_unit_test(i3_texts_and_runs),
        cmocka_unit_test(i4_slots),
        cmocka_unit_test(i4_sparse_rows),
        cmocka_unit_test(i5_arrays),
        cmocka_unit_test(i6_buffers),
        cmocka_unit_test(i7_items_and_parameters),
        cmocka_unit_test(i7_arrays_and_widths),
        cmocka_unit_test(i8_lists),
        cmocka_unit_test(i9_parts),
        cmocka_unit_test(i9_pairs),
        cmocka_unit_test(i10_the_way_back),
        cmocka_unit_test(i10_the_way_back_is_verified),
        cmocka_unit_test(i10_sections_of_the_way_back),
        cmocka_unit_test(i10_both_ways_share),
        cmocka_unit_test(whatever_is_accepted_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
