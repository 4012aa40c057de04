/* test_quantize.c: every step of narrow arrays runs, and verify refuses those that are broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "image/quantize.h"
#include "image/steps.h"
#include "image/view.h"
#include "image_cases.h"
#include "image_run.h"

static const mc_quantization FORMS[] = {MC_QUANTIZE_F32, MC_QUANTIZE_F16, MC_QUANTIZE_BF16,
                                        MC_QUANTIZE_INT8};

/* A copy that may be written to. */
typedef struct copy {
    uint8_t *block;
    size_t size;
    mc_view view;
} copy;

static copy quantized(make_image_fn *make, mc_quantization form)
{
    mc_image wide, narrow;
    mc_error err = {0};
    if (image_make(make, &wide, &err) != MC_OK ||
        mc_image_quantize(&wide, form, 1, NULL, NULL, &narrow, &err) != MC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mc_image_quantization(&narrow), form);
    assert_int_equal(mc_image_quantization(&wide), MC_QUANTIZE_NEVER);
    copy c = {.block = mc_pages_alloc(narrow.size), .size = narrow.size};
    assert_non_null(c.block);
    memcpy(c.block, narrow.block, narrow.size);
    mc_image_close(&narrow);
    mc_image_close(&wide);
    mc_view_of(c.block, &c.view);
    return c;
}

static void drop(copy *c)
{
    mc_pages_free(c->block, c->size);
}

static mc_image_array *array_at(const copy *c, uint32_t i)
{
    return (mc_image_array *)(uintptr_t)&c->view.arrays[i];
}

static size_t count_narrow(const copy *c)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->view.n_arrays; i++)
        n += c->view.arrays[i].type >= MC_ARRAY_F16;
    return n;
}

/* Steps that look for training rows, and find them narrow. */
static size_t count_narrow_training(const copy *c)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->view.n_steps; i++)
        n += c->view.steps[i].op == MC_OP_NEAREST &&
             mc_view_is_narrow(&c->view, c->view.steps[i].array[0]);
    return n;
}

static void every_form_of_everything_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(FORMS); i++) {
        mc_error err = {0};
        copy c = quantized(make_everything, FORMS[i]);
        if (!image_run_all(c.block, c.size, &err))
            fail_msg("%s", err.message);
        assert_true(FORMS[i] == MC_QUANTIZE_F32 || count_narrow(&c) >= 8);
        assert_int_equal(count_narrow_training(&c), 2);
        drop(&c);
    }
}

static void both_ways_are_quantized(void **state)
{
    (void)state;
    copy c = quantized(make_both_ways, MC_QUANTIZE_INT8);
    mc_view back;
    mc_view_of(c.view.back, &back);
    assert_int_equal(back.header->quantization, MC_QUANTIZE_INT8);
    assert_true(image_run_all(c.block, c.size, NULL));
    drop(&c);
}

static void twice_is_refused(void **state)
{
    (void)state;
    mc_image once, twice;
    mc_error err = {0};
    copy c = quantized(make_classifier, MC_QUANTIZE_F16);
    assert_int_equal(mc_image_adopt(c.block, c.size, &once, &err), MC_OK);
    assert_int_equal(mc_image_quantize(&once, MC_QUANTIZE_F16, 1, NULL, NULL, &twice, &err),
                     MC_E_CONFLICT);
    assert_non_null(strstr(err.message, "f16"));
    mc_image_close(&once);
}

static uint32_t making_linear(making *m, size_t k, size_t d, const double *weights)
{
    static const double NOTHING[8] = {0};
    const uint32_t columns[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    mc_step step = step_of(MC_OP_LINEAR);
    m->status = mc_build_columns(m->b, d, NULL, false, &m->err);
    step.src = make_gather(m, d, columns, false);
    step.array[0] = make_f64(m, k, d, weights);
    step.array[1] = make_f64(m, 1, k, NOTHING);
    return make_step(m, step, k);
}

#define FAR_ROWS    6u
#define FAR_COLUMNS 6u
static double far_weight(size_t row, size_t column)
{
    static const double SIZES[FAR_ROWS] = {1.0, 1e-12, 1e-35, 1e-300, 0.0, 1e300};
    return SIZES[row] * (1.0 - 0.125 * (double)column);
}

static void make_far_rows(making *m)
{
    double weights[FAR_ROWS * FAR_COLUMNS];
    for (size_t i = 0; i < MC_COUNT_OF(weights); i++)
        weights[i] = far_weight(i / FAR_COLUMNS, i % FAR_COLUMNS);
    const mc_build_part part = {.buffer = making_linear(m, FAR_ROWS, FAR_COLUMNS, weights),
                                .type = MC_VALUE_FLOAT,
                                .table = MC_NONE};
    make_method(m, MC_METHOD_PREDICT, &part, 1);
}

/* A row of weights is an answer of its own: bytes keep it however small it is beside others. */
static void bytes_keep_rows_of_any_size(void **state)
{
    (void)state;
    copy c = quantized(make_far_rows, MC_QUANTIZE_INT8);
    size_t n_found = 0;
    for (uint32_t id = 0; id < c.view.n_arrays; id++) {
        if (c.view.arrays[id].type != MC_ARRAY_I8)
            continue;
        const mc_narrow found = mc_view_narrow(&c.view, id);
        for (size_t i = 0; i < FAR_ROWS * FAR_COLUMNS; i++, n_found++) {
            const double want = far_weight(i / FAR_COLUMNS, i % FAR_COLUMNS);
            const double most = far_weight(i / FAR_COLUMNS, 0) / 253.0;
            const double got = mc_widen_at(&found, i / FAR_COLUMNS, i % FAR_COLUMNS);
            assert_true(fabs(got - want) <= most);
        }
    }
    assert_int_equal(n_found, FAR_ROWS * FAR_COLUMNS);
    assert_true(image_run_all(c.block, c.size, NULL));
    drop(&c);
}

/* I12 */
static void broken_scales_are_refused(void **state)
{
    (void)state;
    size_t n_broken = 0;
    for (size_t i = 0; i < MC_COUNT_OF(FORMS); i++) {
        copy c = quantized(make_everything, FORMS[i]);
        for (uint32_t id = 0; id < c.view.n_arrays; id++) {
            mc_image_array *array = array_at(&c, id);
            const uint32_t kept = array->scales;
            const uint32_t wrong = array->type == MC_ARRAY_F16 ? 2047 : c.view.n_arrays;
            mc_error err = {0};
            array->scales = wrong;
            assert_false(image_run_all(c.block, c.size, &err));
            assert_non_null(strstr(err.message, "has no scales"));
            array->scales = kept;
            n_broken++;
        }
        drop(&c);
    }
    assert_true(n_broken > 100);
}

/* Narrow numbers where a step does not read them as such. */
static void other_arrays_must_be_wide(void **state)
{
    (void)state;
    size_t n_refused = 0;
    mc_image wide;
    mc_error err = {0};
    assert_int_equal(image_make(make_everything, &wide, &err), MC_OK);
    copy c = {.block = mc_pages_alloc(wide.size), .size = wide.size};
    memcpy(c.block, wide.block, wide.size);
    mc_image_close(&wide);
    mc_view_of(c.block, &c.view);
    ((mc_image_header *)(void *)c.block)->quantization = MC_QUANTIZE_F32;
    for (uint32_t id = 0; id < c.view.n_arrays; id++) {
        mc_image_array *array = array_at(&c, id);
        if (array->type != MC_ARRAY_F64)
            continue;
        array->type = MC_ARRAY_F32;
        n_refused += !image_run_all(c.block, c.size, &err);
        array->type = MC_ARRAY_F64;
    }
    assert_true(n_refused > 20);
    drop(&c);
}

/* Records of arrays and the numbers in them: what verify accepts must run. */
static void whatever_is_accepted_runs(void **state)
{
    (void)state;
    static const uint8_t CHANGES[] = {0x01, 0x80, 0xff};
    size_t n_accepted = 0;
    copy c = quantized(make_everything, MC_QUANTIZE_INT8);
    uint8_t *records = (uint8_t *)array_at(&c, 0);
    for (size_t i = 0; i < c.view.n_arrays * sizeof(mc_image_array); i++) {
        records[i] ^= CHANGES[i % 3];
        n_accepted += image_run_all(c.block, c.size, NULL);
        records[i] ^= CHANGES[i % 3];
    }
    for (uint32_t id = 0; id < c.view.n_arrays; id++) {
        const mc_image_array *array = array_at(&c, id);
        if (array->n_items == 0)
            continue;
        uint8_t *items = (uint8_t *)(uintptr_t)(c.view.weights + array->at);
        items[7 % array->n_items] ^= 0xff;
        n_accepted += image_run_all(c.block, c.size, NULL);
        items[7 % array->n_items] ^= 0xff;
    }
    assert_true(n_accepted > 20);
    drop(&c);
}

/* An accepted image runs as a whole, which takes time: so many places are passed by. No divisor of
 * MC_STEP_ARRAYS, so that each array of a step is asked of some step. */
#define STRIDE 5u

/* Steps that name arrays, types of arrays and headers that nobody of ours would write: quantization
 * trusts what verify accepted, and looks at more than the steps do. */
static void whatever_is_accepted_is_quantized(void **state)
{
    (void)state;
    size_t n_accepted = 0, n_narrow = 0;
    mc_image wide;
    mc_error err = {0};
    assert_int_equal(image_make(make_everything, &wide, &err), MC_OK);
    copy c = {.block = mc_pages_alloc(wide.size), .size = wide.size};
    memcpy(c.block, wide.block, wide.size);
    mc_image_close(&wide);
    mc_view_of(c.block, &c.view);
    for (size_t i = 0; i < c.view.n_steps * MC_STEP_ARRAYS; i += STRIDE) {
        mc_step *step = (mc_step *)(uintptr_t)&c.view.steps[i / MC_STEP_ARRAYS];
        uint32_t *named = &step->array[i % MC_STEP_ARRAYS];
        const uint32_t kept = *named, others[] = {UINT32_MAX / 2, (uint32_t)i % c.view.n_arrays};
        for (size_t j = 0; j < MC_COUNT_OF(others); j++) {
            *named = others[j];
            n_accepted += image_quantize_and_run(c.block, c.size, FORMS[(i + j) % 4]);
        }
        *named = kept;
    }
    for (uint32_t id = 0; id < c.view.n_arrays; id++) {
        mc_image_array *array = array_at(&c, id);
        const uint32_t kept = array->type;
        if (kept != MC_ARRAY_F64)
            continue;
        array->type = MC_ARRAY_F32;
        n_narrow += image_quantize_and_run(c.block, c.size, FORMS[id % 4]);
        array->type = kept;
    }
    assert_true(n_accepted > 50);
    assert_int_equal(n_narrow, 0);
    drop(&c);
}

static void no_allocation_is_taken_for_granted(void **state)
{
    (void)state;
    mc_image wide, narrow;
    mc_error err = {0};
    assert_int_equal(image_make(make_everything, &wide, &err), MC_OK);
    mc_status status = MC_E_NO_MEMORY;
    uint64_t k = 0;
    for (; status != MC_OK && k < 10000;) {
        mc_alloc_fail_at(++k);
        status = mc_image_quantize(&wide, MC_QUANTIZE_INT8, 1, NULL, NULL, &narrow, &err);
        mc_alloc_fail_at(0);
        assert_true(status == MC_OK || status == MC_E_NO_MEMORY);
    }
    assert_true(k > 10 && k < 10000);
    mc_image_close(&narrow);
    mc_image_close(&wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_everything_runs),
        cmocka_unit_test(both_ways_are_quantized),
        cmocka_unit_test(twice_is_refused),
        cmocka_unit_test(bytes_keep_rows_of_any_size),
        cmocka_unit_test(broken_scales_are_refused),
        cmocka_unit_test(other_arrays_must_be_wide),
        cmocka_unit_test(whatever_is_accepted_runs),
        cmocka_unit_test(whatever_is_accepted_is_quantized),
        cmocka_unit_test(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
