/* test_image_run.c: a row's answer is the same in every batch, refusals name the row, memory has a
 * limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "image/steps.h"
#include "image_cases.h"

#define N_ROWS 1000

/* Rows of the image of everything, and its answers to all of them at once. */
typedef struct fixture {
    mc_image image;
    mc_workspace *workspace, *other;
    double numbers[N_ROWS * EVERYTHING_NUMBERS];
    mc_cell cells[N_ROWS * (EVERYTHING_COLUMNS - EVERYTHING_NUMBERS)];
    mc_error err;
} fixture;

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void fill_rows(fixture *f)
{
    uint32_t seed = 7;
    for (size_t i = 0; i < MC_COUNT_OF(f->numbers); i++) {
        const uint32_t draw = next_random(&seed);
        f->numbers[i] = draw % 11 == 0 ? (double)NAN : ((double)(draw % 4001) - 2000.0) / 512.0;
    }
    for (size_t i = 0; i < N_ROWS; i++) {
        static const char *const WORDS[] = {"red", "green", ""};
        const char *word = WORDS[next_random(&seed) % 3];
        mc_cell *row = f->cells + 2 * i;
        row[0] = (mc_cell){.kind = MC_CELL_STRING, .size = (uint32_t)strlen(word), .as.text = word};
        if (next_random(&seed) % 3 == 0)
            row[0] = (mc_cell){.kind = MC_CELL_NONE};
        row[1] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = next_random(&seed) % 3};
        if (next_random(&seed) % 4 == 0)
            row[1] = (mc_cell){.kind = MC_CELL_NONE};
    }
}

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    if (image_make(make_everything, &f.image, &f.err) != MC_OK)
        return 1;
    if (mc_workspace_create((size_t)64 << 20, &f.workspace, &f.err) != MC_OK ||
        mc_workspace_create((size_t)64 << 20, &f.other, &f.err) != MC_OK)
        return 1;
    fill_rows(&f);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mc_workspace_destroy(f->workspace);
    mc_workspace_destroy(f->other);
    mc_image_close(&f->image);
    return 0;
}

static mc_input rows_from(const fixture *f, size_t first, size_t n)
{
    return (mc_input){.layout = MC_LAYOUT_SLOTS,
                      .n_rows = n,
                      .as.slots = {.numbers = f->numbers + first * EVERYTHING_NUMBERS,
                                   .cells = f->cells + first * 2}};
}

static mc_output run(fixture *f, mc_workspace *workspace, mc_method method, size_t first, size_t n)
{
    mc_output out = {0};
    const mc_input input = rows_from(f, first, n);
    if (mc_image_run(&f->image, method, &input, workspace, &out, &f->err) != MC_OK)
        fail_msg("%s", f->err.message);
    return out;
}

/* ------------------------------------------------------------------------- invariance ---- */

static size_t row_size(const mc_part *part)
{
    const size_t item = part->type == MC_VALUE_LABEL  ? sizeof(int32_t)
                        : part->type == MC_VALUE_CELL ? sizeof(mc_cell)
                                                      : sizeof(double);
    return item * part->n_columns;
}

static void assert_same_rows(const mc_output *whole, size_t first, const mc_output *some)
{
    assert_int_equal(whole->n_parts, some->n_parts);
    for (size_t i = 0; i < whole->n_parts; i++) {
        const size_t size = row_size(&whole->parts[i]);
        assert_int_equal(size, row_size(&some->parts[i]));
        assert_memory_equal((const uint8_t *)whole->parts[i].data + first * size,
                            some->parts[i].data, some->n_rows * size);
    }
}

static void a_row_has_one_answer(void **state)
{
    static const mc_method METHODS[] = {MC_METHOD_TRANSFORM, MC_METHOD_PREDICT, MC_METHOD_APPLY,
                                        MC_METHOD_PREDICT_STD};
    static const size_t BATCHES[] = {1, 2, 3, 15, 16, 17, 255, 256, 257, 1000};
    fixture *f = *state;
    for (size_t i = 0; i < MC_COUNT_OF(METHODS); i++) {
        const mc_output whole = run(f, f->workspace, METHODS[i], 0, N_ROWS);
        for (size_t j = 0; j < MC_COUNT_OF(BATCHES); j++)
            for (size_t first = 0; first < N_ROWS; first += BATCHES[j]) {
                const size_t left = N_ROWS - first, n = left < BATCHES[j] ? left : BATCHES[j];
                const mc_output some = run(f, f->other, METHODS[i], first, n);
                assert_same_rows(&whole, first, &some);
            }
    }
}

static void no_rows_have_no_answer(void **state)
{
    fixture *f = *state;
    const mc_output out = run(f, f->workspace, MC_METHOD_PREDICT_STD, 0, 0);
    assert_int_equal(out.n_rows, 0);
    assert_int_equal(out.n_parts, 4);
    assert_true(out.list);
    assert_string_equal(out.parts[1].name, "best");
    assert_int_equal(out.parts[1].n_columns, 1);
    assert_true(out.parts[1].scalar);
    assert_null(out.parts[0].name);
}

/* --------------------------------------------------------------------------- refusals ---- */

static void assert_refused(fixture *f, size_t row, const char *message)
{
    mc_output out = {0};
    const mc_input input = rows_from(f, 0, N_ROWS);
    assert_int_equal(
        mc_image_run(&f->image, MC_METHOD_TRANSFORM, &input, f->workspace, &out, &f->err),
        MC_E_BAD_INPUT);
    assert_int_equal(f->err.offset, row);
    if (strstr(f->err.message, message) == NULL)
        fail_msg("got: %s\nwant: %s", f->err.message, message);
    assert_null(out.parts); /* written on success only */
}

static void refusals_name_the_row_of_the_batch(void **state)
{
    fixture *f = *state;
    static const size_t ROWS[] = {0, 1, 63, 64, 255, 256, 700, 999};
    for (size_t i = 0; i < MC_COUNT_OF(ROWS); i++) {
        char message[64];
        double *number = &f->numbers[ROWS[i] * EVERYTHING_NUMBERS + 2];
        const double kept = *number;
        *number = -(double)INFINITY;
        (void)snprintf(message, sizeof message, "row %zu, column 2: the input contains infinity",
                       ROWS[i]);
        assert_refused(f, ROWS[i], message);
        *number = kept;
        mc_cell *cell = &f->cells[ROWS[i] * 2 + 1];
        const mc_cell kept_cell = *cell;
        *cell = (mc_cell){.kind = MC_CELL_STRING, .size = 4, .as.text = "many"};
        (void)snprintf(message, sizeof message, "row %zu, column 0: expected a number, found the",
                       ROWS[i]);
        assert_refused(f, ROWS[i], message);
        *cell = kept_cell;
    }
}

static void methods_that_are_not_there_are_refused(void **state)
{
    fixture *f = *state;
    mc_output out;
    const mc_input input = rows_from(f, 0, 1);
    assert_int_equal(
        mc_image_run(&f->image, MC_METHOD_PREDICT_PROBA, &input, f->workspace, &out, &f->err),
        MC_E_NO_METHOD);
    assert_string_equal(f->err.message, "Pipeline has no predict_proba");
}

/* ----------------------------------------------------------------------------- memory ---- */

static void the_workspace_has_a_limit(void **state)
{
    fixture *f = *state;
    mc_workspace *small = NULL;
    mc_output out;
    mc_input input = rows_from(f, 0, N_ROWS);
    assert_int_equal(mc_workspace_create((size_t)300 << 10, &small, &f->err), MC_OK);
    assert_int_equal(mc_image_run(&f->image, MC_METHOD_TRANSFORM, &input, small, &out, &f->err),
                     MC_E_BUSY);
    assert_non_null(strstr(f->err.message, "the limit is 307200"));
    input.n_rows = 2; /* a smaller batch has room again, and is answered right */
    assert_int_equal(mc_image_run(&f->image, MC_METHOD_TRANSFORM, &input, small, &out, &f->err),
                     MC_OK);
    const mc_output want = run(f, f->workspace, MC_METHOD_TRANSFORM, 0, 2);
    assert_same_rows(&want, 0, &out);
    assert_true(mc_workspace_bytes(small) <= (size_t)300 << 10);
    mc_workspace_destroy(small);
}

static void memory_is_not_taken_twice(void **state)
{
    fixture *f = *state;
    (void)run(f, f->workspace, MC_METHOD_PREDICT_STD, 0, N_ROWS);
    const size_t size = mc_workspace_bytes(f->workspace);
    (void)run(f, f->workspace, MC_METHOD_TRANSFORM, 0, 10);
    (void)run(f, f->workspace, MC_METHOD_PREDICT_STD, 0, N_ROWS);
    assert_int_equal(mc_workspace_bytes(f->workspace), size);
}

/* One column, doubled 20 times, and shown 2^18 times. */
static void make_widest(making *m)
{
    enum { N_PARTS = 1 << 18, WIDTH = 1 << 20 };
    static mc_build_part parts[N_PARTS];
    const uint32_t columns[] = {0};
    m->status = mc_build_columns(m->b, 1, NULL, false, &m->err);
    uint32_t buffer = make_gather(m, 1, columns, false);
    for (size_t width = 2; width <= WIDTH; width *= 2) {
        const uint32_t twice[] = {buffer, buffer};
        buffer = make_simple(m, MC_OP_HSTACK, MC_NONE, make_u32(m, 2, twice), width);
    }
    for (size_t i = 0; i < N_PARTS; i++)
        parts[i] = (mc_build_part){.buffer = buffer, .type = MC_VALUE_FLOAT, .table = MC_NONE};
    make_method(m, MC_METHOD_PREDICT, parts, N_PARTS);
}

/* 10,000,000 rows of 2^20 columns, 2^18 times: more bytes than size_t counts. */
static void sizes_do_not_wrap(void **state)
{
    (void)state;
    const double one = 1.0;
    mc_image image;
    mc_workspace *workspace = NULL;
    mc_output out;
    mc_error err = {0};
    mc_input input = {.layout = MC_LAYOUT_SLOTS,
                      .n_rows = MC_LIMIT_ROWS,
                      .as.slots = {.numbers = &one, .cells = NULL}};
    assert_int_equal(image_make(make_widest, &image, &err), MC_OK);
    assert_int_equal(mc_workspace_create(SIZE_MAX, &workspace, &err), MC_OK);
    assert_int_equal(mc_image_run(&image, MC_METHOD_PREDICT, &input, workspace, &out, &err),
                     MC_E_BUSY);
    assert_non_null(strstr(err.message, "than can be counted"));
    input.n_rows = MC_LIMIT_ROWS + 1;
    assert_int_equal(mc_image_run(&image, MC_METHOD_PREDICT, &input, workspace, &out, &err),
                     MC_E_BAD_INPUT);
    mc_workspace_destroy(workspace);
    mc_image_close(&image);
}

/* -------------------------------------------------------------------------- sparse rows ---- */

static void make_distances(making *m)
{
    static const uint32_t COLUMNS[] = {0, 1};
    mc_step check = step_of(MC_OP_CHECK_FINITE);
    if (m->status == MC_OK)
        m->status = mc_build_columns(m->b, 2, NULL, false, &m->err);
    check.src = make_gather(m, 2, COLUMNS, false);
    check.flags = MC_STEP_DENSE_ROWS;
    const mc_build_part part = {
        .buffer = make_step(m, check, 2), .type = MC_VALUE_FLOAT, .table = MC_NONE};
    make_method(m, MC_METHOD_PREDICT, &part, 1);
}

static void distances_are_no_sparse_rows(void **state)
{
    (void)state;
    const double row[] = {0.0, 2.0};
    mc_image image;
    mc_workspace *workspace = NULL;
    mc_output out;
    mc_error err = {0};
    mc_input input = {.layout = MC_LAYOUT_SLOTS, .n_rows = 1, .as.slots.numbers = row};
    assert_int_equal(image_make(make_distances, &image, &err), MC_OK);
    assert_int_equal(mc_workspace_create(SIZE_MAX, &workspace, &err), MC_OK);
    assert_int_equal(mc_image_run(&image, MC_METHOD_PREDICT, &input, workspace, &out, &err), MC_OK);
    input.sparse = true;
    assert_int_equal(mc_image_run(&image, MC_METHOD_PREDICT, &input, workspace, &out, &err),
                     MC_E_BAD_INPUT);
    assert_non_null(strstr(err.message, "row 0: a sparse row of precomputed distances"));
    mc_workspace_destroy(workspace);
    mc_image_close(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_has_one_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_rows_have_no_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_name_the_row_of_the_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(methods_that_are_not_there_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_workspace_has_a_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_is_not_taken_twice, set_up, tear_down),
        cmocka_unit_test(sizes_do_not_wrap),
        cmocka_unit_test(distances_are_no_sparse_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
