/* test_image_builder.c: what is equal is one, lists hold what is needed, sizes are exact, and
 * memory that runs out leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "image/model.h"
#include "image/steps.h"
#include "image_cases.h"

static void must(const making *m)
{
    if (m->status != MC_OK)
        fail_msg("%s", m->err.message);
}

static uint32_t class_table(making *m, const char *first, double second)
{
    const mc_cell labels[] = {
        {.kind = MC_CELL_STRING, .size = (uint32_t)strlen(first), .as.text = first},
        {.kind = MC_CELL_NUMBER, .as.number = second}};
    uint32_t table = UINT32_MAX;
    assert_int_equal(mc_build_classes(m->b, labels, 2, &table, &m->err), MC_OK);
    return table;
}

/* ---------------------------------------------------------------------------- interning ---- */

static void equal_arrays_are_one(void **state)
{
    (void)state;
    making m;
    const double a[] = {1.0, 2.0, 3.0, 4.0}, zero[] = {0.0}, minus_zero[] = {-0.0};
    making_start(&m);
    const uint32_t first = make_f64(&m, 2, 2, a);
    assert_int_equal(make_f64(&m, 2, 2, a), first);
    assert_int_not_equal(make_f64(&m, 4, 1, a), first); /* another shape */
    assert_int_not_equal(make_f64(&m, 1, 3, a), first);
    assert_int_not_equal(make_f64(&m, 1, 1, zero), make_f64(&m, 1, 1, minus_zero));
    const uint32_t none = make_f64(&m, 0, 2, NULL);
    assert_int_equal(make_f64(&m, 0, 2, NULL), none);
    assert_int_not_equal(make_u32(&m, 0, NULL), none); /* another type */
    must(&m);
    making_end(&m);
}

static void equal_steps_are_one(void **state)
{
    (void)state;
    making m;
    const uint32_t columns[] = {0, 1}, other[] = {1, 0};
    making_start(&m);
    assert_int_equal(mc_build_columns(m.b, 2, NULL, false, &m.err), MC_OK);
    const uint32_t x = make_gather(&m, 2, columns, false);
    assert_int_equal(make_gather(&m, 2, columns, false), x);
    assert_int_not_equal(make_gather(&m, 2, other, false), x);
    assert_int_not_equal(make_gather(&m, 2, columns, true), x);
    const uint32_t y = make_simple(&m, MC_OP_SOFTMAX, x, MC_NONE, 2);
    assert_int_equal(make_simple(&m, MC_OP_SOFTMAX, x, MC_NONE, 2), y);
    assert_int_not_equal(make_simple(&m, MC_OP_SOFTMAX, y, MC_NONE, 2), y);
    mc_step step = step_of(MC_OP_UNARY);
    step.src = x;
    step.value[0] = 1.0;
    const uint32_t z = make_step(&m, step, 2);
    assert_int_equal(make_step(&m, step, 2), z);
    step.value[0] = 2.0;
    assert_int_not_equal(make_step(&m, step, 2), z);
    assert_int_equal(mc_build_type(m.b, z), MC_BUFFER_F64);
    assert_int_equal(mc_build_width(m.b, z), 2);
    must(&m);
    making_end(&m);
}

static void equal_class_tables_and_texts_are_one(void **state)
{
    (void)state;
    making m;
    making_start(&m);
    const uint32_t table = class_table(&m, "yes", 1.0);
    const size_t size = mc_build_size(m.b);
    assert_int_equal(class_table(&m, "yes", 1.0), table);
    assert_int_equal(mc_build_size(m.b), size);
    assert_int_not_equal(class_table(&m, "no", 1.0), table);
    assert_int_not_equal(class_table(&m, "yes", 2.0), table);
    assert_int_not_equal(class_table(&m, "ye", 1.0), table); /* begins like one, is another */
    must(&m);
    making_end(&m);
}

static void two_columns_of_one_name_are_refused(void **state)
{
    (void)state;
    making m;
    const mc_bytes names[] = {mc_bytes_of("a"), mc_bytes_of("b"), mc_bytes_of("a")};
    making_start(&m);
    assert_int_equal(mc_build_columns(m.b, 3, names, false, &m.err), MC_E_UNSUPPORTED);
    assert_non_null(strstr(m.err.message, "two columns named \"a\""));
    making_end(&m);
}

/* ------------------------------------------------------------------------- lists and size ---- */

static mc_view finish(making *m, mc_image *out)
{
    mc_view view;
    must(m);
    const size_t size = mc_build_size(m->b);
    if (mc_build_finish(m->b, MC_METHOD_TRANSFORM, out, &m->err) != MC_OK)
        fail_msg("%s", m->err.message);
    assert_int_equal(out->size, size);
    assert_int_equal(out->size % MC_IMAGE_ALIGN, 0);
    mc_view_of(out->block, &view);
    assert_int_equal(view.header->size, size);
    making_end(m);
    return view;
}

static void lists_hold_what_is_needed_and_no_more(void **state)
{
    (void)state;
    making m;
    mc_image image;
    const uint32_t columns[] = {1, 2};
    making_start(&m);
    assert_int_equal(mc_build_columns(m.b, 4, NULL, false, &m.err), MC_OK);
    const uint32_t x = make_gather(&m, 2, columns, false);                 /* step 0 */
    const uint32_t unused = make_simple(&m, MC_OP_SOFTMAX, x, MC_NONE, 2); /* step 1 */
    const uint32_t label = make_simple(&m, MC_OP_ARGMAX, x, MC_NONE, 1);   /* step 2 */
    const uint32_t both[] = {x, x};
    const uint32_t wide =
        make_simple(&m, MC_OP_HSTACK, MC_NONE, make_u32(&m, 2, both), 4); /* step 3 */
    const uint32_t table = class_table(&m, "yes", 1.0);
    assert_int_not_equal(unused, label);
    make_method(
        &m, MC_METHOD_PREDICT,
        &(mc_build_part){.buffer = label, .type = MC_VALUE_LABEL, .scalar = true, .table = table},
        1);
    make_method(&m, MC_METHOD_TRANSFORM,
                &(mc_build_part){.buffer = wide, .type = MC_VALUE_FLOAT, .table = MC_NONE}, 1);
    const mc_view view = finish(&m, &image);

    const uint32_t want[] = {0, 2, 0, 3};
    assert_int_equal(view.n_step_list, 4);
    assert_memory_equal(view.step_list, want, sizeof want);
    assert_int_equal(view.methods[0].steps.first, 0);
    assert_int_equal(view.methods[0].steps.n, 2);
    assert_int_equal(view.methods[1].steps.first, 2);
    /* Only wanted columns have slots; a gather of all of them in order copies nothing. */
    assert_int_equal(view.header->n_numbers, 2);
    assert_int_equal(view.columns[0].kind, MC_COLUMN_UNUSED);
    assert_int_equal(view.columns[2].slot, 1);
    assert_int_equal(view.steps[0].flags, MC_STEP_ALIAS);
    mc_image_close(&image);
}

static void a_column_wanted_both_ways_is_a_cell(void **state)
{
    (void)state;
    making m;
    mc_image image;
    const uint32_t columns[] = {0, 1}, second[] = {1};
    making_start(&m);
    assert_int_equal(mc_build_columns(m.b, 2, NULL, false, &m.err), MC_OK);
    const uint32_t x = make_gather(&m, 2, columns, false), z = make_gather(&m, 1, second, true);
    const mc_build_part parts[] = {{.buffer = x, .type = MC_VALUE_FLOAT, .table = MC_NONE},
                                   {.buffer = z, .type = MC_VALUE_CELL, .table = MC_NONE}};
    make_method(&m, MC_METHOD_TRANSFORM, parts, 2);
    const mc_view view = finish(&m, &image);
    assert_int_equal(view.columns[0].kind, MC_COLUMN_NUMBER);
    assert_int_equal(view.columns[1].kind, MC_COLUMN_CELL);
    assert_int_equal(view.steps[0].flags, 0);
    mc_image_close(&image);
}

static void the_size_is_known_before_the_end(void **state)
{
    (void)state;
    make_image_fn *const makers[] = {make_classifier, make_everything};
    for (size_t i = 0; i < MC_COUNT_OF(makers); i++) {
        making m;
        mc_image image;
        making_start(&m);
        makers[i](&m);
        must(&m);
        const size_t size = mc_build_size(m.b);
        assert_int_equal(mc_build_finish(m.b, MC_METHOD_PREDICT, &image, &m.err), MC_OK);
        assert_int_equal(image.size, size);
        mc_image_close(&image);
        making_end(&m);
    }
}

static void limits_are_named(void **state)
{
    (void)state;
    making m;
    making_start(&m);
    assert_int_equal(mc_build_columns(m.b, MC_LIMIT_COLUMNS + 1, NULL, false, &m.err), MC_E_LIMIT);
    mc_step step = step_of(MC_OP_CONSTANT);
    uint32_t out = 0;
    assert_int_equal(mc_build_step(m.b, step, MC_LIMIT_WIDTH + 1, &out, &m.err), MC_E_LIMIT);
    assert_non_null(strstr(m.err.message, "CONSTANT"));
    assert_int_equal(mc_build_f64(m.b, NULL, SIZE_MAX, 2, &out, &m.err), MC_E_LIMIT);
    assert_int_equal(mc_build_f64(m.b, NULL, UINT32_MAX, UINT32_MAX, &out, &m.err), MC_E_LIMIT);
    making_end(&m);
}

static void a_wrong_program_is_refused_at_the_end(void **state)
{
    (void)state;
    making m;
    mc_image image;
    const uint32_t columns[] = {0};
    making_start(&m);
    assert_int_equal(mc_build_columns(m.b, 1, NULL, false, &m.err), MC_OK);
    const uint32_t x = make_gather(&m, 1, columns, false);
    const uint32_t y = make_simple(&m, MC_OP_SUBTRACT, x, MC_NONE, 1); /* subtracts nothing */
    make_method(&m, MC_METHOD_TRANSFORM,
                &(mc_build_part){.buffer = y, .type = MC_VALUE_FLOAT, .table = MC_NONE}, 1);
    must(&m);
    assert_int_equal(mc_build_finish(m.b, MC_METHOD_TRANSFORM, &image, &m.err), MC_E_MALFORMED);
    assert_non_null(strstr(m.err.message, "step 1 (SUBTRACT)"));
    making_end(&m);
}

/* -------------------------------------------------------------------------- no memory ---- */

/* Builds, makes a model and predicts one row. */
static mc_status whole_life(make_image_fn *make)
{
    const mc_model_identity identity = {.name = "a", .version = "1", .source = "b"};
    const double numbers[EVERYTHING_COLUMNS] = {0.5, 1.0, 1.5, 2.0, 2.5, 3.0};
    mc_image image;
    mc_model *model = NULL;
    mc_workspace *workspace = NULL;
    mc_output output;
    MC_TRY(image_make(make, &image, NULL));
    mc_status status = mc_model_create(&image, &identity, &model, NULL);
    if (status != MC_OK) {
        mc_image_close(&image);
        return status;
    }
    mc_input input = {.layout = MC_LAYOUT_DENSE, .n_rows = 1};
    input.as.dense.data = numbers;
    input.as.dense.n_columns = mc_model_describe(model).n_columns;
    input.as.dense.column_stride = 8;
    status = mc_workspace_create((size_t)1 << 20, &workspace, NULL);
    if (status == MC_OK)
        status = mc_model_predict(model, MC_METHOD_DEFAULT, &input, workspace, &output, NULL);
    mc_workspace_destroy(workspace);
    mc_model_release(model);
    return status;
}

static void memory_that_runs_out_leaves_nothing(void **state)
{
    (void)state;
    make_image_fn *const makers[] = {make_classifier, make_everything};
    for (size_t i = 0; i < MC_COUNT_OF(makers); i++) {
        const uint64_t before = mc_alloc_count();
        assert_int_equal(whole_life(makers[i]), MC_OK);
        const uint64_t n = mc_alloc_count() - before;
        assert_true(n > 10);
        for (uint64_t k = 1; k <= n; k++) {
            mc_alloc_fail_at(k);
            assert_int_equal(whole_life(makers[i]), MC_E_NO_MEMORY);
        }
        mc_alloc_fail_at(0);
        assert_int_equal(whole_life(makers[i]), MC_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_arrays_are_one),
        cmocka_unit_test(equal_steps_are_one),
        cmocka_unit_test(equal_class_tables_and_texts_are_one),
        cmocka_unit_test(two_columns_of_one_name_are_refused),
        cmocka_unit_test(lists_hold_what_is_needed_and_no_more),
        cmocka_unit_test(a_column_wanted_both_ways_is_a_cell),
        cmocka_unit_test(the_size_is_known_before_the_end),
        cmocka_unit_test(limits_are_named),
        cmocka_unit_test(a_wrong_program_is_refused_at_the_end),
        cmocka_unit_test(memory_that_runs_out_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
