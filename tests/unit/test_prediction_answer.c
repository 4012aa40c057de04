/* test_prediction_answer.c: answers cut into values and put together again are the same: numbers,
 * labels, sparse rows, cells with texts and lists in lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/prediction_answer.h"

#define N      3
#define STRIDE ((size_t)1024)

static const double NUMBERS[N * 2] = {1.5, -0.0, 3.0, 4.0, 5.0, 6.0};
static const int32_t LABELS[N] = {2, 0, 1};
static const int64_t INDPTR[N + 1] = {0, 2, 2, 5};
static const int32_t INDICES[5] = {1, 900000, 0, 3, 4};
static const double VALUES[5] = {1.0, 2.0, 3.0, 4.0, 5.0};

static mc_cell text(const char *of)
{
    return (mc_cell){.kind = MC_CELL_STRING, .size = (uint32_t)strlen(of), .as.text = of};
}

static mc_cell number(double of)
{
    return (mc_cell){.kind = MC_CELL_NUMBER, .as.number = of};
}

static mc_cell list(const mc_cell *items, uint32_t n)
{
    return (mc_cell){.kind = MC_CELL_LIST, .size = n, .as.items = items};
}

static bool same_cells(const mc_cell *a, const mc_cell *b, size_t n);

/* NOLINTNEXTLINE(misc-no-recursion): of lists two deep */
static bool same_cell(const mc_cell *a, const mc_cell *b)
{
    if (a->kind != b->kind || a->size != b->size)
        return false;
    if (a->kind == MC_CELL_STRING)
        return a->size == 0 || memcmp(a->as.text, b->as.text, a->size) == 0;
    if (a->kind < MC_CELL_STRING)
        return a->as.integer == b->as.integer;
    return same_cells(a->as.items, b->as.items, a->kind == MC_CELL_DICT ? 2u * a->size : a->size);
}

/* NOLINTNEXTLINE(misc-no-recursion): of lists two deep */
static bool same_cells(const mc_cell *a, const mc_cell *b, size_t n)
{
    bool same = true;
    for (size_t i = 0; same && i < n; i++)
        same = same_cell(&a[i], &b[i]);
    return same;
}

/* Values of all rows of `output`, written and merged. */
static void through(const mc_output *output, uint8_t *values, uint8_t *memory, mc_output *out)
{
    for (size_t i = 0; i < output->n_rows; i++) {
        const size_t size = mc_value_write(output, i, values + i * STRIDE, STRIDE);
        assert_true(size > 0 && size <= STRIDE && size % 8 == 0);
        assert_true(mc_value_alike(values, values + i * STRIDE));
    }
    mc_value_merge(values, output->n_rows, STRIDE, memory, out);
    assert_int_equal(out->n_rows, output->n_rows);
    assert_int_equal(out->n_parts, output->n_parts);
    assert_int_equal(out->list, output->list);
}

static void answers_come_back(void **state)
{
    (void)state;
    const mc_cell deep[] = {text("deep"), number(2.0)};
    const mc_cell items[] = {text("a text"), list(deep, 2), text("")};
    const mc_cell pairs[] = {text("key"), number(1.0)};
    const mc_cell cells[N * 2] = {
        text("one"),   list(items, 3),         number(7.0),
        list(NULL, 0), {.kind = MC_CELL_NONE}, {.kind = MC_CELL_DICT, .size = 1, .as.items = pairs},
    };
    const mc_part parts[] = {
        {.type = MC_VALUE_LABEL, .scalar = true, .classes = 4, .n_columns = 1, .data = LABELS},
        {.type = MC_VALUE_FLOAT,
         .sparse = true,
         .n_columns = 1000000,
         .indptr = INDPTR,
         .indices = INDICES,
         .values = VALUES},
        {.type = MC_VALUE_CELL, .n_columns = 2, .data = cells},
        {.name = "std", .type = MC_VALUE_FLOAT, .n_columns = 2, .data = NUMBERS},
    };
    const mc_output output = {.n_rows = N, .n_parts = 4, .list = true, .parts = parts};
    mc_output out;
    uint8_t *values = aligned_alloc(64, N * STRIDE);
    uint8_t *memory = aligned_alloc(64, (mc_value_merged_size(N, STRIDE) + 63) / 64 * 64);
    through(&output, values, memory, &out);
    assert_true(mc_value_varies(values));
    for (size_t k = 0; k < 4; k++) {
        assert_int_equal(out.parts[k].type, parts[k].type);
        assert_int_equal(out.parts[k].scalar, parts[k].scalar);
        assert_int_equal(out.parts[k].sparse, parts[k].sparse);
        assert_int_equal(out.parts[k].n_columns, parts[k].n_columns);
    }
    assert_int_equal(out.parts[0].classes, 4);
    assert_memory_equal(out.parts[0].data, LABELS, sizeof LABELS);
    assert_null(out.parts[1].data);
    assert_memory_equal(out.parts[1].indptr, INDPTR, sizeof INDPTR);
    assert_memory_equal(out.parts[1].indices, INDICES, sizeof INDICES);
    assert_memory_equal(out.parts[1].values, VALUES, sizeof VALUES);
    assert_true(same_cells(out.parts[2].data, cells, MC_COUNT_OF(cells)));
    assert_string_equal(out.parts[3].name, "std");
    assert_memory_equal(out.parts[3].data, NUMBERS, sizeof NUMBERS);
    free(values);
    free(memory);
}

static void what_is_too_large_is_not_kept(void **state)
{
    (void)state;
    static char long_text[MC_VALUE_MAX];
    static const double many[MC_VALUE_MAX];
    _Alignas(8) uint8_t value[MC_VALUE_MAX];
    memset(long_text, 'x', sizeof long_text - 1);
    const mc_cell cells[] = {text(long_text), text("short"), list(cells, UINT32_MAX)};
    const mc_part all[] = {
        {.type = MC_VALUE_CELL, .scalar = true, .n_columns = 1, .data = cells},
        {.type = MC_VALUE_FLOAT, .n_columns = MC_VALUE_MAX, .data = many},
        {.type = MC_VALUE_FLOAT, .n_columns = 2, .n_deep = 1, .data = many},
    };
    mc_output output = {.n_rows = 3, .n_parts = 1, .parts = &all[0]};
    assert_int_equal(mc_value_write(&output, 0, value, sizeof value), 0);
    assert_int_equal(mc_value_write(&output, 2, value, sizeof value), 0);
    const size_t size = mc_value_write(&output, 1, value, sizeof value);
    assert_true(size > 0);
    for (size_t room = 0; room < size; room++) /* wherever it ends */
        assert_int_equal(mc_value_write(&output, 1, value, room), 0);
    assert_int_equal(mc_value_write(&output, 1, value, size), size);
    for (size_t k = 1; k < 3; k++) {
        output.parts = &all[k];
        assert_int_equal(mc_value_write(&output, 0, value, sizeof value), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_back),
        cmocka_unit_test(what_is_too_large_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
