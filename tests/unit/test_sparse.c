/* test_sparse.c: rows without their zeros: kernels, the heap that they lie in, programs on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "image/workspace.h"
#include "image_cases_sparse.h"
#include "kernel/sparse_rows.h"

/* Same numbers each run. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* ----------------------------------------------------------------------------- kernels ---- */

static void settle_sorts_and_adds_up(void **state)
{
    (void)state;
    enum { MOST = 300, WIDTH = 97 };
    uint32_t seed = 7;
    for (size_t n = 0; n <= MOST; n++) {
        uint32_t at[MOST], spare_at[MOST];
        double values[MOST], spare[MOST], want[WIDTH] = {0.0};
        for (size_t i = 0; i < n; i++) {
            at[i] = next(&seed) % WIDTH;
            values[i] = (double)(next(&seed) % 1000) / 3.0; /* sums depend on their order */
            want[at[i]] += values[i];
        }
        const size_t kept = mc_sparse_settle(at, values, n, spare_at, spare);
        const mc_sparse_row row = {at, values, kept};
        double got[WIDTH];
        assert_true(mc_sparse_is_settled(at, kept));
        mc_sparse_scatter(&row, WIDTH, got);
        assert_memory_equal(got, want, sizeof want);
    }
}

static void gather_keeps_all_but_plain_zeros(void **state)
{
    (void)state;
    const double x[] = {0.0, -0.0, 1.5, (double)NAN, 0.0, -(double)INFINITY};
    uint32_t at[6];
    double values[6], again[6];
    assert_int_equal(mc_sparse_count(x, 6), 4);
    mc_sparse_gather(x, 6, at, values);
    const uint32_t want[] = {1, 2, 3, 5};
    assert_memory_equal(at, want, sizeof want);
    mc_sparse_scatter(&(mc_sparse_row){at, values, 4}, 6, again);
    assert_memory_equal(again, x, sizeof x);
}

static void norms_of_rows(void **state)
{
    (void)state;
    const uint32_t at[] = {1, 4, 9};
    const double values[] = {3.0, -4.0, 0.0};
    const mc_sparse_row row = {at, values, 3}, empty = {at, values, 0};
    assert_true(mc_sparse_norm(&row, MC_NORM_L1, 0.0) == 7.0);
    assert_true(mc_sparse_norm(&row, MC_NORM_L2, 0.0) == 5.0);
    assert_true(mc_sparse_norm(&row, MC_NORM_MAX, 0.0) == 4.0);
    assert_true(mc_sparse_norm(&row, MC_NORM_MAX, 4.5) == 1.0);
    assert_true(mc_sparse_norm(&empty, MC_NORM_L2, 0.0) == 1.0);
}

/* The same bits as the sum over all columns. */
static void distances_are_those_of_dense_rows(void **state)
{
    (void)state;
    enum { WIDTH = 24 };
    uint32_t seed = 11;
    for (size_t round = 0; round < 200; round++) {
        double dense[2][WIDTH] = {{0.0}}, values[2][WIDTH], want = 0.0;
        uint32_t at[2][WIDTH];
        mc_sparse_row row[2];
        for (size_t i = 0; i < 2; i++) {
            for (size_t j = 0; j < WIDTH; j++)
                dense[i][j] =
                    next(&seed) % 32 < round % 32 ? (double)(next(&seed) % 100) / 7.0 : 0.0;
            row[i] = (mc_sparse_row){at[i], values[i], mc_sparse_count(dense[i], WIDTH)};
            mc_sparse_gather(dense[i], WIDTH, at[i], values[i]);
        }
        for (size_t j = 0; j < WIDTH; j++)
            want += (dense[0][j] - dense[1][j]) * (dense[0][j] - dense[1][j]);
        assert_true(mc_sparse_squares(&row[0], &row[1]) == want);
    }
}

/* -------------------------------------------------------------------------------- heap ---- */

static void heap_gives_memory_that_stays(void **state)
{
    (void)state;
    enum { N = 600 };
    mc_workspace *w = NULL;
    uint8_t *blocks[N];
    assert_int_equal(mc_workspace_create((size_t)8 << 20, &w, NULL), MC_OK);
    size_t grown = 0;
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < N; i++) {
            void *memory = NULL;
            assert_int_equal(mc_workspace_room(w, MC_HEAP_BLOCK, i * 7, &memory, NULL), MC_OK);
            assert_int_equal((uintptr_t)memory % 16, 0);
            blocks[i] = memory;
            memset(memory, (int)(i % 251), i * 7);
        }
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < i * 7; j++)
                assert_int_equal(blocks[i][j], i % 251);
        if (round == 0)
            grown = mc_workspace_bytes(w);
        assert_int_equal(mc_workspace_bytes(w), grown); /* and nothing more in later rounds */
        mc_workspace_reset(w, MC_HEAP_BLOCK);
    }
    mc_workspace_destroy(w);
}

static void heap_ends_at_the_limit(void **state)
{
    (void)state;
    const size_t limit = (size_t)200 << 10;
    mc_workspace *w = NULL;
    mc_error err = {0};
    void *memory = NULL;
    assert_int_equal(mc_workspace_create(limit, &w, NULL), MC_OK);
    assert_int_equal(mc_workspace_room(w, MC_HEAP_BLOCK, SIZE_MAX, &memory, &err), MC_E_BUSY);
    assert_int_equal(mc_workspace_room(w, MC_HEAP_BLOCK, limit + 1, &memory, &err), MC_E_BUSY);
    mc_status status = MC_OK;
    size_t n = 0;
    for (; status == MC_OK && n < 100000; n++)
        status = mc_workspace_room(w, MC_HEAP_ANSWER, 100, &memory, &err);
    assert_int_equal(status, MC_E_BUSY);
    assert_true(n > 1000);
    assert_true(mc_workspace_bytes(w) <= limit);
    mc_workspace_reset(w, MC_HEAP_ANSWER);
    assert_int_equal(mc_workspace_room(w, MC_HEAP_ANSWER, 100, &memory, &err), MC_OK);
    mc_workspace_destroy(w);
}

/* ---------------------------------------------------------------------------- programs ---- */

#define N_ROWS 1000
#define WIDTH  SPARSE_MODEL_COLUMNS

/* Rows of 0 to WIDTH entries, dense and sparse. */
typedef struct fixture {
    mc_image image, widest;
    mc_workspace *workspace;
    double dense[N_ROWS * WIDTH];
    int64_t indptr[N_ROWS + 1];
    int32_t indices[N_ROWS * WIDTH];
    double values[N_ROWS * WIDTH];
    mc_error err;
} fixture;

static void fill_row(fixture *f, size_t row, uint32_t *seed)
{
    double *dense = f->dense + row * WIDTH;
    int64_t end = f->indptr[row];
    for (int32_t j = WIDTH; j-- > 0;) { /* descending: the program has to sort them */
        if (next(seed) % 2 == 0)
            continue;
        dense[j] = (double)(next(seed) % 64) / 8.0 - 3.0;
        if (dense[j] == 0.0)
            continue;
        f->indices[end] = j;
        f->values[end++] = dense[j];
    }
    f->indptr[row + 1] = end;
}

static int set_up(void **state)
{
    fixture *f = mc_alloc(1, sizeof *f);
    uint32_t seed = 3;
    if (f == NULL || image_make(make_sparse_model, &f->image, &f->err) != MC_OK ||
        image_make(make_widest, &f->widest, &f->err) != MC_OK ||
        mc_workspace_create((size_t)64 << 20, &f->workspace, &f->err) != MC_OK)
        return 1;
    for (size_t i = 0; i < N_ROWS; i++)
        fill_row(f, i, &seed);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mc_image_close(&f->image);
    mc_image_close(&f->widest);
    mc_workspace_destroy(f->workspace);
    mc_free(f);
    return 0;
}

static mc_input dense_rows(const fixture *f, size_t first, size_t n)
{
    return (mc_input){.layout = MC_LAYOUT_DENSE,
                      .n_rows = n,
                      .as.dense = {.data = f->dense + first * WIDTH,
                                   .dtype = MC_DTYPE_F64,
                                   .n_columns = WIDTH,
                                   .row_stride = WIDTH * sizeof(double),
                                   .column_stride = sizeof(double)}};
}

static mc_input sparse_rows(const fixture *f, size_t first, size_t n)
{
    return (mc_input){.layout = MC_LAYOUT_CSR,
                      .n_rows = n,
                      .as.csr = {.n_columns = WIDTH,
                                 .indptr = f->indptr + first,
                                 .indices = f->indices,
                                 .data = f->values}};
}

static mc_part run(fixture *f, mc_method method, const mc_input *input)
{
    mc_output output;
    if (mc_image_run(&f->image, method, input, f->workspace, &output, &f->err) != MC_OK)
        fail_msg("%s", f->err.message);
    assert_int_equal(output.n_parts, 1);
    assert_int_equal(output.n_rows, input->n_rows);
    return output.parts[0];
}

static void rows_are_shown_as_they_came(void **state)
{
    fixture *f = *state;
    mc_input input = dense_rows(f, 0, N_ROWS);
    mc_part part = run(f, MC_METHOD_TRANSFORM, &input);
    assert_false(part.sparse);
    assert_null(part.indptr);
    for (size_t i = 0; i < N_ROWS * WIDTH; i++)
        assert_true(((const double *)part.data)[i] == f->dense[i] * (double)(i % WIDTH + 1));
    input = sparse_rows(f, 0, N_ROWS);
    part = run(f, MC_METHOD_TRANSFORM, &input);
    assert_true(part.sparse);
    assert_null(part.data);
    assert_int_equal(part.indptr[N_ROWS], f->indptr[N_ROWS]);
    input = (mc_input){.layout = MC_LAYOUT_SLOTS, .n_rows = N_ROWS};
    input.as.slots.rows = sparse_rows(f, 0, N_ROWS).as.csr;
    assert_false(run(f, MC_METHOD_TRANSFORM, &input).sparse);
    input.sparse = true;
    assert_true(run(f, MC_METHOD_TRANSFORM, &input).sparse);
}

/* Sparse rows of many blocks, one behind the other, are those of each row alone. */
static void blocks_follow_each_other(void **state)
{
    fixture *f = *state;
    mc_input all = dense_rows(f, 0, N_ROWS);
    mc_part part = run(f, MC_METHOD_APPLY, &all);
    assert_true(part.sparse);
    assert_int_equal(part.type, MC_VALUE_INT);
    const int64_t n = part.indptr[N_ROWS];
    int64_t *indptr = mc_alloc(N_ROWS + 1, sizeof *indptr);
    int32_t *indices = mc_alloc((size_t)n, sizeof *indices);
    double *values = mc_alloc((size_t)n, sizeof *values);
    memcpy(indptr, part.indptr, (N_ROWS + 1) * sizeof *indptr);
    memcpy(indices, part.indices, (size_t)n * sizeof *indices);
    memcpy(values, part.values, (size_t)n * sizeof *values);
    for (size_t i = 0; i < N_ROWS; i++) {
        const mc_input one = sparse_rows(f, i, 1);
        part = run(f, MC_METHOD_APPLY, &one);
        assert_int_equal(part.indptr[1], indptr[i + 1] - indptr[i]);
        const size_t size = (size_t)part.indptr[1];
        assert_memory_equal(part.indices, indices + indptr[i], size * sizeof *indices);
        assert_memory_equal(part.values, values + indptr[i], size * sizeof *values);
    }
    mc_free(indptr);
    mc_free(indices);
    mc_free(values);
}

/* Products of any batch, dense or sparse, are those of each row alone, bit for bit. */
static void a_row_has_one_answer(void **state)
{
    fixture *f = *state;
    const mc_method methods[] = {MC_METHOD_DECISION_FUNCTION, MC_METHOD_PREDICT};
    for (size_t m = 0; m < MC_COUNT_OF(methods); m++) {
        double want[N_ROWS * 2];
        const mc_input all = dense_rows(f, 0, N_ROWS);
        memcpy(want, run(f, methods[m], &all).data, sizeof want);
        for (size_t n = 1; n < 300; n = n * 2 + 1) {
            const mc_input some = sparse_rows(f, n, n);
            assert_memory_equal(run(f, methods[m], &some).data, want + n * 2, n * 2 * sizeof *want);
        }
    }
}

static void rows_without_entries(void **state)
{
    fixture *f = *state;
    const int64_t indptr[] = {0, 0, 0};
    mc_input input = {
        .layout = MC_LAYOUT_CSR, .n_rows = 2, .as.csr = {.n_columns = WIDTH, .indptr = indptr}};
    const mc_part part = run(f, MC_METHOD_TRANSFORM, &input);
    assert_int_equal(part.indptr[2], 0);
    const double *bias = run(f, MC_METHOD_DECISION_FUNCTION, &input).data;
    assert_true(bias[2] == 0.5);
    assert_true(bias[3] == -0.5);
    input.n_rows = 0;
    assert_int_equal(run(f, MC_METHOD_TRANSFORM, &input).indptr[0], 0);
}

static void entries_of_one_column_add_up(void **state)
{
    fixture *f = *state;
    const int64_t indptr[] = {0, 4};
    const int32_t indices[] = {3, 0, 3, 3};
    const double values[] = {0.1, 8.0, 0.2, 0.3};
    const mc_input input = {
        .layout = MC_LAYOUT_CSR,
        .n_rows = 1,
        .as.csr = {.n_columns = WIDTH, .indptr = indptr, .indices = indices, .data = values}};
    const mc_part part = run(f, MC_METHOD_TRANSFORM, &input);
    assert_int_equal(part.indptr[1], 2);
    assert_int_equal(part.indices[0], 0);
    assert_int_equal(part.indices[1], 3);
    assert_true(part.values[1] == (0.1 + 0.2 + 0.3) * 4.0);
}

static void what_is_no_row_is_refused(void **state)
{
    fixture *f = *state;
    const int64_t good[] = {0, 1, 2}, bad[] = {0, 1, 0}, negative[] = {-1, 1, 2};
    const int32_t over[] = {4, WIDTH}, under[] = {4, -1}, fine[] = {4, 0};
    const double values[] = {1.0, 2.0}, odd[] = {1.0, (double)NAN};
    const struct {
        const int64_t *indptr;
        const int32_t *indices;
        const double *values;
        const char *want;
    } cases[] = {{good, over, values, "row 1: index 5, expected 0 to 4"},
                 {good, under, values, "row 1: index -1, expected 0 to 4"},
                 {bad, over, values, "row 1: indptr is not ascending"},
                 {negative, over, values, "row 0: indptr is not ascending"},
                 {good, fine, odd, "row 1, column 0: the input contains NaN"}};
    for (size_t i = 0; i < MC_COUNT_OF(cases); i++) {
        mc_output out;
        const mc_input input = {.layout = MC_LAYOUT_CSR,
                                .n_rows = 2,
                                .as.csr = {.n_columns = WIDTH,
                                           .indptr = cases[i].indptr,
                                           .indices = cases[i].indices,
                                           .data = cases[i].values}};
        assert_int_equal(
            mc_image_run(&f->image, MC_METHOD_PREDICT, &input, f->workspace, &out, &f->err),
            MC_E_BAD_INPUT);
        if (strstr(f->err.message, cases[i].want) == NULL)
            fail_msg("got: %s\nwant: %s", f->err.message, cases[i].want);
    }
}

static void memory_is_not_taken_twice_and_has_a_limit(void **state)
{
    fixture *f = *state;
    mc_workspace *small = NULL;
    mc_output out;
    const mc_input all = sparse_rows(f, 0, N_ROWS), few = sparse_rows(f, 0, 2);
    (void)run(f, MC_METHOD_APPLY, &all);
    const size_t size = mc_workspace_bytes(f->workspace);
    (void)run(f, MC_METHOD_APPLY, &few);
    (void)run(f, MC_METHOD_APPLY, &all);
    assert_int_equal(mc_workspace_bytes(f->workspace), size);
    assert_int_equal(mc_workspace_create((size_t)100 << 10, &small, &f->err), MC_OK);
    assert_int_equal(mc_image_run(&f->image, MC_METHOD_APPLY, &all, small, &out, &f->err),
                     MC_E_BUSY);
    assert_int_equal(mc_image_run(&f->image, MC_METHOD_APPLY, &few, small, &out, &f->err), MC_OK);
    mc_workspace_destroy(small);
}

/* 2^24 columns: a row costs its entries. */
static void the_widest_row_costs_its_entries(void **state)
{
    fixture *f = *state;
    mc_workspace *small = NULL;
    mc_output out;
    const int64_t indptr[] = {0, 3};
    const int32_t indices[] = {0, 5, (int32_t)WIDEST_COLUMNS - 1};
    const double values[] = {1.5, 2.5, 3.5};
    const mc_input input = {
        .layout = MC_LAYOUT_CSR,
        .n_rows = 1,
        .as.csr = {
            .n_columns = WIDEST_COLUMNS, .indptr = indptr, .indices = indices, .data = values}};
    assert_int_equal(mc_workspace_create((size_t)128 << 10, &small, &f->err), MC_OK);
    assert_int_equal(mc_image_run(&f->widest, MC_METHOD_PREDICT, &input, small, &out, &f->err),
                     MC_OK);
    assert_int_equal(out.parts[0].indptr[1], 2);
    assert_int_equal(out.parts[0].indices[0], 0);
    assert_true(out.parts[0].values[0] == 3.5);
    assert_true(out.parts[0].values[1] == 1.5);
    mc_workspace_destroy(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settle_sorts_and_adds_up),
        cmocka_unit_test(gather_keeps_all_but_plain_zeros),
        cmocka_unit_test(norms_of_rows),
        cmocka_unit_test(distances_are_those_of_dense_rows),
        cmocka_unit_test(heap_gives_memory_that_stays),
        cmocka_unit_test(heap_ends_at_the_limit),
        cmocka_unit_test(rows_are_shown_as_they_came),
        cmocka_unit_test(blocks_follow_each_other),
        cmocka_unit_test(a_row_has_one_answer),
        cmocka_unit_test(rows_without_entries),
        cmocka_unit_test(entries_of_one_column_add_up),
        cmocka_unit_test(what_is_no_row_is_refused),
        cmocka_unit_test(memory_is_not_taken_twice_and_has_a_limit),
        cmocka_unit_test(the_widest_row_costs_its_entries),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
