/* test_input.c: the same rows in every layout and type have the same answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "image/steps.h"
#include "image_cases.h"

#define N_ROWS    5
#define N_COLUMNS 3

/* The classifier over three columns of numbers, and its decisions on ROWS. */
typedef struct fixture {
    mc_image image;
    mc_workspace *workspace;
    double want[N_ROWS * 3];
    mc_error err;
} fixture;

/* Truth values are integers are bytes are floats: each type can hold them. */
static const double ROWS[N_ROWS][N_COLUMNS] = {
    {0.0, 1.0, 1.0}, {1.0, 0.0, 0.0}, {1.0, 1.0, 1.0}, {0.0, 0.0, 0.0}, {0.0, 0.0, 1.0}};

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    if (image_make(make_classifier, &f.image, &f.err) != MC_OK ||
        mc_workspace_create((size_t)1 << 20, &f.workspace, &f.err) != MC_OK)
        return 1;
    const mc_input input = {.layout = MC_LAYOUT_SLOTS,
                            .n_rows = N_ROWS,
                            .as.slots = {.numbers = &ROWS[0][0], .cells = NULL}};
    mc_output out;
    if (mc_image_run(&f.image, MC_METHOD_DECISION_FUNCTION, &input, f.workspace, &out, &f.err) !=
        MC_OK)
        return 1;
    memcpy(f.want, out.parts[0].data, sizeof f.want);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mc_workspace_destroy(f->workspace);
    mc_image_close(&f->image);
    return 0;
}

static void assert_answer(fixture *f, const mc_input *input)
{
    mc_output out;
    if (mc_image_run(&f->image, MC_METHOD_DECISION_FUNCTION, input, f->workspace, &out, &f->err) !=
        MC_OK)
        fail_msg("%s", f->err.message);
    assert_int_equal(out.n_rows, N_ROWS);
    assert_memory_equal(out.parts[0].data, f->want, sizeof f->want);
}

static void assert_refused(fixture *f, const mc_input *input, const char *message)
{
    mc_output out;
    assert_int_equal(
        mc_image_run(&f->image, MC_METHOD_DECISION_FUNCTION, input, f->workspace, &out, &f->err),
        MC_E_BAD_INPUT);
    if (strstr(f->err.message, message) == NULL)
        fail_msg("got: %s\nwant: %s", f->err.message, message);
}

static mc_input dense(const void *data, mc_dtype dtype, ptrdiff_t row, ptrdiff_t column)
{
    return (mc_input){.layout = MC_LAYOUT_DENSE,
                      .n_rows = N_ROWS,
                      .as.dense = {.data = data,
                                   .dtype = dtype,
                                   .n_columns = N_COLUMNS,
                                   .row_stride = row,
                                   .column_stride = column}};
}

/* ------------------------------------------------------------------------------- types ---- */

/* ROWS as each type, row by row. */
typedef struct typed_rows {
    float f32[N_ROWS][N_COLUMNS];
    int64_t i64[N_ROWS][N_COLUMNS];
    int32_t i32[N_ROWS][N_COLUMNS];
    uint8_t u8[N_ROWS][N_COLUMNS];
    mc_cell cells[N_ROWS][N_COLUMNS];
} typed_rows;

static void fill(typed_rows *t)
{
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t j = 0; j < N_COLUMNS; j++) {
            const int value = (int)ROWS[i][j];
            t->f32[i][j] = (float)value;
            t->i64[i][j] = value;
            t->i32[i][j] = value;
            t->u8[i][j] = (uint8_t)value;
            t->cells[i][j] = j == 0   ? (mc_cell){.kind = MC_CELL_NUMBER, .as.number = value}
                             : j == 1 ? (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = value}
                                      : (mc_cell){.kind = MC_CELL_BOOL, .as.integer = value};
        }
}

static void every_type_of_matrix(void **state)
{
    fixture *f = *state;
    typed_rows t;
    fill(&t);
    const struct {
        const void *data;
        mc_dtype dtype;
        ptrdiff_t size;
    } types[] = {{ROWS, MC_DTYPE_F64, 8},     {t.f32, MC_DTYPE_F32, 4}, {t.i64, MC_DTYPE_I64, 8},
                 {t.i32, MC_DTYPE_I32, 4},    {t.u8, MC_DTYPE_U8, 1},   {t.u8, MC_DTYPE_BOOL, 1},
                 {t.cells, MC_DTYPE_CELL, 16}};
    for (size_t i = 0; i < MC_COUNT_OF(types); i++) {
        const mc_input input =
            dense(types[i].data, types[i].dtype, N_COLUMNS * types[i].size, types[i].size);
        assert_answer(f, &input);
    }
}

static void every_stride(void **state)
{
    fixture *f = *state;
    double by_columns[N_COLUMNS][N_ROWS], spread[N_ROWS][2 * N_COLUMNS + 1], reversed[N_ROWS][3];
    uint8_t odd[1 + sizeof ROWS]; /* at an address that no double has */
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t j = 0; j < N_COLUMNS; j++) {
            by_columns[j][i] = spread[i][2 * j] = ROWS[i][j];
            spread[i][2 * j + 1] = (double)NAN;
            reversed[N_ROWS - 1 - i][N_COLUMNS - 1 - j] = ROWS[i][j];
        }
    memcpy(odd + 1, ROWS, sizeof ROWS);
    const mc_input inputs[] = {dense(by_columns, MC_DTYPE_F64, 8, 8 * N_ROWS),
                               dense(spread, MC_DTYPE_F64, sizeof spread[0], 16),
                               dense(&reversed[N_ROWS - 1][2], MC_DTYPE_F64, -24, -8),
                               dense(odd + 1, MC_DTYPE_F64, 24, 8)};
    for (size_t i = 0; i < MC_COUNT_OF(inputs); i++)
        assert_answer(f, &inputs[i]);
}

static void columns_of_different_types(void **state)
{
    fixture *f = *state;
    typed_rows t;
    fill(&t);
    const mc_column_data columns[] = {{MC_DTYPE_F32, 3 * 4, &t.f32[0][0]},
                                      {MC_DTYPE_I64, 3 * 8, &t.i64[0][1]},
                                      {MC_DTYPE_CELL, 3 * 16, &t.cells[0][2]}};
    mc_input input = {.layout = MC_LAYOUT_COLUMNS, .n_rows = N_ROWS, .as.columns = {columns, 3}};
    assert_answer(f, &input);
    input.as.columns.n_columns = 2;
    assert_refused(f, &input, "expected 3 columns, found 2");
}

static void sparse_rows(void **state)
{
    fixture *f = *state;
    /* Row 2 has column 0 twice, and an explicit 0; they add up. */
    const int64_t indptr[] = {0, 2, 3, 7, 7, 8};
    const int32_t indices[] = {1, 2, 0, 2, 0, 1, 0, 2};
    const double data[] = {1.0, 1.0, 1.0, 1.0, 0.25, 1.0, 0.75, 1.0};
    mc_input input = {
        .layout = MC_LAYOUT_CSR,
        .n_rows = N_ROWS,
        .as.csr = {.n_columns = 3, .indptr = indptr, .indices = indices, .data = data}};
    assert_answer(f, &input);

    const int32_t beyond[] = {1, 2, 0, 3, 0, 1, 0, 2}, negative[] = {1, -1, 0, 2, 0, 1, 0, 2};
    input.as.csr.indices = beyond;
    assert_refused(f, &input, "row 2: index 3, expected 0 to 2");
    assert_int_equal(f->err.offset, 2);
    input.as.csr.indices = negative;
    assert_refused(f, &input, "row 0: index -1");
    input.as.csr.indices = indices;
    const int64_t descending[] = {0, 2, 1, 7, 7, 8}, below[] = {-1, 2, 3, 7, 7, 8};
    input.as.csr.indptr = descending;
    assert_refused(f, &input, "row 1: indptr is not ascending");
    input.as.csr.indptr = below;
    assert_refused(f, &input, "row 0: indptr is not ascending");
}

static void no_rows_in_any_layout(void **state)
{
    fixture *f = *state;
    const mc_column_data columns[3] = {{.dtype = MC_DTYPE_CELL}};
    mc_input inputs[] = {
        dense(NULL, MC_DTYPE_F64, 24, 8),
        dense(NULL, MC_DTYPE_CELL, 48, 16),
        {.layout = MC_LAYOUT_SLOTS},
        {.layout = MC_LAYOUT_COLUMNS, .as.columns = {columns, 3}},
        {.layout = MC_LAYOUT_CSR, .as.csr = {.n_columns = 3}},
    };
    for (size_t i = 0; i < MC_COUNT_OF(inputs); i++) {
        mc_output out;
        inputs[i].n_rows = 0;
        assert_int_equal(
            mc_image_run(&f->image, MC_METHOD_PREDICT, &inputs[i], f->workspace, &out, &f->err),
            MC_OK);
        assert_int_equal(out.n_rows, 0);
        assert_int_equal(out.n_parts, 1);
    }
}

/* ------------------------------------------------------------------------------ values ---- */

static void what_is_no_number_is_refused(void **state)
{
    fixture *f = *state;
    typed_rows t;
    fill(&t);
    t.cells[3][1] = (mc_cell){.kind = MC_CELL_STRING, .size = 3, .as.text = "two"};
    const mc_input input = dense(t.cells, MC_DTYPE_CELL, 48, 16);
    assert_refused(f, &input, "row 3, column 1: expected a number, found the text \"two\"");
    assert_int_equal(f->err.offset, 3);
}

/* Integers round as numpy's astype(float64) does, None is NaN. */
static void integers_and_none_as_numbers(void **state)
{
    fixture *f = *state;
    const int64_t big = (INT64_C(1) << 53) + 1;
    const mc_cell cells[] = {{.kind = MC_CELL_INTEGER, .as.integer = big},
                             {.kind = MC_CELL_INTEGER, .as.integer = INT64_MIN},
                             {.kind = MC_CELL_INTEGER, .as.integer = big + 2}};
    const double numbers[] = {0x1p53, -0x1p63, 0x1p53 + 4.0};
    double answers[2][3];
    mc_output out;
    mc_input inputs[] = {dense(cells, MC_DTYPE_CELL, 48, 16), dense(numbers, MC_DTYPE_F64, 24, 8)};
    for (size_t i = 0; i < 2; i++) {
        inputs[i].n_rows = 1;
        assert_int_equal(mc_image_run(&f->image, MC_METHOD_DECISION_FUNCTION, &inputs[i],
                                      f->workspace, &out, &f->err),
                         MC_OK);
        memcpy(answers[i], out.parts[0].data, sizeof answers[i]);
    }
    assert_memory_equal(answers[0], answers[1], sizeof answers[0]);

    const mc_cell none[3] = {
        {.kind = MC_CELL_NONE}, {.kind = MC_CELL_NONE}, {.kind = MC_CELL_NONE}};
    inputs[0].as.dense.data = none;
    assert_int_equal(mc_image_run(&f->image, MC_METHOD_DECISION_FUNCTION, &inputs[0], f->workspace,
                                  &out, &f->err),
                     MC_OK);
    assert_true(isnan(((const double *)out.parts[0].data)[0]));
}

static void another_width_is_refused(void **state)
{
    fixture *f = *state;
    mc_input input = dense(ROWS, MC_DTYPE_F64, 24, 8);
    input.as.dense.n_columns = 4;
    assert_refused(f, &input, "expected 3 columns, found 4");
    input.as.dense.n_columns = 0;
    assert_refused(f, &input, "expected 3 columns, found 0");
}

/* Columns of numbers and of cells together: matrix of cells, columns and slots agree. */
static void mixed_columns(void **state)
{
    (void)state;
    mc_image image;
    mc_workspace *workspaces[3];
    mc_output out[3];
    mc_error err = {0};
    const double numbers[] = {1.0, 2.0, 0.5, 0.25, -1.0, 0.0, 3.0, 4.0};
    const mc_cell cells[] = {{.kind = MC_CELL_STRING, .size = 3, .as.text = "red"},
                             {.kind = MC_CELL_INTEGER, .as.integer = 1},
                             {.kind = MC_CELL_NONE},
                             {.kind = MC_CELL_NUMBER, .as.number = 2.5}};
    mc_cell matrix[2][EVERYTHING_COLUMNS];
    mc_column_data columns[EVERYTHING_COLUMNS];
    for (size_t j = 0; j < EVERYTHING_COLUMNS; j++) {
        columns[j] = j < 4 ? (mc_column_data){MC_DTYPE_F64, 4 * 8, &numbers[j]}
                           : (mc_column_data){MC_DTYPE_CELL, 2 * 16, &cells[j - 4]};
        for (size_t i = 0; i < 2; i++)
            matrix[i][j] = j < 4
                               ? (mc_cell){.kind = MC_CELL_NUMBER, .as.number = numbers[4 * i + j]}
                               : cells[2 * i + j - 4];
    }
    mc_input inputs[3] = {
        dense(matrix, MC_DTYPE_CELL, sizeof matrix[0], 16),
        {.layout = MC_LAYOUT_COLUMNS, .as.columns = {columns, 6}},
        {.layout = MC_LAYOUT_SLOTS, .as.slots = {.numbers = numbers, .cells = cells}}};
    inputs[0].as.dense.n_columns = EVERYTHING_COLUMNS;
    assert_int_equal(image_make(make_everything, &image, &err), MC_OK);
    for (size_t i = 0; i < 3; i++) {
        inputs[i].n_rows = 2;
        assert_int_equal(mc_workspace_create((size_t)1 << 20, &workspaces[i], &err), MC_OK);
        if (mc_image_run(&image, MC_METHOD_PREDICT_STD, &inputs[i], workspaces[i], &out[i], &err) !=
            MC_OK)
            fail_msg("%s", err.message);
        assert_memory_equal(out[i].parts[0].data, out[0].parts[0].data,
                            2 * out[0].parts[0].n_columns * sizeof(double));
        assert_memory_equal(out[i].parts[2].data, out[0].parts[2].data,
                            2 * out[0].parts[2].n_columns * sizeof(mc_cell));
    }
    for (size_t i = 0; i < 3; i++)
        mc_workspace_destroy(workspaces[i]);
    mc_image_close(&image);
}

/* Integers and truth values stay what they are in a column of cells. */
static void cells_keep_their_kind(void **state)
{
    (void)state;
    static const mc_dtype DTYPES[] = {MC_DTYPE_I64, MC_DTYPE_I32,  MC_DTYPE_U8,
                                      MC_DTYPE_F32, MC_DTYPE_BOOL, MC_DTYPE_F64};
    static const mc_cell_kind KINDS[] = {MC_CELL_INTEGER, MC_CELL_INTEGER, MC_CELL_INTEGER,
                                         MC_CELL_NUMBER,  MC_CELL_BOOL,    MC_CELL_NUMBER};
    making m;
    mc_image image;
    mc_workspace *workspace = NULL;
    mc_output out;
    const uint32_t column[] = {0};
    making_start(&m);
    assert_int_equal(mc_build_columns(m.b, 1, NULL, false, &m.err), MC_OK);
    make_method(&m, MC_METHOD_TRANSFORM,
                &(mc_build_part){.buffer = make_gather(&m, 1, column, true),
                                 .type = MC_VALUE_CELL,
                                 .table = MC_NONE},
                1);
    assert_int_equal(m.status, MC_OK);
    assert_int_equal(mc_build_finish(m.b, MC_METHOD_TRANSFORM, &image, &m.err), MC_OK);
    assert_int_equal(mc_workspace_create((size_t)1 << 20, &workspace, &m.err), MC_OK);
    for (size_t i = 0; i < MC_COUNT_OF(DTYPES); i++) {
        const uint64_t zero = 0;
        mc_input input = dense(&zero, DTYPES[i], 8, 8);
        input.n_rows = 1;
        input.as.dense.n_columns = 1;
        assert_int_equal(mc_image_run(&image, MC_METHOD_TRANSFORM, &input, workspace, &out, &m.err),
                         MC_OK);
        assert_int_equal(((const mc_cell *)out.parts[0].data)->kind, KINDS[i]);
        assert_int_equal(((const mc_cell *)out.parts[0].data)->as.integer, 0);
    }
    mc_workspace_destroy(workspace);
    mc_image_close(&image);
    making_end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_of_matrix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_stride, set_up, tear_down),
        cmocka_unit_test_setup_teardown(columns_of_different_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sparse_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_rows_in_any_layout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_number_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(integers_and_none_as_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_width_is_refused, set_up, tear_down),
        cmocka_unit_test(mixed_columns),
        cmocka_unit_test(cells_keep_their_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
